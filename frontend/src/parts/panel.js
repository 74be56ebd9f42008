// A row opens beside its list. The address carries it (#panel=/hazards/…), so it can be shared and "back" closes it.
// The whole page is asked for and its <main> is shown: rooms need no second template.
import htmx from 'htmx.org'
import { busy, enliven, make, text } from './core.js'
import { release } from './once.js'
import { toasts } from './toasts.js'

const panel = document.getElementById('panel')
const body = panel?.querySelector('[data-panel-body]')
const wide = matchMedia('(min-width: 1024px)')
let shown = ''
let opener = null
let changed = false

const asked = () => decodeURIComponent(/^#panel=(\/[^#]*)$/.exec(location.hash)?.[1] ?? '')

function mark() {
  for (const row of document.querySelectorAll('tr[data-open]')) delete row.dataset.open
  for (const link of document.querySelectorAll('a[data-panel]')) if (new URL(link.href).pathname === shown.split('?')[0]) link.closest('tr')?.setAttribute('data-open', '')
}

/** Addresses inside the piece are meant from its own page. */
function rebase(piece, from) {
  for (const link of piece.querySelectorAll('a[href]')) link.href = new URL(link.getAttribute('href'), from).href
  for (const form of piece.querySelectorAll('form')) form.action = new URL(form.getAttribute('action') || from, from).href
}

function show(html, from, moved = false) {
  const page = new DOMParser().parseFromString(html, 'text/html')
  const main = page.querySelector('main')
  // Whoever was signed out meanwhile signs in on a page of its own and comes back.
  if (!main || (moved && page.body.classList.contains('aw-plain'))) {
    location.href = from
    return
  }
  toasts(page)
  main.querySelector('#toasts')?.remove()
  rebase(main, from)
  // Scripts that the piece needs (charts) are modules with fixed addresses: loading them twice does nothing.
  for (const script of page.querySelectorAll('head script[type="module"][src]')) if (!document.head.querySelector(`script[src="${script.getAttribute('src')}"]`)) document.head.append(make('script', { type: 'module', src: script.src }))
  for (const link of page.querySelectorAll('head link[rel="stylesheet"]')) if (!document.head.querySelector(`link[href="${link.getAttribute('href')}"]`)) document.head.append(document.importNode(link))
  body.replaceChildren(...main.childNodes)
  body.scrollTop = 0
  body.removeAttribute('aria-busy')
  panel.querySelector('[data-panel-open]').href = from
  enliven(body)
  htmx.process(body)
  document.dispatchEvent(new CustomEvent('aw:piece', { detail: body }))
}

async function open(address) {
  shown = address
  panel.hidden = false
  body.setAttribute('aria-busy', 'true')
  if (!body.childNodes.length) body.textContent = text('loading')
  mark()
  const done = busy()
  try {
    const answer = await fetch(address, { credentials: 'same-origin', headers: { 'X-Panel': '1' } })
    show(await answer.text(), answer.url, answer.redirected)
    panel.focus({ preventScroll: true })
  } catch {
    location.href = address
  } finally {
    done()
  }
}

async function close() {
  if (!shown) return
  shown = ''
  panel.hidden = true
  body.replaceChildren()
  mark()
  opener?.focus({ preventScroll: true })
  if (changed) {
    changed = false
    await refresh()
  }
}

/** The list again, in place, so that the row shows what was just done. */
async function refresh() {
  const ledger = document.getElementById('ledger')
  if (!ledger) return
  const answer = await fetch(location.pathname + location.search, { credentials: 'same-origin' })
  const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('ledger')
  if (answer.ok && fresh) {
    ledger.replaceWith(fresh)
    enliven(document)
    htmx.process(fresh)
    mark()
  }
}

function follow() {
  const address = asked()
  if (address && address !== shown) open(address)
  else if (!address) close()
}

if (panel) {
  addEventListener('hashchange', follow)
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return
    // Acts of a thing that is shown in the panel open there too: the list behind it keeps its place.
    const link = event.target.closest?.('a[data-panel], .aw-panel .aw-acts a[href], .aw-panel .aw-form-end a[href]')
    if (link && wide.matches) {
      event.preventDefault()
      opener = link
      const url = new URL(link.href)
      location.hash = `panel=${encodeURI(url.pathname + url.search)}`
    } else if (event.target.closest?.('[data-panel-close]')) {
      location.hash ? history.pushState(null, '', location.pathname + location.search) : null
      close()
    }
  })
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && shown && !document.querySelector('dialog[open]')) {
      history.pushState(null, '', location.pathname + location.search)
      close()
    }
  })
  // A small act inside the panel is answered inside the panel.
  panel.addEventListener('submit', async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target)
    if (event.defaultPrevented || form.method !== 'post') return
    event.preventDefault()
    if (form.dataset.sent) return
    form.dataset.sent = '1'
    const data = new FormData(form)
    if (event.submitter?.name) data.append(event.submitter.name, event.submitter.value)
    const done = busy()
    try {
      const answer = await fetch(event.submitter?.getAttribute('formaction') || form.action, { method: 'POST', body: data, credentials: 'same-origin' })
      changed = true
      const page = new URL(answer.url)
      shown = page.pathname + page.search
      history.replaceState(null, '', `#panel=${encodeURI(shown)}`)
      show(await answer.text(), answer.url, answer.redirected)
    } catch {
      toasts(null, text('failed'))
      release(form)
    } finally {
      done()
    }
  })
  follow()
}

// A visit on a phone: the place near by, one question at a time, every answer kept at once and sent when it can be.

const owner = document.body.dataset.owner ?? ''
const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? ''
const PREFIX = 'anwang.visit.'
const KEEP_DAYS = 30

// --- small things of the forms ---------------------------------------------------------------------------------------

for (const button of document.querySelectorAll('[data-iv-near]')) {
  const said = document.querySelector('[data-iv-near-said]')
  const failed = () => {
    said.textContent = button.dataset.failed
    button.disabled = false
  }
  button.addEventListener('click', () => {
    if (!navigator.geolocation) return failed()
    button.disabled = true
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const address = new URL(button.dataset.ivNear, location.href)
        address.searchParams.set('lat', coords.latitude.toFixed(6))
        address.searchParams.set('lng', coords.longitude.toFixed(6))
        location.href = address
      },
      failed,
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    )
  })
}

// Where one stands when the visit begins; nobody waits for it.
const lon = document.querySelector('form input[name="lon"]')
const lat = document.querySelector('form input[name="lat"]')
if (lon && lat && !lon.value && navigator.geolocation) {
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      lon.value = coords.longitude.toFixed(6)
      lat.value = coords.latitude.toFixed(6)
    },
    () => {},
    { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 },
  )
}

// Questions that belong to an answer: data-iv-shown="decision=fixed".
for (const block of document.querySelectorAll('[data-iv-shown]')) {
  const [name, wanted] = block.dataset.ivShown.split('=')
  const form = block.closest('form')
  const follow = () => {
    const now = form.querySelector(`[name="${name}"]:checked`)?.value
    block.hidden = now !== wanted
    if (!block.hidden) dispatchEvent(new Event('resize')) // a canvas measures itself when it appears
  }
  form.addEventListener('change', follow)
  follow()
}

// Another kind of visit brings its own checklist, unless one was chosen by hand.
for (const box of document.querySelectorAll('[data-iv-kinds]')) {
  const bests = JSON.parse(box.dataset.ivKinds)
  const form = box.closest('form')
  let byHand = false
  form.addEventListener('change', ({ target }) => {
    if (target.name === 'checklist') byHand = true
    if (target.name !== 'visit_kind' || byHand) return
    const wanted = form.querySelector(`[name="checklist"][value="${CSS.escape(bests[target.value] ?? '')}"]`)
    if (wanted) wanted.checked = true
  })
}

for (const button of document.querySelectorAll('[data-iv-day], [data-iv-phrase]')) {
  button.addEventListener('click', () => {
    const field = document.getElementById(button.dataset.into)
    const before = field.value.trimEnd()
    if (button.dataset.ivDay) field.value = button.dataset.ivDay
    else field.value = before ? `${before}${/[，。；、,.;]$/.test(before) ? '' : '，'}${button.dataset.ivPhrase}` : button.dataset.ivPhrase
    field.dispatchEvent(new Event('input', { bubbles: true }))
    if (button.dataset.ivPhrase) field.focus()
  })
}

// --- the questions ---------------------------------------------------------------------------------------------------

const box = document.querySelector('[data-visit]')
if (box) questions(box)
else sweep()

/** What was kept on this device for visits that are long over. */
function sweep() {
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX)) continue
    const kept = read(key)
    const empty = kept && !Object.values(kept.pending ?? {}).some((codes) => Object.keys(codes).length)
    const age = Date.now() - (kept?.at ?? 0)
    if (!kept || (empty && age > 3600000) || age > KEEP_DAYS * 86400000) localStorage.removeItem(key)
  }
}

function read(key) {
  try { return JSON.parse(localStorage.getItem(key)) } catch { return null }
}

function questions(box) {
  const KEY = `${PREFIX}${owner}.${box.dataset.visit}`
  const server = JSON.parse(document.getElementById('visit-state').textContent)
  /** Answers not yet with the server: {sheet: {code: {answer, base}}}. */
  const pending = read(KEY)?.pending ?? {}
  /** Answers that arrived a moment ago: a page drawn at the same moment may not know them yet. */
  const arrived = (read(KEY)?.arrived ?? []).filter((each) => Date.now() - each.at < 60000)
  const all = [...box.querySelectorAll('.iv-q')]
  const sheetOf = (q) => q.closest('[data-sheet]').dataset.sheet
  const said = (name, values = {}) => Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), box.dataset[`said${name}`])

  // -- what a question says --

  const controls = (q) => [...q.querySelectorAll('input:not([type="hidden"]), textarea')].filter((field) => !('ivNote' in field.dataset))
  const noteOf = (q) => q.querySelector('[data-iv-note]')
  function valueOf(q) {
    const fields = controls(q)
    const radio = fields.filter((field) => field.type === 'radio')
    const raw = radio.length ? (radio.find((field) => field.checked)?.value ?? '') : (fields[0]?.value.trim() ?? '')
    if (raw === '') return null
    return ['score', 'number'].includes(q.dataset.kind) && raw !== 'na' ? Number(raw) : raw
  }
  function answerOf(q) {
    const note = noteOf(q)?.value.trim()
    return note ? { value: valueOf(q), note } : { value: valueOf(q) }
  }
  function put(q, answer) {
    const value = answer?.value ?? ''
    for (const field of controls(q)) {
      if (field.type === 'radio') field.checked = field.value === String(value)
      else field.value = value
    }
    const note = noteOf(q)
    if (note) {
      note.value = answer?.note ?? ''
      if (note.value) note.closest('details').open = true
    }
  }
  function failed(q) {
    const value = valueOf(q)
    if (value === null || value === 'na') return false
    if (q.dataset.kind === 'check') return value === 'fail'
    if (q.dataset.kind === 'score') return value < Number(q.dataset.max)
    if (q.dataset.kind === 'number') return (q.dataset.low !== undefined && value < Number(q.dataset.low)) || (q.dataset.high !== undefined && value > Number(q.dataset.high))
    return false
  }

  // -- which are open --

  const isOpen = (q) => !q.hidden
  const answered = (q) => valueOf(q) !== null
  function openAndClose() {
    const given = {}
    for (const q of all) {
      const key = `${sheetOf(q)}.${q.dataset.q}`
      const when = q.dataset.when ? JSON.parse(q.dataset.when) : {}
      const open = Object.entries(when).every(([code, wanted]) => wanted.includes(given[`${sheetOf(q)}.${code}`]))
      q.hidden = !open
      if (open) given[key] = String(valueOf(q) ?? '')
      q.classList.toggle('iv-answered', open && answered(q))
      const proposal = q.querySelector('[data-iv-failed]')
      if (proposal) proposal.hidden = !failed(q)
    }
    count()
  }
  function count() {
    const open = all.filter(isOpen)
    const done = open.filter(answered)
    const bar = box.querySelector('[data-iv-bar]')
    bar.max = open.length
    bar.value = done.length
    box.querySelector('[data-iv-count]').textContent = `${done.length}/${open.length}`
    for (const chip of box.querySelectorAll('[data-iv-chip]')) {
      const part = document.getElementById(chip.dataset.ivChip)
      const own = [...part.querySelectorAll('.iv-q')].filter(isOpen)
      chip.querySelector('[data-iv-chip-count]').textContent = `${own.filter(answered).length}/${own.length}`
      chip.classList.toggle('iv-chip-done', own.length > 0 && own.every(answered))
      chip.hidden = !own.length
      part.hidden = !own.length
    }
  }

  // -- keeping --

  const sync = box.querySelector('[data-iv-sync]')
  const waiting = () => Object.values(pending).reduce((sum, codes) => sum + Object.keys(codes).length, 0)
  let conflict = null
  function keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify({ pending, arrived: arrived.slice(-200), at: Date.now() }))
    } catch { /* a full or forbidden store must not stop the work */ }
  }
  function note(q) {
    const sheet = sheetOf(q)
    const code = q.dataset.q
    pending[sheet] ??= {}
    const base = pending[sheet][code] ? pending[sheet][code].base : (server[sheet].base[code] ?? null)
    pending[sheet][code] = { answer: answerOf(q), base }
    keep()
  }
  function tell(text, ...buttons) {
    sync.replaceChildren(text, ...buttons)
  }

  let sending = null
  let again
  /** Send what waits. Resolves to true when nothing is left. */
  function send() {
    sending ??= push().finally(() => { sending = null })
    return sending
  }
  async function push() {
    clearTimeout(again)
    if (conflict) return false
    for (const [sheet, codes] of Object.entries(pending)) {
      const entries = Object.entries(codes)
      if (!entries.length) continue
      tell(said('Sending'))
      const answers = Object.fromEntries(entries.map(([code, each]) => [code, each.answer]))
      const base = Object.fromEntries(entries.filter(([, each]) => each.base).map(([code, each]) => [code, each.base]))
      const forced = entries.every(([, each]) => each.forced)
      let response
      try {
        response = await fetch(box.dataset.url, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'X-CSRFToken': csrf() },
          body: JSON.stringify(forced ? { sheet, answers } : { sheet, answers, base }),
        })
      } catch {
        return later()
      }
      if (response.redirected || response.status === 401 || response.status === 403 && !/json/.test(response.headers.get('Content-Type') ?? '')) {
        tell(said('Out'))
        return false
      }
      if (response.status >= 500) return later()
      const body = await response.json().catch(() => ({}))
      if (!response.ok) {
        refused(body, sheet, entries)
        return false
      }
      for (const [code, each] of entries) {
        server[sheet].base[code] = body.answers?.[code] ?? each.answer
        arrived.push({ sheet, code, answer: server[sheet].base[code], at: Date.now() })
        if (pending[sheet][code] === each) delete pending[sheet][code]
        else pending[sheet][code].base = server[sheet].base[code]
      }
      keep()
    }
    if (waiting()) return push()
    tell(said('Saved'))
    return true
  }
  function later() {
    tell(said('Offline', { n: waiting() }))
    again = setTimeout(send, 15000)
    return false
  }
  function refused(body, sheet, entries) {
    if (body.key !== 'checklists.newer_answers') {
      tell(said('Refused', { what: `${body.what ?? ''} ${body.todo ?? ''}` }))
      return
    }
    conflict = { sheet, codes: entries.map(([code]) => code) }
    const mine = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm', textContent: said('Mine') })
    const theirs = Object.assign(document.createElement('button'), { type: 'button', className: 'btn btn-sm', textContent: said('Theirs') })
    mine.onclick = () => {
      for (const code of conflict.codes) pending[sheet][code].forced = true
      conflict = null
      keep()
      send()
    }
    theirs.onclick = () => {
      for (const code of conflict.codes) delete pending[sheet][code]
      keep()
      location.reload()
    }
    tell(said('Conflict', { items: conflict.codes.join('、') }), mine, theirs)
  }

  const find = (sheet, code) => all.find((one) => one.dataset.q === code && sheetOf(one) === sheet)
  for (const { sheet, code, answer } of arrived) {
    if (!server[sheet] || !find(sheet, code)) continue
    server[sheet].base[code] = answer
    put(find(sheet, code), answer)
  }
  // What was answered on this phone and never arrived is put back, and sent again.
  for (const [sheet, codes] of Object.entries(pending)) {
    if (!server[sheet]) { delete pending[sheet]; continue }
    for (const [code, each] of Object.entries(codes)) {
      const q = find(sheet, code)
      if (q) put(q, each.answer)
    }
  }

  let typing
  box.addEventListener('input', ({ target }) => {
    const q = target.closest('.iv-q')
    if (!q) return
    note(q)
    openAndClose()
    clearTimeout(typing)
    typing = setTimeout(send, target.type === 'radio' ? 0 : 800)
  })
  box.addEventListener('change', ({ target }) => {
    const q = target.closest('.iv-q')
    if (!q || target.type !== 'radio' || !single.matches) return
    if (failed(q)) q.querySelector('[data-iv-failed]')?.scrollIntoView({ block: 'nearest', behavior: 'smooth' })
    else if (!noteOf(q)?.closest('details').open) setTimeout(() => current() === q && move(1), 260)
  })
  addEventListener('online', send)
  document.addEventListener('visibilitychange', () => document.hidden || (waiting() && send()))

  // -- one at a time --

  const single = matchMedia('(max-width: 1023px)')
  const end = box.querySelector('[data-iv-end]')
  const next = document.querySelector('[data-iv-next]')
  const back = document.querySelector('[data-iv-back]')
  const current = () => box.querySelector('.iv-now')
  const walk = () => all.filter((q) => isOpen(q) && 'mine' in q.dataset)
  function show(q) {
    box.classList.toggle('iv-single', single.matches)
    current()?.classList.remove('iv-now')
    for (const part of box.querySelectorAll('.iv-part')) part.classList.toggle('iv-part-now', !!q && part.contains(q))
    for (const sheet of box.querySelectorAll('.iv-sheet')) sheet.classList.toggle('iv-sheet-now', !!q && sheet.contains(q))
    for (const chip of box.querySelectorAll('[data-iv-chip]')) {
      const here = !!q && document.getElementById(chip.dataset.ivChip).contains(q)
      chip.toggleAttribute('aria-current', here)
      if (here && single.matches) chip.parentElement.scrollLeft = chip.offsetLeft - chip.parentElement.offsetLeft - 48
    }
    if (end) end.hidden = single.matches ? !!q : false
    if (back) back.disabled = !!q && walk()[0] === q
    if (!q) {
      if (next) next.hidden = true
      const left = walk().filter((each) => 'required' in each.dataset && !answered(each))
      const words = box.querySelector('[data-iv-left]')
      words.hidden = !left.length
      box.querySelector('[data-iv-left-n]').textContent = left.slice(0, 12).map((each) => each.dataset.q).join('、')
      return
    }
    if (next) next.hidden = false
    q.classList.add('iv-now')
    if (single.matches) {
      history.replaceState(null, '', `#${q.id}`)
      // After the layout has settled: what was folded away above would otherwise pull the page along.
      requestAnimationFrame(() => scrollTo({ top: 0 }))
    }
  }
  function move(by) {
    const open = walk()
    const at = open.indexOf(current())
    const to = at < 0 ? open.length - 1 : at + by
    show(open[to] ?? (to >= open.length ? null : open[0]))
  }
  next?.addEventListener('click', () => move(1))
  back?.addEventListener('click', () => move(-1))
  for (const chip of box.querySelectorAll('[data-iv-chip]')) {
    chip.addEventListener('click', (event) => {
      if (!single.matches) return
      event.preventDefault()
      const own = walk().filter((q) => document.getElementById(chip.dataset.ivChip).contains(q))
      if (own.length) show(own.find((q) => !answered(q)) ?? own[0])
    })
  }
  // A hazard is recorded from an item that the server knows to have failed.
  for (const link of box.querySelectorAll('[data-iv-record]')) {
    link.addEventListener('click', async (event) => {
      if (!waiting()) return
      event.preventDefault()
      if (await send()) location.href = link.href
      else if (!conflict) tell(said('Wait'))
    })
  }
  for (const link of document.querySelectorAll(`a[href^="${box.dataset.finish}"]`)) {
    link.addEventListener('click', async (event) => {
      if (!waiting()) return
      event.preventDefault()
      await send()
      location.href = link.href
    })
  }

  openAndClose()
  const asked = decodeURIComponent(location.hash.slice(1))
  const start = () => all.find((q) => q.id === asked && isOpen(q)) ?? walk().find((q) => !answered(q)) ?? null
  show(start())
  single.addEventListener('change', () => show(current() ?? start()))
  // The browser goes to the address's own question when all has loaded; here that question is the whole page.
  addEventListener('load', () => requestAnimationFrame(() => single.matches && scrollTo({ top: 0 })))
  if (waiting()) send()
}

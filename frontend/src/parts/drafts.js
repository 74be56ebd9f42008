// Typed text is never lost: a form with data-draft is kept on this device until it has been sent and answered.
import { make, on, text } from './core.js'

const PREFIX = 'anwang.draft.'
const KEEP_DAYS = 14
const owner = document.body.dataset.owner ?? ''
const SKIP = new Set(['csrfmiddlewaretoken', 'idempotency_key'])

const read = (key) => {
  try { return JSON.parse(localStorage.getItem(key)) } catch { return null }
}
const write = (key, value) => {
  try { localStorage.setItem(key, JSON.stringify(value)) } catch { /* a full or forbidden store must not stop the work */ }
}

/** What a form says now, as [name, value] pairs; files and secrets are left out. */
function answers(form) {
  const fields = [...form.elements].filter((field) => field.name && !SKIP.has(field.name) && !['file', 'password', 'hidden', 'submit', 'button'].includes(field.type))
  return fields.filter((field) => !['checkbox', 'radio'].includes(field.type) || field.checked).map((field) => [field.name, field.value])
}

function put(form, pairs) {
  const wanted = new Map()
  for (const [name, value] of pairs) wanted.set(name, [...(wanted.get(name) ?? []), value])
  for (const field of form.elements) {
    if (!field.name || SKIP.has(field.name) || ['file', 'password', 'hidden', 'submit', 'button'].includes(field.type)) continue
    const values = wanted.get(field.name) ?? []
    if (['checkbox', 'radio'].includes(field.type)) field.checked = values.includes(field.value)
    else if (values.length) field.value = values.shift()
    field.dispatchEvent(new Event('change', { bubbles: true }))
  }
}

on('form[data-draft]', (form) => {
  if (!form.dataset.draft) return
  const key = `${PREFIX}${owner}.${form.dataset.draft}.${location.pathname}`
  const note = form.querySelector('[data-draft-note]')
  const kept = read(key)
  const empty = JSON.stringify(answers(form))
  const answered = form.querySelector('[data-errors], [aria-invalid="true"]')
  if (kept && answered) {
    write(key, { ...kept, sent: false })
  } else if (kept && JSON.stringify(kept.pairs) !== empty) {
    const use = make('button', { type: 'button', className: 'btn btn-sm btn-primary', textContent: text('draftUse') })
    const drop = make('button', { type: 'button', className: 'btn btn-sm', textContent: text('draftDrop') })
    const offer = make('div', { className: 'aw-draft-offer' }, make('span', { textContent: text('draftFound') }), use, drop)
    offer.setAttribute('role', 'status')
    use.onclick = () => { put(form, kept.pairs); offer.remove() }
    drop.onclick = () => { localStorage.removeItem(key); offer.remove() }
    form.prepend(offer)
  }
  let timer
  const keep = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      write(key, { pairs: answers(form), at: Date.now(), sent: false })
      if (note) note.textContent = text('draftSaved')
    }, 300)
  }
  form.addEventListener('input', keep)
  form.addEventListener('submit', () => {
    clearTimeout(timer)
    write(key, { pairs: answers(form), at: Date.now(), sent: true })
  })
})

/** A draft that was sent goes when the answer is another page, or the same one saying that it was done. */
export function sweep() {
  const here = new Set([...document.querySelectorAll('form[data-draft]')].map((form) => `${PREFIX}${owner}.${form.dataset.draft}.${location.pathname}`))
  const done = document.querySelector('.aw-toast-success')
  for (const key of Object.keys(localStorage)) {
    if (!key.startsWith(PREFIX)) continue
    const draft = read(key)
    const old = Date.now() - (draft?.at ?? 0) > KEEP_DAYS * 86400000
    if (old || (draft.sent && (done || !here.has(key)))) localStorage.removeItem(key)
  }
}

// A form is sent once: the button says so and waits. The server holds the same promise with the idempotency key.
import { make, text } from './core.js'

document.addEventListener('submit', (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target)
  if (event.defaultPrevented || !('once' in form.dataset)) return
  if (form.dataset.sent) {
    event.preventDefault()
    return
  }
  form.dataset.sent = '1'
  const button = event.submitter ?? form.querySelector('button:not([type="button"])')
  // After this turn, so that the pressed button's own value still travels.
  setTimeout(() => {
    if (!button) return
    button.dataset.was ??= button.innerHTML
    button.disabled = true
    button.replaceChildren(make('span', { className: 'spinner-border spinner-border-sm' }), ` ${text('sending')}`)
  })
  // A dead network must not lock the form for ever.
  setTimeout(() => release(form), 20000)
})

export function release(form) {
  delete form.dataset.sent
  for (const button of form.querySelectorAll('[data-was]')) {
    button.disabled = false
    button.innerHTML = button.dataset.was
    delete button.dataset.was
  }
}

addEventListener('pageshow', (event) => {
  if (event.persisted) for (const form of document.querySelectorAll('[data-sent]')) release(form)
})

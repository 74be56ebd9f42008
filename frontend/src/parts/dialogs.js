// Ask before what cannot be undone; show a picture large.
import { icon, make, text } from './core.js'

/** @returns {Promise<boolean>} */
function ask(question, label, danger) {
  return new Promise((resolve) => {
    const yes = make('button', { className: `btn ${danger ? 'btn-outline-dark' : 'btn-primary'}`, textContent: label || text('goOn') })
    const no = make('button', { className: 'btn', textContent: text('cancel') })
    const dialog = make('dialog', { className: 'aw-dialog' }, make('p', { textContent: question, id: 'aw-question' }), make('div', { className: 'aw-buttons' }, no, yes))
    dialog.setAttribute('aria-labelledby', 'aw-question')
    const end = (answer) => {
      resolve(answer)
      dialog.close()
      dialog.remove()
    }
    yes.onclick = () => end(true)
    no.onclick = () => end(false)
    dialog.addEventListener('cancel', (event) => { event.preventDefault(); end(false) })
    document.body.append(dialog)
    dialog.showModal()
    no.focus()
  })
}

document.addEventListener('submit', async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target)
  const asker = event.submitter?.dataset.confirm ? event.submitter : form
  if (!asker.dataset.confirm || form.dataset.confirmed) return
  event.preventDefault()
  event.stopImmediatePropagation()
  const submitter = event.submitter
  if (await ask(asker.dataset.confirm, asker.dataset.confirmLabel, 'confirmDanger' in asker.dataset)) {
    form.dataset.confirmed = '1'
    form.requestSubmit(submitter)
    delete form.dataset.confirmed
  }
}, true)

// htmx asks with the same dialog.
document.addEventListener('htmx:confirm', (event) => {
  const { ctx, issueRequest, dropRequest } = event.detail
  if (!ctx?.confirm) return
  event.preventDefault()
  ask(ctx.confirm, ctx.sourceElement?.dataset.confirmLabel).then((yes) => (yes ? issueRequest() : dropRequest()))
})

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[data-zoom]')
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  const close = make('button', { className: 'btn btn-icon aw-zoom-close', title: text('close') }, icon('x'))
  const picture = make('img', { src: link.href, alt: link.querySelector('img')?.alt ?? '' })
  const dialog = make('dialog', { className: 'aw-dialog aw-zoom' }, picture, close)
  dialog.onclick = () => { dialog.close(); dialog.remove() }
  dialog.onclose = () => dialog.remove()
  document.body.append(dialog)
  dialog.showModal()
})

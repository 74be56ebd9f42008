// What has just been done, said in a corner. Good news goes by itself; trouble stays until it is closed.
import { icon, make, on, text } from './core.js'

const STAY = 6000

on('[data-toast]', (toast) => {
  const go = () => {
    toast.classList.add('aw-gone')
    setTimeout(() => toast.remove(), 300)
  }
  toast.querySelector('[data-toast-close]')?.addEventListener('click', go)
  if (toast.matches('.aw-toast-error, .aw-toast-warning')) return
  let timer = setTimeout(go, STAY)
  toast.addEventListener('pointerenter', () => clearTimeout(timer))
  toast.addEventListener('pointerleave', () => (timer = setTimeout(go, STAY)))
})

/** Take over the toasts of a fetched page, or say a sentence of our own. */
export function toasts(page, sentence = '', kind = 'error') {
  const place = document.getElementById('toasts')
  if (!place) return
  if (page) for (const toast of page.querySelectorAll('[data-toast]')) place.append(document.importNode(toast, true))
  if (sentence) {
    const close = make('button', { type: 'button', className: 'aw-toast-close', title: text('close') }, icon('x', 16))
    close.dataset.toastClose = ''
    const toast = make('div', { className: `aw-toast aw-toast-${kind}` }, icon(kind === 'error' ? 'alert-triangle' : 'circle-check', 20), make('div', { textContent: sentence }), close)
    toast.dataset.toast = ''
    place.append(toast)
  }
  document.dispatchEvent(new CustomEvent('aw:piece', { detail: place }))
}

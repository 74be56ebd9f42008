// Menus on <details>: one open at a time, closed by Esc or a press elsewhere. Filter menus ask when they close.
import { on } from './core.js'

const open = () => document.querySelectorAll('details.aw-drop[open]')

document.addEventListener('click', (event) => {
  for (const each of open()) if (!each.contains(event.target)) each.open = false
})
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return
  for (const each of open()) {
    each.open = false
    each.querySelector('summary')?.focus()
  }
})

on('[data-filters]', (form) => {
  const asked = () => new URLSearchParams(new FormData(form)).toString()
  const before = asked()
  const ask = () => asked() !== before && form.requestSubmit()
  form.addEventListener('change', (event) => {
    if (event.target.closest('.aw-flag') || event.target.type === 'radio') ask()
  })
  for (const menu of form.querySelectorAll('details.aw-drop')) menu.addEventListener('toggle', () => menu.open || ask())
  form.addEventListener('submit', () => {
    // An address without empty questions is one that people can read and share.
    for (const input of form.elements) if (input.name && input.value === '') input.disabled = true
    setTimeout(() => { for (const input of form.elements) input.disabled = false })
  })
})

on('form[data-columns]', (form) => {
  form.addEventListener('submit', () => {
    const chosen = [...form.querySelectorAll('input[name="col"]:checked')].map((input) => input.value).join('.')
    document.cookie = `columns_${form.dataset.columns}=${chosen}; path=/; max-age=31536000; samesite=lax`
  })
})

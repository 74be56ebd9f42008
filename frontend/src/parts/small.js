// Small things: choose rows, print, go back, copy a link, jump to search, count down the last hour.
import { on, text } from './core.js'
import { toasts } from './toasts.js'

on('form[data-bulk]', (form) => {
  const bar = form.querySelector('[data-bulk-bar]')
  if (!bar) return
  const all = form.querySelector('[data-bulk-all]')
  const rows = [...form.querySelectorAll('[data-bulk-row]')]
  const count = () => {
    const chosen = rows.filter((row) => row.checked).length
    bar.hidden = !chosen
    bar.querySelector('[data-bulk-count]').textContent = text('chosen', { n: chosen })
    all.checked = chosen === rows.length
    all.indeterminate = chosen > 0 && chosen < rows.length
  }
  all.addEventListener('change', () => { for (const row of rows) row.checked = all.checked; count() })
  form.addEventListener('change', (event) => event.target === all || count())
  count()
})

// A road wider than the screen begins where the thing is now.
on('.aw-steps', (road) => {
  const now = road.querySelector('.aw-step-now')
  if (now) road.scrollLeft = now.offsetLeft - (road.clientWidth - now.offsetWidth) / 2
})

document.addEventListener('click', async (event) => {
  const target = event.target.closest?.('[data-print], [data-back], [data-copy]')
  if (!target) return
  if ('print' in target.dataset) print()
  else if ('back' in target.dataset) history.length > 1 ? history.back() : (location.href = '/')
  else {
    const address = new URL(target.dataset.copy || location.href, location.href).href
    try {
      await navigator.clipboard.writeText(address)
    } catch {
      // Without https there is no clipboard: the address is shown to be copied by hand.
      prompt(text('copied'), address)
      return
    }
    toasts(null, text('copied'), 'success')
  }
})

document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.closest('input, textarea, select, [contenteditable]')) return
  const search = document.querySelector('.aw-search input')
  if (search?.offsetParent) {
    event.preventDefault()
    search.focus()
  }
})

on('time[data-countdown]', (element) => {
  const until = Date.parse(element.dateTime)
  const words = element.querySelector('[data-words]')
  const tick = () => {
    const minutes = Math.ceil((until - Date.now()) / 60000)
    if (minutes > 0 && minutes <= 60 && words) words.textContent = text('minute', { n: minutes })
  }
  tick()
  setInterval(tick, 30000)
})

on('form[method="post"] [data-errors]', (summary) => summary.focus())

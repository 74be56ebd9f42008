// Arrow keys walk through what a search found; at the top they go back to the words.
const words = document.getElementById('search-words')
const hits = () => [...document.querySelectorAll('#results [data-hit]')]

document.addEventListener('keydown', (event) => {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const all = hits()
  const at = all.indexOf(document.activeElement)
  if (at < 0 && document.activeElement !== words) return
  event.preventDefault()
  const next = event.key === 'ArrowDown' ? at + 1 : at - 1
  if (next < 0) words?.focus()
  else all[Math.min(next, all.length - 1)]?.focus()
})

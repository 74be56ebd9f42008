// Pieces of a page that are fetched again when something behind them changes: `data-live="alarms"`,
// `data-live="gas:140930000001"`. One stream serves them all; at each change the body hears `live-alarms` (the name before
// the colon). Where the stream cannot be had, the same events come every few seconds.
import { on } from './core.js'

const AGAIN = 5000
const wanted = new Set()
let stream = null
let timer = 0
let asked = 0

on('[data-live]', (element) => {
  for (const each of element.dataset.live.split(' ')) if (each) wanted.add(each)
  clearTimeout(asked)
  asked = setTimeout(open, 50)
})

function tell(subscription) {
  const [name, rest = ''] = subscription.split(':')
  document.body.dispatchEvent(new CustomEvent(`live-${name}`, { detail: { of: rest } }))
}

function ticking(yes) {
  clearInterval(timer)
  timer = yes ? setInterval(() => document.hidden || wanted.forEach(tell), AGAIN) : 0
}

function open() {
  stream?.close()
  if (!wanted.size) return
  if (!window.EventSource) return ticking(true)
  const query = [...wanted].sort().map((each) => `on=${encodeURIComponent(each)}`).join('&')
  stream = new EventSource(`/live/?${query}`)
  let opened = 0
  stream.addEventListener('open', () => {
    ticking(false)
    if (opened++) wanted.forEach(tell) // what changed while the line was down
    document.documentElement.dataset.line = 'open'
  })
  stream.addEventListener('change', ({ data }) => tell(data))
  stream.addEventListener('error', () => {
    document.documentElement.dataset.line = 'down'
    ticking(true)
    if (stream.readyState === EventSource.CLOSED) setTimeout(open, 12 * AGAIN)
  })
}

window.addEventListener('pagehide', () => stream?.close())
window.addEventListener('pageshow', ({ persisted }) => persisted && open())

// The alarm board. At each change the rows are fetched again. While a hand is on the list nothing in it moves: rows
// change in place, those that are gone stay greyed, new ones are announced above and shown when asked for.
const board = document.querySelector('[data-alarms]')
const news = document.querySelector('[data-alarm-new] button')
const sound = document.querySelector('[data-alarm-sound]')
const title = document.title
const CALM = 4000 // ms without a touch after which the list may move
let touched = 0
let waiting = null // rows fetched and not yet shown
let selected = ''
let audio = null
let fetching = false
let again = false

const cards = (root = board) => [...root.querySelectorAll('[data-alarm]')]
const reds = (root = board) => cards(root).filter((card) => card.dataset.level === 'red' && card.dataset.state === 'raised')
const busy = () => Date.now() - touched < CALM || board.contains(document.activeElement)

for (const kind of ['pointermove', 'pointerdown', 'touchstart', 'focusin'])
  board.addEventListener(kind, () => (touched = Date.now()), { passive: true })

let known = new Set(reds().map((card) => card.id))
badge()

function badge() {
  const count = (waiting ? reds(waiting) : reds()).length
  document.title = count ? `(${count}) ${title}` : title
}

/** Two tones, made here: no file to fetch, nothing to play before somebody has pressed the button. */
function call() {
  if (!audio) return
  for (const [start, pitch] of [[0, 880], [0.25, 660], [0.5, 880], [0.75, 660]]) {
    const tone = audio.createOscillator()
    const gain = audio.createGain()
    tone.frequency.value = pitch
    gain.gain.value = 0.25
    tone.connect(gain).connect(audio.destination)
    tone.start(audio.currentTime + start)
    tone.stop(audio.currentTime + start + 0.2)
  }
}

sound?.addEventListener('click', () => {
  audio = audio ? (audio.close(), null) : new AudioContext()
  sound.setAttribute('aria-pressed', String(Boolean(audio)))
  sound.querySelector('span').textContent = audio ? sound.dataset.on : sound.dataset.off
  if (audio) call()
})

async function refresh() {
  if (fetching) return void (again = true)
  fetching = true
  try {
    const answer = await fetch(board.dataset.url, { headers: { 'X-Requested-With': 'fetch' } })
    if (answer.ok && !answer.redirected) {
      const fresh = document.createElement('div')
      fresh.innerHTML = await answer.text()
      take(fresh)
    }
  } catch {
    // The line is down: the next change, or the next tick, asks again.
  }
  fetching = false
  if (again) {
    again = false
    refresh()
  }
}

function take(fresh) {
  const now = new Set(reds(fresh).map((card) => card.id))
  if ([...now].some((id) => !known.has(id))) call()
  known = now
  waiting = fresh
  if (busy()) patch()
  else show()
  badge()
}

/** Put the fetched rows in, in their order. */
function show() {
  if (!waiting) return
  const focus = document.activeElement?.closest?.('[data-alarm]')?.id
  board.replaceChildren(...waiting.childNodes)
  waiting = null
  news.hidden = true
  if (focus) document.getElementById(focus)?.focus()
  select(selected)
  tick()
}

/** Nothing moves: what is known changes in place, the rest waits. */
function patch() {
  let fresh = 0
  const there = new Set()
  for (const card of cards(waiting)) {
    there.add(card.id)
    const old = document.getElementById(card.id)
    if (!old) {
      fresh++
      continue
    }
    old.dataset.state = card.dataset.state
    old.dataset.level = card.dataset.level
    old.querySelector('.aw-alarm-body').replaceWith(card.querySelector('.aw-alarm-body').cloneNode(true))
    // The button under the hand goes only when there is nothing left to press, or when the alarm calls anew: its form
    // counts once.
    const called = old.dataset.round !== card.dataset.round
    old.dataset.round = card.dataset.round
    if (called || !card.querySelector('[data-acknowledge]'))
      old.querySelector('.aw-alarm-do').replaceWith(card.querySelector('.aw-alarm-do').cloneNode(true))
  }
  for (const card of cards()) card.classList.toggle('aw-gone', !there.has(card.id))
  news.hidden = !fresh
  if (fresh) news.textContent = news.dataset.text.replace('{n}', String(fresh))
  tick()
}

news?.addEventListener('click', () => {
  touched = 0
  show()
})

document.body.addEventListener('live-alarms', refresh)
setInterval(() => {
  if (waiting && !busy()) show()
  tick()
}, 1000)

/** A span in the words of the page: minutes and seconds, beyond an hour hours and minutes, beyond a day days and hours. */
function words(span) {
  const minutes = Math.floor(span / 60)
  const hours = Math.floor(minutes / 60)
  if (hours >= 24) return fill(board.dataset.days, { d: Math.floor(hours / 24), h: hours % 24 })
  if (hours) return fill(board.dataset.hours, { h: hours, m: minutes % 60 })
  return `${String(minutes).padStart(2, '0')}:${String(span % 60).padStart(2, '0')}`
}

const fill = (text, values) => text.replace(/\{(\w)\}/g, (_, name) => values[name])

/** Countdown by this machine's clock: how long to the end of the step's time, or since. */
function tick() {
  for (const clock of board.querySelectorAll('[data-due]')) {
    const seconds = Math.round((Date.parse(clock.dataset.due) - Date.now()) / 1000)
    const said = words(Math.abs(seconds))
    clock.textContent = fill(seconds < 0 ? board.dataset.over : board.dataset.left, { t: said })
    clock.classList.toggle('aw-over', seconds < 0)
  }
}

// --- acknowledge without leaving the page ---

board.addEventListener('submit', async (event) => {
  const form = event.target.closest('[data-acknowledge]')
  if (!form) return
  event.preventDefault()
  const button = form.querySelector('button')
  if (button.disabled) return
  button.disabled = true
  try {
    await fetch(form.action, { method: 'POST', body: new FormData(form), redirect: 'manual' })
  } catch {
    button.disabled = false
  }
  button.blur()
  touched = Date.now() - CALM + 800
  refresh()
})

// --- keys ---

function select(id) {
  for (const card of cards()) {
    const chosen = card.id === id
    card.classList.toggle('aw-chosen', chosen)
    if (chosen) card.setAttribute('aria-current', 'true')
    else card.removeAttribute('aria-current')
  }
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.target.closest('input, textarea, select, [contenteditable], dialog')) return
  const all = cards().filter((card) => !card.classList.contains('aw-gone'))
  const at = all.findIndex((card) => card.id === selected)
  if (event.key === 'j' || event.key === 'k') {
    const next = all[Math.min(all.length - 1, Math.max(0, at + (event.key === 'j' ? 1 : -1)))]
    if (!next) return
    touched = Date.now()
    selected = next.id
    select(selected)
    next.scrollIntoView({ block: 'nearest' })
    event.preventDefault()
  } else if (event.key === 'a' && at >= 0) {
    all[at].querySelector('[data-acknowledge]')?.requestSubmit()
  } else if (event.key === 'Enter' && at >= 0 && event.target === document.body) {
    all[at].querySelector('.aw-alarm-head a').click()
  }
})

tick()

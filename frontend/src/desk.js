// What every page runs. Pages work without it: links are links and forms are forms.
import './desk.scss'
import htmx from 'htmx.org'
import { csrf, enliven } from './parts/core.js'
import './parts/drops.js'
import './parts/dialogs.js'
import { sweep } from './parts/drafts.js'
import './parts/toasts.js'
import './parts/photos.js'
import './parts/signature.js'
import './parts/small.js'
import './parts/panel.js'
import './parts/live.js'
import './parts/once.js' // after the panel, which answers its own forms

document.documentElement.classList.add('js')

// What a hand has opened stays open when its piece of the page is fetched again.
htmx.config.morphIgnore.push('open')

document.addEventListener('htmx:config:request', ({ detail }) => {
  if (!/^(GET|HEAD)$/.test(detail.ctx.request.method)) detail.ctx.request.headers['X-CSRFToken'] = csrf()
})
for (const event of ['htmx:after:swap', 'htmx:after:settle', 'htmx:after:history:restore']) document.addEventListener(event, () => enliven(document))
document.addEventListener('aw:piece', ({ detail }) => enliven(detail))

sweep()
enliven(document)
export { htmx }

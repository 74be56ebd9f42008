// Sign with a finger; the drawing goes along as a PNG.
import { on } from './core.js'

on('[data-signature]', (box) => {
  const canvas = box.querySelector('canvas')
  const field = box.querySelector('input[type="hidden"]')
  const pen = canvas.getContext('2d')
  let last = null
  let drawn = false

  const size = () => {
    const { width, height } = canvas.getBoundingClientRect()
    if (!width || drawn) return
    const ratio = Math.min(2, devicePixelRatio || 1)
    canvas.width = width * ratio
    canvas.height = height * ratio
    pen.scale(ratio, ratio)
    Object.assign(pen, { lineWidth: 2.4, lineCap: 'round', lineJoin: 'round', strokeStyle: '#10181c' })
  }
  const place = (event) => {
    const { left, top } = canvas.getBoundingClientRect()
    return [event.clientX - left, event.clientY - top]
  }
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId)
    last = place(event)
  })
  canvas.addEventListener('pointermove', (event) => {
    if (!last) return
    const steps = event.getCoalescedEvents?.() ?? []
    for (const step of steps.length ? steps : [event]) {
      const next = place(step)
      pen.beginPath()
      pen.moveTo(...last)
      pen.lineTo(...next)
      pen.stroke()
      last = next
      drawn = true
    }
  })
  const end = () => {
    last = null
    if (drawn) field.value = canvas.toDataURL('image/png')
  }
  canvas.addEventListener('pointerup', end)
  canvas.addEventListener('pointercancel', end)
  box.querySelector('[data-signature-clear]').addEventListener('click', () => {
    drawn = false
    field.value = ''
    pen.clearRect(0, 0, canvas.width, canvas.height)
    size()
  })
  size()
  new ResizeObserver(size).observe(canvas)
})

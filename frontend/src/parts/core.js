// What every part stands on: words from the page, and a way to bring new pieces of a page to life.

const element = document.getElementById('aw-texts')

/** A sentence of the page's language; `{n}` is filled in. @param {string} name @param {Record<string, unknown>} [values] */
export function text(name, values = {}) {
  let said = element?.dataset[name] ?? ''
  for (const [key, value] of Object.entries(values)) said = said.replace(`{${key}}`, String(value))
  return said
}

/** @type {[string, (element: HTMLElement) => void][]} */
const behaviours = []
const alive = new WeakMap()

/** Run `start` once for every element that matches, now and in whatever is put into the page later. */
export function on(selector, start) {
  behaviours.push([selector, start])
}

/** Bring a piece of the page to life. @param {ParentNode} root */
export function enliven(root = document) {
  for (const [selector, start] of behaviours) {
    for (const found of root.querySelectorAll(selector)) {
      let known = alive.get(found)
      if (!known) alive.set(found, (known = new Set()))
      if (known.has(selector)) continue
      known.add(selector)
      start(/** @type {HTMLElement} */ (found))
    }
  }
}

export const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content ?? ''

/** An icon of the page's sprite. */
export function icon(name, size = 18) {
  const known = document.querySelector('svg.icon use')?.getAttribute('href') ?? ''
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('width', size)
  svg.setAttribute('height', size)
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  use.setAttribute('href', `${known.split('#')[0]}#${name}`)
  svg.append(use)
  return svg
}

/** Make an element: tag, properties, children. */
export function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

/** The thin line on top while something is fetched, shown only when it takes longer than a tenth of a second. */
export function busy() {
  const line = make('div', { className: 'aw-busy' })
  const timer = setTimeout(() => document.body.append(line), 100)
  return () => {
    clearTimeout(timer)
    line.remove()
  }
}

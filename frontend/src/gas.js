// The chart of a measuring point: its readings, the limits the mine had set, what happened as shaded time. The page says
// where the numbers are (data-gas-chart); words come with them. Loaded only where there is such a chart.
import { LineChart } from 'echarts/charts'
import { AriaComponent, DataZoomComponent, GridComponent, MarkAreaComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

use([LineChart, GridComponent, TooltipComponent, DataZoomComponent, MarkLineComponent, MarkAreaComponent, AriaComponent, CanvasRenderer])

const FONT = getComputedStyle(document.body).fontFamily
const BRAND = '#0b5d6e'
const INK = '#16212a'
const QUIET = '#566570'
// Mines write Beijing time. The browser may be anywhere: times are moved by eight hours and shown as UTC.
const BEIJING = 8 * 3600 * 1000
const local = (at) => at + BEIJING
const two = (n) => String(n).padStart(2, '0')

function stamp(at, seconds = true) {
  const moment = new Date(at)
  const time = `${two(moment.getUTCHours())}:${two(moment.getUTCMinutes())}`
  return `${two(moment.getUTCMonth() + 1)}-${two(moment.getUTCDate())} ${time}${seconds ? `:${two(moment.getUTCSeconds())}` : ''}`
}

/** Slanted lines: what is hatched says nothing about the air. */
function hatch() {
  const tile = document.createElement('canvas')
  tile.width = tile.height = 8
  const pen = tile.getContext('2d')
  pen.strokeStyle = 'rgba(70, 84, 94, 0.55)'
  pen.beginPath()
  for (const shift of [-8, 0, 8]) { pen.moveTo(shift, 8); pen.lineTo(shift + 8, 0) }
  pen.stroke()
  return { image: tile, repeat: 'repeat' }
}

const FILLS = { crossed: () => 'rgba(200, 22, 29, 0.16)', hatched: hatch, plain: () => 'rgba(86, 101, 112, 0.16)' }

const ROWS = 3

/** About how many pixels a name takes at 11 px. */
const wide = (name) => [...name].reduce((sum, sign) => sum + (sign > '\u2e80' ? 11 : 6.2), 0)

function areas(shades, from, to, width) {
  // A name that would stand on another stands a row below it, one without room in three rows is left to the tooltip and
  // the table; at the edges it goes inwards.
  const ends = Array(ROWS).fill(-Infinity)
  return [...shades].sort((one, other) => one.from - other.from).map((shade) => {
    const half = wide(shade.label) / 2
    const [left, right] = [shade.from, shade.to].map((at) => ((at - from) / (to - from)) * width)
    const middle = (left + right) / 2
    const edge = middle < half ? 'Left' : middle > width - half ? 'Right' : ''
    const [begins, stops] = edge === 'Left' ? [left, left + 2 * half] : edge ? [right - 2 * half, right] : [middle - half, middle + half]
    const row = ends.findIndex((end) => end < begins - 4)
    if (row >= 0) ends[row] = stops
    return [
      { name: shade.label, xAxis: local(shade.from), itemStyle: { color: FILLS[shade.how](), borderColor: QUIET, borderType: 'dashed', borderWidth: shade.how === 'hatched' ? 0.75 : 0 }, label: { show: row >= 0, position: `insideTop${edge}`, distance: 4 + 15 * row }, url: shade.url },
      { xAxis: local(shade.to) },
    ]
  })
}

function lines(limits) {
  // Limits of one value are one line that names them all.
  const alike = new Map()
  for (const limit of limits) {
    const key = [limit.value, limit.from, limit.to].join()
    alike.set(key, [...(alike.get(key) ?? []), limit])
  }
  return [...alike.values()].map((found) => {
    const [{ from, to, value }] = found
    const type = found.some((limit) => limit.key.endsWith('cut')) ? 'solid' : 'dashed'
    const label = { show: true, formatter: found.map((limit) => limit.label).join(' · '), position: 'insideEndTop', color: INK, fontSize: 11, fontFamily: FONT, backgroundColor: 'rgba(255,255,255,0.8)', padding: [1, 3] }
    return [{ coord: [local(from), value], symbol: 'none', lineStyle: { color: INK, type, width: 1.25 }, label }, { coord: [local(to), value], symbol: 'none' }]
  })
}

// Longer by so much than the steps before and after it, a step is a gap in the data and not bridged.
const BRIDGED = 5

function pairs(at, values) {
  const step = (n) => (n > 0 && n < at.length ? at[n] - at[n - 1] : 0)
  const found = []
  at.forEach((moment, n) => {
    const [before, after] = [step(n - 1) || step(n + 1), step(n + 1) || step(n - 1)]
    if (before && step(n) > BRIDGED * before && step(n) > BRIDGED * after) found.push([local(at[n - 1]) + 1, null])
    found.push([local(moment), values[n]])
  })
  return found
}

function option(data, width) {
  const { series, words, unit } = data
  const raw = series.kind === 'raw'
  const main = {
    name: raw ? words.value : words.mean,
    type: 'line', showSymbol: series.at.length < 3, symbolSize: 5, step: data.step ? 'end' : false, connectNulls: false, sampling: undefined,
    lineStyle: { color: BRAND, width: raw ? 1.5 : 1.75 }, itemStyle: { color: BRAND },
    data: pairs(series.at, raw ? series.value : series.mean),
    markLine: { silent: true, animation: false, data: lines(data.limits) },
    markArea: { silent: false, label: { show: true, position: 'insideTop', color: INK, fontSize: 11, fontFamily: FONT }, data: areas(data.shades, data.from, data.to, width) },
    z: 3,
  }
  const drawn = [main]
  if (!raw) {
    const low = pairs(series.at, series.low)
    const wide = series.high.map((value, n) => (value === null || series.low[n] === null ? null : value - series.low[n]))
    const band = { type: 'line', stack: 'band', showSymbol: false, lineStyle: { opacity: 0 }, tooltip: { show: false }, silent: true, connectNulls: false }
    drawn.unshift({ ...band, name: words.low, data: low }, { ...band, name: words.high, data: pairs(series.at, wide), areaStyle: { color: 'rgba(11, 93, 110, 0.22)' } })
  }
  const values = [...(raw ? series.value : series.high), ...data.limits.map((limit) => limit.value)].filter((value) => value !== null)
  const say = (value) => (value === null || value === undefined ? '—' : data.states?.[value] ?? `${value} ${unit}`)
  const found = new Map(series.at.map((at, n) => [local(at), n]))
  return {
    useUTC: true,
    backgroundColor: '#fff',
    textStyle: { fontFamily: FONT, color: '#2b3842' },
    animation: false,
    aria: { enabled: true },
    grid: { left: 12, right: 16, top: 28, bottom: 64, containLabel: true },
    xAxis: { type: 'time', min: local(data.from), max: local(data.to), axisLabel: { color: QUIET, hideOverlap: true }, axisLine: { lineStyle: { color: '#b8c2c9' } } },
    yAxis: {
      type: 'value', name: data.states ? '' : unit, nameTextStyle: { color: QUIET, align: 'left' }, min: data.states ? 0 : ({ min }) => Math.min(0, min), max: ({ max }) => +(Math.max(max, ...values) * (data.shades.length ? 1.2 : 1.08) || 1).toPrecision(3),
      interval: data.states ? 1 : undefined, axisLabel: { color: QUIET, showMaxLabel: Boolean(data.states), formatter: (value) => data.states?.[value] ?? value }, splitLine: { lineStyle: { color: '#eef2f4' } },
    },
    dataZoom: [{ type: 'inside', filterMode: 'none' }, { type: 'slider', filterMode: 'none', height: 22, bottom: 12, borderColor: '#dde3e7', fillerColor: 'rgba(11, 93, 110, 0.12)', handleStyle: { color: BRAND }, labelFormatter: (at) => stamp(at, false) }],
    tooltip: {
      trigger: 'axis', renderMode: 'richText', confine: true, borderColor: '#dde3e7', textStyle: { fontFamily: FONT, color: INK },
      formatter: (items) => {
        const at = items[0].axisValue
        const n = found.get(at)
        if (n === undefined) return stamp(at)
        const inside = data.spans.filter((span) => at >= local(span.from) && at <= local(span.to)).map((span) => span.label)
        const text = raw ? say(series.value[n]) : `${words.low} ${say(series.low[n])}\n${words.mean} ${say(series.mean[n])}\n${words.high} ${say(series.high[n])}`
        return [stamp(at), text, ...new Set(inside)].join('\n')
      },
    },
    series: drawn,
  }
}

const drawn = new WeakMap()

async function draw(place) {
  if (drawn.has(place)) return
  drawn.set(place, null)
  const answer = await fetch(place.dataset.gasChart, { headers: { Accept: 'application/json' }, credentials: 'same-origin' })
  if (!answer.ok) return
  const data = await answer.json()
  if (!data.series.at.length && !data.spans.length) {
    place.classList.add('aw-chart-empty')
    place.textContent = data.words.none
    place.dataset.drawn = 'empty'
    return
  }
  const chart = init(place)
  drawn.set(place, chart)
  chart.setOption(option(data, place.clientWidth - 80))
  chart.on('click', ({ componentType, data: area }) => { if (componentType === 'markArea' && area?.url) location.href = area.url })
  new ResizeObserver(() => chart.resize()).observe(place)
  place.dataset.drawn = data.series.kind
}

const all = (root = document) => root.querySelectorAll('[data-gas-chart]').forEach(draw)

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-gas-png]')
  const place = button?.closest('section')?.querySelector('[data-gas-chart]')
  const chart = place && drawn.get(place)
  if (!chart) return
  const link = document.createElement('a')
  link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: '#fff' })
  link.download = `${place.dataset.gasName}.png`
  link.click()
})
addEventListener('beforeprint', () => document.querySelectorAll('[data-gas-chart]').forEach((place) => drawn.get(place)?.resize()))
document.addEventListener('aw:piece', ({ detail }) => all(detail))
all()

// Charts of a page, drawn from the <script type="application/json"> beside them. Loaded only where there is one.
import { BarChart, LineChart, PieChart } from 'echarts/charts'
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

use([BarChart, LineChart, PieChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, CanvasRenderer])

const LEVELS = { red: '#c8161d', orange: '#f08200', yellow: '#ffd500', blue: '#1a62d6' }
// Neutral hues around the brand: none of them can be taken for a level.
const HUES = ['#0b5d6e', '#7fb3bd', '#46545e', '#b8a98a', '#4f8f7a', '#93a0a9', '#8a6f9e', '#16212a']
const FONT = getComputedStyle(document.body).fontFamily
const words = document.getElementById('aw-texts')?.dataset ?? {}
const wan = (value) => (Math.abs(value) >= 10000 ? `${+(value / 10000).toFixed(1)}万` : value)
const chinese = document.documentElement.lang.startsWith('zh')
const short = (value) => (chinese ? wan(value) : value.toLocaleString('en'))

// Long names that begin and end alike (河曲县…煤业有限公司) are told apart by what stands between.
function between(names) {
  if (names.length < 3 || Math.max(...names.map((name) => name.length)) <= 8) return names
  const room = Math.min(...names.map((name) => name.length)) - 2
  const alike = (at) => names.every((name) => name.at(at) === names[0].at(at))
  let head = 0
  let tail = 0
  while (head < room && alike(head)) head++
  while (head + tail < room && alike(-1 - tail)) tail++
  return names.map((name) => name.slice(head, name.length - tail))
}

// Months may be thinned out; regions and domains are names that each reader looks for: they are turned instead.
function labels(names) {
  if (names.length <= 7 || /^\d{4}-\d{2}$/.test(names[0] ?? '')) return { hideOverlap: true }
  const shown = between(names)
  return { interval: 0, rotate: 40, fontSize: 11, formatter: (_name, at) => shown[at] }
}

function option(data) {
  const tooltip = { renderMode: 'richText', confine: true, borderColor: '#dde3e7', textStyle: { fontFamily: FONT, color: '#16212a' } }
  const common = { textStyle: { fontFamily: FONT, color: '#2b3842' }, animationDuration: 250, aria: { enabled: true }, backgroundColor: '#fff' }
  if (data.kind === 'ring') {
    const [first] = data.series
    return {
      ...common,
      tooltip: { ...tooltip, formatter: ({ name, value, percent }) => `${name}  ${value}${data.unit} (${percent}%)` },
      legend: { bottom: 0, icon: 'roundRect', textStyle: { color: '#2b3842' } },
      series: [{
        type: 'pie', radius: ['48%', '72%'], center: ['50%', '44%'], itemStyle: { borderColor: '#fff', borderWidth: 2 },
        label: { formatter: '{b}\n{c}', color: '#2b3842', lineHeight: 16 },
        data: data.names.map((name, at) => ({ name, value: first.values[at], url: first.urls[at], itemStyle: { color: LEVELS[data.levels[at]] ?? HUES[at % HUES.length] } })),
      }],
    }
  }
  const line = data.kind === 'line'
  return {
    ...common,
    tooltip: { ...tooltip, trigger: 'axis', axisPointer: { type: line ? 'line' : 'shadow' } },
    legend: data.series.length > 1 ? { type: 'scroll', top: 0, right: 0, icon: 'roundRect', textStyle: { color: '#2b3842' } } : undefined,
    grid: { left: 8, right: 12, top: data.series.length > 1 ? 52 : 24, bottom: 4, containLabel: true },
    xAxis: { type: 'category', data: data.names, boundaryGap: !line, axisTick: { show: false }, axisLine: { lineStyle: { color: '#b8c2c9' } }, axisLabel: { color: '#566570', ...labels(data.names) } },
    yAxis: { type: 'value', name: data.unit, nameTextStyle: { color: '#566570', align: 'left' }, minInterval: 1, axisLabel: { color: '#566570', formatter: short }, splitLine: { lineStyle: { color: '#eef2f4' } } },
    series: data.series.map((series, at) => ({
      name: series.name,
      type: line ? 'line' : 'bar',
      stack: data.kind === 'stacked' ? 'all' : undefined,
      barMaxWidth: 32,
      symbolSize: 7,
      lineStyle: line ? { width: 2.5, type: ['solid', 'dashed', 'dotted'][at % 3] } : undefined,
      itemStyle: { color: LEVELS[series.level] ?? HUES[at % HUES.length], borderRadius: line || data.kind === 'stacked' ? 0 : [3, 3, 0, 0] },
      data: series.values.map((value, n) => ({ value, url: series.urls[n] })),
    })),
  }
}

const drawn = new WeakMap()

function draw(root = document) {
  for (const place of root.querySelectorAll('[data-chart]')) {
    if (drawn.has(place)) continue
    const data = JSON.parse(document.getElementById(place.dataset.chart)?.textContent ?? 'null')
    if (!data) continue
    if (!data.series.some((series) => series.values.some((value) => value))) {
      place.classList.add('aw-chart-empty')
      place.textContent = words.noFigures ?? ''
      drawn.set(place, null)
      continue
    }
    const chart = init(place)
    drawn.set(place, chart)
    chart.setOption(option(data))
    chart.on('click', ({ data: point }) => { if (point?.url) location.href = point.url })
    new ResizeObserver(() => chart.resize()).observe(place)
  }
}

document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-chart-png]')
  const chart = button && drawn.get(document.querySelector(`[data-chart="${button.dataset.chartPng}"]`))
  if (!chart) return
  const link = document.createElement('a')
  link.href = chart.getDataURL({ pixelRatio: 2, backgroundColor: '#fff' })
  link.download = `${document.getElementById(`${button.dataset.chartPng}-title`)?.textContent ?? 'chart'}.png`
  link.click()
})
addEventListener('beforeprint', () => { for (const place of document.querySelectorAll('[data-chart]')) drawn.get(place)?.resize() })
document.addEventListener('aw:piece', ({ detail }) => draw(detail))
draw()

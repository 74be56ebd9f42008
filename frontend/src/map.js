// Maps of a page, drawn from the <script type="application/json"> beside them: places in the four colours with
// clusters, over region borders that we hold ourselves, so that no base map is needed. Loaded only where there is one.
import 'ol/ol.css'
import Feature from 'ol/Feature'
import Map from 'ol/Map'
import View from 'ol/View'
import { defaults as controls } from 'ol/control/defaults'
import ScaleLine from 'ol/control/ScaleLine'
import { boundingExtent, isEmpty } from 'ol/extent'
import GeoJSON from 'ol/format/GeoJSON'
import Point from 'ol/geom/Point'
import TileLayer from 'ol/layer/Tile'
import VectorLayer from 'ol/layer/Vector'
import { fromLonLat, toLonLat } from 'ol/proj'
import Cluster from 'ol/source/Cluster'
import VectorSource from 'ol/source/Vector'
import XYZ from 'ol/source/XYZ'
import { Circle, Fill, Stroke, Style, Text } from 'ol/style'
import { enliven, on } from './parts/core.js'

const LEVELS = { red: '#c8161d', orange: '#f08200', yellow: '#ffd500', blue: '#1a62d6' }
const DARK_TEXT = new Set(['orange', 'yellow'])
const ORDER = ['red', 'orange', 'yellow', 'blue', '']
const PLAIN = '#46545e'
const FONT = getComputedStyle(document.body).fontFamily
const border = new Style({ stroke: new Stroke({ color: '#7b8a94', width: 1.25 }), fill: new Fill({ color: 'rgba(255,255,255,0.75)' }) })

/** A circle with the worst level of what it stands for, and how many. */
const styles = {}
function dot(level, count) {
  const key = `${level}/${count}`
  return (styles[key] ??= new Style({
    image: new Circle({ radius: count > 1 ? Math.min(24, 11 + Math.log2(count) * 2) : 8, fill: new Fill({ color: LEVELS[level] ?? PLAIN }), stroke: new Stroke({ color: '#fff', width: 2 }) }),
    text: count > 1 ? new Text({ text: String(count), font: `600 13px ${FONT}`, fill: new Fill({ color: DARK_TEXT.has(level) ? '#16212a' : '#fff' }) }) : undefined,
    zIndex: 10 - ORDER.indexOf(level),
  }))
}
const worst = (features) => ORDER.find((level) => features.some((each) => (each.get('level') ?? '') === level)) ?? ''

function ground(place, data) {
  const layers = []
  if (data.tiles) layers.push(new TileLayer({ source: new XYZ({ url: data.tiles, attributions: data.attribution, crossOrigin: 'anonymous' }) }))
  const borders = new VectorSource()
  if (data.borders) {
    borders.setLoader(async (_extent, _resolution, projection, success, failure) => {
      try {
        const answer = await fetch(data.borders, { credentials: 'same-origin' })
        const features = new GeoJSON().readFeatures(await answer.json(), { featureProjection: projection })
        borders.addFeatures(features)
        success?.(features)
      } catch {
        failure?.()
      }
    })
  }
  layers.push(new VectorLayer({ source: borders, style: border }))
  const map = new Map({ target: place, layers, view: new View({ center: fromLonLat(data.centre ?? [111.6, 37.6]), zoom: data.zoom ?? 7, maxZoom: 19 }), controls: controls({ attribution: Boolean(data.attribution), rotate: false }).extend([new ScaleLine()]) })
  return { map, borders }
}

function fit(map, extent, maxZoom = 15) {
  if (extent && !isEmpty(extent)) map.getView().fit(extent, { padding: [40, 40, 40, 40], maxZoom })
}

on('[data-map]', (place) => {
  const data = JSON.parse(document.getElementById(place.dataset.map)?.textContent ?? 'null')
  if (!data) return
  const { map, borders } = ground(place, data)
  const points = new VectorSource({ features: data.points.map((point) => new Feature({ geometry: new Point(fromLonLat([point.lng, point.lat])), ...point })) })
  const clusters = new VectorLayer({ source: new Cluster({ source: points, distance: 36 }), style: (feature) => dot(worst(feature.get('features')), feature.get('features').length) })
  map.addLayer(clusters)
  if (data.points.length) fit(map, points.getExtent())
  else borders.once('featuresloadend', () => fit(map, borders.getExtent()))

  const bubble = document.createElement('div')
  bubble.className = 'aw-map-bubble'
  bubble.hidden = true
  place.append(bubble)
  const at = (pixel) => map.forEachFeatureAtPixel(pixel, (feature) => feature.get('features'), { layerFilter: (layer) => layer === clusters, hitTolerance: 6 })
  map.on('pointermove', (event) => {
    if (event.dragging) return
    const found = at(event.pixel)
    map.getTargetElement().classList.toggle('aw-map-hit', Boolean(found))
    bubble.hidden = !found
    if (!found) return
    bubble.textContent = found.slice(0, 5).map((each) => [each.get('word'), each.get('label')].filter(Boolean).join(' · ')).join('\n') + (found.length > 5 ? `\n… ${found.length}` : '')
    Object.assign(bubble.style, { left: `${event.pixel[0] + 12}px`, top: `${event.pixel[1] + 12}px` })
  })
  map.on('click', (event) => {
    const found = at(event.pixel)
    if (!found) return
    const extent = boundingExtent(found.map((each) => each.getGeometry().getCoordinates()))
    // One place, or several at one spot that no zoom can part: the list beside the map names them.
    if (found.length === 1) location.href = found[0].get('url')
    else map.getView().fit(extent, { padding: [80, 80, 80, 80], maxZoom: 17, duration: 200 })
  })
})

on('[data-map-pick]', (box) => {
  const place = box.querySelector('.aw-map')
  const [lng, lat] = ['lng', 'lat'].map((name) => box.querySelector(`[data-${name}]`))
  const data = JSON.parse(box.querySelector('script[type="application/json"]').textContent)
  const { map, borders } = ground(place, data)
  const pin = new Feature()
  map.addLayer(new VectorLayer({ source: new VectorSource({ features: [pin] }), style: new Style({ image: new Circle({ radius: 9, fill: new Fill({ color: '#0b5d6e' }), stroke: new Stroke({ color: '#fff', width: 3 }) }) }) }))
  const show = (move) => {
    const [x, y] = [Number.parseFloat(lng.value), Number.parseFloat(lat.value)]
    if (!Number.isFinite(x) || !Number.isFinite(y)) return false
    pin.setGeometry(new Point(fromLonLat([x, y])))
    if (move) map.getView().animate({ center: fromLonLat([x, y]), zoom: Math.max(15, map.getView().getZoom()), duration: 200 })
    return true
  }
  const put = (x, y, move) => {
    lng.value = x.toFixed(6)
    lat.value = y.toFixed(6)
    lng.dispatchEvent(new Event('input', { bubbles: true }))
    show(move)
  }
  map.on('click', (event) => put(...toLonLat(event.coordinate), false))
  for (const field of [lng, lat]) field.addEventListener('change', () => show(true))
  box.querySelector('[data-here]')?.addEventListener('click', () => navigator.geolocation?.getCurrentPosition(({ coords }) => put(coords.longitude, coords.latitude, true), () => {}, { enableHighAccuracy: true, timeout: 15000 }))
  if (show(false)) {
    map.getView().setCenter(pin.getGeometry().getCoordinates())
    map.getView().setZoom(15)
  } else {
    borders.once('featuresloadend', () => fit(map, borders.getExtent()))
  }
})

enliven(document)

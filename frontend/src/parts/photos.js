// Pictures from the phone: shown at once, made smaller before they travel, with their own record (Exif) kept,
// because the time and place in it are what the evidence is checked by. The phone's place goes into hidden fields.
import { icon, make, on, text } from './core.js'

const LONG_SIDE = 2048
const SMALL_ENOUGH = 1_200_000

/** The Exif block of a JPEG as it stands in the file (marker and length included), upright; null if it has none. */
function exif(bytes) {
  const view = new DataView(bytes)
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null
  for (let at = 2; at + 4 < view.byteLength && view.getUint8(at) === 0xff; ) {
    const marker = view.getUint16(at)
    const length = view.getUint16(at + 2) + 2
    if (marker === 0xffda) return null
    if (marker === 0xffe1 && view.getUint32(at + 4) === 0x45786966) {
      const block = bytes.slice(at, at + length)
      upright(new DataView(block))
      return block
    }
    at += length
  }
  return null
}

/** The picture is drawn the right way up, so its record must no longer ask for a turn. */
function upright(block) {
  const tiff = 10
  const little = block.getUint16(tiff) === 0x4949
  const first = tiff + block.getUint32(tiff + 4, little)
  if (first + 2 > block.byteLength) return
  const count = block.getUint16(first, little)
  for (let n = 0; n < count; n++) {
    const entry = first + 2 + n * 12
    if (entry + 12 > block.byteLength) return
    if (block.getUint16(entry, little) === 0x0112) block.setUint16(entry + 8, 1, little)
  }
}

/** @param {File} file @returns {Promise<File>} */
async function smaller(file) {
  if (!/^image\/(jpeg|png|webp|heic|heif)$/.test(file.type)) return file
  let picture
  try { picture = await createImageBitmap(file, { imageOrientation: 'from-image' }) } catch { return file }
  const scale = Math.min(1, LONG_SIDE / Math.max(picture.width, picture.height))
  if (scale === 1 && file.size < SMALL_ENOUGH) return file
  const canvas = make('canvas', { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) })
  canvas.getContext('2d').drawImage(picture, 0, 0, canvas.width, canvas.height)
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.85))
  if (!blob || blob.size >= file.size) return file
  const record = exif(await file.slice(0, 256 * 1024).arrayBuffer())
  const pieces = record ? [blob.slice(0, 2), record, blob.slice(2)] : [blob]
  return new File(pieces, file.name.replace(/\.\w+$/, '') + '.jpg', { type: 'image/jpeg', lastModified: file.lastModified })
}

on('[data-photos]', (box) => {
  const input = box.querySelector('input[type="file"]')
  const strip = box.querySelector('[data-photos-strip]')
  const said = box.querySelector('[data-photos-place]')
  const hidden = (end) => box.querySelector(`input[name="${box.dataset.photos}_${end}"]`)
  const most = input.multiple ? Number(box.dataset.max) : 1
  /** @type {File[]} */
  let files = []
  let located = false

  const settle = () => {
    const carry = new DataTransfer()
    for (const file of files) carry.items.add(file)
    input.files = carry.files
    hidden('taken').value = files.length ? JSON.stringify(files.map((file) => new Date(file.lastModified).toISOString())) : ''
  }
  const locate = () => {
    if (located || !navigator.geolocation) return
    located = true
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        hidden('lat').value = coords.latitude.toFixed(6)
        hidden('lng').value = coords.longitude.toFixed(6)
        hidden('accuracy').value = Math.round(coords.accuracy)
        said.textContent = text('placeFound', { m: Math.round(coords.accuracy) })
      },
      () => { said.textContent = text('placeOff') },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    )
  }

  input.addEventListener('change', async () => {
    const fresh = [...input.files].filter((file) => !files.includes(file))
    if (!input.multiple) { files = []; strip.replaceChildren() }
    if (files.length + fresh.length > most) said.textContent = text('tooMany', { n: most })
    locate()
    for (const file of fresh.slice(0, most - files.length)) {
      files.push(file)
      const address = URL.createObjectURL(file)
      const remove = make('button', { type: 'button', title: text('remove') }, icon('x'))
      const shot = make('div', { className: 'aw-shot aw-shot-working' }, make('img', { src: address, alt: file.name }), remove)
      let held = file
      remove.onclick = () => {
        files = files.filter((each) => each !== held)
        URL.revokeObjectURL(address)
        shot.remove()
        settle()
      }
      strip.append(shot)
      const made = await smaller(file)
      const at = files.indexOf(file)
      if (at >= 0) files[at] = held = made
      shot.classList.remove('aw-shot-working')
    }
    settle()
  })
})

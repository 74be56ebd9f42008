// Recording a hazard: places near the phone, phrases that are put into the text, questions that follow a switch.

for (const button of document.querySelectorAll('[data-near]')) {
  const said = button.parentElement.querySelector('[data-near-said]')
  const failed = () => {
    said.textContent = button.dataset.nearFailed
    button.disabled = false
  }
  button.addEventListener('click', () => {
    if (!navigator.geolocation) return failed()
    button.disabled = true
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const address = new URL(button.dataset.near, location.href)
        address.searchParams.set('lat', coords.latitude.toFixed(6))
        address.searchParams.set('lng', coords.longitude.toFixed(6))
        location.href = address
      },
      failed,
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    )
  })
}

for (const button of document.querySelectorAll('[data-phrase]')) {
  button.addEventListener('click', () => {
    const field = document.getElementById(button.dataset.phraseInto)
    const before = field.value.trimEnd()
    field.value = before ? `${before}${/[，。；、,.;]$/.test(before) ? '' : '，'}${button.dataset.phrase}` : button.dataset.phrase
    field.dispatchEvent(new Event('input', { bubbles: true }))
    field.focus()
  })
}

for (const block of document.querySelectorAll('[data-shown-with]')) {
  const control = document.getElementById(block.dataset.shownWith)
  const follow = () => {
    block.hidden = !control.checked
    // A canvas measures itself when it appears.
    if (!block.hidden) dispatchEvent(new Event('resize'))
  }
  control.addEventListener('change', follow)
  follow()
}

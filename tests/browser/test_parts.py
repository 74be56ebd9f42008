"""The parts of a page in a real browser, as the gallery shows them: usable by everybody, nothing refused by the policy,
nothing typed lost, nothing sent twice."""

from pathlib import Path

import pytest
from conftest import chromium_path
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = {"desk": (1440, 900), "phone": (390, 844)}


@pytest.fixture
def sign_in(live_server, client, make_user, signed_in):
    """The address of the gallery and the cookie of somebody who may see it."""
    signed_in(client, make_user())
    cookie = client.cookies["anwang"]
    return f"{live_server.url}/gallery/", {"name": "anwang", "value": cookie.value, "url": live_server.url}


class Opened:
    """A page, and what the browser complained of."""

    def __init__(self, browser, cookie, size, **more):
        self.context = browser.new_context(viewport=dict(zip(("width", "height"), SIZES[size], strict=True)), **more)
        self.context.add_cookies([cookie])
        self.page = self.context.new_page()
        self.complaints = []
        self.page.on(
            "console", lambda message: self.complaints.append(message.text) if message.type == "error" else None
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))


@pytest.fixture
def browse(sign_in):
    """``with browse() as open_page: page = open_page("desk").page``; nothing of the browser outlives the block."""
    from contextlib import contextmanager

    @contextmanager
    def begin():
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
            address, cookie = sign_in

            def open_page(size, **more):
                opened = Opened(browser, cookie, size, **more)
                opened.page.goto(address)
                return opened

            yield open_page
            browser.close()

    return begin


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_and_the_policy_refuses_nothing(browse, size):
    with browse() as open_page:
        opened = open_page(size)
        opened.page.wait_for_selector(".aw-chart canvas")
        assert opened.complaints == []
        wide = opened.page.evaluate("document.documentElement.scrollWidth")
        # A second context without the policy, because axe itself has to be put into the page.
        checked = open_page(size, bypass_csp=True).page
        checked.wait_for_selector(".aw-chart canvas")
        checked.evaluate(AXE.read_text(encoding="utf-8"))
        found = checked.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
    assert wide <= SIZES[size][0], "the page scrolls sideways"


def test_a_row_opens_beside_its_list_and_back_closes_it(browse):
    with browse() as open_page:
        page = open_page("desk").page
        page.locator("a[data-panel]").first.click()
        expect(page.locator("#panel .aw-steps").first).to_be_visible()
        assert "#panel=/gallery/" in page.url
        page.keyboard.press("Escape")
        expect(page.locator("#panel")).to_be_hidden()
        page.go_back()
        expect(page.locator("#panel")).to_be_visible()


def test_typed_text_is_still_there_after_a_reload(browse):
    with browse() as open_page:
        page = open_page("phone").page
        page.locator("form[data-draft] textarea").fill("三层东侧通道堆放纸箱")
        expect(page.locator("[data-draft-note]").first).not_to_be_empty()
        page.reload()
        offer = page.locator(".aw-draft-offer")
        offer.locator("button").first.click()
        expect(page.locator("form[data-draft] textarea")).to_have_value("三层东侧通道堆放纸箱")


def test_an_act_that_cannot_be_undone_is_asked_and_sent_once(browse):
    with browse() as open_page:
        page = open_page("desk").page
        held = []  # a slow server: the answer does not come while the test looks

        def hold(route):
            held.append(route) if route.request.method == "POST" else route.continue_()

        page.route("**/gallery/**", hold)
        act = page.locator(".aw-acts form button").first
        # Answered in a frame of its own, so that the page stays to be looked at.
        page.evaluate(
            "document.body.append(Object.assign(document.createElement('iframe'), {name: 'answer'}));"
            "document.querySelector('.aw-acts form').target = 'answer'"
        )
        act.click()
        page.locator("dialog button", has_text="取消").click()
        assert held == []
        act.click()
        page.locator("dialog .btn-primary").click()
        expect(act).to_be_disabled()
        # Pressing on regardless: asked again, it still does not travel twice.
        page.evaluate("document.querySelector('.aw-acts form').requestSubmit()")
        page.locator("dialog .btn-primary").click()
        page.wait_for_timeout(300)
        assert len(held) == 1
        assert "idempotency_key=" in held[0].request.post_data
        held[0].abort()


def test_a_photo_is_made_smaller_and_keeps_its_record(browse, tmp_path):
    from PIL import Image

    record = Image.Exif()
    record[0x0112], record[0x0132] = 6, "2026:11:20 08:00:00"  # lying on its side; taken then
    Image.effect_noise((3000, 2000), 60).convert("RGB").save(tmp_path / "big.jpg", quality=95, exif=record)
    with browse() as open_page:
        page = open_page(
            "phone", geolocation={"latitude": 39.38, "longitude": 111.14}, permissions=["geolocation"]
        ).page
        page.set_input_files("#id_photos", [tmp_path / "big.jpg"])
        page.wait_for_selector(".aw-shot:not(.aw-shot-working)")
        expect(page.locator("[name=photos_lat]")).to_have_value("39.380000")
        size = page.evaluate("document.getElementById('id_photos').files[0].size")
        text = page.evaluate("document.getElementById('id_photos').files[0].slice(0, 4096).text()")
    assert size < (tmp_path / "big.jpg").stat().st_size
    assert "2026:11:20 08:00:00" in text


def test_links_and_forms_work_without_scripts(browse):
    with browse() as open_page:
        page = open_page("desk", java_script_enabled=False).page
        page.locator(".aw-filters summary").first.click()
        page.locator(".aw-filters input[type=checkbox]").first.check()
        page.locator(".aw-filters .aw-drop-box button").first.click()
        assert "state=doing" in page.url
        expect(page.locator(".aw-chip")).to_have_count(1)

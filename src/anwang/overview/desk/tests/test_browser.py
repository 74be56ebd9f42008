"""Desk, search, a place's file and the figures in a real browser: usable by everybody, at both sizes, without a complaint."""

from pathlib import Path

import pytest
from conftest import chromium_path
from django.urls import reverse
from playwright.sync_api import expect, sync_playwright

from anwang.overview.figures import services

AXE = Path(__file__).resolve().parents[5] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"desk": (1440, 900), "phone": (390, 844)}

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def open_at(live_server, client, signed_in, people, walked, ago, now, run_jobs):
    """``open_at(address, size)`` → a page of the county office, and what the browser complained of."""
    walked("submitted", at=ago(30))
    walked("submitted", at=ago(1))
    hazard = walked("rectifying", at=ago(3), major=True, due_in=30)
    run_jobs(now=now)
    services.compute(now=now)
    signed_in(client, people.office)
    cookie = {"name": "anwang", "value": client.cookies["anwang"].value, "url": live_server.url}
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])

        def begin(address, size, **more):
            context = browser.new_context(viewport=dict(zip(("width", "height"), SIZES[size], strict=True)), **more)
            context.add_cookies([cookie])
            page = context.new_page()
            page.complaints = []
            page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
            page.on("pageerror", lambda error: page.complaints.append(str(error)))
            page.goto(live_server.url + address)
            return page

        begin.hazard = hazard
        yield begin
        browser.close()


@pytest.mark.parametrize("size", SIZES)
def test_pages_are_usable_by_everybody(open_at, size):
    file = reverse("sitefile:site", args=[open_at.hazard.site_id])
    for address in (
        "/",
        "/search?q=云岫",
        file,
        "/figures/",
        "/figures/regions/",
        "/figures/late/",
        "/figures/monthly/",
    ):
        page = open_at(address, size)
        page.wait_for_load_state("networkidle")
        assert page.complaints == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0], f"{address} scrolls sideways"
        checked = open_at(address, size, bypass_csp=True)
        checked.evaluate(AXE.read_text(encoding="utf-8"))
        found = checked.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == [], address
        page.context.close()
        checked.context.close()


def test_one_click_from_the_desk_to_the_act(open_at):
    page = open_at("/", "phone")
    card = page.locator(".aw-card", has_text="待复查").first
    expect(card.locator(".aw-due-late")).to_be_visible()
    card.locator(".aw-card-act a").click()
    page.wait_for_url("**/verify/")
    expect(page.locator(".aw-evidence")).to_be_visible()


def test_search_by_keyboard_alone(open_at):
    page = open_at("/", "desk")
    page.keyboard.press("/")
    page.keyboard.type("云岫")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=*")
    words = page.locator("#search-words")
    words.focus()
    page.keyboard.press("ArrowDown")
    first = page.locator("[data-hit]").first
    expect(first).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-hit]").nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(words).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("云岫")


def test_results_come_while_typing(open_at):
    page = open_at("/search", "phone")
    page.locator("#search-words").press_sequentially("瓦斯", delay=30)
    expect(page.locator("#results [data-hit]").first).to_be_visible()
    expect(page.locator("#results mark").first).to_have_text("瓦斯")
    assert page.complaints == []


def test_charts_are_drawn_and_their_numbers_are_doors(open_at):
    page = open_at("/figures/", "desk")
    expect(page.locator(".aw-chart canvas").first).to_be_visible()
    page.locator(".aw-tile", has_text="重大在治").locator("a").click()
    page.wait_for_url("**/hazards/?*grade=major*")
    expect(page.locator(".aw-found")).to_contain_text("1")

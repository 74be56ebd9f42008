"""The gas watch in a real browser: nothing scrolls sideways on a phone, and a mine of hundreds of points is short there."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import chromium_path
from django.db import connections
from django.urls import reverse
from playwright.sync_api import Page, expect, sync_playwright

from anwang.kernel import clock
from anwang.work.telemetry.models import Episode
from anwang.work.telemetry.tests.test_web import OWN, Sends, stamp

AXE = Path(__file__).resolve().parents[5] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
PLACES, EACH = 30, 8

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("gas"),
]


class Large(Sends):
    """A mine of thirty headings of eight points each; one is over its limit, one calibrating, one silent for an hour."""

    def defines(self, at: datetime, *, alarm: str = "1.0") -> None:
        self.points = {
            f"{self.mine}01MN0001{place:04d}{n:04d}": f"{place}0{place}掘进工作面皮带运输顺槽自进风侧起第{n}号甲烷传感器"
            for place in range(1, PLACES + 1)
            for n in range(1, EACH + 1)
        }
        rows = [
            f"{point};01;{self.mine}01DT400100010001;0001;MN;%CH4;4;0;{alarm};;;;1.5;1.0;;;;;{where};;;;;{stamp(at)}"
            for point, where in self.points.items()
        ]
        self.file("CDDY", at, rows, f"{self.mine};{self.name};KJ90X;监控系统;厂家;2027-12-31;{stamp(at)}")

    def all_send(self, at: datetime, **said: tuple[float, int]) -> None:
        codes = list(self.points)
        known = {"over": codes[0], "calibrating": codes[EACH], "silent": codes[2 * EACH]}
        values = dict.fromkeys(codes, (0.3, 0)) | {known[name]: value for name, value in said.items()}
        if "silent" not in said:
            del values[known["silent"]]
        self.scans(at, values)


@pytest.fixture
def mine(places: Any) -> Large:
    now = datetime.now(clock.ZONE).replace(microsecond=0)
    made = Large(OWN, "河曲县云岫煤业有限责任公司磁窑沟矿井（兼并重组整合）")
    made.defines(now - timedelta(hours=2))
    made.all_send(now - timedelta(hours=1), silent=(0.3, 0))
    for minutes in (30, 20, 10):
        made.all_send(now - timedelta(minutes=minutes), over=(1.1 + minutes / 100, 1))
    made.all_send(now - timedelta(seconds=20), over=(1.6, 3), calibrating=(2.0, 4))
    return made


@pytest.fixture
def open_at(mine, live_server, client, make_user, signed_in, places):
    """``open_at(address, size)`` → a page of the county's office."""
    signed_in(client, make_user("county_office", places.county))
    cookie = {"name": "anwang", "value": client.cookies["anwang"].value, "url": live_server.url}
    crossed = Episode.objects.get(what="002")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])

        def begin(address: str, size: str = "phone", *, language: str = "zh-hans", scripts: bool = True) -> Page:
            width, height = SIZES[size]
            context = browser.new_context(viewport={"width": width, "height": height}, java_script_enabled=scripts)
            context.add_cookies([cookie, {"name": "anwang_language", "value": language, "url": live_server.url}])
            page = context.new_page()
            page.complaints = []
            page.on("pageerror", lambda error: page.complaints.append(str(error)))
            page.goto(live_server.url + address)
            return page

        begin.point = reverse("telemetry:point", args=[crossed.point_id])
        begin.episode = reverse("telemetry:episode", args=[crossed.pk])
        yield begin
        browser.close()


def of_mine(name: str = "mine") -> str:
    return reverse(f"telemetry:{name}", args=[OWN])


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_nothing_scrolls_sideways_on_a_phone(open_at, language):
    for address in (
        *(reverse(f"telemetry:{name}") for name in ("mines", "episodes", "health", "months")),
        *map(of_mine, ("mine", "mine_episodes", "settings", "reports", "quality", "underground")),
        of_mine() + "?all=1",
        open_at.point,
        open_at.episode,
    ):
        page = open_at(address, language=language)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0], address
        assert page.complaints == [], address
        page.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_the_mine_and_a_point_are_usable_by_everybody(open_at, size):
    for address in (of_mine() + "?q=101掘进", of_mine(), open_at.point):
        page = open_at(address, size)
        page.wait_for_load_state("networkidle")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        assert [(each["id"], each["nodes"][0]["html"][:120]) for each in found["violations"]] == [], address
        page.context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_a_mine_of_hundreds_of_points_is_short_on_a_phone(open_at, scripts):
    page = open_at(of_mine(), scripts=scripts)
    watched = page.locator("section.aw-section", has=page.get_by_role("heading", name="需关注测点")).locator("tbody tr")
    expect(watched).to_have_count(3)
    assert "超限报警" in watched.first.inner_text(), "the gravest first"
    expect(page.locator(".gas-place[open]")).to_have_count(0)
    expect(page.locator(".gas-place")).to_have_count(PLACES)
    expect(page.locator(".gas-place", has_text="404掘进工作面")).to_contain_text(f"{EACH} 个测点，全部正常")
    expect(page.locator(".gas-place", has_text="101掘进工作面").first).to_contain_text("个需关注")
    box = page.locator("main").bounding_box()
    assert box["height"] < 5_000, "two hundred and forty points fit into six screens"
    place = page.locator(".gas-place", has_text="404掘进工作面")
    place.locator("summary").click()
    expect(place.get_by_role("link", name="第8号甲烷传感器")).to_be_visible()


def test_a_search_opens_what_it_finds_and_says_how_much_is_left_out(open_at):
    page = open_at(of_mine())
    page.get_by_label("查找测点").fill("404掘进 8号")
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_text(f"显示 1 个测点，共 {PLACES * EACH} 个")).to_be_visible()
    expect(page.locator(".gas-place[open] tbody tr")).to_have_count(1)
    page.get_by_role("link", name="显示全部测点").click()
    expect(page.locator(".gas-place")).to_have_count(PLACES)


def test_what_is_opened_stays_open_when_something_comes(open_at, mine):
    page = open_at(of_mine())
    place = page.locator(".gas-place", has_text="404掘进工作面")
    place.locator("summary").click()
    codes = list(mine.points)
    now = datetime.now(clock.ZONE).replace(microsecond=0)
    with ThreadPoolExecutor(1) as beside:  # Playwright keeps this thread for itself
        beside.submit(mine.scans, now, {codes[3 * EACH]: (0.37, 0)}).result()
        beside.submit(connections.close_all).result()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('live-gas'))")
    expect(place.get_by_text("0.37 %CH4")).to_be_visible()
    expect(place.locator("summary")).to_contain_text("甲烷最高 0.37")
    assert page.complaints == []

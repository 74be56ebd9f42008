"""An over-limit from the mine's scan to the county's review: the board turns red, and every step is somebody's."""

import json
import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE
from tests.journeys.test_gas_watch import usable

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MINE = "140930990001"
FACE, CUTTER, FEED = f"{MINE}01MN000100010009", f"{MINE}01KG100900010009", f"{MINE}01KG101100010009"
SEND = """async (scan) => {
  const headers = {'Content-Type': 'application/json', 'X-CSRFToken': document.querySelector('meta[name="csrf-token"]').content}
  const answer = await fetch('/api/telemetry/scan', {method: 'POST', headers, body: scan})
  return [answer.status, await answer.json()]
}"""


def send(page: Page, **values: float) -> None:
    """One scan of the mine, measured now, as another system would hand it in."""
    now = round(datetime.now(UTC).timestamp() * 1000)
    points = {"face": FACE, "cutter": CUTTER, "feed": FEED}
    n = len(values)
    scan = {"mine": MINE, "point": [points[name] for name in values], "at": [now] * n, "value": list(values.values())}
    status, answer = page.evaluate(SEND, json.dumps({**scan, "status": [0] * n, "key": f"journey-{now}"}))
    assert status == 200, answer
    assert answer["readings"] == n, answer


def act(page: Page, name: str, **fields: str) -> None:
    """Press an act of the alarm's page, fill its small form and send it."""
    page.get_by_role("link", name=name).first.click()
    for field, words in fields.items():
        if page.locator(f"input[type=radio][name={field}]").count():
            page.locator(f"input[name={field}][value={words}]").check()
        else:
            page.locator(f"[name={field}]").fill(words)
    page.get_by_role("button", name=name).click()
    expect(page.locator(".aw-steps, .aw-stepper").first).to_be_visible()


def test_from_red_to_reviewed(as_person):
    with as_person("diaodu") as duty, as_person("anwei") as county:
        duty.goto("/alarms/")
        expect(duty.locator("html")).to_have_attribute("data-line", "open")
        card = duty.locator("[data-alarm]", has_text="5201综采工作面")
        expect(card).to_have_count(0)
        county.goto("/gas/")
        send(county, face=0.3, cutter=1, feed=1)
        send(county, face=1.2, cutter=1, feed=1)

        # The board turns red by itself; its title says so; one key acknowledges.
        expect(card).to_be_visible()
        expect(card).to_have_attribute("data-level", "red")
        expect(duty).to_have_title(re.compile(r"^\(\d+\)"))
        usable(duty)
        for _ in range(20):
            duty.keyboard.press("j")
            if "5201" in duty.locator(".aw-chosen").inner_text():
                break
        duty.keyboard.press("a")
        expect(card).to_have_attribute("data-state", "acknowledged")

        # The power is off when cutter and feed both say so.
        send(county, face=1.3, cutter=0, feed=0)
        card.get_by_role("link").first.click()
        usable(duty)
        act(duty, "核实断电", note="断电器和馈电传感器均为0")
        act(duty, "报告已撤人", people="14")
        send(county, face=0.4, cutter=0, feed=0)
        act(duty, "填写原因", kind="ventilation", cause="风筒接头脱开，风量不足")
        act(duty, "报告防范措施", measures="风筒重新吊挂加固，每班检查")
        number = duty.locator(".aw-num").first.inner_text()
        assert duty.get_by_role("link", name="审核通过").count() == 0  # not by those who dealt with it

        county.goto("/")
        expect(county.locator("body")).to_contain_text("5201综采工作面")  # the review waits on the office's desk
        county.goto("/alarms/")
        county.locator("[data-alarm]", has_text="5201综采工作面").get_by_role("link").first.click()
        act(county, "审核通过", note="原因清楚，措施落实")
        usable(county)
        expect(county.locator("body")).to_contain_text("报警已销号")
        county.goto("/alarms/all/?q=5201")
        expect(county.locator("body")).to_contain_text(number)


def test_a_place_that_was_opened_stays_open_and_hears_what_comes(as_person):
    with as_person("anwei", size=PHONE) as page:
        page.goto(f"/gas/{MINE}/")
        expect(page.locator("html")).to_have_attribute("data-line", "open")
        place = page.locator(".gas-place", has_text="5201综采工作面")
        place.locator("summary").click()
        send(page, face=0.37)
        expect(place.get_by_text("0.37 %CH4")).to_be_visible()
        expect(place.locator("summary")).to_contain_text("甲烷最高 0.37")

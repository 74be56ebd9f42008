"""The gas watch as a person of the county walks it: from the list to the mine, to the point, to the drawn day."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import PHONE, ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def usable(page) -> None:
    """axe finds nothing on the page, and it does not scroll sideways."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in found["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")


@pytest.mark.parametrize("size", [(1440, 900), PHONE], ids=["desk", "phone"])
def test_from_the_list_to_a_points_day(as_person, town, size):
    with as_person("anwei", size=size) as page:
        page.goto("/gas/")
        expect(page.get_by_role("link", name="云岫煤业")).to_be_visible()
        expect(page.locator(".aw-level-red", has_text="超限报警").first).to_be_visible()
        usable(page)
        page.get_by_role("link", name="云岫煤业").click()
        expect(page.get_by_role("heading", name="按风流顺序的地点")).to_be_visible()
        usable(page)
        page.locator(".gas-table a", has_text="T1").first.click()
        page.wait_for_url(re.compile(r"/gas/points/\d+/"))
        expect(page.locator("[data-gas-chart][data-drawn=raw] canvas")).to_be_visible()
        usable(page)
        with page.expect_download() as taken:
            page.get_by_role("button", name="PNG").click()
        assert taken.value.suggested_filename.endswith(".png")
        page.get_by_role("link", name="整月").click()
        expect(page.locator("[data-gas-chart][data-drawn=band] canvas")).to_be_visible()
        page.goto("/gas/months/")
        expect(page.locator("[data-chart] canvas")).to_be_visible()
        usable(page)

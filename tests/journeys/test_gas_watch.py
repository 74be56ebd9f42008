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
        expect(page.get_by_role("heading", name="需关注测点")).to_be_visible()
        # On a phone the groups of points, in the same order, take the scheme's place.
        expect(page.get_by_role("heading", name="按风流顺序的地点")).to_be_visible(visible=size != PHONE)
        expect(page.locator(".gas-place", has_text="3101综采工作面")).to_contain_text("需关注")
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


@pytest.mark.parametrize("size", [(1440, 900), PHONE], ids=["desk", "phone"])
def test_a_name_and_the_list_for_a_rescue(as_person, town, size):
    with as_person("anwei", size=size) as page:
        page.goto("/gas/140930990001/underground/")
        expect(page.locator("body")).not_to_contain_text("上官志强")
        usable(page)
        page.get_by_role("link", name="查看姓名").first.click()
        usable(page)
        page.get_by_role("button", name="查看姓名").click()
        expect(page.get_by_text("请选择用途").first).to_be_visible()
        page.get_by_label("抢险救援、撤人").check()
        page.get_by_role("button", name="查看姓名").click()
        expect(page.get_by_text("上官志强")).to_be_visible()
        usable(page)
        page.get_by_role("link", name="返回井下人员").click()
        expect(page.locator("body")).not_to_contain_text("上官志强")
        with page.expect_download() as taken:
            page.get_by_role("link", name="姓名隐去").click()
        assert taken.value.suggested_filename.endswith(".xlsx")
        page.get_by_role("link", name="完整姓名名单").click()
        usable(page)
        page.get_by_label("抢险救援、撤人").check()
        with page.expect_download() as taken:
            page.get_by_role("button", name="下载完整姓名名单").click()
        assert taken.value.suggested_filename.endswith(".xlsx")


@pytest.mark.parametrize("size", [(1440, 900), PHONE], ids=["desk", "phone"])
def test_from_a_mines_own_statistics_to_the_point_they_hide(as_person, town, size):
    with as_person("anwei", size=size) as page:
        page.goto("/gas/140930990001/reports/")
        page.get_by_role("link", name="统计值比对").click()
        expect(page.get_by_text("最大值低于上传读数").first).to_be_visible()
        usable(page)
        page.locator("table a").first.click()
        expect(page.locator("#gas-stated")).to_be_in_viewport()
        section = page.locator("section:has(#gas-stated)")
        expect(section.get_by_text("最大值低于上传读数").first).to_be_visible()
        expect(section.get_by_text("0.46 / 1.2").first).to_be_visible()
        usable(page)

"""The board in a real browser: clocks of minutes and of weeks, and a phone on which nothing stands empty."""

import os
import re
from datetime import timedelta

import pytest
from conftest import chromium_path
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect, sync_playwright

from anwang.work.alarms import services
from anwang.work.alarms.models import Alarm

from .conftest import CUTTER, FACE, FEED, RETURN

SIZES = {"desk": (1440, 900), "phone": (390, 844)}

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def open_at(live_server, client, signed_in, watched):
    """``open_at(address, size)`` → a page of the mine's duty, or of the ``admin`` who keeps the rules; one alarm waits
    since weeks, one since a minute.
    """
    watched.now = timezone.now() - timedelta(days=26, hours=17, minutes=30)
    watched.scan(values={FACE: 1.2, CUTTER: 1, FEED: 1})
    watched.cut_off()
    watched.clear(60)
    old = watched.alarm()
    services.acknowledge(alarm_id=old.pk, by=watched.duty, now=watched.now)
    watched.now = timezone.now() - timedelta(minutes=1)
    watched.scan(values={RETURN: 0.8, CUTTER: 1, FEED: 1})
    fresh = Alarm.objects.filter(family="over").exclude(pk=old.pk).get()
    people = {"duty": signed_in(client, watched.duty), "admin": signed_in(Client(), watched.admin)}
    cookies = {
        who: {"name": "anwang", "value": at.cookies["anwang"].value, "url": live_server.url}
        for who, at in people.items()
    }
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])

        def begin(address, size, language="zh-hans", who="duty"):
            context = browser.new_context(viewport=dict(zip(("width", "height"), SIZES[size], strict=True)))
            context.add_cookies([cookies[who], {"name": "anwang_language", "value": language, "url": live_server.url}])
            page = context.new_page()
            page.complaints = []
            page.on("pageerror", lambda error: page.complaints.append(str(error)))
            page.goto(live_server.url + address)
            return page

        begin.old, begin.fresh = old.pk, fresh.pk
        yield begin
        browser.close()


@pytest.mark.parametrize(
    ("language", "weeks", "minutes"),
    [("zh-hans", "已超时 26 天 17 小时", r"^还剩 \d\d:\d\d$"), ("en", "26 d 17 h over time", r"^\d\d:\d\d left$")],
)
def test_the_clock_of_the_script_speaks_as_the_page_does(open_at, language, weeks, minutes):
    page = open_at(reverse("alarms:board"), "desk", language)
    expect(page.locator(f"#alarm-{open_at.fresh} [data-due]")).to_have_text(
        re.compile(minutes)
    )  # the script has ticked
    expect(page.locator(f"#alarm-{open_at.old} [data-due]")).to_have_text(weeks)
    assert page.complaints == []


def test_on_a_phone_the_list_begins_where_the_head_ends(open_at):
    page = open_at(reverse("alarms:board"), "phone")
    box = page.locator("[data-alarm-new]").bounding_box()
    first = page.locator(".aw-alarms h2").first.bounding_box()
    assert first["y"] - box["y"] < 8
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]
    # What is new is announced over the list, and the list does not move for it.
    page.locator("[data-alarm]").first.hover()
    before = page.locator("[data-alarm]").first.bounding_box()["y"]
    page.evaluate("document.querySelector('[data-alarm-new] button').hidden = false")
    expect(page.locator("[data-alarm-new] button")).to_be_visible()
    assert page.locator("[data-alarm]").first.bounding_box()["y"] == before


def test_an_old_alarms_page_shows_the_cut_of_its_time(open_at):
    page = open_at(reverse("alarms:alarm", args=[open_at.old]), "phone")
    section = page.locator("section", has=page.get_by_role("heading", name="断电情况"))
    expect(section).to_contain_text("报警期间断电器和馈电传感器均显示已断电")
    expect(section).to_contain_text(re.compile(r"3101综采工作面 馈电器 · 无电 \d\d-\d\d \d\d:\d\d"))
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]


@pytest.fixture
def changed(watched):
    """A time limit of the house; before the browser is there."""
    said = {"instrument": "县安委办〔2026〕12号", "confidence": "high", "by": watched.admin}
    services.set_limit(step="acknowledge", level="red", minutes=90, now=timezone.now(), **said)


@pytest.mark.usefixtures("changed")
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_steps_and_time_limits_are_cards_on_a_phone(open_at, size):
    page = open_at(reverse("alarms:steps"), size)
    row = page.get_by_role("row").filter(has_text="确认报警").first
    expect(row).to_contain_text("1 小时 30 分钟")
    expect(row).to_contain_text("本级录入")
    expect(row).to_contain_text("内置")
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    tall = row.bounding_box()["height"] > row.bounding_box()["width"] * 0.4
    assert tall is (size == "phone")
    assert page.complaints == []
    if folder := os.environ.get("ALARMS_PICTURES"):
        page.screenshot(path=f"{folder}/steps_{size}.png", full_page=True)


def narrow(page):
    return page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0]


def test_who_keeps_the_rules_changes_a_time_limit(open_at):
    page = open_at("/", "phone", who="admin")
    page.locator(".aw-menu summary").click()
    page.locator(".aw-menu-box").get_by_role("link", name="报警规则").click()
    page.get_by_role("link", name="红色 · 核实断电: 3 分钟").click()
    held = page.locator("section", has=page.get_by_role("heading", name="现行规定"))
    expect(held).to_contain_text("3 分钟")
    expect(held).to_contain_text("内置 v2")
    # A built-in row's source is not handed on to the house's own number.
    expect(page.get_by_label("依据文件")).to_have_value("")
    page.get_by_label("分钟", exact=True).fill("20000")
    page.get_by_role("button", name="启用").click()
    # What is wrong is said all at once, beside its field.
    expect(page.locator(".aw-field-errors")).to_have_count(2)
    expect(page.locator(".aw-field", has=page.get_by_label("分钟", exact=True))).to_contain_text(
        "时限应在 1 至 10,080 分钟"
    )
    expect(page.locator(".aw-field", has=page.get_by_label("依据文件"))).to_contain_text("请写明依据的规定")
    assert narrow(page)
    page.get_by_label("分钟", exact=True).fill("5")
    page.get_by_label("依据文件").fill("县安委办〔2026〕12号")
    page.get_by_role("button", name="启用").click()
    expect(page.get_by_text("核实断电 · 红色：5 分钟。第 3 版已生效。")).to_be_visible()
    expect(page.get_by_role("link", name="红色 · 核实断电: 5 分钟")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="县安委办〔2026〕12号").last).to_contain_text("v3")
    assert narrow(page)
    assert page.complaints == []


def test_who_keeps_the_rules_changes_a_road(open_at):
    page = open_at(reverse("alarms:steps"), "phone", who="admin")
    page.get_by_role("link", name="over", exact=True).click()
    expect(page.get_by_label("规则编号")).to_have_count(0)
    page.get_by_label("县级审核").uncheck()
    page.get_by_label("依据文件").fill("县安委办〔2026〕12号")
    page.get_by_role("button", name="启用").click()
    expect(page.locator(".aw-field-errors")).to_contain_text("最后必须由县级审核")
    page.get_by_label("县级审核").check()
    page.get_by_label("撤出人员").check()
    page.get_by_role("button", name="启用").click()
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="over", exact=True))
    expect(row).to_contain_text("确认报警 → 撤出人员 → 填写原因 → 落实措施 → 县级审核")
    expect(row).to_contain_text("本级录入")
    # On a phone the steps have the width of the card, whatever stands beside them.
    steps = row.get_by_role("cell", name="确认报警").bounding_box()
    assert steps["width"] > row.bounding_box()["width"] * 0.8
    page.goto(page.url.split("/alarms")[0] + reverse("alarms:road_set"))
    page.get_by_label("规则编号").fill("我的规则")
    page.get_by_role("button", name="启用").click()
    expect(page.locator(".aw-field", has=page.get_by_label("规则编号"))).to_contain_text(
        "只能用小写字母、数字、点和连字符"
    )
    assert narrow(page)
    assert page.complaints == []


def test_on_a_phone_an_alarms_road_begins_where_it_is_now(open_at):
    page = open_at(reverse("alarms:alarm", args=[open_at.old]), "phone")
    road, now = page.locator(".aw-steps").bounding_box(), page.locator(".aw-step-now").bounding_box()
    assert road["x"] <= now["x"]
    assert now["x"] + now["width"] <= road["x"] + road["width"] + 1
    for address in ("alarms:ledger", "alarms:levels"):
        assert narrow(open_at(reverse(address), "phone")), address

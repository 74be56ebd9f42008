"""A visit in a basement: answers are kept on the phone, survive a reload, arrive when the network is back; two who
answered the same item both learn of it; the pages can be used by everybody.
"""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import DESK, PHONE, ROOT, SignIn, Town

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
NOTHING_WAITS = """() => Object.entries(localStorage).filter(([key]) => key.startsWith('anwang.visit.'))
.every(([, kept]) => Object.values(JSON.parse(kept).pending).every((codes) => !Object.keys(codes).length))"""
SYNC, NOW = "[data-iv-sync]", ".iv-q.iv-now"


def begin(page: Page, site_id: str, kind: str) -> str:
    """Begin a visit of this kind at the place; the address of its questions."""
    page.goto(f"/inspections/begin/{site_id}/")
    page.check(f"input[name=visit_kind][value={kind}]")
    page.locator(".iv-wide").click()
    page.wait_for_url(re.compile(r"/go/"))
    return page.url.split("#")[0]


def give_up(page: Page, questions: str) -> None:
    """Nothing of it stays open for the next journey."""
    page.goto(questions.replace("/go/", "/cancel/"))
    page.locator("textarea[name=note]").fill("走错门")
    page.get_by_role("button", name="取消这次检查").click()
    page.wait_for_url(re.compile(r"/inspections/\w{26}/$"))


def check(page: Page) -> str:
    """Go on to the next question of pass or fail; its code."""
    while page.locator(f"{NOW} .iv-pass").count() == 0:
        page.locator("[data-iv-next]").click()
    return page.locator(NOW).get_attribute("data-q") or ""


def answer(page: Page, verdict: str) -> str:
    """Answer the next question; a pass goes on to the one after by itself, a moment later."""
    code = check(page)
    page.locator(f"{NOW} .iv-{verdict}").click()
    if verdict == "pass":
        expect(page.locator(f"{NOW}[data-q='{code}']")).to_have_count(0)
    return code


def said(page: Page, code: str) -> str:
    checked = page.locator(f".iv-q[data-q='{code}'] input:checked")
    return (checked.get_attribute("value") or "") if checked.count() else ""


def test_answers_given_without_a_network_survive_a_reload_and_arrive_later(as_person: SignIn, town: Town) -> None:
    with as_person("wangge", size=PHONE) as page:
        questions = begin(page, town.sites["noodles"], "patrol")
        first = answer(page, "pass")
        expect(page.locator(SYNC)).to_contain_text("已保存")

        page.context.set_offline(True)
        second = answer(page, "pass")
        page.wait_for_timeout(400)
        third = answer(page, "fail")
        expect(page.locator(SYNC)).to_contain_text("没有网络")
        assert page.locator(NOW).get_attribute("data-q") == third, "a failed item waits for its hazard"
        page.locator(f"{NOW} [data-iv-record]").click()
        expect(page.locator(SYNC)).to_contain_text("要联网")
        assert page.url.split("#")[0] == questions

        page.context.set_offline(False)
        page.reload()
        page.wait_for_function(NOTHING_WAITS)
        page.evaluate("localStorage.clear()")
        page.goto(questions)
        assert [said(page, code) for code in (first, second, third)] == ["pass", "pass", "fail"]
        give_up(page, questions)


def test_two_who_answered_the_same_item_otherwise_both_learn_of_it(as_person: SignIn, town: Town) -> None:
    with as_person("wangge", size=PHONE) as page:
        questions = begin(page, town.sites["noodles"], "patrol")
        other = page.context.new_page()
        other.goto(questions)
        code = answer(page, "pass")
        expect(page.locator(SYNC)).to_contain_text("已保存")
        other.evaluate("localStorage.clear()")
        assert answer(other, "fail") == code
        expect(other.locator(SYNC)).to_contain_text(code)
        other.get_by_role("button", name="用我的").click()
        expect(other.locator(SYNC)).to_contain_text("已保存")
        other.goto(questions)
        assert said(other, code) == "fail"
        give_up(page, questions)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_the_pages_of_a_visit_can_be_used_by_everybody(as_person: SignIn, town: Town, size: tuple[int, int]) -> None:
    with as_person("jiancha", size=size) as page:
        questions = begin(page, town.sites["home"], "joint")
        pages = [questions, *(questions.replace("/go/", f"/{each}/") for each in ("finding", "people", "finish"))]
        pages += [questions.replace("/go/", "/"), "/inspections/", "/inspections/start/", "/inspections/plans/new/"]
        for address in pages:
            page.goto(address)
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            assert [(address, each["id"], each["nodes"][0]["html"][:160]) for each in found] == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], address
            if size == PHONE:
                assert too_small(page) == [], address
        give_up(page, questions)


def too_small(page: Page) -> list[str]:
    """What a thumb would miss: buttons, links that stand alone and choices under 44 px."""
    return page.evaluate(  # type: ignore[no-any-return]
        """() => [...document.querySelectorAll('main .btn, main summary, main .iv-choice, main .aw-option, .aw-thumb .btn')]
        .filter((one) => { const box = one.getBoundingClientRect(); return box.height > 3 && box.height < 43.5 })
        .map((one) => `${one.className} ${Math.round(one.getBoundingClientRect().height)}`)"""
    )

"""The roads that people walk, each from its first click to its last, in a real browser against a real house."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import PHONE, ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def day(n: int) -> str:
    return (date.today() + timedelta(days=n)).isoformat()  # noqa: DTZ011 - the browser's own day


def sign(page: Page, field: str = "signed") -> None:
    """Draw on the pad whose signature goes into ``field``."""
    pad = page.locator(f"[data-signature]:has(input[name='{field}']) canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 60)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + 30 + step * 20, box["y"] + 60 + (20 if step % 2 else -20))
    page.mouse.up()


def attach(page: Page, name: str, path: str) -> None:
    page.set_input_files(f"#id_{name}", path)
    expect(page.locator(f"[data-photos={name}] .aw-shot:not(.aw-shot-working)").first).to_be_visible()


def answer(page: Page, *, fail: int = 0) -> None:
    """Answer what is on the phone question by question; the first ``fail`` that can be are not in order."""
    left = fail
    for _ in range(120):
        now = page.locator(".iv-q.iv-now")
        if not now.count():
            return
        at = now.get_attribute("id")
        kind = now.get_attribute("data-kind")
        if kind == "check":
            now.locator(".iv-fail" if left else ".iv-pass").click()
            left = max(0, left - 1)
        elif now.locator(".iv-choice").count():
            choices = now.locator(".iv-choice:not(.iv-na)")
            (choices.last if kind == "score" else choices.first).click()
        elif kind == "number":
            low, high = now.get_attribute("data-low"), now.get_attribute("data-high")
            now.locator("input[type=number]").fill(low or high or "1")
        else:
            now.locator("textarea").first.fill("无")
        page.wait_for_timeout(350)
        still = page.locator(".iv-q.iv-now")
        if still.count() and still.get_attribute("id") == at:
            page.locator("[data-iv-next]").click()
            page.wait_for_timeout(80)
    pytest.fail("the checklist has no end")


# --- 1 ----------------------------------------------------------------------------------------------------------------


def test_a_grid_member_walks_a_restaurant_with_the_phone(as_person, photo):
    """Finds it near by, answers its checklist, two hazards with photos, the owner signs, the record is a paper."""
    with as_person("wangge", size=PHONE) as page:
        page.goto("/inspections/start/")
        page.get_by_role("button", name="附近的场所").click()
        page.locator(".iv-place", has_text="望舒面馆").click()
        page.locator(".iv-wide").click()
        page.wait_for_url(re.compile(r"/go/"))
        expect(page.locator(".iv-q.iv-now")).to_be_visible()
        answer(page, fail=2)
        expect(page.locator("[data-iv-sync]")).to_contain_text("已保存")

        links = page.locator("[data-iv-record]").evaluate_all(
            "found => found.filter(one => !one.closest('[hidden]')).map(one => one.getAttribute('href'))"
        )
        assert len(links) == 2
        page.goto(links[0])
        attach(page, "photos", photo())
        page.get_by_text("当场整改", exact=True).click()
        attach(page, "after", photo())
        page.get_by_label("整改人（被检查单位）").fill("秦望舒")
        sign(page)
        page.get_by_role("button", name="登记隐患").click()
        page.wait_for_url(re.compile(r"/go/"))
        page.goto(links[1])
        attach(page, "photos", photo())
        page.get_by_text("限期整改（报上级下达）").click()
        page.locator("[data-iv-day]").first.click()
        page.get_by_role("button", name="登记隐患").click()
        page.wait_for_url(re.compile(r"/go/"))

        page.goto(page.url.split("/go/")[0] + "/finish/")
        expect(page.locator(".iv-findings li")).to_have_count(2)
        page.locator("[name=host_name]").fill("秦望舒")
        sign(page)
        page.get_by_role("button", name="结束检查").click()
        page.wait_for_url(re.compile(r"/inspections/\w{26}/$"))
        expect(page.get_by_text("当场整改").first).to_be_visible()
        page.get_by_role("button", name=re.compile("检查记录")).click()
        page.wait_for_url(re.compile(r"/papers/"))
        expect(page.locator("img[src*='/pages/']").first).to_be_visible()


# --- 2 ----------------------------------------------------------------------------------------------------------------


def test_an_enterprise_officer_puts_a_hazard_right(as_person, town, photo):
    with as_person("qiye") as page:
        page.goto(f"/hazards/{town.hazards['for_unit']}/")
        expect(page.locator(".aw-wrong-what")).to_contain_text("瓦斯传感器")
        page.get_by_role("link", name="填写五落实").click()
        page.get_by_label("整改责任人").fill("武某")
        page.get_by_label("电话").fill("15400000077")
        page.get_by_label("整改措施").fill("按规程调整悬挂位置")
        page.get_by_label("资金").fill("自筹300元")
        page.get_by_label("应急预案和临时管控").fill("调整前撤人断电")
        page.get_by_role("button", name="填写五落实").click()
        page.get_by_role("link", name="接收并开始整改").click()
        page.get_by_role("button", name="接收并开始整改").click()
        page.get_by_role("link", name="申请延期").click()
        page.get_by_label("申请延至").fill(day(9))
        page.get_by_label("不能按期完成的原因").fill("传感器到货晚")
        page.get_by_label("延期期间的临时管控措施").fill("加派瓦检员，人工检测")
        page.get_by_role("button", name="申请延期").click()
        page.wait_for_url(re.compile(r"/hazards/\w{26}/$"))
        page.get_by_role("link", name="提请复查").click()
        attach(page, "photos", photo())
        page.get_by_label("整改情况").fill("已调整到位并试验")
        page.get_by_role("button", name="提请复查").click()
        page.wait_for_url(re.compile(r"/hazards/\w{26}/$"))
        expect(page.locator("h1, .aw-thing-line").first).to_be_visible()
        expect(page.locator(".aw-thing-line")).to_contain_text("待复查")


def test_a_shop_owner_answers_by_the_link_alone(as_person, town, photo):
    with as_person(size=PHONE) as page:
        page.goto(f"/p/h/{town.link}/")
        expect(page.locator(".aw-wrong-what")).to_contain_text("灶台软管老化")
        page.get_by_label("整改责任人").fill("秦望舒")
        page.locator("#plan").get_by_label("电话").fill("15400000066")
        page.locator("#plan").get_by_label("整改措施").fill("换不锈钢波纹管")
        page.locator("#plan").get_by_label("资金").fill("自筹80元")
        page.locator("#plan").get_by_label("应急预案和临时管控").fill("停用该灶")
        page.locator("#plan").get_by_role("button").last.click()
        expect(page.get_by_text("已保存")).to_be_visible()
        page.locator("#more summary").click()
        page.get_by_label("申请延至").fill(day(8))
        page.get_by_label("不能按期完成的原因").fill("燃气公司约在下周")
        page.get_by_label("延期期间的临时管控措施").fill("关阀停用")
        page.locator("#more").get_by_role("button").last.click()
        page.wait_for_url(re.compile("done=ask_extension"))
        attach(page, "photos", photo())
        page.locator("#submit").get_by_label("整改情况").fill("软管已换")
        page.get_by_role("button", name="提交，请复查").click()
        page.wait_for_url(re.compile("done=submit"))
        # It opens this one hazard and nothing else.
        page.goto("/hazards/")
        assert "/accounts/login" in page.url
        answer = page.goto(f"/p/h/{town.link[:-3]}abc/")
        assert answer is not None
        assert answer.status >= 400


# --- 3 ----------------------------------------------------------------------------------------------------------------


def test_an_inspector_sees_three_pairs_of_eyes_on_one_mine(as_person, town):
    with as_person("jiancha", size=PHONE) as page:
        page.goto(f"/inspections/begin/{town.sites['shaft']}/")
        page.get_by_text("政府检查", exact=False).first.click()
        page.locator(".iv-wide").click()
        page.wait_for_url(re.compile(r"/go/"))
        answer(page)
        expect(page.locator("[data-iv-sync]")).to_contain_text("已保存")
        visit = page.url.split("/go/")[0]
        page.goto(visit + "/people/")
        page.locator("[name=user]").select_option(index=_index(page, "检查员乙"))
        page.get_by_role("button", name="加入检查人员").click()
        page.goto(visit + "/finish/")
        page.locator("[name=certificate_shown]").check()
        page.locator("[name=host_name]").fill("武矿长")
        sign(page)
        page.get_by_role("button", name="结束检查").click()
        page.wait_for_url(re.compile(r"/inspections/\w{26}/$"))
        page.goto(f"/inspections/site/{town.sites['shaft']}/")
        eyes = page.locator(".iv-three > section")
        expect(eyes).to_have_count(3)
        expect(page.locator(".iv-three").get_by_text("还没有")).to_have_count(0)
        expect(page.locator(".iv-compare tbody tr").first).to_be_visible()


def _index(page: Page, words: str) -> int:
    options = page.locator("[name=user] option").all_text_contents()
    return next(n for n, text in enumerate(options) if words in text)


def test_a_joint_inspection_is_divided_and_an_unannounced_one_is_told_to_nobody(as_person, town):
    with as_person("jiancha") as page:
        page.goto(f"/inspections/begin/{town.sites['home']}/")
        page.locator("[name=visit_kind][value=joint]").check()
        page.locator(".iv-wide").click()
        page.wait_for_url(re.compile(r"/go/"))
        page.goto(page.url.split("/go/")[0] + "/people/")
        page.locator("[name=user]").select_option(index=_index(page, "检查员乙"))
        sections = page.locator("[name=sections]")
        assert sections.count() > 1, "the checklist of a joint inspection has sections by department"
        sections.first.check()
        page.get_by_role("button", name="加入检查人员").click()
        expect(page.locator(".iv-crew")).to_contain_text("检查员乙")

        page.goto(f"/inspections/arrange/{town.sites['shaft']}/")
        page.locator("[name=visit_kind][value=unannounced]").check()
        page.locator("[name=due_on]").fill(day(3))
        page.locator("form.aw-form .btn-primary").click()
        page.wait_for_url(re.compile(r"/inspections/\w{26}/$"))
        unannounced = page.url
    with as_person("qiye") as page:
        told = page.goto(unannounced)
        assert told is not None
        assert told.status == 404
        page.goto("/inspections/")
        expect(page.locator("body")).not_to_contain_text("暗查")


def test_a_major_grade_needs_a_criterion_and_a_second_person(as_person, town):
    at = f"/hazards/{town.hazards['to_grade']}/"
    with as_person("jiancha") as page:
        page.goto(at)
        page.goto(f"{at}propose_major/")
        proposed = page.locator("[name=standard_urn]:not([value=''])")
        if proposed.count():
            proposed.first.check()
        else:
            page.locator("[name=other_urn]").select_option(index=1)
        page.get_by_role("button", name="提请定为重大隐患").click()
        page.wait_for_url(re.compile(r"/hazards/\w{26}/$"))
        expect(page.get_by_role("button", name="确认为重大隐患")).to_be_disabled()
    with as_person("jiancha2") as page:
        page.goto(at)
        page.get_by_role("link", name="确认为重大隐患").click()
        page.get_by_role("button", name="确认为重大隐患").click()
        page.wait_for_url(re.compile(r"/hazards/\w{26}/$"))
        expect(page.locator(".aw-thing-line")).to_contain_text("重大")


def test_evidence_is_judged_side_by_side_by_other_eyes(as_person, town):
    with as_person("jiancha") as page:
        page.goto(f"/hazards/{town.hazards['to_return']}/")
        page.get_by_role("link", name="退回重新整改").click()
        expect(page.locator("figure.aw-photo")).to_have_count(2)
        page.locator("[name=note]").fill("照片看不清绝缘垫，请补拍")
        page.get_by_role("button", name="退回重新整改").click()
        page.wait_for_url(re.compile(r"/hazards/\w{26}/$"))
        expect(page.locator(".aw-thing-line")).to_contain_text("退回")

        page.goto(f"/hazards/{town.hazards['to_close']}/")
        page.get_by_role("link", name="复查合格").click()
        close_too = page.locator("[name=close_too]")
        if close_too.count():
            close_too.check()
        page.get_by_role("button", name="复查合格").click()
        page.wait_for_url(re.compile(r"/hazards/\w{26}/$"))
        expect(page.locator(".aw-thing-line")).to_contain_text("已销号")
    with as_person("zhen") as page:
        page.goto(f"/hazards/{town.hazards['own_work']}/")
        expect(page.get_by_role("button", name="复查合格")).to_be_disabled()


# --- 4 ----------------------------------------------------------------------------------------------------------------


def test_the_county_office_keeps_its_ledger(as_person, town, tmp_path):
    with as_person("anwei") as page:
        page.goto("/hazards/?domain=coal&late=1")
        expect(page.locator(".aw-table tbody tr")).to_have_count(1)
        expect(page.locator(".aw-table")).to_contain_text("消防栓无水")
        page.locator(".aw-view-save").click()
        page.locator("#view-name").fill("煤矿逾期")
        page.locator(".aw-drop-form button.btn-primary", has_text="保存").first.click()
        expect(page.locator(".aw-views")).to_contain_text("煤矿逾期")
        page.goto("/hazards/?q=绝缘垫")
        expect(page.locator(".aw-table tbody tr")).to_have_count(1)

        page.goto("/hazards/overdue/")
        row = page.locator("tr", has_text="西口镇")
        row.get_by_role("link").nth(1).click()
        expect(page.locator(".aw-table")).to_contain_text("消防栓无水")

        page.goto("/figures/")
        door = page.locator("main a[href*='/hazards/?']").first
        door.click()
        page.wait_for_url(re.compile(r"/hazards/\?"))
        expect(page.locator(".aw-table tbody tr").first).to_be_visible()

        page.locator("summary", has_text="导出").click()
        with page.expect_download() as coming:
            page.locator("a[href*='/hazards/export/']").first.click()
        assert coming.value.path().stat().st_size > 2000


def test_the_county_office_takes_over_last_year_s_excel(as_person):
    sample = ROOT / "tests" / "samples" / "ledger-example.xlsx"
    with as_person("anwei") as page:
        page.goto("/hazards/import/")
        page.set_input_files("input[type=file]", sample)
        page.locator("form.aw-form .btn-primary").click()
        page.wait_for_url(re.compile(r"/hazards/import/\w{26}/"))
        expect(page.get_by_text("前几行", exact=False).first).to_be_visible()
        page.locator("[name=create_sites]").check()
        page.locator("button[name=take]").click()
        done = page.locator("section[role=status] h2")
        expect(done).to_be_visible(timeout=120_000)
        expect(page.locator("section[role=status]")).to_contain_text("新")
        page.goto("/hazards/?source=import")
        expect(page.locator(".aw-table tbody tr").first).to_be_visible()


def test_the_monthly_report_is_issued_as_a_paper_and_as_a_table(as_person):
    with as_person("anwei") as page:
        page.goto("/figures/monthly/")
        expect(page.locator("img[src^='data:image'], img[src*='/pages/']").first).to_be_visible()
        with page.expect_download() as coming:
            page.get_by_role("link", name="Excel").click()
        assert coming.value.suggested_filename.endswith(".xlsx")
        page.locator("form[action*='issue'] button").first.click()
        dialog = page.locator("dialog[open] .btn-primary")
        if dialog.count():
            dialog.click()
        page.wait_for_url(re.compile(r"/papers/"))
        expect(page.locator("body")).to_contain_text("月")


# --- 5 ----------------------------------------------------------------------------------------------------------------


def test_the_city_sees_its_counties_and_nothing_of_another_city(as_person, town):
    with as_person("shi") as page:
        page.goto("/hazards/")
        expect(page.locator("body")).to_contain_text("保德外县隐患")
        expect(page.locator("body")).not_to_contain_text("襄垣")
        for path in (f"/hazards/{town.hazards['far']}/", f"/sites/{town.sites['far']}/"):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status == 404


def test_the_auditor_reads_the_trail_and_proves_it(as_person):
    with as_person("sheji") as page:
        page.goto("/audit/")
        expect(page.locator(".aw-table tbody tr").first).to_be_visible()
        page.goto("/audit/checks/")
        page.locator("form[action='/audit/checks/'] button").click()
        page.wait_for_url(re.compile(r"/audit/checks/\w{26}/"))
        expect(page.locator("main")).to_contain_text(re.compile("完好|无误|没有发现|一致|未被改动"), timeout=90_000)
        answer = page.goto("/hazards/")
        assert answer is not None
        assert answer.status in {403, 404}


def test_the_system_administrator_keeps_the_house_and_reads_no_business(as_person, town):
    with as_person("xitong") as page:
        page.goto("/accounts/people/")
        expect(page.locator("main")).to_contain_text("网格员苗彩霞")
        page.goto("/standards/")
        expect(page.locator(".aw-table tbody tr").first).to_be_visible()
        page.goto("/checklists/")
        expect(page.locator(".aw-table tbody tr").first).to_be_visible()
        for path in ("/hazards/", "/sites/", "/inspections/", f"/hazards/{town.hazards['late']}/", "/audit/"):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status in {403, 404}, path
        for path in ("/accounts/grants/",):
            answer = page.goto(path)
            assert answer is not None
            assert answer.status in {403, 404}, "who makes accounts does not give rights"


# --- 6 ----------------------------------------------------------------------------------------------------------------

AT_WORK = ("anwei", "zhen", "jiancha", "qiye")


@pytest.mark.parametrize("who", AT_WORK)
def test_the_desk_shows_what_needs_me_late_first_one_click_to_act(as_person, town, who):
    with as_person(who) as page:
        page.goto("/")
        cards = page.locator(".aw-card")
        expect(cards.first).to_be_visible()
        at_once = [card.locator(".aw-now").count() > 0 for card in cards.all()]
        assert at_once == sorted(at_once, reverse=True), "an alarm that goes on stands above everything"
        rest = cards.all()[sum(at_once) :]
        late = [card.locator(".aw-due-late, [class*=late]").count() > 0 for card in rest]
        assert late == sorted(late, reverse=True), "what is late comes first"
        act = cards.locator(".aw-card-act a, .aw-card-act button").first
        act.click()
        page.wait_for_url(lambda url: url.rstrip("/") != town.url)
        expect(page.locator("main h1").first).to_be_visible()


@pytest.mark.parametrize("who", ["wangge", "shi", "lingdao", "zhuanjia", "sheji", "anquan", "xitong"])
def test_everybody_s_first_page_opens(as_person, who):
    with as_person(who, size=PHONE) as page:
        answer = page.goto("/")
        assert answer is not None
        assert answer.ok
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE[0], "the page scrolls sideways on a phone"
        expect(page.locator("h1").first).to_be_visible()

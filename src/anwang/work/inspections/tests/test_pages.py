"""The screens: every page draws, the road can be walked without scripts, bad input gets a clear answer, nothing leaks."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from anwang.ground.base.models import new_id
from anwang.ground.files.models import Paper
from anwang.kernel import clock
from anwang.work.hazards.models import Hazard
from anwang.work.inspections import selectors, services
from anwang.work.inspections.models import Inspection, Plan
from anwang.work.inspections.rules import State
from anwang.work.inspections.tests.conftest import answer_all, drawn_url, jpeg

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch, now):
    """The clock of the pages stands where the tests' clock stands."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


def photo(name="现场.jpg"):
    return SimpleUploadedFile(name, jpeg(), "image/jpeg")


def at(name, *args):
    return reverse(f"inspections:{name}", args=[getattr(each, "pk", each) for each in args])


def body_of(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:2000]
    text = answer.content.decode()
    assert not re.search(r"style=|onclick=", text)
    return text


# --- beginning --------------------------------------------------------------------------------------------------------


def test_where_to_begin_near_by_name_and_by_what_is_due(people, site, as_user, mine):
    place = site()
    site("远处面馆", lon=111.5, lat=39.6)
    client = as_user(people.grid)
    near = body_of(client.get(at("start"), {"lat": "39.3841", "lng": "111.1461"}))
    assert "望舒面馆" in near
    assert "远处面馆" not in near
    assert f"{at('begin', place)}?lat=39.3841&amp;lng=111.1461" in near
    assert "远处面馆" in body_of(client.get(at("start"), {"q": "远处"}))
    assert "没有" in body_of(client.get(at("places"), {"q": "查无此店"}))
    assert "云岫煤业主井" in body_of(client.get(at("start")))
    assert client.get(at("start"), {"lat": "nonsense", "lng": "999"}).status_code == 200


def test_only_who_visits_sees_where_to_begin(people, as_user):
    for who in (people.leader, people.system):
        assert as_user(who).get(at("start")).status_code == 403


def test_one_press_begins_a_visit(people, site, as_user, now):
    place = site()
    client = as_user(people.inspector)
    page = client.get(at("begin", place))
    text = body_of(page)
    assert "餐饮" in text
    form = page.context["form"]
    sent = {
        "inspection_id": form.initial["inspection_id"],
        "visit_kind": "government",
        "checklist": form.initial["checklist"],
        "lon": "111.146",
        "lat": "39.384",
    }
    answer = client.post(at("begin", place), sent)
    visit = Inspection.objects.get()
    assert answer.url == at("go", visit)
    assert (visit.state, visit.lead, visit.lon) == (State.ONGOING, people.inspector, 111.146)
    client.post(at("begin", place), sent)
    assert Inspection.objects.count() == 1
    assert "您在这里已有一次检查" in body_of(client.get(at("begin", place)))
    assert client.post(at("begin", place), {**sent, "visit_kind": "self_check"}).status_code == 422


def test_the_enterprise_checks_itself_and_nothing_else(people, mine, home, as_user):
    client = as_user(people.enterprise)
    page = client.get(at("begin", mine))
    assert [value for value, _label in page.context["form"].fields["visit_kind"].choices] == ["self_check"]
    assert client.get(at("begin", home)).status_code == 404
    assert as_user(people.leader).get(at("begin", mine)).status_code == 403


def test_the_office_arranges_for_others(people, mine, as_user, now):
    client = as_user(people.office)
    body_of(client.get(at("arrange", mine)))
    sent = {
        "inspection_id": new_id(),
        "visit_kind": "unannounced",
        "due_on": clock.local_date(now).isoformat(),
        "lead": people.inspector.pk,
        "companions": [people.inspector_two.pk],
    }
    visit_url = client.post(at("arrange", mine), sent).url
    assert "暗访" in body_of(client.get(visit_url))
    assert as_user(people.enterprise).get(visit_url).status_code == 404
    assert as_user(people.town).get(visit_url).status_code == 404
    wrong = client.post(at("arrange", mine), {**sent, "inspection_id": new_id(), "due_on": "2020-01-01"})
    assert wrong.status_code in (403, 404, 422)


def test_an_arranged_visit_is_begun_from_its_page(people, mine, as_user, now):
    visit = services.arrange(
        site_id=mine.pk, visit_kind="government", due_on=clock.local_date(now), by=people.inspector, now=now
    )
    client = as_user(people.inspector)
    assert at("begin_arranged", visit) in body_of(client.get(at("thing", visit)))
    assert client.post(at("begin_arranged", visit), {"lat": "x"}).url == at("go", visit)
    visit.refresh_from_db()
    assert visit.state == State.ONGOING
    assert visit.sheets.count() == 1


# --- the questions ----------------------------------------------------------------------------------------------------


def test_the_questions_stand_in_one_form_without_scripts(people, begun, as_user):
    visit = begun()
    client = as_user(people.inspector)
    text = body_of(client.get(at("go", visit)))
    view = selectors.sheets_of(visit)[0]
    first = next(q for q in view.questions if q.item.answer == "check")
    name = f"{view.sheet.pk}.{first.item.code}"
    assert f'name="{name}"' in text
    assert "data-visit" in text
    answer = client.post(at("go", visit), {name: "pass", f"{name}.note": "看过"})
    assert answer.url == at("thing", visit)
    kept = selectors.sheets_of(visit)[0].sheet.filled.answers
    assert kept[first.item.code] == {"value": "pass", "note": "看过"}


def test_answers_arrive_a_few_at_a_time(people, begun, as_user):
    visit = begun()
    view = selectors.sheets_of(visit)[0]
    code = next(q.item.code for q in view.questions if q.item.answer == "check")

    def send(user, **body):
        return as_user(user).post(at("answers", visit), json.dumps(body), content_type="application/json")

    kept = send(people.inspector, sheet=view.sheet.pk, answers={code: {"value": "fail"}}, base={})
    assert kept.status_code == 200
    assert kept.json()["answered"] == 1
    assert kept.json()["unreported"] == 1
    clash = send(people.inspector_two, sheet=view.sheet.pk, answers={code: {"value": "pass"}}, base={})
    assert (clash.status_code, clash.json()["key"]) == (409, "checklists.newer_answers")
    wrong = send(people.inspector, sheet=view.sheet.pk, answers={code: {"value": "perhaps"}})
    assert (wrong.status_code, wrong.json()["key"]) == (422, "checklists.answers_unfit")
    assert send(people.inspector, sheet="nonsense", answers={}).status_code == 422
    assert send(people.town, sheet=view.sheet.pk, answers={}).status_code == 403
    assert send(people.far, sheet=view.sheet.pk, answers={}).status_code == 404
    for bad in (
        "",
        "[]",
        '{"sheet": 1, "answers": {}}',
        '{"sheet": "a", "answers": []}',
        '{"sheet":"a","answers":{},"base":1}',
    ):
        answer = as_user(people.inspector).post(at("answers", visit), bad, content_type="application/json")
        assert answer.status_code == 400, bad


def test_a_checklist_is_added_or_changed(people, begun, as_user):
    visit = begun(checklist="")
    client = as_user(people.inspector)
    assert at("checklist", visit) in body_of(client.get(at("go", visit)))
    body_of(client.get(at("checklist", visit)))
    assert client.post(at("checklist", visit), {"key": "nine-small"}).url == at("go", visit)
    assert client.post(at("checklist", visit), {"key": "nine-small"}).status_code == 422


# --- findings ---------------------------------------------------------------------------------------------------------


def test_a_failed_item_is_recorded_with_a_photo(people, begun, as_user, now):
    visit = begun()
    view = selectors.sheets_of(visit)[0]
    item = next(q.item for q in view.questions if q.item.answer == "check" and q.item.grade == "general")
    services.answer(
        inspection_id=visit.pk, sheet_id=view.sheet.pk, answers={item.code: "fail"}, by=people.inspector, now=now
    )
    client = as_user(people.inspector)
    page = client.get(at("finding", visit), {"sheet": view.sheet.pk, "item": item.code})
    assert item.fail_zh in body_of(page)
    sent = {
        "finding_id": page.context["form"].initial["finding_id"],
        "sheet": view.sheet.pk,
        "item": item.code,
        "description": item.fail_zh,
        "decision": "due",
        "due_on": "2026-11-27",
        "photos": photo(),
        "photos_lat": "39.384",
        "photos_lng": "111.146",
    }
    answer = client.post(at("finding", visit), sent)
    assert answer.url == f"{at('go', visit)}#{view.sheet.pk}.{item.code}"
    hazard = Hazard.objects.get()
    assert (hazard.state, hazard.due_on.isoformat()) == ("assigned", "2026-11-27")
    client.post(at("finding", visit), {**sent, "photos": photo()})
    assert Hazard.objects.count() == 1
    assert hazard.description[:20] in body_of(client.get(at("thing", visit)))


def test_fixed_on_the_spot_and_signed_on_the_screen(people, begun, as_user):
    visit = begun(kind="patrol", by=people.grid, with_=[])
    client = as_user(people.grid)
    sent = {
        "finding_id": new_id(),
        "description": "灭火器前堆放纸箱",
        "decision": "fixed",
        "fixed_by_name": "苗彩霞",
        "photos": photo("前.jpg"),
        "after": photo("后.jpg"),
        "signed": drawn_url(),
    }
    missing = client.post(at("finding", visit), {**sent, "signed": "", "photos": photo(), "after": photo()})
    assert "签名" in body_of(missing, 422)
    nobody = client.post(at("finding", visit), {**sent, "fixed_by_name": "", "photos": photo(), "after": photo()})
    assert nobody.status_code == 422
    assert client.post(at("finding", visit), sent).url == at("thing", visit)
    assert Hazard.objects.get().state == "closed"


def test_a_finding_page_for_an_item_that_is_not_there(people, begun, as_user):
    visit = begun()
    client = as_user(people.inspector)
    assert client.get(at("finding", visit), {"sheet": "x", "item": "Z9"}).status_code == 404
    assert as_user(people.town).get(at("finding", visit)).status_code == 403
    assert as_user(people.far).get(at("finding", visit)).status_code == 404


# --- people and the end -----------------------------------------------------------------------------------------------


def test_people_are_added_certified_and_leave(people, begun, as_user):
    visit = begun(with_=[])
    client = as_user(people.inspector)
    text = body_of(client.get(at("people", visit)))
    assert "检查员乙" in text
    assert client.post(at("people", visit), {"user": people.inspector_two.pk}).url == at("people", visit)
    assert client.post(at("people", visit), {"name": "赵所长", "department": "西口镇消防所"}).status_code == 302
    assert client.post(at("people", visit), {}).status_code == 422
    row = next(each for each in selectors.there(visit) if each.name == "赵所长")
    body_of(client.get(at("certify", visit, row)))
    client.post(at("certify", visit, row), {"certificate": "14092209999"})
    row.refresh_from_db()
    assert row.certificate == "14092209999"
    client.post(at("leave", visit, row))
    row.refresh_from_db()
    assert row.left_at is not None
    assert client.get(at("certify", visit, row)).status_code == 404
    assert as_user(people.grid).get(at("people", visit)).status_code == 403


def test_a_joint_visit_offers_its_sections(people, begun, home, as_user):
    visit = begun(kind="joint", at=home, with_=[])
    text = body_of(as_user(people.inspector).get(at("people", visit)))
    assert "消防救援" in text
    sections = [part.code for part in selectors.sheets_of(visit)[0].parts if part.department == "fire"]
    as_user(people.inspector).post(at("people", visit), {"user": people.fire.pk, "sections": sections})
    go = body_of(as_user(people.fire).get(at("go", visit)))
    assert "由他人作答" in go
    assert as_user(people.fire).get(at("thing", visit)).status_code == 200


def test_the_place_signs_and_the_record_is_printed(people, begun, as_user, now, run_jobs):
    visit = begun(kind="government")
    answer_all(visit, people.inspector, now)
    client = as_user(people.inspector)
    body_of(client.get(at("finish", visit)))
    sent = {
        "certificate_shown": "on",
        "host_name": "苗彩霞",
        "host_phone": "15400000077",
        "opinion": "没有意见",
        "signed": drawn_url(),
        f"officer_{selectors.there(visit)[0].pk}": drawn_url(),
        "photos": photo(),
    }
    unsigned = client.post(at("finish", visit), {**sent, "signed": "", "photos": photo()})
    assert "签字" in body_of(unsigned, 422)
    assert client.post(at("finish", visit), sent).url == at("thing", visit)
    visit.refresh_from_db()
    assert visit.state == State.DONE
    text = body_of(client.get(at("thing", visit)))
    assert "15400000077" not in text
    assert at("record", visit) in text
    paper_url = client.post(at("record", visit)).url
    paper = Paper.objects.get()
    assert paper_url == reverse("files:paper", args=[paper.pk])
    assert paper.kind_key == "inspections.record"
    assert client.post(at("record", visit)).url == paper_url
    assert client.get(paper_url).status_code == 200
    # Whoever reads the visit finds the paper on its page, and cannot make another.
    leader = body_of(as_user(people.leader).get(at("thing", visit)))
    assert paper.number in leader
    assert as_user(people.leader).post(at("record", visit)).status_code == 403


def test_what_is_lacking_is_named_before_one_signs(people, begun, as_user):
    visit = begun(with_=[])
    text = body_of(as_user(people.inspector).get(at("finish", visit)))
    assert at("people", visit) in text
    assert "未作答" in text


def test_a_self_check_is_signed_by_who_made_it_and_printed_as_such(people, begun, mine, as_user, now):
    visit = begun(kind="self_check", by=people.enterprise, at=mine, with_=[])
    answer_all(visit, people.enterprise, now)
    client = as_user(people.enterprise)
    text = body_of(client.get(at("finding", visit)))
    assert 'value="fixed"' not in text
    assert "host_phone" not in body_of(client.get(at("finish", visit)))
    client.post(at("finish", visit), {"host_name": "武矿长", "signed": drawn_url()})
    client.post(at("record", visit))
    assert Paper.objects.get().kind_key == "inspections.self_record"


def test_nobody_there_turned_away_and_cancelled(people, begun, site, as_user, now):
    client = as_user(people.grid)
    visit = begun(kind="patrol", by=people.grid, with_=[])
    body_of(client.get(at("nobody", visit)))
    assert client.post(at("nobody", visit), {"note": "敲门无人"}).status_code == 422
    client.post(at("nobody", visit), {"note": "敲门无人", "next_on": "2026-11-23", "photos": photo()})
    following = Inspection.objects.get(before=visit)
    assert following.number in body_of(client.get(at("thing", visit)))
    assert visit.number in body_of(client.get(at("thing", following)))
    other = begun(kind="patrol", by=people.grid, with_=[])
    body_of(client.get(at("turned_away", other)))
    assert client.post(at("turned_away", other), {"note": ""}).status_code == 422
    client.post(at("turned_away", other), {"note": "不让进"})
    assert "拒绝检查" in body_of(client.get(at("thing", other)))
    third = begun(kind="patrol", by=people.grid, with_=[])
    body_of(client.get(at("cancel", third)))
    client.post(at("cancel", third), {"note": "走错门"})
    third.refresh_from_db()
    assert third.state == State.CANCELLED
    assert client.post(at("cancel", third), {"note": "走错门"}).status_code == 422
    assert client.get(at("go", third)).status_code == 409


# --- lists, plans, three-in-one ---------------------------------------------------------------------------------------


def test_the_list_with_every_filter(people, done, begun, as_user):
    visit = done()
    begun(kind="patrol", by=people.grid, with_=[])
    client = as_user(people.office)
    text = body_of(client.get(at("list")))
    assert visit.number in text
    assert text.count("data-panel") >= 2
    asked = client.get(
        at("list"),
        {
            "kind": "government",
            "state": "done",
            "domain": "commerce",
            "region": "140930",
            "made_from": "2026-11-01",
            "made_to": "2026-11-30",
            "q": "望舒",
            "site": visit.site_id,
            "sort": "made",
        },
    )
    assert visit.number in body_of(asked)
    assert visit.number not in body_of(client.get(at("list"), {"mine": "1"}))
    assert visit.number not in body_of(client.get(at("list"), {"hazards": "1", "late": "1"}))
    assert visit.number not in body_of(as_user(people.far).get(at("list")))
    assert as_user(people.system).get(at("list")).status_code == 403


def test_the_list_asks_the_database_a_fixed_number_of_questions(people, done, as_user, django_assert_max_num_queries):
    for _ in range(6):
        done()
    client = as_user(people.office)
    client.get(at("list"))
    with django_assert_max_num_queries(24):
        client.get(at("list"))


def test_the_excel_holds_what_is_shown(people, done, as_user):
    visit = done()
    answer = as_user(people.office).get(at("export"), {"kind": "government"})
    assert answer["Content-Type"].endswith("sheet")
    assert len(answer.content) > 1000
    assert as_user(people.grid).get(at("export")).status_code == 403
    assert visit.number


def test_a_plan_is_looked_at_made_walked_and_withdrawn(people, site, mine, as_user, now):
    site("无类别面馆")
    client = as_user(people.office)
    page = client.get(at("plan_new"))
    body_of(page)
    sent = {
        "plan_id": page.context["form"].initial["plan_id"],
        "title": "2027年度监督检查计划",
        "visit_kind": "government",
        "region": "140930",
        "begins_on": "2027-01-01",
        "ends_on": "2027-12-31",
    }
    look = body_of(client.post(at("plan_new"), sent))
    assert "无类别面馆" in look
    assert not Plan.objects.exists()
    assert client.post(at("plan_new"), {**sent, "ends_on": "2026-01-01"}).status_code == 422
    assert client.post(at("plan_new"), {**sent, "make": "1", "site_kinds": ["school"]}).status_code == 422
    made = client.post(at("plan_new"), {**sent, "make": "1"})
    plan = Plan.objects.get()
    assert made.url == at("plan", plan)
    text = body_of(client.get(at("plan", plan)))
    assert "云岫煤业主井" in text
    assert "2027年度监督检查计划" in body_of(client.get(at("plans")))
    assert "云岫煤业主井" in body_of(client.get(at("due")))
    body_of(client.get(at("plan", plan), {"state": "open", "q": "云岫", "sort": "-due"}))
    slot = plan.visits.order_by("due_on").first()
    assert "计划" in body_of(client.get(at("begin", mine), {"planned": slot.pk}))
    body_of(client.get(at("leave_out", slot)))
    assert client.post(at("leave_out", slot), {"note": "停产"}).url == at("plan", plan)
    assert client.post(at("leave_out", slot), {"note": "停产"}).status_code == 422
    body_of(client.get(at("plan_withdraw", plan)))
    client.post(at("plan_withdraw", plan), {"note": "重新编制"})
    assert "重新编制" in body_of(client.get(at("plan", plan)))
    assert as_user(people.grid).get(at("plan_new")).status_code == 403
    assert as_user(people.far).get(at("plan", plan)).status_code == 404
    assert as_user(people.enterprise).get(at("plan", plan)).status_code == 404


def test_three_in_one_page(people, done, mine, as_user):
    done(kind="self_check", by=people.enterprise, at=mine, with_=[])
    done(kind="government", at=mine)
    text = body_of(as_user(people.office).get(at("three", mine)))
    assert "企业自查" in text
    assert "尚未检查" in text
    assert as_user(people.other_enterprise).get(at("three", mine)).status_code == 404
    assert as_user(people.far).get(at("three", mine)).status_code == 404


@pytest.mark.parametrize(
    "name", ["thing", "go", "finding", "people", "finish", "nobody", "turned_away", "cancel", "checklist"]
)
def test_what_is_not_there_or_not_theirs_is_not_found(people, begun, as_user, name):
    visit = begun()
    for who in (people.far, people.other_county, people.other_enterprise):
        assert as_user(who).get(at(name, visit)).status_code == 404, who
    client = as_user(people.inspector)
    for bad in (new_id(), "x", "1" * 26):
        assert client.get(reverse(f"inspections:{name}", args=[bad])).status_code == 404


def test_strangers_are_sent_to_sign_in(client, begun):
    visit = begun()
    for name in ("list", "start", "plans", "due"):
        assert client.get(at(name)).status_code == 302
    assert client.get(at("thing", visit)).status_code == 302


def test_the_pages_are_there_in_english_too(people, begun, as_user):
    visit = begun()
    client = as_user(people.inspector)
    client.cookies["anwang_language"] = "en"
    assert "Go on with the questions" in client.get(at("thing", visit)).content.decode()

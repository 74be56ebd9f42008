"""The screens: who sees what, what bad input gets, how many questions the database is asked."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from anwang.ground.accounts.models import SavedView
from anwang.ground.audit.models import AuditRow
from anwang.kernel import clock, ids
from anwang.work.hazards import selectors, services
from anwang.work.hazards.models import Extension, Hazard
from anwang.work.hazards.web.acts import PAGES

from .conftest import jpeg, major_urn

pytestmark = pytest.mark.django_db

ROAD = ["found", "graded", "assigned", "rectifying", "submitted", "verified", "closed"]
LEDGER = "/hazards/"


def page(client, hazard):
    return client.get(reverse("hazards:hazard", args=[hazard.pk]))


def address(hazard, action):
    return reverse("hazards:act", args=[hazard.pk, action])


def photo(name="现场.jpg"):
    return SimpleUploadedFile(name, jpeg(), "image/jpeg")


@pytest.fixture(autouse=True)
def _now(monkeypatch, now):
    """The clock of the pages stands where the tests' clock stands."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


# --- one hazard -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [*ROAD, "major_proposed"])
def test_the_page_of_a_hazard_in_every_state(walked, people, as_user, state):
    hazard = walked(state, major=state == "major_proposed")
    for person in (people.inspector, people.enterprise, people.city, people.town):
        answer = page(as_user(person), hazard)
        assert answer.status_code == 200, person
        body = answer.content.decode()
        assert hazard.number in body
        assert "15400000077" not in body
        assert not re.search(r"style=|onclick=|<script>(?!\s*<)", body)


def test_what_is_refused_says_why(walked, people, as_user):
    hazard = walked("major_proposed", major=True)
    body = page(as_user(people.inspector), hazard).content.decode()
    assert "重大隐患是您提出的，须由另一人确认。" in body
    assert address(hazard, "confirm_major") not in body
    assert address(hazard, "confirm_major") in page(as_user(people.office), hazard).content.decode()


def test_the_page_asks_the_database_so_often(walked, people, as_user, django_assert_num_queries):
    hazard = walked("submitted")
    client = as_user(people.inspector)
    page(client, hazard)
    with django_assert_num_queries(21):
        page(client, hazard)


def test_a_whole_number_is_shown_once_and_recorded(walked, people, as_user):
    hazard = walked("rectifying")
    url = reverse("hazards:unmask", args=[hazard.pk, "responsible"])
    answer = as_user(people.inspector).post(url)
    assert "15400000077" in answer.content.decode()
    row = AuditRow.objects.get(event="hazards.unmasked")
    assert (row.by_id, row.on_id, row.data) == (people.inspector.pk, hazard.pk, {"whose": "responsible"})
    assert as_user(people.inspector).get(url).status_code == 405
    assert as_user(people.town).post(url).status_code == 403
    assert as_user(people.inspector).post(reverse("hazards:unmask", args=[hazard.pk, "nobody"])).status_code == 404
    assert as_user(people.far).post(url).status_code == 404
    assert AuditRow.objects.filter(event="hazards.unmasked").count() == 1


def test_out_of_sight_is_not_there(walked, people, as_user):
    hazard = walked("submitted")
    for person in (people.far, people.other_county, people.system):
        client = as_user(person)
        assert page(client, hazard).status_code == 404
        assert client.get(address(hazard, "verify")).status_code == 404
        assert client.post(address(hazard, "verify"), {"note": ""}).status_code == 404
        assert client.get(reverse("hazards:units", args=[hazard.pk])).status_code == 404
        assert client.get(reverse("hazards:paper", args=[hazard.pk, "order"])).status_code == 404
        assert client.get(reverse("hazards:report"), {"site": hazard.site_id}).status_code in (403, 404)


@pytest.mark.parametrize("strange", ["x", "0" * 26, "01M8048B755XKSKF1DYD2ZRVB6", "%00", "é" * 26])
def test_unknown_ids_are_not_there(people, as_user, strange):
    client = as_user(people.office)
    for url in (f"/hazards/{strange}/", f"/hazards/{strange}/verify/", f"/hazards/{strange}/papers/order/"):
        assert client.get(url).status_code == 404, url
    assert client.get("/hazards/report/", {"site": strange}).status_code == 404
    assert client.post(f"/hazards/views/{strange}/delete/").status_code == 404


def test_signed_out_people_are_asked_to_sign_in(client, walked):
    hazard = walked("found")
    for url in (LEDGER, "/hazards/overdue/", f"/hazards/{hazard.pk}/", "/hazards/report/", address(hazard, "grade")):
        assert client.get(url).status_code == 302, url


# --- acts -------------------------------------------------------------------------------------------------------------


def test_every_act_that_is_offered_has_a_page(walked, people, as_user, now):
    """Whatever stands on the page of a hazard leads to a form, or to the reason why not."""
    opened = set()
    for state in [*ROAD, "major_proposed"]:
        hazard = walked(state, major=state == "major_proposed")
        for person in (people.inspector, people.office, people.enterprise):
            client = as_user(person)
            for each in selectors.acts(hazard, acting=person, now=now):
                answer = client.get(address(hazard, each.action))
                assert answer.status_code == (200 if each.refused is None else 409), (state, each)
                opened.add(each.action)
    assert set(PAGES) - opened <= {"resume", "decide_extension"}


def test_the_whole_road_in_the_browser(found, people, as_user, organisation, now):
    hazard = found(photos=[])
    day = clock.add_days(clock.local_date(now), 5)

    def press(who, action, **said):
        answer = as_user(who).post(address(hazard, action), said)
        assert answer.status_code == 302, answer.content.decode()[:3000]
        hazard.refresh_from_db()

    press(people.inspector, "add_photos", photos=[photo()])
    press(people.inspector, "propose_major", standard_urn="", other_urn=major_urn(hazard), note="现场核实")
    press(people.office, "reject_major", note="不构成")
    press(people.inspector, "grade", basis="《煤矿安全规程》", note="")
    press(people.inspector, "assign", unit_id=people.enterprise.mine.pk, due_on=day, measures="更换", note="")
    press(people.enterprise, "start", note="")
    press(people.enterprise, "plan", person="武某", phone="15400000077", measures="更换", funds="无需资金")
    later = clock.add_days(day, 3)
    press(people.enterprise, "ask_extension", new_due_on=later, reason="缺件", interim="专人值守")
    press(people.town, "decide_extension", answer="grant", note="同意")
    assert hazard.due_on == later
    press(people.office, "suspend", note="封冻")
    press(people.office, "resume", due_on=day, note="")
    other = organisation("河曲县望舒商贸有限公司")
    press(people.office, "transfer", unit_id=other.pk, note="责任变更", due_on="")
    press(people.office, "transfer", unit_id=people.enterprise.mine.pk, note="转回", due_on="")
    press(people.enterprise, "submit", note="已改", photos=[photo(), photo()])
    press(people.inspector, "send_back", note="看不清")
    press(people.enterprise, "submit", note="重拍", photos=[photo()])
    press(people.inspector, "verify", note="到位", close_too="on")
    assert hazard.state == "closed"
    press(people.office, "reopen", note="抽查不合格")
    assert (hazard.state, hazard.closed_on) == ("returned", None)


def test_closing_on_the_spot_in_the_browser(found, people, as_user, picture):
    hazard = found(photos=[picture(by=people.inspector)])
    said = {"fixed_by_name": "王某", "note": "", "photos": [photo()]}
    assert as_user(people.inspector).post(address(hazard, "fix_on_spot"), said).status_code == 302
    hazard.refresh_from_db()
    assert (hazard.state, hazard.on_spot) == ("closed", True)


@pytest.mark.parametrize(
    ("state", "action", "said", "words"),
    [
        ("graded", "assign", {"due_on": "2026-02-30"}, "输入一个有效的日期"),
        ("graded", "assign", {"due_on": ""}, "必填"),
        ("graded", "assign", {"due_on": "2026-11-01"}, "期限早于今天"),
        ("graded", "assign", {"due_on": "2036-11-01"}, "期限超过规定的最长天数"),
        ("graded", "assign", {"due_on": "9999-12-31"}, "期限超过规定的最长天数"),
        ("graded", "assign", {"due_on": "2026-11-25", "measures": "长" * 1001}, "1000"),
        ("graded", "assign", {"due_on": "2026-11-25", "unit_id": "0" * 26}, "0000"),
        ("graded", "assign", {"due_on": "2026-11-25", "unit_id": "\0"}, "有效"),
        ("graded", "propose_major", {"standard_urn": "", "other_urn": ""}, "判定情形"),
        ("submitted", "send_back", {"note": ""}, "必填"),
        ("submitted", "send_back", {"note": "长" * 1001}, "1000"),
        ("submitted", "send_back", {"note": "a\0b"}, "空字符"),
        ("rectifying", "submit", {"note": "已改"}, "没有下达整改之后拍摄的照片"),
        ("rectifying", "plan", {"person": "武" * 41, "phone": "1"}, "40"),
        ("rectifying", "ask_extension", {"new_due_on": "2026-11-20", "reason": "a", "interim": "b"}, "不晚于现有期限"),
        ("rectifying", "ask_extension", {"new_due_on": "9999-12-31", "reason": "a", "interim": "b"}, "最长天数"),
    ],
)
def test_bad_input_is_said_beside_the_field(walked, people, as_user, state, action, said, words):
    hazard = walked(state)
    person = people.enterprise if state == "rectifying" else people.inspector
    answer = as_user(person).post(address(hazard, action), said)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    hazard.refresh_from_db()
    assert hazard.state == state


def test_the_second_of_two_people_reads_what_happened(walked, people, as_user):
    hazard = walked("submitted")
    services.verify(hazard_id=hazard.pk, by=people.inspector_two, now=hazard.state_since)
    answer = as_user(people.office).post(address(hazard, "verify"), {"note": ""})
    assert answer.status_code == 409
    assert "已经是“待销号”状态" in answer.content.decode()
    assert hazard.moves.filter(action="verify").count() == 1


def test_pressing_twice_does_it_once(walked, people, as_user):
    hazard = walked("submitted")
    client = as_user(people.inspector)
    for _ in range(2):
        answer = client.post(address(hazard, "verify"), {"note": "到位"})
        assert answer.status_code == 302
    assert hazard.moves.filter(action="verify").count() == 1


def test_an_act_that_is_none_is_not_there(walked, people, as_user):
    hazard = walked("found")
    assert as_user(people.office).get(address(hazard, "explode")).status_code == 404
    assert as_user(people.office).get(reverse("hazards:paper", args=[hazard.pk, "letter"])).status_code == 404


def test_units_are_found_while_typing(walked, people, as_user, organisation):
    hazard = walked("graded")
    organisation("河曲县望舒商贸有限公司")
    client = as_user(people.inspector)
    url = reverse("hazards:units", args=[hazard.pk])
    assert "望舒商贸" in client.get(url, {"unit_q": "望舒"}).content.decode()
    assert "没有名称含这些字的单位" in client.get(url, {"unit_q": "不存在"}).content.decode()
    assert client.get(url, {"unit_q": "\0"}).status_code == 200
    found = client.post(address(hazard, "assign"), {"unit_q": "望舒", "find_unit": "1"})
    assert found.status_code == 200


# --- the ledger ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "plain", "filtered"), [("office", 10, 12), ("enterprise", 9, 9), ("grid", 10, 10)])
def test_the_ledger_asks_the_database_so_often(
    walked, people, as_user, django_assert_num_queries, who, plain, filtered
):
    """Session, person, grants, regions to choose, saved views; the page; the strip; whose eyes (an enterprise: its unit), unread messages.

    A list longer than a page asks once more, for its count.
    """
    for _ in range(3):
        walked("rectifying")
    client = as_user(getattr(people, who))
    client.get(LEDGER)
    with django_assert_num_queries(plain):
        client.get(LEDGER)
    with django_assert_num_queries(filtered):
        client.get(LEDGER, {"domain": "coal", "grade": "general", "region": "140930100", "late": "1"})


def test_the_ledger_shows_what_is_asked(walked, people, as_user):
    open_one, closed = walked("rectifying"), walked("closed")
    client = as_user(people.office)

    def shown(**asked):
        body = client.get(LEDGER, asked).content.decode()
        return (open_one.number in body, closed.number in body)

    assert shown() == (True, False)
    assert shown(group="all") == (True, True)
    assert shown(group="closed") == (False, True)
    assert shown(state="closed") == (False, True)
    assert shown(q=closed.number, group="all") == (False, True)
    assert shown(domain="commerce", group="all") == (False, False)
    assert shown(sort="-found", col="unit") == (True, False)
    assert shown(group="all", unit=people.enterprise.mine.pk) == (True, True)


@pytest.mark.parametrize(
    "query",
    [
        "state=nonsense&grade=&domain=x&source=&sort=number&due=x&found_from=2026-13-40&found_to=z",
        "region=999999&q=%00&unit=%00&campaign=%00&site=é",
        "q=" + "长" * 400,
        "after=!!!",
        "col=x&late=maybe&group=open&group=closed",
        "q=%27%22%3B--&region=140930%27",
    ],
)
def test_nonsense_in_the_address_breaks_nothing(walked, people, as_user, query):
    walked("found")
    assert as_user(people.office).get(f"{LEDGER}?{query}").status_code in (200, 409, 422)


def test_who_reads_no_hazards_reads_no_ledger(people, as_user):
    assert as_user(people.system).get(LEDGER).status_code == 403
    assert as_user(people.system).get("/hazards/overdue/").status_code == 403


def test_a_view_is_kept_and_forgotten(people, as_user):
    client = as_user(people.office)
    said = {"name": "逾期的煤矿", "query": "late=1&domain=coal", "next": "/hazards/?late=1&domain=coal"}
    answer = client.post(reverse("hazards:view_save"), said)
    assert answer["Location"] == said["next"]
    view = SavedView.objects.get()
    assert "逾期的煤矿" in client.get(LEDGER).content.decode()
    assert client.post(reverse("hazards:view_save"), {**said, "next": "https://example.com/"})["Location"] == LEDGER
    assert client.post(reverse("hazards:view_save"), {**said, "next": "//example.com"})["Location"] == LEDGER
    other = as_user(people.inspector)
    assert other.post(reverse("hazards:view_delete", args=[view.pk])).status_code == 404
    client = as_user(people.office)
    assert client.post(reverse("hazards:view_delete", args=[view.pk])).status_code == 302
    assert not SavedView.objects.exists()
    assert client.post(reverse("hazards:view_save"), {"name": " ", "query": ""}).status_code == 422


def test_late_by_town_in_the_browser(walked, people, as_user, places, now):
    client = as_user(people.office)
    assert places.town.name in client.get("/hazards/overdue/").content.decode()
    assert client.get("/hazards/overdue/", {"region": places.far_county.pk}).status_code == 404
    assert as_user(people.city).get("/hazards/overdue/", {"region": places.county.pk}).status_code == 200
    assert as_user(people.grid).get("/hazards/overdue/").status_code == 200


# --- recording ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def said(site, now):
    def fill(**more):
        place = more.pop("at", None) or site()
        return {
            "hazard_id": ids.new_ulid(),
            "site": place.pk,
            "description": "灭火器压力不足",
            "source": "grid",
            "found_at": "2026-11-20T09:30",
            "domain": "coal",
            "photos": [photo()],
            **more,
        }

    return fill


def test_recording_on_a_phone(people, as_user, said):
    client = as_user(people.grid)
    given = said(photos_lat="39.38", photos_lng="111.14")
    assert client.get("/hazards/report/", {"site": given["site"]}).status_code == 200
    answer = client.post("/hazards/report/", given)
    hazard = Hazard.objects.get()
    assert answer["Location"] == reverse("hazards:hazard", args=[hazard.pk])
    assert (hazard.pk, hazard.state, hazard.found_by) == (given["hazard_id"], "found", people.grid)
    assert (hazard.lon, hazard.lat) == (111.14, 39.38)
    assert len(selectors.photos(hazard, "before")) == 1


def test_recording_twice_makes_one(people, as_user, said):
    client = as_user(people.grid)
    given = said()
    assert client.post("/hazards/report/", given).status_code == 302
    assert client.post("/hazards/report/", {**given, "photos": [photo()]}).status_code == 302
    assert Hazard.objects.count() == 1
    # Another text under the number of a form that was sent is not thrown away in silence.
    answer = client.post("/hazards/report/", {**given, "description": "另一条", "photos": [photo()]})
    assert answer.status_code == 422
    assert "另一条" in answer.content.decode()


def test_an_id_of_somebody_else_s_hazard_is_refused(people, as_user, said, site, places):
    mine = said()
    theirs = site("东关超市", kind_key="restaurant", region=places.other_grid, enterprise=None, by=people.other_county)
    hidden = services.report(
        site_id=theirs.pk,
        description="别县的",
        source="grid",
        found_at=people.office.created_at,
        by=people.other_county,
        now=people.office.created_at,
    )
    answer = as_user(people.grid).post("/hazards/report/", {**mine, "hazard_id": hidden.pk})
    assert answer.status_code == 422
    assert "别县的" not in answer.content.decode()


def test_put_right_on_the_spot(people, as_user, said):
    client = as_user(people.grid)
    given = said(on_spot="on", fixed_by_name="王店主")
    answer = client.post("/hazards/report/", given)
    assert answer.status_code == 422  # no photo afterwards: nothing is kept
    assert not Hazard.objects.exists()
    answer = client.post("/hazards/report/", {**given, "photos": [photo()], "after": [photo()]})
    assert answer.status_code == 302
    hazard = Hazard.objects.get()
    assert (hazard.state, hazard.fix_person) == ("closed", "王店主")


def test_a_unit_does_not_close_its_own_find(people, as_user, said):
    client = as_user(people.enterprise)
    given = said(source="self_check", on_spot="on", fixed_by_name="武某", after=[photo()])
    answer = client.post("/hazards/report/", given)
    assert answer.status_code == 422
    assert "不能由本单位自行销号" in answer.content.decode()
    assert not Hazard.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"description": ""},
        {"description": "长" * 1001},
        {"hazard_id": "x"},
        {"found_at": "2026-11-21T09:00"},
        {"found_at": "yesterday"},
        {"found_at": "0001-01-01T00:00"},
        {"domain": "x"},
        {"source": "import"},
        {"basis": "长" * 301},
        {"on_spot": "on", "fixed_by_name": ""},
        {"photos": [SimpleUploadedFile("a.jpg", b"no picture at all", "image/jpeg")]},
        {"relapse_of": "0" * 26},
    ],
)
def test_recording_refuses_what_does_not_fit(people, as_user, said, change):
    given = said() | change
    client = as_user(people.grid)
    answer = client.post("/hazards/report/", given)
    fits = "relapse_of" in change  # no list of closed ones was shown, so the word is not read
    assert answer.status_code == (302 if fits else 422)
    assert Hazard.objects.count() == int(fits)


def test_a_relapse_is_linked(walked, people, as_user, said):
    closed = walked("closed")
    given = said(at=closed.site, relapse_of=closed.pk)
    as_user(people.grid).post("/hazards/report/", given)
    hazard = Hazard.objects.get(pk=given["hazard_id"])
    assert hazard.relapse_of == closed
    assert hazard.number in page(as_user(people.office), closed).content.decode()


def test_choosing_the_place(people, as_user, site):
    site()
    client = as_user(people.grid)
    assert "云岫煤业主井" in client.get("/hazards/report/").content.decode()
    assert "云岫煤业主井" in client.get("/hazards/report/", {"lat": "39.3841", "lng": "111.1461"}).content.decode()
    assert "没有登记在册" in client.get("/hazards/report/", {"lat": "10", "lng": "10"}).content.decode()
    for strange in ({"lat": "x", "lng": "nan"}, {"lat": "999", "lng": "1"}, {"q": "\0"}, {"q": "%"}):
        assert client.get("/hazards/report/", strange).status_code == 200
        assert client.get("/hazards/report/places/", strange).status_code == 200
    assert as_user(people.leader).get("/hazards/report/").status_code == 403


def test_the_standards_speak_while_one_types(people, as_user):
    client = as_user(people.inspector)
    url = reverse("hazards:proposal")
    assert client.get(url, {"description": "瓦斯超限作业", "domain": "coal"}).status_code == 200
    assert client.get(url, {"description": "\0" * 9, "domain": "\0"}).status_code == 200


# --- papers -------------------------------------------------------------------------------------------------------------


def test_the_order_is_printed(walked, people, as_user):
    for person, certificate in ((people.inspector, "14090012345"), (people.inspector_two, "14090012378")):
        person.certificate = certificate
        person.save(update_fields=["certificate"])
    hazard = walked("assigned")
    client = as_user(people.inspector)
    url = reverse("hazards:paper", args=[hazard.pk, "order"])
    assert client.get(url).status_code == 200
    given = {
        "agency": "河曲县应急管理局",
        "word": "应急",
        "basis": "《中华人民共和国安全生产法》\n《煤矿安全生产条例》",
        "government": "河曲县人民政府",
        "court": "河曲县人民法院",
    }
    alone = client.post(url, given)
    assert alone.status_code == 422
    assert "2" in alone.content.decode()  # two officers with a certificate
    answer = client.post(url, {**given, "officer_ids": [people.inspector_two.pk]})
    assert answer.status_code == 302, answer.content.decode()[:2000]
    body = page(client, hazard).content.decode()
    assert "应急责改〔2026〕1号" in body
    # What an office always writes is remembered.
    assert "河曲县人民法院" in client.get(url).content.decode()
    services.submit(
        hazard_id=hazard.pk,
        by=people.enterprise,
        now=hazard.state_since,
        note="已改",
        photos=[_photo_of(people.enterprise, hazard.state_since)],
    )
    again = reverse("hazards:paper", args=[hazard.pk, "recheck"])
    order = re.search(r'<option value="(\w{26})"', client.get(again).content.decode())
    given = {
        "agency": "河曲县应急管理局",
        "word": "应急",
        "officer_ids": [people.inspector_two.pk],
        "order_id": order[1],
        "checked_on": "2026-11-20",
        "result": "done",
        "opinion": "已整改到位",
    }
    answer = client.post(again, given)
    assert answer.status_code == 302, answer.content.decode()[:2000]


def _photo_of(person, at):
    from anwang.ground.files import services as files

    return files.upload(data=jpeg(), name="现场.jpg", by=person, now=at, taken_at=at).pk


def test_the_notice_for_a_shop(walked, people, as_user):
    hazard = walked("assigned")
    url = reverse("hazards:paper", args=[hazard.pk, "notice"])
    assert as_user(people.city).get(url).status_code == 403
    answer = as_user(people.grid).post(url, {"agency": "西口镇人民政府", "word": "西安"})
    assert answer.status_code == 302
    assert "告知〔2026〕1号" in page(as_user(people.grid), hazard).content.decode()


def test_extensions_are_decided_once(walked, people, as_user):
    hazard = walked("rectifying")
    services.ask_extension(
        hazard_id=hazard.pk,
        new_due_on=clock.add_days(hazard.due_on, 2),
        reason="缺件",
        interim="专人值守",
        by=people.enterprise,
        now=hazard.state_since,
    )
    client = as_user(people.office)
    assert client.post(address(hazard, "decide_extension"), {"answer": "refuse", "note": ""}).status_code == 422
    assert client.post(address(hazard, "decide_extension"), {"answer": "refuse", "note": "不必"}).status_code == 302
    assert Extension.objects.get().state == "refused"
    assert client.post(address(hazard, "decide_extension"), {"answer": "grant", "note": ""}).status_code == 409

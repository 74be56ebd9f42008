"""The API: the same verbs, the same refusals, few questions per verb, and no way to break it with words."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from anwang.ground.audit.models import AuditRow
from anwang.kernel import clock, ids
from anwang.work.hazards import services
from anwang.work.hazards.models import Hazard

from .conftest import major_urn

pytestmark = pytest.mark.django_db

BASE = "/api/hazards"


@pytest.fixture(autouse=True)
def _now(monkeypatch, now):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


@pytest.fixture
def api(as_user):
    """``api(person).post("/…", said)`` → (status, body)."""

    class Calls:
        def __init__(self, person):
            self.person = person

        def get(self, path, **query):
            answer = as_user(self.person).get(BASE + path, query)
            return answer.status_code, json.loads(answer.content or b"null")

        def post(self, path, said=None):
            client = as_user(self.person)
            answer = client.post(BASE + path, data=json.dumps(said or {}), content_type="application/json")
            return answer.status_code, json.loads(answer.content or b"null")

    return Calls


def test_the_whole_road(api, people, site, picture, now):
    office, unit, second = api(people.inspector), api(people.enterprise), api(people.office)
    place = site()
    key = ids.new_ulid()
    said = {
        "hazard_id": key,
        "site_id": place.pk,
        "description": "皮带机头灭火器压力不足",
        "source": "government",
        "found_at": now.isoformat(),
        "photos": [picture(by=people.inspector)],
    }
    assert office.post("/", said)[0] == 201
    status, again = office.post("/", said)
    assert (status, again["id"], Hazard.objects.count()) == (201, key, 1)
    due = clock.add_days(clock.local_date(now), 5).isoformat()
    steps = [
        (office, "propose_major", {"standard_urn": major_urn(Hazard.objects.get()), "note": "核实"}, "major_proposed"),
        (second, "reject_major", {"note": "不构成"}, "found"),
        (office, "grade", {"basis": "《煤矿安全规程》"}, "graded"),
        (office, "assign", {"due_on": due, "unit_id": people.enterprise.mine.pk}, "assigned"),
        (unit, "plan", {"person": "武某", "phone": "15400000077"}, "assigned"),
        (unit, "start", {}, "rectifying"),
        (second, "suspend", {"note": "封冻"}, "suspended"),
        (second, "resume", {"due_on": due}, "rectifying"),
        (unit, "submit", {"note": "已改", "photos": [picture(by=people.enterprise)]}, "submitted"),
        (office, "send_back", {"note": "看不清"}, "returned"),
        (unit, "add_photos", {"slot": "after", "photos": [picture(by=people.enterprise)]}, "returned"),
        (unit, "submit", {"note": "重拍"}, "submitted"),
        (office, "verify", {}, "verified"),
        (second, "close", {}, "closed"),
        (second, "reopen", {"note": "抽查"}, "returned"),
    ]
    for caller, verb, said, state in steps:
        status, body = caller.post(f"/{key}/{verb}", said)
        assert (status, body.get("state")) == (200, state), (verb, body)
    status, body = office.get(f"/{key}")
    assert (status, body["fixings"]["phone"], body["fixings"]["missing"]) == (
        200,
        "154****0077",
        ["measures", "funds", "plan"],
    )
    assert [move["action"] for move in office.get(f"/{key}/moves")[1]][-1] == "reopen"
    assert len(office.get(f"/{key}/photos")[1]) == 3


def test_extensions(api, people, walked):
    hazard = walked("rectifying")
    unit, town = api(people.enterprise), api(people.town)
    said = {"new_due_on": clock.add_days(hazard.due_on, 3).isoformat(), "reason": "缺件", "interim": "值守"}
    status, asked = unit.post(f"/{hazard.pk}/ask_extension", said)
    assert (status, asked["state"]) == (200, "asked")
    status, refused = unit.post(f"/{hazard.pk}/decide_extension", {"extension_id": asked["id"], "grant": True})
    assert (status, refused["key"]) == (403, "accounts.not_permitted")
    status, granted = town.post(f"/{hazard.pk}/decide_extension", {"extension_id": asked["id"], "grant": True})
    assert (status, granted["state"]) == (200, "granted")
    status, body = town.post(f"/{hazard.pk}/decide_extension", {"extension_id": asked["id"], "grant": False})
    assert (status, body["key"]) == (409, "hazards.extension_decided")
    assert [each["state"] for each in town.get(f"/{hazard.pk}/extensions")[1]] == ["granted"]
    other = walked("rectifying")
    assert town.post(f"/{other.pk}/decide_extension", {"extension_id": asked["id"], "grant": True})[0] == 404


def test_what_is_offered_and_why_not(api, people, walked):
    hazard = walked("major_proposed", major=True)
    offers = {each["action"]: each for each in api(people.inspector).get(f"/{hazard.pk}/offers")[1]}
    assert offers["confirm_major"]["refused"] == "hazards.second_person"
    assert offers["confirm_major"]["what"]
    assert {each["action"]: each["refused"] for each in api(people.office).get(f"/{hazard.pk}/offers")[1]}[
        "confirm_major"
    ] is None


def test_the_second_of_two(api, people, walked):
    hazard = walked("submitted")
    assert api(people.inspector).post(f"/{hazard.pk}/verify")[0] == 200
    status, body = api(people.inspector_two).post(f"/{hazard.pk}/verify")
    assert (status, body["key"]) == (409, "hazards.move_not_offered")
    assert "待销号" in body["what"]
    assert body["todo"]


def test_accepting_closes_in_one_call(api, people, walked):
    hazard = walked("submitted")
    assert api(people.inspector).post(f"/{hazard.pk}/accept", {"note": "到位"})[1]["state"] == "closed"


def test_the_list(api, people, walked):
    late, closed = walked("rectifying"), walked("closed")
    status, body = api(people.office).get("/", state="open")
    assert (status, body["count"], body["more"]) == (200, 1, False)
    assert body["items"][0]["number"] == late.number
    status, body = api(people.office).get("/", order="-found", size=1)
    assert (body["count"], len(body["items"]), bool(body["next"])) == (2, 1, True)
    following = api(people.office).get("/", order="-found", size=1, after=body["next"])[1]
    assert {body["items"][0]["id"], following["items"][0]["id"]} == {late.pk, closed.pk}
    assert following["next"] == ""
    assert api(people.far).get("/")[1]["count"] == 0
    assert api(people.system).get("/")[0] == 403
    assert api(people.enterprise).get("/waiting")[1][0]["action"] == "submit"
    figures = api(people.office).get("/figures", group=["state"], region="140930")[1]
    assert figures == [{"key": ["closed"], "n": 1}, {"key": ["rectifying"], "n": 1}]
    by_town = api(people.office).get("/figures", group=["code"], level="town")[1]
    assert by_town == [{"key": ["140930100"], "n": 2}]


def test_unmasking_is_recorded(api, people, walked):
    hazard = walked("rectifying")
    assert api(people.inspector).post(f"/{hazard.pk}/unmask")[1] == {"phone": "15400000077"}
    assert api(people.town).post(f"/{hazard.pk}/unmask")[0] == 403
    assert AuditRow.objects.filter(event="hazards.unmasked").count() == 1


VERBS = {
    "grade": {},
    "propose_major": {"standard_urn": "x"},
    "confirm_major": {},
    "reject_major": {"note": "x"},
    "assign": {"due_on": "2026-11-25"},
    "plan": {"person": "x"},
    "start": {},
    "submit": {},
    "verify": {},
    "accept": {},
    "send_back": {"note": "x"},
    "close": {},
    "suspend": {"note": "x"},
    "resume": {"due_on": "2026-11-25"},
    "transfer": {"unit_id": "01M8048B755XKSKF1DYD2ZRVB6", "note": "x"},
    "reopen": {"note": "x"},
    "cancel": {"note": "x"},
    "fix_on_spot": {"fixed_by_name": "x"},
    "add_photos": {"slot": "after", "photos": ["01M8048B755XKSKF1DYD2ZRVB6"]},
    "ask_extension": {"new_due_on": "2026-12-01", "reason": "x", "interim": "x"},
    "decide_extension": {"extension_id": "01M8048B755XKSKF1DYD2ZRVB6", "grant": True},
    "unmask": {},
}


def test_out_of_sight_is_not_there(api, people, walked):
    hazard = walked("submitted")
    for person in (people.far, people.other_county, people.system):
        for part in ("", "/offers", "/moves", "/extensions", "/photos"):
            assert api(person).get(f"/{hazard.pk}{part}")[0] == 404
        for verb, said in VERBS.items():
            status, body = api(person).post(f"/{hazard.pk}/{verb}", said)
            assert (status, body["key"]) == (404, "base.not_found"), verb


@pytest.mark.parametrize("strange", ["x", "0" * 26, "%00", "é", "01m8048b755xksKF1DYD2ZRVB6"])
def test_unknown_ids_are_not_there(api, people, strange):
    for verb, said in VERBS.items():
        assert api(people.office).post(f"/{strange}/{verb}", said)[0] == 404, verb
    for part in ("", "/offers", "/moves", "/extensions", "/photos"):
        assert api(people.office).get(f"/{strange}{part}")[0] == 404, part


@pytest.mark.parametrize(
    "said",
    [
        {"description": ""},
        {"description": "长" * 1001},
        {"description": "a\0b"},
        {"description": "\ud800"},
        {"source": "guess"},
        {"domain": "guess"},
        {"found_at": "2026-11-20T09:00:00"},
        {"found_at": "0001-01-01T00:00:00+08:00"},
        {"found_at": "9999-12-31T23:59:59Z"},
        {"found_at": "2027-01-01T00:00:00+08:00"},
        {"found_at": 1e300},
        {"hazard_id": "x"},
        {"site_id": "01M8048B755XKSKF1DYD2ZRVB6"},
        {"site_id": None},
        {"lon": 1e308},
        {"lon": "NaN"},
        {"photos": ["01M8048B755XKSKF1DYD2ZRVB6"]},
        {"photos": ["x"] * 40},
        {"standard_urn": "cn:nothing:of:the:kind"},
        {"relapse_of": "01M8048B755XKSKF1DYD2ZRVB6"},
        {"basis": "长" * 301},
        {"place": 7},
    ],
    ids=lambda said: str(said)[:50],
)
def test_what_does_not_fit_is_refused(api, people, site, now, said):
    given = {
        "site_id": site().pk,
        "description": "灭火器压力不足",
        "source": "grid",
        "found_at": now.isoformat(),
    } | said
    status, body = api(people.office).post("/", given)
    assert status in (404, 422), body
    assert body["key"]
    assert not Hazard.objects.exists()


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("assign", {"due_on": "2026-02-30"}),
        ("assign", {"due_on": "9999-12-31"}),
        ("assign", {"due_on": "0001-01-01"}),
        ("assign", {"due_on": "2026-11-25", "unit_id": "01M8048B755XKSKF1DYD2ZRVB6"}),
        ("assign", {"due_on": "2026-11-25", "measures": "长" * 1001}),
        ("assign", {"due_on": "2026-11-25", "note": "\0"}),
        ("cancel", {"note": "  "}),
        ("propose_major", {"standard_urn": ""}),
        ("propose_major", {"standard_urn": "cn:law:work-safety:2021:4"}),
    ],
)
def test_words_that_do_not_fit_a_verb(api, people, walked, verb, said):
    hazard = walked("graded")
    status, body = api(people.inspector).post(f"/{hazard.pk}/{verb}", said)
    assert status in (409, 422), body
    assert Hazard.objects.get(pk=hazard.pk).state == "graded"


@pytest.mark.parametrize(
    "query",
    [
        "state=x",
        "order=x",
        "size=0",
        "size=100000",
        "after=!!",
        "region=%27",
        "due_by=x",
        "q=%00",
        "unit=x",
        "domain=x",
    ],
)
def test_strange_questions_are_refused(people, as_user, query):
    assert as_user(people.office).get(f"{BASE}/?{query}").status_code in (409, 422)


def test_without_signing_in(client, walked):
    hazard = walked("found")
    assert client.get(f"{BASE}/").status_code == 401
    assert client.post(f"{BASE}/{hazard.pk}/grade", data="{}", content_type="application/json").status_code == 401


def test_a_token_does_what_it_was_given(people, walked, client, now):
    from datetime import timedelta

    from anwang.ground.accounts import services as accounts

    hazard = walked("found")
    _row, secret = accounts.make_token(
        user=people.inspector,
        name="平台对接",
        permissions=["hazard.read"],
        expires_at=now + timedelta(days=30),
        by=people.inspector,
        now=now,
    )
    head = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert client.get(f"{BASE}/{hazard.pk}", **head).status_code == 200
    answer = client.post(f"{BASE}/{hazard.pk}/grade", data="{}", content_type="application/json", **head)
    assert (answer.status_code, answer.json()["key"]) == (403, "accounts.not_permitted")


# --- quick enough to close a thousand ------------------------------------------------------------------------------------

QUERIES = {"close": 15, "verify": 18, "send_back": 17}


@pytest.mark.parametrize("verb", QUERIES)
def test_a_verb_asks_the_database_so_often(people, walked, as_user, verb):
    """Session and person, grants, the row, who rectified, extension; then move, row, figures, trail, timer, job."""
    hazard = walked("verified" if verb == "close" else "submitted")
    client = as_user(people.office)
    client.get(f"{BASE}/{hazard.pk}")
    with CaptureQueriesContext(connection) as asked:
        said = json.dumps({"note": "到位"})
        assert client.post(f"{BASE}/{hazard.pk}/{verb}", data=said, content_type="application/json").status_code == 200
    counted = [each for each in asked.captured_queries if "SAVEPOINT" not in each["sql"]]
    # PostgreSQL locks the timer before it is put away.
    locked = connection.vendor == "postgresql" and verb == "close"
    assert len(counted) == QUERIES[verb] + locked


def test_every_verb_of_the_services_has_an_address(people, as_user):
    paths = set(as_user(people.office).get("/api/openapi.json").json()["paths"])
    beside = {"report", "ring", "issue_order", "issue_recheck", "issue_notice"}
    for verb in set(services.__all__) - beside:
        assert f"/api/hazards/{{hazard_id}}/{verb}" in paths

"""The API: a whole visit by a phone that was offline, bad input, scope, and the same refusals as the screens."""

import json
from datetime import timedelta

import pytest

from anwang.ground.base.models import new_id
from anwang.kernel import clock
from anwang.work.hazards.models import Hazard
from anwang.work.inspections import selectors, services
from anwang.work.inspections.models import Inspection

pytestmark = pytest.mark.django_db
BASE = "/api/inspections"


@pytest.fixture(autouse=True)
def _now(monkeypatch, now):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


@pytest.fixture
def call(as_user):
    """``call(user, "/begin", {...})`` posts, ``call(user, "/near?…")`` gets; the answer's status and JSON."""

    def do(user, path, body=None):
        client = as_user(user)
        if body is None:
            answer = client.get(f"{BASE}{path}")
        else:
            answer = client.post(f"{BASE}{path}", json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()

    return do


def test_a_whole_visit_by_a_phone_that_was_offline(call, people, site, picture, signature, now):
    place, key = site(), new_id()
    began = now - timedelta(hours=2)
    status, found = call(people.grid, "/near?lon=111.146&lat=39.384")
    assert (status, found[0]["site_id"]) == (200, place.pk)
    assert found[0]["kinds"] == ["patrol", "household"]
    status, start = call(people.grid, f"/sites/{place.pk}/beginning")
    checklist = start["best"]["patrol"]
    body = {
        "inspection_id": key,
        "site_id": place.pk,
        "visit_kind": "patrol",
        "began_at": began.isoformat(),
        "lon": 111.146,
        "lat": 39.384,
        "checklists": [checklist],
    }
    for _ in range(2):
        status, visit = call(people.grid, "/begin", body)
        assert (status, visit["id"], visit["state"]) == (200, key, "ongoing")
    status, whole = call(people.grid, f"/{key}")
    sheet = whole["sheets"][0]
    items = [item for item in sheet["questions"] if item["open"]]
    failing = next(item["code"] for item in items if item["answer"] == "check")
    said = {item["code"]: {"value": _answer(item, item["code"] == failing)} for item in items}
    status, kept = call(people.grid, f"/{key}/sheets/{sheet['id']}/answers", {"answers": said, "base": {}})
    assert (status, kept["unreported"]) == (200, 1)
    finding = {
        "finding_id": new_id(),
        "sheet_id": sheet["id"],
        "item_code": failing,
        "photos": [picture(by=people.grid)],
        "found_at": (began + timedelta(minutes=20)).isoformat(),
        "due_on": (clock.local_date(now) + timedelta(days=5)).isoformat(),
        "as_general": True,
    }
    for _ in range(2):
        status, made = call(people.grid, f"/{key}/findings", finding)
        assert (status, made["item_code"]) == (200, failing)
    assert Hazard.objects.count() == 1
    for _ in range(3):  # answers open further items
        whole = call(people.grid, f"/{key}")[1]
        rest = {
            item["code"]: {"value": _answer(item, False)}
            for item in whole["sheets"][0]["questions"]
            if item["open"] and item["value"] is None
        }
        call(people.grid, f"/{key}/sheets/{sheet['id']}/answers", {"answers": rest})
    end = {"ended_at": (began + timedelta(hours=1)).isoformat(), "host_name": "苗彩霞", "host_phone": "15400000077"}
    status, refused = call(people.grid, f"/{key}/finish", end)
    assert (status, refused["key"]) == (409, "inspections.unsigned")
    status, done = call(people.grid, f"/{key}/finish", {**end, "host_signature": signature(by=people.grid)})
    assert (status, done["state"]) == (200, "done")
    status, whole = call(people.leader, f"/{key}")
    assert whole["host_phone"] == "154****0077"
    status, paper = call(people.grid, f"/{key}/record", {})
    assert status == 200
    assert paper["number"]


def _answer(item, fails):
    if item["answer"] == "check":
        return "fail" if fails else "pass"
    if item["answer"] == "choice":
        return item["options"][0][0]
    if item["answer"] == "score":
        return item["max"]
    return item["low"] or 0 if item["answer"] == "number" else "无"


def test_people_checklists_offers_and_the_other_ends(call, people, begun):
    visit = begun(with_=[])
    status, person = call(people.inspector, f"/{visit.pk}/people", {"name": "赵所长", "certificate": "14092209999"})
    assert (status, person["name"], person["leads"]) == (200, "赵所长", False)
    assert call(people.inspector, f"/{visit.pk}/people/{person['id']}/certificate", {"certificate": "1"})[0] == 200
    assert call(people.inspector, f"/{visit.pk}/people/{person['id']}/leave", {})[1]["left_at"]
    status, sheet = call(people.inspector, f"/{visit.pk}/checklists", {"key": "nine-small"})
    assert (status, sheet["checklist"]) == (200, "nine-small")
    status, offers = call(people.inspector, f"/{visit.pk}/offers")
    assert {"finish", "cancel"} <= {offer["action"] for offer in offers}
    assert next(offer for offer in offers if offer["action"] == "finish")["refused"] == "inspections.unanswered"
    assert call(people.inspector, f"/{visit.pk}/turned-away", {"note": "不让进"})[1]["state"] == "refused"
    other = begun(kind="patrol", by=people.grid, with_=[])
    assert call(people.grid, f"/{other.pk}/nobody", {"note": "无人", "next_on": "2026-11-23"})[1]["state"] == "absent"
    third = begun(kind="patrol", by=people.grid, with_=[])
    assert call(people.grid, f"/{third.pk}/cancel", {"note": "走错门"})[1]["state"] == "cancelled"


def test_arranging_plans_due_and_three_in_one(call, people, mine, done):
    body = {"region": "140930", "visit_kind": "government", "begins_on": "2026-11-01", "ends_on": "2027-10-31"}
    status, look = call(people.office, "/plans/preview", body)
    assert (status, look["visits"], look["sites"]) == (200, 4, 1)
    status, plan = call(people.office, "/plans", {**body, "title": "年度计划", "plan_id": new_id()})
    assert (status, plan["progress"]["total"]) == (200, 4)
    assert call(people.office, "/plans")[1][0]["id"] == plan["id"]
    assert call(people.office, f"/plans/{plan['id']}")[0] == 200
    status, slots = call(people.office, f"/due?plan={plan['id']}")
    first = slots["items"][0]
    arranged = {
        "site_id": mine.pk,
        "visit_kind": "government",
        "due_on": "2026-11-22",
        "lead_id": people.inspector.pk,
        "planned_id": first["id"],
    }
    assert call(people.office, "/arrange", arranged)[1]["state"] == "arranged"
    assert (
        call(people.office, f"/planned/{slots['items'][1]['id']}/leave-out", {"note": "停产"})[1]["state"] == "left_out"
    )
    done(at=mine)
    status, three = call(people.enterprise, f"/sites/{mine.pk}/three-in-one")
    assert [each["visit"] is not None for each in three["eyes"]] == [False, False, True]
    assert call(people.office, f"/plans/{plan['id']}/withdraw", {"note": "重做"})[1]["withdrawn"]


def test_the_list_by_page_and_filter(call, people, done):
    for _ in range(3):
        done()
    status, first = call(people.office, "/?kind=government&state=done&size=2&made_from=2026-11-01&region=140930")
    assert (status, len(first["items"])) == (200, 2)
    status, second = call(people.office, f"/?kind=government&state=done&size=2&after={first['next']}")
    assert (len(second["items"]), second["next"]) == (1, "")
    assert call(people.far, "/")[1]["items"] == []
    assert call(people.system, "/")[0] == 403
    for elsewhere in ("999999", "140931"):
        assert call(people.office, f"/?region={elsewhere}") == (200, {"items": [], "next": ""})


def test_scope_and_bad_input(call, people, begun, mine):
    visit = begun(at=mine)
    for who in (people.far, people.other_county, people.other_enterprise):
        assert call(who, f"/{visit.pk}")[0] == 404
        assert call(who, f"/{visit.pk}/cancel", {"note": "x"})[0] == 404
        assert call(who, f"/sites/{mine.pk}/three-in-one")[0] in (403, 404)
        assert call(who, f"/{visit.pk}/findings", {"description": "x"})[0] == 404
    for path in ("/nonsense", f"/{new_id()}"):
        assert call(people.inspector, path)[0] == 404
    for body in (
        {},
        {"inspection_id": "1"},
        {"inspection_id": new_id(), "site_id": mine.pk, "visit_kind": "raid"},
        {"inspection_id": new_id(), "site_id": mine.pk, "visit_kind": "patrol", "lon": 900, "lat": 1},
        {"inspection_id": new_id(), "site_id": mine.pk, "visit_kind": "patrol", "began_at": "2026-11-20T10:00:00"},
    ):
        assert call(people.inspector, "/begin", body)[0] == 422, body
    assert call(people.inspector, "/begin", {"inspection_id": new_id()})[0] == 404
    assert call(people.inspector, "/near?lon=1000&lat=0")[0] == 422
    assert call(people.inspector, f"/{visit.pk}/cancel", {"note": "a\u0000b"})[0] == 422
    assert call(people.office, "/plans", {"title": "x", "region": "1"})[0] == 422


def test_an_unannounced_visit_is_not_in_the_units_list(call, people, mine, now):
    secret = services.arrange(
        site_id=mine.pk,
        visit_kind="unannounced",
        due_on=clock.local_date(now),
        by=people.inspector,
        now=now,
    )
    for who in (people.enterprise, people.town, people.grid):
        assert call(who, f"/{secret.pk}")[0] == 404
        assert call(who, "/")[1]["items"] == []
    assert call(people.enterprise, "/begin", {"inspection_id": secret.pk})[0] == 404
    assert Inspection.objects.get().state == "arranged"
    assert selectors.visits_of(mine, people.office).count() == 1

import json

import pytest

from anwang.ground.base.models import new_id
from anwang.registers.sites.models import Site

pytestmark = pytest.mark.django_db
ROOT = "/api/sites/"


@pytest.fixture
def api(client, office, signed_in, library):
    signed_in(client, office)

    def call(method, path, **body):
        kwargs = {"data": body} if method == "get" else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(client, method)(ROOT + path, **kwargs)

    return call


def test_the_same_verbs_as_the_screens(api, places, market_bureau):
    key = new_id()
    made = {
        "id": key,
        "name": "望舒面馆",
        "kind": "restaurant",
        "region": places.grid.code,
        "lon": 111.146,
        "lat": 39.383,
        "owner_phone": "15400000021",
        "supervising_department": market_bureau.pk,
        "supervision_class": "B",
        "fields": {"gas_kind": "瓶装液化气", "seats": 60},
    }
    assert [api("post", "", **made).status_code for _ in range(2)] == [201, 201]
    assert Site.objects.count() == 1
    row = api("get", f"{key}/").json()
    assert (row["number"], row["owner_phone"], row["flags"]) == ("140930-2026-000001", "154****0021", [])
    assert row["fields"] == {"gas_kind": "lpg", "seats": 60}
    changed = api("patch", f"{key}/", name="望舒饭店", supervising_department="", people_on_site=9).json()
    assert (changed["name"], changed["supervising_department"], changed["people_on_site"]) == ("望舒饭店", None, 9)
    assert changed["fields"] == {"gas_kind": "lpg", "seats": 60}
    assert api("post", f"{key}/phone/owner/").json() == {"phone": "15400000021"}
    assert api("post", f"{key}/position/", lon=111.15, lat=39.38).json()["lon"] == 111.15
    assert api("post", f"{key}/move/", region=places.town_two.code).json()["region"] == places.town_two.code
    assert api("post", f"{key}/suspend/", note="停业").json()["state"] == "suspended"
    assert api("post", f"{key}/resume/").json()["state"] == "active"
    other = api("post", "", name="望舒饭店", kind="restaurant", region=places.town_two.code).json()
    assert "duplicate" in other["flags"]
    assert api("post", f"{other['id']}/merge/", into=key, note="重复").json()["id"] == key
    assert api("post", f"{key}/close/", note="拆除").json()["state"] == "closed"
    assert api("post", f"{key}/reopen/", note="误").json()["state"] == "active"
    assert [one["id"] for one in api("get", "", q="望舒", kind=["restaurant"]).json()["items"]] == [key]
    assert api("get", "near/", lon=111.15, lat=39.38).json()[0]["site"]["id"] == key
    found = api("get", "match/", county="140930", name="望舒 饭店").json()
    assert (found["how"], found["site"]["id"]) == ("exact", key)
    assert api("get", "counts/", region="140930").json() == [
        {"kind": "restaurant", "region": places.town_two.code, "count": 1}
    ]
    assert any(kind["key"] == "coal_mine" for kind in api("get", "kinds/").json())


def test_refusals_have_stable_keys(api, site, places):
    row = site()
    cases = [
        ("post", "", {"name": "甲", "kind": "castle", "region": places.grid.code}, 422, "sites.kind_unknown"),
        ("post", "", {"name": "甲", "kind": "hotel", "region": places.far_grid.code}, 404, "base.not_found"),
        ("post", "", {"name": "甲", "kind": "hotel", "region": "140930", "enterprise": "x"}, 404, "base.not_found"),
        ("patch", f"{row.pk}/", {"fields": {"seats": "x"}}, 422, "sites.field_number"),
        ("patch", f"{row.pk}/", {"fields": "x"}, 422, "base.invalid"),
        ("post", f"{row.pk}/suspend/", {}, 422, "sites.reason_missing"),
        ("post", f"{row.pk}/resume/", {}, 409, "sites.move_not_offered"),
        ("post", f"{row.pk}/explode/", {}, 422, "base.invalid"),
        ("post", f"{row.pk}/position/", {"lon": 400, "lat": 1}, 422, "sites.position_wrong"),
        ("post", f"{row.pk}/phone/owner/", {}, 409, "sites.no_phone"),
        ("get", "nothing/", {}, 404, "base.not_found"),
        ("get", "near/", {"lon": 400, "lat": 1}, 422, "base.invalid"),
    ]
    for method, path, body, status, key in cases:
        answer = api(method, path, **body)
        assert (answer.status_code, answer.json()["key"]) == (status, key), (path, answer.json())


def test_another_county_is_not_there(client, signed_in, make_user, places, site):
    row = site(lon=111.146, lat=39.383)
    signed_in(client, make_user("county_office", places.far_county))
    for path in (f"{row.pk}/", "counts/?region=140930", "match/?county=140930&name=望舒面馆", "?region=140930"):
        assert client.get(ROOT + path).status_code == 404, path
    assert client.get(ROOT).json()["items"] == []
    assert client.get(f"{ROOT}near/?lon=111.146&lat=39.383").json() == []
    for path, body in (
        (f"{row.pk}/close/", {"note": "x"}),
        (f"{row.pk}/merge/", {"into": new_id()}),
        (f"{row.pk}/phone/owner/", {}),
    ):
        answer = client.post(ROOT + path, json.dumps(body), content_type="application/json")
        assert answer.status_code == 404, path
    client.logout()
    assert client.get(ROOT).status_code == 401

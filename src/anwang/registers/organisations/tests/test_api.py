import json
from datetime import date

import pytest

from anwang.ground.base.models import new_id
from anwang.registers.organisations import services
from anwang.registers.organisations.models import Organisation, Responsibility

pytestmark = pytest.mark.django_db
ROOT = "/api/organisations/"


@pytest.fixture
def api(client, office, signed_in):
    signed_in(client, office)

    def call(method, path, **body):
        kwargs = {"data": body} if method == "get" else {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(client, method)(ROOT + path, **kwargs)

    return call


def test_the_same_verbs_as_the_screens(api, places, levels):
    key = new_id()
    made = {
        "kind": "department",
        "name": "河曲县能源局",
        "region": "140930",
        "id": key,
        "domains": ["coal"],
        "phone": "15400000044",
    }
    assert [api("post", "", **made).status_code for _ in range(2)] == [201, 201]
    assert Organisation.objects.count() == 1
    row = api("get", f"{key}/").json()
    assert (row["name"], row["phone"], row["may_order"]) == ("河曲县能源局", "154****0044", True)
    assert api("patch", f"{key}/", name="河曲县能源管理局").json()["name"] == "河曲县能源管理局"
    assert api("post", f"{key}/phone/").json() == {"phone": "15400000044"}
    post = api("post", f"{key}/posts/", title="科长", quota=2).json()
    assert (post["quota"], post["vacant"]) == (2, 2)
    holding = api("post", f"posts/{post['id']}/appoint/", since="2026-01-01", person_name="秦立新").json()
    assert api("get", f"{key}/posts/").json()[0]["holdings"][0]["name"] == "秦立新"
    assert api("get", f"{key}/posts/", on="2025-12-31").json()[0]["held"] == 0
    row = api("post", "answers/", level="department", region="140930", holding=holding["id"], since="2026-01-01")
    assert row.status_code == 201
    chain = api("get", "answers/", region=places.grid.code, on="2026-11-20").json()
    assert [(answer["person"], answer["words"]) for answer in chain["up"]] == [("秦立新", "部门监管责任")]
    new = api("post", f"answers/{row.json()['id']}/hand-over/", since="2026-06-01", person_name="温润梅").json()
    assert api("post", f"answers/{new['id']}/end/", until="2026-07-01").json()["until"] == "2026-07-01"
    assert api("post", f"holdings/{holding['id']}/relieve/", until="2026-08-01").json()["until"] == "2026-08-01"
    assert api("get", "gaps/", region="140930").json()["grids"] == 2
    assert api("post", f"{key}/close/", on="2026-09-01", reason="撤并").json()["active"] is False
    assert api("post", f"{key}/reopen/", reason="恢复").json()["active"] is True
    assert [item["id"] for item in api("get", "", q="能源", kind=["department"]).json()["items"]] == [key]


def test_refusals_have_stable_keys(api, levels, organisation):
    row = organisation()
    cases = [
        ("post", "", {"kind": "x", "name": "甲", "region": "140930"}, 422, "organisations.kind_unknown"),
        ("post", "", {"kind": "other", "name": "甲", "region": "140931"}, 404, "base.not_found"),
        ("post", "", {"name": "甲"}, 422, "base.invalid"),
        ("post", "answers/", {"level": "grid", "since": "2026-01-01"}, 422, "organisations.site_unknown"),
        ("post", "answers/", {"level": "grid", "since": "2026-01-01", "site": "x"}, 422, "organisations.site_unknown"),
        ("post", f"{row.pk}/reopen/", {"reason": "x"}, 409, "organisations.not_closed"),
        ("get", "nothing/", {}, 404, "base.not_found"),
        ("get", "", {"after": "!"}, 400, "base.bad_page"),
    ]
    for method, path, body, status, key in cases:
        answer = api(method, path, **body)
        assert answer.json()["key"] == key, (path, answer.json())
        if key != "base.bad_page":
            assert answer.status_code == status, path


def test_another_county_is_not_there(client, signed_in, make_user, places, organisation, member, levels, office, now):
    row = services.assign(
        level="grid", region=places.grid, holding_id=member.pk, since=date(2026, 3, 1), by=office, now=now
    )
    body = organisation()
    signed_in(client, make_user("county_office", places.far_county))
    for path in (f"{body.pk}/", f"{body.pk}/posts/", f"answers/?region={places.grid.code}", "gaps/?region=140930"):
        assert client.get(ROOT + path).status_code == 404, path
    assert client.get(ROOT).json()["items"] == []
    for path in (f"{body.pk}/phone/", f"answers/{row.pk}/end/", f"holdings/{member.pk}/relieve/"):
        answer = client.post(ROOT + path, json.dumps({"until": "2026-12-01"}), content_type="application/json")
        assert answer.status_code == 404, path
    assert Responsibility.objects.get().until is None
    client.logout()
    assert client.get(ROOT).status_code == 401

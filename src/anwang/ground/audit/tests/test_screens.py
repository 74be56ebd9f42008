import json
from io import BytesIO

import pytest
from django.urls import reverse
from python_calamine import load_workbook

from anwang.ground.audit import services as audit
from anwang.ground.audit.models import AuditRow, Proof
from anwang.ground.audit.tests.test_rows import Person, Thing

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(now):
    """One row in 河曲县, one in 保德县, one in 襄垣县, one of the whole house."""
    here = audit.record(
        "x.moved",
        by=Person(),
        at=now,
        on=Thing(),
        data={"before": {"state": "open"}, "after": {"state": "closed"}, "n": 7},
    )
    there = audit.record("x.done", by=Person(name="李四"), at=now, on=Thing(county_code="140931", pk="B"))
    far = audit.record("x.done", by=Person(), at=now, on=Thing(city_code="140400", county_code="140423", pk="C"))
    whole = audit.record("x.done", by=None, at=now)
    return here, there, far, whole


@pytest.fixture
def auditor(make_user, places, client, signed_in):
    """``auditor(region)`` → a test client of an auditor of that region; None for the whole house's."""

    def sign(region=None):
        return signed_in(client, make_user("auditor", region))

    return sign


def seen(client, **query):
    return [row.pk for row in client.get(reverse("audit:trail"), query).context["ledger"].rows]


def test_an_auditor_sees_the_rows_of_their_region(auditor, places, rows):
    here, there, far, whole = (row.pk for row in rows)
    assert set(seen(auditor(places.county))) == {here}
    assert set(seen(auditor(places.city))) == {here, there}
    assert set(seen(auditor(places.province))) == {here, there, far}
    assert {here, there, far, whole} <= set(seen(auditor()))


def test_a_row_of_another_county_is_no_row(auditor, places, rows):
    client = auditor(places.county)
    assert client.get(reverse("audit:row", args=[rows[0].pk])).status_code == 200
    for row in rows[1:]:
        assert client.get(reverse("audit:row", args=[row.pk])).status_code == 404
        assert client.get(f"/api/audit/rows/{row.pk}").status_code == 404


@pytest.mark.parametrize("role", ["county_office", "system_admin", "security_admin", "leader"])
def test_nobody_else_reads_the_trail(make_user, places, client, signed_in, rows, role):
    client = signed_in(client, make_user(role, places.county if role in {"county_office", "leader"} else None))
    for url in (
        reverse("audit:trail"),
        reverse("audit:proofs"),
        reverse("audit:export", args=["jsonl"]),
        "/api/audit/rows",
    ):
        assert client.get(url).status_code == 403
    assert client.get(reverse("audit:row", args=[rows[0].pk])).status_code == 404


def test_a_stranger_is_asked_to_sign_in(client, rows):
    assert client.get(reverse("audit:trail")).status_code == 302


def test_filters(auditor, rows):
    client = auditor()
    here, there, _far, whole = (row.pk for row in rows)
    assert seen(client, q="李四") == [there]
    assert seen(client, q=here) == [here]
    assert here not in seen(client, on_from="2026-11-21")
    assert whole in seen(client, on_from="2026-11-20", on_to="2026-11-20")
    assert seen(client, on_to="2026-11-19") == []


def test_the_page_of_a_row_shows_before_and_after(auditor, rows):
    html = auditor().get(reverse("audit:row", args=[rows[0].pk])).content.decode()
    assert "open" in html
    assert "closed" in html
    assert rows[0].hash in html


def test_json_lines_are_exactly_what_the_filters_show_and_can_be_proved(auditor, places, rows, tmp_path):
    client = auditor(places.city)
    answer = client.get(reverse("audit:export", args=["jsonl"]))
    lines = [json.loads(line) for line in answer.getvalue().splitlines()]
    assert {line["id"] for line in lines} == {rows[0].pk, rows[1].pk}
    assert AuditRow.objects.filter(event="audit.exported").count() == 1
    only = client.get(reverse("audit:export", args=["jsonl"]), {"q": "李四"})
    assert [json.loads(line)["id"] for line in only.getvalue().splitlines()] == [rows[1].pk]


def test_a_sheet_opens_and_holds_no_formulas(auditor, now):
    audit.record("x.done", by=Person(name="=1+1"), at=now, on=Thing(), data={"note": "=HYPERLINK(1)"})
    answer = auditor().get(reverse("audit:export", args=["xlsx"]))
    table = load_workbook(BytesIO(answer.getvalue())).get_sheet_by_index(0).to_python()
    assert any(row[2] == "=1+1" for row in table)
    assert auditor().get(reverse("audit:export", args=["exe"])).status_code == 404


def test_too_many_rows_for_a_sheet_are_refused_before_a_file_begins(auditor, rows, monkeypatch):
    from anwang.ground.audit.services import exporting

    monkeypatch.setattr(exporting, "SHEET_ROWS", 2)
    answer = auditor().get(reverse("audit:export", args=["xlsx"]))
    assert answer.status_code == 409


def test_the_check_button_and_its_page(auditor, rows, run_jobs, now, behind_its_back):
    client = auditor()
    answer = client.post(reverse("audit:proofs"))
    page = reverse("audit:proof", args=[Proof.objects.get().pk])
    assert answer.url == page
    assert 'hx-trigger="every 2s"' in client.get(page).content.decode()
    behind_its_back(f"UPDATE audit_auditrow SET by_name = '王五' WHERE id = '{rows[1].pk}'")
    from django.utils import timezone

    run_jobs(now=timezone.now())
    part = client.get(page, {"part": "1"}).content.decode()
    assert "hx-trigger" not in part
    assert reverse("audit:row", args=[rows[1].pk]) in part
    assert client.get(reverse("audit:proofs")).status_code == 200


def test_the_api_checks_too(auditor, rows, run_jobs):
    client = auditor()
    from django.utils import timezone

    asked = client.post("/api/audit/checks")
    assert asked.status_code == 202
    run_jobs(now=timezone.now())
    assert client.get(f"/api/audit/checks/{asked.json()['id']}").json()["state"] == "sound"


def test_the_api_pages_through(auditor, rows):
    client = auditor()
    first = client.get("/api/audit/rows", {"size": 2}).json()
    second = client.get("/api/audit/rows", {"size": 200, "after": first["next"]}).json()
    ids = [row["id"] for row in (*first["items"], *second["items"])]
    assert len(ids) == len(set(ids)) == AuditRow.objects.count()

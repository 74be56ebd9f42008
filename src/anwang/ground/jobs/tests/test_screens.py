import pytest
from django.urls import reverse

from anwang.ground.audit.models import AuditRow
from anwang.ground.jobs import services
from anwang.ground.jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(monkeypatch, now):
    monkeypatch.setattr(services, "_handlers", {})
    services.handler("t.fails", attempts=1)(lambda *, now: 1 / 0)
    job = services.later("t.fails", now=now)
    services.run_due(now=now)
    return job


@pytest.fixture
def administrator(make_user, client, signed_in):
    return signed_in(client, make_user("system_admin"))


def test_the_page_shows_what_failed_and_why(administrator, failed):
    page = administrator.get(reverse("jobs:list"))
    assert [row.pk for row in page.context["ledger"].rows] == [failed.pk]
    assert "ZeroDivisionError" in page.content.decode()
    assert administrator.get(reverse("jobs:list"), {"state": "pending"}).context["ledger"].rows == []
    assert "Traceback" in administrator.get(reverse("jobs:job", args=[failed.pk])).content.decode()


def test_trying_again_is_on_the_trail(administrator, failed):
    administrator.post(reverse("jobs:retry", args=[failed.pk]))
    assert Job.objects.get(pk=failed.pk).state == "pending"
    row = AuditRow.objects.get(event="jobs.retried")
    assert (row.on_kind, row.on_id) == ("job", failed.pk)


def test_twice_is_refused(administrator, failed):
    administrator.post(reverse("jobs:dismiss", args=[failed.pk]))
    assert Job.objects.get(pk=failed.pk).state == "cancelled"
    assert administrator.post(reverse("jobs:retry", args=[failed.pk])).status_code == 409
    assert administrator.post(f"/api/jobs/{failed.pk}/retry").json()["key"] == "jobs.not_failed"


def test_an_act_needs_a_post(administrator, failed):
    assert administrator.get(reverse("jobs:retry", args=[failed.pk])).status_code == 405


@pytest.mark.parametrize("role", ["county_office", "auditor", "security_admin"])
def test_others_do_not_see_the_machinery(make_user, places, client, signed_in, failed, role):
    client = signed_in(client, make_user(role, places.county if role == "county_office" else None))
    for url in (reverse("jobs:list"), reverse("jobs:job", args=[failed.pk]), "/api/jobs/", "/api/jobs/figures"):
        assert client.get(url).status_code == 403
    assert client.post(reverse("jobs:retry", args=[failed.pk])).status_code == 403
    assert Job.objects.get(pk=failed.pk).state == "failed"


def test_the_api_lists_by_state(administrator, failed):
    assert [job["id"] for job in administrator.get("/api/jobs/", {"state": "failed"}).json()["items"]] == [failed.pk]
    assert administrator.get("/api/jobs/", {"state": "nonsense"}).status_code == 422
    assert administrator.get("/api/jobs/figures").json()["failed"] == 1


def test_metrics_tell_of_failed_jobs(client, failed):
    assert b'anwang_jobs{state="failed"} 1.0' in client.get("/metrics").content

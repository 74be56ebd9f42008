"""The import in the browser: sent, looked at, mapped, tried, taken by the worker, and the rest taken home."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from anwang.ground.base import sheets
from anwang.work.hazards.models import Hazard, LedgerImport
from anwang.work.hazards.tests.test_ledger import ROWS, excel, office

__all__ = ["office"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(client, signed_in, office):
    return signed_in(client, office)


def send(page, data=None, **more):
    file = SimpleUploadedFile("去年台账.xlsx", data or excel())
    return page.post(reverse("hazards:import"), {"file": file, "region": "140930", **more})


def columns(row):
    titles = ["", "site", "address", "kind", "found_on", "found_by", "description", "grade", "due", "finished", "note"]
    return {f"column-{at}": name for at, name in enumerate(titles)}


def test_an_old_ledger_is_sent_looked_at_tried_and_taken(page, run_jobs):
    sent = send(page)
    row = LedgerImport.objects.get()
    where = reverse("hazards:import_preview", args=[row.pk])
    assert sent["Location"] == where
    seen = page.get(where).content.decode()
    assert "示例网吧" in seen
    assert "单位（场所）名称" in seen
    page.post(where, columns(row) | {"try": "1", "create_sites": "1"})
    run_jobs(now=timezone.now())
    row.refresh_from_db()
    assert (row.state, row.dry_run, row.result["created"]) == ("done", True, 4)
    assert Hazard.objects.count() == 0
    page.post(where, columns(row) | {"take": "1", "create_sites": "1"})
    run_jobs(now=timezone.now())
    row.refresh_from_db()
    assert (row.result["created"], len(row.result["rejected"])) == (4, 1)
    assert Hazard.objects.count() == 4
    back = page.get(reverse("hazards:import_rejected", args=[row.pk]))
    with sheets.read(b"".join(back.streaming_content), name="back.xlsx") as book:
        rows = list(book.first.rows())
    assert any("单位名称漏填的一行" in line.cells for line in rows)
    assert not any("示例网吧" in line.cells for line in rows)


def test_a_needed_column_left_out_is_said_and_nothing_begins(page):
    send(page)
    row = LedgerImport.objects.get()
    answer = page.post(reverse("hazards:import_preview", args=[row.pk]), {"column-1": "site", "take": "1"})
    assert answer.status_code == 422
    row.refresh_from_db()
    assert row.state == "sent"


@pytest.mark.parametrize("data", [b"hello", b"PK\x03\x04broken", excel([ROWS[0]], ["a", "b", "c"])])
def test_what_is_no_ledger_is_refused_with_words(page, data):
    answer = send(page, data)
    assert answer.status_code == 200
    assert LedgerImport.objects.count() == 0


def test_another_county_s_import_does_not_exist(page, client, signed_in, make_user, places):
    send(page)
    row = LedgerImport.objects.get()
    signed_in(client, make_user("county_office", places.other_county))
    assert client.get(reverse("hazards:import_preview", args=[row.pk])).status_code == 404
    assert client.get(reverse("hazards:import_rejected", args=[row.pk])).status_code == 404
    assert "去年台账" not in client.get(reverse("hazards:import")).content.decode()


def test_the_ledger_goes_out_as_it_is_shown(page, office, now):
    from anwang.work.hazards.services import ledger

    ledger.import_ledger(file=excel(), name="a.xlsx", region_code="140930", by=office, now=now, create_sites=True)
    answer = page.get(reverse("hazards:export") + "?group=all&grade=major")
    with sheets.read(io.BytesIO(b"".join(answer.streaming_content)).getvalue(), name="out.xlsx") as book:
        text = "".join(str(line.cells) for line in book.first.rows())
    assert "示例养老服务中心" in text
    assert "示例网吧" not in text

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from anwang.ground.audit import services as audit
from anwang.ground.audit.models import Archive, AuditRow
from anwang.ground.audit.services.archiving import _months_before
from anwang.ground.audit.services.proving import verify_file
from anwang.ground.audit.tests.test_rows import Thing
from anwang.ground.base.errors import Refused

pytestmark = pytest.mark.django_db
CUT = date(2025, 11, 1)


@pytest.fixture
def two_years(now):
    """A row a month for two years, oldest first."""
    for months in range(24, 0, -1):
        audit.record("x.done", by=None, at=now - timedelta(days=30 * months), on=Thing(), data={"ago": months})


def test_the_longest_rule_in_force_says_how_long(db):
    assert audit.keep_months(date(2026, 11, 20)) == 12
    assert audit.keep_months(date(2020, 1, 1)) == 6


def test_what_is_still_to_be_kept_is_not_archived(two_years, now):
    with pytest.raises(Refused) as refused:
        audit.archive(before=date(2025, 11, 21), now=now)
    assert refused.value.key == "audit.too_young"
    assert "2025-11-20" in refused.value.todo
    assert not Archive.objects.exists()


def test_old_rows_go_to_a_file_and_the_rest_still_holds(two_years, now, tmp_path):
    made = audit.archive(before=CUT, now=now)
    county = next(each for each in made if each.chain == "140930")
    assert AuditRow.objects.filter(chain="140930").order_by("seq").first().seq == county.last_seq + 1
    assert AuditRow.objects.filter(chain="140930", at__lt="2025-10-31T16:00Z").count() == 0
    assert audit.verify().findings == []
    file = tmp_path / "archive" / "audit" / county.file
    assert verify_file(file) is None
    assert county.file == f"140930-1-{county.last_seq}.jsonl.gz"


def test_archiving_goes_on_where_it_stopped(two_years, now):
    audit.archive(before=date(2025, 6, 1), now=now)
    first = Archive.objects.get(chain="140930")
    audit.archive(before=CUT, now=now)
    second = Archive.objects.filter(chain="140930").order_by("first_seq").last()
    assert second.first_seq == first.last_seq + 1
    assert audit.verify().findings == []


def test_a_changed_archive_file_is_found_by_itself(two_years, now, tmp_path):
    import gzip

    county = next(each for each in audit.archive(before=CUT, now=now) if each.chain == "140930")
    file = tmp_path / "archive" / "audit" / county.file
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()).replace(b'"ago": 20', b'"ago": 2')))
    assert (verify_file(file).reason, verify_file(file).seq) == ("content", 5)


def test_a_broken_chain_is_not_archived(two_years, now, behind_its_back):
    behind_its_back("UPDATE audit_auditrow SET event = 'y' WHERE seq = 3")
    with pytest.raises(Refused) as refused:
        audit.archive(before=CUT, now=now)
    assert refused.value.key == "audit.chain_broken"
    assert AuditRow.objects.filter(chain="140930").count() == 24


def test_rows_that_no_archive_covers_cannot_be_deleted_afterwards(two_years, now):
    audit.archive(before=CUT, now=now)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        AuditRow.objects.filter(chain="140930").delete()


def test_an_archive_invented_to_hide_rows_is_noticed(two_years, now, behind_its_back):
    behind_its_back(
        "INSERT INTO audit_archive (id, chain, first_seq, last_seq, last_hash, at, file, file_hash, digest, mac)"
        f" VALUES ('x', '140930', 1, 3, '{AuditRow.objects.get(seq=3).hash}', '2026-11-20 00:00:00+00:00', 'f',"
        f" '{'0' * 64}', 'sha256', '{'0' * 64}')",
        "DELETE FROM audit_auditrow WHERE chain = '140930' AND seq <= 3",
    )
    assert audit.verify().first.reason == "archive"


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 20), 12, date(2025, 11, 20)),
        (date(2028, 2, 29), 12, date(2027, 2, 28)),
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2026, 1, 15), 13, date(2024, 12, 15)),
    ],
)
def test_months_before(day, months, expected):
    assert _months_before(day, months) == expected

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from anwang.ground.audit import services as audit
from anwang.ground.audit.models import AuditRow, ChainHead, Seal

pytestmark = pytest.mark.django_db


@dataclass
class Person:
    pk: str = "01J00000000000000000000001"
    name: str = "张三"


@dataclass
class Thing:
    pk: str = "01J00000000000000000000002"
    kind: str = "hazard"
    province_code: str = "140000"
    city_code: str = "140900"
    county_code: str = "140930"

    def __str__(self):
        return "河曲县-2026-1"


def test_a_row_copies_who_what_and_where(now):
    row = audit.record("hazards.reported", by=Person(), at=now, on=Thing(), data={"source": "patrol"})
    row.refresh_from_db()
    assert (row.by_id, row.by_name) == (Person.pk, "张三")
    assert (row.on_kind, row.on_id, row.on_name) == ("hazard", Thing.pk, "河曲县-2026-1")
    assert (row.chain, row.seq, row.county_code) == ("140930", 1, "140930")
    assert row.data == {"source": "patrol"}


def test_rows_of_a_county_are_one_chain_and_other_things_have_their_own(now):
    for _ in range(3):
        audit.record("x.done", by=None, at=now, on=Thing())
    audit.record("x.done", by=None, at=now, on=Thing(county_code=""))
    audit.record("x.done", by=None, at=now)
    assert list(AuditRow.objects.order_by("chain", "seq").values_list("chain", "seq")) == [
        ("140900", 1),
        ("140930", 1),
        ("140930", 2),
        ("140930", 3),
        ("system", 1),
    ]
    rows = AuditRow.objects.filter(chain="140930").order_by("seq")
    assert [row.previous for row in rows[1:]] == [row.hash for row in rows[:2]]


def test_many_rows_at_once_are_the_same_chain(now):
    audit.record("x.done", by=None, at=now, on=Thing())
    audit.record_many([audit.Entry("x.done", Thing(), {"n": n}) for n in range(1200)], by=Person(), at=now)
    assert ChainHead.objects.get().seq == 1201
    assert audit.verify().findings == []


def test_what_is_stored_is_what_was_hashed_whatever_the_database_makes_of_it(now):
    data = {
        "at": now,
        "day": now.date(),
        "metres": 1.50,
        "sum": Decimal("12.00"),
        "note": "第一行\x00\n“引号” 𠀀",
        "list": [1, None, True],
        "nested": {"b": 1, "a": 2},
        "big": 2**60,
    }
    audit.record("x.done", by=Person(name="nul\x00"), at=now + timedelta(microseconds=123456), on=Thing(), data=data)
    assert audit.verify().findings == []
    assert "\x00" not in AuditRow.objects.get().data["note"]


def test_what_a_record_cannot_hold_is_refused_before_anything_is_written(now):
    with pytest.raises(TypeError):
        audit.record("x.done", by=None, at=now, data={"thing": object()})
    assert not AuditRow.objects.exists()


def test_a_transaction_that_fails_leaves_no_row(now):
    def service():
        with transaction.atomic():
            audit.record("x.done", by=None, at=now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        service()
    audit.record("x.done", by=None, at=now)
    assert list(AuditRow.objects.values_list("seq", flat=True)) == [1]


@pytest.mark.parametrize(
    "change",
    [
        lambda: AuditRow.objects.update(by_name="李四"),
        lambda: AuditRow.objects.all().delete(),
        lambda: Seal.objects.update(hash="0" * 64),
        lambda: Seal.objects.all().delete(),
        lambda: connection.cursor().execute("UPDATE audit_auditrow SET event = 'y' WHERE seq = 1"),
        lambda: connection.cursor().execute("DELETE FROM audit_auditrow"),
    ],
)
def test_the_database_refuses_to_change_or_delete(now, change):
    audit.record("x.done", by=None, at=now)
    audit.seal_all(now=now)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        change()
    assert AuditRow.objects.get().event == "x.done"


def test_sm3_where_the_office_asks_for_it(now, settings):
    import hashlib

    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("this OpenSSL has no SM3")
    audit.record("x.done", by=None, at=now)
    settings.ANWANG_DIGEST = "sm3"
    audit.record("x.done", by=None, at=now)
    audit.seal_all(now=now)
    assert audit.verify().findings == []
    assert list(AuditRow.objects.order_by("seq").values_list("digest", flat=True)) == ["sha256", "sm3"]


@pytest.mark.django_db(transaction=True)
def test_rows_are_gathered_inside_a_transaction_only(now):
    with pytest.raises(RuntimeError), audit.gathered():
        raise AssertionError("never reached")


def test_gathered_rows_are_the_same_chain(now):
    audit.record("x.done", by=None, at=now, on=Thing())
    with transaction.atomic(), audit.gathered():
        for n in range(5):
            audit.record("x.done", by=Person(), at=now, on=Thing(county_code="" if n == 2 else "140930"), data={"n": n})
        with audit.gathered():  # one within another is the outer one
            audit.record_many([audit.Entry("x.done", Thing(), {"n": 9})], by=None, at=now)
        assert AuditRow.objects.count() == 1
    audit.record("x.done", by=None, at=now, on=Thing())
    assert ChainHead.objects.get(chain="140930").seq == 7
    rows = AuditRow.objects.filter(chain="140930").order_by("seq")
    assert [row.data.get("n") for row in rows] == [None, 0, 1, 3, 4, 9, None]
    assert audit.verify().ok


def test_gathered_rows_go_with_what_failed(now):
    def failing():
        with transaction.atomic(), audit.gathered():
            audit.record("x.done", by=None, at=now, on=Thing())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing()
    assert not AuditRow.objects.exists()
    audit.record("x.done", by=None, at=now, on=Thing())
    assert audit.verify().ok


def test_what_fails_inside_and_is_forgiven_leaves_no_row(now):
    with transaction.atomic(), audit.gathered():
        audit.record("x.done", by=None, at=now, on=Thing(), data={"n": 1})
        with contextlib.suppress(ZeroDivisionError), transaction.atomic(), audit.gathered():
            audit.record("x.done", by=None, at=now, on=Thing(), data={"n": 2})
            audit.record("x.done", by=None, at=now, on=Thing(county_code="140930"))
            raise ZeroDivisionError
        audit.record("x.done", by=None, at=now, on=Thing(), data={"n": 3})
    assert sorted(row.data.get("n") for row in AuditRow.objects.all()) == [1, 3]
    assert audit.verify().ok

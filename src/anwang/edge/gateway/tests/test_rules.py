"""Until when nothing is missing, and what holds a way in up."""

from datetime import UTC, datetime, timedelta

import pytest

from anwang.edge.gateway import rules
from anwang.edge.gateway.rules import Hindrance, Part, Progress, Vouched
from anwang.work.telemetry import rules as gas

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_where_nothing_waits_it_is_now():
    progress = Progress()
    assert progress.look(come=0, taken=0, now=at(0)) == at(0)
    assert progress.look(come=7, taken=7, now=at(5)) == at(5)


def test_where_always_something_waits_it_is_when_what_is_taken_now_had_come():
    progress = Progress()
    assert progress.look(come=10, taken=8, now=at(0)) is None
    assert progress.look(come=15, taken=9, now=at(5)) is None
    assert progress.look(come=20, taken=10, now=at(10)) == at(0)
    # From there the next mark: twenty had come at ten.
    assert progress.look(come=30, taken=19, now=at(15)) is None
    assert progress.look(come=35, taken=34, now=at(20)) == at(10)


def test_nothing_moves_while_nothing_is_taken():
    progress = Progress()
    assert [progress.look(come=n, taken=1, now=at(n)) for n in range(2, 300, 5)] == [None] * 60


def test_what_waits_further_up_has_time_to_come_after_a_break():
    progress = Progress(settle=timedelta(minutes=3))
    said = [progress.look(come=1, taken=1, now=at(n)) for n in range(0, 200, 10)]
    assert said == [None] * 18 + [at(180), at(190)]
    assert not progress.settling(at(200))
    progress.broken()
    assert progress.settling(at(200))
    assert progress.look(come=1, taken=1, now=at(210)) is None
    for n in range(220, 390, 10):
        assert progress.look(come=1, taken=1, now=at(n)) is None
    assert progress.look(come=1, taken=1, now=at(390)) == at(390)


def test_a_machine_that_slept_begins_anew():
    progress = Progress(settle=timedelta(minutes=3))
    for n in range(0, 200, 10):
        progress.look(come=1, taken=1, now=at(n))
    assert progress.look(come=1, taken=1, now=at(1000)) is None
    assert progress.settling(at(1000))


@pytest.mark.parametrize(
    ("said", "seen", "why"),
    [
        ("", 0, Hindrance.NONE),
        ("bus", 30, Hindrance.BUS),
        ("bus", 31, Hindrance.AWAY),
        ("", None, Hindrance.AWAY),
    ],
)
def test_what_holds_it_up(said, seen, why):
    seen_at = None if seen is None else at(-seen)
    assert rules.hindrance(said=said, seen_at=seen_at, now=NOON) == why


def test_from_three_minutes_on_it_is_a_fault_to_tell_of():
    assert rules.HELD_AFTER == gas.MINE_SILENT_AFTER
    assert not rules.is_held(until=at(-180), why=Hindrance.AWAY, now=NOON)
    assert rules.is_held(until=at(-181), why=Hindrance.AWAY, now=NOON)
    assert rules.is_held(until=at(-181), why=Hindrance.NONE, now=NOON)
    assert not rules.is_held(until=at(-900), why=Hindrance.SETTLING, now=NOON)


def gateway(until=None, said=None, before=None, before_said=None):
    moments = (each if each is None else at(each) for each in (until, said, before, before_said))
    return Vouched(Part.GATEWAY, *moments)


def partition(until=None):
    return Vouched(Part.PARTITION, None if until is None else at(until))


@pytest.mark.parametrize(
    ("ways", "known"),
    [
        # Without a bus each speaks for itself.
        ([gateway(90, 100)], 90),
        ([gateway(90, 100), gateway(80, 100)], 80),
        ([gateway(90, 100), gateway()], None),
        # The partition looked later than the gateway: what is on the bus by then is on record.
        ([gateway(100, 100, 95, 95), partition(103)], 100),
        ([partition(103), gateway(100, 100), partition(101)], 100),
        # It looked before: the gateway's word before that counts, where there is one.
        ([gateway(100, 100, 95, 95), partition(98)], 95),
        ([gateway(100, 100, 95, 95), partition(100)], 95),
        ([gateway(100, 100), partition(98)], None),
        ([gateway(100, 100, 95, 98), partition(98)], None),
        ([gateway(), partition(98)], None),
        ([gateway(100, 100), partition()], None),
        # It is back with a backlog, and the bus was empty when the partition looked.
        ([gateway(300, 300, 10, 10), partition(299)], 10),
        ([partition(98)], 98),
    ],
)
def test_a_partition_s_word_counts_where_it_looked_later(ways, known):
    assert rules.known_until(ways) == (None if known is None else at(known))

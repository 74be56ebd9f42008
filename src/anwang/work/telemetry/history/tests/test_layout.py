from datetime import UTC, date, datetime
from itertools import permutations
from pathlib import Path

import pytest

from anwang.work.telemetry.history import layout
from anwang.work.telemetry.history.layout import FIVE, RAW, Segment
from anwang.work.telemetry.history.tests.makers import DAY


def files(*numbers, kind=RAW):
    """ "3-9" or "3-9.0of2" → a segment."""
    made = []
    for text in numbers:
        span, _, part = text.partition(".")
        first, last = (int(number) for number in span.split("-"))
        at, _, parts = (part or "0of1").partition("of")
        made.append(Segment(Path(text), kind, DAY, 0, first, last, int(at), int(parts)))
    return made


def names(found):
    return [str(file.path) for file in found]


@pytest.mark.parametrize(
    ("there", "count"),
    [
        (["1-1", "2-2"], ["1-1", "2-2"]),
        (["1-1", "2-2", "1-2"], ["1-2"]),  # merged, the old ones not removed yet
        (["1-2", "3-3", "1-3", "4-4"], ["1-3", "4-4"]),
        (["1-1", "2-2", "1-2.0of2"], ["1-1", "2-2"]),  # the second part is not there yet
        (["1-1", "2-2", "1-2.0of2", "1-2.1of2"], ["1-2.0of2", "1-2.1of2"]),
        (["1-2.0of1", "1-2.0of2", "1-2.1of2"], ["1-2.0of1"]),
        ([], []),
    ],
)
def test_of_files_that_hold_the_same_the_wider_counts_in_whatever_order_they_are_listed(there, count):
    for order in permutations(there):
        assert sorted(names(layout.current(files(*order)))) == sorted(count)


@pytest.mark.parametrize(
    ("raw", "five", "used", "left"),
    [
        (["1-1"], [], [], ["1-1"]),
        (["1-2"], ["1-2"], ["1-2"], []),
        (["1-2", "3-3"], ["1-2"], ["1-2"], ["3-3"]),
        (["1-2", "3-3"], ["1-3"], ["1-3"], []),  # roll-ups renamed, readings not yet
        (["1-3"], ["1-2"], [], ["1-3"]),  # the other way round: the old roll-ups would count twice
        (["9-9"], ["1-8"], ["1-8"], ["9-9"]),  # readings of 1-8 dropped, one came late
        ([], ["1-8"], ["1-8"], []),
    ],
)
def test_every_reading_is_spoken_for_once(raw, five, used, left):
    found = layout.speaking(files(*raw), files(*five, kind=FIVE))
    assert [names(part) for part in found] == [used, left]


def test_a_day_is_a_day_in_china():
    midnight = layout.millis(datetime(2026, 11, 19, 16, tzinfo=UTC))
    assert layout.day_of(midnight) == date(2026, 11, 20)
    assert layout.day_of(midnight - 1) == date(2026, 11, 19)
    assert layout.bounds(date(2026, 11, 20)) == (midnight, midnight + layout.DAY_MS)
    assert list(layout.days_between(midnight - 1, midnight + 1)) == [date(2026, 11, 19), date(2026, 11, 20)]
    assert list(layout.days_between(midnight, midnight)) == []
    with pytest.raises(ValueError, match="time zone"):
        layout.millis(datetime(2026, 11, 20))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize("day", [date(1992, 1, 1), date(2000, 2, 29), date(2026, 7, 1), date(2199, 12, 31)])
def test_the_even_count_of_days_is_that_of_the_time_zone(day):
    start, end = layout.bounds(day)
    assert end - start == layout.DAY_MS
    assert layout.day_of(start) == layout.day_of(end - 1) == day

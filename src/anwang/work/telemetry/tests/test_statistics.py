"""A month's over-limits, held against counting quarter by quarter of an hour."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anwang.kernel import clock
from anwang.work.telemetry import statistics
from anwang.work.telemetry.models import Episode, Mine, SensorPoint
from anwang.work.telemetry.services import meet

MONTH = date(2026, 11, 1)
START, END = statistics.bounds(MONTH)


def test_a_month_is_the_mines_own():
    assert datetime(2026, 10, 31, 16, tzinfo=UTC) == START
    assert datetime(2026, 11, 30, 16, tzinfo=UTC) == END
    assert statistics.bounds(date(2026, 12, 1))[1] == datetime(2026, 12, 31, 16, tzinfo=UTC)


QUARTER = timedelta(minutes=15)
QUARTERS = st.integers(-3 * 96, 33 * 96)


@st.composite
def overs(draw: Any) -> list[statistics.Over]:
    found = []
    for _n in range(draw(st.integers(0, 8))):
        begin = draw(QUARTERS)
        length = draw(st.one_of(st.none(), st.integers(0, 2 * 96)))
        end = None if length is None else START + QUARTER * (begin + length)
        peak = draw(st.one_of(st.none(), st.floats(1, 4)))
        found.append(
            statistics.Over(
                draw(st.sampled_from("ab")), draw(st.sampled_from("xyz")), START + QUARTER * begin, end, peak
            )
        )
    return found


def quarters_of(row: statistics.Over, now: datetime) -> Iterator[datetime]:
    at = row.start
    while at < (row.end or now):
        yield at
        at += QUARTER


@settings(max_examples=50)
@given(overs())
def test_the_sums_are_those_of_counting_every_quarter_of_an_hour(rows: list[statistics.Over]) -> None:
    now = START + timedelta(days=33)
    found = statistics.counted(rows, START, END, now)
    for mine in "ab":
        own = [row for row in rows if row.mine == mine]
        begun = [row for row in own if START <= row.start < END]
        month = found.get(mine, statistics.Month())
        assert month.n == len(begun)
        assert round(month.minutes) == 15 * sum(START <= at < END for row in own for at in quarters_of(row, now))
        longest = max((sum(1 for _ in quarters_of(row, now)) for row in begun), default=0)
        assert round(month.longest) == 15 * longest
        assert month.highest == max((row.max for row in begun if row.max is not None), default=None)
        places = [row.place for row in begun]
        assert dict(month.repeated) == {place: places.count(place) for place in places if places.count(place) > 1}


def episode(
    mine: Mine, point: SensorPoint, start: datetime, minutes: int, what: str = "001", peak: float = 1.2
) -> Episode:
    row = Episode(mine=mine, point=point, domain=mine.domain, what=what, start=start, opened_at=start, max=peak)
    row.end = row.closed_at = start + timedelta(minutes=minutes)
    row.place_in(mine.region)
    row.save()
    return row


@pytest.fixture
def now() -> datetime:
    return clock.start_of_day(date(2026, 11, 22)) + timedelta(hours=12)


def test_only_methane_over_its_limit_is_counted_and_compared_with_the_month_before(gas, places, make_user, now):
    mine = meet(code="140930990001", name="甲矿", now=now)
    quiet = meet(code="140930990002", name="乙矿", now=now)
    theirs = meet(code="140931990001", name="外县矿", now=now)

    def made(of: Mine, n: int, kind: str) -> SensorPoint:
        return SensorPoint.objects.create(
            code=f"{of.code}01MN{kind}0001{n:04d}", mine=of, sensor_type=kind, value_type="MN",
            location=f"310{n}综采工作面T1", made_at=now,
        )  # fmt: skip

    gas_one, gas_two, co = made(mine, 1, "0001"), made(mine, 2, "0001"), made(mine, 3, "0004")
    for day, point in ((2, gas_one), (9, gas_one), (9, gas_two)):
        episode(mine, point, clock.start_of_day(date(2026, 11, day)), 10 * day, peak=1 + day / 10)
    episode(mine, gas_one, clock.start_of_day(date(2026, 11, 1)) - timedelta(minutes=30), 60)
    episode(mine, co, clock.start_of_day(date(2026, 11, 3)), 60, peak=40)
    episode(mine, gas_one, clock.start_of_day(date(2026, 11, 4)), 60, what="rise")
    episode(theirs, made(theirs, 1, "0001"), clock.start_of_day(date(2026, 11, 5)), 60)

    lines = statistics.lines(make_user("county_office", places.county), MONTH, now=now)
    assert [line.mine for line in lines] == [mine, quiet], "another county's mine is not counted"
    first = lines[0]
    assert (first.month.n, first.before.n) == (3, 1)
    assert first.month.minutes == 20 + 90 + 90 + 30
    assert first.before.minutes == 30
    assert (first.month.longest, first.month.highest) == (90, 1.9)
    assert first.month.repeated == [("3101综采工作面", 2)]
    assert lines[1].month.n == 0
    city = statistics.lines(make_user("city_office", places.city), MONTH, now=now, county="140931")
    assert [(line.mine, line.month.n) for line in city] == [(theirs, 1)]

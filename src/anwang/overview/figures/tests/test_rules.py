from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.overview.figures import rules
from anwang.overview.figures.rules import EYES_OF, Eyes, Flow, Period, Span
from anwang.work.hazards.rules import Source

TODAY = date(2026, 11, 21)
MONTHS = st.builds(lambda y, m: f"{y:04d}-{m:02d}", st.integers(1950, 2100), st.integers(1, 12))


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.MONTH, "2026-11", "2026-11"),
        (Period.LAST_MONTH, "2026-10", "2026-10"),
        (Period.QUARTER, "2026-10", "2026-11"),
        (Period.YEAR, "2026-01", "2026-11"),
        (Period.TWELVE, "2025-12", "2026-11"),
        (Period.LAST_YEAR, "2025-01", "2025-12"),
        (Period.ALL, "", "2026-11"),
    ],
)
def test_periods_are_whole_months(period, first, last):
    assert rules.span(period, TODAY) == Span(first, last)


def test_a_span_knows_its_days():
    span = Span("2024-02", "2024-02")
    assert (span.first_day, span.last_day) == (date(2024, 2, 1), date(2024, 2, 29))
    assert Span("", "2024-12").first_day is None
    assert Span("", "2024-12").months == []


@given(MONTHS, st.integers(-40, 40))
def test_months_go_back_and_forth(month, n):
    assert rules.before(rules.before(month, n), -n) == month
    assert len(rules.months_between(rules.before(month, abs(n)), month)) == abs(n) + 1


@given(MONTHS)
def test_a_month_is_one_and_its_days_are_its_own(month):
    assert rules.is_month(month)
    assert rules.first_day(month).strftime("%Y-%m") == rules.last_day(month).strftime("%Y-%m") == month


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "2026/11", "26-11", "2026-1x", "0000-01", "２０２６-11x"]
)
def test_what_is_no_month(text):
    assert not rules.is_month(text)


def test_nothing_has_no_share():
    assert rules.share(1, 3) == 33.3
    assert rules.share(0, 0) is None
    assert rules.mean(7, 2) == 3.5
    assert rules.mean(0, 0) is None


def test_every_way_of_finding_has_its_eyes():
    assert set(EYES_OF) == set(Source)
    assert {EYES_OF[source] for source in ("joint", "unannounced", "government")} == {Eyes.GOVERNMENT}


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 7)))
def test_flows_add_up_column_by_column(rows):
    whole = rules.total(Flow(*row) for row in rows)
    assert whole == Flow(*(sum(column) for column in zip(*rows, strict=True))) if rows else whole == Flow()


@given(st.dictionaries(MONTHS, st.integers(-50, 50)), st.lists(MONTHS, max_size=6))
def test_what_stands_is_all_that_came_and_went_until_then(changes, months):
    stood = rules.running(changes, months)
    assert stood == {month: sum(n for at, n in changes.items() if at <= month) for month in months}


def test_a_flow_says_nothing_of_nothing():
    assert Flow().mean_days is None
    assert Flow().in_time_share is None
    assert Flow(closed=2, closed_days=9, due=4, in_time=3).mean_days == 4.5
    assert Flow(due=4, in_time=3).in_time_share == 75.0

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from anwang.overview.desk import rules
from anwang.overview.desk.rules import Step

TODAY = date(2026, 11, 21)
DAYS = st.integers(-60, 60).map(lambda n: TODAY + timedelta(days=n))
LADDER = [Step(-3, "before"), Step(1, "unit"), Step(3, "town"), Step(7, "county"), Step(15, "listed")]


def test_late_first_and_the_longest_late_before_the_others():
    asked = [
        ("no day", None, False),
        ("tomorrow", TODAY + timedelta(days=1), False),
        ("today", TODAY, False),
        ("late without a day", None, True),
        ("a day late", TODAY - timedelta(days=1), True),
        ("a week late", TODAY - timedelta(days=7), False),
    ]
    order = sorted(asked, key=lambda each: rules.rank(each[1], late=each[2], today=TODAY))
    assert [name for name, *_ in order] == [
        "late without a day", "a week late", "a day late", "today", "tomorrow", "no day",
    ]  # fmt: skip


@given(st.lists(st.tuples(st.none() | DAYS, st.booleans())))
def test_what_is_late_never_stands_behind_what_is_not(asked):
    order = sorted(asked, key=lambda each: rules.rank(each[0], late=each[1], today=TODAY))
    late = [flag or (due is not None and due < TODAY) for due, flag in order]
    assert late == sorted(late, reverse=True)


def test_what_happens_next():
    assert rules.next_step(TODAY + timedelta(days=2), TODAY, LADDER) == (date(2026, 11, 24), LADDER[1])
    assert rules.next_step(TODAY - timedelta(days=3), TODAY, LADDER) == (TODAY, LADDER[2])  # may ring any moment
    assert rules.next_step(TODAY - timedelta(days=4), TODAY, LADDER) == (date(2026, 11, 24), LADDER[3])
    assert rules.next_step(TODAY - timedelta(days=20), TODAY, LADDER) is None
    assert rules.next_step(TODAY, TODAY, []) is None


@given(DAYS)
def test_the_next_step_is_never_behind_us_nor_before_the_due_day(due):
    found = rules.next_step(due, TODAY, LADDER)
    if found is not None:
        day, step = found
        assert day >= TODAY
        assert step.days > 0
        assert day == due + timedelta(days=step.days)


def test_a_week_is_seven_days_from_today():
    assert rules.week(TODAY)[0] == TODAY
    assert rules.week(TODAY)[-1] == TODAY + timedelta(days=6)

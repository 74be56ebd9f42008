"""The table of moves, who makes which visit, and a plan's balance."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.kernel.machine import MoveRefused
from anwang.work.inspections import rules
from anwang.work.inspections.rules import Action, Facts, Interval, Kind, Slot, State, Target

ALL = frozenset(Action)
COMPLETE = Facts(
    kind=Kind.GOVERNMENT,
    may=ALL,
    people=2,
    certified=2,
    people_needed=2,
    certificate_shown=True,
    checklists=1,
    signed=True,
)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def refusal(facts, state=State.ONGOING, action=Action.FINISH):
    try:
        rules.MACHINE.step(state, action, facts)
    except MoveRefused as refused:
        return refused.key
    return None


# --- the table --------------------------------------------------------------------------------------------------------


def test_a_complete_visit_is_finished():
    assert rules.MACHINE.step(State.ONGOING, Action.FINISH, COMPLETE).target is State.DONE


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_place_in_the_ledger(kind):
    assert kind in rules.HAZARD_SOURCE


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"may": frozenset()}, "accounts.not_permitted"),
        ({"unanswered": 1}, "inspections.unanswered"),
        ({"unreported": 2}, "inspections.unreported"),
        ({"checklists": 0}, "inspections.nothing_recorded"),
        ({"people": 1}, "inspections.people_missing"),
        ({"certified": 1}, "inspections.certificates_missing"),
        ({"certificate_shown": False}, "inspections.certificate_not_shown"),
        ({"signed": False}, "inspections.unsigned"),
        ({"signed": False, "sign_refused": "  "}, "inspections.unsigned"),
    ],
)
def test_what_keeps_a_visit_from_being_finished(change, key):
    assert refusal(replace(COMPLETE, **change)) == key


@pytest.mark.parametrize(
    "change",
    [
        {"signed": False, "sign_refused": "负责人拒绝签字，称要等老板回来"},
        {"checklists": 0, "findings": 1},
        {"checklists": 0, "opinion": "现场停业，无人作业"},
        {"kind": Kind.PATROL, "people": 1, "certified": 0, "certificate_shown": False},
        {"kind": Kind.SELF_CHECK, "people": 1, "certified": 0, "certificate_shown": False, "signed": False},
    ],
)
def test_what_does_not(change):
    assert refusal(replace(COMPLETE, **change)) is None


@pytest.mark.parametrize("action", [Action.NOBODY, Action.CANCEL])
def test_a_visit_with_findings_took_place(action):
    for state in rules.OPEN:
        assert refusal(COMPLETE, state, action) is None
        assert refusal(replace(COMPLETE, findings=1), state, action) == "inspections.has_findings"


def test_being_turned_away_does_not_undo_findings():
    assert rules.MACHINE.step(State.ONGOING, Action.TURNED_AWAY, replace(COMPLETE, findings=1)).target is State.REFUSED


@pytest.mark.parametrize("state", [State.DONE, State.ABSENT, State.REFUSED, State.CANCELLED])
def test_nothing_follows_an_end(state):
    assert rules.MACHINE.offers(state, COMPLETE) == []


def test_a_finished_visit_cannot_begin_again():
    assert refusal(COMPLETE, State.ONGOING, Action.BEGIN) == "inspections.move_not_offered"
    assert refusal(COMPLETE, State.ARRANGED, Action.BEGIN) is None


# --- who makes which --------------------------------------------------------------------------------------------------


def kinds(**held):
    facts = {"own": False, "conducts": False, "plans": False, "rectifies": False, "certified": False} | held
    return rules.open_kinds(**facts)


def test_the_kinds_each_role_may_make():
    assert kinds() == ()
    assert kinds(own=True) == (Kind.SELF_CHECK,)
    grid_member = kinds(conducts=True, rectifies=True)
    assert grid_member == (Kind.PATROL, Kind.HOUSEHOLD)
    assert kinds(conducts=True) == (Kind.EXPERT,)
    inspector = kinds(conducts=True, plans=True, rectifies=True, certified=True)
    assert inspector[0] is Kind.GOVERNMENT
    assert set(inspector) == set(Kind) - {Kind.SELF_CHECK}
    assert Kind.GOVERNMENT in kinds(conducts=True, certified=True)


# --- moments ----------------------------------------------------------------------------------------------------------


def test_no_visit_begins_or_ends_in_the_future():
    later = NOON + timedelta(minutes=1)
    assert rules.begin_problem(NOON, now=NOON) is None
    assert rules.begin_problem(later, now=NOON) == "inspections.begins_later"
    assert rules.end_problem(NOON, began_at=NOON, now=NOON) is None
    assert rules.end_problem(NOON, began_at=None, now=NOON) is None
    assert rules.end_problem(later, began_at=NOON, now=NOON) == "inspections.ends_wrong"
    assert rules.end_problem(NOON, began_at=later, now=later) == "inspections.ends_wrong"


def test_nobody_home_is_tried_again_so_many_times():
    assert [rules.comes_again(n, most=3) for n in (1, 2, 3, 4)] == [True, True, True, False]


def test_the_next_attempt_lies_ahead():
    today = date(2026, 11, 20)
    assert rules.revisit_problem(None, today=today) == "inspections.revisit_missing"
    assert rules.revisit_problem(today, today=today) == "inspections.revisit_past"
    assert rules.revisit_problem(date(2026, 11, 21), today=today) is None


# --- how often --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "months", "due"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 11, 20), 12, date(2027, 11, 20)),
        (date(2026, 1, 15), -2, date(2025, 11, 15)),
    ],
)
def test_the_next_visit(last, months, due):
    assert rules.next_visit(last, months=months) == due


def test_days_become_months_where_they_are_some():
    assert [Interval.of_days(n) for n in (7, 15, 30, 90, 180, 365)] == [
        Interval(days=7),
        Interval(days=15),
        Interval(months=1),
        Interval(months=3),
        Interval(months=6),
        Interval(months=12),
    ]
    assert Interval(days=7).after(date(2026, 1, 30)) == date(2026, 2, 6)


@pytest.mark.parametrize(
    ("class_months", "asked", "colour", "days", "expected"),
    [
        (6, None, "", None, Interval(months=6)),
        (6, 2, "", None, Interval(months=2)),
        (6, None, "red", 30, Interval(months=1)),
        (1, None, "orange", 90, Interval(months=1)),
        (12, None, "blue", 30, Interval(months=12)),
        (None, None, "red", 30, Interval(months=1)),
        (None, None, "red", None, None),
        (None, None, "", None, None),
    ],
)
def test_a_red_place_is_visited_more_often(class_months, asked, colour, days, expected):
    found = rules.interval(class_months=class_months, asked_months=asked, colour=colour, colour_days=days)
    assert found == expected


# --- the balance ------------------------------------------------------------------------------------------------------

YEAR = (date(2027, 1, 1), date(2027, 12, 31))


def plan(targets, begins_on=YEAR[0], ends_on=YEAR[1]):
    return rules.spread(targets, begins_on=begins_on, ends_on=ends_on)


def test_a_hundred_new_places_are_spread_over_the_year():
    slots = plan([Target(f"{n:03d}", None, Interval(months=12)) for n in range(120)])
    assert len(slots) == 120
    assert set(rules.per_month(slots).values()) == {10}


def test_places_with_little_choice_go_first_and_the_rest_fill_up():
    fixed = [
        Target(f"a{n}", date(2026, 3, 10), Interval(months=12)) for n in range(12)
    ]  # due 2027-03-10, from 09-10 on
    free = [Target(f"b{n:02d}", None, Interval(months=12)) for n in range(48)]
    counted = rules.per_month(plan(fixed + free))
    assert max(counted.values()) - min(counted.values()) <= 1


def test_a_quarterly_place_is_visited_four_times():
    slots = plan([Target("a", date(2026, 12, 20), Interval(months=3))])
    assert [slot.due_on for slot in slots][:1] == [date(2027, 3, 20)]
    assert [slot.due_on.month for slot in slots] == [3, 6, 9, 12]
    assert slots[0].opens_on == YEAR[0]
    assert slots[1].opens_on == date(2027, 3, 21)


def test_an_overdue_place_comes_in_the_first_half_of_its_interval():
    (first, *_) = plan([Target("a", date(2025, 1, 5), Interval(months=12))])
    assert first.due_on == date(2027, 1, 31)


def test_a_place_not_due_in_the_period_is_left_out():
    assert plan([Target("a", date(2026, 12, 1), Interval(months=24))]) == []
    assert plan([Target("a", None, Interval(days=20))], ends_on=date(2027, 1, 10)) == []


def test_weekly_rounds_stay_weekly():
    slots = plan([Target("a", date(2026, 12, 28), Interval(days=7))], ends_on=date(2027, 1, 31))
    assert [slot.due_on.day for slot in slots] == [4, 11, 18, 25]
    assert plan([Target("a", None, Interval(days=7))], ends_on=date(2027, 1, 31))[0].due_on == date(2027, 1, 7)
    assert plan([Target("a", date(2026, 6, 1), Interval(days=7))], ends_on=date(2027, 1, 31))[0].due_on == YEAR[0]


def test_the_end_of_a_short_month_does_not_drag_the_others_forward():
    slots = plan([Target("a", date(2026, 8, 31), Interval(months=6))])
    assert [slot.due_on for slot in slots] == [date(2027, 2, 28), date(2027, 8, 31)]


def test_a_period_has_two_ends():
    assert rules.period_problem(*YEAR) is None
    assert rules.period_problem(YEAR[1], YEAR[0]) == "inspections.plan_period"
    assert rules.period_problem(date(2020, 1, 1), date(2027, 1, 1)) == "inspections.plan_too_long"


targets_ = st.lists(
    st.builds(
        Target,
        key=st.uuids().map(str),
        last=st.none() | st.dates(date(2024, 1, 1), date(2026, 12, 31)),
        every=st.integers(1, 24).map(lambda n: Interval(months=n)) | st.integers(1, 27).map(lambda n: Interval(days=n)),
    ),
    max_size=25,
    unique_by=lambda target: target.key,
)


@given(targets_, st.integers(10, 500), st.randoms())
def test_no_two_due_days_lie_farther_apart_than_the_interval(targets, days, random):
    begins_on = date(2027, 1, 1)
    ends_on = begins_on + timedelta(days=days)
    slots = plan(targets, ends_on=ends_on)
    shuffled = list(targets)
    random.shuffle(shuffled)
    assert plan(shuffled, ends_on=ends_on) == slots
    for target in targets:
        own = [slot for slot in slots if slot.key == target.key]
        for slot in own:
            assert begins_on <= slot.opens_on <= slot.due_on <= ends_on
        for before, after in pairwise(own):
            assert after.opens_on == before.due_on + timedelta(days=1)
            limit = target.every.after(before.due_on)
            # The end of a short month is followed by the end of a longer one.
            assert after.due_on <= limit + timedelta(days=3)
        if target.last is not None and begins_on <= target.every.after(target.last) <= ends_on:
            assert own[0].due_on <= target.every.after(target.last)


def test_months_are_counted_in_order():
    slots = [Slot("a", YEAR[0], date(2027, 2, 1)), Slot("b", YEAR[0], date(2027, 1, 31))]
    assert rules.per_month(slots) == {"2027-01": 1, "2027-02": 1}

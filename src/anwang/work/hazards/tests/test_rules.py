"""The table of moves and the small rules around it, every branch, without a database."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.kernel import clock
from anwang.kernel.machine import MoveRefused
from anwang.work.hazards import rules
from anwang.work.hazards.rules import Action, Facts, Fixing, Grade, Rung, Source, State

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 20)
ALL = Facts(
    grade=Grade.GENERAL,
    acting="me",
    may=frozenset(Action),
    fixings=frozenset(Fixing),
    rectifiers=frozenset({"unit"}),
    proposer="colleague",
    verifier="colleague",
    criterion="cn:criterion",
    closed_days=0,
    reopen_days=30,
)


def refusal(state, action, facts):
    try:
        rules.MACHINE.step(state, action, facts)
    except MoveRefused as refused:
        return refused.key
    return None


# --- the table ------------------------------------------------------------------------------------------------------


def test_the_road_without_detours():
    walk = [Action.GRADE, Action.ASSIGN, Action.START, Action.SUBMIT, Action.VERIFY, Action.CLOSE]
    assert rules.MACHINE.path(State.FOUND, walk) == [
        State.GRADED,
        State.ASSIGNED,
        State.RECTIFYING,
        State.SUBMITTED,
        State.VERIFIED,
        State.CLOSED,
    ]


def test_every_state_is_open_with_somebody_or_ended():
    somebody = {*rules.WITH_UNIT, *rules.WITH_OFFICE, State.SUSPENDED}
    assert set(rules.OPEN) == somebody
    assert set(State) - somebody == {State.CLOSED, State.CANCELLED}
    assert not set(rules.WITH_UNIT) & set(rules.WITH_OFFICE)


def test_closed_is_reached_by_closing_a_verified_one_only():
    ways = [(source, move.action) for move in rules.MACHINE.moves for source in move.source if move.target == "closed"]
    assert ways == [(State.VERIFIED, Action.CLOSE)]
    ways = [
        (source, move.action) for move in rules.MACHINE.moves for source in move.source if move.target == "verified"
    ]
    assert ways == [(State.SUBMITTED, Action.VERIFY)]


def test_nothing_speaks_against_somebody_with_every_right_and_all_facts():
    for state in State:
        assert all(offer.refused is None for offer in rules.MACHINE.offers(state, ALL)), state


@pytest.mark.parametrize("state", list(State))
def test_without_the_right_every_move_is_refused(state):
    nobody = replace(ALL, may=frozenset())
    for action in rules.MACHINE.actions(state):
        assert refusal(state, action, nobody) == "accounts.not_permitted"


@pytest.mark.parametrize(
    ("state", "action", "facts", "key"),
    [
        (State.SUBMITTED, Action.VERIFY, {"acting": "unit"}, "hazards.own_work"),
        (State.SUBMITTED, Action.SEND_BACK, {"acting": "unit"}, "hazards.own_work"),
        (State.VERIFIED, Action.SEND_BACK, {"acting": "unit"}, "hazards.own_work"),
        (State.VERIFIED, Action.CLOSE, {"acting": "unit"}, "hazards.own_work"),
        (State.MAJOR_PROPOSED, Action.CONFIRM_MAJOR, {"acting": "colleague"}, "hazards.second_person"),
        (State.MAJOR_PROPOSED, Action.REJECT_MAJOR, {"acting": "colleague"}, "hazards.second_person"),
        (State.MAJOR_PROPOSED, Action.CONFIRM_MAJOR, {"criterion": ""}, "hazards.criterion_missing"),
        (State.GRADED, Action.PROPOSE_MAJOR, {"grade": Grade.MAJOR}, "hazards.already_major"),
        (
            State.ASSIGNED,
            Action.START,
            {"grade": Grade.MAJOR, "fixings": frozenset(Fixing) - {Fixing.FUNDS}},
            "hazards.fixings_missing",
        ),
        (State.RETURNED, Action.SUBMIT, {"grade": Grade.MAJOR, "fixings": frozenset()}, "hazards.fixings_missing"),
        (
            State.VERIFIED,
            Action.CLOSE,
            {"grade": Grade.MAJOR, "acting": "colleague", "rectifiers": frozenset()},
            "hazards.second_acceptor",
        ),
        (State.RECTIFYING, Action.SUSPEND, {"extension_open": True}, "hazards.extension_open"),
        (State.ASSIGNED, Action.TRANSFER, {"extension_open": True}, "hazards.extension_open"),
        (State.CLOSED, Action.REOPEN, {"closed_days": 31}, "hazards.closed_too_long"),
        (State.CLOSED, Action.REOPEN, {"closed_days": None}, "hazards.closed_too_long"),
        (State.CLOSED, Action.CLOSE, {}, "hazards.move_not_offered"),
    ],
)
def test_a_guard_speaks(state, action, facts, key):
    assert refusal(state, action, replace(ALL, **facts)) == key


@pytest.mark.parametrize(
    ("state", "action", "facts"),
    [
        (State.VERIFIED, Action.CLOSE, {"acting": "colleague"}),  # general: one person verifies and closes
        (State.ASSIGNED, Action.START, {"fixings": frozenset()}),  # general: the five fixings may follow
        (State.ASSIGNED, Action.START, {"grade": Grade.MAJOR}),
        (State.VERIFIED, Action.CLOSE, {"grade": Grade.MAJOR}),
        (State.CLOSED, Action.REOPEN, {"closed_days": 30}),
    ],
)
def test_a_guard_is_silent(state, action, facts):
    assert refusal(state, action, replace(ALL, **facts)) is None


facts_of_any_kind = st.builds(
    Facts,
    grade=st.sampled_from(Grade),
    acting=st.sampled_from(["unit", "colleague", "me"]),
    may=st.frozensets(st.sampled_from(Action)),
    fixings=st.frozensets(st.sampled_from(Fixing)),
    rectifiers=st.frozensets(st.sampled_from(["unit", "me"])),
    proposer=st.sampled_from(["", "me", "colleague"]),
    verifier=st.sampled_from(["", "me", "colleague"]),
    extension_open=st.booleans(),
    criterion=st.sampled_from(["", "cn:criterion"]),
    closed_days=st.none() | st.integers(0, 60),
    reopen_days=st.integers(0, 60),
)


@given(st.sampled_from(State), facts_of_any_kind)
def test_who_rectified_never_checks_and_no_major_without_criterion(state, facts):
    for offer in rules.MACHINE.offers(state, facts):
        if offer.refused is not None:
            continue
        assert offer.action in facts.may
        if offer.target in (State.VERIFIED, State.CLOSED):
            assert facts.acting not in facts.rectifiers
        if offer.action is Action.CONFIRM_MAJOR:
            assert facts.criterion
            assert facts.acting != facts.proposer


# --- evidence and the five fixings ------------------------------------------------------------------------------------

ORDERED = datetime(2026, 11, 10, 9, 0, tzinfo=ZONE)


def photo(taken_at=None, uploaded_at=ORDERED + timedelta(days=1)):
    return rules.Photo("f", taken_at, uploaded_at)


@pytest.mark.parametrize(
    ("photos", "problem"),
    [
        ([], "hazards.evidence_missing"),
        ([photo()], None),
        ([photo(taken_at=ORDERED)], None),
        ([photo(taken_at=ORDERED - timedelta(seconds=1))], "hazards.evidence_missing"),
        ([photo(uploaded_at=ORDERED - timedelta(days=1))], "hazards.evidence_missing"),
        ([photo(taken_at=ORDERED - timedelta(days=9)), photo()], None),
    ],
)
def test_evidence_is_a_photo_taken_after_the_order(photos, problem):
    assert rules.evidence_problem(photos, ordered_at=ORDERED) == problem


def test_fixings_are_those_that_say_something():
    nothing = {"person": " ", "phone": "", "measures": "", "funds": " ", "due_on": None, "plan": ""}
    everything = {
        "person": "王五",
        "phone": "15400001234",
        "measures": "更换",
        "funds": "无需资金",
        "due_on": TODAY,
        "plan": "停用并围挡",
    }
    assert rules.fixings_filled(**nothing) == frozenset()
    assert rules.fixings_filled(**everything) == frozenset(Fixing)
    assert Fixing.RESPONSIBILITY not in rules.fixings_filled(**{**everything, "phone": ""})


# --- deadlines and extensions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "problem"),
    [(-1, "hazards.deadline_past"), (0, None), (30, None), (31, "hazards.deadline_too_far")],
)
def test_a_deadline_lies_between_today_and_the_longest_term(days, problem):
    assert rules.deadline_problem(TODAY + timedelta(days=days), today=TODAY, longest=30) == problem


EXTENSION = {
    "state": State.RECTIFYING,
    "due_on": TODAY,
    "new_due_on": TODAY + timedelta(days=5),
    "today": TODAY,
    "reason": "备件未到",
    "interim": "专人值守",
    "is_open": False,
}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        ({"state": State.SUBMITTED}, "hazards.nothing_to_extend"),
        ({"due_on": None}, "hazards.nothing_to_extend"),
        ({"is_open": True}, "hazards.extension_open"),
        ({"today": TODAY + timedelta(days=1)}, "hazards.extension_late"),
        ({"new_due_on": TODAY}, "hazards.extension_not_later"),
        ({"reason": " "}, "hazards.extension_words"),
        ({"interim": ""}, "hazards.extension_words"),
    ],
)
def test_an_extension_is_asked_before_the_deadline_with_words(change, problem):
    assert rules.extension_problem(**{**EXTENSION, **change}) == problem


@pytest.mark.parametrize(
    ("acting", "before", "county", "problem"),
    [
        ("asker", 0, True, "hazards.own_extension"),
        ("other", 0, False, None),
        ("other", 1, False, "hazards.extension_higher"),
        ("other", 1, True, None),
    ],
)
def test_who_asks_never_grants_and_a_second_one_goes_up(acting, before, county, problem):
    decided = rules.decision_problem(asked_by="asker", acting=acting, granted_before=before, county_or_above=county)
    assert decided == problem


# --- stages, lateness, the ladder -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", list(State))
def test_every_stage_has_its_day(state):
    limits = rules.Limits(grade=1, second=2, assign=3, verify=4, close=5)
    days = {State.FOUND: 1, State.MAJOR_PROPOSED: 2, State.GRADED: 3, State.SUBMITTED: 4, State.VERIFIED: 5}
    deadline = TODAY + timedelta(days=20)
    expected = TODAY + timedelta(days=days[state]) if state in days else deadline
    assert rules.stage_due(state, since=TODAY, due_on=deadline, limits=limits) == expected
    if state not in days:
        assert rules.stage_due(state, since=TODAY, due_on=None, limits=limits) == TODAY


def test_a_suspended_or_ended_hazard_does_not_grow_late():
    assert {state for state in State if not rules.counts_late(state)} == {
        State.SUSPENDED,
        State.CLOSED,
        State.CANCELLED,
    }


LADDER = [Rung(-3, "person"), Rung(-1, "person"), Rung(1, "person"), Rung(3, "town"), Rung(7, "county", "letter")]
NONE = frozenset()


def at(day, hour=9):
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)


def test_rungs_have_names():
    assert [rung.name for rung in LADDER] == ["person-3", "person-1", "person+1", "town+3", "letter"]


def ring(**change):
    usual = {"state": State.RECTIFYING, "due_on": TODAY, "late": False, "rung": NONE, "ladder": LADDER}
    return rules.next_ring(**{**usual, "after": at(TODAY, 10), **change})


def test_the_next_ring_is_the_nearest_rung_or_the_end_of_the_due_day():
    assert ring(after=at(TODAY - timedelta(days=9))) == at(TODAY - timedelta(days=3))
    assert ring() == clock.start_of_day(TODAY + timedelta(days=1))
    assert ring(late=True) == at(TODAY + timedelta(days=1))
    assert ring(late=True, rung=frozenset({"person+1"})) == at(TODAY + timedelta(days=3))
    assert ring(late=True, after=at(TODAY + timedelta(days=30))) is None
    assert ring(state=State.SUSPENDED) is None


def names(**change):
    return [rung.name for rung in rules.due_rungs(**{"due_on": TODAY, "rung": NONE, "ladder": LADDER, **change})]


def test_rungs_that_are_due():
    assert names(now=at(TODAY - timedelta(days=4))) == []
    assert names(now=at(TODAY - timedelta(days=3))) == ["person-3"]
    # The machine was off: of the reminders before the day only the last is sent.
    assert names(now=at(TODAY)) == ["person-1"]
    assert names(now=at(TODAY), rung=frozenset({"person-1"})) == []
    # After the day none from before is sent, and none is left out.
    assert names(now=at(TODAY + timedelta(days=8))) == ["person+1", "town+3", "letter"]
    assert names(now=at(TODAY + timedelta(days=3)), rung=frozenset({"person+1"})) == ["town+3"]


@given(
    st.integers(-10, 30), st.integers(0, 23), st.booleans(), st.frozensets(st.sampled_from([r.name for r in LADDER]))
)
def test_a_ring_lies_ahead_and_finds_something_to_do(days, hour, late, rung):
    """No timer is set for the past, and none rings for nothing."""
    now = at(TODAY + timedelta(days=days), hour)
    moment = ring(after=now, late=late, rung=rung)
    if moment is None:
        return
    assert moment > now
    becomes_late = not late and clock.local_date(moment) > TODAY
    assert becomes_late or rules.due_rungs(due_on=TODAY, rung=rung, ladder=LADDER, now=moment)


def test_words_for_every_member():
    from anwang.work.hazards import labels

    assert set(labels.STATE) == set(State)
    assert set(Action) <= set(labels.ACTION)
    assert set(labels.GRADE) == set(Grade)
    assert set(labels.SOURCE) == set(Source)
    assert set(labels.FIXINGS) == set(Fixing)

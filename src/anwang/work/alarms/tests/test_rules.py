"""The tables of alarms: place, level, road, life, power cut, coming again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.kernel.machine import MoveRefused
from anwang.kernel.scale import Level
from anwang.work.alarms import library, rules
from anwang.work.alarms.rules import Action, Again, Facts, Family, Limit, Road, Seen, State, Step, Switch, Track

NOW = datetime(2026, 11, 20, tzinfo=UTC)
WORDS = library.conduct().sensor_words
ROWS = library.level_rows()


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("3101综采工作面T1甲烷", "3101综采工作面"),
        ("3101综采工作面 T2（激光甲烷传感器）", "3101综采工作面"),
        ("3101综采工作面断电器", "3101综采工作面"),
        ("3102综采工作面T1", "3102综采工作面"),
        ("甲烷传感器", "P1"),
        ("", "P1"),
    ],
)
def test_sensors_of_one_place_have_one_place(location, place):
    assert rules.place_of(location, "P1", WORDS) == place


@given(st.text(max_size=250))
def test_a_place_is_never_blank_and_fits(location):
    found = rules.place_of(location, "P1", WORDS)
    assert found
    assert len(found) <= rules.PLACE_LENGTH


def over(value=1.2, **more):
    return Seen(Family.OVER, "methane", frozenset({"001"}), highest=value, lowest=value, limit=1.0, **more)


@pytest.mark.parametrize(
    ("seen", "level", "key"),
    [
        (over(0.8), Level.YELLOW, "methane-alarm"),
        (over(1.0), Level.ORANGE, "methane-1.0"),
        (over(1.2, places=frozenset({"face"})), Level.RED, "methane-1.0-workplace"),
        (over(1.5), Level.RED, "methane-1.5"),
        (over(0.8, lasted=timedelta(minutes=10)), Level.ORANGE, "methane-10min"),
        (Seen(Family.OVER, "co", frozenset({"001"}), highest=96.0, limit=24.0), Level.RED, "co-4-times"),
        (Seen(Family.OVER, "oxygen", frozenset({"001L"}), highest=17.0, lowest=17.0), Level.ORANGE, "oxygen-18"),
        (Seen(Family.SILENT, kinds=frozenset({"004"})), Level.BLUE, "silent"),
    ],
)
def test_levels_of_the_library(seen, level, key):
    judged = rules.judge(seen, ROWS)
    assert judged is not None
    assert judged.row is not None
    assert (judged.level, judged.row.key) == (level, key)


def test_an_over_limit_calls_even_without_a_rule():
    assert rules.judge(over(), []) == rules.Judged(rules.FLOOR, None)
    assert rules.judge(Seen(Family.SENSOR, kinds=frozenset({"stuck"})), []) is None


@given(
    st.floats(0, 5), st.floats(0, 5), st.integers(0, 120), st.integers(0, 120), st.sampled_from(["face", "main_return"])
)
def test_more_and_longer_is_never_milder(low, more, minutes, longer, place):
    places = frozenset({place})
    first = rules.judge(over(low, places=places, lasted=timedelta(minutes=minutes)), ROWS)
    second = rules.judge(over(low + more, places=places, lasted=timedelta(minutes=minutes + longer)), ROWS)
    assert first is not None
    assert second is not None
    assert second.level <= first.level


@given(st.floats(0, 3), st.integers(0, 60))
def test_the_ladder_rings_when_the_level_changes_and_not_before(value, minutes):
    seen = over(value, lasted=timedelta(minutes=minutes))
    judged = rules.judge(seen, ROWS)
    assert judged is not None
    wait = rules.climbs_after(seen, ROWS, judged.level)
    if wait is None:
        for later in (10, 60, 600):
            again = rules.judge(over(value, lasted=timedelta(minutes=minutes + later)), ROWS)
            assert again is not None
            assert again.level == judged.level
        return
    assert wait > seen.lasted
    before = rules.judge(over(value, lasted=wait - timedelta(seconds=1)), ROWS)
    after = rules.judge(over(value, lasted=wait), ROWS)
    assert before is not None
    assert after is not None
    assert before.level == judged.level
    assert after.level < judged.level


def test_the_library_is_sound():
    conduct = library.conduct()
    for family in Family:
        for level in Level:
            for quantity in ("methane", "co", ""):
                steps = rules.steps_of(family, quantity, level, conduct.roads)
                assert steps[0] is Step.ACKNOWLEDGE
                assert Step.CAUSE in steps
                assert (Step.REVIEW in steps) or family not in rules.JUDGED
    assert all(row.instrument and row.source and row.confidence for row in ROWS)
    with pytest.raises(LookupError):
        rules.steps_of(Family.OVER, "", Level.RED, ())


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ((Step.CAUSE, Step.ACKNOWLEDGE), "alarms.road_order"),
        ((Step.ACKNOWLEDGE,), "alarms.road_ends"),
        ((Step.ACKNOWLEDGE, Step.CAUSE), "alarms.road_review"),
        ((Step.ACKNOWLEDGE, Step.CAUSE, Step.REVIEW), None),
    ],
)
def test_a_road_that_cannot_be(steps, problem):
    assert rules.road_problem(Road(Family.OVER, steps)) == problem


def test_the_clock_of_a_step():
    row = Limit(Step.ACKNOWLEDGE, Level.RED, 2, version=3)
    limits = {(Step.ACKNOWLEDGE, Level.RED): row}
    due = rules.due(Step.ACKNOWLEDGE, Level.RED, since=NOW, limits=limits)
    assert due == rules.Due(NOW + timedelta(minutes=2), row)
    assert (row.key, row.mark) == ("acknowledge-red", "acknowledge-red v3")
    assert rules.due(Step.ACKNOWLEDGE, Level.BLUE, since=NOW, limits=limits) is None
    assert rules.due(Step.CUT, Level.RED, since=NOW, limits=limits) is None


def test_what_is_kept_of_a_limit_fits_its_column():
    longest = max((Limit(step, level, 1, version=2**31).mark for step in Step for level in Level), key=len)
    assert len(longest) <= 40


SHORT, WHOLE_ROAD = (Step.ACKNOWLEDGE, Step.CAUSE), (Step.ACKNOWLEDGE, Step.CAUSE, Step.MEASURES)


def test_roads_of_the_house_come_first_the_narrower_before_the_wider_and_replaced_ones_keep_their_place():
    built_in = (
        Road(Family.SENSOR, SHORT, quantities=frozenset({"methane"}), key="sensor-methane"),
        Road(Family.SENSOR, SHORT, key="sensor"),
        Road(Family.MINE, SHORT, key="mine"),
    )
    own = (
        Road(Family.SENSOR, WHOLE_ROAD, key="sensor-methane"),
        Road(Family.SENSOR, WHOLE_ROAD, key="z"),
        Road(Family.SENSOR, WHOLE_ROAD, levels=frozenset({Level.RED}), key="x"),
        Road(Family.SENSOR, WHOLE_ROAD, quantities=frozenset({"co"}), levels=frozenset({Level.RED}), key="y"),
        Road(Family.MINE, (), key="mine"),
    )
    assert [road.key for road in rules.arranged(own, built_in)] == ["y", "x", "z", "sensor-methane", "sensor"]
    assert rules.arranged((), built_in) == built_in


def test_a_family_and_level_without_a_road_is_found():
    roads = library.conduct().roads
    assert rules.road_gap(roads) is None
    mine = Road(Family.MINE, SHORT, levels=frozenset({Level.RED, Level.BLUE}), key="mine")
    assert rules.road_gap(rules.arranged([mine], roads)) == (Family.MINE, Level.ORANGE)
    methane_alone = Road(Family.SENSOR, SHORT, quantities=frozenset({"methane"}), key="sensor")
    assert rules.road_gap(rules.arranged([methane_alone], roads)) == (Family.SENSOR, Level.RED)


FACTS = st.builds(
    Facts,
    may_handle=st.booleans(),
    may_review=st.booleans(),
    next=st.none() | st.sampled_from(Step),
    reviewed_road=st.booleans(),
    own_work=st.booleans(),
    cleared=st.booleans(),
    cut_shown=st.booleans(),
    cut_why=st.booleans(),
    answered=st.booleans(),
    system=st.booleans(),
)


@given(st.sampled_from(State), st.sampled_from(Action), FACTS)
def test_what_the_table_never_lets_through(state, action, facts):
    try:
        made = rules.MACHINE.step(state, action, facts)
    except MoveRefused:
        return
    if action is Action.CLOSE:
        assert facts.next is None
        assert facts.cleared
        assert facts.may_review or not facts.reviewed_road
    if action in (Action.REVIEW, Action.SEND_BACK):
        assert facts.may_review
        assert not facts.own_work
        assert facts.answered
    if action is Action.CONFIRM_CUT:
        assert facts.cut_shown or facts.cut_why
    if action is Action.RECUR:
        assert facts.system
    assert (state is State.CLOSED) <= (made.target is State.RAISED)


@given(st.sets(st.sampled_from(Step)), st.booleans())
def test_the_next_step_is_on_the_road_and_not_done(done, aside):
    steps = (Step.ACKNOWLEDGE, Step.CAUSE, Step.REVIEW)
    found = rules.next_step(steps, done, set_aside=aside)
    assert found is None or (found in steps and found not in done)
    assert not aside or found in (None, Step.REVIEW)


@pytest.mark.parametrize(
    ("cutter", "feed", "at", "problem"),
    [
        (0, 0, NOW, ""),
        (1, 0, NOW, "cutter_on"),
        (0, 1, NOW, "feed_on"),
        (0, 0, NOW - timedelta(seconds=1), "stale"),
        (0, 0, None, "stale"),
    ],
)
def test_a_cut_is_shown_by_both(cutter, feed, at, problem):
    pair = (Switch("c", at, cutter), Switch("f", at, feed))
    found = rules.cut_shown([pair], since=NOW)
    assert (found.shown, found.problem) == (not problem, problem)
    assert rules.cut_shown([], since=NOW).problem == "no_sensor"
    assert rules.cut_shown([(pair[0], Switch("f", NOW, 0, valid=False))], since=NOW).problem == "stale"


def read(code, *values):
    """A reading a minute; None is one that does not count."""
    return Track(
        code,
        tuple(
            (NOW + timedelta(minutes=n), 1.0 if each is None else each, each is not None)
            for n, each in enumerate(values)
        ),
    )


@pytest.mark.parametrize(
    ("cutter", "feed", "problem"),
    [
        ((1, 0, 0, 1), (1, 0, 0, 1), ""),
        ((1, 0, 1), (1, 1, 0), "feed_on"),
        ((1, 1, 1), (1, 0, 0), "cutter_on"),
        ((0, 0), (1, 1), "feed_on"),
        ((0, 0), (None, None), "stale"),
        ((0, 0), (), "stale"),
        ((1, 0, None), (1, None, 0), "feed_on"),
    ],
)
def test_a_cut_was_shown_at_some_moment_by_both(cutter, feed, problem):
    found = rules.cut_was_shown([(read("c", *cutter), read("f", *feed))])
    assert (found.shown, found.problem) == (not problem, problem)
    assert rules.cut_was_shown([]).problem == "no_sensor"
    assert [each.code for each in found.switches] == ["c", "f"]


def test_all_cutters_have_to_show_it_at_one_moment():
    first = (read("c1", 0, 1), read("f1", 0, 1))
    second = (read("c2", 1, 0), read("f2", 1, 0))
    assert rules.cut_was_shown([first, second]).problem == "cutter_on"
    whole = rules.cut_was_shown([first, first])
    assert whole.shown
    assert whole.switches[0].off == (NOW, NOW)


@given(st.lists(st.sampled_from([0, 1, None]), max_size=6), st.lists(st.sampled_from([0, 1, None]), max_size=6))
def test_what_was_shown_is_what_a_look_at_some_moment_would_have_shown(cutter, feed):
    """The one rule against the other: a person who looked at each minute would have seen the same."""
    seen = False
    for n in range(max(len(cutter), len(feed))):
        now = []
        for code, values in (("c", cutter), ("f", feed)):
            last = values[min(n, len(values) - 1)] if values else None
            now.append(Switch(code, NOW if values else None, last, valid=last is not None))
        seen = seen or rules.cut_shown([(now[0], now[1])], since=NOW).shown
    assert rules.cut_was_shown([(read("c", *cutter), read("f", *feed))]).shown is seen


@pytest.mark.parametrize(
    ("state", "minutes", "again"),
    [
        (State.RAISED, 60, Again.JOIN),
        (State.ACKNOWLEDGED, None, Again.JOIN),
        (State.ACKNOWLEDGED, 5, Again.JOIN),
        (State.ACKNOWLEDGED, 11, Again.CALL),
        (State.SET_ASIDE, None, Again.JOIN),
        (State.SET_ASIDE, 1, Again.CALL),
        (State.REVIEWED, 1, Again.CALL),
        (State.CLOSED, 5, Again.CALL),
        (State.CLOSED, 11, Again.NEW),
    ],
)
def test_coming_again(state, minutes, again):
    cleared = None if minutes is None else NOW - timedelta(minutes=minutes)
    assert rules.again(state, cleared_at=cleared, start=NOW, within=timedelta(minutes=10)) is again


WHOLE = {
    "may_handle": True,
    "may_review": True,
    "cleared": True,
    "cut_shown": True,
    "answered": True,
    "system": True,
}


@pytest.mark.parametrize(
    ("state", "action", "step", "changed", "key"),
    [
        (State.RAISED, Action.ACKNOWLEDGE, Step.ACKNOWLEDGE, {"may_handle": False}, "alarms.not_handler"),
        (State.ACKNOWLEDGED, Action.CONFIRM_CUT, Step.CUT, {"cut_shown": False}, "alarms.cut_not_shown"),
        (State.ACKNOWLEDGED, Action.EVACUATE, Step.CUT, {}, "alarms.not_next"),
        (State.CAUSE_STATED, Action.TAKE_MEASURES, Step.MEASURES, {"cleared": False}, "alarms.not_cleared"),
        (State.SET_ASIDE, Action.REVIEW, Step.REVIEW, {"may_review": False}, "alarms.not_reviewer"),
        (State.SET_ASIDE, Action.REVIEW, Step.REVIEW, {"own_work": True}, "alarms.own_work"),
        (State.ACKNOWLEDGED, Action.SEND_BACK, Step.REVIEW, {"answered": False}, "alarms.nothing_to_review"),
        (State.REVIEWED, Action.CLOSE, None, {"may_review": False}, "alarms.not_reviewer"),
        (State.CAUSE_STATED, Action.CLOSE, None, {"reviewed_road": False, "may_handle": False}, "alarms.not_handler"),
        (State.REVIEWED, Action.RECUR, None, {"system": False}, "alarms.sensors_only"),
        (State.CLOSED, Action.ACKNOWLEDGE, None, {}, "alarms.move_not_offered"),
    ],
)
def test_every_guard_says_why(state, action, step, changed, key):
    with pytest.raises(MoveRefused) as refused:
        rules.MACHINE.step(state, action, Facts(**{**WHOLE, "next": step, **changed}))
    assert refused.value.key == key
    if changed:
        assert rules.MACHINE.step(state, action, Facts(**{**WHOLE, "next": step})).action is action

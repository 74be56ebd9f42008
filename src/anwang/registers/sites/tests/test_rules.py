import math
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.ground.base.domains import Domain
from anwang.kernel.machine import MoveRefused
from anwang.registers.sites import library, rules
from anwang.registers.sites.labels import ACTIONS, FLAGS, STATES, TONES
from anwang.registers.sites.rules import Action, Facts, Flag, Quality, State

WHY = Facts(note="因为")
ASKED = [
    {"key": "n", "zh": "数", "en": "N", "type": "number", "required": True},
    {"key": "d", "zh": "日", "en": "D", "type": "date"},
    {"key": "b", "zh": "否", "en": "B", "type": "bool"},
    {"key": "t", "zh": "文", "en": "T", "type": "text"},
    {
        "key": "c",
        "zh": "选",
        "en": "C",
        "type": "choice",
        "choices": [{"key": "a", "zh": "井工", "en": "Underground"}, {"key": "z", "zh": "露天", "en": "Opencast"}],
    },
]


def test_the_table_of_moves():
    step = rules.MACHINE.step
    assert step(State.ACTIVE, Action.SUSPEND, WHY).target == State.SUSPENDED
    assert step(State.SUSPENDED, Action.RESUME, Facts()).target == State.ACTIVE
    assert step(State.CLOSED, Action.REOPEN, WHY).target == State.ACTIVE
    for action in (Action.SUSPEND, Action.CLOSE, Action.MERGE):
        with pytest.raises(MoveRefused, match="reason_missing"):
            step(State.ACTIVE, action, Facts(note=" "))
    with pytest.raises(MoveRefused, match="move_not_offered"):
        step(State.MERGED, Action.REOPEN, WHY)


@given(st.lists(st.sampled_from(list(Action)), max_size=12))
def test_whatever_is_offered_succeeds_and_nothing_leaves_merged(actions):
    state = State.ACTIVE
    done = []
    for action in actions:
        offered = {offer.action: offer for offer in rules.MACHINE.offers(state, WHY)}
        if action in offered:
            assert offered[action].refused is None
            state = rules.MACHINE.step(state, action, WHY).target
            done.append(action)
    assert rules.MACHINE.replay(done) == state
    assert rules.MACHINE.offers(State.MERGED, WHY) == []


@pytest.mark.parametrize(
    ("given_", "value"),
    [
        ({"n": "1,200"}, {"n": 1200}),
        ({"n": " １２.50 "}, {"n": 12.5}),
        ({"n": 3}, {"n": 3}),
        ({"n": -4.0}, {"n": -4}),
        ({"d": "2026年3月5日"}, {"d": "2026-03-05"}),
        ({"d": date(2026, 3, 5)}, {"d": "2026-03-05"}),
        ({"b": "是"}, {"b": True}),
        ({"b": False}, {"b": False}),
        ({"b": "无"}, {"b": False}),
        ({"c": "a"}, {"c": "a"}),
        ({"c": " 露天 "}, {"c": "z"}),
        ({"c": "Underground"}, {"c": "a"}),
        ({"t": " 甲  乙 "}, {"t": "甲 乙"}),
        ({"t": "   ", "d": None}, {}),
    ],
)
def test_values_are_read(given_, value):
    read = rules.read_fields(ASKED, given_)
    assert read.values == value
    assert read.problems == ()
    assert read.missing == (() if "n" in value else ("n",))


@pytest.mark.parametrize(
    ("given_", "key"),
    [
        ({"n": "很多"}, "sites.field_number"),
        ({"n": True}, "sites.field_number"),
        ({"n": math.inf}, "sites.field_number"),
        ({"n": "1e5"}, "sites.field_number"),
        ({"n": [1]}, "sites.field_number"),
        ({"d": "明天"}, "sites.field_date"),
        ({"d": "2026-02-30"}, "sites.field_date"),
        ({"d": ["x"]}, "sites.field_date"),
        ({"b": "也许"}, "sites.field_bool"),
        ({"c": "半露天"}, "sites.field_choice"),
        ({"x": "1"}, "sites.field_unknown"),
    ],
)
def test_what_cannot_be_read_is_named(given_, key):
    read = rules.read_fields(ASKED, given_)
    assert [problem.key for problem in read.problems] == [key]
    assert read.values == {}


@given(
    st.dictionaries(
        st.sampled_from(["n", "d", "b", "t", "c", "x"]), st.none() | st.text() | st.floats() | st.booleans()
    )
)
def test_reading_never_fails_and_reading_again_changes_nothing(given_):
    read = rules.read_fields(ASKED, given_)
    again = rules.read_fields(ASKED, read.values)
    assert again.values == read.values
    assert again.problems == ()


@pytest.mark.parametrize(
    ("limits", "values", "small"),
    [
        ({}, {"area_m2": 3}, None),
        ({"area_m2": 300}, {"area_m2": 300}, True),
        ({"area_m2": 300}, {"area_m2": 301}, False),
        ({"area_m2": 300}, {}, None),
        ({"area_m2": 300, "seats": 100}, {"area_m2": 10}, None),
        ({"area_m2": 300, "seats": 100}, {"seats": 101}, False),
        ({"area_m2": 300, "seats": 100}, {"area_m2": 1, "seats": 1}, True),
    ],
)
def test_small_places(limits, values, small):
    assert rules.is_small(limits, values) is small


def test_months_are_added_to_the_end_of_short_ones():
    assert rules.add_months(date(2026, 11, 30), 3) == date(2027, 2, 28)
    assert rules.add_months(date(2026, 1, 31), 12) == date(2027, 1, 31)
    assert rules.add_months(date(2027, 12, 31), 2) == date(2028, 2, 29)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 60))
def test_months_later_is_that_many_months_later(day, months):
    later = rules.add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day


def test_the_next_inspection():
    entered, last = date(2026, 1, 10), date(2026, 5, 1)
    assert rules.next_inspection(State.ACTIVE, 3, None, entered) == date(2026, 4, 10)
    assert rules.next_inspection(State.ACTIVE, 3, last, entered) == date(2026, 8, 1)
    assert rules.next_inspection(State.ACTIVE, None, last, entered) is None
    assert rules.next_inspection(State.SUSPENDED, 3, last, entered) is None


def test_doubts():
    good = Quality(
        positioned=True,
        outside=False,
        department=True,
        phone=True,
        uscc_good=True,
        classed=True,
        complete=True,
        alone=True,
    )
    assert rules.flags(good) == ()
    bad = Quality(*[False] * 8)
    assert Flag.OUTSIDE not in rules.flags(bad)
    assert rules.flags(Quality(True, True, True, True, True, True, True, True)) == (Flag.OUTSIDE,)
    assert rules.flags_word(rules.flags(bad)).startswith(",no_position,no_department,")
    assert rules.flags_word(()) == ""


def test_homes_are_rounded():
    assert rules.rounded_home(111.1234567, 39.7654321) == (111.123, 39.765)


def test_everything_has_words():
    assert set(STATES) == set(TONES) == set(State)
    assert set(ACTIONS) == set(Action)
    assert set(FLAGS) == set(Flag)


def test_the_library_of_kinds_is_sound():
    rows = library.kinds()
    assert len({row["key"] for row in rows}) == len(rows)
    for row in rows:
        assert row["domain"] in Domain.values, row["key"]
        assert row["zh"], row["key"]
        assert row["en"], row["key"]
        keys = [spec["key"] for spec in row["fields"]]
        assert len(set(keys)) == len(keys), row["key"]
        for spec in row["fields"]:
            assert spec["type"] in {"text", "number", "date", "choice", "bool"}, spec
            assert ("choices" in spec) == (spec["type"] == "choice"), spec
            for choice in spec.get("choices", ()):
                assert all(isinstance(choice[part], str) for part in ("key", "zh", "en")), spec


def test_limits_measure_numbers_their_kind_asks_for():
    kinds = {row["key"]: {spec["key"]: spec["type"] for spec in row["fields"]} for row in library.kinds()}
    for row in library.small_places():
        assert kinds[row["kind_key"]][row["field"]] == "number"
        assert row["source"]
        assert row["confidence"]
    for row in library.classes():
        assert row["inspection_months"] >= 1
        assert row["basis"]


def test_the_page_of_the_room_shows_the_table_of_moves():
    page = (Path(__file__).parents[5] / "docs" / "rooms" / "sites.md").read_text(encoding="utf-8")
    drawn = page.split("```mermaid\n")[1].split("```")[0]
    arrows = [line for line in rules.MACHINE.mermaid().splitlines() if "-->" in line]
    assert [line for line in drawn.splitlines() if "-->" in line] == arrows

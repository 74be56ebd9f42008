from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.registers.organisations import library, rules
from anwang.registers.organisations.models import OrganisationKind

DAYS = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("河曲县 云岫煤业（集团）有限公司", "河曲县云岫煤业(集团)有限公司"),
        ("ＡＢＣ加油站", "abc加油站"),
        ("砚山·宾馆", "砚山宾馆"),
        ("“望舒”面馆", "望舒面馆"),
    ],
)
def test_names_written_differently_are_one(one: str, other: str) -> None:
    assert rules.name_key(one) == rules.name_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("云岫煤业有限公司", "云岫煤业"), ("望舒面馆", "望舒面馆二店"), ("1号楼", "2号楼")],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert rules.name_key(one) != rules.name_key(other)


@given(st.text())
def test_a_key_of_a_key_is_itself(text: str) -> None:
    once = rules.name_key(text)
    assert rules.name_key(once) == once


@given(st.text(), st.text())
def test_similarity_is_between_nothing_and_one(one: str, other: str) -> None:
    assert 0.0 <= rules.similarity(one, other) <= 1.0


def test_similarity() -> None:
    assert rules.similarity("", "") == 0
    assert rules.similarity("望舒面馆", "望舒面馆") == 1
    assert rules.similarity("河曲县望舒面馆", "望舒面馆") >= 0.8
    assert rules.similarity("望舒面馆", "五柳加油站") < 0.5


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))))
def test_staffing_adds_up_post_by_post(posts: list[tuple[int, int]]) -> None:
    total = sum((rules.staffing(quota, held) for quota, held in posts), rules.Staffing())
    assert total.vacant == sum(max(0, quota - held) for quota, held in posts)
    assert total.over == sum(max(0, held - quota) for quota, held in posts)
    assert total.held == total.quota - total.vacant + total.over


@given(DAYS, DAYS | st.none(), DAYS)
def test_in_force_from_the_first_day_until_the_day_before_the_end(since: date, until: date | None, at: date) -> None:
    assert rules.in_force(since, until, at) == (since <= at and (until is None or at <= until - timedelta(days=1)))


def test_what_has_ended_is_not_ended_again() -> None:
    day = date(2026, 5, 1)
    assert rules.end_refused(day, date(2026, 6, 1), date(2026, 7, 1)) == "organisations.already_ended"
    assert rules.end_refused(day, None, date(2026, 4, 30)) == "organisations.ends_before_start"
    assert rules.end_refused(day, None, day) is None


def test_a_power_the_law_does_not_give_needs_its_paper() -> None:
    station = library.powers()["fire_station"].statute
    assert rules.powers_refused(["check"], station, "") is None
    assert rules.powers_refused(["check", "penalise"], station, " ") == "organisations.delegation_missing"
    assert rules.powers_refused(["check", "penalise"], station, "县政府〔2026〕3号") is None


@pytest.mark.parametrize(
    ("covers", "level", "site", "building", "refused"),
    [
        (["grid"], "grid", False, False, None),
        (["grid"], "town", False, False, "organisations.cover_not_offered"),
        (["site"], "village", True, False, None),
        (["site"], "village", True, True, "organisations.cover_not_offered"),
        (["building"], "village", False, True, None),
    ],
)
def test_what_a_level_covers(covers: list[str], level: str, site: bool, building: bool, refused: str | None) -> None:
    assert rules.cover_refused(covers, level=level, site=site, building=building) == refused


def test_changed_names_what_differs() -> None:
    assert rules.changed({"a": 1, "b": 2}, {"a": 1, "b": 3}) == {"b": [2, 3]}


def test_every_kind_of_organisation_has_its_powers_with_a_source() -> None:
    assert set(library.powers()) == set(OrganisationKind.values)
    for powers in library.powers().values():
        assert powers.default <= powers.statute <= set(library.POWERS)
        assert powers.basis
        assert powers.source


def test_levels_of_the_chain_are_in_one_order() -> None:
    rows = library.responsibility_kinds()
    orders = [row["order"] for row in rows]
    assert orders == sorted(set(orders))
    assert all(row["zh"] and row["en"] and row["basis"] and row["source"] and row["confidence"] for row in rows)

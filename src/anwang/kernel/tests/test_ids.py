import os
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.kernel.ids import HumanNumber, human_number, is_ulid, new_ulid, parse_human_number, ulid_time

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
LOCAL = timezone(timedelta(hours=8))
moments = st.integers(0, 250_000_000_000_000_000).map(
    lambda n: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=n)
)


def test_a_new_one_is_a_ulid_of_now():
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    ulid = new_ulid()
    assert is_ulid(ulid)
    assert before <= ulid_time(ulid) <= datetime.now(UTC)


@given(moments)
def test_time_comes_back_to_the_millisecond(at):
    assert ulid_time(new_ulid(at)) == at.replace(microsecond=at.microsecond // 1000 * 1000)


@given(st.lists(moments, min_size=1, max_size=20))
def test_later_sorts_later_and_none_is_made_twice(moments):
    ulids = [new_ulid(at) for at in sorted(moments)]
    assert ulids == sorted(set(ulids))


def test_local_time_is_the_same_moment():
    there = AT.astimezone(LOCAL)
    assert new_ulid(there)[:10] == new_ulid(AT)[:10]


def test_a_forked_child_makes_its_own():
    new_ulid(AT)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - the other process
        os.write(write, new_ulid(AT).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 26).decode() != new_ulid(AT)
    os.close(read)
    os.close(write)


@pytest.mark.parametrize("at", [AT.replace(tzinfo=None), datetime(1969, 12, 31, tzinfo=UTC)])
def test_moments_it_cannot_name(at):
    with pytest.raises(ValueError, match="ULID"):
        new_ulid(at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01AN4Z07BY79KA1307SR9X4MV",
        "01AN4Z07BY79KA1307SR9X4MV33",
        "01an4z07by79ka1307sr9x4mv3",
        "81AN4Z07BY79KA1307SR9X4MV3",
        "01AN4Z07BY79KA1307SR9X4MVI",
        "01AN4Z07BY79KA1307SR9X4MVU",
        "01AN4Z07BY79KA1307SR9X4MV3\n",
        "٠1AN4Z07BY79KA1307SR9X4MV3",
    ],
)
def test_not_a_ulid(text):
    assert not is_ulid(text)
    with pytest.raises(ValueError, match="not a ULID"):
        ulid_time(text)


def test_a_ulid_beyond_the_calendar():
    assert is_ulid("7" + "Z" * 25)
    with pytest.raises(ValueError, match="beyond the calendar"):
        ulid_time("7" + "Z" * 25)


def test_human_number():
    assert human_number("140930", 2026, 123) == "140930-2026-000123"
    assert human_number("140930001002", 2026, 1_000_000) == "140930001002-2026-1000000"


@given(
    st.from_regex(r"[0-9]{6,18}", fullmatch=True).filter(str.isascii),
    st.integers(0, 9999),
    st.integers(1, 10**9),
)
def test_human_number_comes_back(region, year, seq):
    assert parse_human_number(f" {human_number(region, year, seq)}\n") == HumanNumber(region, year, seq)


@pytest.mark.parametrize(
    ("region", "year", "seq"), [("1409", 2026, 1), ("14093x", 2026, 1), ("140930", 12026, 1), ("140930", 2026, 0)]
)
def test_human_numbers_that_are_none(region, year, seq):
    with pytest.raises(ValueError, match="not"):
        human_number(region, year, seq)


@pytest.mark.parametrize(
    "text",
    ["", "140930-2026-123", "140930-2026-000000", "140930-2026-0001234", "140930-26-000123", "140930–2026–000123"],
)
def test_text_that_is_no_human_number(text):
    with pytest.raises(ValueError, match="not a number"):
        parse_human_number(text)

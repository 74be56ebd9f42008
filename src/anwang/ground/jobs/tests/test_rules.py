from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from anwang.ground.jobs import rules

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-20T02:59", "2026-11-20T03:00"),
        ("2026-11-20T03:00", "2026-11-21T03:00"),
        ("2026-12-31T23:00", "2027-01-01T03:00"),
    ],
)
def test_a_nightly_job_comes_at_its_hour(now, expected):
    at = datetime.fromisoformat(now).replace(tzinfo=SHANGHAI)
    due = datetime.fromisoformat(expected).replace(tzinfo=SHANGHAI)
    assert rules.Every("x", hour=3).next_after(at) == due
    assert rules.Every("x", hour=3).key == "every:x"


def test_the_hour_is_local_whatever_zone_the_clock_speaks():
    at = datetime(2026, 11, 19, 18, 0, tzinfo=ZoneInfo("UTC"))  # 02:00 on the 20th in Shanghai
    assert rules.Every("x", hour=3).next_after(at) == datetime(2026, 11, 20, 3, 0, tzinfo=SHANGHAI)


def test_every_few_minutes():
    at = datetime(2026, 11, 20, 10, 0, tzinfo=SHANGHAI)
    assert rules.Every("x", minutes=15).next_after(at) == at + timedelta(minutes=15)


@pytest.mark.parametrize("wrong", [{}, {"hour": 3, "minutes": 5}, {"minutes": 0}])
def test_a_recurrence_that_says_nothing_clear_is_refused(wrong):
    with pytest.raises(ValueError, match="x:"):
        rules.Every("x", **wrong)


def test_pauses_grow_and_stop_growing():
    waits = [rules.wait_after(n) for n in range(1, 12)]
    assert waits[0] == timedelta(seconds=10)
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=2)

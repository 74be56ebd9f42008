import shutil
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from anwang.work.telemetry.history import (
    History,
    Reader,
    Rule,
    backup,
    bounds,
    broken,
    drop_readings,
    health,
    keeping,
    make_room,
    month_bounds,
    retention,
)
from anwang.work.telemetry.history.layout import FIVE, FIVE_MS, RAW, days
from anwang.work.telemetry.history.tests.makers import DAY, columns

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)


def ago(n):
    return DAY - timedelta(days=n)


def fill(history, days_ago, points=4, n=3, seal=True):
    for back in days_ago:
        start = bounds(ago(back))[0]
        history.append(
            *columns([(p, start + k * 100_000, float(p * 10 + k), 0) for p in range(points) for k in range(n)])
        )
        if seal:
            history.seal()


@pytest.fixture
def history(tmp_path):
    with History.open(tmp_path / "h", reserve=0) as made:
        yield made


def of_day(history, point, back):
    return history.read.day(point, ago(back)).value.tolist()


def mean(history, point, back):
    start, end = bounds(ago(back))
    return history.read.grid([point], start, end, FIVE_MS).mean[0, 0]


def test_readings_go_after_their_days_and_statistics_stay(history):
    fill(history, [1200, 500, 401, 400, 399, 1, 0])
    done = retention(history, now=NOW)
    assert done.readings == (ago(1200), ago(500), ago(401))
    assert done.statistics == (ago(1200),)
    assert done.freed > 0
    assert days(history.folder, RAW) == [ago(400), ago(399), ago(1), ago(0)]
    assert days(history.folder, FIVE) == [ago(500), ago(401)]
    assert of_day(history, 1, 500) == []
    assert mean(history, 1, 500) == 11.0
    assert of_day(history, 1, 400) == [10.0, 11.0, 12.0]
    assert retention(history, now=NOW) == keeping.Dropped()


def test_the_day_is_counted_in_china(history):
    fill(history, [100])
    last_moment = datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)
    assert retention(history, now=last_moment, keep_days=100).readings == ()
    assert retention(history, now=last_moment + timedelta(seconds=1), keep_days=100).readings == (ago(100),)


def test_key_points_stay_longer(history):
    fill(history, [100, 50, 10])
    keys = np.array([2, 0])
    done = retention(history, now=NOW, keep_days=30, key_points=keys, key_days=92)
    assert (done.readings, done.thinned) == ((ago(100),), (ago(50),))
    assert of_day(history, 0, 50) == [0.0, 1.0, 2.0]
    assert of_day(history, 2, 50) == [20.0, 21.0, 22.0]
    assert of_day(history, 1, 50) == of_day(history, 3, 50) == []
    assert [mean(history, p, 50) for p in range(4)] == [1.0, 11.0, 21.0, 31.0]
    assert of_day(history, 1, 10) == [10.0, 11.0, 12.0]
    again = retention(history, now=NOW, keep_days=30, key_points=keys, key_days=92)
    assert (again.thinned, again.freed) == ((), 0)


def test_a_reader_that_has_a_day_open_while_it_is_thinned_out(history):
    fill(history, [50], points=200, n=50)
    reader = Reader(history.folder)
    start, end = bounds(ago(50))
    before = reader.grid(range(200), start, end, 60_000).n.sum()
    retention(history, now=NOW, keep_days=30, key_points=[7], key_days=92)
    assert before == 10_000
    assert reader.grid(range(200), start, end, 60_000).n.sum() == 50
    assert reader.grid(range(200), start, end, FIVE_MS).n.sum() == 10_000
    assert len(reader.day(7, ago(50))) == 50


def test_a_late_reading_of_a_thinned_or_dropped_day_costs_no_statistics(history):
    fill(history, [100, 50])
    retention(history, now=NOW, keep_days=30, key_points=[0], key_days=92)
    for back in (100, 50):
        history.append(*columns([(1, bounds(ago(back))[0] + 5, 111.0, 0)]))
    for step in (lambda: None, history.seal, lambda: (history.merge(ago(50)), history.merge(ago(100)))):
        step()
        for back in (100, 50):
            assert [mean(history, p, back) for p in range(4)] == [1.0, (10 + 11 + 12 + 111) / 4, 21.0, 31.0]
    retention(history, now=NOW, keep_days=30, key_points=[0], key_days=92)
    assert [mean(history, p, 50) for p in range(4)] == [1.0, (10 + 11 + 12 + 111) / 4, 21.0, 31.0]
    assert of_day(history, 1, 50) == of_day(history, 1, 100) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"keep_days": 91},
        {"keep_days": 30, "key_points": [1], "key_days": 91},
        {"keep_days": 30, "key_points": [1]},
        {"statistics_days": 730},
        {"keep_days": 1200, "statistics_days": 1100},
    ],
)
def test_less_than_the_rule_is_refused(history, asked):
    fill(history, [100])
    with pytest.raises(ValueError, match="at least"):
        retention(history, now=NOW, **asked)
    assert days(history.folder, RAW) == [ago(100)]


def test_what_stands_in_the_journal_is_not_dropped_with_its_day(history):
    fill(history, [500])
    fill(history, [500], points=1, n=1, seal=False)
    assert drop_readings(history, ago(500)) > 0
    assert of_day(history, 0, 500) == [0.0]
    start, end = bounds(ago(500))
    assert history.read.grid([0], start, end, FIVE_MS).n[0, 0] == 4


def test_room_is_made_from_the_oldest_when_told_and_never_below_the_rule(history, monkeypatch):
    fill(history, [300, 200, 93, 92, 0])
    free = iter([100, 150, 250])  # before each day; the second is enough
    monkeypatch.setattr(keeping, "_free", lambda folder: next(free, 250))
    assert make_room(history, now=NOW, free=200) == keeping.Room((ago(300), ago(200)), 250, enough=True)
    monkeypatch.setattr(keeping, "_free", lambda folder: 10)
    assert make_room(history, now=NOW, free=200) == keeping.Room((ago(93),), 10, enough=False)
    assert days(history.folder, RAW) == [ago(92), ago(0)]
    assert mean(history, 1, 300) == 11.0
    assert make_room(history, now=NOW, free=200, rule=Rule(key_days=10)).dropped == (ago(92),)


def test_health_says_how_long_the_disk_will_do(history, monkeypatch):
    assert health(history.folder, now=NOW).days_left is None
    fill(history, range(9, 0, -1))
    fill(history, [0], seal=False)
    for back in range(1, 10):
        history.merge(ago(back))
    usage = type(shutil.disk_usage(history.folder))
    found = health(history.folder, now=NOW)
    assert (found.oldest, found.newest) == (ago(9), ago(1))
    assert found.journals == 1
    assert found.journal_bytes > 0
    assert found.per_day == (found.readings_bytes + found.statistics_bytes) // 9
    assert (found.days_left, found.alarms) == (None, ())

    reserve = 1_000_000
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 0, reserve + found.per_day * 10))
    short = health(history.folder, now=NOW, reserve=reserve)
    assert (short.days_left, short.alarms) == (10.0, ("space",))
    assert health(history.folder, now=NOW, reserve=reserve, keep_days=15).days_left is None


def test_health_tells_what_was_not_done(history):
    fill(history, [2, 2, 1, 1])
    assert health(history.folder, now=NOW, reserve=0).alarms == ("unmerged",)
    for number in range(5):
        (history.folder / "live" / "shard=0" / f"journal-{90 + number:010d}").write_bytes(b"")
    assert health(history.folder, now=NOW, reserve=0).alarms == ("unsealed", "unmerged")


def test_a_backup_is_a_history_and_the_next_one_copies_only_what_is_new(history, tmp_path):
    target = tmp_path / "copy"
    fill(history, [3, 2, 1])
    history.tidy(NOW)
    fill(history, [0], seal=False)
    first = backup(history, target)
    assert first.copied == 7
    assert first.bytes > 0
    assert backup(history, target) == keeping.BackedUp(0, 0, 0)
    fill(history, [0], n=5)
    history.merge(ago(0))
    second = backup(history, target)
    assert (second.copied, second.removed) == (2, 1)
    drop_readings(history, ago(3))
    assert backup(history, target).removed == 0
    assert len(Reader(target).day(0, ago(3))) == 3
    assert backup(history, target, prune=True).removed == 1

    span = month_bounds(2026, 11)
    assert Reader(target).count(*span) == history.read.count(*span)
    with History.open(target, reserve=0) as restored:
        assert restored.read.last([0, 3]).value.tolist() == history.read.last([0, 3]).value.tolist()
        fill(restored, [0])
        assert restored.read.count(*span) == history.read.count(*span) + 12
        assert of_day(restored, 2, 2) == [20.0, 21.0, 22.0]


def test_a_changed_byte_is_found(history):
    fill(history, [1, 0])
    assert broken(history.folder) == []
    file = max((history.folder / RAW).rglob("*.parquet"))
    content = bytearray(file.read_bytes())
    for at in range(60, 120, 10):
        content[at] ^= 0xFF
    file.write_bytes(content)
    assert broken(history.folder) == [file]


def test_days_before_and_after_are_left_alone_by_a_merge(history):
    fill(history, [2, 1, 2, 1])
    history.merge(ago(2))
    assert len(list((history.folder / RAW / f"day={ago(1)}").rglob("*.parquet"))) == 2
    assert len(list((history.folder / RAW / f"day={ago(2)}").rglob("*.parquet"))) == 1
    assert of_day(history, 1, 2) == [10.0, 10.0, 11.0, 11.0, 12.0, 12.0]
    assert isinstance(ago(2), date)

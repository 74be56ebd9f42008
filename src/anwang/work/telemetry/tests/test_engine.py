"""The engine against the oracle, and its promises: batches do not matter, a restart does not matter."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from anwang.work.telemetry.engine import (
    CLOSED,
    KINDS,
    MEASURED,
    NEVER,
    OPENED,
    Batch,
    Engine,
    Limits,
    SnapshotUnreadable,
    Watch,
)
from anwang.work.telemetry.engine.run import VERSION
from anwang.work.telemetry.tests.oracle import Oracle, Point

LIMITS = Limits.__dataclass_fields__
Scan = list[tuple[int, int, float, int]]


def batch(*scans: Scan) -> Batch:
    rows = [row for scan in scans for row in scan]
    return Batch(
        np.array([row[0] for row in rows], np.int32),
        np.array([row[1] for row in rows], np.int64),
        np.array([row[2] for row in rows], np.float64),
        np.array([row[3] for row in rows], np.uint16),
        np.cumsum([len(scan) for scan in scans]).astype(np.int64),
    )


class Watched:
    """An engine and what its events add up to."""

    def __init__(self, points: dict[int, Point], pairs: list[tuple[int, int]] = []) -> None:  # noqa: B006
        self.engine = Engine()
        self.points, self.pairs = points, pairs
        self.open: dict[tuple[int, str], tuple[Any, ...]] = {}
        self.done: list[tuple[Any, ...]] = []
        self.late = 0
        self.define()

    def define(self) -> None:
        for number, point in self.points.items():
            self.engine.define(
                number,
                point.mine,
                Limits(**{name: getattr(point, name) for name in LIMITS}),
                Watch(stuck=point.stuck, rise=point.rise, within=point.within),
            )
        self.engine.relate(self.pairs)

    def take(self, events: Any) -> None:
        for event in events:
            point, kind = int(event["point"]), KINDS[event["kind"]]
            point = point if point >= 0 else -1 - int(event["mine"])
            end = None if event["end"] == NEVER else int(event["end"])
            row: tuple[Any, ...] = (point, kind, int(event["start"]), end)
            if event["kind"] < MEASURED:
                row += (int(event["n"]), float(event["max"]), int(event["max_at"]), float(event["min"]))
                row += (int(event["min_at"]), float(event["total"]) / int(event["n"]))
            if event["what"] == CLOSED:
                assert self.open.pop((point, kind))[2] == row[2]
                self.done.append(row)
            else:
                assert ((point, kind) in self.open) != (event["what"] == OPENED)
                self.open[point, kind] = row

    def feed(self, *scans: Scan, received: int = 0) -> None:
        outcome = self.engine.feed(batch(*scans), received=received)
        self.late += int(outcome.late.sum())
        self.take(outcome.events)
        self.take(outcome.running)

    def clock(self, now: int) -> None:
        self.take(self.engine.clock(now))

    def episodes(self) -> list[tuple[Any, ...]]:
        rows = [*self.done, *(row for (_, kind), row in self.open.items() if kind != "mine_silent")]
        return sorted(rows, key=lambda row: (row[2], row[0], row[1]))


def same(found: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]) -> None:
    assert [row[:9] for row in found] == [row[:9] for row in expected]
    for ours, theirs in zip(found, expected, strict=True):
        assert len(ours) == len(theirs)
        assert len(ours) < 10 or math.isclose(ours[9], theirs[9], rel_tol=1e-12, abs_tol=1e-12)


METHANE = Point(0, high_alarm=1.0, high_alarm_clear=0.9, high_cut=1.5, high_restore=1.0, stuck=300, rise=0.3, within=60)


def fresh() -> tuple[dict[int, Point], list[tuple[int, int]]]:
    from dataclasses import replace

    points = {
        0: replace(METHANE, recent={}),
        1: Point(
            0, high_alarm=1.0, low_alarm=0.2, low_alarm_clear=0.25, low_cut=0.1, low_restore=0.2, rise=0.5, within=40
        ),
        2: Point(0),  # the cutter
        3: Point(0),  # its feed
        4: Point(0),  # a second feed
        7: Point(1, high_alarm=0.5, high_alarm_clear=0.8, stuck=120),
        9: Point(1, high_cut=0.5),
    }
    return points, [(2, 3), (2, 4)]


values = st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 0.7, 0.9, 0.95, 1.0, 1.2, 1.5, 2.0, 1.0]) | st.floats(
    0, 2
)
bits = st.sampled_from([0] * 12 + [1, 2, 3, 3, 1, 8, 4, 64, 16, 32, 128, 12, 132, 9, 256])
steps = st.sampled_from([0, 1, 5, 7, 10, 10, 10, 20, 30, 61, 100, 200, 400])


@st.composite
def streams(draw: Any) -> list[tuple[int, Scan]]:
    """Scans of two mines with what goes wrong on the way: late, twice, missing points, pauses."""
    now = {0: 1000, 1: 1000}
    clock = 1000
    scans = []
    for _ in range(draw(st.integers(1, 40))):
        mine = draw(st.sampled_from([0, 0, 0, 1]))
        now[mine] += draw(steps)
        clock = max(clock, now[mine]) + draw(st.sampled_from([0, 0, 0, 1, 100, 190]))
        points = [0, 1, 2, 3, 4] if mine == 0 else [7, 9]
        chosen = draw(st.lists(st.sampled_from(points), min_size=1, max_size=7)) if draw(st.booleans()) else points
        scan = []
        for point in chosen:
            at = now[mine] - draw(st.sampled_from([0, 0, 0, 0, 0, 1, 5, 30, 200]))
            value = draw(st.sampled_from([0.0, 1.0, 1.0, 0.0, 0.5])) if point in {2, 3, 4} else draw(values)
            scan.append((point, at * 1000 + draw(st.sampled_from([0, 0, 0, 500])), value, draw(bits)))
        scans.append((clock * 1000, scan))
    return scans


def run_both(stream: list[tuple[int, Scan]], sizes: list[int]) -> Watched:
    points, pairs = fresh()
    oracle = Oracle()
    oracle.points, oracle.pairs = (
        fresh()[0],
        {p: {"cutter": None, "feed": None, "since": None, "open": False} for p in pairs},
    )
    watched = Watched(points, pairs)
    at = 0
    turn = 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        turn += 1
        part = stream[at : at + size]
        at += size
        received = part[-1][0]
        oracle.clock(received)
        watched.clock(received)
        for _, scan in part:
            oracle.feed(scan, received)
        watched.feed(*(scan for _, scan in part), received=received)
    same(watched.episodes(), oracle.episodes())
    assert watched.late == oracle.late
    return watched


CAME_BACK_WITH_A_LATE_ONE: list[tuple[int, Scan]] = [
    (1392000, [(0, 1065000, 0.7, 0)]),
    (1392000, [(4, 1075000, 0.0, 0)]),
    (1682000, [(2, 1156500, 0.5, 0), (3, 956000, 0.0, 132)]),
    (1872000, [(2, 957000, 1.0, 3), (0, 1157000, 1.9, 0)]),
]


@example(stream=CAME_BACK_WITH_A_LATE_ONE, sizes=[1])
@settings(max_examples=600, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(stream=streams(), sizes=st.lists(st.integers(1, 8), min_size=1, max_size=4))
def test_it_gives_what_the_oracle_gives(stream: list[tuple[int, Scan]], sizes: list[int]) -> None:
    run_both(stream, sizes)


@settings(max_examples=150, deadline=None)
@given(stream=streams(), cut=st.integers(0, 40), size=st.integers(1, 5))
def test_a_restart_changes_nothing(stream: list[tuple[int, Scan]], cut: int, size: int) -> None:
    def run(restart: bool) -> list[tuple[Any, ...]]:
        watched = Watched(*fresh())
        for n in range(0, len(stream), size):
            if restart and n <= cut < n + size:
                kept = {mine: watched.engine.dump(mine, {"n": n, "mine": mine}) for mine in (0, 1)}
                watched.engine = Engine()
                watched.define()
                for mine, content in kept.items():
                    assert watched.engine.load(mine, content) == {"n": n, "mine": mine}
            part = stream[n : n + size]
            watched.clock(part[-1][0])
            watched.feed(*(scan for _, scan in part), received=part[-1][0])
        return watched.episodes()

    assert run(restart=True) == run(restart=False)


@settings(max_examples=150, deadline=None)
@given(stream=streams())
def test_how_scans_are_cut_into_batches_changes_nothing(stream: list[tuple[int, Scan]]) -> None:
    found = []
    for size in (1, 3, len(stream)):
        watched = Watched(*fresh())
        for n in range(0, len(stream), size):
            watched.feed(*(scan for _, scan in stream[n : n + size]), received=0)
        found.append(watched.episodes())
    assert found[0] == found[1] == found[2]


def minutes(*readings: tuple[float, float, int], point: int = 0) -> list[Scan]:
    return [[(point, round(at * 1000), value, status)] for at, value, status in readings]


def only(kind: str, *scans: Scan, points: dict[int, Point] | None = None, pairs: Any = ()) -> list[tuple[Any, ...]]:
    watched = Watched(points or {0: METHANE}, list(pairs))
    for scan in scans:
        watched.feed(scan)
    return [row for row in watched.episodes() if row[1] == kind]


def test_over_limit_opens_at_the_limit_and_closes_below_the_clear_value() -> None:
    rows = only("001", *minutes((10, 0.99, 0), (20, 1.0, 0), (30, 0.9, 0), (40, 1.4, 0), (50, 0.89, 0), (60, 0.95, 0)))
    assert rows == [(0, "001", 20_000, 50_000, 3, 1.4, 40_000, 0.9, 30_000, pytest.approx(3.3 / 3))]


def test_a_clear_value_left_blank_is_the_limit() -> None:
    points = {0: Point(0, high_alarm=1.0)}
    assert [row[3] for row in only("001", *minutes((10, 1.0, 0), (20, 0.99, 0)), points=points)] == [20_000]


def test_calibration_neither_opens_nor_closes_nor_counts() -> None:
    readings = minutes((10, 1.2, 0), (20, 3.0, 4), (30, 0.0, 64), (40, 0.0, 128), (50, 1.1, 0), (60, 0.1, 0))
    assert only("001", *readings) == [(0, "001", 10_000, 60_000, 2, 1.2, 10_000, 1.1, 50_000, pytest.approx(1.15))]
    assert only("calibration", *readings) == [(0, "calibration", 20_000, 40_000)]
    assert only("disconnected", *readings) == [(0, "disconnected", 40_000, 50_000)]


def test_of_two_readings_with_one_time_the_first_counts() -> None:
    assert only("001", [(0, 1000, 0.5, 0), (0, 1000, 1.2, 0)]) == []
    assert len(only("001", [(0, 1000, 1.2, 0), (0, 1000, 0.5, 0), (0, 500, 0.1, 0)])) == 1


def test_a_cut_that_does_not_bite() -> None:
    points = {2: Point(0), 3: Point(0)}
    scans = [[(2, t * 1000, 0.0, 0), (3, t * 1000, 1.0, 0)] for t in (10, 20, 21)]
    assert only("003", *scans[:2], points=points, pairs=[(2, 3)]) == []
    assert only("003", *scans, points=points, pairs=[(2, 3)]) == [(2, "003", 10_000, None)]
    end = [(3, 30_000, 0.0, 0)]
    assert only("003", *scans, end, points=points, pairs=[(2, 3)]) == [(2, "003", 10_000, 30_000)]


@pytest.mark.parametrize("first", [2, 3])
def test_a_cut_that_bites_is_none_whichever_is_listed_first(first: int) -> None:
    points = {2: Point(0), 3: Point(0)}
    before = [(2, 10_000, 0.0, 0), (3, 10_000, 1.0, 0)]
    after = sorted([(2, 30_000, 0.0, 0), (3, 30_000, 0.0, 0)], key=lambda row: row[0] != first)
    assert only("003", before, after, points=points, pairs=[(2, 3)]) == []


def test_silence_is_measured_against_the_mine() -> None:
    points = {0: Point(0), 1: Point(0)}
    scans: list[Scan] = [[(0, t * 1000, 0.1, 0), (1, t * 1000, 0.1, 0)] for t in (10, 20)]
    scans += [[(1, t * 1000, 0.1, 0)] for t in (30, 40, 50, 60, 70, 80)]
    assert only("004", *scans, points=points) == []
    scans.append([(1, 81_000, 0.1, 0)])
    assert only("004", *scans, points=points) == [(0, "004", 20_000, None)]
    scans.append([(0, 90_000, 0.1, 32), (1, 90_000, 0.1, 0)])
    assert only("004", *scans, points=points) == [(0, "004", 20_000, 90_000)]


def test_a_slow_mine_is_given_three_of_its_own_intervals() -> None:
    points = {0: Point(0), 1: Point(0)}
    scans: list[Scan] = [[(0, t * 1000, 0.1, 0), (1, t * 1000, 0.1, 0)] for t in range(0, 300, 30)]
    scans += [[(1, t * 1000, 0.1, 0)] for t in (300, 330, 360)]
    assert only("004", *scans, points=points) == []
    scans.append([(1, 390_000, 0.1, 0)])
    assert [row[2] for row in only("004", *scans, points=points)] == [270_000]


def test_a_silent_mine_is_one_episode_and_its_points_are_given_time_to_come_back() -> None:
    watched = Watched({0: Point(0), 1: Point(0)})
    for t in (7_000, 8_000, 9_000, 10_000):
        watched.feed([(0, t, 0.1, 0), (1, t, 0.1, 0)], received=11_000)
    watched.clock(191_000)
    assert not watched.open
    watched.clock(191_001)
    assert watched.open == {(-1, "mine_silent"): (-1, "mine_silent", 11_000, None)}
    watched.clock(200_000)
    watched.feed([(0, 400_000, 0.1, 0)], received=401_000)
    assert watched.episodes() == [(-1, "mine_silent", 11_000, 401_000)]
    watched.feed([(0, 461_000, 0.1, 0)], received=462_000)
    assert watched.episodes() == [(1, "004", 10_000, None), (-1, "mine_silent", 11_000, 401_000)]


def test_a_covered_sensor() -> None:
    points = {0: Point(0, stuck=86_400)}
    day = minutes(*((t, 0.31, 0) for t in range(0, 86_401, 3600)))
    assert only("stuck", *day, points=points) == []
    assert only("stuck", *day, *minutes((86_401, 0.31, 0)), points=points) == [(0, "stuck", 0, None)]
    assert only("stuck", *day, *minutes((86_401, 0.31, 0), (86_500, 0.32, 0)), points=points) == [
        (0, "stuck", 0, 86_500_000)
    ]


def test_a_rise_within_a_minute() -> None:
    points = {0: Point(0, rise=0.3)}
    assert only("rise", *minutes((0, 0.4, 0), (30, 0.5, 0), (60, 0.7, 0)), points=points)[0][:4] == (
        0,
        "rise",
        60_000,
        None,
    )
    assert only("rise", *minutes((0, 0.4, 0), (30, 0.5, 0), (61, 0.7, 0)), points=points) == []
    rows = only("rise", *minutes((0, 0.4, 0), (10, 0.7, 0), (20, 0.8, 0), (70, 0.8, 0)), points=points)
    assert rows[0][:6] == (0, "rise", 10_000, 70_000, 2, 0.8)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(6, 40), st.floats(0, 1)), min_size=2, max_size=30))
def test_a_rise_is_exact_for_points_that_report_no_faster_than_every_six_seconds(
    readings: list[tuple[int, float]],
) -> None:
    at, rows = 0, []
    for step, value in readings:
        at += step
        rows.append((at, value))
    amounts = [(t, math.floor(v * 10000 + 0.5)) for t, v in rows]
    rises = [any(0 < t - s <= 60 and a - b >= 3000 for s, b in amounts) for t, a in amounts]
    found = only("rise", *minutes(*((t, v, 0) for t, v in rows)), points={0: Point(0, rise=0.3)})
    inside = [any(row[2] <= t * 1000 and (row[3] is None or t * 1000 < row[3]) for row in found) for t, _ in rows]
    assert inside == rises


def test_the_mines_own_bits_are_compared() -> None:
    points = {0: Point(0, high_alarm=1.0)}
    scans = minutes((0, 1.2, 0), (30, 1.2, 0), (60, 1.2, 0))
    assert only("mismatch", *scans, points=points) == []
    assert only("mismatch", *scans, *minutes((61, 1.2, 0)), points=points) == [(0, "mismatch", 0, None)]
    assert only("mismatch", *scans, *minutes((61, 1.2, 0), (70, 1.2, 3)), points=points) == [(0, "mismatch", 0, 70_000)]
    # A bit for which the point has no limit cannot be checked.
    assert only("mismatch", *minutes((0, 0.1, 2), (100, 0.1, 2)), points=points) == []


def test_new_limits_apply_from_the_next_reading() -> None:
    watched = Watched({0: Point(0, high_alarm=1.0)})
    watched.feed([(0, 1000, 1.2, 0)])
    watched.points[0] = Point(0, high_alarm=2.0)
    watched.define()
    watched.feed([(0, 2000, 1.2, 0)])
    assert watched.episodes()[0][:4] == (0, "001", 1000, 2000)
    watched.feed([(0, 3000, 2.2, 0)])
    watched.points[0] = Point(0)
    watched.define()
    watched.feed([(0, 4000, 9.9, 0)])
    assert [row[:4] for row in watched.episodes()] == [(0, "001", 1000, 2000), (0, "001", 3000, 4000)]


def test_many_events_in_one_batch() -> None:
    points = {n: Point(n % 2, high_alarm=1.0, rise=0.3) for n in range(6000)}
    watched = Watched(points)
    for t in (1, 10, 20):
        value = 0.1 if t == 10 else 1.5
        watched.feed(*([(n, t * 1000, value, 0) for n in range(mine, 6000, 2)] for mine in (0, 1)))
    assert len([row for row in watched.episodes() if row[1] == "001"]) == 12_000
    watched.feed([(0, 200_000, 0.1, 0), (1, 200_000, 0.1, 0)], [(2, 200_000, 0.1, 0)])
    assert len([row for row in watched.episodes() if row[1] == "004"]) == 5998


def test_what_is_no_snapshot_is_refused() -> None:
    watched = Watched({0: METHANE})
    watched.feed([(0, 1000, 1.2, 0)])
    content = watched.engine.dump(0)
    body = len(content) - 60
    changed = content[:body] + bytes([content[body] ^ 0xFF]) + content[body + 1 :]
    later = content.replace(f'"version": {VERSION}'.encode(), f'"version": {VERSION + 1}'.encode())
    assert later != content
    for spoilt in (b"", b"x", content[:-40], later, changed):
        with pytest.raises(SnapshotUnreadable):
            watched.engine.load(0, spoilt)


def test_a_point_nobody_defined_is_refused() -> None:
    with pytest.raises(ValueError, match="not defined"):
        Watched({0: METHANE}).feed([(1, 1000, 1.2, 0)])


def test_a_window_is_of_whole_tens_of_seconds() -> None:
    with pytest.raises(ValueError, match="ten seconds"):
        Engine().define(0, 0, Limits(), Watch(rise=0.3, within=37))


def test_a_point_keeps_its_mine() -> None:
    with pytest.raises(ValueError, match="belongs to mine"):
        Watched({0: METHANE}).engine.define(0, 3, Limits(), Watch())

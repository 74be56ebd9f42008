"""The meanings of the gas watch, reading by reading, with dictionaries and lists. Slow, and meant to be read.

It shares nothing with the engine but the names of the kinds.
"""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

CALIBRATING, OFF_LINE = 4 | 64, 16 | 32 | 128
INVALID = CALIBRATING | OFF_LINE


@dataclass
class Point:
    mine: int
    high_alarm: float | None = None
    high_alarm_clear: float | None = None
    low_alarm: float | None = None
    low_alarm_clear: float | None = None
    high_cut: float | None = None
    high_restore: float | None = None
    low_cut: float | None = None
    low_restore: float | None = None
    stuck: int = 0
    rise: float = 0.0
    within: int = 60
    at: int | None = None
    value: float | None = None
    changed: int = 0
    disagrees_since: int | None = None
    recent: dict[int, tuple[int, int]] = field(default_factory=dict)  # slot of time → (second, ten-thousandths)


@dataclass
class Mine:
    newest: int | None = None
    scanned: int | None = None
    received: int | None = None
    silent: int | None = None
    resumed: int | None = None
    steps: list[int] = field(default_factory=list)


class Oracle:
    """``feed`` takes one scan: the readings of one mine's message, in its order."""

    def __init__(self) -> None:
        self.points: dict[int, Point] = {}
        self.mines: dict[int, Mine] = {}
        self.pairs: dict[tuple[int, int], dict[str, Any]] = {}
        self.open: dict[tuple[int, str], dict[str, Any]] = {}
        self.done: list[tuple[Any, ...]] = []
        self.late = 0

    # an episode as a tuple: (point, kind, start, end, n, max, max_at, min, min_at, avg)
    def _tuple(self, point: int, kind: str, end: int | None) -> tuple[Any, ...]:
        found = self.open[point, kind]
        values = found["values"]
        if not values:
            return (point, kind, found["start"], end)
        highest, lowest = max(v for _, v in values), min(v for _, v in values)
        return (
            point,
            kind,
            found["start"],
            end,
            len(values),
            highest,
            next(t for t, v in values if v == highest),
            lowest,
            next(t for t, v in values if v == lowest),
            sum(v for _, v in values) / len(values),
        )

    def episodes(self) -> list[tuple[Any, ...]]:
        return sorted([*self.done, *(self._tuple(p, k, None) for p, k in self.open)], key=lambda e: (e[2], e[0], e[1]))

    def _begin(self, point: int, kind: str, start: int, value: float | None = None) -> None:
        assert (point, kind) not in self.open
        self.open[point, kind] = {"start": start, "values": [] if value is None else [(start, value)]}

    def _end(self, point: int, kind: str, end: int) -> None:
        self.done.append(self._tuple(point, kind, end))
        del self.open[point, kind]

    def _follow(self, point: int, kind: str, holds: bool, stays: bool, t: int, v: float | None) -> None:
        """Begin where it holds, go on while it stays, end otherwise."""
        if (point, kind) in self.open:
            if stays:
                if v is not None:
                    self.open[point, kind]["values"].append((t, v))
            else:
                self._end(point, kind, t)
        elif holds:
            self._begin(point, kind, t, v)

    def feed(self, scan: list[tuple[int, int, float, int]], received: int) -> None:
        mine = self.mines.setdefault(self.points[scan[0][0]].mine, Mine())
        for number, t, v, status in scan:
            mine.received = received
            if mine.silent is not None:
                self.done.append((-1 - self.points[number].mine, "mine_silent", mine.silent, received))
                mine.silent, mine.resumed = None, t if mine.newest is None else max(t, mine.newest)
            point = self.points[number]
            if point.at is not None and t <= point.at:
                self.late += 1
                continue
            point.at = t
            mine.newest = t if mine.newest is None else max(mine.newest, t)
            if (number, "004") in self.open:
                self._end(number, "004", t)
            for kind, bits in (("calibration", CALIBRATING), ("disconnected", OFF_LINE)):
                self._follow(number, kind, bool(status & bits), bool(status & bits), t, None)
            if not status & INVALID:
                self._valid(number, point, mine, t, v, status)
        self._silence(mine)

    def _valid(self, number: int, point: Point, mine: Mine, t: int, v: float, status: int) -> None:
        self._follow(number, "008", bool(status & 8), bool(status & 8), t, None)
        for kind, limit, clear, low in (
            ("001", point.high_alarm, point.high_alarm_clear, False),
            ("001L", point.low_alarm, point.low_alarm_clear, True),
            ("002", point.high_cut, point.high_restore, False),
            ("002L", point.low_cut, point.low_restore, True),
        ):
            if limit is None:
                self._follow(number, kind, False, False, t, v)
            else:
                back = limit if clear is None else clear
                holds, stays = (v <= limit, v <= back) if low else (v >= limit, v >= back)
                self._follow(number, kind, holds, stays, t, v)
        rising = False
        if point.rise:
            rising = self._rises(point, t, v)
        self._follow(number, "rise", rising, rising, t, v)

        if v != point.value:
            point.value, point.changed = v, t
            if (number, "stuck") in self.open:
                self._end(number, "stuck", t)
        elif (number, "stuck") in self.open:
            if not point.stuck:
                self._end(number, "stuck", t)
        elif point.stuck:
            since = point.changed if mine.resumed is None else max(point.changed, mine.resumed)
            if t - since > point.stuck * 1000:
                self._begin(number, "stuck", since)

        can_alarm = point.high_alarm is not None or point.low_alarm is not None
        can_cut = point.high_cut is not None or point.low_cut is not None
        alarm = (number, "001") in self.open or (number, "001L") in self.open
        cut = (number, "002") in self.open or (number, "002L") in self.open
        if (can_alarm and bool(status & 1) != alarm) or (can_cut and bool(status & 2) != cut):
            if point.disagrees_since is None:
                point.disagrees_since = t
            elif (number, "mismatch") not in self.open and t - point.disagrees_since > 60_000:
                self._begin(number, "mismatch", point.disagrees_since)
        else:
            point.disagrees_since = None
            if (number, "mismatch") in self.open:
                self._end(number, "mismatch", t)

        for (cutter, feed), pair in self.pairs.items():
            if number in {cutter, feed}:
                pair["cutter" if number == cutter else "feed"] = (t, v)
                self._fed(cutter, pair, t)

    def _rises(self, point: Point, t: int, v: float) -> bool:
        import math

        second, amount = t // 1000, math.floor(v * 10000 + 0.5)
        slot = second // -(-point.within // 10)
        point.recent = {at: each for at, each in point.recent.items() if second - each[0] <= point.within}
        rises = any(amount - before >= round(point.rise * 10000) for _, before in point.recent.values())
        if slot not in point.recent or amount <= point.recent[slot][1]:
            point.recent[slot] = (second, amount)
        return rises

    def _fed(self, cutter: int, pair: dict[str, Any], t: int) -> None:
        (cutter_at, off), (feed_at, live) = pair["cutter"] or (None, 1), pair["feed"] or (None, 0)
        if cutter_at is not None and feed_at is not None and off == 0 and live == 1:
            if pair["since"] is None:
                pair["since"] = max(cutter_at, feed_at)
            elif not pair["open"] and min(cutter_at, feed_at) - pair["since"] > 10_000:
                pair["open"] = True
                if (cutter, "003") not in self.open:
                    self._begin(cutter, "003", pair["since"])
        else:
            pair["since"] = None
            if pair["open"]:
                pair["open"] = False
                if not any(other["open"] for (c, _), other in self.pairs.items() if c == cutter):
                    self._end(cutter, "003", t)

    def _silence(self, mine: Mine) -> None:
        if mine.newest is None or (mine.scanned is not None and mine.newest <= mine.scanned):
            return
        if mine.scanned is not None:
            mine.steps = [*mine.steps, mine.newest - mine.scanned][-15:]
        mine.scanned = mine.newest
        after = max(60_000, 3 * median(mine.steps)) if mine.steps else 60_000
        for number, point in self.points.items():
            if point.at is None or self.mines.get(point.mine) is not mine or (number, "004") in self.open:
                continue
            since = point.at if mine.resumed is None else max(point.at, mine.resumed)
            if mine.newest - since > after:
                self._begin(number, "004", point.at)

    def clock(self, now: int) -> None:
        for mine in self.mines.values():
            if mine.silent is None and mine.received is not None and now - mine.received > 180_000:
                mine.silent = mine.received

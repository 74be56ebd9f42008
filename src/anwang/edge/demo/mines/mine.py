"""A simulated mine as it lives: moment by moment its values, its own alarms and power cuts, and what it reports of them.

The mine's own monitoring system is simulated as well: it sets the status bits, cuts the power and lists abnormal events
by the limits it is set to. What it lists is at the same time what a test expects to be found.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from anwang.edge.demo.mines.incidents import RISE_A_MINUTE, Incident
from anwang.edge.demo.mines.plan import MinePlan, Point, library

S_ALARM, S_CUT, S_CALIBRATING, S_RANGE, S_STATION, S_FAULT = 1, 2, 4, 8, 16, 128
INVALID = S_CALIBRATING | S_STATION | S_FAULT
BEIJING_MS = 8 * 3600 * 1000
FEED_AFTER = 10_000
"""A cut that does not bite within this many ms is a feed anomaly."""
RESTORE_AFTER = 120_000
"""Ms that somebody needs to check the place before the power comes back."""
SWING = 120.0
"""Seconds over which noise forgets itself."""
AIR_SWING = 1800.0

RAISED = frozenset(
    {"over", "cut", "cut_fails", "surge", "hidden", "over_range", "co", "low_wind", "fan_stops", "tampered"}
)
SUDDEN = frozenset({"surge", "over_range"})
STATISTICS = frozenset({"001", "001L", "002"})
LOOSER = 1.5
"""By this much a tampered limit is higher than it should be."""

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(slots=True)
class Event:
    """An abnormal event as the mine sees it. Times in ms; ``end`` is None while it lasts. ``kind`` as the engine names it."""

    point: Point
    kind: str
    start: int
    end: int | None = None
    n: int = 0
    max: float = 0.0
    max_at: int = 0
    min: float = 0.0
    min_at: int = 0
    total: float = 0.0
    hidden: bool = False

    def add(self, at: int, value: float) -> None:
        self.n += 1
        self.total += value
        if self.n == 1 or value > self.max:
            self.max, self.max_at = value, at
        if self.n == 1 or value < self.min:
            self.min, self.min_at = value, at


@dataclass(frozen=True, slots=True)
class Scan:
    """One mine's points at one moment. ``sent`` says which of them are sent at all."""

    at: int
    value: Numbers
    status: NDArray[np.uint16]
    sent: Flags
    changed: list[Event] = field(default_factory=list)
    """Events that began or ended."""


class SimulatedMine:
    """Asked for one moment after the other. Two with the same arguments, asked for the same moments, say the same."""

    def __init__(self, plan: MinePlan, incidents: Iterable[Incident] = (), *, seed: int, begins: int) -> None:
        """``begins`` in ms. Raises KeyError for an incident at a point that the mine does not have."""
        self.incidents = tuple(incidents)
        self.begins = begins
        self._at = {id(each): plan.index(each.where) for each in self.incidents}
        self.plan = _tampered(plan, [self._at[id(each)] for each in self.incidents if each.kind == "tampered"])
        self.events: list[Event] = []
        self._open: dict[tuple[int, str], Event] = {}
        points = self.plan.points
        self._rng = np.random.default_rng([seed, int(plan.code)])
        self._noise = np.zeros(len(points))
        self._air = 0.0
        self._last = 0
        self._level = np.array([point.level for point in points])
        self._spread = np.array([point.noise for point in points])
        self._shift = np.array([point.shift for point in points])
        self._day = np.array([point.day for point in points])
        self._gas = np.array([point.air == "gas" for point in points])
        self._wind = np.array([point.air == "wind" for point in points])
        self._follows = np.flatnonzero([point.air == "follows" for point in points])
        self._analog = np.array([point.analog for point in points])
        self._tens = np.array([10.0**point.decimals for point in points])
        self._low = np.array([point.low_range for point in points])
        self._high = np.array([point.high_range for point in points])
        self._alarm = _column([point.alarm for point in points])
        self._clear = _column([point.alarm if point.clear is None else point.clear for point in points])
        self._cut = _column([point.cut for point in points])
        self._restore = _column([point.cut if point.restore is None else point.restore for point in points])
        self._low_alarm = _column([point.low_alarm for point in points])
        self._low_clear = _column([point.low_alarm if point.low_clear is None else point.low_clear for point in points])
        self._over, self._under, self._cutting = (np.zeros(len(points), np.bool_) for _ in range(3))
        self._cutters = [n for n, point in enumerate(points) if point.is_ == "cutter"]
        self._calm_since: dict[str, int] = {}
        self._no_bite_since: dict[int, int] = {}
        self._hidden = {self._at[id(each)] for each in self.incidents if each.kind == "hidden"}

    # --- the next moment ----------------------------------------------------------------------------------------------

    def scan(self, at: int) -> Scan | None:
        """The mine at a moment (ms), later than the one before. None while the whole mine sends nothing."""
        usual = self._usual(at)
        value, status = usual.copy(), np.zeros(len(usual), np.uint16)
        sent = np.ones(len(usual), np.bool_)
        active = [each for each in self.incidents if 0 <= self._elapsed(each, at) < self._lasting(each)]
        for each in active:
            self._apply(each, at, usual, value, status, sent)
        value = np.where(self._analog, np.clip(value, self._low, self._high), value)
        value = np.round(value * self._tens) / self._tens
        if any(each.kind == "mine_silence" for each in active):
            return None
        changed = self._own_alarms(at, value, status, sent)
        changed += self._power(at, value, status, sent, active)
        status |= self._bits(status)
        self.events += [event for event in changed if event.end is None]
        return Scan(at, value, status, sent, [event for event in changed if not event.hidden])

    def calm(self, at: Sequence[int]) -> Numbers:
        """Moments at which nothing is wrong, all at once: a row for each, as ``scan`` would say them and much quicker.

        They are later than every moment before, lie outside of :meth:`spans`, and every point is sent with status 0.
        """
        if not len(at):
            return np.zeros((0, len(self._level)))
        times = np.asarray(at, np.int64)
        noise, air = np.empty((len(at), len(self._level))), np.empty(len(at))
        fresh = self._rng.standard_normal((len(at), len(self._level) + 1))
        for n, moment in enumerate(at):
            keep, slow = self._decay(moment)
            noise[n] = self._noise = np.clip(self._noise * keep + fresh[n, :-1] * math.sqrt(1 - keep * keep), -2.5, 2.5)
            air[n] = self._air = min(
                max(self._air * slow + float(fresh[n, -1]) * math.sqrt(1 - slow * slow), -2.0), 2.0
            )
        hour = ((times + BEIJING_MS) % 86_400_000) / 3_600_000
        shift = np.array([working(each) for each in hour.tolist()])
        day = np.sin((hour - 9) / 12 * math.pi)
        value = self._level * (1 + self._shift * shift[:, None]) * (1 + self._day * day[:, None])
        flow = (1 + 0.03 * air)[:, None]
        value = np.where(self._gas, value / flow, np.where(self._wind, value * flow, value)) + noise * self._spread
        for n in self._follows.tolist():
            stops = (times // 600_000 * 2654435761 + n * 40503) % 100 < 12
            value[:, n] = (shift > 0.5) & ~stops
        value = np.where(self._analog, np.clip(value, self._low, self._high), value)
        rounded: Numbers = np.round(value * self._tens) / self._tens
        return rounded

    def spans(self) -> list[tuple[int, int]]:
        """From when until when (ms) something is wrong, with the time until the power is back."""
        return [
            (
                self.begins + round(each.after * 1000),
                self.begins + round((each.after + self._lasting(each)) * 1000) + RESTORE_AFTER + 60_000,
            )
            for each in self.incidents
        ]

    def _decay(self, at: int) -> tuple[float, float]:
        """How much of noise and ventilation is left since the moment before."""
        passed = (at - self._last) / 1000 if self._last else 1e9
        self._last = at
        return math.exp(-passed / SWING), math.exp(-passed / AIR_SWING)

    def _usual(self, at: int) -> Numbers:
        """What the sensors show when nothing is wrong: level, shift, hour of the day, ventilation, noise."""
        keep, slow = self._decay(at)
        fresh = self._rng.standard_normal(len(self._level) + 1)
        self._noise = np.clip(self._noise * keep + fresh[:-1] * math.sqrt(1 - keep * keep), -2.5, 2.5)
        self._air = min(max(self._air * slow + float(fresh[-1]) * math.sqrt(1 - slow * slow), -2.0), 2.0)
        hour = ((at + BEIJING_MS) % 86_400_000) / 3_600_000
        air = 1 + 0.03 * self._air
        value: Numbers = (
            self._level * (1 + self._shift * working(hour)) * (1 + self._day * math.sin((hour - 9) / 12 * math.pi))
        )
        value = np.where(self._gas, value / air, np.where(self._wind, value * air, value)) + self._noise * self._spread
        for n in self._follows:
            # Machines run in the shifts that produce, with stops of ten minutes now and then.
            stops = (at // 600_000 * 2654435761 + int(n) * 40503) % 100 < 12
            value[n] = float(working(hour) > 0.5 and not stops)
        return value

    def _elapsed(self, each: Incident, at: int) -> float:
        return (at - self.begins) / 1000 - each.after

    def _climb(self, each: Incident) -> float:
        """Seconds from the usual value to the peak."""
        if each.kind in SUDDEN:
            return 0.0
        point = self.plan.points[self._at[id(each)]]
        if point.is_ == "ch4":
            usual = float(self._level[self._at[id(each)]])
            minutes: int = math.ceil(max(each.height - 0.9 * usual, 0.1) / RISE_A_MINUTE)
            return 60.0 * minutes
        return 180.0

    def _lasting(self, each: Incident) -> float:
        """Long enough to reach its peak and come back."""
        return max(each.seconds, 2 * self._climb(each) + 120) if each.kind in RAISED else each.seconds

    def _apply(
        self, each: Incident, at: int, usual: Numbers, value: Numbers, status: NDArray[np.uint16], sent: Flags
    ) -> None:
        n = self._at[id(each)]
        place = self.plan.points[n].place
        elapsed, lasting = self._elapsed(each, at), self._lasting(each)
        if each.kind in RAISED:
            part = _trapezoid(elapsed, lasting, self._climb(each))
            still = usual[n] - self._noise[n] * self._spread[n]
            # On the way no noise, so that a limit is crossed once.
            value[n] = (
                still * (1 - part)
                + each.height * part
                + self._noise[n] * self._spread[n] * ((1 - part) ** 4 + 0.5 * part**8)
            )
            if each.kind == "over_range":
                value[n], status[n] = self._high[n], S_RANGE
            if self.plan.points[n].is_ == "ch4" and each.kind not in SUDDEN:
                for other in self.plan.of_place(place, "ch4"):
                    if other != n:
                        most = 0.85 * (self.plan.points[other].alarm or 9.0)
                        value[other] = max(min(value[other] + 0.3 * (value[n] - usual[n]), most), value[other])
        if each.kind == "fan_stops":
            for is_, shown in (("duct", 0.0), ("fan", 0.0), ("machine", 0.0)):
                value[self.plan.of_place(place, is_)] = shown
            for wind in self.plan.of_place(place, "wind"):
                value[wind] = 0.08
        elif each.kind == "covered":
            value[n] = each.height
        elif each.kind == "calibration":
            # Zero, the test gas, zero.
            value[n] = each.height if lasting / 3 <= elapsed < 2 * lasting / 3 else 0.0
            status[n] = S_CALIBRATING
        elif each.kind == "disconnected":
            value[n], status[n] = 0.0, S_FAULT
        elif each.kind == "station_down":
            for other in self.plan.of_place(place):
                value[other] = 0.0
                if self.plan.points[other].is_ != "station":
                    status[other] = S_STATION
        elif each.kind == "silence":
            sent[n] = False

    # --- the mine's own monitoring system -----------------------------------------------------------------------------

    def _own_alarms(self, at: int, value: Numbers, status: NDArray[np.uint16], sent: Flags) -> list[Event]:
        valid = sent & ((status & INVALID) == 0)
        changed: list[Event] = []
        over = np.where(valid, np.where(self._over, value >= self._clear, value >= self._alarm), self._over)
        cutting = np.where(valid, np.where(self._cutting, value >= self._restore, value >= self._cut), self._cutting)
        under = np.where(valid, np.where(self._under, value <= self._low_clear, value <= self._low_alarm), self._under)
        for kind, was, now in (
            ("001", self._over, over),
            ("001L", self._under, under),
            ("002", self._cutting, cutting),
            ("008", self._standing("008"), np.where(valid, (status & S_RANGE) != 0, self._standing("008"))),
            ("calibration", *self._told("calibration", status, S_CALIBRATING, sent)),
            ("disconnected", *self._told("disconnected", status, S_STATION | S_FAULT, sent)),
        ):
            changed += self._moved(kind, was, now, at)
        self._over, self._under, self._cutting = over, under, cutting
        for (n, kind), event in self._open.items():
            if kind in STATISTICS and valid[n]:
                event.add(at, float(value[n]))
        return changed

    def _told(self, kind: str, status: NDArray[np.uint16], bits: int, sent: Flags) -> tuple[Flags, Flags]:
        was = self._standing(kind)
        return was, np.where(sent, (status & bits) != 0, was)

    def _standing(self, kind: str) -> Flags:
        found = np.zeros(len(self._level), np.bool_)
        found[[n for n, each in self._open if each == kind]] = True
        return found

    def _moved(self, kind: str, was: Flags, now: Flags, at: int, since: int | None = None) -> list[Event]:
        changed = []
        for n in np.flatnonzero(was != now):
            key = (int(n), kind)
            if now[n]:
                start = at if since is None else since
                event = self._open[key] = Event(self.plan.points[n], kind, start, hidden=int(n) in self._hidden)
            else:
                event = self._open.pop(key)
                event.end = at
            changed.append(event)
        return changed

    def _power(
        self, at: int, value: Numbers, status: NDArray[np.uint16], sent: Flags, active: Sequence[Incident]
    ) -> list[Event]:
        """Cut where gas or a stopped fan demands it; feed and machines follow, unless the cut does not bite."""
        changed: list[Event] = []
        places = {self.plan.points[self._at[id(each)]].place: each.kind for each in active}
        for cutter in self._cutters:
            place = self.plan.points[cutter].place
            wanted = bool(self._cutting[self.plan.of_place(place)].any()) or places.get(place) == "fan_stops"
            if wanted:
                self._calm_since[place] = at
            cut = wanted or at - self._calm_since.get(place, -RESTORE_AFTER) < RESTORE_AFTER
            fails = cut and places.get(place) == "cut_fails"
            feed = self.plan.of_place(place, "feed")[0]
            heard = sent[cutter] and sent[feed] and not (status[cutter] | status[feed]) & INVALID
            if not heard:
                continue
            value[cutter], value[feed] = float(not cut), float(not cut or fails)
            if cut and not fails:
                value[self.plan.of_place(place, "machine")] = 0.0
            if fails:
                since = self._no_bite_since.setdefault(cutter, at)
                if at - since > FEED_AFTER and (cutter, "003") not in self._open:
                    off, on = _one(len(value), cutter)
                    changed += self._moved("003", off, on, at, since)
            else:
                self._no_bite_since.pop(cutter, None)
                if (cutter, "003") in self._open:
                    off, on = _one(len(value), cutter)
                    changed += self._moved("003", on, off, at)
        return changed

    def _bits(self, status: NDArray[np.uint16]) -> NDArray[np.uint16]:
        """The mine's own bits 1 and 2, where the reading means anything and the mine does not hide it."""
        bits = np.where(self._over | self._under, S_ALARM, 0) | np.where(self._cutting, S_CUT, 0)
        bits[list(self._hidden)] = 0
        return np.where(status & INVALID, 0, bits).astype(np.uint16)


def moments(begins: int, interval: int, count: int) -> Iterator[int]:
    """``count`` moments, ``interval`` seconds apart."""
    return iter(range(begins, begins + count * interval * 1000, interval * 1000))


def working(hour: float) -> float:
    """How far a shift that produces coal is on, 0 to 1: from 16:00 to 8:00, with half an hour to begin and to end.

    Eight to four in the afternoon is for maintenance, as in most mines.
    """
    since = (hour - 16) % 24
    return min(since / 0.5, 1.0, max((16 - since) / 0.5, 0.0)) if since < 16 else 0.0


def _trapezoid(elapsed: float, lasting: float, climb: float) -> float:
    if not climb:
        return 1.0
    return max(min(elapsed / climb, (lasting - elapsed) / climb, 1.0), 0.0)


def _one(size: int, n: int) -> tuple[Flags, Flags]:
    was, now = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    now[n] = True
    return was, now


def _column(values: Sequence[float | None]) -> Numbers:
    """Comparisons with a limit that is not there are false."""
    return np.array([math.nan if value is None else value for value in values])


def _tampered(plan: MinePlan, points: Sequence[int]) -> MinePlan:
    """The same mine with alarm and cut set too high."""
    rows = list(plan.points)
    for n in points:
        row = rows[n]
        rows[n] = replace(
            row,
            alarm=None if row.alarm is None else row.alarm * LOOSER,
            cut=None if row.cut is None else row.cut * LOOSER,
            restore=None if row.restore is None else row.restore * LOOSER,
        )
    return plan.with_points(tuple(rows))


def reason(event: Event) -> tuple[str, str]:
    """(cause, measures) as the mine's duty enters them when it is over."""
    words = library()["words"]
    kind = REPORTED_AS[event.kind]
    causes = words["causes"].get(kind, [""])
    return causes[event.start // 1000 % len(causes)], words["measures"].get(kind, "")


REPORTED_AS = {
    "001": "001",
    "001L": "001",
    "002": "002",
    "003": "003",
    "008": "008",
    "calibration": "007",
    "disconnected": "004",
}
"""Number of the abnormal type in a YCBJ file."""

"""What a mine states of its points over a time (TJSJ), held against the readings it sent of the same time.

``rules.held`` judges; here the readings are put beside the statistics. Times are half-open, as everywhere: a reading at
the end belongs to the next. The mine's own system polls between two uploads, so readings nearer to an edge than the
tolerance of time (the scan interval where it is longer; at most a tenth of the whole) count for the mine and never against it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from anwang.kernel import clock
from anwang.work.telemetry import history, rules, selectors, sensors, store
from anwang.work.telemetry.memory import millis, moment
from anwang.work.telemetry.models import Mine, SensorPoint, Statistic

_DAY = timedelta(days=1)
_EDGE = 3_600_000
"""Readings so far around are read too, in ms: more than any tolerance."""
_POINTS_AT_ONCE = 64
"""Of so many points a day of readings is held in memory at once."""


@cache
def library() -> dict[str, Any]:
    """library/stated.yaml."""
    found: dict[str, Any] = yaml.safe_load((sensors.LIBRARY / "stated.yaml").read_text(encoding="utf-8"))
    return found


def rounding(sensor_type: str) -> float:
    return float(library()["types"].get(sensor_type, library()["rounding"]))


@dataclass(frozen=True, slots=True)
class Line:
    """A statistic of the mine beside our own of the same time; ``n`` valid readings, None where there are none."""

    row: Statistic
    verdict: rules.Verdict
    differences: tuple[rules.Difference, ...]
    n: int = 0
    high: float | None = None
    high_at: datetime | None = None
    low: float | None = None
    low_at: datetime | None = None
    mean: float | None = None


@dataclass(slots=True)
class PointLine:
    """The statistics of a point on a day: how many, by verdict, and how often each difference."""

    point: SensorPoint
    verdicts: Counter[rules.Verdict] = field(default_factory=Counter)
    differences: Counter[rules.Difference] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        return self.verdicts.total()

    @property
    def differing(self) -> int:
        return self.verdicts[rules.Verdict.DIFFERS]

    @property
    def contradicted(self) -> int:
        """Differences that the mine's own numbers or readings speak of."""
        return sum(self.differences[each] for each in rules.CONTRADICTED)

    @property
    def agreeing(self) -> int:
        return self.verdicts[rules.Verdict.AGREES]

    @property
    def undecided(self) -> int:
        return self.n - self.differing - self.agreeing


def rows(of: SensorPoint, start: datetime, end: datetime) -> Any:
    """Statistics of a point that begin in a time, in their order."""
    return Statistic.objects.filter(point=of, start__gte=start, start__lt=end).order_by("start", "id")


def beside(of: SensorPoint, found: Sequence[Statistic]) -> list[Line]:
    """These statistics of one point beside its readings. Readings further apart than what makes a value old have a hole."""
    longest = timedelta(days=float(library()["longest_days"]))
    sound = [each for each in found if _sound(each, longest)]
    lines: dict[int, Line] = {}
    if sound:
        first, last = _around(sound)
        series = store.reader().around(of.pk, first, last)
        lines = {each.row.pk: each for each in _held(of, series, sound)}
    return [lines.get(each.pk) or Line(each, rules.Verdict.NOTHING, ()) for each in found]


def newest_day(of: Mine) -> date | None:
    """The local day on which the newest statistic of a mine begins."""
    start = Statistic.objects.filter(mine=of).order_by("-start").values_list("start", flat=True).first()
    return clock.local_date(start) if start else None


def of_mine(of: Mine, day: date) -> list[PointLine]:
    """The statistics of a mine that begin on a local day, by point; those that are contradicted first. Longer than a day: undecided."""
    found: dict[int, list[Statistic]] = {}
    for each in _of_day(of, day).order_by("start", "id"):
        found.setdefault(each.point_id, []).append(each)
    points = SensorPoint.objects.select_related("mine__feed").in_bulk(found)
    lines = []
    numbers = sorted(found)
    for at in range(0, len(numbers), _POINTS_AT_ONCE):
        some = numbers[at : at + _POINTS_AT_ONCE]
        sound = {number: [each for each in found[number] if _sound(each, _DAY)] for number in some}
        every = [each for group in sound.values() for each in group]
        series = store.reader().several([n for n in some if sound[n]], *_around(every)) if every else {}
        for number in some:
            line = PointLine(points[number])
            line.verdicts[rules.Verdict.NOTHING] = len(found[number]) - len(sound[number])
            for each in _held(points[number], series[number], sound[number], brief=True) if sound[number] else ():
                line.verdicts[each.verdict] += 1
                line.differences.update(each.differences)
            lines.append(line)
    return sorted(
        lines, key=lambda line: (-line.contradicted, -line.differing, selectors.type_words(line.point), line.point.code)
    )


def _of_day(of: Mine, day: date) -> Any:
    end = clock.start_of_day(clock.add_days(day, 1))
    return Statistic.objects.filter(mine=of, start__gte=clock.start_of_day(day), start__lt=end)


def _sound(row: Statistic, longest: timedelta) -> bool:
    """Is there a time that readings can be asked for?"""
    return row.end is not None and timedelta() < row.end - row.start <= longest


def _tolerance() -> int:
    return round(float(library()["time_seconds"]) * 1000)


def _around(found: Sequence[Statistic]) -> tuple[int, int]:
    """From the first to the last moment at which a reading can say something of these statistics."""
    ends = [each.end for each in found if each.end is not None]
    return millis(min(each.start for each in found)) - _EDGE, millis(max(ends)) + _EDGE


def _held(of: SensorPoint, series: history.Series, found: Sequence[Statistic], *, brief: bool = False) -> list[Line]:
    """``brief``: the verdicts alone, for thousands at once."""
    hole = selectors.stale_after(of.mine)
    valid = ((series.status & history.INVALID_BITS) == 0) & np.isfinite(series.value)
    at, value = series.at[valid], series.value[valid]
    invalid = series.at[~valid]
    start = np.array([millis(each.start) for each in found], np.int64)
    end = np.array([millis(each.end) for each in found if each.end is not None], np.int64)
    # Where a mine sends seldom, its moment may lie so far from the next reading.
    tolerance = min(max(_tolerance(), of.mine.feed.interval_ms), _EDGE)
    edge = np.minimum(tolerance, (end - start) // 10)
    own = _Part(at, value, start, end)
    inner = _Part(at, value, start + edge, end - edge)
    outer = _Part(at, value, start - edge, end + edge + 1)
    high_at = np.array([_NEVER if each.max_at is None else millis(each.max_at) for each in found], np.int64)
    low_at = np.array([_NEVER if each.min_at is None else millis(each.min_at) for each in found], np.int64)
    at_high = _Part(at, value, high_at - tolerance, high_at + tolerance + 1)
    at_low = _Part(at, value, low_at - tolerance, low_at + tolerance + 1)
    whole = own.longest_hole(start, end) <= hole.total_seconds() * 1000
    whole &= np.searchsorted(invalid, start - edge, "left") == np.searchsorted(invalid, end + edge, "right")
    share, near = float(library()["share"]), rounding(of.sensor_type)
    lines = []
    for n, row in enumerate(found):
        moments = [each for each in (row.max_at, row.min_at) if each is not None]
        stated = rules.Stated(
            row.max, row.min, row.avg, inside=row.end is not None and all(row.start <= m <= row.end for m in moments)
        )
        shown = rules.Shown(
            high=rules.Side(inner.high(n), outer.high(n), at_high.high(n), row.max_at is not None),
            low=rules.Side(inner.low(n), outer.low(n), at_low.low(n), row.min_at is not None),
            mean=own.mean(n),
            whole=bool(whole[n]),
        )
        verdict, differences = rules.held(stated, shown, rounding=near, share=share)
        lines.append(Line(row, verdict, differences) if brief else own.line(n, row, verdict, differences))
    return lines


_NEVER = -(2**60)


class _Part:
    """Of sorted valid readings those of several times: the highest, the lowest (negated), the mean of each."""

    def __init__(
        self, at: NDArray[np.int64], value: NDArray[np.float64], start: NDArray[np.int64], end: NDArray[np.int64]
    ) -> None:
        self.at, self.value = at, value
        self.first = np.searchsorted(at, start, "left")
        self.last = np.maximum(np.searchsorted(at, end, "left"), self.first)
        self.n = self.last - self.first
        self._high = self._reduced(np.maximum, value)
        self._low = self._reduced(np.minimum, value)
        self._total = self._reduced(np.add, value)

    def _reduced(self, how: np.ufunc, values: NDArray[Any]) -> NDArray[Any]:
        """`how` over each time's readings; of a time without any, whatever: it is never looked at."""
        cuts = np.stack((self.first, self.last), axis=1).ravel()
        made: NDArray[Any] = how.reduceat(np.append(values, values.dtype.type(0)), cuts)[::2]
        return made

    def high(self, n: int) -> float | None:
        return float(self._high[n]) if self.n[n] else None

    def low(self, n: int) -> float | None:
        return -float(self._low[n]) if self.n[n] else None

    def mean(self, n: int) -> float | None:
        return float(self._total[n] / self.n[n]) if self.n[n] else None

    def longest_hole(self, start: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
        """The longest time without a reading, from the start over every reading to the end."""
        made = end - start
        some = np.flatnonzero(self.n)
        if len(some):
            first, last = self.first[some], self.last[some] - 1
            gaps = np.maximum.reduceat(np.append(np.diff(self.at), (0, 0)), np.stack((first, last), axis=1).ravel())[
                ::2
            ]
            inside = np.where(last > first, gaps, 0)
            made[some] = np.maximum.reduce((inside, self.at[first] - start[some], end[some] - self.at[last]))
        return made

    def line(self, n: int, row: Statistic, verdict: rules.Verdict, differences: tuple[rules.Difference, ...]) -> Line:
        if not self.n[n]:
            return Line(row, verdict, differences)
        part = self.value[self.first[n] : self.last[n]]
        highest, lowest = int(part.argmax()) + self.first[n], int(part.argmin()) + self.first[n]
        return Line(
            row,
            verdict,
            differences,
            n=int(self.n[n]),
            high=float(self.value[highest]),
            high_at=moment(int(self.at[highest])),
            low=float(self.value[lowest]),
            low_at=moment(int(self.at[lowest])),
            mean=self.mean(n),
        )

"""Readings to write, and the plainest possible history to compare with."""

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from anwang.work.telemetry.history import bounds

DAY = date(2026, 11, 20)
START, END = bounds(DAY)
INVALID = 4 | 16 | 32 | 64 | 128


def columns(rows):
    """[(point, at, value, status)] as the four arrays `append` takes."""
    point, at, value, status = zip(*rows, strict=True) if rows else ((), (), (), ())
    return (
        np.array(point, np.int32),
        np.array(at, np.int64),
        np.array(value, np.float64),
        np.array(status, np.uint16),
    )


def scans(n, points=10, start=START, step=20_000):
    """n scans of all points, one every `step` ms; the value of reading k is k."""
    for scan in range(n):
        yield columns([(p, start + scan * step, float(scan * points + p), 0) for p in range(points)])


def listed(series):
    return list(zip(series.at.tolist(), series.value.tolist(), series.status.tolist(), strict=True))


@dataclass
class Oracle:
    """A list of readings in the order they came, and a loop for every question."""

    rows: list = field(default_factory=list)

    def around(self, point, start, end):
        found = [(at, value, status) for p, at, value, status in self.rows if p == point and start <= at < end]
        return sorted(found, key=lambda row: row[0])  # sorted() is stable: of one time as they came

    def last(self, point):
        best = (0, None, 0)
        for p, at, value, status in self.rows:
            if p == point and at > best[0]:
                best = (at, value, status)
        return best

    def cell(self, point, start, end):
        rows = self.around(point, start, end)
        valid = [value for _, value, status in rows if not status & INVALID and value == value]
        if not valid:
            return len(rows), 0, None, None, None
        return len(rows), len(valid), min(valid), max(valid), sum(valid) / len(valid)


def cells(grid, row, column):
    n = int(grid.n[row, column])
    if not n:
        assert np.isnan([grid.low[row, column], grid.high[row, column], grid.mean[row, column]]).all()
        return int(grid.seen[row, column]), 0, None, None, None
    return (
        int(grid.seen[row, column]),
        n,
        float(grid.low[row, column]),
        float(grid.high[row, column]),
        float(grid.mean[row, column]),
    )

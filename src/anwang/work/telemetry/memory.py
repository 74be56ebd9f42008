"""What one process remembers of the mines it works for: the engine, the codes, and which version of a mine it holds.

The truth is in the database, in each mine's :class:`~anwang.work.telemetry.models.Feed`. Several processes may receive
for one mine: whoever comes to a mine whose row has moved on reads the snapshot again.
"""

import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from anwang.work.telemetry import dialects, sensors
from anwang.work.telemetry.engine import Engine, Limits, SnapshotUnreadable
from anwang.work.telemetry.models import Feed, Mine, Relation, SensorPoint

LOCK = threading.RLock()
"""The engine belongs to one thread at a time."""


LISTS = 2048
"""Packed lists of points that are remembered: one a mine, and some for mines that send in parts."""
_NONE = np.zeros(0, np.int32)


def codes_of(points: Sequence[str] | bytes) -> Sequence[str]:
    return points.decode("ascii").split(",") if isinstance(points, bytes) else points


class Memory:
    def __init__(self) -> None:
        self.engine = Engine()
        self.table = dialects.CodeTable()
        self.points: dict[int, SensorPoint] = {}
        self.mines: dict[int, Mine] = {}
        self._versions: dict[int, int] = {}
        self._lists: dict[bytes, tuple[int, NDArray[np.int32]]] = {}

    def ready(self, mine: Mine, feed: Feed) -> None:
        """Make sure that what is held of this mine is what its row says. Call with the row locked."""
        self.mines[mine.index] = mine
        if self._versions.get(mine.index) == feed.version:
            return
        self.engine.meet(mine.index)
        points = list(SensorPoint.objects.filter(mine=mine))
        self.define(mine, points)
        self.relate(Relation.objects.filter(cutter__mine=mine).values_list("cutter_id", "feed_id"))
        try:
            if feed.snapshot is None:
                self.engine.reset(mine.index)
            else:
                self.engine.load(mine.index, bytes(feed.snapshot))
        except SnapshotUnreadable:
            # Of an older form of the engine: begin anew; open episodes are taken up again where they still hold.
            self.engine.reset(mine.index)
        self._versions[mine.index] = feed.version

    def holds(self, mine: Mine, version: int) -> None:
        self._versions[mine.index] = version

    def define(self, mine: Mine, points: Iterable[SensorPoint]) -> None:
        for point in points:
            limits = Limits(**{name: getattr(point, name) for name in SensorPoint.LIMITS})
            self.engine.define(point.pk, mine.index, limits, sensors.watch(point.sensor_type, point.value_type))
            self.table.add(point.code, point.pk)
            self.points[point.pk] = point

    def relate(self, pairs: Iterable[tuple[int, int]]) -> None:
        self.engine.relate(pairs)

    def numbers(self, mine: Mine, points: Sequence[str] | bytes) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The numbers of point codes, -1 for those nobody knows, and which of them are this mine's.

        A packed list whose points are all the mine's is remembered: a point keeps its number and its mine for ever.
        """
        if isinstance(points, bytes):
            mine_index, found = self._lists.get(points, (-1, _NONE))
            if mine_index == mine.index:
                return found.copy(), np.ones(len(found), np.bool_)
        known = self.table.get
        point = np.array([-1 if (number := known(code)) is None else number for code in codes_of(points)], np.int32)
        ours = point >= 0
        ours[ours] = self.engine.hot["mine"][point[ours]] == mine.index
        if isinstance(points, bytes) and ours.all():
            if len(self._lists) >= LISTS:
                self._lists.clear()
            self._lists[points] = mine.index, point.copy()
        return point, ours

    def strangers(self, mine: Mine, codes: Sequence[str], now: datetime) -> list[int]:
        """Numbers for points that a mine sends without having defined them: they are kept, and have no limits."""
        SensorPoint.objects.bulk_create(
            [
                SensorPoint(
                    code=code,
                    mine=mine,
                    sensor_type=dialects.sensor_type_of(code)[:4],
                    value_type=dialects.value_type_of(code),
                    made_at=now,
                )
                for code in codes
            ],
            ignore_conflicts=True,
        )
        made = {point.code: point for point in SensorPoint.objects.filter(code__in=codes)}
        self.define(mine, made.values())
        return [made[code].pk for code in codes]


_memory: Memory | None = None


def memory() -> Memory:
    """Memory of this process. Hold ``LOCK``."""
    global _memory  # noqa: PLW0603 - one per process
    if _memory is None:
        _memory = Memory()
    return _memory


def forget() -> None:
    """After a transaction that did not hold: what was worked out inside it is no longer true."""
    global _memory  # noqa: PLW0603 - one per process
    with LOCK:
        _memory = None


def moment(ms: int) -> datetime:
    """A moment of the engine as a moment of the house."""
    return datetime.fromtimestamp(ms // 1000, tz=UTC).replace(microsecond=ms % 1000 * 1000)


def millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)

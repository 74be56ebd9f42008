"""The last value of every point, in one file that the writer changes in place and any process reads without asking.

A row is 32 bytes: time, value, status, and the time once more. The writer sets the time, then the rest, then the second
time; a reader takes the second time first. Where both agree the row is whole, so nobody waits for anybody.
Only a later data time moves a point's last value; of two with one time the first to arrive counts.
"""

import mmap
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anwang.work.telemetry.history.columns import Columns
from anwang.work.telemetry.history.layout import full_is_told

_ROW = np.dtype(
    {
        "names": ["at", "value", "status", "check"],
        "formats": ["<i8", "<f8", "<u2", "<i8"],
        "offsets": [0, 8, 16, 24],
        "itemsize": 32,
    }
)
_STEP = 4096
_TRIES = 200


@dataclass(frozen=True, slots=True)
class Last:
    """Parallel to the points asked for; `at` is 0 where a point has never had a reading."""

    at: NDArray[np.int64]
    value: NDArray[np.float64]
    status: NDArray[np.uint16]


class LastWriter:
    """Used by the one writer of a shard, one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Raises `Full`."""
        self._path = path
        with full_is_told():
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        self.fresh = os.fstat(self._fd).st_size == 0
        self._rows: NDArray[np.void] = np.empty(0, _ROW)
        self._slot = np.empty(0, np.int32)
        self._map: mmap.mmap | None = None
        self._map_rows(os.fstat(self._fd).st_size // _ROW.itemsize)

    def room_for(self, points: int) -> None:
        """Make room for so many points. Raises `Full`, with nothing changed.

        The blocks are claimed now: writing into a hole of a mapped file on a full disk would kill the process.
        """
        if points <= len(self._rows):
            return
        wanted = max(-(-points // _STEP) * _STEP, min(len(self._rows) * 2, 1 << 20))
        with full_is_told():
            os.posix_fallocate(self._fd, 0, wanted * _ROW.itemsize)
        self._map_rows(wanted)

    def _map_rows(self, rows: int) -> None:
        if rows:
            self._map = mmap.mmap(self._fd, rows * _ROW.itemsize)
            self._rows = np.frombuffer(self._map, _ROW)
            self._slot = np.empty(rows, np.int32)

    def update(self, rows: Columns) -> None:
        """Move the points these readings are later for. There must be room."""
        point = rows.point
        newer = np.flatnonzero(rows.at > self._rows["at"][point])
        if not len(newer):
            return
        if len(newer) < len(rows):
            rows = rows.take(newer)
            point = rows.point
        place = np.arange(len(rows), dtype=np.int32)
        self._slot[point] = place
        if not np.array_equal(self._slot[point], place):
            # A point stands here more than once: its latest, and of that time its first.
            order = np.lexsort((-place, rows.at, point))
            is_last = np.flatnonzero(np.append(point[order][1:] != point[order][:-1], True))
            rows = rows.take(order[is_last])
            point = rows.point
        self._rows["at"][point] = rows.at
        self._rows["value"][point] = rows.value
        self._rows["status"][point] = rows.status
        self._rows["check"][point] = rows.at

    def torn(self) -> NDArray[np.int32]:
        """Points that a killed writer left half changed; they are emptied here."""
        found = np.flatnonzero(self._rows["at"] != self._rows["check"]).astype(np.int32)
        self._rows["at"][found] = self._rows["check"][found] = 0
        return found

    def empty(self, points: NDArray[np.int32]) -> NDArray[np.int32]:
        """Of these points those without any value."""
        found: NDArray[np.int32] = points[self._rows["at"][points] == 0]
        return found

    def sync(self) -> None:
        """On the disk when this returns."""
        if self._map is not None:
            self._map.flush()
        with full_is_told():
            os.fdatasync(self._fd)

    def close(self) -> None:
        self._rows = np.empty(0, _ROW)
        self._map = None  # unmapped when the last view is gone
        os.close(self._fd)


class LastReader:
    """In any process; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: NDArray[np.void] = np.empty(0, _ROW)
        self._inode = 0
        self._lock = threading.Lock()

    def get(self, points: ArrayLike) -> Last:
        point = np.asarray(points, np.int64)
        rows = self._known(int(point.max()) + 1 if len(point) else 0)
        made = Last(np.zeros(len(point), np.int64), np.full(len(point), np.nan), np.zeros(len(point), np.uint16))
        todo = np.flatnonzero((point >= 0) & (point < len(rows)))
        for attempt in range(_TRIES):
            at = point[todo]
            check = rows["check"][at]
            value, status = rows["value"][at], rows["status"][at]
            moment = rows["at"][at]
            whole = (check == moment) & (moment > 0)
            done = todo[whole]
            made.at[done], made.value[done], made.status[done] = moment[whole], value[whole], status[whole]
            todo = todo[check != moment]
            if not len(todo):
                break
            if attempt > 10:
                time.sleep(0.0005)  # the writer was put to sleep in the middle; it wakes, or was killed
        return made

    def _known(self, points: int) -> NDArray[np.void]:
        with self._lock:
            try:
                found = self._path.stat()
            except FileNotFoundError:
                return np.empty(0, _ROW)
            rows = found.st_size // _ROW.itemsize
            if found.st_ino != self._inode or (points > len(self._rows) and rows > len(self._rows)):
                with self._path.open("rb") as file:
                    mapped = mmap.mmap(file.fileno(), rows * _ROW.itemsize, prot=mmap.PROT_READ) if rows else b""
                self._rows = np.frombuffer(mapped, _ROW)
                self._inode = found.st_ino if rows else 0
            return self._rows

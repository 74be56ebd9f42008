"""The moment between the history's append and the database's commit, so that a killed process keeps nothing twice.

An append is the last thing before the commit, and a process has one at a time: what is in doubt of a process that died
is the last frame of its journal. Whoever finds it dead puts those readings on record here, and no process appends one
of them again: they come again because nobody acknowledged them. A reading is the same where point, time, value and
status are.
"""

import fcntl
import os
import time
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from anwang.work.telemetry.engine import Batch
from anwang.work.telemetry.history.columns import Columns

Reading = tuple[int, int, float, int]
_SUSPECT = np.dtype([("point", "<i4"), ("at", "<i8"), ("value", "<f8"), ("status", "<u2")])
KEPT = 86_400.0
"""Seconds for which it is remembered; what was not acknowledged has long come again."""


class Claim:
    """Held by the process that writes a shard, for as long as it lives: the system lets go of it when it dies."""

    def __init__(self, folder: Path, shard: int, *, wait: bool) -> None:
        """Raises BlockingIOError where the writer is alive and we do not wait."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.shard = folder, shard
        self._fd = os.open(folder / f"shard-{shard}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    @property
    def writing(self) -> bool:
        """Whether somebody wrote under this claim and did not say that all is well."""
        return os.pread(self._fd, 1, 0) == b"w"

    def begin(self) -> None:
        os.pwrite(self._fd, b"w", 0)

    def settle(self, newest: Columns | None) -> None:
        """All is well, but for the readings given: they may stand in the history and not in the database."""
        if newest is not None and len(newest):
            put_on_record(self._folder, newest)
        os.pwrite(self._fd, b"-", 0)

    def close(self) -> None:
        os.close(self._fd)


def put_on_record(folder: Path, rows: Columns) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    found = np.zeros(len(rows), _SUSPECT)
    found["point"], found["at"], found["value"], found["status"] = rows.point, rows.at, rows.value, rows.status
    path = folder / f"{time.time_ns()}-{os.getpid()}.npy"
    unfinished = path.with_suffix(".new")
    with unfinished.open("wb") as file:
        np.save(file, found)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


class Suspects:
    """What is on record, read again whenever a process has put something there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._changed = -1
        self._known: dict[str, NDArray[np.void]] = {}
        self._readings: set[Reading] = set()
        self._span = (0, 0)
        self._points, self._moments = np.zeros(0, np.int32), np.zeros(0, np.int64)

    def look(self) -> None:
        try:
            changed = self.folder.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if changed == self._changed:
            return
        self._changed = changed
        paths = {path.name: path for path in self.folder.glob("*.npy")}
        self._known = {name: self._known[name] if name in self._known else np.load(paths[name]) for name in paths}
        every = [each for each in self._known.values() if len(each)]
        self._readings = {tuple(row) for each in every for row in each.tolist()}
        if every:
            self._points = np.unique(np.concatenate([each["point"] for each in every]))
            self._moments = np.unique(np.concatenate([each["at"] for each in every]))
        self._span = (
            min((int(each["at"].min()) for each in every), default=0),
            max((int(each["at"].max()) for each in every), default=0),
        )

    def among(self, batch: Batch) -> NDArray[np.bool_]:
        """Which readings of a batch are in doubt: they stand in the history already."""
        found = np.zeros(len(batch), np.bool_)
        if not self._readings:
            return found
        rows = np.flatnonzero((batch.at >= self._span[0]) & (batch.at <= self._span[1]))
        # The plain loop is for those that are very likely in doubt: of a million others none gets so far.
        rows = rows[np.isin(batch.point[rows], self._points)]
        rows = rows[np.isin(batch.at[rows], self._moments)]
        columns = (batch.point[rows], batch.at[rows], batch.value[rows], batch.status[rows])
        for row, reading in zip(rows, zip(*(each.tolist() for each in columns), strict=True), strict=True):
            found[row] = reading in self._readings
        return found


def prune(folder: Path, before: float) -> None:
    """Forget what was put on record before a moment (seconds since the epoch)."""
    for path in folder.glob("*.n*") if folder.is_dir() else ():
        if path.stat().st_mtime < before:
            path.unlink(missing_ok=True)

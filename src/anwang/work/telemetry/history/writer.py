"""The one writer of a shard: append, sync, seal, merge, and putting right what a crash left."""

import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from anwang.kernel.clock import local_date
from anwang.work.telemetry.history import journal, layout, segments
from anwang.work.telemetry.history.columns import Buckets, Columns, ordered, rolled, widened
from anwang.work.telemetry.history.journal import Journal
from anwang.work.telemetry.history.lastvalues import LastWriter
from anwang.work.telemetry.history.layout import FIVE, FIVE_MS, RAW, Full, Locked, Segment
from anwang.work.telemetry.history.reader import Reader

SEAL_ROWS = 4_000_000
RESERVE = 64 * 2**20
MAX_POINTS = 4_000_000
TODAY_FILES = 16
_LOOK_BACK_DAYS = 2
_ALL = 2**63


@dataclass(frozen=True, slots=True)
class Recovered:
    """What opening found of a run before this one."""

    journals: int = 0
    rows: int = 0
    torn_bytes: int = 0
    damaged_frames: int = 0


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one `seal` or `merge` did."""

    rows: int = 0
    files: int = 0
    bytes: int = 0


class History:
    """Writes one shard of a folder and answers questions through `read`, which every other process can do as well.

    `append` and `sync` may be called from several threads, and go on while another thread seals or merges.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        shard: int = 0,
        seal_rows: int = SEAL_ROWS,
        reserve: int = RESERVE,
        max_points: int = MAX_POINTS,
    ) -> None:
        self.folder, self.shard = Path(folder), shard
        self.read = Reader(folder)
        self.seal_rows, self.reserve, self.max_points = seal_rows, reserve, max_points
        self._live = layout.live_folder(self.folder, shard)
        self._writing = threading.Lock()
        self._sealing = threading.Lock()
        self.merging = threading.Lock()
        """Held while sealed files are replaced or removed."""
        self._closed: list[Journal] = []
        layout.make_folder(self._live)
        self._lock = self._take_lock()
        try:
            self._sweep()
            # Before empty journals go: no number is used twice, readers know journals by it.
            number = self._next_number()
            self._last = LastWriter(self._live / "last")
            self.recovered = self._recover()
            self._journal = Journal(layout.journal_path(self._live, number), number)
        except BaseException:
            os.close(self._lock)
            raise

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        shard: int = 0,
        seal_rows: int = SEAL_ROWS,
        reserve: int = RESERVE,
        max_points: int = MAX_POINTS,
    ) -> Self:
        """Become the writer of a shard; one process at a time.

        A journal longer than `seal_rows` is closed and waits for `seal`. `append` refuses when less than `reserve` bytes
        would stay free on the disk, so that there is always room to seal. Points are 0…`max_points` - 1.
        Raises Locked where another process writes it, and Full.
        """
        return cls(folder, shard=shard, seal_rows=seal_rows, reserve=reserve, max_points=max_points)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Flush and let go. The journal stays as it is; the next `open` finds it."""
        with self._sealing, self.merging, self._writing:
            for waiting in [*self._closed, self._journal]:
                waiting.sync()
                waiting.close()
            self._last.sync()
            self._last.close()
            os.close(self._lock)

    # --- writing --------------------------------------------------------------------------------------------------

    def append(self, point: ArrayLike, at: ArrayLike, value: ArrayLike, status: ArrayLike) -> None:
        """Keep readings. When it returns they survive a killed process; after `sync` a power cut as well.

        All of them or none: raises Full, with nothing of these kept and everything before untouched, and ValueError
        for lengths that differ, a point beyond `max_points` or a time outside 1992–2200.
        """
        rows = Columns.of(point, at, value, status)
        if not len(rows):
            return
        first, last = rows.span(self.max_points)
        with self._writing:
            self._check_room(journal.length(len(rows)))
            self._last.room_for(int(rows.point.max()) + 1)
            if self._journal.rows and self._journal.rows + len(rows) > self.seal_rows:
                with contextlib.suppress(Full):  # then this one goes on growing
                    self._rotate()
            self._journal.append(rows, first, last)
            self._last.update(rows)

    def sync(self) -> None:
        """Return when everything appended so far is on the disk. Threads that come together share one flush."""
        with self._writing:
            waiting = [(kept, kept.size) for kept in (*self._closed, self._journal)]
        for kept, upto in waiting:
            kept.sync(upto)

    @property
    def waiting(self) -> int:
        """Readings in closed journals that wait for `seal`."""
        with self._writing:
            return sum(kept.rows for kept in self._closed)

    @property
    def newest(self) -> Columns:
        """What the last `append` to this shard kept, this run's or an earlier one's; empty where it is sealed already.

        A process killed between an append and whatever it does next leaves at most this in doubt.
        """
        with self._writing:
            for _, path in reversed(layout.journals(self._live)):
                rows = journal.last_frame(path)
                if len(rows):
                    return rows
        return Columns.empty()

    def _check_room(self, wanted: int) -> None:
        if self.reserve:
            found = os.statvfs(self._live)
            free = found.f_bavail * found.f_frsize
            if free - wanted < self.reserve:
                raise Full(
                    errno.ENOSPC, f"{free} bytes are free, {self.reserve} are kept to seal with", str(self.folder)
                )

    def rotate(self) -> None:
        """Close the journal, so that a `seal(only_closed=True)` takes what stands in it. Raises Full."""
        with self._writing:
            if self._journal.rows:
                self._rotate()

    def _rotate(self) -> None:
        number = self._journal.number + 1
        fresh = Journal(layout.journal_path(self._live, number), number)
        self._closed.append(self._journal)
        self._journal = fresh

    # --- sealing --------------------------------------------------------------------------------------------------

    def seal(self, *, only_closed: bool = False) -> Sealed:
        """Turn the journal into Parquet, one file a day touched; with `only_closed` only journals that are full.

        A reader sees each reading once at every moment. Raises Full: the journal then stays and is sealed later.
        """
        done = Sealed()
        with self._sealing:
            with self._writing:
                if self._journal.rows and not only_closed:
                    self._rotate()
                numbers = [kept.number for kept in self._closed]
            for number in sorted({*numbers, *self._left_over()}):
                one = self._seal_one(number)
                done = Sealed(done.rows + one.rows, done.files + one.files, done.bytes + one.bytes)
        return done

    def _left_over(self) -> list[int]:
        """Journals of earlier runs."""
        with self._writing:
            current = self._journal.number
        return [number for number, _ in layout.journals(self._live) if number < current]

    def _seal_one(self, number: int) -> Sealed:
        path = layout.journal_path(self._live, number)
        rows = ordered(journal.read(path).rows)
        files = size = 0
        for day, part in _by_day(rows):
            target = layout.day_folder(self.folder, RAW, day, self.shard)
            # A crash between the days of one journal leaves some of them sealed.
            if layout.covers(layout.current(layout.listed(self.folder, RAW, day, self.shard)), number, number):
                continue
            with segments.Output(target, RAW, number, number) as output:
                output.write(part)
                made = output.publish()
            files += len(made)
            size += sum(file.stat().st_size for file in made)
        self._last.sync()  # what the journal would have put right must not be needed any more
        with self._writing:
            gone = [kept for kept in self._closed if kept.number == number]
            self._closed = [kept for kept in self._closed if kept.number != number]
            path.unlink()
        for kept in gone:
            kept.retire()
        layout.flush_folder(self._live)
        return Sealed(len(rows), files, size)

    # --- merging --------------------------------------------------------------------------------------------------

    def merge(self, day: date) -> Sealed:
        """Make one file (or one run of parts) of a day's sealed files, and its five-minute roll-ups.

        Late readings that were sealed since are merged in. Does nothing where there is nothing to gain. Raises Full.
        """
        with self.merging:
            with self._writing:
                pending = min([self._journal.number, *(number for number, _ in layout.journals(self._live))])
            raw = [
                file for file in layout.current(layout.listed(self.folder, RAW, day, self.shard)) if file.last < pending
            ]
            if not raw:
                return Sealed()
            first, last = raw[0].first, max(file.last for file in raw)
            five = layout.current(layout.listed(self.folder, FIVE, day, self.shard))
            single = len({file.numbers for file in raw}) == 1
            done = Sealed()
            if not single or not layout.covers(five, first, last):
                done = self._merge(day, raw, [file for file in five if first <= file.first and file.last <= last])
            self._remove_replaced(day, last)
            return done

    def _merge(self, day: date, raw: list[Segment], five: list[Segment]) -> Sealed:
        first, last = raw[0].first, max(file.last for file in raw)
        used, left = layout.speaking(raw, five)
        readings_in = [segments.Parquet(file.path) for file in raw]
        # What is rolled up already is not worked out again: its readings may have been thinned out since.
        new = [at for at, file in enumerate(raw) if file in left]
        buckets_in = [segments.Parquet(file.path) for file in used]
        rewrite = len({file.numbers for file in raw}) > 1
        marks = {file.only for file in readings_in}
        only = marks.pop() if len(marks) == 1 else ""
        total = 0
        with (
            segments.Output(layout.day_folder(self.folder, FIVE, day, self.shard), FIVE, first, last) as buckets,
            segments.Output(
                layout.day_folder(self.folder, RAW, day, self.shard), RAW, first, last, only=only
            ) as readings,
        ):
            for low, high in segments.slices([*readings_in, *buckets_in]):
                parts = [segments.raw_between(file, low, high) for file in readings_in]
                total += sum(len(part) for part in parts)
                if rewrite:
                    readings.write(ordered(Columns.joined(parts)))
                fresh = rolled(ordered(Columns.joined([parts[at] for at in new])), FIVE_MS)
                known = [segments.five_between(file, low, high) for file in buckets_in]
                buckets.write(widened(Buckets.joined([*known, fresh]), FIVE_MS, 0))
            # Roll-ups first: they replace the older ones while the readings they speak for are still the old files.
            made = buckets.publish()
            if rewrite:
                made += readings.publish()
        return Sealed(total, len(made), sum(file.stat().st_size for file in made))

    def _remove_replaced(self, day: date, last: int) -> None:
        """Remove the files of a day, up to a number, that others have replaced or that are no complete set."""
        for kind in (RAW, FIVE):
            files = [file for file in layout.listed(self.folder, kind, day, self.shard) if file.last <= last]
            kept = {file.path for file in layout.current(files)}
            for file in files:
                if file.path not in kept:
                    file.path.unlink(missing_ok=True)

    def tidy(self, now: datetime, *, only_closed: bool = False) -> Sealed:
        """What is to be done now and then: seal, merge closed days, and today where its files have become many.

        Cheap where there is nothing to do. Call it every quarter of an hour, and after midnight.
        """
        done = self.seal(only_closed=only_closed)
        today = local_date(now)
        for day in layout.days(self.folder, RAW):
            files = layout.current(layout.listed(self.folder, RAW, day, self.shard))
            sets = {file.numbers for file in files}
            if day < today or len(sets) >= TODAY_FILES:
                one = self.merge(day)
                done = Sealed(done.rows + one.rows, done.files + one.files, done.bytes + one.bytes)
        return done

    # --- opening --------------------------------------------------------------------------------------------------

    def _take_lock(self) -> int:
        handle = os.open(self._live / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise Locked(f"another process writes {self._live}") from error
        return handle

    def _sweep(self) -> None:
        for kind in (RAW, FIVE):
            for day in layout.days(self.folder, kind):
                inside = layout.day_folder(self.folder, kind, day, self.shard)
                if inside.exists():
                    layout.sweep(inside)
                    self._remove_replaced(day, _ALL)

    def _next_number(self) -> int:
        highest = max((number for number, _ in layout.journals(self._live)), default=0)
        for kind in (RAW, FIVE):
            for day in layout.days(self.folder, kind):
                for file in layout.listed(self.folder, kind, day, self.shard):
                    highest = max(highest, file.last)
        return highest + 1

    def _recover(self) -> Recovered:
        """Last values from the journals that were not sealed, and a count of what had to be cut."""
        found = Recovered()
        torn = self._last.torn()
        if self._last.fresh:
            self._rebuild(None)
        for _, path in layout.journals(self._live):
            content = journal.read(path)
            if not len(content.rows):
                if not content.torn:  # opened and never used
                    path.unlink()
                    continue
            else:
                self._last.room_for(int(content.rows.point.max()) + 1)
                self._last.update(content.rows)
            found = Recovered(
                found.journals + 1,
                found.rows + len(content.rows),
                found.torn_bytes + content.torn,
                found.damaged_frames + content.damaged,
            )
        if len(lost := self._last.empty(torn)):
            self._rebuild(lost)
        return found

    def _rebuild(self, points: NDArray[np.int32] | None) -> None:
        """Last values from the newest days, for a folder restored without them."""
        days = [day for day in layout.days(self.folder, RAW) if self.shard in layout.day_shards(self.folder, RAW, day)]
        for day in days[-_LOOK_BACK_DAYS:]:
            for file in layout.current(layout.listed(self.folder, RAW, day, self.shard)):
                parquet = segments.Parquet(file.path)
                for groups in _batches(len(parquet.starts)):
                    rows = parquet.raw(groups)
                    if points is not None:
                        rows = rows.take(np.flatnonzero(np.isin(rows.point, points)))
                    if len(rows):
                        self._last.room_for(int(rows.point.max()) + 1)
                        self._last.update(rows)


def _batches(groups: int) -> Iterator[NDArray[np.intp]]:
    for at in range(0, groups, 64):
        yield np.arange(at, min(at + 64, groups))


def _by_day(rows: Columns) -> Iterator[tuple[date, Columns]]:
    """Sorted rows parted by local day, each part sorted as well."""
    if not len(rows):
        return
    first, last = layout.day_of(int(rows.at.min())), layout.day_of(int(rows.at.max()))
    if first == last:
        yield first, rows
        return
    numbers = layout.day_numbers(rows.at)
    for number in np.unique(numbers):
        yield layout.day_of_number(int(number)), rows.take(np.flatnonzero(numbers == number))
    return

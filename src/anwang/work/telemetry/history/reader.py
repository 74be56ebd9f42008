"""Questions to the history, from any process, without a lock: sealed files and what still stands in the journal."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
from numpy.typing import ArrayLike, NDArray

from anwang.work.telemetry.history import journal, layout, segments
from anwang.work.telemetry.history.columns import Buckets, Columns, Grid, ordered, rolled, widened
from anwang.work.telemetry.history.lastvalues import Last, LastReader
from anwang.work.telemetry.history.layout import FIVE, FIVE_MS, RAW, Segment

T = TypeVar("T")
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Series:
    """One point's readings by time (of one time as they came): `at` ms, `value`, `status`."""

    at: NDArray[np.int64]
    value: NDArray[np.float64]
    status: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class _Found:
    """What of one shard answers a question: journals as they were when first looked at, then the files."""

    tails: list[tuple[int, journal.Tail]]
    raw: dict[date, list[Segment]]
    five: dict[date, list[Segment]]


class Reader:
    """Reads a folder that other processes may be writing. Safe to use from several threads.

    Points are the dense indices they were written with. Times are milliseconds since 1970 UTC, days are local days
    (Asia/Shanghai). A question sees everything whose `append` returned before it was asked.
    """

    def __init__(self, folder: Path | str, *, threads: int = 2) -> None:
        self.folder = Path(folder)
        self._opened = segments.Opened()
        self._tails: dict[Path, journal.Tail] = {}
        self._last: dict[int, LastReader] = {}
        self._lock = threading.Lock()
        self._threads = threads

    # --- questions ------------------------------------------------------------------------------------------------

    def last(self, points: ArrayLike) -> Last:
        """The latest value of each point, from the table of last values; never from the history."""
        asked = np.asarray(points, np.int64)
        made = Last(np.zeros(len(asked), np.int64), np.full(len(asked), np.nan), np.zeros(len(asked), np.uint16))
        for shard in layout.shards(self.folder):
            with self._lock:
                reader = self._last.setdefault(shard, LastReader(layout.live_folder(self.folder, shard) / "last"))
            found = reader.get(asked)
            newer = found.at > made.at
            for column in fields(Last):
                getattr(made, column.name)[newer] = getattr(found, column.name)[newer]
        return made

    def day(self, point: int, day: date) -> Series:
        """All readings of a point on a local day."""
        return self.around(point, *layout.bounds(day))

    def around(self, point: int, start: int, end: int) -> Series:
        """All readings of a point with start ≤ at < end."""
        return self._again(partial(self._around, point, start, end))

    def _around(self, point: int, start: int, end: int) -> Series:
        parts: list[Columns] = []
        wanted = np.zeros(point + 1, np.bool_)
        wanted[point] = True
        for found in self._find(start, end, five=False):
            for files in found.raw.values():
                parts += [part for file in files if len(part := self._of_point(file, point, start, end))]
            parts += self._of_tails(found, wanted, start, end)
        rows = parts[0] if len(parts) == 1 else Columns.joined(parts)
        if len(rows) > 1 and (rows.at[1:] < rows.at[:-1]).any():
            rows = rows.take(np.argsort(rows.at, kind="stable"))
        return Series(rows.at, rows.value, rows.status)

    def several(self, points: ArrayLike, start: int, end: int) -> dict[int, Series]:
        """All readings of distinct points with start ≤ at < end, each as of `around`, in one pass over the files."""
        return self._again(partial(self._several, np.unique(np.asarray(points, np.int32)), start, end))

    def _several(self, points: NDArray[np.int32], start: int, end: int) -> dict[int, Series]:
        if not len(points):
            return {}
        wanted = np.zeros(int(points[-1]) + 1, np.bool_)
        wanted[points] = True
        parts: list[Columns] = []
        for found in self._find(start, end, five=False):
            for files in found.raw.values():
                for file in files:
                    parquet = self._opened.get(file)
                    for groups in parquet.batches(points):
                        rows = parquet.raw(groups)
                        known = rows.point < len(wanted)
                        inside = (rows.at >= start) & (rows.at < end) & known
                        inside &= wanted[np.where(known, rows.point, 0)]
                        parts.append(rows.take(np.flatnonzero(inside)))
            parts += self._of_tails(found, wanted, start, end)
        rows = ordered(Columns.joined(parts))
        edges = np.searchsorted(rows.point, np.append(points, points[-1] + 1))
        return {
            int(point): Series(rows.at[a:b], rows.value[a:b], rows.status[a:b])
            for point, a, b in zip(points, edges[:-1], edges[1:], strict=True)
        }

    def month(self, point: int, year: int, month: int) -> Grid:
        """A point's calendar month in steps of five minutes, from the roll-ups where there are some."""
        return self.grid([point], *month_bounds(year, month), FIVE_MS)

    def grid(self, points: ArrayLike, start: int, end: int, step: int) -> Grid:
        """Min, max, mean and counts of distinct points for every `step` ms from `start` until `end`.

        Where start, end and step are multiples of five minutes, closed days come from the roll-ups, also after their
        readings have been dropped; everything else is worked out from the readings.
        """
        asked = np.asarray(points, np.int32)
        if step <= 0 or end < start:
            raise ValueError("a grid runs forward in steps of at least a millisecond")
        if len(np.unique(asked)) != len(asked) or (len(asked) and asked.min() < 0):
            raise ValueError("points are distinct and not negative")
        return self._again(partial(self._grid, asked, start, end, step))

    def _grid(self, points: NDArray[np.int32], start: int, end: int, step: int) -> Grid:
        made = Grid(points, start, end, step)
        if not len(points) or end == start:
            return made
        sorted_points = np.sort(points)
        wanted = np.zeros(int(sorted_points[-1]) + 1, np.bool_)
        wanted[points] = True
        by_five = step % FIVE_MS == 0 and start % FIVE_MS == 0 and end % FIVE_MS == 0
        work: list[Callable[[], Buckets]] = []
        for found in self._find(start, end, five=True):
            for day, raw in found.raw.items():
                five, raw_left = layout.speaking(raw, found.five[day]) if by_five else ([], raw)
                for file in five:
                    parquet = self._opened.get(file)
                    work += [
                        partial(_five_of, parquet, part, made, start, end) for part in parquet.batches(sorted_points)
                    ]
                for file in raw_left:
                    parquet = self._opened.get(file)
                    work += [
                        partial(_raw_of, parquet, part, made, start, end) for part in parquet.batches(sorted_points)
                    ]
            for rows in self._of_tails(found, wanted, start, end):
                made.add(rolled(ordered(rows), step, start))
        if len(work) > 1 and self._threads > 1:
            with ThreadPoolExecutor(self._threads) as pool:
                for buckets in pool.map(lambda task: task(), work):
                    made.add(buckets)
        else:
            for task in work:
                made.add(task())
        return made

    def count(self, start: int, end: int) -> int:
        """Readings with start ≤ at < end, over everything. Reads much; for checks and figures, not for screens."""
        return self._again(partial(self._count, start, end))

    def _count(self, start: int, end: int) -> int:
        total = 0
        for found in self._find(start, end, five=False):
            for day, files in found.raw.items():
                first, last = layout.bounds(day)
                for file in files:
                    parquet = self._opened.get(file)
                    if start <= first and last <= end:
                        total += parquet.rows
                        continue
                    for at in range(len(parquet.starts)):
                        times = parquet.raw([at]).at
                        total += int(((times >= start) & (times < end)).sum())
            for number, tail in found.tails:
                view = tail.view()
                if view is not None:
                    total += sum(view.count(first, last) for first, last in _open_spans(found, number, start, end))
        return total

    def sql(self, query: str, start: int, end: int, values: Sequence[Any] = ()) -> dict[str, NDArray[Any]]:
        """A question in SQL over `readings` (point, at, value, status) with start ≤ at < end; columns by name.

        For what the other questions do not answer. DuckDB reads the files itself; the journal's rows are put beside
        them. The table is what stands at this moment, each reading once.
        """
        return self._again(partial(self._sql, query, start, end, values))

    def _sql(self, query: str, start: int, end: int, values: Sequence[Any]) -> dict[str, NDArray[Any]]:
        paths: list[str] = []
        rows: list[Columns] = []
        for found in self._find(start, end, five=False):
            paths += [str(file.path) for files in found.raw.values() for file in files]
            rows += self._of_tails(found, None, start, end)
        with duckdb.connect(":memory:") as database:
            database.execute("set threads = ?", [self._threads])
            database.execute("set timezone = 'Asia/Shanghai'")
            database.register("journal_rows", segments.table(Columns.joined(rows)))
            source = 'select point, "at", value, status from journal_rows'
            if paths:
                listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
                source += f' union all select point, "at", value, status from read_parquet([{listed}])'  # noqa: S608 - paths of our own
            database.execute(
                f"create view readings as select * from ({source}) "  # noqa: S608 - numbers of our own
                f'where "at" >= make_timestamptz({int(start) * 1000}) and "at" < make_timestamptz({int(end) * 1000})'
            )
            try:
                answer: dict[str, NDArray[Any]] = database.execute(query, list(values)).fetchnumpy()
            except duckdb.IOException as error:  # a file was replaced between the list and the reading
                raise FileNotFoundError(str(error)) from error
        return answer

    # --- what stands where ----------------------------------------------------------------------------------------

    def _again(self, ask: Callable[[], T]) -> T:
        """Ask once more where a merge has replaced files between the list and the reading."""
        for _ in range(_TRIES - 1):
            try:
                return ask()
            except FileNotFoundError:
                continue
        return ask()

    def _find(self, start: int, end: int, *, five: bool) -> Iterator[_Found]:
        """Journals first, then readings, then roll-ups: what moves on in between is then found where it went."""
        days = list(layout.days_between(start, end))
        for shard in layout.shards(self.folder):
            tails = self._journals(shard)
            raw = {day: layout.current(layout.listed(self.folder, RAW, day, shard)) for day in days}
            # A journal counts as sealed for a day also when the readings were dropped and the roll-ups kept.
            look = five or bool(tails)
            rolled_up = {
                day: layout.current(layout.listed(self.folder, FIVE, day, shard)) if look else [] for day in days
            }
            yield _Found(tails, raw, rolled_up)

    def _journals(self, shard: int) -> list[tuple[int, journal.Tail]]:
        live = layout.live_folder(self.folder, shard)
        found = []
        for number, path in layout.journals(live):
            with self._lock:
                tail = self._tails.get(path)
                if tail is None:
                    try:
                        tail = self._tails[path] = journal.Tail(path)
                    except FileNotFoundError:  # sealed meanwhile: its file is listed next
                        continue
            found.append((number, tail))
        known = {layout.journal_path(live, number) for number, _ in found}
        with self._lock:
            for path in [path for path in self._tails if path.parent == live and path not in known]:
                del self._tails[path]
        return found

    def _of_tails(self, found: _Found, wanted: NDArray[np.bool_] | None, start: int, end: int) -> list[Columns]:
        """Rows of the journals that no file holds yet, in the order they came."""
        parts = []
        for number, tail in found.tails:
            view = tail.view()
            if view is not None:
                parts += [view.chosen(wanted, first, last) for first, last in _open_spans(found, number, start, end)]
        return parts

    def _of_point(self, file: Segment, point: int, start: int, end: int) -> Columns:
        parquet = self._opened.get(file)
        groups = parquet.groups_of(np.array([point], np.int32))
        if not len(groups):
            return Columns.empty()
        rows = parquet.raw(groups)
        rows = rows.part(*(int(at) for at in np.searchsorted(rows.point, [point, point + 1])))
        return rows.part(*(int(at) for at in np.searchsorted(rows.at, [start, end])))


def month_bounds(year: int, month: int) -> tuple[int, int]:
    """First millisecond of a calendar month in China and of the one after it."""
    following = date(year + month // 12, month % 12 + 1, 1)
    return layout.bounds(date(year, month, 1))[0], layout.bounds(following)[0]


def _raw_of(file: segments.Parquet, groups: NDArray[np.intp], grid: Grid, start: int, end: int) -> Buckets:
    rows = file.raw(groups)
    keep = grid.wanted(rows, start, end)
    return rolled(rows if keep is None else rows.take(keep), grid.step, grid.start)


def _five_of(file: segments.Parquet, groups: NDArray[np.intp], grid: Grid, start: int, end: int) -> Buckets:
    rows = file.five(groups)
    keep = grid.wanted(rows, start, end)
    return widened(rows if keep is None else rows.take(keep), grid.step, grid.start)


def _open_spans(found: _Found, number: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of start…end for which a journal still speaks: days no file of which holds it."""
    begin = start
    for day in found.raw:
        if layout.covers([*found.raw[day], *found.five[day]], number, number):
            first, last = layout.bounds(day)
            if first > begin:
                yield begin, first
            begin = last
    if end > begin:
        yield begin, end

"""Parquet files of readings and of roll-ups: written once, sorted by point, read by row groups of a point."""

import base64
import contextlib
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from anwang.work.telemetry.history import layout
from anwang.work.telemetry.history.columns import Buckets, Columns
from anwang.work.telemetry.history.layout import FIVE, RAW, Segment, full_is_told

# Small groups make one point cheap (a day of a point is a quarter of one); their share of the file is 3 %.
GROUP_ROWS = 16_384
# Files are cut here so that a footer stays under half a megabyte.
PART_ROWS = 16_000_000
_GROUPS_AT_ONCE = 8

_MOMENT = pa.timestamp("ms", "UTC")
_STARTS, _ONLY = b"anwang.starts", b"anwang.only"


def _schema(*fields: tuple[str, Any]) -> Any:
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields])


_SCHEMAS = {
    RAW: _schema(("point", pa.int32()), ("at", _MOMENT), ("value", pa.float64()), ("status", pa.uint16())),
    FIVE: _schema(
        ("point", pa.int32()),
        ("at", _MOMENT),
        ("n", pa.int32()),
        ("seen", pa.int32()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("mean", pa.float64()),
    ),
}
# Readings have few different values (two decimals), steps of time are even: dictionary and delta beat general
# compression, which runs over what they leave.
_DICTIONARY = {RAW: ["point", "value", "status"], FIVE: ["point", "n", "seen", "low", "high"]}


def table(rows: Columns | Buckets) -> Any:
    """As an Arrow table, without copying."""
    kind = RAW if isinstance(rows, Columns) else FIVE
    return pa.Table.from_arrays(
        [_array(getattr(rows, field.name), field.type) for field in _SCHEMAS[kind]], schema=_SCHEMAS[kind]
    )


def _array(values: NDArray[Any], kind: Any) -> Any:
    if kind != _MOMENT:
        return pa.array(values, kind)
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


class Output:
    """Sorted rows on their way into the files of one day, shard and range of numbers.

    Files are unfinished (dotted) until `publish`; leaving the `with` without it removes them. Raises `Full`.
    """

    def __init__(
        self, folder: Path, kind: str, first: int, last: int, *, part_rows: int = PART_ROWS, only: str = ""
    ) -> None:
        """`only` says that readings of other points were left out on purpose, see `keeping.retention`."""
        self.folder, self.kind, self.numbers = folder, kind, (first, last)
        self._only = only
        self.rows = 0
        self._part_rows = part_rows
        self._paths: list[Path] = []
        self._writer: Any = None
        self._in_part = 0
        self._starts: list[NDArray[np.int32]] = []

    def __enter__(self) -> Self:
        with full_is_told():
            layout.make_folder(self.folder)
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def write(self, rows: Columns | Buckets) -> None:
        """The next rows in order of (point, at); one point never stands in two calls."""
        if not len(rows):
            return
        with full_is_told():
            if self._writer is not None and self._in_part + len(rows) > self._part_rows:
                self._finish()
            if self._writer is None:
                self._begin()
            self._writer.write_table(table(rows), row_group_size=GROUP_ROWS)
        self._starts.append(rows.point[::GROUP_ROWS])
        self._in_part += len(rows)
        self.rows += len(rows)

    def _begin(self) -> None:
        path = self.folder / f".{self.kind}-{self.numbers[0]}-{self.numbers[1]}-{len(self._paths)}.{os.getpid()}"
        self._paths.append(path)
        self._writer = pq.ParquetWriter(
            path,
            _SCHEMAS[self.kind],
            compression="zstd",
            compression_level=1,
            use_dictionary=_DICTIONARY[self.kind],
            column_encoding={"at": "DELTA_BINARY_PACKED"},
            write_statistics=["point", "at"],
            write_page_checksum=True,
            sorting_columns=pq.SortingColumn.from_ordering(
                _SCHEMAS[self.kind], [("point", "ascending"), ("at", "ascending")]
            ),
        )
        self._starts, self._in_part = [], 0

    def _finish(self) -> None:
        starts = np.concatenate(self._starts).astype("<i4")
        # The first point of every row group, so that a reader finds its group without unpacking the statistics.
        self._writer.add_key_value_metadata({_STARTS: base64.b64encode(starts.tobytes()), _ONLY: self._only})
        writer, self._writer = self._writer, None
        writer.close()
        layout.flush_file(self._paths[-1])

    def publish(self, *, part: int = 0, parts: int = 0) -> list[Path]:
        """Make the files visible, all of them or, to a reader's eyes, none.

        With `parts`, the one file written takes the place of that part of a set.
        """
        made = []
        with full_is_told():
            if self._writer is None:
                self._begin()
                self._starts = [np.empty(0, np.int32)]
            self._finish()
            for at, path in enumerate(self._paths):
                target = self.folder / layout.name(*self.numbers, part + at, parts or len(self._paths))
                path.rename(target)
                made.append(target)
            self._paths = []
            layout.flush_folder(self.folder)
        return made


class Parquet:
    """One file opened for reading, kept by `Opened`. Threads that read at the same time have a handle each."""

    def __init__(self, path: Path) -> None:
        with pa.memory_map(str(path)) as mapped:
            # Every handle reads these very bytes, also when the name stands for other ones meanwhile.
            self._content = mapped.read_buffer()
        file = pq.ParquetFile(pa.BufferReader(self._content))
        self._facts = file.metadata
        self._free = deque([file])
        kept = self._facts.metadata or {}
        self.starts: NDArray[np.int32] = np.frombuffer(base64.b64decode(kept[_STARTS]), "<i4").astype(np.int32)
        self.only: str = kept.get(_ONLY, b"").decode()
        self.rows: int = self._facts.num_rows
        self._columns = self._facts.num_columns

    def groups_of(self, points: NDArray[np.int32]) -> NDArray[np.intp]:
        """Row groups in which any of these (sorted, distinct) points may stand."""
        if not len(self.starts) or not len(points):
            return np.empty(0, np.intp)
        # A point's rows may begin in the group before the first that begins with it.
        begin = np.maximum(np.searchsorted(self.starts, points, "left") - 1, 0)
        end = np.searchsorted(self.starts, points, "right")
        marks = np.zeros(len(self.starts) + 1, np.int32)
        np.add.at(marks, begin, 1)
        np.add.at(marks, np.maximum(end, begin), -1)
        found: NDArray[np.intp] = np.flatnonzero(np.cumsum(marks[:-1]) > 0)
        return found

    def groups_between(self, low: int, high: int) -> NDArray[np.intp]:
        """Row groups in which points with low ≤ point < high may stand."""
        first = max(int(np.searchsorted(self.starts, low, "left")) - 1, 0)
        return np.arange(first, int(np.searchsorted(self.starts, high, "left")))

    def group_rows(self) -> NDArray[np.int64]:
        """Rows of every row group."""
        groups = range(self._facts.num_row_groups)
        return np.array([self._facts.row_group(group).num_rows for group in groups], np.int64)

    def read(self, groups: Sequence[int] | NDArray[np.intp]) -> list[NDArray[Any]]:
        """The columns of these row groups, in the order of the schema; times as int64."""
        try:
            file = self._free.pop()
        except IndexError:
            file = pq.ParquetFile(pa.BufferReader(self._content), metadata=self._facts)
        found = file.read_row_groups([int(group) for group in groups], use_threads=False)
        self._free.append(file)
        return [_numpy(found.column(at)) for at in range(self._columns)]

    def raw(self, groups: Sequence[int] | NDArray[np.intp]) -> Columns:
        return Columns(*self.read(groups))

    def five(self, groups: Sequence[int] | NDArray[np.intp]) -> Buckets:
        return Buckets(*self.read(groups))

    def batches(self, points: NDArray[np.int32]) -> Iterator[NDArray[np.intp]]:
        """The groups of these points, a bounded number at a time."""
        groups = self.groups_of(points)
        for at in range(0, len(groups), _GROUPS_AT_ONCE):
            yield groups[at : at + _GROUPS_AT_ONCE]


def _numpy(column: Any) -> NDArray[Any]:
    if column.type == _MOMENT:
        column = column.cast(pa.int64())
    made: NDArray[Any] = column.chunk(0).to_numpy() if column.num_chunks == 1 else column.to_numpy()
    return made


class Opened:
    """Files kept open between questions. Their content never changes, so what was unpacked once stays true."""

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[Path, int], Parquet] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, file: Segment) -> Parquet:
        """Raises FileNotFoundError where it was replaced meanwhile."""
        key = (file.path, file.inode)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        found = Parquet(file.path)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return found


# --- many files read as one, point by point ----------------------------------------------------------------------------


def slices(files: Sequence[Parquet], rows: int = 2_000_000) -> Iterator[tuple[int, int]]:
    """Ranges of points (from, to) that hold about so many rows over all files, in order; a point is never divided."""
    starts = np.concatenate([file.starts for file in files]) if files else np.empty(0, np.int32)
    if not len(starts):
        return
    weights = np.concatenate([file.group_rows() for file in files])
    order = np.argsort(starts, kind="stable")
    starts, reached = starts[order], np.cumsum(weights[order])
    begin, taken = int(starts[0]), 0
    for at in range(len(starts) - 1):
        following = int(starts[at + 1])
        if reached[at] - taken >= rows and following > begin:
            yield begin, following
            begin, taken = following, int(reached[at])
    yield begin, 2**31 - 1


def raw_between(file: Parquet, low: int, high: int) -> Columns:
    """Rows with low ≤ point < high of a file of readings."""
    groups = file.groups_between(low, high)
    if not len(groups):
        return Columns.empty()
    rows = file.raw(groups)
    return rows.part(*(int(at) for at in np.searchsorted(rows.point, [low, high])))


def five_between(file: Parquet, low: int, high: int) -> Buckets:
    """The same of a file of roll-ups."""
    rows = file.five(file.groups_between(low, high))
    return rows.part(*(int(at) for at in np.searchsorted(rows.point, [low, high])))

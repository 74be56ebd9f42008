"""The journal: readings in the order they came, before they are sealed into Parquet.

A file is frames, one after the other. A frame is a header of 40 bytes and four columns, little-endian, padded to 8 bytes:

    magic "AWJ1" · rows u32 · first at i64 · last at i64 (smallest and largest) · crc of the columns u32 · 0 u64 · crc of the 36 bytes before u32
    at i64 × rows · value f64 × rows · point i32 × rows · status u16 × rows · padding

One writer appends frames and never changes what stands; readers take a frame once all of its bytes are there. A frame is in
the kernel's hands when `append` returns (it survives a killed process) and on the disk when `sync` returns (it survives
a power cut).
"""

import mmap
import os
import struct
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anwang.work.telemetry.history.columns import Columns
from anwang.work.telemetry.history.layout import flush_folder, full_is_told

_HEADER = struct.Struct("<4sIqqIQ")
_CHECK = struct.Struct("<I")
_MAGIC = b"AWJ1"
HEADER = _HEADER.size + _CHECK.size
ROW = 22


def length(rows: int) -> int:
    """Bytes of a frame."""
    return HEADER + (ROW * rows + 7) // 8 * 8


class Journal:
    """One journal being written. Threads may append and sync at the same time; whoever holds it has the shard's lock."""

    def __init__(self, path: Path, number: int) -> None:
        """Raises FileExistsError where there is one of that number, and `Full`."""
        self.path, self.number = path, number
        self.size = 0
        self.rows = 0
        with full_is_told():
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            flush_folder(path.parent)
        self._synced = 0
        self._flushing = threading.Lock()
        self._ragged = False
        self._broken: OSError | None = None

    def append(self, rows: Columns, first: int, last: int) -> int:
        """Append one frame; returns where it ends. Raises `Full`, after which the journal is as it was before."""
        if self._broken is not None:
            raise self._broken
        count = len(rows.point)
        parts = [part.data.cast("B") for part in (rows.at, rows.value, rows.point, rows.status)]
        total = length(count)
        padding = total - HEADER - ROW * count
        crc = 0
        for part in parts:
            crc = zlib.crc32(part, crc)
        head = _HEADER.pack(_MAGIC, count, first, last, crc, 0)
        try:
            with full_is_told():
                if self._ragged:
                    os.ftruncate(self._fd, self.size)
                    self._ragged = False
                self._write([memoryview(head + _CHECK.pack(zlib.crc32(head))), *parts, memoryview(bytes(padding))])
        except OSError:
            # What was written of the frame has no full length, so no reader takes it; it is cut before the next one.
            self._ragged = True
            try:
                os.ftruncate(self._fd, self.size)
                self._ragged = False
            except OSError:
                pass
            raise
        self.size += total
        self.rows += count
        return self.size

    def _write(self, parts: list[memoryview]) -> None:
        at = self.size
        while parts:
            done = os.pwritev(self._fd, parts, at)
            at += done
            while parts and done >= len(parts[0]):
                done -= len(parts.pop(0))
            if parts:
                parts[0] = parts[0][done:]

    def sync(self, upto: int | None = None) -> None:
        """Return when everything before `upto` (default: everything appended) is on the disk.

        Callers that come while another flushes share the next flush. After a flush that failed the kernel may have
        dropped pages: the journal then refuses everything until the history is opened again.
        """
        upto = self.size if upto is None else upto
        with self._flushing:
            if self._synced >= upto:
                return
            if self._broken is not None:
                raise self._broken
            reached = self.size
            try:
                os.fdatasync(self._fd)
            except OSError as error:
                self._broken = error
                raise
            self._synced = reached

    def retire(self) -> None:
        """Let go of a journal whose rows are on the disk elsewhere; who still waits in `sync` is answered."""
        with self._flushing:
            self._synced = self.size
            os.close(self._fd)

    def close(self) -> None:
        os.close(self._fd)


@dataclass(frozen=True, slots=True)
class Frame:
    """One append: where its columns begin in the file, and the smallest and largest of its times."""

    offset: int
    rows: int
    first: int
    last: int
    crc: int

    @property
    def end(self) -> int:
        return self.offset - HEADER + length(self.rows)


@dataclass(frozen=True, slots=True)
class Content:
    """A whole journal as it was found: rows in the order they came, and what could not be taken."""

    rows: Columns
    torn: int
    """Bytes at the end, or between good frames, that are no frame."""
    damaged: int
    """Frames whose checksum is wrong."""


class View:
    """The readable rows of a journal at one moment, as columns over all of its frames."""

    def __init__(self, mapped: mmap.mmap, frames: Sequence[Frame], points: NDArray[np.int32]) -> None:
        self._offset = np.array([frame.offset for frame in frames], np.int64)
        self._rows = np.array([frame.rows for frame in frames], np.int64)
        self._begin = np.cumsum(self._rows) - self._rows
        self._first = np.array([frame.first for frame in frames], np.int64)
        self._last = np.array([frame.last for frame in frames], np.int64)
        self._point = points
        # Frames begin at multiples of 8, so that every column of the file is an array of its own width.
        size = len(mapped) // 8 * 8
        self._at = np.frombuffer(mapped, np.int64, size // 8)
        self._value = self._at.view(np.float64)
        self._status = self._at.view(np.uint16)

    def chosen(self, wanted: NDArray[np.bool_] | None, start: int, end: int) -> Columns:
        """Rows with wanted[point] (None: of every point) and start ≤ at < end, in the order they came."""
        if not ((self._first < end) & (self._last >= start)).any():
            return Columns.empty()
        if wanted is None:
            row = np.arange(len(self._point))
        elif wanted.sum() == 1:
            row = np.flatnonzero(self._point == np.flatnonzero(wanted)[0])
        else:
            known = self._point < len(wanted)
            row = np.flatnonzero(wanted[np.where(known, self._point, 0)] & known)
        frame, inside = self._places(row)
        at = self._at[self._offset[frame] // 8 + inside]
        keep = np.flatnonzero((at >= start) & (at < end))
        frame, inside = frame[keep], inside[keep]
        offset, rows = self._offset[frame], self._rows[frame]
        return Columns(
            self._point[row[keep]],
            at[keep],
            self._value[offset // 8 + rows + inside],
            self._status[offset // 2 + rows * 10 + inside],
        )

    def count(self, start: int, end: int) -> int:
        """Rows with start ≤ at < end."""
        total = int(self._rows[(self._first >= start) & (self._last < end)].sum())
        crossing = (self._first < end) & (self._last >= start) & ((self._first < start) | (self._last >= end))
        for frame in np.flatnonzero(crossing):
            begin = self._offset[frame] // 8
            at = self._at[begin : begin + self._rows[frame]]
            total += int(((at >= start) & (at < end)).sum())
        return total

    def _places(self, row: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        frame = np.searchsorted(self._begin, row, "right") - 1
        return frame, row - self._begin[frame]


class Tail:
    """A journal that grows, for a process that does not write it. Holds a copy of the points (4 bytes a row)."""

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError where it has been sealed meanwhile."""
        self._file = path.open("rb", buffering=0)
        self._frames: list[Frame] = []
        self._points = np.empty(0, np.int32)
        self._reached = 0
        self._view: View | None = None
        self._lock = threading.Lock()

    def view(self) -> View | None:
        """What is there now. Frames before the last are complete by the writer's order; the last is checked by its sum."""
        with self._lock:
            size = os.fstat(self._file.fileno()).st_size
            fresh: list[Frame] = []
            at = self._reached
            while at + HEADER <= size:
                # Read, not mapped: a frame that does not fit on a full disk is cut off again under our eyes.
                frame = _header(os.pread(self._file.fileno(), HEADER, at), at)
                if frame is None or frame.end > size:
                    break
                fresh.append(frame)
                at = frame.end
            if not fresh:
                return self._view
            mapped = mmap.mmap(self._file.fileno(), fresh[-1].end, prot=mmap.PROT_READ)
            while fresh and not _whole(mapped, fresh[-1]):
                fresh.pop()
            if not fresh:
                return self._view
            self._frames = [*self._frames, *fresh]
            self._reached = fresh[-1].end
            self._points = np.concatenate([self._points, *(columns(mapped, frame).point for frame in fresh)])
            self._view = View(mapped, self._frames, self._points)
            return self._view

    def last(self) -> Columns:
        """Rows of the last frame seen, as a copy."""
        with self._lock:
            if not self._frames:
                return Columns.empty()
            frame = self._frames[-1]
            content = np.frombuffer(os.pread(self._file.fileno(), ROW * frame.rows, frame.offset), np.uint8)
        n = frame.rows
        return Columns(
            point=content[16 * n : 20 * n].view(np.int32),
            at=content[: 8 * n].view(np.int64),
            value=content[8 * n : 16 * n].view(np.float64),
            status=content[20 * n :].view(np.uint16),
        )


def read(path: Path) -> Content:
    """A whole journal that nobody writes any more, every frame checked; a torn tail and damage are passed over and counted."""
    size = path.stat().st_size
    if not size:
        return Content(Columns.empty(), 0, 0)
    frames: list[Frame] = []
    torn = damaged = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ) as mapped:
        at = 0
        while at < size:
            frame = _header(mapped[at : at + HEADER], at)
            if frame is not None and frame.end <= size and _whole(mapped, frame):
                frames.append(frame)
                at = frame.end
                continue
            damaged += frame is not None and frame.end <= size
            # After a power cut later pages may be on the disk and earlier ones not: look for the next good frame.
            following = _next(mapped, at + 8, size)
            torn += following - at
            at = following
        rows = Columns.joined([columns(mapped, frame) for frame in frames])
    return Content(rows, torn, damaged)


def last_frame(path: Path) -> Columns:
    """The rows of a journal's last whole frame, copied; empty where there is none."""
    tail = Tail(path)
    tail.view()
    return tail.last()


def columns(mapped: mmap.mmap, frame: Frame) -> Columns:
    """The four columns of a frame, as views into the map."""
    n, at = frame.rows, frame.offset
    return Columns(
        point=np.frombuffer(mapped, np.int32, n, at + 16 * n),
        at=np.frombuffer(mapped, np.int64, n, at),
        value=np.frombuffer(mapped, np.float64, n, at + 8 * n),
        status=np.frombuffer(mapped, np.uint16, n, at + 20 * n),
    )


def _header(found: bytes, at: int) -> Frame | None:
    if len(found) < HEADER or found[:4] != _MAGIC:
        return None
    if zlib.crc32(found[: _HEADER.size]) != _CHECK.unpack_from(found, _HEADER.size)[0]:
        return None
    _, rows, first, last, crc, _ = _HEADER.unpack_from(found)
    return Frame(at + HEADER, rows, first, last, crc)


def _whole(mapped: mmap.mmap, frame: Frame) -> bool:
    with memoryview(mapped) as view, view[frame.offset : frame.offset + ROW * frame.rows] as content:
        return zlib.crc32(content) == frame.crc


def _next(mapped: mmap.mmap, at: int, size: int) -> int:
    """Where the next good frame begins at or after `at`, or the end."""
    while (found := mapped.find(_MAGIC, at)) >= 0:
        frame = _header(mapped[found : found + HEADER], found)
        if frame is not None and frame.end <= size and _whole(mapped, frame):
            return found
        at = found + 1
    return size

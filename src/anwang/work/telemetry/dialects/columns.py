"""Real-time files (CDSS) as columns: the scanner with its table of point codes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from anwang.work.telemetry.dialects import scanner
from anwang.work.telemetry.dialects.grammar import (
    FULL_WIDTH,
    FULL_WIDTH_SIGN,
    OK,
    REASONS,
    Dialect,
    Rejected,
    Unread,
)
from anwang.work.telemetry.dialects.records import FILE_TYPES, FieldWrong

KEPT_TEXT = 300
"""Characters of a dropped record that are kept."""


class _Room:
    """Arrays that the scanner writes into; grown when a file is larger than those before, and never given away."""

    def __init__(self) -> None:
        self.size = 0

    def of(self, size: int) -> Self:
        if size > self.size:
            self.size = max(size, 1 << 16)
            # A record has six field signs and a record sign; shorter ones are rejected but need a row as well.
            rows = self.size // 2 + 2
            self.point, self.at = np.empty(rows, np.int32), np.empty(rows, np.int64)
            self.value, self.status = np.empty(rows, np.float64), np.empty(rows, np.uint16)
            self.why, self.where = np.empty(rows, np.uint8), np.empty((rows, 3), np.int64)
        return self


class CodeTable:
    """Point codes and their dense numbers, as the scanner can look them up.

    Numbers are given by whoever owns the table (a database's keys, or 0, 1, 2, … in a replay); memory goes with the
    highest one.
    """

    def __init__(self, codes: Sequence[str] = ()) -> None:
        self._by_code: dict[str, int] = {}
        self.keys = np.zeros((0, scanner.KEY_LENGTH), np.uint8)
        self.lengths = np.zeros(0, np.uint8)
        self.follows = np.zeros(0, np.int32)
        self.slots = np.full(16, -1, np.int32)
        self.room = _Room()
        for code in codes:
            self.add(code)

    def __len__(self) -> int:
        return len(self._by_code)

    def __contains__(self, code: str) -> bool:
        return code in self._by_code

    def get(self, code: str) -> int | None:
        return self._by_code.get(code)

    def number(self, code: str) -> int:
        """Raises KeyError for a code that is not in the table."""
        return self._by_code[code]

    def items(self) -> list[tuple[str, int]]:
        return list(self._by_code.items())

    def add(self, code: str, index: int | None = None) -> int:
        """The number of a code, given now if it has none. A code keeps its number."""
        if (known := self._by_code.get(code)) is not None:
            return known
        index = len(self._by_code) if index is None else index
        raw = code.encode("ascii")
        self._room(index + 1)
        self.keys[index, : len(raw)] = np.frombuffer(raw, np.uint8)
        self.lengths[index] = len(raw)
        self._by_code[code] = index
        if 2 * len(self._by_code) > len(self.slots):
            self.slots = np.full(2 * len(self.slots), -1, np.int32)
            for each in self._by_code.values():
                scanner.put(self.keys, self.lengths, self.slots, each)
        else:
            scanner.put(self.keys, self.lengths, self.slots, index)
        return index

    def _room(self, wanted: int) -> None:
        if wanted <= len(self.lengths):
            return
        size = max(wanted, 2 * len(self.lengths), 64)
        more = size - len(self.lengths)
        self.keys = np.concatenate([self.keys, np.zeros((more, scanner.KEY_LENGTH), np.uint8)])
        self.lengths = np.concatenate([self.lengths, np.zeros(more, np.uint8)])
        self.follows = np.concatenate([self.follows, np.full(more, -1, np.int32)])


@dataclass(frozen=True, slots=True)
class Columns:
    """The readings of one file in their order: ``point`` dense numbers (int32), ``at`` ms since the epoch (int64),
    ``value`` (float64), ``status`` bits (uint16).

    ``strangers`` are points that the table did not know and now does, with what the record says of them. ``records``
    counts all records of the file: those in the columns and those rejected.
    """

    point: NDArray[np.int32]
    at: NDArray[np.int64]
    value: NDArray[np.float64]
    status: NDArray[np.uint16]
    records: int
    rejected: list[Rejected] = field(default_factory=list)
    strangers: dict[str, dict[str, str]] = field(default_factory=dict)


def read_realtime(
    file: Unread, *, table: CodeTable, number: Callable[[Sequence[str]], Sequence[int]] | None = None
) -> Columns:
    """The readings of a real-time file.

    Sound codes that the table does not know are added to it: under the numbers that ``number`` gives for them, or
    under the next free ones. A table belongs to one thread.
    """
    mine, dialect, begin = file.name.mine, file.name.dialect, file.begin
    body, count, fine = file.body, *_scanned(file, table)
    if not fine and not file.proved:
        # Something is odd: before anything is called bad, the text's encoding is proved byte by byte.
        file = file.prove()
        if file.body is not body:
            body, begin = file.body, file.begin
            count, fine = _scanned(file, table)
    room = table.room
    point, at, value = room.point[:count].copy(), room.at[:count].copy(), room.value[:count].copy()
    status = room.status[:count].copy()
    why, where = room.why[:count], room.where[:count]
    if body.find(FULL_WIDTH[:1], begin) >= 0 and FULL_WIDTH in body:
        for row in range(count):
            if FULL_WIDTH in body[where[row, 0] : where[row, 1]]:
                why[row] = FULL_WIDTH_SIGN
                fine = False
    if fine:
        return Columns(point, at, value, status, count)
    for row in np.flatnonzero(why == scanner.HARD).tolist():
        why[row] = _by_itself(body[where[row, 0] : where[row, 1]], row, mine, dialect, at, value, status)

    fine = why == OK
    strangers: dict[str, dict[str, str]] = {}
    unknown = np.flatnonzero(fine & (point < 0))
    if len(unknown):
        codes: dict[int, str] = {}
        for row in unknown.tolist():
            fields = _fields(body[where[row, 0] : where[row, 1]], dialect)
            codes[row] = fields[0]
            strangers.setdefault(fields[0], {"type_name": fields[1], "location": fields[2], "unit": fields[4]})
        fresh = list(strangers)
        for code, index in zip(fresh, number(fresh) if number else [None] * len(fresh), strict=True):
            table.add(code, index)
        for row, code in codes.items():
            point[row] = table.number(code)

    rejected = [
        Rejected(
            int(where[row, 2]),
            REASONS[why[row]],
            body[where[row, 0] : where[row, 1]].decode(errors="replace").strip()[:KEPT_TEXT],
        )
        for row in np.flatnonzero(~fine)
    ]
    if rejected:
        point, at, value, status = point[fine], at[fine], value[fine], status[fine]
    return Columns(point, at, value, status, count, rejected, strangers)


def _scanned(file: Unread, table: CodeTable) -> tuple[int, bool]:
    room = table.room.of(len(file.body))
    buf = np.frombuffer(file.body, np.uint8)
    sign = file.name.dialect.record[0]
    marks = np.flatnonzero((buf == file.name.dialect.field[0]) | (buf == sign))
    # Those of the header come first.
    marks = marks[np.searchsorted(marks, file.begin) :]
    count, fine = scanner.scan(
        buf,
        file.begin,
        sign,
        np.frombuffer(file.name.mine.encode(), np.uint8),
        table.keys,
        table.lengths,
        table.slots,
        table.follows,
        marks,
        room.point,
        room.at,
        room.value,
        room.status,
        room.why,
        room.where,
    )
    return int(count), bool(fine)


def _fields(record: bytes, dialect: Dialect) -> list[str]:
    return [part.strip(" \t\r\n") for part in record.decode(errors="replace").split(dialect.field.decode())]


def _by_itself(
    record: bytes,
    row: int,
    mine: str,
    dialect: Dialect,
    at: NDArray[np.int64],
    value: NDArray[np.float64],
    status: NDArray[np.uint16],
) -> int:
    """A record that the scanner could not read exactly; returns the reason's number."""
    try:
        found = FILE_TYPES["CDSS"].row(_fields(record, dialect), mine)
    except FieldWrong as wrong:
        return REASONS.index(wrong.reason)
    at[row], value[row], status[row] = found["at"], found["value"], found["status"]
    return OK

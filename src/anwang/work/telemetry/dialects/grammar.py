"""The outer form of an upload file: its name, its encoding, its header, its end.

    name    {mine code}_{TYPE}_{yyyyMMddHHmmss}.txt
    file    header "~" { record "~" } "||"          blanks and line breaks around segments are no part of them
    time    yyyy-MM-dd HH:mm:ss, Beijing time

What can be wrong has a key; the words for people stand in the room's labels.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime

BOM = b"\xef\xbb\xbf"
FULL_WIDTH = "；".encode()
BLANK = b" \t\r\n"
MINE_LENGTH = 12
# Mine 12, system 2, value type 2, sensor type 4, then a serial number: 28 in all. The serial's length is inferred from
# examples, so a shorter or longer one is not refused.
POINT_LENGTHS = range(20, 33)
BEIJING_MS = 8 * 3600 * 1000
# Sixteen bits: the table of the room keeps the status as it came, also bits nobody has told us about.
MAX_STATUS = 0xFFFF

# Why a record was dropped. The numbers are those of the byte scanner.
OK, FIELDS, FULL_WIDTH_SIGN, POINT, OTHER_MINE, VALUE, STATUS, TIME = range(8)
REASONS = ("", "fields", "full_width", "point", "other_mine", "value", "status", "time")


@dataclass(frozen=True, slots=True)
class Dialect:
    key: str
    field: bytes
    record: bytes
    end: bytes
    prefix: str
    """What stands before the type in the file's name."""


DIALECT_B = Dialect("B", b";", b"~", b"||", "")
DIALECT_C = Dialect("C", b";", b"^", b"]]]", "N")


class FileRefused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A whole file that is not taken, with the reason's key: name, type, encoding, header, mine."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Incomplete(FileRefused):
    """The end mark has not arrived. The file is waited for, not failed."""

    def __init__(self) -> None:
        super().__init__("incomplete")


@dataclass(frozen=True, slots=True)
class FileName:
    mine: str
    type: str
    """The type without a dialect's prefix: CDSS also for NCDSS."""
    stamp: str
    dialect: Dialect


@dataclass(frozen=True, slots=True)
class Header:
    mine: str
    fields: tuple[str, ...]
    at: int
    """The file's own time: milliseconds since the epoch, UTC."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that was dropped. The header is line 1, whether or not the file breaks its lines."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Unread:
    """A file whose outer form holds: its name, its header, and where in ``body`` its records begin.

    ``proved`` says that the body is UTF-8 byte by byte; before that only its header is known to be.
    """

    name: FileName
    header: Header
    body: bytes
    begin: int
    proved: bool

    def prove(self) -> "Unread":
        """The same file with a body that is surely UTF-8."""
        sure = as_utf8(self.body)
        if sure is self.body:
            return replace(self, proved=True)
        head = sure.partition(self.name.dialect.record)[0]
        return replace(self, body=sure, begin=min(len(head) + 1, len(sure)), proved=True)


_NAME = re.compile(r"(?P<mine>[0-9]{12})_(?P<type>[A-Za-z0-9]{3,10})_(?P<stamp>[0-9]{14})\.txt", re.IGNORECASE)
_TIME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_POINT = re.compile(r"[0-9]{12}[0-9A-Za-z]{8,20}")


def name_of(name: str, types: frozenset[str]) -> FileName:
    """The parts of a file's name. Raises FileRefused: name, or type where it is none of ``types``."""
    found = _NAME.fullmatch(name.rpartition("/")[2])
    if not found:
        raise FileRefused("name", name)
    kind = found["type"].upper()
    dialect = DIALECT_B
    if kind not in types and kind.removeprefix(DIALECT_C.prefix) in types:
        dialect, kind = DIALECT_C, kind.removeprefix(DIALECT_C.prefix)
    # The abnormal events of other mines are written NCDYCBJ, where coal mines write YCBJ.
    if kind == "NCDYCBJ":
        dialect, kind = DIALECT_C, "YCBJ"
    if kind not in types:
        raise FileRefused("type", kind)
    return FileName(found["mine"], kind, found["stamp"], dialect)


def as_utf8(content: bytes) -> bytes:
    """The content as UTF-8 without a mark: UTF-8, else GB18030, else UTF-8 with signs of replacement.

    The last keeps one spoilt text from taking a thousand sound readings with it: codes, numbers and times are ASCII.
    """
    try:
        content.decode()
    except UnicodeDecodeError:
        try:
            return content.decode("gb18030").encode()
        except UnicodeDecodeError:
            return content.decode(errors="replace").encode()
    return content


def body_of(content: bytes, dialect: Dialect) -> bytes:
    """The content before its end mark. Raises Incomplete."""
    bare = content.rstrip(BLANK)
    if not bare.endswith(dialect.end):
        raise Incomplete
    return bare[: -len(dialect.end)]


def header_of(segment: bytes, name: FileName, count: int) -> Header:
    """The first segment: the mine first, the file's own time last. Raises FileRefused: header, or mine."""
    if FULL_WIDTH in segment:
        raise FileRefused("header", "；")
    fields = tuple(part.strip() for part in segment.strip(BLANK).decode().split(name.dialect.field.decode()))
    if len(fields) != count:
        raise FileRefused("header", f"{len(fields)}/{count}")
    if fields[0] != name.mine:
        raise FileRefused("mine", fields[0][:40])
    at = moment(fields[-1])
    if at is None:
        raise FileRefused("header", fields[-1][:40])
    return Header(fields[0], fields, at)


def moment(text: str) -> int | None:
    """Milliseconds since the epoch of a Beijing time, or None where it is none."""
    found = _TIME.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second = map(int, found.groups())
    if not 2000 <= year < 2100:
        return None
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 1000 - BEIJING_MS
    except ValueError:
        return None


def stamp_of(at: int) -> str:
    """A moment as the files write it."""
    return datetime.fromtimestamp((at + BEIJING_MS) // 1000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")


def point_reason(code: str, mine: str) -> int:
    """OK, POINT or OTHER_MINE."""
    if not _POINT.fullmatch(code):
        return POINT
    return OK if code.startswith(mine) else OTHER_MINE

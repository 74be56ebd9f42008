"""From messages to what the gas watch takes: files, scans, readings one by one, and what a mine says of itself."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import msgpack
import numpy as np
import orjson
from numpy.typing import NDArray

from anwang.edge.gateway import rules
from anwang.edge.gateway.rules import Reason, What
from anwang.kernel import clock
from anwang.work.telemetry.services import Item, Scan, UploadedFile


class Link(Protocol):
    """The connection a message came by, which wants to hear that it is kept."""

    def acknowledge(self, mids: Sequence[int]) -> None: ...


class Message(NamedTuple):
    """As it came. Once all of it is on the disk its ``link``, where it has one, is told its number there."""

    topic: str
    payload: bytes
    link: Link | None = None
    mid: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What a mine, or the broker in its name, says: there or gone."""

    mine: str
    online: bool


@dataclass(frozen=True, slots=True)
class Poison:
    topic: str
    reason: Reason
    payload: bytes


@dataclass(slots=True)
class _Row:
    """Messages of one mine with one reading each, gathered."""

    topics: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)


_topic_of = lru_cache(maxsize=2**17)(rules.topic_of)
"""The same points send again and again: of a message of one reading the topic is a third of the work."""


UNREADABLE = (ValueError, TypeError, KeyError, IndexError, OverflowError, msgpack.UnpackException)
_Columns = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


class _UnreadableError(Exception):
    def __init__(self, reason: Reason) -> None:
        self.reason = reason


def read(messages: Iterable[Message]) -> list[Item | State | Poison]:
    """In their order; readings one by one are gathered per mine, up to the next scan, file or state of that mine."""
    done: list[Item | State | Poison] = []
    rows: dict[str, _Row] = {}

    def close(mine: str) -> None:
        row = rows.pop(mine, None)
        if row is not None:
            done.extend(_readings(mine, row))

    for message in messages:
        topic = _topic_of(message.topic)
        if topic is None or len(message.payload) > rules.MOST:
            done.append(Poison(message.topic, Reason.SIZE if topic else Reason.TOPIC, message.payload))
            continue
        try:
            if topic.what is What.READING:
                row = rows.get(topic.mine)
                if row is None:
                    row = rows[topic.mine] = _Row()
                row.topics.append(message.topic)
                row.points.append(topic.rest)
                row.payloads.append(message.payload)
                continue
            close(topic.mine)
            if topic.what is What.FILE:
                done.append(UploadedFile(topic.rest, message.payload))
            elif topic.what is What.STATE:
                done.append(State(topic.mine, message.payload != b"offline"))
            else:
                done.append(_scan(topic.mine, message.payload))
        except _UnreadableError as bad:
            done.append(Poison(message.topic, bad.reason, message.payload))
        except UNREADABLE:
            done.append(Poison(message.topic, Reason.BODY, message.payload))
    for mine in list(rows):
        close(mine)
    return done


def _readings(mine: str, row: _Row) -> list[Item | State | Poison]:
    """Readings one by one as one scan, and what cannot be read."""
    columns = _at_once(row.payloads)
    points, poison = row.points, []
    if columns is None:
        points, found = [], []
        for topic, point, payload in zip(row.topics, row.points, row.payloads, strict=True):
            try:
                found.append(_reading(payload))
                points.append(point)
            except _UnreadableError as bad:
                poison.append(Poison(topic, bad.reason, payload))
            except UNREADABLE:
                poison.append(Poison(topic, Reason.BODY, payload))
        if not points:
            return list(poison)
        at, value, status = zip(*found, strict=True)
        columns = np.array(at, np.int64), np.array(value, np.float64), np.array(status, np.int64)
    return [*poison, Scan(mine, points, *columns, name="readings", single=True)]


def _at_once(payloads: Sequence[bytes]) -> _Columns | None:
    """Readings that are all short JSON lists, read in one go; None where one is of another form, or none.

    Each ends with its only ``]``, so that none can reach into the next: what is not closed makes fewer of them.
    """
    for payload in payloads:
        if payload[:1] != b"[" or payload.find(b"]") != len(payload) - 1:
            return None
    try:
        rows = orjson.loads(b"[" + b",".join(payloads) + b"]")
    except ValueError:
        return None
    if len(rows) != len(payloads) or not {len(row) for row in rows} <= {2, 3}:
        return None
    at, value = [row[0] for row in rows], [row[1] for row in rows]
    status = [row[2] if len(row) > 2 else 0 for row in rows]
    if not set(map(type, at)) | set(map(type, status)) <= {int} or not set(map(type, value)) <= {int, float}:
        return None
    try:
        return np.array(at, np.int64), np.array(value, np.float64), np.array(status, np.int64)
    except OverflowError:
        return None


def _reading(payload: bytes) -> tuple[int, float, int]:
    """``{"at":…, "value":…, "status":…}`` or ``[at, value, status]``, as JSON or msgpack; the status may be left out."""
    found = _unpacked(payload)
    if isinstance(found, dict):
        at, value, status = found["at"], found["value"], found.get("status", 0)
    else:
        at, value = found[:2]
        status = found[2] if len(found) > 2 else 0
    if type(status) is not int or type(value) not in {int, float} or not -(2**31) < status < 2**31:
        raise _UnreadableError(Reason.BODY)
    return _moment(at), float(value), status


def _scan(mine: str, payload: bytes) -> Item:
    if payload[:13] == mine.encode() + b";":
        return UploadedFile(f"{mine}_CDSS_{_stamp(payload)}.txt", payload)
    found = _unpacked(payload)
    points = found["point"]
    if isinstance(points, bytes):
        size = points.count(b",") + 1
        if not points or not points.isascii():
            raise _UnreadableError(Reason.BODY)
    elif isinstance(points, list):
        # A code with a comma in it is none; such a list goes on as it came, and is refused code by code.
        size = len(points)
        packed = ",".join(points).encode()
        if packed and packed.count(b",") == size - 1 and packed.isascii():
            points = packed
    else:
        raise _UnreadableError(Reason.BODY)
    at = found["at"]
    columns = (
        np.array([_moment(each) for each in at], np.int64)
        if isinstance(at, list)
        else np.frombuffer(at, "<i8")
        if isinstance(at, bytes)
        else np.full(size, _moment(at), np.int64),
        _column(found["value"], "<f8", np.float64),
        _column(found["status"], "<u2", np.int64) if found.get("status") is not None else np.zeros(size, np.int64),
    )
    if not size or any(len(each) != size for each in columns):
        raise _UnreadableError(Reason.LENGTHS)
    # The same message again is the same scan: its content is its key.
    return Scan(mine, points, *columns, key=_key(payload), name="scan")


def _column(found: Any, packed: str, plain: Any) -> NDArray[Any]:
    if isinstance(found, bytes):
        return np.frombuffer(found, packed)
    made: NDArray[Any] = np.asarray(found)
    if made.ndim != 1 or made.dtype.kind not in ("iu" if plain is np.int64 else "iuf"):
        raise _UnreadableError(Reason.BODY)
    return made.astype(plain)


def _unpacked(payload: bytes) -> Any:
    return orjson.loads(payload) if payload[:1] in {b"{", b"["} else msgpack.unpackb(payload)


def _moment(found: Any) -> int:
    """Milliseconds since 1970 UTC, or ``YYYY-MM-DD HH:MM:SS`` of the mine's clock (Asia/Shanghai)."""
    if type(found) is int and -(2**62) < found < 2**62:
        return found
    if type(found) is str:
        moment = datetime.fromisoformat(found)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=clock.ZONE)).timestamp() * 1000)
    raise _UnreadableError(Reason.BODY)


def _stamp(payload: bytes) -> str:
    """For a name: the digits of the header's time."""
    head = payload[:400].split(b"~")[0].split(b"^")[0].split(b";")
    digits = bytes(each for each in (head[2] if len(head) > 2 else b"") if 48 <= each <= 57)
    return digits.decode()[:14].ljust(14, "0") if digits else "20000101000000"


def _key(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()

"""From messages to what the gas watch takes: files, scans, readings one by one, and what a mine says of itself."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgpack
import numpy as np
import orjson
from numpy.typing import NDArray

from anwang.edge.gateway import rules
from anwang.edge.gateway.rules import Reason, What
from anwang.kernel import clock
from anwang.work.telemetry.services import Item, Scan, UploadedFile


@dataclass(frozen=True, slots=True)
class Message:
    """As it came. ``ack`` is called once all of it is on the disk."""

    topic: str
    payload: bytes
    ack: Callable[[], None] = lambda: None


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
    """Readings of one mine that came one by one, gathered."""

    point: list[str] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    status: list[int] = field(default_factory=list)


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
            done.append(Scan(mine, row.point, row.at, row.value, row.status, name="readings", single=True))

    for message in messages:
        topic = rules.topic_of(message.topic)
        if topic is None or len(message.payload) > rules.MOST:
            done.append(Poison(message.topic, Reason.SIZE if topic else Reason.TOPIC, message.payload))
            continue
        try:
            if topic.what is What.READING:
                at, value, status = _reading(message.payload)
                row = rows.setdefault(topic.mine, _Row())
                row.point.append(topic.rest)
                row.at.append(at)
                row.value.append(value)
                row.status.append(status)
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
        except (ValueError, TypeError, KeyError, OverflowError, msgpack.UnpackException):
            done.append(Poison(message.topic, Reason.BODY, message.payload))
    for mine in list(rows):
        close(mine)
    return done


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
        points = points.decode("ascii").split(",")
    elif not isinstance(points, list) or not all(type(each) is str for each in points):
        raise _UnreadableError(Reason.BODY)
    size = len(points)
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

"""Topics, bodies and the broker's password form. Pure.

anwang/v1/{mine}/scan          many readings: JSON, msgpack or the body of a CDSS file
anwang/v1/{mine}/file/{name}   an upload file whole, under its name
anwang/v1/{mine}/state         "online" or "offline" (the last will)
anwang/v1/{mine}/{point}       one reading
"""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

ROOT = "anwang/v1"
MOST = 4 * 2**20
"""Bytes of one message. A scan of 10 000 points is under one megabyte."""
ITERATIONS = 20_000
_TOPIC = re.compile(r"anwang/v1/([0-9]{12})/(scan|state|file/([^/]{1,200})|([0-9A-Za-z]{1,32}))")


class What(StrEnum):
    SCAN = "scan"
    FILE = "file"
    STATE = "state"
    READING = "reading"


class Reason(StrEnum):
    TOPIC = "topic"
    BODY = "body"
    LENGTHS = "lengths"
    SIZE = "size"
    FAILED = "failed"


class Part(StrEnum):
    """Stretches of the road from a mine to the record, each of which can be held up by itself."""

    GATEWAY = "gateway"
    LANDING = "landing"
    PARTITION = "partition"


class Hindrance(StrEnum):
    """Why not everything that came is known to be on record."""

    NONE = ""
    AWAY = "away"
    """No process says anything of it any longer."""
    BROKER = "broker"
    BUS = "bus"
    TAKING = "taking"
    """What came cannot be kept: the disk, the database, the bus."""
    BEHIND = "behind"
    SETTLING = "settling"
    """Back, and mines that waited get the time they always have."""


@dataclass(frozen=True, slots=True)
class Topic:
    """``rest`` is the file's name or the point's code."""

    mine: str
    what: What
    rest: str = ""


def topic_of(text: str) -> Topic | None:
    found = _TOPIC.fullmatch(text)
    if found is None:
        return None
    mine, rest, name, point = found.groups()
    if rest == "scan":
        return Topic(mine, What.SCAN)
    if rest == "state":
        return Topic(mine, What.STATE)
    return Topic(mine, What.FILE, name) if name else Topic(mine, What.READING, point)


def mine_of(text: str) -> str:
    """The mine a topic speaks of, or "": also of one that is none of ours otherwise."""
    parts = text.split("/")
    return parts[2] if len(parts) > 2 and re.fullmatch(r"[0-9]{12}", parts[2]) else ""


def partition_of(mine: str, partitions: int) -> int:
    """Where on the bus a mine's messages go; the same in every process and for ever."""
    return int.from_bytes(hashlib.sha256(mine.encode()).digest()[:8]) % partitions


def partitions_of(text: str) -> list[int]:
    """``0-3`` or ``0,2,5``. Raises ValueError."""
    found: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    if not found or min(found) < 0:
        raise ValueError(text)
    return sorted(found)


def broker_hash(password: str, salt: bytes, iterations: int = ITERATIONS) -> str:
    """As Mosquitto keeps a password: PBKDF2 with SHA-512 (mosquitto_passwd, form 7)."""
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"


# --- until when nothing is missing ----------------------------------------------------------------------------------------

ALIVE = timedelta(seconds=30)
"""A process that has not said anything for so long is not counted as running."""
HELD_AFTER = timedelta(minutes=3)
"""How long a way in may lag before it is a fault to tell of: from here on its mines would be taken for silent."""
GAP = timedelta(seconds=60)
"""Two looks further apart than this, and nobody was there between them: a machine that slept."""


@dataclass(slots=True)
class Progress:
    """Until when everything that came one way is known to be on record. Counts and the clock come from outside.

    ``settle``: how long it has to have flowed without a break before that can be said at all, where what waits further
    up the road cannot be counted (a broker's queue).
    """

    settle: timedelta = timedelta(0)
    _flows: datetime | None = field(default=None, init=False)
    _looked: datetime | None = field(default=None, init=False)
    _mark: tuple[datetime, int] | None = field(default=None, init=False)

    def broken(self) -> None:
        self._flows = self._mark = None

    def look(self, *, come: int, taken: int, now: datetime) -> datetime | None:
        """``come`` of them had come by ``now`` and ``taken`` of them, in their order, are on record.

        Returns until when nothing is missing, or None where nothing newer can be said.
        """
        if self._looked is not None and now - self._looked > GAP:
            self.broken()
        self._looked = now
        if self._flows is None:
            self._flows = now
        if self.settling(now):
            return None
        if taken >= come:
            self._mark = None
            return now
        if self._mark is None:
            # Always something on its way in: what had come by now is taken at a later look.
            self._mark = now, come
            return None
        at, wanted = self._mark
        if taken < wanted:
            return None
        self._mark = now, come
        return at

    def settling(self, now: datetime) -> bool:
        return self._flows is None or now - self._flows < self.settle


@dataclass(frozen=True, slots=True)
class Vouched:
    """What is said of a way in: all that came by it before ``until`` had gone on when it was looked, at ``said_at``; and the
    same of an earlier look.
    """

    part: Part
    until: datetime | None
    said_at: datetime | None = None
    before: datetime | None = None
    before_said_at: datetime | None = None


def known_until(ways: Sequence[Vouched]) -> datetime | None:
    """Until when nothing is missing of a mine that comes by these ways (one at least): the least of their moments.

    What a gateway put on the bus is on record by a partition's word only where the partition looked later than the
    gateway: a gateway that is back with an hour of backlog has put it all on a bus that was empty a moment ago. None
    where nothing can be said now.
    """
    least: list[datetime] = []
    partitions = [each.until for each in ways if each.part is Part.PARTITION]
    for until in partitions:
        if until is None:
            return None
        least.append(until)
    looked = min(least, default=None)
    for each in ways:
        if each.part is Part.PARTITION:
            continue
        until = each.until
        if looked is not None and (each.said_at is None or each.said_at >= looked):
            until = each.before if each.before_said_at is not None and each.before_said_at < looked else None
        if until is None:
            return None
        least.append(until)
    return min(least)


def hindrance(*, said: str, seen_at: datetime | None, now: datetime) -> Hindrance:
    """What holds a way in up: what its process says of it, while one does."""
    return Hindrance(said) if seen_at is not None and now - seen_at <= ALIVE else Hindrance.AWAY


def is_held(*, until: datetime, why: Hindrance, now: datetime) -> bool:
    """Does it lag so far behind that somebody has to look?"""
    return why != Hindrance.SETTLING and now - until > HELD_AFTER

"""Topics, bodies and the broker's password form. Pure.

anwang/v1/{mine}/scan          many readings: JSON, msgpack or the body of a CDSS file
anwang/v1/{mine}/file/{name}   an upload file whole, under its name
anwang/v1/{mine}/state         "online" or "offline" (the last will)
anwang/v1/{mine}/{point}       one reading
"""

import base64
import hashlib
import re
from dataclasses import dataclass
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

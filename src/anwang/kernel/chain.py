"""A record that shows when it was changed afterwards.

Each row's hash covers the row and the hash before it, so a changed, removed or inserted row breaks the chain where it
stands. What a chain cannot show by itself, rows cut off at its end or the whole of it reckoned anew, a seal does: the
head and the count at a moment, signed with a key that does not live in the database.
"""

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Any, Literal

Digest = Literal["sha256", "sm3"]

GENESIS = "0" * 64
"""What the first row takes as the hash before it."""

_HEX = re.compile(r"[0-9a-f]{64}")


class DigestUnavailable(RuntimeError):  # noqa: N818 - names what is the case
    """The configured digest is not part of this machine's OpenSSL."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest

    def __str__(self) -> str:
        return f"the digest {self.digest} is not offered by this machine's OpenSSL; configure sha256, or install one with it"


def plain(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload in the only types that mean the same everywhere: str, int, bool, None, lists and objects of them.

    Moments become ISO 8601 in UTC with microseconds and Z, days ISO, numbers with a fraction their shortest decimal
    text, UUIDs and enums their value. Store this as JSON and it verifies as it was linked, whatever the database makes
    of 1.0 or of a time zone.

    Raises TypeError for a key that is no text or a type not named here, ValueError for a naive moment or a number that
    is not finite.
    """
    return {_key(key): _plain(value) for key, value in payload.items()}


def canonical(payload: Mapping[str, Any]) -> bytes:
    """The bytes a payload is hashed as: `plain`, keys sorted, no blanks, UTF-8. Raises as `plain` does."""
    return json.dumps(plain(payload), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def link(previous: str, payload: Mapping[str, Any], *, digest: Digest = "sha256") -> str:
    """The hash of a row that follows `previous`: 64 hex digits.

    Raises ValueError where `previous` is no such hash, DigestUnavailable, and as `plain` does.
    """
    if _HEX.fullmatch(previous) is None:
        raise ValueError(f"not a hash of 64 hex digits: {previous!r}")
    return _hash(digest, previous.encode() + b"\n" + canonical(payload)).hexdigest()


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row that does not hold.

    "content": the row is not what was hashed. "order": it does not follow the row before it, so a row was removed,
    inserted or moved here, or the row before it was changed and hashed anew.
    """

    id: str
    reason: Literal["content", "order"]


def verify(
    rows: Iterable[tuple[str, str, Mapping[str, Any], str]],
    *,
    digest: Digest = "sha256",
    start: str = GENESIS,
) -> Broken | None:
    """The first broken row among (id, previous, payload, hash) in the order they were written, or None.

    Reads each row once and keeps none, so a chain of any length fits. To check a part, begin with the hash before it.
    """
    head = start
    for row_id, previous, payload, stored in rows:
        if previous != head:
            return Broken(row_id, "order")
        try:
            holds = hmac.compare_digest(link(previous, payload, digest=digest).encode(), stored.encode())
        except (TypeError, ValueError):
            # Nothing that was ever linked: someone put another value there.
            holds = False
        if not holds:
            return Broken(row_id, "content")
        head = stored
    return None


def seal(key: bytes, *, head: str, count: int, at: datetime, digest: Digest = "sha256") -> str:
    """Signs that the chain had this head and this many rows at this moment: HMAC, 64 hex digits.

    Raises ValueError for a key under 16 bytes or a naive moment, DigestUnavailable.
    """
    if len(key) < 16:
        raise ValueError("a key for seals has at least 16 bytes")
    said = canonical({"at": at, "count": count, "digest": digest, "head": head})

    def start(data: bytes = b"") -> "hashlib._Hash":
        return _hash(digest, data)

    return hmac.new(key, said, start).hexdigest()


def check_seal(key: bytes, sealed: str, *, head: str, count: int, at: datetime, digest: Digest = "sha256") -> bool:
    """Whether this seal was made with this key over this head, count and moment. Raises as `seal` does."""
    return hmac.compare_digest(seal(key, head=head, count=count, at=at, digest=digest).encode(), sealed.encode())


def _hash(digest: Digest, data: bytes) -> "hashlib._Hash":
    try:
        return hashlib.new(digest, data)
    except ValueError:
        raise DigestUnavailable(digest) from None


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key in a record is text, not {type(key).__name__}")
    return str(key.value) if isinstance(key, Enum) else key


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a moment in a record needs a time zone: {value.isoformat()}")
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float | Decimal):
        if not isfinite(value):
            raise ValueError(f"a number in a record is finite, not {value}")
        return _decimal(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"a record cannot hold a {type(value).__name__}")


def _decimal(number: float | Decimal) -> str:
    """The number without exponent or trailing zeros: 1.50, 1.5 and Decimal("1.5") are one text."""
    text = format(Decimal(repr(number)) if isinstance(number, float) else number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text

"""Two names for every row: a ULID that any device can make on its own, and a number that people can say aloud.

A ULID sorts by the moment it was made and needs no counter, so a phone without a network names its own rows. It is a
name, never a secret: two made in the same millisecond differ by one.
"""

import os
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from ulid import ULID
from ulid import LaxMonotonicPolicy as _Monotonic
from ulid import ULIDGenerator as _Generator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# 26 Crockford letters hold 130 bits, a ULID has 128: the first letter stops at 7.
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_HUMAN = re.compile(r"([0-9]{6,18})-([0-9]{4})-([0-9]{6,})")


class _Maker:
    """The generator of this process; a forked child starts its own, or both would count on from the same number."""

    generator: _Generator

    def renew(self) -> None:
        self.generator = _Generator(policy=_Monotonic())


_maker = _Maker()
_maker.renew()
os.register_at_fork(after_in_child=_maker.renew)


def new_ulid(at: datetime | None = None) -> str:
    """A new ULID, 26 characters, made at this (aware) moment or now.

    Ids made one after the other in one process for the same or a later millisecond sort in the order of making.
    Raises ValueError for a naive moment or one before 1970.
    """
    if at is None:
        return str(_maker.generator.generate())
    if at.tzinfo is None:
        raise ValueError("a ULID needs a moment with a time zone")
    if at < _EPOCH:
        raise ValueError("a ULID cannot name a moment before 1970")
    # Whole milliseconds, reckoned without floats: at.timestamp() * 1000 can come out one too low.
    return str(_maker.generator.generate((at - _EPOCH) // _MILLISECOND))


def is_ulid(text: str) -> bool:
    """Whether this is a ULID as we store it: 26 upper-case Crockford characters, nothing around them."""
    return _ULID.fullmatch(text) is not None


def ulid_time(text: str) -> datetime:
    """When a ULID was made, to the millisecond, in UTC. Raises ValueError where it is none or is past the year 9999."""
    if not is_ulid(text):
        raise ValueError(f"not a ULID: {text!r}")
    try:
        return _EPOCH + ULID.from_str(text).milliseconds * _MILLISECOND
    except OverflowError:
        raise ValueError(f"a ULID beyond the calendar: {text!r}") from None


class HumanNumber(NamedTuple):
    region: str  # division code, 6 to 18 digits
    year: int
    seq: int  # counted from 1 within region and year


def human_number(region: str, year: int, seq: int) -> str:
    """The number on papers and on the telephone, such as 140930-2026-000123. Past 999 999 it grows a digit.

    Raises ValueError for a region that is not 6–18 digits, a year without four digits, a sequence below 1.
    """
    if seq < 1:
        raise ValueError(f"a sequence starts at 1, not {seq}")
    text = f"{region}-{year:04d}-{seq:06d}"
    if _HUMAN.fullmatch(text) is None:
        raise ValueError(f"not a region and a year: {region!r}, {year!r}")
    return text


def parse_human_number(text: str) -> HumanNumber:
    """The parts of a human number. Raises ValueError for anything `human_number` would not have written."""
    found = _HUMAN.fullmatch(text.strip())
    if found is not None:
        number = HumanNumber(found[1], int(found[2]), int(found[3]))
        if number.seq and human_number(*number) == text.strip():
            return number
    raise ValueError(f"not a number such as 140930-2026-000123: {text!r}")

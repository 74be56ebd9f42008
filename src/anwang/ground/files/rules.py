"""What may be kept, and what about a piece of evidence should make a person look twice.

Pure: facts in, judgements out. The limits themselves (metres, bits, names of editors) are rows that an office may
change (``EvidenceLimit``); the sizes here are technical.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from anwang.kernel import geo


class FileKind(StrEnum):
    PHOTO = "photo"
    DOCUMENT = "document"
    SIGNATURE = "signature"
    PAPER = "paper"


PHOTO_SIDE = 4096
"""Longest side of a kept photo in pixels: what most telephones take stays as it is, and nothing is spent on scaling."""
SIGNATURE_SIDE = 1600
SIZES = (320, 1280)
"""Longest sides of the pictures made for lists and for looking closely."""
ORPHAN_AFTER = timedelta(hours=24)
"""An upload that was attached to nothing by then was given up."""
NAME_CHARS = 120
BANDS = 4
BAND_BITS = 16


class Doubt(StrEnum):
    """What is strange about a picture. None of these decides anything: a person looks and judges (design, truth 10)."""

    REUSED = "reused"
    FAR = "far"
    OLD = "old"
    AHEAD = "ahead"
    NO_POSITION = "no_position"
    NO_TIME = "no_time"
    EDITED = "edited"


class Key(StrEnum):
    """The limits kept as data."""

    ALIKE_BITS = "alike_bits"
    FAR_METRES = "far_metres"
    AHEAD_MINUTES = "ahead_minutes"
    EDITORS = "editors"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit in force, with the id of the row it came from."""

    value: Any
    id: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A doubt with the numbers behind it, for the sentence that a person reads."""

    doubt: Doubt
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a picture and of what it should show. Positions are WGS-84 degrees."""

    lon: float | None
    lat: float | None
    taken_at: datetime | None
    kept_at: datetime
    software: str
    site_lon: float | None
    site_lat: float | None
    not_before: datetime | None


def doubts(facts: Facts, limits: Mapping[Key, Limit]) -> list[Finding]:
    """Everything strange that can be told from the picture alone. A limit that is not kept judges nothing."""
    found: list[Finding] = []
    if facts.taken_at is None:
        found.append(Finding(Doubt.NO_TIME))
    else:
        if facts.not_before is not None and facts.taken_at < facts.not_before:
            found.append(Finding(Doubt.OLD, {"taken_at": facts.taken_at, "not_before": facts.not_before}))
        ahead = limits.get(Key.AHEAD_MINUTES)
        if ahead and facts.taken_at > facts.kept_at + timedelta(minutes=float(ahead.value)):
            found.append(Finding(Doubt.AHEAD, {"taken_at": facts.taken_at, "rule": ahead.id}))
    if facts.lon is None or facts.lat is None:
        found.append(Finding(Doubt.NO_POSITION))
    elif facts.site_lon is not None and facts.site_lat is not None:
        metres = geo.distance_m(facts.lon, facts.lat, facts.site_lon, facts.site_lat)
        far = limits.get(Key.FAR_METRES)
        if far and metres > float(far.value):
            found.append(Finding(Doubt.FAR, {"metres": round(metres), "limit": far.value, "rule": far.id}))
    editors = limits.get(Key.EDITORS)
    software = facts.software.casefold()
    if editors and software and any(str(name).casefold() in software for name in editors.value):
        found.append(Finding(Doubt.EDITED, {"software": facts.software, "rule": editors.id}))
    return found


# --- pictures that look alike ----------------------------------------------------------------------------------------


def bands(phash: str) -> tuple[int, int, int, int]:
    """The four 16-bit quarters of a 64-bit perceptual hash (16 hex characters), each a column with an index."""
    if len(phash) != 16:
        raise ValueError(f"not a 64-bit hash: {phash!r}")
    one, two, three, four = (int(phash[at : at + 4], 16) for at in range(0, 16, 4))
    return one, two, three, four


def hamming(one: str, other: str) -> int:
    """In how many of 64 bits two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def near(band: int, bits: int) -> list[int]:
    """Every value of a band within ``bits`` (0 or 1) of this one.

    Two hashes that differ in at most 7 bits have, by the pigeonhole, a quarter that differs in at most 1: asking each
    band for its near values misses none of them.
    """
    if bits not in (0, 1):
        raise ValueError("a band is asked for itself or for one bit")
    return [band, *(band ^ (1 << bit) for bit in range(BAND_BITS))] if bits else [band]


MOST_ALIKE_BITS = 2 * BANDS - 1
"""The largest difference that the bands can find completely."""


# --- what was given along with a file --------------------------------------------------------------------------------


def position(lon: Any, lat: Any) -> tuple[float, float] | None:
    """A position in degrees, or None for what is none (missing, not a number, out of range, the null island)."""
    try:
        x, y = float(lon), float(lat)
    except (TypeError, ValueError):
        return None
    if not (math.isfinite(x) and math.isfinite(y)) or not (-180 <= x <= 180 and -90 <= y <= 90):
        return None
    # A receiver without a fix writes zeros.
    return None if abs(x) < 1e-9 and abs(y) < 1e-9 else (x, y)


def plain_name(name: str, fallback: str) -> str:
    """What the sender called a file, made harmless: no folders, no control or bidirectional signs, not too long.

    It is shown and offered for a download; it never becomes a path.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(sign for sign in last if sign.isprintable() and sign not in '<>:"|?*\u200e\u200f')
    shown = "".join(sign for sign in shown if not "\u202a" <= sign <= "\u202e" and not "\u2066" <= sign <= "\u2069")
    shown = shown.strip(" .")
    if len(shown) > NAME_CHARS:
        stem, dot, ending = shown.rpartition(".")
        shown = f"{stem[: NAME_CHARS - len(ending) - 1]}.{ending}" if dot and len(ending) < 8 else shown[:NAME_CHARS]
    return shown or fallback


def masked_unit(name: str) -> str:
    """A unit's name as strangers may see it: the first two and last two characters, stars between.

    河曲县鑫源超市 → 河曲***超市. Enough to recognise the paper in one's hand, too little to search by.
    """
    name = name.strip()
    if len(name) <= 4:
        return name[:1] + "*" * max(0, len(name) - 1)
    return name[:2] + "*" * (len(name) - 4) + name[-2:]


# --- numbers of papers -----------------------------------------------------------------------------------------------


def paper_number(short: str, agency: str, word: str, year: int, n: int) -> str:
    """The official form: （河）应急责改〔2026〕12号, with the brackets that GB/T 9704-2012 asks for around the year."""
    head = f"（{short}）" if short else ""
    return f"{head}{agency}{word}〔{year}〕{n}号"


def missing(data: Mapping[str, Any], required: Sequence[str]) -> list[str]:
    """Which required fields of a paper (``unit.name``, ``problems``) are absent or blank."""
    gaps = []
    for path in required:
        value: Any = data
        for part in path.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        if value is None or value in ("", [], {}):
            gaps.append(path)
    return gaps

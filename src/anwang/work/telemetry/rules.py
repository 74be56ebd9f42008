"""What is judged beside the readings: which place a point stands at, whether its settings are looser than the standard,
and whether what the mine reports (YCBJ) is what we saw. Pure.

And what the positions of people underground say by themselves.

Sources: AQ 1029-2019 (limits by place, ``library/aq1029.yaml``); the upload format's abnormal types (sheet §3.4).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MINUTE = 60_000
MINE_SILENT_AFTER = timedelta(minutes=3)
"""Nothing of a whole mine for longer than this by the receiving clock, and it is silent; the engine counts the same."""


class Kind(StrEnum):
    """Kinds of episode; the words are those of the engine."""

    OVER = "001"
    UNDER = "001L"
    CUT = "002"
    CUT_LOW = "002L"
    FEED = "003"
    SILENT = "004"
    RANGE = "008"
    CALIBRATION = "calibration"
    DISCONNECTED = "disconnected"
    STUCK = "stuck"
    RISE = "rise"
    MISMATCH = "mismatch"
    MINE_SILENT = "mine_silent"


class GasClass(StrEnum):
    """Gas class of a mine (矿井瓦斯等级)."""

    LOW = "low"
    HIGH = "high"
    OUTBURST = "outburst"


class InOut(StrEnum):
    """The flag of a card in a snapshot of positions (RYSS). Who stands at the mouth is not yet counted as underground."""

    MOUTH = "0"
    IN = "1"
    OUT = "2"


# --- places and limits -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place of the standard with its limits; None where none is asked for."""

    key: str
    row: str
    tag: str
    zh: str
    en: str
    match: tuple[tuple[str, ...], ...]
    unless: tuple[str, ...]
    sensor_types: frozenset[str]
    mines: frozenset[str]
    alarm: float | None
    cut: float | None
    restore: float | None
    low_alarm: float | None
    range_zh: str
    range_en: str
    instrument: str
    version: int
    confidence: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What a mine has set at a point; None where it left the field blank."""

    high_alarm: float | None
    high_cut: float | None
    high_restore: float | None
    low_alarm: float | None


@dataclass(frozen=True, slots=True)
class Looser:
    """A setting that lets more through than the standard: ``actual`` None where it is not set at all."""

    field: str
    actual: float | None
    standard: float


def recognised(location: str, sensor_type: str, gas_class: str, rows: Sequence[PlaceRow]) -> PlaceRow | None:
    """The place that a location's words speak of, as a proposal. Rows for particular mines need a known gas class."""
    words = location.replace(" ", "").upper()
    for row in rows:
        if sensor_type not in row.sensor_types:
            continue
        if len(row.mines) < len(GasClass) and gas_class not in row.mines:
            continue
        if any(word.upper() in words for word in row.unless):
            continue
        if all(any(word.upper() in words for word in group) for group in row.match):
            return row
    return None


def looser(settings: Settings, row: PlaceRow) -> list[Looser]:
    """Settings looser than the place's row: alarm and cut higher or missing, restore higher, low alarm lower."""
    found: list[Looser] = []
    if row.alarm is not None and (settings.high_alarm is None or settings.high_alarm > row.alarm):
        found.append(Looser("high_alarm", settings.high_alarm, row.alarm))
    if row.cut is not None and (settings.high_cut is None or settings.high_cut > row.cut):
        found.append(Looser("high_cut", settings.high_cut, row.cut))
    # A blank restore value means the cut value itself.
    restore = settings.high_cut if settings.high_restore is None else settings.high_restore
    if row.restore is not None and restore is not None and restore > row.restore:
        found.append(Looser("high_restore", restore, row.restore))
    if row.low_alarm is not None and (settings.low_alarm is None or settings.low_alarm < row.low_alarm):
        found.append(Looser("low_alarm", settings.low_alarm, row.low_alarm))
    return found


# --- what the mine reports and what we saw -----------------------------------------------------------------------------

SAME: Mapping[str, frozenset[str]] = {
    "001": frozenset({"001", "001L"}),
    "002": frozenset({"002", "002L"}),
    "003": frozenset({"003"}),
    "004": frozenset({"disconnected", "004"}),
    "007": frozenset({"calibration"}),
    "008": frozenset({"008"}),
}
"""Abnormal type of the mine → our kinds. 005, 006 (base station) and 009, 010 (warnings) have no kind of ours."""

REPORTABLE = frozenset({"001", "001L", "002", "002L", "003"})
"""Our kinds that a mine has to report (rule of duty: alarm, power cut, feed anomaly)."""

TOLERANCE = 2 * MINUTE
"""How far the mine's start and end may lie from ours. Its centre polls, and its clock is its own: engineering practice."""
REPORT_WITHIN = 30 * MINUTE
"""After this a reportable episode that the mine has not reported is seen-not-reported: engineering practice."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An episode for comparing: ms since the epoch, ``end`` None while open."""

    id: str
    kind: str
    start: int
    end: int | None


def match(kind: str, start: int, end: int | None, seen: Sequence[Seen]) -> Seen | None:
    """Which of a point's episodes the mine's report speaks of: the one of its kind that overlaps and starts nearest."""
    kinds = SAME.get(kind, frozenset())
    near = [
        each
        for each in seen
        if each.kind in kinds
        and (each.end is None or each.end + TOLERANCE >= start)
        and (end is None or end + TOLERANCE >= each.start)
    ]
    return min(near, key=lambda each: (abs(each.start - start), each.start, each.id), default=None)


# --- who is underground ----------------------------------------------------------------------------------------------------

DISTRESS = "求救"
"""Work status of a card whose holder calls for help; the others are 正常 and what a mine makes up."""


def over_number(inside: int, allowed: int | None) -> bool:
    """Are more people in an area than it may hold? A blank or 0 sets no limit."""
    return bool(allowed) and inside > (allowed or 0)


def overtime(in_at: datetime | None, at: datetime, limit: timedelta) -> bool:
    """Has somebody been underground longer than ``limit`` at the snapshot's time?"""
    return in_at is not None and at - in_at > limit


def leaderless(underground: int, leaders: int) -> bool:
    """People underground and none of the mine's leaders with them (领导带班: each shift one, down and up with the workers)."""
    return underground > 0 and leaders == 0


# --- for the eye ---------------------------------------------------------------------------------------------------------


def area_pattern(nouns: Iterable[str]) -> re.Pattern[str]:
    """Words up to the first of ``nouns``, with a number that follows it. Of nouns that begin alike the longest counts."""
    longest_first = sorted(nouns, key=lambda noun: (-len(noun), noun))
    return re.compile(rf"(.*?(?:{'|'.join(map(re.escape, longest_first))})(?:\d+?(?=\d号)|\d+(?![\d号]))?)")


def area_name(location: str, pattern: re.Pattern[str]) -> str:
    """The working or roadway that a point's words name: 3101综采工作面上隅角T0 → 3101综采工作面; all where they name none."""
    words = location.replace(" ", "")
    found = pattern.match(words)
    return found[1] if found else words

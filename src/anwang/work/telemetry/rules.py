"""What is judged beside the readings: which place a point stands at, whether its settings are looser than the standard,
and whether what the mine reports (YCBJ) is what we saw. Pure.

And what the positions of people underground say by themselves, and whether a mine's statistics (TJSJ) follow from its
readings.

Sources: AQ 1029-2019 (limits by place, ``library/aq1029.yaml``); the upload format's abnormal types (sheet §3.4).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

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


# --- what the mine states and what its readings show ----------------------------------------------------------------------


class Difference(StrEnum):
    """In what a mine's statistics of a time (TJSJ) are not what its readings show, the gravest first."""

    ORDER = "order"
    MAX_LOWER = "max_lower"
    MIN_HIGHER = "min_higher"
    AVG_LOWER = "avg_lower"
    AVG_HIGHER = "avg_higher"
    MAX_HIGHER = "max_higher"
    MIN_LOWER = "min_lower"
    MAX_TIME = "max_time"
    MIN_TIME = "min_time"


CONTRADICTED = frozenset({Difference.ORDER, Difference.MAX_LOWER, Difference.MIN_HIGHER})
"""What the mine's own numbers or its own readings say against it; the others ask for an explanation."""


class Verdict(StrEnum):
    """What comes of holding a mine's statistics against its readings."""

    AGREES = "agrees"
    DIFFERS = "differs"
    GAP = "gap"
    UNSEEN = "unseen"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Stated:
    """What a mine states of a point over a time; None where it left the field blank.

    ``inside``: the moments it gives for the extremes lie in that time.
    """

    high: float | None
    low: float | None
    mean: float | None
    inside: bool = True


@dataclass(frozen=True, slots=True)
class Side:
    """The highest of the valid readings of a time; of the lowest the same with every number negated.

    ``inner``: of readings that surely belong to the time, ``outer``: with those at its edges. ``near``: within the
    tolerance of the moment that the mine gives for it. None where there is no such reading; ``timed``: it gives one.
    """

    inner: float | None
    outer: float | None
    near: float | None = None
    timed: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What the readings of a time show. ``whole``: there is no hole in them and none is invalid."""

    high: Side
    low: Side
    mean: float | None
    whole: bool


_SLACK = 5e-5
"""Half a ten-thousandth: what decimals lose as binary numbers."""


def held(stated: Stated, shown: Shown, *, rounding: float, share: float) -> tuple[Verdict, tuple[Difference, ...]]:
    """Do a mine's statistics follow from the readings it sent?

    An extreme that a reading goes beyond by more than ``rounding`` (the largest difference of two rounded numbers that
    is none) is always a difference. One that no reading reaches, a moment at which no reading shows it, and a mean are
    held only against readings that are whole, and may be off by ``share`` of ours: the mine polls between two uploads.
    """
    near = rounding + _SLACK
    numbers = [each for each in (stated.low, stated.mean, stated.high) if each is not None]
    if not numbers:
        return Verdict.NOTHING, ()
    found: list[Difference] = []
    if not stated.inside or any(low > high + near for low, high in pairwise(numbers)):
        found.append(Difference.ORDER)
    if shown.high.outer is None:
        return (Verdict.DIFFERS if found else Verdict.UNSEEN), tuple(found)
    if stated.high is not None:
        words = (Difference.MAX_LOWER, Difference.MAX_HIGHER, Difference.MAX_TIME)
        found += _beside(stated.high, shown.high, near, share, words, whole=shown.whole)
    if stated.low is not None:
        words = (Difference.MIN_HIGHER, Difference.MIN_LOWER, Difference.MIN_TIME)
        found += _beside(-stated.low, shown.low, near, share, words, whole=shown.whole)
    if stated.mean is not None and shown.mean is not None and shown.whole:
        off = stated.mean - shown.mean
        if abs(off) > max(near, share * abs(shown.mean) + _SLACK):
            found.append(Difference.AVG_HIGHER if off > 0 else Difference.AVG_LOWER)
    if found:
        return Verdict.DIFFERS, tuple(found)
    return (Verdict.AGREES if shown.whole else Verdict.GAP), ()


def _beside(
    stated: float,
    side: Side,
    near: float,
    share: float,
    words: tuple[Difference, Difference, Difference],
    *,
    whole: bool,
) -> list[Difference]:
    """``words``: of an extreme that readings go beyond, that none reaches, that none shows at its moment."""
    if side.inner is not None and stated < side.inner - near:
        return [words[0]]
    if not whole or side.outer is None:
        return []
    between = max(near, share * abs(side.outer) + _SLACK)
    if stated > side.outer + between:
        return [words[1]]
    if side.timed and (side.near is None or side.near < stated - between):
        return [words[2]]
    return []


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

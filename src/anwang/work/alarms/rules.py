"""An alarm's life, its level, its road and its clock, as tables. Pure; the numbers are data (``library/``).

Sources: 矿安〔2025〕100号 asks for graded handling by mine, parent company and county; its annex of grading parameters is
to be filled in. 瓦斯零超限 (矿安〔2021〕9号): an over-limit is dealt with like an accident, with a cause and a review.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from anwang.kernel.machine import Machine, Move
from anwang.kernel.scale import Level

# --- what belongs together ---------------------------------------------------------------------------------------------


class Family(StrEnum):
    """Kinds of episode that make one alarm at one place."""

    OVER = "over"
    FEED = "feed"
    SENSOR = "sensor"
    SILENT = "silent"
    STATION = "station"
    MINE = "mine"


FAMILY = {
    "001": Family.OVER,
    "001L": Family.OVER,
    "002": Family.OVER,
    "002L": Family.OVER,
    "rise": Family.OVER,
    "003": Family.FEED,
    "008": Family.SENSOR,
    "disconnected": Family.SENSOR,
    "stuck": Family.SENSOR,
    "mismatch": Family.SENSOR,
    "004": Family.SILENT,
    "mine_silent": Family.MINE,
}
"""Kind of episode → family. What is not here (calibration) does not call."""

LIMIT_KINDS = frozenset({"001", "001L", "002", "002L", "003"})
"""Kinds that always make an alarm, whatever the level rules say: 瓦斯零超限."""
LOW_KINDS = frozenset({"001L", "002L"})
"""Kinds that fell below a limit: of them the lowest value says how bad it was."""
JUDGED = frozenset({Family.OVER, Family.FEED})
"""Families that end with a cause and a review by other eyes; the database guards it as well."""
HIDES = {Family.MINE: frozenset({Family.SILENT, Family.STATION}), Family.STATION: frozenset({Family.SILENT})}
"""Inhibition: while one of the first is open, those of the second say nothing new. An over-limit is never hidden."""
PLACE_LENGTH = 120


def is_low(kinds: Collection[str]) -> bool:
    """Is it a matter of too little: air, oxygen?"""
    return bool(kinds) and LOW_KINDS.issuperset(kinds)


def place_of(location: str, code: str, words: Iterable[str]) -> str:
    """The place of a point from the words of its location: sensors of one place differ in tag, number and sensor name.

    ``words`` are names of sensors (data). A location that is nothing but such words, or blank, is the point itself.
    """
    text = unicodedata.normalize("NFKC", location)
    for word in sorted(words, key=len, reverse=True):
        text = re.sub(re.escape(word), "", text, flags=re.IGNORECASE)
    text = re.sub(r"(?<![0-9A-Za-z])T\s?\d{1,2}(?!\d)", "", text, flags=re.IGNORECASE)
    text = re.sub(r"[\s#_\-—()\[\]]+", "", text)
    return text[:PLACE_LENGTH] or code


# --- the level ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One row of the level rules. A condition left out (None, empty) is met by everything.

    ``at_least``, ``at_most``: in the unit of the sensor, against the highest and the lowest value so far; ``times``: the
    highest value as a multiple of the limit; ``minutes``: it has lasted so long.
    """

    key: str
    version: int
    family: Family
    level: Level
    quantities: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    at_least: float | None = None
    at_most: float | None = None
    times: float | None = None
    minutes: int | None = None
    instrument: str = ""
    article: str = ""
    source: str = ""
    confidence: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of an alarm when its level is judged."""

    family: Family
    quantity: str = ""
    kinds: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    highest: float | None = None
    lowest: float | None = None
    limit: float | None = None
    lasted: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Judged:
    """A level, and the row it comes from; the row is None where the floor of zero over-limit holds."""

    level: Level
    row: LevelRow | None


FLOOR = Level.BLUE
"""The level of an over-limit or feed anomaly that no row knows."""


def judge(seen: Seen, rows: Iterable[LevelRow]) -> Judged | None:
    """The worst level whose row is met; None where nothing calls. Of rows with one level the first counts."""
    met = [row for row in rows if _fits(seen, row) and _lasted(seen, row)]
    if met:
        worst = min(met, key=lambda row: row.level)
        return Judged(worst.level, worst)
    return Judged(FLOOR, None) if seen.kinds & LIMIT_KINDS else None


def climbs_after(seen: Seen, rows: Iterable[LevelRow], level: Level | None) -> timedelta | None:
    """How long it has to last, counted from its start, until a worse level holds by duration alone; None: never."""
    waits = [
        timedelta(minutes=row.minutes)
        for row in rows
        if row.minutes is not None
        and (level is None or row.level < level)
        and _fits(seen, row)
        and not _lasted(seen, row)
    ]
    return min(waits, default=None)


def _fits(seen: Seen, row: LevelRow) -> bool:
    """All but the duration."""
    return (
        row.family is seen.family
        and (not row.quantities or seen.quantity in row.quantities)
        and (not row.kinds or bool(row.kinds & seen.kinds))
        and (not row.places or bool(row.places & seen.places))
        and (row.at_least is None or (seen.highest is not None and seen.highest >= row.at_least))
        and (row.at_most is None or (seen.lowest is not None and seen.lowest <= row.at_most))
        and (
            row.times is None
            or (seen.highest is not None and bool(seen.limit) and seen.highest >= row.times * (seen.limit or 0))
        )
    )


def _lasted(seen: Seen, row: LevelRow) -> bool:
    return row.minutes is None or seen.lasted >= timedelta(minutes=row.minutes)


# --- the road ----------------------------------------------------------------------------------------------------------


class Step(StrEnum):
    """What has to be done, in this order; which of them, the road says."""

    ACKNOWLEDGE = "acknowledge"
    CUT = "cut"
    EVACUATE = "evacuate"
    CAUSE = "cause"
    MEASURES = "measures"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Road:
    """Which steps alarms of a family, quantities and levels take. The first road that fits holds.

    ``steps`` empty: the house has taken this key out of use.
    """

    family: Family
    steps: tuple[Step, ...]
    quantities: frozenset[str] = frozenset()
    levels: frozenset[Level] = frozenset()
    key: str = ""
    version: int = 0
    instrument: str = ""
    article: str = ""
    source: str = ""
    confidence: str = ""


def arranged(own: Iterable[Road], built_in: Iterable[Road]) -> tuple[Road, ...]:
    """The roads that hold, in the order in which they are asked: what the house added, the narrower first; then the
    built-in ones, where a road of the house with a built-in key stands in its place.
    """
    ours = {road.key: road for road in own}
    known = tuple(built_in)
    added = [road for key, road in ours.items() if key not in {each.key for each in known}]
    added.sort(key=lambda road: (-bool(road.quantities) - bool(road.levels), road.key))
    return tuple(road for road in (*added, *(ours.get(each.key, each) for each in known)) if road.steps)


def steps_of(family: Family, quantity: str, level: Level, roads: Sequence[Road]) -> tuple[Step, ...]:
    """The steps of an alarm, in order. Raises LookupError where no road fits: the library has one for every family."""
    for road in roads:
        if (
            road.family is family
            and (not road.quantities or quantity in road.quantities)
            and (not road.levels or level in road.levels)
        ):
            return road.steps
    raise LookupError(f"no road for {family} {quantity} {level.key}")


def road_problem(road: Road) -> str | None:
    """Why a road cannot be, as the key of a refusal: its steps stand in order, and what is judged has a cause and a
    review.
    """
    order = list(Step)
    places = [order.index(step) for step in road.steps]
    if places != sorted(set(places)):
        return "alarms.road_order"
    if Step.ACKNOWLEDGE not in road.steps or Step.CAUSE not in road.steps:
        return "alarms.road_ends"
    if road.family in JUDGED and Step.REVIEW not in road.steps:
        return "alarms.road_review"
    return None


def road_gap(roads: Sequence[Road]) -> tuple[Family, Level] | None:
    """The first family and level for which there is no road that takes every quantity; None where none is lacking."""
    for family in Family:
        for level in Level:
            if not any(
                road.family is family and not road.quantities and (not road.levels or level in road.levels)
                for road in roads
            ):
                return family, level
    return None


def next_step(steps: Sequence[Step], done: Collection[Step], *, set_aside: bool) -> Step | None:
    """The first step of the road that has not been done. What was set aside waits for its review alone."""
    for step in steps:
        if step in done or (set_aside and step is not Step.REVIEW):
            continue
        return step
    return None


LONGEST = 10_080
"""Minutes that a step may have at most: a week."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many minutes (data) a step of an alarm of one level has, counted from the step before. One row per version."""

    step: Step
    level: Level
    minutes: int
    version: int = 0
    instrument: str = ""
    article: str = ""
    source: str = ""
    confidence: str = ""

    @property
    def key(self) -> str:
        return limit_key(self.step, self.level)

    @property
    def mark(self) -> str:
        """What a judgement keeps of the row: its key and version."""
        return f"{self.key} v{self.version}"


Limits = Mapping[tuple[Step, Level], Limit]


@dataclass(frozen=True, slots=True)
class Due:
    """Until when, and the row that says so."""

    at: datetime
    row: Limit


def limit_key(step: Step, level: Level) -> str:
    return f"{step}-{level.key}"


def due(step: Step, level: Level, *, since: datetime, limits: Limits) -> Due | None:
    """When a step has to be done: so many minutes after the one before it; None without a limit."""
    row = limits.get((step, level))
    return None if row is None else Due(since + timedelta(minutes=row.minutes), row)


# --- the life ----------------------------------------------------------------------------------------------------------


class State(StrEnum):
    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    CUT_CONFIRMED = "cut_confirmed"
    EVACUATED = "evacuated"
    CAUSE_STATED = "cause_stated"
    MEASURES_DONE = "measures_done"
    SET_ASIDE = "set_aside"
    REVIEWED = "reviewed"
    CLOSED = "closed"


class Action(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    CONFIRM_CUT = "confirm_cut"
    EVACUATE = "evacuate"
    STATE_CAUSE = "state_cause"
    TAKE_MEASURES = "take_measures"
    SET_ASIDE = "set_aside"
    REVIEW = "review"
    SEND_BACK = "send_back"
    CLOSE = "close"
    RECUR = "recur"


class Aside(StrEnum):
    """Why an alarm was none."""

    FALSE_ALARM = "false_alarm"
    CALIBRATION = "calibration"
    TEST = "test"


class Why(StrEnum):
    """Why a person confirms the power cut where cutter and feed do not both show it."""

    NO_SENSOR = "no_sensor"
    STALE = "stale"
    SEEN_ON_SITE = "seen_on_site"
    NOT_TO_BE_CUT = "not_to_be_cut"


OF_STEP = {
    Step.ACKNOWLEDGE: Action.ACKNOWLEDGE,
    Step.CUT: Action.CONFIRM_CUT,
    Step.EVACUATE: Action.EVACUATE,
    Step.CAUSE: Action.STATE_CAUSE,
    Step.MEASURES: Action.TAKE_MEASURES,
    Step.REVIEW: Action.REVIEW,
}
"""The act that does a step."""
STEP_OF = {action: step for step, action in OF_STEP.items()}
OPEN = tuple(state for state in State if state is not State.CLOSED)
HANDLED = (State.ACKNOWLEDGED, State.CUT_CONFIRMED, State.EVACUATED, State.CAUSE_STATED, State.MEASURES_DONE)
"""Acknowledged and being worked at. Which step comes next, the road says and not the state."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards ask. ``system``: the machine itself acts, on what the sensors say."""

    may_handle: bool = False
    may_review: bool = False
    next: Step | None = None
    reviewed_road: bool = True
    own_work: bool = False
    cleared: bool = False
    cut_shown: bool = False
    cut_why: bool = False
    answered: bool = False
    """There is a cause, or a reason why it was no alarm: something a review can judge or send back."""
    system: bool = False


def _handle(facts: Facts) -> str | None:
    return None if facts.may_handle else "alarms.not_handler"


def _review(facts: Facts) -> str | None:
    return None if facts.may_review else "alarms.not_reviewer"


def _close(facts: Facts) -> str | None:
    return _review(facts) if facts.reviewed_road else _handle(facts)


def _own(facts: Facts) -> str | None:
    return "alarms.own_work" if facts.own_work else None


def _cleared(facts: Facts) -> str | None:
    return None if facts.cleared else "alarms.not_cleared"


def _cut(facts: Facts) -> str | None:
    return None if facts.cut_shown or facts.cut_why else "alarms.cut_not_shown"


def _answered(facts: Facts) -> str | None:
    return None if facts.answered else "alarms.nothing_to_review"


def _machine(facts: Facts) -> str | None:
    return None if facts.system else "alarms.sensors_only"


class _Next:
    """The road has this step next (None: none left)."""

    def __init__(self, step: Step | None) -> None:
        self.step = step

    def __call__(self, facts: Facts) -> str | None:
        return None if facts.next is self.step else "alarms.not_next"


MACHINE: Machine[State, Action, Facts] = Machine(
    "alarms",
    initial=State.RAISED,
    final=(State.CLOSED,),
    reopen=(State.CLOSED,),
    moves=[
        Move((State.RAISED,), Action.ACKNOWLEDGE, State.ACKNOWLEDGED, (_handle,)),
        Move(HANDLED, Action.CONFIRM_CUT, State.CUT_CONFIRMED, (_Next(Step.CUT), _handle, _cut)),
        Move(HANDLED, Action.EVACUATE, State.EVACUATED, (_Next(Step.EVACUATE), _handle)),
        Move(HANDLED, Action.STATE_CAUSE, State.CAUSE_STATED, (_Next(Step.CAUSE), _handle)),
        Move(HANDLED, Action.TAKE_MEASURES, State.MEASURES_DONE, (_Next(Step.MEASURES), _handle, _cleared)),
        Move((State.RAISED, *HANDLED), Action.SET_ASIDE, State.SET_ASIDE, (_handle,)),
        Move(
            (*HANDLED, State.SET_ASIDE),
            Action.REVIEW,
            State.REVIEWED,
            (_Next(Step.REVIEW), _review, _own, _answered, _cleared),
        ),
        Move(
            (*HANDLED, State.SET_ASIDE),
            Action.SEND_BACK,
            State.ACKNOWLEDGED,
            (_Next(Step.REVIEW), _review, _own, _answered),
        ),
        Move((*HANDLED, State.SET_ASIDE, State.REVIEWED), Action.CLOSE, State.CLOSED, (_Next(None), _close, _cleared)),
        Move((*HANDLED, State.SET_ASIDE, State.REVIEWED, State.CLOSED), Action.RECUR, State.RAISED, (_machine,)),
    ],
)


# --- power cut: cutter and feed both show it ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Switch:
    """The last reading of a cutter (断电器 1009) or a feed (馈电器 1011): 0 is off. ``at`` None: it never reported.

    ``off``: of a stretch that is over, when it was first and last read as off; None where it never was.
    """

    code: str
    at: datetime | None
    value: float | None
    valid: bool = True
    off: tuple[datetime, datetime] | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """What a cutter or feed reported in a stretch that is over, by time: (moment, value, valid)."""

    code: str
    readings: tuple[tuple[datetime, float, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class CutShown:
    """Whether the power is shown to be off: ``shown``, or the reason it is not."""

    shown: bool
    problem: str = ""
    """"" | no_sensor | stale | cutter_on | feed_on."""
    switches: tuple[Switch, ...] = field(default=())


def cut_shown(pairs: Sequence[tuple[Switch, Switch]], *, since: datetime) -> CutShown:
    """All cutters of the place are 0 and so are the feeds behind them, read validly no earlier than ``since``.

    ``pairs`` are cutters with a feed behind each. What is not read since then shows nothing.
    """
    switches = tuple(dict.fromkeys(each for pair in pairs for each in pair))
    if not pairs:
        return CutShown(False, "no_sensor")
    if any(each.at is None or each.at < since or not each.valid for each in switches):
        return CutShown(False, "stale", switches)
    if any(cutter.value != 0 for cutter, _feed in pairs):
        return CutShown(False, "cutter_on", switches)
    if any(feed.value != 0 for _cutter, feed in pairs):
        return CutShown(False, "feed_on", switches)
    return CutShown(True, "", switches)


def cut_was_shown(pairs: Sequence[tuple[Track, Track]]) -> CutShown:
    """The same of a stretch that is over: was there a moment in it at which all cutters and the feeds behind them were
    read as off? Where not, what was lacking all along.
    """
    tracks = {track.code: track for pair in pairs for track in pair}
    switches = tuple(_switch(track) for track in tracks.values())
    if not pairs:
        return CutShown(False, "no_sensor")
    cutters = {cutter.code for cutter, _feed in pairs}
    known: dict[str, bool] = {}
    """Code → was it off at its last reading? Of those whose last reading is valid."""
    cut = False
    steps = sorted((at, code, value, valid) for code, each in tracks.items() for at, value, valid in each.readings)
    for n, (at, code, value, valid) in enumerate(steps):
        known.pop(code, None)
        if valid:
            known[code] = value == 0
        if n + 1 < len(steps) and steps[n + 1][0] == at:
            continue
        if len(known) == len(tracks) and all(known.values()):
            return CutShown(True, "", switches)
        cut = cut or all(known.get(each, False) for each in cutters)
    if any(not any(valid for _at, _value, valid in each.readings) for each in tracks.values()):
        return CutShown(False, "stale", switches)
    return CutShown(False, "feed_on" if cut else "cutter_on", switches)


def _switch(track: Track) -> Switch:
    off = [at for at, value, valid in track.readings if valid and value == 0]
    if not track.readings:
        return Switch(track.code, None, None)
    at, value, valid = track.readings[-1]
    return Switch(track.code, at, value, valid, off=(off[0], off[-1]) if off else None)


# --- coming again ------------------------------------------------------------------------------------------------------


class Again(StrEnum):
    """What a new episode does to the last alarm of its place and kind."""

    JOIN = "join"
    """It belongs to the open alarm, whose road goes on."""
    CALL = "call"
    """The alarm calls again from the beginning: it had cleared longer ago, or was closed a moment ago."""
    NEW = "new"
    """It is another alarm."""


def again(state: State, *, cleared_at: datetime | None, start: datetime, within: timedelta) -> Again:
    """``within`` (data): a value that swings about its limit does not call again and again. An open alarm takes every
    episode of its place and kind; one that had cleared longer ago, or that was set aside as none, calls anew.
    """
    swings = cleared_at is None or start - cleared_at <= within
    if state is State.CLOSED:
        return Again.CALL if swings else Again.NEW
    if state is State.RAISED:
        return Again.JOIN
    if state in (State.SET_ASIDE, State.REVIEWED):
        return Again.JOIN if cleared_at is None else Again.CALL
    return Again.JOIN if swings else Again.CALL

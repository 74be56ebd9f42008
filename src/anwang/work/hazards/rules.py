"""The life of a hazard, as a table a regulator can read.

found → graded → assigned → rectifying → submitted → verified → closed; a major hazard waits for a second person after
grading; on the way it may be returned, suspended or handed to another unit. Nothing here knows a database or a clock.

Sources: Work Safety Law (2021) art. 41 (record truthfully, major hazards reported and pressed); SAWS order 16 (2007)
art. 3 (general and major), and its treatment-plan contents; SAWS order 15 (re-check within 10 days, kept as data).
The states themselves are Anwang's; see docs/rooms/hazards.md for what each rests on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from anwang.kernel import clock
from anwang.kernel.machine import Machine, Move


class State(StrEnum):
    FOUND = "found"
    MAJOR_PROPOSED = "major_proposed"
    GRADED = "graded"
    ASSIGNED = "assigned"
    RECTIFYING = "rectifying"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    VERIFIED = "verified"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Action(StrEnum):
    GRADE = "grade"
    PROPOSE_MAJOR = "propose_major"
    CONFIRM_MAJOR = "confirm_major"
    REJECT_MAJOR = "reject_major"
    ASSIGN = "assign"
    START = "start"
    SUBMIT = "submit"
    VERIFY = "verify"
    SEND_BACK = "send_back"
    CLOSE = "close"
    SUSPEND = "suspend"
    RESUME = "resume"
    TRANSFER = "transfer"
    REOPEN = "reopen"
    CANCEL = "cancel"


class Grade(StrEnum):
    NONE = ""
    GENERAL = "general"
    MAJOR = "major"


class Source(StrEnum):
    """How a hazard was found. The first three are the three-in-one inspection (三位一体)."""

    SELF_CHECK = "self_check"
    EXPERT = "expert"
    GOVERNMENT = "government"
    GRID = "grid"
    HOUSEHOLD = "household"
    JOINT = "joint"
    UNANNOUNCED = "unannounced"
    TIP = "tip"
    MONITORING = "monitoring"
    DRILL = "drill"
    IMPORT = "import"


class Fixing(StrEnum):
    """The five fixings (五落实): who, what, with what money, until when, and how people are kept safe meanwhile."""

    RESPONSIBILITY = "responsibility"
    MEASURES = "measures"
    FUNDS = "funds"
    DEADLINE = "deadline"
    PLAN = "plan"


OPEN = tuple(state for state in State if state not in (State.CLOSED, State.CANCELLED))
WITH_UNIT = (State.ASSIGNED, State.RECTIFYING, State.RETURNED)
"""The unit has to act."""
WITH_OFFICE = (State.FOUND, State.MAJOR_PROPOSED, State.GRADED, State.SUBMITTED, State.VERIFIED)
"""An office has to act."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards read. ``acting`` is the doer's id; ``may`` the actions their rights allow on this hazard."""

    grade: Grade
    acting: str
    may: frozenset[Action]
    fixings: frozenset[Fixing] = frozenset()
    rectifiers: frozenset[str] = frozenset()
    proposer: str = ""
    verifier: str = ""
    extension_open: bool = False
    criterion: str = ""
    closed_days: int | None = None
    reopen_days: int = 0


def _other_eyes(facts: Facts) -> str | None:
    """Who rectifies never verifies (design, truth 6)."""
    return "hazards.own_work" if facts.acting in facts.rectifiers else None


def _second_person(facts: Facts) -> str | None:
    """A major grade is confirmed by somebody else than who proposed it."""
    return "hazards.second_person" if facts.acting == facts.proposer else None


def _not_major_yet(facts: Facts) -> str | None:
    return "hazards.already_major" if facts.grade is Grade.MAJOR else None


def _has_criterion(facts: Facts) -> str | None:
    """Judged by: a major grade names the row of the standard that makes it major."""
    return None if facts.criterion else "hazards.criterion_missing"


def _five_if_major(facts: Facts) -> str | None:
    """All five fixings are mandatory for a major hazard before work on it counts as begun."""
    if facts.grade is Grade.MAJOR and facts.fixings != frozenset(Fixing):
        return "hazards.fixings_missing"
    return None


def _two_accept_major(facts: Facts) -> str | None:
    """A major hazard is accepted by two: one verifies, another closes."""
    if facts.grade is Grade.MAJOR and facts.acting == facts.verifier:
        return "hazards.second_acceptor"
    return None


def _no_open_extension(facts: Facts) -> str | None:
    return "hazards.extension_open" if facts.extension_open else None


def _recent(facts: Facts) -> str | None:
    """A closed hazard may be opened again for some days only; after that the finding is a new one, linked."""
    if facts.closed_days is None or facts.closed_days > facts.reopen_days:
        return "hazards.closed_too_long"
    return None


def _permitted(action: Action) -> Callable[[Facts], str | None]:
    def permitted(facts: Facts) -> str | None:
        return None if action in facts.may else "accounts.not_permitted"

    return permitted


def _row(
    source: tuple[State, ...], action: Action, target: State, *guards: Callable[[Facts], str | None]
) -> Move[State, Action, Facts]:
    return Move(source, action, target, (_permitted(action), *guards))


MACHINE: Machine[State, Action, Facts] = Machine(
    "hazards",
    initial=State.FOUND,
    final=(State.CLOSED, State.CANCELLED),
    reopen=(State.CLOSED,),
    moves=(
        _row((State.FOUND,), Action.GRADE, State.GRADED),
        _row(
            (State.FOUND, State.GRADED, State.ASSIGNED, State.RECTIFYING, State.RETURNED),
            Action.PROPOSE_MAJOR,
            State.MAJOR_PROPOSED,
            _not_major_yet,
            _no_open_extension,
        ),
        _row((State.MAJOR_PROPOSED,), Action.CONFIRM_MAJOR, State.GRADED, _second_person, _has_criterion),
        _row((State.MAJOR_PROPOSED,), Action.REJECT_MAJOR, State.FOUND, _second_person),
        _row((State.GRADED,), Action.ASSIGN, State.ASSIGNED),
        _row((State.ASSIGNED,), Action.START, State.RECTIFYING, _five_if_major),
        _row((State.RECTIFYING, State.RETURNED), Action.SUBMIT, State.SUBMITTED, _five_if_major),
        _row((State.SUBMITTED,), Action.VERIFY, State.VERIFIED, _other_eyes),
        _row((State.SUBMITTED, State.VERIFIED), Action.SEND_BACK, State.RETURNED, _other_eyes),
        _row((State.VERIFIED,), Action.CLOSE, State.CLOSED, _other_eyes, _two_accept_major),
        _row((State.RECTIFYING, State.RETURNED), Action.SUSPEND, State.SUSPENDED, _no_open_extension),
        _row((State.SUSPENDED,), Action.RESUME, State.RECTIFYING),
        _row(WITH_UNIT, Action.TRANSFER, State.ASSIGNED, _no_open_extension),
        _row((State.CLOSED,), Action.REOPEN, State.RETURNED, _recent),
        _row((State.FOUND, State.GRADED), Action.CANCEL, State.CANCELLED),
    ),
)


# What comes with an action is checked apart from the table: a screen offers the action, the form says what is lacking.


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as far as the rules care: when it was taken, as far as anybody knows."""

    file_id: str
    taken_at: datetime | None
    uploaded_at: datetime


def evidence_problem(photos: Sequence[Photo], *, ordered_at: datetime) -> str | None:
    """Evidence of rectification is at least one photo taken after the order.

    A photo that says it is older than the order is no evidence; one that does not say when is accepted and flagged.
    """
    fresh = [photo for photo in photos if (photo.taken_at or photo.uploaded_at) >= ordered_at]
    return None if fresh else "hazards.evidence_missing"


def fixings_filled(
    *, person: str, phone: str, measures: str, funds: str, due_on: date | None, plan: str
) -> frozenset[Fixing]:
    """Which of the five fixings are there. ``funds`` is words: an amount with its source, or that none is needed."""
    filled = {
        Fixing.RESPONSIBILITY: bool(person.strip() and phone.strip()),
        Fixing.MEASURES: bool(measures.strip()),
        Fixing.FUNDS: bool(funds.strip()),
        Fixing.DEADLINE: due_on is not None,
        Fixing.PLAN: bool(plan.strip()),
    }
    return frozenset(fixing for fixing, there in filled.items() if there)


def deadline_problem(due_on: date, *, today: date, longest: int) -> str | None:
    """A deadline lies not before today and not farther than the rule's longest term (natural days)."""
    if due_on < today:
        return "hazards.deadline_past"
    if due_on > today + timedelta(days=longest):
        return "hazards.deadline_too_far"
    return None


def extension_problem(
    *, state: State, due_on: date | None, new_due_on: date, today: date, reason: str, interim: str, is_open: bool
) -> str | None:
    """An extension is asked before the deadline, with a reason and interim measures; one at a time."""
    if state not in WITH_UNIT or due_on is None:
        return "hazards.nothing_to_extend"
    if is_open:
        return "hazards.extension_open"
    if today > due_on:
        return "hazards.extension_late"
    if new_due_on <= due_on:
        return "hazards.extension_not_later"
    if not reason.strip() or not interim.strip():
        return "hazards.extension_words"
    return None


def decision_problem(*, asked_by: str, acting: str, granted_before: int, county_or_above: bool) -> str | None:
    """Who asks never grants; the first extension any competent office grants, a further one the county or above."""
    if asked_by == acting:
        return "hazards.own_extension"
    if granted_before >= 1 and not county_or_above:
        return "hazards.extension_higher"
    return None


@dataclass(frozen=True, slots=True)
class Limits:
    """Days an office has for its own stages (data rows ``cn:anwang:stage-limits``, editable)."""

    grade: int = 3
    second: int = 3
    assign: int = 3
    verify: int = 10
    close: int = 5


def stage_due(state: State, *, since: date, due_on: date | None, limits: Limits) -> date:
    """Until when the present stage should end. The unit's stages end with the rectification deadline."""
    if state in (*WITH_UNIT, State.SUSPENDED, State.CLOSED, State.CANCELLED):
        return due_on or since
    days = {
        State.FOUND: limits.grade,
        State.MAJOR_PROPOSED: limits.second,
        State.GRADED: limits.assign,
        State.SUBMITTED: limits.verify,
        State.VERIFIED: limits.close,
    }[state]
    return clock.add_days(since, days)


def counts_late(state: State) -> bool:
    """Lateness is counted while somebody has to act; a suspended hazard waits with leave."""
    return state in OPEN and state is not State.SUSPENDED


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung of the reminder ladder: ``days`` from the due day (negative: before), whom to tell, how hard.

    Rungs above the county (letter, listed supervision) are recorded as due; the rooms for them take them up.
    """

    days: int
    to: str
    key: str = ""

    @property
    def name(self) -> str:
        return self.key or f"{self.to}{self.days:+d}"


REMIND_HOUR = 9
"""Local hour at which reminders go out: nobody is woken by a reminder."""


def next_ring(
    *, state: State, due_on: date, late: bool, rung: frozenset[str], ladder: Sequence[Rung], after: datetime
) -> datetime | None:
    """When to look at this hazard next: the next rung not yet climbed, or the end of the due day.

    ``rung`` holds the names of rungs already climbed for this ``due_on``. None when nothing is left to wait for.
    """
    if not counts_late(state):
        return None
    moments = [
        clock.start_of_day(clock.add_days(due_on, step.days)) + timedelta(hours=REMIND_HOUR)
        for step in ladder
        if step.name not in rung
    ]
    if not late:
        moments.append(clock.end_of_day(due_on) + timedelta(microseconds=1))
    future = [moment for moment in moments if moment > after]
    return min(future) if future else None


def due_rungs(*, due_on: date, rung: frozenset[str], ladder: Sequence[Rung], now: datetime) -> list[Rung]:
    """The rungs to climb at ``now``, lowest first.

    A reminder from before the due day that was missed (the machine was off) is not sent late; of several only the last
    is. Rungs after the due day are all climbed, so that the record has no hole.
    """
    today = clock.local_date(now)
    reached = sorted(
        (step for step in ladder if clock.add_days(due_on, step.days) <= today), key=lambda step: step.days
    )
    # Where a later reminder has gone out, an earlier one that was missed stays missed, however often this is asked.
    before = [step for step in reached if step.days <= 0 and today <= due_on][-1:]
    after = [step for step in reached if step.days > 0]
    return [step for step in (*before, *after) if step.name not in rung]

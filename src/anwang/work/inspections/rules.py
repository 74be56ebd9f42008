"""What a visit is, how it runs, who may make which, how often a place is visited. Pure.

Sources: Work Safety Law (2021) art. 62 (yearly inspection plan by class), art. 65–68 (inspection, certificates shown,
records signed or the refusal noted); Administrative Penalty Law (2021) art. 42, 55 (two officers with certificates);
Shanxi gas-use rule (2021) and practice for "nobody home". The numbers are rows of the library
``aw:limit:visit-people``, ``aw:limit:nobody-home`` and ``aw:frequency:*``, and the supervision classes of the sites.
"""

import calendar
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from anwang.kernel.machine import Machine, Move


class Kind(StrEnum):
    """Visits of every kind. The first three are the three-in-one inspection (三位一体)."""

    SELF_CHECK = "self_check"
    EXPERT = "expert"
    GOVERNMENT = "government"
    PATROL = "patrol"
    HOUSEHOLD = "household"
    JOINT = "joint"
    UNANNOUNCED = "unannounced"


OFFICIAL = frozenset({Kind.GOVERNMENT, Kind.JOINT, Kind.UNANNOUNCED})
"""Visits in the name of an authority: two people with certificates, certificates shown."""

COUNTING = OFFICIAL | {Kind.PATROL, Kind.HOUSEHOLD}
"""Visits after which the supervision class's clock starts anew: what the place or its guests do is not supervision."""

HAZARD_SOURCE = {
    Kind.SELF_CHECK: "self_check",
    Kind.EXPERT: "expert",
    Kind.GOVERNMENT: "government",
    Kind.PATROL: "grid",
    Kind.HOUSEHOLD: "household",
    Kind.JOINT: "joint",
    Kind.UNANNOUNCED: "unannounced",
}
"""What the ledger calls a hazard found on such a visit."""


class Third(StrEnum):
    """The three pairs of eyes of the three-in-one inspection."""

    SELF = "self"
    EXPERT = "expert"
    GOVERNMENT = "government"


THIRD_OF = {
    Kind.SELF_CHECK: Third.SELF,
    Kind.EXPERT: Third.EXPERT,
    Kind.GOVERNMENT: Third.GOVERNMENT,
    Kind.JOINT: Third.GOVERNMENT,
    Kind.UNANNOUNCED: Third.GOVERNMENT,
}


class State(StrEnum):
    ARRANGED = "arranged"
    ONGOING = "ongoing"
    DONE = "done"
    ABSENT = "absent"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Action(StrEnum):
    BEGIN = "begin"
    FINISH = "finish"
    NOBODY = "nobody"
    TURNED_AWAY = "turned_away"
    CANCEL = "cancel"


OPEN = (State.ARRANGED, State.ONGOING)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards read. ``certified`` are those of ``people`` who hold a certificate; ``unreported`` the items
    that failed and have no hazard yet; ``findings`` the hazards this visit gave birth to.
    """

    kind: Kind
    may: frozenset[Action]
    people: int = 0
    certified: int = 0
    people_needed: int = 0
    certificate_shown: bool = False
    checklists: int = 0
    unanswered: int = 0
    unreported: int = 0
    findings: int = 0
    opinion: str = ""
    signed: bool = False
    sign_refused: str = ""


def _permitted(action: Action) -> Callable[[Facts], str | None]:
    def permitted(facts: Facts) -> str | None:
        return None if action in facts.may else "accounts.not_permitted"

    return permitted


def _enough_people(facts: Facts) -> str | None:
    """An official visit has two people; one alone may look, but the record would not stand."""
    if facts.kind in OFFICIAL and facts.people < facts.people_needed:
        return "inspections.people_missing"
    return None


def _certified(facts: Facts) -> str | None:
    """Of those people at least so many hold an enforcement certificate; experts and escorts come on top."""
    if facts.kind in OFFICIAL and facts.certified < facts.people_needed:
        return "inspections.certificates_missing"
    return None


def _shown(facts: Facts) -> str | None:
    if facts.kind in OFFICIAL and not facts.certificate_shown:
        return "inspections.certificate_not_shown"
    return None


def _all_answered(facts: Facts) -> str | None:
    return "inspections.unanswered" if facts.unanswered else None


def _all_reported(facts: Facts) -> str | None:
    """Every item that failed has its hazard: no finding is left on paper only."""
    return "inspections.unreported" if facts.unreported else None


def _says_something(facts: Facts) -> str | None:
    """A record without a checklist, a finding and a word is no record (every check leaves a trace)."""
    if facts.checklists or facts.findings or facts.opinion.strip():
        return None
    return "inspections.nothing_recorded"


def _signed(facts: Facts) -> str | None:
    """Signed by the place, or the refusal to sign is written down. A self-check is signed by who made it."""
    if facts.kind is Kind.SELF_CHECK or facts.signed or facts.sign_refused.strip():
        return None
    return "inspections.unsigned"


def _nothing_found(facts: Facts) -> str | None:
    """A visit that found hazards took place; it is finished, not made undone."""
    return "inspections.has_findings" if facts.findings else None


MACHINE: Machine[State, Action, Facts] = Machine(
    "inspections",
    initial=State.ARRANGED,
    final=(State.DONE, State.ABSENT, State.REFUSED, State.CANCELLED),
    moves=(
        Move((State.ARRANGED,), Action.BEGIN, State.ONGOING, (_permitted(Action.BEGIN),)),
        Move(
            (State.ONGOING,),
            Action.FINISH,
            State.DONE,
            (
                _permitted(Action.FINISH),
                _all_answered,
                _all_reported,
                _says_something,
                _enough_people,
                _certified,
                _shown,
                _signed,
            ),
        ),
        Move(OPEN, Action.NOBODY, State.ABSENT, (_permitted(Action.NOBODY), _nothing_found)),
        Move(OPEN, Action.TURNED_AWAY, State.REFUSED, (_permitted(Action.TURNED_AWAY),)),
        Move(OPEN, Action.CANCEL, State.CANCELLED, (_permitted(Action.CANCEL), _nothing_found)),
    ),
)


# --- who makes which visit -------------------------------------------------------------------------------------------


def open_kinds(*, own: bool, conducts: bool, plans: bool, rectifies: bool, certified: bool) -> tuple[Kind, ...]:
    """The kinds of visit somebody may make at a place, the likeliest first.

    ``own``: may check their own unit; ``conducts``: may inspect here; ``plans``: keeps the office's plan;
    ``rectifies``: takes part in rectification (so is no neutral expert); ``certified``: holds an enforcement
    certificate. An official visit is for an office that plans, or for who holds a certificate; a diagnosis is for
    those who give no orders, or is led by an office that brings the expert along.
    """
    found: list[Kind] = []
    if conducts:
        if not rectifies:
            found.append(Kind.EXPERT)
        if plans or certified:
            found += [Kind.GOVERNMENT, Kind.UNANNOUNCED, Kind.JOINT]
        if rectifies:
            found += [Kind.PATROL, Kind.HOUSEHOLD]
        if plans and rectifies:
            found.append(Kind.EXPERT)
    if own:
        found.append(Kind.SELF_CHECK)
    return tuple(found)


# --- moments and counts ----------------------------------------------------------------------------------------------


def begin_problem(began_at: datetime, *, now: datetime) -> str | None:
    return "inspections.begins_later" if began_at > now else None


def end_problem(ended_at: datetime, *, began_at: datetime | None, now: datetime) -> str | None:
    """A visit ends after it began, and not in the future."""
    if ended_at > now or (began_at is not None and ended_at < began_at):
        return "inspections.ends_wrong"
    return None


def comes_again(visit_no: int, *, most: int) -> bool:
    """Nobody was there on the ``visit_no``-th attempt: is there another one? ``most`` counts the repeats."""
    return visit_no <= most


def revisit_problem(next_on: date | None, *, today: date) -> str | None:
    if next_on is None:
        return "inspections.revisit_missing"
    return "inspections.revisit_past" if next_on <= today else None


# --- how often -------------------------------------------------------------------------------------------------------


def next_visit(last: date, *, months: int) -> date:
    """The day the next visit is due: ``months`` after ``last``, at the end of a shorter month where need be."""
    month = last.month - 1 + months
    year, month = last.year + month // 12, month % 12 + 1
    return date(year, month, min(last.day, calendar.monthrange(year, month)[1]))


@dataclass(frozen=True, slots=True)
class Interval:
    """How long a place may go without a visit: so many months, or fewer days than a month has."""

    months: int = 0
    days: int = 0

    @classmethod
    def of_days(cls, days: int) -> "Interval":
        """30 days are a month, 90 three, 365 a year; below four weeks they stay days."""
        return cls(days=days) if days < 28 else cls(months=max(1, round(days / 30.4)))

    @property
    def length(self) -> int:
        """In days, about: to compare two."""
        return self.days or self.months * 30

    def after(self, day: date) -> date:
        return day + timedelta(days=self.days) if self.days else next_visit(day, months=self.months)


RAISING = frozenset({"red", "orange"})
"""Risk colours that bring a place more visits than its class asks for."""


def interval(
    *, class_months: int | None, asked_months: int | None, colour: str, colour_days: int | None
) -> Interval | None:
    """How often a place is visited under a plan, or None where nothing says so.

    The plan's own frequency stands before the class's. A red or orange place is visited as its colour asks, where
    that is more often.
    """
    base = Interval(months=asked_months or class_months or 0) if asked_months or class_months else None
    raised = Interval.of_days(colour_days) if colour in RAISING and colour_days else None
    if base is None or raised is None:
        return base or raised
    return min(base, raised, key=lambda each: each.length)


# --- a plan's visits, balanced over its months -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """A place of the plan: when it was visited last, and how often it shall be."""

    key: str
    last: date | None
    every: Interval


@dataclass(frozen=True, slots=True)
class Slot:
    """One visit of the plan: between ``opens_on`` and ``due_on``, both days included."""

    key: str
    opens_on: date
    due_on: date


def period_problem(begins_on: date, ends_on: date, *, longest_days: int = 3 * 366) -> str | None:
    if ends_on < begins_on:
        return "inspections.plan_period"
    return "inspections.plan_too_long" if (ends_on - begins_on).days > longest_days else None


def spread(targets: Iterable[Target], *, begins_on: date, ends_on: date) -> list[Slot]:
    """Every visit due between two days, so that each month has about as many as the others.

    No two due days of a place lie farther apart than its interval. A place visited lately is visited in the second half
    of its interval; one that is overdue in the first half of one, from the beginning on; one never visited anywhere
    within the first. Places with little choice are set first, the others fill what is left. The answer does not depend
    on the order asked.
    """
    load: Counter[int] = Counter()
    slots: list[Slot] = []
    windows = [(target, _window(target, begins_on, ends_on)) for target in targets]
    due = [(target, window) for target, window in windows if window is not None]
    for target, window in sorted(due, key=lambda pair: (pair[1].days, pair[0].every.length, pair[0].key)):
        first = window.last if target.every.days else _best(target, window, begins_on, ends_on, load)
        slots += _series(target, first, begins_on, ends_on, load)
    return sorted(slots, key=lambda slot: (slot.due_on, slot.key))


@dataclass(frozen=True, slots=True)
class _Window:
    """First and last day on which a place's first visit may be due; ``early``: rather soon than late in it."""

    first: date
    last: date
    early: bool

    @property
    def days(self) -> int:
        return (self.last - self.first).days


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _last_day(month: int) -> date:
    year, number = divmod(month, 12)
    return date(year, number + 1, calendar.monthrange(year, number + 1)[1])


def _window(target: Target, begins_on: date, ends_on: date) -> _Window | None:
    """When the first visit may be due; None where none is due in the period."""
    every = target.every
    due = None if target.last is None else every.after(target.last)
    if due is not None and due > ends_on:
        return None
    if every.days:
        soon = begins_on + timedelta(days=every.days - 1)
        last = soon if due is None else max(begins_on, due)
        return _Window(begins_on, last, early=True) if last <= ends_on else None
    half = max(1, every.months // 2)
    if due is None:
        last, early = _last_day(_month(begins_on) + every.months - 1), True
    elif due < begins_on:
        last, early = _last_day(_month(begins_on) + half - 1), True
    else:
        return _Window(max(begins_on, next_visit(due, months=-half)), due, early=False)
    return _Window(begins_on, min(last, ends_on), early=early)


def _best(target: Target, window: _Window, begins_on: date, ends_on: date, load: Counter[int]) -> date:
    """The due day of the first visit: in the emptiest month of its window, the later visits counted along."""

    def rank(month: int) -> tuple[int, int, int]:
        loads = [load[each] for each in range(month, _month(ends_on) + 1, target.every.months)]
        return max(loads), sum(loads), month if window.early else -month

    month = min(range(_month(window.first), _month(window.last) + 1), key=rank)
    return max(begins_on, min(_last_day(month), window.last))


def _series(target: Target, first: date, begins_on: date, ends_on: date, load: Counter[int]) -> list[Slot]:
    """The visits of one place, from the first due day on."""
    slots, opens, due = [], begins_on, first
    while due <= ends_on:
        slots.append(Slot(target.key, opens, due))
        load[_month(due)] += 1
        opens, ends_month = due + timedelta(days=1), due == _last_day(_month(due))
        # The last of a month is followed by the last of a month; 28 February must not drag every later day forward.
        at_end = ends_month and not target.every.days
        due = _last_day(_month(due) + target.every.months) if at_end else target.every.after(due)
    return slots


def per_month(slots: Sequence[Slot]) -> dict[str, int]:
    """How many visits fall due in each month ("2026-11"), months in order."""
    counted = Counter(f"{slot.due_on:%Y-%m}" for slot in slots)
    return dict(sorted(counted.items()))

"""What a site may become, what its kind asks of it, and what speaks against its data. Pure.

The states: *active* → *suspended* (停产停业) → *active*; *closed* for good unless reopened; *merged* into another row.
"""

import math
import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from anwang.kernel import clock
from anwang.kernel.machine import Machine, Move


class State(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    MERGED = "merged"


class Action(StrEnum):
    SUSPEND = "suspend"
    RESUME = "resume"
    CLOSE = "close"
    REOPEN = "reopen"
    MERGE = "merge"


CURRENT = (State.ACTIVE, State.SUSPENDED)
"""States in which a place is looked after."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards of a move look at."""

    note: str = ""


def _says_why(facts: Facts) -> str | None:
    return None if facts.note.strip() else "sites.reason_missing"


MACHINE: Machine[State, Action, Facts] = Machine(
    "sites",
    initial=State.ACTIVE,
    final=(State.CLOSED, State.MERGED),
    reopen=(State.CLOSED,),
    moves=(
        Move((State.ACTIVE,), Action.SUSPEND, State.SUSPENDED, (_says_why,)),
        Move((State.SUSPENDED,), Action.RESUME, State.ACTIVE),
        Move((State.ACTIVE, State.SUSPENDED), Action.CLOSE, State.CLOSED, (_says_why,)),
        Move((State.CLOSED,), Action.REOPEN, State.ACTIVE, (_says_why,)),
        Move((State.ACTIVE, State.SUSPENDED, State.CLOSED), Action.MERGE, State.MERGED, (_says_why,)),
    ),
)


# --- the fields of a kind ---------------------------------------------------------------------------------------------

_TRUE = frozenset({"1", "true", "yes", "on", "y", "是", "有", "已", "√", "✓", "真"})
_FALSE = frozenset({"0", "false", "no", "off", "n", "否", "无", "没有", "未", "×", "假"})


@dataclass(frozen=True, slots=True)
class Problem:
    """What does not fit: which field, and the stable key of the reason."""

    field: str
    key: str


@dataclass(frozen=True, slots=True)
class Read:
    """Values as they are stored (dates as ISO words), what does not fit, and which required ones are blank."""

    values: dict[str, Any]
    problems: tuple[Problem, ...]
    missing: tuple[str, ...]


def read_fields(asked: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> Read:
    """Bring what was typed for a kind's own fields into the form in which it is stored.

    Blank values are left out. Fields the kind does not ask for, and values that cannot be understood, are problems.
    """
    specs = {spec["key"]: spec for spec in asked}
    values: dict[str, Any] = {}
    problems = [Problem(key, "sites.field_unknown") for key in given if key not in specs]
    for key, spec in specs.items():
        raw = given.get(key)
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            continue
        value, reason = _read_one(spec, raw)
        if reason:
            problems.append(Problem(key, reason))
        else:
            values[key] = value
    wrong = {problem.field for problem in problems}
    missing = tuple(
        key for key, spec in specs.items() if spec.get("required") and key not in values and key not in wrong
    )
    return Read(values, tuple(problems), missing)


def _read_one(spec: Mapping[str, Any], raw: Any) -> tuple[Any, str]:
    """(value, "") or (None, reason)."""
    kind = spec["type"]
    if kind == "number":
        number = read_number(raw)
        return (number, "") if number is not None else (None, "sites.field_number")
    if kind == "date":
        try:
            day = clock.parse_cn_date(raw)
        except (clock.DateUnclear, TypeError):
            day = None
        return (day.isoformat(), "") if day is not None else (None, "sites.field_date")
    if kind == "bool":
        if isinstance(raw, bool):
            return raw, ""
        word = _folded(raw)
        return (word in _TRUE, "") if word in _TRUE | _FALSE else (None, "sites.field_bool")
    if kind == "choice":
        word = _folded(raw)
        for choice in spec["choices"]:
            if word in {_folded(choice["key"]), _folded(choice["zh"]), _folded(choice["en"])}:
                return choice["key"], ""
        return None, "sites.field_choice"
    return " ".join(str(raw).split())[:200], ""


def read_number(raw: Any) -> int | float | None:
    """A finite number as it is typed (1,200 · １２ · 3.5), whole ones as int; None where it is none."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int | float):
        number = float(raw)
    else:
        text = unicodedata.normalize("NFKC", str(raw)).replace(",", "").replace(" ", "")
        if re.fullmatch(r"[+-]?\d{1,15}(?:\.\d{1,6})?", text) is None:
            return None
        number = float(text)
    if not math.isfinite(number) or abs(number) >= 1e15:
        return None
    return int(number) if number.is_integer() else number


def _folded(raw: Any) -> str:
    return "".join(unicodedata.normalize("NFKC", str(raw)).split()).casefold()


def is_small(limits: Mapping[str, float], values: Mapping[str, Any]) -> bool | None:
    """One of the nine small places? ``limits``: field → largest value that still counts as small.

    None where the kind has no limits, or a measured value is not known and no other one is over its limit.
    """
    if not limits:
        return None
    known = {field: values[field] for field in limits if isinstance(values.get(field), int | float)}
    if any(value > limits[field] for field, value in known.items()):
        return False
    return True if len(known) == len(limits) else None


# --- inspections ------------------------------------------------------------------------------------------------------


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def next_inspection(state: str, months: int | None, last: date | None, entered: date) -> date | None:
    """When the next inspection is due: so many months after the last one, or after the place was entered.

    None where no class says how often, or the place is not worked in.
    """
    if months is None or state != State.ACTIVE:
        return None
    return add_months(last or entered, months)


# --- quality of the data ----------------------------------------------------------------------------------------------


class Flag(StrEnum):
    NO_POSITION = "no_position"
    OUTSIDE = "outside_region"
    NO_DEPARTMENT = "no_department"
    NO_PHONE = "no_phone"
    BAD_USCC = "bad_uscc"
    NO_CLASS = "no_class"
    FIELDS_MISSING = "fields_missing"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Quality:
    """What is known about a place's data."""

    positioned: bool
    outside: bool
    department: bool
    phone: bool
    uscc_good: bool
    classed: bool
    complete: bool
    alone: bool


def flags(quality: Quality) -> tuple[Flag, ...]:
    """The doubts, in the order they are mended. A doubt is shown, never a reason to refuse."""
    found = (
        (Flag.NO_POSITION, not quality.positioned),
        (Flag.OUTSIDE, quality.positioned and quality.outside),
        (Flag.NO_DEPARTMENT, not quality.department),
        (Flag.NO_PHONE, not quality.phone),
        (Flag.BAD_USCC, not quality.uscc_good),
        (Flag.NO_CLASS, not quality.classed),
        (Flag.FIELDS_MISSING, not quality.complete),
        (Flag.DUPLICATE, not quality.alone),
    )
    return tuple(flag for flag, raised in found if raised)


def flags_word(raised: Sequence[str]) -> str:
    """As stored: between commas, so that one flag can be looked for without meeting the end of another."""
    return f",{','.join(raised)}," if raised else ""


BORDER_TOLERANCE_DEG = 0.003
"""About 300 m: kept borders are simplified lines, and a place just beyond one is no finding."""


def rounded_home(lon: float, lat: float) -> tuple[float, float]:
    """A home's position for those who do not look after it: three decimals, about a hundred metres."""
    return round(lon, 3), round(lat, 3)

"""What comes first on a desk. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

LATE, TODAY, DATED, UNDATED = range(4)
"""Ranks: what is past its day, what ends today, what has a day, what has none."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens by itself, ``days`` after the day something was due."""

    days: int
    words: str


def rank(due: date | None, *, late: bool, today: date) -> tuple[int, date]:
    """The order of a desk: late first, the longest late before the others; then by day; what has no day last."""
    if late or (due is not None and due < today):
        return LATE, due or date.min
    if due is None:
        return UNDATED, date.max
    return (TODAY if due == today else DATED), due


def next_step(due: date, today: date, ladder: Sequence[Step]) -> tuple[date, Step] | None:
    """What happens next if nobody does anything, and when; None where everything has happened already.

    Reminders before the due day are left out: they change nothing. A rung of today counts: it may ring any moment.
    """
    for step in sorted(ladder, key=lambda each: each.days):
        day = date.fromordinal(due.toordinal() + step.days)
        if step.days > 0 and day >= today:
            return day, step
    return None


def week(today: date) -> list[date]:
    """Today and the six days after it."""
    return [date.fromordinal(today.toordinal() + n) for n in range(7)]

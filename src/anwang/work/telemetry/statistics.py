"""Gas over its limit, month by month and mine by mine.

An over-limit is an episode of kind ``001`` at a point that measures methane in the air. It counts in the month in which
it began; its minutes count where they lie, so that an episode over midnight of the last day has minutes in both months.
Two sensors over their limit at once are two over-limits, with the minutes of both: that is how offices count them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q

from anwang.kernel import clock
from anwang.work.telemetry import areas, rules, selectors
from anwang.work.telemetry.models import Mine

REPEATED = 2
"""From so many over-limits in a month on a place is one that repeats."""


@dataclass(slots=True)
class Month:
    """What a mine's gas came to in a month. ``longest`` is in minutes, of the episodes that began in it."""

    n: int = 0
    minutes: float = 0.0
    longest: float = 0.0
    highest: float | None = None
    at_places: Counter[str] = field(default_factory=Counter)

    @property
    def repeated(self) -> list[tuple[str, int]]:
        """Places with two and more, the worst first."""
        found = [(place, n) for place, n in self.at_places.items() if n >= REPEATED]
        return sorted(found, key=lambda each: (-each[1], each[0]))


@dataclass(frozen=True, slots=True)
class Line:
    """A mine's month and the one before it."""

    mine: Mine
    month: Month
    before: Month


@dataclass(frozen=True, slots=True)
class Over:
    """One over-limit, for counting."""

    mine: str
    place: str
    start: datetime
    end: datetime | None
    max: float | None


def bounds(first: date) -> tuple[datetime, datetime]:
    """A calendar month in China, from its first moment to that of the next one."""
    following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
    return clock.start_of_day(first.replace(day=1)), clock.start_of_day(following)


def counted(rows: Iterable[Over], start: datetime, end: datetime, now: datetime) -> dict[str, Month]:
    """What each mine's over-limits come to between two moments. Pure."""
    found: dict[str, Month] = {}
    for row in rows:
        over = row.end or now
        inside = (min(over, end) - max(row.start, start)).total_seconds() / 60
        begun = start <= row.start < end
        if not begun and inside <= 0:
            continue
        month = found.setdefault(row.mine, Month())
        month.minutes += max(inside, 0.0)
        if begun:
            month.n += 1
            month.longest = max(month.longest, (over - row.start).total_seconds() / 60)
            month.at_places[row.place] += 1
            if row.max is not None and (month.highest is None or row.max > month.highest):
                month.highest = row.max
    return found


def lines(user: Any, first: date, *, now: datetime, county: str = "") -> list[Line]:
    """Every mine in sight with its month and the one before, most over-limits first. Two queries."""
    start, end = bounds(first)
    before_start, _ = bounds(first - timedelta(days=1))
    mines = list(selectors.listed(user, now=now, county=county))
    rows = selectors.of_methane(selectors.episodes(user)).filter(what=rules.Kind.OVER, mine__in=mines)
    rows = rows.filter(start__lt=end).filter(Q(end__isnull=True) | Q(end__gte=before_start))
    overs = [
        Over(row.mine_id, areas.name_of(row.point.location) if row.point else "", row.start, row.end, row.max)
        for row in rows
    ]
    month, before = counted(overs, start, end, now), counted(overs, before_start, start, now)
    made = [Line(each, month.get(each.pk, Month()), before.get(each.pk, Month())) for each in mines]
    return sorted(made, key=lambda line: (-line.month.n, -line.month.minutes, line.mine.county_code, line.mine.name))

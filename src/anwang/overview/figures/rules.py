"""What the figures mean: periods, months, shares, and how the ways of finding a hazard are gathered. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum

from anwang.kernel import clock


class Period(StrEnum):
    """Spans of months that people ask for; figures are kept by the month."""

    MONTH = "month"
    LAST_MONTH = "last_month"
    QUARTER = "quarter"
    YEAR = "year"
    TWELVE = "twelve"
    LAST_YEAR = "last_year"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Span:
    """Whole months, both included ("2026-01"). ``first`` "" is everything up to ``last``."""

    first: str
    last: str

    @property
    def months(self) -> list[str]:
        """The months of the span, oldest first; none where it has no beginning."""
        return months_between(self.first, self.last) if self.first else []

    @property
    def first_day(self) -> date | None:
        return first_day(self.first) if self.first else None

    @property
    def last_day(self) -> date:
        return last_day(self.last)


def span(period: Period, today: date) -> Span:
    """The months of a period as seen on a day. Spans end with the month of that day, except past ones."""
    this = clock.month_of(today)
    if period is Period.LAST_MONTH:
        return Span(before(this), before(this))
    if period is Period.QUARTER:
        return Span(f"{today.year:04d}-{(today.month - 1) // 3 * 3 + 1:02d}", this)
    if period is Period.YEAR:
        return Span(f"{today.year:04d}-01", this)
    if period is Period.TWELVE:
        return Span(before(this, 11), this)
    if period is Period.LAST_YEAR:
        return Span(f"{today.year - 1:04d}-01", f"{today.year - 1:04d}-12")
    return Span("" if period is Period.ALL else this, this)


def before(month: str, n: int = 1) -> str:
    """The month ``n`` months before; after, where n is below 0."""
    year, number = int(month[:4]), int(month[5:7])
    at = year * 12 + number - 1 - n
    return f"{at // 12:04d}-{at % 12 + 1:02d}"


def months_between(first: str, last: str) -> list[str]:
    """Both included; none where ``first`` comes after ``last``."""
    found = []
    month = first
    while month <= last:
        found.append(month)
        month = before(month, -1)
    return found


def first_day(month: str) -> date:
    return date(int(month[:4]), int(month[5:7]), 1)


def last_day(month: str) -> date:
    return first_day(before(month, -1)) - timedelta(days=1)


def is_month(text: str) -> bool:
    return len(text) == 7 and text[4] == "-" and text[:4].isdecimal() and text[5:] in _MONTHS and text[:4] >= "1900"


_MONTHS = frozenset(f"{n:02d}" for n in range(1, 13))


def share(part: int, whole: int) -> float | None:
    """Per cent with one decimal; None of nothing, because nothing is neither good nor bad."""
    return round(100 * part / whole, 1) if whole else None


def mean(total: int, n: int) -> float | None:
    """With one decimal; None of nothing."""
    return round(total / n, 1) if n else None


class Eyes(StrEnum):
    """Whose eyes found it. The first three are the three-in-one inspection (三位一体)."""

    SELF = "self"
    EXPERT = "expert"
    GOVERNMENT = "government"
    GRASSROOTS = "grassroots"
    PUBLIC = "public"
    OTHER = "other"


SOURCES_OF: Mapping[Eyes, tuple[str, ...]] = {
    Eyes.SELF: ("self_check",),
    Eyes.EXPERT: ("expert",),
    Eyes.GOVERNMENT: ("government", "joint", "unannounced"),
    Eyes.GRASSROOTS: ("grid", "household"),
    Eyes.PUBLIC: ("tip",),
    Eyes.OTHER: ("monitoring", "drill", "import"),
}
EYES_OF: Mapping[str, Eyes] = {source: eyes for eyes, sources in SOURCES_OF.items() for source in sources}


@dataclass(frozen=True, slots=True)
class Flow:
    """What happened in a month, summed over hazards.

    ``closed``: struck off in it; ``closed_days``: natural days from found to closed, summed over those; ``on_spot``:
    of those, put right on the spot. ``due``: rectification deadlines that fell into it and have passed; ``in_time``:
    of those, where the unit was never late. ``went_late`` and ``came_right``: periods of lateness, of whatever stage,
    that began and that ended in it.
    """

    closed: int = 0
    closed_days: int = 0
    on_spot: int = 0
    due: int = 0
    in_time: int = 0
    went_late: int = 0
    came_right: int = 0

    def __add__(self, other: "Flow") -> "Flow":
        return Flow(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def mean_days(self) -> float | None:
        return mean(self.closed_days, self.closed)

    @property
    def in_time_share(self) -> float | None:
        return share(self.in_time, self.due)


def total(flows: Iterable[Flow]) -> Flow:
    whole = Flow()
    for each in flows:
        whole += each
    return whole


def running(changes: Mapping[str, int], months: Iterable[str]) -> dict[str, int]:
    """What stood at the end of each month: everything that came and went until then, summed."""
    left = sorted(changes.items())
    found: dict[str, int] = {}
    stood = 0
    for month in sorted(months):
        while left and left[0][0] <= month:
            stood += left.pop(0)[1]
        found[month] = stood
    return found

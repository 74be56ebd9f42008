"""What a site's own figures mean. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from anwang.kernel import clock

MONTHS = 12
"""As many months a file's chart reaches back."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One hazard of the place, as far as the figures care."""

    found_on: date
    closed_on: date | None
    ever_late: bool
    major: bool
    open: bool


@dataclass(frozen=True, slots=True)
class Sums:
    """Of all hazards of a place, and of the last months."""

    found: int
    open: int
    major: int
    mean_days: float | None
    """Natural days from found to closed, on average over what is closed."""
    late_share: float | None
    """Per cent that was late at least once."""
    months: Sequence[tuple[str, int, int]]
    """(month, closed by now, still open) by the month of finding, the oldest first."""


def sums(hazards: Sequence[Seen], today: date) -> Sums:
    closed = [(each.closed_on - each.found_on).days for each in hazards if each.closed_on is not None]
    months = months_back(today)
    by_month = {month: [0, 0] for month in months}
    for each in hazards:
        cell = by_month.get(clock.month_of(each.found_on))
        if cell is not None:
            cell[each.open] += 1
    return Sums(
        found=len(hazards),
        open=sum(each.open for each in hazards),
        major=sum(each.major for each in hazards),
        mean_days=round(sum(closed) / len(closed), 1) if closed else None,
        late_share=round(100 * sum(each.ever_late for each in hazards) / len(hazards), 1) if hazards else None,
        months=[(month, by_month[month][0], by_month[month][1]) for month in months],
    )


def months_back(today: date, n: int = MONTHS) -> list[str]:
    """The last ``n`` months, the present one last."""
    at = today.year * 12 + today.month - 1
    return [f"{each // 12:04d}-{each % 12 + 1:02d}" for each in range(at - n + 1, at + 1)]

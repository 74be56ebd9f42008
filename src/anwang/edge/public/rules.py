"""How long a signed link lives. Pure. The days are ours, not a law's: long enough for the deadline and one extension."""

from datetime import date

from anwang.kernel import clock

DAYS_AFTER_DEADLINE = 30
DAYS_WITHOUT_DEADLINE = 60


def ends_on(*, due_on: date | None, today: date) -> date:
    """The last day of a link made ``today`` for a hazard due on ``due_on``."""
    if due_on is None or due_on < today:
        return clock.add_days(today, DAYS_WITHOUT_DEADLINE)
    return clock.add_days(due_on, DAYS_AFTER_DEADLINE)

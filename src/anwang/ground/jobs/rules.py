"""When a job is tried again, and when a recurring one comes round."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from anwang.kernel import clock

LEASE = timedelta(minutes=10)
"""How long work that leaves the house is believed alive without a sign of life."""
ATTEMPTS = 8
BACKOFF = (10, 30, 120, 600, 1800, 3600, 7200)
"""Seconds before the next attempt after the first, second, … failure."""
BUSY = timedelta(seconds=2)
"""Before the next try of a job that met somebody else's lock; that is no failure."""
LATE = timedelta(minutes=1)
"""A job that is due for longer than this is late: the worker is down or does not keep up."""
ALIVE = timedelta(minutes=1)
"""A worker that was not seen for longer than this is taken for dead."""


def wait_after(attempts: int) -> timedelta:
    """The pause after the ``attempts``-th failure."""
    return timedelta(seconds=BACKOFF[min(max(attempts, 1), len(BACKOFF)) - 1])


@dataclass(frozen=True, slots=True)
class Every:
    """A recurring job: each day at ``hour``:``minute`` local time, or every ``minutes`` minutes."""

    name: str
    hour: int | None = None
    minute: int = 0
    minutes: int | None = None

    def __post_init__(self) -> None:
        if (self.hour is None) == (self.minutes is None):
            raise ValueError(f"{self.name}: give an hour of the day or a number of minutes")
        if self.minutes is not None and self.minutes < 1:
            raise ValueError(f"{self.name}: at least one minute apart")

    @property
    def key(self) -> str:
        return f"every:{self.name}"

    def next_after(self, now: datetime) -> datetime:
        """The first moment after ``now``. What was missed while nothing ran is made up for once, not once per day."""
        if self.minutes is not None:
            return now + timedelta(minutes=self.minutes)
        local = now.astimezone(clock.ZONE)
        today = local.replace(hour=self.hour or 0, minute=self.minute, second=0, microsecond=0)
        return today if today > local else today + timedelta(days=1)

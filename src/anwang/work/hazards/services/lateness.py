"""Lateness is a row of its own, with the days of each stage; it never goes away.

A day on which one late stage ends and the next is late from its beginning belongs to both stages, and counts once in
the days of the hazard.
"""

from datetime import datetime

from anwang.kernel import clock
from anwang.work.hazards import rules
from anwang.work.hazards.models import Hazard, Overdue


def note(hazard: Hazard, *, now: datetime) -> None:
    """A stage that ends late was late, even where the timer that would have said so has not rung yet."""
    if not hazard.late and rules.counts_late(rules.State(hazard.state)) and clock.local_date(now) > hazard.next_due_on:
        begin(hazard, now=now)


def begin(hazard: Hazard, *, now: datetime) -> None:
    """Lateness begins: a row that will never go away. The caller saves the hazard."""
    today = clock.local_date(now)
    Overdue.objects.create(
        hazard=hazard,
        stage=hazard.state,
        due_on=hazard.next_due_on,
        began_on=max(clock.add_days(hazard.next_due_on, 1), clock.local_date(hazard.state_since)),
    )
    hazard.late = True
    hazard.first_late_on = hazard.first_late_on or today


def end(hazard: Hazard, *, now: datetime) -> None:
    """The stage that was late has ended: its days are written down."""
    if not hazard.late:
        return
    today = clock.local_date(now)
    for overdue in hazard.overdues.filter(ended_on__isnull=True):
        overdue.ended_on = today
        overdue.days = max((today - overdue.began_on).days + 1, 1)
        overdue.save(update_fields=["ended_on", "days"])
        hazard.late_days += overdue.days - int(overdue.shares_a_day())

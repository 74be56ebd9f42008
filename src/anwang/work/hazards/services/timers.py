"""The one timer every open hazard has: it rings for the next reminder or for the end of its due day."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from anwang.ground.audit import services as audit
from anwang.ground.jobs import services as jobs
from anwang.kernel import clock
from anwang.work.hazards import rules, selectors
from anwang.work.hazards.models import Hazard, Reminder
from anwang.work.hazards.services import counts, lateness


def key(hazard_id: str) -> str:
    return f"hazard:{hazard_id}:ring"


def arm(hazard: Hazard, *, now: datetime) -> None:
    """Set the timer for what comes next, or put it away when nothing does. Part of the write that changed things."""
    if not rules.counts_late(rules.State(hazard.state)):
        jobs.cancel(key(hazard.pk), now=now)
        return
    moment = rules.next_ring(
        state=rules.State(hazard.state),
        due_on=hazard.next_due_on,
        late=hazard.late,
        rung=selectors.climbed(hazard),
        ladder=selectors.ladder(clock.local_date(now)),
        after=now,
    )
    if moment is None:
        jobs.cancel(key(hazard.pk), now=now)
    else:
        jobs.at(moment, "hazards.ring", key=key(hazard.pk), now=now, hazard_id=hazard.pk)


def arm_new(hazards: Sequence[Hazard], *, ladder: Sequence[rules.Rung], now: datetime) -> None:
    """Set the timers of many hazards that have none yet (imports)."""
    rings = []
    for hazard in hazards:
        moment = rules.next_ring(
            state=rules.State(hazard.state),
            due_on=hazard.next_due_on,
            late=hazard.late,
            rung=frozenset(),
            ladder=ladder,
            after=now,
        )
        if moment is not None:
            rings.append((moment, key(hazard.pk), {"hazard_id": hazard.pk}))
    jobs.at_many("hazards.ring", rings, now=now)


@transaction.atomic
def ring(*, hazard_id: str, now: datetime) -> Hazard | None:
    """The timer rang: note lateness, climb the rungs that are due, set the timer anew. Ringing twice does nothing."""
    hazard: Hazard | None = Hazard.objects.select_for_update(of=("self",)).filter(pk=hazard_id).first()
    if hazard is None or not rules.counts_late(rules.State(hazard.state)):
        return hazard
    today = clock.local_date(now)
    before = counts.cell(hazard)
    if not hazard.late and today > hazard.next_due_on:
        lateness.begin(hazard, now=now)
        hazard.save(update_fields=["late", "first_late_on"])
        counts.changed(before, counts.cell(hazard))
        audit.record("hazards.late", on=hazard, by=None, at=now, data={"due_on": hazard.next_due_on.isoformat()})
    rungs = rules.due_rungs(
        due_on=hazard.next_due_on, rung=selectors.climbed(hazard), ladder=selectors.ladder(today), now=now
    )
    for rung in rungs:
        Reminder.objects.create(hazard=hazard, rung=rung.name, to=rung.to, due_on=hazard.next_due_on, at=now)
    if rungs:
        jobs.later(
            "hazards.remind", now=now, hazard_id=hazard.pk, rung=rungs[-1].name, to=rungs[-1].to, days=rungs[-1].days
        )
    arm(hazard, now=now)
    return hazard

"""The step that comes next, until when, and the two timers of an alarm: its step's and its ladder's."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from anwang.ground.audit import services as audit
from anwang.ground.jobs import services as jobs
from anwang.kernel.scale import Level
from anwang.work.alarms import ports, rules, selectors
from anwang.work.alarms.models import Alarm, StepDelay
from anwang.work.alarms.rules import LevelRow, State
from anwang.work.alarms.selectors import InForce


def step_key(alarm_id: str) -> str:
    return f"alarm:{alarm_id}:step"


def climb_key(alarm_id: str) -> str:
    return f"alarm:{alarm_id}:climb"


def settle(alarm: Alarm, *, since: datetime, held: InForce | None = None) -> None:
    """Which step comes next and when it is due, counted from ``since`` by the limits in force then. A hidden alarm asks
    nothing of anybody.
    """
    held = held or InForce()
    following = selectors.conclude(alarm, held)
    alarm.step = following.value if following else ""
    alarm.late = False
    due = None
    if following and alarm.hidden_by_id is None:
        due = rules.due(following, Level.of(alarm.level), since=since, limits=held.limits(at=since))
    alarm.due_at, alarm.due_rule = (due.at, due.row.mark) if due else (None, "")


def tighten(alarm: Alarm, *, now: datetime, held: InForce | None = None) -> None:
    """The alarm became graver: the road may have got steps, and the time of the present one shorter, never longer."""
    before, due, rule, late = alarm.step, alarm.due_at, alarm.due_rule, alarm.late
    settle(alarm, since=now, held=held)
    if alarm.step == before:
        alarm.late = late
        if due is not None and (alarm.due_at is None or due < alarm.due_at):
            alarm.due_at, alarm.due_rule = due, rule


def climbs_at(alarm: Alarm, rows: Sequence[LevelRow], *, now: datetime) -> datetime | None:
    """When it gets graver by lasting, if it goes on as it is."""
    if alarm.state == State.CLOSED or alarm.cleared_at is not None:
        return None
    wait = rules.climbs_after(selectors.seen(alarm, now=now), rows, Level.of(alarm.level))
    return None if wait is None else max(alarm.began + wait, now)


def timers(alarm: Alarm, rows: Sequence[LevelRow], *, now: datetime) -> list[tuple[datetime, str, str]]:
    """(when, job, key) of the timers that should run."""
    found = []
    if alarm.due_at is not None and not alarm.late:
        # A due moment is still in time: it is late after it.
        found.append((alarm.due_at + timedelta(milliseconds=1), "alarms.late", step_key(alarm.pk)))
    if (moment := climbs_at(alarm, rows, now=now)) is not None:
        found.append((moment, "alarms.climb", climb_key(alarm.pk)))
    return found


def arm(alarm: Alarm, rows: Sequence[LevelRow], *, now: datetime) -> None:
    """Set both timers as they should be, and put away those that have nothing to wait for."""
    wanted = {key: (moment, job) for moment, job, key in timers(alarm, rows, now=now)}
    for key in (step_key(alarm.pk), climb_key(alarm.pk)):
        if key in wanted:
            moment, job = wanted[key]
            jobs.at(moment, job, key=key, now=now, alarm_id=alarm.pk)
        else:
            jobs.cancel(key, now=now)


def arm_new(alarms: Sequence[Alarm], rows: Sequence[LevelRow], *, now: datetime) -> None:
    """The same for alarms that have no timers yet: two statements however many there are."""
    by_job: dict[str, list[tuple[datetime, str, dict[str, str]]]] = {}
    for alarm in alarms:
        for moment, job, key in timers(alarm, rows, now=now):
            by_job.setdefault(job, []).append((moment, key, {"alarm_id": alarm.pk}))
    for job, rings in by_job.items():
        jobs.at_many(job, rings, now=now)


def delay(alarm: Alarm, *, now: datetime, done: bool) -> StepDelay | None:
    """Keep the lateness of the present step, if it is late: once per step and round, whoever notices it first."""
    if alarm.due_at is None or not alarm.step or now <= alarm.due_at:
        return None
    row, new = StepDelay.objects.get_or_create(
        alarm=alarm,
        round=alarm.round,
        step=alarm.step,
        defaults={"level": alarm.level, "due_at": alarm.due_at, "due_rule": alarm.due_rule, "noted_at": now},
    )
    if done and row.done_at is None and now > row.due_at:
        row.done_at = now
        row.save(update_fields=["done_at"])
    alarm.late = alarm.ever_late = True
    if new:
        data = {"step": alarm.step, "due_at": alarm.due_at.isoformat(), "rule": alarm.due_rule}
        audit.record("alarms.late", on=alarm, by=None, at=now, data=data)
        ports.announce_late(row, now)
    return row

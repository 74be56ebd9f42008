"""What the timers of an alarm do when they ring. Ringing twice, or too late, does nothing."""

from datetime import datetime

from django.db import transaction

from anwang.ground.audit import services as audit
from anwang.ground.jobs import services as jobs
from anwang.work.alarms import ports, rules, selectors
from anwang.work.alarms.models import Alarm, AlarmLevel
from anwang.work.alarms.rules import State
from anwang.work.alarms.services import clock


@transaction.atomic
def note_late(*, alarm_id: str, now: datetime) -> Alarm | None:
    """The step's time is over: if it still waits, its lateness becomes a fact, and those concerned are told."""
    alarm: Alarm | None = Alarm.objects.select_for_update(of=("self",)).filter(pk=alarm_id).first()
    if alarm is None or alarm.state == State.CLOSED or alarm.late:
        return alarm
    if clock.delay(alarm, now=now, done=False) is not None:
        alarm.changed_at = now
        alarm.save(update_fields=["late", "ever_late", "changed_at"])
        jobs.later("alarms.tell_late", now=now, alarm_id=alarm.pk, step=alarm.step, round=alarm.round)
    elif alarm.due_at is not None:
        clock.arm(alarm, selectors.level_rules(at=now), now=now)
    return alarm


@transaction.atomic
def climb(*, alarm_id: str, now: datetime) -> Alarm | None:
    """It has lasted: judge its level anew. What has cleared does not climb."""
    alarm: Alarm | None = Alarm.objects.select_for_update(of=("self",)).filter(pk=alarm_id).first()
    if alarm is None or alarm.state == State.CLOSED or alarm.cleared_at is not None:
        return alarm
    rows = selectors.level_rules(at=now)
    rung = graver(alarm, rows, now=now)
    if rung is not None:
        clock.tighten(alarm, now=now)
        alarm.changed_at = now
        alarm.save()
        rung.save()
        audit.record("alarms.level", on=alarm, by=None, at=now, data={"level": alarm.level, "rule": rung.rule_key})
        if alarm.hidden_by_id is None:
            ports.announce_raised([alarm], now)
            if alarm.level in ("red", "orange"):
                jobs.later("alarms.tell", now=now, alarm_ids=[alarm.pk])
    clock.arm(alarm, rows, now=now)
    return alarm


def graver(alarm: Alarm, rows: list[rules.LevelRow], *, now: datetime) -> AlarmLevel | None:
    """Set the level if it is worse than the present one; returns the rung to write. Within a round it never falls."""
    judged = rules.judge(selectors.seen(alarm, now=now), rows)
    if judged is None or (alarm.level and judged.level >= alarm.rank):
        return None
    alarm.level, alarm.rank = judged.level.key, int(judged.level)
    row = judged.row
    return AlarmLevel(
        alarm=alarm,
        at=now,
        level=alarm.level,
        rule_key=row.key if row else "",
        rule_version=row.version if row else 0,
        instrument=row.instrument if row else "",
        article=row.article if row else "",
        value=alarm.highest,
    )

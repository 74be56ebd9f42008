"""Jobs of alarms: the timers, and telling people."""

from datetime import datetime

from anwang.ground.accounts.models import User
from anwang.ground.jobs import services as jobs
from anwang.ground.notices import services as notices
from anwang.work.alarms import labels, rules, selectors, services
from anwang.work.alarms.models import Alarm
from anwang.work.alarms.rules import State, Step


@jobs.handler("alarms.late")
def late(*, alarm_id: str, now: datetime) -> None:
    services.note_late(alarm_id=alarm_id, now=now)


@jobs.handler("alarms.climb")
def climb(*, alarm_id: str, now: datetime) -> None:
    services.climb(alarm_id=alarm_id, now=now)


@jobs.handler("alarms.tell")
def tell(*, alarm_ids: list[str], now: datetime) -> None:
    """Red and orange ones call the mine's duty and the county's office. What has been acknowledged meanwhile is silent."""
    for alarm in Alarm.objects.filter(pk__in=alarm_ids, hidden_by__isnull=True).select_related("mine"):
        if alarm.state == State.RAISED:
            people = [*selectors.duty_people(alarm), *selectors.office_people(alarm)]
            notices.tell(people, "alarms.raised", on=alarm, params=params(alarm), now=now)


@jobs.handler("alarms.tell_late")
def tell_late(*, alarm_id: str, step: str, round: int, now: datetime) -> None:  # noqa: A002 - the column's name
    alarm = Alarm.objects.select_related("mine").get(pk=alarm_id)
    if alarm.state == State.CLOSED or alarm.step != step or alarm.round != round:
        return
    office = selectors.office_people(alarm)
    people = office if step == Step.REVIEW else [*selectors.duty_people(alarm), *office]
    notices.tell(people, "alarms.late", on=alarm, params={**params(alarm), "step": str(labels.STEP[step])}, now=now)


@jobs.handler("alarms.hand_over")
def hand_over(*, alarm_id: str, event: str, by_id: str, now: datetime) -> None:
    """The alarm is now the other side's: the county's for its review, the mine's when it was sent back."""
    alarm = Alarm.objects.select_related("mine").get(pk=alarm_id)
    people: list[User]
    if event == "review" and alarm.step == rules.Step.REVIEW:
        people = selectors.office_people(alarm, without=[by_id])
    elif event == "send_back" and alarm.state == State.ACKNOWLEDGED:
        people = selectors.duty_people(alarm)
    else:
        return
    notices.tell(people, f"alarms.{event}", on=alarm, params=params(alarm), now=now)


def params(alarm: Alarm) -> dict[str, str]:
    return {
        "level": str(dict(labels.LEVELS)[alarm.level]),
        "mine": alarm.mine.name,
        "place": alarm.location or alarm.place or "—",
        "what": str(labels.family(alarm)),
        "value": labels.value(alarm),
        "url": f"/alarms/{alarm.pk}/",
    }

"""An alarm's road, verb by verb.

``act_id`` is a ULID that the doer's form or program made for one act. Sent again, the act is not done a second time: the
alarm comes back as it is now. Under the id of another act nothing is done: Refused("alarms.act_id_taken").
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.jobs import services as jobs
from anwang.kernel.machine import MoveRefused
from anwang.kernel.machine import Step as Made
from anwang.work.alarms import labels, rules, selectors
from anwang.work.alarms.models import Alarm, AlarmMove
from anwang.work.alarms.rules import Action, State
from anwang.work.alarms.services import clock, once
from anwang.work.alarms.services.once import Act

_HANDS_OVER = frozenset({Action.STATE_CAUSE, Action.TAKE_MEASURES, Action.SET_ASIDE})
"""Acts after which the county may be asked for its review."""


@transaction.atomic
def acknowledge(*, alarm_id: str, by: User, now: datetime, note: str = "", act_id: str = "") -> Alarm:
    """The mine's duty has seen it and deals with it."""
    alarm = _locked(alarm_id, by)
    act = Act.of(act_id, "acknowledge", note=note)
    if act.was_done(alarm, by):
        return alarm
    step = _step(alarm, Action.ACKNOWLEDGE, by=by)
    alarm.acknowledged_at, alarm.acknowledged_by = now, by
    return _moved(alarm, step, by=by, now=now, act=act, note=note)


@transaction.atomic
def confirm_cut(*, alarm_id: str, by: User, now: datetime, why: str = "", note: str = "", act_id: str = "") -> Alarm:
    """The power is off. Where cutter and feed both show it, that is the proof; where not, ``why`` (rules.Why) and a
    ``note`` say why a person confirms it.
    """
    if why and why not in labels.WHY:
        raise Refused("alarms.choice_unknown", field="why")
    alarm = _locked(alarm_id, by)
    act = Act.of(act_id, "confirm_cut", why=why, note=note)
    if act.was_done(alarm, by):
        return alarm
    known = selectors.cut(alarm) if selectors.conclude(alarm) is rules.Step.CUT else rules.CutShown(False)
    step = _step(alarm, Action.CONFIRM_CUT, by=by, cut_why=bool(why), cut_known=known)
    if not known.shown:
        note = _words(AlarmMove, "note", note)
    alarm.cut_at, alarm.cut_shown = now, known.shown
    alarm.cut_why = "" if known.shown else why
    data = {
        "shown": known.shown,
        "problem": known.problem,
        "why": alarm.cut_why,
        "switches": [
            {"code": each.code, "at": each.at.isoformat() if each.at else None, "value": each.value}
            for each in known.switches
        ],
    }
    return _moved(alarm, step, by=by, now=now, act=act, note=note, data=data)


@transaction.atomic
def evacuate(
    *, alarm_id: str, by: User, now: datetime, people: int | None = None, note: str = "", act_id: str = ""
) -> Alarm:
    """People have been withdrawn; ``people`` is how many, where it is known."""
    alarm = _locked(alarm_id, by)
    act = Act.of(act_id, "evacuate", people=people, note=note)
    if act.was_done(alarm, by):
        return alarm
    step = _step(alarm, Action.EVACUATE, by=by)
    alarm.evacuated_at, alarm.people_out = now, people
    return _moved(alarm, step, by=by, now=now, act=act, note=note, data={"people": people})


@transaction.atomic
def state_cause(*, alarm_id: str, kind: str, cause: str, by: User, now: datetime, act_id: str = "") -> Alarm:
    """Why it happened, by its sort and in words."""
    if kind not in dict(labels.CAUSES):
        raise Refused("alarms.choice_unknown", field="kind")
    alarm = _locked(alarm_id, by)
    act = Act.of(act_id, "state_cause", kind=kind, cause=cause)
    if act.was_done(alarm, by):
        return alarm
    step = _step(alarm, Action.STATE_CAUSE, by=by)
    alarm.cause_kind, alarm.cause = kind, _words(Alarm, "cause", cause)
    alarm.cause_at, alarm.cause_by = now, by
    return _moved(alarm, step, by=by, now=now, act=act, note=alarm.cause, data={"kind": kind})


@transaction.atomic
def take_measures(*, alarm_id: str, measures: str, by: User, now: datetime, act_id: str = "") -> Alarm:
    """What was done so that it does not happen again."""
    alarm = _locked(alarm_id, by)
    act = Act.of(act_id, "take_measures", measures=measures)
    if act.was_done(alarm, by):
        return alarm
    step = _step(alarm, Action.TAKE_MEASURES, by=by)
    alarm.measures, alarm.measures_at = _words(Alarm, "measures", measures), now
    return _moved(alarm, step, by=by, now=now, act=act, note=alarm.measures)


@transaction.atomic
def set_aside(*, alarm_id: str, aside: str, why: str, name: str, by: User, now: datetime, act_id: str = "") -> Alarm:
    """It was a false alarm, a calibration or a test: with the reason, and the name of who says so. What is judged
    (an over-limit, power not cut) waits for the county's review all the same.
    """
    if aside not in labels.ASIDE:
        raise Refused("alarms.choice_unknown", field="aside")
    alarm = _locked(alarm_id, by)
    act = Act.of(act_id, "set_aside", aside=aside, why=why, name=name)
    if act.was_done(alarm, by):
        return alarm
    step = _step(alarm, Action.SET_ASIDE, by=by)
    alarm.aside, alarm.aside_at, alarm.aside_by = aside, now, by
    alarm.aside_why = _words(Alarm, "aside_why", why, field="why")
    if not name.strip():
        raise Refused("alarms.name_missing", field="name")
    alarm.aside_name = _words(Alarm, "aside_name", name, field="name")
    if alarm.acknowledged_at is None:
        alarm.acknowledged_at, alarm.acknowledged_by = now, by
    return _moved(
        alarm, step, by=by, now=now, act=act, note=alarm.aside_why, data={"aside": aside, "name": alarm.aside_name}
    )


@transaction.atomic
def review(*, alarm_id: str, by: User, now: datetime, note: str, act_id: str = "") -> Alarm:
    """The county has looked at cause and measures and agrees. Not by anybody who dealt with the alarm."""
    alarm = _locked(alarm_id, by)
    act = Act.of(act_id, "review", note=note)
    if act.was_done(alarm, by):
        return alarm
    return _review(alarm, by=by, now=now, note=note, act=act)


@transaction.atomic
def send_back(*, alarm_id: str, by: User, now: datetime, note: str, act_id: str = "") -> Alarm:
    """The county does not agree: says what is lacking. The mine states cause and measures again; what it did on the
    spot stays done.
    """
    alarm = _locked(alarm_id, by)
    act = Act.of(act_id, "send_back", note=note)
    if act.was_done(alarm, by):
        return alarm
    step = _step(alarm, Action.SEND_BACK, by=by)
    words = _words(AlarmMove, "note", note)
    before = alarm.round
    alarm.cause_at = alarm.measures_at = None
    alarm.cause_by = None
    _forget_aside(alarm)
    return _moved(alarm, step, by=by, now=now, act=act, note=words, next_round=before + 1)


@transaction.atomic
def close(*, alarm_id: str, by: User, now: datetime, note: str = "", act_id: str = "") -> Alarm:
    """Nothing is left to do: of what is judged the county closes it after its review, of other alarms the mine."""
    alarm = _locked(alarm_id, by)
    act = Act.of(act_id, "close", note=note)
    if act.was_done(alarm, by):
        return alarm
    step = _step(alarm, Action.CLOSE, by=by)
    alarm.closed_at = now
    return _moved(alarm, step, by=by, now=now, act=act, note=note)


@transaction.atomic
def finish(*, alarm_id: str, by: User, now: datetime, note: str, act_id: str = "") -> Alarm:
    """Review and close in the same breath: two moves, one act."""
    alarm = _locked(alarm_id, by)
    act = Act.of(act_id, "finish", note=note)
    if act.was_done(alarm, by):
        return alarm
    _review(alarm, by=by, now=now, note=note, act=act)
    return close(alarm_id=alarm_id, by=by, now=now)


# --- the seven steps, shared -------------------------------------------------------------------------------------------


def _locked(alarm_id: str, by: User) -> Alarm:
    """Raises Alarm.DoesNotExist for one that is not there, or not theirs to see."""
    rows = Alarm.objects.visible_to(by).select_for_update(of=("self",))
    found: Alarm = rows.get(pk=alarm_id)
    return found


def _step(
    alarm: Alarm, action: Action, *, by: User, cut_why: bool = False, cut_known: rules.CutShown | None = None
) -> Made[State, Action]:
    """Facts → rule. Rights are among the facts: the table has the last word on everything."""
    facts = selectors.facts(alarm, acting=by, cut_why=cut_why, cut_known=cut_known)
    try:
        return rules.MACHINE.step(State(alarm.state), action, facts)
    except MoveRefused as refused:
        following = labels.STEP.get(alarm.step, "") or labels.ACTION[Action.CLOSE.value]
        raise Refused(refused.key, state=labels.STATE[alarm.state], next=following) from refused


def _review(alarm: Alarm, *, by: User, now: datetime, note: str, act: Act) -> Alarm:
    step = _step(alarm, Action.REVIEW, by=by)
    words = _words(AlarmMove, "note", note)
    alarm.reviewed_at, alarm.reviewed_by = now, by
    return _moved(alarm, step, by=by, now=now, act=act, note=words)


def _moved(
    alarm: Alarm,
    step: Made[State, Action],
    *,
    by: User,
    now: datetime,
    act: Act,
    note: str = "",
    data: Mapping[str, Any] | None = None,
    next_round: int = 0,
) -> Alarm:
    """Write → record → announce, the same for every verb."""
    clock.delay(alarm, now=now, done=True)
    judged = {"limit": alarm.due_rule} if alarm.due_rule else {}
    alarm.state, alarm.state_since, alarm.changed_at = step.target, now, now
    alarm.round = next_round or alarm.round
    clock.settle(alarm, since=now)
    alarm.save()
    seq = (AlarmMove.objects.filter(alarm=alarm).aggregate(last=Max("seq"))["last"] or 0) + 1
    move = AlarmMove(
        alarm=alarm,
        seq=seq,
        source=step.source,
        target=step.target,
        action=step.action,
        round=alarm.round,
        by=by,
        by_name=by.name,
        at=now,
        note=note.strip()[:500],
        data={**(data or {}), **judged},
        act_id=act.id,
        act_digest=act.digest,
    )
    once.write(move)
    audit.record(f"alarms.{step.action}", on=alarm, by=by, at=now, data={"from": step.source, "to": step.target})
    clock.arm(alarm, selectors.level_rules(at=now), now=now)
    if step.action is Action.SEND_BACK or (step.action in _HANDS_OVER and alarm.step == rules.Step.REVIEW):
        event = "send_back" if step.action is Action.SEND_BACK else "review"
        jobs.later("alarms.hand_over", now=now, alarm_id=alarm.pk, event=event, by_id=by.pk)
    return alarm


def _forget_aside(alarm: Alarm) -> None:
    alarm.aside = alarm.aside_why = alarm.aside_name = ""
    alarm.aside_at, alarm.aside_by = None, None


def _words(model: Any, name: str, said: str, *, field: str = "") -> str:
    """A text that has to be there and to fit. Raises Refused with the field at fault."""
    text = said.strip()
    longest = model._meta.get_field(name).max_length  # noqa: SLF001
    if not text:
        raise Refused("alarms.words_missing", field=field or name)
    if len(text) > longest:
        raise Refused("alarms.too_long", field=field or name, longest=longest)
    return text

"""Alarms through the API: the list, one alarm, its acts.

Who sees no answer sends the act again under its ``act_id``: it is done once, and both answers have the same form.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require, who
from anwang.ground.base import keyset
from anwang.ground.base.schemas import UlidOrNone
from anwang.work.alarms import labels, rules, selectors, services
from anwang.work.alarms.models import Alarm
from anwang.work.alarms.rules import State

router = Router(tags=["alarms"])

Id = Annotated[str, Field(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]
Words = Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")]


class AlarmOut(Schema):
    id: str
    number: str
    mine: str
    place: str
    location: str
    family: str
    quantity: str
    kinds: list[str]
    level: str
    state: str
    step: str
    due_at: datetime | None
    late: bool
    ever_late: bool
    round: int
    highest: float | None
    limit: float | None
    unit: str
    raised_at: datetime
    began: datetime
    cleared_at: datetime | None
    closed_at: datetime | None
    hidden: bool
    hazard_id: str


class AlarmPage(Schema):
    items: list[AlarmOut]
    next: str


class MoveOut(Schema):
    action: str
    source: str
    target: str
    round: int
    at: datetime
    by: str
    note: str
    act_id: str


class OfferOut(Schema):
    action: str
    words: str
    refused: str | None


class AlarmWhole(AlarmOut):
    steps: list[str]
    cause: str
    measures: str
    aside: str
    episodes: list[str]
    moves: list[MoveOut]
    acts: list[OfferOut]


class ActIn(Schema):
    """``act_id``: a ULID made by the caller. The same act again under it is not done twice and answers as before, with the
    alarm as it is now; another act under it is refused (409 ``alarms.act_id_taken``).
    """

    act_id: UlidOrNone = ""


class NoteIn(ActIn):
    note: Words = ""


class CutIn(ActIn):
    why: rules.Why | None = None
    note: Words = ""


class EvacuateIn(ActIn):
    people: Annotated[int, Field(ge=0, le=10_000)] | None = None
    note: Words = ""


class CauseIn(ActIn):
    kind: Annotated[str, Field(max_length=16, pattern=r"^[a-z]*$")]
    cause: Words


class MeasuresIn(ActIn):
    measures: Words


class AsideIn(ActIn):
    aside: rules.Aside
    why: Words
    name: Annotated[str, Field(max_length=40, pattern=r"^[^\x00]*$")]


class SaidIn(ActIn):
    note: Words


@router.get("/", response=AlarmPage, summary="Alarms, newest first")
def listing(
    request: HttpRequest,
    level: Annotated[str, Query(max_length=8, pattern=r"^[a-z]*$")] = "",
    only_open: Annotated[bool, Query()] = False,
    mine: Annotated[str, Query(max_length=12, pattern=r"^[0-9]*$")] = "",
    after: Annotated[str, Query(max_length=400, pattern=r"^[^\x00]*$")] = "",
) -> Any:
    by = who(request)
    require(by, Permission.ALARM_READ)
    rows = selectors.ledger(by, selectors.Filters(levels=[level] if level else (), mine=mine))
    if only_open:
        rows = rows.exclude(state=State.CLOSED)
    found = keyset.page(selectors.for_list(rows), order=("-first_raised_at", "-id"), after=after)
    return AlarmPage(items=[AlarmOut(**_short(each)) for each in found.items], next=found.next)


@router.get("/{alarm_id}", response=AlarmWhole, summary="One alarm with its moves and what may be done")
def one(request: HttpRequest, alarm_id: Id) -> Any:
    return _whole(request, alarm_id)


@router.post("/{alarm_id}/acknowledge", response=AlarmWhole, summary="The mine's duty acknowledges it")
def acknowledge(request: HttpRequest, alarm_id: Id, data: NoteIn) -> Any:
    return _do(request, alarm_id, services.acknowledge, data, note=data.note)


@router.post("/{alarm_id}/confirm-cut", response=AlarmWhole, summary="The power is off")
def confirm_cut(request: HttpRequest, alarm_id: Id, data: CutIn) -> Any:
    """``why`` and ``note`` are needed where cutter and feed do not both show it."""
    return _do(request, alarm_id, services.confirm_cut, data, why=data.why or "", note=data.note)


@router.post("/{alarm_id}/evacuate", response=AlarmWhole, summary="People have been withdrawn")
def evacuate(request: HttpRequest, alarm_id: Id, data: EvacuateIn) -> Any:
    return _do(request, alarm_id, services.evacuate, data, people=data.people, note=data.note)


@router.post("/{alarm_id}/state-cause", response=AlarmWhole, summary="The cause")
def state_cause(request: HttpRequest, alarm_id: Id, data: CauseIn) -> Any:
    return _do(request, alarm_id, services.state_cause, data, kind=data.kind, cause=data.cause)


@router.post("/{alarm_id}/take-measures", response=AlarmWhole, summary="The measures taken")
def take_measures(request: HttpRequest, alarm_id: Id, data: MeasuresIn) -> Any:
    return _do(request, alarm_id, services.take_measures, data, measures=data.measures)


@router.post("/{alarm_id}/set-aside", response=AlarmWhole, summary="It was no real alarm")
def set_aside(request: HttpRequest, alarm_id: Id, data: AsideIn) -> Any:
    return _do(request, alarm_id, services.set_aside, data, aside=data.aside, why=data.why, name=data.name)


@router.post("/{alarm_id}/review", response=AlarmWhole, summary="The county reviews and agrees")
def review(request: HttpRequest, alarm_id: Id, data: SaidIn) -> Any:
    return _do(request, alarm_id, services.review, data, note=data.note)


@router.post("/{alarm_id}/send-back", response=AlarmWhole, summary="The county sends it back")
def send_back(request: HttpRequest, alarm_id: Id, data: SaidIn) -> Any:
    return _do(request, alarm_id, services.send_back, data, note=data.note)


@router.post("/{alarm_id}/close", response=AlarmWhole, summary="Close it")
def close(request: HttpRequest, alarm_id: Id, data: NoteIn) -> Any:
    return _do(request, alarm_id, services.close, data, note=data.note)


def _do(request: HttpRequest, alarm_id: str, verb: Callable[..., Alarm], data: ActIn, **said: Any) -> AlarmWhole:
    verb(alarm_id=alarm_id, by=who(request), now=timezone.now(), act_id=data.act_id, **said)
    return _whole(request, alarm_id)


def _short(alarm: Alarm) -> dict[str, Any]:
    same = {name: getattr(alarm, name) for name in AlarmOut.model_fields if name not in ("mine", "hidden")}
    return {**same, "mine": alarm.mine.code, "hidden": alarm.hidden_by_id is not None}


def _whole(request: HttpRequest, alarm_id: str) -> AlarmWhole:
    by = who(request)
    alarm = Alarm.objects.visible_to(by).select_related("mine").get(pk=alarm_id)
    return AlarmWhole(
        **_short(alarm),
        steps=[step.value for step in selectors.steps(alarm)],
        cause=alarm.cause,
        measures=alarm.measures,
        aside=alarm.aside,
        episodes=list(alarm.joined.order_by("pk").values_list("episode_id", flat=True)),
        moves=[
            MoveOut(
                action=move.action,
                source=move.source,
                target=move.target,
                round=move.round,
                at=move.at,
                by=move.by_name,
                note=move.note,
                act_id=move.act_id,
            )
            for move in selectors.timeline(alarm)
        ],
        acts=[
            OfferOut(action=each.action, words=str(labels.ACTION[each.action]), refused=each.refused)
            for each in selectors.acts(alarm, acting=by)
        ],
    )

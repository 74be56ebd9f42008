"""Many alarms: the board, the ledger, what waits for a person, what open pages are told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.kernel import clock
from anwang.work.alarms.models import Alarm
from anwang.work.alarms.rules import State, Step
from anwang.work.telemetry.models import Mine

MOST = 200
"""Rows of a board; a wall of more is no board."""
_WINDOW = timedelta(minutes=2)
_ON_THE_SPOT = (Step.ACKNOWLEDGE.value, Step.CUT.value, Step.EVACUATE.value)


@dataclass(frozen=True, slots=True)
class Filters:
    levels: Sequence[str] = ()
    states: Sequence[str] = ()
    families: Sequence[str] = ()
    mine: str = ""
    late: bool = False
    raised: tuple[Any, Any] = (None, None)
    text: str = ""


def board(user: Any) -> tuple[list[Alarm], list[Alarm]]:
    """(what goes on or has to be dealt with on the spot; what has cleared and waits for cause, measures, review).

    Both by danger, then the oldest first. Hidden ones are left out: their mine's or substation's alarm stands for them.
    """
    rows = Alarm.objects.visible_to(user).exclude(state=State.CLOSED).filter(hidden_by__isnull=True)
    rows = rows.select_related("mine").order_by("rank", "raised_at", "id")
    urgent = Q(cleared_at__isnull=True) | Q(step__in=_ON_THE_SPOT)
    return list(rows.filter(urgent)[:MOST]), list(rows.exclude(urgent)[:MOST])


def ledger(user: Any, filters: Filters) -> QuerySet[Alarm]:
    rows: QuerySet[Alarm] = Alarm.objects.visible_to(user)
    if filters.levels:
        rows = rows.filter(level__in=filters.levels)
    if filters.states:
        wanted = Q(state__in=filters.states)
        rows = rows.filter(wanted | ~Q(state=State.CLOSED) if "open" in filters.states else wanted)
    if filters.families:
        rows = rows.filter(family__in=filters.families)
    if filters.mine:
        rows = rows.filter(mine__code=filters.mine)
    if filters.late:
        rows = rows.filter(ever_late=True)
    first, last = filters.raised
    if first is not None:
        rows = rows.filter(first_raised_at__gte=clock.start_of_day(first))
    if last is not None:
        rows = rows.filter(first_raised_at__lte=clock.end_of_day(last))
    if filters.text:
        rows = rows.filter(
            Q(number__icontains=filters.text)
            | Q(location__icontains=filters.text)
            | Q(place__icontains=filters.text)
            | Q(mine__name__icontains=filters.text)
        )
    return rows


def for_list(rows: QuerySet[Alarm]) -> QuerySet[Alarm]:
    return rows.select_related("mine")


def closed_number(user: Any, *, since: datetime) -> int:
    return int(Alarm.objects.visible_to(user).filter(state=State.CLOSED, closed_at__gte=since).count())


def waiting(user: Any) -> QuerySet[Alarm]:
    """Open alarms that wait for this person: the mine's steps for its own people, reviews for the office.

    A mine's step that is late waits for the office as well, which has to press; so do the steps of a mine that nobody
    acts for.
    """
    rows = Alarm.objects.exclude(state=State.CLOSED).filter(hidden_by__isnull=True)
    mines_step = ~Q(step__in=("", Step.REVIEW))
    units = {reach.organisation_id for reach in scope.reaches(user)} - {""}
    handled = rows.reachable(user, Permission.ALARM_HANDLE).filter(mines_step)
    own = handled.filter(enterprise_id__in=units)
    pressed = handled.filter(Q(late=True) | Q(enterprise__isnull=True))
    reviewed = rows.reachable(user, Permission.ALARM_REVIEW).filter(~mines_step, cleared_at__isnull=False)
    found: QuerySet[Alarm] = Alarm.objects.filter(
        Q(pk__in=own.values("pk")) | Q(pk__in=pressed.values("pk")) | Q(pk__in=reviewed.values("pk"))
    ).select_related("mine")
    return found.order_by("rank", "raised_at", "id")


# --- open pages --------------------------------------------------------------------------------------------------------


def live_changes() -> Mapping[str, Any]:
    """County → what was changed there last. Only the last minutes are looked at: one short walk along an index."""
    rows = (
        Alarm.objects.filter(changed_at__gte=timezone.now() - _WINDOW)
        .order_by()
        .values_list("county_code")
        .annotate(last=Max("changed_at"))
    )
    return {code: last.isoformat() for code, last in rows}


def live_topics(user: Any, _name: str) -> Collection[str]:
    """Counties in which this person sees a mine, or has seen an alarm."""
    mines = Mine.objects.reachable(user, Permission.ALARM_READ)
    return set(mines.order_by().values_list("county_code", flat=True).distinct())

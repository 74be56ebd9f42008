"""My figures: how my part of the world stands, and what I did this month."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.kernel import clock
from anwang.overview.desk import labels
from anwang.overview.figures import selectors as figures
from anwang.overview.figures.rules import Span
from anwang.overview.figures.selectors import Question, Stand
from anwang.work.hazards.models import HazardMove
from anwang.work.inspections.models import Inspection
from anwang.work.inspections.rules import State as VisitState


@dataclass(frozen=True, slots=True)
class Mine:
    """``now``: all hazards I may read; ``month``: those found this month; ``done``: what I did this month, by act."""

    now: Stand
    month: Stand
    done: dict[str, int]
    visits: int
    month_name: str


def mine(user: User, *, today: date) -> Mine | None:
    """None for somebody who reads no hazards. Four queries."""
    if not scope.may(user, Permission.HAZARD_READ):
        return None
    month = clock.month_of(today)
    question = Question(user, Span(month, month))
    since = clock.start_of_day(today.replace(day=1))
    moves: Any = HazardMove.objects.filter(by=user, at__gte=since, action__in=list(labels.DONE))
    led = Inspection.objects.filter(lead=user, state=VisitState.DONE, began_at__gte=since)
    return Mine(
        now=figures.stands(question, found=False).get((), Stand()),
        month=figures.stands(question).get((), Stand()),
        done=dict(moves.order_by().values_list("action").annotate(n=Count("id"))),
        visits=led.count() if scope.may(user, Permission.INSPECTION_READ) else 0,
        month_name=month,
    )

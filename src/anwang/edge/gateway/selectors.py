"""What comes back: keys in force, processes that run, what was refused."""

from datetime import datetime, timedelta

from django.db.models import QuerySet, Sum

from anwang.edge.gateway.models import Key, RefusedMessage, RefusedTally, Run

ALIVE = timedelta(seconds=30)
"""A process that has not said anything for so long is not counted as running."""


def in_force() -> QuerySet[Key]:
    return Key.objects.filter(withdrawn_at__isnull=True).select_related("mine").order_by("username")


def running(*, now: datetime) -> list[Run]:
    return list(Run.objects.filter(seen_at__gt=now - ALIVE).order_by("part", "name"))


def refused(mine_code: str = "", *, most: int = 100) -> list[RefusedMessage]:
    """The last messages that were none, of a mine or of all."""
    rows = RefusedMessage.objects.filter(mine_code=mine_code) if mine_code else RefusedMessage.objects.all()
    return list(rows.order_by("-id")[:most])


def refused_counts(mine_code: str = "") -> list[tuple[str, str, int]]:
    """(mine, reason, how many) over all days kept."""
    rows = RefusedTally.objects.filter(mine_code=mine_code) if mine_code else RefusedTally.objects.all()
    return list(rows.values_list("mine_code", "reason").annotate(n=Sum("n")).order_by("mine_code", "reason"))

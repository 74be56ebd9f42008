"""Who is underground, as the screens show it: counts with their data time, areas, the people who have been down longest.

What is pointed out (over number, overtime, no leader) is a fact of the newest snapshot, judged at its own time. Nothing
alarms by it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import yaml
from django.db.models import Count, QuerySet, Sum

from anwang.kernel import clock
from anwang.kernel.mask import mask_name
from anwang.work.telemetry import rules, sensors
from anwang.work.telemetry.models import BaseStation, Headcount, Mine, MineArea, Muster, Position, Worker

CURVE = timedelta(hours=24)


@cache
def library() -> dict[str, Any]:
    """library/underground.yaml."""
    found: dict[str, Any] = yaml.safe_load((sensors.LIBRARY / "underground.yaml").read_text(encoding="utf-8"))
    return found


def overtime_after() -> timedelta:
    return timedelta(hours=float(library()["overtime_hours"]))


def stale_after() -> timedelta:
    """After this a snapshot no longer says who is underground now."""
    return timedelta(minutes=float(library()["stale_minutes"]))


@dataclass(frozen=True, slots=True)
class AreaLine:
    """An area with the people in it. ``allowed`` None: no limit known."""

    name: str
    area_type: str
    inside: int
    allowed: int | None

    @property
    def over(self) -> bool:
        return rules.over_number(self.inside, self.allowed)


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody underground; ``id`` is the card's row in the newest snapshot. The name is masked unless it was asked for whole."""

    id: int
    name: str
    job: str
    team: str
    area: str
    since: datetime | None
    stayed: timedelta | None
    overtime: bool
    distress: bool
    work: str
    leader: bool
    special: bool


@dataclass(frozen=True, slots=True)
class Now:
    """The newest snapshot of a mine. ``areas`` with people first by their number, ``people`` who are down longest first."""

    muster: Muster
    areas: list[AreaLine]
    people: list[PersonLine]

    @property
    def leaderless(self) -> bool:
        return rules.leaderless(self.muster.n, self.muster.leaders)

    @property
    def over(self) -> int:
        return sum(each.over for each in self.areas)

    @property
    def overtime(self) -> int:
        return sum(each.overtime for each in self.people)

    @property
    def distress(self) -> int:
        return sum(each.distress for each in self.people)


def now_of(mine: Mine, *, named: bool = False) -> Now | None:
    """The newest snapshot; None before the first. ``named``: with whole names, for what is on record. Four queries."""
    muster = Muster.objects.filter(mine=mine).first()
    if muster is None:
        return None
    named_areas = {each.code: each for each in MineArea.objects.filter(mine=mine)}
    workers = {each.card: each for each in Worker.objects.filter(mine=mine)}
    inside = list(people(mine))
    counts = Counter(each.area for each in inside)
    areas = [
        AreaLine(each.name or each.code, each.area_type, counts.pop(code, 0), each.allowed)
        for code, each in named_areas.items()
    ]
    # Areas that the mine's list does not name; "" is nobody's area.
    areas += [AreaLine(code, "", n, None) for code, n in counts.items()]
    persons = [
        person(each, workers.get(each.card), named_areas.get(each.area), muster.at, named=named) for each in inside
    ]
    return Now(
        muster,
        sorted(areas, key=lambda each: (not each.over, -each.inside, each.name)),
        sorted(persons, key=lambda each: (not each.distress, each.since is None, each.since or muster.at, each.name)),
    )


def person(
    row: Position, worker: Worker | None, area: MineArea | None, at: datetime, *, named: bool = False
) -> PersonLine:
    """One card of a snapshot taken ``at``."""
    name = row.name or (worker.name if worker else "")
    return PersonLine(
        id=row.pk,
        name=name if named else mask_name(name),
        job=worker.job if worker else "",
        team=worker.team if worker else "",
        area=(area.name or area.code) if area else row.area,
        since=row.in_at,
        stayed=at - row.in_at if row.in_at is not None and row.in_at <= at else None,
        overtime=rules.overtime(row.in_at, at, overtime_after()),
        distress=rules.DISTRESS in row.work,
        work=row.work,
        leader=row.leader,
        special=row.special,
    )


def people(mine: Mine) -> QuerySet[Position]:
    """Cards that are underground by the newest snapshot."""
    found: QuerySet[Position] = Position.objects.filter(mine=mine, in_out=rules.InOut.IN)
    return found


def lines(mine: Mine, rows: Sequence[Position]) -> list[PersonLine]:
    """Some of the cards of the newest snapshot, masked; three queries."""
    muster = Muster.objects.filter(mine=mine).first()
    if muster is None:
        return []
    workers = {each.card: each for each in Worker.objects.filter(card__in=[row.card for row in rows])}
    areas = {each.code: each for each in MineArea.objects.filter(code__in={row.area for row in rows})}
    return [person(row, workers.get(row.card), areas.get(row.area), muster.at) for row in rows]


def stations(mine: Mine) -> list[BaseStation]:
    """Base stations, those that do not run first."""
    rows = BaseStation.objects.filter(mine=mine).order_by("name", "code")
    return sorted(rows, key=lambda each: (each.run_state == "0" and each.power_state != "2", each.at is None))


@dataclass(frozen=True, slots=True)
class Hour:
    """The snapshots of an hour: the most and the fewest who were underground, and the fewest leaders with them."""

    start: datetime
    most: int
    fewest: int
    leaders: int


def hours(mine: Mine, *, now: datetime) -> list[Hour]:
    """The last day by the hour; hours without a snapshot are left out."""
    first = now.replace(minute=0, second=0, microsecond=0) - CURVE + timedelta(hours=1)
    rows = Headcount.objects.filter(mine=mine, at__gte=first, at__lte=now).order_by("at")
    found: dict[datetime, list[tuple[int, int]]] = {}
    for at, n, leaders in rows.values_list("at", "n", "leaders"):
        hour = at.astimezone(clock.ZONE).replace(minute=0, second=0, microsecond=0)
        found.setdefault(hour, []).append((n, leaders))
    return [
        Hour(hour, max(n for n, _ in each), min(n for n, _ in each), min(leaders for _, leaders in each))
        for hour, each in found.items()
    ]


def musters(of: Sequence[Mine]) -> dict[str, Muster]:
    """The newest snapshots by the mines' keys; one query."""
    return {each.mine_id: each for each in Muster.objects.filter(mine__in=of)}


def by_county(user: Any) -> dict[str, tuple[int, int]]:
    """(people underground, mines that say so) by county, of the mines in sight; one query."""
    rows = Muster.objects.filter(mine__in=Mine.objects.visible_to(user)).values_list("mine__county_code")
    return {code: (n, mines) for code, n, mines in rows.annotate(n=Sum("n"), mines=Count("pk")).order_by()}

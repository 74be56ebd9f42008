"""Lists of visits: the ledger with its filters, what waits for me, where to begin near here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from anwang.ground.accounts.models import User
from anwang.ground.regions.models import COLUMNS, Region
from anwang.kernel import clock
from anwang.registers.sites import selectors as sites
from anwang.registers.sites.models import Site
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import OPEN as OPEN_HAZARDS
from anwang.work.inspections import rules
from anwang.work.inspections.models import Inspection, PlannedVisit
from anwang.work.inspections.rules import State
from anwang.work.inspections.selectors.people import kinds_for

ORDERS = {"-made": ("-made_at", "-id"), "made": ("made_at", "id")}


@dataclass(frozen=True, slots=True)
class Filters:
    """A question to the list of visits. Empty parts ask for nothing."""

    kinds: Sequence[str] = ()
    states: Sequence[str] = ()
    domains: Sequence[str] = ()
    region: Region | None = None
    began: tuple[date | None, date | None] = (None, None)
    mine: bool = False
    late: bool = False
    """Arranged for a day that has passed."""
    with_hazards: bool = False
    campaign: str = ""
    plan_id: str = ""
    site_id: str = ""
    text: str = ""


def ledger(user: Any, asked: Filters, *, today: date) -> "QuerySet[Inspection]":
    rows: QuerySet[Inspection] = Inspection.objects.visible_to(user)
    if asked.kinds:
        rows = rows.filter(visit_kind__in=list(asked.kinds))
    if asked.states:
        rows = rows.filter(state__in=list(asked.states))
    if asked.domains:
        rows = rows.filter(domain__in=list(asked.domains))
    if asked.region is not None:
        rows = rows.filter(**{COLUMNS[asked.region.level]: asked.region.code})
    first, last = asked.began
    if first is not None:
        rows = rows.filter(made_at__gte=clock.start_of_day(first))
    if last is not None:
        rows = rows.filter(made_at__lte=clock.end_of_day(last))
    if asked.mine:
        there = Inspection.objects.filter(inspectors__user=user, inspectors__left_at__isnull=True)
        rows = rows.filter(Q(lead=user) | Q(pk__in=there.values("pk")))
    if asked.late:
        rows = rows.filter(state=State.ARRANGED, due_on__lt=today)
    if asked.with_hazards:
        rows = rows.filter(pk__in=Inspection.objects.filter(findings__isnull=False).values("pk"))
    for name in ("campaign", "plan_id", "site_id"):
        if value := getattr(asked, name):
            rows = rows.filter(**{name: value})
    if words := " ".join(asked.text.split()):
        rows = rows.filter(Q(number__startswith=words) | Q(site__name__icontains=words) | Q(lead__name=words))
    return rows


def for_list(rows: "QuerySet[Inspection]") -> "QuerySet[Inspection]":
    """With what a row of the list shows."""
    return rows.select_related("site", "lead", "enterprise").annotate(found=Count("findings"))


def waiting_for(user: User, *, today: date, days: int = 7) -> "QuerySet[Inspection]":
    """Visits this person is on that are under way, or arranged for the next days, the earliest first."""
    mine = Inspection.objects.filter(inspectors__user=user, inspectors__left_at__isnull=True).values("pk")
    rows: QuerySet[Inspection] = Inspection.objects.visible_to(user).filter(Q(lead=user) | Q(pk__in=mine))
    soon = Q(state=State.ARRANGED, due_on__lte=today + timedelta(days=days))
    return rows.filter(soon | Q(state=State.ONGOING)).select_related("site").order_by("due_on", "-began_at", "id")


def arranged_late(*, today: date) -> "QuerySet[Inspection]":
    """Every arranged visit whose day is today or has passed: for the morning's reminder."""
    rows: QuerySet[Inspection] = Inspection.objects.filter(state=State.ARRANGED, due_on__lte=today)
    return rows.select_related("site", "lead").order_by("due_on", "id")


# --- where to begin ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A place where a visit may begin: how far, what is due, what is open there."""

    site: Site
    metres: float | None
    slot: PlannedVisit | None
    visit: Inspection | None
    """One of the user's own that is arranged or under way there."""
    open_hazards: int
    kinds: Sequence[rules.Kind]


def begin_near(user: User, *, lon: float, lat: float, radius_m: float = 1000, limit: int = 30) -> list[Place]:
    """Places within ``radius_m`` of a WGS-84 position where the user may begin a visit, the nearest first."""
    found = sites.near(lon, lat, radius_m, user, limit=limit)
    return _places(user, [(near.site, near.metres) for near in found])


def begin_search(user: User, text: str, *, limit: int = 20) -> list[Place]:
    return _places(user, [(site, None) for site in sites.search(user, text, limit=limit)])


def begin_due(user: User, *, limit: int = 20) -> list[Place]:
    """Places that plans ask for next, for who has no position and searched for nothing."""
    slots = PlannedVisit.objects.visible_to(user).open().filter(visit__isnull=True).select_related("site__region")
    rows: dict[str, Site] = {}
    for slot in slots.order_by("due_on", "id")[: limit * 4]:
        rows.setdefault(slot.site_id, slot.site)
    kept = list(rows.values())[:limit]
    if len(kept) < limit:
        more = Site.objects.visible_to(user).current().filter(next_inspection_on__isnull=False)
        kept += list(
            more.exclude(pk__in=list(rows))
            .select_related("region")
            .order_by("next_inspection_on", "id")[: limit - len(kept)]
        )
    return _places(user, [(site, None) for site in kept])


def begin_at(user: User, site: Site) -> Place:
    return _places(user, [(site, None)])[0]


def _places(user: User, found: Iterable[tuple[Site, float | None]]) -> list[Place]:
    pairs = list(found)
    keys = [site.pk for site, _metres in pairs]
    hazards = dict(
        Hazard.objects.visible_to(user)
        .filter(site__in=keys, state__in=OPEN_HAZARDS)
        .values_list("site_id")
        .annotate(n=Count("pk"))
    )
    kinds = {site.pk: kinds_for(user, site) for site, _metres in pairs}
    slots: dict[str, PlannedVisit] = {}
    open_slots = PlannedVisit.objects.visible_to(user).open().filter(site__in=keys, visit__isnull=True)
    for slot in open_slots.select_related("plan").order_by("due_on", "id"):
        if slot.plan.visit_kind in kinds[slot.site_id]:  # what others are to do is not shown as one's own
            slots.setdefault(slot.site_id, slot)
    visits: dict[str, Inspection] = {}
    mine = Inspection.objects.visible_to(user).filter(site__in=keys, state__in=rules.OPEN)
    there = mine.filter(Q(lead=user) | Q(inspectors__user=user, inspectors__left_at__isnull=True))
    for visit in there.distinct().order_by("due_on", "id"):
        visits.setdefault(visit.site_id, visit)
    return [
        Place(site, metres, slots.get(site.pk), visits.get(site.pk), hazards.get(site.pk, 0), kinds[site.pk])
        for site, metres in pairs
    ]

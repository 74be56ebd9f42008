"""What a plan would ask for, what it asks for, and how far it has come."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.ground.regions.models import COLUMNS, Region
from anwang.kernel import clock
from anwang.registers.sites import selectors as sites
from anwang.registers.sites.models import Site, SupervisionClass
from anwang.registers.sites.rules import State as SiteState
from anwang.registers.standards import selectors as standards
from anwang.work.inspections import rules
from anwang.work.inspections.models import Inspection, Plan, PlannedVisit
from anwang.work.inspections.rules import Interval, Kind, Slot, State

MOST = 20_000
"""Visits of one plan: what one transaction should write."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is for. Empty parts ask for nothing; ``months`` None is each place's own frequency."""

    region: Region
    visit_kind: str
    begins_on: date
    ends_on: date
    domains: Sequence[str] = ()
    site_kinds: Sequence[str] = ()
    classes: Sequence[str] = ()
    months: int | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """How often one place is visited, and the rows that said so."""

    site: Site
    every: Interval
    class_key: str
    raised: bool
    urn: str = ""
    version: str = ""


@dataclass(frozen=True)
class Draft:
    """What a plan would hold, before anything is written."""

    asked: Asked
    slots: Sequence[Slot]
    judged: dict[str, Judged]
    left_out: Sequence[Site] = field(default=())
    """Places for which nothing says how often: no supervision class, no frequency in the plan."""

    @cached_property
    def per_month(self) -> dict[str, int]:
        return rules.per_month(self.slots)

    @property
    def site_count(self) -> int:
        return len({slot.key for slot in self.slots})

    @property
    def raised_count(self) -> int:
        return sum(self.judged[key].raised for key in {slot.key for slot in self.slots})


def draft(asked: Asked, *, by: Any, now: datetime) -> Draft:
    """Every fitting place that ``by`` plans for, with its due days, spread over the months.

    Raises Refused for a period that is none, or for more visits than one plan holds.
    """
    if problem := rules.period_problem(asked.begins_on, asked.ends_on):
        raise Refused(problem, field="ends_on")
    kind = Kind(asked.visit_kind)
    wanted = sites.Asked(
        region=asked.region,
        kinds=asked.site_kinds,
        domains=asked.domains,
        classes=asked.classes,
        states=[SiteState.ACTIVE],
    )
    rows = sites.sites(by, wanted).filter(scope.within(by, Permission.INSPECTION_PLAN, Site))
    if kind is Kind.SELF_CHECK:
        rows = rows.filter(enterprise__isnull=False)
    found = list(rows.only(*_COLUMNS).order_by("pk"))
    last = _last_visits(kind, found)
    judged = {each.site.pk: each for each in _judge(found, asked, kind, now)}
    targets = [rules.Target(key, last.get(key), each.every) for key, each in judged.items()]
    slots = rules.spread(targets, begins_on=asked.begins_on, ends_on=asked.ends_on)
    if len(slots) > MOST:
        raise Refused("inspections.too_many", n=len(slots), most=MOST)
    return Draft(asked, slots, judged, [site for site in found if site.pk not in judged])


_COLUMNS = (
    "name", "number", "domain", "kind_key", "supervision_class", "colour", "last_inspected_on", "enterprise_id",
    "region_id", *COLUMNS.values(),
)  # fmt: skip


def _last_visits(kind: Kind, found: Sequence[Site]) -> dict[str, date]:
    """When each place was visited last by such eyes: its file says so for supervision, the visits for the others."""
    if kind in rules.COUNTING:
        return {site.pk: site.last_inspected_on for site in found if site.last_inspected_on is not None}
    done = Inspection.objects.filter(visit_kind=kind, state=State.DONE, site__in=[site.pk for site in found])
    rows = done.values_list("site_id").annotate(at=Max("began_at"))
    return {key: clock.local_date(at) for key, at in rows}


def _judge(found: Sequence[Site], asked: Asked, kind: Kind, now: datetime) -> list[Judged]:
    today = clock.local_date(now)
    column = "enterprise_days" if kind is Kind.SELF_CHECK else "county_days"
    colours = {colour: standards.frequency(colour, today) for colour in rules.RAISING}
    classes: dict[str, dict[str, SupervisionClass]] = {}
    judged = []
    for site in found:
        place = site.town_code or site.county_code or site.city_code
        if place not in classes:
            classes[place] = sites.classes(site)
        own = classes[place].get(site.supervision_class)
        row = colours.get(site.colour)
        days = int(row.data[column]) if row is not None else None
        every = rules.interval(
            class_months=own.inspection_months if own is not None else None,
            asked_months=asked.months,
            colour=site.colour,
            colour_days=days,
        )
        if every is None:
            continue
        raised = (
            row is not None
            and days is not None
            and every == Interval.of_days(days)
            and every != Interval(months=asked.months or (own.inspection_months if own is not None else 0))
        )
        judged.append(
            Judged(
                site,
                every,
                class_key=own.key if own is not None else "",
                raised=raised,
                urn=row.urn if raised and row is not None else "",
                version=str(row.version) if raised and row is not None else "",
            )
        )
    return judged


# --- one plan ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Progress:
    """How far: ``total`` without what was left out; ``late`` are open and past their day, ``done_late`` came after it."""

    total: int
    done: int
    late: int
    done_late: int
    left_out: int

    @property
    def open(self) -> int:
        return self.total - self.done

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0


def _counts(today: date) -> dict[str, Count]:
    standing = Q(left_out_at__isnull=True)
    return {
        "total": Count("pk", filter=standing),
        "done": Count("pk", filter=standing & Q(done_on__isnull=False)),
        "late": Count("pk", filter=standing & Q(done_on__isnull=True, due_on__lt=today)),
        "done_late": Count("pk", filter=standing & Q(done_on__gt=_due())),
        "left_out": Count("pk", filter=~standing),
    }


def _due() -> Any:
    from django.db.models import F

    return F("due_on")


def progress(plan: Plan, *, today: date) -> Progress:
    return Progress(**PlannedVisit.objects.filter(plan=plan).aggregate(**_counts(today)))


def progress_of(plans: Sequence[Plan], *, today: date) -> dict[str, Progress]:
    """The same for a page of plans, in one query."""
    rows = (
        PlannedVisit.objects.filter(plan__in=[plan.pk for plan in plans]).values("plan_id").annotate(**_counts(today))
    )
    found = {row.pop("plan_id"): Progress(**row) for row in rows}
    return {plan.pk: found.get(plan.pk, Progress(0, 0, 0, 0, 0)) for plan in plans}


def by_month(plan: Plan, *, today: date) -> dict[str, Progress]:
    """Progress of each month of the plan ("2026-11"), months in order."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    values = PlannedVisit.objects.filter(plan=plan).values_list("due_on", "done_on", "left_out_at")
    for due_on, done_on, left_out_at in values:
        cell = rows[f"{due_on:%Y-%m}"]
        if left_out_at is not None:
            cell["left_out"] += 1
            continue
        cell["total"] += 1
        cell["done"] += done_on is not None
        cell["late"] += done_on is None and due_on < today
        cell["done_late"] += done_on is not None and done_on > due_on
    names = ("total", "done", "late", "done_late", "left_out")
    return {month: Progress(**{name: cell[name] for name in names}) for month, cell in sorted(rows.items())}


def by_town(plan: Plan, *, today: date) -> list[tuple[Region, Progress]]:
    rows = PlannedVisit.objects.filter(plan=plan).values("town_code").annotate(**_counts(today))
    found = {row.pop("town_code"): Progress(**row) for row in rows}
    towns = Region.objects.in_bulk([code for code in found if code])
    return sorted(((towns[code], part) for code, part in found.items() if code in towns), key=lambda pair: pair[0].code)


# --- what is due ------------------------------------------------------------------------------------------------------


def due(
    user: Any,
    *,
    plan: Plan | None = None,
    states: Sequence[str] = (),
    today: date,
    by_day: date | None = None,
    domains: Sequence[str] = (),
    kinds: Sequence[str] = (),
    text: str = "",
) -> "QuerySet[PlannedVisit]":
    """Planned visits the user sees. ``states``: open, late, done, left_out; none: all of a plan, else the open ones."""
    rows: QuerySet[PlannedVisit] = PlannedVisit.objects.visible_to(user).select_related("site", "plan", "visit")
    if plan is not None:
        rows = rows.filter(plan=plan)
    elif not states:
        rows = rows.open()  # type: ignore[attr-defined]
    tests = {
        "open": Q(done_on__isnull=True, left_out_at__isnull=True, due_on__gte=today),
        "late": Q(done_on__isnull=True, left_out_at__isnull=True, due_on__lt=today),
        "done": Q(done_on__isnull=False),
        "left_out": Q(left_out_at__isnull=False),
    }
    wanted = Q()
    for state in states:
        wanted |= tests.get(state, Q())
    rows = rows.filter(wanted)
    if by_day is not None:
        rows = rows.filter(due_on__lte=by_day)
    if domains:
        rows = rows.filter(domain__in=list(domains))
    if kinds:
        rows = rows.filter(plan__visit_kind__in=list(kinds))
    if text:
        rows = rows.filter(Q(site__name__icontains=text) | Q(site__number__startswith=text))
    return rows


def slot_state(slot: PlannedVisit, today: date) -> str:
    if slot.left_out_at is not None:
        return "left_out"
    if slot.done_on is not None:
        return "done"
    return "late" if slot.due_on < today else "open"


def open_slots(site: Site, user: Any) -> list[PlannedVisit]:
    """What plans still ask for at one place, the next first."""
    rows = PlannedVisit.objects.visible_to(user).open().filter(site=site, visit__isnull=True)
    return list(rows.select_related("plan").order_by("due_on", "id"))


def plan_list(user: Any) -> "QuerySet[Plan]":
    rows: QuerySet[Plan] = Plan.objects.visible_to(user).select_related("region", "department", "made_by")
    return rows

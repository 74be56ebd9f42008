"""Lists: the ledger with its filters, what is late by town, what waits for a person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.regions.models import LEVELS as REGION_LEVELS
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.registers.sites.models import Site
from anwang.work.hazards import rules
from anwang.work.hazards.models import LEVELS, Extension, Hazard, HazardMove, HazardQuerySet
from anwang.work.hazards.rules import Action, State
from anwang.work.hazards.selectors.figures import Tally, cells, counted_beforehand
from anwang.work.hazards.selectors.life import PERMISSIONS, RECTIFYING_ACTIONS

GROUPS: dict[str, tuple[State, ...]] = {
    "open": rules.OPEN,
    "with_unit": rules.WITH_UNIT,
    "with_office": rules.WITH_OFFICE,
    "closed": (State.CLOSED,),
    "all": tuple(State),
}
"""Groups of states as people ask for them."""

ORDERS: dict[str, tuple[str, ...]] = {
    "due": ("next_due_on", "id"),
    "-due": ("-next_due_on", "-id"),
    "found": ("found_on", "id"),
    "-found": ("-found_on", "-id"),
}
"""Orders of the ledger, for ``keyset.page``; each ends in a column that no two rows share."""

COUNT_CAP = 1000
"""Rows are counted one by one up to here; then a list says “more than”."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a ledger is asked for. Empty means no restriction; several values of one filter mean any of them.

    ``states`` takes states and the names of :data:`GROUPS`. ``region`` is the code of a subtree. ``due_by`` keeps what
    is to be done until the end of that day, late ones included. ``text`` finds a number by its beginning or its last
    digits, and words in the description and in the site's name. ``found_from`` and ``found_to`` are both included,
    ``closed_from`` and ``closed_to`` likewise.
    """

    domains: Sequence[str] = ()
    grades: Sequence[str] = ()
    states: Sequence[str] = ()
    sources: Sequence[str] = ()
    region: str = ""
    late: bool = False
    ever_late: bool = False
    due_by: date | None = None
    campaign: str = ""
    text: str = ""
    unit: str = ""
    site: str = ""
    found_from: date | None = None
    found_to: date | None = None
    closed_from: date | None = None
    closed_to: date | None = None
    on_spot: bool = False

    def states_meant(self) -> tuple[State, ...]:
        """The states themselves, groups taken apart; all of them where none is asked for."""
        if not self.states:
            return GROUPS["all"]
        found = {state for word in self.states for state in GROUPS.get(word, ())}
        found |= {State(word) for word in self.states if word in State.__members__.values()}
        return tuple(state for state in State if state in found)


def ledger(user: Any, filters: Filters) -> HazardQuerySet:
    """The hazards the user may read that ``filters`` let through, without an order; pages come from ``keyset.page``."""
    rows: HazardQuerySet = Hazard.objects.visible_to(user)
    return rows.filter(_where(user, filters, region=_region(filters.region)))


def count(user: Any, filters: Filters) -> Tally:
    """How many rows :func:`ledger` has: from the counted cells where the filters allow, else row by row up to the cap."""
    region = _region(filters.region)
    if (fixed := _in_cells(filters, region)) is not None and counted_beforehand(user):
        return Tally(sum(cells(user, codes=[region.code] if region else None, group=(), **fixed).values()))
    rows = Hazard.objects.visible_to(user).filter(_where(user, filters, region=region))
    n = rows.order_by()[: COUNT_CAP + 1].count()
    return Tally(min(n, COUNT_CAP), n > COUNT_CAP)


def _region(code: str) -> Region | None:
    return Region.objects.filter(pk=code).first() if code else None


def _in_cells(filters: Filters, region: Region | None) -> dict[str, Any] | None:
    """The same question to the counted cells, None where they cannot answer it."""
    if filters.region and (region is None or region.level not in LEVELS):
        return None
    if any((filters.due_by, filters.campaign, filters.text, filters.unit, filters.site, filters.on_spot)):
        return None
    if filters.found_from or filters.found_to or filters.closed_from or filters.closed_to:
        return None
    fixed: dict[str, Any] = {}
    if filters.domains:
        fixed["domain__in"] = list(filters.domains)
    if filters.grades:
        fixed["grade__in"] = list(filters.grades)
    if filters.sources:
        fixed["source__in"] = list(filters.sources)
    if filters.states:
        fixed["state__in"] = list(filters.states_meant())
    if filters.late:
        fixed["late"] = True
    if filters.ever_late:
        fixed["ever_late"] = True
    return fixed


def _where(user: Any, filters: Filters, *, region: Region | None) -> Q:
    where = Q()
    if filters.region:
        where &= Q(**{f"{region.level}_code": region.code}) if region else Q(pk__in=[])
    for column, wanted in (("domain", filters.domains), ("grade", filters.grades), ("source", filters.sources)):
        if wanted:
            where &= Q(**{f"{column}__in": list(wanted)})
    if filters.states and set(states := filters.states_meant()) != set(State):
        where &= Q(state__in=states)
    if filters.late:
        where &= Q(late=True)
    if filters.ever_late:
        where &= Q(first_late_on__isnull=False)
    if filters.due_by:
        # Without the open states the index is not used, and what is closed is no longer due.
        where &= Q(next_due_on__lte=filters.due_by, state__in=rules.OPEN)
    for column, value in (("campaign", filters.campaign), ("unit_id", filters.unit), ("site_id", filters.site)):
        if value:
            where &= Q(**{column: value})
    if filters.found_from:
        where &= Q(found_on__gte=filters.found_from)
    if filters.found_to:
        where &= Q(found_on__lte=filters.found_to)
    if filters.closed_from:
        where &= Q(closed_on__gte=filters.closed_from)
    if filters.closed_to:
        where &= Q(closed_on__lte=filters.closed_to)
    if filters.on_spot:
        where &= Q(on_spot=True)
    return where & _said(user, filters.text)


def _said(user: Any, text: str) -> Q:
    """Words in the description or the site's name; a number by its beginning or, said short, its last digits."""
    text = text.strip()
    if not text or "\0" in text:
        return Q(pk__in=[]) if text else Q()
    if text.replace("-", "").isdecimal():
        if "-" in text or len(text) >= 6:
            return Q(number__startswith=text)
        return Q(number__endswith=f"-{text.zfill(6)}")
    sites = Site.objects.visible_to(user).filter(name__contains=text).order_by().values("pk")
    return Q(description__contains=text) | Q(site__in=sites)


# --- what is late, by town ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Overdues:
    """What is late now in one region: how many, whose turn it is, and how long the worst has waited."""

    region: Region
    n: int = 0
    major: int = 0
    with_unit: int = 0
    with_office: int = 0
    longest: int = 0
    """Days late of the oldest one."""


def overdue_by_town(user: Any, county: Region, *, today: date) -> list[Overdues]:
    """What is late in each town of the county, worst first; towns without any stand at the end.

    Given a city or province it answers by county or city. What lies in the county but in no town stands under the
    county itself.
    """
    below = REGION_LEVELS[REGION_LEVELS.index(county.level) + 1]
    late = Hazard.objects.visible_to(user).filter(late=True, **{f"{county.level}_code": county.code})
    rows = (
        late.order_by()
        .values_list(f"{below}_code")
        .annotate(
            n=Count("id"),
            major=Count("id", filter=Q(grade=rules.Grade.MAJOR)),
            with_unit=Count("id", filter=Q(state__in=rules.WITH_UNIT)),
            with_office=Count("id", filter=Q(state__in=rules.WITH_OFFICE)),
            oldest=Min("next_due_on"),
        )
    )
    regions = {region.code: region for region in Region.objects.current().within(county).filter(level=below)}
    found = {
        code: Overdues(regions.get(code, county), n, major, unit, office, longest=max((today - oldest).days, 0))
        for code, n, major, unit, office, oldest in rows
    }
    clean = [Overdues(region) for code, region in regions.items() if code not in found]
    return sorted([*found.values(), *clean], key=lambda each: (-each.n, -each.longest, each.region.code))


# --- what waits for a person ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Waiting:
    """A hazard that needs this person now, and the act it needs. ``extension`` where it is a decision on more time."""

    hazard: Hazard
    action: str
    extension: Extension | None = field(default=None)

    @property
    def late(self) -> bool:
        return bool(self.hazard.late)


NEXT: dict[State, Action] = {
    State.FOUND: Action.GRADE,
    State.MAJOR_PROPOSED: Action.CONFIRM_MAJOR,
    State.GRADED: Action.ASSIGN,
    State.ASSIGNED: Action.START,
    State.RECTIFYING: Action.SUBMIT,
    State.RETURNED: Action.SUBMIT,
    State.SUBMITTED: Action.VERIFY,
    State.VERIFIED: Action.CLOSE,
}
"""The act that brings a hazard on from each state."""


def waiting_for(user: Any, *, limit: int = 50) -> list[Waiting]:
    """What needs this user now: late first, then by the day it is due, extensions to decide among them.

    An office's stages wait for whoever holds the right for the next act there and has not taken part as the rules
    forbid (own proposal, own rectification, first acceptor of a major one). The unit's stages wait for the unit's own
    people and for the holder of its link, not for every officer who could hand in for it.
    """
    rows = waiting_rows(user).select_related("site", "unit")
    # A late one has its day behind it, so that the order by day is the order late first as well.
    hazards = list(rows.order_by("next_due_on", "id")[:limit])
    found = [Waiting(hazard, NEXT[State(hazard.state)].value) for hazard in hazards]
    found += [Waiting(e.hazard, "decide_extension", e) for e in extensions_to_decide(user)[:limit]]
    found.sort(key=lambda each: (each.hazard.next_due_on, each.hazard.pk))
    return found[:limit]


def waiting_counts(user: Any, *, cap: int = COUNT_CAP) -> dict[str, Tally]:
    """Act → how many hazards wait for this user with it; acts that nothing waits for are left out."""
    found = {}
    for action in dict.fromkeys(NEXT.values()):
        n = waiting_rows(user, actions=(action,)).order_by()[: cap + 1].count()
        if n:
            found[action.value] = Tally(min(n, cap), n > cap)
    if n := extensions_to_decide(user).order_by()[: cap + 1].count():
        found["decide_extension"] = Tally(min(n, cap), n > cap)
    return found


def waiting_rows(user: Any, *, actions: Iterable[Action] = tuple(Action)) -> HazardQuerySet:
    """The hazards behind :func:`waiting_for`, as a filter."""
    wanted = set(actions)
    by_reach: dict[Q, list[State]] = {}
    for state, action in NEXT.items():
        if action not in wanted:
            continue
        permission = PERMISSIONS[action]
        where = _own_unit(user) if permission is Permission.HAZARD_RECTIFY else scope.within(user, permission, Hazard)
        by_reach.setdefault(where, []).append(state)
    mine = Q(pk__in=[])
    for where, states in by_reach.items():
        mine |= where & Q(state__in=states)
    worked = HazardMove.objects.filter(hazard=OuterRef("pk"), by=user, action__in=RECTIFYING_ACTIONS)
    rows: HazardQuerySet = Hazard.objects.filter(mine)
    return (
        rows.exclude(state=State.MAJOR_PROPOSED, proposed_by=user)
        .exclude(state=State.VERIFIED, grade=rules.Grade.MAJOR, verified_by=user)
        .exclude(Q(state__in=[State.SUBMITTED, State.VERIFIED]) & Q(Exists(worked)))
    )


def extensions_to_decide(user: Any) -> QuerySet[Extension]:
    """Open requests for more time that this user may answer."""
    higher = [
        reach
        for reach in scope.reaches(user)
        if Permission.HAZARD_EXTEND in reach.permissions and reach.level in ("county", "city", "province")
    ]
    rows = Extension.objects.filter(state=Extension.State.ASKED, hazard__state__in=rules.OPEN).exclude(asked_by=user)
    rows = rows.filter(scope.within(user, Permission.HAZARD_EXTEND, Hazard, prefix="hazard__"))
    if not higher:
        rows = rows.filter(hazard__extended_times=0)
    return rows.select_related("hazard__site", "hazard__unit").order_by("hazard__next_due_on", "id")


def _own_unit(user: Any) -> Q:
    """Hazards that this user's own unit has to rectify, or that a signed link was made for."""
    mine = Q(pk__in=[])
    for reach in scope.reaches(user):
        if Permission.HAZARD_RECTIFY not in reach.permissions:
            continue
        if reach.thing_id and reach.thing_kind == Hazard.kind:
            mine |= Q(pk=reach.thing_id)
        elif reach.organisation_id:
            mine |= Q(unit=reach.organisation_id)
    return mine


def region_choices(user: Any, chosen: str = "") -> list[Region]:
    """Regions to filter by: below the user's own or below the chosen one, with what lies above it to go back to."""
    tops = {reach.code for reach in scope.reaches(user) if Permission.HAZARD_READ in reach.permissions and reach.code}
    if not tops:
        return []
    found = {
        region.code: region for region in Region.objects.filter(Q(code__in={*tops, chosen}) | _child_of(tops, chosen))
    }
    at = found.get(chosen)
    if at is not None and not any(found[code].holds(at) for code in tops if code in found):
        return [region for region in found.values() if chosen not in (region.code, region.parent_id)]
    above = set(at.codes().values()) - {""} if at else set()
    missing = above - set(found)
    if missing:
        found |= {r.code: r for r in Region.objects.filter(code__in=missing) if any(found[t].holds(r) for t in tops)}
    return sorted(found.values(), key=lambda region: (REGION_LEVELS.index(region.level), region.code))


def _child_of(tops: set[str], chosen: str) -> Q:
    return Q(parent__in={*tops, chosen} - {""}, retired_on__isnull=True)


def due_within(days: int, today: date) -> date:
    """The day for ``Filters.due_by``: what is due in that many days from today."""
    return clock.add_days(today, days)

"""Who takes part in visits, who may, and whom to tell."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import Grant, Role, User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.regions.models import COLUMNS
from anwang.registers.organisations import selectors as organisations
from anwang.registers.sites.models import Site
from anwang.work.inspections import rules
from anwang.work.inspections.models import Inspection, Inspector
from anwang.work.inspections.rules import Kind


def needed(kind: str) -> Permission:
    """The right to make a visit of this kind: the unit's own for a self-check, an inspector's for all others."""
    return Permission.INSPECTION_SELF if kind == Kind.SELF_CHECK else Permission.INSPECTION_CONDUCT


def kinds_for(user: Any, site: Site) -> tuple[Kind, ...]:
    """The kinds of visit this user may make at this place, the likeliest first."""
    return rules.open_kinds(
        own=scope.can(user, Permission.INSPECTION_SELF, on=site),
        conducts=scope.can(user, Permission.INSPECTION_CONDUCT, on=site),
        plans=scope.can(user, Permission.INSPECTION_PLAN, on=site),
        rectifies=scope.can(user, Permission.HAZARD_RECTIFY, on=site),
        certified=bool(getattr(user, "certificate", "")),
    )


def there(inspection: Inspection) -> list[Inspector]:
    """Those who take part now, the leader first."""
    rows = inspection.inspectors.filter(left_at__isnull=True).select_related("user")
    return sorted(rows, key=lambda row: (row.user_id != inspection.lead_id, row.joined_at, row.pk))


def takes_part(inspection: Inspection, user: Any) -> bool:
    if inspection.lead_id == user.pk:
        return True
    return bool(inspection.inspectors.filter(user_id=user.pk, left_at__isnull=True).exists())


def sections_of(inspection: Inspection, user: Any) -> frozenset[str] | None:
    """The sections this participant answers; None: all (the leader's, and of whoever has none put down)."""
    if inspection.lead_id == user.pk:
        return None
    row = inspection.inspectors.filter(user_id=user.pk, left_at__isnull=True).first()
    return frozenset(row.sections) if row is not None and row.sections else None


def colleagues(site: Site, kind: str, *, at: datetime | None = None) -> "QuerySet[User]":
    """People who may be brought along to a visit of this kind at this place.

    Their region must hold the place; their domain need not: a joint visit brings the fire brigade to an elderly home.
    """
    moment = at or timezone.now()
    permission = needed(kind)
    roles = [role.key for role in Role.objects.all() if permission in role.permissions]
    held = Grant.objects.filter(
        Q(ends_at__isnull=True) | Q(ends_at__gt=moment), role__in=roles, revoked_at__isnull=True, starts_at__lte=moment
    )
    if permission is Permission.INSPECTION_SELF:
        held = held.filter(organisation_id=site.enterprise_id or "-")
    else:
        codes = {getattr(site, column) for column in COLUMNS.values()} - {""}
        held = held.filter(Q(region__in=codes) | ~Q(organisation_id="") & Q(organisation_id=site.enterprise_id or "-"))
    return (
        User.objects.filter(pk__in=held.values("user_id"), is_active=True, kind=User.Kind.PERSON)
        .order_by("name", "pk")
        .distinct()
    )


def department_of(user: Any, at: datetime) -> str:
    """The organisation somebody comes from, in words: where they hold a post, else what their account says."""
    holding = organisations.holdings_of(user, at).first()
    return str(holding.post.organisation.name)[:80] if holding is not None else str(user.title)[:80]


def enterprise_people(inspection: Inspection) -> list[User]:
    """The unit's own people: those who look after its hazards."""
    return [
        user
        for user in scope.holders(Permission.HAZARD_RECTIFY, inspection)
        if any(reach.organisation_id == inspection.enterprise_id for reach in scope.reaches(user))
    ]


def office_people(inspection: Inspection, *, without: Iterable[str] = ()) -> list[User]:
    """Those who keep the plan for this place, at the nearest level that has anybody."""
    left_out = set(without)
    kept: list[tuple[str, User]] = []
    for user in scope.holders(Permission.INSPECTION_PLAN, inspection):
        levels = {
            reach.level
            for reach in scope.reaches(user)
            if Permission.INSPECTION_PLAN in reach.permissions and not reach.organisation_id
        }
        if user.pk not in left_out and levels:
            kept.append((next(iter(sorted(levels))), user))
    nearest = kept[0][0] if kept else ""
    return [user for level, user in kept if level == nearest]

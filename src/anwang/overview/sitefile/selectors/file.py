"""What stands in a place's file beside its timeline: hazards, figures, who answers."""

from typing import Any

from django.db.models import QuerySet

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.kernel import clock
from anwang.overview.sitefile import rules
from anwang.registers.sites import rules as site_rules
from anwang.registers.sites.models import Site, SiteKind
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import OPEN, Grade, State


def site_for(user: Any, pk: str) -> Site:
    """The place, if this user may see it. Raises Site.DoesNotExist, which is a 404."""
    rows = Site.objects.visible_to(user).select_related("region", "enterprise", "supervising_department", "merged_into")
    found: Site = rows.get(pk=pk)
    return found


def open_hazards(user: Any, site: Site) -> QuerySet[Hazard]:
    """What is not closed here, the most pressing first."""
    rows: QuerySet[Hazard] = Hazard.objects.visible_to(user).filter(site=site, state__in=OPEN)
    return rows.order_by("next_due_on", "id")


def sums(user: Any, site: Site, *, now: Any) -> rules.Sums | None:
    """The place's own figures; None for somebody who reads no hazards. One query over the rows of one place."""
    if not scope.may(user, Permission.HAZARD_READ):
        return None
    rows = Hazard.objects.visible_to(user).filter(site=site).exclude(state=State.CANCELLED).order_by()
    values = rows.values_list("found_on", "closed_on", "first_late_on", "grade", "state")
    seen = [
        rules.Seen(found_on, closed_on, first_late_on is not None, grade == Grade.MAJOR, state in OPEN)
        for found_on, closed_on, first_late_on, grade, state in values
    ]
    return rules.sums(seen, clock.local_date(now))


def position(user: Any, site: Site, kind: SiteKind | None) -> tuple[float, float] | None:
    """Where the place is shown; homes roughly, for those who do not look after them."""
    if site.lon is None or site.lat is None:
        return None
    if kind is not None and kind.home and not scope.can(user, Permission.SITE_EDIT, on=site):
        return site_rules.rounded_home(site.lon, site.lat)
    return site.lon, site.lat

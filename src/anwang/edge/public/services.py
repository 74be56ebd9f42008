"""Making, using and withdrawing signed links."""

from datetime import datetime

from django.db import transaction

from anwang.edge.public import rules, selectors
from anwang.edge.public.models import Link
from anwang.ground.accounts import services as accounts
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.files import papers
from anwang.ground.files.models import Paper
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import OPEN


@transaction.atomic
def make_link(*, hazard_id: str, by: User, now: datetime) -> Link:
    """A link to this one hazard for its unit, until some days after the deadline."""
    hazard = Hazard.objects.visible_to(by).select_related("site").select_for_update(of=("self",)).get(pk=hazard_id)
    require(by, Permission.HAZARD_LINK, on=hazard)
    if hazard.state not in OPEN:
        raise Refused("public.hazard_over")
    ends_at = clock.end_of_day(rules.ends_on(due_on=hazard.due_on, today=clock.local_date(now)))
    holder = accounts.make_link_user(name=hazard.site.name, thing=hazard, expires_at=ends_at, by=by, now=now)
    link = Link.objects.create(hazard=hazard, holder=holder, made_by=by, made_at=now, expires_at=ends_at)
    audit.record("public.link_made", on=hazard, by=by, at=now, data={"link": link.pk, "until": ends_at.isoformat()})
    return link


@transaction.atomic
def revoke_link(*, link_id: str, by: User, now: datetime) -> Link:
    """From now on the link opens nothing. What was done through it stays."""
    link = (
        Link.objects.select_for_update(of=("self",))
        .select_related("hazard", "holder")
        .get(pk=link_id, hazard__in=Hazard.objects.visible_to(by))
    )
    require(by, Permission.HAZARD_LINK, on=link.hazard)
    if link.revoked_at is None:
        accounts.revoke_link(user=link.holder, thing=link.hazard, by=by, now=now)
        link.revoked_at = now
        link.save(update_fields=["revoked_at"])
        audit.record("public.link_revoked", on=link.hazard, by=by, at=now, data={"link": link.pk})
    return link


def used(link: Link, *, now: datetime) -> None:
    """Note that the link was used, at most once a minute."""
    if link.last_used_at is None or (now - link.last_used_at).total_seconds() > 60:
        Link.objects.filter(pk=link.pk).update(last_used_at=now)


def notice(*, link_id: str, by: User, now: datetime) -> Paper:
    """The notice for the shop (隐患告知单) with the link's QR code, numbered and kept."""
    link = Link.objects.select_related("hazard__site", "holder").get(
        pk=link_id, hazard__in=Hazard.objects.visible_to(by), revoked_at=None
    )
    hazard = link.hazard
    county = Region.objects.get(code=hazard.county_code or hazard.city_code)
    problem = {
        "number": hazard.number,
        "place": hazard.place,
        "fact": hazard.description,
        "measure": hazard.required_measures,
        "basis": hazard.basis,
        "due_on": hazard.due_on.isoformat() if hazard.due_on else "",
    }
    data = {
        "unit": {"name": hazard.site.name},
        "found_on": hazard.found_on.isoformat(),
        "problems": [{key: value for key, value in problem.items() if value}],
        "link": papers.qr(selectors.address(link)),
        "link_until": clock.local_date(link.expires_at).isoformat(),
        "officers": [{"name": by.name}],
    }
    agency = papers.Agency.of(county, name=by.title or county.name, word="隐患")
    return papers.issue(kind="hazards.notice", on=hazard, data=data, agency=agency, by=by, now=now)

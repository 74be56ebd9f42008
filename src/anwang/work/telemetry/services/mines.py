"""Mines: met by their first file, bound to their place by a person."""

from datetime import datetime

from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence
from anwang.ground.regions.models import COLUMNS, Region
from anwang.registers.sites.models import Site
from anwang.work.telemetry.models import Feed, Mine

_SEQUENCE = "telemetry:mine"


@transaction.atomic
def meet(*, code: str, name: str, now: datetime, simulated: bool = False) -> Mine:
    """The mine of a code, made now if nobody has heard of it. It lies in the county that its code begins with.

    Raises Refused("telemetry.mine_unknown") where there is no such county.
    """
    known: Mine | None = Mine.objects.filter(code=code).first()
    if known is not None:
        return known
    county = Region.objects.filter(code=code[:6], level="county").first()
    if county is None:
        raise Refused("telemetry.mine_unknown", code=code)
    # Under the number's lock: of two who meet a mine at once, the second finds it.
    index = Sequence.take(_SEQUENCE) - 1
    met: Mine | None = Mine.objects.filter(code=code).first()
    if met is not None:
        return met
    mine = Mine(code=code, index=index, name=name[:120] or code, made_at=now, simulated=simulated)
    mine.place_in(county)
    mine.save()
    Feed.objects.create(mine=mine)
    audit.record("telemetry.mine_met", on=mine, by=None, at=now, data={"code": code})
    return mine


@transaction.atomic
def bind(*, mine_id: str, site_id: str, by: User, now: datetime, gas_class: str = "") -> Mine:
    """Say which place in the register sends under this code, and its gas class. Episodes to come lie where the site lies.

    Raises Refused("telemetry.site_taken").
    """
    mine: Mine = Mine.objects.visible_to(by).select_for_update().get(pk=mine_id)
    site = Site.objects.visible_to(by).get(pk=site_id)
    require(by, Permission.GAS_EDIT, on=mine)
    require(by, Permission.GAS_EDIT, on=site)
    if Mine.objects.filter(site=site).exclude(pk=mine.pk).exists():
        raise Refused("telemetry.site_taken", field="site_id")
    mine.site, mine.enterprise, mine.domain = site, site.enterprise, site.domain
    mine.gas_class = gas_class
    mine.bound_by, mine.bound_at = by, now
    mine.place_in(site.region)
    mine.full_clean(exclude=["region", *COLUMNS.values()])
    mine.save()
    audit.record("telemetry.mine_bound", on=mine, by=by, at=now, data={"site": site.pk, "gas_class": gas_class})
    return mine


def move_to_site(*, lost: Site, kept: Site, by: User, now: datetime) -> None:
    """Two site files turned out to be one place: the mine bound to the one follows, if the other has none."""
    mine = Mine.objects.filter(site=lost).first()
    if mine is None:
        return
    if Mine.objects.filter(site=kept).exists():
        mine.site = None
    else:
        mine.site, mine.enterprise = kept, kept.enterprise
    mine.save(update_fields=["site", "enterprise"])
    audit.record("telemetry.mine_bound", on=mine, by=by, at=now, data={"site": mine.site_id or "", "from": lost.pk})

"""A believable county, made by calling each room's services. Everything in it is marked as demonstration."""

import gc
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from time import monotonic

from django.db import transaction

from anwang.edge.demo import county, months, neighbour, people, registers, watch
from anwang.ground.accounts import services as accounts
from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.overview.figures import services as figures
from anwang.registers.sites.models import Site
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.services import counts

MONTHS_IN_DAYS = 300
HAZARDS = 2383 + 10
"""As many general hazards as the county counted in ten months (河曲县, 2021), and a handful of major ones."""
SMALL = 120
HAZARD_STEPS, MINE_STEPS = 40, 400
"""A hazard's whole road, and a day of the mines, take about as long as so many rows of the registers."""

Progress = Callable[[int, int], None]


def exists() -> bool:
    """Is there anything in the house that a demonstration would mix with?"""
    return Site.objects.exists() or Hazard.objects.exists()


def build(*, now: datetime, progress: Progress, small: bool = False) -> None:
    """Draw the county, fill the registers, and live through ten months up to ``now``."""
    # Hundreds of thousands of rows come and go, none in a circle: the collector's looks find nothing.
    before = gc.get_threshold()
    gc.set_threshold(200_000, 20, 50)
    try:
        _build(now=now, progress=progress, small=small)
    finally:
        gc.set_threshold(*before)


def _build(*, now: datetime, progress: Progress, small: bool) -> None:
    spec = county.build()
    wanted = SMALL if small else HAZARDS
    registers_steps = (
        len(spec.grids) + sum(1 + len(one.posts) for one in spec.organisations) + len(spec.sites) + len(spec.chains)
    )
    total, done = registers_steps + wanted * HAZARD_STEPS + neighbour.ROWS + (watch.DAYS + 1) * MINE_STEPS, 0

    def step(n: int) -> None:
        nonlocal done
        done += n
        progress(min(done, total), total)

    began = monotonic()
    begins = clock.add_days(clock.local_date(now), -MONTHS_IN_DAYS)
    opened = clock.start_of_day(clock.add_days(begins, -30)) + timedelta(hours=9)
    with transaction.atomic(), audit.gathered():
        seeder = _seeder(spec.code, now=opened)
        placed = registers.fill(spec, by=seeder, now=opened, since=clock.local_date(opened), step=step)
    with transaction.atomic(), audit.gathered():
        cast = people.make(spec, placed, now=opened)
    lived = months.Calendar(
        spec, placed, cast, begins, now, wanted, Random(spec.code), lambda n: step(n * HAZARD_STEPS)
    )
    lived.run()
    neighbour.come(spec, password=people.PASSWORD, begins=begins, now=now, step=step)
    coal = [placed.sites[each.key] for each in spec.sites if each.kind == "coal_mine"]
    # The months took minutes; mines that stopped sending when they began would all have been silent since.
    now += timedelta(seconds=monotonic() - began)
    watch.live_through(
        coal, by=cast.office, inspector=cast.inspector("coal"), now=now, step=lambda n: step(n * MINE_STEPS)
    )
    counts.fold(now=now)
    figures.compute(now=now)
    # Their passwords are as young as the demonstration, whatever the simulated calendar said.
    User.objects.filter(demo=True).update(password_changed_at=now)
    accounts.deactivate(user=seeder, by=None, now=now, note="演示县已建成")


def _seeder(code: str, *, now: datetime) -> User:
    """The account that fills the registers; put away afterwards."""
    region = Region.objects.get(code=code)
    user = accounts.create_user(
        username="demo-seeder", name="演示数据", by=None, now=now, home=region, kind=User.Kind.SYSTEM, demo=True
    )
    accounts.grant(user=user, role="county_office", by=None, now=now, region=region)
    return user


def accounts_text() -> str:
    """One account per role, with what it sees; printed at every start of a demonstration."""
    lines = [f"演示账号（口令均为 {people.PASSWORD}；单位和人均为虚构）："]
    for user in User.objects.filter(demo=True, is_active=True).order_by("created_at"):
        if not user.has_usable_password():
            continue
        grants = user.grants.select_related("role", "region")
        what = "；".join(f"{grant.role.zh}" for grant in grants)
        where = "、".join(str(grant.region) for grant in grants if grant.region) or user.title
        lines.append(f"  {user.username:<10} {what}  {where}")
    return "\n".join(lines)

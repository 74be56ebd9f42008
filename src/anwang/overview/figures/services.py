"""Making the sums, and issuing the monthly report."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from django.db import models, transaction
from django.utils import translation

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence, update_all
from anwang.ground.files import papers
from anwang.ground.files.models import Paper
from anwang.ground.files.papers import Agency
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.overview.figures import rules, selectors
from anwang.overview.figures.models import Computed, FlowSum, VisitSum
from anwang.overview.figures.papers import MONTHLY
from anwang.registers.organisations import selectors as organisations
from anwang.registers.organisations.models import Organisation, OrganisationKind
from anwang.work.hazards.models import LEVELS

log = structlog.get_logger(__name__)

Cells = dict[tuple[str, ...], dict[str, int]]


def compute(*, now: datetime) -> int:
    """Make the monthly sums anew from the rows, city by city; returns how many sums changed.

    Each city is a transaction of its own and only what changed is written, so nobody waits for it long. Called by a
    job; asking twice changes nothing.
    """
    today = clock.local_date(now)
    changed = 0
    cities = selectors.chunks()
    for city in cities:
        changed += _replace(FlowSum, city, ("level", "code", "domain", "grade", "month"), _flow_cells(city, today))
        changed += _replace(VisitSum, city, ("level", "code", "domain", "visit_kind", "month"), _visit_cells(city))
    for model in (FlowSum, VisitSum):
        changed += model.objects.exclude(chunk__in=cities).delete()[0]
    Computed.objects.update_or_create(pk="flows", defaults={"at": now})
    log.info("figures.computed", cities=len(cities), changed=changed)
    return changed


def _levelled(rows: Mapping[tuple[str, ...], Mapping[str, int]]) -> Cells:
    """Each row counted at every level it lies in: (level, code, …) → measures."""
    cells: Cells = {}
    for key, measures in rows.items():
        places, rest = key[: len(LEVELS)], key[len(LEVELS) :]
        for level, code in zip(LEVELS, places, strict=True):
            if code:
                cell = cells.setdefault((level, code, *rest), {})
                for name, n in measures.items():
                    cell[name] = cell.get(name, 0) + n
    return cells


def _flow_cells(city: str, today: Any) -> Cells:
    return _levelled(selectors.flows_of_city(city, today))


def _visit_cells(city: str) -> Cells:
    rows = selectors.visits_of_city(city)
    return _levelled({key: {"visits": n, "findings": born} for key, (n, born) in rows.items()})


@transaction.atomic
def _replace(model: type[models.Model], city: str, names: tuple[str, ...], cells: Cells) -> int:
    """Write what differs from what is kept for this city."""
    # The city's lock: of two runs at once the second sees what the first wrote, and none writes a row that is gone.
    Sequence.take(f"figures:{model._meta.model_name}:{city}")  # noqa: SLF001
    rows = model._default_manager.filter(chunk=city)  # noqa: SLF001
    plain = [each.name for each in model._meta.concrete_fields if each.name not in ("id", "chunk", *names)]  # noqa: SLF001
    gone, changed = [], []
    for row in rows:
        cell = cells.pop(tuple(getattr(row, name) for name in names), None)
        if not cell or not any(cell.values()):
            gone.append(row.pk)
            continue
        wanted = {name: cell.get(name, 0) for name in plain}
        if any(getattr(row, name) != n for name, n in wanted.items()):
            for name, n in wanted.items():
                setattr(row, name, n)
            changed.append(row)
    new = [
        model(chunk=city, **dict(zip(names, key, strict=True)), **cell)
        for key, cell in cells.items()
        if any(cell.values())
    ]
    manager = model._default_manager  # noqa: SLF001
    for at in range(0, len(gone), 500):
        rows.filter(pk__in=gone[at : at + 500]).delete()
    update_all(changed, *plain)
    manager.bulk_create(new, batch_size=1000)
    return len(gone) + len(changed) + len(new)


# --- the monthly report ---------------------------------------------------------------------------------------------


def monthly(*, region: Region, month: str, by: User, now: datetime, next_steps: str = "") -> dict[str, Any]:
    """What the report on this month says, as its paper takes it.

    Raises Refused: ``accounts.not_permitted``, ``figures.region_too_small``, ``figures.region_whole``,
    ``figures.month_wrong``.
    """
    require(by, Permission.FIGURES_EXPORT, on=region)
    if region.level not in LEVELS:
        raise Refused("figures.region_too_small", field="region")
    if not selectors.may_issue(by, region):
        raise Refused("figures.region_whole", field="region", name=region.name)
    if not rules.is_month(month) or month > clock.month_of(clock.local_date(now)):
        raise Refused("figures.month_wrong", field="month", month=month[:10])
    with translation.override("zh-hans"):
        found = selectors.report(by, region, month, now=now)
        data: dict[str, Any] = papers.plain(selectors.paper_data(found, next_steps=next_steps[:2000]))
    return data


@transaction.atomic
def issue_monthly(*, region_code: str, month: str, by: User, now: datetime, next_steps: str = "") -> Paper:
    """Issue the report under the next number. Where a valid one says exactly this already, that one is given back.

    Raises Refused as :func:`monthly` and ``papers.issue`` do; Region.DoesNotExist.
    """
    region = Region.objects.get(pk=region_code)
    data = monthly(region=region, month=month, by=by, now=now, next_steps=next_steps)
    kept = selectors.same(region, data)
    if kept is not None:
        return kept
    return papers.issue(kind=MONTHLY.key, on=region, data=data, agency=agency(region, by, now), by=by, now=now)


def draft_monthly(*, region: Region, month: str, by: User, now: datetime, next_steps: str = "") -> papers.Rendered:
    """The report as it would be; nothing is kept. Refuses as :func:`monthly` does."""
    data = monthly(region=region, month=month, by=by, now=now, next_steps=next_steps)
    return papers.draft(kind=MONTHLY.key, on=region, data=data, agency=agency(region, by, now), by=by, now=now)


REPORTING = (OrganisationKind.COMMITTEE_OFFICE, OrganisationKind.TOWN, OrganisationKind.DEPARTMENT)
WORK_SAFETY = "安全生产"
"""A county may have a committee for fire safety as well; reports on hazards are the work-safety committee's."""


def agency(region: Region, by: User, now: datetime) -> Agency:
    """Who reports on a region: the office the issuer works for there, else its work-safety committee office or town."""
    own = organisations.holdings_of(by, now).filter(
        post__organisation__region=region, post__organisation__kind_key__in=REPORTING
    )
    bodies = [holding.post.organisation for holding in own]
    if not bodies:
        bodies = list(
            Organisation.objects.current().filter(kind_key__in=REPORTING[:2], region=region).order_by("made_at")
        )
        bodies.sort(key=lambda body: WORK_SAFETY not in body.name)
    if bodies and (bodies[0].kind_key != OrganisationKind.COMMITTEE_OFFICE or WORK_SAFETY in bodies[0].name):
        body = bodies[0]
        return Agency.of(region, name=body.name, word="安委办", phone=body.phone, address=body.address)
    return Agency.of(region, name=f"{region.name}{WORK_SAFETY}委员会办公室", word="安委办")

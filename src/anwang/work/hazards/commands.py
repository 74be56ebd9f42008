"""``anwang ledger``: old ledgers in and the present one out, from the command line."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from anwang.ground.accounts.models import Grant, Role, User
from anwang.ground.audit import services as audit
from anwang.ground.base import sheets
from anwang.ground.base.errors import Refused
from anwang.ground.regions.models import COLUMNS, Region
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.services import ledger

OPERATOR = "command-line"


@transaction.atomic
def operator(region_code: str, *, now: datetime) -> User:
    """The account that the command line acts as: no password, one grant per county it was used for, in the trail."""
    region = Region.objects.filter(code=region_code, level__in=("county", "town")).first()
    if region is None:
        raise Refused("ledger.region_unknown", code=region_code)
    user, _ = User.objects.get_or_create(
        username=OPERATOR, defaults={"name": "命令行", "kind": User.Kind.SYSTEM, "password": "!"}
    )
    if not Grant.objects.filter(user=user, region=region, role_id="county_office", revoked_at=None).exists():
        role = Role.objects.get(key="county_office")
        grant = Grant.objects.create(user=user, role=role, region=region, starts_at=now)
        audit.record("accounts.granted", on=grant, by=user, at=now, data={"role": role.key, "region": region.code})
    return user


def import_file(
    path: Path,
    *,
    county: str,
    create_sites: bool,
    dry_run: bool,
    now: datetime,
    by: User | None = None,
    rejected: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Import one file; returns the result as JSON. ``rejected``: where to write the rows that were not taken."""
    if not path.is_file():
        raise Refused("ledger.file_missing", path=str(path))
    doer = by or operator(county, now=now)
    result = ledger.import_ledger(
        file=path,
        name=path.name,
        region_code=county,
        by=doer,
        now=now,
        create_sites=create_sites,
        dry_run=dry_run,
        progress=progress,
    )
    if rejected is not None and result.rejected:
        with sheets.read(path, name=path.name) as book:
            sheet, header = ledger.open_table(book)
            sheets.with_reasons(sheet, result.reasons(), to=rejected, header_row=header.row)
    return result.as_json()


def export_file(path: Path, *, county: str, now: datetime, by: User | None = None) -> dict[str, Any]:
    """Write a county's (or town's) whole ledger as Excel."""
    region = Region.objects.filter(code=county).first()
    if region is None:
        raise Refused("ledger.region_unknown", code=county)
    doer = by or operator(county, now=now)
    hazards = Hazard.objects.visible_to(doer).filter(**{COLUMNS[region.level]: region.code})
    rows = ledger.export_ledger(hazards, to=path, title=f"{region.name}隐患台账", note=now.strftime("%Y-%m-%d"))
    audit.record("hazards.ledger_exported", on=region, by=doer, at=now, data={"rows": rows})
    return {"rows": rows, "file": str(path)}

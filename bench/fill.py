"""A province's ledger made straight in the database: real regions, synthetic sites and hazards, as many as asked for.

Rows are written as COPY (PostgreSQL) or executemany (SQLite): what is measured afterwards is reading and single writes,
not this. Shares of states, domains and grades follow the demonstration county.
"""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from anwang.ground.accounts import services as accounts
from anwang.ground.base.domains import Domain
from anwang.ground.jobs.models import Job
from anwang.ground.regions.models import Region
from anwang.kernel import ids
from anwang.registers.sites import rules as site_rules
from anwang.registers.sites.models import Site
from anwang.work.hazards import rules
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.services import counts

Say = Callable[[str], None]
PASSWORD = "Anwang-Bench-2026"
STATES = (
    ("closed", 82),
    ("rectifying", 7),
    ("assigned", 3),
    ("submitted", 3),
    ("found", 2),
    ("graded", 1),
    ("returned", 2),
)
SITES_PER = 40
"""Hazards per site."""


def people(now: datetime) -> dict[str, str]:
    """One account per kind of reader; username → password."""
    wanted = {
        "county": ("county_office", "140930"),
        "city": ("city_office", "140900"),
        "town": ("town_officer", "140930100"),
        "inspector": ("inspector", "140930"),
    }
    for name, (role, code) in wanted.items():
        user = accounts.create_user(
            username=f"bench-{name}", name=f"测速{name}", by=None, now=now, password=PASSWORD, must_change=False
        )
        accounts.grant(user=user, role=role, by=None, now=now, region=Region.objects.get(code=code))
    return {f"bench-{name}": PASSWORD for name in wanted}


def ledger(total: int, *, now: datetime, say: Say, share_home: float = 0.02) -> None:
    """``total`` hazards over Shanxi; ``share_home`` of them in 河曲县, the rest spread over 117 counties."""
    rng = random.Random(140930)
    towns = list(Region.objects.filter(province_code="140000", level="town").order_by("code"))
    home = [town for town in towns if town.county_code == "140930"]
    sites = _sites(max(total // SITES_PER, 200), towns, home, rng, now, share_home)
    say(f"{len(sites)} sites")
    columns = list(Hazard._meta.concrete_fields)
    with _indexes_away(Hazard, total):
        made = 0
        for batch in _batches(_hazards(total, sites, rng, now), 50_000):
            _write(Hazard._meta.db_table, [field.column for field in columns], batch)
            made += len(batch)
            if made % 500_000 == 0 or made == total:
                say(f"{made} hazards")
    say("figures")
    counts.rebuild()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("vacuum analyze") if not connection.in_atomic_block else cursor.execute("analyze")
    else:
        with connection.cursor() as cursor:
            cursor.execute("analyze")


def _sites(
    n: int, towns: list[Region], home: list[Region], rng: random.Random, now: datetime, share: float
) -> list[Site]:
    domains = list(Domain.values)
    sites = []
    for at in range(n):
        town = rng.choice(home) if rng.random() < share else rng.choice(towns)
        site = Site(
            name=f"测速单位{at:07d}",
            name_key=f"测速单位{at:07d}",
            kind_key="other",
            number=f"bench-{at:08d}",
            domain=domains[at % len(domains)],
            state=site_rules.State.ACTIVE,
            made_at=now,
            changed_at=now,
            region=town,
        )
        site.place_in(town)
        sites.append(site)
    with transaction.atomic():
        Site.objects.bulk_create(sites, batch_size=1000)
    return sites


def _hazards(total: int, sites: list[Site], rng: random.Random, now: datetime) -> Iterator[tuple[Any, ...]]:
    fields = Hazard._meta.concrete_fields
    states = [state for state, part in STATES for _ in range(part)]
    sources = list(rules.Source)
    today = now.date()
    template = Hazard(
        description="疏散通道堆放货物，灭火器压力不足，限期整改", state_since=now, found_at=now, basis="消防法第16条"
    )
    values = {field.attname: getattr(template, field.attname) for field in fields}
    for at in range(total):
        site = sites[rng.randrange(len(sites))]
        found = today - timedelta(days=rng.randrange(700))
        state = states[rng.randrange(len(states))]
        due = found + timedelta(days=rng.randrange(3, 30))
        is_open = state != "closed"
        if is_open and rng.random() < 0.7:
            due = today + timedelta(days=rng.randrange(-20, 25))
            found = due - timedelta(days=rng.randrange(3, 30))
        late = is_open and due < today
        row = values | {
            "id": ids.new_ulid(),
            "number": f"{site.county_code}-{found.year}-b{at:08d}",
            "site_id": site.pk,
            "region_id": site.region_id,
            "province_code": site.province_code,
            "city_code": site.city_code,
            "county_code": site.county_code,
            "town_code": site.town_code,
            "domain": site.domain,
            "grade": "" if state == "found" else ("major" if rng.random() < 0.004 else "general"),
            "state": state,
            "source": sources[rng.randrange(len(sources))].value,
            "found_on": found,
            "found_month": f"{found:%Y-%m}",
            "found_at": datetime(found.year, found.month, found.day, 2, tzinfo=UTC),
            "due_on": due,
            "next_due_on": due,
            "late": late,
            "first_late_on": due + timedelta(days=1) if late or rng.random() < 0.08 else None,
            "closed_on": min(due, today) if state == "closed" else None,
            "import_key": f"bench{at:059d}",
        }
        yield tuple(row[field.attname] for field in fields)


def _batches(rows: Iterator[tuple[Any, ...]], size: int) -> Iterator[list[tuple[Any, ...]]]:
    batch: list[tuple[Any, ...]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _write(table: str, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.cursor.copy(f'copy "{table}" ({names}) from stdin') as copy:  # type: ignore[attr-defined]
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            plain = [tuple(_sqlite(value) for value in row) for row in rows]
            cursor.executemany(f'insert into "{table}" ({names}) values ({marks})', plain)


def _sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return value


class _indexes_away:
    """Drop the table's own indexes while filling, make them again afterwards (PostgreSQL, large fills only)."""

    def __init__(self, model: Any, total: int) -> None:
        self.model = model
        self.needed = connection.vendor == "postgresql" and total >= 200_000

    def __enter__(self) -> None:
        if self.needed:
            with connection.schema_editor() as editor:
                for index in self.model._meta.indexes:
                    editor.remove_index(self.model, index)

    def __exit__(self, *_: object) -> None:
        if self.needed:
            with connection.schema_editor() as editor:
                for index in self.model._meta.indexes:
                    editor.add_index(self.model, index)


def open_jobs() -> int:
    return Job.objects.filter(state="pending").count()

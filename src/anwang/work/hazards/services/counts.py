"""Figures that are ready when asked: every write says which cell a hazard left and which it entered."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum

from anwang.work.hazards.models import CELL, FACES, LEVELS, Count, Delta, Hazard

Cell = tuple[Any, ...]


def cell(hazard: Hazard) -> Cell:
    return (
        hazard.province_code,
        hazard.city_code,
        hazard.county_code,
        hazard.town_code,
        hazard.domain,
        hazard.grade,
        hazard.state,
        hazard.source,
        hazard.late,
        hazard.first_late_on is not None,
        hazard.found_month,
    )


def delta(at: Cell, n: int) -> Delta:
    province, city, county, town, domain, grade, state, source, late, ever_late, month = at
    return Delta(
        province_code=province,
        city_code=city,
        county_code=county,
        town_code=town,
        domain=domain,
        grade=grade,
        state=state,
        source=source,
        late=late,
        ever_late=ever_late,
        month=month,
        n=n,
    )


def changed(before: Cell | None, after: Cell | None) -> None:
    """Append what changed; nothing when the hazard stayed in its cell."""
    if before == after:
        return
    rows = [delta(at, n) for at, n in ((before, -1), (after, 1)) if at is not None]
    Delta.objects.bulk_create(rows)


def entered(cells: Iterable[Cell]) -> None:
    """Many new hazards at once (imports)."""
    Delta.objects.bulk_create([delta(at, n) for at, n in Counter(cells).items()], batch_size=1000)


FOLD_LOCK = 7_406_001


@transaction.atomic
def fold(*, now: datetime) -> int:  # noqa: ARG001 - jobs are given the moment; folding does not depend on it
    """Move what was appended into the counts of every level. Returns how many rows were folded.

    One fold at a time: SQLite has one writer anyway, PostgreSQL is asked for an advisory lock.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s)", [FOLD_LOCK])
            if not cursor.fetchone()[0]:
                return 0
    fresh = _take(BATCH)
    for at, level in enumerate(LEVELS):
        for face in FACES:
            sums: dict[Cell, int] = {}
            for row in fresh:
                if row[at]:
                    key = (face, level, row[at], *seen(face, row[len(LEVELS) : -1]))
                    sums[key] = sums.get(key, 0) + row[-1]
            _add([(*key, n) for key, n in sums.items() if n])
    return len(fresh)


def seen(face: str, at: Cell) -> Cell:
    """A cell as a face knows it: the other dimensions are ""."""
    return tuple(value if name in FACES[face] else "" for name, value in zip(CELL, at, strict=True))


BATCH = 200_000
"""How many rows are folded in one transaction."""


def _take(limit: int) -> list[Cell]:
    """The oldest rows, gone from the table: the codes of every level, the cell, n.

    Deleted and read in one statement: what is summed is exactly what is gone, whatever others append meanwhile.
    """
    columns = ", ".join(f'"{name}"' for name in (*LEVELS.values(), *CELL, "n"))
    table = Delta._meta.db_table  # noqa: SLF001
    sql = (
        f'delete from "{table}" where "id" in (select "id" from "{table}" order by "id" limit %s) '  # noqa: S608 - names are ours
        f"returning {columns}"
    )
    flags = [len(LEVELS) + CELL.index(name) for name in ("late", "ever_late")]
    with connection.cursor() as cursor:
        cursor.execute(sql, [limit])
        rows = [list(row) for row in cursor.fetchall()]
    for row in rows:
        for flag in flags:
            row[flag] = bool(row[flag])  # SQLite keeps truth as a number
    return [tuple(row) for row in rows]


def _add(rows: list[tuple[Any, ...]]) -> None:
    if not rows:
        return
    names = ("face", "level", "code", *CELL, "n")
    columns = ", ".join(f'"{name}"' for name in names)
    key = ", ".join(f'"{name}"' for name in names[:-1])
    table = Count._meta.db_table  # noqa: SLF001
    marks = ", ".join(["%s"] * len(names))
    sql = (
        f'insert into "{table}" ({columns}) values ({marks}) '  # noqa: S608 - names are ours, values are parameters
        f'on conflict ({key}) do update set "n" = "{table}"."n" + excluded."n"'
    )
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)


@transaction.atomic
def rebuild() -> int:
    """Count everything anew from the ledger itself; the check that folding is right, and the repair if it is not."""
    if connection.vendor == "postgresql":
        # Whoever writes a hazard appends to this table: they are waited for, and wait, so that none is counted twice.
        with connection.cursor() as cursor:
            cursor.execute(f'lock table "{Delta._meta.db_table}" in exclusive mode')  # noqa: SLF001
    Delta.objects.all().delete()
    Count.objects.all().delete()
    with connection.cursor() as cursor:
        for level, column in LEVELS.items():
            cursor.execute(_counted(level, column))
        for face in FACES:
            if face != "full":
                cursor.execute(summed_up(face))
    total: int = Count.objects.filter(level="province", face="full").aggregate(n=Sum("n"))["n"] or 0
    return total


def _counted(level: str, column: str) -> str:
    """The statement that counts every cell of one level in the ledger; ten million rows never leave the database."""
    of_hazard = {name: f'"{name}"' for name in CELL}
    of_hazard |= {"ever_late": '("first_late_on" is not null)', "month": '"found_month"'}
    columns = ", ".join(f'"{name}"' for name in CELL)
    cells = ", ".join(of_hazard[name] for name in CELL)
    return (
        f'insert into "{Count._meta.db_table}" ("face", "level", "code", {columns}, "n") '  # noqa: S608, SLF001 - names are ours
        f"select 'full', '{level}', \"{column}\", {cells}, count(*) "
        f'from "{Hazard._meta.db_table}" where "{column}" <> \'\' group by "{column}", {cells}'  # noqa: SLF001
    )


def summed_up(face: str) -> str:
    """The statement that fills a face from the full one."""
    known = ", ".join(f'"{name}"' for name in FACES[face])
    columns = ", ".join(f'"{name}"' for name in CELL)
    values = ", ".join(f'"{name}"' if name in FACES[face] else "''" for name in CELL)
    table = Count._meta.db_table  # noqa: SLF001
    return (
        f'insert into "{table}" ("face", "level", "code", {columns}, "n") '  # noqa: S608 - names are ours
        f'select \'{face}\', "level", "code", {values}, sum("n") '
        f'from "{table}" where "face" = \'full\' group by "level", "code", {known}'
    )

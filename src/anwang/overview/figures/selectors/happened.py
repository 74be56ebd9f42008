"""What happened in each month: from the sums kept ready, or from the rows where these do not reach."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from django.db.models import Case, CharField, Count, Func, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Cast, Substr

from anwang.ground.accounts.permissions import Permission
from anwang.ground.regions.models import COLUMNS, Region
from anwang.overview.figures.models import Computed, FlowSum, VisitSum
from anwang.overview.figures.rules import Flow
from anwang.overview.figures.selectors import whose
from anwang.work.hazards.models import LEVELS, Hazard, Overdue
from anwang.work.hazards.rules import WITH_UNIT, State
from anwang.work.inspections.models import Finding, Inspection
from anwang.work.inspections.rules import State as VisitState

Key = tuple[str, ...]
MEASURES = tuple(each.name for each in fields(Flow))


class Days(Func):
    """Natural days from the second date to the first."""

    arity = 2
    output_field = IntegerField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="CAST(julianday(%(expressions)s) AS INTEGER)",
                           arg_joiner=") - julianday(", **more)  # fmt: skip

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s)", arg_joiner=" - ", **more)


class LocalMonth(Func):
    """The month of a moment in China ("2026-11"): eight hours ahead, all year."""

    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="strftime('%%%%Y-%%%%m', %(expressions)s, '+8 hours')", **more
        )

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        template = "to_char(%(expressions)s AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')"
        return self.as_sql(compiler, connection, template=template, **more)


def month_of(column: str) -> Substr:
    """The month of a date column."""
    return Substr(Cast(column, CharField()), 1, 7)


# --- from the rows --------------------------------------------------------------------------------------------------


def measured(
    hazards: QuerySet[Any], overdues: QuerySet[Any], *, by: Sequence[str], today: date
) -> dict[Key, dict[str, int]]:
    """(values of the hazard's columns ``by``, month) → measures of ``rules.Flow`` that are not zero.

    ``overdues`` are the periods of lateness of the same hazards.
    """
    found: dict[Key, dict[str, int]] = {}

    def add(rows: Iterable[tuple[Any, ...]], *names: str) -> None:
        for row in rows:
            key = tuple(row[: len(by) + 1])
            cell = found.setdefault(key, {})
            for name, n in zip(names, row[len(by) + 1 :], strict=True):
                if n:
                    cell[name] = cell.get(name, 0) + int(n)

    closed = (
        hazards.filter(state=State.CLOSED, closed_on__isnull=False).order_by().annotate(in_month=month_of("closed_on"))
    )
    spot = Sum(Case(When(on_spot=True, then=Value(1)), default=Value(0), output_field=IntegerField()))
    add(
        closed.values_list(*by, "in_month").annotate(n=Count("id"), days=Sum(Days("closed_on", "found_on")), spot=spot),
        "closed",
        "closed_days",
        "on_spot",
    )
    # A deadline that waits with leave, or of an entry made in error, is nobody's promise.
    out = (State.SUSPENDED, State.CANCELLED)
    due = hazards.filter(due_on__lt=today).exclude(state__in=out).order_by().annotate(in_month=month_of("due_on"))
    add(((*row, row[-1]) for row in due.values_list(*by, "in_month").annotate(n=Count("id"))), "due", "in_time")
    far = [f"hazard__{name}" for name in by]
    unit = overdues.filter(stage__in=WITH_UNIT, hazard__due_on__lt=today).exclude(hazard__state__in=out).order_by()
    late = unit.annotate(in_month=month_of("hazard__due_on")).values_list(*far, "in_month")
    add(((*row[:-1], -row[-1]) for row in late.annotate(n=Count("hazard", distinct=True))), "in_time")
    for column, name in (("began_on", "went_late"), ("ended_on", "came_right")):
        periods = overdues.filter(**{f"{column}__isnull": False}).order_by().annotate(in_month=month_of(column))
        add(periods.values_list(*far, "in_month").annotate(n=Count("id")), name)
    return found


def visited(visits: QuerySet[Any], findings: QuerySet[Any], *, by: Sequence[str]) -> dict[Key, tuple[int, int]]:
    """(values of the visit's columns ``by``, kind, month) → visits that took place, hazards found on them."""
    done = visits.filter(state=VisitState.DONE).order_by().annotate(in_month=LocalMonth("began_at"))
    rows = done.values_list(*by, "visit_kind", "in_month").annotate(n=Count("id"))
    found = {tuple(row[:-1]): (row[-1], 0) for row in rows}
    far = [f"inspection__{name}" for name in (*by, "visit_kind")]
    born = findings.filter(inspection__state=VisitState.DONE).order_by()
    for row in (
        born.annotate(in_month=LocalMonth("inspection__began_at")).values_list(*far, "in_month").annotate(n=Count("id"))
    ):
        key = tuple(row[:-1])
        found[key] = (found.get(key, (0, 0))[0], row[-1])
    return found


# --- as they are asked for --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """Which hazards: empty means all. ``inside`` None is everything the user reads; its regions must not overlap."""

    inside: Sequence[Region] | None = None
    domains: Collection[str] = ()
    grades: Collection[str] = ()


def computed_at() -> datetime | None:
    """When the sums were made; None where they never were, and figures come from the rows."""
    return Computed.objects.filter(pk="flows").values_list("at", flat=True).first()


def flows(
    user: Any, asked: Asked, *, today: date, by: str = "", level: str = "", first: str = "", last: str = "9999-12"
) -> dict[tuple[str, str], Flow]:
    """(value of ``by``, month) → what happened. ``by`` is domain, grade, or code: the region at ``level``; "" sums all.

    ``level`` is province, city, county, town or village; villages are read from the rows.
    """
    parts = whose.parts(user, Permission.HAZARD_READ, inside=asked.inside)
    if parts is None or level not in ("", *LEVELS) or computed_at() is None:
        return _flows_from_rows(user, asked, today=today, by=by, level=level, first=first, last=last)
    cut = Q(month__gte=first, month__lte=last)
    if asked.grades:
        cut &= Q(grade__in=list(asked.grades))
    found: dict[tuple[str, str], Flow] = {}
    for part in parts:
        rows = FlowSum.objects.filter(cut, _domain(part, asked.domains), _at(part, level))
        at = _code_column(part, level) if by == "code" else ""
        name = "month" if not by or at else by
        sums = rows.order_by().values(name, "month").annotate(**{f"all_{each}": Sum(each) for each in MEASURES})
        for row in sums:
            key = (row[name] if name != "month" else at or "", row["month"])
            flow = Flow(*(row[f"all_{each}"] for each in MEASURES))
            found[key] = found.get(key, Flow()) + flow
    return found


def _domain(part: whose.Part, wanted: Collection[str]) -> Q:
    named = part.domains & set(wanted) if wanted else part.domains
    return Q() if named == whose.ALL_DOMAINS else Q(domain__in=sorted(named))


def _at(part: whose.Part, level: str) -> Q:
    """Rows of sums that hold this part: its own, or those of the regions of ``level`` below it."""
    if _code_column(part, level) is not None:
        return Q(level=part.region.level, code=part.region.code)
    below = Region.objects.within(part.region).filter(level=level).values("code")
    return Q(level=level, code__in=below)


def _code_column(part: whose.Part, level: str) -> str | None:
    """The one code under which a part stands at ``level``; None where it has to be split."""
    if not level:
        return ""
    ranks = list(LEVELS)
    if ranks.index(part.region.level) >= ranks.index(level):
        return str(getattr(part.region, LEVELS[level]))
    return None


def _flows_from_rows(
    user: Any, asked: Asked, *, today: date, by: str, level: str, first: str, last: str
) -> dict[tuple[str, str], Flow]:
    rows = Hazard.objects.visible_to(user).filter(_inside(asked.inside))
    if asked.domains:
        rows = rows.filter(domain__in=list(asked.domains))
    if asked.grades:
        rows = rows.filter(grade__in=list(asked.grades))
    overdues = Overdue.objects.filter(hazard__in=rows.values("pk"))
    columns = [COLUMNS[level] if by == "code" else by] if by else []
    found: dict[tuple[str, str], Flow] = {}
    for key, cell in measured(rows, overdues, by=columns, today=today).items():
        if first <= key[-1] <= last:
            found[(key[0] if by else "", key[-1])] = Flow(**cell)
    return found


def _inside(regions: Sequence[Region] | None, prefix: str = "") -> Q:
    if regions is None:
        return Q()
    where = Q(pk__in=[])
    for level, codes in whose.within(regions).items():
        where |= Q(**{f"{prefix}{COLUMNS[level]}__in": codes})
    return where


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits that took place, and the hazards they found."""

    visits: int = 0
    findings: int = 0

    def __add__(self, other: "Visits") -> "Visits":
        return Visits(self.visits + other.visits, self.findings + other.findings)


def visits(
    user: Any,
    *,
    inside: Sequence[Region] | None = None,
    domains: Collection[str] = (),
    level: str = "",
    first: str = "",
    last: str = "9999-12",
) -> dict[tuple[str, str, str], Visits]:
    """(region code at ``level``, kind of visit, month) → visits; without a level the code is ""."""
    parts = whose.parts(user, Permission.INSPECTION_READ, inside=inside)
    if parts is None or level not in ("", *LEVELS) or computed_at() is None:
        return _visits_from_rows(user, inside, domains, level=level, first=first, last=last)
    found: dict[tuple[str, str, str], Visits] = {}
    for part in parts:
        rows = VisitSum.objects.filter(_domain(part, domains), _at(part, level), month__gte=first, month__lte=last)
        at = _code_column(part, level)
        names = ("code",) if at is None else ()
        sums = rows.order_by().values(*names, "visit_kind", "month").annotate(n=Sum("visits"), born=Sum("findings"))
        for row in sums:
            key = (row["code"] if at is None else at, row["visit_kind"], row["month"])
            found[key] = found.get(key, Visits()) + Visits(row["n"], row["born"])
    return found


def _visits_from_rows(
    user: Any, inside: Sequence[Region] | None, domains: Collection[str], *, level: str, first: str, last: str
) -> dict[tuple[str, str, str], Visits]:
    rows = Inspection.objects.visible_to(user).filter(_inside(inside))
    if domains:
        rows = rows.filter(domain__in=list(domains))
    born = Finding.objects.filter(inspection__in=rows.values("pk"))
    by = [COLUMNS[level]] if level else []
    found = visited(rows, born, by=by)
    return {
        (key[0] if level else "", key[-2], key[-1]): Visits(*numbers)
        for key, numbers in found.items()
        if first <= key[-1] <= last
    }


def chunks() -> list[str]:
    """The cities with hazards or visits; "" for what lies in none."""
    found = set(Hazard.objects.order_by().values_list("city_code", flat=True).distinct())
    found |= set(Inspection.objects.order_by().values_list("city_code", flat=True).distinct())
    return sorted(found)


def flows_of_city(city: str, today: date) -> Mapping[Key, dict[str, int]]:
    """(province, city, county, town code, domain, grade, month) → measures, of one city."""
    by = (*LEVELS.values(), "domain", "grade")
    hazards = Hazard.objects.filter(city_code=city)
    return measured(hazards, Overdue.objects.filter(hazard__city_code=city), by=by, today=today)


def visits_of_city(city: str) -> Mapping[Key, tuple[int, int]]:
    """(province, city, county, town code, domain, kind, month) → visits, findings, of one city."""
    by = (*LEVELS.values(), "domain")
    return visited(Inspection.objects.filter(city_code=city), Finding.objects.filter(inspection__city_code=city), by=by)

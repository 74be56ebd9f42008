"""Figures that are ready when asked: sums over the counted cells, plus what was written since they were folded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from django.db.models import Count as Tallied
from django.db.models import ExpressionWrapper, F, Q, QuerySet, Sum, Value
from django.db.models.fields import BooleanField, CharField

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.domains import Domain
from anwang.ground.regions.models import LEVELS as REGION_LEVELS
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.work.hazards.models import CELL, FACES, LEVELS, Count, Delta, Hazard

ALL_DOMAINS = frozenset(Domain.values)


class Tally(NamedTuple):
    """How many; ``more`` where counting stopped at ``n``."""

    n: int
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A subtree and the domains a user reads in it. The parts of one user do not overlap."""

    level: str
    code: str
    domains: frozenset[str]

    def holds(self, region: Region) -> bool:
        return bool(getattr(region, f"{self.level}_code") == self.code)


def cells(
    user: Any,
    *,
    level: str = "",
    codes: Iterable[str] | None = None,
    group: Sequence[str] = ("domain", "state"),
    **fixed: Any,
) -> dict[tuple[Any, ...], int]:
    """How many hazards the user may read, per combination of ``group``; combinations without any are left out.

    ``group`` names dimensions of a cell (domain, grade, state, source, late, ever_late, month) and ``code``, the
    region at ``level`` (province, city, county, town); a hazard that lies above that level stands under the code "".
    ``codes`` cuts down to the subtrees of these regions, of any level. ``fixed`` cuts by dimension: a value, or
    ``name__in``, ``month__gte``, ``month__lte``. ``cells(user, group=())`` gives ``{(): total}``.

    Exact at the moment of asking: what is not folded yet is added in the same statement. Where rights come from an
    organisation, a signed link, a village or a grid, which are not counted beforehand, the rows themselves are counted.

    Raises ValueError for a dimension or level that does not exist.
    """
    _check(level, group, fixed)
    parts = _parts(user)
    if parts is not None and codes is not None:
        parts = _cut(parts, _regions(codes))
    found: dict[tuple[Any, ...], int] = {}
    if parts is None:
        _add(found, _from_rows(user, level=level, codes=codes, group=group, fixed=fixed))
    else:
        for part in parts:
            _add(found, _from_counts(part, level=level, group=group, fixed=fixed))
    return {key: n for key, n in found.items() if n}


def months(first: date, last: date) -> list[str]:
    """The months of figures from one day to another, oldest first: ``["2026-10", "2026-11"]``."""
    found = []
    day = first.replace(day=1)
    while day <= last:
        found.append(clock.month_of(day))
        day = clock.add_days(day, 32).replace(day=1)
    return found


def counted_beforehand(user: Any) -> bool:
    """Whether the user's whole scope is in the counted cells (then sums are exact and quick)."""
    return _parts(user) is not None


def _check(level: str, group: Sequence[str], fixed: Mapping[str, Any]) -> None:
    if level and level not in LEVELS:
        raise ValueError(f"no level of figures is called {level!r}")
    if "code" in group and not level:
        raise ValueError("figures by region need a level")
    if strange := [name for name in group if name not in (*CELL, "code")]:
        raise ValueError(f"no dimensions of figures are called {strange}")
    allowed = {*CELL, *(f"{name}__in" for name in CELL), "month__gte", "month__lte"}
    if strange := [name for name in fixed if name not in allowed]:
        raise ValueError(f"figures cannot be cut by {strange}")


# --- whose figures ------------------------------------------------------------------------------------------------


def _parts(user: Any) -> list[_Part] | None:
    """The user's scope as subtrees that do not overlap; None where some of it is not counted beforehand."""
    reaches = [reach for reach in scope.reaches(user) if Permission.HAZARD_READ in reach.permissions]
    if any(r.organisation_id or r.thing_id or r.everywhere or r.level not in ("", *LEVELS) for r in reaches):
        return None
    placed: dict[tuple[str, str], frozenset[str]] = {}
    for reach in reaches:
        if reach.placed:
            at = (reach.level, reach.code)
            placed[at] = placed.get(at, frozenset()) | (reach.domains or ALL_DOMAINS)
    if len(placed) <= 1:  # nearly everybody: nothing can overlap, so the tree need not be asked
        return [_Part(level, code, domains) for (level, code), domains in placed.items()]
    return _apart(placed)


def _apart(placed: Mapping[tuple[str, str], frozenset[str]]) -> list[_Part]:
    """Of subtrees that lie in each other, the inner one keeps only the domains that the outer ones do not give."""
    regions = {region.code: region for region in _regions(code for _, code in placed)}
    parts: list[_Part] = []
    for (level, code), domains in sorted(placed.items(), key=lambda pair: REGION_LEVELS.index(pair[0][0])):
        region = regions[code]
        rest = domains.difference(*(part.domains for part in parts if part.holds(region)))
        if rest:
            parts.append(_Part(level, code, rest))
    return parts


def _regions(codes: Iterable[str]) -> list[Region]:
    wanted = set(codes)
    return list(Region.objects.filter(code__in=wanted)) if wanted else []


def _cut(parts: list[_Part], regions: list[Region]) -> list[_Part] | None:
    """The parts inside these regions; None where a region is too small to be counted beforehand."""
    whole = [region for region in regions if not any(other != region and other.holds(region) for other in regions)]
    own: dict[str, Region] = {}
    found = []
    for region in whole:
        for part in parts:
            if part.holds(region):
                found.append(_Part(region.level, region.code, part.domains))
                continue
            own = own or {each.code: each for each in _regions(one.code for one in parts)}
            if region.holds(own[part.code]):
                found.append(part)
    return None if any(part.level not in LEVELS for part in found) else found


# --- sums ---------------------------------------------------------------------------------------------------------


def _from_counts(
    part: _Part, *, level: str, group: Sequence[str], fixed: Mapping[str, Any]
) -> dict[tuple[Any, ...], int]:
    cut = Q(**fixed)
    if part.domains != ALL_DOMAINS:
        cut &= Q(domain__in=sorted(part.domains))
    if "code" not in group:
        return _sums(part.level, Q(code=part.code), group, cut)
    if LEVEL_RANK[part.level] >= LEVEL_RANK[level]:
        code = part.code if part.level == level else str(getattr(_regions([part.code])[0], LEVELS[level]))
        plain = [name for name in group if name != "code"]
        at = list(group).index("code")
        found = _sums(part.level, Q(code=part.code), plain, cut)
        return {(*key[:at], code, *key[at:]): n for key, n in found.items()}
    return _by_region(part, level=level, group=group, cut=cut)


LEVEL_RANK = {level: rank for rank, level in enumerate(LEVELS)}


def _by_region(part: _Part, *, level: str, group: Sequence[str], cut: Q) -> dict[tuple[Any, ...], int]:
    """Per region below ``part``; what lies above that level is the difference to the part's own sum."""
    below = Region.objects.filter(**{f"{part.level}_code": part.code}, level=level).values("code")
    found = _sums(level, Q(code__in=below), group, cut)
    at = list(group).index("code")
    plain = [name for name in group if name != "code"]
    rest = _sums(part.level, Q(code=part.code), plain, cut)
    for key, n in found.items():
        short = (*key[:at], *key[at + 1 :])
        rest[short] = rest.get(short, 0) - n
    _add(found, {(*key[:at], "", *key[at:]): n for key, n in rest.items() if n})
    return found


def _sums(level: str, where: Q, group: Sequence[str], cut: Q) -> dict[tuple[Any, ...], int]:
    """Counted and not yet folded in one statement: both are read at the same moment, so none is counted twice."""
    face = _face(group, cut)
    folded = _summed(Count.objects.filter(where, cut, face=face, level=level), group)
    fresh = _summed(Delta.objects.annotate(code=F(LEVELS[level])).filter(where, cut), group)
    found: dict[tuple[Any, ...], int] = {}
    for _one, *key, n in folded.union(fresh, all=True):
        _add(found, {tuple(key): n or 0})
    return found


def _face(group: Sequence[str], cut: Q) -> str:
    """The smallest face that knows all that is asked."""
    asked = {*group, *_named(cut)} - {"code"}
    return next(face for face, known in FACES.items() if asked <= set(known))


def _named(cut: Q) -> Iterator[str]:
    for child in cut.children:
        if isinstance(child, Q):
            yield from _named(child)
        elif isinstance(child, tuple):
            yield child[0].partition("__")[0]


def _summed(rows: QuerySet[Any, Any], group: Sequence[str]) -> QuerySet[Any, Any]:
    # The constant stands for "no group at all": without any column values() would mean every column.
    plain = rows.order_by().annotate(one=Value("", output_field=CharField())).values("one", *group)
    sums: QuerySet[Any, Any] = plain.annotate(total=Sum("n")).values_list("one", *group, "total")
    return sums


def _from_rows(
    user: Any, *, level: str, codes: Iterable[str] | None, group: Sequence[str], fixed: Mapping[str, Any]
) -> dict[tuple[Any, ...], int]:
    rows = Hazard.objects.visible_to(user)
    if codes is not None:
        inside = Q(pk__in=[])
        for region in _regions(codes):
            inside |= Q(**{f"{region.level}_code": region.code})
        rows = rows.filter(inside)
    renamed: dict[str, Any] = {
        "ever_late": ExpressionWrapper(Q(first_late_on__isnull=False), output_field=BooleanField()),
        "month": F("found_month"),
    }
    if level:
        renamed["code"] = F(LEVELS[level])
    wanted = {name.partition("__")[0] for name in fixed} | set(group)
    rows = rows.annotate(**{name: how for name, how in renamed.items() if name in wanted}).filter(**fixed).order_by()
    if not group:
        return {(): rows.count()}
    return {tuple(key): n for *key, n in rows.values(*group).annotate(n=Tallied("id")).values_list(*group, "n")}


def _add(found: dict[tuple[Any, ...], int], more: Mapping[tuple[Any, ...], int]) -> None:
    for key, n in more.items():
        found[key] = found.get(key, 0) + n

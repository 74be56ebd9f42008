"""Reads: find a place, tell two apart, list, count, and see what is wrong with the data."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet
from shapely.geometry import Point, shape

from anwang.ground.base.domains import Domain
from anwang.ground.regions.models import COLUMNS, LEVELS, Border, Grid, Placed, Region
from anwang.kernel import codes, geo
from anwang.registers.organisations.rules import name_key, similarity
from anwang.registers.sites import rules
from anwang.registers.sites.models import Site, SiteKind, SmallPlaceLimit, SupervisionClass
from anwang.registers.sites.rules import CURRENT, Flag

SIMILAR = 0.72
"""Names this alike are shown as candidates. Candidates are for people to judge: none is ever taken by itself."""
SAME_SPOT, SAME_TOWN = 0.75, 0.8
"""How alike the names of suspected doubles are: at one spot or with one code; anywhere in one town."""


# --- kinds, classes, limits -------------------------------------------------------------------------------------------


def kinds() -> "QuerySet[SiteKind]":
    return SiteKind.objects.filter(current=True).order_by("order")


def kind_of(key: str, version: int | None = None) -> SiteKind | None:
    """The definition of a kind: the current one, or the version a site was written with."""
    rows = SiteKind.objects.filter(key=key)
    return rows.filter(current=True).first() if version is None else rows.filter(version=version).first()


def kind_words() -> dict[str, str]:
    """Kind key → its name in the reader's language."""
    return {kind.key: kind.word for kind in kinds()}


def _nearest(rows: Iterable[Any], place: Placed | Region) -> dict[Any, Any]:
    """Of rows that repeat by ``region_code``, for each key the one of the nearest region; "" is the default."""
    rank = {"": 0} | {
        code: depth for depth, level in enumerate(LEVELS, start=1) if (code := getattr(place, COLUMNS[level], ""))
    }
    best: dict[Any, Any] = {}
    for row in rows:
        key = (row.kind_key, row.field) if isinstance(row, SmallPlaceLimit) else row.key
        if row.region_code in rank and (key not in best or rank[best[key].region_code] < rank[row.region_code]):
            best[key] = row
    return best


def classes(place: Placed | Region) -> dict[str, SupervisionClass]:
    """Class key → the row that holds in this place."""
    found = _nearest(SupervisionClass.objects.order_by("key"), place)
    return dict(sorted(found.items()))


def limits(place: Placed | Region, kind_key: str, at: date) -> dict[str, float]:
    """Field → the largest value with which a place of this kind is still a small one here."""
    rows = SmallPlaceLimit.objects.filter(Q(until=None) | Q(until__gt=at), kind_key=kind_key, since__lte=at)
    return {row.field: row.limit for row in _nearest(rows, place).values()}


def limits_here(place: Placed | Region, rows: Iterable[SmallPlaceLimit]) -> list[SmallPlaceLimit]:
    """Of limits that repeat by region, those that hold in this place, in their order."""
    return list(_nearest(rows, place).values())


# --- finding ----------------------------------------------------------------------------------------------------------


def search(user: Any, text: str, *, limit: int = 20) -> list[Site]:
    """Places by name, short name, number, credit code or address, those that begin so first."""
    words = " ".join(text.split())
    if not words:
        return []
    seen = Site.objects.visible_to(user).current().select_related("region")
    key = name_key(words)
    hit = (
        Q(name__icontains=words)
        | Q(short_name__icontains=words)
        | Q(number__startswith=words)
        | Q(uscc=words.upper())
        | Q(address__icontains=words)
    )
    if key:
        hit |= Q(name_key__contains=key)
    rows = list(seen.filter(hit).order_by("name", "id")[: limit * 4])
    rows.sort(key=lambda row: (row.number != words, not row.name_key.startswith(key), row.name))
    return rows[:limit]


@dataclass(frozen=True, slots=True)
class Near:
    site: Site
    metres: float


def near(lon: float, lat: float, radius_m: float, user: Any, *, limit: int = 50) -> list[Near]:
    """Places within ``radius_m`` of a WGS-84 position, the nearest first."""
    south = math.degrees(radius_m / 6_371_008.8)
    east = south / max(0.01, math.cos(math.radians(lat)))
    box = (
        Site.objects.visible_to(user)
        .current()
        .filter(lat__gte=lat - south, lat__lte=lat + south, lon__gte=lon - east, lon__lte=lon + east)
    )
    found = [Near(row, geo.distance_m(lon, lat, row.lon, row.lat)) for row in box.select_related("region")]
    return sorted((one for one in found if one.metres <= radius_m), key=lambda one: (one.metres, one.site.pk))[:limit]


@dataclass(frozen=True, slots=True)
class Match:
    """What a name in a ledger means: one ``site``, or nothing but ``candidates`` for a person to choose from.

    ``how``: exact (same name), town (same name, told apart by town or address), several, similar, none.
    """

    site: Site | None
    candidates: tuple[Site, ...]
    how: str


class Matcher:
    """Names of one county, read once: for imports that ask thousands of times.

    Never guesses between two: with two equally good rows the answer is ``several``.
    """

    def __init__(self, county_code: str, sites: Iterable[Site] | None = None) -> None:
        """``sites``: those to be matched against; all current ones of the county where left out."""
        self._by_key: dict[str, list[Site]] = defaultdict(list)
        self._grams: dict[str, set[str]] = defaultdict(set)
        self._towns: dict[str, str] = {}
        rows = Site.objects.filter(county_code=county_code, state__in=CURRENT) if sites is None else sites
        for region in Region.objects.filter(county_code=county_code, level="town"):
            self._towns[region.code] = region.name
        for row in rows:
            self.add(row)

    def add(self, site: Site) -> None:
        """A place entered since."""
        for key in {site.name_key, name_key(site.short_name)} - {""}:
            self._by_key[key].append(site)
            for gram in _grams(key):
                self._grams[gram].add(key)

    def match(self, name: str, address: str = "", *, town_code: str = "") -> Match:
        key = name_key(name)
        if not key:
            return Match(None, (), "none")
        same = self._by_key.get(key, [])
        if len(same) == 1:
            return Match(same[0], (same[0],), "exact")
        if same:
            told = self._told_apart(same, address, town_code)
            return Match(told, tuple(same), "town" if told is not None else "several")
        alike = self._alike(key)
        return Match(None, alike, "similar" if alike else "none")

    def _told_apart(self, same: Sequence[Site], address: str, town_code: str) -> Site | None:
        """The only one in that town; else the only one with that address."""
        town = town_code or self._town_in(address)
        if town and len(here := [site for site in same if site.town_code == town]) == 1:
            return here[0]
        key = name_key(address)
        at_address = [site for site in same if key and name_key(site.address) == key]
        return at_address[0] if len(at_address) == 1 else None

    def _town_in(self, address: str) -> str:
        """The code of the only town whose name stands in this address."""
        found = [code for code, name in self._towns.items() if name and name in address]
        return found[0] if len(found) == 1 else ""

    def _alike(self, key: str) -> tuple[Site, ...]:
        shared = Counter(other for gram in _grams(key) for other in self._grams.get(gram, ()))
        scored = [(similarity(key, other), other) for other, _count in shared.most_common(40)]
        best = sorted((pair for pair in scored if pair[0] >= SIMILAR), reverse=True)[:5]
        found = dict.fromkeys(site for _score, other in best for site in self._by_key[other])
        return tuple(found)[:5]


def _grams(key: str) -> set[str]:
    return {key[at : at + 2] for at in range(len(key) - 1)} or {key}


def match(county: Region | str, name: str, address: str = "") -> Match:
    """What one name in a county means. Imports make a :class:`Matcher` once instead."""
    return Matcher(county if isinstance(county, str) else county.code).match(name, address)


def duplicates_of(site: Site, *, limit: int = 10) -> list[Site]:
    """Rows of the county that may be the same place, the likeliest first: same name, same code and kind, same spot."""
    others = Site.objects.filter(county_code=site.county_code, state__in=CURRENT).exclude(pk=site.pk)
    hit = Q(name_key=site.name_key)
    if site.uscc:
        hit |= Q(uscc=site.uscc, kind_key=site.kind_key)
    if site.lon is not None and site.lat is not None:
        hit |= Q(
            kind_key=site.kind_key,
            lon__range=(site.lon - 0.0004, site.lon + 0.0004),
            lat__range=(site.lat - 0.0004, site.lat + 0.0004),
        )
    rows = [row for row in others.filter(hit).select_related("region") if _suspect(site, row)]
    in_town = others.filter(town_code=site.town_code, kind_key=site.kind_key).exclude(pk__in=[row.pk for row in rows])
    rows += [row for row in in_town.select_related("region") if similarity(site.name_key, row.name_key) >= SAME_TOWN]
    rows.sort(key=lambda row: (-similarity(site.name_key, row.name_key), row.pk))
    return rows[:limit]


def _suspect(one: Site, other: Site) -> bool:
    """Several stations of one unit, or shops of one street, share a code or a spot and are no doubles by that alone."""
    return one.name_key == other.name_key or similarity(one.name_key, other.name_key) >= SAME_SPOT


def has_double(site: Site) -> bool:
    """Is there a row of the same name in the same county, or of the same code, kind and address?"""
    others = Site.objects.filter(county_code=site.county_code, state__in=CURRENT).exclude(pk=site.pk)
    hit = Q(name_key=site.name_key)
    if site.uscc and site.address:
        hit |= Q(uscc=site.uscc, kind_key=site.kind_key, address=site.address)
    return others.filter(hit).exists()


# --- the ledger -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the list of places. Empty parts ask for nothing."""

    region: Region | None = None
    kinds: Sequence[str] = ()
    domains: Sequence[str] = ()
    classes: Sequence[str] = ()
    colours: Sequence[str] = ()
    """red, orange, yellow, blue, or none."""
    states: Sequence[str] = ()
    """Empty: those that are worked in."""
    flags: Sequence[str] = ()
    """Any of them."""
    small: bool = False
    due_by: date | None = None
    department_id: str = ""
    enterprise_id: str = ""
    text: str = ""


def sites(user: Any, asked: Asked) -> "QuerySet[Any]":
    """The places that ``user`` sees and that answer the question."""
    rows: QuerySet[Any] = Site.objects.visible_to(user)
    if asked.region is not None:
        rows = rows.filter(**{COLUMNS[asked.region.level]: asked.region.code})
    rows = rows.filter(state__in=list(asked.states) or CURRENT)
    for column, wanted in (
        ("kind_key", asked.kinds),
        ("domain", asked.domains),
        ("supervision_class", asked.classes),
        ("colour", ["" if colour == "none" else colour for colour in asked.colours]),
    ):
        if wanted:
            rows = rows.filter(**{f"{column}__in": list(wanted)})
    if asked.flags:
        raised = Q()
        for flag in asked.flags:
            raised |= Q(flags__contains=f",{flag},")
        rows = rows.filter(raised)
    if asked.small:
        rows = rows.filter(small=True)
    if asked.due_by is not None:
        rows = rows.filter(next_inspection_on__lte=asked.due_by)
    if asked.department_id:
        rows = rows.filter(supervising_department_id=asked.department_id)
    if asked.enterprise_id:
        rows = rows.filter(enterprise_id=asked.enterprise_id)
    if words := " ".join(asked.text.split()):
        hit = Q(name__icontains=words) | Q(number__startswith=words) | Q(address__icontains=words)
        if key := name_key(words):
            hit |= Q(name_key__contains=key)
        rows = rows.filter(hit | Q(uscc=words.upper()) | Q(short_name__icontains=words))
    return rows


# --- base counts (底数) -----------------------------------------------------------------------------------------------


@dataclass
class Counts:
    """Kind × region below, with sums; and how many rows raise each doubt, per kind and in all."""

    region: Region
    children: list[Region]
    cells: dict[tuple[str, str], int]
    """(kind, region code) → how many; code "" for places put down at ``region`` itself."""
    flags: dict[tuple[str, str], int]
    """(kind, flag) → how many."""
    words: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def kinds(self) -> list[str]:
        """Kinds that occur, in the order of the library."""
        present = {kind for kind, _code in self.cells}
        return [key for key in self.words if key in present] + sorted(present - set(self.words))

    def of(self, kind: str = "", code: str | None = None) -> int:
        return sum(n for (k, c), n in self.cells.items() if (not kind or k == kind) and (code is None or c == code))

    def flagged(self, flag: str, kind: str = "") -> int:
        return sum(n for (k, f), n in self.flags.items() if f == flag and (not kind or k == kind))


def base_counts(user: Any, region: Region, *, domain: str = "") -> Counts:
    """How many places of each kind lie in each region below ``region``, and what is wrong with their data."""
    rows = sites(user, Asked(region=region, domains=[domain] if domain else ()))
    level = LEVELS.index(region.level)
    below = COLUMNS[LEVELS[level + 1]] if level + 1 < len(LEVELS) else COLUMNS["grid"]
    cells = {(row["kind_key"], row[below]): row["n"] for row in rows.values("kind_key", below).annotate(n=Count("pk"))}
    sums = rows.values("kind_key").annotate(
        **{flag.value: Count("pk", filter=Q(flags__contains=f",{flag},")) for flag in Flag}
    )
    raised = {(row["kind_key"], flag.value): row[flag.value] for row in sums for flag in Flag if row[flag.value]}
    children = list(Region.objects.filter(parent=region, code__in={code for _kind, code in cells}).order_by("code"))
    known = {child.code for child in children}
    # A grid right under a town, or a place put down at the region itself, has no column of its own.
    folded: dict[tuple[str, str], int] = Counter()
    for (kind, code), n in cells.items():
        folded[kind, code if code in known else ""] += n
    return Counts(region, children, dict(folded), raised, kind_words())


def domain_counts(user: Any, region: Region) -> dict[str, int]:
    """Industry domain → how many places in ``region``."""
    rows = sites(user, Asked(region=region)).values_list("domain").annotate(n=Count("pk"))
    found = dict(rows)
    return {code: found[code] for code in Domain.values if code in found}


# --- quality ----------------------------------------------------------------------------------------------------------


def outside(place: Placed, lon: float, lat: float) -> bool:
    """Does a position lie outside the drawn outline of its grid, or outside the kept border of its county?"""
    outlines: list[Any] = []
    if place.grid_code:
        drawn = Grid.objects.filter(pk=place.grid_code).values_list("outline", flat=True).first()
        outlines += [drawn] if drawn else []
    if not outlines:
        borders = dict(
            Border.objects.filter(
                region_id__in=[getattr(place, column) for column in COLUMNS.values() if getattr(place, column)]
            ).values_list("region_id", "geometry")
        )
        nearest = (borders.get(getattr(place, COLUMNS[level])) for level in reversed(LEVELS))
        outlines += [next((border for border in nearest if border), None)]
    spot = Point(lon, lat)
    return any(outline and shape(outline).distance(spot) > rules.BORDER_TOLERANCE_DEG for outline in outlines)


def quality(site: Site, missing: Sequence[str]) -> rules.Quality:
    """What is known about this row's data. A few queries; asked when a row is written."""
    positioned = site.lon is not None and site.lat is not None
    try:
        uscc_good = not site.uscc or bool(codes.check_uscc(site.uscc))
    except codes.CodeWrong:
        uscc_good = False
    return rules.Quality(
        positioned=positioned,
        outside=site.lon is not None and site.lat is not None and outside(site, site.lon, site.lat),
        department=site.supervising_department_id is not None,
        phone=bool(site.owner_phone or site.manager_phone),
        uscc_good=uscc_good,
        classed=bool(site.supervision_class),
        complete=not missing,
        alone=not has_double(site),
    )


def without_department(user: Any, region: Region, *, limit: int = 20) -> tuple[int, list[Site]]:
    """How many places of a region have no supervising department, and the first of them."""
    rows = sites(user, Asked(region=region, flags=[Flag.NO_DEPARTMENT])).order_by("name", "id")
    return rows.count(), list(rows[:limit])

"""Reads: the tree, words for a place, what lies at a position, and what is missing.

Functions that take ``user`` give only what that person may see; the others are for services and for words (the names of
what lies above a place may be shown to anybody who may see the place).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Length

from anwang.ground.base.errors import Refused
from anwang.ground.regions import rules, shapes
from anwang.ground.regions.models import COLUMNS, LEVELS, Border, Grid, GridChange, Placed, Region
from anwang.kernel import geo

Place = Region | Placed
DOT = " · "


# --- words ----------------------------------------------------------------------------------------------------------


def paths(places: Sequence[Place], *, start: str = "county") -> list[str]:
    """Where each place lies, in words, from ``start`` down: “河曲县 · 文笔镇 · 北元村”. One query for all of them.

    What lies above ``start`` is left out, unless nothing else would remain. City levels that only gather counties
    (市辖区) are no place and are left out.
    """
    # Level by column, the lowest last: a city without counties stands in its own county column and counts as one.
    chains = [{getattr(place, column, ""): rank for rank, column in enumerate(COLUMNS.values())} for place in places]
    wanted = {code for chain in chains for code in chain if code}
    names = {
        code: name
        for code, name, level, pseudo in Region.objects.filter(code__in=wanted).values_list(
            "code", "name", "level", "pseudo"
        )
        if not (pseudo and level == "city")
    }
    first = LEVELS.index(start)
    words = []
    for chain in chains:
        known = [(rank, names[code]) for code, rank in chain.items() if code in names]
        words.append(DOT.join([name for rank, name in known if rank >= first] or [name for _, name in known[-1:]]))
    return words


def path_words(place: Place, *, start: str = "county") -> str:
    """:func:`paths` for one place."""
    return paths([place], start=start)[0]


def path(region: Region) -> list[Region]:
    """Everything above ``region`` and itself, the province first."""
    codes = {code for code in region.codes().values() if code}
    found = {each.code: each for each in Region.objects.filter(code__in=codes)}
    return sorted(found.values(), key=lambda each: LEVELS.index(each.level))


# --- the tree -------------------------------------------------------------------------------------------------------


def tops(user: Any) -> QuerySet[Region]:
    """Where the tree of ``user`` begins: the visible regions under no visible one."""
    visible = Region.objects.current().visible_to(user)
    return visible.filter(~Exists(visible.filter(pk=OuterRef("parent_id")))).order_by("code")


def children(region: Region) -> QuerySet[Region]:
    """The current regions right under ``region``, grids included, in order of code."""
    return region.children.current().order_by("code")


@dataclass(frozen=True, slots=True)
class Below:
    """How many current regions of each level lie under a region."""

    counties: int = 0
    towns: int = 0
    villages: int = 0
    grids: int = 0


def below(regions: Sequence[Region]) -> dict[str, Below]:
    """Code → what lies under it. Regions must be of one level; one grouped query."""
    if not regions:
        return {}
    column = COLUMNS[regions[0].level]
    rows = (
        Region.objects.current()
        .filter(**{f"{column}__in": [region.code for region in regions]})
        .values(top=F(column))
        .annotate(
            counties=Count("pk", filter=Q(level="county")),
            towns=Count("pk", filter=Q(level="town")),
            villages=Count("pk", filter=Q(level="village")),
            grids=Count("pk", filter=Q(level="grid")),
        )
    )
    return {row["top"]: Below(row["counties"], row["towns"], row["villages"], row["grids"]) for row in rows.order_by()}


def search(
    user: Any, text: str, *, levels: Iterable[str] = (), within: QuerySet[Region] | None = None, limit: int = 20
) -> list[Region]:
    """Current regions by name (any part), by path (“河曲 西口”) or by code (its beginning), nearest names first.

    ``within`` replaces what ``user`` may see, for a form that offers other regions.
    """
    rows = Region.objects.current().visible_to(user) if within is None else within
    if levels:
        rows = rows.filter(level__in=list(levels))
    words = text.replace("·", " ").replace("/", " ").replace("\0", "").split()[:6]
    if not words:
        return []
    if len(words) == 1 and words[0].isdigit():
        return list(rows.filter(code__startswith=words[0]).order_by("code")[:limit])
    *above, last = words
    rows = rows.filter(name__icontains=last)
    for word in above:
        named = Region.objects.filter(name__icontains=word)
        rows = rows.filter(
            Q(county_code__in=named.filter(level="county").values("code"))
            | Q(town_code__in=named.filter(level="town").values("code"))
            | Q(village_code__in=named.filter(level="village").values("code"))
            | Q(city_code__in=named.filter(level="city").values("code"))
            | Q(province_code__in=named.filter(level="province").values("code"))
        )
    return list(rows.order_by(Length("name"), "code")[:limit])


def resolve(text: str, within: QuerySet[Region], *, levels: Iterable[str] = ()) -> Region:
    """The one region of ``within`` that ``text`` names: its code, a text that ends with its code, or its name or path.

    Raises Refused: regions.unknown, regions.several, regions.wrong_level.
    """
    text = text.strip()
    tail = text.rsplit(maxsplit=1)[-1] if text else ""
    if tail.isdecimal() and tail.isascii():
        found = list(within.filter(code=tail)[:1])
    else:
        found = search(None, text, within=within, limit=6)
        exact = [region for region in found if region.name == text.replace("·", " ").split()[-1]] if found else []
        found = exact or found
    if not found:
        raise Refused("regions.unknown", text=text[:40])
    if len(found) > 1:
        raise Refused("regions.several", text=text[:40], which="、".join(paths(found[:5])))
    if levels and found[0].level not in set(levels):
        raise Refused("regions.wrong_level", name=found[0].name)
    return found[0]


# --- positions ------------------------------------------------------------------------------------------------------


def grid_at(lon: float, lat: float, county: Region | str) -> Region | None:
    """The current grid of a county in which a WGS-84 position lies.

    Where outlines overlap the smallest one answers. A position in no outline belongs to the grid with the nearest
    listed point, if that is within ``rules.NEAR_M`` metres. None where neither says anything.
    """
    code = county if isinstance(county, str) else county.code
    grids = Grid.objects.filter(region__county_code=code, region__retired_on__isnull=True).select_related("region")
    inside = grids.filter(outline__isnull=False).filter(
        Q(west__lte=lon, south__lte=lat, east__gte=lon, north__gte=lat) | Q(west__isnull=True)
    )
    hits = [grid for grid in inside if grid.outline and shapes.contains(grid.outline, lon, lat)]
    if hits:
        return min(hits, key=lambda grid: (_size(grid), grid.pk)).region
    nearest: tuple[float, Grid] | None = None
    for grid in grids.exclude(points=[]):
        for x, y, *_words in grid.points:
            metres = geo.distance_m(lon, lat, x, y)
            if metres <= rules.NEAR_M and (nearest is None or metres < nearest[0]):
                nearest = metres, grid
    return nearest[1].region if nearest else None


def _size(grid: Grid) -> float:
    west, south, east, north = shapes.box(grid.outline or {})
    return (east - west) * (north - south)


def county_at(lon: float, lat: float) -> Region | None:
    """The county in whose kept border a WGS-84 position lies; rough to some hundred metres (see data/README.md)."""
    borders = Border.objects.filter(
        region__level="county", west__lte=lon, south__lte=lat, east__gte=lon, north__gte=lat
    ).select_related("region")
    return next((each.region for each in borders if shapes.contains(each.geometry, lon, lat)), None)


def place_at(lon: float, lat: float) -> Region | None:
    """The grid at a position, else its county, else None."""
    county = county_at(lon, lat)
    return (grid_at(lon, lat, county) or county) if county else None


# --- grids ----------------------------------------------------------------------------------------------------------


def grids_under(region: Region) -> QuerySet[Grid]:
    """The current grids in the subtree of ``region``, in order of code."""
    return (
        Grid.objects.filter(region__in=Region.objects.current().within(region).filter(level="grid"))
        .select_related("region__parent")
        .order_by("region_id")
    )


def history(region: Region) -> QuerySet[GridChange]:
    """What happened to a grid, latest first; mergers and splits from both sides."""
    return GridChange.objects.filter(Q(old=region) | Q(new=region)).select_related("old", "new").order_by("-at", "-id")


def successors(region: Region) -> list[Region]:
    """The current grids that a retired one became, through any number of mergers and splits; itself while current."""
    if region.retired_on is None:
        return [region]
    found: dict[str, Region] = {}
    seen, wave = {region.pk}, [region.pk]
    while wave:
        changes = GridChange.objects.filter(old__in=wave, what__in=["merged", "split"]).select_related("new")
        wave = []
        for change in changes:
            new = change.new
            if new is None or new.pk in seen:
                continue
            seen.add(new.pk)
            if new.retired_on is None:
                found[new.pk] = new
            else:
                wave.append(new.pk)
    return [found[code] for code in sorted(found)]


@dataclass(frozen=True, slots=True)
class Gaps:
    """What is missing below a region. Grids without a member are the organisations room's to tell."""

    villages: int
    villages_without_grid: QuerySet[Region]
    grids: int
    grids_without_outline: QuerySet[Grid]


def gaps(region: Region) -> Gaps:
    inside = Region.objects.current().within(region)
    grids = grids_under(region)
    gridded = Region.objects.current().filter(level="grid", village_code=OuterRef("code"))
    return Gaps(
        villages=inside.filter(level="village").count(),
        villages_without_grid=inside.filter(level="village").filter(~Exists(gridded)).order_by("code"),
        grids=grids.count(),
        grids_without_outline=grids.filter(outline__isnull=True),
    )


def overlaps(region: Region) -> list[tuple[Region, Region]]:
    """Pairs of current grids under ``region`` whose outlines overlap by more than a hundredth of the smaller."""
    grids = [grid for grid in grids_under(region) if grid.outline]
    return [
        (grids[one].region, grids[other].region) for one, other in shapes.overlaps([g.outline or {} for g in grids])
    ]


# --- maps -----------------------------------------------------------------------------------------------------------


def outlines(region: Region) -> dict[str, Any]:
    """A GeoJSON FeatureCollection for the map of a region's page: its border, and what lies right below it or its grids.

    Features carry ``code``, ``name``, ``level`` and ``role`` (“self” or “part”); grids never drawn give their points.
    """
    features: list[dict[str, Any]] = []
    border = Border.objects.filter(region=region).first()
    if border is not None:
        features.append(_feature(region, "self", border.geometry))
    if region.level in {"province", "city"}:
        parts = Border.objects.filter(region__in=children(region)).select_related("region")
        features += [_feature(part.region, "part", part.geometry) for part in parts.order_by("region_id")]
    elif region.level == "grid":
        grid = Grid.objects.filter(region=region).select_related("region").first()
        features += _grid_features(grid, "self") if grid else []
    else:
        for grid in grids_under(region):
            features += _grid_features(grid, "part")
    return {"type": "FeatureCollection", "features": features}


def _grid_features(grid: Grid, role: str) -> list[dict[str, Any]]:
    if grid.outline:
        return [_feature(grid.region, role, grid.outline)]
    if grid.points:
        points = {"type": "MultiPoint", "coordinates": [point[:2] for point in grid.points]}
        return [_feature(grid.region, role, points)]
    return []


def _feature(region: Region, role: str, geometry: Any) -> dict[str, Any]:
    properties = {"code": region.code, "name": region.name, "level": region.level, "role": role}
    return {"type": "Feature", "id": region.code, "properties": properties, "geometry": geometry}


def node(region: Region) -> rules.Node:
    return rules.Node(
        code=region.code,
        level=region.level,
        town=region.town_code,
        village=region.village_code,
        retired=region.retired_on is not None,
    )


def retired_since(day: date) -> QuerySet[Region]:
    """Regions retired on or after a day, for those who place rows or grants in them."""
    return Region.objects.filter(retired_on__gte=day).order_by("code")

"""Where things lie: villages and grids of the county drawn inside its real border.

The border is real (simplified). Town seats are placed by hand (data/hequ.yaml); where a village lies, and every grid's
outline, is drawn by a seeded random source so that grids tile the county without gaps. Lengths are in kilometres on a
local plane; everything handed out is longitude, latitude in WGS-84.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from shapely import MultiPoint, Point, voronoi_polygons
from shapely.affinity import scale
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from anwang.ground.regions.loader import RegionRow, read_borders, read_province

KM_NORTH = 111.32
KM_EAST = KM_NORTH * math.cos(math.radians(39.2))
"""Kilometres per degree; the county spans half a degree, so one scale is enough for a drawing."""
COMMUNITY_GRIDS = 6
GRIDS = 266


@dataclass(frozen=True, slots=True)
class Place:
    """One grid-to-be: a village's part, its point and its outline on the local plane."""

    village: RegionRow
    village_name: str
    town_name: str
    serial: int
    of: int
    centre: Point
    outline: BaseGeometry

    @property
    def code(self) -> str:
        return f"{self.village.code}{self.serial:03d}"

    @property
    def is_urban(self) -> bool:
        return self.village.name.endswith("居委会")

    def point_near(self, rng: Random, spread_km: float) -> tuple[float, float]:
        """A (longitude, latitude) inside the grid, near its centre."""
        for _ in range(200):
            spot = Point(rng.gauss(self.centre.x, spread_km), rng.gauss(self.centre.y, spread_km))
            if self.outline.contains(spot):
                return to_degrees(spot)
        return to_degrees(self.centre)

    def geometry(self) -> dict[str, Any]:
        geometry: dict[str, Any] = rounded(mapping(scale(self.outline, 1 / KM_EAST, 1 / KM_NORTH, origin=(0, 0))))
        return geometry


def short_name(village: RegionRow) -> str:
    """科村村委会 → 科村, 河湾村委会 → 河湾村, 古渡社区居委会 → 古渡社区."""
    if village.name.endswith("居委会"):
        return village.name.removesuffix("居委会")
    return village.name.removesuffix("村委会").removesuffix("村") + "村"


def draw(county: str, seats: dict[str, tuple[float, float]], rng: Random) -> list[Place]:
    """All grids of the county, in order of code. `seats`: town code → (longitude, latitude)."""
    rows = [row for row in read_province(county) if row.county == county]
    towns = {row.code: row.name for row in rows if row.level == "town"}
    border = scale(shape(read_borders(county)[county]), KM_EAST, KM_NORTH, origin=(0, 0))
    cells = _cells([_point(*seats[code]) for code in sorted(towns)], border)
    places: list[Place] = []
    villages = [row for row in rows if row.level == "village"]
    shares = grids_per_village(villages)
    for town, cell in zip(sorted(towns), cells, strict=True):
        inside = [row for row in villages if row.town == town]
        spots: list[Point] = []
        owners: list[tuple[RegionRow, int]] = []
        for row in inside:
            centre = _village_point(row, _point(*seats[town]), cell, spots, rng)
            for serial in range(1, shares[row.code] + 1):
                near = centre if serial == 1 else _spread(centre, cell, 0.25 if _urban(row) else 0.8, spots, rng)
                spots.append(near)
                owners.append((row, serial))
        for (row, serial), spot, outline in zip(owners, spots, _cells(spots, cell), strict=True):
            places.append(Place(row, short_name(row), towns[town], serial, shares[row.code], spot, outline))
    return sorted(places, key=lambda place: place.code)


def grids_per_village(villages: Sequence[RegionRow]) -> dict[str, int]:
    """How many grids each village has: communities six, the rest one, the first of each town and a few more two."""
    shares = {row.code: COMMUNITY_GRIDS if _urban(row) else 1 for row in villages}
    rural: dict[str, list[str]] = {}
    for row in villages:
        if not _urban(row):
            rural.setdefault(row.town, []).append(row.code)
    order = [codes[n] for n in range(max(map(len, rural.values()))) for codes in rural.values() if n < len(codes)]
    for code in order[: GRIDS - sum(shares.values())]:
        shares[code] = 2
    return shares


def to_degrees(spot: Point) -> tuple[float, float]:
    return round(spot.x / KM_EAST, 6), round(spot.y / KM_NORTH, 6)


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return value


def _urban(row: RegionRow) -> bool:
    return row.name.endswith("居委会")


def _point(lon: float, lat: float) -> Point:
    return Point(lon * KM_EAST, lat * KM_NORTH)


def _cells(spots: Sequence[Point], within: BaseGeometry) -> list[BaseGeometry]:
    """Voronoi cells of the spots, cut to `within`, in the order of the spots."""
    if len(spots) == 1:
        return [within]
    drawn = voronoi_polygons(MultiPoint(list(spots)), extend_to=within)
    return [next(cell for cell in drawn.geoms if cell.intersects(spot)).intersection(within) for spot in spots]


def _village_point(row: RegionRow, seat: Point, cell: BaseGeometry, taken: Sequence[Point], rng: Random) -> Point:
    if _urban(row):
        return _spread(seat, cell, 0.9, taken, rng)
    west, south, east, north = cell.bounds
    candidates: list[Point] = []
    while len(candidates) < 12:
        spot = Point(rng.uniform(west, east), rng.uniform(south, north))
        if cell.contains(spot):
            candidates.append(spot)
    return _farthest(candidates, taken)


def _spread(centre: Point, cell: BaseGeometry, spread_km: float, taken: Sequence[Point], rng: Random) -> Point:
    candidates: list[Point] = []
    while len(candidates) < 8:
        spot = Point(rng.gauss(centre.x, spread_km), rng.gauss(centre.y, spread_km))
        if cell.contains(spot):
            candidates.append(spot)
    return _farthest(candidates, taken)


def _farthest(candidates: Iterable[Point], taken: Sequence[Point]) -> Point:
    """The candidate with the most room around it, so that villages do not stand on each other."""
    return max(candidates, key=lambda spot: min((spot.distance(other) for other in taken), default=0.0))

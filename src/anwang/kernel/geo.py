"""Positions: the four datums in use, distances, and whether a point lies in an area.

Everything is stored as WGS-84 longitude and latitude in degrees (CGCS2000 differs by decimetres and counts as the
same). Maps people click on speak GCJ-02 (Amap, Tencent, WeChat) or BD-09 (Baidu), hundreds of metres off.

The GCJ-02 and BD-09 formulas are those in public use; nobody has published the official ones. Outside a box around
China they do not apply and positions pass unchanged; near its edge, far out at sea or abroad, there and back may not
meet.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal, get_args

Point = tuple[float, float]
"""Longitude, latitude, degrees."""
Position = Sequence[float]
"""GeoJSON: longitude, latitude, perhaps more."""
Ring = Sequence[Position]
Polygon = Sequence[Ring]
"""GeoJSON: the outer ring, then its holes."""
Crs = Literal["wgs84", "gcj02", "bd09", "cgcs2000"]

_AXIS = 6378245.0  # Krassovsky 1940, metres
_ECCENTRICITY = 0.00669342162296594323  # squared
_BAIDU = math.pi * 3000.0 / 180.0
_EARTH = 6371008.8  # mean radius, metres
# Each round makes the error a few hundred times smaller (a shift of 700 m changes by some 0.3 % over its own length).
_ROUNDS = 6


def in_china_box(lon: float, lat: float) -> bool:
    """Whether a position lies in the box in which the Chinese datums are applied."""
    return 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271


def wgs84_to_gcj02(lon: float, lat: float) -> Point:
    return _gcj02(lon, lat) if in_china_box(lon, lat) else (lon, lat)


def gcj02_to_wgs84(lon: float, lat: float) -> Point:
    """Solved by iteration: `wgs84_to_gcj02` of the result is the input within 1e-9 degrees."""
    return _solve(_gcj02, lon, lat) if in_china_box(lon, lat) else (lon, lat)


def gcj02_to_bd09(lon: float, lat: float) -> Point:
    return _bd09(lon, lat) if in_china_box(lon, lat) else (lon, lat)


def bd09_to_gcj02(lon: float, lat: float) -> Point:
    """Solved by iteration, as `gcj02_to_wgs84`."""
    return _solve(_bd09, lon, lat) if in_china_box(lon, lat) else (lon, lat)


def bd09_to_wgs84(lon: float, lat: float) -> Point:
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def wgs84_to_bd09(lon: float, lat: float) -> Point:
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def to_wgs84(lon: float, lat: float, crs: Crs) -> Point:
    """A position given in this datum, as we store it.

    Raises ValueError for a datum we do not know and for numbers that are no degrees, such as the projected X and Y of
    a mine survey or a latitude given first.
    """
    if crs not in get_args(Crs):
        raise ValueError(f"unknown datum: {crs!r}")
    # Written so that NaN fails too.
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"not a longitude and a latitude in degrees: {lon!r}, {lat!r}")
    if crs == "gcj02":
        return gcj02_to_wgs84(lon, lat)
    if crs == "bd09":
        return bd09_to_wgs84(lon, lat)
    return lon, lat


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Metres between two positions on a sphere (haversine); within 0.5 % of the ellipsoid."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half_phi, half_lambda = (phi2 - phi1) / 2, math.radians(lon2 - lon1) / 2
    chord = math.sin(half_phi) ** 2 + math.cos(phi1) * math.cos(phi2) * math.sin(half_lambda) ** 2
    # Rounding may put antipodes a hair above 1.
    return 2 * _EARTH * math.asin(math.sqrt(min(1.0, chord)))


def point_in_polygon(lon: float, lat: float, ring: Ring) -> bool:
    """Whether a point lies in a ring, its edge included. The ring may repeat its first position at the end or not."""
    return _side(lon, lat, ring) >= 0


def in_polygon(lon: float, lat: float, polygon: Polygon) -> bool:
    """Whether a point lies in a GeoJSON polygon: in the outer ring, in no hole. Edges, of holes too, belong to it."""
    if not polygon:
        return False
    outer, *holes = polygon
    return point_in_polygon(lon, lat, outer) and all(_side(lon, lat, hole) <= 0 for hole in holes)


def in_multipolygon(lon: float, lat: float, coordinates: Sequence[Polygon]) -> bool:
    """Whether a point lies in the `coordinates` of a GeoJSON MultiPolygon."""
    return any(in_polygon(lon, lat, polygon) for polygon in coordinates)


def _side(lon: float, lat: float, ring: Ring) -> int:
    """1 inside, 0 on the edge, -1 outside: a ray to the east, counting the edges it crosses."""
    inside = False
    for i, (x2, y2, *_) in enumerate(ring):
        x1, y1 = ring[i - 1][0], ring[i - 1][1]
        turn = (x2 - x1) * (lat - y1) - (lon - x1) * (y2 - y1)
        if turn == 0 and min(x1, x2) <= lon <= max(x1, x2) and min(y1, y2) <= lat <= max(y1, y2):
            return 0
        # The lower end of an edge counts, the upper does not: a ray through a corner crosses once.
        if (y1 > lat) != (y2 > lat) and (turn > 0) == (y2 > y1):
            inside = not inside
    return 1 if inside else -1


def _gcj02(lon: float, lat: float) -> Point:
    x, y, pi = lon - 105.0, lat - 35.0, math.pi
    waves = (20.0 * math.sin(6.0 * x * pi) + 20.0 * math.sin(2.0 * x * pi)) * 2.0 / 3.0
    root = math.sqrt(abs(x))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves
    north += (20.0 * math.sin(y * pi) + 40.0 * math.sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * pi) + 320.0 * math.sin(y / 30.0 * pi)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves
    east += (20.0 * math.sin(x * pi) + 40.0 * math.sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * pi) + 300.0 * math.sin(x / 30.0 * pi)) * 2.0 / 3.0
    phi = math.radians(lat)
    flat = 1.0 - _ECCENTRICITY * math.sin(phi) ** 2
    metres_north = _AXIS * (1.0 - _ECCENTRICITY) / (flat * math.sqrt(flat))
    metres_east = _AXIS / math.sqrt(flat) * math.cos(phi)
    return lon + math.degrees(east / metres_east), lat + math.degrees(north / metres_north)


def _bd09(lon: float, lat: float) -> Point:
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _BAIDU)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _BAIDU)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def _solve(forward: Callable[[float, float], Point], lon: float, lat: float) -> Point:
    """The position that `forward` moves to this one; the shift changes slowly, so correcting by it converges."""
    x, y = lon, lat
    for _ in range(_ROUNDS):
        there = forward(x, y)
        x, y = x + lon - there[0], y + lat - there[1]
    return x, y

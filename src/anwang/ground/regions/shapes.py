"""Outlines as people send them, checked and written the one way we keep them: GeoJSON, WGS-84, six decimals."""

from collections.abc import Iterator, Sequence
from typing import Any

import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from anwang.ground.base.errors import Refused
from anwang.kernel import geo

Geometry = dict[str, Any]
Box = tuple[float, float, float, float]
"""West, south, east, north."""

CORNERS_MAX = 20_000
DECIMALS = 6  # a decimetre


def read_outline(given: Any, *, crs: geo.Crs = "wgs84") -> Geometry:
    """A Polygon or MultiPolygon out of a GeoJSON geometry, Feature or FeatureCollection, as WGS-84.

    Raises Refused: regions.outline_unreadable, outline_outside_china, outline_crosses, outline_too_fine.
    """
    geometry = _polygons(given)
    corners = 0
    polygons: list[list[list[tuple[float, float]]]] = []
    for polygon in geometry:
        rings = []
        for ring in polygon:
            corners += len(ring)
            if corners > CORNERS_MAX:
                raise Refused("regions.outline_too_fine", field="outline", n=CORNERS_MAX)
            rings.append([_position(position, crs) for position in ring])
        polygons.append(rings)
    try:
        whole = shapely.MultiPolygon([(rings[0], rings[1:]) for rings in polygons])
    except (ValueError, IndexError, shapely.errors.ShapelyError) as error:
        raise Refused("regions.outline_unreadable", field="outline") from error
    if whole.is_empty or whole.convex_hull.area == 0:
        raise Refused("regions.outline_unreadable", field="outline")
    if not whole.is_valid:
        raise Refused("regions.outline_crosses", field="outline", where=_where(whole))
    return write(whole)


def _polygons(given: Any) -> list[Any]:
    if isinstance(given, dict) and given.get("type") == "FeatureCollection":
        features = given.get("features")
        if not isinstance(features, list) or not features or len(features) > 1000:
            raise Refused("regions.outline_unreadable", field="outline")
        return [polygon for feature in features for polygon in _polygons(feature)]
    if isinstance(given, dict) and given.get("type") == "Feature":
        return _polygons(given.get("geometry"))
    if isinstance(given, dict) and isinstance(given.get("coordinates"), list):
        found: Any = None
        if given.get("type") == "Polygon":
            found = [given["coordinates"]]
        elif given.get("type") == "MultiPolygon":
            found = given["coordinates"]
        if found and all(
            isinstance(p, list) and p and all(isinstance(r, list) and len(r) >= 3 for r in p) for p in found
        ):
            return list(found)
    raise Refused("regions.outline_unreadable", field="outline")


def _position(position: Any, crs: geo.Crs) -> tuple[float, float]:
    if not isinstance(position, list | tuple) or len(position) < 2:
        raise Refused("regions.outline_unreadable", field="outline")
    try:
        lon, lat = float(position[0]), float(position[1])
    except (TypeError, ValueError) as error:
        raise Refused("regions.outline_unreadable", field="outline") from error
    if not geo.in_china_box(lon, lat):
        raise Refused("regions.outline_outside_china", field="outline", lon=f"{lon:g}", lat=f"{lat:g}")
    lon, lat = geo.to_wgs84(lon, lat, crs)
    return round(lon, DECIMALS), round(lat, DECIMALS)


def _where(whole: BaseGeometry) -> str:
    why = shapely.is_valid_reason(whole)  # "Self-intersection[111.1 39.3]"
    return why[why.find("[") + 1 : why.find("]")].replace(" ", ", ") if "[" in why else why


def read_points(given: Sequence[Any], *, crs: geo.Crs = "wgs84") -> list[list[Any]]:
    """[[lon, lat, words], …] as WGS-84. Raises Refused("regions.points_unreadable") or outline_outside_china."""
    points: list[list[Any]] = []
    for point in given:
        if not isinstance(point, list | tuple) or not 2 <= len(point) <= 3:
            raise Refused("regions.points_unreadable", field="points")
        try:
            lon, lat = float(point[0]), float(point[1])
        except (TypeError, ValueError) as error:
            raise Refused("regions.points_unreadable", field="points") from error
        if not geo.in_china_box(lon, lat):
            raise Refused("regions.outline_outside_china", field="points", lon=f"{lon:g}", lat=f"{lat:g}")
        lon, lat = geo.to_wgs84(lon, lat, crs)
        points.append([round(lon, DECIMALS), round(lat, DECIMALS), str(point[2])[:60] if len(point) > 2 else ""])
    return points


def write(whole: BaseGeometry) -> Geometry:
    """As we keep it: a Polygon where one is enough."""
    whole = shapely.set_precision(whole, 10.0**-DECIMALS) if not _is_rounded(whole) else whole
    if isinstance(whole, shapely.MultiPolygon) and len(whole.geoms) == 1:
        whole = whole.geoms[0]
    written: Geometry = _lists(mapping(whole))
    return written


def _is_rounded(whole: BaseGeometry) -> bool:
    coordinates = shapely.get_coordinates(whole)
    return bool((coordinates.round(DECIMALS) == coordinates).all())


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(inner) for inner in value]
    return round(value, DECIMALS) if isinstance(value, float) else value


def union(outlines: Sequence[Geometry]) -> Geometry:
    """One outline around several; slivers between neighbours (under a metre) are closed."""
    joined = shapely.union_all([shape(outline).buffer(5e-6, join_style="mitre") for outline in outlines])
    return write(_areas(joined.buffer(-5e-6, join_style="mitre")))


def _areas(whole: BaseGeometry) -> BaseGeometry:
    parts = [part for part in getattr(whole, "geoms", [whole]) if part.geom_type == "Polygon" and not part.is_empty]
    return shapely.MultiPolygon(parts)


def box(outline: Geometry) -> Box:
    west, south, east, north = shape(outline).bounds
    return west, south, east, north


def middle(outline: Geometry) -> geo.Point:
    """A position inside the outline, for a mark on a map."""
    point = shape(outline).representative_point()
    return round(point.x, DECIMALS), round(point.y, DECIMALS)


def contains(outline: Geometry, lon: float, lat: float) -> bool:
    """Whether a position lies inside, the edge included."""
    coordinates = outline["coordinates"]
    inside = geo.in_polygon if outline["type"] == "Polygon" else geo.in_multipolygon
    return inside(lon, lat, coordinates)


def share_inside(outline: Geometry, border: Geometry) -> float:
    """How much of ``outline`` lies in ``border``, 0 to 1."""
    inner, outer = shape(outline), shape(border)
    if not outer.is_valid:
        outer = shapely.make_valid(outer)
    return float(inner.intersection(outer).area / inner.area) if inner.area else 0.0


def overlaps(outlines: Sequence[Geometry], *, share: float = 0.01) -> Iterator[tuple[int, int]]:
    """Pairs of places in ``outlines`` that cover more than ``share`` of the smaller one together."""
    shapes = [shape(outline) for outline in outlines]
    if len(shapes) < 2:
        return
    tree = shapely.STRtree(shapes)
    for one, other in zip(*tree.query(shapes, predicate="intersects"), strict=True):
        if one < other:
            common = shapes[one].intersection(shapes[other]).area
            if common > share * min(shapes[one].area, shapes[other].area):
                yield int(one), int(other)

"""Regions and grids over the API: what the screens show and do."""

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from anwang.ground.base.schemas import Id, Line
from anwang.ground.regions import selectors, services
from anwang.ground.regions.models import Grid, Region

router = Router(tags=["regions"])

Level = Literal["province", "city", "county", "town", "village", "grid"]
Datum = Literal["wgs84", "gcj02", "bd09", "cgcs2000"]
Points = Annotated[list[list[float | Line]], Field(max_length=2000)]
Outline = Annotated[
    dict[str, Any] | None, Field(description="GeoJSON geometry, Feature or FeatureCollection; lon, lat")
]


class RegionOut(Schema):
    code: str
    name: str
    level: Level
    parent: str | None = None
    path: str
    lon: float | None
    lat: float | None
    retired_on: date | None


class GridOut(RegionOut):
    made_on: date
    outline: dict[str, Any] | None
    points: list[Any]
    successors: list[str]


class DrawIn(Schema):
    outline: Outline = None
    points: Points = []
    crs: Datum = "wgs84"
    note: Line = ""


class GridIn(DrawIn):
    under: Id
    name: Line
    code: Line = ""


class NameIn(Schema):
    name: Line
    note: Line = ""


class MergeIn(DrawIn):
    olds: Annotated[list[Id], Field(max_length=60)]
    name: Line
    under: Id | None = None


class PartIn(Schema):
    name: Line
    outline: Outline = None
    points: Points = []


class SplitIn(Schema):
    parts: Annotated[list[PartIn], Field(max_length=30)]
    crs: Datum = "wgs84"
    note: Line = ""


class SearchIn(Schema):
    q: Line
    level: list[Level] = []
    limit: Annotated[int, Field(ge=1, le=100)] = 20


def _seen(request: HttpRequest, code: str) -> Region:
    return Region.objects.visible_to(request.user).get(pk=code)


def _out(regions: list[Region]) -> list[dict[str, Any]]:
    words = selectors.paths(regions)
    return [
        {
            "code": region.code,
            "name": region.name,
            "level": region.level,
            "parent": region.parent_id,
            "path": path,
            "lon": region.lon,
            "lat": region.lat,
            "retired_on": region.retired_on,
        }
        for region, path in zip(regions, words, strict=True)
    ]


def _grid(region: Region) -> dict[str, Any]:
    row = Grid.objects.get(pk=region.pk)
    later = [each.code for each in selectors.successors(region) if each.pk != region.pk]
    more = {"made_on": row.made_on, "outline": row.outline, "points": row.points, "successors": later}
    return _out([region])[0] | more


@router.get("/", response=list[RegionOut], summary="Where one's own tree begins")
def tops(request: HttpRequest) -> Any:
    return _out(list(selectors.tops(request.user)[:500]))


@router.get("/search", response=list[RegionOut], summary="By name, path or code, within one's own reach")
def search(request: HttpRequest, asked: Query[SearchIn]) -> Any:
    return _out(selectors.search(request.user, asked.q, levels=asked.level, limit=asked.limit))


@router.get("/at", response=RegionOut | None, summary="The grid or county at a WGS-84 position, within one's own reach")
def at(request: HttpRequest, lon: float, lat: float) -> Any:
    place = selectors.place_at(lon, lat)
    if place is None or not Region.objects.visible_to(request.user).filter(pk=place.pk).exists():
        return None
    return _out([place])[0]


@router.post("/grids/merge", response={201: GridOut})
def merge_grids(request: HttpRequest, body: MergeIn) -> Any:
    fields = body.dict()
    olds = [_seen(request, code) for code in dict.fromkeys(fields.pop("olds"))]
    under = _seen(request, code) if (code := fields.pop("under")) else None
    made = services.merge_grids(olds=olds, under=under, by=request.user, now=timezone.now(), **fields)
    return 201, _grid(made)


@router.get("/grids/{code}", response=GridOut)
def grid(request: HttpRequest, code: Id) -> Any:
    return _grid(_seen(request, code))


@router.post("/grids", response={201: GridOut})
def make_grid(request: HttpRequest, body: GridIn) -> Any:
    fields = body.dict()
    under = _seen(request, fields.pop("under"))
    made = services.make_grid(under=under, by=request.user, now=timezone.now(), **fields)
    return 201, _grid(made)


@router.post("/grids/{code}/rename", response=GridOut)
def rename(request: HttpRequest, code: Id, body: NameIn) -> Any:
    grid = _seen(request, code)
    return _grid(services.rename(grid=grid, by=request.user, now=timezone.now(), **body.dict()))


@router.post("/grids/{code}/redraw", response=GridOut)
def redraw(request: HttpRequest, code: Id, body: DrawIn) -> Any:
    grid = _seen(request, code)
    return _grid(services.redraw(grid=grid, by=request.user, now=timezone.now(), **body.dict()))


@router.post("/grids/{code}/split", response={201: list[GridOut]})
def split(request: HttpRequest, code: Id, body: SplitIn) -> Any:
    parts = [services.Part(part.name, part.outline, part.points) for part in body.parts]
    made = services.split_grid(
        grid=_seen(request, code), parts=parts, crs=body.crs, note=body.note, by=request.user, now=timezone.now()
    )
    return 201, [_grid(each) for each in made]


@router.get("/{code}", response=RegionOut)
def region(request: HttpRequest, code: Id) -> Any:
    return _out([_seen(request, code)])[0]


@router.get("/{code}/children", response=list[RegionOut])
def children(request: HttpRequest, code: Id) -> Any:
    return _out(list(selectors.children(_seen(request, code))[:1000]))


@router.get("/{code}/outlines", response=dict[str, Any], summary="GeoJSON FeatureCollection, WGS-84")
def outlines(request: HttpRequest, code: Id) -> Any:
    return selectors.outlines(_seen(request, code))

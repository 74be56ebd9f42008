"""The region tree (行政区划) and the grids (网格) below it, and what it means for a row to lie in a place."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from anwang.ground.base import rights
from anwang.ground.base.models import BaseModel

LEVELS = ("province", "city", "county", "town", "village", "grid")
COLUMNS = {level: f"{level}_code" for level in LEVELS}
"""Level → the stored column that holds a row's code at that level."""


READ = "region.read"
EDIT_GRIDS = "grid.edit"
"""Permissions by their words: accounts stands above this room (see ``base.rights``)."""


class RegionQuerySet(models.QuerySet["Region"]):
    def current(self) -> Self:
        return self.filter(retired_on__isnull=True)

    def visible_to(self, user: Any) -> Self:
        """The regions whose pages ``user`` may read. The names of what lies above them may be shown to anybody."""
        return self.filter(rights.within(user, READ, Region))

    def within(self, region: "Region") -> Self:
        """The subtree of ``region``, itself included: one equality on a stored column, so one index."""
        return self.filter(**{COLUMNS[region.level]: region.code})


class Region(models.Model):
    """One node of the tree. ``code`` is GB/T 2260 + statistical town (9) and village (12) codes; grids add a tail.

    Every node repeats the codes of its ancestors, so that a subtree is an equality and not a prefix range.
    """

    kind: ClassVar[str] = "region"

    code = models.CharField(primary_key=True, max_length=20)
    name = models.CharField(max_length=60)
    level = models.CharField(max_length=8, choices=[(level, level) for level in LEVELS])
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="children")
    province_code = models.CharField(max_length=6, blank=True)
    city_code = models.CharField(max_length=6, blank=True)
    county_code = models.CharField(max_length=6, blank=True)
    town_code = models.CharField(max_length=9, blank=True)
    village_code = models.CharField(max_length=12, blank=True)
    grid_code = models.CharField(max_length=20, blank=True)
    pseudo = models.BooleanField(default=False)
    """A statistical unit that is no administrative county (development zones such as 140171)."""
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    retired_on = models.DateField(null=True)

    objects = RegionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(level__in=LEVELS), name="regions_level_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["county_code", "level", "code"], name="regions_county"),
            models.Index(fields=["city_code", "level", "code"], name="regions_city"),
            models.Index(fields=["town_code", "level", "code"], name="regions_town"),
            models.Index(fields=["village_code", "level", "code"], name="regions_village"),
            models.Index(fields=["province_code", "level", "code"], name="regions_province"),
            models.Index(fields=["name"], name="regions_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def pk_code(self) -> str:
        return self.code

    def codes(self) -> dict[str, str]:
        """Column → code for every ancestor and itself; what :class:`Placed` copies."""
        return {column: getattr(self, column) for column in COLUMNS.values()}

    def holds(self, place: "Region | Placed") -> bool:
        """Does ``place`` lie in this subtree?"""
        return bool(self.code) and getattr(place, COLUMNS[self.level], "") == self.code


class Placed(models.Model):
    """Abstract: a row that lies in a region. The six code columns are filled from ``region`` by :meth:`place_in`."""

    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="+")
    province_code = models.CharField(max_length=6, editable=False)
    city_code = models.CharField(max_length=6, blank=True, editable=False)
    county_code = models.CharField(max_length=6, blank=True, editable=False)
    town_code = models.CharField(max_length=9, blank=True, editable=False)
    village_code = models.CharField(max_length=12, blank=True, editable=False)
    grid_code = models.CharField(max_length=20, blank=True, editable=False)

    class Meta:
        abstract = True

    def place_in(self, region: Region) -> None:
        self.region = region
        for column, code in region.codes().items():
            setattr(self, column, code)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and not self.province_code:
            self.place_in(self.region)
        super().save(*args, **kwargs)


class Grid(models.Model):
    """What a grid has beyond its node: its outline and its history. Members are posts (registers/organisations)."""

    kind: ClassVar[str] = "grid"

    region = models.OneToOneField(Region, on_delete=models.PROTECT, primary_key=True, related_name="grid")
    outline = models.JSONField(null=True, blank=True)
    """GeoJSON Polygon or MultiPolygon, WGS-84; null where only a list of points is known."""
    points = models.JSONField(default=list, blank=True)
    """[[lon, lat, words], …] WGS-84 for grids that were never drawn."""
    made_on = models.DateField()
    west = models.FloatField(null=True, editable=False)
    south = models.FloatField(null=True, editable=False)
    east = models.FloatField(null=True, editable=False)
    north = models.FloatField(null=True, editable=False)
    """The box around the outline: what a question about a point asks first."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(west__isnull=True, south__isnull=True, east__isnull=True, north__isnull=True)
                | Q(west__isnull=False, south__isnull=False, east__isnull=False, north__isnull=False),
                name="regions_grid_box_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.region.name


class GridChange(BaseModel):
    """Merge and split with history: which grid became which, when, why."""

    class What(models.TextChoices):
        MADE = "made"
        MERGED = "merged"
        SPLIT = "split"
        REDRAWN = "redrawn"
        RENAMED = "renamed"

    kind: ClassVar[str] = "grid_change"

    what = models.CharField(max_length=8, choices=What.choices)
    old = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, related_name="changes_from")
    new = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, related_name="changes_to")
    at = models.DateTimeField()
    by_id = models.CharField(max_length=26, blank=True)
    by_name = models.CharField(max_length=80, blank=True)
    note = models.CharField(max_length=300, blank=True)
    before = models.JSONField(default=dict, blank=True)
    """What a redrawing or renaming replaced: {"name"} or {"outline", "points"}."""

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(what__in=["made", "merged", "split", "redrawn", "renamed"]), name="regions_change_known"
            ),
        ]


class Border(models.Model):
    """Outlines for maps (GeoJSON, WGS-84)."""

    region = models.OneToOneField(Region, on_delete=models.CASCADE, primary_key=True, related_name="border")
    geometry = models.JSONField()
    source = models.CharField(max_length=120)
    west = models.FloatField(null=True, editable=False)
    south = models.FloatField(null=True, editable=False)
    east = models.FloatField(null=True, editable=False)
    north = models.FloatField(null=True, editable=False)

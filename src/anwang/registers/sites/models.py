"""Supervised places (监管对象), one file each: what they are, where, whose, who supervises them, and how often."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language

from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import ScopeColumns, ScopedQuerySet, within
from anwang.ground.base.domains import Domain
from anwang.ground.base.models import BaseModel
from anwang.ground.regions.models import Placed
from anwang.registers.organisations.models import Organisation
from anwang.registers.organisations.selectors import Answer
from anwang.registers.sites.labels import COLOURS, CRS
from anwang.registers.sites.rules import CURRENT, Action, State


class SiteKind(models.Model):
    """A kind of place with fields of its own, one row per version of its definition.

    ``fields``: [{key, zh, en, type: text|number|date|choice|bool, unit, required, choices: [{key, zh, en}]}].
    A site keeps the version it was written with; the newest one (``current``) asks the questions.
    """

    kind: ClassVar[str] = "site_kind"

    key = models.CharField(max_length=30)
    version = models.PositiveSmallIntegerField()
    current = models.BooleanField(default=True)
    zh = models.CharField(max_length=40)
    en = models.CharField(max_length=80)
    domain = models.CharField(max_length=20, choices=Domain.choices)
    icon = models.CharField(max_length=40, blank=True)
    order = models.PositiveSmallIntegerField(default=100)
    home = models.BooleanField(default=False)
    """Where people live: its position is shown to others rounded to about a hundred metres."""
    fields = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "version"], name="sites_kind_version"),
            models.UniqueConstraint(fields=["key"], condition=Q(current=True), name="sites_one_current_kind"),
        ]

    def __str__(self) -> str:
        return self.word

    @property
    def word(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


class SupervisionClass(models.Model):
    """How closely a place is supervised and how many months may pass between inspections; per region where it differs.

    ``region_code`` "" is the default. An office edits these rows; which law or plan says so stands in ``basis``.
    """

    kind: ClassVar[str] = "supervision_class"

    key = models.CharField(max_length=4)
    region_code = models.CharField(max_length=12, blank=True)
    zh = models.CharField(max_length=60)
    en = models.CharField(max_length=80)
    inspection_months = models.PositiveSmallIntegerField()
    basis = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=200, blank=True)
    confidence = models.CharField(max_length=12, blank=True)
    version = models.PositiveSmallIntegerField(default=1)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "region_code"], name="sites_one_class"),
            models.CheckConstraint(condition=Q(inspection_months__gte=1), name="sites_class_months"),
        ]

    def __str__(self) -> str:
        return self.word

    @property
    def word(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


class SmallPlaceLimit(models.Model):
    """Up to where a place counts as one of the nine small ones (九小场所). Cities draw the line differently: data.

    ``region_code`` "" is the default, a city or county code overrides it. ``field`` names the kind's own field that is
    measured; a place is small while every limit of its kind holds.
    """

    kind: ClassVar[str] = "small_place_limit"

    region_code = models.CharField(max_length=12, blank=True)
    kind_key = models.CharField(max_length=30)
    field = models.CharField(max_length=30)
    limit = models.FloatField()
    unit = models.CharField(max_length=12, blank=True)
    basis = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=200, blank=True)
    confidence = models.CharField(max_length=12, blank=True)
    version = models.PositiveSmallIntegerField(default=1)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["region_code", "kind_key", "field"],
                condition=Q(until__isnull=True),
                name="sites_one_limit",
            ),
        ]


class SiteQuerySet(ScopedQuerySet):
    read = Permission.SITE_READ

    def current(self) -> Self:
        """Those that are worked in: active and suspended, not closed, not merged away."""
        return self.filter(state__in=CURRENT)


class Site(BaseModel, Placed):
    """One supervised place. ``enterprise`` is who owns or manages it; one unit may have several places.

    Positions are WGS-84 degrees. ``flags`` are doubts about the data, between commas (",no_phone,no_position,").
    """

    kind: ClassVar[str] = "site"
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(domain="domain", organisations=("enterprise_id",))
    personal: ClassVar[Mapping[str, str]] = {
        "owner_name": "kept",
        "owner_phone": "masked",
        "manager_name": "kept",
        "manager_phone": "masked",
    }

    number = models.CharField(max_length=32, unique=True)
    region_path = models.CharField(max_length=120, blank=True, editable=False)
    """Town and village in words, as shown in lists ("文笔镇 · 北元村")."""
    name = models.CharField(max_length=120)
    name_key = models.CharField(max_length=120, editable=False)
    short_name = models.CharField(max_length=40, blank=True)
    kind_key = models.CharField(max_length=30)
    kind_version = models.PositiveSmallIntegerField(default=1)
    domain = models.CharField(max_length=20, choices=Domain.choices)
    enterprise = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="sites")
    uscc = models.CharField(max_length=18, blank=True)
    address = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    crs_input = models.CharField(max_length=10, blank=True, choices=CRS)
    position_raw = models.CharField(max_length=60, blank=True)
    owner_name = models.CharField(max_length=40, blank=True)
    owner_phone = models.CharField(max_length=20, blank=True)
    manager_name = models.CharField(max_length=40, blank=True)
    manager_phone = models.CharField(max_length=20, blank=True)
    people_on_site = models.PositiveIntegerField(null=True, blank=True)
    supervision_class = models.CharField(max_length=4, blank=True)
    supervising_department = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="supervised_sites"
    )
    size_above_threshold = models.BooleanField(null=True, blank=True)
    standardisation_grade = models.CharField(max_length=10, blank=True)
    standardisation_until = models.DateField(null=True, blank=True)
    colour = models.CharField(max_length=8, blank=True, choices=COLOURS)
    colour_at = models.DateTimeField(null=True, blank=True)
    fields = models.JSONField(default=dict, blank=True)
    small = models.BooleanField(null=True, editable=False)
    """One of the nine small places by the limits of its city; null where that cannot be told."""
    state = models.CharField(max_length=10, default=State.ACTIVE)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    opened_on = models.DateField(null=True, blank=True)
    last_inspected_on = models.DateField(null=True, blank=True)
    next_inspection_on = models.DateField(null=True, blank=True)
    flags = models.CharField(max_length=200, blank=True, editable=False)
    demo = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    changed_at = models.DateTimeField()

    objects = SiteQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=[str(state) for state in State]), name="sites_state_known"),
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False)
                | (~Q(state="merged") & Q(merged_into__isnull=True)),
                name="sites_merged_paired",
            ),
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True) | Q(lon__isnull=False, lat__isnull=False),
                name="sites_position_paired",
            ),
            models.CheckConstraint(
                condition=Q(colour__in=["", "red", "orange", "yellow", "blue"]), name="sites_colour"
            ),
            models.CheckConstraint(condition=Q(domain__in=Domain.values), name="sites_domain_known"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["county_code", "kind_key", "name", "id"], name="sites_county_kind"),
            models.Index(fields=["county_code", "domain", "name", "id"], name="sites_county_domain"),
            models.Index(fields=["county_code", "name", "id"], name="sites_county_name"),
            models.Index(fields=["county_code", "name_key"], name="sites_county_key"),
            models.Index(fields=["city_code", "domain"], name="sites_city_domain"),
            models.Index(fields=["town_code", "domain"], name="sites_town_domain"),
            models.Index(fields=["county_code", "next_inspection_on"], name="sites_next_inspection"),
            models.Index(fields=["uscc"], name="sites_uscc"),
            models.Index(fields=["lat", "lon"], name="sites_position"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def flag_keys(self) -> list[str]:
        return [key for key in self.flags.split(",") if key]

    def own_answers(self, _day: date) -> list[Answer]:
        """What the file itself says about who answers: the manager (or owner), the supervising department.

        ``organisations.responsible_for`` fills levels with these that nobody was put down for.
        """
        found: list[Answer] = []
        person, phone = (
            (self.manager_name, self.manager_phone) if self.manager_name else (self.owner_name, self.owner_phone)
        )
        if person:
            found.append(
                Answer(
                    level=0,
                    kind="enterprise",
                    person=person,
                    post="",
                    phone=phone,
                    since=self.opened_on,
                    organisation=self.enterprise.name if self.enterprise else self.name,
                    organisation_id=self.enterprise_id or "",
                    where=self.name,
                )
            )
        department = self.supervising_department
        if department is not None:
            found.append(
                Answer(
                    level=0,
                    kind="department",
                    person=department.contact or str(department),
                    post="",
                    phone=department.phone,
                    since=None,
                    organisation=department.name,
                    organisation_id=department.pk,
                    where=self.name,
                )
            )
        return found


class SiteMoveQuerySet(models.QuerySet["SiteMove"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(within(user, Permission.SITE_READ, Site, prefix="site__"))


class SiteMove(BaseModel):
    """One change of a site's state: from, to, by whom, when, why."""

    kind: ClassVar[str] = "site_move"

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="moves")
    action = models.CharField(max_length=12, choices=[(str(action), str(action)) for action in Action])
    source = models.CharField(max_length=10, blank=True)
    target = models.CharField(max_length=10)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.CharField(max_length=300, blank=True)

    objects = SiteMoveQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["site", "at"], name="sites_move_site")]

"""The ledger's tables. A hazard's state is one column; every change of it is a row of :class:`HazardMove`."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import ScopeColumns, ScopedQuerySet
from anwang.ground.base.domains import Domain
from anwang.ground.base.models import BaseModel
from anwang.ground.regions.models import Placed
from anwang.registers.organisations.models import Organisation
from anwang.registers.sites.models import Site
from anwang.work.hazards import labels, rules


class HazardQuerySet(ScopedQuerySet):
    read = Permission.HAZARD_READ

    def open(self) -> "HazardQuerySet":
        return self.filter(state__in=rules.OPEN)

    def late(self) -> "HazardQuerySet":
        return self.filter(late=True)


class Hazard(BaseModel, Placed):
    """One hidden hazard, from the moment it was found. Region columns are copied from the site it was found at."""

    kind: ClassVar[str] = "hazard"
    # The unit first: files take the first of them for their own reader, and it is the unit that has to act.
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(domain="domain", organisations=("unit_id", "enterprise_id"))

    number = models.CharField(max_length=24, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    enterprise = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    domain = models.CharField(max_length=16, choices=Domain.choices)
    place = models.CharField(max_length=120, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    description = models.CharField(max_length=1000)

    source = models.CharField(max_length=16, choices=labels.SOURCES)
    origin_kind = models.CharField(max_length=40, blank=True)
    origin_id = models.CharField(max_length=40, blank=True)
    campaign = models.CharField(max_length=40, blank=True)
    found_at = models.DateTimeField()
    found_on = models.DateField()
    found_month = models.CharField(max_length=7)
    found_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    found_by_name = models.CharField(max_length=80, blank=True)

    grade = models.CharField(max_length=8, choices=labels.GRADES, blank=True)
    standard_urn = models.CharField(max_length=120, blank=True)
    standard_version = models.CharField(max_length=20, blank=True)
    basis = models.CharField(max_length=300, blank=True)
    graded_at = models.DateTimeField(null=True)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    graded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    state = models.CharField(max_length=16, choices=labels.STATES, default=rules.State.FOUND)
    state_since = models.DateTimeField()

    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    department = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    required_measures = models.CharField(max_length=1000, blank=True)
    ordered_at = models.DateTimeField(null=True)
    fix_person = models.CharField(max_length=40, blank=True)
    fix_phone = models.CharField(max_length=20, blank=True)
    fix_measures = models.CharField(max_length=1000, blank=True)
    fix_funds = models.CharField(max_length=120, blank=True)
    """Amount and source in words, e.g. “2.5 万元，企业安全费用”; “无需资金” where none is needed."""
    fix_plan = models.CharField(max_length=1000, blank=True)
    """Emergency plan and interim control."""
    due_on = models.DateField(null=True)
    next_due_on = models.DateField()
    """When the present stage should end; for ended hazards the day their deadline was. Lists sort by it."""
    late = models.BooleanField(default=False)
    first_late_on = models.DateField(null=True)
    late_days = models.PositiveIntegerField(default=0)
    """Days late added up over ended overdue periods; a period still open counts on top (see selectors)."""

    on_spot = models.BooleanField(default=False)
    verified_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closed_on = models.DateField(null=True)
    relapse_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="relapses")
    extended_times = models.PositiveSmallIntegerField(default=0)
    import_key = models.CharField(max_length=64, unique=True, null=True)
    demo = models.BooleanField(default=False)

    objects = HazardQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=list(rules.State)), name="hazards_state_known"),
            models.CheckConstraint(condition=Q(grade__in=list(rules.Grade)), name="hazards_grade_known"),
            models.CheckConstraint(condition=Q(source__in=list(rules.Source)), name="hazards_source_known"),
            models.CheckConstraint(
                condition=~Q(grade="major") | ~Q(standard_urn="") | ~Q(import_key=None),
                name="hazards_major_has_standard",
            ),
            models.CheckConstraint(
                condition=Q(closed_on__isnull=False) | ~Q(state="closed"), name="hazards_closed_has_day"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["county_code", "state", "next_due_on", "id"], name="hazards_county_due"),
            models.Index(
                fields=["county_code", "domain", "state", "next_due_on", "id"], name="hazards_county_domain_due"
            ),
            models.Index(fields=["city_code", "state", "next_due_on", "id"], name="hazards_city_due"),
            models.Index(fields=["city_code", "domain", "state", "next_due_on", "id"], name="hazards_city_domain_due"),
            models.Index(fields=["town_code", "state", "next_due_on", "id"], name="hazards_town_due"),
            models.Index(fields=["county_code", "found_on", "id"], name="hazards_county_found"),
            models.Index(fields=["site", "found_on"], name="hazards_site"),
            models.Index(fields=["enterprise", "state", "next_due_on"], name="hazards_enterprise"),
            models.Index(fields=["unit", "state", "next_due_on"], name="hazards_unit"),
            models.Index(fields=["grid_code", "state"], name="hazards_grid"),
            models.Index(
                fields=["county_code", "next_due_on", "id"], condition=Q(late=True), name="hazards_county_late"
            ),
            models.Index(fields=["city_code", "next_due_on", "id"], condition=Q(late=True), name="hazards_city_late"),
            models.Index(
                fields=["province_code", "next_due_on", "id"], condition=Q(late=True), name="hazards_province_late"
            ),
            models.Index(
                fields=["county_code", "next_due_on", "id"], condition=Q(grade="major"), name="hazards_county_major"
            ),
            # The list as it opens: everything not closed yet, by the day it is due. Closed ones are nine in ten.
            models.Index(
                fields=["county_code", "next_due_on", "id"],
                condition=Q(state__in=rules.OPEN),
                name="hazards_county_open",
            ),
            models.Index(
                fields=["city_code", "next_due_on", "id"], condition=Q(state__in=rules.OPEN), name="hazards_city_open"
            ),
            models.Index(
                fields=["province_code", "next_due_on", "id"],
                condition=Q(state__in=rules.OPEN),
                name="hazards_province_open",
            ),
            models.Index(fields=["city_code", "found_on", "id"], name="hazards_city_found"),
            models.Index(fields=["province_code", "found_on", "id"], name="hazards_province_found"),
            models.Index(fields=["campaign", "county_code"], condition=~Q(campaign=""), name="hazards_campaign"),
            models.Index(fields=["origin_kind", "origin_id"], name="hazards_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.description[:40]}"


class HazardMove(models.Model):
    """One change of state: from, to, by whom, when, with what words. Never changed afterwards."""

    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="moves")
    seq = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=16, choices=labels.STATES, blank=True)
    target = models.CharField(max_length=16, choices=labels.STATES)
    action = models.CharField(max_length=16, choices=labels.ACTIONS)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    by_name = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()
    note = models.CharField(max_length=1000, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hazard", "seq"], name="hazards_one_move_per_place"),
        ]
        ordering: ClassVar = ["hazard", "seq"]


class Extension(BaseModel):
    """More time asked for, and the answer."""

    kind: ClassVar[str] = "extension"

    class State(models.TextChoices):
        ASKED = "asked"
        GRANTED = "granted"
        REFUSED = "refused"

    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="extensions")
    old_due_on = models.DateField()
    new_due_on = models.DateField()
    reason = models.CharField(max_length=500)
    interim = models.CharField(max_length=500)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hazard"], condition=Q(state="asked"), name="hazards_one_open_extension"),
            models.CheckConstraint(condition=Q(new_due_on__gt=F("old_due_on")), name="hazards_extension_later"),
            models.CheckConstraint(condition=~Q(decided_by=F("asked_by")), name="hazards_extension_other_eyes"),
        ]
        ordering: ClassVar = ["hazard", "asked_at"]


class Overdue(models.Model):
    """A period of lateness in one stage: a fact that stays after the hazard is done."""

    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="overdues")
    stage = models.CharField(max_length=16, choices=labels.STATES)
    due_on = models.DateField()
    began_on = models.DateField()
    ended_on = models.DateField(null=True)
    days = models.PositiveIntegerField(null=True)
    """Whole local days from the due day to the end of the period; null while it lasts."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hazard"], condition=Q(ended_on__isnull=True), name="hazards_one_open_overdue"
            ),
            models.CheckConstraint(
                condition=(Q(ended_on__isnull=True) & Q(days__isnull=True))
                | (Q(ended_on__isnull=False) & Q(days__isnull=False)),
                name="hazards_overdue_end_paired",
            ),
        ]
        ordering: ClassVar = ["hazard", "began_on", "id"]

    def shares_a_day(self) -> bool:
        """Did the period before this one end on the day on which this one began?"""
        others = Overdue.objects.filter(hazard_id=self.hazard_id, ended_on=self.began_on)
        return others.exclude(pk=self.pk).exists()


class Reminder(models.Model):
    """A rung of the ladder that was climbed, once per due day. Rungs for rooms to come are recorded all the same."""

    hazard = models.ForeignKey(Hazard, on_delete=models.PROTECT, related_name="reminders")
    rung = models.CharField(max_length=24)
    to = models.CharField(max_length=16)
    due_on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hazard", "rung", "due_on"], name="hazards_rung_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["to", "at"], name="hazards_reminder_to")]


LEVELS = {"province": "province_code", "city": "city_code", "county": "county_code", "town": "town_code"}
"""Levels that are counted, and the column of a hazard that holds its code there."""
CELL = ("domain", "grade", "state", "source", "late", "ever_late", "month")
"""What all figures are cut by, besides the region."""
FACES: dict[str, tuple[str, ...]] = {
    "brief": ("domain", "grade", "state", "late", "ever_late"),
    "months": ("grade", "state", "late", "ever_late", "month"),
    "full": CELL,
}
"""The same counts summed over what a question seldom asks, smallest first: a desk reads a thousand rows and not a hundred
thousand. A dimension that a face does not know is ""."""


class Count(models.Model):
    """How many hazards, per region of one level and all that a face knows. Folded from :class:`Delta`."""

    face = models.CharField(max_length=8, default="full")
    level = models.CharField(max_length=8)
    code = models.CharField(max_length=12)
    domain = models.CharField(max_length=16)
    grade = models.CharField(max_length=8, blank=True)
    state = models.CharField(max_length=16)
    source = models.CharField(max_length=16)
    late = models.BooleanField()
    ever_late = models.BooleanField()
    month = models.CharField(max_length=7)
    n = models.IntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["face", "level", "code", *CELL],
                name="hazards_one_count_per_cell",
            ),
        ]


class Delta(models.Model):
    """One hazard entering (+1) or leaving (-1) a cell. Appended by every write, so that no row is hot; folded later."""

    city_code = models.CharField(max_length=6)
    county_code = models.CharField(max_length=6)
    town_code = models.CharField(max_length=9)
    province_code = models.CharField(max_length=6)
    domain = models.CharField(max_length=16)
    grade = models.CharField(max_length=8, blank=True)
    state = models.CharField(max_length=16)
    source = models.CharField(max_length=16)
    late = models.BooleanField()
    ever_late = models.BooleanField()
    month = models.CharField(max_length=7)
    n = models.SmallIntegerField()


class LedgerImportQuerySet(ScopedQuerySet):
    read = Permission.LEDGER_IMPORT


class LedgerImport(BaseModel, Placed):
    """One Excel that an office sent in: previewed, tried, taken, and what became of each row."""

    kind: ClassVar[str] = "ledger_import"
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(domain="")

    class State(models.TextChoices):
        SENT = "sent"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.SENT)
    dry_run = models.BooleanField(default=False)
    create_sites = models.BooleanField(default=False)
    columns = models.JSONField(null=True)
    """Column (from 0, as text) → field, where the user mapped by hand; null: as the header says."""
    result = models.JSONField(null=True)
    error = models.CharField(max_length=500, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = LedgerImportQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["county_code", "made_at"], name="hazards_import_county")]

    def __str__(self) -> str:
        return self.name


class ImportMapping(BaseModel):
    """Which column of an office's Excel means what, remembered by the words of its header."""

    kind: ClassVar[str] = "import_mapping"

    county_code = models.CharField(max_length=6)
    header_key = models.CharField(max_length=64)
    columns = models.JSONField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["county_code", "header_key"], name="hazards_one_mapping_per_header"),
        ]

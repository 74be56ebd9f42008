"""Plans and their visits to come, visits and what happened on them, who took part, what was found."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import ScopeColumns, ScopedQuerySet, may, reaches, within
from anwang.ground.base.domains import Domain
from anwang.ground.base.models import BaseModel
from anwang.ground.regions.models import COLUMNS, Placed
from anwang.registers.organisations.models import Organisation
from anwang.registers.sites.models import Site
from anwang.work.checklists.models import Filled
from anwang.work.inspections import labels, rules

OFFICE_LEVELS = ("province", "city", "county")
"""Whose offices know of an unannounced visit beforehand. Below them word gets round."""


class InspectionQuerySet(ScopedQuerySet):
    """Visits, and what is planned. Two things differ from the plain scope:

    - whoever takes part in a visit sees it, whatever domain or organisation their grants are cut down to;
    - an unannounced visit not yet begun is seen by those who make it and by the offices that plan, from the county
      up: neither by the enterprise nor by the township and the grid.
    """

    read = Permission.INSPECTION_READ
    hidden: ClassVar[Q] = Q(visit_kind=rules.Kind.UNANNOUNCED, state=rules.State.ARRANGED)

    def reachable(self, user: Any, permission: Permission) -> Self:
        mine = self._mine(user) if may(user, permission) else Q(pk__in=[])
        seen: Self = self.filter(within(user, permission, self.model) | mine)
        return seen.filter(~self.hidden | mine | _planned_by(user))

    def _mine(self, user: Any) -> Q:
        there = Inspector.objects.filter(user_id=user.pk, left_at__isnull=True).values("inspection_id")
        return Q(lead_id=user.pk) | Q(pk__in=there)


class PlanQuerySet(InspectionQuerySet):
    hidden: ClassVar[Q] = Q(visit_kind=rules.Kind.UNANNOUNCED)

    def _mine(self, user: Any) -> Q:
        return Q(made_by_id=user.pk)


class PlannedVisitQuerySet(InspectionQuerySet):
    hidden: ClassVar[Q] = Q(plan__visit_kind=rules.Kind.UNANNOUNCED)

    def _mine(self, user: Any) -> Q:
        return Q(plan__made_by_id=user.pk)

    def open(self) -> Self:
        return self.filter(done_on__isnull=True, left_out_at__isnull=True, plan__withdrawn_at__isnull=True)


def _planned_by(user: Any) -> Q:
    """Rows in places where ``user`` keeps the plan, from the county up."""
    whole = Q(pk__in=[])
    for reach in reaches(user):
        if (
            Permission.INSPECTION_PLAN in reach.permissions
            and reach.level in OFFICE_LEVELS
            and not reach.organisation_id
        ):
            whole |= Q(**{COLUMNS[reach.level]: reach.code})
    return whole


class Plan(BaseModel, Placed):
    """Which places are visited in a period, by frequency and class. Empty lists mean all."""

    kind: ClassVar[str] = "inspection_plan"
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(domain="")

    title = models.CharField(max_length=80)
    visit_kind = models.CharField(max_length=16, choices=labels.KINDS)
    begins_on = models.DateField()
    ends_on = models.DateField()
    domains = models.JSONField(default=list, blank=True)
    site_kinds = models.JSONField(default=list, blank=True)
    classes = models.JSONField(default=list, blank=True)
    months = models.PositiveSmallIntegerField(null=True, blank=True)
    """The plan's own frequency; null: what each place's supervision class says."""
    department = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    campaign = models.CharField(max_length=40, blank=True)
    basis = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_note = models.CharField(max_length=300, blank=True)

    objects = PlanQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends_on__gte=models.F("begins_on")), name="inspections_plan_period"),
            models.CheckConstraint(condition=Q(visit_kind__in=list(rules.Kind)), name="inspections_plan_kind_known"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | (Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False) & ~Q(withdrawn_note="")),
                name="inspections_plan_withdrawn_whole",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["county_code", "ends_on"], name="inspections_plan_county")]

    def __str__(self) -> str:
        return self.title


class Inspection(BaseModel, Placed):
    """One visit to one place. Region columns are copied from the site."""

    kind: ClassVar[str] = "inspection"
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(
        domain="domain", organisations=("enterprise_id",), own="lead_id"
    )
    personal: ClassVar[Mapping[str, str]] = {
        "host_name": "kept",
        "host_phone": "masked",
        "lon": "kept",
        "lat": "kept",
    }

    number = models.CharField(max_length=24, unique=True)
    visit_kind = models.CharField(max_length=16, choices=labels.KINDS)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    enterprise = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    domain = models.CharField(max_length=20, choices=Domain.choices)
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="inspections")
    campaign = models.CharField(max_length=40, blank=True)
    due_on = models.DateField(null=True)
    """The day it is arranged for; null where it was begun on the spot."""
    state = models.CharField(max_length=12, choices=labels.STATES, default=rules.State.ARRANGED)
    lead = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    """Where the visit was begun, WGS-84; null where the phone did not say."""
    certificate_shown = models.BooleanField(default=False)
    opinion = models.CharField(max_length=1000, blank=True)
    note = models.CharField(max_length=500, blank=True)
    host_name = models.CharField(max_length=40, blank=True)
    """Who received the visit for the place and signs the record."""
    host_phone = models.CharField(max_length=20, blank=True)
    sign_refused = models.CharField(max_length=200, blank=True)
    score = models.DecimalField(max_digits=6, decimal_places=2, null=True)
    failed_items = models.PositiveSmallIntegerField(default=0)
    visit_no = models.PositiveSmallIntegerField(default=1)
    """Which attempt this is, where nobody was there before."""
    before = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="revisits")
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    demo = models.BooleanField(default=False)

    objects = InspectionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=list(rules.State)), name="inspections_state_known"),
            models.CheckConstraint(condition=Q(visit_kind__in=list(rules.Kind)), name="inspections_kind_known"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(began_at__isnull=True) | Q(ended_at__gte=models.F("began_at")),
                name="inspections_end_after_begin",
            ),
            models.CheckConstraint(
                condition=~Q(state="ongoing") | Q(began_at__isnull=False), name="inspections_ongoing_began"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(began_at__isnull=False, ended_at__isnull=False),
                name="inspections_done_ended",
            ),
            models.CheckConstraint(condition=~Q(before=models.F("id")), name="inspections_not_its_own_before"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["county_code", "state", "made_at", "id"], name="inspections_county"),
            models.Index(fields=["city_code", "state", "made_at", "id"], name="inspections_city"),
            models.Index(fields=["town_code", "state", "made_at", "id"], name="inspections_town"),
            models.Index(fields=["county_code", "made_at", "id"], name="inspections_county_made"),
            models.Index(fields=["site", "visit_kind", "began_at"], name="inspections_site"),
            models.Index(fields=["lead", "state"], name="inspections_lead"),
            models.Index(fields=["enterprise", "made_at"], name="inspections_enterprise"),
            models.Index(fields=["plan", "state"], name="inspections_of_plan"),
            models.Index(fields=["state", "due_on"], name="inspections_due"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.site.name}"


class PlannedVisit(BaseModel, Placed):
    """One visit that a plan asks for: this place, until this day. ``visit`` is the one that answered it.

    Judged by: the interval and where it came from are kept with it (``months`` or ``days``, ``class_key``,
    ``frequency_urn`` and version where the place's risk colour raised it).
    """

    kind: ClassVar[str] = "planned_visit"
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(organisations=("enterprise_id",))

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="visits")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    enterprise = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    """Whose own visit it is: the unit's for a self-check, null for all others, which are none of its business yet."""
    domain = models.CharField(max_length=20, choices=Domain.choices)
    opens_on = models.DateField()
    due_on = models.DateField()
    months = models.PositiveSmallIntegerField(default=0)
    days = models.PositiveSmallIntegerField(default=0)
    class_key = models.CharField(max_length=4, blank=True)
    raised = models.BooleanField(default=False)
    frequency_urn = models.CharField(max_length=120, blank=True)
    frequency_version = models.CharField(max_length=20, blank=True)
    visit = models.ForeignKey(Inspection, on_delete=models.PROTECT, null=True, related_name="answers")
    done_on = models.DateField(null=True)
    left_out_at = models.DateTimeField(null=True)
    left_out_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    left_out_note = models.CharField(max_length=300, blank=True)

    objects = PlannedVisitQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["plan", "site", "due_on"], name="inspections_planned_once"),
            models.CheckConstraint(condition=Q(due_on__gte=models.F("opens_on")), name="inspections_planned_period"),
            models.CheckConstraint(
                condition=Q(done_on__isnull=True) | Q(visit__isnull=False), name="inspections_planned_done_by_visit"
            ),
            models.CheckConstraint(
                condition=Q(left_out_at__isnull=True) | ~Q(left_out_note=""), name="inspections_left_out_says_why"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["plan", "due_on", "id"], name="inspections_planned"),
            models.Index(fields=["site", "done_on", "due_on"], name="inspections_planned_site"),
            models.Index(fields=["county_code", "done_on", "due_on", "id"], name="inspections_planned_county"),
            models.Index(fields=["town_code", "done_on", "due_on", "id"], name="inspections_planned_town"),
            models.Index(fields=["grid_code", "done_on", "due_on"], name="inspections_planned_grid"),
        ]

    def __str__(self) -> str:
        return f"{self.site.name} {self.due_on.isoformat()}"


class InspectionMove(models.Model):
    """One change of a visit's state: from, to, by whom, when, with what words. Never changed afterwards."""

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="moves")
    seq = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=12, choices=labels.STATES, blank=True)
    target = models.CharField(max_length=12, choices=labels.STATES)
    action = models.CharField(max_length=12, choices=labels.ACTIONS)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["inspection", "seq"], name="inspections_one_move_per_place"),
        ]
        ordering: ClassVar = ["inspection", "seq"]


class Inspector(BaseModel):
    """Somebody who took part: an account or a name, for which department, with which certificate.

    Nobody is taken off the list: who left early keeps the row, with the moment.
    """

    kind: ClassVar[str] = "inspector"
    personal: ClassVar[Mapping[str, str]] = {"name": "kept", "certificate": "kept"}

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="inspectors")
    user = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=40)
    certificate = models.CharField(max_length=40, blank=True)
    department = models.CharField(max_length=80, blank=True)
    sections = models.JSONField(default=list, blank=True)
    """The sections of a joint checklist this person answers; empty: all."""
    signature_id = models.CharField(max_length=26, blank=True)
    """The file with what this person drew on the screen; "" where the printed record is signed by hand."""
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["inspection", "user"],
                condition=Q(user__isnull=False, left_at__isnull=True),
                name="inspections_person_once",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="inspections_person_named"),
        ]
        indexes: ClassVar = [models.Index(fields=["user", "left_at"], name="inspections_takes_part")]
        ordering: ClassVar = ["joined_at", "id"]

    def __str__(self) -> str:
        return self.name


class Sheet(BaseModel):
    """A checklist filled on a visit. Most visits have one; a restaurant may be looked at by two."""

    kind: ClassVar[str] = "inspection_sheet"

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="sheets")
    filled = models.OneToOneField(Filled, on_delete=models.PROTECT, related_name="+")
    seq = models.PositiveSmallIntegerField()
    set_aside_at = models.DateTimeField(null=True)
    """Chosen by mistake: what was answered stays, but counts no more."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["inspection", "seq"], name="inspections_sheet_place"),
        ]
        ordering: ClassVar = ["inspection", "seq"]


class Finding(BaseModel):
    """What an item that failed gave birth to. The hazard it became has the same id, and lives in the ledger."""

    kind: ClassVar[str] = "finding"

    inspection = models.ForeignKey(Inspection, on_delete=models.PROTECT, related_name="findings")
    sheet = models.ForeignKey(Sheet, on_delete=models.PROTECT, null=True, related_name="findings")
    item_code = models.CharField(max_length=40, blank=True)
    section = models.CharField(max_length=40, blank=True)
    department = models.CharField(max_length=80, blank=True)
    description = models.CharField(max_length=1000)
    hazard_id = models.CharField(max_length=26)
    on_spot = models.BooleanField(default=False)
    fixed_by_name = models.CharField(max_length=40, blank=True)
    asked_due_on = models.DateField(null=True)
    """Until when the visit asked for it to be put right, where the visit could not order it."""
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hazard_id"], name="inspections_one_finding_per_hazard"),
        ]
        ordering: ClassVar = ["inspection", "at", "id"]

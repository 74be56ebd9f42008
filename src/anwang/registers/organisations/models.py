"""Organisations (机构), the posts in them (岗位), who held them when, and who answers for which place (责任链)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import ScopeColumns, ScopedQuerySet, within
from anwang.ground.base.models import BaseModel
from anwang.ground.regions.models import Placed


class OrganisationKind(models.TextChoices):
    COMMITTEE_OFFICE = "committee_office", _("Safety committee office")
    DEPARTMENT = "department", _("Department")
    TOWN = "town", _("Town government or street office")
    VILLAGE_COMMITTEE = "village_committee", _("Village or residents' committee")
    FIRE_BRIGADE = "fire_brigade", _("Fire and rescue brigade")
    FIRE_CENTRE = "fire_centre", _("Fire service centre")
    FIRE_STATION = "fire_station", _("Township fire station")
    MICRO_STATION = "micro_station", _("Micro fire station")
    VOLUNTEER_TEAM = "volunteer_team", _("Volunteer team")
    RESCUE_TEAM = "rescue_team", _("Rescue team")
    EXPERT_GROUP = "expert_group", _("Expert group")
    ENTERPRISE = "enterprise", _("Enterprise")
    OPERATOR = "operator", _("Public utility operator")
    OTHER = "other", _("Other organisation")


class PostKey(models.TextChoices):
    """Posts that the house knows by their work, whatever an office calls them. Everything else is ``other``."""

    LEADER = "leader", _("Leader in charge")
    HEAD = "head", _("Head")
    SAFETY_OFFICER = "safety_officer", _("Safety officer")
    INSPECTOR = "inspector", _("Inspector")
    GRID_MEMBER = "grid_member", _("Grid member")
    FIRE_ASSISTANT = "fire_assistant", _("Fire assistant")
    FIREFIGHTER = "firefighter", _("Firefighter")
    RESCUER = "rescuer", _("Rescuer")
    VOLUNTEER = "volunteer", _("Volunteer")
    EXPERT = "expert", _("Expert")
    OPERATOR = "operator", _("Operating post")
    OTHER = "other", _("Other post")


class PostLevel(models.TextChoices):
    """Where a post stands inside its organisation; a post responsibility list goes down to the last one."""

    LEADER = "leader", _("Leadership")
    MANAGER = "manager", _("Management")
    TEAM = "team", _("Team or shift")
    WORKER = "worker", _("Single post")


class Employment(models.TextChoices):
    """How somebody is employed. Dispatched labour and interns hold posts and duties as regular staff do
    (Work Safety Law 2021, articles 25 and 28).
    """

    STAFF = "staff", _("Regular staff")
    DISPATCHED = "dispatched", _("Dispatched labour")
    INTERN = "intern", _("Intern")
    TEMPORARY = "temporary", _("Temporary")
    VOLUNTEER = "volunteer", _("Volunteer (unpaid)")


class OrganisationQuerySet(ScopedQuerySet):
    read = Permission.ORGANISATION_READ

    def current(self) -> Self:
        return self.filter(active=True)


class Organisation(BaseModel, Placed):
    """A body with people in it: office, department, station, team, enterprise. ``region`` is where it sits.

    ``may_*`` are its powers. A township fire station that was delegated none may check, persuade, notify, report and
    transfer, nothing else (Fire Protection Law art. 31, 53, 54, 60): ``may_check`` alone.
    """

    kind: ClassVar[str] = "organisation"
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(domain="", organisations=("id",))
    personal: ClassVar[Mapping[str, str]] = {"contact": "kept", "phone": "masked"}

    kind_key = models.CharField(max_length=20, choices=OrganisationKind.choices)
    name = models.CharField(max_length=120)
    name_key = models.CharField(max_length=120, editable=False)
    short_name = models.CharField(max_length=40, blank=True)
    uscc = models.CharField(max_length=18, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    domains = models.JSONField(default=list, blank=True)
    """Industry domains it supervises; empty for those that supervise none or all."""
    contact = models.CharField(max_length=40, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    address = models.CharField(max_length=200, blank=True)
    may_check = models.BooleanField(default=False)
    may_order = models.BooleanField(default=False)
    may_penalise = models.BooleanField(default=False)
    may_seal = models.BooleanField(default=False)
    delegation = models.CharField(max_length=200, blank=True)
    """The paper that delegates or transfers powers to it, where they are not its own by law."""
    active = models.BooleanField(default=True)
    closed_on = models.DateField(null=True, blank=True)
    demo = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind_key__in=OrganisationKind.values), name="organisations_kind_known"),
            models.UniqueConstraint(fields=["uscc"], condition=~Q(uscc=""), name="organisations_one_per_uscc"),
            models.CheckConstraint(
                condition=Q(active=True, closed_on__isnull=True) | Q(active=False, closed_on__isnull=False),
                name="organisations_closed_paired",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["county_code", "kind_key", "name"], name="organisations_county_kind"),
            models.Index(fields=["county_code", "name_key"], name="organisations_name_key"),
            models.Index(fields=["city_code", "kind_key"], name="organisations_city_kind"),
            models.Index(fields=["town_code", "kind_key"], name="organisations_town_kind"),
        ]

    def __str__(self) -> str:
        return self.short_name or self.name


class PostQuerySet(models.QuerySet["Post"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(within(user, Permission.ORGANISATION_READ, Organisation, prefix="organisation__"))

    def current(self) -> Self:
        return self.filter(retired_on__isnull=True)


class Post(BaseModel):
    """A place in an organisation with a duty and a number of people it is meant for (``quota``, 编制)."""

    kind: ClassVar[str] = "post"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="posts")
    key = models.CharField(max_length=20, choices=PostKey.choices, default=PostKey.OTHER)
    title = models.CharField(max_length=60)
    duty = models.TextField(blank=True)
    """The post's responsibility list, in words."""
    duty_basis = models.CharField(max_length=200, blank=True)
    quota = models.PositiveIntegerField(default=1)
    level = models.CharField(max_length=8, choices=PostLevel.choices, default=PostLevel.WORKER)
    employments = models.JSONField(default=list, blank=True)
    """Employment kinds the duty binds; empty means all of them, dispatched labour and interns included."""
    order = models.PositiveSmallIntegerField(default=100)
    retired_on = models.DateField(null=True, blank=True)
    made_at = models.DateTimeField()

    objects = PostQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(level__in=PostLevel.values), name="organisations_post_level"),
            models.CheckConstraint(condition=Q(key__in=PostKey.values), name="organisations_post_key"),
            models.UniqueConstraint(
                fields=["organisation", "title"],
                condition=Q(retired_on__isnull=True),
                name="organisations_one_post_per_title",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "order"], name="organisations_post_order")]

    def __str__(self) -> str:
        return self.title


def in_force_on(day: date, *, prefix: str = "") -> Q:
    """Rows with ``since`` and ``until`` that hold on ``day``: from the first day on, until the day before ``until``."""
    open_end = Q(**{f"{prefix}until__isnull": True}) | Q(**{f"{prefix}until__gt": day})
    return Q(**{f"{prefix}since__lte": day}) & open_end


class HoldingQuerySet(models.QuerySet["Holding"]):
    def at(self, day: date) -> Self:
        return self.filter(in_force_on(day))

    def visible_to(self, user: Any) -> Self:
        return self.filter(within(user, Permission.ORGANISATION_READ, Organisation, prefix="post__organisation__"))


class Holding(BaseModel):
    """Somebody in a post for a time. With an account (``user``) or, where they have none, by name and phone.

    Dates are never overwritten: ``until`` is written once, and a change opens a new row.
    """

    kind: ClassVar[str] = "holding"
    personal: ClassVar[Mapping[str, str]] = {"person_name": "kept", "person_phone": "masked"}

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="holdings")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="holdings"
    )
    person_name = models.CharField(max_length=40, blank=True)
    person_phone = models.CharField(max_length=20, blank=True)
    employment = models.CharField(max_length=12, choices=Employment.choices, default=Employment.STAFF)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    appointed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    reason = models.CharField(max_length=200, blank=True)
    """Why it ended."""

    objects = HoldingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(user__isnull=False) | ~Q(person_name=""), name="organisations_holding_somebody"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=models.F("since")), name="organisations_holding_dates"
            ),
            models.CheckConstraint(condition=Q(employment__in=Employment.values), name="organisations_employment"),
            models.UniqueConstraint(
                fields=["post", "user"],
                condition=Q(until__isnull=True, user__isnull=False),
                name="organisations_holding_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["post", "until"], name="organisations_holding_post"),
            models.Index(fields=["user", "until"], name="organisations_holding_user"),
        ]

    def __str__(self) -> str:
        return f"{self.name} · {self.post.title}"

    @property
    def name(self) -> str:
        return self.person_name or (self.user.name if self.user else "")

    @property
    def phone(self) -> str:
        return self.person_phone or (self.user.phone if self.user else "")


class ResponsibilityKind(models.Model):
    """A level of a chain, as data: who stands nearer to the place has the smaller ``order``.

    Rows come from ``library/responsibility.yaml``; an office may reword, reorder or add its own.
    """

    class Chain(models.TextChoices):
        PARTY_GOVERNMENT = "party_government", _("Party and government")
        DEPARTMENT = "department", _("Department")
        ENTERPRISE = "enterprise", _("Enterprise")
        COMMUNITY = "community", _("Community, four levels")

    key = models.CharField(primary_key=True, max_length=30)
    chain = models.CharField(max_length=20, choices=Chain.choices)
    zh = models.CharField(max_length=40)
    en = models.CharField(max_length=80)
    order = models.PositiveSmallIntegerField()
    covers = models.JSONField(default=list)
    """What it may cover: region levels (county, town, village, grid), ``site``, ``building``."""
    basis = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=200, blank=True)
    confidence = models.CharField(max_length=12, blank=True)
    version = models.PositiveSmallIntegerField(default=1)
    active = models.BooleanField(default=True)

    kind: ClassVar[str] = "responsibility_kind"

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(chain__in=["party_government", "department", "enterprise", "community"]),
                name="organisations_chain_known",
            ),
        ]

    def __str__(self) -> str:
        return self.word

    @property
    def word(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


class ResponsibilityQuerySet(ScopedQuerySet):
    read = Permission.ORGANISATION_READ

    def at(self, day: date) -> Self:
        return self.filter(in_force_on(day))


class Responsibility(BaseModel, Placed):
    """Somebody answers for a place, from a day on: for the whole ``region``, one site in it, or one building of it.

    Exactly one holder: a post (whoever is in it), a holding (this person in this post), a user, or a name.
    ``site_id`` is a word and not a foreign key: sites live above this room.
    """

    kind: ClassVar[str] = "responsibility"
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(domain="")
    personal: ClassVar[Mapping[str, str]] = {"person_name": "kept", "person_phone": "masked"}

    level = models.ForeignKey(ResponsibilityKind, on_delete=models.PROTECT, related_name="+")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, null=True, blank=True, related_name="responsibilities")
    holding = models.ForeignKey(
        Holding, on_delete=models.PROTECT, null=True, blank=True, related_name="responsibilities"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="responsibilities"
    )
    person_name = models.CharField(max_length=40, blank=True)
    person_phone = models.CharField(max_length=20, blank=True)
    role = models.CharField(max_length=60, blank=True)
    """What they are called in this chain where the level's own word does not say it (党委责任人, 分管责任人)."""
    site_id = models.CharField(max_length=26, blank=True)
    building = models.CharField(max_length=80, blank=True)
    domains = models.JSONField(default=list, blank=True)
    """Domains it is limited to; empty means all."""
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )

    objects = ResponsibilityQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(
                    Q(post__isnull=False, holding__isnull=True, user__isnull=True, person_name="")
                    | Q(post__isnull=True, holding__isnull=False, user__isnull=True, person_name="")
                    | Q(post__isnull=True, holding__isnull=True, user__isnull=False, person_name="")
                    | (Q(post__isnull=True, holding__isnull=True, user__isnull=True) & ~Q(person_name=""))
                ),
                name="organisations_one_holder",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=models.F("since")),
                name="organisations_responsibility_dates",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["region", "until"], name="organisations_answers_region"),
            models.Index(fields=["site_id", "until"], name="organisations_answers_site"),
            models.Index(fields=["county_code", "until"], name="organisations_answers_county"),
            models.Index(fields=["city_code", "until"], name="organisations_answers_city"),
        ]

    def __str__(self) -> str:
        return f"{self.level} · {self.building or self.region}"

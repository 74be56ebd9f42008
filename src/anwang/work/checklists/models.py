"""Checklists, their versions with sections and items, and the filled ones. A version is written once it is a draft no more."""

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import translation

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.domains import Domain
from anwang.ground.base.models import BaseModel
from anwang.work.checklists import rules
from anwang.work.checklists.rules import FilledState, State

STATE_COLUMNS = frozenset({"state", "published_at", "published_by", "ended_at", "reason", "digest"})
"""Columns of a version that move after it was written."""


def chinese() -> bool:
    return (translation.get_language() or "zh-hans").startswith("zh")


class ChecklistQuerySet(models.QuerySet["Checklist"]):
    def visible_to(self, user: Any) -> Self:
        """No region rows: who may read checklists reads all of them."""
        return self.all() if scope.may(user, Permission.CHECKLIST_READ) else self.none()


class Checklist(BaseModel):
    """A checklist through all its versions. ``key`` names it in files, plans and addresses."""

    kind: ClassVar[str] = "checklist"

    key = models.CharField(max_length=60, unique=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    retired_at = models.DateTimeField(null=True)
    """Not offered any more; what was filled stays readable."""

    objects = ChecklistQuerySet.as_manager()

    def __str__(self) -> str:
        return self.key


class VersionQuerySet(models.QuerySet["ChecklistVersion"]):
    def visible_to(self, user: Any) -> Self:
        """Published and replaced versions for who reads checklists; drafts for who keeps them."""
        if scope.may(user, Permission.CHECKLIST_EDIT):
            return self.all()
        if scope.may(user, Permission.CHECKLIST_READ):
            return self.filter(state__in=[State.PUBLISHED, State.REPLACED])
        return self.none()

    def published(self) -> Self:
        return self.filter(state=State.PUBLISHED, checklist__retired_at=None)


class ChecklistVersion(BaseModel):
    """One version: what is asked, in which order. Immutable once it is not a draft."""

    kind: ClassVar[str] = "checklist_version"

    checklist = models.ForeignKey(Checklist, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, default=State.DRAFT)
    local = models.BooleanField()
    """Written by an office, not shipped."""
    library_version = models.PositiveIntegerField(null=True)

    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=200, blank=True)
    domain = models.CharField(max_length=20, choices=Domain.choices)
    also_domains = models.JSONField(default=list)
    site_kinds = models.JSONField(default=list)
    """Keys of the kinds of sites it fits; empty: any site of its domains."""
    note_zh = models.TextField(blank=True)
    note_en = models.TextField(blank=True)
    source = models.CharField(max_length=40, blank=True)
    confidence = models.CharField(max_length=8, blank=True)
    complete = models.BooleanField(default=True)
    scoring = models.JSONField(null=True)
    digest = models.CharField(max_length=64, blank=True)

    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["checklist", "number"], name="checklists_number_once"),
            models.UniqueConstraint(
                fields=["checklist"], condition=Q(state=State.PUBLISHED.value), name="checklists_one_published"
            ),
            models.UniqueConstraint(
                fields=["checklist"], condition=Q(state=State.DRAFT.value), name="checklists_one_draft"
            ),
            models.UniqueConstraint(
                fields=["checklist"], condition=Q(state=State.OFFERED.value), name="checklists_one_offered"
            ),
            models.CheckConstraint(condition=Q(state__in=[*map(str, State)]), name="checklists_state_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "domain", "id"], name="checklists_domain")]

    def __str__(self) -> str:
        return self.title()

    def title(self) -> str:
        return self.title_zh if chinese() else self.title_en or self.title_zh

    def note(self) -> str:
        return self.note_zh if chinese() else self.note_en or self.note_zh

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        moved = update_fields is not None and set(update_fields) <= STATE_COLUMNS
        if not self._state.adding and not moved and self.state != State.DRAFT:
            raise TypeError("a version of a checklist is not changed once it is no draft")
        super().save(update_fields=update_fields, **kwargs)


class Section(BaseModel):
    """A part of a version; on a joint visit the part of one department."""

    kind: ClassVar[str] = "checklist_section"

    version = models.ForeignKey(ChecklistVersion, on_delete=models.PROTECT, related_name="sections")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=20)
    title_zh = models.CharField(max_length=120)
    title_en = models.CharField(max_length=200, blank=True)
    department = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "code"], name="checklists_section_once"),
        ]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return self.title()

    def title(self) -> str:
        return self.title_zh if chinese() else self.title_en or self.title_zh


class Item(BaseModel):
    """One question of a version. The columns are those of :class:`rules.Item`."""

    kind: ClassVar[str] = "checklist_item"

    version = models.ForeignKey(ChecklistVersion, on_delete=models.PROTECT, related_name="items")
    section = models.ForeignKey(Section, on_delete=models.PROTECT, related_name="items")
    position = models.PositiveIntegerField()
    code = models.CharField(max_length=20)
    text_zh = models.CharField(max_length=300)
    text_en = models.CharField(max_length=400, blank=True)
    answer = models.CharField(max_length=8)
    options = models.JSONField(default=list)
    when = models.JSONField(default=dict)
    max = models.PositiveIntegerField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    unit = models.CharField(max_length=20, blank=True)
    bounds_fail = models.BooleanField(default=True)
    required = models.BooleanField(default=True)
    photo = models.BooleanField(default=False)
    spot = models.BooleanField(default=False)
    veto_at = models.PositiveIntegerField(null=True)
    fail_zh = models.CharField(max_length=300, blank=True)
    grade = models.CharField(max_length=8)
    level = models.CharField(max_length=8, blank=True)
    criterion = models.CharField(max_length=120, blank=True)
    basis = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "code"], name="checklists_item_once"),
            models.CheckConstraint(condition=Q(answer__in=[*map(str, rules.Kind)]), name="checklists_answer_known"),
            models.CheckConstraint(condition=Q(grade__in=[*map(str, rules.Grade)]), name="checklists_grade_known"),
        ]
        ordering: ClassVar = ["position"]

    def __str__(self) -> str:
        return f"{self.code} {self.text_zh}"

    def as_rule(self) -> rules.Item:
        said = {name: getattr(self, name) for name in rules.Item.__slots__}
        said["options"] = tuple(rules.Option(each["value"], each["zh"], each.get("en", "")) for each in self.options)
        said["when"] = rules.conditions(self.when)
        said["basis"] = tuple(self.basis)
        return rules.Item(**said)


class Filled(BaseModel):
    """A checklist as somebody answered it. It keeps its version for good.

    ``origin_kind`` and ``origin_id`` are words, not a foreign key: what it was filled for (a visit, a community's
    rating) lies in rooms above and decides who may see it. This room shows filled ones to nobody by itself.
    """

    kind: ClassVar[str] = "filled_checklist"

    version = models.ForeignKey(ChecklistVersion, on_delete=models.PROTECT, related_name="filled")
    origin_kind = models.CharField(max_length=40)
    origin_id = models.CharField(max_length=40)
    state = models.CharField(max_length=5, default=FilledState.OPEN)
    answers = models.JSONField(default=dict)
    """``{item code: {"value", "note", "description", "photos"}}``"""
    result = models.JSONField(default=dict)
    """What the answers came to when it was finished: counts, score, band, vetoes."""
    revision = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField()
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=[*map(str, FilledState)]), name="checklists_filled_state"),
            models.CheckConstraint(
                condition=Q(state=FilledState.OPEN.value, done_at=None, done_by=None)
                | Q(state=FilledState.DONE.value, done_at__isnull=False, done_by__isnull=False),
                name="checklists_done_by_somebody",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["origin_kind", "origin_id", "opened_at"], name="checklists_origin"),
            models.Index(fields=["version", "done_at"], name="checklists_use"),
        ]

    def __str__(self) -> str:
        return str(self.version)

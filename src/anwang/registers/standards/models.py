"""The libraries as stored: every version of every row, never changed, only followed by another."""

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.models import BaseModel, new_id
from anwang.registers.standards import rules
from anwang.registers.standards.rules import ANY, CONTENT, Confidence, Content, Edition, Severity, Status, Type

WITHDRAWAL = ("withdrawn_at", "withdrawn_by", "withdraw_reason")
"""The only columns of a row that are ever written again."""


def words(zh: str, en: str) -> str:
    """The text in the reader's language, the other one where it is missing."""
    return (zh or en) if _chinese() else (en or zh)


def sentences(parts: Iterable[str]) -> str:
    """Sentences after each other: Chinese ones without a blank between."""
    return ("" if _chinese() else " ").join(parts)


def _chinese() -> bool:
    return (translation.get_language() or "zh-hans").startswith("zh")


class Source(models.Model):
    """Where a row's content comes from; ``address`` where it can be read publicly."""

    key = models.CharField(primary_key=True, max_length=40)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    address = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return words(self.title_zh, self.title_en)


class LibraryVersion(BaseModel):
    """One version of a library file that was loaded."""

    kind: ClassVar[str] = "standard_library"

    key = models.CharField(max_length=60)
    version = models.PositiveIntegerField()
    type = models.CharField(max_length=12)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    note_zh = models.TextField(blank=True)
    note_en = models.TextField(blank=True)
    instrument = models.CharField(max_length=120, blank=True)
    complete = models.BooleanField()
    expected = models.PositiveIntegerField(null=True)
    """How many items the official text has, where that is known."""
    row_count = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    loaded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "version"], name="standards_library_once")]

    def __str__(self) -> str:
        return words(self.title_zh, self.title_en)

    def title(self) -> str:
        return words(self.title_zh, self.title_en)

    def note(self) -> str:
        return words(self.note_zh, self.note_en)


class StandardQuerySet(models.QuerySet["Standard"]):
    def visible_to(self, user: Any) -> Self:
        """No region rows: who may read standards reads all of them."""
        return self.all() if scope.may(user, Permission.STANDARD_READ) else self.none()

    def update(self, **changes: Any) -> int:
        if strange := set(changes) - set(WITHDRAWAL):
            raise TypeError(f"a row of a library is never changed ({', '.join(sorted(strange))})")
        return super().update(**changes)

    def delete(self) -> Any:
        raise TypeError("a row of a library is never deleted")


class Standard(BaseModel):
    """One version of one row of a library. What judged something is found again by ``urn`` and ``version``."""

    kind: ClassVar[str] = "standard"

    urn = models.CharField(max_length=120)
    version = models.PositiveIntegerField()
    edition = models.CharField(max_length=8)
    library = models.ForeignKey(LibraryVersion, on_delete=models.PROTECT, null=True, related_name="rows")
    library_version = models.PositiveIntegerField(null=True)
    """The version the library file gives this row, so that loading it again finds it."""
    position = models.PositiveIntegerField(default=0)
    digest = models.CharField(max_length=64)

    type = models.CharField(max_length=12)
    title_zh = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300, blank=True)
    gist_zh = models.TextField(blank=True)
    gist_en = models.TextField(blank=True)
    note_zh = models.TextField(blank=True)
    note_en = models.TextField(blank=True)
    instrument = models.CharField(max_length=120, blank=True)
    number = models.CharField(max_length=60, blank=True)
    article = models.CharField(max_length=20, blank=True)
    item = models.CharField(max_length=20, blank=True)
    domains = models.JSONField(default=list)
    severity = models.CharField(max_length=8, blank=True)
    data = models.JSONField(default=dict)
    match = models.JSONField(default=list)
    status = models.CharField(max_length=10, default=Status.IN_FORCE)
    effective_from = models.DateField(null=True)
    effective_to = models.DateField(null=True)
    source = models.CharField(max_length=40, blank=True)
    confidence = models.CharField(max_length=8, default=Confidence.LOW)
    editable = models.BooleanField(default=False)
    complete = models.BooleanField(default=True)
    expected = models.PositiveIntegerField(null=True)

    search = models.TextField(blank=True, editable=False)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    withdraw_reason = models.TextField(blank=True)

    objects = StandardQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["urn", "version"], name="standards_version_once"),
            models.UniqueConstraint(
                fields=["urn", "library_version"],
                condition=Q(edition=Edition.LIBRARY.value),
                name="standards_library_row_once",
            ),
            models.CheckConstraint(condition=Q(type__in=[*map(str, Type)]), name="standards_type_known"),
            models.CheckConstraint(condition=Q(edition__in=[*map(str, Edition)]), name="standards_edition_known"),
            models.CheckConstraint(condition=Q(severity__in=[*map(str, Severity)]), name="standards_severity_known"),
            models.CheckConstraint(condition=Q(status__in=[*map(str, Status)]), name="standards_status_known"),
            models.CheckConstraint(
                condition=Q(confidence__in=[*map(str, Confidence)]), name="standards_confidence_known"
            ),
            models.CheckConstraint(
                condition=Q(effective_to=None)
                | Q(effective_from=None)
                | Q(effective_to__gte=models.F("effective_from")),
                name="standards_days_in_order",
            ),
            models.CheckConstraint(
                condition=Q(edition=Edition.LOCAL.value) | Q(library__isnull=False, library_version__isnull=False),
                name="standards_library_named",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | Q(edition=Edition.LOCAL.value), name="standards_only_local_withdrawn"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["type", "urn", "version"], name="standards_type_urn")]

    def __str__(self) -> str:
        return self.title()

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Written once. Only a withdrawal comes later; everything else is another version."""
        if not self._state.adding and (update_fields is None or set(update_fields) - set(WITHDRAWAL)):
            raise TypeError("a row of a library is never changed")
        super().save(update_fields=update_fields, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> Any:
        raise TypeError("a row of a library is never deleted")

    @classmethod
    def of(cls, content: Content, **more: Any) -> "Standard":
        """A row that says this, not yet stored."""
        said = {name: getattr(content, name) for name in CONTENT}
        said |= {"domains": list(content.domains), "match": list(content.match), "data": dict(content.data)}
        row = cls(**said, digest=content.digest(), **more)
        row.search = rules.fold(
            f"{row.urn} {row.number} {row.article} {row.title_zh} {row.title_en} {row.gist_zh} {row.gist_en}"
        )
        return row

    def content(self) -> Content:
        said = {name: getattr(self, name) for name in CONTENT}
        return Content(**said | {"domains": tuple(self.domains), "match": tuple(self.match)})

    def title(self) -> str:
        return words(self.title_zh, self.title_en)

    def gist(self) -> str:
        return words(self.gist_zh, self.gist_en)

    def note(self) -> str:
        return words(self.note_zh, self.note_en)

    def place(self) -> str:
        """Article and item as people cite them: 第5条第2项."""
        named = self.article.isdigit()
        article = gettext("art. %(article)s") % {"article": self.article} if named else self.article
        item = gettext("item %(item)s") % {"item": self.item} if self.item and named else ""
        return f"{article}{item and ' '}{item}".strip() if self.article else ""

    @property
    def everywhere(self) -> bool:
        return ANY in self.domains


class Library(models.Model):
    """One row that changes with every write, so that processes know when what they remember is old."""

    name = models.CharField(primary_key=True, max_length=20, default="standards")
    token = models.CharField(max_length=26)

    @classmethod
    def touch(cls) -> None:
        cls.objects.update_or_create(name="standards", defaults={"token": new_id()})

    @classmethod
    def now(cls) -> str:
        return cls.objects.filter(name="standards").values_list("token", flat=True).first() or ""

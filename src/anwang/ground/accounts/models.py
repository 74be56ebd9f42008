"""People, what they may do, and where."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin as DjangoPermissions
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language

from anwang.ground.base.models import BaseModel, UlidField
from anwang.ground.regions.models import Region


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(username__iexact=username)

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=username.strip().lower(), **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser, DjangoPermissions):
    """An account. ``kind`` tells a person from the holder of a signed link and from another system.

    Django's own groups and permissions are not used: rights come from grants alone (see ``scope.can``).
    """

    class Kind(models.TextChoices):
        PERSON = "person"
        LINK = "link"
        SYSTEM = "system"

    kind_word: ClassVar[str] = "user"
    personal: ClassVar[Mapping[str, str]] = {
        "username": "kept",
        "name": "kept",
        "title": "kept",
        "phone": "masked",
        "email": "masked",
        "certificate": "kept",
    }

    id = UlidField(primary_key=True)
    username = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=40)
    title = models.CharField(max_length=60, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=10, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.PERSON)
    certificate = models.CharField(max_length=40, blank=True)
    """Enforcement certificate number; empty where the person holds none."""
    home = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """Whose person this is: the region whose administrators keep the account. It gives no rights."""
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    password_changed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    demo = models.BooleanField(default=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=["person", "link", "system"]), name="accounts_kind_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    @property
    def is_staff(self) -> bool:
        return False

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


class PasswordUsed(models.Model):
    """Hashes of the last passwords, so that they are not used again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passwords_used")
    password = models.CharField(max_length=128)
    at = models.DateTimeField()


class Role(models.Model):
    """What a kind of person may do. Built-in rows are written by ``sync_roles`` from ``roles.py``."""

    key = models.CharField(primary_key=True, max_length=40)
    zh = models.CharField(max_length=60)
    en = models.CharField(max_length=60)
    paragraph_zh = models.TextField()
    paragraph_en = models.TextField()
    permissions = models.JSONField(default=list)
    administrator = models.BooleanField(default=False)
    built_in = models.BooleanField(default=False)
    placed_by = models.CharField(max_length=12, default="region")
    """What a grant of this role must name: region, organisation, either, thing, or nothing in particular (free)."""

    kind: ClassVar[str] = "role"

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(placed_by__in=["region", "organisation", "either", "thing", "free"]),
                name="accounts_role_placed_by_known",
            ),
        ]

    def __str__(self) -> str:
        return self.zh

    @property
    def label(self) -> str:
        """Its name in the reader's language."""
        return self.en if get_language() == "en" else self.zh

    @property
    def paragraph(self) -> str:
        return self.paragraph_en if get_language() == "en" else self.paragraph_zh


class Grant(BaseModel):
    """One person, one role, one place: region subtree x domains x organisation, for a time.

    ``organisation_id`` and ``thing_*`` are words, not foreign keys: what they name lives on higher floors.
    An empty ``domains`` means all. A grant with a ``thing`` opens that one row and nothing else.
    """

    kind: ClassVar[str] = "grant"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="grants")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    domains = models.JSONField(default=list, blank=True)
    organisation_id = models.CharField(max_length=26, blank=True)
    thing_kind = models.CharField(max_length=40, blank=True)
    thing_id = models.CharField(max_length=40, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=(Q(thing_kind="") & Q(thing_id="")) | (~Q(thing_kind="") & ~Q(thing_id="")),
                name="accounts_grant_thing_paired",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["user", "revoked_at"], name="accounts_grant_user")]

    def __str__(self) -> str:
        return f"{self.user} · {self.role} · {self.region or self.organisation_id or self.thing_id or '-'}"

    def holds_at(self, at: datetime) -> bool:
        return self.revoked_at is None and self.starts_at <= at and (self.ends_at is None or at < self.ends_at)


class ApiToken(BaseModel):
    """A key for another system: its owner's rights, cut down to ``permissions``, until ``expires_at``.

    Only the SHA-256 of the secret is kept; the secret is shown once.
    """

    kind: ClassVar[str] = "api_token"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=12)
    permissions = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class SavedView(BaseModel):
    """A ledger's filters under a name of the user's own."""

    kind: ClassVar[str] = "saved_view"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=1000)
    columns = models.JSONField(default=list, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "page", "name"], name="accounts_one_view_per_name"),
        ]

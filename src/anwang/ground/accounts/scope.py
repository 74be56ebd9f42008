"""Who may do what, and who may see what. Nothing else in the house decides rights.

``can(user, permission, on=thing)`` answers for one thing; ``Model.objects.visible_to(user)`` is the same answer as a
filter. Both read the user's grants: a grant opens the subtree of its region, cut down to its domains, or the rows of
its organisation, or one single row. An administrator's grant that names nothing holds in the whole house; a business
role's grant that names nothing holds nowhere.

``user`` is anything with ``grants_now``: in practice :class:`~anwang.ground.accounts.models.User`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from anwang.ground.accounts.models import Grant, Role, User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.ground.regions.models import COLUMNS


@dataclass(frozen=True, slots=True)
class Reach:
    """One grant in force, ready to ask: which permissions, where."""

    permissions: frozenset[str]
    role: str
    level: str  # "" where the grant names no region
    code: str
    domains: frozenset[str]  # empty: all
    organisation_id: str
    thing_kind: str
    thing_id: str
    administrator: bool = False

    @property
    def placed(self) -> bool:
        return bool(self.level)

    @property
    def everywhere(self) -> bool:
        return self.administrator and not (self.level or self.organisation_id or self.thing_id)

    @classmethod
    def of(cls, grant: Grant, only: frozenset[str] | None = None) -> "Reach":
        permissions = frozenset(grant.role.permissions)
        return cls(
            permissions=permissions if only is None else permissions & only,
            role=grant.role_id,
            level=grant.region.level if grant.region else "",
            code=grant.region.code if grant.region else "",
            domains=frozenset(grant.domains),
            organisation_id=grant.organisation_id,
            thing_kind=grant.thing_kind,
            thing_id=grant.thing_id,
            administrator=grant.role.administrator,
        )


def reaches(user: Any, *, at: datetime | None = None) -> tuple[Reach, ...]:
    """The grants of ``user`` in force, read once per user object (one request, one job)."""
    if user is None or not getattr(user, "is_authenticated", False) or not user.is_active:
        return ()
    cached: tuple[Reach, ...] | None = getattr(user, "_reaches", None)
    if cached is not None and at is None:
        return cached
    moment = at or timezone.now()
    only = getattr(user, "token_permissions", None)
    found = tuple(
        Reach.of(grant, only)
        for grant in Grant.objects.filter(user=user, revoked_at__isnull=True).select_related("role", "region")
        if grant.holds_at(moment)
    )
    if at is None:
        user._reaches = found  # noqa: SLF001
    return found


def who(request: HttpRequest) -> User:
    """The person behind a request, for the ``by`` of a service. Pages and API are closed to anybody else."""
    user = request.user
    if not isinstance(user, User):
        raise Refused("accounts.not_permitted")
    return user


def forget(user: Any) -> None:
    """Drop what was read, after a grant of this user changed within one request."""
    if hasattr(user, "_reaches"):
        del user._reaches  # noqa: SLF001


def may(user: Any, permission: Permission) -> bool:
    """Has the user this permission anywhere at all? Decides menus, never rows."""
    return any(permission in reach.permissions for reach in reaches(user))


def can(user: Any, permission: Permission, *, on: Any = None) -> bool:
    """May ``user`` do this to ``on``? Without ``on``: may they do it somewhere (making accounts, reading the trail)."""
    if on is None:
        return may(user, permission)
    if any(permission in reach.permissions and _covers(reach, on) for reach in reaches(user)):
        return True
    own = getattr(on, "scope_columns", ScopeColumns()).own
    return bool(own) and getattr(on, own, None) == user.pk and may(user, permission)


def require(user: Any, permission: Permission, *, on: Any = None) -> None:
    """Raise ``Refused("accounts.not_permitted")`` unless :func:`can`."""
    if not can(user, permission, on=on):
        raise Refused("accounts.not_permitted", permission=str(permission))


def can_word(user: Any, permission: str, *, on: Any = None) -> bool:
    """:func:`can` for the rooms below, which know permissions by their words only (``base.rights``)."""
    return can(user, Permission(permission), on=on)


def within_word(user: Any, permission: str, model: Any, *, prefix: str = "") -> Q:
    """:func:`within` for the rooms below."""
    return within(user, Permission(permission), model, prefix=prefix)


def _covers(reach: Reach, on: Any) -> bool:
    if reach.everywhere:
        return True
    if reach.thing_id:
        return reach.thing_kind == getattr(on, "kind", "") and reach.thing_id == str(on.pk)
    columns: ScopeColumns = getattr(on, "scope_columns", ScopeColumns())
    if reach.organisation_id:
        named = {str(getattr(on, name, "") or "") for name in columns.organisations}
        if reach.organisation_id not in named:
            return False
        return not reach.placed or _in_region(reach, on)
    if not reach.placed or not _in_region(reach, on):
        return False
    if reach.domains and columns.domain and hasattr(on, columns.domain):
        return getattr(on, columns.domain) in reach.domains
    return True


def _in_region(reach: Reach, on: Any) -> bool:
    return getattr(on, COLUMNS[reach.level], "") == reach.code


@dataclass(frozen=True, slots=True)
class ScopeColumns:
    """Which columns of a table say where a row belongs. ``organisations`` are those an enterprise sees its rows by."""

    domain: str = "domain"
    organisations: tuple[str, ...] = ()
    own: str = ""  # column with the id of the user whose own row it is, whatever the region


class ScopedQuerySet(models.QuerySet[Any]):
    """A table whose rows are seen through scope. Set ``read`` and the model's ``scope_columns``."""

    read: ClassVar[Permission]

    def visible_to(self, user: Any) -> Self:
        """The rows ``user`` may read: one OR over their grants, nothing when they have none."""
        return self.reachable(user, self.read)

    def reachable(self, user: Any, permission: Permission) -> Self:
        """The rows on which ``user`` has ``permission``."""
        return self.filter(within(user, permission, self.model))


def within(user: Any, permission: Permission, model: Any, *, prefix: str = "") -> Q:
    """The filter behind :meth:`ScopedQuerySet.visible_to`; ``prefix`` reaches through a relation (``"site__"``)."""
    columns: ScopeColumns = getattr(model, "scope_columns", ScopeColumns())
    names = {field.name for field in model._meta.get_fields()} | {  # noqa: SLF001
        field.attname
        for field in model._meta.concrete_fields  # noqa: SLF001
    }
    held = [reach for reach in reaches(user) if permission in reach.permissions]
    if any(reach.everywhere for reach in held):
        return ~Q(pk__in=[])  # every row; an empty Q would vanish in an OR
    parts = [part for reach in held if (part := _filter(reach, columns, model, names, prefix)) is not None]
    if columns.own and held:
        parts.append(Q(**{f"{prefix}{columns.own}": user.pk}))
    return _any(parts)


def _any(parts: Iterable[Q]) -> Q:
    whole: Q | None = None
    for part in dict.fromkeys(parts):
        whole = part if whole is None else whole | part
    return whole if whole is not None else Q(pk__in=[])


def _filter(reach: Reach, columns: ScopeColumns, model: Any, names: set[str], prefix: str) -> Q | None:
    if reach.thing_id:
        return Q(**{f"{prefix}pk": reach.thing_id}) if reach.thing_kind == getattr(model, "kind", "") else None
    part = Q()
    if reach.organisation_id:
        if not columns.organisations:
            return None
        part = _any(Q(**{f"{prefix}{name}": reach.organisation_id}) for name in columns.organisations)
    elif not reach.placed:
        return None
    if reach.placed:
        if COLUMNS[reach.level] not in names:  # a table that lies nowhere is not opened by a place
            return None
        part &= Q(**{f"{prefix}{COLUMNS[reach.level]}": reach.code})
    if reach.domains and columns.domain in names and not reach.organisation_id:
        part &= Q(**{f"{prefix}{columns.domain}__in": sorted(reach.domains)})
    return part


def holders(permission: Permission, on: Any, *, at: datetime | None = None) -> list[User]:
    """Who may do this to ``on``: for reminders and hand-offs. People only, nearest region first."""
    return list(dict.fromkeys(user for user, _ in holdings(permission, on, at=at)))


def holdings(permission: Permission, on: Any, *, at: datetime | None = None) -> list[tuple[User, Reach]]:
    """The same with the grant that lets them, one row per grant: who as whom. Two queries, however many people."""
    moment = at or timezone.now()
    nearest = {level: rank for rank, level in enumerate(reversed(list(COLUMNS)))}
    columns: ScopeColumns = getattr(on, "scope_columns", ScopeColumns())
    places = {getattr(on, column, "") for column in COLUMNS.values()} - {""}
    bodies = {str(getattr(on, name, "") or "") for name in columns.organisations} - {""}
    roles = [role.key for role in Role.objects.all() if permission in role.permissions]
    grants = (
        Grant.objects.filter(Q(region__in=places) | Q(organisation_id__in=bodies))
        .filter(role__in=roles, user__is_active=True, user__kind=User.Kind.PERSON, revoked_at__isnull=True)
        .select_related("role", "region", "user")
    )
    found = [
        (grant.user, reach) for grant in grants if grant.holds_at(moment) and _covers(reach := Reach.of(grant), on)
    ]
    return sorted(found, key=lambda pair: (nearest.get(pair[1].level, -1), pair[0].pk))

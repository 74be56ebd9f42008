"""Reads: whose eyes, which people and grants an administrator may see, who holds what."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from anwang.ground.accounts import lookups, rules, scope
from anwang.ground.accounts.models import ApiToken, Grant, Role, SavedView, User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.nav import Eyes
from anwang.ground.regions.models import Region

P = Permission
SEES_PEOPLE = (P.USER_MANAGE, P.GRANT_MANAGE, P.SECURITY_MANAGE)
READS_ROLES = (P.AUDIT_READ, P.ROLE_MANAGE, P.GRANT_MANAGE, P.USER_MANAGE)


# --- one's own ------------------------------------------------------------------------------------------------------


def eyes(user: User) -> Eyes:
    """Whose eyes: the person, the roles acted in, the places or units they reach; grants are read once for a request,
    shared with :func:`scope.can`.
    """
    held = scope.reaches(user)
    roles = {role.key: role for role in Role.objects.filter(key__in={reach.role for reach in held})}
    names = dict(
        Region.objects.filter(code__in={reach.code for reach in held if reach.code}).values_list("code", "name")
    )
    bodies = lookups.organisation_names({reach.organisation_id for reach in held} - {""})
    return Eyes(
        person=user.name,
        role=" · ".join(dict.fromkeys(roles[reach.role].label for reach in held if reach.role in roles)),
        region=" · ".join(dict.fromkeys(names[reach.code] for reach in held if reach.code in names)),
        organisation=" · ".join(bodies.values()),
    )


def permissions_of(user: User) -> frozenset[str]:
    """Every permission the user has somewhere."""
    return frozenset().union(*(reach.permissions for reach in scope.reaches(user)))


def grants_of(user: User) -> list[Grant]:
    """All grants of a person, those in force first, then by age; for their own page and the security administrator's."""
    return sorted(
        user.grants.select_related("role", "region", "granted_by"),
        key=lambda grant: (not grant.holds_at(timezone.now()), -grant.starts_at.timestamp()),
    )


def tokens_of(user: User) -> QuerySet[ApiToken]:
    return user.tokens.order_by("-created_at")


def views_of(user: User, page: str) -> QuerySet[SavedView]:
    """The user's saved views of one ledger, in their order."""
    return SavedView.objects.filter(user=user, page=page).order_by("position", "name")


# --- other people ---------------------------------------------------------------------------------------------------


def people_for(by: Any, *permissions: Permission) -> QuerySet[User]:
    """The accounts ``by`` may see with any of ``permissions`` (by default: of those that keep people).

    An account lies where its ``home`` is; one without a home is seen by administrators of the whole house only. Link
    holders are no accounts of anybody's.
    """
    where = Q(pk__in=[])
    for permission in permissions or SEES_PEOPLE:
        where |= scope.within(by, permission, Region, prefix="home__")
    return User.objects.filter(where).exclude(kind=User.Kind.LINK).select_related("home")


def person_for(by: Any, user_id: str, *permissions: Permission) -> User:
    """One of them. Raises User.DoesNotExist, which is a 404."""
    return people_for(by, *permissions).get(pk=user_id)


def grants_for(by: Any) -> QuerySet[Grant]:
    """The grants ``by`` may look at and revoke: of people he sees, or into regions of his."""
    return Grant.objects.filter(
        Q(user__in=people_for(by, P.GRANT_MANAGE).values("pk"))
        | scope.within(by, P.GRANT_MANAGE, Region, prefix="region__")
    ).select_related("user", "role", "region", "granted_by")


def regions_for(by: Any, permission: Permission) -> QuerySet[Region]:
    """The regions that ``by`` may choose for an account or a grant."""
    return Region.objects.current().filter(scope.within(by, permission, Region))


def may_read_roles(by: Any) -> bool:
    return any(scope.may(by, permission) for permission in READS_ROLES)


def about(user: User) -> Any:
    """What stands for an account when rights on it are asked: the place it belongs to, else the account itself."""
    return user.home or user


def held_roles(user: User, *, now: datetime) -> list[rules.RoleFacts]:
    """The roles of the grants that hold now or will later."""
    grants = user.grants.filter(revoked_at__isnull=True).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))
    return [facts(grant.role) for grant in grants.select_related("role")]


def offices_of(user: User, *, now: datetime) -> frozenset[str]:
    return frozenset().union(*(role.offices for role in held_roles(user, now=now)))


def facts(role: Role) -> rules.RoleFacts:
    return rules.RoleFacts(role.key, frozenset(role.permissions), role.administrator, role.placed_by)


# --- roles ----------------------------------------------------------------------------------------------------------


def roles() -> list[Role]:
    """All roles: business first, then administrators, the link's last, the office's own among their like."""
    return sorted(
        Role.objects.all(), key=lambda role: (role.placed_by == "thing", role.administrator, not role.built_in)
    )


def holders_count(by: Any, keys: Iterable[str], *, now: datetime) -> dict[str, int]:
    """How many grants in force each role has, among those that ``by`` may look at or whose people he keeps."""
    counts = dict.fromkeys(keys, 0)
    seen = Q(pk__in=grants_for(by).values("pk")) | Q(user__in=people_for(by, P.USER_MANAGE).values("pk"))
    grants = Grant.objects.filter(seen, role__in=counts, revoked_at__isnull=True, starts_at__lte=now)
    for key in grants.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now)).values_list("role_id", flat=True):
        counts[key] += 1
    return counts


def locked_out(by: Any, *, now: datetime) -> list[Any]:
    """Failed sign-ins that lock an account ``by`` may see, latest first (rows of django-axes)."""
    from axes.models import AccessAttempt
    from django.conf import settings

    since = now - _cooloff()
    names = people_for(by, P.SECURITY_MANAGE).values("username")
    return list(
        AccessAttempt.objects.filter(
            username__in=names, failures_since_start__gte=settings.AXES_FAILURE_LIMIT, attempt_time__gte=since
        ).order_by("-attempt_time")[:200]
    )


def _cooloff() -> Any:
    from axes.helpers import get_cool_off

    return get_cool_off()


def sessions_of(users: Any) -> QuerySet[Any]:
    """Live sessions of these people (ids, or a query of them), latest first (rows of allauth.usersessions)."""
    from allauth.usersessions.models import UserSession

    rows: QuerySet[Any] = UserSession.objects.filter(user_id__in=users)
    return rows.select_related("user").order_by("-last_seen_at")


# --- lists ----------------------------------------------------------------------------------------------------------


def people(
    by: Any,
    *,
    now: datetime,
    text: str = "",
    state: str = "",
    roles: Collection[str] = (),
    without_role: bool = False,
    kind: str = "",
) -> QuerySet[User]:
    """The accounts ``by`` may see, by name, user name or phone; ``state`` open or closed; ``roles`` held now."""
    rows = people_for(by)
    if word := text.replace("\0", "").strip()[:60]:
        rows = rows.filter(Q(name__icontains=word) | Q(username__icontains=word.lower()) | Q(phone__startswith=word))
    if state:
        rows = rows.filter(is_active=state == "open")
    if kind:
        rows = rows.filter(kind=kind)
    held = _in_force(Grant.objects.filter(user=OuterRef("pk")), now)
    if roles:
        rows = rows.filter(Exists(held.filter(role__in=roles)))
    if without_role:
        rows = rows.filter(~Exists(held))
    return rows


def with_roles(users: Sequence[User], *, now: datetime) -> None:
    """Give each user of a page ``role_words``: the roles held now. One query."""
    words: dict[str, list[str]] = {user.pk: [] for user in users}
    for grant in _in_force(Grant.objects.filter(user__in=words), now).select_related("role"):
        if grant.role.label not in words[grant.user_id]:
            words[grant.user_id].append(grant.role.label)
    for user in users:
        user.role_words = " · ".join(words[user.pk])  # type: ignore[attr-defined]


def grants(
    by: Any,
    *,
    now: datetime,
    text: str = "",
    roles: Collection[str] = (),
    state: str = "",
    retired: bool = False,
) -> QuerySet[Grant]:
    """The grants ``by`` may look at; ``state`` now, later, over or revoked; ``retired``: on a region that is no more."""
    rows = grants_for(by).exclude(user__kind=User.Kind.LINK)
    if word := text.replace("\0", "").strip()[:60]:
        rows = rows.filter(
            Q(user__name__icontains=word) | Q(user__username__icontains=word.lower()) | Q(region__name__icontains=word)
        )
    if roles:
        rows = rows.filter(role__in=roles)
    if state == "now":
        rows = _in_force(rows, now)
    elif state == "later":
        rows = rows.filter(revoked_at__isnull=True, starts_at__gt=now)
    elif state == "over":
        rows = rows.filter(revoked_at__isnull=True, ends_at__lte=now)
    elif state == "revoked":
        rows = rows.filter(revoked_at__isnull=False)
    if retired:
        rows = _in_force(rows.filter(region__retired_on__isnull=False), now)
    return rows


def _in_force(rows: QuerySet[Grant], now: datetime) -> QuerySet[Grant]:
    return rows.filter(revoked_at__isnull=True, starts_at__lte=now).filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now))


def grant_tone(grant: Grant, *, now: datetime) -> str:
    """now, later, over or revoked: the state of a grant, as the list's filter calls it."""
    if grant.revoked_at is not None:
        return "revoked"
    if grant.ends_at is not None and grant.ends_at <= now:
        return "over"
    return "later" if grant.starts_at > now else "now"

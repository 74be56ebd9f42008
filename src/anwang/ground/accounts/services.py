"""Everything that is done to accounts, rights, keys and sessions.

Each verb: permit, lock, facts, rule, write, record, announce. ``by`` None is the machine itself (the command line, the
demo, a signed link's room): it is permitted, and the trail says so. Whoever may see an account and not do the verb is
refused; an account out of sight raises ``DoesNotExist``.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from anwang.ground.accounts import rules, scope, selectors, tokens
from anwang.ground.accounts.models import ApiToken, Grant, PasswordUsed, Role, SavedView, User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.roles import ALL_ROLES, LINK_ROLE
from anwang.ground.audit import services as audit
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.regions.models import Region

P = Permission
CHANGEABLE = ("name", "title", "phone", "email", "certificate", "language")


def _refuse(key: str | None, **params: Any) -> None:
    if key is not None:
        raise Refused(key, **params)


def _permit(by: User | None, permission: Permission, *, on: Any = None) -> None:
    if by is not None:
        scope.require(by, permission, on=on)


def _locked(user: User) -> User:
    return User.objects.select_for_update(of=("self",)).select_related("home").get(pk=user.pk)


# --- accounts -------------------------------------------------------------------------------------------------------


@transaction.atomic
def create_user(
    *,
    username: str,
    name: str,
    by: User | None,
    now: datetime,
    password: str | None = None,
    home: Region | None = None,
    kind: str = User.Kind.PERSON,
    title: str = "",
    phone: str = "",
    email: str = "",
    certificate: str = "",
    language: str = "",
    must_change: bool = True,
    demo: bool = False,
) -> User:
    """A new account, without any rights. ``password`` None: nobody can sign in until one is set.

    ``home`` is the region whose administrators keep it; it must lie in ``by``'s. An administrator of the whole house may
    leave it out. Raises Refused: accounts.username_bad, username_taken, name_missing, home_missing, password_weak.
    """
    _permit(by, P.USER_MANAGE)
    if by is not None and not scope.can(by, P.USER_MANAGE, on=home or User()):
        raise Refused("accounts.home_missing", field="home")
    username = username.strip().lower()
    if not rules.USERNAME.fullmatch(username):
        raise Refused("accounts.username_bad", field="username")
    if User.objects.filter(username=username).exists():
        raise Refused("accounts.username_taken", field="username")
    if not name.strip():
        raise Refused("accounts.name_missing", field="name")
    if language and language not in dict(settings.LANGUAGES):
        raise Refused("accounts.language_unknown", field="language")
    user = User(
        username=username,
        name=name.strip(),
        kind=User.Kind(kind),
        home=home,
        title=title.strip(),
        phone=phone.strip(),
        email=email.strip(),
        certificate=certificate.strip(),
        language=language,
        must_change_password=must_change and password is not None,
        demo=demo,
    )
    if password is None:
        user.set_unusable_password()
    else:
        check_password(password, user)
        user.set_password(password)
        user.password_changed_at = now
    user.save()
    if password is not None:
        PasswordUsed.objects.create(user=user, password=user.password, at=now)
    audit.record("accounts.user_created", on=user, by=by, at=now, data={"kind": user.kind, "home": user.home_id or ""})
    return user


@transaction.atomic
def change(*, user: User, by: User | None, now: datetime, home: Region | None = None, **fields: str) -> User:
    """Change what an account says of its person: name, title, phone, email, certificate, language.

    One's own phone, mail and language are one's own business; the rest, and others' accounts, are the system
    administrator's. ``home`` moves the account to another region (None leaves it). The trail names the fields, not
    their values.
    """
    unknown = set(fields) - set(CHANGEABLE)
    if unknown:
        raise TypeError(f"no such field: {', '.join(sorted(unknown))}")
    own = by is not None and by.pk == user.pk and set(fields) <= {"phone", "email", "language"} and home is None
    if not own:
        _permit(by, P.USER_MANAGE, on=selectors.about(user))
        if home is not None:
            _permit(by, P.USER_MANAGE, on=home)
    row = _locked(user)
    if row.kind == User.Kind.LINK:
        raise Refused("accounts.not_a_person")
    values = {key: value.strip() for key, value in fields.items()}
    if "name" in values and not values["name"]:
        raise Refused("accounts.name_missing", field="name")
    if values.get("language") and values["language"] not in dict(settings.LANGUAGES):
        raise Refused("accounts.language_unknown", field="language")
    changed = sorted(key for key, value in values.items() if getattr(row, key) != value)
    for key in changed:
        setattr(row, key, values[key])
    if home is not None and row.home_id != home.pk:
        row.home = home
        changed.append("home")
    if changed:
        row.save(update_fields=changed)
        audit.record("accounts.user_changed", on=row, by=by, at=now, data={"fields": changed})
    return row


@transaction.atomic
def deactivate(*, user: User, by: User | None, now: datetime, note: str = "") -> User:
    """Close an account: sessions and keys end at once, grants are revoked and not given back with reopening."""
    _permit(by, P.USER_MANAGE, on=selectors.about(user))
    row = _locked(user)
    if by is not None and by.pk == row.pk:
        raise Refused("accounts.not_oneself")
    if row.kind == User.Kind.LINK:
        raise Refused("accounts.not_a_person")
    if not row.is_active:
        raise Refused("accounts.inactive")
    row.is_active = False
    row.save(update_fields=["is_active"])
    grants = row.grants.filter(revoked_at__isnull=True).update(revoked_at=now)
    keys = row.tokens.filter(revoked_at__isnull=True).update(revoked_at=now)
    _end_sessions(row)
    scope.forget(row)
    audit.record(
        "accounts.user_deactivated", on=row, by=by, at=now, data={"note": note[:300], "grants": grants, "keys": keys}
    )
    return row


@transaction.atomic
def reactivate(*, user: User, by: User | None, now: datetime) -> User:
    """Open a closed account again, without any rights: the security administrator grants anew."""
    _permit(by, P.USER_MANAGE, on=selectors.about(user))
    row = _locked(user)
    if row.kind == User.Kind.LINK:
        raise Refused("accounts.not_a_person")
    if not row.is_active:
        row.is_active = True
        row.save(update_fields=["is_active"])
        audit.record("accounts.user_reactivated", on=row, by=by, at=now)
    return row


@transaction.atomic
def set_password(*, user: User, password: str, by: User | None, now: datetime, must_change: bool | None = None) -> User:
    """Set a password. Set by somebody else it must be changed at the next sign-in (``must_change`` overrides that).

    The present one is not asked for here: screens ask for it where a person changes their own. Other sessions of the
    person end, since Django ties a session to the password. Raises Refused("accounts.password_weak", why=…).
    """
    row = _locked(user)
    if row.kind == User.Kind.LINK:
        raise Refused("accounts.not_a_person")
    own = by is not None and by.pk == row.pk
    if by is not None and not own:
        about = selectors.about(row)
        _refuse(
            rules.reset_problem(
                offices=selectors.offices_of(row, now=now),
                keeps_accounts=scope.can(by, P.USER_MANAGE, on=about),
                keeps_security=scope.can(by, P.SECURITY_MANAGE, on=about),
            )
        )
    check_password(password, row)
    row.set_password(password)
    row.password_changed_at = now
    row.must_change_password = not own if must_change is None else must_change
    row.save(update_fields=["password", "password_changed_at", "must_change_password"])
    PasswordUsed.objects.create(user=row, password=row.password, at=now)
    keep = row.passwords_used.order_by("-at", "-pk").values_list("pk", flat=True)[: settings.PASSWORD_KEEP]
    row.passwords_used.exclude(pk__in=list(keep)).delete()
    if not own:
        _end_sessions(row)
    audit.record("accounts.password_set" if own else "accounts.password_reset", on=row, by=by, at=now)
    return row


def suggest_password() -> str:
    """A first password that passes the policy and can be read over the telephone."""
    letters, digits = "abcdefghjkmnpqrstuvwxyz", "23456789"
    groups = ("".join(secrets.choice(letters) for _ in range(4)) for _ in range(2))
    return "-".join((*groups, "".join(secrets.choice(digits) for _ in range(4)))).capitalize()


def check_password(password: str, user: User | None) -> None:
    """Does it keep the policy? Raises Refused("accounts.password_weak", why=…)."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Refused("accounts.password_weak", field="password", why=" ".join(error.messages)) from error


# --- rights ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def grant(
    *,
    user: User,
    role: Role | str,
    by: User | None,
    now: datetime,
    region: Region | None = None,
    domains: Sequence[str] = (),
    organisation_id: str = "",
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Grant:
    """Give an account a role somewhere, for a time (from ``now``, without end, unless said otherwise).

    ``domains`` empty means all. The giver's own reach must hold the region. Raises Refused: accounts.not_to_oneself,
    two_administrators, administrator_and_business, region_missing, organisation_missing, place_missing, domain_unknown,
    term_backwards, already_granted, inactive, …
    """
    chosen = role if isinstance(role, Role) else Role.objects.get(pk=role)
    if by is not None:
        scope.require(by, P.GRANT_MANAGE, on=selectors.about(user))
        scope.require(by, P.GRANT_MANAGE, on=region or selectors.about(user))
        if by.pk == user.pk:
            raise Refused("accounts.not_to_oneself")
    row = _locked(user)
    if row.kind == User.Kind.LINK:
        raise Refused("accounts.not_a_person")
    if not row.is_active:
        raise Refused("accounts.inactive")
    starts_at = starts_at or now
    unknown = [domain for domain in domains if domain not in Domain.values]
    if unknown:
        raise Refused("accounts.domain_unknown", field="domains", domain=unknown[0])
    if region is not None and region.retired_on is not None:
        raise Refused("accounts.region_retired", field="region")
    given = selectors.facts(chosen)
    _refuse(
        rules.place_problem(given, region=region is not None, organisation=bool(organisation_id), thing=False)
        or rules.term_problem(starts_at, ends_at, now=now)
        or rules.separation_problem(selectors.held_roles(row, now=now), given)
    )
    same = Grant.objects.filter(
        user=row, role=chosen, region=region, organisation_id=organisation_id, revoked_at__isnull=True
    )
    if any(set(other.domains) == set(domains) and other.holds_at(starts_at) for other in same):
        raise Refused("accounts.already_granted")
    made = Grant.objects.create(
        user=row,
        role=chosen,
        region=region,
        domains=sorted(set(domains)),
        organisation_id=organisation_id,
        starts_at=starts_at,
        ends_at=ends_at,
        granted_by=by,
    )
    scope.forget(user)
    audit.record("accounts.granted", on=row, by=by, at=now, data=_grant_words(made))
    return made


@transaction.atomic
def revoke(*, grant: Grant, by: User | None, now: datetime, note: str = "") -> Grant:
    """End a grant at once. The row stays: who could do what, when, is part of the record."""
    row = Grant.objects.select_for_update(of=("self",)).select_related("user__home", "region").get(pk=grant.pk)
    if by is not None:
        if not selectors.grants_for(by).filter(pk=row.pk).exists():
            raise Grant.DoesNotExist
        scope.require(by, P.GRANT_MANAGE)
        if by.pk == row.user_id:
            raise Refused("accounts.not_to_oneself")
    if row.revoked_at is not None:
        raise Refused("accounts.already_revoked")
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    scope.forget(row.user)
    audit.record("accounts.revoked", on=row.user, by=by, at=now, data={**_grant_words(row), "note": note[:300]})
    return row


def _grant_words(row: Grant) -> dict[str, Any]:
    return {
        "grant": row.pk,
        "role": row.role_id,
        "region": row.region_id or "",
        "domains": row.domains,
        "organisation": row.organisation_id,
        "from": row.starts_at.isoformat(),
        "to": row.ends_at.isoformat() if row.ends_at else "",
    }


# --- roles ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def sync_roles(*, now: datetime) -> int:
    """Write the built-in roles as ``roles.py`` has them; the office's own are left alone. Returns how many changed.

    Run after every migration (``anwang migrate``). Saying it twice changes nothing.
    """
    before = {role.key: role for role in Role.objects.all()}
    changed: list[str] = []
    for spec in ALL_ROLES:
        _refuse(rules.role_problem(rules.RoleFacts(spec.key, spec.permissions, spec.administrator, spec.placed_by)))
        values: Mapping[str, Any] = {
            "zh": spec.zh,
            "en": spec.en,
            "paragraph_zh": spec.paragraph_zh,
            "paragraph_en": spec.paragraph_en,
            "permissions": sorted(map(str, spec.permissions)),
            "administrator": spec.administrator,
            "built_in": True,
            "placed_by": spec.placed_by,
        }
        row = before.get(spec.key)
        if row is None or any(getattr(row, key) != value for key, value in values.items()):
            Role.objects.update_or_create(key=spec.key, defaults=values)
            changed.append(spec.key)
    if changed:
        audit.record("accounts.roles_synced", by=None, at=now, data={"roles": changed})
    return len(changed)


@transaction.atomic
def make_role(
    *,
    key: str,
    zh: str,
    paragraph_zh: str,
    permissions: Collection[str],
    by: User | None,
    now: datetime,
    en: str = "",
    paragraph_en: str = "",
    placed_by: str = "region",
) -> Role:
    """A role of the office's own. Raises Refused: accounts.role_key_bad, role_taken, role_words, role_mixed, …"""
    _permit(by, P.ROLE_MANAGE)
    if not rules.ROLE_KEY.fullmatch(key):
        raise Refused("accounts.role_key_bad", field="key")
    if Role.objects.filter(pk=key).exists():
        raise Refused("accounts.role_taken", field="key")
    row = Role(key=key)
    _write_role(row, zh, en, paragraph_zh, paragraph_en, permissions, placed_by)
    row.save(force_insert=True)
    audit.record("accounts.role_made", on=row, by=by, at=now, data={"permissions": row.permissions})
    return row


@transaction.atomic
def change_role(
    *,
    role: Role,
    zh: str,
    paragraph_zh: str,
    permissions: Collection[str],
    by: User | None,
    now: datetime,
    en: str = "",
    paragraph_en: str = "",
    placed_by: str = "region",
) -> Role:
    """Change a role of the office's own; who holds it has the new permissions from the next request on.

    An administrator's own role stays out of reach of himself: nobody changes the rights he holds.
    """
    _permit(by, P.ROLE_MANAGE)
    row = Role.objects.select_for_update().get(pk=role.pk)
    if row.built_in:
        raise Refused("accounts.role_built_in")
    if by is not None and any(held.key == row.key for held in selectors.held_roles(by, now=now)):
        raise Refused("accounts.not_to_oneself")
    before = set(row.permissions)
    was = (row.administrator, row.placed_by)
    _write_role(row, zh, en, paragraph_zh, paragraph_en, permissions, placed_by)
    # Holders were checked against the role as it was: an office, or another kind of place, needs new grants.
    if was != (row.administrator, row.placed_by) and row.grants.filter(revoked_at__isnull=True).exists():
        raise Refused("accounts.role_in_use")
    row.save()
    data = {"added": sorted(set(row.permissions) - before), "taken": sorted(before - set(row.permissions))}
    audit.record("accounts.role_changed", on=row, by=by, at=now, data=data)
    return row


@transaction.atomic
def delete_role(*, role: Role, by: User | None, now: datetime) -> None:
    """Remove a role of the office's own that nobody ever held."""
    _permit(by, P.ROLE_MANAGE)
    row = Role.objects.select_for_update().get(pk=role.pk)
    if row.built_in:
        raise Refused("accounts.role_built_in")
    if row.grants.exists():
        raise Refused("accounts.role_in_use")
    audit.record("accounts.role_deleted", on=row, by=by, at=now, data={"permissions": row.permissions})
    row.delete()


def _write_role(
    row: Role,
    zh: str,
    en: str,
    paragraph_zh: str,
    paragraph_en: str,
    permissions: Collection[str],
    placed_by: str,
) -> None:
    unknown = sorted(set(permissions) - set(Permission))
    if unknown:
        raise Refused("accounts.permission_unknown", field="permissions", permission=unknown[0])
    if not zh.strip() or not paragraph_zh.strip():
        raise Refused("accounts.role_words", field="zh" if not zh.strip() else "paragraph_zh")
    offices = rules.RoleFacts(row.key, frozenset(permissions), False, placed_by).offices
    if placed_by not in {"region", "organisation", "either"}:
        placed_by = "region"
    row.zh, row.en = zh.strip(), en.strip() or zh.strip()
    row.paragraph_zh, row.paragraph_en = paragraph_zh.strip(), paragraph_en.strip() or paragraph_zh.strip()
    row.permissions = sorted(set(permissions))
    row.administrator = bool(offices)
    row.placed_by = "free" if offices else placed_by
    _refuse(rules.role_problem(selectors.facts(row)))


# --- keys of other systems ------------------------------------------------------------------------------------------


@transaction.atomic
def make_token(
    *, user: User, name: str, permissions: Collection[str], expires_at: datetime, by: User | None, now: datetime
) -> tuple[ApiToken, str]:
    """A key to the API with part of its owner's rights, until ``expires_at``. Returns the row and, once, the secret.

    A person makes keys alone; for an account of the kind ``system`` whoever keeps keys (token.manage) does.
    """
    if by is not None and by.pk != user.pk:
        _permit(by, P.TOKEN_MANAGE, on=selectors.about(user))
        if user.kind != User.Kind.SYSTEM:
            raise Refused("accounts.token_not_for_people")
    row = _locked(user)
    if row.kind == User.Kind.LINK:
        raise Refused("accounts.not_a_person")
    if not row.is_active:
        raise Refused("accounts.inactive")
    _refuse(
        rules.token_problem(
            wanted=permissions,
            held=selectors.permissions_of(row),
            now=now,
            expires_at=expires_at,
            by_token=getattr(by, "token_permissions", None) is not None,
        )
    )
    secret = f"aw_{secrets.token_urlsafe(32)}"
    made = ApiToken.objects.create(
        user=row,
        name=name.strip()[:60],
        digest=tokens.digest(secret),
        hint=f"{secret[:6]}…",
        permissions=sorted(set(permissions)),
        created_at=now,
        expires_at=expires_at,
    )
    data = {"name": made.name, "permissions": made.permissions, "to": expires_at.isoformat()}
    audit.record("accounts.token_made", on=row, by=by, at=now, data=data)
    return made, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, by: User | None, now: datetime) -> ApiToken:
    """End a key at once: one's own, or any within reach of whoever keeps keys."""
    row = ApiToken.objects.select_for_update(of=("self",)).select_related("user__home").get(pk=token.pk)
    if by is not None and by.pk != row.user_id and not scope.can(by, P.TOKEN_MANAGE, on=selectors.about(row.user)):
        raise ApiToken.DoesNotExist
    if row.revoked_at is not None:
        raise Refused("accounts.already_revoked")
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])
    audit.record("accounts.token_revoked", on=row.user, by=by, at=now, data={"name": row.name, "token": row.pk})
    return row


# --- signed links ---------------------------------------------------------------------------------------------------


@transaction.atomic
def make_link_user(*, name: str, thing: Any, expires_at: datetime, by: User | None, now: datetime) -> User:
    """The holder of a signed link: a user of the kind ``link`` with one grant, on ``thing`` and nothing else.

    ``thing`` is a model row with ``kind`` and a key. The link itself (secret, page) is the public room's; it acts with
    this user. Rights end with ``expires_at`` or :func:`revoke_link`.
    """
    _permit(by, P.HAZARD_LINK, on=thing)
    _refuse(rules.link_problem(now=now, expires_at=expires_at))
    key = new_id()
    user = User(username=f"link-{key.lower()}", name=name.strip()[:40], kind=User.Kind.LINK)
    user.set_unusable_password()
    user.save()
    Grant.objects.create(
        user=user,
        role_id=LINK_ROLE.key,
        thing_kind=thing.kind,
        thing_id=str(thing.pk),
        starts_at=now,
        ends_at=expires_at,
        granted_by=by,
    )
    audit.record("accounts.link_made", on=thing, by=by, at=now, data={"link": user.pk, "to": expires_at.isoformat()})
    return user


@transaction.atomic
def revoke_link(*, user: User, thing: Any, by: User | None, now: datetime) -> User:
    """End a signed link to ``thing``. Raises User.DoesNotExist where ``user`` holds no link to it."""
    _permit(by, P.HAZARD_LINK, on=thing)
    row = User.objects.select_for_update(of=("self",)).get(
        pk=user.pk, kind=User.Kind.LINK, grants__thing_kind=thing.kind, grants__thing_id=str(thing.pk)
    )
    if not row.grants.filter(revoked_at__isnull=True).update(revoked_at=now):
        raise Refused("accounts.already_revoked")
    row.is_active = False
    row.save(update_fields=["is_active"])
    scope.forget(user)
    audit.record("accounts.link_revoked", on=thing, by=by, at=now, data={"link": row.pk})
    return row


# --- sessions, lockouts, second factors -----------------------------------------------------------------------------


@transaction.atomic
def end_session(*, session_id: int, by: User, now: datetime) -> None:
    """End one session: one's own, or one within reach of the security administrator.

    Raises UserSession.DoesNotExist for any other.
    """
    from allauth.usersessions.models import UserSession

    row = UserSession.objects.select_related("user__home").get(pk=session_id)
    if by.pk != row.user_id and not scope.can(by, P.SECURITY_MANAGE, on=selectors.about(row.user)):
        raise UserSession.DoesNotExist
    owner = row.user
    row.end()
    audit.record("accounts.session_ended", on=owner, by=by, at=now)


def _end_sessions(user: User) -> None:
    from allauth.usersessions.models import UserSession

    for session in UserSession.objects.filter(user=user):
        session.end()


@transaction.atomic
def lift_lockout(*, user: User, by: User | None, now: datetime) -> int:
    """Let a person try again after failed sign-ins. Returns how many lockouts were lifted."""
    from axes.models import AccessAttempt

    _permit(by, P.SECURITY_MANAGE, on=selectors.about(user))
    lifted: int = AccessAttempt.objects.filter(username=user.username).delete()[0]
    audit.record("accounts.lockout_lifted", on=user, by=by, at=now)
    return lifted


@transaction.atomic
def drop_second_factor(*, user: User, by: User | None, now: datetime) -> int:
    """Remove a lost second factor, so that the person can sign in with the password and set up a new one."""
    from allauth.mfa.models import Authenticator

    _permit(by, P.SECURITY_MANAGE, on=selectors.about(user))
    if by is not None and by.pk == user.pk:
        raise Refused("accounts.not_oneself")
    dropped: int = Authenticator.objects.filter(user=user).delete()[0]
    _end_sessions(user)
    audit.record("accounts.second_factor_removed", on=user, by=by, at=now)
    return dropped


# --- saved views ----------------------------------------------------------------------------------------------------


@transaction.atomic
def save_view(
    *,
    page: str,
    name: str,
    query: str,
    by: User,
    now: datetime,
    columns: Sequence[str] = (),
    position: int | None = None,
) -> SavedView:
    """Keep a ledger's question under a name; the same name again replaces it."""
    name = name.strip()[:40]
    if not name or not page:
        raise Refused("accounts.view_words", field="name")
    row = SavedView.objects.select_for_update().filter(user=by, page=page[:40], name=name).first()
    if row is None:
        count = SavedView.objects.filter(user=by, page=page[:40]).count()
        if count >= rules.VIEWS_PER_PAGE:
            raise Refused("accounts.too_many_views", n=count)
        row = SavedView(user=by, page=page[:40], name=name, position=count)
    row.query, row.columns = query.lstrip("?")[:1000], list(columns)[:40]
    row.position = row.position if position is None else max(0, min(position, 32000))
    row.save()
    audit.record("accounts.view_saved", on=row, by=by, at=now, data={"page": row.page})
    return row


@transaction.atomic
def delete_view(*, view_id: str, by: User, now: datetime) -> None:
    """Forget one of one's own views. Raises SavedView.DoesNotExist for anybody else's."""
    row = SavedView.objects.get(pk=view_id, user=by)
    audit.record("accounts.view_deleted", on=row, by=by, at=now, data={"page": row.page})
    row.delete()

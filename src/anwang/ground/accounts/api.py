"""Accounts over the API: oneself, people, grants, roles, keys. The verbs of the screens, with the same refusals."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import EmailStr, Field

from anwang.ground.accounts import labels, scope, selectors, services
from anwang.ground.accounts.models import ApiToken, Role, User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import keyset
from anwang.ground.base.errors import Refused
from anwang.ground.base.schemas import Id, Line, Moment, Secret, Text
from anwang.ground.regions.models import Region

router = Router(tags=["accounts"])

P = Permission
Mail = EmailStr | Literal[""]
Language = Literal["", "zh-hans", "en"]
Words = Annotated[list[Line], Field(max_length=200)]


class GrantOut(Schema):
    id: str
    user_id: str
    user: str
    role: str
    region: str | None = None
    domains: list[str]
    organisation_id: str
    starts_at: datetime
    ends_at: datetime | None
    revoked_at: datetime | None
    in_force: bool


class MeOut(Schema):
    id: str
    username: str
    name: str
    title: str
    language: str
    must_change_password: bool
    permissions: list[str]
    grants: list[GrantOut]


class ContactIn(Schema):
    phone: Annotated[Line, Field(max_length=20)] | None = None
    email: Mail | None = None
    language: Language | None = None


class PasswordIn(Schema):
    present: Secret
    new: Secret


class UserOut(Schema):
    id: str
    username: str
    name: str
    title: str
    kind: Literal["person", "system"]
    certificate: str
    home: str | None = None
    active: bool
    last_login: datetime | None


class UserIn(Schema):
    username: Annotated[Line, Field(max_length=60)]
    name: Annotated[Line, Field(max_length=40)]
    kind: Literal["person", "system"] = "person"
    title: Annotated[Line, Field(max_length=60)] = ""
    phone: Annotated[Line, Field(max_length=20)] = ""
    email: Mail = ""
    certificate: Annotated[Line, Field(max_length=40)] = ""
    home: Id | None = None


class UserMadeOut(UserOut):
    first_password: str | None = Field(None, description="Shown this once; to be changed at the first sign-in.")


class UserChangeIn(Schema):
    name: Annotated[Line, Field(max_length=40)] | None = None
    title: Annotated[Line, Field(max_length=60)] | None = None
    phone: Annotated[Line, Field(max_length=20)] | None = None
    email: Mail | None = None
    certificate: Annotated[Line, Field(max_length=40)] | None = None
    home: Id | None = None


class NoteIn(Schema):
    note: Line = ""


class PasswordOut(Schema):
    password: str


class GrantIn(Schema):
    user_id: Id
    role: Id
    region: Id | None = None
    domains: Words = []
    organisation_id: Annotated[Line, Field(max_length=26)] = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class RoleOut(Schema):
    key: str
    zh: str
    en: str
    paragraph_zh: str
    paragraph_en: str
    permissions: list[str]
    administrator: bool
    built_in: bool
    placed_by: str


class RoleIn(Schema):
    zh: Annotated[Line, Field(max_length=60)]
    en: Annotated[Line, Field(max_length=60)] = ""
    paragraph_zh: Text
    paragraph_en: Text = ""
    permissions: Words
    placed_by: Literal["region", "organisation", "either"] = "region"


class NewRoleIn(RoleIn):
    key: Line


class PermissionOut(Schema):
    key: str
    words: str


class TokenIn(Schema):
    name: Annotated[Line, Field(max_length=60)]
    permissions: Words
    expires_at: Moment
    user_id: Id | None = Field(None, description="An account of the kind system; without it, one's own.")


class TokenOut(Schema):
    id: str
    name: str
    hint: str
    permissions: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokenMadeOut(TokenOut):
    secret: str = Field(description="Shown this once.")


class ViewIn(Schema):
    page: Annotated[Line, Field(max_length=40)]
    name: Annotated[Line, Field(max_length=40)]
    query: Annotated[Line, Field(max_length=1000)] = ""
    columns: Annotated[list[Line], Field(max_length=40)] = []


class ViewOut(Schema):
    id: str
    page: str
    name: str
    query: str
    columns: list[str]


class PageIn(Schema):
    after: Annotated[Line, Field(max_length=300)] = ""
    size: Annotated[int, Field(ge=1, le=200)] = 50


class PeopleIn(PageIn):
    q: Line = ""
    state: Literal["", "open", "closed"] = ""
    role: Words = []


class GrantsIn(PageIn):
    q: Line = ""
    role: Words = []
    state: Literal["", "now", "later", "over", "revoked"] = ""


class PeopleOut(Schema):
    items: list[UserOut]
    next: str


class GrantsOut(Schema):
    items: list[GrantOut]
    next: str


def _grant(grant: Any) -> dict[str, Any]:
    return {
        "id": grant.pk,
        "user_id": grant.user_id,
        "user": grant.user.name,
        "role": grant.role_id,
        "region": grant.region_id,
        "domains": grant.domains,
        "organisation_id": grant.organisation_id,
        "starts_at": grant.starts_at,
        "ends_at": grant.ends_at,
        "revoked_at": grant.revoked_at,
        "in_force": grant.holds_at(timezone.now()),
    }


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.pk,
        "username": user.username,
        "name": user.name,
        "title": user.title,
        "kind": user.kind,
        "certificate": user.certificate,
        "home": user.home_id,
        "active": user.is_active,
        "last_login": user.last_login,
    }


def _region(by: Any, permission: Permission, code: str | None) -> Region | None:
    """A region out of reach is unknown, as one that does not exist."""
    return selectors.regions_for(by, permission).get(pk=code) if code else None


def _given(body: Schema) -> dict[str, Any]:
    return {key: value for key, value in body.dict(exclude_unset=True).items() if value is not None}


# --- oneself --------------------------------------------------------------------------------------------------------


@router.get("/me", response=MeOut)
def me(request: HttpRequest) -> Any:
    user = scope.who(request)
    return {
        "id": user.pk,
        "username": user.username,
        "name": user.name,
        "title": user.title,
        "language": user.language,
        "must_change_password": user.must_change_password,
        "permissions": sorted(selectors.permissions_of(user)),
        "grants": [_grant(grant) for grant in selectors.grants_of(user)],
    }


def _in_person(request: HttpRequest) -> None:
    """What a person does to their own account is not done with a key."""
    if getattr(request.user, "token_permissions", None) is not None:
        raise Refused("accounts.not_permitted")


@router.patch("/me", response={204: None})
def change_me(request: HttpRequest, body: ContactIn) -> Any:
    _in_person(request)
    user = scope.who(request)
    services.change(user=user, by=user, now=timezone.now(), **_given(body))
    return 204, None


@router.post("/me/password", response={204: None}, summary="Change one's own password; other sessions end")
def change_password(request: HttpRequest, body: PasswordIn) -> Any:
    from django.contrib.auth import authenticate, update_session_auth_hash

    _in_person(request)
    user = scope.who(request)
    # Through the backends, so that guessing the present one counts as failed sign-ins do.
    if authenticate(request, username=user.username, password=body.present) is None:
        raise Refused("accounts.password_wrong", field="present")
    row = services.set_password(user=user, password=body.new, by=user, now=timezone.now())
    update_session_auth_hash(request, row)
    return 204, None


@router.get("/me/tokens", response=list[TokenOut])
def my_tokens(request: HttpRequest) -> Any:
    user = scope.who(request)
    return list(selectors.tokens_of(user))


@router.get("/me/views", response=list[ViewOut])
def my_views(request: HttpRequest, page: Line) -> Any:
    user = scope.who(request)
    return list(selectors.views_of(user, page))


@router.post("/me/views", response={201: ViewOut})
def save_view(request: HttpRequest, body: ViewIn) -> Any:
    user = scope.who(request)
    return 201, services.save_view(by=user, now=timezone.now(), **body.dict())


@router.delete("/me/views/{view_id}", response={204: None})
def delete_view(request: HttpRequest, view_id: Id) -> Any:
    user = scope.who(request)
    services.delete_view(view_id=view_id, by=user, now=timezone.now())
    return 204, None


# --- people ---------------------------------------------------------------------------------------------------------


def _keeper(request: HttpRequest) -> None:
    if not any(scope.may(request.user, permission) for permission in selectors.SEES_PEOPLE):
        raise Http404


@router.get("/users", response=PeopleOut)
def users(request: HttpRequest, asked: Query[PeopleIn]) -> Any:
    _keeper(request)
    rows = selectors.people(request.user, text=asked.q, state=asked.state, roles=asked.role, now=timezone.now())
    page = keyset.page(rows, order=("username",), after=asked.after, size=asked.size)
    return {"items": [_user(user) for user in page.items], "next": page.next}


@router.post("/users", response={201: UserMadeOut})
def create_user(request: HttpRequest, body: UserIn) -> Any:
    by = scope.who(request)
    scope.require(by, P.USER_MANAGE)
    fields = body.dict()
    home = _region(by, P.USER_MANAGE, fields.pop("home"))
    password = services.suggest_password() if body.kind == "person" else None
    user = services.create_user(**fields, home=home, password=password, by=by, now=timezone.now())
    return 201, _user(user) | {"first_password": password}


@router.get("/users/{user_id}", response=UserOut)
def user(request: HttpRequest, user_id: Id) -> Any:
    return _user(selectors.person_for(request.user, user_id))


@router.patch("/users/{user_id}", response=UserOut)
def change_user(request: HttpRequest, user_id: Id, body: UserChangeIn) -> Any:
    by = scope.who(request)
    row = selectors.person_for(by, user_id)
    scope.require(by, P.USER_MANAGE, on=selectors.about(row))
    fields = _given(body)
    home = _region(by, P.USER_MANAGE, fields.pop("home", None))
    return _user(services.change(user=row, by=by, now=timezone.now(), home=home, **fields))


@router.post("/users/{user_id}/deactivate", response=UserOut)
def deactivate(request: HttpRequest, user_id: Id, body: NoteIn) -> Any:
    by = scope.who(request)
    row = selectors.person_for(by, user_id)
    return _user(services.deactivate(user=row, by=by, now=timezone.now(), note=body.note))


@router.post("/users/{user_id}/reactivate", response=UserOut)
def reactivate(request: HttpRequest, user_id: Id) -> Any:
    by = scope.who(request)
    return _user(services.reactivate(user=selectors.person_for(by, user_id), by=by, now=timezone.now()))


@router.post("/users/{user_id}/reset-password", response=PasswordOut)
def reset_password(request: HttpRequest, user_id: Id) -> Any:
    by = scope.who(request)
    row = selectors.person_for(by, user_id)
    if row.pk == by.pk:
        raise Refused("accounts.not_oneself")
    password = services.suggest_password()
    services.set_password(user=row, password=password, by=by, now=timezone.now())
    return {"password": password}


@router.post("/users/{user_id}/lift-lockout", response={204: None})
def lift_lockout(request: HttpRequest, user_id: Id) -> Any:
    by = scope.who(request)
    services.lift_lockout(user=selectors.person_for(by, user_id), by=by, now=timezone.now())
    return 204, None


@router.post("/users/{user_id}/drop-second-factor", response={204: None})
def drop_second_factor(request: HttpRequest, user_id: Id) -> Any:
    by = scope.who(request)
    services.drop_second_factor(user=selectors.person_for(by, user_id), by=by, now=timezone.now())
    return 204, None


@router.get("/users/{user_id}/grants", response=list[GrantOut])
def user_grants(request: HttpRequest, user_id: Id) -> Any:
    return [_grant(grant) for grant in selectors.grants_of(selectors.person_for(request.user, user_id))]


# --- grants ---------------------------------------------------------------------------------------------------------


@router.get("/grants", response=GrantsOut)
def grants(request: HttpRequest, asked: Query[GrantsIn]) -> Any:
    if not scope.may(request.user, P.GRANT_MANAGE):
        raise Http404
    rows = selectors.grants(request.user, text=asked.q, roles=asked.role, state=asked.state, now=timezone.now())
    page = keyset.page(rows, order=("-id",), after=asked.after, size=asked.size)
    return {"items": [_grant(grant) for grant in page.items], "next": page.next}


@router.post("/grants", response={201: GrantOut})
def grant(request: HttpRequest, body: GrantIn) -> Any:
    by = scope.who(request)
    scope.require(by, P.GRANT_MANAGE)
    made = services.grant(
        user=selectors.person_for(by, body.user_id),
        role=body.role,
        region=_region(by, P.GRANT_MANAGE, body.region),
        domains=body.domains,
        organisation_id=body.organisation_id,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        by=by,
        now=timezone.now(),
    )
    return 201, _grant(made)


@router.post("/grants/{grant_id}/revoke", response=GrantOut)
def revoke(request: HttpRequest, grant_id: Id, body: NoteIn) -> Any:
    by = scope.who(request)
    row = selectors.grants_for(by).get(pk=grant_id)
    return _grant(services.revoke(grant=row, by=by, now=timezone.now(), note=body.note))


# --- roles ----------------------------------------------------------------------------------------------------------


def _reader(request: HttpRequest) -> None:
    if not selectors.may_read_roles(request.user):
        raise Http404


@router.get("/permissions", response=list[PermissionOut], summary="Every permission with its words")
def permissions(request: HttpRequest) -> Any:
    _reader(request)
    return [{"key": key, "words": str(words)} for key, words in labels.PERMISSIONS.items()]


@router.get("/roles", response=list[RoleOut])
def roles(request: HttpRequest) -> Any:
    _reader(request)
    return selectors.roles()


@router.post("/roles", response={201: RoleOut})
def make_role(request: HttpRequest, body: NewRoleIn) -> Any:
    by = scope.who(request)
    return 201, services.make_role(**body.dict(), by=by, now=timezone.now())


@router.get("/roles/{key}", response=RoleOut)
def role(request: HttpRequest, key: Id) -> Any:
    _reader(request)
    return Role.objects.get(pk=key)


@router.put("/roles/{key}", response=RoleOut)
def change_role(request: HttpRequest, key: Id, body: RoleIn) -> Any:
    by = scope.who(request)
    _reader(request)
    return services.change_role(role=Role.objects.get(pk=key), **body.dict(), by=by, now=timezone.now())


@router.delete("/roles/{key}", response={204: None})
def delete_role(request: HttpRequest, key: Id) -> Any:
    by = scope.who(request)
    _reader(request)
    services.delete_role(role=Role.objects.get(pk=key), by=by, now=timezone.now())
    return 204, None


# --- keys -----------------------------------------------------------------------------------------------------------


@router.post("/tokens", response={201: TokenMadeOut}, summary="Make a key; its secret is in this answer only")
def make_token(request: HttpRequest, body: TokenIn) -> Any:
    by = scope.who(request)
    owner = selectors.person_for(by, body.user_id, P.TOKEN_MANAGE) if body.user_id else by
    made, secret = services.make_token(
        user=owner,
        name=body.name,
        permissions=body.permissions,
        expires_at=body.expires_at,
        by=by,
        now=timezone.now(),
    )
    fields = {name: getattr(made, name) for name in TokenOut.model_fields}
    return 201, fields | {"secret": secret}


@router.delete("/tokens/{token_id}", response={204: None})
def revoke_token(request: HttpRequest, token_id: Id) -> Any:
    by = scope.who(request)
    services.revoke_token(token=ApiToken.objects.get(pk=token_id), by=by, now=timezone.now())
    return 204, None

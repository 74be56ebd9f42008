"""The API of organisations: the same verbs as the screens, numbers masked."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.base import keyset
from anwang.ground.base.errors import Refused
from anwang.ground.regions.models import Region
from anwang.kernel import clock, mask
from anwang.registers.organisations import selectors, services
from anwang.registers.organisations.models import Holding, Organisation, Post, Responsibility
from anwang.registers.organisations.selectors import Answer

router = Router(tags=["organisations"])


class OrganisationOut(Schema):
    id: str
    kind: str = Field(alias="kind_key")
    name: str
    short_name: str
    region: str = Field(alias="region_id")
    uscc: str
    parent: str | None = Field(alias="parent_id")
    domains: list[str]
    contact: str
    phone: str = Field(description="Masked; POST …/phone/ shows it in full and records that.")
    address: str
    may_check: bool
    may_order: bool
    may_penalise: bool
    may_seal: bool
    delegation: str
    active: bool

    @staticmethod
    def resolve_phone(row: Any) -> str:
        return mask.mask_phone(row.phone)


class OrganisationPage(Schema):
    items: list[OrganisationOut]
    next: str = Field(description="Give it as `after`; empty on the last page.")


class HoldingOut(Schema):
    id: str
    name: str
    phone: str
    employment: str
    since: date
    until: date | None
    user: str | None = Field(alias="user_id")

    @staticmethod
    def resolve_phone(row: Any) -> str:
        return mask.mask_phone(row.phone)


class PostOut(Schema):
    id: str
    key: str
    title: str
    duty: str
    quota: int
    held: int
    vacant: int
    level: str
    holdings: list[HoldingOut]


class OrganisationsAsked(Schema):
    region: str = ""
    kind: list[str] = []
    q: str = Field("", max_length=100)
    closed: bool = False
    after: str = ""
    size: int = Field(50, ge=1, le=500)


class OrganisationIn(Schema):
    kind: str
    name: str = Field(max_length=120)
    region: str
    id: str = Field("", max_length=26, description="A ULID made by you; sending it twice makes one row.")
    short_name: str = Field("", max_length=40)
    uscc: str = Field("", max_length=30)
    parent: str = Field("", max_length=26)
    domains: list[str] = []
    contact: str = Field("", max_length=40)
    phone: str = Field("", max_length=20)
    address: str = Field("", max_length=200)
    may_check: bool | None = None
    may_order: bool | None = None
    may_penalise: bool | None = None
    may_seal: bool | None = None
    delegation: str = Field("", max_length=200)


class OrganisationChange(Schema):
    kind: str | None = None
    name: str | None = Field(None, max_length=120)
    region: str | None = None
    short_name: str | None = Field(None, max_length=40)
    uscc: str | None = Field(None, max_length=30)
    parent: str | None = Field(None, max_length=26, description="Empty: stands under nobody.")
    domains: list[str] | None = None
    contact: str | None = Field(None, max_length=40)
    phone: str | None = Field(None, max_length=20)
    address: str | None = Field(None, max_length=200)
    may_check: bool | None = None
    may_order: bool | None = None
    may_penalise: bool | None = None
    may_seal: bool | None = None
    delegation: str | None = Field(None, max_length=200)


class PostIn(Schema):
    title: str = Field(max_length=60)
    quota: int = Field(1, ge=0, le=100_000)
    key: str = "other"
    level: str = "worker"
    duty: str = Field("", max_length=20_000)
    duty_basis: str = Field("", max_length=200)
    employments: list[str] = []


class AppointIn(Schema):
    since: date
    person_name: str = Field("", max_length=40)
    person_phone: str = Field("", max_length=20)
    employment: str = "staff"


class EndIn(Schema):
    until: date
    reason: str = Field("", max_length=200)


class ReasonIn(Schema):
    reason: str = Field(max_length=200)


class CloseIn(ReasonIn):
    on: date


class HolderIn(Schema):
    since: date
    post: str = Field("", max_length=26)
    holding: str = Field("", max_length=26)
    person_name: str = Field("", max_length=40)
    person_phone: str = Field("", max_length=20)
    note: str = Field("", max_length=200)


class AssignIn(HolderIn):
    level: str
    region: str = ""
    site: str = ""
    building: str = Field("", max_length=80)
    role: str = Field("", max_length=60)
    domains: list[str] = []


class AnswerOut(Schema):
    level: int
    kind: str
    words: str
    role: str
    person: str
    post: str
    organisation: str
    phone: str
    where: str
    since: date | None
    vacant: bool
    responsibility_id: str

    @staticmethod
    def resolve_phone(answer: Answer) -> str:
        return mask.mask_phone(answer.phone)


class BelowOut(Schema):
    name: str
    region: str | None
    answers: list[AnswerOut]


class ChainOut(Schema):
    up: list[AnswerOut]
    below: list[BelowOut]


class ResponsibilityOut(Schema):
    id: str
    level: str = Field(alias="level_id")
    region: str = Field(alias="region_id")
    site: str = Field(alias="site_id")
    building: str
    since: date
    until: date | None


class GapsOut(Schema):
    grids: int
    towns: int
    posts: int
    silent: int
    sites: int


class PhoneOut(Schema):
    phone: str


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _region(user: User, code: str) -> Region:
    return selectors.regions_for(user).get(pk=code)


def _place(user: User, region: str, site: str) -> Any:
    """The region or site that was named; Refused where it is neither, 404 where it is not seen."""
    if site:
        return services.site_in_sight(user, site)
    if region:
        return _region(user, region)
    raise Refused("organisations.site_unknown", field="region")


@router.get("/", response=OrganisationPage)
def organisations(request: HttpRequest, asked: Query[OrganisationsAsked]) -> Any:
    """Organisations in sight, by name."""
    user = _user(request)
    require(user, Permission.ORGANISATION_READ)
    rows = selectors.organisations(
        user,
        region=_region(user, asked.region) if asked.region else None,
        kinds=asked.kind,
        text=asked.q,
        closed=asked.closed,
    )
    return keyset.page(rows, order=("name", "id"), after=asked.after, size=asked.size)


@router.post("/", response={201: OrganisationOut})
def make(request: HttpRequest, given: OrganisationIn) -> Any:
    user = _user(request)
    values = given.model_dump(exclude_none=True, exclude={"kind", "name", "region", "id", "parent"})
    parent = Organisation.objects.visible_to(user).get(pk=given.parent) if given.parent else None
    row = services.make(
        kind_key=given.kind,
        name=given.name,
        region=_region(user, given.region),
        id=given.id,
        parent=parent,
        by=user,
        now=timezone.now(),
        **values,
    )
    return Status(201, row)


@router.get("/answers/", response=ChainOut)
def answers(
    request: HttpRequest, region: str = "", site: str = "", on: date | None = None, domain: str = "", building: str = ""
) -> Any:
    """Who answers for a region or a site on a day, from the nearest upward; and for what lies right below it."""
    user = _user(request)
    require(user, Permission.ORGANISATION_READ)
    place = _place(user, region, site)
    day = on or clock.local_date(timezone.now())
    up = selectors.responsible_for(place, day, domain or None, building=building)
    below = [
        {"name": part.name, "region": part.region.pk if part.region else None, "answers": part.answers}
        for part in selectors.below(place, day)
    ]
    return {"up": up, "below": below}


@router.post("/answers/", response={201: ResponsibilityOut})
def assign(request: HttpRequest, given: AssignIn) -> Any:
    user = _user(request)
    place = _place(user, given.region, given.site)
    row = services.assign(
        level=given.level,
        region=None if given.site else place,
        site=place if given.site else None,
        building=given.building,
        role=given.role,
        domains=given.domains,
        post_id=given.post,
        holding_id=given.holding,
        person_name=given.person_name,
        person_phone=given.person_phone,
        since=given.since,
        note=given.note,
        by=user,
        now=timezone.now(),
    )
    return Status(201, row)


@router.post("/answers/{responsibility_id}/end/", response=ResponsibilityOut)
def end(request: HttpRequest, responsibility_id: str, given: EndIn) -> Responsibility:
    return services.end(
        responsibility_id=responsibility_id,
        until=given.until,
        note=given.reason,
        by=_user(request),
        now=timezone.now(),
    )


@router.post("/answers/{responsibility_id}/hand-over/", response=ResponsibilityOut)
def hand_over(request: HttpRequest, responsibility_id: str, given: HolderIn) -> Responsibility:
    return services.hand_over(
        responsibility_id=responsibility_id,
        since=given.since,
        post_id=given.post,
        holding_id=given.holding,
        person_name=given.person_name,
        person_phone=given.person_phone,
        note=given.note,
        by=_user(request),
        now=timezone.now(),
    )


@router.get("/gaps/", response=GapsOut)
def gaps(request: HttpRequest, region: str) -> Any:
    """How many grids have no member, towns no officer, posts nobody, rows no person, sites no department."""
    user = _user(request)
    require(user, Permission.ORGANISATION_READ)
    return selectors.gaps(_region(user, region), clock.local_date(timezone.now()), user=user).counts()


@router.post("/posts/{post_id}/appoint/", response={201: HoldingOut})
def appoint(request: HttpRequest, post_id: str, given: AppointIn) -> Any:
    return Status(201, services.appoint(post_id=post_id, by=_user(request), now=timezone.now(), **given.model_dump()))


@router.post("/holdings/{holding_id}/relieve/", response=HoldingOut)
def relieve(request: HttpRequest, holding_id: str, given: EndIn) -> Holding:
    return services.relieve(
        holding_id=holding_id, until=given.until, reason=given.reason, by=_user(request), now=timezone.now()
    )


@router.get("/{organisation_id}/", response=OrganisationOut)
def organisation(request: HttpRequest, organisation_id: str) -> Any:
    return Organisation.objects.visible_to(_user(request)).get(pk=organisation_id)


@router.patch("/{organisation_id}/", response=OrganisationOut)
def change(request: HttpRequest, organisation_id: str, given: OrganisationChange) -> Organisation:
    """Only what is sent is changed."""
    user = _user(request)
    values = given.model_dump(exclude_none=True)
    changes: dict[str, Any] = {("kind_key" if name == "kind" else name): value for name, value in values.items()}
    if "region" in changes:
        changes["region"] = _region(user, changes["region"])
    if "parent" in changes:
        above = changes["parent"]
        changes["parent"] = Organisation.objects.visible_to(user).get(pk=above) if above else None
    return services.change(organisation_id=organisation_id, changes=changes, by=user, now=timezone.now())


@router.post("/{organisation_id}/close/", response=OrganisationOut)
def close(request: HttpRequest, organisation_id: str, given: CloseIn) -> Organisation:
    return services.close(
        organisation_id=organisation_id, on=given.on, reason=given.reason, by=_user(request), now=timezone.now()
    )


@router.post("/{organisation_id}/reopen/", response=OrganisationOut)
def reopen(request: HttpRequest, organisation_id: str, given: ReasonIn) -> Organisation:
    return services.reopen(organisation_id=organisation_id, reason=given.reason, by=_user(request), now=timezone.now())


@router.post("/{organisation_id}/phone/", response=PhoneOut)
def phone(request: HttpRequest, organisation_id: str) -> Any:
    """The number in full; that it was shown is recorded."""
    return {"phone": services.show_phone(organisation_id=organisation_id, by=_user(request), now=timezone.now())}


@router.get("/{organisation_id}/posts/", response=list[PostOut])
def posts(request: HttpRequest, organisation_id: str, on: date | None = None) -> Any:
    """Its posts with the people in them on a day."""
    row = Organisation.objects.visible_to(_user(request)).get(pk=organisation_id)
    return [_post_out(item) for item in selectors.posts_of(row, on or clock.local_date(timezone.now()))]


def _post_out(item: selectors.PostRow) -> dict[str, Any]:
    post, staffing = item.post, item.staffing
    plain = {name: getattr(post, name) for name in ("id", "key", "title", "duty", "quota", "level")}
    return plain | {"held": staffing.held, "vacant": staffing.vacant, "holdings": item.holdings}


@router.post("/{organisation_id}/posts/", response={201: PostOut})
def make_post(request: HttpRequest, organisation_id: str, given: PostIn) -> Any:
    post: Post = services.make_post(
        organisation_id=organisation_id, by=_user(request), now=timezone.now(), **given.model_dump()
    )
    return Status(201, _post_out(selectors.PostRow(post, [])))

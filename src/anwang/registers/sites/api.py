"""The API of places: the same verbs as the screens, numbers masked."""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.base import keyset
from anwang.ground.regions.models import Region
from anwang.kernel import mask
from anwang.registers.organisations import selectors as chains
from anwang.registers.organisations.models import Organisation
from anwang.registers.sites import selectors, services
from anwang.registers.sites.models import Site
from anwang.registers.sites.selectors import Asked

router = Router(tags=["sites"])


class SiteOut(Schema):
    id: str
    number: str
    name: str
    short_name: str
    kind: str = Field(alias="kind_key")
    domain: str
    region: str = Field(alias="region_id")
    region_path: str
    address: str
    lon: float | None
    lat: float | None
    enterprise: str | None = Field(alias="enterprise_id")
    uscc: str
    owner_name: str
    owner_phone: str = Field(description="Masked; POST …/phone/owner/ shows it in full and records that.")
    manager_name: str
    manager_phone: str
    people_on_site: int | None
    supervision_class: str
    supervising_department: str | None = Field(alias="supervising_department_id")
    colour: str
    size_above_threshold: bool | None
    standardisation_grade: str
    standardisation_until: date | None
    fields: dict[str, Any]
    small: bool | None
    state: str
    merged_into: str | None = Field(alias="merged_into_id")
    opened_on: date | None
    last_inspected_on: date | None
    next_inspection_on: date | None
    flags: list[str] = Field(alias="flag_keys")

    @staticmethod
    def resolve_owner_phone(row: Any) -> str:
        return mask.mask_phone(row.owner_phone)

    @staticmethod
    def resolve_manager_phone(row: Any) -> str:
        return mask.mask_phone(row.manager_phone)


class SitePage(Schema):
    items: list[SiteOut]
    next: str = Field(description="Give it as `after`; empty on the last page.")


class SitesAsked(Schema):
    region: str = ""
    kind: list[str] = []
    domain: list[str] = []
    supervision_class: list[str] = []
    colour: list[str] = []
    state: list[str] = []
    flag: list[str] = []
    small: bool = False
    due_by: date | None = None
    enterprise: str = Field("", max_length=26)
    q: str = Field("", max_length=100)
    after: str = ""
    size: int = Field(50, ge=1, le=500)


class NearAsked(Schema):
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    metres: float = Field(2000, gt=0, le=20_000)


class NearOut(Schema):
    metres: float
    site: SiteOut


class MatchOut(Schema):
    how: str = Field(description="exact, town, several, similar or none")
    site: SiteOut | None
    candidates: list[SiteOut]


class KindOut(Schema):
    key: str
    version: int
    zh: str
    en: str
    domain: str
    fields: list[dict[str, Any]]


class _Common(Schema):
    short_name: str | None = Field(None, max_length=40)
    domain: str | None = None
    enterprise: str | None = Field(None, max_length=26, description="Empty: nobody's.")
    uscc: str | None = Field(None, max_length=30)
    address: str | None = Field(None, max_length=200)
    owner_name: str | None = Field(None, max_length=40)
    owner_phone: str | None = Field(None, max_length=20)
    manager_name: str | None = Field(None, max_length=40)
    manager_phone: str | None = Field(None, max_length=20)
    people_on_site: int | None = Field(None, ge=0, lt=10_000_000)
    supervision_class: str | None = Field(None, max_length=4)
    supervising_department: str | None = Field(None, max_length=26, description="Empty: none.")
    size_above_threshold: bool | None = None
    standardisation_grade: str | None = Field(None, max_length=10)
    standardisation_until: date | None = None
    opened_on: date | None = None
    fields: dict[str, Any] | None = None


class SiteIn(_Common):
    name: str = Field(max_length=120)
    kind: str
    region: str
    id: str = Field("", max_length=26, description="A ULID made by you; sending it twice makes one row.")
    lon: float | None = None
    lat: float | None = None
    crs: str = "wgs84"


class SiteChange(_Common):
    name: str | None = Field(None, max_length=120)
    kind: str | None = None


class PositionIn(Schema):
    lon: float
    lat: float
    crs: str = "wgs84"


class NoteIn(Schema):
    note: str = Field("", max_length=300)


class MoveIn(NoteIn):
    region: str


class MergeIn(NoteIn):
    into: str = Field(max_length=26)


class PhoneOut(Schema):
    phone: str


class CountOut(Schema):
    kind: str
    region: str
    count: int


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _reader(request: HttpRequest) -> User:
    require(request.user, Permission.SITE_READ)
    return _user(request)


def _region(user: User, code: str) -> Region:
    return chains.regions_for(user).get(pk=code)


def _values(user: User, given: _Common, *, leave: set[str]) -> dict[str, Any]:
    """What was sent, with ids of organisations turned into rows that the user sees."""
    values = {name: value for name, value in given.model_dump(exclude_unset=True).items() if name not in leave}
    for name in ("enterprise", "supervising_department"):
        if name in values:
            key = values[name]
            values[name] = Organisation.objects.visible_to(user).get(pk=key) if key else None
    nullable = {
        "enterprise",
        "supervising_department",
        "people_on_site",
        "size_above_threshold",
        "standardisation_until",
        "opened_on",
    }
    return {name: value for name, value in values.items() if value is not None or name in nullable}


@router.get("/", response=SitePage)
def sites(request: HttpRequest, asked: Query[SitesAsked]) -> Any:
    """Places in sight, by name; those in operation or suspended unless ``state`` says otherwise."""
    user = _reader(request)
    rows = selectors.sites(
        user,
        Asked(
            region=_region(user, asked.region) if asked.region else None,
            kinds=asked.kind,
            domains=asked.domain,
            classes=asked.supervision_class,
            colours=asked.colour,
            states=asked.state,
            flags=asked.flag,
            small=asked.small,
            due_by=asked.due_by,
            enterprise_id=asked.enterprise,
            text=asked.q,
        ),
    )
    return keyset.page(rows, order=("name", "id"), after=asked.after, size=asked.size)


@router.post("/", response={201: SiteOut})
def create(request: HttpRequest, given: SiteIn) -> Any:
    user = _user(request)
    values = _values(user, given, leave={"kind", "region", "id", "lon", "lat", "crs", "name"})
    row = services.create(
        name=given.name,
        kind_key=given.kind,
        region=_region(user, given.region),
        id=given.id,
        lon=given.lon,
        lat=given.lat,
        crs=given.crs,
        by=user,
        now=timezone.now(),
        **values,
    )
    return Status(201, row)


@router.get("/near/", response=list[NearOut])
def near(request: HttpRequest, asked: Query[NearAsked]) -> Any:
    """Places around a WGS-84 position, the nearest first, 50 at most."""
    return selectors.near(asked.lon, asked.lat, asked.metres, _reader(request))


@router.get("/match/", response=MatchOut)
def match(request: HttpRequest, county: str, name: str, address: str = "") -> Any:
    """What a name in a ledger means; never a guess between two."""
    user = _reader(request)
    region = _region(user, county)
    seen = Site.objects.visible_to(user).current().filter(county_code=region.county_code)
    return selectors.Matcher(region.county_code, seen).match(name, address)


@router.get("/kinds/", response=list[KindOut])
def kinds(request: HttpRequest) -> Any:
    """The kinds of places and what each asks for."""
    _reader(request)
    return selectors.kinds()


@router.get("/counts/", response=list[CountOut])
def counts(request: HttpRequest, region: str, domain: str = "") -> Any:
    """Base counts: kind by the regions right below ``region`` ("" for what is placed at it)."""
    user = _reader(request)
    found = selectors.base_counts(user, _region(user, region), domain=domain)
    return [{"kind": kind, "region": code, "count": n} for (kind, code), n in sorted(found.cells.items())]


@router.get("/{site_id}/", response=SiteOut)
def site(request: HttpRequest, site_id: str) -> Any:
    return Site.objects.visible_to(_user(request)).get(pk=site_id)


@router.patch("/{site_id}/", response=SiteOut)
def change(request: HttpRequest, site_id: str, given: SiteChange) -> Site:
    """Only what is sent is changed; ``fields`` is replaced as a whole."""
    user = _user(request)
    values = _values(user, given, leave=set())
    changes = {("kind_key" if name == "kind" else name): value for name, value in values.items()}
    return services.change(site_id=site_id, changes=changes, by=user, now=timezone.now())


@router.post("/{site_id}/position/", response=SiteOut)
def position(request: HttpRequest, site_id: str, given: PositionIn) -> Site:
    return services.set_position(
        site_id=site_id, lon=given.lon, lat=given.lat, crs=given.crs, by=_user(request), now=timezone.now()
    )


@router.post("/{site_id}/move/", response=SiteOut)
def move(request: HttpRequest, site_id: str, given: MoveIn) -> Site:
    user = _user(request)
    return services.move_to(
        site_id=site_id, region=_region(user, given.region), note=given.note, by=user, now=timezone.now()
    )


@router.post("/{site_id}/merge/", response=SiteOut)
def merge(request: HttpRequest, site_id: str, given: MergeIn) -> Site:
    """The place is the same as ``into``: everything moves there, and this row is only read from then on."""
    return services.merge(lost_id=site_id, kept_id=given.into, note=given.note, by=_user(request), now=timezone.now())


@router.post("/{site_id}/phone/{whose}/", response=PhoneOut)
def phone(request: HttpRequest, site_id: str, whose: Literal["owner", "manager"]) -> Any:
    return {"phone": services.show_phone(site_id=site_id, whose=whose, by=_user(request), now=timezone.now())}


@router.post("/{site_id}/{action}/", response=SiteOut)
def act(
    request: HttpRequest, site_id: str, action: Literal["suspend", "resume", "close", "reopen"], given: NoteIn
) -> Site:
    verbs: dict[str, Callable[..., Site]] = {
        "suspend": services.suspend,
        "resume": services.resume,
        "close": services.close,
        "reopen": services.reopen,
    }
    return verbs[action](site_id=site_id, note=given.note, by=_user(request), now=timezone.now())

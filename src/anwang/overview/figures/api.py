"""The API of the figures: the same tables as on the screens, and the monthly report."""

from datetime import datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status
from pydantic import StringConstraints

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.schemas import Text
from anwang.ground.files import selectors as files
from anwang.ground.regions.models import Region
from anwang.overview.figures import asked, catalogue, services
from anwang.overview.figures.catalogue.frame import Frame
from anwang.overview.figures.rules import Period

router = Router(tags=["figures"])

Code = Annotated[str, StringConstraints(max_length=20, pattern=r"^[0-9]*$")]
MonthWord = Annotated[str, StringConstraints(pattern=r"^([0-9]{4}-(0[1-9]|1[0-2]))?$")]
Key = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z_]+$")]
Words = Annotated[list[Annotated[str, StringConstraints(max_length=20, pattern=r"^[a-z_]+$")]], Field(max_length=40)]


class Asked(Schema):
    """What the figure is cut by; empty means all. ``from`` and ``to`` are months and stand before ``period``."""

    region: Code = ""
    period: Annotated[str, Field(description=", ".join(Period))] = Period.TWELVE.value
    first: MonthWord = Field("", alias="from")
    last: MonthWord = Field("", alias="to")
    domain: Words = []
    grade: Annotated[Words, Field(description="general, major, none")] = []
    source: Words = []


class CellOut(Schema):
    value: int | float | str | None
    url: str = Field(description="Where the counted rows are listed; empty where there are none.")


class FigureOut(Schema):
    key: str
    title: str
    definition: str
    computed_at: datetime
    unit: str
    heads: list[str]
    rows: list[list[CellOut]]


class ListedOut(Schema):
    tab: str
    keys: list[str]


class MonthlyIn(Schema):
    region: Code
    month: MonthWord
    next_steps: Text = ""


class PaperOut(Schema):
    id: str
    number: str
    issued_at: datetime
    pdf: str
    new: bool = Field(description="False where a valid report said exactly this already.")


def _user(request: HttpRequest, permission: Permission = Permission.FIGURES_READ) -> User:
    user = scope.who(request)
    scope.require(user, permission)
    return user


def _frame(user: User, given: Asked) -> Frame:
    _choices, region = asked.regions_for(user, given.region)
    return asked.frame_of(
        user,
        now=timezone.now(),
        region=region,
        given={"period": given.period, "from": given.first, "to": given.last},
        domains=[domain for domain in given.domain if domain in Domain.values],
        grades=given.grade,
        sources=given.source,
    )


def _region(user: User, code: str) -> Region:
    _choices, region = asked.regions_for(user, code)
    if region is None:
        raise Http404
    return region


@router.get("/", response=list[ListedOut])
def listed(request: HttpRequest) -> list[dict[str, Any]]:
    """The keys of all figures, by the tab they stand on."""
    _user(request)
    return [{"tab": tab, "keys": list(builders)} for tab, builders in catalogue.FIGURES.items()]


@router.get("/one/{key}/", response=FigureOut)
def one(request: HttpRequest, key: Key, given: Query[Asked]) -> dict[str, Any]:
    """One figure as a table, with its definition and the moment it was computed."""
    user = _user(request)
    figure = catalogue.one(key, _frame(user, given))
    if figure is None:
        raise Refused("figures.unknown")
    return {
        "key": figure.key,
        "title": str(figure.title),
        "definition": str(figure.definition),
        "computed_at": figure.computed_at,
        "unit": str(figure.unit),
        "heads": [str(head) for head in figure.heads],
        "rows": [[{"value": _plain(cell.value), "url": cell.url} for cell in row] for row in figure.cells()],
    }


def _plain(value: Any) -> int | float | str | None:
    return value if value is None or isinstance(value, int | float) else str(value)


@router.get("/monthly/", response=dict[str, Any])
def monthly(request: HttpRequest, region: Code, month: MonthWord) -> dict[str, Any]:
    """What the report on this month would say; its shape is in docs/rooms/papers.md."""
    user = _user(request, Permission.FIGURES_EXPORT)
    return services.monthly(region=_region(user, region), month=month, by=user, now=timezone.now())


@router.post("/monthly/", response={200: PaperOut, 201: PaperOut})
def issue(request: HttpRequest, given: MonthlyIn) -> Status[Any]:
    """Issue the report under the next number; 200 and the old one where nothing has changed since."""
    user = _user(request, Permission.FIGURES_EXPORT)
    now = timezone.now()
    region = _region(user, given.region)
    paper = services.issue_monthly(
        region_code=region.code, month=given.month, by=user, now=now, next_steps=given.next_steps
    )
    new = paper.issued_at >= now
    out = {
        "id": paper.pk,
        "number": paper.number,
        "issued_at": paper.issued_at,
        "pdf": files.paper_url(paper),
        "new": new,
    }
    return Status(201 if new else 200, out)

"""The standards through the API: search, the version of a day, proposals, deadlines; writing for those who keep them."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.base import keyset
from anwang.ground.base.errors import Refused
from anwang.kernel import clock
from anwang.registers.standards import rules, selectors, services
from anwang.registers.standards.models import Standard
from anwang.registers.standards.rules import Content, Type

router = Router(tags=["standards"])

Word = Annotated[str, Field(max_length=120, pattern=r"^[^\x00]*$")]
Text = Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")]
Key = Annotated[str, Field(max_length=26, pattern=r"^[0-9A-Z]*$")]


class RowOut(Schema):
    """One version of a row. ``urn`` and ``version`` name it for ever."""

    id: str
    urn: str
    version: int
    edition: str
    type: str
    title_zh: str
    title_en: str
    gist_zh: str
    gist_en: str
    note_zh: str
    note_en: str
    instrument: str
    number: str
    article: str
    item: str
    domains: list[str]
    severity: str
    data: dict[str, Any]
    match: list[str]
    status: str
    effective_from: date | None
    effective_to: date | None
    source: str
    confidence: str
    editable: bool
    complete: bool
    expected: int | None
    withdrawn_at: datetime | None


class RowsOut(Schema):
    items: list[RowOut]
    next: str


class Asked(Schema):
    text: Word = ""
    type: Word = ""
    domain: Word = ""
    instrument: Word = ""
    on: date | None = None
    after: Annotated[str, Field(max_length=2000)] = ""
    size: Annotated[int, Field(ge=1, le=500)] = keyset.SIZE


class ProposalOut(Schema):
    row_id: str
    row_urn: str
    version: int
    title: str
    place: str
    grade: str
    severity: str
    why: str
    confidence: str
    complete: bool


class ProposeIn(Schema):
    """A finding in words. ``criterion``: the urn the failed checklist item points to."""

    domain: Word
    text: Text
    on: date | None = None
    item: Word = ""
    criterion: Word = ""


class DeadlineOut(Schema):
    row_id: str
    urn: str
    version: int
    title: str
    amount: int
    unit: str
    days: int
    longest_days: int
    level: str
    stop_use: bool
    confidence: str


class StepOut(Schema):
    row_id: str
    urn: str
    version: int
    key: str
    days: int
    to: str
    action: str
    title: str


class GapOut(Schema):
    urn: str
    title: str
    number: str
    note: str
    expected: int | None
    entered: int


class ContentIn(Schema):
    """What a row says. Left out: empty for a new row, as before for a new version."""

    type: Word = Type.CRITERION
    title_zh: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")] = ""
    title_en: Annotated[str, Field(max_length=300, pattern=r"^[^\x00]*$")] = ""
    gist_zh: Text = ""
    gist_en: Text = ""
    note_zh: Text = ""
    note_en: Text = ""
    instrument: Word = ""
    number: Annotated[str, Field(max_length=60, pattern=r"^[^\x00]*$")] = ""
    article: Annotated[str, Field(max_length=20, pattern=r"^[^\x00]*$")] = ""
    item: Annotated[str, Field(max_length=20, pattern=r"^[^\x00]*$")] = ""
    domains: Annotated[list[Word], Field(max_length=40)] = [rules.ANY]
    severity: Word = ""
    data: dict[str, Any] = {}
    match: Annotated[list[Word], Field(max_length=50)] = []
    status: Word = rules.Status.IN_FORCE
    effective_from: date | None = None
    effective_to: date | None = None
    source: Word = ""
    confidence: Word = rules.Confidence.LOW
    complete: bool = True
    expected: Annotated[int, Field(ge=0, le=100_000)] | None = None


class AddIn(Schema):
    content: ContentIn
    id: Key = ""
    reason: Text = ""


class ReviseIn(Schema):
    """``changes``: only the fields that are to be different. Without ``effective_from`` the version holds from today."""

    urn: Word
    changes: ContentIn
    reason: Text
    id: Key = ""


class WithdrawIn(Schema):
    reason: Text


def _today() -> date:
    return clock.local_date(timezone.now())


@router.get("", response=RowsOut, summary="Search the rows; the newest version of each")
def search(request: HttpRequest, asked: Query[Asked]) -> Any:
    rows = selectors.find(
        request.user,
        text=asked.text,
        types=[asked.type] if asked.type else (),
        domains=[asked.domain] if asked.domain else (),
        instruments=[asked.instrument] if asked.instrument else (),
        on=asked.on,
    )
    return keyset.page(rows, order=("type", "urn", "id"), after=asked.after, size=asked.size)


@router.get("/in-force", response=RowOut, summary="The version of a row that holds on a day")
def in_force(request: HttpRequest, urn: Word, on: date | None = None) -> Standard:
    require(request.user, Permission.STANDARD_READ)
    return selectors.row_in_force(urn, on or _today())


@router.get("/versions", response=list[RowOut], summary="Every version of a row, newest first")
def versions(request: HttpRequest, urn: Word) -> list[Standard]:
    return selectors.versions(request.user, urn)


@router.post("/propose", response=list[ProposalOut], summary="Criteria a finding may be a case of; a person decides")
def propose(request: HttpRequest, asked: ProposeIn) -> list[selectors.Proposal]:
    require(request.user, Permission.STANDARD_READ)
    return selectors.propose(
        asked.domain, asked.text, asked.on or _today(), asked.item or None, criterion=asked.criterion
    )


@router.get("/deadline", response=DeadlineOut, summary="The default term for a domain and grade")
def deadline(
    request: HttpRequest, domain: Word, grade: Word = rules.Grade.GENERAL, level: Word = "", on: date | None = None
) -> selectors.DeadlineRule:
    require(request.user, Permission.STANDARD_READ)
    return selectors.deadline_rule(domain, grade, on or _today(), level=level)


@router.get("/ladder", response=list[StepOut], summary="Reminders before and rungs after the due day")
def ladder(request: HttpRequest, on: date | None = None) -> list[selectors.LadderStep]:
    require(request.user, Permission.STANDARD_READ)
    return selectors.ladder(on or _today())


@router.get("/gaps", response=list[GapOut], summary="Instruments in force whose text is not all here")
def gaps(request: HttpRequest, domain: Word = "", on: date | None = None) -> list[selectors.Gap]:
    require(request.user, Permission.STANDARD_READ)
    return selectors.gaps(domain, on or _today())


@router.post("/revise", response=RowOut, summary="Write the next version of a row")
def revise(request: HttpRequest, asked: ReviseIn) -> Standard:
    changes = asked.changes.dict(exclude_unset=True)
    for name in ("domains", "match"):
        if name in changes:
            changes[name] = tuple(changes[name])
    if "type" in changes:
        raise Refused("standards.word_unknown", field="type")
    return services.revise(
        urn=asked.urn, changes=changes, reason=asked.reason, by=_user(request), now=timezone.now(), id=asked.id
    )


@router.get("/{row_id}", response=RowOut, summary="One version of a row")
def one(request: HttpRequest, row_id: Key) -> Standard:
    return selectors.by_id(request.user, row_id)


@router.post("", response=RowOut, summary="Add a row of our own")
def add(request: HttpRequest, asked: AddIn) -> Standard:
    said = asked.content.dict()
    content = Content(**said | {"domains": tuple(said["domains"]), "match": tuple(said["match"])}, editable=True)
    return services.add(content=content, by=_user(request), now=timezone.now(), id=asked.id, reason=asked.reason)


@router.post("/{row_id}/withdraw", response=RowOut, summary="Take a version of our own back")
def withdraw(request: HttpRequest, row_id: Key, asked: WithdrawIn) -> Standard:
    return services.withdraw(row_id=row_id, reason=asked.reason, by=_user(request), now=timezone.now())


def _user(request: HttpRequest) -> Any:
    return request.user

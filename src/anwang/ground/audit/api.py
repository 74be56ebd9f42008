"""The trail through the API: read it, check the record."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from anwang.ground.audit import labels, selectors, services
from anwang.ground.audit.models import AuditRow, Proof
from anwang.ground.base import keyset, rights

router = Router(tags=["audit"])

Word = Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")]


class RowOut(Schema):
    """One row of the trail, hashes included, so that it can be proved elsewhere."""

    id: str
    chain: str
    seq: int
    event: str
    words: str
    at: datetime
    by_id: str
    by_name: str
    on_kind: str
    on_id: str
    on_name: str
    province_code: str
    city_code: str
    county_code: str
    data: dict[str, Any]
    digest: str
    previous: str
    hash: str

    @staticmethod
    def resolve_words(row: AuditRow) -> str:
        return str(labels.of(row.event))


class RowsOut(Schema):
    items: list[RowOut]
    next: str


class Asked(Schema):
    text: Word = ""
    event: Word = ""
    on_kind: Word = ""
    on_id: Word = ""
    by_id: Word = ""
    first: date | None = None
    last: date | None = None
    after: Annotated[str, Field(max_length=2000)] = ""
    size: Annotated[int, Field(ge=1, le=500)] = keyset.SIZE


class FindingOut(Schema):
    chain: str
    seq: int
    id: str
    reason: str


class ProofOut(Schema):
    id: str
    state: str
    asked_at: datetime
    asked_by_name: str
    done_at: datetime | None
    rows: int
    read: int
    findings: list[FindingOut]


@router.get("/rows", response=RowsOut)
def rows(request: HttpRequest, asked: Query[Asked]) -> Any:
    """The rows of one's region, newest first."""
    rights.require(request.user, "audit.read")
    question = selectors.Question(
        text=asked.text,
        events=[asked.event] if asked.event else [],
        kinds=[asked.on_kind] if asked.on_kind else [],
        on_id=asked.on_id,
        by_id=asked.by_id,
        first=asked.first,
        last=asked.last,
    )
    found = selectors.asked(request.user, question)
    return keyset.page(found, order=("-at", "-id"), after=asked.after, size=asked.size)


@router.get("/rows/{row_id}", response=RowOut)
def row(request: HttpRequest, row_id: str) -> Any:
    return selectors.visible_to(request.user).get(pk=row_id)


@router.post("/checks", response={202: ProofOut})
def check(request: HttpRequest) -> Any:
    """Ask for a check of the whole record; look it up by its id."""
    return 202, services.ask_proof(by=request.user, now=timezone.now())  # type: ignore[arg-type]


@router.get("/checks/{proof_id}", response=ProofOut)
def proof(request: HttpRequest, proof_id: str) -> Any:
    rights.require(request.user, "audit.read")
    return Proof.objects.get(pk=proof_id)

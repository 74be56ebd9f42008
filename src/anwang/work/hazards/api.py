"""The ledger for other programs and for the phone: the same verbs as the services, the same refusals as the screens.

Every verb answers with :class:`Done`, which is small on purpose: closing a thousand hazards is a thousand short calls.
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema
from pydantic import StringConstraints

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import keyset
from anwang.ground.base.domains import Domain
from anwang.ground.base.schemas import NO_NULL, Happened, Known, Ulid, UlidOrNone, one_of
from anwang.ground.files import selectors as files
from anwang.kernel import mask
from anwang.work.hazards import labels, rules, selectors, services
from anwang.work.hazards.models import Extension, Hazard
from anwang.work.hazards.rules import Fixing, Source

router = Router(tags=["hazards"])


# --- the shapes of what comes in ----------------------------------------------------------------------------------


Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=NO_NULL)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=NO_NULL)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300, pattern=NO_NULL)]
Urn = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120, pattern=NO_NULL)]
Degrees = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Photos = Annotated[list[Ulid], Field(max_length=30)]
DomainWord = Annotated[str, *one_of(Domain.values)]
SourceWord = Annotated[str, *one_of([each.value for each in Source])]
StateWord = Annotated[str, *one_of([*selectors.GROUPS, *(each.value for each in rules.State)])]
GradeWord = Annotated[str, *one_of(["general", "major", "none"])]
OrderWord = Annotated[str, *one_of(selectors.ORDERS)]
DimensionWord = Annotated[str, *one_of(["code", "domain", "grade", "state", "source", "late", "ever_late", "month"])]


class LedgerIn(Schema):
    """Filters. Several values of one mean any of them; ``state`` also takes open, with_unit, with_office, closed, all."""

    domain: list[DomainWord] = []
    grade: list[GradeWord] = []
    state: list[StateWord] = []
    source: list[SourceWord] = []
    region: Annotated[str, StringConstraints(max_length=20, pattern=r"^[0-9]*$")] = ""
    late: bool = False
    ever_late: bool = False
    due_by: date | None = None
    campaign: Annotated[str, StringConstraints(max_length=40, pattern=NO_NULL)] = ""
    q: Annotated[str, StringConstraints(max_length=60, pattern=NO_NULL)] = ""
    unit: UlidOrNone = ""
    site: UlidOrNone = ""
    found_from: date | None = None
    found_to: date | None = None
    on_spot: bool = False

    def filters(self) -> selectors.Filters:
        return selectors.Filters(
            domains=self.domain,
            grades=["" if grade == "none" else grade for grade in self.grade],
            states=self.state,
            sources=self.source,
            region=self.region,
            late=self.late,
            ever_late=self.ever_late,
            due_by=self.due_by,
            campaign=self.campaign,
            text=self.q,
            unit=self.unit,
            site=self.site,
            found_from=self.found_from,
            found_to=self.found_to,
            on_spot=self.on_spot,
        )


class PageIn(LedgerIn):
    """And the page: ``order`` as in the ledger, ``after`` from the page before, ``size`` up to 500."""

    order: OrderWord = "due"
    after: Annotated[str, StringConstraints(max_length=400, pattern=NO_NULL)] = ""
    size: Annotated[int, Field(ge=1, le=keyset.MAX_SIZE)] = keyset.SIZE


class ReportIn(Schema):
    """``hazard_id``: a ULID made by the caller; the same again gives the same hazard back."""

    site_id: Ulid
    description: Note
    source: SourceWord
    found_at: Happened
    hazard_id: UlidOrNone = ""
    domain: Annotated[str, *one_of(["", *Domain.values])] = ""
    place: Annotated[str, StringConstraints(max_length=120, pattern=NO_NULL)] = ""
    lon: Degrees | None = None
    lat: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    photos: Photos = []
    found_by_name: Annotated[str, StringConstraints(max_length=80, pattern=NO_NULL)] = ""
    campaign: Annotated[str, StringConstraints(max_length=40, pattern=NO_NULL)] = ""
    standard_urn: Urn = ""
    basis: Line = ""
    relapse_of: UlidOrNone = ""


class NoteIn(Schema):
    note: Note = ""


class GradeIn(NoteIn):
    standard_urn: Urn = ""
    basis: Line = ""


class CriterionIn(NoteIn):
    standard_urn: Urn
    basis: Line = ""


class AssignIn(NoteIn):
    due_on: date
    unit_id: UlidOrNone = ""
    department_id: UlidOrNone = ""
    measures: Note = ""


class PlanIn(Schema):
    """The five fixings; the deadline among them is the order's. ``funds`` in words: an amount with its source, or none."""

    person: Annotated[str, StringConstraints(max_length=40, pattern=NO_NULL)]
    phone: Annotated[str, StringConstraints(max_length=20, pattern=NO_NULL)] = ""
    measures: Note = ""
    funds: Annotated[str, StringConstraints(max_length=120, pattern=NO_NULL)] = ""
    emergency_plan: Note = ""


class SubmitIn(NoteIn):
    photos: Photos = []


class OnSpotIn(SubmitIn):
    fixed_by_name: Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=NO_NULL)]
    signature: UlidOrNone = ""


class PhotosIn(Schema):
    slot: Literal["before", "after", "document"]
    photos: Annotated[list[Ulid], Field(min_length=1, max_length=30)]


class ResumeIn(NoteIn):
    due_on: date


class TransferIn(NoteIn):
    unit_id: Ulid
    due_on: date | None = None


class ExtensionIn(Schema):
    new_due_on: date
    reason: Words
    interim: Words


class DecisionIn(Schema):
    extension_id: Ulid
    grant: bool
    note: Words = ""


class UnmaskIn(Schema):
    whose: Literal["responsible"] = "responsible"


# --- the shapes of what goes out ----------------------------------------------------------------------------------


class Done(Schema):
    """Where the hazard stands after a verb."""

    id: str
    number: str
    state: str
    grade: str
    late: bool
    next_due_on: date

    @classmethod
    def of(cls, hazard: Hazard) -> "Done":
        return cls(
            id=hazard.pk,
            number=hazard.number,
            state=str(hazard.state),
            grade=hazard.grade,
            late=hazard.late,
            next_due_on=hazard.next_due_on,
        )


class Row(Done):
    """A hazard as the list shows it. ``late_days`` counts ended periods of lateness."""

    site_id: str
    site: str
    domain: str
    region: str
    description: str
    source: str
    campaign: str
    found_on: date
    due_on: date | None
    closed_on: date | None
    unit_id: str | None
    unit: str
    on_spot: bool
    late_days: int

    @classmethod
    def row(cls, hazard: Hazard) -> "Row":
        return cls(**Done.of(hazard).dict(), **_row(hazard))


def _row(hazard: Hazard) -> dict[str, Any]:
    return {
        "site_id": hazard.site_id,
        "site": hazard.site.name,
        "domain": hazard.domain,
        "region": hazard.region_id,
        "description": hazard.description,
        "source": hazard.source,
        "campaign": hazard.campaign,
        "found_on": hazard.found_on,
        "due_on": hazard.due_on,
        "closed_on": hazard.closed_on,
        "unit_id": hazard.unit_id,
        "unit": hazard.unit.name if hazard.unit else "",
        "on_spot": hazard.on_spot,
        "late_days": hazard.late_days,
    }


class Fixings(Schema):
    """The phone is masked; ``missing`` names what is not there."""

    person: str
    phone: str
    measures: str
    funds: str
    plan: str
    missing: list[str]


class HazardOut(Row):
    """Everything about one hazard but its history, which has addresses of its own."""

    place: str
    lon: float | None
    lat: float | None
    found_at: datetime
    found_by: str
    standard_urn: str
    standard_version: str
    basis: str
    required_measures: str
    department_id: str | None
    fixings: Fixings
    extended_times: int
    first_late_on: date | None
    days_late_in_all: int
    relapse_of: str | None
    origin_kind: str
    origin_id: str


class PageOut(Schema):
    """``next`` is empty on the last page. ``more``: there are more than ``count``."""

    items: list[Row]
    next: str
    count: int
    more: bool


class OfferOut(Schema):
    """An act this caller's rights cover here. ``refused`` is the reason key, with its sentences, or null."""

    action: str
    label: str
    refused: str | None
    what: str
    todo: str


class MoveOut(Schema):
    seq: int
    action: str
    source: str
    target: str
    by: str
    at: datetime
    note: str


class ExtensionOut(Schema):
    """``state``: asked, granted or refused."""

    id: str
    state: str
    old_due_on: date
    new_due_on: date
    reason: str
    interim: str
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    decision_note: str

    @classmethod
    def of(cls, extension: Extension) -> "ExtensionOut":
        return cls(
            id=extension.pk,
            state=extension.state,
            old_due_on=extension.old_due_on,
            new_due_on=extension.new_due_on,
            reason=extension.reason,
            interim=extension.interim,
            asked_by=str(extension.asked_by),
            asked_at=extension.asked_at,
            decided_by=str(extension.decided_by or ""),
            decided_at=extension.decided_at,
            decision_note=extension.decision_note,
        )


class PhotoOut(Schema):
    """``slot``: before, after, document or signature."""

    id: str
    slot: str
    media_type: str
    taken_at: datetime | None
    lon: float | None
    lat: float | None
    sha256: str
    url: str


class WaitingOut(Schema):
    """A hazard that needs the caller now, and the act it needs (``decide_extension`` with the extension's id)."""

    hazard: Row
    action: str
    extension_id: str | None


class FigureOut(Schema):
    """``key``: one value per dimension asked for, in that order."""

    key: list[str | bool]
    n: int


class PhoneOut(Schema):
    phone: str


# --- reading ------------------------------------------------------------------------------------------------------


def _reading(request: HttpRequest) -> Any:
    scope.require(request.user, Permission.HAZARD_READ)
    return request.user


def _seen(request: HttpRequest, hazard_id: str, *related: str) -> Hazard:
    found: Hazard = Hazard.objects.visible_to(request.user).select_related(*related).get(pk=hazard_id)
    return found


@router.get("/", response=PageOut, summary="The ledger, page by page")
def ledger(request: HttpRequest, asked: Query[PageIn]) -> PageOut:
    user = _reading(request)
    filters = asked.filters()
    rows = selectors.ledger(user, filters).select_related("site", "unit")
    page = keyset.page(rows, order=selectors.ORDERS[asked.order], after=asked.after, size=asked.size)
    whole = not page.next and not asked.after
    tally = selectors.Tally(len(page)) if whole else selectors.count(user, filters)
    return PageOut(items=[Row.row(hazard) for hazard in page], next=page.next, count=tally.n, more=tally.more)


@router.get("/waiting", response=list[WaitingOut], summary="What needs the caller now, late first")
def waiting(request: HttpRequest, limit: Annotated[int, Field(ge=1, le=200)] = 50) -> list[WaitingOut]:
    found = selectors.waiting_for(_reading(request), limit=limit)
    return [
        WaitingOut(
            hazard=Row.row(each.hazard), action=each.action, extension_id=each.extension.pk if each.extension else None
        )
        for each in found
    ]


class FiguresIn(Schema):
    """``group``: dimensions; ``code`` (region) needs ``level``. ``region`` cuts down to one subtree."""

    group: Annotated[list[DimensionWord], Field(max_length=4)] = ["domain", "state"]
    level: Literal["", "province", "city", "county", "town"] = ""
    region: Annotated[str, StringConstraints(max_length=20, pattern=r"^[0-9]*$")] = ""
    month_from: Annotated[str, StringConstraints(pattern=r"^$|^[0-9]{4}-(0[1-9]|1[0-2])$")] = ""
    month_to: Annotated[str, StringConstraints(pattern=r"^$|^[0-9]{4}-(0[1-9]|1[0-2])$")] = ""


@router.get("/figures", response=list[FigureOut], summary="How many, by region, domain, grade, state, month …")
def figures(request: HttpRequest, asked: Query[FiguresIn]) -> list[FigureOut]:
    scope.require(request.user, Permission.FIGURES_READ)
    fixed: dict[str, Any] = {}
    if asked.month_from:
        fixed["month__gte"] = asked.month_from
    if asked.month_to:
        fixed["month__lte"] = asked.month_to
    group = [name for name in dict.fromkeys(asked.group) if name != "code" or asked.level]
    found = selectors.cells(
        request.user, level=asked.level, codes=[asked.region] if asked.region else None, group=group, **fixed
    )
    return [FigureOut(key=list(key), n=n) for key, n in sorted(found.items(), key=lambda pair: str(pair[0]))]


@router.get("/{hazard_id}", response=HazardOut, summary="One hazard")
def get(request: HttpRequest, hazard_id: Known) -> HazardOut:
    hazard = _seen(request, hazard_id, "site", "unit")
    filled = selectors.fixings(hazard)
    return HazardOut(
        **Row.row(hazard).dict(),
        place=hazard.place,
        lon=hazard.lon,
        lat=hazard.lat,
        found_at=hazard.found_at,
        found_by=hazard.found_by_name,
        standard_urn=hazard.standard_urn,
        standard_version=hazard.standard_version,
        basis=hazard.basis,
        required_measures=hazard.required_measures,
        department_id=hazard.department_id,
        fixings=Fixings(
            person=hazard.fix_person,
            phone=mask.mask_phone(hazard.fix_phone),
            measures=hazard.fix_measures,
            funds=hazard.fix_funds,
            plan=hazard.fix_plan,
            missing=[each.value for each in Fixing if each not in filled],
        ),
        extended_times=hazard.extended_times,
        first_late_on=hazard.first_late_on,
        days_late_in_all=selectors.late_days(hazard, timezone.now()),
        relapse_of=hazard.relapse_of_id,
        origin_kind=hazard.origin_kind,
        origin_id=hazard.origin_id,
    )


@router.get("/{hazard_id}/offers", response=list[OfferOut], summary="What the caller may do now, or why not")
def offers(request: HttpRequest, hazard_id: Known) -> list[OfferOut]:
    hazard = _seen(request, hazard_id)
    found = []
    for each in selectors.acts(hazard, acting=request.user, now=timezone.now()):
        refusal = each.refusal() if each.refused else None
        found.append(
            OfferOut(
                action=each.action,
                label=str(labels.ACTION[each.action]),
                refused=each.refused,
                what=refusal.what if refusal else "",
                todo=refusal.todo if refusal else "",
            )
        )
    return found


@router.get("/{hazard_id}/moves", response=list[MoveOut], summary="Every change of its state")
def moves(request: HttpRequest, hazard_id: Known) -> list[MoveOut]:
    return [
        MoveOut(
            seq=move.seq,
            action=move.action,
            source=move.source,
            target=move.target,
            by=move.by_name,
            at=move.at,
            note=move.note,
        )
        for move in selectors.timeline(_seen(request, hazard_id))
    ]


@router.get("/{hazard_id}/extensions", response=list[ExtensionOut], summary="More time asked for, and the answers")
def extensions(request: HttpRequest, hazard_id: Known) -> list[ExtensionOut]:
    rows = _seen(request, hazard_id).extensions.select_related("asked_by", "decided_by")
    return [ExtensionOut.of(extension) for extension in rows]


@router.get("/{hazard_id}/photos", response=list[PhotoOut], summary="Evidence before and after")
def photos(request: HttpRequest, hazard_id: Known) -> list[PhotoOut]:
    hazard = _seen(request, hazard_id)
    return [
        PhotoOut(
            id=file.pk,
            slot=file.slot,
            media_type=file.media_type,
            taken_at=file.taken_at,
            lon=file.lon,
            lat=file.lat,
            sha256=file.sha256,
            url=files.url(file),
        )
        for file in files.for_thing(hazard)
    ]


# --- the verbs ----------------------------------------------------------------------------------------------------


def _do(request: HttpRequest, verb: Callable[..., Hazard], hazard_id: str, said: Schema | None = None) -> Done:
    named = said.dict() if said is not None else {}
    return Done.of(verb(hazard_id=hazard_id, by=request.user, now=timezone.now(), **named))


@router.post("/", response={201: Done}, summary="Report a hazard")
def report(request: HttpRequest, said: ReportIn) -> tuple[int, Done]:
    hazard = services.report(**said.dict(), by=request.user, now=timezone.now())  # type: ignore[arg-type]
    return 201, Done.of(hazard)


@router.post("/{hazard_id}/grade", response=Done, summary="Settle as a general hazard")
def grade(request: HttpRequest, hazard_id: Known, said: GradeIn) -> Done:
    return _do(request, services.grade, hazard_id, said)


@router.post("/{hazard_id}/propose_major", response=Done, summary="Propose as major, by a criterion")
def propose_major(request: HttpRequest, hazard_id: Known, said: CriterionIn) -> Done:
    return _do(request, services.propose_major, hazard_id, said)


@router.post("/{hazard_id}/confirm_major", response=Done, summary="A second person confirms it as major")
def confirm_major(request: HttpRequest, hazard_id: Known, said: NoteIn) -> Done:
    return _do(request, services.confirm_major, hazard_id, said)


@router.post("/{hazard_id}/reject_major", response=Done, summary="Not major: back to grading")
def reject_major(request: HttpRequest, hazard_id: Known, said: NoteIn) -> Done:
    return _do(request, services.reject_major, hazard_id, said)


@router.post("/{hazard_id}/assign", response=Done, summary="Order the rectification until a day")
def assign(request: HttpRequest, hazard_id: Known, said: AssignIn) -> Done:
    return _do(request, services.assign, hazard_id, said)


@router.post("/{hazard_id}/plan", response=Done, summary="Fill in the five fixings")
def plan(request: HttpRequest, hazard_id: Known, said: PlanIn) -> Done:
    return _do(request, services.plan, hazard_id, said)


@router.post("/{hazard_id}/start", response=Done, summary="Accept the order")
def start(request: HttpRequest, hazard_id: Known, said: NoteIn) -> Done:
    return _do(request, services.start, hazard_id, said)


@router.post("/{hazard_id}/submit", response=Done, summary="Hand in for re-check, with photos sent before")
def submit(request: HttpRequest, hazard_id: Known, said: SubmitIn) -> Done:
    return _do(request, services.submit, hazard_id, said)


@router.post("/{hazard_id}/verify", response=Done, summary="Re-check passed")
def verify(request: HttpRequest, hazard_id: Known, said: NoteIn) -> Done:
    return _do(request, services.verify, hazard_id, said)


@router.post("/{hazard_id}/accept", response=Done, summary="Re-check passed, and closed where one person may do both")
def accept(request: HttpRequest, hazard_id: Known, said: NoteIn) -> Done:
    return _do(request, services.accept, hazard_id, said)


@router.post("/{hazard_id}/send_back", response=Done, summary="Send back, saying what is lacking")
def send_back(request: HttpRequest, hazard_id: Known, said: NoteIn) -> Done:
    return _do(request, services.send_back, hazard_id, said)


@router.post("/{hazard_id}/close", response=Done, summary="Strike it off")
def close(request: HttpRequest, hazard_id: Known, said: NoteIn) -> Done:
    return _do(request, services.close, hazard_id, said)


@router.post("/{hazard_id}/suspend", response=Done, summary="Suspend, with a reason")
def suspend(request: HttpRequest, hazard_id: Known, said: NoteIn) -> Done:
    return _do(request, services.suspend, hazard_id, said)


@router.post("/{hazard_id}/resume", response=Done, summary="Go on, until a new deadline")
def resume(request: HttpRequest, hazard_id: Known, said: ResumeIn) -> Done:
    return _do(request, services.resume, hazard_id, said)


@router.post("/{hazard_id}/transfer", response=Done, summary="Hand to another unit")
def transfer(request: HttpRequest, hazard_id: Known, said: TransferIn) -> Done:
    return _do(request, services.transfer, hazard_id, said)


@router.post("/{hazard_id}/reopen", response=Done, summary="Open a closed one again")
def reopen(request: HttpRequest, hazard_id: Known, said: NoteIn) -> Done:
    return _do(request, services.reopen, hazard_id, said)


@router.post("/{hazard_id}/cancel", response=Done, summary="Cancel an entry that is no hazard")
def cancel(request: HttpRequest, hazard_id: Known, said: NoteIn) -> Done:
    return _do(request, services.cancel, hazard_id, said)


@router.post("/{hazard_id}/fix_on_spot", response=Done, summary="Put right while the finder looks on")
def fix_on_spot(request: HttpRequest, hazard_id: Known, said: OnSpotIn) -> Done:
    return _do(request, services.fix_on_spot, hazard_id, said)


@router.post("/{hazard_id}/add_photos", response=Done, summary="More evidence")
def add_photos(request: HttpRequest, hazard_id: Known, said: PhotosIn) -> Done:
    return _do(request, services.add_photos, hazard_id, said)


@router.post("/{hazard_id}/ask_extension", response=ExtensionOut, summary="Ask for more time, before the deadline")
def ask_extension(request: HttpRequest, hazard_id: Known, said: ExtensionIn) -> ExtensionOut:
    named = said.dict()
    extension = services.ask_extension(hazard_id=hazard_id, by=request.user, now=timezone.now(), **named)  # type: ignore[arg-type]
    return ExtensionOut.of(extension)


@router.post("/{hazard_id}/decide_extension", response=ExtensionOut, summary="Grant or refuse more time")
def decide_extension(request: HttpRequest, hazard_id: Known, said: DecisionIn) -> ExtensionOut:
    _seen(request, hazard_id).extensions.get(pk=said.extension_id)
    extension = services.decide_extension(**said.dict(), by=request.user, now=timezone.now())  # type: ignore[arg-type]
    return ExtensionOut.of(extension)


@router.post("/{hazard_id}/unmask", response=PhoneOut, summary="The whole phone number of who is responsible; recorded")
def unmask(request: HttpRequest, hazard_id: Known, said: UnmaskIn) -> PhoneOut:
    hazard = services.unmask(hazard_id=hazard_id, whose=said.whose, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    return PhoneOut(phone=hazard.fix_phone)

"""Visits for other programs and for the phone: the same verbs as the services, the same refusals as the screens.

A phone that was without a network sends its own ids and moments (``inspection_id``, ``finding_id``, ``began_at``,
``found_at``, ``ended_at``): the same again gives the same rows back.
"""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema
from pydantic import AfterValidator, StringConstraints

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import keyset
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.schemas import NO_NULL, Happened, Known, Ulid, UlidOrNone, one_of
from anwang.ground.regions.models import Region
from anwang.kernel import clock, mask
from anwang.registers.sites.models import Site
from anwang.work.checklists import rules as checklist_rules
from anwang.work.inspections import labels, rules, selectors, services
from anwang.work.inspections.models import Finding, Inspection, Inspector, Plan, PlannedVisit
from anwang.work.inspections.services import Companion

router = Router(tags=["inspections"])


# --- the shapes of what comes in --------------------------------------------------------------------------------------


def _most(length: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, max_length=length, pattern=NO_NULL)


Note = Annotated[str, _most(500)]
Reason = Annotated[str, _most(300)]
Long = Annotated[str, _most(1000)]
Name = Annotated[str, _most(40)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{6,20}$")]
Day = Annotated[date, AfterValidator(lambda day: day if 2000 <= day.year < 9000 else _bad_day())]
Lon = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Photos = Annotated[list[Ulid], Field(max_length=30)]
KindWord = Annotated[str, *one_of([each.value for each in rules.Kind])]
StateWord = Annotated[str, *one_of([each.value for each in rules.State])]
DomainWord = Annotated[str, *one_of(Domain.values)]
SlotWord = Annotated[str, *one_of(["open", "late", "done", "left_out"])]


def _bad_day() -> date:
    raise ValueError("a day since the year 2000")


class PageIn(Schema):
    """``after`` from the page before, ``size`` up to 500."""

    after: Annotated[str, StringConstraints(max_length=400, pattern=NO_NULL)] = ""
    size: Annotated[int, Field(ge=1, le=keyset.MAX_SIZE)] = keyset.SIZE


class ListIn(PageIn):
    """Filters. Several values of one mean any of them."""

    kind: list[KindWord] = []
    state: list[StateWord] = []
    domain: list[DomainWord] = []
    region: Annotated[str, StringConstraints(max_length=20, pattern=r"^[0-9]*$")] = ""
    made_from: Day | None = None
    made_to: Day | None = None
    mine: bool = False
    late: bool = False
    with_hazards: bool = False
    campaign: Annotated[str, _most(40)] = ""
    plan: UlidOrNone = ""
    site: UlidOrNone = ""
    q: Annotated[str, _most(60)] = ""
    order: Annotated[str, *one_of(selectors.ORDERS)] = "-made"


class DueIn(PageIn):
    state: list[SlotWord] = []
    plan: UlidOrNone = ""
    domain: list[DomainWord] = []
    kind: list[KindWord] = []
    q: Annotated[str, _most(60)] = ""


class CompanionIn(Schema):
    """An account (``user_id``) or a name; what is left blank is taken from the account."""

    user_id: UlidOrNone = ""
    name: Name = ""
    certificate: Name = ""
    department: Annotated[str, _most(80)] = ""
    sections: Annotated[list[Annotated[str, _most(20)]], Field(max_length=60)] = []


class ArrangeIn(Schema):
    site_id: Known
    visit_kind: KindWord
    due_on: Day
    inspection_id: UlidOrNone = ""
    lead_id: UlidOrNone = ""
    companions: Annotated[list[CompanionIn], Field(max_length=30)] = []
    checklists: Annotated[list[Key], Field(max_length=5)] = []
    planned_id: UlidOrNone = ""
    campaign: Name = ""
    note: Note = ""
    tell_enterprise: bool = False


class BeginIn(Schema):
    """``inspection_id`` names an arranged visit or is made by the phone; then ``site_id`` and ``visit_kind`` come too."""

    inspection_id: Ulid
    site_id: UlidOrNone = ""
    visit_kind: Annotated[str, *one_of(["", *(each.value for each in rules.Kind)])] = ""
    began_at: Happened | None = None
    lon: Lon | None = None
    lat: Lat | None = None
    checklists: Annotated[list[Key], Field(max_length=5)] = []
    planned_id: UlidOrNone = ""
    campaign: Name = ""


class ChecklistIn(Schema):
    key: Key
    instead_of: UlidOrNone = ""


class AnswersIn(Schema):
    """``{item code: {"value": …, "note": …}}``; ``base`` are the answers the phone started from."""

    answers: Annotated[dict[str, Any], Field(max_length=500)]
    base: Annotated[dict[str, Any], Field(max_length=500)] | None = None


class FindingIn(Schema):
    """With ``fixed_by_name`` it was put right on the spot; with ``due_on`` it is to be put right until then."""

    finding_id: UlidOrNone = ""
    description: Long = ""
    sheet_id: UlidOrNone = ""
    item_code: Annotated[str, _most(40)] = ""
    place: Annotated[str, _most(120)] = ""
    photos: Photos = []
    found_at: Happened | None = None
    fixed_by_name: Name = ""
    photos_after: Photos = []
    fix_signature: UlidOrNone = ""
    due_on: Day | None = None
    measures: Long = ""
    standard_urn: Annotated[str, _most(120)] = ""
    as_general: bool = False
    basis: Annotated[str, _most(300)] = ""
    relapse_of: UlidOrNone = ""
    lon: Lon | None = None
    lat: Lat | None = None


class FinishIn(Schema):
    ended_at: Happened | None = None
    certificate_shown: bool | None = None
    host_name: Name = ""
    host_phone: Annotated[str, _most(20)] = ""
    host_signature: UlidOrNone = ""
    sign_refused: Annotated[str, _most(200)] = ""
    opinion: Long = ""
    photos: Photos = []
    officer_signatures: Annotated[dict[Ulid, Ulid], Field(max_length=30)] = {}


class NoteIn(Schema):
    note: Note


class ReasonIn(Schema):
    note: Reason


class NobodyIn(NoteIn):
    next_on: Day | None = None
    photos: Photos = []


class TurnedAwayIn(NoteIn):
    photos: Photos = []


class CertificateIn(Schema):
    certificate: Name


class PlanIn(Schema):
    """``months``: the plan's own frequency; without it each place's supervision class says how often."""

    region: Code
    visit_kind: KindWord
    begins_on: Day
    ends_on: Day
    domains: Annotated[list[DomainWord], Field(max_length=60)] = []
    site_kinds: Annotated[list[Annotated[str, _most(30)]], Field(max_length=100)] = []
    classes: Annotated[list[Annotated[str, _most(4)]], Field(max_length=20)] = []
    months: Annotated[int, Field(ge=1, le=36)] | None = None


class NewPlanIn(PlanIn):
    title: Annotated[str, _most(80)]
    plan_id: UlidOrNone = ""
    campaign: Name = ""
    basis: Annotated[str, _most(200)] = ""


class NearIn(Schema):
    lon: Lon
    lat: Lat
    radius_m: Annotated[float, Field(gt=0, le=20_000, allow_inf_nan=False)] = 1000


# --- the shapes of what goes out --------------------------------------------------------------------------------------


class Done(Schema):
    """Where the visit stands after a verb."""

    id: str
    number: str
    kind: str
    state: str
    site_id: str
    due_on: date | None
    began_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, visit: Inspection) -> "Done":
        return cls(**_done(visit))


def _done(visit: Inspection) -> dict[str, Any]:
    return {
        "id": visit.pk,
        "number": visit.number,
        "kind": str(visit.visit_kind),
        "state": str(visit.state),
        "site_id": visit.site_id,
        "due_on": visit.due_on,
        "began_at": visit.began_at,
        "ended_at": visit.ended_at,
    }


class Row(Done):
    """A visit as the list shows it."""

    site: str
    domain: str
    region: str
    lead: str
    campaign: str
    visit_no: int
    failed_items: int
    score: float | None

    @classmethod
    def row(cls, visit: Inspection) -> "Row":
        return cls(**_row(visit))


def _row(visit: Inspection) -> dict[str, Any]:
    return _done(visit) | {
        "site": visit.site.name,
        "domain": visit.domain,
        "region": visit.region_id,
        "lead": visit.lead.name,
        "campaign": visit.campaign,
        "visit_no": visit.visit_no,
        "failed_items": visit.failed_items,
        "score": float(visit.score) if visit.score is not None else None,
    }


class PersonOut(Schema):
    id: str
    user_id: str | None
    name: str
    certificate: str
    department: str
    sections: list[str]
    leads: bool
    left_at: datetime | None

    @classmethod
    def of(cls, row: Inspector, visit: Inspection) -> "PersonOut":
        return cls(
            id=row.pk,
            user_id=row.user_id,
            name=row.name,
            certificate=row.certificate,
            department=row.department,
            sections=list(row.sections),
            leads=row.user_id == visit.lead_id,
            left_at=row.left_at,
        )


class FindingOut(Schema):
    id: str
    hazard_id: str
    sheet_id: str | None
    item_code: str
    section: str
    department: str
    description: str
    on_spot: bool
    asked_due_on: date | None
    at: datetime

    @classmethod
    def of(cls, row: Finding) -> "FindingOut":
        return cls(
            id=row.pk,
            hazard_id=row.hazard_id,
            sheet_id=row.sheet_id,
            item_code=row.item_code,
            section=row.section,
            department=row.department,
            description=row.description,
            on_spot=row.on_spot,
            asked_due_on=row.asked_due_on,
            at=row.at,
        )


class QuestionOut(Schema):
    """One item. ``open``: asked at present. ``failed``: the answer proposes a hazard; ``finding`` is its id if recorded."""

    code: str
    section: str
    text: str
    answer: str
    options: list[tuple[str, str]]
    max: int | None
    low: float | None
    high: float | None
    unit: str
    required: bool
    photo: bool
    spot: bool
    when: dict[str, list[str]]
    open: bool
    mine: bool
    value: Any
    note: str
    failed: bool
    proposal: str
    criterion: str
    finding: str | None


class SheetOut(Schema):
    """A checklist of the visit with its answers. ``revision`` counts how often it was saved."""

    id: str
    checklist: str
    version: int
    title: str
    revision: int
    answered: int
    total: int
    score: float | None
    band: str
    questions: list[QuestionOut]

    @classmethod
    def of(cls, view: selectors.SheetView) -> "SheetOut":
        return cls(
            id=view.sheet.pk,
            checklist=view.definition.key,
            version=view.version.number,
            title=view.version.title(),
            revision=view.sheet.filled.revision,
            answered=view.answered,
            total=view.total,
            score=view.result.score,
            band=view.band,
            questions=[_question(part.code, each) for part in view.parts for each in part.all],
        )


def _question(section: str, each: selectors.Question) -> QuestionOut:
    item, proposal = each.item, each.proposal
    return QuestionOut(
        code=item.code,
        section=section,
        text=each.text,
        answer=str(item.answer),
        options=each.options if item.answer == checklist_rules.Kind.CHOICE else [],
        max=item.max,
        low=item.low,
        high=item.high,
        unit=item.unit,
        required=item.required,
        photo=item.photo,
        spot=item.spot,
        when={code: list(wanted) for code, wanted in item.when.items()},
        open=each.open,
        mine=each.mine,
        value=each.value,
        note=each.note,
        failed=each.failed,
        proposal=proposal.description if proposal else "",
        criterion=proposal.criterion if proposal else "",
        finding=each.finding.hazard_id if each.finding else None,
    )


class VisitOut(Row):
    """Everything about one visit. The host's phone is masked."""

    plan_id: str | None
    lon: float | None
    lat: float | None
    certificate_shown: bool
    host_name: str
    host_phone: str
    opinion: str
    sign_refused: str
    note: str
    before: str | None
    people: list[PersonOut]
    sheets: list[SheetOut]
    findings: list[FindingOut]


class OfferOut(Schema):
    """A move this caller's part in the visit covers. ``refused`` is the reason key, with its sentences, or null."""

    action: str
    label: str
    refused: str | None
    what: str
    todo: str


class Kept(Schema):
    """How far the visit is after a few answers."""

    revision: int
    answered: int
    total: int
    unanswered: int
    unreported: int


class ListOut(Schema):
    """``next`` is empty on the last page."""

    items: list[Row]
    next: str


class PlaceOut(Schema):
    site_id: str
    name: str
    kind: str
    metres: float | None
    colour: str
    last_inspected_on: date | None
    next_inspection_on: date | None
    planned_id: str | None
    planned_due_on: date | None
    visit_id: str | None
    open_hazards: int
    kinds: list[str]

    @classmethod
    def of(cls, place: selectors.Place) -> "PlaceOut":
        site = place.site
        return cls(
            site_id=site.pk,
            name=site.name,
            kind=site.kind_key,
            metres=place.metres,
            colour=site.colour,
            last_inspected_on=site.last_inspected_on,
            next_inspection_on=site.next_inspection_on,
            planned_id=place.slot.pk if place.slot else None,
            planned_due_on=place.slot.due_on if place.slot else None,
            visit_id=place.visit.pk if place.visit else None,
            open_hazards=place.open_hazards,
            kinds=[str(kind) for kind in place.kinds],
        )


class ChecklistOut(Schema):
    key: str
    title: str
    version: int


class BeginningOut(Schema):
    """What a visit at one place may be, the likeliest first."""

    place: PlaceOut
    checklists: list[ChecklistOut]
    best: dict[str, str]


class ProgressOut(Schema):
    total: int
    done: int
    late: int
    done_late: int
    left_out: int
    percent: int

    @classmethod
    def of(cls, part: selectors.Progress) -> "ProgressOut":
        return cls(
            total=part.total,
            done=part.done,
            late=part.late,
            done_late=part.done_late,
            left_out=part.left_out,
            percent=part.percent,
        )


class PlanOut(Schema):
    id: str
    title: str
    kind: str
    region: str
    begins_on: date
    ends_on: date
    domains: list[str]
    site_kinds: list[str]
    classes: list[str]
    months: int | None
    campaign: str
    basis: str
    withdrawn: bool
    progress: ProgressOut

    @classmethod
    def of(cls, plan: Plan, part: selectors.Progress) -> "PlanOut":
        return cls(
            id=plan.pk,
            title=plan.title,
            kind=str(plan.visit_kind),
            region=plan.region_id,
            begins_on=plan.begins_on,
            ends_on=plan.ends_on,
            domains=list(plan.domains),
            site_kinds=list(plan.site_kinds),
            classes=list(plan.classes),
            months=plan.months,
            campaign=plan.campaign,
            basis=plan.basis,
            withdrawn=plan.withdrawn_at is not None,
            progress=ProgressOut.of(part),
        )


class PreviewOut(Schema):
    sites: int
    visits: int
    raised: int
    per_month: dict[str, int]
    left_out: list[str]
    """Ids of places for which nothing says how often."""


class SlotOut(Schema):
    id: str
    plan_id: str
    site_id: str
    site: str
    opens_on: date
    due_on: date
    state: str
    months: int
    days: int
    raised: bool
    visit_id: str | None
    done_on: date | None

    @classmethod
    def of(cls, slot: PlannedVisit, today: date) -> "SlotOut":
        return cls(
            id=slot.pk,
            plan_id=slot.plan_id,
            site_id=slot.site_id,
            site=slot.site.name,
            opens_on=slot.opens_on,
            due_on=slot.due_on,
            state=selectors.slot_state(slot, today),
            months=slot.months,
            days=slot.days,
            raised=slot.raised,
            visit_id=slot.visit_id,
            done_on=slot.done_on,
        )


class SlotsOut(Schema):
    items: list[SlotOut]
    next: str


class EyesOut(Schema):
    third: str
    visit: Row | None
    findings: list[FindingOut]
    open_hazards: int


class LineOut(Schema):
    checklist: str
    section: str
    code: str
    text: str
    said: dict[str, str]
    differs: bool
    missed: bool


class ThreeOut(Schema):
    """What the unit itself, an expert and the authority saw; ``lines``: items asked by at least two of them."""

    site_id: str
    eyes: list[EyesOut]
    lines: list[LineOut]
    missed: int


class PaperOut(Schema):
    id: str
    number: str
    title: str
    code: str
    pages: int


# --- lists and places -------------------------------------------------------------------------------------------------


@router.get("/", response=ListOut, summary="Visits, filtered, page by page")
def visits(request: HttpRequest, asked: Query[ListIn]) -> Any:
    scope.require(request.user, Permission.INSPECTION_READ)
    region = Region.objects.filter(pk=asked.region).first() if asked.region else None
    if asked.region and region is None:
        return {"items": [], "next": ""}  # as of a place elsewhere: the answer tells no code from another
    filters = selectors.Filters(
        kinds=asked.kind,
        states=asked.state,
        domains=asked.domain,
        region=region,
        began=(asked.made_from, asked.made_to),
        mine=asked.mine,
        late=asked.late,
        with_hazards=asked.with_hazards,
        campaign=asked.campaign,
        plan_id=asked.plan,
        site_id=asked.site,
        text=asked.q,
    )
    rows = selectors.ledger(request.user, filters, today=_today()).select_related("site", "lead")
    page = keyset.page(rows, order=selectors.ORDERS[asked.order], after=asked.after, size=asked.size)
    return {"items": [Row.row(visit) for visit in page], "next": page.next}


@router.get("/near", response=list[PlaceOut], summary="Places near a WGS-84 position where a visit may begin")
def near(request: HttpRequest, asked: Query[NearIn]) -> Any:
    _may_visit(request.user)
    found = selectors.begin_near(request.user, lon=asked.lon, lat=asked.lat, radius_m=asked.radius_m)  # type: ignore[arg-type]
    return [PlaceOut.of(place) for place in found]


@router.get("/due", response=SlotsOut, summary="Visits that plans ask for, the next first")
def due(request: HttpRequest, asked: Query[DueIn]) -> Any:
    scope.require(request.user, Permission.INSPECTION_READ)
    plan = Plan.objects.visible_to(request.user).get(pk=asked.plan) if asked.plan else None
    today = _today()
    rows = selectors.due(
        request.user,
        plan=plan,
        states=asked.state,
        today=today,
        domains=asked.domain,
        kinds=asked.kind,
        text=asked.q,
    )
    page = keyset.page(rows, order=("due_on", "id"), after=asked.after, size=asked.size)
    return {"items": [SlotOut.of(slot, today) for slot in page], "next": page.next}


@router.get("/sites/{site_id}/beginning", response=BeginningOut, summary="What a visit at this place may be")
def beginning(request: HttpRequest, site_id: Known) -> Any:
    _may_visit(request.user)
    site = Site.objects.visible_to(request.user).get(pk=site_id)
    place = selectors.begin_at(request.user, site)  # type: ignore[arg-type]
    best = {str(kind): selectors.best(site, kind) for kind in place.kinds}
    return BeginningOut(
        place=PlaceOut.of(place),
        checklists=[
            ChecklistOut(key=each.checklist.key, title=each.title(), version=each.number)
            for each in selectors.fitting(site)
        ],
        best={kind: version.checklist.key for kind, version in best.items() if version is not None},
    )


@router.get("/sites/{site_id}/three-in-one", response=ThreeOut, summary="Self-check, expert and authority side by side")
def three_in_one(request: HttpRequest, site_id: Known) -> Any:
    scope.require(request.user, Permission.INSPECTION_READ)
    site = Site.objects.visible_to(request.user).get(pk=site_id)
    found = selectors.three_in_one(site, request.user)
    return ThreeOut(
        site_id=site.pk,
        eyes=[
            EyesOut(
                third=str(each.third),
                visit=Row.row(each.visit) if each.visit is not None else None,
                findings=[FindingOut.of(finding) for finding, _hazard in each.findings],
                open_hazards=each.open,
            )
            for each in found.eyes
        ],
        lines=[
            LineOut(
                checklist=line.checklist,
                section=line.section,
                code=line.code,
                text=line.text,
                said={str(third): word for third, word in line.said.items()},
                differs=line.differs,
                missed=line.missed,
            )
            for line in found.lines
        ],
        missed=found.missed,
    )


# --- plans ------------------------------------------------------------------------------------------------------------


@router.get("/plans", response=list[PlanOut], summary="Plans with their progress")
def plans(request: HttpRequest) -> Any:
    scope.require(request.user, Permission.INSPECTION_READ)
    rows = list(selectors.plan_list(request.user).order_by("-ends_on", "-id")[:500])
    parts = selectors.progress_of(rows, today=_today())
    return [PlanOut.of(plan, parts[plan.pk]) for plan in rows]


@router.post("/plans/preview", response=PreviewOut, summary="What a plan would hold; nothing is written")
def preview(request: HttpRequest, body: PlanIn) -> Any:
    region = _region(body.region, request.user)
    scope.require(request.user, Permission.INSPECTION_PLAN, on=region)
    found = selectors.draft(_asked(body, region), by=request.user, now=timezone.now())
    return PreviewOut(
        sites=found.site_count,
        visits=len(found.slots),
        raised=found.raised_count,
        per_month=found.per_month,
        left_out=[site.pk for site in found.left_out],
    )


@router.post("/plans", response=PlanOut, summary="Make a plan with all its visits")
def make_plan(request: HttpRequest, body: NewPlanIn) -> Any:
    region = _region(body.region, request.user)
    plan = services.make_plan(
        title=body.title,
        region=region,
        visit_kind=body.visit_kind,
        begins_on=body.begins_on,
        ends_on=body.ends_on,
        plan_id=body.plan_id,
        domains=body.domains,
        site_kinds=body.site_kinds,
        classes=body.classes,
        months=body.months,
        campaign=body.campaign,
        basis=body.basis,
        by=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    return PlanOut.of(plan, selectors.progress(plan, today=_today()))


@router.get("/plans/{plan_id}", response=PlanOut, summary="One plan with its progress")
def plan(request: HttpRequest, plan_id: Known) -> Any:
    found = Plan.objects.visible_to(request.user).get(pk=plan_id)
    return PlanOut.of(found, selectors.progress(found, today=_today()))


@router.post("/plans/{plan_id}/withdraw", response=PlanOut, summary="The plan holds no more")
def withdraw_plan(request: HttpRequest, plan_id: Known, body: ReasonIn) -> Any:
    found = services.withdraw_plan(plan_id=plan_id, note=body.note, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    return PlanOut.of(found, selectors.progress(found, today=_today()))


@router.post("/planned/{planned_id}/leave-out", response=SlotOut, summary="One visit of a plan is not made")
def leave_out(request: HttpRequest, planned_id: Known, body: ReasonIn) -> Any:
    slot = services.leave_out(planned_id=planned_id, note=body.note, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    return SlotOut.of(slot, _today())


# --- one visit --------------------------------------------------------------------------------------------------------


@router.post("/arrange", response=Done, summary="Put a visit down for a day")
def arrange(request: HttpRequest, body: ArrangeIn) -> Any:
    visit = services.arrange(
        site_id=body.site_id,
        visit_kind=body.visit_kind,
        due_on=body.due_on,
        inspection_id=body.inspection_id,
        lead_id=body.lead_id,
        companions=[Companion(**each.dict()) for each in body.companions],
        checklist_keys=body.checklists,
        planned_id=body.planned_id,
        campaign=body.campaign,
        note=body.note,
        tell_enterprise=body.tell_enterprise,
        by=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    return Done.of(visit)


@router.post("/begin", response=Done, summary="Begin a visit, an arranged one or one made on the spot")
def begin(request: HttpRequest, body: BeginIn) -> Any:
    visit = services.begin(
        inspection_id=body.inspection_id,
        site_id=body.site_id,
        visit_kind=body.visit_kind,
        began_at=body.began_at,
        lon=body.lon,
        lat=body.lat,
        checklist_keys=body.checklists,
        planned_id=body.planned_id,
        campaign=body.campaign,
        by=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    return Done.of(visit)


@router.get("/{inspection_id}", response=VisitOut, summary="Everything about one visit")
def visit(request: HttpRequest, inspection_id: Known) -> Any:
    found = _visit(request, inspection_id)
    return VisitOut(
        **_row(found),
        plan_id=found.plan_id,
        lon=found.lon,
        lat=found.lat,
        certificate_shown=found.certificate_shown,
        host_name=found.host_name,
        host_phone=mask.mask_phone(found.host_phone),
        opinion=found.opinion,
        sign_refused=found.sign_refused,
        note=found.note,
        before=found.before_id,
        people=[PersonOut.of(row, found) for row in selectors.all_people(found)],
        sheets=[SheetOut.of(view) for view in selectors.sheets_of(found, viewer=request.user)],
        findings=[FindingOut.of(row) for row in found.findings.all()],
    )


@router.get("/{inspection_id}/offers", response=list[OfferOut], summary="What may be done now, and why not")
def offers(request: HttpRequest, inspection_id: Known) -> Any:
    found = _visit(request, inspection_id)
    shown = []
    for offer in selectors.offers(found, acting=request.user, now=timezone.now()):
        refused = Refused(offer.refused) if offer.refused else None
        shown.append(
            OfferOut(
                action=str(offer.action),
                label=str(labels.ACTION[offer.action]),
                refused=offer.refused,
                what=refused.what if refused else "",
                todo=refused.todo if refused else "",
            )
        )
    return shown


@router.post("/{inspection_id}/people", response=PersonOut, summary="Somebody comes along")
def join(request: HttpRequest, inspection_id: Known, body: CompanionIn) -> Any:
    row = services.join(inspection_id=inspection_id, by=request.user, now=timezone.now(), **body.dict())  # type: ignore[arg-type]
    return PersonOut.of(row, row.inspection)


@router.post("/{inspection_id}/people/{inspector_id}/leave", response=PersonOut, summary="Somebody leaves")
def leave(request: HttpRequest, inspection_id: Known, inspector_id: Known) -> Any:
    row = services.leave(
        inspection_id=inspection_id,
        inspector_id=inspector_id,
        by=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    return PersonOut.of(row, row.inspection)


@router.post("/{inspection_id}/people/{inspector_id}/certificate", response=PersonOut, summary="A certificate number")
def certify(request: HttpRequest, inspection_id: Known, inspector_id: Known, body: CertificateIn) -> Any:
    row = services.certify(
        inspection_id=inspection_id,
        inspector_id=inspector_id,
        certificate=body.certificate,
        by=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    return PersonOut.of(row, row.inspection)


@router.post("/{inspection_id}/checklists", response=SheetOut, summary="Fill a checklist on this visit")
def choose_checklist(request: HttpRequest, inspection_id: Known, body: ChecklistIn) -> Any:
    sheet = services.choose_checklist(
        inspection_id=inspection_id,
        key=body.key,
        instead_of=body.instead_of,
        by=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    views = selectors.sheets_of(sheet.inspection, viewer=request.user)
    return SheetOut.of(next(view for view in views if view.sheet.pk == sheet.pk))


@router.post("/{inspection_id}/sheets/{sheet_id}/answers", response=Kept, summary="Keep what has been answered so far")
def answer(request: HttpRequest, inspection_id: Known, sheet_id: Known, body: AnswersIn) -> Any:
    sheet = services.answer(
        inspection_id=inspection_id,
        sheet_id=sheet_id,
        answers=body.answers,
        base=body.base,
        by=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    tally = selectors.tally(sheet.inspection)
    return Kept(
        revision=sheet.filled.revision,
        answered=tally.answered,
        total=tally.total,
        unanswered=tally.unanswered,
        unreported=tally.unreported,
    )


@router.post("/{inspection_id}/findings", response=FindingOut, summary="Record a hazard found on this visit")
def add_finding(request: HttpRequest, inspection_id: Known, body: FindingIn) -> Any:
    row = services.add_finding(inspection_id=inspection_id, by=request.user, now=timezone.now(), **body.dict())  # type: ignore[arg-type]
    return FindingOut.of(row)


@router.post("/{inspection_id}/finish", response=Done, summary="The visit ends, and the place signs")
def finish(request: HttpRequest, inspection_id: Known, body: FinishIn) -> Any:
    return Done.of(
        services.finish(inspection_id=inspection_id, by=request.user, now=timezone.now(), **body.dict())  # type: ignore[arg-type]
    )


@router.post("/{inspection_id}/nobody", response=Done, summary="Nobody opened; the next attempt is arranged")
def nobody(request: HttpRequest, inspection_id: Known, body: NobodyIn) -> Any:
    return Done.of(
        services.nobody(inspection_id=inspection_id, by=request.user, now=timezone.now(), **body.dict())  # type: ignore[arg-type]
    )


@router.post("/{inspection_id}/turned-away", response=Done, summary="They would not let the visit in")
def turned_away(request: HttpRequest, inspection_id: Known, body: TurnedAwayIn) -> Any:
    return Done.of(
        services.turned_away(inspection_id=inspection_id, by=request.user, now=timezone.now(), **body.dict())  # type: ignore[arg-type]
    )


@router.post("/{inspection_id}/cancel", response=Done, summary="The visit does not take place")
def cancel(request: HttpRequest, inspection_id: Known, body: NoteIn) -> Any:
    return Done.of(
        services.cancel(inspection_id=inspection_id, note=body.note, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    )


@router.post("/{inspection_id}/record", response=PaperOut, summary="The record as a paper, made once")
def record(request: HttpRequest, inspection_id: Known) -> Any:
    paper = services.issue_record(inspection_id=inspection_id, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    return PaperOut(id=paper.pk, number=paper.number, title=paper.title, code=paper.code, pages=paper.pages)


# --- shared -----------------------------------------------------------------------------------------------------------


def _visit(request: HttpRequest, inspection_id: str) -> Inspection:
    found: Inspection = (
        Inspection.objects.visible_to(request.user).select_related("site", "lead", "plan").get(pk=inspection_id)
    )
    return found


def _may_visit(user: Any) -> None:
    if not scope.may(user, Permission.INSPECTION_SELF):
        scope.require(user, Permission.INSPECTION_CONDUCT)


def _region(code: str, user: Any) -> Region:
    scope.require(user, Permission.INSPECTION_PLAN)  # before looking: who may not plan learns of no region
    return Region.objects.visible_to(user).get(pk=code)


def _asked(body: PlanIn, region: Region) -> selectors.Asked:
    return selectors.Asked(
        region=region,
        visit_kind=body.visit_kind,
        begins_on=body.begins_on,
        ends_on=body.ends_on,
        domains=body.domains,
        site_kinds=body.site_kinds,
        classes=body.classes,
        months=body.months,
    )


def _today() -> date:
    return clock.local_date(timezone.now())

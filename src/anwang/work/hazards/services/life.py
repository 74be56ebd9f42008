"""A hazard's road, verb by verb."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model, Q

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence as Numbers
from anwang.ground.base.models import new_id
from anwang.ground.files import services as files
from anwang.ground.files.models import StoredFile
from anwang.ground.jobs import services as jobs
from anwang.kernel import clock, ids
from anwang.kernel.machine import MoveRefused, Step
from anwang.registers.organisations.models import Organisation
from anwang.registers.sites.models import Site
from anwang.registers.standards import selectors as standards
from anwang.work.hazards import labels, rules, selectors
from anwang.work.hazards.models import Hazard, HazardMove
from anwang.work.hazards.rules import Action, Grade, Source, State
from anwang.work.hazards.services import counts, lateness, timers

BEFORE, AFTER, SIGNATURE = "before", "after", "signature"
NOTE_LENGTH = HazardMove._meta.get_field("note").max_length or 0  # noqa: SLF001


@transaction.atomic
def report(
    *,
    site_id: str,
    description: str,
    source: str,
    found_at: datetime,
    by: User,
    now: datetime,
    hazard_id: str = "",
    domain: str = "",
    place: str = "",
    lon: float | None = None,
    lat: float | None = None,
    photos: Sequence[str] = (),
    found_by_name: str = "",
    campaign: str = "",
    origin_kind: str = "",
    origin_id: str = "",
    standard_urn: str = "",
    basis: str = "",
    relapse_of: str = "",
) -> Hazard:
    """Somebody found something wrong at a site.

    ``hazard_id`` is a ULID made by the caller's form or phone: sending the same one again gives the same hazard back,
    so a double click or a repeated replay makes no second one. ``standard_urn`` is the row a checklist or the finder
    proposes; the grade stays open until a person settles it. ``relapse_of`` names the closed hazard this one repeats.
    """
    site = Site.objects.visible_to(by).get(pk=site_id)
    require(by, Permission.HAZARD_REPORT, on=site)
    if hazard_id and (earlier := _sent_before(hazard_id, by)) is not None:
        return earlier
    _check_report(description, source, domain or site.domain, found_at, now)
    check_words(
        Hazard, description=description, place=place, basis=basis, campaign=campaign, found_by_name=found_by_name
    )
    old = _relapsed(relapse_of, site, by) if relapse_of else None
    today = clock.local_date(found_at)
    hazard = Hazard(
        id=hazard_id or new_id(),
        number=_number(site.county_code or site.city_code, now),
        site=site,
        enterprise_id=site.enterprise_id,
        unit_id=site.enterprise_id,
        domain=domain or site.domain,
        place=place,
        lon=lon if lon is not None else site.lon,
        lat=lat if lat is not None else site.lat,
        description=description.strip(),
        source=source,
        origin_kind=origin_kind,
        origin_id=origin_id,
        campaign=campaign,
        found_at=found_at,
        found_on=today,
        found_month=clock.month_of(today),
        found_by=by,
        found_by_name=found_by_name or by.name,
        state=State.FOUND,
        state_since=now,
        relapse_of=old,
        demo=site.demo,
    )
    _copy_place(hazard, site)
    _judged_by(hazard, standard_urn, basis)
    hazard.next_due_on = rules.stage_due(
        State.FOUND, since=clock.local_date(now), due_on=None, limits=selectors.limits(today)
    )
    try:
        with transaction.atomic():
            hazard.save(force_insert=True)
    except IntegrityError as error:
        # The same form twice at the same moment, or an id that a row out of sight has already.
        if (earlier := _sent_before(hazard.pk, by)) is None:
            raise Refused("hazards.id_taken", field="hazard_id") from error
        return earlier
    _write_move(hazard, source="", action="report", by=by, now=now, note="", data={"source": source})
    _attach(hazard, photos, BEFORE, by=by, now=now)
    counts.changed(None, counts.cell(hazard))
    audit.record("hazards.reported", on=hazard, by=by, at=now, data={"site": site.pk, "source": source})
    timers.arm(hazard, now=now)
    jobs.later("hazards.announce", now=now, hazard_id=hazard.pk, event="reported")
    return hazard


@transaction.atomic
def grade(
    *, hazard_id: str, by: User, now: datetime, note: str = "", standard_urn: str = "", basis: str = ""
) -> Hazard:
    """A competent person settles it as a general hazard.

    Where the row it was reported with is a major criterion, the row is set aside and ``note`` says why it does not fit.
    """
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.GRADE, by=by, now=now)
    before = counts.cell(hazard)
    hazard.grade = Grade.GENERAL
    _judged_by(hazard, standard_urn, basis)
    set_aside = ""
    if standards.is_major(hazard.standard_urn, hazard.found_on):
        # Whoever reported it thought of a major criterion. A person decides otherwise, and says why.
        _require_note(note)
        set_aside, hazard.standard_urn, hazard.standard_version = hazard.standard_urn, "", ""
    hazard.graded_by, hazard.graded_at = by, now
    data = {"standard": hazard.standard_urn, **({"set_aside": set_aside} if set_aside else {})}
    return _moved(hazard, step, before, by=by, now=now, note=note, data=data)


@transaction.atomic
def propose_major(
    *, hazard_id: str, standard_urn: str, by: User, now: datetime, note: str = "", basis: str = ""
) -> Hazard:
    """Propose that it is major, by a criterion in force on the day it was found. A second person decides."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.PROPOSE_MAJOR, by=by, now=now)
    if not standard_urn:
        raise Refused("hazards.criterion_missing", field="standard_urn")
    before = counts.cell(hazard)
    _judged_by(hazard, standard_urn, basis)
    if not _is_criterion(hazard):
        raise Refused("hazards.criterion_missing", field="standard_urn")
    hazard.proposed_by = by
    return _moved(hazard, step, before, by=by, now=now, note=note, data={"standard": hazard.standard_urn})


@transaction.atomic
def confirm_major(*, hazard_id: str, by: User, now: datetime, note: str = "") -> Hazard:
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.CONFIRM_MAJOR, by=by, now=now)
    before = counts.cell(hazard)
    hazard.grade = Grade.MAJOR
    hazard.graded_by, hazard.graded_at = by, now
    return _moved(hazard, step, before, by=by, now=now, note=note, data={"standard": hazard.standard_urn})


@transaction.atomic
def reject_major(*, hazard_id: str, by: User, now: datetime, note: str) -> Hazard:
    """It is not major. Says why; the hazard goes back to be graded."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.REJECT_MAJOR, by=by, now=now)
    _require_note(note)
    before = counts.cell(hazard)
    hazard.grade = Grade.NONE
    hazard.standard_urn = hazard.standard_version = ""
    hazard.proposed_by = None
    return _moved(hazard, step, before, by=by, now=now, note=note)


@transaction.atomic
def assign(
    *,
    hazard_id: str,
    due_on: date,
    by: User,
    now: datetime,
    unit_id: str = "",
    department_id: str = "",
    measures: str = "",
    note: str = "",
) -> Hazard:
    """Order the unit to rectify until the end of ``due_on`` (local day)."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.ASSIGN, by=by, now=now)
    _check_deadline(hazard, due_on, now)
    before = counts.cell(hazard)
    check_words(Hazard, required_measures=measures)
    if unit_id and unit_id != hazard.unit_id:
        hazard.unit = _organisation(unit_id, hazard, by, "unit_id")
        files.follow(thing=hazard)
    if department_id:
        hazard.department = _organisation(department_id, hazard, by, "department_id")
    hazard.due_on = due_on
    hazard.required_measures = measures or hazard.required_measures
    hazard.ordered_at = now
    return _moved(hazard, step, before, by=by, now=now, note=note, data={"due_on": due_on.isoformat()})


@transaction.atomic
def plan(
    *,
    hazard_id: str,
    by: User,
    now: datetime,
    person: str,
    phone: str = "",
    measures: str = "",
    funds: str = "",
    emergency_plan: str = "",
) -> Hazard:
    """The unit writes down its five fixings (the deadline among them is the order's). May be done more than once."""
    hazard = _locked(hazard_id, by)
    require(by, Permission.HAZARD_RECTIFY, on=hazard)
    if State(hazard.state) not in rules.WITH_UNIT:
        raise _not_offered(hazard)
    check_words(
        Hazard, fix_person=person, fix_phone=phone, fix_measures=measures, fix_funds=funds, fix_plan=emergency_plan
    )
    hazard.fix_person, hazard.fix_phone = person.strip(), phone.strip()
    hazard.fix_measures, hazard.fix_funds, hazard.fix_plan = measures.strip(), funds.strip(), emergency_plan.strip()
    hazard.save(update_fields=["fix_person", "fix_phone", "fix_measures", "fix_funds", "fix_plan"])
    audit.record("hazards.plan", on=hazard, by=by, at=now, data={"filled": sorted(selectors.fixings(hazard))})
    return hazard


@transaction.atomic
def start(*, hazard_id: str, by: User, now: datetime, note: str = "") -> Hazard:
    """The unit accepts the order. For a major hazard all five fixings must be there."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.START, by=by, now=now)
    return _moved(hazard, step, counts.cell(hazard), by=by, now=now, note=note)


@transaction.atomic
def submit(*, hazard_id: str, by: User, now: datetime, note: str, photos: Sequence[str] = ()) -> Hazard:
    """The site says the hazard has been put right, and shows it.

    Raises Refused("hazards.evidence_missing") without at least one photo taken after the order, among ``photos`` and
    those added before. An order not yet accepted is accepted in the same breath.
    """
    hazard = _locked(hazard_id, by)
    if hazard.state == State.ASSIGNED:
        step = _step(hazard, Action.START, by=by, now=now)
        hazard = _moved(hazard, step, counts.cell(hazard), by=by, now=now, announce=False)
    step = _step(hazard, Action.SUBMIT, by=by, now=now)
    _attach(hazard, photos, AFTER, by=by, now=now)
    since = _evidence_since(hazard)
    evidence = [_photo(file) for file in selectors.photos(hazard, AFTER)]
    if problem := rules.evidence_problem(evidence, ordered_at=since):
        raise Refused(problem, field="photos")
    return _moved(hazard, step, counts.cell(hazard), by=by, now=now, note=note, data={"photos": len(evidence)})


@transaction.atomic
def verify(*, hazard_id: str, by: User, now: datetime, note: str = "") -> Hazard:
    """Other eyes looked at it (on the spot or by the evidence) and found it done."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.VERIFY, by=by, now=now)
    before = counts.cell(hazard)
    hazard.verified_by = by
    return _moved(hazard, step, before, by=by, now=now, note=note)


@transaction.atomic
def close(*, hazard_id: str, by: User, now: datetime, note: str = "") -> Hazard:
    """Strike it off (销号). A major hazard is closed by somebody else than who verified it."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.CLOSE, by=by, now=now)
    before = counts.cell(hazard)
    hazard.closed_on = clock.local_date(now)
    return _moved(hazard, step, before, by=by, now=now, note=note)


@transaction.atomic
def accept(*, hazard_id: str, by: User, now: datetime, note: str = "") -> Hazard:
    """Verify, and close in the same breath where the rules let one person do both."""
    hazard = verify(hazard_id=hazard_id, by=by, now=now, note=note)
    refused = {offer.action: offer.refused for offer in selectors.offers(hazard, acting=by, now=now)}
    if refused.get(Action.CLOSE, "not offered") is None:
        return close(hazard_id=hazard_id, by=by, now=now, note=note)
    return hazard


@transaction.atomic
def send_back(*, hazard_id: str, by: User, now: datetime, note: str) -> Hazard:
    """Not done properly: says what is lacking. The deadline stays what it was; if it has passed, it is late at once."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.SEND_BACK, by=by, now=now)
    _require_note(note)
    before = counts.cell(hazard)
    hazard.verified_by = None
    return _moved(hazard, step, before, by=by, now=now, note=note)


@transaction.atomic
def suspend(*, hazard_id: str, by: User, now: datetime, note: str) -> Hazard:
    """Nothing can be done for now, with leave (works stopped by winter, a court, a demolition)."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.SUSPEND, by=by, now=now)
    _require_note(note)
    return _moved(hazard, step, counts.cell(hazard), by=by, now=now, note=note)


@transaction.atomic
def resume(*, hazard_id: str, due_on: date, by: User, now: datetime, note: str = "") -> Hazard:
    """Work goes on, until a new deadline."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.RESUME, by=by, now=now)
    _check_deadline(hazard, due_on, now)
    before = counts.cell(hazard)
    hazard.due_on = due_on
    return _moved(hazard, step, before, by=by, now=now, note=note, data={"due_on": due_on.isoformat()})


@transaction.atomic
def transfer(*, hazard_id: str, unit_id: str, by: User, now: datetime, note: str, due_on: date | None = None) -> Hazard:
    """Another unit is responsible. The five fixings are its own to fill; lateness so far stays on record."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.TRANSFER, by=by, now=now)
    _require_note(note)
    unit = _organisation(unit_id, hazard, by, "unit_id")
    if hazard.unit_id == unit.pk:
        raise Refused("hazards.same_unit", field="unit_id")
    if due_on is not None:
        _check_deadline(hazard, due_on, now)
    before = counts.cell(hazard)
    data = {"from": hazard.unit_id or "", "to": unit.pk}
    hazard.unit = unit
    hazard.due_on = due_on or hazard.due_on
    hazard.fix_person = hazard.fix_phone = hazard.fix_measures = hazard.fix_funds = hazard.fix_plan = ""
    files.follow(thing=hazard)
    return _moved(hazard, step, before, by=by, now=now, note=note, data=data)


@transaction.atomic
def reopen(*, hazard_id: str, by: User, now: datetime, note: str) -> Hazard:
    """It was closed though it was not done. Within the days the rule gives; later it is a new, linked one."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.REOPEN, by=by, now=now)
    _require_note(note)
    before = counts.cell(hazard)
    hazard.closed_on = None
    hazard.verified_by = None
    return _moved(hazard, step, before, by=by, now=now, note=note)


@transaction.atomic
def cancel(*, hazard_id: str, by: User, now: datetime, note: str) -> Hazard:
    """No hazard, or entered twice. The row stays, with the reason."""
    hazard = _locked(hazard_id, by)
    step = _step(hazard, Action.CANCEL, by=by, now=now)
    _require_note(note)
    return _moved(hazard, step, counts.cell(hazard), by=by, now=now, note=note)


@transaction.atomic
def fix_on_spot(
    *,
    hazard_id: str,
    by: User,
    now: datetime,
    fixed_by_name: str,
    note: str = "",
    photos: Sequence[str] = (),
    signature: str = "",
) -> Hazard:
    """Put right while the finder looks on: the whole road in one minute, with the same evidence, each move a row.

    The hands are the site's (``fixed_by_name`` signs, ``signature`` is the file); the eyes are the finder's. Needs a photo before and one after.
    A hazard that matches a major criterion does not go this way, nor one that a unit found in its own house: there are
    no other eyes.
    """
    hazard = _locked(hazard_id, by)
    require(by, Permission.HAZARD_REPORT, on=hazard)
    if hazard.state != State.FOUND:
        raise _not_offered(hazard)
    if selectors.only_own_unit(by):
        raise Refused("hazards.on_spot_own")
    if standards.is_major(hazard.standard_urn, hazard.found_on):
        raise Refused("hazards.on_spot_major")
    check_words(Hazard, fix_person=fixed_by_name)
    _attach(hazard, photos, AFTER, by=by, now=now)
    _attach(hazard, [signature] if signature else [], SIGNATURE, by=by, now=now)
    if not selectors.photos(hazard, BEFORE):
        raise Refused("hazards.photo_before_missing", field="photos")
    if rules.evidence_problem([_photo(f) for f in selectors.photos(hazard, AFTER)], ordered_at=hazard.found_at):
        raise Refused("hazards.evidence_missing", field="photos")
    today = clock.local_date(now)
    before = counts.cell(hazard)
    lateness.note(hazard, now=now)
    hazard.grade = Grade.GENERAL
    hazard.graded_by, hazard.graded_at = by, now
    hazard.due_on, hazard.ordered_at = today, now
    hazard.fix_person = fixed_by_name
    hazard.on_spot = True
    hazard.verified_by = by
    hazard.closed_on = today
    walk = (Action.GRADE, Action.ASSIGN, Action.START, Action.SUBMIT, Action.VERIFY, Action.CLOSE)
    state = State(hazard.state)
    for action, target in zip(walk, rules.MACHINE.path(state, walk), strict=True):
        hands = action in (Action.START, Action.SUBMIT)
        hazard.state = target
        _write_move(
            hazard,
            source=state,
            action=action,
            by=None if hands else by,
            by_name=fixed_by_name if hands else by.name,
            now=now,
            note=note if action is Action.SUBMIT else "",
            data={"on_spot": True},
        )
        state = target
    _settle(hazard, before, now=now)
    audit.record("hazards.close", on=hazard, by=by, at=now, data={"on_spot": True, "fixed_by": "site"})
    timers.arm(hazard, now=now)
    return hazard


@transaction.atomic
def add_photos(*, hazard_id: str, slot: str, photos: Sequence[str], by: User, now: datetime) -> Hazard:
    """More pictures for either side. Evidence is added, never taken away."""
    hazard = _locked(hazard_id, by)
    require(by, Permission.HAZARD_RECTIFY if slot == AFTER else Permission.HAZARD_REPORT, on=hazard)
    if hazard.state in (State.CLOSED, State.CANCELLED):
        raise _not_offered(hazard)
    _attach(hazard, photos, slot, by=by, now=now)
    audit.record("hazards.evidence", on=hazard, by=by, at=now, data={"slot": slot, "n": len(photos)})
    return hazard


@transaction.atomic
def unmask(*, hazard_id: str, whose: str, by: User, now: datetime) -> Hazard:
    """Somebody is about to look at a whole phone number: recorded before it is shown (``whose``: a role, no name)."""
    hazard: Hazard = Hazard.objects.visible_to(by).get(pk=hazard_id)
    require(by, Permission.PERSON_UNMASK, on=hazard)
    audit.record("hazards.unmasked", on=hazard, by=by, at=now, data={"whose": whose})
    return hazard


# --- the steps every verb shares ----------------------------------------------------------------------------------


def _locked(hazard_id: str, by: User) -> Hazard:
    """Permit (to see) and lock. A hazard out of sight does not exist."""
    found: Hazard = Hazard.objects.visible_to(by).select_for_update(of=("self",)).get(pk=hazard_id)
    return found


def _step(hazard: Hazard, action: Action, *, by: User, now: datetime) -> Step[State, Action]:
    """Facts → rule. Rights are among the facts, so that the table has the last word on everything."""
    facts = selectors.facts(hazard, acting=by, now=now)
    try:
        return rules.MACHINE.step(State(hazard.state), action, facts)
    except MoveRefused as refused:
        missing = "、".join(str(labels.FIXINGS[f]) for f in rules.Fixing if f not in facts.fixings)
        raise Refused(refused.key, state=labels.STATE[hazard.state], missing=missing) from refused


def _moved(
    hazard: Hazard,
    step: Step[State, Action],
    before: counts.Cell,
    *,
    by: User,
    now: datetime,
    note: str = "",
    data: Mapping[str, Any] | None = None,
    announce: bool = True,
) -> Hazard:
    """Write → record → announce, the same for every verb that changes the state."""
    lateness.note(hazard, now=now)
    hazard.state = step.target
    _write_move(hazard, source=step.source, action=step.action, by=by, now=now, note=note, data=data or {})
    _settle(hazard, before, now=now)
    audit.record(f"hazards.{step.action}", on=hazard, by=by, at=now, data={"from": step.source, "to": step.target})
    timers.arm(hazard, now=now)
    if announce:
        jobs.later("hazards.announce", now=now, hazard_id=hazard.pk, event=str(step.action))
    return hazard


def _settle(hazard: Hazard, before: counts.Cell, *, now: datetime) -> None:
    """The stage has changed: its own due day, the end or beginning of lateness, the figures."""
    today = clock.local_date(now)
    hazard.state_since = now
    lateness.end(hazard, now=now)
    state = State(hazard.state)
    limits = selectors.limits(today) if state in rules.WITH_OFFICE else rules.Limits()
    hazard.next_due_on = rules.stage_due(state, since=today, due_on=hazard.due_on, limits=limits)
    hazard.late = False
    if rules.counts_late(State(hazard.state)) and today > hazard.next_due_on:
        lateness.begin(hazard, now=now)
    hazard.save()
    counts.changed(before, counts.cell(hazard))


def settle_deadline(hazard: Hazard, before: counts.Cell, *, now: datetime) -> None:
    """The deadline of the running stage was moved: lateness is judged anew from here on, what was late stays so."""
    lateness.note(hazard, now=now)
    lateness.end(hazard, now=now)
    hazard.next_due_on = hazard.due_on or hazard.next_due_on
    hazard.late = False
    if clock.local_date(now) > hazard.next_due_on:
        lateness.begin(hazard, now=now)
    hazard.save()
    counts.changed(before, counts.cell(hazard))


def _write_move(
    hazard: Hazard,
    *,
    source: str,
    action: str,
    by: User | None,
    now: datetime,
    note: str,
    data: Mapping[str, Any],
    by_name: str = "",
) -> None:
    if len(note.strip()) > NOTE_LENGTH:
        raise Refused("hazards.too_long", field="note", longest=NOTE_LENGTH)
    HazardMove.objects.create(
        hazard=hazard,
        seq=hazard.moves.count() + 1,
        source=source,
        target=hazard.state,
        action=str(action),
        by=by,
        by_name=by_name or (by.name if by else ""),
        at=now,
        note=note.strip(),
        data=dict(data),
    )


def _judged_by(hazard: Hazard, standard_urn: str, basis: str) -> None:
    """Keep the row and version that judge it; the day it was found picks the version."""
    if standard_urn:
        row = standards.row_in_force(standard_urn, hazard.found_on)
        hazard.standard_urn, hazard.standard_version = row.urn, str(row.version)
        hazard.basis = basis or hazard.basis or row.title()[:300]
    elif basis:
        hazard.basis = basis


def _check_report(description: str, source: str, domain: str, found_at: datetime, now: datetime) -> None:
    if not description.strip():
        raise Refused("hazards.description_missing", field="description")
    if source not in Source.__members__.values():
        raise Refused("hazards.unknown_source", field="source")
    if domain not in Domain.values:
        raise Refused("hazards.unknown_domain", field="domain")
    if found_at > now:
        raise Refused("hazards.found_later", field="found_at")


def _check_deadline(hazard: Hazard, due_on: date, now: datetime) -> None:
    today = clock.local_date(now)
    longest = selectors.term(hazard.domain, hazard.grade, hazard.found_on).longest
    if problem := rules.deadline_problem(due_on, today=today, longest=longest):
        raise Refused(problem, field="due_on", longest=longest)


def check_words(model: type[Model], **texts: str) -> None:
    """Refuse what does not fit its column: one database would keep it, the other break off."""
    for name, text in texts.items():
        longest = model._meta.get_field(name).max_length or 0  # type: ignore[union-attr]  # noqa: SLF001
        if len(text.strip()) > longest:
            raise Refused("hazards.too_long", field=name, longest=longest)


def _sent_before(hazard_id: str, by: User) -> Hazard | None:
    if not ids.is_ulid(hazard_id):
        raise Refused("hazards.bad_id", field="hazard_id")
    found: Hazard | None = Hazard.objects.visible_to(by).filter(pk=hazard_id).first()
    return found


def _is_criterion(hazard: Hazard) -> bool:
    row = standards.find_in_force(hazard.standard_urn, hazard.found_on)
    return row is not None and bool(row.severity)


def _organisation(organisation_id: str, hazard: Hazard, by: User, field: str) -> Organisation:
    """A body of the hazard's own county, or one the doer can see; no other can be handed a hazard."""
    near = Q(county_code=hazard.county_code) if hazard.county_code else Q(city_code=hazard.city_code)
    rows = Organisation.objects.filter(near) | Organisation.objects.visible_to(by)
    found: Organisation | None = rows.filter(pk=organisation_id, active=True).first()
    if found is None:
        raise Refused("hazards.unknown_unit", field=field)
    return found


def _relapsed(hazard_id: str, site: Site, by: User) -> Hazard:
    old: Hazard = Hazard.objects.visible_to(by).get(pk=hazard_id, site=site)
    if old.state != State.CLOSED:
        raise Refused("hazards.not_closed")
    return old


def _require_note(note: str) -> None:
    if not note.strip():
        raise Refused("hazards.note_missing", field="note")


def _attach(hazard: Hazard, photos: Sequence[str], slot: str, *, by: User, now: datetime) -> None:
    if photos:
        files.attach(file_ids=list(photos), to=hazard, slot=slot, by=by, now=now)


def _evidence_since(hazard: Hazard) -> datetime:
    """Evidence must be newer than the order, or than the last time it was sent back or opened again."""
    last = hazard.moves.filter(action__in=[Action.ASSIGN, Action.SEND_BACK, Action.REOPEN]).order_by("-seq").first()
    return last.at if last else hazard.found_at


def _photo(file: StoredFile) -> rules.Photo:
    return rules.Photo(file.pk, file.taken_at, file.created_at)


def _copy_place(hazard: Hazard, site: Site) -> None:
    hazard.region_id = site.region_id
    for column in ("province_code", "city_code", "county_code", "town_code", "village_code", "grid_code"):
        setattr(hazard, column, getattr(site, column))


def _number(region: str, now: datetime) -> str:
    year = clock.local_date(now).year
    return ids.human_number(region, year, Numbers.take(f"hazard:{region}:{year}"))


def _not_offered(hazard: Hazard) -> Refused:
    return Refused("hazards.move_not_offered", state=labels.STATE[hazard.state])

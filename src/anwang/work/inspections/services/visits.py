"""A visit's road, verb by verb."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.files import services as files
from anwang.kernel import clock, ids
from anwang.registers.sites import services as sites
from anwang.registers.sites.models import Site
from anwang.registers.sites.rules import State as SiteState
from anwang.work.inspections import rules, selectors
from anwang.work.inspections.models import Inspection, Inspector, PlannedVisit
from anwang.work.inspections.rules import Action, Kind, State
from anwang.work.inspections.services import people, plans, sheets, steps
from anwang.work.inspections.services.people import Companion


@transaction.atomic
def arrange(
    *,
    site_id: str,
    visit_kind: str,
    due_on: date,
    by: User,
    now: datetime,
    inspection_id: str = "",
    lead_id: str = "",
    companions: Iterable[Companion] = (),
    checklist_keys: Sequence[str] = (),
    planned_id: str = "",
    campaign: str = "",
    note: str = "",
    tell_enterprise: bool = False,
) -> Inspection:
    """Put a visit down for a day, with who goes there. ``lead_id`` "" is whoever arranges it.

    The enterprise hears of it only where ``tell_enterprise`` says so, and never of an unannounced one: until that has
    begun it is seen by those who make it and by the county's office alone.
    """
    site = Site.objects.visible_to(by).get(pk=site_id)
    kind = _kind(visit_kind)
    lead = by if lead_id in ("", by.pk) else _lead(lead_id, site, kind, by, now)
    if kind not in selectors.kinds_for(lead, site):
        raise _unfit(lead, by)
    if inspection_id and (earlier := _sent_before(inspection_id, by)) is not None:
        return earlier
    if due_on < clock.local_date(now):
        raise Refused("inspections.day_past", field="due_on")
    slot = _slot(planned_id, site, by) if planned_id else None
    steps.check_length(note=note, campaign=campaign)
    inspection = _new(site, kind, inspection_id, lead=lead, by=by, now=now, campaign=campaign or _campaign(slot))
    inspection.due_on, inspection.note = due_on, note.strip()
    inspection.plan = slot.plan if slot else None
    if (twin := _insert(inspection, by)) is not None:
        return twin
    steps.write_move(
        inspection, source="", action="arrange", by=by, now=now, note=note, data={"due_on": due_on.isoformat()}
    )
    people.put_down_lead(inspection, now=now)
    for each in companions:
        people.put_down(inspection, each, now=now)
    sheets.open_sheets(inspection, checklist_keys, by=by, now=now)
    if slot is not None:
        plans.take(slot, inspection)
    audit.record("inspections.arrange", on=inspection, by=by, at=now, data={"kind": kind, "site": site.pk})
    steps.announce(inspection, "arranged", now=now)
    if tell_enterprise and kind is not Kind.UNANNOUNCED:
        steps.announce(inspection, "expected", now=now)
    return inspection


@transaction.atomic
def begin(
    *,
    inspection_id: str,
    by: User,
    now: datetime,
    site_id: str = "",
    visit_kind: str = "",
    began_at: datetime | None = None,
    lon: float | None = None,
    lat: float | None = None,
    checklist_keys: Sequence[str] = (),
    planned_id: str = "",
    campaign: str = "",
) -> Inspection:
    """One stands there and begins. ``inspection_id`` names an arranged visit, or is a ULID that the phone made.

    Sending the same id again gives the same visit back, so a double click or a repeated replay makes no second one.
    ``began_at`` may lie before ``now`` (the phone had no network); ``lon`` and ``lat`` are WGS-84, where known.
    """
    moment = began_at or now
    if problem := rules.begin_problem(moment, now=now):
        raise Refused(problem, field="began_at")
    earlier = _sent_before(inspection_id, by, lock=True)
    if earlier is not None and earlier.state != State.ARRANGED:
        return earlier
    if earlier is None:
        site = Site.objects.visible_to(by).get(pk=site_id)
        kind = _kind(visit_kind)
        if kind not in selectors.kinds_for(by, site):
            raise Refused("inspections.kind_not_yours")
        slot = _slot(planned_id, site, by) if planned_id else None
        inspection = _new(site, kind, inspection_id, lead=by, by=by, now=now, campaign=campaign or _campaign(slot))
        inspection.plan = slot.plan if slot else None
        if (twin := _insert(inspection, by)) is not None:
            return twin
        people.put_down_lead(inspection, now=now)
        if slot is not None:
            plans.take(slot, inspection)
    else:
        inspection = earlier
    _open_place(inspection.site)
    step = steps.step(inspection, Action.BEGIN, by=by, now=now)
    inspection.began_at = moment
    inspection.lon, inspection.lat = _position(lon, lat)
    sheets.open_sheets(inspection, checklist_keys, by=by, now=now)
    return steps.moved(inspection, step, by=by, now=now, data=_late_entry(moment, now))


@transaction.atomic
def finish(
    *,
    inspection_id: str,
    by: User,
    now: datetime,
    ended_at: datetime | None = None,
    certificate_shown: bool | None = None,
    host_name: str = "",
    host_phone: str = "",
    host_signature: str = "",
    sign_refused: str = "",
    opinion: str = "",
    photos: Sequence[str] = (),
    officer_signatures: Mapping[str, str] | None = None,
) -> Inspection:
    """The visit ends, and the place signs its record. From here on the record is not changed any more.

    ``host_signature`` is the file of what the place's person drew, ``sign_refused`` the words in its stead;
    ``opinion`` what they say to it. ``officer_signatures``: row of the people there → file of their signature.
    The site's clock starts anew where this was supervision, and the visit a plan asked for is done.
    """
    inspection = steps.on_the_way(inspection_id, by)
    moment = ended_at or now
    if problem := rules.end_problem(moment, began_at=inspection.began_at, now=now):
        raise Refused(problem, field="ended_at")
    steps.check_length(host_name=host_name, host_phone=host_phone, sign_refused=sign_refused, opinion=opinion)
    if certificate_shown is not None:
        inspection.certificate_shown = certificate_shown
    inspection.host_name = host_name.strip() or inspection.host_name
    inspection.host_phone = host_phone.strip() or inspection.host_phone
    inspection.sign_refused, inspection.opinion = sign_refused.strip(), opinion.strip()
    if host_signature:
        files.attach(file_ids=[host_signature], to=inspection, slot=selectors.HOST_SIGNATURE, by=by, now=now)
    people.sign(inspection, officer_signatures or {}, by=by, now=now)
    if photos:
        files.attach(file_ids=list(photos), to=inspection, slot=selectors.SCENE, by=by, now=now)
    step = steps.step(inspection, Action.FINISH, by=by, now=now)
    if host_signature and not inspection.host_name and inspection.visit_kind != Kind.SELF_CHECK:
        raise Refused("inspections.person_unnamed", field="host_name")
    inspection.ended_at = moment
    inspection.score, inspection.failed_items = sheets.complete(inspection, by=by, now=now)
    data = {"findings": inspection.findings.count(), **_late_entry(moment, now)}
    steps.moved(inspection, step, by=by, now=now, note=opinion[:500], data=data)
    began = clock.local_date(inspection.began_at or moment)
    if inspection.visit_kind in rules.COUNTING:
        sites.inspected(site_id=inspection.site_id, on=began, by=by, now=now)
    plans.fulfil(inspection, on=began)
    return inspection


@transaction.atomic
def nobody(
    *,
    inspection_id: str,
    by: User,
    now: datetime,
    note: str,
    next_on: date | None = None,
    photos: Sequence[str] = (),
) -> Inspection:
    """Nobody opened. What notice was left stands in ``note`` and ``photos``; ``next_on`` is the day that it names.

    The next attempt is arranged at once, with the same people. After as many repeats as the rule gives there is none:
    the office is told and decides. Returns the visit that ended.
    """
    inspection = steps.locked(inspection_id, by)
    step = steps.step(inspection, Action.NOBODY, by=by, now=now)
    _require_note(note)
    today = clock.local_date(now)
    again = rules.comes_again(inspection.visit_no, most=selectors.revisits(today))
    if again and (problem := rules.revisit_problem(next_on, today=today)):
        raise Refused(problem, field="next_on")
    if photos:
        files.attach(file_ids=list(photos), to=inspection, slot=selectors.NOTICE_LEFT, by=by, now=now)
    _end_early(inspection, note, now)
    steps.moved(inspection, step, by=by, now=now, note=note, data={"attempt": inspection.visit_no})
    if again and next_on is not None:
        _again(inspection, next_on, by=by, now=now)
    else:
        steps.announce(inspection, "absent_again", now=now)
    return inspection


@transaction.atomic
def turned_away(*, inspection_id: str, by: User, now: datetime, note: str, photos: Sequence[str] = ()) -> Inspection:
    """They would not let the visit in, or broke it off (Work Safety Law 2021 art. 66 asks them to cooperate).

    The office is told; what was found until then stays.
    """
    inspection = steps.locked(inspection_id, by)
    step = steps.step(inspection, Action.TURNED_AWAY, by=by, now=now)
    _require_note(note)
    if photos:
        files.attach(file_ids=list(photos), to=inspection, slot=selectors.SCENE, by=by, now=now)
    _end_early(inspection, note, now)
    return steps.moved(inspection, step, by=by, now=now, note=note)


@transaction.atomic
def cancel(*, inspection_id: str, by: User, now: datetime, note: str) -> Inspection:
    """The visit does not take place, or was begun by mistake. The row stays, with the reason."""
    inspection = steps.locked(inspection_id, by)
    step = steps.step(inspection, Action.CANCEL, by=by, now=now)
    _require_note(note)
    _end_early(inspection, note, now)
    return steps.moved(inspection, step, by=by, now=now, note=note)


# --- the steps they share --------------------------------------------------------------------------------------------


def _kind(word: str) -> Kind:
    try:
        return Kind(word)
    except ValueError as error:
        raise Refused("inspections.kind_unknown", field="visit_kind") from error


def _lead(lead_id: str, site: Site, kind: Kind, by: User, now: datetime) -> User:
    """Whoever arranges a visit for somebody else keeps the plan of the place."""
    require(by, Permission.INSPECTION_PLAN, on=site)
    lead = selectors.colleagues(site, kind, at=now).filter(pk=lead_id).first()
    if lead is None:
        raise Refused("inspections.lead_unfit", field="lead_id", name="")
    return lead


def _unfit(lead: User, by: User) -> Refused:
    if lead.pk == by.pk:
        return Refused("inspections.kind_not_yours", field="visit_kind")
    return Refused("inspections.lead_unfit", field="lead_id", name=lead.name)


def _sent_before(inspection_id: str, by: User, *, lock: bool = False) -> Inspection | None:
    """The visit that has this id already. Raises Refused("inspections.bad_id") for what no phone would have made."""
    if not ids.is_ulid(inspection_id):
        raise Refused("inspections.bad_id", field="inspection_id")
    rows = Inspection.objects.visible_to(by)
    found: Inspection | None = (rows.select_for_update(of=("self",)) if lock else rows).filter(pk=inspection_id).first()
    return found


def _slot(planned_id: str, site: Site, by: User) -> PlannedVisit:
    slot: PlannedVisit = (
        PlannedVisit.objects.visible_to(by).select_for_update(of=("self",)).get(pk=planned_id, site=site)
    )
    if slot.done_on is not None or slot.left_out_at is not None or slot.plan.withdrawn_at is not None:
        raise Refused("inspections.slot_settled")
    return slot


def _campaign(slot: PlannedVisit | None) -> str:
    return slot.plan.campaign if slot is not None else ""


def _new(
    site: Site, kind: Kind, inspection_id: str, *, lead: User, by: User, now: datetime, campaign: str
) -> Inspection:
    _open_place(site)
    steps.check_length(campaign=campaign)
    inspection = Inspection(
        id=inspection_id or new_id(),
        number=steps.number(site, now),
        visit_kind=kind,
        site=site,
        enterprise_id=site.enterprise_id,
        domain=site.domain,
        campaign=campaign,
        lead=lead,
        made_by=by,
        made_at=now,
        demo=site.demo,
    )
    steps.copy_place(inspection, site)
    return inspection


def _insert(inspection: Inspection, by: User) -> Inspection | None:
    """Write the new row. The earlier one where the same form came twice at the same moment.

    Raises Refused("inspections.bad_id") for an id that a row out of sight has already.
    """
    try:
        with transaction.atomic():
            inspection.save(force_insert=True)
    except IntegrityError as error:
        earlier = _sent_before(inspection.pk, by)
        if earlier is None:
            raise Refused("inspections.bad_id", field="inspection_id") from error
        return earlier
    return None


def _open_place(site: Site) -> None:
    if site.state != SiteState.ACTIVE:
        raise Refused("inspections.site_closed")


def _position(lon: float | None, lat: float | None) -> tuple[float | None, float | None]:
    """Both or none, and on this earth; a bad position must not cost a visit."""
    if lon is None or lat is None or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        return None, None
    return lon, lat


def _late_entry(moment: datetime, now: datetime) -> dict[str, str]:
    """Written down after the fact: both moments stand in the move."""
    return {} if moment == now else {"at": moment.isoformat()}


def _require_note(note: str) -> None:
    if not note.strip():
        raise Refused("inspections.note_missing", field="note")
    steps.check_length(note=note)


def _end_early(inspection: Inspection, note: str, now: datetime) -> None:
    inspection.note = note.strip()
    inspection.ended_at = now
    plans.let_go(inspection)


def _again(inspection: Inspection, next_on: date, *, by: User, now: datetime) -> Inspection:
    """The next attempt at the same door."""
    site = inspection.site
    following = _new(
        site,
        Kind(inspection.visit_kind),
        "",
        lead=inspection.lead,
        by=by,
        now=now,
        campaign=inspection.campaign,
    )
    following.due_on, following.before, following.visit_no = next_on, inspection, inspection.visit_no + 1
    following.plan = inspection.plan
    following.save(force_insert=True)
    data = {"due_on": next_on.isoformat(), "attempt": following.visit_no}
    steps.write_move(following, source="", action="arrange", by=by, now=now, data=data)
    for row in selectors.there(inspection):
        Inspector.objects.create(
            inspection=following,
            user=row.user,
            name=row.name,
            certificate=row.certificate,
            department=row.department,
            sections=row.sections,
            joined_at=now,
        )
    steps.announce(following, "revisit", now=now)
    return following

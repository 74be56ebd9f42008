"""What is found becomes a hazard at once, with its photo: fixed on the spot, ordered, or reported."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import can
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.files import services as files
from anwang.ground.files.models import StoredFile
from anwang.kernel import clock
from anwang.registers.standards import selectors as standards
from anwang.work.checklists import selectors as library
from anwang.work.checklists.rules import Grade
from anwang.work.hazards import services as hazards
from anwang.work.hazards.models import Hazard
from anwang.work.inspections import rules, selectors
from anwang.work.inspections.models import Finding, Inspection, Sheet
from anwang.work.inspections.rules import Kind
from anwang.work.inspections.services import steps


@transaction.atomic
def add_finding(
    *,
    inspection_id: str,
    by: User,
    now: datetime,
    description: str = "",
    finding_id: str = "",
    sheet_id: str = "",
    item_code: str = "",
    place: str = "",
    photos: Sequence[str] = (),
    found_at: datetime | None = None,
    fixed_by_name: str = "",
    photos_after: Sequence[str] = (),
    fix_signature: str = "",
    due_on: date | None = None,
    measures: str = "",
    standard_urn: str = "",
    as_general: bool = False,
    basis: str = "",
    relapse_of: str = "",
    lon: float | None = None,
    lat: float | None = None,
) -> Finding:
    """Record a hazard found on this visit, from a failed item (``sheet_id``, ``item_code``) or by itself.

    ``finding_id`` is a ULID made by the form or the phone and becomes the hazard's own: sent twice, it is one. What an
    item proposes (words, criterion, basis) is taken where it is left blank.

    With ``fixed_by_name`` it was put right while one looked on: needs ``photos_after`` and the signature of who did it.
    With ``due_on`` it is to be put right until then: ordered at once where the inspector may grade and order here, kept
    as the visit's request where not. Where an item proposes a major hazard, its criterion goes along, is proposed by who
    may grade, and waits for a second person; ``as_general``: the finder saw that the criterion is not met.
    """
    if (
        finding_id
        and (earlier := earlier_finding(finding_id=finding_id, inspection_id=inspection_id, by=by)) is not None
    ):
        return earlier
    inspection = steps.on_the_way(inspection_id, by)
    moment = _found_at(inspection, found_at or now, photos, now)
    if moment > now or (inspection.began_at is not None and moment < inspection.began_at):
        raise Refused("inspections.finding_time", field="found_at")
    sheet, question = _item(inspection, sheet_id, item_code, by)
    proposal = question.proposal if question is not None else None
    if question is not None and proposal is None:
        raise Refused("inspections.item_not_failed", field="item_code")
    if proposal is not None:
        description = description.strip() or proposal.description
        if not standard_urn and proposal.grade == Grade.MAJOR and not as_general:
            standard_urn = _in_force(proposal.criterion, moment)
        basis = basis or _basis(proposal.basis)
    section = proposal.section if proposal is not None else ""
    fixed = bool(fixed_by_name.strip() or photos_after or fix_signature)
    if fixed and not fixed_by_name.strip():
        raise Refused("inspections.signer_missing", field="fixed_by_name")
    if fixed and not fix_signature:
        raise Refused("inspections.signature_missing", field="fix_signature")
    steps.check_length(Finding, description=description, fixed_by_name=fixed_by_name)
    name = _finder(inspection, by)
    # A colleague of another domain (the fire brigade in an elderly home) reports through the visit's leader.
    acting = by if can(by, Permission.HAZARD_REPORT, on=inspection.site) else inspection.lead
    if acting.pk != by.pk:
        photos = _shared(inspection, photos, by=by, now=now)
        photos_after = _shared(inspection, photos_after, by=by, now=now)
        fix_signature = next(iter(_shared(inspection, [fix_signature], by=by, now=now)), "") if fix_signature else ""
    hazard = hazards.report(
        site_id=inspection.site_id,
        description=description,
        source=rules.HAZARD_SOURCE[Kind(inspection.visit_kind)],
        found_at=moment,
        by=acting,
        now=now,
        hazard_id=finding_id or new_id(),
        place=place,
        lon=lon,
        lat=lat,
        photos=list(photos),
        found_by_name=name,
        campaign=inspection.campaign,
        origin_kind=inspection.kind,
        origin_id=inspection.pk,
        standard_urn=standard_urn,
        basis=basis,
        relapse_of=relapse_of,
    )
    finding = Finding.objects.create(
        id=hazard.pk,
        inspection=inspection,
        sheet=sheet,
        item_code=item_code,
        section=section,
        department=_department(inspection, by),
        description=hazard.description,
        hazard_id=hazard.pk,
        on_spot=fixed,
        fixed_by_name=fixed_by_name.strip(),
        asked_due_on=None if fixed else due_on,
        by=by,
        at=moment,
    )
    data = {"hazard": hazard.pk, "item": item_code, "on_spot": fixed}
    if acting.pk != by.pk:
        data["in_name_of"] = acting.pk
    audit.record("inspections.finding", on=inspection, by=by, at=now, data=data)
    if fixed:
        hazards.fix_on_spot(
            hazard_id=hazard.pk,
            by=acting,
            now=now,
            fixed_by_name=fixed_by_name.strip(),
            photos=list(photos_after),
            signature=fix_signature,
        )
    else:
        _order(hazard, due_on, measures, by=acting, now=now)
    return finding


def _found_at(inspection: Inspection, said: datetime, photos: Sequence[str], now: datetime) -> datetime:
    """When it was found: at the latest when its first picture was taken, for what is shown was seen.

    Otherwise a picture of the place put right, taken before the form was sent, would be older than the finding.
    """
    began = inspection.began_at or now
    taken = StoredFile.objects.filter(pk__in=list(photos), taken_at__gte=began, taken_at__lte=now)
    moments: list[datetime] = [said, *taken.values_list("taken_at", flat=True)]
    return min(moments)


def _order(hazard: Hazard, due_on: date | None, measures: str, *, by: User, now: datetime) -> None:
    """As far along the road as the inspector may go here: proposed as major, or graded and ordered."""
    if not can(by, Permission.HAZARD_GRADE, on=hazard):
        return
    if standards.is_major(hazard.standard_urn, hazard.found_on):
        hazards.propose_major(hazard_id=hazard.pk, standard_urn=hazard.standard_urn, by=by, now=now)
    elif due_on is not None and can(by, Permission.HAZARD_ASSIGN, on=hazard):
        hazards.grade(hazard_id=hazard.pk, by=by, now=now)
        hazards.assign(hazard_id=hazard.pk, due_on=due_on, by=by, now=now, measures=measures)


def earlier_finding(*, finding_id: str, inspection_id: str, by: User) -> Finding | None:
    """What the same form recorded before: asked before its pictures are kept once more."""
    seen = Inspection.objects.visible_to(by).filter(pk=inspection_id)
    return Finding.objects.filter(pk=finding_id, inspection__in=seen).first()


def _item(
    inspection: Inspection, sheet_id: str, item_code: str, by: User
) -> tuple[Sheet | None, selectors.Question | None]:
    if not item_code:
        return None, None
    found = selectors.question(inspection, sheet_id, item_code, viewer=by)
    if found is None:
        raise Refused("inspections.item_unknown", field="item_code")
    view, question = found
    if not question.mine:
        raise Refused("inspections.other_section")
    return view.sheet, question


def _shared(inspection: Inspection, photos: Sequence[str], *, by: User, now: datetime) -> list[str]:
    """Tied to the visit first, where its leader sees them; the hazard's rows then name where they came from."""
    if not photos:
        return []
    kept = files.attach(file_ids=list(photos), to=inspection, slot=selectors.SHARED, by=by, now=now)
    return [file.pk for file in kept]


def _finder(inspection: Inspection, by: User) -> str:
    department = _department(inspection, by)
    return f"{by.name}（{department}）"[:80] if department else str(by.name)


def _department(inspection: Inspection, by: User) -> str:
    row = inspection.inspectors.filter(user=by, left_at__isnull=True).first()
    return row.department if row is not None else ""


def _basis(urns: Sequence[str]) -> str:
    """The instruments and articles an item rests on, in words that fit the ledger."""
    words = library.basis_words(urns)
    return "；".join(words[urn] for urn in urns if urn in words)[:300]


def _in_force(urn: str, moment: datetime) -> str:
    """The row the item points to, where a version of it holds on that day; a dead pointer must not cost a finding."""
    return urn if standards.find_in_force(urn, clock.local_date(moment)) is not None else ""

"""Who goes along: joining a visit, leaving it, signing its record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.files import services as files
from anwang.work.inspections import rules, selectors
from anwang.work.inspections.models import Inspection, Inspector
from anwang.work.inspections.rules import State
from anwang.work.inspections.services import steps


@dataclass(frozen=True, slots=True)
class Companion:
    """Somebody who comes along: an account (``user_id``) or a name; what is left blank is taken from the account."""

    user_id: str = ""
    name: str = ""
    certificate: str = ""
    department: str = ""
    sections: Sequence[str] = field(default=())


@transaction.atomic
def join(
    *,
    inspection_id: str,
    by: User,
    now: datetime,
    user_id: str = "",
    name: str = "",
    certificate: str = "",
    department: str = "",
    sections: Sequence[str] = (),
) -> Inspector:
    """Somebody comes along: a colleague with an account, or anybody by name.

    Certificate and department are taken from the account where they are left blank. ``sections`` are codes of the
    checklist that this person answers in a joint visit; none means all.
    """
    inspection = _open(inspection_id, by)
    row = put_down(
        inspection,
        Companion(user_id, name, certificate, department, tuple(sections)),
        now=now,
    )
    data = {"person": row.user_id or "", "department": row.department, "sections": list(row.sections)}
    audit.record("inspections.joined", on=inspection, by=by, at=now, data=data)
    if row.user_id and row.user_id != by.pk:
        steps.announce(inspection, "joined", now=now, user_id=row.user_id)
    return row


@transaction.atomic
def leave(*, inspection_id: str, inspector_id: str, by: User, now: datetime) -> Inspector:
    """Somebody leaves before the end, or was put down by mistake. The row stays, with the moment."""
    inspection = _open(inspection_id, by)
    row = inspection.inspectors.select_for_update().get(pk=inspector_id)
    if row.user_id == inspection.lead_id:
        raise Refused("inspections.lead_stays")
    if row.left_at is None:
        row.left_at = now
        row.save(update_fields=["left_at"])
        audit.record("inspections.left", on=inspection, by=by, at=now, data={"person": row.user_id or ""})
    return row


@transaction.atomic
def certify(*, inspection_id: str, inspector_id: str, certificate: str, by: User, now: datetime) -> Inspector:
    """The certificate number of somebody there was missing or wrong."""
    inspection = _open(inspection_id, by)
    steps.check_length(Inspector, certificate=certificate)
    row = inspection.inspectors.select_for_update().get(pk=inspector_id)
    row.certificate = certificate.strip()
    row.save(update_fields=["certificate"])
    audit.record(
        "inspections.joined", on=inspection, by=by, at=now, data={"person": row.user_id or "", "certified": True}
    )
    return row


def put_down_lead(inspection: Inspection, *, now: datetime) -> Inspector:
    lead = inspection.lead
    return Inspector.objects.create(
        inspection=inspection,
        user=lead,
        name=lead.name,
        certificate=lead.certificate,
        department=selectors.department_of(lead, now),
        joined_at=now,
    )


def put_down(inspection: Inspection, who: Companion, *, now: datetime) -> Inspector:
    user = None
    if who.user_id:
        user = selectors.colleagues(inspection.site, inspection.visit_kind, at=now).filter(pk=who.user_id).first()
        if user is None:
            raise Refused("inspections.person_unnamed", field="user_id")
        if inspection.inspectors.filter(user=user, left_at__isnull=True).exists():
            raise Refused("inspections.already_there", field="user_id")
    name = who.name.strip() or (user.name if user else "")
    if not name:
        raise Refused("inspections.person_unnamed", field="name")
    department = who.department.strip() or (selectors.department_of(user, now) if user else "")
    certificate = who.certificate.strip() or (user.certificate if user else "")
    steps.check_length(Inspector, name=name, department=department, certificate=certificate)
    return Inspector.objects.create(
        inspection=inspection,
        user=user,
        name=name,
        certificate=certificate,
        department=department,
        sections=[str(code) for code in who.sections],
        joined_at=now,
    )


def sign(inspection: Inspection, signatures: Mapping[str, str], *, by: User, now: datetime) -> None:
    """Those there sign for themselves on the same screen: row of a person → file of their signature."""
    for row in selectors.there(inspection):
        if file := signatures.get(row.pk):
            files.attach(file_ids=[file], to=inspection, slot=selectors.OFFICER_SIGNATURE, by=by, now=now)
            row.signature_id = file
            row.save(update_fields=["signature_id"])


def _open(inspection_id: str, by: User) -> Inspection:
    """A visit whose list may still change: by those on it, or by who keeps the plan."""
    inspection = steps.locked(inspection_id, by)
    if not (selectors.works_on(inspection, by) or selectors.keeps_plan(inspection, by)):
        raise Refused("inspections.not_there")
    if State(inspection.state) not in rules.OPEN:
        raise Refused("inspections.ended")
    return inspection

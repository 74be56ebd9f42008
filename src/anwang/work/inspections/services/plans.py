"""Plans: made at once with all their visits, answered one by one."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.regions.models import Region
from anwang.kernel import ids
from anwang.registers.organisations.models import Organisation
from anwang.work.inspections import selectors
from anwang.work.inspections.models import Inspection, Plan, PlannedVisit
from anwang.work.inspections.rules import Kind
from anwang.work.inspections.services import steps

ANSWERED_BY = {
    Kind.GOVERNMENT: (Kind.GOVERNMENT, Kind.JOINT, Kind.UNANNOUNCED),
    Kind.PATROL: (Kind.PATROL, Kind.GOVERNMENT, Kind.JOINT, Kind.UNANNOUNCED),
}
"""Which visits answer a plan's; of every other kind the same kind alone."""


@transaction.atomic
def make_plan(
    *,
    title: str,
    region: Region,
    visit_kind: str,
    begins_on: date,
    ends_on: date,
    by: User,
    now: datetime,
    plan_id: str = "",
    domains: Sequence[str] = (),
    site_kinds: Sequence[str] = (),
    classes: Sequence[str] = (),
    months: int | None = None,
    department_id: str = "",
    campaign: str = "",
    basis: str = "",
) -> Plan:
    """Put down every visit of a period: each fitting site of the region with its due days, spread over the months.

    How often: ``months``, else the months of the site's supervision class; more often where its risk colour is red or
    orange. Sites for which nothing says how often are left out (the preview names them). ``plan_id``: sent twice, one.
    """
    require(by, Permission.INSPECTION_PLAN, on=region)
    if plan_id:
        if not ids.is_ulid(plan_id):
            raise Refused("inspections.bad_id", field="plan_id")
        earlier: Plan | None = Plan.objects.visible_to(by).filter(pk=plan_id).first()
        if earlier is not None:
            return earlier
    if not title.strip():
        raise Refused("inspections.plan_untitled", field="title")
    steps.check_length(Plan, title=title, campaign=campaign, basis=basis)
    if visit_kind not in set(Kind):
        raise Refused("inspections.kind_unknown", field="visit_kind")
    asked = selectors.Asked(
        region=region,
        visit_kind=visit_kind,
        begins_on=begins_on,
        ends_on=ends_on,
        domains=[domain for domain in domains if domain in Domain.values],
        site_kinds=list(site_kinds),
        classes=list(classes),
        months=months,
    )
    found = selectors.draft(asked, by=by, now=now)
    if not found.slots:
        raise Refused("inspections.nothing_due")
    plan = Plan(
        id=plan_id or new_id(),
        title=title.strip(),
        visit_kind=visit_kind,
        region=region,
        begins_on=begins_on,
        ends_on=ends_on,
        domains=list(asked.domains),
        site_kinds=list(asked.site_kinds),
        classes=list(asked.classes),
        months=months,
        department=Organisation.objects.visible_to(by).get(pk=department_id) if department_id else None,
        campaign=campaign.strip(),
        basis=basis.strip(),
        made_by=by,
        made_at=now,
    )
    plan.save(force_insert=True)
    PlannedVisit.objects.bulk_create(_slots(plan, found), batch_size=1000)
    data = {"kind": visit_kind, "sites": found.site_count, "visits": len(found.slots), "raised": found.raised_count}
    audit.record("inspections.planned", on=plan, by=by, at=now, data=data)
    return plan


def _slots(plan: Plan, found: "selectors.Draft") -> list[PlannedVisit]:
    rows = []
    for slot in found.slots:
        judged = found.judged[slot.key]
        row = PlannedVisit(
            plan=plan,
            site=judged.site,
            enterprise_id=judged.site.enterprise_id if plan.visit_kind == Kind.SELF_CHECK else None,
            domain=judged.site.domain,
            opens_on=slot.opens_on,
            due_on=slot.due_on,
            months=judged.every.months,
            days=judged.every.days,
            class_key=judged.class_key,
            raised=judged.raised,
            frequency_urn=judged.urn,
            frequency_version=judged.version,
        )
        steps.copy_place(row, judged.site)
        rows.append(row)
    return rows


@transaction.atomic
def withdraw_plan(*, plan_id: str, note: str, by: User, now: datetime) -> Plan:
    """The plan holds no more; what it asked for and nobody did is asked for no more. What was done stays."""
    plan: Plan = Plan.objects.visible_to(by).select_for_update(of=("self",)).get(pk=plan_id)
    require(by, Permission.INSPECTION_PLAN, on=plan)
    if plan.withdrawn_at is not None:
        raise Refused("inspections.plan_withdrawn")
    _require_note(note)
    plan.withdrawn_at, plan.withdrawn_by, plan.withdrawn_note = now, by, note.strip()
    plan.save(update_fields=["withdrawn_at", "withdrawn_by", "withdrawn_note"])
    audit.record("inspections.plan_withdrawn", on=plan, by=by, at=now)
    return plan


@transaction.atomic
def leave_out(*, planned_id: str, note: str, by: User, now: datetime) -> PlannedVisit:
    """One visit of a plan is not made (the place stopped work, the city was there). Says why; it leaves the count."""
    slot: PlannedVisit = (
        PlannedVisit.objects.visible_to(by).select_for_update(of=("self",)).select_related("plan").get(pk=planned_id)
    )
    require(by, Permission.INSPECTION_PLAN, on=slot)
    if slot.done_on is not None or slot.left_out_at is not None:
        raise Refused("inspections.slot_settled")
    _require_note(note)
    slot.left_out_at, slot.left_out_by, slot.left_out_note = now, by, note.strip()
    slot.save(update_fields=["left_out_at", "left_out_by", "left_out_note"])
    audit.record("inspections.left_out", on=slot, by=by, at=now, data={"plan": slot.plan_id})
    return slot


def take(slot: PlannedVisit, inspection: Inspection) -> None:
    """Somebody is on the way there for this one: others see so."""
    slot.visit = inspection
    slot.save(update_fields=["visit"])


def let_go(inspection: Inspection) -> None:
    """The visit came to nothing: what the plan asks for is open again."""
    PlannedVisit.objects.filter(visit=inspection, done_on__isnull=True).update(visit=None)


def fulfil(inspection: Inspection, *, on: date) -> None:
    """A visit took place: it answers the planned one it was made for, and of every other plan the one whose time it is.

    Whoever goes there without looking at a plan does what it asks all the same; nobody goes twice for the paper.
    """
    kinds = [str(asked) for asked in Kind if inspection.visit_kind in ANSWERED_BY.get(asked, (asked,))]
    rows = PlannedVisit.objects.select_for_update(of=("self",)).filter(
        site=inspection.site_id,
        done_on__isnull=True,
        left_out_at__isnull=True,
        plan__withdrawn_at__isnull=True,
        plan__visit_kind__in=kinds,
        opens_on__lte=on,
    )
    answered: set[str] = set()
    # The one it was made for first, then the oldest that is open.
    for slot in sorted(rows, key=lambda row: (row.visit_id != inspection.pk, row.due_on, row.pk)):
        if slot.plan_id not in answered and slot.visit_id in (None, inspection.pk):
            answered.add(slot.plan_id)
            slot.visit, slot.done_on = inspection, on
            slot.save(update_fields=["visit", "done_on"])


def _require_note(note: str) -> None:
    if not note.strip():
        raise Refused("inspections.note_missing", field="note")
    steps.check_length(Plan, withdrawn_note=note)

"""The record of a visit as a paper."""

from datetime import datetime
from typing import Any

from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.files import papers as office
from anwang.ground.files import selectors as files
from anwang.ground.files.models import Paper, StoredFile
from anwang.ground.regions.models import Region
from anwang.registers.sites.models import Site
from anwang.work.hazards import selectors as hazards
from anwang.work.hazards.models import Hazard
from anwang.work.inspections import labels, papers, selectors
from anwang.work.inspections.models import Inspection
from anwang.work.inspections.rules import Kind, State
from anwang.work.inspections.services import steps

OUTCOME = {State.DONE: "checked", State.ABSENT: "nobody", State.REFUSED: "refused"}
MOST_PHOTOS = 12


@transaction.atomic
def issue_record(*, inspection_id: str, by: User, now: datetime) -> Paper:
    """The on-site record of a visit that has ended. One that was issued and not declared void is given again.

    Raises Refused("inspections.record_not_ready") while the visit is open or where it was cancelled.
    """
    inspection = steps.locked(inspection_id, by)
    if State(inspection.state) not in OUTCOME:
        raise Refused("inspections.record_not_ready")
    if not selectors.may_print(inspection, by):
        raise Refused("accounts.not_permitted")
    kind = papers.SELF_RECORD if inspection.visit_kind == Kind.SELF_CHECK else papers.RECORD
    earlier = files.papers_for(inspection, kind.key).filter(void_at__isnull=True).first()
    if earlier is not None:
        return earlier
    found = selectors.findings(inspection)
    paper = office.issue(
        kind=kind.key,
        on=inspection,
        data=record_data(inspection),
        agency=_agency(inspection),
        by=by,
        now=now,
        unit=_unit_name(inspection),
        about=[hazard for _finding, hazard in found],
    )
    audit.record("inspections.record", on=inspection, by=by, at=now, data={"paper": paper.pk, "number": paper.number})
    return paper


def record_data(inspection: Inspection) -> dict[str, Any]:
    """Everything the template reads; its shape is docs/rooms/papers.md, "inspections.record"."""
    site = inspection.site
    crew = selectors.there(inspection)
    signatures = {file.pk: file for file in files.for_thing(inspection, selectors.OFFICER_SIGNATURE)}
    host = selectors.signature(inspection)
    found = selectors.findings(inspection)
    views = selectors.sheets_of(inspection)
    data: dict[str, Any] = {
        "unit": {
            "name": _unit_name(inspection),
            "uscc": site.uscc or (site.enterprise.uscc if site.enterprise else ""),
            "address": site.address or site.region_path,
            "head": site.manager_name or site.owner_name,
            "phone": site.manager_phone or site.owner_phone,
        },
        "inspection": {
            "number": inspection.number,
            "type": str(labels.KIND[inspection.visit_kind]),
            "place": site.name,
            "started_at": inspection.began_at or inspection.ended_at,
            "ended_at": inspection.ended_at,
            "basis": inspection.plan.basis if inspection.plan is not None else "",
            "outcome": OUTCOME[State(inspection.state)],
            "note": inspection.note if inspection.state != State.DONE else "",
        },
        "officers": [
            {
                "name": row.name,
                "certificate": row.certificate,
                "department": row.department,
                **(
                    {"signature": office.picture(signatures[row.signature_id])}
                    if row.signature_id in signatures
                    else {}
                ),
            }
            for row in crew
        ],
        "own": inspection.visit_kind == Kind.SELF_CHECK,
        "certificate_shown": inspection.certificate_shown,
        "accompanied": inspection.host_name,
        "findings": [_finding(row, hazard, views) for row, hazard in found],
        "opinion": inspection.opinion,
        "refusal": inspection.sign_refused,
        "signatures": {"unit": office.picture(host)} if host is not None else {},
        "photos": _photos([hazard for _row, hazard in found]),
    }
    if views:
        data["checklist"] = {
            "title": "、".join(view.definition.title_zh for view in views),
            "version": "、".join(str(view.version.number) for view in views),
            "asked": sum(view.total for view in views),
            "passed": sum(view.result.passed for view in views),
            "failed": sum(view.result.failed for view in views),
            "na": sum(view.result.not_applicable for view in views),
        }
    return data


def _finding(row: Any, hazard: Hazard, views: list[selectors.SheetView]) -> dict[str, Any]:
    sections = {part.code: part for view in views if view.sheet.pk == row.sheet_id for part in view.parts}
    part = sections.get(row.section)
    said: dict[str, Any] = {
        "place": hazard.place,
        "description": row.description,
        "basis": hazard.basis,
        "grade": hazard.grade or None,
        "on_spot": row.on_spot,
        "due_on": hazard.due_on or row.asked_due_on,
    }
    if part is not None and part.department:
        said["section"] = part.title
    return {key: value for key, value in said.items() if value not in (None, "")}


def _photos(found: list[Hazard]) -> list[dict[str, Any]]:
    shown = []
    for hazard in found:
        slots: list[tuple[str, list[StoredFile]]] = [("", hazards.photos(hazard, "before")[:1])]
        if hazard.on_spot:
            slots.append(("（整改后）", hazards.photos(hazard, "after")[:1]))
        for suffix, kept in slots:
            for file in kept:
                if file.is_image:
                    caption = f"{hazard.description[:24]}{suffix}"
                    shown.append({"picture": office.picture(file), "caption": caption, "taken_at": file.taken_at})
    return shown[:MOST_PHOTOS]


def _unit_name(inspection: Inspection) -> str:
    site: Site = inspection.site
    return site.enterprise.name if site.enterprise is not None else site.name


def _agency(inspection: Inspection) -> office.Agency:
    """Who inspected: the leader's office, or the unit itself for its self-check."""
    region = Region.objects.get(pk=inspection.county_code or inspection.city_code)
    if inspection.visit_kind == Kind.SELF_CHECK:
        name = _unit_name(inspection)
    else:
        lead = next((row for row in selectors.there(inspection) if row.user_id == inspection.lead_id), None)
        name = (lead.department if lead is not None else "") or region.name
    return office.Agency.of(region, name=name, word=agency_word(name, inspection))


def agency_word(name: str, inspection: Inspection) -> str:
    """The two signs of an office in the number of its papers: 应急 of 河曲县应急管理局, 西口 of 西口镇人民政府."""
    names = [region.name for region in Region.objects.filter(pk__in=[inspection.city_code, inspection.county_code])]
    rest = name
    for place in names:
        rest = rest.removeprefix(place)
    return (rest or name)[:2]

"""The checklists of a visit: choosing them, answering them bit by bit, letting the answers stand."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.work.checklists import services as checklists
from anwang.work.inspections import selectors
from anwang.work.inspections.models import Inspection, Sheet
from anwang.work.inspections.services import steps


@transaction.atomic
def choose_checklist(*, inspection_id: str, key: str, by: User, now: datetime, instead_of: str = "") -> Sheet:
    """Fill this checklist on the visit too, or ``instead_of`` a sheet that was chosen by mistake.

    The published version of this moment is kept with the answers for good. What was answered on a sheet set aside is
    kept, but counts no more; one that hazards were recorded from cannot be set aside.
    """
    inspection = steps.on_the_way(inspection_id, by)
    if not key:
        raise Refused("inspections.checklist_missing", field="key")
    if instead_of:
        _set_aside(_sheet(inspection, instead_of), by=by, now=now)
    if _in_use(inspection, key):
        raise Refused("inspections.checklist_twice", field="key")
    return _open(inspection, key, by=by, now=now)


@transaction.atomic
def answer(
    *,
    inspection_id: str,
    sheet_id: str,
    answers: Mapping[str, Any],
    by: User,
    now: datetime,
    base: Mapping[str, Any] | None = None,
) -> Sheet:
    """Keep what has been answered so far: ``{item code: {"value": …, "note": …, "description": …}}``.

    Sent after every answer; items that were not sent keep theirs, so two people may answer one sheet. With ``base``
    (the answers the phone started from) nothing that somebody else answered otherwise since is overwritten:
    Refused("checklists.newer_answers") names the items. On a joint visit each answers their own sections.
    """
    inspection = steps.on_the_way(inspection_id, by)
    sheet = _sheet(inspection, sheet_id)
    only = selectors.sections_of(inspection, by)
    if only is not None:
        definition = selectors.definition_of(sheet)
        own = {item.code for section in definition.sections if section.code in only for item in section.items}
        known = {item.code for item in definition.items()}
        if any(code in known and code not in own for code in answers):
            raise Refused("inspections.other_section")
    sheet.filled = checklists.save_draft(filled_id=sheet.filled_id, answers=answers, by=by, now=now, base=base)
    return sheet


def open_sheets(inspection: Inspection, keys: Iterable[str], *, by: User, now: datetime) -> None:
    for key in keys:
        if not _in_use(inspection, key):
            _open(inspection, key, by=by, now=now)


def complete(inspection: Inspection, *, by: User, now: datetime) -> tuple[Decimal | None, int]:
    """The answers stand. The score of the first checklist that has points, and how many items failed in all."""
    score: Decimal | None = None
    failed = 0
    for sheet in inspection.sheets.filter(set_aside_at__isnull=True):
        # Evidence is the photo of the hazard that every failed item became, so none is asked of the item.
        filled = checklists.finish(filled_id=sheet.filled_id, by=by, now=now, photos=False)
        failed += int(filled.result["failed"])
        if score is None and filled.result["score"] is not None:
            score = Decimal(str(filled.result["score"]))
    return score, failed


def _open(inspection: Inspection, key: str, *, by: User, now: datetime) -> Sheet:
    filled = checklists.open_filled(key=key, origin_kind=inspection.kind, origin_id=inspection.pk, by=by, now=now)
    sheet = Sheet.objects.create(inspection=inspection, filled=filled, seq=inspection.sheets.count() + 1)
    data = {"checklist": key, "version": filled.version.number}
    audit.record("inspections.checklist", on=inspection, by=by, at=now, data=data)
    return sheet


def _set_aside(sheet: Sheet, *, by: User, now: datetime) -> None:
    if sheet.findings.exists():
        raise Refused("inspections.sheet_has_findings")
    sheet.set_aside_at = now
    sheet.save(update_fields=["set_aside_at"])
    audit.record("inspections.checklist_set_aside", on=sheet.inspection, by=by, at=now, data={"sheet": sheet.pk})


def _sheet(inspection: Inspection, sheet_id: str) -> Sheet:
    found = inspection.sheets.filter(set_aside_at__isnull=True, pk=sheet_id).select_related("filled__version").first()
    if found is None:
        raise Refused("inspections.sheet_unknown", field="sheet_id")
    return found


def _in_use(inspection: Inspection, key: str) -> bool:
    standing = inspection.sheets.filter(set_aside_at__isnull=True)
    return bool(standing.filter(filled__version__checklist__key=key).exists())

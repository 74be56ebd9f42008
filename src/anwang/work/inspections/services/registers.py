"""What visits do when a register below them changes."""

from datetime import datetime

from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.registers.sites.models import Site
from anwang.work.inspections.models import Inspection, PlannedVisit


def move_to_site(*, lost: Site, kept: Site, by: User, now: datetime) -> None:
    """Two site files turned out to be one place: its visits and what is planned follow, inside the merge's transaction.

    A visit that a plan asks for on the same day for both is asked for once.
    """
    moved = Inspection.objects.filter(site=lost).update(site=kept, enterprise=kept.enterprise)
    for slot in PlannedVisit.objects.filter(site=lost):
        if PlannedVisit.objects.filter(plan=slot.plan_id, site=kept, due_on=slot.due_on).exists():
            slot.left_out_at, slot.left_out_by = now, by
            slot.left_out_note = f"→ {kept.number}"
        else:
            slot.site = kept
            slot.enterprise = kept.enterprise if slot.enterprise_id else None
            moved += 1
        slot.save()
    if moved:
        audit.record("inspections.moved_to_site", on=kept, by=by, at=now, data={"from": lost.pk, "n": moved})

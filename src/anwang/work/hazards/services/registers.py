"""What the ledger does when a register below it changes."""

from datetime import datetime

from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.registers.sites.models import Site
from anwang.work.hazards.models import Hazard


def move_to_site(*, lost: Site, kept: Site, by: User, now: datetime) -> None:
    """Two site files turned out to be one place: its hazards follow, inside the merge's transaction.

    The region columns stay what they were when the hazard was found.
    """
    rows = Hazard.objects.filter(site=lost)
    moved = rows.update(site=kept, enterprise=kept.enterprise)
    if moved:
        audit.record("hazards.moved_to_site", on=kept, by=by, at=now, data={"from": lost.pk, "n": moved})

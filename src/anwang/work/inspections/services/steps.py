"""What every verb of a visit shares: lock, step, write down, number, copy the place."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence as Numbers
from anwang.ground.jobs import services as jobs
from anwang.ground.regions.models import COLUMNS
from anwang.kernel import clock, ids
from anwang.kernel.machine import MoveRefused, Step
from anwang.registers.sites.models import Site
from anwang.work.inspections import labels, rules, selectors
from anwang.work.inspections.models import Inspection, InspectionMove
from anwang.work.inspections.rules import Action, State


def locked(inspection_id: str, by: User) -> Inspection:
    """Permit (to see) and lock. A visit out of sight does not exist."""
    found: Inspection = Inspection.objects.visible_to(by).select_for_update(of=("self",)).get(pk=inspection_id)
    return found


def on_the_way(inspection_id: str, by: User) -> Inspection:
    """A visit under way that ``by`` takes part in, locked: for everything that is written while one stands there."""
    inspection = locked(inspection_id, by)
    if not selectors.works_on(inspection, by):
        raise Refused("inspections.not_there")
    if inspection.state != State.ONGOING:
        raise Refused("inspections.not_ongoing" if inspection.state == State.ARRANGED else "inspections.ended")
    return inspection


def step(inspection: Inspection, action: Action, *, by: User, now: datetime) -> Step[State, Action]:
    """Facts → rule. Rights are among the facts, so that the table has the last word on everything."""
    facts = selectors.facts(inspection, acting=by, now=now)
    try:
        return rules.MACHINE.step(State(inspection.state), action, facts)
    except MoveRefused as refused:
        raise Refused(
            refused.key,
            state=labels.STATE[inspection.state],
            needed=facts.people_needed,
            there=facts.people,
            certified=facts.certified,
            unanswered=facts.unanswered,
            unreported=facts.unreported,
        ) from refused


def moved(
    inspection: Inspection,
    made: Step[State, Action],
    *,
    by: User,
    now: datetime,
    note: str = "",
    data: Mapping[str, Any] | None = None,
) -> Inspection:
    """Write → record → announce, the same for every verb that changes the state."""
    inspection.state = made.target
    inspection.save()
    write_move(inspection, source=made.source, action=made.action, by=by, now=now, note=note, data=data)
    audit.record(
        f"inspections.{made.action}", on=inspection, by=by, at=now, data={"from": made.source, "to": made.target}
    )
    announce(inspection, str(made.action), now=now)
    return inspection


def write_move(
    inspection: Inspection,
    *,
    source: str,
    action: str,
    by: User,
    now: datetime,
    note: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    InspectionMove.objects.create(
        inspection=inspection,
        seq=inspection.moves.count() + 1,
        source=source,
        target=inspection.state,
        action=str(action),
        by=by,
        at=now,
        note=note.strip(),
        data=dict(data or {}),
    )


def announce(inspection: Inspection, event: str, *, now: datetime, **more: Any) -> None:
    jobs.later("inspections.announce", now=now, inspection_id=inspection.pk, event=event, **more)


def copy_place(row: Any, site: Site) -> None:
    row.region_id = site.region_id
    for column in COLUMNS.values():
        setattr(row, column, getattr(site, column))


def number(site: Site, now: datetime) -> str:
    region = site.county_code or site.city_code
    year = clock.local_date(now).year
    return ids.human_number(region, year, Numbers.take(f"inspection:{region}:{year}"))


def check_length(model: Any = Inspection, **texts: str) -> None:
    """Raise Refused("inspections.too_long") where a text does not fit its column."""
    for name, text in texts.items():
        longest = model._meta.get_field(name).max_length or 0  # noqa: SLF001
        if longest and len(text) > longest:
            raise Refused("inspections.too_long", field=name, longest=longest)

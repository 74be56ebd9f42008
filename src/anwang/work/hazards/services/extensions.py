"""More time: asked for before the deadline, decided by other eyes."""

from datetime import date, datetime

from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.jobs import services as jobs
from anwang.kernel import clock
from anwang.work.hazards import rules, selectors
from anwang.work.hazards.models import Extension, Hazard
from anwang.work.hazards.services import counts, life, timers


@transaction.atomic
def ask_extension(*, hazard_id: str, new_due_on: date, reason: str, interim: str, by: User, now: datetime) -> Extension:
    """Ask for time until the end of ``new_due_on``, with a reason and how people are kept safe meanwhile."""
    hazard = Hazard.objects.visible_to(by).select_for_update(of=("self",)).get(pk=hazard_id)
    require(by, Permission.HAZARD_RECTIFY, on=hazard)
    problem = rules.extension_problem(
        state=rules.State(hazard.state),
        due_on=hazard.due_on,
        new_due_on=new_due_on,
        today=clock.local_date(now),
        reason=reason,
        interim=interim,
        is_open=selectors.open_extension(hazard) is not None,
    )
    if problem:
        raise Refused(problem, field="new_due_on")
    if hazard.due_on is None:
        raise Refused("hazards.nothing_to_extend")
    longest = selectors.term(hazard.domain, hazard.grade, hazard.found_on).longest
    # Counted from the present deadline: at most as much again as the rule gives in the first place.
    if problem := rules.deadline_problem(new_due_on, today=hazard.due_on, longest=longest):
        raise Refused(problem, field="new_due_on", longest=longest)
    life.check_words(Extension, reason=reason, interim=interim)
    extension = Extension.objects.create(
        hazard=hazard,
        old_due_on=hazard.due_on,
        new_due_on=new_due_on,
        reason=reason.strip(),
        interim=interim.strip(),
        asked_by=by,
        asked_at=now,
    )
    audit.record("hazards.extension_asked", on=hazard, by=by, at=now, data={"new_due_on": new_due_on.isoformat()})
    jobs.later("hazards.announce", now=now, hazard_id=hazard.pk, event="extension_asked")
    return extension


@transaction.atomic
def decide_extension(*, extension_id: str, grant: bool, by: User, now: datetime, note: str = "") -> Extension:
    """Grant or refuse. A refusal says why. A grant moves the deadline; lateness before it stays on record."""
    extension = Extension.objects.select_related("hazard").get(
        pk=extension_id, hazard__in=Hazard.objects.visible_to(by)
    )
    hazard = Hazard.objects.select_for_update(of=("self",)).get(pk=extension.hazard_id)
    extension.refresh_from_db()
    require(by, Permission.HAZARD_EXTEND, on=hazard)
    if rules.State(hazard.state) not in rules.OPEN:
        raise Refused("hazards.nothing_to_extend")
    if extension.state != Extension.State.ASKED:
        raise Refused("hazards.extension_decided")
    problem = rules.decision_problem(
        asked_by=str(extension.asked_by_id),
        acting=str(by.pk),
        granted_before=hazard.extended_times,
        county_or_above=selectors.county_or_above(by, hazard),
    )
    if problem:
        raise Refused(problem)
    if not grant and not note.strip():
        raise Refused("hazards.note_missing", field="note")
    life.check_words(Extension, decision_note=note)
    extension.state = Extension.State.GRANTED if grant else Extension.State.REFUSED
    extension.decided_by, extension.decided_at, extension.decision_note = by, now, note.strip()
    extension.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    event = "extension_granted" if grant else "extension_refused"
    if grant:
        before = counts.cell(hazard)
        hazard.due_on = extension.new_due_on
        hazard.extended_times += 1
        if rules.State(hazard.state) in rules.WITH_UNIT:
            life.settle_deadline(hazard, before, now=now)
        else:
            # Handed in meanwhile: the new deadline holds if it is sent back.
            hazard.save(update_fields=["due_on", "extended_times"])
    audit.record(f"hazards.{event}", on=hazard, by=by, at=now, data={"new_due_on": extension.new_due_on.isoformat()})
    timers.arm(hazard, now=now)
    jobs.later("hazards.announce", now=now, hazard_id=hazard.pk, event=event)
    return extension

"""From an alarm, or from a loose setting that a person took up, to one hazard in the ledger."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.work.alarms.models import Alarm
from anwang.work.hazards import services as hazards
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import Source
from anwang.work.telemetry import labels as gas
from anwang.work.telemetry.models import Finding


@transaction.atomic
def make_hazard(*, alarm_id: str, description: str, by: User, now: datetime, hazard_id: str = "") -> Hazard:
    """A person makes one hazard of an alarm: its place is the mine's, its origin this alarm.

    ``hazard_id`` is a ULID made by the form: sending the same one again gives the same hazard back.
    """
    alarm: Alarm = Alarm.objects.visible_to(by).select_for_update(of=("self",)).select_related("mine").get(pk=alarm_id)
    require(by, Permission.HAZARD_REPORT, on=alarm)
    if alarm.hazard_id and alarm.hazard_id == hazard_id:
        return Hazard.objects.get(pk=hazard_id)
    if alarm.hazard_id:
        raise Refused("alarms.hazard_linked")
    if not alarm.mine.site_id:
        raise Refused("alarms.mine_unbound")
    if not description.strip():
        raise Refused("alarms.words_missing", field="description")
    hazard = hazards.report(
        site_id=alarm.mine.site_id,
        description=description,
        source=Source.MONITORING,
        found_at=min(alarm.first_raised_at, now),
        place=alarm.place,
        origin_kind=Alarm.kind,
        origin_id=alarm.pk,
        hazard_id=hazard_id,
        by=by,
        now=now,
    )
    if hazard.origin_id != alarm.pk:  # the id is that of a hazard that was there before
        raise Refused("hazards.id_taken")
    alarm.hazard_id, alarm.changed_at = hazard.pk, now
    alarm.save(update_fields=["hazard_id", "changed_at"])
    audit.record("alarms.hazard", on=alarm, by=by, at=now, data={"hazard": hazard.number})
    return hazard


def of_finding(finding: Finding, now: datetime) -> None:
    """A setting looser than the standard was taken up: the hazard of it, in the decision's transaction."""
    if finding.mine.site_id is None:
        raise Refused("alarms.mine_unbound")
    by = finding.decided_by
    if by is None:
        raise ValueError("a finding that was taken up has somebody who did")
    hazards.report(
        site_id=finding.mine.site_id,
        description=_("%(field)s of %(place)s is %(actual)s, the standard asks for %(standard)s.")
        % {
            "field": dict(gas.FIELDS)[finding.field],
            "place": finding.point.location or finding.point.code,
            "actual": "—" if finding.actual is None else f"{finding.actual:g}",
            "standard": f"{finding.standard:g}",
        },
        source=Source.MONITORING,
        found_at=min(finding.found_at, now),
        place=finding.point.location[:120],
        origin_kind=Finding.kind,
        origin_id=finding.pk,
        basis=f"{finding.instrument} v{finding.version}",
        by=by,
        now=now,
    )

"""Settings looser than the standard: found by the machine where a person has said what place it is, decided by a person."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.work.telemetry import places, ports, rules
from anwang.work.telemetry.models import Finding, Mine, SensorPoint


@transaction.atomic
def confirm_place(*, point_id: int, place: str, by: User, now: datetime) -> SensorPoint:
    """Say which place of the standard a point stands at; "" takes it back. From then on its settings are held against it."""
    point = (
        SensorPoint.objects.select_for_update(of=("self",))
        .select_related("mine", "definition")
        .get(pk=point_id, mine__in=Mine.objects.visible_to(by))
    )
    require(by, Permission.GAS_EDIT, on=point.mine)
    if place and places.row(place) is None:
        raise Refused("telemetry.place_unknown", field="place")
    point.place, point.place_by, point.place_at = place, by, now
    point.save(update_fields=["place", "place_by", "place_at"])
    audit.record("telemetry.place_confirmed", on=point.mine, by=by, at=now, data={"point": point.code, "place": place})
    look(point.mine, [point], now=now)
    return point


@transaction.atomic
def decide(*, finding_id: str, hazard: bool, by: User, now: datetime, note: str = "") -> Finding:
    """Take a finding up as a hazard, or say why it is none. Who makes the hazard has registered with ``ports``."""
    finding: Finding = Finding.objects.visible_to(by).select_for_update(of=("self",)).get(pk=finding_id)
    require(by, Permission.GAS_EDIT, on=finding)
    if finding.state != "open":
        raise Refused("telemetry.finding_decided")
    if not hazard and not note.strip():
        raise Refused("telemetry.reason_missing", field="note")
    finding.state = "hazard" if hazard else "dismissed"
    finding.decided_by, finding.decided_at, finding.note = by, now, note.strip()[:300]
    finding.save()
    audit.record(
        "telemetry.finding_decided", on=finding, by=by, at=now, data={"state": finding.state, "note": finding.note}
    )
    if hazard:
        ports.announce_finding(finding, now)
    return finding


def look(mine: Mine, points: Iterable[SensorPoint], *, now: datetime) -> list[Finding]:
    """Hold the settings of points with a confirmed place against the standard. Returns findings that are new."""
    made: list[Finding] = []
    looked_at = {point.pk: point for point in points}
    standing: dict[int, dict[str, Finding]] = {}
    for finding in Finding.objects.filter(mine=mine, state="open"):
        if finding.point_id in looked_at:
            standing.setdefault(finding.point_id, {})[finding.field] = finding
    for point in looked_at.values():
        row = places.row(point.place) if point.place else None
        loose = {}
        if row is not None and point.definition is not None:
            settings = rules.Settings(point.high_alarm, point.high_cut, point.high_restore, point.low_alarm)
            loose = {each.field: each for each in rules.looser(settings, row)}
        open_rows = standing.get(point.pk, {})
        for name, finding in open_rows.items():
            if name not in loose or row is None or finding.place != row.key:
                finding.state, finding.decided_at = "withdrawn", now
                finding.save(update_fields=["state", "decided_at"])
        for name, each in loose.items():
            before = open_rows.get(name)
            if row is None or (before is not None and before.state == "open"):
                continue
            finding = Finding(
                mine=mine,
                point=point,
                enterprise_id=mine.enterprise_id,
                domain=mine.domain,
                definition=point.definition,
                place=row.key,
                instrument=row.instrument,
                version=row.version,
                field=name,
                actual=each.actual,
                standard=each.standard,
                found_at=now,
            )
            finding.place_in(mine.region)
            finding.save()
            made.append(finding)
    if made:
        audit.record("telemetry.finding", on=mine, by=None, at=now, data={"n": len(made)})
    return made

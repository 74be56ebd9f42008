"""Points as their mines define them: a version per change, limits into the engine, settings held against the standard."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from anwang.ground.audit import services as audit
from anwang.ground.base.models import update_all
from anwang.work.telemetry import dialects
from anwang.work.telemetry.memory import Memory, moment
from anwang.work.telemetry.models import Definition, Mine, Relation, SensorPoint, Substation
from anwang.work.telemetry.services import findings


def define(known: Memory, mine: Mine, file: dialects.Parsed, *, now: datetime) -> int:
    """Enter a definition file; of a point that stands twice the last counts. Returns how many points changed."""
    system = " ".join(part for part in file.header.fields[2:5] if part)[:120]
    if system != mine.system or (file.header.fields[1] and mine.name == mine.code):
        mine.system = system
        mine.name = file.header.fields[1][:120] or mine.name
        mine.save(update_fields=["system", "name"])
    rows = {row["point"]: row for row in file.rows}
    digests = {code: _digest(row) for code, row in rows.items()}
    there = {
        point.code: point
        for point in SensorPoint.objects.filter(code__in=rows).select_related("definition")
        if point.mine_id == mine.pk
    }
    missing = [code for code in rows if code not in there]
    if missing:
        known.strangers(mine, missing, now)
        found = SensorPoint.objects.filter(code__in=missing, mine=mine).select_related("definition")
        there |= {point.code: point for point in found}
    changed = [
        point for code, point in there.items() if point.definition is None or point.definition.digest != digests[code]
    ]
    if not changed:
        return 0
    made = Definition.objects.bulk_create(
        Definition(
            point=point,
            at=moment(rows[point.code]["at"]),
            received_at=now,
            digest=digests[point.code],
            fields=_fields(rows[point.code]),
        )
        for point in changed
    )
    for point, definition in zip(changed, made, strict=True):
        row = rows[point.code]
        point.definition = definition
        point.sensor_type, point.value_type = row["sensor_type"][:4], row["value_type"][:2]
        point.unit, point.location, point.substation = row["unit"][:20], row["location"][:200], row["substation"][:32]
        for name in SensorPoint.LIMITS:
            setattr(point, name, row[name])
    update_all(
        changed, "definition", "sensor_type", "value_type", "unit", "location", "substation", *SensorPoint.LIMITS
    )
    known.define(mine, changed)
    _relate(known, rows)
    findings.look(mine, changed, now=now)
    audit.record("telemetry.definitions", on=mine, by=None, at=now, data={"points": len(changed)})
    return len(changed)


def name_strangers(known: Memory, strangers: Mapping[str, Mapping[str, str]]) -> None:
    """Where a point came without a definition, what its reading says of it."""
    points = []
    for code, said in strangers.items():
        point = known.points[known.table.number(code)]
        point.type_name, point.location, point.unit = said["type_name"][:60], said["location"][:200], said["unit"][:20]
        points.append(point)
    update_all(points, "type_name", "location", "unit")


def substations(mine: Mine, file: dialects.Parsed) -> None:
    for row in file.rows:
        kept, _ = Substation.objects.get_or_create(code=row["substation"][:32], defaults={"mine": mine})
        if kept.mine_id != mine.pk:
            continue
        if file.name.type == "FZDY":
            kept.location = row["location"][:200]
        elif kept.at is None or moment(row["at"]) > kept.at:
            kept.run_state, kept.power_state, kept.at = row["run"][:2], row["power"][:2], moment(row["at"])
        kept.save()


def _relate(known: Memory, rows: Mapping[str, Mapping[str, Any]]) -> None:
    pairs = {pair for code, row in rows.items() for pair in dialects.pairs_of(code, row["relations"])}
    numbers = [
        (cutter, partner)
        for a, b in sorted(pairs)
        if (cutter := known.table.get(a)) is not None and (partner := known.table.get(b)) is not None
    ]
    if numbers:
        Relation.objects.bulk_create(
            (Relation(cutter_id=cutter, feed_id=partner) for cutter, partner in numbers), ignore_conflicts=True
        )
        known.relate(numbers)


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"point", "at"} and value not in {None, ""}}


def _digest(row: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(_fields(row), sort_keys=True, ensure_ascii=False).encode()).hexdigest()

"""What mines report themselves (YCBJ): kept once per event, and held against what we saw."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from anwang.work.telemetry import rules
from anwang.work.telemetry.memory import Memory, millis, moment
from anwang.work.telemetry.models import Episode, Mine, Reported

_COPIED = ("max", "min", "avg")


def keep(known: Memory, mine: Mine, rows: Iterable[Mapping[str, Any]], *, now: datetime) -> None:
    """One row per (point, type, start); a later copy with the end and the cause replaces the open one."""
    for row in rows:
        number = known.table.get(row["point"])
        if number is None:
            (number,) = known.strangers(mine, [row["point"]], now)
        kept = Reported.objects.filter(point_id=number, what=row["kind"][:10], start=moment(row["start"])).first()
        if kept is None:
            kept = Reported(mine=mine, point_id=number, what=row["kind"][:10], start=moment(row["start"]))
        elif kept.sent_at > moment(row["at"]):
            continue
        kept.end = moment(row["end"]) if row["end"] is not None else None
        for name in _COPIED:
            setattr(kept, name, row[name])
        kept.cause, kept.measures = row["cause"][:500], row["measures"][:500]
        kept.entered_by = row["entered_by"][:40]
        kept.entered_at = moment(row["entered_at"]) if row["entered_at"] is not None else None
        kept.received_at, kept.sent_at = now, moment(row["at"])
        kept.episode = seen(kept)
        kept.save()


def seen(report: Reported) -> Episode | None:
    """The episode of ours that a report speaks of."""
    kinds = rules.SAME.get(report.what, frozenset())
    rows = {row.pk: row for row in Episode.objects.filter(point_id=report.point_id, what__in=kinds)}
    found = rules.match(
        report.what,
        millis(report.start),
        None if report.end is None else millis(report.end),
        [
            rules.Seen(row.pk, row.what, millis(row.start), None if row.end is None else millis(row.end))
            for row in rows.values()
        ],
    )
    return rows[found.id] if found else None

"""What mines report themselves: abnormal events (YCBJ), held against what we saw, and statistics (TJSJ); each kept once."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from anwang.ground.base.models import update_all
from anwang.work.telemetry import rules
from anwang.work.telemetry.memory import Memory, millis, moment
from anwang.work.telemetry.models import Episode, Mine, Reported, Statistic

_COPIED = ("max", "min", "avg")
_MOMENTS = ("max_at", "min_at")


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


def keep_statistics(known: Memory, mine: Mine, rows: Iterable[Mapping[str, Any]], *, now: datetime) -> None:
    """A mine's own statistics of its points (TJSJ): one row per (point, start, end). Of several the one with the later data time stays."""
    newest: dict[tuple[str, int, int | None], Mapping[str, Any]] = {}
    for row in rows:
        key = (row["point"], row["start"], row["end"])
        if key not in newest or row["at"] >= newest[key]["at"]:
            newest[key] = row
    missing = sorted({code for code, _start, _end in newest if known.table.get(code) is None})
    if missing:
        known.strangers(mine, missing, now)
    asked = {known.table.number(code) for code, _start, _end in newest}
    starts = {moment(start) for _code, start, _end in newest}
    there = {
        (each.point_id, each.start, each.end): each
        for each in Statistic.objects.filter(mine=mine, point__in=asked, start__in=starts)
    }
    made, changed = [], []
    for (code, start, end), row in newest.items():
        number = known.table.number(code)
        key_there = (number, moment(start), None if end is None else moment(end))
        kept = there.get(key_there)
        if kept is None:
            kept = Statistic(mine=mine, point_id=number, start=key_there[1], end=key_there[2])
            made.append(kept)
        elif kept.sent_at > moment(row["at"]):
            continue
        else:
            changed.append(kept)
        kept.sent_at = moment(row["at"])
        for name in _COPIED:
            setattr(kept, name, row[name])
        for name in _MOMENTS:
            setattr(kept, name, None if row[name] is None else moment(row[name]))
    Statistic.objects.bulk_create(made, batch_size=500)
    update_all(changed, *_COPIED, *_MOMENTS, "sent_at")

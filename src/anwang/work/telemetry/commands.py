"""``anwang gas``: files in from a folder, the landing folder watched, the history asked."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from django.utils import timezone

from anwang.ground.base.errors import Refused
from anwang.work.telemetry import services, store
from anwang.work.telemetry.dialects.grammar import stamp_of
from anwang.work.telemetry.history import Series
from anwang.work.telemetry.memory import millis
from anwang.work.telemetry.models import Episode, SensorPoint
from anwang.work.telemetry.services import Receipt, UploadedFile
from anwang.work.telemetry.services.landing import AT_ONCE, by_time

STATES = ("taken", "duplicate", "incomplete", "refused")


def ingest(path: Path, *, now: datetime, progress: Callable[[int, int], None] | None = None) -> dict[str, Any]:
    """Take a file, or all ``.txt`` files of a folder in the order of their stamps. The files stay where they are."""
    if not path.exists():
        raise Refused("telemetry.path_missing", path=str(path))
    paths = [path] if path.is_file() else sorted(_texts(path), key=by_time)
    receipts: list[Receipt] = []
    for first in range(0, len(paths), AT_ONCE):
        part = paths[first : first + AT_ONCE]
        receipts += services.receive([UploadedFile(each.name, each.read_bytes()) for each in part], now=now)
        if progress:
            progress(len(receipts), len(paths))
    return {
        "files": len(receipts),
        **{state: sum(each.state == state for each in receipts) for state in STATES},
        "readings": sum(each.readings for each in receipts),
        "late": sum(each.late for each in receipts),
        "rejected": sum(each.rejected for each in receipts),
        "not_taken": [
            asdict(each) | {"words": each.words} for each in receipts if each.state in {"incomplete", "refused"}
        ],
    }


def last_values(mine: str) -> list[dict[str, Any]]:
    """The last value of every point of a mine. Raises Refused("telemetry.nothing_there")."""
    points = list(SensorPoint.objects.filter(mine__code=mine).order_by("sensor_type", "code"))
    if not points:
        raise Refused("telemetry.nothing_there", code=mine)
    last = store.reader().last([point.pk for point in points])
    return [
        {
            "point": point.code,
            "location": point.location,
            "at": stamp_of(int(at)) if at else None,
            "value": float(value) if at else None,
            "status": int(status),
        }
        for point, at, value, status in zip(points, last.at, last.value, last.status, strict=True)
    ]


def day(point: str, on: date) -> list[dict[str, Any]]:
    """All readings of a point on a local day. Raises Refused("telemetry.nothing_there")."""
    return _rows(store.reader().day(_point(point).pk, on))


def month(point: str, year: int, number: int) -> list[dict[str, Any]]:
    """A point's calendar month in steps of five minutes that have a reading. Raises Refused("telemetry.nothing_there")."""
    found = store.reader().month(_point(point).pk, year, number)
    seen, n, at = found.seen[0], found.n[0], found.at
    low, high, mean = found.low[0], found.high[0], found.mean[0]
    return [
        {
            "at": stamp_of(int(at[step])),
            "seen": int(seen[step]),
            "n": int(n[step]),
            "min": float(low[step]) if n[step] else None,
            "max": float(high[step]) if n[step] else None,
            "avg": round(float(mean[step]), 4) if n[step] else None,
        }
        for step in np.flatnonzero(seen).tolist()
    ]


def around(episode: str, minutes: int, *, now: datetime) -> list[dict[str, Any]]:
    """The readings of an episode's point from so many minutes before it until so many after.

    Raises Refused("telemetry.nothing_there").
    """
    row = Episode.objects.filter(pk=episode, point__isnull=False).first()
    if row is None or row.point_id is None:
        raise Refused("telemetry.nothing_there", code=episode)
    aside = timedelta(minutes=minutes)
    return _rows(store.reader().around(row.point_id, millis(row.start - aside), millis((row.end or now) + aside)))


def _point(code: str) -> SensorPoint:
    found = SensorPoint.objects.filter(code=code).first()
    if found is None:
        raise Refused("telemetry.nothing_there", code=code)
    return found


def _rows(found: Series) -> list[dict[str, Any]]:
    columns = (found.at.tolist(), found.value.tolist(), found.status.tolist())
    return [{"at": stamp_of(at), "value": value, "status": status} for at, value, status in zip(*columns, strict=True)]


def watch(
    folder: Path | None, *, stop: threading.Event, once: bool = False, every: float = 1.0
) -> Iterator[services.landing.Swept]:
    """Sweep the landing folder until told to stop; yields what each sweep that found something came to."""
    while not stop.is_set():
        now = timezone.now()
        swept = services.sweep(now=now, where=folder)
        services.tick(now=now)
        if swept.receipts:
            yield swept
        if once:
            return
        stop.wait(every)


def _texts(folder: Path) -> Iterator[Path]:
    return (each for each in folder.iterdir() if each.is_file() and each.suffix.lower() == ".txt")

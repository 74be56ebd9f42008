"""Events of the engine as rows, and the news of them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from anwang.ground.base.models import update_all
from anwang.work.telemetry import ports
from anwang.work.telemetry.engine import CLOSED, KINDS, MEASURED, OPENED
from anwang.work.telemetry.memory import Memory, moment
from anwang.work.telemetry.models import Episode, Mine
from anwang.work.telemetry.ports import News, What

_LIMIT = {
    "001": ("high_alarm", "high_alarm_clear"),
    "001L": ("low_alarm", "low_alarm_clear"),
    "002": ("high_cut", "high_restore"),
    "002L": ("low_cut", "low_restore"),
}
_LOW = frozenset({"001L", "002L"})
_CHANGED = ("end", "n", "max", "max_at", "min", "min_at", "avg", "closed_at")


def store(memory: Memory, mines: Iterable[Mine], events: Any, running: Any, *, now: datetime) -> list[News]:
    """Write what happened, in its order, and tell the rooms above. Call inside the transaction that holds the feeds."""
    if not len(events) and not len(running):
        return []
    mine_of = {mine.index: mine for mine in mines}
    open_rows = {
        (row.mine_id, row.point_id, row.what): row
        for row in Episode.objects.filter(mine__in=mine_of.values(), end__isnull=True).select_related("mine", "point")
    }
    fresh: dict[str, Episode] = {}
    changed: dict[str, Episode] = {}
    news: list[News] = []
    for event in [*events, *running]:
        mine = mine_of[int(event["mine"])]
        number = int(event["point"]) if event["point"] >= 0 else None
        what = KINDS[event["kind"]]
        key = (mine.pk, number, what)
        row = open_rows.get(key)
        opening = row is None
        if row is None:
            row = open_rows[key] = fresh_row(memory, mine, number, what, start=moment(int(event["start"])), now=now)
            fresh[row.pk] = row
        before = row.max, row.min
        if event["kind"] < MEASURED:
            row.n = int(event["n"])
            row.max, row.max_at = float(event["max"]), moment(int(event["max_at"]))
            row.min, row.min_at = float(event["min"]), moment(int(event["min_at"]))
            row.avg = float(event["total"]) / row.n
        if row.pk not in fresh:
            changed[row.pk] = row
        if opening:
            news.append(News(What.OPENED, row))
        if event["what"] == CLOSED:
            row.end, row.closed_at = moment(int(event["end"])), now
            del open_rows[key]
            news.append(News(What.CLOSED, row))
        elif event["what"] != OPENED and not opening and _further(what, before, row):
            news.append(News(What.RAISED, row))
    # What ends makes room under the index of one open episode per point and kind before what begins is written.
    update_all(changed.values(), *_CHANGED)
    Episode.objects.bulk_create(fresh.values(), batch_size=500)
    ports.announce(news, now)
    return news


def fresh_row(memory: Memory, mine: Mine, number: int | None, what: str, *, start: datetime, now: datetime) -> Episode:
    point = memory.points[number] if number is not None else None
    row = Episode(
        mine=mine,
        point=point,
        enterprise_id=mine.enterprise_id,
        domain=mine.domain,
        what=what,
        start=start,
        opened_at=now,
        definition_id=point.definition_id if point else None,
    )
    for column in ("region_id", "province_code", "city_code", "county_code", "town_code", "village_code", "grid_code"):
        setattr(row, column, getattr(mine, column))
    if point is not None and what in _LIMIT:
        limit, clear = (getattr(point, name) for name in _LIMIT[what])
        row.limit, row.clear = limit, limit if clear is None else clear
    return row


def _further(what: str, before: tuple[float | None, float | None], row: Episode) -> bool:
    highest, lowest = before
    if what in _LOW:
        return lowest is not None and row.min is not None and row.min < lowest
    return highest is not None and row.max is not None and row.max > highest

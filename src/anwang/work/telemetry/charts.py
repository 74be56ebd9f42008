"""What the charts draw: readings, limits as they were defined at the time, episodes as spans. Numbers and words, no drawing.

Times are milliseconds since 1970 UTC; the browser shows them in the mines' time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.urls import reverse
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from anwang.kernel import clock
from anwang.work.telemetry import history, labels, selectors, sensors, store
from anwang.work.telemetry.memory import millis, moment
from anwang.work.telemetry.models import Episode, SensorPoint

RAW_AT_MOST = 6_000
"""Readings that are drawn one by one; of more the minute's lowest, highest and mean."""
MINUTE_MS, FIVE_MS = 60_000, 300_000
HOUR_MS, DAY_MS = 3_600_000, 86_400_000

_LIMITS = ("high_cut", "high_alarm", "high_restore", "low_alarm", "low_cut", "low_restore")
_HATCHED = frozenset({"calibration"})


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table under a chart: an hour of a day, or a day of a month."""

    label: str
    at: datetime
    n: int
    seen: int
    low: float | None
    high: float | None
    mean: float | None
    url: str = ""


def span(point: SensorPoint, start: datetime, end: datetime, *, now: datetime) -> dict[str, Any]:
    """Everything of a point between two moments."""
    series = store.reader().around(point.pk, millis(start), millis(end))
    drawn: dict[str, Any]
    if len(series) <= RAW_AT_MOST:
        valid = (series.status & history.INVALID_BITS) == 0
        drawn = {"kind": "raw", "at": series.at.tolist(), "value": _numbers(np.where(valid, series.value, np.nan))}
    else:
        first = millis(start) // MINUTE_MS * MINUTE_MS
        drawn = _band(store.reader().grid([point.pk], first, millis(end), MINUTE_MS))
    return _chart(point, start, end, now=now, drawn=drawn)


def day_of(point: SensorPoint, day: date, *, now: datetime) -> dict[str, Any]:
    """A local day."""
    return span(point, clock.start_of_day(day), clock.start_of_day(clock.add_days(day, 1)), now=now)


def month_of(point: SensorPoint, first: date, *, now: datetime) -> dict[str, Any]:
    """A calendar month in steps of five minutes, from the roll-ups where there are some."""
    start, end = (moment(at) for at in history.month_bounds(first.year, first.month))
    return _chart(point, start, end, now=now, drawn=_band(store.reader().month(point.pk, first.year, first.month)))


def hours(point: SensorPoint, day: date) -> list[Line]:
    """The table of a day; hours without any reading are left out."""
    first, last = history.bounds(day)
    return _lines(store.reader().grid([point.pk], first, last, HOUR_MS), "%H:%M")


def days(point: SensorPoint, first: date) -> list[Line]:
    """The table of a month; days without any reading are left out."""
    start, end = history.month_bounds(first.year, first.month)
    return _lines(store.reader().grid([point.pk], start, end, DAY_MS), "%m-%d", url=point_url(point))


def readings(point: SensorPoint, start: datetime, end: datetime, *, most: int) -> list[dict[str, Any]]:
    """Single readings with what their status says, the first ``most`` of them."""
    series = store.reader().around(point.pk, millis(start), millis(end))
    return [
        {"at": moment(at), "value": value, "words": selectors.said(point.sensor_type, value), "status": status_words(status)}
        for at, value, status in zip(
            series.at[:most].tolist(), series.value[:most].tolist(), series.status[:most].tolist(), strict=True
        )
    ]  # fmt: skip


def status_words(status: int) -> str:
    """The bits of a reading's status in words."""
    return "、".join(str(words) for bit, words in labels.STATUS_BITS if status & bit)


def point_url(point: SensorPoint) -> str:
    return reverse("telemetry:point", args=[point.pk])


# --- parts ----------------------------------------------------------------------------------------------------------------


def _chart(
    point: SensorPoint, start: datetime, end: datetime, *, now: datetime, drawn: dict[str, Any]
) -> dict[str, Any]:
    kind = sensors.types().get(point.sensor_type)
    states = None
    if kind is not None and kind.states is not None:
        states = [selectors.said(point.sensor_type, float(n)) for n in (0, 1)]
    spans = [_span(each, end, now) for each in selectors.episodes_between(point, start, end)]
    return {
        "from": millis(start),
        "to": millis(end),
        "unit": point.unit,
        "step": point.value_type != "MN",
        "states": states,
        "series": drawn,
        "limits": _limits(point, start, end),
        "spans": spans,
        "shades": shades(spans, millis(start), millis(end)),
        "words": {
            "value": _("Value"),
            "low": _("Lowest"),
            "high": _("Highest"),
            "mean": _("Mean"),
            "none": _("No reading in this time"),
        },
    }


def _band(grid: history.Grid) -> dict[str, Any]:
    seen = np.flatnonzero(grid.seen[0])
    return {
        "kind": "band",
        "step": grid.step,
        "at": grid.at[seen].tolist(),
        "low": _numbers(grid.low[0][seen]),
        "high": _numbers(grid.high[0][seen]),
        "mean": _numbers(grid.mean[0][seen]),
    }


def _numbers(values: NDArray[np.float64]) -> list[float | None]:
    return [round(value, 4) if ok else None for value, ok in zip(values.tolist(), np.isfinite(values), strict=True)]


def _limits(point: SensorPoint, start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Each limit with the time in which it held: definitions change, and a day is judged by those of the day."""
    rows = sorted(selectors.definitions(point), key=lambda row: (row.at, row.pk))
    found: list[dict[str, Any]] = []
    for n, row in enumerate(rows):
        begins = start if n == 0 else max(row.at, start)
        ends = min(rows[n + 1].at, end) if n + 1 < len(rows) else end
        if ends <= begins:
            continue
        for name in _LIMITS:
            value = row.fields.get(name)
            if value is None or (
                name.endswith("restore") and value == row.fields.get(name.replace("restore", "alarm"))
            ):
                continue
            before = next((each for each in found if each["key"] == name and each["value"] == value), None)
            if before is not None and before["to"] == millis(begins):
                before["to"] = millis(ends)
                continue
            words = f"{labels.LIMIT[name]} {value:g}"
            found.append({"key": name, "label": words, "value": value, "from": millis(begins), "to": millis(ends)})
    return found


def _span(episode: Episode, end: datetime, now: datetime) -> dict[str, Any]:
    return {
        "from": millis(episode.start),
        "to": millis(episode.end or min(end, now)),
        "label": str(labels.KIND[episode.what]),
        "how": "hatched" if episode.what in _HATCHED else "crossed" if episode.what in selectors.CROSSED else "plain",
        "url": reverse("telemetry:episode", args=[episode.pk]),
    }


def shades(spans: Sequence[dict[str, Any]], start: int, end: int) -> list[dict[str, Any]]:
    """The areas that are shaded: at any moment one of each look however many episodes overlap, and no grey under a crossed
    limit, so that nothing is darker than it means. ``label`` names what met in an area; ``url`` is the episode where it is
    one alone.

    An area is at least a four-hundredth of the drawn time wide, or nobody would see it.
    """
    least = max((end - start) // 400, 1)
    merged: dict[str, list[dict[str, Any]]] = {"crossed": [], "plain": [], "hatched": []}
    for span in sorted(spans, key=lambda each: each["from"]):
        begin = max(span["from"], start)
        if begin >= end or span["to"] < start:
            continue
        stop = min(max(span["to"], begin + least), end)
        areas = merged[span["how"]]
        if areas and begin <= areas[-1]["to"]:
            area = areas[-1]
            area["to"] = max(area["to"], stop)
            area["labels"].setdefault(span["label"])
            area["url"] = ""
        else:
            areas.append({"from": begin, "to": stop, "labels": {span["label"]: None}, "url": span["url"]})
    merged["plain"] = [piece for area in merged["plain"] for piece in _without(area, merged["crossed"])]
    return [
        {"from": area["from"], "to": area["to"], "label": " · ".join(area["labels"]), "how": how, "url": area["url"]}
        for how, areas in merged.items()
        for area in areas
    ]


def _without(area: dict[str, Any], others: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is left of an area beside others that lie in order and do not overlap."""
    pieces, begin = [], area["from"]
    for other in others:
        if other["to"] <= begin or other["from"] >= area["to"]:
            continue
        if other["from"] > begin:
            pieces.append({**area, "from": begin, "to": other["from"]})
        begin = other["to"]
    if begin < area["to"]:
        pieces.append({**area, "from": begin})
    return pieces


def _lines(grid: history.Grid, form: str, *, url: str = "") -> list[Line]:
    found = []
    low, high, mean = _numbers(grid.low[0]), _numbers(grid.high[0]), _numbers(grid.mean[0])
    for n in np.flatnonzero(grid.seen[0]).tolist():
        at = clock_local(moment(int(grid.at[n])))
        found.append(
            Line(
                at.strftime(form),
                at,
                int(grid.n[0][n]),
                int(grid.seen[0][n]),
                low[n],
                high[n],
                mean[n],
                f"{url}?day={at.date().isoformat()}" if url else "",
            )
        )
    return found


def clock_local(at: datetime) -> datetime:
    return at.astimezone(clock.ZONE)


def months_back(today: date, n: int) -> Sequence[date]:
    """First days of this month and of the ``n`` before it."""
    found = [today.replace(day=1)]
    for _n in range(n):
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found

"""A mine's own statistics (TJSJ) beside our own figures: of a point's day, and of all points of a mine on a day."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from anwang.kernel import clock
from anwang.work.telemetry import labels, selectors, stated
from anwang.work.telemetry.models import Mine, SensorPoint
from anwang.work.telemetry.rules import Difference, Verdict
from anwang.work.telemetry.web import common

TONES = {Verdict.AGREES: "done", Verdict.DIFFERS: "late"}
_IN = {
    "high": {Difference.MAX_LOWER, Difference.MAX_HIGHER, Difference.MAX_TIME},
    "low": {Difference.MIN_HIGHER, Difference.MIN_LOWER, Difference.MIN_TIME},
    "mean": {Difference.AVG_HIGHER, Difference.AVG_LOWER},
}
"""Which number a difference is in."""


def of_point(point: SensorPoint, day: date, *, everything: bool) -> dict[str, Any]:
    """The statistics that begin on a day, beside ours; without ``everything`` those that do not agree."""
    start, end = clock.start_of_day(day), clock.start_of_day(clock.add_days(day, 1))
    lines = stated.beside(point, list(stated.rows(point, start, end)))
    verdicts = Counter(line.verdict for line in lines)
    shown = [line for line in lines if everything or line.verdict != Verdict.AGREES]
    path = f"{reverse('telemetry:point', args=[point.pk])}?day={day.isoformat()}"
    return {
        "stated": [_row(line) for line in shown],
        "stated_n": len(lines),
        "stated_words": _counted(verdicts),
        "stated_all": everything,
        "stated_url": f"{path}{'' if everything else '&stated=all'}#gas-stated",
        "stated_rules": rules_in_words(point.sensor_type),
        "stated_few": len(lines) > len(shown) or everything,
    }


def _row(line: stated.Line) -> dict[str, Any]:
    row, found = line.row, set(line.differences)
    return {
        "period": _period(row.start, row.end),
        "verdict": labels.VERDICTS[line.verdict],
        "tone": TONES.get(line.verdict, "waiting"),
        "note": labels.VERDICT_NOTES.get(line.verdict, ""),
        "differences": [labels.DIFFERENCES[each] for each in line.differences],
        "n": line.n,
        "pairs": [
            _pair(_("Highest"), row.max, row.max_at, line.high, line.high_at, bool(found & _IN["high"])),
            _pair(_("Mean"), row.avg, None, line.mean, None, bool(found & _IN["mean"])),
            _pair(_("Lowest"), row.min, row.min_at, line.low, line.low_at, bool(found & _IN["low"])),
        ],
    }


def _pair(
    label: str,
    theirs: float | None,
    their_at: datetime | None,
    ours: float | None,
    our_at: datetime | None,
    differs: bool,
) -> dict[str, Any]:
    return {
        "label": label,
        "theirs": common.number(theirs),
        "their_at": _time(their_at),
        "ours": common.number(ours),
        "our_at": _time(our_at),
        "differs": differs,
    }


def _time(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%H:%M:%S") if at else ""


def _period(start: datetime, end: datetime | None) -> str:
    """08:00–08:05; with the days where it does not end on the day it began."""
    first = timezone.localtime(start)
    if end is None:
        return f"{first:%H:%M:%S}–?"
    last = timezone.localtime(end)
    form = "%H:%M" if first.second == last.second == 0 else "%H:%M:%S"
    if last - first > timedelta(days=1) or (last.date() != first.date() and last.time() != datetime.min.time()):
        return f"{first:%m-%d {form}}–{last:%m-%d {form}}"
    return f"{first.strftime(form)}–{'24:00' if last.date() != first.date() else last.strftime(form)}"


def _counted(verdicts: Counter[Verdict]) -> list[dict[str, Any]]:
    """How many of each verdict, what differs first."""
    order = (Verdict.DIFFERS, Verdict.GAP, Verdict.UNSEEN, Verdict.NOTHING, Verdict.AGREES)
    return [
        {"label": labels.VERDICTS[each], "tone": TONES.get(each, "waiting"), "n": verdicts[each]}
        for each in order
        if verdicts[each]
    ]


def rules_in_words(sensor_type: str = "") -> dict[str, Any]:
    """The numbers a comparison is made with, for the sentence under it."""
    found = stated.library()
    return {
        "rounding": f"{stated.rounding(sensor_type):g}",
        "seconds": f"{float(found['time_seconds']):g}",
        "percent": f"{float(found['share']) * 100:g}",
    }


def of_mine(mine: Mine, day: date, today: date) -> dict[str, Any]:
    """All points of a mine on a day, those with differences first."""
    lines = stated.of_mine(mine, day)
    path = reverse("telemetry:reports", args=[mine.code])
    before, after = clock.add_days(day, -1), clock.add_days(day, 1)
    verdicts: Counter[Verdict] = Counter()
    for line in lines:
        verdicts.update(line.verdicts)
    return {
        "lines": [_line(line, day) for line in lines],
        "stated_words": _counted(+verdicts),
        "stated_rules": rules_in_words(),
        "day": day,
        "today": today,
        "before_url": f"{path}?list=statistics&day={before.isoformat()}",
        "after_url": f"{path}?list=statistics&day={after.isoformat()}" if after <= today else "",
    }


def _line(line: stated.PointLine, day: date) -> dict[str, Any]:
    return {
        "name": line.point.location or line.point.code,
        "type": selectors.type_words(line.point),
        "url": f"{reverse('telemetry:point', args=[line.point.pk])}?day={day.isoformat()}#gas-stated",
        "n": line.n,
        "differing": line.differing,
        "agreeing": line.agreeing,
        "undecided": line.undecided,
        "differences": [
            f"{labels.DIFFERENCES[each]} ×{line.differences[each]}" for each in Difference if line.differences[each]
        ],
    }

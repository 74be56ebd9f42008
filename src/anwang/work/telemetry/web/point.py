"""One point: its day, its month, how it was defined; and which place of the standard it stands at."""

from datetime import date, datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import sheets
from anwang.ground.base.parts import Fact
from anwang.kernel import clock
from anwang.work.telemetry import charts, labels, places, selectors
from anwang.work.telemetry.models import Definition, SensorPoint
from anwang.work.telemetry.web import common, stated
from anwang.work.telemetry.web.mine import place_limits, place_words

MONTHS = 13
MOST_READINGS = 200_000


def _day(text: str, today: date) -> date:
    """The day asked for, never a later one than today; today where it is none."""
    try:
        return min(date.fromisoformat(text), today)
    except ValueError:
        return today


def _month(text: str, today: date) -> date | None:
    """First day of the month asked for; None where no month was."""
    try:
        return min(date.fromisoformat(f"{text}-01"), today.replace(day=1))
    except ValueError:
        return None


def _asked(request: HttpRequest, point_id: int) -> tuple[User, SensorPoint, datetime, date, date | None]:
    user, now = common.reader(request), timezone.now()
    today = clock.local_date(now)
    query = request.GET
    found = selectors.point(user, point_id)
    return user, found, now, _day(query.get("day", ""), today), _month(query.get("month", ""), today)


@login_required
@require_GET
def point(request: HttpRequest, point_id: int) -> HttpResponse:
    """A day of a point, or a month with ?month=2026-11."""
    user, found, now, day, month = _asked(request, point_id)
    today, last = clock.local_date(now), selectors.last_of(found)
    here = charts.point_url(found)
    query = f"month={month:%Y-%m}" if month else f"day={day.isoformat()}"
    start = clock.start_of_day(month or day)
    end = clock.start_of_day(_after(month) if month else clock.add_days(day, 1))
    lines = charts.days(found, month) if month else charts.hours(found, day)
    touching = selectors.episodes_between(found, start, end)
    common.dressed(touching, now)
    context = {
        "page_title": found.location or found.code,
        "point": found,
        "mine": found.mine,
        "type_words": selectors.type_words(found),
        "last": last,
        "facts": _facts(found, last),
        "marks": [common.mark(kind) for kind in selectors.gravest_first(_open(touching))],
        "day": day,
        "month": month,
        "today": today,
        "data_url": f"{reverse('telemetry:point_data', args=[found.pk])}?{query}",
        "excel_url": f"{reverse('telemetry:point_export', args=[found.pk])}?{query}"
        if scope.may(user, Permission.LEDGER_EXPORT) else "",
        "lines": lines,
        "episodes": touching,
        "definitions": [_definition(each) for each in selectors.definitions(found)],
        "partners": selectors.partners(found),
        "day_url": f"{here}?day={(day if not month else min(_last(month), today)).isoformat()}",
        "month_url": f"{here}?month={(month or day):%Y-%m}",
        "months": [{"value": f"{each:%Y-%m}"} for each in charts.months_back(today, MONTHS)],
        **_neighbours(here, day, month, today),
        **({} if month else stated.of_point(found, day, everything=request.GET.get("stated") == "all")),
        "now": now,
    }  # fmt: skip
    return render(request, "telemetry/point.html", context)


def _open(rows: Any) -> list[str]:
    return [row.what for row in rows if row.end is None]


def _after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _last(month: date) -> date:
    return clock.add_days(_after(month), -1)


def _neighbours(here: str, day: date, month: date | None, today: date) -> dict[str, str]:
    """Addresses of the time before and after; none beyond today."""
    if month:
        before, after = clock.add_days(month, -1), _after(month)
        later = f"{here}?month={after:%Y-%m}" if after <= today else ""
        return {"before_url": f"{here}?month={before:%Y-%m}", "after_url": later}
    after = clock.add_days(day, 1)
    later = f"{here}?day={after.isoformat()}" if after <= today else ""
    return {"before_url": f"{here}?day={clock.add_days(day, -1).isoformat()}", "after_url": later}


def _facts(found: SensorPoint, last: selectors.Value) -> list[Fact]:
    row = places.row(found.place) if found.place else None
    facts = [
        Fact(_("Coal mine"), found.mine.name, reverse("telemetry:mine", args=[found.mine.code])),
        Fact(_("Sensor type"), selectors.type_words(found)),
        Fact(_("Last value"), f"{last.words} {found.unit}".strip() or "—"),
        Fact(_("Data time"), timezone.localtime(last.at).strftime("%Y-%m-%d %H:%M:%S") if last.at else "—"),
        Fact(_("Code"), found.code),
    ]
    if row is not None:
        facts.append(Fact(_("Place by the standard"), f"{place_words(row)}（{place_limits(row)}）", wide=True))
    limits = " · ".join(
        f"{words} {value:g}" for name, words in labels.LIMIT.items() if (value := getattr(found, name)) is not None
    )
    facts.append(Fact(_("Limits set by the mine"), limits or _("none"), wide=True))
    return facts


def _definition(row: Definition) -> dict[str, Any]:
    said = row.fields
    return {
        "at": row.at,
        "received_at": row.received_at,
        "location": said.get("location", ""),
        "limits": " · ".join(
            f"{words} {said[name]:g}" for name, words in labels.LIMIT.items() if said.get(name) is not None
        ),
    }


@login_required
@require_GET
def data(request: HttpRequest, point_id: int) -> JsonResponse:
    """What the chart draws, for the same question as the page."""
    _user, found, now, day, month = _asked(request, point_id)
    return JsonResponse(charts.month_of(found, month, now=now) if month else charts.day_of(found, day, now=now))


@login_required
@require_GET
def export(request: HttpRequest, point_id: int) -> HttpResponse:
    """The table under the chart as Excel; with ?raw=1 every reading of the day."""
    user, found, _now, day, month = _asked(request, point_id)
    scope.require(user, Permission.LEDGER_EXPORT)
    when = f"{month:%Y-%m}" if month else day.isoformat()
    note = " · ".join(part for part in (found.mine.name, found.code, found.unit) if part)
    title = f"{found.location or found.code} {when}"
    if request.GET.get("raw") == "1" and not month:
        rows: Any = charts.readings(found, clock.start_of_day(day), clock.start_of_day(clock.add_days(day, 1)), most=MOST_READINGS)  # fmt: skip
        columns = [
            sheets.Column(_("Data time"), lambda row: timezone.localtime(row["at"]).strftime("%Y-%m-%d %H:%M:%S")),
            sheets.Column(_("Value"), lambda row: row["value"], kind="decimal"),
            sheets.Column(_("Status by the mine"), lambda row: row["status"]),
        ]
    else:
        rows = charts.days(found, month) if month else charts.hours(found, day)
        columns = [
            sheets.Column(_("Day") if month else _("Hour"), lambda row: row.label),
            sheets.Column(_("Lowest"), lambda row: row.low, kind="decimal"),
            sheets.Column(_("Highest"), lambda row: row.high, kind="decimal"),
            sheets.Column(_("Mean"), lambda row: row.mean, kind="decimal"),
            sheets.Column(_("Valid readings"), lambda row: row.n, kind="number"),
            sheets.Column(_("Readings"), lambda row: row.seen, kind="number"),
        ]
    return common.excel(rows, columns, title=title, note=note)

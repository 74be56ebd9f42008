"""Gas over its limit by month: the figures of each mine, what they mean, the rows behind them."""

from datetime import date, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import sheets
from anwang.ground.base.parts import Cell, Figure, Number
from anwang.kernel import clock
from anwang.work.telemetry import charts, selectors, statistics
from anwang.work.telemetry.web import common

MONTHS = 24


def _asked(request: HttpRequest) -> dict[str, Any]:
    """Month and county as the address asks for them, and the lines they make."""
    user, now = common.reader(request), timezone.now()
    today = clock.local_date(now)
    try:
        first = min(date.fromisoformat(f"{request.GET.get('month', '')}-01"), today.replace(day=1))
    except ValueError:
        first = today.replace(day=1)
    counties = selectors.counties(user, now=now)
    code = request.GET.get("county", "")
    county = next((each for each in counties if each.code == code), None) if len(counties) > 1 else None
    return {
        "user": user,
        "now": now,
        "today": today,
        "first": first,
        "counties": counties,
        "county": county,
        "lines": statistics.lines(user, first, now=now, county=county.code if county else ""),
    }


def definition() -> str:
    return _(
        "Over-limits are periods in which a methane sensor of the air was at or above its alarm value, begun in the month; "
        "two sensors at once are two. Minutes are those that lie in the month. An open one counts until now. "
        "A place repeats from two over-limits a month on. Calibration and sensors without contact never count."
    )


def _places(month: statistics.Month) -> str:
    return "、".join(f"{place} ×{n}" for place, n in month.repeated)


def _change(line: statistics.Line) -> str:
    more = line.month.n - line.before.n
    return f"+{more}" if more > 0 else str(more)


@login_required
@require_GET
def months(request: HttpRequest) -> HttpResponse:
    asked = _asked(request)
    first: date = asked["first"]
    lines: list[statistics.Line] = asked["lines"]
    shown = [line for line in lines if line.month.n or line.before.n or line.month.minutes]
    n, before = sum(line.month.n for line in lines), sum(line.before.n for line in lines)
    last = min(clock.add_days((first + timedelta(days=32)).replace(day=1), -1), asked["today"])

    def rows_url(line: statistics.Line) -> str:
        path = reverse("telemetry:mine_episodes", args=[line.mine.code])
        return f"{path}?kind=001&methane=1&start_from={first.isoformat()}&start_to={last.isoformat()}"

    query = request.GET.urlencode()
    figure = Figure(
        key="gas-over",
        title=_("Gas over limit, %(month)s") % {"month": f"{first:%Y-%m}"},
        definition=definition(),
        computed_at=asked["now"],
        heads=[_("Coal mine"), _("Over-limits"), _("Month before"), _("Minutes over limit"), _("Longest, minutes"),
               _("Highest, %CH4"), _("Against the month before"), _("Places that repeat")],
        rows=[
            [
                Cell(line.mine.name, reverse("telemetry:mine", args=[line.mine.code])),
                Cell(line.month.n, rows_url(line) if line.month.n else ""),
                line.before.n,
                round(line.month.minutes, 1),
                round(line.month.longest, 1),
                common.number(line.month.highest),
                _change(line),
                _places(line.month),
            ]
            for line in shown
        ],
        chart="bar",
        drawn=2,
        excel_url=f"{reverse('telemetry:months_export')}{'?' + query if query else ''}"
        if scope.may(asked["user"], Permission.FIGURES_EXPORT) else "",
    )  # fmt: skip
    context = {
        "page_title": _("Gas over limit by month"),
        "tabs": common.sections("months"),
        "figure": figure if shown else None,
        "quiet": len(lines) - len(shown),
        "numbers": [
            Number(_("Over-limits"), n, note=_("month before: %(n)s") % {"n": before}),
            Number(_("Minutes over limit"), round(sum(line.month.minutes for line in lines))),
            Number(_("Mines with over-limits"), sum(line.month.n > 0 for line in lines)),
            Number(_("Places that repeat"), sum(len(line.month.repeated) for line in lines)),
        ],
        "month": f"{first:%Y-%m}",
        "months": [f"{each:%Y-%m}" for each in charts.months_back(asked["today"], MONTHS)],
        "counties": asked["counties"] if len(asked["counties"]) > 1 else [],
        "county": asked["county"],
        "now": asked["now"],
    }
    return render(request, "telemetry/months.html", context)


@login_required
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """The same table as Excel, the mines without an over-limit too."""
    asked = _asked(request)
    scope.require(asked["user"], Permission.FIGURES_EXPORT)
    columns = [
        sheets.Column(_("Coal mine"), lambda line: line.mine.name),
        sheets.Column(_("Code"), lambda line: line.mine.code),
        sheets.Column(_("Over-limits"), lambda line: line.month.n, kind="number"),
        sheets.Column(_("Month before"), lambda line: line.before.n, kind="number"),
        sheets.Column(_("Minutes over limit"), lambda line: round(line.month.minutes, 1), kind="decimal"),
        sheets.Column(_("Longest, minutes"), lambda line: round(line.month.longest, 1), kind="decimal"),
        sheets.Column(_("Highest, %CH4"), lambda line: line.month.highest, kind="decimal"),
        sheets.Column(_("Places that repeat"), lambda line: _places(line.month)),
    ]
    title = f"{_('Gas over limit by month')} {asked['first']:%Y-%m}"
    return common.excel(asked["lines"], columns, title=title, note=definition())

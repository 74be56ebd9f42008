"""Episodes as a list, of a region or of one mine, and one of them with what went on around it."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import keyset, sheets
from anwang.ground.base.parts import Column, Fact, Filter, Ledger
from anwang.kernel import clock
from anwang.work.telemetry import charts, labels, rules, selectors
from anwang.work.telemetry.models import Episode, Mine
from anwang.work.telemetry.web import common

KIND_CHOICES = [
    (kind.value, labels.KIND[kind.value])
    for kind in (*selectors.CROSSED, *selectors.QUIET)
]  # fmt: skip
AROUND = timedelta(minutes=10)
"""How much before and after an episode its page shows."""
MOST_ROWS = 20_000


def asked_for(request: HttpRequest, *, user: User, mine: Mine | None, lines: list[selectors.CountyLine]) -> Ledger:
    """The list as its address asks for it; the export makes the same."""
    kinds = [*KIND_CHOICES, (rules.Kind.MINE_SILENT.value, labels.KIND[rules.Kind.MINE_SILENT.value])]
    filters = [
        Filter("kind", _("Kind"), choices=kinds),
        Filter("open", _("Not ended yet"), kind="flag"),
        Filter("start", _("Began on"), kind="dates"),
        Filter("methane", _("Methane only"), kind="flag", quick=False),
    ]
    if len(lines) > 1:
        filters.insert(0, Filter("county", _("County"), kind="one", choices=[(each.code, each.name) for each in lines]))
    columns = [
        Column("start", _("Began"), always=True),
        Column("kind", _("Kind"), always=True),
        *([] if mine else [Column("mine", _("Coal mine"), always=True)]),
        Column("point", _("Point"), always=True),
        Column("lasted", _("Lasted")),
        Column("peak", _("Extreme value"), number=True),
        Column("limit", _("Limit"), number=True),
        Column("avg", _("Mean"), number=True, extra=True),
        Column("end", _("Ended at"), extra=True),
    ]
    export = (
        reverse("telemetry:mine_episodes_export", args=[mine.code]) if mine else reverse("telemetry:episodes_export")
    )
    return Ledger(
        request,
        key="gas.mine_episodes" if mine else "gas.episodes",
        title=_("Episodes"),
        row_template="telemetry/episode_row.html",
        columns=columns,
        filters=filters,
        exports={_("Excel"): export} if scope.may(user, Permission.LEDGER_EXPORT) else {},
        empty=_("When a limit is crossed, a point falls silent or a sensor is calibrated, it stands here."),
    )


def rows_of(asked: Ledger, *, user: User, mine: Mine | None) -> QuerySet[Episode]:
    found = selectors.episodes(user)
    if mine is not None:
        found = found.filter(mine=mine)
    if any(each.key == "county" for each in asked.filters) and asked.one("county"):
        found = found.filter(county_code=asked.one("county"))
    if kinds := asked.chosen("kind"):
        found = found.filter(what__in=kinds)
    if asked.flag("open"):
        found = found.filter(end__isnull=True)
    if asked.flag("methane"):
        found = selectors.of_methane(found)
    first, last = asked.dates("start")
    if first:
        found = found.filter(start__gte=clock.start_of_day(first))
    if last:
        found = found.filter(start__lte=clock.end_of_day(last))
    return found


def filled(request: HttpRequest, *, user: User, mine: Mine | None, now: datetime) -> Ledger:
    lines = [] if mine else selectors.counties(user, now=now)
    asked = asked_for(request, user=user, mine=mine, lines=lines)
    rows = rows_of(asked, user=user, mine=mine)
    page = keyset.page(rows, order=("-start", "id"), after=asked.after)
    common.dressed(page, now)
    whole = not page.next and not asked.after
    return asked.fill(page, count=len(page) if whole else rows.count())


@login_required
@require_GET
def episodes(request: HttpRequest) -> HttpResponse:
    """Of all mines in sight."""
    user, now = common.reader(request), timezone.now()
    context = {
        "ledger": filled(request, user=user, mine=None, now=now),
        "tabs": common.sections("episodes"),
        "now": now,
    }
    return render(request, "telemetry/episodes.html", context)


@login_required
@require_GET
def export(request: HttpRequest, code: str = "") -> HttpResponse:
    """Exactly the rows that the list shows, as Excel."""
    user, now = common.reader(request), timezone.now()
    scope.require(user, Permission.LEDGER_EXPORT)
    mine = selectors.mine(user, code) if code else None
    asked = asked_for(request, user=user, mine=mine, lines=[] if mine else selectors.counties(user, now=now))
    rows = rows_of(asked, user=user, mine=mine).order_by("-start", "id")[:MOST_ROWS]
    columns = [
        sheets.Column(_("Coal mine"), lambda row: row.mine.name),
        sheets.Column(_("Code"), lambda row: row.point.code if row.point else row.mine.code),
        sheets.Column(_("Point"), lambda row: row.point.location if row.point else ""),
        sheets.Column(_("Kind"), lambda row: str(labels.KIND[row.what])),
        sheets.Column(_("Began"), lambda row: row.start, kind="moment"),
        sheets.Column(_("Ended at"), lambda row: row.end, kind="moment"),
        sheets.Column(_("Minutes"), lambda row: _minutes(row, now), kind="decimal"),
        sheets.Column(_("Highest"), lambda row: row.max, kind="decimal"),
        sheets.Column(_("Lowest"), lambda row: row.min, kind="decimal"),
        sheets.Column(_("Mean"), lambda row: None if row.avg is None else round(row.avg, 4), kind="decimal"),
        sheets.Column(_("Limit"), lambda row: row.limit, kind="decimal"),
    ]
    name = f"{_('Episodes')} {mine.name if mine else ''}".strip()
    return common.excel(
        rows, columns, title=name, note=" · ".join(f"{chip.label} {chip.value}" for chip in asked.chips())
    )


def _minutes(episode: Episode, now: datetime) -> float:
    return round(((episode.end or now) - episode.start).total_seconds() / 60, 1)


# --- one ------------------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def episode(request: HttpRequest, episode_id: str) -> HttpResponse:
    """One episode: what it was, by which limit, what the mine reports of it, and ten minutes before and after."""
    user, now = common.reader(request), timezone.now()
    row: Episode = selectors.episodes(user).get(pk=episode_id)
    point = row.point
    unit = point.unit if point else ""
    facts = [
        Fact(_("Coal mine"), row.mine.name, reverse("telemetry:mine", args=[row.mine.code])),
        Fact(_("Began"), _moment(row.start)),
        Fact(_("Ended at"), _moment(row.end) if row.end else _("still open")),
        Fact(_("Lasted"), common.lasted(row, now)),
    ]
    if point:
        facts.insert(1, Fact(_("Point"), point.location or point.code, reverse("telemetry:point", args=[point.pk])))
        facts.append(Fact(_("Sensor type"), selectors.type_words(point)))
    if row.n:
        facts += [
            Fact(_("Highest"), f"{common.number(row.max)} {unit} · {_moment(row.max_at)}"),
            Fact(_("Lowest"), f"{common.number(row.min)} {unit} · {_moment(row.min_at)}"),
            Fact(_("Mean of %(n)s readings") % {"n": row.n}, f"{common.number(row.avg)} {unit}"),
        ]
    if row.limit is not None:
        facts.append(Fact(_("Limit it was judged by"), f"{common.number(row.limit)} {unit}"))
    if row.clear is not None and row.clear != row.limit:
        facts.append(Fact(_("Ends at"), f"{common.number(row.clear)} {unit}"))
    start, end = around(row, now)
    context = {
        "page_title": f"{labels.KIND[row.what]} · {point.location or point.code if point else row.mine.name}",
        "episode": row,
        "mark": common.mark(row.what),
        "facts": facts,
        "reports": selectors.reports_of(row),
        "reportable": row.what in rules.REPORTABLE,
        "readings": charts.readings(point, start, end, most=400) if point else [],
        "day": clock.local_date(row.start).isoformat(),
        "now": now,
    }
    return render(request, "telemetry/episode.html", context)


@login_required
@require_GET
def data(request: HttpRequest, episode_id: str) -> JsonResponse:
    """The readings of an episode's neighbourhood, for the chart."""
    user, now = common.reader(request), timezone.now()
    row: Episode = selectors.episodes(user).get(pk=episode_id, point__isnull=False)
    start, end = around(row, now)
    assert row.point is not None
    return JsonResponse(charts.span(row.point, start, end, now=now))


def around(row: Episode, now: datetime) -> tuple[datetime, datetime]:
    return row.start - AROUND, min((row.end or now) + AROUND, now + timedelta(seconds=1))


def _moment(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def report_rows(found: Any) -> list[dict[str, Any]]:
    """What the mine reports, as rows of a table."""
    return [
        {"row": row, "kind": labels.REPORTED.get(row.what, row.what), "max": common.number(row.max)} for row in found
    ]

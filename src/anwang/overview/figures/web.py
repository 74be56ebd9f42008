"""Figures with their tables and doors, their downloads, and the monthly report."""

import base64
from io import BytesIO
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET, require_POST

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import sheets
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Figure, Filter, Ledger
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.overview.figures import asked, catalogue, labels, rules, selectors, services
from anwang.overview.figures.catalogue import glance, late, major
from anwang.overview.figures.catalogue.frame import Frame
from anwang.work.hazards import labels as hazard_labels

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LISTED = 20
MONTHS_OFFERED = 24


def _user(request: HttpRequest, permission: Permission = Permission.FIGURES_READ) -> User:
    user = scope.who(request)
    scope.require(user, permission)
    return user


# --- what the page is asked -----------------------------------------------------------------------------------------


def _question(request: HttpRequest, user: User, tab: str) -> tuple[Ledger, Frame]:
    """The filters as the address asks for them, and the frame of sums they make."""
    query = request.GET
    choices, region = asked.regions_for(user, query.get("region", ""))
    domains = selectors.domains_of(user, Permission.HAZARD_READ)
    words = dict(Domain.choices)
    filters = [
        Filter("region", _("Region"), kind="one", choices=[(each.code, each.name) for each in choices]),
        Filter("period", _("Period"), kind="one", choices=[(p.value, word) for p, word in labels.PERIODS.items()]),
        Filter("domain", _("Domain"), choices=[(code, words[code]) for code in domains]),
        Filter(
            "grade",
            _("Grade"),
            choices=[*hazard_labels.GRADES, (asked.UNGRADED, hazard_labels.GRADE[""])],
        ),
        Filter("source", _("How found"), choices=hazard_labels.SOURCES),
    ]
    if tab == "base":
        filters = [each for each in filters if each.key in ("region", "domain")]
    bar = Ledger(request, key="figures", title=labels.TABS[tab], columns=[], row_template="", filters=filters)
    frame = asked.frame_of(
        user,
        now=timezone.now(),
        region=region,
        given={name: query.get(name, "") for name in ("period", "from", "to")},
        domains=bar.chosen("domain"),
        grades=bar.chosen("grade") if tab != "base" else [],
        sources=bar.chosen("source") if tab != "base" else [],
    )
    return bar, frame


def _tabs(frame: Frame, current: str) -> list[dict[str, Any]]:
    tail = f"?{frame.query}" if frame.query else ""
    return [
        {
            "key": key,
            "label": label,
            "url": (reverse("figures:index") if key == "overview" else reverse("figures:tab", args=[key])) + tail,
            "current": key == current,
        }
        for key, label in labels.TABS.items()
    ]


def _span_words(frame: Frame) -> str:
    span = frame.span
    if not span.first:
        return _("until %(last)s") % {"last": span.last}
    return span.first if span.first == span.last else f"{span.first} – {span.last}"


def _region_words(frame: Frame) -> str:
    if frame.region is not None:
        return frame.region.name
    return "、".join(top.name for top in selectors.tops(frame.question.user, Permission.HAZARD_READ))


# --- the tabs -------------------------------------------------------------------------------------------------------


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return tab(request, "overview")


@require_GET
def tab(request: HttpRequest, tab: str) -> HttpResponse:
    """One tab: the strip of figures, then charts with their tables."""
    user = _user(request)
    if tab not in catalogue.FIGURES:
        raise Http404
    bar, frame = _question(request, user, tab)
    context: dict[str, Any] = {
        "page_title": _("Figures and reports"),
        "tab": tab,
        "tabs": _tabs(frame, tab),
        "ledger": bar,
        "frame": frame,
        "span": _span_words(frame),
        "region_words": _region_words(frame),
        "now": frame.now,
        "figures": catalogue.of_tab(tab, frame),
    }
    if tab == "overview":
        context["numbers"] = glance.numbers(frame)
    elif tab == "late":
        rows = late.rows_of(frame.question).select_related("site", "unit").order_by("next_due_on", "id")
        context |= {"listed": list(rows[:LISTED]), "listed_title": _("Late the longest"),
                    "listed_url": frame.rows(found=False, late="1")}  # fmt: skip
    elif tab == "major":
        rows = major.rows_of(frame.question).select_related("site", "unit").order_by("next_due_on", "id")
        context |= {"listed": list(rows[:LISTED]), "listed_title": _("Major hazards that are open"),
                    "listed_url": frame.rows(found=False, grade="major")}  # fmt: skip
    return render(request, "figures/tab.html", context)


# --- downloads ------------------------------------------------------------------------------------------------------


@require_GET
def export(request: HttpRequest, key: str) -> HttpResponse:
    """The table of one figure as Excel: the same question, the same numbers."""
    user = _user(request, Permission.FIGURES_EXPORT)
    _bar, frame = _question(request, user, catalogue.tab_of(key) or "overview")
    figure = catalogue.one(key, frame)
    if figure is None:
        raise Refused("figures.unknown")
    note = " · ".join([_region_words(frame), _span_words(frame), str(figure.definition)])
    return _book(figure, note=note, name=f"{figure.title} {_region_words(frame)} {_span_words(frame)}")


def _book(figure: Figure, *, note: str, name: str) -> HttpResponse:
    into = BytesIO()
    columns = [sheets.Column(figure.heads[0]), *(sheets.Column(head) for head in figure.heads[1:])]
    rows = [[_plain(cell.value) for cell in row] for row in figure.cells()]
    sheets.write(rows, columns, to=into, title=figure.title, note=note)
    return _file(into.getvalue(), name)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float) else str(value)


def _file(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=sheets.file_name(name))
    response["Cache-Control"] = "no-store"
    return response


# --- the monthly report ---------------------------------------------------------------------------------------------


def _report_region(user: User, code: str) -> tuple[list[Region], Region | None]:
    """The regions a report may be about, and the one asked for (the user's own where none is)."""
    choices, chosen = asked.regions_for(user, code)
    if chosen is None:
        chosen = next(iter(selectors.tops(user, Permission.HAZARD_READ)), None)
    return [each for each in choices if selectors.may_issue(user, each)], chosen


def _report_month(request: HttpRequest, today: Any) -> str:
    """The month asked for; else the last one that is over, because that is the one to be reported."""
    month = (request.POST if request.method == "POST" else request.GET).get("month", "")
    return month if rules.is_month(month) else rules.before(clock.month_of(today))


@require_GET
def monthly(request: HttpRequest) -> HttpResponse:
    """Choose region and month, see the report as it prints, issue it; and those that were issued."""
    user = _user(request)
    now = timezone.now()
    today = clock.local_date(now)
    choices, region = _report_region(user, request.GET.get("region", ""))
    month = _report_month(request, today)
    frame = asked.frame_of(user, now=now, region=None, given={})
    context: dict[str, Any] = {
        "page_title": _("Figures and reports"),
        "tab": "monthly",
        "tabs": _tabs(frame, "monthly"),
        "choices": choices,
        "region": region,
        "month": month,
        "months": [rules.before(clock.month_of(today), n) for n in range(MONTHS_OFFERED)],
        "next_steps": request.GET.get("next_steps", "")[:2000],
        "unfinished": month == clock.month_of(today),
        "now": now,
    }
    if region is not None and selectors.may_issue(user, region):
        try:
            drawn = services.draft_monthly(
                region=region, month=month, by=user, now=now, next_steps=context["next_steps"]
            )
        except Refused as refused:
            context["refused"] = refused
        else:
            context["pages"] = [f"data:image/png;base64,{base64.b64encode(page).decode()}" for page in drawn.pictures]
            context["acts"] = [_issue_act(region, month, context["next_steps"])]
            context["table_url"] = f"{reverse('figures:table')}?region={region.code}&month={month}"
    papers = list(selectors.issued(user).select_related("issued_by")[:LISTED])
    names = dict(Region.objects.filter(pk__in={paper.thing_id for paper in papers}).values_list("code", "name"))
    context["issued"] = [
        (paper, names.get(paper.thing_id, ""), str(paper.data.get("data", {}).get("month", ""))) for paper in papers
    ]
    return render(request, "figures/monthly.html", context)


def _issue_act(region: Region, month: str, next_steps: str) -> Act:
    return Act(
        _("Issue the report"),
        reverse("figures:issue"),
        method="post",
        icon="send",
        primary=True,
        confirm=_("Issue the report of %(region)s for %(month)s under the next number? A number is never given twice.")
        % {"region": region.name, "month": month},
        values={"region": region.code, "month": month, "next_steps": next_steps},
    )


@require_POST
def issue(request: HttpRequest) -> HttpResponse:
    user = _user(request, Permission.FIGURES_EXPORT)
    now = timezone.now()
    _choices, region = _report_region(user, request.POST.get("region", ""))
    if region is None:
        raise Http404
    paper = services.issue_monthly(
        region_code=region.code,
        month=request.POST.get("month", ""),
        by=user,
        now=now,
        next_steps=request.POST.get("next_steps", ""),
    )
    if paper.issued_at < now:
        messages.info(
            request, _("%(number)s says exactly this already; no new number was used.") % {"number": paper.number}
        )
    else:
        messages.success(request, _("Issued as %(number)s.") % {"number": paper.number})
    return redirect("files:paper", paper.pk)


@require_GET
def table(request: HttpRequest) -> HttpResponse:
    """The report's numbers as Excel, region by region."""
    user = _user(request, Permission.FIGURES_EXPORT)
    now = timezone.now()
    _choices, region = _report_region(user, request.GET.get("region", ""))
    if region is None:
        raise Http404
    month = _report_month(request, clock.local_date(now))
    services.monthly(region=region, month=month, by=user, now=now)  # refuses what may not be reported
    found = selectors.report(user, region, month, now=now)
    columns = [
        sheets.Column(_("Region")),
        *(
            sheets.Column(title, kind="number")
            for title in (
                pgettext("figure", "Visits"),
                _("Hazards found on visits"),
                pgettext("figure", "Found"),
                _("Of these major"),
                _("Struck off"),
                _("On the spot"),
                _("Open at the end"),
                _("Late at the end"),
                _("Deadlines"),
                _("Kept"),
            )
        ),
        sheets.Column(_("Deadlines kept"), kind="percent"),
        sheets.Column(_("Days until struck off"), kind="decimal"),
    ]
    rows = [_line(place.name, one) for place, one in found.places]
    rows.append(_line(_("In all"), found.whole))
    title = _("Monthly figures of %(region)s, %(month)s") % {"region": region.name, "month": month}
    into = BytesIO()
    note = _("As the ledger stood on %(day)s") % {
        "day": timezone.localtime(found.computed_at).strftime("%Y-%m-%d %H:%M")
    }
    sheets.write(rows, columns, to=into, title=title, note=note)
    return _file(into.getvalue(), title)


def _line(name: str, one: selectors.Month) -> list[Any]:
    flow = one.flow
    return [
        name,
        one.visits.visits,
        one.visits.findings,
        one.found,
        one.major,
        flow.closed,
        flow.on_spot,
        one.left,
        one.late,
        flow.due,
        flow.in_time,
        flow.in_time / flow.due if flow.due else None,
        flow.mean_days,
    ]

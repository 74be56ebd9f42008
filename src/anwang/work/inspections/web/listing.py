"""The list of visits, and its Excel."""

from datetime import date
from io import BytesIO
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anwang.ground.accounts import scope
from anwang.ground.accounts import selectors as accounts
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import keyset, sheets
from anwang.ground.base.domains import Domain
from anwang.ground.base.parts import Act, Column, Filter, Ledger, Number
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.registers.sites.models import Site
from anwang.work.hazards import selectors as hazards
from anwang.work.inspections import labels, selectors
from anwang.work.inspections.models import Inspection, Plan
from anwang.work.inspections.rules import State

MOST_EXPORTED = 50_000


def asked_for(request: HttpRequest) -> Ledger:
    """The list as its address asks for it; the Excel makes the same from the same address."""
    user = request.user
    begin = Act(_("Begin an inspection"), reverse("inspections:start"), icon="clipboard-check", primary=True)
    may_visit = scope.may(user, Permission.INSPECTION_CONDUCT) or scope.may(user, Permission.INSPECTION_SELF)
    may_export = scope.may(user, Permission.LEDGER_EXPORT)
    return Ledger(
        request,
        key="inspections",
        title=_("Inspections"),
        row_template="inspections/row.html",
        columns=[
            Column("number", _("Number"), always=True),
            Column("site", _("Site"), always=True),
            Column("kind", _("Kind of visit")),
            Column("state", _("State")),
            Column("when", _("When"), sort="made"),
            Column("lead", _("Leader")),
            Column("found", _("Hazards"), number=True),
            Column("score", _("Score"), number=True, extra=True),
            Column("failed", _("Failed items"), number=True, extra=True),
            Column("domain", _("Domain"), extra=True),
            Column("campaign", _("Campaign"), extra=True),
        ],
        filters=[
            Filter("kind", _("Kind of visit"), choices=labels.KINDS),
            Filter("state", _("State"), choices=labels.STATES),
            Filter("mine", _("Mine"), kind="flag"),
            Filter("domain", _("Domain"), choices=Domain.choices, quick=False),
            Filter("region", _("Region"), kind="one", choices=_regions(request), quick=False),
            Filter("late", _("Day has passed"), kind="flag", quick=False),
            Filter("hazards", _("With hazards"), kind="flag", quick=False),
            Filter("made", _("Written down on"), kind="dates", quick=False),
            *_linked(request),
        ],
        default_sort="-made",
        search_label=_("Number, place or leader"),
        exports={_("Excel"): reverse("inspections:export")} if may_export else {},
        new=begin if may_visit else None,
        empty=_("Visits to places in your region appear here."),
        empty_act=begin if may_visit else None,
    )


def _regions(request: HttpRequest) -> list[tuple[str, str]]:
    rows = hazards.region_choices(request.user, request.GET.get("region", "")[:20])
    return [(region.code, region.name) for region in rows]


def _linked(request: HttpRequest) -> list[Filter]:
    """Filters that are followed from a link, there only while they are in force."""
    found = []
    for key, label, model in (("site", _("Site"), Site), ("plan", _("Plan"), Plan)):
        value = request.GET.get(key, "")[:26].replace("\0", "")
        row: Any = model.objects.visible_to(request.user).filter(pk=value).first() if value else None
        if row is not None:
            found.append(Filter(key, label, kind="one", choices=[(value, str(row))], quick=False))
    return found


def filters_of(asked: Ledger) -> selectors.Filters:
    code = asked.one("region")
    linked = {each.key for each in asked.filters}
    return selectors.Filters(
        kinds=asked.chosen("kind"),
        states=asked.chosen("state"),
        domains=asked.chosen("domain"),
        region=Region.objects.get(pk=code) if code else None,
        began=asked.dates("made"),
        mine=asked.flag("mine"),
        late=asked.flag("late"),
        with_hazards=asked.flag("hazards"),
        plan_id=asked.one("plan") if "plan" in linked else "",
        site_id=asked.one("site") if "site" in linked else "",
        text=asked.text.replace("\0", "")[:60],
    )


@login_required
@require_GET
def visits(request: HttpRequest) -> HttpResponse:
    scope.require(request.user, Permission.INSPECTION_READ)
    today = clock.local_date(timezone.now())
    asked = asked_for(request)
    rows = selectors.ledger(request.user, filters_of(asked), today=today)
    page = keyset.page(selectors.for_list(rows), order=selectors.ORDERS[asked.sort], after=asked.after)
    for row in page:
        decorate(row, today)
    context = {
        "ledger": asked.fill(page, count=rows.count()),
        "numbers": _numbers(request.user, today),
        "tab": "visits",
        "may_plan": scope.may(request.user, Permission.INSPECTION_PLAN),
        "eyes": accounts.eyes(request.user),  # type: ignore[arg-type]
    }
    return render(request, "inspections/list.html", context)


def decorate(row: Any, today: date) -> None:
    """What a row of the list shows besides its columns."""
    late = row.state == State.ARRANGED and row.due_on is not None and row.due_on < today
    row.tone = "late" if late else labels.TONE[row.state]
    row.state_word = labels.STATE[row.state]
    row.kind_word = labels.KIND[row.visit_kind]


def _numbers(user: Any, today: date) -> list[Number]:
    """The strip above the list; every figure is a door to its rows."""
    path = reverse("inspections:list")
    seen = Inspection.objects.visible_to(user)
    month = today.replace(day=1)
    done = seen.filter(state=State.DONE, made_at__gte=clock.start_of_day(month))
    found = [
        Number(_("Under way"), seen.filter(state=State.ONGOING).count(), f"{path}?state=ongoing"),
        Number(_("Arranged"), seen.filter(state=State.ARRANGED).count(), f"{path}?state=arranged"),
        Number(_("Done this month"), done.count(), f"{path}?state=done&made_from={month.isoformat()}"),
    ]
    late = seen.filter(state=State.ARRANGED, due_on__lt=today).count()
    if late:
        found.insert(1, Number(_("Day has passed"), late, f"{path}?late=1", tone="late"))
    slots = selectors.due(user, states=["late"], today=today).filter(plan__withdrawn_at__isnull=True).count()
    if slots:
        found.append(Number(_("Planned and late"), slots, reverse("inspections:due") + "?state=late", tone="late"))
    return found


@login_required
@require_GET
def export(request: HttpRequest) -> HttpResponse:
    """Exactly what the list shows, as Excel."""
    scope.require(request.user, Permission.LEDGER_EXPORT)
    today = clock.local_date(timezone.now())
    asked = asked_for(request)
    rows = selectors.ledger(request.user, filters_of(asked), today=today)
    rows = selectors.for_list(rows).order_by(*selectors.ORDERS[asked.sort])[:MOST_EXPORTED]
    columns: list[sheets.Column] = [
        sheets.Column(_("Number"), lambda row: row.number, width=22),
        sheets.Column(_("Site"), lambda row: row.site.name, width=32),
        sheets.Column(_("Region"), lambda row: row.site.region_path, width=24),
        sheets.Column(_("Kind of visit"), lambda row: str(labels.KIND[row.visit_kind])),
        sheets.Column(_("Domain"), lambda row: row.get_domain_display()),
        sheets.Column(_("State"), lambda row: str(labels.STATE[row.state])),
        sheets.Column(_("Arranged for"), lambda row: row.due_on),
        sheets.Column(_("Begun"), lambda row: _local(row.began_at), width=18),
        sheets.Column(_("Ended"), lambda row: _local(row.ended_at), width=18),
        sheets.Column(_("Leader"), lambda row: row.lead.name),
        sheets.Column(_("Failed items"), lambda row: row.failed_items),
        sheets.Column(_("Hazards"), lambda row: row.found),
        sheets.Column(_("Score"), lambda row: row.score),
        sheets.Column(_("Campaign"), lambda row: row.campaign),
    ]
    into = BytesIO()
    sheets.write(rows.iterator(chunk_size=2000), columns, to=into, title=_("Inspections"))
    response = HttpResponse(
        into.getvalue(), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    response["Content-Disposition"] = f'attachment; filename="inspections-{today.isoformat()}.xlsx"'
    return response


def _local(moment: Any) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}" if moment else ""

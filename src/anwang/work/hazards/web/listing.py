"""The ledger page, its saved views, and what is late by town."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from anwang.ground.accounts import scope
from anwang.ground.accounts import selectors as accounts
from anwang.ground.accounts import services as account_services
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import keyset
from anwang.ground.base.domains import Domain
from anwang.ground.base.parts import Act, Column, Filter, Ledger, Number, View
from anwang.ground.regions.models import Region
from anwang.kernel import clock, ids
from anwang.registers.organisations.models import Organisation
from anwang.registers.sites.models import Site
from anwang.work.hazards import labels, rules, selectors
from anwang.work.hazards.rules import Grade, State

PAGE = "hazards"
GROUP_WORDS = {
    "open": gettext_lazy("Not closed yet"),
    "with_unit": gettext_lazy("With the unit"),
    "with_office": gettext_lazy("With an office"),
    "closed": pgettext_lazy("hazard", "Closed"),
    "all": gettext_lazy("All, closed ones too"),
}
UNGRADED = "none"
DUE_DAYS = (0, 3, 7, 15)


def where(name: str, *args: Any) -> str:
    """The address of a page another room may or may not have; empty where it has not."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


# --- the ledger as its address asks for it -----------------------------------------------------------------------


def asked_for(request: HttpRequest) -> Ledger:
    """The list as the address asks for it. Exports make the same from the same address."""
    user = request.user
    query = request.GET
    export = where("hazards:export") if scope.may(user, Permission.LEDGER_EXPORT) else ""
    report = Act(_("Record a hazard"), reverse("hazards:report"), icon="plus", primary=True)
    may_report = scope.may(user, Permission.HAZARD_REPORT)
    return Ledger(
        request,
        key=PAGE,
        title=_("Hazard ledger"),
        row_template="hazards/row.html",
        columns=[
            Column("number", _("Number"), always=True),
            Column("what", _("What is wrong"), always=True),
            Column("site", _("Site")),
            Column("grade", _("Grade")),
            Column("state", _("State")),
            Column("due", _("Deadline"), sort="due"),
            Column("found", _("Found on"), sort="found"),
            Column("domain", _("Domain"), extra=True),
            Column("unit", _("Unit"), extra=True),
            Column("source", _("How found"), extra=True),
            Column("late_days", _("Days late"), number=True, extra=True),
            Column("campaign", _("Campaign"), extra=True),
        ],
        filters=_filters(user, query),
        default_sort="-found" if query.get("group") in {"closed", "all"} else "due",
        search_label=_("Number, words or site"),
        exports={_("Excel"): export} if export else {},
        views=_views(request),
        save_url=reverse("hazards:view_save"),
        new=report if may_report else None,
        empty=_("Hazards found in your region appear here, the late ones first."),
        empty_act=report if may_report else None,
    )


def _filters(user: Any, query: Any) -> list[Filter]:
    domains = _domains(user)
    regions = selectors.region_choices(user, query.get("region", ""))
    return [
        Filter("group", _("Which"), kind="one", choices=list(GROUP_WORDS.items())),
        Filter("domain", _("Domain"), choices=domains),
        Filter("grade", _("Grade"), choices=[*labels.GRADES, (UNGRADED, labels.GRADE[""])]),
        Filter("region", _("Region"), kind="one", choices=[(region.code, region.name) for region in regions]),
        Filter("late", _("Late now"), kind="flag"),
        Filter("state", _("State"), choices=labels.STATES, quick=False),
        Filter("source", _("How found"), choices=labels.SOURCES, quick=False),
        Filter("due", _("Due within"), kind="one", choices=[(str(n), _due_words(n)) for n in DUE_DAYS], quick=False),
        Filter("found", _("Found on"), kind="dates", quick=False),
        Filter("closed", _("Closed on"), kind="dates", quick=False),
        Filter("ever_late", _("Ever late"), kind="flag", quick=False),
        Filter("on_spot", _("Put right on the spot"), kind="flag", quick=False),
        *_named("campaign", _("Campaign"), query, lambda word: word),
        *_named("unit", _("Unit"), query, lambda pk: _name(Organisation.objects.visible_to(user), pk)),
        *_named("site", _("Site"), query, lambda pk: _name(Site.objects.visible_to(user), pk)),
    ]


def _due_words(days: int) -> str:
    return _("today") if days == 0 else _("%(n)s days") % {"n": days}


def _named(key: str, label: str, query: Any, name: Any) -> list[Filter]:
    """A filter that is not chosen from a list but followed from a link: there only while it is in force."""
    value = query.get(key, "")[:40]
    words = name(value) if value and "\0" not in value else ""
    return [Filter(key, label, kind="one", choices=[(value, words)], quick=False)] if words else []


def _name(rows: Any, pk: str) -> str:
    found = rows.filter(pk=pk).first()
    return str(found) if found else ""


def _domains(user: Any) -> list[tuple[str, Any]]:
    """The domains of the user's own scope; all where one grant is for all."""
    held = [reach for reach in scope.reaches(user) if Permission.HAZARD_READ in reach.permissions]
    named = {domain for reach in held for domain in reach.domains}
    whole = any(not reach.domains for reach in held)
    return [(value, label) for value, label in Domain.choices if whole or value in named]


def _views(request: HttpRequest) -> list[View]:
    path, now = reverse("hazards:ledger"), request.GET.copy()
    now.pop("after", None)
    found = []
    for view in accounts.views_of(request.user, PAGE):  # type: ignore[arg-type]
        delete = reverse("hazards:view_delete", args=[view.pk])
        found.append(View(view.name, f"{path}?{view.query}", current=view.query == now.urlencode(), delete_url=delete))
    return found


def filters_of(asked: Ledger, *, today: date) -> selectors.Filters:
    """The ledger's question in the words of the selectors."""
    first, last = asked.dates("found")
    closed_from, closed_to = asked.dates("closed")
    days = asked.one("due")
    chosen = {each.key for each in asked.filters}
    return selectors.Filters(
        domains=asked.chosen("domain"),
        grades=["" if grade == UNGRADED else grade for grade in asked.chosen("grade")],
        states=asked.chosen("state") or [asked.one("group") or "open"],
        sources=asked.chosen("source"),
        region=asked.one("region"),
        late=asked.flag("late"),
        ever_late=asked.flag("ever_late"),
        due_by=selectors.due_within(int(days), today) if days else None,
        campaign=asked.one("campaign") if "campaign" in chosen else "",
        text=asked.text[:60],
        unit=asked.one("unit") if "unit" in chosen else "",
        site=asked.one("site") if "site" in chosen else "",
        found_from=first,
        found_to=last,
        closed_from=closed_from,
        closed_to=closed_to,
        on_spot=asked.flag("on_spot"),
    )


@login_required
@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """The list: filters, counts, pages by key; late ones first."""
    scope.require(request.user, Permission.HAZARD_READ)
    now = timezone.now()
    asked = asked_for(request)
    filters = filters_of(asked, today=clock.local_date(now))
    rows = selectors.ledger(request.user, filters).select_related("site", "unit")
    page = keyset.page(rows, order=selectors.ORDERS[asked.sort], after=asked.after)
    for row in page:
        # get_state_display looks through all choices anew for every row, which is a fifth of the page's time.
        row.tone, row.state_words = tone(row), str(labels.STATE[row.state])
    # What fits on one page has been counted by reading it.
    whole = not page.next and not asked.after
    tally = selectors.Tally(len(page)) if whole else selectors.count(request.user, filters)
    context = {
        "ledger": asked.fill(page, count=tally.n, more=tally.more),
        "numbers": _numbers(request.user),
        "tab": "ledger",
        "now": now,
        "import_url": where("hazards:import") if scope.may(request.user, Permission.LEDGER_IMPORT) else "",
    }
    return render(request, "hazards/ledger.html", context)


TONES = {
    State.FOUND: "open",
    State.MAJOR_PROPOSED: "waiting",
    State.GRADED: "open",
    State.ASSIGNED: "waiting",
    State.RECTIFYING: "doing",
    State.SUBMITTED: "waiting",
    State.RETURNED: "doing",
    State.VERIFIED: "waiting",
    State.SUSPENDED: "stopped",
    State.CLOSED: "done",
    State.CANCELLED: "stopped",
}


def tone(hazard: Any) -> str:
    """How the eye should take a hazard's state."""
    return "late" if hazard.late else TONES[State(hazard.state)]


def _numbers(user: Any) -> list[Number]:
    """The strip above the list; every figure is a door to its rows."""
    path = reverse("hazards:ledger")
    found = selectors.cells(user, group=("state", "late", "grade"), state__in=list(rules.OPEN))

    def total(meant: Any) -> int:
        return sum(n for (state, late, grade), n in found.items() if meant(State(state), late, grade))

    return [
        Number(_("Not closed yet"), total(lambda *_: True), path),
        Number(_("Late now"), total(lambda _s, late, _g: late), f"{path}?late=1", tone="late"),
        Number(
            _("Major, not closed yet"),
            total(lambda _s, _l, grade: grade == Grade.MAJOR),
            f"{path}?grade={Grade.MAJOR}",
        ),
        Number(
            _("With the unit"),
            total(lambda state, _l, _g: state in rules.WITH_UNIT),
            f"{path}?group=with_unit",
        ),
        Number(
            _("Waiting for a re-check"),
            total(lambda state, _l, _g: state is State.SUBMITTED),
            f"{path}?state={State.SUBMITTED}",
        ),
    ]


# --- late by town ---------------------------------------------------------------------------------------------------


@login_required
@require_GET
def overdue(request: HttpRequest) -> HttpResponse:
    """What is late, town by town (county by county for a city), worst first."""
    scope.require(request.user, Permission.HAZARD_READ)
    now = timezone.now()
    choices = [region for region in selectors.region_choices(request.user) if region.level in _LEVELS_ABOVE]
    region = _overdue_region(request, choices)
    rows = selectors.overdue_by_town(request.user, region, today=clock.local_date(now)) if region else []
    context = {
        "page_title": _("Late hazards by region"),
        "region": region,
        "choices": choices,
        "rows": rows,
        "total": sum(row.n for row in rows),
        "tab": "overdue",
        "now": now,
        "deeper": region is not None and region.level in ("province", "city"),
    }
    return render(request, "hazards/overdue.html", context)


_LEVELS_ABOVE = ("province", "city", "county")


def _overdue_region(request: HttpRequest, choices: list[Region]) -> Region | None:
    code = request.GET.get("region", "")
    if not code:
        return choices[0] if choices else None
    found = next((region for region in choices if region.code == code), None)
    if found is None:
        deeper = selectors.region_choices(request.user, code)
        found = next((region for region in deeper if region.code == code and region.level in _LEVELS_ABOVE), None)
    if found is None:
        raise Http404
    return found


# --- saved views ----------------------------------------------------------------------------------------------------


@login_required
@require_POST
def view_save(request: HttpRequest) -> HttpResponse:
    """Keep the present question under a name."""
    view = account_services.save_view(
        page=PAGE,
        name=request.POST.get("name", ""),
        query=request.POST.get("query", ""),
        by=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    messages.success(request, _("Saved as “%(name)s”.") % {"name": view.name})
    return redirect(_back(request))


@login_required
@require_POST
def view_delete(request: HttpRequest, view_id: str) -> HttpResponse:
    if not ids.is_ulid(view_id):
        raise Http404
    account_services.delete_view(view_id=view_id, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("The view is deleted; the rows stay as they are."))
    return redirect("hazards:ledger")


def _back(request: HttpRequest) -> str:
    """Where the form was, if that is here."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, allowed_hosts=None)
    return target if ours and target.startswith("/") else reverse("hazards:ledger")

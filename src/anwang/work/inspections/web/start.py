"""Where to begin: places near the phone, what plans ask for next, a search; then kind and checklist; then one is there."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.kernel import clock
from anwang.registers.sites import selectors as sites
from anwang.registers.sites.models import Site
from anwang.work.inspections import labels, selectors, services
from anwang.work.inspections.forms import ArrangeForm, BeginForm
from anwang.work.inspections.rules import Kind
from anwang.work.inspections.services import Companion
from anwang.work.inspections.web.common import blame, degrees, site_of

NEAR_METRES = 1000
MOST_NEAR = 30


@login_required
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Places to begin at: with a position those near it, with words those they name, else what is due next."""
    _may_visit(request.user)
    context = _choosing(request)
    return render(request, "inspections/start.html", context)


@login_required
@require_GET
def places(request: HttpRequest) -> HttpResponse:
    """The places found while somebody types."""
    _may_visit(request.user)
    return render(request, "inspections/places.html", _choosing(request))


def _may_visit(user: Any) -> None:
    if not scope.may(user, Permission.INSPECTION_SELF):
        scope.require(user, Permission.INSPECTION_CONDUCT)


def _choosing(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    words = request.GET.get("q", "").replace("\0", "").strip()[:60]
    lon, lat = degrees(request.GET.get("lng")), degrees(request.GET.get("lat"))
    near = lon is not None and lat is not None and abs(lat) <= 90
    if words:
        found = selectors.begin_search(user, words)
    elif near and lon is not None and lat is not None:
        found = selectors.begin_near(user, lon=lon, lat=lat, radius_m=NEAR_METRES, limit=MOST_NEAR)
    else:
        found = selectors.begin_due(user)
    return {
        "page_title": _("Begin an inspection"),
        "words": words,
        "near": near and not words,
        "metres": NEAR_METRES,
        "places": found,
        "ongoing": [] if words else selectors.ongoing_of(user),
        "kind_words": sites.kind_words(),
        "today": clock.local_date(timezone.now()),
        "lat": request.GET.get("lat", ""),
        "lng": request.GET.get("lng", ""),
    }


# --- at one place -----------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest, site_id: str) -> HttpResponse:
    """Kind and checklist are chosen already, most likely right: one press and the visit has begun."""
    site = site_of(request, site_id)
    user: Any = request.user
    kinds = selectors.kinds_for(user, site)
    if not kinds:
        raise Refused("inspections.kind_not_yours")
    place = selectors.begin_at(user, site)
    planned = _planned(request, place)
    kind = _kind(request, kinds, planned)
    form = BeginForm(
        request.POST if request.method == "POST" else None,
        kinds=[(each.value, labels.KIND[each.value]) for each in kinds],
        checklists=_checklists(site),
        initial={
            "visit_kind": kind,
            "planned": planned.pk if planned else "",
            "checklist": _best(site, kind),
            "lon": request.GET.get("lng", ""),
            "lat": request.GET.get("lat", ""),
        },
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            visit = services.begin(
                inspection_id=said["inspection_id"],
                site_id=site.pk,
                visit_kind=said["visit_kind"],
                checklist_keys=[said["checklist"]] if said["checklist"] else [],
                planned_id=said["planned"] if said["visit_kind"] == kind else "",
                lon=said["lon"],
                lat=said["lat"],
                by=user,
                now=timezone.now(),
            )
        except Refused as refused:
            blame(form, refused)
        else:
            return redirect("inspections:go", visit.pk)
    context = {
        "page_title": site.name,
        "site": site,
        "place": place,
        "planned": planned,
        "form": form,
        "hints": {key: words for key, words in labels.KIND_HINT.items() if key in kinds},
        "bests": json.dumps({each.value: _best(site, each.value) for each in kinds}),
        "kinds": kinds,
        "submit_label": _("Begin now"),
        "cancel_url": reverse("inspections:start"),
        "draft": "",
        "today": clock.local_date(timezone.now()),
        "may_arrange": scope.can(user, Permission.INSPECTION_PLAN, on=site) or bool(kinds),
        "kind_words": sites.kind_words(),
    }
    return render(request, "inspections/begin.html", context, status=422 if form.errors else 200)


def _planned(request: HttpRequest, place: selectors.Place) -> Any:
    """The planned visit this is for: the one of the link, else the next that is open here."""
    asked = request.POST.get("planned") or request.GET.get("planned", "")
    if asked:
        slots = selectors.open_slots(place.site, request.user)
        return next((slot for slot in slots if slot.pk == asked), None)
    return place.slot if place.slot is not None and place.slot.plan.visit_kind in place.kinds else None


def _kind(request: HttpRequest, kinds: Any, planned: Any) -> str:
    asked = request.GET.get("kind", "")
    if asked in kinds:
        return asked
    if planned is not None and planned.plan.visit_kind in kinds:
        return str(planned.plan.visit_kind)
    return str(kinds[0])


def _checklists(site: Site) -> list[tuple[str, str]]:
    return [(each.checklist.key, each.title()) for each in selectors.fitting(site)]


def _best(site: Site, kind: str) -> str:
    found = selectors.best(site, kind)
    return found.checklist.key if found is not None else ""


@login_required
@require_http_methods(["GET", "POST"])
def arrange(request: HttpRequest, site_id: str) -> HttpResponse:
    """Put a visit down for a day, with who goes there."""
    site = site_of(request, site_id)
    user: Any = request.user
    now = timezone.now()
    plans = scope.can(user, Permission.INSPECTION_PLAN, on=site)
    own = selectors.kinds_for(user, site)
    if not own and not plans:
        raise Refused("inspections.kind_not_yours")
    # The likeliest first; whoever keeps the plan also sends people to visits that are not their own to make.
    others = tuple(each for each in Kind if each is not Kind.SELF_CHECK) if plans else ()
    kinds = tuple(dict.fromkeys((*own, *others)))
    form = ArrangeForm(
        request.POST if request.method == "POST" else None,
        kinds=[(each.value, labels.KIND[each.value]) for each in kinds],
        leads=_people(site, user, own, plans=plans, now=now),
        initial={
            "visit_kind": request.GET.get("kind", str(kinds[0])),
            "due_on": clock.local_date(now),
            "lead": user.pk,
            "planned": request.GET.get("planned", "")[:26],
        },
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            visit = services.arrange(
                site_id=site.pk,
                visit_kind=said["visit_kind"],
                due_on=said["due_on"],
                inspection_id=said["inspection_id"],
                lead_id=said["lead"],
                companions=[Companion(key) for key in said["companions"] if key != said["lead"]],
                planned_id=said["planned"],
                note=said["note"],
                tell_enterprise=said["tell_enterprise"],
                by=user,
                now=now,
            )
        except Refused as refused:
            blame(form, refused)
        else:
            messages.success(request, _("Arranged as %(number)s.") % {"number": visit.number})
            return redirect("inspections:thing", visit.pk)
    context = {
        "page_title": _("Arrange a visit"),
        "site": site,
        "form": form,
        "submit_label": _("Arrange the visit"),
        "cancel_url": reverse("inspections:begin", args=[site.pk]),
        "draft": "inspections.arrange",
    }
    return render(request, "inspections/arrange.html", context, status=422 if form.errors else 200)


def _people(site: Site, user: Any, own: Any, *, plans: bool, now: Any) -> list[tuple[str, str]]:
    """Who may be sent: the office chooses among all who inspect here, everybody else goes themselves."""
    found = {user.pk: str(user.name)} if own else {}
    if plans:
        for each in selectors.colleagues(site, Kind.GOVERNMENT, at=now)[:200]:
            words = " · ".join(filter(None, [each.name, each.title, each.certificate]))
            found[each.pk] = words
    return list(found.items())

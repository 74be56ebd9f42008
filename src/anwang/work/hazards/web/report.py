"""Recording a hazard, on a phone first: where, then what."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.ground.files import services as files
from anwang.ground.files.rules import position
from anwang.kernel import clock, ids
from anwang.registers.sites import selectors as sites
from anwang.registers.sites.models import Site
from anwang.registers.standards import selectors as standards
from anwang.work.hazards import labels, selectors, services
from anwang.work.hazards.forms import ReportForm
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import Source

NEAR_METRES = 500
MOST_NEAR = 15


@login_required
@require_http_methods(["GET", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """First choose the place, then say what is wrong."""
    scope.require(request.user, Permission.HAZARD_REPORT)
    site_id = request.POST.get("site") or request.GET.get("site", "")
    if not site_id:
        return render(request, "hazards/choose_site.html", _choosing(request))
    if not ids.is_ulid(site_id):
        raise Http404
    site: Site = Site.objects.visible_to(request.user).select_related("region").get(pk=site_id)
    scope.require(request.user, Permission.HAZARD_REPORT, on=site)
    now = timezone.now()
    before = _closed_before(request.user, site, now)
    if request.method == "POST":
        form = ReportForm(request.POST, request.FILES, closed_before=before)
        if form.is_valid():
            hazard = _reported(request, form, site, now)
            if hazard is not None:
                return redirect("hazards:hazard", hazard.pk)
    else:
        form = ReportForm(closed_before=before, initial=_initial(request, site, now))
    context = {
        "page_title": _("Record a hazard"),
        "form": form,
        "site": site,
        "submit_label": _("Record the hazard"),
        "cancel_url": reverse("hazards:ledger"),
        "draft": f"hazards.report.{site.pk}",
        "phrases": [str(words) for words in labels.PHRASES],
        "own_unit": selectors.only_own_unit(request.user),
        "proposal_url": reverse("hazards:proposal"),
    }
    return render(request, "hazards/report.html", context, status=422 if form.is_bound else 200)


def _initial(request: HttpRequest, site: Site, now: datetime) -> dict[str, Any]:
    return {
        "site": site.pk,
        "domain": site.domain,
        "found_at": timezone.localtime(now).replace(second=0, microsecond=0),
        "source": _usual_source(request.user),
        "campaign": request.GET.get("campaign", "")[:40],
    }


def _usual_source(user: Any) -> str:
    """What somebody of this role most likely does when they find something."""
    roles = {reach.role for reach in scope.reaches(user) if Permission.HAZARD_REPORT in reach.permissions}
    usual = {"enterprise_officer": Source.SELF_CHECK, "expert": Source.EXPERT, "grid_member": Source.GRID}
    return next((source.value for role, source in usual.items() if role in roles), Source.GOVERNMENT.value)


def _closed_before(user: Any, site: Site, now: datetime) -> list[tuple[str, str]]:
    rows = Hazard.objects.visible_to(user).filter(
        pk__in=selectors.relapse_candidates(site, site.domain, now=now).values("pk")
    )
    return [(row.pk, f"{row.closed_on} {row.description[:60]}") for row in rows.order_by("-closed_on")[:10]]


def _reported(request: HttpRequest, form: ReportForm, site: Site, now: datetime) -> Hazard | None:
    """Record it, and close it too where it was put right on the spot. A refusal is said in the form."""
    said = form.cleaned_data
    user: Any = request.user
    try:
        hazard_before = Hazard.objects.visible_to(user).filter(pk=said["hazard_id"]).first()
        if hazard_before is not None:
            return _sent_twice(request, form, hazard_before)
        before = _photos(request, "photos", now)
        after = _photos(request, "after", now) if said["on_spot"] else []
        signed = files.signature_posted(data=request.POST, name="signed", by=user, now=now) if said["on_spot"] else None
        # Where the phone was; without that the hazard takes the site's own position.
        place = position(request.POST.get("photos_lng"), request.POST.get("photos_lat"))
        # The pictures are kept by now; what follows is one piece, so that no half of it stays.
        with transaction.atomic():
            hazard = services.report(
                site_id=site.pk,
                hazard_id=said["hazard_id"],
                description=said["description"],
                source=said["source"],
                found_at=said["found_at"],
                domain=said["domain"],
                place=said["place"],
                basis=said["basis"],
                campaign=said["campaign"],
                relapse_of=said.get("relapse_of", ""),
                photos=before,
                by=user,
                now=now,
                lon=place[0] if place else None,
                lat=place[1] if place else None,
            )
            if said["on_spot"]:
                hazard = services.fix_on_spot(
                    hazard_id=hazard.pk,
                    by=user,
                    now=now,
                    fixed_by_name=said["fixed_by_name"],
                    photos=after,
                    signature=signed.pk if signed else "",
                )
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return None
    done = _("Recorded and closed on the spot: %(number)s.") if said["on_spot"] else _("Recorded as %(number)s.")
    messages.success(request, done % {"number": hazard.number})
    return hazard


def _sent_twice(request: HttpRequest, form: ReportForm, hazard: Hazard) -> Hazard | None:
    """The same form again: the same hazard. Another text under the same number would be lost, so it is refused."""
    if form.cleaned_data["description"].strip() == hazard.description:
        messages.success(request, _("Recorded as %(number)s.") % {"number": hazard.number})
        return hazard
    raise Refused("hazards.id_taken", field="hazard_id")


def _photos(request: HttpRequest, name: str, now: datetime) -> list[str]:
    sent = request.FILES.getlist(name)
    kept = files.photos_posted(files=sent, data=request.POST, name=name, by=request.user, now=now)
    return [file.pk for file in kept]


# --- choosing the place -----------------------------------------------------------------------------------------------


def _choosing(request: HttpRequest) -> dict[str, Any]:
    words = request.GET.get("q", "").strip()[:60]
    lon, lat = _degrees(request.GET.get("lng")), _degrees(request.GET.get("lat"))
    near = []
    if lon is not None and lat is not None and abs(lat) <= 90 and abs(lon) <= 180:
        near = sites.near(lon, lat, NEAR_METRES, request.user, limit=MOST_NEAR)
    found = sites.search(request.user, words) if words and "\0" not in words else []
    recent = [] if words or near else _recent(request.user)
    return {
        "page_title": _("Record a hazard"),
        "words": words,
        "asked_near": lon is not None,
        "near": [(each.site, round(each.metres)) for each in near],
        "found": found,
        "recent": recent,
        "metres": NEAR_METRES,
    }


def _degrees(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) <= 180 else None


def _recent(user: Any) -> list[Site]:
    """Where this person recorded something lately; the only place of whoever has one."""
    latest = (
        Hazard.objects.visible_to(user).filter(found_by=user).order_by("-id").values_list("site_id", flat=True)[:40]
    )
    order = list(dict.fromkeys(latest))[:6]
    rows = Site.objects.visible_to(user).current().select_related("region").in_bulk(order)
    if not rows:
        return list(Site.objects.visible_to(user).current().select_related("region").order_by("name", "id")[:6])
    return [rows[pk] for pk in order if pk in rows]


@login_required
@require_GET
def places(request: HttpRequest) -> HttpResponse:
    """The places found while somebody types."""
    scope.require(request.user, Permission.HAZARD_REPORT)
    return render(request, "hazards/places.html", _choosing(request))


@login_required
@require_GET
def proposal(request: HttpRequest) -> HttpResponse:
    """What the standards make of a description while it is being typed; a person grades it later."""
    scope.require(request.user, Permission.HAZARD_REPORT)
    words = request.GET.get("description", "").strip()[:1000]
    domain = request.GET.get("domain", "")[:20]
    today = clock.local_date(timezone.now())
    found = standards.propose(domain, words, today, most=3) if len(words) >= 4 and "\0" not in words else []
    return render(request, "hazards/proposal.html", {"proposals": found})

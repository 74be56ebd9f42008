"""Issuing the papers of a hazard: what is known is filled in, what an office always writes is remembered."""

from datetime import datetime
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.ground.files import selectors as files
from anwang.ground.files.models import Paper
from anwang.ground.files.papers import Agency
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.work.hazards import forms, labels, rules, services
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.services.papers import NOTICE, ORDER, RECHECK
from anwang.work.hazards.web.thing import hazard_of

KINDS = {"order": ORDER, "recheck": RECHECK, "notice": NOTICE}
NEEDS = {"order": Permission.PAPER_ISSUE, "recheck": Permission.PAPER_ISSUE, "notice": Permission.HAZARD_LINK}


@login_required
@require_http_methods(["GET", "POST"])
def issue(request: HttpRequest, hazard_id: str, kind: str) -> HttpResponse:
    """The form of a paper, and the paper itself: numbered, kept, checkable by anybody."""
    if kind not in KINDS:
        raise Http404
    hazard = hazard_of(request.user, hazard_id)
    scope.require(request.user, NEEDS[kind], on=hazard)
    now = timezone.now()
    form = _form(kind, hazard, request, now)
    if request.method == "POST" and form.is_valid():
        try:
            paper = _issue(kind, hazard, form.cleaned_data, request.user, now)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("Issued: %(number)s.") % {"number": paper.number})
            return redirect("files:paper", paper.pk)
    context = {
        "hazard": hazard,
        "page_title": labels.PAPERS[kind],
        "form": form,
        "submit_label": _("Issue the paper"),
        "submit_note": _("It gets a number and is kept as it is; it can be declared void, never changed."),
        "cancel_url": reverse("hazards:hazard", args=[hazard.pk]),
        "draft": f"hazards.paper.{kind}",
    }
    return render(request, "hazards/act.html", context, status=422 if form.is_bound else 200)


def _form(kind: str, hazard: Hazard, request: HttpRequest, now: datetime) -> django_forms.Form:
    data: Any = request.POST if request.method == "POST" else None
    initial = _initial(kind, hazard, request.user, now)
    if kind == "notice":
        notice = forms.NoticePaperForm(data, initial=initial)
        notice.choose_also(_others(hazard, request.user))
        return notice
    if kind == "order":
        order = forms.OrderPaperForm(data, initial=initial, officers=_officers(hazard, request.user))
        order.choose_also(_others(hazard, request.user))
        return order
    orders = [(paper.pk, paper.number) for paper in files.papers_for(hazard, ORDER).filter(void_at=None)]
    return forms.RecheckPaperForm(data, initial=initial, officers=_officers(hazard, request.user), orders=orders)


def _initial(kind: str, hazard: Hazard, user: Any, now: datetime) -> dict[str, Any]:
    """What this person wrote on their last paper, and what the hazard itself says."""
    county = Region.objects.filter(pk=hazard.county_code or hazard.city_code).first()
    place = county.name if county else ""
    last = Paper.objects.visible_to(user).filter(issued_by=user).order_by("-issued_at").first()
    agency = last.data["paper"]["agency"] if last else {}
    order = Paper.objects.visible_to(user).filter(issued_by=user, kind_key=ORDER).order_by("-issued_at").first()
    said = order.data["data"] if order else {}
    return {
        "agency": agency.get("name", ""),
        "word": agency.get("word", ""),
        "phone": agency.get("phone", ""),
        "basis": "\n".join(said.get("basis", [])) or hazard.basis,
        "government": said.get("appeal", {}).get("government", f"{place}人民政府"),
        "court": said.get("appeal", {}).get("court", f"{place}人民法院"),
        "checked_on": clock.local_date(now),
        "result": "not" if hazard.state == rules.State.RETURNED else "done",
        "opinion": _last_words(hazard) if kind == "recheck" else "",
    }


def _last_words(hazard: Hazard) -> str:
    """What was written at the last re-check."""
    actions = [rules.Action.VERIFY, rules.Action.SEND_BACK]
    last = hazard.moves.filter(action__in=actions).order_by("-seq").first()
    return last.note[:300] if last else ""


def _officers(hazard: Hazard, user: Any) -> list[tuple[str, str]]:
    able = scope.holders(Permission.HAZARD_VERIFY, hazard)
    return [
        (str(each.pk), f"{each.name} {each.certificate}".strip())
        for each in able
        if each.pk != user.pk and each.certificate
    ]


def _others(hazard: Hazard, user: Any) -> list[tuple[str, str]]:
    rows = Hazard.objects.visible_to(user).filter(site=hazard.site_id, state__in=rules.WITH_UNIT).exclude(pk=hazard.pk)
    return [(row.pk, f"{row.number} {row.description[:40]}") for row in rows.order_by("next_due_on", "id")[:20]]


def _issue(kind: str, hazard: Hazard, said: dict[str, Any], user: Any, now: datetime) -> Paper:
    region = Region.objects.get(pk=hazard.county_code or hazard.city_code)
    agency = Agency.of(region, name=said["agency"], word=said["word"], phone=said["phone"])
    if kind == "notice":
        return services.issue_notice(hazard_ids=[hazard.pk, *said.get("also", [])], agency=agency, by=user, now=now)
    if kind == "order":
        return services.issue_order(
            hazard_ids=[hazard.pk, *said.get("also", [])],
            agency=agency,
            officer_ids=said["officer_ids"],
            basis=said["basis"].splitlines(),
            government=said["government"],
            court=said["court"],
            interim=said["interim"],
            by=user,
            now=now,
        )
    return services.issue_recheck(
        hazard_id=hazard.pk,
        order_id=said["order_id"],
        agency=agency,
        officer_ids=said["officer_ids"],
        checked_on=said["checked_on"],
        result=said["result"],
        opinion=said["opinion"],
        further=said["further"],
        by=user,
        now=now,
    )

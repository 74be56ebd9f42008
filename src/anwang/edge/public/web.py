"""The pages behind a signed link, and the page on which an office makes one."""

from collections.abc import Callable
from typing import Any

from django import forms as django_forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.edge.public import selectors, services
from anwang.edge.public.models import Link
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Photo
from anwang.ground.files import papers, serving
from anwang.ground.files import rules as file_rules
from anwang.ground.files import services as files
from anwang.work.hazards import forms, rules
from anwang.work.hazards import selectors as hazards
from anwang.work.hazards import services as verbs
from anwang.work.hazards.models import Hazard

View = Callable[..., HttpResponseBase]


def _open(said: str) -> Link:
    link = selectors.link_of(said, now=timezone.now())
    services.used(link, now=timezone.now())
    return link


@never_cache
@require_GET
def hazard(request: HttpRequest, said: str) -> HttpResponse:
    """What is wrong, until when, what to do: for somebody who opens a link once a year."""
    link = _open(said)
    return render(request, "public/hazard.html", _page(link, said))


@never_cache
@require_POST
def act(request: HttpRequest, said: str, action: str) -> HttpResponse:
    """plan, submit or ask_extension. A form that does not fit comes back with what was typed."""
    link = _open(said)
    if action not in FORMS:
        raise Http404
    form = FORMS[action](request.POST, request.FILES)
    if form.is_valid():
        try:
            _run(request, link, action, form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            return redirect(f"{reverse('public:hazard', args=[said])}?done={action}")
    return render(request, "public/hazard.html", _page(link, said, **{action: form}), status=422)


FORMS: dict[str, type[django_forms.Form]] = {
    "plan": forms.PlanForm,
    "submit": forms.SubmitForm,
    "ask_extension": forms.ExtensionForm,
}


def _run(request: HttpRequest, link: Link, action: str, said: dict[str, Any]) -> None:
    named = {"hazard_id": link.hazard_id, "by": link.holder, "now": timezone.now()}
    if action == "plan":
        verbs.plan(**named, **said)
    elif action == "ask_extension":
        verbs.ask_extension(**named, **said)
    else:
        kept = files.photos_posted(
            files=request.FILES.getlist("photos"), data=request.POST, name="photos", by=link.holder, now=timezone.now()
        )
        verbs.submit(**named, note=said["note"], photos=[file.pk for file in kept])


def _page(link: Link, said: str, **bound: django_forms.Form) -> dict[str, Any]:
    found: Hazard = Hazard.objects.visible_to(link.holder).select_related("site", "department").get(pk=link.hazard_id)
    state = rules.State(found.state)
    filled = {
        "person": found.fix_person,
        "phone": found.fix_phone,
        "measures": found.fix_measures,
        "funds": found.fix_funds,
        "emergency_plan": found.fix_plan,
    }
    acting = state in rules.WITH_UNIT
    asked = hazards.open_extension(found)
    last = found.moves.filter(action=rules.Action.SEND_BACK).order_by("-seq").first()
    return {
        "page_title": _("Safety hazard to be put right"),
        "said": said,
        "hazard": found,
        "until": link.expires_at,
        "acting": acting,
        "ended": state in (rules.State.CLOSED, rules.State.CANCELLED),
        "sent_back": last if state is rules.State.RETURNED else None,
        "before": _photos(found, said, "before"),
        "after": _photos(found, said, "after"),
        "asked": asked,
        "plan": bound.get("plan") or forms.PlanForm(initial=filled),
        "submit": bound.get("submit") or forms.SubmitForm(),
        "ask_extension": bound.get("ask_extension") or forms.ExtensionForm(),
        "opened": next(iter(bound), ""),
        "late": hazards.late_days(found, timezone.now()),
    }


def _photos(found: Hazard, said: str, slot: str) -> list[Photo]:
    return [
        Photo(
            thumb=reverse("public:photo", args=[said, file.pk, 320]),
            full=reverse("public:photo", args=[said, file.pk, 1280]),
            taken_at=file.taken_at or file.created_at,
        )
        for file in hazards.photos(found, slot)
    ]


@require_GET
def photo(request: HttpRequest, said: str, file_id: str, size: int) -> HttpResponseBase:
    link = selectors.link_of(said, now=timezone.now())
    file = selectors.picture_of(link, file_id)
    if file is None or size not in file_rules.SIZES or not file.is_image:
        raise Http404
    return serving.picture(request, file, size)


# --- for the office -------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def make_link(request: HttpRequest, hazard_id: str) -> HttpResponse:
    """The links of a hazard: make one, show its QR code, print the notice, withdraw it."""
    user: Any = request.user
    found = Hazard.objects.visible_to(user).select_related("site").get(pk=hazard_id)
    require(user, Permission.HAZARD_LINK, on=found)
    if request.method == "POST":
        services.make_link(hazard_id=found.pk, by=user, now=timezone.now())
        return redirect("public:make_link", hazard_id=found.pk)
    now = timezone.now()
    links = [
        {"link": link, "address": selectors.address(link), "open": link.revoked_at is None and link.expires_at > now}
        for link in selectors.links_of(found)
    ]
    context = {"page_title": _("Links for the unit"), "hazard": found, "links": links, "can": found.state in rules.OPEN}
    return render(request, "public/links.html", context)


@require_GET
def qr(request: HttpRequest, link_id: str) -> HttpResponse:
    """The QR code of a link, as a picture."""
    user: Any = request.user
    link = Link.objects.select_related("hazard").get(pk=link_id, hazard__in=Hazard.objects.visible_to(user))
    require(user, Permission.HAZARD_LINK, on=link.hazard)
    return HttpResponse(papers.qr_svg(selectors.address(link)), content_type="image/svg+xml")


@require_POST
def revoke(request: HttpRequest, link_id: str) -> HttpResponse:
    link = services.revoke_link(link_id=link_id, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    return redirect("public:make_link", hazard_id=link.hazard_id)


@require_POST
def notice(request: HttpRequest, link_id: str) -> HttpResponse:
    paper = services.notice(link_id=link_id, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    return redirect("files:paper", paper_id=paper.pk)

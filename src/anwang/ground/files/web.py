"""Screens: one upload, the files themselves, two pictures side by side, a paper, and the check of a paper by anybody."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.ground.accounts.scope import can
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Fact
from anwang.ground.files import labels, papers, rules, selectors, services, serving
from anwang.ground.files.forms import UploadForm, VoidForm
from anwang.ground.files.models import Paper, StoredFile


@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """One file; the answer is a piece of a form: the picture and a hidden field with its id."""
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "files/uploaded.html", {"form": form, "refused": None}, status=422)
    given = form.cleaned_data
    try:
        file = services.upload(
            data=services.read_limited(given["file"]),
            name=given["file"].name or "",
            by=request.user,
            now=timezone.now(),
            lon=given["lon"],
            lat=given["lat"],
            taken_at=services.moment(given["taken_at"]),
            device=given["device"],
            kind=given["kind"],
            id=given["id"],
        )
    except Refused as refused:
        return render(request, "files/uploaded.html", {"refused": refused}, status=refused.status)
    return render(request, "files/uploaded.html", {"file": file, "field": given["field"]})


@require_GET
def whole(request: HttpRequest, file_id: str) -> HttpResponseBase:
    return serving.whole(request, _visible(request, file_id))


@require_GET
def picture(request: HttpRequest, file_id: str, size: int) -> HttpResponseBase:
    file = _visible(request, file_id)
    if size not in rules.SIZES or not file.is_image:
        raise Http404
    return serving.picture(request, file, size)


@require_GET
def beside(request: HttpRequest, file_id: str, other_id: str) -> HttpResponse:
    """The picture in doubt and the one it resembles, for a person to judge."""
    pair = [_visible(request, file_id), _visible(request, other_id)]
    if not all(file.is_image for file in pair):
        raise Http404
    large = rules.SIZES[-1]
    photos = selectors.shown(pair, doubt=False, address=lambda file, size: selectors.url(file, size and large))
    sides = zip((_("This picture"), _("The other picture")), photos, map(_picture_facts, pair), strict=True)
    context = {"sides": [{"label": label, "photo": photo, "facts": facts} for label, photo, facts in sides]}
    return render(request, "files/beside.html", context)


@require_GET
def paper(request: HttpRequest, paper_id: str) -> HttpResponse:
    found = _paper(request, paper_id)
    acts = []
    if found.void_at is None and can(request.user, papers.kind_of(found.kind_key).permission, on=found):
        acts.append(
            Act(_("Declare the paper void"), reverse("files:paper_void", args=[found.pk]), icon="ban", danger=True)
        )
    context = {
        "paper": found,
        "paper_title": found.title,
        "number": found.number,
        "paper_pages": [reverse("files:paper_page", args=[found.pk, page]) for page in range(1, found.pictures + 1)],
        "pdf_url": reverse("files:paper_pdf", args=[found.pk]),
        "verify_url": papers.verify_url(found.code),
        "acts": acts,
    }
    return render(request, "files/paper.html", context)


@require_GET
def paper_pdf(request: HttpRequest, paper_id: str) -> HttpResponseBase:
    return serving.paper_pdf(request, _paper(request, paper_id))


@require_GET
def paper_page(request: HttpRequest, paper_id: str, page: int) -> HttpResponseBase:
    found = _paper(request, paper_id)
    if not 1 <= page <= found.pictures:
        raise Http404
    return serving.paper_page(request, found, page)


@require_http_methods(["GET", "POST"])
def paper_void(request: HttpRequest, paper_id: str) -> HttpResponse:
    found = _paper(request, paper_id)
    form = VoidForm(request.POST or None)
    if form.is_valid():
        try:
            papers.void(paper_id=found.pk, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
        except Refused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            messages.success(request, _("%(number)s is void now.") % {"number": found.number})
            return redirect("files:paper", found.pk)
    context = {
        "form": form,
        "page_title": _("Declare %(number)s void") % {"number": found.number},
        "submit_label": _("Declare the paper void"),
        "cancel_url": reverse("files:paper", args=[found.pk]),
    }
    return render(request, "base/form.html", context)


# --- for anybody ------------------------------------------------------------------------------------------------------


@require_GET
def verify_form(request: HttpRequest) -> HttpResponse:
    """Where the code of a paper is typed in."""
    code = request.GET.get("code", "").strip()
    if code:
        return redirect("files:verify", code[:20].replace("/", "") or "-")
    return render(request, "files/verify.html", {"asked": False})


@require_GET
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """Genuine, void or unknown; the unit's name masked. Says nothing else about the paper or what it is about."""
    found = selectors.by_code(code)
    context: dict[str, Any] = {"asked": True, "code": code[:20], "paper": found}
    if found is not None:
        context["facts"] = [
            Fact(_("Paper"), found.title),
            Fact(_("Document number"), found.number),
            Fact(_("Issued by"), found.agency_name),
            Fact(_("Issued on"), timezone.localdate(found.issued_at).isoformat()),
            *([Fact(_("Addressed to"), rules.masked_unit(found.unit))] if found.unit else []),
            *([Fact(_("Void since"), timezone.localdate(found.void_at).isoformat())] if found.void_at else []),
            Fact(_("Number of pages"), str(found.pages)),
            Fact(_("Fingerprint of the file (SHA-256)"), found.sha256),
        ]
    # Unknown and known answer alike fast and with the same status: a code is nobody's secret, guessing is pointless.
    response = render(request, "files/verify.html", context, status=200 if found else 404)
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response


# --- inside -----------------------------------------------------------------------------------------------------------


def _visible(request: HttpRequest, file_id: str) -> StoredFile:
    file = selectors.file_for(request.user, file_id)
    if file is None:
        raise Http404
    return file


def _paper(request: HttpRequest, paper_id: str) -> Paper:
    found = selectors.paper_for(request.user, paper_id)
    if found is None:
        raise Http404
    return found


def _picture_facts(file: StoredFile) -> list[Fact]:
    sources = {"camera": _("by the camera"), "given": _("by the phone when sending")}
    return [
        Fact(_("Taken"), _joined(_local(file.taken_at), sources.get(file.taken_from, ""))),
        Fact(_("Position"), _joined(labels.place(file.lon, file.lat), sources.get(file.place_from, ""))),
        Fact(_("Sent at"), _local(file.created_at)),
        Fact(_("Device"), file.device or "—"),
    ]


def _joined(value: str, source: str) -> str:
    return f"{value}（{source}）" if value and source else value or "—"


def _local(moment: Any) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else ""

"""What the screens of this room share."""

from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404, HttpRequest
from django.urls import NoReverseMatch, reverse

from anwang.ground.base.errors import Refused
from anwang.ground.files import services as files
from anwang.kernel import ids
from anwang.registers.sites.models import Site
from anwang.work.inspections.models import Inspection, Plan

RELATED = ("site", "region", "enterprise", "lead", "made_by", "plan", "before")


def visit_of(request: HttpRequest, inspection_id: str) -> Inspection:
    """The visit, if there is one that this user may see; else 404."""
    if not ids.is_ulid(inspection_id):
        raise Http404
    found: Inspection = Inspection.objects.visible_to(request.user).select_related(*RELATED).get(pk=inspection_id)
    return found


def plan_of(request: HttpRequest, plan_id: str) -> Plan:
    if not ids.is_ulid(plan_id):
        raise Http404
    found: Plan = (
        Plan.objects.visible_to(request.user).select_related("region", "department", "made_by").get(pk=plan_id)
    )
    return found


def site_of(request: HttpRequest, site_id: str) -> Site:
    if not ids.is_ulid(site_id):
        raise Http404
    found: Site = (
        Site.objects.visible_to(request.user)
        .select_related("region", "enterprise", "supervising_department")
        .get(pk=site_id)
    )
    return found


def where(name: str, *args: Any) -> str:
    """The address of a page another room may or may not have; empty where it has not."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def photos(request: HttpRequest, name: str, now: datetime) -> list[str]:
    """The pictures posted under ``name``, kept: their ids."""
    sent = request.FILES.getlist(name)
    kept = files.photos_posted(files=sent, data=request.POST, name=name, by=request.user, now=now)
    return [file.pk for file in kept]


def signed(request: HttpRequest, name: str, now: datetime) -> str:
    """The drawing posted under ``name``, kept: its id, "" where nobody signed."""
    file = files.signature_posted(data=request.POST, name=name, by=request.user, now=now)
    return file.pk if file is not None else ""


def blame(form: forms.Form, refused: Refused) -> None:
    """Say a refusal where it belongs: beside its field, else above the form."""
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


def degrees(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) <= 180 else None

"""One's own page: who the house thinks one is, what one may do, sessions, second factor, keys."""

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.ground.accounts import forms, lookups, scope, selectors, services
from anwang.ground.accounts.models import ApiToken
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Fact


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    user = scope.who(request)
    now = timezone.now()
    grants = [
        grant
        for grant in selectors.grants_of(user)
        if grant.revoked_at is None and not (grant.ends_at and grant.ends_at <= now)
    ]
    bodies = lookups.organisation_names({grant.organisation_id for grant in grants} - {""})
    context = {
        "page_title": _("My account"),
        "facts": [
            Fact(_("Person's name"), user.name),
            Fact(_("User name"), user.username),
            Fact(_("Post or title"), user.title or "—"),
            Fact(_("Mobile phone"), user.phone or "—"),
            Fact(_("Mail"), user.email or "—"),
            Fact(_("Enforcement certificate number"), user.certificate or "—"),
        ],
        "grants": [(grant, where(grant, bodies), domains(grant)) for grant in grants],
        "tokens": selectors.tokens_of(user),
        "now": now,
        "second_factor": is_mfa_enabled(user),
        "password_changed_at": user.password_changed_at,
        "max_days": settings.PASSWORD_MAX_DAYS,
        "acts": [
            Act(_("Change phone, mail, language"), reverse("accounts:me:change"), icon="edit", primary=True),
            Act(_("Change the password"), reverse("account_change_password"), icon="lock"),
            Act(_("Second factor"), reverse("mfa_index"), icon="device-mobile"),
            Act(_("My sessions"), reverse("usersessions_list"), icon="history"),
            Act(_("Make a key for another system"), reverse("accounts:me:token"), icon="key"),
        ],
    }
    return render(request, "accounts/me.html", context)


def where(grant: Any, bodies: Any) -> str:
    """The place of a grant in words."""
    parts = [grant.region.name] if grant.region else []
    if grant.organisation_id:
        parts.append(bodies.get(grant.organisation_id, grant.organisation_id))
    return " · ".join(parts) or _("The whole house")


def domains(grant: Any) -> str:
    from anwang.ground.base.domains import Domain

    known = dict(Domain.choices)
    return "、".join(str(known.get(domain, domain)) for domain in grant.domains)


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    user = scope.who(request)
    form = forms.ProfileForm(
        request.POST or None, initial={"phone": user.phone, "email": user.email, "language": user.language}
    )
    if form.is_valid():
        try:
            services.change(user=user, by=user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field or None, str(refused))
        else:
            messages.success(request, _("Changed."))
            response = redirect("accounts:me:page")
            if form.cleaned_data["language"]:
                response.set_cookie(
                    settings.LANGUAGE_COOKIE_NAME,
                    form.cleaned_data["language"],
                    max_age=365 * 86400,
                    samesite="Lax",
                    secure=settings.HTTPS,
                )
            return response
    context = {
        "form": form,
        "page_title": _("Change phone, mail, language"),
        "submit_label": _("Save"),
        "cancel_url": reverse("accounts:me:page"),
    }
    return render(request, "accounts/form.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def token(request: HttpRequest) -> HttpResponse:
    """Make a key; its secret is on the page that answers, and nowhere else ever after."""
    user = scope.who(request)
    form = forms.TokenForm(request.POST or None, held=selectors.permissions_of(user))
    if form.is_valid():
        fields = form.cleaned_data
        try:
            made, secret = services.make_token(
                user=user,
                name=fields["name"],
                permissions=fields["permissions"],
                expires_at=fields["expires_on"],
                by=user,
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error({"permissions": "permissions"}.get(refused.field), str(refused))
        else:
            return render(
                request, "accounts/token.html", {"page_title": _("Key made"), "token": made, "secret": secret}
            )
    context = {
        "form": form,
        "page_title": _("Make a key for another system"),
        "submit_label": _("Make the key"),
        "cancel_url": reverse("accounts:me:page"),
        "submit_note": _("The key is shown once. Whoever has it can do what you choose here, in your name."),
    }
    return render(request, "accounts/permissions_form.html", context)


@require_POST
def token_revoke(request: HttpRequest, token_id: str) -> HttpResponse:
    services.revoke_token(token=ApiToken.objects.get(pk=token_id), by=scope.who(request), now=timezone.now())
    messages.success(request, _("The key no longer works."))
    return redirect("accounts:me:page")


@require_POST
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    services.end_session(session_id=session_id, by=scope.who(request), now=timezone.now())
    messages.success(request, _("The session has ended."))
    return redirect("usersessions_list")

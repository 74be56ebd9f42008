"""What holds for every page: somebody is signed in, has used the session lately, and has a password that is not too old."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_htmx.http import HttpResponseClientRedirect

from anwang.ground.accounts import rules, tokens
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused

Handler = Callable[[HttpRequest], HttpResponse]

OPEN_PATHS = frozenset({"/healthz", "/metrics", "/favicon.ico", "/language/"})
OPEN_PREFIXES = ("/p/", "/static/")
"""Pages for people without an account: signed links and the public door. They know their visitors in their own way."""
API = "/api/"
API_PAGES = frozenset({"/api/docs", "/api/openapi.json"})
WHILE_PASSWORD_DUE = frozenset(
    {"account_change_password", "account_set_password", "account_logout", "account_reauthenticate", "base:language"}
)
LIVE = "/live/"
"""The stream asks by itself whether its page may still hear: that is no use of the session."""
SEEN_EVERY = 60
"""Seconds: how fine the moment of last use is kept, so that not every page becomes a write."""


class sign_in_rules:  # noqa: N801 - listed by name in MIDDLEWARE beside its function neighbours
    """Deny by default: a view is open only if it says so (``login_not_required``) or stands under an open path.

    Who is not signed in is sent to the sign-in page and comes back afterwards; a part of a page (htmx) sends the whole
    page there; the API answers 401 by itself.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            self._seen(request, passively=request.path.startswith(LIVE))
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        _args: Any,
        _kwargs: Any,
    ) -> HttpResponse | None:
        if request.path in OPEN_PATHS or request.path.startswith(OPEN_PREFIXES):
            return None
        in_api = request.path.startswith(API)
        if request.user.is_authenticated:
            return self._password_due(request, in_api=in_api)
        if in_api and request.path not in API_PAGES:
            return None  # the API knows tokens too, and answers 401 by itself
        if in_api and tokens.sign_in(request, request.headers.get("Authorization", "").removeprefix("Bearer ")):
            return None
        if not in_api and getattr(view, "login_required", True) is False:
            return None
        return _to_sign_in(request)

    def _seen(self, request: HttpRequest, *, passively: bool) -> None:
        from allauth.usersessions.models import UserSession

        now = timezone.now()
        stamp = request.session.get("seen")
        seen = datetime.fromtimestamp(stamp, UTC) if isinstance(stamp, int) else now
        minutes = settings.SESSION_IDLE_MINUTES
        if rules.is_idle(seen, now=now, minutes=minutes):
            user, key = request.user, request.session.session_key
            UserSession.objects.filter(session_key=key).delete()
            logout(request)
            audit.record("accounts.signed_out_idle", on=user, by=None, at=now)
            words = ngettext(
                "You were signed out after %(n)d minute without use.",
                "You were signed out after %(n)d minutes without use.",
                minutes,
            )
            messages.info(request, words % {"n": minutes})
        elif passively:
            return
        elif stamp is None or (now - seen).total_seconds() >= SEEN_EVERY:
            request.session["seen"] = int(now.timestamp())
            UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=now)

    def _password_due(self, request: HttpRequest, *, in_api: bool) -> HttpResponse | None:
        user: Any = request.user
        changed = user.password_changed_at or user.created_at
        old = rules.password_is_old(changed, now=timezone.now(), max_days=settings.PASSWORD_MAX_DAYS)
        if not (user.must_change_password or old):
            return None
        match = request.resolver_match
        if match is not None and match.view_name in WHILE_PASSWORD_DUE:
            return None
        if in_api:
            due = Refused("accounts.password_due")
            return JsonResponse(due.as_json(), status=due.status)
        return _redirect(request, reverse("account_change_password"))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    wants = request.headers.get("Accept", "")
    if (request.path.startswith(API) and request.path != "/api/docs") or ("json" in wants and "html" not in wants):
        body = {"key": "base.sign_in", "what": _("Sign in, or send a valid token."), "todo": ""}
        return JsonResponse(body, status=401)
    return _redirect(request, redirect_to_login(_came_from(request), resolve_url(settings.LOGIN_URL)).url)


def _redirect(request: HttpRequest, url: str) -> HttpResponse:
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(url)
    response = HttpResponse(status=302)
    response["Location"] = url
    return response


def _came_from(request: HttpRequest) -> str:
    """The page to come back to: this one, or the one whose form or part this request is."""
    if getattr(request, "htmx", False):
        page = request.headers.get("HX-Current-URL", "")
    elif request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    else:
        page = request.headers.get("Referer", "")
    if not page or not url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        return "/"
    parts = urlsplit(page)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path or "/"

"""What every request passes: a request id and a log line, the language, and answers to refusals."""

import re
import time
from collections.abc import Callable

import structlog
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation

from anwang.config import metrics
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id

Handler = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger("anwang.request")

LANGUAGES = {"zh-hans", "en"}


def request_log(get_response: Handler) -> Handler:
    def middleware(request: HttpRequest) -> HttpResponse:
        request_id = new_id()
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = time.perf_counter()
        try:
            response = get_response(request)
            took = time.perf_counter() - began
            route = request.resolver_match.route if request.resolver_match else ""
            metrics.request(request.method or "", route, response.status_code, took)
            log.info(
                "request", method=request.method, route=route, status=response.status_code, ms=round(took * 1000, 1)
            )
            response["X-Request-Id"] = request_id
            return response
        finally:
            structlog.contextvars.unbind_contextvars("request_id")

    return middleware


def language(get_response: Handler) -> Handler:
    """Chinese unless this browser chose otherwise: an old PC's English Windows is no wish of its user's."""

    def middleware(request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get("anwang_language", "zh-hans")
        code = chosen if chosen in LANGUAGES else "zh-hans"
        translation.activate(code)
        request.LANGUAGE_CODE = code
        response = get_response(request)
        response.headers.setdefault("Content-Language", code)
        return response

    return middleware


class refusals:  # noqa: N801 - listed by name in MIDDLEWARE beside its function neighbours
    """A refusal becomes a page that says why and what to do; a row out of sight is a row that is not there."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # PostgreSQL keeps no NUL in text: asked for one it fails where SQLite finds nothing.
        if _holds_nul(request):
            return _bad_character(request)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, ObjectDoesNotExist):
            raise Http404 from exception
        if isinstance(exception, Refused):
            context = {"refused": exception, "status": exception.status}
            partial = getattr(request, "htmx", False)
            template = "base/refused_part.html" if partial else "base/refused.html"
            return render(request, template, context, status=exception.status)
        return None


JSON_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def _holds_nul(request: HttpRequest) -> bool:
    """In JSON; in addresses and forms the rooms' own fields refuse it."""
    if request.content_type != "application/json":
        return False
    return b"\\u0000" in request.body and JSON_NUL.search(request.body) is not None


def _bad_character(request: HttpRequest) -> HttpResponse:
    refused = Refused("base.bad_character")
    if request.path_info.startswith("/api/"):
        return JsonResponse(refused.as_json(), status=refused.status)
    return render(request, "base/refused.html", {"refused": refused, "status": refused.status}, status=refused.status)

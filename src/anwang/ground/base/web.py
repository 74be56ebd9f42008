"""The ground floor's own pages: the gallery of parts, and what is shown when something is wrong."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from anwang.ground.base import live, samples


def gallery(request: HttpRequest) -> HttpResponse:
    """Every part with sample data: what a room's author chooses from, and what the accessibility check reads."""
    return render(request, "base/gallery.html", samples.gallery(request))


def live_topics(request: HttpRequest) -> JsonResponse:
    """What of its subscriptions an open page may be told of; asked by the stream itself (``config/asgi.py``)."""
    return JsonResponse(live.topics_of(request.user, request.GET.getlist("on")))


def _error(request: HttpRequest, status: HTTPStatus, **context: Any) -> HttpResponse:
    return render(request, "base/error.html", {"status": int(status), **context}, status=status)


def error_400(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's shape
    return _error(
        request,
        HTTPStatus.BAD_REQUEST,
        page_title=_("The request could not be read"),
        what=_("What the browser sent does not fit together, so nothing was done."),
        todo=_("Go back, load the page again and send it once more."),
    )


def error_403(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    return _error(
        request,
        HTTPStatus.FORBIDDEN,
        page_title=_("This is not open to you"),
        what=_("Your role does not include this, or the page was open for too long before it was sent."),
        todo=_("Load the page again. If your work needs it, ask the system administrator of your office for the role."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    return error_403(request)


def error_404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    return _error(
        request,
        HTTPStatus.NOT_FOUND,
        page_title=_("There is nothing at this address"),
        what=_("The page does not exist, or it belongs to a region or department you do not look after."),
        todo=_("Check the address, or search by number or name from your desk."),
    )


def error_500(request: HttpRequest) -> HttpResponse:
    # Without the request: its context would ask the database, which may be what failed.
    context = {
        "page_title": _("Something went wrong on our side"),
        "what": _("The page could not be made. It has been written to the log; nothing was half saved."),
        "todo": _("Try again in a moment. If it stays, tell your administrator what you were doing and when."),
        "request": {"request_id": getattr(request, "request_id", "")},
        "LANGUAGE_CODE": getattr(request, "LANGUAGE_CODE", "zh-hans"),
    }
    return HttpResponse(render_to_string("base/error.html", context), status=HTTPStatus.INTERNAL_SERVER_ERROR)

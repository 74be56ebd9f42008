"""The API: everything the screens do, same verbs, errors with stable keys. OpenAPI at /api/docs."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from anwang.config.rooms import MODULES
from anwang.ground.accounts.api_auth import session_or_token
from anwang.ground.base.errors import Refused

api = NinjaAPI(
    title="Anwang 安网",
    version="1",
    description="Errors are `{key, what, todo}`: `key` is stable, the sentences follow the language cookie.",
    auth=session_or_token,
    docs_url="/docs",
    urls_namespace="api",
)


@api.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    return api.create_response(request, error.as_json(), status=error.status)


def _answer(request: HttpRequest, key: str, what: str, status: int, **more: Any) -> HttpResponse:
    return api.create_response(request, {"key": key, "what": what, "todo": "", **more}, status=status)


@api.exception_handler(Http404)
def _missing(request: HttpRequest, _error: Http404) -> HttpResponse:
    return _answer(request, "base.not_found", _("There is no such thing, or it is not yours to see."), 404)


@api.exception_handler(ObjectDoesNotExist)
def _absent(request: HttpRequest, _error: ObjectDoesNotExist) -> HttpResponse:
    return _answer(request, "base.not_found", _("There is no such thing, or it is not yours to see."), 404)


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    return _answer(request, "base.sign_in", _("Sign in, or send a valid token."), 401)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    problems = [{"field": ".".join(str(part) for part in e["loc"]), "what": str(e["msg"])} for e in error.errors]
    return _answer(request, "base.invalid", _("Some values do not fit."), 422, problems=problems)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return _answer(request, "base.bad_request", str(error), error.status_code)


for _module in MODULES:
    if find_spec(f"{_module}.api") is not None:
        api.add_router(f"/{_module.rsplit('.', 1)[1]}", import_module(f"{_module}.api").router)

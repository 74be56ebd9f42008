"""The API knows its caller by the browser's session or by a token."""

from typing import Any

from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer


class Session(APIKeyCookie):
    """The signed-in browser; unsafe methods need the CSRF token, as on any page."""

    param_name = "anwang"

    def __call__(self, request: HttpRequest) -> Any:
        # Who brings no session is unknown (401), not forged (403): the CSRF check is for those who have one.
        if not request.user.is_authenticated or hasattr(request.user, "token_permissions"):
            return None
        return super().__call__(request)

    def authenticate(self, request: HttpRequest, key: str | None) -> Any:  # noqa: ARG002
        return request.user


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Any:
        from anwang.ground.accounts import tokens

        return tokens.sign_in(request, token)


# The token first: a system that sends one has no cookie and must not be asked for a form's secret.
session_or_token = [Bearer(), Session()]

"""What allauth asks this house: no sign-up, our words, our password record, every sign-in in the trail."""

import base64
import os
from typing import Any, ClassVar

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anwang.ground.accounts import services
from anwang.ground.accounts.models import User
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused, Text
from anwang.ground.base.locks import lock

log = structlog.get_logger(__name__)
FACTOR = "accounts.second_factor"

SAID: dict[str, Text] = {
    "account/messages/logged_out.txt": _("You are signed out."),
    "account/messages/password_changed.txt": _("The password is changed. Your other sessions have ended."),
    "account/messages/password_set.txt": _("The password is set."),
    "mfa/messages/totp_activated.txt": _("The second factor is set up."),
    "mfa/messages/totp_deactivated.txt": _("The second factor is removed."),
    "mfa/messages/recovery_codes_generated.txt": _("New recovery codes are made; the old ones no longer work."),
    "usersessions/messages/sessions_logged_out.txt": _("Your other sessions have ended."),
}
"""allauth's messages by their templates, in our words; what is not here is not said."""


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by the system administrator; nobody signs themselves up."""

    error_messages: ClassVar[dict[str, Text]] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": _("User name or password is wrong."),
        "enter_current_password": _("The present password is wrong."),
        "incorrect_password": _("The password is wrong."),
        "incorrect_code": _("The code is wrong."),
        "too_many_login_attempts": _("Too many wrong codes. Wait a few minutes and try again."),
        "rate_limited": _("Too many tries. Wait a few minutes and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return "/"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        return "/"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Passwords are guarded by axes; allauth's own count is left to the second factor."""

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Every failure is a row, so that a name that exists takes no longer than one that does not.

        What was typed as the name of an unknown account is not kept: it may be a password in the wrong box.
        """
        name = str(credentials.get("username", "")).strip().lower()
        user = User.objects.filter(username=name, kind=User.Kind.PERSON).first()
        failures = getattr(request, "axes_failures_since_start", None) or 0
        if failures > settings.AXES_FAILURE_LIMIT:
            return  # already locked: the trail is not filled by somebody who keeps trying
        now = timezone.now()
        if failures == settings.AXES_FAILURE_LIMIT:
            audit.record("accounts.locked_out", on=user, by=None, at=now, data={"failures": failures})
        else:
            audit.record("accounts.sign_in_failed", on=user, by=None, at=now)

    def post_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse:
        now = timezone.now()
        request.session["seen"] = int(now.timestamp())
        audit.record("accounts.signed_in", on=user, by=user, at=now)
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if user.language:
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME, user.language, max_age=365 * 86400, samesite="Lax", secure=settings.HTTPS
            )
        return response

    def logout(self, request: HttpRequest) -> None:
        if request.user.is_authenticated:
            audit.record("accounts.signed_out", on=request.user, by=request.user, at=timezone.now())
        super().logout(request)

    def set_password(self, user: Any, password: str) -> None:
        """A person changes their own; allauth's forms have asked for the present one and checked the policy."""
        row = services.set_password(user=user, password=password, by=user, now=timezone.now())
        # allauth goes on with its own object, which must know the new hash to keep this session alive.
        user.password, user.password_changed_at = row.password, row.password_changed_at
        user.must_change_password = row.must_change_password

    def clean_password(self, password: str, user: Any = None) -> str:
        try:
            services.check_password(password, user)
        except Refused as refused:
            raise self.validation_error_of(refused) from refused
        return password

    @staticmethod
    def validation_error_of(refused: Refused) -> Exception:
        from django.core.exceptions import ValidationError

        return ValidationError(str(refused.params.get("why") or refused.what), code=refused.key)

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,  # noqa: ARG002 - allauth's shape
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        text = message or SAID.get(message_template or "")
        if text:
            messages.add_message(request, level, str(text), extra_tags=extra_tags)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Our words for the second factor, and a label that the phone's list shows well."""

    error_messages: ClassVar[dict[str, Text]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("The code is wrong."),
        "cannot_generate_recovery_codes": _("Set up the second factor first."),
    }

    def encrypt(self, text: str) -> str:
        return lock(FACTOR).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret again. One of another installation becomes a chance one: no code fits, and nothing breaks off."""
        try:
            return lock(FACTOR).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            log.warning("accounts.second_factor_unreadable")
            return base64.b32encode(os.urandom(20)).decode()

    def get_totp_label(self, user: Any) -> str:
        return str(user.username)

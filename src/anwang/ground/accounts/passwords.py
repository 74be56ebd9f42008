"""Password rules beyond Django's own: classes of characters, and no return of the last ones."""

from typing import Any

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _


class ClassesValidator:
    """At least ``classes`` of: small letters, capitals, digits, other signs."""

    def __init__(self, classes: int = 3) -> None:
        self.classes = classes

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002
        kinds = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
        if sum(any(kind(c) for c in password) for kind in kinds) < self.classes:
            raise ValidationError(self.get_help_text(), code="password_classes")

    def get_help_text(self) -> str:
        return _("Use at least %(n)d of: small letters, capitals, digits, other signs.") % {"n": self.classes}


class ReuseValidator:
    def __init__(self, keep: int = 5) -> None:
        self.keep = keep

    def validate(self, password: str, user: Any = None) -> None:
        if user is None or user._state.adding:  # noqa: SLF001
            return
        recent = user.passwords_used.order_by("-at").values_list("password", flat=True)[: self.keep]
        if any(check_password(password, old) for old in (user.password, *recent)):
            raise ValidationError(self.get_help_text(), code="password_reused")

    def get_help_text(self) -> str:
        return _("Do not use one of your last %(n)d passwords again.") % {"n": self.keep}

"""What allauth does to second factors by itself, written to the trail. Its signals, not ours."""

from typing import Any

from allauth.mfa import signals
from django.utils import timezone

from anwang.ground.audit import services as audit


def _added(user: Any, authenticator: Any, **_: Any) -> None:
    if authenticator.type == "recovery_codes":
        _codes(user)
    else:
        audit.record("accounts.second_factor_added", on=user, by=user, at=timezone.now())


def _removed(user: Any, authenticator: Any, **_: Any) -> None:
    if authenticator.type != "recovery_codes":
        audit.record("accounts.second_factor_removed", on=user, by=user, at=timezone.now())


def _codes(user: Any, **_: Any) -> None:
    audit.record("accounts.recovery_codes_made", on=user, by=user, at=timezone.now())


def connect() -> None:
    signals.authenticator_added.connect(_added, dispatch_uid="anwang")
    signals.authenticator_removed.connect(_removed, dispatch_uid="anwang")
    signals.authenticator_reset.connect(_codes, dispatch_uid="anwang")

"""API tokens: shown once, kept as a hash, cut down in rights, with an end."""

import hashlib
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from anwang.ground.accounts.models import ApiToken, User

NOTED_EVERY = timedelta(minutes=1)
"""How fine the moment of last use is kept: not every call of a busy system becomes a write."""


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def sign_in(request: HttpRequest, secret: str) -> User | None:
    """The token's owner with the token's rights, or None.

    The row is found by the hash of what was sent: how long that takes says nothing about any real secret.
    """
    now = timezone.now()
    token = ApiToken.objects.select_related("user").filter(digest=digest(secret)).first()
    if token is None or token.revoked_at is not None or token.expires_at <= now or not token.user.is_active:
        return None
    if token.user.kind == User.Kind.LINK:
        return None
    if token.last_used_at is None or now - token.last_used_at >= NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    user = token.user
    user.token_permissions = frozenset(token.permissions)  # type: ignore[attr-defined]
    request.user = user
    return user

"""Asking for rights below the floor that knows them.

Audit, jobs and regions stand under accounts and may not import it, yet their screens and services decide by the same
grants. Accounts hands its answers up in ``AppConfig.ready()``; until then nobody may do anything. Rooms above accounts
use ``accounts.scope`` itself. Permissions are given by their words (``"grid.edit"``).
"""

from collections.abc import Callable
from typing import Any

from django.db.models import Q

from anwang.ground.base.errors import Refused


class _House:
    """The installation as a whole. It lies in no region, so only an administrator's grant that names none opens it."""


HOUSE = _House()
"""``on=HOUSE``: for what cannot be divided by region, such as the queue of jobs."""

_can: Callable[..., bool] = lambda *_args, **_named: False  # noqa: E731
_within: Callable[..., Q] = lambda *_args, **_named: Q(pk__in=[])  # noqa: E731


def provide(*, can: Callable[..., bool], within: Callable[..., Q]) -> None:
    """Wired once at start, with the functions of ``accounts.scope``."""
    global _can, _within
    _can, _within = can, within


def can(user: Any, permission: str, *, on: Any = None) -> bool:
    """May ``user`` do this to ``on``? Without ``on``: may they do it somewhere?"""
    return _can(user, permission, on=on)


def require(user: Any, permission: str, *, on: Any = None) -> None:
    """Raise ``Refused("accounts.not_permitted")`` unless :func:`can`. ``user`` None is the machine itself."""
    if user is not None and not can(user, permission, on=on):
        raise Refused("accounts.not_permitted", permission=permission)


def within(user: Any, permission: str, model: Any, *, prefix: str = "") -> Q:
    """The rows of ``model`` on which ``user`` has ``permission``, as a filter."""
    return _within(user, permission, model, prefix=prefix)

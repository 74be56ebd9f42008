"""What this room hands up to the shell: its places in the menu, whose eyes look, and who may use what."""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from anwang.ground.accounts import scope, selectors
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import nav


def may(request: HttpRequest, permission: str) -> bool:
    return permission in set(Permission) and scope.may(getattr(request, "user", None), Permission(permission))


def eyes(request: HttpRequest) -> nav.Eyes | None:
    user = getattr(request, "user", None)
    return selectors.eyes(user) if user is not None and user.is_authenticated else None


def register() -> None:
    nav.provide_may(may)
    nav.provide_eyes(eyes)
    for item in (
        nav.Item("accounts:people", _("Accounts"), "accounts:people:list", "users", 80, "user.manage", group="records"),
        nav.Item("accounts:grants", _("Grants"), "accounts:grants:list", "key", 81, "grant.manage", group="records"),
        nav.Item(
            "accounts:roles", _("Roles"), "accounts:roles:list", "shield-check", 82, "grant.manage", group="records"
        ),
        nav.Item(
            "accounts:security",
            _("Lockouts and sessions"),
            "accounts:security",
            "lock",
            83,
            "security.manage",
            group="records",
        ),
        # The three administrators are never one account, so nobody sees the roles twice.
        nav.Item(
            "accounts:roles:audit", _("Roles"), "accounts:roles:list", "shield-check", 82, "audit.read", group="records"
        ),
        nav.Item("accounts:me", _("Mine"), "accounts:me:page", "user-circle", 10, group="me", phone=True),
        nav.Item("mfa", _("Second factor"), "mfa_index", "device-mobile", 20, group="me"),
        nav.Item("sessions", _("My sessions"), "usersessions_list", "history", 30, group="me"),
        nav.Item("password", _("Change the password"), "account_change_password", "lock", 40, group="me"),
        nav.Item("sign-out", _("Sign out"), "account_logout", "logout", 90, group="me", post=True),
    ):
        nav.register(item)

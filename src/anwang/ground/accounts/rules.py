"""Who may hold what together, and what a good account, grant and token look like. No database here.

Separation of the three administrators (三员分立): GB/T 22239-2019 level 3, management centre; domain reference 11.1.
Guards return the key of a refusal or None.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,58}[a-z0-9]")
ROLE_KEY = re.compile(r"[a-z][a-z0-9_]{2,39}")
TOKEN_MAX = timedelta(days=366)
"""A forgotten key must not open the house for ever."""
LINK_MAX = timedelta(days=366)
VIEWS_PER_PAGE = 20

OFFICES: dict[str, frozenset[str]] = {
    "system": frozenset({"user.manage", "system.manage"}),
    "security": frozenset({"grant.manage", "role.manage", "security.manage", "token.manage"}),
    "audit": frozenset({"audit.read", "audit.export"}),
}
"""The three offices by the permissions that make them. A role with one of these is an administrator's."""

LIBRARIES = frozenset(
    {
        "region.read",
        "standard.read",
        "standard.edit",
        "checklist.read",
        "checklist.edit",
        "organisation.read",
        "alarm.rules",
    }
)
"""What an administrator's role may hold besides: registers and libraries, no business rows."""


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """A role as the rules see it."""

    key: str
    permissions: frozenset[str]
    administrator: bool
    placed_by: str

    @property
    def offices(self) -> frozenset[str]:
        return frozenset(office for office, own in OFFICES.items() if own & self.permissions)


def role_problem(role: RoleFacts) -> str | None:
    """May such a role exist? An office of the three mixes neither with another nor with business."""
    if len(role.offices) > 1:
        return "accounts.role_two_offices"
    if role.offices:
        own = OFFICES[next(iter(role.offices))]
        if not role.permissions <= own | LIBRARIES:
            return "accounts.role_mixed"
    if bool(role.offices) != role.administrator:
        return "accounts.role_mixed"
    return None


def separation_problem(held: Iterable[RoleFacts], given: RoleFacts) -> str | None:
    """May an account with the roles ``held`` (now or later) get ``given`` too?"""
    for role in held:
        if role.administrator and given.administrator and role.offices != given.offices:
            return "accounts.two_administrators"
        if role.administrator != given.administrator:
            return "accounts.administrator_and_business"
    return None


def place_problem(role: RoleFacts, *, region: bool, organisation: bool, thing: bool) -> str | None:
    """A grant must name what its role is placed by; one that names nothing would open nothing, or too much."""
    if thing != (role.placed_by == "thing"):
        return "accounts.only_by_link"
    if role.placed_by == "region" and not region:
        return "accounts.region_missing"
    if role.placed_by == "organisation" and not organisation:
        return "accounts.organisation_missing"
    if role.placed_by == "either" and not (region or organisation):
        return "accounts.place_missing"
    if role.administrator and organisation:
        return "accounts.administrator_unplaced"
    return None


def term_problem(starts_at: datetime, ends_at: datetime | None, *, now: datetime) -> str | None:
    if ends_at is not None and (ends_at <= starts_at or ends_at <= now):
        return "accounts.term_backwards"
    return None


def reset_problem(*, offices: Collection[str], keeps_accounts: bool, keeps_security: bool) -> str | None:
    """Who may set another's password, given the offices that other holds.

    Whoever can set a password can be that person. So the system administrator resets business accounts, the security
    administrator those of the other two, and his own is reset from the server's command line alone.
    """
    if "security" in offices:
        return "accounts.reset_on_server"
    if offices:
        return None if keeps_security else "accounts.reset_by_security"
    return None if keeps_accounts else "accounts.not_permitted"


def token_problem(
    *, wanted: Collection[str], held: Collection[str], now: datetime, expires_at: datetime, by_token: bool
) -> str | None:
    """A key has an end, no more rights than its owner, and makes no further keys."""
    if by_token:
        return "accounts.token_by_token"
    if not wanted:
        return "accounts.token_empty"
    if not set(wanted) <= set(held):
        return "accounts.token_too_wide"
    if not now < expires_at <= now + TOKEN_MAX:
        return "accounts.token_term"
    return None


def link_problem(*, now: datetime, expires_at: datetime) -> str | None:
    return None if now < expires_at <= now + LINK_MAX else "accounts.link_term"


def password_is_old(changed_at: datetime, *, now: datetime, max_days: int) -> bool:
    return now - changed_at > timedelta(days=max_days)


def is_idle(seen_at: datetime, *, now: datetime, minutes: int) -> bool:
    return now - seen_at > timedelta(minutes=minutes)

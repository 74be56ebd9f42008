"""The menu, and what the shell of every page asks of rooms above this floor.

Rooms hand their places up in ``AppConfig.ready()``::

    nav.register(nav.Item("hazards", _("Hazards"), "hazards:ledger", "hazard", order=30, permission="hazards.read"))

Accounts, notices and drills hand up answers (whose eyes, how many unread, may she, is this a drill): the ground
floor may not import them, so they are given as functions of the request.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

# The menu is by job. The order of groups is the order of a working day; a group without items is not shown.
GROUPS: dict[str, Text] = {
    "day": _("Every day"),
    "watch": _("Watch and respond"),
    "govern": _("Govern"),
    "records": _("Records"),
    "me": _("My account"),  # the user menu; the inbox and the account are not in the sidebar but may be on the phone
}


@dataclass(frozen=True, slots=True)
class Item:
    """A place in the menu.

    ``key`` is the room's URL namespace (or a longer piece of a view's name, ``accounts:people``): the item is marked
    while a page under it is open.
    ``permission`` is asked of the provider of ``may``; None means anybody signed in.
    ``phone`` puts the item in the bottom bar of the phone (five places at most, by ``order``).
    ``post`` makes it a button that posts (sign out).
    ``whole`` keeps it to those who hold the permission for the whole house (``rights.HOUSE``).
    """

    key: str
    label: Text
    url_name: str
    icon: str
    order: int
    permission: str | None = None
    phone: bool = False
    group: str = "day"
    post: bool = False
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Eyes:
    """Whose eyes look at the page: a person, the role acted in, and the region it reaches."""

    person: Text = ""
    role: Text = ""
    region: Text = ""
    organisation: Text = ""


_items: dict[str, Item] = {}
_may: Callable[[HttpRequest, str], bool] = lambda _request, _permission: False  # noqa: E731
_eyes: Callable[[HttpRequest], Eyes | None] = lambda _request: None  # noqa: E731
_inbox_count: Callable[[HttpRequest], int] = lambda _request: 0  # noqa: E731
_exercise: Callable[[HttpRequest], Text] = lambda _request: ""  # noqa: E731


def register(item: Item) -> None:
    """Add a place to the menu; the same key again replaces it (AppConfig.ready may run twice in tests)."""
    if item.group not in GROUPS:
        msg = f"unknown menu group {item.group!r} of {item.key!r}"
        raise ValueError(msg)
    _items[item.key] = item


def items_for(may: Callable[[str], bool], may_whole: Callable[[str], bool] | None = None) -> list[Item]:
    """The places of somebody, in the order of the menu. ``may`` answers for one permission, ``may_whole`` for one held
    in the whole house (left out: the same answer).
    """
    order = list(GROUPS)
    answer = {False: may, True: may_whole or may}
    allowed = (each for each in _items.values() if each.permission is None or answer[each.whole](each.permission))
    return sorted(allowed, key=lambda item: (order.index(item.group), item.order, item.key))


def registered() -> Iterable[Item]:
    """Every place that any room has handed up."""
    return tuple(_items.values())


def provide_may(answer: Callable[[HttpRequest, str], bool]) -> None:
    """``answer(request, permission)``: may the person behind this request use that permission at all?"""
    global _may  # noqa: PLW0603 - wired once at start
    _may = answer


def provide_eyes(answer: Callable[[HttpRequest], Eyes | None]) -> None:
    """``answer(request)``: whose eyes, or None for somebody who is not signed in."""
    global _eyes  # noqa: PLW0603
    _eyes = answer


def provide_inbox_count(answer: Callable[[HttpRequest], int]) -> None:
    """``answer(request)``: unread messages of the person."""
    global _inbox_count  # noqa: PLW0603
    _inbox_count = answer


def provide_exercise(answer: Callable[[HttpRequest], Text]) -> None:
    """``answer(request)``: the name of the drill this page belongs to, or "". It draws the hatched band."""
    global _exercise  # noqa: PLW0603
    _exercise = answer


def may(request: HttpRequest, permission: str) -> bool:
    return _may(request, permission)


def eyes(request: HttpRequest) -> Eyes | None:
    return _eyes(request)


def inbox_count(request: HttpRequest) -> int:
    return _inbox_count(request)


def exercise(request: HttpRequest) -> Text:
    return _exercise(request)

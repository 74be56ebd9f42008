"""What the shell template needs on every page."""

import functools
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from anwang.ground.base import nav, rights


@dataclass(frozen=True, slots=True)
class Place:
    """A menu item as drawn: with its address, and whether we are there."""

    item: nav.Item
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Group:
    label: nav.Text
    places: list[Place]


def places(request: HttpRequest) -> list[Place]:
    items = nav.items_for(
        functools.partial(nav.may, request),
        functools.partial(rights.can, getattr(request, "user", None), on=rights.HOUSE),
    )
    match = request.resolver_match
    parts = match.view_name.split(":") if match and match.view_name else []
    above = {":".join(parts[:depth]) for depth in range(1, len(parts) + 1)}
    # The nearest of the items that stand above the page: accounts:people:list is under accounts:people, not accounts.
    here = max((item.key for item in items if item.key in above), key=len, default="")
    found = []
    for item in items:
        try:
            url = reverse(item.url_name)
        except NoReverseMatch:
            # A wrong entry in the menu must not take every page down with it; a test holds all entries to the URLs.
            continue
        found.append(Place(item, url, current=item.key == here))
    return found


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Everything is lazy: a partial page that draws no shell pays for none of it."""

    @functools.cache
    def all_places() -> list[Place]:
        return places(request)

    def groups() -> list[Group]:
        return [
            Group(label, inside)
            for key, label in nav.GROUPS.items()
            if key != "me" and (inside := [place for place in all_places() if place.item.group == key])
        ]

    return {
        "nav_groups": SimpleLazyObject(groups),
        "nav_phone": SimpleLazyObject(lambda: [place for place in all_places() if place.item.phone][:5]),
        "nav_me": SimpleLazyObject(lambda: [place for place in all_places() if place.item.group == "me"]),
        "whose_eyes": SimpleLazyObject(lambda: nav.eyes(request) or nav.Eyes()),
        "inbox_url": SimpleLazyObject(lambda: next((p.url for p in all_places() if p.item.key == "notices"), "")),
        "inbox_count": SimpleLazyObject(lambda: nav.inbox_count(request)),
        "exercise": SimpleLazyObject(lambda: str(nav.exercise(request))),
    }

"""What this room asks of rooms above it: the names of organisations, for the people who grant.

Organisations live on a higher floor; their room hands the answers up in ``AppConfig.ready()``. Until then a grant names
an organisation by its id alone.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

Names = Callable[[Collection[str]], Mapping[str, str]]
Search = Callable[[Any, str], list[tuple[str, str]]]

_names: Names = lambda ids: {}  # noqa: E731, ARG005
_search: Search | None = None


def provide_organisations(*, names: Names, search: Search) -> None:
    """``names(ids)`` → id → name. ``search(by, text)`` → [(id, name)] that ``by`` may grant on: at most 20."""
    global _names, _search
    _names, _search = names, search


def organisation_names(ids: Collection[str]) -> Mapping[str, str]:
    return _names(ids) if ids else {}


def search_organisations(by: Any, text: str) -> list[tuple[str, str]]:
    return _search(by, text) if _search is not None and text.strip() else []

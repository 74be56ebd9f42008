"""Pages of a long list by key, not by offset: the thousandth page costs what the first does."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from anwang.ground.base.errors import Refused

M = TypeVar("M", bound=Model)
SIZE = 50
MAX_SIZE = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    items: list[M]
    next: str  # token for ``after``; empty on the last page

    def __iter__(self) -> Any:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def page(rows: QuerySet[M], *, order: Sequence[str], after: str = "", size: int = SIZE) -> Page[M]:
    """One page of ``rows`` in ``order`` (``-name`` for descending). The last name must be unique (``id``).

    Columns in ``order`` must not be null. A token that was not made here is refused, not guessed at.
    """
    size = max(1, min(size, MAX_SIZE))
    rows = rows.order_by(*order)
    if after:
        try:
            rows = rows.filter(_after(order, _read(after, len(order))))
        except (ValidationError, ValueError, TypeError) as error:
            raise Refused("base.bad_page") from error
    found = list(rows[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, _token(found[-1], order) if more and found else "")


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows that sort after ``values``: a > x, or a = x and b > y, …

    The first column is also bounded by itself, so that the database starts in the index at the right place.
    """
    whole = Q()
    for depth, name in enumerate(order):
        part = Q()
        for before, value in zip(order[:depth], values[:depth], strict=True):
            part &= Q(**{before.lstrip("-"): value})
        step = "lt" if name.startswith("-") else "gt"
        whole |= part & Q(**{f"{name.lstrip('-')}__{step}": values[depth]})
    first = order[0]
    return Q(**{f"{first.lstrip('-')}__{'lte' if first.startswith('-') else 'gte'}": values[0]}) & whole


def _token(row: Model, order: Sequence[str]) -> str:
    values = [_plain(getattr(row, name.lstrip("-"))) for name in order]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def _read(token: str, count: int) -> list[Any]:
    try:
        values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error) as error:
        raise Refused("base.bad_page") from error
    if not isinstance(values, list) or len(values) != count or not all(isinstance(v, str | int) for v in values):
        raise Refused("base.bad_page")
    return values

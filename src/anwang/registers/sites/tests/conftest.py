from collections.abc import Callable
from typing import Any

import pytest

from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services


@pytest.fixture
def library(db: None, now: Any) -> None:
    """Kinds of places, classes, limits, and the levels of the chains."""
    organisations.load_library(now=now)
    services.load_library(now=now)


@pytest.fixture
def office(make_user: Any, places: Any) -> Any:
    return make_user("county_office", places.county)


@pytest.fixture
def site(library: None, office: Any, places: Any, now: Any) -> Callable[..., Any]:
    """``site("望舒面馆")`` in the first grid, entered by the county office."""

    def make(name: str = "望舒面馆", kind_key: str = "restaurant", region: Any = None, **values: Any) -> Any:
        values.setdefault("by", office)
        values.setdefault("now", now)
        return services.create(name=name, kind_key=kind_key, region=region or places.grid, **values)

    return make


@pytest.fixture
def market_bureau(office: Any, places: Any, now: Any, library: None) -> Any:
    return organisations.make(
        kind_key="department",
        name="河曲县市场监督管理局",
        region=places.county,
        domains=["commerce"],
        contact="冯局长",
        phone="15400000055",
        by=office,
        now=now,
    )

"""A small county with an office, a town, a station, and somebody who may write all of it."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from anwang.registers.organisations import services


@pytest.fixture
def levels(db: None, now: Any) -> None:
    services.load_library(now=now)


@pytest.fixture
def office(make_user: Any, places: Any) -> Any:
    """Somebody of the county safety office."""
    return make_user("county_office", places.county)


@pytest.fixture
def organisation(office: Any, places: Any, now: Any) -> Callable[..., Any]:
    """``organisation("department", "应急管理局")`` in the county, made by the office."""

    def make(kind: str = "department", name: str = "河曲县应急管理局", region: Any = None, **fields: Any) -> Any:
        return services.make(kind_key=kind, name=name, region=region or places.county, by=office, now=now, **fields)

    return make


@pytest.fixture
def grid_post(organisation: Any, places: Any, office: Any, now: Any) -> Any:
    town = organisation("town", "西口镇人民政府", places.town)
    return services.make_post(organisation_id=town.pk, title="网格员", key="grid_member", quota=2, by=office, now=now)


@pytest.fixture
def member(grid_post: Any, office: Any, now: Any) -> Any:
    """A grid member known by name, in post since the first of March 2026."""
    return services.appoint(
        post_id=grid_post.pk,
        person_name="苗彩霞",
        person_phone="15400000001",
        since=date(2026, 3, 1),
        by=office,
        now=now,
    )

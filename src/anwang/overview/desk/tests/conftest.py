"""The small county of the hazards' tests, with a neighbour in the same city and one in another."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from anwang.work.alarms.tests.conftest import watched  # noqa: F401 - a fixture
from anwang.work.hazards import services
from anwang.work.hazards.tests.conftest import (  # noqa: F401 - fixtures
    as_user,
    found,
    libraries,
    mine,
    organisation,
    people,
    picture,
    site,
    walked,
)


@pytest.fixture
def elsewhere(site: Any, people: Any, places: Any, now: datetime) -> Any:  # noqa: F811
    """``elsewhere()`` reports a hazard in the neighbouring county, ``elsewhere(far=True)`` in another city."""
    made: dict[bool, Any] = {}

    def report(*, far: bool = False, **values: Any) -> Any:
        by = people.far if far else people.other_county
        region = places.far_grid if far else places.other_grid
        if far not in made:
            made[far] = site(f"外地场所{far}", region=region, by=by, enterprise=None)
        values.setdefault("description", "疏散通道堵塞")
        values.setdefault("source", "government")
        values.setdefault("now", now)
        values.setdefault("found_at", values["now"])
        return services.report(site_id=made[far].pk, by=by, **values)

    return report


@pytest.fixture
def ago(now: datetime) -> Any:
    return lambda days: now - timedelta(days=days)

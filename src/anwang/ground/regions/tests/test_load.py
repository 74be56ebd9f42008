"""The kept lists in the database."""

from datetime import datetime
from typing import Any

import pytest

from anwang.ground.audit.models import AuditRow
from anwang.ground.base.errors import Refused
from anwang.ground.regions import loader, selectors, services
from anwang.ground.regions.models import Border, Region

pytestmark = pytest.mark.django_db


def test_the_whole_province_twice(now: datetime) -> None:
    told: list[tuple[int, int]] = []
    first = services.load("140930", by=None, now=now, progress=lambda done, all_: told.append((done, all_)))
    assert first.created == 3351 + 23247
    assert (first.updated, first.retired, first.borders) == (0, 0, 129)
    assert told[-1] == (23247, 23247)
    assert len(told) > 5

    again = services.load("14", by=None, now=now)
    assert (again.created, again.updated, again.retired, again.unchanged) == (0, 0, 0, first.created)
    assert AuditRow.objects.filter(event="regions.loaded").count() == 2

    hequ = Region.objects.get(code="140930")
    assert Region.objects.within(hequ).filter(level="town").count() == 11
    assert hequ.lon == pytest.approx(111.3, abs=0.3)
    assert Border.objects.get(region=hequ).west < hequ.lon < Border.objects.get(region=hequ).east
    assert Region.objects.filter(code="140171", pseudo=True).exists()
    assert selectors.county_at(111.1384, 39.3844) == hequ
    assert selectors.county_at(0, 0) is None

    # Dongguan has no counties: its towns hang from the city, and everything in it is found by either column.
    services.load_province("44", by=None, now=now)
    town = Region.objects.filter(code__startswith="441900", level="town").first()
    assert town.parent_id == town.county_code == town.city_code == "441900"
    assert selectors.path_words(town) == f"东莞市 · {town.name}"


def test_what_left_the_list_is_retired_and_comes_back(
    places: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [row for row in loader.read_province("14") if row.county == "140930" and row.level == "town"]
    monkeypatch.setattr(loader, "read_province", lambda _code: iter(rows[1:]))
    loaded = services.load_province("14", by=None, now=now)
    places.village.refresh_from_db()
    assert places.village.retired_on == now.date()
    gone = Region.objects.filter(retired_on__isnull=False, level="town")
    assert rows[0].code in set(gone.values_list("code", flat=True))
    assert loaded.retired > 0
    places.grid.refresh_from_db()
    assert places.grid.retired_on is None  # grids are nobody's list

    Region.objects.filter(code=rows[1].code).update(name="改名前", lon=111.1, lat=39.4)
    monkeypatch.setattr(loader, "read_province", lambda _code: iter(rows))
    again = services.load_province("14", by=None, now=now)
    assert again.updated == 2
    back = Region.objects.get(code=rows[0].code)
    assert (back.retired_on, back.name) == (None, rows[0].name)
    renamed = Region.objects.get(code=rows[1].code)
    # What no list says stays.
    assert (renamed.name, renamed.lon, renamed.lat) == (rows[1].name, 111.1, 39.4)


def test_a_province_without_lists_is_refused(now: datetime) -> None:
    services.load_national(by=None, now=now)
    for code in ("71", "xx", "", "99"):
        with pytest.raises(Refused, check=lambda error: error.key == "regions.unknown_province"):
            services.load_province(code, by=None, now=now)
    assert services.load_borders("61", by=None, now=now) == 0


def test_loading_is_the_system_administrators(make_user: Any, places: Any, now: datetime) -> None:
    with pytest.raises(Refused, check=lambda error: error.key == "accounts.not_permitted"):
        services.load_national(by=make_user("county_office", places.county), now=now)
    services.load_national(by=make_user("system_admin"), now=now)

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anwang.ground.audit.models import AuditRow
from anwang.ground.base.errors import Refused
from anwang.ground.regions import labels, selectors, services, shapes
from anwang.ground.regions.models import Border, Grid, GridChange, Region
from anwang.kernel import geo

pytestmark = pytest.mark.django_db


def refused(key: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.key == key)


def square(west: float, south: float, size: float = 0.01) -> dict[str, Any]:
    east, north = round(west + size, 6), round(south + size, 6)
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


@pytest.fixture
def officer(make_user: Any, places: Any) -> Any:
    return make_user("town_officer", places.town)


class TestMaking:
    def test_gets_the_next_code_and_a_place(self, officer: Any, places: Any, now: datetime) -> None:
        grid = services.make_grid(
            under=places.village, name=" 第三  网格 ", outline=square(111.10, 39.38), by=officer, now=now, note="新设"
        )
        assert (grid.code, grid.name, grid.level) == ("140930100002003", "第三 网格", "grid")
        assert grid.codes() == {**places.village.codes(), "grid_code": grid.code}
        assert (grid.lon, grid.lat) == (111.105, 39.385)
        change = GridChange.objects.get(new=grid)
        assert (change.what, change.old, change.by_name, change.note) == ("made", None, officer.name, "新设")
        row = AuditRow.objects.get(event="regions.grid_made")
        assert (row.chain, row.on_id) == ("140930", grid.code)

    def test_under_a_town_zeros_stand_for_the_village(self, officer: Any, places: Any, now: datetime) -> None:
        grid = services.make_grid(under=places.town, name="镇区网格", by=officer, now=now)
        assert grid.code == "140930100000001"
        assert (grid.village_code, grid.town_code) == ("", places.town.code)

    @pytest.mark.parametrize(
        ("fields", "key"),
        [
            ({"name": " "}, "regions.name_missing"),
            ({"name": "古渡社区第一网格"}, "regions.name_taken"),
            ({"code": "140930100002001"}, "regions.grid_taken"),
            ({"code": "140930100003001"}, "regions.grid_code"),
            ({"outline": {"type": "Point", "coordinates": [1, 2]}}, "regions.outline_unreadable"),
            ({"outline": square(39.38, 111.1)}, "regions.outline_outside_china"),
            ({"points": [[111.1]]}, "regions.points_unreadable"),
            ({"points": [["x", "y"]]}, "regions.points_unreadable"),
        ],
    )
    def test_what_does_not_fit(
        self, officer: Any, places: Any, now: datetime, fields: dict[str, Any], key: str
    ) -> None:
        with refused(key):
            services.make_grid(**{"under": places.village, "name": "甲", **fields}, by=officer, now=now)
        assert not Region.objects.filter(name="甲").exists()

    def test_only_in_ones_own_place(self, officer: Any, places: Any, now: datetime) -> None:
        with refused("accounts.not_permitted"):
            services.make_grid(under=places.town_two, name="甲", by=officer, now=now)
        with refused("regions.grid_parent"):
            services.make_grid(under=places.county, name="甲", by=None, now=now)

    def test_an_outline_lies_in_its_county(self, officer: Any, places: Any, now: datetime) -> None:
        border = square(111.0, 39.0, 1.0)
        Border.objects.create(region=places.county, geometry=border, source="x", west=111, south=39, east=112, north=40)
        with refused("regions.outline_elsewhere"):
            services.make_grid(under=places.village, name="甲", outline=square(112.5, 39.5), by=officer, now=now)
        services.make_grid(under=places.village, name="甲", outline=square(111.995, 39.5), by=None, now=now)

    def test_other_datums_are_kept_as_wgs84(self, places: Any, now: datetime) -> None:
        lon, lat = geo.wgs84_to_gcj02(111.1, 39.38)
        grid = services.make_grid(
            under=places.village, name="甲", points=[[lon, lat, "井"]], crs="gcj02", by=None, now=now
        )
        assert grid.grid.points == [[pytest.approx(111.1, abs=2e-6), pytest.approx(39.38, abs=2e-6), "井"]]


class TestChanging:
    def test_redrawn_and_renamed_with_what_was(self, officer: Any, places: Any, now: datetime) -> None:
        first, second = square(111.10, 39.38), square(111.20, 39.38)
        grid = services.make_grid(under=places.village, name="甲", outline=first, by=officer, now=now)
        services.redraw(grid=grid, outline=second, by=officer, now=now)
        services.rename(grid=grid, name="乙", note="按社区叫法", by=officer, now=now)
        services.rename(grid=grid, name="乙", by=officer, now=now)
        grid.refresh_from_db()
        assert (grid.name, grid.grid.outline, grid.lon) == ("乙", second, 111.205)
        history = list(selectors.history(grid))
        assert [change.what for change in history] == ["renamed", "redrawn", "made"]
        assert [change.before for change in history] == [{"name": "甲"}, {"outline": first, "points": []}, {}]

    def test_only_grids_and_only_ones_own(self, officer: Any, places: Any, now: datetime) -> None:
        with refused("regions.not_a_grid"):
            services.rename(grid=places.village, name="乙", by=officer, now=now)
        with refused("accounts.not_permitted"):
            services.rename(grid=places.other_grid, name="乙", by=officer, now=now)


class TestMerging:
    def test_two_become_one_and_keep_their_past(self, officer: Any, places: Any, now: datetime) -> None:
        for grid, west in ((places.grid, 111.10), (places.grid_two, 111.11)):
            services.redraw(grid=grid, outline=square(west, 39.38), by=officer, now=now)
        merged = services.merge_grids(
            olds=[places.grid, places.grid_two], name="古渡社区网格", by=officer, now=now + timedelta(days=1)
        )
        assert (merged.code, merged.parent_id) == ("140930100002003", places.village.code)
        assert merged.grid.outline["type"] == "Polygon"
        assert merged.grid.made_on == date(2026, 11, 21)
        for grid in (places.grid, places.grid_two):
            grid.refresh_from_db()
            assert grid.retired_on == date(2026, 11, 21)
            assert selectors.successors(grid) == [merged]
        assert selectors.successors(merged) == [merged]
        assert selectors.grid_at(111.115, 39.385, places.county) == merged
        assert list(selectors.grids_under(places.town)) == [merged.grid]
        with refused("regions.retired"):
            services.merge_grids(olds=[places.grid, merged], name="又", by=officer, now=now)
        with refused("regions.retired"):
            services.rename(grid=places.grid, name="又", by=officer, now=now)

    def test_across_villages_it_lies_under_the_town(self, officer: Any, places: Any, now: datetime) -> None:
        other = services.make_grid(under=places.village_two, name="科村网格", by=officer, now=now)
        merged = services.merge_grids(olds=[places.grid, other], name="联合网格", by=officer, now=now)
        assert (merged.parent_id, merged.village_code) == (places.town.code, "")

    def test_not_across_towns_and_not_without_rights(
        self, officer: Any, make_user: Any, places: Any, now: datetime
    ) -> None:
        with refused("accounts.not_permitted"):
            services.merge_grids(olds=[places.grid, places.other_grid], name="甲", by=officer, now=now)
        with refused("regions.merge_apart"):
            services.merge_grids(olds=[places.grid, places.other_grid], name="甲", by=None, now=now)
        with refused("regions.merge_two"):
            services.merge_grids(olds=[places.grid], name="甲", by=officer, now=now)
        with refused("accounts.not_permitted"):
            services.merge_grids(
                olds=[places.grid, places.grid_two], name="甲", by=make_user("leader", places.county), now=now
            )
        assert not Region.objects.filter(retired_on__isnull=False).exists()

    def test_the_name_of_a_retired_one_is_free_again(self, officer: Any, places: Any, now: datetime) -> None:
        merged = services.merge_grids(olds=[places.grid, places.grid_two], name=places.grid.name, by=officer, now=now)
        assert merged.name == places.grid.name


class TestSplitting:
    def test_one_becomes_two(self, officer: Any, places: Any, now: datetime) -> None:
        parts = [services.Part("东", square(111.10, 39.38)), services.Part("西", square(111.11, 39.38))]
        east, west = services.split_grid(grid=places.grid, parts=parts, by=officer, now=now)
        places.grid.refresh_from_db()
        assert places.grid.retired_on == now.date()
        assert selectors.successors(places.grid) == [east, west]
        assert [change.what for change in selectors.history(places.grid)] == ["split", "split"]
        again = services.merge_grids(olds=[east, west], name="合", by=officer, now=now)
        assert selectors.successors(places.grid) == [again]

    def test_parts_do_not_overlap(self, officer: Any, places: Any, now: datetime) -> None:
        parts = [services.Part("东", square(111.10, 39.38)), services.Part("西", square(111.105, 39.38))]
        with refused("regions.parts_overlap"):
            services.split_grid(grid=places.grid, parts=parts, by=officer, now=now)
        with refused("regions.split_two"):
            services.split_grid(grid=places.grid, parts=parts[:1], by=officer, now=now)
        with refused("regions.name_taken"):
            services.split_grid(grid=places.grid, parts=[parts[0], parts[0]], by=officer, now=now)
        places.grid.refresh_from_db()
        assert places.grid.retired_on is None
        assert not Region.objects.filter(name="东").exists()


class TestPositions:
    def test_the_smallest_outline_then_the_nearest_point(self, places: Any, now: datetime) -> None:
        def make(name: str, **drawn: Any) -> Region:
            return services.make_grid(under=places.village, name=name, by=None, now=now, **drawn)

        big = make("大", outline=square(111.10, 39.38, 0.1))
        small = make("小", outline=square(111.12, 39.40, 0.01))
        listed = make("点", points=[[111.30, 39.38, "村口"]])
        Grid.objects.filter(pk=small.pk).update(
            west=None, south=None, east=None, north=None
        )  # written by somebody else
        assert selectors.grid_at(111.125, 39.405, places.county) == small
        assert selectors.grid_at(111.19, 39.47, places.county.code) == big
        assert selectors.grid_at(111.3001, 39.3801, places.county) == listed
        assert selectors.grid_at(111.35, 39.38, places.county) is None
        assert selectors.grid_at(111.125, 39.405, places.other_county) is None
        assert selectors.overlaps(places.county) == [(big, small)]

    @settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(x=st.floats(0.0001, 0.0099), y=st.floats(0.0001, 0.0099))
    def test_a_point_inside_is_found(self, places: Any, x: float, y: float) -> None:
        Grid.objects.filter(region=places.grid).update(
            outline=square(111.10, 39.38), west=111.10, south=39.38, east=111.11, north=39.39
        )
        assert selectors.grid_at(111.10 + x, 39.38 + y, places.county) == places.grid
        assert selectors.grid_at(111.10 - x, 39.38 + y, places.county) is None


class TestOutlines:
    def test_every_wrapping_is_read(self) -> None:
        plain = square(111.1, 39.3)
        feature = {"type": "Feature", "properties": {}, "geometry": plain}
        multi = {"type": "MultiPolygon", "coordinates": [plain["coordinates"]]}
        for given_one in (plain, feature, multi, {"type": "FeatureCollection", "features": [feature]}):
            assert shapes.read_outline(given_one) == plain

    @pytest.mark.parametrize(
        "given_one",
        [
            None, 1, "x", [], {}, {"type": "Polygon"}, {"type": "Polygon", "coordinates": []},
            {"type": "Polygon", "coordinates": [[]]}, {"type": "Polygon", "coordinates": [[[1, 2]]]},
            {"type": "Polygon", "coordinates": [[["a", "b"], ["c", "d"], ["e", "f"]]]},
            {"type": "Polygon", "coordinates": [["aaa", "bbb", "ccc"]]},
            {"type": "Polygon", "coordinates": [[[111, 39], [111, 39], [111, 39], [111, 39]]]},
            {"type": "FeatureCollection", "features": []}, {"type": "Feature", "geometry": None},
            {"type": "LineString", "coordinates": [[111, 39], [112, 39]]},
        ],
    )  # fmt: skip
    def test_what_is_no_outline(self, given_one: Any) -> None:
        with refused("regions.outline_unreadable"):
            shapes.read_outline(given_one)

    def test_bow_ties_and_too_many_corners(self) -> None:
        tie = {"type": "Polygon", "coordinates": [[[111, 39], [112, 40], [112, 39], [111, 40], [111, 39]]]}
        with pytest.raises(Refused) as found:
            shapes.read_outline(tie)
        assert found.value.key == "regions.outline_crosses"
        assert found.value.params["where"].startswith("111.5")
        ring = [[111 + n * 1e-6, 39.0] for n in range(20_001)]
        with refused("regions.outline_too_fine"):
            shapes.read_outline({"type": "Polygon", "coordinates": [ring]})

    @pytest.mark.parametrize("bad", [float("nan"), float("inf"), -10.0])
    def test_positions_that_are_none(self, bad: float) -> None:
        ring = [[bad, 39.0], [111.1, 39.0], [111.1, 39.1]]
        with refused("regions.outline_outside_china"):
            shapes.read_outline({"type": "Polygon", "coordinates": [ring]})


class TestReads:
    def test_paths(self, places: Any, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(1):
            words = selectors.paths([places.grid, places.county, places.city, places.far_town])
        assert words == [
            "河曲县 · 西口镇 · 古渡社区居委会 · 古渡社区第一网格", "河曲县", "忻州市", "襄垣县 · 古韩镇",
        ]  # fmt: skip
        assert selectors.path_words(places.town, start="province") == "山西省 · 忻州市 · 河曲县 · 西口镇"
        assert selectors.path(places.town)[0] == places.province

    def test_search(self, officer: Any, make_user: Any, places: Any) -> None:
        county = make_user("county_office", places.county)
        assert selectors.search(officer, "网格") == [places.grid, places.grid_two]
        assert selectors.search(county, "镇") == [places.town, places.town_two]
        assert selectors.search(county, "西口 社区", levels=["village"]) == [places.village]
        assert selectors.search(county, "1409301001") == []
        assert selectors.search(county, "14093010010", levels=["village"]) == []
        assert selectors.search(county, "140930100", levels=["town"]) == [places.town]
        assert selectors.search(county, "  ") == []
        assert selectors.search(county, "保德") == []
        assert selectors.search(make_user(), "镇") == []

    def test_resolve(self, places: Any) -> None:
        every = Region.objects.current()
        assert selectors.resolve("140930100", every) == places.town
        assert selectors.resolve("河曲县 · 西口镇 140930100", every) == places.town
        assert selectors.resolve("西口镇", every) == places.town
        assert selectors.resolve("河曲县 古渡社区居委会", every) == places.village
        with refused("regions.several"):
            selectors.resolve("社区", every)
        for text in ("月球", "", "999999", "²"):
            with refused("regions.unknown"):
                selectors.resolve(text, every)
        with refused("regions.wrong_level"):
            selectors.resolve("西口镇", every, levels=["county"])

    def test_tree(self, officer: Any, make_user: Any, places: Any, django_assert_num_queries: Any) -> None:
        two = make_user("town_officer", places.town)
        make_user.grant(two, "town_officer", places.other_village)
        assert list(selectors.tops(officer)) == [places.town]
        assert list(selectors.tops(two)) == [places.town, places.other_village]
        assert list(selectors.children(places.town)) == [places.village, places.village_two]
        with django_assert_num_queries(1):
            below = selectors.below([places.town, places.town_two])
        assert below[places.town.code] == selectors.Below(towns=1, villages=2, grids=2)

    def test_gaps(self, places: Any) -> None:
        gaps = selectors.gaps(places.county)
        assert (gaps.villages, gaps.grids) == (2, 2)
        assert list(gaps.villages_without_grid) == [places.village_two]
        assert gaps.grids_without_outline.count() == 2

    def test_outlines(self, places: Any, now: datetime) -> None:
        services.redraw(grid=places.grid, outline=square(111.1, 39.38), by=None, now=now)
        services.redraw(grid=places.grid_two, points=[[111.2, 39.38, "x"]], by=None, now=now)
        drawn = selectors.outlines(places.town)["features"]
        assert [(f["id"], f["geometry"]["type"], f["properties"]["role"]) for f in drawn] == [
            (places.grid.code, "Polygon", "part"), (places.grid_two.code, "MultiPoint", "part"),
        ]  # fmt: skip
        assert selectors.outlines(places.grid)["features"][0]["properties"]["role"] == "self"
        assert selectors.outlines(places.city)["features"] == []


def test_every_refusal_and_event_has_words() -> None:
    import re
    from pathlib import Path

    room = Path(services.__file__).parent
    keys, events = set(), set()
    for file in room.glob("*.py"):
        text = file.read_text()
        keys |= set(re.findall(r'Refused\(\s*"([a-z_.]+)"', text))
        events |= set(re.findall(r'record\(\s*"([a-z_.]+)"', text))
    keys |= set(re.findall(r'"(regions\.[a-z_]+)"', (room / "rules.py").read_text()))
    assert keys - set(labels.REFUSALS) == set()
    assert events - set(labels.EVENTS) == set()

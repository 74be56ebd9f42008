"""The kept lists hold what they say, for Shanxi by number and name, for the country by rule."""

from collections import Counter
from pathlib import Path

import pytest
from shapely.geometry import Point, shape

from anwang.ground.regions import loader


@pytest.fixture(scope="module")
def national():
    return {row.code: row for row in loader.read_national()}


@pytest.fixture(scope="module")
def shanxi():
    return {row.code: row for row in loader.read_province("140000")}


def test_the_country_has_34_provinces_and_each_city_and_county_a_parent_given_before_it(national):
    seen: set[str] = set()
    for row in national.values():
        assert row.parent in seen or (row.level == "province" and row.parent == "")
        assert getattr(row, row.level) == row.code
        seen.add(row.code)
    levels = Counter(row.level for row in national.values())
    assert levels["province"] == 34
    assert (levels["city"], levels["county"]) == (342, 2975)
    assert (
        sum(1 for row in national.values() if row.level == "county" and row.is_official) == 2842
    )  # the 3 209 rows of the Ministry less 34 provinces and 333 cities


def test_shanxi_has_11_cities_117_counties_and_4_flagged_statistical_ones(national):
    inside = [row for row in national.values() if row.province == "140000"]
    assert Counter((row.level, row.kind) for row in inside) == {
        ("province", ""): 1,
        ("city", ""): 11,
        ("county", ""): 117,
        ("county", "statistical"): 4,
    }
    assert {row.code: row.name for row in inside if row.kind} == {
        "140171": "山西转型综合改革示范区",
        "140271": "山西大同经济开发区",
        "140671": "山西朔州经济开发区",
        "140971": "五台山风景名胜区",
    }


def test_shanxi_towns_and_villages_by_number(shanxi, national):
    assert Counter(row.level for row in shanxi.values()) == {"town": 1352, "village": 21895}
    by_city = Counter(national[row.city].name for row in shanxi.values() if row.level == "town")
    assert by_city["忻州市"] == 173
    assert by_city["太原市"] == 108
    assert any(row.county == "140171" for row in shanxi.values() if row.level == "village")


def test_hequ_county_by_name(national, shanxi):
    hequ = national["140930"]
    assert (hequ.name, hequ.level, hequ.parent, hequ.is_official) == ("河曲县", "county", "140900", True)
    towns = {row.code: row.name for row in shanxi.values() if row.parent == "140930"}
    assert towns == {
        "140930100": "西口镇",
        "140930101": "楼子营镇",
        "140930102": "刘家塔镇",
        "140930103": "巡镇镇",
        "140930104": "旧县镇",
        "140930105": "沙泉镇",
        "140930200": "鹿固乡",
        "140930202": "单寨乡",
        "140930203": "土沟乡",
        "140930205": "沙坪乡",
        "140930206": "社梁乡",
    }
    village = next(row for row in shanxi.values() if row.town == "140930100" and row.level == "village")
    assert (village.parent, village.county, village.city, village.province) == (
        "140930100",
        "140930",
        "140900",
        "140000",
    )


@pytest.mark.parametrize(
    ("code", "name", "parent", "parent_name", "parent_kind"),
    [
        ("110101", "东城区", "110100", "市辖区", "placeholder"),
        ("500229", "城口县", "500200", "县", "placeholder"),
        ("419001", "济源市", "419000", "省直辖县级行政区划", "placeholder"),
        ("659001", "石河子市", "659000", "自治区直辖县级行政区划", "placeholder"),
        ("140181", "古交市", "140100", "太原市", ""),
    ],
)
def test_counties_of_municipalities_and_directly_under_a_province(
    national, code, name, parent, parent_name, parent_kind
):
    row = national[code]
    assert (row.name, row.level, row.parent, row.kind) == (name, "county", parent, "")
    above = national[row.parent]
    assert (above.level, above.name, above.kind) == ("city", parent_name, parent_kind)


@pytest.mark.parametrize("code", ["441900", "442000", "460400"])
def test_towns_of_a_city_without_counties_hang_from_the_city(national, code):
    assert national[code].level == "city"
    assert not [row for row in national.values() if row.level == "county" and row.city == code]
    towns = [row for row in loader.read_province(code) if row.level == "town" and row.city == code]
    assert towns
    assert {(row.parent, row.county) for row in towns} == {(code, code)}


@pytest.mark.slow
def test_every_province_reads_and_every_parent_stands_before_its_children(national):
    counts: Counter[str] = Counter()
    for province in loader.provinces_with_towns():
        seen = set(national)
        for row in loader.read_province(province):
            assert row.parent in seen
            assert row.code not in seen
            assert row.name
            seen.add(row.code)
            counts[row.level] += 1
    assert counts == {"town": 41352, "village": 620573}


@pytest.mark.parametrize("code", ["71", "810000", "99", "xx", "", "../14"])
def test_a_province_without_a_list_is_said(code):
    with pytest.raises(loader.UnknownProvinceError):
        list(loader.read_province(code))


def test_borders_of_shanxi_are_valid_and_tile_the_province(national):
    borders = {code: shape(geometry) for code, geometry in loader.read_borders("14").items()}
    official = {row.code for row in national.values() if row.province == "140000" and row.is_official}
    assert set(borders) == official
    assert all(outline.is_valid for outline in borders.values())
    counties = sum(borders[code].area for code in official if national[code].level == "county")
    assert counties == pytest.approx(borders["140000"].area, rel=1e-6)
    assert borders["140930"].contains(Point(111.146, 39.385))  # the county seat on the Yellow River
    assert not borders["140931"].contains(Point(111.146, 39.385))


def test_no_borders_kept_is_an_empty_map_not_an_error():
    assert loader.read_borders("610000") == {}


def test_every_kept_file_may_be_committed():
    files = list(loader.DATA.iterdir())
    assert len(files) > 30
    assert all(Path(file).stat().st_size < 1 << 20 for file in files)

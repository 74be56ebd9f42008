from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from anwang.ground.regions import forms, selectors, services
from anwang.ground.regions.models import Border, Region
from anwang.ground.regions.tests.test_grids import square

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(make_user: Any, places: Any) -> Any:
    return make_user("town_officer", places.town)


@pytest.fixture
def page(client: Client, officer: Any, signed_in: Any) -> Client:
    return signed_in(client, officer)


class TestTree:
    def test_begins_where_one_reaches(self, page: Client, places: Any) -> None:
        assert page.get("/regions/")["Location"] == f"/regions/{places.town.code}/"
        text = page.get(f"/regions/{places.town.code}/").content.decode()
        # What lies above is named, and no door to it.
        assert "河曲县" in text
        assert f'href="/regions/{places.county.code}/"' not in text
        assert f'href="/regions/{places.village.code}/"' in text
        assert places.village_two.name in text

    @pytest.mark.parametrize("part", ["county", "town_two", "other_town", "far_grid", "province"])
    def test_other_places_do_not_exist(self, page: Client, places: Any, part: str) -> None:
        code = getattr(places, part).code
        for path in ("", "outlines.json", "make", "merge", "redraw", "rename", "split"):
            assert page.get(f"/regions/{code}/{path}").status_code == 404, path
        assert page.get("/regions/no-such/").status_code == 404

    def test_every_level_has_a_page(self, client: Client, make_user: Any, signed_in: Any, places: Any) -> None:
        signed_in(client, make_user("system_admin"))
        for part in ("province", "city", "county", "town", "village", "grid"):
            answer = client.get(f"/regions/{getattr(places, part).code}/")
            assert answer.status_code == 200
            assert "regions.edit" not in answer.content.decode()
        assert client.get("/regions/").status_code == 302

    def test_search(self, page: Client, places: Any) -> None:
        text = page.get("/regions/", {"q": "社区"}).content.decode()
        assert places.village.code in text
        assert places.other_village.code not in text
        assert page.get("/regions/", {"q": "月球"}).status_code == 200

    def test_nobody_without_a_region(self, client: Client, make_user: Any, signed_in: Any) -> None:
        signed_in(client, make_user())
        assert client.get("/regions/").status_code == 200

    def test_queries_do_not_grow_with_the_children(
        self, client: Client, make_user: Any, signed_in: Any, places: Any, django_assert_max_num_queries: Any, now: Any
    ) -> None:
        for n in range(30):
            services.make_grid(under=places.village, name=f"网格{n}", by=None, now=now)
        signed_in(client, make_user("county_office", places.county))
        for region in (places.county, places.town, places.village):
            with django_assert_max_num_queries(30):
                client.get(f"/regions/{region.code}/")


class TestPicking:
    def test_suggestions_stay_within_reach(self, page: Client, places: Any) -> None:
        text = page.get("/regions/pick", {"levels": "village", "name": "region", "region": "社区"}).content.decode()
        assert f"河曲县 · 西口镇 · 古渡社区居委会 {places.village.code}" in text
        assert "保德" not in text
        assert "网格" not in text

    def test_the_field_reads_what_it_writes(self, places: Any) -> None:
        class Form(forms.forms.Form):
            region = forms.RegionField(levels=("town", "village"))

        def read(text: str) -> Any:
            form = Form({"region": text})
            form.fields["region"].within = Region.objects.within(places.county)
            return form.cleaned_data["region"] if form.is_valid() else form.errors["region"].as_data()[0].code

        assert read(forms.written(places.village)) == places.village
        assert read("西口镇") == places.town
        assert read("东关镇") == "regions.unknown"
        assert read(places.grid.code) == "regions.wrong_level"
        assert read("镇") == "regions.several"
        assert read("") == "required"
        html = str(Form()["region"])
        assert "hx-get" in html
        assert "datalist" in html


class TestChanging:
    def test_a_grid_is_made_drawn_renamed_merged_and_split(self, page: Client, places: Any) -> None:
        make = f"/regions/{places.village.code}/make"
        assert page.get(make).status_code == 200
        bad = page.post(make, {"name": "", "crs": "wgs84"})
        assert bad.status_code == 200
        refused = page.post(make, {"name": "新网格", "crs": "wgs84", "outline": "{nonsense"})
        assert "GeoJSON" in refused.content.decode()
        made = page.post(make, {"name": "新网格", "crs": "wgs84", "points": "111.13, 39.38，西门\n\n111.14,39.38"})
        code = made["Location"].split("/")[2]
        grid = Region.objects.get(code=code)
        assert grid.grid.points == [[111.13, 39.38, "西门"], [111.14, 39.38, ""]]

        import json

        drawn = {"outline": json.dumps(square(111.10, 39.38)), "points": "", "crs": "wgs84"}
        assert page.get(f"/regions/{code}/redraw").status_code == 200
        assert page.post(f"/regions/{code}/redraw", drawn).status_code == 302
        assert page.post(f"/regions/{code}/rename", {"name": "西门网格"}).status_code == 302
        assert "西门网格" in page.get(f"/regions/{code}/").content.decode()

        merge = f"/regions/{places.village.code}/merge"
        assert "checked" in page.get(merge, {"with": code}).content.decode()
        merged = page.post(merge, {"olds": [code, places.grid.code], "name": "大网格", "crs": "wgs84"})
        new = merged["Location"].split("/")[2]
        old = page.get(f"/regions/{code}/").content.decode()
        assert f'href="/regions/{new}/"' in old

        split = f"/regions/{new}/split"
        assert page.get(split).status_code == 200
        total = {"part-TOTAL_FORMS": "2", "part-INITIAL_FORMS": "0", "note": "太大"}
        parts = {"part-0-name": "甲", "part-0-crs": "wgs84", "part-1-name": "乙", "part-1-crs": "wgs84"}
        assert page.post(split, total | {**parts, "part-1-name": "甲"}).status_code == 200
        assert page.post(split, total | parts).status_code == 302
        assert [each.name for each in selectors.successors(Region.objects.get(code=new))] == ["甲", "乙"]

    def test_a_reader_is_refused(self, client: Client, make_user: Any, signed_in: Any, places: Any) -> None:
        signed_in(client, make_user("leader", places.county))
        for path in ("redraw", "rename", "split"):
            assert client.get(f"/regions/{places.grid.code}/{path}").status_code == 403
        assert client.post(f"/regions/{places.village.code}/make", {"name": "x", "crs": "wgs84"}).status_code == 403
        assert not Region.objects.filter(name="x").exists()

    def test_the_map_gets_its_outlines(self, page: Client, places: Any, now: datetime) -> None:
        services.redraw(grid=places.grid, outline=square(111.10, 39.38), by=None, now=now)
        data = page.get(f"/regions/{places.town.code}/outlines.json").json()
        assert [feature["id"] for feature in data["features"]] == [places.grid.code]


class TestApi:
    def test_reads_within_reach(self, page: Client, places: Any, now: datetime) -> None:
        services.redraw(grid=places.grid, outline=square(111.10, 39.38), by=None, now=now)
        Border.objects.create(
            region=places.county, geometry=square(111, 39, 1.0), source="x", west=111, south=39, east=112, north=40
        )
        assert [row["code"] for row in page.get("/api/regions/").json()] == [places.town.code]
        assert page.get(f"/api/regions/{places.village.code}").json()["path"] == "河曲县 · 西口镇 · 古渡社区居委会"
        assert page.get(f"/api/regions/{places.county.code}").status_code == 404
        found = page.get("/api/regions/search", {"q": "网格", "level": "grid"}).json()
        assert [row["code"] for row in found] == [places.grid.code, places.grid_two.code]
        assert page.get("/api/regions/at", {"lon": 111.105, "lat": 39.385}).json()["code"] == places.grid.code
        assert page.get("/api/regions/at", {"lon": 111.9, "lat": 39.9}).json() is None  # the county is not theirs
        assert len(page.get(f"/api/regions/{places.town.code}/children").json()) == 2
        assert page.get(f"/api/regions/{places.town.code}/outlines").json()["type"] == "FeatureCollection"

    def test_the_verbs(self, page: Client, places: Any) -> None:
        def post(path: str, body: Any) -> Any:
            return page.post(f"/api/regions/grids{path}", body, content_type="application/json")

        made = post("", {"under": places.village.code, "name": "甲", "outline": square(111.10, 39.38)})
        assert made.status_code == 201
        code = made.json()["code"]
        assert post(f"/{code}/rename", {"name": "乙"}).json()["name"] == "乙"
        assert post(f"/{code}/redraw", {"points": [[111.1, 39.38, "井"]]}).json()["outline"] is None
        merged = post("/merge", {"olds": [code, places.grid.code], "name": "丙"})
        assert merged.status_code == 201
        assert page.get(f"/api/regions/grids/{code}").json()["successors"] == [merged.json()["code"]]
        parts = {"parts": [{"name": "东"}, {"name": "西"}]}
        assert [row["name"] for row in post(f"/{merged.json()['code']}/split", parts).json()] == ["东", "西"]
        again = post(f"/{code}/rename", {"name": "丁"})
        assert (again.status_code, again.json()["key"]) == (409, "regions.retired")
        assert post("", {"under": places.other_village.code, "name": "甲"}).status_code == 404
        wrong = post("", {"under": places.village.code, "name": "a\0b"})
        assert wrong.status_code == 422
        assert post("", {"under": "a/b", "name": "x"}).status_code == 422

"""The demonstration county: its counts, its marks of invention, its places and its texts."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest
import yaml
from shapely.geometry import Point, shape
from shapely.ops import unary_union

from anwang.edge.demo import county, texts
from anwang.edge.demo.county.kinds import DEPARTMENTS, KINDS
from anwang.ground.base.domains import Domain
from anwang.ground.regions.loader import read_borders, read_province
from anwang.kernel.codes import check_uscc
from anwang.registers import organisations, sites, standards
from anwang.registers.organisations.models import OrganisationKind, PostKey


@pytest.fixture(scope="module")
def hequ():
    return county.build()


@pytest.fixture(scope="module")
def regions():
    return {row.code: row for row in read_province("140930") if row.county == "140930"}


def test_the_counts_are_those_the_county_published(hequ):
    domains = Counter(site.domain for site in hequ.sites)
    assert (domains["coal"], domains["mine"], domains["hazchem"]) == (11, 11, 49)
    assert 340 <= len(hequ.sites) - 71 <= 400
    assert len(hequ.grids) == 266
    members = [grid.member for grid in hequ.grids if grid.member]
    assert len(members) == len(set(members)) == 263


def test_everything_is_marked_as_invented(hequ):
    assert hequ.demo
    for rows in (hequ.sites, hequ.people, hequ.organisations, hequ.grids):
        assert all(row.demo for row in rows)
    assert all(person.phone.startswith("1540000") for person in hequ.people)
    assert len({person.phone for person in hequ.people}) == len(hequ.people)
    assert all(not row.phone or row.phone.startswith("0350-0000") for row in hequ.organisations)


def test_no_name_is_that_of_a_real_enterprise(hequ, regions):
    real = county.words()["real_names"]
    invented = [
        row.name.removeprefix(regions[row.region].name.removesuffix("村委会") if row.region in regions else "")
        for row in hequ.organisations
        if row.kind in {"enterprise", "operator"}
    ]
    sites = [site.name.removeprefix(regions[site.village].name.removesuffix("村委会")) for site in hequ.sites]
    for name in [*sites, *invented]:
        assert not [one for one in real if one in name]
    assert not {"石光源", "徐晓兰"} & {person.name for person in hequ.people}


def test_codes_have_right_check_characters_and_belong_to_nobody(hequ):
    codes = [row.uscc for row in hequ.organisations if row.uscc]
    assert len(codes) == len(set(codes))
    assert all(check_uscc(code) == code and code[8:12] == "DEM0" for code in codes)


def test_sites_lie_in_their_grid_near_their_town_and_inside_the_county(hequ, regions):
    border = shape(read_borders("14")["140930"]).buffer(1e-5)
    grids = {grid.code: shape(grid.outline).buffer(1e-5) for grid in hequ.grids}
    for site in hequ.sites:
        spot = Point(site.lon, site.lat)
        assert border.contains(spot)
        assert grids[site.grid].contains(spot)
        assert site.grid.startswith(site.village)
        assert site.village.startswith(site.town)
        assert regions[site.village].parent == site.town
        assert regions[site.town].name in site.address


def test_grids_tile_the_county(hequ, regions):
    outlines = [shape(grid.outline) for grid in hequ.grids]
    assert all(outline.is_valid for outline in outlines)
    border = shape(read_borders("14")["140930"])
    assert sum(outline.area for outline in outlines) == pytest.approx(border.area, rel=1e-3)
    assert unary_union(outlines).symmetric_difference(border).area < border.area * 1e-3
    villages = {row.code for row in regions.values() if row.level == "village"}
    assert {grid.village for grid in hequ.grids} == villages


def test_people_named_anywhere_exist_and_each_post_keeps_its_quota(hequ):
    known = {person.key for person in hequ.people}
    organisations = {row.key for row in hequ.organisations}
    named = {holder for row in hequ.organisations for post in row.posts for holder in post.holders}
    named |= {link.person for link in hequ.chains} | {grid.member for grid in hequ.grids if grid.member}
    named |= {key for site in hequ.sites for key in (site.owner, site.manager) if key}
    assert named <= known
    assert all(len(post.holders) <= post.quota for row in hequ.organisations for post in row.posts)
    assert all(not row.parent or row.parent in organisations for row in hequ.organisations)
    assert {site.department for site in hequ.sites} <= organisations
    assert {site.organisation for site in hequ.sites if site.organisation} <= organisations


def test_one_committee_one_centre_a_station_per_town_and_forty_assistants(hequ):
    kinds = Counter(row.kind for row in hequ.organisations)
    assert (kinds["fire_centre"], kinds["fire_station"], kinds["town"]) == (1, 11, 11)
    assistants = [post for row in hequ.organisations for post in row.posts if post.kind == "fire_assistant"]
    assert sum(post.quota for post in assistants) == 40
    assert sum(post.vacancies for post in assistants) == 4
    stations = [row for row in hequ.organisations if row.kind == "fire_station"]
    assert all(row.parent == "fire_centre" for row in stations)


def test_words_are_those_of_the_rooms_below(hequ):
    domains = set(Domain.values)
    assert {kind.domain for kind in KINDS} <= domains
    assert set(DEPARTMENTS) == domains
    assert {also for kind in KINDS for also in kind.also} <= domains
    assert {row.kind for row in hequ.organisations} <= set(OrganisationKind.values)
    assert {post.kind for row in hequ.organisations for post in row.posts} <= set(PostKey.values)
    for row in hequ.organisations:
        titles = [post.title for post in row.posts]
        assert len(titles) == len(set(titles))


def library(room, file):
    return yaml.safe_load((Path(room.__file__).parent / "library" / file).read_text(encoding="utf-8"))


def test_each_site_answers_its_kind_in_words_the_kind_knows(hequ):
    kinds = {kind["key"]: kind for kind in library(sites, "kinds.yaml")}
    for site in hequ.sites:
        kind = kinds[site.kind]
        assert kind["domain"] == site.domain
        asked = {field["key"]: field for field in kind["fields"]}
        assert set(site.fields) <= set(asked), site.kind
        assert {key for key, field in asked.items() if field.get("required")} <= set(site.fields), site.kind
        for key, value in site.fields.items():
            if asked[key]["type"] == "choice":
                assert value in {choice["zh"] for choice in asked[key]["choices"]}, (site.kind, key, value)
            else:
                given = {"number": int, "bool": bool, "text": str, "date": str}[asked[key]["type"]]
                assert type(value) is given, (site.kind, key, value)
    assert {site.supervision_class for site in hequ.sites} <= {row["key"] for row in library(sites, "classes.yaml")}


def test_each_link_of_a_chain_covers_what_its_level_may_cover(hequ):
    levels = {row["key"]: row for row in library(organisations, "responsibility.yaml")}
    named = {6: "county", 9: "town", 12: "village", 15: "grid"}
    for link in hequ.chains:
        covered = "building" if link.building else "site" if link.site else named[len(link.region)]
        assert covered in levels[link.level]["covers"], link
    assert {link.level for link in hequ.chains} >= {
        "county_leader",
        "department",
        "enterprise",
        "post",
        "building",
        "person",
    }


def test_the_same_seed_gives_the_same_county_and_another_seed_another(hequ):
    county.build.cache_clear()
    assert county.build() == hequ
    other = county.build(seed=7)
    assert len(other.sites) == len(hequ.sites)
    assert [site.name for site in other.sites] != [site.name for site in hequ.sites]


def test_every_site_can_have_a_hazard_and_every_text_can_be_written(hequ):
    assert len(texts.hazards()) >= 200
    assert {text.domain for text in texts.hazards()} == set(Domain.values)
    for site in hequ.sites:
        assert texts.possible(site), site.kind
    rng = Random(1)
    assert not [text for text in texts.hazards() if "〔" in texts.written(text, rng)]
    assert all(text.days >= 0 and text.measure and text.category for text in texts.hazards())
    majors = [text for text in texts.hazards() if text.grade == "major"]
    assert all(text.criteria for text in majors)
    assert len({text.domain for text in majors}) >= 8


def test_a_hazard_fits_the_fields_of_its_site(hequ):
    pits = [site for site in hequ.sites if site.fields.get("mining_method") == "露天"]
    for site in pits:
        assert not [text for text in texts.possible(site) if "风筒" in text.text]
    homes = [site for site in hequ.sites if site.kind == "gas_household"]
    assert all("调压箱" not in text.text for site in homes for text in texts.possible(site))


def test_every_basis_and_criterion_is_a_row_of_the_standards_library():
    known = set()
    for library in sorted((Path(standards.__file__).parent / "library").glob("*.yaml")):
        given = yaml.safe_load(library.read_text(encoding="utf-8"))
        urns = [row["urn"] for row in given.get("rows", []) if "urn" in row]
        known |= {given["base"] + urn if urn.startswith(":") else urn for urn in urns}
    assert {text.basis for text in texts.hazards()} <= known
    assert {urn for text in texts.hazards() for urn in text.criteria} <= known


def test_phrases_are_filled_in():
    rng = Random(2)
    for kind in (
        "rectification_notes",
        "verify_notes",
        "return_reasons",
        "close_notes",
        "unit_opinions",
        "on_the_spot",
    ):
        assert len(texts.phrases(kind)) >= 3
        assert "〔" not in texts.phrase(rng, kind)
    assert texts.phrase(rng, "fixings", "responsibility", person="王海军", unit="某矿").startswith(
        "某矿主要负责人王海军"
    )
    assert all(row["days"] > 0 and row["interim"] for row in texts.phrases("extension_reasons"))

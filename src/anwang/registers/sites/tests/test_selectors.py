from datetime import date

import pytest

from anwang.registers.organisations import selectors as organisations
from anwang.registers.sites import above, selectors
from anwang.registers.sites.models import Site
from anwang.registers.sites.rules import Flag
from anwang.registers.sites.selectors import Asked

pytestmark = pytest.mark.django_db


def test_search_by_name_number_and_address(site, office, make_user, places):
    made = site("河曲县望舒（面馆）有限公司", address="迎薰街12号")
    other = site("五柳面馆")
    for text in ("望舒面馆", "望舒", "迎薰街12", made.number, "河曲县望舒"):
        assert selectors.search(office, text) == [made], text
    assert selectors.search(office, "面馆") == [other, made]
    assert selectors.search(office, "  ") == []
    assert selectors.search(make_user("county_office", places.far_county), "望舒") == []


def test_near_is_sorted_by_distance(site, office):
    far, close = site("远", lon=111.15, lat=39.39), site("近", lon=111.1461, lat=39.3831)
    site("很远", lon=111.4, lat=39.1)
    found = selectors.near(111.146, 39.383, 2000, office)
    assert [one.site for one in found] == [close, far]
    assert found[0].metres < 20
    assert selectors.near(111.146, 39.383, 50, office)[0].site == close


@pytest.mark.parametrize("written", ["望舒面馆", "望舒 面馆", "望舒（面馆）"])
def test_a_name_written_differently_is_found(site, places, written):
    made = site()
    found = selectors.match(places.county, written)
    assert (found.site, found.how) == (made, "exact")


def test_never_guesses_between_two(site, places):
    one = site(address="迎薰街1号")
    two = site(region=places.town_two, address="村口")
    found = selectors.match("140930", "望舒面馆")
    assert (found.site, found.how, set(found.candidates)) == (None, "several", {one, two})
    assert selectors.match("140930", "望舒面馆", "楼子营镇村口").site == two
    assert selectors.match("140930", "望舒面馆", "迎薰街 1号").site == one
    assert selectors.Matcher("140930").match("望舒面馆", town_code=places.town.code).site == one
    third = site(address="迎薰街1号")
    found = selectors.match("140930", "望舒面馆", "西口镇迎薰街1号")
    assert found.site is None
    assert third in found.candidates


def test_similar_names_are_candidates_and_never_taken(site, places):
    made = site("河曲县云岫煤业有限公司", kind_key="coal_mine")
    found = selectors.match("140930", "云岫煤业")
    assert (found.site, found.candidates, found.how) == (None, (made,), "similar")
    assert selectors.match("140930", "五柳加油站") == selectors.Match(None, (), "none")
    assert selectors.match("140930", " ").how == "none"
    assert selectors.match("140931", "河曲县云岫煤业有限公司").how == "none"


def test_a_short_name_counts_and_a_new_row_is_known_at_once(site):
    made = site("河曲县云岫煤业有限公司", kind_key="coal_mine", short_name="云岫煤矿")
    matcher = selectors.Matcher("140930", [])
    assert matcher.match("云岫煤矿").how == "none"
    matcher.add(made)
    assert matcher.match("云岫煤矿").site == made


def test_a_matcher_asks_the_database_twice_however_many_names(site, django_assert_num_queries):
    site()
    with django_assert_num_queries(2):
        matcher = selectors.Matcher("140930")
        for number in range(50):
            matcher.match(f"第{number}家面馆")


def test_the_ledger_answers_each_question(site, office, places, market_bureau):
    mine = site("云岫煤业", kind_key="coal_mine", supervision_class="A")
    noodles = site(supervising_department=market_bureau, fields={"seats": 20})
    two = site("楼子营面馆", region=places.town_two, supervision_class="B")

    def found(**asked):
        return set(selectors.sites(office, Asked(**asked)))

    assert found() == {mine, noodles, two}
    assert found(region=places.town_two) == {two}
    assert found(kinds=["restaurant"]) == {noodles, two}
    assert found(domains=["coal"]) == {mine}
    assert found(classes=["A", "B"]) == {mine, two}
    assert found(colours=["none"]) == {mine, noodles, two}
    assert found(flags=[Flag.NO_DEPARTMENT]) == {mine, two}
    assert found(small=True) == {noodles}
    assert found(due_by=date(2027, 2, 20)) == {mine}
    assert found(department_id=market_bureau.pk) == {noodles}
    assert found(text="云岫") == {mine}
    assert found(states=["closed"]) == set()


def test_base_counts_add_up_and_stay_in_scope(site, office, places, make_user, market_bureau):
    site()
    site("五柳面馆", supervising_department=market_bureau)
    site("楼子营面馆", region=places.town_two)
    site("云岫煤业", kind_key="coal_mine", region=places.county)
    counts = selectors.base_counts(office, places.county)
    assert [child.code for child in counts.children] == [places.town.code, places.town_two.code]
    assert counts.kinds == ["coal_mine", "restaurant"]
    assert (counts.of(), counts.of("restaurant"), counts.of("restaurant", places.town.code)) == (4, 3, 2)
    assert counts.of("coal_mine", "") == 1
    assert counts.flagged(Flag.NO_DEPARTMENT) == 3
    assert counts.flagged(Flag.NO_DEPARTMENT, "restaurant") == 2
    grid = selectors.base_counts(office, places.grid)
    assert grid.of() == grid.of("restaurant", "") == 2
    shops = make_user("inspector", places.county, domains=["commerce"])
    assert selectors.base_counts(shops, places.county).of() == 3
    assert selectors.base_counts(make_user("leader", places.far_county), places.county).of() == 0
    assert selectors.domain_counts(office, places.county) == {"coal": 1, "commerce": 3}


def test_doubles_are_told_from_neighbours(site):
    station = site("云岫加油站", kind_key="filling_station", lon=111.1, lat=39.3)
    site("五柳加油站", kind_key="filling_station", lon=111.1001, lat=39.3001)
    twin = site("云岫加油站（新）", kind_key="filling_station")
    assert selectors.duplicates_of(station) == [twin]


def test_what_organisations_are_told(site, office, places, market_bureau):
    made = site()
    assert above.SITES.find(office, "望舒") == [(made, "望舒面馆 · 西口镇 · 古渡社区居委会", made.number)]
    assert above.SITES.get(office, made.pk) == made
    assert above.SITES.get(office, "nothing") is None
    assert organisations.sites_above() is above.SITES


def test_kept_kinds_have_words_in_the_readers_language(library):
    from django.utils import translation

    assert selectors.kind_words()["coal_mine"] == "煤矿"
    with translation.override("en"):
        assert selectors.kind_words()["coal_mine"] == "Coal mine"
    assert selectors.kind_of("coal_mine", 1) is not None
    assert selectors.kind_of("coal_mine", 9) is None


def test_merged_rows_are_not_worked_in(site, office, now):
    from anwang.registers.sites import services

    kept, lost = site(), site("丙")
    services.merge(lost_id=lost.pk, kept_id=kept.pk, note="重复", by=office, now=now)
    assert list(Site.objects.visible_to(office).current()) == [kept]
    assert selectors.match("140930", "丙").how == "none"

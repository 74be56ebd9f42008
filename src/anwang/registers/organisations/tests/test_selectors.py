from dataclasses import dataclass
from datetime import date

import pytest

from anwang.registers.organisations import selectors, services
from anwang.registers.organisations.selectors import Answer

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 20)


@pytest.fixture
def chain(levels, member, places, office, now, organisation):
    """Grid member, village head, town leader, county leader."""

    def put(level, region, since=date(2026, 1, 1), **holder):
        return services.assign(level=level, region=region, since=since, by=office, now=now, **holder)

    put("county_leader", places.county, person_name="县长甲", role="政府责任人")
    put("county_leader", places.county, person_name="书记乙", role="党委责任人")
    put("town_leader", places.town, person_name="镇长丙", person_phone="15400000077")
    put("village", places.village, person_name="主任丁")
    put("grid", places.grid, holding_id=member.pk, since=date(2026, 3, 1))
    put("department", places.county, person_name="局长戊", domains=["coal"])
    return put


def names(place, at=DAY, **how):
    return [answer.person for answer in selectors.responsible_for(place, at, **how)]


def test_the_chain_goes_from_the_nearest_upward(chain, places):
    assert names(places.grid) == ["苗彩霞", "主任丁", "镇长丙", "局长戊", "书记乙", "县长甲"]
    answer = selectors.responsible_for(places.grid, DAY)[0]
    assert (answer.kind, answer.post, answer.phone, answer.since, answer.organisation) == (
        "grid",
        "网格员",
        "15400000001",
        date(2026, 3, 1),
        "西口镇人民政府",
    )


def test_neighbours_and_strangers_do_not_answer(chain, places):
    assert names(places.grid_two) == ["主任丁", "镇长丙", "局长戊", "书记乙", "县长甲"]
    assert names(places.town_two) == ["局长戊", "书记乙", "县长甲"]
    assert names(places.other_grid) == []


def test_a_domain_asks_only_its_own(chain, places):
    assert "局长戊" in names(places.grid, domain="coal")
    assert "局长戊" not in names(places.grid, domain="fire")


def test_the_answer_is_that_of_the_day(chain, member, places, office, now):
    services.relieve(holding_id=member.pk, until=date(2026, 6, 1), reason="", by=office, now=now)
    assert names(places.grid, date(2026, 2, 28))[0] == "主任丁"
    assert names(places.grid, date(2026, 5, 31))[0] == "苗彩霞"
    first = selectors.responsible_for(places.grid, date(2026, 6, 1))[0]
    assert (first.kind, first.vacant, first.post) == ("grid", True, "网格员")


def test_a_post_answers_with_whoever_is_in_it(levels, member, grid_post, places, office, now):
    services.assign(level="town_leader", region=places.town, post_id=grid_post.pk, since=DAY, by=office, now=now)
    assert names(places.town) == ["苗彩霞"]
    services.appoint(post_id=grid_post.pk, person_name="燕春生", since=DAY, by=office, now=now)
    assert names(places.town) == ["燕春生", "苗彩霞"]
    below = selectors.below(places.county, DAY)
    assert [answer.person for answer in below[0].answers] == ["燕春生", "苗彩霞"]


@dataclass
class Mall:
    """What a site looks like from here: the code columns, a key, a domain, and what it says of itself."""

    region: object
    pk: str = "01SITE"
    kind: str = "site"
    domain: str = "commerce"

    def __getattr__(self, name):
        return getattr(self.region, name)

    def own_answers(self, day):
        return [
            Answer(60, "enterprise", "经理己", "", "", None),
            Answer(110, "department", "市场局", "", "", None),
        ]


def test_a_site_has_its_own_chain_and_buildings(chain, places, office, now):
    mall = Mall(places.grid)
    for level, name, building in (
        ("courtyard", "包院庚", ""),
        ("building", "包栋辛", "1号楼"),
        ("building", "包栋壬", "10 号楼"),
        ("building", "包栋癸", "2号楼"),
    ):
        services.assign(level=level, site=mall, building=building, person_name=name, since=DAY, by=office, now=now)
    assert names(mall) == ["包院庚", "苗彩霞", "经理己", "主任丁", "镇长丙", "市场局", "书记乙", "县长甲"]
    assert names(mall, building="１号楼")[:2] == ["包栋辛", "包院庚"]
    assert [(part.name, part.answers[0].person) for part in selectors.below(mall, DAY)] == [
        ("1号楼", "包栋辛"),
        ("2号楼", "包栋癸"),
        ("10 号楼", "包栋壬"),
    ]
    assert "包院庚" not in names(places.grid)
    assert [row.person_name for row in selectors.history(mall)].count("包院庚") == 1


def test_named_people_go_before_what_a_site_says_of_itself(chain, places, office, now):
    mall = Mall(places.grid)
    services.assign(level="department", site=mall, person_name="科长", since=DAY, by=office, now=now)
    assert "市场局" not in names(mall)
    assert "经理己" in names(mall)


def test_below_names_every_child_even_without_anybody(chain, places):
    assert [(part.name, [a.person for a in part.answers]) for part in selectors.below(places.village, DAY)] == [
        (places.grid.name, ["苗彩霞"]),
        (places.grid_two.name, []),
    ]
    assert [row.person_name for row in selectors.history(places.town)] == ["镇长丙"]


def test_asking_costs_few_queries(chain, places, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        selectors.responsible_for(places.grid, DAY)
    with django_assert_max_num_queries(3):
        selectors.below(places.county, DAY)


def test_gaps_are_found_and_close(chain, member, grid_post, places, office, now, organisation):
    def counts():
        return selectors.gaps(places.county, DAY, user=office, sites=lambda _user, _region: (3, [])).counts()

    # one of two grids has its member, neither town an officer, one of two posts is held
    assert counts() == {"grids": 1, "towns": 2, "posts": 1, "silent": 0, "sites": 3}
    services.appoint(post_id=grid_post.pk, person_name="燕春生", since=DAY, by=office, now=now)
    chain("grid", places.grid_two, person_name="燕春生")
    chain("town_officer", places.town_two, person_name="安全员")
    officer = services.make_post(
        organisation_id=grid_post.organisation_id, title="安全员", key="safety_officer", quota=1, by=office, now=now
    )
    services.appoint(post_id=officer.pk, person_name="杨四海", since=DAY, by=office, now=now)
    assert counts() == {"grids": 0, "towns": 0, "posts": 0, "silent": 0, "sites": 3}
    services.relieve(holding_id=member.pk, until=DAY, reason="", by=office, now=now)
    assert counts() == {"grids": 1, "towns": 0, "posts": 1, "silent": 1, "sites": 3}


def test_gaps_of_another_county_are_its_own(chain, places):
    found = selectors.gaps(places.other_county, DAY, sites=lambda _user, _region: (0, []))
    assert [row.code for row in found.grids] == [places.other_grid.code]


def test_staffing_counts_what_is_meant_and_missing(member, grid_post, office, organisation, places):
    town = grid_post.organisation
    station = organisation("fire_station", "西口镇消防所", places.town, parent=town)
    assert selectors.staffing_of([town.pk, station.pk], DAY)[town.pk].vacant == 1
    by_kind = selectors.staffing_by_kind(office, places.county, DAY)
    assert (by_kind["town"][0], by_kind["town"][1].quota, by_kind["town"][1].held) == (1, 2, 1)
    assert by_kind["fire_station"][1].quota == 0
    roots = selectors.tree(office, places.county, DAY)
    assert [(node.organisation.name, [child.organisation.name for child in node.children]) for node in roots] == [
        ("西口镇人民政府", ["西口镇消防所"])
    ]
    assert [row.holdings[0].name for row in selectors.posts_of(town, DAY)] == ["苗彩霞"]
    assert selectors.posts_of(town, date(2026, 2, 1))[0].holdings == []


def test_scope(make_user, places, organisation, levels, chain, member):
    body = organisation("enterprise", "云岫煤业有限公司", places.village)
    stranger = make_user("county_office", places.far_county)
    from anwang.registers.organisations.models import Holding, Organisation, Post, Responsibility

    for model in (Organisation, Post, Holding, Responsibility):
        assert not model.objects.visible_to(stranger).exists()
        assert model.objects.visible_to(make_user("city_office", places.city)).exists()
        assert not model.objects.visible_to(make_user("auditor")).exists()
    assert selectors.find_regions(stranger, "西口") == []
    assert [r.code for r in selectors.find_regions(make_user("leader", places.county), "西口")] == [places.town.code]
    assert selectors.find("140930", "云岫煤业 有限公司") == body
    assert selectors.find("140931", "云岫煤业 有限公司") is None
    organisation("enterprise", "云岫煤业有限公司", places.village)
    assert selectors.find("140930", "云岫煤业有限公司") is None


def test_departments_of_a_domain(organisation):
    energy = organisation("department", "能源局", domains=["coal", "power"])
    organisation("department", "民政局", domains=["elderly"])
    assert selectors.supervising("140930", "coal") == [energy]

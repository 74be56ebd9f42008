"""Who answers for what: chains for towns, villages, grids, sites and residential compounds."""

from collections.abc import Iterator, Sequence

from anwang.edge.demo.county.places import Place
from anwang.edge.demo.county.roll import Roll
from anwang.edge.demo.county.specs import ChainSpec, SiteSpec

BUILDINGS_WITH_NAMES = 4
"""Of each compound, so many buildings get a named head; the rest are the gap the office should see."""


def forge(roll: Roll, places: Sequence[Place], members: dict[str, str], sites: Sequence[SiteSpec]) -> list[ChainSpec]:
    return [
        *_regions(roll, places, members),
        *(link for site in sites for link in _site(roll, site)),
        *(link for site in sites if site.kind == "community" for link in _compound(roll, site)),
    ]


def _regions(roll: Roll, places: Sequence[Place], members: dict[str, str]) -> Iterator[ChainSpec]:
    leaders = [post.holders[0] for post in roll.organisations["government"].posts]
    yield ChainSpec("county_leader", "党委主要责任人", leaders[0], region=roll.code)
    yield ChainSpec("county_leader", "政府主要责任人", leaders[1], region=roll.code)
    yield ChainSpec("county_leader", "分管责任人", leaders[3], region=roll.code)
    for number, town in enumerate(sorted({place.village.town for place in places})):
        office = f"town-{town}"
        yield ChainSpec("county_leader", "县级包联领导", leaders[2 + number % (len(leaders) - 2)], region=town)
        for role, title in (("党委责任人", "党委书记"), ("政府责任人", "乡镇长"), ("分管责任人", "分管副乡镇长")):
            yield ChainSpec("town_leader", role, roll.holders(office, title)[0], region=town)
        for officer in roll.holders(office, "安全员"):
            yield ChainSpec("town_officer", "乡镇安全员", officer, region=town)
    for village in dict.fromkeys(place.village.code for place in places):
        head = roll.organisations[f"village-{village}"].posts[0].holders[0]
        yield ChainSpec("village", "村（社区）责任人", head, region=village)
        for member in roll.holders(f"village-{village}", "两委干部"):
            yield ChainSpec("area", "包片", member, region=village)
    for grid, member in members.items():
        yield ChainSpec("grid", "网格员", member, region=grid)


def _site(roll: Roll, site: SiteSpec) -> Iterator[ChainSpec]:
    deputy = roll.holders(site.department, "分管副职")
    officers = roll.holders(site.department, "检查执法人员")
    yield ChainSpec("department", "部门分管责任人", deputy[0], site.village, site.key)
    if site.supervision_class != "C" or roll.rng.random() < 0.8:  # the rest have no named officer yet
        yield ChainSpec("department", "监管责任人", roll.rng.choice(officers), site.village, site.key)
    if site.owner and site.organisation:
        yield ChainSpec("enterprise", "主要负责人", site.owner, site.village, site.key)
    if site.manager and site.manager != site.owner:
        yield ChainSpec("post", "安全管理人员", site.manager, site.village, site.key)
    if site.kind == "coal_mine":
        for role in ("采煤队跟班队长（含劳务派遣）", "掘进队跟班队长", "通风队队长", "机电队队长", "实习人员带班师傅"):
            yield ChainSpec("post", role, roll.take_on(site.organisation, role, site.village), site.village, site.key)


def _compound(roll: Roll, site: SiteSpec) -> Iterator[ChainSpec]:
    """包院, 包栋, 包人; 包片 stands with the community."""
    committee = f"village-{site.village}"
    secretary = roll.take_on(committee, "小区党支部书记", site.village)
    yield ChainSpec("courtyard", "包院", secretary, site.village, site.key)
    for number in range(1, min(site.fields["buildings"], BUILDINGS_WITH_NAMES) + 1):
        building = f"{number}号楼"
        head = roll.take_on(committee, "楼栋党小组长", site.village)
        yield ChainSpec("building", "包栋", head, site.village, site.key, building)
        neighbour = roll.take_on(committee, "党员中心户", site.village)
        yield ChainSpec("person", "包人", neighbour, site.village, site.key, building)

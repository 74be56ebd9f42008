"""Government offices, the fire-safety ladder, towns, villages, teams and experts of the demonstration county.

The ladder "one committee, one centre, a station per town" and its staffing quotas follow what Taiyuan published;
40 assistants is the quota of a county.
"""

from collections.abc import Sequence

from anwang.edge.demo.county.places import Place
from anwang.edge.demo.county.roll import Roll
from anwang.edge.demo.county.specs import OrganisationSpec

ASSISTANTS = 40
VACANT_ASSISTANTS = 4
ASSISTANTS_AT_SEAT = 10

# key, name, domains, officers (quota, filled)
DEPARTMENTS: tuple[tuple[str, str, tuple[str, ...], int, int], ...] = (
    ("emergency", "应急管理局", ("mine", "hazchem", "fireworks", "industry"), 12, 10),
    ("energy", "能源局", ("coal", "power"), 10, 9),
    ("fire_brigade", "消防救援大队", ("fire", "highrise"), 8, 7),
    ("police", "公安局", ("explosives",), 6, 6),
    ("market", "市场监督管理局", ("equipment", "commerce"), 8, 7),
    ("housing", "住房和城乡建设管理局", ("construction", "gas", "housing", "community"), 8, 6),
    ("civil_affairs", "民政局", ("elderly",), 3, 3),
    ("education", "教育科技局", ("school", "sport"), 3, 2),
    ("health", "卫生健康和体育局", ("health",), 3, 3),
    ("culture", "文化和旅游局", ("tourism", "heritage"), 4, 3),
    ("transport", "交通运输局", ("road", "rail"), 6, 5),
    ("natural_resources", "自然资源局", (), 4, 4),
    ("forestry", "林业局", ("forest",), 4, 4),
    ("agriculture", "农业农村局", ("farm",), 4, 3),
    ("water", "水利局", ("water",), 3, 3),
    ("religion", "民族宗教事务局", ("religion",), 2, 1),
    ("ecology", "生态环境分局", ("waste",), 4, 3),
    ("commerce", "工业和信息化局", (), 3, 3),
)

EXPERTS = (
    ("coal", "煤矿安全专家组", ("采矿", "通风", "机电", "地测防治水", "安全监控"), ("coal",)),
    ("mine", "非煤矿山专家组", ("采矿", "边坡", "爆破", "尾矿库"), ("mine",)),
    ("hazchem", "危险化学品专家组", ("化工工艺", "储运", "仪表自动化", "电气"), ("hazchem", "gas")),
    (
        "fire",
        "消防与高层建筑专家组",
        ("建筑防火", "自动消防设施", "电气防火"),
        ("fire", "highrise", "elderly", "commerce"),
    ),
    ("works", "建筑与特种设备专家组", ("起重机械", "深基坑", "脚手架", "电梯锅炉"), ("construction", "equipment")),
)

RESCUE_TEAMS = (
    ("general", "综合应急救援队", 30, 28, "emergency"),
    ("mine", "矿山救护中队", 24, 22, "energy"),
    ("forest", "森林消防专业队", 25, 21, "forestry"),
    ("hazchem", "危化品应急救援队", 12, 11, "emergency"),
    ("medical", "医疗急救队", 10, 10, "health"),
    ("power", "电力抢修队", 9, 9, "energy"),
    ("river", "黄河水上救援队", 10, 8, "water"),
)
"""Only the leaders and a handful of members are made as people; quota and strength stand in the post."""

COUNTY_LEADERS = (
    "县委书记",
    "县长",
    "常务副县长",
    "分管应急副县长",
    "分管工业副县长",
    "分管城建副县长",
    "分管教科文卫副县长",
    "分管农业副县长",
)


def set_up_county(roll: Roll, name: str) -> None:
    county, seat = roll.code, "西口镇"
    roll.set_up(
        "government",
        f"{name}人民政府",
        "other",
        county,
        registered_as="11",
        address=f"{seat}{roll.names.street()}",
        posts=[(title, 1, 1) for title in COUNTY_LEADERS],
    )
    for key, short, domains, quota, filled in DEPARTMENTS:
        roll.set_up(
            key,
            f"{name}{short}",
            "fire_brigade" if key == "fire_brigade" else "department",
            county,
            parent="government",
            registered_as="11",
            domains=domains,
            address=f"{seat}{roll.names.street()}",
            posts=[
                ("局长" if key != "fire_brigade" else "大队长", 1, 1),
                ("分管副职", 1, 1),
                ("安全股股长", 1, 1),
                ("检查执法人员", quota, filled),
            ],
            certified={"分管副职", "安全股股长", "检查执法人员"},
        )
    roll.set_up(
        "safety_office",
        f"{name}安全生产委员会办公室",
        "committee_office",
        county,
        parent="emergency",
        address=roll.organisations["emergency"].address,
        posts=[("主任", 1, 1), ("副主任", 1, 1), ("综合协调科科长", 1, 1), ("台账管理员", 2, 2), ("值班员", 6, 5)],
    )
    roll.set_up(
        "fire_committee",
        f"{name}消防安全委员会办公室",
        "committee_office",
        county,
        parent="government",
        posts=[("主任", 1, 1), ("联络员", 2, 2)],
    )
    roll.set_up(
        "fire_centre",
        f"{name}消防安全管理中心",
        "fire_centre",
        county,
        parent="fire_committee",
        domains=("fire", "highrise", "community"),
        address=f"{seat}{roll.names.street()}",
        posts=[("主任", 1, 1), ("常务副主任", 1, 1), ("副主任", 1, 1), ("内勤", 2, 2)],
    )
    for key, short, subjects, domains in EXPERTS:
        roll.set_up(
            f"experts-{key}",
            f"{name}{short}",
            "expert_group",
            county,
            parent="safety_office",
            domains=domains,
            phone=False,
            posts=[(f"{subject}专家", 1, 1) for subject in subjects],
        )
    for key, short, quota, strength, parent in RESCUE_TEAMS:
        team = roll.set_up(
            f"rescue-{key}",
            f"{name}{short}",
            "rescue_team",
            county,
            parent=parent,
            posts=[("队长", 1, 1), ("副队长", 1, 1)],
        )
        roll.add_post(
            team.key, "队员", quota - 2, [roll.take_on(team.key, "队员", county) for _ in range(strength - 2)]
        )


def set_up_towns(roll: Roll, places: Sequence[Place], seat: str) -> None:
    """Town governments, fire stations, village committees, grid members, volunteer teams; in order of code."""
    towns = {place.village.town: place.town_name for place in places}
    vacant = VACANT_ASSISTANTS
    for code, name in sorted(towns.items()):
        town = roll.set_up(
            f"town-{code}",
            f"{name}人民政府",
            "town",
            code,
            parent="government",
            registered_as="11",
            address=f"{name}政府街1号",
            posts=[
                ("党委书记", 1, 1),
                ("乡镇长", 1, 1),
                ("分管副乡镇长", 1, 1),
                ("应急办主任", 1, 1),
                ("安全员", 3, 3 if code == seat else 2),
            ],
            certified={"应急办主任", "安全员"},
        )
        quota = ASSISTANTS_AT_SEAT if code == seat else (ASSISTANTS - ASSISTANTS_AT_SEAT) // (len(towns) - 1)
        missing = 1 if vacant and code != seat else 0
        vacant -= missing
        station = roll.set_up(
            f"station-{code}",
            f"{name}消防所",
            "fire_station",
            code,
            parent="fire_centre",
            domains=("fire",),
            address=f"{name}政府街1号",
        )
        # The deputy head of the town is head of its fire station as well: one person, two posts.
        roll.add_post(station.key, "所长", 1, roll.holders(town.key, "分管副乡镇长"))
        roll.add_post(
            station.key, "副所长", 2, [roll.take_on(station.key, "副所长", code, certified=True) for _ in range(2)]
        )
        roll.add_post(
            station.key,
            "消防协管员",
            quota,
            [roll.take_on(station.key, "消防协管员", code) for _ in range(quota - missing)],
        )
    for village in {place.village.code: place for place in places}.values():
        urban = village.is_urban
        roll.set_up(
            f"village-{village.village.code}",
            village.village.name,
            "village_committee",
            village.village.code,
            parent=f"town-{village.village.town}",
            phone=urban,
            posts=[
                ("党组织书记" if urban else "村支书、主任", 1, 1),
                *([("主任", 1, 1), ("两委干部", 4, 4)] if urban else []),
            ],
        )
        if urban:
            roll.set_up(
                f"volunteers-{village.village.code}",
                f"{village.village_name}消防志愿队",
                "volunteer_team",
                village.village.code,
                parent=f"station-{village.village.town}",
                phone=False,
                posts=[("队长", 1, 1), ("队员", 8, 6)],
            )


def appoint_grid_members(roll: Roll, places: Sequence[Place], without: set[str]) -> dict[str, str]:
    """Grid code → key of its member; the grids in `without` have none. The town keeps the posts."""
    members = {
        place.code: roll.take_on(f"town-{place.village.town}", "网格员", place.code)
        for place in places
        if place.code not in without
    }
    for town in sorted({place.village.town for place in places}):
        grids = [place.code for place in places if place.village.town == town]
        roll.add_post(f"town-{town}", "网格员", len(grids), [members[grid] for grid in grids if grid in members])
    return members


def set_up_micro_station(roll: Roll, unit: OrganisationSpec, name: str, town: str) -> None:
    roll.set_up(
        f"micro-{unit.key}",
        f"{name}微型消防站",
        "micro_station",
        unit.region,
        parent=f"station-{town}",
        phone=False,
        posts=[("站长", 1, 1), ("队员", 5, roll.rng.randint(3, 5))],
    )

"""The accounts of the demonstration county: one per role to try, and those that the simulated months act through."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from anwang.edge.demo.county.specs import CountySpec
from anwang.edge.demo.registers import Placed
from anwang.ground.accounts import services as accounts
from anwang.ground.accounts.models import User
from anwang.ground.regions.models import Region

PASSWORD = "Anwang-2026"  # noqa: S105 - printed at every start; the accounts are fictional and marked so


@dataclass(frozen=True, slots=True)
class Account:
    """One account to try: the role's words and what it sees."""

    username: str
    name: str
    role: str
    where: str


# username, role, what for, domains, key of the organisation in the county
INSPECTORS = (
    ("jiancha", "煤矿监管", ("coal",), "energy"),
    ("yingji", "矿山危化工贸监管", ("mine", "hazchem", "fireworks", "explosives", "industry", "waste"), "emergency"),
    ("xiaofang", "消防监督", ("fire", "highrise", "commerce", "community"), "fire_brigade"),
    ("zhujian", "住建燃气监管", ("construction", "gas", "housing"), "housing"),
    ("minzheng", "养老机构监管", ("elderly",), "civil_affairs"),
    ("jiaoyu", "教育卫生监管", ("school", "health", "sport"), "education"),
    ("wenlv", "文旅宗教监管", ("tourism", "heritage", "religion"), "culture"),
    ("jiaotong", "交通农水监管", ("road", "rail", "farm", "water", "power", "equipment"), "transport"),
    ("linye", "森林防火监管", ("forest",), "forestry"),
)
SECOND_INSPECTOR = ("jiancha2", "综合监管（第二人）")
MONITORING_POST = "监控值班员"
"""The post in a coal mine that sees its alarms first."""


@dataclass(slots=True)
class Cast:
    """Who acts in the simulated months."""

    office: User
    towns: dict[str, User]
    inspectors: dict[str, User]
    second: User
    expert: User
    members: dict[str, User]
    units: dict[str, User]
    duties: dict[str, User]
    """Key of a mine's organisation → who sits in its monitoring room."""
    shown: list[Account]

    def inspector(self, domain: str) -> User:
        return self.inspectors.get(domain, self.second)


def make(spec: CountySpec, placed: Placed, *, now: datetime) -> Cast:
    county = placed.regions[spec.code]
    city = Region.objects.get(code=county.city_code)
    shown: list[Account] = []

    def person(username: str, name: str, role: str, region: Region | None, where: str, **more: object) -> User:
        password = PASSWORD if more.pop("shown", True) else None
        grant = {key: more.pop(key) for key in ("domains", "organisation_id") if key in more}
        user = accounts.create_user(
            username=username,
            name=name,
            by=None,
            now=now,
            password=password,
            home=region or county,
            must_change=False,
            demo=True,
            **more,  # type: ignore[arg-type]
        )
        accounts.grant(user=user, role=role, by=None, now=now, region=region, **grant)  # type: ignore[arg-type]
        if password:
            shown.append(Account(username, name, role, where))
        return user

    office = person("anwei", "安办主任", "county_office", county, county.name, title="县安委办")
    inspectors: dict[str, User] = {}
    for n, (username, title, domains, body) in enumerate(INSPECTORS):
        user = person(
            username,
            f"{title}员",
            "inspector",
            county,
            f"{county.name} · {title}",
            domains=domains,
            title=placed.organisations[body].name,
            certificate=f"演示{spec.code}9{n:03d}",
            shown=n < 3,
        )
        inspectors |= dict.fromkeys(domains, user)
    second = person(
        SECOND_INSPECTOR[0],
        "综合监管员",
        "inspector",
        county,
        f"{county.name} · 全部行业",
        title=SECOND_INSPECTOR[1],
        certificate=f"演示{spec.code}9100",
    )
    expert = person("zhuanjia", "会诊专家", "expert", county, county.name)
    towns = {
        region.code: person(
            f"xz{region.code[-3:]}", f"{region.name}安全员", "town_officer", region, region.name, shown=n == 0
        )
        for n, region in enumerate(
            sorted((r for r in placed.regions.values() if r.level == "town"), key=lambda r: r.code)
        )
    }
    members = _members(spec, placed, person)
    units = _units(spec, placed, person)
    duties = _duties(spec, placed, person)
    person("shianwei", "市安办", "city_office", city, city.name)
    person("lingdao", "分管副县长", "leader", county, county.name)
    person("sheji", "审计管理员", "auditor", None, "审计记录")
    person("anquan", "安全管理员", "security_admin", None, "授权与会话")
    person("xitong", "系统管理员", "system_admin", None, "账号、标准库、检查表")
    return Cast(office, towns, inspectors, second, expert, members, units, duties, shown)


def _members(spec: CountySpec, placed: Placed, person: Callable[..., User]) -> dict[str, User]:
    """Grid members, by the grid they walk; the first one's password is printed."""
    names = {one.key: one for one in spec.people}
    found: dict[str, User] = {}
    seat = max(spec.grids, key=lambda grid: grid.residents).town
    grids = sorted((grid for grid in spec.grids if grid.member), key=lambda grid: (grid.town != seat, grid.code))
    for n, grid in enumerate(grids):
        region = placed.regions[grid.code]
        town = placed.regions[grid.town]
        found[grid.code] = person(
            f"wg{n + 1:03d}",
            names[grid.member].name,
            "grid_member",
            region if n else town,
            f"{town.name} · {grid.name}" if n else town.name,
            phone=names[grid.member].phone,
            title="网格员" if n else "消防所协管员",
            shown=n < 2,
        )
    return found


def _units(spec: CountySpec, placed: Placed, person: Callable[..., User]) -> dict[str, User]:
    """Safety officers of the enterprises that have an account: mines, hazchem, and every third of the others."""
    names = {one.key: one for one in spec.people}
    found: dict[str, User] = {}
    for n, site in enumerate(spec.sites):
        high = site.domain in ("coal", "mine", "hazchem")
        if not site.organisation or site.organisation in found or not site.manager or not (high or n % 3 == 0):
            continue
        organisation = placed.organisations[site.organisation]
        found[site.organisation] = person(
            f"qy{len(found) + 1:03d}",
            names[site.manager].name,
            "enterprise_officer",
            None,
            organisation.name,
            organisation_id=organisation.pk,
            phone=names[site.manager].phone,
            title=organisation.name[:60],
            shown=not found,
        )
    return found


def _duties(spec: CountySpec, placed: Placed, person: Callable[..., User]) -> dict[str, User]:
    """Who sits in the monitoring room of each coal mine: the first holder of that post; the first one's password is
    printed.
    """
    names = {one.key: one for one in spec.people}
    units = {one.key: one for one in spec.organisations}
    found: dict[str, User] = {}
    for site in spec.sites:
        if site.kind != "coal_mine" or not site.organisation or site.organisation in found:
            continue
        posts = units[site.organisation].posts
        holders = next((post.holders for post in posts if post.title == MONITORING_POST), ())
        if not holders:
            continue
        organisation = placed.organisations[site.organisation]
        found[site.organisation] = person(
            f"jk{len(found) + 1:03d}",
            names[holders[0]].name,
            "mine_duty",
            None,
            f"{organisation.name} · 监控室",
            organisation_id=organisation.pk,
            phone=names[holders[0]].phone,
            title=organisation.name[:60],
            shown=not found,
        )
    return found

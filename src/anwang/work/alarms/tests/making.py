"""A mine, its place and its people, for houses that run as processes of their own: test_race.py, test_kill.py."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from anwang.ground.accounts import services as accounts
from anwang.ground.accounts.models import User
from anwang.ground.regions.models import COLUMNS, Region
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services as sites
from anwang.work.telemetry import services as gas

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
MINE = "140930000001"


def mine(points: Mapping[str, tuple[str, str, str]], duty: tuple[str, ...]) -> None:
    """A bound mine with these points (code → location, unit, limits), its office and so many people of its own."""
    before = NOW - timedelta(days=30)
    accounts.sync_roles(now=before)
    places()
    organisations.load_library(now=before)
    sites.load_library(now=before)
    county = Region.objects.get(code="140930")
    village = Region.objects.get(level="village")
    office = person("office", "county_office", before, region=county)
    on = {"by": office, "now": before}
    company = organisations.make(kind_key="enterprise", name="示范煤业公司", region=village, **on)
    site = sites.create(name="示范煤矿", kind_key="coal_mine", region=village, enterprise=company, **on)
    for name in duty:
        person(name, "mine_duty", before, organisation_id=company.pk)
    found = gas.meet(code=MINE, name="示范煤矿", now=before)
    gas.bind(mine_id=found.pk, site_id=site.pk, by=office, now=before, gas_class="high")
    at = f"{NOW:%Y-%m-%d %H:%M:%S}"
    rows = [
        f"{code};01;{MINE}01DT400100000001;{code[16:20]};MN;{unit};4.0;0;{limits};;;{location};;;;;{at}"
        for code, (location, unit, limits) in points.items()
    ]
    text = "~".join([f"{MINE};示范煤矿;KJ90X;煤矿安全监控系统;示例厂家;2027-12-31;{at}", *rows]) + "~||"
    receipt = gas.receive_file(text.encode(), f"{MINE}_CDDY_{NOW:%Y%m%d%H%M%S}.txt", now=NOW)
    assert (receipt.state, receipt.rejected) == ("taken", 0), receipt


def places() -> None:
    """One branch of the tree, down to a village."""
    above, codes = None, dict.fromkeys(COLUMNS.values(), "")
    for code, name, level in (
        ("140000", "山西省", "province"),
        ("140900", "忻州市", "city"),
        ("140930", "河曲县", "county"),
        ("140930100", "西口镇", "town"),
        ("140930100002", "古渡社区居委会", "village"),
    ):
        codes = {**codes, COLUMNS[level]: code}
        above = Region.objects.create(code=code, name=name, level=level, parent=above, **codes)


def person(name: str, role: str, now: datetime, **grant: object) -> User:
    home = Region.objects.get(code="140930")
    user = accounts.create_user(username=name, name=name, by=None, now=now, home=home)
    accounts.grant(user=user, role=role, by=None, now=now, **grant)
    return user

"""A house with one alarm, and a person who acknowledges it, as processes of their own: see test_race.py.

``make`` builds the mine and lets it call; ``press NAME`` waits for a line, acknowledges, and waits for another line with
the transaction still open where ``hold`` is said.
"""

import sys
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import django

django.setup()

from django.db import transaction  # noqa: E402

from anwang.ground.accounts import services as accounts  # noqa: E402
from anwang.ground.accounts.models import User  # noqa: E402
from anwang.ground.base.errors import Refused  # noqa: E402
from anwang.ground.regions.models import COLUMNS, Region  # noqa: E402
from anwang.registers.organisations import services as organisations  # noqa: E402
from anwang.registers.sites import services as sites  # noqa: E402
from anwang.work.alarms import services  # noqa: E402
from anwang.work.alarms.models import Alarm  # noqa: E402
from anwang.work.telemetry import services as gas  # noqa: E402

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
MINE, POINT = "140930000001", "14093000000101MN000100000001"


def make() -> None:
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
    for name in ("first", "second"):
        person(name, "mine_duty", before, organisation_id=company.pk)
    mine = gas.meet(code=MINE, name="示范煤矿", now=before)
    gas.bind(mine_id=mine.pk, site_id=site.pk, by=office, now=before, gas_class="high")
    at = f"{NOW:%Y-%m-%d %H:%M:%S}"
    limits = "1.0;1.0;;;1.5;1.0;;"
    row = f"{POINT};01;{MINE}01DT400100000001;0001;MN;%CH4;4.0;0;{limits};;;3101综采工作面T1;;;;;{at}"
    text = f"{MINE};示范煤矿;KJ90X;煤矿安全监控系统;示例厂家;2027-12-31;{at}~{row}~||"
    gas.receive_file(text.encode(), f"{MINE}_CDDY_{NOW:%Y%m%d%H%M%S}.txt", now=NOW)
    ms = round(NOW.timestamp() * 1000) + 10_000
    gas.receive_scan(gas.Scan(MINE, [POINT], [ms], [1.2], [0], key="s1", name="scan"), now=NOW + timedelta(seconds=10))
    print(Alarm.objects.get().state, flush=True)


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


def press(name: str, *, hold: bool) -> None:
    by, alarm = User.objects.get(username=name), Alarm.objects.get()
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        with transaction.atomic():
            services.acknowledge(alarm_id=alarm.pk, by=by, now=NOW + timedelta(seconds=30))
            print("done", flush=True)
            if hold:
                sys.stdin.readline()
    except Refused as refused:
        print("refused", refused.key, refused.what, flush=True)


if sys.argv[1] == "make":
    make()
else:
    press(sys.argv[2], hold="hold" in sys.argv)

"""A bound mine with a face, its cutter and feed, and everybody around it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services as sites
from anwang.registers.standards import services as standards
from anwang.work.alarms.models import Alarm
from anwang.work.telemetry import services as gas
from anwang.work.telemetry.models import Mine

CODE = "140930000001"
START = datetime(2026, 11, 20, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def point(n: int, kind: str = "MN0001") -> str:
    return f"{CODE}01{kind}{n:08d}"


FACE, FACE_TWO, CO, RETURN = point(1), point(2), point(3, "MN0004"), point(4)
CUTTER, FEED = point(9, "KG1009"), point(9, "KG1011")
STATION = f"{CODE}01DT400100000001"
LIMITS = "1.0;1.0;;;1.5;1.0;;"


def _row(code: str, location: str, limits: str, *, unit: str = "%CH4", relations: str = "") -> str:
    at = f"{START:%Y-%m-%d %H:%M:%S}"
    value_type = code[14:16]
    return f"{code};01;{STATION};{code[16:20]};{value_type};{unit};4.0;0;{limits};;;{location};;;;{relations};{at}"


DEFINED = (
    _row(FACE, "3101综采工作面T1甲烷", LIMITS),
    _row(FACE_TWO, "3101综采工作面T2 激光甲烷传感器", LIMITS),
    _row(CO, "3101综采工作面一氧化碳", "24;24;;;;;;", unit="ppm"),
    _row(RETURN, "总回风巷甲烷", "0.75;0.75;;;;;;"),
    _row(CUTTER, "3101综采工作面断电器", ";;;;;;;", unit="", relations=f"K-{FEED}-馈电"),
    _row(FEED, "3101综采工作面馈电", ";;;;;;;", unit=""),
)


@dataclass
class Watched:
    """The mine, its people, and a clock that scans move."""

    mine: Mine
    site: Any
    people: dict[str, Any]
    now: datetime = START
    key: int = field(default=0)

    def scan(self, after: float = 10, *, values: dict[str, float] | None = None, status: int = 0) -> datetime:
        """One scan ``after`` seconds later, received as it is measured."""
        self.now += timedelta(seconds=after)
        self.key += 1
        said = values or {}
        n = len(said)
        at = round(self.now.timestamp() * 1000)
        scan = gas.Scan(CODE, list(said), [at] * n, list(said.values()), [status] * n, key=f"s{self.key}", name="scan")
        assert gas.receive_scan(scan, now=self.now).state == "taken"
        return self.now

    def over(self, value: float = 1.2, after: float = 10) -> Alarm:
        self.scan(after, values={FACE: value})
        return self.alarm()

    def clear(self, after: float = 10, value: float = 0.3) -> None:
        self.scan(after, values={FACE: value})

    def cut_off(self, cutter: int = 0, feed: int = 0) -> None:
        self.scan(values={CUTTER: cutter, FEED: feed})

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def alarm(self, **which: Any) -> Alarm:
        found: Alarm = Alarm.objects.filter(**(which or {"family": "over", "quantity": "methane"})).latest("pk")
        return found

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["people"][name]
        except KeyError:
            raise AttributeError(name) from None


@pytest.fixture
def watched(gas: None, places: Any, make_user: Callable[..., Any]) -> Watched:
    from anwang.work.telemetry import services as watch

    loaded = START - timedelta(days=300)
    organisations.load_library(now=loaded)
    sites.load_library(now=loaded)
    standards.load_libraries(now=loaded)
    office = make_user("county_office", places.county)
    on = {"by": office, "now": START}
    company = organisations.make(kind_key="enterprise", name="示范煤业公司", region=places.town, **on)
    site = sites.create(name="示范煤矿", kind_key="coal_mine", region=places.village, enterprise=company, **on)
    mine = watch.meet(code=CODE, name="示范煤矿", now=START)
    mine = watch.bind(mine_id=mine.pk, site_id=site.pk, by=office, now=START, gas_class="high")
    at = f"{START:%Y-%m-%d %H:%M:%S}"
    head = f"{CODE};示范煤矿;KJ90X;煤矿安全监控系统;示例厂家;2027-12-31;{at}"
    body = "~".join([head, *DEFINED]) + "~||"
    receipt = watch.receive_file(body.encode(), f"{CODE}_CDDY_{START:%Y%m%d%H%M%S}.txt", now=START)
    assert (receipt.state, receipt.rejected) == ("taken", 0), receipt
    people = {
        "duty": make_user("mine_duty", organisation_id=company.pk),
        "officer": make_user("enterprise_officer", organisation_id=company.pk),
        "office": office,
        "inspector": make_user("inspector", places.county),
        "stranger": make_user("county_office", places.other_county),
        "city": make_user("city_office", places.city),
        "admin": make_user("system_admin"),
    }
    return Watched(mine, site, people)

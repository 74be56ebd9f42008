"""A second county, 保德县, that has only just begun: it brings last year's list in Excel, as most will.

So the city office has two counties to compare, and the import is seen at work. Names and units are invented.
"""

import tempfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from random import Random

import xlsxwriter

from anwang.edge.demo import county, texts
from anwang.edge.demo.county.specs import CountySpec, SiteSpec
from anwang.ground.accounts import services as accounts
from anwang.ground.accounts.models import User
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.work.hazards.services import ledger

CODE, NAME = "140931", "保德县"
UNITS = 60
ROWS = 320
TITLE = f"{NAME}安全隐患排查整治台账（演示数据）"
COLUMNS = (
    "序号",
    "单位（场所）名称",
    "乡镇",
    "场所类型",
    "检查日期",
    "检查人",
    "隐患具体情况",
    "隐患等级",
    "整改期限",
    "整改完成时间",
    "整改责任人",
)
DONE = 0.86
"""Share of rows that were put right; of the others some are late by now."""


def come(spec: CountySpec, *, password: str, begins: date, now: datetime, step: Callable[[int], None]) -> User:
    """Make the county's safety office and let it bring its list. Returns the office's account."""
    region = Region.objects.get(code=CODE)
    office = accounts.create_user(
        username="baode",
        name="保德县安办",
        by=None,
        now=now,
        password=password,
        home=region,
        must_change=False,
        demo=True,
        title="县安委办",
    )
    accounts.grant(user=office, role="county_office", by=None, now=now, region=region)
    towns = list(Region.objects.filter(county_code=CODE, level="town", retired_on=None).order_by("code"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{NAME}隐患台账.xlsx"
        write(file, rows(spec, [town.name for town in towns], begins, clock.local_date(now), Random(CODE)))
        ledger.import_ledger(
            file=file, name=file.name, region_code=CODE, by=office, now=now, create_sites=True, progress=None
        )
    step(ROWS)
    return office


def rows(spec: CountySpec, towns: list[str], begins: date, today: date, rng: Random) -> list[tuple[object, ...]]:
    """The list as a clerk keeps it: one line a hazard, oldest first."""
    units = _units(spec, towns, rng)
    span = (today - begins).days
    found = sorted(clock.add_days(begins, int(span * rng.random())) for _ in range(ROWS))
    lines: list[tuple[object, ...]] = []
    for number, day in enumerate(found, start=1):
        site, name, town, owner = rng.choice(units)
        text = rng.choice(texts.possible(site))
        due = clock.add_days(day, max(text.days, 1))
        fixed: object = ""
        if rng.random() < DONE:
            fixed = min(clock.add_days(day, rng.randint(0, max(text.days, 1) + 2)), today)
        lines.append(
            (
                number,
                name,
                town,
                site.kind_label,
                f"{day.year}.{day.month}.{day.day}",
                "检查组",
                texts.written(text, rng, site.kind),
                "一般隐患",
                due.isoformat(),
                f"{fixed:%Y-%m-%d}" if isinstance(fixed, date) else "",
                owner,
            )
        )
    return lines


def _units(spec: CountySpec, towns: list[str], rng: Random) -> list[tuple[SiteSpec, str, str, str]]:
    """(a site like it, name, town, who answers): kinds as in the neighbouring county, with names of their own."""
    brands = rng.sample(county.words()["brands"], UNITS)
    surnames = county.words()["surnames"]
    alike = rng.sample([site for site in spec.sites if site.organisation and texts.possible(site)], UNITS)
    return [
        (site, f"{NAME}{brand}{site.kind_label}", rng.choice(towns), f"{rng.choice(list(surnames))}经理")
        for site, brand in zip(alike, brands, strict=True)
    ]


def write(file: Path, lines: list[tuple[object, ...]]) -> None:
    book = xlsxwriter.Workbook(str(file))
    sheet = book.add_worksheet("台账")
    sheet.merge_range(0, 0, 0, len(COLUMNS) - 1, TITLE)
    sheet.write_row(1, 0, COLUMNS)
    for at, line in enumerate(lines, start=2):
        sheet.write_row(at, 0, line)
    book.close()

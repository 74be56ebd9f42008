"""Fills an empty house with a small county for the journeys, through the services; prints what they need as JSON.

Run in the house (``House.python("-m", "tests.journeys.world")``) with the tree of regions as JSON on standard input.
"""

import io
import json
import random
import sys
from datetime import date, datetime, timedelta
from typing import Any

import django

django.setup()

from django.utils import timezone, translation  # noqa: E402
from PIL import Image  # noqa: E402

from anwang.config import tasks  # noqa: E402
from anwang.edge.public import selectors as links  # noqa: E402
from anwang.edge.public import services as public  # noqa: E402
from anwang.ground.accounts import services as accounts  # noqa: E402
from anwang.ground.accounts.models import Grant, Role, User  # noqa: E402
from anwang.ground.base.models import new_id  # noqa: E402
from anwang.ground.files import services as files  # noqa: E402
from anwang.ground.jobs import services as jobs  # noqa: E402
from anwang.ground.regions.models import COLUMNS, Grid, Region  # noqa: E402
from anwang.kernel import clock  # noqa: E402
from anwang.overview.figures import services as figures  # noqa: E402
from anwang.registers.organisations import services as organisations  # noqa: E402
from anwang.registers.sites import services as sites  # noqa: E402
from anwang.registers.standards import services as standards  # noqa: E402
from anwang.work.checklists import services as checklists  # noqa: E402
from anwang.work.hazards import services as hazards  # noqa: E402
from anwang.work.inspections import selectors as visits  # noqa: E402
from anwang.work.inspections import services as inspections  # noqa: E402
from anwang.work.telemetry import services as gas  # noqa: E402

PASSWORD = "Anwang-Test-2026"
_random = random.Random(5)


def picture(kind: str = "JPEG") -> bytes:
    image = Image.new("RGB", (160, 160))
    for x in range(0, 160, 20):
        for y in range(0, 160, 20):
            image.paste(tuple(_random.randrange(256) for _ in range(3)), (x, y, x + 20, y + 20))
    data = io.BytesIO()
    image.save(data, kind)
    return data.getvalue()


def tree(rows: list[list[str]]) -> dict[str, Region]:
    made: dict[str, Region] = {}
    by_code: dict[str, Region] = {}
    for part, code, name, level, parent in rows:
        above = by_code.get(parent)
        columns = above.codes() if above else dict.fromkeys(COLUMNS.values(), "")
        columns[COLUMNS[level]] = code
        made[part] = by_code[code] = Region.objects.create(code=code, name=name, level=level, parent=above, **columns)
        if level == "grid":
            Grid.objects.create(region=made[part], made_on=date(2025, 1, 1))
    return made


def person(username: str, name: str, role: str, now: datetime, region: Any = None, **more: Any) -> User:
    organisation = more.pop("organisation_id", "")
    user = User.objects.create_user(
        username=username, name=name, password=PASSWORD, password_changed_at=timezone.now(), **more
    )
    Grant.objects.create(
        user=user,
        role=Role.objects.get(key=role),
        region=region,
        organisation_id=organisation,
        starts_at=now - timedelta(days=400),
    )
    return user


def answer_all(visit: Any, by: User, now: datetime, fail: int = 0) -> None:
    """Everything in order but the first ``fail`` items."""
    failed = 0
    for _round in range(4):
        for view in visits.sheets_of(visit, viewer=by):
            answers: dict[str, Any] = {}
            for question in view.questions:
                if not question.mine or question.answered:
                    continue
                item = question.item
                bad = item.answer == "check" and failed < fail
                failed += bad
                answers[item.code] = {
                    "value": {
                        "check": "fail" if bad else "pass",
                        "score": item.max,
                        "number": (item.low or 0) + (1 if item.low is not None or item.high is not None else 0),
                        "choice": item.options[0].value if item.options else "",
                    }.get(item.answer, "无")
                }
            if answers:
                inspections.answer(inspection_id=visit.pk, sheet_id=view.sheet.pk, answers=answers, by=by, now=now)


def looked(kind: str, site: Any, by: User, now: datetime, *, fail: int = 0) -> Any:
    """A finished visit of that kind with the best checklist."""
    best = visits.best(site, kind)
    keys = [best.checklist.key] if best else []
    visit = inspections.begin(
        inspection_id=new_id(), site_id=site.pk, visit_kind=kind, checklist_keys=keys, by=by, now=now
    )
    answer_all(visit, by, now)
    signature = files.upload(data=picture("PNG"), name="签名.png", by=by, now=now, kind="signature")
    return inspections.finish(
        inspection_id=visit.pk, by=by, now=now, host_name="武矿长", host_signature=signature.pk, opinion="没有意见"
    )


def watched(site: Any, by: User, now: datetime) -> None:
    """The mine's feed: six hours of three methane points, one over its limit an hour ago and one now."""
    code = "140930990001"
    mine = gas.meet(code=code, name="云岫煤业", now=now)
    gas.bind(mine_id=mine.pk, site_id=site.pk, by=by, now=now, gas_class="high")
    points = {f"{code}01MN00010001{n:04d}": where for n, where in enumerate(("3101综采工作面T1", "3101综采工作面上隅角T0", "总回风巷瓦斯"), 1)}  # fmt: skip

    def send(kind: str, at: datetime, rows: list[str], *more: str) -> None:
        local = at.astimezone(clock.ZONE)
        time = local.strftime("%Y-%m-%d %H:%M:%S")
        lines = [";".join((code, "云岫煤业", *more, time)), *(f"{row};{time}" for row in rows)]
        name = f"{code}_{kind}_{local:%Y%m%d%H%M%S}.txt"
        receipt = gas.receive_file(("~".join(lines) + "~||").encode(), name, now=at)
        assert receipt.state == "taken", receipt

    # A second face, with a cutter and the feed behind it, for the road of an alarm.
    face, cutter, feed = (f"{code}01{kind}00010009" for kind in ("MN0001", "KG1009", "KG1011"))
    station = f"{code}01DT400100010001"
    switches = [
        f"{face};01;{station};0001;MN;%CH4;4;0;1.0;;;;1.5;1.0;;;;;5201综采工作面T1;;;;",
        f"{cutter};01;{station};1009;KG;;;;;;;;;;;;;;5201综采工作面断电器;;;;K-{feed}-馈电",
        f"{feed};01;{station};1011;KG;;;;;;;;;;;;;;5201综采工作面馈电;;;;",
    ]
    begin = now - timedelta(hours=6)
    send("CDDY", begin, [f"{point};01;{code}01DT400100010001;0001;MN;%CH4;4;0;1.0;;;;1.5;1.0;;;;;{where};;;;" for point, where in points.items()] + switches,
         "KJ90X", "监控系统", "厂家", "2027-12-31")  # fmt: skip
    for minute in (*range(1, 358, 3), 359):
        face = 1.2 if 300 <= minute <= 320 or minute == 359 else 0.4 + minute % 7 / 100
        values = dict(zip(points, (face, 0.3 + minute % 5 / 100, 0.2), strict=True))
        send("CDSS", begin + timedelta(minutes=minute), [f"{point};环境瓦斯;;{value};%CH4;{int(value >= 1)}" for point, value in values.items()])  # fmt: skip
    _stated(code, list(points), begin, send)
    _people(code, now, send)


def _stated(code: str, points: list[str], begin: datetime, send: Any) -> None:
    """The mine's own statistics of a quarter of an hour; of the face it leaves out that it was over its limit."""

    def words(at: datetime) -> str:
        return at.astimezone(clock.ZONE).strftime("%Y-%m-%d %H:%M:%S")

    rows = []
    for n in range(23):
        start = begin + timedelta(minutes=15 * n)
        end, middle = start + timedelta(minutes=15), start + timedelta(minutes=7)
        rows += [
            f"{point};环境瓦斯;;%CH4;{words(start)};{words(end)};{high};{words(middle)};{low};{words(middle)};{mean}"
            for point, high, low, mean in zip(
                points, (0.46, 0.34, 0.2), (0.4, 0.3, 0.2), (0.43, 0.32, 0.2), strict=True
            )
        ]
    send("TJSJ", begin + timedelta(minutes=358), rows)


def _people(code: str, now: datetime, send: Any) -> None:
    """Three areas, one over its number; one down since thirteen hours, one who calls for help, a leader."""
    names = ("欧阳建国", "司马卫东", "上官志强", "诸葛解放", "赵铁柱", "钱二牛", "孙长河", "李满仓", "周大山", "吴有田")
    areas = ("3101综采工作面", "5201掘进工作面", "井底车场")
    at = now - timedelta(seconds=40)

    def words(when: datetime) -> str:
        return when.astimezone(clock.ZONE).strftime("%Y-%m-%d %H:%M:%S")

    def bare(kind: str, rows: list[str], *more: str) -> None:
        lines = [";".join((code, "云岫煤业", *more, words(at))), *rows]
        name = f"{code}_{kind}_{at.astimezone(clock.ZONE):%Y%m%d%H%M%S}.txt"
        assert gas.receive_file(("~".join(lines) + "~||").encode(), name, now=now).state == "taken"

    bare("RYQY", [f"重点区域;{code}{n:04d};{most};{name}" for n, (name, most) in enumerate(zip(areas, (4, 10, 20), strict=True), 1)])  # fmt: skip
    bare("RYXX", [f"{code}{n:05d};{name};采煤工;;综采一队;;;{int(n == 4)};0" for n, name in enumerate(names, 1)],
         "", "", "", "", "")  # fmt: skip
    bare("JZSS", [f"{code}{n:04d}000001;{int(n == 2)};1;{words(at)}" for n in (1, 2, 3)])
    bare("RYSS", [
        f"{code}{n:05d};{name};1;{words(at - timedelta(hours=13 if n == 1 else 1 + n / 4))};;{code}{n % 3 + 1:04d};;;;;;"
        f"{'求救' if n == 3 else '正常'};{int(n == 4)};{int(n == 5)};"
        for n, name in enumerate((*names, *names), 1)
    ])  # fmt: skip


def main() -> None:
    now = timezone.now()
    early = now - timedelta(days=300)
    accounts.sync_roles(now=early)
    region = tree(json.load(sys.stdin))
    organisations.load_library(now=early)
    sites.load_library(now=early)
    standards.load_libraries(now=early)
    checklists.load_libraries(now=early)
    tasks.load()

    county, town, grid = region["county"], region["town"], region["grid"]
    office = person("anwei", "安委办刘主任", "county_office", now, county)
    mine = organisations.make(
        kind_key="enterprise",
        name="河曲县云岫煤业有限公司",
        region=town,
        contact="武矿长",
        phone="15400000077",
        by=office,
        now=early,
    )
    care = organisations.make(
        kind_key="enterprise", name="河曲县惠民养老服务有限公司", region=town, by=office, now=early
    )
    who = {
        "anwei": office,
        "wangge": person("wangge", "网格员苗彩霞", "grid_member", now, grid),
        "zhen": person("zhen", "镇安全员高峰", "town_officer", now, town),
        "jiancha": person("jiancha", "检查员甲", "inspector", now, county, certificate="14092201001"),
        "jiancha2": person("jiancha2", "检查员乙", "inspector", now, county, certificate="14092201002"),
        "zhuanjia": person("zhuanjia", "会诊专家", "expert", now, county),
        "qiye": person("qiye", "矿安全员武某", "enterprise_officer", now, organisation_id=mine.pk),
        "diaodu": person("diaodu", "矿调度员贺某", "mine_duty", now, organisation_id=mine.pk),
        "yanglao": person("yanglao", "养老院安全员", "enterprise_officer", now, organisation_id=care.pk),
        "shi": person("shi", "市安委办", "city_office", now, region["city"]),
        "lingdao": person("lingdao", "分管领导", "leader", now, county),
        "baode": person("baode", "保德安委办", "county_office", now, region["other_county"]),
        "xiangyuan": person("xiangyuan", "襄垣安委办", "county_office", now, region["far_county"]),
        "sheji": person("sheji", "审计管理员", "auditor", now),
        "anquan": person("anquan", "安全管理员", "security_admin", now),
        "xitong": person("xitong", "系统管理员", "system_admin", now),
    }

    def place(name: str, kind: str, where: Any = grid, by: User = office, **more: Any) -> Any:
        more.setdefault("lon", 111.146)
        more.setdefault("lat", 39.384)
        return sites.create(name=name, kind_key=kind, region=where, by=by, now=early, **more)

    noodles = place("望舒面馆", "restaurant", owner_name="秦望舒", owner_phone="15400000066", address="黄河大街8号")
    shaft = place("云岫煤业主井", "coal_mine", enterprise=mine, supervision_class="A", manager_name="武矿长")
    home = place("惠民养老院", "elderly_home", enterprise=care, supervision_class="A", manager_name="周院长")
    theirs = place("保德烟酒店", "restaurant", region["other_grid"], who["baode"])
    far = place("襄垣永安饭庄", "restaurant", region["far_grid"], who["xiangyuan"])

    def found(site: Any, text: str, by: User = who["jiancha"], at: datetime = now, **more: Any) -> Any:
        photo = files.upload(data=picture(), name="现场.jpg", by=by, now=at, taken_at=at, lon=111.146, lat=39.384)
        more.setdefault("source", "government")
        return hazards.report(site_id=site.pk, description=text, found_at=at, photos=[photo.pk], by=by, now=at, **more)

    def ordered(hazard: Any, by: User = who["jiancha"], at: datetime = now, days: int = 5) -> Any:
        hazards.grade(hazard_id=hazard.pk, by=by, now=at)
        return hazards.assign(
            hazard_id=hazard.pk, due_on=clock.add_days(clock.local_date(at), days), by=by, now=at, measures="更换并试验"
        )

    def handed_in(hazard: Any, by: User = who["qiye"], at: datetime = now) -> Any:
        hazards.plan(
            hazard_id=hazard.pk,
            by=by,
            now=at,
            person="武某",
            phone="15400000077",
            measures="更换",
            funds="自筹200元",
            emergency_plan="停用",
        )
        hazards.start(hazard_id=hazard.pk, by=by, now=at)
        photo = files.upload(data=picture(), name="整改后.jpg", by=by, now=at, taken_at=at, lon=111.146, lat=39.384)
        return hazards.submit(hazard_id=hazard.pk, by=by, now=at, note="已更换", photos=[photo.pk])

    before = now - timedelta(days=20)
    rows = {
        "for_unit": ordered(found(shaft, "运输巷瓦斯传感器悬挂位置不符合要求")),
        "for_shop": ordered(found(noodles, "灶台软管老化未更换"), days=3),
        "to_grade": found(shaft, "井下通风系统不完善，存在无风微风作业"),
        "to_return": handed_in(ordered(found(shaft, "变电所绝缘垫破损"))),
        "to_close": handed_in(ordered(found(shaft, "三号皮带机头缺护罩"))),
        "own_work": handed_in(
            ordered(found(noodles, "疏散指示灯不亮", by=who["zhen"], source="grid"), by=who["zhen"]), by=who["zhen"]
        ),
        "late": ordered(found(shaft, "主井口消防栓无水", at=before), at=before),
        "theirs": found(theirs, "保德外县隐患一条", by=who["baode"]),
        "far": found(far, "襄垣外市隐患一条", by=who["xiangyuan"]),
    }
    watched(shaft, office, now)
    link = public.make_link(hazard_id=rows["for_shop"].pk, by=office, now=now)
    looked("self_check", shaft, who["qiye"], now - timedelta(days=3))
    looked("expert", shaft, who["zhuanjia"], now - timedelta(days=2))
    jobs.run_due(now=now)
    figures.compute(now=now)
    print(
        json.dumps(
            {
                "sites": {
                    "noodles": noodles.pk,
                    "shaft": shaft.pk,
                    "home": home.pk,
                    "theirs": theirs.pk,
                    "far": far.pk,
                },
                "hazards": {key: row.pk for key, row in rows.items()},
                "numbers": {key: row.number for key, row in rows.items()},
                "link": links.token(link),
            }
        )
    )


if __name__ == "__main__":
    with translation.override("zh-hans"):
        main()

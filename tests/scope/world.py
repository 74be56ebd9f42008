"""One county's rows of every kind, made by the services, each carrying a word of its own that nobody else uses."""

import io
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from PIL import Image

from anwang.edge.public import selectors as links
from anwang.edge.public import services as public
from anwang.ground.accounts import services as accounts
from anwang.ground.audit.models import AuditRow
from anwang.ground.base.models import new_id
from anwang.ground.files import papers
from anwang.ground.files import services as files
from anwang.ground.jobs import services as jobs
from anwang.ground.jobs.models import Job
from anwang.ground.notices import services as notices
from anwang.ground.notices.models import Channel, Notice
from anwang.ground.regions import services as regions
from anwang.kernel import clock
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services as sites
from anwang.work.alarms.models import Alarm
from anwang.work.hazards import services as hazards
from anwang.work.hazards.models import LedgerImport
from anwang.work.inspections import selectors as visits
from anwang.work.inspections import services as inspections
from anwang.work.inspections.models import PlannedVisit
from anwang.work.telemetry import services as gas
from anwang.work.telemetry.models import Episode, Mine, Position, SensorPoint

_random = random.Random(17)


def jpeg(size: int = 160) -> bytes:
    """A picture that is like no other: coloured patches."""
    image = Image.new("RGB", (size, size))
    for x in range(0, size, 20):
        for y in range(0, size, 20):
            image.paste(tuple(_random.randrange(256) for _ in range(3)), (x, y, x + 20, y + 20))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=80)
    return data.getvalue()


@dataclass
class County:
    """Rows of one county by the name of what they are; ``ids`` fills the addresses."""

    word: str
    people: dict[str, Any] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)
    said: str = ""


def county(word: str, *, region: Any, town: Any, village: Any, make_user: Any, now: datetime) -> County:
    """Everything a county has, ``word`` in every name: people, units, places, visits, hazards, papers, links, files."""
    made = County(word)
    office = make_user("county_office", region, name=f"{word}安委办", title=f"{word}主任", phone="15400009901")
    second = make_user("inspector", region, name=f"{word}检查员", certificate=f"{word}证")
    grid = regions.make_grid(under=village, name=f"{word}网格", by=office, now=now)
    on = {"by": office, "now": now}

    bureau = organisations.make(kind_key="department", name=f"{word}应急局", region=region, domains=["commerce"], **on)
    mine = organisations.make(kind_key="enterprise", name=f"{word}煤业公司", region=town, contact=f"{word}矿长", **on)
    officer = make_user("enterprise_officer", organisation_id=mine.pk, name=f"{word}企业安全员")
    post = organisations.make_post(organisation_id=bureau.pk, title=f"{word}岗", key="grid_member", quota=2, **on)
    holding = organisations.appoint(
        post_id=post.pk,
        person_name=f"{word}在岗人",
        person_phone="15400009902",
        since=clock.local_date(now) - timedelta(days=30),
        **on,
    )
    site = sites.create(
        name=f"{word}主井",
        kind_key="coal_mine",
        region=grid,
        enterprise=mine,
        owner_name=f"{word}业主",
        owner_phone="15400009903",
        lon=111.146,
        lat=39.384,
        supervision_class="A",
        **on,
    )
    other_site = sites.create(name=f"{word}面馆", kind_key="restaurant", region=grid, **on)
    responsibility = organisations.assign(
        level="grid", since=clock.local_date(now), region=grid, person_name=f"{word}包片人", note=word, **on
    )

    photo = files.upload(data=jpeg(), name=f"{word}.jpg", by=second, now=now, taken_at=now)
    hazard = hazards.report(
        site_id=site.pk,
        description=f"{word}传感器失灵",
        source="government",
        place=f"{word}巷",
        photos=[photo.pk],
        found_at=now,
        by=second,
        now=now,
        campaign=f"{word}行动",
    )
    step = {"hazard_id": hazard.pk, "now": now}
    hazards.grade(**step, by=second)
    hazards.assign(**step, by=second, due_on=clock.add_days(clock.local_date(now), 5), measures=f"{word}更换")
    extension = hazards.ask_extension(
        hazard_id=hazard.pk,
        new_due_on=clock.add_days(clock.local_date(now), 9),
        reason=f"{word}缺件",
        interim=f"{word}停用",
        by=officer,
        now=now,
    )
    link = public.make_link(hazard_id=hazard.pk, **on)
    notice_paper = hazards.issue_notice(
        hazard_ids=[hazard.pk], agency=papers.Agency.of(region, name=f"{word}办", word="隐患"), **on
    )

    best = visits.best(other_site, "government")
    assert best is not None, "no checklist for a restaurant"
    visit = inspections.begin(
        inspection_id=new_id(),
        site_id=other_site.pk,
        visit_kind="government",
        checklist_keys=[best.checklist.key],
        by=second,
        now=now,
        campaign=word,
    )
    inspections.join(inspection_id=visit.pk, name=f"{word}同行人", by=second, now=now)
    inspections.add_finding(
        inspection_id=visit.pk, finding_id=new_id(), description=f"{word}通道堵", place=word, by=second, now=now
    )
    plan = inspections.make_plan(
        title=f"{word}计划",
        region=region,
        visit_kind="government",
        begins_on=clock.local_date(now).replace(day=1),
        ends_on=clock.add_days(clock.local_date(now), 60),
        months=1,
        **on,
    )

    view = accounts.save_view(page="hazards", name=f"{word}视图", query="q=x", **on)
    token, _secret = accounts.make_token(
        user=office,
        name=f"{word}钥匙",
        permissions=["hazard.read"],
        expires_at=now + timedelta(days=30),
        **on,
    )
    notices.tell([office], "hazards.assigned", params={"number": word, "site": word, "url": "/"}, now=now)
    channel = Channel.objects.create(name=f"{word}群", means=Channel.Means.GROUP, region=region, env="NO_SUCH")
    jobs.at(now + timedelta(days=30), "hazards.ring", now=now, key=f"leak:{word}", hazard_id=hazard.pk)
    job = Job.objects.get(key=f"leak:{word}")
    imported = LedgerImport.objects.create(
        name=f"{word}.xlsx", sha256="0" * 64, made_by=office, made_at=now, region=region
    )
    watched = _gas(word, region=region, site=site, by=office, now=now)
    made.people = {"office": office, "inspector": second, "enterprise": officer}
    made.said = links.token(link)
    planned = PlannedVisit.objects.filter(plan=plan).first()
    assert planned is not None, "the plan of the world puts nothing down"
    row = AuditRow.objects.filter(on_id=hazard.pk).first()
    assert row is not None
    made.ids = {
        "site": site.pk,
        "other_site": other_site.pk,
        "organisation": mine.pk,
        "department": bureau.pk,
        "post": post.pk,
        "holding": holding.pk,
        "responsibility": responsibility.pk,
        "hazard": hazard.pk,
        "extension": extension.pk,
        "link": link.pk,
        "paper": notice_paper.pk,
        "inspection": visit.pk,
        "sheet": visit.sheets.first().pk,
        "inspector": visit.inspectors.order_by("pk").last().pk,
        "plan": plan.pk,
        "planned": planned.pk,
        "file": photo.pk,
        "view": view.pk,
        "token": token.pk,
        "notice": Notice.objects.filter(user=office).first().pk,
        "channel": channel.pk,
        "job": job.pk,
        "import": imported.pk,
        "mine": watched.code,
        "episode": Episode.objects.filter(mine=watched).first().pk,
        "alarm": Alarm.objects.filter(mine=watched).first().pk,
        "sensor": watched.points.first().pk,
        "sensor_code": watched.points.first().code,
        "person": Position.objects.get(mine=watched).pk,
        "loose": watched.findings.first().pk,
        "user": office.pk,
        "grant": office.grants.first().pk,
        "audit_row": row.pk,
        "region": region.pk,
        "grid": grid.pk,
        "town": town.pk,
    }
    return made


def _gas(word: str, *, region: Any, site: Any, by: Any, now: datetime) -> Mine:
    """The mine's feed: a point set looser than the standard and over its limit, a record refused, a report unseen,
    somebody underground.
    """
    code = f"{region.code[:6]}990001"
    mine = gas.meet(code=code, name=f"{word}煤矿", now=now)
    gas.bind(mine_id=mine.pk, site_id=site.pk, by=by, now=now, gas_class="high")
    point, cut = f"{code}01MN000100000001", f"{code}01DT400100000001"
    at = (now - timedelta(minutes=1)).astimezone(clock.ZONE).replace(tzinfo=None, microsecond=0)
    stamp = at.strftime("%Y%m%d%H%M%S")
    defined = f"{point};01;{cut};0001;MN;%CH4;4.0;0;2.0;;;;2.5;;;;;;{word}回采工作面回风流;;;;;{at}"
    head = f"{code};{word}煤矿;KJ90X;煤矿安全监控系统;{word}厂家;2027-12-31;{at}"
    rows = (f"{code};{word}煤矿;{at}", f"{point};环境瓦斯;{word};2.2;%CH4;1;{at}", f"{word}坏记录")
    area, person = f"1;{code}0001;1;{word}工作面", f"{code}00001;{word}矿工;1;{at};;{code}0001;{at};;;;;;0;0;"
    own = f"{point};环境瓦斯;{word}统计;%CH4;{at - timedelta(minutes=5)};{at};2.0;{at};2.0;{at};2.0;{at}"
    more = (("RYQY", (rows[0], area)), ("RYSS", (rows[0], person)), ("TJSJ", (rows[0], own)))
    for name, lines in (("CDDY", (head, defined)), ("CDSS", rows), *more):
        receipt = gas.receive_file(("~".join(lines) + "~||").encode(), f"{code}_{name}_{stamp}.txt", now=now)
        assert receipt.state == "taken", receipt
    sensor = SensorPoint.objects.get(code=point)
    gas.confirm_place(point_id=sensor.pk, place="face_return", by=by, now=now)
    return mine

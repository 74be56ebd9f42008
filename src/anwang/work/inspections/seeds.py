"""Believable visits, made by calling this room's own services: for the demonstration county and for trying things out.

The caller brings the moment, the people, the chance and the pictures; nothing here looks at the clock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

from anwang.ground.accounts.models import User
from anwang.ground.base.models import new_id
from anwang.ground.files import services as files
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.registers.sites.models import Site
from anwang.work.checklists import rules as checklists
from anwang.work.checklists.rules import Grade, Item
from anwang.work.hazards import selectors as hazards
from anwang.work.inspections import rules, selectors, services
from anwang.work.inspections.models import Finding, Inspection, Plan
from anwang.work.inspections.rules import Kind
from anwang.work.inspections.services import Companion

Draw = Callable[[Random, str, bool], bytes]
"""``draw(rng, words, fixed)`` → a JPEG of what ``words`` say, before or after it was put right."""

OPINIONS = ("情况属实，无异议。", "情况属实，马上安排整改。", "接受检查意见，按期整改。", "没有意见。")
REMARKS = ("现场查看", "查了台账和现场", "抽查两处", "询问了值班人员")
NOBODY = ("敲门三次、打电话均无人，已在门上留到访单。", "家中无人，邻居称外出务工，已留到访单。")


@dataclass(frozen=True, slots=True)
class Outing:
    """Who goes where, and what will be wrong there.

    ``wrong``: how many items fail. ``on_spot``: the share of what can be put right at once that is. ``host``: who
    receives them and signs. ``companions`` are accounts or names; ``sections`` of a joint visit stand with them.
    """

    site: Site
    kind: Kind
    lead: User
    companions: Sequence[Companion] = ()
    wrong: int = 0
    on_spot: float = 0.5
    host: str = ""
    checklist: str = ""
    minutes: int = 60
    planned_id: str = ""
    campaign: str = ""


def visit(outing: Outing, *, now: datetime, rng: Random, draw: Draw) -> Inspection:
    """One visit from its beginning at ``now`` to the signature ``minutes`` later, answered section by section."""
    by = outing.lead
    key = outing.checklist or _best(outing)
    inspection = services.begin(
        inspection_id=new_id(),
        site_id=outing.site.pk,
        visit_kind=outing.kind,
        lon=_near(rng, outing.site.lon),
        lat=_near(rng, outing.site.lat),
        checklist_keys=[key] if key else [],
        planned_id=outing.planned_id,
        campaign=outing.campaign,
        by=by,
        now=now,
    )
    for each in outing.companions:
        services.join(
            inspection_id=inspection.pk,
            user_id=each.user_id,
            name=each.name,
            certificate=each.certificate,
            department=each.department,
            sections=each.sections,
            by=by,
            now=now,
        )
    failing = _choose(inspection, outing, rng)
    step = timedelta(minutes=max(1, outing.minutes // 8))
    _answer(inspection, failing, by=by, now=now + step, rng=rng)
    for at, code in enumerate(failing, start=2):
        moment = min(now + at * step, now + timedelta(minutes=outing.minutes - 1))
        _find(inspection, code, outing, now=moment, rng=rng, draw=draw)
    end = now + timedelta(minutes=outing.minutes)
    official = outing.kind in rules.OFFICIAL
    return services.finish(
        inspection_id=inspection.pk,
        certificate_shown=True if official else None,
        host_name=outing.host or outing.site.manager_name or outing.site.owner_name or "现场负责人",
        host_signature=files.upload(data=scrawl(rng), name="签名.png", by=by, now=end, kind="signature").pk,
        opinion=rng.choice(OPINIONS),
        by=by,
        now=end,
    )


def nobody_home(outing: Outing, *, now: datetime, rng: Random, draw: Draw, again_in: int = 3) -> Inspection:
    """A visit where nobody opened: a notice with its picture, the next attempt put down."""
    inspection = services.begin(
        inspection_id=new_id(), site_id=outing.site.pk, visit_kind=outing.kind, by=outing.lead, now=now
    )
    words = rng.choice(NOBODY)
    picture = _photo(rng, "到访单", now=now, site=outing.site, by=outing.lead, draw=draw)
    return services.nobody(
        inspection_id=inspection.pk,
        note=words,
        next_on=clock.add_days(clock.local_date(now), again_in),
        photos=[picture],
        by=outing.lead,
        now=now + timedelta(minutes=5),
    )


def year_plan(*, region: Region, year: int, by: User, now: datetime, kind: Kind = Kind.GOVERNMENT) -> Plan:
    """The yearly inspection plan of a region: every place with a class, as often as that says."""
    return services.make_plan(
        title=f"{year}年度监督检查计划",
        region=region,
        visit_kind=kind,
        begins_on=date(year, 1, 1),
        ends_on=date(year, 12, 31),
        basis="《中华人民共和国安全生产法》第六十二条",
        by=by,
        now=now,
    )


# --- the pieces -------------------------------------------------------------------------------------------------------


def _best(outing: Outing) -> str:
    found = selectors.best(outing.site, outing.kind)
    return found.checklist.key if found is not None else ""


def _near(rng: Random, degrees: float | None) -> float | None:
    """Some ten metres beside the place's own position, as phones are."""
    return None if degrees is None else round(degrees + rng.uniform(-0.0003, 0.0003), 6)


def _choose(inspection: Inspection, outing: Outing, rng: Random) -> list[str]:
    """Plain items that will fail, general ones before major ones: a major hazard is rare."""
    asked = [q.item for view in selectors.sheets_of(inspection) for q in view.questions]
    checks = [item for item in asked if item.answer == checklists.Kind.CHECK]
    rng.shuffle(checks)
    checks.sort(key=lambda item: item.grade == Grade.MAJOR)
    return [item.code for item in checks[: outing.wrong]]


def _answer(inspection: Inspection, failing: Sequence[str], *, by: User, now: datetime, rng: Random) -> None:
    """Answer everything, section by section, and what the answers open."""
    for _round in range(6):
        open_ = 0
        for view in selectors.sheets_of(inspection):
            for part in view.parts:
                said = {
                    q.item.code: _said(q.item, q.item.code in failing, rng) for q in part.questions if not q.answered
                }
                open_ += len(said)
                if said:
                    services.answer(inspection_id=inspection.pk, sheet_id=view.sheet.pk, answers=said, by=by, now=now)
        if not open_:
            return


def _said(item: Item, fails: bool, rng: Random) -> dict[str, object]:
    said: dict[str, object]
    match item.answer:
        case checklists.Kind.CHECK:
            said = {"value": "fail" if fails else "na" if rng.random() < 0.04 else "pass"}
        case checklists.Kind.SCORE:
            most = item.max or 0
            said = {"value": max(most - rng.choice((0, 0, 0, 1)), (item.veto_at or 0) + 1, 1)}
        case checklists.Kind.NUMBER:
            low = item.low if item.low is not None else 0.0
            high = item.high if item.high is not None else low + 10
            said = {"value": round(low + (high - low) * rng.uniform(0.2, 0.8), 1)}
        case checklists.Kind.CHOICE:
            said = {"value": rng.choice(item.options).value}
        case _:
            said = {"value": rng.choice(REMARKS)}
    if rng.random() < 0.05:
        said["note"] = rng.choice(REMARKS)
    return said


def _find(inspection: Inspection, code: str, outing: Outing, *, now: datetime, rng: Random, draw: Draw) -> Finding:
    """The hazard of a failed item: put right at once, or by a day."""
    by, site = outing.lead, outing.site
    view, item = next(
        (view, q.item) for view in selectors.sheets_of(inspection) for q in view.questions if q.item.code == code
    )
    words = item.fail_zh or item.text_zh
    major = item.grade == Grade.MAJOR
    fixed = item.spot and not major and not hazards.only_own_unit(by) and rng.random() < outing.on_spot
    more: dict[str, object] = {}
    if fixed:
        more = {
            "fixed_by_name": outing.host or site.manager_name or site.owner_name or "现场负责人",
            "photos_after": [_photo(rng, words, now=now, site=site, by=by, draw=draw, fixed=True)],
            "fix_signature": files.upload(data=scrawl(rng), name="签名.png", by=by, now=now, kind="signature").pk,
        }
    else:
        term = hazards.term(inspection.domain, Grade.MAJOR if major else Grade.GENERAL, clock.local_date(now))
        more = {"due_on": clock.add_days(clock.local_date(now), term.days)}
    return services.add_finding(
        inspection_id=inspection.pk,
        finding_id=new_id(),
        sheet_id=view.sheet.pk,
        item_code=code,
        photos=[_photo(rng, words, now=now, site=site, by=by, draw=draw)],
        by=by,
        now=now,
        **more,  # type: ignore[arg-type]
    )


def _photo(rng: Random, words: str, *, now: datetime, site: Site, by: User, draw: Draw, fixed: bool = False) -> str:
    file = files.upload(
        data=draw(rng, words, fixed),
        name="现场.jpg",
        by=by,
        now=now,
        lon=_near(rng, site.lon),
        lat=_near(rng, site.lat),
        taken_at=now,
    )
    return str(file.pk)


def scrawl(rng: Random) -> bytes:
    """A signature drawn with a finger: a few strokes on a transparent sheet (PNG)."""
    image = Image.new("RGBA", (360, 140), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    x = 24.0
    for _stroke in range(rng.randint(3, 5)):
        points = [(x, rng.uniform(30, 110))]
        for _bend in range(rng.randint(3, 6)):
            x += rng.uniform(6, 26)
            points.append((x, rng.uniform(25, 115)))
        pen.line(points, fill=(16, 24, 28, 255), width=4, joint="curve")
        x += rng.uniform(4, 18)
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()

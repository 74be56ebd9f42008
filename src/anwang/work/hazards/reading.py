"""What the cells of an old ledger mean. Pure: a row of words in, an entry or the reasons against it out.

Offices name the same column in a dozen ways; the names below are the ones met in lists sent by townships and county
offices. What none of them covers the user maps by hand, once per header.
"""

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from anwang.kernel import clock
from anwang.work.hazards.rules import Grade, Source


class Field(StrEnum):
    NUMBER = "number"
    SITE = "site"
    USCC = "uscc"
    ADDRESS = "address"
    KIND = "kind"
    DOMAIN = "domain"
    TOWN = "town"
    PLACE = "place"
    FOUND_ON = "found_on"
    FOUND_BY = "found_by"
    SOURCE = "source"
    DESCRIPTION = "description"
    GRADE = "grade"
    BASIS = "basis"
    MEASURES = "measures"
    FUNDS = "funds"
    PLAN = "plan"
    PERSON = "person"
    PHONE = "phone"
    DUE = "due"
    FINISHED = "finished"
    STATE = "state"
    DEPARTMENT = "department"
    CAMPAIGN = "campaign"
    NOTE = "note"


KNOWN: Mapping[str, Sequence[str]] = {
    Field.NUMBER: ("隐患编号", "编号", "台账编号"),
    Field.SITE: (
        "单位（场所）名称",
        "单位名称",
        "企业名称",
        "场所名称",
        "被检查单位",
        "受检单位",
        "检查单位名称",
        "检查对象",
        "隐患单位",
        "责任单位",
        "企业（单位）名称",
        "存在隐患单位",
        "被检查单位名称",
        "商户名称",
        "店名",
        "项目名称",
        "小区名称",
        "单位",
        "企业",
        "场所",
        "名称",
    ),
    Field.USCC: ("统一社会信用代码", "社会信用代码", "信用代码"),
    Field.ADDRESS: ("地址", "详细地址", "单位地址", "场所地址", "所在地址", "经营地址"),
    Field.KIND: ("场所类型", "场所类别", "单位类型", "单位类别", "单位性质", "类型"),
    Field.DOMAIN: ("行业领域", "所属行业", "行业类别", "行业", "领域", "所属领域"),
    Field.TOWN: ("乡镇", "所属乡镇", "乡镇（街道）", "乡镇街道", "街道", "属地", "所在乡镇", "辖区"),
    Field.PLACE: ("隐患部位", "部位", "具体部位", "隐患位置", "地点"),
    Field.FOUND_ON: (
        "检查日期",
        "检查时间",
        "发现日期",
        "发现时间",
        "排查日期",
        "排查时间",
        "检查年月日",
        "巡查时间",
        "巡查日期",
        "上报时间",
        "登记日期",
        "日期",
        "时间",
    ),
    Field.FOUND_BY: ("检查人", "检查人员", "排查人", "排查人员", "发现人", "巡查人", "网格员", "执法人员"),
    Field.SOURCE: ("检查类型", "检查方式", "隐患来源", "来源", "排查方式"),
    Field.DESCRIPTION: (
        "隐患具体情况",
        "隐患内容",
        "隐患描述",
        "隐患情况",
        "存在问题",
        "存在的问题",
        "存在隐患",
        "存在的隐患",
        "问题隐患",
        "问题描述",
        "问题内容",
        "主要问题",
        "检查发现的问题",
        "发现问题",
        "安全隐患",
        "具体问题",
        "隐患名称",
        "隐患问题",
        "问题",
        "隐患",
    ),
    Field.GRADE: ("隐患等级", "隐患级别", "等级", "级别", "隐患分级", "问题等级", "风险等级"),
    Field.BASIS: ("判定依据", "依据", "检查依据", "违反条款", "法规依据"),
    Field.MEASURES: ("整改措施", "整改要求", "整改意见", "处理意见", "治理措施", "措施"),
    Field.FUNDS: ("整改资金", "资金", "投入资金", "资金（万元）", "治理资金"),
    Field.PLAN: ("应急预案", "预案", "防范措施", "应急措施", "管控措施"),
    Field.PERSON: ("整改责任人", "责任人", "整改负责人", "负责人", "单位负责人", "企业责任人"),
    Field.PHONE: ("联系电话", "电话", "责任人电话", "手机", "联系方式"),
    Field.DUE: (
        "整改期限",
        "整改时限",
        "限期",
        "整改截止日期",
        "要求完成时间",
        "完成时限",
        "时限",
        "期限",
        "计划完成时间",
    ),
    Field.FINISHED: (
        "整改完成时间",
        "完成时间",
        "整改完成日期",
        "实际完成时间",
        "销号时间",
        "销号日期",
        "整改时间",
        "整改日期",
        "完成日期",
        "复查日期",
        "复查时间",
        "闭环时间",
    ),
    Field.STATE: (
        "整改情况",
        "整改状态",
        "是否整改",
        "是否完成整改",
        "是否销号",
        "整改结果",
        "状态",
        "是否闭环",
        "复查情况",
        "复查结果",
        "整改进展",
        "完成情况",
    ),
    Field.DEPARTMENT: ("监管部门", "督办单位", "责任部门", "行业主管部门", "主管部门", "牵头部门"),
    Field.CAMPAIGN: ("专项行动", "专项", "行动名称"),
    Field.NOTE: ("备注", "说明", "其他"),
}

REQUIRED = (Field.SITE, Field.DESCRIPTION, Field.FOUND_ON)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row is not taken: the column's field, a stable key with words in ``labels``, and what stood there."""

    field: Field
    key: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row understood. Dates are local days; ``done`` says it was put right, ``done_on`` when, if that is known."""

    number: str
    site: str
    uscc: str
    address: str
    kind: str
    domain: str
    town: str
    place: str
    found_on: date
    found_by: str
    source: Source
    description: str
    grade: Grade
    basis: str
    measures: str
    funds: str
    plan: str
    person: str
    phone: str
    due_on: date | None
    on_spot: bool
    done: bool
    done_on: date | None
    department: str
    campaign: str
    note: str

    def key(self, county: str, site_key: str) -> str:
        """The same finding imported twice has the same key, whatever else in its row was filled in meanwhile."""
        words = "|".join((county, site_key, self.found_on.isoformat(), fold(self.description), fold(self.place)))
        return hashlib.sha256(words.encode()).hexdigest()


def fold(words: str) -> str:
    """Text made comparable: narrow signs, no blanks, no punctuation, small letters."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", words)).lower()


_GENERAL = re.compile(r"(?:一般|较小|普通|轻微|III?级|[三四]级|C类?|B类?|黄|蓝)(?:安全|事故|火灾)*(?:隐患|问题|级)?")
_MAJOR = re.compile(r"(?:重大|特别重大|I级|一级|A类?)(?:安全|事故|火灾|生产)*(?:隐患|问题|级)?")
_NOT_DONE = re.compile(
    r"未(?:整改|完成|销号|闭环|改|消除|办结).*|没有?整改.*|否|×|x|✗|✘|整改中|正在整改.*|限期整改.*|治理中|进行中|待.*|逾期.*|正在.*|计划.*|无"
)
_DONE = re.compile(
    r"(?:已|已经|均已|全部|当场|现场|立即|即查即改|立行立改|按期)?(?:完成|整改|改正|消除|销号|闭环|办结|落实)+(?:完成|完毕|到位|合格|结束|了|整改|销号|闭环)*"
    r"|是|√|✓|✔|对|合格|通过|复查合格|ok|y|yes|1|已改|完毕|到位"
)
_ON_SPOT = re.compile(r"当场|现场整改|立行立改|即查即改|立即整改|当日|当天")

_SOURCES: tuple[tuple[str, Source], ...] = (
    ("自查", Source.SELF_CHECK),
    ("自检", Source.SELF_CHECK),
    ("专家", Source.EXPERT),
    ("会诊", Source.EXPERT),
    ("网格", Source.GRID),
    ("巡查", Source.GRID),
    ("入户", Source.HOUSEHOLD),
    ("联合", Source.JOINT),
    ("暗访", Source.UNANNOUNCED),
    ("举报", Source.TIP),
    ("投诉", Source.TIP),
    ("监测", Source.MONITORING),
    ("演练", Source.DRILL),
    ("政府", Source.GOVERNMENT),
    ("部门", Source.GOVERNMENT),
    ("执法", Source.GOVERNMENT),
    ("督查", Source.GOVERNMENT),
    ("检查", Source.GOVERNMENT),
)

# Words in a kind or domain column → domain, first match wins: the narrower words stand first.
_DOMAINS: tuple[tuple[str, str], ...] = (
    ("非煤", "mine"), ("金属", "mine"), ("采石", "mine"), ("煤矿", "coal"), ("煤业", "coal"), ("露天矿", "mine"), ("矿山", "mine"),
    ("烟花", "fireworks"), ("民爆", "explosives"), ("爆破", "explosives"),
    ("加油", "hazchem"), ("加气", "hazchem"), ("危险化学", "hazchem"), ("危化", "hazchem"), ("化工", "hazchem"),
    ("危险废物", "waste"), ("危废", "waste"),
    ("养老", "elderly"), ("敬老", "elderly"), ("福利院", "elderly"),
    ("学校", "school"), ("幼儿园", "school"), ("培训", "school"), ("教育", "school"),
    ("医院", "health"), ("卫生", "health"), ("诊所", "health"), ("卫健", "health"),
    ("高层", "highrise"), ("燃气", "gas"), ("液化气", "gas"),
    ("施工", "construction"), ("工地", "construction"), ("建筑", "construction"), ("住建", "construction"),
    ("自建房", "housing"), ("电梯", "equipment"), ("特种设备", "equipment"), ("锅炉", "equipment"),
    ("道路", "road"), ("交通", "road"), ("客运", "road"), ("铁路", "rail"),
    ("宗教", "religion"), ("寺", "religion"), ("教堂", "religion"), ("文物", "heritage"),
    ("旅游", "tourism"), ("景区", "tourism"), ("文化", "tourism"), ("网吧", "tourism"), ("娱乐", "tourism"), ("体育", "sport"),
    ("林", "forest"), ("坟", "forest"), ("农机", "farm"), ("农业", "farm"), ("水库", "water"), ("河道", "water"),
    ("电力", "power"), ("小区", "community"), ("社区", "community"), ("物业", "community"),
    ("冶金", "industry"), ("工贸", "industry"), ("工厂", "industry"), ("加工", "industry"), ("制造", "industry"),
    ("餐饮", "commerce"), ("饭店", "commerce"), ("商场", "commerce"), ("市场", "commerce"), ("超市", "commerce"),
    ("宾馆", "commerce"), ("酒店", "commerce"), ("商贸", "commerce"), ("商业", "commerce"),
    ("九小", "fire"), ("消防", "fire"), ("仓库", "fire"), ("人员密集", "fire"),
)  # fmt: skip

# Words in a kind column, or in the site's own name, → kind of site.
_KINDS: tuple[tuple[str, str], ...] = (
    ("非煤", "noncoal_mine"), ("煤矿", "coal_mine"), ("煤业", "coal_mine"), ("采石", "noncoal_mine"),
    ("加油", "filling_station"), ("加气", "lpg_station"), ("液化气", "lpg_station"),
    ("养老", "elderly_home"), ("敬老", "elderly_home"), ("幼儿园", "kindergarten"), ("学校", "school"), ("中学", "school"), ("小学", "school"),
    ("医院", "hospital"), ("卫生院", "hospital"), ("诊所", "clinic"), ("网吧", "net_bar"), ("娱乐", "entertainment"), ("KTV", "ktv"),
    ("宾馆", "hotel"), ("酒店", "hotel"), ("旅馆", "hotel"), ("饭店", "restaurant"), ("餐", "restaurant"), ("超市", "mall"),
    ("商场", "mall"), ("市场", "market"), ("高层", "highrise"), ("工地", "construction_site"), ("施工", "construction_site"),
    ("小区", "community"), ("寺", "temple"), ("景区", "scenic_spot"), ("加工", "workshop"), ("工厂", "workshop"),
    ("九小", "small_shop"), ("自建房", "self_built_house"), ("水库", "reservoir"), ("坟", "cemetery_plot"), ("林", "forest_plot"),
)  # fmt: skip


def domain_of(*words: str) -> str:
    """The domain that the words of a row speak of, or "" where none does."""
    return _first(_DOMAINS, words)


def kind_of(*words: str) -> str:
    return _first(_KINDS, words)


def _first(table: Sequence[tuple[str, str]], words: Sequence[str]) -> str:
    for said in words:
        for part, meaning in table:
            if part in said:
                return meaning
    return ""


def read_row(cells: Mapping[str, Any], *, words: Mapping[str, str], today: date) -> Entry | list[Problem]:
    """Read one row. ``cells`` are native values by field, ``words`` the same as text. All reasons are given at once."""
    problems: list[Problem] = []

    def said(field: Field) -> str:
        return words.get(field, "").strip()

    problems += [Problem(field, "ledger.missing") for field in (Field.SITE, Field.DESCRIPTION) if not said(field)]
    problems += [
        Problem(field, "ledger.too_long", said(field)[:40])
        for field, most in ((Field.SITE, 120), (Field.DESCRIPTION, 1000), (Field.MEASURES, 1000), (Field.PLACE, 120))
        if len(said(field)) > most
    ]
    found_on = _day(Field.FOUND_ON, cells, None, problems)
    if found_on is None and not any(problem.field is Field.FOUND_ON for problem in problems):
        problems.append(Problem(Field.FOUND_ON, "ledger.missing"))
    if found_on is not None and found_on > today:
        problems.append(Problem(Field.FOUND_ON, "ledger.future", said(Field.FOUND_ON)))
    grade = _grade(said(Field.GRADE), problems)
    on_spot = bool(_ON_SPOT.search(said(Field.DUE)) or _ON_SPOT.search(said(Field.STATE)))
    due_on = _due(cells, said(Field.DUE), found_on, problems)
    done, done_on = _done(cells, said(Field.FINISHED), said(Field.STATE), found_on, today, problems)
    if due_on is not None and found_on is not None and due_on < found_on:
        problems.append(Problem(Field.DUE, "ledger.due_before_found", said(Field.DUE)))
    if problems or found_on is None:
        return problems
    return Entry(
        number=said(Field.NUMBER),
        site=said(Field.SITE),
        uscc=said(Field.USCC),
        address=said(Field.ADDRESS)[:200],
        kind=kind_of(said(Field.KIND), said(Field.SITE)),
        domain=domain_of(said(Field.DOMAIN), said(Field.KIND), said(Field.SITE)),
        town=said(Field.TOWN),
        place=said(Field.PLACE),
        found_on=found_on,
        found_by=said(Field.FOUND_BY)[:80],
        source=next((source for part, source in _SOURCES if part in said(Field.SOURCE)), Source.IMPORT),
        description=said(Field.DESCRIPTION),
        grade=grade,
        basis=said(Field.BASIS)[:300],
        measures=said(Field.MEASURES),
        funds=said(Field.FUNDS)[:120],
        plan=said(Field.PLAN)[:1000],
        person=said(Field.PERSON)[:40],
        phone=said(Field.PHONE)[:20],
        due_on=due_on,
        on_spot=on_spot and done,
        done=done,
        done_on=done_on,
        department=said(Field.DEPARTMENT)[:120],
        campaign=said(Field.CAMPAIGN)[:40],
        note=said(Field.NOTE)[:500],
    )


def _day(field: Field, cells: Mapping[str, Any], year: int | None, problems: list[Problem]) -> date | None:
    value = cells.get(field)
    try:
        return clock.parse_cn_date(value, year_hint=year)
    except clock.DateUnclear as unclear:
        problems.append(Problem(field, f"ledger.{unclear.key.rpartition('.')[2]}", str(value)[:40]))
        return None


def _grade(said: str, problems: list[Problem]) -> Grade:
    folded = re.sub(r"\s", "", said)
    if folded in ("", "-", "—", "/"):
        return Grade.NONE
    if _MAJOR.fullmatch(folded):
        return Grade.MAJOR
    if _GENERAL.fullmatch(folded):
        return Grade.GENERAL
    problems.append(Problem(Field.GRADE, "ledger.grade_unknown", said[:40]))
    return Grade.NONE


def _due(cells: Mapping[str, Any], said: str, found_on: date | None, problems: list[Problem]) -> date | None:
    """A date, or a span counted from the day it was found (3日内, 当场整改, 7个工作日)."""
    if not said or found_on is None:
        return None
    if _ON_SPOT.search(said):
        return found_on
    span = clock.parse_cn_span(said) if isinstance(cells.get(Field.DUE), str) else None
    if span is not None:
        if span.unit == "working":
            return clock.add_working_days(found_on, span.n).day
        return clock.add_days(found_on, span.n)
    return _day(Field.DUE, cells, found_on.year, problems)


def _done(
    cells: Mapping[str, Any], finished: str, state: str, found_on: date | None, today: date, problems: list[Problem]
) -> tuple[bool, date | None]:
    """Whether it was put right, and when. A tick says that it was, without the day."""
    if state and _NOT_DONE.fullmatch(state.lower()):
        if finished and not _NOT_DONE.fullmatch(finished.lower()):
            problems.append(Problem(Field.STATE, "ledger.state_contradicts", state[:40]))
        return False, None
    if finished and not _NOT_DONE.fullmatch(finished.lower()):
        if isinstance(cells.get(Field.FINISHED), str) and (
            _DONE.fullmatch(finished.lower()) or _ON_SPOT.search(finished)
        ):
            return True, found_on if _ON_SPOT.search(finished) else None
        day = _day(Field.FINISHED, cells, found_on.year if found_on else None, problems)
        if day is None:
            return False, None
        if found_on is not None and day < found_on:
            problems.append(Problem(Field.FINISHED, "ledger.done_before_found", finished))
        if day > today:
            problems.append(Problem(Field.FINISHED, "ledger.future", finished))
        return True, day
    if state:
        if _DONE.fullmatch(state.lower()):
            return True, found_on if _ON_SPOT.search(state) else None
        problems.append(Problem(Field.STATE, "ledger.state_unknown", state[:40]))
    return False, None

"""Old ledgers as they come: every row ends somewhere, twice is once, and what cannot be taken says why."""

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter

from anwang.ground.base.errors import Refused
from anwang.ground.jobs.models import Job
from anwang.registers.sites import services as sites
from anwang.registers.sites.models import Site
from anwang.registers.standards import services as standards
from anwang.work.hazards.models import Delta, Hazard, Overdue
from anwang.work.hazards.services import counts, ledger

pytestmark = pytest.mark.django_db

HEAD = [
    "序号",
    "单位（场所）名称",
    "地址",
    "场所类型",
    "检查日期",
    "检查人",
    "隐患具体情况",
    "隐患等级",
    "整改期限",
    "整改完成时间",
    "备注",
]
ROWS = [
    (
        1,
        "示例超市",
        "示例街12号",
        "商场市场",
        date(2026, 6, 3),
        "甲、乙",
        "疏散通道堆放货物",
        "一般",
        "当场整改",
        date(2026, 6, 3),
        "",
    ),
    (
        2,
        "示例网吧",
        "示例街15号",
        "公共娱乐场所",
        "2026.6.4",
        "甲、乙",
        "安全出口上锁；灭火器压力不足",
        "一般",
        "2026.6.11",
        "6.10",
        "",
    ),
    (
        3,
        "示例养老服务中心",
        "示例路3号",
        "养老机构",
        "2026年6月5日",
        "甲 丙",
        "使用可燃夹芯板搭建辅助用房",
        "重大",
        "2026年9月30日",
        "",
        "已挂牌",
    ),
    (),
    (4, "示例加工厂", "示例村", "九小场所", 46182, "丙", "电动自行车在室内充电", "一般隐患", "3日内", "√", ""),
    ("小计", 4),
    (5, "", "示例村", "九小场所", "2026.6.9", "丙", "单位名称漏填的一行", "一般", "", "", ""),
]


def excel(rows=ROWS, head=HEAD, title="附件2：消防安全隐患排查整治清单"):
    data = BytesIO()
    book = xlsxwriter.Workbook(data)
    sheet = book.add_worksheet()
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.merge_range(0, 0, 0, len(head) - 1, title)
    sheet.merge_range(1, 0, 1, len(head) - 1, "乡镇（盖章）：          联系人：          电话：")
    sheet.write_row(2, 0, head)
    for at, row in enumerate(rows, start=3):
        for column, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(at, column, value, day)
            elif value != "":
                sheet.write(at, column, value)
    book.close()
    return data.getvalue()


@pytest.fixture
def office(places, make_user, now):
    sites.load_library(now=now)
    standards.load_libraries(now=now)
    return make_user("county_office", places.county)


@pytest.fixture
def take(office, now):
    def take(data, **more):
        options = {"name": "台账.xlsx", "region_code": "140930", "by": office, "now": now, "create_sites": True} | more
        return ledger.import_ledger(file=data, **options)

    return take


def test_a_township_s_list_as_it_arrives(take):
    found = take(excel())
    assert (found.rows, found.created, found.unchanged, len(found.rejected)) == (5, 4, 0, 1)
    assert found.skipped == 1
    assert found.rejected[0].row == 10
    assert found.rejected[0].column == "单位（场所）名称"
    on_spot, late, major, ticked = Hazard.objects.order_by("found_on", "number")
    assert (on_spot.state, on_spot.on_spot, on_spot.closed_on) == ("closed", True, date(2026, 6, 3))
    assert (late.closed_on, late.due_on, late.late_days) == (date(2026, 6, 10), date(2026, 6, 11), 0)
    assert (major.grade, major.state, major.late, major.next_due_on) == ("major", "assigned", True, date(2026, 9, 30))
    assert (ticked.state, ticked.found_on, ticked.closed_on) == ("closed", date(2026, 6, 9), date(2026, 6, 12))
    assert ticked.moves.get().data["closing_day"] == "not_said"
    assert Overdue.objects.get().hazard == major


def test_the_same_file_again_doubles_nothing(take):
    take(excel())
    again = take(excel())
    assert (again.created, again.updated, again.unchanged, len(again.rejected)) == (0, 0, 4, 1)
    assert Hazard.objects.count() == 4
    assert Site.objects.count() == 4


def test_what_the_file_says_newly_is_taken(take):
    take(excel())
    rows = [list(row) for row in ROWS]
    rows[2][9] = "2026.10.2"
    again = take(excel(rows))
    assert (again.updated, again.unchanged) == (1, 3)
    major = Hazard.objects.get(grade="major")
    assert (major.state, major.closed_on, major.late_days) == ("closed", date(2026, 10, 2), 2)
    assert not Job.objects.filter(key=f"hazard:{major.pk}:ring", state="pending").exists()


def test_unknown_sites_are_named_not_made(take):
    found = take(excel(), create_sites=False)
    assert (found.rows, found.created, len(found.rejected)) == (5, 0, 5)
    assert {row.key for row in found.rejected} == {"ledger.site_unknown", "ledger.missing"}
    assert Site.objects.count() == 0


def test_a_dry_run_keeps_nothing(take):
    assert take(excel(), dry_run=True).created == 4
    assert (Hazard.objects.count(), Site.objects.count(), Delta.objects.count()) == (0, 0, 0)


def test_every_column_may_be_called_otherwise(take):
    head = [
        "No",
        "商户名称",
        "经营地址",
        "单位类别",
        "排查时间",
        "排查人员",
        "存在的主要问题",
        "级别",
        "时限",
        "销号日期",
        "说明",
    ]
    assert take(excel(head=head)).created == 4


def test_a_mapping_made_by_hand_is_remembered(take):
    head = ["一", "二", "三", "四", "五", "六", "七", "八", "九", "单位", "隐患"]
    rows = [("", "", "", "", "2026-06-03", "", "", "一般", "", "示例超市", "通道堵塞")]
    with pytest.raises(Refused) as refused:
        take(excel(rows, head))
    assert refused.value.key == "ledger.columns_missing"
    columns = {9: "site", 10: "description", 4: "found_on", 7: "grade"}
    assert take(excel(rows, head), columns=columns).created == 1
    assert take(excel(rows, head)).unchanged == 1


@pytest.mark.parametrize(
    ("column", "value", "key"),
    [
        (4, "2026.2.30", "ledger.date_impossible"),
        (4, "去年", "ledger.date_unreadable"),
        (4, "2027-01-01", "ledger.future"),
        (6, "", "ledger.missing"),
        (6, "长" * 1001, "ledger.too_long"),
        (7, "特大", "ledger.grade_unknown"),
        (8, "2026-05-01", "ledger.due_before_found"),
        (9, "2026-05-01", "ledger.done_before_found"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(take, column, value, key):
    row = list(ROWS[0])
    row[column] = value
    found = take(excel([row]))
    assert (found.rows, found.created) == (1, 0)
    assert key in {rejected.key for rejected in found.rejected}
    assert found.rejected[0].reason


def test_two_rows_alike_are_one_hazard(take):
    found = take(excel([ROWS[0], ROWS[0]]))
    assert (found.created, [row.key for row in found.rejected]) == (1, ["ledger.same_as_row"])


@pytest.mark.parametrize("code", ["140931", "140900", "999999", ""])
def test_another_county_does_not_exist(take, code):
    with pytest.raises(Refused) as refused:
        take(excel(), region_code=code)
    assert (refused.value.key, refused.value.status) == ("ledger.region_unknown", 404)


def test_a_broken_file_changes_nothing(take):
    with pytest.raises(Refused):
        take(b"PK\x03\x04 this is no workbook")
    assert Hazard.objects.count() == 0


def test_what_goes_out_comes_back_unchanged(take, tmp_path, office):
    take(excel())
    path = tmp_path / "out.xlsx"
    assert ledger.export_ledger(Hazard.objects.visible_to(office), to=path) == 4
    back = take(path, create_sites=False)
    assert (back.rows, back.unchanged, back.rejected) == (4, 4, [])


def test_figures_count_what_was_entered(take, now):
    take(excel())
    counts.fold(now=now)
    assert sum(row.n for row in counts.Count.objects.filter(face="full", level="county", code="140930")) == 4
    before = {
        (r.face, r.level, r.code, r.domain, r.grade, r.state, r.late, r.month): r.n for r in counts.Count.objects.all()
    }
    counts.rebuild()
    after = {
        (r.face, r.level, r.code, r.domain, r.grade, r.state, r.late, r.month): r.n for r in counts.Count.objects.all()
    }
    assert before == after


def test_the_sample_the_office_sent(take):
    path = Path(__file__).parents[5] / "tests" / "samples" / "ledger-example.xlsx"
    found = take(path)
    assert (found.rows, found.created, len(found.rejected), found.skipped) == (5, 4, 1, 1)

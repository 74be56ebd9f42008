"""Sample data for the gallery. The words stand in for what an office would have typed, so they are Chinese as they are."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anwang.ground.base.keyset import Page
from anwang.ground.base.parts import (
    Act,
    Card,
    Cell,
    Column,
    Entry,
    Fact,
    Figure,
    Filter,
    Ledger,
    MapView,
    Number,
    Person,
    Photo,
    Place,
    Step,
    View,
)


class SampleForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What did you find?"),
        choices=[("fire", "疏散通道堆放杂物"), ("power", "电动自行车入户充电"), ("gas", "燃气软管老化")],
        widget=forms.RadioSelect,
    )
    what = forms.CharField(
        label=_("Describe it in one sentence"),
        help_text=_("Where exactly, what is wrong, how it was noticed."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    due = forms.DateField(label=_("To be put right by"), widget=forms.DateInput(attrs={"type": "date"}))
    owner = forms.ChoiceField(
        label=_("Who answers for it"), choices=[("", "请选择"), ("1", "物业公司"), ("2", "业主委员会")], required=False
    )
    lng = forms.FloatField(label=_("Longitude"), required=False, widget=forms.HiddenInput)
    lat = forms.FloatField(label=_("Latitude"), required=False, widget=forms.HiddenInput)
    told = forms.BooleanField(label=_("The owner was told on the spot"), required=False)


def _photo(name: str, caption: str, *, flags: tuple[str, ...] = ()) -> Photo:
    return Photo(
        thumb=static(f"base/{name}.svg"),
        caption=caption,
        taken_at=timezone.now() - timedelta(days=3),
        place="文笔镇 城关社区",
        flags=flags,
    )


def ledger(request: HttpRequest) -> Ledger:
    now = timezone.now()
    made = Ledger(
        request,
        key="gallery",
        title=_("Ledger"),
        row_template="base/gallery_row.html",
        columns=[
            Column("number", _("Number"), sort="number", always=True),
            Column("what", _("What"), always=True),
            Column("site", _("Site")),
            Column("grade", _("Grade")),
            Column("state", _("State"), sort="state"),
            Column("due", _("Deadline"), sort="due"),
            Column("days", _("Days"), number=True, extra=True),
        ],
        filters=[
            Filter(
                "state",
                _("State"),
                choices=[("doing", "整改中", 128), ("waiting", "待复查", 16), ("done", "已销号", 2214)],
            ),
            Filter("grade", _("Grade"), choices=[("general", "一般隐患", 2383), ("major", "重大隐患", 6)]),
            Filter("late", _("Late only"), kind="flag"),
            Filter("found", _("Found on"), kind="dates", quick=False),
            Filter(
                "source",
                _("Source"),
                choices=[("gov", "政府检查"), ("self", "企业自查"), ("expert", "专家诊断")],
                quick=False,
            ),
        ],
        default_sort="due",
        search_label=_("Number, site or words"),
        exports={"Excel": "#excel", "PDF": "#pdf"},
        views=[
            View("本周到期", "?found_from=2026-11-16"),
            View("重大未销号", "?grade=major&state=doing", delete_url="#"),
        ],
        save_url="#save",
        bulk=[
            Act(_("Remind"), url="#", method="post", icon="bell"),
            Act(_("Export the chosen"), url="#", icon="download"),
        ],
        new=Act(_("Record a hazard"), url="#new", icon="plus", primary=True),
        empty=_("Hazards found in your region appear here."),
    )
    words = [
        ("疏散通道堆放杂物，影响疏散", "河曲县阳光小区3号楼", "general", "doing", "整改中", -5),
        ("瓦斯传感器未按期标校", "山西晋神沙坪煤业有限公司", "major", "waiting", "待复查", 1),
        ("燃气软管使用超过使用年限", "文笔镇老马家饺子馆", "general", "open", "待整改", 3),
        ("室内消火栓无水", "河曲县社会福利院", "general", "doing", "整改中", 12),
        ("安全出口门锁闭", "河曲县第二百货商场", "general", "done", "已销号", 30),
    ]
    rows = [
        {"pk": at, "number": f"140930-2026-{412 - at:06d}", "what": what, "site": site, "grade": grade, "tone": "late" if days < 0 else tone,
         "state": state, "due": now + timedelta(days=days, hours=2), "done_at": now if tone == "done" else None, "days": 20 - days}
        for at, (what, site, grade, tone, state, days) in enumerate(words)
    ]  # fmt: skip
    return made.fill(Page(rows, "more"), count=2383)


def gallery(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    wrong = SampleForm({"kind": "fire", "what": "", "due": "2026-13-40"})
    wrong.is_valid()
    return {
        "now": now,
        "page_title": _("Parts of a page"),
        "ledger": ledger(request),
        "tones": [("open", "待整改"), ("doing", "整改中"), ("waiting", "待复查"), ("done", "已销号"), ("stopped", "已停产"), ("late", "已逾期")],
        "dues": [now - timedelta(days=5), now - timedelta(hours=3), now + timedelta(minutes=25), now + timedelta(hours=7), now + timedelta(days=3), now + timedelta(days=20)],
        "numbers": [
            Number(_("Waiting for me"), 12, "#"),
            Number(_("Overdue"), 3, "#", tone="late", note="最久 5 天"),
            Number(_("Red places"), 2, "#", tone="level-red"),
            Number(_("Closed this month"), 12834, "#"),
        ],
        "cards": [
            Card("疏散通道堆放杂物，影响疏散", "#", kind="复查", where="河曲县阳光小区3号楼", since=now - timedelta(days=9), due=now - timedelta(days=5),
                 otherwise="今天 18:00 后将报告县安委办", act=Act("去复查", "#", primary=True, icon="user-check"), number="140930-2026-000412"),
            Card("瓦斯传感器未按期标校", "#", kind="核定等级", level="orange", where="山西晋神沙坪煤业有限公司", since=now - timedelta(hours=20), due=now + timedelta(hours=7),
                 otherwise="不核定则不能下达整改通知", act=Act("核定等级", "#", icon="gavel")),
        ],
        "steps": [
            Step("发现", "done", now - timedelta(days=9)), Step("定级", "done", now - timedelta(days=9)), Step("整改", "now", note="第 2 次"),
            Step("复查", "next"), Step("挂牌督办", "off"), Step("销号", "next"),
        ],
        "facts": [
            Fact(_("Site"), "河曲县阳光小区3号楼", "#"), Fact(_("Source"), "政府检查"), Fact(_("Found by"), "张建国、李敏"),
            Fact(_("Department"), "县消防救援大队"), Fact(_("Measures"), "清理通道，设置禁停标识，落实每日巡查。", wide=True),
        ],
        "before": [_photo("sample-before", "三层东侧疏散通道")],
        "after": [_photo("sample-after", "三层东侧疏散通道，已清理", flags=("这张照片与隐患 140930-2026-000388 的照片相同",))],
        "people": [
            Person("张建国", "县应急局 检查人", "13834567890", unmask_url="#"), Person("王秀英", "物业经理 整改责任人", "03507222119"),
            Person("李敏", "城关社区 网格员", "13935001234", url="#"),
        ],
        "entries": [
            Entry(now - timedelta(hours=2), "退回重新整改", "李敏", "通道已清理，但禁停标识没有设置。", "waiting"),
            Entry(now - timedelta(days=1), "提交整改结果", "王秀英", photos=[_photo("sample-after", "已清理")], tone="doing"),
            Entry(now - timedelta(days=5), "逾期", "系统", "距整改期限已过，逾期作为事实保留。", "late"),
            Entry(now - timedelta(days=9), "下达整改通知", "张建国", "限 4 日内整改完毕。", "done"),
        ],
        "acts": [
            Act(_("Confirm and close the hazard"), "#", method="post", icon="circle-check", primary=True, confirm="确认“疏散通道堆放杂物”已整改到位，并予以销号？销号后如再次出现，将作为反弹隐患重新立案。"),
            Act(_("Return it to be done again"), "#", icon="arrow-back-up", note="需要说明哪里没有整改到位。"),
            Act(_("Grant more time"), icon="calendar-plus", why="申请延期的人不能批准自己的申请。", todo="请县安委办批准。"),
        ],
        "form": SampleForm(),
        "wrong": wrong,
        "figures": [
            Figure("month", _("Found and closed by month"), _("Hazards by the month in which they were found or closed, all grades, your region."), now,
                   [_("Month"), _("Found"), _("Closed")], [[f"{m}月", Cell(180 + m * 37 % 120, "#"), Cell(160 + m * 29 % 110, "#")] for m in range(1, 11)], "bar", excel_url="#"),
            Figure("level", _("Places by risk level"), _("Supervised sites by their present risk colour."), now, [_("Level"), _("Places")],
                   [["红", Cell(11, "#")], ["橙", Cell(49, "#")], ["黄", Cell(212, "#")], ["蓝", Cell(803, "#")]], "ring", levels=("red", "orange", "yellow", "blue"), unit="处"),
            Figure("town", _("State by township"), _("Hazards not yet closed, by township and state."), now, [_("Township"), "整改中", "待复查", "已逾期"],
                   [["文笔镇", Cell(42, "#"), 8, 3], ["楼子营镇", 31, 4, 0], ["刘家塔镇", 18, 6, 2], ["巡镇镇", 22, 3, 1]], "stacked"),
            Figure("rate", _("Closed in time"), _("Share of hazards due in the month that were closed by their deadline."), now, [_("Month"), _("Per cent")],
                   [[f"{m}月", v] for m, v in enumerate([81, 84, 83, 88, 90, 87, 91, 93, 92, 95], 1)], "line", unit="%"),
        ],
        "map": MapView("sites", _("Places by risk level"), [
            Place(111.14, 39.38, "山西晋神沙坪煤业有限公司", "#", "red"), Place(111.16, 39.37, "河曲县阳光小区3号楼", "#", "yellow"), Place(111.141, 39.381, "文笔镇老马家饺子馆", "#", "blue"),
            Place(111.30, 39.20, "河曲县加油站", "#", "orange"), Place(111.22, 39.12, "刘家塔镇敬老院", "#", "yellow"), Place(111.40, 39.00, "巡镇镇粮站", "#"),
        ]),
        "paper_pages": [static("base/sample-paper.svg")],
        "crumb": "140930-2026-000412",
        "drill": "2026年河曲县煤矿瓦斯超限双盲演练",
    }  # fmt: skip

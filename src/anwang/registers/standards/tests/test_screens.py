"""The standards on screen and through the API, as a system administrator and as others."""

from datetime import date
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from anwang.ground.audit.models import AuditRow
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.registers.standards import rules, selectors, services
from anwang.registers.standards.models import Standard
from anwang.registers.standards.rules import Content, Severity, Type

ORDER_21 = "cn:mem:order:21:2026"


@pytest.fixture
def loaded(db, now):
    return services.load_libraries(now=now)


@pytest.fixture
def keeper(make_user, places, loaded):
    return make_user("system_admin", places.county)


@pytest.fixture
def officer(make_user, places, loaded):
    return make_user("town_officer", places.town)


def item(**more):
    said = {
        "type": Type.CRITERION, "title_zh": "矿井月产量超过核定月产量一成以上", "instrument": ORDER_21, "article": "4", "item": "1",
        "domains": ("coal",), "severity": Severity.MAJOR, "match": ("月产量+超",), "effective_from": date(2026, 7, 1),
        "confidence": "high", "editable": True,
    }  # fmt: skip
    return Content(**said | more)


# --- services -----------------------------------------------------------------------------------------------------


def test_a_missing_item_is_entered_and_then_proposed(keeper, now):
    made = services.add(content=item(), by=keeper, now=now)
    assert made.urn == f"{ORDER_21}:4.1"
    assert made.edition == "local"
    found = selectors.propose("coal", "本月月产量超核定", date(2026, 11, 1))
    assert made.urn in [each.row_urn for each in found]
    assert AuditRow.objects.filter(event="standards.added", on_id=made.pk).exists()


def test_sending_a_form_twice_makes_one_row(keeper, now):
    key = new_id()
    first = services.add(content=item(), by=keeper, now=now, id=key)
    assert services.add(content=item(), by=keeper, now=now, id=key) == first
    with pytest.raises(Refused) as refused:
        services.add(content=item(), by=keeper, now=now)
    assert refused.value.key == "standards.urn_taken"


def test_only_keepers_write(officer, now):
    for verb in (
        lambda: services.add(content=item(), by=officer, now=now),
        lambda: services.revise(urn=ORDER_21, changes={"title_zh": "甲"}, reason="试", by=officer, now=now),
        lambda: services.import_criteria(instrument=ORDER_21, file=b"", name="x", by=officer, now=now, reason="试"),
    ):
        with pytest.raises(Refused) as refused:
            verb()
        assert refused.value.key == "accounts.not_permitted"


def test_a_new_deadline_holds_from_today_and_earlier_events_keep_theirs(keeper, now):
    urn = "aw:deadline:general"
    made = services.revise(
        urn=urn,
        changes={"data": {"grade": "general", "amount": 10, "unit": "days"}},
        reason="县里要求",
        by=keeper,
        now=now,
    )
    assert (made.version, made.effective_from) == (2, date(2026, 11, 20))
    assert selectors.deadline_rule("road", "general", date(2026, 11, 19)).days == 15
    assert selectors.deadline_rule("road", "general", date(2026, 11, 20)).days == 10
    before = Standard.objects.get(urn=urn, version=1)
    assert before.data["amount"] == 15

    services.withdraw(row_id=made.pk, reason="写错", by=keeper, now=now)
    assert selectors.deadline_rule("road", "general", date(2026, 11, 20)).days == 15
    assert selectors.row(urn, 2).withdraw_reason == "写错"


@pytest.mark.parametrize(
    ("urn", "changes", "reason", "key"),
    [
        ("cn:mem:order:4:2020:5.2", {"title_zh": "甲"}, "试", "standards.not_editable"),
        ("aw:limit:relapse", {"title_zh": "甲"}, " ", "standards.reason_missing"),
        ("aw:limit:relapse", {}, "试", "standards.nothing_changed"),
        ("aw:nothing", {}, "试", "standards.unknown"),
        ("aw:limit:relapse", {"data": {"value": "ten"}}, "试", "standards.data_wrong"),
        ("aw:limit:relapse", {"domains": ("moon",)}, "试", "standards.domain_unknown"),
        ("aw:limit:relapse", {"source": "moon"}, "试", "standards.word_unknown"),
        ("aw:limit:relapse", {"instrument": "cn:moon"}, "试", "standards.instrument_unknown"),
        ("aw:limit:relapse", {"title_zh": ""}, "试", "standards.title_missing"),
    ],
)
def test_what_is_refused(keeper, now, urn, changes, reason, key):
    with pytest.raises(Refused) as refused:
        services.revise(urn=urn, changes=changes, reason=reason, by=keeper, now=now)
    assert refused.value.key == key
    assert str(refused.value)


def test_shipped_rows_are_not_withdrawn_and_nothing_is_withdrawn_twice(keeper, now):
    shipped = selectors.newest("aw:limit:relapse")
    with pytest.raises(Refused) as refused:
        services.withdraw(row_id=shipped.pk, reason="试", by=keeper, now=now)
    assert refused.value.key == "standards.not_local"
    made = services.add(content=item(), by=keeper, now=now)
    services.withdraw(row_id=made.pk, reason="试", by=keeper, now=now)
    with pytest.raises(Refused) as refused:
        services.withdraw(row_id=made.pk, reason="试", by=keeper, now=now)
    assert refused.value.key == "standards.already_withdrawn"


def test_deadlines_are_revised_not_added(keeper, now):
    content = Content(
        type=Type.DEADLINE, title_zh="甲", title_en="", data={"grade": "general", "amount": 3, "unit": "days"}
    )
    with pytest.raises(Refused) as refused:
        services.add(content=content, by=keeper, now=now)
    assert refused.value.key == "standards.type_not_addable"


def test_rows_are_never_changed_nor_deleted(loaded):
    row = selectors.newest("aw:limit:relapse")
    row.title_zh = "改"
    for act in (
        row.save,
        lambda: row.save(update_fields=["title_zh"]),
        row.delete,
        lambda: Standard.objects.filter(pk=row.pk).update(title_zh="改"),
        lambda: Standard.objects.filter(pk=row.pk).delete(),
    ):
        with pytest.raises(TypeError, match="never"):
            act()
    assert selectors.newest("aw:limit:relapse").title_zh != "改"


# --- Excel --------------------------------------------------------------------------------------------------------


def sheet(rows, title="重大隐患判定条目"):
    import xlsxwriter

    into = BytesIO()
    with xlsxwriter.Workbook(into, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write(0, 0, title)
        for number, row in enumerate([["条号", "项号", "判定情形", "关键词", "领域"], *rows], start=2):
            for column, cell in enumerate(row):
                page.write(number, column, cell)
    return into.getvalue()


def test_a_text_is_entered_from_a_sheet(keeper, now):
    file = sheet(
        [
            ["第四条", "（一）", "全年产量超过核定能力一成以上", "年产量+超", ""],
            ["第四条", "（二）", "", "", ""],
            ["第五条", "（一）", "瓦斯检查漏检仍作业", "瓦斯+漏检;瓦斯+假检", "煤矿"],
            ["第五条", "（二）", "另一项", "", "海洋"],
        ]
    )
    asked = {
        "instrument": ORDER_21,
        "file": file,
        "name": "21.xlsx",
        "by": keeper,
        "now": now,
        "reason": "录入正式文本",
    }
    dry = services.import_criteria(**asked, dry_run=True)
    assert (dry.rows, dry.created) == (4, 2)
    assert not Standard.objects.filter(edition="local").exists()

    done = services.import_criteria(**asked)
    assert (done.created, done.updated, done.unchanged) == (2, 0, 0)
    assert [number for number, _why in done.rejected] == [5, 7]
    entered = Standard.objects.get(edition="local", article="5")
    assert entered.urn == f"{ORDER_21}:5.1"
    assert entered.match == ["瓦斯+漏检", "瓦斯+假检"]
    assert entered.effective_from == date(2026, 7, 1)

    again = services.import_criteria(**asked)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)


def test_what_was_exported_comes_back_unchanged(keeper, now):
    into = BytesIO()
    rows = selectors.of_instrument(keeper, "cn:mca:elderly-major:2023")
    assert services.export_criteria(rows, to=into, title="养老机构") == len(rows)
    done = services.import_criteria(
        instrument="cn:mca:elderly-major:2023",
        file=into.getvalue(),
        name="a.xlsx",
        by=keeper,
        now=now,
        reason="回读",
        dry_run=True,
    )
    assert not done.rejected
    assert (done.rows, done.unchanged) == (len(rows), len(rows))


def test_a_sheet_without_a_header_is_refused(keeper, now):
    with pytest.raises(Refused) as refused:
        services.import_criteria(instrument=ORDER_21, file=_numbers(), name="a.xlsx", by=keeper, now=now, reason="试")
    assert refused.value.key == "standards.sheet_no_header"


def _numbers():
    import xlsxwriter

    into = BytesIO()
    with xlsxwriter.Workbook(into, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for row in range(3):
            page.write(row, 0, row)
    return into.getvalue()


# --- screens ------------------------------------------------------------------------------------------------------


def test_every_page_of_the_room_opens(client, signed_in, keeper, officer):
    row = selectors.newest(ORDER_21)
    limit = selectors.newest("aw:limit:relapse")
    for user, edits in ((keeper, True), (officer, False)):
        signed_in(client, user)
        for name, args in (
            ("list", []),
            ("libraries", []),
            ("row", [row.pk]),
            ("row", [limit.pk]),
            ("export", []),
            ("items", [row.pk]),
        ):
            answer = client.get(reverse(f"standards:{name}", args=args))
            assert answer.status_code == 200, name
        for name, args in (("add", []), ("revise", [limit.pk]), ("withdraw", [limit.pk]), ("import", [row.pk])):
            answer = client.get(reverse(f"standards:{name}", args=args))
            assert answer.status_code == (200 if edits else 403), name


def test_strangers_are_sent_to_sign_in_and_the_auditor_reads_none(client, signed_in, make_user, places, loaded):
    row = selectors.newest(ORDER_21)
    assert client.get(reverse("standards:row", args=[row.pk])).status_code == 302
    signed_in(client, make_user("auditor", places.county))
    assert client.get(reverse("standards:row", args=[row.pk])).status_code == 404
    assert client.get(reverse("standards:list")).status_code == 403


@pytest.mark.parametrize(
    "query", ["", "?q=瓦斯", "?type=criterion&domain=coal&today=1", "?gaps=1", "?local=1", "?col=urn"]
)
def test_the_list_is_searched(client, signed_in, officer, query, django_assert_max_num_queries):
    signed_in(client, officer)
    with django_assert_max_num_queries(20):
        answer = client.get(reverse("standards:list") + query)
    assert answer.status_code == 200
    if "瓦斯" in query:
        assert "瓦斯" in answer.content.decode()


def test_a_revision_through_the_form(client, signed_in, keeper):
    signed_in(client, keeper)
    row = selectors.newest("aw:limit:relapse")
    address = reverse("standards:revise", args=[row.pk])
    form = client.get(address).context["form"]
    data = {name: form.initial.get(name) or "" for name in form.fields} | {
        "data_value": 60, "reason": "统一口径", "effective_from": "", "domains": ["*"], "idempotency_key": new_id(),
    }  # fmt: skip
    data.pop("effective_to")
    answer = client.post(address, data)
    assert answer.status_code == 302, answer.context["form"].errors
    made = selectors.newest("aw:limit:relapse")
    assert (made.version, made.data) == (2, {"value": 60, "unit": "days"})
    assert client.post(address, data).status_code == 302
    assert Standard.objects.filter(urn="aw:limit:relapse").count() == 2
    page = client.get(reverse("standards:row", args=[made.pk])).content.decode()
    assert "统一口径" in page


def test_nothing_changed_keeps_the_form(client, signed_in, keeper):
    signed_in(client, keeper)
    row = selectors.newest("aw:limit:relapse")
    address = reverse("standards:revise", args=[row.pk])
    form = client.get(address).context["form"]
    data = {name: form.initial.get(name) or "" for name in form.fields} | {"reason": "试", "domains": ["*"]}
    answer = client.post(address, data)
    assert answer.status_code == 200
    assert answer.context["form"].errors


def test_a_row_is_added_through_the_form(client, signed_in, keeper):
    signed_in(client, keeper)
    instrument = selectors.newest(ORDER_21)
    address = reverse("standards:add") + f"?instrument={instrument.pk}"
    answer = client.post(
        address,
        {
            "article": "4", "item": "3", "title_zh": "第三项", "domains": ["coal"], "severity": "major", "match": "甲乙+丙丁\n\n",
            "confidence": "high", "complete": "on", "effective_from": "2026-07-01", "idempotency_key": new_id(),
        },
    )  # fmt: skip
    assert answer.status_code == 302, answer.context["form"].errors
    made = Standard.objects.get(urn=f"{ORDER_21}:4.3")
    assert (made.match, made.domains) == (["甲乙+丙丁"], ["coal"])


def test_importing_through_the_screen(client, signed_in, keeper):
    signed_in(client, keeper)
    row = selectors.newest(ORDER_21)
    address = reverse("standards:import", args=[row.pk])
    file = sheet([["第四条", "（一）", "甲", "", ""], ["第四条", "（二）", "", "", ""]])

    def send(**more):
        return client.post(address, {"file": SimpleUploadedFile("21.xlsx", file), "reason": "录入", **more})

    answer = send(dry_run="on")
    assert answer.status_code == 200
    assert not Standard.objects.filter(edition="local").exists()
    answer = send()
    assert answer.context["done"].rejected
    assert Standard.objects.filter(edition="local").count() == 1


# --- API ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def api(client, signed_in, officer):
    return signed_in(client, officer)


def test_reading_through_the_api(api):
    rows = api.get("/api/standards", {"text": "瓦斯", "domain": "coal", "size": 3}).json()
    assert len(rows["items"]) == 3
    assert rows["next"]
    more = api.get("/api/standards", {"text": "瓦斯", "domain": "coal", "size": 3, "after": rows["next"]}).json()
    assert not {each["id"] for each in rows["items"]} & {each["id"] for each in more["items"]}
    one = api.get(f"/api/standards/{rows['items'][0]['id']}").json()
    assert one == rows["items"][0]
    urn = "cn:mem:order:4:2020:5.2"
    assert api.get("/api/standards/in-force", {"urn": urn, "on": "2026-06-30"}).json()["urn"] == urn
    late = api.get("/api/standards/in-force", {"urn": urn, "on": "2026-07-01"})
    assert (late.status_code, late.json()["key"]) == (422, "standards.not_in_force")
    assert len(api.get("/api/standards/versions", {"urn": urn}).json()) == 1
    assert api.get("/api/standards/01ARZ3NDEKTSV4RRFFQ69G5FAV").status_code == 404


def test_asking_through_the_api(api):
    asked = {"domain": "coal", "text": "掘进工作面瓦斯超限", "on": "2026-11-20"}
    found = api.post("/api/standards/propose", asked, content_type="application/json").json()
    assert found[0]["row_urn"] == f"{ORDER_21}:5"
    assert found[0]["why"]
    assert api.get("/api/standards/deadline", {"domain": "gas", "level": "A"}).json()["unit"] == "hours"
    assert api.get("/api/standards/ladder").json()[0]["days"] == -3
    assert any(gap["urn"] == ORDER_21 for gap in api.get("/api/standards/gaps", {"domain": "coal"}).json())


def test_writing_through_the_api(client, signed_in, keeper, officer):
    signed_in(client, keeper)
    content = {
        "title_zh": "甲",
        "instrument": ORDER_21,
        "article": "9",
        "item": "1",
        "severity": "major",
        "domains": ["coal"],
    }
    made = client.post("/api/standards", {"content": content}, content_type="application/json")
    assert made.status_code == 200, made.json()
    changes = {"urn": made.json()["urn"], "changes": {"title_zh": "乙"}, "reason": "更正"}
    revised = client.post("/api/standards/revise", changes, content_type="application/json").json()
    assert (revised["version"], revised["title_zh"]) == (2, "乙")
    back = client.post(f"/api/standards/{revised['id']}/withdraw", {"reason": "试"}, content_type="application/json")
    assert back.json()["withdrawn_at"]
    signed_in(client, officer)
    refused = client.post("/api/standards", {"content": content}, content_type="application/json")
    assert (refused.status_code, refused.json()["key"]) == (403, "accounts.not_permitted")


# --- rules of versions ---------------------------------------------------------------------------------------------


class Row:
    def __init__(self, version, *, edition="library", first=None, last=None, urn="a"):
        self.urn, self.version, self.edition, self.effective_from, self.effective_to = (
            urn,
            version,
            edition,
            first,
            last,
        )


def test_which_version_holds():
    day = date(2026, 6, 1)
    one, two = Row(1), Row(2, first=date(2026, 6, 1))
    assert rules.holds([one, two], day) is two
    assert rules.holds([one, two], date(2026, 5, 31)) is one
    ended = Row(2, first=date(2026, 1, 1), last=date(2026, 5, 31))
    assert rules.holds([one, ended], day) is None
    local = Row(2, edition="local")
    assert rules.holds([local, Row(3)], day) is local
    assert rules.holds([Row(1, first=date(2027, 1, 1))], day) is None
    assert rules.all_in_force([one, two, Row(1, urn="b")], day)[0] is two


@pytest.mark.parametrize(
    ("pattern", "text", "hits"),
    [
        ("瓦斯+超限|超标", "瓦 斯 浓度超标", ("瓦斯", "超标")),
        ("瓦斯+超限+!演练", "瓦斯超限演练", ()),
        ("瓦斯", "通风", ()),
        ("ＣＯ|一氧化碳", "co超限", ("co",)),
    ],
)
def test_patterns(pattern, text, hits):
    assert rules.Pattern.parse(pattern).hits(rules.fold(text)) == hits


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("第五条", "5"),
        ("（一）", "1"),
        ("十五、", "15"),
        ("第三十条", "30"),
        ("一百二十", "120"),
        ("二〇", "20"),
        ("5.1.2.", "5.1.2"),
        ("附", ""),
    ],
)
def test_numbers_of_articles(said, number):
    assert rules.item_number(said) == number


@pytest.mark.parametrize("pattern", ["", "+", "!瓦斯", "|"])
def test_empty_patterns_are_refused(pattern):
    with pytest.raises(ValueError, match="at least one word"):
        rules.Pattern.parse(pattern)

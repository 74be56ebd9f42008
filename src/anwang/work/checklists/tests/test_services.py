"""Drafting, publishing, filling, Excel; on screen and through the API."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from anwang.ground.audit.models import AuditRow
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.registers.standards import services as standards_services
from anwang.work.checklists import rules, selectors, services
from anwang.work.checklists.models import Checklist, ChecklistVersion, Filled
from anwang.work.checklists.rules import FilledState, State


@pytest.fixture
def loaded(db, now):
    standards_services.load_libraries(now=now)
    return services.load_libraries(now=now)


@pytest.fixture
def keeper(make_user, places, loaded):
    return make_user("system_admin", places.county)


@pytest.fixture
def officer(make_user, places, loaded):
    return make_user("town_officer", places.town)


@pytest.fixture
def draft(keeper, now):
    present = selectors.published("nine-small")
    return services.start_draft(checklist_id=present.checklist_id, by=keeper, now=now)


def refusal(verb):
    with pytest.raises(Refused) as refused:
        verb()
    assert str(refused.value)
    assert "%(" not in str(refused.value)
    return refused.value.key


def item(**more):
    return rules.Item(**{"code": "", "text_zh": "新增一项", "fail_zh": "新增隐患"} | more)


# --- drafting and publishing --------------------------------------------------------------------------------------


class TestDrafts:
    def test_a_draft_copies_what_is_published_and_there_is_one(self, draft, keeper, now):
        again = services.start_draft(checklist_id=draft.checklist_id, by=keeper, now=now)
        assert again == draft
        assert (draft.number, draft.state, draft.local) == (2, State.DRAFT, True)
        assert selectors.definition(draft).digest() == selectors.definition(selectors.published("nine-small")).digest()

    def test_items_come_go_and_move(self, draft, keeper, now):
        who = {"version_id": draft.pk, "by": keeper, "now": now}
        services.put_item(section="D", item=item(), **who)
        services.put_item(section="D", item=item(code="D2", text_zh="消火栓有水"), instead_of="D2", **who)
        services.move_item(code="D4", up=True, **who)
        services.remove_item(code="D1", **who)
        section = next(each for each in selectors.definition(draft).sections if each.code == "D")
        assert [each.code for each in section.items] == ["D2", "D4", "D3"]
        assert section.items[0].text_zh == "消火栓有水"
        services.move_item(code="D2", up=True, **who)  # at the edge: nothing

    def test_what_does_not_fit_a_draft(self, draft, keeper, now):
        who = {"version_id": draft.pk, "by": keeper, "now": now}
        assert refusal(lambda: services.put_item(section="X", item=item(), **who)) == "checklists.section_unknown"
        assert (
            refusal(lambda: services.put_item(section="D", item=item(text_zh=""), **who)) == "checklists.text_missing"
        )
        assert refusal(lambda: services.put_item(section="D", item=item(code="E1"), **who)) == "checklists.code_twice"
        assert (
            refusal(lambda: services.put_item(section="A", item=item(when={"B2": ("yes",)}), **who))
            == "checklists.condition_later"
        )
        assert (
            refusal(lambda: services.put_item(section="D", item=item(criterion="cn:moon"), **who))
            == "checklists.criterion_unknown"
        )
        assert refusal(lambda: services.remove_item(code="B2", **who)) == "checklists.condition_used"
        assert refusal(lambda: services.remove_item(code="Z1", **who)) == "checklists.item_unknown"
        assert refusal(lambda: services.move_item(code="B3", up=True, **who)) == "checklists.condition_later"
        assert refusal(lambda: services.move_item(code="Z3", up=True, **who)) == "checklists.item_unknown"
        assert (
            refusal(lambda: services.put_item(section="B", item=item(code="B9"), instead_of="B2", **who))
            == "checklists.condition_used"
        )
        assert (
            refusal(lambda: services.put_item(section="B", item=item(), instead_of="Z2", **who))
            == "checklists.item_unknown"
        )

    def test_sections(self, draft, keeper, now):
        who = {"version_id": draft.pk, "by": keeper, "now": now}
        services.put_section(section=rules.Section("F", "其他"), **who)
        services.put_section(section=rules.Section("F", "其他事项", department="fire"), instead_of="F", **who)
        assert selectors.definition(draft).sections[-1].title_zh == "其他事项"
        services.put_item(section="F", item=item(), **who)
        assert selectors.definition(draft).items()[-1].code == "F1"
        assert refusal(lambda: services.remove_section(code="F", **who)) == "checklists.section_full"
        services.remove_item(code="F1", **who)
        services.remove_section(code="F", **who)
        assert refusal(lambda: services.remove_section(code="F", **who)) == "checklists.section_unknown"
        again = rules.Section("A", "又一节")
        assert refusal(lambda: services.put_section(section=again, **who)) == "checklists.section_twice"
        odd = rules.Section("a/b", "又一节")
        assert refusal(lambda: services.put_section(section=odd, **who)) == "checklists.code_wrong"

    def test_publishing_replaces_and_needs_a_reason(self, draft, keeper, now):
        first = selectors.published("nine-small")
        publish = {"version_id": draft.pk, "by": keeper, "now": now}
        assert refusal(lambda: services.publish(reason="", **publish)) == "checklists.reason_missing"
        assert refusal(lambda: services.publish(reason="试", **publish)) == "checklists.nothing_changed"
        services.put_item(section="D", item=item(), **publish)
        done = services.publish(reason="增加一项", **publish)
        first.refresh_from_db()
        assert (first.state, done.state) == (State.REPLACED, State.PUBLISHED)
        assert selectors.published("nine-small") == done
        assert selectors.differences(selectors.definition(first), selectors.definition(done)) == {
            "added": ["D4"], "removed": [], "changed": [],
        }  # fmt: skip
        row = AuditRow.objects.get(event="checklists.published")
        assert (row.data["number"], row.data["before"], row.data["reason"]) == (2, 1, "增加一项")
        # written: nobody changes it any more
        for verb in (
            lambda: services.put_item(section="D", item=item(), **publish),
            lambda: services.set_head(changes={"title_zh": "改"}, **publish),
            lambda: services.discard(**publish),
        ):
            assert refusal(verb) == "checklists.not_draft"
        assert refusal(lambda: services.publish(reason="再来", **publish)) == "checklists.move_not_offered"
        with pytest.raises(TypeError):
            done.save()

    def test_an_unsound_draft_is_not_published(self, keeper, now):
        present = selectors.published("community-score")
        draft = services.start_draft(checklist_id=present.checklist_id, by=keeper, now=now)
        services.remove_item(version_id=draft.pk, code="G3", by=keeper, now=now)
        verb = lambda: services.publish(version_id=draft.pk, reason="少一项", by=keeper, now=now)
        assert refusal(verb) == "checklists.points_sum"
        scoring = draft.scoring | {"total": 97}
        services.set_head(version_id=draft.pk, changes={"scoring": scoring}, by=keeper, now=now)
        assert services.publish(version_id=draft.pk, reason="少一项", by=keeper, now=now).state == State.PUBLISHED

    def test_a_discarded_draft_makes_room(self, draft, keeper, now):
        services.discard(version_id=draft.pk, by=keeper, now=now)
        assert services.start_draft(checklist_id=draft.checklist_id, by=keeper, now=now).number == 3

    def test_a_checklist_from_nothing(self, keeper, now):
        key = new_id()
        make = {"key": "school-bus", "title_zh": "校车", "domain": "school", "by": keeper, "now": now}
        made = services.make(id=key, **make)
        assert services.make(id=key, **make) == made
        assert refusal(lambda: services.make(**make)) == "checklists.key_taken"
        assert refusal(lambda: services.make(**make | {"key": "校车"})) == "checklists.key_missing"
        assert refusal(lambda: services.make(**make | {"key": "x", "domain": "moon"})) == "checklists.domain_unknown"
        assert refusal(lambda: services.make(**make | {"key": "x", "title_zh": " "})) == "checklists.title_missing"
        publish = {"version_id": made.pk, "by": keeper, "now": now}
        assert refusal(lambda: services.publish(reason="", **publish)) == "checklists.empty"
        services.put_section(section=rules.Section("A", "车辆"), **publish)
        services.put_item(section="A", item=item(), **publish)
        services.publish(reason="", **publish)
        assert selectors.published("school-bus").published_by == keeper

    def test_head(self, draft, keeper, now):
        who = {"version_id": draft.pk, "by": keeper, "now": now}
        services.set_head(changes={"title_zh": " 九小 ", "site_kinds": ["clinic"]}, **who)
        draft.refresh_from_db()
        assert (draft.title_zh, draft.site_kinds) == ("九小", ["clinic"])
        assert refusal(lambda: services.set_head(changes={"title_zh": " "}, **who)) == "checklists.title_missing"
        for changes in ({"domain": "moon"}, {"also_domains": ["moon"]}):
            assert (
                refusal(lambda changes=changes: services.set_head(changes=changes, **who))
                == "checklists.domain_unknown"
            )
        with pytest.raises(TypeError):
            services.set_head(changes={"state": "published"}, **who)

    def test_retiring(self, keeper, officer, now):
        present = selectors.published("forest-fire")
        who = {"checklist_id": present.checklist_id, "by": keeper, "now": now}
        assert refusal(lambda: services.retire(reason=" ", **who)) == "checklists.reason_missing"
        services.retire(reason="不再使用", **who)
        assert refusal(lambda: services.retire(reason="再来", **who)) == "checklists.retired"
        assert refusal(lambda: services.start_draft(**who)) == "checklists.retired"
        opening = {"key": "forest-fire", "origin_kind": "inspection", "origin_id": "1", "by": officer, "now": now}
        assert refusal(lambda: services.open_filled(**opening)) == "checklists.not_published"
        services.reinstate(**who)
        assert services.open_filled(**opening).version == present

    def test_only_keepers_write(self, officer, keeper, draft, now):
        who = {"version_id": draft.pk, "by": officer, "now": now}
        for verb in (
            lambda: services.make(key="a", title_zh="甲", domain="fire", by=officer, now=now),
            lambda: services.start_draft(checklist_id=draft.checklist_id, by=officer, now=now),
            lambda: services.put_item(section="D", item=item(), **who),
            lambda: services.publish(reason="试", **who),
            lambda: services.discard(**who),
            lambda: services.retire(checklist_id=draft.checklist_id, reason="试", by=officer, now=now),
        ):
            assert refusal(verb) == "accounts.not_permitted"
        with pytest.raises(ChecklistVersion.DoesNotExist):
            selectors.version(officer, draft.pk)


# --- filling ------------------------------------------------------------------------------------------------------


ELDERLY = "elderly-joint"


def every(key, value="pass"):
    return {each.code: value for each in selectors.definition(selectors.published(key)).items()}


class TestFilling:
    def opened(self, officer, now, key=ELDERLY, **more):
        return services.open_filled(key=key, origin_kind="inspection", origin_id="01X", by=officer, now=now, **more)

    def test_a_draft_is_kept_finished_and_stands(self, officer, now):
        filled = self.opened(officer, now)
        services.save_draft(filled_id=filled.pk, answers={"A1": "pass", "B5": "fail"}, by=officer, now=now)
        services.save_draft(filled_id=filled.pk, answers={"A2": "pass"}, by=officer, now=now)
        filled.refresh_from_db()
        assert filled.answers == {"A1": {"value": "pass"}, "B5": {"value": "fail"}, "A2": {"value": "pass"}}
        assert filled.revision == 2
        verb = lambda: services.finish(filled_id=filled.pk, by=officer, now=now)
        assert refusal(verb) == "checklists.not_answered"
        rest = every(ELDERLY) | {"B5": {"value": "fail", "description": "二层走廊用泡沫彩钢板隔断"}}
        assert refusal(lambda: services.finish(filled_id=filled.pk, answers=rest, by=officer, now=now)) == (
            "checklists.photo_missing"
        )
        rest["B5"]["photos"] = ["01FILE"]
        done = services.finish(filled_id=filled.pk, answers=rest, by=officer, now=now)
        assert (done.state, done.done_by, done.result["failed"]) == (FilledState.DONE, officer, 1)
        (finding,) = selectors.findings(done)
        assert (finding.criterion, finding.grade, finding.department) == (
            "cn:mca:elderly-major:2023:4.3",
            "major",
            "fire",
        )
        assert selectors.findings(done, sections=["A"]) == []
        assert selectors.result(done).passed == done.result["passed"]
        assert refusal(lambda: services.save_draft(filled_id=filled.pk, answers={}, by=officer, now=now)) == (
            "checklists.already_done"
        )
        assert AuditRow.objects.filter(event="checklists.filled", on_id=filled.pk).count() == 1

    def test_it_keeps_its_version_when_a_newer_one_comes(self, officer, keeper, now):
        filled = self.opened(officer, now, key="nine-small")
        draft = services.start_draft(checklist_id=filled.version.checklist_id, by=keeper, now=now)
        services.remove_item(version_id=draft.pk, code="E7", by=keeper, now=now)
        services.publish(version_id=draft.pk, reason="少一项", by=keeper, now=now)
        filled.refresh_from_db()
        assert filled.version.number == 1
        services.save_draft(filled_id=filled.pk, answers={"E7": "fail"}, by=officer, now=now)
        assert selectors.findings(Filled.objects.get(pk=filled.pk))[0].code == "E7"
        assert selectors.filled_for("inspection", "01X") == [filled]

    def test_what_was_hidden_in_the_end_is_left_out(self, officer, now):
        answers = every("catering-gas") | {"A0": "electric", "A3": 50, "A4": "fail"}
        done = services.fill(
            key="catering-gas",
            origin_kind="inspection",
            origin_id="1",
            answers=answers,
            by=officer,
            now=now,
            photos=False,
        )
        assert "A4" not in done.answers
        assert done.result["failed"] == 0

    def test_sent_twice_it_is_one(self, officer, now):
        key = new_id()
        send = {
            "key": "community-score", "origin_kind": "rating", "origin_id": "1", "by": officer, "now": now, "id": key,
            "answers": {item.code: item.max for item in selectors.definition(selectors.published("community-score")).items()},
        }  # fmt: skip
        first = services.fill(**send)
        assert services.fill(**send) == first
        assert (first.result["score"], first.result["band"]) == (100.0, "green")

    def test_two_people_answer_their_sections(self, officer, make_user, places, now):
        other = make_user("town_officer", places.town)
        filled = self.opened(officer, now)
        services.save_draft(filled_id=filled.pk, answers={"A1": "pass"}, sections=["A"], by=officer, now=now)
        services.save_draft(filled_id=filled.pk, answers={"B1": "fail"}, sections=["B"], by=other, now=now)
        verb = lambda: services.save_draft(
            filled_id=filled.pk, answers={"A1": "fail"}, sections=["B"], by=other, now=now
        )
        assert refusal(verb) == "checklists.item_unknown"
        filled.refresh_from_db()
        assert set(filled.answers) == {"A1", "B1"}

    def test_nobody_overwrites_what_they_have_not_seen(self, officer, make_user, places, now):
        other = make_user("town_officer", places.town)
        filled = self.opened(officer, now)
        services.save_draft(filled_id=filled.pk, answers={"A1": "pass"}, base={}, by=officer, now=now)
        verb = lambda: services.save_draft(
            filled_id=filled.pk, answers={"A1": "fail", "A2": "pass"}, base={}, by=other, now=now
        )
        assert refusal(verb) == "checklists.newer_answers"
        filled.refresh_from_db()
        assert filled.answers == {"A1": {"value": "pass"}}
        # the same answer, or one's own, is no quarrel
        services.save_draft(filled_id=filled.pk, answers={"A1": "pass"}, base={}, by=other, now=now)
        services.save_draft(filled_id=filled.pk, answers={"A1": "fail"}, base={"A1": "pass"}, by=officer, now=now)

    def test_what_cannot_be_answered(self, officer, now):
        filled = self.opened(officer, now)
        save = lambda answers: lambda: services.save_draft(filled_id=filled.pk, answers=answers, by=officer, now=now)
        assert refusal(save({"A1": "yes"})) == "checklists.answers_unfit"
        assert refusal(save({"Z1": "pass"})) == "checklists.item_unknown"
        assert refusal(save(["pass"])) == "checklists.answers_shape"
        assert refusal(lambda: self.opened(officer, now, key="moon")) == "checklists.unknown"

    def test_who_checks_nothing_fills_nothing(self, keeper, now):
        assert refusal(lambda: self.opened(keeper, now)) == "accounts.not_permitted"


# --- Excel --------------------------------------------------------------------------------------------------------


def sheet(rows):
    import xlsxwriter

    into = BytesIO()
    with xlsxwriter.Workbook(into, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                page.write(number, column, cell)
    return into.getvalue()


class TestSheets:
    def take(self, keeper, now, file, key="nine-small"):
        present = selectors.published(key)
        return services.import_version(checklist_id=present.checklist_id, file=file, name="a.xlsx", by=keeper, now=now)

    @pytest.mark.parametrize("key", ["nine-small", "catering-gas", "community-score", "elderly-joint", "coal-routine"])
    def test_what_was_exported_comes_back_the_same(self, keeper, now, key):
        present = selectors.published(key)
        into = BytesIO()
        count = services.export_version(present, to=into)
        done = self.take(keeper, now, into.getvalue(), key)
        assert (done.items, done.rejected) == (count, [])
        before, after = selectors.definition(present), selectors.definition(done.version)
        assert selectors.differences(before, after)["added"] == []
        for old, new in zip(before.items(), after.items(), strict=True):
            # English words of options are not in the sheet
            assert new == rules.Item(
                **{name: getattr(old, name) for name in rules.Item.__slots__}
                | {"options": tuple(rules.Option(each.value, each.zh, "") for each in old.options)}
            )

    def test_an_office_s_own_list(self, keeper, now):
        file = sheet(
            [
                ["某县校园安全检查表", "", ""],
                ["序号", "检查项目", "检查内容", "依据"],
                [1, "门卫", "门卫在岗，有登记", "《消防法》第十六条"],
                [2, "", "", ""],
                [3, "消防", "灭火器在有效期", ""],
                [4, "消防", "安全出口不上锁", ""],
                ["填表人：", "", "", ""],
            ]
        )
        done = self.take(keeper, now, file, "school-safety")
        said = selectors.definition(done.version)
        assert [(each.code, each.title_zh, len(each.items)) for each in said.sections] == [
            ("A", "门卫", 1),
            ("B", "消防", 2),
        ]
        assert [item.code for item in said.items()] == ["A1", "B1", "B2"]
        assert said.items()[0].fail_zh == "不符合：门卫在岗，有登记"
        assert said.items()[0].basis == ()
        assert [number for number, _why in done.rejected] == [4]

    def test_a_bad_row_is_named_and_the_others_go_in(self, keeper, now):
        file = sheet(
            [
                ["编号", "检查内容", "作答方式", "分值", "判定条目", "显示条件"],
                ["A1", "甲", "", "", "", ""],
                ["A2", "乙", "唱歌", "", "", ""],
                ["A3", "丙", "打分", "很多", "", ""],
                ["A4", "丁", "", "", "cn:moon", ""],
                ["A5", "戊", "", "", "", "A1=pass|fail"],
                ["A6", "己", "", "", "", "A9=pass"],
            ]
        )
        done = self.take(keeper, now, file)
        assert done.items == 2
        assert [number for number, _why in done.rejected] == [3, 4, 5, 7]
        assert selectors.definition(done.version).item("A5").when == {"A1": ("pass", "fail")}

    @pytest.mark.parametrize(
        ("rows", "key"),
        [([[1, 2], [3, 4]], "checklists.sheet_no_header"), ([["序号", "检查内容"], [1, ""]], "checklists.empty")],
    )
    def test_a_sheet_that_is_none(self, keeper, now, rows, key):
        assert refusal(lambda: self.take(keeper, now, sheet(rows))) == key


# --- screens ------------------------------------------------------------------------------------------------------


class TestScreens:
    def test_every_page_opens(self, client, signed_in, keeper, officer, draft):
        published = selectors.published("catering-gas")
        scored = selectors.published("community-score")
        for user, edits in ((keeper, True), (officer, False)):
            signed_in(client, user)
            for name, args in (
                ("list", []), ("version", [published.pk]), ("version", [scored.pk]), ("try", [published.pk]),
                ("export", [published.pk]),
            ):  # fmt: skip
                assert client.get(reverse(f"checklists:{name}", args=args)).status_code == 200, name
            for name, args in (
                ("new", []), ("version", [draft.pk]), ("head", [draft.pk]), ("section_new", [draft.pk]), ("section", [draft.pk, "A"]),
                ("item_new", [draft.pk]), ("item", [draft.pk, "A1"]), ("import", [draft.pk]), ("publish", [draft.pk]),
                ("retire", [published.pk]),
            ):  # fmt: skip
                answer = client.get(reverse(f"checklists:{name}", args=args))
                allowed = {200} if edits else {403, 404}
                assert answer.status_code in allowed, name

    def test_published_ones_are_not_edited(self, client, signed_in, keeper):
        signed_in(client, keeper)
        published = selectors.published("catering-gas")
        for name, args in (("head", []), ("item", ["A1"]), ("section", ["A"]), ("import", [])):
            assert client.get(reverse(f"checklists:{name}", args=[published.pk, *args])).status_code == 409

    def test_the_road_of_a_new_version(self, client, signed_in, keeper):
        signed_in(client, keeper)
        present = selectors.published("nine-small")
        answer = client.post(reverse("checklists:draft", args=[present.pk]))
        draft = ChecklistVersion.objects.get(state=State.DRAFT)
        assert answer.url == reverse("checklists:version", args=[draft.pk])
        add = reverse("checklists:item_new", args=[draft.pk]) + "?section=D"
        form = {
            "text_zh": "有逃生绳",
            "fail_zh": "无逃生绳",
            "answer": "check",
            "grade": "general",
            "photo": "on",
            "required": "on",
        }
        assert client.post(add, form).status_code == 302
        assert client.post(add, form | {"fail_zh": ""}).context["form"].errors
        assert client.post(add, form | {"when": "B2"}).context["form"].errors["when"]
        change = reverse("checklists:item", args=[draft.pk, "D4"])
        assert (
            client.post(change, form | {"code": "D4", "text_zh": "有逃生绳、手电", "when": "B2=yes"}).status_code == 302
        )
        assert selectors.definition(draft).item("D4").when == {"B2": ("yes",)}
        assert client.post(reverse("checklists:item_move", args=[draft.pk, "D4"]), {"up": "1"}).status_code == 302
        assert client.post(reverse("checklists:item_remove", args=[draft.pk, "E7"])).status_code == 302
        assert client.post(reverse("checklists:item_remove", args=[draft.pk, "B2"])).status_code == 409
        section = {"code": "F", "title_zh": "其他", "title_en": "", "department": "fire"}
        assert client.post(reverse("checklists:section_new", args=[draft.pk]), section).status_code == 302
        assert (
            client.post(reverse("checklists:section", args=[draft.pk, "F"]), section | {"title_zh": "其它"}).status_code
            == 302
        )
        assert client.post(reverse("checklists:section_remove", args=[draft.pk, "F"])).status_code == 302
        page = client.get(reverse("checklists:publish", args=[draft.pk])).content.decode()
        assert "D4" in page
        assert "E7" in page
        assert client.post(reverse("checklists:publish", args=[draft.pk]), {"reason": ""}).context["form"].errors
        assert client.post(reverse("checklists:publish", args=[draft.pk]), {"reason": "调整"}).status_code == 302
        assert selectors.published("nine-small") == draft
        assert "调整" in client.get(reverse("checklists:version", args=[draft.pk])).content.decode()

    def test_head_and_scoring(self, client, signed_in, keeper, now):
        signed_in(client, keeper)
        present = selectors.published("community-score")
        draft = services.start_draft(checklist_id=present.checklist_id, by=keeper, now=now)
        address = reverse("checklists:head", args=[draft.pk])
        form = client.get(address).context["form"]
        data = {name: value for name in form.fields if (value := form.initial.get(name))}
        data |= {"title_zh": "小区评分", "complete": "on", "bands": "85 green 绿\n60 yellow 黄\n0 red 红"}
        answer = client.post(address, data)
        assert answer.status_code == 302, answer.context["form"].errors
        draft.refresh_from_db()
        assert (draft.title_zh, draft.scoring["bands"][0]["min"]) == ("小区评分", 85)
        assert draft.scoring["bands"][0]["en"] == "Green"
        assert client.post(address, data | {"bands": "绿 85"}).context["form"].errors["bands"]
        assert client.post(address, data | {"total": ""}).status_code == 302
        draft.refresh_from_db()
        assert draft.scoring is None

    def test_making_importing_discarding_retiring(self, client, signed_in, keeper):
        signed_in(client, keeper)
        new = {"key": "bus", "title_zh": "校车", "domain": "school", "idempotency_key": new_id()}
        assert client.post(reverse("checklists:new"), new).status_code == 302
        assert client.post(reverse("checklists:new"), new).status_code == 302
        assert Checklist.objects.filter(key="bus").count() == 1
        draft = ChecklistVersion.objects.get(checklist__key="bus")
        file = sheet([["序号", "检查内容", "作答方式"], [1, "车况良好", ""], [2, "驾驶人有资格", "唱歌"]])
        address = reverse("checklists:import", args=[draft.pk])
        answer = client.post(address, {"file": SimpleUploadedFile("a.xlsx", file)})
        assert answer.status_code == 200
        assert answer.context["done"].rejected
        assert client.post(address, {"file": SimpleUploadedFile("a.xlsx", b"no")}).context["form"].errors
        assert client.post(reverse("checklists:discard", args=[draft.pk])).status_code == 302
        present = selectors.published("forest-fire")
        assert client.post(reverse("checklists:retire", args=[present.pk]), {"reason": "停用"}).status_code == 302
        assert "forest-fire" not in client.get(reverse("checklists:list")).content.decode()
        assert client.get(reverse("checklists:list") + "?retired=1").context["ledger"].count == 1
        assert client.post(reverse("checklists:reinstate", args=[present.pk])).status_code == 302

    def test_trying_out_asks_what_follows_and_keeps_nothing(self, client, signed_in, officer):
        signed_in(client, officer)
        version = selectors.published("catering-gas")
        address = reverse("checklists:try", args=[version.pk])
        assert 'name="item-A2"' not in client.get(address).content.decode()
        part = client.post(address, {"item-A0": "lpg"}, headers={"HX-Request": "true"}).content.decode()
        assert 'name="item-A2"' in part
        assert "<html" not in part
        said = client.post(
            address, {"item-A0": "lpg", "item-A4": "fail", "item-A3": "abc", "item-D3": "fail", "show": "1"}
        )
        assert [finding.code for finding, _word, _rows in said.context["findings"]] == ["A4", "D3"]
        assert said.context["findings"][1][2][0].row_urn == "cn:gb:35181:2025:6"
        assert not Filled.objects.exists()

    @pytest.mark.parametrize("query", ["", "?q=九小", "?domain=gas&domain=coal", "?gaps=1", "?col=key"])
    def test_the_list(self, client, signed_in, officer, query, django_assert_max_num_queries):
        signed_in(client, officer)
        with django_assert_max_num_queries(20):
            answer = client.get(reverse("checklists:list") + query)
        assert answer.status_code == 200
        if query == "?q=九小":
            assert answer.context["ledger"].count == 1


# --- API ----------------------------------------------------------------------------------------------------------


class TestApi:
    def post(self, client, address, body=None):
        return client.post(f"/api/checklists{address}", body or {}, content_type="application/json")

    def test_reading_and_evaluating(self, client, signed_in, officer):
        signed_in(client, officer)
        rows = client.get("/api/checklists", {"size": 5}).json()
        assert len(rows["items"]) == 5
        assert client.get("/api/checklists", {"size": 5, "after": rows["next"]}).json()["items"]
        fitting = client.get("/api/checklists/fitting", {"site_kind": "restaurant"}).json()
        assert "catering-gas" in [row["key"] for row in fitting]
        version = selectors.published("catering-gas")
        whole = client.get(f"/api/checklists/{version.pk}").json()
        assert whole["sections"][0]["items"][0]["options"][0]["value"] == "lpg"
        said = self.post(client, f"/{version.pk}/evaluate", {"answers": {"A0": "lpg", "A4": "fail", "Z1": 1}}).json()
        assert "A2" in said["open"]
        assert said["findings"][0]["code"] == "A4"
        assert said["problems"] == [{"code": "Z1", "key": "checklists.item_unknown"}]
        assert client.get("/api/checklists/01ARZ3NDEKTSV4RRFFQ69G5FAV").status_code == 404
        assert self.post(client, f"/{version.pk}/draft").status_code == 403

    def test_the_same_verbs_as_on_screen(self, client, signed_in, keeper):
        signed_in(client, keeper)
        made = self.post(client, "", {"key": "bus", "title_zh": "校车", "domain": "school"}).json()
        draft = made["version"]["id"]
        assert self.post(client, f"/{draft}/sections", {"code": "A", "title_zh": "车"}).status_code == 200
        body = {"section": "A", "item": {"text_zh": "车况", "fail_zh": "车况不良"}}
        assert self.post(client, f"/{draft}/items", body).json()["sections"][0]["items"][0]["code"] == "A1"
        body["item"] |= {"code": "A2", "answer": "choice"}
        refused = self.post(client, f"/{draft}/items", body)
        assert (refused.status_code, refused.json()["key"]) == (422, "checklists.options_wrong")
        published = self.post(client, f"/{draft}/publish", {"reason": "启用"}).json()
        assert published["version"]["state"] == "published"
        again = self.post(client, f"/{draft}/draft").json()["version"]["id"]
        assert self.post(client, f"/{again}/items/A1/remove").json()["sections"][0]["items"] == []
        assert self.post(client, f"/{again}/sections/A/remove").json()["sections"] == []
        assert self.post(client, f"/{again}/discard").json()["version"]["state"] == "discarded"
        assert self.post(client, f"/{draft}/retire", {"reason": "停用"}).status_code == 200
        assert self.post(client, f"/{draft}/reinstate").status_code == 200

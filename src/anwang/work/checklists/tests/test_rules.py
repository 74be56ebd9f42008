"""Skip logic, fitting answers, scores and findings: pure rules, drawn out by examples and by chance."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.work.checklists import rules
from anwang.work.checklists.rules import Answer, DefinitionError

FILE = {
    "checklist": "kitchen",
    "title": {"zh": "厨房检查", "en": "Kitchen"},
    "domain": "commerce",
    "sections": [
        {
            "code": "A",
            "title": {"zh": "气源", "en": "Gas"},
            "items": [
                {
                    "code": "A0", "zh": "燃料", "answer": "choice",
                    "options": [{"value": "lpg", "zh": "瓶装"}, {"value": "ng", "zh": "管道"}, {"value": "none", "zh": "全电"}],
                },
                {"code": "A1", "zh": "气瓶在检验期", "fail": "气瓶超期", "when": {"A0": "lpg"}, "level": "B"},
                {"code": "A2", "zh": "报警器有效", "fail": "报警器失效", "when": {"A0": ["lpg", "ng"]}, "spot": True},
                {"code": "A3", "zh": "报警联动", "fail": "未联动", "when": {"A2": "pass"}},
                {"code": "A4", "zh": "浓度", "answer": "number", "unit": "%", "low": 0, "high": 1.0, "fail": "浓度超限",
                 "grade": "major", "criterion": "cn:x:1", "required": False},
                {"code": "A5", "zh": "读数", "answer": "number", "low": 0, "bounds_fail": False, "required": False},
            ],
        },
        {
            "code": "B",
            "title": {"zh": "管理", "en": "Rules"},
            "department": "fire",
            "items": [{"code": "B1", "zh": "备注", "answer": "text", "required": False}],
        },
    ],
}  # fmt: skip

SCORED = {
    "checklist": "community",
    "title": {"zh": "评分", "en": "Score"},
    "domain": "community",
    "scoring": {
        "total": 100,
        "bands": [{"key": "green", "min": 80, "zh": "绿"}, {"key": "yellow", "min": 60, "zh": "黄"}, {"key": "red", "min": 0, "zh": "红"}],
        "veto_band": "red",
    },
    "sections": [
        {
            "code": "A",
            "title": {"zh": "一", "en": "one"},
            "items": [
                {"code": "A1", "zh": "车道", "answer": "score", "max": 60, "veto_at": 0, "fail": "车道被占"},
                {"code": "A2", "zh": "楼道", "answer": "score", "max": 40, "fail": "楼道堆物"},
            ],
        }
    ],
}  # fmt: skip


@pytest.fixture
def kitchen():
    return rules.read(FILE)


@pytest.fixture
def community():
    return rules.read(SCORED)


def answers(**said):
    return rules.read_answers(said)


def codes(items):
    return [item.code for item in items]


# --- skip logic ---------------------------------------------------------------------------------------------------


def test_nothing_answered_opens_what_depends_on_nothing(kitchen):
    assert codes(rules.visible_items(kitchen, {})) == ["A0", "A4", "A5", "B1"]


def test_answers_open_and_close(kitchen):
    assert codes(rules.visible_items(kitchen, answers(A0="lpg"))) == ["A0", "A1", "A2", "A4", "A5", "B1"]
    assert codes(rules.visible_items(kitchen, answers(A0="ng", A2="pass"))) == ["A0", "A2", "A3", "A4", "A5", "B1"]


def test_an_item_behind_a_closed_one_is_closed(kitchen):
    given_ = answers(A0="none", A2="pass", A3="fail")
    assert "A3" not in codes(rules.visible_items(kitchen, given_))
    assert rules.findings(kitchen, given_) == []
    assert list(rules.clean(kitchen, given_)) == ["A0"]


def test_a_part_of_a_joint_checklist(kitchen):
    assert codes(rules.visible_items(kitchen, answers(A0="lpg"), sections=["B"])) == ["B1"]


ANSWERS = st.dictionaries(
    st.sampled_from(["A0", "A1", "A2", "A3", "A4", "A5", "B1", "X9"]),
    st.one_of(
        st.sampled_from(["lpg", "ng", "none", "pass", "fail", "na", "", None]),
        st.integers(-5, 5),
        st.floats(allow_nan=True, allow_infinity=True),
        st.text(max_size=5),
        st.lists(st.integers(), max_size=2),
        st.booleans(),
    ),
)


@given(ANSWERS)
def test_whatever_was_said_the_rules_hold(said):
    definition = rules.read(FILE)
    given_ = rules.read_answers(said)
    open_ = rules.visible_items(definition, given_)
    counted = rules.clean(definition, given_)
    assert set(counted) <= {item.code for item in open_}
    # what counts opens the same items again
    assert codes(rules.visible_items(definition, counted)) == codes(open_)
    result = rules.result(definition, given_)
    assert result == rules.result(definition, counted)
    found = rules.findings(definition, given_)
    assert len(found) == result.failed
    wrong = {problem.code for problem in rules.problems(definition, given_, finished=False)}
    assert not wrong & {finding.code for finding in found}
    # answers survive being stored
    assert rules.read_answers(rules.write_answers(counted)).keys() == counted.keys()


@given(st.integers(0, 60), st.integers(0, 40))
def test_a_better_answer_never_lowers_the_score(lane, stairs):
    definition = rules.read(SCORED)
    order = ["red", "yellow", "green"]
    one = rules.result(definition, answers(A1=lane, A2=stairs))
    more = rules.result(definition, answers(A1=lane, A2=min(40, stairs + 1)))
    assert one.score == lane + stairs
    assert more.score >= one.score
    assert order.index(more.band) >= order.index(one.band)


# --- fitting ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "value", "key"),
    [
        ("A0", "coal", "checklists.answer_wrong"),
        ("A2", "yes", "checklists.answer_wrong"),
        ("A2", ["pass"], "checklists.answer_wrong"),
        ("A4", "much", "checklists.answer_wrong"),
        ("A4", True, "checklists.answer_wrong"),
        ("A4", float("nan"), "checklists.answer_wrong"),
        ("A4", 10**400, "checklists.answer_wrong"),
        ("A5", -1, "checklists.answer_wrong"),
        ("B1", "长" * 2001, "checklists.answer_wrong"),
        ("Z1", "pass", "checklists.item_unknown"),
    ],
)
def test_answers_that_do_not_fit(kitchen, code, value, key):
    given_ = rules.read_answers({"A0": "lpg"} | {code: value})
    assert rules.Problem(code, key) in rules.problems(kitchen, given_, finished=False)


@pytest.mark.parametrize(("code", "value"), [("A0", "ng"), ("A2", "na"), ("A4", "na"), ("A4", 7), ("B1", "看过")])
def test_answers_that_fit(kitchen, code, value):
    given_ = rules.read_answers({"A0": "lpg"} | {code: value})
    assert rules.problems(kitchen, given_, finished=False) == []


def test_finished_means_answered_and_shown(kitchen):
    given_ = rules.read_answers({"A0": "ng", "A2": {"value": "fail", "note": "现场断电"}})
    missing = rules.problems(kitchen, given_, finished=True)
    assert missing == [rules.Problem("A2", "checklists.photo_missing")]
    assert rules.problems(kitchen, given_, finished=True, photos=False) == []
    empty = rules.problems(kitchen, {}, finished=True)
    assert empty == [rules.Problem("A0", "checklists.not_answered")]


def test_too_much_is_not_taken(kitchen):
    long = {"A0": Answer("lpg", note="长" * 501)}
    many = {"A0": Answer("lpg", photos=("01",) * 10)}
    for given_ in (long, many):
        assert rules.problems(kitchen, given_, finished=False) == [rules.Problem("A0", "checklists.answer_too_long")]


def test_answers_are_read_from_both_shapes():
    read = rules.read_answers({"A": "pass", "B": {"value": "fail", "note": " 漏 ", "photos": ["01"], "description": 7}})
    assert read == {"A": Answer("pass"), "B": Answer("fail", note="漏", photos=("01",))}
    assert rules.write_answers(read)["B"] == {"value": "fail", "note": "漏", "photos": ["01"]}
    assert rules.write_answers({"C": Answer("fail", description="改")})["C"] == {"value": "fail", "description": "改"}


def test_merging_is_item_by_item():
    assert rules.merged(answers(A="pass", B="fail"), answers(B="pass")) == answers(A="pass", B="pass")


# --- findings and results -----------------------------------------------------------------------------------------


def test_findings_carry_what_the_ledger_needs(kitchen):
    given_ = rules.read_answers(
        {
            "A0": "lpg",
            "A1": "fail",
            "A2": {"value": "fail", "description": "报警器被拔电", "photos": ["01"]},
            "A4": 1.25,
        }
    )
    first, second, third = rules.findings(kitchen, given_)
    assert (first.code, first.description, first.level, first.section) == ("A1", "气瓶超期", "B", "A")
    assert (second.description, second.on_spot, second.photos) == ("报警器被拔电", True, ("01",))
    assert (third.description, third.grade, third.criterion) == ("浓度超限（1.25%）", "major", "cn:x:1")
    assert rules.findings(kitchen, given_, sections=["B"]) == []


def test_a_number_within_bounds_or_only_a_slip_is_no_finding(kitchen):
    assert rules.findings(kitchen, answers(A4=1.0, A5=-3)) == []


def test_scores_bands_and_vetoes(community):
    full = rules.result(community, answers(A1=60, A2=40))
    assert (full.score, full.band, full.passed, full.failed) == (100.0, "green", 2, 0)
    low = rules.result(community, answers(A1=60, A2=0))
    assert (low.score, low.band, low.vetoes) == (60.0, "yellow", ())
    veto = rules.result(community, answers(A1=0, A2=40))
    assert (veto.band, veto.vetoes) == ("red", ("A1",))
    lost = rules.findings(community, answers(A1=0, A2=30))
    assert [(finding.lost, finding.urgent) for finding in lost] == [(60, True), (10, False)]


def test_what_does_not_apply_is_taken_out_and_the_rest_scaled(community):
    part = rules.result(community, answers(A1="na", A2=30))
    assert (part.points, part.possible, part.score, part.band, part.not_applicable) == (30, 40, 75.0, "yellow", 1)
    none = rules.result(community, answers(A1="na", A2="na"))
    assert (none.score, none.band) == (None, "")
    assert rules.result(community, {}).unanswered == 2
    assert none.as_json()["vetoes"] == []


@pytest.mark.parametrize("value", [-1, 61, 1.5, "many", True])
def test_scores_that_do_not_fit(community, value):
    assert rules.problems(community, answers(A1=value), finished=False) == [
        rules.Problem("A1", "checklists.answer_wrong")
    ]


# --- definitions --------------------------------------------------------------------------------------------------


def broken(**change):
    item = {"code": "A1", "zh": "甲", "fail": "乙"} | change
    return {
        "checklist": "x", "title": {"zh": "甲", "en": "a"}, "domain": "fire",
        "sections": [{"code": "A", "title": {"zh": "甲"}, "items": [item]}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"code": ""}, "code_missing"),
        ({"code": "一/二"}, "code_wrong"),
        ({"zh": ""}, "text_missing"),
        ({"answer": "song"}, "kind_unknown"),
        ({"grade": "huge"}, "grade_unknown"),
        ({"grade": "major"}, "criterion_missing"),
        ({"answer": "choice"}, "options_wrong"),
        ({"options": [{"value": "a", "zh": "甲"}]}, "options_wrong"),
        ({"answer": "choice", "options": [{"value": "a", "zh": "甲"}] * 2}, "options_wrong"),
        ({"answer": "score"}, "points_wrong"),
        ({"max": 3}, "points_wrong"),
        ({"answer": "score", "max": 3, "veto_at": 3}, "points_wrong"),
        ({"answer": "number", "low": 2, "high": 1}, "bounds_wrong"),
        ({"fail": ""}, "fail_missing"),
        ({"when": {"B9": "pass"}}, "condition_later"),
        ({"colour": "red"}, "item_wrong"),
    ],
)
def test_what_does_not_hold_together_is_named(change, key):
    with pytest.raises(DefinitionError) as error:
        rules.read(broken(**change))
    assert error.value.key == f"checklists.{key}"
    assert str(error.value).startswith("x")


def test_the_whole_is_checked_too(kitchen, community):
    def key(definition):
        with pytest.raises(DefinitionError) as error:
            rules.check(definition)
        return error.value.key

    assert key(replace(kitchen, title_zh="")) == "checklists.title_missing"
    assert key(replace(kitchen, sections=())) == "checklists.empty"
    assert key(replace(kitchen, sections=kitchen.sections * 2)) == "checklists.section_twice"
    twice = replace(kitchen.sections[0], code="C")
    assert key(replace(kitchen, sections=(*kitchen.sections, twice))) == "checklists.code_twice"
    assert key(replace(kitchen, sections=(replace(kitchen.sections[0], code="a b"),))) == "checklists.code_wrong"
    number = rules.Item("C1", "甲", fail_zh="乙", when={"A4": ("1",)})
    later = rules.Section("C", "丙", items=(number,))
    assert key(replace(kitchen, sections=(*kitchen.sections, later))) == "checklists.condition_unknown"
    scoring = community.scoring
    assert key(replace(community, scoring=replace(scoring, total=90))) == "checklists.points_sum"
    assert key(replace(community, scoring=replace(scoring, bands=()))) == "checklists.bands_wrong"
    assert key(replace(community, scoring=replace(scoring, veto_band="black"))) == "checklists.bands_wrong"
    with pytest.raises(DefinitionError, match="no `checklist` key"):
        rules.read({})


def test_words_and_places(kitchen):
    item = kitchen.item("A1")
    assert item.words(True) == item.words(False) == "气瓶在检验期"
    assert replace(item, text_en="Cylinder").words(False) == "Cylinder"
    assert kitchen.item("Z9") is None
    assert kitchen.section_of("Z9") is None
    assert rules.next_code("A", ["A0", "A5", "B9", "Ax"]) == "A6"
    assert codes(rules.put(kitchen.sections[1].items, item, instead_of="B1")) == ["A1"]
    assert codes(rules.put(kitchen.sections[1].items, item)) == ["B1", "A1"]


def test_the_digest_sees_content_only(kitchen):
    assert replace(kitchen, key="other", version=9).digest() == kitchen.digest()
    assert replace(kitchen, title_zh="改").digest() != kitchen.digest()

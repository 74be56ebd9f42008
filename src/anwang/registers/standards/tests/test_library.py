"""The libraries as they ship, loaded and asked."""

from datetime import date
from pathlib import Path

import pytest
import yaml

from anwang.ground.audit.models import AuditRow
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.registers.standards import rules, selectors, services
from anwang.registers.standards.models import Standard
from anwang.registers.standards.rules import Severity, Type

TODAY = date(2026, 11, 20)
LAST_YEAR = date(2025, 6, 1)


@pytest.fixture
def loaded(db, now):
    return services.load_libraries(now=now)


def files():
    return sorted(path for path in services.FOLDER.glob("*.yaml") if path.name != "sources.yaml")


def read(path: Path) -> rules.Library:
    sources = rules.read_sources(yaml.safe_load((services.FOLDER / "sources.yaml").read_text("utf-8")))
    return rules.read_library(yaml.safe_load(path.read_text("utf-8")), sources=[each.key for each in sources])


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_each_file_reads_and_is_small(path):
    library = read(path)
    assert library.rows
    assert path.stat().st_size < 1024 * 1024
    for row in library.rows:
        assert row.content.title_zh, row.urn
        assert row.content.title_en, row.urn
        assert set(row.content.domains) <= {rules.ANY, *Domain.values}, row.urn


def test_what_rows_stand_on_is_there():
    libraries = [read(path) for path in files()]
    urns = [row.urn for library in libraries for row in library.rows]
    assert len(urns) == len(set(urns))
    for library in libraries:
        for row in library.rows:
            if row.content.instrument:
                assert row.content.instrument in urns, row.urn


def test_complete_lists_have_the_number_of_items_they_claim():
    for path in files():
        library = read(path)
        if library.expected is not None and library.complete:
            assert len(library.rows) == library.expected, library.key
        if library.expected is not None and not library.complete:
            assert len(library.rows) < library.expected, library.key
            assert library.note_zh, library.key


def test_loading_twice_writes_once(loaded, now):
    assert loaded.libraries == len(files())
    assert loaded.rows == Standard.objects.count()
    again = services.load_libraries(now=now)
    assert (again.libraries, again.rows, again.unchanged) == (0, 0, len(files()))
    assert AuditRow.objects.filter(event="standards.library_loaded").count() == len(files())


def copy_of(folder: Path, tmp_path: Path, *names: str) -> Path:
    for name in ("sources.yaml", *names):
        (tmp_path / name).write_text((folder / name).read_text("utf-8"), "utf-8")
    return tmp_path


def test_another_text_needs_another_version(db, now, tmp_path):
    folder = copy_of(services.FOLDER, tmp_path, "limits.yaml", "instruments.yaml")
    services.load_libraries(now=now, folder=folder)
    path = folder / "limits.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("value: 90", "value: 60"), "utf-8")
    with pytest.raises(rules.LibraryError, match="limits"):
        services.load_libraries(now=now, folder=folder)
    path.write_text(text.replace("value: 90", "value: 60").replace("version: 1", "version: 2"), "utf-8")
    with pytest.raises(rules.LibraryError, match="aw:limit:relapse"):
        services.load_libraries(now=now, folder=folder)
    assert selectors.limit("aw:limit:relapse", TODAY) == 90


def test_a_newer_library_leaves_the_older_row_and_answers_with_the_new_one(db, now, tmp_path):
    folder = copy_of(services.FOLDER, tmp_path, "limits.yaml", "instruments.yaml")
    services.load_libraries(now=now, folder=folder)
    path = folder / "limits.yaml"
    text = path.read_text("utf-8").replace("version: 1", "version: 2")
    text = text.replace('{urn: "aw:limit:relapse",', '{urn: "aw:limit:relapse", version: 2, from: 2026-10-01,').replace(
        "value: 90", "value: 60"
    )
    path.write_text(text, "utf-8")
    done = services.load_libraries(now=now, folder=folder)
    assert (done.libraries, done.rows) == (1, 1)
    assert selectors.limit("aw:limit:relapse", TODAY) == 60
    assert selectors.limit("aw:limit:relapse", date(2026, 9, 30)) == 90
    assert Standard.objects.filter(urn="aw:limit:relapse").count() == 2


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        ({"zh": "甲", "source": "anwang"}, "no urn"),
        ({"urn": "a", "zh": "甲", "source": "nowhere"}, "unknown source"),
        ({"urn": "a", "zh": "甲", "source": "anwang", "colour": "red"}, "unknown keys"),
        ({"urn": "a", "source": "anwang"}, "Chinese title"),
        ({"urn": "a", "zh": "甲", "source": "anwang", "kind": "criterion"}, "what a match means"),
        ({"urn": "a", "zh": "甲", "source": "anwang", "kind": "deadline", "data": {"grade": "big"}}, "grade"),
        ({"urn": "a", "zh": "甲", "source": "anwang", "match": ["+"]}, "pattern"),
        ({"urn": "a", "zh": "甲", "source": "anwang", "status": "asleep"}, "status"),
        ({"urn": "a", "zh": "甲", "source": "anwang", "domains": []}, "no domain"),
        (
            {
                "urn": "a",
                "zh": "甲",
                "source": "anwang",
                "kind": "deadline",
                "data": {"grade": "major", "unit": "years"},
            },
            "amount",
        ),
        (
            {
                "urn": "a",
                "zh": "甲",
                "source": "anwang",
                "kind": "deadline",
                "data": {"grade": "major", "unit": "days", "amount": 3, "longest": 0},
            },
            "longest",
        ),
        ({"urn": "a", "zh": "甲", "source": "anwang", "kind": "limit", "data": {"value": 3}}, "value"),
        ({"urn": "a", "zh": "甲", "source": "anwang", "kind": "ladder", "data": {"days": 0}}, "days"),
        (
            {"urn": "a", "zh": "甲", "source": "anwang", "kind": "ladder", "data": {"days": 1, "to": "moon"}},
            "to and action",
        ),
        (
            {"urn": "a", "zh": "甲", "source": "anwang", "from": date(2026, 2, 1), "to": date(2026, 1, 1)},
            "ends before it begins",
        ),
    ],
)
def test_a_wrong_row_is_named(raw, what):
    data = {"library": "x", "kind": "clause", "title": {"zh": "甲", "en": "a"}, "rows": [raw]}
    with pytest.raises(rules.LibraryError, match=what):
        rules.read_library(data, sources=["anwang"])


def test_a_file_without_a_name_is_refused():
    with pytest.raises(rules.LibraryError, match="no `library` key"):
        rules.read_library({"rows": []}, sources=[])


def test_the_same_row_twice_is_named():
    rows = [{"urn": "a", "zh": "甲", "source": "anwang"}] * 2
    data = {"library": "x", "kind": "clause", "title": {"zh": "甲", "en": "a"}, "rows": rows}
    with pytest.raises(rules.LibraryError, match="twice"):
        rules.read_library(data, sources=["anwang"])


# --- what the house asks ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("loaded")
class TestAnswers:
    def test_the_day_picks_the_coal_list(self):
        text = "工作面瓦斯超限仍在作业"
        old = selectors.propose("coal", text, date(2026, 6, 30))
        new = selectors.propose("coal", text, date(2026, 7, 1))
        assert old[0].row_urn == "cn:mem:order:4:2020:5.2"
        assert new[0].row_urn == "cn:mem:order:21:2026:5"
        assert old[0].complete
        assert not new[0].complete
        assert new[0].confidence == "low"

    def test_seventeen_categories_are_citable_and_the_gap_is_said(self):
        rows = [row for row in selectors.criteria("coal", TODAY) if row.instrument == "cn:mem:order:21:2026"]
        assert len(rows) == 17
        gap = next(gap for gap in selectors.gaps("coal", TODAY) if gap.urn == "cn:mem:order:21:2026")
        assert (gap.expected, gap.entered) == (123, 0)

    def test_a_checklist_item_names_its_row(self):
        found = selectors.propose("elderly", "楼上有一处问题", TODAY, "B5", criterion="cn:mca:elderly-major:2023:4.3")
        assert found[0].row_urn == "cn:mca:elderly-major:2023:4.3"
        assert found[0].confidence == "high"
        assert found[0].grade == "major"
        assert "B5" in found[0].why

    def test_elements_do_not_make_a_hazard_major(self):
        found = selectors.propose("fire", "疏散通道堆放杂物堵塞", TODAY)
        assert found[0].row_urn == "cn:gb:35181:2025:6"
        assert found[0].grade == "general"
        assert not selectors.is_major("cn:gb:35181:2025:6", TODAY)
        assert selectors.is_major("cn:gb:35181:2025:5", TODAY)

    def test_plain_findings_propose_nothing(self):
        assert selectors.propose("fire", "灭火器检查卡未填写", TODAY) == []

    def test_another_domains_criteria_stay_away(self):
        assert all(
            row.row_urn.startswith(("cn:nmsa", "cn:mem:order:10")) or "mine" in row.row_urn
            for row in selectors.propose("mine", "边坡裂缝未处理", TODAY)
        )

    def test_is_major_of_nothing(self):
        assert not selectors.is_major("", TODAY)
        assert not selectors.is_major("cn:law:fire:2021:28", TODAY)

    def test_row_in_force_says_why_not(self):
        assert selectors.row_in_force("cn:mem:order:4:2020:5.2", LAST_YEAR).version == 1
        with pytest.raises(Refused) as refused:
            selectors.row_in_force("cn:mem:order:4:2020:5.2", TODAY)
        assert refused.value.key == "standards.not_in_force"
        with pytest.raises(Refused) as refused:
            selectors.row_in_force("cn:nothing", TODAY)
        assert refused.value.key == "standards.unknown"

    @pytest.mark.parametrize(
        ("domain", "grade", "level", "days"),
        [
            ("coal", "general", "", 7),
            ("road", "general", "", 15),
            ("road", "major", "", 90),
            ("gas", "general", "A", 1),
            ("gas", "general", "B", 7),
            ("gas", "general", "C", 30),
            ("gas", "general", "", 15),
            ("coal", "general", "A", 7),
        ],
    )
    def test_deadlines(self, domain, grade, level, days):
        found = selectors.deadline_rule(domain, grade, TODAY, level=level)
        assert found.days == days
        assert found.longest_days >= found.days

    def test_no_deadline_before_there_were_any(self):
        with pytest.raises(Refused):
            selectors.deadline_rule("coal", "general", date(1999, 1, 1))

    def test_the_ladder_climbs(self):
        steps = selectors.ladder(TODAY)
        assert [step.days for step in steps] == [-3, -1, 1, 3, 7, 15]
        assert [step.to for step in steps if step.days > 0] == ["unit", "town", "county", "county"]
        assert all(len(step.key) <= 24 for step in steps)

    def test_limits_the_ledger_asks_for(self):
        for key in ("recheck", "relapse", "reopen", "stage-grade", "stage-second", "stage-assign", "stage-close"):
            assert selectors.limit(f"aw:limit:{key}", TODAY) > 0

    def test_frequency_by_colour(self):
        assert selectors.frequency("red", TODAY).data["county_days"] == 30
        assert selectors.frequency("green", TODAY) is None

    def test_drafts_are_not_in_force(self):
        assert selectors.find_in_force("cn:sc:hazard-draft:2026", TODAY) is None

    def test_criteria_say_what_a_match_means(self):
        for row in selectors.criteria("", TODAY):
            assert row.severity in {Severity.MAJOR, Severity.ELEMENT}
            assert row.type == Type.CRITERION

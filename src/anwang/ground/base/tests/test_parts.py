from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone, translation

from anwang.ground.base.keyset import Page
from anwang.ground.base.parts import Act, Cell, Column, Figure, Filter, Ledger
from anwang.ground.base.templatetags import anwang as tags

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # noon in Shanghai


def a_ledger(query="", cookies=None):
    request = RequestFactory().get(f"/hazards/?{query}")
    request.COOKIES.update(cookies or {})
    return Ledger(
        request,
        key="hazards",
        title="Hazards",
        row_template="row.html",
        columns=[
            Column("number", "Number", sort="number", always=True),
            Column("state", "State"),
            Column("due", "Due", sort="due"),
            Column("area", "Area", extra=True),
        ],
        filters=[
            Filter("state", "State", choices=[("a", "A"), ("b", "B", 7)]),
            Filter("late", "Late", kind="flag"),
            Filter("found", "Found", kind="dates", quick=False),
        ],
        default_sort="due",
        exports={"Excel": "/hazards/export"},
    )


class TestLedger:
    def test_only_known_values_are_chosen(self):
        ledger = a_ledger("state=b&state=x'--&late=1&found_from=2026-01-02&found_to=nonsense&sort=password")
        assert ledger.chosen("state") == ["b"]
        assert ledger.one("state") == "b"
        assert ledger.flag("late") is True
        assert ledger.dates("found") == (date(2026, 1, 2), None)
        assert ledger.sort == "due"

    def test_a_chip_leads_to_the_list_without_it_and_keeps_the_rest(self):
        ledger = a_ledger("q=gas&state=a&state=b&late=1&after=TOKEN")
        urls = {str(chip.value): chip.url for chip in ledger.chips()}
        assert urls["A"] == "/hazards/?q=gas&late=1&state=b"
        assert "q=" not in urls["gas"]
        assert not any("after" in url for url in urls.values())

    def test_an_export_asks_the_same_question(self):
        ledger = a_ledger("q=gas&state=a&col=state&after=TOKEN")
        assert ledger.export_links == [("Excel", "/hazards/export?q=gas&state=a&col=state")]

    def test_next_page_keeps_the_question(self):
        ledger = a_ledger("state=a").fill(Page([], "TOKEN"), count=0)
        assert ledger.next_url == "/hazards/?state=a&after=TOKEN"

    def test_columns_come_from_the_address_then_the_cookie_then_the_room(self):
        assert a_ledger().shown == {"number", "state", "due"}
        assert a_ledger("col=area").shown == {"number", "area"}
        assert a_ledger("", {"columns_hazards": "number.area.gone"}).shown == {"number", "area"}
        assert a_ledger("", {"columns_hazards": "gone"}).shown == {"number", "state", "due"}

    def test_sorting_by_the_same_column_turns_the_order(self):
        head = {each["column"].key: each for each in a_ledger("sort=number").heads()}
        assert head["number"]["order"] == "ascending"
        assert head["number"]["url"].endswith("sort=-number")
        assert head["state"]["url"] == ""


def test_a_figure_keeps_names_values_and_doors_together():
    figure = Figure(
        "x", "X", "…", NOW, ["Level", "Places"], [["Red", Cell(3, "/red")], ["Blue", 5]], "ring", levels=("red", "blue")
    )
    data = figure.chart_data()
    assert data["names"] == ["Red", "Blue"]
    assert data["series"] == [{"name": "Places", "level": "red", "values": [3, 5], "urls": ["/red", ""]}]
    assert data["levels"] == ["red", "blue"]


@pytest.mark.parametrize(
    ("due", "words", "tone"),
    [
        (NOW - timedelta(days=5), "5 days overdue", "late"),
        (NOW - timedelta(minutes=5), "1 hour overdue", "late"),
        (NOW - timedelta(hours=3), "3 hours overdue", "late"),
        (NOW + timedelta(minutes=25), "due within the hour", "soon"),
        (NOW + timedelta(hours=7), "7 hours left", "soon"),
        # Eleven at night in Shanghai is still today; one hour after midnight is tomorrow.
        (NOW + timedelta(hours=13), "1 day left", "soon"),
        (NOW + timedelta(days=3), "3 days left", "soon"),
        (NOW + timedelta(days=4), "4 days left", "far"),
        (date(2026, 11, 21), "due today", "soon"),
        (date(2026, 11, 20), "1 day overdue", "late"),
    ],
)
def test_a_deadline_speaks(due, words, tone):
    with translation.override("en"):
        assert tags.due_words(due, NOW) == (words, tone)


def test_late_stays_late_after_it_is_done():
    with translation.override("en"):
        late = tags.due({"now": NOW}, NOW - timedelta(days=9), NOW - timedelta(days=7))
        kept = tags.due({"now": NOW}, NOW - timedelta(days=7), NOW - timedelta(days=9))
    assert "2 days late" in late
    assert "aw-due-late" in late
    assert "in time" in kept


@pytest.mark.parametrize(
    ("phone", "shown"), [("13812345678", "138****5678"), ("0350722", "*****22"), ("", ""), (None, ""), ("1", "1")]
)
def test_phones_are_masked(phone, shown):
    assert tags.masked(phone) == shown


def test_a_level_never_stands_without_its_word():
    with translation.override("zh-hans"):
        assert "红色" in tags.level("red")
    assert tags.level("green", "safe") == "safe"


def test_words_from_outside_are_escaped():
    assert "<script" not in tags.state("done", "<script>")
    assert "<b>" not in tags.highlight("<b>gas", "gas")
    assert "<mark>gas</mark>" in tags.highlight("<b>gas", "gas")


def test_an_act_is_refused_with_its_reason(rf):
    from django.template.loader import render_to_string

    html = render_to_string(
        "base/parts/act.html", {"act": Act("Close", why="Not verified.", todo="Verify it."), "small": False}
    )
    assert "disabled" in html
    assert "Not verified. Verify it." in html


def test_when_names_the_year_only_if_it_is_another_one():
    now = timezone.now()
    with translation.override("en"):
        assert "today" in tags.when(now)
        assert str(now.year - 2) in tags.when(now - timedelta(days=800)).split(">")[1]


def test_a_bundle_is_marked_by_its_content(tmp_path, settings, monkeypatch):
    (tmp_path / "dist").mkdir()
    file = tmp_path / "dist" / "desk.css"
    monkeypatch.setattr(tags.finders, "find", lambda _: str(file))
    settings.DEBUG = True  # a developer's rebuild shows without a restart
    file.write_text("a{}")
    first = tags.bundle("desk.css")
    file.write_text("b{}")
    assert first != tags.bundle("desk.css")
    assert first.startswith("/static/dist/desk.css?v=")

"""Every tab for every role; each number leads to exactly the rows it counts; what is downloaded is what was shown."""

import io
import re

import pytest
from django.urls import reverse

from anwang.ground.base import sheets
from anwang.kernel import clock
from anwang.overview.figures import asked, catalogue, labels, services
from anwang.work.hazards.models import Hazard

pytestmark = pytest.mark.django_db

TABS = [tab for tab in labels.TABS if tab not in ("overview", "monthly")]


@pytest.fixture
def county(walked, elsewhere, ago, now, run_jobs):
    walked("closed", at=ago(40))
    walked("closed", at=ago(2), major=True)
    late = walked("rectifying", at=ago(60), due_in=3)
    walked("assigned", at=ago(20), due_in=5)
    walked("found", at=ago(1), source="self_check")
    elsewhere(now=ago(33))
    elsewhere(far=True, now=ago(5))
    run_jobs(now=now)
    services.compute(now=now)
    late.refresh_from_db()
    return late


def frame(user, now, region=None, **given):
    lists = {name: given.pop(name, []) for name in ("domains", "grades", "sources")}
    return asked.frame_of(user, now=now, region=region, given=given, **lists)


def links(figures):
    return [
        (f"{figure.key} {figure.heads[at]} {row[0].value}", cell)
        for figure in figures
        for row in figure.cells()
        for at, cell in enumerate(row)
        if at and cell.url.startswith("/hazards/") and isinstance(cell.value, int)
    ]


def test_every_tab_opens_for_everybody(county, people, as_user):
    urls = [reverse("figures:index"), *(reverse("figures:tab", args=[tab]) for tab in TABS), reverse("figures:monthly")]
    for who in ("office", "city", "town", "inspector", "leader", "grid", "other_county", "far"):
        web = as_user(getattr(people, who))
        for url in urls:
            assert web.get(url).status_code == 200, f"{who} {url}"


def test_who_reads_no_figures_gets_none(people, as_user):
    for who in (people.enterprise, people.system):
        web = as_user(who)
        for url in (reverse("figures:index"), reverse("figures:export", args=["by_month"]), reverse("figures:monthly")):
            assert web.get(url).status_code == 403


def test_another_region_is_not_there(county, people, as_user, places):
    web = as_user(people.office)
    for region in (places.other_county, places.far_county, places.city):
        for url in (reverse("figures:index"), reverse("figures:export", args=["by_month"]), reverse("figures:monthly")):
            assert web.get(url, {"region": region.code}).status_code == 404
    assert web.get(reverse("figures:index"), {"region": "14\x000930"}).status_code == 404
    assert web.get(reverse("figures:tab", args=["nothing"])).status_code == 404
    assert web.get(reverse("figures:export", args=["nothing"])).status_code == 404


def test_a_number_leads_to_the_rows_it_counts(county, people, as_user, now, monkeypatch):
    """The ledger behind every number of every figure shows as many rows as the number says."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    for who in (people.office, people.city):
        web = as_user(who)
        seen = {}
        for tab in catalogue.FIGURES:
            found = links(catalogue.of_tab(tab, frame(who, now)))
            assert found or tab == "base", tab
            for what, cell in found:
                if cell.url not in seen:
                    seen[cell.url] = web.get(cell.url).context["ledger"].count
                assert seen[cell.url] == cell.value, f"{tab} {what}: {cell.url}"


def test_filters_cut_the_figures_and_their_doors(county, people, as_user, now, places, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    web = as_user(people.city)
    for given in (
        {"region": places.county},
        {"grades": ["major"]},
        {"sources": ["self_check"]},
        {"domains": ["coal"], "period": "month"},
        {"from": "2026-09", "to": "2026-10"},
        {"region": places.town, "period": "all"},
    ):
        cut = frame(people.city, now, **given)
        figures = catalogue.of_tab("overview", cut) + catalogue.of_tab("regions", cut)
        for what, cell in links(figures):
            ledger = web.get(cell.url).context["ledger"]
            assert ledger.count == cell.value, f"{given} {what}: {cell.url}"


def test_the_page_takes_the_filters_of_its_address(county, people, as_user, places):
    web = as_user(people.city)
    page = web.get(reverse("figures:index"), {"region": places.other_county.code, "period": "all"})
    numbers = {str(number.label): number.value for number in page.context["numbers"]}
    assert numbers["发现"] == 1
    assert "保德县" in page.content.decode()
    odd = web.get(reverse("figures:index"), {"period": "never", "from": "2026-99", "domain": "x", "grade": "y"})
    assert odd.status_code == 200
    assert web.get(reverse("figures:index"), {"from": "2026-11", "to": "2020-01"}).status_code == 200


def test_regions_are_compared_one_level_down(county, people, now):
    assert [row[0].value for row in catalogue.one("places", frame(people.city, now)).cells()] == ["河曲县", "保德县"]
    towns = [row[0].value for row in catalogue.one("places", frame(people.office, now)).cells()]
    assert towns == ["西口镇", "楼子营镇"]
    assert catalogue.one("places", frame(people.grid, now)) is None


def test_days_and_deadlines_are_what_happened(walked, people, now, ago):
    walked("closed", at=ago(2))
    services.compute(now=now)
    rows = {row[0].value: row for row in catalogue.one("days", frame(people.office, now)).cells()}
    month = clock.month_of(clock.local_date(ago(2)))
    assert (rows[month][1].value, rows[month][2].value) == (0.0, 1)


def test_figures_say_what_they_mean_and_when(county, people, now):
    for tab in catalogue.FIGURES:
        for figure in catalogue.of_tab(tab, frame(people.office, now)):
            assert len(str(figure.definition)) > 10
            assert figure.computed_at == now
            assert all(len(row) == len(figure.heads) for row in figure.cells()), figure.key
            assert figure.chart_data()["series"]


def test_a_download_is_what_was_shown(county, people, as_user, now, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    web = as_user(people.office)
    for key in [key for builders in catalogue.FIGURES.values() for key in builders]:
        downloaded(web, people.office, now, key)


def downloaded(web, user, now, key):
    answer = web.get(reverse("figures:export", args=[key]))
    assert answer.status_code == 200
    shown = catalogue.one(key, frame(user, now))
    with sheets.read(answer.content, name="x.xlsx") as book:
        rows = list(book.first.rows())
    at = next(n for n, row in enumerate(rows) if [sheets.text(c) for c in row.cells] == [str(h) for h in shown.heads])
    told = [list(row.cells) for row in rows[at + 1 :]]
    assert len(told) == len(shown.rows)
    for row, cells in zip(told, shown.cells(), strict=True):
        padded = [*row, *[""] * (len(cells) - len(row))]
        assert [str(c.value) if c.value is not None else "" for c in cells] == [
            re.sub(r"\.0$", "", str(v)) if not isinstance(c.value, float) else str(float(v)) if v != "" else ""
            for v, c in zip(padded, cells, strict=True)
        ]


def test_only_who_may_takes_figures_out(county, people, as_user):
    page = as_user(people.inspector).get(reverse("figures:index"))
    assert not any(figure.excel_url for figure in page.context["figures"])
    assert as_user(people.inspector).get(reverse("figures:export", args=["by_month"])).status_code == 403


def test_a_page_costs_the_same_however_many_rows(county, people, as_user, found, ago, django_assert_max_num_queries):
    """Recorded: how many questions each tab asks the database (session, grants and menu included)."""
    recorded = {
        "overview": 21, "regions": 22, "domains": 15, "sources": 15, "pace": 12, "late": 14, "major": 22, "base": 14,
    }  # fmt: skip
    web = as_user(people.office)
    for n in range(5):
        found(now=ago(n), description=f"第{n}条")
    services.compute(now=ago(0))
    for tab, most in recorded.items():
        with django_assert_max_num_queries(most):
            assert web.get(reverse("figures:tab", args=[tab])).status_code == 200


def test_the_api_says_the_same(county, people, as_user, now, places, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    web = as_user(people.office)
    assert {each["tab"] for each in web.get("/api/figures/").json()} == set(catalogue.FIGURES)
    told = web.get("/api/figures/one/by_month/", {"period": "all"}).json()
    shown = catalogue.one("by_month", frame(people.office, now, period="all"))
    assert told["heads"] == [str(head) for head in shown.heads]
    assert [[c["value"] for c in row] for row in told["rows"]] == [[c.value for c in row] for row in shown.cells()]
    assert web.get("/api/figures/one/by_month/", {"region": places.far_county.code}).status_code == 404
    assert web.get("/api/figures/one/nothing/").status_code == 404
    assert web.get("/api/figures/one/by_month/", {"from": "2026-13"}).status_code == 422
    assert as_user(people.enterprise).get("/api/figures/").status_code == 403


def test_every_state_is_counted_once(county, people, now):
    shown = catalogue.one("states", frame(people.office, now))
    rows = Hazard.objects.filter(county_code="140930").exclude(state__in=["closed", "cancelled"])
    assert sum(row[1].value for row in shown.cells()) == rows.count()


def test_an_empty_county_has_figures_too(people, as_user, now):
    page = as_user(people.far).get(reverse("figures:index"))
    assert page.status_code == 200
    answer = as_user(people.far).get(reverse("figures:export", args=["places"]))
    assert io.BytesIO(answer.content).read(2) == b"PK"

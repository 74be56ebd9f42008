"""The monthly report: true, Chinese, the same bytes for the same data, and never about more than one's own."""

import pytest
from django.urls import reverse
from django.utils import translation

from anwang.ground.audit.models import AuditRow
from anwang.ground.base import sheets
from anwang.ground.base.errors import Refused
from anwang.ground.files import papers, store
from anwang.ground.files.models import Paper
from anwang.overview.figures import selectors, services

pytestmark = pytest.mark.django_db


@pytest.fixture
def october(walked, elsewhere, ago, now, run_jobs):
    """Found in October: one closed in it, one major and open, one late at its end. And one in the next county."""
    closed = walked("closed", at=ago(40))
    major = walked("rectifying", at=ago(35), major=True, due_in=60)
    late = walked("rectifying", at=ago(45), due_in=3)
    elsewhere(now=ago(33))
    run_jobs(now=ago(30))
    run_jobs(now=now)
    services.compute(now=now)
    for row in (closed, major, late):
        row.refresh_from_db()
        assert row.found_month == "2026-10"
    assert late.late
    return closed, major, late


def data(people, places, now, month="2026-10", **more):
    return services.monthly(
        region=more.pop("region", places.county), month=month, by=more.pop("by", people.office), now=now, **more
    )


def test_the_numbers_are_the_month_s(october, people, places, now):
    told = {each["label"]: each["value"] for each in data(people, places, now)["figures"]}
    assert told["发现"] == 3
    assert told["其中重大"] == 1
    assert told["销号"] == 1
    assert told["月末在治"] == 2
    assert told["月末逾期"] == 1
    assert told["按期整改率"] == "50.0"
    assert told["平均整改天数"] == "0.0"


def test_the_parts_add_up_to_the_whole(october, people, places, now):
    found = selectors.report(people.city, places.city, "2026-10", now=now)
    assert found.whole.found == 4
    assert sum(one.found for _place, one in found.places) == 4
    assert {place.name: one.found for place, one in found.places} == {"河曲县": 3, "保德县": 1}
    for which in (found.places, found.domains):
        assert sum(one.left for _name, one in which) == found.whole.left
        assert sum(one.flow.closed for _name, one in which) == found.whole.flow.closed
    assert found.six[-1] == ("2026-10", 4, 1)
    assert [hazard.pk for hazard in found.majors] == [october[1].pk]


def test_it_is_chinese_whoever_reads(october, people, places, now):
    with translation.override("en"):
        told = data(people, places, now, next_steps="一是约谈责任单位\n\n二是开展回头看")
    assert told["title"] == "河曲县2026年10月份\n安全隐患排查治理情况月报"
    assert "10月份，河曲县共开展检查0次，发现隐患3处（其中重大1处）" in told["lead"]
    titles = [section["title"] for section in told["sections"]]
    assert titles == ["总体情况", "各地区情况", "各行业领域情况", "重大隐患", "逾期情况", "下步工作"]
    assert told["sections"][-1]["text"] == ["一是约谈责任单位", "二是开展回头看"]
    assert not any(word in str(told) for word in ("Found", "hazard", "month"[:5] + " "))


def test_it_says_nothing_of_the_neighbour(october, people, places, now):
    assert "保德" not in str(data(people, places, now))
    assert "外地场所" not in str(data(people, places, now))


@pytest.fixture
def issue(people, places, now):
    def make(**more):
        given = {"region_code": places.county.code, "month": "2026-10", "by": people.office, "now": now}
        return services.issue_monthly(**{**given, **more})

    return make


def test_issued_once_and_the_same_bytes_again(october, people, issue, now, places, ago):
    paper = issue()
    assert paper.number == "（河）安委办月报〔2026〕1号"
    assert (paper.thing_kind, paper.thing_id, paper.county_code, paper.town_code) == ("region", "140930", "140930", "")
    assert store.read(paper.sha256, "") == papers.redraw(paper)
    assert papers.redraw(paper)[:5] == b"%PDF-"
    # The same question with the same data is the same paper; other words are another one.
    assert issue().pk == paper.pk
    assert issue(next_steps="召开调度会").number == "（河）安委办月报〔2026〕2号"
    assert AuditRow.objects.filter(event="papers.issued", on_id=paper.pk).count() == 1


def test_a_void_report_is_issued_anew(october, people, issue, now):
    first = issue()
    papers.void(paper_id=first.pk, reason="数字有误", by=people.office, now=now)
    assert issue().pk != first.pk


def test_what_changes_in_the_ledger_changes_the_report(october, people, issue, walked, ago, now):
    first = issue()
    walked("closed", at=ago(41))
    services.compute(now=now)
    second = issue()
    assert second.pk != first.pk
    assert papers.redraw(first) == store.read(first.sha256, "")  # the old one stays what it was


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"month": "2026-12"}, "figures.month_wrong"),
        ({"month": "2026-1"}, "figures.month_wrong"),
        ({"month": ""}, "figures.month_wrong"),
    ],
)
def test_what_is_no_month_to_report(october, issue, more, key):
    with pytest.raises(Refused) as caught:
        issue(**more)
    assert caught.value.key == key
    assert not Paper.objects.exists()


def test_nobody_reports_on_more_or_less_than_a_whole_region(october, people, issue, make_user, places):
    coal = make_user("leader", places.county, domains=["coal"])
    for by, region, key in (
        (coal, places.county, "figures.region_whole"),
        (people.office, places.other_county, "accounts.not_permitted"),
        (people.office, places.city, "accounts.not_permitted"),
        (people.inspector, places.county, "accounts.not_permitted"),
        (people.enterprise, places.county, "accounts.not_permitted"),
        (people.town, places.village, "figures.region_too_small"),
    ):
        with pytest.raises(Refused) as caught:
            issue(by=by, region_code=region.code)
        assert caught.value.key == key, by.name
    assert issue(by=people.town, region_code=places.town.code).town_code == places.town.code


def test_on_the_screen(october, people, places, as_user, now, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    web = as_user(people.office)
    page = web.get(reverse("figures:monthly"))
    assert page.context["month"] == "2026-10"  # the last month that is over
    assert len(page.context["pages"]) >= 1
    assert not Paper.objects.exists()  # looking issues nothing
    done = web.post(reverse("figures:issue"), {"region": "140930", "month": "2026-10", "next_steps": "开会"})
    paper = Paper.objects.get()
    assert done["Location"] == reverse("files:paper", args=[paper.pk])
    again = web.post(reverse("figures:issue"), {"region": "140930", "month": "2026-10", "next_steps": "开会"})
    assert again["Location"] == done["Location"]
    assert [row[0].pk for row in web.get(reverse("figures:monthly")).context["issued"]] == [paper.pk]
    assert as_user(people.city).get(reverse("figures:monthly")).context["issued"][0][0].pk == paper.pk
    for other in (people.other_county, people.far, people.town):
        assert as_user(other).get(reverse("figures:monthly")).context["issued"] == []
        assert as_user(other).get(done["Location"]).status_code == 404


def test_another_county_cannot_be_reported_on(october, people, places, as_user):
    web = as_user(people.office)
    for region in (places.other_county, places.far_county):
        assert web.post(reverse("figures:issue"), {"region": region.code, "month": "2026-10"}).status_code == 404
        assert web.get(reverse("figures:table"), {"region": region.code}).status_code == 404
    assert not Paper.objects.exists()
    looks = as_user(people.inspector)
    assert looks.get(reverse("figures:monthly")).context["choices"] == []
    assert looks.post(reverse("figures:issue"), {"region": "140930", "month": "2026-10"}).status_code == 403


def test_the_table_as_excel(october, people, places, as_user, now, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    answer = as_user(people.city).get(reverse("figures:table"), {"region": "140900", "month": "2026-10"})
    with sheets.read(answer.content, name="x.xlsx") as book:
        rows = [[sheets.text(cell) for cell in row.cells] for row in book.first.rows()]
    names = {row[0]: row for row in rows}
    assert names["河曲县"][3:6] == ["3", "1", "1"]
    assert names["保德县"][3] == "1"
    assert names["合计"][3] == "4"


def test_through_the_api(october, people, as_user, now, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    web = as_user(people.office)
    told = web.get("/api/figures/monthly/", {"region": "140930", "month": "2026-10"}).json()
    assert told["month"] == "2026-10"
    sent = {"region": "140930", "month": "2026-10"}
    first = web.post("/api/figures/monthly/", sent, content_type="application/json")
    assert (first.status_code, first.json()["new"]) == (201, True)
    assert web.get(first.json()["pdf"]).status_code == 200
    second = web.post("/api/figures/monthly/", sent, content_type="application/json")
    assert second.json()["id"] == first.json()["id"]
    assert web.get("/api/figures/monthly/", {"region": "140931", "month": "2026-10"}).status_code == 404
    assert (
        web.get("/api/figures/monthly/", {"region": "140930", "month": "2026-12"}).json()["key"]
        == "figures.month_wrong"
    )

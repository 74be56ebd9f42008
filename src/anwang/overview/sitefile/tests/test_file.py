"""One page per place with everything known about it, each part seen as its own room shows it."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from anwang.ground.accounts import scope
from anwang.ground.files import papers
from anwang.ground.files.papers import Agency
from anwang.overview.sitefile import labels, selectors
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import selectors as register
from anwang.registers.sites import services as sites
from anwang.work.inspections import services as visits

pytestmark = pytest.mark.django_db


def url(site, **query):
    return reverse("sitefile:site", args=[site.pk]) + (
        "?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""
    )


@pytest.fixture
def place(walked, ago, now, run_jobs):
    """A mine with a history: closed, late, open and major hazards."""
    walked("closed", at=ago(40))
    walked("rectifying", at=ago(20), due_in=3)
    hazard = walked("rectifying", at=ago(2), major=True, due_in=30)
    run_jobs(now=now)
    return hazard.site


def events(user, site, **more):
    scope.forget(user)
    return [str(entry.what) for entry in selectors.timeline(user, site, **more).entries]


def test_everything_stands_on_one_page(place, people, as_user):
    page = as_user(people.office).get(url(place)).content.decode()
    for words in (
        place.name,
        place.number,
        "当前责任人",
        "三位一体检查",
        "未销号隐患",
        "该单位各月隐患",
        "文书与资料",
        "登记隐患",
    ):
        assert words in page
    assert reverse("sites:qr", args=[place.pk]) in page
    assert "15400000077" not in page  # telephones are masked
    assert "154****0077" in page


def test_the_numbers_lead_to_their_rows(place, people, as_user):
    web = as_user(people.office)
    context = web.get(url(place)).context
    found = [number for number in context["numbers"] if number.url and isinstance(number.value, int)]
    assert {str(number.label): number.value for number in found} == {"未销号隐患": 2, "累计发现": 3, "其中重大": 1}
    for number in found:
        assert web.get(number.url).context["ledger"].count == number.value
    for figure in context["figures"]:
        for row in figure.cells():
            for cell in row[1:]:
                if cell.url:
                    assert web.get(cell.url).context["ledger"].count == cell.value


def test_the_line_of_time(place, people, now):
    told = events(people.office, place)
    assert told.count("登记隐患") == 3
    assert "隐患销号" in told
    assert any("重大" in words for words in told)
    assert any("逾期" in words for words in told)
    assert "登记场所" in told
    moments = [entry.at for entry in selectors.timeline(people.office, place).entries]
    assert moments == sorted(moments, reverse=True)


def test_the_line_is_narrowed_and_goes_on(place, people, as_user, now, monkeypatch):
    assert events(people.office, place, sorts=["place"]) == ["登记场所"]
    assert "登记场所" not in events(people.office, place, sorts=["hazards"])
    whole = selectors.timeline(people.office, place).entries
    monkeypatch.setattr("anwang.overview.sitefile.selectors.history.PAGE", 3)
    walked, before = [], None
    for _ in range(20):
        page = selectors.timeline(people.office, place, before=before)
        walked += page.entries
        before = page.older
        if before is None:
            break
    assert len(walked) == len(whole)
    assert {(e.at, str(e.what), e.note) for e in walked} == {(e.at, str(e.what), e.note) for e in whole}
    web = as_user(people.office)
    assert web.get(url(place, show="visits")).status_code == 200
    assert web.get(url(place, show="nothing", before="x")).status_code == 200
    piece = web.get(url(place, show="hazards"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in piece


def test_visits_and_papers_are_on_it(site, people, now, as_user, places):
    place = site()
    made = visits.arrange(
        site_id=place.pk, visit_kind="government", by=people.inspector, now=now, due_on=date(2026, 11, 25)
    )
    assert any("政府检查" in words for words in events(people.inspector, place, sorts=["visits"]))
    hidden = visits.arrange(
        site_id=place.pk,
        visit_kind="unannounced",
        by=people.office,
        lead_id=people.inspector.pk,
        now=now,
        due_on=date(2026, 11, 26),
    )
    # An unannounced visit is told to nobody who might warn the place.
    for user in (people.enterprise, people.town):
        assert not any("暗访" in words for words in events(user, place))
        assert hidden.number not in as_user(user).get(url(place)).content.decode()
    assert made.number in as_user(people.inspector).get(url(place)).content.decode()


def test_papers_about_its_hazards(walked, people, now, as_user, places):
    hazard = walked("assigned")
    agency = Agency.of(places.county, name="河曲县应急管理局", word="应急")
    paper = papers.issue(
        kind="hazards.notice",
        on=hazard,
        data={"unit": {"name": "云岫煤业"}, "problems": [{"fact": "瓦斯超限"}]},
        agency=agency,
        by=people.inspector,
        now=now,
    )
    page = as_user(people.inspector).get(url(hazard.site)).content.decode()
    assert paper.number in page
    assert any(paper.title in words for words in events(people.inspector, hazard.site, sorts=["papers"]))


def test_who_began_and_ceased_to_answer(site, people, now):
    place = site()
    row = organisations.assign(
        level="post", site=place, person_name="邬敬安", since=date(2026, 3, 1), by=people.office, now=now
    )
    assert events(people.office, place, sorts=["people"]) == ["开始负责：邬敬安"]
    organisations.end(responsibility_id=row.pk, until=date(2026, 6, 1), by=people.office, now=now)
    assert events(people.office, place, sorts=["people"]) == ["不再负责：邬敬安", "开始负责：邬敬安"]
    assert events(people.enterprise, place, sorts=["people"]) == []  # reads no organisations


def test_a_place_that_moved_on(site, people, now):
    place = site("望舒面馆", kind_key="restaurant", opened_on=date(2020, 5, 1))
    sites.suspend(site_id=place.pk, note="装修", by=people.office, now=now + timedelta(hours=1))
    sites.set_colour(site_id=place.pk, colour="yellow", by=people.office, now=now + timedelta(hours=2))
    place.refresh_from_db()
    assert events(people.office, place, sorts=["place"]) == ["风险等级评定", "停业停产", "登记场所", "开业"]


def test_another_s_place_is_not_there(place, people, as_user, site, places):
    far = site("外地面馆", region=places.far_grid, by=people.far, enterprise=None, kind_key="restaurant")
    for user in (people.other_county, people.far):
        assert as_user(user).get(url(place)).status_code == 404
        assert as_user(user).get(f"/api/sitefile/{place.pk}/").status_code == 404
        assert as_user(user).get(f"/api/sitefile/{place.pk}/timeline/").status_code == 404
    assert as_user(people.office).get(url(far)).status_code == 404
    assert as_user(people.office).get("/sitefile/nonsense/").status_code == 404
    assert as_user(people.system).get(url(place)).status_code == 403


def test_an_enterprise_sees_its_own_place_and_no_chain_page(place, people, as_user):
    page = as_user(people.enterprise).get(url(place))
    assert page.status_code == 200
    assert page.context["chain_url"] == ""
    assert len(page.context["hazards"]) == 2


def test_a_home_is_shown_roughly_to_those_who_do_not_look_after_it(site, people, now):
    home = site("黄河路1号", kind_key="gas_household", enterprise=None)
    kind = register.kind_of(home.kind_key)
    assert kind.home
    home.lon, home.lat = 111.14637, 39.38412
    for user, whole in ((people.office, True), (people.leader, False)):
        scope.forget(user)
        assert (selectors.position(user, home, kind) == (home.lon, home.lat)) is whole


def test_a_file_costs_the_same_however_long_its_history(
    place, found, people, as_user, ago, django_assert_max_num_queries
):
    """Recorded: questions to the database for one file."""
    web = as_user(people.office)
    for n in range(8):
        found(at=place, now=ago(n), description=f"第{n}条")
    with django_assert_max_num_queries(31):
        assert web.get(url(place)).status_code == 200


def test_the_api_tells_the_same(place, people, as_user):
    web = as_user(people.office)
    told = web.get(f"/api/sitefile/{place.pk}/").json()
    assert (told["found"], told["open"], told["major"]) == (3, 2, 1)
    assert len(told["hazards"]) == 2
    items = web.get(f"/api/sitefile/{place.pk}/timeline/", {"show": "place"}).json()["items"]
    assert [item["what"] for item in items] == ["登记场所"]
    assert set(labels.SORTS) == {"hazards", "visits", "papers", "people", "place"}

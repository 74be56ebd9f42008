"""One search for everything, and nothing that is another's."""

import pytest
from django.urls import reverse

from anwang.ground.accounts import scope
from anwang.kernel import clock
from anwang.overview.desk import selectors
from anwang.registers.organisations import services as organisations
from anwang.registers.organisations.models import Organisation

pytestmark = pytest.mark.django_db


def search(user, text, now):
    scope.forget(user)
    return {group.key: [str(hit.title) for hit in group.hits] for group in selectors.search(user, text, now=now)}


def test_a_place_by_name_number_and_code(site, people, now, places):
    place = site("望舒面馆", kind_key="restaurant")
    for text in ("望舒", "面馆", place.number):
        assert search(people.office, text, now)["sites"] == ["望舒面馆"], text
    assert "sites" not in search(people.other_county, "望舒", now)
    assert "sites" not in search(people.far, place.number, now)
    assert search(people.city, "望舒", now)["sites"] == ["望舒面馆"]


def test_a_place_by_who_runs_it(site, people, now):
    site("望舒面馆", kind_key="restaurant")  # managed by 武某
    assert search(people.office, "武某", now)["sites"] == ["望舒面馆"]
    assert "sites" not in search(people.other_county, "武某", now)


def test_a_hazard_by_number_and_words(walked, elsewhere, people, now):
    one = walked("found")
    other = elsewhere()
    assert search(people.office, "瓦斯传感器", now)["hazards"] == [one.description]
    assert search(people.office, one.number, now)["hazards"] == [one.description]
    assert search(people.enterprise, one.number, now)["hazards"] == [one.description]
    assert "hazards" not in search(people.office, other.number, now)
    assert "hazards" not in search(people.far, one.number, now)


def test_organisations_and_people_in_posts(people, organisation, places, now):
    bureau = organisation("河曲县应急管理局", places.county, kind_key="department")
    post = organisations.make_post(organisation_id=bureau.pk, title="监察大队长", quota=1, by=people.office, now=now)
    organisations.appoint(post_id=post.pk, person_name="邬敬安", since=clock.local_date(now), by=people.office, now=now)
    assert search(people.office, "应急管理局", now)["organisations"] == ["河曲县应急管理局"]
    assert search(people.office, "邬敬安", now)["people"] == ["邬敬安"]
    for stranger in (people.other_county, people.far):
        found = search(stranger, "邬敬安", now)
        assert "people" not in found
        assert "organisations" not in search(stranger, "应急管理局", now)
    assert Organisation.objects.filter(pk=bureau.pk).exists()


def test_regions_within_one_s_own(people, now):
    assert search(people.office, "古渡", now)["regions"][0] == "古渡社区居委会"
    assert "regions" not in search(people.far, "古渡", now)


def test_administrators_find_accounts_and_no_business(walked, people, make_user, now):
    one = walked("found")
    found = search(people.system, people.inspector.name, now)
    assert found["accounts"] == [people.inspector.name]
    assert set(search(people.system, one.number, now)) == set()
    assert set(search(people.system, "云岫", now)) == set()
    assert set(search(make_user("auditor"), "云岫", now)) == set()


@pytest.mark.parametrize("text", ["", "   ", "\0", "%", "_", "'", "a" * 500, "\\", "１４０９３０", "-", "😀"])
def test_odd_words_find_nothing_and_break_nothing(site, people, as_user, text):
    site("望舒面馆", kind_key="restaurant")
    answer = as_user(people.office).get(reverse("desk:search"), {"q": text})
    assert answer.status_code == 200
    assert "望舒面馆" not in answer.content.decode()


def test_a_number_typed_in_full_leads_straight_there(found, site, people, as_user):
    place = site("望舒面馆", kind_key="restaurant")
    found(at=place, description="第一条")
    two = found(at=place, description="第二条")
    web = as_user(people.office)
    assert web.get(reverse("desk:search"), {"q": two.number})["Location"] == reverse("hazards:hazard", args=[two.pk])
    # Places and hazards are numbered alike: where a number names two things, both are shown.
    both = web.get(reverse("desk:search"), {"q": place.number})
    assert [group.key for group in both.context["groups"]] == ["sites", "hazards"]
    # Of another county's number nothing is told, not even that it exists.
    assert as_user(people.far).get(reverse("desk:search"), {"q": two.number}).context["groups"] == []


def test_while_typing_only_the_results_come(site, people, as_user):
    site("望舒面馆", kind_key="restaurant")
    piece = as_user(people.office).get(reverse("desk:search"), {"q": "望舒"}, headers={"HX-Request": "true"})
    text = piece.content.decode()
    assert "<html" not in text
    assert "<mark>望舒</mark>面馆" in text


def test_more_than_a_handful_leads_to_the_list(found, people, as_user, now):
    for n in range(9):
        found(description=f"消火栓无水{n}")
    group = next(g for g in selectors.search(people.office, "消火栓", now=now) if g.key == "hazards")
    assert len(group.hits) == 6
    ledger = as_user(people.office).get(group.more_url).context["ledger"]
    assert ledger.count == 9


def test_the_api_searches_too(walked, people, as_user):
    one = walked("found")
    told = {each["key"]: each for each in as_user(people.office).get("/api/desk/search/", {"q": one.number}).json()}
    assert told["hazards"]["hits"][0]["url"] == reverse("hazards:hazard", args=[one.pk])
    assert as_user(people.far).get("/api/desk/search/", {"q": one.number}).json() == []

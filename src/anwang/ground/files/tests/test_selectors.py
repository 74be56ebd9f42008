from datetime import timedelta

import pytest

from anwang.ground.base.models import new_id
from anwang.ground.files import selectors, services
from anwang.ground.files.models import EvidenceLimit
from anwang.ground.files.rules import Doubt
from anwang.ground.files.tests.makers import Thing, encoded, pdf, photo, scene

pytestmark = pytest.mark.django_db

SITE = {"site_lon": 111.14, "site_lat": 39.38}


@pytest.fixture
def inspector(make_user, places):
    return make_user("inspector", places.county)


@pytest.fixture
def show(now):
    """Upload and attach in one go."""

    def make(by, data, thing, slot="before", at=now, **more):
        more.setdefault("lon", 111.14)
        more.setdefault("lat", 39.38)
        more.setdefault("taken_at", at)
        file = services.upload(data=data, name="x.jpg", by=by, now=at, **more)
        return services.attach(file_ids=[file.pk], to=thing, slot=slot, by=by, now=at)[0]

    return make


def flagged(file, now, **more):
    found = selectors.flags(file, **SITE, not_before=now - timedelta(hours=1), **more)
    return {flag.key: flag for flag in found}


def test_an_honest_photo_has_no_flag(inspector, show, places, now):
    file = show(inspector, photo(1), Thing(new_id(), places.village))
    assert flagged(file, now) == {}


def test_far_old_unplaced_edited(inspector, show, places, now):
    thing = Thing(new_id(), places.village)
    far = show(inspector, photo(1), thing, lat=39.39)
    assert flagged(far, now).keys() == {Doubt.FAR}
    assert "公里" in str(flagged(far, now)[Doubt.FAR]) or "km" in str(flagged(far, now)[Doubt.FAR])
    old = show(inspector, photo(2), thing, taken_at=now - timedelta(days=2))
    assert flagged(old, now).keys() == {Doubt.OLD}
    bare = show(inspector, photo(3), thing, lon=None, lat=None, taken_at=None)
    assert flagged(bare, now).keys() == {Doubt.NO_POSITION, Doubt.NO_TIME}
    edited = show(inspector, photo(4, software="Adobe Photoshop 24.0"), thing)
    assert flagged(edited, now).keys() == {Doubt.EDITED}


def test_documents_are_not_judged(inspector, show, places, now):
    file = show(inspector, pdf(), Thing(new_id(), places.village), kind="document")
    assert flagged(file, now) == {}


def test_the_same_picture_on_another_thing(inspector, show, places, now):
    first = show(inspector, photo(1), Thing(new_id(), places.village))
    again = show(inspector, photo(1), Thing(new_id(), places.village_two), at=now + timedelta(days=3))
    flag = flagged(again, now, viewer=inspector)[Doubt.REUSED]
    assert flag.other == first
    assert flag.params["bits"] == 0
    assert Doubt.REUSED in flagged(first, now, viewer=inspector), "told on both"
    assert flagged(again, now)[Doubt.REUSED].other is None, "without a viewer nothing is shown"


def test_a_picture_sent_through_a_messenger_is_still_the_same(inspector, show, places, now):
    show(inspector, photo(1), Thing(new_id(), places.village))
    small = encoded(scene(1).resize((720, 540)), quality=55)
    again = show(inspector, small, Thing(new_id(), places.village))
    assert flagged(again, now)[Doubt.REUSED].params["bits"] <= 6


def test_other_scenes_are_not_the_same(inspector, show, places, now):
    files = [show(inspector, photo(seed), Thing(new_id(), places.village)) for seed in range(1, 9)]
    assert all(Doubt.REUSED not in flagged(file, now) for file in files)


def test_before_used_as_after_is_told(inspector, show, places, now):
    thing = Thing(new_id(), places.village)
    show(inspector, photo(1), thing, "before")
    after = show(inspector, photo(1), thing, "after")
    flag = flagged(after, now, viewer=inspector)[Doubt.REUSED]
    assert flag.params["here"]
    assert flag.other is not None


def test_twice_in_one_slot_is_no_doubt(inspector, show, places, now):
    thing = Thing(new_id(), places.village)
    show(inspector, photo(1), thing)
    assert flagged(show(inspector, photo(1), thing), now) == {}


def test_the_family_shares_its_pictures(inspector, show, places, now):
    visit, hazard = Thing(new_id(), places.village, kind="inspection"), Thing(new_id(), places.village)
    found = show(inspector, photo(1), visit, "finding")
    (taken,) = services.attach(file_ids=[found.pk], to=hazard, slot="before", by=inspector, now=now)
    assert Doubt.REUSED in flagged(taken, now)
    assert flagged(taken, now, family=[visit]) == {}


def test_a_picture_out_of_sight_is_told_but_not_shown(make_user, show, places, now):
    """The whole county is searched; who may not see the other hears only that there is one."""
    fire = make_user("inspector", places.county, domains=("fire",))
    coal = make_user("inspector", places.county, domains=("coal",))
    show(coal, photo(1), Thing(new_id(), places.village, domain="coal"))
    again = show(fire, photo(1), Thing(new_id(), places.village, domain="fire"))
    flag = flagged(again, now, viewer=fire)[Doubt.REUSED]
    assert flag.other is None
    assert str(flag)
    (shown,) = selectors.shown([again], viewer=fire)
    assert shown.twin == ""
    assert shown.flags


def test_another_county_is_not_searched(make_user, inspector, show, places, now):
    far = make_user("inspector", places.far_county)
    show(far, photo(1), Thing(new_id(), places.far_village))
    assert flagged(show(inspector, photo(1), Thing(new_id(), places.village)), now) == {}


def test_the_nearest_is_named(inspector, show, places, now):
    show(inspector, encoded(scene(1).resize((500, 375)), quality=40), Thing(new_id(), places.village))
    exact = show(inspector, photo(1), Thing(new_id(), places.village))
    again = show(inspector, photo(1), Thing(new_id(), places.village))
    assert flagged(again, now, viewer=inspector)[Doubt.REUSED].other == exact


def test_limits_of_the_day_judge(inspector, show, places, now):
    EvidenceLimit.objects.create(key="far_metres", value=2000, unit="m", since=now, source="x", confidence="local")
    thing = Thing(new_id(), places.village)
    before = show(inspector, photo(1), thing, lat=39.39, at=now - timedelta(minutes=5))
    after = show(inspector, photo(2), thing, lat=39.39, at=now + timedelta(minutes=5))
    assert Doubt.FAR in flagged(before, now)
    assert Doubt.FAR not in flagged(after, now)


def test_what_the_page_draws(inspector, show, places, now):
    thing = Thing(new_id(), places.village)
    first = show(inspector, photo(1), thing, "before")
    again = show(inspector, photo(1), thing, "after")
    document = show(inspector, pdf(), thing, "after", kind="document")
    (shown,) = selectors.shown([again, document], **SITE, not_before=now, viewer=inspector)
    assert shown.thumb == f"/files/{again.pk}/320"
    assert shown.full == f"/files/{again.pk}/"
    assert shown.twin == f"/files/{again.pk}/beside/{first.pk}/"
    assert len(shown.flags) == 1
    (plain,) = selectors.shown([again], viewer=inspector, doubt=False)
    assert plain.flags == []
    (linked,) = selectors.shown([again], doubt=False, address=lambda file, size: f"/p/x/{size}")
    assert (linked.thumb, linked.full) == ("/p/x/320", "/p/x/None")


def test_a_page_of_things_is_one_query(inspector, show, places, django_assert_num_queries):
    things = [Thing(new_id(), places.village) for _ in range(3)]
    for seed, thing in enumerate(things, start=1):
        show(inspector, photo(seed), thing)
    with django_assert_num_queries(1):
        found = selectors.for_things("hazard", [thing.pk for thing in things])
    assert [len(files) for files in found.values()] == [1, 1, 1]

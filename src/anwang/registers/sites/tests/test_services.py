from datetime import date, timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction

from anwang.ground.audit.models import AuditRow
from anwang.ground.base import errors
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.regions import services as regions
from anwang.ground.regions.models import Border, Grid
from anwang.kernel import geo
from anwang.registers.organisations import selectors as chains
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import selectors, services
from anwang.registers.sites.labels import EVENTS, SENTENCES
from anwang.registers.sites.models import Site, SiteKind, SiteMove, SmallPlaceLimit, SupervisionClass
from anwang.registers.sites.rules import Flag, State

pytestmark = pytest.mark.django_db
USCC = "91140431MA0DEM013F"
TODAY = date(2026, 11, 20)


def refused(key):
    return pytest.raises(Refused, check=lambda error: error.key == key)


def test_a_place_is_entered(site, office, places, market_bureau):
    made = site(
        address="西口镇迎薰街12号",
        owner_name="樊 改花",
        owner_phone="15400000021",
        people_on_site=12,
        supervision_class="b",
        supervising_department=market_bureau,
        lon=111.146,
        lat=39.383,
        uscc=USCC.lower(),
        fields={"gas_kind": "瓶装液化气", "seats": "60", "gas_alarm": "是"},
    )
    assert made.number == "140930-2026-000001"
    assert (made.domain, made.state, made.uscc, made.supervision_class) == ("commerce", "active", USCC, "B")
    assert made.fields == {"gas_kind": "lpg", "seats": 60, "gas_alarm": True}
    assert (made.town_code, made.grid_code) == (places.town.code, places.grid.code)
    assert made.region_path == "西口镇 · 古渡社区居委会"
    assert made.small is True
    assert made.next_inspection_on == date(2027, 5, 20)
    assert made.flag_keys == []
    assert site("第二家").number == "140930-2026-000002"
    row = AuditRow.objects.get(event="sites.made", on_id=made.pk)
    assert (row.on_kind, row.by_id) == ("site", office.pk)
    assert SiteMove.objects.filter(site=made).count() == 1


def test_what_is_not_known_is_flagged_not_refused(site):
    assert site().flag_keys == [
        Flag.NO_POSITION,
        Flag.NO_DEPARTMENT,
        Flag.NO_PHONE,
        Flag.NO_CLASS,
        Flag.FIELDS_MISSING,
    ]


@pytest.mark.parametrize(
    ("values", "key", "field"),
    [
        ({"name": "  "}, "sites.name_missing", "name"),
        ({"kind_key": "castle"}, "sites.kind_unknown", "kind_key"),
        ({"domain": "gold"}, "sites.domain_unknown", "domain"),
        ({"uscc": "91140431MA0DEM013G"}, "sites.uscc_wrong", "uscc"),
        ({"people_on_site": -1}, "sites.people_wrong", "people_on_site"),
        ({"people_on_site": "10"}, "sites.people_wrong", "people_on_site"),
        ({"supervision_class": "Z"}, "sites.class_unknown", "supervision_class"),
        ({"lon": 39.3, "lat": 111.1}, "sites.position_wrong", "lon"),
        ({"lon": 36372560.6, "lat": 4245615.6}, "sites.position_wrong", "lon"),
        ({"lon": 2.35, "lat": 48.85}, "sites.position_wrong", "lon"),
        ({"lon": 111.1, "lat": 39.3, "crs": "mars"}, "sites.crs_unknown", "crs"),
        ({"fields": {"seats": "很多"}}, "sites.field_number", "fields.seats"),
        ({"fields": {"castle": "1"}}, "sites.field_unknown", "fields.castle"),
        ({"fields": {"gas_kind": "木柴"}}, "sites.field_choice", "fields.gas_kind"),
    ],
)
def test_what_makes_no_place(site, values, key, field):
    with refused(key) as caught:
        site(**values)
    assert caught.value.field == field
    assert "%(" not in str(caught.value)
    assert not Site.objects.exists()


def test_a_place_lies_in_a_county_or_below(site, places):
    with refused("sites.region_too_high"):
        site(region=places.city)


def test_old_ledgers_are_taken_as_they_are(site):
    made = site(
        lenient=True,
        uscc="1409300000 12",
        supervision_class="甲",
        fields={"seats": "很多", "what": "?", "cylinders": "3"},
    )
    assert (made.uscc, made.supervision_class, made.fields) == ("1409300000 12", "", {"cylinders": 3})
    assert Flag.BAD_USCC in made.flag_keys


def test_sending_a_form_twice_makes_one(site):
    key = new_id()
    assert site(id=key).pk == site(id=key, name="别的").pk == key
    assert Site.objects.count() == 1


def test_writing_needs_the_right_in_that_place(site, make_user, places, now, office):
    made = site()
    with refused("accounts.not_permitted"):
        services.change(site_id=made.pk, changes={"name": "甲"}, by=make_user("grid_member", places.grid), now=now)
    with pytest.raises(ObjectDoesNotExist):
        services.change(site_id=made.pk, changes={}, by=make_user("county_office", places.other_county), now=now)
    coal = make_user("inspector", places.county, domains=["coal"])
    with pytest.raises(ObjectDoesNotExist):
        services.change(site_id=made.pk, changes={}, by=coal, now=now)
    with refused("accounts.not_permitted"):
        site(by=coal)
    with refused("accounts.not_permitted"):
        site(region=places.other_grid)
    town = make_user("town_officer", places.town)
    assert site("镇上的店", by=town).pk
    with refused("accounts.not_permitted"):
        services.move_to(site_id=made.pk, region=places.town_two, by=town, now=now)
    with refused("accounts.not_permitted"):
        services.merge(lost_id=made.pk, kept_id=site("丙").pk, note="重复", by=town, now=now)
    # A domain cannot be changed out of the reach of whoever changes it.
    shops = make_user("inspector", places.county, domains=["commerce"])
    with refused("accounts.not_permitted"):
        services.change(site_id=made.pk, changes={"domain": "fire"}, by=shops, now=now)


def test_an_enterprise_sees_its_own_places_only(site, make_user, office, places, now):
    unit = organisations.make(
        kind_key="enterprise", name="云岫餐饮有限公司", region=places.village, by=office, now=now, uscc=USCC
    )
    mine, other = site(enterprise=unit), site("别家")
    person = make_user("enterprise_officer", organisation_id=unit.pk)
    assert mine.uscc == USCC
    assert [row.pk for row in Site.objects.visible_to(person)] == [mine.pk]
    with pytest.raises(ObjectDoesNotExist):
        services.change(site_id=other.pk, changes={}, by=person, now=now)
    with refused("accounts.not_permitted"):
        services.change(site_id=mine.pk, changes={}, by=person, now=now)


def test_a_change_keeps_before_and_after(site, office, now):
    made = site(owner_phone="15400000021", fields={"seats": 60})
    services.change(
        site_id=made.pk,
        changes={"owner_phone": "15400000022", "name": "望舒 饭店", "fields": {"seats": 80}},
        by=office,
        now=now,
    )
    data = AuditRow.objects.get(event="sites.changed").data
    assert data == {
        "name": ["望舒面馆", "望舒 饭店"],
        "owner_phone": ["154****0021", "154****0022"],
        "fields.seats": [60, 80],
    }
    services.change(site_id=made.pk, changes={"name": "望舒 饭店"}, by=office, now=now)
    assert AuditRow.objects.filter(event="sites.changed").count() == 1
    with pytest.raises(TypeError):
        services.change(site_id=made.pk, changes={"number": "1"}, by=office, now=now)


def test_another_kind_asks_other_questions(site, office, now):
    made = site(fields={"seats": 60, "area_m2": 90})
    services.change(site_id=made.pk, changes={"kind_key": "small_shop"}, by=office, now=now)
    made.refresh_from_db()
    assert made.fields == {"area_m2": 90}
    assert made.small is True


def test_positions_are_stored_as_wgs84_and_checked_against_the_border(site, office, places, now):
    Border.objects.create(
        region=places.county,
        geometry={"type": "Polygon", "coordinates": [[[111, 39], [111.6, 39], [111.6, 39.5], [111, 39.5], [111, 39]]]},
        source="test",
    )
    made = site()
    services.set_position(site_id=made.pk, lon=111.152, lat=39.384, crs="gcj02", by=office, now=now)
    made.refresh_from_db()
    assert geo.distance_m(made.lon, made.lat, *geo.gcj02_to_wgs84(111.152, 39.384)) < 0.1
    assert (made.crs_input, made.position_raw) == ("gcj02", "111.152,39.384")
    assert Flag.NO_POSITION not in made.flag_keys
    assert Flag.OUTSIDE not in made.flag_keys
    services.set_position(site_id=made.pk, lon=112.5, lat=39.3, crs="wgs84", by=office, now=now)
    made.refresh_from_db()
    assert Flag.OUTSIDE in made.flag_keys
    # The outline of the grid goes before the border of the county.
    Grid.objects.filter(pk=places.grid.code).update(
        outline={"type": "Polygon", "coordinates": [[[111.1, 39.3], [111.2, 39.3], [111.2, 39.4], [111.1, 39.3]]]}
    )
    services.set_position(site_id=made.pk, lon=111.5, lat=39.4, crs="wgs84", by=office, now=now)
    made.refresh_from_db()
    assert Flag.OUTSIDE in made.flag_keys


def test_a_place_moves_with_its_chain(site, office, places, now):
    made = site()
    row = organisations.assign(level="enterprise", site=made, person_name="经理", since=TODAY, by=office, now=now)
    twin = site(region=places.town_two)
    assert Flag.DUPLICATE in twin.flag_keys
    services.move_to(site_id=made.pk, region=places.town_two, by=office, now=now)
    made.refresh_from_db()
    row.refresh_from_db()
    assert made.region_path == row.region.name == "楼子营镇"
    assert (made.town_code, row.town_code) == (places.town_two.code, places.town_two.code)


WEST = {
    "type": "Polygon",
    "coordinates": [[[111.1, 39.3], [111.15, 39.3], [111.15, 39.4], [111.1, 39.4], [111.1, 39.3]]],
}
EAST = {
    "type": "Polygon",
    "coordinates": [[[111.15, 39.3], [111.2, 39.3], [111.2, 39.4], [111.15, 39.4], [111.15, 39.3]]],
}


def test_places_and_members_follow_their_grid(site, office, places, now):
    west, nowhere = site(lon=111.12, lat=39.35), site("无位置")
    other = site("别格", region=places.grid_two)
    services.merge(lost_id=site("旧").pk, kept_id=other.pk, note="重复", by=office, now=now)
    row = organisations.assign(
        level="grid", region=places.grid, person_name="苗彩霞", since=date(2026, 1, 1), by=office, now=now
    )
    own = organisations.assign(level="enterprise", site=west, person_name="经理", since=TODAY, by=office, now=now)
    parts = [regions.Part("西格", WEST), regions.Part("东格", EAST)]
    news = regions.split_grid(grid=places.grid, parts=parts, by=office, now=now)
    for thing in (west, nowhere, other, row, own):
        thing.refresh_from_db()
    assert (west.region, own.region) == (news[0], news[0])
    assert nowhere.region == places.village
    assert other.region == places.grid_two
    assert row.until == TODAY
    for region in news:
        assert [answer.person for answer in chains.responsible_for(region, TODAY)] == ["苗彩霞"]
    assert [answer.person for answer in chains.responsible_for(places.grid, date(2026, 6, 1))] == ["苗彩霞"]
    whole = regions.merge_grids(olds=news, name="合格", by=office, now=now)
    west.refresh_from_db()
    assert west.region == whole
    assert [answer.person for answer in chains.responsible_for(whole, TODAY)] == ["苗彩霞"]


def test_suspended_closed_reopened(site, office, now):
    made = site(supervision_class="A")
    assert made.next_inspection_on == date(2027, 2, 20)
    with refused("sites.reason_missing"):
        services.suspend(site_id=made.pk, note=" ", by=office, now=now)
    assert services.suspend(site_id=made.pk, note="停业装修", by=office, now=now).next_inspection_on is None
    with refused("sites.move_not_offered") as caught:
        services.suspend(site_id=made.pk, note="再停", by=office, now=now)
    assert "望舒面馆" in caught.value.what
    assert services.resume(site_id=made.pk, by=office, now=now).next_inspection_on == date(2027, 2, 20)
    assert services.close(site_id=made.pk, note="拆除", by=office, now=now).flags == ""
    assert services.reopen(site_id=made.pk, note="误注销", by=office, now=now).flags != ""
    states = [move.target for move in SiteMove.objects.filter(site=made).order_by("id")]
    assert states == ["active", "suspended", "active", "closed", "active"]


def test_doubles_are_suspected_and_cleared(site, office, now):
    one = site()
    two = site(" 望舒（面馆）")
    one.refresh_from_db()
    assert Flag.DUPLICATE in one.flag_keys
    assert Flag.DUPLICATE in two.flag_keys
    services.change(site_id=two.pk, changes={"name": "望舒面馆二店"}, by=office, now=now)
    one.refresh_from_db()
    assert Flag.DUPLICATE not in one.flag_keys
    assert selectors.duplicates_of(one) == [two]


def test_two_rows_become_one(site, office, now, market_bureau):
    kept = site(owner_name="樊改花", fields={"seats": 60})
    lost = site(
        "望舒 面馆",
        owner_name="别人",
        owner_phone="15400000021",
        lon=111.146,
        lat=39.383,
        supervising_department=market_bureau,
        fields={"seats": 20, "cylinders": 2},
    )
    services.inspected(site_id=lost.pk, on=date(2026, 10, 1), by=office, now=now)
    row = organisations.assign(level="enterprise", site=lost, person_name="经理", since=TODAY, by=office, now=now)
    seen = []

    def repoint(*, lost, kept, by, now):
        seen.append((lost.pk, kept.pk, lost.state))

    services.on_merge(repoint)
    services.on_merge(repoint)
    try:
        with refused("sites.reason_missing"):
            services.merge(lost_id=lost.pk, kept_id=kept.pk, note="", by=office, now=now)
        assert seen == []
        services.merge(lost_id=lost.pk, kept_id=kept.pk, note="重复登记", by=office, now=now)
    finally:
        services._on_merge.remove(repoint)
    for thing in (kept, lost, row):
        thing.refresh_from_db()
    assert seen == [(lost.pk, kept.pk, "active")]
    assert (lost.state, lost.merged_into_id, row.site_id) == (State.MERGED, kept.pk, kept.pk)
    assert (kept.owner_name, kept.owner_phone, kept.lon) == ("樊改花", "15400000021", 111.146)
    assert kept.fields == {"seats": 60, "cylinders": 2}
    assert kept.last_inspected_on == date(2026, 10, 1)
    assert kept.supervising_department_id == market_bureau.pk
    assert Flag.DUPLICATE not in kept.flag_keys
    with refused("sites.merged_away"):
        services.change(site_id=lost.pk, changes={}, by=office, now=now)
    with refused("sites.merged_away"):
        services.merge(lost_id=kept.pk, kept_id=lost.pk, note="反了", by=office, now=now)


def test_a_failing_room_undoes_the_whole_merge(site, office, now):
    kept, lost = site(), site("丙")

    def repoint(**_parts):
        raise Refused("sites.reason_missing")

    services.on_merge(repoint)
    try:
        with refused("sites.reason_missing"), transaction.atomic():
            services.merge(lost_id=lost.pk, kept_id=kept.pk, note="重复", by=office, now=now)
    finally:
        services._on_merge.remove(repoint)
    lost.refresh_from_db()
    assert lost.state == State.ACTIVE


def test_what_is_never_merged(site, office, places, now, make_user):
    kept = site()
    with refused("sites.merge_same"):
        services.merge(lost_id=kept.pk, kept_id=kept.pk, note="x", by=office, now=now)
    with pytest.raises(ObjectDoesNotExist):
        services.merge(lost_id=kept.pk, kept_id=new_id(), note="x", by=office, now=now)
    both = make_user("county_office", places.county)
    make_user.grant(both, "county_office", places.other_county)
    far = site(region=places.other_grid, by=both)
    with refused("sites.merge_counties"):
        services.merge(lost_id=far.pk, kept_id=kept.pk, note="x", by=both, now=now)
    with transaction.atomic(), pytest.raises(IntegrityError):
        Site.objects.filter(pk=kept.pk).update(state="merged")


def test_the_colour_is_written_by_the_room_of_risks(site, office, now):
    made = site()
    services.set_colour(site_id=made.pk, colour="orange", by=None, now=now, reason="LEC 200")
    services.set_colour(site_id=made.pk, colour="red", by=office, now=now)
    assert [row.data["after"] for row in AuditRow.objects.filter(event="sites.coloured").order_by("seq")] == [
        "orange",
        "red",
    ]
    with refused("sites.colour_unknown"):
        services.set_colour(site_id=made.pk, colour="green", by=None, now=now)


def test_an_inspection_moves_the_next_one(site, office, now):
    made = site(supervision_class="A")
    services.inspected(site_id=made.pk, on=date(2026, 11, 1), by=office, now=now)
    services.inspected(site_id=made.pk, on=date(2026, 9, 1), by=office, now=now)
    made.refresh_from_db()
    assert (made.last_inspected_on, made.next_inspection_on) == (date(2026, 11, 1), date(2027, 2, 1))
    with refused("sites.inspected_in_future"):
        services.inspected(site_id=made.pk, on=date(2026, 11, 21), by=office, now=now)


def test_numbers_in_full_are_recorded(site, make_user, places, now):
    made = site(owner_phone="15400000021")
    inspector = make_user("inspector", places.county)
    assert services.show_phone(site_id=made.pk, whose="owner", by=inspector, now=now) == "15400000021"
    assert AuditRow.objects.get(event="sites.phone_shown").data == {"whose": "owner"}
    for whose in ("manager", "cat"):
        with refused("sites.no_phone"):
            services.show_phone(site_id=made.pk, whose=whose, by=inspector, now=now)
    with refused("accounts.not_permitted"):
        services.show_phone(site_id=made.pk, whose="owner", by=make_user("grid_member", places.grid), now=now)


def test_an_office_sets_its_own_frequency(site, office, places, now, make_user):
    made, elsewhere = site(supervision_class="A"), None
    services.set_frequency(key="A", region=places.county, months=1, basis="2026年度检查计划", by=office, now=now)
    made.refresh_from_db()
    assert made.next_inspection_on == date(2026, 12, 20)
    assert SupervisionClass.objects.get(key="A", region_code="").inspection_months == 3
    other = make_user("county_office", places.other_county)
    elsewhere = site("别县", region=places.other_grid, by=other, supervision_class="A")
    assert elsewhere.next_inspection_on == date(2027, 2, 20)
    with refused("accounts.not_permitted"):
        services.set_frequency(key="A", region=places.city, months=1, basis="", by=office, now=now)
    with refused("sites.class_unknown"):
        services.set_frequency(key="Q", region=places.county, months=1, basis="", by=office, now=now)
    assert services.load_library(now=now) == 0


def test_a_city_draws_its_own_line_for_small_places(site, office, places, now):
    made = site(fields={"seats": 60})
    assert made.small is True
    services.set_small_limit(
        kind_key="restaurant",
        field="seats",
        limit=50,
        region=places.county,
        basis="县办发〔2026〕1号",
        since=TODAY - timedelta(days=1),
        by=office,
        now=now,
    )
    made.refresh_from_db()
    assert made.small is False
    services.set_small_limit(
        kind_key="restaurant", field="seats", limit=70, region=places.county, basis="", since=TODAY, by=office, now=now
    )
    assert list(SmallPlaceLimit.objects.filter(region_code="140930").values_list("version", "until")) == [
        (1, TODAY),
        (2, None),
    ]
    with refused("sites.field_unknown"):
        services.set_small_limit(
            kind_key="restaurant",
            field="gas_kind",
            limit=1,
            region=places.county,
            basis="",
            since=TODAY,
            by=office,
            now=now,
        )


def test_who_answers_for_a_place(site, office, places, market_bureau, now):
    made = site(
        manager_name="邬经理",
        manager_phone="15400000031",
        owner_name="老板",
        supervising_department=market_bureau,
        opened_on=date(2020, 1, 1),
    )
    answers = chains.responsible_for(made, TODAY)
    assert [(answer.kind, answer.person, answer.phone) for answer in answers] == [
        ("enterprise", "邬经理", "15400000031"),
        ("department", "冯局长", "15400000055"),
    ]
    organisations.assign(level="department", site=made, person_name="樊股长", since=TODAY, by=office, now=now)
    assert [answer.person for answer in chains.responsible_for(made, TODAY)] == ["邬经理", "樊股长"]


def test_organisations_that_are_one_share_their_places(site, office, places, now):
    units = [
        organisations.make(kind_key="enterprise", name=name, region=places.village, by=office, now=now)
        for name in ("甲公司", "甲有限公司")
    ]
    made = site(enterprise=units[0])
    organisations.merge(lost_id=units[0].pk, kept_id=units[1].pk, reason="重复", by=office, now=now)
    made.refresh_from_db()
    assert made.enterprise_id == units[1].pk


def test_the_library_loads_once_and_a_newer_kind_keeps_the_older(library, now, monkeypatch):
    assert services.load_library(now=now) == 0
    newer = [dict(row) for row in services.library.kinds()]
    newer[0]["version"] = 2
    monkeypatch.setattr(services.library, "kinds", lambda: newer)
    assert services.load_library(now=now) == 1
    rows = SiteKind.objects.filter(key=newer[0]["key"]).order_by("version")
    assert [(row.version, row.current) for row in rows] == [(1, False), (2, True)]


def test_every_refusal_and_event_has_words():
    import re
    from pathlib import Path

    room = Path(services.__file__).parent
    text = "".join((room / name).read_text() for name in ("services.py", "rules.py", "selectors.py"))
    said = set(re.findall(r'"(sites\.[a-z_]+)"', text)) | {"sites.move_not_offered"}
    assert said <= set(SENTENCES) | set(EVENTS)
    assert set(SENTENCES) <= set(errors.known())

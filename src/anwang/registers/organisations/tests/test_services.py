from datetime import date, timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction

from anwang.ground.audit.models import AuditRow
from anwang.ground.base import errors
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.registers.organisations import services
from anwang.registers.organisations.labels import EVENTS, SENTENCES
from anwang.registers.organisations.models import Holding, Organisation, Responsibility

pytestmark = pytest.mark.django_db
USCC = "91140431MA0DEM013F"


def refused(key):
    return pytest.raises(Refused, check=lambda error: error.key == key)


def test_an_organisation_is_entered_with_the_powers_of_its_kind(organisation, office, places):
    station = organisation("fire_station", "西口镇 消防所", places.town)
    assert (station.may_check, station.may_order, station.may_penalise, station.may_seal) == (True, False, False, False)
    assert station.town_code == places.town.code
    row = AuditRow.objects.get(event="organisations.made")
    assert (row.on_kind, row.on_id, row.by_id, row.county_code) == ("organisation", station.pk, office.pk, "140930")


def test_a_station_penalises_only_by_delegation(organisation, office, now, places):
    station = organisation("fire_station", "西口镇消防所", places.town)
    with refused("organisations.delegation_missing"):
        services.change(organisation_id=station.pk, changes={"may_penalise": True}, by=office, now=now)
    services.change(
        organisation_id=station.pk,
        changes={"may_penalise": True, "delegation": "河政发〔2026〕3号"},
        by=office,
        now=now,
    )
    station.refresh_from_db()
    assert station.may_penalise


def test_codes_are_checked_and_unique(organisation):
    first = organisation("enterprise", "云岫煤业有限公司", uscc=" 91140431ma0dem013f ")
    assert first.uscc == USCC
    with refused("organisations.uscc_taken") as caught:
        organisation("enterprise", "另一家", uscc=USCC)
    assert "云岫煤业有限公司" in caught.value.what
    with refused("organisations.uscc_wrong"):
        organisation("enterprise", "第三家", uscc="91140431MA0DEM013G")
    with transaction.atomic(), pytest.raises(IntegrityError):
        Organisation.objects.filter(pk=organisation("enterprise", "第四家").pk).update(uscc=USCC)


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"name": "  "}, "organisations.name_missing"),
        ({"kind": "palace"}, "organisations.kind_unknown"),
        ({"domains": ["coal", "gold"]}, "organisations.domain_unknown"),
    ],
)
def test_what_makes_no_organisation(organisation, fields, key):
    with refused(key):
        organisation(**fields)
    assert not Organisation.objects.exists()


def test_sending_a_form_twice_makes_one(organisation):
    key = new_id()
    assert organisation(id=key).pk == organisation(id=key).pk == key
    assert Organisation.objects.count() == 1


def test_only_the_office_writes_and_only_at_home(make_user, places, now, organisation):
    body = organisation()
    for role in ("grid_member", "town_officer", "inspector", "city_office", "leader"):
        with refused("accounts.not_permitted"):
            services.change(organisation_id=body.pk, changes={"phone": "1"}, by=make_user(role, places.county), now=now)
    stranger = make_user("county_office", places.other_county)
    with pytest.raises(ObjectDoesNotExist):
        services.change(organisation_id=body.pk, changes={"phone": "1"}, by=stranger, now=now)
    with refused("accounts.not_permitted"):
        services.make(kind_key="department", name="甲", region=places.county, by=stranger, now=now)


def test_an_organisation_cannot_be_moved_out_of_reach(organisation, office, places, now):
    body = organisation()
    with refused("accounts.not_permitted"):
        services.change(organisation_id=body.pk, changes={"region": places.other_county}, by=office, now=now)


def test_a_change_keeps_before_and_after_without_the_number(organisation, office, now):
    body = organisation(phone="15400000001")
    services.change(
        organisation_id=body.pk, changes={"phone": "15400000002", "name": "河曲县应急局"}, by=office, now=now
    )
    data = AuditRow.objects.get(event="organisations.changed").data
    assert data["name"] == ["河曲县应急管理局", "河曲县应急局"]
    assert data["phone"] == ["154****0001", "154****0002"]
    services.change(organisation_id=body.pk, changes={"name": "河曲县应急局"}, by=office, now=now)
    assert AuditRow.objects.filter(event="organisations.changed").count() == 1


def test_nothing_stands_under_itself(organisation, office, now):
    above = organisation("department", "甲")
    below = organisation("department", "乙", parent=above)
    with refused("organisations.parent_circle"):
        services.change(organisation_id=above.pk, changes={"parent": below}, by=office, now=now)


def test_closing_needs_empty_posts_and_a_reason(member, grid_post, office, now):
    town = grid_post.organisation
    day = date(2026, 11, 20)
    with refused("organisations.still_staffed"):
        services.close(organisation_id=town.pk, on=day, reason="撤并", by=office, now=now)
    services.relieve(holding_id=member.pk, until=day, reason="调离", by=office, now=now)
    with refused("organisations.reason_missing"):
        services.close(organisation_id=town.pk, on=day, reason=" ", by=office, now=now)
    services.close(organisation_id=town.pk, on=day, reason="撤并", by=office, now=now)
    with refused("organisations.closed"):
        services.make_post(organisation_id=town.pk, title="文书", quota=1, by=office, now=now)
    services.reopen(organisation_id=town.pk, reason="恢复", by=office, now=now)
    with refused("organisations.not_closed"):
        services.reopen(organisation_id=town.pk, reason="恢复", by=office, now=now)


def test_merge_moves_posts_and_people_and_asks_the_rooms_above(organisation, office, now, make_user):
    kept, lost = organisation(name="甲"), organisation(name="甲局", uscc=USCC)
    child = organisation(name="丙", parent=lost)
    both = make_user(None)
    posts = {}
    for body in (kept, lost):
        posts[body.pk] = services.make_post(organisation_id=body.pk, title="科长", quota=1, by=office, now=now)
        services.appoint(post_id=posts[body.pk].pk, user=both, since=date(2026, 1, 1), by=office, now=now)
    services.appoint(post_id=posts[lost.pk].pk, person_name="乙", since=date(2026, 1, 1), by=office, now=now)
    services.make_post(organisation_id=lost.pk, title="文书", quota=1, by=office, now=now)
    asked = []
    services.on_merge(lambda **parts: asked.append((parts["lost"].pk, parts["kept"].pk)))
    try:
        services.merge(lost_id=lost.pk, kept_id=kept.pk, reason="重复录入", by=office, now=now)
    finally:
        services._on_merge.pop()
    kept.refresh_from_db()
    lost.refresh_from_db()
    child.refresh_from_db()
    assert asked == [(lost.pk, kept.pk)]
    assert (kept.uscc, lost.uscc, lost.active, child.parent_id) == (USCC, "", False, kept.pk)
    now_in_post = Holding.objects.at(date(2026, 11, 21)).filter(post=posts[kept.pk])
    assert sorted(holding.name for holding in now_in_post) == sorted([both.name, "乙"])
    assert kept.posts.filter(retired_on=None).count() == 2
    with refused("organisations.merge_same"):
        services.merge(lost_id=kept.pk, kept_id=kept.pk, reason="x", by=office, now=now)


def test_a_post_title_is_once_per_organisation(grid_post, office, now):
    with refused("organisations.post_taken"):
        services.make_post(organisation_id=grid_post.organisation_id, title=" 网格员 ", quota=1, by=office, now=now)
    services.change_post(post_id=grid_post.pk, changes={"quota": 5}, by=office, now=now)
    assert AuditRow.objects.get(event="organisations.post_changed").data["quota"] == [2, 5]
    with refused("organisations.title_missing"):
        services.change_post(post_id=grid_post.pk, changes={"title": " "}, by=office, now=now)
    with refused("organisations.employment_unknown"):
        services.change_post(post_id=grid_post.pk, changes={"employments": ["slave"]}, by=office, now=now)


def test_an_abolished_post_takes_nobody(grid_post, member, office, now):
    with refused("organisations.still_staffed"):
        services.retire_post(post_id=grid_post.pk, on=date(2026, 11, 20), by=office, now=now)
    services.relieve(holding_id=member.pk, until=date(2026, 11, 20), reason="", by=office, now=now)
    services.retire_post(post_id=grid_post.pk, on=date(2026, 11, 20), by=office, now=now)
    with refused("organisations.post_retired"):
        services.appoint(post_id=grid_post.pk, person_name="乙", since=date(2026, 11, 21), by=office, now=now)


def test_appointing(grid_post, member, office, now, make_user):
    with refused("organisations.person_missing"):
        services.appoint(post_id=grid_post.pk, since=date(2026, 3, 1), by=office, now=now)
    with refused("organisations.already_holds"):
        services.appoint(
            post_id=grid_post.pk,
            person_name=" 苗彩霞",
            person_phone="15400000001",
            since=date(2026, 5, 1),
            by=office,
            now=now,
        )
    with refused("organisations.employment_unknown"):
        services.appoint(
            post_id=grid_post.pk, person_name="乙", employment="x", since=date(2026, 5, 1), by=office, now=now
        )
    user = make_user(None, name="燕春生", phone="15400000002")
    holding = services.appoint(
        post_id=grid_post.pk, user=user, employment="dispatched", since=date(2026, 5, 1), by=office, now=now
    )
    assert (holding.name, holding.phone, holding.person_name) == ("燕春生", "15400000002", "")
    with refused("organisations.already_holds"):
        services.appoint(post_id=grid_post.pk, user=user, since=date(2026, 6, 1), by=office, now=now)


def test_leaving_a_post_is_written_once(member, office, now):
    with refused("organisations.ends_before_start"):
        services.relieve(holding_id=member.pk, until=date(2026, 2, 1), reason="", by=office, now=now)
    services.relieve(holding_id=member.pk, until=date(2026, 6, 1), reason="调离", by=office, now=now)
    with refused("organisations.already_ended"):
        services.relieve(holding_id=member.pk, until=date(2026, 7, 1), reason="", by=office, now=now)
    member.refresh_from_db()
    assert (member.until, member.reason) == (date(2026, 6, 1), "调离")


def test_somebody_known_by_name_gets_an_account(member, office, now, make_user):
    user = make_user(None)
    services.give_account(holding_id=member.pk, user=user, by=office, now=now)
    services.give_account(holding_id=member.pk, user=user, by=office, now=now)
    member.refresh_from_db()
    assert member.user == user
    with refused("organisations.already_holds"):
        services.give_account(holding_id=member.pk, user=make_user(None), by=office, now=now)


def test_assigning(levels, member, grid_post, places, office, now):
    since = date(2026, 3, 1)
    row = services.assign(level="grid", region=places.grid, holding_id=member.pk, since=since, by=office, now=now)
    assert (row.grid_code, row.county_code) == (places.grid.code, "140930")
    cases = [
        ({"holding_id": member.pk}, "organisations.answered_already"),
        ({"holding_id": member.pk, "person_name": "乙"}, "organisations.holder_missing"),
        ({}, "organisations.holder_missing"),
        ({"person_name": "乙", "level": "emperor"}, "organisations.level_unknown"),
        ({"person_name": "乙", "level": "county_leader"}, "organisations.cover_not_offered"),
        ({"person_name": "乙", "domains": ["gold"]}, "organisations.domain_unknown"),
        ({"person_name": "乙", "region": None}, "organisations.site_unknown"),
    ]
    for parts, key in cases:
        with refused(key):
            services.assign(
                **{"level": "grid", "region": places.grid, "since": since, "by": office, "now": now} | parts
            )
    assert Responsibility.objects.count() == 1


def test_who_has_left_a_post_takes_on_nothing(levels, member, places, office, now):
    services.relieve(holding_id=member.pk, until=date(2026, 6, 1), reason="", by=office, now=now)
    with refused("organisations.already_ended"):
        services.assign(
            level="grid", region=places.grid, holding_id=member.pk, since=date(2026, 6, 1), by=office, now=now
        )


def test_handing_over_ends_the_old_row_and_opens_a_new_one(levels, member, places, office, now):
    old = services.assign(
        level="grid", region=places.grid, holding_id=member.pk, since=date(2026, 3, 1), by=office, now=now
    )
    new = services.hand_over(responsibility_id=old.pk, person_name="燕春生", since=date(2026, 8, 1), by=office, now=now)
    old.refresh_from_db()
    assert (old.until, new.since, new.until, new.region_id) == (
        date(2026, 8, 1),
        date(2026, 8, 1),
        None,
        places.grid.code,
    )
    with refused("organisations.already_ended"):
        services.end(responsibility_id=old.pk, until=date(2026, 9, 1), by=office, now=now)
    services.end(responsibility_id=new.pk, until=date(2026, 9, 1), by=office, now=now)
    for day, count in ((date(2026, 7, 31), 1), (date(2026, 8, 1), 1), (date(2026, 9, 1), 0)):
        assert Responsibility.objects.at(day).count() == count


def test_a_number_is_shown_to_few_and_recorded(organisation, member, make_user, places, now):
    body = organisation(phone="15400000009")
    inspector = make_user("inspector", places.county)
    assert services.show_phone(organisation_id=body.pk, by=inspector, now=now) == "15400000009"
    assert services.show_phone(holding_id=member.pk, by=inspector, now=now) == "15400000001"
    assert AuditRow.objects.filter(event="organisations.phone_shown").count() == 2
    with refused("accounts.not_permitted"):
        services.show_phone(organisation_id=body.pk, by=make_user("grid_member", places.county), now=now)
    with refused("organisations.no_phone"):
        services.show_phone(organisation_id=organisation(name="乙").pk, by=inspector, now=now)


def test_the_library_is_loaded_once_and_keeps_an_offices_words(now, levels):
    from anwang.registers.organisations.models import ResponsibilityKind

    ResponsibilityKind.objects.filter(pk="grid").update(zh="网格长")
    assert services.load_library(now=now + timedelta(days=1)) == 0
    assert ResponsibilityKind.objects.get(pk="grid").zh == "网格长"


def test_every_refusal_and_event_has_words():
    import re
    from pathlib import Path

    room = Path(services.__file__).parent
    text = "".join((room / name).read_text() for name in ("services.py", "rules.py", "selectors.py"))
    said = set(re.findall(r'"(organisations\.[a-z_]+)"', text))
    assert said <= set(SENTENCES) | set(EVENTS)
    assert set(SENTENCES) <= set(errors.known())

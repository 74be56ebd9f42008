"""Plans: what they ask for, how it is answered, who sees what of an unannounced visit."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist

from anwang.ground.accounts import scope
from anwang.ground.audit.models import AuditRow
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.kernel import clock
from anwang.registers.sites import services as sites
from anwang.work.inspections import selectors, services
from anwang.work.inspections.models import Inspection, Plan, PlannedVisit
from anwang.work.inspections.rules import State

pytestmark = pytest.mark.django_db

YEAR = (date(2027, 1, 1), date(2027, 12, 31))


def refused(key):
    return pytest.raises(Refused, check=lambda error: error.key == key)


@pytest.fixture
def make_plan(people, places, now):
    def make(**values):
        values.setdefault("title", "2027年度监督检查计划")
        values.setdefault("region", places.county)
        values.setdefault("visit_kind", "government")
        values.setdefault("begins_on", YEAR[0])
        values.setdefault("ends_on", YEAR[1])
        values.setdefault("by", people.office)
        return services.make_plan(now=now, **values)

    return make


# --- what a plan asks for ---------------------------------------------------------------------------------------------


def test_every_fitting_place_by_its_class_spread_over_the_months(people, site, mine, make_plan, places, now):
    for n in range(12):
        site(f"小馆{n}", supervision_class="C")
    site("无类别面馆")
    site("外县面馆", region=places.other_county, by=people.other_county, supervision_class="C")
    plan = make_plan()
    slots = PlannedVisit.objects.filter(plan=plan)
    assert slots.filter(site=mine).count() == 4  # class A: every three months
    assert slots.exclude(site=mine).count() == 12
    counted = {month: part.total for month, part in selectors.by_month(plan, today=date(2027, 1, 1)).items()}
    assert max(counted.values()) - min(counted.values()) <= 1
    assert not slots.filter(site__name__in=["无类别面馆", "外县面馆"]).exists()
    one = slots.filter(site=mine).first()
    assert (one.months, one.class_key, one.raised, one.county_code) == (3, "A", False, "140930")
    assert AuditRow.objects.get(event="inspections.planned").data["visits"] == 16


def test_a_red_place_is_asked_for_more_often_and_the_row_that_says_so_is_kept(people, site, make_plan, now):
    place = site(supervision_class="B")
    sites.set_colour(site_id=place.pk, colour="red", by=None, now=now, reason="重大隐患")
    plan = make_plan()
    slots = list(PlannedVisit.objects.filter(plan=plan))
    assert len(slots) == 12
    assert (slots[0].months, slots[0].raised, slots[0].frequency_urn) == (1, True, "aw:frequency:red")


def test_the_plans_own_frequency_and_kinds_and_classes(people, site, mine, make_plan, now):
    site(supervision_class="C")
    assert make_plan(months=6, site_kinds=["restaurant"]).visits.count() == 2
    assert make_plan(classes=["A"]).visits.count() == 4
    assert make_plan(domains=["coal"], months=12).visits.count() == 1


def test_before_it_is_made_one_sees_what_it_would_hold(people, site, mine, places, now):
    site("无类别面馆")
    asked = selectors.Asked(places.county, "government", *YEAR)
    found = selectors.draft(asked, by=people.office, now=now)
    assert (found.site_count, len(found.slots), found.raised_count) == (1, 4, 0)
    assert [each.name for each in found.left_out] == ["无类别面馆"]
    assert sum(found.per_month.values()) == 4
    assert not Plan.objects.exists()


def test_a_plan_of_self_checks_is_the_units_own(people, site, mine, make_plan, now):
    site(supervision_class="C")
    plan = make_plan(visit_kind="self_check", months=1)
    assert {slot.site for slot in plan.visits.all()} == {mine}
    assert PlannedVisit.objects.visible_to(people.enterprise).count() == 12
    assert PlannedVisit.objects.visible_to(people.other_enterprise).count() == 0


def test_weekly_self_checks_of_a_red_place_count_from_the_last_one(people, mine, make_plan, done, now):
    sites.set_colour(site_id=mine.pk, colour="red", by=None, now=now, reason="重大隐患")
    done(kind="self_check", by=people.enterprise, at=mine, with_=[])
    plan = make_plan(visit_kind="self_check", begins_on=date(2026, 11, 21), ends_on=date(2026, 12, 31))
    first = plan.visits.order_by("due_on").first()
    assert (first.days, first.due_on) == (7, date(2026, 11, 27))


def test_what_is_no_plan(people, make_plan, mine, places, now):
    with refused("inspections.plan_untitled"):
        make_plan(title=" ")
    with refused("inspections.plan_period"):
        make_plan(begins_on=YEAR[1], ends_on=YEAR[0])
    with refused("inspections.plan_too_long"):
        make_plan(ends_on=date(2037, 1, 1))
    with refused("inspections.nothing_due"):
        make_plan(site_kinds=["school"])
    with refused("inspections.kind_unknown"):
        make_plan(visit_kind="raid")
    with refused("inspections.bad_id"):
        make_plan(plan_id="7")
    for stranger in (people.grid, people.leader, people.city, people.other_county, people.enterprise):
        with refused("accounts.not_permitted"):
            make_plan(by=stranger)
    assert not Plan.objects.exists()


def test_sent_twice_it_is_one_plan(make_plan, mine):
    key = new_id()
    assert make_plan(plan_id=key) == make_plan(plan_id=key)
    assert Plan.objects.count() == 1


def test_a_plan_is_not_larger_than_one_transaction_should_write(people, mine, make_plan, monkeypatch):
    from anwang.work.inspections.selectors import plans

    monkeypatch.setattr(plans, "MOST", 3)
    with refused("inspections.too_many") as caught:
        make_plan()
    assert "4" in caught.value.what


# --- how it is answered -----------------------------------------------------------------------------------------------


def test_whoever_goes_there_answers_the_plan_even_without_looking_at_it(people, site, make_plan, done, now):
    place = site(supervision_class="A")
    plan = make_plan(begins_on=date(2026, 11, 1), ends_on=date(2027, 10, 31))
    first = plan.visits.order_by("due_on").first()
    visit = done(at=place)
    first.refresh_from_db()
    assert (first.visit, first.done_on) == (visit, clock.local_date(now))
    progress = selectors.progress(plan, today=clock.local_date(now))
    assert (progress.total, progress.done, progress.late, progress.open) == (4, 1, 0, 3)
    assert progress.percent == 25
    # A second visit in the same quarter answers nothing more.
    done(at=place)
    assert selectors.progress(plan, today=clock.local_date(now)).done == 1


def test_a_visit_begun_from_the_plan_is_seen_by_others_and_let_go_if_it_fails(people, site, make_plan, now):
    place = site(supervision_class="A")
    plan = make_plan(begins_on=date(2026, 11, 1), campaign="治本攻坚")
    slot = plan.visits.order_by("due_on").first()
    visit = services.begin(
        inspection_id=new_id(),
        site_id=place.pk,
        visit_kind="government",
        planned_id=slot.pk,
        by=people.inspector,
        now=now,
    )
    slot.refresh_from_db()
    assert (slot.visit, visit.plan, visit.campaign) == (visit, plan, "治本攻坚")
    assert selectors.open_slots(place, people.inspector)[0] != slot
    services.turned_away(inspection_id=visit.pk, note="大门紧锁", by=people.inspector, now=now)
    slot.refresh_from_db()
    assert (slot.visit, slot.done_on) == (None, None)


def test_a_joint_or_unannounced_visit_answers_a_government_plan_and_a_self_check_does_not(
    people, mine, make_plan, done, now
):
    plan = make_plan(begins_on=date(2026, 11, 1))
    today = clock.local_date(now)
    done(kind="self_check", by=people.enterprise, at=mine, with_=[])
    assert selectors.progress(plan, today=today).done == 0
    done(kind="unannounced", at=mine)
    assert selectors.progress(plan, today=today).done == 1


def test_leaving_out_and_withdrawing_say_why(people, site, make_plan, now):
    place = site(supervision_class="A")
    plan = make_plan()
    slot = plan.visits.order_by("due_on").first()
    with refused("inspections.note_missing"):
        services.leave_out(planned_id=slot.pk, note=" ", by=people.office, now=now)
    with refused("accounts.not_permitted"):
        services.leave_out(planned_id=slot.pk, note="停产", by=people.grid, now=now)
    services.leave_out(planned_id=slot.pk, note="停产", by=people.office, now=now)
    with refused("inspections.slot_settled"):
        services.leave_out(planned_id=slot.pk, note="停产", by=people.office, now=now)
    assert selectors.progress(plan, today=YEAR[0]).left_out == 1
    with refused("inspections.slot_settled"):
        services.begin(
            inspection_id=new_id(),
            site_id=place.pk,
            visit_kind="government",
            planned_id=slot.pk,
            by=people.inspector,
            now=now,
        )
    with refused("inspections.note_missing"):
        services.withdraw_plan(plan_id=plan.pk, note="", by=people.office, now=now)
    services.withdraw_plan(plan_id=plan.pk, note="重新编制", by=people.office, now=now)
    with refused("inspections.plan_withdrawn"):
        services.withdraw_plan(plan_id=plan.pk, note="重新编制", by=people.office, now=now)
    assert selectors.open_slots(place, people.office) == []


def test_what_is_due_by_state_and_month(people, site, make_plan, places):
    for n in range(3):
        site(f"小馆{n}", supervision_class="B")
    plan = make_plan()
    today = date(2027, 6, 1)
    late = selectors.due(people.office, plan=plan, states=["late"], today=today).count()
    still = selectors.due(people.office, plan=plan, states=["open"], today=today).count()
    assert late + still == plan.visits.count()
    assert selectors.progress(plan, today=today).late == late > 0
    assert selectors.due(people.office, today=today, by_day=date(2027, 3, 31)).count() <= late
    assert selectors.due(people.office, plan=plan, today=today, text="小馆1").count() == 2
    ((town, part),) = selectors.by_town(plan, today=today)
    assert (town, part.total) == (places.town, plan.visits.count())
    assert selectors.progress_of([plan], today=today)[plan.pk] == selectors.progress(plan, today=today)


def test_two_files_of_one_place_are_asked_for_once(people, site, make_plan, now):
    kept, lost = site("望舒面馆", supervision_class="C"), site("望舒面馆（老街店）", supervision_class="C")
    plan = make_plan()
    PlannedVisit.objects.filter(plan=plan).update(due_on=date(2027, 5, 31))
    visit = services.begin(inspection_id=new_id(), site_id=lost.pk, visit_kind="patrol", by=people.grid, now=now)
    sites.merge(lost_id=lost.pk, kept_id=kept.pk, note="同一家", by=people.office, now=now)
    visit.refresh_from_db()
    assert visit.site == kept
    assert selectors.progress(plan, today=YEAR[0]).total == 1


def test_what_is_planned_for_a_merged_file_follows_to_the_one_kept(people, site, make_plan, now):
    kept, lost = site("望舒面馆"), site("望舒面馆（老街店）", supervision_class="C")
    plan = make_plan()
    sites.merge(lost_id=lost.pk, kept_id=kept.pk, note="同一家", by=people.office, now=now)
    assert [slot.site for slot in plan.visits.all()] == [kept]
    assert AuditRow.objects.filter(event="inspections.moved_to_site", on_id=kept.pk).exists()


# --- who sees an unannounced visit ------------------------------------------------------------------------------------


@pytest.fixture
def secret(people, mine, now):
    """An unannounced visit that the county put down for the mine, not begun."""
    return services.arrange(
        site_id=mine.pk,
        visit_kind="unannounced",
        due_on=clock.local_date(now) + timedelta(days=2),
        lead_id=people.inspector.pk,
        by=people.office,
        now=now,
        tell_enterprise=True,
    )


def sees(user, thing):
    scope.forget(user)
    return type(thing).objects.visible_to(user).filter(pk=thing.pk).exists()


def test_an_unannounced_visit_is_not_there_for_the_unit_the_town_and_the_grid(
    people, secret, now, run_jobs, make_user, places
):
    from anwang.ground.notices.models import Notice

    for who in ("enterprise", "other_enterprise", "town", "grid", "expert", "leader", "city", "other_county", "far"):
        assert not sees(getattr(people, who), secret), who
    for who in ("office", "inspector", "inspector_two"):
        assert sees(getattr(people, who), secret), who
    run_jobs(now=now)
    assert {row.user for row in Notice.objects.all()} == {people.inspector}
    for action in (services.begin, services.cancel):
        more = {"note": "打听到了"} if action is services.cancel else {}
        with pytest.raises(ObjectDoesNotExist):
            action(inspection_id=secret.pk, by=people.enterprise, now=now, **more)
    # Not by the side door either: the place's page, the counts, the plan, what is waiting.
    assert selectors.visits_of(secret.site, people.enterprise).count() == 0
    today = clock.local_date(now)
    assert selectors.ledger(people.town, selectors.Filters(), today=today).count() == 0
    assert selectors.begin_at(people.town, secret.site).visit is None


def test_once_begun_everybody_sees_it_who_sees_the_place(people, secret, now):
    services.begin(inspection_id=secret.pk, by=people.inspector, now=now)
    for who in ("enterprise", "town", "grid", "office", "leader", "city"):
        assert sees(getattr(people, who), secret), who
    for who in ("other_enterprise", "other_county", "far", "system"):
        assert not sees(getattr(people, who), secret), who


def test_whoever_is_taken_along_sees_it_before(people, secret, now):
    assert not sees(people.fire, secret)
    services.join(inspection_id=secret.pk, user_id=people.fire.pk, by=people.inspector, now=now)
    assert sees(people.fire, secret)
    row = selectors.there(secret)[1]
    services.leave(inspection_id=secret.pk, inspector_id=row.pk, by=people.inspector, now=now)
    assert not sees(people.fire, secret)


def test_a_plan_of_unannounced_visits_is_the_countys_alone(people, mine, make_plan):
    plan = make_plan(visit_kind="unannounced", months=6)
    slot = plan.visits.first()
    for who in ("enterprise", "town", "grid", "leader"):
        assert not sees(getattr(people, who), plan), who
        assert not sees(getattr(people, who), slot), who
    for who in ("office", "inspector"):
        assert sees(getattr(people, who), plan), who
        assert sees(getattr(people, who), slot), who


def test_a_user_who_also_belongs_to_the_unit_sees_it_only_as_an_office(people, secret, make_user, places):
    both = make_user("enterprise_officer", organisation_id=people.enterprise.unit.pk)
    make_user.grant(both, "grid_member", places.grid)
    assert not sees(both, secret)
    make_user.grant(both, "inspector", places.county)
    assert sees(both, secret)


# --- every role, another county ---------------------------------------------------------------------------------------


def test_nothing_of_another_county_or_unit_is_seen(people, done, mine, make_plan):
    visit = done(at=mine)
    plan = make_plan()
    for who in ("other_county", "far", "other_enterprise", "system"):
        user = getattr(people, who)
        assert not sees(user, visit), who
        assert not sees(user, plan), who
        assert not sees(user, plan.visits.first()), who
    assert sees(people.enterprise, visit)
    assert not sees(people.enterprise, plan)
    assert visit.state == State.DONE
    assert Inspection.objects.visible_to(people.system).count() == 0


def test_the_fire_brigade_sees_no_mine(people, done, mine):
    assert not sees(people.fire, done(at=mine))

"""The sums kept ready say what the rows say, for everybody's own part of the world and no more."""

from dataclasses import astuple
from datetime import timedelta

import pytest

from anwang.ground.accounts import scope
from anwang.kernel import clock
from anwang.overview.figures import rules, selectors, services
from anwang.overview.figures.models import FlowSum, VisitSum
from anwang.overview.figures.rules import Flow, Period
from anwang.overview.figures.selectors import Asked, Question, happened, whose
from anwang.work.hazards import services as hazards
from anwang.work.hazards.models import Hazard, Overdue
from anwang.work.hazards.rules import OPEN

pytestmark = pytest.mark.django_db


@pytest.fixture
def today(now):
    return clock.local_date(now)


@pytest.fixture
def county(walked, found, elsewhere, ago, now, run_jobs, site, places, people):
    """Hazards of several months in three counties: closed, open, late, late and closed, major, cancelled."""
    walked("closed", at=ago(70))
    walked("closed", at=ago(40), source="expert")
    walked("closed", at=ago(2), major=True)
    slow = walked("rectifying", at=ago(60), due_in=3)
    run_jobs(now=ago(50))
    walked("assigned", at=ago(20), due_in=5)
    walked("found", at=ago(1), source="self_check")
    second = site("楼子营场所", region=places.town_two, kind_key="restaurant")
    found(at=second, now=ago(3), source="grid")
    gone = found(at=second, now=ago(3), description="误登")
    hazards.cancel(hazard_id=gone.pk, by=people.inspector, now=now, note="误登")
    elsewhere(now=ago(33))
    elsewhere(now=ago(2))
    elsewhere(far=True, now=ago(5))
    run_jobs(now=now)
    slow.refresh_from_db()
    assert slow.late
    return slow


def by_hand(rows, today):
    """The flows of some hazards, counted one by one."""
    sums = {}

    def add(day, **more):
        month = clock.month_of(day)
        sums[month] = sums.get(month, Flow()) + Flow(**more)

    for hazard in rows:
        if hazard.state == "closed":
            days = (hazard.closed_on - hazard.found_on).days
            add(hazard.closed_on, closed=1, closed_days=days, on_spot=int(hazard.on_spot))
        late = list(Overdue.objects.filter(hazard=hazard))
        if hazard.due_on and hazard.due_on < today and hazard.state not in ("suspended", "cancelled"):
            missed = any(each.stage in ("assigned", "rectifying", "returned") for each in late)
            add(hazard.due_on, due=1, in_time=int(not missed))
        for each in late:
            add(each.began_on, went_late=1)
            if each.ended_on:
                add(each.ended_on, came_right=1)
    return {month: flow for month, flow in sums.items() if flow != Flow()}


def of(user, today, **asked):
    scope.forget(user)
    return {month: flow for (_c, month), flow in selectors.flows(user, Asked(**asked), today=today).items()}


def test_the_sums_are_what_the_rows_say_for_everybody(county, people, now, today, make_user, places):
    services.compute(now=now)
    coal = make_user("inspector", places.county, domains=["coal"])
    two = make_user("town_officer", places.town)
    make_user.grant(two, "town_officer", places.town_two)
    everybody = [people.office, people.city, people.town, people.other_county, people.far, people.leader, coal, two]
    for user in [*everybody, people.grid, people.enterprise]:
        expected = by_hand(Hazard.objects.visible_to(user), today)
        assert of(user, today) == expected, user.name
    for user in everybody:
        assert whose.parts(user, "hazard.read") is not None  # it was the sums that answered


def test_nobody_counts_another_county_or_city(county, people, now, today):
    services.compute(now=now)
    question = Question(people.office, rules.span(Period.ALL, today))
    own = selectors.stands(question, found=False)[()]
    assert own.found == Hazard.objects.filter(county_code="140930").exclude(state="cancelled").count()
    city = selectors.stands(Question(people.city, question.span), found=False)[()]
    assert city.found == own.found + 2
    assert selectors.stands(Question(people.far, question.span), found=False)[()].found == 1
    assert not selectors.stands(Question(people.system, question.span), found=False)
    # A region that is not one's own opens nothing, whoever asks for it.
    for level in ("county", "town"):
        codes = {code for code, _ in selectors.flows(people.office, Asked(), today=today, by="code", level=level)}
        assert all(code.startswith("140930") for code in codes if code)


def test_regions_inside_cut_the_figures(county, people, places, now, today):
    services.compute(now=now)
    inside = of(people.city, today, inside=[places.county])
    assert inside == of(people.office, today)
    assert of(people.office, today, inside=[places.other_county]) == {}
    town = of(people.office, today, inside=[places.town])
    assert town == by_hand(Hazard.objects.filter(town_code=places.town.code), today)
    village = of(people.office, today, inside=[places.village])  # smaller than what is summed: from the rows
    assert village == by_hand(Hazard.objects.filter(village_code=places.village.code), today)


def test_the_parts_add_up_to_the_whole(county, people, now, today):
    services.compute(now=now)
    user = people.city
    whole = rules.total(selectors.flows(user, Asked(), today=today).values())
    for by, level in (("domain", ""), ("grade", ""), ("code", "county")):
        parts = selectors.flows(user, Asked(), today=today, by=by, level=level)
        assert rules.total(parts.values()) == whole, by
    one = selectors.flows(user, Asked(grades=["major"]), today=today)
    assert rules.total(one.values()).closed == 1
    assert rules.total(selectors.flows(user, Asked(domains=["commerce"]), today=today).values()).closed == 0


def test_making_the_sums_again_changes_nothing_and_a_change_is_written(county, people, walked, now, today):
    assert services.compute(now=now) > 0
    assert services.compute(now=now) == 0
    before = {row["id"]: row for row in FlowSum.objects.values()}
    walked("closed", at=now - timedelta(days=2))
    assert services.compute(now=now) > 0
    # A sum that differs is written where it stands, the others are left alone.
    kept = {row["id"]: row for row in FlowSum.objects.filter(pk__in=before).values()}
    differs = [row for pk, row in kept.items() if row != before[pk]]
    assert differs
    assert len(differs) < len(before)
    for row in differs:
        same = ("chunk", "level", "code", "domain", "grade", "month")
        assert [row[name] for name in same] == [before[row["id"]][name] for name in same]
    assert of(people.office, today) == by_hand(Hazard.objects.visible_to(people.office), today)
    # What is no more leaves the sums: they are made from the rows, not added up.
    reopened = Hazard.objects.filter(state="closed").latest("closed_on")
    hazards.reopen(hazard_id=reopened.pk, by=people.office, now=now, note="又漏")
    services.compute(now=now)
    assert of(people.office, today) == by_hand(Hazard.objects.visible_to(people.office), today)


def test_before_the_first_computing_the_rows_answer(county, people, now, today):
    assert selectors.computed_at() is None
    assert of(people.office, today) == by_hand(Hazard.objects.visible_to(people.office), today)
    services.compute(now=now)
    assert selectors.computed_at() == now


def test_rows_and_sums_agree_at_every_level(county, people, now, today):
    services.compute(now=now)
    for user, level in ((people.office, "town"), (people.city, "county"), (people.town, "town")):
        ready = selectors.flows(user, Asked(), today=today, by="code", level=level)
        rows = happened._flows_from_rows(user, Asked(), today=today, by="code", level=level, first="", last="9999")
        assert ready == {key: flow for key, flow in rows.items() if any(astuple(flow)) and key[0]}


def test_villages_are_compared_from_the_rows(county, people, places, today):
    question = Question(people.town, rules.span(Period.ALL, today), inside=[places.town])
    level, below = selectors.below(people.town, places.town)
    assert level == "village"
    assert {place.code for place in below} == {places.village.code, places.village_two.code}
    now_by = selectors.now_by_place(question, level)
    rows = Hazard.objects.filter(town_code=places.town.code, state__in=OPEN)
    assert sum(one.open for one in now_by.values()) == rows.count()


def test_visits_are_counted_by_kind_and_month(county, people, site, now, today, places):
    from anwang.work.inspections.models import Inspection

    def visit(where, kind, at, by, n):
        row = Inspection(
            number=f"T-{n}", visit_kind=kind, site=where, domain=where.domain, lead=by, made_by=by,
            made_at=at, began_at=at, ended_at=at, state="done",
        )  # fmt: skip
        row.place_in(where.region)
        row.save()

    shop = site("望舒面馆", kind_key="restaurant")
    there = site("东关面馆", region=places.other_grid, by=people.other_county, kind_key="restaurant", enterprise=None)
    # Half past midnight in Shanghai on the first is still the month before in UTC.
    first = clock.start_of_day(today.replace(day=1)) + timedelta(minutes=30)
    visit(shop, "government", first, people.inspector, 1)
    visit(shop, "self_check", now - timedelta(days=40), people.inspector, 2)
    visit(there, "government", now, people.other_county, 3)
    seen = {}
    for _ in range(2):  # from the rows, then from the sums
        seen = {(kind, month): one.visits for (_c, kind, month), one in selectors.visits(people.office).items()}
        assert seen == {("government", "2026-11"): 1, ("self_check", "2026-10"): 1}
        assert sum(one.visits for one in selectors.visits(people.city).values()) == 3
        services.compute(now=now)
    assert VisitSum.objects.filter(level="county", code="140930").count() == 2
    assert FlowSum.objects.filter(level="grid").count() == 0


def test_an_official_report_needs_the_whole_region(make_user, people, places):
    coal = make_user("leader", places.county, domains=["coal"])
    assert selectors.may_issue(people.office, places.county)
    assert selectors.may_issue(people.office, places.town)
    assert selectors.may_issue(people.city, places.county)
    assert not selectors.may_issue(coal, places.county)
    assert not selectors.may_issue(people.office, places.city)
    assert not selectors.may_issue(people.office, places.other_county)
    assert not selectors.may_issue(people.office, places.village)  # too small for a report
    assert not selectors.may_issue(people.inspector, places.county)  # reads figures, takes none out

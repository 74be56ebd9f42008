"""Lists, counts and figures: the quick answer is the exact one, for every scope."""

from datetime import timedelta

import pytest

from anwang.ground.accounts import scope
from anwang.ground.base import keyset
from anwang.ground.base.errors import Refused
from anwang.kernel import clock
from anwang.work.hazards import selectors, services
from anwang.work.hazards.models import Delta, Hazard
from anwang.work.hazards.selectors import Filters
from anwang.work.hazards.services import counts

pytestmark = pytest.mark.django_db


@pytest.fixture
def county_at_work(walked, found, site, places, people, now, run_jobs):
    """Hazards of two domains in two towns and another county, in several states, some late; half of them folded."""
    shop = site("望舒面馆", kind_key="restaurant", region=places.village_two, enterprise=None)
    far_away = site(
        "东关超市", kind_key="restaurant", region=places.other_grid, enterprise=None, by=people.other_county
    )
    past = now - timedelta(days=20)
    for state in ("found", "graded", "assigned", "rectifying", "submitted", "closed"):
        walked(state, at=past)
    counts.fold(now=now)
    walked("rectifying")
    walked("rectifying", major=True)
    found(by=people.town, at=shop, source="grid", campaign="冬春攻坚")
    found(at=shop, description="燃气软管老化", now=past)
    found(by=people.other_county, at=far_away)
    run_jobs(now=now)
    for person in vars(people).values():
        scope.forget(person)
    assert Delta.objects.exists()


FILTERS = [
    Filters(),
    Filters(states=["open"]),
    Filters(states=["closed"]),
    Filters(states=["with_unit", "submitted"]),
    Filters(domains=["coal"]),
    Filters(domains=["coal", "commerce"], grades=["general", ""]),
    Filters(grades=["major"]),
    Filters(late=True),
    Filters(ever_late=True, states=["closed"]),
    Filters(sources=["grid"]),
    Filters(region="140930100"),
    Filters(region="140930"),
    Filters(region="140930100002"),
    Filters(region="140931"),
    Filters(region="000000"),
    Filters(campaign="冬春攻坚"),
    Filters(text="软管"),
    Filters(text="望舒"),
    Filters(text="140930-2026-000003"),
    Filters(text="140930-2026"),
    Filters(text="3"),
    Filters(text="没有这样的字"),
    Filters(text="\0"),
    Filters(found_from=clock.parse_cn_date("2026-11-10")),
    Filters(found_to=clock.parse_cn_date("2026-11-10"), states=["open"]),
    Filters(due_by=clock.parse_cn_date("2026-11-20")),
    Filters(on_spot=True),
]


def test_the_count_is_that_of_the_rows(county_at_work, people):
    for person in vars(people).values():
        visible = set(Hazard.objects.visible_to(person))
        for filters in FILTERS:
            rows = list(selectors.ledger(person, filters))
            assert selectors.count(person, filters) == (len(rows), False), (person, filters)
            assert set(rows) <= visible


def test_filters_find_what_they_say(county_at_work, people):
    def found(**named):
        return list(selectors.ledger(people.office, Filters(**named)))

    assert len(found()) == 10
    assert {hazard.state for hazard in found(states=["with_unit"])} == {"assigned", "rectifying"}
    assert {hazard.grade for hazard in found(grades=[""])} == {""}
    assert all(hazard.late for hazard in found(late=True))
    assert len(found(late=True)) == 6
    assert [hazard.description for hazard in found(text="软管")] == ["燃气软管老化"]
    assert {hazard.site.name for hazard in found(text="望舒")} == {"望舒面馆"}
    assert [hazard.number for hazard in found(text="3")] == ["140930-2026-000003"]
    assert found(text="没有这样的字") == []
    assert len(found(region="140930100")) == 10  # both villages lie in one town
    assert {hazard.campaign for hazard in found(campaign="冬春攻坚")} == {"冬春攻坚"}
    day = clock.parse_cn_date("2026-11-22")
    assert all(hazard.next_due_on <= day for hazard in found(due_by=day))
    assert "closed" not in {hazard.state for hazard in found(due_by=day)}


def test_a_count_stops_at_its_cap(county_at_work, people, monkeypatch):
    monkeypatch.setattr("anwang.work.hazards.selectors.lists.COUNT_CAP", 3)
    assert selectors.count(people.enterprise, Filters()) == (3, True)
    # From the counted cells it does not have to stop.
    assert selectors.count(people.office, Filters()) == (10, False)


def test_pages_by_key_show_every_row_once(county_at_work, people):
    rows = selectors.ledger(people.office, Filters())
    for names in selectors.ORDERS.values():
        seen, after = [], ""
        while True:
            page = keyset.page(rows, order=names, after=after, size=3)
            seen += list(page)
            after = page.next
            if not after:
                break
        assert seen == list(rows.order_by(*names))


def test_a_page_token_of_somebody_else_s_making_is_refused(county_at_work, people):
    rows = selectors.ledger(people.office, Filters())
    for token in ("x", "W10", "!!!", "WyIyMDI2LTEzLTQ1IiwgIngiXQ"):
        with pytest.raises(Refused) as refused:
            keyset.page(rows, order=selectors.ORDERS["due"], after=token)
        assert refused.value.key == "base.bad_page"


# --- figures ---------------------------------------------------------------------------------------------------------


def tally(person, *names):
    found = {}
    for hazard in Hazard.objects.visible_to(person):
        key = tuple(
            {
                "ever_late": hazard.first_late_on is not None,
                "month": hazard.found_month,
            }.get(name, getattr(hazard, name, None))
            for name in names
        )
        found[key] = found.get(key, 0) + 1
    return found


GROUPS = [(), ("domain",), ("domain", "state"), ("late", "ever_late"), ("month", "source", "grade")]


def test_figures_are_those_of_the_rows(county_at_work, people):
    for person in vars(people).values():
        for group in GROUPS:
            assert selectors.cells(person, group=group) == tally(person, *group), (person, group)
        for level in ("province", "city", "county", "town"):
            rows = tally(person, f"{level}_code")
            assert selectors.cells(person, level=level, group=("code",)) == rows, (person, level)


def test_figures_of_some_regions(county_at_work, people):
    def cells(person, **named):
        return selectors.cells(person, group=(), **named).get((), 0)

    assert cells(people.city, codes=["140930"]) == 10
    assert cells(people.city, codes=["140930", "140931", "140930100"]) == 11
    assert cells(people.city, codes=["140900"]) == 11
    assert cells(people.office, codes=["140900"]) == 10
    assert cells(people.office, codes=["140931"]) == 0
    assert cells(people.office, codes=["140930100002"]) == Hazard.objects.filter(village_code="140930100002").count()
    assert cells(people.town, codes=["140930101"]) == 0
    assert cells(people.office, codes=[]) == 0
    assert cells(people.office, state="closed") == 1
    assert cells(people.office, month__gte="2026-11", month__lte="2026-11", late=True) == 0
    assert cells(people.office, grade__in=["major"]) == 1


def test_figures_by_region_and_state(county_at_work, people):
    found = selectors.cells(people.city, level="county", group=("code", "state"))
    assert found["140931", "found"] == 1
    assert sum(n for (code, _state), n in found.items() if code == "140930") == 10


def test_overlapping_grants_count_once(county_at_work, people, make_user, places):
    person = make_user("inspector", places.county, domains=("coal",))
    make_user.grant(person, "town_officer", places.town)
    make_user.grant(person, "city_office", places.city, domains=("coal", "mine"))
    assert selectors.cells(person, group=("domain", "state")) == tally(person, "domain", "state")
    assert selectors.cells(person, level="town", group=("code",)) == tally(person, "town_code")
    make_user.grant(person, "grid_member", places.other_grid)
    scope.forget(person)
    assert selectors.cells(person, group=("domain",)) == tally(person, "domain")


def test_what_cannot_be_asked_is_said(people):
    for wrong in (
        {"group": ("unit",)},
        {"group": ("code",)},
        {"level": "village"},
        {"unit": "x"},
        {"state__contains": "x"},
    ):
        with pytest.raises(ValueError, match=r"figures|level|dimension"):
            selectors.cells(people.office, **wrong)


def test_months():
    day = clock.parse_cn_date
    assert selectors.months(day("2026-01-31"), day("2026-03-01")) == ["2026-01", "2026-02", "2026-03"]
    assert selectors.months(day("2026-12-31"), day("2027-01-01")) == ["2026-12", "2027-01"]
    assert selectors.months(day("2026-02-01"), day("2026-01-01")) == []


def test_late_by_town(county_at_work, people, places, now):
    today = clock.local_date(now)
    rows = selectors.overdue_by_town(people.office, places.county, today=today)
    assert [(row.region.code, row.n) for row in rows] == [("140930100", 6), ("140930101", 0)]
    worst = rows[0]
    assert worst.with_unit + worst.with_office == worst.n
    oldest = min(Hazard.objects.filter(late=True).values_list("next_due_on", flat=True))
    assert worst.longest == (today - oldest).days
    # A city looks by county; nobody sees what is not theirs.
    by_county = selectors.overdue_by_town(people.city, places.city, today=today)
    assert {row.region.code: row.n for row in by_county}["140930"] == 6
    assert all(row.n == 0 for row in selectors.overdue_by_town(people.far, places.county, today=today))


# --- what waits ---------------------------------------------------------------------------------------------------------


def test_what_waits_for_whom(walked, people, now):
    hazards = {state: walked(state) for state in ("found", "graded", "assigned", "rectifying", "submitted", "verified")}

    def waits(person):
        return {(each.hazard.pk, each.action) for each in selectors.waiting_for(person)}

    office = {
        (hazards["found"].pk, "grade"),
        (hazards["graded"].pk, "assign"),
        (hazards["submitted"].pk, "verify"),
        (hazards["verified"].pk, "close"),
    }
    assert waits(people.inspector) == office
    assert waits(people.enterprise) == {(hazards["assigned"].pk, "start"), (hazards["rectifying"].pk, "submit")}
    assert waits(people.grid) == waits(people.leader) == waits(people.city) == waits(people.far) == set()
    assert selectors.waiting_counts(people.enterprise) == {"start": (1, False), "submit": (1, False)}


def test_nobody_waits_for_their_own_work(walked, people, picture, now):
    hazard = walked("rectifying")
    services.submit(
        hazard_id=hazard.pk, note="代交", photos=[picture(by=people.inspector)], by=people.inspector, now=now
    )
    proposed = walked("major_proposed", major=True)
    verified = walked("verified", major=True)
    waiting = {each.hazard.pk for each in selectors.waiting_for(people.inspector)}
    assert not waiting & {hazard.pk, proposed.pk, verified.pk}
    assert {hazard.pk, proposed.pk, verified.pk} <= {each.hazard.pk for each in selectors.waiting_for(people.office)}


def test_a_request_for_time_waits_for_other_eyes(walked, people, now):
    hazard = walked("rectifying")
    extension = services.ask_extension(
        hazard_id=hazard.pk,
        new_due_on=clock.add_days(hazard.due_on, 3),
        reason="缺件",
        interim="专人值守",
        by=people.inspector,
        now=now,
    )
    assert all(each.action != "decide_extension" for each in selectors.waiting_for(people.inspector))
    [waiting] = [each for each in selectors.waiting_for(people.town) if each.action == "decide_extension"]
    assert waiting.extension == extension
    services.decide_extension(extension_id=extension.pk, grant=True, by=people.town, now=now)
    services.ask_extension(
        hazard_id=hazard.pk,
        new_due_on=clock.add_days(hazard.due_on, 5),
        reason="缺件",
        interim="专人值守",
        by=people.enterprise,
        now=now,
    )
    # A second one goes to the county.
    assert not selectors.waiting_counts(people.town).get("decide_extension")
    assert selectors.waiting_counts(people.office)["decide_extension"] == (1, False)


def test_late_ones_come_first(walked, people, now, run_jobs):
    later = walked("rectifying", due_in=7)
    soon = walked("rectifying", due_in=2)
    run_jobs(now=now + timedelta(days=4))
    first, second = selectors.waiting_for(people.enterprise)
    assert (first.hazard.pk, first.late) == (soon.pk, True)
    assert (second.hazard.pk, second.late) == (later.pk, False)

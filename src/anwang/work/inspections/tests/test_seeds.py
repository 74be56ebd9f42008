"""The believable visits stand up to the room's own rules, and the same chance makes the same visit."""

from datetime import timedelta
from random import Random

import pytest

from anwang.kernel import clock
from anwang.work.hazards.models import Hazard
from anwang.work.inspections import seeds, selectors
from anwang.work.inspections.models import Inspection
from anwang.work.inspections.rules import Kind, State
from anwang.work.inspections.seeds import Outing
from anwang.work.inspections.services import Companion
from anwang.work.inspections.tests.conftest import jpeg

pytestmark = pytest.mark.django_db


def draw(rng, words, fixed):
    return jpeg()


def outing(people, site, kind, **more):
    who = {
        Kind.SELF_CHECK: people.enterprise,
        Kind.EXPERT: people.expert,
        Kind.PATROL: people.grid,
        Kind.HOUSEHOLD: people.grid,
    }.get(kind, people.inspector)
    with_ = [Companion(people.inspector_two.pk)] if who is people.inspector else []
    return Outing(site, kind, who, companions=with_, host="武矿长", **more)


@pytest.mark.parametrize("kind", [Kind.SELF_CHECK, Kind.EXPERT, Kind.GOVERNMENT, Kind.PATROL])
def test_a_visit_of_every_kind_is_believable(people, mine, now, kind):
    done = seeds.visit(outing(people, mine, kind, wrong=3), now=now, rng=Random(3), draw=draw)
    assert done.state == State.DONE
    assert (done.findings.count(), done.failed_items) == (3, 3)
    assert done.ended_at == now + timedelta(minutes=60)
    assert selectors.tally(done).unreported == 0
    assert selectors.metres_off(done) < 60
    assert Hazard.objects.filter(origin_id=done.pk).count() == 3


def test_a_joint_visit_and_a_scored_one(people, home, site, now):
    joint = seeds.visit(outing(people, home, Kind.JOINT, wrong=2), now=now, rng=Random(5), draw=draw)
    assert joint.sheets.get().filled.version.checklist.key == "elderly-joint"
    community = site("古渡小区", "community")
    scored = seeds.visit(outing(people, community, Kind.GOVERNMENT), now=now, rng=Random(5), draw=draw)
    assert scored.score is not None


def test_some_are_put_right_on_the_spot(people, site, now):
    visits = [
        seeds.visit(outing(people, site(), Kind.PATROL, wrong=4, on_spot=1.0), now=now, rng=Random(n), draw=draw)
        for n in range(2)
    ]
    found = [finding.on_spot for each in visits for finding in each.findings.all()]
    assert any(found)
    assert Hazard.objects.filter(state="closed").count() == sum(found)


def test_nobody_home_and_the_years_plan(people, mine, site, places, now):
    absent = seeds.nobody_home(
        outing(people, site("张家", "gas_household"), Kind.HOUSEHOLD), now=now, rng=Random(1), draw=draw
    )
    assert absent.state == State.ABSENT
    assert Inspection.objects.get(before=absent).due_on == clock.add_days(clock.local_date(now), 3)
    plan = seeds.year_plan(region=places.county, year=2027, by=people.office, now=now)
    assert plan.visits.count() == 4


def test_the_same_chance_makes_the_same_visit(people, mine, now):
    said = []
    for _ in range(2):
        done = seeds.visit(outing(people, mine, Kind.EXPERT, wrong=2), now=now, rng=Random(9), draw=draw)
        said.append((done.opinion, selectors.sheets_of(done)[0].sheet.filled.answers))
    assert said[0] == said[1]

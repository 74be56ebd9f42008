"""The verbs of a hazard, one by one and in a row."""

from datetime import timedelta

import pytest

from anwang.ground.base.errors import Refused
from anwang.ground.files.models import StoredFile
from anwang.kernel import clock
from anwang.work.hazards import selectors, services
from anwang.work.hazards.models import Hazard, HazardMove

from .conftest import major_urn

pytestmark = pytest.mark.django_db


def test_the_whole_road(walked, people, now):
    hazard = walked("closed")
    assert [move.action for move in hazard.moves.all()] == [
        "report",
        "grade",
        "assign",
        "start",
        "submit",
        "verify",
        "close",
    ]
    assert hazard.closed_on == clock.local_date(now)
    assert (hazard.late, hazard.first_late_on) == (False, None)


def test_a_major_one_needs_a_second_person_twice(walked, people, now):
    hazard = walked("verified", major=True)
    assert hazard.grade == "major"
    assert hazard.standard_version
    assert HazardMove.objects.filter(hazard=hazard, action="confirm_major", by=people.office).exists()
    refused = {each.action: each.refused for each in selectors.acts(hazard, acting=people.inspector, now=now)}
    assert refused["close"] == "hazards.second_acceptor"
    services.close(hazard_id=hazard.pk, by=people.office, now=now)
    assert Hazard.objects.get(pk=hazard.pk).state == "closed"


# --- lateness ---------------------------------------------------------------------------------------------------------


def test_a_stage_that_ends_late_was_late_though_no_timer_rang(walked, people, picture, now, days):
    hazard = walked("rectifying", due_in=2)
    moment = now + days(5)
    photo = picture(by=people.enterprise, at=moment)
    services.submit(hazard_id=hazard.pk, by=people.enterprise, now=moment, note="已改", photos=[photo])
    hazard.refresh_from_db()
    [overdue] = hazard.overdues.all()
    assert (overdue.stage, overdue.days, hazard.late, hazard.late_days) == ("rectifying", 3, False, 3)
    assert hazard.first_late_on == clock.local_date(moment)


def test_the_timer_rings_on_the_day_after(walked, now, days, run_jobs):
    hazard = walked("rectifying", due_in=2)
    run_jobs(now=now + days(2))
    hazard.refresh_from_db()
    assert not hazard.late
    run_jobs(now=now + days(3))
    hazard.refresh_from_db()
    assert hazard.late
    assert selectors.late_days(hazard, now + days(4)) == 2
    rungs = [reminder.rung for reminder in hazard.reminders.order_by("at", "rung")]
    run_jobs(now=now + days(3))
    assert [reminder.rung for reminder in hazard.reminders.order_by("at", "rung")] == rungs


def test_late_again_is_counted_from_its_own_first_day(walked, people, picture, now, days, run_jobs):
    hazard = walked("rectifying", due_in=2)
    handed_in, back = now + days(4), now + days(9)
    photo = picture(by=people.enterprise, at=handed_in)
    services.submit(hazard_id=hazard.pk, by=people.enterprise, now=handed_in, note="已改", photos=[photo])
    services.send_back(hazard_id=hazard.pk, by=people.inspector, now=back, note="看不清")
    hazard.refresh_from_db()
    assert (hazard.late, hazard.late_days) == (True, 2)
    assert selectors.late_days(hazard, back + days(1)) == 4  # two before, the day it came back and the next


def test_a_day_that_two_late_stages_share_counts_once(walked, people, picture, now, days, run_jobs):
    hazard = walked("rectifying", due_in=2)
    photo = picture(by=people.enterprise, at=now + days(4))
    services.submit(hazard_id=hazard.pk, by=people.enterprise, now=now + days(4), note="已改", photos=[photo])
    hazard.refresh_from_db()
    back = clock.start_of_day(clock.add_days(hazard.next_due_on, 2)) + timedelta(hours=10)  # checked two days late
    services.send_back(hazard_id=hazard.pk, by=people.inspector, now=back, note="看不清")
    hazard.refresh_from_db()
    assert [each.days for each in hazard.overdues.order_by("id")] == [2, 2, None]
    assert (hazard.late, hazard.late_days) == (True, 4)
    assert selectors.late_days(hazard, back) == 4, "the day it came back was late already"
    assert selectors.late_days(hazard, back + days(1)) == 5


def test_a_suspended_one_waits_with_leave(walked, people, now, days, run_jobs):
    hazard = walked("rectifying", due_in=2)
    services.suspend(hazard_id=hazard.pk, by=people.office, now=now, note="封冻")
    run_jobs(now=now + days(30))
    hazard.refresh_from_db()
    assert (hazard.late, hazard.overdues.count()) == (False, 0)


# --- what the services look after themselves ------------------------------------------------------------------------------


def test_a_finder_s_criterion_is_set_aside_with_a_reason(found, people, now):
    hazard = found()
    urn = major_urn(hazard)
    hazard = found(standard_urn=urn)
    assert (hazard.standard_urn, bool(hazard.standard_version)) == (urn, True)
    with pytest.raises(Refused) as refused:
        services.grade(hazard_id=hazard.pk, by=people.inspector, now=now)
    assert refused.value.key == "hazards.note_missing"
    services.grade(hazard_id=hazard.pk, by=people.inspector, now=now, note="数值未超限")
    hazard.refresh_from_db()
    assert (hazard.grade, hazard.standard_urn) == ("general", "")
    assert hazard.moves.get(action="grade").data["set_aside"] == urn


def test_a_hazard_is_handed_to_a_unit_of_its_county_only(walked, people, places, organisation, now):
    hazard = walked("graded")
    stranger = organisation("襄垣县某企业", places.far_county, by=people.far)
    named = {"hazard_id": hazard.pk, "due_on": clock.add_days(clock.local_date(now), 3), "now": now}
    with pytest.raises(Refused) as refused:
        services.assign(**named, unit_id=stranger.pk, by=people.inspector)
    assert (refused.value.key, refused.value.field) == ("hazards.unknown_unit", "unit_id")
    services.assign(**named, unit_id=organisation("河曲县望舒商贸有限公司").pk, by=people.inspector)


def test_texts_that_do_not_fit_are_refused_with_words(found, walked, people, now):
    with pytest.raises(Refused) as refused:
        found(description="长" * 1001)
    assert (refused.value.key, refused.value.field) == ("hazards.too_long", "description")
    assert "1000" in refused.value.what
    hazard = walked("submitted")
    with pytest.raises(Refused):
        services.send_back(hazard_id=hazard.pk, by=people.inspector, now=now, note="长" * 1001)


def test_an_extension_granted_while_it_is_re_checked_holds_if_sent_back(walked, people, picture, now):
    hazard = walked("rectifying", due_in=2)
    longer = clock.add_days(hazard.due_on, 6)
    words = {"reason": "缺件", "interim": "专人值守"}
    extension = services.ask_extension(hazard_id=hazard.pk, new_due_on=longer, by=people.enterprise, now=now, **words)
    services.submit(
        hazard_id=hazard.pk, by=people.enterprise, now=now, note="已改", photos=[picture(by=people.enterprise)]
    )
    services.decide_extension(extension_id=extension.pk, grant=True, by=people.town, now=now)
    services.send_back(hazard_id=hazard.pk, by=people.inspector, now=now, note="看不清")
    hazard.refresh_from_db()
    assert (hazard.due_on, hazard.next_due_on) == (longer, longer)


def test_a_request_for_more_time_ends_with_the_hazard(walked, people, picture, now):
    hazard = walked("rectifying", due_in=2)
    words = {"reason": "缺件", "interim": "专人值守"}
    longer = clock.add_days(hazard.due_on, 6)
    extension = services.ask_extension(hazard_id=hazard.pk, new_due_on=longer, by=people.enterprise, now=now, **words)
    assert list(selectors.extensions_to_decide(people.town)) == [extension]
    shots = [picture(by=people.enterprise)]
    services.submit(hazard_id=hazard.pk, by=people.enterprise, now=now, note="已改", photos=shots)
    services.accept(hazard_id=hazard.pk, by=people.inspector, now=now, note="合格")
    assert list(selectors.extensions_to_decide(people.town)) == []
    with pytest.raises(Refused) as refused:
        services.decide_extension(extension_id=extension.pk, grant=True, by=people.town, now=now)
    assert refused.value.key == "hazards.nothing_to_extend"


def test_evidence_must_be_newer_than_the_order(walked, people, picture, now, days):
    hazard = walked("rectifying")
    old = picture(by=people.enterprise, taken_at=now - days(3))
    with pytest.raises(Refused) as refused:
        services.submit(hazard_id=hazard.pk, by=people.enterprise, now=now, note="已改", photos=[old])
    assert refused.value.key == "hazards.evidence_missing"
    assert Hazard.objects.get(pk=hazard.pk).state == "rectifying"


def test_the_transferred_unit_sees_the_evidence(walked, people, organisation, make_user, picture, now):
    hazard = walked("rectifying")
    services.add_photos(
        hazard_id=hazard.pk, slot="after", photos=[picture(by=people.enterprise)], by=people.enterprise, now=now
    )
    other = organisation("河曲县望舒商贸有限公司")
    officer = make_user("enterprise_officer", organisation_id=other.pk)
    assert not StoredFile.objects.visible_to(officer).filter(thing_id=hazard.pk).exists()
    services.transfer(hazard_id=hazard.pk, unit_id=other.pk, by=people.office, now=now, note="责任变更")
    assert StoredFile.objects.visible_to(officer).filter(thing_id=hazard.pk).exists()
    hazard.refresh_from_db()
    assert (hazard.state, hazard.fix_person) == ("assigned", "")

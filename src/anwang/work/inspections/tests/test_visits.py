"""A visit's road through its services."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import ObjectDoesNotExist

from anwang.ground.audit.models import AuditRow
from anwang.ground.base import errors
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.files.models import StoredFile
from anwang.ground.notices.models import Notice
from anwang.kernel import clock
from anwang.work.inspections import labels, selectors, services
from anwang.work.inspections.models import Inspection, InspectionMove
from anwang.work.inspections.rules import Action, State
from anwang.work.inspections.services import Companion
from anwang.work.inspections.tests.conftest import answer_all

pytestmark = pytest.mark.django_db


def refused(key):
    return pytest.raises(Refused, check=lambda error: error.key == key)


def finish(visit, by, now, **values):
    return services.finish(inspection_id=visit.pk, by=by, now=now, **values)


# --- beginning --------------------------------------------------------------------------------------------------------


def test_a_visit_begins_with_its_leader_its_place_and_its_checklist(people, site, now):
    place = site()
    visit = services.begin(
        inspection_id=new_id(),
        site_id=place.pk,
        visit_kind="government",
        lon=111.147,
        lat=39.385,
        checklist_keys=["catering-gas"],
        by=people.inspector,
        now=now,
    )
    assert (visit.state, visit.began_at, visit.lon) == (State.ONGOING, now, 111.147)
    assert (visit.county_code, visit.grid_code, visit.domain) == ("140930", place.grid_code, "commerce")
    assert visit.number.startswith("140930-2026-")
    (leader,) = selectors.there(visit)
    assert (leader.name, leader.certificate) == ("检查员甲", "14092201001")
    (view,) = selectors.sheets_of(visit)
    assert view.definition.key == "catering-gas"
    move = InspectionMove.objects.get(inspection=visit)
    assert (move.source, move.target, move.action, move.by) == ("arranged", "ongoing", "begin", people.inspector)
    assert AuditRow.objects.filter(event="inspections.begin", on_id=visit.pk, by_id=people.inspector.pk).exists()


def test_a_double_click_begins_one_visit(people, site, now):
    place, key = site(), new_id()
    again = [
        services.begin(inspection_id=key, site_id=place.pk, visit_kind="patrol", by=people.grid, now=now)
        for _ in range(2)
    ]
    assert again[0] == again[1]
    assert Inspection.objects.count() == 1
    assert InspectionMove.objects.count() == 1


def test_an_id_that_somebody_out_of_sight_has_is_refused(people, site, now, places):
    key = new_id()
    services.begin(inspection_id=key, site_id=site().pk, visit_kind="patrol", by=people.grid, now=now)
    elsewhere = site("保德面馆", region=places.other_county, by=people.other_county)
    with refused("inspections.bad_id"):
        services.begin(
            inspection_id=key, site_id=elsewhere.pk, visit_kind="government", by=people.other_county, now=now
        )
    with refused("inspections.bad_id"):
        services.begin(inspection_id="42", site_id=elsewhere.pk, visit_kind="patrol", by=people.other_county, now=now)


def test_what_was_begun_without_a_network_keeps_its_own_moment(people, site, now):
    earlier = now - timedelta(hours=3)
    visit = services.begin(
        inspection_id=new_id(), site_id=site().pk, visit_kind="patrol", by=people.grid, now=now, began_at=earlier
    )
    assert visit.began_at == earlier
    assert visit.moves.get().data["at"] == earlier.isoformat()
    with refused("inspections.begins_later"):
        services.begin(
            inspection_id=new_id(),
            site_id=visit.site_id,
            visit_kind="patrol",
            by=people.grid,
            now=now,
            began_at=now + timedelta(minutes=5),
        )


def test_a_bad_position_does_not_cost_a_visit(people, site, now):
    visit = services.begin(
        inspection_id=new_id(), site_id=site().pk, visit_kind="patrol", by=people.grid, now=now, lon=500.0, lat=0.0
    )
    assert (visit.lon, visit.lat) == (None, None)


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        ("grid", "government"),
        ("grid", "expert"),
        ("expert", "government"),
        ("enterprise", "patrol"),
        ("inspector", "self_check"),
        ("leader", "patrol"),
    ],
)
def test_who_makes_which_visit(people, mine, now, who, kind):
    with refused("inspections.kind_not_yours"):
        services.begin(inspection_id=new_id(), site_id=mine.pk, visit_kind=kind, by=getattr(people, who), now=now)


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        ("grid", "patrol"),
        ("expert", "expert"),
        ("enterprise", "self_check"),
        ("inspector", "government"),
        ("office", "joint"),
    ],
)
def test_and_who_does(people, mine, now, who, kind):
    by = getattr(people, who)
    visit = services.begin(inspection_id=new_id(), site_id=mine.pk, visit_kind=kind, by=by, now=now)
    assert visit.state == State.ONGOING


def test_a_place_out_of_sight_is_not_there(people, mine, now):
    for stranger in (people.other_enterprise, people.other_county, people.far, people.system):
        with pytest.raises(ObjectDoesNotExist):
            services.begin(inspection_id=new_id(), site_id=mine.pk, visit_kind="government", by=stranger, now=now)


def test_a_closed_place_is_not_inspected(people, site, now):
    from anwang.registers.sites import services as sites

    place = site()
    sites.suspend(site_id=place.pk, note="停业装修", by=people.office, now=now)
    with refused("inspections.site_closed"):
        services.begin(inspection_id=new_id(), site_id=place.pk, visit_kind="patrol", by=people.grid, now=now)
    with refused("inspections.kind_unknown"):
        services.begin(inspection_id=new_id(), site_id=place.pk, visit_kind="raid", by=people.grid, now=now)


# --- arranging --------------------------------------------------------------------------------------------------------


def test_an_arranged_visit_is_begun_by_those_on_it(people, mine, now, run_jobs):
    visit = services.arrange(
        site_id=mine.pk,
        visit_kind="government",
        due_on=clock.local_date(now) + timedelta(days=3),
        lead_id=people.inspector.pk,
        companions=[Companion(people.inspector_two.pk), Companion(name="王工", department="省煤科院")],
        by=people.office,
        now=now,
        tell_enterprise=True,
    )
    assert visit.state == State.ARRANGED
    assert [row.name for row in selectors.there(visit)] == ["检查员甲", "检查员乙", "王工"]
    run_jobs(now=now)
    told = set(Notice.objects.values_list("user__name", "key"))
    assert told == {
        ("检查员甲", "inspections.arranged"),
        ("检查员乙", "inspections.arranged"),
        ("矿安全员", "inspections.expected"),
    }
    with refused("accounts.not_permitted"):
        services.begin(inspection_id=visit.pk, by=people.town, now=now)
    later = now + timedelta(days=3)
    begun = services.begin(
        inspection_id=visit.pk, by=people.inspector_two, now=later, checklist_keys=["coal-eight-measures"]
    )
    assert (begun.state, begun.began_at, begun.lead) == (State.ONGOING, later, people.inspector)


def test_only_who_keeps_the_plan_arranges_for_others(people, mine, site, now):
    day = clock.local_date(now)
    with refused("accounts.not_permitted"):
        services.arrange(
            site_id=mine.pk, visit_kind="patrol", due_on=day, lead_id=people.inspector.pk, by=people.grid, now=now
        )
    with refused("inspections.lead_unfit"):
        services.arrange(
            site_id=mine.pk, visit_kind="government", due_on=day, lead_id=people.grid.pk, by=people.office, now=now
        )
    with refused("inspections.lead_unfit"):
        services.arrange(
            site_id=mine.pk, visit_kind="government", due_on=day, lead_id=people.far.pk, by=people.office, now=now
        )
    with refused("inspections.day_past"):
        services.arrange(site_id=mine.pk, visit_kind="patrol", due_on=day - timedelta(days=1), by=people.grid, now=now)
    own = services.arrange(site_id=mine.pk, visit_kind="patrol", due_on=day, by=people.grid, now=now)
    assert own.lead == people.grid


# --- the people there -------------------------------------------------------------------------------------------------


def test_people_join_with_certificate_and_department(people, begun, now):
    visit = begun(with_=[])
    row = services.join(inspection_id=visit.pk, user_id=people.fire.pk, by=people.inspector, now=now)
    assert (row.name, row.certificate) == ("消防监督员", "14092201003")
    guest = services.join(
        inspection_id=visit.pk,
        name=" 赵所长 ",
        certificate="14092209999",
        department="西口镇消防所",
        by=people.inspector,
        now=now,
    )
    assert (guest.name, guest.user_id) == ("赵所长", None)
    with refused("inspections.already_there"):
        services.join(inspection_id=visit.pk, user_id=people.fire.pk, by=people.inspector, now=now)
    with refused("inspections.person_unnamed"):
        services.join(inspection_id=visit.pk, name="  ", by=people.inspector, now=now)
    with refused("inspections.person_unnamed"):
        services.join(inspection_id=visit.pk, user_id=people.far.pk, by=people.inspector, now=now)
    with refused("inspections.not_there"):
        services.join(inspection_id=visit.pk, name="路人", by=people.grid, now=now)


def test_who_leaves_stays_on_the_list_with_the_moment(people, begun, now):
    visit = begun()
    row = selectors.there(visit)[1]
    services.leave(inspection_id=visit.pk, inspector_id=row.pk, by=people.inspector, now=now)
    assert [each.name for each in selectors.there(visit)] == ["检查员甲"]
    assert len(selectors.all_people(visit)) == 2
    with refused("inspections.lead_stays"):
        leader = selectors.there(visit)[0]
        services.leave(inspection_id=visit.pk, inspector_id=leader.pk, by=people.inspector, now=now)
    with pytest.raises(ObjectDoesNotExist):
        services.begin(inspection_id=visit.pk, by=people.far, now=now)


def test_a_missing_certificate_number_is_written_down_later(people, begun, now):
    visit = begun(with_=[])
    guest = services.join(inspection_id=visit.pk, name="赵所长", by=people.inspector, now=now)
    assert selectors.facts(visit, acting=people.inspector, now=now).certified == 1
    services.certify(
        inspection_id=visit.pk, inspector_id=guest.pk, certificate=" 14092209999 ", by=people.inspector, now=now
    )
    assert selectors.facts(visit, acting=people.inspector, now=now).certified == 2


# --- the end ----------------------------------------------------------------------------------------------------------


def test_a_finished_visit_is_signed_and_starts_the_clock_of_the_place_anew(
    people, begun, signature, site, now, run_jobs
):
    place = site(supervision_class="B", enterprise=people.enterprise.unit)
    visit = begun(at=place)
    answer_all(visit, people.inspector, now)
    done = finish(
        visit,
        people.inspector,
        now + timedelta(hours=1),
        certificate_shown=True,
        host_name="苗彩霞",
        host_phone="15400000077",
        host_signature=signature(by=people.inspector),
        officer_signatures={row.pk: signature(by=people.inspector) for row in selectors.there(visit)[:1]},
        opinion="没有意见",
    )
    assert (done.state, done.ended_at) == (State.DONE, now + timedelta(hours=1))
    assert selectors.signature(done).kind_key == "signature"
    assert [bool(row.signature_id) for row in selectors.there(done)] == [True, False]
    place.refresh_from_db()
    assert place.last_inspected_on == clock.local_date(now)
    assert place.next_inspection_on.isoformat() == "2027-05-20"
    (view,) = selectors.sheets_of(done)
    assert view.sheet.filled.state == "done"
    run_jobs(now=now + timedelta(hours=2))
    assert Notice.objects.filter(user=people.enterprise, key="inspections.done").exists()
    history = [(move.source, move.action, move.target) for move in selectors.moves(done)]
    assert history == [("arranged", "begin", "ongoing"), ("ongoing", "finish", "done")]


@pytest.mark.parametrize("kind", ["self_check", "expert"])
def test_what_is_no_supervision_leaves_the_clock_alone(people, done, mine, kind):
    by = people.enterprise if kind == "self_check" else people.expert
    done(kind=kind, by=by, at=mine, with_=[])
    mine.refresh_from_db()
    assert mine.last_inspected_on is None


def test_what_keeps_a_visit_from_being_finished_says_how_much_is_lacking(people, begun, signature, now):
    visit = begun(with_=[])
    sign = signature(by=people.inspector)
    with refused("inspections.unanswered") as caught:
        finish(visit, people.inspector, now)
    assert str(selectors.tally(visit).unanswered) in caught.value.what
    answer_all(visit, people.inspector, now)
    with refused("inspections.people_missing") as caught:
        finish(visit, people.inspector, now)
    assert "2" in caught.value.what
    services.join(inspection_id=visit.pk, name="赵所长", by=people.inspector, now=now)
    with refused("inspections.certificates_missing"):
        finish(visit, people.inspector, now)
    services.join(inspection_id=visit.pk, user_id=people.inspector_two.pk, by=people.inspector, now=now)
    with refused("inspections.certificate_not_shown"):
        finish(visit, people.inspector, now, host_name="苗彩霞", host_signature=sign)
    with refused("inspections.unsigned"):
        finish(visit, people.inspector, now, certificate_shown=True)
    with refused("inspections.ends_wrong"):
        finish(visit, people.inspector, now, ended_at=now - timedelta(hours=1))
    with refused("inspections.not_there"):
        finish(visit, people.office, now)
    with refused("inspections.person_unnamed"):
        finish(visit, people.inspector, now, certificate_shown=True, host_signature=sign)
    # Refused attempts left nothing behind: the signature is still the inspector's alone.
    assert StoredFile.objects.get(pk=sign).thing_id == ""
    visit.refresh_from_db()
    assert (visit.state, visit.host_name) == (State.ONGOING, "")
    finish(visit, people.inspector, now, certificate_shown=True, sign_refused="负责人不肯签字")
    with refused("inspections.ended"):
        finish(visit, people.inspector, now)


def test_a_visit_without_a_checklist_needs_a_word(people, begun, signature, now):
    visit = begun(kind="patrol", by=people.grid, checklist="")
    sign = signature(by=people.grid)
    with refused("inspections.nothing_recorded"):
        finish(visit, people.grid, now, host_name="店主", host_signature=sign)
    finish(visit, people.grid, now, host_name="店主", host_signature=sign, opinion="现场停业，无人作业")


def test_somebody_elses_visit_is_not_mine_to_write_in(people, begun, now):
    visit = begun()
    (view,) = selectors.sheets_of(visit)
    with refused("inspections.not_there"):
        services.answer(inspection_id=visit.pk, sheet_id=view.sheet.pk, answers={}, by=people.town, now=now)
    with pytest.raises(ObjectDoesNotExist):
        services.answer(inspection_id=visit.pk, sheet_id=view.sheet.pk, answers={}, by=people.far, now=now)


# --- nobody there, turned away, cancelled -----------------------------------------------------------------------------


def test_nobody_there_is_tried_again_three_times_then_the_office_decides(people, site, begun, picture, now, run_jobs):
    place = site("张家", "gas_household")
    visit = begun(kind="household", by=people.grid, at=place, with_=[])
    services.join(inspection_id=visit.pk, name="李师傅", department="燃气公司", by=people.grid, now=now)
    moment = now
    for attempt in (1, 2, 3):
        assert visit.visit_no == attempt
        with refused("inspections.revisit_missing"):
            services.nobody(inspection_id=visit.pk, note="无人应答，留到访单", by=people.grid, now=moment)
        with refused("inspections.revisit_past"):
            services.nobody(
                inspection_id=visit.pk, note="无人", next_on=clock.local_date(moment), by=people.grid, now=moment
            )
        day = clock.local_date(moment) + timedelta(days=3)
        services.nobody(
            inspection_id=visit.pk,
            note="无人应答，留到访单",
            next_on=day,
            photos=[picture(by=people.grid, at=moment)],
            by=people.grid,
            now=moment,
        )
        following = Inspection.objects.get(before=visit)
        assert (following.state, following.due_on, following.lead) == (State.ARRANGED, day, people.grid)
        assert [row.name for row in selectors.there(following)] == ["网格员", "李师傅"]
        run_jobs(now=moment)
        moment += timedelta(days=3)
        visit = following
    assert len(selectors.attempts(visit)) == 3
    services.nobody(inspection_id=visit.pk, note="第四次无人", by=people.grid, now=moment)
    assert not visit.revisits.exists()
    run_jobs(now=moment)
    told = Notice.objects.filter(key="inspections.absent_again")
    assert [(row.user.name, row.params["n"]) for row in told] == [("镇安全员", 4)]
    place.refresh_from_db()
    assert place.last_inspected_on is None


def test_being_turned_away_is_told_to_the_office(people, begun, now, run_jobs):
    visit = begun()
    with refused("inspections.note_missing"):
        services.turned_away(inspection_id=visit.pk, note=" ", by=people.inspector, now=now)
    services.turned_away(inspection_id=visit.pk, note="门卫不让进，称老板不在", by=people.inspector, now=now)
    visit.refresh_from_db()
    assert (visit.state, visit.note) == (State.REFUSED, "门卫不让进，称老板不在")
    run_jobs(now=now)
    assert Notice.objects.filter(key="inspections.turned_away").exists()


def test_a_visit_is_cancelled_by_its_leader_or_the_office_with_a_reason(people, begun, now):
    visit = begun()
    with refused("accounts.not_permitted"):
        services.cancel(inspection_id=visit.pk, note="走错门", by=people.grid, now=now)
    with refused("inspections.note_missing"):
        services.cancel(inspection_id=visit.pk, note="", by=people.inspector, now=now)
    services.cancel(inspection_id=visit.pk, note="走错门", by=people.office, now=now)
    with refused("inspections.move_not_offered") as caught:
        services.cancel(inspection_id=visit.pk, note="走错门", by=people.office, now=now)
    assert "已取消" in caught.value.what


def test_whatever_the_page_offers_succeeds(people, begun, now):
    visit = begun()
    offers = selectors.offers(visit, acting=people.inspector, now=now)
    assert {offer.action for offer in offers} == {Action.FINISH, Action.NOBODY, Action.TURNED_AWAY, Action.CANCEL}
    assert {offer.action for offer in offers if offer.refused} == {Action.FINISH}
    assert selectors.offers(visit, acting=people.leader, now=now) == []


# --- reminders --------------------------------------------------------------------------------------------------------


def test_the_morning_tells_what_is_due_and_what_was_left_lying(people, begun, mine, now, run_jobs):
    services.arrange(
        site_id=mine.pk, visit_kind="government", due_on=clock.local_date(now), by=people.inspector, now=now
    )
    begun(by=people.inspector_two, with_=[])
    from anwang.work.inspections import tasks

    Notice.objects.all().delete()
    tasks.morning(now=now + timedelta(days=1))
    assert set(Notice.objects.values_list("user__name", "key")) == {
        ("检查员甲", "inspections.due_today"),
        ("检查员乙", "inspections.unfinished"),
    }


# --- words ------------------------------------------------------------------------------------------------------------


def test_every_refusal_and_event_has_words():
    room = Path(labels.__file__).parent
    source = "\n".join(path.read_text() for path in room.rglob("*.py") if "tests" not in path.parts)
    asked = set(re.findall(r'Refused\(\s*"(inspections\.[a-z_]+)"', source))
    asked |= set(re.findall(r'return "(inspections\.[a-z_]+)"', source))
    recorded = set(re.findall(r'audit\.record\(\s*"(inspections\.[a-z_]+)"', source))
    assert asked <= set(errors.known())
    assert asked >= set(labels.REFUSALS) - {"inspections.move_not_offered"}
    assert recorded <= set(labels.EVENTS)
    for action in Action:
        assert f"inspections.{action}" in labels.EVENTS

"""Checklists bit by bit, findings that become hazards, departments side by side, three pairs of eyes."""

from datetime import timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist

from anwang.ground.audit.models import AuditRow
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.files import selectors as files
from anwang.kernel import clock
from anwang.work.hazards import selectors as hazard_selectors
from anwang.work.hazards.models import Hazard
from anwang.work.inspections import selectors, services
from anwang.work.inspections.models import Finding
from anwang.work.inspections.rules import State, Third
from anwang.work.inspections.tests.conftest import answer_all

pytestmark = pytest.mark.django_db


def refused(key):
    return pytest.raises(Refused, check=lambda error: error.key == key)


def sheet_of(visit):
    return selectors.sheets_of(visit)[0]


def fails(visit, code, by, now, **more):
    sheet = sheet_of(visit).sheet
    return services.answer(
        inspection_id=visit.pk, sheet_id=sheet.pk, answers={code: {"value": "fail", **more}}, by=by, now=now
    )


def first_check(visit, *, major=False):
    """The first plain item that, failed, proposes a general (or a major) hazard."""
    wanted = "major" if major else "general"
    items = [q.item for q in sheet_of(visit).questions if q.item.answer == "check"]
    return next(item for item in items if item.grade == wanted and item.basis)


# --- answering bit by bit ---------------------------------------------------------------------------------------------


def test_answers_are_kept_one_by_one_and_keep_their_version(people, begun, now):
    visit = begun()
    view = sheet_of(visit)
    one, two = [q.item.code for q in view.questions if q.item.answer == "check"][:2]
    for code, value in ((one, "pass"), (two, "fail"), (two, "pass")):
        services.answer(
            inspection_id=visit.pk,
            sheet_id=view.sheet.pk,
            answers={code: {"value": value}},
            by=people.inspector,
            now=now,
        )
    again = sheet_of(visit)
    assert {q.item.code: q.value for q in again.questions if q.answered} == {one: "pass", two: "pass"}
    assert (again.sheet.filled.revision, again.version.number) == (3, 1)
    assert again.answered == 2


def test_two_who_answered_the_same_item_otherwise_both_learn_of_it(people, begun, now):
    visit = begun()
    code, sheet = first_check(visit).code, sheet_of(visit).sheet.pk
    on = {"inspection_id": visit.pk, "sheet_id": sheet, "now": now}
    services.answer(**on, answers={code: {"value": "pass"}}, by=people.inspector)
    with refused("checklists.newer_answers"):
        services.answer(**on, answers={code: {"value": "fail"}}, by=people.inspector_two, base={})
    services.answer(**on, answers={code: {"value": "fail"}}, by=people.inspector_two, base={code: {"value": "pass"}})


def test_a_checklist_may_be_added_or_taken_instead(people, begun, now):
    visit = begun()
    old = sheet_of(visit)
    with refused("inspections.checklist_twice"):
        services.choose_checklist(inspection_id=visit.pk, key=old.definition.key, by=people.inspector, now=now)
    with refused("inspections.checklist_missing"):
        services.choose_checklist(inspection_id=visit.pk, key="", by=people.inspector, now=now)
    services.choose_checklist(inspection_id=visit.pk, key="nine-small", by=people.inspector, now=now)
    assert [view.definition.key for view in selectors.sheets_of(visit)] == [old.definition.key, "nine-small"]
    services.choose_checklist(
        inspection_id=visit.pk, key="enterprise-self", by=people.inspector, now=now, instead_of=old.sheet.pk
    )
    assert [view.definition.key for view in selectors.sheets_of(visit)] == ["nine-small", "enterprise-self"]
    with refused("inspections.sheet_unknown"):
        services.answer(inspection_id=visit.pk, sheet_id=old.sheet.pk, answers={}, by=people.inspector, now=now)


# --- findings ---------------------------------------------------------------------------------------------------------


def test_a_failed_item_becomes_a_hazard_ordered_at_once(people, begun, picture, now):
    visit = begun()
    item = first_check(visit)
    fails(visit, item.code, people.inspector, now)
    assert selectors.tally(visit).unreported == 1
    due_on = clock.local_date(now) + timedelta(days=7)
    finding = services.add_finding(
        inspection_id=visit.pk,
        sheet_id=sheet_of(visit).sheet.pk,
        item_code=item.code,
        photos=[picture(by=people.inspector)],
        place="后厨",
        due_on=due_on,
        measures="更换",
        by=people.inspector,
        now=now,
    )
    hazard = Hazard.objects.get(pk=finding.hazard_id)
    assert (hazard.state, hazard.grade, hazard.due_on) == ("assigned", "general", due_on)
    assert (hazard.source, hazard.origin_kind, hazard.origin_id) == ("government", "inspection", visit.pk)
    assert hazard.description == item.fail_zh
    assert hazard.basis
    assert selectors.of_origin(hazard) == visit
    assert len(hazard_selectors.photos(hazard, "before")) == 1
    assert selectors.tally(visit).unreported == 0
    assert [(f.pk, h.pk) for f, h in selectors.findings(visit)] == [(finding.pk, hazard.pk)]


@pytest.mark.parametrize(
    ("kind", "who", "source"),
    [("patrol", "grid", "grid"), ("expert", "expert", "expert"), ("household", "grid", "household")],
)
def test_who_may_not_order_asks_for_a_day(people, begun, picture, now, kind, who, source):
    by = getattr(people, who)
    visit = begun(kind=kind, by=by, with_=[])
    due_on = clock.local_date(now) + timedelta(days=3)
    finding = services.add_finding(
        inspection_id=visit.pk, description="灭火器过期", due_on=due_on, photos=[picture(by=by)], by=by, now=now
    )
    hazard = Hazard.objects.get(pk=finding.hazard_id)
    assert (hazard.state, hazard.source, finding.asked_due_on) == ("found", source, due_on)


def test_fixed_on_the_spot_needs_both_pictures_a_name_and_a_signature(people, begun, picture, signature, now):
    visit = begun(kind="patrol", by=people.grid, with_=[])
    before, after, sign = picture(by=people.grid), picture(by=people.grid), signature(by=people.grid)
    on = {"inspection_id": visit.pk, "by": people.grid, "now": now, "description": "通道堆放纸箱"}
    with refused("inspections.signer_missing"):
        services.add_finding(**on, photos=[before], photos_after=[after])
    with refused("inspections.signature_missing"):
        services.add_finding(**on, photos=[before], photos_after=[after], fixed_by_name="苗彩霞")
    with refused("hazards.photo_before_missing"):
        services.add_finding(**on, photos_after=[after], fixed_by_name="苗彩霞", fix_signature=sign)
    with refused("hazards.evidence_missing"):
        services.add_finding(**on, photos=[before], fixed_by_name="苗彩霞", fix_signature=sign)
    assert not Hazard.objects.exists()
    finding = services.add_finding(
        **on, photos=[before], photos_after=[after], fixed_by_name="苗彩霞", fix_signature=sign
    )
    hazard = Hazard.objects.get(pk=finding.hazard_id)
    assert (hazard.state, hazard.on_spot, finding.on_spot, finding.fixed_by_name) == ("closed", True, True, "苗彩霞")
    assert files.for_thing(hazard, "signature").count() == 1
    assert files.for_thing(hazard, "after").count() == 1


def test_what_was_put_right_before_the_form_was_sent_counts_as_put_right_afterwards(
    people, begun, picture, signature, now
):
    visit = begun(kind="patrol", by=people.grid, with_=[])
    later = now + timedelta(minutes=10)
    finding = services.add_finding(
        inspection_id=visit.pk,
        description="插座烧黑",
        photos=[picture(by=people.grid, at=later, taken_at=now + timedelta(minutes=2))],
        photos_after=[picture(by=people.grid, at=later, taken_at=now + timedelta(minutes=6))],
        fixed_by_name="苗彩霞",
        fix_signature=signature(by=people.grid),
        by=people.grid,
        now=later,
    )
    assert finding.at == now + timedelta(minutes=2)
    assert Hazard.objects.get(pk=finding.pk).state == "closed"


def test_a_finding_sent_twice_is_one(people, begun, picture, now):
    visit, key = begun(), new_id()
    for _ in range(2):
        services.add_finding(
            inspection_id=visit.pk,
            finding_id=key,
            description="线路老化",
            photos=[],
            by=people.inspector,
            now=now,
        )
    assert Finding.objects.count() == Hazard.objects.count() == 1


def test_a_major_criterion_goes_along_and_waits_for_a_second_person(people, begun, picture, home, now):
    visit = begun(at=home)
    item = first_check(visit, major=True)
    fails(visit, item.code, people.inspector, now)
    on = {
        "inspection_id": visit.pk,
        "sheet_id": sheet_of(visit).sheet.pk,
        "item_code": item.code,
        "by": people.inspector,
        "now": now,
    }
    finding = services.add_finding(**on, photos=[picture(by=people.inspector)])
    hazard = Hazard.objects.get(pk=finding.hazard_id)
    assert (hazard.state, hazard.standard_urn, hazard.proposed_by) == (
        "major_proposed",
        item.criterion,
        people.inspector,
    )
    general = services.add_finding(**on, as_general=True, due_on=clock.local_date(now) + timedelta(days=5))
    assert Hazard.objects.get(pk=general.hazard_id).state == "assigned"


def test_what_is_no_finding(people, begun, now):
    visit = begun()
    item, sheet = first_check(visit), sheet_of(visit).sheet.pk
    on = {"inspection_id": visit.pk, "by": people.inspector, "now": now}
    with refused("inspections.item_not_failed"):
        services.add_finding(**on, sheet_id=sheet, item_code=item.code)
    with refused("inspections.item_unknown"):
        services.add_finding(**on, sheet_id=sheet, item_code="Z99")
    with refused("inspections.finding_time"):
        services.add_finding(**on, description="早于到达", found_at=now - timedelta(hours=2))
    with refused("inspections.finding_time"):
        services.add_finding(**on, description="晚于现在", found_at=now + timedelta(hours=2))
    with refused("hazards.description_missing"):
        services.add_finding(**on, description=" ")
    with refused("inspections.too_long"):
        services.add_finding(**on, description="长" * 1001)
    with refused("inspections.not_there"):
        services.add_finding(inspection_id=visit.pk, by=people.town, now=now, description="路过看到")
    with pytest.raises(ObjectDoesNotExist):
        services.add_finding(inspection_id=visit.pk, by=people.far, now=now, description="外市")


def test_a_sheet_with_findings_is_not_set_aside_and_a_visit_with_findings_is_finished(people, begun, now):
    visit = begun()
    item = first_check(visit)
    fails(visit, item.code, people.inspector, now)
    sheet = sheet_of(visit).sheet
    services.add_finding(inspection_id=visit.pk, sheet_id=sheet.pk, item_code=item.code, by=people.inspector, now=now)
    with refused("inspections.sheet_has_findings"):
        services.choose_checklist(
            inspection_id=visit.pk, key="nine-small", instead_of=sheet.pk, by=people.inspector, now=now
        )
    with refused("inspections.has_findings"):
        services.cancel(inspection_id=visit.pk, note="走错门", by=people.inspector, now=now)
    # The answer was corrected since: the finding stays, and is shown as one without its item.
    services.answer(
        inspection_id=visit.pk,
        sheet_id=sheet.pk,
        answers={item.code: {"value": "pass"}},
        by=people.inspector,
        now=now,
    )
    assert [each.item_code for each in sheet_of(visit).strays] == [item.code]


def test_a_visit_is_not_finished_while_a_failed_item_has_no_hazard(people, begun, signature, now):
    visit = begun()
    item = first_check(visit)
    answer_all(visit, people.inspector, now, fail=(item.code,))
    with refused("inspections.unreported"):
        services.finish(inspection_id=visit.pk, by=people.inspector, now=now)


# --- a joint inspection -----------------------------------------------------------------------------------------------


def test_departments_answer_their_own_sections_of_one_record(people, begun, home, picture, signature, now):
    visit = begun(kind="joint", at=home, with_=[])
    view = sheet_of(visit)
    assert view.definition.key == "elderly-joint"
    fire_sections = [part.code for part in view.parts if part.department == "fire"]
    services.join(inspection_id=visit.pk, user_id=people.fire.pk, sections=fire_sections, by=people.inspector, now=now)
    services.join(inspection_id=visit.pk, user_id=people.inspector_two.pk, by=people.inspector, now=now)
    # Of another domain, yet on this visit: sees it, answers the sections put down, no others.
    assert selectors.sections_of(visit, people.fire) == frozenset(fire_sections)
    own = next(q.item for part in view.parts if part.department == "fire" for q in part.questions)
    other = next(q.item for part in view.parts if part.department == "civil_affairs" for q in part.questions)
    fails(visit, own.code, people.fire, now)
    with refused("inspections.other_section"):
        fails(visit, other.code, people.fire, now)
    seen = selectors.sheets_of(visit, viewer=people.fire)[0]
    assert {part.code for part in seen.parts if part.mine} == set(fire_sections)
    assert next(part.people for part in seen.parts if part.department == "fire") == ["消防监督员"]
    finding = services.add_finding(
        inspection_id=visit.pk,
        sheet_id=view.sheet.pk,
        item_code=own.code,
        as_general=True,
        photos=[picture(by=people.fire)],
        by=people.fire,
        now=now,
    )
    hazard = Hazard.objects.get(pk=finding.hazard_id)
    # The fire brigade has no rights over an elderly home: reported through the leader, in its own name.
    assert (hazard.found_by, hazard.source) == (people.inspector, "joint")
    assert hazard.found_by_name.startswith("消防监督员")
    assert hazard_selectors.photos(hazard, "before")[0].origin_id
    trail = AuditRow.objects.get(event="inspections.finding")
    assert (trail.by_id, trail.data["in_name_of"]) == (people.fire.pk, people.inspector.pk)
    with refused("inspections.other_section"):
        services.add_finding(
            inspection_id=visit.pk, sheet_id=view.sheet.pk, item_code=other.code, by=people.fire, now=now
        )
    answer_all(visit, people.inspector, now)
    done = services.finish(
        inspection_id=visit.pk,
        by=people.inspector,
        now=now,
        certificate_shown=True,
        host_name="院长",
        host_signature=signature(by=people.inspector),
    )
    assert (done.state, done.failed_items, done.findings.count()) == (State.DONE, 1, 1)


# --- three-in-one -----------------------------------------------------------------------------------------------------


def test_three_pairs_of_eyes_side_by_side(people, begun, mine, signature, picture, now):
    def look(kind, by, when, fail, with_=()):
        visit = begun(kind=kind, by=by, at=mine, when=when, checklist="coal-routine", with_=list(with_))
        codes = [q.item.code for q in sheet_of(visit).questions if q.item.answer == "check"][:fail]
        answer_all(visit, by, when, fail=tuple(codes))
        for code in codes:
            services.add_finding(
                inspection_id=visit.pk,
                sheet_id=sheet_of(visit).sheet.pk,
                item_code=code,
                as_general=True,
                photos=[picture(by=by, at=when)],
                by=by,
                now=when,
            )
        return services.finish(
            inspection_id=visit.pk,
            by=by,
            now=when,
            certificate_shown=True,
            host_name="武矿长",
            host_signature=signature(by=by, at=when),
        )

    look("self_check", people.enterprise, now - timedelta(days=9), 0)
    expert = look("expert", people.expert, now - timedelta(days=5), 1)
    government = look("government", people.inspector, now - timedelta(days=1), 2, with_=[people.inspector_two])
    three = selectors.three_in_one(mine, people.office)
    assert [each.third for each in three.eyes] == [Third.SELF, Third.EXPERT, Third.GOVERNMENT]
    assert [each.open for each in three.eyes] == [0, 1, 2]
    assert (three.differing, three.missed) == (2, 2)
    first = three.lines[0]
    assert dict(first.said) == {Third.SELF: "pass", Third.EXPERT: "fail", Third.GOVERNMENT: "fail"}
    assert three.eyes[1].visit == expert
    assert selectors.visits_of(mine, people.office)[0].pk in (government.pk, expert.pk)
    # The unit sees the three of its own place; another unit none.
    assert selectors.three_in_one(mine, people.enterprise).missed == 2
    assert all(each.visit is None for each in selectors.three_in_one(mine, people.other_enterprise).eyes)

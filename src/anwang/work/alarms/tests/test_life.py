"""An alarm's road, its clock, its rights, its words."""

from datetime import timedelta
from time import perf_counter

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from anwang.ground.audit.models import AuditRow
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.jobs.models import Job
from anwang.ground.notices.models import Notice
from anwang.work.alarms import ports, selectors, services
from anwang.work.alarms.models import Alarm, AlarmMove, StepDelay
from anwang.work.hazards.models import Hazard
from anwang.work.telemetry import services as gas
from anwang.work.telemetry.models import Finding

from .conftest import FACE

pytestmark = pytest.mark.django_db


def acknowledged(watched):
    alarm = watched.over()
    return services.acknowledge(alarm_id=alarm.pk, by=watched.duty, now=watched.later(seconds=30))


def answered(watched):
    """As far as it goes before the review."""
    alarm = acknowledged(watched)
    watched.cut_off()
    on = {"alarm_id": alarm.pk, "by": watched.duty}
    services.confirm_cut(**on, now=watched.later(seconds=20))
    watched.clear()
    services.evacuate(**on, people=12, now=watched.later(minutes=5))
    services.state_cause(**on, kind="ventilation", cause="局部通风机停风", now=watched.later(minutes=5))
    services.take_measures(**on, measures="恢复通风，加强检查", now=watched.later(minutes=5))
    return Alarm.objects.get(pk=alarm.pk)


def test_the_whole_road(watched, run_jobs):
    alarm = answered(watched)
    assert (alarm.state, alarm.step, alarm.cut_shown, alarm.people_out) == ("measures_done", "review", True, 12)
    run_jobs(now=watched.now)
    assert Notice.objects.filter(key="alarms.review", user=watched.office).exists()
    services.review(alarm_id=alarm.pk, by=watched.office, now=watched.later(hours=1), note="原因清楚")
    alarm = services.close(alarm_id=alarm.pk, by=watched.office, now=watched.now)
    assert (alarm.state, alarm.step, alarm.due_at, alarm.ever_late) == ("closed", "", None, False)
    moves = list(alarm.moves.values_list("action", flat=True))
    assert moves == [
        "raise",
        "acknowledge",
        "confirm_cut",
        "evacuate",
        "state_cause",
        "take_measures",
        "review",
        "close",
    ]
    events = AuditRow.objects.filter(event__startswith="alarms.").order_by("id").values_list("event", flat=True)
    assert [each.removeprefix("alarms.") for each in events] == ["raised", *moves[1:]]
    assert not Job.objects.filter(state=Job.State.PENDING, key__startswith=f"alarm:{alarm.pk}:").exists()


def refused(key, verb, /, **named):
    with pytest.raises(Refused) as caught, transaction.atomic():
        verb(**named)
    assert caught.value.key == key


def test_steps_come_in_the_order_of_the_road(watched):
    alarm = acknowledged(watched)
    on = {"alarm_id": alarm.pk, "by": watched.duty, "now": watched.now}
    refused("alarms.not_next", services.evacuate, **on)
    refused("alarms.not_next", services.state_cause, **on, kind="other", cause="…")
    refused("alarms.move_not_offered", services.acknowledge, **on)
    assert [each.action for each in selectors.acts(alarm, acting=watched.duty)] == ["confirm_cut", "set_aside"]


@pytest.mark.parametrize(
    ("cutter", "feed", "problem"), [(0, 0, ""), (1, 1, "cutter_on"), (0, 1, "feed_on"), (None, None, "stale")]
)
def test_a_cut_is_shown_by_cutter_and_feed_together(watched, cutter, feed, problem):
    if cutter is None:
        watched.cut_off()
    alarm = acknowledged(watched)
    if cutter is not None:
        watched.cut_off(cutter, feed)
    assert selectors.cut(alarm).problem == problem
    on = {"alarm_id": alarm.pk, "by": watched.duty, "now": watched.now}
    if not problem:
        assert services.confirm_cut(**on).cut_shown
        return
    refused("alarms.cut_not_shown", services.confirm_cut, **on)
    refused("alarms.words_missing", services.confirm_cut, **on, why="seen_on_site")
    refused("alarms.choice_unknown", services.confirm_cut, **on, why="because")
    done = services.confirm_cut(**on, why="seen_on_site", note="电工李四现场验电")
    assert (done.cut_shown, done.cut_why) == (False, "seen_on_site")
    move = AlarmMove.objects.get(alarm=alarm, action="confirm_cut")
    assert (move.data["problem"], len(move.data["switches"])) == (problem, 2)


def test_what_has_not_cleared_is_not_ended(watched):
    alarm = acknowledged(watched)
    watched.cut_off()
    on = {"alarm_id": alarm.pk, "by": watched.duty, "now": watched.now}
    services.confirm_cut(**on)
    services.evacuate(**on)
    services.state_cause(**on, kind="emission", cause="瓦斯涌出")
    refused("alarms.not_cleared", services.take_measures, **on, measures="加强通风")


def test_other_eyes_review(watched):
    alarm = watched.over()
    services.acknowledge(alarm_id=alarm.pk, by=watched.inspector, now=watched.now)
    watched.clear()
    services.set_aside(
        alarm_id=alarm.pk, aside="false_alarm", why="探头进水", name="王五", by=watched.duty, now=watched.now
    )
    on = {"alarm_id": alarm.pk, "now": watched.now, "note": "属实"}
    refused("alarms.own_work", services.review, by=watched.inspector, **on)
    refused("alarms.not_reviewer", services.review, by=watched.duty, **on)
    assert services.finish(by=watched.office, **on).state == "closed"
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.filter(pk=alarm.pk).update(reviewed_by=watched.duty)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.filter(pk=alarm.pk).update(reviewed_at=None, reviewed_by=None)


def test_no_alarm_needs_a_reason_and_a_name(watched):
    alarm = watched.over()
    on = {"alarm_id": alarm.pk, "by": watched.duty, "now": watched.now, "aside": "calibration"}
    refused("alarms.words_missing", services.set_aside, **on, why=" ", name="王五")
    refused("alarms.name_missing", services.set_aside, **on, why="标校", name=" ")
    done = services.set_aside(**on, why="标校", name="王五")
    assert (done.state, done.step, done.acknowledged_by) == ("set_aside", "review", watched.duty)


def test_sent_back_it_asks_for_the_cause_again(watched, run_jobs):
    alarm = answered(watched)
    back = services.send_back(alarm_id=alarm.pk, by=watched.office, now=watched.now, note="原因不具体")
    assert (back.state, back.step, back.round, back.cause_at) == ("acknowledged", "cause", 2, None)
    assert back.cut_at is not None
    assert back.cause == "局部通风机停风"
    run_jobs(now=watched.now)
    assert Notice.objects.filter(key="alarms.send_back", user=watched.duty).exists()


def test_a_late_step_is_a_fact_and_is_told_once(watched, run_jobs):
    heard = []
    listener = ports.on_late(lambda delay, now: heard.append((delay.step, delay.round)))
    try:
        alarm = watched.over()
        run_jobs(now=watched.later(minutes=2))
        assert not StepDelay.objects.exists()
        run_jobs(now=watched.later(seconds=1))
        services.note_late(alarm_id=alarm.pk, now=watched.later(minutes=1))
        delay = StepDelay.objects.get()
        assert (delay.step, delay.level, delay.due_at, delay.done_at) == ("acknowledge", "red", alarm.due_at, None)
        run_jobs(now=watched.now)
        assert Notice.objects.filter(key="alarms.late").values_list("user", flat=True).distinct().count() >= 2
        done = services.acknowledge(alarm_id=alarm.pk, by=watched.duty, now=watched.now)
        assert (done.late, done.ever_late) == (False, True)
        delay.refresh_from_db()
        assert delay.done_at == watched.now
        # Done late before the timer rang leaves the same row.
        watched.cut_off()
        services.confirm_cut(alarm_id=alarm.pk, by=watched.duty, now=watched.later(minutes=10))
        assert heard == [("acknowledge", 1), ("cut", 1)]
    finally:
        ports._late.remove(listener)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.filter(pk=alarm.pk).update(late=True, ever_late=False)


def test_a_timer_of_a_step_that_was_done_stays_silent(watched, run_jobs):
    acknowledged(watched)
    watched.cut_off()
    services.confirm_cut(alarm_id=watched.alarm().pk, by=watched.duty, now=watched.now)
    run_jobs(now=watched.later(minutes=19))
    assert not StepDelay.objects.exists()


def test_a_red_one_is_told_to_the_mine_and_the_county_and_to_nobody_else(watched, run_jobs):
    watched.over()
    run_jobs(now=watched.now)
    told = set(Notice.objects.filter(key="alarms.raised").values_list("user", flat=True))
    assert {watched.duty.pk, watched.officer.pk, watched.office.pk} <= told
    assert watched.stranger.pk not in told
    assert watched.city.pk not in told


def test_out_of_sight_is_not_there(watched):
    alarm = watched.over()
    with pytest.raises(Alarm.DoesNotExist):
        services.acknowledge(alarm_id=alarm.pk, by=watched.stranger, now=watched.now)
    refused("alarms.not_handler", services.acknowledge, alarm_id=alarm.pk, by=watched.city, now=watched.now)


def test_one_hazard_of_an_alarm(watched):
    alarm = watched.over()
    on = {"alarm_id": alarm.pk, "by": watched.inspector, "now": watched.later(minutes=1)}
    hazard = services.make_hazard(**on, description="工作面瓦斯超限")
    assert (hazard.origin_kind, hazard.origin_id, hazard.source) == ("alarm", alarm.pk, "monitoring")
    refused("alarms.hazard_linked", services.make_hazard, **on, description="再来一条")


def test_a_loose_setting_that_is_taken_up_becomes_a_hazard(watched):
    point = watched.mine.points.get(code=FACE)
    gas.confirm_place(point_id=point.pk, place="face_return", by=watched.office, now=watched.now)
    finding = Finding.objects.get(point=point, field="high_cut")
    gas.decide(finding_id=finding.pk, hazard=True, by=watched.office, now=watched.now)
    hazard = Hazard.objects.get(origin_kind="gas_finding", origin_id=finding.pk)
    assert "1.5" in hazard.description


def test_a_rule_of_the_house_stands_over_the_built_in_one(watched):
    on = {"by": watched.admin, "now": watched.now, "instrument": "矿安〔2025〕100号", "family": "over"}
    refused("accounts.not_permitted", services.set_rule, **{**on, "by": watched.office}, key="x", level="red")
    refused("alarms.choice_unknown", services.set_rule, **on, key="x", level="red", kinds=["003"])
    refused("alarms.rule_source", services.set_rule, **{**on, "instrument": " "}, key="x", level="red")
    row = services.set_rule(**on, key="methane-1.0-workplace", level="", quantities=["methane"])
    assert row.version == 2
    assert watched.over(1.2).level == "orange"


def test_acknowledging_one_of_ten_thousand_is_a_fixed_number_of_queries(watched):
    first = watched.over()
    values = {f.attname: getattr(first, f.attname) for f in Alarm._meta.concrete_fields}
    with CaptureQueriesContext(connection) as few:
        services.acknowledge(alarm_id=first.pk, by=watched.duty, now=watched.now)
    copies = [Alarm(**{**values, "id": new_id(), "number": f"N{n}", "place": f"{n}号掘进面"}) for n in range(10_000)]
    Alarm.objects.bulk_create(copies, batch_size=500)
    with CaptureQueriesContext(connection) as many:
        services.acknowledge(alarm_id=copies[5_000].pk, by=watched.duty, now=watched.now)
    # A copy has no timer yet: setting one is a statement more than moving one.
    assert len(many) <= len(few) + 2
    spans = []
    for alarm in copies[:200]:
        began = perf_counter()
        services.acknowledge(alarm_id=alarm.pk, by=watched.duty, now=watched.now)
        spans.append(perf_counter() - began)
    spans.sort()
    print(
        f"acknowledge among 10 000: p50 {spans[100] * 1000:.1f} ms, p99 {spans[198] * 1000:.1f} ms, {len(many)} queries"
    )
    assert timedelta(seconds=spans[100]) < timedelta(milliseconds=150)

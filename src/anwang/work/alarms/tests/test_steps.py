"""Roads and time limits of the house: put into force, kept, and what the clock makes of them."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from anwang.ground.audit.models import AuditRow
from anwang.ground.base.errors import Refused
from anwang.kernel.scale import Level
from anwang.work.alarms import labels, library, rules, selectors, services
from anwang.work.alarms.models import Alarm, AlarmMove, RoadRule, StepDelay, StepLimit
from anwang.work.alarms.rules import Step

from .conftest import FACE, RETURN

pytestmark = pytest.mark.django_db

NOTICE = "县安委办〔2026〕12号"


@pytest.fixture
def keeper(watched):
    """``keeper(verb, …)``: who holds ``alarm.rules`` does it now."""

    def put(verb, **said):
        on = {"by": watched.admin, "now": watched.now, "instrument": NOTICE, "confidence": "high"}
        return verb(**{**on, **said})

    return put


def refused(expected, call, *args, **said):
    with pytest.raises(Refused) as found, transaction.atomic():
        call(*args, **said)
    assert found.value.key == expected
    return found.value


# --- limits ------------------------------------------------------------------------------------------------------------


def test_a_limit_of_the_house_stands_over_the_built_in_one_from_then_on(watched, keeper, run_jobs):
    built_in = library.conduct().limit_rows[Step.ACKNOWLEDGE, Level.RED]
    first = watched.over(1.2)
    assert (first.due_at, first.due_rule) == (watched.now + timedelta(minutes=built_in.minutes), built_in.mark)
    row = keeper(services.set_limit, step="acknowledge", level="red", minutes=7)
    assert row.version == built_in.version + 1
    # What waits keeps the time it was given.
    first.refresh_from_db()
    assert first.due_rule == built_in.mark
    watched.scan(values={RETURN: 1.6})
    second = watched.alarm(place="总回风巷")
    assert (second.level, second.due_at) == ("red", watched.now + timedelta(minutes=7))
    assert second.due_rule == f"acknowledge-red v{row.version}"
    # Both get late, each by the row that judged it.
    run_jobs(now=watched.later(minutes=8))
    assert dict(StepDelay.objects.values_list("alarm", "due_rule")) == {
        first.pk: built_in.mark,
        second.pk: second.due_rule,
    }
    services.acknowledge(alarm_id=second.pk, by=watched.duty, now=watched.now)
    assert AlarmMove.objects.get(alarm=second, action="acknowledge").data["limit"] == second.due_rule


def test_a_limit_in_force_later_does_not_hold_before(watched, keeper):
    keeper(services.set_limit, step="acknowledge", level="red", minutes=7, now=watched.now + timedelta(hours=1))
    built_in = library.conduct().limit_rows[Step.ACKNOWLEDGE, Level.RED]
    assert watched.over(1.2).due_rule == built_in.mark
    held = selectors.InForce()
    assert held.limits(at=watched.now)[Step.ACKNOWLEDGE, Level.RED] == built_in
    assert held.limits(at=watched.later(hours=1))[Step.ACKNOWLEDGE, Level.RED].minutes == 7


def test_a_limit_taken_out_of_use_asks_for_no_time_and_can_be_put_back(watched, keeper):
    keeper(services.set_limit, step="acknowledge", level="red", minutes=None)
    alarm = watched.over(1.2)
    assert (alarm.step, alarm.due_at, alarm.due_rule) == ("acknowledge", None, "")
    row = keeper(services.set_limit, step="acknowledge", level="red", minutes=3)
    assert [each.version for each in StepLimit.objects.order_by("version")] == [row.version - 1, row.version]
    assert selectors.InForce().limits(at=watched.now)[Step.ACKNOWLEDGE, Level.RED].minutes == 3
    # A step that has none built in may get one.
    keeper(services.set_limit, step="evacuate", level="blue", minutes=90)
    assert selectors.InForce().limits(at=watched.now)[Step.EVACUATE, Level.BLUE].version == 1


def test_a_graver_level_keeps_the_shorter_time_and_the_row_that_gave_it(watched, keeper):
    keeper(services.set_limit, step="acknowledge", level="red", minutes=60)
    watched.scan(values={RETURN: 0.8})
    before = watched.alarm()
    watched.scan(values={RETURN: 1.6})
    after = watched.alarm()
    assert (before.level, after.level) == ("yellow", "red")
    assert (after.due_at, after.due_rule) == (before.due_at, before.due_rule)
    keeper(services.set_limit, step="acknowledge", level="red", minutes=1)
    watched.scan(values={FACE: 1.2})
    assert watched.alarm(place="3101综采工作面").due_at == watched.now + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("said", "key", "field"),
    [
        ({"minutes": 0}, "alarms.limit_minutes", "minutes"),
        ({"minutes": -5}, "alarms.limit_minutes", "minutes"),
        ({"minutes": 10_081}, "alarms.limit_minutes", "minutes"),
        ({"step": "sleep"}, "alarms.step_unknown", "step"),
        ({"level": "purple"}, "alarms.level_unknown", "level"),
        ({"instrument": "  "}, "alarms.row_source", "instrument"),
        ({"confidence": "absolute"}, "alarms.choice_unknown", "confidence"),
    ],
)
def test_what_cannot_be_a_limit_is_refused_in_both_languages(watched, keeper, said, key, field):
    whole = {"step": "cut", "level": "red", "minutes": 5}
    found = refused(key, keeper, services.set_limit, **{**whole, **said})
    assert found.field == field
    texts = []
    for language in ("en", "zh-hans"):
        with translation.override(language):
            texts.append(str(found))
    assert texts[0] != texts[1]
    assert not StepLimit.objects.exists()
    for minutes in (1, 10_080):
        keeper(services.set_limit, **{**whole, "minutes": minutes})


def test_the_database_guards_limits_and_roads(watched, keeper):
    row = keeper(services.set_limit, step="cut", level="red", minutes=5)
    for wrong in ({"minutes": 0}, {"minutes": 10_081}, {"step": "sleep"}, {"level": "purple"}, {"instrument": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            StepLimit.objects.filter(pk=row.pk).update(**wrong)
    road = keeper(services.set_road, key="x", family="sensor", steps=["acknowledge", "cause"])
    for wrong in ({"family": "weather"}, {"instrument": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RoadRule.objects.filter(pk=road.pk).update(**wrong)


def test_only_who_keeps_the_rules_changes_them_and_it_is_on_record(watched, keeper):
    for name in ("duty", "office", "city", "inspector"):
        by = watched.people[name]
        refused("accounts.not_permitted", keeper, services.set_limit, step="cut", level="red", minutes=5, by=by)
        refused("accounts.not_permitted", keeper, services.set_road, key="x", family="mine", steps=[], by=by)
    limit = keeper(services.set_limit, step="cut", level="red", minutes=5)
    road = keeper(services.set_road, key="x", family="sensor", steps=["acknowledge", "cause"])
    found = {row.event: row for row in AuditRow.objects.filter(event__in=["alarms.limit_set", "alarms.road_set"])}
    assert found["alarms.limit_set"].data == {"key": "cut-red", "version": limit.version, "minutes": 5}
    assert found["alarms.road_set"].data == {"key": "x", "version": 1, "steps": road.steps}
    assert [row.pk for row in selectors.versions(most=5)] == [road.pk, limit.pk]


# --- roads -------------------------------------------------------------------------------------------------------------


def test_a_road_holds_from_the_next_call_on_and_not_under_the_hands_of_who_deals_with_it(watched, keeper):
    watched.scan(values={FACE: 0.4}, status=32)
    alarm = watched.alarm(family="sensor")
    assert selectors.steps(alarm) == (Step.ACKNOWLEDGE, Step.CAUSE)
    services.acknowledge(alarm_id=alarm.pk, by=watched.duty, now=watched.later(seconds=5))
    steps = ["measures", "acknowledge", "cause"]
    row = keeper(services.set_road, key="sensor", family="sensor", steps=steps)
    assert (row.version, row.steps) == (library.conduct().version + 1, ["acknowledge", "cause", "measures"])
    alarm.refresh_from_db()
    assert selectors.steps(alarm) == (Step.ACKNOWLEDGE, Step.CAUSE)
    watched.scan(values={FACE: 0.4})
    watched.scan(after=700, values={FACE: 0.4}, status=32)
    alarm.refresh_from_db()
    assert (alarm.round, alarm.step) == (2, "acknowledge")
    assert selectors.steps(alarm) == (Step.ACKNOWLEDGE, Step.CAUSE, Step.MEASURES)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"steps": ["acknowledge"]}, "alarms.road_ends"),
        ({"family": "over", "steps": ["acknowledge", "cause"]}, "alarms.road_review"),
        ({"steps": ["acknowledge", "sleep"]}, "alarms.step_unknown"),
        ({"levels": ["purple"]}, "alarms.level_unknown"),
        ({"quantities": ["gold"]}, "alarms.choice_unknown"),
        ({"family": "weather"}, "alarms.choice_unknown"),
        ({"key": "Ä"}, "alarms.road_key"),
        ({"instrument": ""}, "alarms.row_source"),
        ({"key": "sensor", "steps": []}, "alarms.road_gap"),
        ({"key": "sensor", "levels": ["red"]}, "alarms.road_gap"),
    ],
)
def test_what_cannot_be_a_road_is_refused(watched, keeper, said, key):
    whole = {"key": "x", "family": "sensor", "steps": ["acknowledge", "cause"]}
    refused(key, keeper, services.set_road, **{**whole, **said})
    assert not RoadRule.objects.exists()


def test_a_road_may_go_once_another_one_takes_its_alarms(watched, keeper):
    short = ["acknowledge", "cause"]
    keeper(services.set_road, key="faults", family="sensor", steps=short)
    keeper(services.set_road, key="sensor", family="sensor", steps=[])
    refused("alarms.road_gap", keeper, services.set_road, key="faults", family="sensor", steps=[])
    # A moment earlier than the row before is no way round it.
    earlier = watched.now - timedelta(hours=1)
    row = keeper(services.set_road, key="faults", family="sensor", steps=[*short, "measures"], now=earlier)
    assert row.in_force_from == watched.now
    roads = selectors.InForce().roads(at=watched.now)
    assert rules.road_gap(roads) is None
    assert [road.key for road in roads if road.family == "sensor"] == ["faults"]


def test_hundreds_of_alarms_read_the_rules_once(watched, keeper):
    keeper(services.set_limit, step="cut", level="red", minutes=5)
    keeper(services.set_road, key="x", family="sensor", steps=["acknowledge", "cause"])
    alarm, held = watched.over(1.2), selectors.InForce()
    with CaptureQueriesContext(connection) as asked:
        for _n in range(200):
            selectors.conclude(alarm, held)
            held.limits(at=watched.now)
    assert len(asked) == 2


# --- the page ----------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_holds_and_who_changed_it(client, signed_in, watched, keeper):
    page = reverse("alarms:steps")
    text = signed_in(client, watched.office).get(page).content.decode()
    for said in (
        "处置步骤与时限",
        "2 分钟",
        "8 小时",
        "7 天",
        "不设时限",
        "内置",
        "可信度低",
        "待核实",
        "还没有修改过",
    ):
        assert said in text, said
    assert reverse("alarms:limit_set") not in text
    assert client.get(reverse("alarms:limit_set")).status_code == 403
    assert client.get(reverse("alarms:road_set")).status_code == 403
    signed_in(client, watched.admin)
    form = reverse("alarms:limit_set") + "?step=cut&level=orange"
    text = client.get(form).content.decode()
    assert 'value="5"' in text
    said = {"step": "cut", "level": "orange", "minutes": "90", "instrument": NOTICE, "confidence": "high"}
    assert client.post(form, said).url == page
    text = client.get(page).content.decode()
    for words in ("1 小时 30 分钟", NOTICE, "本级录入", watched.admin.name, "橙色"):
        assert words in text, words
    assert client.post(form, {**said, "minutes": "", "off": "on"}).status_code == 302
    assert StepLimit.objects.latest("version").minutes is None
    assert 'name="off" checked' in client.get(form).content.decode().replace('id="id_off" ', "") or (
        "checked" in client.get(form).content.decode()
    )


@pytest.mark.parametrize(
    ("language", "changed", "words"),
    [
        ("zh-hans", {"minutes": "10081"}, "时限应在 1 至 10,080 分钟（一周）之间"),
        ("en", {"minutes": "0"}, "between 1 and 10,080 minutes"),
        ("zh-hans", {"minutes": ""}, "请填写分钟数"),
        ("zh-hans", {"step": "sleep"}, "没有这个步骤"),
        ("en", {"level": "purple"}, "There is no such level."),
    ],
)
def test_the_form_says_what_is_wrong_with_a_limit(client, signed_in, watched, language, changed, words):
    signed_in(client, watched.admin)
    client.cookies["anwang_language"] = language
    said = {"step": "cut", "level": "red", "minutes": "5", "instrument": NOTICE, "confidence": "high", **changed}
    answer = client.post(reverse("alarms:limit_set"), said)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not StepLimit.objects.exists()


def test_the_form_of_the_steps(client, signed_in, watched):
    signed_in(client, watched.admin)
    form = reverse("alarms:road_set") + "?key=methane-grave"
    assert "methane-grave" in client.get(form).content.decode()
    said = {"key": "sensor", "family": "sensor", "instrument": NOTICE, "confidence": "high"}
    assert "请勾选步骤" in client.post(form, said).content.decode()
    answer = client.post(form, {**said, "off": "on"})
    assert (answer.status_code, "就没有处置步骤了" in answer.content.decode()) == (422, True)
    said["steps"] = ["acknowledge", "cause", "review"]
    assert client.post(form, said).status_code == 302
    text = client.get(reverse("alarms:steps")).content.decode()
    assert " → ".join(str(labels.STEP[each]) for each in said["steps"]) in text
    assert client.get(reverse("alarms:road_set") + "?key=nothing").status_code == 200


def test_a_late_step_shows_the_limit_it_was_late_by(client, signed_in, watched, run_jobs):
    watched.now = timezone.now() - timedelta(minutes=30)
    alarm = watched.over(1.2)
    run_jobs(now=watched.later(minutes=3))
    text = signed_in(client, watched.duty).get(reverse("alarms:alarm", args=[alarm.pk])).content.decode()
    assert f"时限：{alarm.due_rule}" in text
    assert Alarm.objects.get(pk=alarm.pk).ever_late

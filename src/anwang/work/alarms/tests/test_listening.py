"""Episodes that come in, and what alarms they make."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from anwang.ground.jobs.models import Job
from anwang.work.alarms import ports, rules, services
from anwang.work.alarms.models import Alarm, AlarmEpisode, AlarmLevel
from anwang.work.alarms.services import listening
from anwang.work.telemetry import services as gas
from anwang.work.telemetry.models import Episode
from anwang.work.telemetry.ports import News, What

from .conftest import CO, CODE, FACE, FACE_TWO, RETURN

pytestmark = pytest.mark.django_db


def test_a_value_over_its_limit_at_a_face_is_one_red_alarm(watched):
    alarm = watched.over(1.2)
    assert (alarm.family, alarm.quantity, alarm.place) == ("over", "methane", "3101综采工作面")
    assert (alarm.level, alarm.rank, alarm.state, alarm.step) == ("red", 1, "raised", "acknowledge")
    assert (alarm.highest, alarm.limit, alarm.kinds, alarm.places) == (1.2, 1.0, ["001", "rise"], ["face"]) or (
        alarm.kinds == ["001"]
    )
    assert alarm.number == "BJ140930-20261120-0001"
    assert alarm.county_code == "140930"
    assert alarm.enterprise_id == watched.site.enterprise_id
    assert alarm.due_at == watched.now + timedelta(minutes=2)
    rung = AlarmLevel.objects.get(alarm=alarm)
    assert (rung.rule_key, rung.instrument) == ("methane-1.0-workplace", "煤矿安全规程（2022）")
    assert [move.action for move in alarm.moves.all()] == ["raise"]


def test_sensors_of_one_place_and_kind_make_one_alarm(watched):
    watched.scan(values={FACE: 1.2, FACE_TWO: 1.6, CO: 30.0, RETURN: 0.8})
    found = {(each.quantity, each.place): each for each in Alarm.objects.all()}
    assert set(found) == {("methane", "3101综采工作面"), ("co", "3101综采工作面"), ("methane", "总回风巷")}
    face = found["methane", "3101综采工作面"]
    assert set(face.joined.values_list("episode__point__code", "episode__what")) >= {
        (FACE, "001"),
        (FACE_TWO, "001"),
        (FACE_TWO, "002"),
    }
    assert (face.highest, found["co", "3101综采工作面"].level) == (1.6, "yellow")
    assert found["methane", "总回风巷"].level == "yellow"


def test_it_has_cleared_when_the_last_of_its_episodes_has_ended(watched):
    watched.scan(values={FACE: 1.2, FACE_TWO: 1.2})
    watched.scan(values={FACE: 0.5, FACE_TWO: 1.2})
    assert watched.alarm().cleared_at is None
    watched.scan(values={FACE: 0.5, FACE_TWO: 0.5})
    assert watched.alarm().cleared_at == watched.now


def test_a_higher_value_makes_it_graver_and_it_never_gets_milder(watched):
    heard: list[tuple[str, str]] = []
    listener = ports.on_raised(lambda alarms, now: heard.extend((each.place, each.level) for each in alarms))
    try:
        watched.scan(values={RETURN: 0.8})
        watched.scan(values={RETURN: 1.1})
        watched.scan(values={RETURN: 1.2})
        watched.scan(values={RETURN: 1.6})
        watched.scan(values={RETURN: 0.9})
    finally:
        ports._raised.remove(listener)
    alarm = watched.alarm()
    assert alarm.level == "red"
    assert heard == [("总回风巷", "yellow"), ("总回风巷", "orange"), ("总回风巷", "red")]
    assert list(alarm.levels.order_by("at").values_list("level", flat=True)) == ["yellow", "orange", "red"]


def test_it_gets_graver_by_lasting(watched, run_jobs):
    watched.scan(values={RETURN: 0.8})
    watched.scan(after=540, values={RETURN: 0.8})
    run_jobs(now=watched.now)
    assert watched.alarm().level == "yellow"
    watched.scan(after=70, values={RETURN: 0.8})
    run_jobs(now=watched.now)
    assert watched.alarm().level == "orange"
    run_jobs(now=watched.later(minutes=21))
    alarm = watched.alarm()
    assert alarm.level == "red"
    assert list(alarm.levels.order_by("at").values_list("rule_key", flat=True)) == [
        "methane-alarm",
        "methane-10min",
        "methane-30min",
    ]


def test_what_has_cleared_does_not_climb(watched, run_jobs):
    watched.scan(values={RETURN: 0.8})
    watched.scan(values={RETURN: 0.3})
    run_jobs(now=watched.later(hours=2))
    assert watched.alarm().level == "yellow"


def test_a_value_that_swings_stays_one_call(watched):
    alarm = watched.over()
    services.acknowledge(alarm_id=alarm.pk, by=watched.duty, now=watched.now)
    watched.clear()
    watched.over(after=300)
    alarm = watched.alarm()
    assert (Alarm.objects.count(), alarm.state, alarm.round, alarm.cleared_at) == (1, "acknowledged", 1, None)


def test_after_the_swing_an_open_alarm_calls_again_from_the_beginning(watched):
    alarm = watched.over()
    services.acknowledge(alarm_id=alarm.pk, by=watched.duty, now=watched.now)
    watched.clear()
    watched.scan(after=601, values={RETURN: 0.1})
    watched.over(1.1)
    alarm = watched.alarm(pk=alarm.pk)
    assert Alarm.objects.filter(quantity="methane", place="3101综采工作面").count() == 1
    assert (alarm.state, alarm.round, alarm.step, alarm.acknowledged_at) == ("raised", 2, "acknowledge", None)
    assert (alarm.highest, alarm.level) == (1.1, "red")
    actions = list(alarm.moves.values_list("action", flat=True))
    assert actions == ["raise", "acknowledge", "recur"]
    assert rules.MACHINE.replay([rules.Action(each) for each in actions[1:]]) == alarm.state


def test_what_was_reported_as_a_test_calls_again_at_once(watched):
    alarm = watched.over()
    services.set_aside(alarm_id=alarm.pk, aside="test", why="断电试验", name="张三", by=watched.duty, now=watched.now)
    watched.clear()
    watched.over()
    alarm = watched.alarm()
    assert (alarm.state, alarm.round, alarm.aside) == ("raised", 2, "")


def test_after_closing_a_new_one_is_raised_and_shortly_after_clearing_the_old_one(watched):
    for wait, number in ((30, 1), (700, 3)):
        watched.scan(values={FACE: 0.4}, status=32)
        alarm = watched.alarm(family="sensor")
        services.acknowledge(alarm_id=alarm.pk, by=watched.duty, now=watched.now)
        watched.scan(values={FACE: 0.4})
        services.state_cause(alarm_id=alarm.pk, kind="equipment", cause="线路检修", by=watched.duty, now=watched.now)
        services.close(alarm_id=alarm.pk, by=watched.duty, now=watched.now)
        watched.scan(after=wait, values={FACE: 0.4}, status=32)
        assert Alarm.objects.filter(family="sensor").count() == number
        last = watched.alarm(family="sensor")
        assert last.state == "raised"
        watched.scan(values={FACE: 0.4})
        Alarm.objects.filter(family="sensor").exclude(state="closed").update(
            state="closed", closed_at=watched.now, cause_at=watched.now, step="", due_at=None
        )
        watched.later(hours=2)


def test_calibration_does_not_call(watched):
    watched.scan(values={FACE: 2.5}, status=4)
    assert Episode.objects.filter(what="calibration").exists()
    assert not Alarm.objects.exists()


def test_a_silent_substation_is_one_alarm_and_hides_its_points(watched, run_jobs):
    everything = {FACE: 0.3, FACE_TWO: 0.3, CO: 1.0, RETURN: 0.2}
    for _n in range(3):
        watched.scan(values=everything)
    other = f"{CODE}01MN000100000077"
    watched.scan(values={other: 0.1})
    watched.scan(after=90, values={other: 0.1})
    watched.scan(values={other: 0.1})
    station = watched.alarm(family="station")
    silent = list(Alarm.objects.filter(family="silent"))
    assert silent
    assert {each.hidden_by_id for each in silent} == {station.pk}
    assert {each.due_at for each in silent} == {None}
    assert station.joined.count() >= 2
    watched.scan(values=everything)
    station = watched.alarm(family="station")
    assert station.cleared_at is not None
    assert not Alarm.objects.filter(hidden_by__isnull=False).exists()


def test_a_mine_down_hides_its_silent_points_and_never_an_over_limit(watched):
    for _n in range(3):
        watched.scan(values={FACE: 0.3, RETURN: 0.2})
    watched.scan(values={FACE: 1.3})
    watched.scan(after=90, values={FACE: 1.3})
    assert watched.alarm(family="silent").hidden_by_id is None
    gas.tick(now=watched.later(seconds=200))
    mine = watched.alarm(family="mine")
    assert (mine.place, mine.level) == ("", "yellow")
    assert watched.alarm(family="silent").hidden_by_id == mine.pk
    over = watched.alarm()
    assert over.hidden_by_id is None
    watched.scan(values={FACE: 0.3, RETURN: 0.2})
    assert watched.alarm(family="mine").cleared_at is not None
    assert watched.alarm(family="silent").hidden_by_id is None


def test_news_heard_twice_change_nothing(watched):
    watched.over()
    watched.clear()
    episodes = list(Episode.objects.select_related("mine", "point").filter(what="001"))
    before = list(Alarm.objects.values())
    for what in (What.RAISED, What.CLOSED):
        listening.heard([News(what, each) for each in episodes], watched.now)
    assert list(Alarm.objects.values()) == before
    assert AlarmEpisode.objects.filter(episode__in=episodes).count() == len(episodes)


def test_one_open_alarm_per_place_and_kind_is_guarded_by_the_database(watched):
    alarm = watched.over()
    alarm.pk, alarm.number = None, "BJ-2"
    with pytest.raises(IntegrityError), transaction.atomic():
        alarm.save(force_insert=True)


def test_hundreds_of_episodes_in_a_batch_are_a_fixed_number_of_statements(watched):
    counted = []
    for n, first in ((20, 1000), (400, 2000)):
        codes = [f"{CODE}01MN0001{first + each:08d}" for each in range(n)]
        at = f"{watched.now:%Y-%m-%d %H:%M:%S}"
        rows = [
            f"{c};01;;0001;MN;%CH4;4.0;0;1.0;1.0;;;;;;;;;{i}号掘进巷甲烷;;;;;{at}" for i, c in enumerate(codes, first)
        ]
        head = f"{CODE};示范煤矿;KJ90X;煤矿安全监控系统;示例厂家;2027-12-31;{at}"
        name = f"{CODE}_CDDY_{watched.now:%Y%m%d%H%M%S}.txt"
        gas.receive_file(("~".join([head, *rows]) + "~||").encode(), name, now=watched.now)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            watched.scan(values=dict.fromkeys(codes, 1.2))
        mine = [each["sql"] for each in queries.captured_queries]
        counted.append(len(mine))
        assert Alarm.objects.count() >= n
        assert Job.objects.filter(name="alarms.late").count() >= n
    # SQLite takes so many values in a statement: what grows is the number of its pieces, not the work per alarm.
    assert counted[1] <= counted[0] + 60, counted

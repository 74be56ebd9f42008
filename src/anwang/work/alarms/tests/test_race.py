"""Two people press at once, in processes of their own, on both databases: one wins, the other is told so."""

import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = str(Path(__file__).with_name("race_process.py"))
MOVES = "SELECT action, by_name FROM alarms_alarmmove WHERE action <> 'raise' ORDER BY id"
TRAIL = "SELECT count(*) FROM audit_auditrow WHERE event = 'alarms.acknowledge'"
FACE, RETURN = "3101综采工作面", "总回风巷"
ACT = "01M8H3SZ0CR0B85B6JF44YS2A9"


@pytest.fixture
def calls(house):
    """A house in which two alarms call."""
    process = house.python(SCRIPT, "make")
    said, _ = process.communicate(timeout=120)
    assert said.splitlines()[-1] == "raised raised", said
    return house


def person(house, name, *more, place=FACE, act_id=""):
    process = house.python(SCRIPT, "press", name, place, act_id, *more, stdin=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    return process


def one_after_the_other(first, second):
    """The first holds its transaction open; the second has to wait for it. What the second was told."""
    say(first)
    assert first.stdout.readline() == "done\n"
    say(second)
    time.sleep(1)
    assert second.poll() is None, "the second does not pass the first"
    first.communicate("over\n", timeout=60)
    said, _ = second.communicate(timeout=60)
    return said


def say(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def test_who_comes_second_while_the_first_still_writes_is_refused(calls):
    """The second sees what was done."""
    said = one_after_the_other(person(calls, "first", "hold"), person(calls, "second"))
    assert said.startswith("refused alarms.move_not_offered"), said
    assert "已确认" in said
    assert calls.sql(MOVES) == [("acknowledge", "first")]
    assert calls.sql(TRAIL)[0][0] == 1


def test_of_two_at_once_one_wins(calls):
    people = [person(calls, "first"), person(calls, "second")]
    for each in people:
        say(each)
    said = [each.communicate(timeout=60)[0].split()[0] for each in people]
    assert sorted(said) == ["done", "refused"]
    winner = ("first", "second")[said.index("done")]
    assert calls.sql(MOVES) == [("acknowledge", winner)]
    assert calls.sql(f"SELECT count(*) FROM jobs_job WHERE state = 'pending' AND key = '{step_of(calls)}'")[0][0] == 1


def step_of(house):
    """The timer of the acknowledged alarm's next step."""
    alarm = house.sql("SELECT alarm_id FROM alarms_alarmmove WHERE action = 'acknowledge'")[0][0]
    return f"alarm:{alarm}:step"


def test_an_act_that_arrives_again_while_it_is_being_done_is_done_once(calls):
    said = one_after_the_other(person(calls, "first", "hold", act_id=ACT), person(calls, "first", act_id=ACT))
    assert said == "done\n"
    assert calls.sql(MOVES) == [("acknowledge", "first")]
    assert calls.sql(TRAIL)[0][0] == 1


def test_an_act_that_arrives_twice_at_once_is_done_once(calls):
    twice = [person(calls, "first", act_id=ACT) for _n in range(2)]
    for each in twice:
        say(each)
    assert [each.communicate(timeout=60)[0] for each in twice] == ["done\n", "done\n"]
    assert calls.sql(MOVES) == [("acknowledge", "first")]
    assert calls.sql(TRAIL)[0][0] == 1
    assert calls.sql(f"SELECT count(*) FROM jobs_job WHERE key = '{step_of(calls)}' AND state = 'pending'")[0][0] == 1


def test_one_id_for_acts_on_two_alarms_at_once_is_refused_by_the_database(calls):
    """No row is locked by both: the second waits at the index alone."""
    second = person(calls, "first", place=RETURN, act_id=ACT)
    said = one_after_the_other(person(calls, "first", "hold", act_id=ACT), second)
    assert said.startswith("refused alarms.act_id_taken"), said
    assert calls.sql(MOVES) == [("acknowledge", "first")]
    assert calls.sql("SELECT state FROM alarms_alarm WHERE place = '总回风巷'") == [("raised",)]
    assert calls.sql(TRAIL)[0][0] == 1

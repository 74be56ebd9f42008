"""Two people press at once, in processes of their own, on both databases: one wins, the other is told so."""

import subprocess
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = str(Path(__file__).with_name("race_process.py"))
MOVES = "SELECT action, by_name FROM alarms_alarmmove ORDER BY seq"


@pytest.fixture
def calls(house):
    """A house in which one alarm calls."""
    process = house.python(SCRIPT, "make")
    said, _ = process.communicate(timeout=120)
    assert said.splitlines()[-1] == "raised", said
    return house


def person(house, name, *more):
    process = house.python(SCRIPT, "press", name, *more, stdin=subprocess.PIPE)
    assert process.stdout.readline() == "ready\n"
    return process


def say(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def test_who_comes_second_while_the_first_still_writes_is_refused(calls):
    """The first holds its transaction open; the second has to wait for it, and then sees what was done."""
    first, second = person(calls, "first", "hold"), person(calls, "second")
    say(first)
    assert first.stdout.readline() == "done\n"
    say(second)
    time.sleep(1)
    assert second.poll() is None, "the second does not pass the first"
    first.communicate("over\n", timeout=60)
    said, _ = second.communicate(timeout=60)
    assert said.startswith("refused alarms.move_not_offered"), said
    assert "已确认" in said
    assert calls.sql(MOVES) == [("raise", ""), ("acknowledge", "first")]
    assert calls.sql("SELECT count(*) FROM audit_auditrow WHERE event = 'alarms.acknowledge'")[0][0] == 1


def test_of_two_at_once_one_wins(calls):
    people = [person(calls, "first"), person(calls, "second")]
    for each in people:
        say(each)
    said = [each.communicate(timeout=60)[0].split()[0] for each in people]
    assert sorted(said) == ["done", "refused"]
    winner = ("first", "second")[said.index("done")]
    assert calls.sql(MOVES) == [("raise", ""), ("acknowledge", winner)]
    assert calls.sql("SELECT count(*) FROM jobs_job WHERE state = 'pending' AND key LIKE 'alarm:%:step'")[0][0] == 1

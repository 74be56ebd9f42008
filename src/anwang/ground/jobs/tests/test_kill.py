"""Real worker processes, killed in the middle of their work."""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

SCRIPT = str(Path(__file__).with_name("worker_process.py"))
ASK = """
import django; django.setup()
import json, sys
from anwang.ground.jobs import services
for name, kwargs in json.loads(sys.argv[1]):
    services.later(name, **kwargs)
"""


@contextlib.contextmanager
def worker(house, *args):
    process = house.python(SCRIPT, *args)
    try:
        said(process, "ready")
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def said(process, words, seconds=60.0):
    heard = []
    patience = threading.Timer(seconds, process.kill)
    patience.start()
    try:
        for line in process.stdout:
            heard.append(line)
            if words in line:
                return
    finally:
        patience.cancel()
    raise AssertionError(f"the worker did not say {words!r} but: {''.join(heard)}")


def ask(house, jobs):
    process = house.python("-c", ASK, json.dumps(jobs))
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out


def until(check, seconds=30.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if check():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def states(house, name):
    return sorted(row[0] for row in house.sql(f"SELECT state FROM jobs_job WHERE name = '{name}'"))


def taken(house, name):
    rows = house.sql(f"SELECT value FROM base_sequence WHERE name = '{name}'")
    return rows[0][0] if rows else 0


@pytest.mark.slow
def test_a_worker_killed_in_mid_job_leaves_nothing_half_done_and_the_next_one_does_it_once(house):
    ask(house, [["t.slow", {"seconds": 1}]])
    with worker(house) as first:
        said(first, "in the middle")
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    assert states(house, "t.slow") == ["pending"]
    assert taken(house, "slow") == 0
    with worker(house):
        until(lambda: states(house, "t.slow") == ["done"])
    assert taken(house, "slow") == 1


@pytest.mark.slow
def test_work_that_leaves_the_house_is_taken_over_when_the_lease_runs_out(house):
    ask(house, [["t.leaves", {"seconds": 1}]])
    with worker(house, "short-lease") as first:
        said(first, "in the middle")
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    assert states(house, "t.leaves") == ["leased"]
    with worker(house, "short-lease"):
        until(lambda: states(house, "t.leaves") == ["done"])
    assert taken(house, "left") == 2  # never lost, and said to be possibly twice


@pytest.mark.slow
def test_long_work_keeps_its_lease(house):
    ask(house, [["t.leaves", {"seconds": 4}]])
    with worker(house, "short-lease"), worker(house, "short-lease"):
        until(lambda: states(house, "t.leaves") == ["done"])
    assert taken(house, "left") == 1


@pytest.mark.slow
def test_a_worker_told_to_stop_finishes_what_it_has_in_hand(house):
    ask(house, [["t.slow", {"seconds": 1}], ["t.each", {"n": 1}]])
    with worker(house) as process:
        said(process, "in the middle")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert states(house, "t.slow") == ["done"]
    assert states(house, "t.each") == ["pending"]
    assert house.sql("SELECT id FROM jobs_worker") == []


@pytest.mark.slow
def test_two_workers_at_once_do_each_job_once(house):
    ask(house, [["t.each", {"n": n}] for n in range(300)])
    with worker(house), worker(house):
        until(lambda: states(house, "t.each") == ["done"] * 300, seconds=60)
    assert house.sql("SELECT count(*) FROM base_sequence WHERE name LIKE 'each:%'")[0][0] == 300
    assert house.sql("SELECT max(attempts) FROM jobs_job")[0][0] == 0


ACT = """
import django; django.setup()
import sys, time
from django.db import transaction
from django.utils import timezone
from anwang.ground.base.models import Sequence
from anwang.ground.jobs import services
Sequence.objects.create(name="thing")
with transaction.atomic():
    thing = Sequence.objects.select_for_update().get(name="thing")
    print("locked", flush=True)
    sys.stdin.readline()
    thing.value = 1
    thing.save()
    print("cancelled", services.cancel("thing:1:due"), flush=True)
"""
SET = """
import django; django.setup()
from django.utils import timezone
from anwang.ground.jobs import services
services.at(timezone.now(), "t.wants", key="thing:1:due")
"""


@pytest.mark.slow
@pytest.mark.postgres
def test_a_person_acting_while_the_timer_is_served_is_never_made_to_wait_for_it_or_fail(postgres_house):
    """The service holds the thing and cancels the timer; the handler holds the timer and wants the thing.

    SQLite has one writer: there the two cannot meet.
    """
    house = postgres_house
    person = house.python("-c", ACT, stdin=subprocess.PIPE)
    said(person, "locked")
    assert house.python("-c", SET).wait(timeout=60) == 0
    with worker(house) as process:
        said(process, "in the middle")
        out, _ = person.communicate("go\n", timeout=20)
        assert person.returncode == 0, out
        until(lambda: states(house, "t.wants") in (["done"], ["cancelled"]))
    assert taken(house, "fired") == 0
    assert house.sql("SELECT max(attempts) FROM jobs_job WHERE name = 't.wants'")[0][0] == 0

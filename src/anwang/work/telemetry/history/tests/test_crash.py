"""A real process killed with SIGKILL while it appends, seals and merges, and readers beside it."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import anwang
from anwang.work.telemetry.history import History, Reader, broken
from anwang.work.telemetry.history.tests.crash_child import POINTS
from anwang.work.telemetry.history.tests.makers import END, START

SOURCE = str(Path(anwang.__file__).parents[1])


def child(folder):
    return subprocess.Popen(
        [sys.executable, "-m", "anwang.work.telemetry.history.tests.crash_child", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": SOURCE},
    )


def acknowledged(process):
    """Read what the child says until it is dead; the last whole line counts."""
    said = process.stdout.read()
    lines = said.split("\n")[:-1]
    return int(lines[-1]) if lines else 0


def numbers(reader):
    """The value of every reading."""
    return reader.sql("select value from readings order by value", START, END)["value"]


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost_and_nothing_double(tmp_path):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    known = 0
    for _ in range(8):
        process = child(tmp_path)
        first = process.stdout.readline()  # it is up: imports are behind it
        assert first
        time.sleep(chance.uniform(0.02, 0.6))
        process.send_signal(signal.SIGKILL)
        process.wait(30)
        known = max(known, acknowledged(process), int(first))

        # As it lies, read by somebody who does not write.
        found = numbers(Reader(tmp_path))
        assert found.tolist() == list(range(len(found))), "lost or double"
        assert len(found) >= known, "acknowledged and lost"
        assert len(found) - known <= POINTS, "more than the one append that was under way"
        last = Reader(tmp_path).last(range(POINTS))

        with History.open(tmp_path, seal_rows=4_000, reserve=0) as history:
            again = numbers(history.read)
            assert again.tolist() == found.tolist()
            assert history.recovered.damaged_frames == 0
            last = history.read.last(range(POINTS))
            assert last.value.tolist() == [float(len(found) - POINTS + point) for point in range(POINTS)]
            history.seal()
            assert numbers(history.read).tolist() == found.tolist()
        known = len(found)
    assert known > 10_000
    assert broken(tmp_path) == []


@pytest.mark.slow
def test_readers_beside_a_writer_see_every_acknowledged_reading_once(tmp_path):
    process = child(tmp_path)
    try:
        reader, looks, until = Reader(tmp_path), 0, time.monotonic() + 6
        said = int(process.stdout.readline())
        while time.monotonic() < until or looks < 20:
            for _ in range(20):
                said = int(process.stdout.readline())
            total = reader.count(START, END)
            assert total >= said
            assert total % POINTS == 0
            point = looks % POINTS
            series = reader.around(point, START, END)
            assert len(series) >= total // POINTS
            assert (series.value == point + POINTS * np.arange(len(series))).all()
            grid = reader.grid([point], START, START + 3_600_000, 300_000)
            assert grid.n.sum() >= len(series)
            assert grid.n.sum() == grid.seen.sum()
            looks += 1
    finally:
        process.kill()
        process.wait(30)
        process.stdout.close()

"""A real file system that is too small."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import anwang
from anwang.work.telemetry.history import Full, History, Reader
from anwang.work.telemetry.history.tests.makers import DAY, END, START

SOURCE = str(Path(anwang.__file__).parents[1])
KIB = 1024


@pytest.fixture
def disk(tmp_path):
    """4 MiB of memory as a file system."""
    at = tmp_path / "disk"
    at.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a tiny file system")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(at)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"mount: {done.stderr.strip()}")
    yield at
    subprocess.run(["umount", "-l", str(at)], check=True)


def batch(k, n=2_000):
    number = k * n + np.arange(n)
    return np.zeros(n, np.int32), START + number, number.astype(np.float64), np.zeros(n, np.uint16)


def fill(history):
    """Append until it is refused; how many batches went in."""
    for k in range(1_000):
        try:
            history.append(*batch(k))
        except Full:
            return k
    raise AssertionError("the disk is never full")


def values(folder):
    return Reader(folder).around(0, START, END).value.tolist()


def test_a_full_disk_refuses_keeps_everything_before_and_takes_again_when_there_is_room(disk):
    filler = disk / "filler"
    filler.write_bytes(bytes(1024 * KIB))
    with History.open(disk / "h", reserve=0) as history:
        taken = fill(history)
        kept = [float(n) for n in range(taken * 2_000)]
        assert taken > 20
        assert values(disk / "h") == kept
        with pytest.raises(Full):
            history.append(*batch(taken))
        with pytest.raises(Full):  # not even room to seal: the journal stays
            history.seal()
        history.sync()
        assert values(disk / "h") == kept
        assert history.read.last([0]).value.tolist() == [kept[-1]]
        assert not list((disk / "h").rglob(".*"))

        filler.unlink()
        history.append(*batch(taken))
        kept += batch(taken)[2].tolist()
        assert values(disk / "h") == kept
        assert history.seal().rows == len(kept)
        assert history.merge(DAY).rows == len(kept)
        assert values(disk / "h") == kept
    with History.open(disk / "h", reserve=0) as history:
        assert (history.recovered.torn_bytes, history.recovered.rows) == (0, 0)


def test_with_a_reserve_there_is_always_room_to_seal(disk):
    with History.open(disk / "h", reserve=1024 * KIB) as history:
        taken = fill(history)
        assert taken > 20
        history.seal()  # frees the journal
        assert fill_again(history, taken) > 20
        assert values(disk / "h")[: taken * 2_000] == [float(n) for n in range(taken * 2_000)]


def fill_again(history, from_batch):
    for k in range(from_batch, from_batch + 1_000):
        try:
            history.append(*batch(k))
        except Full:
            return k - from_batch
    raise AssertionError("the disk is never full")


def test_killed_on_a_full_disk_and_opened_again(disk):
    """The child fills the disk to the last byte and is killed by its own hand; nothing that was acknowledged is gone."""
    script = """
import os, signal, sys
from anwang.work.telemetry.history import Full, History
from anwang.work.telemetry.history.tests.test_disk_full import batch, fill
history = History.open(sys.argv[1], reserve=0)
taken = fill(history)
for size in (64, 8, 1):
    try:
        while True:
            history.append(*(column[:size] for column in batch(taken)))
    except Full:
        pass
print(taken, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(disk / "h")],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": SOURCE},
    )
    assert done.returncode == -9, done.stderr
    taken = int(done.stdout)
    expected = [float(n) for n in range(taken * 2_000)]
    assert sorted(set(values(disk / "h")) & set(expected)) == expected
    with pytest.raises(Full):  # opened or not: there is no room for more beside it
        _append_again(disk / "h", batch(taken))
    assert sorted(set(values(disk / "h")) & set(expected)) == expected


def _append_again(folder, rows):
    with History.open(folder, reserve=0) as history:
        history.append(*rows)


def test_a_point_that_needs_more_room_than_there_is_is_refused_whole(disk):
    """Last values live in a mapped file: its blocks are claimed before, never hoped for."""
    with History.open(disk / "h", reserve=0) as history:
        history.append(*batch(0))
        point, *rest = batch(1)
        with pytest.raises(Full):
            history.append(point + 1_000_000, *rest)
        assert values(disk / "h") == batch(0)[2].tolist()
        history.append(*batch(1))
        assert len(values(disk / "h")) == 4_000

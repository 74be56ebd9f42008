import os
import threading

import numpy as np
import pytest

from anwang.work.telemetry.history import journal
from anwang.work.telemetry.history.columns import Columns
from anwang.work.telemetry.history.journal import Journal, Tail
from anwang.work.telemetry.history.layout import Full
from anwang.work.telemetry.history.tests.makers import START, columns


def frame(n, first=0):
    rows = Columns.of(*columns([(first + k, START + k, float(first + k), k % 5) for k in range(n)]))
    return rows, START, START + n - 1


@pytest.fixture
def written(tmp_path):
    """A journal of three frames of 3, 1 and 4 rows, and where each ends."""
    made = Journal(tmp_path / "journal-0000000001", 1)
    ends = [made.append(*frame(3)), made.append(*frame(1, 3)), made.append(*frame(4, 4))]
    made.sync()
    made.close()
    return made.path, ends


def points(path):
    return journal.read(path).rows.point.tolist()


def seen(tail):
    view = tail.view()
    if view is None:
        return []
    rows = view.chosen(None, 0, 2**62)
    assert view.count(0, 2**62) == len(rows)
    assert rows.value.tolist() == [float(point) for point in rows.point]  # as `frame` makes them
    return rows.point.tolist()


def test_what_is_written_is_read(written):
    path, ends = written
    found = journal.read(path)
    assert found.rows.point.tolist() == list(range(8))
    assert found.rows.value.tolist() == [float(k) for k in range(8)]
    assert found.rows.at.tolist() == [START, START + 1, START + 2, START, *range(START, START + 4)]
    assert found.rows.status.tolist() == [0, 1, 2, 0, 0, 1, 2, 3]
    assert (found.torn, found.damaged) == (0, 0)
    assert seen(Tail(path)) == list(range(8))
    assert path.stat().st_size == ends[-1]


def test_a_torn_tail_is_cut_at_every_byte_and_counted(written):
    path, ends = written
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        complete = sum(end <= size for end in ends)
        found = journal.read(path)
        assert found.rows.point.tolist() == list(range([0, 3, 4, 8][complete]))
        assert found.torn == size - ([0, *ends][complete])
        assert seen(Tail(path)) == found.rows.point.tolist()


def test_damage_in_the_middle_costs_that_frame_alone(written):
    path, ends = written
    whole = bytearray(path.read_bytes())
    for at in range(ends[0], ends[1]):
        hurt = whole.copy()
        hurt[at] ^= 0x5A
        path.write_bytes(hurt)
        found = journal.read(path)
        if found.rows.point.tolist() == list(range(8)):  # the padding carries nothing
            assert at >= ends[1] - 8
            continue
        assert found.rows.point.tolist() == [0, 1, 2, 4, 5, 6, 7]
        assert found.torn == ends[1] - ends[0]


def test_zeros_after_a_power_cut_are_a_torn_tail(written):
    path, _ = written
    with path.open("ab") as file:
        file.write(bytes(100_000))
    assert (points(path), journal.read(path).torn) == (list(range(8)), 100_000)
    assert seen(Tail(path)) == list(range(8))


def test_a_tail_follows_what_is_appended(tmp_path):
    made = Journal(tmp_path / "journal-0000000001", 1)
    tail = Tail(made.path)
    assert seen(tail) == []
    made.append(*frame(2))
    assert seen(tail) == [0, 1]
    made.append(*frame(70_000, 2))
    assert len(seen(tail)) == 70_002
    made.close()


def test_a_write_that_fails_half_way_leaves_the_journal_as_it_was(tmp_path, monkeypatch):
    made = Journal(tmp_path / "journal-0000000001", 1)
    made.append(*frame(3))
    real, calls = os.pwritev, []

    def half(fd, parts, at):
        calls.append(at)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(fd, [bytes(parts[0]), bytes(parts[1])[:5]], at)

    monkeypatch.setattr(os, "pwritev", half)
    with pytest.raises(Full):
        made.append(*frame(5, 3))
    monkeypatch.setattr(os, "pwritev", real)
    assert (points(made.path), journal.read(made.path).torn) == ([0, 1, 2], 0)
    made.append(*frame(1, 3))
    assert points(made.path) == [0, 1, 2, 3]
    made.close()


def test_short_writes_are_continued(tmp_path, monkeypatch):
    made = Journal(tmp_path / "journal-0000000001", 1)
    real = os.pwritev
    monkeypatch.setattr(os, "pwritev", lambda fd, parts, at: real(fd, [bytes(parts[0])[:7]], at))
    made.append(*frame(9))
    assert points(made.path) == list(range(9))
    made.close()


def test_threads_that_sync_together_share_a_flush(tmp_path, monkeypatch):
    made = Journal(tmp_path / "journal-0000000001", 1)
    flushes, gate, real = [], threading.Event(), os.fdatasync

    def slow(fd):
        flushes.append(fd)
        gate.wait(10)
        real(fd)

    monkeypatch.setattr(os, "fdatasync", slow)
    upto = made.append(*frame(1))
    first = threading.Thread(target=made.sync, args=(upto,))
    first.start()
    while not flushes:
        pass
    others = [threading.Thread(target=made.sync, args=(made.append(*frame(1, k)),)) for k in range(1, 9)]
    for thread in others:
        thread.start()
    gate.set()
    for thread in (first, *others):
        thread.join(10)
    assert len(flushes) == 2  # the first, and one for the eight that came meanwhile
    made.close()


def test_after_a_failed_flush_nothing_is_acknowledged_any_more(tmp_path, monkeypatch):
    made = Journal(tmp_path / "journal-0000000001", 1)
    made.append(*frame(1))

    def fails(fd):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", fails)
    with pytest.raises(OSError, match="Input/output"):
        made.sync()
    monkeypatch.undo()
    for again in (made.sync, lambda: made.append(*frame(1))):
        with pytest.raises(OSError, match="Input/output"):
            again()
    made.close()


def test_of_a_view_only_what_is_asked_for(written):
    path, _ = written
    view = Tail(path).view()
    wanted = np.zeros(6, np.bool_)
    wanted[[2, 4, 5]] = True
    found = view.chosen(wanted, START, START + 2)
    assert (found.point.tolist(), found.value.tolist()) == ([4, 5], [4.0, 5.0])
    assert (found.at.tolist(), found.status.tolist()) == ([START, START + 1], [0, 1])
    wanted[[4, 5]] = False
    assert view.chosen(wanted, START, START + 3).status.tolist() == [2]
    assert view.chosen(None, START + 9, START + 10).point.tolist() == []
    assert [view.count(START, START + k) for k in range(5)] == [0, 3, 5, 7, 8]

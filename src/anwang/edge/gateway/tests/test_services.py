"""Messages taken: kept once, refused and counted, held back when nothing can be kept."""

import json
from datetime import timedelta

import pytest

from anwang.edge.gateway import selectors, services
from anwang.edge.gateway.messages import Message
from anwang.edge.gateway.models import Key, RefusedMessage
from anwang.ground.base.errors import Refused
from anwang.work.telemetry import memory, store
from anwang.work.telemetry.history import Full, History
from anwang.work.telemetry.models import Episode, Feed, SensorPoint
from anwang.work.telemetry.tests.test_replay import MINE, START, cddy, code, definition

pytestmark = pytest.mark.django_db

NOW = memory.moment(START) + timedelta(minutes=30)
T = [START + n * 10_000 for n in range(100)]


def scan(n: int, *values: float, mine: str = MINE) -> Message:
    body = {"at": T[n], "point": [code(m + 1) for m in range(len(values))], "value": list(values)}
    return Message(f"anwang/v1/{mine}/scan", json.dumps(body).encode())


def single(n: int, value: float, point: int = 1) -> Message:
    return Message(f"anwang/v1/{MINE}/{code(point)}", json.dumps({"at": T[n], "value": value}).encode())


def defined() -> Message:
    name, body = cddy(definition(1, "1.0;0.9;;;1.5;1.0;;"))
    return Message(f"anwang/v1/{MINE}/file/{name}", body)


def kept(point: int = 1) -> list[float]:
    number = SensorPoint.objects.get(code=code(point)).pk
    return store.reader().around(number, START - 10**9, START + 10**9).value.tolist()


def test_scans_and_readings_become_episodes(gas) -> None:
    taken = services.take([defined(), scan(1, 1.1, 0.2), single(2, 1.3), single(3, 0.2)], now=NOW)
    assert (taken.messages, taken.readings, taken.refused, taken.again) == (4, 4, 0, 0)
    (row,) = Episode.objects.all()
    assert (row.what, row.max, row.n, memory.millis(row.end)) == ("001", 1.3, 2, T[3])
    assert kept() == [1.1, 1.3, 0.2]


def test_what_comes_again_is_not_kept_again(gas) -> None:
    first = [scan(1, 0.1), single(2, 0.2), single(3, 0.3), single(3, 0.31)]
    services.take(first, now=NOW)
    services.take([single(4, 0.4)], now=NOW)
    # In another order and other batches, as a broker may give them after a break.
    assert services.take([single(4, 0.4), single(2, 0.2)], now=NOW).again == 2
    taken = services.take([*first, single(5, 0.5), single(2, 0.21)], now=NOW)
    assert (taken.readings, taken.again) == (2, 4)
    assert sorted(kept()) == [0.1, 0.2, 0.21, 0.3, 0.31, 0.4, 0.5]
    feed = Feed.objects.get()
    assert (feed.readings, feed.late) == (7, 2)


def test_what_was_sealed_is_known_as_well(gas) -> None:
    services.take([single(1, 0.1), single(2, 0.2)], now=NOW)
    store.writer().seal()
    assert services.take([single(1, 0.1), single(1, 0.11)], now=NOW).readings == 1
    assert sorted(kept()) == [0.1, 0.11, 0.2]


def test_one_bad_message_holds_nothing_up(gas) -> None:
    bad = [Message(f"anwang/v1/{MINE}/scan", b"{"), Message("anwang/v1/x/scan", b"\x00\xff")]
    taken = services.take([bad[0], scan(1, 0.5), bad[1]], now=NOW)
    assert (taken.readings, taken.refused) == (1, 2)
    assert selectors.refused_counts() == [("", "topic", 1), (MINE, "body", 1)]
    (row,) = selectors.refused(MINE)
    assert (row.topic, row.reason, row.text) == (bad[0].topic, "body", "{")
    services.take([bad[0]] * 150, now=NOW)
    assert selectors.refused_counts(MINE) == [(MINE, "body", 151)]
    assert RefusedMessage.objects.filter(mine_code=MINE).count() == services.KEPT_PER_MINE


def test_an_item_that_breaks_the_work_is_left_out_alone(gas, monkeypatch) -> None:
    from anwang.work.telemetry.services import receiving

    real = receiving._Intake._take_scan

    def breaks(self, each, what, mine):
        if 0.666 in list(what.value):
            raise RuntimeError("a fault of ours")
        return real(self, each, what, mine)

    monkeypatch.setattr(receiving._Intake, "_take_scan", breaks)
    taken = services.take([scan(1, 0.1), scan(2, 0.666), scan(3, 0.3)], now=NOW)
    assert (taken.readings, taken.refused) == (2, 1)
    assert kept() == [0.1, 0.3]
    assert selectors.refused(MINE)[0].reason == "failed"


def test_a_full_disk_takes_nothing_and_says_so(gas, monkeypatch) -> None:
    services.take([scan(1, 0.1)], now=NOW)
    real = History.append

    def full(*_):
        raise Full(28, "no room")

    monkeypatch.setattr(History, "append", full)
    with pytest.raises(Refused) as refused:
        services.take([scan(2, 0.2), single(3, 0.3)], now=NOW)
    assert refused.value.key == "telemetry.disk_full"
    assert Feed.objects.get().readings == 1
    monkeypatch.setattr(History, "append", real)
    assert services.take([scan(2, 0.2), single(3, 0.3)], now=NOW).readings == 2
    assert kept() == [0.1, 0.2, 0.3]


def test_a_commit_that_fails_leaves_nothing_twice(gas, monkeypatch) -> None:
    services.take([scan(1, 0.1)], now=NOW)
    real = store.keep
    from anwang.work.telemetry import services as telemetry
    from anwang.work.telemetry.services import receiving

    kept_batches = []
    monkeypatch.setattr(receiving.store, "keep", lambda batch: (real(batch), kept_batches.append(batch)))
    monkeypatch.setattr(receiving.transaction, "atomic", _failing(receiving.transaction.atomic))
    with pytest.raises(RuntimeError):
        telemetry.receive(list(services.read([single(2, 0.2)])), now=NOW)
    monkeypatch.undo()
    assert len(kept_batches) == 1
    services.take([single(2, 0.2), single(3, 0.3)], now=NOW)
    assert kept() == [0.1, 0.2, 0.3]
    assert Feed.objects.get().readings == 3


def _failing(real):
    """A transaction that does everything and then does not hold."""
    import contextlib

    depth = 0

    @contextlib.contextmanager
    def atomic(*args, **kwargs):
        nonlocal depth
        with real(*args, **kwargs):
            depth += 1
            yield
            depth -= 1
            if not depth:
                raise RuntimeError("the server went away at the commit")

    return atomic


def test_a_mine_that_says_it_is_gone_is_silent_at_once(gas) -> None:
    services.take([scan(1, 0.1)], now=NOW)
    gone = Message(f"anwang/v1/{MINE}/state", b"offline")
    services.take([gone, gone], now=NOW + timedelta(seconds=5))
    (row,) = Episode.objects.all()
    assert (row.what, row.start, row.end) == ("mine_silent", NOW, None)
    services.take([Message(gone.topic, b"online"), scan(2, 0.1)], now=NOW + timedelta(seconds=9))
    row.refresh_from_db()
    assert row.end == NOW + timedelta(seconds=9)


def test_keys_and_the_brokers_files(gas, tmp_path) -> None:
    key, password = services.make_key(mine=MINE, name="示范煤矿", now=NOW)
    assert (key.username, key.mine.name) == (MINE, "示范煤矿")
    assert password not in key.broker_hash
    services.make_key(now=NOW)
    _, second = services.make_key(mine=MINE, now=NOW)
    assert second != password
    assert Key.objects.count() == 3
    paths = services.write_broker_files(tmp_path / "broker")
    lines = paths[0].read_text().splitlines()
    assert [line.partition(":")[0] for line in lines] == [MINE, "gateway"]
    assert all(not path.stat().st_mode & 0o077 for path in paths)
    services.withdraw_key(username=MINE, now=NOW)
    assert [each.username for each in selectors.in_force()] == ["gateway"]
    with pytest.raises(Refused) as refused:
        services.withdraw_key(username=MINE, now=NOW)
    assert refused.value.key == "gateway.no_key"

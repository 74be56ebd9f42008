"""What waits in front of our own door is not a silent mine: real processes, a real broker, a real bus, and a clock that the
test moves."""

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from anwang.edge.gateway import rules
from anwang.edge.gateway.tests.servers import free_port, mosquitto, nats_server, until
from anwang.edge.gateway.tests.test_processes import CODES, MINES, at, count, publish, readings, stopped
from anwang.work.telemetry.tests.test_kill import prepared

pytestmark = [pytest.mark.slow, pytest.mark.mqtt]

CHILD = str(Path(__file__).with_name("clocked.py"))
STEP = 45
"""Seconds; processes look once in each, and a machine that sleeps is one that does not look for a minute."""
LONG = 6
"""Steps that are well over the three minutes."""
SILENT = "SELECT m.code, e.\"end\" IS NULL FROM telemetry_episode e JOIN telemetry_mine m ON m.id = e.mine_id WHERE e.what = 'mine_silent' ORDER BY e.start"


class World:
    """Two mines that send when they are told to, and the processes between them and the record."""

    def __init__(self, house, folder: Path) -> None:
        self.house, self.broker = prepared(house), free_port()
        self.clock, self.ticked = folder / "clock", folder / "ticked"
        self.now, self.scans = datetime.now(UTC), 0
        self.sent: dict[str, list] = {code: [] for codes in CODES.values() for code in codes}
        self._move(0)

    def start(self, *words: str):
        process = self.house.python(CHILD, str(self.clock), *words)
        if words[0] != "ways":
            assert "connected" in process.stdout.readline()
        return process

    def send(self, *mines: str) -> None:
        n = self.scans = self.scans + 1
        found = []
        for mine in mines:
            values = [round(0.1 + point / 100 + n / 1000, 4) for point in range(len(CODES[mine]))]
            body = json.dumps({"at": at(n), "point": CODES[mine], "value": values}).encode()
            found.append((f"anwang/v1/{mine}/scan", body))
            for code, value in zip(CODES[mine], values, strict=True):
                self.sent[code].append((at(n), value, 0))
        publish(self.broker, found)

    def recorded(self) -> None:
        until(lambda: count(self.house) >= sum(map(len, self.sent.values())))

    def _move(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(self.now.isoformat())
        fresh.replace(self.clock)

    def _seen(self, part: str) -> bool:
        rows = self.house.sql(f"SELECT seen_at FROM gateway_way WHERE part = '{part}'")
        return bool(rows) and all(at and datetime.fromisoformat(at).replace(tzinfo=UTC) >= self.now for (at,) in rows)

    def passes(self, steps: int, *mines: str, parts: tuple[str, ...], kept: bool = True) -> None:
        """Time passes, and these mines send all the while. Waits for what runs (``parts``) and for the tick to have seen it."""
        for _ in range(steps):
            self._move(STEP)
            if mines:
                self.send(*mines)
            if kept:
                self.recorded()
            for part in parts:
                until(lambda part=part: self._seen(part))
            # One that began after all that.
            turn = int(self.ticked.read_text())
            until(lambda turn=turn: int(self.ticked.read_text()) >= turn + 2)

    def silent(self) -> list[tuple]:
        return [(code, bool(open_)) for code, open_ in self.house.sql(SILENT)]

    def ways(self) -> dict[str, list]:
        said, _ = self.start("ways").communicate(timeout=60)
        return json.loads(said.splitlines()[-1])

    def nothing_is_missing_or_twice(self) -> None:
        self.recorded()
        assert readings(self.house) == self.sent


@pytest.fixture
def world(sqlite_house, tmp_path) -> Iterator[World]:
    found = World(sqlite_house, tmp_path)
    with mosquitto(tmp_path / "broker", found.broker):
        yield found


@contextlib.contextmanager
def running(*processes) -> Iterator[None]:
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.mark.nats
def test_a_shard_or_the_bus_away_is_not_a_silent_mine(world, tmp_path) -> None:
    bus = free_port()
    url = f"nats://127.0.0.1:{bus}"
    first, second = MINES
    assert {rules.partition_of(each, 3) for each in MINES} == {0, 1}
    both = ("gateway", "partition")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(nats_server(tmp_path / "bus", bus))
        gateway = world.start("gateway", f"mqtt://127.0.0.1:{world.broker}", url)
        shard = world.start("shard", url)
        stack.enter_context(running(gateway, world.start("tick", str(world.ticked))))
        world.passes(LONG, first, second, parts=both)
        assert world.ways() == {"gateway": [False, ""], "partition0": [False, ""], "partition1": [False, ""]}

        # The shard is killed for longer than three minutes; what the mines send waits on the bus.
        shard.kill()
        shard.communicate()
        before = count(world.house)
        world.passes(LONG, first, second, parts=("gateway",), kept=False)
        assert count(world.house) == before
        assert world.silent() == []
        found = world.ways()
        assert found["gateway"] == [False, ""]
        assert found["partition0"] == found["partition1"] == [True, "away"]
        shard = world.start("shard", url)
        world.nothing_is_missing_or_twice()
        world.passes(2, first, second, parts=both)
        assert world.silent() == []
        assert world.ways() == {"gateway": [False, ""], "partition0": [False, ""], "partition1": [False, ""]}

        # A mine that really stops, while everything of ours is well.
        world.passes(LONG, second, parts=both)
        assert world.silent() == [(first, True)]
        world.passes(1, first, second, parts=both)
        assert world.silent() == [(first, False)]

        # The bus goes: gateway and shard run and neither can say anything of any mine.
        server.terminate()
        server.wait(10)
        world.passes(LONG, first, second, parts=both, kept=False)
        assert world.silent() == [(first, False)]
        assert list(world.ways().values()) == [[True, "bus"]] * 3
        stack.enter_context(nats_server(tmp_path / "bus", bus))
        world.nothing_is_missing_or_twice()
        world.passes(LONG, first, second, parts=both)
        assert world.silent() == [(first, False)]
        assert world.ways() == {"gateway": [False, ""], "partition0": [False, ""], "partition1": [False, ""]}
        stopped(shard)
    world.nothing_is_missing_or_twice()


def test_a_gateway_away_is_not_a_silent_mine(world, tmp_path) -> None:
    first, second = MINES
    broker = f"mqtt://127.0.0.1:{world.broker}"
    gateway = world.start("gateway", broker, "")
    with running(world.start("tick", str(world.ticked))):
        world.passes(2, first, second, parts=("gateway",))
        gateway.kill()
        gateway.communicate()
        # What is sent now waits at the broker, of the first mine it is nothing.
        world.passes(LONG, second, parts=(), kept=False)
        assert world.silent() == []
        assert world.ways() == {"gateway": [True, "away"]}
        gateway = world.start("gateway", broker, "")
        world.nothing_is_missing_or_twice()
        # Back: for three minutes a mine that waited for us has the time it always has, then it is judged.
        world.passes(2, second, parts=("gateway",))
        assert world.silent() == []
        assert world.ways() == {"gateway": [False, "settling"]}
        world.passes(LONG, second, parts=("gateway",))
        assert world.silent() == [(first, True)]
        stopped(gateway)
    world.nothing_is_missing_or_twice()

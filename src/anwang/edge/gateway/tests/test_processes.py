"""Gateways and shards as processes, with a real broker and a real bus, killed in mid-stream: nothing lost, nothing twice."""

import asyncio
import json
import signal

import gmqtt
import pytest

from anwang.edge.gateway.tests.servers import free_port, mosquitto, nats_server, until
from anwang.work.telemetry.history import Reader
from anwang.work.telemetry.tests.test_kill import EPISODES, comparable, prepared
from anwang.work.telemetry.tests.test_replay import START, cddy, definition

pytestmark = pytest.mark.slow

MINES = ("140930000001", "140930000002")
POINTS = 8
SCANS = 60
CODES = {mine: [f"{mine}01MN0001{n:08d}" for n in range(1, POINTS + 1)] for mine in MINES}
GATEWAY = ["-m", "anwang.config.cli", "gateway", "--no-landing"]


def at(n: int) -> int:
    return START + n * 10_000


def value(mine: str, n: int, point: int) -> float:
    """Over the limit in every third stretch of ten scans, at points that differ."""
    return (
        1.2 + n / 1000
        if n // 10 % 3 == 1 and point % 2 == MINES.index(mine)
        else round(0.1 + point / 100 + n / 1000, 4)
    )


def messages() -> list[tuple[str, bytes]]:
    """Definitions, then scans of two mines, every fourth one as single readings."""
    found: list[tuple[str, bytes]] = []
    for mine in MINES:
        rows = [definition(0, "1.0;0.9;;;1.5;1.0;;", point=code).replace(MINES[0], mine) for code in CODES[mine]]
        name, body = cddy(*rows, mine=mine)
        found.append((f"anwang/v1/{mine}/file/{name}", body))
    for n in range(SCANS):
        for mine in MINES:
            values = [value(mine, n, point) for point in range(POINTS)]
            if n % 4 == 3:
                for code, each in zip(CODES[mine], values, strict=True):
                    found.append((f"anwang/v1/{mine}/{code}", json.dumps({"at": at(n), "value": each}).encode()))
            else:
                body = {"at": at(n), "point": CODES[mine], "value": values}
                found.append((f"anwang/v1/{mine}/scan", json.dumps(body).encode()))
    return found


LANDED = "14093000000301MN000100000001"
READINGS = SCANS * POINTS * len(MINES)


def publish(port: int, sent: list[tuple[str, bytes]], *, pause: float = 0.0) -> None:
    """Hand messages to the broker with QoS 1; returns when it has them all."""

    async def run() -> None:
        client = gmqtt.Client("mines", clean_session=True)
        await client.connect("127.0.0.1", port)
        for topic, payload in sent:
            client.publish(topic, payload, qos=1)
            await asyncio.sleep(pause)
        await client._persistent_storage.wait_empty()
        await client.disconnect()

    asyncio.run(run())


def readings(house) -> dict[str, list]:
    reader = Reader(house.home / "history")
    found = {}
    for number, code in house.sql(f"SELECT id, code FROM telemetry_sensorpoint WHERE code <> '{LANDED}'"):
        rows = reader.around(number, START - 10**9, START + 10**9)
        found[code] = sorted(zip(rows.at.tolist(), rows.value.tolist(), rows.status.tolist(), strict=True))
    return found


def count(house) -> int:
    return Reader(house.home / "history").count(START - 10**9, START + 10**9)


def expected() -> dict[str, list]:
    return {
        code: [(at(n), value(mine, n, point), 0) for n in range(SCANS)]
        for mine in MINES
        for point, code in enumerate(CODES[mine])
    }


def episodes(house) -> list:
    rows, _ = comparable((house.sql(EPISODES), {}))
    return rows


def expected_episodes(found: list) -> None:
    """Each point that goes over the limit does so twice, for ten scans; those that would follow from a pause do not count."""
    over = [row for row in found if row[1] == "001"]
    assert len(over) == POINTS // 2 * 2 * len(MINES)
    assert {row[4] for row in over} == {10}


def stopped(process) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=30)
        assert process.returncode == 0, said


@pytest.mark.mqtt
def test_killed_between_broker_and_history(sqlite_house, tmp_path) -> None:
    house = prepared(sqlite_house)
    port = free_port()
    command = [*GATEWAY, "--broker", f"mqtt://127.0.0.1:{port}"]
    # Without a broker it starts, says so, and connects when there is one.
    gateway = house.python(*command)
    assert gateway.stdout is not None
    assert "no broker yet" in gateway.stdout.readline()
    sent = messages()
    with mosquitto(tmp_path / "broker", port):
        assert "connected" in gateway.stdout.readline()
        for first, kill_at in ((0, 100), (len(sent) // 3, 450)):
            publish(port, sent[first : first + len(sent) // 3])
            until(lambda kill_at=kill_at: count(house) >= kill_at)
            gateway.kill()
            gateway.communicate()
            # What is sent now waits at the broker.
            gateway = house.python(*command)
        publish(port, sent[len(sent) // 3 * 2 :])
        until(lambda: count(house) >= READINGS)
        # A second time, as a mine does that was not told: known, and not kept again.
        publish(port, sent[-80:])
        publish(port, [(f"anwang/v1/{MINES[0]}/scan", b"{"), (f"anwang/v1/{MINES[1]}/state", b"offline")])
        until(lambda: house.sql("SELECT n FROM gateway_refusedtally"))
        until(lambda: house.sql("SELECT 1 FROM telemetry_episode WHERE what = 'mine_silent'"))
        stopped(gateway)
    assert readings(house) == expected()
    expected_episodes(episodes(house))


@pytest.mark.mqtt
def test_a_mine_writes_below_its_own_code_only(sqlite_house, tmp_path) -> None:
    house = prepared(sqlite_house)
    files = tmp_path / "access"
    passwords = {}
    for name in (MINES[0], "gateway"):
        made = house.anwang("gateway", "key", name, "--broker-files", str(files), "--json")
        assert made.returncode == 0, made.stderr
        passwords[name] = json.loads(made.stdout)["password"]
    port = free_port()

    async def run() -> None:
        mine = gmqtt.Client("mine", clean_session=True)
        mine.set_auth_credentials(MINES[0], passwords[MINES[0]])
        await mine.connect("127.0.0.1", port)
        reader = gmqtt.Client("reader", clean_session=True)
        reader.set_auth_credentials("gateway", passwords["gateway"])
        heard: list[str] = []
        reader.on_message = lambda _client, topic, *_: heard.append(topic)
        await reader.connect("127.0.0.1", port)
        reader.subscribe("anwang/v1/#", qos=1)
        overheard: list[str] = []
        mine.on_message = lambda _client, topic, *_: overheard.append(topic)
        mine.subscribe("anwang/v1/#", qos=1)
        await asyncio.sleep(0.3)
        for code in MINES:
            mine.publish(f"anwang/v1/{code}/scan", b"{}", qos=1)
        await asyncio.sleep(0.7)
        assert heard == [f"anwang/v1/{MINES[0]}/scan"]
        assert overheard == []
        stranger = gmqtt.Client("stranger", clean_session=True)
        stranger.set_auth_credentials(MINES[0], "guessed")
        stranger.stop_reconnect()
        with pytest.raises(gmqtt.mqtt.handler.MQTTConnectError):
            await stranger.connect("127.0.0.1", port)
        for client in (mine, reader):
            await client.disconnect()

    with mosquitto(tmp_path / "broker", port, files=files):
        asyncio.run(run())


@pytest.mark.mqtt
@pytest.mark.nats
def test_a_shard_is_killed_and_another_takes_over(sqlite_house, tmp_path) -> None:
    house = prepared(sqlite_house)
    port, bus = free_port(), free_port()
    url = f"nats://127.0.0.1:{bus}"
    shard = ["-m", "anwang.config.cli", "shard", "--bus", url, "--partitions", "0-3"]
    sent = messages()
    landing = house.home / "landing"
    landing.mkdir()
    name, body = cddy(
        definition(0, "1.0;0.9;;;1.5;1.0;;", point=LANDED).replace(MINES[0], LANDED[:12]), mine=LANDED[:12]
    )
    (landing / name).write_bytes(body)
    (landing / f"{LANDED[:12]}_CDSS_20261120080000.txt").write_bytes(b"half a file")
    with mosquitto(tmp_path / "broker", port), nats_server(tmp_path / "bus", bus):
        gateway = house.python(*GATEWAY[:-1], "--broker", f"mqtt://127.0.0.1:{port}", "--bus", url, "--partitions", "4")
        shards = [house.python(*shard) for _ in range(2)]
        for process in (gateway, *shards):
            assert process.stdout is not None
            assert "connected" in process.stdout.readline()
        third = len(sent) // 3
        publish(port, sent[:third], pause=0.002)
        until(lambda: count(house) >= 100)
        shards[0].kill()
        shards[0].communicate()
        publish(port, sent[third : 2 * third])
        gateway.kill()
        gateway.communicate()
        gateway = house.python(*GATEWAY, "--broker", f"mqtt://127.0.0.1:{port}", "--bus", url, "--partitions", "4")
        publish(port, sent[2 * third :])
        until(lambda: count(house) >= READINGS)
        # What landed beside the gateway went the same way; what is not whole waits where it is.
        until(lambda: house.sql(f"SELECT definition_id FROM telemetry_sensorpoint WHERE code = '{LANDED}'"))
        assert [path.name for path in (landing / "done").iterdir()] == [name]
        assert len([path for path in landing.iterdir() if path.is_file()]) == 1
        stopped(gateway)
        stopped(shards[1])
    assert readings(house) == expected()
    expected_episodes(episodes(house))

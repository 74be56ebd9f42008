"""The gas watch, measured: engine, files, MQTT, a province replayed. Figures as a table, for docs/operate/capacity.md.

    python -m bench.gateway                        everything, with real Mosquitto, in a house that is thrown away
    python -m bench.gateway --only a g e           some parts
    python -m bench.gateway --quick                a small run of everything, to see that it works
    python -m bench.gateway --minutes 10           so many minutes of a province (e)

(a) engine alone · (b) CDSS files, parse → engine → history → episodes · (c) MQTT scans of 1 000 points · (d) MQTT single
readings and reading → episode row · (e) a province at the fastest it can be replayed · (g) a plain loop beside (a) ·
(n) first start with a cold numba cache. (f), questions to the history, is `python -m bench.history`.
With DATABASE_URL set the house stands on that server, else on SQLite. Making readings is not counted.
"""

import argparse
import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self

import gmqtt
import msgpack
import numpy as np
import orjson

HERE = Path(__file__).resolve().parent.parent
LIMITS = "1.0;0.9;;;1.5;1.0;;"
PER_MINE = 1_000
SCAN_MS = 20_000
NOON = 1_795_000_000_000 // SCAN_MS * SCAN_MS
PARTS = "abcdegn"
Row = tuple[str, str, str]


def main() -> int:
    given = argparse.ArgumentParser(prog="bench.gateway")
    given.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    given.add_argument("--quick", action="store_true")
    given.add_argument("--minutes", type=float, default=10, help="minutes of data of the province")
    given.add_argument("--points", type=int, default=1_000_000, help="of the engine and the province")
    given.add_argument("--child", help=argparse.SUPPRESS)
    asked = given.parse_args()
    if asked.quick:
        asked.minutes, asked.points = 1, min(asked.points, 100_000)
    if asked.child:
        return CHILDREN[asked.child](asked)
    rows: list[Row] = []
    home = Path(tempfile.mkdtemp(prefix="anwang-gateway-"))
    try:
        for part in asked.only:
            found = globals()[f"part_{part}"](home, asked)
            for row in found:
                print(f"  {row[0]:4} {row[1]:62} {row[2]}", flush=True)
            rows += found
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print("\n| | what | figure |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print(f"\n{os.cpu_count()} cores, load before the last part {os.getloadavg()[1]:.1f}; one run, expect ±20 %.")
    return 0


def millions(n: float) -> str:
    return f"{n / 1e6:.2f} M/s"


def peak() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"


# --- engine ---------------------------------------------------------------------------------------------------------------


def engine_of(points: int) -> Any:
    from anwang.work.telemetry.engine import Engine, Limits, Watch

    engine = Engine(points=points, mines=points // PER_MINE + 1)
    limits, watch = Limits(1.0, 0.9, None, None, 1.5, 1.0), Watch(86_400, 0.3, 60)
    for point in range(points):
        engine.define(point, point // PER_MINE, limits, watch)
    return engine


def batches(points: int, scans: int, *, shuffled: bool, size: int = 50_000) -> list[Any]:
    """A walk around a level: one point in two hundred goes over its limit now and then."""
    from anwang.work.telemetry.engine import Batch

    rng = np.random.default_rng(7)
    level = rng.uniform(0.05, 0.7, points)
    level[rng.random(points) < 0.005] = 0.98
    made = []
    for scan in range(scans):
        value = np.round(np.maximum(level + rng.normal(0, 0.02, points), 0), 2)
        order = rng.permutation(points) if shuffled else np.arange(points)
        at = np.full(points, NOON + scan * SCAN_MS, np.int64)
        status = np.where(rng.random(points) < 1 / 2000, 4, 0).astype(np.uint16)
        for first in range(0, points, size):
            part = order[first : first + size]
            made.append(Batch(part.astype(np.int32), at[part], value[part], status[part]))
    return made


def walks(points: int, scans: int, *, seed: int) -> Iterator[np.ndarray[Any, np.dtype[np.float64]]]:
    """Values of a quiet district, two decimals: one point in twenty thousand hovers about its limit, some fifteen
    over-limits in a million readings. (A province of a million points has fewer in a day.)
    """
    rng = np.random.default_rng(seed)
    level = rng.uniform(0.05, 0.7, points)
    noise = np.full(points, 0.02)
    level[::20_000], noise[::20_000] = 0.95, 0.1
    for _ in range(scans):
        yield np.round(np.maximum(level + rng.normal(0, 1, points) * noise, 0), 2)


def part_a(_home: Path, asked: argparse.Namespace) -> list[Row]:
    rows: list[Row] = []
    for shuffled in (True, False):
        engine = engine_of(asked.points)
        given = batches(asked.points, 4 if not asked.quick else 3, shuffled=shuffled)
        per_scan = -(-asked.points // 50_000)
        for batch in given[:per_scan]:
            engine.feed(batch, received=NOON)
        began, cpu, n = time.perf_counter(), time.process_time(), 0
        for batch in given[per_scan:]:
            engine.feed(batch, received=NOON)
            n += len(batch)
        took, used = time.perf_counter() - began, time.process_time() - cpu
        what = f"engine alone, {asked.points:,} points, batches of 50 000, {'random' if shuffled else 'scan'} order"
        rows.append(("a", what, f"{millions(n / took)}, {used / n * 1e9:.0f} ns CPU a reading"))
    rows.append(("a", "peak memory of this process", peak()))
    return rows


def part_g(_home: Path, _asked: argparse.Namespace) -> list[Row]:
    """The tests' oracle is the same meanings as a plain loop over readings."""
    from anwang.work.telemetry.tests.oracle import Oracle, Point

    points = 20_000
    oracle = Oracle()
    for point in range(points):
        oracle.points[point] = Point(point // PER_MINE, 1.0, 0.9, None, None, 1.5, 1.0, stuck=86_400, rise=0.3)
    given = [
        list(zip(*(each.tolist() for each in (b.point, b.at, b.value, b.status)), strict=True))
        for b in batches(points, 3, shuffled=False, size=PER_MINE)
    ]
    began, n = time.perf_counter(), 0
    for scan in given:
        oracle.feed(scan, NOON)
        n += len(scan)
    took = time.perf_counter() - began
    return [("g", "the same meanings as a plain Python loop over readings", millions(n / took))]


def part_e(home: Path, asked: argparse.Namespace) -> list[Row]:
    """Engine and history together, in batches of a scan of 50 mines; no database, as episodes are few."""
    from anwang.work.telemetry.history import History, Reader

    engine = engine_of(asked.points)
    scans = max(int(asked.minutes * 60_000 / SCAN_MS), 2)
    pool = batches(asked.points, 3, shuffled=False)
    per_scan = len(pool) // 3
    for batch in pool[:per_scan]:
        engine.feed(batch, received=NOON)
    with History.open(home / "province") as history:
        began, cpu, n = time.perf_counter(), time.process_time(), 0
        for scan in range(1, scans + 1):
            for batch in pool[scan % 3 * per_scan : (scan % 3 + 1) * per_scan]:
                batch.at[:] = NOON + scan * SCAN_MS
                engine.feed(batch, received=NOON + scan * SCAN_MS)
                history.append(batch.point, batch.at, batch.value, batch.status)
                n += len(batch)
            history.sync()
            if history.waiting:
                history.seal(only_closed=True)
        history.seal()
        took, used = time.perf_counter() - began, time.process_time() - cpu
    kept = Reader(home / "province").count(NOON, NOON + (scans + 2) * SCAN_MS)
    assert kept == n, (kept, n)
    size = sum(path.stat().st_size for path in (home / "province" / "raw").rglob("*.parquet"))
    return [
        ("e", f"province, {asked.points:,} points every 20 s, {asked.minutes:g} min, sealed", f"{millions(n / took)}"),
        ("e", "against real time", f"× {scans * SCAN_MS / 1000 / took:.1f}"),
        ("e", "CPU a reading", f"{used / n * 1e6:.2f} µs"),
        ("e", "bytes a reading on disk", f"{size / n:.2f}"),
        ("e", "peak memory of this process", peak()),
    ]


def part_n(home: Path, _asked: argparse.Namespace) -> list[Row]:
    code = (
        "import time; began = time.perf_counter();"
        "from bench.gateway import batches, engine_of;"
        "engine = engine_of(1000); [engine.feed(b, received=b.at[0]) for b in batches(1000, 3, shuffled=False)];"
        "print(time.perf_counter() - began)"
    )
    found = []
    for _ in range(2):
        env = os.environ | {"NUMBA_CACHE_DIR": str(home / "numba"), "PYTHONPATH": f"{HERE}:{HERE / 'src'}"}
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
        found.append(float(done.stdout))
    return [("n", "first batch of a new process, numba cache cold / warm", f"{found[0]:.1f} s / {found[1]:.1f} s")]


# --- through a house --------------------------------------------------------------------------------------------------------


def house(home: Path) -> dict[str, str]:
    """The environment of an installation, made once."""
    env = os.environ | {"ANWANG_HOME": str(home / "house"), "DJANGO_SETTINGS_MODULE": "anwang.config.settings"}
    env |= {"ANWANG_LOG": "ERROR", "PYTHONPATH": f"{HERE}:{HERE / 'src'}"}
    if not (home / "house" / "ready").exists():
        (home / "house").mkdir(parents=True, exist_ok=True)
        code = (
            "import django; django.setup(); from django.core.management import call_command as c;"
            "c('migrate', verbosity=0); from anwang.ground.regions.models import Region;"
            "p = dict(province_code='140000'); q = dict(**p, city_code='140900');"
            "Region.objects.create(code='140000', name='山西省', level='province', **p);"
            "Region.objects.create(code='140900', name='忻州市', level='city', **q);"
            "Region.objects.create(code='140930', name='河曲县', level='county', **q, county_code='140930')"
        )
        subprocess.run([sys.executable, "-c", code], env=env, check=True)
        (home / "house" / "ready").touch()
    return env


def mine(n: int) -> str:
    return f"140930{n:06d}"


def code_of(of: str, n: int) -> str:
    return f"{of}01MN0001{n:08d}"


def definitions(of: str) -> tuple[str, bytes]:
    rows = [
        f"{code_of(of, n)};01;{of}01DT400100000001;0001;MN;%CH4;4.0;0;{LIMITS};;;工作面{n};;;;;2026-11-20 08:00:00"
        for n in range(PER_MINE)
    ]
    head = f"{of};示范煤矿;KJ90X;煤矿安全监控系统;示例厂家;2027-12-31;2026-11-20 08:00:00"
    return f"{of}_CDDY_20261120080000.txt", ("~".join([head, *rows]) + "~||").encode()


def part_b(home: Path, asked: argparse.Namespace) -> list[Row]:
    command = [sys.executable, "-m", "bench.gateway", "--child", "files", *(["--quick"] if asked.quick else [])]
    done = subprocess.run(command, env=house(home), cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return [tuple(line.split("\t")) for line in done.stdout.splitlines() if line.startswith("b\t")]  # type: ignore[misc]


def files(asked: argparse.Namespace) -> int:
    import django

    django.setup()
    from datetime import timedelta

    from anwang.work.telemetry import services
    from anwang.work.telemetry.dialects.grammar import stamp_of
    from anwang.work.telemetry.memory import moment
    from anwang.work.telemetry.models import Episode
    from anwang.work.telemetry.services import UploadedFile
    from anwang.work.telemetry.services.landing import AT_ONCE

    mines = [mine(100 + n) for n in range(5 if asked.quick else 50)]
    scans = 20 if asked.quick else 120
    warm, per = 4, max(AT_ONCE // len(mines), 1)
    now = moment(NOON) + timedelta(days=1)
    began = time.perf_counter()
    services.receive([UploadedFile(*definitions(each)) for each in mines], now=now)
    print(f"b\tone mine of 1 000 points defined\t{(time.perf_counter() - began) / len(mines):.2f} s")
    took = used = n = before = 0.0
    given: list[UploadedFile] = []
    for scan, found in enumerate(walks(len(mines) * PER_MINE, scans, seed=3)):
        said = stamp_of(NOON + scan * SCAN_MS)
        stamp = "".join(each for each in said if each.isdigit())
        for each, values in zip(mines, found.reshape(-1, PER_MINE), strict=True):
            rows = [f"{code_of(each, n)};甲烷;工作面;{values[n]};%CH4;0;{said}" for n in range(PER_MINE)]
            body = ("~".join([f"{each};示范煤矿;{said}", *rows]) + "~||").encode()
            given.append(UploadedFile(f"{each}_CDSS_{stamp}.txt", body))
        if (scan + 1) % per and scan + 1 < scans:
            continue
        clock, cpu = time.perf_counter(), time.process_time()
        readings = sum(receipt.readings for receipt in services.receive(given, now=now))
        given = []
        if scan < warm:
            before = Episode.objects.count()
            continue
        took, used, n = took + time.perf_counter() - clock, used + time.process_time() - cpu, n + readings
    what = f"CDSS files of 1 000 points, {len(mines)} mines, {AT_ONCE} a transaction, {n / 1e6:.1f} M readings"
    print(f"b\t{what}\t{millions(n / took)}")
    print(f"b\tepisodes and their alarms on the way\t{Episode.objects.count() - before:.0f}")
    print(f"b\tCPU a reading, sealing beside it included\t{used / n * 1e6:.2f} µs")
    print(f"b\tpeak memory\t{peak()}")
    return 0


CHILDREN: dict[str, Callable[[argparse.Namespace], int]] = {"files": files}


class Gateway:
    """A broker and a gateway process, and how much it has stored."""

    def __init__(self, home: Path) -> None:
        from anwang.edge.gateway.tests.servers import free_port, mosquitto

        self.env, self.port = house(home), free_port()
        self._broker = mosquitto(home / f"broker-{self.port}", self.port)
        self.history = Path(self.env["ANWANG_HOME"]) / "history"

    def __enter__(self) -> Self:
        self._broker.__enter__()
        command = [sys.executable, "-m", "anwang.config.cli", "gateway", "--no-landing"]
        command += ["--broker", f"mqtt://127.0.0.1:{self.port}", "--client-id", f"bench-{self.port}"]
        self.process = subprocess.Popen(command, env=self.env, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        said = self.process.stderr.readline()
        assert "connected" in said, said
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)
        self._broker.__exit__(None, None, None)

    def stored(self) -> int:
        from anwang.work.telemetry.history import Reader

        return Reader(self.history).count(NOON - 10**9, NOON + 10**9)

    def until(self, wanted: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.stored() < wanted:
            if time.monotonic() > end:
                raise RuntimeError(f"{self.stored()} of {wanted} readings after {seconds} s")
            time.sleep(0.02)

    def cpu(self) -> float:
        text = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> str:
        line = next(
            each for each in Path(f"/proc/{self.process.pid}/status").read_text().splitlines() if "VmHWM" in each
        )
        return f"{int(line.split()[1]) / 1024:.0f} MiB"


async def publish(port: int, messages: list[tuple[str, bytes]], *, rate: float = 0) -> None:
    """With QoS 1, at most so many a second."""
    client = gmqtt.Client(f"bench-{time.time_ns()}", clean_session=True)
    await client.connect("127.0.0.1", port)
    began = time.perf_counter()
    for n, (topic, payload) in enumerate(messages):
        client.publish(topic, payload, qos=1)
        if n % 50 == 0:
            await asyncio.sleep(max(0.0, n / rate - (time.perf_counter() - began)) if rate else 0)
    await client._persistent_storage.wait_empty()
    await client.disconnect()


def part_c(home: Path, asked: argparse.Namespace) -> list[Row]:
    mines = [mine(300 + n) for n in range(5 if asked.quick else 50)]
    scans = 5 if asked.quick else 20
    rng = np.random.default_rng(4)
    codes = {each: ",".join(code_of(each, n) for n in range(PER_MINE)).encode() for each in mines}
    sent = [
        (
            f"anwang/v1/{each}/scan",
            msgpack.packb(
                {
                    "at": NOON + scan * SCAN_MS,
                    "point": codes[each],
                    "value": np.round(rng.uniform(0.05, 1.02, PER_MINE) ** 3, 2).tobytes(),
                }
            ),
        )
        for scan in range(scans)
        for each in mines
    ]
    with Gateway(home) as gateway:
        before = gateway.stored()
        files_ = [(f"anwang/v1/{each}/file/{definitions(each)[0]}", definitions(each)[1]) for each in mines]
        asyncio.run(publish(gateway.port, [*files_, *sent[: len(mines)]]))
        gateway.until(before + len(mines) * PER_MINE, 600)
        began, cpu = time.perf_counter(), gateway.cpu()
        asyncio.run(publish(gateway.port, sent[len(mines) :]))
        gateway.until(before + len(sent) * PER_MINE, 600)
        took, n = time.perf_counter() - began, (len(sent) - len(mines)) * PER_MINE
        used = gateway.cpu() - cpu
        return [
            ("c", f"MQTT scans of 1 000 points (msgpack), {len(mines)} mines, stored, rules on", millions(n / took)),
            ("c", "CPU of the gateway a reading", f"{used / n * 1e6:.2f} µs"),
            ("c", "peak memory of the gateway", gateway.memory()),
        ]


def part_d(home: Path, asked: argparse.Namespace) -> list[Row]:
    each = mine(500)
    seconds = 2 if asked.quick else 10
    scans = 10 if asked.quick else 100

    def reading(n: int, at: int, value: float) -> tuple[str, bytes]:
        return f"anwang/v1/{each}/{code_of(each, n)}", orjson.dumps([at, value])

    name, body = definitions(each)
    with Gateway(home) as gateway:
        before = gateway.stored()
        asyncio.run(publish(gateway.port, [(f"anwang/v1/{each}/file/{name}", body)]))
        asyncio.run(publish(gateway.port, [reading(n, NOON, 0.4) for n in range(PER_MINE)]))
        gateway.until(before + PER_MINE, 300)
        flood = [reading(n, NOON + scan * SCAN_MS, 0.41) for scan in range(1, scans) for n in range(PER_MINE)]
        began, cpu = time.perf_counter(), gateway.cpu()
        asyncio.run(publish(gateway.port, flood))
        gateway.until(before + PER_MINE + len(flood), 600)
        took, used = time.perf_counter() - began, gateway.cpu() - cpu
        rows: list[Row] = [
            ("d", "MQTT single readings, one connection, stored", f"{len(flood) / took / 1e3:.1f} k/s"),
            ("d", "CPU of the gateway a reading", f"{used / len(flood) * 1e6:.1f} µs"),
        ]
        if "DATABASE_URL" not in gateway.env:
            found = asyncio.run(_latencies(gateway, reading, seconds, NOON + scans * SCAN_MS))
            p50, p99 = np.percentile(found, [50, 99])
            what = f"reading handed to the broker → episode row, 2 000 others a second, n {len(found)}"
            rows.append(("d", what, f"p50 {p50:.0f} ms, p99 {p99:.0f} ms"))
        return rows


async def _latencies(gateway: Gateway, reading: Any, seconds: int, at: int) -> list[float]:
    """Some other readings all the while, and every tenth of a second one that goes over the limit."""
    client = gmqtt.Client("bench-latency", clean_session=True)
    await client.connect("127.0.0.1", gateway.port)
    found: list[float] = []
    database = Path(gateway.env["ANWANG_HOME"]) / "anwang.sqlite3"
    stop = False

    async def others() -> None:
        n = 0
        while not stop:
            for _ in range(20):
                client.publish(*reading(500 + n % 400, at + n // 400 * 1000, 0.4), qos=1)
                n += 1
            await asyncio.sleep(0.01)

    task = asyncio.create_task(others())
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as rows:
        count = "select count(*) from telemetry_episode where what = '001'"
        for n in range(min(seconds * 10, 400)):
            (known,) = rows.execute(count).fetchone()
            began = time.perf_counter()
            client.publish(*reading(n, at, 1.2), qos=1)
            while rows.execute(count).fetchone()[0] == known:
                await asyncio.sleep(0.001)
                if time.perf_counter() - began > 30:
                    raise RuntimeError("no episode after 30 s")
            found.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(0.05)
    stop = True
    await task
    await client.disconnect()
    return found


if __name__ == "__main__":
    sys.exit(main())

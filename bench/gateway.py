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
import itertools
import multiprocessing
import os
import resource
import select
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self

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
        """Readings committed, by the mines' rows; to count them in the history would take a core of its own."""
        with closing(_rows(self.env)) as rows:
            found = rows.execute("select coalesce(sum(readings), 0) from telemetry_feed").fetchone()
        return int(found[0])

    def kept(self) -> int:
        from anwang.work.telemetry.history import Reader

        return Reader(self.history).count(NOON - 10**9, NOON + 10**9)

    def until(self, wanted: int, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (found := self.stored()) < wanted:
            if time.monotonic() > end:
                raise RuntimeError(f"{found} of {wanted} readings after {seconds} s")
            time.sleep(0.05)

    def cpu(self) -> float:
        text = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> str:
        line = next(
            each for each in Path(f"/proc/{self.process.pid}/status").read_text().splitlines() if "VmHWM" in each
        )
        return f"{int(line.split()[1]) / 1024:.0f} MiB"


def _rows(env: dict[str, str]) -> Any:
    """A connection to the house's database."""
    if "DATABASE_URL" in env:
        import psycopg

        return psycopg.connect(env["DATABASE_URL"], autocommit=True)
    return sqlite3.connect(f"file:{env['ANWANG_HOME']}/anwang.sqlite3?mode=ro", uri=True)


class Publisher:
    """MQTT 3.1.1, QoS 1, over a plain socket: a client library in Python costs more than the gateway that is measured."""

    WINDOW = 20_000

    def __init__(self, port: int, name: str = "bench") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        said = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2) + name.encode()
        self._socket.sendall(bytes([0x10, len(said)]) + said)
        assert self._socket.recv(4)[3] == 0
        self._socket.setblocking(False)
        self._mid = self.sent = self.heard = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def packet(self, topic: str, payload: bytes) -> bytes:
        self._mid = self._mid % 65_535 + 1
        self.sent += 1
        raw = topic.encode()
        size = len(raw) + len(payload) + 4
        head = bytearray([0x32])
        while True:
            size, low = size >> 7, size & 0x7F
            head.append(low | 0x80 if size else low)
            if not size:
                return b"".join((bytes(head), len(raw).to_bytes(2), raw, self._mid.to_bytes(2), payload))

    def send(self, messages: Iterable[tuple[str, bytes]], *, rate: float = 0) -> None:
        """All of them, at most so many a second; returns when the broker has them."""
        began, n = time.perf_counter(), 0
        waiting = iter(messages)
        while part := list(itertools.islice(waiting, 100)):
            self._write(b"".join([self.packet(*each) for each in part]))
            n += len(part)
            while self.sent - self.heard > self.WINDOW:
                self._read(1.0)
            if rate and (pause := n / rate - (time.perf_counter() - began)) > 0:
                time.sleep(pause)
        while self.heard < self.sent:
            self._read(1.0)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            _, free, _ = select.select([], [self._socket], [], 1.0)
            if free:
                rest = rest[self._socket.send(rest) :]
            self._read(0)

    def _read(self, wait: float) -> None:
        while select.select([self._socket], [], [], wait)[0]:
            said = self._socket.recv(1 << 16)
            if not said:
                raise RuntimeError("the broker hung up")
            # Of four bytes each; a broken one is made whole by the next.
            self._half = getattr(self, "_half", 0) + len(said)
            self.heard, self._half = self.heard + self._half // 4, self._half % 4
            wait = 0


def part_c(home: Path, asked: argparse.Namespace) -> list[Row]:
    mines = [mine(300 + n) for n in range(5 if asked.quick else 50)]
    scans, warm = (10, 2) if asked.quick else (100, 8)
    codes = {each: ",".join(code_of(each, n) for n in range(PER_MINE)).encode() for each in mines}
    sent = [
        (
            f"anwang/v1/{each}/scan",
            msgpack.packb(
                {
                    "at": NOON + scan * SCAN_MS,
                    "point": codes[each],
                    "value": values.tobytes(),
                }
            ),
        )
        for scan, found in enumerate(walks(len(mines) * PER_MINE, scans, seed=4))
        for each, values in zip(mines, found.reshape(-1, PER_MINE), strict=True)
    ]
    with Gateway(home) as gateway, Publisher(gateway.port) as publisher:
        before = gateway.stored()
        files_ = [(f"anwang/v1/{each}/file/{definitions(each)[0]}", definitions(each)[1]) for each in mines]
        first = warm * len(mines)
        publisher.send([*files_, *sent[:first]])
        gateway.until(before + first * PER_MINE, 600)
        began, cpu = time.perf_counter(), gateway.cpu()
        publisher.send(sent[first:])
        gateway.until(before + len(sent) * PER_MINE, 600)
        took, n = time.perf_counter() - began, (len(sent) - first) * PER_MINE
        used = gateway.cpu() - cpu
        assert gateway.kept() >= len(sent) * PER_MINE
        return [
            ("c", f"MQTT scans of 1 000 points (msgpack), {len(mines)} mines, stored, rules on", millions(n / took)),
            ("c", "CPU of the gateway a reading", f"{used / n * 1e6:.2f} µs"),
            ("c", "peak memory of the gateway", gateway.memory()),
        ]


def part_d(home: Path, asked: argparse.Namespace) -> list[Row]:
    """One reading a message, of two mines over one connection: how many are stored, and how late at a steady rate."""
    mines = [mine(500), mine(501)]
    scans = 20 if asked.quick else 200
    warm = 4

    def reading(n: int, at: int, value: float) -> tuple[str, bytes]:
        of = mines[n // PER_MINE]
        return f"anwang/v1/{of}/{code_of(of, n % PER_MINE)}", orjson.dumps([at, value])

    points = len(mines) * PER_MINE
    with Gateway(home) as gateway, Publisher(gateway.port) as publisher:
        before = gateway.stored()
        publisher.send((f"anwang/v1/{of}/file/{name}", body) for of in mines for name, body in [definitions(of)])
        values = walks(points, warm + scans, seed=5)
        for scan in range(warm):
            publisher.send(reading(n, NOON + scan * SCAN_MS, v) for n, v in enumerate(next(values).tolist()))
        gateway.until(before + warm * points, 300)
        flood = [
            reading(n, NOON + (warm + scan) * SCAN_MS, value)
            for scan, found in enumerate(values)
            for n, value in enumerate(found.tolist())
        ]
        began, cpu, kept = time.perf_counter(), gateway.cpu(), gateway.kept()
        publisher.send(flood)
        gateway.until(before + warm * points + len(flood), 600)
        took, used = time.perf_counter() - began, gateway.cpu() - cpu
        assert gateway.kept() - kept == len(flood)
        rows: list[Row] = [
            (
                "d",
                f"MQTT single readings, one connection, stored, {len(flood):,}",
                f"{len(flood) / took / 1e3:.1f} k/s",
            ),
            ("d", "CPU of the gateway a reading", f"{used / len(flood) * 1e6:.1f} µs"),
        ]
        at = NOON + (warm + scans) * SCAN_MS
        # Each keeps the value it had: a quiet district must not begin with a rise at every tenth point.
        level = [orjson.loads(payload)[1] for _topic, payload in flood[-points:]]
        for rate in (2_000, 20_000, 40_000):
            found = _latencies(gateway, reading, level, rate, at, 4 if asked.quick else 12)
            at += 13_000
            p50, p99 = np.percentile(found, [50, 99])
            what = f"reading handed to the broker → alarm row, beside {rate:,} others a second, n {len(found)}"
            rows.append(("d", what, f"p50 {p50:.0f} ms, p99 {p99:.0f} ms"))
        return rows


def _latencies(gateway: Gateway, reading: Any, level: list[float], rate: int, at: int, seconds: int) -> list[float]:
    """Other readings all the while from a process of their own, and five times a second one that goes over the limit
    or comes back: the time until its alarm is raised, or has cleared, in the database.
    """
    found: list[float] = []
    others = multiprocessing.get_context("fork").Process(
        target=_others, args=(gateway.port, reading, level, rate, at, seconds)
    )
    others.start()
    count = "select count(*), count(cleared_at) from alarms_alarm"
    with closing(_rows(gateway.env)) as rows, Publisher(gateway.port, "probe") as probe:
        time.sleep(2)
        end = time.monotonic() + seconds - 2
        n = 0
        while time.monotonic() < end or n % 2:  # what was raised is cleared again
            known = rows.execute(count).fetchone()
            began = time.perf_counter()
            point = n // 2 + 1
            probe.send([reading(point, at + n % 2 * 100, level[point] if n % 2 else 1.2)])
            while rows.execute(count).fetchone() == known:
                time.sleep(0.001)
                if time.perf_counter() - began > 30:
                    raise RuntimeError("no alarm after 30 s")
            found.append((time.perf_counter() - began) * 1000)
            n += 1
            time.sleep(0.2)
    others.join()
    return found


def _others(port: int, reading: Any, level: list[float], rate: int, at: int, seconds: int) -> None:
    quiet = range(60, 2 * PER_MINE)
    # Their data time goes as the clock does: a faster one would make the sensors of the probe fall silent.
    step = len(quiet) * 1000 // rate
    scans = [reading(n, at + scan * step, level[n]) for scan in range(rate * seconds // len(quiet) + 1) for n in quiet]
    with Publisher(port, "others") as publisher:
        publisher.send(scans[: rate * seconds], rate=rate)


if __name__ == "__main__":
    sys.exit(main())

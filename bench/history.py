"""The history of readings, measured: appended, sealed, merged, asked.

    python -m bench.history                        100 000 000 readings of one day, in a temporary folder
    python -m bench.history --rows 10000000        fewer
    python -m bench.history --folder /data/tmp     on another disk
    python -m bench.history --random               points in random order inside a batch, not as scanned

Points report every 20 s, 1 000 to a mine, each mine at a second of its own; values have two decimals and walk around a
level; one reading in 2 000 is a calibration. Making them is not counted. Needs no database and no settings.
"""

import argparse
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np

from anwang.work.telemetry.history import History, Reader, bounds, layout

DAY = date(2026, 11, 20)
SCAN_MS = 20_000
SCANS = 86_400_000 // SCAN_MS
BATCH = 50_000
SYNC_EVERY = 20


def main() -> int:
    given = argparse.ArgumentParser(prog="bench.history")
    given.add_argument("--rows", type=int, default=100_000_000)
    given.add_argument("--folder", default=None, help="where to make the temporary folder")
    given.add_argument("--random", action="store_true")
    given.add_argument("--duckdb", action="store_true", help="the same questions by DuckDB on the same files")
    asked = given.parse_args()
    home = Path(tempfile.mkdtemp(prefix="anwang-history-", dir=asked.folder))
    try:
        run(home, rows=asked.rows, shuffled=asked.random, plain_duckdb=asked.duckdb, note=_print)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return 0


def run(home: Path, *, rows: int, shuffled: bool, plain_duckdb: bool, note: Callable[[str], None]) -> None:
    """Measure in `home`; each figure is a line handed to `note`."""
    points = max(rows // SCANS, 2_000)
    start, end = bounds(DAY)
    with History.open(home / "day") as history:
        note(f"{rows:,} readings of {points:,} points{', random order' if shuffled else ''}")
        _write(history, made(rows, points, start, shuffled=shuffled), note)
        _ask("sealed, not merged", history.folder, points, start, end, note)
        began, cpu = time.perf_counter(), time.process_time()
        done = history.merge(DAY)
        took = time.perf_counter() - began
        note(
            f"merged with five-minute roll-ups in {took:.1f} s: {done.rows / took / 1e6:.2f} M readings/s, "
            f"{(time.process_time() - cpu) / max(done.rows, 1) * 1e6:.2f} µs CPU a reading"
        )
        for kind, what in (("raw", "readings"), ("five", "roll-ups")):
            size = sum(file.size for file in layout.listed(history.folder, kind, DAY, 0))
            note(f"{what} on disk: {size / 1e6:.0f} MB, {size / max(done.rows, 1):.2f} bytes a reading")
        _ask("merged", history.folder, points, start, end, note)
        if plain_duckdb:
            _plain(history.folder, points, note)
    _month(home / "month", note)
    note(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def made(rows: int, points: int, start: int, *, shuffled: bool) -> Iterator[tuple[np.ndarray, ...]]:
    """Batches in the order of time."""
    rng = np.random.default_rng(20261120)
    level, walk = rng.uniform(0.05, 0.8, points), np.zeros(points)
    second = (np.arange(points, dtype=np.int64) // 1_000 * 777) % SCAN_MS // 1_000 * 1_000
    pool = rng.normal(0, 0.01, points + 1_000_003)
    flags = np.where(rng.random(points + 1_000_003) < 1 / 2_000, 4, 0).astype(np.uint16)
    order = np.arange(points, dtype=np.int32)
    waiting: list[tuple[np.ndarray, ...]] = []
    held = left = 0
    left = rows
    scan = 0
    while left > 0:
        take = min(points, left)
        shift = scan * 7_919 % 1_000_003
        walk = walk * 0.97 + pool[shift : shift + points]
        if shuffled:
            order = rng.permutation(points).astype(np.int32)
        point = order[:take]
        waiting.append(
            (
                point,
                start + scan * SCAN_MS + second[point],
                np.round(np.maximum(level + walk, 0), 2)[point],
                flags[shift : shift + points][point],
            )
        )
        held, left, scan = held + take, left - take, scan + 1
        while held >= BATCH or (held and left <= 0):
            whole = [np.concatenate(column) for column in zip(*waiting, strict=True)]
            yield tuple(column[:BATCH] for column in whole)
            waiting = [tuple(column[BATCH:] for column in whole)]
            held = len(waiting[0][0])


def _write(history: History, batches: Iterator[tuple[np.ndarray, ...]], note: Callable[[str], None]) -> None:
    appends: list[float] = []
    appended = sealed = cpu = 0.0
    rows = 0
    for at, batch in enumerate(batches, 1):
        began, used = time.perf_counter(), time.process_time()
        history.append(*batch)
        appends.append(time.perf_counter() - began)
        if at % SYNC_EVERY == 0:
            history.sync()
        appended += time.perf_counter() - began
        if history.waiting:
            began = time.perf_counter()
            history.seal(only_closed=True)
            sealed += time.perf_counter() - began
        cpu += time.process_time() - used
        rows += len(batch[0])
    began, used = time.perf_counter(), time.process_time()
    history.seal()
    sealed += time.perf_counter() - began
    cpu += time.process_time() - used
    note(
        f"appended {rows / appended / 1e6:.2f} M/s (batches of {BATCH:,}, flushed every {SYNC_EVERY}; {percentiles(appends)}), "
        f"sealed {rows / sealed / 1e6:.2f} M/s, together {rows / (appended + sealed) / 1e6:.2f} M/s, "
        f"{cpu / rows * 1e6:.2f} µs CPU a reading"
    )


def _ask(when: str, folder: Path, points: int, start: int, end: int, note: Callable[[str], None]) -> None:
    rng = np.random.default_rng(1)
    reader = Reader(folder)

    def any_point() -> int:
        return int(rng.integers(0, points))

    def mine() -> np.ndarray:
        return np.arange(1_000, dtype=np.int32) + int(rng.integers(0, max(points - 1_000, 1)))

    def scattered() -> np.ndarray:
        return rng.choice(points, min(1_000, points), replace=False).astype(np.int32)

    def hour() -> tuple[int, int]:
        at = int(rng.integers(start, end - 3_600_000))
        return at, at + 3_600_000

    questions: list[tuple[str, int, Callable[[], object]]] = [
        ("last value of 1 000 points", 200, lambda: reader.last(mine())),
        ("a point's day, everything opened anew", 15, lambda: Reader(folder).day(any_point(), DAY)),
        ("a point's day", 200, lambda: reader.day(any_point(), DAY)),
        ("an hour around an episode", 100, lambda: reader.around(any_point(), *hour())),
        ("a point's day in 5-minute steps", 100, lambda: reader.grid([any_point()], start, end, 300_000)),
        ("1 000 points of a mine × 24 h by minute", 7, lambda: reader.grid(mine(), start, end, 60_000)),
        ("1 000 scattered points × 24 h by minute", 5, lambda: reader.grid(scattered(), start, end, 60_000)),
        ("1 000 points of a mine × 24 h by 5 minutes", 7, lambda: reader.grid(mine(), start, end, 300_000)),
    ]
    for what, times, ask in questions:
        ask()
        note(f"{when}: {what}: {percentiles([timed(ask) for _ in range(times)])}")


def _plain(folder: Path, points: int, note: Callable[[str], None]) -> None:
    """What DuckDB alone makes of the same files."""
    files = f"read_parquet('{folder}/raw/*/*/*.parquet')"
    rng = np.random.default_rng(2)
    with duckdb.connect() as database:
        database.execute("set threads = 2")

        def day() -> object:
            query = f'select "at", value, status from {files} where point = ? order by "at"'
            return database.execute(query, [int(rng.integers(0, points))]).fetchnumpy()

        def grid() -> object:
            first = int(rng.integers(0, max(points - 1_000, 1)))
            query = (
                f'select point, time_bucket(interval 1 minute, "at") as step, min(value), max(value), avg(value) '
                f"from {files} where point between ? and ? group by all"
            )
            return database.execute(query, [first, first + 999]).fetchnumpy()

        for what, times, ask in (("a point's day", 15, day), ("1 000 points of a mine × 24 h by minute", 3, grid)):
            ask()
            note(f"DuckDB alone: {what}: {percentiles([timed(ask) for _ in range(times)])}")


def _month(folder: Path, note: Callable[[str], None], points: int = 100) -> None:
    """Thirty closed days of a few points: what a month's chart costs."""
    with History.open(folder) as history:
        for back in range(30):
            day = date(2026, 11, 30) - timedelta(days=back)
            for batch in made(points * SCANS, points, bounds(day)[0], shuffled=False):
                history.append(*batch)
            history.seal()
            history.merge(day)
        reader = Reader(folder)
        note(
            f"a point's month in 5-minute steps, opened anew: {percentiles([timed(lambda: Reader(folder).month(5, 2026, 11)) for _ in range(5)])}"
        )
        note(
            f"a point's month in 5-minute steps: {percentiles([timed(lambda: reader.month(7, 2026, 11)) for _ in range(30)])}"
        )


def timed(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def percentiles(seconds: list[float]) -> str:
    ordered = sorted(seconds)

    def of(share: float) -> float:
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1_000

    return f"p50 {statistics.median(ordered) * 1_000:.1f} ms, p95 {of(0.95):.1f}, p99 {of(0.99):.1f}, n {len(ordered)}"


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

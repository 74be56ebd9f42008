"""``make bench``: what the plan promises, measured; the figures go to docs/operate/capacity.md.

    python -m bench                       everything at 100 000 hazards on SQLite and 1 000 000 on PostgreSQL
    python -m bench --rows 10000000       the PostgreSQL part with that many hazards
    python -m bench --quick               a small run of everything, to see that it works

Each part runs in a database of its own that is thrown away; nothing of ANWANG_HOME is touched.
"""

import argparse
import contextlib
import os
import platform
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
REPORT = HERE / "docs" / "operate" / "capacity.md"
SERVER = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")


def main() -> int:
    given = argparse.ArgumentParser(prog="bench")
    given.add_argument("--rows", type=int, default=1_000_000, help="hazards on PostgreSQL")
    given.add_argument("--sqlite-rows", type=int, default=100_000)
    given.add_argument("--quick", action="store_true")
    given.add_argument("--only", choices=["postgres", "sqlite"])
    given.add_argument("--port", type=int, default=0, help="default: a free one")
    given.add_argument("--child", help=argparse.SUPPRESS)
    asked = given.parse_args()
    asked.port = asked.port or _free_port()
    if asked.quick:
        asked.rows, asked.sqlite_rows = 20_000, 10_000
    if asked.child:
        from bench import parts

        return parts.run(asked.child, rows=asked.rows, port=asked.port, quick=asked.quick)
    lines: list[str] = []
    for vendor, rows in (("sqlite", asked.sqlite_rows), ("postgres", asked.rows)):
        if asked.only in (None, vendor):
            with _house(vendor) as env:
                lines += _child(vendor, rows, asked, env)
    _write(lines, quick=asked.quick)
    return 0


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextlib.contextmanager
def _house(vendor: str) -> Iterator[dict[str, str]]:
    home = Path(tempfile.mkdtemp(prefix="anwang-bench-"))
    env = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    env |= {"ANWANG_HOME": str(home), "ANWANG_LOG": "ERROR", "PYTHONPATH": str(HERE)}
    name = f"anwang_bench_{uuid.uuid4().hex[:8]}"
    try:
        if vendor == "postgres":
            import psycopg

            with psycopg.connect(SERVER, autocommit=True) as server:
                server.execute(f'create database "{name}"')
            env["DATABASE_URL"] = f"{SERVER.rpartition('/')[0]}/{name}"
        yield env
    finally:
        shutil.rmtree(home, ignore_errors=True)
        if vendor == "postgres":
            with psycopg.connect(SERVER, autocommit=True) as server:
                server.execute(f'drop database if exists "{name}" with (force)')


def _child(vendor: str, rows: int, asked: argparse.Namespace, env: dict[str, str]) -> list[str]:
    """The measured process of its own, so that memory is its own too."""
    out = Path(env["ANWANG_HOME"]) / "figures.txt"
    command = [sys.executable, "-m", "bench", "--child", str(out), "--rows", str(rows), "--port", str(asked.port)]
    if asked.quick:
        command.append("--quick")
    began = time.monotonic()
    print(f"== {vendor}, {rows} hazards", flush=True)
    subprocess.run(command, env=env, cwd=HERE, check=True)
    print(f"== {vendor}: {time.monotonic() - began:.0f} s", flush=True)
    return [
        f"## {'SQLite' if vendor == 'sqlite' else 'PostgreSQL'}, {rows:,} hazards".replace(",", " "),
        "",
        *out.read_text().splitlines(),
        "",
    ]


def _write(lines: list[str], *, quick: bool) -> None:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    machine = f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    head = [
        "# Capacity",
        "",
        f"Written by `make bench` on {time.strftime('%Y-%m-%d')}: {machine}. Server, database and readers share the cores.",
        "Synthetic ledger over the real towns of Shanxi. One run; expect ±20 %.",
        "",
    ]
    text = "\n".join(head + lines)
    if quick:
        print(text)
        return
    kept = (
        REPORT.read_text().split("<!-- below: by hand -->", 1)[1]
        if REPORT.exists() and "<!-- below: by hand -->" in REPORT.read_text()
        else "\n"
    )
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(text + "\n<!-- below: by hand -->" + kept)
    print(f"written to {REPORT.relative_to(HERE)}")


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())

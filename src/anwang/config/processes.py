"""``anwang up``: the web server and the worker as children of one process; one that dies is started again."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

RESTART_AFTER = 1.0
"""Seconds before a dead child is started again, doubled while it keeps dying, up to a minute."""
STOP_WITHIN = 20.0


class Child:
    def __init__(self, name: str, command: list[str]) -> None:
        self.name, self.command = name, command
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self.wait = RESTART_AFTER
        self.start_at = 0.0

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - our own commands
            self.command,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has one thread
        )

    def look(self, say: Callable[[str], None]) -> None:
        """Start it when it is time; notice when it has died."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.start_at:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        lived = now - self.started_at
        self.wait = RESTART_AFTER if lived > 30 else min(self.wait * 2, 60.0)
        self.start_at = now + self.wait
        self.process = None
        say(f"{self.name}: exit {code}, again in {self.wait:.0f} s")


def _die_with_parent() -> None:
    """Linux tells the child when its parent is gone (``kill -9``): no web server stays behind on the port."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def port_is_free(host: str, port: int) -> bool:
    """Whether the web server could listen there; a name that cannot be resolved is left to the server to report."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        return True
    except OSError:
        return False
    return True


def run(*, host: str, port: int, workers: int, worker: bool, say: Callable[[str], None], gateway: bool = True) -> int:
    """Run until SIGTERM or SIGINT. Returns the exit code."""
    children = [Child("web", web_command(host, port, workers))]
    if worker:
        children.append(Child("worker", [sys.executable, "-m", "anwang.config.cli", "worker"]))
    if gateway:
        children.append(Child("gateway", [sys.executable, "-m", "anwang.config.cli", "gateway"]))
    stopping = False

    def stop(_signum: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    say(f"安网 Anwang  http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}   (Ctrl+C)")  # noqa: S104
    while not stopping:
        for child in children:
            child.look(say)
        time.sleep(0.2)
    return _stop_all(children)


def web_command(host: str, port: int, workers: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asginl",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(workers),
        # Open streams count as requests being worked on.
        "--backpressure",
        "4096",
        "--workers-kill-timeout",
        "5",
        "--no-ws",
        "--log-level",
        "warning",
        "anwang.config.asgi:application",
    ]


def _stop_all(children: list[Child]) -> int:
    alive = [child.process for child in children if child.process is not None and child.process.poll() is None]
    for process in alive:
        process.terminate()
    until = time.monotonic() + STOP_WITHIN
    for process in alive:
        try:
            process.wait(max(until - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    return 0

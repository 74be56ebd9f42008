"""Real servers for a test: Mosquitto and NATS on free ports of this machine, with folders of their own."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

PLACES = "/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin:/opt/homebrew/sbin"


def program(name: str) -> str:
    return shutil.which(name) or shutil.which(name, path=PLACES) or ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(what, seconds: float = 60.0, every: float = 0.05):
    """Wait for something to be true; its value."""
    end = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > end:
            raise AssertionError(f"{seconds} s passed and it did not come true")
        time.sleep(every)
    return found


@contextlib.contextmanager
def mosquitto(folder: Path, port: int, *, files: Path | None = None) -> Iterator[subprocess.Popen]:
    """With ``files``: the password file and the access list that Anwang writes."""
    access = "allow_anonymous true"
    if files is not None:
        access = f"allow_anonymous false\npassword_file {files}/anwang.passwd\nacl_file {files}/anwang.acl"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\n{access}\nuser root\npersistence true\npersistence_location {folder}/\n"
        "max_inflight_messages 0\nmax_queued_messages 0\n"
    )
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([program("mosquitto"), "-c", str(config)], stdout=log, stderr=log)
    try:
        until(lambda: answers(port), 10)
        yield process
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def nats_server(folder: Path, port: int) -> Iterator[subprocess.Popen]:
    folder.mkdir(parents=True, exist_ok=True)
    command = [program("nats-server"), "-js", "-a", "127.0.0.1", "-p", str(port), "-sd", str(folder)]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        until(lambda: answers(port), 10)
        yield process
    finally:
        process.terminate()
        process.wait(10)

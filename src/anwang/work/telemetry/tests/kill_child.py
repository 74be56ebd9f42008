"""A process that takes the files of a folder one by one, and may kill itself around an append. Run by test_kill.py."""

import os
import signal
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anwang.config.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from anwang.work.telemetry import services, store  # noqa: E402
from anwang.work.telemetry.history import History  # noqa: E402
from anwang.work.telemetry.services.landing import by_time  # noqa: E402


def main(folder: Path, when: str, count: int) -> None:
    real, done = History.append, 0

    def append(self, *columns):
        nonlocal done
        done += 1
        if when == "before" and done == count:
            os.kill(os.getpid(), signal.SIGKILL)
        real(self, *columns)
        if when == "after" and done == count:
            os.kill(os.getpid(), signal.SIGKILL)

    History.append = append
    print("ready", flush=True)
    for path in sorted(folder.glob("*.txt"), key=by_time):
        services.receive_file(path.read_bytes(), path.name, now=timezone.now())
    store.close()
    print("done", flush=True)


main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))

"""The process that does the jobs: takes up one after another, says that it lives, stops when asked to."""

import contextlib
import os
import signal
import socket
import threading
from datetime import timedelta
from types import FrameType

import structlog
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from anwang.ground.jobs import services

log = structlog.get_logger("anwang.worker")

POLL = 0.2
"""Seconds between looks when nothing is due. A look is one read by an index."""
SIGN_OF_LIFE = timedelta(seconds=15)
HOURLY = timedelta(hours=1)
AFTER_TROUBLE = 3.0
"""Seconds before the next look when the database did not answer."""


def main() -> int:
    """Work until told to stop; the wiring has loaded the handlers. Returns the exit code."""
    WorkerLoop().run()
    return 0


class WorkerLoop:
    """Runs until SIGTERM or SIGINT: the job in hand is finished first, a second signal ends the process at once."""

    def __init__(self) -> None:
        self.id = f"{socket.gethostname()}:{os.getpid()}"
        self.done = 0
        self._stopping = threading.Event()

    def stop(self, signum: int = 0, _frame: FrameType | None = None) -> None:
        if self._stopping.is_set():
            os._exit(128 + signum)
        self._stopping.set()

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        started_at = timezone.now()
        seen_at = tidied_at = started_at - HOURLY * 2
        log.info("worker.started", worker=self.id)
        while not self._stopping.is_set():
            close_old_connections()
            try:
                now = timezone.now()
                if now - tidied_at >= HOURLY:
                    services.ensure_recurring(now=now)
                    tidied_at = now
                if now - seen_at >= SIGN_OF_LIFE:
                    services.seen(worker_id=self.id, started_at=started_at, done=self.done, now=now)
                    seen_at = now
                if services.run_one(now=now):
                    self.done += 1
                else:
                    self._stopping.wait(POLL)
            except DatabaseError as error:
                log.error("worker.no_database", reason=str(error))  # noqa: TRY400 - the reason is enough, each few seconds
                self._stopping.wait(AFTER_TROUBLE)
        with contextlib.suppress(DatabaseError):  # its row ages by itself
            services.gone(worker_id=self.id)
        log.info("worker.stopped", worker=self.id, done=self.done)

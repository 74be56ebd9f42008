"""A worker with a few jobs of its own, for tests that kill it: ``python worker_process.py``."""

import sys
import time

import django

django.setup()

from django.db import transaction  # noqa: E402

from anwang.ground.base.models import Sequence  # noqa: E402
from anwang.ground.jobs import rules, services, worker  # noqa: E402


@services.handler("t.slow")
def slow(*, now, seconds):
    Sequence.take("slow")
    print("in the middle", flush=True)
    time.sleep(seconds)


@services.handler("t.wants")
def wants(*, now):
    print("in the middle", flush=True)
    if Sequence.objects.select_for_update().get(name="thing").value == 0:  # locks, then looks again
        Sequence.take("fired")


@services.handler("t.each")
def each(*, now, n):
    Sequence.objects.create(name=f"each:{n}", value=1)  # a second time would break the key
    time.sleep(0.002)


@services.handler("t.leaves", transactional=False)
def leaves(*, now, seconds):
    with transaction.atomic():
        Sequence.take("left")
    print("in the middle", flush=True)
    time.sleep(seconds)


if __name__ == "__main__":
    if "short-lease" in sys.argv:
        from datetime import timedelta

        rules.LEASE = timedelta(seconds=1.5)
    print("ready", flush=True)
    worker.WorkerLoop().run()

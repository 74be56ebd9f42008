"""A gateway, a shard or the tick as a process whose clock the test moves. Run by test_silence.py.

``clocked.py CLOCK what …``: the file CLOCK holds the moment it is. Time stands still until the test moves it.
"""

import itertools
import json
import os
import sys
import time
from datetime import datetime
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anwang.config.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from anwang.edge.gateway import bus, commands, mqtt, running, selectors  # noqa: E402
from anwang.work.telemetry import services as telemetry  # noqa: E402

CLOCK = Path(sys.argv[1])
timezone.now = lambda: datetime.fromisoformat(CLOCK.read_text())
# Often, so that the test waits for nothing.
running.SAY_EVERY = running.SWEEP_EVERY = 0.1
bus.RETRY = running.RETRY = mqtt.BACKOFF = (0.2,)


def say(words: str) -> None:
    print(words, flush=True)


def tick(seen: Path) -> None:
    """As the worker's job does, wherever it runs; says in a file how often it has looked."""
    for turn in itertools.count():
        telemetry.tick(now=timezone.now())
        fresh = seen.with_suffix(".new")
        fresh.write_text(str(turn))
        fresh.replace(seen)
        if not turn:
            say("connected")
        time.sleep(0.1)


match sys.argv[2:]:
    case ["gateway", broker, bus_url]:
        commands.gateway(
            broker=broker, bus_url=bus_url, client_id="anwang-gateway", partitions=3, landing=True, say=say
        )
    case ["shard", bus_url]:
        commands.shard(bus_url=bus_url, partitions=[0, 1, 2], say=say)
    case ["tick", seen]:
        tick(Path(seen))
    case ["ways"]:
        found = selectors.ways(now=timezone.now())
        say(
            json.dumps(
                {
                    each.way.part + (each.way.part == "partition") * each.way.name: [each.held, each.why]
                    for each in found
                }
            )
        )

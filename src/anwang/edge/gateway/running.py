"""One gateway process: messages gathered and taken together, acknowledged when they are on the disk.

The event loop talks to the broker; one thread beside it works, so that the engine and the database connection stay
where they are. While it works messages gather, so a busy gateway takes larger batches by itself.
"""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog
from django.db import close_old_connections
from django.utils import timezone

from anwang.edge.gateway import rules, services
from anwang.edge.gateway.messages import Link, Message
from anwang.edge.gateway.models import Run
from anwang.edge.gateway.rules import Hindrance
from anwang.edge.gateway.services import Taken, WayKey, WaySaid
from anwang.ground.base.errors import Refused
from anwang.work.telemetry import services as telemetry
from anwang.work.telemetry import store
from anwang.work.telemetry.rules import MINE_SILENT_AFTER

GATHER = 0.02
"""Seconds that a batch waits for others before it is taken."""
ENOUGH = 2_000
"""Messages that do not wait for more."""
AT_ONCE = 16_384
"""Messages in one transaction."""
BYTES_AT_ONCE = 32 * 2**20
HIGH, LOW = 65_536, 16_384
"""Messages waiting at which the broker is asked to hold back, and to go on."""
RETRY = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds before what keeps everything from going on is tried again."""
TOPICS = 100_000
"""Topics known as heard before; each file has one of its own."""
SAY_EVERY = 5.0
SWEEP_EVERY = 1.0
PRUNE_EVERY = 3600.0

log = structlog.get_logger("anwang.gateway")
Sink = Callable[[Sequence[Message]], Awaitable[Taken]]
Say = Callable[[str], None]
T = TypeVar("T")


class Worker:
    """The one thread that works: database, engine, history."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="gateway-worker")

    async def do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: _in_thread(work))

    def close(self) -> None:
        self._pool.shutdown()


def _in_thread(work: Callable[[], T]) -> T:
    close_old_connections()
    return work()


class Intake:
    """Where messages wait until they are taken."""

    def __init__(self, sink: Sink, run: Run) -> None:
        self.sink, self.run = sink, run
        self.hold: Callable[[bool], None] = lambda _hold: None
        self._waiting: deque[Message] = deque()
        self._come = asyncio.Event()
        self._held = False
        self.stopping = False
        self._hand = 0
        self._taken = 0
        self._topics: set[str] = set()
        self._heard: set[str] = set()
        self._progress = rules.Progress(settle=MINE_SILENT_AFTER)

    def look(self, now: datetime) -> tuple[datetime | None, Hindrance]:
        """Until when everything that mines gave the broker is on record, as far as that can be said, and why not."""
        if not self.run.connected or self._held:
            # What waits at the broker cannot be counted.
            self._progress.broken()
            return None, Hindrance.BEHIND if self.run.connected else Hindrance.BROKER
        come = self._taken + self._hand + len(self._waiting)
        until = self._progress.look(come=come, taken=self._taken, now=now)
        if until is not None:
            return until, Hindrance.NONE
        if self.run.says:
            return None, Hindrance.TAKING
        return None, Hindrance.SETTLING if self._progress.settling(now) else Hindrance.BEHIND

    def heard(self) -> set[str]:
        """Codes of mines that were heard since this was last asked, for the first time or after long."""
        found, self._heard = self._heard, set()
        return found

    def put(self, *messages: Message) -> None:
        self._waiting.extend(messages)
        self._come.set()
        if len(self._waiting) > HIGH and not self._held:
            self._held = True
            self.hold(True)

    async def work(self) -> None:
        """Until stopped: gather, take, acknowledge. What waits at the end is not acknowledged and comes again."""
        failed = 0
        while not self.stopping:
            if not self._waiting:
                self._come.clear()
                await self._come.wait()
            if len(self._waiting) < ENOUGH:
                # Also when many wait: a transaction costs the same for ten messages and for a thousand.
                await asyncio.sleep(GATHER)
            batch = self._next()
            self._hand = len(batch)
            self._hear(batch)
            while batch and not self.stopping:
                try:
                    taken = await self.sink(batch)
                except Exception as error:  # noqa: BLE001 - nothing may end the gateway; it says what is wrong
                    # Nothing of the batch is acknowledged, nothing is lost: the broker and the mines keep it.
                    self.run.says = str(error)[:300] or type(error).__name__
                    log.warning(
                        "gateway.waits", why=self.run.says, messages=len(batch), known=isinstance(error, Refused)
                    )
                    await asyncio.sleep(RETRY[min(failed, len(RETRY) - 1)])
                    failed += 1
                    continue
                failed, self.run.says = 0, ""
                _acknowledge(batch)
                self._taken, self._hand = self._taken + len(batch), 0
                self.run.messages += taken.messages
                self.run.readings += taken.readings
                self.run.refused += taken.refused
                break
            self.run.waiting = len(self._waiting)
            if self._held and len(self._waiting) < LOW:
                self._held = False
                self.hold(False)

    def stop(self) -> None:
        self.stopping = True
        self._come.set()

    def _hear(self, batch: Sequence[Message]) -> None:
        fresh = {message.topic for message in batch} - self._topics
        if fresh:
            if len(self._topics) > TOPICS:
                self._topics.clear()
            self._topics |= fresh
            self._heard |= {rules.mine_of(topic) for topic in fresh} - {""}

    def _next(self) -> list[Message]:
        batch: list[Message] = []
        size = 0
        while self._waiting and len(batch) < AT_ONCE and size < BYTES_AT_ONCE:
            batch.append(self._waiting.popleft())
            size += len(batch[-1].payload)
        return batch


def _acknowledge(batch: Sequence[Message]) -> None:
    """All of a connection's messages at once: thousands of small writes cost more than taking them did."""
    kept: dict[Link, list[int]] = {}
    for message in batch:
        if message.link is not None:
            kept.setdefault(message.link, []).append(message.mid)
    for link, mids in kept.items():
        link.acknowledge(mids)


def new_run(part: str, talks_to: str) -> Run:
    now = timezone.now()
    return Run(
        name=f"{socket.gethostname()}:{os.getpid()}", part=part, talks_to=talks_to[:200], started_at=now, seen_at=now
    )


def direct(worker: Worker) -> Sink:
    """Messages straight into the gas watch."""

    async def take(messages: Sequence[Message]) -> Taken:
        return await worker.do(lambda: services.take(messages, now=timezone.now()))

    return take


async def every(seconds: float, worker: Worker, work: Callable[[], object]) -> None:
    """Again and again, in the worker's thread; what goes wrong is logged and tried again."""
    await repeated(seconds, lambda: worker.do(work))


async def repeated(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """The same in the event loop."""
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - the next turn may go well
            log.warning("gateway.turn", why=str(error)[:300])
        await asyncio.sleep(seconds)


class Sweep:
    """The landing folder, again and again; what it came to, for what is said of this way in."""

    def __init__(self, take: telemetry.landing.Take | None = None) -> None:
        self._take = take
        self.until: datetime | None = None
        self.failed = False
        self._heard: deque[set[str]] = deque()

    def __call__(self) -> None:
        now = timezone.now()
        self.failed = True
        swept = telemetry.sweep(now=now, take=self._take)
        # All that lay there when it began is taken: by the engine, or by the bus.
        self.until, self.failed = now, False
        self._heard.append({each.mine for each in swept.receipts if each.mine})

    def heard(self) -> set[str]:
        """Codes of mines whose files were found since this was last asked."""
        found: set[str] = set()
        while self._heard:
            found |= self._heard.popleft()
        return found


class Told:
    """What a process says, every few seconds, of itself and of the ways in that it works."""

    def __init__(self, run: Run, worker: Worker) -> None:
        self._run, self._worker = run, worker
        self._unknown: dict[WayKey, set[str]] = {}

    async def say(self, ways: Sequence[WaySaid], heard: dict[WayKey, set[str]], *, now: datetime) -> None:
        """``now`` is when it was looked."""
        for key, codes in heard.items():
            self._unknown.setdefault(key, set()).update(codes)
        await self._worker.do(partial(self._write, ways, now))

    def _write(self, ways: Sequence[WaySaid], now: datetime) -> None:
        services.say(self._run, now=now)
        # First who comes by a way, then what is said of it: a way is known from its first mine on.
        if self._unknown:
            unknown = services.came_by(self._unknown, now=now)
            # So many that never became a mine's are none.
            self._unknown = {key: codes for key, codes in unknown.items() if len(codes) <= TOPICS}
        services.say_ways(ways, now=now)


def prune() -> None:
    """The folder may lie on another machine than the house's worker."""
    telemetry.landing.prune(now=timezone.now())


def tick() -> None:
    telemetry.tick(now=timezone.now())


async def until_stopped(stop: asyncio.Event, tasks: Sequence[asyncio.Task[None]], intake: Intake | None = None) -> None:
    """Wait; then let what is being worked on come to its end."""
    waiting = asyncio.ensure_future(stop.wait())
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in tasks:
        if task.done() and (error := task.exception()):
            raise error
    if intake is not None:
        intake.stop()
    for task in tasks:
        if task.get_name() != "intake":
            task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.wait_for(task, 15)


def close(worker: Worker) -> None:
    worker.close()
    store.close()

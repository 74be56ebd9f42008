"""Several machines: gateways put what came on a JetStream stream, shards take it from there.

A subject is ``anwang.scan.{partition}.{mine}``; which partition is a mine's follows from its code. A partition has one
durable consumer with one message in flight, so its messages are worked through in their order whoever takes them: a
shard that dies leaves one message, which is given to the next one, before any later one, when its time has passed.
A message on the bus is a list of messages of one mine, never a single reading.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgpack
import nats
import structlog
from django.utils import timezone
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from anwang.edge.gateway import rules, services
from anwang.edge.gateway.messages import Message
from anwang.edge.gateway.models import Run
from anwang.edge.gateway.rules import Hindrance, Part
from anwang.edge.gateway.running import RETRY, Say, Worker
from anwang.edge.gateway.services import Taken, WaySaid
from anwang.work.telemetry import dialects
from anwang.work.telemetry import services as telemetry
from anwang.work.telemetry.services import Receipt, UploadedFile, landing

STREAM = "anwang-scans"
PARTITIONS = 16
BODY = 700_000
"""Bytes of one message on the bus; NATS takes 1 MB unless told otherwise."""
ACK_WITHIN = 10.0
"""Seconds after which a message that its shard did not acknowledge is given to another."""
CARRY_WITHIN = 15.0
"""Seconds in which the stream takes what a sweep of the landing folder found."""
STAY_WITHIN = ACK_WITHIN / 3
DUPLICATES = 120.0
"""Seconds for which the stream recognises a message that a gateway publishes again."""

log = structlog.get_logger("anwang.gateway")


def consumer(partition: int) -> str:
    return f"shard-{partition}"


async def connected(url: str, *, say: Say) -> Any:
    """A connection that tries on by itself. Waits until the bus is there."""

    async def lost() -> None:
        say(f"bus lost: {url}")

    async def back() -> None:
        say(f"bus back: {url}")

    async def wrong(error: Exception) -> None:
        log.warning("bus", why=str(error))

    failed = 0
    while True:
        try:
            return await nats.connect(
                url,
                max_reconnect_attempts=-1,
                reconnect_time_wait=1,
                disconnected_cb=lost,
                reconnected_cb=back,
                error_cb=wrong,
                allow_reconnect=True,
                connect_timeout=5,
            )
        except (OSError, NatsError) as error:
            if not failed:
                say(f"no bus yet, trying on: {url}: {error}")
            await asyncio.sleep(RETRY[min(failed, len(RETRY) - 1)])
            failed += 1


async def stream(js: JetStreamContext, *, replicas: int = 1) -> None:
    """The stream, made if nobody has. What was taken leaves it; a full one refuses, and the mines' broker keeps the rest."""
    config = StreamConfig(
        name=STREAM,
        subjects=["anwang.scan.*.*"],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        duplicate_window=DUPLICATES,
        num_replicas=replicas,
    )
    try:
        await js.stream_info(STREAM)
    except NotFoundError:
        await js.add_stream(config)


class Publisher:
    """The gateway's side: a sink that returns when the stream has everything on its disk."""

    def __init__(self, js: JetStreamContext, partitions: int = PARTITIONS) -> None:
        self._js, self._partitions = js, partitions

    async def __call__(self, messages: Sequence[Message]) -> Taken:
        by_mine: dict[str, list[Message]] = {}
        for message in messages:
            by_mine.setdefault(rules.mine_of(message.topic) or "000000000000", []).append(message)
        await asyncio.gather(*(self._publish(mine, part) for mine, part in by_mine.items()))
        return Taken(len(messages))

    async def _publish(self, mine: str, messages: Sequence[Message]) -> None:
        subject = f"anwang.scan.{rules.partition_of(mine, self._partitions)}.{mine}"
        for body in packed(messages):
            # One after the other: the order of a mine is the order of its stream.
            await self._js.publish(subject, body, timeout=10, headers={"Nats-Msg-Id": hashlib.sha256(body).hexdigest()})


def carrier(publisher: Publisher, loop: asyncio.AbstractEventLoop, *, now: Callable[[], datetime]) -> landing.Take:
    """What the landing folder does with its files: onto the bus, from the worker's thread. They are moved when the stream has
    them on its disk.

    What is refused by its outer form needs no shard to say so, and what NATS would not take as one message is received here.
    """

    def take(files: Sequence[UploadedFile]) -> list[Receipt]:
        receipts: list[Receipt] = []
        messages: list[Message] = []
        for file in files:
            try:
                name = dialects.opened(file.name, file.content).name
            except dialects.Incomplete:
                receipts.append(Receipt(file.name, "incomplete", "incomplete"))
                continue
            except dialects.FileRefused:
                name = None
            if name is None or len(file.content) > BODY:
                receipts += telemetry.receive([file], now=now())
                continue
            messages.append(Message(f"{rules.ROOT}/{name.mine}/file/{file.name}", file.content))
            receipts.append(Receipt(file.name, mine=name.mine, type=name.type))
        # Not for ever: a process that is told to stop waits for this thread, and the loop with it. Files stay and go again.
        asyncio.run_coroutine_threadsafe(publisher(messages), loop).result(CARRY_WITHIN)
        return receipts

    return take


def packed(messages: Sequence[Message]) -> list[bytes]:
    """Bodies of at most some size, in order. A message that alone is larger goes alone, and NATS decides."""
    parts: list[list[tuple[str, bytes]]] = [[]]
    size = 0
    for message in messages:
        length = len(message.topic) + len(message.payload) + 16
        if parts[-1] and size + length > BODY:
            parts.append([])
            size = 0
        parts[-1].append((message.topic, message.payload))
        size += length
    return [msgpack.packb(part) for part in parts if part]


def unpacked(body: bytes) -> list[Message]:
    return [Message(topic, payload) for topic, payload in msgpack.unpackb(body)]


class Shard:
    """Takes partitions from the bus. Any number may run for the same partitions."""

    def __init__(self, connection: Any, partitions: Sequence[int], worker: Worker, run: Run) -> None:
        self._connection, self._js = connection, connection.jetstream()
        self._partitions, self._worker, self._run = partitions, worker, run
        self._arrived: asyncio.Queue[Any] = asyncio.Queue()
        self._staying: asyncio.Task[None] | None = None
        self._progress = {partition: rules.Progress() for partition in partitions}

    async def look(self, now: datetime) -> list[WaySaid]:
        """Of each partition until when all that the stream had of it is acknowledged, whichever shard did it."""
        last = None
        if self._connection.is_connected:
            try:
                last = (await self._js.stream_info(STREAM)).state.last_seq
            except (NatsError, TimeoutError) as error:
                log.warning("shard.look", why=str(error) or type(error).__name__)
        if last is None:
            return [WaySaid(Part.PARTITION, str(each), None, Hindrance.BUS) for each in self._partitions]
        return list(await asyncio.gather(*(self._look(partition, last, now) for partition in self._partitions)))

    async def _look(self, partition: int, last: int, now: datetime) -> WaySaid:
        try:
            info = await self._js.consumer_info(STREAM, consumer(partition))
        except (NatsError, TimeoutError) as error:
            log.warning("shard.look", partition=partition, why=str(error) or type(error).__name__)
            return WaySaid(Part.PARTITION, str(partition), None, Hindrance.BUS)
        # Numbers of the stream are those of all partitions: where nothing waits, this one is as far as the stream.
        done = last if not info.num_pending and not info.num_ack_pending else info.ack_floor.stream_seq
        until = self._progress[partition].look(come=last, taken=done, now=now)
        if until is not None:
            return WaySaid(Part.PARTITION, str(partition), until)
        return WaySaid(Part.PARTITION, str(partition), None, Hindrance.TAKING if self._run.says else Hindrance.BEHIND)

    async def work(self) -> None:
        await stream(self._js)
        await asyncio.gather(self._take(), *(self._fetch(partition) for partition in self._partitions))

    async def _fetch(self, partition: int) -> None:
        name = consumer(partition)
        subscription = await self._js.pull_subscribe(
            f"anwang.scan.{partition}.*",
            durable=name,
            stream=STREAM,
            config=ConsumerConfig(
                durable_name=name,
                deliver_policy=DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=ACK_WITHIN,
                max_ack_pending=1,
            ),
        )
        while True:
            try:
                (message,) = await subscription.fetch(1, timeout=5)
            except TimeoutError:
                continue
            except NatsError as error:
                log.warning("shard.fetch", partition=partition, why=str(error))
                await asyncio.sleep(1)
                continue
            self._run.connected = True
            done = asyncio.Event()
            await self._arrived.put((message, done))
            # The next of a partition is asked for when this one is acknowledged.
            await done.wait()

    async def _take(self) -> None:
        failed = 0
        while True:
            batch = [await self._arrived.get()]
            while not self._arrived.empty():
                batch.append(self._arrived.get_nowait())
            staying = self._staying = asyncio.create_task(_stay([message for message, _ in batch]))
            try:
                taken = await self._worker.do(partial(_taken, [message for message, _ in batch]))
            except Exception as error:  # noqa: BLE001 - nothing may end the shard; it says what is wrong
                self._run.says = str(error)[:300] or type(error).__name__
                log.warning("shard.waits", why=self._run.says)
                await asyncio.sleep(RETRY[min(failed, len(RETRY) - 1)])
                failed += 1
                for each in batch:
                    self._arrived.put_nowait(each)
                continue
            finally:
                staying.cancel()
            failed, self._run.says = 0, ""
            self._run.messages += taken.messages
            self._run.readings += taken.readings
            self._run.refused += taken.refused
            for message, done in batch:
                try:
                    # Waits for the server's word: the next fetch must not overtake it.
                    await message.ack_sync(timeout=5)
                except (NatsError, TimeoutError) as error:
                    log.warning("shard.ack", why=str(error))
                done.set()


def _taken(found: Sequence[Any]) -> Taken:
    messages: list[Message] = []
    for each in found:
        try:
            messages += unpacked(each.data)
        except (ValueError, TypeError, msgpack.UnpackException):
            messages.append(Message(each.subject, each.data))
    return services.take(messages, now=timezone.now())


async def _stay(messages: Sequence[Any]) -> None:
    """While we work on messages nobody else is given them."""
    while True:
        await asyncio.sleep(STAY_WITHIN)
        for message in messages:
            await message.in_progress()

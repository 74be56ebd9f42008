"""The processes: ``anwang gateway`` and ``anwang shard``."""

import asyncio
import gc
import signal
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from django.utils import timezone

from anwang.edge.gateway import bus, mqtt, running, services
from anwang.edge.gateway.running import Intake, Say, Worker


def gateway(*, broker: str, bus_url: str, client_id: str, partitions: int, landing: bool, say: Say) -> None:
    """Until SIGTERM or SIGINT. Raises ValueError for an address that is none."""
    _collect_seldom()
    asyncio.run(_gateway(broker, bus_url, client_id, partitions, landing, say))


async def _gateway(broker: str, bus_url: str, client_id: str, partitions: int, landing: bool, say: Say) -> None:
    stop = _stopping()
    worker = Worker()
    run = running.new_run("gateway", bus_url or broker)
    intake = Intake(running.direct(worker), run)
    door = mqtt.Broker(broker, intake, client_id=client_id, say=say)
    run.talks_to = door.address if not bus_url else f"{door.address} → {bus_url.rpartition('@')[2]}"
    jobs: list[Coroutine[Any, Any, None]] = [
        door.stay(),
        running.every(running.SAY_EVERY, worker, lambda: services.say(run, now=timezone.now())),
    ]
    connection = None
    sweep: Callable[[], object]
    if bus_url:
        connection = await _or_stopped(bus.connected(bus_url, say=say), stop)
        if connection is None:
            return
        js = connection.jetstream()
        await bus.stream(js)
        intake.sink = publisher = bus.Publisher(js, partitions)
        take = bus.carrier(publisher, asyncio.get_running_loop(), now=timezone.now)
        sweep = partial(running.sweep, take)
    else:
        sweep = running.sweep_and_tick
    if landing:
        jobs.append(running.every(running.SWEEP_EVERY, worker, sweep))
        jobs.append(running.every(running.PRUNE_EVERY, worker, running.prune))
    try:
        tasks = [asyncio.create_task(intake.work(), name="intake"), *(asyncio.create_task(job) for job in jobs)]
        await running.until_stopped(stop, tasks, intake)
    finally:
        if connection is not None:
            await connection.close()
        running.close(worker)


def shard(*, bus_url: str, partitions: Sequence[int], say: Say) -> None:
    """Until SIGTERM or SIGINT."""
    _collect_seldom()
    asyncio.run(_shard(bus_url, partitions, say))


async def _shard(bus_url: str, partitions: Sequence[int], say: Say) -> None:
    stop = _stopping()
    worker = Worker()
    run = running.new_run("shard", bus_url.rpartition("@")[2])
    connection = await _or_stopped(bus.connected(bus_url, say=say), stop)
    if connection is None:
        return
    say(f"connected: {bus_url.rpartition('@')[2]}, partitions {', '.join(str(each) for each in partitions)}")
    run.connected = True
    taking = bus.Shard(connection.jetstream(), partitions, worker, run)
    try:
        tasks = [
            asyncio.create_task(taking.work()),
            asyncio.create_task(
                running.every(running.SAY_EVERY, worker, lambda: services.say(run, now=timezone.now()))
            ),
            asyncio.create_task(running.every(running.SWEEP_EVERY, worker, running.tick)),
        ]
        await running.until_stopped(stop, tasks)
    finally:
        await connection.close()
        running.close(worker)


def _collect_seldom() -> None:
    """Python looks for unreachable circles after every 700 new objects, and at times through everything there is. Tens of
    thousands of messages a second are as many objects and no circles: it took a third of the work of taking them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _stopping() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


async def _or_stopped(work: Coroutine[Any, Any, Any], stop: asyncio.Event) -> Any:
    """What the work comes to, or None where we are to stop before."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    await asyncio.wait([task, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if task.done():
        return task.result()
    task.cancel()
    return None

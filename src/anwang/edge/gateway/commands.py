"""The processes: ``anwang gateway`` and ``anwang shard``."""

import asyncio
import gc
import signal
import socket
from collections.abc import Coroutine, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from anwang.edge.gateway import bus, mqtt, rules, running
from anwang.edge.gateway.rules import Hindrance, Part
from anwang.edge.gateway.running import Intake, Say, Worker
from anwang.edge.gateway.services import WaySaid


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
    told = running.Told(run, worker)
    name = way_name(client_id, door.address)
    connection = None
    sweep = running.Sweep()
    if bus_url:
        connection = await _or_stopped(bus.connected(bus_url, say=say), stop)
        if connection is None:
            return
        js = connection.jetstream()
        await bus.stream(js)
        intake.sink = publisher = bus.Publisher(js, partitions)
        sweep = running.Sweep(bus.carrier(publisher, asyncio.get_running_loop(), now=timezone.now))

    async def tell() -> None:
        now = timezone.now()
        heard = {(Part.GATEWAY, name): intake.heard(), (Part.LANDING, name): sweep.heard()}
        if bus_url:
            # Whether or not a shard runs for it.
            for code in set().union(*heard.values()):
                partition = str(rules.partition_of(code, partitions))
                heard.setdefault((Part.PARTITION, partition), set()).add(code)
        cut_off = connection is not None and not connection.is_connected
        until, why = intake.look(now)
        ways = [WaySaid(Part.GATEWAY, name, until, Hindrance.BUS if cut_off and until is None else why)]
        if landing:
            why = Hindrance.BUS if cut_off else Hindrance.TAKING
            ways.append(WaySaid(Part.LANDING, name, sweep.until, why if sweep.failed else Hindrance.NONE))
        await told.say(ways, {way: codes for way, codes in heard.items() if codes}, now=now)

    jobs: list[Coroutine[Any, Any, None]] = [door.stay(), running.repeated(running.SAY_EVERY, tell)]
    if landing:
        jobs.append(running.every(running.SWEEP_EVERY, worker, sweep))
        jobs.append(running.every(running.PRUNE_EVERY, worker, running.prune))
    if not bus_url:
        jobs.append(running.every(running.SWEEP_EVERY, worker, running.tick))
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
    taking = bus.Shard(connection, partitions, worker, run)
    told = running.Told(run, worker)
    try:

        async def tell() -> None:
            now = timezone.now()
            await told.say(await taking.look(now), {}, now=now)

        tasks = [
            asyncio.create_task(taking.work()),
            asyncio.create_task(running.repeated(running.SAY_EVERY, tell)),
            asyncio.create_task(running.every(running.SWEEP_EVERY, worker, running.tick)),
        ]
        await running.until_stopped(stop, tasks)
    finally:
        await connection.close()
        running.close(worker)


def way_name(client_id: str, address: str) -> str:
    """A gateway as a way in: its session at its broker. A broker on the machine itself is another one on every machine."""
    found = urlsplit(address)
    host = socket.gethostname() if found.hostname in {"localhost", "127.0.0.1", "::1"} else found.hostname
    return f"{client_id}@{host}:{found.port}"[:160]


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

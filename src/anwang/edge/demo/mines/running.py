"""Simulated mines on their way through time: as it passes, quicker, or all at once. The clock and the waiting come in."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from anwang.edge.demo.mines import writing
from anwang.edge.demo.mines.crew import crew_of
from anwang.edge.demo.mines.mine import SimulatedMine, moments
from anwang.edge.demo.mines.sending import Sender

Clock = Callable[[], float]
"""Seconds since the epoch."""
Wait = Callable[[float], Awaitable[None]]
DEFINED_EVERY = 6 * 3600
"""Seconds of data time after which a mine sends its definitions again."""
STATES_EVERY = 300
POSITIONS_EVERY = 60
"""Between two snapshots of who is underground."""


@dataclass(slots=True)
class Sent:
    scans: int = 0
    readings: int = 0
    files: int = 0
    last: int = 0


async def run(
    mines: Sequence[SimulatedMine],
    sender: Sender,
    *,
    begins: int,
    interval: int,
    clock: Clock,
    speed: float = 1.0,
    count: int = 0,
    at_once: bool = False,
    wait: Wait = asyncio.sleep,
    said: Callable[[Sent], None] = lambda _sent: None,
) -> Sent:
    """Send ``count`` scans of every mine (0: until cancelled), the first of the moment ``begins`` (ms).

    Data time passes ``speed`` times as fast as the clock until it has caught up with it; no reading is ever sent before
    its time has come. ``at_once`` does not wait at all.
    """
    sent = Sent()
    started = clock()
    await sender.open([mine.plan for mine in mines])
    try:
        for turn, at in enumerate(moments(begins, interval, count or 1 << 40)):
            due = max(started + (at - begins) / 1000 / speed, at / 1000)
            while not at_once and (left := due - clock()) > 0:
                await wait(min(left, 5.0))
            for mine in mines:
                await _one(mine, sender, at, turn * interval, interval, sent)
            sent.last = at
            said(sent)
    finally:
        await sender.close()
    return sent


async def _one(mine: SimulatedMine, sender: Sender, at: int, passed: int, interval: int, sent: Sent) -> None:
    scan = mine.scan(at)
    if scan is None:
        return
    files = []
    if passed % DEFINED_EVERY < interval:
        files += [writing.definition(mine.plan, at), writing.stations(mine.plan, at)]
    if scan.changed:
        files.append(writing.abnormal(mine.plan, at, scan.changed))
    if passed % STATES_EVERY < interval:
        files.append(writing.station_states(mine.plan, scan))
    crew = crew_of(mine.plan)
    if crew is not None:
        if passed % DEFINED_EVERY < interval:
            files += writing.personnel(mine.plan, crew, at)
        if passed % POSITIONS_EVERY < interval:
            files.append(writing.positions(mine.plan, crew, at))
    await sender.files(mine.plan, files)
    await sender.scan(mine.plan, scan)
    sent.files += len(files)
    sent.scans += 1
    sent.readings += int(scan.sent.sum())

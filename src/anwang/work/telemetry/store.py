"""The history of this installation: its folder, this process's writer with its keeper, and readers.

A shard has one writer, and the process that holds it tidies it: seals in a thread beside, merges every quarter of an
hour and after midnight, drops what is too old at night. Shards that nobody holds are tidied by the job of the same name.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import structlog
from django.conf import settings
from django.utils import timezone
from numpy.typing import NDArray

from anwang.kernel import clock
from anwang.work.telemetry import history
from anwang.work.telemetry.engine import Batch
from anwang.work.telemetry.history import Full, Health, History, Locked, Reader
from anwang.work.telemetry.history.columns import Columns
from anwang.work.telemetry.memory import LOCK
from anwang.work.telemetry.pending import KEPT, Claim, Suspects, prune, put_on_record

SHARDS = 64
"""Processes of one installation that may write at the same time, each its own shard."""
TIDY_EVERY = timedelta(minutes=15)
RETENTION_HOUR = 3
"""Local hour after which a writer drops, once a night, what is older than the rule."""
LOOK_EVERY = 2.0
"""Seconds between two looks of the keeper for full journals."""

log = structlog.get_logger("anwang.history")
_lock = threading.Lock()


def folder() -> Path:
    return Path(settings.HOME) / "history"


def doubts() -> Path:
    return folder() / "pending"


@dataclass(slots=True)
class _Held:
    """What a process that writes holds."""

    pid: int
    where: Path
    history: History
    claim: Claim
    keeper: "Keeper"
    suspects: Suspects


_held: _Held | None = None


def writer() -> History:
    """The writer of this process: of the first shard that no other process writes. Raises Locked when all are taken."""
    return _hold().history


def _hold() -> _Held:
    global _held  # noqa: PLW0603 - one per process
    with _lock:
        # A forked child has no part in its parent's lock.
        if _held is not None and (_held.pid, _held.where) == (os.getpid(), folder()):
            return _held
        for shard in range(SHARDS):
            try:
                opened = History.open(folder(), shard=shard)
            except Locked:
                continue
            claim = Claim(doubts(), shard, wait=True)
            _settle(claim, opened)
            claim.begin()
            keeper = Keeper(opened)
            _held = _Held(os.getpid(), folder(), opened, claim, keeper, Suspects(doubts()))
            keeper.start()
            return _held
        raise Locked(str(folder()))


def _settle(claim: Claim, opened: History) -> None:
    """Put on record what a writer before us may have left in doubt."""
    if claim.writing:
        claim.settle(opened.newest)


def close() -> None:
    """Let go of the writer; the next call of :func:`writer` opens one again."""
    global _held
    with _lock:
        if _held is None:
            return
        held, _held = _held, None
        held.keeper.stop()
        if held.pid == os.getpid():
            held.claim.settle(None)
        held.history.close()
        held.claim.close()


# --- keeping, exactly once ----------------------------------------------------------------------------------------------


def in_doubt(batch: Batch) -> NDArray[np.bool_]:
    """Which of these readings a process that died, or a transaction that failed, may already have put into the history."""
    held = _hold()
    _find_the_dead(held)
    held.suspects.look()
    return held.suspects.among(batch)


def _find_the_dead(held: _Held) -> None:
    for path in doubts().glob("shard-*"):
        shard = int(path.name.partition("-")[2])
        if shard == held.history.shard:
            continue
        try:
            with Claim(doubts(), shard, wait=False) as claim:
                if not claim.writing:
                    continue
                try:
                    opened = History.open(folder(), shard=shard)
                except Locked:  # its next writer is about to do the same
                    continue
                with opened:
                    _settle(claim, opened)
        except BlockingIOError:
            continue


def keep(batch: Batch) -> None:
    """Append readings and flush them to the disk: all or none. The last step before a commit. Raises Full."""
    writing = writer()
    writing.append(batch.point, batch.at, batch.value, batch.status)
    try:
        writing.sync()
    except BaseException:
        doubt(batch)
        raise


def doubt(batch: Batch) -> None:
    """The transaction these readings belonged to did not hold: they will come again, and stand in the history already."""
    put_on_record(doubts(), Columns(batch.point, batch.at, batch.value, batch.status))


def known(batch: Batch) -> NDArray[np.bool_]:
    """Which of these readings the history has already, word for word."""
    last = reader().last(batch.point)
    found: NDArray[np.bool_] = (last.at == batch.at) & (last.value == batch.value) & (last.status == batch.status)
    left = np.flatnonzero(~found)
    if len(left):
        point, at = batch.point[left], batch.at[left]
        rows = reader().sql(
            'select point, epoch_ms("at") as ms, value, status from readings'
            ' where point in (select unnest(?)) and epoch_ms("at") in (select unnest(?))',
            int(at.min()),
            int(at.max()) + 1,
            [np.unique(point).tolist(), np.unique(at).tolist()],
        )
        there = set(zip(*(rows[name].tolist() for name in ("point", "ms", "value", "status")), strict=True))
        columns = (point, at, batch.value[left], batch.status[left])
        for row, reading in zip(left, zip(*(each.tolist() for each in columns), strict=True), strict=True):
            found[row] = reading in there
    return found


# --- readers ------------------------------------------------------------------------------------------------------------


@cache
def _reader(path: Path) -> Reader:
    return Reader(path)


def reader() -> Reader:
    return _reader(folder())


def health(*, now: datetime) -> Health | None:
    """The state of the folder; None before the first reading."""
    return history.health(folder(), now=now) if folder().is_dir() else None


_lately: tuple[Path, datetime, Health] | None = None


def health_lately(*, now: datetime) -> Health | None:
    """The same, at most a minute old: it lists every file."""
    global _lately  # noqa: PLW0603 - one per process
    if _lately is not None and _lately[0] == folder() and now - _lately[1] < timedelta(minutes=1):
        return _lately[2]
    found = health(now=now)
    _lately = None if found is None else (folder(), now, found)
    return found


# --- keeping tidy -------------------------------------------------------------------------------------------------------


class Keeper:
    """The thread beside a writer."""

    def __init__(self, kept: History) -> None:
        self.history = kept
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history-keeper", daemon=True)
        self._tidied = timezone.now()
        self._dropped: date | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(60)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            try:
                self.turn(timezone.now())
            except Full as full:
                log.exception("history.full", why=str(full))
            except Exception:
                log.exception("history.keeper")

    def turn(self, now: datetime) -> None:
        """What is due."""
        if self.history.waiting:
            self.history.seal(only_closed=True)
        today = clock.local_date(now)
        if now - self._tidied >= TIDY_EVERY or today != clock.local_date(self._tidied):
            self._tidied = now
            # Between two transactions: what is sealed has been committed.
            with LOCK:
                self.history.rotate()
            self.history.tidy(now, only_closed=True)
        if self._dropped != today and now.astimezone(clock.ZONE).hour >= RETENTION_HOUR:
            self._dropped = today
            drop_old(self.history, now=now)


def drop_old(kept: History, *, now: datetime) -> None:
    """What the rule lets go of a shard: `keeping.retention` says what and when."""
    done = history.retention(kept, now=now)
    if done.readings or done.statistics:
        log.info("history.dropped", readings=len(done.readings), statistics=len(done.statistics), freed=done.freed)


@contextmanager
def _free(shard: int) -> Iterator[History | None]:
    """A shard that nobody writes, for as long as the block lasts."""
    try:
        claim = Claim(doubts(), shard, wait=False)
    except BlockingIOError:
        yield None
        return
    with claim:
        try:
            opened = History.open(folder(), shard=shard)
        except Locked:
            yield None
            return
        with opened:
            _settle(claim, opened)
            yield opened


def tidy_free(*, now: datetime, drop: bool = False) -> int:
    """Tidy the shards that no process writes; with `drop`, what is too old goes as well. Returns how many there were."""
    if not folder().is_dir():
        return 0
    done = 0
    for shard in history.shards(folder()):
        with _free(shard) as free:
            if free is None:
                continue
            free.tidy(now)
            if drop:
                drop_old(free, now=now)
            done += 1
    if drop:
        prune(doubts(), now.timestamp() - KEPT)
    return done

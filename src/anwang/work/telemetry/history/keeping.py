"""How long readings are kept, what the disk still holds, and a second copy."""

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from anwang.kernel.clock import local_date
from anwang.work.telemetry.history import layout, segments
from anwang.work.telemetry.history.columns import Columns
from anwang.work.telemetry.history.layout import FIVE, RAW, Segment
from anwang.work.telemetry.history.writer import RESERVE, History

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """The least that must be kept, in days.

    Real-time values of key points 3 months, statistics 2 years: the proposal for the revision of AQ 6201 (Sun Jiping),
    confidence medium. A deployment with a stricter instrument hands its own numbers in.
    """

    key_days: int = 92
    statistics_days: int = 731


RULE = Rule()


@dataclass(frozen=True, slots=True)
class Dropped:
    """Local days, by what was dropped of them."""

    readings: tuple[date, ...] = ()
    thinned: tuple[date, ...] = ()
    statistics: tuple[date, ...] = ()
    freed: int = 0


def retention(
    history: History,
    *,
    now: datetime,
    keep_days: int = 400,
    key_points: ArrayLike | None = None,
    key_days: int | None = None,
    statistics_days: int = 1100,
    rule: Rule = RULE,
) -> Dropped:
    """Drop what is older than it need be kept, counted in local days before today.

    Readings go after `keep_days`; those of `key_points` (None: every point is one) after `key_days`, if that is later.
    Before readings go, their five-minute roll-ups are made; these go after `statistics_days`.
    Raises ValueError where the numbers keep less than `rule`.
    """
    kept_for_key = keep_days if key_days is None else key_days
    least = keep_days if key_points is None else max(keep_days, kept_for_key)
    if least < rule.key_days:
        raise ValueError(f"readings of key points are kept for {rule.key_days} days at least, not {least}")
    if statistics_days < max(rule.statistics_days, least):
        raise ValueError(f"statistics are kept for {rule.statistics_days} days at least, and as long as readings")
    today = local_date(now)
    readings, thinned, freed = [], [], 0
    for day in layout.days(history.folder, RAW):
        if day >= today - timedelta(days=keep_days):
            continue
        if key_points is not None and day >= today - timedelta(days=kept_for_key):
            history.merge(day)
            if saved := _thin(history, day, np.unique(np.asarray(key_points, np.int32))):
                thinned.append(day)
                freed += saved
            continue
        if saved := drop_readings(history, day):
            readings.append(day)
            freed += saved
    statistics = []
    for day in layout.days(history.folder, FIVE):
        if day < today - timedelta(days=statistics_days):
            with history.merging:
                freed += _remove(
                    history.folder, FIVE, day, history.shard, layout.listed(history.folder, FIVE, day, history.shard)
                )
            statistics.append(day)
    return Dropped(tuple(readings), tuple(thinned), tuple(statistics), freed)


def drop_readings(history: History, day: date) -> int:
    """Drop a day's readings and keep its roll-ups; returns the bytes freed. What is not rolled up stays. Raises Full."""
    history.merge(day)
    with history.merging:
        five = layout.current(layout.listed(history.folder, FIVE, day, history.shard))
        files = [
            file
            for file in layout.listed(history.folder, RAW, day, history.shard)
            if layout.covers(five, *file.numbers)
        ]
        return _remove(history.folder, RAW, day, history.shard, files)


@dataclass(frozen=True, slots=True)
class Room:
    """What `make_room` did."""

    dropped: tuple[date, ...]
    free: int
    enough: bool


def make_room(history: History, *, now: datetime, free: int, rule: Rule = RULE) -> Room:
    """Drop the oldest readings, day by day, until so many bytes are free; for a person to call, never on its own.

    Stops at the days that the rule wants kept; `enough` says whether that sufficed. Roll-ups stay. Raises Full where
    there is not even room to make them.
    """
    dropped = []
    today = local_date(now)
    for day in layout.days(history.folder, RAW):
        if _free(history.folder) >= free or day >= today - timedelta(days=rule.key_days):
            break
        if drop_readings(history, day):
            dropped.append(day)
    left = _free(history.folder)
    return Room(tuple(dropped), left, left >= free)


def _thin(history: History, day: date, points: NDArray[np.int32]) -> int:
    """Keep only these points' readings of a day; returns the bytes freed, 0 where it was done before."""
    mark = hashlib.sha256(points.tobytes()).hexdigest()[:16]
    freed = 0
    with history.merging:
        five = layout.current(layout.listed(history.folder, FIVE, day, history.shard))
        for file in layout.current(layout.listed(history.folder, RAW, day, history.shard)):
            parquet = segments.Parquet(file.path)
            if parquet.only == mark or not layout.covers(five, *file.numbers):
                continue
            with segments.Output(file.path.parent, RAW, *file.numbers, only=mark, part_rows=2**62) as output:
                for low, high in segments.slices([parquet]):
                    rows: Columns = segments.raw_between(parquet, low, high)
                    output.write(rows.take(np.flatnonzero(np.isin(rows.point, points))))
                made = output.publish(part=file.part, parts=file.parts)
            freed += file.size - made[0].stat().st_size
    return freed


def _remove(folder: Path, kind: str, day: date, shard: int, files: Iterable[Segment]) -> int:
    freed = 0
    for file in files:
        file.path.unlink(missing_ok=True)
        freed += file.size
    inside = layout.day_folder(folder, kind, day, shard)
    for empty in (inside, inside.parent):
        try:
            empty.rmdir()
        except OSError:  # another shard's day, or a late reading
            break
    return freed


# --- the disk -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Health:
    """The folder as a whole. `alarms` are stable keys:

    `space` fewer than `warn_days` are left, or less than twice the reserve is free · `unsealed` more than four journals
    wait · `unmerged` a closed day before yesterday has more than one set of files.
    """

    free: int
    total: int
    readings_bytes: int
    statistics_bytes: int
    journal_bytes: int
    journals: int
    oldest: date | None
    newest: date | None
    per_day: int
    """Bytes that a closed day adds, mean of the last seven."""
    days_left: float | None
    """Days until the disk is full. None: what `keep_days` will add fits, or nothing is known yet."""
    alarms: tuple[str, ...] = field(default=())


def health(folder: Path, *, now: datetime, keep_days: int = 400, warn_days: int = 14, reserve: int = RESERVE) -> Health:
    """Free space and what is there. Can be asked in any process; lists every file, so not every second."""
    today = local_date(now)
    sizes: dict[str, dict[date, int]] = {RAW: {}, FIVE: {}}
    unmerged = False
    for kind, by_day in sizes.items():
        for day in layout.days(folder, kind):
            for shard in layout.day_shards(folder, kind, day):
                files = layout.listed(folder, kind, day, shard)
                by_day[day] = by_day.get(day, 0) + sum(file.size for file in files)
                if kind == RAW and day < today - timedelta(days=1):
                    unmerged |= len({file.numbers for file in layout.current(files)}) > 1
    journals = journal_bytes = 0
    for shard in layout.shards(folder):
        for _, path in layout.journals(layout.live_folder(folder, shard)):
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                continue
            journals += 1
            journal_bytes += size
    closed = [day for day in sizes[RAW] if day < today][-7:]
    per_day = sum(sizes[RAW][day] + sizes[FIVE].get(day, 0) for day in closed) // len(closed) if closed else 0
    disk = shutil.disk_usage(folder)
    usable = max(disk.free - reserve, 0)
    days_left = None
    if per_day and per_day * max(keep_days - len(sizes[RAW]), 0) > usable:
        days_left = round(usable / per_day, 1)
    short = disk.free < 2 * reserve or (days_left is not None and days_left < warn_days)
    alarms = (("space", short), ("unsealed", journals > 4), ("unmerged", unmerged))
    return Health(
        free=disk.free,
        total=disk.total,
        readings_bytes=sum(sizes[RAW].values()),
        statistics_bytes=sum(sizes[FIVE].values()),
        journal_bytes=journal_bytes,
        journals=journals,
        oldest=min(sizes[RAW], default=None),
        newest=max(sizes[RAW], default=None),
        per_day=per_day,
        days_left=days_left,
        alarms=tuple(key for key, is_so in alarms if is_so),
    )


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


# --- a second copy --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BackedUp:
    copied: int
    bytes: int
    removed: int


def backup(history: History, target: Path, *, prune: bool = False) -> BackedUp:
    """Bring a folder elsewhere up to date with this shard: only files that are new are copied.

    The target is at every moment a folder that `Reader` and `History.open` read, this backup's or the one before it.
    Days that were dropped here stay there unless `prune`. Readings of the journal are sealed first. Raises Full.
    """
    history.seal()
    copied = size = removed = 0
    with history.merging, layout.full_is_told():
        for kind in (FIVE, RAW):  # roll-ups first, as a merge does
            here = layout.days(history.folder, kind)
            for day in here:
                files = layout.current(layout.listed(history.folder, kind, day, history.shard))
                inside = layout.day_folder(target, kind, day, history.shard)
                there = {file.path.name: file.size for file in layout.listed(target, kind, day, history.shard)}
                fresh = [file for file in files if there.get(file.path.name) != file.size]
                if fresh:
                    layout.make_folder(inside)
                for file in fresh:
                    _copy(file.path, inside / file.path.name)
                    copied, size = copied + 1, size + file.size
            if prune:
                for day in set(layout.days(target, kind)) - set(here):
                    old = layout.listed(target, kind, day, history.shard)
                    _remove(target, kind, day, history.shard, old)
                    removed += len(old)
        for kind in (FIVE, RAW):
            for day in layout.days(target, kind):
                files = layout.listed(target, kind, day, history.shard)
                kept = {file.path for file in layout.current(files)}
                for file in files:
                    if file.path not in kept:
                        file.path.unlink()
                        removed += 1
        live = layout.live_folder(target, history.shard)
        layout.make_folder(live)
        _copy(layout.live_folder(history.folder, history.shard) / "last", live / "last")
    return BackedUp(copied, size, removed)


def snapshot(folder: Path, target: Path, *, like: Path | None = None) -> BackedUp:
    """A copy of a folder as it stands, taken while other processes write it; `target` must be empty.

    Journals first, then readings, then roll-ups: what moves on in between is found again where it went, and names say
    what replaces what. With `like`, an earlier snapshot, files that stand there already are linked, not copied.
    """
    copied = size = 0
    for shard in layout.shards(folder):
        live, there = layout.live_folder(folder, shard), layout.live_folder(target, shard)
        layout.make_folder(there)
        for path in [*(path for _, path in layout.journals(live)), live / "last"]:
            try:
                _copy(path, there / path.name)
            except FileNotFoundError:  # sealed meanwhile
                continue
            copied, size = copied + 1, size + (there / path.name).stat().st_size
    for kind in (RAW, FIVE):
        for day in layout.days(folder, kind):
            for shard in layout.day_shards(folder, kind, day):
                for file in _copy_day(folder, target, kind, day, shard, like):
                    copied, size = copied + 1, size + file.size
    return BackedUp(copied, size, 0)


def _copy_day(folder: Path, target: Path, kind: str, day: date, shard: int, like: Path | None) -> list[Segment]:
    inside = layout.day_folder(target, kind, day, shard)
    layout.make_folder(inside)
    done: list[Segment] = []
    for _ in range(_TRIES):
        try:
            for file in layout.current(layout.listed(folder, kind, day, shard)):
                here = inside / file.path.name
                if here.exists():
                    continue
                old = None if like is None else layout.day_folder(like, kind, day, shard) / file.path.name
                if old is None or not _linked(old, here, file.size):
                    _copy(file.path, here)
                    done.append(file)
        except FileNotFoundError:  # a merge replaced it: what replaced it is listed now
            continue
        break
    return done


def _linked(old: Path, here: Path, size: int) -> bool:
    try:
        if old.stat().st_size != size:
            return False
        here.hardlink_to(old)
    except OSError:  # not there, or a file system without links
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(source, unfinished)
        layout.flush_file(unfinished)
        unfinished.rename(target)
        layout.flush_folder(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def broken(folder: Path) -> list[Path]:
    """Files whose content is not what was written, by the checksum of every page. Reads everything."""
    found = []
    for kind in (RAW, FIVE):
        for day in layout.days(folder, kind):
            for shard in layout.day_shards(folder, kind, day):
                for file in layout.listed(folder, kind, day, shard):
                    try:
                        with pq.ParquetFile(file.path, page_checksum_verification=True) as parquet:
                            for at in range(parquet.metadata.num_row_groups):
                                parquet.read_row_group(at, use_threads=False)
                    except (pa.ArrowException, OSError):
                        found.append(file.path)
    return found

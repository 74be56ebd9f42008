"""What the names on disk mean. Nothing here opens a file's content.

    FOLDER/raw/day=2026-11-20/shard=0/0000000003-0000000009.00of02.parquet     readings, sorted by (point, at)
    FOLDER/five/day=2026-11-20/shard=0/0000000003-0000000009.00of01.parquet    5-minute roll-ups of them
    FOLDER/live/shard=0/journal-0000000010                                     not yet sealed
    FOLDER/live/shard=0/{last,lock}                                            last values; the writer's lock

A name carries the numbers of the journals that a file holds. Of two files of one day and shard the one whose numbers
include the other's replaces it: so a journal, the segment made of it and the day merged from that segment can stand side
by side for a moment, or after a crash for longer, and are still read once. Nobody needs a lock or a list of files for that.
Names that begin with a dot are unfinished; Spark, Hive and DuckDB pass them over.
"""

import contextlib
import errno
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from anwang.kernel.clock import start_of_day

RAW, FIVE = "raw", "five"
DAY_MS = 86_400_000
FIVE_MS = 300_000
FULL_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_EPOCH = date(1970, 1, 1)
_TO_LOCAL_MS = 8 * 3_600_000
# China has kept UTC+8 without summer time since 1992; before that a local day is not always 24 hours long.
EARLIEST_MS = int(start_of_day(date(1992, 1, 1)).timestamp()) * 1000
LATEST_MS = int(start_of_day(date(2200, 1, 1)).timestamp()) * 1000

_NAME = re.compile(r"(\d{10,})-(\d{10,})\.(\d{2,})of(\d{2,})\.parquet")
_JOURNAL = re.compile(r"journal-(\d{10,})")
_DAY = re.compile(r"day=(\d{4}-\d{2}-\d{2})")
_SHARD = re.compile(r"shard=(\d+)")


class Full(OSError):  # noqa: N818 - a state of the disk, named as it is caught
    """The disk has no room for this. Nothing of what was given was kept; what was kept before is untouched."""


class Locked(RuntimeError):  # noqa: N818 - the same
    """Another process writes this shard."""


@contextlib.contextmanager
def full_is_told() -> Iterator[None]:
    """A full disk leaves as `Full`, everything else as it is."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_ERRORS and not isinstance(error, Full):
            raise Full(error.errno, error.strerror, error.filename) from error
        raise


# --- days -----------------------------------------------------------------------------------------------------------


def millis(moment: datetime) -> int:
    """Milliseconds since 1970 UTC. Raises ValueError for a naive moment."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {moment.isoformat()}")
    return round(moment.astimezone(UTC).timestamp() * 1000)


def bounds(day: date) -> tuple[int, int]:
    """First millisecond of a local (Asia/Shanghai) day and of the one after it."""
    return millis(start_of_day(day)), millis(start_of_day(day + timedelta(days=1)))


def day_of(at: int) -> date:
    """The local day of a millisecond."""
    return _EPOCH + timedelta(days=(at + _TO_LOCAL_MS) // DAY_MS)


def day_numbers(at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Local days since 1970-01-01, one for each millisecond."""
    return (at + _TO_LOCAL_MS) // DAY_MS


def day_of_number(number: int) -> date:
    return _EPOCH + timedelta(days=number)


def days_between(start: int, end: int) -> Iterator[date]:
    """The local days touched by start ≤ t < end."""
    if end <= start:
        return
    day, last = day_of(start), day_of(end - 1)
    while day <= last:
        yield day
        day += timedelta(days=1)


# --- files ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Segment:
    """One Parquet file: what its path says, its inode and its bytes. Its content never changes under one inode."""

    path: Path
    kind: str
    day: date
    shard: int
    first: int
    last: int
    part: int
    parts: int
    inode: int = 0
    size: int = 0

    @property
    def numbers(self) -> tuple[int, int]:
        return self.first, self.last


def name(first: int, last: int, part: int, parts: int) -> str:
    return f"{first:010d}-{last:010d}.{part:02d}of{parts:02d}.parquet"


def day_folder(folder: Path, kind: str, day: date, shard: int) -> Path:
    return folder / kind / f"day={day.isoformat()}" / f"shard={shard}"


def live_folder(folder: Path, shard: int) -> Path:
    return folder / "live" / f"shard={shard}"


def journal_path(live: Path, number: int) -> Path:
    return live / f"journal-{number:010d}"


def journals(live: Path) -> list[tuple[int, Path]]:
    """Journals that wait to be sealed, with the one being written, by number."""
    found = [(int(match[1]), Path(entry.path)) for entry in _entries(live) if (match := _JOURNAL.fullmatch(entry.name))]
    return sorted(found)


def shards(folder: Path) -> list[int]:
    """Every shard that has written here."""
    found = {int(match[1]) for entry in _entries(folder / "live") if (match := _SHARD.fullmatch(entry.name))}
    if not found:  # a folder restored without its live part
        for kind in (RAW, FIVE):
            for day in days(folder, kind):
                found |= set(day_shards(folder, kind, day))
    return sorted(found)


def days(folder: Path, kind: str) -> list[date]:
    """Days that have a folder, oldest first."""
    return sorted(
        date.fromisoformat(match[1]) for entry in _entries(folder / kind) if (match := _DAY.fullmatch(entry.name))
    )


def day_shards(folder: Path, kind: str, day: date) -> list[int]:
    inside = folder / kind / f"day={day.isoformat()}"
    return sorted(int(match[1]) for entry in _entries(inside) if (match := _SHARD.fullmatch(entry.name)))


def listed(folder: Path, kind: str, day: date, shard: int) -> list[Segment]:
    """Every file of a day and shard, replaced ones too."""
    found = []
    for entry in _entries(day_folder(folder, kind, day, shard)):
        if match := _NAME.fullmatch(entry.name):
            try:
                known = entry.stat()
            except FileNotFoundError:  # replaced this very moment
                continue
            first, last, part, parts = (int(text) for text in match.groups())
            found.append(
                Segment(Path(entry.path), kind, day, shard, first, last, part, parts, known.st_ino, known.st_size)
            )
    return found


def current(files: Iterable[Segment]) -> list[Segment]:
    """Of the files of one kind, day and shard those that count, by number and part.

    A set of parts counts only when it is complete; a complete set replaces every set whose numbers it includes.
    """
    sets: dict[tuple[int, int, int], list[Segment]] = {}
    for file in files:
        sets.setdefault((file.first, file.last, file.parts), []).append(file)
    whole = [key for key, parts in sets.items() if len(parts) == key[2]]
    # Widest first; of the same numbers the fewer parts.
    whole.sort(key=lambda key: (key[0] - key[1], key[2], key[0]))
    kept: list[tuple[int, int, int]] = []
    for key in whole:
        if not any(other[0] <= key[0] and key[1] <= other[1] for other in kept):
            kept.append(key)
    return sorted((file for key in kept for file in sets[key]), key=lambda file: (file.first, file.part))


def covers(files: Iterable[Segment], first: int, last: int) -> bool:
    """Does one of these hold all of the numbers first to last?"""
    return any(file.first <= first and last <= file.last for file in files)


def speaking(raw: Iterable[Segment], five: Iterable[Segment]) -> tuple[list[Segment], list[Segment]]:
    """Of a day's files that count: the roll-ups to use, and the readings they do not speak for.

    Between the two renames of a merge, and for a day whose readings were dropped, the two kinds do not hold the same.
    """
    raw, five = list(raw), list(five)
    used = [
        file
        for file in five
        if not any(covers([whole], *file.numbers) and not covers(five, *whole.numbers) for whole in raw)
    ]
    return used, [file for file in raw if not covers(used, *file.numbers)]


def sweep(folder: Path) -> None:
    """Take away what a killed writer left unfinished in a folder of its own."""
    for entry in _entries(folder):
        if entry.name.startswith("."):
            Path(entry.path).unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Make renames and removals inside a folder last."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make a folder and every one above it, lastingly."""
    missing = []
    at = folder
    while not at.exists():
        missing.append(at)
        at = at.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        flush_folder(path.parent)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []

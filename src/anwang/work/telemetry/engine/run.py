"""The engine as its callers see it."""

import json
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from anwang.work.telemetry.engine import kernel
from anwang.work.telemetry.engine.state import (
    EPISODE,
    EVENT,
    EVER,
    HOT,
    MEASURED,
    MINE,
    MINE_SILENT,
    MINE_SILENT_AFTER,
    NEVER,
    NOTHING,
    OF_POINTS,
    OPENED,
    PAIR,
    PAIRED,
    SLOTS,
    SLOTS_OF_TIME,
    STEPS,
)

VERSION = 3
"""Of the snapshot's form. A change of meaning or layout counts it up, and older snapshots are no longer read."""

_NO_SCANS = np.empty(0, np.int64)
_NAN = float("nan")


class SnapshotUnreadable(ValueError):  # noqa: N818 - a finding about the bytes
    """A snapshot of another version, or no snapshot at all."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings in the order in which they arrived, as parallel arrays.

    ``point`` int32 dense number, ``at`` int64 ms since the epoch, ``value`` float64, ``status`` uint16. ``ends`` (int64)
    has the position after the last reading of each scan; left out, a scan ends where the mine changes.
    """

    point: NDArray[np.int32]
    at: NDArray[np.int64]
    value: NDArray[np.float64]
    status: NDArray[np.uint16]
    ends: NDArray[np.int64] = field(default_factory=lambda: _NO_SCANS)

    def __len__(self) -> int:
        return len(self.point)


@dataclass(frozen=True, slots=True)
class Limits:
    """A point's limits as its mine defines them; blank ones are None. A blank clear value means the limit itself."""

    high_alarm: float | None = None
    high_alarm_clear: float | None = None
    low_alarm: float | None = None
    low_alarm_clear: float | None = None
    high_cut: float | None = None
    high_restore: float | None = None
    low_cut: float | None = None
    low_restore: float | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched beside the limits, by sensor type: seconds without change, and a rise within seconds. 0 is off."""

    stuck: int = 0
    rise: float = 0.0
    within: int = 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a batch did. ``events`` (dtype EVENT): episodes opened and closed, in order. ``running``: episodes that were
    open before and still are, and grew. ``late``: which readings were not later than their point's last one.
    """

    events: NDArray[Any]
    running: NDArray[Any]
    late: NDArray[np.bool_]


class Engine:
    """State of many points, by dense number. Memory goes with the highest number (some 250 bytes a point, and as much
    again for a point that has had an episode). Not for several threads at once.
    """

    def __init__(self, *, points: int = 0, mines: int = 0) -> None:
        self.hot = np.zeros(0, HOT)
        self.limits = np.zeros((0, 8), np.float64)
        self.episodes = np.zeros((0, OF_POINTS), EPISODE)
        self.mines = np.zeros(0, MINE)
        self.steps = np.zeros((0, STEPS), np.int64)
        self.pairs = np.zeros(0, PAIR)
        self._indexed = False
        self._points_from = self._points_of = self._pairs_from = self._pairs_of = np.zeros(0, np.int32)
        self._events = np.zeros(4096, EVENT)
        self._room(points, mines)

    # --- who there is -------------------------------------------------------------------------------------------------

    def define(self, point: int, mine: int, limits: Limits, watch: Watch) -> None:
        """Enter or change a point. What is open stays open, and closes by the new limits; a point keeps its mine."""
        if watch.within <= 0 or watch.within % SLOTS_OF_TIME:
            raise ValueError(f"a rise is watched over multiples of ten seconds, not {watch.within}")
        self._room(point + 1, mine + 1)
        h = self.hot[point]
        if h["mine"] not in {-1, mine}:
            raise ValueError(f"point {point} belongs to mine {h['mine']}, not {mine}")
        if h["mine"] < 0:
            h["mine"] = mine
            self._indexed = False
        pairs = (
            (limits.high_alarm, limits.high_alarm_clear),
            (limits.low_alarm, limits.low_alarm_clear),
            (limits.high_cut, limits.high_restore),
            (limits.low_cut, limits.low_restore),
        )
        row = self.limits[point]
        for n, (limit, clear) in enumerate(pairs):
            row[2 * n] = _NAN if limit is None else limit
            # Without a limit a clear value means nothing.
            row[2 * n + 1] = row[2 * n] if clear is None or limit is None else clear
        h["high"] = min((row[n] for n in (0, 4) if row[n] == row[n]), default=np.inf)
        h["low"] = max((row[n] for n in (2, 6) if row[n] == row[n]), default=-np.inf)
        alarms, cuts = not np.isnan(row[[0, 2]]).all(), not np.isnan(row[[4, 6]]).all()
        h["compare"] = (h["compare"] & PAIRED) | (1 if alarms else 0) | (2 if cuts else 0)
        h["stuck"] = watch.stuck
        h["rise"] = round(watch.rise * 10_000)
        if h["window"] != watch.within:
            h["window"], h["slot"] = watch.within, 0
            h["lowest"], h["least"] = NOTHING, NOTHING

    def meet(self, mine: int) -> None:
        """Make room for a mine, whether or not it has points."""
        self._room(0, mine + 1)

    def relate(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Enter (cutter, feed) pairs. Known ones keep what is known of them."""
        known = {(int(each["cutter"]), int(each["feed"])) for each in self.pairs}
        fresh = [pair for pair in dict.fromkeys(pairs) if pair not in known]
        if not fresh:
            return
        more = np.zeros(len(fresh), PAIR)
        for row, (cutter, partner) in zip(more, fresh, strict=True):
            row["cutter"], row["feed"] = cutter, partner
            row["cutter_at"] = row["feed_at"] = NEVER
            for each in (cutter, partner):
                self._room(each + 1, 0)
                self.hot[each]["compare"] |= PAIRED
        self.pairs = np.concatenate([self.pairs, more])
        self._indexed = False

    def _room(self, points: int, mines: int) -> None:
        if points > len(self.hot):
            size = max(points, len(self.hot) * 3 // 2)
            hot = _by_lines(size)
            hot["at"], hot["value"], hot["mine"] = NEVER, _NAN, -1
            hot["high"], hot["low"] = np.inf, -np.inf
            hot["lowest"], hot["least"] = NOTHING, NOTHING
            self.hot = _grown(self.hot, hot)
            # numpy takes fresh zeros from the system untouched: pages that no point uses cost nothing.
            self.limits = _grown(self.limits, np.full((size, 8), _NAN))
            self.episodes = _grown(self.episodes, np.zeros((size, OF_POINTS), EPISODE))
            self._indexed = False
        if mines > len(self.mines):
            size = max(mines, len(self.mines) * 3 // 2)
            self.mines = _grown(self.mines, _blank_mines(size))
            self.steps = _grown(self.steps, np.zeros((size, STEPS), np.int64))
            self._indexed = False

    def _index(self) -> None:
        if self._indexed:
            return
        mine_of = self.hot["mine"]
        order = np.argsort(mine_of, kind="stable").astype(np.int32)
        self._points_of = order[np.searchsorted(mine_of[order], 0) :]
        counts = np.bincount(mine_of[mine_of >= 0], minlength=len(self.mines))
        self._points_from = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        ends = np.concatenate([self.pairs["cutter"], self.pairs["feed"]])
        by_point = np.argsort(ends, kind="stable")
        self._pairs_of = (by_point % max(len(self.pairs), 1)).astype(np.int32)
        self._pairs_from = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=len(self.hot)))]).astype(np.int32)
        wanted = int(counts.max(initial=0)) + 2 * kernel.ROOM
        if len(self._events) < wanted:
            self._events = np.zeros(wanted, EVENT)
        self._indexed = True

    # --- what comes in ------------------------------------------------------------------------------------------------

    def feed(self, batch: Batch, *, received: int) -> Outcome:
        """Work through a batch. ``received`` is the receiving clock in ms; readings far ahead of it do not belong here.

        Raises ValueError for a point that was not defined.
        """
        self._index()
        size = len(batch)
        late = np.zeros(size, np.bool_)
        if not size:
            return Outcome(np.zeros(0, EVENT), np.zeros(0, EVENT), late)
        if batch.point.min() < 0 or batch.point.max() >= len(self.hot) or self.hot["mine"][batch.point].min() < 0:
            raise ValueError("a reading of a point that was not defined")
        touched = np.empty(size, np.int32)
        taken = scans = touches = 0
        parts: list[NDArray[Any]] = []
        while taken < size:
            taken, scans, count, more, _, waiting = kernel.feed(
                self.hot,
                self.limits,
                self.episodes,
                self.mines,
                self.steps,
                self._points_from,
                self._points_of,
                self.pairs,
                self._pairs_from,
                self._pairs_of,
                batch.point,
                batch.at,
                batch.value,
                batch.status,
                batch.ends,
                received,
                taken,
                scans,
                self._events,
                touched[touches:],
                0,
                late.view(np.uint8),
            )
            touches += more
            parts.append(self._events[:count].copy())
            if waiting >= 0:
                count = kernel.end_of_scan(
                    self.hot,
                    self.episodes,
                    self.mines,
                    self.steps,
                    self._points_from,
                    self._points_of,
                    self._events,
                    waiting,
                )
                parts.append(self._events[:count].copy())
        running = np.zeros(0, EVENT)
        if touches:
            running = np.zeros(touches * MEASURED, EVENT)
            running = running[: kernel.running(self.hot, self.episodes, running, touched[:touches])]
        return Outcome(parts[0] if len(parts) == 1 else np.concatenate(parts), running, late)

    def clock(self, now: int, mines: Iterable[int] | None = None) -> NDArray[Any]:
        """What time alone brings: mines from which nothing came for 180 s of the receiving clock. Returns events."""
        rows = self.mines
        quiet = (rows["received"] != NEVER) & (rows["silent"] == NEVER) & (now - rows["received"] > MINE_SILENT_AFTER)
        found = np.flatnonzero(quiet)
        if mines is not None:
            found = np.intersect1d(found, np.fromiter(mines, np.int64))
        events = np.zeros(len(found), EVENT)
        events["mine"], events["point"], events["kind"], events["what"] = found, -1, MINE_SILENT, OPENED
        events["start"] = rows["silent"][found] = rows["received"][found]
        events["end"] = events["max_at"] = events["min_at"] = NEVER
        events["max"] = events["min"] = _NAN
        return events

    def open_episodes(self) -> NDArray[Any]:
        """Every open episode of points, as it stands now, by point and kind."""
        touched = np.flatnonzero(self.hot["open"] & ((1 << OF_POINTS) - 1)).astype(np.int32)
        rows = np.zeros(len(touched) * OF_POINTS, EVENT)
        return rows[: kernel.standing(self.hot, self.episodes, rows, touched)]

    # --- what is kept over a restart ----------------------------------------------------------------------------------

    def dump(self, mine: int, position: Any = None) -> bytes:
        """The state of one mine's points, with the position in its stream (anything JSON can hold)."""
        self._index()
        points = np.sort(self._points_of[self._points_from[mine] : self._points_from[mine + 1]])
        # As rows of bytes: numpy gathers records field by field, in ten times the time.
        hot = self.hot.view(np.int64).reshape(-1, HOT.itemsize // 8)[points].view(HOT)[:, 0]
        alive = np.flatnonzero(hot["open"])
        arrays = {
            "points": points,
            "at": hot["at"],
            "value": hot["value"],
            "changed": hot["changed"],
            "open": hot["open"],
            "status": hot["status"],
            "slot": hot["slot"],
            "least": hot["least"],
            "lowest": hot["lowest"],
            "offset": hot["offset"],
            "alive": alive,
            "episodes": self.episodes[points[alive]],
            "mine": self.mines[mine : mine + 1],
            "steps": self.steps[mine],
            "pairs": self.pairs[self._related(mine)],
        }
        body = b"".join(each.tobytes() for each in arrays.values())
        head = {
            "version": VERSION,
            "position": position,
            "arrays": [[name, each.nbytes] for name, each in arrays.items()],
        }
        # Written with every transaction of the mine, so the quickest codec: zlib is a quarter smaller and takes five times as long.
        packed: bytes = pa.compress(body, codec="lz4", asbytes=True)
        text = json.dumps(head | {"crc": zlib.crc32(packed)}).encode()
        return struct.pack("<I", len(text)) + text + packed

    def _related(self, mine: int) -> NDArray[np.intp]:
        """Where the pairs of a mine stand."""
        return np.flatnonzero(self.hot["mine"][self.pairs["cutter"]] == mine)

    def reset(self, mine: int) -> None:
        """Forget what a mine's readings came to. Its points and relations stay defined."""
        if mine >= len(self.mines):
            return
        self._index()
        points = self._points_of[self._points_from[mine] : self._points_from[mine + 1]]
        for name, blank in (("at", NEVER), ("value", _NAN), ("changed", 0), ("open", 0), ("status", 0), ("slot", 0)):
            self.hot[name][points] = blank
        self.hot["lowest"][points] = self.hot["least"][points] = NOTHING
        self.mines[mine : mine + 1] = _blank_mines(1)
        related = self._related(mine)
        self.pairs["cutter_at"][related] = self.pairs["feed_at"][related] = NEVER
        self.pairs["pending"][related] = self.pairs["open"][related] = False

    def interval(self, mine: int) -> int:
        """Median of the mine's last scan intervals in ms; 0 before there is one."""
        used = min(int(self.mines["steps"][mine]), STEPS)
        return int(np.median(self.steps[mine, :used])) if used else 0

    def load(self, mine: int, content: bytes) -> Any:
        """Put a mine's state back; returns its position. Its points must have been defined and related before.

        Points that are defined but not in the snapshot stay new. Raises SnapshotUnreadable.
        """
        try:
            (length,) = struct.unpack_from("<I", content)
            head = json.loads(content[4 : 4 + length])
            version = head["version"]
            sizes = dict(head["arrays"])
        except (ValueError, KeyError, TypeError, struct.error) as error:
            raise SnapshotUnreadable(str(error)) from error
        if version != VERSION:
            raise SnapshotUnreadable(f"version {version}, not {VERSION}")
        if zlib.crc32(content[4 + length :]) != head.get("crc"):
            raise SnapshotUnreadable("its content is not what was written")
        try:
            body = pa.decompress(content[4 + length :], sum(sizes.values()), codec="lz4", asbytes=True)
        except (OSError, TypeError) as error:
            raise SnapshotUnreadable(str(error)) from error
        raw: dict[str, bytes] = {}
        at = 0
        for name, size in sizes.items():
            raw[name] = body[at : at + size]
            at += size
        self.reset(mine)
        points = np.frombuffer(raw["points"], np.int32)
        if len(points) and (points.max() >= len(self.hot) or (self.hot["mine"][points] != mine).any()):
            raise SnapshotUnreadable("it has points that are not of this mine")
        for name in ("at", "value", "changed", "open", "status", "slot", "least"):
            self.hot[name][points] = np.frombuffer(raw[name], HOT[name])
        for name in ("lowest", "offset"):
            self.hot[name][points] = np.frombuffer(raw[name], HOT[name].base).reshape(-1, SLOTS)
        alive = np.frombuffer(raw["alive"], np.int64)
        self.episodes[points[alive]] = np.frombuffer(raw["episodes"], EPISODE).reshape(-1, OF_POINTS)
        self.mines[mine : mine + 1] = np.frombuffer(raw["mine"], MINE)
        self.steps[mine] = np.frombuffer(raw["steps"], np.int64)
        kept = {(int(each["cutter"]), int(each["feed"])): each for each in np.frombuffer(raw["pairs"], PAIR)}
        for n in self._related(mine).tolist():
            if (found := kept.get((int(self.pairs[n]["cutter"]), int(self.pairs[n]["feed"])))) is not None:
                self.pairs[n] = found
        return head["position"]


def _by_lines(size: int) -> NDArray[Any]:
    """Fresh records that each begin where a line of cache begins."""
    raw = np.zeros(size * HOT.itemsize + 64, np.uint8)
    first = -raw.ctypes.data % 64
    return raw[first : first + size * HOT.itemsize].view(HOT)


def _blank_mines(count: int) -> NDArray[Any]:
    rows = np.zeros(count, MINE)
    rows["newest"] = rows["scanned"] = rows["resumed"] = rows["silent"] = rows["received"] = NEVER
    rows["oldest"] = EVER
    return rows


def _grown(old: NDArray[Any], new: NDArray[Any]) -> NDArray[Any]:
    new[: len(old)] = old
    return new

"""The meanings, reading by reading, compiled by numba. ``docs/rooms/telemetry.md`` says the same in words.

One reading goes the short way where nothing is open, its status is 0 and its value lies between the point's limits; all
others go the long way. Both give what a plain loop gives (tests/oracle.py), to the last bit.
"""

# ruff: noqa: PLR1714, SIM109 - compiled code: sets are not quick there
from typing import Any

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from anwang.work.telemetry.compiled import helper
from anwang.work.telemetry.engine import state
from anwang.work.telemetry.engine.state import (
    CALIBRATING,
    CLOSED,
    EVER,
    FEED_AFTER,
    INVALID,
    MEASURED,
    MISMATCH_AFTER,
    NEVER,
    NOTHING,
    OF_POINTS,
    OFF_LINE,
    OPENED,
    PAIRED,
    PENDING,
    RUNNING,
    S_RANGE,
    SILENT_AFTER,
    SILENT_SCANS,
    SLOTS,
    SLOTS_OF_TIME,
    STEPS,
    TOUCHED,
)

# As numbers of one type: with plain ints every helper would be compiled once for every constant it is called with.
OVER, UNDER, CUT, CUT_LOW = np.int64(state.OVER), np.int64(state.UNDER), np.int64(state.CUT), np.int64(state.CUT_LOW)
RISE, RANGE, STUCK, MISMATCH = (
    np.int64(state.RISE),
    np.int64(state.RANGE),
    np.int64(state.STUCK),
    np.int64(state.MISMATCH),
)
CALIBRATION, DISCONNECTED = np.int64(state.CALIBRATION), np.int64(state.DISCONNECTED)
FEED, SILENT, MINE_SILENT = np.int64(state.FEED), np.int64(state.SILENT), np.int64(state.MINE_SILENT)
_OPENED, _CLOSED, _RUNNING, _NEVER = np.int64(OPENED), np.int64(CLOSED), np.int64(RUNNING), np.int64(NEVER)

AHEAD_IN_MEMORY = 12
"""Readings whose points are asked of memory before their turn."""
ROOM = 16
"""More events than one reading can make."""


@intrinsic
def _fetch(_context: Any, array: Any, _index: Any) -> Any:
    """Ask memory for both lines of a record and do not wait: with random points this is most of the time."""

    def build(target: Any, builder: Any, signature: Any, values: Any) -> Any:
        data = target.make_array(signature.args[0])(target, builder, values[0]).data
        first = builder.bitcast(builder.gep(data, [values[1]]), cgutils.voidptr_t)
        number = ir.IntType(32)
        shape = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        prefetch = cgutils.get_or_insert_function(builder.module, shape, "llvm.prefetch.p0")  # type: ignore[no-untyped-call]
        for line in (0, 64):
            place = builder.gep(first, [ir.IntType(64)(line)])
            builder.call(prefetch, [place, number(1), number(3), number(1)])
        return target.get_dummy_value()

    return types.void(array, types.intp), build


@helper
def _open(hot: Any, episodes: Any, events: Any, count: Any, p: Any, kind: Any, start: Any, v: Any) -> Any:
    hot[p].open |= np.uint32(1 << kind)
    episode = episodes[p, kind]
    episode.start = start
    if kind < MEASURED:
        episode.n = 1
        episode.max = v
        episode.max_at = start
        episode.min = v
        episode.min_at = start
        episode.total = v
    return _event(hot, episodes, events, count, p, kind, _OPENED, _NEVER)


@helper
def _event(hot: Any, episodes: Any, events: Any, count: Any, p: Any, kind: Any, what: Any, end: Any) -> Any:
    episode, event = episodes[p, kind], events[count]
    event.mine = hot[p].mine
    event.point = p
    event.kind = kind
    event.what = what
    event.end = end
    event.start = episode.start
    if kind < MEASURED:
        event.n = episode.n
        event.max = episode.max
        event.max_at = episode.max_at
        event.min = episode.min
        event.min_at = episode.min_at
        event.total = episode.total
    else:
        event.n = 0
        event.max = np.nan
        event.max_at = NEVER
        event.min = np.nan
        event.min_at = NEVER
        event.total = 0.0
    return count + 1


@helper
def _close(hot: Any, episodes: Any, events: Any, count: Any, p: Any, kind: Any, end: Any) -> Any:
    hot[p].open &= ~np.uint32(1 << kind)
    return _event(hot, episodes, events, count, p, kind, _CLOSED, end)


@helper
def _extend(episodes: Any, p: Any, kind: Any, t: Any, v: Any) -> None:
    episode = episodes[p, kind]
    episode.n += 1
    episode.total += v
    if v > episode.max:
        episode.max = v
        episode.max_at = t
    if v < episode.min:
        episode.min = v
        episode.min_at = t


@helper
def _rising(hot: Any, p: Any, t: Any, v: Any) -> bool:
    """Whether the value lies ``rise`` above a remembered reading of the window, and remember it.

    Of each slot of a tenth of the window the lowest reading is remembered (of equal ones the last). That is every
    reading of a point that reports no faster than that: every 6 s for a window of 60 s.
    """
    h = hot[p]
    second = np.int32(t // 1000)
    amount = np.int32(min(max(np.floor(v * 10000.0 + 0.5), -1.0e9), 1.0e9))
    length = np.int32((h.window + SLOTS_OF_TIME - 1) // SLOTS_OF_TIME)
    slot = second // length
    lowest, offset = h.lowest, h.offset
    gone = slot - h.slot
    if gone != 0:
        if gone >= SLOTS or gone < 0:
            for n in range(SLOTS):
                lowest[n] = NOTHING
        else:
            for n in range(h.slot + 1, slot + 1):
                lowest[n % SLOTS] = NOTHING
        h.slot = slot
    rising = False
    if h.least != NOTHING and np.int64(amount) - h.least >= h.rise:
        # It may be above a reading that is by now forgotten: look at those that are left.
        oldest = (slot + 1) % SLOTS
        # The oldest slot may reach out of the window; all others lie within.
        if second - ((slot - SLOTS_OF_TIME) * length + offset[oldest]) > h.window:
            lowest[oldest] = NOTHING
        least = np.int32(NOTHING)
        for n in range(SLOTS):
            least = min(least, lowest[n])
        h.least = least
        rising = least != NOTHING and np.int64(amount) - least >= h.rise
    here = slot % SLOTS
    if amount <= lowest[here]:
        lowest[here] = amount
        offset[here] = second - slot * length
        h.least = min(h.least, amount)
    return rising


@helper
def _slow(
    hot: Any,
    limits: Any,
    episodes: Any,
    mines: Any,
    pairs: Any,
    pairs_from: Any,
    pairs_of: Any,
    events: Any,
    count: Any,
    p: Any,
    t: Any,
    v: Any,
    s: Any,
) -> Any:
    """A reading that opens, extends or closes something, or may. Returns the number of events."""
    h = hot[p]
    was = h.open
    v = np.float64(v)
    if was & np.uint32(1 << SILENT):
        count = _close(hot, episodes, events, count, p, SILENT, t)
        mines[h.mine].oldest = min(mines[h.mine].oldest, t)
    for kind in (CALIBRATION, DISCONNECTED):
        has = (s & (CALIBRATING if kind == CALIBRATION else OFF_LINE)) != 0
        is_open = (was & np.uint32(1 << kind)) != 0
        if has and not is_open:
            count = _open(hot, episodes, events, count, p, kind, t, v)
        elif is_open and not has:
            count = _close(hot, episodes, events, count, p, kind, t)
    if s & INVALID:
        return count

    is_open = (was & np.uint32(1 << RANGE)) != 0
    if (s & S_RANGE) != 0 and not is_open:
        count = _open(hot, episodes, events, count, p, RANGE, t, v)
    elif (s & S_RANGE) == 0 and is_open:
        count = _close(hot, episodes, events, count, p, RANGE, t)

    for kind in (OVER, UNDER, CUT, CUT_LOW):
        low = kind == UNDER or kind == CUT_LOW
        if was & np.uint32(1 << kind):
            clear = limits[p, 2 * kind + 1]
            # A limit that the mine has since taken away is not a number, and closes.
            stays = v <= clear if low else v >= clear
            if stays:
                _extend(episodes, p, kind, t, v)
            else:
                count = _close(hot, episodes, events, count, p, kind, t)
        else:
            limit = limits[p, 2 * kind]
            if (low and v <= limit) or (not low and v >= limit):
                count = _open(hot, episodes, events, count, p, kind, t, v)

    rising = h.rise > 0 and _rising(hot, p, t, v)
    if was & np.uint32(1 << RISE):
        if rising:
            _extend(episodes, p, RISE, t, v)
        else:
            count = _close(hot, episodes, events, count, p, RISE, t)
    elif rising:
        count = _open(hot, episodes, events, count, p, RISE, t, v)

    if v != h.value:
        h.value = v
        h.changed = t
        if was & np.uint32(1 << STUCK):
            count = _close(hot, episodes, events, count, p, STUCK, t)
    elif was & np.uint32(1 << STUCK):
        if h.stuck == 0:
            count = _close(hot, episodes, events, count, p, STUCK, t)
    elif h.stuck > 0:
        since = max(h.changed, mines[h.mine].resumed)
        if t - since > np.int64(h.stuck) * 1000:
            count = _open(hot, episodes, events, count, p, STUCK, since, v)

    ours = 0
    if h.open & np.uint32((1 << OVER) | (1 << UNDER)):
        ours = 1
    if h.open & np.uint32((1 << CUT) | (1 << CUT_LOW)):
        ours |= 2
    if ((np.int64(s) ^ ours) & h.compare & 3) != 0:
        if (h.open & np.uint32(PENDING)) == 0:
            h.open |= np.uint32(PENDING)
            episodes[p, MISMATCH].start = t
        elif (was & np.uint32(1 << MISMATCH)) == 0 and t - episodes[p, MISMATCH].start > MISMATCH_AFTER:
            count = _open(hot, episodes, events, count, p, MISMATCH, episodes[p, MISMATCH].start, v)
    else:
        h.open &= ~np.uint32(PENDING)
        if was & np.uint32(1 << MISMATCH):
            count = _close(hot, episodes, events, count, p, MISMATCH, t)

    if h.compare & PAIRED:
        for n in range(pairs_from[p], pairs_from[p + 1]):
            pair = pairs[pairs_of[n]]
            if pair.cutter == p:
                pair.cutter_at = t
                pair.cutter_value = v
            else:
                pair.feed_at = t
                pair.feed_value = v
            cutter = np.int64(pair.cutter)
            both = pair.cutter_at != NEVER and pair.feed_at != NEVER
            if both and pair.cutter_value == 0.0 and pair.feed_value == 1.0:
                if not pair.pending:
                    pair.pending = True
                    pair.since = max(pair.cutter_at, pair.feed_at)
                elif not pair.open and min(pair.cutter_at, pair.feed_at) - pair.since > FEED_AFTER:
                    pair.open = True
                    if (hot[cutter].open & np.uint32(1 << FEED)) == 0:
                        count = _open(hot, episodes, events, count, cutter, FEED, pair.since, v)
            else:
                pair.pending = False
                if pair.open:
                    pair.open = False
                    others = False
                    for other in range(pairs_from[cutter], pairs_from[cutter + 1]):
                        others = others or pairs[pairs_of[other]].open
                    if not others:
                        count = _close(hot, episodes, events, count, cutter, FEED, t)
    return count


@helper
def silent_after(steps: Any, seen: Any) -> Any:
    """max(60 s, 3 × the median of the last scan intervals), in milliseconds."""
    used = min(seen, STEPS)
    if used == 0:
        return np.float64(SILENT_AFTER)
    # The two middle ones by counting: there are fifteen at most, and a sort takes seconds to compile.
    middle = 0.0
    for rank in ((used - 1) // 2, used // 2):
        for one in range(used):
            below, equal = 0, 0
            for other in range(used):
                below += steps[other] < steps[one]
                equal += steps[other] == steps[one]
            if below <= rank < below + equal:
                middle += steps[one] / 2.0
                break
    return max(np.float64(SILENT_AFTER), SILENT_SCANS * middle)


@helper
def _end_of_scan(
    hot: Any, episodes: Any, mines: Any, steps: Any, points_from: Any, points_of: Any, events: Any, count: Any, m: Any
) -> Any:
    """After a scan of a mine: its rhythm, and which of its points have fallen silent. Returns the number of events."""
    mine = mines[m]
    if mine.newest <= mine.scanned:
        return count
    if mine.scanned != NEVER:
        steps[m, mine.steps % STEPS] = mine.newest - mine.scanned
        mine.steps += 1
    mine.scanned = mine.newest
    if mine.oldest == EVER or mine.newest - mine.oldest <= SILENT_AFTER:
        return count
    after = silent_after(steps[m], mine.steps)
    if mine.newest - mine.oldest <= after:
        return count
    oldest = np.int64(EVER)
    for n in range(points_from[m], points_from[m + 1]):
        p = np.int64(points_of[n])
        h = hot[p]
        if h.at == NEVER or (h.open & np.uint32(1 << SILENT)) != 0:
            continue
        # After a silence of the whole mine a point is given the same time again to come back.
        since = max(h.at, mine.resumed)
        if mine.newest - since > after:
            count = _open(hot, episodes, events, count, p, SILENT, h.at, 0.0)
        else:
            oldest = min(oldest, since)
    mine.oldest = oldest
    return count


@njit(cache=True, nogil=True)
def feed(
    hot: Any,
    limits: Any,
    episodes: Any,
    mines: Any,
    steps: Any,
    points_from: Any,
    points_of: Any,
    pairs: Any,
    pairs_from: Any,
    pairs_of: Any,
    point: Any,
    at: Any,
    value: Any,
    status: Any,
    ends: Any,
    received: Any,
    begin: Any,
    scan: Any,
    events: Any,
    touched: Any,
    touched_count: Any,
    late: Any,
) -> Any:
    """Take readings from ``begin`` on until they or the room for events are used up.

    A scan ends where ``ends`` says so, and wherever the mine changes. Returns (readings taken, scans ended, events,
    points touched, late readings, mine whose scan's end there was no room for or -1).
    """
    size = len(point)
    full = len(events) - ROOM
    count = np.int64(0)
    late_count = 0
    i = begin
    while i < size and count < full:
        if i + AHEAD_IN_MEMORY < size:
            _fetch(hot, np.int64(point[i + AHEAD_IN_MEMORY]))  # type: ignore[call-arg]
        p = np.int64(point[i])
        t = at[i]
        h = hot[p]
        m = h.mine
        mine = mines[m]
        mine.received = received
        if mine.silent != NEVER:
            event = events[count]
            event.mine = m
            event.point = -1
            event.kind = MINE_SILENT
            event.what = CLOSED
            event.start = mine.silent
            event.end = received
            event.n = 0
            event.max = np.nan
            event.max_at = NEVER
            event.min = np.nan
            event.min_at = NEVER
            event.total = 0.0
            count += 1
            mine.silent = NEVER
            # A late reading does not turn its time back: what is known to be newer counts from there on.
            mine.resumed = max(t, mine.newest)
        if t <= h.at:
            late[i] = 1
            late_count += 1
        else:
            if h.at == NEVER and t < mine.oldest:
                mine.oldest = t
            h.at = t
            mine.newest = max(mine.newest, t)
            s = status[i]
            v = value[i]
            h.status = s
            if h.open == 0 and s == 0 and v < h.high and v > h.low and h.compare < PAIRED:
                if h.rise > 0 and _rising(hot, p, t, v):
                    count = _open(hot, episodes, events, count, p, RISE, t, v)
                if v != h.value:
                    h.value = v
                    h.changed = t
                elif h.stuck > 0 and t - h.changed > np.int64(h.stuck) * 1000:
                    since = max(h.changed, mine.resumed)
                    if t - since > np.int64(h.stuck) * 1000:
                        count = _open(hot, episodes, events, count, p, STUCK, since, v)
            else:
                before = h.open
                count = _slow(hot, limits, episodes, mines, pairs, pairs_from, pairs_of, events, count, p, t, v, s)
                still = before & h.open & np.uint32((1 << MEASURED) - 1)
                if still != 0 and (h.open & np.uint32(TOUCHED)) == 0:
                    h.open |= np.uint32(TOUCHED)
                    touched[touched_count] = p
                    touched_count += 1
        i += 1
        over = scan < len(ends) and ends[scan] == i
        if over:
            scan += 1
        if over or i == size or hot[point[i]].mine != m:
            if count + points_from[m + 1] - points_from[m] > full and mine.newest > mine.scanned:
                # Not enough room should every point of this mine have fallen silent: the caller empties and asks
                # for the end of this scan by itself.
                return i, scan, count, touched_count, late_count, m
            count = _end_of_scan(hot, episodes, mines, steps, points_from, points_of, events, count, m)
    return i, scan, count, touched_count, late_count, -1


@njit(cache=True, nogil=True)
def end_of_scan(
    hot: Any, episodes: Any, mines: Any, steps: Any, points_from: Any, points_of: Any, events: Any, m: Any
) -> Any:
    return _end_of_scan(hot, episodes, mines, steps, points_from, points_of, events, np.int64(0), m)


@njit(cache=True, nogil=True)
def running(hot: Any, episodes: Any, events: Any, touched: Any) -> Any:
    """The open episodes of the touched points, as they stand; takes their mark off."""
    count = np.int64(0)
    for each in touched:
        p = np.int64(each)
        hot[p].open &= ~np.uint32(TOUCHED)
        for kind in range(MEASURED):
            if hot[p].open & np.uint32(1 << kind):
                count = _event(hot, episodes, events, count, p, kind, _RUNNING, _NEVER)
    return count


@njit(cache=True, nogil=True)
def standing(hot: Any, episodes: Any, events: Any, points: Any) -> Any:
    """The open episodes of all kinds of these points."""
    count = np.int64(0)
    for each in points:
        p = np.int64(each)
        for kind in range(OF_POINTS):
            if hot[p].open & np.uint32(1 << kind):
                count = _event(hot, episodes, events, count, p, kind, _RUNNING, _NEVER)
    return count

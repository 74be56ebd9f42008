"""What the engine remembers, as numpy arrays, and the numbers of the kinds of episode.

Everything a plain reading needs of its point lies in one record of 128 bytes, two lines of cache side by side: with a
million points in random order the time goes into fetching memory, and one fetch is less than ten.
"""

import numpy as np
from numpy.typing import NDArray

KINDS = (
    "001",
    "001L",
    "002",
    "002L",
    "rise",
    "008",
    "calibration",
    "disconnected",
    "stuck",
    "mismatch",
    "003",
    "004",
    "mine_silent",
)
(OVER, UNDER, CUT, CUT_LOW, RISE, RANGE, CALIBRATION, DISCONNECTED, STUCK, MISMATCH, FEED, SILENT, MINE_SILENT) = range(
    13
)
MEASURED = 5
"""Kinds below this number carry statistics; the others have a start and an end."""
OF_POINTS = 12

# Status bits (sheet of formats, §3.3).
S_ALARM, S_CUT, S_CALIBRATING, S_RANGE, S_STATION, S_UNPOLLED, S_PAUSED, S_FAULT = 1, 2, 4, 8, 16, 32, 64, 128
INVALID = S_CALIBRATING | S_STATION | S_UNPOLLED | S_PAUSED | S_FAULT
CALIBRATING = S_CALIBRATING | S_PAUSED
OFF_LINE = S_UNPOLLED | S_FAULT | S_STATION

# Meanings in milliseconds of data time; those that depend on the sensor type are columns of the point.
FEED_AFTER = 10_000
SILENT_AFTER = 60_000
SILENT_SCANS = 3
MINE_SILENT_AFTER = 180_000
MISMATCH_AFTER = 60_000
AHEAD = 300_000
STEPS = 15
"""Scan intervals whose median is a mine's own rhythm."""

NEVER = np.iinfo(np.int64).min
EVER = np.iinfo(np.int64).max

# Bits of ``open`` beside one per kind.
PENDING = 1 << 16
"""The mine's bits disagree with ours, not yet for long enough."""
TOUCHED = 1 << 17
"""An open episode of this point was extended in this batch."""

PAIRED = 4
"""Bit of ``compare``: the point is a cutter or a feed with a partner."""

SLOTS_OF_TIME = 10
SLOTS = SLOTS_OF_TIME + 1
"""A window of ten slots of time reaches into eleven."""
NOTHING = np.iinfo(np.int32).max
"""The lowest reading of a slot without readings."""

HOT = np.dtype(
    [
        ("at", np.int64),  # data time of the last reading
        ("value", np.float64),  # of the last valid reading
        ("changed", np.int64),  # since when it has that value
        ("high", np.float64),  # below this and above ``low`` nothing opens
        ("low", np.float64),
        ("open", np.uint32),
        ("mine", np.int32),
        ("stuck", np.uint32),  # seconds without change, 0 = not watched
        ("rise", np.int32),  # ten-thousandths of a unit within ``window`` seconds, 0 = not watched
        ("status", np.uint16),
        ("window", np.uint16),
        ("compare", np.uint8),  # which of the mine's bits 1 and 2 we can check, and PAIRED
        ("spare", np.uint8, 3),
        # The rise: the lowest reading of each of the last eleven slots of a tenth of the window, and its second.
        ("slot", np.int32),
        ("least", np.int32),  # no remembered reading lies below this
        ("lowest", np.int32, SLOTS),
        ("offset", np.uint8, SLOTS),
        ("spare2", np.uint8, 1),
    ]
)
assert HOT.itemsize == 128

EPISODE = np.dtype(
    [
        ("start", np.int64),
        ("n", np.int64),
        ("max", np.float64),
        ("max_at", np.int64),
        ("min", np.float64),
        ("min_at", np.int64),
        ("total", np.float64),
    ]
)
EVENT = np.dtype(
    [("mine", np.int32), ("point", np.int32), ("kind", np.uint8), ("what", np.uint8), ("end", np.int64), *EPISODE.descr]
)
OPENED, CLOSED, RUNNING = 0, 1, 2

MINE = np.dtype(
    [
        ("newest", np.int64),  # newest data time
        ("scanned", np.int64),  # the same, at the end of the scan before
        ("oldest", np.int64),  # no point that is not silent was last heard before this
        ("received", np.int64),  # when something last came, by the receiving clock
        ("resumed", np.int64),  # newest data time when it came back after its last silence
        ("silent", np.int64),  # since when it is silent by the receiving clock, or NEVER
        ("steps", np.int64),  # how many scan intervals were seen
    ]
)

PAIR = np.dtype(
    [
        ("cutter", np.int32),
        ("feed", np.int32),
        ("cutter_at", np.int64),
        ("cutter_value", np.float64),
        ("feed_at", np.int64),
        ("feed_value", np.float64),
        ("since", np.int64),
        ("pending", np.bool_),
        ("open", np.bool_),
    ],
    align=True,
)
Array = NDArray[np.generic]

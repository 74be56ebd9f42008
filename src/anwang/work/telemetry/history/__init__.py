"""Every reading, kept: a journal that survives a crash, Parquet sorted by point, read in any process without a lock.

Plain Python with numpy, pyarrow and duckdb; no Django. The folder and the moment come in as arguments.

    with History.open(folder) as history:              # the one writer of a shard, Locked otherwise
        history.append(point, at, value, status)       # four parallel arrays: int32, int64 ms UTC, float64, uint16
        history.sync()                                 # now it survives a power cut; a killed process before that too
        history.seal(); history.tidy(now)              # now and then, in a thread beside

    reader = Reader(folder)                            # in any process
    reader.last([17, 18]); reader.day(17, date(2026, 11, 20)); reader.month(17, 2026, 11)
    reader.around(17, start, end); reader.grid(points, start, end, 60_000)

See docs/rooms/telemetry-history.md for the files and docs/decisions/ for what was weighed.
"""

from anwang.work.telemetry.history.columns import INVALID_BITS, Buckets, Columns, Grid, rolled
from anwang.work.telemetry.history.keeping import (
    RULE,
    BackedUp,
    Dropped,
    Health,
    Room,
    Rule,
    backup,
    broken,
    drop_readings,
    health,
    make_room,
    retention,
    snapshot,
)
from anwang.work.telemetry.history.lastvalues import Last
from anwang.work.telemetry.history.layout import Full, Locked, bounds, day_of, millis, shards
from anwang.work.telemetry.history.reader import Reader, Series, month_bounds
from anwang.work.telemetry.history.writer import History, Recovered, Sealed

__all__ = [
    "INVALID_BITS",
    "RULE",
    "BackedUp",
    "Buckets",
    "Columns",
    "Dropped",
    "Full",
    "Grid",
    "Health",
    "History",
    "Last",
    "Locked",
    "Reader",
    "Recovered",
    "Room",
    "Rule",
    "Sealed",
    "Series",
    "backup",
    "bounds",
    "broken",
    "day_of",
    "drop_readings",
    "health",
    "make_room",
    "millis",
    "month_bounds",
    "retention",
    "rolled",
    "shards",
    "snapshot",
]

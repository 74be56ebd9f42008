"""The rule engine: readings in, episodes out. Pure: no clock, no files, no Django; the same stream gives the same answer.

``Engine`` keeps state in arrays and works through batches; ``kernel`` has the meanings, ``state`` the layout.
"""

from anwang.work.telemetry.engine.run import Batch, Engine, Limits, Outcome, SnapshotUnreadable, Watch
from anwang.work.telemetry.engine.state import AHEAD, CLOSED, EVENT, KINDS, MEASURED, NEVER, OPENED, RUNNING

__all__ = [
    "AHEAD",
    "CLOSED",
    "EVENT",
    "KINDS",
    "MEASURED",
    "NEVER",
    "OPENED",
    "RUNNING",
    "Batch",
    "Engine",
    "Limits",
    "Outcome",
    "SnapshotUnreadable",
    "Watch",
]

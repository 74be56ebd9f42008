"""The verbs of the gas watch."""

from anwang.work.telemetry.services import landing
from anwang.work.telemetry.services.findings import confirm_place, decide
from anwang.work.telemetry.services.landing import sweep
from anwang.work.telemetry.services.mines import bind, meet
from anwang.work.telemetry.services.people import show_name, take_list
from anwang.work.telemetry.services.receiving import (
    Item,
    Receipt,
    Scan,
    UploadedFile,
    offline,
    receive,
    receive_file,
    receive_scan,
    tick,
)
from anwang.work.telemetry.services.reconciling import reconcile

__all__ = [
    "Item",
    "Receipt",
    "Scan",
    "UploadedFile",
    "bind",
    "confirm_place",
    "decide",
    "landing",
    "meet",
    "offline",
    "receive",
    "receive_file",
    "receive_scan",
    "reconcile",
    "show_name",
    "sweep",
    "take_list",
    "tick",
]

"""Where the call-out room listens. This room imports it not."""

from collections.abc import Callable, Sequence
from datetime import datetime

from anwang.work.alarms.models import Alarm, StepDelay

_raised: list[Callable[[Sequence[Alarm], datetime], None]] = []
_late: list[Callable[[StepDelay, datetime], None]] = []


def on_raised(listener: Callable[[Sequence[Alarm], datetime], None]) -> Callable[[Sequence[Alarm], datetime], None]:
    """``listener(alarms, now)`` hears of alarms that call: new, calling again, or graver than before.

    Called inside the transaction that wrote them; hidden ones are left out.
    """
    if listener not in _raised:
        _raised.append(listener)
    return listener


def on_late(listener: Callable[[StepDelay, datetime], None]) -> Callable[[StepDelay, datetime], None]:
    """``listener(delay, now)`` hears of a step that was not done in time, once per step and round, in the transaction."""
    if listener not in _late:
        _late.append(listener)
    return listener


def announce_raised(alarms: Sequence[Alarm], now: datetime) -> None:
    if alarms:
        for listener in _raised:
            listener(alarms, now)


def announce_late(delay: StepDelay, now: datetime) -> None:
    for listener in _late:
        listener(delay, now)

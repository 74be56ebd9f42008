"""Where rooms above listen, and where readings go. This room imports neither."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from numpy.typing import ArrayLike

from anwang.work.telemetry.models import Episode, Finding


class What(StrEnum):
    OPENED = "opened"
    RAISED = "raised"
    """It was open, and went beyond its highest value so far (its lowest, for the low kinds)."""
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class News:
    """Something happened to an episode; its row is as it stands after it, with ``mine`` and ``point`` at hand."""

    what: What
    episode: Episode


Listener = Callable[[Sequence[News], datetime], None]
_episodes: list[Listener] = []
_findings: list[Callable[[Finding, datetime], None]] = []


def on_episodes(listener: Listener) -> Listener:
    """Register ``listener(news, now)``; called inside the transaction that stored the episodes, in their order.

    What it writes stands or falls with the episodes. It may be called for the same episode several times (raised), and
    never twice for its opening or its closing.
    """
    if listener not in _episodes:
        _episodes.append(listener)
    return listener


def on_finding_taken_up(listener: Callable[[Finding, datetime], None]) -> Callable[[Finding, datetime], None]:
    """Register who makes a hazard of a finding that a person took up; called inside the decision's transaction."""
    if listener not in _findings:
        _findings.append(listener)
    return listener


def announce(news: Sequence[News], now: datetime) -> None:
    if news:
        for listener in _episodes:
            listener(news, now)


def announce_finding(finding: Finding, now: datetime) -> None:
    for listener in _findings:
        listener(finding, now)


@dataclass(frozen=True, slots=True)
class Held:
    """A way in for data that is held up, in words: which, and why. Until when nothing is missing (None: never yet), and
    the codes of the mines whose data comes by it.
    """

    way: str
    why: str
    until: datetime | None
    mines: frozenset[str]


class Ways(Protocol):
    """What the room of the ways in knows of them."""

    def known_until(self, codes: Collection[str]) -> Mapping[str, datetime | None]:
        """Until when nothing of these mines is missing on record; None where nobody can say. A mine that is not in the
        answer comes by no way that could be held up.
        """

    def held(self, *, now: datetime) -> Sequence[Held]: ...


_ways: Ways | None = None


def provide_ways(ways: Ways) -> None:
    global _ways  # noqa: PLW0603 - one per process
    _ways = ways


def known_until(codes: Collection[str]) -> Mapping[str, datetime | None]:
    return _ways.known_until(codes) if _ways is not None else {}


def held(*, now: datetime) -> Sequence[Held]:
    return _ways.held(now=now) if _ways is not None else ()


class Readings(Protocol):
    """What is asked of the history: keep these readings, all or none."""

    def append(self, point: ArrayLike, at: ArrayLike, value: ArrayLike, status: ArrayLike) -> None: ...

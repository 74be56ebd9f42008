"""What a page is told while it is open: that something under a topic has changed, and nothing else.

A room registers a *source*: which topics there are with a value that differs after every change, and which of them a
person may be told of. A page names its sources (``data-live="alarms"``, ``data-live="gas:140930000001"``); its browser
keeps one stream open (server-sent events) and fetches the piece again by the ordinary address, which divides rows as
ever. No data travels in the stream.

One process asks the sources twice a second for all its open pages together, and only while there are any.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Changes = Callable[[], Mapping[str, Any]]
Topics = Callable[[Any, str], Collection[str]]

EVERY = 0.5
"""Seconds between two looks."""
MOST = 2_000
"""Open pages of one process; one more is told to come again later."""
ASKED = 20
"""Subscriptions of one page."""


@dataclass(frozen=True, slots=True)
class Source:
    changes: Changes
    topics: Topics


_sources: dict[str, Source] = {}


def source(name: str, *, changes: Changes, topics: Topics) -> None:
    """Register a source; called in ``AppConfig.ready()``.

    ``changes()`` → topic → a value that is another one after every change under that topic. It is asked twice a second:
    one or two cheap queries. ``topics(user, name)`` → those that ``user`` may be told of; ``name`` is what stands
    behind ":" in the subscription, "" without.
    """
    _sources[name] = Source(changes, topics)


def topics_of(user: Any, subscriptions: Iterable[str]) -> dict[str, list[str]]:
    """Subscription → the topics of it that ``user`` may be told of; unknown sources and empty ones are left out."""
    found = {}
    for each in sorted(set(subscriptions))[:ASKED]:
        name, _, rest = each.partition(":")
        if name in _sources and (topics := sorted(map(str, _sources[name].topics(user, rest)))):
            found[each] = topics
    return found


@dataclass(eq=False, slots=True)
class Listener:
    """One open page: what it may hear of, and what it has not yet been told."""

    topics: Mapping[str, frozenset[str]]
    news: set[str] = field(default_factory=set)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def hears(self, name: str, changed: Collection[str]) -> None:
        for subscription, topics in self.topics.items():
            if subscription.partition(":")[0] == name and not topics.isdisjoint(changed):
                self.news.add(subscription)
                self.woken.set()

    async def next(self, within: float) -> set[str]:
        """The subscriptions with news; empty after ``within`` seconds without."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.woken.wait(), within)
        told, self.news = self.news, set()
        self.woken.clear()
        return told


class Hub:
    """The open pages of one process and the one look at the sources for all of them.

    ``ask(function)`` runs a function that uses the database, outside the event loop.
    """

    def __init__(self, ask: Callable[..., Any], *, every: float = EVERY, most: int = MOST) -> None:
        self._ask, self._every, self._most = ask, every, most
        self._listeners: set[Listener] = set()
        self._before: dict[str, dict[str, Any]] = {}
        self._looking: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._listeners)

    @property
    def full(self) -> bool:
        return len(self._listeners) >= self._most

    @contextlib.asynccontextmanager
    async def listening(self, topics: Mapping[str, Collection[str]]) -> AsyncIterator[Listener]:
        listener = Listener({name: frozenset(each) for name, each in topics.items()})
        self._listeners.add(listener)
        if self._looking is None or self._looking.done():
            self._before = {}
            self._looking = asyncio.get_running_loop().create_task(self._look())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def _look(self) -> None:
        while self._listeners:
            wanted = {name.partition(":")[0] for each in self._listeners for name in each.topics}
            for name in sorted(wanted & _sources.keys()):
                # A look that fails (the database restarts) is one look less; the next one finds what it missed.
                with contextlib.suppress(Exception):
                    self._compare(name, await self._ask(_sources[name].changes))
            await asyncio.sleep(self._every)

    def _compare(self, name: str, found: Mapping[str, Any]) -> None:
        now = dict(found)
        before = self._before.get(name)
        self._before[name] = now
        if before is None:
            return
        changed = {str(topic) for topic in now.keys() | before.keys() if now.get(topic) != before.get(topic)}
        if changed:
            for listener in self._listeners:
                listener.hears(name, changed)

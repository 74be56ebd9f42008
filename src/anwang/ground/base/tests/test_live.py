"""Open pages are told that something changed, where they may know of it."""

import asyncio
from typing import Any

import pytest

from anwang.ground.base import live


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """A source whose topics are counties; its test changes the values."""
    values = {"140930": 1, "140931": 1}
    monkeypatch.setattr(live, "_sources", {})
    live.source(
        "alarms",
        changes=lambda: dict(values),
        topics=lambda user, name: user if not name else [name] if name in user else [],
    )
    return values


async def ask(function: Any) -> Any:
    return function()


def test_topics_are_those_of_the_person(board: dict[str, int]) -> None:
    found = live.topics_of(["140930"], ["alarms", "alarms:140931", "alarms:140930", "nothing", "nothing:1"])
    assert found == {"alarms": ["140930"], "alarms:140930": ["140930"]}


def test_a_page_hears_of_what_it_may_and_of_nothing_else(board: dict[str, int]) -> None:
    async def story() -> None:
        hub = live.Hub(ask, every=0.01)
        async with hub.listening({"alarms": ["140930"]}) as own, hub.listening({"alarms": ["140931"]}) as other:
            assert await own.next(0.05) == set()  # how things stand is no news
            board["140930"] += 1
            assert await own.next(1) == {"alarms"}
            assert await other.next(0.05) == set()
            board["140931"] += 1
            board["140930"] += 1
            assert (await own.next(1), await other.next(1)) == ({"alarms"}, {"alarms"})
            del board["140930"]
            assert await own.next(1) == {"alarms"}
            assert len(hub) == 2
        assert len(hub) == 0

    asyncio.run(story())


def test_one_look_for_all_pages_and_none_without_any(board: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def counted(function: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise OSError("the database restarts")
        return function()

    async def story() -> None:
        nonlocal looks
        hub = live.Hub(counted, every=0.01, most=300)
        pages = [hub.listening({"alarms": ["140930"]}) for _ in range(300)]
        opened = [await page.__aenter__() for page in pages]
        assert hub.full
        await asyncio.sleep(0.05)
        assert 1 < looks < 10
        board["140930"] += 1
        assert all([await each.next(1) == {"alarms"} for each in opened])
        for page in pages:
            await page.__aexit__(None, None, None)
        await asyncio.sleep(0.03)
        looks = 0
        await asyncio.sleep(0.05)
        assert looks == 0
        async with hub.listening({"alarms": ["140930"]}) as late:  # what happened while nobody listened is no news
            assert await late.next(0.05) == set()
            board["140930"] += 1
            assert await late.next(1) == {"alarms"}

    asyncio.run(story())

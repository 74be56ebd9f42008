"""The web process: pages as ever, and beside them the stream that tells open pages of changes.

Pages are synchronous and keep their threads and database connections; several hundred open streams cost a coroutine
each. Who may hear what is asked through the very middleware that guards the pages (``/live/topics``), and asked again
every minute: who has been signed out hears nothing more.
"""

import asyncio
import json
import os
import random
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from a2wsgi import WSGIMiddleware
from django.db import close_old_connections

from anwang.config.wsgi import application as pages
from anwang.ground.base import live

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

STREAM, TOPICS = "/live/", "/live/topics"
HEARTBEAT = 15.0
"""Seconds of silence after which a comment is sent, so that proxies keep the line and a dead one is noticed."""
ASK_AGAIN = 60.0

THREADS = int(os.environ.get("ANWANG_THREADS", min(8, 2 * (os.cpu_count() or 1) + 1)))
_pages = WSGIMiddleware(pages, workers=THREADS)  # type: ignore[arg-type]  # Django types it more narrowly
_looking = ThreadPoolExecutor(1, thread_name_prefix="live")


async def _ask(function: Callable[[], Any]) -> Any:
    def asked() -> Any:
        close_old_connections()
        try:
            return function()
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_looking, asked)


hub = live.Hub(_ask)


async def application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "http" and scope["path"] == STREAM and scope["method"] == "GET":
        await _stream(scope, receive, send)
    else:
        await _pages(scope, _whole(receive), _patient(send))  # type: ignore[arg-type]


def _whole(receive: Receive) -> Receive:
    """A request whose sender went away in the middle is not mistaken for one that ended there."""

    async def received() -> Message:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        return message

    return received


def _patient(send: Send) -> Send:
    """What is still to be said to somebody who has gone is dropped: the thread that says it is not left waiting."""
    gone = False

    async def sent(message: Message) -> None:
        nonlocal gone
        if not gone:
            try:
                await send(message)
            except Exception:  # noqa: BLE001 - servers say it in different words
                gone = True

    return sent


async def _stream(scope: Message, receive: Receive, send: Send) -> None:
    if hub.full:
        return await _refuse(send, 503, retry_after=str(random.randint(20, 60)))  # noqa: S311 - not all at once
    status, topics = await _topics(scope)
    if status != 200:
        return await _refuse(send, 401 if status in {302, 401} else status)
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    gone = asyncio.ensure_future(_gone(receive))
    try:
        async with hub.listening(topics) as listener:
            await _say(send, "retry: 5000\n\n")
            loop = asyncio.get_running_loop()
            ask_at = loop.time() + ASK_AGAIN
            while not gone.done():
                waiting = asyncio.ensure_future(listener.next(HEARTBEAT))
                await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
                    break
                news = sorted(waiting.result())
                await _say(send, "".join(f"event: change\ndata: {each}\n\n" for each in news) or ": \n\n")
                if loop.time() >= ask_at:
                    status, topics = await _topics(scope)
                    if status != 200 or topics.keys() != listener.topics.keys():
                        break  # the browser comes again, and is told what it may hear
                    listener.topics = {name: frozenset(each) for name, each in topics.items()}
                    ask_at = loop.time() + ASK_AGAIN
            if not gone.done():
                await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        gone.cancel()


async def _topics(scope: Message) -> tuple[int, dict[str, list[str]]]:
    """Ask the pages' own door: (status, subscription → topics)."""
    said: list[Message] = []

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def hear(message: Message) -> None:
        said.append(message)

    asked = dict(scope, path=TOPICS, raw_path=TOPICS.encode(), method="GET")
    await _pages(asked, nothing, hear)  # type: ignore[arg-type]
    status = next(each["status"] for each in said if each["type"] == "http.response.start")
    body = b"".join(each.get("body", b"") for each in said if each["type"] == "http.response.body")
    return status, json.loads(body) if status == 200 else {}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _refuse(send: Send, status: int, **headers: str) -> None:
    # EventSource gives up after an answer that is no stream; the page then asks every few seconds instead.
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": [*sent, (b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})

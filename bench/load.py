"""Readers at the door: signed-in people who ask for pages over HTTP, with or without time to think."""

import http.client
import http.cookiejar
import re
import statistics
import threading
import time
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class Figures:
    """Milliseconds per answer."""

    taken: list[float] = field(default_factory=list)
    wrong: int = 0

    def of(self, share: float) -> float:
        if not self.taken:
            return float("nan")
        ordered = sorted(self.taken)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]

    def line(self) -> str:
        return (
            f"n {len(self.taken)}, p50 {self.of(0.5):.0f} ms, p95 {self.of(0.95):.0f} ms, p99 {self.of(0.99):.0f} ms"
            + (f", {self.wrong} wrong" if self.wrong else "")
        )


class Browser:
    """One connection kept open, cookies remembered; nothing else of a browser."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(
        self, path: str, data: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        head = {"Cookie": "; ".join(f"{key}={value}" for key, value in self.cookies.items()), **(headers or {})}
        body = None
        if data is not None:
            body = urllib.parse.urlencode(data)
            head["Content-Type"] = "application/x-www-form-urlencoded"
            head["Referer"] = f"http://127.0.0.1:{self.port}{path}"
        self.connection.request("POST" if data is not None else "GET", path, body, head)
        answer = self.connection.getresponse()
        text = answer.read().decode(errors="replace")
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.split(";")[0]
        return answer.status, text

    def sign_in(self, username: str, password: str) -> None:
        _, page = self.ask("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        if token is None:
            raise RuntimeError("no sign-in form")
        status, _ = self.ask(
            "/accounts/login/", {"login": username, "password": password, "csrfmiddlewaretoken": token[1]}
        )
        if status != 302:
            raise RuntimeError(f"{username} could not sign in: {status}")


def alone(browser: Browser, path: str, times: int = 30) -> Figures:
    """One reader, one page, again and again."""
    found = Figures()
    browser.ask(path)
    for _ in range(times):
        _timed(browser, path, found)
    return found


def together(
    port: int, cookies: Sequence[dict[str, str]], paths: Sequence[str], *, users: int, seconds: float, think: float
) -> Figures:
    """``users`` readers for ``seconds``, each thinking ``think`` seconds on average between pages."""
    whole = Figures()
    lock = threading.Lock()
    until = time.monotonic() + seconds

    def read(n: int) -> None:
        rng = Random(n)
        browser = Browser(port)
        browser.cookies = dict(cookies[n % len(cookies)])
        mine = Figures()
        time.sleep(rng.uniform(0, think or 0.5))
        while time.monotonic() < until:
            _timed(browser, rng.choice(list(paths)), mine)
            if think:
                time.sleep(rng.expovariate(1 / think))
        with lock:
            whole.taken += mine.taken
            whole.wrong += mine.wrong

    readers = [threading.Thread(target=read, args=(n,)) for n in range(users)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return whole


def _timed(browser: Browser, path: str, into: Figures) -> None:
    began = time.perf_counter()
    status, _ = browser.ask(path)
    into.taken.append((time.perf_counter() - began) * 1000)
    if status != 200:
        into.wrong += 1


def median(numbers: Sequence[float]) -> float:
    return statistics.median(numbers)

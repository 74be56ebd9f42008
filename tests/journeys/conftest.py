"""A real house with a small county in it: its own folder, its own processes, walked in a real browser.

The house is made once for all journeys. Nothing of the test process touches its database: what a journey needs to know
it reads from the screen, as a person would.
"""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import _TREE, House, chromium_path
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "Anwang-Test-2026"
PHONE, DESK = (390, 844), (1440, 900)


@dataclass(frozen=True)
class Town:
    """The house as the journeys see it: its address, and the ids of what the world put there."""

    url: str
    sites: dict[str, str]
    hazards: dict[str, str]
    numbers: dict[str, str]
    link: str


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """``TEST_TOWN`` names a JSON file with the facts and the address of one that runs already, for writing journeys."""
    if running := os.environ.get("TEST_TOWN"):
        yield Town(**json.loads(Path(running).read_text(encoding="utf-8")))
        return
    if not chromium_path():
        pytest.skip("no Chromium on this machine")
    house = House(tmp_path_factory.mktemp("town"), "")
    # The tree that is tested, wherever an installed package points.
    env = {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))}
    setup = (
        "import django; django.setup(); from django.core.management import call_command as c; c('migrate', verbosity=0)"
    )
    process = house.python("-c", setup)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    filling = house.python(
        "-m", "tests.journeys.world", env=env, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = filling.communicate(json.dumps(_TREE), timeout=300)
    assert filling.returncode == 0, err
    facts = json.loads(out.strip().splitlines()[-1])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile("w+") as log:
        server = house.python(
            "-m", "anwang.config.cli", "up", "--port", str(port), env={"ANWANG_PUBLIC_URL": url}, stdout=log, cwd=ROOT
        )
        try:
            _wait(url, server, log)
            yield Town(url, **facts)
        finally:
            server.terminate()
            server.wait(60)


def _wait(url: str, server: Any, log: Any) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until:
        if server.poll() is not None:
            log.seek(0)
            pytest.fail(f"the house does not stay up: {log.read()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.5)
    log.seek(0)
    pytest.fail(f"the house did not come up: {log.read()[-2000:]}")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


SignIn = Callable[..., Any]


@pytest.fixture
def as_person(town: Town, browser: Browser) -> SignIn:
    """``with as_person("jiancha") as page``: signed in through the page, at a desk or with ``size=PHONE``.

    On leaving, nothing may have gone wrong on the way: no script error, no refusal by the policy, no server error.
    """

    @contextmanager
    def sign_in(username: str = "", size: tuple[int, int] = DESK) -> Iterator[Page]:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            base_url=town.url,
            locale="zh-CN",
            has_touch=size == PHONE,
            geolocation={"latitude": 39.384, "longitude": 111.146},
            permissions=["geolocation"],
            accept_downloads=True,
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("response", lambda one: wrong.append(f"{one.status} {one.url}") if one.status >= 500 else None)
        page.on(
            "console",
            lambda said: wrong.append(said.text) if said.type == "error" and "Content Security" in said.text else None,
        )
        if username:
            page.goto("/accounts/login/")
            page.locator("input[name=login]").fill(username)
            page.locator("input[name=password]").fill(PASSWORD)
            page.locator("form:has(input[name=password]) button.btn-primary").click()
            page.wait_for_url(lambda url: "/login" not in url)
        yield page
        context.close()
        assert wrong == []

    return sign_in


@pytest.fixture
def photo(tmp_path: Path) -> Callable[[], str]:
    """``photo()`` → the path of a new picture that is like no other."""
    from PIL import Image

    def make() -> str:
        path = tmp_path / f"{os.urandom(4).hex()}.jpg"
        Image.frombytes("RGB", (24, 24), os.urandom(24 * 24 * 3)).resize((480, 480)).save(path, quality=85)
        return str(path)

    return make

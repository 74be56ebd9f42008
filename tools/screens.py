"""Take the pictures of the main pages that README and docs/use show, from a demonstration that runs.

    ANWANG_HOME=some/folder .venv/bin/anwang demo --small
    ANWANG_HOME=some/folder .venv/bin/anwang up --port 8190
    .venv/bin/python tools/screens.py http://127.0.0.1:8190 [names …]

Each page is taken at a desk (1440×900) and on a phone (390×844), reduced to a palette, and kept below 150 kB. Look at
them before keeping them. A browser is found on the PATH, or named by TEST_CHROMIUM.
"""

import io
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screens"
PASSWORD = "Anwang-2026"  # of the demonstration's accounts, as ``anwang demo`` prints it
SIZES = {"": (1440, 900), "-phone": (390, 844)}
MOST = 150_000


def first(path: str, link: str) -> Callable[[Page], None]:
    """Open a list, then the first thing on it."""

    def go(page: Page) -> None:
        page.goto(path)
        page.goto(page.locator(link).first.get_attribute("href") or path)

    return go


def at(path: str) -> Callable[[Page], None]:
    return lambda page: page.goto(path) and None


def judged(page: Page) -> None:
    """A hazard that was handed in, before the re-check."""
    first("/hazards/?state=submitted", ".aw-table tbody a[href*='/hazards/']")(page)
    page.goto(page.locator("a[href$='/verify/'], a[href$='/send_back/']").first.get_attribute("href") or page.url)


def questions(page: Page) -> None:
    """A checklist under way: the one begun already, or one begun now."""
    page.goto("/inspections/start/?q=面馆")
    links = page.locator("#places a.iv-place")
    if not links.count():
        page.goto("/inspections/start/")
    page.goto(links.first.get_attribute("href") or "")
    begin = page.locator("button.iv-wide")
    if begin.count():
        begin.click()
        page.wait_for_url("**/go/**")
    page.wait_for_selector(".iv-q")


PAGES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "desk": ("anwei", at("/")),
    "ledger": ("anwei", at("/hazards/?state=rectifying&state=submitted&state=assigned")),
    "hazard": ("anwei", first("/hazards/?grade=major", ".aw-table tbody a[href*='/hazards/']")),
    "verify": ("jiancha2", judged),
    "inspection": ("wg002", questions),
    "site": ("anwei", first("/sites/?kind=coal_mine", ".aw-table tbody a[href*='/sites/']")),
    "figures": ("anwei", at("/figures/")),
    "report": ("anwei", at("/figures/monthly/")),
    "answers": ("anwei", at("/organisations/?region=140930100")),
    "checklists": ("xitong", at("/checklists/")),
    "trail": ("sheji", at("/audit/")),
}


def reduced(png: bytes) -> bytes:
    """The picture with as many colours as the size allows; colours of levels stay apart down to 32."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for colours in (256, 128, 64, 48, 32):
        out = io.BytesIO()
        image.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            out, "PNG", optimize=True
        )
        if out.tell() < MOST:
            break
    return out.getvalue()


def sign_in(browser: Browser, url: str, username: str, size: tuple[int, int]) -> Page:
    context = browser.new_context(
        base_url=url, viewport={"width": size[0], "height": size[1]}, locale="zh-CN", has_touch=size[0] < 500
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto("/accounts/login/")
    page.locator("input[name=login]").fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form:has(input[name=password]) button.btn-primary").click()
    page.wait_for_url(lambda address: "/login" not in address)
    return page


def main(url: str, names: list[str]) -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    chromium = os.environ.get("TEST_CHROMIUM") or next((path for name in found if (path := shutil.which(name))), None)
    failed = 0
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, (username, go) in PAGES.items():
            if names and name not in names:
                continue
            for tail, size in SIZES.items():
                page = sign_in(browser, url, username, size)
                try:
                    go(page)
                    page.wait_for_load_state("networkidle")
                    page.wait_for_timeout(800)  # a chart draws itself
                    kept = reduced(page.screenshot())
                    (FOLDER / f"{name}{tail}.png").write_bytes(kept)
                    print(f"{name}{tail}.png {len(kept) // 1000} kB {page.url}")
                except Exception as error:  # noqa: BLE001 - the others are taken all the same
                    failed += 1
                    print(f"{name}{tail}: {error}", file=sys.stderr)
                page.context.close()
        browser.close()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8190", sys.argv[2:]))

"""The measured parts, in one process with a house of its own."""

import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anwang.config.settings")
import django

django.setup()

from django.utils import timezone

from anwang.config import processes, setup
from anwang.ground.accounts import services as accounts
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.overview.figures import services as figures
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.services import counts
from bench import fill, load

PAGES = {
    "desk": "/",
    "ledger, first page": "/hazards/",
    "ledger, three filters (open, fire, late)": "/hazards/?group=open&domain=fire&late=1",
    "ledger, major hazards": "/hazards/?grade=major",
    "figures": "/figures/",
}


def run(out: str, *, rows: int, port: int, quick: bool) -> int:
    lines: list[str] = []

    def note(line: str) -> None:
        print("  " + line, flush=True)
        lines.append(f"- {line}")

    now = timezone.now()
    setup.migrate(now=now, say=lambda _words: None)
    began = time.monotonic()
    fill.ledger(rows, now=now, say=lambda words: print(f"  … {words}", flush=True))
    print(f"  filled in {time.monotonic() - began:.0f} s", flush=True)
    began = time.monotonic()
    counts.rebuild()
    note(f"figures counted anew from {rows:,} rows: {time.monotonic() - began:.1f} s".replace(",", " "))
    began = time.monotonic()
    figures.compute(now=now)
    note(f"the nightly sums of what happened each month: {time.monotonic() - began:.1f} s")
    accounts_ = fill.people(now)
    _pages(note, accounts_, port, quick=quick)
    _closing(note, port, 100 if quick else 1000)
    _excel(note, 2_000 if quick else 100_000)
    Path(out).write_text("\n".join(lines))
    return 0


def _serve(port: int) -> "subprocess.Popen[bytes]":
    server = subprocess.Popen([*processes.web_command("127.0.0.1", port, 2)], env=os.environ | {"ANWANG_THREADS": "4"})
    for _ in range(120):
        time.sleep(0.5)
        try:
            if load.Browser(port).ask("/healthz")[0] == 200:
                return server
        except OSError:
            continue
    raise RuntimeError("the web server did not start")


def _pages(note, people: dict[str, str], port: int, *, quick: bool) -> None:
    server = _serve(port)
    try:
        cookies = []
        for username, password in people.items():
            browser = load.Browser(port)
            browser.sign_in(username, password)
            cookies.append(browser.cookies)
            if username in ("bench-county", "bench-city"):
                for name, path in PAGES.items():
                    note(
                        f"{username.removeprefix('bench-')} office, {name}, alone: {load.alone(browser, path, 5 if quick else 30).line()}"
                    )
        seconds = 5 if quick else 30
        together = load.together(port, cookies, list(PAGES.values())[:3], users=50, seconds=seconds, think=5)
        note(f"50 people on desk and ledger, 5 s of thought between pages, {seconds} s: {together.line()}")
    finally:
        server.terminate()
        server.wait(20)


def _closing(note, port: int, n: int) -> None:
    """Close ``n`` verified hazards one by one through the API, as another system would."""
    now = timezone.now()
    user = User.objects.get(username="bench-county")
    rows = list(Hazard.objects.filter(county_code="140930", state="rectifying").exclude(grade="major")[:n])
    Hazard.objects.filter(pk__in=[row.pk for row in rows]).update(state="verified", grade="general")
    counts.rebuild()
    _token, secret = accounts.make_token(
        user=user,
        name="bench",
        permissions=[Permission.HAZARD_READ, Permission.HAZARD_CLOSE],
        expires_at=now + timedelta(days=1),
        by=user,
        now=now,
    )
    server = _serve(port)
    try:
        taken = load.Figures()
        began = time.monotonic()
        browser = load.Browser(port)
        for row in rows:
            start = time.perf_counter()
            browser.connection.request(
                "POST",
                f"/api/hazards/{row.pk}/close",
                b'{"note": "bench"}',
                {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
            )
            answer = browser.connection.getresponse()
            answer.read()
            taken.taken.append((time.perf_counter() - start) * 1000)
            taken.wrong += answer.status != 200
        note(
            f"{len(rows)} hazards closed one by one through the API in {time.monotonic() - began:.1f} s: {taken.line()}"
        )
    finally:
        server.terminate()
        server.wait(20)


def _excel(note, rows: int) -> None:
    """An old ledger of ``rows`` rows in (a new county, sites made on the way), and out again, in processes of their own."""
    import xlsxwriter

    path = Path(os.environ["ANWANG_HOME"]) / "ledger.xlsx"
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["隐患排查台账"])
    sheet.write_row(
        1,
        0,
        [
            "序号",
            "单位名称",
            "地址",
            "检查日期",
            "检查人",
            "隐患内容",
            "隐患等级",
            "整改期限",
            "整改完成时间",
            "整改责任人",
        ],
    )
    names = max(rows // 50, 10)
    for at in range(rows):
        day = 1 + at % 28
        bad = at % 997 == 5
        sheet.write_row(
            at + 2,
            0,
            [
                at + 1,
                f"导入单位{at % names:05d}",
                f"东关镇{at % names}号",
                "2026.2.30" if bad else f"2026.{1 + at % 9}.{day}",
                "甲、乙",
                f"第{at}处疏散通道堆放货物",
                "一般",
                "7日内",
                f"2026年10月{day}日" if at % 5 else "",
                "负责人",
            ],
        )
    book.close()
    for what, command in (
        (
            f"Excel, {rows:,} rows in, {names} sites made",
            ["ledger", "import", str(path), "--county", "140931", "--create-sites", "--json"],
        ),
        (
            f"the same file again ({rows:,} rows, nothing doubled)",
            ["ledger", "import", str(path), "--county", "140931", "--json"],
        ),
        (
            f"Excel, {rows:,} rows out",
            ["ledger", "export", str(path.with_name("out.xlsx")), "--county", "140931", "--json"],
        ),
    ):
        code = (
            "import resource,subprocess,sys,time;t=time.monotonic();"
            "r=subprocess.run([sys.executable,'-m','anwang.config.cli',*sys.argv[1:]],capture_output=True,text=True);"
            "print(time.monotonic()-t, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss/1024);"
            "print(r.stdout[:4000]); sys.stderr.write(r.stderr[-2000:]); sys.exit(r.returncode)"
        )
        done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            note(f"{what}: failed: {done.stderr.strip()[-300:]}")
            continue
        seconds, mib = done.stdout.split()[:2]
        said = done.stdout.split("\n", 1)[1][:110].replace("\n", " ").split('"rejected"')[0].rstrip(', "')
        note(f"{what}: {float(seconds):.1f} s, peak {float(mib):.0f} MiB {said}".replace(",", " ", 0))

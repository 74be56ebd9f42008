"""The landing folder: where an SFTP server, a script or a person puts upload files.

A file that is complete is taken and moved to ``done/``; one that is refused goes to ``refused/``; one without its end
mark waits where it is, and after ten minutes without a change is refused as incomplete. What was taken stays in ``done/``
for a week: a mine of a thousand points sends a third of a gigabyte a day, and all of it is in the history.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from anwang.work.telemetry import dialects
from anwang.work.telemetry.models import ReceivedFile
from anwang.work.telemetry.services.receiving import Receipt, UploadedFile, receive

INCOMPLETE_AFTER = 600
"""Seconds without a change after which a file without end mark is given up. Engineering practice."""
AT_ONCE = 400
"""Files in one transaction."""
MOST = 64 * 2**20
"""Bytes of one file; larger ones are refused. A mine of 10 000 points sends one or two megabytes."""


KEEP = {"done": 7, "refused": 90}
"""Days for which files that were dealt with stay; ``ANWANG_LANDING_DAYS`` says it for those taken, 0 for ever."""
Take = Callable[[Sequence[UploadedFile]], list[Receipt]]


@dataclass(slots=True)
class Swept:
    receipts: list[Receipt] = field(default_factory=list)
    waiting: int = 0


def folder() -> Path:
    return Path(settings.HOME) / "landing"


def sweep(*, now: datetime, where: Path | None = None, take: Take | None = None) -> Swept:
    """Take what lies in the landing folder and is complete, oldest first by the files' own times.

    ``take`` is what becomes of the files; without it they are received here.
    """
    root = where or folder()
    root.mkdir(parents=True, exist_ok=True)
    found = Swept()
    names = sorted((path for path in root.iterdir() if path.is_file() and path.suffix.lower() == ".txt"), key=by_time)
    for first in range(0, len(names), AT_ONCE):
        _sweep(root, names[first : first + AT_ONCE], found, now, take or partial(receive, now=now))
    return found


def _sweep(root: Path, paths: Sequence[Path], found: Swept, now: datetime, take: Take) -> None:
    files: list[tuple[Path, UploadedFile]] = []
    for path in paths:
        try:
            if path.stat().st_size <= MOST:
                files.append((path, UploadedFile(path.name, path.read_bytes())))
                continue
        except FileNotFoundError:
            continue
        found.receipts.append(Receipt(path.name, "refused", "name"))
        _move(path, root / "refused")
    for (path, file), receipt in zip(files, take([file for _, file in files]), strict=True):
        if receipt.state == "incomplete":
            if now.timestamp() - path.stat().st_mtime < INCOMPLETE_AFTER:
                found.waiting += 1
                continue
            receipt.state = "refused"
            _give_up(file, receipt, now)
        found.receipts.append(receipt)
        _move(path, root / ("refused" if receipt.state == "refused" else "done"))


def prune(*, now: datetime, where: Path | None = None) -> int:
    """Delete what was dealt with long ago; returns how many files. What waits is never touched."""
    gone = 0
    for name, days in (KEEP | {"done": settings.ANWANG_LANDING_DAYS}).items():
        old = now.timestamp() - days * 86_400
        for path in (where or folder()).joinpath(name).glob("*") if days else ():
            # When it was moved here, not when its mine wrote it.
            if path.is_file() and path.stat().st_ctime < old:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


@transaction.atomic
def _give_up(file: UploadedFile, receipt: Receipt, now: datetime) -> None:
    ReceivedFile.objects.get_or_create(
        sha256=dialects.digest(file.content),
        defaults={
            "name": receipt.name,
            "type": receipt.type[:10],
            "mine_code": receipt.mine,
            "received_at": now,
            "refused": "incomplete",
        },
    )


def by_time(path: Path) -> tuple[str, bool, str]:
    """By the stamp in the name; at one moment definitions come before readings."""
    stem = path.stem.rsplit("_", 1)
    return (stem[-1], "CDDY" not in path.name.upper(), path.name)


def _move(path: Path, to: Path) -> None:
    to.mkdir(parents=True, exist_ok=True)
    shutil.move(path, to / path.name)

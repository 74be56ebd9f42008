"""The landing folder: where an SFTP server, a script or a person puts upload files.

A file that is complete is taken and moved to ``done/``; one that is refused goes to ``refused/``; one without its end
mark waits where it is, and after ten minutes without a change is refused as incomplete. Nothing is deleted here.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction

from anwang.work.telemetry import dialects
from anwang.work.telemetry.models import ReceivedFile
from anwang.work.telemetry.services.receiving import Receipt, UploadedFile, receive

INCOMPLETE_AFTER = 600
"""Seconds without a change after which a file without end mark is given up. Engineering practice."""
AT_ONCE = 200
"""Files in one transaction."""
MOST = 64 * 2**20
"""Bytes of one file; larger ones are refused. A mine of 10 000 points sends one or two megabytes."""


@dataclass(slots=True)
class Swept:
    receipts: list[Receipt] = field(default_factory=list)
    waiting: int = 0


def folder() -> Path:
    return Path(settings.HOME) / "landing"


def sweep(*, now: datetime, where: Path | None = None) -> Swept:
    """Take what lies in the landing folder and is complete, oldest first by the files' own times."""
    root = where or folder()
    root.mkdir(parents=True, exist_ok=True)
    found = Swept()
    names = sorted((path for path in root.iterdir() if path.is_file() and path.suffix.lower() == ".txt"), key=by_time)
    for first in range(0, len(names), AT_ONCE):
        _sweep(root, names[first : first + AT_ONCE], found, now)
    return found


def _sweep(root: Path, paths: Sequence[Path], found: Swept, now: datetime) -> None:
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
    for (path, file), receipt in zip(files, receive([file for _, file in files], now=now), strict=True):
        if receipt.state == "incomplete":
            if now.timestamp() - path.stat().st_mtime < INCOMPLETE_AFTER:
                found.waiting += 1
                continue
            receipt.state = "refused"
            _give_up(file, receipt, now)
        found.receipts.append(receipt)
        _move(path, root / ("refused" if receipt.state == "refused" else "done"))


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

"""Archiving: rows past their time of keeping go to a file that can be proved, and only then out of the database."""

import gzip
import hashlib
import os
from datetime import date, datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from anwang.ground.audit import signing
from anwang.ground.audit.models import Archive, AuditRow, ChainHead, Keeping
from anwang.ground.audit.services.exporting import CHUNK, as_line
from anwang.ground.audit.services.proving import verify
from anwang.ground.audit.services.rows import record
from anwang.ground.audit.services.sealing import seal_all
from anwang.ground.base.errors import Refused
from anwang.kernel import clock


def keep_months(on: date) -> int:
    """Months the trail is kept at least on this day: the longest rule in force."""
    in_force = Keeping.objects.filter(effective_on__lte=on).filter(Q(ends_on__isnull=True) | Q(ends_on__gt=on))
    return max(in_force.values_list("months", flat=True), default=12)


def archive(*, before: date, now: datetime, folder: Path | None = None) -> list[Archive]:
    """Move every chain's rows from before that local day to ``ANWANG_HOME/archive/audit``, one file per chain.

    An operator's command, not a screen. Each chain is proved and sealed first; a file is on the disk, and its hash in
    the database, before a row goes. Raises Refused("audit.too_young") inside the time of keeping,
    Refused("audit.chain_broken") where a chain does not hold.
    """
    today = clock.local_date(now)
    months = keep_months(today)
    if before > _months_before(today, months):
        raise Refused("audit.too_young", months=months, day=_months_before(today, months).isoformat())
    if (finding := verify().first) is not None:
        raise Refused("audit.chain_broken", chain=finding.chain, n=finding.seq)
    seal_all(now=now)
    where = folder or Path(settings.HOME) / "archive" / "audit"
    where.mkdir(parents=True, exist_ok=True)
    until = clock.start_of_day(before)
    made = [_archive_chain(name, until, where, now) for name in ChainHead.objects.values_list("chain", flat=True)]
    return [each for each in made if each is not None]


def _archive_chain(name: str, until: datetime, where: Path, now: datetime) -> Archive | None:
    last = Archive.objects.filter(chain=name).order_by("-first_seq").first()
    rows = AuditRow.objects.filter(chain=name).order_by("seq")
    kept = rows.filter(at__gte=until).first()
    going = rows.filter(seq__lt=kept.seq) if kept is not None else rows
    end = going.last()
    if end is None:
        return None
    first_seq = last.last_seq + 1 if last else 1
    file = where / f"{name}-{first_seq}-{end.seq}.jsonl.gz"
    archive = Archive(
        chain=name,
        first_seq=first_seq,
        last_seq=end.seq,
        last_hash=end.hash,
        at=now,
        file=file.name,
        file_hash=_write(going, file),
        digest=settings.ANWANG_DIGEST,
    )
    archive.mac = signing.of_archive(archive)
    with transaction.atomic():
        archive.save(force_insert=True)
        going.order_by()._raw_delete(going.db)  # noqa: SLF001 - no cascade to follow
        record(
            "audit.archived", by=None, at=now, data={"chain": name, "from": first_seq, "to": end.seq, "file": file.name}
        )
    return archive


def _write(rows: QuerySet[AuditRow], file: Path) -> str:
    """The rows into the file, whole or not at all; returns its SHA-256."""
    draft = file.with_suffix(".part")
    with draft.open("wb") as raw:
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed:
            for row in rows.iterator(chunk_size=CHUNK):
                packed.write(as_line(row))
        raw.flush()
        os.fsync(raw.fileno())
    with draft.open("rb") as raw:
        said = hashlib.file_digest(raw, "sha256").hexdigest()
    draft.replace(file)
    return said


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    month += 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")

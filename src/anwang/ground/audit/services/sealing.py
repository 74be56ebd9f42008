"""Sealing: each night a signed statement of where every chain stands, in the database and in a file to keep elsewhere."""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction

from anwang.ground.audit import signing
from anwang.ground.audit.models import ChainHead, Seal
from anwang.ground.audit.services.proving import Finding, filed_seals, verify
from anwang.kernel import clock

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sealed:
    seals: list[Seal]
    refused: list[Finding]
    """Chains that did not hold and were left unsealed."""


def seal_all(*, now: datetime) -> Sealed:
    """Seal every chain that has grown since its last seal.

    What came since the last seal is proved first: a seal over a broken chain would make the break look right. Writes one JSON line per
    seal to ``SEALS_ROOT/YYYY-MM-DD.jsonl`` (local day); copy that folder to another machine, and no one here can
    rewrite what is in it.
    """
    seals: list[Seal] = []
    refused: list[Finding] = []
    for head in ChainHead.objects.order_by("chain"):
        last = Seal.objects.filter(chain=head.chain).order_by("-seq").first()
        if head.seq == 0 or (last is not None and last.seq >= head.seq):
            continue
        finding = verify(only=head.chain, since_seal=True).first
        if finding is not None:
            log.error("audit.broken", chain=finding.chain, seq=finding.seq, row=finding.id, reason=finding.reason)
            refused.append(finding)
            continue
        seal = _seal(head.chain, now)
        if seal is not None:
            seals.append(seal)
    _file_missing(now)
    return Sealed(seals, refused)


@transaction.atomic
def _seal(name: str, now: datetime) -> Seal | None:
    head = ChainHead.objects.select_for_update().get(chain=name)
    if not signing.head_holds(head) or Seal.objects.filter(chain=name, seq=head.seq).exists():
        return None
    seal = Seal(chain=name, seq=head.seq, hash=head.hash, at=now, digest=settings.ANWANG_DIGEST)
    seal.mac = signing.of_seal(seal)
    seal.save(force_insert=True)
    return seal


def _file_missing(now: datetime) -> None:
    """Write to the files whatever seal of the database they lack: a crash or a full disk is made good the next night."""
    folder = Path(settings.SEALS_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    filed = {(seal.chain, seal.seq) for seal in filed_seals(folder)}
    lacking = [seal for seal in Seal.objects.order_by("at", "chain") if (seal.chain, seal.seq) not in filed]
    if not lacking:
        return
    lines = [
        json.dumps(
            {
                "id": seal.id,
                "chain": seal.chain,
                "seq": seal.seq,
                "hash": seal.hash,
                "at": seal.at.isoformat(),
                "digest": seal.digest,
                "mac": seal.mac,
            }
        )
        for seal in lacking
    ]
    with (folder / f"{clock.local_date(now).isoformat()}.jsonl").open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())


def last_sealed_at() -> datetime | None:
    """When a chain was sealed last, for ``anwang check``."""
    return Seal.objects.order_by("-at").values_list("at", flat=True).first()


def unsealed_rows() -> int:
    """Rows that no seal covers yet."""
    total = 0
    for head in ChainHead.objects.all():
        last = Seal.objects.filter(chain=head.chain).order_by("-seq").values_list("seq", flat=True).first() or 0
        total += max(0, head.seq - last)
    return total

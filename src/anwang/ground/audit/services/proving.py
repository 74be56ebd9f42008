"""Proving the chains: the first broken row of each, rows cut off at the end, chains rewritten since a seal."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet, Sum

from anwang.ground.audit import key, signing
from anwang.ground.audit.models import Archive, AuditRow, ChainHead, Proof, Seal
from anwang.ground.audit.services.rows import FORGED, Doer, record
from anwang.ground.base import rights
from anwang.ground.jobs import services as jobs
from anwang.kernel import chain

Reason = Literal["content", "order", "tail", "head", "seal", "archive", "key"]
Progress = Callable[[int], None]
CHUNK = 2000
GIVEN_UP_AFTER = timedelta(hours=6)
"""A proof asked for longer ago than this is not waited for: its worker died, or the key is missing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a chain does not hold. ``id`` is the row's, "" where the row itself is gone.

    content: the row is not what was recorded · order: a row before it was removed, inserted or rewritten ·
    tail: rows were cut off at the end · head: the head was moved without the key · seal: the chain is not the one that
    was sealed · archive: what was archived does not fit · key: the key is not the one the chains were signed with.
    """

    chain: str
    seq: int
    id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class ChainReport:
    chain: str
    rows: int
    first_seq: int
    last_seq: int
    sealed_seq: int
    sealed_at: datetime | None
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class Report:
    chains: list[ChainReport] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        return [each.finding for each in self.chains if each.finding is not None]

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def first(self) -> Finding | None:
        return next(iter(self.findings), None)

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.chains)

    def as_json(self) -> dict[str, Any]:
        return {
            "sound": not self.findings,
            "rows": self.rows,
            "chains": len(self.chains),
            "broken": [asdict(each) for each in self.findings],
        }


def verify(*, progress: Progress | None = None, only: str = "", since_seal: bool = False) -> Report:
    """Read every row of every chain (or of the chain ``only``) and say where each breaks first.

    Safe beside a running house: rows appended meanwhile are read too or left for next time. ``since_seal`` trusts the
    last seal that holds and reads what came after it. ``progress`` hears the number of rows read so far.
    """
    read = _Counter(progress)
    names = [only] if only else _chains()
    keyed = key.exists()
    reports = []
    for name in names:
        report = _verify_chain(name, read, keyed=keyed, since_seal=since_seal)
        if report.finding is not None and report.finding.reason in {"order", "archive", "tail"}:
            # An archive may have been made while this was reading.
            report = _verify_chain(name, _Counter(None), keyed=keyed, since_seal=since_seal)
        reports.append(report)
    return Report(reports)


def verify_file(file: Path) -> Finding | None:
    """The first broken row of an exported or archived chain file (``.jsonl`` or ``.jsonl.gz``), read by itself.

    Its first row is trusted to follow what was before it; the archive's row in the database says what that was.
    """
    with gzip.open(file, "rt", encoding="utf-8") if file.suffix == ".gz" else file.open(encoding="utf-8") as lines:
        previous, seq = "", 0
        for line in lines:
            said = json.loads(line)
            row = AuditRow(**{**said, "at": datetime.fromisoformat(said["at"])})
            broken = _check(row, seq + 1 if seq else row.seq, previous or row.previous, None)
            if broken is not None:
                return Finding(row.chain, row.seq, row.id, broken)
            previous, seq = row.hash, row.seq
    return None


class _Counter:
    def __init__(self, progress: Progress | None) -> None:
        self.rows, self.progress = 0, progress

    def add(self) -> None:
        self.rows += 1
        if self.progress is not None and self.rows % CHUNK == 0:
            self.progress(self.rows)


def _chains() -> list[str]:
    """Every chain that any table or seal file speaks of: deleting its head does not hide a chain."""
    names = set(ChainHead.objects.values_list("chain", flat=True))
    names.update(Seal.objects.values_list("chain", flat=True).distinct())
    names.update(Archive.objects.values_list("chain", flat=True).distinct())
    names.update(seal.chain for seal in filed_seals())
    last = ""
    while found := AuditRow.objects.filter(chain__gt=last).order_by("chain").values_list("chain", flat=True).first():
        names.add(found)
        last = found
    return sorted(names)


def filed_seals(folder: Path | None = None) -> Iterator[Seal]:
    """The seals in the files beside the database; a line that cannot be read is passed over (a disk may fill up)."""
    where = folder or Path(settings.SEALS_ROOT)
    for file in sorted(where.glob("*.jsonl")) if where.is_dir() else []:
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                said = json.loads(line)
                said["at"] = datetime.fromisoformat(said["at"])
                yield Seal(**said)
            except (ValueError, TypeError, KeyError):
                continue


def _verify_chain(name: str, read: _Counter, *, keyed: bool, since_seal: bool) -> ChainReport:
    seals, finding = _seals(name, keyed=keyed)
    last_seal = max(seals.values(), key=lambda seal: seal.seq, default=None)
    first_seq, head_hash, archive_finding = _after_archives(name, keyed=keyed)
    if archive_finding is not None:
        return ChainReport(name, 0, first_seq, first_seq - 1, 0, None, archive_finding)
    if since_seal and finding is None and last_seal is not None and last_seal.seq >= first_seq:
        first_seq, head_hash = last_seal.seq + 1, last_seal.hash

    # The head is read before the rows: what it says was committed with them, so they must be there.
    head = ChainHead.objects.filter(chain=name).first()
    at_seq, count, last_id = first_seq - 1, 0, ""
    rows = AuditRow.objects.filter(chain=name).order_by("seq")
    rows = rows.filter(seq__gte=first_seq) if since_seal else rows
    for row in rows.iterator(chunk_size=CHUNK):
        broken = _check(row, at_seq + 1, head_hash, seals.get(row.seq))
        read.add()
        count += 1
        if broken is not None:
            finding = Finding(name, row.seq, row.id, broken)
            break
        at_seq, head_hash, last_id = row.seq, row.hash, row.id
    else:
        sealed_seq = last_seal.seq if last_seal else 0
        finding = finding or _check_end(name, head, at_seq, head_hash, last_id, sealed_seq, keyed=keyed)
    return ChainReport(
        name,
        count,
        first_seq,
        at_seq,
        last_seal.seq if last_seal else 0,
        last_seal.at if last_seal else None,
        finding,
    )


def _seals(name: str, *, keyed: bool) -> tuple[dict[int, Seal], Finding | None]:
    """The chain's seals by seq, those in the files before those in the database, and the first that does not hold."""
    seals = {seal.seq: seal for seal in filed_seals() if seal.chain == name}
    finding: Finding | None = None
    for seal in Seal.objects.filter(chain=name).order_by("seq"):
        filed = seals.setdefault(seal.seq, seal)
        if finding is None and (filed.hash, filed.mac) != (seal.hash, seal.mac):
            finding = Finding(name, seal.seq, "", "seal")
    if keyed and finding is None:
        bad = [seq for seq in sorted(seals) if not signing.seal_holds(seals[seq])]
        if bad:
            finding = Finding(name, bad[0], "", "key" if len(bad) == len(seals) else "seal")
    return seals, finding


def _check(row: AuditRow, seq: int, previous: str, seal: Seal | None) -> Reason | None:
    if row.seq != seq or row.previous != previous:
        return "order"
    if row.digest not in {"sha256", "sm3"}:
        return "content"
    digest: chain.Digest = "sm3" if row.digest == "sm3" else "sha256"
    if chain.verify([(row.id, row.previous, row.payload(), row.hash)], digest=digest, start=previous) is not None:
        return "content"
    if seal is not None and seal.hash != row.hash:
        return "seal"
    return "head" if row.event == FORGED else None


def _check_end(
    name: str, head: ChainHead | None, seq: int, row_hash: str, row_id: str, sealed_seq: int, *, keyed: bool
) -> Finding | None:
    if head is not None and head.seq < seq:
        # Rows beyond the head: appended since it was read, or the head was put back.
        head = ChainHead.objects.filter(chain=name).first()
        if head is not None and head.seq > seq:
            later = AuditRow.objects.filter(chain=name, seq__gt=seq, seq__lte=head.seq).count()
            return None if later == head.seq - seq else Finding(name, seq, row_id, "tail")
    if head is None or sealed_seq > seq or head.seq > seq:
        return Finding(name, seq, row_id, "tail")
    if not keyed:
        return Finding(name, seq, row_id, "key")
    if head.seq < seq or head.hash != row_hash or not signing.head_holds(head):
        return Finding(name, seq, row_id, "head")
    return None


def _after_archives(name: str, *, keyed: bool) -> tuple[int, str, Finding | None]:
    """The seq the chain goes on with after what was archived, and the hash before it."""
    seq, last_hash = 1, chain.GENESIS
    for archive in Archive.objects.filter(chain=name).order_by("first_seq"):
        if archive.first_seq != seq or (keyed and not signing.archive_holds(archive)):
            return seq, last_hash, Finding(name, archive.first_seq, "", "archive")
        seq, last_hash = archive.last_seq + 1, archive.last_hash
    return seq, last_hash, None


# --- asked for on the screen ------------------------------------------------------------------------------------------


@transaction.atomic
def ask_proof(*, by: Doer, now: datetime) -> Proof:
    """An auditor wants the chains proved; a job does it. One that is under way already is given instead of a second."""
    rights.require(by, "audit.read")
    under_way = Proof.objects.filter(
        state__in=[Proof.State.WAITING, Proof.State.RUNNING], asked_at__gte=now - GIVEN_UP_AFTER
    )
    running = under_way.order_by("-asked_at").first()
    if running is not None:
        return running
    proof = Proof.objects.create(asked_by_id=str(by.pk), asked_by_name=by.name, asked_at=now)
    record("audit.proof_asked", on=proof, by=by, at=now)
    jobs.later("audit.prove", now=now, proof_id=proof.pk)
    return proof


def run_proof(*, proof_id: str, now: datetime) -> None:
    """Prove, and write the result down as it goes. Called by the job; outside a transaction, so that people see it."""
    mine = Proof.objects.filter(pk=proof_id)
    total = ChainHead.objects.aggregate(n=Sum("seq"))["n"] or 0
    mine.update(state=Proof.State.RUNNING, rows=total, read=0)
    report = verify(progress=lambda read: _note(mine, read))
    with transaction.atomic():
        mine.update(
            state=Proof.State.BROKEN if report.findings else Proof.State.SOUND,
            rows=report.rows,
            read=report.rows,
            findings=[asdict(each) for each in report.findings],
            done_at=now,
        )
        record(
            "audit.proved",
            on=mine.get(),
            by=None,
            at=now,
            data={"rows": report.rows, "sound": not report.findings, "broken": len(report.findings)},
        )


def _note(mine: QuerySet[Proof], read: int) -> None:
    mine.update(read=read)

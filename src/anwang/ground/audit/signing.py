"""What is signed with the key, and how: heads of chains, seals, archives."""

from datetime import UTC, datetime

from anwang.ground.audit import key
from anwang.ground.audit.models import Archive, ChainHead, Seal
from anwang.kernel import chain
from anwang.kernel.chain import Digest

_NO_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
"""A head is signed with each row and carries no moment of its own."""


def of_head(head: ChainHead) -> str:
    return chain.seal(key.load(), head=head.hash, count=head.seq, at=_NO_MOMENT)


def head_holds(head: ChainHead) -> bool:
    return chain.check_seal(key.load(), head.mac, head=head.hash, count=head.seq, at=_NO_MOMENT)


def of_seal(seal: Seal) -> str:
    return chain.seal(key.load(), head=seal.hash, count=seal.seq, at=seal.at, digest=_digest(seal.digest))


def seal_holds(seal: Seal) -> bool:
    if seal.digest not in {"sha256", "sm3"}:
        return False
    return chain.check_seal(
        key.load(), seal.mac, head=seal.hash, count=seal.seq, at=seal.at, digest=_digest(seal.digest)
    )


def of_archive(archive: Archive) -> str:
    return chain.seal(key.load(), head=_said(archive), count=archive.last_seq, at=archive.at)


def archive_holds(archive: Archive) -> bool:
    return chain.check_seal(key.load(), archive.mac, head=_said(archive), count=archive.last_seq, at=archive.at)


def _said(archive: Archive) -> str:
    return chain.link(
        chain.GENESIS,
        {
            "chain": archive.chain,
            "rows": [archive.first_seq, archive.last_seq, archive.last_hash],
            "file": [archive.file, archive.file_hash],
        },
    )


def _digest(word: str) -> Digest:
    return "sm3" if word == "sm3" else "sha256"

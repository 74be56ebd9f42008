"""Appending. ``record`` is step six of every service, inside its transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

import structlog
from django.conf import settings
from django.db import transaction

from anwang.ground.audit import signing
from anwang.ground.audit.models import AuditRow, ChainHead
from anwang.ground.base.models import new_id
from anwang.kernel import chain

log = structlog.get_logger(__name__)

SYSTEM = "system"
FORGED = "audit.head_forged"
"""Recorded by the chain itself when it finds that somebody moved its head without the key."""


class Doer(Protocol):
    """Anyone a row can name: a person, a signed link, the machine's own account."""

    @property
    def pk(self) -> Any: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Entry:
    """One row to be, for :func:`record_many`."""

    event: str
    on: Any = None
    data: Mapping[str, Any] = field(default_factory=dict)


def record(
    event: str, *, by: Doer | None, at: datetime, on: Any = None, data: Mapping[str, Any] | None = None
) -> AuditRow:
    """Append one row to its chain. ``by`` is None when the machine acted by itself.

    ``on`` is any model instance: its ``kind``, key, words and place are copied, not linked.
    ``data`` is a flat payload of JSON values (moments, days, decimals and enums are written as text); personal data
    does not belong in it. Raises TypeError for what a record cannot hold.
    """
    return record_many([Entry(event, on, data or {})], by=by, at=at)[0]


_gathered: ContextVar[dict[str, tuple[ChainHead, list[AuditRow]]] | None] = ContextVar("gathered", default=None)


@contextmanager
def gathered() -> Iterator[None]:
    """Until the end, rows are chained as they come and written together: for what makes thousands in one transaction.

    The rows are the same as without it. What may fail inside and be forgiven stands in a ``gathered`` of its own,
    as it stands in a savepoint of its own: its rows go with it. Raises RuntimeError outside a transaction; after an
    error nothing is written.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("rows are gathered inside the transaction they belong to")
    outer = _gathered.get()
    if outer is not None:
        marks = {name: (head.seq, head.hash, head.mac, len(rows)) for name, (head, rows) in outer.items()}
        try:
            yield
        except BaseException:
            _back_to(outer, marks)
            raise
        return
    chains: dict[str, tuple[ChainHead, list[AuditRow]]] = {}
    token = _gathered.set(chains)
    try:
        yield
    finally:
        _gathered.reset(token)
    for head, rows in chains.values():
        _write(head, rows)


def _back_to(
    chains: dict[str, tuple[ChainHead, list[AuditRow]]], marks: Mapping[str, tuple[int, str, str, int]]
) -> None:
    for name in chains.keys() - marks.keys():
        del chains[name]
    for name, (seq, hash_, mac, n) in marks.items():
        head, rows = chains[name]
        head.seq, head.hash, head.mac = seq, hash_, mac
        del rows[n:]


def record_many(entries: Sequence[Entry], *, by: Doer | None, at: datetime) -> list[AuditRow]:
    """Append many rows in their order, taking each chain's lock once (imports write thousands).

    Rows come back grouped by chain.
    """
    rows: list[AuditRow] = []
    by_chain: dict[str, list[Entry]] = {}
    for entry in entries:
        by_chain.setdefault(_chain_of(entry.on), []).append(entry)
    # A service is a transaction already; a savepoint for every record would be a third of its statements.
    whole = nullcontext() if transaction.get_connection().in_atomic_block else transaction.atomic()
    with whole:
        for name in sorted(by_chain):
            rows.extend(_append(name, by_chain[name], by=by, at=at))
    return rows


def _append(name: str, entries: Iterable[Entry], *, by: Doer | None, at: datetime) -> list[AuditRow]:
    together = _gathered.get()
    head, waiting = (together or {}).get(name) or (_locked_head(name), [])
    rows: list[AuditRow] = []
    if not signing.head_holds(head):
        # Work goes on, but the forged head is not silently signed anew: the chain itself says what it met.
        log.error("audit.head_forged", chain=name, seq=head.seq)
        rows.append(_row(head, Entry(FORGED, data={"seq": head.seq, "hash": head.hash}), by=None, at=at))
    rows.extend(_row(head, entry, by=by, at=at) for entry in entries)
    if together is None:
        _write(head, rows)
    else:
        head.mac = signing.of_head(head)
        together[name] = (head, waiting)
        waiting.extend(rows)
    return rows


def _write(head: ChainHead, rows: Sequence[AuditRow]) -> None:
    AuditRow.objects.bulk_create(rows, batch_size=500)
    head.mac = signing.of_head(head)
    head.save(update_fields=["seq", "hash", "mac"])


def _locked_head(name: str) -> ChainHead:
    head = ChainHead.objects.select_for_update().filter(chain=name).first()
    if head is not None:
        return head
    fresh = ChainHead(chain=name, hash=chain.GENESIS)
    ChainHead.objects.get_or_create(chain=name, defaults={"hash": fresh.hash, "mac": signing.of_head(fresh)})
    return ChainHead.objects.select_for_update().get(chain=name)


def _row(head: ChainHead, entry: Entry, *, by: Doer | None, at: datetime) -> AuditRow:
    """The next row of the chain; moves ``head`` on."""
    on = entry.on
    head.seq += 1
    row = AuditRow(
        id=new_id(),
        chain=head.chain,
        seq=head.seq,
        event=entry.event,
        at=at,
        by_id=str(by.pk) if by is not None else "",
        by_name=_text(by.name, 80) if by is not None else "",
        on_kind=getattr(on, "kind", "") or "",
        on_id=str(on.pk) if on is not None else "",
        on_name=_text(on, 200) if on is not None else "",
        province_code=getattr(on, "province_code", "") or "",
        city_code=getattr(on, "city_code", "") or "",
        county_code=getattr(on, "county_code", "") or "",
        data=_storable(chain.plain(entry.data)),
        digest=settings.ANWANG_DIGEST,
        previous=head.hash,
    )
    digest = cast("chain.Digest", settings.ANWANG_DIGEST)
    row.hash = head.hash = chain.link(row.previous, row.payload(), digest=digest)
    return row


def _text(value: Any, length: int) -> str:
    return str(value).replace("\x00", "")[:length]


def _storable(value: Any) -> Any:
    """Without NUL, which PostgreSQL cannot keep in text: a hostile note must not stop the record of it."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {key.replace("\x00", ""): _storable(item) for key, item in value.items()}
    return value


def _chain_of(on: Any) -> str:
    for column in ("county_code", "city_code", "province_code"):
        code = getattr(on, column, "")
        if code:
            return str(code)
    return SYSTEM

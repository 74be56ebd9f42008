"""What mines send, taken in: files and scans → readings → engine → episodes, in one transaction with the position.

The order is: lock the mines' rows → take up what memory holds of them → read → work → write episodes, counts and
snapshots → tell the rooms above → append the readings to the history and flush it → commit. A process killed anywhere on the way
leaves the rows as they were before, and what it was working on comes again: the same file gives the same episodes.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import F, QuerySet
from numpy.typing import ArrayLike, NDArray

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import update_all
from anwang.kernel import clock
from anwang.work.telemetry import dialects, labels, ports, rules, store
from anwang.work.telemetry.dialects.grammar import OK, POINT, POINT_LENGTHS, REASONS, point_reason, stamp_of
from anwang.work.telemetry.engine import AHEAD, EVENT, NEVER, Batch
from anwang.work.telemetry.history import Full
from anwang.work.telemetry.memory import LOCK, Memory, codes_of, forget, memory, millis, moment
from anwang.work.telemetry.models import Feed, Mine, ReceivedFile, RefusedCount, RefusedRecord
from anwang.work.telemetry.ports import Readings
from anwang.work.telemetry.services import definitions, episodes, mines, people, reports

KEPT_PER_FILE = 100
"""Dropped records of one file that are kept word by word; all are counted."""
_OLDEST = 946_684_800_000  # 2000-01-01
_LATEST = 4_102_444_800_000  # 2100-01-01


@dataclass(frozen=True, slots=True)
class UploadedFile:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Scan:
    """Readings of one mine in their order, as parallel lists: point codes, ms since the epoch, values, status bits.

    ``points`` may also be ASCII bytes, the codes joined by commas: a mine sends the same list with every scan, and as one
    piece it is known again at a glance.
    ``key`` names the message where its sender may send it again (at least once): a key is taken once. Without a key a
    reading that is late is looked up, and what the history has word for word is not kept again. ``single``: the readings
    came one by one, and each ends a scan of its own.
    """

    mine: str
    points: Sequence[str] | bytes
    at: ArrayLike
    value: ArrayLike
    status: ArrayLike
    key: str = ""
    name: str = ""
    single: bool = False

    @property
    def size(self) -> int:
        return self.points.count(b",") + 1 if isinstance(self.points, bytes) and self.points else len(self.points)


Item = UploadedFile | Scan


@dataclass(slots=True)
class Receipt:
    """What became of one item: ``taken``, ``duplicate``, ``incomplete`` (send or wait again) or ``refused``."""

    name: str
    state: str = "taken"
    reason: str = ""
    mine: str = ""
    type: str = ""
    records: int = 0
    readings: int = 0
    late: int = 0
    rejected: int = 0
    again: int = 0
    """Readings that had been kept before and were not kept again."""

    @property
    def words(self) -> str:
        return str(labels.REASON.get(self.reason, self.reason))


@dataclass(slots=True)
class _Opened:
    """An item whose outer form holds, on its way through."""

    receipt: Receipt
    mine: str
    mine_name: str
    digest: str
    at: int
    file: dialects.Unread | None = None
    name: str = ""
    content: bytes = b""
    scan: Scan | None = None
    row: Any = None


@dataclass(slots=True)
class _Taken:
    """Readings of one item, ready for the engine."""

    opened: _Opened
    batch: Batch
    fresh: NDArray[np.bool_] | None = None
    """Which of them the history does not have yet; None: all."""

    @property
    def single(self) -> bool:
        return self.opened.scan is not None and self.opened.scan.single


@dataclass(slots=True)
class _Sums:
    readings: int = 0
    late: int = 0
    files: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def receive_file(content: bytes, name: str, *, now: datetime, by: User | None = None) -> Receipt:
    """One file. Never raises for what is wrong with it: the receipt says."""
    return receive([UploadedFile(name, content)], now=now, by=by)[0]


def receive_scan(scan: Scan, *, now: datetime, by: User | None = None) -> Receipt:
    """One scan. Raises Refused("telemetry.scan_uneven") and Refused("telemetry.scan_empty")."""
    return receive([scan], now=now, by=by)[0]


def receive(
    items: Sequence[Item], *, now: datetime, by: User | None = None, history: Readings | None = None
) -> list[Receipt]:
    """Take items in their order, all in one transaction; one receipt each. When it returns all of it is on the disk,
    and whoever sent it can be told so. Raises Refused("telemetry.disk_full"), with nothing of it taken.

    ``by`` is who sends through the API and needs GAS_FEED on the mine; None is the machine's own ways in (landing
    folder, gateway), which know their mines by other means.
    """
    found = [_opened(item) for item in items]
    with LOCK:
        intake = _Intake(memory(), now=now, by=by, history=history)
        try:
            with transaction.atomic():
                intake.take(found)
        except Refused:
            # Said before anything was worked out.
            raise
        except BaseException as error:
            forget()
            if intake.appended is not None:
                store.doubt(intake.appended)
            if isinstance(error, Full):
                raise Refused("telemetry.disk_full") from error
            raise
    return [each.receipt for each in found]


def tick(*, now: datetime) -> int:
    """What time alone brings: mines from which nothing came for three minutes. Returns how many fell silent.

    Of the time in which what came may not be on record yet (a shard or gateway away) nothing is said: `ports.Ways`.
    """
    limit = rules.MINE_SILENT_AFTER
    quiet = Feed.objects.filter(silent_since__isnull=True, received_at__lt=now - limit)
    received = {code: at for code, at in quiet.values_list("mine__code", "received_at") if at is not None}
    if not received:
        return 0
    known = ports.known_until(received)
    gone = [code for code, at in received.items() if (until := known.get(code, now)) is not None and until - at > limit]
    # Looked at once more under the lock: what has come meanwhile counts.
    return _fall_silent(quiet.filter(mine__code__in=gone), now=now) if gone else 0


def offline(*, code: str, now: datetime) -> bool:
    """A mine, or the broker in its name, says that it has gone: it is silent at once, from its last message on."""
    return (
        _fall_silent(
            Feed.objects.filter(mine__code=code, silent_since__isnull=True, received_at__isnull=False),
            now=now,
            at_once=True,
        )
        > 0
    )


def _fall_silent(rows: QuerySet[Feed], *, now: datetime, at_once: bool = False) -> int:
    with LOCK:
        try:
            with transaction.atomic():
                quiet = list(rows.select_for_update(of=("self",)).select_related("mine").order_by("mine_id"))
                if not quiet:
                    return 0
                known = memory()
                for feed in quiet:
                    known.ready(feed.mine, feed)
                at = millis(now)
                if at_once:
                    at = max(at, *(int(known.engine.mines[feed.mine.index]["received"]) + 180_001 for feed in quiet), 0)
                events = known.engine.clock(at, (feed.mine.index for feed in quiet))
                episodes.store(known, [feed.mine for feed in quiet], events, np.zeros(0, EVENT), now=now)
                _keep(known, quiet)
                return len(events)
        except BaseException:
            forget()
            raise


def _opened(item: Item) -> _Opened:
    if isinstance(item, Scan):
        if not item.size:
            raise Refused("telemetry.scan_empty")
        lengths = {
            item.size,
            *(len(np.atleast_1d(np.asarray(each))) for each in (item.at, item.value, item.status)),
        }
        if len(lengths) != 1:
            raise Refused("telemetry.scan_uneven")
        receipt = Receipt(item.name or "scan", mine=item.mine, type="scan")
        digest = hashlib.sha256(f"{item.mine} {item.key}".encode()).hexdigest() if item.key else ""
        return _Opened(receipt, item.mine, item.mine, digest, 0, scan=item, name=item.name or item.key)
    receipt = Receipt(item.name.rpartition("/")[2][:200])
    made = _Opened(receipt, "", "", dialects.digest(item.content), 0, name=receipt.name, content=item.content)
    try:
        name = dialects.name_of(item.name)
        receipt.mine, receipt.type = made.mine, _ = name.mine, name.type
        made.file = dialects.opened(item.name, item.content)
        made.at = made.file.header.at
        made.mine_name = made.file.header.fields[1]
    except dialects.Incomplete:
        receipt.state, receipt.reason = "incomplete", "incomplete"
    except dialects.FileRefused as refused:
        receipt.state, receipt.reason = "refused", refused.reason
    return made


class _Intake:
    """One transaction's worth of receiving."""

    def __init__(self, known: Memory, *, now: datetime, by: User | None, history: Readings | None) -> None:
        self.known, self.now, self.by = known, now, by
        self.received = millis(now)
        self.history = history
        self.mines: dict[str, Mine] = {}
        self.feeds: dict[str, Feed] = {}
        self.sums: dict[str, _Sums] = {}
        self.waiting: list[_Taken] = []
        self.kept: list[_Taken] = []
        self.appended: Batch | None = None
        self.noted: list[_Opened] = []
        self.before: dict[str, ReceivedFile] = {}
        self.records: list[RefusedRecord] = []

    def take(self, items: list[_Opened]) -> None:
        # Once taken or refused, the same content is not looked at again; what is incomplete has no row.
        digests = {each.digest for each in items if each.digest}
        rows = {row.sha256: row for row in ReceivedFile.objects.filter(sha256__in=digests)}
        # What was refused may come again: a county may have been loaded since.
        self.before = {key: row for key, row in rows.items() if row.refused}
        seen = set(rows) - set(self.before)
        live: list[_Opened] = []
        for each in items:
            if each.receipt.state == "incomplete":
                continue
            if each.digest in seen:
                each.receipt.state, each.receipt.reason = "duplicate", ""
                continue
            if each.digest:
                seen.add(each.digest)
            live.append(each)
        self._meet(live)
        for each in live:
            self._note(each)
            if each.receipt.state == "taken":
                self._take_one(each)
        self._work()
        self._write()

    # --- who sends ----------------------------------------------------------------------------------------------------

    def _meet(self, items: Sequence[_Opened]) -> None:
        """Lock the mines that send, in the order of their keys; those nobody has heard of are made, and come last."""
        sending = {each.mine: each for each in reversed(items) if each.receipt.state == "taken"}
        self._lock(sending)
        strangers = [each for code, each in sending.items() if code not in self.mines]
        for each in reversed(strangers):
            # Where there is no such county it stays unknown.
            with suppress(Refused):
                mines.meet(code=each.mine, name=each.mine_name, now=self.now)
        if strangers:
            self._lock(each.mine for each in strangers)
        if self.by is not None:
            for mine in self.mines.values():
                require(self.by, Permission.GAS_FEED, on=mine)
        for each in items:
            if each.receipt.state == "taken" and each.mine not in self.mines:
                each.receipt.state, each.receipt.reason = "refused", "mine_unknown"

    def _lock(self, codes: Iterable[str]) -> None:
        # The snapshot is large and of use only where another process has worked for the mine meanwhile.
        rows = Feed.objects.filter(mine__code__in=list(codes)).select_related("mine").defer("snapshot")
        for feed in rows.select_for_update(of=("self",)).order_by("mine_id"):
            mine = feed.mine
            self.mines[mine.code] = mine
            self.feeds[mine.code] = feed
            self.sums[mine.code] = _Sums()
            self.known.ready(mine, feed)

    def _note(self, each: _Opened) -> None:
        if not each.digest:
            return
        receipt = each.receipt
        each.row = row = self.before.get(each.digest) or ReceivedFile(sha256=each.digest)
        row.name, row.type, row.refused = each.name[:200], receipt.type[:10], receipt.reason
        row.mine, row.mine_code = self.mines.get(each.mine), each.mine
        row.file_at = moment(each.at) if each.at else None
        row.received_at, row.by = self.now, self.by
        self.noted.append(each)
        if each.mine in self.sums:
            self.sums[each.mine].files += 1

    # --- what is in it ------------------------------------------------------------------------------------------------

    def _take_one(self, each: _Opened) -> None:
        mine = self.mines[each.mine]
        if each.scan is not None:
            self._take_scan(each, each.scan, mine)
            return
        assert each.file is not None
        if each.receipt.type == "CDSS":
            columns = dialects.read_realtime(
                each.file,
                table=self.known.table,
                number=lambda codes: self.known.strangers(mine, codes, self.now),
            )
            definitions.name_strangers(self.known, columns.strangers)
            each.receipt.records = columns.records
            self._reject(each, ((bad.line, bad.reason, bad.text) for bad in columns.rejected))
            self._queue(each, columns.point, columns.at, columns.value, columns.status)
            return
        parsed = dialects.read(each.name, each.content)
        each.receipt.records = len(parsed.rows) + len(parsed.rejected)
        kind = each.receipt.type
        self._reject(each, ((bad.line, bad.reason, people.without_names(kind, bad.text)) for bad in parsed.rejected))
        match kind:
            case "CDDY":
                # What came before belongs to the limits before.
                self._work()
                definitions.define(self.known, mine, parsed, now=self.now)
            case "FZDY" | "FZSS":
                definitions.substations(mine, parsed)
            case "YCBJ":
                self._work()
                reports.keep(self.known, mine, parsed.rows, now=self.now)
            case "TJSJ":
                reports.keep_statistics(self.known, mine, self._timely(each, parsed), now=self.now)
            case _:
                assert kind in people.FILES
                rows = self._timely(each, parsed)
                if rows or not parsed.rows:
                    people.keep(mine, replace(parsed, rows=rows), now=self.now)

    def _timely(self, each: _Opened, parsed: dialects.Parsed) -> list[dict[str, Any]]:
        """Records whose time has come: what is dated ahead would keep everything out that comes after it."""
        latest = self.received + AHEAD
        timely = [row for row in parsed.rows if max(each.at, row.get("at", 0)) <= latest]
        if len(timely) < len(parsed.rows):
            ahead = (row for row in parsed.rows if max(each.at, row.get("at", 0)) > latest)
            self._reject(each, ((None, "ahead", f"{next(iter(row.values()))} {stamp_of(each.at)}") for row in ahead))
        return timely

    def _take_scan(self, each: _Opened, scan: Scan, mine: Mine) -> None:
        at = np.atleast_1d(np.asarray(scan.at, np.int64))
        value = np.atleast_1d(np.asarray(scan.value, np.float64))
        status = np.atleast_1d(np.asarray(scan.status, np.int64))
        point, ours = self.known.numbers(mine, scan.points)
        fine = np.isfinite(value) & (status >= 0) & (status <= 0xFFFF) & (at >= _OLDEST) & (at < _LATEST)
        bad: list[tuple[int | None, str, str]] = []
        unknown: dict[str, list[int]] = {}
        wrong_rows = np.flatnonzero(~(ours & fine)).tolist()
        codes = codes_of(scan.points) if wrong_rows else ()
        for n in wrong_rows:
            code = codes[n]
            if not ours[n]:
                reason = point_reason(code, mine.code) if len(code) in POINT_LENGTHS else POINT
                if reason != OK:
                    fine[n] = False
                    bad.append((n + 1, REASONS[reason], code))
                    continue
                unknown.setdefault(code, []).append(n)
            if not fine[n]:
                wrong = "value" if not np.isfinite(value[n]) else "status" if _OLDEST <= at[n] < _LATEST else "time"
                bad.append((n + 1, wrong, code))
        if unknown:
            for code, index in zip(unknown, self.known.strangers(mine, list(unknown), self.now), strict=True):
                self.known.table.add(code, index)
                point[unknown[code]] = index
        each.receipt.records = len(at)
        self._reject(each, bad)
        self._queue(each, point[fine], at[fine], value[fine], status[fine].astype(np.uint16))

    def _queue(
        self,
        each: _Opened,
        point: NDArray[np.int32],
        at: NDArray[np.int64],
        value: NDArray[np.float64],
        status: NDArray[np.uint16],
    ) -> None:
        ahead = at > self.received + AHEAD
        if ahead.any():
            rows = np.flatnonzero(ahead).tolist()
            codes = (self.known.points[int(point[n])].code for n in rows)
            self._reject(
                each, ((None, "ahead", f"{code} {stamp_of(int(at[n]))}") for n, code in zip(rows, codes, strict=True))
            )
            fine = ~ahead
            point, at, value, status = point[fine], at[fine], value[fine], status[fine]
        each.receipt.readings = len(point)
        if len(point):
            self.waiting.append(_Taken(each, Batch(point, at, value, status)))

    def _reject(self, each: _Opened, bad: Iterable[tuple[int | None, str, str]]) -> None:
        mine = self.mines[each.mine]
        for line, reason, text in bad:
            each.receipt.rejected += 1
            self.sums[each.mine].refused[reason] += 1
            if each.receipt.rejected <= KEPT_PER_FILE:
                self.records.append(
                    RefusedRecord(
                        mine=mine,
                        file=each.row,
                        line=line,
                        reason=reason,
                        text=text.replace("\0", "")[:300],
                        at=self.now,
                    )
                )

    # --- what it comes to ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        if not self.waiting:
            return
        batch = _joined(each.batch for each in self.waiting)
        ends, at = [], 0
        for each in self.waiting:
            size = len(each.batch)
            ends.append(np.arange(at + 1, at + size + 1) if each.single else np.array([at + size]))
            at += size
        outcome = self.known.engine.feed(
            Batch(batch.point, batch.at, batch.value, batch.status, np.concatenate(ends).astype(np.int64)),
            received=self.received,
        )
        at = 0
        for each in self.waiting:
            size = len(each.batch)
            behind = outcome.late[at : at + size]
            late = int(behind.sum())
            at += size
            if late and each.opened.scan is not None and not each.opened.digest:
                each.fresh = self._not_kept(each.batch, behind)
                again = size - int(each.fresh.sum())
                each.opened.receipt.again = again
                size, late = size - again, late - again
            each.opened.receipt.late = late
            sums = self.sums[each.opened.mine]
            sums.readings += size
            sums.late += late
        self.kept += self.waiting
        self.waiting = []
        # Stored before anything else is read: a report of the mine may speak of an episode of the file before.
        episodes.store(self.known, self.mines.values(), outcome.events, outcome.running, now=self.now)

    def _write(self) -> None:
        for each in self.noted:
            each.row.records, each.row.rejected = each.receipt.records, each.receipt.rejected
            if each.row.pk is not None:
                each.row.save()
        # Before the records that were dropped, which point to them.
        ReceivedFile.objects.bulk_create([each.row for each in self.noted if each.row.pk is None], batch_size=500)
        RefusedRecord.objects.bulk_create(self.records, batch_size=500)
        day = clock.local_date(self.now)
        for code, sums in self.sums.items():
            feed = self.feeds[code]
            feed.readings += sums.readings
            feed.late += sums.late
            feed.files += sums.files
            feed.refused += sums.refused.total()
            for reason, n in sums.refused.items():
                row, _ = RefusedCount.objects.get_or_create(mine=feed.mine, day=day, reason=reason)
                RefusedCount.objects.filter(pk=row.pk).update(n=F("n") + n)
        _keep(self.known, self.feeds.values())
        if self.kept:
            self._remember()

    def _not_kept(self, batch: Batch, late: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which readings of a message without a key are not in the history yet."""
        fresh = np.ones(len(batch), np.bool_)
        if self.history is None:
            rows = np.flatnonzero(late)
            fresh[rows] = ~store.known(_part(batch, rows))
        return fresh

    def _remember(self) -> None:
        """Hand the readings to the history, last of all: what comes after is only the commit."""
        batch = _joined(
            each.batch if each.fresh is None else _part(each.batch, np.flatnonzero(each.fresh)) for each in self.kept
        )
        if self.history is not None:
            self.history.append(batch.point, batch.at, batch.value, batch.status)
            return
        doubtful = store.in_doubt(batch)
        if doubtful.any():
            batch = _part(batch, np.flatnonzero(~doubtful))
        if len(batch):
            store.keep(batch)
            self.appended = batch


def _joined(parts: Iterable[Batch]) -> Batch:
    every = list(parts)
    return Batch(
        np.concatenate([each.point for each in every]),
        np.concatenate([each.at for each in every]),
        np.concatenate([each.value for each in every]),
        np.concatenate([each.status for each in every]),
    )


def _part(batch: Batch, rows: NDArray[np.intp]) -> Batch:
    return Batch(batch.point[rows], batch.at[rows], batch.value[rows], batch.status[rows])


def _keep(known: Memory, feeds: Collection[Feed]) -> None:
    """The mines' rows as they stand now, with their snapshots."""
    for feed in feeds:
        mine = feed.mine
        state = known.engine.mines[mine.index]
        feed.version += 1
        feed.snapshot = known.engine.dump(mine.index, feed.version)
        feed.newest_at = None if state["newest"] == NEVER else moment(int(state["newest"]))
        feed.received_at = None if state["received"] == NEVER else moment(int(state["received"]))
        feed.silent_since = None if state["silent"] == NEVER else moment(int(state["silent"]))
        feed.interval_ms = known.engine.interval(mine.index)
    names = (each.name for each in Feed._meta.concrete_fields if not each.primary_key)  # noqa: SLF001
    update_all(feeds, *names)
    for feed in feeds:
        known.holds(feed.mine, feed.version)

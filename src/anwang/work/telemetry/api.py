"""The gas watch through the API: files and scans in by token; mines, last values and episodes out."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import File, Query, Router, Schema
from ninja.files import UploadedFile as SentFile
from pydantic import Field

from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require, who
from anwang.ground.base import keyset
from anwang.ground.base.errors import Refused
from anwang.work.telemetry import labels, rules, selectors, services
from anwang.work.telemetry.models import Episode
from anwang.work.telemetry.services.landing import MOST

router = Router(tags=["telemetry"])

Code = Annotated[str, Field(max_length=32, pattern=r"^[0-9A-Za-z]*$")]
MineCode = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
_READINGS = 100_000


class ReceiptOut(Schema):
    name: str
    state: str
    reason: str
    mine: str
    type: str
    records: int
    readings: int
    late: int
    rejected: int


class ScanIn(Schema):
    """Parallel lists, in the order of arrival. ``at``: milliseconds since 1970 UTC. ``key`` makes a repetition harmless."""

    mine: MineCode
    point: Annotated[list[Code], Field(min_length=1, max_length=_READINGS)]
    at: Annotated[list[Annotated[int, Field(ge=-(2**62), le=2**62)]], Field(max_length=_READINGS)]
    value: Annotated[list[float], Field(max_length=_READINGS)]
    status: Annotated[list[Annotated[int, Field(ge=-(2**31), le=2**31)]], Field(max_length=_READINGS)]
    key: Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")] = ""


class MineOut(Schema):
    code: str
    name: str
    site_id: str | None
    simulated: bool
    newest_at: datetime | None
    received_at: datetime | None
    silent_since: datetime | None
    interval_ms: int
    readings: int
    late: int
    refused: int


class ValueOut(Schema):
    point: str
    type: str
    unit: str
    location: str
    at: datetime | None
    value: float | None
    words: str
    status: int
    open: list[str]


class EpisodeOut(Schema):
    id: str
    mine: str
    point: str | None
    location: str
    kind: str
    words: str
    start: datetime
    end: datetime | None
    n: int
    max: float | None
    max_at: datetime | None
    min: float | None
    min_at: datetime | None
    avg: float | None
    limit: float | None
    clear: float | None


class EpisodePage(Schema):
    items: list[EpisodeOut]
    next: str


class RefusedOut(Schema):
    file: str
    line: int | None
    reason: str
    words: str
    text: str
    at: datetime


@router.post("/files", response=ReceiptOut, summary="Send an upload file of a mine")
def send_file(request: HttpRequest, file: File[SentFile]) -> Any:
    """The file's name says what it is. 422 with the reason where it is not taken; the same content twice is harmless."""
    by = who(request)
    require(by, Permission.GAS_FEED)
    if (file.size or 0) > MOST:
        raise Refused("telemetry.too_large", most=MOST // 2**20)
    receipt = services.receive_file(file.read(), file.name or "", now=timezone.now(), by=by)
    if receipt.state == "incomplete":
        raise Refused("telemetry.file_incomplete")
    if receipt.state == "refused":
        raise Refused("telemetry.file_refused", reason=receipt.words)
    return receipt


@router.post("/scan", response=ReceiptOut, summary="Send a scan of a mine")
def send_scan(request: HttpRequest, data: ScanIn) -> Any:
    by = who(request)
    require(by, Permission.GAS_FEED)
    scan = services.Scan(data.mine, data.point, data.at, data.value, data.status, key=data.key, name="scan")
    receipt = services.receive_scan(scan, now=timezone.now(), by=by)
    if receipt.state == "refused":
        raise Refused("telemetry.mine_unknown", code=data.mine)
    return receipt


@router.get("/mines", response=list[MineOut], summary="Mines and their feeds")
def mines(request: HttpRequest) -> Any:
    require(who(request), Permission.GAS_READ)
    return [
        MineOut(
            code=mine.code,
            name=mine.name,
            site_id=mine.site_id,
            simulated=mine.simulated,
            newest_at=mine.feed.newest_at,
            received_at=mine.feed.received_at,
            silent_since=mine.feed.silent_since,
            interval_ms=mine.feed.interval_ms,
            readings=mine.feed.readings,
            late=mine.feed.late,
            refused=mine.feed.refused,
        )
        for mine in selectors.mines(who(request))
    ]


@router.get("/mines/{code}/values", response=list[ValueOut], summary="Last values of a mine's points")
def values(request: HttpRequest, code: MineCode) -> Any:
    return [
        ValueOut(
            point=each.point.code,
            type=each.point.sensor_type,
            unit=each.point.unit,
            location=each.point.location,
            at=each.at,
            value=each.value,
            words=each.words,
            status=each.status,
            open=list(each.open),
        )
        for each in selectors.last_values(selectors.mine(who(request), code))
    ]


@router.get("/mines/{code}/refused", response=list[RefusedOut], summary="What was dropped of a mine's files, and why")
def refused(request: HttpRequest, code: MineCode) -> Any:
    return [
        RefusedOut(
            file=each.file.name if each.file else "",
            line=each.line,
            reason=each.reason,
            words=str(labels.REASON.get(each.reason, each.reason)),
            text=each.text,
            at=each.at,
        )
        for each in selectors.refused(selectors.mine(who(request), code))
    ]


@router.get("/episodes", response=EpisodePage, summary="Episodes, newest first")
def episodes(
    request: HttpRequest,
    mine: Annotated[str, Query(max_length=12, pattern=r"^[0-9]*$")] = "",
    kind: Annotated[rules.Kind | None, Query()] = None,
    only_open: Annotated[bool, Query()] = False,
    after: Annotated[str, Query(max_length=400, pattern=r"^[^\x00]*$")] = "",
) -> Any:
    by = who(request)
    require(by, Permission.GAS_READ)
    rows = selectors.episodes(by)
    if mine:
        rows = rows.filter(mine__code=mine)
    if kind:
        rows = rows.filter(what=kind)
    if only_open:
        rows = rows.filter(end__isnull=True)
    found = keyset.page(rows, order=("-start", "-id"), after=after)
    return EpisodePage(items=[_episode(each) for each in found.items], next=found.next)


def _episode(row: Episode) -> EpisodeOut:
    return EpisodeOut(
        id=row.pk,
        mine=row.mine.code,
        point=row.point.code if row.point else None,
        location=row.point.location if row.point else "",
        kind=row.what,
        words=str(labels.KIND[row.what]),
        start=row.start,
        end=row.end,
        n=row.n,
        max=row.max,
        max_at=row.max_at,
        min=row.min,
        min_at=row.min_at,
        avg=row.avg,
        limit=row.limit,
        clear=row.clear,
    )

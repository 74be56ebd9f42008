"""The gas watch through the API: files and scans in by token; mines, last values, episodes, people underground and the
mines' own statistics out. Names of people are masked here, always.
"""

from datetime import datetime, timedelta
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
from anwang.kernel import clock
from anwang.work.telemetry import labels, rules, selectors, services, stated, underground
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


class AreaOut(Schema):
    """``allowed`` null: no number is set. ``name`` "": people whose area the mine does not say."""

    name: str
    type: str
    people: int
    allowed: int | None
    over: bool


class UndergroundOut(Schema):
    """The newest snapshot of the positioning system. ``old``: it no longer says who is underground now."""

    at: datetime
    received_at: datetime
    old: bool
    people: int
    leaders: int
    special: int
    unread: int
    leaderless: bool
    overtime: int
    distress: int
    areas: list[AreaOut]


class PersonOut(Schema):
    """``name`` is masked. ``minutes``: underground at the snapshot's time."""

    name: str
    team: str
    job: str
    area: str
    since: datetime | None
    minutes: int | None
    overtime: bool
    distress: bool
    leader: bool
    special: bool


class PersonPage(Schema):
    at: datetime | None
    items: list[PersonOut]
    next: str


class OwnOut(Schema):
    """Our own of the same time, of valid readings alone."""

    n: int
    max: float | None
    max_at: datetime | None
    min: float | None
    min_at: datetime | None
    avg: float | None


class StatisticOut(Schema):
    """What the mine states (TJSJ), ours beside it, and whether the one follows from the other."""

    start: datetime
    end: datetime | None
    max: float | None
    max_at: datetime | None
    min: float | None
    min_at: datetime | None
    avg: float | None
    sent_at: datetime
    ours: OwnOut
    verdict: rules.Verdict
    words: str
    differences: list[rules.Difference]


class StatisticPage(Schema):
    items: list[StatisticOut]
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


@router.get("/mines/{code}/underground", response=UndergroundOut, summary="How many are underground, by area")
def people_by_area(request: HttpRequest, code: MineCode) -> Any:
    """404 with ``telemetry.no_snapshot`` where the mine has sent no snapshot of its positioning system."""
    found = underground.now_of(selectors.mine(who(request), code))
    if found is None:
        raise Refused("telemetry.no_snapshot")
    muster = found.muster
    return UndergroundOut(
        at=muster.at,
        received_at=muster.received_at,
        old=timezone.now() - muster.at > underground.stale_after(),
        people=muster.n,
        leaders=muster.leaders,
        special=muster.special,
        unread=muster.unread,
        leaderless=found.leaderless,
        overtime=found.overtime,
        distress=found.distress,
        areas=[
            AreaOut(
                name=each.name, type=each.area_type, people=each.inside, allowed=each.allowed or None, over=each.over
            )
            for each in found.areas
        ],
    )


@router.get("/mines/{code}/underground/people", response=PersonPage, summary="Who is underground, names masked")
def people(
    request: HttpRequest,
    code: MineCode,
    after: Annotated[str, Query(max_length=400, pattern=r"^[^\x00]*$")] = "",
) -> Any:
    """Of the newest snapshot; ``at`` is its time. When it changes between two pages, begin again. No card is given."""
    mine = selectors.mine(who(request), code)
    found = keyset.page(underground.people(mine), order=("id",), after=after)
    muster = underground.musters([mine]).get(mine.pk)
    items = [
        PersonOut(
            name=each.name,
            team=each.team,
            job=each.job,
            area=each.area,
            since=each.since,
            minutes=None if each.stayed is None else int(each.stayed.total_seconds() // 60),
            overtime=each.overtime,
            distress=each.distress,
            leader=each.leader,
            special=each.special,
        )
        for each in underground.lines(mine, found.items)
    ]
    return PersonPage(at=muster.at if muster else None, items=items, next=found.next)


@router.get(
    "/points/{point}/statistics", response=StatisticPage, summary="A mine's own statistics of a point, and ours"
)
def statistics(
    request: HttpRequest,
    point: Code,
    since: Annotated[datetime | None, Query()] = None,
    until: Annotated[datetime | None, Query()] = None,
    after: Annotated[str, Query(max_length=400, pattern=r"^[^\x00]*$")] = "",
) -> Any:
    """Statistics that begin from ``since`` until before ``until``, in their order; without them those of the last day.

    A moment without a zone is the mines' time (Asia/Shanghai).
    """
    found = selectors.point_of_code(who(request), point)
    until = _zoned(until) or timezone.now()
    since = _zoned(since) or until - timedelta(days=1)
    page = keyset.page(stated.rows(found, since, until), order=("start", "id"), after=after)
    return StatisticPage(items=[_statistic(each) for each in stated.beside(found, page.items)], next=page.next)


def _zoned(at: datetime | None) -> datetime | None:
    if at is not None and not 2000 <= at.year < 2200:
        raise Refused("telemetry.period_wrong")
    return at.replace(tzinfo=clock.ZONE) if at is not None and at.tzinfo is None else at


def _statistic(line: stated.Line) -> StatisticOut:
    row = line.row
    return StatisticOut(
        start=row.start,
        end=row.end,
        max=row.max,
        max_at=row.max_at,
        min=row.min,
        min_at=row.min_at,
        avg=row.avg,
        sent_at=row.sent_at,
        ours=OwnOut(n=line.n, max=line.high, max_at=line.high_at, min=line.low, min_at=line.low_at, avg=line.mean),
        verdict=line.verdict,
        words="、".join(str(labels.DIFFERENCES[each]) for each in line.differences)
        or str(labels.VERDICTS[line.verdict]),
        differences=list(line.differences),
    )


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

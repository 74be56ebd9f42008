"""What comes back: mines and their feeds, last values, episodes, what was refused, what does not agree."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils.translation import get_language

from anwang.ground.accounts.permissions import Permission
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.work.telemetry import areas, places, ports, rules, sensors, store
from anwang.work.telemetry.memory import moment
from anwang.work.telemetry.models import (
    Definition,
    Episode,
    Feed,
    Finding,
    Mine,
    ReceivedFile,
    RefusedCount,
    RefusedRecord,
    Reported,
    SensorPoint,
)

GAPS_OVER = timedelta(days=30)
"""The time over which it is said how often a mine was silent."""
CROSSED = (rules.Kind.CUT, rules.Kind.FEED, rules.Kind.OVER, rules.Kind.CUT_LOW, rules.Kind.UNDER)
"""Kinds in which a limit is crossed or the power is wrong, the gravest first."""
QUIET = (
    rules.Kind.RANGE,
    rules.Kind.DISCONNECTED,
    rules.Kind.SILENT,
    rules.Kind.MISMATCH,
    rules.Kind.RISE,
    rules.Kind.STUCK,
    rules.Kind.CALIBRATION,
)
"""Kinds that say something of the sensor, not of the air."""
_ORDER = {kind.value: n for n, kind in enumerate((*CROSSED, *QUIET))}
_FIRST = ("silent", "quiet")
"""States of a feed that stand first in a list."""


@dataclass(frozen=True, slots=True)
class Value:
    """A point with its last reading; ``at`` None where it never had one."""

    point: SensorPoint
    at: datetime | None
    value: float | None
    status: int
    open: tuple[str, ...]
    """Kinds of its open episodes."""

    @property
    def words(self) -> str:
        """A switch's state, or the number."""
        return said(self.point.sensor_type, self.value)


def said(sensor_type: str, value: float | None) -> str:
    """A value as people say it: a switch's state in their language, or the number."""
    if value is None:
        return ""
    kind = sensors.types().get(sensor_type)
    if kind is not None and kind.states is not None and value in {0.0, 1.0}:
        return kind.states[int(value)][_tongue()]
    return f"{value:g}"


def type_words(point: SensorPoint) -> str:
    """What a point measures: as the library of types calls it, else as the mine does."""
    kind = sensors.types().get(point.sensor_type)
    if kind is None:
        return point.type_name or point.sensor_type
    return (kind.zh, kind.en)[_tongue()]


def _tongue() -> int:
    return 0 if (get_language() or "zh").startswith("zh") else 1


@dataclass(frozen=True, slots=True)
class Health:
    """How a mine's feed does. ``gaps`` and ``gap_minutes``: how often and how long it was silent in ``GAPS_OVER``."""

    mine: Mine
    points: int
    undefined: int
    silent_points: int
    refused_today: int
    gaps: int = 0
    gap_minutes: int = 0

    @property
    def lag_seconds(self) -> float | None:
        """How far the newest data time lies behind the moment something last came."""
        feed = self.mine.feed
        if feed.newest_at is None or feed.received_at is None:
            return None
        return float(max((feed.received_at - feed.newest_at).total_seconds(), 0.0))


def mines(user: Any) -> QuerySet[Mine]:
    """Mines that ``user`` may see, with their feeds."""
    found: QuerySet[Mine] = Mine.objects.visible_to(user).select_related("feed", "site").order_by("county_code", "name")
    return found


def mine(user: Any, code: str) -> Mine:
    """Raises Mine.DoesNotExist for one that is not there or not hers to see."""
    found: Mine = Mine.objects.visible_to(user).select_related("feed", "site").get(code=code)
    return found


def stale_after(of: Mine) -> timedelta:
    """After this a value is no longer what the point shows now: as the engine judges silence."""
    return timedelta(milliseconds=max(60_000, 3 * of.feed.interval_ms))


def last_values(of: Mine) -> list[Value]:
    """The last reading of every point of a mine, from the table of last values; two queries."""
    points = list(SensorPoint.objects.filter(mine=of).order_by("sensor_type", "code"))
    if not points:
        return []
    kinds: dict[int, list[str]] = {}
    rows = Episode.objects.filter(mine=of, end__isnull=True, point__isnull=False).values_list("point_id", "what")
    for number, what in rows:
        kinds.setdefault(number or 0, []).append(what)
    last = store.reader().last([point.pk for point in points])
    return [
        Value(
            point,
            moment(int(at)) if at else None,
            float(value) if at else None,
            int(status),
            tuple(sorted(kinds.get(point.pk, ()))),
        )
        for point, at, value, status in zip(points, last.at, last.value, last.status, strict=True)
    ]


def episodes(user: Any) -> QuerySet[Episode]:
    found: QuerySet[Episode] = Episode.objects.visible_to(user).select_related("mine", "point")
    return found


def health(user: Any, *, now: datetime) -> list[Health]:
    """Every mine in sight with the state of its feed; silent ones first, then those of which nothing is on record."""
    found = list(
        mines(user).annotate(
            n_points=Count("points", distinct=True),
            n_undefined=Count("points", filter=Q(points__definition__isnull=True), distinct=True),
        )
    )
    silent = _counted(
        Episode.objects.filter(mine__in=found, what=rules.Kind.SILENT, end__isnull=True).values_list(
            "mine_id", flat=True
        )
    )
    day = clock.local_date(now)
    refused = dict(
        RefusedCount.objects.filter(mine__in=found, day=day).values_list("mine_id").annotate(n=Sum("n")).order_by()
    )
    gaps: dict[str, int] = {}
    minutes: dict[str, float] = {}
    since = now - GAPS_OVER
    spans = Episode.objects.filter(mine__in=found, what=rules.Kind.MINE_SILENT).filter(
        Q(end__isnull=True) | Q(end__gt=since)
    )
    for pk, start, end in spans.values_list("mine_id", "start", "end"):
        gaps[pk] = gaps.get(pk, 0) + 1
        minutes[pk] = minutes.get(pk, 0.0) + ((end or now) - max(start, since)).total_seconds() / 60
    rows = [
        Health(
            each,
            points=each.n_points,
            undefined=each.n_undefined,
            silent_points=silent.get(each.pk, 0),
            refused_today=refused.get(each.pk, 0),
            gaps=gaps.get(each.pk, 0),
            gap_minutes=round(minutes.get(each.pk, 0.0)),
        )
        for each in found
    ]
    return sorted(
        rows,
        key=lambda row: (
            _FIRST.index(state) if (state := feed_state(row.mine.feed, now)) in _FIRST else len(_FIRST),
            row.mine.county_code,
            row.mine.name,
        ),
    )


def _counted(keys: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for key in keys:
        found[key] = found.get(key, 0) + 1
    return found


def refused(of: Mine, *, most: int = 200) -> list[RefusedRecord]:
    return list(RefusedRecord.objects.filter(mine=of).select_related("file").order_by("-at", "-id")[:most])


def refused_counts(of: Mine, *, since: datetime) -> list[tuple[str, int]]:
    """(reason, how many) since a day, most first."""
    rows = RefusedCount.objects.filter(mine=of, day__gte=since.date()).values_list("reason")
    return sorted(rows.annotate(n=Sum("n")).order_by(), key=lambda row: (-row[1], row[0]))


def matched(user: Any) -> QuerySet[Reported]:
    """Reports of mines in sight that speak of an episode of ours."""
    return _reported(user).filter(episode__isnull=False)


def reported_not_seen(user: Any) -> QuerySet[Reported]:
    return _reported(user).filter(episode__isnull=True)


def seen_not_reported(user: Any, *, now: datetime) -> QuerySet[Episode]:
    """Episodes that a mine has to report and has not, half an hour after we saw them: the county's list."""
    before = now - timedelta(milliseconds=rules.REPORT_WITHIN)
    return episodes(user).filter(what__in=sorted(rules.REPORTABLE), opened_at__lte=before, reports__isnull=True)


def _reported(user: Any) -> QuerySet[Reported]:
    return Reported.objects.filter(mine__in=Mine.objects.visible_to(user)).select_related("mine", "point", "episode")


def findings(user: Any, *, state: str = "open") -> QuerySet[Finding]:
    found: QuerySet[Finding] = Finding.objects.visible_to(user).filter(state=state).select_related("mine", "point")
    return found


@dataclass(frozen=True, slots=True)
class Proposal:
    """A point whose place nobody has confirmed, and the place its words speak of; None where they speak of none."""

    point: SensorPoint
    row: rules.PlaceRow | None


def unconfirmed(of: Mine) -> list[Proposal]:
    """Defined points of types that the standard knows, without a confirmed place."""
    types = sorted({each for row in places.rows() for each in row.sensor_types})
    points = SensorPoint.objects.filter(mine=of, place="", definition__isnull=False, sensor_type__in=types)
    return [
        Proposal(point, rules.recognised(point.location, point.sensor_type, of.gas_class, places.rows()))
        for point in points.order_by("location", "code")
    ]


def may_feed(user: Any, code: str) -> bool:
    """Whether ``user`` may send for this mine code."""
    return bool(Mine.objects.reachable(user, Permission.GAS_FEED).filter(code=code).exists())


def points_by_code(codes: Sequence[str]) -> dict[str, SensorPoint]:
    return {point.code: point for point in SensorPoint.objects.filter(code__in=codes)}


# --- the region's mines ---------------------------------------------------------------------------------------------------


def feed_state(feed: Feed, now: datetime) -> str:
    """Never · silent · quiet · sending. Quiet: nothing on record for three minutes and not said to be silent, because the
    clock has not come round to it or because what it sent may wait in front of our own door.
    """
    if feed.received_at is None:
        return "never"
    if feed.silent_since is not None:
        return "silent"
    return "quiet" if now - feed.received_at > rules.MINE_SILENT_AFTER else "sending"


def _in_state(state: str, now: datetime) -> Q:
    heard = Q(feed__received_at__isnull=False, feed__silent_since__isnull=True)
    old = Q(feed__received_at__lt=now - rules.MINE_SILENT_AFTER)
    return {
        "never": Q(feed__received_at__isnull=True),
        "silent": Q(feed__received_at__isnull=False, feed__silent_since__isnull=False),
        "quiet": heard & old,
        "sending": heard & ~old,
    }[state]


@dataclass(frozen=True, slots=True)
class HeldUp:
    """A way in that is held up, as it is shown: how many mines in sight come by it."""

    way: str
    why: str
    until: datetime | None
    mines: int


def held_up(user: Any, *, now: datetime, mine: Mine | None = None) -> list[HeldUp]:
    """Ways in that are held up and that mines in sight (or one of them) come by, the oldest first."""
    found = []
    if held := ports.held(now=now):
        codes = {mine.code} if mine else set().union(*(each.mines for each in held))
        seen = set(Mine.objects.visible_to(user).filter(code__in=codes).values_list("code", flat=True))
        found = [HeldUp(each.way, each.why, each.until, n) for each in held if (n := len(each.mines & seen))]
    return sorted(found, key=lambda each: (each.until is not None, each.until or now, each.way))


def listed(
    user: Any,
    *,
    now: datetime,
    county: str = "",
    states: Sequence[str] = (),
    kinds: Sequence[str] = (),
    simulated: bool | None = None,
    text: str = "",
) -> QuerySet[Mine]:
    """The mines of a list as it is asked for; ``kinds``: with an open episode of one of them."""
    found = mines(user)
    if county:
        found = found.filter(county_code=county)
    if states:
        wanted = Q()
        for state in states:
            wanted |= _in_state(state, now)
        found = found.filter(wanted)
    if kinds:
        found = found.filter(Exists(Episode.objects.filter(mine=OuterRef("pk"), end__isnull=True, what__in=kinds)))
    if simulated is not None:
        found = found.filter(simulated=simulated)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(code__startswith=text))
    return found


@dataclass(slots=True)
class Tally:
    """Points of a mine and its open episodes by kind."""

    points: int = 0
    open: dict[str, int] = field(default_factory=dict)

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """The gravest first; the mine's own silence is said by its feed."""
        return sorted(((kind, n) for kind, n in self.open.items() if kind in _ORDER), key=lambda each: _ORDER[each[0]])


def tallies(of: Sequence[Mine]) -> dict[str, Tally]:
    """By the mines' keys; two queries however many."""
    found = {each.pk: Tally() for each in of}
    points = SensorPoint.objects.filter(mine__in=found).values_list("mine_id").annotate(n=Count("pk")).order_by()
    for pk, n in points:
        found[pk].points = n
    rows = Episode.objects.filter(mine__in=found, end__isnull=True).values_list("mine_id", "what")
    for pk, what, n in rows.annotate(n=Count("pk")).order_by():
        found[pk].open[what] = n
    return found


@dataclass(slots=True)
class CountyLine:
    """The mines of one county in sight: how many, how many silent, and open episodes by kind."""

    code: str
    name: str
    mines: int = 0
    silent: int = 0
    open: dict[str, int] = field(default_factory=dict)


def counties(user: Any, *, now: datetime) -> list[CountyLine]:
    """Counties with mines in sight, by code; four queries."""
    seen = Mine.objects.visible_to(user)
    lines = {
        code: CountyLine(code, "", n)
        for code, n in seen.values_list("county_code").annotate(n=Count("pk")).order_by("county_code")
    }
    for code, name in Region.objects.filter(code__in=lines).values_list("code", "name"):
        lines[code].name = name
    silent = seen.filter(_in_state("silent", now)).values_list("county_code").annotate(n=Count("pk")).order_by()
    for code, n in silent:
        lines[code].silent = n
    rows = Episode.objects.visible_to(user).filter(end__isnull=True).values_list("county_code", "what")
    for code, what, n in rows.annotate(n=Count("pk")).order_by():
        if code in lines:
            lines[code].open[what] = n
    return list(lines.values())


def live_changes() -> dict[str, int]:
    """Of every mine how often its row has moved: with everything that comes, and when it falls silent."""
    return dict(Feed.objects.values_list("mine__code", "version"))


def live_topics(user: Any, name: str) -> list[str]:
    """Codes of the mines that ``user`` may be told of; of the one that is named, or of all in sight."""
    found = Mine.objects.visible_to(user)
    return list((found.filter(code=name) if name else found).values_list("code", flat=True))


# --- one mine -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Area:
    """A working or roadway as the mine's own words name it, with its points."""

    name: str
    stage: areas.Stage
    values: list[Value]

    @property
    def kinds(self) -> list[str]:
        """Kinds of what is open here, the gravest first."""
        return sorted({kind for each in self.values for kind in each.open if kind in _ORDER}, key=_ORDER.__getitem__)


def by_area(values: Sequence[Value]) -> list[Area]:
    """Points put together by the working or roadway their words name, in the order of the air."""
    found: dict[str, list[Value]] = {}
    for each in values:
        found.setdefault(areas.name_of(each.point.location) or each.point.substation or each.point.code, []).append(
            each
        )
    made = [
        Area(name, areas.stage_of(name, frozenset(each.point.place for each in inside if each.point.place)), inside)
        for name, inside in found.items()
    ]
    order = {stage.key: n for n, stage in enumerate(areas.stages())}
    return sorted(made, key=lambda area: (order[area.stage.key], area.name))


def gravest_first(kinds: Sequence[str]) -> list[str]:
    return sorted((kind for kind in kinds if kind in _ORDER), key=_ORDER.__getitem__)


def gravity(kinds: Sequence[str]) -> int:
    """By the gravest of them, for sorting: the lower, the graver."""
    return min((_ORDER[kind] for kind in kinds if kind in _ORDER), default=len(_ORDER))


def point(user: Any, point_id: int) -> SensorPoint:
    """Raises SensorPoint.DoesNotExist for one that is not there or not hers to see."""
    found = SensorPoint.objects.filter(mine__in=Mine.objects.visible_to(user))
    return found.select_related("mine", "mine__feed", "definition", "place_by").get(pk=point_id)


def point_of_code(user: Any, code: str) -> SensorPoint:
    """The same by its code in the upload format."""
    found = SensorPoint.objects.filter(mine__in=Mine.objects.visible_to(user))
    return found.select_related("mine", "mine__feed").get(code=code)


def definitions(of: SensorPoint) -> list[Definition]:
    """How a point was defined, the newest first."""
    return list(Definition.objects.filter(point=of).order_by("-at", "-id"))


def episodes_between(of: SensorPoint, start: datetime, end: datetime) -> list[Episode]:
    """Episodes of a point that touch a time, by their start."""
    rows = Episode.objects.filter(point=of, start__lt=end).filter(Q(end__isnull=True) | Q(end__gt=start))
    return list(rows.order_by("start", "id"))


def partners(of: SensorPoint) -> list[SensorPoint]:
    """Cutters and feeds that a point is related to, one way or the other."""
    related = Q(feeds__feed=of) | Q(cutters__cutter=of)
    return list(SensorPoint.objects.filter(related).distinct().order_by("code"))


def reports_of(episode: Episode) -> list[Reported]:
    return list(Reported.objects.filter(episode=episode).order_by("start", "id"))


def files(of: Mine) -> QuerySet[ReceivedFile]:
    found: QuerySet[ReceivedFile] = ReceivedFile.objects.filter(mine=of)
    return found


def decided(of: Mine) -> QuerySet[Finding]:
    rows = Finding.objects.filter(mine=of).exclude(state="open").select_related("point", "decided_by")
    found: QuerySet[Finding] = rows.order_by("-decided_at", "-id")
    return found


def of_methane(rows: QuerySet[Episode]) -> QuerySet[Episode]:
    """Of these episodes those of points that measure methane in the air."""
    return rows.filter(point__sensor_type__in=sensors.methane())


def last_of(of: SensorPoint) -> Value:
    """The last reading of one point."""
    last = store.reader().last([of.pk])
    at = int(last.at[0])
    return Value(of, moment(at) if at else None, float(last.value[0]) if at else None, int(last.status[0]), ())

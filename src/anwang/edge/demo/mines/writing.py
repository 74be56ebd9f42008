"""Upload files of dialect B as a mine writes them: (name, content in UTF-8). Field order as in the sheet of formats, §3.2."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anwang.edge.demo.mines.crew import NOTHING, Crew, Shown
from anwang.edge.demo.mines.mine import REPORTED_AS, Event, Scan, reason
from anwang.edge.demo.mines.plan import MinePlan, Point, library
from anwang.work.telemetry.dialects.grammar import stamp_of

File = tuple[str, bytes]
MA_UNTIL = "2027-12-31"


def definition(plan: MinePlan, at: int) -> File:
    """CDDY: every point with its limits."""
    words, time = library()["words"], stamp_of(at)
    head = (plan.code, plan.name, words["system"], words["system_name"], words["vendor"], MA_UNTIL, time)
    return _file(plan, "CDDY", at, head, ((*_defined(point), time) for point in plan.points))


def _defined(point: Point) -> tuple[str, ...]:
    limits = (
        point.alarm,
        point.clear,
        point.low_alarm,
        point.low_clear,
        point.cut,
        point.restore,
        None,
        None,
    )
    reach = (_number(point.high_range), _number(point.low_range)) if point.analog else ("", "")
    return (
        point.code,
        "01",
        point.station,
        point.type,
        point.value_type,
        point.unit,
        *reach,
        *("" if limit is None else _number(limit) for limit in limits),
        point.on_text,
        point.off_text,
        point.location,
        "",
        "",
        "",
        point.relations,
    )


def realtime(plan: MinePlan, scan: Scan) -> File:
    """CDSS: every point that is sent."""
    time = stamp_of(scan.at)
    rows = (
        (
            point.code,
            point.type_name,
            point.location,
            f"{scan.value[n]:.{point.decimals}f}",
            point.unit,
            str(int(scan.status[n])),
            time,
        )
        for n, point in enumerate(plan.points)
        if scan.sent[n]
    )
    return _file(plan, "CDSS", scan.at, (plan.code, plan.name, time), rows)


def abnormal(plan: MinePlan, at: int, events: Sequence[Event]) -> File:
    """YCBJ: events that began or ended; one that ended is sent again, with its end, cause and measures."""
    person = library()["words"]["entered_by"]
    rows = []
    for event in events:
        over = event.end is not None
        measured = ("",) * 5
        if event.n:
            measured = (
                _number(event.max),
                stamp_of(event.max_at),
                _number(event.min),
                stamp_of(event.min_at),
                _number(round(event.total / event.n, 4)),
            )
        rows.append(
            (
                event.point.code,
                event.point.type_name,
                event.point.location,
                event.point.unit,
                REPORTED_AS[event.kind],
                stamp_of(event.start),
                stamp_of(event.end) if event.end is not None else "",
                *measured,
                *(reason(event) if over else ("", "")),
                stamp_of(at) if over else "",
                person if over else "",
                stamp_of(at),
            )
        )
    return _file(plan, "YCBJ", at, (plan.code, plan.name, stamp_of(at)), rows)


@dataclass(frozen=True, slots=True)
class Summary:
    """What the mine's own system states of a point over a time. Times in ms."""

    point: Point
    start: int
    end: int
    high: float
    high_at: int
    low: float
    low_at: int
    mean: float


def statistics(plan: MinePlan, at: int, found: Iterable[Summary]) -> File:
    """TJSJ: the mine's own statistics of its points."""
    time = stamp_of(at)
    rows = (
        (
            each.point.code,
            each.point.type_name,
            each.point.location,
            each.point.unit,
            stamp_of(each.start),
            stamp_of(each.end),
            f"{each.high:.2f}",
            stamp_of(each.high_at),
            f"{each.low:.2f}",
            stamp_of(each.low_at),
            f"{each.mean:.2f}",
            time,
        )
        for each in found
    )
    return _file(plan, "TJSJ", at, (plan.code, plan.name, time), rows)


def stations(plan: MinePlan, at: int) -> File:
    """FZDY: the substations."""
    rows = ((point.code, point.location, "", "", "", stamp_of(at)) for point in plan.points if point.is_ == "station")
    return _file(plan, "FZDY", at, (plan.code, plan.name, stamp_of(at)), rows)


def station_states(plan: MinePlan, scan: Scan) -> File:
    """FZSS: whether they run (0) or are out of order (2), and on mains (1)."""
    time = stamp_of(scan.at)
    rows = (
        (point.code, "0" if scan.value[n] else "2", "1", time)
        for n, point in enumerate(plan.points)
        if point.is_ == "station"
    )
    return _file(plan, "FZSS", scan.at, (plan.code, plan.name, time), rows)


def personnel(plan: MinePlan, crew: Crew, at: int) -> list[File]:
    """RYQY, RYXX, RYJZ, JZSS: areas with their numbers, cards, base stations and their state (running, on mains)."""
    time = stamp_of(at)
    head = (plan.code, plan.name, time)
    areas = ((area.kind, area.code, str(area.allowed), area.name) for area in crew.areas)
    people = (
        (each.card, each.name, each.job, each.post, each.team, "", "", _flag(each.leader), _flag(each.special))
        for each in crew.members
    )
    stations = ((area.station, f"{area.name}基站", "", "", "", "") for area in crew.areas)
    states = ((area.station, "0", "1", time) for area in crew.areas)
    return [
        _file(plan, "RYQY", at, head, areas),
        _file(plan, "RYXX", at, (plan.code, plan.name, "", "", "", "", "", time), people),
        _file(plan, "RYJZ", at, head, stations),
        _file(plan, "JZSS", at, head, states),
    ]


def positions(plan: MinePlan, crew: Crew, at: int, shown: Shown = NOTHING) -> File:
    """RYSS: who is underground (1), and who has just come up (2). Without tracks."""
    rows = []
    for each in crew.at(at, shown):
        down = stamp_of(each.in_at)
        rows.append(
            (
                each.member.card,
                each.member.name,
                "1" if each.out_at is None else "2",
                down,
                "" if each.out_at is None else stamp_of(each.out_at),
                each.area.code,
                down,
                each.area.station,
                down,
                "三八制",
                "",
                "正常",
                _flag(each.member.leader),
                _flag(each.member.special),
                "",
            )
        )
    return _file(plan, "RYSS", at, (plan.code, plan.name, stamp_of(at)), rows)


def _flag(said: bool) -> str:
    return "1" if said else "0"


def _file(plan: MinePlan, kind: str, at: int, head: Sequence[str], rows: Iterable[Sequence[str]]) -> File:
    stamp = stamp_of(at).translate(_DIGITS)
    text = "~".join([";".join(head), *(";".join(row) for row in rows)]) + "~||"
    return f"{plan.code}_{kind}_{stamp}.txt", text.encode()


_DIGITS = str.maketrans("", "", "-: ")


def _number(value: float) -> str:
    return f"{value:.4f}".rstrip("0").rstrip(".")

"""The county's coal mines as they send: a month until now, made at one go, and then minute by minute as time passes.

Every mine is simulated and says so. What is sent goes through ``telemetry.services.receive`` like what any mine sends;
its places are confirmed and its settings decided by the people of the demonstration, who act on its alarms as well
(``duty``). Of what is sent after that month only the readings are simulated: an alarm that rises waits for the visitor.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np

from anwang.edge.demo import duty
from anwang.edge.demo.mines import Incident, MinePlan, SimulatedMine, writing
from anwang.edge.demo.mines import county as of_county
from anwang.edge.demo.mines.crew import NOTHING, Shown, crew_of
from anwang.edge.demo.mines.mine import RAISED
from anwang.edge.demo.mines.mine import Scan as Simulated
from anwang.edge.demo.mines.plan import SERIAL, code_of
from anwang.ground.accounts.models import User
from anwang.kernel import clock
from anwang.registers.sites.models import Site
from anwang.work.telemetry import history, selectors, services, store
from anwang.work.telemetry.memory import millis, moment
from anwang.work.telemetry.models import Mine, SensorPoint
from anwang.work.telemetry.services import Item, Scan, UploadedFile

DAYS = 30
HOURS_BETWEEN = 72.0
"""Between two incidents of one mine, on average: rarer than where the simulator is used to show them."""
FINE = timedelta(hours=26)
"""The last hours are as dense as the mines send; before that only what happened is."""
STEP_MS, COARSE_MS, HOUR_MS = 60_000, 1_800_000, 3_600_000
LIVE_MS = 30_000
"""Between two scans of the mines that go on sending."""
CATCH_UP = timedelta(minutes=2)
TAMPERED, HIDING = 3, 1
"""Which mine (in the county's order) has its limits set too loose, and which one hides an over-limit, and in its own
statistics of three hours the highest of a point.
"""
LATELY: dict[int, tuple[str, str, timedelta, int]] = {
    4: ("cut", "face-1.T1", timedelta(hours=22), 0),
    5: ("over", "heading-1.T1", timedelta(hours=6), 0),
    6: ("low_wind", "heading-1.wind", timedelta(minutes=100), 0),
    8: ("disconnected", "face-1.co", timedelta(minutes=12), 7200),
}
"""Which mine has what going wrong where, how long before the end, for how many seconds (0: as its kind says): so that the
board shows one alarm that waits for its review, one for its measures, one for its cause, and a fresh one.
"""
SHOWN: dict[int, Shown] = {1: Shown(overtime=True), 2: Shown(crowded=True), 6: Shown(leaderless=True)}
"""Which mine has what out of order with the people underground."""
CURVE = 24
"""Hours before the end of which a snapshot of the people underground is sent."""
UNSAID = frozenset({"hidden", "silence", "mine_silence"})
SETTLED = timedelta(hours=50)
"""Of what else the script lets go wrong, nothing that ends with a review lies so shortly before the end."""
QUIET = timedelta(hours=3)
"""And nothing at all, so that the board is the one of LATELY."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Items that arrive together."""

    at: datetime
    items: list[Item]


def live_through(
    sites: Sequence[Site], *, by: User, inspector: User, now: datetime, step: Callable[[int], None]
) -> None:
    """A month of the county's mines until ``now``. ``sites`` are its coal mines in the order of the plans."""
    plans = of_county.plans()
    first = clock.start_of_day(clock.add_days(clock.local_date(now), -DAYS))
    mines = [
        SimulatedMine(plan, script(plan, n, now - first), seed=n, begins=millis(first))
        for n, plan in enumerate(plans, start=1)
    ]
    for mine, site in zip(mines, sites, strict=True):
        _set_up(mine.plan, site, by=by, inspector=inspector, at=first)
    units = [str(site.enterprise_id or "") for site in sites]
    people = duty.people_of(mines, units, otherwise=inspector)
    on_duty = duty.Duty({mine.plan.code: mine for mine in mines}, people, office=by, inspector=inspector, now=now)
    tampered = plans[TAMPERED]
    loose = SimulatedMine(tampered, [Incident("tampered", "face-1.T1")], seed=0, begins=0).plan
    loose_at = clock.start_of_day(clock.add_days(clock.local_date(now), -6)) + timedelta(hours=10)
    days = [clock.start_of_day(clock.add_days(clock.local_date(first), n)) for n in range(DAYS + 1)]
    for begin, end in pairwise([*days, now]):
        arriving = [sent for mine in mines for sent in _day(mine, begin, min(end, now), now)]
        if begin <= loose_at < end:
            arriving.append(Sent(loose_at, [UploadedFile(*writing.definition(loose, millis(loose_at)))]))
        for sent in sorted(arriving, key=lambda each: each.at):
            on_duty.until(sent.at)
            services.receive(sent.items, now=sent.at)
            on_duty.look(sent.at)
        on_duty.until(min(end, now))
        step(1)
    for n, plan in enumerate(plans):
        services.receive(_people(plan, n, now), now=now)
        services.receive(_stated(plan, n, now), now=now)
    services.reconcile(now=now)
    store.writer().sync()


def script(plan: MinePlan, n: int, span: timedelta) -> list[Incident]:
    """What goes wrong in the month of the n-th mine: drawn by chance, and what the demonstration wants to show."""
    seconds = int(span.total_seconds())
    drawn = list(of_county.now_and_then(plan, seconds=seconds, seed=f"month-{plan.code}", hours_between=HOURS_BETWEEN))
    if n == HIDING + 1:
        # Whoever hides one over-limit of a point hides all of them: let there be one.
        drawn = [each for each in drawn if not 9 * 86400 < each.after < 12 * 86400 and each.where != "face-1.T1"]
        drawn.append(Incident("hidden", "face-1.T1", after=10 * 86400 + 7 * 3600))
    settled, quiet = seconds - SETTLED.total_seconds(), seconds - QUIET.total_seconds()
    drawn = [each for each in drawn if each.after < (settled if each.kind in RAISED else quiet)]
    if lately := LATELY.get(n - 1):
        kind, point, before, lasting = lately
        drawn = [each for each in drawn if each.after < settled]
        drawn.append(Incident(kind, point, after=seconds - int(before.total_seconds()), lasting=lasting))
    return drawn


def _set_up(plan: MinePlan, site: Site, *, by: User, inspector: User, at: datetime) -> None:
    """The mine is met and defined, bound to its place in the register, and its places are confirmed."""
    mine = services.meet(code=plan.code, name=plan.name, now=at, simulated=True)
    services.receive(
        [UploadedFile(*writing.definition(plan, millis(at))), UploadedFile(*writing.stations(plan, millis(at)))],
        now=at + timedelta(seconds=5),
    )
    gas_class = str(site.fields.get("gas_grade", ""))
    services.bind(mine_id=mine.pk, site_id=site.pk, gas_class=gas_class, by=by, now=at + timedelta(minutes=1))
    mine.refresh_from_db()
    for each in selectors.unconfirmed(mine):
        if each.row is not None:
            services.confirm_place(
                point_id=each.point.pk, place=each.row.key, by=inspector, now=at + timedelta(minutes=2)
            )


def _day(mine: SimulatedMine, begin: datetime, end: datetime, now: datetime) -> Iterator[Sent]:
    """What one mine sends in a day: calm stretches whole, what happens scan by scan."""
    first, last, fine = millis(begin) + STEP_MS, millis(end), millis(now - FINE)
    spans = [(start - 2 * STEP_MS, over + 3 * STEP_MS) for start, over in mine.spans()]
    # What the mine itself says nothing of: there each scan is sent by itself, so that it is found while it lasts.
    unsaid = [span for each, span in zip(mine.incidents, spans, strict=True) if each.kind in UNSAID]
    wrong = sorted(spans)
    waiting: list[Item] = []
    calm: list[int] = []
    at = first
    while at <= last:
        if any(start <= at <= over for start, over in wrong):
            waiting += _calm(mine, calm)
            calm = []
            scan = mine.scan(at)
            waiting += _items(mine.plan, scan)
            if scan is not None and (scan.changed or any(start <= at <= over for start, over in unsaid)):
                yield Sent(moment(at) + timedelta(seconds=2), waiting)
                waiting = []
            at += STEP_MS
            continue
        calm.append(at)
        step = STEP_MS if at >= fine else COARSE_MS
        following = next((start for start, _over in wrong if at < start < at + step), at + step)
        at = max(following // STEP_MS * STEP_MS, at + STEP_MS)
    waiting += _calm(mine, calm)
    if waiting:
        yield Sent(moment(last) + timedelta(seconds=2), waiting)


def _calm(mine: SimulatedMine, at: Sequence[int]) -> list[Item]:
    codes = [point.code for point in mine.plan.points]
    status = np.zeros(len(codes), np.int64)
    return [
        Scan(mine.plan.code, codes, np.full(len(codes), when, np.int64), values, status)
        for when, values in zip(at, mine.calm(at), strict=True)
    ]


def _items(plan: MinePlan, scan: Simulated | None) -> list[Item]:
    """A scan, and behind it what the mine reports of what began or ended with it."""
    if scan is None:
        return []
    sent = np.flatnonzero(scan.sent)
    codes = [plan.points[n].code for n in sent.tolist()]
    made: list[Item] = [
        Scan(plan.code, codes, np.full(len(codes), scan.at, np.int64), scan.value[sent], scan.status[sent].astype(np.int64))
    ]  # fmt: skip
    if scan.changed:
        made.append(UploadedFile(*writing.abnormal(plan, scan.at, scan.changed)))
    return made


def _people(plan: MinePlan, n: int, now: datetime) -> list[Item]:
    """Who works underground in the n-th mine, and where they were in the hours until now."""
    crew = crew_of(plan)
    if crew is None:
        return []
    last, shown = millis(now) // 1000 * 1000, SHOWN.get(n, NOTHING)
    files = writing.personnel(plan, crew, last)
    # The newest first: those that come after it are counted, and move nobody.
    files += [writing.positions(plan, crew, last - hour * 3_600_000, shown) for hour in range(CURVE + 1)]
    return [UploadedFile(*file) for file in files]


def _stated(plan: MinePlan, n: int, now: datetime) -> list[Item]:
    """What the n-th mine states of its points for the whole hours of the last day: what it sent, but for the one that hides."""
    hours = [millis(now) // HOUR_MS * HOUR_MS - (CURVE - each) * HOUR_MS for each in range(CURVE + 1)]
    numbers = dict(SensorPoint.objects.filter(mine__code=plan.code).values_list("code", "id"))
    analog = [point for point in plan.points if point.analog and point.code in numbers]
    sent = store.reader().several([numbers[point.code] for point in analog], hours[0], hours[-1])
    found = []
    for point in analog:
        series = sent[numbers[point.code]]
        valid = (series.status & history.INVALID_BITS) == 0
        at, value = series.at[valid], series.value[valid]
        for start, end in pairwise(hours):
            first, last = np.searchsorted(at, [start, end])
            if first == last:
                continue
            times, part = at[first:last], value[first:last]
            high, low = int(part.argmax()), int(part.argmin())
            found.append(
                writing.Summary(
                    point, start, end,
                    float(part[high]), int(times[high]), float(part[low]), int(times[low]), float(part.mean()),
                )
            )  # fmt: skip
    if n == HIDING:
        found = [
            replace(each, high=each.mean) if each.point.key == "face-1.T1" and each.start in hours[9:12] else each
            for each in found
        ]
    return [UploadedFile(*writing.statistics(plan, millis(now) // 1000 * 1000, found))] if found else []


# --- from now on ----------------------------------------------------------------------------------------------------------


_running: list[SimulatedMine] = []
"""The mines as this process goes on with them; a new process begins anew, which nobody can tell from the readings."""


def is_here() -> bool:
    """Does this house hold the demonstration's mines?"""
    prefix = code_of(of_county.COUNTY, 0)[: len(of_county.COUNTY) + len(SERIAL)]
    return bool(Mine.objects.filter(code__startswith=prefix, simulated=True, bound_at__isnull=False).exists())


def go_on(*, now: datetime) -> int:
    """What the mines send until ``now``, of the last two minutes at most: scans, and who is underground. Returns how many."""
    at = millis(now) // LIVE_MS * LIVE_MS
    if not _running or at - _running[0].begins > DAYS * 86_400_000:
        _running[:] = [
            SimulatedMine(
                plan,
                list(
                    of_county.now_and_then(
                        plan, seconds=DAYS * 86_400, seed=f"live-{plan.code}-{at}", hours_between=HOURS_BETWEEN
                    )
                ),
                seed=at // 1000,
                begins=at,
            )
            for plan in of_county.plans()
        ]
    items: list[Item] = []
    newest = dict(Mine.objects.filter(simulated=True).values_list("code", "feed__newest_at"))
    for n, mine in enumerate(_running):
        last = newest.get(mine.plan.code)
        begin = max(millis(now - CATCH_UP), millis(last) if last else 0) // LIVE_MS * LIVE_MS + LIVE_MS
        for moment_at in range(begin, at + 1, LIVE_MS):
            items += _items(mine.plan, mine.scan(moment_at))
        if begin <= at and (crew := crew_of(mine.plan)) is not None:
            items.append(UploadedFile(*writing.positions(mine.plan, crew, at, SHOWN.get(n, NOTHING))))
    if items:
        services.receive(items, now=now)
    return len(items)

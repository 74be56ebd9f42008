"""Episodes become alarms. Inside the transaction that stores them: a fixed number of statements however many there are,
beside one or two for each alarm that changes its clock.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max, Q

from anwang.ground.audit import services as audit
from anwang.ground.audit.services import Entry
from anwang.ground.base.models import Sequence as Numbers
from anwang.ground.base.models import update_all
from anwang.ground.jobs import services as jobs
from anwang.kernel import clock as calendar
from anwang.work.alarms import library, ports, rules, selectors
from anwang.work.alarms.models import Alarm, AlarmEpisode, AlarmLevel, AlarmMove
from anwang.work.alarms.rules import Again, Family, LevelRow, State
from anwang.work.alarms.selectors import InForce
from anwang.work.alarms.services import clock
from anwang.work.alarms.services.timers import graver
from anwang.work.telemetry import places as standard
from anwang.work.telemetry import rules as gas
from anwang.work.telemetry import store
from anwang.work.telemetry.models import Episode, SensorPoint
from anwang.work.telemetry.ports import News, What

Key = tuple[str, str, str, str]
"""Mine, family, quantity, place: of each at most one alarm is open."""
_REGION = ("region_id", "province_code", "city_code", "county_code", "town_code", "village_code", "grid_code")
_UNCHANGING = {"id", "number", "mine", "enterprise", "domain", "family", "quantity", "place", "first_raised_at"}
CHANGED = [
    each.name
    for each in Alarm._meta.concrete_fields  # noqa: SLF001
    if each.name not in _UNCHANGING and each.attname not in _REGION
]


@dataclass
class Batch:
    """What one batch of news comes to."""

    now: datetime
    rows: list[LevelRow]
    held: InForce = field(default_factory=InForce)
    current: dict[Key, Alarm] = field(default_factory=dict)
    open: dict[str, set[str]] = field(default_factory=dict)
    """Alarm → its episodes that go on."""
    new: dict[str, Alarm] = field(default_factory=dict)
    changed: dict[str, Alarm] = field(default_factory=dict)
    calling: dict[str, Alarm] = field(default_factory=dict)
    joined: list[AlarmEpisode] = field(default_factory=list)
    levels: list[AlarmLevel] = field(default_factory=list)
    moves: list[tuple[Alarm, str, str, dict[str, str]]] = field(default_factory=list)
    """Alarm, source, action, data."""

    def touch(self, alarm: Alarm) -> None:
        alarm.changed_at = self.now
        if alarm.pk not in self.new:
            self.changed[alarm.pk] = alarm


def heard(news: Sequence[News], now: datetime) -> None:
    """The listener of ``telemetry.ports.on_episodes``. What it hears of twice changes nothing the second time."""
    told = [each for each in news if each.episode.what in rules.FAMILY]
    if not told:
        return
    batch = Batch(now, selectors.level_rules(at=now))
    _load(batch, told)
    for each in told:
        _hear(batch, each, _key(each.episode))
    _stations(batch, told)
    _inhibit(batch, told)
    _write(batch)


# --- what is there -----------------------------------------------------------------------------------------------------


def _key(episode: Episode) -> Key:
    family = rules.FAMILY[episode.what]
    point = episode.point
    if point is None:
        return (episode.mine_id, family.value, "", "")
    conduct = library.conduct()
    quantity = conduct.quantity(point.sensor_type) if family in (Family.OVER, Family.SENSOR) else ""
    return (episode.mine_id, family.value, quantity, rules.place_of(point.location, point.code, conduct.sensor_words))


def _of(alarm: Alarm) -> Key:
    return (alarm.mine_id, alarm.family, alarm.quantity, alarm.place)


def _load(batch: Batch, told: Sequence[News]) -> None:
    """Lock the alarms that may be meant: open ones, and closed ones that cleared so shortly ago that they call again."""
    keys = {_key(each.episode) for each in told}
    families = {family for _mine, family, _quantity, _place in keys}
    wanted = Q(place__in={place for *_rest, place in keys}, family__in=families)
    if families & {Family.SILENT, Family.MINE}:
        wanted |= Q(family__in=[Family.SILENT, Family.STATION, Family.MINE])
    oldest = min(each.episode.start for each in told) - library.conduct().again_within
    alarms = (
        Alarm.objects.filter(wanted, mine__in={key[0] for key in keys})
        .filter(~Q(state=State.CLOSED) | Q(cleared_at__gte=oldest))
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    for alarm in alarms:
        # Of several closed ones the last; an open one before all of them. Keys grow with time.
        before = batch.current.get(_of(alarm))
        if before is None or before.state == State.CLOSED:
            batch.current[_of(alarm)] = alarm
    known = [alarm.pk for alarm in batch.current.values()]
    closing = [each.episode.pk for each in told if each.what is What.CLOSED]
    joined = AlarmEpisode.objects.filter(alarm__in=known).filter(Q(episode__end__isnull=True) | Q(episode__in=closing))
    for alarm_id, episode_id in joined.values_list("alarm_id", "episode_id") if known else ():
        batch.open.setdefault(alarm_id, set()).add(episode_id)


# --- one piece of news -------------------------------------------------------------------------------------------------


def _hear(batch: Batch, news: News, key: Key) -> None:
    episode = news.episode
    alarm = batch.current.get(key)
    if news.what is What.OPENED:
        _opened(batch, episode, key, alarm)
        return
    if alarm is None or episode.pk not in batch.open.get(alarm.pk, set()):
        return
    _measure(alarm, episode)
    if news.what is What.CLOSED:
        batch.open[alarm.pk].discard(episode.pk)
        if not batch.open[alarm.pk]:
            alarm.cleared_at = max(episode.end or episode.start, alarm.began)
    _judge(batch, alarm)
    batch.touch(alarm)


def _opened(batch: Batch, episode: Episode, key: Key, alarm: Alarm | None) -> None:
    if alarm is not None and episode.pk in batch.open.get(alarm.pk, set()):
        return
    again = Again.NEW
    if alarm is not None:
        again = rules.again(
            State(alarm.state),
            cleared_at=alarm.cleared_at,
            start=episode.start,
            within=library.conduct().again_within,
        )
    if alarm is None or again is Again.NEW:
        alarm = _raised(batch, episode, key)
        if alarm is None:
            return
    else:
        if again is Again.CALL:
            _call(batch, alarm, episode)
        alarm.cleared_at = None
        _measure(alarm, episode)
        _judge(batch, alarm)
        batch.touch(alarm)
    batch.open.setdefault(alarm.pk, set()).add(episode.pk)
    batch.joined.append(AlarmEpisode(alarm=alarm, episode=episode, joined_at=batch.now))


def _raised(batch: Batch, episode: Episode, key: Key) -> Alarm | None:
    """A new alarm; None where no rule calls."""
    mine, point, now = episode.mine, episode.point, batch.now
    alarm = Alarm(
        mine=mine,
        enterprise_id=episode.enterprise_id,
        domain=episode.domain,
        family=key[1],
        quantity=key[2],
        place=key[3],
        location=point.location if point else "",
        unit=point.unit if point else "",
        state=State.RAISED,
        state_since=now,
        raised_at=now,
        first_raised_at=now,
        first_start=episode.start,
        began=episode.start,
        changed_at=now,
    )
    for column in _REGION:
        setattr(alarm, column, getattr(episode, column))
    _measure(alarm, episode)
    rung = graver(alarm, batch.rows, now=now)
    if rung is None:
        return None
    batch.levels.append(rung)
    clock.settle(alarm, since=now, held=batch.held)
    batch.new[alarm.pk] = batch.calling[alarm.pk] = batch.current[key] = alarm
    batch.moves.append((alarm, "", "raise", {"level": alarm.level}))
    return alarm


def _call(batch: Batch, alarm: Alarm, episode: Episode) -> None:
    """It calls from the beginning: what was done belongs to the round before, and stays in the moves."""
    now = batch.now
    batch.moves.append((alarm, alarm.state, rules.Action.RECUR.value, {}))
    alarm.round += 1
    alarm.state, alarm.state_since, alarm.raised_at, alarm.began = State.RAISED, now, now, episode.start
    alarm.acknowledged_at = alarm.cut_at = alarm.evacuated_at = alarm.cause_at = alarm.measures_at = None
    alarm.acknowledged_by = alarm.cause_by = alarm.reviewed_by = alarm.aside_by = None
    alarm.reviewed_at = alarm.closed_at = alarm.aside_at = alarm.people_out = None
    alarm.cut_shown = False
    alarm.cut_why = alarm.cause_kind = alarm.cause = alarm.measures = ""
    alarm.aside = alarm.aside_why = alarm.aside_name = ""
    alarm.kinds, alarm.places = [], []
    alarm.highest = alarm.lowest = alarm.limit = None
    # Judged from nothing: the ladder of the round before is in the levels.
    alarm.level, alarm.rank = "", 5
    batch.calling[alarm.pk] = alarm


def _measure(alarm: Alarm, episode: Episode) -> None:
    """What the episode adds to what the level is judged by."""
    point = episode.point
    if episode.what not in alarm.kinds:
        alarm.kinds = sorted({*alarm.kinds, episode.what})
    if point is not None and (place := _standard_place(point, episode.mine.gas_class)) and place not in alarm.places:
        alarm.places = sorted({*alarm.places, place})
    if episode.max is not None:
        alarm.highest = episode.max if alarm.highest is None else max(alarm.highest, episode.max)
    if episode.min is not None:
        alarm.lowest = episode.min if alarm.lowest is None else min(alarm.lowest, episode.min)
    if episode.limit is not None and (alarm.limit is None or episode.limit < alarm.limit):
        alarm.limit = episode.limit


def _standard_place(point: SensorPoint, gas_class: str) -> str:
    """The standard's place: as a person confirmed it, else as the words speak of it."""
    if point.place:
        return point.place
    row = gas.recognised(point.location, point.sensor_type, gas_class, standard.rows())
    return row.key if row else ""


def _judge(batch: Batch, alarm: Alarm) -> None:
    if not alarm.level:
        alarm.level, alarm.rank = "", 5
    calls_again = alarm.rank == 5
    rung = graver(alarm, batch.rows, now=batch.now)
    if rung is None and calls_again:
        # The rules were changed meanwhile and nothing calls for this any more; it stays in its list, as the mildest.
        alarm.level, alarm.rank = rules.FLOOR.key, int(rules.FLOOR)
        rung = AlarmLevel(alarm=alarm, at=batch.now, level=alarm.level, value=alarm.highest)
    if calls_again:
        clock.settle(alarm, since=batch.now, held=batch.held)
    elif rung is not None:
        clock.tighten(alarm, now=batch.now, held=batch.held)
        batch.calling[alarm.pk] = alarm
    if rung is not None:
        batch.levels.append(rung)


# --- a whole substation ------------------------------------------------------------------------------------------------


def _stations(batch: Batch, told: Sequence[News]) -> None:
    """A substation all of whose points (two at least) are silent is one alarm in place of theirs."""
    silent = [each for each in told if each.episode.what == gas.Kind.SILENT and each.episode.point is not None]
    named = {
        (each.episode.mine_id, each.episode.point.substation): each.episode
        for each in silent
        if each.episode.point is not None and each.episode.point.substation
    }
    if not named:
        return
    codes = {code for _mine, code in named}
    rows = Episode.objects.filter(
        what=gas.Kind.SILENT, end__isnull=True, point__substation__in=codes, point__definition__isnull=False
    ).select_related("point", "mine")
    down: dict[str, list[Episode]] = {}
    for row in rows:
        if row.point is not None:
            down.setdefault(row.point.substation, []).append(row)
    total = _reporting({code for code, episodes in down.items() if len(episodes) > 1})
    for (mine_id, code), last in named.items():
        key = (mine_id, Family.STATION.value, "", code)
        alarm = batch.current.get(key)
        episodes = down.get(code, [])
        if len(episodes) >= max(2, total.get(code, 0)):
            if alarm is not None and alarm.state != State.CLOSED and alarm.cleared_at is None:
                continue
            for episode in sorted(episodes, key=lambda each: each.start, reverse=True):
                _opened(batch, episode, key, batch.current.get(key))
        elif alarm is not None and alarm.state != State.CLOSED and alarm.cleared_at is None:
            alarm.cleared_at = max(last.end or batch.now, alarm.began)
            batch.open.pop(alarm.pk, None)
            batch.touch(alarm)


def _reporting(codes: Collection[str]) -> dict[str, int]:
    """Substation → how many of its points have ever reported: one that never did cannot fall silent."""
    points = SensorPoint.objects.filter(substation__in=codes, definition__isnull=False).values_list("pk", "substation")
    if not points:
        return {}
    last = store.reader().last([pk for pk, _code in points]).at
    found: dict[str, int] = {}
    for (_pk, code), at in zip(points, last, strict=True):
        found[code] = found.get(code, 0) + bool(at)
    return found


def _inhibit(batch: Batch, told: Sequence[News]) -> None:
    """While a mine or substation is down, the alarms of its silent points are hidden; when it is back they speak again."""
    if not {rules.FAMILY[each.episode.what] for each in told} & {Family.SILENT, Family.MINE}:
        return
    standing = [alarm for alarm in batch.current.values() if alarm.state != State.CLOSED]
    lasting = [alarm for alarm in standing if alarm.cleared_at is None]
    mines = {alarm.mine_id: alarm for alarm in lasting if alarm.family == Family.MINE}
    stations = {(alarm.mine_id, alarm.place): alarm for alarm in lasting if alarm.family == Family.STATION}
    silent = [alarm for alarm in standing if alarm.family in rules.HIDES[Family.MINE]]
    points = [alarm for alarm in silent if alarm.family == Family.SILENT]
    at = _substations(batch, points) if stations else {}
    for alarm in silent:
        above = mines.get(alarm.mine_id)
        if above is None and alarm.family == Family.SILENT:
            codes = at.get(alarm.pk, set())
            if codes and all((alarm.mine_id, code) in stations for code in codes):
                above = stations[(alarm.mine_id, min(codes))]
        if alarm.hidden_by_id == (above.pk if above else None):
            continue
        alarm.hidden_by = above
        if above is not None:
            batch.calling.pop(alarm.pk, None)
        elif alarm.cleared_at is None and alarm.state == State.RAISED:
            alarm.raised_at = batch.now
            batch.calling[alarm.pk] = alarm
        clock.settle(alarm, since=batch.now, held=batch.held)
        batch.touch(alarm)


def _substations(batch: Batch, alarms: Iterable[Alarm]) -> dict[str, set[str]]:
    """Alarm → the substations of its points that are silent now."""
    of = {episode: alarm.pk for alarm in alarms for episode in batch.open.get(alarm.pk, ())}
    found: dict[str, set[str]] = {}
    for episode, code in Episode.objects.filter(pk__in=of).values_list("pk", "point__substation"):
        found.setdefault(of[episode], set()).add(code or "")
    return found


# --- writing -----------------------------------------------------------------------------------------------------------


def _write(batch: Batch) -> None:
    now = batch.now
    _number(batch)
    # An alarm that hides others stands before them.
    hiding = {alarm.hidden_by_id for alarm in batch.new.values()}
    Alarm.objects.bulk_create(sorted(batch.new.values(), key=lambda each: each.pk not in hiding), batch_size=500)
    update_all(batch.changed.values(), *CHANGED)
    AlarmEpisode.objects.bulk_create(batch.joined, batch_size=500, ignore_conflicts=True)
    AlarmLevel.objects.bulk_create(batch.levels, batch_size=500)
    _write_moves(batch)
    clock.arm_new(list(batch.new.values()), batch.rows, now=now)
    clocked = {each.alarm_id for each in batch.levels} | batch.calling.keys()
    for alarm in batch.changed.values():
        # A higher value on the same rung leaves the clock as it is; what cleared, hid or climbed does not.
        if alarm.pk in clocked or alarm.cleared_at is not None or alarm.hidden_by_id is not None:
            clock.arm(alarm, batch.rows, now=now)
    calling = [alarm for alarm in batch.calling.values() if alarm.hidden_by_id is None]
    ports.announce_raised(calling, now)
    grave = [alarm.pk for alarm in calling if alarm.level in ("red", "orange")]
    if grave:
        jobs.later("alarms.tell", now=now, alarm_ids=grave)


def _number(batch: Batch) -> None:
    """Numbers by county and local day, in their order."""
    day = f"{calendar.local_date(batch.now):%Y%m%d}"
    by_county: dict[str, list[Alarm]] = {}
    for alarm in batch.new.values():
        by_county.setdefault(alarm.county_code or alarm.city_code, []).append(alarm)
    for code in sorted(by_county):
        first = Numbers.take(f"alarm:{code}:{day}", len(by_county[code]))
        for n, alarm in enumerate(by_county[code], start=first):
            alarm.number = f"BJ{code}-{day}-{n:04d}"


def _write_moves(batch: Batch) -> None:
    if not batch.moves:
        return
    old = [alarm.pk for alarm, *_rest in batch.moves if alarm.pk in batch.changed]
    last = (
        dict(AlarmMove.objects.filter(alarm__in=old).order_by().values_list("alarm").annotate(last=Max("seq")))
        if old
        else {}
    )
    rows = []
    for alarm, source, action, data in batch.moves:
        last[alarm.pk] = last.get(alarm.pk, 0) + 1
        rows.append(
            AlarmMove(
                alarm=alarm,
                seq=last[alarm.pk],
                source=source,
                target=State.RAISED,
                action=action,
                round=alarm.round,
                at=batch.now,
                data=data,
            )
        )
    AlarmMove.objects.bulk_create(rows, batch_size=500)
    events = {"raise": "alarms.raised", rules.Action.RECUR.value: "alarms.recur"}
    entries = [
        Entry(events[action], alarm, {"number": alarm.number, "level": alarm.level, "place": alarm.place})
        for alarm, _source, action, _data in batch.moves
    ]
    audit.record_many(entries, by=None, at=batch.now)

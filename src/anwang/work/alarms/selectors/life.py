"""One alarm: what the rules need to know of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.kernel.machine import Offer
from anwang.kernel.scale import Level
from anwang.work.alarms import library, rules
from anwang.work.alarms.models import Alarm, AlarmMove, LevelRule
from anwang.work.alarms.rules import Action, Facts, Family, LevelRow, State, Step, Switch, Track
from anwang.work.alarms.selectors.conduct import InForce
from anwang.work.telemetry import store
from anwang.work.telemetry.dialects import pairs_of
from anwang.work.telemetry.memory import millis, moment
from anwang.work.telemetry.models import Relation, SensorPoint

CUTTER, FEED = "1009", "1011"
_INVALID = 4 | 16 | 32 | 64 | 128
_UNSEEN = frozenset({"alarms.not_next", "alarms.sensors_only", "alarms.not_handler", "alarms.not_reviewer"})
"""Refusals that are no news to anybody: the act is not hers, or not yet its turn. It is not shown."""


# --- rules in force ----------------------------------------------------------------------------------------------------


def own_rules(*, at: datetime) -> list[LevelRule]:
    """Of every key of this house the newest version in force."""
    found: dict[str, LevelRule] = {}
    for row in LevelRule.objects.filter(in_force_from__lte=at).order_by("key", "version"):
        found[row.key] = row
    return list(found.values())


def level_rules(*, at: datetime) -> list[LevelRow]:
    """The rows that hold: those of the house, then built-in ones whose key the house has not taken. One query."""
    own = own_rules(at=at)
    rows = [
        LevelRow(
            key=row.key,
            version=row.version,
            family=Family(row.family),
            level=Level.of(row.level),
            quantities=frozenset(row.quantities),
            kinds=frozenset(row.kinds),
            places=frozenset(row.places),
            at_least=row.at_least,
            at_most=row.at_most,
            times=row.times,
            minutes=row.minutes,
            instrument=row.instrument,
            article=row.article,
            source=row.source,
            confidence=row.confidence,
        )
        for row in own
        if row.level
    ]
    taken = {row.key for row in own}
    return [*rows, *(row for row in library.level_rows() if row.key not in taken)]


def seen(alarm: Alarm, *, now: datetime) -> rules.Seen:
    """What an alarm's level is judged by at this moment."""
    return rules.Seen(
        family=Family(alarm.family),
        quantity=alarm.quantity,
        kinds=frozenset(alarm.kinds),
        places=frozenset(alarm.places),
        highest=alarm.highest,
        lowest=alarm.lowest,
        limit=alarm.limit,
        lasted=(alarm.cleared_at or now) - alarm.began,
    )


# --- the road ----------------------------------------------------------------------------------------------------------


def steps(alarm: Alarm, held: InForce | None = None) -> tuple[Step, ...]:
    """The road of the moment at which the alarm last called: what is put into force later holds from its next call on."""
    roads = (held or InForce()).roads(at=alarm.raised_at)
    return rules.steps_of(Family(alarm.family), alarm.quantity, Level.of(alarm.level), roads)


def done(alarm: Alarm) -> dict[Step, datetime]:
    """Step → when it was done, in the present round."""
    moments = {
        Step.ACKNOWLEDGE: alarm.acknowledged_at,
        Step.CUT: alarm.cut_at,
        Step.EVACUATE: alarm.evacuated_at,
        Step.CAUSE: alarm.cause_at,
        Step.MEASURES: alarm.measures_at,
        Step.REVIEW: alarm.reviewed_at,
    }
    return {step: moment for step, moment in moments.items() if moment is not None}


def done_steps(alarm: Alarm) -> frozenset[Step]:
    return frozenset(done(alarm))


def conclude(alarm: Alarm, held: InForce | None = None) -> Step | None:
    """The step that comes next; None where none is left."""
    if alarm.state == State.CLOSED:
        return None
    return rules.next_step(steps(alarm, held), done_steps(alarm), set_aside=bool(alarm.aside))


def cut(alarm: Alarm) -> rules.CutShown:
    """What the cutters of the alarm and the feeds behind them show: while it goes on now, of one that has cleared in
    the time that it lasted. Two queries and one look at last values, or at the history of each switch.

    The cutters are those that the definitions of its points name; without them those at the same place; without those
    all at the substations of its points. All of them have to show it.
    """
    pairs = _switches(alarm)
    if alarm.cleared_at is not None:
        return _cut_of_then(pairs, alarm.began, alarm.cleared_at)
    return _cut_of_now(pairs, alarm.began)


def _switches(alarm: Alarm) -> list[tuple[SensorPoint, SensorPoint]]:
    """Cutters with the feed behind each."""
    words = library.conduct().sensor_words
    related = Relation.objects.filter(
        cutter__mine_id=alarm.mine_id, cutter__sensor_type=CUTTER, feed__sensor_type=FEED
    ).select_related("cutter", "feed")
    rows = [(row.cutter, row.feed) for row in related]
    points = list(SensorPoint.objects.filter(episodes__alarms__alarm=alarm).select_related("definition").distinct())
    named = {cutter for point in points for cutter, _feed in pairs_of(point.code, _relations(point))}
    pairs = [pair for pair in rows if pair[0].code in named]
    if not pairs:
        pairs = [
            pair for pair in rows if alarm.place in {rules.place_of(each.location, each.code, words) for each in pair}
        ]
    if not pairs:
        stations = {point.substation for point in points} - {""}
        pairs = [pair for pair in rows if pair[0].substation in stations]
    return pairs


def _cut_of_now(pairs: list[tuple[SensorPoint, SensorPoint]], since: datetime) -> rules.CutShown:
    both = list({point.pk: point for pair in pairs for point in pair}.values())
    last = store.reader().last([point.pk for point in both])
    switches = {
        point.pk: Switch(
            point.code,
            moment(int(at)) if at else None,
            float(value) if at else None,
            not int(status) & _INVALID,
        )
        for point, at, value, status in zip(both, last.at, last.value, last.status, strict=True)
    }
    return rules.cut_shown([(switches[a.pk], switches[b.pk]) for a, b in pairs], since=since)


def _cut_of_then(pairs: list[tuple[SensorPoint, SensorPoint]], start: datetime, end: datetime) -> rules.CutShown:
    reader = store.reader()
    tracks = {}
    for point in {point.pk: point for pair in pairs for point in pair}.values():
        series = reader.around(point.pk, millis(start), millis(end) + 1)
        tracks[point.pk] = Track(
            point.code,
            tuple(
                (moment(int(at)), float(value), not int(status) & _INVALID)
                for at, value, status in zip(series.at, series.value, series.status, strict=True)
            ),
        )
    return rules.cut_was_shown([(tracks[a.pk], tracks[b.pk]) for a, b in pairs])


def _relations(point: SensorPoint) -> str:
    return str(point.definition.fields.get("relations", "")) if point.definition else ""


def facts(
    alarm: Alarm,
    *,
    acting: User | None,
    cut_why: bool = False,
    cut_known: rules.CutShown | None = None,
    held: InForce | None = None,
) -> Facts:
    """What the guards ask; ``acting`` None is the machine."""
    held = held or InForce()
    following = conclude(alarm, held)
    shown = False
    if following is Step.CUT:
        shown = (cut_known or cut(alarm)).shown
    return Facts(
        may_handle=acting is not None and scope.can(acting, Permission.ALARM_HANDLE, on=alarm),
        may_review=acting is not None and scope.can(acting, Permission.ALARM_REVIEW, on=alarm),
        next=following,
        reviewed_road=Step.REVIEW in steps(alarm, held),
        own_work=acting is not None and _worked(alarm, acting),
        cleared=alarm.cleared_at is not None,
        cut_shown=shown,
        cut_why=cut_why,
        answered=alarm.cause_at is not None or bool(alarm.aside),
        system=acting is None,
    )


def _worked(alarm: Alarm, user: User) -> bool:
    """Did this person deal with the alarm for the mine, in any round?"""
    own = [*(action for action in rules.STEP_OF if action is not Action.REVIEW), Action.SET_ASIDE]
    return AlarmMove.objects.filter(alarm=alarm, by=user, action__in=own).exists()


def acts(alarm: Alarm, *, acting: User, held: InForce | None = None) -> list[Offer[State, Action]]:
    """What this person may press now, and what she will be refused for a reason worth saying."""
    offers = rules.MACHINE.offers(State(alarm.state), facts(alarm, acting=acting, cut_why=True, held=held))
    return [offer for offer in offers if offer.refused not in _UNSEEN]


def was_sent(alarm: Alarm, act_id: str) -> bool:
    """Is there an act on this alarm under this id already?"""
    return bool(act_id) and AlarmMove.objects.filter(alarm=alarm, act_id=act_id).exists()


def timeline(alarm: Alarm) -> list[AlarmMove]:
    return list(alarm.moves.select_related("by").order_by("seq"))


# --- whom to tell ------------------------------------------------------------------------------------------------------


def duty_people(alarm: Any) -> list[User]:
    """The mine's own people who deal with its alarms."""
    found = scope.holdings(Permission.ALARM_HANDLE, alarm)
    return list(dict.fromkeys(user for user, reach in found if reach.organisation_id))


def office_people(alarm: Any, *, without: Iterable[str] = ()) -> list[User]:
    """Those of the offices who review its alarms: of the nearest level that has anybody."""
    left_out = set(without)
    found = [
        (user, reach.level)
        for user, reach in scope.holdings(Permission.ALARM_REVIEW, alarm)
        if not reach.organisation_id and str(user.pk) not in left_out
    ]
    nearest = found[0][1] if found else ""
    return list(dict.fromkeys(user for user, level in found if level == nearest))

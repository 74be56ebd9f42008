"""The people around the county's mines as they act on the alarms of the simulated month.

The monitoring room acknowledges, confirms the cut and reports people withdrawn, the mine's safety officer states cause
and measures, the county reviews. They act through ``work.alarms.services`` at moments of the simulated calendar, in
between the readings; the timers of the house ring at their own moments, so that what is late is late by minutes and not
by the length of a simulated day. From then on nobody acts by itself: the visitor does.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from anwang.edge.demo import texts
from anwang.edge.demo.mines import SimulatedMine
from anwang.ground.accounts.models import User
from anwang.ground.jobs import services as jobs
from anwang.ground.jobs.models import Job
from anwang.ground.notices import services as notices
from anwang.ground.notices.models import Notice
from anwang.kernel import clock
from anwang.kernel.scale import Level
from anwang.work.alarms import selectors, services
from anwang.work.alarms.models import Alarm
from anwang.work.alarms.rules import JUDGED, State, Step, Why
from anwang.work.telemetry.memory import millis

KEEP_MESSAGES = timedelta(days=3)
"""Messages of alarms before that nobody would scroll to; they are not written."""
MESSAGES = ("alarms.tell", "alarms.tell_late", "alarms.hand_over")
IN_HAND = {
    Step.ACKNOWLEDGE: timedelta(minutes=20),
    Step.CAUSE: timedelta(hours=2, minutes=30),
    Step.MEASURES: timedelta(hours=10),
    Step.REVIEW: timedelta(hours=26),
}
"""An alarm that was raised so shortly before the end has not come beyond this step: the visitor finds it there."""
LATE_ONES = 0.1
"""Share of alarms of which one step is done late."""
SENT_BACK = (3, 8)
"""Which reviews of the month send the alarm back to the mine."""
NOT_SENT_BACK = timedelta(days=5)
"""Nothing is sent back so shortly before the end: it would not be closed any more."""
WITHOUT_LIMIT = timedelta(hours=1)
OFFICE_HOURS = (9, 17)
UP_AT = 6
"""The monitoring room is awake at any hour; who answers for safety is not before this one."""
CUTS = frozenset({"cut", "cut_fails", "fan_stops"})
"""What goes wrong so that the power is cut: the monitoring room waits for it to be shown."""
CUT_SHOWS_WITHIN = timedelta(minutes=4)
LOOKS_AGAIN = timedelta(seconds=30)
ASIDE = {"over_range": 1.0, "surge": 0.5}
"""What goes wrong that turns out to be no alarm, and how often."""
BEFORE_MS = 180_000
"""A silent point is silent since its last reading, a little before it went wrong."""
_WAITS_FOR_CLEARING = frozenset({Step.MEASURES.value, Step.REVIEW.value, ""})

Turn = tuple[int, str]
"""Round and step: whose turn it is with an alarm."""


@dataclass(slots=True)
class People:
    """Of one mine: who sits in its monitoring room, and who answers for its safety."""

    room: User
    officer: User


@dataclass(slots=True)
class Duty:
    """``now`` is the end of the simulated calendar. Walk it with :meth:`until` and :meth:`look`, in time order."""

    mines: dict[str, SimulatedMine]
    people: dict[str, People]
    office: User
    inspector: User
    now: datetime
    _acts: list[tuple[datetime, int, str, Turn]] = field(default_factory=list)
    _planned: dict[str, Turn] = field(default_factory=dict)
    _order: "count[int]" = field(default_factory=count)
    _at: datetime | None = None
    _reviews: int = 0

    # --- the calendar ---------------------------------------------------------------------------------------------

    def until(self, moment: datetime) -> None:
        """Everything before ``moment`` (inclusive): timers at their time, and what people do in between."""
        while True:
            rings = self._next_ring(moment)
            acts = self._acts[0][0] if self._acts else None
            if acts is not None and acts <= moment and (rings is None or acts < rings):
                self._act(heapq.heappop(self._acts))
            elif rings is not None:
                self._ring(rings)
            else:
                return

    def look(self, at: datetime) -> None:
        """Readings came, or a timer rang: what has changed may call somebody."""
        changed = Alarm.objects.filter(changed_at=at, hidden_by__isnull=True).exclude(state=State.CLOSED)
        for alarm in changed.select_related("mine").order_by("number"):
            self._plan(alarm, at)

    def _next_ring(self, moment: datetime) -> datetime | None:
        due = Job.objects.filter(state=Job.State.PENDING, due_at__lte=moment).order_by("due_at")
        first = due.values_list("due_at", flat=True).first()
        # What was asked for before this calendar began is done when it begins.
        return first if first is None or self._at is None else max(first, self._at)

    def _ring(self, at: datetime) -> None:
        self._at = at
        if at < self.now - KEEP_MESSAGES:
            # A timer asks for a message when it rings: one job at a time, so that none slips through.
            jobs.drop(MESSAGES, now=at)
            while jobs.run_one(now=at):
                jobs.drop(MESSAGES, now=at)
        else:
            jobs.run_due(now=at)
        self.look(at)

    # --- whose turn, and when -------------------------------------------------------------------------------------

    def _plan(self, alarm: Alarm, at: datetime) -> None:
        turn = (alarm.round, alarm.step)
        if self._planned.get(alarm.pk) == turn:
            return
        if alarm.step in _WAITS_FOR_CLEARING and alarm.cleared_at is None:
            return
        self._planned[alarm.pk] = turn
        if alarm.step and self._still_in_hand(alarm, Step(alarm.step)):
            return
        self._push(at + self._wait(alarm, at), alarm.pk, turn)

    def _push(self, at: datetime, alarm_id: str, turn: Turn) -> None:
        heapq.heappush(self._acts, (at, next(self._order), alarm_id, turn))

    def _still_in_hand(self, alarm: Alarm, step: Step) -> bool:
        if step is not Step.ACKNOWLEDGE and alarm.family not in JUDGED:
            return False
        return step in IN_HAND and alarm.raised_at > self.now - IN_HAND[step]

    def _just_now(self, alarm: Alarm) -> bool:
        """What the visitor finds stands at the step it is meant to stand at, whatever hour the demonstration is made."""
        return alarm.raised_at > self.now - IN_HAND[Step.REVIEW]

    def _wait(self, alarm: Alarm, at: datetime) -> timedelta:
        """How long until the present step is done."""
        rng = self._chance(alarm, alarm.step)
        if not alarm.step:
            return timedelta(minutes=rng.uniform(5, 30))
        step = Step(alarm.step)
        limit = self._limit(alarm, step, at)
        late = self._late_step(alarm) is step
        match step:
            case Step.ACKNOWLEDGE:
                return (
                    limit * rng.uniform(1.3, 3) if late else min(limit * rng.uniform(0.2, 0.8), timedelta(minutes=15))
                )
            case Step.CUT:
                return limit * (rng.uniform(1.3, 2.2) if late else rng.uniform(0.15, 0.5))
            case Step.EVACUATE:
                return limit * (rng.uniform(1.1, 1.6) if late else rng.uniform(0.3, 0.8))
            case Step.CAUSE if alarm.family not in JUDGED:
                return timedelta(minutes=rng.uniform(20, 90))
            case Step.CAUSE:
                hours = limit * rng.uniform(1.02, 1.2) if late else timedelta(hours=rng.uniform(1.5, 5))
                return hours if self._just_now(alarm) else self._awake(at + hours, rng) - at
            case Step.MEASURES:
                hours = timedelta(hours=rng.uniform(2, 6))
                return hours if self._just_now(alarm) else self._awake(at + hours, rng) - at
            case Step.REVIEW:
                return self._in_office(at, rng) - at

    @staticmethod
    def _limit(alarm: Alarm, step: Step, at: datetime) -> timedelta:
        """How long the step may take by the rules in force then; without a limit people take an hour for it."""
        row = selectors.InForce().limits(at=at).get((step, Level.of(alarm.level)))
        return timedelta(minutes=row.minutes) if row else WITHOUT_LIMIT

    @staticmethod
    def _awake(at: datetime, rng: Random) -> datetime:
        morning = clock.start_of_day(clock.local_date(at)) + timedelta(hours=UP_AT)
        return at if at >= morning else morning + timedelta(minutes=rng.uniform(30, 120))

    @staticmethod
    def _in_office(at: datetime, rng: Random) -> datetime:
        """The next time that somebody of the county sits at a desk and has looked at it."""
        asked = at + timedelta(minutes=rng.uniform(40, 150))
        opens = clock.start_of_day(clock.local_date(asked)) + timedelta(hours=OFFICE_HOURS[0])
        closes = opens + timedelta(hours=OFFICE_HOURS[1] - OFFICE_HOURS[0])
        if asked < opens:
            return opens + timedelta(minutes=rng.uniform(5, 120))
        return asked if asked < closes else opens + timedelta(days=1, minutes=rng.uniform(5, 120))

    def _late_step(self, alarm: Alarm) -> Step | None:
        """The step that is done late, if this alarm has one."""
        if self._went_wrong(alarm) == "hidden":
            # Who hides an over-limit acknowledges it when the county rings.
            return Step.ACKNOWLEDGE
        if self._just_now(alarm):
            return None
        rng = self._chance(alarm, "late")
        judged = alarm.family in JUDGED
        if rng.random() >= LATE_ONES:
            return None
        on_the_spot = (Step.ACKNOWLEDGE, Step.CUT, Step.EVACUATE) if judged else (Step.ACKNOWLEDGE,)
        possible = [step for step in selectors.steps(alarm) if step in on_the_spot]
        if judged and alarm.level in ("red", "orange"):  # of the milder ones the cause has a day
            possible.append(Step.CAUSE)
        return rng.choice(possible)

    # --- what they do ---------------------------------------------------------------------------------------------

    def _act(self, planned: tuple[datetime, int, str, Turn]) -> None:
        at, _order, alarm_id, turn = planned
        alarm = Alarm.objects.select_related("mine").get(pk=alarm_id)
        if self._planned.get(alarm_id) != turn or (alarm.round, alarm.step) != turn:
            return  # it became graver or called again; look() has planned it anew
        if alarm.step in _WAITS_FOR_CLEARING and alarm.cleared_at is None:
            del self._planned[alarm_id]
            return
        self._at = at
        done = self._do(alarm, at)
        if done is None:
            self._push(at + LOOKS_AGAIN, alarm_id, turn)
        elif done.state == State.CLOSED:
            self._planned.pop(alarm_id, None)
            self._read(done, at)
        else:
            self._plan(done, at)

    def _do(self, alarm: Alarm, at: datetime) -> Alarm | None:
        """The step whose turn it is; None where the power cut has still to show itself."""
        who = self._people(alarm)
        rng = self._chance(alarm, f"words-{alarm.step}")
        step = Step(alarm.step) if alarm.step else None
        if step not in (None, Step.ACKNOWLEDGE, Step.REVIEW) and self._is_none(alarm):
            aside, why = self._one_of("asides", alarm)
            return services.set_aside(alarm_id=alarm.pk, aside=aside, why=why, name=who.room.name, by=who.room, now=at)
        answers = who.officer if alarm.family in JUDGED else who.room
        match step:
            case Step.ACKNOWLEDGE:
                late = alarm.due_at is not None and at > alarm.due_at
                note = texts.phrase(rng, "alarms", "pressed" if late else "acknowledge")
                return services.acknowledge(alarm_id=alarm.pk, by=who.room, now=at, note=note)
            case Step.CUT:
                return self._confirm_cut(alarm, who.room, at, rng)
            case Step.EVACUATE:
                people = rng.randint(6, 18) if "掘进" in alarm.place else rng.randint(14, 42)
                note = texts.phrase(rng, "alarms", "evacuate")
                return services.evacuate(alarm_id=alarm.pk, people=people, by=who.room, now=at, note=note)
            case Step.CAUSE:
                kind, cause = self._cause(alarm, rng)
                return services.state_cause(alarm_id=alarm.pk, kind=kind, cause=cause, by=answers, now=at)
            case Step.MEASURES:
                measures = self._measures(alarm, rng)
                return services.take_measures(alarm_id=alarm.pk, measures=measures, by=answers, now=at)
            case Step.REVIEW:
                return self._review(alarm, at, rng)
            case None:
                note = texts.phrase(rng, "alarms", "closing")
                return services.close(alarm_id=alarm.pk, by=answers, now=at, note=note)

    def _confirm_cut(self, alarm: Alarm, by: User, at: datetime, rng: Random) -> Alarm | None:
        """With the readings of cutter and feed as they are; where they do not show it, with what was checked."""
        known = selectors.cut(alarm)
        if known.shown:
            note = texts.phrase(rng, "alarms", "cut", "shown")
            return services.confirm_cut(alarm_id=alarm.pk, by=by, now=at, note=note)
        awaited = known.problem in ("cutter_on", "stale") and self._went_wrong(alarm) in CUTS
        if awaited and at < alarm.state_since + CUT_SHOWS_WITHIN:
            return None
        why = {"cutter_on": Why.NOT_TO_BE_CUT, "stale": Why.STALE, "no_sensor": Why.NO_SENSOR}.get(
            known.problem, Why.SEEN_ON_SITE
        )
        note = texts.phrase(rng, "alarms", "cut", why.value)
        return services.confirm_cut(alarm_id=alarm.pk, by=by, now=at, why=why.value, note=note)

    def _cause(self, alarm: Alarm, rng: Random) -> tuple[str, str]:
        if alarm.cause:  # it was sent back, or called again after it had been looked into
            return alarm.cause_kind, f"{alarm.cause}{texts.phrase(rng, 'alarms', 'fuller')}"
        kind, cause = self._one_of("causes", alarm)
        return kind, cause

    def _measures(self, alarm: Alarm, rng: Random) -> str:
        if alarm.measures:
            return f"{alarm.measures}{texts.phrase(rng, 'alarms', 'fuller_measures')}"
        said: str = self._one_of("measures", alarm)
        return said

    def _review(self, alarm: Alarm, at: datetime, rng: Random) -> Alarm:
        """By the mine's inspector, now and then by the office; what was hidden by the office."""
        wrong = self._went_wrong(alarm)
        self._reviews += 1
        by = self.office if wrong == "hidden" or self._reviews % 4 == 0 else self.inspector
        if self._reviews in SENT_BACK and not alarm.aside and wrong != "hidden" and at < self.now - NOT_SENT_BACK:
            note = texts.phrase(rng, "alarms", "send_back")
            return services.send_back(alarm_id=alarm.pk, by=by, now=at, note=note)
        special = "aside" if alarm.aside else "hidden" if wrong == "hidden" else alarm.family
        known = texts.phrases("alarms")
        key = f"review.{special}" if f"review.{special}" in known else "review"
        return services.finish(alarm_id=alarm.pk, by=by, now=at, note=texts.phrase(rng, "alarms", key))

    def _read(self, alarm: Alarm, at: datetime) -> None:
        """An alarm that is closed leaves no message unread."""
        unread = Notice.objects.filter(on_kind=Alarm.kind, on_id=alarm.pk, read_at__isnull=True).select_related("user")
        for notice in unread:
            notices.mark_read(notice_id=notice.pk, by=notice.user, now=at)

    # --- what they know -------------------------------------------------------------------------------------------

    def _people(self, alarm: Alarm) -> People:
        return self.people[alarm.mine.code]

    def _went_wrong(self, alarm: Alarm) -> str:
        """What the script let go wrong when the alarm began; the people of a mine find that out. "" for nothing."""
        mine, began = self.mines[alarm.mine.code], millis(alarm.began)
        for each, (start, over) in zip(mine.incidents, mine.spans(), strict=True):
            if start - BEFORE_MS <= began <= over:
                return each.kind
        return ""

    def _is_none(self, alarm: Alarm) -> bool:
        """Will it turn out to have been no alarm?"""
        share = ASIDE.get(self._went_wrong(alarm), 0.0) if alarm.family in JUDGED else 0.0
        return not alarm.aside and self._chance(alarm, "aside").random() < share

    def _one_of(self, kind: str, alarm: Alarm) -> Any:
        """What they write; of causes and measures the same in its list, so that the one answers the other."""
        known = texts.phrases("alarms", kind)
        wrong = self._went_wrong(alarm)
        for key in (f"{wrong}.{alarm.family}", wrong, alarm.family):
            if key in known:
                rows = texts.phrases("alarms", kind, key)
                return rows[self._chance(alarm, "which").randrange(12) % len(rows)]
        raise LookupError(f"nobody knows what to write of {alarm.number}: {kind}, {wrong}, {alarm.family}")

    @staticmethod
    def _chance(alarm: Alarm, what: str) -> Random:
        """Drawn by place and moment: what one alarm does moves nothing in another, and the sensors of one substation that
        fail together are dealt with together.
        """
        return Random(f"{alarm.mine.code}-{alarm.place}-{alarm.first_raised_at.isoformat()}-{alarm.round}-{what}")


def people_of(mines: Iterable[SimulatedMine], organisations: Iterable[str], *, otherwise: User) -> dict[str, People]:
    """Mine's code → its people, by their grants; ``otherwise`` acts for a mine that has none."""
    found = {}
    for mine, organisation in zip(mines, organisations, strict=True):
        own = User.objects.filter(grants__organisation_id=organisation, is_active=True).order_by("username")
        room = own.filter(grants__role__key="mine_duty").first()
        officer = own.filter(grants__role__key="enterprise_officer").first()
        found[mine.plan.code] = People(room or officer or otherwise, officer or room or otherwise)
    return found

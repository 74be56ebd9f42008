"""Alarms as sensors and people make them: values rise and fall, the power is cut or not, anybody presses anything, the
timers ring or not.

What must hold whatever happens: nothing is closed without an answer and without other eyes; of one mine, place and
family one alarm is open; what is offered can be done and what is refused is refused for the reason shown; lateness once
on record stays; the moves give the state; the trail is whole.
"""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.jobs.models import Job
from anwang.work.alarms import rules, selectors, services
from anwang.work.alarms.models import Alarm, AlarmMove, StepDelay
from anwang.work.alarms.rules import JUDGED, Action, Aside, State, Step, Why
from anwang.work.alarms.services import clock
from anwang.work.telemetry import memory
from anwang.work.telemetry.models import Episode

from .conftest import CO, CUTTER, FACE, FACE_TWO, FEED, RETURN

pytestmark = pytest.mark.django_db

PEOPLE = ("duty", "officer", "office", "inspector", "city")
ACTS = [action for action in Action if action is not Action.RECUR]
CALM = {FACE: 0.3, FACE_TWO: 0.3, CO: 5.0, RETURN: 0.2, CUTTER: 1.0, FEED: 1.0}


class Room(RuleBasedStateMachine):
    """One mine with two faces' worth of sensors, a cutter and its feed, and everybody around it."""

    world: Any = None
    run_jobs: Any = None
    begins: Any = None
    played = 0

    def __init__(self) -> None:
        super().__init__()
        # Every example in a transaction of its own that is never kept. The history of readings does not roll back: each
        # example is later than all before.
        self.held = transaction.atomic()
        self.held.__enter__()
        memory.forget()
        Room.played += 1
        self.world.now = self.begins + timedelta(days=60 * Room.played)
        self.values = dict(CALM)
        self.late: dict[int, Any] = {}
        self.ever_late: set[str] = set()
        self.worst: dict[tuple[str, int], int] = {}
        self.done: list[tuple[Any, dict[str, Any]]] = []

    def teardown(self) -> None:
        try:
            assert audit.verify().ok
        finally:
            transaction.set_rollback(True)
            self.held.__exit__(None, None, None)
            memory.forget()

    # --- what the sensors say ---

    @initialize(value=st.sampled_from([1.2, 1.6]))
    def it_calls(self, value: float) -> None:
        self.world.scan(values=self.values)
        self.reads({FACE: value}, 10)

    @rule(
        point=st.sampled_from([FACE, FACE_TWO, CO, RETURN]),
        over=st.booleans(),
        after=st.sampled_from([10, 50, 400, 900]),
    )
    def gas(self, point: str, over: bool, after: int) -> None:
        value = (30.0 if point == CO else 1.6) if over else CALM[point]
        self.reads({point: value}, after)

    @rule(cutter=st.booleans(), feed=st.booleans())
    def power(self, cutter: bool, feed: bool) -> None:
        """Both orders of on and off; a cut that does not bite for longer than ten seconds is an alarm of its own."""
        for _ in range(2):
            self.reads({CUTTER: float(cutter), FEED: float(feed)}, 15)

    def reads(self, values: dict[str, float], after: int) -> None:
        self.values |= values
        self.world.scan(after, values=self.values)

    # --- what people do ---

    @rule(by=st.sampled_from(PEOPLE), data=st.data())
    def act(self, by: str, data: Any) -> None:
        """Somebody presses one of the buttons they see, enabled or not."""
        person = self.world.people[by]
        alarm = self.one(person, data)
        offered = selectors.acts(alarm, acting=person)
        if not offered:
            return
        chosen = data.draw(st.sampled_from(offered), label="act")
        if chosen.refused is None:
            self.do(alarm, chosen.action, person, data)
        else:
            verb, named = self.inputs(chosen.action, alarm, person, data)
            with pytest.raises(Refused) as refused, transaction.atomic():
                verb(**named)
            assert refused.value.key == chosen.refused

    @rule(steps=st.integers(1, 7), pause=st.sampled_from([0, 1, 30]), data=st.data())
    def work_on(self, steps: int, pause: int, data: Any) -> None:
        """Those whose turn it is go on with one alarm, so that many come to their end."""
        alarm = self.one(self.world.office, data)
        for _ in range(steps):
            alarm.refresh_from_db()
            if alarm.state == State.CLOSED:
                return
            if alarm.cleared_at is None and alarm.step in (Step.MEASURES, Step.REVIEW, ""):
                self.reads(CALM, 30)
            self.world.later(minutes=pause)
            alarm.refresh_from_db()
            if not self.next_step(alarm, data):
                return

    def next_step(self, alarm: Alarm, data: Any) -> bool:
        action = rules.OF_STEP[Step(alarm.step)] if alarm.step else Action.CLOSE
        for name in data.draw(st.permutations(["duty", "inspector", "office"]), label="who is asked first"):
            person = self.world.people[name]
            if any(each.action == action and each.refused is None for each in selectors.acts(alarm, acting=person)):
                self.do(alarm, action, person, data)
                return True
        return False

    def do(self, alarm: Alarm, action: str, person: Any, data: Any) -> None:
        """What is done too late leaves its row, whoever noticed it."""
        verb, named = self.inputs(action, alarm, person, data)
        named["act_id"] = new_id()
        verb(**named)
        self.done.append((verb, named))
        if alarm.due_at is not None and self.world.now > alarm.due_at and action == rules.OF_STEP[Step(alarm.step)]:
            delay = StepDelay.objects.get(alarm=alarm, round=alarm.round, step=alarm.step)
            assert delay.done_at == self.world.now

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def sent_again(self, data: Any) -> None:
        """Whatever has happened since: an act under its id is done once, and nothing else is done under that id."""
        verb, named = data.draw(st.sampled_from(self.done), label="sent again")
        again = {**named, "now": self.world.now}
        before = list(Alarm.objects.order_by("pk").values()), AlarmMove.objects.count(), Job.objects.count()
        assert verb(**again).pk == named["alarm_id"]
        words = next(name for name in ("measures", "cause", "note", "why") if name in again)
        with pytest.raises(Refused) as refused, transaction.atomic():
            verb(**{**again, words: "别的话"})
        assert refused.value.key == "alarms.act_id_taken"
        assert before == (list(Alarm.objects.order_by("pk").values()), AlarmMove.objects.count(), Job.objects.count())

    @rule(by=st.sampled_from(PEOPLE), action=st.sampled_from(ACTS), data=st.data())
    def press_what_is_not_there(self, by: str, action: Action, data: Any) -> None:
        """A stale page: an act that is not offered is refused, and nothing changes."""
        person = self.world.people[by]
        alarm = self.one(person, data)
        if any(each.action == action for each in selectors.acts(alarm, acting=person)):
            return
        verb, named = self.inputs(action, alarm, person, data)
        self.refused_and_unchanged(alarm, Refused, verb, named)

    @rule(action=st.sampled_from(ACTS), data=st.data())
    def a_stranger(self, action: Action, data: Any) -> None:
        """For somebody of another county there is no such alarm."""
        alarm = self.one(self.world.office, data)
        verb, named = self.inputs(action, alarm, self.world.stranger, data)
        self.refused_and_unchanged(alarm, Alarm.DoesNotExist, verb, named)

    @rule(data=st.data())
    def confirm_without_proof(self, data: Any) -> None:
        """Nobody confirms a cut that is not shown without saying why."""
        alarm = self.one(self.world.duty, data)
        if alarm.step != Step.CUT or alarm.state == State.SET_ASIDE:
            return
        named = {"alarm_id": alarm.pk, "by": self.world.duty, "now": self.world.now}
        if selectors.cut(alarm).shown:
            assert services.confirm_cut(**named).cut_shown
        else:
            self.refused_and_unchanged(alarm, Refused, services.confirm_cut, named)

    @rule(minutes=st.sampled_from([1, 3, 12, 70, 600, 60 * 24 * 4]), worker=st.booleans())
    def time_passes(self, minutes: int, worker: bool) -> None:
        """With the worker timers ring; without it they wait, and lateness must not be lost."""
        self.world.later(minutes=minutes)
        if worker:
            self.run_jobs(now=self.world.now)
            failed = Job.objects.filter(state="failed").first()
            assert failed is None, failed.error
            waiting = Alarm.objects.filter(due_at__lt=self.world.now, late=False)
            assert not waiting.exists(), "a step whose time is over is late"

    def one(self, person: Any, data: Any) -> Alarm:
        """What is judged comes up more often than a sensor at fault."""
        alarms = list(Alarm.objects.visible_to(person).order_by("number"))
        judged = [alarm for alarm in alarms if alarm.family in JUDGED]
        found: Alarm = data.draw(st.sampled_from([*judged, *judged, *alarms]), label="alarm")
        return found

    def refused_and_unchanged(self, alarm: Alarm, error: Any, verb: Any, named: dict[str, Any]) -> None:
        before = Alarm.objects.filter(pk=alarm.pk).values().get()
        moves = AlarmMove.objects.filter(alarm=alarm).count()
        with pytest.raises(error), transaction.atomic():
            verb(**named)
        assert Alarm.objects.filter(pk=alarm.pk).values().get() == before
        assert AlarmMove.objects.filter(alarm=alarm).count() == moves

    def inputs(self, action: str, alarm: Alarm, person: Any, data: Any) -> tuple[Any, dict[str, Any]]:
        """Valid inputs of an act."""
        on = {"alarm_id": alarm.pk, "by": person, "now": self.world.now}
        more: dict[str, Any] = {"note": "说明"}
        match action:
            case Action.CONFIRM_CUT:
                more["why"] = data.draw(st.sampled_from(Why), label="why").value
            case Action.EVACUATE:
                more["people"] = data.draw(st.sampled_from([None, 0, 12]), label="people")
            case Action.STATE_CAUSE:
                more = {"kind": "ventilation", "cause": "风量不足"}
            case Action.TAKE_MEASURES:
                more = {"measures": "加大配风"}
            case Action.SET_ASIDE:
                aside = data.draw(st.sampled_from(Aside), label="aside").value
                more = {"aside": aside, "why": "探头进水", "name": "王五"}
        return getattr(services, action), {**on, **more}

    # --- what always holds ---

    @invariant()
    def the_moves_give_the_state(self) -> None:
        for alarm in Alarm.objects.prefetch_related("moves"):
            moves = list(alarm.moves.all())
            assert [move.seq for move in moves] == list(range(1, len(moves) + 1))
            assert moves[0].action == "raise"
            assert rules.MACHINE.replay([Action(move.action) for move in moves[1:]]) == alarm.state
            for earlier, later in pairwise(moves):
                assert earlier.target == later.source
                assert earlier.at <= later.at
                assert later.round - earlier.round == (later.action in (Action.RECUR, Action.SEND_BACK))

    @invariant()
    def closed_means_an_answer_and_other_eyes(self) -> None:
        closed = Alarm.objects.filter(state=State.CLOSED)
        for alarm in closed:
            assert alarm.cause or (alarm.aside and alarm.aside_why and alarm.aside_name)
            assert alarm.cleared_at is not None
            if alarm.family in JUDGED:
                assert alarm.reviewed_by_id in {self.world.office.pk, self.world.inspector.pk}
            assert not alarm.late

    @invariant()
    def nobody_reviews_their_own_work(self) -> None:
        handled = [*(action for action in rules.STEP_OF if action is not Action.REVIEW), Action.SET_ASIDE]
        for alarm in Alarm.objects.filter(reviewed_by__isnull=False):
            assert not AlarmMove.objects.filter(alarm=alarm, by=alarm.reviewed_by_id, action__in=handled).exists()

    @invariant()
    def one_open_alarm_of_a_place(self) -> None:
        keys = list(Alarm.objects.exclude(state=State.CLOSED).values_list("mine_id", "family", "quantity", "place"))
        assert len(keys) == len(set(keys))

    @invariant()
    def it_has_cleared_where_no_episode_goes_on(self) -> None:
        for alarm in Alarm.objects.exclude(family="station"):
            lasts = Episode.objects.filter(alarms__alarm=alarm, end__isnull=True).exists()
            assert lasts is (alarm.cleared_at is None), alarm
            assert not (lasts and alarm.state == State.CLOSED)

    @invariant()
    def late_never_un_happens(self) -> None:
        rows = {row.pk: (row.alarm_id, row.round, row.step, row.due_at, row.done_at) for row in StepDelay.objects.all()}
        for pk, (*what, done) in self.late.items():
            assert [*rows[pk][:4]] == what
            assert done is None or rows[pk][4] == done
        self.late = rows
        late = set(Alarm.objects.filter(ever_late=True).values_list("pk", flat=True))
        assert late >= self.ever_late
        assert late == {alarm for alarm, *_rest in rows.values()}
        self.ever_late = late

    @invariant()
    def a_level_never_falls_within_a_round(self) -> None:
        for pk, n, rank in Alarm.objects.values_list("pk", "round", "rank"):
            assert rank <= self.worst.get((pk, n), 9)
            self.worst[pk, n] = rank

    @invariant()
    def whoever_waits_has_a_timer(self) -> None:
        pending = set(Job.objects.filter(name="alarms.late", state="pending").values_list("key", flat=True))
        for alarm in Alarm.objects.all():
            waits = alarm.due_at is not None and not alarm.late
            assert (clock.step_key(alarm.pk) in pending) is waits, alarm
            assert (alarm.due_at is not None) <= (alarm.state != State.CLOSED)

    @invariant()
    def whose_turn_it_is_follows_from_the_road(self) -> None:
        for alarm in Alarm.objects.all():
            following = selectors.conclude(alarm)
            assert alarm.step == (following.value if following else "")


@pytest.mark.slow
def test_whatever_sensors_and_people_do(watched, run_jobs):
    Room.world, Room.run_jobs, Room.begins = watched, staticmethod(run_jobs), watched.now
    run_state_machine_as_test(
        Room,
        settings=settings(
            max_examples=24, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert Room.played >= 24
    assert not Alarm.objects.exists()  # nothing of the examples was kept

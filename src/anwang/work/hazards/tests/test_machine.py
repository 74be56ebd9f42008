"""The ledger as people use it: any act, by anybody, at any time, with the timers running or not.

What must hold whatever happens: nothing is closed without evidence and other eyes; what is offered can be done and
what is refused is refused for the reason shown; lateness never un-happens; the moves give the state; the figures are
those of the rows.
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

from anwang.ground.base.errors import Refused
from anwang.ground.files.models import StoredFile
from anwang.ground.jobs.models import Job
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.work.hazards import rules, selectors, services
from anwang.work.hazards.models import CELL, Count, Delta, Extension, Hazard, Overdue
from anwang.work.hazards.services import counts, timers

from .conftest import major_urn

pytestmark = pytest.mark.django_db

PERSONS = ("inspector", "inspector_two", "office", "office_two", "town", "grid", "enterprise", "city")
REPORTERS = ("inspector", "office", "town", "grid", "enterprise")


class Ledger(RuleBasedStateMachine):
    """Hazards of one mine and everybody around it."""

    world: Any = None

    def __init__(self) -> None:
        super().__init__()
        # Every example in a transaction of its own that is never kept.
        self.held = transaction.atomic()
        self.held.__enter__()
        self.now = self.world["now"]
        self.seen_late: dict[str, Any] = {}
        self.ended: dict[int, int] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.held.__exit__(None, None, None)

    def person(self, name: str) -> Any:
        return getattr(self.world["people"], name)

    def picture(self, by: Any) -> str:
        return self.world["picture"](by=by, at=self.now, data=next(self.world["pictures"]))

    # --- what people do ---

    @initialize(by=st.sampled_from(REPORTERS))
    def first(self, by: str) -> None:
        self.report(by)

    @rule(by=st.sampled_from(REPORTERS))
    @precondition(lambda self: Hazard.objects.count() < 3)
    def report(self, by: str) -> None:
        person = self.person(by)
        services.report(
            site_id=self.world["site"].pk,
            description="皮带机头灭火器压力不足",
            source="grid",
            found_at=self.now - timedelta(minutes=5),
            by=person,
            now=self.now,
            photos=[self.picture(person)],
        )

    @rule(by=st.sampled_from(PERSONS), data=st.data())
    def act(self, by: str, data: Any) -> None:
        """Somebody presses one of the buttons they see, enabled or not."""
        person = self.person(by)
        hazards = list(Hazard.objects.visible_to(person).order_by("id"))
        hazard = data.draw(st.sampled_from(hazards), label="hazard")
        offered = selectors.acts(hazard, acting=person, now=self.now)
        if not offered:
            return
        chosen = data.draw(st.sampled_from(offered), label="act")
        verb, named = self.inputs(chosen.action, hazard, person, data)
        if chosen.refused is None:
            verb(**named)
        else:
            with pytest.raises(Refused) as refused, transaction.atomic():
                verb(**named)
            assert refused.value.key == chosen.refused

    @rule(by=st.sampled_from(PERSONS), action=st.sampled_from([*rules.Action]), data=st.data())
    def press_what_is_not_there(self, by: str, action: rules.Action, data: Any) -> None:
        """A stale page: an act that is not offered is refused, and nothing changes."""
        person = self.person(by)
        hazard = data.draw(st.sampled_from(list(Hazard.objects.visible_to(person).order_by("id"))))
        if any(each.action == action for each in selectors.acts(hazard, acting=person, now=self.now)):
            return
        verb, named = self.inputs(str(action), hazard, person, data)
        with pytest.raises(Refused), transaction.atomic():
            verb(**named)
        assert Hazard.objects.get(pk=hazard.pk).state == hazard.state

    @rule(hours=st.sampled_from([1, 5, 24, 30, 24 * 4, 24 * 11]), worker=st.booleans())
    def time_passes(self, hours: int, worker: bool) -> None:
        """With the worker running timers ring; without it they wait, and lateness must not be lost."""
        self.now += timedelta(hours=hours)
        if worker:
            self.world["run_jobs"](now=self.now)
            assert not Job.objects.filter(state="failed").exists(), Job.objects.filter(state="failed").first().error

    def inputs(self, action: str, hazard: Hazard, person: Any, data: Any) -> tuple[Any, dict[str, Any]]:
        """Valid inputs of an act."""
        today = clock.local_date(self.now)
        term = selectors.term(hazard.domain, hazard.grade, hazard.found_on)
        deadline = clock.add_days(today, data.draw(st.integers(0, term.longest), label="days"))
        on = {"hazard_id": hazard.pk, "by": person, "now": self.now}
        more: dict[str, Any] = {"note": "理由"}
        if action == "propose_major":
            more["standard_urn"] = major_urn(hazard)
        elif action in ("assign", "resume"):
            more["due_on"] = deadline
        elif action == "transfer":
            more["unit_id"] = next(pk for pk in self.world["units"] if pk != hazard.unit_id)
            more["due_on"] = deadline
        elif action == "submit":
            more["photos"] = [self.picture(person)]
        elif action == "plan":
            more = {"person": "武某", "phone": "15400000077", "measures": "更换", "funds": "无需资金"}
            more["emergency_plan"] = data.draw(st.sampled_from(["", "停用并围挡"]), label="plan")
        elif action == "add_photos":
            more = {"slot": "after", "photos": [self.picture(person)]}
            if not any(each.action == "plan" for each in selectors.acts(hazard, acting=person, now=self.now)):
                more["slot"] = "before" if _reports(hazard, person) else "after"
        elif action == "fix_on_spot":
            more |= {"fixed_by_name": "王某", "photos": [self.picture(person)]}
        elif action == "ask_extension":
            days = data.draw(st.integers(1, term.longest), label="more days")
            more = {"new_due_on": clock.add_days(hazard.due_on or today, days), "reason": "缺件", "interim": "专人值守"}
        elif action == "decide_extension":
            extension = selectors.open_extension(hazard)
            grant = data.draw(st.booleans(), label="grant")
            named = {"by": person, "now": self.now, "note": "理由", "grant": grant}
            return services.decide_extension, {"extension_id": extension.pk if extension else "", **named}
        return getattr(services, action), {**on, **more}

    # --- what always holds ---

    @invariant()
    def the_moves_give_the_state(self) -> None:
        for hazard in Hazard.objects.prefetch_related("moves"):
            moves = list(hazard.moves.all())
            assert [move.seq for move in moves] == list(range(1, len(moves) + 1))
            assert moves[0].action == "report"
            assert rules.MACHINE.replay([move.action for move in moves[1:]]) == hazard.state
            for earlier, later in pairwise(moves):
                assert (earlier.target, earlier.at <= later.at) == (later.source, True)

    @invariant()
    def closed_means_evidence_and_other_eyes(self) -> None:
        for hazard in Hazard.objects.filter(state="closed").prefetch_related("moves"):
            moves = list(hazard.moves.all())
            hands = {move.by_id for move in moves if move.action in ("start", "submit") and move.by_id}
            verified = next(move for move in reversed(moves) if move.action == "verify")
            closed = next(move for move in reversed(moves) if move.action == "close")
            assert verified.by_id not in hands
            assert closed.by_id not in hands
            assert StoredFile.objects.filter(thing_kind="hazard", thing_id=hazard.pk, slot="after").exists()
            if hazard.grade == "major":
                assert verified.by_id != closed.by_id
                assert selectors.fixings(hazard) == frozenset(rules.Fixing)
                assert hazard.standard_urn
            if hazard.on_spot:
                assert closed.by_id != self.world["people"].enterprise.pk
            assert not hazard.late

    @invariant()
    def late_never_un_happens(self) -> None:
        for pk, first in Hazard.objects.filter(first_late_on__isnull=False).values_list("pk", "first_late_on"):
            assert self.seen_late.setdefault(pk, first) == first
        assert set(self.seen_late) == set(Hazard.objects.exclude(first_late_on=None).values_list("pk", flat=True))
        ended = dict(Overdue.objects.filter(ended_on__isnull=False).values_list("pk", "days"))
        assert ended.items() >= self.ended.items()
        self.ended = ended
        assert set(Overdue.objects.values_list("hazard_id", flat=True)) == set(self.seen_late)
        for hazard in Hazard.objects.all():
            assert hazard.late == hazard.overdues.filter(ended_on__isnull=True).exists()
            ended = hazard.overdues.filter(ended_on__isnull=False)
            days = {clock.add_days(each.began_on, n) for each in ended for n in range(each.days or 0)}
            assert hazard.late_days == len(days), "a day that two stages share is one day"

    @invariant()
    def whoever_waits_has_a_timer(self) -> None:
        waiting = set(Job.objects.filter(name="hazards.ring", state="pending").values_list("key", flat=True))
        for hazard in Hazard.objects.all():
            if not rules.counts_late(rules.State(hazard.state)):
                assert timers.key(hazard.pk) not in waiting
            elif not hazard.late:
                assert timers.key(hazard.pk) in waiting

    @invariant()
    def what_waits_for_somebody_can_be_done_by_them(self) -> None:
        for name in ("inspector", "enterprise", "office"):
            person = self.person(name)
            for each in selectors.waiting_for(person):
                offered = {one.action: one.refused for one in selectors.acts(each.hazard, acting=person, now=self.now)}
                assert each.action in offered
                # A major one may still lack fixings; everything else can be done at once.
                assert offered[each.action] in (None, "hazards.fixings_missing")

    @invariant()
    def figures_are_those_of_the_rows(self) -> None:
        for name in ("office", "city", "enterprise", "town"):
            person = self.person(name)
            group = ("domain", "state", "late", "ever_late", "grade", "month")
            whole = _counted(person)
            assert selectors.cells(person, group=group) == whole
            for few in (("state", "late"), ("month", "state"), ("domain",), ("source", "late")):  # other faces
                assert selectors.cells(person, group=few) == _counted(person, few)
            assert sum(selectors.cells(person, group=()).values()) == Hazard.objects.visible_to(person).count()

    @rule()
    def fold(self) -> None:
        counts.fold(now=self.now)
        assert not Delta.objects.exists()
        folded = _cells()
        counts.rebuild()
        assert _cells() == folded


def _reports(hazard: Hazard, person: Any) -> bool:
    from anwang.ground.accounts import scope
    from anwang.ground.accounts.permissions import Permission

    return scope.can(person, Permission.HAZARD_REPORT, on=hazard)


def _cells() -> dict[Any, int]:
    rows = Count.objects.exclude(n=0).values_list("face", "level", "code", *CELL, "n")
    return {tuple(key): n for *key, n in rows}


def _counted(
    person: Any, group: tuple[str, ...] = ("domain", "state", "late", "ever_late", "grade", "month")
) -> dict[Any, int]:
    found: dict[Any, int] = {}
    for hazard in Hazard.objects.visible_to(person):
        said = {"ever_late": hazard.first_late_on is not None, "month": hazard.found_month}
        key = tuple(said[name] if name in said else getattr(hazard, name) for name in group)
        found[key] = found.get(key, 0) + 1
    return found


@pytest.mark.slow
def test_whatever_anybody_does(people, site, organisation, picture, places, run_jobs, now):
    from .conftest import jpeg

    kept = [jpeg() for _ in range(12)]

    def pictures():
        while True:
            yield from kept

    Ledger.world = {
        "now": now,
        "people": people,
        "site": site(),
        "picture": picture,
        "pictures": pictures(),
        "units": [people.enterprise.mine.pk, organisation("河曲县望舒商贸有限公司").pk],
        "run_jobs": run_jobs,
        "county": Region.objects.get(pk=places.county.pk),
    }
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    assert not Extension.objects.exists()  # nothing of the examples was kept

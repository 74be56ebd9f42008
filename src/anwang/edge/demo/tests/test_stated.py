"""What the demonstration's mines state of their own points follows from what they sent, but for the one that hides."""

from datetime import UTC, datetime, timedelta

import pytest

from anwang.edge.demo import watch
from anwang.edge.demo.mines import SimulatedMine, county
from anwang.kernel import clock
from anwang.work.telemetry import services, stated
from anwang.work.telemetry.memory import millis, moment
from anwang.work.telemetry.models import Mine, RefusedRecord
from anwang.work.telemetry.rules import Difference

NOON = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)  # 12:30 in Beijing


@pytest.mark.parametrize("n", [watch.HIDING, watch.HIDING + 1])
def test_only_the_one_that_hides_differs(gas, n: int) -> None:
    plan = county.plans()[n]
    last = millis(NOON) // watch.STEP_MS * watch.STEP_MS
    at = [last - back * watch.STEP_MS for back in range(26 * 60, -1, -1)]
    mine = SimulatedMine(plan, seed=n, begins=at[0])
    services.receive(watch._calm(mine, at), now=moment(last) + timedelta(seconds=2))
    (receipt,) = services.receive(watch._stated(plan, n, NOON), now=NOON)
    assert (receipt.state, receipt.rejected) == ("taken", 0)
    assert not RefusedRecord.objects.exists()
    day = clock.local_date(NOON)
    lines = [line for each in (-1, 0) for line in stated.of_mine(Mine.objects.get(), clock.add_days(day, each))]
    analog = [point for point in plan.points if point.analog]
    assert sum(line.n for line in lines) == watch.CURVE * len(analog)
    differing = [line for line in lines if line.differing]
    if n != watch.HIDING:
        assert differing == []
        return
    (hidden,) = {line.point.code for line in differing}
    assert hidden == next(point.code for point in plan.points if point.key == "face-1.T1")
    assert sum(line.differences[Difference.MAX_LOWER] for line in differing) == 3

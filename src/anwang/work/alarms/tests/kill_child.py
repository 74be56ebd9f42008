"""A house in which things happen by a list: values, acts, timers. Run by test_kill.py, which kills it.

``make`` builds the mine and its people. ``run JOURNAL [before|after N]`` goes through the list from the first thing that
the journal does not have: readings are sent again from a little before it, as a gateway does that has seen no receipt;
an act is sent again under its id by who saw no answer. It kills itself before or after the N-th transaction of this run.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anwang.config.settings")
django.setup()

from django.db import transaction  # noqa: E402

from anwang.config import tasks  # noqa: E402
from anwang.ground.accounts.models import User  # noqa: E402
from anwang.ground.jobs import services as jobs  # noqa: E402
from anwang.work.alarms import services  # noqa: E402
from anwang.work.alarms.models import Alarm  # noqa: E402
from anwang.work.alarms.tests.making import MINE, NOW, mine  # noqa: E402
from anwang.work.telemetry import services as gas  # noqa: E402
from anwang.work.telemetry import store  # noqa: E402

AGAIN = 3
"""Scans that a gateway sends again after a break."""
POINTS = {
    f"{MINE}01MN000100000001": ("3101综采工作面T1", "%CH4", "1.0;1.0;;;1.5;1.0;;"),
    f"{MINE}01MN000100000004": ("总回风巷", "%CH4", "0.75;0.75;;;;;;"),
    f"{MINE}01MN000400000003": ("3101综采工作面一氧化碳", "ppm", "24;24;;;;;;"),
}
SCAN, ACT, RING = "scan", "act", "ring"
Thing = tuple[str, int, Any]
"""What happens, seconds after the beginning, what with."""


def things() -> list[Thing]:
    """Two alarms climb, swing, call again and end; one is no alarm; steps are late and on time."""
    found: list[Thing] = []
    at = 0

    def scan(after: int, face: float, back: float = 0.2, co: float = 5.0) -> None:
        nonlocal at
        at += after
        found.extend([(SCAN, at, (face, back, co)), (RING, at, None)])

    def act(place: str, verb: str, by: str, **said: Any) -> None:
        nonlocal at
        at += 7
        found.append((ACT, at, (place, verb, by, said)))

    scan(10, 0.3)
    scan(10, 1.2)
    scan(10, 1.3, 0.8)
    for _n in range(3):
        scan(50, 1.3, 0.8)
    act("3101综采工作面", "acknowledge", "duty")
    scan(10, 1.2, 0.8, 30.0)
    act("3101综采工作面", "confirm_cut", "duty", why="seen_on_site", note="现场验电")
    for _n in range(9):
        scan(55, 1.1, 0.9, 30.0)
    act("总回风巷", "acknowledge", "duty")
    act("3101综采工作面", "evacuate", "duty", people=12)
    act("3101综采工作面", "set_aside", "duty", aside="test", why="一氧化碳断电试验", name="张三")
    scan(20, 0.4, 0.9)
    act("3101综采工作面", "state_cause", "duty", kind="ventilation", cause="局部通风机停风")
    act("3101综采工作面", "take_measures", "duty", measures="恢复通风")
    scan(20, 0.4, 1.2)
    act("3101综采工作面", "send_back", "office", note="原因不具体")
    act("总回风巷", "confirm_cut", "duty", why="seen_on_site", note="现场验电")
    act("总回风巷", "evacuate", "duty", people=3)
    scan(30, 0.4, 0.3)
    act("总回风巷", "state_cause", "duty", kind="emission", cause="瓦斯涌出")
    act("3101综采工作面", "state_cause", "duty", kind="equipment", cause="风筒脱节")
    for _n in range(12):
        scan(58, 0.4, 0.3)
    scan(10, 1.6, 0.3)
    act("3101综采工作面", "acknowledge", "duty")
    for _n in range(3):
        scan(58, 1.6, 0.3)
    scan(10, 0.3, 0.2)
    act("3101综采工作面", "confirm_cut", "duty", why="seen_on_site", note="现场验电")
    act("3101综采工作面", "evacuate", "duty", people=9)
    act("3101综采工作面", "state_cause", "duty", kind="geology", cause="过断层")
    act("3101综采工作面", "take_measures", "duty", measures="加强抽采")
    act("3101综采工作面", "finish", "office", note="属实")
    act("总回风巷", "take_measures", "duty", measures="加强抽采")
    scan(10, 0.3, 0.2)
    return found


def number_of_scans(found: list[Thing], upto: int) -> int:
    return sum(kind == SCAN for kind, _at, _with in found[:upto])


def do(n: int, thing: Thing, key: int) -> None:
    kind, after, said = thing
    now = NOW + timedelta(seconds=after)
    if kind == SCAN:
        ms = round(now.timestamp() * 1000)
        scan = gas.Scan(MINE, list(POINTS), [ms] * 3, list(said), [0] * 3, key=f"s{key}", name="scan")
        gas.receive_scan(scan, now=now)
    elif kind == RING:
        jobs.run_due(now=now)
    else:
        place, verb, by, more = said
        quantity = "co" if "一氧化碳" in str(more) else "methane"
        alarm = Alarm.objects.filter(family="over", quantity=quantity, place=place).latest("pk")
        # Its own id, the same in every run: who sends it again is answered and not refused.
        act_id = f"01M8H3SZ0C{n:016d}"
        getattr(services, verb)(alarm_id=alarm.pk, by=User.objects.get(username=by), now=now, act_id=act_id, **more)


class Dying:
    """Counts the transactions of this run, of whichever kind, and dies before or after one of them is written."""

    def __init__(self, when: str = "", count: int = 0) -> None:
        self.when, self.count, self.done = when, count, 0
        real: Callable[..., Any] = transaction.Atomic.__exit__

        def leave(atomic: transaction.Atomic, *error: Any) -> None:
            # The outermost one alone commits.
            outermost = not transaction.get_connection(atomic.using).savepoint_ids
            self.done += outermost
            self.now("before", outermost)
            real(atomic, *error)
            self.now("after", outermost)

        transaction.Atomic.__exit__ = leave  # type: ignore[method-assign]

    def now(self, when: str, outermost: bool) -> None:
        if outermost and when == self.when and self.done == self.count:
            os.kill(os.getpid(), signal.SIGKILL)


def run(journal: Path, dying: Dying) -> None:
    tasks.load()
    found = things()
    begun = int(journal.read_text() or 0) if journal.exists() else 0
    scans = [n for n, thing in enumerate(found[:begun]) if thing[0] == SCAN]
    print("ready", begun, len(found), flush=True)
    for n in scans[-AGAIN:]:
        do(n, found[n], number_of_scans(found, n))
    for n in range(begun, len(found)):
        do(n, found[n], number_of_scans(found, n))
        beside = journal.with_suffix(".new")
        beside.write_text(str(n + 1))
        beside.replace(journal)
    store.close()
    print("done", dying.done, flush=True)


if sys.argv[1] == "make":
    mine(POINTS, ("duty",))
else:
    run(Path(sys.argv[2]), Dying(sys.argv[3], int(sys.argv[4])) if len(sys.argv) > 3 else Dying())

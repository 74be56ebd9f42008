"""A house with one alarm, and a person who acknowledges it, as processes of their own: see test_race.py.

``make`` builds the mine and lets it call; ``press NAME`` waits for a line, acknowledges, and waits for another line with
the transaction still open where ``hold`` is said.
"""

import sys
from datetime import timedelta

import django

django.setup()

from django.db import transaction  # noqa: E402

from anwang.ground.accounts.models import User  # noqa: E402
from anwang.ground.base.errors import Refused  # noqa: E402
from anwang.work.alarms import services  # noqa: E402
from anwang.work.alarms.models import Alarm  # noqa: E402
from anwang.work.alarms.tests.making import MINE, NOW, mine  # noqa: E402
from anwang.work.telemetry import services as gas  # noqa: E402

POINT = "14093000000101MN000100000001"


def make() -> None:
    mine({POINT: ("3101综采工作面T1", "%CH4", "1.0;1.0;;;1.5;1.0;;")}, ("first", "second"))
    ms = round(NOW.timestamp() * 1000) + 10_000
    gas.receive_scan(gas.Scan(MINE, [POINT], [ms], [1.2], [0], key="s1", name="scan"), now=NOW + timedelta(seconds=10))
    print(Alarm.objects.get().state, flush=True)


def press(name: str, *, hold: bool) -> None:
    by, alarm = User.objects.get(username=name), Alarm.objects.get()
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        with transaction.atomic():
            services.acknowledge(alarm_id=alarm.pk, by=by, now=NOW + timedelta(seconds=30))
            print("done", flush=True)
            if hold:
                sys.stdin.readline()
    except Refused as refused:
        print("refused", refused.key, refused.what, flush=True)


if sys.argv[1] == "make":
    make()
else:
    press(sys.argv[2], hold="hold" in sys.argv)

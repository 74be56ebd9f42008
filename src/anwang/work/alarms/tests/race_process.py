"""A house with two alarms, and people who acknowledge them, as processes of their own: see test_race.py.

``make`` builds the mine and lets it call at two places; ``press NAME PLACE ACT_ID`` ("" for none) waits for a line,
acknowledges, and waits for another line with the transaction still open where ``hold`` is said.
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

POINTS = {
    f"{MINE}01MN000100000001": ("3101综采工作面T1", "%CH4", "1.0;1.0;;;1.5;1.0;;"),
    f"{MINE}01MN000100000004": ("总回风巷", "%CH4", "0.75;0.75;;;;;;"),
}


def make() -> None:
    mine(POINTS, ("first", "second"))
    ms = round(NOW.timestamp() * 1000) + 10_000
    scan = gas.Scan(MINE, list(POINTS), [ms] * 2, [1.2] * 2, [0] * 2, key="s1", name="scan")
    gas.receive_scan(scan, now=NOW + timedelta(seconds=10))
    print(*Alarm.objects.values_list("state", flat=True), flush=True)


def press(name: str, place: str, act_id: str, *, hold: bool) -> None:
    by, alarm = User.objects.get(username=name), Alarm.objects.get(place=place)
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        with transaction.atomic():
            services.acknowledge(alarm_id=alarm.pk, by=by, now=NOW + timedelta(seconds=30), act_id=act_id)
            print("done", flush=True)
            if hold:
                sys.stdin.readline()
    except Refused as refused:
        print("refused", refused.key, refused.what, flush=True)


if sys.argv[1] == "make":
    make()
else:
    press(*sys.argv[2:5], hold="hold" in sys.argv)

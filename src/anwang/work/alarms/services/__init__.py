"""The verbs of alarms. Each is one transaction: permit → lock → facts → rule → write → record → announce."""

from anwang.work.alarms.services.hazards import make_hazard
from anwang.work.alarms.services.levels import set_rule
from anwang.work.alarms.services.life import (
    acknowledge,
    close,
    confirm_cut,
    evacuate,
    finish,
    review,
    send_back,
    set_aside,
    state_cause,
    take_measures,
)
from anwang.work.alarms.services.steps import set_limit, set_road
from anwang.work.alarms.services.timers import climb, note_late

__all__ = [
    "acknowledge",
    "climb",
    "close",
    "confirm_cut",
    "evacuate",
    "finish",
    "make_hazard",
    "note_late",
    "review",
    "send_back",
    "set_aside",
    "set_limit",
    "set_road",
    "set_rule",
    "state_cause",
    "take_measures",
]

"""Words of alarms: families, states, acts, refusals, events, notices."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anwang.ground.base.errors import Sentence
from anwang.work.alarms import rules
from anwang.work.alarms.rules import Action, Aside, Family, State, Step, Why

Text = str | Promise

FAMILIES: list[tuple[str, Text]] = [
    (Family.OVER.value, _("Limit exceeded")),
    (Family.FEED.value, _("Power not cut off")),
    (Family.SENSOR.value, _("Sensor at fault")),
    (Family.SILENT.value, _("Points without data")),
    (Family.STATION.value, _("Substation without data")),
    (Family.MINE.value, _("Whole mine without data")),
]
FAMILY = dict(FAMILIES)
TOO_LOW = _("Below the limit")
"""Of what may not fall: air speed, oxygen."""


def family(alarm: Any) -> Text:
    """The family in words: too little of something is not called too much."""
    low = alarm.family == Family.OVER and rules.is_low(alarm.kinds)
    return TOO_LOW if low else FAMILY[alarm.family]


QUANTITY: dict[str, Text] = {
    "methane": _("Methane"),
    "co": _("Carbon monoxide"),
    "oxygen": _("Oxygen"),
    "co2": _("Carbon dioxide"),
}
"""Of other sensors the telemetry room's library of types has the word."""

LEVELS: list[tuple[str, Text]] = [
    ("red", pgettext_lazy("level", "Red")),
    ("orange", pgettext_lazy("level", "Orange")),
    ("yellow", pgettext_lazy("level", "Yellow")),
    ("blue", pgettext_lazy("level", "Blue")),
]
LEVEL = dict(LEVELS)

STATES: list[tuple[str, Text]] = [
    (State.RAISED.value, _("Not acknowledged")),
    (State.ACKNOWLEDGED.value, _("Acknowledged")),
    (State.CUT_CONFIRMED.value, _("Power cut confirmed")),
    (State.EVACUATED.value, _("People withdrawn")),
    (State.CAUSE_STATED.value, _("Cause stated")),
    (State.MEASURES_DONE.value, _("Measures taken")),
    (State.SET_ASIDE.value, _("Reported as no alarm")),
    (State.REVIEWED.value, _("Alarm reviewed")),
    (State.CLOSED.value, _("Alarm closed")),
]
STATE = dict(STATES)
TONE: dict[str, str] = {
    State.RAISED.value: "open",
    State.ACKNOWLEDGED.value: "doing",
    State.CUT_CONFIRMED.value: "doing",
    State.EVACUATED.value: "doing",
    State.CAUSE_STATED.value: "doing",
    State.MEASURES_DONE.value: "waiting",
    State.SET_ASIDE.value: "waiting",
    State.REVIEWED.value: "waiting",
    State.CLOSED.value: "done",
}

STEPS: list[tuple[str, Text]] = [
    (Step.ACKNOWLEDGE.value, pgettext_lazy("step", "Acknowledge")),
    (Step.CUT.value, pgettext_lazy("step", "Confirm the power cut")),
    (Step.EVACUATE.value, pgettext_lazy("step", "Withdraw people")),
    (Step.CAUSE.value, pgettext_lazy("step", "State the cause")),
    (Step.MEASURES.value, pgettext_lazy("step", "Take measures")),
    (Step.REVIEW.value, pgettext_lazy("step", "Review by the county")),
]
STEP = dict(STEPS)

ACTIONS: list[tuple[str, Text]] = [
    (Action.ACKNOWLEDGE.value, _("Acknowledge the alarm")),
    (Action.CONFIRM_CUT.value, _("Confirm the power cut")),
    (Action.EVACUATE.value, _("Report people withdrawn")),
    (Action.STATE_CAUSE.value, _("State the cause")),
    (Action.TAKE_MEASURES.value, _("Report the measures taken")),
    (Action.SET_ASIDE.value, _("Report as no real alarm")),
    (Action.REVIEW.value, _("Review and approve")),
    (Action.SEND_BACK.value, _("Send back to the mine")),
    (Action.CLOSE.value, _("Close the alarm")),
    (Action.RECUR.value, _("Called again")),
]
ACTION = dict(ACTIONS)
DONE: dict[str, Text] = {
    "raise": _("Alarm raised"),
    Action.ACKNOWLEDGE.value: _("Alarm acknowledged"),
    Action.CONFIRM_CUT.value: _("Power cut confirmed"),
    Action.EVACUATE.value: _("People withdrawn"),
    Action.STATE_CAUSE.value: _("Cause stated"),
    Action.TAKE_MEASURES.value: _("Measures taken"),
    Action.SET_ASIDE.value: _("Reported as no alarm"),
    Action.REVIEW.value: _("Alarm reviewed"),
    Action.SEND_BACK.value: _("Sent back to the mine"),
    Action.CLOSE.value: _("Alarm closed"),
    Action.RECUR.value: _("Called again"),
}
"""What was done, as the timeline says it."""

ASIDES: list[tuple[str, Text]] = [
    (Aside.FALSE_ALARM.value, _("False alarm")),
    (Aside.CALIBRATION.value, _("Calibration of the sensor")),
    (Aside.TEST.value, _("Test of the system")),
]
ASIDE = dict(ASIDES)

WHYS: list[tuple[str, Text]] = [
    (Why.SEEN_ON_SITE.value, _("Checked on the spot by a person")),
    (Why.NO_SENSOR.value, _("No cutter or feed sensor reports for this place")),
    (Why.STALE.value, _("Cutter or feed has sent nothing since the alarm")),
    (Why.NOT_TO_BE_CUT.value, _("No power has to be cut here")),
]
WHY = dict(WHYS)
CUT_PROBLEM: dict[str, Text] = {
    "": _("Cutter and feed both show that the power is off."),
    "no_sensor": _("No cutter with a feed sensor is known for this place."),
    "stale": _("Cutter or feed has sent nothing since the alarm began."),
    "cutter_on": _("The cutter does not show a cut."),
    "feed_on": _("The cutter shows a cut, but the feed still has power."),
}

CUT_THEN: dict[str, Text] = {
    "": _("While it lasted, cutter and feed both showed that the power was off."),
    "no_sensor": CUT_PROBLEM["no_sensor"],
    "stale": _("While it lasted, cutter or feed sent nothing that counts."),
    "cutter_on": _("While it lasted, the cutter never showed a cut."),
    "feed_on": _("While it lasted, the cutter showed a cut, but the feed still had power."),
}
"""The same of an alarm that has cleared."""

CAUSES: list[tuple[str, Text]] = [
    ("ventilation", _("Ventilation disturbed or too little air")),
    ("emission", _("Unusual gas emission")),
    ("blasting", _("Blasting or coal cutting")),
    ("geology", _("Fault or other geology")),
    ("equipment", _("Equipment at fault")),
    ("power", _("Power or communication failure")),
    ("other", _("Something else")),
]


def measured(value: float | None, unit: str) -> str:
    """A value with its unit; "" where there is none."""
    return "" if value is None else f"{value:g} {unit}".strip()


def value(alarm: Any) -> str:
    """How bad it was: the highest value of an alarm, or the lowest where there was too little of something."""
    return measured(alarm.lowest if rules.is_low(alarm.kinds) else alarm.highest, alarm.unit)


CONFIDENCES: list[tuple[str, Text]] = [("high", _("sure")), ("medium", _("likely")), ("low", _("uncertain"))]
CONFIDENCE = dict(CONFIDENCES)

NO_STEP = _("There is no such step.")
NO_LEVEL = _("There is no such level.")
NO_KEY = _("A road needs a key of small letters, digits, dots and hyphens.")

REFUSALS = {
    "alarms.move_not_offered": Sentence(
        _("This cannot be done while the alarm is “%(state)s”."), _("Look at the page again.")
    ),
    "alarms.not_next": Sentence(
        _("Another step comes first: %(next)s."), _("Do that step, then come back to this one.")
    ),
    "alarms.not_handler": Sentence(_("You do not deal with alarms of this mine."), _("The mine's duty does it."), 403),
    "alarms.not_reviewer": Sentence(_("The review is the county's."), _("The county's office does it."), 403),
    "alarms.own_work": Sentence(
        _("You dealt with this alarm, so somebody else reviews it."), _("Ask a colleague of the county.")
    ),
    "alarms.not_cleared": Sentence(
        _("The value is still over its limit, or the fault goes on."), _("Wait until it has cleared.")
    ),
    "alarms.cut_not_shown": Sentence(
        _("Cutter and feed do not both show that the power is off."),
        _("Have it checked on the spot, then choose why you confirm it all the same."),
    ),
    "alarms.nothing_to_review": Sentence(_("There is no cause to review yet."), _("The mine states the cause first.")),
    "alarms.sensors_only": Sentence(_("Only the sensors do this."), _("Nothing to do.")),
    "alarms.words_missing": Sentence(_("This has to be said in words."), _("A sentence is enough."), 422),
    "alarms.name_missing": Sentence(_("The name of who says so is missing."), _("Enter the person's name."), 422),
    "alarms.choice_unknown": Sentence(_("This choice does not exist."), _("Choose one from the list."), 422),
    "alarms.too_long": Sentence(_("This text is too long (at most %(longest)s characters)."), _("Shorten it."), 422),
    "alarms.act_id_wrong": Sentence(
        _("The number of this act cannot be used."),
        _("Give every act a ULID of its own, or send it without a number."),
        422,
    ),
    "alarms.act_id_taken": Sentence(
        _("Another act was sent under this number already. Nothing was done."),
        _("Look at the alarm. If the act is still to be done, send it under a new number; on a page, press once more."),
    ),
    "alarms.hazard_linked": Sentence(_("A hazard has been made of this alarm already."), _("Open that hazard.")),
    "alarms.mine_unbound": Sentence(
        _("The mine is not bound to a place in the register yet."), _("Bind it on the mine's page first.")
    ),
    "alarms.rule_empty": Sentence(_("A level rule needs a key, a family and a level."), _("Fill them in."), 422),
    "alarms.rule_source": Sentence(
        _("A level rule needs the instrument it comes from."), _("Say where the numbers are from."), 422
    ),
    "alarms.row_source": Sentence(
        _("The instrument this comes from is missing."), _("Say what it rests on: a rule, a notice, a decision."), 422
    ),
    "alarms.step_unknown": Sentence(NO_STEP, _("Choose one from the list."), 422),
    "alarms.level_unknown": Sentence(NO_LEVEL, _("Choose red, orange, yellow or blue."), 422),
    "alarms.limit_minutes": Sentence(
        _("A time limit has between 1 and %(most)s minutes (a week)."),
        _("Enter a whole number, or choose that the step has no limit."),
        422,
    ),
    "alarms.road_key": Sentence(NO_KEY, _("Choose a short key."), 422),
    "alarms.road_order": Sentence(
        _("The steps do not stand in their order."), _("Put them in the order of the list."), 422
    ),
    "alarms.road_ends": Sentence(
        _("Every road begins with the acknowledgement and has a cause."), _("Choose these two steps as well."), 422
    ),
    "alarms.road_review": Sentence(
        _("An over-limit, or power that was not cut off, ends with the county's review."),
        _("Choose the review as well."),
        422,
    ),
    "alarms.road_gap": Sentence(
        _("Then there would be no steps for “%(family)s” of the level %(level)s."),
        _("Put another road into force first that takes these alarms, whatever the sensor."),
        422,
    ),
}

EVENTS = {
    "alarms.raised": _("Alarm raised"),
    "alarms.level": _("An alarm became more serious"),
    "alarms.acknowledge": _("Alarm acknowledged"),
    "alarms.confirm_cut": _("Power cut confirmed"),
    "alarms.evacuate": _("People withdrawn"),
    "alarms.state_cause": _("Cause stated"),
    "alarms.take_measures": _("Measures taken"),
    "alarms.set_aside": _("Reported as no alarm"),
    "alarms.review": _("Alarm reviewed"),
    "alarms.send_back": _("Sent back to the mine"),
    "alarms.close": _("Alarm closed"),
    "alarms.recur": _("Called again"),
    "alarms.late": _("A step of an alarm became late"),
    "alarms.hazard": _("A hazard was made of an alarm"),
    "alarms.rule_set": _("A level rule of alarms was changed"),
    "alarms.limit_set": _("A time limit of alarms was changed"),
    "alarms.road_set": _("The steps of alarms were changed"),
}

THINGS = {
    "alarm": _("Alarm"),
    "alarm_level_rule": _("Level rule of alarms"),
    "alarm_step_limit": _("Time limit of a step of alarms"),
    "alarm_road_rule": _("Steps of alarms"),
}

JOBS = {
    "alarms.late": _("Note a step of an alarm that is late"),
    "alarms.climb": _("Judge an alarm that lasts"),
    "alarms.tell": _("Tell who has to act on an alarm"),
    "alarms.tell_late": _("Tell that a step of an alarm is late"),
    "alarms.hand_over": _("Tell whose turn it is with an alarm"),
}

NOTICES = {
    "alarms.raised": _("%(level)s alarm: %(mine)s – %(place)s – %(what)s %(value)s"),
    "alarms.late": _("“%(step)s” is late: %(mine)s – %(place)s – %(what)s"),
    "alarms.review": _("To be reviewed: %(mine)s – %(place)s – %(what)s"),
    "alarms.send_back": _("Sent back by the county: %(mine)s – %(place)s – %(what)s"),
}
URGENT = ("alarms.raised", "alarms.late")

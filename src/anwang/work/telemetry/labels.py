"""Words for episodes, reasons, states; the refusals and events of the gas watch."""

from django.utils.translation import gettext_lazy as _

from anwang.ground.base.errors import Sentence
from anwang.work.telemetry.rules import Difference, GasClass, InOut, Kind, Verdict

KINDS = [
    (Kind.OVER.value, _("Over limit")),
    (Kind.UNDER.value, _("Under limit")),
    (Kind.CUT.value, _("Power cut")),
    (Kind.CUT_LOW.value, _("Power cut, low value")),
    (Kind.FEED.value, _("Feed anomaly")),
    (Kind.SILENT.value, _("Point silent")),
    (Kind.RANGE.value, _("Over range")),
    (Kind.CALIBRATION.value, _("Calibration")),
    (Kind.DISCONNECTED.value, _("Sensor disconnected")),
    (Kind.STUCK.value, _("Value standing still")),
    (Kind.RISE.value, _("Sudden rise")),
    (Kind.MISMATCH.value, _("State does not match the value")),
    (Kind.MINE_SILENT.value, _("Mine silent")),
]
KIND = dict(KINDS)

GAS_CLASSES = [
    (GasClass.LOW.value, _("Low-gas mine")),
    (GasClass.HIGH.value, _("High-gas mine")),
    (GasClass.OUTBURST.value, _("Outburst mine")),
]

REASONS = [
    ("fields", _("Wrong number of fields")),
    ("full_width", _("A full-width separator")),
    ("point", _("Not a point code")),
    ("other_mine", _("A code of another mine")),
    ("code", _("Not a code of a card, area or station")),
    ("value", _("Not a number")),
    ("status", _("Not a status")),
    ("time", _("Not a time")),
    ("flag", _("Not a flag of the format")),
    ("ahead", _("More than 5 minutes ahead of the clock")),
    ("name", _("The file name does not fit the format")),
    ("type", _("An unknown type of file")),
    ("header", _("The header does not fit the format")),
    ("mine", _("The header names another mine")),
    ("incomplete", _("The end of the file never came")),
    ("mine_unknown", _("No county for this mine code")),
]
REASON = dict(REASONS)

FIELDS = [
    ("high_alarm", _("Alarm value")),
    ("high_cut", _("Cut-off value")),
    ("high_restore", _("Restore value")),
    ("low_alarm", _("Low alarm value")),
]

LIMIT = {
    "high_alarm": _("Alarm"),
    "high_cut": _("Cut-off"),
    "high_restore": _("Restore"),
    "low_alarm": _("Low alarm"),
    "low_cut": _("Low cut-off"),
    "low_restore": _("Low restore"),
}
"""Limits as they stand on a chart, before their value."""

STATUS_BITS = [
    (1, _("alarm")),
    (2, _("power cut")),
    (4, _("calibrating")),
    (8, _("over range")),
    (16, _("substation fault")),
    (32, _("not polled")),
    (64, _("paused")),
    (128, _("sensor fault")),
]
"""What the bits of a reading's status say: what the mine itself says."""

REPORTED = {
    "001": _("Over-limit alarm"),
    "002": _("Power-cut alarm"),
    "003": _("Feed anomaly"),
    "004": _("Sensor disconnected"),
    "005": _("Base station without power"),
    "006": _("Base station out of reach"),
    "007": _("Calibration"),
    "008": _("Over range"),
    "009": _("Upper warning"),
    "010": _("Lower warning"),
}
"""Types of abnormal event in a mine's own reports."""

IN_OUT = [
    (InOut.MOUTH.value, _("At the mine mouth")),
    (InOut.IN.value, _("Underground")),
    (InOut.OUT.value, _("Come up")),
]
"""Where a card is, as the positioning system says."""

RUN_STATES = {"0": _("Running"), "1": _("Communication interrupted"), "2": _("Out of order"), "9": _("Not known")}
POWER_STATES = {"0": _("On battery"), "1": _("On mains"), "2": _("Power failed"), "9": _("Not known")}
"""Of a base station (JZSS). The format says direct and alternating current: the battery and the mains."""

UNMASK_REASONS = [
    ("rescue", _("Rescue or evacuation")),
    ("check", _("Check of the leader on shift, of an area over its number or of overtime")),
    ("other", _("Another reason, in words")),
]
UNMASK_REASON = dict(UNMASK_REASONS)
"""Why somebody wants to see the whole name of a person underground."""

VERDICTS = {
    Verdict.AGREES: _("Agrees"),
    Verdict.DIFFERS: _("Differs"),
    Verdict.GAP: _("Readings have a hole"),
    Verdict.UNSEEN: _("No valid reading"),
    Verdict.NOTHING: _("Nothing to compare"),
}
"""A mine's own statistics held against the readings it sent."""
VERDICT_NOTES = {
    Verdict.GAP: _("Nothing speaks against it, but the readings of this time are not whole."),
    Verdict.UNSEEN: _("None came, or the sensor was calibrating or out of order."),
    Verdict.NOTHING: _("No end, no number, or too long a time."),
}

DIFFERENCES = {
    Difference.MAX_LOWER: _("Highest is below a reading that was sent"),
    Difference.MAX_HIGHER: _("Highest is above every reading that was sent"),
    Difference.MAX_TIME: _("No reading shows the highest at that time"),
    Difference.MIN_HIGHER: _("Lowest is above a reading that was sent"),
    Difference.MIN_LOWER: _("Lowest is below every reading that was sent"),
    Difference.MIN_TIME: _("No reading shows the lowest at that time"),
    Difference.AVG_HIGHER: _("Mean is too high for the readings"),
    Difference.AVG_LOWER: _("Mean is too low for the readings"),
    Difference.ORDER: _("Its numbers or times contradict each other"),
}

FINDING_STATES = [
    ("open", _("To be decided")),
    ("hazard", _("Taken up as a hazard")),
    ("dismissed", _("Not a hazard")),
    ("withdrawn", _("Put right by the mine")),
]

REFUSALS = {
    "telemetry.file_refused": Sentence(
        _("The file was not taken: %(reason)s."), _("Correct it and send it again."), 422
    ),
    "telemetry.file_incomplete": Sentence(
        _("The file has no end mark yet."), _("Send it once it is written completely."), 422
    ),
    "telemetry.scan_uneven": Sentence(
        _("The scan's lists are not of one length."), _("Send point, at, value and status for every reading."), 422
    ),
    "telemetry.scan_empty": Sentence(_("The scan holds no reading."), _("Send at least one."), 422),
    "telemetry.mine_unknown": Sentence(
        _("No county belongs to mine code %(code)s."), _("Check the code: it begins with the county's six digits."), 422
    ),
    "telemetry.site_taken": Sentence(
        _("Another mine code is bound to this place already."), _("Loosen that one first, or choose another place.")
    ),
    "telemetry.place_unknown": Sentence(_("The standard has no such place."), _("Choose one from the list."), 422),
    "telemetry.finding_decided": Sentence(_("This has been decided already."), _("Look at the page again.")),
    "telemetry.reason_missing": Sentence(_("Say why."), _("A few words are enough."), 422),
    "telemetry.nothing_there": Sentence(_("There is no mine, point or episode %(code)s."), _("Check the code."), 404),
    "telemetry.person_gone": Sentence(
        _("This person is not underground any more, by the newest snapshot."),
        _("Go back to the list: it shows who is there now."),
        404,
    ),
    "telemetry.no_snapshot": Sentence(
        _("This mine has sent no snapshot of the people underground."),
        _("Ask the mine: its lamp room has the list. Its positioning system has to send RYSS files."),
        404,
    ),
    "telemetry.period_wrong": Sentence(
        _("A time before 2000 or after 2199 was asked for."),
        _("Give since and until as 2026-11-21T08:00:00+08:00."),
        422,
    ),
    "telemetry.path_missing": Sentence(_("There is nothing at %(path)s."), _("Check the path."), 422),
    "telemetry.disk_full": Sentence(
        _("The disk of the history is full: nothing of this was taken."),
        _("Make room (anwang check says how much is left) and send it again."),
        507,
    ),
    "telemetry.too_large": Sentence(_("The file is too large (at most %(most)s MB)."), _("Send it in parts."), 422),
}

EVENTS = {
    "telemetry.mine_met": _("A mine sent data for the first time"),
    "telemetry.mine_bound": _("A mine code was bound to a place"),
    "telemetry.definitions": _("A mine changed its points"),
    "telemetry.place_confirmed": _("The place of a point was confirmed"),
    "telemetry.finding": _("Settings looser than the standard were found"),
    "telemetry.name_shown": _("The name of a person underground was looked at"),
    "telemetry.people_taken": _("The list of people underground was taken away"),
    "telemetry.finding_decided": _("It was decided what becomes of loose settings"),
}

THINGS = {
    "mine_feed": _("Coal mine"),
    "sensor_point": _("Measuring point"),
    "gas_episode": _("Episode"),
    "gas_finding": _("Loose setting"),
}

JOBS = {
    "telemetry.tick": _("Notice mines that have fallen silent"),
    "telemetry.reconcile": _("Compare what mines report with what was seen"),
    "telemetry.prune": _("Drop old names of files, numbers of people, statistics"),
    "telemetry.tidy": _("Tidy the history of readings"),
    "telemetry.retention": _("Drop readings that are older than the rule"),
}

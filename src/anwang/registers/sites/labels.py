"""The words of sites: states, acts, doubts, what was refused and why, and what the audit says was done."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anwang.ground.base.errors import Sentence
from anwang.registers.sites.rules import Action, Flag, State

Text = str | Promise

COLOURS: list[tuple[str, Text]] = [
    ("red", pgettext_lazy("level", "Red")),
    ("orange", pgettext_lazy("level", "Orange")),
    ("yellow", pgettext_lazy("level", "Yellow")),
    ("blue", pgettext_lazy("level", "Blue")),
]
CRS: list[tuple[str, Text]] = [
    ("wgs84", _("GPS / CGCS2000")),
    ("gcj02", _("Amap, Tencent (GCJ-02)")),
    ("bd09", _("Baidu (BD-09)")),
]
STATES: dict[str, Text] = {
    State.ACTIVE: pgettext_lazy("site", "In operation"),
    State.SUSPENDED: pgettext_lazy("site", "Suspended"),
    State.CLOSED: pgettext_lazy("site", "Closed for good"),
    State.MERGED: pgettext_lazy("site", "Merged into another"),
}
TONES: dict[str, str] = {
    State.ACTIVE: "doing",
    State.SUSPENDED: "waiting",
    State.CLOSED: "stopped",
    State.MERGED: "stopped",
}
ACTIONS: dict[str, Text] = {
    Action.SUSPEND: _("Note that work is suspended"),
    Action.RESUME: _("Note that work has resumed"),
    Action.CLOSE: _("Note that it is closed for good"),
    Action.REOPEN: _("Reopen"),
    Action.MERGE: _("Merge with another"),
}
FLAGS: dict[str, Text] = {
    Flag.NO_POSITION: _("No position"),
    Flag.OUTSIDE: _("Position outside its region"),
    Flag.NO_DEPARTMENT: _("No supervising department"),
    Flag.NO_PHONE: _("No telephone"),
    Flag.BAD_USCC: _("Credit code wrong"),
    Flag.NO_CLASS: _("No supervision class"),
    Flag.FIELDS_MISSING: _("Required facts missing"),
    Flag.DUPLICATE: _("Perhaps entered twice"),
}

SENTENCES: dict[str, Sentence] = {
    "sites.name_missing": Sentence(_("A place needs a name."), _("Enter the name on its sign or licence."), 422),
    "sites.kind_unknown": Sentence(_("There is no kind of place called %(kind)s."), _("Choose one of the list."), 422),
    "sites.domain_unknown": Sentence(
        _("There is no industry domain called %(domain)s."), _("Choose one of the list."), 422
    ),
    "sites.class_unknown": Sentence(
        _("There is no supervision class %(word)s here."), _("Choose one of the list."), 422
    ),
    "sites.colour_unknown": Sentence(
        _("There is no risk level called %(colour)s."), _("Choose red, orange, yellow or blue."), 422
    ),
    "sites.region_too_high": Sentence(
        _("A place lies in a county or below it; %(region)s is too large."),
        _("Choose the county, town, village or grid it lies in."),
        422,
    ),
    "sites.people_wrong": Sentence(
        _("The number of people on site is no whole number."), _("Enter how many are there at the busiest time."), 422
    ),
    "sites.uscc_wrong": Sentence(
        _("%(uscc)s is no unified social credit code: %(why)s."),
        _("Compare it with the licence, or leave it blank."),
        422,
    ),
    "sites.position_wrong": Sentence(
        _("This is no position in degrees."),
        _("Longitude first (about 73 to 135), then latitude (about 18 to 54); mine coordinates in metres do not fit."),
        422,
    ),
    "sites.crs_unknown": Sentence(
        _("There is no coordinate system called %(crs)s."), _("Choose GPS, Amap or Baidu."), 422
    ),
    "sites.field_unknown": Sentence(_("Places of this kind are not asked for %(asked)s."), _("Leave it away."), 422),
    "sites.field_number": Sentence(_("%(asked)s is no number."), _("Enter digits only, without the unit."), 422),
    "sites.field_date": Sentence(_("%(asked)s is no date."), _("Enter year, month and day: 2026-11-20."), 422),
    "sites.field_bool": Sentence(_("%(asked)s is neither yes nor no."), _("Choose one of the two."), 422),
    "sites.field_choice": Sentence(_("%(asked)s is none of the choices."), _("Choose one of the list."), 422),
    "sites.reason_missing": Sentence(_("A reason is needed."), _("Write in a few words why."), 422),
    "sites.move_not_offered": Sentence(
        _("%(name)s is in the state “%(state)s”, from which this cannot be done."),
        _("Look at its page for what can be done now."),
    ),
    "sites.merged_away": Sentence(
        _("This row was merged into another one and is only read."), _("Open the row that was kept.")
    ),
    "sites.merge_same": Sentence(
        _("A place cannot be merged into itself."), _("Choose the other one of the two."), 422
    ),
    "sites.merge_counties": Sentence(
        _("The two places lie in different counties."), _("Move one of them first, or leave them apart.")
    ),
    "sites.no_phone": Sentence(_("No telephone number is written here."), _("Ask the place, and enter it.")),
    "sites.inspected_in_future": Sentence(
        _("An inspection cannot lie in the future (%(on)s)."), _("Correct the date."), 422
    ),
}

EVENTS: dict[str, Text] = {
    "sites.made": _("Place entered"),
    "sites.changed": _("Place changed"),
    "sites.positioned": _("Position set"),
    "sites.moved": _("Moved to another region"),
    "sites.suspended": _("Work suspended"),
    "sites.resumed": _("Work resumed"),
    "sites.closed": _("Closed for good"),
    "sites.reopened": _("Place reopened"),
    "sites.merged": _("Merged into another place"),
    "sites.coloured": _("Risk level set"),
    "sites.inspected": _("Date of inspection noted"),
    "sites.phone_shown": _("Telephone number shown"),
    "sites.library_loaded": _("Kinds of places loaded"),
    "sites.class_changed": _("Inspection frequency changed"),
    "sites.limit_changed": _("Limit for small places changed"),
}

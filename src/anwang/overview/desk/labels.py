"""The words of the desk: what waits, what to press, what happens otherwise."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anwang.work.hazards.rules import Action

Text = str | Promise

WAITS: dict[str, Text] = {
    "alarm": _("Alarms to deal with"),
    Action.GRADE.value: _("To be graded"),
    Action.CONFIRM_MAJOR.value: _("Major or not: to be decided"),
    Action.ASSIGN.value: _("To be ordered"),
    Action.START.value: _("To be accepted"),
    Action.SUBMIT.value: _("To be rectified"),
    Action.VERIFY.value: _("To be re-checked"),
    Action.CLOSE.value: _("To be struck off"),
    "decide_extension": _("Extension to be decided"),
    "visit": _("Visits"),
    "planned": _("Asked for by plans"),
    "gap": _("Gaps"),
    "region": _("Late in the regions"),
    "major": _("Major hazards"),
    "house": _("The house itself"),
}
"""What waits, as the chips above the cards say it."""

DO: dict[str, Text] = {
    Action.GRADE.value: _("Settle the grade"),
    Action.CONFIRM_MAJOR.value: _("Decide on the grade"),
    Action.ASSIGN.value: _("Order the rectification"),
    Action.START.value: _("Accept and begin"),
    Action.SUBMIT.value: _("Hand in for re-check"),
    Action.VERIFY.value: pgettext_lazy("act", "Re-check"),
    Action.CLOSE.value: pgettext_lazy("act", "Strike off"),
    "decide_extension": _("Decide on the extension"),
}
"""The verb on the card's button."""

DONE: dict[str, Text] = {
    "report": _("Hazards reported"),
    Action.GRADE.value: _("Grades settled"),
    Action.ASSIGN.value: _("Rectifications ordered"),
    Action.SUBMIT.value: _("Handed in"),
    Action.VERIFY.value: _("Re-checks passed"),
    Action.SEND_BACK.value: _("Sent back by me"),
    Action.CLOSE.value: _("Hazards struck off"),
}
"""What a person did this month, as their own figures say it."""

WEEKDAYS: tuple[Text, ...] = (
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
)

GROUPS: dict[str, Text] = {
    "sites": _("Supervised places"),
    "hazards": _("Hazards"),
    "visits": _("Inspections"),
    "organisations": _("Organisations"),
    "people": _("People in posts"),
    "regions": _("Regions"),
    "accounts": _("Accounts"),
    "standards": _("Standards"),
}
"""What a search finds, in this order."""

"""The words of the figures: periods, whose eyes, refusals, events."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anwang.ground.base.errors import Sentence
from anwang.overview.figures.rules import Eyes, Period

Text = str | Promise

PERIODS: dict[Period, Text] = {
    Period.TWELVE: _("Last twelve months"),
    Period.MONTH: _("This month"),
    Period.LAST_MONTH: _("Last month"),
    Period.QUARTER: _("This quarter"),
    Period.YEAR: _("This year"),
    Period.LAST_YEAR: _("Last year"),
    Period.ALL: _("Since the beginning"),
}

EYES: dict[Eyes, Text] = {
    Eyes.SELF: _("Enterprise self-check"),
    Eyes.EXPERT: _("Expert diagnosis"),
    Eyes.GOVERNMENT: _("Government inspection"),
    Eyes.GRASSROOTS: _("Grid and household visits"),
    Eyes.PUBLIC: _("Public tips"),
    Eyes.OTHER: _("Monitoring, drills, old ledgers"),
}

TABS: dict[str, Text] = {
    "overview": pgettext_lazy("figure", "Overview"),
    "regions": _("By region"),
    "domains": _("By domain"),
    "sources": _("How found"),
    "pace": _("How fast"),
    "late": _("What is late"),
    "major": _("Major hazards"),
    "base": _("Base counts"),
    "monthly": _("Monthly reports"),
}

REFUSALS = {
    "figures.unknown": Sentence(_("There is no figure with this name."), _("Choose one from the list."), 404),
    "figures.month_wrong": Sentence(
        _("“%(month)s” is no month that can be reported."), _("Choose a month that has begun, written as 2026-10."), 422
    ),
    "figures.region_whole": Sentence(
        _("A monthly report is about all of a region, and your role reaches only a part of %(name)s."),
        _("Choose a region that is wholly yours, or download the figures of your part as Excel."),
        403,
    ),
    "figures.region_too_small": Sentence(
        _("Monthly reports are issued for provinces, cities, counties and towns."), _("Choose one of these."), 422
    ),
}

"""The words of a place's file: what its timeline is made of."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

SORTS: dict[str, Text] = {
    "hazards": _("Hazards"),
    "visits": _("Inspections"),
    "papers": _("Papers"),
    "people": _("Who answers"),
    "place": _("The place itself"),
}
"""The sorts of events, as the filter of the timeline calls them."""

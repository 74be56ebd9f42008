"""Refusals that belong to no room in particular."""

from django.utils.translation import gettext_lazy as _

from anwang.ground.base.errors import Sentence

REFUSALS = {
    "base.bad_page": Sentence(
        _("This page of the list cannot be found any more."), _("Go back to the beginning of the list."), 422
    ),
    "base.bad_filter": Sentence(_("This filter cannot be read."), _("Take the filter off and choose again."), 422),
    "base.bad_character": Sentence(
        _("What was sent holds a character that no text may hold (NUL)."), _("Type it anew, without pasting."), 422
    ),
    "base.bad_date": Sentence(_("This is no date."), _("Write it as 2026-11-20."), 422),
    "base.too_long": Sentence(
        _("The text is too long (at most %(most)s characters)."), _("Shorten it, or put the rest into a document."), 422
    ),
}

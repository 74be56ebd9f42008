from django.utils.translation import gettext_lazy as _

from anwang.ground.base.errors import Sentence

REFUSALS = {
    "public.link_over": Sentence(
        _("This link is not valid (any more)."),
        _("It may have expired or been withdrawn. Ask the office that gave it to you for a new one."),
        404,
    ),
    "public.hazard_over": Sentence(
        _("There is nothing to rectify here any more."), _("Look at the hazard's page to see where it stands.")
    ),
}

EVENTS = {
    "public.link_made": _("Signed link made"),
    "public.link_revoked": _("Signed link withdrawn"),
}

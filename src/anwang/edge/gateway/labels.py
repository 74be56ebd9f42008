from django.utils.translation import gettext_lazy as _

from anwang.edge.gateway.rules import Reason
from anwang.ground.base.errors import Sentence

REASONS = [
    (Reason.TOPIC.value, _("The topic does not fit")),
    (Reason.BODY.value, _("The message cannot be read")),
    (Reason.LENGTHS.value, _("The lists are empty or not of one length")),
    (Reason.SIZE.value, _("The message is too large")),
    (Reason.FAILED.value, _("The message could not be worked through")),
]
REASON = dict(REASONS)

REFUSALS = {
    "gateway.no_key": Sentence(
        _("No key is in force for %(username)s."), _("Check the code, or make one: anwang gateway key."), 404
    ),
}

EVENTS = {
    "gateway.key_made": _("A key for sending was made"),
    "gateway.key_withdrawn": _("A key for sending was withdrawn"),
}

THINGS = {"gateway_key": _("Key for sending")}

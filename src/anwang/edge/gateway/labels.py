from django.utils.translation import gettext_lazy as _

from anwang.edge.gateway.rules import Hindrance, Part, Reason
from anwang.ground.base.errors import Sentence

REASONS = [
    (Reason.TOPIC.value, _("The topic does not fit")),
    (Reason.BODY.value, _("The message cannot be read")),
    (Reason.LENGTHS.value, _("The lists are empty or not of one length")),
    (Reason.SIZE.value, _("The message is too large")),
    (Reason.FAILED.value, _("The message could not be worked through")),
]
REASON = dict(REASONS)

PARTS = [
    (Part.GATEWAY.value, _("Gateway")),
    (Part.LANDING.value, _("Landing folder")),
    (Part.PARTITION.value, _("Engine shard")),
]
WAY = {
    Part.GATEWAY.value: _("Gateway %(name)s"),
    Part.LANDING.value: _("Landing folder of gateway %(name)s"),
    Part.PARTITION.value: _("Engine shard of partition %(name)s"),
}

HINDRANCES = [
    (Hindrance.AWAY.value, _("away: no process runs")),
    (Hindrance.BROKER.value, _("no connection to the MQTT broker")),
    (Hindrance.BUS.value, _("the bus does not answer")),
    (Hindrance.TAKING.value, _("what comes in cannot be kept")),
    (Hindrance.BEHIND.value, _("is working off what has waited")),
    (Hindrance.SETTLING.value, _("is back; silence is judged again in a few minutes")),
]
HINDRANCE = dict(HINDRANCES)

REFUSALS = {
    "gateway.no_key": Sentence(
        _("No key is in force for %(username)s."), _("Check the code, or make one: anwang gateway key."), 404
    ),
    "gateway.no_way": Sentence(
        _("There is no way in for data with the number %(number)s."), _("Take it from: anwang gateway ways."), 404
    ),
}

EVENTS = {
    "gateway.way_forgotten": _("A way in for data was given up"),
    "gateway.key_made": _("A key for sending was made"),
    "gateway.key_withdrawn": _("A key for sending was withdrawn"),
}

THINGS = {"gateway_key": _("Key for sending"), "gateway_way": _("Way in for data")}

JOBS = {"gateway.watch_ways": _("Notice ways in for data that are held up")}

NOTICES = {
    "gateway.held": _("Gas data of %(n)s mines is not on record: %(way)s – %(why)s, since %(since)s"),
    "gateway.flows": _("Gas data is on record again without a gap: %(way)s"),
}
URGENT = ("gateway.held",)

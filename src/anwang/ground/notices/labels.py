"""The words of notices. Each room hands its own up in ``AppConfig.ready()``; ``%(name)s`` is filled from params."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from anwang.ground.base import errors
from anwang.ground.base.errors import Sentence

Text = str | Promise

_notices: dict[str, Text] = {}
_urgent: set[str] = set()

MEANS: Mapping[str, Any] = {
    "mail": _("Mail"),
    "sms": _("Text message"),
    "app": _("Message in the office's app"),
    "group": _("Group robot"),
}
STATES: Mapping[str, Promise] = {
    "sending": _("Being sent"),
    "sent": _("Sent"),
    "failed": _("Not accepted"),
}


def register(notices: Mapping[str, Text], *, urgent: Iterable[str] = ()) -> None:
    """Hand up what notices say. ``urgent`` ones go out even to those who turned a channel off."""
    _notices.update(notices)
    _urgent.update(urgent)


def text(key: str, params: Mapping[str, object]) -> str:
    """The sentence in the language now active; never fails for a missing param, a notice must get through."""
    words = str(_notices.get(key, key))
    try:
        return words % params
    except (KeyError, TypeError, ValueError):
        return words


def is_urgent(key: str) -> bool:
    return key in _urgent


def known() -> Mapping[str, Text]:
    return dict(_notices)


def register_own() -> None:
    register({"notices.trial": _("A trial message from Anwang, sent by %(name)s. The channel works.")})
    errors.register(
        {
            "notices.address_missing": Sentence(
                _("The channel has no address."),
                _("Enter the gateway's URL, or the name of the environment variable that holds it."),
            ),
            "notices.address_unknown": Sentence(
                _("This is not an address that messages can be sent to."),
                _(
                    "See docs/operate/notices.md for the forms of URLs, e.g. wecombot://KEY or mailtos://USER:PASS@HOST."
                ),
            ),
            "notices.no_placeholder": Sentence(
                _("A channel to single persons must say where the person's number or mail goes."),
                _("Put {phone} or {email} into the URL, or make it a group robot."),
            ),
            "notices.region_not_yours": Sentence(
                _("You do not keep the channels of this region."),
                _("Enter the code of a region that you administer; the whole house's are kept by its administrator."),
            ),
            "notices.always_on": Sentence(
                _("The inbox cannot be turned off."),
                _("Other channels can."),
            ),
        }
    )

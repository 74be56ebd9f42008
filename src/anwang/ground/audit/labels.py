"""What events and things are called on the trail. Rooms hand their words up in ``AppConfig.ready()``::

audit.labels.register({"hazards.reported": _("Hazard reported")}, kinds={"hazard": _("Hazard")})
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from anwang.ground.base import errors
from anwang.ground.base.errors import Sentence

Text = str | Promise

_events: dict[str, Text] = {}
_kinds: dict[str, Text] = {}

REASONS: Mapping[str, Promise] = {
    "content": _("This row is not what was recorded: somebody changed it in the database."),
    "order": _("Before this row, rows were removed, inserted or rewritten."),
    "tail": _("After this row, rows were cut off at the end of the chain."),
    "head": _("The end of the chain was moved without the key."),
    "seal": _("The chain is not the one that was sealed: it was rewritten, or the seal was."),
    "archive": _("What is said to be archived does not fit the chain."),
    "key": _("The key of the seals is missing or not the one the chain was signed with: put audit.key back."),
}
STATES: Mapping[str, Promise] = {
    "waiting": _("Waiting to be checked"),
    "running": _("Being checked"),
    "sound": _("The record holds"),
    "broken": _("The record was tampered with"),
    "failed": _("The check broke off"),
}


def register(events: Mapping[str, Text], *, kinds: Mapping[str, Text] | None = None) -> None:
    """Hand up what a room's events, and the kinds of its things, are called."""
    _events.update(events)
    _kinds.update(kinds or {})


def of(event: str) -> Text:
    """What people call the event; its key where its room gave no words."""
    return _events.get(event, event)


def known() -> Mapping[str, Text]:
    """Every event with words, for the filter of the trail and the test that all events have some."""
    return dict(_events)


def kinds() -> Mapping[str, Text]:
    return dict(_kinds)


def of_kind(kind: str) -> Text:
    return _kinds.get(kind, kind)


def register_own() -> None:
    register(
        {
            "audit.proof_asked": _("Check of the record asked for"),
            "audit.proved": _("Record checked"),
            "audit.sealed": _("Record sealed"),
            "audit.exported": _("Audit trail exported"),
            "audit.archived": _("Audit trail archived"),
            "audit.head_forged": _("End of a chain found moved without the key"),
            "jobs.retried": _("Failed job tried again"),
            "jobs.dismissed": _("Failed job let be"),
        },
        kinds={"audit_proof": _("Check of the record"), "job": _("Job")},
    )
    errors.register(
        {
            "audit.too_many_for_a_sheet": Sentence(
                _("%(n)s rows are more than one sheet can hold."),
                _("Narrow the filter, or take JSON lines, which have no limit."),
            ),
            "audit.too_young": Sentence(
                _("The audit trail is kept for at least %(months)s months."),
                _("Archive what is older than %(day)s."),
            ),
            "audit.chain_broken": Sentence(
                _("Chain %(chain)s does not hold at row %(n)s, so nothing was archived."),
                _("Find out what happened first: anwang audit verify names the row."),
            ),
        }
    )

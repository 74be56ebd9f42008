"""Words of the jobs room: its refusals, and what each job is called on the administrator's page."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from anwang.ground.base import errors
from anwang.ground.base.errors import Sentence

STATES: Mapping[str, Promise] = {
    "failed": _("Failed"),
    "pending": _("Waiting"),
    "leased": _("Being done"),
    "done": _("Done"),
    "cancelled": _("Dropped"),
}

Text = str | Promise

_names: dict[str, Text] = {"jobs.prune": _("Clear away old finished jobs")}


def register(names: Mapping[str, Text]) -> None:
    """Hand up what a room's jobs are called; called from ``AppConfig.ready()``."""
    _names.update(names)


def of(name: str) -> Text:
    """What people call the job; the name itself where its room gave no words."""
    return _names.get(name, name)


def register_refusals() -> None:
    errors.register(
        {
            "jobs.not_failed": Sentence(
                _("This job has not failed, or somebody has already seen to it."), _("Load the page again.")
            ),
            "jobs.already_waiting": Sentence(
                _("This timer has been set again since it failed."),
                _("The new one will be done at its time. Let the failed one be."),
            ),
        }
    )

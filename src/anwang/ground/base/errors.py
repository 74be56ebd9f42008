"""One error family: a refusal has a stable key, a sentence for people, and what to do next.

Rooms register their sentences in ``labels.py``; screens and the API show the same ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is wrong, and what would make it possible. Both are English msgids, shown translated."""

    what: Text
    todo: Text = ""
    status: int = 409


_sentences: dict[str, Sentence] = {}


def register(sentences: Mapping[str, Sentence]) -> None:
    """Hand a room's refusals up; called from ``AppConfig.ready()``."""
    _sentences.update(sentences)


def sentence(key: str) -> Sentence:
    return _sentences.get(key) or Sentence(what=_("This cannot be done now (%(key)s).") % {"key": key})


def known() -> Mapping[str, Sentence]:
    """Every registered refusal, for the API page and the test that no key is without words."""
    return dict(_sentences)


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A verb that may not be done, with the reason's stable key (``room.reason``).

    ``params`` fill ``%(name)s`` in the sentence; ``field`` names the form field at fault, if one is.
    """

    def __init__(self, key: str, *, field: str = "", **params: Any) -> None:
        super().__init__(key)
        self.key = key
        self.field = field
        self.params = params

    @property
    def status(self) -> int:
        return sentence(self.key).status

    @property
    def what(self) -> str:
        return _filled(sentence(self.key).what, self.params)

    @property
    def todo(self) -> str:
        return _filled(sentence(self.key).todo, self.params)

    def __str__(self) -> str:
        return f"{self.what} {self.todo}".strip()

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"key": self.key, "what": self.what, "todo": self.todo}
        if self.field:
            body["field"] = self.field
        return body


def _filled(text: Text, params: Mapping[str, Any]) -> str:
    plain = str(text)
    try:
        return plain % params if params and "%(" in plain else plain
    except (KeyError, ValueError, TypeError):
        return plain

"""HTML from words, escaped."""

from html import escape
from typing import Any

from django.utils.safestring import SafeString, mark_safe


def html(template: str, *words: Any) -> SafeString:
    """As Django's ``format_html``, a third of its time: it does not ask of each word whether to stay lazy.

    A page of a ledger calls it some 700 times. ``template`` is ours; every word that is not marked safe is escaped.
    """
    return mark_safe(template.format(*map(_safe, words)))  # noqa: S308 - every word is escaped


def _safe(word: Any) -> str:
    return word.__html__() if hasattr(word, "__html__") else escape(str(word))

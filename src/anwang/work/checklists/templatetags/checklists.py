"""Words of the checklists for templates: ``{% load checklists %}``."""

from collections.abc import Mapping
from typing import Any

from django import template

from anwang.work.checklists import rules

register = template.Library()


@register.filter
def said_in(thing: rules.Item | rules.Section | rules.Option, chinese: bool) -> str:
    """An item's, a section's or an option's words in the reader's language."""
    if isinstance(thing, rules.Item):
        return thing.words(chinese)
    zh, en = (thing.title_zh, thing.title_en) if isinstance(thing, rules.Section) else (thing.zh, thing.en)
    return zh if chinese or not en else en


@register.filter
def named(mapping: Mapping[str, Any], key: str) -> Any:
    """What a key is called; the key itself where nobody knows it."""
    return mapping.get(key, key)


@register.filter
def condition(item: rules.Item) -> str:
    """``when`` as it is typed: A0=lpg|ng."""
    return "； ".join(f"{code}={'|'.join(wanted)}" for code, wanted in item.when.items())

"""Words of the standards for templates: ``{% load standards %}``."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import gettext as _

from anwang.ground.base.domains import Domain
from anwang.registers.standards.labels import CONFIDENCES, TYPES, Text
from anwang.registers.standards.models import Standard

register = template.Library()
_DOMAINS = dict(Domain.choices)


@register.filter
def type_word(key: str) -> Text:
    return TYPES.get(key, key)


@register.filter
def confidence_word(key: str) -> Text:
    return CONFIDENCES.get(key, key)


@register.filter
def domain_words(row: Standard) -> str:
    """The row's domains in words, or that it holds for all of them."""
    return _("All domains") if row.everywhere else "、".join(str(_DOMAINS.get(each, each)) for each in row.domains)


@register.filter
def at(mapping: Mapping[str, Any], key: str) -> Any:
    return mapping.get(key, "")

from collections.abc import Mapping
from typing import Any

from django import template

from anwang.ground.notices import addresses
from anwang.ground.notices.models import Channel

register = template.Library()


@register.filter
def shown_address(channel: Channel) -> str:
    return addresses.shown(channel)


@register.filter
def word_of(table: Mapping[str, Any], key: str) -> Any:
    return table.get(key, key)

from django import template

from anwang.ground.audit import labels

register = template.Library()


@register.filter
def event_word(event: str) -> labels.Text:
    return labels.of(event)


@register.filter
def kind_word(kind: str) -> labels.Text:
    return labels.of_kind(kind)

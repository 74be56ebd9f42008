from django import template

from anwang.ground.jobs import labels

register = template.Library()


@register.filter
def job_word(name: str) -> labels.Text:
    return labels.of(name)


@register.filter
def job_state(state: str) -> labels.Text:
    return labels.STATES[state]


@register.filter
def last_line(error: str) -> str:
    """The line of a traceback that says what went wrong."""
    lines = error.strip().splitlines()
    return lines[-1][:160] if lines else ""


@register.filter
def of_key(table: dict[str, str], key: str) -> str:
    return table.get(key, "")

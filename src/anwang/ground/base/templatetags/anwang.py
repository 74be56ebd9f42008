"""The parts of a page: ``{% load anwang %}``. Each is shown on ``/gallery/`` and told of in ``docs/rooms/parts.md``."""

import functools
import hashlib
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.forms import BaseForm, BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select
from django.forms.widgets import Input, Textarea, Widget
from django.template.base import FilterExpression, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from anwang.ground.base.markup import html
from anwang.ground.base.models import new_id
from anwang.ground.base.parts import Act, Entry, Fact, Figure, Ledger, MapView, Number, Person, Photo, Step

register = template.Library()
Text = str | Promise

SHAPES = {"open": "○", "doing": "◐", "waiting": "◇", "done": "●", "stopped": "■", "late": "▲"}
LEVELS: dict[str, Text] = {
    "red": pgettext_lazy("level", "Red"),
    "orange": pgettext_lazy("level", "Orange"),
    "yellow": pgettext_lazy("level", "Yellow"),
    "blue": pgettext_lazy("level", "Blue"),
}
GRADES: dict[str, Text] = {"major": gettext_lazy("Major hazard"), "general": gettext_lazy("General hazard")}


# --- words and shapes -----------------------------------------------------------------------------------------------


@functools.cache
def _bundle(name: str) -> str:
    path = finders.find(f"dist/{name}")
    mark = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12] if isinstance(path, str) else ""
    return static(f"dist/{name}") + (f"?v={mark}" if mark else "")


@register.simple_tag
def bundle(name: str) -> str:
    """The address of a built file, with a mark of its content: after an upgrade no browser mixes old and new."""
    return _bundle.__wrapped__(name) if settings.DEBUG else _bundle(name)


@register.simple_tag
def icon(name: str, label: Text = "", size: int = 20) -> SafeString:
    """An icon of the sprite (``frontend/icons.json`` lists them). Without ``label`` it is decoration."""
    spoken = html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    href = bundle("icons.svg")
    return html(
        '<svg class="icon" width="{0}" height="{0}" {1}><use href="{2}#{3}"></use></svg>', size, spoken, href, name
    )


@register.simple_tag
def needs(*bundles: str) -> SafeString:
    """In ``{% block scripts %}``: ``{% needs "charts" %}`` or ``{% needs "map" %}``, only on pages that draw them."""
    styles = [bundle("map.css")] if "map" in bundles else []
    scripts = [bundle(f"{name}.js") for name in bundles]
    return format_html_join("", '<link rel="stylesheet" href="{}">', ((href,) for href in styles)) + format_html_join(
        "", '<script type="module" src="{}"></script>', ((src,) for src in scripts)
    )


@register.simple_tag
def level(code: str, label: Text = "") -> SafeString:
    """A risk or warning level: its colour, never without the word. The only coloured thing on a page."""
    if code not in LEVELS:
        return conditional_escape(str(label))
    return html('<span class="aw-level aw-level-{}">{}</span>', code, label or LEVELS[code])


@register.simple_tag
def grade(code: str, label: Text = "") -> SafeString:
    """A hazard's grade. Major stands out by weight and a mark, not by a risk colour."""
    mark = icon("alert-octagon", size=14) if code == "major" else ""
    return html('<span class="aw-grade aw-grade-{}">{}{}</span>', code, mark, label or GRADES.get(code, code))


@register.simple_tag
def state(tone: str, label: Text) -> SafeString:
    """A state: the word with a shape. Tones: open ○ doing ◐ waiting ◇ done ● stopped ■ late ▲."""
    shape = SHAPES.get(tone, "○")
    return html(
        '<span class="aw-state aw-state-{}"><span class="aw-shape" aria-hidden="true">{}</span>{}</span>',
        tone,
        shape,
        label,
    )


def _day_of(moment: datetime | date) -> date:
    return timezone.localtime(moment).date() if isinstance(moment, datetime) else moment


def _exact(moment: datetime | date) -> str:
    if isinstance(moment, datetime):
        return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M")
    return moment.isoformat()


def due_words(due: datetime | date, now: datetime) -> tuple[str, str]:
    """How a deadline speaks, and its tone: late, soon (3 days or less), or far.

    Days are calendar days in local time; within the last day of a moment hours are told. A date lasts until its end.
    """
    days = (_day_of(due) - _day_of(now)).days
    if isinstance(due, datetime) and due < now:
        if days == 0:
            hours = max(1, int((now - due).total_seconds() // 3600))
            return ngettext("%(n)d hour overdue", "%(n)d hours overdue", hours) % {"n": hours}, "late"
        return ngettext("%(n)d day overdue", "%(n)d days overdue", -days) % {"n": -days}, "late"
    if days < 0:
        return ngettext("%(n)d day overdue", "%(n)d days overdue", -days) % {"n": -days}, "late"
    if days == 0:
        if isinstance(due, datetime):
            hours = int((due - now).total_seconds() // 3600)
            if hours < 1:
                return _("due within the hour"), "soon"
            return ngettext("%(n)d hour left", "%(n)d hours left", hours) % {"n": hours}, "soon"
        return _("due today"), "soon"
    return ngettext("%(n)d day left", "%(n)d days left", days) % {"n": days}, "soon" if days <= 3 else "far"


@register.simple_tag(takes_context=True)
def due(context: Context, moment: datetime | date | None, done_at: datetime | None = None) -> SafeString:
    """A deadline in words (3 days left, 5 days overdue), the exact date on hover and in print.

    With ``done_at`` the clock has stopped: it says whether that was in time. Uses ``now`` of the context if given.
    """
    if moment is None:
        return mark_safe('<span class="text-secondary">—</span>')
    now = context.get("now") or timezone.now()
    if done_at is not None:
        late = done_at > moment if isinstance(moment, datetime) else _day_of(done_at) > moment
        if late:
            days = max(1, (_day_of(done_at) - _day_of(moment)).days)
            words, tone = ngettext("%(n)d day late", "%(n)d days late", days) % {"n": days}, "late"
        else:
            words, tone = _("in time"), "kept"
    else:
        words, tone = due_words(moment, now)
    mark = icon("clock-exclamation", size=16) if tone == "late" else ""
    ticks = done_at is None and isinstance(moment, datetime) and timedelta() < moment - now <= timedelta(hours=1)
    last_hour = mark_safe(" data-countdown") if ticks else ""
    return html(
        '<time class="aw-due aw-due-{}"{} datetime="{}" title="{}">{}<span data-words>{}</span><span class="aw-exact">{}</span></time>',
        tone,
        last_hour,
        moment.isoformat(),
        _exact(moment),
        mark,
        words,
        _exact(moment),
    )


@register.simple_tag
def when(moment: datetime | date | None, form: str = "") -> SafeString:
    """A moment as people write it: today 14:05, otherwise 11-03 14:05, with the year if it is another one.

    ``form="date"`` leaves the time away, ``form="full"`` gives everything.
    """
    if moment is None:
        return mark_safe('<span class="text-secondary">—</span>')
    today = timezone.localdate()
    local = timezone.localtime(moment) if isinstance(moment, datetime) else moment
    if form == "full":
        words = _exact(moment)
    else:
        day = _day_of(moment)
        pattern = "%m-%d" if day.year == today.year else "%Y-%m-%d"
        words = _("today") if day == today else day.strftime(pattern)
        if isinstance(local, datetime) and form != "date":
            words = f"{words} {local:%H:%M}"
    return html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), _exact(moment), words)


@register.filter
def masked(phone: str | None) -> str:
    """13812345678 → 138****5678; shorter numbers keep their last two digits."""
    digits = str(phone or "")
    if len(digits) >= 11:
        return f"{digits[:3]}****{digits[-4:]}"
    return "*" * max(0, len(digits) - 2) + digits[-2:] if digits else ""


@register.filter
def figures(value: Any) -> str:
    """A number in groups of three, so that long figures can be read: 12,345; a dash where there is none."""
    if value is None:
        return "—"
    return f"{value:,}" if isinstance(value, int) else str(value)


# --- forms ----------------------------------------------------------------------------------------------------------


def _widget_class(widget: Widget) -> str:
    if isinstance(widget, CheckboxInput | RadioSelect | CheckboxSelectMultiple):
        return "form-check-input"
    if isinstance(widget, Select):
        return "form-select"
    if isinstance(widget, Input | Textarea | FileInput):
        return "form-control"
    return ""


@register.inclusion_tag("base/parts/field.html")
def field(bound: BoundField, label: Text = "", help_text: Text = "", size: str = "") -> dict[str, Any]:
    """One question: label, control, help and errors, tied together for a screen reader.

    ``{% field form.note %}``; ``label``/``help_text`` replace the form's own; ``size="short"`` for dates and numbers.
    """
    widget = bound.field.widget
    kind = "control"
    if isinstance(widget, CheckboxInput):
        kind = "switch"
    elif isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        kind = "group"
    help_id, errors_id = (
        f"{bound.id_for_label or bound.html_name}_help",
        f"{bound.id_for_label or bound.html_name}_errors",
    )
    text = help_text or bound.help_text
    attrs: dict[str, Any] = {"class": " ".join(filter(None, [widget.attrs.get("class", ""), _widget_class(widget)]))}
    described = [*([errors_id] if bound.errors else []), *([help_id] if text else [])]
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors:
        attrs["aria-invalid"] = "true"
        attrs["class"] += " is-invalid"
    control = bound.as_widget(attrs=attrs) if kind != "group" else ""
    options = list(bound.subwidgets) if kind == "group" else []
    return {
        "bound": bound,
        "kind": kind,
        "control": control,
        "options": options,
        "option_type": "checkbox" if isinstance(widget, CheckboxSelectMultiple) else "radio",
        "label": label or bound.label,
        "help_text": text,
        "help_id": help_id,
        "errors_id": errors_id,
        "described": " ".join(described),
        "size": size,
    }


@register.inclusion_tag("base/parts/fields.html")
def fields(form: BaseForm) -> dict[str, Any]:
    """All questions of a form in their order, with its hidden fields and the summary of what is wrong."""
    return {"form": form}


@register.inclusion_tag("base/parts/errors.html")
def errors(form: BaseForm) -> dict[str, Any]:
    """What is wrong with the form, with links to the fields; nothing if nothing is."""
    found = [(bound, bound.errors) for bound in form if bound.errors] if form.is_bound else []
    return {"form": form, "found": found, "whole": form.non_field_errors() if form.is_bound else []}


@register.simple_tag
def idempotency() -> SafeString:
    """A key that makes a form count once, however often it is sent."""
    return html('<input type="hidden" name="idempotency_key" value="{}">', new_id())


# --- a thing --------------------------------------------------------------------------------------------------------


@register.inclusion_tag("base/parts/stepper.html")
def stepper(steps: Sequence[Step]) -> dict[str, Any]:
    return {"steps": steps, "label": _("Progress")}


@register.inclusion_tag("base/parts/facts.html")
def facts(items: Sequence[Fact]) -> dict[str, Any]:
    return {"facts": items}


@register.inclusion_tag("base/parts/evidence.html")
def evidence(
    before: Sequence[Photo], after: Sequence[Photo], before_label: Text = "", after_label: Text = ""
) -> dict[str, Any]:
    """Before and after side by side at the same size, so that the eye can compare."""
    return {
        "before": before,
        "after": after,
        "before_label": before_label or _("Before"),
        "after_label": after_label or _("After"),
    }


@register.inclusion_tag("base/parts/people.html", takes_context=True)
def people(context: Context, items: Sequence[Person]) -> dict[str, Any]:
    return {"people": items, "request": context.get("request"), "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("base/parts/timeline.html")
def timeline(entries: Sequence[Entry]) -> dict[str, Any]:
    return {"entries": entries, "shapes": SHAPES}


@register.filter
def shape(tone: str) -> str:
    return SHAPES.get(tone, "○")


@register.inclusion_tag("base/parts/acts.html", takes_context=True)
def acts(context: Context, items: Sequence[Act], title: Text = "") -> dict[str, Any]:
    """What may be done now, the main act first; what may not, with the reason and what would make it possible."""
    return {
        "acts": [each for each in items if not each.why],
        "refused": [each for each in items if each.why],
        "title": title or _("What can be done now"),
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("base/parts/act.html", takes_context=True)
def act(context: Context, item: Act, small: bool = False) -> dict[str, Any]:
    """One act as a button (post, with an idempotency key) or a link (get)."""
    return {"act": item, "small": small, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("base/parts/numbers.html")
def numbers(items: Sequence[Number], label: Text = "") -> dict[str, Any]:
    return {"numbers": items, "label": label}


@register.inclusion_tag("base/parts/card.html", takes_context=True)
def deskcard(context: Context, card: Any) -> dict[str, Any]:
    return {"card": card, "now": context.get("now"), "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("base/parts/figure.html")
def figure(item: Figure) -> dict[str, Any]:
    return {"figure": item, "rows": item.cells(), "data": item.chart_data(), "data_id": f"chart-{item.key}"}


@register.inclusion_tag("base/parts/map.html")
def mapview(item: MapView) -> dict[str, Any]:
    """Places in the four colours, a legend in words with counts, the same rows in a list. The page needs ``{% needs "map" %}``."""
    words = {code: str(word) for code, word in LEVELS.items()}
    points = [
        {
            "lng": p.lng,
            "lat": p.lat,
            "label": str(p.label),
            "url": p.url,
            "level": p.level,
            "word": words.get(p.level, ""),
        }
        for p in item.places
    ]
    counts = [(code, sum(p.level == code for p in item.places)) for code in LEVELS]
    data = {"points": points, "borders": item.borders_url, "tiles": item.tiles, "attribution": item.attribution}
    return {
        "map": item,
        "data": data,
        "data_id": f"map-{item.key}",
        "counts": counts,
        "unrated": sum(not p.level for p in item.places),
        "listed": item.places[: item.listed],
    }


@register.inclusion_tag("base/parts/place.html")
def place_field(
    lat: BoundField, lng: BoundField, label: Text = "", borders_url: str = "", tiles: str = ""
) -> dict[str, Any]:
    """A position: press the map, use where one stands, or type the degrees. The page needs ``{% needs "map" %}``.

    ``{% place_field form.lat form.lng borders_url=url %}``; both fields are WGS-84 degrees.
    """
    return {
        "lat": lat,
        "lng": lng,
        "label": label or _("Position"),
        "data": {"borders": borders_url, "tiles": tiles},
        "data_id": f"pick-{lat.html_name}",
    }


@register.inclusion_tag("base/parts/nothing.html", takes_context=True)
def nothing(
    context: Context, text: Text, item: Act | None = None, icon_name: str = "mood-empty", detail: Text = ""
) -> dict[str, Any]:
    """What would be here, and the act that puts it there."""
    return {
        "text": text,
        "detail": detail,
        "act": item,
        "icon_name": icon_name,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("base/parts/crumbs.html")
def crumbs(*pairs: Any) -> dict[str, Any]:
    """``{% crumbs "Hazards" url "Fire" url2 hazard.number %}``: label, address, …; the last one is where we are."""
    items = [(pairs[at], pairs[at + 1] if at + 1 < len(pairs) else "") for at in range(0, len(pairs), 2)]
    return {"crumbs": items}


@register.inclusion_tag("base/parts/tabs.html")
def tabs(current: str, *pairs: Any) -> dict[str, Any]:
    """``{% tabs tab "facts" "Facts" url "trail" "Trail" url2 %}``: key, label, address, … Each tab has its address."""
    triples = [pairs[at : at + 3] for at in range(0, len(pairs), 3)]
    return {
        "tabs": [{"key": key, "label": label, "url": url, "current": key == current} for key, label, url in triples]
    }


@register.inclusion_tag("base/parts/photos.html")
def photo_field(
    name: str, label: Text = "", required: bool = False, many: bool = True, help_text: Text = ""
) -> dict[str, Any]:
    """Take or choose pictures: shown at once, made smaller on the phone, with place and time in hidden fields.

    Posts files under ``name``; ``NAME_lat``, ``NAME_lng``, ``NAME_accuracy`` and ``NAME_taken`` (JSON list of
    moments, one per file) come along where the phone allows it. Without JavaScript it is a plain file field.
    """
    return {"name": name, "label": label or _("Photos"), "required": required, "many": many, "help_text": help_text}


@register.inclusion_tag("base/parts/signature.html")
def signature_field(name: str, label: Text = "", help_text: Text = "") -> dict[str, Any]:
    """A place to sign with a finger. Posts a PNG data URL under ``name``, "" if not signed."""
    return {"name": name, "label": label or _("Signature"), "help_text": help_text}


@register.inclusion_tag("base/parts/paper.html")
def paper(
    title: Text, pages: Sequence[str], pdf_url: str = "", number: str = "", verify_url: str = ""
) -> dict[str, Any]:
    """A paper as it prints: one picture per page, number, download and print."""
    return {"title": title, "pages": pages, "pdf_url": pdf_url, "number": number, "verify_url": verify_url}


# --- a ledger's cells -----------------------------------------------------------------------------------------------


class CellNode(template.Node):
    """``{% cell "due" %}…{% endcell %}``: a table cell, drawn only while its column is shown."""

    def __init__(self, key: FilterExpression, more: dict[str, FilterExpression], inside: NodeList) -> None:
        self.key, self.more, self.nodelist = key, more, inside

    def render(self, context: Context) -> str:
        ledger: Ledger = context["ledger"]
        key = self.key.resolve(context)
        if key not in ledger.shown:
            return ""
        column = ledger.column(key)
        klass = self.more.get("klass")
        classes = [*(["aw-number"] if column.number else []), *([str(klass.resolve(context))] if klass else [])]
        inside = self.nodelist.render(context)  # rendered by the engine, escaped there
        return html('<td data-label="{}"{}>{}</td>', column.label, _class(classes), mark_safe(inside))  # noqa: S308


def _class(names: list[str]) -> SafeString:
    return html(' class="{}"', " ".join(names)) if names else mark_safe("")


@register.tag
def cell(parser: Parser, token: Token) -> CellNode:
    bits = token.split_contents()[1:]
    key = parser.compile_filter(bits[0])
    more = token_kwargs(bits[1:], parser)
    inside = parser.parse(("endcell",))
    parser.delete_first_token()
    return CellNode(key, more, inside)


@register.simple_tag
def highlight(text: Text, query: str) -> SafeString:
    """The text with the searched words marked."""
    plain, words = str(text), [word for word in query.split() if word]
    if not words:
        return conditional_escape(plain)
    parts = re.split("(" + "|".join(map(re.escape, words)) + ")", plain, flags=re.IGNORECASE)
    return format_html_join(
        "", "{}", ((html("<mark>{}</mark>", part) if at % 2 else part,) for at, part in enumerate(parts))
    )

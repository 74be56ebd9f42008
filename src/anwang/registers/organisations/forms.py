"""Forms of organisations, and the field by which one is chosen by typing."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.urls import reverse_lazy
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from anwang.ground.base.domains import Domain
from anwang.ground.regions.forms import RegionField
from anwang.registers.organisations import selectors
from anwang.registers.organisations.labels import POWERS
from anwang.registers.organisations.models import (
    Employment,
    Organisation,
    OrganisationKind,
    PostKey,
    PostLevel,
)

Text = str | Promise


class Suggest(forms.TextInput):
    """A line to type in, with suggestions that come from ``url`` while typing. Without scripts it is a line."""

    def __init__(self, url: Any, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "off", **(attrs or {})})
        self.url = url

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        options = f"{(attrs or {}).get('id', name)}_options"
        line = super().render(
            name,
            value,
            {
                **(attrs or {}),
                "list": options,
                "hx-get": str(self.url),
                "hx-trigger": "input changed delay:250ms, focus once",
                "hx-target": f"#{options}",
                "hx-swap": "innerHTML",
            },
            renderer,
        )
        return format_html('{}<datalist id="{}"></datalist>', line, options)


def organisation_words(organisation: Organisation) -> str:
    return f"{organisation.name} {organisation.uscc}".strip()


class OrganisationField(forms.CharField):
    """An organisation of the user's by name or credit code; cleans to an :class:`Organisation`."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", _("Type a part of its name, or its credit code."))
        options.setdefault("widget", Suggest(url=reverse_lazy("organisations:options")))
        super().__init__(**options)
        self.user: Any = None

    def prepare_value(self, value: Any) -> Any:
        return organisation_words(value) if isinstance(value, Organisation) else value

    def clean(self, value: Any) -> Any:
        words = super().clean(value)
        if not words:
            return None
        *name, last = words.split()
        seen = Organisation.objects.visible_to(self.user).current()
        if name and (found := seen.filter(uscc=last).first()) is not None:
            return found
        rows = list(selectors.organisations(self.user, text=words)[:6])
        same = [row for row in rows if row.name == " ".join(words.split())]
        rows = same or rows
        if len(rows) == 1:
            return rows[0]
        if not rows:
            raise forms.ValidationError(_("You see no organisation of this name."))
        raise forms.ValidationError(_("Several organisations are called so; choose one of the list."))


class UserForm(forms.Form):
    """A form whose choosing fields look with the eyes of ``user``."""

    def __init__(self, *args: Any, user: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if isinstance(field, RegionField):
                field.within = selectors.regions_for(user)
            elif isinstance(field, OrganisationField):
                field.user = user


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class OrganisationForm(UserForm):
    kind_key = forms.ChoiceField(label=_("Kind"), choices=OrganisationKind.choices)
    name = forms.CharField(label=_("Full name"), max_length=120)
    short_name = forms.CharField(label=_("Short name"), max_length=40, required=False)
    region = RegionField(label=_("Region"))
    parent = OrganisationField(label=_("Stands under"), required=False)
    uscc = forms.CharField(label=_("Unified social credit code"), max_length=30, required=False)
    contact = forms.CharField(label=_("Contact"), max_length=40, required=False)
    phone = forms.CharField(label=_("Telephone"), max_length=20, required=False)
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    domains = forms.MultipleChoiceField(
        label=_("Industry domains it supervises"),
        choices=Domain.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    powers = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=list(POWERS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("A township fire station checks, persuades, notifies, reports and transfers; more needs a paper."),
    )
    delegation = forms.CharField(label=_("Paper that delegates or transfers powers"), max_length=200, required=False)

    @staticmethod
    def initial_of(row: Organisation) -> dict[str, Any]:
        names = ("kind_key", "name", "short_name", "region", "parent", "uscc", "contact", "phone", "address", "domains")
        values = {name: getattr(row, name) for name in names}
        powers = [power for power in POWERS if getattr(row, f"may_{power}")]
        return values | {"powers": powers, "delegation": row.delegation}

    def values(self) -> dict[str, Any]:
        """As the services take them."""
        data = dict(self.cleaned_data)
        powers = data.pop("powers")
        return data | {f"may_{power}": power in powers for power in POWERS}


class PostForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=60)
    key = forms.ChoiceField(label=_("Kind of work"), choices=PostKey.choices)
    quota = forms.IntegerField(label=_("People meant (quota)"), min_value=0, max_value=100_000)
    level = forms.ChoiceField(label=_("Where it stands"), choices=PostLevel.choices)
    duty = forms.CharField(
        label=_("What the post answers for"), required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    duty_basis = forms.CharField(label=_("Basis of the duty"), max_length=200, required=False)
    employments = forms.MultipleChoiceField(
        label=_("Binds people employed as"),
        choices=Employment.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing chosen: everybody, dispatched labour and interns included."),
    )


class AppointForm(forms.Form):
    person_name = forms.CharField(label=_("Name"), max_length=40)
    person_phone = forms.CharField(label=_("Telephone"), max_length=20, required=False)
    username = forms.CharField(
        label=_("Account"), max_length=60, required=False, help_text=_("Where the person has one: the user name.")
    )
    employment = forms.ChoiceField(label=_("Employed as"), choices=Employment.choices)
    since = forms.DateField(label=_("In post from"), widget=DayInput)


class EndForm(forms.Form):
    until = forms.DateField(
        label=_("No longer from"), widget=DayInput, help_text=_("The first day on which it does not hold any more.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class CloseForm(forms.Form):
    on = forms.DateField(label=_("Closed on"), widget=DayInput)
    reason = forms.CharField(label=_("Reason"), max_length=200)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class MergeForm(UserForm):
    kept = OrganisationField(label=_("Keep which one"))
    reason = forms.CharField(label=_("Reason"), max_length=200)


class HolderForm(forms.Form):
    """Who answers: somebody in a post (``holding``), a post whoever is in it, or a name."""

    holder = forms.ChoiceField(label=_("Who"), required=False)
    person_name = forms.CharField(label=_("Or somebody else, by name"), max_length=40, required=False)
    person_phone = forms.CharField(label=_("Their telephone"), max_length=20, required=False)
    since = forms.DateField(label=_("From"), widget=DayInput)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)

    def __init__(self, *args: Any, holders: list[tuple[str, Any]], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["holder"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("— nobody of the list —")), *holders]

    def holder_of(self) -> dict[str, Any]:
        """As the services take it: ``holding_id`` or ``post_id``, or the name."""
        kind, _sep, key = self.cleaned_data["holder"].partition(":")
        chosen: dict[str, Any] = {f"{kind}_id": key} if key else {}
        if name := self.cleaned_data["person_name"]:
            chosen |= {"person_name": name, "person_phone": self.cleaned_data["person_phone"]}
        return chosen


class AssignForm(HolderForm):
    level = forms.ChoiceField(label=_("As what"))
    role = forms.CharField(
        label=_("Called"), max_length=60, required=False, help_text=_("Where the level's own word does not say it.")
    )
    building = forms.CharField(
        label=_("Only one building"), max_length=80, required=False, help_text=_("Leave blank for the whole place.")
    )
    domains = forms.MultipleChoiceField(
        label=_("Only these domains"), choices=Domain.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    field_order = ("level", "holder", "person_name", "person_phone", "role", "building", "since", "domains", "note")

    def __init__(self, *args: Any, levels: list[tuple[str, Any]], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["level"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = levels


def day_of(query: Mapping[str, str], today: date) -> date:
    """The day asked for in an address (``?on=2026-05-01``), today where none or none that is one."""
    try:
        return date.fromisoformat(query.get("on", ""))
    except ValueError:
        return today

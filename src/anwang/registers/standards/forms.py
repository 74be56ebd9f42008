"""What people type into the standards."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anwang.ground.base.domains import Domain
from anwang.registers.standards import rules, selectors
from anwang.registers.standards.labels import (
    CONFIDENCES,
    FIELDS,
    LIMIT_UNITS,
    RUNG_ACTIONS,
    RUNG_TO,
    SEVERITIES,
    STATUSES,
)
from anwang.registers.standards.rules import ANY, Content, Severity, Status, Type

EVERY = ("title_zh", "title_en", "gist_zh", "gist_en", "note_zh", "note_en")
PER_TYPE: Mapping[str, tuple[str, ...]] = {
    Type.INSTRUMENT: ("number", "status", "expected", "complete"),
    Type.CLAUSE: ("article", "item"),
    Type.CRITERION: ("article", "item", "severity", "match", "complete"),
}
LAST = ("effective_from", "effective_to", "source", "confidence", "domains")
NUMBERS: Mapping[str, tuple[Any, int]] = {
    # name in data → label, least
    "amount": (_("Amount"), 1),
    "longest": (_("Longest term a person may set (natural days)"), 1),
    "value": (_("Value"), 0),
    "days": (_("Days from the due day (below 0: before it)"), -365),
    "county_days": (_("By the county, every … days"), 1),
    "enterprise_days": (_("By the enterprise, every … days"), 1),
}
CHOICES: Mapping[str, tuple[Any, Any]] = {
    "unit": (pgettext_lazy("measure", "Unit"), {key: LIMIT_UNITS[key] for key in rules.UNITS}),
    "to": (_("Whom to tell"), RUNG_TO),
    "action": (_("What is done"), RUNG_ACTIONS),
}


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class RowForm(forms.Form):
    """A row's content, asked as its type needs. ``content()`` gives what was typed over what was there."""

    def __init__(
        self, *args: Any, type_: str, before: Content | None = None, revising: bool = False, **kwargs: Any
    ) -> None:
        self.type_, self.before = type_, before
        super().__init__(*args, **kwargs)
        for name in (*PER_TYPE.get(type_, ()), *EVERY):
            self.fields[name] = self._field(name)
        for name, value in (before.data if before else {}).items():
            self._add_value(name, value)
        for name in LAST:
            self.fields[name] = self._field(name)
        if before is not None:
            for name in self.fields:
                if hasattr(before, name):
                    self.initial.setdefault(name, getattr(before, name))
            self.initial["match"] = "\n".join(before.match)
            self.initial["domains"] = list(before.domains)
        else:
            self.initial.setdefault("domains", [ANY])
            self.initial.setdefault("complete", True)
            self.initial.setdefault("confidence", rules.Confidence.HIGH)
            self.initial.setdefault("severity", Severity.MAJOR)
        if revising:
            # A new version holds from today unless somebody says otherwise.
            self.initial["effective_from"] = None
            self.fields["effective_from"].help_text = _("Empty: from today. Events before keep the version they had.")
            self.fields["reason"] = forms.CharField(
                label=_("Why it is changed"), widget=forms.Textarea(attrs={"rows": 2}), max_length=500
            )

    def _field(self, name: str) -> forms.Field:
        label: Any = FIELDS[name]
        match name:
            case "domains":
                return forms.MultipleChoiceField(
                    label=label, choices=[(ANY, _("All domains")), *Domain.choices], widget=forms.CheckboxSelectMultiple
                )
            case "severity":
                given = [(key, word) for key, word in SEVERITIES.items() if key]
                return forms.ChoiceField(label=label, choices=given, widget=forms.RadioSelect)
            case "status":
                return forms.ChoiceField(label=label, choices=STATUSES.items(), initial=Status.IN_FORCE)
            case "confidence":
                return forms.ChoiceField(label=label, choices=CONFIDENCES.items())
            case "source":
                given = [("", "—"), *((each.pk, str(each)) for each in selectors.sources())]
                return forms.ChoiceField(label=label, choices=given, required=False)
            case "effective_from" | "effective_to":
                return forms.DateField(label=label, required=False, widget=_day())
            case "match":
                return forms.CharField(
                    label=label,
                    required=False,
                    widget=forms.Textarea(attrs={"rows": 4}),
                    help_text=_("One line each: words joined by +, alternatives by |, for example 瓦斯+超限|超标."),
                )
            case "expected":
                return forms.IntegerField(label=label, required=False, min_value=0, max_value=10_000)
            case "complete":
                return forms.BooleanField(label=label, required=False)
            case "title_zh" | "title_en":
                return forms.CharField(label=label, required=name == "title_zh", max_length=300)
            case "number" | "article" | "item":
                return forms.CharField(label=label, required=False, max_length=60 if name == "number" else 20)
            case _:
                return forms.CharField(
                    label=label, required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2})
                )

    def _add_value(self, name: str, value: Any) -> None:
        key = f"data_{name}"
        if name in NUMBERS:
            label, least = NUMBERS[name]
            self.fields[key] = forms.IntegerField(label=label, min_value=least, max_value=100_000)
        elif name in CHOICES and value in CHOICES[name][1]:
            label, given = CHOICES[name]
            self.fields[key] = forms.ChoiceField(label=label, choices=given.items())
        elif isinstance(value, list | dict):
            self.fields[key] = forms.JSONField(label=name, widget=forms.Textarea(attrs={"rows": 4}))
        else:
            return  # words the code goes by (grade, level, method) are not for typing
        self.initial[key] = value

    def clean_domains(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["domains"]
        return [ANY] if ANY in chosen else chosen

    def changes(self) -> dict[str, Any]:
        """Only what was typed differently from before."""
        said = self._said()
        if self.before is None:
            return said
        changes = {name: value for name, value in said.items() if value != getattr(self.before, name)}
        if not self.cleaned_data.get("effective_from"):
            changes.pop("effective_from", None)
        return changes

    def content(self, *, instrument: str = "") -> Content:
        return Content(type=self.type_, instrument=instrument, editable=True, **self._said())

    def _said(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        plain = {name for name in (*EVERY, *PER_TYPE.get(self.type_, ()), *LAST) if name in cleaned}
        said: dict[str, Any] = {name: cleaned[name] for name in plain}
        said["domains"] = tuple(cleaned["domains"])
        if "match" in said:
            said["match"] = tuple(line.strip() for line in cleaned["match"].splitlines() if line.strip())
        if self.before is not None:
            said["data"] = {name: cleaned.get(f"data_{name}", value) for name, value in self.before.data.items()}
        return said


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=500)


class SheetForm(forms.Form):
    file = forms.FileField(label=_("Excel file"))
    reason = forms.CharField(
        label=_("Reason"), max_length=500, help_text=_("For example: entered from the official text of 2026.")
    )
    dry_run = forms.BooleanField(label=_("Only check, write nothing"), required=False, initial=True)


def start_type(asked: str) -> str:
    """The type an office may add that the address asks for; a criterion otherwise."""
    return asked if asked in {Type.INSTRUMENT, Type.CLAUSE, Type.CRITERION} else Type.CRITERION

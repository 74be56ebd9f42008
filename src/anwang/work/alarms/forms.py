"""The small forms of an alarm's acts, and the form of a level rule."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anwang.ground.base.errors import Refused
from anwang.work.alarms import labels, library, rules
from anwang.work.telemetry import labels as gas
from anwang.work.telemetry import places


def _words(label: Any, *, required: bool = True, most: int = 500, help_text: Any = "") -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=label, max_length=most, required=required, widget=widget, help_text=help_text)


def _choice(label: Any, choices: list[tuple[str, Any]], *, required: bool = True) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect, required=required)


class NoteForm(forms.Form):
    note = _words(_("Note"), required=False)


class CutForm(forms.Form):
    """Where cutter and feed both show it there is nothing to explain."""

    why = _choice(_("Why you confirm it all the same"), labels.WHYS)
    note = _words(_("What was checked, and by whom"))

    def __init__(self, *args: Any, shown: bool, **named: Any) -> None:
        super().__init__(*args, **named)
        if shown:
            del self.fields["why"]
            self.fields["note"].required = False
            self.fields["note"].label = _("Note")


class EvacuateForm(forms.Form):
    people = forms.IntegerField(label=_("How many people were withdrawn"), min_value=0, max_value=10_000)
    note = _words(_("Note"), required=False)


class CauseForm(forms.Form):
    kind = _choice(_("Sort of cause"), labels.CAUSES)
    cause = _words(_("The cause, in words"))


class MeasuresForm(forms.Form):
    measures = _words(_("What was done so that it does not happen again"))


class AsideForm(forms.Form):
    aside = _choice(_("What it was"), labels.ASIDES)
    why = _words(_("How you know"))
    name = forms.CharField(label=_("Name of who says so"), max_length=40)


class ReviewForm(forms.Form):
    note = _words(_("What you looked at, and your opinion"))
    close_too = forms.BooleanField(label=_("Close the alarm in the same breath"), required=False, initial=True)


class SendBackForm(forms.Form):
    note = _words(_("What is still lacking"))


class HazardForm(forms.Form):
    description = _words(_("What is wrong"), most=1000)


class RuleForm(forms.Form):
    """A version of a level rule. What is left empty is met by everything."""

    key = forms.RegexField(r"^[a-z0-9][a-z0-9.\-]*$", label=_("Key of the rule"), max_length=40)
    family = forms.ChoiceField(label=_("Family"), choices=labels.FAMILIES)
    level = forms.ChoiceField(label=_("Level"), choices=[("", _("Not used any more")), *labels.LEVELS], required=False)
    quantities = forms.MultipleChoiceField(label=_("Quantities"), required=False)
    kinds = forms.MultipleChoiceField(label=_("Kinds of episode"), required=False)
    places = forms.MultipleChoiceField(label=_("Places of AQ 1029"), required=False)
    at_least = forms.FloatField(label=_("Highest value at least"), required=False)
    at_most = forms.FloatField(label=_("Lowest value at most"), required=False)
    times = forms.FloatField(label=_("Highest value at least so many times the limit"), required=False, min_value=0)
    minutes = forms.IntegerField(label=_("Lasts at least so many minutes"), required=False, min_value=1)
    instrument = forms.CharField(label=_("Instrument"), max_length=80)
    article = forms.CharField(label=_("Article"), max_length=80, required=False)
    source = forms.CharField(label=_("Where the text was read"), max_length=200, required=False)
    confidence = forms.ChoiceField(label=_("Confidence"), choices=labels.CONFIDENCES)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        measured = sorted({*library.conduct().quantities.values()})
        fields: Any = self.fields
        fields["quantities"].choices = [(each, labels.QUANTITY.get(each, each)) for each in measured]
        fields["kinds"].choices = [(each, gas.KIND[each]) for each in rules.FAMILY]
        fields["places"].choices = [(row.key, row.zh) for row in places.rows()]


class _BasisForm(forms.Form):
    """Where a row comes from."""

    instrument = forms.CharField(
        label=_("What it rests on"),
        max_length=80,
        help_text=_("Name or number of a rule, a notice or a decision."),
        error_messages={"required": _("Say what it rests on: a rule, a notice, a decision.")},
    )
    article = forms.CharField(label=_("Article"), max_length=80, required=False)
    source = forms.CharField(label=_("Where the text was read"), max_length=200, required=False)
    confidence = forms.ChoiceField(
        label=_("Confidence"), choices=labels.CONFIDENCES, help_text=_("How sure it is that this basis says so.")
    )


class LimitForm(_BasisForm):
    """How long a step may take at one level. What is wrong with the minutes is said in the words of the rule."""

    step = forms.ChoiceField(
        label=_("Which step"),
        choices=labels.STEPS,
        error_messages={"invalid_choice": labels.NO_STEP},
    )
    level = forms.ChoiceField(
        label=_("Level"),
        choices=labels.LEVELS,
        error_messages={"invalid_choice": labels.NO_LEVEL},
    )
    minutes = forms.IntegerField(
        label=_("Minutes"),
        help_text=_(
            "Counted from the step before; of the first step from the call. An hour is 60, a day 1 440, a week 10 080."
        ),
        error_messages={"required": _("Enter the minutes, or choose that there is no time limit.")},
    )
    off = forms.BooleanField(label=_("No time limit for this step at this level"), required=False)
    field_order = ("step", "level", "minutes", "off")

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        if self.data.get("off"):
            self.fields["minutes"].required = False

    def clean_minutes(self) -> int | None:
        minutes: int | None = self.cleaned_data["minutes"]
        if minutes is not None and not self.data.get("off") and not 1 <= minutes <= rules.LONGEST:
            raise forms.ValidationError(str(Refused("alarms.limit_minutes", most=f"{rules.LONGEST:,}")))
        return minutes

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.pop("off", False):
            cleaned["minutes"] = None
        return cleaned


class RoadForm(_BasisForm):
    """Which steps alarms of one family take. A condition left empty is met by everything.

    ``new``: a row beside those that are there; else the key of the row that is changed is not asked again.
    """

    key = forms.RegexField(
        r"^[a-z0-9][a-z0-9.\-]*$",
        label=_("Key of the rule"),
        max_length=40,
        help_text=_("Your own short name of it in small letters and digits, for example county-methane."),
        error_messages={"invalid": labels.NO_KEY, "required": labels.NO_KEY},
    )
    family = forms.ChoiceField(label=_("Family"), choices=labels.FAMILIES)
    quantities = forms.MultipleChoiceField(
        label=_("Quantities"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all of them."),
    )
    levels = forms.MultipleChoiceField(
        label=_("At which levels"),
        choices=labels.LEVELS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all of them."),
    )
    steps = forms.MultipleChoiceField(
        label=_("Steps, in this order"),
        choices=labels.STEPS,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose the steps, or choose that they are not used any more.")},
    )
    off = forms.BooleanField(label=_("These steps are not used any more"), required=False)
    field_order = ("key", "family", "quantities", "levels", "steps", "off")

    def __init__(self, *args: Any, new: bool, **named: Any) -> None:
        super().__init__(*args, **named)
        measured = sorted({*library.conduct().quantities.values()})
        fields: Any = self.fields
        if self.data.get("off"):
            fields["steps"].required = False
        if not new:
            fields["key"].widget = forms.HiddenInput()
        fields["quantities"].choices = [(each, labels.QUANTITY.get(each, each)) for each in measured]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.pop("off", False):
            cleaned["steps"] = []
        return cleaned

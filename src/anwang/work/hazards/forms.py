"""What people fill in. Forms check shape and length; whether something may be done is the services' to say."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from anwang.ground.base.domains import Domain
from anwang.ground.base.models import new_id
from anwang.kernel import ids
from anwang.work.hazards import labels
from anwang.work.hazards.models import Extension, Hazard, HazardMove
from anwang.work.hazards.rules import Source


def _longest(model: type[Model], name: str) -> int:
    return int(model._meta.get_field(name).max_length or 0)  # type: ignore[union-attr]  # noqa: SLF001


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **named: Any) -> None:
        super().__init__(format="%Y-%m-%d", **named)


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, **named: Any) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M", **named)


def _words(model: type[Model], name: str, *, rows: int = 3, **named: Any) -> forms.CharField:
    return forms.CharField(max_length=_longest(model, name), widget=forms.Textarea(attrs={"rows": rows}), **named)


def _line(name: str, **named: Any) -> forms.CharField:
    return forms.CharField(max_length=_longest(Hazard, name), **named)


NOTE_LENGTH = _longest(HazardMove, "note")
EXPECTED_SOURCES = [
    Source.GRID,
    Source.HOUSEHOLD,
    Source.GOVERNMENT,
    Source.SELF_CHECK,
    Source.EXPERT,
    Source.JOINT,
    Source.UNANNOUNCED,
    Source.DRILL,
]
"""Sources somebody may choose; tips, monitoring and old ledgers come by roads of their own."""


class UlidField(forms.CharField):
    """A ULID made when the form was opened: sent twice, it is one row."""

    widget = forms.HiddenInput

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if not ids.is_ulid(text):
            raise forms.ValidationError(str(labels.REFUSALS["hazards.bad_id"].what))
        return text


class NoteForm(forms.Form):
    """An act that needs no words."""

    note = _words(HazardMove, "note", label=_("Note"), required=False, rows=2)


class ReasonForm(forms.Form):
    """An act that needs a reason."""

    note = _words(HazardMove, "note", label=_("Reason"))


class SendBackForm(forms.Form):
    note = _words(
        HazardMove,
        "note",
        label=_("What is still lacking"),
        help_text=_("The unit reads this. Say what it has to do so that the next re-check passes."),
    )


class VerifyForm(forms.Form):
    note = _words(HazardMove, "note", label=_("What you saw"), required=False, rows=2)
    close_too = forms.BooleanField(label=_("Close it in the same breath"), required=False)

    def __init__(self, *args: Any, may_close: bool, **named: Any) -> None:
        super().__init__(*args, **named)
        if not may_close:
            del self.fields["close_too"]


class GradeForm(forms.Form):
    """A general hazard; ``basis`` in words, or a clause of a standard."""

    basis = _line("basis", label=_("Basis in words"), required=False)
    standard_urn = forms.ChoiceField(label=_("Clause"), required=False)
    note = _words(HazardMove, "note", label=_("Note"), required=False, rows=2)

    def __init__(self, *args: Any, clauses: Sequence[tuple[str, str]] = (), **named: Any) -> None:
        super().__init__(*args, **named)
        if clauses:
            self.fields["standard_urn"].choices = [("", _("No clause")), *clauses]  # type: ignore[attr-defined]
        else:
            del self.fields["standard_urn"]


class CriterionForm(forms.Form):
    """A major hazard, by one criterion: a proposed one, or any other in force for the domain."""

    standard_urn = forms.ChoiceField(label=_("Proposed by the standards"), required=False, widget=forms.RadioSelect)
    other_urn = forms.ChoiceField(label=_("Another criterion"), required=False)
    note = _words(HazardMove, "note", label=_("What makes it match"), required=False, rows=2)

    def __init__(
        self, *args: Any, proposed: Sequence[tuple[str, str]], all_rows: Iterable[tuple[str, str]], **named: Any
    ) -> None:
        super().__init__(*args, **named)
        if proposed:
            self.fields["standard_urn"].choices = [*proposed, ("", _("None of these"))]  # type: ignore[attr-defined]
        else:
            del self.fields["standard_urn"]
        self.fields["other_urn"].choices = [("", "—"), *all_rows]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        # What was looked up by hand is meant, whatever was left ticked above.
        chosen = cleaned.get("other_urn") or cleaned.get("standard_urn") or ""
        if not chosen and not self.errors:
            self.add_error("other_urn", str(labels.REFUSALS["hazards.criterion_missing"].todo))
        return {**cleaned, "standard_urn": chosen}


class AssignForm(forms.Form):
    unit_id = forms.ChoiceField(label=_("Unit that has to rectify"), required=False, widget=forms.RadioSelect)
    due_on = forms.DateField(label=_("Deadline"), widget=DayInput())
    measures = _words(Hazard, "required_measures", label=_("What has to be done"), required=False)
    department_id = forms.ChoiceField(label=_("Department that watches over it"), required=False)
    note = _words(HazardMove, "note", label=_("Note"), required=False, rows=2)

    def __init__(
        self, *args: Any, units: Sequence[tuple[str, str]], departments: Sequence[tuple[str, str]], **named: Any
    ) -> None:
        super().__init__(*args, **named)
        self.fields["unit_id"].choices = units  # type: ignore[attr-defined]
        self.fields["department_id"].choices = [("", "—"), *departments]  # type: ignore[attr-defined]


class TransferForm(forms.Form):
    unit_id = forms.ChoiceField(label=_("New unit"), widget=forms.RadioSelect)
    due_on = forms.DateField(
        label=_("Deadline"), required=False, widget=DayInput(), help_text=_("Left empty, the present one stays.")
    )
    note = _words(HazardMove, "note", label=_("Reason"))

    def __init__(self, *args: Any, units: Sequence[tuple[str, str]], **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["unit_id"].choices = units  # type: ignore[attr-defined]


class ResumeForm(forms.Form):
    due_on = forms.DateField(label=_("New deadline"), widget=DayInput())
    note = _words(HazardMove, "note", label=_("Note"), required=False, rows=2)


class PlanForm(forms.Form):
    """The five fixings; the deadline among them is the order's."""

    person = _line("fix_person", label=_("Responsible person"))
    phone = _line("fix_phone", label=_("Phone"), widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
    measures = _words(Hazard, "fix_measures", label=_("Measures"), required=False)
    funds = _line(
        "fix_funds",
        label=_("Funds"),
        required=False,
        help_text=_("Amount and where it comes from; say so where none is needed."),
    )
    emergency_plan = _words(
        Hazard,
        "fix_plan",
        label=_("Emergency plan and interim control"),
        required=False,
        help_text=_("How people are kept safe until it is put right."),
    )


class PhotosForm(forms.Form):
    """Pictures only; the files themselves are read from the request (``photo_field``)."""

    photos = forms.FileField(label=_("Photos"), required=False)


class SubmitForm(PhotosForm):
    note = _words(HazardMove, "note", label=_("What was done"))


class OnSpotForm(PhotosForm):
    fixed_by_name = _line("fix_person", label=_("Who put it right (the owner or their worker)"))
    note = _words(HazardMove, "note", label=_("What was done"), required=False, rows=2)


class ExtensionForm(forms.Form):
    new_due_on = forms.DateField(label=_("New deadline asked for"), widget=DayInput())
    reason = _words(Extension, "reason", label=_("Why the deadline cannot be kept"))
    interim = _words(Extension, "interim", label=_("How people are kept safe meanwhile"))


class DecisionForm(forms.Form):
    answer = forms.ChoiceField(
        label=_("Answer"),
        choices=[("grant", labels.ACTION["grant_extension"]), ("refuse", labels.ACTION["refuse_extension"])],
        widget=forms.RadioSelect,
    )
    note = _words(
        Extension,
        "decision_note",
        label=_("Reason"),
        required=False,
        rows=2,
        help_text=_("A refusal needs one."),
    )


class ReportForm(PhotosForm):
    """Somebody found something wrong. The most likely answers come first, the rest is folded away."""

    hazard_id = UlidField(initial=new_id)
    site = forms.CharField(max_length=26, widget=forms.HiddenInput)
    description = _words(
        Hazard,
        "description",
        label=_("What is wrong"),
        help_text=_("One sentence: what, and where in the building."),
    )
    place = _line("place", label=_("Exact place"), required=False)
    on_spot = forms.BooleanField(
        label=_("It is being put right on the spot"),
        required=False,
        help_text=_("Then add a photo of how it looks afterwards; the owner signs."),
    )
    after = forms.FileField(label=_("Photos afterwards"), required=False)
    fixed_by_name = _line("fix_person", label=_("Who put it right"), required=False)
    source = forms.ChoiceField(
        label=_("How it was found"), choices=[(each.value, labels.SOURCE[each]) for each in EXPECTED_SOURCES]
    )
    found_at = forms.DateTimeField(
        label=_("When it was found"), widget=MomentInput(), input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
    )
    domain = forms.ChoiceField(label=_("Industry domain"), choices=Domain.choices)
    basis = _line(
        "basis", label=_("Basis"), required=False, help_text=_("Law, standard or checklist item, if you know it.")
    )
    campaign = _line("campaign", label=_("Campaign"), required=False)
    relapse_of = forms.ChoiceField(label=_("Is it the same as one closed before?"), required=False)

    def __init__(self, *args: Any, closed_before: Sequence[tuple[str, str]] = (), **named: Any) -> None:
        super().__init__(*args, **named)
        if closed_before:
            self.fields["relapse_of"].choices = [("", _("No, it is a new one")), *closed_before]  # type: ignore[attr-defined]
        else:
            del self.fields["relapse_of"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("on_spot") and not cleaned.get("fixed_by_name"):
            self.add_error("fixed_by_name", _("Write down who put it right."))
        return cleaned


class AgencyForm(forms.Form):
    """Who issues the paper: the name at its head, the word in its number."""

    agency = forms.CharField(label=_("Issued by"), max_length=60)
    word = forms.CharField(
        label=_("Word in the number"), max_length=6, help_text=_("Such as 应急 in （河）应急责改〔2026〕12号.")
    )
    phone = forms.CharField(label=_("Phone on the paper"), max_length=30, required=False)


class OfficersForm(AgencyForm):
    officer_ids = forms.MultipleChoiceField(
        label=_("Who signs beside you"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, officers: Sequence[tuple[str, str]], **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["officer_ids"].choices = officers  # type: ignore[attr-defined]


class AlsoMixin(forms.Form):
    also = forms.MultipleChoiceField(
        label=_("Other hazards of this place on the same paper"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def choose_also(self, others: Sequence[tuple[str, str]]) -> None:
        if others:
            self.fields["also"].choices = others  # type: ignore[attr-defined]
        else:
            del self.fields["also"]


class OrderPaperForm(OfficersForm, AlsoMixin):
    basis = forms.CharField(
        label=_("Legal basis of the order"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One instrument with its article per line."),
    )
    interim = forms.CharField(
        label=_("Interim measures"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    government = forms.CharField(label=_("Where to ask for reconsideration"), max_length=60)
    court = forms.CharField(label=_("Where to sue"), max_length=60)


class RecheckPaperForm(OfficersForm):
    order_id = forms.ChoiceField(label=_("Answers the order"))
    checked_on = forms.DateField(label=_("Checked again on"), widget=DayInput())
    result = forms.ChoiceField(
        label=_("Result"),
        choices=[("done", _("Put right")), ("partly", _("Partly put right")), ("not", _("Not put right"))],
        widget=forms.RadioSelect,
    )
    opinion = forms.CharField(label=_("Opinion"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    further = forms.CharField(
        label=_("What follows"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, orders: Sequence[tuple[str, str]], **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["order_id"].choices = orders  # type: ignore[attr-defined]


class NoticePaperForm(AgencyForm, AlsoMixin):
    pass

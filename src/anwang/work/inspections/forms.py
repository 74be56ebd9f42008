"""What the screens of visits and plans ask."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from anwang.ground.base.domains import Domain
from anwang.ground.base.models import new_id
from anwang.work.inspections import labels
from anwang.work.inspections.models import Finding, Inspection, Inspector, Plan

FIXED, DUE, RECORDED = "fixed", "due", "recorded"


def _longest(model: Any, name: str) -> int:
    return int(model._meta.get_field(name).max_length)  # noqa: SLF001


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class WithPictures(forms.Form):
    """Pictures come beside the questions (``{% photo_field %}``), so the form travels in parts."""

    def is_multipart(self) -> bool:
        return True


class BeginForm(forms.Form):
    """Kind and checklist, at one place. ``inspection_id`` is made when the form is drawn: a double click is one visit."""

    inspection_id = forms.CharField(widget=forms.HiddenInput, max_length=26)
    planned = forms.CharField(widget=forms.HiddenInput, required=False, max_length=26)
    visit_kind = forms.ChoiceField(label=_("Kind of visit"), widget=forms.RadioSelect)
    checklist = forms.ChoiceField(label=_("Checklist"), widget=forms.RadioSelect, required=False)
    lon = forms.FloatField(widget=forms.HiddenInput, required=False)
    lat = forms.FloatField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, kinds: Sequence[tuple[str, Any]], checklists: Sequence[tuple[str, Any]], **kwargs: Any
    ) -> None:
        kwargs.setdefault("initial", {}).setdefault("inspection_id", new_id())
        super().__init__(*args, **kwargs)
        self.fields["visit_kind"].choices = list(kinds)  # type: ignore[attr-defined]
        self.fields["checklist"].choices = [  # type: ignore[attr-defined]
            *checklists,
            ("", _("Without a checklist: only what I find")),
        ]


class ArrangeForm(forms.Form):
    inspection_id = forms.CharField(widget=forms.HiddenInput, max_length=26)
    planned = forms.CharField(widget=forms.HiddenInput, required=False, max_length=26)
    visit_kind = forms.ChoiceField(label=_("Kind of visit"), widget=forms.RadioSelect)
    due_on = forms.DateField(label=_("On which day"), widget=DayInput)
    lead = forms.ChoiceField(label=_("Who leads it"))
    companions = forms.MultipleChoiceField(
        label=_("Who goes along"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("An official inspection needs two people with certificates. More can be added on the way."),
    )
    note = forms.CharField(
        label=_("What it is about"), max_length=_longest(Inspection, "note"), required=False, widget=forms.Textarea
    )
    tell_enterprise = forms.BooleanField(
        label=_("Tell the unit that it will be inspected"),
        required=False,
        help_text=_("An unannounced visit is told to nobody, whatever is ticked here."),
    )

    def __init__(
        self, *args: Any, kinds: Sequence[tuple[str, Any]], leads: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        kwargs.setdefault("initial", {}).setdefault("inspection_id", new_id())
        super().__init__(*args, **kwargs)
        self.fields["visit_kind"].choices = list(kinds)  # type: ignore[attr-defined]
        self.fields["lead"].choices = list(leads)  # type: ignore[attr-defined]
        self.fields["companions"].choices = list(leads)  # type: ignore[attr-defined]


class CompanionForm(forms.Form):
    user = forms.ChoiceField(label=_("Colleague"), required=False)
    name = forms.CharField(
        label=_("Or a name"),
        max_length=_longest(Inspector, "name"),
        required=False,
        help_text=_("Somebody without an account: an expert, the gas company's fitter, a village official."),
    )
    certificate = forms.CharField(
        label=_("Certificate number"),
        max_length=_longest(Inspector, "certificate"),
        required=False,
        help_text=_("Left blank, the one of the account is taken."),
    )
    department = forms.CharField(label=_("From where"), max_length=_longest(Inspector, "department"), required=False)
    sections = forms.MultipleChoiceField(
        label=_("Answers these sections"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None ticked: all of them."),
    )

    def __init__(
        self, *args: Any, people: Sequence[tuple[str, str]], sections: Sequence[tuple[str, str]], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].choices = [("", "—"), *people]  # type: ignore[attr-defined]
        self.fields["sections"].choices = list(sections)  # type: ignore[attr-defined]
        if not sections:
            del self.fields["sections"]


class CertificateForm(forms.Form):
    certificate = forms.CharField(label=_("Certificate number"), max_length=_longest(Inspector, "certificate"))


class ChecklistForm(forms.Form):
    key = forms.ChoiceField(label=_("Checklist"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, checklists: Sequence[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key"].choices = list(checklists)  # type: ignore[attr-defined]


class FindingForm(WithPictures):
    """A hazard found on the visit. Pictures and the signature come beside it."""

    finding_id = forms.CharField(widget=forms.HiddenInput, max_length=26)
    description = forms.CharField(
        label=_("What is wrong"), max_length=_longest(Finding, "description"), widget=forms.Textarea(attrs={"rows": 3})
    )
    place = forms.CharField(
        label=_("Where exactly"), max_length=120, required=False, help_text=_("Floor, room, machine.")
    )
    major = forms.BooleanField(
        label=_("It meets the criterion of a major hazard"),
        required=False,
        help_text=_("The checklist points to this criterion. A second person has to confirm it."),
    )
    decision = forms.ChoiceField(label=_("What happens with it"), widget=forms.RadioSelect)
    due_on = forms.DateField(label=_("To be put right until"), widget=DayInput, required=False)
    measures = forms.CharField(
        label=_("What has to be done"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    fixed_by_name = forms.CharField(
        label=_("Who put it right, for the place"), max_length=_longest(Finding, "fixed_by_name"), required=False
    )
    basis = forms.CharField(label=_("Basis"), max_length=300, required=False)
    relapse_of = forms.ChoiceField(
        label=_("Is it an old one come back?"), required=False, help_text=_("Then the two are linked.")
    )

    def __init__(
        self,
        *args: Any,
        may_fix: bool,
        orders: bool,
        criterion: str,
        closed_before: Sequence[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("initial", {}).setdefault("finding_id", new_id())
        super().__init__(*args, **kwargs)
        ordered = _("Order it to be put right by a day") if orders else _("Ask for it to be put right by a day")
        choices = [(DUE, ordered), (RECORDED, _("Record it; the office decides"))]
        if may_fix:
            choices.insert(0, (FIXED, _("It was put right while I looked on")))
        self.fields["decision"].choices = choices  # type: ignore[attr-defined]
        if criterion:
            self.fields["major"].help_text = _("%(criterion)s. A second person has to confirm it.") % {
                "criterion": criterion
            }
        else:
            del self.fields["major"]
        if closed_before:
            self.fields["relapse_of"].choices = [("", _("No, it is a new one")), *closed_before]  # type: ignore[attr-defined]
        else:
            del self.fields["relapse_of"]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("decision") == DUE and not said.get("due_on"):
            self.add_error("due_on", _("Choose the day until which it must be done."))
        if said.get("decision") == FIXED and said.get("major"):
            self.add_error("decision", _("A hazard that matches a major criterion is not closed on the spot."))
        if said.get("decision") == FIXED and not said.get("fixed_by_name", "").strip():
            self.add_error("fixed_by_name", _("Write the name of the person who did it."))
        return said


class FinishForm(WithPictures):
    certificate_shown = forms.BooleanField(label=_("Certificates were shown before the inspection"), required=False)
    host_name = forms.CharField(
        label=_("Who received us, for the place"), max_length=_longest(Inspection, "host_name"), required=False
    )
    host_phone = forms.CharField(label=_("Their phone"), max_length=_longest(Inspection, "host_phone"), required=False)
    opinion = forms.CharField(
        label=_("What the place says to it"),
        max_length=_longest(Inspection, "opinion"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    sign_refused = forms.CharField(
        label=_("They do not sign: why"),
        max_length=_longest(Inspection, "sign_refused"),
        required=False,
        help_text=_("Only where nobody signs. It stands on the record instead of the signature."),
    )

    def __init__(self, *args: Any, official: bool, own: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not official:
            del self.fields["certificate_shown"]
        if own:
            for name in ("host_phone", "sign_refused"):
                del self.fields[name]
            self.fields["host_name"].label = _("Who is in charge here")
            self.fields["opinion"].label = _("What we say to it")


class NobodyForm(WithPictures):
    note = forms.CharField(
        label=_("What was tried, and what notice was left"),
        max_length=_longest(Inspection, "note"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    next_on = forms.DateField(
        label=_("Next attempt"), widget=DayInput, help_text=_("The day that stands on the notice.")
    )

    def __init__(self, *args: Any, again: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not again:
            del self.fields["next_on"]


class NoteForm(WithPictures):
    note = forms.CharField(
        label=_("What happened"), max_length=_longest(Inspection, "note"), widget=forms.Textarea(attrs={"rows": 3})
    )


class PlanForm(forms.Form):
    plan_id = forms.CharField(widget=forms.HiddenInput, max_length=26)
    title = forms.CharField(label=_("Name of the plan"), max_length=_longest(Plan, "title"))
    visit_kind = forms.ChoiceField(label=_("Kind of visit"), choices=labels.KINDS, initial="government")
    region = forms.ChoiceField(label=_("Region"))
    begins_on = forms.DateField(label=pgettext_lazy("period", "From"), widget=DayInput)
    ends_on = forms.DateField(label=pgettext_lazy("period", "Until"), widget=DayInput)
    domains = forms.MultipleChoiceField(
        label=_("Domains"),
        choices=Domain.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None ticked: all."),
    )
    site_kinds = forms.MultipleChoiceField(
        label=_("Kinds of places"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None ticked: all."),
    )
    classes = forms.MultipleChoiceField(
        label=_("Supervision classes"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None ticked: all."),
    )
    months = forms.IntegerField(
        label=_("Every so many months"),
        min_value=1,
        max_value=36,
        required=False,
        help_text=_("Blank: as the class of each place says. Red and orange places are visited more often anyway."),
    )
    campaign = forms.CharField(label=_("Campaign"), max_length=_longest(Plan, "campaign"), required=False)
    basis = forms.CharField(
        label=_("Basis"), max_length=_longest(Plan, "basis"), required=False, help_text=_("The paper that asks for it.")
    )

    def __init__(
        self,
        *args: Any,
        regions: Sequence[tuple[str, str]],
        site_kinds: Sequence[tuple[str, str]],
        classes: Sequence[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("initial", {}).setdefault("plan_id", new_id())
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = list(regions)  # type: ignore[attr-defined]
        self.fields["site_kinds"].choices = list(site_kinds)  # type: ignore[attr-defined]
        self.fields["classes"].choices = list(classes)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        begins: date | None = said.get("begins_on")
        ends: date | None = said.get("ends_on")
        if begins and ends and ends < begins:
            self.add_error("ends_on", _("The period ends before it begins."))
        return said


class ReasonForm(forms.Form):
    note = forms.CharField(
        label=_("Why"),
        max_length=_longest(Plan, "withdrawn_note"),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

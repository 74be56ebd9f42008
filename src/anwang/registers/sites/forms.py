"""Forms of places. What a kind asks for of its own becomes questions with the prefix ``f_``."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from anwang.ground.base.domains import Domain
from anwang.ground.regions.forms import RegionField
from anwang.ground.regions.models import Region
from anwang.registers.organisations.forms import DayInput, OrganisationField, UserForm
from anwang.registers.organisations.models import Organisation, OrganisationKind
from anwang.registers.sites import selectors
from anwang.registers.sites.labels import CRS
from anwang.registers.sites.models import Site, SiteKind

Text = str | Promise
OWN = "f_"
PLACED = ("county", "town", "village", "grid")
YES_NO: list[tuple[str, Text]] = [("", _("not known")), ("true", _("yes")), ("false", _("no"))]
SIZES: list[tuple[str, Text]] = [("", _("not known")), ("true", _("above the threshold")), ("false", _("below it"))]
GRADES: list[tuple[str, Text]] = [
    ("", _("none")),
    ("first", _("First grade")),
    ("second", _("Second grade")),
    ("third", _("Third grade")),
    ("small", _("Small and micro enterprises")),
]


def word(spec: Mapping[str, Any]) -> str:
    """A kept row's name in the reader's language."""
    english = (get_language() or "").startswith("en")
    return str(spec["en"] if english else spec["zh"])


def own_field(spec: Mapping[str, Any]) -> forms.Field:
    """The question for one of a kind's own facts."""
    label = word(spec) + (f"（{spec['unit']}）" if spec.get("unit") else "")
    required = bool(spec.get("required"))
    kind = spec["type"]
    if kind == "choice":
        choices = [("", "—"), *((choice["key"], word(choice)) for choice in spec["choices"])]
        return forms.ChoiceField(label=label, choices=choices, required=required)
    if kind == "bool":
        return forms.ChoiceField(label=label, choices=YES_NO, required=required)
    if kind == "date":
        return forms.DateField(label=label, widget=DayInput, required=required)
    if kind == "number":
        return forms.CharField(
            label=label, max_length=20, required=required, widget=forms.TextInput(attrs={"inputmode": "decimal"})
        )
    return forms.CharField(label=label, max_length=200, required=required)


def departments(region: Region | None, user: Any) -> list[tuple[str, Any]]:
    """Who may supervise a place in this region: departments and brigades of its county, in sight of the user."""
    rows = Organisation.objects.visible_to(user).current()
    rows = rows.filter(kind_key__in=[OrganisationKind.DEPARTMENT, OrganisationKind.FIRE_BRIGADE])
    if region is not None and region.county_code:
        rows = rows.filter(county_code=region.county_code)
    return [(row.pk, row.name) for row in rows.order_by("name")[:200]]


class SiteForm(UserForm):
    """A place's file. Made for one kind: its own questions stand after the common ones."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("As on its sign or licence."))
    short_name = forms.CharField(label=_("Short name"), max_length=40, required=False)
    region = RegionField(label=_("Lies in"), levels=PLACED)
    address = forms.CharField(label=_("Address"), max_length=200, required=False)
    manager_name = forms.CharField(label=_("Manager"), max_length=40, required=False)
    manager_phone = forms.CharField(label=_("Manager's telephone"), max_length=20, required=False)
    owner_name = forms.CharField(label=_("Owner"), max_length=40, required=False)
    owner_phone = forms.CharField(label=_("Owner's telephone"), max_length=20, required=False)
    people_on_site = forms.IntegerField(
        label=_("People on site"),
        min_value=0,
        max_value=9_999_999,
        required=False,
        help_text=_("At the busiest time."),
    )
    enterprise = OrganisationField(label=_("Run by"), required=False)
    uscc = forms.CharField(label=_("Unified social credit code"), max_length=30, required=False)
    domain = forms.ChoiceField(label=_("Industry domain"), choices=Domain.choices)
    supervision_class = forms.ChoiceField(label=_("Supervision class"), required=False)
    supervising_department = forms.ChoiceField(label=_("Supervising department"), required=False)
    size_above_threshold = forms.ChoiceField(label=_("Size"), choices=SIZES, required=False)
    standardisation_grade = forms.ChoiceField(label=_("Standardisation grade"), choices=GRADES, required=False)
    standardisation_until = forms.DateField(label=_("Grade valid until"), widget=DayInput, required=False)
    opened_on = forms.DateField(label=_("Opened on"), widget=DayInput, required=False)

    def __init__(
        self,
        *args: Any,
        user: Any,
        kind: SiteKind,
        region: Region | None,
        with_region: bool = True,
        **options: Any,
    ) -> None:
        super().__init__(*args, user=user, **options)
        if not with_region:
            del self.fields["region"]
        self.kind = kind
        self.own: list[str] = []
        for spec in kind.fields:
            name = OWN + spec["key"]
            self.fields[name] = own_field(spec)
            self.own.append(name)
        # What everybody is asked first stands first; then what this kind asks; what is rarely known comes last.
        first = ("name", "region", "address", "manager_name", "manager_phone")
        last = ("people_on_site", "supervising_department", "supervision_class", "enterprise", "uscc")
        self.order_fields([*first, *self.own, *last])
        known = selectors.classes(region) if region is not None else selectors.classes(Region())
        self._choose("supervision_class", [(key, row.word) for key, row in known.items()])
        self._choose("supervising_department", departments(region, user))

    def _choose(self, name: str, choices: Sequence[tuple[str, Any]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "—"), *choices]

    @staticmethod
    def initial_of(site: Site) -> dict[str, Any]:
        names = [
            name for name in SiteForm.base_fields if name not in {"supervising_department", "size_above_threshold"}
        ]
        values = {name: getattr(site, name) for name in names}
        size = site.size_above_threshold
        return (
            values
            | {
                "supervising_department": site.supervising_department_id or "",
                "size_above_threshold": "" if size is None else str(size).lower(),
            }
            | {OWN + key: str(v).lower() if isinstance(v, bool) else v for key, v in site.fields.items()}
        )

    def values(self) -> dict[str, Any]:
        """As the services take them; ``region`` only where it was asked for."""
        data = dict(self.cleaned_data)
        own = {name.removeprefix(OWN): data.pop(name) for name in self.own}
        department = data.pop("supervising_department")
        size = data.pop("size_above_threshold")
        return data | {
            "supervising_department": Organisation.objects.get(pk=department) if department else None,
            "size_above_threshold": {"true": True, "false": False}.get(size),
            "fields": {key: value for key, value in own.items() if value not in (None, "")},
        }


class PositionForm(forms.Form):
    lng = forms.FloatField(label=_("Longitude"))
    lat = forms.FloatField(label=_("Latitude"))
    crs = forms.ChoiceField(
        label=_("Read from"),
        choices=CRS,
        help_text=_("A position pressed on the map or taken from the phone is GPS."),
    )


class NoteForm(forms.Form):
    note = forms.CharField(label=_("Why"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class QuietNoteForm(forms.Form):
    note = forms.CharField(label=_("Note"), max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3}))


class MoveForm(UserForm):
    region = RegionField(label=_("Lies in from now on"), levels=PLACED)
    note = forms.CharField(label=_("Note"), max_length=300, required=False)


class FrequencyForm(forms.Form):
    months = forms.IntegerField(label=_("Months between inspections"), min_value=1, max_value=120)
    basis = forms.CharField(label=_("Basis"), max_length=300, help_text=_("The plan or rule that says so."))


class LimitForm(forms.Form):
    limit = forms.FloatField(label=_("Counts as small up to"), min_value=0)
    since = forms.DateField(label=_("From"), widget=DayInput)
    basis = forms.CharField(label=_("Basis"), max_length=300, help_text=_("The plan or rule that says so."))

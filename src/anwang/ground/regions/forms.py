"""Choosing a region, and changing grids."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import TextInput
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from anwang.ground.base.errors import Refused
from anwang.ground.regions import selectors
from anwang.ground.regions.models import Region


class RegionInput(TextInput):
    """A text field with suggestions that come while typing; without scripts a name or a code does as well."""

    template_name = "regions/widgets/region.html"

    def __init__(self, levels: tuple[str, ...] = (), attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.levels = levels

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        widget = context["widget"]
        widget["suggestions"] = f"{widget['attrs'].get('id', name)}_suggestions"
        widget["attrs"] |= {
            "list": widget["suggestions"],
            "autocomplete": "off",
            "hx-get": f"{reverse_lazy('regions:pick')}?levels={','.join(self.levels)}&name={name}",
            "hx-trigger": "input changed delay:250ms",
            "hx-target": f"#{widget['suggestions']}",
            "hx-swap": "innerHTML",
        }
        return context


class RegionField(forms.CharField):
    """One region, named by code, by name or by path. Gives a :class:`Region`, or None where it may be left empty.

    ``within`` must be set in the form's ``__init__``: the regions that may be chosen.
    """

    within: QuerySet[Region] | None = None

    def __init__(self, *, levels: tuple[str, ...] = (), **kwargs: Any) -> None:
        self.levels = levels
        kwargs.setdefault("max_length", 200)
        kwargs.setdefault("help_text", _("Type part of a name, or a code, and choose from the list."))
        super().__init__(widget=RegionInput(levels), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return written(value) if isinstance(value, Region) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return selectors.resolve(
                text, Region.objects.none() if self.within is None else self.within, levels=self.levels
            )
        except Refused as refused:
            raise ValidationError(str(refused), code=refused.key) from refused


def written(region: Region) -> str:
    """As the field shows a choice, and reads it again: the path and the code."""
    return f"{selectors.path_words(region)} {region.code}"


DATUMS = [
    ("wgs84", _("WGS-84 or CGCS2000 (GPS, Tianditu)")),
    ("gcj02", _("GCJ-02 (Amap, Tencent, WeChat)")),
    ("bd09", _("BD-09 (Baidu)")),
]


class OutlineField(forms.CharField):
    """GeoJSON text; gives the parsed value, whose shape the service checks, or None."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}))
        kwargs.setdefault("max_length", 1_000_000)
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValidationError(str(Refused("regions.outline_unreadable"))) from error

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False)


class PointsField(forms.CharField):
    """One point a line: longitude, latitude, words. Gives [[lon, lat, words], …]."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 4}))
        kwargs.setdefault("max_length", 100_000)
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Any:
        points = []
        for line in super().clean(value).replace("，", ",").splitlines():
            if line.strip():
                lon, _comma, rest = line.partition(",")
                lat, _comma, words = rest.partition(",")
                points.append([lon.strip(), lat.strip(), words.strip()])
        return points

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return "\n".join(", ".join(str(part) for part in point if part != "") for point in value)
        return value


class _Drawn(forms.Form):
    outline = OutlineField(
        label=_("Outline (GeoJSON)"),
        help_text=_("Paste the area as a map program saves it. It may stay empty for a grid known by points only."),
    )
    points = PointsField(
        label=_("Listed points"),
        help_text=_("For a grid that was never drawn, one per line: 111.1345, 39.3821, west gate."),
    )
    crs = forms.ChoiceField(label=_("Datum of these positions"), choices=DATUMS, initial="wgs84")


class _Noted(forms.Form):
    note = forms.CharField(label=_("Reason"), max_length=300, required=False)


class GridForm(_Drawn, _Noted):
    name = forms.CharField(label=_("Name of the grid"), max_length=60)
    code = forms.CharField(
        label=_("Code"), max_length=20, required=False, help_text=_("Empty: the next one of this place.")
    )
    field_order = ("name", "code", "outline", "points", "crs", "note")


class RenameForm(_Noted):
    name = forms.CharField(label=_("Name of the grid"), max_length=60)
    field_order = ("name", "note")


class RedrawForm(_Drawn, _Noted):
    pass


class MergeForm(_Drawn, _Noted):
    olds = forms.MultipleChoiceField(label=_("Grids that become one"), widget=forms.CheckboxSelectMultiple)
    name = forms.CharField(label=_("Name of the new grid"), max_length=60)
    field_order = ("olds", "name", "note", "outline", "points", "crs")

    def __init__(self, *args: Any, grids: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = selectors.paths(grids, start="village")
        field: Any = self.fields["olds"]
        field.choices = [(grid.code, f"{said}（{grid.code}）") for grid, said in zip(grids, words, strict=True)]
        self.fields["outline"].help_text = _("Empty: the outlines of the old grids put together.")


class PartForm(_Drawn):
    name = forms.CharField(label=_("Name of the part"), max_length=60)
    field_order = ("name", "outline", "points", "crs")


class SplitForm(_Noted):
    pass


PartFormSet = forms.formset_factory(PartForm, extra=0, min_num=2, max_num=20, validate_max=True)

"""What is posted with one uploaded file."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anwang.ground.files import labels
from anwang.ground.files.rules import FileKind


class UploadForm(forms.Form):
    file = forms.FileField(label=_("File"), allow_empty_file=True)
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[(kind, labels.KINDS[kind]) for kind in FileKind if kind is not FileKind.PAPER],
        required=False,
    )
    # Whatever a phone says about itself is taken as it comes: a bad position must not cost a photo.
    lon = forms.CharField(required=False)
    lat = forms.CharField(required=False)
    taken_at = forms.CharField(required=False)
    device = forms.CharField(required=False)
    id = forms.CharField(required=False)
    field = forms.SlugField(required=False, max_length=40)
    """Name of the hidden field in the answer, for the form it goes into."""

    def clean_kind(self) -> str:
        return str(self.cleaned_data.get("kind") or FileKind.PHOTO)

    def clean_field(self) -> str:
        return str(self.cleaned_data.get("field") or "files")

    @property
    def place(self) -> tuple[Any, Any]:
        return self.cleaned_data.get("lon"), self.cleaned_data.get("lat")


class VoidForm(forms.Form):
    reason = forms.CharField(
        label=_("Why is it void?"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Whoever checks the paper will see that it is void, but not why."),
    )

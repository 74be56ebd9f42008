from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from anwang.ground.notices import labels
from anwang.ground.notices.models import Channel
from anwang.ground.regions.models import Region


class WaysForm(forms.Form):
    """By which ways a person wants notices, beside the inbox."""

    def __init__(self, *args: Any, ways: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for way in ways:
            self.fields[way] = forms.BooleanField(label=labels.MEANS[way], required=False)


class ChannelForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=60)
    means = forms.ChoiceField(label=_("Kind"), choices=list(labels.MEANS.items()))
    url = forms.CharField(
        label=_("Address of the gateway"),
        max_length=2000,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_(
            "An apprise URL; {phone} or {email} stands where the person's goes. It is kept encrypted and not shown again; "
            "left empty, the present one stays."
        ),
    )
    env = forms.RegexField(
        label=_("Or: environment variable that holds the address"),
        regex=r"^ANWANG_CHANNEL_[A-Z0-9_]{1,40}$",
        required=False,
        max_length=60,
        help_text=_("Its name begins with ANWANG_CHANNEL_."),
        error_messages={"invalid": _("Its name begins with ANWANG_CHANNEL_.")},
    )
    region = forms.CharField(
        label=_("Region code"), max_length=20, required=False, help_text=_("Empty: for the whole house.")
    )
    keys = forms.CharField(
        label=_("Notices it carries"),
        max_length=1000,
        required=False,
        help_text=_("Keys or rooms, separated by blanks, such as “hazards. warnings.sent”. Empty: all."),
    )
    active = forms.BooleanField(label=_("In use"), required=False, initial=True)

    def clean_region(self) -> Region | None:
        code = self.cleaned_data["region"].strip()
        if not code:
            return None
        found = Region.objects.filter(code=code).first()
        if found is None:
            raise forms.ValidationError(_("There is no region with this code."))
        return found

    def clean_keys(self) -> list[str]:
        return str(self.cleaned_data["keys"]).split()

    @classmethod
    def of(cls, channel: Channel, data: Any = None) -> "ChannelForm":
        return cls(
            data,
            initial={
                "name": channel.name,
                "means": channel.means,
                "env": channel.env,
                "region": channel.region_id or "",
                "keys": " ".join(channel.keys),
                "active": channel.active,
            },
        )

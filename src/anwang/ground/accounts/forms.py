"""What people fill in: sign-in, accounts, grants, roles, keys."""

from datetime import datetime, time, timedelta
from typing import Any

from allauth.account.forms import ChangePasswordForm, LoginForm, ReauthenticateForm, SetPasswordForm
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as CodeAgainForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import get_default_password_validators
from django.core.exceptions import ValidationError
from django.urls import reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from anwang.ground.accounts import labels, lookups, selectors
from anwang.ground.accounts.models import Role, User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.domains import Domain
from anwang.ground.regions.forms import RegionField

DAY = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})  # the form browsers want, in any language


def _words(form: forms.Form, **labels_of: Any) -> None:
    """Our words instead of the library's, and no placeholder that repeats the label."""
    for name, label in labels_of.items():
        field = form.fields[name]
        field.label = label
        field.help_text = ""
        field.widget.attrs.pop("placeholder", None)


def password_hints() -> list[str]:
    """The policy in sentences, as its validators say it."""
    return [text for validator in get_default_password_validators() if (text := validator.get_help_text())]


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _words(self, login=_("User name"), password=_("Password"))
        self.fields["login"].widget.attrs |= {"autocapitalize": "none", "autofocus": True}


class PasswordForm(ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _words(
            self,
            oldpassword=_("Present password"),
            password1=_("New password"),
            password2=_("New password once more"),
        )


class FirstPasswordForm(SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _words(self, password1=_("New password"), password2=_("New password once more"))


class PasswordAgainForm(ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _words(self, password=_("Password"))
        self.fields["password"].widget.attrs["autofocus"] = True


def _code(form: forms.Form) -> None:
    _words(form, code=_("Verification code"))
    form.fields["code"].widget.attrs |= {"inputmode": "numeric", "autofocus": True}


class CodeForm(AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)


class SecondCodeForm(CodeAgainForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)


class ActivateForm(ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _code(self)


# --- one's own ------------------------------------------------------------------------------------------------------

LANGUAGES = [("", _("As chosen in the browser")), *settings.LANGUAGES]


class ProfileForm(forms.Form):
    phone = forms.CharField(label=_("Mobile phone"), max_length=20, required=False)
    email = forms.EmailField(label=_("Mail"), required=False)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=LANGUAGES,
        required=False,
        help_text=_("Of the pages after signing in, and of mails."),
    )


class TokenForm(forms.Form):
    name = forms.CharField(label=_("What is it for?"), max_length=60, help_text=_("The system that will use it."))
    permissions = forms.MultipleChoiceField(label=_("What it may do"), widget=forms.CheckboxSelectMultiple)
    expires_on = forms.DateField(label=_("Valid until"), widget=DAY, help_text=_("At most a year from today."))

    def __init__(self, *args: Any, held: frozenset[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["permissions"]
        field.choices = [(word, labels.PERMISSIONS[word]) for word in labels.PERMISSIONS if word in held]
        self.fields["expires_on"].initial = timezone.localdate() + timedelta(days=90)

    def clean_expires_on(self) -> datetime:
        return _end_of(self.cleaned_data["expires_on"])


# --- accounts -------------------------------------------------------------------------------------------------------


KINDS = [(str(User.Kind.PERSON), _("A person")), (str(User.Kind.SYSTEM), _("Another system, by key only"))]


class NothingForm(forms.Form):
    """A question with one answer: the button."""


class PersonForm(forms.Form):
    name = forms.CharField(label=_("Person's name"), max_length=40)
    title = forms.CharField(label=_("Post or title"), max_length=60, required=False)
    phone = forms.CharField(label=_("Mobile phone"), max_length=20, required=False)
    email = forms.EmailField(label=_("Mail"), required=False)
    certificate = forms.CharField(
        label=_("Enforcement certificate number"),
        max_length=40,
        required=False,
        help_text=_("Empty for people without one."),
    )
    home = RegionField(
        label=_("Whose person"),
        required=False,
        help_text=_("The region whose administrators keep this account. It gives no rights."),
    )

    def __init__(self, *args: Any, by: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["home"]
        field.within = selectors.regions_for(by, Permission.USER_MANAGE)


class NewPersonForm(PersonForm):
    username = forms.CharField(
        label=_("User name"),
        max_length=60,
        help_text=_("Small letters, digits, dots, dashes; it cannot be changed later."),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=KINDS,
        widget=forms.RadioSelect,
        initial=User.Kind.PERSON,
    )
    field_order = ("name", "username", "title", "phone", "home", "certificate", "email", "kind")


class NoteForm(forms.Form):
    note = forms.CharField(label=_("Reason"), max_length=300, required=False)


# --- rights ---------------------------------------------------------------------------------------------------------


class GrantForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)
    region = RegionField(label=_("Region"), required=False)
    domains = forms.MultipleChoiceField(
        label=_("Industry domains"),
        choices=Domain.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None chosen means all."),
    )
    organisation = forms.CharField(
        label=_("Organisation"),
        max_length=200,
        required=False,
        help_text=_("For roles that open one organisation's rows."),
    )
    starts_on = forms.DateField(label=_("From"), widget=DAY, required=False, help_text=_("Empty: at once."))
    ends_on = forms.DateField(label=_("Until"), widget=DAY, required=False, help_text=_("The last day. Empty: no end."))

    def __init__(self, *args: Any, by: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        choice: Any = self.fields["role"]
        choice.choices = [(role.key, role.label) for role in roles]
        self.fields["organisation"].widget.attrs |= {
            "list": "organisation_suggestions",
            "autocomplete": "off",
            "hx-get": reverse_lazy("accounts:grants:organisations"),
            "hx-trigger": "input changed delay:250ms",
            "hx-target": "#organisation_suggestions",
            "hx-swap": "innerHTML",
        }
        region: Any = self.fields["region"]
        region.within = selectors.regions_for(by, Permission.GRANT_MANAGE)

    def clean_organisation(self) -> str:
        """An id, a text that ends with one, or a name that only one organisation has."""
        text: str = self.cleaned_data["organisation"].strip()
        if not text:
            return ""
        tail = text.rsplit(maxsplit=1)[-1].upper()
        if len(tail) == 26 and tail.isalnum():
            return tail
        found = lookups.search_organisations(self.by, text)
        exact = [pair for pair in found if pair[1] == text] or found
        if len(exact) == 1:
            return exact[0][0]
        if not found:
            raise ValidationError(_("No organisation of this name is known."))
        raise ValidationError(_("Several organisations are called so: choose one from the list."))

    def clean_starts_on(self) -> datetime | None:
        day = self.cleaned_data["starts_on"]
        return None if day is None else timezone.make_aware(datetime.combine(day, time.min))

    def clean_ends_on(self) -> datetime | None:
        day = self.cleaned_data["ends_on"]
        return None if day is None else _end_of(day)


class RoleForm(forms.Form):
    zh = forms.CharField(label=_("Name in Chinese"), max_length=60)
    en = forms.CharField(label=_("Name in English"), max_length=60, required=False)
    paragraph_zh = forms.CharField(
        label=_("What it is for, in Chinese"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=1000,
        help_text=_("A few sentences a person can judge: what they do, and what they do not."),
    )
    paragraph_en = forms.CharField(
        label=_("What it is for, in English"), widget=forms.Textarea(attrs={"rows": 3}), max_length=1000, required=False
    )
    placed_by = forms.ChoiceField(
        label=_("A grant of it must name"),
        choices=[(key, labels.PLACED_BY[key]) for key in ("region", "organisation", "either")],
        help_text=_("Administrators' roles hold in the whole house or a region, whatever is chosen here."),
    )
    permissions = forms.MultipleChoiceField(
        label=_("What it may do"),
        choices=list(labels.PERMISSIONS.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


class NewRoleForm(RoleForm):
    key = forms.CharField(
        label=_("Key of the role"),
        max_length=40,
        help_text=_("Small letters, digits, underscores; it cannot be changed later."),
    )
    field_order = ("key", "zh", "en", "paragraph_zh", "paragraph_en", "placed_by", "permissions")


def _end_of(day: Any) -> datetime:
    """A last day lasts until midnight."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))

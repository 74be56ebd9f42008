"""allauth's views with our forms and pages. Nothing of it is mounted but what is named in ``urls.py``."""

from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.usersessions import views as sessions
from django.conf import settings
from django.utils import timezone
from django.views.decorators.cache import never_cache

from anwang.ground.accounts import forms, rules


class PasswordChange(account.PasswordChangeView):
    """Changing one's own password, asked for by the person or demanded by its age."""

    form_class = forms.PasswordForm
    template_name = "accounts/password.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        user = self.request.user
        changed = user.password_changed_at or user.created_at
        old = rules.password_is_old(changed, now=timezone.now(), max_days=settings.PASSWORD_MAX_DAYS)
        return context | {
            "hints": forms.password_hints(),
            "demanded": "reset" if user.must_change_password else "old" if old else "",
            "max_days": settings.PASSWORD_MAX_DAYS,
        }


class PasswordSet(account.PasswordSetView):
    form_class = forms.FirstPasswordForm
    template_name = "accounts/password.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"hints": forms.password_hints()}


sign_in = account.LoginView.as_view(form_class=forms.SignInForm, template_name="accounts/sign_in.html")
sign_out = account.LogoutView.as_view(template_name="accounts/sign_out.html")
inactive = account.AccountInactiveView.as_view(template_name="accounts/inactive.html")
password_again = account.ReauthenticateView.as_view(
    form_class=forms.PasswordAgainForm, template_name="accounts/password_again.html"
)
password_change = PasswordChange.as_view()
password_set = PasswordSet.as_view()
second_factor = mfa.IndexView.as_view(template_name="accounts/second_factor.html")
code = mfa.AuthenticateView.as_view(form_class=forms.CodeForm, template_name="accounts/code.html")
code_again = mfa.ReauthenticateView.as_view(form_class=forms.SecondCodeForm, template_name="accounts/code_again.html")
activate = never_cache(
    totp.ActivateTOTPView.as_view(form_class=forms.ActivateForm, template_name="accounts/second_factor_activate.html")
)
deactivate = totp.DeactivateTOTPView.as_view(template_name="accounts/second_factor_deactivate.html")
recovery_codes = never_cache(codes.ViewRecoveryCodesView.as_view(template_name="accounts/recovery_codes.html"))
recovery_generate = codes.GenerateRecoveryCodesView.as_view(template_name="accounts/recovery_generate.html")
recovery_download = codes.DownloadRecoveryCodesView.as_view(template_name="accounts/recovery_codes.txt")
sessions_list = sessions.ListUserSessionsView.as_view(template_name="accounts/sessions.html")

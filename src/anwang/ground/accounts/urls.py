"""Only what we use of allauth, under its own names; and this room's pages."""

from typing import Any

from django.urls import include, path

from anwang.ground.accounts.web import grants, me, people, roles, sign_in

PREFIX = "accounts/"

_me = (
    [
        path("", me.page, name="page"),
        path("change", me.change, name="change"),
        path("key", me.token, name="token"),
        path("keys/<slug:token_id>/revoke", me.token_revoke, name="token_revoke"),
        path("sessions/<int:session_id>/end", me.session_end, name="session_end"),
    ],
    "me",
)
_people = (
    [
        path("", people.listed, name="list"),
        path("new", people.new, name="new"),
        path("<slug:user_id>/", people.person, name="person"),
        path("<slug:user_id>/change", people.change, name="change"),
        path("<slug:user_id>/close", people.close, name="close"),
        path("<slug:user_id>/reopen", people.reopen, name="reopen"),
        path("<slug:user_id>/password", people.password, name="password"),
        path("<slug:user_id>/unlock", people.unlock, name="unlock"),
        path("<slug:user_id>/second-factor", people.factor, name="factor"),
        path("<slug:user_id>/sessions/<int:session_id>/end", people.session_end, name="session_end"),
    ],
    "people",
)
_grants = (
    [
        path("", grants.listed, name="list"),
        path("organisations", grants.organisations, name="organisations"),
        path("to/<slug:user_id>", grants.new, name="new"),
        path("<slug:grant_id>/revoke", grants.revoke, name="revoke"),
    ],
    "grants",
)
_roles = (
    [
        path("", roles.listed, name="list"),
        path("new", roles.new, name="new"),
        path("<slug:key>/", roles.role, name="role"),
        path("<slug:key>/change", roles.change, name="change"),
        path("<slug:key>/delete", roles.delete, name="delete"),
    ],
    "roles",
)
_own: Any = (
    [
        path("me/", include(_me)),
        path("people/", include(_people)),
        path("grants/", include(_grants)),
        path("roles/", include(_roles)),
        path("security/", people.security, name="security"),
    ],
    "accounts",
)

urlpatterns = [
    path("login/", sign_in.sign_in, name="account_login"),
    path("logout/", sign_in.sign_out, name="account_logout"),
    path("inactive/", sign_in.inactive, name="account_inactive"),
    path("reauthenticate/", sign_in.password_again, name="account_reauthenticate"),
    path("password/change/", sign_in.password_change, name="account_change_password"),
    path("password/set/", sign_in.password_set, name="account_set_password"),
    path("2fa/", sign_in.second_factor, name="mfa_index"),
    path("2fa/authenticate/", sign_in.code, name="mfa_authenticate"),
    path("2fa/reauthenticate/", sign_in.code_again, name="mfa_reauthenticate"),
    path("2fa/totp/activate/", sign_in.activate, name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", sign_in.deactivate, name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", sign_in.recovery_codes, name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", sign_in.recovery_generate, name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", sign_in.recovery_download, name="mfa_download_recovery_codes"),
    path("sessions/", sign_in.sessions_list, name="usersessions_list"),
    path("", include(_own)),
]

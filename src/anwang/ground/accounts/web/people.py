"""Accounts: the list, a person's page, making, changing, closing."""

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.ground.accounts import forms, lookups, scope, selectors, services
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.web.me import domains, where
from anwang.ground.base import keyset
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Column, Fact, Filter, Ledger
from anwang.ground.base.templatetags.anwang import when
from anwang.ground.regions.selectors import path_words

P = Permission
KINDS = dict(forms.KINDS)


def _admit(request: HttpRequest) -> None:
    """The pages exist for those who keep people; for everybody else there is nothing here."""
    if not any(scope.may(request.user, permission) for permission in selectors.SEES_PEOPLE):
        raise Http404


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    _admit(request)
    new = Act(_("Make an account"), reverse("accounts:people:new"), primary=True, icon="user-plus")
    ledger = Ledger(
        request,
        key="people",
        title=_("Accounts"),
        row_template="accounts/people_row.html",
        columns=[
            Column("name", _("Person's name"), always=True),
            Column("username", _("User name")),
            Column("title", _("Post or title")),
            Column("home", _("Whose person")),
            Column("roles", _("Roles")),
            Column("last", _("Last signed in")),
            Column("state", _("State")),
        ],
        filters=[
            Filter("state", _("State"), kind="one", choices=[("open", _("In use")), ("closed", _("Account closed"))]),
            Filter(
                "role",
                _("Role"),
                choices=[(role.key, role.label) for role in selectors.roles() if role.placed_by != "thing"],
            ),
            Filter("none", _("Without any role"), kind="flag"),
            Filter("kind", _("Kind"), kind="one", choices=list(KINDS.items()), quick=False),
        ],
        search_label=_("Name, user name or phone"),
        new=new if scope.may(request.user, P.USER_MANAGE) else None,
        empty=_("Accounts of your region appear here."),
    )
    rows = selectors.people(
        request.user,
        text=ledger.text,
        state=ledger.one("state"),
        roles=ledger.chosen("role"),
        without_role=ledger.flag("none"),
        kind=ledger.one("kind"),
        now=timezone.now(),
    )
    page = keyset.page(rows, order=("username",), after=ledger.after)
    selectors.with_roles(page.items, now=timezone.now())
    return render(request, "base/ledger.html", {"ledger": ledger.fill(page, count=rows.count())})


@require_GET
def person(request: HttpRequest, user_id: str) -> HttpResponse:
    user = selectors.person_for(request.user, user_id)
    now = timezone.now()
    grants = selectors.grants_of(user)
    bodies = lookups.organisation_names({grant.organisation_id for grant in grants} - {""})
    keeps_security = scope.can(request.user, P.SECURITY_MANAGE, on=selectors.about(user))
    context = {
        "page_title": user.name,
        "person": user,
        "facts": [
            Fact(_("User name"), user.username),
            Fact(_("Kind"), KINDS.get(user.kind, user.kind)),
            Fact(_("Post or title"), user.title or "—"),
            Fact(_("Whose person"), path_words(user.home) if user.home else _("The whole house")),
            Fact(_("Enforcement certificate number"), user.certificate or "—"),
            Fact(_("Last signed in"), when(user.last_login)),
            Fact(_("Second factor"), _("Set up") if is_mfa_enabled(user) else _("Not set up")),
        ],
        "grants": [(grant, where(grant, bodies), domains(grant), grant.holds_at(now)) for grant in grants],
        "may_revoke": scope.may(request.user, P.GRANT_MANAGE) and user.pk != request.user.pk,
        "sessions": selectors.sessions_of([user.pk])[:50] if keeps_security else [],
        "keeps_security": keeps_security,
        "now": now,
        "acts": _acts(request, user),
    }
    return render(request, "accounts/person.html", context)


def _acts(request: HttpRequest, user: User) -> list[Act]:
    about, me = selectors.about(user), request.user
    acts = []
    if scope.can(me, P.GRANT_MANAGE, on=about) and user.is_active:
        acts.append(Act(_("Grant a role"), reverse("accounts:grants:new", args=[user.pk]), primary=True, icon="key"))
    if scope.can(me, P.USER_MANAGE, on=about):
        acts.append(Act(_("Change the account"), reverse("accounts:people:change", args=[user.pk]), icon="edit"))
        if user.kind == User.Kind.PERSON and user.is_active and user.pk != me.pk:
            acts.append(Act(_("Reset the password"), reverse("accounts:people:password", args=[user.pk]), icon="lock"))
        if user.is_active and user.pk != me.pk:
            acts.append(
                Act(_("Close the account"), reverse("accounts:people:close", args=[user.pk]), icon="ban", danger=True)
            )
        elif not user.is_active:
            acts.append(
                Act(
                    _("Open the account again"),
                    reverse("accounts:people:reopen", args=[user.pk]),
                    method="post",
                    icon="rotate",
                    note=_("Without any role: roles are granted anew."),
                )
            )
    if scope.can(me, P.SECURITY_MANAGE, on=about) and user.kind == User.Kind.PERSON:
        if selectors.offices_of(user, now=timezone.now()) and not scope.can(me, P.USER_MANAGE, on=about):
            acts.append(Act(_("Reset the password"), reverse("accounts:people:password", args=[user.pk]), icon="lock"))
        acts.append(
            Act(_("Lift the lockout"), reverse("accounts:people:unlock", args=[user.pk]), method="post", icon="lock")
        )
        if is_mfa_enabled(user):
            acts.append(
                Act(
                    _("Remove the second factor"),
                    reverse("accounts:people:factor", args=[user.pk]),
                    method="post",
                    icon="device-mobile",
                    danger=True,
                    confirm=_("Remove the second factor of %(name)s? Their sessions end; the password alone will do.")
                    % {"name": user.name},
                )
            )
    return acts


def _form(request: HttpRequest, form: Any, title: str, **context: Any) -> HttpResponse:
    shell = {"form": form, "page_title": title, "crumb": (_("Accounts"), reverse("accounts:people:list"))}
    return render(request, "accounts/form.html", shell | context)


@never_cache
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    scope.require(request.user, P.USER_MANAGE)
    form = forms.NewPersonForm(request.POST or None, by=scope.who(request))
    if form.is_valid():
        kind = form.cleaned_data["kind"]
        password = services.suggest_password() if kind == User.Kind.PERSON else None
        try:
            user = services.create_user(
                **form.cleaned_data, password=password, by=scope.who(request), now=timezone.now()
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            title = _("Account made")
            return render(
                request, "accounts/first_password.html", {"page_title": title, "person": user, "password": password}
            )
    return _form(
        request,
        form,
        _("Make an account"),
        submit_label=_("Make the account"),
        submit_note=_("The account has no rights until the security administrator grants a role."),
        cancel_url=reverse("accounts:people:list"),
        draft="accounts.person",
    )


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, user_id: str) -> HttpResponse:
    user = selectors.person_for(request.user, user_id)
    scope.require(request.user, P.USER_MANAGE, on=selectors.about(user))
    names = ("name", "title", "phone", "email", "certificate", "home")
    form = forms.PersonForm(
        request.POST or None, by=scope.who(request), initial={name: getattr(user, name) for name in names}
    )
    if form.is_valid():
        try:
            services.change(user=user, by=scope.who(request), now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("Changed."))
            return redirect("accounts:people:person", user.pk)
    url = reverse("accounts:people:person", args=[user.pk])
    return _form(
        request, form, _("Change the account of %(name)s") % {"name": user.name}, submit_label=_("Save"), cancel_url=url
    )


@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, user_id: str) -> HttpResponse:
    user = selectors.person_for(request.user, user_id)
    scope.require(request.user, P.USER_MANAGE, on=selectors.about(user))
    form = forms.NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.deactivate(user=user, note=form.cleaned_data["note"], by=scope.who(request), now=timezone.now())
        messages.success(request, _("The account is closed."))
        return redirect("accounts:people:person", user.pk)
    return _form(
        request,
        form,
        _("Close the account of %(name)s") % {"name": user.name},
        submit_label=_("Close the account"),
        submit_note=_("Sessions and keys end at once and all roles are revoked. What the person did stays on record."),
        cancel_url=reverse("accounts:people:person", args=[user.pk]),
    )


@require_POST
def reopen(request: HttpRequest, user_id: str) -> HttpResponse:
    user = selectors.person_for(request.user, user_id)
    services.reactivate(user=user, by=scope.who(request), now=timezone.now())
    messages.success(request, _("The account is open again, without any role."))
    return redirect("accounts:people:person", user.pk)


@never_cache
@require_http_methods(["GET", "POST"])
def password(request: HttpRequest, user_id: str) -> HttpResponse:
    """Reset somebody's password; the new one is on the page that answers and must be changed at the next sign-in."""
    user = selectors.person_for(request.user, user_id)
    if user.pk == request.user.pk:
        return redirect("account_change_password")
    if request.method == "POST":
        word = services.suggest_password()
        services.set_password(user=user, password=word, by=scope.who(request), now=timezone.now())
        context = {"page_title": _("Password reset"), "person": user, "password": word}
        return render(request, "accounts/first_password.html", context)
    return _form(
        request,
        forms.NothingForm(request.POST or None),
        _("Reset the password of %(name)s") % {"name": user.name},
        submit_label=_("Reset the password"),
        submit_note=_("Their sessions end. The new password is shown once and must be changed at the next sign-in."),
        cancel_url=reverse("accounts:people:person", args=[user.pk]),
    )


@require_POST
def unlock(request: HttpRequest, user_id: str) -> HttpResponse:
    user = selectors.person_for(request.user, user_id)
    services.lift_lockout(user=user, by=scope.who(request), now=timezone.now())
    messages.success(request, _("%(name)s can try again.") % {"name": user.name})
    return redirect("accounts:people:person", user.pk)


@require_POST
def factor(request: HttpRequest, user_id: str) -> HttpResponse:
    user = selectors.person_for(request.user, user_id)
    services.drop_second_factor(user=user, by=scope.who(request), now=timezone.now())
    messages.success(request, _("The second factor is removed."))
    return redirect("accounts:people:person", user.pk)


@require_POST
def session_end(request: HttpRequest, user_id: str, session_id: int) -> HttpResponse:
    user = selectors.person_for(request.user, user_id)
    services.end_session(session_id=session_id, by=scope.who(request), now=timezone.now())
    messages.success(request, _("The session has ended."))
    return redirect("accounts:people:person", user.pk)


@require_GET
def security(request: HttpRequest) -> HttpResponse:
    """Whom failed sign-ins have locked out, and who is signed in now."""
    if not scope.may(request.user, P.SECURITY_MANAGE):
        raise Http404
    people = selectors.people_for(request.user, P.SECURITY_MANAGE)
    locked = selectors.locked_out(request.user, now=timezone.now())
    by_name = {user.username: user for user in people.filter(username__in=[row.username for row in locked])}
    context = {
        "page_title": _("Lockouts and sessions"),
        "locked": [(row, by_name[row.username]) for row in locked if row.username in by_name],
        "sessions": selectors.sessions_of(people.values("pk"))[:200],
    }
    return render(request, "accounts/security.html", context)

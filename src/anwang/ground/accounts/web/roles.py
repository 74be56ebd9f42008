"""What each role may do, in words an auditor can read; and roles of the office's own."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.ground.accounts import forms, labels, scope, selectors, services
from anwang.ground.accounts.models import Role
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Fact

P = Permission
WORDS = ("zh", "en", "paragraph_zh", "paragraph_en", "placed_by", "permissions")


def _admit(request: HttpRequest) -> None:
    if not selectors.may_read_roles(request.user):
        raise Http404


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The table: a column per role, a row per permission."""
    _admit(request)
    roles = selectors.roles()
    counts = selectors.holders_count(request.user, [role.key for role in roles], now=timezone.now())
    holds = {role.key: set(role.permissions) for role in roles}
    groups = [
        (
            title,
            [
                (labels.PERMISSIONS[word], word, [word in holds[role.key] for role in roles])
                for word in labels.PERMISSIONS
                if word.startswith(prefixes)
            ],
        )
        for title, prefixes in labels.PERMISSION_GROUPS
    ]
    new = Act(_("Make a role"), reverse("accounts:roles:new"), primary=True, icon="plus")
    context = {
        "page_title": _("Roles"),
        "roles": [(role, counts[role.key]) for role in roles],
        "groups": groups,
        "width": len(roles) + 1,
        "new": new if scope.may(request.user, P.ROLE_MANAGE) else None,
    }
    return render(request, "accounts/roles.html", context)


@require_GET
def role(request: HttpRequest, key: str) -> HttpResponse:
    _admit(request)
    row = Role.objects.get(pk=key)
    acts = []
    if scope.may(request.user, P.ROLE_MANAGE):
        if row.placed_by != "thing":
            acts.append(
                Act(_("Copy into a role of our own"), f"{reverse('accounts:roles:new')}?copy={row.key}", icon="copy")
            )
        if not row.built_in:
            acts.insert(
                0,
                Act(_("Change the role"), reverse("accounts:roles:change", args=[row.key]), primary=True, icon="edit"),
            )
            acts.append(
                Act(
                    _("Delete the role"),
                    reverse("accounts:roles:delete", args=[row.key]),
                    method="post",
                    icon="trash",
                    danger=True,
                    confirm=_("Delete the role %(name)s?") % {"name": row.label},
                )
            )
    held = set(row.permissions)
    context = {
        "page_title": row.label,
        "role": row,
        "facts": [
            Fact(_("Key of the role"), row.key),
            Fact(_("Kind"), _("Built in") if row.built_in else _("Of this office")),
            Fact(_("A grant of it must name"), labels.PLACED_BY[row.placed_by]),
            Fact(_("Grants in force"), selectors.holders_count(request.user, [row.key], now=timezone.now())[row.key]),
        ],
        "groups": [
            (
                title,
                [labels.PERMISSIONS[word] for word in labels.PERMISSIONS if word in held and word.startswith(prefixes)],
            )
            for title, prefixes in labels.PERMISSION_GROUPS
        ],
        "acts": acts,
    }
    return render(request, "accounts/role.html", context)


def _form(request: HttpRequest, form: Any, title: str, cancel: str) -> HttpResponse:
    context = {
        "form": form,
        "page_title": title,
        "submit_label": _("Save the role"),
        "cancel_url": cancel,
        "crumb": (_("Roles"), reverse("accounts:roles:list")),
    }
    return render(request, "accounts/permissions_form.html", context)


def _tell(form: Any, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    scope.require(request.user, P.ROLE_MANAGE)
    model = Role.objects.filter(pk=request.GET.get("copy", "")[:40].replace("\0", "")).first()
    initial = {name: getattr(model, name) for name in WORDS} if model else {}
    form = forms.NewRoleForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            row = services.make_role(**form.cleaned_data, by=scope.who(request), now=timezone.now())
        except Refused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("The role %(name)s is made.") % {"name": row.label})
            return redirect("accounts:roles:role", row.key)
    return _form(request, form, _("Make a role"), reverse("accounts:roles:list"))


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, key: str) -> HttpResponse:
    scope.require(request.user, P.ROLE_MANAGE)
    row = Role.objects.get(pk=key)
    form = forms.RoleForm(request.POST or None, initial={name: getattr(row, name) for name in WORDS})
    if form.is_valid():
        try:
            services.change_role(role=row, **form.cleaned_data, by=scope.who(request), now=timezone.now())
        except Refused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("Changed."))
            return redirect("accounts:roles:role", row.key)
    return _form(
        request, form, _("Change the role %(name)s") % {"name": row.label}, reverse("accounts:roles:role", args=[key])
    )


@require_POST
def delete(request: HttpRequest, key: str) -> HttpResponse:
    services.delete_role(role=Role.objects.get(pk=key), by=scope.who(request), now=timezone.now())
    messages.success(request, _("The role is deleted."))
    return redirect("accounts:roles:list")

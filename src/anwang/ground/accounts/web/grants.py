"""Who holds what: the security administrator's list, giving and taking."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.ground.accounts import forms, labels, lookups, scope, selectors, services
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.web.me import domains, where
from anwang.ground.base import keyset
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Column, Filter, Ledger

P = Permission


@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    if not scope.may(request.user, P.GRANT_MANAGE):
        raise Http404
    now = timezone.now()
    ledger = Ledger(
        request,
        key="grants",
        title=_("Grants"),
        row_template="accounts/grants_row.html",
        columns=[
            Column("person", _("Account"), always=True),
            Column("role", _("Role")),
            Column("where", _("Where")),
            Column("domains", _("Industry domains")),
            Column("from", _("From")),
            Column("to", _("Until")),
            Column("by", _("Granted by"), extra=True),
            Column("state", _("State")),
        ],
        filters=[
            Filter(
                "role",
                _("Role"),
                choices=[(role.key, role.label) for role in selectors.roles() if role.placed_by != "thing"],
            ),
            Filter(
                "state",
                _("State"),
                kind="one",
                choices=[
                    ("now", _("In force")),
                    ("later", _("Later")),
                    ("over", _("Ended")),
                    ("revoked", _("Revoked")),
                ],
            ),
            Filter("retired", _("In a retired region"), kind="flag"),
        ],
        search_label=_("Name, user name or region"),
        new=Act(_("Choose an account"), reverse("accounts:people:list"), primary=True, icon="user-plus"),
        empty=_("Roles that you grant appear here."),
    )
    rows = selectors.grants(
        request.user,
        text=ledger.text,
        roles=ledger.chosen("role"),
        state=ledger.one("state"),
        retired=ledger.flag("retired"),
        now=now,
    )
    page = keyset.page(rows, order=("-id",), after=ledger.after)
    bodies = lookups.organisation_names({grant.organisation_id for grant in page.items} - {""})
    for grant in page.items:
        grant.where, grant.domain_words = where(grant, bodies), domains(grant)  # type: ignore[attr-defined]
        grant.tone = selectors.grant_tone(grant, now=now)  # type: ignore[attr-defined]
    return render(request, "base/ledger.html", {"ledger": ledger.fill(page, count=rows.count()), "me": request.user})


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, user_id: str) -> HttpResponse:
    user = selectors.person_for(request.user, user_id)
    scope.require(request.user, P.GRANT_MANAGE, on=selectors.about(user))
    roles = [role for role in selectors.roles() if role.placed_by != "thing"]
    form = forms.GrantForm(request.POST or None, by=scope.who(request), roles=roles)
    if form.is_valid():
        fields = form.cleaned_data
        try:
            services.grant(
                user=user,
                role=fields["role"],
                region=fields["region"],
                domains=fields["domains"],
                organisation_id=fields["organisation"],
                starts_at=fields["starts_on"],
                ends_at=fields["ends_on"],
                by=scope.who(request),
                now=timezone.now(),
            )
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("Granted to %(name)s.") % {"name": user.name})
            return redirect("accounts:people:person", user.pk)
    chosen = form["role"].value()
    context = {
        "form": form,
        "person": user,
        "roles": [(role, labels.PLACED_BY[role.placed_by], role.key == chosen) for role in roles],
        "page_title": _("Grant a role to %(name)s") % {"name": user.name},
        "submit_label": _("Grant the role"),
        "cancel_url": reverse("accounts:people:person", args=[user.pk]),
        "crumb": (_("Grants"), reverse("accounts:grants:list")),
    }
    return render(request, "accounts/grant.html", context)


@require_POST
def revoke(request: HttpRequest, grant_id: str) -> HttpResponse:
    grant = selectors.grants_for(request.user).get(pk=grant_id)
    services.revoke(grant=grant, by=scope.who(request), now=timezone.now(), note=request.POST.get("note", "")[:300])
    messages.success(request, _("The role is revoked."))
    return redirect("accounts:people:person", grant.user_id)


@require_GET
def organisations(request: HttpRequest) -> HttpResponse:
    """Suggestions for the organisation of a grant: name and id."""
    if not scope.may(request.user, P.GRANT_MANAGE):
        raise Http404
    found = lookups.search_organisations(request.user, request.GET.get("organisation", "")[:60])
    words = [f"{name} {key}" for key, name in found]
    return render(request, "regions/widgets/suggestions.html", {"suggestions": words})

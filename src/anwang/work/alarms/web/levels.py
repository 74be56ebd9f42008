"""The level rules: built-in ones, those of this house, and the form that puts a version into force."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.work.alarms import forms, labels, selectors, services
from anwang.work.alarms.rules import LevelRow
from anwang.work.alarms.web import sent
from anwang.work.telemetry import labels as gas
from anwang.work.telemetry import places

_FIELDS = ("at_least", "at_most", "times", "minutes", "instrument", "article", "source", "confidence")


@login_required
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Everybody who reads alarms may read what they are judged by."""
    user = scope.who(request)
    if not scope.may(user, Permission.ALARM_RULES):
        scope.require(user, Permission.ALARM_READ)
    now = timezone.now()
    own = {row.key for row in selectors.own_rules(at=now)}
    rows = [_shown(row, own=row.key in own) for row in selectors.level_rules(at=now)]
    context = {
        "rows": sorted(rows, key=lambda row: (row["family_key"], row["level"] != "red")),
        "may": scope.may(user, Permission.ALARM_RULES),
        "may_read": scope.may(user, Permission.ALARM_READ),
        "page_title": _("Levels of alarms"),
    }
    return render(request, "alarms/levels.html", context)


def _shown(row: LevelRow, *, own: bool) -> dict[str, Any]:
    said = [
        *(str(labels.QUANTITY.get(each, each)) for each in sorted(row.quantities)),
        *(str(gas.KIND[each]) for each in sorted(row.kinds)),
    ]
    if row.at_least is not None:
        said.append(f"≥ {row.at_least:g}")
    if row.at_most is not None:
        said.append(f"≤ {row.at_most:g}")
    if row.times is not None:
        said.append(_("≥ %(n)s times the limit") % {"n": f"{row.times:g}"})
    if row.minutes is not None:
        said.append(_("≥ %(n)s minutes") % {"n": row.minutes})
    known = {each.key: each.zh for each in places.rows()}
    return {
        "key": row.key,
        "version": row.version,
        "family": labels.FAMILY[row.family],
        "family_key": row.family.value,
        "level": row.level.key,
        "when": " · ".join(said) or _("always"),
        "places": "、".join(known.get(each, each) for each in sorted(row.places)),
        "basis": " ".join(filter(None, [row.instrument, row.article])),
        "source": row.source,
        "own": own,
    }


@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    user, now = scope.who(request), timezone.now()
    scope.require(user, Permission.ALARM_RULES)
    form = forms.RuleForm(request.POST or None, initial=_initial(request.GET.get("key", "")[:40]))
    if form.is_bound and form.is_valid():
        try:
            row = services.set_rule(by=user, now=now, act_id=sent.act_id(request), **form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("Version %(n)s of the rule is in force.") % {"n": row.version})
            return redirect("alarms:levels")
    context = {
        "form": form,
        "page_title": _("Put a level rule into force"),
        "submit_label": _("Put it into force"),
        "cancel_url": reverse("alarms:levels"),
    }
    return render(request, "base/form.html", context, status=422 if form.is_bound else 200)


def _initial(key: str) -> dict[str, Any]:
    row = next((each for each in selectors.level_rules(at=timezone.now()) if each.key == key), None)
    if row is None:
        return {"instrument": "矿安〔2025〕100号"}
    found: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    lists = {name: sorted(getattr(row, name)) for name in ("quantities", "kinds", "places")}
    return {**found, **lists, "key": row.key, "family": row.family.value, "level": row.level.key}

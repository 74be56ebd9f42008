"""Steps and time limits: what holds, who put which version into force, and the two forms that do it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Fact
from anwang.kernel.scale import Level
from anwang.work.alarms import forms, labels, selectors, services
from anwang.work.alarms.models import RoadRule, StepLimit
from anwang.work.alarms.rules import Limit, Limits, Road, Step
from anwang.work.alarms.selectors import InForce
from anwang.work.alarms.web import sent
from anwang.work.alarms.web.thing import span_words
from anwang.work.telemetry import sensors

MOST = 100
"""Versions shown."""
_BASIS = ("instrument", "article", "source", "confidence")
Row = Limit | Road | StepLimit | RoadRule


@login_required
@require_GET
def listing(request: HttpRequest) -> HttpResponse:
    """Everybody who reads alarms may read which steps they take, and in what time."""
    user = scope.who(request)
    if not scope.may(user, Permission.ALARM_RULES):
        scope.require(user, Permission.ALARM_READ)
    now, held = timezone.now(), InForce()
    versions = selectors.versions(most=MOST)
    own_limits = held.own_limits(at=now)
    own_roads = {road.key for road in held.own_roads(at=now)}
    limits = held.limits(at=now)
    context = {
        "levels": [level.key for level in Level],
        "limits": [
            {
                "step": labels.STEP[step],
                "cells": [_cell(step, level, limits, own=own_limits) for level in Level],
            }
            for step in Step
        ],
        "roads": [_road(road, own=road.key in own_roads) for road in held.roads(at=now)],
        "versions": [_version(row) for row in versions],
        "more": len(versions) == MOST,
        "may": scope.may(user, Permission.ALARM_RULES),
        "may_read": scope.may(user, Permission.ALARM_READ),
        "page_title": _("Steps and time limits"),
    }
    return render(request, "alarms/steps.html", context)


def _cell(step: Step, level: Level, limits: Limits, *, own: Collection[tuple[Step, Level]]) -> dict[str, Any]:
    row = limits.get((step, level))
    query = urlencode({"step": step.value, "level": level.key})
    return {
        "level": level.key,
        "words": minutes_words(row.minutes if row else None),
        "word": labels.LEVEL[level.key],
        "own": (step, level) in own,
        "version": row.version if row else 0,
        "basis": _basis(row) if row else "",
        "confidence": labels.CONFIDENCE.get(row.confidence, "") if row else "",
        "url": f"{reverse('alarms:limit_set')}?{query}",
    }


def _road(road: Road, *, own: bool) -> dict[str, Any]:
    return {
        "key": road.key,
        "version": road.version,
        "family": labels.FAMILY[road.family],
        "when": _when(sorted(road.quantities), [level.key for level in sorted(road.levels)]),
        "steps": _steps([step.value for step in road.steps]),
        "basis": _basis(road),
        "source": road.source,
        "confidence": labels.CONFIDENCE.get(road.confidence, ""),
        "own": own,
    }


def _version(row: StepLimit | RoadRule) -> dict[str, Any]:
    shown = {
        "version": row.version,
        "basis": _basis(row),
        "source": row.source,
        "confidence": labels.CONFIDENCE.get(row.confidence, ""),
        "at": row.in_force_from,
        "by": row.made_by.name,
    }
    if isinstance(row, StepLimit):
        words = minutes_words(row.minutes)
        return {**shown, "what": labels.STEP[row.step], "level": row.level, "words": words, "key": ""}
    words = _steps(row.steps) or _("Not used any more")
    family = labels.FAMILY[row.family]
    return {**shown, "what": family, "when": _when(row.quantities, row.levels), "words": words, "key": row.key}


def _when(quantities: list[str], levels: list[str]) -> str:
    """Which alarms of a family take a road."""
    known, words = sensors.types(), labels.LEVEL
    named = (labels.QUANTITY.get(each) or (known[each].zh if each in known else each) for each in quantities)
    said = ["、".join(map(str, named)), "、".join(str(words[level]) for level in levels)]
    return " · ".join(filter(None, said)) or _("always")


def _steps(steps: list[str]) -> str:
    return " → ".join(str(labels.STEP[step]) for step in steps)


def _basis(row: Row) -> str:
    return " ".join(filter(None, [row.instrument, row.article]))


def minutes_words(minutes: int | None) -> str:
    """A limit as people say it: whole hours and days without the zeros."""
    if minutes is None:
        return _("no time limit")
    if minutes % 1440 == 0:
        return _("{d} d").format(d=minutes // 1440)
    if minutes % 60 == 0:
        return _("{h} h").format(h=minutes // 60)
    return span_words(timedelta(minutes=minutes))


@login_required
@require_http_methods(["GET", "POST"])
def limit(request: HttpRequest) -> HttpResponse:
    """``?step=&level=`` is the limit that is changed."""
    scope.require(request.user, Permission.ALARM_RULES)
    step, level = request.GET.get("step", "")[:12], request.GET.get("level", "")[:8]
    known = step in labels.STEP and level in labels.LEVEL
    initial, held = _limit_held(Step(step), Level.of(level)) if known else ({}, [])
    form = forms.LimitForm(request.POST or None, initial=initial)
    note = _("A step that waits keeps the time it was given. The new time is counted from the next step on.")
    return _put(request, form, services.set_limit, _("Change a time limit"), note, held)


@login_required
@require_http_methods(["GET", "POST"])
def road(request: HttpRequest) -> HttpResponse:
    """``?key=`` is the road that is changed; without it the house gets one of its own."""
    scope.require(request.user, Permission.ALARM_RULES)
    key = request.GET.get("key", "")[:40]
    found = InForce()
    row = next((each for each in found.roads(at=timezone.now()) if each.key == key), None)
    initial, held = _road_held(row, found) if row else ({}, [])
    form = forms.RoadForm(request.POST or None, initial=initial, new=row is None)
    note = _("An alarm keeps the steps it had when it called. The new ones hold from its next call on.")
    title = _("Change the steps") if row else _("Add steps of your own")
    return _put(request, form, services.set_road, title, note, held)


def _put(request: HttpRequest, form: Form, verb: Any, title: str, note: str, held: list[Fact]) -> HttpResponse:
    if form.is_bound and form.is_valid():
        try:
            row = verb(by=scope.who(request), now=timezone.now(), act_id=sent.act_id(request), **form.cleaned_data)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            said = _version(row)
            where = f"{said['what']} · {said['when'] if said['key'] else labels.LEVEL[said['level']]}"
            words = _("%(where)s: %(now)s. Version %(n)s is in force.")
            messages.success(request, words % {"where": where, "now": said["words"], "n": row.version})
            return redirect("alarms:steps")
    context = {
        "form": form,
        "page_title": title,
        "held": held,
        "may_read": scope.may(request.user, Permission.ALARM_READ),
        "submit_label": _("Put it into force"),
        "submit_note": note,
        "cancel_url": reverse("alarms:steps"),
    }
    return render(request, "alarms/step_form.html", context, status=422 if form.is_bound else 200)


def _rule(row: Limit | Road, *, own: bool) -> Fact:
    """Where what is in force comes from."""
    whose = _("of this house") if own else _("built in")
    said = [f"{whose} v{row.version}", _basis(row), str(labels.CONFIDENCE.get(row.confidence, ""))]
    return Fact(_("Basis"), " · ".join(filter(None, said)))


def _basis_initial(row: Limit | Road, *, own: bool) -> dict[str, str]:
    """What the house said of its own row. Of a built-in one it says nothing: another number has another source."""
    return {name: getattr(row, name) for name in _BASIS} if own else {}


def _limit_held(step: Step, level: Level) -> tuple[dict[str, Any], list[Fact]]:
    """What the form begins with, and what is in force."""
    now, found = timezone.now(), InForce()
    row, own = found.limits(at=now).get((step, level)), (step, level) in found.own_limits(at=now)
    initial: dict[str, Any] = {"step": step.value, "level": level.key}
    held = [
        Fact(_("Which step"), labels.STEP[step.value]),
        Fact(_("Level"), labels.LEVEL[level.key]),
        Fact(_("Now in force"), minutes_words(row.minutes if row else None)),
    ]
    if row is None:
        return {**initial, "off": True}, held
    return {**initial, "minutes": row.minutes, **_basis_initial(row, own=own)}, [*held, _rule(row, own=own)]


def _road_held(row: Road, found: InForce) -> tuple[dict[str, Any], list[Fact]]:
    own = row.key in {each.key for each in found.own_roads(at=timezone.now())}
    shown = _road(row, own=own)
    held = [
        Fact(_("Family"), shown["family"]),
        Fact(_("Condition"), shown["when"]),
        Fact(_("Key of the rule"), row.key),
        _rule(row, own=own),
        Fact(_("Now in force"), shown["steps"], wide=True),
    ]
    initial = {
        "key": row.key,
        "family": row.family.value,
        "quantities": sorted(row.quantities),
        "levels": [level.key for level in row.levels],
        "steps": [step.value for step in row.steps],
        **_basis_initial(row, own=own),
    }
    return initial, held

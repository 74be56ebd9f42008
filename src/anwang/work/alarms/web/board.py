"""The board: what calls now, by danger and age; and the list of all alarms."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anwang.ground.accounts import scope
from anwang.ground.accounts import selectors as accounts
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import keyset
from anwang.ground.base.parts import Column, Filter, Ledger
from anwang.kernel import clock
from anwang.work.alarms import labels, selectors
from anwang.work.alarms.models import Alarm
from anwang.work.alarms.web.thing import decorate

ORDERS = {
    "-raised": ("-first_raised_at", "-id"),
    "raised": ("first_raised_at", "id"),
    "level": ("rank", "raised_at", "id"),
}


def _board(request: HttpRequest) -> dict[str, Any]:
    now = timezone.now()
    user = scope.who(request)
    urgent, waiting = selectors.board(user)
    handled = Alarm.objects.filter(pk__in=[row.pk for row in urgent]).reachable(user, Permission.ALARM_HANDLE)
    mine = set(handled.values_list("pk", flat=True))
    for row in (*urgent, *waiting):
        shown = decorate(row, now)
        shown.may_acknowledge = row.pk in mine and row.state == "raised"
    return {
        "urgent": urgent,
        "waiting": waiting,
        "now": now,
        "reds": sum(row.level == "red" and row.state == "raised" for row in urgent),
        "closed": selectors.closed_number(user, since=now - timedelta(days=1)),
        "most": selectors.MOST,
    }


@login_required
@require_GET
def board(request: HttpRequest) -> HttpResponse:
    scope.require(request.user, Permission.ALARM_READ)
    context = _board(request)
    context["eyes"] = accounts.eyes(scope.who(request))
    context["may_rules"] = scope.may(request.user, Permission.ALARM_RULES)
    return render(request, "alarms/board.html", context)


@login_required
@require_GET
def rows(request: HttpRequest) -> HttpResponse:
    """The rows of the board alone, for the page that is told of a change."""
    scope.require(request.user, Permission.ALARM_READ)
    return render(request, "alarms/rows.html", _board(request))


def _ledger(request: HttpRequest) -> Ledger:
    return Ledger(
        request,
        key="alarms",
        title=_("All alarms"),
        row_template="alarms/row.html",
        columns=[
            Column("number", _("Number"), always=True),
            Column("level", _("Level"), sort="level"),
            Column("mine", _("Coal mine")),
            Column("place", _("Place of the alarm")),
            Column("what", _("Alarm content")),
            Column("value", _("Extreme value"), number=True),
            Column("state", _("State")),
            Column("raised", _("Raised"), sort="raised"),
            Column("late", _("Late"), extra=True),
        ],
        filters=[
            Filter("level", _("Level"), choices=labels.LEVELS),
            Filter("state", _("State"), choices=labels.STATES),
            Filter("family", _("Family"), choices=labels.FAMILIES),
            Filter("late", _("A step was late"), kind="flag", quick=False),
            Filter("raised", _("Raised on"), kind="dates", quick=False),
        ],
        default_sort="-raised",
        search_label=_("Number, mine or place"),
        empty=_("Alarms of the mines in your region appear here."),
    )


@login_required
@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    scope.require(request.user, Permission.ALARM_READ)
    asked = _ledger(request)
    filters = selectors.Filters(
        levels=asked.chosen("level"),
        states=asked.chosen("state"),
        families=asked.chosen("family"),
        late=asked.flag("late"),
        raised=asked.dates("raised"),
        text=asked.text.replace("\0", "")[:60],
    )
    found = selectors.ledger(request.user, filters)
    page = keyset.page(selectors.for_list(found), order=ORDERS.get(asked.sort, ORDERS["-raised"]), after=asked.after)
    now = timezone.now()
    for row in page:
        decorate(row, now)
    context = {"ledger": asked.fill(page, count=found.count()), "today": clock.local_date(now)}
    return render(request, "base/ledger.html", context)

"""The first screen: what needs me, late first; my week; my figures. And the one search for everything."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.parts import Act, Card, Figure, Number
from anwang.kernel import clock
from anwang.overview.desk import labels, selectors
from anwang.overview.desk.selectors import Day, Mine, Task
from anwang.overview.figures import asked, catalogue
from anwang.work.hazards.rules import Grade

MORNING, NOON, EVENING = 11, 13, 18


@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """What needs this person now. ``?do=verify`` keeps one kind of task, ``?day=2026-11-23`` what ends on that day."""
    user = scope.who(request)
    now = timezone.now()
    today = clock.local_date(now)
    key = request.GET.get("do", "") if request.GET.get("do") in labels.WAITS else ""
    day = _day(request.GET.get("day", ""))
    whole = bool(request.GET.get("all") or day)
    found = selectors.waiting(user, now=now, key=key, day=day, limit=selectors.MOST if whole else selectors.CARDS)
    waits = found.counts.get(key, 0) if key else found.total
    acts = _acts(user)
    context: dict[str, Any] = {
        "page_title": _greeting(user, now),
        "today": _("%(day)s, %(weekday)s") % {"day": today.isoformat(), "weekday": labels.WEEKDAYS[today.weekday()]},
        "cards": [_card(task) for task in found.tasks],
        "chips": _chips(found.counts, key),
        "total": found.total,
        "late": _late_words(found.late),
        "more": len(found.tasks) < waits and day is None,
        "all_url": "" if whole else f"{reverse('desk:desk')}?{urlencode({'all': 1, **({'do': key} if key else {})})}",
        "waits": waits,
        "narrowed": bool(key or day),
        "key_words": labels.WAITS.get(key, ""),
        "day": day,
        "week": [_week_day(each, today) for each in found.week] if any(each.n for each in found.week) else [],
        "acts": acts,
        "main_act": acts[0] if acts else None,
        "now": now,
    }
    if selectors.looks(user):
        context["looks"] = True
        context["figures"] = [] if key or day else _figures(user, now)
    if not (key or day):
        mine = selectors.mine(user, today=today)
        context |= {"numbers": _numbers(mine) if mine else [], "done": _done(mine) if mine else []}
    return render(request, "desk/desk.html", context)


def _late_words(n: int) -> str:
    return ngettext("%(n)d is late", "%(n)d are late", n) % {"n": n} if n else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _greeting(user: User, now: Any) -> str:
    hour = timezone.localtime(now).hour
    if hour < MORNING:
        words = _("Good morning, %(name)s")
    elif hour < NOON:
        words = _("Good day, %(name)s")
    else:
        words = _("Good afternoon, %(name)s") if hour < EVENING else _("Good evening, %(name)s")
    return words % {"name": user.name}


def _card(task: Task) -> Card:
    act = Act(task.do, task.do_url, primary=True) if task.do and task.do_url else None
    return Card(
        title=task.title,
        url=task.url,
        kind=task.kind,
        where=task.where,
        since=task.since,
        due=task.due,
        otherwise=task.otherwise,
        act=act,
        number=task.number,
        at_once=task.at_once,
    )


def _chips(counts: dict[str, int], key: str) -> list[dict[str, Any]]:
    """All, and one chip for each kind that waits, the order that of the road of a hazard."""
    path = reverse("desk:desk")
    shown = [each for each in labels.WAITS if counts.get(each)]
    if len(shown) < 2 and not key:
        return []
    whole = {"label": _("All"), "n": sum(counts.values()), "url": path, "current": not key}
    return [
        whole,
        *(
            {"label": labels.WAITS[each], "n": counts[each], "url": f"{path}?do={each}", "current": each == key}
            for each in shown
        ),
    ]


def _week_day(each: Day, today: date) -> dict[str, Any]:
    return {
        "day": each.day,
        "name": _("Today") if each.day == today else labels.WEEKDAYS[each.day.weekday()],
        "today": each.day == today,
        "n": each.n,
        "first": [task.title for task in each.first],
        "more": max(0, each.n - len(each.first)),
        "url": f"{reverse('desk:desk')}?{urlencode({'day': each.day.isoformat()})}" if each.n else "",
    }


def _acts(user: User) -> list[Act]:
    """What people come to begin, the likeliest first."""
    acts = []
    if scope.may(user, Permission.INSPECTION_CONDUCT) or scope.may(user, Permission.INSPECTION_SELF):
        acts.append(Act(_("Begin an inspection"), reverse("inspections:start"), icon="clipboard-check", primary=True))
    if scope.may(user, Permission.HAZARD_REPORT):
        acts.append(Act(_("Record a hazard"), reverse("hazards:report"), icon="plus"))
    if not acts and scope.may(user, Permission.FIGURES_READ):
        acts.append(Act(_("Figures and reports"), reverse("figures:index"), icon="chart-bar"))
    return acts


def _numbers(mine: Mine) -> list[Number]:
    ledger = reverse("hazards:ledger")
    first = f"{mine.month_name}-01"
    return [
        Number(_("Open now"), mine.now.open, ledger),
        Number(_("Late now"), mine.now.late, f"{ledger}?late=1", tone="late" if mine.now.late else ""),
        Number(_("Major, open now"), mine.now.major_open, f"{ledger}?grade={Grade.MAJOR}"),
        Number(_("Found this month"), mine.month.found, f"{ledger}?group=all&found_from={first}"),
        Number(_("Of these struck off"), mine.month.closed, f"{ledger}?group=closed&found_from={first}"),
    ]


def _done(mine: Mine) -> list[Number]:
    """What I did this month; empty where I did nothing that is counted."""
    found = [Number(word, mine.done[key]) for key, word in labels.DONE.items() if mine.done.get(key)]
    if mine.visits:
        found.append(Number(_("Visits led"), mine.visits, f"{reverse('inspections:list')}?mine=1"))
    return found


def _figures(user: User, now: Any) -> list[Figure]:
    """For those who look and do not act: the year month by month, and where it is late."""
    frame = asked.frame_of(user, now=now, region=None, given={})
    found = [catalogue.one(key, frame) for key in ("by_month", "places_late")]
    return [each for each in found if each is not None]


# --- search ---------------------------------------------------------------------------------------------------------


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """``/search?q=``: everything with these words that this person may see, gathered by what it is.

    A number typed in full leads straight to its thing. While typing (htmx) only the results are answered.
    """
    user = scope.who(request)
    words = selectors.words_of(request.GET.get("q", ""))
    groups = selectors.search(user, words, now=timezone.now())
    typing = bool(getattr(request, "htmx", False))
    if not typing and (hit := selectors.exact(groups)) is not None:
        return redirect(hit.url)
    context = {
        "page_title": _("Search"),
        "words": words,
        "groups": groups,
        "total": sum(len(group.hits) for group in groups),
    }
    return render(request, "desk/results.html" if typing else "desk/search.html", context)

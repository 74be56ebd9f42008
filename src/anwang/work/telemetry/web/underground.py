"""Who is underground in a mine: what its tab shows, with masked names; one whole name, and the list to take away.

A whole name is in the answer to whoever asked for it with a reason, and nowhere else: not in the tab, not in a message,
not in an address, and no browser keeps the answer.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import sheets
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Fact, Figure, Number
from anwang.work.telemetry import labels, rules, selectors, services, underground
from anwang.work.telemetry.models import BaseStation, Mine, Muster
from anwang.work.telemetry.web import common

SHOWN = 20
"""People who are named, those who are down longest first; all are counted."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A number of people with its data time, for a list. ``old``: it no longer says who is underground now."""

    n: int
    at: datetime
    old: bool
    leaderless: bool


def counted(found: Muster | None, now: datetime) -> Counted | None:
    if found is None:
        return None
    leaderless = rules.leaderless(found.n, found.leaders)
    return Counted(found.n, found.at, now - found.at > underground.stale_after(), leaderless)


def part(user: User, mine: Mine, now: datetime) -> dict[str, Any]:
    """The piece that is fetched again whenever something came."""
    found = underground.now_of(mine)
    stations = [_station(each) for each in underground.stations(mine)]
    context: dict[str, Any] = {
        "found": found,
        "stations": stations,
        "stations_wrong": sum(not each["well"] for each in stations),
        "people_url": reverse("telemetry:underground_part", args=[mine.code]),
    }
    if found is None:
        return context
    age = now - found.muster.at
    may_unmask = scope.can(user, Permission.PERSON_UNMASK, on=mine)
    may_take = scope.can(user, Permission.LEDGER_EXPORT, on=mine)
    return context | {
        "may_unmask": may_unmask,
        "list_url": reverse("telemetry:people_list", args=[mine.code]) if may_take else "",
        "named_url": reverse("telemetry:people_named", args=[mine.code]) if may_take and may_unmask else "",
        "age": common.lasting(max(age, timedelta()).total_seconds()),
        "old": age > underground.stale_after(),
        "numbers": _numbers(found),
        "areas": found.areas,
        "people": [
            {"person": each, "stayed": "" if each.stayed is None else common.lasting(each.stayed.total_seconds())}
            for each in found.people[:SHOWN]
        ],
        "all_people": len(found.people),
        "hours": f"{underground.overtime_after().total_seconds() / 3600:g}",
    }


def _numbers(found: underground.Now) -> list[Number]:
    muster = found.muster
    hours = f"{underground.overtime_after().total_seconds() / 3600:g}"
    return [
        Number(_("People underground"), muster.n),
        Number(
            _("Mine leaders among them"),
            muster.leaders,
            note=_("no leader on shift") if found.leaderless else "",
            tone="late" if found.leaderless else "",
        ),
        Number(_("Special workers among them"), muster.special),
        Number(_("Areas over their number"), found.over, tone="late" if found.over else ""),
        Number(
            _("Longer than %(hours)s h underground") % {"hours": hours},
            found.overtime,
            tone="late" if found.overtime else "",
        ),
    ]


def _station(each: BaseStation) -> dict[str, Any]:
    known = each.at is not None
    return {
        "name": each.name or each.code,
        "at": each.at,
        "run": labels.RUN_STATES.get(each.run_state, each.run_state) if known else "",
        "power": labels.POWER_STATES.get(each.power_state, each.power_state) if known else "",
        "run_tone": {"0": "done", "1": "late", "2": "late"}.get(each.run_state, "waiting"),
        "power_tone": {"0": "doing", "1": "done", "2": "late"}.get(each.power_state, "waiting"),
        "well": not known or (each.run_state not in {"1", "2"} and each.power_state != "2"),
    }


def curve(mine: Mine, now: datetime) -> Figure | None:
    """How many were underground over the last day."""
    rows = underground.hours(mine, now=now)
    if len(rows) < 2:
        return None
    return Figure(
        key="underground",
        title=_("People underground in the last 24 hours"),
        definition=_(
            "Of each hour the most and the fewest people that a snapshot of the positioning system counted underground, "
            "and the fewest mine leaders. Hours without a snapshot are left out."
        ),
        computed_at=now,
        heads=[_("Hour"), _("Most underground"), _("Fewest underground"), _("Fewest leaders")],
        rows=[[f"{each.start:%H:%M}", each.most, each.fewest, each.leaders] for each in rows],
        chart="line",
        drawn=2,
    )


# --- to whom a name is shown, and the list to take away ---------------------------------------------------------------


class ReasonForm(forms.Form):
    reason = forms.ChoiceField(
        label=gettext_lazy("What the names are needed for"),
        choices=labels.UNMASK_REASONS,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what they are needed for.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Remark"),
        max_length=200,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy(
            "Needed where it is another reason. It stands in the audit trail; write no names in it."
        ),
    )


def _asked(request: HttpRequest, code: str) -> tuple[User, Mine, datetime]:
    user = common.reader(request)
    return user, selectors.mine(user, code), timezone.now()


@login_required
@require_http_methods(["GET", "POST"])
def name(request: HttpRequest, code: str, person_id: int) -> HttpResponse:
    """Say why, and see the whole name of one person underground, once."""
    user, mine, now = _asked(request, code)
    scope.require(user, Permission.PERSON_UNMASK, on=mine)
    row = underground.people(mine).filter(pk=person_id).first()
    if row is None:
        raise Refused("telemetry.person_gone")
    form = ReasonForm(request.POST or None)
    back = reverse("telemetry:underground", args=[mine.code])
    context: dict[str, Any] = {"mine": mine, "cancel_url": back, "page_title": _("Show a name")}
    if request.method == "POST" and form.is_valid():
        try:
            person = services.show_name(mine_id=mine.pk, person_id=person_id, **form.cleaned_data, by=user, now=now)
        except Refused as refused:
            if not refused.field:
                raise
            form.add_error(refused.field, str(refused))
        else:
            context["facts"] = [
                Fact(_("Name of the person"), person.name or _("the mine gave none")), *_person_facts(mine, person),
            ]  # fmt: skip
            return _kept_by_nobody(render(request, "telemetry/name_shown.html", context))
    (person,) = underground.lines(mine, [row])
    context |= {
        "form": form,
        "facts": [Fact(_("Name of the person"), person.name or "—"), *_person_facts(mine, person)],
        "submit_label": _("Show the name"),
        "submit_note": _("Who looked, when and why goes into the audit trail."),
    }
    return render(request, "telemetry/name.html", context, status=422 if form.is_bound else 200)


def _person_facts(mine: Mine, person: underground.PersonLine) -> list[Fact]:
    return [
        Fact(_("Coal mine"), mine.name, reverse("telemetry:underground", args=[mine.code])),
        Fact(_("Team and job"), f"{person.team} {person.job}".strip() or "—"),
        Fact(_("Area"), person.area or "—"),
        Fact(_("Went down"), _moment(person.since) or "—"),
    ]


@login_required
@require_GET
def masked_list(request: HttpRequest, code: str) -> HttpResponse:
    """Everybody underground as Excel, names masked. That it was taken is on record."""
    user, mine, now = _asked(request, code)
    return _sheet(mine, services.take_list(mine_id=mine.pk, by=user, now=now), now)


@login_required
@require_http_methods(["GET", "POST"])
def named_list(request: HttpRequest, code: str) -> HttpResponse:
    """Say why, and take everybody underground with whole names."""
    user, mine, now = _asked(request, code)
    scope.require(user, Permission.PERSON_UNMASK, on=mine)
    scope.require(user, Permission.LEDGER_EXPORT, on=mine)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            found = services.take_list(mine_id=mine.pk, named=True, **form.cleaned_data, by=user, now=now)
        except Refused as refused:
            if not refused.field:
                raise
            form.add_error(refused.field, str(refused))
        else:
            return _sheet(mine, found, now)
    muster = Muster.objects.filter(mine=mine).first()
    if muster is None:
        raise Refused("telemetry.no_snapshot")
    context = {
        "page_title": _("List of the people underground, with whole names"),
        "mine": mine,
        "form": form,
        "facts": [
            Fact(_("Coal mine"), mine.name, reverse("telemetry:underground", args=[mine.code])),
            Fact(_("People underground"), muster.n),
            Fact(_("Data time"), _moment(muster.at)),
        ],
        "cancel_url": reverse("telemetry:underground", args=[mine.code]),
    }
    return render(request, "telemetry/people_named.html", context, status=422 if form.is_bound else 200)


def _sheet(mine: Mine, found: underground.Now, now: datetime) -> HttpResponse:
    """By area, as people are looked for; who calls for help and who is down longest first."""
    muster = found.muster
    inside = Counter(each.area for each in found.people)
    # A stable sort: inside an area the order of the page stays.
    people = sorted(found.people, key=lambda each: (each.area == "", each.area))
    rows = list(enumerate(people, start=1))
    columns = [
        sheets.Column(_("No."), lambda row: row[0], kind="number", width=6),
        sheets.Column(_("Area"), lambda row: row[1].area, width=26),
        sheets.Column(_("Name of the person"), lambda row: row[1].name, width=12),
        sheets.Column(_("Team"), lambda row: row[1].team),
        sheets.Column(_("Occupation"), lambda row: row[1].job, width=14),
        sheets.Column(_("Mine leader"), lambda row: _("yes") if row[1].leader else "", width=10),
        sheets.Column(_("Special worker"), lambda row: _("yes") if row[1].special else "", width=10),
        sheets.Column(_("Went down"), lambda row: row[1].since, kind="moment"),
        sheets.Column(_("Hours underground"), lambda row: _hours(row[1].stayed), kind="decimal", width=10),
        sheets.Column(_("State"), lambda row: _state(row[1]), width=14),
        sheets.Column(_("Found, to tick"), lambda _row: "", width=10),
    ]
    counted = " · ".join(f"{area or _('No area given')} {n}" for area, n in sorted(inside.items()))
    parts = [
        _("Data time %(at)s (%(age)s old when this list was made)")
        % {"at": _moment(muster.at), "age": common.lasting((now - muster.at).total_seconds())},
        _("%(n)s people") % {"n": len(people)},
        counted,
    ]
    if muster.unread:
        parts.append(_("%(n)s records could not be read: people may be missing") % {"n": muster.unread})
    title = f"{mine.name} {_('People underground')}"
    answer = common.excel(rows, columns, title=title, note=" · ".join(part for part in parts if part),
                          name=f"{title} {timezone.localtime(muster.at):%Y%m%d-%H%M}")  # fmt: skip
    return _kept_by_nobody(answer)


def _state(person: underground.PersonLine) -> str:
    words = [_("Calls for help")] * person.distress + [_("Overtime")] * person.overtime
    return "、".join(words)


def _hours(stayed: timedelta | None) -> float | None:
    return None if stayed is None else round(stayed.total_seconds() / 3600, 1)


def _moment(at: datetime | None) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S") if at else ""


def _kept_by_nobody(answer: HttpResponse) -> HttpResponse:
    answer["Cache-Control"] = "no-store"
    return answer

"""One mine: live, who is underground, episodes, settings, what it reports, data quality; and its place in the register."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import keyset
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Fact, Number
from anwang.kernel import clock
from anwang.registers.sites import selectors as sites
from anwang.registers.sites.models import Site
from anwang.work.telemetry import areas, labels, places, rules, selectors, sensors, services
from anwang.work.telemetry import stated as stated_rows
from anwang.work.telemetry.models import Finding, Mine
from anwang.work.telemetry.web import common, episodes, stated, underground

QUALITY_OVER = timedelta(days=30)
SHOWN = 100
FILES_SHOWN = 20
STATISTICS = "statistics"
REPORT_LISTS = {
    "seen": gettext_lazy("Seen and not reported"),
    "reported": gettext_lazy("Reported and not seen"),
    "matched": gettext_lazy("Both agree"),
}


# --- what every tab shows -------------------------------------------------------------------------------------------------


def _page(user: User, mine: Mine, tab: str, now: datetime) -> dict[str, Any]:
    may_edit = scope.can(user, Permission.GAS_EDIT, on=mine)
    open_findings = selectors.findings(user).filter(mine=mine).count()
    waiting = len(selectors.unconfirmed(mine)) if may_edit else 0
    feed = common.feed_words(mine, now)
    code = [mine.code]
    words = _("Settings check")
    if open_findings + waiting:
        words = f"{words} {open_findings + waiting}"
    tabs = [
        ("live", _("Live"), reverse("telemetry:mine", args=code)),
        ("underground", _("Underground now"), reverse("telemetry:underground", args=code)),
        ("episodes", _("Episodes"), reverse("telemetry:mine_episodes", args=code)),
        ("settings", words, reverse("telemetry:settings", args=code)),
        ("reports", _("Reports check"), reverse("telemetry:reports", args=code)),
        ("quality", _("Data quality"), reverse("telemetry:quality", args=code)),
    ]
    return {
        "page_title": mine.name,
        "mine": mine,
        "feed": feed,
        "tab": tab,
        "held": selectors.held_up(user, now=now, mine=mine),
        "tabs": [{"key": key, "label": label, "url": url, "current": key == tab} for key, label, url in tabs],
        "may_edit": may_edit,
        "now": now,
        "gas_class": dict(labels.GAS_CLASSES).get(mine.gas_class, ""),
        "bind_url": reverse("telemetry:bind", args=code) if may_edit else "",
        "lists_url": reverse("telemetry:mines"),
        "site_url": common.where("sitefile:site", mine.site_id) if mine.site_id else "",
    }


def _mine(request: HttpRequest, code: str) -> tuple[User, Mine, datetime]:
    user = common.reader(request)
    return user, selectors.mine(user, code), timezone.now()


# --- live -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """A point as the live page shows it."""

    value: selectors.Value
    type: str
    marks: list[common.Mark]
    stale: str
    """How old the last value is, where it is older than it should be."""
    limits: list[str]
    short: str
    """Where it hangs, without the words that its area has already."""
    quiet: bool
    """Calibrating or without contact: the value says nothing about the air."""
    abnormal: bool
    """Something is open, or the point alone says nothing: where the whole mine is silent, that is said once of all."""


@dataclass(frozen=True, slots=True)
class Box:
    """An area: in the scheme as a box, below it as a group of points that opens."""

    name: str
    marks: list[common.Mark]
    gas: list[Shown]
    rows: list[Shown]
    """Those of its points that were asked for, and of these:"""
    counted: list[common.Mark]
    """Kinds of what is open, each with how many points."""
    abnormal: int
    highest: str
    """The highest methane value of now; empty where none is known."""
    anchor: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stage of the air's way with its boxes."""

    key: str
    words: str
    boxes: list[Box]

    @property
    def shown(self) -> bool:
        return any(box.rows for box in self.boxes)


@login_required
@require_GET
def live(request: HttpRequest, code: str) -> HttpResponse:
    """The mine now: what has to be looked at, a scheme of its places, and every point with its last value by place."""
    user, mine, now = _mine(request, code)
    context = _page(user, mine, "live", now) | _live(request, mine, now)
    return render(request, "telemetry/mine.html", context)


@login_required
@require_GET
def live_part(request: HttpRequest, code: str) -> HttpResponse:
    """The piece of the page that is fetched again whenever something came."""
    _user, mine, now = _mine(request, code)
    context = {"mine": mine, "feed": common.feed_words(mine, now), "now": now} | _live(request, mine, now)
    return render(request, "telemetry/live.html", context)


def _live(request: HttpRequest, mine: Mine, now: datetime) -> dict[str, Any]:
    """``?q=`` and ``?type=`` choose points, ``?abnormal=1`` leaves the places out, ``?all=1`` opens all of them."""
    values = selectors.last_values(mine)
    types = {each.point.sensor_type: selectors.type_words(each.point) for each in values}
    only_abnormal, opened = request.GET.get("abnormal") == "1", request.GET.get("all") == "1"
    chosen, words = request.GET.get("type", ""), request.GET.get("q", "").strip()[:60]
    chosen = chosen if chosen in types else ""
    silent = common.feed_words(mine, now).key == "silent"
    stale_after = selectors.stale_after(mine)
    stretches: dict[str, list[Box]] = {}
    watched: list[Shown] = []
    for at, area in enumerate(selectors.by_area(values)):
        shown = [_shown(each, area.name, now, stale_after, silent=silent) for each in area.values]
        rows = [
            each
            for each in shown
            if chosen in {"", each.value.point.sensor_type} and _speaks_of(each, f"{area.name} {each.type}", words)
        ]
        watched += [each for each in rows if each.abnormal]
        stretches.setdefault(area.stage.key, []).append(_box(area, shown, rows, f"area-{at}"))
    tongue = 0 if (get_language() or "zh").startswith("zh") else 1
    path = reverse("telemetry:mine", args=[mine.code])
    asked = {"q": words, "type": chosen, "abnormal": "1" if only_abnormal else "", "all": "1" if opened else ""}
    query = _query(asked)
    return {
        "types": sorted(types.items()),
        "type": chosen,
        "words": words,
        "only_abnormal": only_abnormal,
        "opened": opened or bool(words or chosen),
        "all_url": "" if words or chosen else f"{path}{_query(asked | {'all': '' if opened else '1'})}#places",
        "places_url": f"{path}{_query(asked | {'abnormal': ''})}#places",
        "clear_url": path if words or chosen else "",
        "watched": sorted(watched, key=lambda each: selectors.gravity(each.value.open)),
        "stretches": [
            Stretch(stage.key, (stage.zh, stage.en)[tongue], stretches[stage.key])
            for stage in areas.stages()
            if stage.key in stretches
        ],
        "shown_points": sum(len(box.rows) for boxes in stretches.values() for box in boxes),
        "all_points": len(values),
        "part_url": f"{reverse('telemetry:live', args=[mine.code])}{query}",
        "silent_for": common.lasting((now - mine.feed.received_at).total_seconds()) if mine.feed.received_at else "",
    }


def _query(asked: dict[str, str]) -> str:
    said = urlencode({name: value for name, value in asked.items() if value})
    return f"?{said}" if said else ""


def _speaks_of(each: Shown, named: str, words: str) -> bool:
    point = each.value.point
    text = f"{point.location} {point.code} {named}".casefold()
    return all(word in text for word in words.casefold().split())


_METHANE = frozenset(sensors.methane())


def _box(area: selectors.Area, shown: list[Shown], rows: list[Shown], anchor: str) -> Box:
    gas = [each for each in shown if each.value.point.sensor_type in _METHANE]
    known = [each.value.value for each in gas if each.value.value is not None and not (each.quiet or each.stale)]
    marks = [common.mark(kind) for kind in area.kinds]
    counted = [common.mark(kind, n) for kind in area.kinds if (n := sum(kind in each.value.open for each in rows))]
    highest = f"{max(known):g}" if known else ""
    return Box(area.name, marks, gas, rows, counted, sum(each.abnormal for each in rows), highest, anchor)


def _shown(value: selectors.Value, area: str, now: datetime, stale_after: timedelta, *, silent: bool) -> Shown:
    point = value.point
    marks = [common.mark(kind) for kind in selectors.gravest_first(value.open)]
    age = None if value.at is None else now - value.at
    stale = common.lasting(age.total_seconds()) if age is not None and age > stale_after else ""
    limits = [
        f"{labels.LIMIT[name]} {number:g}"
        for name in ("high_alarm", "high_cut", "low_alarm", "low_cut")
        if (number := getattr(point, name)) is not None
    ]
    quiet = bool({"calibration", "disconnected"} & set(value.open))
    short = point.location.replace(" ", "").removeprefix(area) or point.location or point.code
    abnormal = bool(marks) or (not silent and (bool(stale) or value.at is None))
    return Shown(value, selectors.type_words(point), marks, stale, limits, short, quiet, abnormal)


# --- underground ----------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def people(request: HttpRequest, code: str) -> HttpResponse:
    """Who is underground: by area, who longest, the base stations that say so; and the curve of a day."""
    user, mine, now = _mine(request, code)
    context = _page(user, mine, "underground", now) | underground.part(user, mine, now)
    context["figure"] = underground.curve(mine, now)
    return render(request, "telemetry/underground.html", context)


@login_required
@require_GET
def people_part(request: HttpRequest, code: str) -> HttpResponse:
    """The piece of the page that is fetched again whenever something came."""
    user, mine, now = _mine(request, code)
    context = {"mine": mine, "now": now} | underground.part(user, mine, now)
    return render(request, "telemetry/underground_part.html", context)


# --- episodes -------------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def episode_list(request: HttpRequest, code: str) -> HttpResponse:
    user, mine, now = _mine(request, code)
    context = _page(user, mine, "episodes", now)
    context["ledger"] = episodes.filled(request, user=user, mine=mine, now=now)
    return render(request, "telemetry/mine_episodes.html", context)


# --- settings -------------------------------------------------------------------------------------------------------------


def place_choices() -> list[tuple[str, str]]:
    """The places of the standard by their row, as they are chosen from."""
    rows = sorted(places.rows(), key=lambda row: (float(row.row), row.key))
    return [(row.key, place_words(row)) for row in rows]


def place_words(row: rules.PlaceRow) -> str:
    name = row.zh if (get_language() or "zh").startswith("zh") else row.en
    return f"{name} {row.tag}".strip()


def place_limits(row: rules.PlaceRow) -> str:
    """What the standard asks of a place, in words."""
    parts = [
        f"{labels.LIMIT[name]} {value:g}"
        for name, value in (
            ("high_alarm", row.alarm),
            ("high_cut", row.cut),
            ("high_restore", row.restore),
            ("low_alarm", row.low_alarm),
        )
        if value is not None
    ]
    return " · ".join(parts)


@login_required
@require_GET
def settings(request: HttpRequest, code: str) -> HttpResponse:
    """Settings held against the standard: what to decide, what was decided, which places are not confirmed yet."""
    user, mine, now = _mine(request, code)
    context = _page(user, mine, "settings", now)
    proposals = selectors.unconfirmed(mine)
    confirmed = mine.points.exclude(place="").select_related("place_by").order_by("location", "code")
    context |= {
        "findings": [_finding(each) for each in selectors.findings(user).filter(mine=mine).order_by("found_at", "id")],
        "decided": [_finding(each) for each in selectors.decided(mine)[:SHOWN]],
        "proposals": [
            {"point": each.point, "place": each.row, "limits": place_limits(each.row) if each.row else ""}
            for each in proposals
        ],
        "recognised": sum(each.row is not None for each in proposals),
        "confirmed": [
            {"point": point, "place": place_words(row), "limits": place_limits(row), "row": row}
            for point in confirmed
            if (row := places.row(point.place)) is not None
        ],
        "choices": place_choices(),
        "states": dict(labels.FINDING_STATES),
    }
    return render(request, "telemetry/settings.html", context)


def _finding(each: Finding) -> dict[str, Any]:
    row = places.row(each.place)
    return {
        "finding": each,
        "field": dict(labels.FIELDS)[each.field],
        "actual": common.number(each.actual) or _("not set"),
        "standard": common.number(each.standard),
        "place": place_words(row) if row else each.place,
        "basis": basis(each),
        "state": dict(labels.FINDING_STATES)[each.state],
        "tone": {"open": "open", "hazard": "doing", "dismissed": "stopped", "withdrawn": "done"}[each.state],
    }


def basis(each: Finding) -> str:
    """The row of the standard that a finding was judged by."""
    row = places.row(each.place)
    return _("%(number)s table row %(row)s, library version %(version)s") % {
        "number": "AQ 1029-2019",
        "row": row.row if row else "",
        "version": each.version,
    }


@login_required
@require_POST
def confirm_places(request: HttpRequest, code: str) -> HttpResponse:
    """Say of the ticked points which places they stand at."""
    user, mine, now = _mine(request, code)
    numbers = [int(each) for each in request.POST.getlist("point") if each.isascii() and each.isdigit()]
    confirmed = 0
    with transaction.atomic():
        for number in mine.points.filter(pk__in=numbers).order_by("pk").values_list("pk", flat=True):
            place = request.POST.get(f"place-{number}", "")
            if place or "back" in request.POST:
                services.confirm_place(point_id=number, place=place, by=user, now=now)
                confirmed += 1
    if confirmed:
        words = ngettext("The place of %(n)s point is settled.", "The places of %(n)s points are settled.", confirmed)
        messages.success(request, words % {"n": confirmed})
    else:
        messages.warning(request, _("No point was ticked, or no place was chosen for it."))
    return redirect("telemetry:settings", mine.code)


class DecideForm(forms.Form):
    decision = forms.ChoiceField(
        label=gettext_lazy("What becomes of it"),
        choices=[
            ("hazard", gettext_lazy("It is a hazard: the mine has to put it right")),
            ("dismissed", gettext_lazy("It is none, for a reason")),
        ],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=gettext_lazy("Reason or remark"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Needed where it is no hazard, e.g. a stricter rule of the mine itself."),
    )


@login_required
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, finding_id: str) -> HttpResponse:
    """A setting looser than the standard: a person says what becomes of it."""
    user, now = common.reader(request), timezone.now()
    found: Finding = Finding.objects.visible_to(user).select_related("mine", "point").get(pk=finding_id)
    scope.require(user, Permission.GAS_EDIT, on=found)
    form = DecideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        hazard = form.cleaned_data["decision"] == "hazard"
        try:
            services.decide(finding_id=found.pk, hazard=hazard, note=form.cleaned_data["note"], by=user, now=now)
        except Refused as refused:
            form.add_error("note" if refused.field == "note" else None, str(refused))
        else:
            messages.success(request, _("Decided."))
            return redirect("telemetry:settings", found.mine.code)
    shown = _finding(found)
    context = {
        "page_title": _("Decide on a loose setting"),
        "form": form,
        "submit_label": _("Decide"),
        "cancel_url": reverse("telemetry:settings", args=[found.mine.code]),
        "facts": [
            Fact(_("Coal mine"), found.mine.name, reverse("telemetry:mine", args=[found.mine.code])),
            Fact(
                _("Point"), found.point.location or found.point.code, reverse("telemetry:point", args=[found.point_id])
            ),
            Fact(_("Place by the standard"), shown["place"]),
            Fact(shown["field"], _("set to %(actual)s, the standard asks for %(standard)s") % shown),
            Fact(_("Basis"), shown["basis"]),
            Fact(_("Noticed"), timezone.localtime(found.found_at).strftime("%Y-%m-%d %H:%M")),
        ],
    }
    return render(request, "telemetry/decide.html", context, status=422 if form.is_bound else 200)


# --- reports --------------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def reports(request: HttpRequest, code: str) -> HttpResponse:
    """What the mine reports held against what was seen: three lists; and its statistics of a day, point by point."""
    user, mine, now = _mine(request, code)
    context = _page(user, mine, "reports", now)
    chosen = request.GET.get("list", "")
    chosen = chosen if chosen in (*REPORT_LISTS, STATISTICS) else "seen"
    path = reverse("telemetry:reports", args=[mine.code])
    querysets: dict[str, Any] = {
        "seen": selectors.seen_not_reported(user, now=now).filter(mine=mine),
        "reported": selectors.reported_not_seen(user).filter(mine=mine),
        "matched": selectors.matched(user).filter(mine=mine),
    }
    context |= {
        "chosen": chosen,
        "choices": [
            {"key": key, "label": words, "n": querysets[key].count(), "url": f"{path}?list={key}"}
            for key, words in REPORT_LISTS.items()
        ]
        + [{"key": STATISTICS, "label": _("Its own statistics"), "n": "", "url": f"{path}?list={STATISTICS}"}],
    }
    if chosen == STATISTICS:
        today = clock.local_date(now)
        try:
            day = min(date.fromisoformat(request.GET.get("day", "")), today)
        except ValueError:
            day = min(stated_rows.newest_day(mine) or today, today)
        return render(request, "telemetry/stated_mine.html", context | stated.of_mine(mine, day, today))
    page = keyset.page(querysets[chosen], order=("-start", "id"), after=request.GET.get("after", ""))
    if chosen == "seen":
        common.dressed(page, now)
    context |= {
        "rows": page.items if chosen == "seen" else episodes.report_rows(page),
        "next_url": f"{path}?list={chosen}&after={page.next}" if page.next else "",
    }
    return render(request, "telemetry/reports.html", context)


# --- quality --------------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def quality(request: HttpRequest, code: str) -> HttpResponse:
    """What was refused and why, and the files as they came."""
    user, mine, now = _mine(request, code)
    context = _page(user, mine, "quality", now)
    feed = mine.feed
    reasons = selectors.refused_counts(mine, since=now - QUALITY_OVER)
    context |= {
        "numbers": [
            Number(_("Readings in all"), f"{feed.readings:,}"),
            Number(_("Came late"), f"{feed.late:,}", note=_("stored, move nothing")),
            Number(_("Records refused in all"), f"{feed.refused:,}"),
            Number(_("Files in all"), f"{feed.files:,}"),
        ],
        "reasons": [(labels.REASON.get(reason, reason), n) for reason, n in reasons],
        "days": QUALITY_OVER.days,
        "records": selectors.refused(mine, most=SHOWN),
        "files": list(selectors.files(mine).order_by("-received_at", "-id")[:FILES_SHOWN]),
        "all_files": f"{feed.files:,}",
    }
    return render(request, "telemetry/quality.html", context)


# --- the register ---------------------------------------------------------------------------------------------------------


class BindForm(forms.Form):
    site_id = forms.ChoiceField(label=gettext_lazy("Coal mine in the register"), widget=forms.RadioSelect)
    gas_class = forms.ChoiceField(
        label=gettext_lazy("Gas class"),
        required=False,
        choices=[("", gettext_lazy("not known")), *labels.GAS_CLASSES],
        help_text=gettext_lazy("Some limits of the standard hold for high-gas or outburst mines only."),
    )

    def __init__(self, *args: Any, found: list[Site], **named: Any) -> None:
        super().__init__(*args, **named)
        field = self.fields["site_id"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(site.pk, f"{site.name} · {site.address}".strip(" ·")) for site in found]


@login_required
@require_http_methods(["GET", "POST"])
def bind(request: HttpRequest, code: str) -> HttpResponse:
    """Say which place in the register sends under this code."""
    user, mine, now = _mine(request, code)
    scope.require(user, Permission.GAS_EDIT, on=mine)
    words = (request.POST.get("q") or request.GET.get("q", "")).strip()[:60]
    found = _sites(user, mine, words)
    initial = {"site_id": mine.site_id or (found[0].pk if len(found) == 1 else ""), "gas_class": mine.gas_class}
    form = BindForm(request.POST if request.method == "POST" else None, found=found, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.bind(mine_id=mine.pk, by=user, now=now, **form.cleaned_data)
        except Refused as refused:
            form.add_error("site_id", str(refused))
        else:
            messages.success(request, _("%(mine)s is bound to its place in the register.") % {"mine": mine.name})
            return redirect("telemetry:mine", mine.code)
    context = {
        "page_title": _("Bind %(mine)s to the register") % {"mine": mine.name},
        "mine": mine,
        "form": form,
        "words": words,
        "found": found,
        "submit_label": _("Bind"),
        "cancel_url": reverse("telemetry:mine", args=[mine.code]),
    }
    return render(request, "telemetry/bind.html", context, status=422 if form.is_bound else 200)


def _sites(user: User, mine: Mine, words: str) -> list[Site]:
    """The county's coal mines that nobody is bound to, and what was searched for; the bound one first."""
    free = Site.objects.visible_to(user).filter(county_code=mine.county_code, domain=mine.domain, kind_key="coal_mine")
    taken = Mine.objects.filter(site__isnull=False).exclude(pk=mine.pk).values("site_id")
    found = sites.search(user, words) if words else list(free.exclude(pk__in=taken).order_by("name")[:30])
    if mine.site is not None:
        found = [mine.site, *(site for site in found if site.pk != mine.site_id)]
    return found

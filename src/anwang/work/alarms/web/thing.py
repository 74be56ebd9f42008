"""One alarm: what it says, how far it is dealt with, and what may be done now."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Entry, Fact, Step
from anwang.kernel import ids
from anwang.work.alarms import labels, library, rules, selectors
from anwang.work.alarms.models import Alarm, AlarmMove
from anwang.work.alarms.rules import Action, State
from anwang.work.alarms.selectors import InForce
from anwang.work.telemetry import labels as gas
from anwang.work.telemetry import selectors as gas_selectors
from anwang.work.telemetry import sensors
from anwang.work.telemetry.models import Episode, SensorPoint

ICONS = {
    Action.ACKNOWLEDGE: "check",
    Action.CONFIRM_CUT: "bolt",
    Action.EVACUATE: "users",
    Action.STATE_CAUSE: "pencil",
    Action.TAKE_MEASURES: "tool",
    Action.SET_ASIDE: "ban",
    Action.REVIEW: "circle-check",
    Action.SEND_BACK: "arrow-back-up",
    Action.CLOSE: "check",
}


def alarm_of(user: Any, alarm_id: str) -> Alarm:
    """The alarm, if there is one that this user may see; else 404."""
    if not ids.is_ulid(alarm_id):
        raise Http404
    found: Alarm = (
        Alarm.objects.visible_to(user)
        .select_related("mine", "region", "acknowledged_by", "cause_by", "aside_by", "reviewed_by")
        .get(pk=alarm_id)
    )
    return found


@login_required
@require_GET
def page(request: HttpRequest, alarm_id: str) -> HttpResponse:
    alarm = alarm_of(request.user, alarm_id)
    return render(request, "alarms/alarm.html", thing(scope.who(request), alarm, now=timezone.now()))


@login_required
@require_GET
def live(request: HttpRequest, alarm_id: str) -> HttpResponse:
    """What changes while somebody looks: values, clock, episodes."""
    alarm = alarm_of(request.user, alarm_id)
    return render(request, "alarms/now.html", thing(scope.who(request), alarm, now=timezone.now()))


def thing(user: User, alarm: Alarm, *, now: datetime) -> dict[str, Any]:
    moves, held = selectors.timeline(alarm), InForce()
    return {
        "alarm": decorate(alarm, now),
        "now": now,
        "page_title": title(alarm),
        "steps": steps(alarm, held),
        "facts": facts(alarm),
        "cut": cut_words(alarm, held),
        "episodes": episodes(alarm),
        "levels": list(alarm.levels.order_by("at")),
        "delays": list(alarm.delays.order_by("due_at")),
        "entries": entries(alarm, moves),
        "acts": acts(user, alarm, held),
        "chart_url": chart(alarm),
        "hazard_url": where("hazards:hazard", alarm.hazard_id) if alarm.hazard_id else "",
    }


def where(name: str, *args: Any) -> str:
    """The address of a page another room may or may not have; empty where it has not."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def title(alarm: Alarm) -> str:
    return " · ".join(filter(None, [alarm.mine.name, alarm.place, str(what(alarm))]))


def what(alarm: Alarm) -> Any:
    """What the alarm is about: the quantity for an over-limit, the family for the rest."""
    family = labels.family(alarm)
    if not alarm.quantity:
        return family
    known = sensors.types().get(alarm.quantity)
    quantity = labels.QUANTITY.get(alarm.quantity) or (known.zh if known else alarm.quantity)
    return _("%(quantity)s: %(what)s") % {"quantity": quantity, "what": family}


def decorate(alarm: Alarm, now: datetime) -> Any:
    """What rows and pages show besides the columns."""
    row: Any = alarm
    row.tone = labels.TONE[alarm.state]
    row.state_word = labels.STATE[alarm.state]
    row.what = what(alarm)
    row.step_word = labels.STEP.get(alarm.step, "")
    row.value = labels.value(alarm)
    row.over_time = alarm.due_at is not None and alarm.due_at < now
    row.clock_words = clock_words(alarm.due_at, now)
    row.age = int((now - alarm.raised_at).total_seconds() // 60)
    row.lasted = span_words(max(timedelta(), (alarm.cleared_at or now) - alarm.began))
    return row


def span_words(span: timedelta) -> str:
    """A span as people say it: minutes, beyond an hour hours and minutes, beyond a day days and hours. The board's
    script says it in the same words.
    """
    minutes = int(abs(span.total_seconds()) // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return _("{d} d {h} h").format(d=days, h=hours)
    if hours:
        return _("{h} h {m} min").format(h=hours, m=minutes % 60)
    return _("{m} min").format(m=minutes)


def clock_words(due: datetime | None, now: datetime) -> str:
    if due is None:
        return ""
    return (_("{t} over time") if due < now else _("{t} left")).format(t=span_words(due - now))


def steps(alarm: Alarm, held: InForce) -> list[Step]:
    """The road of this alarm, and no step that is not on it."""
    done = selectors.done(alarm)
    found = [Step(labels.DONE["raise"], "done", alarm.raised_at)]
    for step in selectors.steps(alarm, held):
        skipped = bool(alarm.aside) and step is not rules.Step.REVIEW and step not in done
        if step in done:
            found.append(Step(labels.STEP[step], "done", done[step]))
        elif alarm.step == step:
            found.append(Step(labels.STEP[step], "now"))
        else:
            found.append(Step(labels.STEP[step], "off" if skipped or alarm.state == State.CLOSED else "next"))
    ended = "done" if alarm.state == State.CLOSED else "now" if not alarm.step else "next"
    found.append(Step(labels.DONE[Action.CLOSE.value], ended, alarm.closed_at))  # type: ignore[arg-type]
    return found


def facts(alarm: Alarm) -> list[Fact]:
    found = [
        Fact(_("Coal mine"), alarm.mine.name, url=where("telemetry:mine", alarm.mine.code)),
        Fact(_("Region"), alarm.region.name),
        Fact(_("Place of the alarm"), alarm.location or alarm.place or _("Whole mine")),
        Fact(_("Lowest value") if rules.is_low(alarm.kinds) else _("Highest value"), labels.value(alarm) or None),
        Fact(_("Limit"), labels.measured(alarm.limit, alarm.unit) or None),
        Fact(_("Began"), _moment(alarm.began)),
        Fact(_("Cleared"), _moment(alarm.cleared_at) if alarm.cleared_at else _("goes on")),
        Fact(_("Lasted"), getattr(alarm, "lasted", "") or None),
    ]
    if alarm.round > 1:
        found.append(Fact(_("Round"), alarm.round))
    if alarm.cut_at:
        by = _("Shown by cutter and feed") if alarm.cut_shown else labels.WHY[alarm.cut_why]
        found.append(Fact(_("Cutting of the power"), by))
    if alarm.people_out is not None:
        found.append(Fact(_("How many people were withdrawn"), alarm.people_out))
    if alarm.aside:
        said = f"{labels.ASIDE[alarm.aside]} · {alarm.aside_name} · {alarm.aside_why}"
        found.append(Fact(_("Reported as no alarm"), said, wide=True))
    if alarm.cause:
        found.append(Fact(_("Cause"), f"{dict(labels.CAUSES)[alarm.cause_kind]} · {alarm.cause}", wide=True))
    if alarm.measures:
        found.append(Fact(_("Measures of the mine"), alarm.measures, wide=True))
    return found


def _moment(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def cut_words(alarm: Alarm, held: InForce | None = None) -> dict[str, Any] | None:
    """What cutter and feed show: while the alarm goes on now, afterwards what they showed while it lasted."""
    if rules.Step.CUT not in selectors.steps(alarm, held):
        return None
    known = selectors.cut(alarm)
    over = alarm.cleared_at is not None
    if over and alarm.cut_at and all(each.at is None for each in known.switches):
        return None  # confirmed at its time, and the readings are not kept any more: the moves have what they showed
    points = {
        point.code: point
        for point in SensorPoint.objects.filter(mine=alarm.mine_id, code__in=[each.code for each in known.switches])
    }
    words = library.conduct().sensor_words
    switches = [
        {
            "code": each.code,
            "kind": gas_selectors.type_words(points[each.code]),
            "place": rules.place_of(points[each.code].location, "", words),
            "says": gas_selectors.said(points[each.code].sensor_type, each.value),
            "says_off": gas_selectors.said(points[each.code].sensor_type, 0.0),
            "at": each.at,
            "off": each.off,
        }
        for each in known.switches
    ]
    said = labels.CUT_THEN if over else labels.CUT_PROBLEM
    return {"shown": known.shown, "words": said[known.problem], "switches": switches, "over": over}


def episodes(alarm: Alarm) -> list[dict[str, Any]]:
    rows = alarm.joined.select_related("episode", "episode__point").order_by("-episode__start")[:50]
    return [
        {
            "what": gas.KIND[row.episode.what],
            "point": row.episode.point,
            "start": row.episode.start,
            "end": row.episode.end,
            "max": _with_unit(row.episode),
            "url": where("telemetry:point", row.episode.point_id) if row.episode.point else "",
        }
        for row in rows
    ]


def _with_unit(episode: Episode) -> str:
    """The value the episode is about: the lowest of those that fell below, else the highest."""
    value = episode.min if rules.is_low([episode.what]) else episode.max
    return labels.measured(value, episode.point.unit if episode.point else "")


def chart(alarm: Alarm) -> str:
    """The chart of the point that raised it, on the day it began; empty where there is no such page."""
    first = alarm.joined.filter(episode__point__isnull=False).select_related("episode__point").order_by("pk").first()
    if first is None or first.episode.point is None:
        return ""
    url = where("telemetry:point", first.episode.point_id)
    return f"{url}?day={timezone.localtime(alarm.began):%Y-%m-%d}" if url else ""


def entries(alarm: Alarm, moves: list[AlarmMove]) -> list[Entry]:
    """Newest first: moves, rungs of the ladder, delays."""
    found = [
        Entry(move.at, labels.DONE[move.action], who=move.by_name or _("Sensors"), note=move.note) for move in moves
    ]
    for rung in alarm.levels.all():
        basis = " ".join(filter(None, [rung.instrument, rung.article, rung.rule_key]))
        words = _("Level: %(level)s") % {"level": dict(labels.LEVELS)[rung.level]}
        found.append(Entry(rung.at, words, who=_("Level rules"), note=basis))
    for delay in alarm.delays.all():
        words = _("“%(step)s” became late") % {"step": labels.STEP[delay.step]}
        basis = _("Time limit: %(rule)s") % {"rule": delay.due_rule} if delay.due_rule else ""
        found.append(Entry(delay.noted_at, words, note=basis, tone="late"))
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def acts(user: User, alarm: Alarm, held: InForce) -> list[Act]:
    """Only what the table offers; the next step of the road first."""
    offered = selectors.acts(alarm, acting=user, held=held)
    main = rules.OF_STEP[rules.Step(alarm.step)] if alarm.step else Action.CLOSE
    found = []
    for each in sorted(offered, key=lambda offer: offer.action is not main):
        label = labels.ACTION[each.action]
        if each.refused is not None:
            refusal = Refused(each.refused)
            found.append(Act(label, icon=ICONS[each.action], why=refusal.what, todo=refusal.todo))
            continue
        url = reverse("alarms:act", args=[alarm.pk, each.action])
        if each.action in (Action.ACKNOWLEDGE, Action.CLOSE):
            found.append(Act(label, url, method="post", icon=ICONS[each.action], primary=each.action is main))
        else:
            found.append(Act(label, url, icon=ICONS[each.action], primary=each.action is main))
    if not alarm.hazard_id and alarm.mine.site_id and scope.can(user, Permission.HAZARD_REPORT, on=alarm):
        found.append(
            Act(_("Make a hazard of it"), reverse("alarms:act", args=[alarm.pk, "hazard"]), icon="alert-triangle")
        )
    return found

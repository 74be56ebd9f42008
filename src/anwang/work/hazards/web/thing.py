"""One hazard: everything known about it, and what may be done now."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused, Text
from anwang.ground.base.parts import Act, Entry, Fact, Step
from anwang.ground.files import selectors as files
from anwang.kernel import clock, ids
from anwang.registers.standards import selectors as standards
from anwang.registers.standards.models import Standard
from anwang.work.hazards import labels, rules, selectors, services
from anwang.work.hazards.models import Extension, Hazard, HazardMove
from anwang.work.hazards.rules import Action, Fixing, State
from anwang.work.hazards.web.listing import tone, where

RELATED = (
    "site",
    "region",
    "enterprise",
    "unit",
    "department",
    "found_by",
    "proposed_by",
    "graded_by",
    "verified_by",
    "relapse_of",
)


def hazard_of(user: Any, hazard_id: str) -> Hazard:
    """The hazard, if there is one that this user may see; else 404."""
    if not ids.is_ulid(hazard_id):
        raise Http404
    found: Hazard = Hazard.objects.visible_to(user).select_related(*RELATED).get(pk=hazard_id)
    return found


@login_required
@require_GET
def page(request: HttpRequest, hazard_id: str) -> HttpResponse:
    hazard = hazard_of(request.user, hazard_id)
    return shown(request, hazard, now=timezone.now())


def shown(request: HttpRequest, hazard: Hazard, *, now: datetime, unmasked: str = "") -> HttpResponse:
    context = thing(request.user, hazard, now=now)
    context["people"] = people(hazard, request.user, unmasked=unmasked)
    return render(request, "hazards/hazard.html", context)


def thing(user: Any, hazard: Hazard, *, now: datetime) -> dict[str, Any]:
    """What the page of one hazard shows. The caller has decided that the hazard may be seen."""
    moves = selectors.timeline(hazard)
    judges = judging(user, hazard)
    return {
        "hazard": hazard,
        "now": now,
        "page_title": hazard.description if len(hazard.description) <= TITLE else f"{hazard.description[:TITLE]}…",
        "whole_description": hazard.description if len(hazard.description) > TITLE else "",
        "tone": tone(hazard),
        "steps": steps(hazard, moves),
        "standard": standard_of(hazard),
        "facts": facts(hazard, now),
        "fixings": fixings(hazard),
        "before": pictures(hazard, "before", viewer=user, doubt=judges),
        "after": pictures(hazard, "after", viewer=user, doubt=judges),
        "signatures": [files.url(file, 320) for file in files.for_thing(hazard, slot="signature")],
        "documents": list(files.for_thing(hazard, slot="document")),
        "papers": list(files.papers_for(hazard)),
        "paper_kinds": papers(user, hazard),
        "earlier": _seen(user, hazard.relapse_of),
        "relapses": list(Hazard.objects.visible_to(user).filter(relapse_of=hazard).order_by("-found_on")),
        "entries": entries(hazard, moves),
        "acts": acts(user, hazard, now=now),
        "site_url": where("sites:site", hazard.site_id),
    }


TITLE = 60


def judging(user: Any, hazard: Hazard) -> bool:
    """Doubts about pictures are for whoever judges them, not for whoever sent them."""
    return any(scope.can(user, each, on=hazard) for each in (Permission.HAZARD_VERIFY, Permission.HAZARD_GRADE))


def _seen(user: Any, hazard: Hazard | None) -> Hazard | None:
    return Hazard.objects.visible_to(user).filter(pk=hazard.pk).first() if hazard else None


def standard_of(hazard: Hazard) -> Standard | None:
    """The very version that judged it, however the standard has changed since."""
    if not (hazard.standard_urn and hazard.standard_version):
        return None
    try:
        return standards.row(hazard.standard_urn, hazard.standard_version)
    except (Standard.DoesNotExist, ValueError):
        return None


# --- the road -------------------------------------------------------------------------------------------------------

STOPS: list[tuple[Text, tuple[State, ...]]] = [
    (labels.STOPS["found"], ()),
    (labels.STOPS["graded"], (State.FOUND, State.MAJOR_PROPOSED)),
    (labels.STOPS["ordered"], (State.GRADED,)),
    (labels.STOPS["rectified"], (State.ASSIGNED, State.RECTIFYING, State.RETURNED, State.SUSPENDED)),
    (labels.STOPS["verified"], (State.SUBMITTED,)),
    (labels.STOPS["closed"], (State.VERIFIED,)),
]
"""The stops of the road, each with the states in which it is the one being worked at."""
ARRIVED = {
    Action.GRADE: 1,
    Action.CONFIRM_MAJOR: 1,
    Action.ASSIGN: 2,
    Action.SUBMIT: 3,
    Action.VERIFY: 4,
    Action.CLOSE: 5,
}


def steps(hazard: Hazard, moves: list[HazardMove]) -> list[Step]:
    """Found, graded, ordered, rectified, re-checked, closed: which are behind, which is being worked at."""
    state = State(hazard.state)
    at = {0: hazard.found_at} | {ARRIVED[Action(move.action)]: move.at for move in moves if move.action in ARRIVED}
    now = next((n for n, (_label, states) in enumerate(STOPS) if state in states), len(STOPS))
    found = []
    for n, (label, _states) in enumerate(STOPS):
        if state is State.CANCELLED:
            found.append(Step(label, "done" if n == 0 else "off", at.get(n) if n == 0 else None))
        elif n < now:
            found.append(Step(label, "done", at.get(n)))
        elif n == now:
            found.append(Step(label, "now", note=labels.STATE[state]))
        else:
            found.append(Step(label, "next"))
    return found


# --- facts and fixings ----------------------------------------------------------------------------------------------


def facts(hazard: Hazard, now: datetime) -> list[Fact]:
    late = selectors.late_days(hazard, now)
    site_url = where("sites:site", hazard.site_id)
    found = [
        Fact(_("Site"), hazard.site.name, url=site_url),
        Fact(_("Region"), hazard.site.region_path or hazard.region.name),
        Fact(_("Exact place"), hazard.place or None),
        Fact(_("Domain"), hazard.get_domain_display()),
        Fact(_("How it was found"), hazard.get_source_display()),
        Fact(_("Found on"), f"{clock.local_date(hazard.found_at).isoformat()} · {hazard.found_by_name or '—'}"),
        Fact(_("Grade"), labels.GRADE[hazard.grade]),
        Fact(_("Unit that has to rectify"), str(hazard.unit) if hazard.unit else None),
        Fact(_("Department that watches over it"), str(hazard.department) if hazard.department else None),
        Fact(_("Deadline of the rectification"), hazard.due_on.isoformat() if hazard.due_on else None),
    ]
    if hazard.extended_times:
        found.append(Fact(_("Extended"), _("%(n)s times") % {"n": hazard.extended_times}))
    if hazard.first_late_on:
        found.append(Fact(_("Days late in all"), late))
    if hazard.closed_on:
        found.append(Fact(_("Struck off on"), hazard.closed_on.isoformat()))
    if hazard.campaign:
        found.append(Fact(_("Campaign"), hazard.campaign))
    if hazard.required_measures:
        found.append(Fact(_("What has to be done"), hazard.required_measures, wide=True))
    return found


@dataclass(frozen=True, slots=True)
class FixingShown:
    label: Text
    value: str
    there: bool
    phone: str = ""


def fixings(hazard: Hazard) -> list[FixingShown]:
    """The five fixings, with what is missing. For a major hazard all of them are mandatory."""
    if hazard.on_spot:
        return []
    filled = selectors.fixings(hazard)
    values = {
        Fixing.RESPONSIBILITY: hazard.fix_person,
        Fixing.MEASURES: hazard.fix_measures,
        Fixing.FUNDS: hazard.fix_funds,
        Fixing.DEADLINE: hazard.due_on.isoformat() if hazard.due_on else "",
        Fixing.PLAN: hazard.fix_plan,
    }
    return [
        FixingShown(
            labels.FIXINGS[each],
            values[each],
            each in filled,
            hazard.fix_phone if each is Fixing.RESPONSIBILITY else "",
        )
        for each in Fixing
    ]


# --- evidence -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the hazard came from: it may show the same pictures without being doubted."""

    kind: str
    pk: str


def pictures(hazard: Hazard, slot: str, *, viewer: Any, doubt: bool) -> list[Any]:
    not_before = hazard.ordered_at if slot == "after" and not hazard.on_spot else None
    family = [_Origin(hazard.origin_kind, hazard.origin_id)] if hazard.origin_id else []
    return files.shown(
        files.for_thing(hazard, slot=slot),
        site_lon=hazard.site.lon,
        site_lat=hazard.site.lat,
        not_before=not_before,
        family=family,
        viewer=viewer,
        doubt=doubt,
    )


# --- people ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of this hazard. ``phone`` is the whole number only where it was just asked for."""

    key: str
    name: str
    role: Text
    phone: str = ""
    whole: bool = False
    unmask_url: str = ""


def people(hazard: Hazard, user: Any, *, unmasked: str = "") -> list[Somebody]:
    """Who has to do with it. Phones are masked; whoever may see them asks for each, and that is recorded."""
    may = scope.can(user, Permission.PERSON_UNMASK, on=hazard)
    found: dict[tuple[str, str], Somebody] = {}
    for key, name, role, phone in _people(hazard):
        known = found.get((name, phone))
        if known is not None:  # whoever found it often graded it too
            found[name, phone] = replace(known, role="、".join([str(known.role), str(role)]))
            continue
        url = reverse("hazards:unmask", args=[hazard.pk, key]) if may and phone else ""
        whole = bool(unmasked) and key == unmasked
        found[name, phone] = Somebody(key, name, role, phone, whole=whole, unmask_url=url)
    return list(found.values())


def _people(hazard: Hazard) -> Iterator[tuple[str, str, Text, str]]:
    site, unit = hazard.site, hazard.unit
    if hazard.fix_person:
        yield "responsible", hazard.fix_person, _("Responsible for rectifying"), hazard.fix_phone
    if unit is not None and unit.contact:
        yield "unit", unit.contact, str(unit), unit.phone
    if site.manager_name:
        yield "manager", site.manager_name, _("Manager of the site"), site.manager_phone
    if site.owner_name and site.owner_name != site.manager_name:
        yield "owner", site.owner_name, _("Owner of the site"), site.owner_phone
    officials: list[tuple[str, User | None, str, Text]] = [
        ("finder", hazard.found_by, hazard.found_by_name, _("Found it")),
        ("grader", hazard.graded_by, "", _("Settled the grade")),
        ("verifier", hazard.verified_by, "", _("Re-checked it")),
    ]
    for key, person, name, role in officials:
        if person is not None or name:
            yield key, name or str(person), role, person.phone if person is not None else ""


@login_required
@require_POST
def unmask(request: HttpRequest, hazard_id: str, key: str) -> HttpResponse:
    """Show one whole number, once; the trail says who looked at whose."""
    hazard = hazard_of(request.user, hazard_id)
    now = timezone.now()
    if not any(key == each for each, *_rest, phone in _people(hazard) if phone):
        raise Http404
    services.unmask(hazard_id=hazard.pk, whose=key, by=request.user, now=now)  # type: ignore[arg-type]
    return shown(request, hazard, now=now, unmasked=key)


# --- what happened ----------------------------------------------------------------------------------------------------


def entries(hazard: Hazard, moves: list[HazardMove]) -> list[Entry]:
    """Moves, requests for more time, lateness and reminders on one line of time, newest first."""
    found = [*_moves(moves), *_extensions(hazard), *_overdues(hazard), *_reminders(hazard)]
    # Of the same moment the later move stands above: turned round, not sorted downwards.
    return sorted(found, key=lambda each: each.at)[::-1]


MOVE_TONES: dict[str, Any] = {
    Action.SEND_BACK: "doing",
    Action.REJECT_MAJOR: "open",
    Action.SUSPEND: "stopped",
    Action.CANCEL: "stopped",
    Action.REOPEN: "doing",
    Action.PROPOSE_MAJOR: "waiting",
    Action.SUBMIT: "waiting",
}


def _moves(moves: list[HazardMove]) -> Iterator[Entry]:
    for move in moves:
        note = move.note
        if move.data.get("due_on"):
            note = "\n".join(filter(None, [note, _("Deadline: %(day)s") % {"day": move.data["due_on"]}]))
        if move.data.get("set_aside"):
            note = "\n".join([note, _("Set aside: %(row)s") % {"row": move.data["set_aside"]}])
        yield Entry(
            at=move.at,
            what=labels.EVENTS[labels.MOVE_EVENT.get(move.action, f"hazards.{move.action}")],
            who=move.by_name or (str(move.by) if move.by else ""),
            note=note,
            tone=MOVE_TONES.get(move.action, "done"),
        )


def _extensions(hazard: Hazard) -> Iterator[Entry]:
    for extension in hazard.extensions.select_related("asked_by", "decided_by"):
        asked = _("until %(day)s: %(reason)s\nMeanwhile: %(interim)s") % {
            "day": extension.new_due_on.isoformat(),
            "reason": extension.reason,
            "interim": extension.interim,
        }
        yield Entry(
            extension.asked_at, labels.EVENTS["hazards.extension_asked"], str(extension.asked_by), asked, "waiting"
        )
        if extension.decided_at is not None:
            granted = extension.state == Extension.State.GRANTED
            event = "hazards.extension_granted" if granted else "hazards.extension_refused"
            who = str(extension.decided_by or "")
            yield Entry(extension.decided_at, labels.EVENTS[event], who, extension.decision_note)


def _overdues(hazard: Hazard) -> Iterator[Entry]:
    for overdue in hazard.overdues.all():
        words = {"day": overdue.due_on.isoformat(), "stage": labels.STATE[overdue.stage], "n": overdue.days}
        note = _("Was due on %(day)s at the stage “%(stage)s”.") % words
        if overdue.days is not None:
            note += " " + _("It lasted %(n)s days.") % words
        at = datetime.combine(overdue.began_on, time.min, clock.ZONE)
        yield Entry(at, labels.EVENTS["hazards.late"], "", note, "late")


def _reminders(hazard: Hazard) -> Iterator[Entry]:
    for reminder in hazard.reminders.all():
        who = labels.RUNG_TO.get(reminder.to, reminder.to)
        yield Entry(reminder.at, labels.EVENTS["hazards.reminded"], who, "", "waiting")


# --- what may be done -------------------------------------------------------------------------------------------------

ICONS = {
    "grade": "gavel",
    "propose_major": "urgent",
    "confirm_major": "checks",
    "reject_major": "arrow-back-up",
    "assign": "send",
    "start": "check",
    "plan": "list-details",
    "submit": "upload",
    "verify": "clipboard-check",
    "send_back": "arrow-back-up",
    "close": "circle-check",
    "suspend": "player-pause",
    "resume": "refresh",
    "transfer": "arrow-forward",
    "reopen": "rotate",
    "cancel": "ban",
    "ask_extension": "calendar-plus",
    "decide_extension": "calendar-event",
    "fix_on_spot": "camera",
    "add_photos": "photo",
}
RANK = {
    "plan": 1,
    "submit": 2,
    "send_back": 3,
    "ask_extension": 4,
    "propose_major": 5,
    "add_photos": 8,
    "cancel": 9,
}
"""After the act that brings it on (0), in this order; what is not named stands between."""


def acts(user: Any, hazard: Hazard, *, now: datetime) -> list[Act]:
    """The acts of the page, the one that brings it on first; refused ones with their reason."""
    offered = selectors.acts(hazard, acting=user, now=now)
    main = selectors.NEXT.get(State(hazard.state))
    if any(each.action == "decide_extension" and each.refused is None for each in offered):
        main_word = "decide_extension"
    else:
        main_word = str(main) if main else ""
    found = [
        (
            0 if each.action == main_word else RANK.get(each.action, 6),
            _act(hazard, each, primary=each.action == main_word),
        )
        for each in offered
    ]
    ranked = [act for _rank, act in sorted(found, key=lambda pair: pair[0])]
    return [*ranked, *_around(user, hazard)]


def _act(hazard: Hazard, offered: selectors.Offered, *, primary: bool) -> Act:
    label = labels.ACTION[offered.action]
    icon = ICONS.get(offered.action, "")
    if offered.refused is not None:
        refusal = offered.refusal()
        return Act(label, icon=icon, why=refusal.what, todo=refusal.todo)
    return Act(
        label,
        reverse("hazards:act", args=[hazard.pk, offered.action]),
        icon=icon,
        primary=primary,
        danger=offered.action == Action.CANCEL,
    )


def papers(user: Any, hazard: Hazard) -> list[Act]:
    """The papers that may be issued at this stage."""
    state = State(hazard.state)
    found = []
    if state in rules.WITH_UNIT and scope.can(user, Permission.PAPER_ISSUE, on=hazard):
        found.append(("order", labels.PAPERS["order"]))
    ordered = state in (State.SUBMITTED, State.RETURNED, State.VERIFIED, State.CLOSED) and not hazard.on_spot
    if ordered and scope.can(user, Permission.PAPER_ISSUE, on=hazard):
        found.append(("recheck", labels.PAPERS["recheck"]))
    if state in rules.WITH_UNIT and scope.can(user, Permission.HAZARD_LINK, on=hazard):
        found.append(("notice", labels.PAPERS["notice"]))
    return [Act(label, reverse("hazards:paper", args=[hazard.pk, kind]), icon="printer") for kind, label in found]


def _around(user: Any, hazard: Hazard) -> Iterator[Act]:
    """A link for somebody without an account, where another room makes one."""
    link = where("public:make_link", hazard.pk)
    if link and rules.State(hazard.state) in rules.WITH_UNIT and scope.can(user, Permission.HAZARD_LINK, on=hazard):
        yield Act(_("Make a link or QR code for the shop"), link, icon="qrcode")


def refusal_of(user: Any, hazard: Hazard, action: str, *, now: datetime) -> Refused | None:
    """Why this act is not to be done now, or None. An act that nobody offers is one that the hazard has outgrown."""
    for each in selectors.acts(hazard, acting=user, now=now):
        if each.action == action:
            return each.refusal() if each.refused is not None else None
    return Refused("hazards.move_not_offered", state=labels.STATE[hazard.state])

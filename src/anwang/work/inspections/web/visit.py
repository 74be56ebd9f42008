"""One visit: its page, the questions one at a time, findings, the people there, and its end."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Entry, Fact, Step
from anwang.ground.files import selectors as files
from anwang.ground.files.models import StoredFile
from anwang.ground.files.rules import position
from anwang.kernel import clock
from anwang.kernel.mask import mask_phone
from anwang.registers.standards import selectors as standards
from anwang.work.checklists import labels as checklist_labels
from anwang.work.checklists import selectors as library
from anwang.work.hazards import labels as hazard_labels
from anwang.work.hazards import selectors as hazards
from anwang.work.hazards.models import Hazard
from anwang.work.inspections import forms, labels, rules, selectors, services
from anwang.work.inspections.models import Inspection
from anwang.work.inspections.rules import Action, Kind, State
from anwang.work.inspections.web.common import blame, photos, signed, visit_of, where

MOST_ANSWERS = 500

# --- the page ---------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def thing(request: HttpRequest, inspection_id: str) -> HttpResponse:
    """Everything known about a visit, and what may be done now."""
    visit = visit_of(request, inspection_id)
    user: Any = request.user
    now = timezone.now()
    views = selectors.sheets_of(visit, viewer=user)
    context = {
        "page_title": visit.site.name,
        "visit": visit,
        "kind_word": labels.KIND[visit.visit_kind],
        "tone": _tone(visit, now),
        "state_word": labels.STATE[visit.state],
        "now": now,
        "today": clock.local_date(now),
        "steps": _steps(visit),
        "facts": _facts(visit),
        "views": views,
        "joint": any(part.department for view in views for part in view.parts),
        "verdicts": checklist_labels.VERDICTS,
        "tally": selectors.tally(visit),
        "findings": _findings(visit),
        "people": selectors.all_people(visit),
        "works": selectors.works_on(visit, user),
        "open": State(visit.state) in rules.OPEN,
        "signature": selectors.signature(visit),
        "scene": files.shown(selectors.scene(visit), site_lon=visit.site.lon, site_lat=visit.site.lat, viewer=user),
        "attempts": selectors.attempts(visit),
        "following": visit.revisits.order_by("-made_at").first(),
        "papers": list(files.papers_for(visit)),
        "entries": _entries(visit),
        "acts": _acts(visit, user, now),
        "site_url": where("sites:site", visit.site_id),
    }
    return render(request, "inspections/thing.html", context)


def _tone(visit: Inspection, now: datetime) -> str:
    late = visit.state == State.ARRANGED and visit.due_on is not None and visit.due_on < clock.local_date(now)
    return "late" if late else labels.TONE[visit.state]


def _steps(visit: Inspection) -> list[Step]:
    """Arranged, under way, finished; or how it ended otherwise."""
    moves = {move.action: move for move in selectors.moves(visit)}
    began, ended = moves.get("begin"), visit.state not in rules.OPEN
    steps = []
    if "arrange" in moves:
        steps.append(Step(labels.STATE[State.ARRANGED], "done" if began or ended else "now", moves["arrange"].at))
    if began or not ended:
        running = visit.state == State.ONGOING
        steps.append(
            Step(
                labels.STATE[State.ONGOING],
                "now" if running else "done" if began else "next",
                visit.began_at if began else None,
            )
        )
    last = State(visit.state) if ended else State.DONE
    steps.append(Step(labels.STATE[last], "done" if ended else "next", visit.ended_at if ended else None))
    return steps


def _facts(visit: Inspection) -> list[Fact]:
    found = [
        Fact(_("Site"), visit.site.name, url=where("sites:site", visit.site_id)),
        Fact(_("Region"), visit.site.region_path or visit.region.name),
        Fact(_("Kind of visit"), labels.KIND[visit.visit_kind]),
        Fact(_("Domain"), visit.get_domain_display()),
        Fact(_("Arranged for"), visit.due_on.isoformat() if visit.due_on else None),
        Fact(_("From – until"), _span(visit)),
        Fact(_("Where it was begun"), _distance(visit)),
    ]
    if visit.visit_kind in rules.OFFICIAL and visit.state != State.ARRANGED:
        shown = _("shown") if visit.certificate_shown else _("not noted")
        found.append(Fact(_("Certificates"), shown))
    if visit.host_name:
        host = " · ".join(filter(None, [visit.host_name, mask_phone(visit.host_phone)]))
        found.append(Fact(_("Received us"), host))
    if visit.sign_refused:
        found.append(Fact(_("Not signed, because"), visit.sign_refused, wide=True))
    if visit.opinion:
        found.append(Fact(_("What the place says to it"), visit.opinion, wide=True))
    if visit.note:
        found.append(Fact(_("Note"), visit.note, wide=True))
    if visit.score is not None:
        found.append(Fact(_("Score"), visit.score.normalize()))
    if visit.plan is not None:
        found.append(Fact(_("Plan"), visit.plan.title, url=where("inspections:plan", visit.plan_id)))
    if visit.campaign:
        found.append(Fact(_("Campaign"), visit.campaign))
    return [fact for fact in found if fact.value]


def _span(visit: Inspection) -> str:
    if visit.began_at is None:
        return ""
    began = timezone.localtime(visit.began_at)
    if visit.ended_at is None:
        return f"{began:%Y-%m-%d %H:%M} –"
    ended = timezone.localtime(visit.ended_at)
    return (
        f"{began:%Y-%m-%d %H:%M} – {ended:%H:%M}"
        if began.date() == ended.date()
        else (f"{began:%Y-%m-%d %H:%M} – {ended:%Y-%m-%d %H:%M}")
    )


def _distance(visit: Inspection) -> str:
    """How far from the place's own position the phone was: for a person to judge."""
    metres = selectors.metres_off(visit)
    if metres is None:
        return ""
    return _("about %(n)s m from the place's position") % {"n": round(metres)}


def _findings(visit: Inspection) -> list[dict[str, Any]]:
    found = selectors.findings(visit)
    shots = files.for_things(Hazard.kind, [hazard.pk for _finding, hazard in found])
    return [
        {
            "finding": finding,
            "photos": _shots(shots[hazard.pk]),
            "hazard": hazard,
            "tone": "late" if hazard.late else _HAZARD_TONE.get(hazard.state, "waiting"),
            "state": hazard_labels.STATE[hazard.state],
            "url": where("hazards:hazard", hazard.pk),
        }
        for finding, hazard in found
    ]


def _shots(kept: Sequence[StoredFile]) -> list[StoredFile]:
    """One picture from before and one from after."""
    return [
        shot
        for slot in ("before", "after")
        if (shot := next((file for file in kept if file.slot == slot and file.is_image), None)) is not None
    ]


_HAZARD_TONE = {
    "found": "open",
    "graded": "open",
    "rectifying": "doing",
    "returned": "doing",
    "closed": "done",
    "suspended": "stopped",
    "cancelled": "stopped",
}


def _entries(visit: Inspection) -> list[Entry]:
    found = [
        Entry(
            at=move.at,
            what=labels.ACTION[move.action]
            if move.action == "arrange"
            else labels.EVENTS[f"inspections.{move.action}"],
            who=move.by.name,
            note=move.note,
            tone=labels.TONE[move.target] if move.target != State.ARRANGED else "open",  # type: ignore[arg-type]
        )
        for move in selectors.moves(visit)
    ]
    for finding, hazard in selectors.findings(visit):
        found.append(
            Entry(
                at=finding.at,
                what=labels.EVENTS["inspections.finding"],
                who=hazard.found_by_name,
                note=finding.description[:120],
                url=where("hazards:hazard", hazard.pk),
            )
        )
    return sorted(found, key=lambda entry: entry.at, reverse=True)


_ICONS = {
    Action.BEGIN: "clipboard-check",
    Action.FINISH: "signature",
    Action.NOBODY: "home",
    Action.TURNED_AWAY: "ban",
    Action.CANCEL: "x",
}
_FORMS = {
    Action.FINISH: "inspections:finish",
    Action.NOBODY: "inspections:nobody",
    Action.TURNED_AWAY: "inspections:turned_away",
    Action.CANCEL: "inspections:cancel",
}


def _acts(visit: Inspection, user: Any, now: datetime) -> list[Act]:
    acts = []
    works = selectors.works_on(visit, user)
    if visit.state == State.ONGOING and works:
        acts.append(
            Act(
                _("Go on with the questions"),
                reverse("inspections:go", args=[visit.pk]),
                icon="checklist",
                primary=True,
            )
        )
        acts.append(Act(_("Record a hazard"), reverse("inspections:finding", args=[visit.pk]), icon="camera"))
    for offer in selectors.offers(visit, acting=user, now=now):
        label = labels.ACTION[offer.action]
        icon = _ICONS[offer.action]
        if offer.action is Action.BEGIN:
            acts.append(
                Act(
                    label,
                    reverse("inspections:begin_arranged", args=[visit.pk]),
                    method="post",
                    icon=icon,
                    primary=True,
                )
            )
        elif offer.action is Action.FINISH or offer.refused is None:
            # The form of finishing asks for what is still lacking, so it is open before everything is there.
            danger = offer.action is Action.CANCEL
            acts.append(Act(label, reverse(_FORMS[offer.action], args=[visit.pk]), icon=icon, danger=danger))
        else:
            refused = Refused(offer.refused)
            acts.append(Act(label, why=refused.what, todo=refused.todo, icon=icon))
    if visit.state in (State.DONE, State.ABSENT, State.REFUSED) and selectors.may_print(visit, user):
        acts.append(
            Act(
                _("Print the record"),
                reverse("inspections:record", args=[visit.pk]),
                method="post",
                icon="printer",
                primary=True,
            )
        )
    acts.append(
        Act(_("Three-in-one at this place"), reverse("inspections:three", args=[visit.site_id]), icon="users-group")
    )
    return acts


@login_required
@require_POST
def begin_arranged(request: HttpRequest, inspection_id: str) -> HttpResponse:
    """An arranged visit begins: the checklist that fits best is opened where none was chosen."""
    visit = visit_of(request, inspection_id)
    keys = []
    if not visit.sheets.exists():
        best = selectors.best(visit.site, visit.visit_kind)
        keys = [best.checklist.key] if best is not None else []
    place = position(request.POST.get("lng"), request.POST.get("lat"))
    services.begin(
        inspection_id=visit.pk,
        checklist_keys=keys,
        lon=place[0] if place else None,
        lat=place[1] if place else None,
        by=request.user,  # type: ignore[arg-type]
        now=timezone.now(),
    )
    return redirect("inspections:go", visit.pk)


# --- the questions ----------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def go(request: HttpRequest, inspection_id: str) -> HttpResponse:
    """The questions: one at a time where scripts run, all in one form where they do not."""
    visit = _ongoing(request, inspection_id)
    user: Any = request.user
    if request.method == "POST":
        return _answered_without_scripts(request, visit)
    views = selectors.sheets_of(visit, viewer=user)
    context = {
        "page_title": visit.site.name,
        "visit": visit,
        "kind_word": labels.KIND[visit.visit_kind],
        "views": views,
        "tally": selectors.tally(visit),
        "findings": _findings(visit),
        "basis": library.basis_words({urn for view in views for q in _all(view) for urn in q.item.basis}),
        "verdicts": checklist_labels.VERDICTS,
        "answers_url": reverse("inspections:answers", args=[visit.pk]),
        "state": {
            view.sheet.pk: {
                "base": view.sheet.filled.answers,
                "title": view.version.title(),
            }
            for view in views
        },
    }
    return render(request, "inspections/go.html", context)


def _all(view: selectors.SheetView) -> list[selectors.Question]:
    return [question for part in view.parts for question in part.all]


def _ongoing(request: HttpRequest, inspection_id: str) -> Inspection:
    visit = visit_of(request, inspection_id)
    if not selectors.works_on(visit, request.user):
        raise Refused("inspections.not_there")
    if visit.state != State.ONGOING:
        raise Refused("inspections.not_ongoing" if visit.state == State.ARRANGED else "inspections.ended")
    return visit


def _answered_without_scripts(request: HttpRequest, visit: Inspection) -> HttpResponse:
    for view in selectors.sheets_of(visit, viewer=request.user):
        sent = {}
        for question in _all(view):
            name = f"{view.sheet.pk}.{question.item.code}"
            if question.mine and name in request.POST:
                value = _value(question, request.POST[name])
                sent[question.item.code] = {"value": value, "note": request.POST.get(f"{name}.note", "")}
        services.answer(
            inspection_id=visit.pk,
            sheet_id=view.sheet.pk,
            answers=sent,
            by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    messages.success(request, _("Answers kept."))
    return redirect("inspections:thing", visit.pk)


def _value(question: selectors.Question, said: str) -> Any:
    """What a form says, in the kind of the item: numbers as numbers."""
    if question.item.answer in ("score", "number") and said != "na":
        try:
            return float(said) if said else None
        except ValueError:
            return said
    return said or None


@login_required
@require_POST
def answers(request: HttpRequest, inspection_id: str) -> JsonResponse:
    """A few answers from the phone: ``{"sheet": id, "answers": {…}, "base": {…}}``. Says how far the visit is now."""
    visit = visit_of(request, inspection_id)
    said = _sent(request.body)
    if said is None:
        return JsonResponse({"key": "base.bad_request", "what": _("The answers cannot be read.")}, status=400)
    sheet, sent, base = said
    try:
        kept = services.answer(
            inspection_id=visit.pk,
            sheet_id=sheet,
            answers=sent,
            base=base,
            by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    except Refused as refused:
        return JsonResponse(refused.as_json(), status=refused.status)
    tally = selectors.tally(visit)
    body = {
        "answers": {code: kept.filled.answers.get(code) for code in sent},
        "answered": tally.answered,
        "total": tally.total,
        "unreported": tally.unreported,
    }
    return JsonResponse(body)


def _sent(body: bytes) -> tuple[str, dict[str, Any], dict[str, Any] | None] | None:
    """Sheet, answers and base of what a phone sent; None where that cannot be read."""
    try:
        said = json.loads(body)
    except (ValueError, UnicodeDecodeError):
        return None
    if not isinstance(said, dict):
        return None
    sheet, sent, base = said.get("sheet"), said.get("answers"), said.get("base")
    if not isinstance(sheet, str) or not isinstance(sent, dict) or not isinstance(base, dict | None):
        return None
    return (sheet, sent, base) if len(sent) <= MOST_ANSWERS else None


@login_required
@require_http_methods(["GET", "POST"])
def checklist(request: HttpRequest, inspection_id: str) -> HttpResponse:
    """Add a checklist, or take another one instead of one chosen by mistake."""
    visit = _ongoing(request, inspection_id)
    in_use = {view.definition.key: view for view in selectors.sheets_of(visit)}
    instead_of = request.POST.get("instead_of") or request.GET.get("instead_of", "")
    offered = [each for each in selectors.fitting(visit.site) if each.checklist.key not in in_use]
    form = forms.ChecklistForm(
        request.POST if request.method == "POST" else None,
        checklists=[(each.checklist.key, each.title()) for each in offered],
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.choose_checklist(
                inspection_id=visit.pk,
                key=form.cleaned_data["key"],
                instead_of=instead_of,
                by=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
        except Refused as refused:
            blame(form, refused)
        else:
            return redirect("inspections:go", visit.pk)
    context = {
        "page_title": _("Choose a checklist"),
        "visit": visit,
        "form": form,
        "instead_of": instead_of,
        "in_use": in_use.values(),
        "offered": offered,
        "submit_label": _("Take this checklist"),
        "cancel_url": reverse("inspections:go", args=[visit.pk]),
    }
    return render(request, "inspections/checklist.html", context, status=422 if form.errors else 200)


# --- findings ---------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def finding(request: HttpRequest, inspection_id: str) -> HttpResponse:
    """Record a hazard: what, pictures, and what happens with it."""
    visit = _ongoing(request, inspection_id)
    user: Any = request.user
    now = timezone.now()
    asked = _question(request, visit)
    proposal = asked[1].proposal if asked else None
    criterion = standards.find_in_force(proposal.criterion, clock.local_date(now)) if proposal else None
    orders = scope.can(user, Permission.HAZARD_GRADE, on=visit.site) and scope.can(
        user, Permission.HAZARD_ASSIGN, on=visit.site
    )
    may_fix = not hazards.only_own_unit(user)
    term = _term(visit, proposal, now)
    form = forms.FindingForm(
        request.POST if request.method == "POST" else None,
        may_fix=may_fix,
        orders=orders,
        criterion=criterion.title() if criterion else "",
        closed_before=_closed_before(user, visit, now),
        initial={
            "description": proposal.description if proposal else "",
            "decision": forms.FIXED if may_fix and _spot(proposal) else forms.DUE,
            "due_on": term,
            "major": bool(proposal and proposal.grade == "major"),
        },
    )
    back = _next(visit, asked)
    if request.method == "POST" and form.is_valid():
        try:
            made = _record(request, visit, form, asked, now)
        except Refused as refused:
            blame(form, refused)
        else:
            hazard = Hazard.objects.get(pk=made.hazard_id)
            words = _("Recorded and closed on the spot: %(number)s.") if made.on_spot else _("Recorded as %(number)s.")
            messages.success(request, words % {"number": hazard.number})
            return redirect(back)
    context = {
        "page_title": _("Record a hazard"),
        "visit": visit,
        "view": asked[0] if asked else None,
        "question": asked[1] if asked else None,
        "form": form,
        "may_fix": may_fix,
        "orders": orders,
        "days": _quick_days(now),
        "phrases": [str(words) for words in hazard_labels.PHRASES],
        "photo_required": proposal.photo_required if proposal else False,
        "submit_label": _("Record the hazard"),
        "cancel_url": back,
        "draft": f"inspections.finding.{visit.pk}.{asked[1].item.code if asked else ''}",
    }
    return render(request, "inspections/finding.html", context, status=422 if form.errors else 200)


def _spot(proposal: Any) -> bool:
    """Usually put right at once; never where a major criterion is proposed."""
    return proposal is not None and proposal.on_spot and proposal.grade != "major"


def _question(request: HttpRequest, visit: Inspection) -> tuple[selectors.SheetView, selectors.Question] | None:
    source = request.POST if request.method == "POST" else request.GET
    code = source.get("item", "")
    if not code:
        return None
    found = selectors.question(visit, source.get("sheet", ""), code, viewer=request.user)
    if found is None:
        raise Http404
    return found


def _term(visit: Inspection, proposal: Any, now: datetime) -> Any:
    """The day the rule proposes."""
    today = clock.local_date(now)
    try:
        rule = standards.deadline_rule(visit.domain, "general", today, level=proposal.level if proposal else "")
    except Refused:
        return None
    return clock.add_days(today, rule.days)


def _quick_days(now: datetime) -> list[tuple[str, str]]:
    today = clock.local_date(now)
    return [
        (clock.add_days(today, n).isoformat(), ngettext("%(n)s day", "%(n)s days", n) % {"n": n})
        for n in (1, 3, 7, 15, 30)
    ]


def _closed_before(user: Any, visit: Inspection, now: datetime) -> list[tuple[str, str]]:
    rows = Hazard.objects.visible_to(user).filter(
        pk__in=hazards.relapse_candidates(visit.site, visit.domain, now=now).values("pk")
    )
    return [(row.pk, f"{row.closed_on} {row.description[:60]}") for row in rows.order_by("-closed_on")[:10]]


def _record(request: HttpRequest, visit: Inspection, form: forms.FindingForm, asked: Any, now: datetime) -> Any:
    said = form.cleaned_data
    decision = said["decision"]
    fixed = decision == forms.FIXED
    view, question = asked or (None, None)
    place = position(request.POST.get("photos_lng"), request.POST.get("photos_lat"))
    kept = services.earlier_finding(finding_id=said["finding_id"], inspection_id=visit.pk, by=request.user)  # type: ignore[arg-type]
    if kept is not None:
        return kept
    return services.add_finding(
        inspection_id=visit.pk,
        finding_id=said["finding_id"],
        description=said["description"],
        sheet_id=view.sheet.pk if view else "",
        item_code=question.item.code if question else "",
        place=said["place"],
        photos=photos(request, "photos", now),
        photos_after=photos(request, "after", now) if fixed else [],
        fixed_by_name=said["fixed_by_name"] if fixed else "",
        fix_signature=signed(request, "signed", now) if fixed else "",
        due_on=said["due_on"] if decision == forms.DUE else None,
        measures=said["measures"],
        basis=said["basis"],
        standard_urn=_criterion(question) if said.get("major") else "",
        as_general=not said.get("major"),
        relapse_of=said.get("relapse_of", ""),
        lon=place[0] if place else None,
        lat=place[1] if place else None,
        by=request.user,  # type: ignore[arg-type]
        now=now,
    )


def _criterion(question: selectors.Question | None) -> str:
    return question.proposal.criterion if question is not None and question.proposal is not None else ""


def _next(visit: Inspection, asked: Any) -> str:
    """Back to the question it came from, or to the visit."""
    url = reverse("inspections:go", args=[visit.pk])
    return f"{url}#{asked[0].sheet.pk}.{asked[1].item.code}" if asked else reverse("inspections:thing", args=[visit.pk])


# --- the people there -------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest, inspection_id: str) -> HttpResponse:
    """Who is there, with certificate and department; on a joint visit, who answers which section."""
    visit = visit_of(request, inspection_id)
    user: Any = request.user
    now = timezone.now()
    if not (selectors.works_on(visit, user) or selectors.keeps_plan(visit, user)):
        raise Refused("inspections.not_there")
    if State(visit.state) not in rules.OPEN:
        raise Refused("inspections.ended")
    form = forms.CompanionForm(
        request.POST if request.method == "POST" else None,
        people=_colleagues(visit, now),
        sections=_sections(selectors.sheets_of(visit)),
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            services.join(
                inspection_id=visit.pk,
                user_id=said["user"],
                name=said["name"],
                certificate=said["certificate"],
                department=said["department"],
                sections=said.get("sections", ()),
                by=user,
                now=now,
            )
        except Refused as refused:
            blame(form, refused)
        else:
            messages.success(request, _("Added."))
            return redirect("inspections:people", visit.pk)
    context = {
        "page_title": _("Who is there"),
        "visit": visit,
        "crew": selectors.there(visit),
        "official": visit.visit_kind in rules.OFFICIAL,
        "needed": selectors.people_needed(clock.local_date(now)) if visit.visit_kind in rules.OFFICIAL else 0,
        "form": form,
        "submit_label": _("Add this person"),
        "cancel_url": reverse("inspections:thing", args=[visit.pk]),
        "draft": "",
    }
    return render(request, "inspections/people.html", context, status=422 if form.errors else 200)


def _colleagues(visit: Inspection, now: datetime) -> list[tuple[str, str]]:
    there = {row.user_id for row in selectors.there(visit)}
    found = []
    for user in selectors.colleagues(visit.site, visit.visit_kind, at=now).exclude(pk__in=there)[:300]:
        words = [
            user.name,
            user.title,
            _("certificate %(number)s") % {"number": user.certificate} if user.certificate else "",
        ]
        found.append((user.pk, " · ".join(filter(None, words))))
    return found


def _sections(views: Sequence[selectors.SheetView]) -> list[tuple[str, str]]:
    """The sections to be divided, where a checklist has departments."""
    found = []
    for view in views:
        if any(part.department for part in view.parts):
            for part in view.parts:
                word = part.department_word
                found.append((part.code, f"{part.title}（{word}）" if word else part.title))
    return found


@login_required
@require_POST
def leave(request: HttpRequest, inspection_id: str, inspector_id: str) -> HttpResponse:
    visit = visit_of(request, inspection_id)
    services.leave(inspection_id=visit.pk, inspector_id=inspector_id, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    messages.success(request, _("Taken off the list; the record says so."))
    return redirect("inspections:people", visit.pk)


@login_required
@require_http_methods(["GET", "POST"])
def certify(request: HttpRequest, inspection_id: str, inspector_id: str) -> HttpResponse:
    """The certificate number of somebody there, written down later."""
    visit = visit_of(request, inspection_id)
    row = next((each for each in selectors.there(visit) if each.pk == inspector_id), None)
    if row is None:
        raise Http404
    form = forms.CertificateForm(
        request.POST if request.method == "POST" else None, initial={"certificate": row.certificate}
    )
    if request.method == "POST" and form.is_valid():
        services.certify(
            inspection_id=visit.pk,
            inspector_id=row.pk,
            certificate=form.cleaned_data["certificate"],
            by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        return redirect("inspections:people", visit.pk)
    context = {
        "page_title": _("Certificate of %(name)s") % {"name": row.name},
        "form": form,
        "submit_label": _("Write it down"),
        "cancel_url": reverse("inspections:people", args=[visit.pk]),
    }
    return render(request, "base/form.html", context, status=422 if form.errors else 200)


# --- the end ----------------------------------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "POST"])
def finish(request: HttpRequest, inspection_id: str) -> HttpResponse:
    """What is still lacking, what the place says, and its signature."""
    visit = _ongoing(request, inspection_id)
    user: Any = request.user
    now = timezone.now()
    official, own = visit.visit_kind in rules.OFFICIAL, visit.visit_kind == Kind.SELF_CHECK
    form = forms.FinishForm(
        request.POST if request.method == "POST" else None,
        official=official,
        own=own,
        initial={
            "host_name": visit.host_name or visit.site.manager_name or visit.site.owner_name,
            "host_phone": visit.host_phone,
            "certificate_shown": visit.certificate_shown,
            "opinion": "" if own else _("No objection to the record."),
        },
    )
    crew = selectors.there(visit)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            services.finish(
                inspection_id=visit.pk,
                certificate_shown=said.get("certificate_shown"),
                host_name=said["host_name"],
                host_phone=said.get("host_phone", ""),
                opinion=said["opinion"],
                sign_refused=said.get("sign_refused", ""),
                host_signature=signed(request, "signed", now),
                officer_signatures={row.pk: signed(request, f"officer_{row.pk}", now) for row in crew},
                photos=photos(request, "photos", now),
                by=user,
                now=now,
            )
        except Refused as refused:
            blame(form, refused)
        else:
            messages.success(request, _("Finished. The record can be printed now."))
            return redirect("inspections:thing", visit.pk)
    tally = selectors.tally(visit)
    context = {
        "page_title": _("Finish and sign the record"),
        "visit": visit,
        "views": selectors.sheets_of(visit),
        "tally": tally,
        "findings": _findings(visit),
        "crew": crew,
        "lacking": _lacking(visit, user, now, tally),
        "own": own,
        "form": form,
        "submit_label": _("Finish the inspection"),
        "cancel_url": reverse("inspections:thing", args=[visit.pk]),
        "draft": f"inspections.finish.{visit.pk}",
    }
    return render(request, "inspections/finish.html", context, status=422 if form.errors else 200)


def _lacking(visit: Inspection, user: Any, now: datetime, tally: selectors.Tally) -> list[dict[str, str]]:
    """What has to be done before the form is filled, each with the way there."""
    facts = selectors.facts(visit, acting=user, now=now)
    found = []
    go_on, crew = reverse("inspections:go", args=[visit.pk]), reverse("inspections:people", args=[visit.pk])
    if tally.unanswered:
        found.append(_lack("inspections.unanswered", go_on, _("Go on"), unanswered=tally.unanswered))
    if tally.unreported:
        found.append(_lack("inspections.unreported", go_on, _("Go on"), unreported=tally.unreported))
    if facts.people < facts.people_needed:
        found.append(
            _lack("inspections.people_missing", crew, _("Add"), needed=facts.people_needed, there=facts.people)
        )
    elif facts.certified < facts.people_needed:
        found.append(
            _lack(
                "inspections.certificates_missing",
                crew,
                _("Add"),
                needed=facts.people_needed,
                certified=facts.certified,
            )
        )
    return found


def _lack(key: str, url: str, label: str, **params: Any) -> dict[str, str]:
    refused = Refused(key, **params)
    return {"what": refused.what, "todo": refused.todo, "url": url, "label": label}


@login_required
@require_http_methods(["GET", "POST"])
def nobody(request: HttpRequest, inspection_id: str) -> HttpResponse:
    """Nobody opened: what notice was left, and when one comes again."""
    visit = visit_of(request, inspection_id)
    now = timezone.now()
    today = clock.local_date(now)
    most = selectors.revisits(today)
    again = rules.comes_again(visit.visit_no, most=most)
    form = forms.NobodyForm(
        request.POST if request.method == "POST" else None,
        again=again,
        initial={
            "note": _("Knocked and called, nobody there; notice left at the door."),
            "next_on": clock.add_days(today, 3),
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.nobody(
                inspection_id=visit.pk,
                note=form.cleaned_data["note"],
                next_on=form.cleaned_data.get("next_on"),
                photos=photos(request, "photos", now),
                by=request.user,  # type: ignore[arg-type]
                now=now,
            )
        except Refused as refused:
            blame(form, refused)
        else:
            done = (
                _("The next attempt is arranged.") if again else _("The office was told; it decides what comes next.")
            )
            messages.success(request, done)
            return redirect("inspections:thing", visit.pk)
    context = {
        "page_title": _("Nobody there"),
        "visit": visit,
        "again": again,
        "left": most + 1 - visit.visit_no,
        "form": form,
        "photo_label": _("Picture of the notice at the door"),
        "submit_label": _("Nobody there, notice left"),
        "cancel_url": reverse("inspections:thing", args=[visit.pk]),
        "draft": f"inspections.nobody.{visit.pk}",
    }
    return render(request, "inspections/ending.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def turned_away(request: HttpRequest, inspection_id: str) -> HttpResponse:
    return _ended(
        request,
        inspection_id,
        title=_("Turned away"),
        submit=_("Record that we were turned away"),
        done=_("Recorded; the office was told."),
        verb="turned_away",
    )


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, inspection_id: str) -> HttpResponse:
    return _ended(
        request,
        inspection_id,
        title=_("Cancel the visit"),
        submit=_("Cancel this visit"),
        done=_("Cancelled; the row stays with the reason."),
        verb="cancel",
    )


def _ended(request: HttpRequest, inspection_id: str, *, title: str, submit: str, done: str, verb: str) -> HttpResponse:
    visit = visit_of(request, inspection_id)
    now = timezone.now()
    form = forms.NoteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["note"]
        try:
            if verb == "cancel":
                services.cancel(inspection_id=visit.pk, note=note, by=request.user, now=now)  # type: ignore[arg-type]
            else:
                services.turned_away(
                    inspection_id=visit.pk,
                    note=note,
                    photos=photos(request, "photos", now),
                    by=request.user,  # type: ignore[arg-type]
                    now=now,
                )
        except Refused as refused:
            blame(form, refused)
        else:
            messages.success(request, done)
            return redirect("inspections:thing", visit.pk)
    context = {
        "page_title": title,
        "visit": visit,
        "form": form,
        "photo_label": _("Pictures") if verb == "turned_away" else "",
        "submit_label": submit,
        "cancel_url": reverse("inspections:thing", args=[visit.pk]),
        "draft": f"inspections.{verb}.{visit.pk}",
    }
    return render(request, "inspections/ending.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def record(request: HttpRequest, inspection_id: str) -> HttpResponse:
    """The record as a paper: made once, shown ever after."""
    visit = visit_of(request, inspection_id)
    paper = services.issue_record(inspection_id=visit.pk, by=request.user, now=timezone.now())  # type: ignore[arg-type]
    return redirect("files:paper", paper.pk)

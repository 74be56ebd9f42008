"""Plans: the list, making one with a look at it before, how far it has come, and what is due."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from anwang.ground.accounts import scope
from anwang.ground.accounts import selectors as accounts
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import keyset
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Cell, Column, Fact, Figure, Filter, Ledger, Number
from anwang.kernel import clock, ids
from anwang.registers.sites import selectors as sites
from anwang.work.inspections import labels, selectors, services
from anwang.work.inspections.forms import PlanForm, ReasonForm
from anwang.work.inspections.models import Plan, PlannedVisit
from anwang.work.inspections.web.common import blame, plan_of

SLOT_STATES = [
    ("late", pgettext_lazy("plan", "Late")),
    ("open", gettext_lazy("Still to come")),
    ("done", pgettext_lazy("visit", "Done")),
    ("left_out", gettext_lazy("Left out")),
]
SLOT_TONES = {"late": "late", "open": "open", "done": "done", "left_out": "stopped"}


@login_required
@require_GET
def plans(request: HttpRequest) -> HttpResponse:
    """Every plan the user sees with its progress, those that run first."""
    scope.require(request.user, Permission.INSPECTION_READ)
    today = clock.local_date(timezone.now())
    rows = list(selectors.plan_list(request.user).order_by("withdrawn_at", "-ends_on", "-id")[:200])
    rows.sort(key=lambda plan: plan.withdrawn_at is not None)
    progress = selectors.progress_of(rows, today=today)
    may_plan = scope.may(request.user, Permission.INSPECTION_PLAN)
    context = {
        "page_title": _("Inspection plans"),
        "plans": [
            {"plan": plan, "progress": progress[plan.pk], "kind_word": labels.KIND[plan.visit_kind]} for plan in rows
        ],
        "tab": "plans",
        "may_plan": may_plan,
        "new": Act(_("Make a plan"), reverse("inspections:plan_new"), icon="plus", primary=True) if may_plan else None,
    }
    return render(request, "inspections/plans.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def plan_new(request: HttpRequest) -> HttpResponse:
    """What it would hold is shown before it is made; nothing is written until then."""
    scope.require(request.user, Permission.INSPECTION_PLAN)
    user: Any = request.user
    now = timezone.now()
    today = clock.local_date(now)
    regions = {region.code: region for region in _regions(user)}
    next_year = today.year + (today.month > 9)
    form = PlanForm(
        request.POST if request.method == "POST" else None,
        regions=[(code, region.name) for code, region in regions.items()],
        site_kinds=[(kind.key, kind.word) for kind in sites.kinds()],
        classes=[(key, row.word) for key, row in _classes(regions).items()],
        initial={
            "title": _("Inspection plan %(year)s") % {"year": next_year},
            "begins_on": f"{next_year}-01-01",
            "ends_on": f"{next_year}-12-31",
        },
    )
    found: selectors.Draft | None = None
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        region = regions[said["region"]]
        try:
            if "make" in request.POST:
                made = services.make_plan(
                    plan_id=said["plan_id"],
                    title=said["title"],
                    region=region,
                    visit_kind=said["visit_kind"],
                    begins_on=said["begins_on"],
                    ends_on=said["ends_on"],
                    domains=said["domains"],
                    site_kinds=said["site_kinds"],
                    classes=said["classes"],
                    months=said["months"],
                    campaign=said["campaign"],
                    basis=said["basis"],
                    by=user,
                    now=now,
                )
                messages.success(request, _("The plan is made: %(n)s visits.") % {"n": made.visits.count()})
                return redirect("inspections:plan", made.pk)
            found = selectors.draft(
                selectors.Asked(
                    region=region,
                    visit_kind=said["visit_kind"],
                    begins_on=said["begins_on"],
                    ends_on=said["ends_on"],
                    domains=said["domains"],
                    site_kinds=said["site_kinds"],
                    classes=said["classes"],
                    months=said["months"],
                ),
                by=user,
                now=now,
            )
        except Refused as refused:
            blame(form, refused)
    context = {
        "page_title": _("Make an inspection plan"),
        "form": form,
        "found": found,
        "figure": _draft_figure(found, now) if found is not None and found.slots else None,
        "cancel_url": reverse("inspections:plans"),
        "draft": "inspections.plan",
    }
    return render(request, "inspections/plan_new.html", context, status=422 if form.errors else 200)


def _regions(user: Any) -> list[Any]:
    """Where the user keeps a plan: whole regions down to towns; a plan for one grid is no plan."""
    rows = accounts.regions_for(user, Permission.INSPECTION_PLAN).filter(level__in=["city", "county", "town"])
    return list(rows.order_by("code")[:400])


def _classes(regions: dict[str, Any]) -> dict[str, Any]:
    first = next(iter(regions.values()), None)
    return sites.classes(first) if first is not None else {}


def _draft_figure(found: selectors.Draft, now: Any) -> Figure:
    return Figure(
        key="plan-draft",
        title=_("Visits per month"),
        definition=_("Planned visits by the month they fall due in, spread so that months are alike."),
        computed_at=now,
        heads=[_("Month"), _("Visits")],
        rows=[[month, n] for month, n in found.per_month.items()],
    )


# --- one plan ---------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def plan(request: HttpRequest, plan_id: str) -> HttpResponse:
    """How far it has come: in all, by month, by town; and its visits one by one."""
    found = plan_of(request, plan_id)
    now = timezone.now()
    today = clock.local_date(now)
    progress = selectors.progress(found, today=today)
    asked = _slots_asked(request, found, title=_("Planned visits"))
    asked = _fill(request, asked, found, today)
    path = reverse("inspections:plan", args=[found.pk])
    context = {
        "page_title": found.title,
        "plan": found,
        "kind_word": labels.KIND[found.visit_kind],
        "progress": progress,
        "numbers": [
            Number(_("Planned"), progress.total, path),
            Number(pgettext_lazy("visit", "Done"), progress.done, f"{path}?state=done", note=f"{progress.percent}%"),
            Number(
                pgettext_lazy("plan", "Late"), progress.late, f"{path}?state=late", tone="late" if progress.late else ""
            ),
            Number(_("Left out"), progress.left_out, f"{path}?state=left_out"),
        ],
        "figure": _progress_figure(found, path, today, now),
        "towns": selectors.by_town(found, today=today),
        "facts": _plan_facts(found),
        "ledger": asked,
        "today": today,
        "acts": _plan_acts(found, request.user),
    }
    return render(request, "inspections/plan.html", context)


def _progress_figure(found: Plan, path: str, today: Any, now: Any) -> Figure:
    rows = [
        [
            month,
            Cell(part.done, f"{path}?state=done"),
            Cell(part.late, f"{path}?state=late"),
            Cell(part.open - part.late, f"{path}?state=open"),
        ]
        for month, part in selectors.by_month(found, today=today).items()
    ]
    return Figure(
        key="plan-progress",
        title=_("Progress by month"),
        definition=_(
            "Visits by the month they fall due in. Late: past their day and not made. Left-out ones are not counted."
        ),
        computed_at=now,
        heads=[_("Month"), pgettext_lazy("visit", "Done"), pgettext_lazy("plan", "Late"), _("Still to come")],
        rows=rows,
        chart="stacked",
    )


def _plan_facts(found: Plan) -> list[Fact]:
    kinds = sites.kind_words()
    domains = dict(Domain.choices)
    everything = _("all")
    facts = [
        Fact(_("Kind of visit"), labels.KIND[found.visit_kind]),
        Fact(_("Region"), found.region.name),
        Fact(_("Period"), f"{found.begins_on.isoformat()} – {found.ends_on.isoformat()}"),
        Fact(_("Domains"), "、".join(str(domains[key]) for key in found.domains if key in domains) or everything),
        Fact(_("Kinds of places"), "、".join(kinds.get(key, key) for key in found.site_kinds) or everything),
        Fact(_("Supervision classes"), "、".join(found.classes) or everything),
        Fact(
            _("How often"), _("every %(n)s months") % {"n": found.months} if found.months else _("as each class says")
        ),
        Fact(_("Made by"), f"{found.made_by.name} · {clock.local_date(found.made_at).isoformat()}"),
        Fact(_("Basis"), found.basis),
        Fact(_("Campaign"), found.campaign),
    ]
    if found.withdrawn_at is not None:
        facts.append(Fact(_("Withdrawn"), found.withdrawn_note, wide=True))
    return [fact for fact in facts if fact.value]


def _plan_acts(found: Plan, user: Any) -> list[Act]:
    if found.withdrawn_at is not None or not scope.can(user, Permission.INSPECTION_PLAN, on=found):
        return []
    return [
        Act(_("Withdraw the plan"), reverse("inspections:plan_withdraw", args=[found.pk]), icon="ban", danger=True),
    ]


@login_required
@require_http_methods(["GET", "POST"])
def plan_withdraw(request: HttpRequest, plan_id: str) -> HttpResponse:
    found = plan_of(request, plan_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.withdraw_plan(
                plan_id=found.pk,
                note=form.cleaned_data["note"],
                by=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
        except Refused as refused:
            blame(form, refused)
        else:
            messages.success(request, _("Withdrawn. What was done stays on record."))
            return redirect("inspections:plan", found.pk)
    context = {
        "page_title": _("Withdraw “%(title)s”") % {"title": found.title},
        "form": form,
        "submit_label": _("Withdraw the plan"),
        "submit_note": _("What it asked for and nobody did is asked for no more."),
        "cancel_url": reverse("inspections:plan", args=[found.pk]),
    }
    return render(request, "base/form.html", context, status=422 if form.errors else 200)


# --- what is due ------------------------------------------------------------------------------------------------------


@login_required
@require_GET
def due(request: HttpRequest) -> HttpResponse:
    """Every planned visit that is open, over all plans, the next first: whose turn it is."""
    scope.require(request.user, Permission.INSPECTION_READ)
    today = clock.local_date(timezone.now())
    asked = _fill(request, _slots_asked(request, None, title=_("Visits due")), None, today)
    context = {
        "ledger": asked,
        "tab": "due",
        "may_plan": scope.may(request.user, Permission.INSPECTION_PLAN),
        "today": today,
    }
    return render(request, "inspections/due.html", context)


def _slots_asked(request: HttpRequest, found: Plan | None, *, title: str) -> Ledger:
    own = [] if found is not None else [Column("plan", _("Plan"))]
    return Ledger(
        request,
        key="planned",
        title=title,
        row_template="inspections/slot.html",
        columns=[
            Column("site", _("Site"), always=True),
            Column("due", _("Due"), sort="due"),
            Column("state", _("State")),
            Column("every", _("How often")),
            *own,
            Column("act", "", always=True),
        ],
        filters=[
            Filter("state", _("State"), choices=SLOT_STATES if found is not None else SLOT_STATES[:2]),
            *([] if found is not None else [Filter("kind", _("Kind of visit"), choices=labels.KINDS)]),
            Filter("domain", _("Domain"), choices=Domain.choices, quick=False),
        ],
        default_sort="due",
        search_label=_("Place or its number"),
        empty=_("Visits that plans ask for appear here, the next first."),
    )


def _fill(request: HttpRequest, asked: Ledger, found: Plan | None, today: Any) -> Ledger:
    kinds = asked.chosen("kind") if found is None else []
    states = asked.chosen("state") or ([] if found is not None else ["open", "late"])
    rows = selectors.due(
        request.user,
        plan=found,
        states=states,
        today=today,
        domains=asked.chosen("domain"),
        kinds=kinds,
        text=asked.text.replace("\0", "")[:60],
    )
    if found is None:
        rows = rows.filter(plan__withdrawn_at__isnull=True)
    order = ("-due_on", "-id") if asked.sort == "-due" else ("due_on", "id")
    page = keyset.page(rows, order=order, after=asked.after)
    plans_here: dict[str, bool] = {}
    for row in page:
        _decorate(row, request.user, today, plans_here)
    return asked.fill(page, count=rows.count())


def _decorate(row: Any, user: Any, today: Any, plans_here: dict[str, bool]) -> None:
    state = selectors.slot_state(row, today)
    row.state_key, row.tone, row.state_word = state, SLOT_TONES[state], dict(SLOT_STATES)[state]
    row.kind_word = labels.KIND[row.plan.visit_kind]
    row.can_begin = (
        state in ("open", "late")
        and row.visit_id is None
        and row.plan.visit_kind in selectors.kinds_for(user, row.site)
    )
    if row.plan_id not in plans_here:
        plans_here[row.plan_id] = scope.can(user, Permission.INSPECTION_PLAN, on=row)
    row.can_leave_out = state in ("open", "late") and plans_here[row.plan_id]


@login_required
@require_http_methods(["GET", "POST"])
def leave_out(request: HttpRequest, planned_id: str) -> HttpResponse:
    """One visit of a plan is not made: why."""
    if not ids.is_ulid(planned_id):
        raise Http404
    slot: PlannedVisit = PlannedVisit.objects.visible_to(request.user).select_related("site", "plan").get(pk=planned_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            services.leave_out(
                planned_id=slot.pk,
                note=form.cleaned_data["note"],
                by=request.user,  # type: ignore[arg-type]
                now=timezone.now(),
            )
        except Refused as refused:
            blame(form, refused)
        else:
            messages.success(request, _("Left out; it counts no more."))
            return redirect("inspections:plan", slot.plan_id)
    context = {
        "page_title": _("Leave out %(site)s") % {"site": slot.site.name},
        "form": form,
        "submit_label": _("Leave this visit out"),
        "cancel_url": reverse("inspections:plan", args=[slot.plan_id]),
    }
    return render(request, "base/form.html", context, status=422 if form.errors else 200)

"""The acts of a hazard: each has its small form and says what will happen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from anwang.ground.base.errors import Refused, Text
from anwang.ground.files import services as files
from anwang.kernel import clock
from anwang.registers.organisations.models import Organisation, OrganisationKind
from anwang.registers.standards import selectors as standards
from anwang.registers.standards.rules import Type, applies
from anwang.work.hazards import forms, labels, selectors, services
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import Action, State
from anwang.work.hazards.web.thing import hazard_of, judging, pictures, refusal_of, standard_of

Cleaned = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asking:
    """What a form and its act are made from."""

    request: HttpRequest
    hazard: Hazard
    now: datetime

    @property
    def user(self) -> Any:
        return self.request.user

    def named(self) -> dict[str, Any]:
        """The arguments that every verb takes."""
        return {"hazard_id": self.hazard.pk, "by": self.user, "now": self.now}

    def photos(self, name: str = "photos") -> list[str]:
        """The pictures that came along, kept; their ids. Outside of the verb's transaction: a picture takes a moment."""
        kept = files.photos_posted(
            files=self.request.FILES.getlist(name), data=self.request.POST, name=name, by=self.user, now=self.now
        )
        return [file.pk for file in kept]


@dataclass(frozen=True, slots=True)
class ActPage:
    """One act: its form, what it does, what is said afterwards. ``shows`` are more facts for its page."""

    form: Callable[[Asking, Any, Any], django_forms.Form]
    run: Callable[[Asking, Cleaned], Any]
    done: Text
    shows: Callable[[Asking], dict[str, Any]] = field(default=lambda _asking: {})
    template: str = "hazards/act.html"
    intro: Text = ""


# --- forms that need to know the hazard --------------------------------------------------------------------------------


def _plain(kind: type[django_forms.Form]) -> Callable[[Asking, Any, Any], django_forms.Form]:
    def make(_asking: Asking, data: Any, sent: Any) -> django_forms.Form:
        return kind(data, sent)

    return make


def _grade_form(asking: Asking, data: Any, sent: Any) -> django_forms.Form:
    hazard = asking.hazard
    clauses = [
        (row.urn, f"{row.place()} {row.title()}".strip()[:80])
        for row in standards.in_force(Type.CLAUSE, hazard.found_on)
        if applies(row.domains, hazard.domain)
    ]
    initial = {"basis": hazard.basis, "standard_urn": hazard.standard_urn}
    return forms.GradeForm(data, sent, clauses=clauses, initial=initial)


def _proposals(hazard: Hazard) -> list[standards.Proposal]:
    return standards.propose(hazard.domain, hazard.description, hazard.found_on, criterion=hazard.standard_urn)


def _criterion_form(asking: Asking, data: Any, sent: Any) -> django_forms.Form:
    hazard = asking.hazard
    proposed = [
        (each.row_urn, " · ".join(filter(None, [each.place, each.title, each.why]))) for each in _proposals(hazard)
    ]
    everything = [(row.urn, f"{row.place()} {row.title()}".strip()) for row in _criteria(hazard)]
    initial = {"standard_urn": proposed[0][0] if proposed and hazard.standard_urn == proposed[0][0] else ""}
    return forms.CriterionForm(data, sent, proposed=proposed, all_rows=everything, initial=initial)


def _criteria(hazard: Hazard) -> list[Any]:
    return standards.criteria(hazard.domain, hazard.found_on)


def _assign_form(asking: Asking, data: Any, sent: Any) -> django_forms.Form:
    hazard = asking.hazard
    term = selectors.term(hazard.domain, hazard.grade, hazard.found_on)
    today = clock.local_date(asking.now)
    proposed = hazard.due_on if hazard.due_on and hazard.due_on >= today else clock.add_days(today, term.days)
    initial = {
        "unit_id": hazard.unit_id or "",
        "department_id": hazard.department_id or _usual_department(hazard),
        "due_on": proposed,
        "measures": hazard.required_measures,
    }
    units = _units(asking, data)
    form = forms.AssignForm(data, sent, units=units, departments=_departments(hazard), initial=initial)
    form.fields["due_on"].help_text = _("By rule: %(title)s (%(days)s days, at most %(longest)s).") % {
        "title": term.title,
        "days": term.days,
        "longest": term.longest,
    }
    _bound(form.fields["due_on"], today, clock.add_days(today, term.longest))
    return form


def _transfer_form(asking: Asking, data: Any, sent: Any) -> django_forms.Form:
    hazard = asking.hazard
    units = [(pk, name) for pk, name in _units(asking, data) if pk and pk != hazard.unit_id]
    return forms.TransferForm(data, sent, units=units)


def _resume_form(asking: Asking, data: Any, sent: Any) -> django_forms.Form:
    hazard, today = asking.hazard, clock.local_date(asking.now)
    term = selectors.term(hazard.domain, hazard.grade, hazard.found_on)
    form = forms.ResumeForm(data, sent, initial={"due_on": clock.add_days(today, term.days)})
    _bound(form.fields["due_on"], today, clock.add_days(today, term.longest))
    return form


def _extension_form(asking: Asking, data: Any, sent: Any) -> django_forms.Form:
    form = forms.ExtensionForm(data, sent)
    if asking.hazard.due_on:
        form.fields["new_due_on"].help_text = _("The present deadline is %(day)s.") % {"day": asking.hazard.due_on}
        _bound(form.fields["new_due_on"], clock.add_days(asking.hazard.due_on, 1), None)
    return form


def _bound(given: Any, first: Any, last: Any) -> None:
    """What the calendar of the browser offers; the rule itself is asked by the service."""
    given.widget.attrs["min"] = first.isoformat()
    if last is not None:
        given.widget.attrs["max"] = last.isoformat()


def _plan_form(asking: Asking, data: Any, sent: Any) -> django_forms.Form:
    hazard = asking.hazard
    initial = {
        "person": hazard.fix_person or hazard.site.manager_name,
        "phone": hazard.fix_phone or (hazard.site.manager_phone if not hazard.fix_person else ""),
        "measures": hazard.fix_measures or hazard.required_measures,
        "funds": hazard.fix_funds,
        "emergency_plan": hazard.fix_plan,
    }
    return forms.PlanForm(data, sent, initial=initial)


def _verify_form(asking: Asking, data: Any, sent: Any) -> django_forms.Form:
    # Whether one person may do both is known only afterwards for a major one; the service decides, this only offers.
    may = Action.CLOSE in selectors.allowed(asking.hazard, asking.user) and asking.hazard.grade != "major"
    return forms.VerifyForm(data, sent, may_close=may, initial={"close_too": may})


def _units(asking: Asking, data: Any) -> list[tuple[str, str]]:
    """The present unit, the owner of the site, and what was found by the search beside the field."""
    hazard = asking.hazard
    found = {each.pk: str(each.name) for each in (hazard.unit, hazard.enterprise) if each is not None}
    words = (data or asking.request.GET).get("unit_q", "").strip()[:60]
    if words:
        found |= {each.pk: each.name for each in units_like(asking.user, hazard, words)}
    chosen = (data or {}).get("unit_id", "")
    if chosen and chosen not in found and "\0" not in chosen:
        # Found by the search that runs in the page: the service asks whether it may be given to them.
        found |= {each.pk: each.name for each in _near(asking.user, hazard).filter(pk=chosen)}
    listed = list(found.items())
    return listed if hazard.unit_id else [("", _("No organisation: the owner of the site answers")), *listed]


def _near(user: Any, hazard: Hazard) -> Any:
    place = Q(county_code=hazard.county_code) if hazard.county_code else Q(city_code=hazard.city_code)
    return Organisation.objects.current().filter(place) | Organisation.objects.visible_to(user).current()


def units_like(user: Any, hazard: Hazard, words: str) -> list[Organisation]:
    if "\0" in words:
        return []
    named = Q(name__icontains=words) | Q(short_name__icontains=words) | Q(uscc=words.upper())
    return list(_near(user, hazard).filter(named).order_by("name", "pk")[:12])


WATCHING = (
    OrganisationKind.DEPARTMENT,
    OrganisationKind.COMMITTEE_OFFICE,
    OrganisationKind.TOWN,
    OrganisationKind.FIRE_BRIGADE,
    OrganisationKind.FIRE_STATION,
)


def _departments(hazard: Hazard) -> list[tuple[str, str]]:
    place = Q(county_code=hazard.county_code) if hazard.county_code else Q(city_code=hazard.city_code)
    rows = Organisation.objects.current().filter(place, kind_key__in=WATCHING).order_by("kind_key", "name")
    ours = [row for row in rows if not row.domains or hazard.domain in row.domains]
    return [(row.pk, row.name) for row in ours]


def _usual_department(hazard: Hazard) -> str:
    return hazard.site.supervising_department_id or ""


# --- what they show -----------------------------------------------------------------------------------------------------


def _evidence(asking: Asking) -> dict[str, Any]:
    judges = judging(asking.user, asking.hazard)
    return {
        "before": pictures(asking.hazard, "before", viewer=asking.user, doubt=judges),
        "after": pictures(asking.hazard, "after", viewer=asking.user, doubt=judges),
    }


def _grading(asking: Asking) -> dict[str, Any]:
    hazard = asking.hazard
    found = {
        "proposals": _proposals(hazard),
        "gaps": standards.gaps(hazard.domain, hazard.found_on),
        "propose_url": reverse("hazards:act", args=[hazard.pk, Action.PROPOSE_MAJOR]),
    }
    return {**found, "before": pictures(hazard, "before", viewer=asking.user, doubt=False)}


def _criterion(asking: Asking) -> dict[str, Any]:
    before = pictures(asking.hazard, "before", viewer=asking.user, doubt=True)
    return {"standard": standard_of(asking.hazard), "before": before}


def _extension(asking: Asking) -> dict[str, Any]:
    return {"extension": selectors.open_extension(asking.hazard)}


def _searching(asking: Asking) -> dict[str, Any]:
    return {"units_url": reverse("hazards:units", args=[asking.hazard.pk])}


def _photo_help(_asking: Asking) -> dict[str, Any]:
    return {"photo_label": _("Photos of how it looks now"), "photo_help": _("At least one, taken after the order.")}


def _more_photos(asking: Asking) -> dict[str, Any]:
    return {"photo_label": _("Photos"), "photo_help": _add_help(asking), "photos_needed": True}


def _add_help(asking: Asking) -> str:
    if _slot(asking) == "after":
        return _("They are added to the side “after”. What is added stays.")
    return _("They are added to the side “before”. What is added stays.")


def _slot(asking: Asking) -> str:
    """Before the order pictures show what is wrong, after it what was done."""
    early = asking.hazard.state in (State.FOUND, State.MAJOR_PROPOSED, State.GRADED)
    rectifies = Action.SUBMIT in selectors.allowed(asking.hazard, asking.user)
    return "before" if early or not rectifies else "after"


# --- what they do ---------------------------------------------------------------------------------------------------------


def _verb(verb: Callable[..., Any], *names: str) -> Callable[[Asking, Cleaned], Any]:
    def run(asking: Asking, cleaned: Cleaned) -> Any:
        return verb(**asking.named(), **{name: cleaned.get(name, "") for name in names})

    return run


def _verify(asking: Asking, cleaned: Cleaned) -> Any:
    verb = services.accept if cleaned.get("close_too") else services.verify
    return verb(**asking.named(), note=cleaned["note"])


def _submit(asking: Asking, cleaned: Cleaned) -> Any:
    return services.submit(**asking.named(), note=cleaned["note"], photos=asking.photos())


def _on_spot(asking: Asking, cleaned: Cleaned) -> Any:
    photos = asking.photos()
    signed = files.signature_posted(data=asking.request.POST, name="signed", by=asking.user, now=asking.now)
    return services.fix_on_spot(
        **asking.named(),
        fixed_by_name=cleaned["fixed_by_name"],
        note=cleaned["note"],
        photos=photos,
        signature=signed.pk if signed else "",
    )


def _add_photos(asking: Asking, _cleaned: Cleaned) -> Any:
    photos = asking.photos()
    if not photos:
        raise Refused("files.empty", field="photos")
    return services.add_photos(**asking.named(), slot=_slot(asking), photos=photos)


def _decide(asking: Asking, cleaned: Cleaned) -> Any:
    extension = selectors.open_extension(asking.hazard)
    if extension is None:
        raise Refused("hazards.extension_decided")
    return services.decide_extension(
        extension_id=extension.pk,
        grant=cleaned["answer"] == "grant",
        by=asking.user,
        now=asking.now,
        note=cleaned["note"],
    )


def _transfer(asking: Asking, cleaned: Cleaned) -> Any:
    return services.transfer(
        **asking.named(), unit_id=cleaned["unit_id"], note=cleaned["note"], due_on=cleaned["due_on"] or None
    )


PAGES: dict[str, ActPage] = {
    "grade": ActPage(
        _grade_form,
        _verb(services.grade, "standard_urn", "basis", "note"),
        gettext_lazy("Settled as a general hazard."),
        _grading,
        "hazards/grade.html",
    ),
    "propose_major": ActPage(
        _criterion_form,
        _verb(services.propose_major, "standard_urn", "note"),
        gettext_lazy("Proposed as major; a second person decides now."),
        _grading,
        "hazards/criterion.html",
        gettext_lazy("A major hazard is one that matches a criterion of a standard. A second person confirms it."),
    ),
    "confirm_major": ActPage(
        _plain(forms.NoteForm),
        _verb(services.confirm_major, "note"),
        gettext_lazy("Confirmed as a major hazard."),
        _criterion,
        "hazards/criterion_shown.html",
    ),
    "reject_major": ActPage(
        _plain(forms.ReasonForm),
        _verb(services.reject_major, "note"),
        gettext_lazy("Not major; it goes back to be graded."),
        _criterion,
        "hazards/criterion_shown.html",
    ),
    "assign": ActPage(
        _assign_form,
        _verb(services.assign, "unit_id", "due_on", "measures", "department_id", "note"),
        gettext_lazy("The rectification is ordered; the unit is told."),
        _searching,
        "hazards/assign.html",
    ),
    "start": ActPage(
        _plain(forms.NoteForm),
        _verb(services.start, "note"),
        gettext_lazy("Accepted. Hand it in before the deadline, with photos."),
    ),
    "plan": ActPage(
        _plan_form,
        _verb(services.plan, "person", "phone", "measures", "funds", "emergency_plan"),
        gettext_lazy("The five fixings are kept."),
        intro=gettext_lazy("Who, what, with what money, until when, and how people are kept safe meanwhile."),
    ),
    "submit": ActPage(
        _plain(forms.SubmitForm),
        _submit,
        gettext_lazy("Handed in. Somebody else re-checks it now."),
        _photo_help,
        "hazards/photos.html",
    ),
    "verify": ActPage(
        _verify_form,
        _verify,
        gettext_lazy("Re-check passed."),
        _evidence,
        "hazards/judge.html",
        gettext_lazy("Compare both sides before you decide. Marked pictures need a second look."),
    ),
    "send_back": ActPage(
        _plain(forms.SendBackForm),
        _verb(services.send_back, "note"),
        gettext_lazy("Sent back; the unit reads what is lacking."),
        _evidence,
        "hazards/judge.html",
        gettext_lazy("The deadline stays what it was."),
    ),
    "close": ActPage(
        _plain(forms.NoteForm),
        _verb(services.close, "note"),
        gettext_lazy("Struck off."),
        _evidence,
        "hazards/judge.html",
    ),
    "suspend": ActPage(
        _plain(forms.ReasonForm),
        _verb(services.suspend, "note"),
        gettext_lazy("Suspended; no lateness is counted meanwhile."),
        intro=gettext_lazy("For what nobody can do now: frost, a court, a demolition. It needs a reason."),
    ),
    "resume": ActPage(
        _resume_form,
        _verb(services.resume, "due_on", "note"),
        gettext_lazy("It goes on, with a new deadline."),
    ),
    "transfer": ActPage(
        _transfer_form,
        _transfer,
        gettext_lazy("Handed to the other unit."),
        _searching,
        "hazards/assign.html",
        gettext_lazy("The new unit fills in its own five fixings. Lateness so far stays on record."),
    ),
    "reopen": ActPage(
        _plain(forms.ReasonForm), _verb(services.reopen, "note"), gettext_lazy("Open again; the unit has to act.")
    ),
    "cancel": ActPage(
        _plain(forms.ReasonForm),
        _verb(services.cancel, "note"),
        gettext_lazy("The entry is cancelled; the row stays, with the reason."),
        intro=gettext_lazy("For what is no hazard, or was entered twice. The row stays in the ledger."),
    ),
    "ask_extension": ActPage(
        _extension_form,
        _verb(services.ask_extension, "new_due_on", "reason", "interim"),
        gettext_lazy("Asked. Until it is decided the present deadline holds."),
    ),
    "decide_extension": ActPage(
        _plain(forms.DecisionForm),
        _decide,
        gettext_lazy("Decided; whoever asked is told."),
        _extension,
        "hazards/decide.html",
    ),
    "fix_on_spot": ActPage(
        _plain(forms.OnSpotForm),
        _on_spot,
        gettext_lazy("Recorded and closed on the spot."),
        lambda asking: {**_photo_help(asking), "signature": True},
        "hazards/photos.html",
        gettext_lazy("You saw it put right. It needs a photo before and one after."),
    ),
    "add_photos": ActPage(
        _plain(forms.PhotosForm),
        _add_photos,
        gettext_lazy("The photos are added."),
        _more_photos,
        "hazards/photos.html",
    ),
}

NO_WORDS = ("start",)
"""Acts without a question: they are done at once."""


@login_required
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, hazard_id: str, action: str) -> HttpResponse:
    """The small form of one act, and the act itself."""
    page = PAGES.get(action)
    if page is None:
        raise Http404
    hazard = hazard_of(request.user, hazard_id)
    asking = Asking(request, hazard, timezone.now())
    refusal = refusal_of(request.user, hazard, action, now=asking.now)
    if refusal is not None:
        if request.method == "POST" and _just_done(asking, action):
            return redirect("hazards:hazard", hazard.pk)
        raise refusal
    if request.method == "POST" and "find_unit" not in request.POST:
        form = page.form(asking, request.POST, request.FILES)
        if form.is_valid() and _ran(page, asking, form):
            messages.success(request, str(page.done))
            return redirect("hazards:hazard", hazard.pk)
    else:
        form = page.form(asking, None, None)
    context = {
        "hazard": hazard,
        "action": action,
        "page_title": labels.ACTION[action],
        "form": form,
        "intro": page.intro,
        "submit_label": labels.ACTION[action],
        "cancel_url": reverse("hazards:hazard", args=[hazard.pk]),
        "draft": f"hazards.{action}",
        "now": asking.now,
        "unit_q": request.GET.get("unit_q", ""),
        **page.shows(asking),
    }
    return render(request, page.template, context, status=422 if form.is_bound else 200)


def _ran(page: ActPage, asking: Asking, form: django_forms.Form) -> bool:
    """Do it; a refusal that belongs to a field is said beside it, what was typed stays."""
    try:
        page.run(asking, form.cleaned_data)
    except Refused as refused:
        if refused.key == "hazards.move_not_offered":
            raise
        form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        return False
    return True


AGAIN = timedelta(minutes=2)


def _just_done(asking: Asking, action: str) -> bool:
    """A second press of the same button: what it asked for has been done by this very person, a moment ago."""
    last = asking.hazard.moves.order_by("-seq").first()
    return (
        last is not None
        and last.by_id == asking.user.pk
        and action in (last.action, {"close": "verify"}.get(last.action))
        and last.at >= asking.now - AGAIN
    )


@login_required
@require_http_methods(["GET"])
def units(request: HttpRequest, hazard_id: str) -> HttpResponse:
    """Units found by name while somebody types, as choices to press."""
    hazard = hazard_of(request.user, hazard_id)
    words = request.GET.get("unit_q", "").strip()[:60]
    found = units_like(request.user, hazard, words) if words else []
    return render(request, "hazards/units.html", {"found": found, "words": words})

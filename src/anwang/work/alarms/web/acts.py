"""The acts of an alarm: each has its small form and says what will happen."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from anwang.ground.accounts.scope import who
from anwang.ground.base.errors import Refused
from anwang.work.alarms import forms, labels, selectors, services
from anwang.work.alarms.models import Alarm
from anwang.work.alarms.rules import Action
from anwang.work.alarms.web import sent
from anwang.work.alarms.web.thing import alarm_of, cut_words, decorate, title

Cleaned = Mapping[str, Any]


def _review(cleaned: Cleaned, **named: Any) -> Any:
    verb = services.finish if cleaned["close_too"] else services.review
    return verb(note=cleaned["note"], **named)


def _make_hazard(cleaned: Cleaned, *, act_id: str, **named: Any) -> Any:
    return services.make_hazard(description=cleaned["description"], hazard_id=act_id, **named)


def _plain(verb: Callable[..., Any]) -> Callable[..., Any]:
    return lambda cleaned, **named: verb(**cleaned, **named)


HAZARD = "hazard"
RUN: dict[str, Callable[..., Any]] = {
    Action.ACKNOWLEDGE.value: _plain(services.acknowledge),
    Action.CONFIRM_CUT.value: _plain(services.confirm_cut),
    Action.EVACUATE.value: _plain(services.evacuate),
    Action.STATE_CAUSE.value: _plain(services.state_cause),
    Action.TAKE_MEASURES.value: _plain(services.take_measures),
    Action.SET_ASIDE.value: _plain(services.set_aside),
    Action.REVIEW.value: _review,
    Action.SEND_BACK.value: _plain(services.send_back),
    Action.CLOSE.value: _plain(services.close),
    HAZARD: _make_hazard,
}


def _form(action: str, alarm: Alarm, data: Any, *, again: bool = False) -> django_forms.Form:
    match action:
        case Action.CONFIRM_CUT:
            # A form that is sent again asks for what it asked for when it was done.
            return forms.CutForm(data, shown=alarm.cut_shown if again else selectors.cut(alarm).shown)
        case Action.EVACUATE:
            return forms.EvacuateForm(data)
        case Action.STATE_CAUSE:
            return forms.CauseForm(data, initial={"kind": alarm.cause_kind, "cause": alarm.cause})
        case Action.TAKE_MEASURES:
            return forms.MeasuresForm(data, initial={"measures": alarm.measures})
        case Action.SET_ASIDE:
            return forms.AsideForm(data)
        case Action.REVIEW:
            return forms.ReviewForm(data)
        case Action.SEND_BACK:
            return forms.SendBackForm(data)
        case _ if action == HAZARD:
            return forms.HazardForm(data, initial={"description": title(alarm)})
        case _:
            return forms.NoteForm(data)


@login_required
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, alarm_id: str, action: str) -> HttpResponse:
    """The small form of one act, and the act itself. ``next=board`` leads back to the board. Sent twice, it is done once,
    and the second time leads where the first did.
    """
    if action not in RUN:
        raise Http404
    alarm, now, by = alarm_of(request.user, alarm_id), timezone.now(), who(request)
    act_id = sent.act_id(request)
    again = selectors.was_sent(alarm, act_id)
    if action != HAZARD and not again:
        _offered(alarm, action, by)
    form = _form(action, alarm, request.POST if request.method == "POST" else None, again=again)
    if form.is_bound and form.is_valid():
        try:
            RUN[action](form.cleaned_data, alarm_id=alarm.pk, by=by, now=now, act_id=act_id)
        except Refused as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            back = request.POST.get("next") == "board"
            if not back:
                messages.success(request, str(labels.DONE.get(action, _("A hazard was made of this alarm."))))
            return redirect("alarms:board") if back else redirect("alarms:alarm", alarm.pk)
    label = labels.ACTION.get(action, _("Make a hazard of it"))
    context = {
        "alarm": decorate(alarm, now),
        "form": form,
        "page_title": label,
        "submit_label": label,
        "cancel_url": reverse("alarms:alarm", args=[alarm.pk]),
        "draft": f"alarms.{action}",
        "cut": cut_words(alarm) if action == Action.CONFIRM_CUT else None,
        "now": now,
    }
    return render(request, "alarms/act.html", context, status=422 if form.is_bound else 200)


def _offered(alarm: Alarm, action: str, by: Any) -> None:
    """Raises what speaks against the act before anybody fills in its form."""
    for offer in selectors.acts(alarm, acting=by):
        if offer.action == action:
            if offer.refused is not None:
                raise Refused(offer.refused)
            return
    following = labels.STEP.get(alarm.step, "") or labels.ACTION[Action.CLOSE.value]
    key = "alarms.move_not_offered"
    raise Refused(key, state=labels.STATE[alarm.state], next=following)

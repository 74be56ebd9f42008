"""The administrator's page of the machinery: what waits, what failed and why, whether a worker lives."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anwang.ground.base import keyset, rights
from anwang.ground.base.parts import Act, Column, Fact, Filter, Ledger, Number
from anwang.ground.jobs import labels, selectors, services
from anwang.ground.jobs.models import Job

TONES = {"failed": "late", "pending": "waiting", "leased": "doing", "done": "done", "cancelled": "stopped"}


@login_required
def listing(request: HttpRequest) -> HttpResponse:
    rights.require(request.user, "system.manage", on=rights.HOUSE)
    now = timezone.now()
    asked = Ledger(
        request,
        key="jobs",
        title=_("Machinery"),
        row_template="jobs/row.html",
        columns=[
            Column("name", _("Job"), always=True),
            Column("state", _("State"), always=True),
            Column("due", _("To be done at")),
            Column("attempts", _("Attempts"), number=True),
            Column("error", _("What went wrong")),
        ],
        filters=[
            Filter("state", _("State"), choices=list(labels.STATES.items())),
            Filter("name", _("Job"), kind="one", choices=[(name, labels.of(name)) for name in selectors.names()]),
        ],
        empty=_("Nothing is waiting and nothing has failed."),
    )
    rows = selectors.listed(asked.chosen("state"), asked.one("name"))
    page = keyset.page(rows, order=("-due_at", "-id"), after=asked.after)
    figures = services.figures(now=now)
    here = reverse("jobs:list")
    return render(
        request,
        "jobs/list.html",
        {
            "ledger": asked.fill(page),
            "tones": TONES,
            "workers": selectors.workers(),
            "numbers": [
                Number(
                    _("Workers alive"),
                    figures["workers"],
                    note="" if figures["workers"] else _("Nothing is being done: start anwang worker."),
                    tone="" if figures["workers"] else "late",
                ),
                Number(
                    _("Failed"), figures["failed"], f"{here}?state=failed", tone="late" if figures["failed"] else ""
                ),
                Number(_("Late"), figures["late"], f"{here}?state=pending", tone="late" if figures["late"] else ""),
                Number(_("Waiting"), figures["pending"], f"{here}?state=pending"),
            ],
        },
    )


@login_required
def job(request: HttpRequest, job_id: str) -> HttpResponse:
    rights.require(request.user, "system.manage", on=rights.HOUSE)
    found = Job.objects.get(pk=job_id)
    failed = found.state == Job.State.FAILED
    acts = [
        Act(_("Try it again now"), reverse("jobs:retry", args=[found.pk]), "post", icon="refresh", primary=True),
        Act(
            _("Let it be"),
            reverse("jobs:dismiss", args=[found.pk]),
            "post",
            icon="x",
            confirm=_("The job “%(name)s” will not be done. Go on?") % {"name": labels.of(found.name)},
        ),
    ]
    context = {
        "page_title": labels.of(found.name),
        "job": found,
        "tone": TONES[found.state],
        "state_word": labels.STATES[found.state],
        "facts": [
            Fact(_("Job"), found.name),
            Fact(_("To be done at"), timezone.localtime(found.due_at).strftime("%Y-%m-%d %H:%M:%S")),
            Fact(_("Asked for at"), timezone.localtime(found.asked_at).strftime("%Y-%m-%d %H:%M:%S")),
            Fact(_("Attempts"), found.attempts),
            # The arguments are ids; a message's words are not among them.
            Fact(_("With"), ", ".join(f"{key}={value}" for key, value in found.kwargs.items()) or "—", wide=True),
        ],
        "acts": acts if failed else [],
    }
    return render(request, "jobs/job.html", context)


@login_required
@require_POST
def retry(request: HttpRequest, job_id: str) -> HttpResponse:
    services.retry(job_id=job_id, by=request.user, now=timezone.now())
    messages.success(request, _("The job is tried again now."))
    return redirect("jobs:job", job_id)


@login_required
@require_POST
def dismiss(request: HttpRequest, job_id: str) -> HttpResponse:
    services.dismiss(job_id=job_id, by=request.user, now=timezone.now())
    messages.success(request, _("The job was let be."))
    return redirect("jobs:list")

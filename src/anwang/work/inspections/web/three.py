"""Three-in-one at one place: what the place itself, an expert and the authority saw, side by side."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.parts import Act
from anwang.kernel import clock
from anwang.work.checklists import labels as checklist_labels
from anwang.work.hazards import labels as hazard_labels
from anwang.work.inspections import labels, selectors
from anwang.work.inspections.rules import Third
from anwang.work.inspections.web.common import site_of, where
from anwang.work.inspections.web.listing import decorate

MOST_VISITS = 30


@login_required
@require_GET
def three(request: HttpRequest, site_id: str) -> HttpResponse:
    scope.require(request.user, Permission.INSPECTION_READ)
    site = site_of(request, site_id)
    found = selectors.three_in_one(site, request.user)
    today = clock.local_date(timezone.now())
    visits = list(selectors.for_list(selectors.visits_of(site, request.user))[:MOST_VISITS])
    for row in visits:
        decorate(row, today)
    acts = []
    if selectors.kinds_for(request.user, site):
        begin = reverse("inspections:begin", args=[site.pk])
        acts.append(Act(_("Begin an inspection"), begin, icon="clipboard-check", primary=True))
    if scope.can(request.user, Permission.INSPECTION_PLAN, on=site):
        acts.append(Act(_("Arrange a visit"), reverse("inspections:arrange", args=[site.pk]), icon="calendar-plus"))
    verdicts = checklist_labels.VERDICTS
    context = {
        "page_title": _("Three-in-one: %(site)s") % {"site": site.name},
        "site": site,
        "site_url": where("sites:site", site.pk),
        "three": found,
        "thirds": [labels.THIRDS[third] for third in Third],
        "eyes": [
            {
                "eyes": each,
                "word": labels.THIRDS[each.third],
                "findings": [
                    {
                        "finding": finding,
                        "hazard": hazard,
                        "state": hazard_labels.STATE[hazard.state],
                        "url": where("hazards:hazard", hazard.pk),
                    }
                    for finding, hazard in each.findings
                ],
                "failed": sum(view.result.failed for view in each.sheets),
                "asked": sum(view.total for view in each.sheets),
            }
            for each in found.eyes
        ],
        "lines": [
            {
                "line": line,
                "said": [(line.said.get(third, ""), verdicts.get(line.said.get(third, ""), "—")) for third in Third],
            }
            for line in found.lines
        ],
        "visits": visits,
        "acts": acts,
    }
    return render(request, "inspections/three.html", context)

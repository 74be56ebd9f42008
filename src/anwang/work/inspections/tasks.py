"""Jobs of the visits: telling people, and the morning's reminders."""

from collections import defaultdict
from datetime import datetime, timedelta

from anwang.ground.accounts.models import User
from anwang.ground.jobs import services as jobs
from anwang.ground.notices import services as notices
from anwang.kernel import clock
from anwang.work.inspections import labels, selectors
from anwang.work.inspections.models import Inspection
from anwang.work.inspections.rules import Kind, State

UNFINISHED_AFTER = timedelta(hours=18)
"""A visit begun and not finished by then was forgotten, or the phone is lost: the next morning its leader is told."""


@jobs.handler("inspections.announce")
def announce(*, inspection_id: str, event: str, now: datetime, user_id: str = "") -> None:
    """Tell those who have to do with it next. What is announced late and has been overtaken is not said any more."""
    inspection = Inspection.objects.select_related("site", "lead", "made_by").get(pk=inspection_id)
    match event:
        case "arranged" | "revisit":
            if inspection.state != State.ARRANGED:
                return
            people = [row.user for row in selectors.there(inspection) if row.user is not None]
            if event == "arranged":
                people = [user for user in people if user.pk != inspection.made_by_id]
            key = f"inspections.{event}"
        case "joined":
            people, key = list(User.objects.filter(pk=user_id)), "inspections.joined"
        case "expected":
            # Until it has begun an unannounced visit is nobody's business at the place.
            unannounced = inspection.visit_kind == Kind.UNANNOUNCED
            people = [] if unannounced else selectors.enterprise_people(inspection)
            key = "inspections.expected"
        case "finish":
            people, key = selectors.enterprise_people(inspection), "inspections.done"
            people = [user for user in people if user.pk != inspection.lead_id]
        case "absent_again" | "turned_away":
            there = [row.user_id or "" for row in selectors.there(inspection)]
            people = selectors.office_people(inspection, without=there)
            key = f"inspections.{event}"
        case _:
            return
    notices.tell(people, key, on=inspection, params=_params(inspection), now=now)


@jobs.handler("inspections.morning")
def morning(*, now: datetime) -> None:
    """One message to each: what is arranged for today or was to be done before; and what was begun and left."""
    today = clock.local_date(now)
    due: dict[str, list[Inspection]] = defaultdict(list)
    leads: dict[str, User] = {}
    for inspection in selectors.arranged_late(today=today):
        due[inspection.lead_id].append(inspection)
        leads[inspection.lead_id] = inspection.lead
    for key, rows in due.items():
        params = {"n": len(rows), "site": rows[0].site.name, "url": "/inspections/?mine=1&state=arranged"}
        notices.tell([leads[key]], "inspections.due_today", params=params, now=now)
    left = Inspection.objects.filter(state=State.ONGOING, began_at__lt=now - UNFINISHED_AFTER)
    for inspection in left.select_related("site", "lead"):
        notices.tell([inspection.lead], "inspections.unfinished", on=inspection, params=_params(inspection), now=now)


jobs.every("inspections.morning", hour=8)


def _params(inspection: Inspection) -> dict[str, str | int]:
    began = inspection.began_at or inspection.made_at
    return {
        "site": inspection.site.name,
        "kind": str(labels.KIND[inspection.visit_kind]),
        "due": inspection.due_on.isoformat() if inspection.due_on else "",
        "began": clock.local_date(began).isoformat(),
        "n": inspection.visit_no,
        "findings": inspection.findings.count(),
        "note": inspection.note[:80],
        "number": inspection.number,
        "url": f"/inspections/{inspection.pk}/",
    }

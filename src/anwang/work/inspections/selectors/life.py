"""One visit: what may be done with it, by whom, and what is still lacking."""

from datetime import date, datetime
from typing import Any

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.files import selectors as files
from anwang.ground.files.models import StoredFile
from anwang.kernel import clock, geo
from anwang.registers.standards import selectors as standards
from anwang.work.hazards.models import Hazard
from anwang.work.inspections import rules
from anwang.work.inspections.models import Finding, Inspection, InspectionMove, Inspector
from anwang.work.inspections.rules import Action, Kind, State
from anwang.work.inspections.selectors import people, sheets

HOST_SIGNATURE, OFFICER_SIGNATURE = "host_signature", "officer_signature"
SCENE, NOTICE_LEFT, SHARED = "photo", "notice", "finding"
"""Slots of a visit's files; ``SHARED`` holds what a colleague from another domain took for a finding."""


def people_needed(on: date) -> int:
    """How many people an official visit needs (row ``aw:limit:visit-people``)."""
    return standards.limit("aw:limit:visit-people", on)


def revisits(on: date) -> int:
    """How often a door is tried again before the office decides (row ``aw:limit:nobody-home``)."""
    return standards.limit("aw:limit:nobody-home", on)


def may_make(user: Any, inspection: Inspection) -> bool:
    """Do this user's rights cover making such a visit there, whoever leads it?"""
    return Kind(inspection.visit_kind) in people.kinds_for(user, inspection.site)


def works_on(inspection: Inspection, user: Any) -> bool:
    """Takes part, and still holds the right to make visits of this kind somewhere."""
    return people.takes_part(inspection, user) and scope.may(user, people.needed(inspection.visit_kind))


def keeps_plan(inspection: Inspection, user: Any) -> bool:
    return scope.can(user, Permission.INSPECTION_PLAN, on=inspection)


def allowed(inspection: Inspection, user: Any) -> frozenset[Action]:
    """The actions this user's part in the visit covers, whatever its state."""
    found: set[Action] = set()
    if works_on(inspection, user):
        found |= {Action.BEGIN, Action.FINISH, Action.NOBODY, Action.TURNED_AWAY}
        if user.pk in (inspection.lead_id, inspection.made_by_id):
            found.add(Action.CANCEL)
    if keeps_plan(inspection, user):
        found.add(Action.CANCEL)
    return frozenset(found)


def facts(inspection: Inspection, *, acting: Any, now: datetime) -> rules.Facts:
    crew = people.there(inspection)
    asked = sheets.tally(inspection)
    signed = files.for_thing(inspection, HOST_SIGNATURE).exists()
    kind = Kind(inspection.visit_kind)
    return rules.Facts(
        kind=kind,
        may=allowed(inspection, acting),
        people=len(crew),
        certified=len({row.certificate for row in crew if row.certificate.strip()}),
        people_needed=people_needed(_day(inspection, now)) if kind in rules.OFFICIAL else 0,
        certificate_shown=inspection.certificate_shown,
        checklists=asked.sheets,
        unanswered=asked.unanswered,
        unreported=asked.unreported,
        findings=inspection.findings.count(),
        opinion=inspection.opinion,
        signed=signed,
        sign_refused=inspection.sign_refused,
    )


def _day(inspection: Inspection, now: datetime) -> date:
    return clock.local_date(inspection.began_at or now)


def offers(inspection: Inspection, *, acting: Any, now: datetime) -> list[Any]:
    """What the page shows: every move of the table that this person's part covers, refused ones with their reason."""
    found = rules.MACHINE.offers(State(inspection.state), facts(inspection, acting=acting, now=now))
    return [offer for offer in found if offer.refused != "accounts.not_permitted"]


def may_print(inspection: Inspection, user: Any) -> bool:
    """May this user have the record made? Whoever reads the visit sees it once it is there."""
    return scope.can(user, people.needed(inspection.visit_kind), on=inspection)


def metres_off(inspection: Inspection) -> float | None:
    """How far from the place's own position the visit was begun; None where either is unknown."""
    site = inspection.site
    if inspection.lon is None or inspection.lat is None or site.lon is None or site.lat is None:
        return None
    return geo.distance_m(inspection.lon, inspection.lat, site.lon, site.lat)


def moves(inspection: Inspection) -> list[InspectionMove]:
    return list(inspection.moves.select_related("by").order_by("seq"))


def all_people(inspection: Inspection) -> list[Inspector]:
    """Everybody who ever was on the list, the leader first."""
    rows = inspection.inspectors.select_related("user")
    return sorted(rows, key=lambda row: (row.user_id != inspection.lead_id, row.joined_at, row.pk))


def signature(inspection: Inspection) -> StoredFile | None:
    return files.for_thing(inspection, HOST_SIGNATURE).last()


def scene(inspection: Inspection) -> list[StoredFile]:
    return list(files.for_thing(inspection, SCENE)) + list(files.for_thing(inspection, NOTICE_LEFT))


def findings(inspection: Inspection) -> list[tuple[Finding, Hazard]]:
    """What was found, each with the hazard it became, in the order it was found.

    The reader sees the visit, and with it what it recorded, whatever domain the hazard was filed under.
    """
    rows = list(inspection.findings.select_related("by", "sheet"))
    hazards = Hazard.objects.select_related("site", "unit").in_bulk([row.hazard_id for row in rows])
    return [(row, hazards[row.hazard_id]) for row in rows if row.hazard_id in hazards]


def attempts(inspection: Inspection) -> list[Inspection]:
    """The earlier attempts of this visit, first first."""
    found: list[Inspection] = []
    before = inspection.before
    while before is not None:
        found.append(before)
        before = before.before
    return found[::-1]


def of_origin(hazard: Hazard) -> Inspection | None:
    """The visit a hazard was found on; the caller has decided that the hazard may be seen."""
    if hazard.origin_kind != Inspection.kind:
        return None
    found: Inspection | None = Inspection.objects.filter(pk=hazard.origin_id).first()
    return found


def ongoing_of(user: User) -> list[Inspection]:
    """Visits this user is on at the moment, the latest first: what the phone offers to go on with."""
    mine = Inspection.objects.visible_to(user).filter(state=State.ONGOING)
    rows = mine.filter(inspectors__user=user, inspectors__left_at__isnull=True)
    return list(rows.select_related("site").order_by("-began_at", "-id")[:20])

"""Reads of the ledger. Everything a person sees goes through ``visible_to``."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.ground.files import selectors as files
from anwang.ground.files.models import StoredFile
from anwang.kernel import clock
from anwang.registers.sites.models import Site
from anwang.registers.standards import selectors as standards
from anwang.registers.standards.rules import Type
from anwang.work.hazards import labels, rules
from anwang.work.hazards.models import Extension, Hazard, HazardMove, Reminder
from anwang.work.hazards.rules import Action

PERMISSIONS: dict[Action, Permission] = {
    Action.GRADE: Permission.HAZARD_GRADE,
    Action.PROPOSE_MAJOR: Permission.HAZARD_GRADE,
    Action.CONFIRM_MAJOR: Permission.HAZARD_CONFIRM_MAJOR,
    Action.REJECT_MAJOR: Permission.HAZARD_CONFIRM_MAJOR,
    Action.ASSIGN: Permission.HAZARD_ASSIGN,
    Action.START: Permission.HAZARD_RECTIFY,
    Action.SUBMIT: Permission.HAZARD_RECTIFY,
    Action.VERIFY: Permission.HAZARD_VERIFY,
    Action.SEND_BACK: Permission.HAZARD_VERIFY,
    Action.CLOSE: Permission.HAZARD_CLOSE,
    Action.SUSPEND: Permission.HAZARD_SUSPEND,
    Action.RESUME: Permission.HAZARD_SUSPEND,
    Action.TRANSFER: Permission.HAZARD_TRANSFER,
    Action.REOPEN: Permission.HAZARD_REOPEN,
    Action.CANCEL: Permission.HAZARD_GRADE,
}

RECTIFYING_ACTIONS = (Action.START.value, Action.SUBMIT.value)


# --- what the standards say on a day -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """How long a hazard may take by rule: the proposed and the longest number of natural days, and the row it is from."""

    days: int
    longest: int
    urn: str
    version: str
    title: str = ""
    """The rule in words, as a form shows it beside the day it proposes."""


def term(domain: str, grade: str, on: date) -> Term:
    """The default deadline for a hazard of this domain and grade, found on ``on``."""
    row = standards.deadline_rule(domain=domain, grade=grade or rules.Grade.GENERAL, on=on)
    return Term(row.days, row.longest_days, row.urn, str(row.version), row.title)


LIMITS = {
    "grade": "aw:limit:stage-grade",
    "second": "aw:limit:stage-second",
    "assign": "aw:limit:stage-assign",
    "verify": "aw:limit:recheck",
    "close": "aw:limit:stage-close",
}


def limits(on: date) -> rules.Limits:
    """Days each office stage may take (rows ``aw:limit:stage-*`` and the legal re-check limit)."""
    rows = {row.urn: row for row in standards.in_force(Type.LIMIT, on)}  # one look for all of them
    missing = next((urn for urn in LIMITS.values() if urn not in rows), None)
    if missing:
        raise Refused("standards.not_in_force", urn=missing, on=on.isoformat())
    return rules.Limits(**{stage: int(rows[urn].data["value"]) for stage, urn in LIMITS.items()})


def ladder(on: date) -> list[rules.Rung]:
    """Reminders before and after the due day, lowest first."""
    return [rules.Rung(days=step.days, to=step.to, key=step.key) for step in standards.ladder(on)]


def reopen_days(on: date) -> int:
    return standards.limit("aw:limit:reopen", on)


def relapse_days(on: date) -> int:
    return standards.limit("aw:limit:relapse", on)


# --- facts and offers --------------------------------------------------------------------------------------------


def allowed(hazard: Hazard, user: Any) -> frozenset[Action]:
    """The actions this user's rights cover here, whatever the state."""
    held = {permission for permission in set(PERMISSIONS.values()) if scope.can(user, permission, on=hazard)}
    return frozenset(action for action, permission in PERMISSIONS.items() if permission in held)


def fixings(hazard: Hazard) -> frozenset[rules.Fixing]:
    return rules.fixings_filled(
        person=hazard.fix_person,
        phone=hazard.fix_phone,
        measures=hazard.fix_measures,
        funds=hazard.fix_funds,
        due_on=hazard.due_on,
        plan=hazard.fix_plan,
    )


def rectifiers(hazard: Hazard) -> frozenset[str]:
    """Everyone who accepted or handed in this hazard, ever: none of them may check it."""
    return frozenset(
        str(pk) for pk in hazard.moves.filter(action__in=RECTIFYING_ACTIONS).values_list("by_id", flat=True) if pk
    )


def facts(hazard: Hazard, *, acting: Any, now: datetime) -> rules.Facts:
    today = clock.local_date(now)
    return rules.Facts(
        grade=rules.Grade(hazard.grade),
        acting=str(acting.pk),
        may=allowed(hazard, acting),
        fixings=fixings(hazard),
        rectifiers=rectifiers(hazard),
        proposer=str(hazard.proposed_by_id or ""),
        verifier=str(hazard.verified_by_id or ""),
        extension_open=open_extension(hazard) is not None,
        criterion=hazard.standard_urn,
        closed_days=(today - hazard.closed_on).days if hazard.closed_on else None,
        reopen_days=reopen_days(today) if hazard.closed_on else 0,
    )


def offers(hazard: Hazard, *, acting: Any, now: datetime) -> list[Any]:
    """What the page shows: every move of the table that this person's rights cover, refused ones with their reason."""
    found = rules.MACHINE.offers(rules.State(hazard.state), facts(hazard, acting=acting, now=now))
    return [offer for offer in found if offer.refused != "accounts.not_permitted"]


@dataclass(frozen=True, slots=True)
class Offered:
    """An act that this person's rights cover here. ``refused`` is the reason key against it, None if it may be done."""

    action: str
    refused: str | None
    params: Mapping[str, Any]

    def refusal(self) -> Refused:
        """The reason with its words; only where there is one."""
        return Refused(self.refused or "hazards.move_not_offered", **self.params)


def acts(hazard: Hazard, *, acting: Any, now: datetime) -> list[Offered]:
    """Everything a page may show: the moves of the table, and the acts beside it that change no state.

    An order not yet accepted may be handed in at once (``submit`` accepts it in the same breath). The acts beside the
    table: plan, ask_extension, decide_extension, fix_on_spot, add_photos.
    """
    known = facts(hazard, acting=acting, now=now)
    state = rules.State(hazard.state)
    missing = "、".join(str(labels.FIXINGS[each]) for each in rules.Fixing if each not in known.fixings)
    params = {"state": labels.STATE[hazard.state], "missing": missing}
    found = [Offered(str(offer.action), offer.refused, params) for offer in rules.MACHINE.offers(state, known)]
    if state is rules.State.ASSIGNED:
        found += [replace(each, action=str(Action.SUBMIT)) for each in found if each.action == Action.START]
    found += [Offered(action, refused, params) for action, refused in _beside(hazard, state, known, acting, now)]
    return [each for each in found if each.refused != "accounts.not_permitted"]


def _beside(
    hazard: Hazard, state: rules.State, known: rules.Facts, acting: Any, now: datetime
) -> Iterator[tuple[str, str | None]]:
    rectifies = Action.SUBMIT in known.may
    reports = scope.can(acting, Permission.HAZARD_REPORT, on=hazard)
    if state is rules.State.FOUND and reports:
        own = "hazards.on_spot_own" if only_own_unit(acting) else None
        major = standards.is_major(hazard.standard_urn, hazard.found_on) if hazard.standard_urn else False
        unseen = None if files.for_thing(hazard, slot="before").exists() else "hazards.photo_before_missing"
        yield "fix_on_spot", own or ("hazards.on_spot_major" if major else unseen)
    if state in rules.WITH_UNIT and rectifies:
        yield "plan", None
        tomorrow = clock.add_days(hazard.due_on or clock.local_date(now), 1)
        yield (
            "ask_extension",
            rules.extension_problem(
                state=state,
                due_on=hazard.due_on,
                new_due_on=tomorrow,
                today=clock.local_date(now),
                reason="-",
                interim="-",
                is_open=known.extension_open,
            ),
        )
    if known.extension_open and state in rules.OPEN and scope.can(acting, Permission.HAZARD_EXTEND, on=hazard):
        extension = open_extension(hazard)
        yield (
            "decide_extension",
            rules.decision_problem(
                asked_by=str(extension.asked_by_id) if extension else "",
                acting=str(acting.pk),
                granted_before=hazard.extended_times,
                county_or_above=county_or_above(acting, hazard),
            ),
        )
    if state in rules.OPEN and (rectifies or reports):
        yield "add_photos", None


def may_extend(hazard: Hazard, user: Any) -> bool:
    return rules.State(hazard.state) in rules.WITH_UNIT and scope.can(user, Permission.HAZARD_RECTIFY, on=hazard)


def only_own_unit(user: Any) -> bool:
    """Does every right of this user to report come from a unit of their own? Then they are no other eyes there."""
    held = [reach for reach in scope.reaches(user) if Permission.HAZARD_REPORT in reach.permissions]
    return all(reach.organisation_id or reach.thing_id for reach in held)


def county_or_above(user: Any, hazard: Hazard) -> bool:
    """Does this user hold the right to extend from the county or a higher level?"""
    return any(
        Permission.HAZARD_EXTEND in reach.permissions and reach.level in ("county", "city", "province")
        for reach in scope.reaches(user)
    ) and scope.can(user, Permission.HAZARD_EXTEND, on=hazard)


# --- one hazard ----------------------------------------------------------------------------------------------------


def open_extension(hazard: Hazard) -> Extension | None:
    return hazard.extensions.filter(state=Extension.State.ASKED).first()


def photos(hazard: Hazard, slot: str) -> list[StoredFile]:
    """``slot``: before | after | document."""
    return list(files.for_thing(hazard, slot=slot))


def timeline(hazard: Hazard) -> list[HazardMove]:
    return list(hazard.moves.select_related("by").order_by("seq"))


def late_days(hazard: Hazard, now: datetime) -> int:
    """All days late so far: ended periods and the one still running, counted from its own first day."""
    running = hazard.overdues.filter(ended_on__isnull=True).first() if hazard.late else None
    if running is None:
        return hazard.late_days
    return hazard.late_days + (clock.local_date(now) - running.began_on).days + 1 - int(running.shares_a_day())


def climbed(hazard: Hazard) -> frozenset[str]:
    return frozenset(Reminder.objects.filter(hazard=hazard, due_on=hazard.next_due_on).values_list("rung", flat=True))


def relapse_candidates(site: Site, domain: str, *, now: datetime) -> QuerySet[Hazard]:
    """Hazards of this site and domain closed so recently that the same thing found again is a relapse."""
    since = clock.local_date(now) - timedelta(days=relapse_days(clock.local_date(now)))
    return Hazard.objects.filter(site=site, domain=domain, state=rules.State.CLOSED, closed_on__gte=since).order_by(
        "-closed_on"
    )


# --- whom to tell --------------------------------------------------------------------------------------------------


def unit_people(hazard: Hazard) -> list[User]:
    """Those who act for the unit that has to rectify."""
    units = {hazard.unit_id, hazard.enterprise_id}
    found = scope.holdings(Permission.HAZARD_RECTIFY, hazard)
    return list(dict.fromkeys(user for user, reach in found if reach.organisation_id in units))


def office_people(
    hazard: Hazard, permission: Permission, *, without: Iterable[str] = (), level: str = ""
) -> list[User]:
    """Those in offices who may do ``permission`` here; only those of ``level`` (town, county) where given.

    Without a level the nearest level that has anybody answers: a township's matter does not ring in the county.
    """
    left_out = set(without)
    found = [
        (user, reach.level)
        for user, reach in scope.holdings(permission, hazard)
        if not reach.organisation_id and str(user.pk) not in left_out
    ]
    wanted = level or (found[0][1] if found else "")
    return list(dict.fromkeys(user for user, at in found if at == wanted))

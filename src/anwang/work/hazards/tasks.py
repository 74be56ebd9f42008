"""Jobs of the ledger."""

from datetime import datetime, timedelta

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.jobs import services as jobs
from anwang.ground.notices import services as notices
from anwang.work.hazards import rules, selectors, services
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.services import counts, ledger


@jobs.handler("hazards.ring")
def ring(*, hazard_id: str, now: datetime) -> None:
    services.ring(hazard_id=hazard_id, now=now)


@jobs.handler("hazards.fold")
def fold(*, now: datetime) -> None:
    """Keep the figures' append-only deltas few; runs by itself every minute."""
    counts.fold(now=now)
    jobs.at(now + timedelta(minutes=1), "hazards.fold", key="hazards.fold", now=now)


@jobs.handler("hazards.take_ledger", transactional=False)
def take_ledger(*, import_id: str, now: datetime) -> None:
    """An Excel that was sent in the browser. It holds a lease: a hundred thousand rows are no short transaction."""
    ledger.take(import_id=import_id, now=now)


@jobs.handler("hazards.announce")
def announce(*, hazard_id: str, event: str, now: datetime) -> None:
    """Tell those who have to act next, or who waited for this."""
    hazard = Hazard.objects.select_related("site", "found_by").get(pk=hazard_id)
    people = _audience(hazard, event)
    if people:
        notices.tell(people, f"hazards.{event}", on=hazard, params=_params(hazard), now=now)


@jobs.handler("hazards.remind")
def remind(*, hazard_id: str, rung: str, to: str, days: int, now: datetime) -> None:
    """A rung of the ladder speaks. What happened since makes it pointless: then it is silent."""
    hazard = Hazard.objects.select_related("site").get(pk=hazard_id)
    if not rules.counts_late(rules.State(hazard.state)):
        return
    people = _for_rung(hazard, to)
    key = "hazards.due_soon" if days <= 0 else "hazards.overdue"
    if people:
        notices.tell(people, key, on=hazard, params={**_params(hazard), "days": abs(days), "rung": rung}, now=now)


def _for_rung(hazard: Hazard, to: str) -> list[User]:
    state = rules.State(hazard.state)
    if to in ("unit", "person"):
        if state in rules.WITH_UNIT:
            return selectors.unit_people(hazard) or selectors.office_people(hazard, Permission.HAZARD_LINK)
        return selectors.office_people(hazard, _needed(state))
    if to == "town":
        return selectors.office_people(hazard, Permission.HAZARD_ASSIGN, level="town")
    return selectors.office_people(hazard, Permission.HAZARD_TRANSFER, level="county")


def _needed(state: rules.State) -> Permission:
    """Whose right the present office stage waits for."""
    return {
        "found": Permission.HAZARD_GRADE,
        "major_proposed": Permission.HAZARD_CONFIRM_MAJOR,
        "graded": Permission.HAZARD_ASSIGN,
        "submitted": Permission.HAZARD_VERIFY,
        "verified": Permission.HAZARD_CLOSE,
    }.get(str(state), Permission.HAZARD_ASSIGN)


def _audience(hazard: Hazard, event: str) -> list[User]:
    state = rules.State(hazard.state)
    if event in ("assign", "send_back", "resume", "transfer", "reopen"):
        return selectors.unit_people(hazard)
    if event in ("close", "cancel", "verify"):
        found = [hazard.found_by] if hazard.found_by and hazard.found_by.kind == User.Kind.PERSON else []
        people = [*found, *selectors.unit_people(hazard)]
        if event == "verify":
            people += selectors.office_people(
                hazard, Permission.HAZARD_CLOSE, without=[str(hazard.verified_by_id), *selectors.rectifiers(hazard)]
            )
        return list({user.pk: user for user in people}.values())
    if event == "extension_asked":
        extension = selectors.open_extension(hazard)
        asker = [str(extension.asked_by_id)] if extension else []
        level = "county" if hazard.extended_times else ""
        return selectors.office_people(hazard, Permission.HAZARD_EXTEND, without=asker, level=level)
    if event in ("extension_granted", "extension_refused"):
        last = hazard.extensions.order_by("-asked_at").select_related("asked_by").first()
        return [last.asked_by] if last and last.asked_by.kind == User.Kind.PERSON else []
    if state in rules.WITH_OFFICE:
        without = [str(hazard.proposed_by_id)] if event == "propose_major" else [*selectors.rectifiers(hazard)]
        return selectors.office_people(hazard, _needed(state), without=without)
    return []


def _params(hazard: Hazard) -> dict[str, str]:
    return {
        "number": hazard.number,
        "site": hazard.site.name,
        "what": hazard.description[:80],
        "due": hazard.next_due_on.isoformat(),
        "url": f"/hazards/{hazard.pk}/",
    }

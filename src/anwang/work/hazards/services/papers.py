"""Papers of a hazard's road: the order to rectify, the opinion on the re-check, the notice for the shop."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.errors import Refused
from anwang.ground.files import papers
from anwang.ground.files import selectors as files
from anwang.ground.files.models import Paper
from anwang.kernel import clock
from anwang.work.hazards import rules
from anwang.work.hazards.models import Hazard

ORDER, RECHECK, NOTICE = "hazards.order", "hazards.recheck", "hazards.notice"


@transaction.atomic
def issue_order(
    *,
    hazard_ids: Sequence[str],
    agency: papers.Agency,
    officer_ids: Sequence[str],
    basis: Sequence[str],
    government: str,
    court: str,
    by: User,
    now: datetime,
    interim: str = "",
) -> Paper:
    """责令限期整改指令书 for one or several hazards of one site that are ordered. The first is the one it is issued on.

    ``officer_ids``: the others who sign beside ``by``. Raises Refused("hazards.paper_one_unit") for hazards of several
    sites, ("hazards.paper_not_ordered") for one without an order, and what ``files.papers.issue`` raises.
    """
    hazards = _hazards(hazard_ids, by)
    first = hazards[0]
    if any(rules.State(each.state) not in rules.WITH_UNIT for each in hazards):
        raise Refused("hazards.paper_not_ordered")
    data = {
        "unit": {"name": unit_name(first)},
        "found_on": first.found_on,
        "problems": [_problem(each) for each in hazards],
        "basis": [line.strip() for line in basis if line.strip()],
        "interim": interim,
        "appeal": {"government": government, "court": court},
        "officers": _officers(first, by, officer_ids),
    }
    return papers.issue(kind=ORDER, on=first, about=hazards[1:], data=_filled(data), agency=agency, by=by, now=now)


@transaction.atomic
def issue_recheck(
    *,
    hazard_id: str,
    order_id: str,
    agency: papers.Agency,
    officer_ids: Sequence[str],
    checked_on: date,
    result: str,
    opinion: str,
    by: User,
    now: datetime,
    further: str = "",
) -> Paper:
    """整改复查意见书, answering an order. ``result``: done, partly or not."""
    hazard = _hazards([hazard_id], by)[0]
    order = files.papers_for(hazard, ORDER).filter(void_at=None).get(pk=order_id)
    handed_in = hazard.moves.filter(action=rules.Action.SUBMIT).order_by("-seq").first()
    pictures = [("before", "整改前"), ("after", "整改后")]
    data = {
        "unit": {"name": unit_name(hazard)},
        "order": {"title": order.title, "number": order.number, "issued_on": clock.local_date(order.issued_at)},
        "applied_on": clock.local_date(handed_in.at) if handed_in else "",
        "checked_on": checked_on,
        "items": [
            {
                "number": hazard.number,
                "fact": hazard.description,
                "grade": hazard.grade,
                "result": result,
                "opinion": opinion,
            }
        ],
        "further": further,
        "photos": [
            {"picture": papers.picture(file), "caption": caption}
            for slot, caption in pictures
            for file in files.for_thing(hazard, slot=slot)
            if file.is_image
        ][:6],
        "officers": _officers(hazard, by, officer_ids),
    }
    return papers.issue(kind=RECHECK, on=hazard, data=_filled(data), agency=agency, by=by, now=now)


@transaction.atomic
def issue_notice(*, hazard_ids: Sequence[str], agency: papers.Agency, by: User, now: datetime) -> Paper:
    """隐患告知单 without a link, for somebody who is handed the paper (one with a link comes from the public room)."""
    hazards = _hazards(hazard_ids, by)
    first = hazards[0]
    data = {
        "unit": {"name": unit_name(first)},
        "found_on": first.found_on,
        "problems": [_problem(each, photo=True) for each in hazards],
        "officers": [{"name": by.name}],
    }
    return papers.issue(kind=NOTICE, on=first, about=hazards[1:], data=_filled(data), agency=agency, by=by, now=now)


def unit_name(hazard: Hazard) -> str:
    """To whom a paper is: the unit that has to rectify, the site where there is none."""
    return str(hazard.unit.name if hazard.unit else hazard.site.name)


def _hazards(hazard_ids: Sequence[str], by: User) -> list[Hazard]:
    wanted = list(dict.fromkeys(hazard_ids))
    seen = Hazard.objects.visible_to(by).select_related("site", "unit").in_bulk(wanted)
    if len(seen) != len(wanted) or not wanted:
        raise Hazard.DoesNotExist
    hazards: list[Hazard] = [seen[pk] for pk in wanted]
    if len({each.site_id for each in hazards}) > 1:
        raise Refused("hazards.paper_one_unit")
    return hazards


def _problem(hazard: Hazard, *, photo: bool = False) -> dict[str, Any]:
    problem: dict[str, Any] = {
        "number": hazard.number,
        "place": hazard.place,
        "fact": hazard.description,
        "basis": hazard.basis,
        "grade": hazard.grade,
        "due_on": hazard.due_on,
        "measure": hazard.required_measures,
    }
    if photo:
        first = next((file for file in files.for_thing(hazard, slot="before") if file.is_image), None)
        if first is not None:
            problem["photo"] = papers.picture(first)
    return _filled(problem)


def _officers(hazard: Hazard, by: User, others: Sequence[str]) -> list[dict[str, str]]:
    """Whoever signs: the issuer and those named, all with the right to check here."""
    able = {str(user.pk): user for user in scope.holders(Permission.HAZARD_VERIFY, hazard)}
    people = [by, *(able[pk] for pk in dict.fromkeys(others) if pk in able and pk != str(by.pk))]
    return [{"name": person.name, "certificate": person.certificate} for person in people]


def _filled(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value not in ("", None, [])}

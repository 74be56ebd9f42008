"""The API of a place's file: its figures, what is open, and what happened."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema
from pydantic import AwareDatetime, StringConstraints

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.overview.sitefile import labels, selectors

router = Router(tags=["sitefile"])

Ulid = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]
OPEN_LISTED = 50


class MonthOut(Schema):
    month: str
    closed: int
    open: int


class OpenOut(Schema):
    id: str
    number: str
    description: str
    grade: str
    state: str
    late: bool
    due: date = Field(alias="next_due_on")


class EventOut(Schema):
    at: datetime
    what: str
    who: str
    note: str
    url: str


class FileOut(Schema):
    id: str
    number: str
    name: str
    colour: str
    found: int | None = Field(description="All hazards here; null for those who read no hazards.")
    open: int | None
    major: int | None
    mean_days: float | None = Field(description="Days from found to struck off, on average.")
    late_share: float | None = Field(description="Per cent of the hazards that were late at least once.")
    months: list[MonthOut]
    hazards: list[OpenOut]


class TimelineOut(Schema):
    items: list[EventOut]
    older: datetime | None = Field(description="Give it as `before` for what happened earlier; null at the end.")


@router.get("/{site_id}/", response=FileOut)
def file(request: HttpRequest, site_id: Ulid) -> dict[str, Any]:
    """The figures of a place and its open hazards."""
    user = scope.who(request)
    scope.require(user, Permission.SITE_READ)
    site = selectors.site_for(user, site_id)
    sums = selectors.sums(user, site, now=timezone.now())
    return {
        "id": site.pk,
        "number": site.number,
        "name": site.name,
        "colour": site.colour,
        "found": sums.found if sums else None,
        "open": sums.open if sums else None,
        "major": sums.major if sums else None,
        "mean_days": sums.mean_days if sums else None,
        "late_share": sums.late_share if sums else None,
        "months": [{"month": m, "closed": closed, "open": n} for m, closed, n in sums.months] if sums else [],
        "hazards": list(selectors.open_hazards(user, site)[:OPEN_LISTED]) if sums else [],
    }


@router.get("/{site_id}/timeline/", response=TimelineOut)
def timeline(
    request: HttpRequest, site_id: Ulid, show: str = "", before: AwareDatetime | None = None
) -> dict[str, Any]:
    """What happened there, newest first. ``show`` keeps one sort: hazards, visits, papers, people, place."""
    user = scope.who(request)
    scope.require(user, Permission.SITE_READ)
    site = selectors.site_for(user, site_id)
    line = selectors.timeline(user, site, sorts=[show] if show in labels.SORTS else [], before=before)
    return {
        "items": [
            {"at": e.at, "what": str(e.what), "who": str(e.who), "note": str(e.note), "url": e.url}
            for e in line.entries
        ],
        "older": line.older,
    }

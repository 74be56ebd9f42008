"""The API of the desk: what needs the caller, and the search for everything."""

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema
from pydantic import StringConstraints

from anwang.ground.accounts import scope
from anwang.overview.desk import labels, selectors

router = Router(tags=["desk"])

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]
Kind = Annotated[str, StringConstraints(max_length=20, pattern=r"^[a-z_]*$")]


class TaskOut(Schema):
    kind: str = Field(description="The act it waits for, or what sort of task it is.")
    title: str
    words: str
    where: str
    url: str
    number: str
    since: datetime | None
    due: date | None
    late: bool
    otherwise: str = Field(description="What happens if nothing is done.")
    act: str
    act_url: str


class DeskOut(Schema):
    total: int
    late: int
    counts: dict[str, int]
    tasks: list[TaskOut]


class HitOut(Schema):
    title: str
    note: str
    number: str
    url: str


class GroupOut(Schema):
    key: str
    label: str
    more_url: str = Field(description="Where all of them are listed; empty where these are all.")
    hits: list[HitOut]


@router.get("/", response=DeskOut)
def waiting(request: HttpRequest, kind: Kind = "", day: date | None = None, limit: int = 50) -> dict[str, Any]:
    """What needs the caller now, late first. ``kind`` keeps one sort, ``day`` what ends on that day."""
    user = scope.who(request)
    found = selectors.waiting(
        user,
        now=timezone.now(),
        key=kind if kind in labels.WAITS else "",
        day=day,
        limit=max(1, min(limit, selectors.MOST)),
    )
    return {
        "total": found.total,
        "late": found.late,
        "counts": found.counts,
        "tasks": [
            {
                "kind": task.key,
                "title": str(task.title),
                "words": str(task.kind),
                "where": str(task.where),
                "url": task.url,
                "number": task.number,
                "since": task.since,
                "due": task.due,
                "late": task.late,
                "otherwise": str(task.otherwise),
                "act": str(task.do),
                "act_url": task.do_url,
            }
            for task in found.tasks
        ],
    }


@router.get("/search/", response=list[GroupOut])
def search(request: HttpRequest, q: Words) -> list[dict[str, Any]]:
    """Places, hazards, visits, organisations, people, regions and more with these words, as far as the caller may see."""
    user = scope.who(request)
    return [
        {
            "key": group.key,
            "label": str(group.label),
            "more_url": group.more_url,
            "hits": [
                {"title": str(hit.title), "note": str(hit.note), "number": hit.number, "url": hit.url}
                for hit in group.hits
            ],
        }
        for group in selectors.search(user, q, now=timezone.now())
    ]

"""The machinery through the API, for the system administrator's own tools."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from anwang.ground.base import keyset, rights
from anwang.ground.jobs import selectors, services

router = Router(tags=["jobs"])


class JobOut(Schema):
    id: str
    name: str
    key: str
    state: str
    due_at: datetime
    asked_at: datetime
    done_at: datetime | None
    attempts: int
    error: str


class JobsOut(Schema):
    items: list[JobOut]
    next: str


class Asked(Schema):
    state: Literal["", "failed", "pending", "leased", "done", "cancelled"] = ""
    name: Annotated[str, Field(max_length=80, pattern=r"^[^\x00]*$")] = ""
    after: Annotated[str, Field(max_length=2000)] = ""
    size: Annotated[int, Field(ge=1, le=500)] = keyset.SIZE


@router.get("/", response=JobsOut)
def listing(request: HttpRequest, asked: Query[Asked]) -> Any:
    """Jobs by state; without one, those that wait, are being done or have failed."""
    rights.require(request.user, "system.manage", on=rights.HOUSE)
    rows = selectors.listed([asked.state] if asked.state else [], asked.name)
    return keyset.page(rows, order=("-due_at", "-id"), after=asked.after, size=asked.size)


@router.get("/figures", response=dict[str, int])
def figures(request: HttpRequest) -> Any:
    rights.require(request.user, "system.manage", on=rights.HOUSE)
    return services.figures(now=timezone.now())


@router.post("/{job_id}/retry", response=JobOut)
def retry(request: HttpRequest, job_id: str) -> Any:
    return services.retry(job_id=job_id, by=request.user, now=timezone.now())


@router.post("/{job_id}/dismiss", response=JobOut)
def dismiss(request: HttpRequest, job_id: str) -> Any:
    return services.dismiss(job_id=job_id, by=request.user, now=timezone.now())

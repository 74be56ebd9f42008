"""One's own messages through the API."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from anwang.ground.base import keyset
from anwang.ground.notices import selectors, services

router = Router(tags=["notices"])


class NoticeOut(Schema):
    id: str
    key: str
    text: str
    on_kind: str
    on_id: str
    url: str
    exercise: bool
    created_at: datetime
    read_at: datetime | None


class NoticesOut(Schema):
    items: list[NoticeOut]
    next: str


class Asked(Schema):
    unread: bool = False
    after: Annotated[str, Field(max_length=2000)] = ""
    size: Annotated[int, Field(ge=1, le=500)] = keyset.SIZE


class Count(Schema):
    count: int


@router.get("/", response=NoticesOut)
def inbox(request: HttpRequest, asked: Query[Asked]) -> Any:
    """Newest first, in the language of the request."""
    rows = selectors.inbox(request.user)  # type: ignore[arg-type]
    rows = rows.filter(read_at__isnull=True) if asked.unread else rows
    return keyset.page(rows, order=("-created_at", "-id"), after=asked.after, size=asked.size)


@router.get("/unread", response=Count)
def unread(request: HttpRequest) -> Any:
    return {"count": selectors.unread(request.user)}  # type: ignore[arg-type]


@router.post("/read", response=Count)
def read_all(request: HttpRequest) -> Any:
    return {"count": services.mark_all_read(by=request.user, now=timezone.now())}  # type: ignore[arg-type]


@router.post("/{notice_id}/read", response=NoticeOut)
def read(request: HttpRequest, notice_id: str) -> Any:
    return services.mark_read(notice_id=notice_id, by=request.user, now=timezone.now())  # type: ignore[arg-type]

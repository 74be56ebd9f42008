"""Reading the trail. Who may read what is decided by ``AuditRow.objects.visible_to``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from anwang.ground.audit.models import AuditRow, Proof, Seal
from anwang.kernel import clock


@dataclass(frozen=True, slots=True)
class Question:
    """What the auditor asks of the trail. Empty means no restriction; days are local and both included."""

    text: str = ""
    events: Sequence[str] = ()
    kinds: Sequence[str] = ()
    by_id: str = ""
    on_id: str = ""
    first: date | None = None
    last: date | None = None


def visible_to(user: Any) -> "QuerySet[AuditRow]":
    return AuditRow.objects.visible_to(user)


def asked(user: Any, question: Question) -> "QuerySet[AuditRow]":
    """The rows ``user`` may read that answer the question, unordered."""
    return answering(visible_to(user), question)


def answering(rows: "QuerySet[AuditRow]", question: Question) -> "QuerySet[AuditRow]":
    """``text`` is a person's or a thing's name (a part of it), or the id of a person, a thing or a row."""
    if question.text:
        words = question.text
        exact = Q(id=words) | Q(by_id=words) | Q(on_id=words)
        rows = rows.filter(exact | Q(by_name__icontains=words) | Q(on_name__icontains=words))
    if question.events:
        rows = rows.filter(event__in=question.events)
    if question.kinds:
        rows = rows.filter(on_kind__in=question.kinds)
    if question.by_id:
        rows = rows.filter(by_id=question.by_id)
    if question.on_id:
        rows = rows.filter(on_id=question.on_id)
    if question.first:
        rows = rows.filter(at__gte=clock.start_of_day(question.first))
    if question.last:
        rows = rows.filter(at__lt=clock.start_of_day(clock.add_days(question.last, 1)))
    return rows


def neighbours(row: AuditRow) -> tuple[AuditRow | None, AuditRow | None]:
    """The rows before and after it in its chain."""
    chain = AuditRow.objects.filter(chain=row.chain)
    return chain.filter(seq=row.seq - 1).first(), chain.filter(seq=row.seq + 1).first()


def same_thing(user: Any, row: AuditRow) -> "QuerySet[AuditRow]":
    """Everything that was done to the same thing, newest first."""
    if not row.on_id:
        return AuditRow.objects.none()
    return visible_to(user).filter(on_kind=row.on_kind, on_id=row.on_id).order_by("-at", "-id")


def sealed_by(row: AuditRow) -> Seal | None:
    """The first seal that covers the row."""
    return Seal.objects.filter(chain=row.chain, seq__gte=row.seq).order_by("seq").first()


def proofs() -> "QuerySet[Proof]":
    return Proof.objects.order_by("-asked_at", "-id")

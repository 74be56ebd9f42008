"""Work to be done later, and timers. One table: a timer is a job with a date and a key."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from anwang.ground.base.models import UlidField


class Job(models.Model):
    """Committed with the write that asked for it; done in one transaction with its effect, so it happens once."""

    class State(models.TextChoices):
        PENDING = "pending"
        LEASED = "leased"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind: ClassVar[str] = "job"

    id = UlidField(primary_key=True)
    name = models.CharField(max_length=80)
    key = models.CharField(max_length=120, blank=True)
    owner = models.CharField(max_length=80, blank=True)
    """The first two words of ``key`` (``hazard:01J…:``): all timers of one thing, found by an index on any database."""
    kwargs = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    due_at = models.DateTimeField()
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["pending", "leased", "done", "failed", "cancelled"]), name="jobs_state_known"
            ),
            # Only pending ones: while a timer is being served, the next of the same key may already be set.
            models.UniqueConstraint(
                fields=["key"], condition=Q(state="pending") & ~Q(key=""), name="jobs_one_open_timer_per_key"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at", "id"], condition=Q(state="pending"), name="jobs_pending"),
            models.Index(fields=["owner"], condition=Q(state="pending") & ~Q(owner=""), name="jobs_owner"),
            models.Index(fields=["leased_until"], condition=Q(state="leased"), name="jobs_leased"),
            models.Index(fields=["state", "done_at"], name="jobs_done"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.key}".strip()


class Worker(models.Model):
    """A worker process and its last sign of life, so that people see whether anything works at all."""

    id = models.CharField(primary_key=True, max_length=120)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    done = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.id

"""Sums that no counter of the ledger holds: what happened in a month, kept ready for every region.

The ledger's own counters say how hazards stand now, exact at the moment of asking. When something happened (closed,
due, late, visited) is summed here by a job, and every figure made of it says when that was.
"""

from typing import ClassVar

from django.db import models


class Computed(models.Model):
    """When the sums were made last."""

    what = models.CharField(primary_key=True, max_length=20)
    at = models.DateTimeField()


class FlowSum(models.Model):
    """One region, domain, grade and month; the columns are those of ``rules.Flow``.

    ``chunk`` is the city whose hazards were summed: a run replaces one city after the other.
    """

    chunk = models.CharField(max_length=8)
    level = models.CharField(max_length=8)
    code = models.CharField(max_length=12)
    domain = models.CharField(max_length=16)
    grade = models.CharField(max_length=8, blank=True)
    month = models.CharField(max_length=7)
    closed = models.PositiveIntegerField(default=0)
    closed_days = models.BigIntegerField(default=0)
    on_spot = models.PositiveIntegerField(default=0)
    due = models.PositiveIntegerField(default=0)
    in_time = models.PositiveIntegerField(default=0)
    went_late = models.PositiveIntegerField(default=0)
    came_right = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["level", "code", "domain", "grade", "month", "chunk"], name="figures_one_flow_per_cell"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["chunk"], name="figures_flow_chunk")]


class VisitSum(models.Model):
    """How many visits of a kind took place, and how many hazards they found."""

    chunk = models.CharField(max_length=8)
    level = models.CharField(max_length=8)
    code = models.CharField(max_length=12)
    domain = models.CharField(max_length=20)
    visit_kind = models.CharField(max_length=16)
    month = models.CharField(max_length=7)
    visits = models.PositiveIntegerField(default=0)
    findings = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["level", "code", "domain", "visit_kind", "month", "chunk"], name="figures_one_visit_per_cell"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["chunk"], name="figures_visit_chunk")]

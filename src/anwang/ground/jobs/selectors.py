"""What the administrator sees of the machinery. Jobs belong to nobody's region: the right is asked for by the caller."""

from django.db.models import QuerySet

from anwang.ground.jobs.models import Job, Worker

STATES = ("failed", "pending", "leased", "done", "cancelled")


def listed(states: list[str], name: str = "") -> "QuerySet[Job]":
    rows = Job.objects.filter(state__in=states or ["failed", "pending", "leased"])
    return rows.filter(name=name) if name else rows


def names() -> list[str]:
    """Names of jobs that are on record in an open state."""
    open_states = [Job.State.PENDING, Job.State.LEASED, Job.State.FAILED]
    return sorted(Job.objects.filter(state__in=open_states).order_by().values_list("name", flat=True).distinct())


def workers() -> "QuerySet[Worker]":
    return Worker.objects.order_by("-seen_at")

"""Keys for the broker, the processes that run, and messages nobody could read."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from anwang.edge.gateway import labels
from anwang.edge.gateway.rules import Part
from anwang.ground.base.models import BaseModel
from anwang.work.telemetry.models import Mine


class Key(BaseModel):
    """A user of the broker: a mine under its code, or (without a mine) a gateway. Only the broker's hash is kept."""

    kind: ClassVar[str] = "gateway_key"

    username = models.CharField(max_length=40)
    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, null=True, related_name="+")
    broker_hash = models.CharField(max_length=300)
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["username"], condition=Q(withdrawn_at__isnull=True), name="gateway_one_key_in_force"
            ),
        ]

    def __str__(self) -> str:
        return self.username


class Run(models.Model):
    """A gateway or shard process, as it says itself every few seconds. ``name`` is machine and process."""

    kind: ClassVar[str] = "gateway_run"

    name = models.CharField(max_length=120, unique=True)
    part = models.CharField(max_length=10)
    talks_to = models.CharField(max_length=200)
    connected = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    messages = models.PositiveBigIntegerField(default=0)
    readings = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    waiting = models.PositiveIntegerField(default=0)
    says = models.CharField(max_length=300, blank=True)
    """Why it cannot go on at the moment; "" where all is well."""


class Way(models.Model):
    """A stretch of the road that mines' data comes by: a gateway, its landing folder, a partition of the bus.

    A mine that comes by it can be called silent only of the time before ``until``. A row is made with the first mine.
    """

    kind: ClassVar[str] = "gateway_way"

    part = models.CharField(max_length=10, choices=labels.PARTS)
    name = models.CharField(max_length=160)
    mines = models.ManyToManyField(Mine, related_name="ways")
    made_at = models.DateTimeField()
    until = models.DateTimeField(null=True)
    """All that came by it before this moment is on record, or on the bus; None: nobody could say so yet."""
    said_at = models.DateTimeField(null=True)
    """When that was looked at."""
    before = models.DateTimeField(null=True)
    before_said_at = models.DateTimeField(null=True)
    """The same at an earlier look; see ``rules.known_until``."""
    seen_at = models.DateTimeField(null=True)
    """When a process last said anything of it."""
    hindrance = models.CharField(max_length=10, choices=labels.HINDRANCES, blank=True)
    """What holds it up, as that process says; see ``rules.hindrance``."""
    told_at = models.DateTimeField(null=True)
    """When people were told that it is held up; None once it is not."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["part", "name"], name="gateway_one_way"),
            models.CheckConstraint(condition=Q(part__in=[each.value for each in Part]), name="gateway_way_part"),
        ]

    def __str__(self) -> str:
        return str(labels.WAY[self.part]) % {"name": self.name}


class RefusedMessage(models.Model):
    """A message that is none: the last hundred of a mine, word for word as far as they can be shown."""

    kind: ClassVar[str] = "refused_message"

    mine_code = models.CharField(max_length=12, blank=True)
    topic = models.CharField(max_length=300)
    reason = models.CharField(max_length=10, choices=labels.REASONS)
    text = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["mine_code", "id"], name="gateway_refused_mine")]


class RefusedTally(models.Model):
    """How many of them a mine has sent on a local day, by reason."""

    kind: ClassVar[str] = "refused_tally"

    mine_code = models.CharField(max_length=12, blank=True)
    day = models.DateField()
    reason = models.CharField(max_length=10, choices=labels.REASONS)
    n = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mine_code", "day", "reason"], name="gateway_one_tally"),
        ]

"""The record. Rows hold words and ids, no foreign keys, so that it outlives what it speaks of."""

from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q

from anwang.ground.base import rights
from anwang.ground.base.models import UlidField

READ = "audit.read"


class AuditRowQuerySet(models.QuerySet["AuditRow"]):
    def visible_to(self, user: Any) -> Self:
        """An auditor's rows: those of the regions of their grants; the whole trail for a grant that names no place."""
        return self.filter(rights.within(user, READ, self.model))


class AuditRow(models.Model):
    """One thing that was done. Appended only; each row carries the hash of the one before in its chain.

    ``chain`` is the county (or city, province, ``system``) so that counties do not wait for each other;
    ``seq`` has no gaps within a chain. Triggers in the database refuse to change or delete a row; only what an
    :class:`Archive` covers may go.
    """

    id = UlidField(primary_key=True)
    chain = models.CharField(max_length=16)
    seq = models.PositiveBigIntegerField()
    event = models.CharField(max_length=80)
    at = models.DateTimeField()
    by_id = models.CharField(max_length=26, blank=True)
    by_name = models.CharField(max_length=80, blank=True)
    on_kind = models.CharField(max_length=40, blank=True)
    on_id = models.CharField(max_length=40, blank=True)
    on_name = models.CharField(max_length=200, blank=True)
    province_code = models.CharField(max_length=6, blank=True)
    city_code = models.CharField(max_length=6, blank=True)
    county_code = models.CharField(max_length=6, blank=True)
    data = models.JSONField(default=dict)
    digest = models.CharField(max_length=8)
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = AuditRowQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["chain", "seq"], name="audit_one_row_per_place")]
        indexes: ClassVar = [
            models.Index(fields=["at", "id"], name="audit_time"),
            models.Index(fields=["on_kind", "on_id", "at"], name="audit_thing"),
            models.Index(fields=["by_id", "at"], name="audit_person"),
            models.Index(fields=["event", "at"], name="audit_event"),
            models.Index(fields=["county_code", "at"], name="audit_county"),
            models.Index(fields=["city_code", "at"], name="audit_city"),
            models.Index(fields=["province_code", "at"], name="audit_province"),
        ]

    def __str__(self) -> str:
        return f"{self.chain} {self.seq} {self.event}"

    def payload(self) -> dict[str, object]:
        """What the hash covers: everything but the hash itself."""
        return {
            "id": self.id,
            "chain": self.chain,
            "seq": self.seq,
            "event": self.event,
            "at": self.at,
            "by": [self.by_id, self.by_name],
            "on": [self.on_kind, self.on_id, self.on_name],
            "place": [self.province_code, self.city_code, self.county_code],
            "data": self.data,
        }


class ChainHead(models.Model):
    """Where a chain stands. Locked while a row is appended: writers of one chain take turns.

    ``mac`` is made with the key outside the database: whoever cuts rows off the end cannot write a head to match.
    """

    chain = models.CharField(primary_key=True, max_length=16)
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64)
    mac = models.CharField(max_length=64, blank=True)


class Seal(models.Model):
    """A signed statement of where a chain stood, also written beside the database and to be kept elsewhere."""

    id = UlidField(primary_key=True)
    chain = models.CharField(max_length=16)
    seq = models.PositiveBigIntegerField()
    hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    digest = models.CharField(max_length=8)
    mac = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["chain", "seq"], name="audit_one_seal_per_place")]


class Archive(models.Model):
    """Rows that were written to a file after their time of keeping and dropped here; the chain goes on after them."""

    id = UlidField(primary_key=True)
    chain = models.CharField(max_length=16)
    first_seq = models.PositiveBigIntegerField()
    last_seq = models.PositiveBigIntegerField()
    last_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    file = models.CharField(max_length=120)
    file_hash = models.CharField(max_length=64)
    """SHA-256 of the file."""
    digest = models.CharField(max_length=8)
    mac = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chain", "first_seq"], name="audit_one_archive_per_place"),
            models.CheckConstraint(condition=Q(last_seq__gte=models.F("first_seq")), name="audit_archive_forward"),
        ]


class Keeping(models.Model):
    """How long the trail is kept at least, and who says so. The longest rule in force counts."""

    instrument = models.CharField(max_length=80)
    article = models.CharField(max_length=40, blank=True)
    version = models.CharField(max_length=40, blank=True)
    months = models.PositiveSmallIntegerField()
    effective_on = models.DateField()
    ends_on = models.DateField(null=True)
    source = models.CharField(max_length=200)
    confidence = models.CharField(max_length=12)

    def __str__(self) -> str:
        return f"{self.instrument} {self.article}".strip()


class Proof(models.Model):
    """One run of proving the chains, asked for on the screen: how far it is, and what it found."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        SOUND = "sound"
        BROKEN = "broken"
        FAILED = "failed"

    kind: ClassVar[str] = "audit_proof"

    id = UlidField(primary_key=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_by_id = models.CharField(max_length=26, blank=True)
    asked_by_name = models.CharField(max_length=80, blank=True)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    rows = models.PositiveBigIntegerField(default=0)
    """Rows to read."""
    read = models.PositiveBigIntegerField(default=0)
    findings = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "sound", "broken", "failed"]),
                name="audit_proof_state_known",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def percent(self) -> int:
        return min(100, self.read * 100 // self.rows) if self.rows else 0

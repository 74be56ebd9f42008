"""The gas watch: mines and their feeds, points and how they were defined, episodes, what was refused, what mines report,
who is underground.

Readings are not here: they go past the ORM into the history. Episodes always come through here.
"""

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import ScopeColumns, ScopedQuerySet
from anwang.ground.base.domains import Domain
from anwang.ground.base.models import BaseModel
from anwang.ground.regions.models import Placed
from anwang.registers.organisations.models import Organisation
from anwang.registers.sites.models import Site
from anwang.work.telemetry import labels, rules

SCOPE = ScopeColumns(domain="domain", organisations=("enterprise_id",))


class WatchQuerySet(ScopedQuerySet):
    read = Permission.GAS_READ


class Mine(BaseModel, Placed):
    """A mine that sends data: its code in the upload format, and the place it is in the register.

    ``index`` is its number inside the engine. Region columns are the site's, or before it is bound those of the county
    that its code begins with.
    """

    kind: ClassVar[str] = "mine_feed"
    scope_columns: ClassVar[ScopeColumns] = SCOPE

    code = models.CharField(max_length=12, unique=True)
    index = models.PositiveIntegerField(unique=True)
    name = models.CharField(max_length=120)
    site = models.OneToOneField(Site, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    enterprise = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    domain = models.CharField(max_length=20, choices=Domain.choices, default=Domain.COAL)
    gas_class = models.CharField(max_length=8, choices=labels.GAS_CLASSES, blank=True)
    system = models.CharField(max_length=120, blank=True)
    """Model, name and vendor of its monitoring system, as its definition file says."""
    simulated = models.BooleanField(default=False)
    made_at = models.DateTimeField()
    bound_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    bound_at = models.DateTimeField(null=True)

    objects = WatchQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(gas_class="") | Q(gas_class__in=list(rules.GasClass)), name="telemetry_gas_class"
            ),
            models.CheckConstraint(
                condition=Q(site__isnull=True) | Q(bound_by__isnull=False, bound_at__isnull=False),
                name="telemetry_bound_by",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["county_code", "name", "id"], name="telemetry_mine_county")]

    def __str__(self) -> str:
        return self.name


class Feed(models.Model):
    """What a mine's stream has come to: the engine's snapshot with its position, and counts. One row a mine.

    Written in the transaction that takes what was received: a restart begins where this row says. ``version`` counts
    the writes; whoever holds the mine in memory compares it before going on.
    """

    kind: ClassVar[str] = "mine_feed_state"

    mine = models.OneToOneField(Mine, on_delete=models.CASCADE, primary_key=True, related_name="feed")
    version = models.PositiveBigIntegerField(default=0)
    snapshot = models.BinaryField(null=True)
    newest_at = models.DateTimeField(null=True)
    """Newest data time."""
    received_at = models.DateTimeField(null=True)
    """When something last came, by our clock."""
    silent_since = models.DateTimeField(null=True)
    interval_ms = models.PositiveIntegerField(default=0)
    """Median of its last scan intervals."""
    readings = models.PositiveBigIntegerField(default=0)
    late = models.PositiveBigIntegerField(default=0)
    refused = models.PositiveBigIntegerField(default=0)
    files = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["silent_since", "received_at"], name="telemetry_feed_quiet")]


class SensorPoint(models.Model):
    """A measuring point, with its limits as last defined. Its key is its number in the engine and in the history.

    ``place`` is the standard's place once a person has confirmed it.
    """

    kind: ClassVar[str] = "sensor_point"
    LIMITS: ClassVar[tuple[str, ...]] = (
        "high_alarm",
        "high_alarm_clear",
        "low_alarm",
        "low_alarm_clear",
        "high_cut",
        "high_restore",
        "low_cut",
        "low_restore",
    )

    id = models.AutoField(primary_key=True)
    code = models.CharField(max_length=32, unique=True)
    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="points")
    sensor_type = models.CharField(max_length=4)
    value_type = models.CharField(max_length=2)
    type_name = models.CharField(max_length=60, blank=True)
    unit = models.CharField(max_length=20, blank=True)
    location = models.CharField(max_length=200, blank=True)
    substation = models.CharField(max_length=32, blank=True)
    high_alarm = models.FloatField(null=True)
    high_alarm_clear = models.FloatField(null=True)
    low_alarm = models.FloatField(null=True)
    low_alarm_clear = models.FloatField(null=True)
    high_cut = models.FloatField(null=True)
    high_restore = models.FloatField(null=True)
    low_cut = models.FloatField(null=True)
    low_restore = models.FloatField(null=True)
    definition = models.ForeignKey("Definition", on_delete=models.PROTECT, null=True, related_name="+")
    """The row its limits come from; null until the mine has sent a definition."""
    place = models.CharField(max_length=30, blank=True)
    place_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    place_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(place="") | Q(place_by__isnull=False, place_at__isnull=False),
                name="telemetry_place_by_a_person",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["mine", "sensor_type", "code"], name="telemetry_point_mine")]

    def __str__(self) -> str:
        return f"{self.location or self.code}"


class Definition(models.Model):
    """How a point was defined from a moment on (CDDY): a row per change, never changed. ``digest`` is of the fields."""

    kind: ClassVar[str] = "point_definition"

    point = models.ForeignKey(SensorPoint, on_delete=models.PROTECT, related_name="definitions")
    at = models.DateTimeField()
    """The mine's own time of it."""
    received_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    fields = models.JSONField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["point", "received_at"], name="telemetry_definition_of")]


class Relation(models.Model):
    """A cutter and the feed behind it, as the definitions relate them."""

    kind: ClassVar[str] = "cutter_feed"

    cutter = models.ForeignKey(SensorPoint, on_delete=models.PROTECT, related_name="feeds")
    feed = models.ForeignKey(SensorPoint, on_delete=models.PROTECT, related_name="cutters")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cutter", "feed"], name="telemetry_one_relation"),
            models.CheckConstraint(condition=~Q(cutter=F("feed")), name="telemetry_not_its_own_feed"),
        ]


class Substation(models.Model):
    """A substation as the mine describes it (FZDY) and its last state (FZSS)."""

    kind: ClassVar[str] = "substation"

    code = models.CharField(max_length=32, unique=True)
    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="substations")
    location = models.CharField(max_length=200, blank=True)
    run_state = models.CharField(max_length=2, blank=True)
    power_state = models.CharField(max_length=2, blank=True)
    at = models.DateTimeField(null=True)


class Episode(BaseModel, Placed):
    """Something that held at a point (or, without a point, of a whole mine) from ``start`` until ``end``.

    Times are data times; ``opened_at`` and ``closed_at`` are when we came to know. ``limit`` and ``clear`` are the
    values it was judged by, ``definition`` the row they stand in.
    """

    kind: ClassVar[str] = "gas_episode"
    scope_columns: ClassVar[ScopeColumns] = SCOPE

    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="episodes")
    point = models.ForeignKey(SensorPoint, on_delete=models.PROTECT, null=True, related_name="episodes")
    enterprise = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    domain = models.CharField(max_length=20, choices=Domain.choices)
    what = models.CharField(max_length=12, choices=labels.KINDS)
    start = models.DateTimeField()
    end = models.DateTimeField(null=True)
    n = models.PositiveIntegerField(default=0)
    max = models.FloatField(null=True)
    max_at = models.DateTimeField(null=True)
    min = models.FloatField(null=True)
    min_at = models.DateTimeField(null=True)
    avg = models.FloatField(null=True)
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, null=True, related_name="+")
    limit = models.FloatField(null=True)
    clear = models.FloatField(null=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = WatchQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["point", "what"], condition=Q(end__isnull=True, point__isnull=False), name="telemetry_one_open"
            ),
            models.UniqueConstraint(
                fields=["mine", "what"],
                condition=Q(end__isnull=True, point__isnull=True),
                name="telemetry_one_open_mine",
            ),
            models.CheckConstraint(condition=Q(what__in=list(rules.Kind)), name="telemetry_kind_known"),
            models.CheckConstraint(condition=Q(end__isnull=True) | Q(end__gte=F("start")), name="telemetry_end_after"),
            models.CheckConstraint(
                condition=Q(end__isnull=True, closed_at__isnull=True) | Q(end__isnull=False, closed_at__isnull=False),
                name="telemetry_closed_whole",
            ),
            models.CheckConstraint(
                condition=Q(point__isnull=False) | Q(what="mine_silent"), name="telemetry_point_or_mine"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["county_code", "start", "id"], name="telemetry_county"),
            models.Index(fields=["city_code", "start", "id"], name="telemetry_city"),
            models.Index(fields=["mine", "start", "id"], name="telemetry_of_mine"),
            models.Index(fields=["point", "what", "start"], name="telemetry_of_point"),
            models.Index(fields=["county_code", "what"], condition=Q(end__isnull=True), name="telemetry_open_county"),
            models.Index(fields=["what", "opened_at"], name="telemetry_what"),
        ]


class ReceivedFile(models.Model):
    """A file that came, by its content: the same content is taken once. Rows of real-time files are dropped after days."""

    kind: ClassVar[str] = "mine_file"

    sha256 = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=10, blank=True)
    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, null=True, related_name="received")
    mine_code = models.CharField(max_length=12, blank=True)
    file_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    records = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    refused = models.CharField(max_length=20, blank=True, choices=labels.REASONS)
    """Why the whole file was not taken; "" where it was."""
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    personal: ClassVar[Mapping[str, str]] = {"name": "none"}

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["mine", "received_at"], name="telemetry_file_mine"),
            models.Index(fields=["type", "received_at"], name="telemetry_file_type"),
        ]


class RefusedRecord(models.Model):
    """A record that was dropped, with its line and reason. Counts are in :class:`RefusedCount`, these are examples:
    of one file at most the first hundred are kept word by word.
    """

    kind: ClassVar[str] = "refused_record"

    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="refused_records")
    file = models.ForeignKey(ReceivedFile, on_delete=models.CASCADE, null=True, related_name="refused_records")
    line = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=20, choices=labels.REASONS)
    text = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["mine", "at"], name="telemetry_refused_mine")]


class RefusedCount(models.Model):
    """How many records of a mine were dropped on a local day, by reason."""

    kind: ClassVar[str] = "refused_count"

    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="refused_counts")
    day = models.DateField()
    reason = models.CharField(max_length=20, choices=labels.REASONS)
    n = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mine", "day", "reason"], name="telemetry_one_refused_count"),
        ]


class Reported(models.Model):
    """What the mine itself reports (YCBJ): one event by point, type and start, sent again when it ends.

    ``episode`` is the one of ours it speaks of; null: reported and not seen.
    """

    kind: ClassVar[str] = "reported_event"

    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="reported")
    point = models.ForeignKey(SensorPoint, on_delete=models.PROTECT, related_name="reported")
    what = models.CharField(max_length=10)
    start = models.DateTimeField()
    end = models.DateTimeField(null=True)
    max = models.FloatField(null=True)
    min = models.FloatField(null=True)
    avg = models.FloatField(null=True)
    cause = models.CharField(max_length=500, blank=True)
    measures = models.CharField(max_length=500, blank=True)
    entered_by = models.CharField(max_length=40, blank=True)
    entered_at = models.DateTimeField(null=True)
    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, null=True, related_name="reports")
    received_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    """The record's own data time: a newer one replaces an older one."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["point", "what", "start"], name="telemetry_one_report"),
        ]
        indexes: ClassVar = [models.Index(fields=["mine", "start"], name="telemetry_reported_mine")]


class Finding(BaseModel, Placed):
    """A setting looser than the standard. It proposes a hazard; a person decides.

    Judged by: the place's row (``place``, ``instrument``, ``version``) and the definition it was found in.
    """

    kind: ClassVar[str] = "gas_finding"
    scope_columns: ClassVar[ScopeColumns] = SCOPE

    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="findings")
    point = models.ForeignKey(SensorPoint, on_delete=models.PROTECT, related_name="findings")
    enterprise = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    domain = models.CharField(max_length=20, choices=Domain.choices)
    definition = models.ForeignKey(Definition, on_delete=models.PROTECT, related_name="+")
    place = models.CharField(max_length=30)
    instrument = models.CharField(max_length=60)
    version = models.PositiveSmallIntegerField()
    field = models.CharField(max_length=20, choices=labels.FIELDS)
    actual = models.FloatField(null=True)
    standard = models.FloatField()
    state = models.CharField(max_length=10, choices=labels.FINDING_STATES, default="open")
    found_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)

    objects = WatchQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["point", "field"], condition=Q(state="open"), name="telemetry_one_open_finding"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "withdrawn"])
                | Q(state__in=["hazard", "dismissed"], decided_by__isnull=False, decided_at__isnull=False),
                name="telemetry_finding_decided",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["county_code", "state", "found_at"], name="telemetry_finding_county")]


class Statistic(models.Model):
    """What the mine's own system says of a point over a time (TJSJ): kept once per point and time, the later word counts."""

    kind: ClassVar[str] = "mine_statistic"

    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="statistics")
    point = models.ForeignKey(SensorPoint, on_delete=models.PROTECT, related_name="statistics")
    start = models.DateTimeField()
    end = models.DateTimeField(null=True)
    max = models.FloatField(null=True)
    max_at = models.DateTimeField(null=True)
    min = models.FloatField(null=True)
    min_at = models.DateTimeField(null=True)
    avg = models.FloatField(null=True)
    sent_at = models.DateTimeField()
    """The record's own data time."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["point", "start", "end"], condition=Q(end__isnull=False), name="telemetry_one_statistic"
            ),
            models.UniqueConstraint(
                fields=["point", "start"], condition=Q(end__isnull=True), name="telemetry_one_open_statistic"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["mine", "start"], name="telemetry_statistic_mine"),
            models.Index(fields=["start"], name="telemetry_statistic_start"),
        ]


# --- who is underground ---------------------------------------------------------------------------------------------------


class MineArea(models.Model):
    """An area of a mine's positioning system, with how many people may be in it (RYQY)."""

    kind: ClassVar[str] = "mine_area"

    code = models.CharField(max_length=32, unique=True)
    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="areas")
    area_type = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=100, blank=True)
    allowed = models.PositiveIntegerField(null=True)
    """Null where the mine leaves it blank; 0 says as little."""
    sent_at = models.DateTimeField()


class Worker(models.Model):
    """Whoever carries a card of the positioning system, as the mine's list says (RYXX)."""

    kind: ClassVar[str] = "mine_worker"

    card = models.CharField(max_length=32, unique=True)
    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="workers")
    name = models.CharField(max_length=50, blank=True)
    job = models.CharField(max_length=50, blank=True)
    post = models.CharField(max_length=50, blank=True)
    team = models.CharField(max_length=100, blank=True)
    leader = models.BooleanField(default=False)
    special = models.BooleanField(default=False)
    sent_at = models.DateTimeField()
    """Of the newest list that names the card."""

    class Meta:
        indexes: ClassVar = [models.Index(fields=["sent_at"], name="telemetry_worker_sent")]


class BaseStation(models.Model):
    """A base station of the positioning system (RYJZ) and its last state (JZSS)."""

    kind: ClassVar[str] = "base_station"

    code = models.CharField(max_length=32, unique=True)
    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="stations")
    name = models.CharField(max_length=200, blank=True)
    run_state = models.CharField(max_length=2, blank=True)
    power_state = models.CharField(max_length=2, blank=True)
    at = models.DateTimeField(null=True)
    """Data time of the state."""


class Muster(models.Model):
    """The newest snapshot of who is underground in a mine (RYSS), counted. Its people are the mine's :class:`Position` rows."""

    kind: ClassVar[str] = "mine_muster"

    mine = models.OneToOneField(Mine, on_delete=models.CASCADE, primary_key=True, related_name="muster")
    at = models.DateTimeField()
    """The file's own time: an older file never takes the place of a newer one."""
    received_at = models.DateTimeField()
    n = models.PositiveIntegerField(default=0)
    leaders = models.PositiveIntegerField(default=0)
    special = models.PositiveIntegerField(default=0)
    unread = models.PositiveIntegerField(default=0)
    """Records of it that could not be read: so many people may be missing."""


class Position(models.Model):
    """One card in the newest snapshot. Where its holder was before is not kept."""

    kind: ClassVar[str] = "mine_position"

    mine = models.ForeignKey(Mine, on_delete=models.CASCADE, related_name="positions")
    card = models.CharField(max_length=32)
    name = models.CharField(max_length=50, blank=True)
    in_out = models.CharField(max_length=1, choices=labels.IN_OUT)
    in_at = models.DateTimeField(null=True)
    out_at = models.DateTimeField(null=True)
    area = models.CharField(max_length=32, blank=True)
    area_at = models.DateTimeField(null=True)
    station = models.CharField(max_length=32, blank=True)
    work = models.CharField(max_length=20, blank=True)
    """Work status, in the mine's own words."""
    leader = models.BooleanField(default=False)
    special = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mine", "card"], name="telemetry_one_position"),
            models.CheckConstraint(condition=Q(in_out__in=list(rules.InOut)), name="telemetry_in_out_known"),
        ]


class Headcount(models.Model):
    """How many were underground at a snapshot's time; one row a snapshot, no names."""

    kind: ClassVar[str] = "mine_headcount"

    mine = models.ForeignKey(Mine, on_delete=models.CASCADE, related_name="headcounts")
    at = models.DateTimeField()
    n = models.PositiveIntegerField()
    leaders = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["mine", "at"], name="telemetry_one_headcount")]
        indexes: ClassVar = [models.Index(fields=["at"], name="telemetry_headcount_at")]

"""Alarms: one per mine, place and kind; the episodes that belong to it, its moves, its levels, what was late."""

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
from anwang.work.alarms import labels, rules
from anwang.work.telemetry.models import Episode, Mine


class AlarmQuerySet(ScopedQuerySet):
    read = Permission.ALARM_READ


class Alarm(BaseModel, Placed):
    """Something that calls: what, where, how grave, how far it has been dealt with.

    ``first_start`` and ``cleared_at`` are data times (``cleared_at`` null while an episode of it is open), all other
    moments are ours. ``round`` counts the calls: it grows where the alarm calls again and where the county sends it back.
    """

    kind: ClassVar[str] = "alarm"
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(domain="domain", organisations=("enterprise_id",))

    number = models.CharField(max_length=24, unique=True)
    mine = models.ForeignKey(Mine, on_delete=models.PROTECT, related_name="alarms")
    enterprise = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    domain = models.CharField(max_length=20, choices=Domain.choices)
    family = models.CharField(max_length=8, choices=labels.FAMILIES)
    quantity = models.CharField(max_length=10, blank=True)
    place = models.CharField(max_length=120)
    """The place by which it is grouped: the location without the sensor's own name; "" of a whole mine."""
    location = models.CharField(max_length=200, blank=True)
    """The location of the point that raised it, word by word."""
    places = models.JSONField(default=list)
    """Keys of the standard's places, confirmed or recognised, of the points that joined."""
    kinds = models.JSONField(default=list)
    """Kinds of the episodes that joined."""
    unit = models.CharField(max_length=20, blank=True)
    highest = models.FloatField(null=True)
    lowest = models.FloatField(null=True)
    limit = models.FloatField(null=True)

    level = models.CharField(max_length=8, choices=labels.LEVELS)
    rank = models.PositiveSmallIntegerField()
    """1 red … 4 blue: lists sort by it."""
    state = models.CharField(max_length=16, choices=labels.STATES, default=rules.State.RAISED)
    state_since = models.DateTimeField()
    raised_at = models.DateTimeField()
    """When it last called."""
    first_raised_at = models.DateTimeField()
    first_start = models.DateTimeField()
    began = models.DateTimeField()
    """Start (data time) of the stretch that now lasts, or lasted last."""
    cleared_at = models.DateTimeField(null=True)
    round = models.PositiveSmallIntegerField(default=1)
    step = models.CharField(max_length=12, choices=labels.STEPS, blank=True)
    """The step that comes next; "" where none is left but closing, and of a closed one."""
    due_at = models.DateTimeField(null=True)
    due_rule = models.CharField(max_length=40, blank=True)
    """Key and version of the limit that says until when (``rules.Limit.mark``); "" where nothing is due."""
    late = models.BooleanField(default=False)
    """The present step is late."""
    ever_late = models.BooleanField(default=False)

    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    cut_at = models.DateTimeField(null=True)
    cut_shown = models.BooleanField(default=False)
    """Cutter and feed both showed it when it was confirmed."""
    cut_why = models.CharField(max_length=16, choices=labels.WHYS, blank=True)
    evacuated_at = models.DateTimeField(null=True)
    people_out = models.PositiveIntegerField(null=True)
    cause_at = models.DateTimeField(null=True)
    cause_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    cause_kind = models.CharField(max_length=16, choices=labels.CAUSES, blank=True)
    cause = models.CharField(max_length=500, blank=True)
    measures_at = models.DateTimeField(null=True)
    measures = models.CharField(max_length=500, blank=True)
    aside = models.CharField(max_length=12, choices=labels.ASIDES, blank=True)
    aside_at = models.DateTimeField(null=True)
    aside_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    aside_why = models.CharField(max_length=500, blank=True)
    aside_name = models.CharField(max_length=40, blank=True)
    """Who says so, by name."""
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    hazard_id = models.CharField(max_length=26, blank=True)
    hidden_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="hides")
    """The alarm that says it all already: its mine's or its substation's."""
    changed_at = models.DateTimeField(db_index=True)
    """Of any write: open pages are told by it."""

    objects = AlarmQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["mine", "family", "quantity", "place"],
                condition=~Q(state="closed"),
                name="alarms_one_open",
            ),
            models.CheckConstraint(condition=Q(state__in=list(rules.State)), name="alarms_state_known"),
            models.CheckConstraint(condition=Q(family__in=list(rules.Family)), name="alarms_family_known"),
            models.CheckConstraint(
                condition=Q(level="red", rank=1)
                | Q(level="orange", rank=2)
                | Q(level="yellow", rank=3)
                | Q(level="blue", rank=4),
                name="alarms_level_ranked",
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | (~Q(state="closed") & Q(closed_at__isnull=True)),
                name="alarms_closed_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(cause_at__isnull=False) | ~Q(aside=""), name="alarms_closed_answered"
            ),
            models.CheckConstraint(
                condition=~Q(state="closed")
                | ~Q(family__in=sorted(rules.JUDGED))
                | Q(reviewed_at__isnull=False, reviewed_by__isnull=False),
                name="alarms_closed_reviewed",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True)
                | (
                    (Q(cause_by__isnull=True) | ~Q(reviewed_by=F("cause_by")))
                    & (Q(aside_by__isnull=True) | ~Q(reviewed_by=F("aside_by")))
                ),
                name="alarms_other_eyes",
            ),
            models.CheckConstraint(
                condition=Q(aside="") | (~Q(aside_why="") & ~Q(aside_name="") & Q(aside_by__isnull=False)),
                name="alarms_aside_signed",
            ),
            models.CheckConstraint(
                condition=Q(cut_at__isnull=True) | Q(cut_shown=True) | ~Q(cut_why=""), name="alarms_cut_why"
            ),
            models.CheckConstraint(condition=Q(late=False) | Q(ever_late=True), name="alarms_late_stays"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["county_code", "rank", "raised_at"], condition=~Q(state="closed"), name="alarms_board"
            ),
            models.Index(
                fields=["city_code", "rank", "raised_at"], condition=~Q(state="closed"), name="alarms_board_city"
            ),
            models.Index(fields=["enterprise", "state", "rank"], name="alarms_enterprise"),
            models.Index(fields=["county_code", "first_raised_at", "id"], name="alarms_county"),
            models.Index(fields=["mine", "first_raised_at"], name="alarms_mine"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.place}"


class AlarmEpisode(models.Model):
    """An episode that belongs to an alarm."""

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="joined")
    episode = models.ForeignKey(Episode, on_delete=models.PROTECT, related_name="alarms")
    joined_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["alarm", "episode"], name="alarms_joined_once")]


class AlarmMove(models.Model):
    """One move: from, to, by whom, when, with what words. Never changed. ``by`` null: the sensors.

    ``act_id`` is the id that the doer's form or program made for the act ("" where it made none), ``act_digest`` says what
    was said with it: the same act sent again is recognised by them.
    """

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="moves")
    seq = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=16, choices=labels.STATES, blank=True)
    target = models.CharField(max_length=16, choices=labels.STATES)
    action = models.CharField(max_length=16)
    round = models.PositiveSmallIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    by_name = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True)
    data = models.JSONField(default=dict)
    act_id = models.CharField(max_length=26, blank=True)
    act_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alarm", "seq"], name="alarms_one_move_per_place"),
            models.UniqueConstraint(fields=["act_id"], condition=~Q(act_id=""), name="alarms_act_once"),
            models.CheckConstraint(
                condition=Q(act_id="", act_digest="") | (~Q(act_id="") & ~Q(act_digest="")), name="alarms_act_whole"
            ),
        ]
        ordering: ClassVar = ["alarm", "seq"]


class AlarmLevel(models.Model):
    """A rung of the ladder: from when on it was so grave, and the rule row that says so ("" is the floor)."""

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="levels")
    at = models.DateTimeField()
    level = models.CharField(max_length=8, choices=labels.LEVELS)
    rule_key = models.CharField(max_length=40, blank=True)
    rule_version = models.PositiveIntegerField(default=0)
    instrument = models.CharField(max_length=80, blank=True)
    article = models.CharField(max_length=80, blank=True)
    value = models.FloatField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["alarm", "at"], name="alarms_level_of")]


class StepDelay(models.Model):
    """A step that was not done in time: a fact that stays. ``done_at`` is when it was done after all."""

    alarm = models.ForeignKey(Alarm, on_delete=models.PROTECT, related_name="delays")
    round = models.PositiveSmallIntegerField()
    step = models.CharField(max_length=12, choices=labels.STEPS)
    level = models.CharField(max_length=8, choices=labels.LEVELS)
    due_at = models.DateTimeField()
    due_rule = models.CharField(max_length=40, blank=True)
    """Key and version of the limit it was late by; "" of delays from before this was kept."""
    noted_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["alarm", "round", "step"], name="alarms_late_once"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(done_at__gt=F("due_at")), name="alarms_done_after_due"
            ),
        ]


class Version(BaseModel):
    """Abstract: a rule of this house over the built-in ones, one row per version, never changed. Of the versions of one
    rule the newest that is in force holds. ``instrument`` … ``confidence`` say what it rests on.
    """

    version = models.PositiveIntegerField()
    instrument = models.CharField(max_length=80)
    article = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=200, blank=True)
    confidence = models.CharField(max_length=8, blank=True)
    in_force_from = models.DateTimeField()
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        abstract = True


class LevelRule(Version):
    """How grave an alarm is that meets these conditions. ``level`` "" takes the key out of use. The annex of
    矿安〔2025〕100号 is entered here.
    """

    kind: ClassVar[str] = "alarm_level_rule"

    key = models.CharField(max_length=40)
    family = models.CharField(max_length=8, choices=labels.FAMILIES)
    level = models.CharField(max_length=8, choices=labels.LEVELS, blank=True)
    quantities = models.JSONField(default=list)
    kinds = models.JSONField(default=list)
    places = models.JSONField(default=list)
    at_least = models.FloatField(null=True)
    at_most = models.FloatField(null=True)
    times = models.FloatField(null=True)
    minutes = models.PositiveIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "version"], name="alarms_rule_version"),
            models.CheckConstraint(condition=~Q(instrument=""), name="alarms_rule_has_source"),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"


class StepLimit(Version):
    """How long a step of an alarm of one level may take. ``minutes`` null takes the limit out of use: the step then has no
    time limit at this level.
    """

    kind: ClassVar[str] = "alarm_step_limit"

    step = models.CharField(max_length=12, choices=labels.STEPS)
    level = models.CharField(max_length=8, choices=labels.LEVELS)
    minutes = models.PositiveIntegerField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["step", "level", "version"], name="alarms_limit_version"),
            models.CheckConstraint(condition=Q(step__in=list(rules.Step)), name="alarms_limit_step_known"),
            models.CheckConstraint(
                condition=Q(level__in=["red", "orange", "yellow", "blue"]), name="alarms_limit_level_known"
            ),
            models.CheckConstraint(
                condition=Q(minutes__isnull=True) | Q(minutes__gte=1, minutes__lte=rules.LONGEST),
                name="alarms_limit_minutes",
            ),
            models.CheckConstraint(condition=~Q(instrument=""), name="alarms_limit_has_source"),
        ]

    def __str__(self) -> str:
        return f"{self.step}-{self.level} v{self.version}"


class RoadRule(Version):
    """Which steps an alarm takes that meets these conditions. No ``steps`` takes the key out of use."""

    kind: ClassVar[str] = "alarm_road_rule"

    key = models.CharField(max_length=40)
    family = models.CharField(max_length=8, choices=labels.FAMILIES)
    quantities = models.JSONField(default=list)
    levels = models.JSONField(default=list)
    steps = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "version"], name="alarms_road_version"),
            models.CheckConstraint(condition=Q(family__in=list(rules.Family)), name="alarms_road_family_known"),
            models.CheckConstraint(condition=~Q(instrument=""), name="alarms_road_has_source"),
        ]

    def __str__(self) -> str:
        return f"{self.key} v{self.version}"

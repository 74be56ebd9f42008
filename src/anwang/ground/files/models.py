"""Files that are evidence, the papers that are issued, and the limits by which evidence is looked at."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import ScopeColumns, ScopedQuerySet, reaches, within
from anwang.ground.base.models import BaseModel
from anwang.ground.files.rules import FileKind
from anwang.ground.regions.models import COLUMNS, Region

ORGANISATIONS = ("organisation_id", "second_organisation_id")


class BelongingQuerySet(ScopedQuerySet):
    """Rows that belong to a thing of another room: whoever may see that one thing by a link sees them too."""

    def reachable(self, user: Any, permission: Permission) -> Self:
        whole = within(user, permission, self.model)
        for reach in reaches(user):
            if reach.thing_id and permission in reach.permissions:
                whole |= self.of_thing(reach.thing_kind, reach.thing_id)
        return self.filter(whole)

    def of_thing(self, kind: str, key: str) -> Q:
        return Q(thing_kind=kind, thing_id=key)


class Placeable(models.Model):
    """Abstract: the place columns of ``regions.Placed``, filled when the row finds its thing, empty until then."""

    region = models.ForeignKey(Region, on_delete=models.PROTECT, null=True, editable=False, related_name="+")
    province_code = models.CharField(max_length=6, blank=True, editable=False)
    city_code = models.CharField(max_length=6, blank=True, editable=False)
    county_code = models.CharField(max_length=6, blank=True, editable=False)
    town_code = models.CharField(max_length=9, blank=True, editable=False)
    village_code = models.CharField(max_length=12, blank=True, editable=False)
    grid_code = models.CharField(max_length=20, blank=True, editable=False)
    domain = models.CharField(max_length=20, blank=True)
    organisation_id = models.CharField(max_length=26, blank=True)
    second_organisation_id = models.CharField(max_length=26, blank=True)
    """A thing may have two who see it by their organisation: who has to act, and whose place it is."""

    class Meta:
        abstract = True

    def follow(self, thing: Any) -> list[str]:
        """Take place, domain and organisation from ``thing``. Returns the names of the columns that were set."""
        columns: ScopeColumns = getattr(thing, "scope_columns", ScopeColumns())
        self.region_id = thing.pk if isinstance(thing, Region) else getattr(thing, "region_id", None)
        for column in COLUMNS.values():
            setattr(self, column, getattr(thing, column, "") or "")
        self.domain = getattr(thing, columns.domain, "") or "" if columns.domain else ""
        names = columns.organisations or ("organisation_id",)
        owners = list(dict.fromkeys(str(value) for name in names if (value := getattr(thing, name, None))))
        self.organisation_id, self.second_organisation_id = [*owners, "", ""][:2]
        return ["region_id", *COLUMNS.values(), "domain", "organisation_id", "second_organisation_id"]


class StoredFileQuerySet(BelongingQuerySet):
    read = Permission.HAZARD_READ

    def attached(self) -> Self:
        return self.exclude(thing_id="")


class StoredFile(BaseModel, Placeable):
    """One file as evidence: its content lies under ``FILES_ROOT`` by SHA-256, shared by every row with that content.

    Until it is attached to a thing it belongs to its uploader alone. Photos are kept re-encoded (no metadata, no
    trailing bytes); what the camera wrote is kept apart in :class:`FileMetadata`.
    """

    kind: ClassVar[str] = "file"
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(organisations=ORGANISATIONS, own="uploaded_by_id")
    personal: ClassVar[Mapping[str, str]] = {
        "name": "kept",
        "lon": "kept",
        "lat": "kept",
        "device": "kept",
        "taken_at": "kept",
    }

    class From(models.TextChoices):
        """Where a moment or a position was read."""

        NOWHERE = ""
        CAMERA = "camera"
        GIVEN = "given"

    kind_key = models.CharField(max_length=10, choices=[(kind, kind) for kind in FileKind])
    sha256 = models.CharField(max_length=64)
    """Of what is kept."""
    source_sha256 = models.CharField(max_length=64)
    """Of what was sent: the same photo sent twice is told even after we re-encode differently."""
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    phash = models.CharField(max_length=16, blank=True)
    band1 = models.PositiveIntegerField(null=True)
    band2 = models.PositiveIntegerField(null=True)
    band3 = models.PositiveIntegerField(null=True)
    band4 = models.PositiveIntegerField(null=True)
    taken_at = models.DateTimeField(null=True)
    taken_from = models.CharField(max_length=6, choices=From.choices, blank=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    place_from = models.CharField(max_length=6, choices=From.choices, blank=True)
    device = models.CharField(max_length=80, blank=True)
    software = models.CharField(max_length=80, blank=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    thing_kind = models.CharField(max_length=40, blank=True)
    thing_id = models.CharField(max_length=40, blank=True)
    slot = models.CharField(max_length=30, blank=True)
    position = models.PositiveIntegerField(default=0)
    """Its place among the files of the slot."""
    attached_at = models.DateTimeField(null=True)
    attached_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    origin = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="copies")
    """The row this one was taken over from, where a file was shown for a second thing on purpose."""

    objects = StoredFileQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind_key__in=list(FileKind)), name="files_kind_known"),
            models.CheckConstraint(
                condition=Q(thing_kind="", thing_id="", slot="", attached_at__isnull=True)
                | (~Q(thing_kind="") & ~Q(thing_id="") & ~Q(slot="") & Q(attached_at__isnull=False)),
                name="files_attached_whole",
            ),
            models.CheckConstraint(
                condition=Q(phash="", band1__isnull=True) | (~Q(phash="") & Q(band1__isnull=False)),
                name="files_bands_paired",
            ),
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True) | Q(lon__range=(-180, 180), lat__range=(-90, 90)),
                name="files_position_whole",
            ),
            models.CheckConstraint(
                condition=Q(taken_from__in=["", "camera", "given"], place_from__in=["", "camera", "given"]),
                name="files_source_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["thing_kind", "thing_id", "slot", "id"], name="files_thing"),
            models.Index(fields=["sha256"], name="files_content"),
            models.Index(fields=["county_code", "source_sha256"], name="files_county_source"),
            models.Index(fields=["county_code", "band1"], name="files_county_band1"),
            models.Index(fields=["county_code", "band2"], name="files_county_band2"),
            models.Index(fields=["county_code", "band3"], name="files_county_band3"),
            models.Index(fields=["county_code", "band4"], name="files_county_band4"),
            models.Index(fields=["uploaded_by", "created_at"], name="files_uploader"),
            models.Index(fields=["created_at"], condition=Q(thing_id=""), name="files_loose"),
        ]

    def __str__(self) -> str:
        # Not the name: people put names and numbers of persons into it, and this goes into the audit trail.
        return f"{self.kind_key} {self.pk[-6:]}"

    @property
    def is_image(self) -> bool:
        return self.width is not None

    @property
    def attached(self) -> bool:
        return bool(self.thing_id)


class FileMetadata(models.Model):
    """What the camera wrote and what the client said, as it came; never served with the picture."""

    personal: ClassVar[Mapping[str, str]] = {"camera": "kept", "given": "kept"}

    file = models.OneToOneField(StoredFile, on_delete=models.CASCADE, primary_key=True, related_name="metadata")
    camera = models.JSONField(default=dict)
    given = models.JSONField(default=dict)


class EvidenceLimit(BaseModel):
    """A limit by which evidence is doubted, from ``since`` on. Changing one adds a row; old judgements keep theirs."""

    kind: ClassVar[str] = "evidence_limit"

    key = models.CharField(max_length=20)
    value = models.JSONField()
    unit = models.CharField(max_length=10, blank=True)
    since = models.DateTimeField()
    source = models.CharField(max_length=200)
    confidence = models.CharField(max_length=10)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["key", "since"], name="files_one_limit_at_a_time")]

    def __str__(self) -> str:
        return f"{self.key} {self.value} {self.unit}".strip()


class PaperQuerySet(BelongingQuerySet):
    read = Permission.HAZARD_READ

    def of_thing(self, kind: str, key: str) -> Q:
        return Q(pk__in=PaperThing.objects.filter(thing_kind=kind, thing_id=key).values("paper_id"))

    def valid(self) -> Self:
        return self.filter(void_at__isnull=True)


class Paper(BaseModel, Placeable):
    """A paper that was issued: its number, the facts it was made from, and the PDF that came of them.

    Nothing of it changes afterwards except that it can be declared void, once.
    """

    kind: ClassVar[str] = "paper"
    scope_columns: ClassVar[ScopeColumns] = ScopeColumns(organisations=ORGANISATIONS)
    personal: ClassVar[Mapping[str, str]] = {"unit": "kept", "data": "kept"}

    kind_key = models.CharField(max_length=40)
    number = models.CharField(max_length=80)
    title = models.CharField(max_length=80)
    unit = models.CharField(max_length=120, blank=True)
    """To whom or about whom it is; shown to strangers masked."""
    agency_name = models.CharField(max_length=120)
    agency_region = models.CharField(max_length=20)
    """Whose counter gave the number: two counties may share a short name, and each counts for itself."""
    short = models.CharField(max_length=10, blank=True)
    agency_word = models.CharField(max_length=10)
    word = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    n = models.PositiveIntegerField()
    thing_kind = models.CharField(max_length=40)
    thing_id = models.CharField(max_length=40)
    data = models.JSONField()
    """Everything the template read; ``papers.render`` makes the same bytes from it again."""
    data_sha256 = models.CharField(max_length=64)
    template_version = models.CharField(max_length=16)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="paper")
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveSmallIntegerField()
    pictures = models.PositiveSmallIntegerField(default=0)
    """How many page pictures were kept for the preview."""
    code = models.CharField(max_length=14, unique=True)
    exercise = models.BooleanField(default=False)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField()
    void_at = models.DateTimeField(null=True)
    void_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    void_reason = models.CharField(max_length=300, blank=True)

    objects = PaperQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(void_at__isnull=True, void_by__isnull=True, void_reason="")
                | (Q(void_at__isnull=False, void_by__isnull=False) & ~Q(void_reason="")),
                name="files_paper_void_whole",
            ),
            models.UniqueConstraint(fields=["agency_region", "number"], name="files_paper_number_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["county_code", "kind_key", "issued_at"], name="files_paper_county"),
        ]

    def __str__(self) -> str:
        return self.number


class PaperThing(models.Model):
    """Which things a paper is about: the one it was issued on, and others it names (an order lists many hazards)."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="things")
    thing_kind = models.CharField(max_length=40)
    thing_id = models.CharField(max_length=40)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["thing_kind", "thing_id", "paper"], name="files_paper_thing_once"),
        ]

"""Keeping files and tying them to things. What is tied is evidence: it is never untied, replaced or edited."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import may, require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.files import documents, images, rules, store
from anwang.ground.files.models import EvidenceLimit, FileMetadata, StoredFile
from anwang.ground.files.rules import FileKind
from anwang.kernel import clock, ids

log = structlog.get_logger(__name__)

UPLOADING = (
    Permission.HAZARD_REPORT,
    Permission.HAZARD_RECTIFY,
    Permission.HAZARD_VERIFY,
    Permission.INSPECTION_CONDUCT,
    Permission.INSPECTION_SELF,
    Permission.SITE_EDIT,
    Permission.PAPER_ISSUE,
    Permission.LEDGER_IMPORT,
)
"""Whoever writes anything that carries evidence may upload."""


class Upload(Protocol):
    """What Django and ninja hand over: a name and a stream."""

    name: str | None

    def read(self, num_bytes: int | None = None) -> Any: ...


_SLOT = re.compile(r"[a-z][a-z0-9_]{0,29}")
_DATA_URL = re.compile(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=\s]+)")


def upload(
    *,
    data: bytes,
    name: str,
    by: Any,
    now: datetime,
    lon: float | None = None,
    lat: float | None = None,
    taken_at: datetime | None = None,
    device: str = "",
    kind: str = FileKind.PHOTO,
    given: Mapping[str, Any] | None = None,
    id: str = "",  # noqa: A002 - the word of the table
) -> StoredFile:
    """Keep one file for ``by``, who alone sees it until it is attached; after 24 hours unattached it is dropped.

    Position (WGS-84) and moment are taken from the picture itself where the camera wrote them, from ``lon``, ``lat``
    and ``taken_at`` otherwise; either way it is noted which. ``given`` is whatever else the client said, kept apart.
    ``id`` is a ULID made by a phone: the same file sent again under it is the same row, not a second one.

    Call it outside of a transaction: a picture takes a moment, and nobody should wait for it behind a lock.
    Raises Refused("files.…") for a file that is too large, broken, of the wrong kind, hostile, or finds no room.
    """
    _permit_upload(by)
    sort = _sort(kind)
    if len(data) > settings.FILE_MAX_BYTES:
        raise Refused("files.too_large", limit=settings.FILE_MAX_BYTES // (1024 * 1024))
    source = store.digest(data)
    if id and (known := _sent_before(id, source, by)) is not None:
        return known
    media = documents.media_type(data)
    if sort in (FileKind.PHOTO, FileKind.SIGNATURE) and media not in documents.IMAGES:
        raise Refused("files.not_a_picture")
    file = StoredFile(
        id=id or new_id(),
        kind_key=sort,
        source_sha256=source,
        media_type=media,
        name=rules.plain_name(name, f"{sort}{documents.ENDINGS[media]}"),
        device=_short(device),
        uploaded_by=by,
        created_at=now,
    )
    metadata = FileMetadata(file=file, given=_kept(given, lon=lon, lat=lat, taken_at=taken_at, device=device))
    made: Mapping[str, bytes] = {}
    if media in documents.IMAGES:
        picture = images.prepare(data, kind=sort)
        data, made = picture.data, picture.made
        file.media_type, file.width, file.height = picture.media_type, picture.width, picture.height
        file.name = _renamed(file.name, picture.media_type)
        file.software = picture.camera.software
        file.device = picture.camera.device or file.device
        _remember_look(file, picture.phash)
        metadata.camera = dict(picture.camera.tags)
        if sort is not FileKind.SIGNATURE:
            _when_and_where(file, picture.camera, lon=lon, lat=lat, taken_at=taken_at)
    else:
        documents.check(data, media)
    file.size = len(data)
    file.sha256 = store.put(data, made)
    try:
        with transaction.atomic():
            file.save(force_insert=True)
            metadata.save(force_insert=True)
    except IntegrityError:  # the same upload twice at once
        if id and (known := _sent_before(id, source, by)) is not None:
            return known
        raise
    return file


@transaction.atomic
def attach(*, file_ids: Sequence[str], to: Any, slot: str, by: Any, now: datetime) -> list[StoredFile]:
    """Tie files to a thing, in the order given. Called by that thing's own service, which has asked for the rights.

    Each file must be ``by``'s own upload or already visible to them. It takes place, domain and organisation of
    ``to``, and so its readers. A file that already belongs to another thing stays there: this thing gets a row of
    its own that names where it came from. There is no way back: evidence stays. Again with the same ids changes nothing.

    Raises Refused("files.gone") for an id that is nobody's, not theirs, or was dropped.
    """
    if not _SLOT.fullmatch(slot):
        raise ValueError(f"not a slot: {slot!r}")
    wanted = list(dict.fromkeys(str(each) for each in file_ids))
    mine = Q(uploaded_by=by, thing_id="") | Q(pk__in=StoredFile.objects.visible_to(by).values("pk"))
    known = [key for key in wanted if ids.is_ulid(key)]
    rows = {file.pk: file for file in StoredFile.objects.select_for_update().filter(mine, pk__in=known)}
    if len(rows) != len(wanted):
        raise Refused("files.gone", field="photos")
    here = {file.pk: file for file in StoredFile.objects.filter(thing_kind=to.kind, thing_id=str(to.pk), slot=slot)}
    by_origin = {file.origin_id or file.pk: file for file in here.values()}
    attached: list[StoredFile] = []
    entries: list[audit.Entry] = []
    for key in wanted:
        file = rows[key]
        root = file.origin_id or file.pk
        if file.pk in here or root in by_origin:
            attached.append(here.get(file.pk) or by_origin[root])
            continue
        if file.attached:
            file = _taken_over(file)
        places = file.follow(to)
        file.thing_kind, file.thing_id, file.slot = to.kind, str(to.pk), slot
        file.position = 1 + max((known.position for known in here.values()), default=0)
        file.attached_at, file.attached_by = now, by
        if file._state.adding:  # noqa: SLF001
            file.save(force_insert=True)
        else:
            file.save(
                update_fields=[*places, "thing_kind", "thing_id", "slot", "position", "attached_at", "attached_by"]
            )
        attached.append(file)
        here[file.pk] = by_origin[root] = file
        facts = {"thing": to.kind, "thing_id": str(to.pk), "slot": slot, "sha256": file.sha256, "size": file.size}
        if file.origin_id:
            facts["origin"] = file.origin_id
        entries.append(audit.Entry("files.attached", file, facts))
    if entries:
        audit.record_many(entries, by=by, at=now)
    return attached


@transaction.atomic
def follow(*, thing: Any) -> int:
    """The thing has moved (another unit, another region): its files are now seen by those who see it. How many."""
    files = list(StoredFile.objects.select_for_update().filter(thing_kind=thing.kind, thing_id=str(thing.pk)))
    for file in files:
        file.save(update_fields=file.follow(thing))
    return len(files)


@transaction.atomic
def set_limit(*, key: str, value: Any, source: str, by: Any, now: datetime) -> EvidenceLimit:
    """Change a limit by which evidence is doubted, from now on. Earlier rows stay."""
    require(by, Permission.STANDARD_EDIT)
    try:
        limit = rules.Key(key)
    except ValueError as error:
        raise Refused("files.limit_unknown", name=key) from error
    before = EvidenceLimit.objects.select_for_update().filter(key=limit).order_by("-since").first()
    if limit is rules.Key.EDITORS:
        good = isinstance(value, list) and all(isinstance(name, str) and 2 <= len(name) <= 40 for name in value)
    else:
        ceiling = rules.MOST_ALIKE_BITS if limit is rules.Key.ALIKE_BITS else 1_000_000
        good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= ceiling
    if not good:
        raise Refused("files.limit_bad", name=key)
    row = EvidenceLimit.objects.create(
        key=limit,
        value=value,
        unit=before.unit if before else "",
        since=now,
        source=source[:200],
        confidence="local",
        set_by=by,
    )
    audit.record("files.limit_set", by=by, at=now, on=row, data={"key": str(limit), "value": value})
    return row


# --- what a page posts ------------------------------------------------------------------------------------------------


def photos_posted(
    *, files: Sequence[Upload], data: Mapping[str, Any], name: str, by: Any, now: datetime
) -> list[StoredFile]:
    """The pictures of ``{% photo_field NAME %}``: ``request.FILES.getlist(name)`` with the position and moments that
    came along in ``NAME_lng``, ``NAME_lat``, ``NAME_accuracy`` and ``NAME_taken`` (a JSON list, one per file).
    """
    try:
        moments = json.loads(data.get(f"{name}_taken") or "[]")
    except ValueError:
        moments = []
    moments = moments if isinstance(moments, list) else []
    place = rules.position(data.get(f"{name}_lng"), data.get(f"{name}_lat"))
    kept = []
    for at, file in enumerate(files):
        kept.append(
            upload(
                data=read_limited(file),
                name=file.name or "",
                by=by,
                now=now,
                lon=place[0] if place else None,
                lat=place[1] if place else None,
                taken_at=moment(moments[at]) if at < len(moments) else None,
                given={"accuracy": str(data.get(f"{name}_accuracy") or "")[:20]},
            )
        )
    return kept


def signature_posted(*, data: Mapping[str, Any], name: str, by: Any, now: datetime) -> StoredFile | None:
    """The drawing of ``{% signature_field NAME %}`` (a PNG data URL); None where nobody signed.

    Raises Refused("files.signature_blank") for an empty sheet.
    """
    said = str(data.get(name) or "")
    if not said:
        return None
    found = _DATA_URL.fullmatch(said)
    if found is None:
        raise Refused("files.broken_image", field=name)
    try:
        drawing = base64.b64decode(found[1], validate=False)
    except (binascii.Error, ValueError) as error:
        raise Refused("files.broken_image", field=name) from error
    return upload(data=drawing, name="signature.png", by=by, now=now, kind=FileKind.SIGNATURE)


def read_limited(file: Upload) -> bytes:
    """What was uploaded, never more than the limit and one byte (which ``upload`` then refuses)."""
    return bytes(file.read(settings.FILE_MAX_BYTES + 1))


def moment(said: Any) -> datetime | None:
    """A moment as clients write it: ISO 8601 (local time where it names no zone), or milliseconds since 1970."""
    try:
        if isinstance(said, int | float) and not isinstance(said, bool):
            found = datetime.fromtimestamp(said / 1000, tz=clock.ZONE)
        else:
            parsed = parse_datetime(str(said or "")[:40])
            if parsed is None:
                return None
            found = parsed if parsed.tzinfo else parsed.replace(tzinfo=clock.ZONE)
    except (ValueError, OverflowError, OSError):
        return None
    return found if 2010 <= found.year <= 2100 else None


# --- the sweep --------------------------------------------------------------------------------------------------------


def sweep(*, now: datetime, limit: int = 5000) -> int:
    """Drop what was uploaded and given up, and contents that no row names. Returns how many rows went."""
    edge = now - rules.ORPHAN_AFTER
    loose = StoredFile.objects.filter(thing_id="", created_at__lt=edge).order_by("created_at")[:limit]
    hashes = set()
    gone = 0
    for key, sha256 in loose.values_list("pk", "sha256"):
        # Asked again at the moment of deleting: somebody may have attached it just now.
        with transaction.atomic():
            if StoredFile.objects.select_for_update().filter(pk=key, thing_id="").exists():
                StoredFile.objects.filter(pk=key).delete()
                hashes.add(sha256)
                gone += 1
    # A thirty-second of the store each day: what a crash left between the disk and the database.
    first = (clock.local_date(now).toordinal() * 8) % 256
    for prefix in range(first, first + 8):
        hashes.update(store.strays(f"{prefix:02x}", older_than=edge))
    transaction.on_commit(lambda: _drop_unnamed(hashes, edge))
    if gone:
        log.info("files.swept", rows=gone)
    return gone


def _drop_unnamed(hashes: set[str], edge: datetime) -> None:
    ordered = sorted(hashes)
    for start in range(0, len(ordered), 500):
        batch = ordered[start : start + 500]
        named = set(StoredFile.objects.filter(sha256__in=batch).values_list("sha256", flat=True))
        for sha256 in batch:
            if sha256 not in named:
                store.drop(sha256, older_than=edge)


# --- inside upload ----------------------------------------------------------------------------------------------------


def _permit_upload(by: Any) -> None:
    if not any(may(by, permission) for permission in UPLOADING):
        raise Refused("accounts.not_permitted", permission="files.upload")


def _sort(kind: str) -> FileKind:
    try:
        sort = FileKind(kind)
    except ValueError as error:
        raise Refused("files.not_allowed", field="kind") from error
    if sort is FileKind.PAPER:  # papers are made here, never sent in
        raise Refused("files.not_allowed", field="kind")
    return sort


def _sent_before(key: str, source: str, by: Any) -> StoredFile | None:
    if not ids.is_ulid(key):
        raise Refused("files.id_bad", field="id")
    known: StoredFile | None = StoredFile.objects.filter(pk=key).first()
    if known is None:
        return None
    if known.uploaded_by_id != by.pk or known.source_sha256 != source:
        raise Refused("files.id_bad", field="id")
    return known


def _kept(given: Mapping[str, Any] | None, **named: Any) -> dict[str, Any]:
    said = {**(given or {}), **{name: value for name, value in named.items() if value not in (None, "")}}
    return {
        name: _short(value.isoformat() if isinstance(value, datetime) else str(value), 200)
        for name, value in said.items()
    }


def _short(words: str, most: int = 80) -> str:
    return "".join(sign for sign in words if sign.isprintable()).strip()[:most]


def _renamed(name: str, media: str) -> str:
    """The ending tells the truth: a PNG that became a JPEG is called one."""
    ending = documents.ENDINGS[media]
    stem, dot, old = name.rpartition(".")
    if dot and old.lower() in {"jpg", "jpeg"} and ending == ".jpg":
        return name
    return f"{stem if dot and len(old) <= 5 else name}"[: rules.NAME_CHARS - len(ending)] + ending


def _remember_look(file: StoredFile, phash: str) -> None:
    if phash:
        file.phash = phash
        file.band1, file.band2, file.band3, file.band4 = rules.bands(phash)


def _when_and_where(
    file: StoredFile, camera: images.Camera, *, lon: float | None, lat: float | None, taken_at: datetime | None
) -> None:
    place = rules.position(lon, lat)
    if camera.lon is not None:
        file.lon, file.lat, file.place_from = camera.lon, camera.lat, StoredFile.From.CAMERA
    elif place is not None:
        file.lon, file.lat = place
        file.place_from = StoredFile.From.GIVEN
    if camera.taken_at is not None:
        file.taken_at, file.taken_from = camera.taken_at, StoredFile.From.CAMERA
    elif taken_at is not None:
        file.taken_at = taken_at if timezone.is_aware(taken_at) else taken_at.replace(tzinfo=clock.ZONE)
        file.taken_from = StoredFile.From.GIVEN


def _taken_over(file: StoredFile) -> StoredFile:
    """A row of its own for a second thing, with the same content."""
    origin = file.origin_id or file.pk
    copy: StoredFile = StoredFile.objects.get(pk=file.pk)
    copy.pk = new_id()
    copy.origin_id = origin
    copy._state.adding = True  # noqa: SLF001
    return copy

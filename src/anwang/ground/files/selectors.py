"""Reading files: those of a thing, and what about them should make a person look twice."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from anwang.ground.base.parts import Photo
from anwang.ground.files import labels, rules
from anwang.ground.files.models import EvidenceLimit, Paper, StoredFile
from anwang.ground.files.rules import Doubt, Facts, Finding, Key, Limit
from anwang.kernel import ids


@dataclass(frozen=True, slots=True)
class Flag:
    """A doubt about one file, for a person to judge. ``str(flag)`` is the sentence.

    ``other`` is the file it is compared with, None where there is none or the viewer may not see it.
    """

    key: Doubt
    other: StoredFile | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return labels.doubt(self.key, self.params)


def for_thing(thing: Any, slot: str | None = None) -> "QuerySet[StoredFile]":
    """The files of a thing, slot by slot in the order they came. The caller has decided that the thing may be seen."""
    files = StoredFile.objects.filter(thing_kind=thing.kind, thing_id=str(thing.pk)).order_by("slot", "position", "id")
    return files.filter(slot=slot) if slot is not None else files


def for_things(kind: str, things: Iterable[str], slot: str | None = None) -> dict[str, list[StoredFile]]:
    """The same for a page of things, in one query."""
    keys = [str(key) for key in things]
    files = StoredFile.objects.filter(thing_kind=kind, thing_id__in=keys).order_by("slot", "position", "id")
    found: dict[str, list[StoredFile]] = {key: [] for key in keys}
    for file in files.filter(slot=slot) if slot is not None else files:
        found[file.thing_id].append(file)
    return found


def file_for(user: Any, key: str) -> StoredFile | None:
    """The file with this id if ``user`` may see it; an id that is none is a file that is none."""
    if not ids.is_ulid(key):
        return None
    found: StoredFile | None = StoredFile.objects.visible_to(user).filter(pk=key).first()
    return found


def limits(at: datetime) -> dict[Key, Limit]:
    """The limits in force at a moment."""
    found: dict[Key, Limit] = {}
    for row in EvidenceLimit.objects.filter(since__lte=at).order_by("since"):
        if row.key in set(Key):
            found[Key(row.key)] = Limit(row.value, row.pk)
    return found


def flags(
    file: StoredFile,
    *,
    site_lon: float | None,
    site_lat: float | None,
    not_before: datetime | None,
    family: Iterable[Any] = (),
    viewer: Any = None,
    known: Mapping[Key, Limit] | None = None,
) -> list[Flag]:
    """What is strange about a photo; nothing about documents and signatures.

    ``site_lon``, ``site_lat``: where it should show (WGS-84); ``not_before``: the order it answers. ``family`` are
    things that share pictures on purpose (the inspection a hazard was found in). The whole county is searched for the
    same picture whoever looks; ``viewer`` decides only whether the other picture may be shown, without it it may not.
    ``known``: limits read before, for a page of many.
    """
    if file.kind_key != rules.FileKind.PHOTO:
        return []
    known = known or limits(file.attached_at or file.created_at)
    facts = Facts(
        lon=file.lon,
        lat=file.lat,
        taken_at=file.taken_at,
        kept_at=file.created_at,
        software=file.software,
        site_lon=site_lon,
        site_lat=site_lat,
        not_before=not_before,
    )
    found = [Flag(one.doubt, None, one.params) for one in rules.doubts(facts, known)]
    again = _reused(file, family, known.get(Key.ALIKE_BITS, Limit(0)), viewer)
    return [again, *found] if again else found


def _reused(file: StoredFile, family: Iterable[Any], alike: Limit, viewer: Any) -> Flag | None:
    """The nearest other use of the same picture: another thing, or another slot of the same one (before as after)."""
    bits = int(alike.value)
    same = Q(source_sha256=file.source_sha256) | Q(sha256=file.sha256)
    if file.phash and bits > 0:
        for name, band in zip(("band1", "band2", "band3", "band4"), rules.bands(file.phash), strict=True):
            same |= Q(**{f"{name}__in": rules.near(band, 1 if bits >= rules.BANDS else 0)})
    others = (
        StoredFile.objects.filter(same, county_code=file.county_code, kind_key=rules.FileKind.PHOTO)
        .exclude(thing_id="")
        .exclude(pk=file.pk)
    )
    for thing in family:
        others = others.exclude(thing_kind=thing.kind, thing_id=str(thing.pk))
    if file.attached:
        others = others.exclude(thing_kind=file.thing_kind, thing_id=file.thing_id, slot=file.slot)
    best: tuple[int, StoredFile] | None = None
    for other in others.order_by("created_at", "id")[:500]:
        exact = file.source_sha256 == other.source_sha256 or file.sha256 == other.sha256
        if exact:
            apart = -1  # before any that merely looks the same
        elif file.phash and other.phash:
            apart = rules.hamming(file.phash, other.phash)
        else:
            continue
        if apart <= bits and (best is None or apart < best[0]):
            best = (apart, other)
    if best is None:
        return None
    apart, other = best
    here = (other.thing_kind, other.thing_id) == (file.thing_kind, file.thing_id)
    seen = viewer is not None and StoredFile.objects.visible_to(viewer).filter(pk=other.pk).exists()
    params = {"when": other.taken_at or other.created_at, "here": here, "bits": max(0, apart), "rule": alike.id}
    return Flag(Doubt.REUSED, other if seen else None, params)


def shown(
    files: Iterable[StoredFile],
    *,
    site_lon: float | None = None,
    site_lat: float | None = None,
    not_before: datetime | None = None,
    family: Iterable[Any] = (),
    viewer: Any = None,
    doubt: bool = True,
    address: Callable[[StoredFile, int | None], str] | None = None,
) -> list[Photo]:
    """The pictures among ``files`` as the page draws them (``base.parts.Photo``), with their doubts in words.

    ``doubt=False`` leaves the doubts out (for the one who sends the evidence: they are for who judges it).
    ``address`` gives the addresses where it is not ``/files/…`` (the page behind a signed link serves its own).
    """
    pictures = [file for file in files if file.is_image]
    kept = tuple(family)
    photos = []
    at = address or url
    for file in pictures:
        found = (
            flags(file, site_lon=site_lon, site_lat=site_lat, not_before=not_before, family=kept, viewer=viewer)
            if doubt
            else []
        )
        other = next((flag.other for flag in found if flag.other is not None), None)
        photos.append(
            Photo(
                thumb=at(file, rules.SIZES[0]),
                full=at(file, None),
                twin=reverse("files:beside", args=[file.pk, other.pk]) if other else "",
                taken_at=file.taken_at,
                place=labels.place(file.lon, file.lat),
                flags=[str(flag) for flag in found],
            )
        )
    return photos


def url(file: StoredFile, size: int | None = None) -> str:
    """Where it is served: the whole of it, or a picture of one of ``rules.SIZES``."""
    if size is None:
        return reverse("files:whole", args=[file.pk])
    return reverse("files:picture", args=[file.pk, size])


def finding_words(found: Finding) -> str:
    return labels.doubt(found.doubt, found.params)


# --- papers -----------------------------------------------------------------------------------------------------------


def papers_for(thing: Any, kind: str | None = None) -> "QuerySet[Paper]":
    """The papers about a thing, newest first. The caller has decided that the thing may be seen."""
    papers = Paper.objects.filter(Paper.objects.of_thing(thing.kind, str(thing.pk))).order_by("-issued_at", "-id")
    return papers.filter(kind_key=kind) if kind is not None else papers


def paper_for(user: Any, key: str) -> Paper | None:
    """The paper with this id if ``user`` may see it."""
    if not ids.is_ulid(key):
        return None
    found: Paper | None = Paper.objects.visible_to(user).select_related("file").filter(pk=key).first()
    return found


def paper_url(paper: Paper) -> str:
    """Where its PDF is read."""
    return reverse("files:paper_pdf", args=[paper.pk])


def by_code(code: str) -> Paper | None:
    """The paper with this code for checking, typed with or without dashes, in either case. For anybody."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum()).translate(str.maketrans("OIL", "011"))
    if len(plain) != 12:
        return None
    return Paper.objects.filter(code="-".join(plain[at : at + 4] for at in (0, 4, 8))).first()

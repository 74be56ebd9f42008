"""Writes: loading what ships, and an office's own editions. No row is ever changed; another version follows it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import IO, Any

import yaml
from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base import sheets
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.kernel import clock
from anwang.registers.standards import rules, selectors
from anwang.registers.standards.labels import SHEET_COLUMNS
from anwang.registers.standards.models import Library, LibraryVersion, Source, Standard
from anwang.registers.standards.rules import Confidence, Content, Edition, Severity, Type

FOLDER = Path(__file__).parent / "library"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where libyaml is there
ADDABLE = (Type.INSTRUMENT, Type.CLAUSE, Type.CRITERION)
"""What an office may add. Deadlines, rungs, limits and scales are known to the code by name: they are revised."""


# --- what ships ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Loaded:
    """What loading did: libraries that were new or newer, and the rows written for them."""

    libraries: int = 0
    rows: int = 0
    unchanged: int = 0


@transaction.atomic
def load_libraries(*, now: datetime, folder: Path = FOLDER) -> Loaded:
    """Write the versions of the shipped libraries that are not stored yet. Safe to call at every start.

    Raises rules.LibraryError where a file says something else under a version that was loaded before: a judgement may
    stand on it, so another text needs another version.
    """
    done = Loaded()
    paths = sorted(folder.glob("*.yaml"))
    sources, libraries = _files(tuple((path, path.stat().st_mtime_ns) for path in paths))
    stored = {(each.key, each.version): each.digest for each in LibraryVersion.objects.all()}
    fresh = []
    for library, digest in libraries:
        if (known := stored.get((library.key, library.version))) is None:
            fresh.append(library)
        elif known != digest:
            raise rules.LibraryError(library.key, f"was changed without a new version (still {library.version})")
        else:
            done.unchanged += 1
    if not fresh:
        return done
    for source in sources:
        Source.objects.update_or_create(
            key=source.key, defaults={"title_zh": source.zh, "title_en": source.en, "address": source.address}
        )
    for library in fresh:
        done.rows += _load(library, now=now)
        done.libraries += 1
    Library.touch()
    return done


def _load(library: rules.Library, *, now: datetime) -> int:
    version = LibraryVersion.objects.create(
        key=library.key,
        version=library.version,
        type=library.type,
        title_zh=library.title_zh,
        title_en=library.title_en,
        note_zh=library.note_zh,
        note_en=library.note_en,
        instrument=library.instrument,
        complete=library.complete,
        expected=library.expected,
        row_count=len(library.rows),
        digest=library.digest(),
        loaded_at=now,
    )
    stored: dict[tuple[str, int | None], str] = {}
    newest: dict[str, int] = {}
    urns = [spec.urn for spec in library.rows]
    for row in Standard.objects.filter(urn__in=urns).only("urn", "version", "library_version", "digest"):
        stored[row.urn, row.library_version] = row.digest
        newest[row.urn] = max(newest.get(row.urn, 0), row.version)
    fresh = []
    for position, spec in enumerate(library.rows, start=1):
        if (known := stored.get((spec.urn, spec.version))) is not None:
            if known != spec.content.digest():
                raise rules.LibraryError(
                    f"{library.key} {spec.urn}", f"was changed without a new version (still {spec.version})"
                )
            continue
        fresh.append(
            Standard.of(
                spec.content,
                urn=spec.urn,
                version=newest.get(spec.urn, 0) + 1,
                edition=Edition.LIBRARY,
                library=version,
                library_version=spec.version,
                position=position,
                made_at=now,
            )
        )
    Standard.objects.bulk_create(fresh)
    audit.record(
        "standards.library_loaded",
        on=version,
        by=None,
        at=now,
        data={"library": library.key, "version": library.version, "rows": len(fresh), "digest": version.digest},
    )
    return len(fresh)


@cache
def _files(paths: tuple[tuple[Path, int], ...]) -> tuple[list[rules.Source], list[tuple[rules.Library, str]]]:
    """The files as read, with each library's digest; the moment of change makes a changed file another one."""
    read: dict[str, Any] = {}
    for path, _changed in paths:
        with path.open(encoding="utf-8") as file:
            read[path.name] = yaml.load(file, Loader=_LOADER)  # noqa: S506 - a safe loader either way
    sources = rules.read_sources(read.pop("sources.yaml"))
    known = [source.key for source in sources]
    libraries = [rules.read_library(data, sources=known) for data in read.values()]
    return sources, [(library, library.digest()) for library in libraries]


def _next_version(urn: str) -> int:
    newest = Standard.objects.filter(urn=urn).order_by("-version").values_list("version", flat=True).first()
    return (newest or 0) + 1


# --- an office's own editions -------------------------------------------------------------------------------------


@transaction.atomic
def add(*, content: Content, by: User, now: datetime, id: str = "", reason: str = "") -> Standard:  # noqa: A002
    """Enter a row of our own: an instrument, a clause, or a criterion whose text was missing.

    The urn is made from the instrument, article and item. ``id``: made by the form, so that sending twice makes one.
    Raises Refused("standards.urn_taken") and those of the fields.
    """
    require(by, Permission.STANDARD_EDIT)
    if id and (same := Standard.objects.visible_to(by).filter(pk=id).first()):
        return same
    if content.type not in ADDABLE:
        raise Refused("standards.type_not_addable", field="type")
    _check(content)
    urn = _urn(content)
    if taken := selectors.newest(urn):
        raise Refused("standards.urn_taken", field="article", title=taken.title())
    standard = _write(content, urn=urn, by=by, now=now, id=id, reason=reason)
    audit.record("standards.added", on=standard, by=by, at=now, data={"urn": urn, "version": standard.version})
    return standard


@transaction.atomic
def revise(
    *,
    urn: str,
    changes: Mapping[str, Any],
    reason: str,
    by: User,
    now: datetime,
    id: str = "",  # noqa: A002 - the row's own name
) -> Standard:
    """Write the next version of a row. What was judged by earlier ones stays judged by them.

    A change without ``effective_from`` holds from today, so that earlier events keep their version. Raises
    Refused("standards.not_editable"), ("…reason_missing"), ("…nothing_changed") and those of the fields.
    """
    require(by, Permission.STANDARD_EDIT)
    if id and (same := Standard.objects.visible_to(by).filter(pk=id).first()):
        return same
    _lock(urn)
    present = selectors.newest(urn)
    if present is None:
        raise Refused("standards.unknown", urn=urn)
    before = present.content()
    content = replace(before, **changes)
    if refused := rules.revise_refused(
        rules.EditFacts(present.edition, present.editable, reason, same=content == before)
    ):
        raise Refused(refused, field="reason" if refused == "standards.reason_missing" else "")
    if "effective_from" not in changes:
        content = replace(content, effective_from=clock.local_date(now))
    _check(content)
    standard = _write(content, urn=urn, by=by, now=now, id=id, reason=reason, position=present.position)
    audit.record(
        "standards.revised",
        on=standard,
        by=by,
        at=now,
        data={
            "urn": urn,
            "version": standard.version,
            "before": present.version,
            "fields": list(rules.changed(before, content)),
            "reason": reason.strip(),
        },
    )
    return standard


@transaction.atomic
def withdraw(*, row_id: str, reason: str, by: User, now: datetime) -> Standard:
    """Take one of our own versions back; the version before it holds again. Judgements keep the withdrawn row."""
    require(by, Permission.STANDARD_EDIT)
    standard = Standard.objects.visible_to(by).select_for_update().get(pk=row_id)
    if standard.edition != Edition.LOCAL:
        raise Refused("standards.not_local")
    if standard.withdrawn_at is not None:
        raise Refused("standards.already_withdrawn")
    if not reason.strip():
        raise Refused("standards.reason_missing", field="reason")
    standard.withdrawn_at, standard.withdrawn_by, standard.withdraw_reason = now, by, reason.strip()
    standard.save(update_fields=["withdrawn_at", "withdrawn_by", "withdraw_reason"])
    Library.touch()
    audit.record(
        "standards.withdrawn",
        on=standard,
        by=by,
        at=now,
        data={"urn": standard.urn, "version": standard.version, "reason": reason.strip()},
    )
    return standard


def _write(
    content: Content,
    *,
    urn: str,
    by: User,
    now: datetime,
    id: str,  # noqa: A002 - the row's own name
    reason: str,
    position: int = 0,
) -> Standard:
    standard = Standard.of(
        content,
        id=id or new_id(),
        urn=urn,
        version=_next_version(urn),
        edition=Edition.LOCAL,
        position=position or Standard.objects.filter(type=content.type, instrument=content.instrument).count() + 1,
        made_at=now,
        made_by=by,
        reason=reason.strip(),
    )
    standard.save(force_insert=True)
    Library.touch()
    return standard


def _lock(urn: str) -> None:
    """Two offices revising one row wait for each other."""
    list(Standard.objects.select_for_update().filter(urn=urn).values_list("pk", flat=True))


def _check(content: Content) -> None:
    if wrong := rules.problem(content):
        raise Refused(wrong.key, field=wrong.field)
    for domain in content.domains:
        if domain != rules.ANY and domain not in Domain.values:
            raise Refused("standards.domain_unknown", field="domains", domain=domain)
    if content.source and not Source.objects.filter(pk=content.source).exists():
        raise Refused("standards.word_unknown", field="source")
    if content.instrument and selectors.newest(content.instrument) is None:
        raise Refused("standards.instrument_unknown", field="instrument", urn=content.instrument)


def _urn(content: Content) -> str:
    if content.type == Type.INSTRUMENT:
        return f"local:{rules.item_number(content.number) or new_id()}"[:120]
    parts = [rules.item_number(part) for part in (content.article, content.item)]
    tail = ".".join(filter(None, parts)) or new_id()
    return f"{content.instrument or 'local'}:{tail}"[:120]


# --- a missing text from a sheet ----------------------------------------------------------------------------------


@dataclass(slots=True)
class Imported:
    """What an import did or, on a dry run, would do. ``rejected``: row number as Excel counts, and why."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


@transaction.atomic
def import_criteria(
    *, instrument: str, file: bytes, name: str, by: User, now: datetime, reason: str, dry_run: bool = False
) -> Imported:
    """Enter the items of an instrument from a sheet: new ones are added, changed ones get another version.

    Columns are found by their names (:data:`labels.SHEET_COLUMNS`). A row that cannot be taken is named with its
    reason; the others go in. Raises Refused for a file that is none, or without a header.
    """
    require(by, Permission.STANDARD_EDIT)
    head = selectors.newest(instrument)
    if head is None or head.type != Type.INSTRUMENT:
        raise Refused("standards.instrument_unknown", urn=instrument)
    done = Imported()
    with sheets.read(file, name=name) as book:
        sheet = book.first
        header = sheets.find_header(sheet.head(), SHEET_COLUMNS)
        if header is None or header.missing(["article", "title_zh"]):
            raise Refused("standards.sheet_no_header", field="file")
        columns = {name: column for column, name in header.columns.items()}
        for line in sheet.rows():
            if line.number <= header.row or sheets.blank(line) or sheets.is_footer(line):
                continue
            done.rows += 1
            said = {name: sheets.text(line.get(column)) for name, column in columns.items()}
            try:
                _take(_from_sheet(said, head), by=by, now=now, reason=reason, dry_run=dry_run, done=done)
            except Refused as refused:
                done.rejected.append((line.number, str(refused)))
    if not dry_run:
        audit.record(
            "standards.imported",
            on=head,
            by=by,
            at=now,
            data={"urn": instrument, "created": done.created, "updated": done.updated, "rejected": len(done.rejected)},
        )
    return done


def _take(content: Content, *, by: User, now: datetime, reason: str, dry_run: bool, done: Imported) -> None:
    _check(content)
    present = selectors.at_place(content.instrument, content.article, content.item)
    urn = present.urn if present else _urn(content)
    if present is None:
        done.created += 1
        if not dry_run:
            _write(content, urn=urn, by=by, now=now, id="", reason=reason)
        return
    before = present.content()
    # What the sheet does not speak of stays as it was.
    merged = replace(
        content, note_zh=before.note_zh, note_en=before.note_en, data=before.data, expected=before.expected
    )
    if not rules.changed(replace(before, source="", confidence=""), replace(merged, source="", confidence="")):
        done.unchanged += 1
        return
    if present.edition == Edition.LIBRARY and not present.editable:
        raise Refused("standards.not_editable")
    done.updated += 1
    if not dry_run:
        _write(merged, urn=urn, by=by, now=now, id="", reason=reason, position=present.position)


def _from_sheet(said: Mapping[str, str], instrument: Standard) -> Content:
    article = rules.item_number(said.get("article", ""))
    return Content(
        type=Type.CRITERION,
        title_zh=said.get("title_zh", ""),
        title_en=said.get("title_en", ""),
        gist_zh=said.get("gist_zh", ""),
        instrument=instrument.urn,
        article=article,
        item=rules.item_number(said.get("item", "")),
        domains=_domains(said.get("domains", "")) or tuple(instrument.domains),
        severity=Severity.ELEMENT if "综合" in said.get("severity", "") else Severity.MAJOR,
        match=tuple(line for line in said.get("match", "").replace("；", ";").split(";") if line.strip()),
        effective_from=_day(said.get("effective_from", ""), "effective_from") or instrument.effective_from,
        effective_to=_day(said.get("effective_to", ""), "effective_to") or instrument.effective_to,
        source=instrument.source,
        confidence=Confidence.HIGH,
        editable=True,
    )


def _domains(text: str) -> tuple[str, ...]:
    by_word = {str(word): code for code, word in Domain.choices}
    found = []
    for word in text.replace(",", "、").replace("，", "、").split("、"):
        if plain := word.strip():
            if plain not in Domain.values and plain not in by_word:
                raise Refused("standards.domain_unknown", field="domains", domain=plain)
            found.append(by_word.get(plain, plain))
    return tuple(found)


def _day(text: str, name: str) -> date | None:
    try:
        return clock.parse_cn_date(text)
    except ValueError as error:
        raise Refused("base.bad_date", field=name) from error


def export_criteria(rows: Sequence[Standard], *, to: IO[bytes], title: str) -> int:
    """The rows as a sheet that :func:`import_criteria` takes back."""
    names = dict(Domain.choices)

    def said(row: Standard, name: str) -> Any:
        match name:
            case "domains":
                return "、".join(str(names.get(each, each)) for each in row.domains if each != rules.ANY)
            case "match":
                return ";".join(row.match)
            case "severity":
                return "综合" if row.severity == Severity.ELEMENT else "直接"
            case _:
                return getattr(row, name)

    def cell(name: str) -> Callable[[Any], Any]:
        return lambda row: said(row, name)

    columns = [
        sheets.Column(
            titles[0],
            cell(name),
            kind="date" if name.startswith("effective") else "text",
            width=48 if name in {"title_zh", "gist_zh", "match"} else None,
        )
        for name, titles in SHEET_COLUMNS.items()
    ]
    return sheets.write(rows, columns, to=to, title=title)

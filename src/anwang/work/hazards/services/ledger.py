"""Old ledgers in, the present one out.

A file is read as it came. Every row ends in one of: created, updated, unchanged, or rejected with its reason; rows in
= rows out. Everything is one transaction: a file that breaks in the middle has changed nothing. The same file again
finds its rows by a key made of place, day and words, and doubles nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base import sheets
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence as Numbers
from anwang.ground.base.models import new_id
from anwang.ground.files import services as files
from anwang.ground.files import store
from anwang.ground.jobs import services as jobs
from anwang.ground.regions.models import COLUMNS, Region
from anwang.kernel import clock, ids
from anwang.registers.sites import selectors as sites_of
from anwang.registers.sites import services as sites
from anwang.registers.sites.models import Site
from anwang.work.hazards import labels, reading, rules, selectors
from anwang.work.hazards.models import Hazard, HazardMove, ImportMapping, LedgerImport, Overdue
from anwang.work.hazards.reading import Entry, Field, Problem
from anwang.work.hazards.rules import Grade, State
from anwang.work.hazards.services import counts, timers

BATCH = 1000
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not taken: its number as Excel counts, the title of the column at fault, why in words."""

    row: int
    column: str
    reason: str
    key: str

    def as_json(self) -> dict[str, Any]:
        return {"row": self.row, "column": self.column, "reason": self.reason, "key": self.key}


@dataclass(slots=True)
class Result:
    """What became of a file. ``rows`` = created + updated + unchanged + distinct rejected rows."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    """Subtotals and footers: no data, so not counted among the rows."""
    sites_created: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    header_row: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "rejected": [row.as_json() for row in self.rejected],
            "skipped": self.skipped,
            "sites_created": self.sites_created,
            "header_row": self.header_row,
            "columns": self.columns,
            "unknown_columns": self.unknown,
        }

    def reasons(self) -> dict[int, str]:
        """Row number → all its reasons, for the file that goes back."""
        found: dict[int, list[str]] = {}
        for row in self.rejected:
            found.setdefault(row.row, []).append(f"{row.column}：{row.reason}" if row.column else row.reason)
        return {row: "；".join(words) for row, words in found.items()}


@dataclass(slots=True)
class _Line:
    number: int
    entry: Entry
    site: Site | None = None
    key: str = ""


def header_key(titles: Mapping[int, str]) -> str:
    """Names a header by its words, so that a mapping made by hand once is found again."""
    words = "|".join(f"{column}:{title}" for column, title in sorted(titles.items()))
    return hashlib.sha256(words.encode()).hexdigest()


def open_table(book: sheets.Workbook) -> tuple[sheets.Sheet, sheets.Header]:
    """The first sheet with a header we can read. Refused("ledger.no_header") when none has one."""
    for sheet in book.sheets:
        if not sheet.visible:
            continue
        head = sheet.head(40)
        header = sheets.find_header(head, _names(head))
        if header is not None:
            return sheet, header
    raise Refused("ledger.no_header")


def _names(head: Sequence[sheets.Row]) -> dict[str, list[str]]:
    """What columns are called: the names offices use, and those of our own export.

    English names count only in an English export: short English words are too much like one another.
    """
    english = any("What is wrong" in row.cells for row in head)
    found: dict[str, list[str]] = {str(name): [] if english else list(known) for name, known in reading.KNOWN.items()}
    for language in ("en", "zh-hans") if english else ("zh-hans",):
        with translation.override(language):
            for name, words in labels.LEDGER_FIELDS.items():
                if language == "en" or not str(words).isascii():
                    found[str(name)].append(str(words))
    return found


def mapping_for(header: sheets.Header, county: str, given: Mapping[int, str] | None = None) -> dict[int, str]:
    """Column → field: what was given now, else what was remembered for this header, else what the names say."""
    if given is not None:
        return {int(column): name for column, name in given.items() if name}
    kept = ImportMapping.objects.filter(county_code=county, header_key=header_key(header.titles)).first()
    if kept is not None:
        return {int(column): name for column, name in kept.columns.items()}
    return {column: str(name) for column, name in header.columns.items()}


def remember(header: sheets.Header, county: str, columns: Mapping[int, str], *, now: datetime) -> None:
    ImportMapping.objects.update_or_create(
        county_code=county,
        header_key=header_key(header.titles),
        defaults={"columns": {str(column): name for column, name in columns.items()}, "updated_at": now},
    )


def rows_of(
    sheet: sheets.Sheet, header: sheets.Header, columns: Mapping[int, str], *, today: date, result: Result
) -> Iterator[tuple[int, Entry | list[Problem]]]:
    """Every data row under the header, read. Subtotals and what stands under the table are counted as skipped."""
    for row in sheet.rows():
        if row.number <= header.row or sheets.blank(row):
            continue
        if sheets.is_subtotal(row) or sheets.is_footer(row):
            result.skipped += 1
            continue
        cells = {name: row.get(column) for column, name in columns.items()}
        if not any(sheets.text(value) for value in cells.values()):
            result.skipped += 1
            continue
        words = {name: sheets.text(value) for name, value in cells.items()}
        yield row.number, reading.read_row(cells, words=words, today=today)


def import_ledger(
    *,
    file: bytes | Path,
    name: str,
    region_code: str,
    by: User,
    now: datetime,
    create_sites: bool = False,
    dry_run: bool = False,
    columns: Mapping[int, str] | None = None,
    progress: Progress | None = None,
) -> Result:
    """Enter an office's Excel. ``region_code`` is the county or town it is for; its sites are looked for there.

    Sites that are not on file are made only with ``create_sites``. ``columns`` (column from 0 → field) overrides what
    the header says and is remembered. A ``dry_run`` does everything and keeps nothing.
    """
    region = _region(region_code, by)
    result = Result()
    with sheets.read(file, name=name) as book, transaction.atomic():
        sheet, header = open_table(book)
        fields = mapping_for(header, region.county_code, columns)
        _check_columns(fields)
        if columns is not None:
            remember(header, region.county_code, fields, now=now)
        result.header_row = header.row
        result.columns = {header.titles.get(column, str(column + 1)): name for column, name in fields.items()}
        result.unknown = [header.titles[column] for column in header.unknown if column not in fields]
        _Import(region, by, now, fields, header, result, create_sites=create_sites).run(sheet, progress)
        audit.record("hazards.ledger_imported", on=region, by=by, at=now, data=_summary(result, name))
        transaction.set_rollback(dry_run)
    return result


def _summary(result: Result, name: str) -> dict[str, Any]:
    return {
        "file": name[:120],
        "rows": result.rows,
        "created": result.created,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "rejected": len(result.reasons()),
    }


def _region(code: str, by: User) -> Region:
    """The region, if it is one whose ledger this person may fill. One of another county does not exist."""
    region = Region.objects.filter(code=code, level__in=("county", "town")).first()
    if region is None:
        raise Refused("ledger.region_unknown", code=code)
    try:
        require(by, Permission.LEDGER_IMPORT, on=region)
    except Refused as refused:
        raise Refused("ledger.region_unknown", code=code) from refused
    return region


def _within(region: Region) -> dict[str, str]:
    return {COLUMNS[region.level]: region.code}


def _check_columns(fields: Mapping[int, str]) -> None:
    taken = list(fields.values())
    if missing := [name for name in reading.REQUIRED if name not in taken]:
        raise Refused("ledger.columns_missing", missing=_fields(missing))
    if doubled := [name for name, n in Counter(taken).items() if n > 1]:
        raise Refused("ledger.columns_doubled", doubled=_fields(doubled))


def _fields(names: Iterable[str]) -> str:
    return "、".join(str(labels.LEDGER_FIELDS[Field(name)]) for name in names)


class _Import:
    """One run over one file. Holds what is looked up once: sites by name, towns, the rule rows of the day."""

    def __init__(
        self,
        region: Region,
        by: User,
        now: datetime,
        fields: Mapping[int, str],
        header: sheets.Header,
        result: Result,
        *,
        create_sites: bool,
    ) -> None:
        self.region, self.by, self.now, self.result, self.create_sites = region, by, now, result, create_sites
        self.fields, self.header = fields, header
        self.today = clock.local_date(now)
        self.titles = {name: header.titles.get(column, str(column + 1)) for column, name in fields.items()}
        self.limits = selectors.limits(self.today)
        self.ladder = selectors.ladder(self.today)
        self.towns = list(Region.objects.current().within(region).filter(level="town"))
        self.matcher = sites_of.Matcher(region.county_code, Site.objects.current().filter(**_within(region)))
        self.seen: dict[str, int] = {}

    def run(self, sheet: sheets.Sheet, progress: Progress | None) -> None:
        batch: list[_Line] = []
        total = max(sheet.height - self.header.row, 1)
        for number, read in rows_of(sheet, self.header, self.fields, today=self.today, result=self.result):
            self.result.rows += 1
            if isinstance(read, list):
                self._reject(number, read)
            else:
                batch.append(_Line(number, read))
            if len(batch) >= BATCH:
                self._take(batch)
                batch = []
            if progress and self.result.rows % BATCH == 0:
                progress(min(self.result.rows, total), total)
        self._take(batch)
        if progress:
            progress(total, total)

    # --- one batch --------------------------------------------------------------------------------------------

    @audit.gathered()
    def _take(self, lines: list[_Line]) -> None:
        self._find_sites(lines)
        found = [line for line in lines if self._has_site(line) and self._first_of_its_kind(line)]
        known = self._known(found)
        new = []
        for line in found:
            earlier = known.get(line.key)
            if earlier is None:
                new.append(line)
            else:
                self._again(line, earlier)
        self._create(new)

    def _has_site(self, line: _Line) -> bool:
        if line.site is None:
            return False
        line.key = line.entry.key(self.region.county_code, line.site.pk)
        return True

    def _first_of_its_kind(self, line: _Line) -> bool:
        first = self.seen.setdefault(line.key, line.number)
        if first == line.number:
            return True
        self._reject(line.number, [Problem(Field.DESCRIPTION, "ledger.same_as_row", str(first))])
        return False

    def _known(self, lines: list[_Line]) -> dict[str, Hazard]:
        """Hazards already in the ledger: by import key, by our own number, or the same words of the same day there."""
        keys = [line.key for line in lines]
        earlier = Hazard.objects.prefetch_related("moves")
        known = {hazard.import_key: hazard for hazard in earlier.filter(import_key__in=keys)}
        numbers = {line.entry.number: line for line in lines if line.entry.number and line.key not in known}
        within = {"county_code": self.region.county_code}
        for hazard in earlier.filter(number__in=numbers, **within):
            known[numbers[hazard.number].key] = hazard
        sites_here = {line.site.pk for line in lines if line.site is not None}
        days = {line.entry.found_on for line in lines}
        same = {
            (hazard.site_id, hazard.found_on, reading.fold(hazard.description)): hazard
            for hazard in earlier.filter(site__in=sites_here, found_on__in=days, import_key=None)
        }
        for line in lines:
            if line.key not in known and line.site is not None:
                hazard = same.get((line.site.pk, line.entry.found_on, reading.fold(line.entry.description)))
                if hazard is not None:
                    known[line.key] = hazard
        return known

    # --- sites ------------------------------------------------------------------------------------------------

    def _find_sites(self, lines: list[_Line]) -> None:
        for line in lines:
            line.site = self._site_for(line)

    def _site_for(self, line: _Line) -> Site | None:
        entry = line.entry
        place = self._place(entry)
        found = self.matcher.match(entry.site, entry.address, town_code=place.code if place.level == "town" else "")
        if found.site is not None:
            return found.site
        if found.how == "several":
            by_code = [site for site in found.candidates if entry.uscc and site.uscc == entry.uscc.upper()]
            if len(by_code) == 1:
                return by_code[0]
            self._reject(line.number, [Problem(Field.SITE, "ledger.site_ambiguous", entry.site)])
            return None
        if not self.create_sites:
            like = "、".join(site.name for site in found.candidates[:3])
            key = "ledger.site_similar" if like else "ledger.site_unknown"
            self._reject(line.number, [Problem(Field.SITE, key, like or entry.site)])
            return None
        try:
            with transaction.atomic(), audit.gathered():
                site = self._make_site(entry, place)
        except Refused as refused:
            self._reject(line.number, [Problem(Field.SITE, refused.key, refused.what)])
            return None
        self.matcher.add(site)
        self.result.sites_created += 1
        return site

    def _make_site(self, entry: Entry, place: Region) -> Site:
        return sites.create(
            name=entry.site,
            kind_key=entry.kind or "other",
            region=place,
            domain=entry.domain,
            address=entry.address,
            uscc=entry.uscc,
            lenient=True,
            by=self.by,
            now=self.now,
        )

    def _place(self, entry: Entry) -> Region:
        """The town that the row names, in its own column or in the address; else the region the file is for."""
        for words in (entry.town, entry.address):
            for town in self.towns:
                if words and (town.name in words or town.name.rstrip("镇乡街道办事处") in words[:12]):
                    return town
        return self.region

    # --- writing ----------------------------------------------------------------------------------------------

    def _create(self, lines: list[_Line]) -> None:
        if not lines:
            return
        hazards = [self._hazard(line) for line in lines]
        self._number(hazards)
        Hazard.objects.bulk_create(hazards, batch_size=500)
        moves: list[HazardMove] = []
        overdues: list[Overdue] = []
        for line, hazard in zip(lines, hazards, strict=True):
            moves.append(self._move(line, hazard, seq=1, source=""))
            overdues += self._overdues(hazard)
        HazardMove.objects.bulk_create(moves, batch_size=500)
        Overdue.objects.bulk_create(overdues, batch_size=500)
        counts.entered(counts.cell(hazard) for hazard in hazards)
        timers.arm_new(hazards, ladder=self.ladder, now=self.now)
        audit.record_many(
            [
                audit.Entry("hazards.imported", hazard, {"row": line.number})
                for line, hazard in zip(lines, hazards, strict=True)
            ],
            by=self.by,
            at=self.now,
        )
        self.result.created += len(hazards)

    def _hazard(self, line: _Line) -> Hazard:
        entry, site = line.entry, line.site
        if site is None:
            raise AssertionError("only lines with a site are written")
        found_at = clock.start_of_day(entry.found_on) + timedelta(hours=10)
        hazard = Hazard(
            id=new_id(),
            site=site,
            region_id=site.region_id,
            enterprise_id=site.enterprise_id,
            unit_id=site.enterprise_id,
            domain=site.domain,
            place=entry.place,
            lon=site.lon,
            lat=site.lat,
            description=entry.description,
            source=entry.source,
            origin_kind="ledger",
            campaign=entry.campaign,
            found_at=min(found_at, self.now),
            found_on=entry.found_on,
            found_month=clock.month_of(entry.found_on),
            found_by_name=entry.found_by,
            state_since=self.now,
            import_key=line.key,
            demo=site.demo,
        )
        for column in ("province_code", "city_code", "county_code", "town_code", "village_code", "grid_code"):
            setattr(hazard, column, getattr(site, column))
        self._fill(hazard, entry)
        return hazard

    def _fill(self, hazard: Hazard, entry: Entry) -> None:
        """What a row says of a hazard that nobody has worked on here."""
        hazard.grade = entry.grade
        hazard.basis = entry.basis or hazard.basis
        hazard.required_measures = entry.measures or hazard.required_measures
        hazard.fix_measures = entry.measures or hazard.fix_measures
        hazard.fix_person = entry.person or hazard.fix_person
        hazard.fix_phone = entry.phone or hazard.fix_phone
        hazard.fix_funds = entry.funds or hazard.fix_funds
        hazard.fix_plan = entry.plan or hazard.fix_plan
        hazard.due_on = entry.due_on or hazard.due_on
        hazard.on_spot = entry.on_spot
        hazard.state = state_of(entry)
        hazard.ordered_at = hazard.found_at if hazard.due_on else None
        hazard.closed_on = (entry.done_on or self._day_of_closing(hazard)) if entry.done else None
        hazard.next_due_on = rules.stage_due(
            State(hazard.state), since=self.today, due_on=hazard.due_on, limits=self.limits
        )
        if hazard.state == State.CLOSED:
            hazard.next_due_on = hazard.due_on or hazard.found_on
        late_from = clock.add_days(hazard.due_on, 1) if hazard.due_on else None
        until = hazard.closed_on or self.today
        if late_from is not None and until >= late_from and hazard.state not in (State.FOUND, State.GRADED):
            hazard.first_late_on = late_from
            if hazard.closed_on:
                hazard.late_days = (hazard.closed_on - late_from).days + 1
            else:
                hazard.late = True

    def _day_of_closing(self, hazard: Hazard) -> date:
        """The row says it was done, not when: the last day it may have been without being late, or today."""
        return min(hazard.due_on or self.today, self.today)

    def _move(self, line: _Line, hazard: Hazard, *, seq: int, source: str) -> HazardMove:
        data: dict[str, Any] = {"row": line.number}
        if line.entry.done and line.entry.done_on is None:
            data["closing_day"] = "not_said"
        return HazardMove(
            hazard=hazard,
            seq=seq,
            source=source,
            target=hazard.state,
            action="import",
            by=self.by,
            by_name=self.by.name,
            at=self.now,
            note=line.entry.note,
            data=data,
        )

    def _overdues(self, hazard: Hazard) -> Iterable[Overdue]:
        if hazard.first_late_on is None or hazard.due_on is None:
            return
        yield Overdue(
            hazard=hazard,
            stage=State.RECTIFYING if hazard.closed_on else hazard.state,
            due_on=hazard.due_on,
            began_on=hazard.first_late_on,
            ended_on=hazard.closed_on,
            days=hazard.late_days if hazard.closed_on else None,
        )

    def _number(self, hazards: list[Hazard]) -> None:
        """Numbers in the order of the rows, per year in which they were found."""
        county = self.region.county_code
        per_year = Counter(hazard.found_on.year for hazard in hazards)
        next_ = {year: Numbers.take(f"hazard:{county}:{year}", n) for year, n in sorted(per_year.items())}
        for hazard in hazards:
            year = hazard.found_on.year
            hazard.number = ids.human_number(county, year, next_[year])
            next_[year] += 1

    def _again(self, line: _Line, hazard: Hazard) -> None:
        """The row is in the ledger. What the file says newly is taken, unless somebody has worked on it here."""
        moves = hazard.moves.all()
        target = state_of(line.entry)
        touched = any(move.action != "import" for move in moves)
        moved = hazard.state != target or (line.entry.done_on and hazard.closed_on != line.entry.done_on)
        changed = moved or any(
            said and said != kept
            for said, kept in (
                (line.entry.grade, hazard.grade),
                (line.entry.due_on, hazard.due_on),
                (line.entry.person, hazard.fix_person),
                (line.entry.phone, hazard.fix_phone),
                (line.entry.measures, hazard.required_measures),
            )
        )
        if not changed or touched or hazard.import_key is None:
            self.result.unchanged += 1
            return
        before = counts.cell(hazard)
        hazard.overdues.all().delete()
        hazard.late, hazard.late_days, hazard.first_late_on = False, 0, None
        source = hazard.state
        self._fill(hazard, line.entry)
        hazard.state_since = self.now
        hazard.save()
        self._move(line, hazard, seq=len(moves) + 1, source=source).save()
        Overdue.objects.bulk_create(list(self._overdues(hazard)))
        counts.changed(before, counts.cell(hazard))
        timers.arm(hazard, now=self.now)
        audit.record("hazards.imported", on=hazard, by=self.by, at=self.now, data={"row": line.number, "again": True})
        self.result.updated += 1

    def _reject(self, number: int, problems: list[Problem]) -> None:
        for problem in problems:
            self.result.rejected.append(
                Rejected(number, self.titles.get(problem.field, ""), _words(problem), problem.key)
            )


def state_of(entry: Entry) -> State:
    """Where in its life a row of an old ledger stands. A major one not yet done has its fixings still to be filled."""
    if entry.done:
        return State.CLOSED
    if entry.grade is Grade.NONE:
        return State.FOUND
    if entry.due_on is None:
        return State.GRADED
    return State.ASSIGNED if entry.grade is Grade.MAJOR else State.RECTIFYING


def words_of(problems: Iterable[Problem]) -> list[str]:
    """The reasons against a row as people read them, with the field's name."""
    return [f"{labels.LEDGER_FIELDS[problem.field]} {_words(problem)}" for problem in problems]


def _words(problem: Problem) -> str:
    sentence = labels.LEDGER_PROBLEMS.get(problem.key)
    return str(sentence) % {"said": problem.said} if sentence is not None else problem.said


# --- in the browser: sent, looked at, then taken by the worker ---------------------------------------------------------


def send(*, file_id: str, region_code: str, create_sites: bool, by: User, now: datetime) -> LedgerImport:
    """Keep an uploaded Excel as an import to be. The file must be readable and have a header."""
    region = _region(region_code, by)
    with transaction.atomic():
        made = LedgerImport(region=region, create_sites=create_sites, made_by=by, made_at=now)
        made.place_in(region)
        made.save()
        file = files.attach(file_ids=[file_id], to=made, slot="document", by=by, now=now)[0]
        made.name, made.sha256 = file.name[:120], file.sha256
        with sheets.read(store.path(file.sha256), name=made.name) as book:
            open_table(book)
        made.save(update_fields=["name", "sha256"])
        audit.record("hazards.ledger_sent", on=made, by=by, at=now, data={"file": made.name})
    return made


@transaction.atomic
def begin(
    *, import_id: str, columns: Mapping[int, str], create_sites: bool, dry_run: bool, by: User, now: datetime
) -> LedgerImport:
    """Have the worker take it (or only try it). Pressing twice begins once."""
    row: LedgerImport = LedgerImport.objects.visible_to(by).select_for_update(of=("self",)).get(pk=import_id)
    require(by, Permission.LEDGER_IMPORT, on=row)
    if row.state == LedgerImport.State.RUNNING:
        return row
    _check_columns(columns)
    row.columns = {str(column): name for column, name in columns.items()}
    row.create_sites, row.dry_run = create_sites, dry_run
    row.state, row.error, row.result, row.made_by = LedgerImport.State.RUNNING, "", None, by
    row.save()
    jobs.later("hazards.take_ledger", now=now, import_id=row.pk)
    return row


def take(*, import_id: str, now: datetime) -> None:
    """The worker's part. Killed in the middle it begins again: what was written rolls back, what was kept is found."""
    row = LedgerImport.objects.select_related("made_by", "region").get(pk=import_id)
    if row.state != LedgerImport.State.RUNNING:
        return
    try:
        result = import_ledger(
            file=store.path(row.sha256),
            name=row.name,
            region_code=row.region.code,
            by=row.made_by,
            now=now,
            create_sites=row.create_sites,
            dry_run=row.dry_run,
            columns={int(column): name for column, name in (row.columns or {}).items()} or None,
            progress=lambda done, total: _note_progress(import_id, done, total),
        )
        row.state, row.result = LedgerImport.State.DONE, result.as_json()
    except Refused as refused:
        row.state, row.error = LedgerImport.State.FAILED, str(refused)[:500]
    row.ended_at = now
    row.save()
    _progress_file(import_id).unlink(missing_ok=True)


def progress_of(import_id: str) -> tuple[int, int]:
    """Rows done and rows in all, as far as known. Beside the database: its transaction is still open."""
    try:
        done, total = _progress_file(import_id).read_text().split()
        return int(done), int(total)
    except (OSError, ValueError):
        return 0, 0


def _note_progress(import_id: str, done: int, total: int) -> None:
    file = _progress_file(import_id)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{done} {total}")


def _progress_file(import_id: str) -> Path:
    return Path(settings.HOME) / "work" / f"import-{import_id}"


def rejected_rows(row: LedgerImport, *, to: str | Path | IO[bytes]) -> int:
    """The rows that were not taken, as they came, with the reason beside them."""
    reasons: dict[int, list[str]] = {}
    for one in (row.result or {}).get("rejected", []):
        reasons.setdefault(one["row"], []).append(
            f"{one['column']}：{one['reason']}" if one["column"] else one["reason"]
        )
    with sheets.read(store.path(row.sha256), name=row.name) as book:
        sheet, header = open_table(book)
        joined = {number: "；".join(words) for number, words in reasons.items()}
        return sheets.with_reasons(sheet, joined, to=to, header_row=header.row)


# --- out ------------------------------------------------------------------------------------------------------------


def export_ledger(hazards: QuerySet[Hazard], *, to: str | Path | IO[bytes], title: str = "", note: str = "") -> int:
    """Write the given hazards as Excel, streaming. The columns are those :func:`import_ledger` knows."""
    columns = [
        sheets.Column(labels.LEDGER_FIELDS[Field.NUMBER], lambda h: h.number, width=20),
        sheets.Column(labels.LEDGER_FIELDS[Field.SITE], lambda h: h.site.name, width=28),
        sheets.Column(labels.LEDGER_FIELDS[Field.TOWN], lambda h: h.site.region_path, width=16),
        sheets.Column(labels.LEDGER_FIELDS[Field.ADDRESS], lambda h: h.site.address, width=24),
        sheets.Column(labels.LEDGER_FIELDS[Field.DOMAIN], lambda h: h.get_domain_display(), width=14),
        sheets.Column(labels.LEDGER_FIELDS[Field.PLACE], lambda h: h.place),
        sheets.Column(labels.LEDGER_FIELDS[Field.FOUND_ON], lambda h: h.found_on, kind="date"),
        sheets.Column(labels.LEDGER_FIELDS[Field.FOUND_BY], lambda h: h.found_by_name, width=12),
        sheets.Column(labels.LEDGER_FIELDS[Field.SOURCE], lambda h: labels.SOURCE[h.source], width=12),
        sheets.Column(labels.LEDGER_FIELDS[Field.DESCRIPTION], lambda h: h.description, width=44),
        sheets.Column(labels.LEDGER_FIELDS[Field.GRADE], lambda h: labels.GRADE[h.grade] if h.grade else "", width=10),
        sheets.Column(labels.LEDGER_FIELDS[Field.BASIS], lambda h: h.basis, width=28),
        sheets.Column(labels.LEDGER_FIELDS[Field.MEASURES], lambda h: h.required_measures, width=32),
        sheets.Column(labels.LEDGER_FIELDS[Field.FUNDS], lambda h: h.fix_funds),
        sheets.Column(labels.LEDGER_FIELDS[Field.PLAN], lambda h: h.fix_plan),
        sheets.Column(labels.LEDGER_FIELDS[Field.PERSON], lambda h: h.fix_person, width=10),
        sheets.Column(labels.LEDGER_FIELDS[Field.DUE], lambda h: h.due_on, kind="date"),
        sheets.Column(labels.LEDGER_FIELDS[Field.FINISHED], lambda h: h.closed_on, kind="date"),
        sheets.Column(_("State"), lambda h: labels.STATE[h.state], width=14),
        sheets.Column(_("Days late"), lambda h: h.late_days or "", kind="number"),
        sheets.Column(labels.LEDGER_FIELDS[Field.CAMPAIGN], lambda h: h.campaign),
    ]
    rows = hazards.select_related("site").order_by("county_code", "found_on", "id").iterator(chunk_size=2000)
    return sheets.write(rows, columns, to=to, title=title, sheet=_("Hazard ledger"), note=note)


def exported(*, by: User, rows: int, query: str, now: datetime) -> None:
    """Who took away how much: in the trail."""
    audit.record("hazards.ledger_exported", by=by, at=now, data={"rows": rows, "query": query[:500]})

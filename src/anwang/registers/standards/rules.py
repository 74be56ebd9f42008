"""What a row of a library is, which version holds on a day, and what a text may be a case of. Pure.

A library is a file of rows with one subject: instruments, clauses, major-hazard criteria, deadlines, the overdue
ladder, limits, scales. A row never changes: another text is another version, and the day of an event picks the
version. Patterns are hints of ours for proposing a row; they judge nothing.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from typing import Any, Protocol, TypeVar


class Type(StrEnum):
    INSTRUMENT = "instrument"
    CLAUSE = "clause"
    CRITERION = "criterion"
    DEADLINE = "deadline"
    LADDER = "ladder"
    LIMIT = "limit"
    SCALE = "scale"
    FREQUENCY = "frequency"


class Edition(StrEnum):
    """Who wrote a row: the shipped library, or an office."""

    LIBRARY = "library"
    LOCAL = "local"


class Status(StrEnum):
    IN_FORCE = "in_force"
    DRAFT = "draft"
    REPLACED = "replaced"
    REPEALED = "repealed"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    MISSING = "missing"


class Severity(StrEnum):
    """MAJOR: a match makes the hazard major. ELEMENT: it counts with others towards a major one (GB 35181)."""

    NONE = ""
    MAJOR = "major"
    ELEMENT = "element"


class Grade(StrEnum):
    GENERAL = "general"
    MAJOR = "major"


UNITS = ("hours", "days")
LIMIT_UNITS = ("days", "workdays", "months", "times", "people")
RUNG_TO = ("person", "unit", "town", "county")
RUNG_ACTIONS = ("remind", "escalate", "letter", "list")
ANY = "*"


# --- reading a library --------------------------------------------------------------------------------------------


class LibraryError(ValueError):
    """A library file that cannot be loaded; says which row and what is wrong with it."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(where, what)
        self.where = where
        self.what = what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Source:
    key: str
    zh: str
    en: str
    address: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a row says: everything that a new version may say differently."""

    type: str
    title_zh: str
    title_en: str = ""
    gist_zh: str = ""
    gist_en: str = ""
    note_zh: str = ""
    note_en: str = ""
    instrument: str = ""
    number: str = ""
    article: str = ""
    item: str = ""
    domains: tuple[str, ...] = (ANY,)
    severity: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    match: tuple[str, ...] = ()
    status: str = Status.IN_FORCE
    effective_from: date | None = None
    effective_to: date | None = None
    source: str = ""
    confidence: str = Confidence.LOW
    editable: bool = False
    complete: bool = True
    expected: int | None = None

    def digest(self) -> str:
        """SHA-256 over the content in one canonical form: tells a changed text from an unchanged one."""
        plain = dict(walk(self)) | {
            "effective_from": _iso(self.effective_from),
            "effective_to": _iso(self.effective_to),
        }
        text = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


CONTENT = tuple(each.name for each in fields(Content))


@dataclass(frozen=True, slots=True)
class Spec:
    """A row of a library file: its urn, the library's version of it, and what it says."""

    urn: str
    version: int
    content: Content


@dataclass(frozen=True, slots=True)
class Library:
    key: str
    version: int
    type: str
    title_zh: str
    title_en: str
    note_zh: str
    note_en: str
    instrument: str
    complete: bool
    expected: int | None
    rows: tuple[Spec, ...]

    def digest(self) -> str:
        said = [
            self.key, str(self.version), self.title_zh, self.title_en, self.note_zh, self.note_en, str(self.complete),
            *(f"{row.urn}@{row.version}:{row.content.digest()}" for row in self.rows),
        ]  # fmt: skip
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


def read_sources(data: Mapping[str, Any]) -> list[Source]:
    return [
        Source(row["key"], row["title"]["zh"], row["title"]["en"], row.get("address", "")) for row in data["sources"]
    ]


def read_library(data: Mapping[str, Any], *, sources: Iterable[str]) -> Library:
    """A library from its file's mapping. Raises LibraryError, naming the row."""
    key = str(data.get("library", ""))
    if not key:
        raise LibraryError("?", "the file has no `library` key")
    known = frozenset(sources)
    defaults = {"kind": data.get("kind"), "instrument": data.get("instrument", ""), **data.get("defaults", {})}
    rows = tuple(_row(key, {**defaults, **row}, base=str(data.get("base", "")), sources=known) for row in data["rows"])
    seen: set[str] = set()
    for row in rows:
        if row.urn in seen:
            raise LibraryError(f"{key} {row.urn}", "stands in the file twice")
        seen.add(row.urn)
    title, note = data["title"], data.get("note") or {}
    return Library(
        key=key,
        version=int(data.get("version", 1)),
        type=str(Type(data["kind"])),
        title_zh=title["zh"],
        title_en=title["en"],
        note_zh=note.get("zh", ""),
        note_en=note.get("en", ""),
        instrument=str(data.get("instrument", "")),
        complete=bool(data.get("complete", True)),
        expected=data.get("expected"),
        rows=rows,
    )


_ROW_KEYS = frozenset(
    {
        *("urn", "version", "kind", "zh", "en", "gist", "note", "instrument", "number", "art", "item", "domains"),
        *("severity", "data", "match", "status", "from", "to", "source", "confidence", "editable", "complete"),
        *("expected", "replaces", "replaced_by"),
    }
)


def _row(library: str, raw: Mapping[str, Any], *, base: str, sources: frozenset[str]) -> Spec:
    urn = str(raw.get("urn", ""))
    where = f"{library} {urn or '?'}"
    if strange := set(raw) - _ROW_KEYS:
        raise LibraryError(where, f"unknown keys {', '.join(sorted(strange))}")
    if urn.startswith(":"):
        urn = base + urn
    if not urn:
        raise LibraryError(where, "has no urn")
    if raw.get("source") not in sources:
        raise LibraryError(where, f"unknown source {raw.get('source')!r}")
    note, gist = raw.get("note") or {}, raw.get("gist") or {}
    data = dict(raw.get("data") or {})
    data |= {name: raw[name] for name in ("replaces", "replaced_by") if name in raw}
    content = Content(
        type=str(raw.get("kind", "")),
        title_zh=str(raw.get("zh", "")).strip(),
        title_en=str(raw.get("en", "")).strip(),
        gist_zh=gist.get("zh", ""),
        gist_en=gist.get("en", ""),
        note_zh=note.get("zh", ""),
        note_en=note.get("en", ""),
        instrument=str(raw.get("instrument", "")),
        number=str(raw.get("number", "")),
        article=str(raw.get("art", "")),
        item=str(raw.get("item", "")),
        domains=tuple(raw.get("domains", (ANY,))),
        severity=str(raw.get("severity", "")),
        data=data,
        match=tuple(raw.get("match") or ()),
        status=str(raw.get("status", Status.IN_FORCE)),
        effective_from=raw.get("from"),
        effective_to=raw.get("to"),
        source=str(raw["source"]),
        confidence=str(raw.get("confidence", Confidence.LOW)),
        editable=bool(raw.get("editable", False)),
        complete=bool(raw.get("complete", True)),
        expected=raw.get("expected"),
    )
    if wrong := problem(content):
        raise LibraryError(where, wrong.what)
    return Spec(urn, int(raw.get("version", 1)), content)


@dataclass(frozen=True, slots=True)
class Problem:
    """What speaks against a row's content: the field, a stable key, and plain words for a log."""

    field: str
    key: str
    what: str


def problem(content: Content) -> Problem | None:
    """The first thing wrong with a content, or None."""
    for name, words in (("type", Type), ("status", Status), ("confidence", Confidence), ("severity", Severity)):
        if getattr(content, name) not in set(words):
            return Problem(name, "standards.word_unknown", f"{name} {getattr(content, name)!r} is unknown")
    if not content.title_zh:
        return Problem("title_zh", "standards.title_missing", "has no Chinese title")
    if not content.domains:
        return Problem("domains", "standards.domain_missing", "belongs to no domain")
    first, last = content.effective_from, content.effective_to
    if first and last and last < first:
        return Problem("effective_to", "standards.ends_before_start", "ends before it begins")
    if content.type == Type.CRITERION and not content.severity:
        return Problem("severity", "standards.severity_missing", "a criterion says what a match means")
    for pattern in content.match:
        try:
            Pattern.parse(pattern)
        except ValueError as error:
            return Problem("match", "standards.pattern_wrong", f"pattern {pattern!r}: {error}")
    return _data_problem(content)


def _data_problem(content: Content) -> Problem | None:
    data, wrong = content.data, ""
    match content.type:
        case Type.DEADLINE:
            if data.get("grade") not in set(Grade):
                wrong = "grade is general or major"
            elif data.get("unit") not in UNITS or not _whole(data.get("amount"), 1):
                wrong = "amount is a whole number from 1 of hours or days"
            elif "longest" in data and not _whole(data["longest"], 1):
                wrong = "longest is a whole number of days"
        case Type.LIMIT:
            if not _whole(data.get("value"), 0) or data.get("unit") not in LIMIT_UNITS:
                wrong = "value is a whole number with a unit"
        case Type.LADDER:
            if not _whole(data.get("days"), -365) or data["days"] == 0:
                wrong = "days is a whole number before (below 0) or after the due day"
            elif data.get("to") not in RUNG_TO or data.get("action") not in RUNG_ACTIONS:
                wrong = "to and action are words of the ladder"
        case _:
            pass
    return Problem("data", "standards.data_wrong", wrong) if wrong else None


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= 100_000


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


# --- which version holds ------------------------------------------------------------------------------------------


class Versioned(Protocol):
    @property
    def urn(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def edition(self) -> str: ...
    @property
    def effective_from(self) -> date | None: ...
    @property
    def effective_to(self) -> date | None: ...


V = TypeVar("V", bound=Versioned)


def holds(versions: Iterable[V], on: date) -> V | None:
    """The version of ONE row that judges an event of this day, or None where none does.

    Of the versions whose start has come, an office's own wins over the library's, the newer over the older; if that
    one has ended, nothing holds: an older text does not come back to life because its successor ran out.
    """
    begun = [row for row in versions if row.effective_from is None or row.effective_from <= on]
    if not begun:
        return None
    best = max(begun, key=lambda row: (row.edition == Edition.LOCAL, row.version))
    return best if best.effective_to is None or on <= best.effective_to else None


def all_in_force(rows: Iterable[V], on: date) -> list[V]:
    """The version in force on this day of every urn, in the order they first came."""
    by_urn: dict[str, list[V]] = {}
    for row in rows:
        by_urn.setdefault(row.urn, []).append(row)
    return [found for versions in by_urn.values() if (found := holds(versions, on)) is not None]


def applies(domains: Sequence[str], domain: str) -> bool:
    """Does a row with these domains speak about this one?"""
    return ANY in domains or domain in domains


# --- proposing a criterion ----------------------------------------------------------------------------------------


def fold(text: str) -> str:
    """Text made comparable: one width, lower case, no blanks."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


@dataclass(frozen=True, slots=True)
class Pattern:
    """``a|b+c+!d``: (a or b) and c, and not d. Words of the trade, two signs or more."""

    wanted: tuple[tuple[str, ...], ...]
    barred: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        """Raises ValueError for an empty pattern or one that only bars."""
        wanted: list[tuple[str, ...]] = []
        barred: list[str] = []
        for part in fold(text).split("+"):
            if part.startswith("!"):
                barred += [word for word in part[1:].split("|") if word]
            elif words := tuple(word for word in part.split("|") if word):
                wanted.append(words)
        if not wanted:
            raise ValueError("a pattern names at least one word")
        return cls(tuple(wanted), tuple(barred))

    def hits(self, folded: str) -> tuple[str, ...]:
        """The words that were found, one for each part; empty where the pattern does not match."""
        if any(word in folded for word in self.barred):
            return ()
        found = [next((word for word in words if word in folded), "") for words in self.wanted]
        return tuple(found) if all(found) else ()


class Candidate(Versioned, Protocol):
    """A criterion as the proposer reads it."""

    @property
    def domains(self) -> Sequence[str]: ...
    @property
    def match(self) -> Sequence[str]: ...
    @property
    def severity(self) -> str: ...
    @property
    def confidence(self) -> str: ...


C = TypeVar("C", bound=Candidate)

_ORDER = (Confidence.HIGH, Confidence.MEDIUM, Confidence.LOW, Confidence.MISSING)


@dataclass(frozen=True, slots=True)
class Hit:
    """Why a row is proposed. ``by_item``: the checklist item names it; ``words``: what the text has in common."""

    row: Any
    by_item: bool
    words: tuple[str, ...]
    confidence: Confidence

    @property
    def weight(self) -> int:
        return 100 * self.by_item + sum(len(word) for word in self.words)


def propose(rows: Iterable[C], *, domain: str, text: str, named: str = "", most: int = 5) -> list[Hit]:
    """Rows that a finding may be a case of, the likeliest first. A person decides.

    ``named`` is the urn a checklist item points to. A hit by words alone is never surer than medium (six signs or
    more in common), and no hit is surer than the row itself. ``domain`` "" asks all domains.
    """
    folded = fold(text)
    hits: list[Hit] = []
    for row in rows:
        by_item = bool(named) and row.urn == named
        if not by_item and domain and not applies(row.domains, domain):
            continue
        found: dict[str, None] = {}
        for pattern in row.match:
            found.update(dict.fromkeys(Pattern.parse(pattern).hits(folded)))
        words = tuple(found)
        if not by_item and not words:
            continue
        sure = Confidence.HIGH if by_item else Confidence.MEDIUM if sum(map(len, words)) >= 6 else Confidence.LOW
        hits.append(Hit(row, by_item, words, max(sure, Confidence(row.confidence), key=_ORDER.index)))
    hits.sort(key=lambda hit: (-hit.weight, hit.row.severity != Severity.MAJOR, hit.row.urn))
    return hits[:most]


# --- deadlines, limits, ladder ------------------------------------------------------------------------------------


class Timed(Versioned, Protocol):
    @property
    def domains(self) -> Sequence[str]: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


T = TypeVar("T", bound=Timed)


def pick_deadline(rows: Iterable[T], *, domain: str, grade: str, level: str = "") -> T | None:
    """The most specific deadline row in force: domain and level, then domain, then any domain.

    A level that no row knows is passed over: the domain's own term holds.
    """

    def rank(row: T) -> int:
        return 2 * (row.data.get("level", "") == level and bool(level)) + (domain in row.domains)

    fitting = [
        row
        for row in rows
        if row.data.get("grade") == grade and applies(row.domains, domain) and row.data.get("level", "") in {"", level}
    ]
    return max(fitting, key=rank, default=None)


def term_days(data: Mapping[str, Any]) -> int:
    """A deadline row's amount in natural days, hours rounded up."""
    amount = int(data["amount"])
    return -(-amount // 24) if data["unit"] == "hours" else amount


def longest_days(data: Mapping[str, Any]) -> int:
    """How far a person may set the deadline, in natural days; never below the term itself."""
    return max(int(data.get("longest", 0)), term_days(data))


# --- changing -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EditFacts:
    edition: str
    editable: bool
    reason: str
    same: bool


def revise_refused(facts: EditFacts) -> str | None:
    """Why a new version may not be written, as a key."""
    if facts.edition == Edition.LIBRARY and not facts.editable:
        return "standards.not_editable"
    if not facts.reason.strip():
        return "standards.reason_missing"
    if facts.same:
        return "standards.nothing_changed"
    return None


_DIGITS = {sign: n for n, sign in enumerate("〇一二三四五六七八九")}
_NUMERAL = re.compile(r"[〇一二三四五六七八九十百]+")


def item_number(text: str) -> str:
    """An article or item as people write it (第五条, （一）, 5.1.2、) as it stands in a urn: 5, 1, 5.1.2."""
    plain = _NUMERAL.sub(lambda found: _arabic(found[0]), unicodedata.normalize("NFKC", text))
    return re.sub(r"[^0-9A-Za-z.]+", "", plain).strip(".")


def _arabic(numeral: str) -> str:
    """十五 → 15, 三十 → 30, 一百二十 → 120, 二〇 → 20."""
    if "十" not in numeral and "百" not in numeral:
        return "".join(str(_DIGITS[sign]) for sign in numeral)
    total = digit = 0
    given = False
    for sign in numeral:
        if sign in _DIGITS:
            digit, given = _DIGITS[sign], True
        else:
            total += (digit if given else 1) * (100 if sign == "百" else 10)
            digit, given = 0, False
    return str(total + digit)


def walk(content: Content) -> Iterator[tuple[str, Any]]:
    """Field by field, for comparing two versions."""
    for name in CONTENT:
        yield name, getattr(content, name)


def changed(before: Content, after: Content) -> tuple[str, ...]:
    """The fields in which two versions differ."""
    return tuple(name for name, value in walk(after) if getattr(before, name) != value)

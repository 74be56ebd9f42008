"""A checklist as data: which questions are open, whether an answer fits, what the answers come to. Pure.

A definition is sections of items. An item is answered by a check (pass, fail, na), a score, a number, a word or a
choice. ``when`` opens an item only after earlier answers; what is closed does not count, whatever was typed before.
A failed item proposes a finding; a person decides what becomes of it.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from anwang.kernel.machine import Machine, Move


class Kind(StrEnum):
    CHECK = "check"
    SCORE = "score"
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - an answer, not a secret
    FAIL = "fail"
    NA = "na"


class Grade(StrEnum):
    GENERAL = "general"
    MAJOR = "major"


GRADED = (Kind.CHECK, Kind.SCORE, Kind.NUMBER)
"""Kinds whose answer can be bad."""
CODE = re.compile(r"[\w.\-]{1,20}")
"""Codes of sections and items stand in addresses and in sheets."""
TEXT_MOST = 2000
NOTE_MOST = 500
PHOTOS_MOST = 9


# --- definitions --------------------------------------------------------------------------------------------------


class DefinitionError(ValueError):
    """A checklist that does not hold together; says which item and what is wrong, with a stable key for people."""

    def __init__(self, where: str, key: str, what: str) -> None:
        super().__init__(where, key, what)
        self.where = where
        self.key = key
        self.what = what

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Item:
    """One question. ``when``: code of an earlier item → the answers that open this one; all must hold.

    ``fail_zh`` is what a failed item says in the ledger until somebody words it better; ``grade`` and ``criterion``
    are what it proposes there; ``level`` the trade's own class (gas A, B, C), which picks the deadline.
    """

    code: str
    text_zh: str
    text_en: str = ""
    answer: str = Kind.CHECK
    options: tuple[Option, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    max: int | None = None
    """Points of a scored item."""
    low: float | None = None
    high: float | None = None
    unit: str = ""
    bounds_fail: bool = True
    """Is a number outside low and high a failed item, or only a wrong entry?"""
    required: bool = True
    photo: bool = False
    """Does a failed item need a photo?"""
    spot: bool = False
    """Can it usually be put right on the spot?"""
    veto_at: int | None = None
    """A scored item at or below this is a veto: the lowest band, whatever the sum."""
    fail_zh: str = ""
    grade: str = Grade.GENERAL
    level: str = ""
    criterion: str = ""
    basis: tuple[str, ...] = ()

    def words(self, chinese: bool) -> str:
        return self.text_zh if chinese or not self.text_en else self.text_en


@dataclass(frozen=True, slots=True)
class Section:
    code: str
    title_zh: str
    title_en: str = ""
    department: str = ""
    """Whose section it is on a joint visit; "" everybody's."""
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Band:
    key: str
    min: int
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Scoring:
    total: int
    bands: tuple[Band, ...]
    veto_band: str = ""
    valid_months: int | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    key: str
    version: int
    title_zh: str
    title_en: str
    domain: str
    also_domains: tuple[str, ...]
    site_kinds: tuple[str, ...]
    note_zh: str
    note_en: str
    source: str
    confidence: str
    complete: bool
    scoring: Scoring | None
    sections: tuple[Section, ...]

    def items(self) -> list[Item]:
        """All items in the order they are asked."""
        return [item for section in self.sections for item in section.items]

    def item(self, code: str) -> Item | None:
        return next((item for item in self.items() if item.code == code), None)

    def section_of(self, code: str) -> Section | None:
        return next((each for each in self.sections if any(item.code == code for item in each.items)), None)

    def digest(self) -> str:
        """SHA-256 of the content without key and version: two definitions that ask the same have the same."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)} | {"key": "", "version": 0}
        text = json.dumps(plain, default=_plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    return {each.name: getattr(value, each.name) for each in fields(value)}


def read(data: Mapping[str, Any]) -> Definition:
    """A definition from a file's mapping. Raises DefinitionError, naming the item."""
    key = str(data.get("checklist") or "")
    if not key:
        raise DefinitionError("?", "checklists.key_missing", "has no `checklist` key")
    title, note = data.get("title") or {}, data.get("note") or {}
    scoring = data.get("scoring")
    definition = Definition(
        key=key,
        version=int(data.get("version", 1)),
        title_zh=title.get("zh", ""),
        title_en=title.get("en", ""),
        domain=str(data.get("domain", "")),
        also_domains=tuple(data.get("also_domains") or ()),
        site_kinds=tuple(data.get("site_kinds") or ()),
        note_zh=note.get("zh", ""),
        note_en=note.get("en", ""),
        source=str(data.get("source", "")),
        confidence=str(data.get("confidence", "")),
        complete=bool(data.get("complete", True)),
        scoring=read_scoring(scoring) if scoring else None,
        sections=tuple(
            Section(
                code=str(each["code"]),
                title_zh=each["title"]["zh"],
                title_en=each["title"].get("en", ""),
                department=str(each.get("department", "")),
                items=tuple(_item(key, item) for item in each["items"]),
            )
            for each in data["sections"]
        ),
    )
    check(definition)
    return definition


def read_scoring(data: Mapping[str, Any]) -> Scoring:
    bands = tuple(Band(str(b["key"]), int(b["min"]), str(b["zh"]), str(b.get("en", ""))) for b in data["bands"])
    return Scoring(int(data["total"]), bands, str(data.get("veto_band", "")), data.get("valid_months"))


_NAMES = {"zh": "text_zh", "en": "text_en", "fail": "fail_zh"}
_ITEM_KEYS = {each.name for each in fields(Item)} | set(_NAMES)


def _item(checklist: str, raw: Mapping[str, Any]) -> Item:
    where = f"{checklist} {raw.get('code', '?')}"
    if strange := set(raw) - _ITEM_KEYS:
        raise DefinitionError(where, "checklists.item_wrong", f"unknown keys {', '.join(sorted(strange))}")
    said = {_NAMES.get(name, name): value for name, value in raw.items()}
    said["code"] = str(said.get("code", ""))
    said["options"] = tuple(Option(str(o["value"]), o["zh"], o.get("en", "")) for o in said.get("options", ()))
    said["when"] = conditions(said.get("when") or {})
    said["basis"] = tuple(said.get("basis", ()))
    said |= {name: float(said[name]) for name in ("low", "high") if said.get(name) is not None}
    # A failed check is shown by a photo unless the file says that there is nothing to see.
    said.setdefault("photo", said.get("answer", Kind.CHECK) in GRADED)
    return Item(**said)


def conditions(raw: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """``when`` in its one form: every condition a tuple of answers."""
    return {
        str(code): tuple(str(each) for each in (value if isinstance(value, list | tuple) else [value]))
        for code, value in raw.items()
    }


def check(definition: Definition) -> None:
    """Raises DefinitionError for the first thing that does not hold together."""
    where = definition.key
    if not definition.title_zh:
        raise DefinitionError(where, "checklists.title_missing", "has no Chinese title")
    if not definition.items():
        raise DefinitionError(where, "checklists.empty", "asks nothing")
    sections: set[str] = set()
    before: dict[str, Item] = {}
    for section in definition.sections:
        if not CODE.fullmatch(section.code):
            raise DefinitionError(f"{where} {section.code}", "checklists.code_wrong", "the section's code does not fit")
        if section.code in sections:
            raise DefinitionError(f"{where} {section.code}", "checklists.section_twice", "two sections of this code")
        sections.add(section.code)
        for item in section.items:
            if problem := item_problem(item, before):
                raise DefinitionError(f"{where} {item.code or '?'}", *problem)
            before[item.code] = item
    if definition.scoring is not None:
        _check_scoring(definition, definition.scoring)


def item_problem(item: Item, before: Mapping[str, Item]) -> tuple[str, str] | None:
    """What is wrong with an item that stands after ``before``: a key and plain words, or None."""
    if not item.code:
        return "checklists.code_missing", "has no code"
    if not CODE.fullmatch(item.code):
        return "checklists.code_wrong", "a code is up to 20 letters, digits, dots and hyphens"
    if item.code in before:
        return "checklists.code_twice", "two items of this code"
    if not item.text_zh:
        return "checklists.text_missing", "has no Chinese text"
    if item.answer not in set(Kind):
        return "checklists.kind_unknown", f"answer {item.answer!r} is unknown"
    if item.grade not in set(Grade):
        return "checklists.grade_unknown", f"grade {item.grade!r} is unknown"
    if item.grade == Grade.MAJOR and not item.criterion:
        return "checklists.criterion_missing", "proposes a major hazard without a criterion"
    values = [option.value for option in item.options]
    if (item.answer == Kind.CHOICE) != bool(values) or len(values) != len(set(values)) or "" in values:
        return "checklists.options_wrong", "a choice has different, named options, and only a choice has them"
    if (item.answer == Kind.SCORE) != (item.max is not None) or (item.max is not None and item.max < 1):
        return "checklists.points_wrong", "a scored item has points from 1, and only a scored item has them"
    if item.veto_at is not None and (item.max is None or not 0 <= item.veto_at < item.max):
        return "checklists.points_wrong", "a veto stands below the points of a scored item"
    if item.low is not None and item.high is not None and item.high < item.low:
        return "checklists.bounds_wrong", "the upper bound lies below the lower one"
    if item.answer in {Kind.CHECK, Kind.SCORE} and not item.fail_zh:
        return "checklists.fail_missing", "does not say what a failed item is"
    return _condition_problem(item, before)


def _condition_problem(item: Item, before: Mapping[str, Item]) -> tuple[str, str] | None:
    for code, wanted in item.when.items():
        earlier = before.get(code)
        if earlier is None:
            return "checklists.condition_later", f"depends on {code}, which does not stand before it"
        known = _answers_of(earlier)
        if known is None or not wanted or not set(wanted) <= known:
            return "checklists.condition_unknown", f"depends on an answer of {code} that cannot be given"
    return None


def _answers_of(item: Item) -> set[str] | None:
    """The answers a condition may name, or None where there are too many to name."""
    if item.answer == Kind.CHECK:
        return {verdict.value for verdict in Verdict}
    if item.answer == Kind.CHOICE:
        return {option.value for option in item.options}
    return None


def _check_scoring(definition: Definition, scoring: Scoring) -> None:
    where = definition.key
    points = sum(item.max or 0 for item in definition.items())
    if points != scoring.total:
        raise DefinitionError(where, "checklists.points_sum", f"the items give {points} of {scoring.total} points")
    floors = [band.min for band in scoring.bands]
    if not floors or floors != sorted(floors, reverse=True) or len(floors) != len(set(floors)) or floors[-1] > 0:
        raise DefinitionError(where, "checklists.bands_wrong", "the bands fall from the best down to 0")
    if scoring.veto_band and scoring.veto_band not in {band.key for band in scoring.bands}:
        raise DefinitionError(where, "checklists.bands_wrong", "the band of a veto is none of the bands")


# --- the life of a version and of a filled one --------------------------------------------------------------------


class State(StrEnum):
    """OFFERED: a newer version of the shipped library waits beside an edition of the office's own."""

    DRAFT = "draft"
    OFFERED = "offered"
    PUBLISHED = "published"
    REPLACED = "replaced"
    DISCARDED = "discarded"


class Action(StrEnum):
    PUBLISH = "publish"
    OFFER = "offer"
    REPLACE = "replace"
    DISCARD = "discard"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the guards look at: the first thing that speaks against the definition, as a key."""

    problem: str = ""


def _sound(facts: Facts) -> str | None:
    return facts.problem or None


MACHINE: Machine[State, Action, Facts] = Machine(
    "checklists",
    initial=State.DRAFT,
    final=(State.REPLACED, State.DISCARDED),
    moves=(
        Move((State.DRAFT,), Action.PUBLISH, State.PUBLISHED, (_sound,)),
        Move((State.DRAFT,), Action.OFFER, State.OFFERED),
        Move((State.OFFERED,), Action.PUBLISH, State.PUBLISHED, (_sound,)),
        Move((State.PUBLISHED, State.OFFERED), Action.REPLACE, State.REPLACED),
        Move((State.DRAFT,), Action.DISCARD, State.DISCARDED),
    ),
)


class FilledState(StrEnum):
    OPEN = "open"
    DONE = "done"


# --- answers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said to one item. ``value``: pass/fail/na, a number, a word, an option's value; None where not answered.

    ``note`` is a remark; ``description`` replaces the item's own words for the finding; ``photos`` are file ids.
    """

    value: Any = None
    note: str = ""
    description: str = ""
    photos: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {"value": self.value}
        if self.note:
            said["note"] = self.note
        if self.description:
            said["description"] = self.description
        if self.photos:
            said["photos"] = list(self.photos)
        return said


Answers = Mapping[str, Answer]


def read_answers(raw: Mapping[str, Any]) -> dict[str, Answer]:
    """Answers from JSON: ``{code: {"value": …, "note": …, "description": …, "photos": […]}}`` or ``{code: value}``.

    What is of a wrong shape becomes an answer that :func:`problems` refuses; nothing is guessed at.
    """
    found: dict[str, Answer] = {}
    for code, said in raw.items():
        if isinstance(said, Mapping):
            photos = said.get("photos")
            found[str(code)] = Answer(
                value=said.get("value"),
                note=_text(said.get("note")),
                description=_text(said.get("description")),
                photos=tuple(str(each) for each in photos) if isinstance(photos, list | tuple) else (),
            )
        else:
            found[str(code)] = Answer(said)
    return found


def write_answers(answers: Answers) -> dict[str, Any]:
    return {code: answer.as_json() for code, answer in answers.items()}


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def answered(answer: Answer | None) -> bool:
    return answer is not None and answer.value is not None and answer.value != ""


def visible_items(definition: Definition, answers: Answers, *, sections: Iterable[str] = ()) -> list[Item]:
    """The items that are asked, given these answers. An item behind a closed one is closed too.

    ``sections``: only those, for somebody who answers a part of a joint checklist; conditions still see all answers.
    """
    open_: dict[str, Item] = {}
    for item in definition.items():
        if all(code in open_ and _given(answers.get(code)) in wanted for code, wanted in item.when.items()):
            open_[item.code] = item
    only = set(sections)
    if not only:
        return list(open_.values())
    return [item for each in definition.sections if each.code in only for item in each.items if item.code in open_]


def _given(answer: Answer | None) -> str:
    return str(answer.value) if answered(answer) and answer is not None else ""


def clean(definition: Definition, answers: Answers) -> dict[str, Answer]:
    """The answers that count: of open items, in the order they are asked."""
    return {item.code: answers[item.code] for item in visible_items(definition, answers) if item.code in answers}


@dataclass(frozen=True, slots=True)
class Problem:
    """An answer that does not stand: the item's code and a stable key."""

    code: str
    key: str


def problems(
    definition: Definition, answers: Answers, *, finished: bool, photos: bool = True, sections: Iterable[str] = ()
) -> list[Problem]:
    """What speaks against these answers, in the order of the items.

    A draft (``finished`` False) may leave things open; what is said must fit all the same. ``photos`` False: pictures
    come by another way and are not asked for here.
    """
    known = {item.code for item in definition.items()}
    found = [Problem(code, "checklists.item_unknown") for code in answers if code not in known]
    for item in visible_items(definition, answers, sections=sections):
        answer = answers.get(item.code)
        if answer is None or not answered(answer):
            if finished and item.required:
                found.append(Problem(item.code, "checklists.not_answered"))
            continue
        if key := _misfit(item, answer):
            found.append(Problem(item.code, key))
        elif finished and photos and item.photo and not answer.photos and is_failed(item, answer):
            found.append(Problem(item.code, "checklists.photo_missing"))
    return found


def _misfit(item: Item, answer: Answer) -> str | None:
    value = answer.value
    if len(answer.note) > NOTE_MOST or len(answer.description) > NOTE_MOST or len(answer.photos) > PHOTOS_MOST:
        return "checklists.answer_too_long"
    match item.answer:
        case Kind.CHECK:
            fits = isinstance(value, str) and value in set(Verdict)
        case Kind.CHOICE:
            fits = isinstance(value, str) and value in {option.value for option in item.options}
        case Kind.TEXT:
            fits = isinstance(value, str) and len(value) <= TEXT_MOST
        case Kind.SCORE:
            fits = value == Verdict.NA or (
                _number(value) and float(value).is_integer() and 0 <= value <= (item.max or 0)
            )
        case _:
            fits = value == Verdict.NA or (_number(value) and (item.bounds_fail or not _outside(item, value)))
    return None if fits else "checklists.answer_wrong"


def _number(value: Any) -> bool:
    """A number of a size that means something; no comparison holds for NaN."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12


def _outside(item: Item, value: float) -> bool:
    return (item.low is not None and value < item.low) or (item.high is not None and value > item.high)


def is_failed(item: Item, answer: Answer) -> bool:
    """Is this a bad answer? A score below full points is; ``na`` and what does not fit are not."""
    if not answered(answer) or answer.value == Verdict.NA or _misfit(item, answer):
        return False
    match item.answer:
        case Kind.CHECK:
            return bool(answer.value == Verdict.FAIL)
        case Kind.SCORE:
            return bool(answer.value < (item.max or 0))
        case Kind.NUMBER:
            return item.bounds_fail and _outside(item, answer.value)
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Finding:
    """What a failed item proposes. The room that takes it up asks the standards and a person.

    ``urgent``: a veto. ``on_spot``: usually put right while the inspector waits.
    """

    code: str
    section: str
    department: str
    description: str
    note: str
    grade: str
    level: str
    criterion: str
    basis: tuple[str, ...]
    photo_required: bool
    photos: tuple[str, ...]
    on_spot: bool
    lost: int
    urgent: bool


def findings(definition: Definition, answers: Answers, *, sections: Iterable[str] = ()) -> list[Finding]:
    """A proposal for every failed item that is open, in the order they were asked."""
    found = []
    for item in visible_items(definition, answers, sections=sections):
        answer = answers.get(item.code)
        if answer is None or not is_failed(item, answer):
            continue
        section = definition.section_of(item.code)
        words = answer.description or item.fail_zh or item.text_zh
        if item.answer == Kind.NUMBER and not answer.description:
            words = f"{words}（{answer.value:g}{item.unit}）"
        found.append(
            Finding(
                code=item.code,
                section=section.code if section else "",
                department=section.department if section else "",
                description=words,
                note=answer.note,
                grade=item.grade,
                level=item.level,
                criterion=item.criterion,
                basis=item.basis,
                photo_required=item.photo,
                photos=answer.photos,
                on_spot=item.spot,
                lost=(item.max or 0) - int(answer.value) if item.answer == Kind.SCORE else 0,
                urgent=item.veto_at is not None and answer.value <= item.veto_at,
            )
        )
    return found


# --- what the answers come to -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Result:
    """``points`` of ``possible`` (what does not apply is taken out and the rest scaled to ``total``), and the band.

    For a checklist without points only the counts are filled.
    """

    passed: int
    failed: int
    not_applicable: int
    unanswered: int
    points: int = 0
    possible: int = 0
    score: float | None = None
    band: str = ""
    vetoes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        said = {each.name: getattr(self, each.name) for each in fields(self)}
        return said | {"vetoes": list(self.vetoes)}


def result(definition: Definition, answers: Answers, *, sections: Iterable[str] = ()) -> Result:
    """Counts, and for a scored checklist the score out of its total with the band and the vetoes that set it."""
    passed = failed = none = silent = points = possible = 0
    vetoes: list[str] = []
    for item in visible_items(definition, answers, sections=sections):
        answer = answers.get(item.code)
        if answer is None or not answered(answer) or _misfit(item, answer):
            silent += 1
            continue
        if answer.value == Verdict.NA:
            none += item.answer in GRADED
            continue
        if item.answer in GRADED:
            bad = is_failed(item, answer)
            failed += bad
            passed += not bad
        if item.answer == Kind.SCORE:
            points += int(answer.value)
            possible += item.max or 0
            if item.veto_at is not None and answer.value <= item.veto_at:
                vetoes.append(item.code)
    said = Result(passed, failed, none, silent, points, possible, vetoes=tuple(vetoes))
    scoring = definition.scoring
    if scoring is None or not possible:
        return said
    score = math.floor(points * scoring.total * 10 / possible + 0.5) / 10
    band = next((each.key for each in scoring.bands if score >= each.min), "")
    return replace(said, score=score, band=scoring.veto_band or band if vetoes else band)


def merged(stored: Answers, sent: Answers) -> dict[str, Answer]:
    """Stored answers with what was sent over them, item by item; an item that was not sent keeps its answer."""
    return {**stored, **sent}


# --- changing a draft ---------------------------------------------------------------------------------------------


def next_code(section: str, taken: Sequence[str]) -> str:
    """A code for a new item of a section: its letter and the next number."""
    numbers = [
        int(code[len(section) :]) for code in taken if code.startswith(section) and code[len(section) :].isdigit()
    ]
    return f"{section}{max(numbers, default=0) + 1}"


def put(items: Sequence[Item], item: Item, *, instead_of: str = "") -> tuple[Item, ...]:
    """The items with this one in the place of ``instead_of``, or at the end."""
    if instead_of:
        return tuple(item if each.code == instead_of else each for each in items)
    return (*items, item)

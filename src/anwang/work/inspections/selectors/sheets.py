"""The checklists of a visit as people answer them: sections, questions, what is open, what failed and has no hazard."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from anwang.registers.sites.models import Site
from anwang.work.checklists import rules as checklists
from anwang.work.checklists import selectors as library
from anwang.work.checklists.labels import DEPARTMENTS
from anwang.work.checklists.models import ChecklistVersion, chinese
from anwang.work.checklists.rules import Answer, Definition, Item
from anwang.work.inspections.models import Finding, Inspection, Sheet
from anwang.work.inspections.rules import Kind
from anwang.work.inspections.selectors import people


@dataclass(frozen=True, slots=True)
class Question:
    """One item with its answer. ``proposal`` is what a failed answer proposes, ``finding`` what became of it.

    ``open``: asked at present; one behind a condition is not, and counts for nothing.
    """

    item: Item
    number: int
    answer: Answer | None
    proposal: checklists.Finding | None
    finding: Finding | None
    mine: bool
    """May the reader answer it?"""
    open: bool = True

    @property
    def answered(self) -> bool:
        return checklists.answered(self.answer)

    @property
    def text(self) -> str:
        return self.item.words(chinese())

    @property
    def options(self) -> list[tuple[str, str]]:
        """Value and words of every answer to choose from; points for a score of ten at most."""
        if self.item.answer == checklists.Kind.SCORE:
            return [(str(n), str(n)) for n in range((self.item.max or 0) + 1)]
        return [(each.value, each.zh if chinese() else each.en or each.zh) for each in self.item.options]

    @property
    def said(self) -> str:
        """The answer as a form holds it: 5, not 5.0."""
        value = self.value
        return f"{value:g}" if isinstance(value, int | float) else str(value or "")

    @property
    def shown(self) -> str:
        """The answer in words, but for the verdicts."""
        return next((words for value, words in self.options if value == self.said), self.said)

    @property
    def note(self) -> str:
        return self.answer.note if self.answer is not None else ""

    @property
    def when_json(self) -> str:
        """The conditions, for a screen that opens and closes items by itself."""
        return json.dumps({code: list(wanted) for code, wanted in self.item.when.items()}) if self.item.when else ""

    @property
    def failed(self) -> bool:
        return self.proposal is not None

    @property
    def value(self) -> Any:
        return self.answer.value if self.answer is not None else None

    @property
    def must_be_reported(self) -> bool:
        """A lost point of a score is no hazard by itself; a veto or no point at all is."""
        if self.proposal is None or self.finding is not None:
            return False
        return self.item.answer != checklists.Kind.SCORE or self.proposal.urgent or self.value == 0


@dataclass(frozen=True, slots=True)
class Part:
    """A section; on a joint visit that of one department, with the people who answer it."""

    code: str
    title: str
    department: str
    questions: Sequence[Question]
    people: Sequence[str] = ()
    mine: bool = True
    closed: Sequence[Question] = ()
    """Items behind a condition that does not hold: a screen may open them without asking again."""

    @property
    def department_word(self) -> str:
        """Whose section it is, in words; "" where its title says so already."""
        word = str(DEPARTMENTS.get(self.department, self.department)) if self.department else ""
        return "" if word == self.title else word

    @property
    def all(self) -> list[Question]:
        """Open and closed, in the order of the checklist."""
        return sorted([*self.questions, *self.closed], key=lambda question: question.number)

    @property
    def answered(self) -> int:
        return sum(question.answered for question in self.questions)

    @property
    def failed(self) -> int:
        return sum(question.failed for question in self.questions)

    @property
    def total(self) -> int:
        return len(self.questions)

    @property
    def complete(self) -> bool:
        return all(question.answered or not question.item.required for question in self.questions)


@dataclass(frozen=True)
class SheetView:
    """One checklist of a visit."""

    sheet: Sheet
    version: ChecklistVersion
    definition: Definition
    parts: Sequence[Part]
    strays: Sequence[Finding] = field(default=())
    """Hazards recorded from an item that was answered otherwise since."""

    @cached_property
    def questions(self) -> list[Question]:
        return [question for part in self.parts for question in part.questions]

    @property
    def unanswered(self) -> list[Question]:
        return [each for each in self.questions if each.item.required and not each.answered]

    @property
    def unreported(self) -> list[Question]:
        return [each for each in self.questions if each.must_be_reported]

    @cached_property
    def result(self) -> checklists.Result:
        return checklists.result(self.definition, self.answers)

    @cached_property
    def answers(self) -> dict[str, Answer]:
        return checklists.read_answers(self.sheet.filled.answers)

    @property
    def answered(self) -> int:
        return sum(each.answered for each in self.questions)

    @property
    def total(self) -> int:
        return len(self.questions)

    @property
    def band(self) -> str:
        """The word of the band the score falls into."""
        scoring = self.definition.scoring
        found = next((b for b in scoring.bands if b.key == self.result.band), None) if scoring else None
        return (found.zh if chinese() else found.en or found.zh) if found else ""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a visit's checklists still lack."""

    sheets: int
    total: int
    answered: int
    unanswered: int
    failed: int
    unreported: int


def of(inspection: Inspection, *, viewer: Any = None) -> list[SheetView]:
    """The checklists of a visit in their order; with ``viewer``, the parts are marked that are theirs to answer."""
    rows = inspection.sheets.filter(set_aside_at__isnull=True).select_related("filled__version__checklist")
    found_by: dict[tuple[str, str], Finding] = {}
    for finding in inspection.findings.exclude(item_code=""):
        found_by.setdefault((finding.sheet_id or "", finding.item_code), finding)
    only = people.sections_of(inspection, viewer) if viewer is not None else None
    crew = people.there(inspection)
    views = []
    for sheet in rows:
        definition = library.definition(sheet.filled.version)
        views.append(_view(sheet, definition, found_by, only, crew))
    return views


def _view(
    sheet: Sheet,
    definition: Definition,
    found_by: dict[tuple[str, str], Finding],
    only: frozenset[str] | None,
    crew: Iterable[Any],
) -> SheetView:
    answers = checklists.read_answers(sheet.filled.answers)
    asked = {item.code for item in checklists.visible_items(definition, answers)}
    proposals = {each.code: each for each in checklists.findings(definition, answers)}
    parts, number = [], 0
    shown: set[str] = set()
    for section in definition.sections:
        mine = only is None or section.code in only
        questions: list[Question] = []
        closed: list[Question] = []
        for item in section.items:
            number += 1
            is_open = item.code in asked
            finding = found_by.get((sheet.pk, item.code))
            if item.code in proposals and finding is not None:
                shown.add(finding.pk)
            row = Question(
                item, number, answers.get(item.code), proposals.get(item.code), finding, mine=mine, open=is_open
            )
            (questions if is_open else closed).append(row)
        title = section.title_zh if chinese() or not section.title_en else section.title_en
        names = [person.name for person in crew if section.code in person.sections]
        parts.append(Part(section.code, title, section.department, questions, names, mine, closed))
    strays = [each for key, each in found_by.items() if key[0] == sheet.pk and each.pk not in shown]
    return SheetView(sheet, sheet.filled.version, definition, parts, strays)


def tally(inspection: Inspection) -> Tally:
    views = of(inspection)
    return Tally(
        sheets=len(views),
        total=sum(view.total for view in views),
        answered=sum(view.answered for view in views),
        unanswered=sum(len(view.unanswered) for view in views),
        failed=sum(question.failed for view in views for question in view.questions),
        unreported=sum(len(view.unreported) for view in views),
    )


def question(
    inspection: Inspection, sheet_id: str, code: str, *, viewer: Any = None
) -> tuple[SheetView, Question] | None:
    for view in of(inspection, viewer=viewer):
        if view.sheet.pk == sheet_id:
            found = next((each for each in view.questions if each.item.code == code), None)
            return (view, found) if found is not None else None
    return None


def definition_of(sheet: Sheet) -> Definition:
    """What a sheet asks, by the version it keeps."""
    return library.definition(sheet.filled.version)


def fitting(site: Site) -> list[ChecklistVersion]:
    """The published checklists that fit a place, the closest first: of its kind, then of its domain."""
    return library.fitting(site_kind=site.kind_key, domains=[site.domain])


def best(site: Site, kind: str) -> ChecklistVersion | None:
    """The one to begin with: on a joint visit one with sections of departments, else one without, made for the kind."""
    found = [each for each in fitting(site) if site.kind_key in each.site_kinds]
    joint = [each for each in found if any(section.department for section in library.definition(each).sections)]
    wanted = joint if kind == Kind.JOINT else [each for each in found if each not in joint] or found
    return next(iter(wanted), None)

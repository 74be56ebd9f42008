"""Three-in-one (三位一体): what the place itself, an expert and the authority saw, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from anwang.registers.sites.models import Site
from anwang.work.checklists.models import chinese
from anwang.work.checklists.rules import GRADED, Definition
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import OPEN as OPEN_HAZARDS
from anwang.work.inspections import rules
from anwang.work.inspections.models import Finding, Inspection
from anwang.work.inspections.rules import State, Third
from anwang.work.inspections.selectors import life
from anwang.work.inspections.selectors.sheets import SheetView
from anwang.work.inspections.selectors.sheets import of as sheets_of


@dataclass(frozen=True, slots=True)
class Eyes:
    """One of the three: its latest finished visit, and what that found. ``visit`` None: has not looked yet."""

    third: Third
    visit: Inspection | None
    sheets: Sequence[SheetView] = ()
    findings: Sequence[tuple[Finding, Hazard]] = ()

    @property
    def open(self) -> int:
        """Hazards found that are not closed yet."""
        return sum(hazard.state in OPEN_HAZARDS for _finding, hazard in self.findings)


@dataclass(frozen=True, slots=True)
class Line:
    """One item that at least two of the three were asked: what each said. ``missed``: the place saw nothing wrong in
    what others failed.
    """

    checklist: str
    section: str
    code: str
    text: str
    said: Mapping[Third, str]

    @property
    def differs(self) -> bool:
        return len({value for value in self.said.values() if value in ("pass", "fail")}) > 1

    @property
    def missed(self) -> bool:
        others = (self.said.get(Third.EXPERT), self.said.get(Third.GOVERNMENT))
        return self.said.get(Third.SELF) == "pass" and "fail" in others


@dataclass(frozen=True, slots=True)
class ThreeInOne:
    site: Site
    eyes: Sequence[Eyes]
    lines: Sequence[Line]
    """Items asked by two or three of them, those that differ first."""

    @property
    def differing(self) -> int:
        return sum(line.differs for line in self.lines)

    @property
    def missed(self) -> int:
        return sum(line.missed for line in self.lines)


def three_in_one(site: Site, user: Any) -> ThreeInOne:
    """The latest finished visit of each of the three that ``user`` may see, and where their answers differ."""
    seen = Inspection.objects.visible_to(user).filter(site=site, state=State.DONE).select_related("lead", "site")
    eyes = []
    for third in Third:
        kinds = [kind for kind, own in rules.THIRD_OF.items() if own is third]
        visit = seen.filter(visit_kind__in=kinds).order_by("-began_at", "-id").first()
        if visit is None:
            eyes.append(Eyes(third, None))
        else:
            eyes.append(Eyes(third, visit, sheets_of(visit), life.findings(visit)))
    return ThreeInOne(site, eyes, _lines(eyes))


def _lines(eyes: Sequence[Eyes]) -> list[Line]:
    said: dict[tuple[str, str], dict[Third, str]] = {}
    definitions: dict[str, Definition] = {}
    for each in eyes:
        for view in each.sheets:
            definitions[view.definition.key] = view.definition
            for question in view.questions:
                if question.answered and question.item.answer in GRADED:
                    word = "fail" if question.failed else "na" if question.value == "na" else "pass"
                    said.setdefault((view.definition.key, question.item.code), {})[each.third] = word
    lines = []
    for (key, code), words in said.items():
        definition = definitions[key]
        item, section = definition.item(code), definition.section_of(code)
        if len(words) > 1 and item is not None and section is not None:
            title = section.title_zh if chinese() or not section.title_en else section.title_en
            lines.append(Line(key, title, code, item.words(chinese()), words))
    return sorted(lines, key=lambda line: (not line.missed, not line.differs))


def visits_of(site: Site, user: Any) -> "QuerySet[Inspection]":
    """Every visit to a place that the user sees, the latest first."""
    rows: QuerySet[Inspection] = Inspection.objects.visible_to(user).filter(site=site).select_related("lead", "site")
    return rows.order_by("-made_at", "-id")

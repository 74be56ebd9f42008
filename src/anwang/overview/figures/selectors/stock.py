"""How hazards stand, cut as a page of figures asks: from the ledger's counters, exact at the moment of asking."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet

from anwang.ground.accounts.permissions import Permission
from anwang.ground.regions.models import COLUMNS, Region
from anwang.overview.figures.rules import Span
from anwang.overview.figures.selectors import whose
from anwang.overview.figures.selectors.happened import Asked
from anwang.work.hazards import selectors as hazards
from anwang.work.hazards.models import LEVELS, Hazard
from anwang.work.hazards.rules import OPEN, Grade, State

LEVELS_COUNTED = tuple(LEVELS)
COUNTED = tuple(state.value for state in State if state is not State.CANCELLED)
"""What a figure counts: an entry made in error is no hazard."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a page of figures is asked. Empty means all; ``inside`` None is everything the user reads."""

    user: Any
    span: Span
    inside: Sequence[Region] | None = None
    domains: Collection[str] = ()
    grades: Collection[str] = ()
    sources: Collection[str] = ()

    @property
    def codes(self) -> list[str] | None:
        return None if self.inside is None else [region.code for region in self.inside]

    @property
    def asked(self) -> Asked:
        return Asked(self.inside, self.domains, self.grades)

    def fixed(self, *, found: bool = False) -> dict[str, Any]:
        """The question for ``hazards.selectors.cells``; ``found`` keeps those found in the span."""
        cut: dict[str, Any] = {"state__in": list(COUNTED)}
        for name, wanted in (("domain", self.domains), ("grade", self.grades), ("source", self.sources)):
            if wanted:
                cut[f"{name}__in"] = list(wanted)
        if found:
            cut |= {"month__lte": self.span.last}
            if self.span.first:
                cut |= {"month__gte": self.span.first}
        return cut


@dataclass(frozen=True, slots=True)
class Stand:
    """How many of some hazards stand how. ``closed`` and ``open`` together are ``found``."""

    found: int = 0
    closed: int = 0
    open: int = 0
    late: int = 0
    ever_late: int = 0
    major: int = 0
    major_open: int = 0

    def __add__(self, other: "Stand") -> "Stand":
        return Stand(
            self.found + other.found,
            self.closed + other.closed,
            self.open + other.open,
            self.late + other.late,
            self.ever_late + other.ever_late,
            self.major + other.major,
            self.major_open + other.major_open,
        )


def _stand(state: str, *, late: bool, ever_late: bool, grade: str, n: int) -> Stand:
    is_open = state in OPEN
    major = grade == Grade.MAJOR
    return Stand(
        found=n,
        closed=0 if is_open else n,
        open=n if is_open else 0,
        late=n if late else 0,
        ever_late=n if ever_late else 0,
        major=n if major else 0,
        major_open=n if major and is_open else 0,
    )


def stands(
    question: Question, by: Sequence[str] = (), *, level: str = "", found: bool = True
) -> dict[tuple[str, ...], Stand]:
    """Values of ``by`` (domain, grade, source, month, code) → how the hazards stand.

    ``found``: of those found in the span; without it, of all. One statement for each subtree of the user's scope.
    """
    group = (*by, "state", "late", "ever_late", *(() if "grade" in by else ("grade",)))
    cells = hazards.cells(question.user, level=level, codes=question.codes, group=group, **question.fixed(found=found))
    sums: dict[tuple[str, ...], Stand] = {}
    for key, n in cells.items():
        own = dict(zip(group, key, strict=True))
        one = _stand(own["state"], late=own["late"], ever_late=own["ever_late"], grade=own["grade"], n=n)
        kept = key[: len(by)]
        sums[kept] = sums.get(kept, Stand()) + one
    return sums


def by_state(question: Question) -> dict[str, int]:
    """State → how many are in it now, found whenever; closed ones are in none."""
    cut = question.fixed() | {"state__in": [state.value for state in OPEN]}
    found = hazards.cells(question.user, codes=question.codes, group=("state",), **cut)
    return {str(state): n for (state,), n in found.items()}


def found_by_month(question: Question) -> dict[str, int]:
    """Month → how many were found in it, over all time; with what was closed since, stocks follow."""
    found = hazards.cells(question.user, codes=question.codes, group=("month",), **question.fixed())
    return {str(month): n for (month,), n in found.items()}


def found_by(question: Question, by: str, *, level: str = "") -> dict[tuple[str, str], int]:
    """(value of ``by``, month) → how many were found, over all time. ``by``: domain, source, or code at ``level``."""
    if by == "code" and level not in LEVELS_COUNTED:
        column = COLUMNS[level]
        rows = _rows(question, question.fixed()).values_list(column, "found_month").annotate(n=Count("id"))
        return {(code, month): n for code, month, n in rows}
    group = (by, "month")
    found = hazards.cells(question.user, level=level, codes=question.codes, group=group, **question.fixed())
    return {(str(value), str(month)): n for (value, month), n in found.items()}


@dataclass(frozen=True, slots=True)
class Place:
    """A region that figures are compared by; ``region`` None is what lies in none of them."""

    code: str
    name: str
    region: Region | None = field(default=None, compare=False)


def below(user: Any, region: Region | None) -> tuple[str, list[Place]]:
    """The level and the regions to compare by: those right below ``region``, or where the user's grants begin."""
    if region is None:
        tops = whose.tops(user, Permission.HAZARD_READ)
        if len(tops) != 1:
            level = tops[0].level if tops else "county"
            return level, [Place(top.code, top.name, top) for top in tops if top.level == level]
        region = tops[0]
    order = ("province", "city", "county", "town", "village")
    if region.level not in order[:-1]:
        return "", []
    level = order[order.index(region.level) + 1]
    rows = Region.objects.current().within(region).filter(level=level).order_by("code")
    # A city of the tree that only gathers counties (市辖区) is left out by its flag: its rows stand elsewhere.
    return level, [Place(row.code, row.name, row) for row in rows]


def stands_by_place(question: Question, level: str) -> dict[str, Stand]:
    """Region code at ``level`` → how the hazards found in the span stand; villages are read from the rows."""
    if level in LEVELS_COUNTED:
        return {code: stand for (code,), stand in stands(question, ("code",), level=level).items()}
    return _from_rows(question, level, found=True)


def now_by_place(question: Question, level: str) -> dict[str, Stand]:
    """Region code at ``level`` → how all hazards stand now, whenever they were found."""
    if level in LEVELS_COUNTED:
        return {code: stand for (code,), stand in stands(question, ("code",), level=level, found=False).items()}
    return _from_rows(question, level, found=False)


def _from_rows(question: Question, level: str, *, found: bool) -> dict[str, Stand]:
    ever = ExpressionWrapper(Q(first_late_on__isnull=False), output_field=BooleanField())
    groups = _rows(question, question.fixed(found=found)).annotate(ever=ever)
    sums: dict[str, Stand] = {}
    for code, state, late, grade, was, n in groups.values_list(
        COLUMNS[level], "state", "late", "grade", "ever"
    ).annotate(n=Count("id")):
        sums[code] = sums.get(code, Stand()) + _stand(state, late=late, ever_late=was, grade=grade, n=n)
    return sums


def _rows(question: Question, cut: dict[str, Any]) -> QuerySet[Any]:
    renamed = {f"found_{name}" if name.startswith("month") else name: value for name, value in cut.items()}
    rows = Hazard.objects.visible_to(question.user).filter(**renamed)
    if question.inside is not None:
        where = Q(pk__in=[])
        for at, codes in whose.within(question.inside).items():
            where |= Q(**{f"{COLUMNS[at]}__in": codes})
        rows = rows.filter(where)
    return rows.order_by()

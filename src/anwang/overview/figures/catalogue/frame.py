"""What a page of figures is asked, and the doors from its numbers to the rows they count."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.parts import Cell
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.overview.figures import rules, selectors
from anwang.overview.figures.rules import Flow, Span
from anwang.overview.figures.selectors import Place, Question, Stand


@dataclass
class Frame:
    """One question to the figures. Sums that several of them need are made once."""

    question: Question
    now: datetime
    region: Region | None = None
    query: str = ""
    """The question as an address, carried on by the downloads."""

    # --- sums that are shared -------------------------------------------------------------------------------------

    @cached_property
    def today(self) -> Any:
        return clock.local_date(self.now)

    @cached_property
    def span(self) -> Span:
        return self.question.span

    @cached_property
    def computed_at(self) -> datetime:
        """When the monthly sums were made; now, where they are read from the rows."""
        return selectors.computed_at() or self.now

    @cached_property
    def found(self) -> dict[str, Stand]:
        """Month → how the hazards found in it stand."""
        return {month: stand for (month,), stand in selectors.stands(self.question, ("month",)).items()}

    @cached_property
    def months(self) -> list[str]:
        """The months to show: of the span, or from the first hazard on."""
        if self.span.months:
            return self.span.months
        first = min([*self.found, *(month for _, month in self.flow)], default=self.span.last)
        return rules.months_between(max(first, rules.before(self.span.last, 59)), self.span.last)

    @cached_property
    def all_found(self) -> Stand:
        whole = Stand()
        for stand in self.found.values():
            whole += stand
        return whole

    @cached_property
    def all_now(self) -> Stand:
        return selectors.stands(self.question, found=False).get((), Stand())

    @cached_property
    def flow(self) -> dict[tuple[str, str], Flow]:
        """("", month) → what happened, over all time: stocks are summed from the beginning."""
        return selectors.flows(self.question.user, self.question.asked, today=self.today, last=self.span.last)

    def flow_of(self, month: str) -> Flow:
        return self.flow.get(("", month), Flow())

    @cached_property
    def flow_in_span(self) -> Flow:
        return rules.total(flow for (_, month), flow in self.flow.items() if month >= self.span.first)

    @cached_property
    def _below(self) -> tuple[str, list[Place]]:
        return selectors.below(self.question.user, self.region)

    @property
    def level(self) -> str:
        """The level that regions are compared at; "" where there is nothing below."""
        return self._below[0]

    @property
    def places(self) -> list[Place]:
        return self._below[1]

    def may(self, permission: Permission) -> bool:
        return scope.may(self.question.user, permission)

    # --- doors ----------------------------------------------------------------------------------------------------

    def rows(self, *, region: str = "", month: str = "", found: bool = True, **more: Any) -> str:
        """The address of the ledger with exactly these rows.

        ``found`` keeps those found in the span (or in ``month``). ``more`` goes on as it is: ``group``, ``state``,
        ``late``, ``domain``, ``grade``, ``source``; it stands before what the page was asked.
        """
        asked: dict[str, Any] = {
            "domain": sorted(self.question.domains),
            "grade": ["none" if grade == "" else grade for grade in sorted(self.question.grades)],
            "source": sorted(self.question.sources),
            "region": region or (self.region.code if self.region else ""),
        }
        if month:
            asked |= {"found_from": rules.first_day(month), "found_to": rules.last_day(month)}
        elif found:
            asked |= {"found_from": self.span.first_day or "", "found_to": self.span.last_day}
        asked |= more
        pairs = [
            (name, each) for name, value in asked.items() for each in (value if isinstance(value, list) else [value])
        ]
        return f"{reverse('hazards:ledger')}?{urlencode([(name, each) for name, each in pairs if each != ''])}"

    def closed_rows(self, month: str = "", **more: Any) -> str:
        """The hazards struck off in the span, or in ``month``."""
        first, last = (
            (rules.first_day(month), rules.last_day(month))
            if month
            else (self.span.first_day or "", self.span.last_day)
        )
        return self.rows(found=False, group="closed", closed_from=first, closed_to=last, **more)

    def cell(self, n: int, **where: Any) -> Cell:
        """A number with its door; nothing leads to no rows."""
        return Cell(n, self.rows(**where) if n else "")

    def deeper(self, code: str, tab: str) -> str:
        """The same tab for a region below."""
        return f"{reverse('figures:tab', args=[tab])}?{self._with(region=code)}"

    def download(self, key: str) -> str:
        """The table of one figure as Excel, for those who may take figures out of the house."""
        if not self.may(Permission.FIGURES_EXPORT):
            return ""
        return f"{reverse('figures:export', args=[key])}?{self.query}"

    def _with(self, **changed: str) -> str:
        pairs = [pair for pair in _pairs(self.query) if pair[0] not in changed]
        return urlencode([*pairs, *((name, value) for name, value in changed.items() if value)])

    @property
    def up_to_now(self) -> str:
        """What every figure about the present says of itself."""
        return _("Counted at the moment the page was opened.")


def _pairs(query: str) -> list[tuple[str, str]]:
    from urllib.parse import parse_qsl

    return parse_qsl(query)


def per_cent(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}%"


def share(part: int, whole: int) -> str | None:
    return per_cent(rules.share(part, whole))


def where(name: str, *args: Any, **query: Any) -> str:
    """The address of a page another room may or may not have; empty where it has not."""
    try:
        url = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    tail = urlencode([(key, value) for key, value in query.items() if value != ""])
    return f"{url}?{tail}" if tail else url

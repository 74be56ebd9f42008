"""What an address asks of the figures: the same for the page, its downloads and the API."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import Http404

from anwang.ground.accounts.models import User
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.overview.figures import rules
from anwang.overview.figures.catalogue.frame import Frame
from anwang.overview.figures.rules import Period, Span
from anwang.overview.figures.selectors import Question
from anwang.work.hazards import selectors as hazards
from anwang.work.hazards.rules import Grade, Source

UNGRADED = "none"
CARRIED = ("region", "period", "from", "to", "domain", "grade", "source")
"""What goes on from page to page."""


def regions_for(user: User, code: str) -> tuple[list[Region], Region | None]:
    """The regions to choose from, and the chosen one. A region out of sight is none: 404."""
    if not (code.isascii() and code.isalnum()) and code:
        raise Http404
    choices = hazards.region_choices(user, code)
    chosen = next((region for region in choices if region.code == code), None)
    if code and chosen is None:
        raise Http404
    return choices, chosen


def span_of(period: str, first: str, last: str, today: date) -> Span:
    """Months from–to where they are given and make sense, else the period, else the last twelve months."""
    this = clock.month_of(today)
    if rules.is_month(first) or rules.is_month(last):
        end = min(last, this) if rules.is_month(last) else this
        begin = first if rules.is_month(first) else rules.before(end, 11)
        if begin <= end:
            return Span(begin, end)
    return rules.span(Period(period) if period in set(Period) else Period.TWELVE, today)


def frame_of(
    user: User,
    *,
    now: datetime,
    region: Region | None,
    given: Mapping[str, Any],
    domains: Sequence[str] = (),
    grades: Sequence[str] = (),
    sources: Sequence[str] = (),
) -> Frame:
    """The question of an address. ``given`` has ``period``, ``from`` and ``to``; values that mean nothing are left out."""
    period, first, last = (str(given.get(name, "")) for name in ("period", "from", "to"))
    span = span_of(period, first, last, clock.local_date(now))
    question = Question(
        user,
        span,
        inside=[region] if region is not None else None,
        domains=tuple(domains),
        grades=tuple("" if grade == UNGRADED else grade for grade in grades if grade in (*Grade, UNGRADED)),
        sources=tuple(source for source in sources if source in set(Source)),
    )
    pairs = [
        ("region", region.code if region else ""),
        ("period", period),
        ("from", first),
        ("to", last),
        *(("domain", domain) for domain in domains),
        *(("grade", grade) for grade in grades),
        *(("source", source) for source in sources),
    ]
    return Frame(question, now, region, urlencode([pair for pair in pairs if pair[1]]))

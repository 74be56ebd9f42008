"""Reads: how hazards stand (stock), what happened in each month (flows), the monthly report, whose figures these are."""

from anwang.overview.figures.selectors.happened import (
    Asked,
    Visits,
    chunks,
    computed_at,
    flows,
    flows_of_city,
    visits,
    visits_of_city,
)
from anwang.overview.figures.selectors.monthly import Month, Report, issued, may_issue, paper_data, report, same
from anwang.overview.figures.selectors.stock import (
    LEVELS_COUNTED,
    Place,
    Question,
    Stand,
    below,
    by_state,
    found_by,
    found_by_month,
    now_by_place,
    stands,
    stands_by_place,
)
from anwang.overview.figures.selectors.whose import covers, domains_of, tops

__all__ = [
    "LEVELS_COUNTED",
    "Asked",
    "Month",
    "Place",
    "Question",
    "Report",
    "Stand",
    "Visits",
    "below",
    "by_state",
    "chunks",
    "computed_at",
    "covers",
    "domains_of",
    "flows",
    "flows_of_city",
    "found_by",
    "found_by_month",
    "issued",
    "may_issue",
    "now_by_place",
    "paper_data",
    "report",
    "same",
    "stands",
    "stands_by_place",
    "tops",
    "visits",
    "visits_of_city",
]

"""Every figure that is shown, by tab: what it is called, what it means, its table, and the door behind each number.

The screens, the downloads and the API draw from here, so that all three say the same.
"""

from collections.abc import Callable, Mapping

from anwang.ground.base.parts import Figure
from anwang.overview.figures.catalogue import base, domains, glance, late, major, pace, regions, sources
from anwang.overview.figures.catalogue.frame import Frame

Builder = Callable[[Frame], Figure | None]

FIGURES: Mapping[str, Mapping[str, Builder]] = {
    "overview": {"by_month": glance.by_month, "flow": glance.flow, "states": glance.states, "grades": glance.grades},
    "regions": {"places": regions.places, "places_late": regions.places_late, "places_rate": regions.places_rate},
    "domains": {
        "domains": domains.domains,
        "domains_pace": domains.domains_pace,
        "domains_month": domains.domains_month,
    },
    "sources": {
        "eyes": sources.eyes,
        "eyes_month": sources.eyes_month,
        "visits": sources.visits,
        "sources": sources.sources,
    },
    "pace": {"days": pace.days, "in_time": pace.in_time, "lateness": pace.lateness},
    "late": {"late_places": late.late_places, "late_days": late.late_days, "late_domains": late.late_domains},
    "major": {
        "major_month": major.major_month,
        "major_domains": major.major_domains,
        "major_places": major.major_places,
    },
    "base": {"kinds": base.kinds, "colours": base.colours, "doubts": base.doubts},
}


def of_tab(tab: str, frame: Frame) -> list[Figure]:
    """The figures of a tab, in their order; those the user may not read are left out."""
    return [figure for build in FIGURES.get(tab, {}).values() if (figure := build(frame)) is not None]


def one(key: str, frame: Frame) -> Figure | None:
    """One figure by its key; None where there is none, or none for this user."""
    for builders in FIGURES.values():
        if key in builders:
            return builders[key](frame)
    return None


def tab_of(key: str) -> str:
    return next((tab for tab, builders in FIGURES.items() if key in builders), "")

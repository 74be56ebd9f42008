"""Who is underground in a mine: what its tab shows. Names are masked, and no page shows them whole."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from anwang.ground.base.parts import Figure, Number
from anwang.work.telemetry import labels, rules, underground
from anwang.work.telemetry.models import BaseStation, Mine, Muster
from anwang.work.telemetry.web import common

SHOWN = 20
"""People who are named, those who are down longest first; all are counted."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A number of people with its data time, for a list. ``old``: it no longer says who is underground now."""

    n: int
    at: datetime
    old: bool
    leaderless: bool


def counted(found: Muster | None, now: datetime) -> Counted | None:
    if found is None:
        return None
    leaderless = rules.leaderless(found.n, found.leaders)
    return Counted(found.n, found.at, now - found.at > underground.stale_after(), leaderless)


def part(mine: Mine, now: datetime) -> dict[str, Any]:
    """The piece that is fetched again whenever something came."""
    found = underground.now_of(mine)
    stations = [_station(each) for each in underground.stations(mine)]
    context: dict[str, Any] = {
        "found": found,
        "stations": stations,
        "stations_wrong": sum(not each["well"] for each in stations),
        "people_url": reverse("telemetry:underground_part", args=[mine.code]),
    }
    if found is None:
        return context
    age = now - found.muster.at
    return context | {
        "age": common.lasting(max(age, timedelta()).total_seconds()),
        "old": age > underground.stale_after(),
        "numbers": _numbers(found),
        "areas": found.areas,
        "people": [
            {"person": each, "stayed": "" if each.stayed is None else common.lasting(each.stayed.total_seconds())}
            for each in found.people[:SHOWN]
        ],
        "all_people": len(found.people),
        "hours": f"{underground.overtime_after().total_seconds() / 3600:g}",
    }


def _numbers(found: underground.Now) -> list[Number]:
    muster = found.muster
    hours = f"{underground.overtime_after().total_seconds() / 3600:g}"
    return [
        Number(_("People underground"), muster.n),
        Number(
            _("Mine leaders among them"),
            muster.leaders,
            note=_("no leader on shift") if found.leaderless else "",
            tone="late" if found.leaderless else "",
        ),
        Number(_("Special workers among them"), muster.special),
        Number(_("Areas over their number"), found.over, tone="late" if found.over else ""),
        Number(
            _("Longer than %(hours)s h underground") % {"hours": hours},
            found.overtime,
            tone="late" if found.overtime else "",
        ),
    ]


def _station(each: BaseStation) -> dict[str, Any]:
    known = each.at is not None
    return {
        "name": each.name or each.code,
        "at": each.at,
        "run": labels.RUN_STATES.get(each.run_state, each.run_state) if known else "",
        "power": labels.POWER_STATES.get(each.power_state, each.power_state) if known else "",
        "run_tone": {"0": "done", "1": "late", "2": "late"}.get(each.run_state, "waiting"),
        "power_tone": {"0": "doing", "1": "done", "2": "late"}.get(each.power_state, "waiting"),
        "well": not known or (each.run_state not in {"1", "2"} and each.power_state != "2"),
    }


def curve(mine: Mine, now: datetime) -> Figure | None:
    """How many were underground over the last day."""
    rows = underground.hours(mine, now=now)
    if len(rows) < 2:
        return None
    return Figure(
        key="underground",
        title=_("People underground in the last 24 hours"),
        definition=_(
            "Of each hour the most and the fewest people that a snapshot of the positioning system counted underground, "
            "and the fewest mine leaders. Hours without a snapshot are left out."
        ),
        computed_at=now,
        heads=[_("Hour"), _("Most underground"), _("Fewest underground"), _("Fewest leaders")],
        rows=[[f"{each.start:%H:%M}", each.most, each.fewest, each.leaders] for each in rows],
        chart="line",
        drawn=2,
    )

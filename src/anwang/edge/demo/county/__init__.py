"""The demonstration county, 河曲县, as plain facts: real places, invented everything else.

    from anwang.edge.demo import county
    hequ = county.build()          # the same every time
    hequ.sites, hequ.grids, hequ.people, hequ.organisations, hequ.chains

Pure: no Django, no clock, one seeded random source.
"""

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from anwang.edge.demo.county import chains, offices, places, sites
from anwang.edge.demo.county.places import Place
from anwang.edge.demo.county.roll import Roll
from anwang.edge.demo.county.specs import (
    ChainSpec,
    CountySpec,
    GridSpec,
    OrganisationSpec,
    PersonSpec,
    PostSpec,
    SiteSpec,
)
from anwang.edge.demo.names import NameMaker, Words

__all__ = [
    "ChainSpec",
    "CountySpec",
    "GridSpec",
    "OrganisationSpec",
    "PersonSpec",
    "PostSpec",
    "SiteSpec",
    "build",
    "words",
]

SEED = 140930
GRIDS_WITHOUT_MEMBER = 3
DATA = Path(__file__).resolve().parent.parent / "data"


@cache
def words() -> dict[str, Any]:
    """data/hequ.yaml."""
    with (DATA / "hequ.yaml").open(encoding="utf-8") as text:
        found: dict[str, Any] = yaml.safe_load(text)
    return found


@cache
def build(seed: int = SEED) -> CountySpec:
    """The whole county. Another seed gives other names, places and fields, and the same counts."""
    given = words()
    # One random source per part, so that a change in one does not move all the others.
    drawn = places.draw(
        given["code"], {code: (seat["lon"], seat["lat"]) for code, seat in given["towns"].items()}, Random(seed)
    )
    rng = Random(seed + 1)
    spoken = Words(
        given["surnames"],
        given["given_men"],
        given["given_women"],
        given["brands"],
        given["heavy_brands"],
        given["streets"],
    )
    roll = Roll(given["code"], NameMaker(spoken, rng), rng)
    seat = next(iter(given["towns"]))
    offices.set_up_county(roll, given["name"])
    offices.set_up_towns(roll, drawn, seat)
    rural = [place.code for place in drawn if not place.is_urban and place.serial == place.of]
    members = offices.appoint_grid_members(roll, drawn, set(rng.sample(rural, GRIDS_WITHOUT_MEMBER)))
    settler = sites.Settler(
        drawn,
        seat,
        {code: town["weight"] for code, town in given["towns"].items()},
        set(given["no_mine_villages"]),
        rng,
    )
    settled = sites.settle(roll, settler, given["estates"])
    forged = chains.forge(roll, drawn, members, settled)
    return CountySpec(
        given["code"],
        given["name"],
        tuple(roll.organisations.values()),
        tuple(roll.people.values()),
        tuple(_grid(place, members.get(place.code, ""), rng) for place in drawn),
        tuple(settled),
        tuple(forged),
    )


def _grid(place: Place, member: str, rng: Random) -> GridSpec:
    lon, lat = places.to_degrees(place.centre)
    households = rng.randint(210, 420) if place.is_urban else rng.randint(38, 190)
    return GridSpec(
        place.code,
        grid_name(place),
        place.village.code,
        place.village.town,
        lon,
        lat,
        place.geometry(),
        households,
        int(households * rng.uniform(1.6, 2.6)),
        member,
    )


def grid_name(place: Place) -> str:
    """古渡社区第三网格; a village with one grid gives it its own name."""
    ordinal = f"第{'一二三四五六七八九'[place.serial - 1]}" if place.of > 1 else ""
    return f"{place.village_name}{ordinal}网格"

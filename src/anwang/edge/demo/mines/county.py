"""The mines of the demonstration county as simulated mines, and what now and then goes wrong in them."""

from collections.abc import Iterator
from random import Random

from anwang.edge.demo import county
from anwang.edge.demo.mines.incidents import KINDS, Incident
from anwang.edge.demo.mines.plan import MinePlan, code_of, plan_of

COUNTY = county.words()["code"]
WEIGHTS = {
    "over": 6,
    "cut": 3,
    "cut_fails": 1,
    "surge": 2,
    "co": 2,
    "low_wind": 2,
    "fan_stops": 1,
    "calibration": 12,
    "disconnected": 4,
    "station_down": 2,
    "silence": 3,
    "over_range": 1,
}
"""How often each comes, against each other; those that are not here come only when asked for."""
HOURS_BETWEEN = 20.0
"""Between two incidents of one mine, on average."""


def plans() -> list[MinePlan]:
    """The county's coal mines in the order of its sites: 140930900001 is coal-mine-01."""
    spec = county.build()
    mines = [site for site in spec.sites if site.kind == "coal_mine"]
    return [
        plan_of(
            code_of(spec.code, number),
            site.name,
            faces=int(site.fields["working_faces"]),
            headings=int(site.fields["heading_faces"]),
            gas_grade=site.fields["gas_grade"],
            opencast=site.fields["mining_method"] == "露天",
        )
        for number, site in enumerate(mines, start=1)
    ]


def now_and_then(
    plan: MinePlan, *, seconds: int, seed: str, hours_between: float = HOURS_BETWEEN
) -> Iterator[Incident]:
    """Incidents drawn over ``seconds`` of data time, never two at once in one mine."""
    rng = Random(seed)
    known = {point.key for point in plan.points}
    possible = [kind for kind in WEIGHTS if KINDS[kind].point in known]
    if not possible:
        return
    after = int(rng.expovariate(1 / (hours_between * 3600)))
    while after < seconds:
        kind = rng.choices(possible, [WEIGHTS[each] for each in possible])[0]
        place, _, sensor = KINDS[kind].point.partition(".")
        like = [
            key for key in sorted(known) if key.startswith(place.partition("-")[0] + "-") and key.endswith("." + sensor)
        ]
        yield Incident(kind, rng.choice(like), after=after)
        after += KINDS[kind].lasting + 3600 + int(rng.expovariate(1 / (hours_between * 3600)))

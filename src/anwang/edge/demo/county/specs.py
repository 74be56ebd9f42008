"""What the demonstration county is made of, as plain facts. Every row says that it is invented (`demo`).

Keys are stable words ("coal-03", "p0147", "station-140930101"): the seeds of each room turn them into rows and may
use them to find what they made before.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from anwang.edge.demo.names import Sex

Geometry = dict[str, Any]
SupervisionClass = Literal["A", "B", "C"]
PostLevel = Literal["leader", "manager", "team", "worker"]


@dataclass(frozen=True, slots=True)
class PersonSpec:
    key: str
    name: str
    sex: Sex
    phone: str
    organisation: str
    """Key of the OrganisationSpec they serve in."""
    title: str
    """Their post in words, e.g. 网格员, 矿长, 安全股股长."""
    region: str
    """Code of the region (county, town, village or grid) they answer for."""
    certificate: str = ""
    """Number of an enforcement certificate or qualification; begins with 演示."""
    demo: bool = True


@dataclass(frozen=True, slots=True)
class PostSpec:
    key: str
    title: str
    kind: str
    """What the house knows the post by (PostKey of registers/organisations): leader, head, safety_officer, inspector,
    grid_member, fire_assistant, firefighter, rescuer, volunteer, expert, operator, other."""
    level: PostLevel
    quota: int
    holders: tuple[str, ...]
    """Keys of people; fewer than the quota where posts are vacant."""

    @property
    def vacancies(self) -> int:
        return self.quota - len(self.holders)


@dataclass(frozen=True, slots=True)
class OrganisationSpec:
    key: str
    name: str
    kind: str
    """As registers/organisations has them: committee_office, department, town, village_committee, fire_brigade,
    fire_centre, fire_station, micro_station, volunteer_team, rescue_team, expert_group, enterprise, operator, other."""
    region: str
    parent: str = ""
    address: str = ""
    phone: str = ""
    uscc: str = ""
    domains: tuple[str, ...] = ()
    """Industry domains a department supervises, or an enterprise works in (codes of ground/base/domains)."""
    posts: tuple[PostSpec, ...] = ()
    demo: bool = True


@dataclass(frozen=True, slots=True)
class GridSpec:
    code: str
    """15 digits: village and a serial number of three."""
    name: str
    village: str
    town: str
    lon: float
    lat: float
    outline: Geometry
    """GeoJSON Polygon or MultiPolygon, WGS-84. The grids of the county tile it."""
    households: int
    residents: int
    member: str = ""
    """Key of the grid member; "" where the grid has none."""
    demo: bool = True


@dataclass(frozen=True, slots=True)
class SiteSpec:
    key: str
    name: str
    kind: str
    kind_label: str
    domain: str
    organisation: str
    """Key of the enterprise, institution or property firm that runs it; "" for a household or a plot of land."""
    uscc: str
    town: str
    village: str
    grid: str
    address: str
    lon: float
    lat: float
    people: int
    """On site at the busiest time."""
    supervision_class: SupervisionClass
    department: str
    """Key of the supervising department."""
    owner: str = ""
    manager: str = ""
    also_domains: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    """What its kind asks for: numbers, words, booleans, ISO dates."""
    demo: bool = True


@dataclass(frozen=True, slots=True)
class ChainSpec:
    """One link of a responsibility chain: who answers for a region, a site or one building of it, at which level."""

    level: str
    """Key of a level in registers/organisations: county_leader, town_leader, department, enterprise, grid, …"""
    role: str
    """The level in the words of this county, e.g. 党委责任人."""
    person: str
    region: str = ""
    """Code; for a site, of the village it stands in."""
    site: str = ""
    building: str = ""


@dataclass(frozen=True, slots=True)
class CountySpec:
    code: str
    name: str
    organisations: tuple[OrganisationSpec, ...]
    people: tuple[PersonSpec, ...]
    grids: tuple[GridSpec, ...]
    sites: tuple[SiteSpec, ...]
    chains: tuple[ChainSpec, ...]
    demo: bool = True

    def person(self, key: str) -> PersonSpec:
        return {person.key: person for person in self.people}[key]

    def organisation(self, key: str) -> OrganisationSpec:
        return {organisation.key: organisation for organisation in self.organisations}[key]

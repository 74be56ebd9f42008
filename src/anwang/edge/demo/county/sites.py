"""The sites of the demonstration county: placed in grids, given an organisation, people and fields of their kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from anwang.edge.demo.county.kinds import DEPARTMENTS, KINDS, Kind
from anwang.edge.demo.county.offices import set_up_micro_station
from anwang.edge.demo.county.places import Place
from anwang.edge.demo.county.roll import Roll
from anwang.edge.demo.county.specs import SiteSpec, SupervisionClass

REGISTERED_AS = {"enterprise": "91", "sole_trader": "92", "institution": "12", "property": "91"}
UTILITIES = ("gas_firm", "power_site")
TOWNS = 11
PROPERTY_FIRMS = 6
MICRO_STATIONS = ("mall", "hospital", "elderly_home", "hotel", "market")
MICRO_STATION_FROM = 120
"""People on site from which a unit of these kinds has its own micro fire station here."""
SPREAD_KM = {"mine": 0.9, "seat": 0.12, "towns": 0.2, "town_each": 0.15, "villages": 0.5, "roadside": 0.4}
CLASSES: tuple[SupervisionClass, ...] = ("A", "B", "C")


@dataclass
class Settler:
    """Finds a grid for a kind of site."""

    places: Sequence[Place]
    seat: str
    weights: dict[str, int]
    no_mines: set[str]
    rng: Random

    def spots(self, kind: Kind) -> Iterator[Place]:
        towns = sorted({place.village.town for place in self.places})
        for number in range(kind.count):
            if kind.where == "town_each" and number < len(towns):
                yield self._centre(towns[number])
            else:
                yield self.rng.choice(self._candidates(kind))

    def _centre(self, town: str) -> Place:
        return next(place for place in self.places if place.village.town == town)

    def _candidates(self, kind: Kind) -> list[Place]:
        if kind.where in {"seat", "town_each"}:
            return [place for place in self.places if place.is_urban]
        if kind.where == "mine":
            away = [place for place in self.places if place.village.town != self.seat]
            return [place for place in away if place.village_name.removesuffix("村") not in self.no_mines]
        if kind.where == "villages":
            return [place for place in self.places if not place.is_urban]
        town = self.rng.choices(list(self.weights), list(self.weights.values()))[0]
        inside = [place for place in self.places if place.village.town == town]
        if kind.where == "roadside":
            return [place for place in inside if not place.is_urban]
        if town == self.seat:
            return [place for place in inside if place.is_urban]
        first = inside[0].village.code  # the village the town is named after holds its shops
        return [place for place in inside if place.village.code == first]


def settle(roll: Roll, settler: Settler, estates: Sequence[str]) -> list[SiteSpec]:
    """All sites, in the order of the table of kinds."""
    firms = [
        roll.set_up(
            f"property-{number}",
            roll.names.company("河曲县{brand}物业服务有限公司")[1],
            "enterprise",
            settler.seat,
            registered_as="91",
            domains=("community", "highrise"),
            address=f"西口镇{roll.names.street()}",
            posts=[("经理", 1, 1), ("项目安全主管", 1, 1)],
        ).key
        for number in range(1, PROPERTY_FIRMS + 1)
    ]
    sites = []
    for kind in KINDS:
        for number, place in enumerate(settler.spots(kind), start=1):
            sites.append(_site(roll, kind, number, place, firms, estates))
    return sites


def _site(roll: Roll, kind: Kind, number: int, place: Place, firms: Sequence[str], estates: Sequence[str]) -> SiteSpec:
    rng = roll.rng
    key = f"{kind.key.replace('_', '-')}-{number:02d}"
    street = roll.names.street()
    address = place.town_name + (
        place.village_name + ("附近" if kind.where in {"mine", "villages"} else "") if not place.is_urban else street
    )
    patterns = kind.patterns
    if kind.where == "town_each":  # one health centre per town, hospitals only at the seat
        patterns = patterns[:1] if number <= TOWNS else patterns[1:]
    brand, name = roll.names.company(
        patterns[0] if len(patterns) == 1 else rng.choice(patterns),
        town=place.town_name,
        village=place.village_name,
        street=street,
        estate=rng.choice(list(estates)),
        n=str(rng.randint(1, 9)),
    )
    fields = consistent(name, {field: make(rng) for field, make in kind.fields.items()})
    people = people_on_site(kind, fields, rng)
    organisation, owner, manager = _run_by(roll, kind, key, brand, name, place, address, firms)
    lon, lat = place.point_near(rng, SPREAD_KM[kind.where])
    site = SiteSpec(
        key=key,
        name=name,
        kind=kind.key,
        kind_label=kind.label,
        domain=kind.domain,
        organisation=organisation,
        uscc=roll.organisations[organisation].uscc if organisation else "",
        town=place.village.town,
        village=place.village.code,
        grid=place.code,
        address=address,
        lon=lon,
        lat=lat,
        people=people,
        supervision_class=rng.choices(CLASSES, kind.classes)[0],
        department=DEPARTMENTS[kind.domain],
        owner=owner,
        manager=manager,
        also_domains=kind.also,
        fields=fields,
    )
    if kind.key in MICRO_STATIONS and people >= MICRO_STATION_FROM:
        set_up_micro_station(roll, roll.organisations[organisation], name, place.village.town)
    return site


def _run_by(
    roll: Roll, kind: Kind, key: str, brand: str, name: str, place: Place, address: str, firms: Sequence[str]
) -> tuple[str, str, str]:
    """(organisation key, owner key, manager key) of a new site."""
    village, town = place.village.code, f"town-{place.village.town}"
    if not kind.run_by:
        if kind.key == "gas_household":
            return "", roll.take_on("", "住户", village), ""
        return (
            "",
            roll.take_on(town, kind.titles[0], village),
            roll.take_on(f"village-{village}", kind.titles[1], village),
        )
    if kind.run_by == "property":
        firm = roll.rng.choice(firms)
        return firm, roll.take_on(firm, kind.titles[0], village), roll.take_on(firm, kind.titles[1], village)
    legal = kind.company.format(brand=brand) if kind.company else name
    known = next((one.key for one in roll.organisations.values() if one.name == legal), None)
    if known:  # a firm with several stations or works: the same people answer
        return known, *_heads(roll, known)
    alone = kind.run_by == "sole_trader"
    posts = [("经营者", 1, 1)] if alone else [(title, 1, 1) for title in kind.titles]
    if kind.key == "coal_mine":
        posts += [(title, 1, 1) for title in ("总工程师", "生产副矿长", "机电副矿长")] + [
            ("专职安全员", 4, 3),
            ("瓦斯检查员", 6, 4),
            ("监控值班员", 4, 3),
        ]
    elif kind.key in {"chemical_plant", "workshop"} and roll.rng.random() < 0.3:
        posts[1] = (kind.titles[1], 1, 0)  # a gap to be found: nobody in the safety post
    roll.set_up(
        f"unit-{key}",
        legal,
        "operator" if kind.key in UTILITIES else "enterprise",
        village,
        registered_as=REGISTERED_AS[kind.run_by],
        domains=(kind.domain, *kind.also),
        address=address,
        posts=posts,
        phone=not alone,
    )
    return f"unit-{key}", *_heads(roll, f"unit-{key}")


def _heads(roll: Roll, organisation: str) -> tuple[str, str]:
    posts = roll.organisations[organisation].posts
    owner = posts[0].holders[0]
    second = posts[1].holders if len(posts) > 1 else (owner,)
    return owner, second[0] if second else ""


def consistent(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """What must agree is made to agree: a tower's height with its floors, residents with beds, face with method."""
    if "floors" in fields and "height_m" in fields:
        fields["height_m"] = fields["floors"] * 3
        if name.endswith("号楼"):
            fields["use"] = "住宅"
        elif fields["use"] == "住宅":
            fields["use"] = "商住"
    if "ammonia_kg" in fields and "冷链" not in name:
        fields["ammonia_kg"] = 0
    if "checked" in fields:
        fields["checked"] = min(fields["checked"], fields["households"])
    if "dust" in fields:
        fields["dust"] = any(word in name for word in ("木业", "饲料", "机械"))
    if "beds" in fields and "residents" in fields:
        fields["residents"] = min(fields["residents"], fields["beds"])
        fields["disabled_residents"] = min(fields["disabled_residents"], fields["residents"])
    if "pupils" in fields:
        fields["boarders"] = min(fields["boarders"], fields["pupils"])
    if fields.get("mining_method") == "露天":
        fields |= {"underground_quota": 0, "working_faces": 1, "heading_faces": 0}
    if fields.get("gas_kind") in {"电", "管道天然气", "醇基燃料"} and "cylinders" in fields:
        fields["cylinders"] = 0
    elif "cylinders" in fields:
        fields["cylinders"] = max(1, fields["cylinders"])
    if fields.get("mine_type") not in {None, "露天"}:
        fields |= {"bench_height_m": 0, "slope_angle_deg": 0}
    if fields.get("storage_m3") == 60:  # only a tank of liquefied gas is that large
        fields["liquefied"] = True
    return fields


def people_on_site(kind: Kind, fields: dict[str, Any], rng: Random) -> int:
    low, high = kind.people
    people = rng.randint(low, high)
    for counted, staff in (("pupils", 1.08), ("children", 1.12), ("residents", 1.25), ("workers", 1.05)):
        if counted in fields:
            return int(fields[counted] * staff)
    if kind.key in {"highrise", "community"}:
        return int(fields["households"] * rng.uniform(1.8, 2.7))
    return people

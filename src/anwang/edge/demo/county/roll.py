"""The roll: takes on people and sets up organisations, and gives each its key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from anwang.edge.demo.county.specs import OrganisationSpec, PersonSpec, PostLevel, PostSpec
from anwang.edge.demo.names import NameMaker, Sex
from anwang.kernel.codes import make_uscc

# The first word found in the title says what kind of post it is and where it stands.
POST_KINDS: tuple[tuple[str, str, PostLevel], ...] = (
    ("网格员", "grid_member", "worker"),
    ("协管员", "fire_assistant", "worker"),
    ("专家", "expert", "worker"),
    ("检查执法", "inspector", "worker"),
    ("安全副", "leader", "leader"),
    ("分管", "leader", "leader"),
    ("安全股", "head", "manager"),
    ("应急办主任", "head", "manager"),
    ("科科长", "head", "manager"),
    ("科长", "safety_officer", "manager"),
    ("监控值班", "operator", "worker"),
    ("值班员", "operator", "worker"),
    ("瓦斯检查", "operator", "worker"),
    ("安全", "safety_officer", "manager"),
    ("消防", "safety_officer", "manager"),
    ("副", "leader", "manager"),
    ("工程师", "leader", "manager"),
    ("书记", "leader", "leader"),
    ("县长", "leader", "leader"),
    ("长", "head", "leader"),
    ("主任", "head", "leader"),
    ("经理", "head", "leader"),
    ("负责人", "head", "leader"),
    ("经营者", "head", "leader"),
)
WOMEN_OFTEN = ("园长", "院长", "网格员", "护理", "协管员", "会计")


@dataclass
class Roll:
    code: str
    names: NameMaker
    rng: Random
    people: dict[str, PersonSpec] = field(default_factory=dict)
    organisations: dict[str, OrganisationSpec] = field(default_factory=dict)
    _serial: int = 0
    _certificates: int = 0

    def take_on(self, organisation: str, title: str, region: str, *, certified: bool = False) -> str:
        """A new person in a post; answers the key."""
        share = 0.5 if any(word in title for word in WOMEN_OFTEN) else 0.18
        sex: Sex = "f" if self.rng.random() < share else "m"
        certificate = ""
        if certified:
            self._certificates += 1
            certificate = f"演示{self.code}{self._certificates:04d}"
        key = f"p{len(self.people) + 1:04d}"
        self.people[key] = PersonSpec(
            key, self.names.person(sex), sex, self.names.mobile(), organisation, title, region, certificate
        )
        return key

    def set_up(
        self,
        key: str,
        name: str,
        kind: str,
        region: str,
        *,
        parent: str = "",
        address: str = "",
        registered_as: str = "",
        domains: Iterable[str] = (),
        posts: Sequence[tuple[str, int, int]] = (),
        certified: Iterable[str] = (),
        phone: bool = True,
    ) -> OrganisationSpec:
        """A new organisation with its posts (title, quota, how many are filled).

        `registered_as`: the first two characters of its unified social credit code ("91" firm, "92" sole trader,
        "12" public institution, "11" government office); without it the organisation has no code of its own.
        `certified`: titles whose holders carry an enforcement certificate.
        """
        if key in self.organisations:
            raise ValueError(f"{key} is set up already")
        certified = set(certified)
        staffed = tuple(
            post(
                f"{key}/{number}",
                kind,
                title,
                quota,
                tuple(self.take_on(key, title, region, certified=title in certified) for _ in range(filled)),
            )
            for number, (title, quota, filled) in enumerate(posts, start=1)
        )
        organisation = OrganisationSpec(
            key,
            name,
            kind,
            region,
            parent,
            address,
            self.names.landline() if phone else "",
            self.uscc(registered_as) if registered_as else "",
            tuple(domains),
            staffed,
        )
        self.organisations[key] = organisation
        return organisation

    def add_post(self, organisation: str, title: str, quota: int, holders: Sequence[str]) -> None:
        before = self.organisations[organisation]
        added = post(f"{organisation}/{len(before.posts) + 1}", before.kind, title, quota, tuple(holders))
        self.organisations[organisation] = replace(before, posts=(*before.posts, added))

    def holders(self, organisation: str, title: str) -> tuple[str, ...]:
        return next((one.holders for one in self.organisations[organisation].posts if one.title == title), ())

    def uscc(self, registered_as: str) -> str:
        """A code with right check characters whose organisation part begins with DEM0: never given to anybody."""
        self._serial += 1
        return make_uscc(self.code, f"DEM0{self._serial:04d}", kind=registered_as)


def post(key: str, organisation_kind: str, title: str, quota: int, holders: tuple[str, ...]) -> PostSpec:
    if title == "队员":
        kind = {"rescue_team": "rescuer", "micro_station": "firefighter"}.get(organisation_kind, "volunteer")
        return PostSpec(key, title, kind, "worker", quota, holders)
    kind, level = next(((kind, level) for word, kind, level in POST_KINDS if word in title), ("other", "worker"))
    return PostSpec(key, title, kind, level, quota, holders)

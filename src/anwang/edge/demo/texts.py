"""What inspectors and units write, for the demonstration county: hazards by domain, and the phrases along their road.

Pure: no Django, no clock; the caller brings the random source. Hazards fit the site they are found at (its kind and
its fields), so that nobody finds a shut-down sprinkler where there is none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Literal

import yaml

from anwang.edge.demo.county.specs import SiteSpec

DATA = Path(__file__).resolve().parent / "data"
BUSINESSES = (
    "restaurant",
    "mall",
    "market",
    "entertainment",
    "net_bar",
    "ktv",
    "elderly_home",
    "school",
    "kindergarten",
    "hospital",
    "clinic",
    "self_built_house",
    "workshop",
    "sports_venue",
    "repair_shop",
)
"""Kinds outside the fire domain where the same things go wrong as in a shop: exits, extinguishers, wiring."""


@dataclass(frozen=True, slots=True)
class HazardText:
    domain: str
    text: str
    """With 〔处〕 for a place and 〔n〕 for a small number; see written()."""
    measure: str
    days: int
    """Usual time to put right; 0 is on the spot."""
    category: str
    basis: str
    """urn of a clause in the standards library."""
    basis_words: str
    """The same for people, e.g. 消防法第28条."""
    grade: Literal["general", "major"]
    criteria: tuple[str, ...] = ()
    """For a major one: urns of matching criteria, newest first; the first in force on the day applies."""
    kinds: tuple[str, ...] = ()
    """Only at these kinds of sites; empty: at all kinds of the domain."""
    where: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """Only where the site's field has one of these values."""

    def fits(self, site: SiteSpec) -> bool:
        return (not self.kinds or site.kind in self.kinds) and all(
            site.fields.get(name) in values for name, values in self.where.items()
        )


@cache
def hazards() -> tuple[HazardText, ...]:
    """All of data/hazards.yaml, in its order."""
    given = _read("hazards.yaml")
    return tuple(
        HazardText(
            domain=domain,
            text=row["text"],
            measure=row["measure"],
            days=row["days"],
            category=row["category"],
            basis=given["bases"][row["basis"]]["urn"],
            basis_words=given["bases"][row["basis"]]["words"],
            grade=row.get("grade", "general"),
            criteria=tuple(row.get("criteria", ())),
            kinds=tuple(row.get("kinds", ())),
            where={
                name: tuple(value) if isinstance(value, list) else (value,)
                for name, value in row.get("where", {}).items()
            },
        )
        for domain, block in given["domains"].items()
        for row in block["hazards"]
    )


def possible(site: SiteSpec, grade: Literal["general", "major"] = "general") -> list[HazardText]:
    """What may be found at this site: texts of its domain that fit, and at a business general fire-safety ones too."""
    found = [one for one in hazards() if one.grade == grade and one.fits(site)]
    own = [one for one in found if one.domain == site.domain]
    if grade == "major" or site.domain == "fire":
        return own
    shared = [one for one in found if one.domain == "fire" and (one.kinds or site.kind in BUSINESSES)]
    return own + shared


def written(hazard: HazardText, rng: Random, kind: str = "") -> str:
    """The text as an inspector writes it at a site of this kind: place and number filled in."""
    block = _read("hazards.yaml")["domains"][hazard.domain]
    places = block.get("by_kind", {}).get(kind) or block.get("by_category", {}).get(hazard.category) or block["places"]
    return hazard.text.replace("〔处〕", rng.choice(places)).replace("〔n〕", str(rng.randint(2, 6)))


def phrases(kind: str, *more: str) -> Sequence[Any]:
    """All of one kind, e.g. "return_reasons", or "inspection_opinions", "grid"."""
    found: Any = _read("phrases.yaml")[kind]
    for key in more:
        found = found[key]
    rows: Sequence[Any] = found
    return rows


def phrase(rng: Random, kind: str, *more: str, **fill: str) -> str:
    """One of a kind, filled in; `fill` may give person, unit, days: person="王海军"."""
    words = {"person": "人", "unit": "单位", "days": "天"}
    text: str = rng.choice(phrases(kind, *more))
    for name, value in fill.items():
        text = text.replace(f"〔{words[name]}〕", value)
    text = text.replace("〔人〕", "安全员").replace("〔单位〕", "本单位").replace("〔天〕", "数")
    return text.replace("〔n〕", str(rng.randint(2, 5)))


@cache
def _read(file: str) -> dict[str, Any]:
    with (DATA / file).open(encoding="utf-8") as text:
        found: dict[str, Any] = yaml.safe_load(text)
    return found

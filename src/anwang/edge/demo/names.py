"""Invented names, phones and brands for the demonstration county. Pure: the caller brings the random source.

Phones look right to a form and reach nobody: mobile numbers stand in 154-0000-xxxx (no operator's customers are
there) and landlines begin with a zero after the area code of Xinzhou, which no exchange hands out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Literal

Sex = Literal["m", "f"]


@dataclass(frozen=True, slots=True)
class Words:
    """What names are made of; read from data/hequ.yaml."""

    surnames: dict[str, int]
    given_men: Sequence[str]
    given_women: Sequence[str]
    brands: Sequence[str]
    heavy_brands: Sequence[str]
    """Those a mine or a plant may bear."""
    streets: Sequence[str]


def mobile(serial: int) -> str:
    """The serial-th invented mobile number, "1540000" and four digits."""
    if not 0 <= serial < 10_000:
        raise ValueError(f"{serial}: there are ten thousand invented mobile numbers")
    return f"1540000{serial:04d}"


def landline(serial: int) -> str:
    """The serial-th invented landline, "0350-0000" and three digits."""
    if not 0 <= serial < 1_000:
        raise ValueError(f"{serial}: there are a thousand invented landlines")
    return f"0350-0000{serial:03d}"


@dataclass
class NameMaker:
    """Gives names that do not repeat within one county. Same seed and same order of calls, same names."""

    words: Words
    rng: Random
    _people: set[str] = field(default_factory=set)
    _companies: set[str] = field(default_factory=set)
    _mobiles: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))
    _landlines: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000)))

    def person(self, sex: Sex) -> str:
        surnames, weights = list(self.words.surnames), list(self.words.surnames.values())
        given = self.words.given_men if sex == "m" else self.words.given_women
        for _ in range(50):
            name = self.rng.choices(surnames, weights)[0] + self.rng.choice(given)
            if name not in self._people:
                break
        else:  # a county has namesakes; ours get a second given character instead
            single = [part for part in given if len(part) == 1]
            while name in self._people:
                name = self.rng.choices(surnames, weights)[0] + self.rng.choice(given)[0] + self.rng.choice(single)
        self._people.add(name)
        return name

    def mobile(self) -> str:
        return mobile(next(self._mobiles))

    def landline(self) -> str:
        return landline(next(self._landlines))

    def company(self, pattern: str, **parts: str) -> tuple[str, str]:
        """(brand, full name) for a pattern such as "河曲县{brand}煤业有限公司"; the full name is new."""
        heavy = "有限公司" in pattern and "物业" not in pattern
        brands = list(self.words.heavy_brands if heavy else self.words.brands)
        for brand in self.rng.sample(brands, len(brands)):
            name = pattern.format(brand=brand, **parts)
            if name not in self._companies:
                self._companies.add(name)
                return brand, name
        for again in "二三四五六七八九":  # a pattern without a brand, or all brands used up
            if f"{name}（{again}）" not in self._companies:
                self._companies.add(f"{name}（{again}）")
                return brand, f"{name}（{again}）"
        raise ValueError(f"{pattern}: more asked for than there are names")

    def street(self) -> str:
        return f"{self.rng.choice(list(self.words.streets))}{self.rng.randint(1, 198)}号"

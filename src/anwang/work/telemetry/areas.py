"""The library of areas: how a mine's points are put together on the screen, read from its file. Nothing is judged by it."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from anwang.work.telemetry import rules, sensors


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of the way the air takes through a mine."""

    key: str
    zh: str
    en: str
    places: frozenset[str]
    words: tuple[str, ...]


@cache
def _library() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((sensors.LIBRARY / "areas.yaml").read_text(encoding="utf-8"))
    return found


@cache
def stages() -> tuple[Stage, ...]:
    """In the order of the air; the last one takes what fits nowhere."""
    return tuple(
        Stage(each["key"], each["zh"], each["en"], frozenset(each["places"]), tuple(each["words"]))
        for each in _library()["stages"]
    )


@cache
def _nouns() -> re.Pattern[str]:
    return rules.area_pattern(_library()["nouns"])


def name_of(location: str) -> str:
    """The working or roadway that a point's words name; all of them where they name none."""
    return rules.area_name(location, _nouns())


def stage_of(name: str, places: frozenset[str]) -> Stage:
    """Where an area lies: by the places that were confirmed in it, else by its name."""
    by_place = next((each for each in stages() if each.places & places), None)
    if by_place is not None:
        return by_place
    return next((each for each in stages() if any(word in name for word in each.words)), stages()[-1])

"""The library of this room read from its files: level rows, roads, time limits. Data, not code."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from anwang.kernel.scale import Level
from anwang.work.alarms.rules import LONGEST, Family, LevelRow, Limit, Limits, Road, Step, road_gap, road_problem

FOLDER = Path(__file__).parent / "library"


@dataclass(frozen=True, slots=True)
class Conduct:
    """How alarms are dealt with."""

    version: int
    roads: tuple[Road, ...]
    limit_rows: Limits
    again_within: timedelta
    quantities: dict[str, str]
    """Sensor type → quantity."""
    sensor_words: tuple[str, ...]

    def quantity(self, sensor_type: str) -> str:
        """What a sensor measures; sensors of one quantity at one place are one alarm."""
        return self.quantities.get(sensor_type, sensor_type)


@cache
def level_rows() -> tuple[LevelRow, ...]:
    """The built-in rows. Raises ValueError for a key that stands twice."""
    raw = yaml.safe_load((FOLDER / "levels.yaml").read_text(encoding="utf-8"))
    rows = tuple(read_row({**raw["defaults"], **each}, version=int(raw["version"])) for each in raw["rows"])
    if len({row.key for row in rows}) != len(rows):
        raise ValueError("a level row stands twice in the library")
    return rows


def read_row(each: dict[str, Any], *, version: int) -> LevelRow:
    return LevelRow(
        key=each["key"],
        version=version,
        family=Family(each["family"]),
        level=Level.of(each["level"]),
        quantities=frozenset(each.get("quantities", ())),
        kinds=frozenset(each.get("kinds", ())),
        places=frozenset(each.get("places", ())),
        at_least=each.get("at_least"),
        at_most=each.get("at_most"),
        times=each.get("times"),
        minutes=each.get("minutes"),
        instrument=each["instrument"],
        article=each["article"],
        source=each["source"],
        confidence=each["confidence"],
    )


@cache
def conduct() -> Conduct:
    """The built-in roads and limits. Raises ValueError, naming the road or the limit, where one cannot be."""
    raw = yaml.safe_load((FOLDER / "roads.yaml").read_text(encoding="utf-8"))
    version = int(raw["version"])
    basis = {name: raw[name] for name in ("instrument", "article", "source", "confidence")}
    roads = tuple(
        Road(
            Family(each["family"]),
            tuple(Step(step) for step in each["steps"]),
            frozenset(each.get("quantities", ())),
            frozenset(Level.of(level) for level in each.get("levels", ())),
            key=each["key"],
            version=version,
            **basis,
        )
        for each in raw["roads"]
    )
    for road in roads:
        if problem := road_problem(road):
            raise ValueError(f"{road.key}: {problem}")
    if gap := road_gap(roads):
        raise ValueError(f"no road for {gap[0]} {gap[1].key}")
    limits = (
        Limit(Step(step), Level.of(level), int(minutes), version, **basis)
        for step, row in raw["limits"].items()
        for level, minutes in row.items()
    )
    rows = {(row.step, row.level): row for row in limits}
    if wrong := [row.key for row in rows.values() if not 1 <= row.minutes <= LONGEST]:
        raise ValueError(f"minutes of {', '.join(wrong)}")
    return Conduct(
        version=version,
        roads=roads,
        limit_rows=rows,
        again_within=timedelta(minutes=int(raw["again_within_minutes"])),
        quantities={code: name for name, codes in raw["quantities"].items() for code in codes},
        sensor_words=tuple(raw["sensor_words"]),
    )

"""A simulated mine's points: where they hang, what they are set to, how they are wired."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from anwang.work.telemetry import sensors

DATA = Path(__file__).resolve().parent.parent / "data" / "mines.yaml"
SERIAL = "9"
"""First digit after the county in the code of a mine that does not exist."""


@cache
def library() -> dict[str, Any]:
    """data/mines.yaml."""
    found: dict[str, Any] = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True, slots=True)
class Point:
    key: str
    """Place and sensor: face-1.T1. The same in every mine."""
    code: str
    station: str
    """Code of its substation."""
    type: str
    type_name: str
    value_type: str
    place: str
    is_: str
    """What it is in data/mines.yaml: ch4, cutter, …"""
    location: str
    unit: str
    low_range: float
    high_range: float
    alarm: float | None
    clear: float | None
    cut: float | None
    restore: float | None
    low_alarm: float | None
    low_clear: float | None
    on_text: str
    off_text: str
    level: float
    noise: float
    shift: float
    day: float
    air: str
    decimals: int
    relations: str = ""

    @property
    def analog(self) -> bool:
        return self.value_type == "MN"


@dataclass(frozen=True, slots=True)
class MinePlan:
    code: str
    name: str
    points: tuple[Point, ...]

    def index(self, key: str) -> int:
        """Raises KeyError for a point that is not there."""
        for n, point in enumerate(self.points):
            if point.key == key:
                return n
        raise KeyError(key)

    def of_place(self, place: str, is_: str = "") -> list[int]:
        return [n for n, point in enumerate(self.points) if point.place == place and is_ in {"", point.is_}]

    def with_points(self, points: tuple[Point, ...]) -> "MinePlan":
        return replace(self, points=points)


def is_simulated(code: str) -> bool:
    return code[6:7] == SERIAL


def code_of(county: str, number: int) -> str:
    """The code of a simulated mine: the county's six digits, a 9, a serial number of five."""
    return f"{county}{SERIAL}{number:05d}"


def plan_of(
    code: str,
    name: str,
    *,
    faces: int = 1,
    headings: int = 2,
    gas_grade: str = "低瓦斯",
    opencast: bool = False,
    points: int = 0,
) -> MinePlan:
    """Draw up a mine. ``points`` asks for at least so many: further roadways are added until they are there.

    An opencast mine has no faces under ground, only its closed belt galleries.
    """
    words = library()
    mark = words["words"]["mark"]
    gas = words["gas_grade"][gas_grade]
    found: list[Point] = []
    wanted = [("gallery", 1), ("gallery", 2)]
    if not opencast:
        wanted = [("main", 1), ("district", 1), ("belt", 1)]
        wanted += [("face", n + 1) for n in range(faces)] + [("heading", n + 1) for n in range(headings)]
        wanted += [("goaf", n + 1) for n in range(faces)]
    for station, (place, n) in enumerate(wanted, start=1):
        found += _place(code, place, n, station, gas)
    n = 0
    while len(found) < points:
        n += 1
        found += _place(code, "roadway", n, len(wanted) + n, gas)
    return MinePlan(code, name if name.endswith(mark) else name + mark, tuple(found))


def _place(mine: str, place: str, n: int, station: int, gas: float) -> Iterator[Point]:
    given = library()["places"][place]
    name, key = given["name"].format(n=n), f"{place}-{n}"
    rows = [library()["defaults"] | library()["sensors"][row["is"]] | row for row in given["sensors"]]
    codes = {row["key"]: _code(mine, row["type"], station, number) for number, row in enumerate(rows, start=1)}
    has_cutter = "cutter" in codes
    for row in rows:
        kind = sensors.types()[row["type"]]
        relations = ""
        if has_cutter and row["is"] == "ch4" and row.get("cut") is not None:
            relations = f"D-{codes['cutter']}-{name}断电器:K-{codes['feed']}-{name}馈电"
        elif row["is"] == "cutter":
            relations = f"K-{codes['feed']}-{name}馈电"
        analog = kind.kind == "analog"
        level = float(row.get("level", 1))
        yield Point(
            key=f"{key}.{row['key']}",
            code=codes[row["key"]],
            station=codes["station"],
            type=row["type"],
            type_name=kind.zh,
            value_type=_VALUE_TYPES[kind.kind],
            place=key,
            is_=row["is"],
            location=name + row["at"],
            unit=row["unit"],
            low_range=float(row["range"][0]),
            high_range=float(row["range"][1]),
            alarm=row.get("alarm"),
            clear=row.get("clear"),
            cut=row.get("cut"),
            restore=row.get("restore"),
            low_alarm=row.get("low_alarm"),
            low_clear=row.get("low_clear"),
            on_text=row.get("on", ""),
            off_text=row.get("off", ""),
            level=level * gas if row["is"] == "ch4" else level,
            noise=float(row["noise"]),
            shift=float(row["shift"]),
            day=float(row["day"]),
            air="follows" if "follows" in row else row["air"],
            decimals=int(row["decimals"]) if analog else 0,
            relations=relations,
        )


_VALUE_TYPES = {"analog": "MN", "switch": "KG", "cumulative": "LJ", "state": "DT"}


def _code(mine: str, sensor_type: str, station: int, number: int) -> str:
    """Mine 12, system 01, value type, sensor type, substation 4, number on it 4."""
    return f"{mine}01{_VALUE_TYPES[sensors.types()[sensor_type].kind]}{sensor_type}{station:04d}{number:04d}"

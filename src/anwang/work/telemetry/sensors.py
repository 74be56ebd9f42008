"""The library of sensor types: what a type is called, and what is watched of it beside its own limits. Data, not code."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from anwang.work.telemetry.engine import Watch

LIBRARY = Path(__file__).parent / "library"


@dataclass(frozen=True, slots=True)
class SensorType:
    code: str
    kind: str
    """analog, switch, cumulative or state."""
    zh: str
    en: str
    states: tuple[tuple[str, str], tuple[str, str]] | None
    """Of a switch: what 0 and 1 mean, in both languages."""
    watch: Watch
    methane: bool = False
    """Does it measure methane in the air? Monthly figures of gas over its limit count these."""


@cache
def types() -> dict[str, SensorType]:
    """All sensor types by code. Raises ValueError where the library is not as it should be."""
    raw = yaml.safe_load((LIBRARY / "sensors.yaml").read_text(encoding="utf-8"))
    found: dict[str, SensorType] = {}
    for row in raw["rows"]:
        if row["code"] in found:
            raise ValueError(f"sensor type {row['code']} stands twice in the library")
        found[row["code"]] = _read({**raw["defaults"], **row})
    return found


def methane() -> list[str]:
    """Codes of the types that measure methane in the air."""
    return sorted(code for code, each in types().items() if each.methane)


def watch(sensor_type: str, value_type: str) -> Watch:
    """What is watched of a point. Only analog points (MN) can stand still or rise."""
    known = types().get(sensor_type)
    if value_type != "MN":
        return Watch()
    return known.watch if known else Watch(stuck=_default_stuck())


@cache
def _default_stuck() -> int:
    raw = yaml.safe_load((LIBRARY / "sensors.yaml").read_text(encoding="utf-8"))
    return int(raw["defaults"]["stuck_hours"]) * 3600


def _read(row: dict[str, Any]) -> SensorType:
    rise = row.get("rise") or {"by": 0.0, "within": 60}
    states = None
    if "zero" in row:
        states = ((row["zero"]["zh"], row["zero"]["en"]), (row["one"]["zh"], row["one"]["en"]))
    return SensorType(
        row["code"],
        row["kind"],
        row["zh"],
        row["en"],
        states,
        Watch(stuck=int(row["stuck_hours"]) * 3600, rise=float(rise["by"]), within=int(rise["within"])),
        bool(row.get("methane", False)),
    )

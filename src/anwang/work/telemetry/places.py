"""The library of places and their limits (AQ 1029), read from its file."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from anwang.work.telemetry.rules import PlaceRow

_FILE = Path(__file__).parent / "library" / "aq1029.yaml"


@cache
def rows() -> tuple[PlaceRow, ...]:
    """The places in the order in which they are tried. Raises ValueError for a key that stands twice."""
    raw = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    found = tuple(_row({**raw["defaults"], **each}, raw) for each in raw["rows"])
    if len({each.key for each in found}) != len(found):
        raise ValueError("a place stands twice in the library")
    return found


def row(key: str) -> PlaceRow | None:
    return next((each for each in rows() if each.key == key), None)


def _row(each: dict[str, Any], library: dict[str, Any]) -> PlaceRow:
    area = each.get("range", {"zh": "", "en": ""})
    return PlaceRow(
        key=each["key"],
        row=each["row"],
        tag=each["tag"],
        zh=each["zh"],
        en=each["en"],
        match=tuple(tuple(group) for group in each["match"]),
        unless=tuple(each.get("unless", ())),
        sensor_types=frozenset(each["sensor_types"]),
        mines=frozenset(each["mines"]),
        alarm=each.get("alarm"),
        cut=each.get("cut"),
        restore=each.get("restore"),
        low_alarm=each.get("low_alarm"),
        range_zh=area["zh"],
        range_en=area["en"],
        instrument=library["instrument"],
        version=library["version"],
        confidence=each["confidence"],
    )

"""The records of every file type, field by field, in the order of the upload format.

The order comes from writers and parsers in use (sheet of formats, §3.2); of TJSJ and FZDY it comes from database
columns and is less certain. A field that should be a number or a time and is none drops its record alone.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self

from anwang.work.telemetry.dialects.grammar import FIELDS, OTHER_MINE, POINT, REASONS, moment, point_reason

_MOST_PEOPLE = 1_000_000
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


class FieldWrong(ValueError):  # noqa: N818 - a finding about the text, not a fault
    """A field that cannot be read, with the reason's key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def number(text: str) -> float:
    """A finite decimal number in plain digits. Raises FieldWrong("value")."""
    if not _NUMBER.fullmatch(text):
        raise FieldWrong("value")
    found = float(text)
    if not isfinite(found):
        raise FieldWrong("value")
    return found


def _text(text: str, _mine: str) -> str:
    # PostgreSQL keeps no NUL in a text.
    return text.replace("\0", "")


def _number(text: str, _mine: str) -> float | None:
    return number(text) if text else None


def _moment(text: str, _mine: str) -> int:
    found = moment(text)
    if found is None:
        raise FieldWrong("time")
    return found


def _maybe_moment(text: str, mine: str) -> int | None:
    return _moment(text, mine) if text else None


def _point(text: str, mine: str) -> str:
    reason = point_reason(text, mine)
    if reason in {POINT, OTHER_MINE}:
        raise FieldWrong(REASONS[reason])
    return text


_OWN = re.compile(r"[0-9]{12}[0-9A-Za-z]{1,20}")


def _own(text: str, mine: str) -> str:
    """The code of a card, an area or a base station: the mine's and a number of its own.

    Cards have 17 places, areas 16, stations 22; another length is not refused.
    """
    if not _OWN.fullmatch(text):
        raise FieldWrong("code")
    if not text.startswith(mine):
        raise FieldWrong(REASONS[OTHER_MINE])
    return text


def _people(text: str, _mine: str) -> int | None:
    """How many people; None where it is left blank."""
    if not text:
        return None
    found = number(text)
    if not (0 <= found <= _MOST_PEOPLE and found == int(found)):
        raise FieldWrong("value")
    return int(found)


def _in_out(text: str, _mine: str) -> str:
    if text not in {"0", "1", "2"}:
        raise FieldWrong("flag")
    return text


def _flag(text: str, _mine: str) -> bool:
    if text not in {"0", "1", ""}:
        raise FieldWrong("flag")
    return text == "1"


Reader = Callable[[str, str], Any]


@dataclass(frozen=True, slots=True)
class FileType:
    """``header`` counts the header's fields. ``more`` lets further fields follow those that are named."""

    key: str
    header: int
    fields: Mapping[str, Reader]
    more: bool = False

    def row(self, fields: list[str], mine: str) -> dict[str, Any]:
        """A record as a mapping. Raises FieldWrong."""
        wanted = len(self.fields)
        if len(fields) != wanted and not (self.more and len(fields) > wanted):
            raise FieldWrong(REASONS[FIELDS])
        return {name: read(text.strip(), mine) for (name, read), text in zip(self.fields.items(), fields, strict=False)}


_LIMITS = (
    "high_range",
    "low_range",
    "high_alarm",
    "high_alarm_clear",
    "low_alarm",
    "low_alarm_clear",
    "high_cut",
    "high_restore",
    "low_cut",
    "low_restore",
)

_STATISTICS: dict[str, Reader] = {
    "max": _number,
    "max_at": _maybe_moment,
    "min": _number,
    "min_at": _maybe_moment,
    "avg": _number,
}

FILE_TYPES: dict[str, FileType] = {
    kind.key: kind
    for kind in (
        FileType(
            "CDDY",
            7,
            {
                "point": _point,
                **dict.fromkeys(("system", "substation", "sensor_type", "value_type", "unit"), _text),
                **dict.fromkeys(_LIMITS, _number),
                **dict.fromkeys(("on_text", "off_text", "location", "x", "y", "z", "relations"), _text),
                "at": _moment,
            },
        ),
        # Read by the scanner; the row reader is what it asks where a number is too long for it.
        FileType(
            "CDSS",
            3,
            {
                "point": _point,
                "type_name": _text,
                "location": _text,
                "value": lambda text, _mine: number(text),
                "unit": _text,
                "status": lambda text, _mine: status(text),
                "at": _moment,
            },
        ),
        FileType(
            "YCBJ",
            3,
            {
                "point": _point,
                **dict.fromkeys(("type_name", "location", "unit", "kind"), _text),
                "start": _moment,
                "end": _maybe_moment,
                **_STATISTICS,
                **dict.fromkeys(("cause", "measures"), _text),
                "entered_at": _maybe_moment,
                "entered_by": _text,
                "at": _moment,
            },
        ),
        FileType("FZDY", 3, {**dict.fromkeys(("substation", "location", "x", "y", "z"), _text), "at": _moment}),
        FileType("FZSS", 3, {**dict.fromkeys(("substation", "run", "power"), _text), "at": _moment}),
        FileType(
            "TJSJ",
            3,
            {
                "point": _point,
                **dict.fromkeys(("type_name", "location", "unit"), _text),
                "start": _moment,
                "end": _maybe_moment,
                **_STATISTICS,
                "at": _moment,
            },
        ),
        FileType("RYQY", 3, {"area_type": _text, "area": _own, "allowed": _people, "name": _text}),
        FileType("RYJZ", 3, {"station": _own, **dict.fromkeys(("name", "x", "y", "z", "note"), _text)}),
        FileType("JZSS", 3, {"station": _own, **dict.fromkeys(("run", "power"), _text), "at": _moment}),
        FileType(
            "RYXX",
            8,
            {
                "card": _own,
                **dict.fromkeys(("name", "job", "post", "team", "spare_1", "spare_2"), _text),
                "leader": _flag,
                "special": _flag,
            },
        ),
        FileType(
            "RYSS",
            3,
            {
                "card": _own,
                "name": _text,
                "in_out": _in_out,
                "in_at": _maybe_moment,
                "out_at": _maybe_moment,
                "area": _text,
                "area_at": _maybe_moment,
                "station": _text,
                "station_at": _maybe_moment,
                **dict.fromkeys(("shift", "distance", "work"), _text),
                "leader": _flag,
                "special": _flag,
                "track": _text,
            },
        ),
    )
}
TYPES = frozenset(FILE_TYPES)


def status(text: str) -> int:
    """The status bits of a reading. Raises FieldWrong("status")."""
    if not (0 < len(text) <= 5 and text.isascii() and text.isdigit() and int(text) <= 0xFFFF):
        raise FieldWrong("status")
    return int(text)


@dataclass(frozen=True, slots=True)
class PointDefinition:
    """A point as its mine describes it (CDDY). Limits that are left blank are None."""

    point: str
    substation: str
    sensor_type: str
    value_type: str
    unit: str
    location: str
    high_alarm: float | None
    high_alarm_clear: float | None
    low_alarm: float | None
    low_alarm_clear: float | None
    high_cut: float | None
    high_restore: float | None
    low_cut: float | None
    low_restore: float | None
    high_range: float | None
    low_range: float | None
    on_text: str
    off_text: str
    x: str
    y: str
    z: str
    relations: str
    at: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


def sensor_type_of(code: str) -> str:
    """The sensor type inside a point's code: 1009 in 14043100012301KG100900010217."""
    return code[16:20]


def value_type_of(code: str) -> str:
    """The value type inside a point's code: KG in 14043100012301KG100900010217."""
    return code[14:16]


_CODE = re.compile(r"[0-9]{14}[A-Z]{2}[0-9A-Za-z]{4,16}")
CUTTER, FEED = "1009", "1011"


def pairs_of(point: str, relations: str) -> list[tuple[str, str]]:
    """(cutter, feed) pairs that a point's relations name.

    A string like ``D-<point>-<name>:K-<point>``, joined by ``◇``. Only ``D`` (power cut) and ``K`` (control) pair; the
    points of one part, with the point whose definition it is, belong together.
    """
    found: list[tuple[str, str]] = []
    for part in relations.split("◇"):
        codes = [point] + [
            code[0]
            for item in part.split(":")
            if item.strip()[:2] in {"D-", "K-"} and (code := _CODE.match(item.strip()[2:]))
        ]
        cutters = [code for code in codes if sensor_type_of(code) == CUTTER]
        feeds = [code for code in codes if sensor_type_of(code) == FEED]
        found += [pair for cutter in cutters for feed in feeds if (pair := (cutter, feed)) not in found]
    return found

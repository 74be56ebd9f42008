"""The kept rows of this room, read from YAML. No database here."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
POWERS = ("check", "order", "penalise", "seal")


@dataclass(frozen=True, slots=True)
class Powers:
    """What organisations of a kind may do by law, and what they start with."""

    statute: frozenset[str]
    default: frozenset[str]
    basis: str
    source: str


@cache
def responsibility_kinds() -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load((HERE / "responsibility.yaml").read_text(encoding="utf-8")))


@cache
def powers() -> dict[str, Powers]:
    """Organisation kind → its powers."""
    rows = yaml.safe_load((HERE / "powers.yaml").read_text(encoding="utf-8"))
    return {
        kind: Powers(frozenset(row["statute"]), frozenset(row["default"]), row["basis"], row["source"])
        for row in rows
        for kind in row["kinds"]
    }

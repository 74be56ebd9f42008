"""The kept rows of this room, read from YAML. No database here."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent


@cache
def kinds() -> tuple[dict[str, Any], ...]:
    """Kinds of places in the order of the file."""
    return _rows("kinds.yaml")


@cache
def classes() -> tuple[dict[str, Any], ...]:
    return _rows("classes.yaml")


@cache
def small_places() -> tuple[dict[str, Any], ...]:
    return _rows("small_places.yaml")


def _rows(file: str) -> tuple[dict[str, Any], ...]:
    return tuple(yaml.safe_load((HERE / file).read_text(encoding="utf-8")))

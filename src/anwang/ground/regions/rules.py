"""Codes and changes of grids. No database here.

A grid's code is the code of its village and a serial (GB/T 34300-2017: 6 + 3 + 3 digits and the grid's own); a grid right
under a town has 000 where the village would stand. Guards return the key of a refusal or None.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

TAIL_DIGITS = 3
"""Digits of the serial in codes we make. Codes given by an office may have up to ``TAIL_MAX``."""
TAIL_MAX = 6
NEAR_M = 300.0
"""How near to a listed point a place may lie to belong to a grid that was never drawn, metres."""
MERGE_MAX = 50
SPLIT_MAX = 20


@dataclass(frozen=True, slots=True)
class Node:
    """A region as the rules see it."""

    code: str
    level: str
    town: str
    village: str
    retired: bool


def code_base(parent: Node) -> str:
    """What the code of a grid under ``parent`` begins with: 12 digits."""
    return parent.village if parent.level == "village" else f"{parent.town}000"


def grid_code(parent: Node, serial: int) -> str:
    return f"{code_base(parent)}{serial:0{TAIL_DIGITS}d}"


def parent_problem(parent: Node) -> str | None:
    if parent.level not in {"town", "village"}:
        return "regions.grid_parent"
    if parent.retired:
        return "regions.retired"
    return None


def code_problem(code: str, parent: Node) -> str | None:
    """May a grid under ``parent`` have this code, given by the office?"""
    if re.fullmatch(rf"{code_base(parent)}[0-9]{{1,{TAIL_MAX}}}", code) is None:
        return "regions.grid_code"
    return None


def change_problem(grid: Node) -> str | None:
    """May this be redrawn, renamed, merged or split?"""
    if grid.level != "grid":
        return "regions.not_a_grid"
    if grid.retired:
        return "regions.retired"
    return None


def merge_problem(olds: Sequence[Node]) -> str | None:
    if len({old.code for old in olds}) < 2 or len(olds) > MERGE_MAX:
        return "regions.merge_two"
    for old in olds:
        if problem := change_problem(old):
            return problem
    if len({old.town for old in olds}) > 1:
        return "regions.merge_apart"
    return None


def merge_parent(olds: Sequence[Node]) -> str:
    """Under what the merged grid lies, where nothing else is said: their village, or their town if they have several."""
    villages = {old.village for old in olds}
    return villages.pop() if len(villages) == 1 and "" not in villages else olds[0].town


def split_problem(old: Node, parts: int) -> str | None:
    if problem := change_problem(old):
        return problem
    return None if 2 <= parts <= SPLIT_MAX else "regions.split_two"

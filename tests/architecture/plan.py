"""The plan of the house as data, read from `.importlinter`: which room may know which."""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from anwang.config.rooms import ROOMS

ROOT = Path(__file__).resolve().parents[2]
HOUSE = ROOT / "src" / "anwang"
FLOORS = ("ground", "registers", "work", "overview", "edge")


@cache
def order() -> dict[str, tuple[int, int]]:
    """Room ("work.hazards") → (floor, line within the floor); higher numbers stand higher."""
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", encoding="utf-8")
    found: dict[str, tuple[int, int]] = {}
    for at, floor in enumerate(FLOORS):
        lines = contracts[f"importlinter:contract:{floor}"]["layers"].strip().splitlines()
        for line_at, line in enumerate(reversed(lines)):
            for name in line.split("|"):
                found[f"{floor}.{name.strip(' ()')}"] = (at, line_at)
    return found


def may_know(room: str, other: str) -> bool:
    """May `room` use what is in `other`: the same room, or one that stands lower?"""
    return room == other or order()[room] > order()[other]


def room_of(path: Path) -> str:
    """The room a file lies in, "" for kernel and config."""
    parts = path.relative_to(HOUSE).parts
    room = ".".join(parts[:2])
    return room if room in ROOMS else ""


def short(room: str) -> str:
    return room.rsplit(".", 1)[1]


def sources(*, tests: bool = False) -> Iterator[Path]:
    for path in sorted(HOUSE.rglob("*.py")):
        parts = path.relative_to(HOUSE).parts
        if "migrations" in parts or (not tests and "tests" in parts):
            continue
        yield path


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """(dotted name of what is called, the call) for every call in a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def text(node: ast.expr | None) -> str | None:
    """The literal, or None for anything that is reckoned."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


@cache
def chinese() -> dict[tuple[str | None, str], str]:
    """(context, msgid) → Chinese, of every catalogue. Read from the .po files, compiled or not."""
    from babel.messages.pofile import read_po

    found: dict[tuple[str | None, str], str] = {}
    for po in HOUSE.rglob("locale/zh_Hans/LC_MESSAGES/django.po"):
        with po.open("rb") as file:
            for message in read_po(file, locale="zh_Hans"):
                msgid = message.id[0] if isinstance(message.id, tuple | list) else message.id
                said = message.string if isinstance(message.string, str) else message.string[0]
                if msgid and said:
                    found[message.context, msgid] = said
    return found

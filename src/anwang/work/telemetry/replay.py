"""A folder of upload files, evaluated from an empty state in the order of the files' own times.

Nothing is stored, and no clock is asked: in the place of the receiving clock stands the time that each file gives.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from anwang.work.telemetry import dialects
from anwang.work.telemetry.dialects.grammar import stamp_of
from anwang.work.telemetry.engine import AHEAD, CLOSED, KINDS, MEASURED, NEVER, Batch, Engine, Limits, Watch

DERIVED = frozenset({"004", "stuck", "rise", "mismatch"})
"""Kinds that no reading states by itself: silence, standing still, a rise, bits that disagree. They are listed apart."""

_LIMITS = tuple(Limits.__dataclass_fields__)
_GATHER = 100_000
"""Readings that go into the engine at once."""


@dataclass(slots=True)
class Replay:
    """What a folder gave. ``rejected`` are bad records, ``refused`` whole files."""

    files: int = 0
    readings: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)
    episodes: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self, *, together: bool = False) -> dict[str, Any]:
        """``together`` lists the derived kinds among the others, in order of time."""
        return {
            "files": self.files,
            "readings": self.readings,
            "rejected": self.rejected,
            "refused": self.refused,
            "episodes": [each for each in self.episodes if together or each["kind"] not in DERIVED],
            "derived": [each for each in self.episodes if each["kind"] in DERIVED and not together],
        }


def limits_of(definition: dialects.PointDefinition) -> Limits:
    return Limits(**{name: getattr(definition, name) for name in _LIMITS})


class _Player:
    def __init__(self, watch: Callable[[str, str], Watch]) -> None:
        self.found = Replay()
        self.engine = Engine()
        self.table = dialects.CodeTable()
        self.watch = watch
        self.codes: list[str] = []
        self.mines: dict[str, int] = {}
        self.waiting: list[Batch] = []
        self.gathered = 0
        self.received = 0
        self.open: dict[tuple[int, int], dict[str, Any]] = {}

    def take(self, name: str, content: bytes, file: dialects.Unread) -> None:
        if file.name.type == "CDDY":
            # What was read before belongs to the limits before.
            self.work()
            self._define(name, dialects.read(name, content))
            return
        columns = dialects.read_realtime(file, table=self.table)
        for code in columns.strangers:
            # A point without a definition has no limits; its status and its silence are watched all the same.
            self._point(
                code, Limits(), self.watch(dialects.sensor_type_of(code), dialects.value_type_of(code)), file.name.mine
            )
        for each in columns.rejected:
            self._reject(name, each)
        point, at, value, status = columns.point, columns.at, columns.value, columns.status
        ahead = at > file.header.at + AHEAD
        if ahead.any():
            self.found.rejected += [
                {
                    "file": name,
                    "line": None,
                    "reason": "ahead",
                    "text": f"{self.codes[point[n]]} {stamp_of(int(at[n]))}",
                }
                for n in np.flatnonzero(ahead)
            ]
            kept = ~ahead
            point, at, value, status = point[kept], at[kept], value[kept], status[kept]
        self.found.readings += len(point)
        if len(point):
            self.waiting.append(Batch(point, at, value, status))
            self.gathered += len(point)
        self.received = file.header.at
        if self.gathered >= _GATHER:
            self.work()

    def work(self) -> None:
        if not self.waiting:
            return
        parts = self.waiting
        outcome = self.engine.feed(
            Batch(
                np.concatenate([each.point for each in parts]),
                np.concatenate([each.at for each in parts]),
                np.concatenate([each.value for each in parts]),
                np.concatenate([each.status for each in parts]),
                np.cumsum([len(each) for each in parts]).astype(np.int64),
            ),
            received=self.received,
        )
        self.waiting, self.gathered = [], 0
        self.found.episodes += [self._episode(each) for each in outcome.events if each["what"] == CLOSED]

    def finish(self) -> Replay:
        self.work()
        self.found.episodes += [self._episode(each) for each in self.engine.open_episodes()]
        self.found.episodes.sort(key=lambda each: (each["start"], each["point"], each["kind"]))
        return self.found

    def _define(self, name: str, file: dialects.Parsed) -> None:
        for each in file.rejected:
            self._reject(name, each)
        pairs: list[tuple[str, str]] = []
        for row in file.rows:
            definition = dialects.PointDefinition.of(row)
            watch = self.watch(definition.sensor_type, definition.value_type)
            self._point(definition.point, limits_of(definition), watch, file.name.mine)
            pairs += dialects.pairs_of(definition.point, definition.relations)
        known = ((self.table.get(cutter), self.table.get(partner)) for cutter, partner in pairs)
        self.engine.relate((a, b) for a, b in known if a is not None and b is not None)

    def _point(self, code: str, limits: Limits, watch: Watch, mine: str) -> None:
        index = self.table.add(code)
        if index == len(self.codes):
            self.codes.append(code)
        self.engine.define(index, self.mines.setdefault(mine, len(self.mines)), limits, watch)

    def _reject(self, name: str, each: dialects.Rejected) -> None:
        self.found.rejected.append({"file": name, "line": each.line, "reason": each.reason, "text": each.text})

    def _episode(self, event: NDArray[Any]) -> dict[str, Any]:
        code = self.codes[event["point"]]
        found: dict[str, Any] = {
            "mine": code[:12],
            "point": code,
            "kind": KINDS[event["kind"]],
            "start": stamp_of(int(event["start"])),
            "end": None if event["end"] == NEVER else stamp_of(int(event["end"])),
        }
        if event["kind"] < MEASURED:
            found |= {
                "n": int(event["n"]),
                "max": round(float(event["max"]), 4),
                "max_at": stamp_of(int(event["max_at"])),
                "min": round(float(event["min"]), 4),
                "min_at": stamp_of(int(event["min_at"])),
                "avg": round(float(event["total"]) / int(event["n"]), 4),
            }
        return found


def play(files: Iterable[tuple[str, bytes]], *, watch: Callable[[str, str], Watch]) -> Replay:
    """Evaluate files, given as (name, content) in any order. ``watch`` says what is watched of a sensor type."""
    player = _Player(watch)
    taken: list[tuple[int, bool, str, bytes, dialects.Unread]] = []
    seen: set[str] = set()
    for name, content in files:
        digest = dialects.digest(content)
        try:
            if dialects.name_of(name).type not in {"CDDY", "CDSS"}:
                continue
            player.found.files += 1
            file = dialects.opened(name, content)
        except dialects.FileRefused as refused:
            player.found.refused.append({"file": name, "reason": refused.reason})
            continue
        if digest in seen:
            player.found.refused.append({"file": name, "reason": "duplicate"})
            continue
        seen.add(digest)
        taken.append((file.header.at, file.name.type != "CDDY", name, content, file))
    for _, _, name, content, file in sorted(taken, key=lambda each: each[:3]):
        player.take(name, content, file)
    return player.finish()


def folder(path: Path, *, watch: Callable[[str, str], Watch]) -> Replay:
    """Evaluate all upload files of a folder. Files that are no ``.txt`` are not looked at."""
    names = sorted(each for each in path.iterdir() if each.is_file() and each.suffix.lower() == ".txt")
    return play(((each.name, each.read_bytes()) for each in names), watch=watch)

"""A folder replayed: a feed made here, worked out by the oracle, and the worked example."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from anwang.work.telemetry import replay, sensors
from anwang.work.telemetry.dialects.grammar import moment, stamp_of
from anwang.work.telemetry.engine import Watch
from anwang.work.telemetry.tests.oracle import Oracle, Point

MINE = "140930000001"
START = moment("2026-11-20 08:00:00") or 0


def code(n: int) -> str:
    return f"{MINE}01MN0001{n:08d}"


def definition(n: int, limits: str, at: str = "2026-11-20 08:00:00", point: str = "", relations: str = "") -> str:
    return f"{point or code(n)};01;{MINE}01DT400100000001;0001;MN;%CH4;4.0;0;{limits};;;工作面{n};;;;{relations};{at}"


def cddy(*rows: str, at: str = "2026-11-20 08:00:00", mine: str = MINE) -> tuple[str, bytes]:
    head = f"{mine};示范煤矿;KJ90X;煤矿安全监控系统;示例厂家;2027-12-31;{at}"
    stamp = at.replace("-", "").replace(":", "").replace(" ", "")
    return f"{mine}_CDDY_{stamp}.txt", ("~".join([head, *rows]) + "~||").encode()


def cdss(at: int, rows: list[str], mine: str = MINE) -> tuple[str, bytes]:
    said = stamp_of(at)
    stamp = said.replace("-", "").replace(":", "").replace(" ", "")
    return f"{mine}_CDSS_{stamp}.txt", ("~".join([f"{mine};示范煤矿;{said}", *rows]) + "~||").encode()


def reading(point: str, value: object, status: int, at: int) -> str:
    return f"{point};环境瓦斯;工作面;{value};%CH4;{status};{stamp_of(at)}"


def feed(seed: int) -> tuple[list[tuple[str, bytes]], Oracle, dict[int, Point], int]:
    """40 scans of 12 points by a fixed dice, the same given to the oracle, and how many records were spoilt."""
    dice = random.Random(seed)
    limits = {n: (1.0, 0.95 if n % 2 else None, 1.5, 1.0) for n in range(12)}
    files = [
        cddy(
            *(
                definition(n, f"{hi};{'' if clear is None else clear};;;{cut};{restore};;")
                for n, (hi, clear, cut, restore) in limits.items()
            )
        )
    ]
    oracle, bad = Oracle(), 0
    points = {
        n: Point(0, high_alarm=hi, high_alarm_clear=clear, high_cut=cut, high_restore=restore)
        for n, (hi, clear, cut, restore) in limits.items()
    }
    oracle.points = points
    for scan in range(1, 41):
        at = START + scan * 10_000
        rows, readings = [], []
        for n in range(12):
            value = round(dice.choice([0.3, 0.5, 0.9, 0.97, 1.2, 1.6]) + dice.random() / 100, 4)
            status = dice.choice([0] * 30 + [4, 8, 128, 64])
            when = at - dice.choice([0] * 20 + [10_000, 20_000])
            row = reading(code(n), value, status, when)
            if dice.random() < 0.01:
                rows.append(row.rpartition(";")[0])
                bad += 1
                continue
            rows.append(row)
            readings.append((n, when, value, status))
        files.append(cdss(at, rows))
        oracle.feed(readings, at)
    dice.shuffle(files)
    return files, oracle, points, bad


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_gives_what_the_oracle_gives(seed: int) -> None:
    files, oracle, _, bad = feed(seed)
    found = replay.play(files, watch=lambda *_: Watch())
    assert (found.files, len(found.rejected), found.refused) == (41, bad, [])
    assert found.readings == 40 * 12 - bad
    expected = []
    for point, kind, start, end, *rest in oracle.episodes():
        row: dict[str, Any] = {"mine": MINE, "point": code(point), "kind": kind, "start": stamp_of(start)}
        row["end"] = None if end is None else stamp_of(end)
        if rest:
            n, high, high_at, low, low_at, mean = rest
            row |= {"n": n, "max": round(high, 4), "max_at": stamp_of(high_at), "min": round(low, 4)}
            row |= {"min_at": stamp_of(low_at), "avg": round(mean, 4)}
        expected.append(row)
    assert found.as_json(together=True)["episodes"] == expected
    assert {each["kind"] for each in expected} >= {"001", "002", "008", "calibration", "disconnected"}


def test_a_small_feed_by_hand() -> None:
    t = [START + n * 10_000 for n in range(6)]
    limits = "1.0;0.9;;;1.5;1.0;;"
    files = [
        cddy(definition(1, limits)),
        cdss(t[1], [reading(code(1), 1.2, 0, t[1]), reading(code(2), 0.1, 0, t[1]), "kaputt"]),
        cdss(t[2], [reading(code(1), 1.6, 0, t[2])]),
        cdss(t[3], [reading(code(1), 0.5, 4, t[3]), reading(code(1), 9, 0, t[3] + 301_000)]),
        cdss(t[4], [reading(code(1), 0.8, 0, t[4])]),
        ("140930000001_CDSS_20261120080050.txt", cdss(t[5], [reading(code(1), 9, 0, t[5])])[1][:-2]),
        ("readme.txt", b"?"),
    ]
    found = replay.play(reversed(files), watch=sensors.watch).as_json()
    assert (found["files"], found["readings"]) == (6, 5)
    assert [(each["line"], each["reason"]) for each in found["rejected"]] == [(4, "fields"), (None, "ahead")]
    assert {each["reason"] for each in found["refused"]} == {"incomplete", "name"}
    assert found["episodes"] == [
        {
            "mine": MINE,
            "point": code(1),
            "kind": kind,
            "start": stamp_of(t[start]),
            "end": stamp_of(t[end]),
            **statistics,
        }
        for kind, start, end, statistics in [
            (
                "001",
                1,
                4,
                {"n": 2, "max": 1.6, "max_at": stamp_of(t[2]), "min": 1.2, "min_at": stamp_of(t[1]), "avg": 1.4},
            ),
            (
                "002",
                2,
                4,
                {"n": 1, "max": 1.6, "max_at": stamp_of(t[2]), "min": 1.6, "min_at": stamp_of(t[2]), "avg": 1.6},
            ),
            ("calibration", 3, 4, {}),
        ]
    ]
    assert [each["kind"] for each in found["derived"]] == ["rise"]


def test_limits_change_with_the_definition_of_that_time() -> None:
    t = [START + n * 10_000 for n in range(5)]
    files = [
        cddy(definition(1, "1.0;;;;;;;")),
        cdss(t[1], [reading(code(1), 1.2, 0, t[1])]),
        cddy(definition(1, "2.0;;;;;;;"), at=stamp_of(t[2])),
        cdss(t[3], [reading(code(1), 1.2, 0, t[3])]),
    ]
    rows = replay.play(files, watch=lambda *_: Watch()).as_json()["episodes"]
    assert [(each["kind"], each["start"], each["end"]) for each in rows] == [("001", stamp_of(t[1]), stamp_of(t[3]))]


def test_the_same_file_twice_is_one_file() -> None:
    file = cdss(START, [reading(code(1), 1.2, 0, START)])
    found = replay.play([file, ("140930000001_CDSS_20261120090000.txt", file[1])], watch=sensors.watch)
    assert (found.readings, [each["reason"] for each in found.refused]) == (1, ["duplicate"])


def test_a_cut_that_does_not_bite_by_its_relation() -> None:
    cutter, partner = f"{MINE}01KG100900000001", f"{MINE}01KG101100000002"
    rows = [
        definition(0, ";;;;;;;", point=cutter, relations=f"K-{partner}-馈电"),
        definition(0, ";;;;;;;", point=partner),
    ]
    files = [cddy(*rows)]
    for n in range(1, 4):
        at = START + n * 10_000
        files.append(cdss(at, [reading(cutter, 0, 0, at), reading(partner, 1, 0, at)]))
    found = replay.play(files, watch=sensors.watch).as_json()["episodes"]
    assert [(each["kind"], each["point"], each["start"]) for each in found] == [
        ("003", cutter, stamp_of(START + 10_000))
    ]


def test_the_library_of_sensors() -> None:
    types = sensors.types()
    assert len(types) == 53 + 15 + 5 + 2
    assert (types["0001"].watch, types["1009"].states) == (
        Watch(stuck=86_400, rise=0.3, within=60),
        (("断电", "power cut"), ("复电", "restored")),
    )
    assert sensors.watch("1009", "KG") == Watch()
    assert sensors.watch("0999", "MN").stuck == 86_400


def test_the_worked_example(example: Path) -> None:
    expected = json.loads((example.parent / "gas-feed-expected.json").read_text(encoding="utf-8"))
    found = replay.folder(example, watch=sensors.watch).as_json()
    assert (found["files"], found["readings"], len(found["rejected"])) == (
        expected["files"],
        expected["readings"],
        expected["rejected"],
    )
    assert found["episodes"] == expected["episodes"]
    assert [each["reason"] for each in found["refused"]] == ["incomplete", "mine"]

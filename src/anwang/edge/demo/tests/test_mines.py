"""What a simulated mine writes is read without a complaint, and what was scripted is found: that, and nothing else."""

import asyncio
import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from anwang.config.cli import app
from anwang.edge.demo import mines
from anwang.edge.demo.mines import county, incidents, running, sending, writing
from anwang.edge.demo.mines.mine import REPORTED_AS, moments
from anwang.work.telemetry import dialects, replay, sensors
from anwang.work.telemetry.dialects.grammar import stamp_of

MORNING = int(datetime(2026, 11, 20, 0, 0, tzinfo=UTC).timestamp() * 1000)  # 08:00 in Beijing
EVENING = MORNING + 11 * 3600 * 1000
DERIVED = {"004", "rise", "stuck", "mismatch"}


def files_of(mine: mines.SimulatedMine, begins: int, interval: int, count: int) -> list[tuple[str, bytes]]:
    files = [writing.definition(mine.plan, begins), writing.stations(mine.plan, begins)]
    for at in moments(begins, interval, count):
        scan = mine.scan(at)
        if scan is not None:
            files.append(writing.realtime(mine.plan, scan))
            if scan.changed:
                files.append(writing.abnormal(mine.plan, at, scan.changed))
    return files


def played(
    *script: mines.Incident, begins: int = MORNING, interval: int = 20, count: int = 200, seed: int = 1
) -> tuple[mines.SimulatedMine, list[tuple[str, bytes]], dict[str, Any]]:
    plan = mines.plan_of("140930900001", "示例煤业", faces=2, headings=2)
    mine = mines.SimulatedMine(plan, script, seed=seed, begins=begins)
    files = files_of(mine, begins, interval, count)
    found = replay.play(files, watch=sensors.watch).as_json(together=True)
    assert found["rejected"] == []
    assert found["refused"] == []
    return mine, files, found


def briefly(mine: mines.SimulatedMine, found: dict[str, Any]) -> list[tuple[str, str]]:
    keys = {point.code: point.key for point in mine.plan.points}
    return sorted((keys[each["point"]], each["kind"]) for each in found["episodes"])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("over", [("face-1.T1", "001")]),
        ("cut", [("face-1.T1", "001"), ("face-1.T1", "002")]),
        ("cut_fails", [("face-1.T1", "001"), ("face-1.T1", "002"), ("face-1.cutter", "003")]),
        ("surge", [("face-1.T0", "001"), ("face-1.T0", "rise")]),
        ("hidden", [("face-1.T1", "001"), ("face-1.T1", "mismatch")]),
        ("co", [("face-1.co", "001")]),
        ("low_wind", [("heading-1.wind", "001L")]),
        ("fan_stops", [("heading-1.T1", "001"), ("heading-1.T1", "002"), ("heading-1.wind", "001L")]),
        ("calibration", [("face-1.T2", "calibration")]),
        ("disconnected", [("face-1.co", "disconnected")]),
        ("station_down", [(f"goaf-1.{key}", "disconnected") for key in ("ch4", "co", "oxygen", "temperature")]),
        ("silence", [("district-1.ch4", "004")]),
        ("over_range", [("heading-1.T1", kind) for kind in ("001", "002", "008", "rise")]),
        ("mine_silence", []),
        ("tampered", []),
    ],
)
@pytest.mark.parametrize("begins", [MORNING, EVENING])
def test_a_scripted_incident_is_exactly_that_episode(kind: str, expected: list[tuple[str, str]], begins: int) -> None:
    mine, _, found = played(mines.Incident(kind), begins=begins)
    assert briefly(mine, found) == expected


def test_a_covered_sensor_stands_still_for_more_than_a_day() -> None:
    mine, _, found = played(mines.Incident("covered"), interval=300, count=12 * 28)
    assert briefly(mine, found) == [("heading-1.T1", "stuck")]
    assert found["episodes"][0]["start"] == stamp_of(MORNING + 600_000)
    assert found["episodes"][0]["end"] == stamp_of(MORNING + 600_000 + 26 * 3600 * 1000)


def test_the_mine_lists_the_same_episodes_by_its_own_reckoning() -> None:
    script = [
        mines.Incident("cut_fails", "face-1.T1", after=600),
        mines.Incident("over_range", "heading-2.T2", after=900),
        mines.Incident("calibration", "face-2.T0", after=300),
        mines.Incident("low_wind", "heading-1.wind", after=1200),
        mines.Incident("station_down", "goaf-2.station", after=100),
    ]
    mine, _, found = played(*script, count=250)
    theirs = sorted(
        (
            each.point.code,
            each.kind,
            stamp_of(each.start),
            stamp_of(each.end) if each.end is not None else None,
            each.n,
            round(each.max, 4),
            round(each.total / each.n, 4) if each.n else 0,
        )
        for each in mine.events
    )
    # Statistics are those of limits; all other kinds have a start and an end alone.
    ours = sorted(
        (
            each["point"],
            each["kind"],
            each["start"],
            each["end"],
            each.get("n", 0),
            each.get("max", 0.0),
            each.get("avg", 0),
        )
        for each in found["episodes"]
        if each["kind"] not in DERIVED
    )
    assert ours == theirs
    assert {each[1] for each in ours} == {"001", "002", "003", "008", "001L", "calibration", "disconnected"}


def test_what_it_reports_is_open_first_and_then_complete() -> None:
    _, files, _ = played(mines.Incident("cut"))
    reported = [row for name, content in files if "_YCBJ_" in name for row in dialects.read(name, content).rows]
    first, last = reported[0], reported[-1]
    assert [row["kind"] for row in reported] == ["001", "002", "001", "002"]
    assert first["end"] is None
    assert first["cause"] == ""
    assert last["end"] is not None
    assert last["measures"]
    assert last["max"] >= 1.5


def test_an_over_limit_that_the_mine_hides_is_in_no_file_of_its_own() -> None:
    _, files, found = played(mines.Incident("hidden"))
    assert [name for name, _ in files if "_YCBJ_" in name] == []
    assert found["episodes"]


def test_a_correct_cut_takes_the_power_away_and_a_failing_one_does_not() -> None:
    for kind, live in (("cut", 0.0), ("cut_fails", 1.0)):
        plan = mines.plan_of("140930900001", "示例煤业")
        mine = mines.SimulatedMine(plan, [mines.Incident(kind)], seed=1, begins=MORNING)
        states = set()
        for at in moments(MORNING, 20, 200):
            scan = mine.scan(at)
            assert scan is not None
            if scan.value[plan.index("face-1.cutter")] == 0:
                states.add(float(scan.value[plan.index("face-1.feed")]))
        assert states == {live}


def test_tampered_limits_stand_in_the_definition() -> None:
    _, files, _ = played(mines.Incident("tampered"))
    rows = {row["location"]: row for row in dialects.read(*files[0]).rows}
    assert rows["3101综采工作面T1"]["high_alarm"] == 1.5
    assert rows["3101综采工作面T1"]["high_cut"] == 2.25
    assert rows["3102综采工作面T1"]["high_alarm"] == 1.0


def test_every_file_it_writes_is_read_whole_and_says_that_it_is_simulated() -> None:
    _, files, _ = played(mines.Incident("station_down"), count=60)
    kinds = set()
    for name, content in files:
        parsed = dialects.read(name, content)
        kinds.add(parsed.name.type)
        assert parsed.rejected == []
        assert parsed.rows
        assert mines.is_simulated(parsed.header.mine)
        assert parsed.header.fields[1].endswith("（模拟）")
    assert kinds == {"CDDY", "FZDY", "CDSS", "YCBJ"}


def test_nothing_happens_in_a_county_where_nothing_was_scripted() -> None:
    for plan in county.plans():
        mine = mines.SimulatedMine(plan, seed=5, begins=MORNING)
        found = replay.play(files_of(mine, MORNING, 300, 288), watch=sensors.watch).as_json(together=True)
        assert found["episodes"] == []
        assert mine.events == []
        assert found["readings"] == 288 * len(plan.points)


def test_the_county_has_eleven_mines_with_codes_of_their_own() -> None:
    plans = county.plans()
    assert len(plans) == 11
    assert len({plan.code for plan in plans}) == 11
    assert all(mines.is_simulated(plan.code) and len(plan.code) == 12 for plan in plans)
    assert not mines.is_simulated("140930000007")
    codes = [point.code for plan in plans for point in plan.points]
    assert len(codes) == len(set(codes))
    assert {len(code) for code in codes} == {28}


def test_the_same_seed_gives_the_same_files() -> None:
    first, second = played(mines.Incident("cut"), count=50)[1], played(mines.Incident("cut"), count=50)[1]
    assert first == second
    assert first != played(mines.Incident("cut"), count=50, seed=2)[1]


def test_incidents_drawn_by_chance_never_overlap_in_a_mine() -> None:
    for plan in county.plans():
        drawn = list(county.now_and_then(plan, seconds=30 * 86400, seed=plan.code))
        assert drawn or not any(point.place.startswith("face") for point in plan.points)
        for one, following in itertools.pairwise(drawn):
            assert one.after + one.seconds < following.after


def test_an_incident_is_written_in_one_word() -> None:
    assert mines.parse("cut@face-2.T1+10mx20m=2.5") == mines.Incident("cut", "face-2.T1", 600, 1200, 2.5)
    assert mines.parse("covered").seconds == 26 * 3600
    for wrong in ("nothing", "cut@", "cut+1y", ""):
        with pytest.raises(ValueError):
            mines.parse(wrong)
    assert set(incidents.KINDS) >= set(county.WEIGHTS)
    assert REPORTED_AS.keys() >= {"001", "002", "003"}


class _Kept:
    """A place to send to that writes down when."""

    def __init__(self, clock: list[float]) -> None:
        self.clock, self.scans = clock, []

    async def open(self, plans: Any) -> None: ...
    async def files(self, plan: Any, files: Any) -> None: ...
    async def close(self) -> None: ...

    async def scan(self, plan: Any, scan: mines.Scan) -> None:
        self.scans.append((self.clock[0], scan.at / 1000))


def test_quicker_than_time_until_it_is_now_and_never_ahead_of_it() -> None:
    clock = [2_000_000_000.0]

    async def wait(seconds: float) -> None:
        clock[0] += seconds

    begins = int(clock[0] - 3600) * 1000
    mine = mines.SimulatedMine(mines.plan_of("140930900001", "示例煤业"), seed=1, begins=begins)
    kept = _Kept(clock)
    asyncio.run(
        running.run([mine], kept, begins=begins, interval=20, clock=lambda: clock[0], speed=60, count=250, wait=wait)
    )
    assert all(data <= sent + 1e-6 for sent, data in kept.scans)
    # An hour in a minute, then as time passes.
    assert kept.scans[178][0] - kept.scans[0][0] == pytest.approx(178 * 20 / 60, abs=1)
    assert kept.scans[249][0] - kept.scans[229][0] == pytest.approx(400, abs=1)


def test_from_the_command_line_into_a_folder(tmp_path: Path) -> None:
    runner = CliRunner()
    given = ["simulate", "mine", str(tmp_path), "--once", "120", "--incident", "cut@heading-2.T1", "--json"]
    done = runner.invoke(app, [*given, "--since", "2026-11-20T08:00"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout.splitlines()[-1])["scans"] == 120
    assert not list(tmp_path.glob("*.part"))
    found = replay.folder(tmp_path, watch=sensors.watch)
    assert [each["kind"] for each in found.episodes] == ["001", "002"]
    assert found.rejected == []


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        ["--http", "ftp://x"],
        ["--mqtt", "nonsense"],
        ["FOLDER", "--incident", "nothing"],
        ["FOLDER", "--incident", "cut@nowhere.T9"],
        ["FOLDER", "--since", "yesterday"],
    ],
)
def test_a_mistake_in_calling_is_one_sentence(wrong: list[str], tmp_path: Path) -> None:
    arguments = [str(tmp_path) if each == "FOLDER" else each for each in wrong]
    done = CliRunner().invoke(app, ["simulate", "mine", *arguments, "--once", "1"])
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_forms_of_a_scan_say_the_same() -> None:
    plan = mines.plan_of("140930900001", "示例煤业")
    mine = mines.SimulatedMine(plan, [mines.Incident("calibration", after=0)], seed=1, begins=MORNING)
    scan = mine.scan(MORNING)
    assert scan is not None
    told = json.loads(sending.as_json(plan, scan))
    assert told["at"] == stamp_of(MORNING)
    assert len(told["point"]) == len(told["value"]) == len(told["status"]) == len(plan.points)
    assert told["status"][plan.index("face-1.T2")] == 4


def test_calm_stretches_are_what_single_scans_say_only_quicker():
    """All at once as one by one: the same places in the same range, and nothing open or over a limit."""
    plan = mines.plan_of("140930900001", "示例煤业", faces=2, headings=2)
    times = list(moments(MORNING, 300, 288))
    whole = mines.SimulatedMine(plan, seed=3, begins=MORNING).calm(times)
    one = mines.SimulatedMine(plan, seed=3, begins=MORNING)
    scans = [one.scan(at) for at in times]
    assert whole.shape == (288, len(plan.points))
    for n, point in enumerate(plan.points):
        single = [float(scan.value[n]) for scan in scans if scan is not None]
        if point.analog:
            assert abs(whole[:, n].mean() - sum(single) / len(single)) <= 4 * point.noise + 0.1 * point.level + 0.01
            assert point.alarm is None or whole[:, n].max() < point.alarm
        else:
            assert whole[:, n].tolist() == single, point.key
    assert mines.SimulatedMine(plan, seed=3, begins=MORNING).calm([]).shape == (0, len(plan.points))


def test_what_is_wrong_lies_inside_its_span():
    plan = mines.plan_of("140930900001", "示例煤业", faces=1, headings=2)
    script = [mines.Incident("cut", "face-1.T1", after=1800), mines.Incident("calibration", "face-1.T2", after=9000)]
    mine = mines.SimulatedMine(plan, script, seed=1, begins=MORNING)
    spans = mine.spans()
    for at in moments(MORNING, 30, 4 * 120):
        scan = mine.scan(at)
        assert scan is not None
        if not any(begin <= at <= end for begin, end in spans):
            assert not scan.status.any()
            assert not scan.changed
            assert all(scan.value[n] == 1 for n in range(len(plan.points)) if plan.points[n].is_ in {"cutter", "feed"})

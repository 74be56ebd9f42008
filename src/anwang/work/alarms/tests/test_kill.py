"""``kill -9`` at any moment and a restart give the same alarms, moves, levels, delays and timers as an unbroken run."""

import contextlib
import re
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from conftest import House

from anwang.work.telemetry.tests.test_kill import thrown

pytestmark = pytest.mark.slow

CHILD = str(Path(__file__).with_name("kill_child.py"))
ROUNDS = 3
SAME = {
    "alarms": "SELECT * FROM alarms_alarm ORDER BY number",
    "moves": "SELECT * FROM alarms_alarmmove ORDER BY at, alarm_id, seq",
    "levels": "SELECT * FROM alarms_alarmlevel ORDER BY at, alarm_id, level",
    "delays": "SELECT * FROM alarms_stepdelay ORDER BY noted_at, alarm_id, step",
    "joined": (
        "SELECT j.alarm_id, j.joined_at, e.what, e.start FROM alarms_alarmepisode j"
        " JOIN telemetry_episode e ON e.id = j.episode_id ORDER BY e.start, e.what, j.alarm_id"
    ),
    "timers": (
        "SELECT name, key, state, due_at, done_at, attempts, error FROM jobs_job WHERE name LIKE 'alarms.%'"
        " ORDER BY asked_at, name, due_at, key, state"
    ),
    "trail": "SELECT event, at, data FROM audit_auditrow WHERE event LIKE 'alarms.%' ORDER BY at, event, data",
    "told": "SELECT key, created_at, user_id FROM notices_notice WHERE key LIKE 'alarms.%' ORDER BY created_at, key, user_id",
}
_ULID = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{26}\b")


def run(house: House, *kill: str) -> tuple[int, int]:
    """How it ended, and how many transactions there were (0 of one that was killed)."""
    child = house.python(CHILD, "run", str(house.home / "journal"), *kill)
    said, _ = child.communicate(timeout=600)
    assert child.returncode in {0, -signal.SIGKILL}, said
    last = said.split()[-1]
    return child.returncode, int(last) if child.returncode == 0 else 0


def made(house: House) -> House:
    child = house.python(CHILD, "make")
    said, _ = child.communicate(timeout=600)
    assert child.returncode == 0, said
    return house


def rows(house: House, table: str) -> list[dict[str, str]]:
    """With every key replaced by its alarm's number, or by "key": keys are made by chance."""
    with contextlib.closing(sqlite3.connect(house.home / "anwang.sqlite3")) as database:
        numbers = dict(database.execute("SELECT id, number FROM alarms_alarm"))
        names = dict(database.execute("SELECT id, username FROM accounts_user"))
        found = database.execute(SAME[table])
        columns = [each[0] for each in found.description]
        known = numbers | names

        def plain(cell: object) -> str:
            return _ULID.sub(lambda key: known.get(key[0], "key"), str(cell))

        return [
            {name: plain(cell) for name, cell in zip(columns, row, strict=True) if name != "id" or table == "alarms"}
            for row in found
        ]


def everything(house: House) -> dict[str, list[str]]:
    """Sorted as text: of rows of one moment the keys would say the order."""
    return {table: sorted(map(str, rows(house, table))) for table in SAME}


@pytest.fixture
def houses(
    sqlite_house: House, _migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[House, House]:
    """Two of the same beginning: one that is left alone, and one that is killed."""
    made(sqlite_house)
    home = tmp_path_factory.mktemp("unbroken")
    with contextlib.closing(sqlite3.connect(sqlite_house.home / "anwang.sqlite3")) as source:
        source.execute("VACUUM INTO ?", (str(home / "anwang.sqlite3"),))
    return House(home, ""), sqlite_house


def test_killed_at_any_moment(houses: tuple[House, House]) -> None:
    unbroken, broken = houses
    ended, transactions = run(unbroken)
    assert ended == 0
    expected = everything(unbroken)
    # The run is worth its name: late steps, climbs, calls, something closed and something waiting.
    assert len(expected["alarms"]) >= 3
    assert len(expected["delays"]) >= 3
    actions = {row["action"] for row in rows(unbroken, "moves")}
    assert {"raise", "recur", "acknowledge", "send_back", "set_aside", "close"} <= actions
    done = [row for row in rows(unbroken, "timers") if row["state"] == "done"]
    assert {"alarms.late", "alarms.climb"} <= {row["name"] for row in done}

    dice = thrown()
    for n in range(ROUNDS):
        if n == 2:
            child = broken.python(CHILD, "run", str(broken.home / "journal"))
            assert child.stdout is not None
            assert child.stdout.readline().startswith("ready")
            time.sleep(dice.uniform(0.05, 0.5))
            child.kill()
            child.communicate(timeout=300)
        else:
            count = dice.randint(2, transactions // ROUNDS)
            assert run(broken, dice.choice(["before", "after"]), str(count))[0] == -signal.SIGKILL
    assert run(broken)[0] == 0
    found = everything(broken)
    for table, wanted in expected.items():
        assert found[table] == wanted, table
    # Once for all, whatever was killed: no step is late twice, and nothing that fired is left.
    late = [(row["alarm_id"], row["round"], row["step"]) for row in rows(broken, "delays")]
    assert len(late) == len(set(late))

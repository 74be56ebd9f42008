"""The history of an installation: asked from the command line, tidied by whoever may, copied while it is written."""

from datetime import timedelta

import pytest

from anwang.config import metrics, setup
from anwang.ground.base.errors import Refused
from anwang.kernel import clock
from anwang.work.telemetry import commands, history, memory, services, store
from anwang.work.telemetry.history import History, Reader
from anwang.work.telemetry.models import Episode, SensorPoint
from anwang.work.telemetry.pending import Claim
from anwang.work.telemetry.tests.test_replay import MINE, START, code

pytestmark = pytest.mark.django_db

NOW = memory.moment(START) + timedelta(minutes=30)
T = [START + n * 10_000 for n in range(100)]


def scan(n: int, *values: float) -> None:
    points = [code(m + 1) for m in range(len(values))]
    size = len(values)
    services.receive_scan(services.Scan(MINE, points, [T[n]] * size, list(values), [0] * size, key=str(n)), now=NOW)


def total(folder) -> int:
    return Reader(folder).count(START - 10**9, START + 10**9)


def test_the_history_is_asked(gas) -> None:
    scan(1, 0.1, 0.9)
    scan(2, 0.3)
    (first, second) = commands.last_values(MINE)
    assert (first["value"], second["value"]) == (0.3, 0.9)
    on = clock.local_date(memory.moment(START))
    assert [row["value"] for row in commands.day(code(1), on)] == [0.1, 0.3]
    (step,) = commands.month(code(1), on.year, on.month)
    assert (step["n"], step["min"], step["max"], step["avg"]) == (2, 0.1, 0.3, 0.2)
    point = SensorPoint.objects.get(code=code(2))
    mine = point.mine
    row = Episode(mine=mine, point=point, what="001", domain=mine.domain, start=memory.moment(T[1]), opened_at=NOW)
    row.place_in(mine.region)
    row.save()
    assert [each["value"] for each in commands.around(row.pk, 5, now=NOW)] == [0.9]
    for ask in (
        lambda: commands.last_values("140930000099"),
        lambda: commands.day("x", on),
        lambda: commands.around("x", 1, now=NOW),
    ):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.key == "telemetry.nothing_there"


def test_a_shard_that_nobody_writes_is_tidied_and_what_it_left_in_doubt_is_remembered(gas) -> None:
    scan(1, 0.1)
    # A process that died in mid-transaction: appended, and not committed.
    with History.open(store.folder(), shard=5) as dead:
        point = SensorPoint.objects.get(code=code(1)).pk
        dead.append([point], [T[2]], [0.2], [0])
    with Claim(store.doubts(), 5, wait=True) as claim:
        claim.begin()
    assert store.tidy_free(now=NOW, drop=True) == 1
    assert list((store.folder() / "live" / "shard=5").glob("journal-*")) == [] or total(store.folder()) == 2
    scan(2, 0.2)
    assert total(store.folder()) == 2
    assert [row["value"] for row in commands.day(code(1), clock.local_date(memory.moment(START)))] == [0.1, 0.2]


def test_a_dead_writer_is_found_by_one_that_lives(gas) -> None:
    scan(1, 0.1)
    point = SensorPoint.objects.get(code=code(1)).pk
    with History.open(store.folder(), shard=3) as dead:
        dead.append([point], [T[2]], [0.2], [0])
    with Claim(store.doubts(), 3, wait=True) as claim:
        claim.begin()
    scan(2, 0.2)
    assert total(store.folder()) == 2


def test_the_keeper_seals_and_merges(gas) -> None:
    scan(1, 0.1)
    keeper = store._hold().keeper
    keeper.turn(NOW + timedelta(days=400))
    assert list(store.folder().glob("five/*/*/*.parquet"))
    assert total(store.folder()) == 1
    assert store.health(now=NOW).alarms == ()
    assert store.health_lately(now=NOW) is not None
    metrics.history(store.health(now=NOW))
    assert b'anwang_history{what="readings_bytes"}' in metrics.text({})


def test_a_copy_while_it_is_written_and_the_next_one_links(gas, tmp_path) -> None:
    scan(1, 0.1)
    store.writer().seal()
    scan(2, 0.2)
    first = history.snapshot(store.folder(), tmp_path / "a")
    assert total(tmp_path / "a") == 2
    scan(3, 0.3)
    second = history.snapshot(store.folder(), tmp_path / "b", like=tmp_path / "a")
    assert total(tmp_path / "b") == 3
    assert first.copied > second.copied
    (one,) = (tmp_path / "a").glob("raw/*/*/*.parquet")
    assert one.stat().st_nlink == 2
    with History.open(tmp_path / "b") as copy:
        copy.tidy(NOW + timedelta(days=2))
    assert total(tmp_path / "b") == 3
    assert total(tmp_path / "a") == 2


def test_check_speaks_of_the_history(gas) -> None:
    scan(1, 0.1)
    words = [item["what"] for item in setup._gas(NOW)]
    assert len(words) == 1

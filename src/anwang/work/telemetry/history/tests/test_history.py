"""The whole history against a list and a loop."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from anwang.work.telemetry.history import History, Locked, Reader, bounds, month_bounds
from anwang.work.telemetry.history import segments as segments_module
from anwang.work.telemetry.history.layout import FIVE_MS, current, listed
from anwang.work.telemetry.history.tests.makers import (
    DAY,
    END,
    INVALID,
    START,
    Oracle,
    cells,
    columns,
    scans,
)
from anwang.work.telemetry.history.tests.makers import (
    listed as rows_of,
)

DAYS = [DAY - timedelta(days=1), DAY, DAY + timedelta(days=1)]
SPAN = (bounds(DAYS[0])[0], bounds(DAYS[-1])[1])
POINTS = 5

# Close to both midnights and inside one five-minute step, so that days, steps and equal times meet.
times = st.one_of(
    st.integers(START - 3, START + 3), st.integers(END - 3, END + 3), st.integers(START + 600_000, START + 1_000_000)
)
readings = st.lists(
    st.tuples(
        st.integers(0, POINTS - 1),
        times,
        st.sampled_from([0.0, 0.5, 1.0, float("nan")]),
        st.sampled_from([0, 1, 4, 8, 32, 128]),
    ),
    min_size=1,
    max_size=8,
)


class Model(RuleBasedStateMachine):
    """Any order of appending, sealing, merging, closing and reopening: every question is answered as by the list."""

    @initialize(seal_rows=st.sampled_from([5, 20, 1000]))
    def begin(self, seal_rows):
        self.folder = Path(mkdtemp(prefix="anwang-history-"))
        self.seal_rows = seal_rows
        self.history = History.open(self.folder, seal_rows=seal_rows, reserve=0)
        self.reader = Reader(self.folder)  # one that stands by all the time, with what it keeps open
        self.oracle = Oracle()
        self.dropped = []

    @rule(rows=readings)
    def append(self, rows):
        self.history.append(*columns(rows))
        self.oracle.rows += rows

    @rule(only_closed=st.booleans())
    def seal(self, only_closed):
        self.history.seal(only_closed=only_closed)

    @rule(day=st.sampled_from(DAYS))
    def merge(self, day):
        self.history.merge(day)

    @rule()
    def tidy(self):
        self.history.tidy(datetime(2026, 11, 21, 4, tzinfo=UTC))

    @rule(sync=st.booleans())
    def reopen(self, sync):
        if sync:
            self.history.sync()
        self.history.close()
        self.history = History.open(self.folder, seal_rows=self.seal_rows, reserve=0)

    @invariant()
    def every_reading_once(self):
        assert self.reader.count(*SPAN) == len(self.oracle.rows)

    @rule(point=st.integers(0, POINTS), start=times, length=st.integers(0, 500_000))
    def around(self, point, start, length):
        found = rows_of(self.reader.around(point, start, start + length))
        assert repr(found) == repr(self.oracle.around(point, start, start + length))

    @rule(points=st.sets(st.integers(0, POINTS + 1)), start=times, length=st.integers(0, 500_000))
    def several(self, points, start, length):
        found = self.reader.several(sorted(points), start, start + length)
        asked = {point: self.oracle.around(point, start, start + length) for point in points}
        assert repr({point: rows_of(found[point]) for point in sorted(found)}) == repr(dict(sorted(asked.items())))

    @rule(step=st.sampled_from([60_000, 300_000, 600_000]), offset=st.sampled_from([0, 7_000]))
    def grid(self, step, offset):
        start, end = START - 600_000 + offset, START + 1_200_000 + offset
        asked = np.array([3, 0, 4])
        grid = self.reader.grid(asked, start, end, step)
        for row, point in enumerate(asked):
            for column in range(grid.steps):
                first = start + column * step
                assert cells(grid, row, column) == pytest.approx(self.oracle.cell(point, first, min(first + step, end)))

    @rule()
    def last(self):
        found = self.reader.last(range(POINTS))
        for point in range(POINTS):
            at, value, status = self.oracle.last(point)
            assert found.at[point] == at
            if at:
                assert repr(float(found.value[point])) == repr(value)
                assert found.status[point] == status

    @rule(point=st.integers(0, POINTS - 1))
    def sql(self, point):
        found = self.reader.sql("select count(*) as n from readings where point = ?", *SPAN, [point])
        assert found["n"][0] == len(self.oracle.around(point, *SPAN))

    def teardown(self):
        if hasattr(self, "history"):
            self.history.close()
            shutil.rmtree(self.folder)


TestModel = Model.TestCase
TestModel.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.fixture
def history(tmp_path):
    with History.open(tmp_path / "h", reserve=0) as made:
        yield made


def test_one_writer_a_shard(tmp_path):
    with History.open(tmp_path), History.open(tmp_path, shard=1):
        with pytest.raises(Locked):
            History.open(tmp_path)
        with pytest.raises(Locked):
            History.open(tmp_path, shard=1)
    History.open(tmp_path).close()


def test_shards_are_read_as_one(tmp_path):
    with History.open(tmp_path, reserve=0) as one, History.open(tmp_path, shard=1, reserve=0) as two:
        one.append(*columns([(0, START, 1.0, 0), (1, START, 2.0, 0)]))
        two.append(*columns([(2, START, 3.0, 0), (1, START + 5, 4.0, 0)]))
        reader = Reader(tmp_path)
        for step in (lambda: None, one.seal, two.seal, lambda: one.merge(DAY), lambda: two.merge(DAY)):
            step()
            assert reader.count(START, END) == 4
            assert rows_of(reader.day(1, DAY)) == [(START, 2.0, 0), (START + 5, 4.0, 0)]
            assert reader.grid([0, 1, 2], START, END, FIVE_MS).n.sum(axis=1).tolist() == [1, 2, 1]
            assert reader.last([0, 1, 2]).value.tolist() == [1.0, 4.0, 3.0]


def test_invalid_readings_are_kept_and_counted_apart(history):
    rows = [(0, START + k, float(k), 1 << k) for k in range(8)]
    history.append(*columns(rows))
    history.tidy(datetime(2026, 11, 22, tzinfo=UTC))
    assert rows_of(history.read.day(0, DAY)) == [row[1:] for row in rows]
    grid = history.read.grid([0], START, START + FIVE_MS, FIVE_MS)
    valid = [k for k in range(8) if not (1 << k) & INVALID]
    assert valid == [0, 1, 3]
    assert cells(grid, 0, 0) == (8, 3, 0.0, 3.0, pytest.approx(4 / 3))


def test_a_month_is_a_month_in_china_and_comes_from_the_rollups(history):
    start, end = month_bounds(2026, 11)
    assert (start, end) == (bounds(date(2026, 11, 1))[0], bounds(date(2026, 12, 1))[0])
    assert month_bounds(2026, 12)[1] == bounds(date(2027, 1, 1))[0]
    history.append(
        *columns([(0, at, float(k), 0) for k, at in enumerate((start - 1, start, start + 86_400_000, end - 1, end))])
    )
    before = history.read.month(0, 2026, 11)
    history.tidy(datetime(2027, 1, 1, tzinfo=UTC))
    for file in (history.folder / "raw").rglob("*.parquet"):
        file.unlink()
    after = history.read.month(0, 2026, 11)
    assert before.n.sum() == after.n.sum() == 3
    np.testing.assert_array_equal(before.mean, after.mean)
    assert after.mean[0, [0, 288, -1]].tolist() == [1.0, 2.0, 3.0]
    assert after.steps == 30 * 288


def test_a_day_of_many_points_in_several_parts(history, monkeypatch):
    monkeypatch.setattr(segments_module, "GROUP_ROWS", 100)
    monkeypatch.setattr(segments_module.Output.__init__, "__kwdefaults__", {"part_rows": 3_000, "only": ""})
    monkeypatch.setattr(segments_module.slices, "__defaults__", (1_000,))
    for batch in scans(200, points=50):
        history.append(*batch)
        if batch[2][0] in (2_000.0, 5_000.0):
            history.seal()
    history.seal()
    done = history.merge(DAY)
    assert done.rows == 10_000
    files = current(listed(history.folder, "raw", DAY, 0))
    assert len(files) == 4
    assert {file.parts for file in files} == {4}
    for point in (0, 1, 23, 24, 25, 49):
        series = history.read.day(point, DAY)
        assert series.value.tolist() == [float(scan * 50 + point) for scan in range(200)]
        assert series.at.tolist() == [START + scan * 20_000 for scan in range(200)]
    assert len(history.read.day(50, DAY)) == 0
    together = history.read.several([49, 3, 20], START, END)
    assert {point: rows_of(series) for point, series in together.items()} == {
        point: rows_of(history.read.day(point, DAY)) for point in (3, 20, 49)
    }
    scattered = history.read.grid([49, 3, 20], START, END, 60_000)
    assert scattered.n.sum(axis=1).tolist() == [200, 200, 200]
    assert scattered.low[0, 0] == 49.0


def test_late_readings_join_a_closed_day(history):
    history.append(*columns([(0, START + 10, 1.0, 0)]))
    history.tidy(datetime(2026, 11, 22, tzinfo=UTC))
    history.append(*columns([(0, START + 5, 3.0, 0), (1, START, 9.0, 0)]))
    for step in (lambda: None, history.seal, lambda: history.merge(DAY)):
        step()
        assert rows_of(history.read.day(0, DAY)) == [(START + 5, 3.0, 0), (START + 10, 1.0, 0)]
        assert cells(history.read.grid([0], START, START + FIVE_MS, FIVE_MS), 0, 0) == (2, 2, 1.0, 3.0, 2.0)
    assert len(list((history.folder / "raw").rglob("*.parquet"))) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        [(-1, START, 0.0, 0)],
        [(10_000_000, START, 0.0, 0)],
        [(0, 0, 0.0, 0)],
        [(0, START // 1000, 0.0, 0)],  # seconds where milliseconds are meant
        [(0, START * 1000, 0.0, 0)],
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(history, wrong):
    with pytest.raises(ValueError, match=r"points are|a time between"):
        history.append(*columns([(0, START, 0.0, 0), *wrong]))
    assert history.read.count(*SPAN) == 0
    assert history.read.last([0]).at.tolist() == [0]


def test_nothing_appended_makes_nothing(history):
    history.append(*columns([]))
    assert history.seal().files == 0
    assert history.merge(DAY).files == 0
    assert history.read.grid([], START, END, 60_000).n.shape == (0, 1440)
    assert history.read.around(3, END, END).at.tolist() == []


def test_unfinished_files_are_swept_and_replaced_ones_removed(tmp_path):
    with History.open(tmp_path, reserve=0) as history:
        for batch in scans(2):
            history.append(*batch)
            history.seal()
        inside = history.folder / "raw" / f"day={DAY}" / "shard=0"
        for file in list(inside.iterdir()):
            shutil.copy(file, tmp_path / file.name)
        history.merge(DAY)
    for file in tmp_path.glob("*.parquet"):  # as if killed between the rename and the removal
        shutil.move(file, inside)
    (inside / ".raw-3-3-0.77").write_bytes(b"half")
    assert Reader(tmp_path).count(START, END) == 20
    with History.open(tmp_path, reserve=0) as history:
        assert [file.name for file in inside.iterdir()] == ["0000000001-0000000002.00of01.parquet"]
        assert history.read.count(START, END) == 20


def test_a_journal_of_two_days_of_which_one_was_sealed_before_the_crash(tmp_path):
    with History.open(tmp_path, reserve=0) as history:
        history.append(*columns([(0, START - 1, 1.0, 0), (0, START, 2.0, 0)]))
        journal = next((tmp_path / "live" / "shard=0").glob("journal-*"))
        kept = journal.read_bytes()
        history.seal()
        shutil.rmtree(tmp_path / "raw" / f"day={DAY}")
    for left in (tmp_path / "live" / "shard=0").glob("journal-*"):
        left.unlink()
    journal.write_bytes(kept)
    reader = Reader(tmp_path)
    assert rows_of(reader.around(0, *SPAN)) == [(START - 1, 1.0, 0), (START, 2.0, 0)]
    with History.open(tmp_path, reserve=0) as history:
        assert history.recovered.rows == 2
        assert history.seal().files == 1
        assert rows_of(reader.around(0, *SPAN)) == [(START - 1, 1.0, 0), (START, 2.0, 0)]


def test_last_values_come_back_without_their_file(tmp_path):
    with History.open(tmp_path, reserve=0) as history:
        for batch in scans(3):
            history.append(*batch)
        history.seal()
        history.append(*columns([(4, START + 70_000, 0.5, 1)]))
    (tmp_path / "live" / "shard=0" / "last").unlink()
    with History.open(tmp_path, reserve=0) as history:
        found = history.read.last([3, 4])
        assert (found.at.tolist(), found.value.tolist()) == ([START + 40_000, START + 70_000], [23.0, 0.5])


def test_spark_and_hive_names(history):
    history.append(*next(iter(scans(1))))
    history.seal()
    (file,) = (history.folder / "raw").rglob("*.parquet")
    assert file.relative_to(history.folder).parts[:3] == ("raw", "day=2026-11-20", "shard=0")
    found = history.read.sql(
        f"select * from read_parquet('{history.folder}/raw/*/*/*.parquet', hive_partitioning = true) order by point",
        START,
        END,
    )
    assert list(found) == ["point", "at", "value", "status", "day", "shard"]
    assert found["at"][0] == np.datetime64(START, "ms")
    assert str(found["day"][0])[:10] == "2026-11-20"


def test_spark_reads_it_as_it_is(history):
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed; it is optional")
    for batch in scans(30):
        history.append(*batch)
    history.tidy(datetime(2026, 11, 22, tzinfo=UTC))
    spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    try:
        table = spark.read.parquet(str(history.folder / "raw"))
        found = table.where("day = date'2026-11-20'").groupBy("point").agg({"value": "max", "*": "count"}).collect()
        assert {row["point"]: (row["count(1)"], row["max(value)"]) for row in found} == {
            p: (30, 290.0 + p) for p in range(10)
        }
    finally:
        spark.stop()

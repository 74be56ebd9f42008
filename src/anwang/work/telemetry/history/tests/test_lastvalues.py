import threading

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anwang.work.telemetry.history.columns import Columns
from anwang.work.telemetry.history.lastvalues import LastReader, LastWriter
from anwang.work.telemetry.history.tests.makers import START, Oracle, columns


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 5), st.integers(START, START + 4)), max_size=12),
        max_size=5,
    )
)
def test_only_a_later_time_moves_it_and_of_one_time_the_first_counts(tmp_path_factory, batches):
    path = tmp_path_factory.mktemp("last") / "last"
    writer, oracle = LastWriter(path), Oracle()
    writer.room_for(6)
    for batch in batches:
        rows = [(p, at, float(len(oracle.rows) + k), k) for k, (p, at) in enumerate(batch)]
        writer.update(Columns.of(*columns(rows)))
        oracle.rows += rows
    found = LastReader(path).get(np.arange(6))
    for point in range(6):
        at, value, status = oracle.last(point)
        assert found.at[point] == at
        if at:
            assert (found.value[point], found.status[point]) == (value, status)
        else:
            assert np.isnan(found.value[point])
    writer.close()


def test_it_grows_under_a_reader(tmp_path):
    writer, reader = LastWriter(tmp_path / "last"), LastReader(tmp_path / "last")
    assert reader.get([0]).at.tolist() == [0]
    writer.room_for(1)
    writer.update(Columns.of(*columns([(0, START, 1.0, 0)])))
    assert reader.get([0, 50_000]).at.tolist() == [START, 0]
    writer.room_for(50_001)
    writer.update(Columns.of(*columns([(50_000, START, 2.0, 0)])))
    assert reader.get([0, 50_000]).value.tolist() == [1.0, 2.0]
    assert reader.get([-1, 2**31]).at.tolist() == [0, 0]
    writer.close()


def test_a_row_left_half_changed_is_not_shown_and_is_emptied(tmp_path):
    writer = LastWriter(tmp_path / "last")
    writer.room_for(3)
    writer.update(Columns.of(*columns([(0, START, 1.0, 0), (1, START, 1.0, 0)])))
    writer._rows["at"][1] = START + 5  # killed here
    assert LastReader(tmp_path / "last").get([0, 1]).at.tolist() == [START, 0]
    assert writer.torn().tolist() == [1]
    assert writer.empty(np.array([0, 1], np.int32)).tolist() == [1]
    writer.close()


def test_a_reader_beside_the_writer_never_sees_a_mixed_row(tmp_path):
    """Value and status are made from the time, so a mixed row shows."""
    writer, reader = LastWriter(tmp_path / "last"), LastReader(tmp_path / "last")
    points = np.arange(20_000, dtype=np.int32)
    writer.room_for(len(points))
    done, wrong, looks = threading.Event(), [], 0

    def write():
        for step in range(1, 400):
            at = np.full(len(points), START + step, np.int64)
            writer.update(Columns(points, at, at.astype(np.float64), (at % 65_536).astype(np.uint16)))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        found = reader.get(points[:500])
        known = found.at > 0
        wrong.append(
            int((found.value[known] != found.at[known]).sum() + (found.status != found.at % 65_536)[known].sum())
        )
        looks += 1
    thread.join()
    assert looks > 3
    assert sum(wrong) == 0
    assert (reader.get(points).at == START + 399).all()
    writer.close()

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.work.telemetry.history.columns import Buckets, Columns, ordered, rolled, widened
from anwang.work.telemetry.history.tests.makers import START, Oracle, columns

rows = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(START, START + 900_000),
        st.sampled_from([0.0, 0.25, 0.5, 1.0, float("nan"), float("inf")]),
        st.sampled_from([0, 1, 2, 3, 4, 8, 9, 16, 32, 64, 128, 132]),
    ),
    max_size=60,
)


@given(rows)
def test_sorted_by_point_and_time_and_then_as_they_came(given_rows):
    made = ordered(Columns.of(*columns([(p, at, float(k), s) for k, (p, at, _, s) in enumerate(given_rows)])))
    expected = sorted(
        [(p, at, float(k), s) for k, (p, at, _, s) in enumerate(given_rows)], key=lambda row: (row[0], row[1])
    )
    assert list(zip(made.point, made.at, made.value, made.status, strict=True)) == expected


@given(rows, st.sampled_from([1_000, 60_000, 300_000]))
def test_rollups_are_those_of_a_plain_loop(given_rows, step):
    oracle = Oracle([(p, at, v if v != np.inf else float("nan"), s) for p, at, v, s in given_rows])
    made = rolled(ordered(Columns.of(*columns(given_rows))), step)
    keys = sorted({(p, at // step * step) for p, at, _, _ in given_rows})
    assert list(zip(made.point.tolist(), made.at.tolist(), strict=True)) == keys
    for at, (point, start) in enumerate(keys):
        seen, n, low, high, mean = oracle.cell(point, start, start + step)
        assert (made.seen[at], made.n[at]) == (seen, n)
        if n:
            assert (made.low[at], made.high[at]) == (low, high)
            assert made.mean[at] == pytest.approx(mean)
        else:
            assert np.isnan([made.low[at], made.high[at], made.mean[at]]).all()


@given(rows)
def test_wider_steps_of_rollups_are_the_rollups_of_wider_steps(given_rows):
    sorted_rows = ordered(Columns.of(*columns(given_rows)))
    wide, straight = widened(rolled(sorted_rows, 60_000), 300_000, 0), rolled(sorted_rows, 300_000)
    for name in Buckets.__dataclass_fields__:
        np.testing.assert_allclose(getattr(wide, name), getattr(straight, name), rtol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        ([1, 2], [START], [0.5], [0]),
        ([2**31], [START], [0.5], [0]),
        ([1], [START], [0.5], [65_536]),
        ([1], [START], [0.5], [-1]),
        ([1.5], [START], [0.5], [0]),
        ([[1]], [[START]], [[0.5]], [[0]]),
    ],
)
def test_what_does_not_fit_is_refused_and_never_bent(wrong):
    with pytest.raises((ValueError, OverflowError)):
        Columns.of(*(np.array(column) for column in wrong))

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.kernel.scale import Level, Scale, worst

RED, ORANGE, YELLOW, BLUE = Level
LEC = Scale.of("LEC", (320, RED), (160, ORANGE), (70, YELLOW), (0, BLUE))
LS = Scale.of("LS 5×5", (20, RED), (15, ORANGE), (9, YELLOW), (1, BLUE), top=25)


def test_keys():
    assert [level.key for level in Level] == ["red", "orange", "yellow", "blue"]
    assert [Level.of(level.key) for level in Level] == list(Level)
    with pytest.raises(ValueError, match="'RED'"):
        Level.of("RED")


@given(st.lists(st.sampled_from(Level), min_size=1))
def test_the_worst_is_one_of_them_and_none_is_worse(levels):
    assert worst(levels) in levels
    assert all(worst(levels) <= level for level in levels)


def test_nothing_has_no_level():
    assert worst([]) is None


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (10000, RED),
        (320, RED),
        (319.99, ORANGE),
        (160, ORANGE),
        (Decimal("159.9"), YELLOW),
        (70.0, YELLOW),
        (69, BLUE),
        (0, BLUE),
    ],
)
def test_lower_bounds_belong_to_the_level(score, level):
    assert LEC.level(score) is level


@given(st.integers(1, 5), st.integers(1, 5))
def test_a_matrix_has_a_level_in_every_cell(likelihood, severity):
    level = LS.level(likelihood * severity)
    assert level in Level
    assert likelihood == 5 or LS.level((likelihood + 1) * severity) <= level


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_more_is_never_milder(one, other):
    assert LEC.level(max(one, other)) <= LEC.level(min(one, other))


def test_a_tenth_is_a_tenth():
    assert Scale.of("tenths", (Decimal("0.1"), RED), (0, BLUE)).level(0.1) is RED


@pytest.mark.parametrize("score", [0, 26, -3, float("nan"), float("inf"), Decimal("NaN")])
def test_off_the_scale(score):
    with pytest.raises(ValueError, match=r"LS 5×5: .* is off the scale"):
        LS.level(score)


@pytest.mark.parametrize(
    ("bounds", "top", "said"),
    [
        ([], None, "needs a bound"),
        ([(1, RED), (float("inf"), BLUE)], None, "finite"),
        ([(1, RED)], float("nan"), "finite"),
        ([(9, RED), (9, BLUE)], None, "toy: blue from 9 does not lie below red from 9"),
        ([(9, RED), (12, BLUE)], None, "blue from 12 does not lie below"),
        ([(9, ORANGE), (1, ORANGE)], None, "orange from 1 is not milder"),
        ([(9, ORANGE), (1, RED)], None, "red from 1 is not milder"),
        ([(9, RED), (1, BLUE)], 8, "the top 8 lies below red"),
    ],
)
def test_scales_that_cannot_be(bounds, top, said):
    with pytest.raises(ValueError, match=said):
        Scale.of("toy", *bounds, top=top)

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.ground.regions import rules
from anwang.kernel import codes

VILLAGE = rules.Node("140930100002", "village", "140930100", "140930100002", False)
TOWN = rules.Node("140930100", "town", "140930100", "", False)
COUNTY = rules.Node("140930", "county", "", "", False)


def grid(n: int, village: str = "140930100002", town: str = "140930100", retired: bool = False) -> rules.Node:
    return rules.Node(f"{village or town + '000'}{n:03d}", "grid", town, village, retired)


@given(st.sampled_from([VILLAGE, TOWN]), st.integers(1, 999_999))
def test_a_code_we_make_is_a_code_we_take(parent: rules.Node, serial: int) -> None:
    code = rules.grid_code(parent, serial)
    assert rules.code_problem(code, parent) is None
    assert codes.region_level(code) == "grid"


def test_parents() -> None:
    assert rules.parent_problem(VILLAGE) is None
    assert rules.parent_problem(TOWN) is None
    assert rules.parent_problem(COUNTY) == "regions.grid_parent"
    assert rules.parent_problem(rules.Node("1", "town", "1", "", True)) == "regions.retired"


@pytest.mark.parametrize("code", ["", "140930100002", "140930100003001", "14093010000200x", "140930100002" + "1" * 7])
def test_codes_that_do_not_fit(code: str) -> None:
    assert rules.code_problem(code, VILLAGE) == "regions.grid_code"


def test_changes() -> None:
    assert rules.change_problem(grid(1)) is None
    assert rules.change_problem(VILLAGE) == "regions.not_a_grid"
    assert rules.change_problem(grid(1, retired=True)) == "regions.retired"


def test_mergers() -> None:
    assert rules.merge_problem([grid(1), grid(2)]) is None
    assert rules.merge_problem([grid(1), grid(1)]) == "regions.merge_two"
    assert rules.merge_problem([grid(n) for n in range(51)]) == "regions.merge_two"
    assert rules.merge_problem([grid(1), grid(2, retired=True)]) == "regions.retired"
    assert rules.merge_problem([grid(1), VILLAGE]) == "regions.not_a_grid"
    far = grid(1, village="140930101001", town="140930101")
    assert rules.merge_problem([grid(1), far]) == "regions.merge_apart"
    assert rules.merge_parent([grid(1), grid(2)]) == "140930100002"
    assert rules.merge_parent([grid(1), grid(1, village="140930100200")]) == "140930100"
    assert rules.merge_parent([grid(1, village=""), grid(2, village="")]) == "140930100"


def test_splits() -> None:
    assert rules.split_problem(grid(1), 2) is None
    assert rules.split_problem(grid(1), 1) == "regions.split_two"
    assert rules.split_problem(grid(1), 21) == "regions.split_two"
    assert rules.split_problem(VILLAGE, 2) == "regions.not_a_grid"

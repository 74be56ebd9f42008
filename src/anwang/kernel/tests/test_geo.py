import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from anwang.kernel.geo import (
    bd09_to_gcj02,
    bd09_to_wgs84,
    distance_m,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    in_china_box,
    in_multipolygon,
    in_polygon,
    point_in_polygon,
    to_wgs84,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

HEQU = (111.138, 39.384)
# Away from the edge of the box, where a shift may lead across it.
in_china = st.tuples(st.floats(73, 135), st.floats(3, 54))
anywhere = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


def near(point, other, degrees=1e-6):
    return abs(point[0] - other[0]) < degrees and abs(point[1] - other[1]) < degrees


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        # Pairs in public use by several conversion libraries.
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_known_pairs(wgs84, gcj02):
    assert near(wgs84_to_gcj02(*wgs84), gcj02)
    assert near(gcj02_to_wgs84(*gcj02), wgs84)


def test_a_known_pair_of_baidu():
    assert near(wgs84_to_bd09(116.403988, 39.914266), (116.41661560068297, 39.92196580126834))
    assert near(bd09_to_wgs84(116.41661560068297, 39.92196580126834), (116.403988, 39.914266))


@given(in_china)
def test_there_and_back(point):
    assert near(gcj02_to_wgs84(*wgs84_to_gcj02(*point)), point)
    assert near(wgs84_to_gcj02(*gcj02_to_wgs84(*point)), point)
    assert near(bd09_to_gcj02(*gcj02_to_bd09(*point)), point)
    assert near(bd09_to_wgs84(*wgs84_to_bd09(*point)), point)


@given(in_china)
def test_the_shift_is_some_hundred_metres(point):
    assert 1 < distance_m(*point, *wgs84_to_gcj02(*point)) < 2000
    assert 1 < distance_m(*point, *gcj02_to_bd09(*point)) < 2000


@given(anywhere)
def test_nothing_moves_outside_the_box(point):
    assume(not in_china_box(*point))
    for convert in (wgs84_to_gcj02, gcj02_to_wgs84, gcj02_to_bd09, bd09_to_gcj02, bd09_to_wgs84, wgs84_to_bd09):
        assert convert(*point) == point


def test_to_wgs84():
    assert to_wgs84(*HEQU, "wgs84") == to_wgs84(*HEQU, "cgcs2000") == HEQU
    assert near(to_wgs84(*wgs84_to_gcj02(*HEQU), "gcj02"), HEQU)
    assert near(to_wgs84(*wgs84_to_bd09(*HEQU), "bd09"), HEQU)


@pytest.mark.parametrize(
    ("lon", "lat", "crs", "said"),
    [
        (*HEQU, "epsg:4326", "unknown datum"),
        (39.384, 111.138, "wgs84", "not a longitude"),
        (36372560.60, 4245615.60, "cgcs2000", "not a longitude"),
        (math.nan, 39.0, "gcj02", "not a longitude"),
        (111.0, math.inf, "bd09", "not a longitude"),
    ],
)
def test_what_is_no_position(lon, lat, crs, said):
    with pytest.raises(ValueError, match=said):
        to_wgs84(lon, lat, crs)


def test_distances():
    assert distance_m(*HEQU, *HEQU) == 0
    assert distance_m(0, 0, 0, 1) == pytest.approx(111_195, abs=1)
    assert distance_m(116.4074, 39.9042, 121.4737, 31.2304) == pytest.approx(1_067_000, rel=0.005)  # Beijing–Shanghai
    assert distance_m(179.9, 0, -179.9, 0) == pytest.approx(22_239, abs=1)


@given(anywhere, anywhere, anywhere)
def test_distance_is_one(a, b, c):
    assert distance_m(*a, *b) == pytest.approx(distance_m(*b, *a), abs=1e-6)
    assert 0 <= distance_m(*a, *b) <= math.pi * 6371009
    assert distance_m(*a, *c) <= distance_m(*a, *b) + distance_m(*b, *c) + 1


SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]]
# A corner that dips to the height of the ray must not be counted twice.
NOTCHED = [[0, 0], [4, 0], [4, 4], [2, 2], [0, 4]]


@pytest.mark.parametrize("ring", [SQUARE, SQUARE[:-1], SQUARE[::-1], [[x, y, 812.5] for x, y in SQUARE]])
def test_a_ring_its_edge_and_its_outside(ring):
    assert point_in_polygon(2, 2, ring)
    assert all(point_in_polygon(x, y, ring) for x, y in [(0, 0), (4, 4), (0, 2), (2, 4), (4, 1)])
    assert not any(
        point_in_polygon(x, y, ring) for x, y in [(-1, 2), (5, 2), (2, 5), (2, -1), (-1, 0), (5, 4), (-1, 4)]
    )


@pytest.mark.parametrize(
    ("x", "y", "inside"), [(0.5, 2, True), (2, 2, True), (3.5, 2, True), (2, 3, False), (2, 1.9, True), (-1, 2, False)]
)
def test_a_notch(x, y, inside):
    assert point_in_polygon(x, y, NOTCHED) is inside


def test_holes_and_islands():
    assert in_polygon(0.5, 0.5, [SQUARE, HOLE])
    assert not in_polygon(2, 2, [SQUARE, HOLE])
    assert in_polygon(1, 2, [SQUARE, HOLE])  # the edge of the hole is still ours
    island = [[[x / 4 + 1.5, y / 4 + 1.5] for x, y in SQUARE]]
    assert in_multipolygon(2, 2, [[SQUARE, HOLE], island])
    assert not in_multipolygon(2.8, 2, [[SQUARE, HOLE], island])
    assert not in_multipolygon(9, 9, [[SQUARE, HOLE], island])


def test_nothing_is_in_nothing():
    assert not in_polygon(0, 0, [])
    assert not in_multipolygon(0, 0, [])
    assert not point_in_polygon(0, 0, [])


@given(
    st.integers(3, 40),
    st.floats(0, 2 * math.pi),
    st.floats(0, 1.5),
)
def test_a_round_ring_agrees_with_its_radius(corners, angle, radius):
    ring = [[math.cos(2 * math.pi * i / corners), math.sin(2 * math.pi * i / corners)] for i in range(corners)]
    inner = math.cos(math.pi / corners)
    assume(radius < inner - 1e-9 or radius > 1 + 1e-9)
    assert point_in_polygon(radius * math.cos(angle), radius * math.sin(angle), ring) is (radius < inner)

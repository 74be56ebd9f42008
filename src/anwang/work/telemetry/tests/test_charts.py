"""What is shaded on a chart: of each look one area at any moment, however many episodes overlap."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.work.telemetry import charts

DAY = 400_000


def span(begin: int, stop: int, how: str = "crossed", label: str = "超限报警") -> dict[str, Any]:
    return {"from": begin, "to": stop, "label": label, "how": how, "url": f"/episodes/{begin}/"}


def drawn(*spans: dict[str, Any]) -> list[tuple[str, int, int]]:
    return [(each["how"], each["from"], each["to"]) for each in charts.shades(spans, 0, DAY)]


def test_an_alarm_with_its_cut_is_one_shade_that_names_both():
    (area,) = charts.shades(
        [span(10_000, 50_000), span(20_000, 60_000, label="断电报警"), span(30_000, 40_000)], 0, DAY
    )
    assert (area["from"], area["to"], area["label"]) == (10_000, 60_000, "超限报警 · 断电报警")
    assert area["url"] == "", "several: none of them alone is its page"


def test_an_episode_alone_leads_to_its_page():
    (area,) = charts.shades([span(10_000, 50_000)], 0, DAY)
    assert area["url"] == "/episodes/10000/"


def test_grey_is_not_drawn_under_red_and_hatching_stays():
    found = drawn(
        span(100, 90_000, "plain"), span(20_000, 30_000), span(50_000, 60_000), span(25_000, 70_000, "hatched")
    )
    assert found == [
        ("crossed", 20_000, 30_000),
        ("crossed", 50_000, 60_000),
        ("plain", 100, 20_000),
        ("plain", 30_000, 50_000),
        ("plain", 60_000, 90_000),
        ("hatched", 25_000, 70_000),
    ]


@pytest.mark.parametrize(
    ("begin", "stop", "shown"),
    [(5, 6, (5, 1_005)), (-500, 10_000, (0, 10_000)), (399_900, 900_000, (399_900, DAY)), (DAY, DAY + 5, None)],
)
def test_seconds_are_wide_enough_to_see_and_nothing_lies_outside(begin, stop, shown):
    assert drawn(span(begin, stop)) == ([("crossed", *shown)] if shown else [])


_SPANS = st.lists(
    st.builds(
        lambda begin, long, how: span(begin, begin + long, how),
        st.integers(-DAY, DAY * 2),
        st.integers(0, DAY),
        st.sampled_from(["crossed", "plain", "hatched"]),
    ),
    max_size=12,
)


@given(_SPANS)
def test_no_moment_is_shaded_twice_and_none_is_forgotten(spans):
    areas = charts.shades(spans, 0, DAY)
    filled = sorted((each["from"], each["to"]) for each in areas if each["how"] != "hatched")
    assert all(first[1] <= second[0] for first, second in pairwise(filled))
    assert all(0 <= begin < stop <= DAY for begin, stop in filled)
    for each in spans:
        for at in (max(each["from"], 0), min(each["to"], DAY) - 1):
            if max(each["from"], 0) <= at < min(each["to"], DAY):
                looks = {area["how"] for area in areas if area["from"] <= at < area["to"]}
                assert each["how"] in looks or (each["how"] == "plain" and "crossed" in looks)

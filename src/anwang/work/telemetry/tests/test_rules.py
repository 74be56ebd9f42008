"""Places, settings and reports: what the rules say, without a database."""

import pytest

from anwang.work.telemetry import places
from anwang.work.telemetry.rules import MINUTE, Kind, Looser, Seen, Settings, looser, match, recognised


@pytest.mark.parametrize(
    ("location", "gas_class", "key"),
    [
        ("3101综采工作面T1", "", "face"),
        ("3101综采工作面回风隅角T0", "low", "corner"),
        ("3101工作面回风顺槽T2", "", "face_return"),
        ("3101工作面回风顺槽中部", "high", "face_return_middle"),
        ("3101工作面回风顺槽中部", "low", "face_return"),
        ("3101工作面进风T3", "outburst", "face_intake"),
        ("3101工作面进风T3", "", None),
        ("3203掘进工作面T1", "", "heading"),
        ("3203掘进工作面回风T2", "", "heading_return"),
        ("3203掘进工作面局部通风机前", "", "series_fan"),
        ("一采区回风巷", "", "district_return"),
        ("总回风巷", "", "main_return"),
        ("采煤机", "", "shearer"),
        ("地面抽采泵房", "", "pump_room"),
        ("井底煤仓", "", "bunker"),
        ("风井口", "", None),
    ],
)
def test_a_place_is_recognised_by_its_words(location: str, gas_class: str, key: str | None) -> None:
    found = recognised(location, "0001", gas_class, places.rows())
    assert (found.key if found else None) == key


def test_only_sensors_of_the_rows_type_are_recognised() -> None:
    assert recognised("3101综采工作面T1", "0004", "low", places.rows()) is None
    outlet = recognised("抽采泵输出管（瓦斯利用）", "0022", "", places.rows())
    assert outlet is not None
    assert outlet.low_alarm == 30.0


def test_settings_looser_than_the_standard() -> None:
    face = places.row("face")
    assert face is not None
    assert looser(Settings(1.0, 1.5, 1.0, None), face) == []
    assert looser(Settings(0.8, 1.0, None, None), face) == []
    assert looser(Settings(1.2, None, None, None), face) == [
        Looser("high_alarm", 1.2, 1.0),
        Looser("high_cut", None, 1.5),
    ]
    # A blank restore value is the cut value itself, which here is above what the standard allows.
    assert looser(Settings(1.0, 1.5, None, None), face) == [Looser("high_restore", 1.5, 1.0)]
    outlet = places.row("drainage_dry")
    assert outlet is not None
    assert looser(Settings(None, None, None, 20.0), outlet) == [Looser("low_alarm", 20.0, 25.0)]
    assert looser(Settings(None, None, None, 30.0), outlet) == []


def test_the_library_of_places() -> None:
    rows = places.rows()
    assert len({row.row for row in rows} | {"3", "7", "10", "14b"}) == 30
    assert places.row("nowhere") is None
    for row in rows:
        assert row.instrument == "cn:aq:1029:2019"
        assert row.alarm is not None or row.low_alarm is not None


SEEN = [
    Seen("a", Kind.OVER, 0, 5 * MINUTE),
    Seen("b", Kind.OVER, 10 * MINUTE, None),
    Seen("c", Kind.CUT, 0, 5 * MINUTE),
]


@pytest.mark.parametrize(
    ("kind", "start", "end", "found"),
    [
        ("001", 1, 4, "a"),
        ("001", 6, 7, "a"),
        ("001", 8, None, "b"),
        ("001", 7.5, 7.9, None),
        ("001", 11, 30, "b"),
        ("002", 0, 5, "c"),
        ("003", 0, 5, None),
        ("006", 0, 5, None),
    ],
)
def test_a_report_and_what_we_saw(kind: str, start: float, end: float | None, found: str | None) -> None:
    answer = match(kind, int(start * MINUTE), None if end is None else int(end * MINUTE), SEEN)
    assert (answer.id if answer else None) == found

"""Mines' own statistics (TJSJ) held against the readings they sent: the rule, the work over many, the pages, the API."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from anwang.kernel import clock
from anwang.work.telemetry import history, rules, stated
from anwang.work.telemetry.memory import millis, moment
from anwang.work.telemetry.models import Feed, Mine, SensorPoint, Statistic
from anwang.work.telemetry.rules import Difference, Shown, Side, Stated, Verdict
from anwang.work.telemetry.tests.test_people import OTHER, OWN, office, send, stamp, text

__all__ = ["office"]

POINT = f"{OWN}01MN000100000001"


# --- the rule ---------------------------------------------------------------------------------------------------------

SAME = Stated(high=0.9, low=0.2, mean=0.5)


def shown(
    high: float = 0.9, low: float = 0.2, mean: float = 0.5, *, near: float | None = 0.9, whole: bool = True
) -> Shown:
    return Shown(Side(high, high, near, timed=True), Side(-low, -low, -low, timed=True), mean, whole)


@pytest.mark.parametrize(
    ("said", "seen", "verdict", "differences"),
    [
        (SAME, shown(), "agrees", ()),
        (SAME, shown(high=0.91, low=0.19, mean=0.52), "agrees", ()),
        (SAME, shown(high=0.92), "differs", ("max_lower",)),
        (SAME, shown(high=0.92, whole=False), "differs", ("max_lower",)),
        (SAME, shown(high=0.86, near=0.86), "agrees", ()),
        (SAME, shown(high=0.85, near=0.85), "differs", ("max_higher",)),
        (SAME, shown(high=0.85, near=0.85, whole=False), "gap", ()),
        (SAME, shown(near=0.86), "agrees", ()),
        (SAME, shown(near=0.85), "differs", ("max_time",)),
        (SAME, shown(near=None), "differs", ("max_time",)),
        (SAME, shown(near=None, whole=False), "gap", ()),
        (SAME, shown(low=0.18), "differs", ("min_higher",)),
        (SAME, shown(low=0.22), "differs", ("min_lower",)),
        (SAME, shown(mean=0.53), "differs", ("avg_lower",)),
        (SAME, shown(mean=0.47), "differs", ("avg_higher",)),
        (SAME, shown(mean=0.1, whole=False), "gap", ()),
        (Stated(high=0.2, low=0.9, mean=None), shown(high=0.9, near=0.2, low=0.2), "differs", ("order", "max_lower", "min_higher")),
        (Stated(high=0.9, low=0.2, mean=0.5, inside=False), shown(), "differs", ("order",)),
        (Stated(high=0.9, low=0.2, mean=0.95), Shown(Side(None, None), Side(None, None), None, whole=False), "differs", ("order",)),
        (SAME, Shown(Side(None, None), Side(None, None), None, whole=False), "unseen", ()),
        (Stated(high=None, low=None, mean=None), shown(), "nothing", ()),
        (Stated(high=None, low=None, mean=0.5), shown(high=9, low=-9), "agrees", ()),
        (Stated(high=0.9, low=None, mean=None), shown(low=-9, mean=9), "agrees", ()),
        # Nothing that surely belongs to the time goes beyond; the edges count for the mine alone.
        (SAME, Shown(Side(None, 1.5, 0.9, timed=True), Side(None, -0.1, -0.2, timed=True), 0.5, whole=True), "agrees", ()),
    ],
)  # fmt: skip
def test_statistics_follow_from_the_readings_or_not(said, seen, verdict, differences):
    assert rules.held(said, seen, rounding=0.01, share=0.05) == (
        Verdict(verdict),
        tuple(Difference(each) for each in differences),
    )


# --- many at once, against a plain loop -------------------------------------------------------------------------------

T = 1_790_000_000_000
offsets = st.integers(-70, 400).map(lambda n: n * 1_000)
values = st.sampled_from([0.1, 0.2, 0.21, 0.35, 0.5, 0.9, float("nan")])
series = st.lists(st.tuples(offsets, values, st.sampled_from([0, 0, 0, 1, 4])), max_size=25).map(sorted)
maybe = st.none() | st.sampled_from([0.1, 0.2, 0.34, 0.5, 0.9])
statistics = st.lists(
    st.tuples(
        st.integers(0, 240), st.integers(1, 320), maybe, maybe, maybe,
        st.none() | st.integers(-10, 330), st.none() | st.integers(0, 300),
    ),
    min_size=1, max_size=6,
)  # fmt: skip


def plain(readings: Any, row: Statistic, interval: int) -> tuple[Any, ...]:
    """One statistic, reading by reading."""
    start, end = millis(row.start), millis(row.end)
    good = [(at, v) for at, v, status in readings if not status & history.INVALID_BITS and v == v]
    bad = [at for at, v, status in readings if status & history.INVALID_BITS or v != v]
    hole, tolerance = max(60_000, 3 * interval), max(60_000, interval)
    edge = min(tolerance, (end - start) // 10)
    own = [(at, v) for at, v in good if start <= at < end]
    sure = [v for at, v in good if start + edge <= at < end - edge]
    wide = [v for at, v in good if start - edge <= at <= end + edge]

    def near(when: datetime | None) -> list[float]:
        return [] if when is None else [v for at, v in good if abs(at - millis(when)) <= tolerance]

    def side(sign: int, when: datetime | None) -> Side:
        parts = [max((sign * v for v in part), default=None) for part in (sure, wide, near(when))]
        return Side(*parts, timed=when is not None)

    stops = [start, *(at for at, _v in own), end]
    whole = max(b - a for a, b in pairwise(stops)) <= hole and not any(start - edge <= at <= end + edge for at in bad)
    mean = sum(v for _at, v in own) / len(own) if own else None
    inside = all(row.start <= each <= row.end for each in (row.max_at, row.min_at) if each is not None)
    verdict = rules.held(
        Stated(row.max, row.min, row.avg, inside=inside),
        Shown(side(1, row.max_at), side(-1, row.min_at), mean, whole),
        rounding=0.01,
        share=0.05,
    )
    highest = max(own, key=lambda each: (each[1], -each[0]), default=(None, None))
    lowest = min(own, key=lambda each: (each[1], each[0]), default=(None, None))
    return (*verdict, len(own), highest[1], highest[0], lowest[1], lowest[0], mean)


@given(readings=series, asked=statistics, interval=st.sampled_from([5_000, 30_000, 180_000]))
def test_many_at_once_are_what_a_loop_says_of_each(readings, asked, interval):
    at, value, status = (np.array(each) for each in zip(*readings, strict=True)) if readings else ([], [], [])
    found = history.Series(np.asarray(at, np.int64) + T, np.asarray(value, np.float64), np.asarray(status, np.uint16))
    begin = moment(T)
    rows = [
        Statistic(
            start=begin + timedelta(seconds=start), end=begin + timedelta(seconds=start + length),
            max=high, min=low, avg=mean,
            max_at=None if high_at is None else begin + timedelta(seconds=start + high_at),
            min_at=None if low_at is None else begin + timedelta(seconds=start + low_at),
        )
        for start, length, high, low, mean, high_at, low_at in asked
    ]  # fmt: skip
    point = SensorPoint(sensor_type="0001", mine=Mine(feed=Feed(interval_ms=interval)))
    lines = stated._held(point, found, rows)
    loop = [plain([(T + at, v, status) for at, v, status in readings], row, interval) for row in rows]
    for line, (verdict, differences, n, high, high_at, low, low_at, mean) in zip(lines, loop, strict=True):
        assert (line.verdict, line.differences, line.n) == (verdict, differences, n)
        assert (line.high, line.low) == (high, low)
        assert (line.high_at and millis(line.high_at), line.low_at and millis(line.low_at)) == (high_at, low_at)
        assert line.mean == (None if mean is None else pytest.approx(mean))


# --- the pages --------------------------------------------------------------------------------------------------------


@pytest.fixture
def moment_() -> datetime:
    """Ten o'clock of yesterday, so that a whole day is there whenever this runs."""
    yesterday = clock.add_days(clock.local_date(datetime.now(clock.ZONE)), -1)
    return clock.start_of_day(yesterday) + timedelta(hours=10)


def readings(begin: datetime, minutes: int, *, mine: str = OWN, point: str = POINT, peak: int = 7) -> None:
    """A reading every twenty seconds: 0.30, and 0.80 in one minute of the time."""
    for n in range(minutes * 3):
        at = begin + timedelta(seconds=20 * n)
        value = 0.8 if n // 3 == peak else 0.3
        send("CDSS", at, f"{point};环境瓦斯;;{value};%CH4;0;{stamp(at)}", mine=mine)


def told(begin: datetime, high: str, high_at: datetime, mean: str, *, minutes: int = 5, point: str = POINT) -> str:
    end = begin + timedelta(minutes=minutes)
    return (
        f"{point};环境瓦斯;3101综采工作面T1;%CH4;{stamp(begin)};{stamp(end)};{high};{stamp(high_at)};0.3;"
        f"{stamp(begin + timedelta(seconds=20))};{mean};{stamp(end)}"
    )


@pytest.fixture
def own(gas: None, moment_: datetime) -> SensorPoint:
    """Fifteen minutes of readings in three statistics: the first agrees, the second hides the peak, the third is open."""
    readings(moment_, 15)
    second, third = moment_ + timedelta(minutes=5), moment_ + timedelta(minutes=10)
    send(
        "TJSJ", moment_ + timedelta(minutes=16),
        told(moment_, "0.30", moment_ + timedelta(seconds=40), "0.30"),
        told(second, "0.50", second + timedelta(minutes=2), "0.30"),
        told(third, "0.30", third, "0.30").replace(stamp(third + timedelta(minutes=5)), "", 1),
    )  # fmt: skip
    return SensorPoint.objects.get(code=POINT)


def test_a_points_day_shows_what_does_not_agree(client, office, own, moment_):
    day = clock.local_date(moment_).isoformat()
    page = text(client, "point", own.pk, day=day)
    part = page[page.index('id="gas-stated"') :].partition("</section>")[0]
    for words in (
        "10:05–10:10",
        "最大值低于上传读数",
        "平均值比读数偏低",
        "0.5 / 0.8",
        "10:07:00 / 10:07:00",
        "无法比对",
    ):
        assert words in part, words
    assert "10:00–10:05" not in part
    whole = text(client, "point", own.pk, day=day, stated="all")
    assert "10:00–10:05" in whole
    assert "gas-stated" not in text(client, "point", own.pk, month=day[:7])
    assert "没有上传本测点这一天的统计值" in text(client, "point", own.pk)


def test_a_mines_day_lists_points_with_differences_first(client, office, own, moment_):
    quiet = f"{OWN}01MN000100000002"
    readings(moment_, 5, point=quiet, peak=99)
    longer = told(moment_, "0.30", moment_, "0.30", point=quiet, minutes=60 * 30).rpartition(";")[0]
    at = moment_ + timedelta(minutes=17)
    send("TJSJ", at, told(moment_, "0.30", moment_, "0.30", point=quiet), f"{longer};{stamp(at)}")
    day = clock.local_date(moment_)
    lines = stated.of_mine(Mine.objects.select_related("feed").get(code=OWN), day)
    assert [(line.point.code, line.differing, line.agreeing, line.undecided) for line in lines] == [
        (POINT, 1, 1, 1),
        (quiet, 0, 1, 1),
    ]
    page = text(client, "reports", OWN, list="statistics")
    assert day.isoformat() in page, "without a day the newest that has some"
    first, second = (
        page.index(f"{reverse('telemetry:point', args=[line.point.pk])}?day={day}#gas-stated") for line in lines
    )
    assert first < second
    assert "最大值低于上传读数 ×1" in page
    assert "TJSJ" in text(client, "reports", OWN, list="statistics", day="2020-01-01")
    assert text(client, "reports", OWN, list="statistics", day="kaputt")


def test_a_mine_and_its_point_say_the_same(own, moment_):
    day = clock.local_date(moment_)
    (line,) = stated.of_mine(Mine.objects.select_related("feed").get(code=OWN), day)
    start = clock.start_of_day(day)
    found = stated.beside(
        SensorPoint.objects.select_related("mine__feed").get(code=POINT),
        list(stated.rows(own, start, start + timedelta(days=1))),
    )
    assert [each.verdict for each in found] == [Verdict.AGREES, Verdict.DIFFERS, Verdict.NOTHING]
    assert line.verdicts == {Verdict.AGREES: 1, Verdict.DIFFERS: 1, Verdict.NOTHING: 1}


def test_calibration_and_a_hole_are_nothing_against_the_mine(gas, moment_):
    readings(moment_, 5, peak=99)
    at = moment_ + timedelta(minutes=5)
    for n in range(15):
        when = at + timedelta(seconds=20 * n)
        send("CDSS", when, f"{POINT};环境瓦斯;;{2.0 if n == 6 else 0.3};%CH4;{4 if n == 6 else 0};{stamp(when)}")
    later = at + timedelta(minutes=5)
    send("CDSS", later, f"{POINT};环境瓦斯;;0.3;%CH4;0;{stamp(later)}")
    empty = later + timedelta(minutes=10)
    send("TJSJ", empty + timedelta(minutes=6), told(at, "2.00", at + timedelta(minutes=2), "0.41"),
         told(later, "0.90", later + timedelta(minutes=3), "0.4"), told(empty, "0.3", empty, "0.3"))  # fmt: skip
    point = SensorPoint.objects.select_related("mine__feed").get(code=POINT)
    found = stated.beside(point, list(Statistic.objects.order_by("start")))
    assert [(each.verdict, each.high, each.n) for each in found] == [
        (Verdict.GAP, 0.3, 14),
        (Verdict.GAP, 0.3, 1),
        (Verdict.UNSEEN, None, 0),
    ]


def test_the_numbers_are_data(own, monkeypatch):
    point = SensorPoint.objects.select_related("mine__feed").get(code=POINT)
    rows = list(Statistic.objects.order_by("start"))
    wide = stated.library() | {"types": {"0001": 0.31}, "share": 1.0}
    monkeypatch.setattr(stated, "library", lambda: wide)
    assert [each.verdict for each in stated.beside(point, rows)][:2] == [Verdict.AGREES, Verdict.AGREES]
    assert stated.rounding("0004") == 0.01


# --- the API ----------------------------------------------------------------------------------------------------------


def test_the_api_gives_a_points_statistics_with_ours(client, office, own, moment_):
    path = f"/api/telemetry/points/{POINT}/statistics"
    asked = {"since": moment_.replace(tzinfo=None).isoformat(), "until": (moment_ + timedelta(minutes=10)).isoformat()}
    answer = client.get(path, asked)
    assert answer.status_code == 200, answer.content
    first, second = answer.json()["items"]
    assert (first["verdict"], first["differences"], first["words"]) == ("agrees", [], "一致")
    assert (second["max"], second["ours"]["max"], second["ours"]["n"]) == (0.5, 0.8, 15)
    assert second["differences"] == ["max_lower", "avg_lower"]
    assert second["start"].startswith((moment_ + timedelta(minutes=5)).astimezone(clock.ZONE).strftime("%Y-%m-%dT%H:%M")) or "Z" in second["start"]  # fmt: skip
    wrong = client.get(path, {"since": "0001-01-01T00:00:00+14:00"})
    assert (wrong.status_code, wrong.json()["key"]) == (422, "telemetry.period_wrong")


def test_the_api_pages_statistics(client, office, gas, moment_):
    rows = [told(moment_ + timedelta(minutes=n), "0.3", moment_, "0.3", minutes=1) for n in range(70)]
    send("TJSJ", moment_ + timedelta(hours=2), *rows)
    path, asked = f"/api/telemetry/points/{POINT}/statistics", {"since": moment_.isoformat()}
    first = client.get(path, asked).json()
    rest = client.get(path, asked | {"after": first["next"]}).json()
    starts = [each["start"] for each in (*first["items"], *rest["items"])]
    assert (len(starts), len(set(starts)), rest["next"]) == (70, 70, "")
    assert starts == sorted(starts)
    assert client.get(path, asked | {"after": "kaputt"}).status_code == 422


def test_another_countys_statistics_are_not_there(client, office, gas, moment_):
    theirs = f"{OTHER}01MN000100000001"
    send("TJSJ", moment_, told(moment_ - timedelta(minutes=9), "0.3", moment_, "0.3", point=theirs), mine=OTHER)
    assert Statistic.objects.count() == 1
    assert client.get(f"/api/telemetry/points/{theirs}/statistics").status_code == 404
    assert client.get(f"/api/telemetry/points/{OWN}01MN000100000009/statistics").status_code == 404
    assert client.get(reverse("telemetry:reports", args=[OTHER]), {"list": "statistics"}).status_code == 404


def test_a_mines_day_costs_the_same_however_many_points(client, office, own, moment_, django_assert_max_num_queries):
    more = [told(moment_, "0.3", moment_, "0.3", point=f"{OWN}01MN00010000{n:04d}") for n in range(2, 60)]
    send("TJSJ", moment_ + timedelta(hours=1), *more)
    text(client, "reports", OWN, list="statistics")
    with django_assert_max_num_queries(26):
        text(client, "reports", OWN, list="statistics")

import pickle
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.kernel.clock import (
    ZONE,
    DateUnclear,
    Span,
    WorkingDay,
    add_days,
    add_working_days,
    days_late,
    days_left,
    end_of_day,
    hours_between,
    is_working_day,
    local_date,
    month_of,
    parse_cn_date,
    parse_cn_span,
    start_of_day,
)

DAY = date(2026, 3, 5)
days = st.dates(date(1992, 1, 1), date(2100, 12, 31))  # summer time was kept until 1991
known_days = st.dates(date(2005, 1, 1), date(2025, 12, 31))


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- days --------------------------------------------------------------------------------------------------------


def test_the_local_day_is_eight_hours_ahead():
    assert local_date(moment("2026-11-20T15:59:59Z")) == date(2026, 11, 20)
    assert local_date(moment("2026-11-20T16:00:00Z")) == date(2026, 11, 21)
    assert start_of_day(date(2026, 11, 21)) == moment("2026-11-20T16:00:00Z")
    assert end_of_day(date(2026, 11, 21)) == moment("2026-11-21T15:59:59.999999Z")
    assert end_of_day(date(2026, 11, 21)).tzinfo is UTC


@given(days)
def test_a_day_begins_and_ends_within_itself(day):
    assert local_date(start_of_day(day)) == local_date(end_of_day(day)) == day
    assert end_of_day(day) + timedelta(microseconds=1) == start_of_day(add_days(day, 1))


@given(days, st.integers(-5000, 5000))
def test_lateness_and_time_left(due, n):
    for now in (start_of_day(add_days(due, n)), end_of_day(add_days(due, n))):
        assert days_late(due, now) == max(0, n)
        assert days_left(due, now) == max(0, -n)
        assert (days_late(due, now) > 0) == (now > end_of_day(due))


def test_naive_moments_are_refused():
    naive = datetime(2026, 11, 21, 9)  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="time zone"):
        local_date(naive)
    with pytest.raises(ValueError, match="time zone"):
        hours_between(moment("2026-11-21T09:00:00Z"), naive)


def test_hours_and_months():
    assert hours_between(moment("2026-11-21T09:00:00+08:00"), moment("2026-11-21T02:30:00Z")) == 1.5
    assert hours_between(moment("2026-11-21T02:30:00Z"), moment("2026-11-21T01:00:00Z")) == -1.5
    assert month_of(DAY) == "2026-03"


# --- working days ------------------------------------------------------------------------------------------------


def test_holidays_make_up_days_and_years_not_yet_published():
    assert is_working_day(date(2026, 10, 1)) == (False, True)  # Thursday, National Day
    assert is_working_day(date(2026, 10, 10)) == (True, True)  # Saturday made up for it
    assert is_working_day(date(2099, 11, 20)) == (True, False)  # Friday
    assert is_working_day(date(2099, 11, 21)) == (False, False)  # Saturday


def test_working_days_jump_the_holiday():
    assert add_working_days(date(2026, 9, 30), 1) == WorkingDay(date(2026, 10, 8), certain=True)
    assert add_working_days(date(2026, 10, 8), -1) == WorkingDay(date(2026, 9, 30), certain=True)
    assert add_working_days(date(2026, 10, 3), 0) == WorkingDay(date(2026, 10, 3), certain=True)


def test_crossing_into_an_unknown_year_is_said():
    assert add_working_days(date(2099, 11, 20), 1) == WorkingDay(date(2099, 11, 23), certain=False)
    assert not add_working_days(date(2004, 1, 2), -1).certain


@given(known_days, st.integers(1, 60))
def test_working_days_count(day, n):
    end = add_working_days(day, n)
    assert end.certain
    passed = (end.day - day).days
    assert sum(is_working_day(add_days(day, i))[0] for i in range(1, passed + 1)) == n
    assert is_working_day(end.day) == (True, True)


@given(days, st.integers(1, 40), st.integers(1, 40))
def test_working_days_add_up(day, one, other):
    first = add_working_days(day, one)
    assert add_working_days(first.day, other).day == add_working_days(day, one + other).day
    assert add_working_days(add_working_days(day, one).day, -one).day <= day


# --- dates as written --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "2026.3.5",
        "2026-3-5",
        "2026/03/05",
        "2026、3、5",
        "2026年3月5日",
        "2026年 3月 5号",
        "2026年3月5",
        "2026.3.5日",
        "２０２６．３．５",
        "\u3000 2026.3.5 \n",
        "二〇二六年三月五日",
        "二○二六年三月五日",
        "26.3.5",
        "26年3月5日",
        "20260305",
        "2026-03-05 10:30:00",
        "2026-03-05 00:00:00.000",
        "2026-03-05T10:30:00",
        "2026/3/5 9:05",
        "2026年3月5日10时",
        "2026年3月5日上午10时30分",
        "2026年3月5日下午3点",
        "2026年3月5日(星期四)",
        "2026年3月5日（周四）",
        "2026年3月5日前",
        "2026.3.5之前",
        "2026-03-04T16:00:00Z",
        "2026-03-05 10:30:00+08:00",
        "46086",
        "46086.75",
        46086,
        46086.75,
        20260305,
        20260305.0,
        DAY,
        datetime(2026, 3, 5, 23, 59),  # noqa: DTZ001 - what Excel hands over
        datetime(2026, 3, 5, 0, 30, tzinfo=ZONE),
        datetime(2026, 3, 4, 16, 30, tzinfo=UTC),
    ],
)
def test_the_fifth_of_march(written):
    assert parse_cn_date(written) == DAY
    assert type(parse_cn_date(written)) is date


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("3月5日", DAY),
        ("3.5", DAY),
        ("03-05", DAY),
        ("3/5", DAY),
        ("三月五日前", DAY),
        ("6.10", date(2026, 6, 10)),
        ("6.1", date(2026, 6, 1)),
        ("十一月二十一日", date(2026, 11, 21)),
        ("十月三十日", date(2026, 10, 30)),
        ("12月31日", date(2026, 12, 31)),
        ("2025.3.5", date(2025, 3, 5)),
    ],
)
def test_the_year_may_be_known(written, day):
    assert parse_cn_date(written, year_hint=2026) == day


@pytest.mark.parametrize("written", [None, "", "  ", "\u3000", "-", "——", "/", "无", "\\"])
def test_blank(written):
    assert parse_cn_date(written, year_hint=2026) is None


@pytest.mark.parametrize(
    ("written", "hint", "key"),
    [
        ("2026.2.30", None, "impossible"),
        ("2026年13月1日", None, "impossible"),
        ("20261301", None, "impossible"),
        (20261301, None, "impossible"),
        ("0026.3.5", None, "impossible"),
        ("1026-03-05", None, "impossible"),
        ("2026-02-30T10:00:00Z", None, "impossible"),
        ("2.30", 2026, "impossible"),
        ("2.29", 2026, "impossible"),
        ("13月45日", None, "impossible"),
        ("3月5日", None, "year_missing"),
        ("6.10", None, "year_missing"),
        ("2026年3月", None, "day_missing"),
        ("2026.3", None, "day_missing"),
        ("3月", 2026, "day_missing"),
        ("2026年", None, "day_missing"),
        (6.1, 2026, "ambiguous"),
        (6, 2026, "unreadable"),
        (0.5, 2026, "unreadable"),
        (-3, 2026, "unreadable"),
        (True, 2026, "unreadable"),
        (float("nan"), 2026, "unreadable"),
        (float("inf"), 2026, "unreadable"),
        (80001, None, "unreadable"),
        ("99999", None, "unreadable"),
        ("2026.3-5", None, "unreadable"),
        ("2026.3.5.6", None, "unreadable"),
        ("3日内", 2026, "unreadable"),
        ("待定", 2026, "unreadable"),
        ("3/5/26", 2026, "unreadable"),
        ("03/05/26", 2026, "unreadable"),
        ("2026.3.5-2026.3.9", None, "unreadable"),
    ],
)
def test_what_is_wrong_is_said(written, hint, key):
    with pytest.raises(DateUnclear) as unclear:
        parse_cn_date(written, year_hint=hint)
    assert unclear.value.key == f"clock.date_{key}"
    assert str(unclear.value).startswith(f"clock.date_{key}: ")
    assert pickle.loads(pickle.dumps(unclear.value)).key == unclear.value.key


def test_unclear_is_a_value_error():
    with pytest.raises(ValueError, match=r"date_impossible: '2026\.2\.30'"):
        parse_cn_date("2026.2.30")


FORMS = [
    "{0}.{1}.{2}",
    "{0}-{1:02d}-{2:02d}",
    "{0}/{1}/{2}",
    "{0}年{1}月{2}日",
    "{0}{1:02d}{2:02d}",
    "{0}年{1}月{2}日前",
]


@given(days, st.sampled_from(FORMS))
def test_every_way_of_writing_every_day(day, form):
    assert parse_cn_date(form.format(day.year, day.month, day.day)) == day


@given(days)
def test_parts_and_serials_of_every_day(day):
    assert parse_cn_date(f"{day.month}.{day.day:02d}", year_hint=day.year) == day
    assert parse_cn_date((day - date(1899, 12, 30)).days) == day
    assert parse_cn_date(float((day - date(1899, 12, 30)).days) + 0.5) == day
    digits = dict(enumerate("〇一二三四五六七八九"))
    tens = {10: "十", 20: "二十", 30: "三十"}

    def said(n: int) -> str:
        ten, one = n // 10 * 10, n % 10
        return tens.get(ten, "") + (digits[one] if one else "")

    year = "".join(digits[int(sign)] for sign in str(day.year))
    assert parse_cn_date(f"{year}年{said(day.month)}月{said(day.day)}日") == day


@given(
    st.one_of(
        st.text(max_size=20), st.text("0123456789.-/年月日十一内个工作天 ", max_size=12), st.floats(), st.integers()
    )
)
def test_any_cell_is_a_day_blank_or_unclear(cell):
    try:
        found = parse_cn_date(cell, year_hint=2026)
    except DateUnclear:
        return
    assert found is None or 1900 <= found.year < 2200


# --- time allowed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "n", "unit"),
    [
        ("3日内", 3, "natural"),
        ("10天", 10, "natural"),
        ("１０ 天", 10, "natural"),
        ("十五日内", 15, "natural"),
        ("二十日", 20, "natural"),
        ("三十天内完成整改", 30, "natural"),
        ("一百二十日", 120, "natural"),
        ("一百日", 100, "natural"),
        ("限期5日内整改", 5, "natural"),
        ("自收到通知之日起15日内", 15, "natural"),
        ("15个自然日", 15, "natural"),
        ("60日历天", 60, "natural"),
        ("7个工作日", 7, "working"),
        ("五个工作日内", 5, "working"),
        ("10工作日", 10, "working"),
        ("一个月内", 30, "natural"),
        ("两个月", 60, "natural"),
        ("一个半月", 45, "natural"),
        ("半个月内", 15, "natural"),
        ("半月", 15, "natural"),
        ("半天", 1, "natural"),
        ("两周", 14, "natural"),
        ("1个星期", 7, "natural"),
        ("一年", 365, "natural"),
        ("24小时内", 1, "natural"),
        ("72小时", 3, "natural"),
        ("30个小时", 2, "natural"),
        ("立即整改", 0, "natural"),
        ("立行立改", 0, "natural"),
        ("当日", 0, "natural"),
        ("当天内完成", 0, "natural"),
    ],
)
def test_time_allowed(written, n, unit):
    assert parse_cn_span(written) == Span(n, unit)


@pytest.mark.parametrize(
    "written",
    ["", "  ", "待定", "3月5日", "3月5日前", "2026年3月5日", "每月5日", "第3日", "每3天", "3-5天", "3至5日", "一日三查",
     "2026年", "半年", "15", "2天一次"],
)  # fmt: skip
def test_no_time_that_can_be_counted(written):
    assert parse_cn_span(written) is None


@given(st.text(max_size=20) | st.text("0123456789半一两十百个工作日天月年周小时内 ", max_size=10))
def test_any_text_is_a_span_or_none(text):
    span = parse_cn_span(text)
    assert span is None or span.n >= 0

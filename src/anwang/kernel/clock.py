"""Days as an office counts them: local days in China, working days, lateness, and the ways people write a date.

Moments are aware datetimes, days are local dates. Nothing here asks what time it is: the moment comes in as `now`.
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import chinese_calendar

ZONE = ZoneInfo("Asia/Shanghai")

_DAY = timedelta(days=1)


def local_date(now: datetime) -> date:
    """The day it is in China at this moment. Raises ValueError for a naive moment."""
    return _aware(now).astimezone(ZONE).date()


def start_of_day(day: date) -> datetime:
    """The first moment of a local day, in UTC."""
    return datetime.combine(day, time.min, ZONE).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """The last microsecond of a local day, in UTC: what is due on a day is in time until then."""
    return datetime.combine(day, time.max, ZONE).astimezone(UTC)


def add_days(day: date, n: int) -> date:
    """The day `n` natural days later; the day itself is not counted (Civil Code art. 201)."""
    return day + n * _DAY


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """A day reckoned in working days. `certain` is False where a year's holidays were not yet published to us."""

    day: date
    certain: bool


def is_working_day(day: date) -> tuple[bool, bool]:
    """Whether offices work on this day, and whether that is certain.

    Holidays and make-up working days come from the State Council's yearly notices as `chinese_calendar` keeps them.
    A year it does not know is taken as Monday to Friday, and said to be uncertain.
    """
    try:
        return bool(chinese_calendar.is_workday(day)), True
    except NotImplementedError:
        return day.weekday() < 5, False


def add_working_days(day: date, n: int) -> WorkingDay:
    """The n-th working day after (or, below 0, before) this day, which is not counted; with n = 0 the day itself.

    Certain only if every day passed on the way is.
    """
    step = _DAY if n > 0 else -_DAY
    left, certain = abs(n), True
    while left:
        day += step
        works, known = is_working_day(day)
        certain = certain and known
        left -= works
    return WorkingDay(day, certain)


def days_late(due: date, now: datetime) -> int:
    """Whole days past the day it was due: 0 until that local day has ended, 1 on the day after."""
    return max(0, (local_date(now) - due).days)


def days_left(due: date, now: datetime) -> int:
    """Days until the day it is due: 0 on that day, and 0 when late (`days_late` then says by how much)."""
    return max(0, (due - local_date(now)).days)


def month_of(day: date) -> str:
    """The month as figures are kept: "2026-11"."""
    return f"{day.year:04d}-{day.month:02d}"


def hours_between(start: datetime, end: datetime) -> float:
    """Hours from start to end, negative where the end comes first. Raises ValueError for naive moments."""
    return (_aware(end) - _aware(start)) / timedelta(hours=1)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError(f"a moment needs a time zone: {moment.isoformat()}")
    return moment


# --- the ways people write a date --------------------------------------------------------------------------------


class DateUnclear(ValueError):  # noqa: N818 - a finding about the text, not a fault
    """A text that should be a date and cannot be taken as one.

    `key` is stable, for a sentence to the person who wrote it:
    clock.date_unreadable · clock.date_impossible · clock.date_year_missing · clock.date_day_missing ·
    clock.date_ambiguous.
    """

    def __init__(self, key: str, text: object) -> None:
        super().__init__(key, text)
        self.key = key
        self.text = text

    def __str__(self) -> str:
        return f"{self.key}: {self.text!r}"


@dataclass(frozen=True, slots=True)
class Span:
    """A time allowed, in natural days or in working days."""

    n: int
    unit: Literal["natural", "working"]


# Excel counts days from here; its 1900 is a leap year, which is why the count starts two days early.
_SERIAL_ZERO = date(1899, 12, 30)
_SERIALS = range(20_000, 80_001)  # 1954-10-03 to 2119-01-10
_YEARS = range(1900, 2200)

_NUMERAL = re.compile(r"[〇○零一二两三四五六七八九十百]+")
_NUMERALS = {
    sign: n
    for n, signs in enumerate(("〇○零", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
    for sign in signs
}

_BLANK = re.compile(r"[-—–―/\\.·]*|无|未填")
_WEEKDAY = re.compile(r"\(?(?:星期|周|礼拜)[1-6日天]\)?")
_CLOCK_TIME = re.compile(
    r"(?<=[日号\d])[T ]?(?:[上下]午)?\d{1,2}(?::\d{2}(?::\d{2}(?:\.\d+)?)?|[时点](?:\d{1,2}分?)?)$"
)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})")
_TAIL = re.compile(r"(?:(?:之|以)?前|止|截止)$")

_FULL = re.compile(r"(\d{4})([./\-、。])(\d{1,2})\2(\d{1,2})[日号]?|(\d{4}|\d{2})年(\d{1,2})月(\d{1,2})[日号]?")
_SHORT_YEAR = re.compile(r"(\d{2})\.(\d{1,2})\.(\d{1,2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_MONTH_DAY = re.compile(r"(\d{1,2})(?:月|[./\-])(\d{1,2})[日号]?")
_MONTH_ONLY = re.compile(r"\d{4}(?:[./\-]\d{1,2}|年\d{1,2}月|年)|\d{1,2}月")
_NUMBER = re.compile(r"\d{5}(?:\.\d+)?")


def parse_cn_date(value: str | float | date | None, *, year_hint: int | None = None) -> date | None:
    """The day a ledger cell means; None where it is blank (or only a dash, a slash, 无).

    Takes 2026.3.5, 2026-3-5, 2026/3/5, 2026年3月5日, 二〇二六年三月五日, 26.3.5, 20260305, with or without a time, a
    weekday or 前 behind it; Excel serials as numbers or text; dates and datetimes (aware ones give the local day).
    3月5日 and 6.10 take their year from `year_hint`. Full-width digits and stray blanks are read as plain ones.

    Raises DateUnclear (a ValueError) for anything else: a day no calendar has, a missing year or day, and 6.1 as a
    number, which Excel also makes of 6.10.
    """
    if value is None:
        return None
    if isinstance(value, datetime):
        return local_date(value) if value.tzinfo else value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return _date_from_text(value, year_hint)
    return _date_from_number(value)


def _date_from_number(value: float) -> date:
    if isinstance(value, bool) or not math.isfinite(value):
        raise DateUnclear("clock.date_unreadable", value)
    whole = math.floor(value)
    if whole in _SERIALS:
        return _SERIAL_ZERO + whole * _DAY
    if whole == value and (found := _COMPACT.fullmatch(str(whole))):
        return _day(found[1], found[2], found[3], value)
    if 1 <= whole <= 12 and whole != value:
        raise DateUnclear("clock.date_ambiguous", value)
    raise DateUnclear("clock.date_unreadable", value)


def _date_from_text(raw: str, year_hint: int | None) -> date | None:
    text = _plain(raw)
    if _BLANK.fullmatch(text.replace(" ", "")):
        return None
    if _MOMENT.fullmatch(text):
        try:
            return local_date(datetime.fromisoformat(text))
        except ValueError:
            raise DateUnclear("clock.date_impossible", raw) from None
    text = _CLOCK_TIME.sub("", _WEEKDAY.sub("", _TAIL.sub("", text)).strip()).replace(" ", "")
    if found := _FULL.fullmatch(text):
        year, month, day = (found[1], found[3], found[4]) if found[1] else (found[5], found[6], found[7])
        return _day(year, month, day, raw)
    if found := _SHORT_YEAR.fullmatch(text) or _COMPACT.fullmatch(text):
        return _day(found[1], found[2], found[3], raw)
    if found := _MONTH_DAY.fullmatch(text):
        # Without a year, a leap year at least tells 3月5日 from 13月45日.
        day_found = _day(str(year_hint or 2024), found[1], found[2], raw)
        if year_hint is None:
            raise DateUnclear("clock.date_year_missing", raw)
        return day_found
    if _MONTH_ONLY.fullmatch(text):
        raise DateUnclear("clock.date_day_missing", raw)
    if _NUMBER.fullmatch(text):
        return _date_from_number(float(text))
    raise DateUnclear("clock.date_unreadable", raw)


def _day(year: str, month: str, day: str, said: object) -> date:
    """A day from its parts; two digits of a year are of this century."""
    number = int(year) + (2000 if len(year) == 2 else 0)
    try:
        found = date(number, int(month), int(day))
    except ValueError:
        raise DateUnclear("clock.date_impossible", said) from None
    if number not in _YEARS:
        raise DateUnclear("clock.date_impossible", said)
    return found


_AT_ONCE = re.compile(r"(?:立即|即刻|即时|立行立改|当日|当天|即日)(?:整改|改正|完成|内|完成整改|整改完成)*")
# 3月5日, 第3日, 每3天, 3-5天, 每月5日: the number before 日 is no time allowed.
_ALLOWED = re.compile(
    r"\D*(?<![年月第每至到~\-/.])(?P<n>\d{1,4}|半)(?P<unit>个?工作[日天]|个?自然[日天]|个?日历[日天]|[日天]|个?小时|周|个?星期|个?礼拜|个半月|个?月|年)\D*"
)


def parse_cn_span(text: str) -> Span | None:
    """The time a ledger cell allows, or None where it says none that can be counted.

    Takes 3日内, 10天, 十五日内, 7个工作日, 两周, 半个月, 一个月内 (30 days), 一年 (365), 48小时 (days, rounded up),
    立即整改 and 当日 (0), with words around it but no second number. A date such as 3月5日 is not a span.
    """
    said = _plain(text).replace(" ", "")
    if _AT_ONCE.fullmatch(said):
        return Span(0, "natural")
    found = _ALLOWED.fullmatch(said)
    if found is None:
        return None
    n, unit = found["n"], found["unit"].removeprefix("个")
    if n == "半":
        return {"月": Span(15, "natural"), "天": Span(1, "natural"), "日": Span(1, "natural")}.get(unit)
    count = int(n)
    if unit.startswith("工作"):
        return Span(count, "working")
    if unit == "小时":
        return Span(-(-count // 24), "natural")
    if unit == "半月":
        return Span(count * 30 + 15, "natural")
    if unit == "年":
        # Four digits before 年 name a year.
        return Span(count * 365, "natural") if len(n) < 3 else None
    per_unit = {"月": 30, "周": 7, "星期": 7, "礼拜": 7}
    return Span(count * per_unit.get(unit, 1), "natural")


def _plain(text: str) -> str:
    """Full-width signs and Chinese numerals as plain digits, blanks as single spaces."""
    folded = " ".join(unicodedata.normalize("NFKC", text).split())
    return _NUMERAL.sub(lambda found: _arabic(found[0]), folded)


def _arabic(run: str) -> str:
    """二〇二六 → 2026, 十五 → 15, 三十 → 30, 一百二十 → 120."""
    if not re.search("[十百]", run):
        return "".join(str(_NUMERALS[sign]) for sign in run)
    total, digit = 0, None
    for sign in run:
        if sign in _NUMERALS:
            digit = _NUMERALS[sign]
        else:
            total += (1 if digit is None else digit) * (100 if sign == "百" else 10)
            digit = None
    return str(total + (digit or 0))

"""The byte scanner of real-time files: one pass over the bytes, columns out. Compiled by numba.

It gives the same answer as reading every record by itself (``records.FILE_TYPES["CDSS"].row``); where a number has more
digits than it can read exactly it says so (``HARD``) and that record is read the slow way.
"""

# ruff: noqa: PLR1714, SIM110 - compiled code: sets and generators are not quick there
from typing import Any

import numpy as np
from numba import njit

from anwang.work.telemetry.compiled import helper
from anwang.work.telemetry.dialects.grammar import (
    BEIJING_MS,
    FIELDS,
    MAX_STATUS,
    OK,
    OTHER_MINE,
    POINT,
    POINT_LENGTHS,
    STATUS,
    TIME,
    VALUE,
)

HARD = 255
KEY_LENGTH = 32
_SHORTEST, _LONGEST = POINT_LENGTHS[0], POINT_LENGTHS[-1]
_COUNT = 7
# Up to 2**53 an integer is exact in a double, and so is a power of ten up to 10**22: their quotient is then rounded
# once, as float() does it.
_EXACT = 1 << 53
_TENS = np.array([10.0**n for n in range(23)])


@helper
def _is_blank(byte: Any) -> Any:
    return byte == 32 or byte == 9 or byte == 13 or byte == 10


@helper
def _trimmed(buf: Any, a: Any, b: Any) -> Any:
    while a < b and _is_blank(buf[a]):
        a += 1
    while b > a and _is_blank(buf[b - 1]):
        b -= 1
    return a, b


@helper
def _two(buf: Any, at: Any) -> Any:
    tens, ones = buf[at] - 48, buf[at + 1] - 48
    if tens < 0 or tens > 9 or ones < 0 or ones > 9:
        return -1
    return np.int64(tens) * 10 + np.int64(ones)


@helper
def _moment(buf: Any, first: Any, last: Any) -> Any:
    """Milliseconds since the epoch, or -1. Days by the civil calendar (Howard Hinnant's days_from_civil)."""
    if last - first != 19:
        return np.int64(-1)
    if (
        buf[first + 4] != 45
        or buf[first + 7] != 45
        or buf[first + 10] != 32
        or buf[first + 13] != 58
        or buf[first + 16] != 58
    ):
        return np.int64(-1)
    century, year = _two(buf, first), _two(buf, first + 2)
    month, day = _two(buf, first + 5), _two(buf, first + 8)
    hour, minute, second = _two(buf, first + 11), _two(buf, first + 14), _two(buf, first + 17)
    if century < 0 or year < 0 or hour < 0 or minute < 0 or second < 0:
        return np.int64(-1)
    year += century * 100
    if year < 2000 or year >= 2100 or month < 1 or month > 12 or day < 1 or hour > 23 or minute > 59 or second > 59:
        return np.int64(-1)
    most = 31
    if month == 4 or month == 6 or month == 9 or month == 11:
        most = 30
    elif month == 2:
        most = 29 if year % 4 == 0 else 28  # no century year that is not a leap year lies between 2000 and 2100
    if day > most:
        return np.int64(-1)
    y = year - (1 if month <= 2 else 0)
    of_era = y % 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = (y // 400) * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468
    return np.int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1000 - BEIJING_MS


@helper
def hash_of(buf: Any, first: Any, last: Any) -> Any:
    """FNV-1a."""
    found = np.uint64(14695981039346656037)
    for at in range(first, last):
        found = (found ^ np.uint64(buf[at])) * np.uint64(1099511628211)
    return found


@njit(cache=True, nogil=True)
def put(keys: Any, lengths: Any, slots: Any, index: Any) -> None:
    """Enter the key of ``index`` into the open table. There is always an empty slot."""
    mask = np.uint64(len(slots) - 1)
    slot = hash_of(keys[index], 0, lengths[index]) & mask
    while slots[slot] >= 0:
        slot = (slot + np.uint64(1)) & mask
    slots[slot] = index


@helper
def _same(buf: Any, first: Any, length: Any, keys: Any, lengths: Any, index: Any) -> bool:
    if lengths[index] != length:
        return False
    for offset in range(length - 1, -1, -1):  # codes of one mine differ at their end
        if keys[index, offset] != buf[first + offset]:
            return False
    return True


@helper
def find(buf: Any, first: Any, length: Any, keys: Any, lengths: Any, slots: Any) -> Any:
    mask = np.uint64(len(slots) - 1)
    slot = hash_of(buf, first, first + length) & mask
    while slots[slot] >= 0:
        if _same(buf, first, length, keys, lengths, slots[slot]):
            return np.int64(slots[slot])
        slot = (slot + np.uint64(1)) & mask
    return np.int64(-1)


@njit(cache=True, nogil=True)
def scan(
    buf: Any,
    begin: Any,
    record: Any,
    mine: Any,
    keys: Any,
    lengths: Any,
    slots: Any,
    follows: Any,
    marks: Any,
    point: Any,
    at: Any,
    value: Any,
    status: Any,
    why: Any,
    where: Any,
) -> Any:
    """Read the records of ``buf[begin:]`` into the columns; returns how many there were, and whether all were fine.

    ``point`` is -1 where the code is sound but not in the table. ``where`` has (first byte, end, line) per record.
    ``follows`` remembers which point came after which: mines list their points in the same order every time.
    ``marks`` are the places of the field and record signs (numpy finds them quicker than a loop here would).
    """
    size = len(buf)
    total = len(marks)
    count = 0
    line = 1
    pos: Any = begin
    mark = 0
    before: Any = -1
    last_time_at: Any = -1
    last_time = np.int64(-1)
    fine: Any = True
    while pos < size:
        line += 1
        first = pos
        m = mark
        while mark < total and buf[marks[mark]] != record:
            mark += 1
        fields = mark - m
        last = np.int64(marks[mark]) if mark < total else size
        mark += 1
        pos = last + 1
        if fields == 0:
            blank = True
            for n in range(first, last):
                if not _is_blank(buf[n]):
                    blank = False
                    break
            if blank:
                continue
        where[count, 0], where[count, 1], where[count, 2] = first, last, line
        point[count], at[count], value[count], status[count] = -1, 0, 0.0, 0
        row = count
        count += 1
        if fields != _COUNT - 1:
            why[row] = FIELDS
            fine = False
            continue

        # the point
        a, b = _trimmed(buf, np.int64(first), np.int64(marks[m]))
        length = b - a
        if length < _SHORTEST or length > _LONGEST:
            why[row] = POINT
            fine = False
            continue
        guess = follows[before] if before >= 0 else -1
        found = np.int64(-1)
        own = True
        if guess >= 0 and _same(buf, a, length, keys, lengths, guess):
            found = np.int64(guess)  # of this mine, as the one before was
        else:
            found = find(buf, a, length, keys, lengths, slots)
            for n in range(len(mine)):
                if buf[a + n] != mine[n]:
                    own = False
                    break
            if own and found >= 0 and before >= 0:
                follows[before] = found
        fine = fine and found >= 0
        if found < 0:
            sound = True
            for n in range(length):
                byte = buf[a + n]
                digit = byte >= 48 and byte <= 57
                letter = (byte >= 65 and byte <= 90) or (byte >= 97 and byte <= 122)
                if not (digit or (letter and n >= len(mine))):
                    sound = False
                    break
            if not sound:
                why[row] = POINT
                fine = False
                continue
        if not own:
            why[row] = OTHER_MINE
            fine = False
            continue
        if found >= 0:
            before = found

        # the value
        a, b = _trimmed(buf, np.int64(marks[m + 2] + 1), np.int64(marks[m + 3]))
        negative = False
        if a < b and (buf[a] == 45 or buf[a] == 43):
            negative = buf[a] == 45
            a += 1
        whole = np.int64(0)
        digits = 0
        places = 0
        dot = False
        plain = a < b
        hard = False
        for n in range(a, b):
            byte = buf[n]
            if byte >= 48 and byte <= 57:
                digits += 1
                if dot:
                    places += 1
                if whole > (_EXACT - 9) // 10:
                    hard = True
                else:
                    whole = whole * 10 + (byte - 48)
            elif byte == 46 and not dot:
                dot = True
            else:
                # An exponent, or no number at all: both are rare.
                hard = byte == 101 or byte == 69
                plain = hard
                break
        if not plain or (digits == 0 and not hard):
            why[row] = VALUE
            fine = False
            continue
        if hard or places > 22:
            why[row] = HARD
            fine = False
            point[row] = found
            continue
        number = np.float64(whole) / _TENS[places]
        value[row] = -number if negative else number

        # the status
        a, b = _trimmed(buf, np.int64(marks[m + 4] + 1), np.int64(marks[m + 5]))
        bits = np.int64(0)
        plain = a < b and b - a <= 5
        if plain:
            for n in range(a, b):
                byte = buf[n]
                if byte < 48 or byte > 57:
                    plain = False
                    break
                bits = bits * 10 + (byte - 48)
        if not plain or bits > MAX_STATUS:
            why[row] = STATUS
            fine = False
            continue
        status[row] = bits

        # the time, most often the one before
        a, b = _trimmed(buf, np.int64(marks[m + 5] + 1), np.int64(last))
        same = last_time_at >= 0 and b - a == 19
        if same:
            for n in range(18, -1, -1):
                if buf[a + n] != buf[last_time_at + n]:
                    same = False
                    break
        if not same:
            last_time = _moment(buf, a, b)
            last_time_at = a if last_time >= 0 else -1
        if last_time < 0:
            why[row] = TIME
            fine = False
            continue
        at[row] = last_time
        point[row] = found
        why[row] = OK
    return count, fine

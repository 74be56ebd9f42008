import hashlib
import hmac
import json
import pickle
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.kernel.chain import (
    GENESIS,
    Broken,
    DigestUnavailable,
    canonical,
    check_seal,
    link,
    plain,
    seal,
    verify,
)

AT = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
KEY = b"sixteen bytes or more"
DIGESTS = [
    "sha256",
    pytest.param("sm3", marks=pytest.mark.skipif("sm3" not in hashlib.algorithms_available, reason="no SM3 here")),
]


class Word(StrEnum):
    CLOSED = "closed"


class Colour(IntEnum):
    RED = 1


text = st.text(st.characters(codec="utf-8"), max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | text
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.datetimes(timezones=st.just(timezone(timedelta(hours=8))), min_value=datetime(1900, 1, 1))  # noqa: DTZ001
    | st.dates()
    | st.uuids()
    | st.sampled_from([*Word, *Colour]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
payloads = st.dictionaries(text, values, max_size=4)


def test_canonical_bytes():
    payload = {
        "状态": Word.CLOSED,
        "at": AT.astimezone(timezone(timedelta(hours=8))),
        "day": date(2026, 11, 21),
        "lon": 111.5,
        "fine": Decimal("500.00"),
        "n": 3,
        "colour": Colour.RED,
        "late": False,
        "note": None,
        "id": uuid.UUID(int=1),
        "photos": ("a", {"z": 1, Word.CLOSED: 2}),
    }
    assert canonical(payload).decode() == (
        '{"at":"2026-11-21T01:30:00.000000Z","colour":1,"day":"2026-11-21","fine":"500",'
        '"id":"00000000-0000-0000-0000-000000000001","late":false,"lon":"111.5","n":3,"note":null,'
        '"photos":["a",{"closed":2,"z":1}],"状态":"closed"}'
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (Decimal("1.50"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.00"), "0"),
    ],
)
def test_fractions_have_one_text(number, said):
    assert plain({"n": number}) == {"n": said}


@given(payloads)
def test_what_is_stored_as_json_verifies_as_it_was_linked(payload):
    assert canonical(json.loads(canonical(payload))) == canonical(plain(payload)) == canonical(payload)
    assert canonical(dict(reversed(payload.items()))) == canonical(payload)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({1, 2}, TypeError),
        (b"bytes", TypeError),
        ({1: "a"}, TypeError),
        (float("nan"), ValueError),
        (Decimal("Infinity"), ValueError),
        (datetime(2026, 11, 21), ValueError),  # noqa: DTZ001 - what is refused
        ("\ud800", ValueError),
    ],
)
def test_what_a_record_cannot_hold(value, error):
    with pytest.raises(error):
        canonical({"x": value})


@pytest.mark.parametrize("digest", DIGESTS)
def test_links_differ_by_every_part(digest):
    one = link(GENESIS, {"a": 1}, digest=digest)
    assert len(one) == 64
    assert len({one, link(one, {"a": 1}, digest=digest), link(GENESIS, {"a": 2}, digest=digest)}) == 3
    with pytest.raises(ValueError, match="64 hex"):
        link("", {"a": 1}, digest=digest)


def test_sha256_by_hand():
    assert link(GENESIS, {"a": 1}) == hashlib.sha256(GENESIS.encode() + b'\n{"a":1}').hexdigest()


def chained(payloads, digest="sha256", start=GENESIS):
    rows, head = [], start
    for number, payload in enumerate(payloads):
        made = link(head, payload, digest=digest)
        rows.append((str(number), head, payload, made))
        head = made
    return rows


@pytest.mark.parametrize("digest", DIGESTS)
def test_a_whole_chain_holds(digest):
    rows = chained([{"n": n} for n in range(5)], digest)
    assert verify(rows, digest=digest) is None
    assert verify(rows[2:], digest=digest, start=rows[1][3]) is None
    assert verify([], digest=digest) is None
    assert verify(rows[1:], digest=digest) == Broken("1", "order")


@given(st.lists(payloads, min_size=1, max_size=6), st.data())
def test_a_changed_row_is_named(payloads, data):
    rows = chained(payloads)
    at = data.draw(st.integers(0, len(rows) - 1))
    row_id, previous, payload, made = rows[at]
    rows[at] = (row_id, previous, {**payload, "changed": "later, and not by us"}, made)
    assert verify(rows) == Broken(row_id, "content")


@given(st.integers(2, 8), st.data())
def test_removed_moved_and_doubled_rows_are_named(count, data):
    rows = chained([{"n": n} for n in range(count)])
    at = data.draw(st.integers(0, count - 2))
    assert verify(rows[:at] + rows[at + 1 :]) == Broken(str(at + 1), "order")
    assert verify([*rows[:at], rows[at + 1], rows[at], *rows[at + 2 :]]) == Broken(str(at + 1), "order")
    assert verify([*rows[: at + 1], *rows[at:]]) == Broken(str(at), "order")


def test_a_row_hashed_anew_shows_at_the_next():
    rows = chained([{"n": n} for n in range(4)])
    rows[1] = ("1", rows[0][3], {"n": 99}, link(rows[0][3], {"n": 99}))
    assert verify(rows) == Broken("2", "order")


@pytest.mark.parametrize(
    ("payload", "made"), [({"n": object()}, None), ({"n": float("nan")}, None), ({"n": 0}, ""), ({"n": 0}, "坏")]
)
def test_rubbish_in_a_row_is_a_broken_row(payload, made):
    good = link(GENESIS, {"n": 0})
    assert verify([("0", GENESIS, payload, good if made is None else made)]) == Broken("0", "content")


def test_a_start_that_is_no_hash_is_a_broken_row():
    assert verify([("0", "", {"n": 0}, "")], start="") == Broken("0", "content")


@pytest.mark.parametrize("digest", DIGESTS)
def test_a_seal_holds_for_what_it_was_made_over(digest):
    head = link(GENESIS, {"n": 0}, digest=digest)
    said = {"head": head, "count": 1, "at": AT, "digest": digest}
    sealed = seal(KEY, **said)
    assert len(sealed) == 64
    assert check_seal(KEY, sealed, **said)
    assert check_seal(KEY, sealed, **{**said, "at": AT.astimezone(timezone(timedelta(hours=8)))})
    assert not check_seal(KEY, sealed, **{**said, "count": 2})
    assert not check_seal(KEY, sealed, **{**said, "head": GENESIS})
    assert not check_seal(KEY, sealed, **{**said, "at": AT + timedelta(seconds=1)})
    assert not check_seal(KEY + b".", sealed, **said)
    assert check_seal(KEY * 9, seal(KEY * 9, **said), **said)
    assert not check_seal(KEY, "印", **said)


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        seal(b"short", head=GENESIS, count=0, at=AT)


def test_a_digest_this_machine_does_not_have():
    # What an OpenSSL without SM3 answers; here no machine has this one.
    with pytest.raises(DigestUnavailable, match="sm5 is not offered") as unavailable:
        link(GENESIS, {}, digest="sm5")
    assert pickle.loads(pickle.dumps(unavailable.value)).digest == "sm5"
    with pytest.raises(DigestUnavailable):
        seal(KEY, head=GENESIS, count=0, at=AT, digest="sm5")
    with pytest.raises(DigestUnavailable):
        verify(chained([{"n": 0}]), digest="sm5")


def test_a_seal_is_an_ordinary_hmac():
    said = canonical({"at": AT, "count": 0, "digest": "sha256", "head": GENESIS})
    assert seal(KEY, head=GENESIS, count=0, at=AT) == hmac.new(KEY, said, "sha256").hexdigest()


@pytest.mark.skipif("sm3" not in hashlib.algorithms_available, reason="no SM3 here")
def test_sm3_is_the_standards():
    # The example of GB/T 32905-2016, appendix A.
    assert hashlib.new("sm3", b"abc").hexdigest() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert link(GENESIS, {}, digest="sm3") == hashlib.new("sm3", GENESIS.encode() + b"\n{}").hexdigest()

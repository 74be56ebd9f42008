from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.ground.files import rules
from anwang.ground.files.rules import Doubt, Facts, Key, Limit

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
LIMITS = {
    Key.ALIKE_BITS: Limit(6, "a"),
    Key.FAR_METRES: Limit(300, "f"),
    Key.AHEAD_MINUTES: Limit(10, "t"),
    Key.EDITORS: Limit(["Photoshop", "美图"], "e"),
}


def facts(**changes):
    base = {
        "lon": 111.14,
        "lat": 39.38,
        "taken_at": NOON,
        "kept_at": NOON + timedelta(minutes=5),
        "software": "17.1",
        "site_lon": 111.14,
        "site_lat": 39.38,
        "not_before": NOON - timedelta(days=1),
    }
    return Facts(**{**base, **changes})


def doubted(**changes):
    return [found.doubt for found in rules.doubts(facts(**changes), LIMITS)]


def test_an_honest_photo_raises_no_doubt():
    assert doubted() == []
    assert doubted(site_lon=None, site_lat=None, not_before=None) == []


def test_each_doubt_by_itself():
    assert doubted(taken_at=None) == [Doubt.NO_TIME]
    assert doubted(taken_at=NOON - timedelta(days=2)) == [Doubt.OLD]
    assert doubted(taken_at=NOON + timedelta(minutes=16)) == [Doubt.AHEAD]
    assert doubted(lon=None, lat=None) == [Doubt.NO_POSITION]
    assert doubted(lat=39.39) == [Doubt.FAR]
    assert doubted(software="Adobe Photoshop 24.0 (Windows)") == [Doubt.EDITED]
    assert doubted(software="美图秀秀 9.1") == [Doubt.EDITED]


def test_limits_are_edges_not_beyond():
    assert doubted(taken_at=NOON - timedelta(days=1)) == []
    assert doubted(taken_at=NOON + timedelta(minutes=15)) == []
    near, far = 39.38 + 0.00265, 39.38 + 0.00275  # 295 m and 306 m north
    assert doubted(lat=near) == []
    assert doubted(lat=far) == [Doubt.FAR]


def test_a_doubt_names_the_rule_and_the_numbers():
    (found,) = rules.doubts(facts(lat=39.39), LIMITS)
    assert found.params["rule"] == "f"
    assert found.params["limit"] == 300
    assert 1100 < found.params["metres"] < 1120


def test_a_limit_that_is_not_kept_judges_nothing():
    strange = facts(lat=39.99, software="Photoshop", taken_at=NOON + timedelta(days=9))
    assert rules.doubts(strange, {}) == []


hashes = st.integers(0, 2**64 - 1).map(lambda n: f"{n:016x}")


@given(hashes, st.sets(st.integers(0, 63), max_size=rules.MOST_ALIKE_BITS))
def test_the_bands_find_every_hash_that_is_near_enough(one, flipped):
    """Whatever up to seven bits differ, one quarter differs in at most one: no near picture is missed."""
    other = f"{int(one, 16) ^ sum(1 << bit for bit in flipped):016x}"
    assert rules.hamming(one, other) == len(flipped)
    bits = 1 if len(flipped) >= rules.BANDS else 0
    pairs = zip(rules.bands(one), rules.bands(other), strict=True)
    assert any(b in rules.near(a, bits) for a, b in pairs)


def test_bands_are_the_quarters_of_a_hash():
    assert rules.bands("0001002000ff8000") == (1, 0x20, 0xFF, 0x8000)
    assert len(set(rules.near(0, 1))) == 17
    with pytest.raises(ValueError):
        rules.bands("abc")
    with pytest.raises(ValueError):
        rules.near(0, 2)


@pytest.mark.parametrize(
    ("lon", "lat", "position"),
    [
        (111.1, 39.4, (111.1, 39.4)),
        ("111.1", "39.4", (111.1, 39.4)),
        (39.4, 111.1, None),
        (0.0, 0.0, None),
        ("nan", 39.4, None),
        (float("inf"), 39.4, None),
        (None, 39.4, None),
        ("东经", "北纬", None),
        ([], {}, None),
    ],
)
def test_positions(lon, lat, position):
    assert rules.position(lon, lat) == position


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("IMG_0001.jpg", "IMG_0001.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\台账.xlsx", "台账.xlsx"),
        ("a\x00b\r\nSet-Cookie: x.jpg", "abSet-Cookie x.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ('<img src=x onerror="alert(1)">.jpg', "img src=x onerror=alert(1).jpg"),
        ("   ...   ", "fallback"),
        ("", "fallback"),
        ("/", "fallback"),
        ("x" * 300 + ".jpg", "x" * 116 + ".jpg"),
        ("x" * 300, "x" * 120),
        (".htaccess", "htaccess"),
    ],
)
def test_names_are_made_harmless(name, plain):
    assert rules.plain_name(name, "fallback") == plain


@given(st.text(max_size=400))
def test_any_name_is_short_printable_and_no_path(name):
    plain = rules.plain_name(name, "file")
    assert 0 < len(plain) <= rules.NAME_CHARS
    assert plain.isprintable()
    assert not set(plain) & set('/\\:"<>|?*')


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("河曲县鑫源超市", "河曲***超市"),
        ("老味道面馆", "老味*面馆"),
        ("面馆", "面*"),
        ("店", "店"),
        ("", ""),
    ],
)
def test_units_are_masked(name, masked):
    assert rules.masked_unit(name) == masked


def test_numbers_of_papers():
    assert rules.paper_number("河", "应急", "责改", 2026, 12) == "（河）应急责改〔2026〕12号"
    assert rules.paper_number("", "安委办", "月报", 2026, 1) == "安委办月报〔2026〕1号"


def test_missing_fields():
    data = {"unit": {"name": "x", "head": ""}, "problems": [], "n": 0, "done": False}
    assert rules.missing(data, ["unit.name", "n", "done"]) == []
    assert rules.missing(data, ["unit.head", "problems", "unit.name.first", "nothing"]) == [
        "unit.head",
        "problems",
        "unit.name.first",
        "nothing",
    ]

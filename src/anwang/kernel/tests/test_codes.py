import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from anwang.kernel.codes import CodeWrong, ancestors, check_uscc, make_uscc, region_level, short_region

LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
counties = st.integers(110000, 659999).map(str)
serials = st.text(LETTERS, max_size=8)


@pytest.mark.parametrize("code", ["91110000600037341L", "911101085923662400", "91140431MA0DEM013F"])
def test_codes_in_use(code):
    assert check_uscc(code) == code
    assert check_uscc(f" {code[:2].lower()} {code[2:8]}-{code[8:].lower()}\n") == code


def test_full_width_writing_is_mended():
    assert check_uscc("９１１４０４３１ＭＡ０ＤＥＭ０１３Ｆ") == "91140431MA0DEM013F"


@pytest.mark.parametrize(
    ("text", "key", "detail"),
    [
        ("", "length", "0"),
        ("91140431MA0DEM013", "length", "17"),
        ("91140431MA0DEMO13F", "letter", "O"),
        ("91140431MA0DEM013F号", "length", "19"),
        ("91140431MA0DEM0证3F", "letter", "证"),
        ("9114A431MA0DEM013F", "region", "14A431"),
        ("91140431MA0DEM013G", "check", "91140431MA0DEM013G"),
        ("91140431MA0DEM031F", "check", "91140431MA0DEM031F"),
    ],
)
def test_what_is_wrong_is_said(text, key, detail):
    with pytest.raises(CodeWrong) as wrong:
        check_uscc(text)
    assert (wrong.value.key, wrong.value.detail) == (f"codes.uscc_{key}", detail)
    assert str(wrong.value) == f"codes.uscc_{key}: {detail}"
    assert isinstance(wrong.value, ValueError)
    assert pickle.loads(pickle.dumps(wrong.value)).detail == detail


@given(counties, serials, st.sampled_from(["91", "92", "12", "52"]))
def test_made_codes_are_codes_to_others_too(county, serial, kind):
    code = make_uscc(county, serial, kind=kind)
    assert check_uscc(code) == code == uscc.validate(code)
    assert code.startswith(kind + county)
    assert serial in code


def test_a_made_code():
    assert make_uscc("140431", "MA0DEM01") == "91140431MA0DEM013F"
    assert make_uscc("140431", "ma0dem01") == "91140431MA0DEM013F"
    assert check_uscc(make_uscc("140930", "1", kind="N2")).startswith("N2140930")


@given(counties, serials, st.integers(0, 17), st.sampled_from(LETTERS))
def test_one_wrong_character_is_noticed(county, serial, place, letter):
    code = make_uscc(county, serial)
    wrong = code[:place] + letter + code[place + 1 :]
    if wrong == code:
        assert check_uscc(wrong) == code
    else:
        with pytest.raises(CodeWrong):
            check_uscc(wrong)


@pytest.mark.parametrize(
    ("region", "serial", "kind", "key"),
    [
        ("14093", "1", "91", "length"),
        ("140930", "123456789", "91", "length"),
        ("14093", "123456789", "91", "length"),
        ("140930", "O1", "91", "letter"),
        ("140930", "1", "9I", "letter"),
        ("14093A", "1", "91", "region"),
    ],
)
def test_parts_that_make_no_code(region, serial, kind, key):
    with pytest.raises(CodeWrong) as wrong:
        make_uscc(region, serial, kind=kind)
    assert wrong.value.key == f"codes.uscc_{key}"


@pytest.mark.parametrize(
    ("code", "level", "above"),
    [
        ("140000", "province", {}),
        ("140900", "city", {"province": "140000"}),
        ("140930", "county", {"province": "140000", "city": "140900"}),
        ("140930001", "town", {"province": "140000", "city": "140900", "county": "140930"}),
        (
            "140930001002",
            "village",
            {"province": "140000", "city": "140900", "county": "140930", "town": "140930001"},
        ),
        (
            "140930001002003",
            "grid",
            {
                "province": "140000",
                "city": "140900",
                "county": "140930",
                "town": "140930001",
                "village": "140930001002",
            },
        ),
        # A grid right under a town, and one right under a county.
        ("140930001000003", "grid", {"province": "140000", "city": "140900", "county": "140930", "town": "140930001"}),
        ("1409300000003", "grid", {"province": "140000", "city": "140900", "county": "140930"}),
        # A city without counties.
        ("441900003", "town", {"province": "440000", "city": "441900"}),
        # Filled up with zeros.
        ("140930000000", "county", {"province": "140000", "city": "140900"}),
        ("140930001000", "town", {"province": "140000", "city": "140900", "county": "140930"}),
        ("140000000", "province", {}),
    ],
)
def test_levels_and_what_is_above(code, level, above):
    assert region_level(code) == level
    assert ancestors(code) == above
    assert list(ancestors(code)) == list(above)


@given(st.from_regex(r"[1-9][0-9]{5}([0-9]{3}|[0-9]{6,12})?", fullmatch=True))
def test_ancestors_are_levels_above_and_share_the_digits(code):
    order = ["province", "city", "county", "town", "village", "grid"]
    short = short_region(code)
    for level, above in ancestors(code).items():
        assert region_level(above) == level
        assert order.index(level) < order.index(region_level(code))
        digits = {"province": 2, "city": 4}.get(level, len(above))
        assert short.startswith(above[:digits])
        assert ancestors(above).items() <= ancestors(code).items()


@pytest.mark.parametrize(
    "code", ["", "14", "1409", "14093", "1409300", "00", "000000", "14093x", "1" * 19, "１４０９３０", "140930\n"]
)
def test_no_division_code(code):
    for ask in (region_level, ancestors, short_region):
        with pytest.raises(CodeWrong, match="region_form"):
            ask(code)

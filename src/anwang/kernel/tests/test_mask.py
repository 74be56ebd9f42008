import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.kernel.mask import mask_bank, mask_id, mask_name, mask_phone


@pytest.mark.parametrize(
    ("name", "shown"), [("张三", "张*"), ("欧阳修", "欧*"), (" 李四 ", "李*"), ("张", "*"), ("", ""), (" ", "")]
)
def test_names(name, shown):
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13812341234", "138****1234"),
        ("138 1234 1234", "138****1234"),
        ("+86 138-1234-1234", "138****1234"),
        ("008613812341234", "138****1234"),
        ("１３８１２３４１２３４", "138****1234"),
        ("0350-7222345", "*******2345"),
        ("72223456", "****3456"),
        ("7222345", "*******"),
        ("110", "***"),
        ("待补", "**"),
        ("", ""),
    ],
)
def test_phones(phone, shown):
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("140930199001011234", "140***********1234"),
        ("14093019900101123x", "140***********123X"),
        ("140930900101123", "140********1123"),
        ("E12345678", "*******78"),
        ("E1234", "*****"),
        ("", ""),
    ],
)
def test_identity_papers(number, shown):
    assert mask_id(number) == shown


@pytest.mark.parametrize(
    ("account", "shown"),
    [("6222 0211 0000 1234", "**** 1234"), ("12345678", "**** 5678"), ("1234567", "****"), ("无", "****"), (" ", "")],
)
def test_bank_accounts(account, shown):
    assert mask_bank(account) == shown


@given(st.from_regex(r"1[0-9]{10}", fullmatch=True).filter(str.isascii))
def test_the_middle_of_a_mobile_number_is_gone(phone):
    assert mask_phone(phone) == f"{phone[:3]}****{phone[7:]}"


@given(st.text(max_size=25))
def test_little_of_anything_is_shown(text):
    for mask in (mask_phone, mask_id, mask_bank):
        shown = mask(text).replace("*", "").strip()
        assert len(shown) <= 7
        if text.strip() and "*" not in text:
            assert "*" in mask(text)

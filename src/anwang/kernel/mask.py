"""Personal data as it is shown to those who need not know it (PIPL art. 51: de-identification).

A mask never says more than the original; where a text is too short to keep both ends, none of it is shown. Blank
stays blank, so that a missing number is seen to be missing.
"""

import re
import unicodedata


def mask_name(name: str) -> str:
    """张三 → 张*, 欧阳修 → 欧*: the first character and one star, whatever the length. A single character is hidden."""
    name = name.strip()
    return f"{name[0]}*" if len(name) > 1 else "*" * len(name)


def mask_phone(phone: str) -> str:
    """138****1234 for a mobile number, with or without +86; of other numbers the last four where at least eight."""
    digits = re.sub(r"[^0-9]", "", _narrow(phone))
    if re.fullmatch(r"(?:00)?86(1[0-9]{10})", digits):
        digits = digits[-11:]
    if re.fullmatch(r"1[0-9]{10}", digits):
        return f"{digits[:3]}****{digits[-4:]}"
    return _tail(digits or _narrow(phone), keep=4, least=8)


def mask_id(number: str) -> str:
    """140***********1234 for an identity card (18 or 15 places); of other papers the last two where at least six."""
    number = re.sub(r"\s", "", _narrow(number)).upper()
    if re.fullmatch(r"[0-9]{15}|[0-9]{17}[0-9X]", number):
        return f"{number[:3]}{'*' * (len(number) - 7)}{number[-4:]}"
    return _tail(number, keep=2, least=6)


def mask_bank(account: str) -> str:
    """**** 1234: the last four of an account, whatever its length; nothing of one under eight digits."""
    digits = re.sub(r"[^0-9]", "", _narrow(account))
    if len(digits) < 8:
        return "****" if account.strip() else ""
    return f"**** {digits[-4:]}"


def _tail(text: str, *, keep: int, least: int) -> str:
    shown = keep if len(text) >= least else 0
    return "*" * (len(text) - shown) + text[len(text) - shown :]


def _narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()

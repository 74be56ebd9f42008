"""Codes the state gives: enterprises (GB 32100-2015) and divisions (GB/T 2260, GB/T 10114, statistical village codes).

Whether a code is in use is a question for the registers; here is only whether it can be one, and what it says.
"""

import re
import unicodedata
from typing import Literal

RegionLevel = Literal["province", "city", "county", "town", "village", "grid"]

_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I O S V Z
_WEIGHTS = tuple(3**i % 31 for i in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714


class CodeWrong(ValueError):  # noqa: N818 - a finding about the text, not a fault
    """A text that cannot be this code.

    `key` is stable, for a sentence to the person who typed it: codes.uscc_length · codes.uscc_letter ·
    codes.uscc_region · codes.uscc_check · codes.region_form. `detail` is what it is about: a length, a letter, the
    digits of the region, the code.
    """

    def __init__(self, key: str, detail: str) -> None:
        super().__init__(key, detail)
        self.key = key
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.key}: {self.detail}"


def check_uscc(text: str) -> str:
    """A unified social credit code in its normal form: 18 upper-case characters, no blanks or hyphens.

    Full-width and lower-case writing is mended; a wrong letter is not guessed at. Raises CodeWrong (a ValueError).
    All registration departments pass, such as N for farmers' cooperatives, which python-stdnum refuses. The check
    digit of the organisation code inside (position 17) is not asked: old codes taken over do not all keep it.
    """
    code = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()
    if len(code) != 18:
        raise CodeWrong("codes.uscc_length", str(len(code)))
    for sign in code:
        if sign not in _LETTERS:
            raise CodeWrong("codes.uscc_letter", sign)
    if not code[2:8].isdigit():
        raise CodeWrong("codes.uscc_region", code[2:8])
    if code[17] != _check_letter(code[:17]):
        raise CodeWrong("codes.uscc_check", code)
    return code


def make_uscc(region6: str, serial: str, *, kind: str = "91") -> str:
    """A code with right check digits at both places, for made-up enterprises.

    `region6`: county code; `serial`: up to 8 characters of the organisation code, filled with zeros in front;
    `kind`: registration department and category (91 enterprise, 92 sole trader, 12 public institution, 52 private
    non-enterprise unit). Raises CodeWrong where the parts do not make a code.
    """
    body = serial.upper().zfill(8)
    for sign in body:
        if sign not in _LETTERS:
            raise CodeWrong("codes.uscc_letter", sign)
    total = sum(int(sign, 36) * weight for sign, weight in zip(body, _ORGANISATION_WEIGHTS, strict=False))
    head = f"{kind}{region6}{body}{'0X987654321'[total % 11]}"
    if len(head) != 17 or len(body) != 8:
        raise CodeWrong("codes.uscc_length", str(len(head) + 1))
    for sign in head:
        if sign not in _LETTERS:
            raise CodeWrong("codes.uscc_letter", sign)
    return check_uscc(head + _check_letter(head))


def _check_letter(head: str) -> str:
    total = sum(_LETTERS.index(sign) * weight for sign, weight in zip(head, _WEIGHTS, strict=True))
    return _LETTERS[-total % 31]


# --- divisions ---------------------------------------------------------------------------------------------------


def region_level(code: str) -> RegionLevel:
    """The level a division code speaks of.

    Six digits by their zeros (140000 province, 140900 city, 140930 county), 9 a town, 12 a village, 13 to 18 a grid.
    Codes that statistics fill up with zeros (140930000000) count as what they are without them (`short_region`).
    Raises CodeWrong for anything else.
    """
    code = short_region(code)
    if len(code) == 6:
        return "province" if code.endswith("0000") else "city" if code.endswith("00") else "county"
    return "town" if len(code) == 9 else "village" if len(code) == 12 else "grid"


def short_region(code: str) -> str:
    """A division code without the zeros that statistics fill it up with: 140930000000 → 140930.

    Raises CodeWrong where it is not 6, 9 or 12 to 18 digits, or begins with 00.
    """
    if re.fullmatch(r"(?!00)(?:[0-9]{6}|[0-9]{9}|[0-9]{12,18})", code) is None:
        raise CodeWrong("codes.region_form", code)
    if len(code) == 12 and code.endswith("000"):
        code = code[:9]
    if len(code) == 9 and code.endswith("000"):
        code = code[:6]
    return code


def ancestors(code: str) -> dict[RegionLevel, str]:
    """The divisions above this one, by its digits, the province first; itself is not among them.

    A level the digits leave out is left out: a grid right under a town has no village, a town of Dongguan (4419)
    no county. Codes alone cannot know that a county such as 429004 answers to its province directly.
    Raises CodeWrong as `short_region` does.
    """
    code = short_region(code)
    found: dict[RegionLevel, str] = {}
    for above in (code[:2] + "0000", code[:4] + "00", code[:6], code[:9], code[:12]):
        if above == code:
            break
        # A prefix whose last part is only zeros says no level of its own: it repeats the one above it.
        found[region_level(above)] = short_region(above)
    return found

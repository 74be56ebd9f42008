"""What holds for organisations, posts and chains. Pure."""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

_BRACKETS = str.maketrans("", "", "()[]{}<>《》〈〉【】〔〕「」『』“”\"'‘’·•.,、，。-_—/\\|&*#")


def name_key(name: str) -> str:
    """A name as it is compared: full-width folded, without blanks, brackets and dots; 有限公司 stays.

    河曲县 云岫煤业（集团）有限公司 and 河曲县云岫煤业(集团)有限公司 are the same; a branch with another word is not.
    """
    folded = "".join(unicodedata.normalize("NFKC", name).split()).casefold()
    return folded.translate(_BRACKETS)[:120]


def similarity(one: str, other: str) -> float:
    """How alike two name keys are, 0 to 1. One that holds the other whole counts at least 0.8."""
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    ratio = SequenceMatcher(None, one, other, autojunk=False).ratio()
    short, long = sorted((one, other), key=len)
    return max(ratio, 0.8) if len(short) >= 4 and short in long else ratio


@dataclass(frozen=True, slots=True)
class Staffing:
    """People meant (编制) and people there. More people than meant is no vacancy."""

    quota: int = 0
    held: int = 0
    vacant: int = 0
    """Summed over posts: a surplus in one post does not fill the gap in another."""

    @property
    def over(self) -> int:
        return max(0, self.held + self.vacant - self.quota)

    def __add__(self, other: "Staffing") -> "Staffing":
        return Staffing(self.quota + other.quota, self.held + other.held, self.vacant + other.vacant)


def staffing(quota: int, held: int) -> Staffing:
    """One post."""
    return Staffing(quota, held, max(0, quota - held))


def in_force(since: date, until: date | None, at: date) -> bool:
    """From the first day on, until the day before ``until``."""
    return since <= at and (until is None or at < until)


def end_refused(since: date, until: date | None, end: date) -> str | None:
    """Why a row that began then may not end there. What has ended stays as it is written."""
    if until is not None:
        return "organisations.already_ended"
    if end < since:
        return "organisations.ends_before_start"
    return None


def powers_refused(asked: Collection[str], statute: Collection[str], delegation: str) -> str | None:
    """A power that the law does not give to this kind of organisation needs the paper that delegates it."""
    if set(asked) - set(statute) and not delegation.strip():
        return "organisations.delegation_missing"
    return None


def cover_refused(covers: Collection[str], *, level: str, site: bool, building: bool) -> str | None:
    """May a chain link of this kind cover that? ``level`` is the region's own."""
    what = "building" if building else "site" if site else level
    return None if what in covers else "organisations.cover_not_offered"


def changed(old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, list[object]]:
    """Field → [before, after] for what differs."""
    return {name: [old.get(name), value] for name, value in new.items() if old.get(name) != value}

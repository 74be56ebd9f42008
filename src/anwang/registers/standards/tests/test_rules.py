"""Which version holds and what is proposed, by chance."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from anwang.registers.standards import rules


@dataclass(frozen=True)
class Row:
    version: int
    edition: str = "library"
    effective_from: date | None = None
    effective_to: date | None = None
    urn: str = "a"
    domains: tuple[str, ...] = ("*",)
    match: tuple[str, ...] = ()
    severity: str = "major"
    confidence: str = "high"
    data: dict = field(default_factory=dict)


DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@st.composite
def histories(draw):
    """Versions of one row, as the services write them: numbered from 1."""
    found = []
    for number in range(1, draw(st.integers(1, 5)) + 1):
        first = draw(st.none() | DAYS)
        last = draw(st.none() | st.integers(0, 400))
        ends = (first or date(2024, 1, 1)) + timedelta(days=last) if last is not None else None
        found.append(Row(number, draw(st.sampled_from(["library", "local"])), first, ends))
    return found


@given(histories(), DAYS)
def test_what_holds_has_begun_has_not_ended_and_nothing_better_has_begun(rows, on):
    found = rules.holds(rows, on)
    begun = [row for row in rows if row.effective_from is None or row.effective_from <= on]
    rank = lambda row: (row.edition == "local", row.version)
    if found is None:
        best = max(begun, key=rank, default=None)
        assert best is None or (best.effective_to is not None and best.effective_to < on)
    else:
        assert found in begun
        assert found.effective_to is None or on <= found.effective_to
        assert all(rank(found) >= rank(row) for row in begun)


@given(histories(), DAYS, DAYS)
def test_a_version_of_tomorrow_changes_nothing_before(rows, on, starts):
    later = Row(99, "local", starts)
    if starts > on:
        assert rules.holds([*rows, later], on) == rules.holds(rows, on)
    else:
        assert rules.holds([*rows, later], on) == later


@given(st.text(max_size=30), st.sampled_from(["high", "medium", "low", "missing"]))
def test_no_proposal_is_surer_than_its_row_and_words_alone_never_high(text, confidence):
    order = ["high", "medium", "low", "missing"]
    row = Row(1, match=("瓦斯|气", "超限+作业"), confidence=confidence)
    for named in ("", "a"):
        for hit in rules.propose([row], domain="coal", text="瓦斯超限作业" + text, named=named):
            assert order.index(hit.confidence) >= order.index(confidence)
            if not hit.by_item:
                assert order.index(hit.confidence) >= 1


def test_the_item_s_row_comes_first_and_other_domains_stay_away():
    rows = [
        Row(1, urn="a", match=("瓦斯+超限",), domains=("coal",)),
        Row(1, urn="b", domains=("gas",)),
        Row(1, urn="c", match=("瓦斯",), domains=("gas",)),
    ]
    found = rules.propose(rows, domain="coal", text="瓦斯超限", named="b")
    assert [hit.row.urn for hit in found] == ["b", "a"]
    assert [hit.row.urn for hit in rules.propose(rows, domain="", text="瓦斯超限")] == ["a", "c"]
    assert len(rules.propose(rows, domain="", text="瓦斯超限", most=1)) == 1


def test_deadlines_fall_back_from_level_to_domain_to_any():
    def row(urn, domains, level="", grade="general"):
        return Row(1, urn=urn, domains=domains, data={"grade": grade, "level": level, "amount": 25, "unit": "hours"})

    rows = [row("any", ("*",)), row("gas", ("gas",)), row("a", ("gas",), "A"), row("major", ("*",), grade="major")]
    pick = lambda **asked: getattr(rules.pick_deadline(rows, **{"grade": "general"} | asked), "urn", None)
    assert pick(domain="gas", level="A") == "a"
    assert pick(domain="gas", level="Z") == "gas"
    assert pick(domain="coal", level="A") == "any"
    assert pick(domain="coal", grade="major") == "major"
    assert pick(domain="coal", grade="none") is None
    assert rules.term_days(rows[0].data) == 2
    assert rules.longest_days(rows[0].data | {"longest": 1}) == 2

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from anwang.overview.sitefile import rules
from anwang.overview.sitefile.rules import Seen

TODAY = date(2026, 11, 21)


def test_a_year_of_months():
    months = rules.months_back(TODAY)
    assert months[0] == "2025-12"
    assert months[-1] == "2026-11"
    assert len(months) == 12
    assert rules.months_back(date(2026, 1, 5), 3) == ["2025-11", "2025-12", "2026-01"]


def test_nothing_says_nothing():
    found = rules.sums([], TODAY)
    assert (found.found, found.mean_days, found.late_share) == (0, None, None)


@given(st.lists(st.tuples(st.integers(0, 800), st.integers(0, 60), st.booleans(), st.booleans(), st.booleans())))
def test_the_figures_of_a_place(rows):
    hazards = []
    for back, lasted, late, major, is_open in rows:
        found_on = TODAY - timedelta(days=back)
        closed_on = None if is_open else found_on + timedelta(days=lasted)
        hazards.append(Seen(found_on, closed_on, late, major, is_open))
    sums = rules.sums(hazards, TODAY)
    assert sums.found == len(rows)
    assert sums.open == sum(row[4] for row in rows)
    assert sums.major == sum(row[3] for row in rows)
    done = [row[1] for row in rows if not row[4]]
    assert sums.mean_days == (round(sum(done) / len(done), 1) if done else None)
    shown = {month for month, _closed, _open in sums.months}
    assert sum(closed + n for _month, closed, n in sums.months) == sum(
        f"{hazard.found_on:%Y-%m}" in shown for hazard in hazards
    )

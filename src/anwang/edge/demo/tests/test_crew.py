"""Who works underground in the simulated mines: what is written is read whole, and what is to be shown is there to see."""

from datetime import UTC, datetime, timedelta

import pytest

from anwang.edge.demo import mines, watch
from anwang.edge.demo.mines import county, writing
from anwang.edge.demo.mines.crew import HOUR, NOTHING, Shown, crew_of
from anwang.work.telemetry import dialects, services, underground
from anwang.work.telemetry.memory import moment
from anwang.work.telemetry.models import Headcount, Mine, Muster, RefusedRecord

NOON = int(datetime(2026, 11, 20, 4, 0, tzinfo=UTC).timestamp() * 1000)  # 12:00 in Beijing
PLAN = mines.plan_of("140930900001", "示例煤业", faces=1, headings=2)


def test_the_same_people_every_time_with_cards_of_their_own() -> None:
    crew = crew_of(PLAN)
    assert crew is not None
    cards = [each.card for each in crew.members]
    assert len(set(cards)) == len(cards)
    assert {len(card) for card in cards} == {17}
    assert {len(area.code) for area in crew.areas} == {16}
    assert {len(area.station) for area in crew.areas} == {22}
    assert crew_of(mines.plan_of("140930900001", "示例煤业", faces=1, headings=2)) == crew


def test_around_the_clock_somebody_is_down_with_a_leader_and_nothing_is_out_of_order() -> None:
    crew = crew_of(PLAN)
    assert crew is not None
    for quarter in range(96):
        at = NOON + quarter * HOUR // 4
        inside = [each for each in crew.at(at) if each.out_at is None]
        assert any(each.member.leader for each in inside)
        assert all(each.in_at <= at and at - each.in_at < 12 * HOUR for each in inside)
        for area in crew.areas:
            assert sum(each.area == area for each in inside) <= area.allowed, (quarter, area.name)
        assert len({each.member.card for each in crew.at(at)}) == len(crew.at(at))


def test_an_opencast_mine_has_nobody_underground() -> None:
    assert crew_of(mines.plan_of("140930900002", "示例露天", opencast=True)) is None


@pytest.mark.parametrize("hours", range(0, 24, 3))
def test_every_file_is_read_whole(hours: int) -> None:
    crew = crew_of(PLAN)
    assert crew is not None
    at = NOON + hours * HOUR
    kinds = set()
    for file in [*writing.personnel(PLAN, crew, at), writing.positions(PLAN, crew, at, Shown(True, True, True))]:
        parsed = dialects.read(*file)
        assert parsed.rejected == []
        assert parsed.rows
        assert parsed.header.fields[1].endswith("（模拟）")
        kinds.add(parsed.name.type)
    assert kinds == {"RYQY", "RYXX", "RYJZ", "JZSS", "RYSS"}


@pytest.mark.parametrize(
    ("shown", "found"),
    [
        (NOTHING, (0, 0, False)),
        (Shown(crowded=True), (1, 0, False)),
        (Shown(overtime=True), (0, 1, False)),
        (Shown(leaderless=True), (0, 0, True)),
    ],
)
def test_what_is_to_be_shown_is_shown(gas, shown: Shown, found: tuple[int, int, bool]) -> None:
    crew = crew_of(PLAN)
    assert crew is not None
    for hour in (0, 3, 7):
        at = NOON + hour * HOUR
        files = [*writing.personnel(PLAN, crew, at), writing.positions(PLAN, crew, at, shown)]
        for receipt in services.receive([services.UploadedFile(*file) for file in files], now=moment(at)):
            assert (receipt.state, receipt.rejected) == ("taken", 0)
        seen = underground.now_of(Mine.objects.get())
        assert seen is not None
        assert (seen.over, seen.overtime, seen.leaderless) == found
        assert all(each.name.endswith("*") and each.team for each in seen.people)


def test_the_county_shows_a_day_of_people(gas) -> None:
    now = moment(NOON)
    for n, plan in enumerate(county.plans()):
        services.receive(watch._people(plan, n, now), now=now)
    with_people = [plan.code for plan in county.plans() if crew_of(plan)]
    assert sorted(Muster.objects.values_list("mine__code", flat=True)) == sorted(with_people)
    assert Headcount.objects.filter(mine__code=with_people[0]).count() == watch.CURVE + 1
    assert not RefusedRecord.objects.exists()
    found = {
        n: underground.now_of(Mine.objects.get(code=plan.code))
        for n, plan in enumerate(county.plans())
        if crew_of(plan)
    }
    wrong = {
        n: Shown(crowded=each.over > 0, overtime=each.overtime > 0, leaderless=each.leaderless)
        for n, each in found.items()
        if each is not None
    }
    assert {n: each for n, each in wrong.items() if each != NOTHING} == watch.SHOWN
    assert now - timedelta(seconds=1) < min(Muster.objects.values_list("at", flat=True)) <= now

"""Who works underground in a simulated mine: areas, cards, base stations, and where everybody is at a moment. All invented.

Pure and without memory: a mine's people follow from its code, and where they are from the moment, so that any process
may go on where another one stopped.
"""

from dataclasses import dataclass
from functools import cache
from random import Random

from anwang.edge.demo import county
from anwang.edge.demo.mines.plan import MinePlan, library

BEIJING_MS = 8 * 3600 * 1000
MINUTE, HOUR = 60_000, 3_600_000
SHIFT = 8 * HOUR
STAYED = 12 * HOUR + 30 * MINUTE
"""How long at least somebody is down who is shown to be down too long."""
WINDOW = 2 * HOUR
GONE_SHOWN = 30 * MINUTE
"""So long somebody who has come up is still in the snapshots."""

# Place of the plan → people a shift, allowed number, kind of area, team, jobs.
WORK: dict[str, tuple[int, int, str, str, tuple[str, ...]]] = {
    "face": (16, 40, "重点区域", "综采{n}队", ("采煤机司机", "液压支架工", "采煤工", "采煤工", "电钳工", "瓦斯检查工")),
    "heading": (8, 18, "重点区域", "掘进{n}队", ("掘进机司机", "掘进工", "掘进工", "支护工", "瓦斯检查工")),
    "district": (4, 30, "其它区域", "机电队", ("电钳工", "变电所值班工", "通风工")),
    "belt": (4, 15, "其它区域", "运输队", ("皮带司机", "运输工")),
    "main": (1, 10, "其它区域", "通风队", ("测风工", "通风工")),
}
BOTTOM = (4, 60, "井口区域", "运输队", ("信号把钩工", "运输工"))
SPECIAL = frozenset({"采煤机司机", "掘进机司机", "电钳工", "瓦斯检查工", "信号把钩工"})
LEADERS = ("矿长", "总工程师", "安全副矿长")
"""One goes down with each shift."""
CROWDED = "heading-1"
"""Where those come together who make an area over its number."""


@dataclass(frozen=True, slots=True)
class Area:
    code: str
    kind: str
    name: str
    allowed: int

    @property
    def station(self) -> str:
        return f"{self.code}000001"


@dataclass(frozen=True, slots=True)
class Member:
    card: str
    name: str
    job: str
    post: str
    team: str
    leader: bool
    special: bool
    shift: int
    """0 from midnight, 1 from eight, 2 from sixteen o'clock."""
    area: Area
    early: int
    late: int
    """Ms before a shift begins and after it ends."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A member in a snapshot. Times in ms; ``out_at`` None while underground."""

    member: Member
    area: Area
    in_at: int
    out_at: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """What is out of order with a mine's people all the time: an area over its number, somebody too long, no leader."""

    crowded: bool = False
    overtime: bool = False
    leaderless: bool = False


NOTHING = Shown()


@dataclass(frozen=True, slots=True)
class Crew:
    areas: tuple[Area, ...]
    members: tuple[Member, ...]
    crowd: Area | None
    """Where visitors come together."""

    def at(self, at: int, shown: Shown = NOTHING) -> list[Stay]:
        """Everybody who is underground at a moment (ms), and who has come up just now."""
        found = []
        for each in self.members:
            if each.leader and shown.leaderless:
                continue
            stay = _stay(each, at)
            if stay is not None:
                found.append(stay)
        if shown.crowded and self.crowd is not None:
            found = [
                Stay(each.member, self.crowd, each.in_at, each.out_at)
                if each.member.area.kind != self.crowd.kind and not each.member.leader
                else each
                for each in found
            ]
        if shown.overtime:
            began = (at - STAYED) // WINDOW * WINDOW
            there = {each.member.card for each in found}
            free = [each for each in self.members if each.card not in there and not each.leader]
            if free:
                member = free[began // WINDOW % len(free)]
                found.append(Stay(member, member.area, began))
        return found


def _stay(each: Member, at: int) -> Stay | None:
    # The day's beginning in Beijing, and the shift of today, of yesterday (which may not be up yet), of tomorrow.
    day = (at + BEIJING_MS) // (24 * HOUR) * 24 * HOUR - BEIJING_MS
    for begin in (day + each.shift * SHIFT - 24 * HOUR, day + each.shift * SHIFT, day + each.shift * SHIFT + 24 * HOUR):
        down, up = begin - each.early, begin + SHIFT + each.late
        if down <= at < up:
            return Stay(each, each.area, down)
        if up <= at < up + GONE_SHOWN:
            return Stay(each, each.area, down, up)
    return None


@cache
def crew_of(plan: MinePlan) -> Crew | None:
    """The people of a mine; None where nobody works underground (opencast)."""
    places = sorted({point.place for point in plan.points if point.place.partition("-")[0] in WORK})
    if not places:
        return None
    rng = Random(f"crew-{plan.code}")
    bottom = Area(f"{plan.code}0001", BOTTOM[2], "井底车场", BOTTOM[1])
    areas, members = [bottom], _members(plan, bottom, BOTTOM[0], BOTTOM[3], BOTTOM[4], rng, 0)
    for number, place in enumerate(places, start=2):
        kind, _, n = place.partition("-")
        people, allowed, words, team, jobs = WORK[kind]
        area = Area(f"{plan.code}{number:04d}", words, library()["places"][kind]["name"].format(n=n), allowed)
        areas.append(area)
        members += _members(
            plan, area, people, team.format(n="一二三四五六七八九"[int(n) % 9 - 1]), jobs, rng, len(members)
        )
    for shift, post in enumerate(LEADERS):
        members.append(
            Member(
                f"{plan.code}{len(members) + 1:05d}", _name(rng), "", post, "矿领导", leader=True, special=False,
                shift=shift, area=areas[-1], early=30 * MINUTE, late=20 * MINUTE,
            )
        )  # fmt: skip
    crowd = next((area for area, place in zip(areas[1:], places, strict=True) if place == CROWDED), None)
    return Crew(tuple(areas), tuple(members), crowd)


def _members(
    plan: MinePlan, area: Area, people: int, team: str, jobs: tuple[str, ...], rng: Random, before: int
) -> list[Member]:
    return [
        Member(
            card=f"{plan.code}{before + shift * people + n + 1:05d}",
            name=_name(rng),
            job=jobs[n % len(jobs)],
            post="班长" if n == 0 and people > 1 else "",
            team=team,
            leader=False,
            special=jobs[n % len(jobs)] in SPECIAL,
            shift=shift,
            area=area,
            early=rng.randrange(10, 40) * MINUTE,
            late=rng.randrange(0, 25) * MINUTE,
        )
        for shift in range(3)
        for n in range(people)
    ]


def _name(rng: Random) -> str:
    words = county.words()
    surnames = words["surnames"]
    return str(rng.choices(list(surnames), list(surnames.values()))[0] + rng.choice(words["given_men"]))

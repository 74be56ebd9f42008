"""A small county at work: a mine with its officer, the offices above it, and hazards walked to any state."""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from anwang.ground.accounts import scope
from anwang.ground.files import services as files
from anwang.kernel import clock
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services as sites
from anwang.registers.standards import services as standards
from anwang.work.hazards import services
from anwang.work.hazards.rules import State


@pytest.fixture
def libraries(db: None, now: datetime) -> None:
    organisations.load_library(now=now)
    sites.load_library(now=now)
    standards.load_libraries(now=now)


@dataclass(frozen=True)
class People:
    """Everybody who has to do with a hazard, by what they are."""

    office: Any
    office_two: Any
    inspector: Any
    inspector_two: Any
    town: Any
    grid: Any
    enterprise: Any
    city: Any
    leader: Any
    other_county: Any
    far: Any
    system: Any


@pytest.fixture
def mine(libraries: None, people: People, places: Any, now: datetime) -> Any:
    """An enterprise with an officer (``people.enterprise``), not the owner of every site."""
    return people.enterprise.mine


@pytest.fixture
def people(libraries: None, make_user: Any, places: Any, now: datetime) -> People:
    office = make_user("county_office", places.county, name="安委办甲")
    mine = organisations.make(
        kind_key="enterprise",
        name="河曲县云岫煤业有限公司",
        region=places.town,
        contact="武矿长",
        phone="15400000077",
        by=office,
        now=now,
    )
    officer = make_user("enterprise_officer", organisation_id=mine.pk, name="企业安全员", phone="15400000088")
    officer.mine = mine
    return People(
        office=office,
        office_two=make_user("county_office", places.county, name="安委办乙"),
        inspector=make_user("inspector", places.county, name="检查员甲", phone="15400000011"),
        inspector_two=make_user("inspector", places.county, name="检查员乙"),
        town=make_user("town_officer", places.town, name="镇安全员"),
        grid=make_user("grid_member", places.grid, name="网格员"),
        enterprise=officer,
        city=make_user("city_office", places.city, name="市安委办"),
        leader=make_user("leader", places.county, name="领导"),
        other_county=make_user("county_office", places.other_county, name="邻县安委办"),
        far=make_user("county_office", places.far_county, name="外市安委办"),
        system=make_user("system_admin", name="系统管理员"),
    )


@pytest.fixture
def organisation(people: People, places: Any, now: datetime) -> Callable[..., Any]:
    def make(name: str, region: Any = None, kind_key: str = "enterprise", **values: Any) -> Any:
        values.setdefault("by", people.office)
        return organisations.make(kind_key=kind_key, name=name, region=region or places.county, now=now, **values)

    return make


@pytest.fixture
def site(people: People, places: Any, now: datetime) -> Callable[..., Any]:
    """``site()`` in the first grid, the mine's own, with a position and a manager."""

    def make(name: str = "云岫煤业主井", region: Any = None, by: Any = None, **values: Any) -> Any:
        values.setdefault("enterprise", people.enterprise.mine)
        values.setdefault("kind_key", "coal_mine")
        return sites.create(
            name=name,
            region=region or places.grid,
            lon=111.146,
            lat=39.384,
            manager_name="武某",
            manager_phone="15400000077",
            owner_name="秦某",
            owner_phone="15400000066",
            by=by or people.office,
            now=now,
            **values,
        )

    return make


_random = random.Random(7)


def jpeg(*, size: int = 160) -> bytes:
    """A picture that is like no other: coloured patches."""
    image = Image.new("RGB", (size, size))
    for x in range(0, size, 20):
        for y in range(0, size, 20):
            colour = tuple(_random.randrange(256) for _ in range(3))
            image.paste(colour, (x, y, x + 20, y + 20))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=80)
    return data.getvalue()


@pytest.fixture
def picture(now: datetime) -> Callable[..., str]:
    """``picture(by=user, at=moment)`` → the id of a kept photo that is attached to nothing yet."""

    def make(*, by: Any, at: datetime | None = None, data: bytes | None = None, **more: Any) -> str:
        moment = at or now
        more.setdefault("lon", 111.146)
        more.setdefault("lat", 39.384)
        more.setdefault("taken_at", moment)
        file = files.upload(data=data or jpeg(), name="现场.jpg", by=by, now=moment, **more)
        return str(file.pk)

    return make


@pytest.fixture
def found(site: Any, people: People, now: datetime) -> Callable[..., Any]:
    """``found()`` → a hazard just reported by the inspector at a new site of the mine."""
    made: dict[str, Any] = {}

    def make(by: Any = None, at: Any = None, **values: Any) -> Any:
        where = at or made.setdefault("site", site())
        values.setdefault("description", "运输巷瓦斯传感器悬挂位置不符合要求")
        values.setdefault("source", "government")
        values.setdefault("now", now)
        values.setdefault("found_at", values["now"])
        return services.report(site_id=where.pk, by=by or people.inspector, **values)

    return make


@pytest.fixture
def walked(found: Any, people: People, picture: Any, now: datetime) -> Callable[..., Any]:
    """``walked("submitted")`` → a hazard brought to that state by the right people, all at the same moment.

    ``major=True`` brings it there as a major hazard; ``at`` is the moment, ``due_in`` the days of the deadline.
    """

    def walk(to: str, *, major: bool = False, at: datetime | None = None, due_in: int = 5, **values: Any) -> Any:
        moment = at or now
        hazard = found(now=moment, **values)
        office, second, unit = people.inspector, people.office, people.enterprise
        on = {"hazard_id": hazard.pk, "now": moment}
        due_on = clock.add_days(clock.local_date(moment), due_in)

        def propose() -> None:
            services.propose_major(**on, by=office, standard_urn=major_urn(hazard))

        def start() -> None:
            services.plan(
                **on,
                by=unit,
                person="武某",
                phone="15400000077",
                measures="更换",
                funds="无需资金",
                emergency_plan="停用",
            )
            services.start(**on, by=unit)

        grading = [(State.MAJOR_PROPOSED, propose), (State.GRADED, lambda: services.confirm_major(**on, by=second))]
        road = [
            *(grading if major else [(State.GRADED, lambda: services.grade(**on, by=office))]),
            (State.ASSIGNED, lambda: services.assign(**on, by=office, due_on=due_on)),
            (State.RECTIFYING, start),
            (
                State.SUBMITTED,
                lambda: services.submit(**on, by=unit, note="已整改", photos=[picture(by=unit, at=moment)]),
            ),
            (State.VERIFIED, lambda: services.verify(**on, by=office)),
            (State.CLOSED, lambda: services.close(**on, by=second)),
        ]
        if to != State.FOUND:
            for state, step in road:
                step()
                if state == to:
                    break
        hazard.refresh_from_db()
        assert hazard.state == to
        return hazard

    return walk


def major_urn(hazard: Any) -> str:
    """A criterion in force for the hazard's domain on its day."""
    from anwang.registers.standards import selectors

    rows = [row for row in selectors.criteria(hazard.domain, hazard.found_on) if row.severity == "major"]
    return str(rows[0].urn)


@pytest.fixture
def as_user(client: Any, signed_in: Any) -> Callable[[Any], Any]:
    """``as_user(person)`` → the test client signed in as them."""

    def sign_in(person: Any) -> Any:
        scope.forget(person)
        return signed_in(client, person)

    return sign_in


@pytest.fixture
def days() -> Callable[[int], timedelta]:
    return lambda n: timedelta(days=n)

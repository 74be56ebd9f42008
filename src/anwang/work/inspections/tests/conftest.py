"""A small county that inspects: offices, experts, a grid member, a restaurant, a mine, an elderly home."""

import base64
import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from PIL import Image, ImageDraw

from anwang.ground.accounts import scope
from anwang.ground.base.models import new_id
from anwang.ground.files import services as files
from anwang.kernel import clock
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services as sites
from anwang.registers.standards import services as standards
from anwang.work.checklists import services as checklists
from anwang.work.inspections import selectors, services

LOADED = datetime(2026, 1, 1, 8, 0, tzinfo=clock.ZONE)


@pytest.fixture(scope="package")
def _shelves(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The libraries, loaded once for all tests here inside a transaction of their own: hundreds of rows each test only reads."""
    with django_db_blocker.unblock():
        whole = transaction.atomic()
        whole.__enter__()
        try:
            organisations.load_library(now=LOADED)
            sites.load_library(now=LOADED)
            standards.load_libraries(now=LOADED)
            checklists.load_libraries(now=LOADED)
            yield
        finally:
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


@pytest.fixture
def libraries(_shelves: None, db: None) -> None:
    """Kinds of places, levels of chains, standards and checklists are there."""


@dataclass(frozen=True)
class People:
    """Everybody who has to do with a visit, by what they are. ``fire`` sees the domains of the fire brigade only."""

    office: Any
    inspector: Any
    inspector_two: Any
    fire: Any
    town: Any
    grid: Any
    expert: Any
    enterprise: Any
    other_enterprise: Any
    city: Any
    leader: Any
    other_county: Any
    far: Any
    system: Any


@pytest.fixture
def people(libraries: None, make_user: Any, places: Any, now: datetime) -> People:
    office = make_user("county_office", places.county, name="安委办甲")

    def enterprise(name: str) -> Any:
        return organisations.make(kind_key="enterprise", name=name, region=places.town, by=office, now=now)

    mine, other = enterprise("河曲县云岫煤业有限公司"), enterprise("河曲县惠民养老服务有限公司")
    officer = make_user("enterprise_officer", organisation_id=mine.pk, name="矿安全员")
    officer.unit = mine
    other_officer = make_user("enterprise_officer", organisation_id=other.pk, name="养老院安全员")
    other_officer.unit = other
    return People(
        office=office,
        inspector=make_user("inspector", places.county, name="检查员甲", certificate="14092201001"),
        inspector_two=make_user("inspector", places.county, name="检查员乙", certificate="14092201002"),
        fire=make_user(
            "inspector", places.county, domains=("fire", "highrise"), name="消防监督员", certificate="14092201003"
        ),
        town=make_user("town_officer", places.town, name="镇安全员"),
        grid=make_user("grid_member", places.grid, name="网格员"),
        expert=make_user("expert", places.county, name="会诊专家"),
        enterprise=officer,
        other_enterprise=other_officer,
        city=make_user("city_office", places.city, name="市安委办"),
        leader=make_user("leader", places.county, name="领导"),
        other_county=make_user("county_office", places.other_county, name="邻县安委办"),
        far=make_user("county_office", places.far_county, name="外市安委办"),
        system=make_user("system_admin", name="系统管理员"),
    )


@pytest.fixture
def site(people: People, places: Any, now: datetime) -> Callable[..., Any]:
    """``site()`` is a restaurant in the first grid with a position; ``kind_key``, ``enterprise`` and more as given."""

    def make(name: str = "望舒面馆", kind_key: str = "restaurant", region: Any = None, **values: Any) -> Any:
        values.setdefault("lon", 111.146)
        values.setdefault("lat", 39.384)
        values.setdefault("by", people.office)
        return sites.create(name=name, kind_key=kind_key, region=region or places.grid, now=now, **values)

    return make


@pytest.fixture
def mine(site: Any, people: People) -> Any:
    return site("云岫煤业主井", "coal_mine", enterprise=people.enterprise.unit, supervision_class="A")


@pytest.fixture
def home(site: Any, people: People) -> Any:
    return site("惠民养老院", "elderly_home", enterprise=people.other_enterprise.unit, supervision_class="A")


_random = random.Random(11)


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


def drawn() -> bytes:
    """A signature: a line on a transparent sheet."""
    image = Image.new("RGBA", (300, 120), (0, 0, 0, 0))
    ImageDraw.Draw(image).line([(20, 90), (90, 20), (150, 100), (280, 30)], fill=(16, 24, 28, 255), width=4)
    data = io.BytesIO()
    image.save(data, "PNG")
    return data.getvalue()


def drawn_url() -> str:
    return "data:image/png;base64," + base64.b64encode(drawn()).decode()


@pytest.fixture
def picture(now: datetime) -> Callable[..., str]:
    """``picture(by=user)`` → the id of a kept photo that is attached to nothing yet."""

    def make(*, by: Any, at: datetime | None = None, **more: Any) -> str:
        moment = at or now
        more.setdefault("lon", 111.146)
        more.setdefault("lat", 39.384)
        more.setdefault("taken_at", moment)
        return str(files.upload(data=jpeg(), name="现场.jpg", by=by, now=moment, **more).pk)

    return make


@pytest.fixture
def signature(now: datetime) -> Callable[..., str]:
    def make(*, by: Any, at: datetime | None = None) -> str:
        file = files.upload(data=drawn(), name="签名.png", by=by, now=at or now, kind="signature")
        return str(file.pk)

    return make


@pytest.fixture
def begun(people: People, site: Any, now: datetime) -> Callable[..., Any]:
    """``begun()`` → a visit of the inspector to a new restaurant, under way, with its checklist and a colleague.

    ``kind``, ``by``, ``at`` (the site), ``checklist`` ("" for none), ``with_`` (more people) as given.
    """

    def make(
        kind: str = "government",
        by: Any = None,
        at: Any = None,
        checklist: str | None = None,
        with_: Any = None,
        when: datetime | None = None,
        **values: Any,
    ) -> Any:
        who = by or people.inspector
        where = at or site()
        found = selectors.best(where, kind)
        key = checklist if checklist is not None else (found.checklist.key if found else "")
        moment = when or now
        visit = services.begin(
            inspection_id=new_id(),
            site_id=where.pk,
            visit_kind=kind,
            checklist_keys=[key] if key else [],
            by=who,
            now=moment,
            **values,
        )
        company = [people.inspector_two] if with_ is None and kind in ("government", "unannounced", "joint") else with_
        for each in company or ():
            services.join(inspection_id=visit.pk, user_id=each.pk, by=who, now=moment)
        return visit

    return make


def answer_all(visit: Any, by: Any, now: datetime, *, fail: tuple[str, ...] = (), value: str = "pass") -> None:
    """Answer every open item of every sheet of the visit that is ``by``'s; ``fail`` are codes that fail."""
    for _round in range(4):  # answers open further items
        asked = 0
        for view in selectors.sheets_of(visit, viewer=by):
            answers = {
                question.item.code: _said(question.item, question.item.code in fail, value)
                for question in view.questions
                if question.mine and not question.answered
            }
            if answers:
                asked += len(answers)
                services.answer(inspection_id=visit.pk, sheet_id=view.sheet.pk, answers=answers, by=by, now=now)
        if not asked:
            return


def _said(item: Any, fails: bool, value: str) -> Any:
    match item.answer:
        case "check":
            return {"value": "fail" if fails else value}
        case "score":
            return {"value": 0 if fails else item.max}
        case "number":
            return {"value": (item.low or 0) + (1 if item.low is not None or item.high is not None else 0)}
        case "choice":
            return {"value": item.options[0].value}
        case _:
            return {"value": "无"}


@pytest.fixture
def done(begun: Any, people: People, signature: Any, now: datetime) -> Callable[..., Any]:
    """``done()`` → a finished visit where everything was in order. Takes what ``begun`` takes."""

    def make(**values: Any) -> Any:
        visit = begun(**values)
        by, moment = values.get("by") or people.inspector, values.get("when") or now
        answer_all(visit, by, moment)
        return services.finish(
            inspection_id=visit.pk,
            by=by,
            now=moment,
            certificate_shown=True,
            host_name="苗彩霞",
            host_signature=signature(by=by, at=moment),
            opinion="没有意见",
        )

    return make


@pytest.fixture
def as_user(client: Any, signed_in: Any) -> Callable[[Any], Any]:
    """``as_user(person)`` → the test client signed in as them."""

    def sign_in(person: Any) -> Any:
        scope.forget(person)
        return signed_in(client, person)

    return sign_in

"""What the eyes see is what the hand may touch: ``visible_to`` and ``can`` are one answer in two forms."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import Grant, Role, SavedView, User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base import rights
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.regions.models import Region
from anwang.registers.organisations.models import Organisation
from anwang.registers.sites.models import Site

pytestmark = pytest.mark.django_db

CODES = [
    "140000",
    "140900",
    "140930",
    "140930100",
    "140930101",
    "140930100002",
    "140930100200",
    "140930100002001",
    "140930100002002",
    "140931",
    "140931100",
    "140931100001001",
    "140400",
    "140423",
    "140423100007001",
]
DOMAINS = ("coal", "fire", "gas")
BODIES = tuple(new_id() for _ in range(3))
THINGS = tuple(new_id() for _ in range(6))


@pytest.fixture
def rows(places: Any) -> dict[type, list[Any]]:
    now = timezone.now()
    bodies = [
        Organisation(
            id=body, name=f"企业{n}", name_key=f"企业{n}", kind_key="enterprise", region=places[code], made_at=now
        )
        for n, (body, code) in enumerate(zip(BODIES, ("140930100", "140931", "140423"), strict=True))
    ]
    sites: list[Any] = []
    for n, code in enumerate(CODES):
        for m, domain in enumerate(DOMAINS):
            number = n * len(DOMAINS) + m
            sites.append(
                Site(
                    id=THINGS[number] if number < len(THINGS) else new_id(),
                    number=f"S{number}",
                    name=f"单位{number}",
                    name_key=f"单位{number}",
                    kind_key="other",
                    region=places[code],
                    domain=domain,
                    enterprise=bodies[number % 3] if number % 2 else None,
                    made_at=now,
                    changed_at=now,
                )
            )
    for row in (*bodies, *sites):
        row.place_in(row.region)
    Organisation.objects.bulk_create(bodies)
    Site.objects.bulk_create(sites)
    return {
        Region: list(Region.objects.all()),
        Organisation: list(Organisation.objects.all()),
        Site: list(Site.objects.all()),
    }


READ = {
    Region: Permission.REGION_READ,
    Organisation: Permission.ORGANISATION_READ,
    Site: Permission.SITE_READ,
}

grant_facts = st.fixed_dictionaries(
    {
        "role": st.sampled_from(
            ["inspector", "grid_member", "enterprise_officer", "link_holder", "system_admin", "all"]
        ),
        "region": st.none() | st.sampled_from(CODES),
        "domains": st.lists(st.sampled_from(DOMAINS), unique=True, max_size=2),
        "organisation_id": st.just("") | st.sampled_from(BODIES),
        "thing": st.none()
        | st.tuples(st.sampled_from(["site", "region", "hazard"]), st.sampled_from((*THINGS, "140930"))),
        "starts": st.integers(-3, 1),
        "ends": st.none() | st.integers(-2, 3),
        "revoked": st.booleans(),
    }
)


def _grant(user: User, facts: dict[str, Any]) -> Grant:
    now = timezone.now()
    thing = facts["thing"] or ("", "")
    return Grant(
        user=user,
        role_id=facts["role"],
        region_id=facts["region"],
        domains=facts["domains"],
        organisation_id=facts["organisation_id"],
        thing_kind=thing[0],
        thing_id=thing[1],
        starts_at=now + timedelta(days=facts["starts"], hours=-1),
        ends_at=None if facts["ends"] is None else now + timedelta(days=facts["ends"], hours=1),
        revoked_at=now if facts["revoked"] else None,
    )


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(grants=st.lists(grant_facts, max_size=4), only=st.none() | st.sets(st.sampled_from(sorted(READ.values()))))
def test_visible_rows_are_the_rows_one_can_read(
    rows: dict[type, list[Any]], roles: dict[str, Role], grants: list[dict[str, Any]], only: Iterable[str] | None
) -> None:
    every = [str(permission) for permission in Permission]
    Role.objects.get_or_create(key="all", defaults={"zh": "全部", "en": "All", "permissions": every})
    user = User.objects.create_user(username=new_id(), name="甲")
    Grant.objects.bulk_create(_grant(user, facts) for facts in grants)
    if only is not None:
        user.token_permissions = frozenset(only)  # type: ignore[attr-defined]
    for model, permission in READ.items():
        seen = set(model.objects.filter(scope.within(user, permission, model)).values_list("pk", flat=True))
        may = {row.pk for row in rows[model] if scope.can(user, permission, on=row)}
        assert seen == may
        if seen:
            assert scope.may(user, permission)


def test_a_place_opens_its_subtree_and_nothing_else(rows: dict[type, list[Any]], make_user: Any, places: Any) -> None:
    user = make_user("town_officer", places.town)
    codes = set(Site.objects.visible_to(user).values_list("region_id", flat=True))
    assert codes == {code for code in CODES if code.startswith("140930100")}
    assert not Site.objects.visible_to(AnonymousUser()).exists()
    assert not Site.objects.visible_to(make_user()).exists()


def test_domains_cut_a_place_down(rows: dict[type, list[Any]], make_user: Any, places: Any) -> None:
    user = make_user("inspector", places.county, domains=["coal"])
    assert set(Site.objects.visible_to(user).values_list("domain", flat=True)) == {"coal"}
    assert scope.can(user, Permission.REGION_READ, on=places.village)  # a region has no domain to be cut by


def test_an_inactive_person_and_an_ended_grant_open_nothing(
    rows: dict[type, list[Any]], make_user: Any, places: Any
) -> None:
    user = make_user("inspector", places.county)
    assert Site.objects.visible_to(user).exists()
    Grant.objects.filter(user=user).update(ends_at=timezone.now() - timedelta(seconds=1))
    scope.forget(user)
    assert not Site.objects.visible_to(user).exists()
    other = make_user("inspector", places.county, is_active=False)
    assert not scope.may(other, Permission.SITE_READ)


def test_an_administrator_without_a_place_holds_in_the_whole_house_but_reads_no_business(
    rows: dict[type, list[Any]], make_user: Any, places: Any
) -> None:
    everywhere, here = make_user("security_admin"), make_user("security_admin", places.county)
    assert scope.can(everywhere, Permission.GRANT_MANAGE, on=places.far_grid)
    assert scope.can(here, Permission.GRANT_MANAGE, on=places.grid)
    assert not scope.can(here, Permission.GRANT_MANAGE, on=places.far_grid)
    for user in (everywhere, here):
        assert not Site.objects.visible_to(user).exists()
    assert not Site.objects.visible_to(make_user("inspector")).exists()  # a business role that names no place


def test_own_rows_are_seen_wherever_they_lie(make_user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = make_user("expert", organisation_id=BODIES[0]), make_user()
    monkeypatch.setattr(SavedView, "scope_columns", scope.ScopeColumns(domain="", own="user_id"), raising=False)
    views = [SavedView.objects.create(user=each, page="p", name="n", query="") for each in (mine, other)]
    q = scope.within(mine, Permission.SITE_READ, SavedView)
    assert list(SavedView.objects.filter(q)) == views[:1]
    assert [scope.can(mine, Permission.SITE_READ, on=view) for view in views] == [True, False]


def test_a_token_never_has_more_than_its_words(rows: dict[type, list[Any]], make_user: Any, places: Any) -> None:
    user = make_user("inspector", places.county)
    user.token_permissions = frozenset({"site.read"})
    assert Site.objects.visible_to(user).exists()
    assert not scope.may(user, Permission.HAZARD_READ)


def test_holders_are_people_nearest_first(rows: dict[type, list[Any]], make_user: Any, places: Any) -> None:
    county = make_user("inspector", places.county, domains=["coal"])
    town = make_user("town_officer", places.town)
    make_user("inspector", places.county, domains=["gas"])
    make_user("inspector", places.other_county)
    make_user("inspector", places.county, is_active=False)
    make_user("inspector", places.county, kind="system")
    officer = make_user("enterprise_officer", organisation_id=BODIES[0])
    coal = Site.objects.get(region=places.grid, domain="coal")
    assert scope.holders(Permission.SITE_EDIT, coal) == [town, county]
    coal.enterprise_id = BODIES[0]
    assert scope.holders(Permission.INSPECTION_SELF, coal) == [officer]
    assert scope.holders(Permission.SITE_READ, coal)[0] == officer


def test_one_read_of_the_grants_per_person(
    rows: dict[type, list[Any]], make_user: Any, places: Any, django_assert_num_queries: Any
) -> None:
    user = User.objects.get(pk=make_user("inspector", places.county).pk)
    with django_assert_num_queries(1):
        for site in rows[Site]:
            scope.can(user, Permission.SITE_READ, on=site)


def test_require_says_why(make_user: Any, places: Any) -> None:
    with pytest.raises(Refused) as refused:
        scope.require(make_user(), Permission.GRID_EDIT, on=places.village)
    assert refused.value.key == "accounts.not_permitted"
    assert refused.value.status == 403


def test_rooms_below_ask_the_same(make_user: Any, places: Any) -> None:
    user = make_user("town_officer", places.town)
    assert rights.can(user, "grid.edit", on=places.village)
    assert not rights.can(user, "grid.edit", on=places.other_village)
    with pytest.raises(Refused):
        rights.require(user, "grid.edit", on=places.other_village)
    rights.require(None, "grid.edit", on=places.other_village)  # the machine itself
    assert Region.objects.filter(rights.within(user, "region.read", Region)).count() == 5

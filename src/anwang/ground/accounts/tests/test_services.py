from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.utils import timezone

from anwang.ground.accounts import labels, scope, selectors, services, tokens
from anwang.ground.accounts.models import ApiToken, Grant, PasswordUsed, Role, SavedView, User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.roles import ALL_ROLES
from anwang.ground.audit.models import AuditRow
from anwang.ground.base.errors import Refused

pytestmark = pytest.mark.django_db

GOOD = "Hequ-2026-xin"


@pytest.fixture
def now() -> datetime:
    """Grants hold by the real clock, so these tests stand at the real moment."""
    return timezone.now()


@pytest.fixture
def system_admin(make_user: Any, places: Any) -> User:
    return make_user("system_admin", places.county)


@pytest.fixture
def security_admin(make_user: Any, places: Any) -> User:
    return make_user("security_admin", places.county)


def refused(key: str) -> Any:
    return pytest.raises(Refused, check=lambda error: error.key == key)


def events(**filters: Any) -> list[str]:
    return list(AuditRow.objects.filter(**filters).order_by("chain", "seq").values_list("event", flat=True))


class TestAccounts:
    def test_made_with_a_password_that_must_be_changed(self, system_admin: User, places: Any, now: datetime) -> None:
        user = services.create_user(
            username=" Wang.Jun ", name="王军", password=GOOD, home=places.town, by=system_admin, now=now
        )
        assert user.username == "wang.jun"
        assert user.check_password(GOOD)
        assert user.must_change_password
        assert user.password_changed_at == now
        assert not scope.reaches(user)
        row = AuditRow.objects.get(event="accounts.user_created")
        assert (row.by_id, row.on_id, row.data) == (
            system_admin.pk,
            user.pk,
            {"kind": "person", "home": places.town.pk},
        )

    def test_without_a_password_nobody_signs_in(self, now: datetime) -> None:
        user = services.create_user(username="grid001", name="网格员", by=None, now=now)
        assert not user.has_usable_password()
        assert not user.must_change_password

    @pytest.mark.parametrize(
        ("fields", "key"),
        [
            ({"username": "a"}, "accounts.username_bad"),
            ({"username": "王军"}, "accounts.username_bad"),
            ({"username": "x" * 61}, "accounts.username_bad"),
            ({"username": "-abc"}, "accounts.username_bad"),
            ({"name": "  "}, "accounts.name_missing"),
            ({"password": "short1A"}, "accounts.password_weak"),
            ({"password": "onlysmallletters"}, "accounts.password_weak"),
            ({"home": None}, "accounts.home_missing"),
            ({"language": "fr"}, "accounts.language_unknown"),
        ],
    )
    def test_what_does_not_fit_is_refused(
        self, system_admin: User, places: Any, now: datetime, fields: dict[str, Any], key: str
    ) -> None:
        good = {"username": "wang", "name": "王军", "password": GOOD, "home": places.county}
        with refused(key):
            services.create_user(**{**good, **fields}, by=system_admin, now=now)
        assert not User.objects.filter(username="wang").exists()

    def test_the_name_is_taken_whatever_its_case(self, system_admin: User, places: Any, now: datetime) -> None:
        services.create_user(username="wang", name="王军", home=places.county, by=system_admin, now=now)
        with refused("accounts.username_taken"):
            services.create_user(username="WANG", name="王军", home=places.county, by=system_admin, now=now)

    def test_another_county_is_not_the_administrators(
        self, system_admin: User, make_user: Any, places: Any, now: datetime
    ) -> None:
        with refused("accounts.home_missing"):
            services.create_user(username="wang", name="王军", home=places.far_county, by=system_admin, now=now)
        everywhere = make_user("system_admin")
        services.create_user(username="wang", name="王军", home=places.far_county, by=everywhere, now=now)
        assert not selectors.people_for(system_admin).filter(username="wang").exists()
        assert selectors.people_for(everywhere).filter(username="wang").exists()

    @pytest.mark.parametrize("role", ["security_admin", "auditor", "county_office"])
    def test_only_the_system_administrator_makes_accounts(
        self, make_user: Any, places: Any, now: datetime, role: str
    ) -> None:
        with refused("accounts.not_permitted"):
            services.create_user(
                username="wang", name="王军", home=places.county, by=make_user(role, places.county), now=now
            )

    def test_own_contact_details_are_ones_own(self, make_user: Any, places: Any, now: datetime) -> None:
        user = make_user("inspector", places.county, home=places.county)
        services.change(user=user, phone="13900000000", language="en", by=user, now=now)
        user.refresh_from_db()
        assert (user.phone, user.language) == ("13900000000", "en")
        assert AuditRow.objects.get(event="accounts.user_changed").data == {"fields": ["language", "phone"]}
        with refused("accounts.not_permitted"):
            services.change(user=user, certificate="晋A001", by=user, now=now)

    def test_the_administrator_changes_and_moves_within_reach(
        self, system_admin: User, make_user: Any, places: Any, now: datetime
    ) -> None:
        user = make_user("inspector", places.county, home=places.county)
        services.change(user=user, certificate="晋A001", home=places.town, by=system_admin, now=now)
        user.refresh_from_db()
        assert (user.certificate, user.home) == ("晋A001", places.town)
        with refused("accounts.not_permitted"):
            services.change(user=user, home=places.far_town, by=system_admin, now=now)
        services.change(user=user, title="", by=system_admin, now=now)  # nothing changes, nothing is written
        assert events(event="accounts.user_changed") == ["accounts.user_changed"]

    def test_closing_takes_everything_away_and_opening_gives_nothing_back(
        self, system_admin: User, make_user: Any, places: Any, client: Any, signed_in: Any, now: datetime
    ) -> None:
        user = make_user("inspector", places.county, home=places.county)
        token, _ = services.make_token(
            user=user, name="n", permissions=["site.read"], expires_at=now + timedelta(days=1), by=user, now=now
        )
        services.deactivate(user=user, note="调离", by=system_admin, now=now)
        user = User.objects.get(pk=user.pk)
        assert not scope.may(user, Permission.SITE_READ)
        token.refresh_from_db()
        assert token.revoked_at == now
        with refused("accounts.inactive"):
            services.deactivate(user=user, by=system_admin, now=now)
        services.reactivate(user=user, by=system_admin, now=now)
        user = User.objects.get(pk=user.pk)
        assert user.is_active
        assert not scope.may(user, Permission.SITE_READ)

    def test_nobody_closes_their_own(self, make_user: Any, places: Any, now: datetime) -> None:
        admin = make_user("system_admin", places.county, home=places.county)
        with refused("accounts.not_oneself"):
            services.deactivate(user=admin, by=admin, now=now)


class TestPasswords:
    def test_ones_own(self, make_user: Any, now: datetime) -> None:
        user = make_user(must_change_password=True)
        services.set_password(user=user, password=GOOD, by=user, now=now)
        user.refresh_from_db()
        assert user.check_password(GOOD)
        assert not user.must_change_password
        assert check_password(GOOD, PasswordUsed.objects.get(user=user).password)
        assert events(on_id=user.pk) == ["accounts.password_set"]

    def test_the_last_five_do_not_come_back(self, make_user: Any, now: datetime) -> None:
        user = make_user()
        words = [f"Hequ-2026-{n}x" for n in range(7)]
        for n, word in enumerate(words):
            services.set_password(user=user, password=word, by=user, now=now + timedelta(minutes=n))
        assert user.passwords_used.count() == 5
        with refused("accounts.password_weak"):
            services.set_password(user=user, password=words[2], by=user, now=now)
        services.set_password(user=user, password=words[1], by=user, now=now + timedelta(hours=1))

    def test_a_reset_must_be_changed(self, system_admin: User, make_user: Any, places: Any, now: datetime) -> None:
        user = make_user("inspector", places.county, home=places.county)
        word = services.suggest_password()
        services.set_password(user=user, password=word, by=system_admin, now=now)
        user.refresh_from_db()
        assert user.must_change_password
        assert events(on_id=user.pk) == ["accounts.password_reset"]

    def test_who_can_set_a_password_can_be_that_person(
        self, system_admin: User, security_admin: User, make_user: Any, places: Any, now: datetime
    ) -> None:
        auditor = make_user("auditor", places.county, home=places.county)
        other_security = make_user("security_admin", places.county, home=places.county)
        far = make_user("inspector", places.far_county, home=places.far_county)
        for user, by, key in (
            (auditor, system_admin, "accounts.reset_by_security"),
            (other_security, system_admin, "accounts.reset_on_server"),
            (other_security, security_admin, "accounts.reset_on_server"),
            (far, system_admin, "accounts.not_permitted"),
            (make_user(home=places.county), security_admin, "accounts.not_permitted"),
        ):
            with refused(key):
                services.set_password(user=user, password=GOOD, by=by, now=now)
        services.set_password(user=auditor, password=GOOD, by=security_admin, now=now)
        services.set_password(user=other_security, password=GOOD, by=None, now=now)

    def test_the_suggested_ones_pass_the_policy(self, now: datetime) -> None:
        for n in range(20):
            services.create_user(
                username=f"user-{n}-x", name="x", password=services.suggest_password(), by=None, now=now
            )


class TestGrants:
    def test_given_and_taken(self, security_admin: User, make_user: Any, places: Any, now: datetime) -> None:
        user = make_user(home=places.county)
        made = services.grant(
            user=user, role="inspector", region=places.town, domains=["gas", "coal"], by=security_admin, now=now
        )
        assert made.domains == ["coal", "gas"]
        assert scope.can(user, Permission.REGION_READ, on=places.grid)
        services.revoke(grant=made, note="调岗", by=security_admin, now=now)
        user = User.objects.get(pk=user.pk)
        assert not scope.can(user, Permission.REGION_READ, on=places.grid)
        with refused("accounts.already_revoked"):
            services.revoke(grant=made, by=security_admin, now=now)
        assert events(on_id=user.pk) == ["accounts.granted", "accounts.revoked"]

    def test_the_system_administrator_cannot_grant(
        self, system_admin: User, make_user: Any, places: Any, now: datetime
    ) -> None:
        user = make_user(home=places.county)
        with refused("accounts.not_permitted"):
            services.grant(user=user, role="inspector", region=places.county, by=system_admin, now=now)

    def test_nobody_grants_to_themselves_nor_takes_from_themselves(
        self, make_user: Any, places: Any, now: datetime
    ) -> None:
        admin = make_user("security_admin", places.county, home=places.county)
        with refused("accounts.not_to_oneself"):
            services.grant(user=admin, role="security_admin", region=places.town, by=admin, now=now)
        with refused("accounts.not_to_oneself"):
            services.revoke(grant=admin.grants.get(), by=admin, now=now)

    def test_three_administrators_are_three_people(
        self, security_admin: User, make_user: Any, places: Any, now: datetime
    ) -> None:
        auditor = make_user("auditor", home=places.county)
        with refused("accounts.two_administrators"):
            services.grant(user=auditor, role="system_admin", region=places.county, by=security_admin, now=now)
        with refused("accounts.administrator_and_business"):
            services.grant(user=auditor, role="inspector", region=places.county, by=security_admin, now=now)
        inspector = make_user("inspector", places.county, home=places.county)
        with refused("accounts.administrator_and_business"):
            services.grant(user=inspector, role="auditor", by=security_admin, now=now)

    def test_a_grant_of_next_month_counts_already(
        self, security_admin: User, make_user: Any, places: Any, now: datetime
    ) -> None:
        user = make_user(home=places.county)
        services.grant(
            user=user,
            role="auditor",
            starts_at=now + timedelta(days=30),
            region=places.county,
            by=security_admin,
            now=now,
        )
        with refused("accounts.two_administrators"):
            services.grant(user=user, role="system_admin", region=places.county, by=security_admin, now=now)

    def test_only_within_ones_own_reach(self, security_admin: User, make_user: Any, places: Any, now: datetime) -> None:
        user, far = make_user(home=places.county), make_user(home=places.far_county)
        for someone, region in ((user, places.far_county), (user, places.city), (far, places.county)):
            with refused("accounts.not_permitted"):
                services.grant(user=someone, role="inspector", region=region, by=security_admin, now=now)
        foreign = services.grant(user=far, role="inspector", region=places.far_county, by=None, now=now)
        with pytest.raises(Grant.DoesNotExist):
            services.revoke(grant=foreign, by=security_admin, now=now)

    @pytest.mark.parametrize(
        ("fields", "key"),
        [
            ({"domains": ["moon"]}, "accounts.domain_unknown"),
            ({"role": "enterprise_officer"}, "accounts.organisation_missing"),
            ({"role": "link_holder"}, "accounts.only_by_link"),
            ({"region": None}, "accounts.region_missing"),
        ],
    )
    def test_what_does_not_fit_is_refused(
        self, security_admin: User, make_user: Any, places: Any, now: datetime, fields: dict[str, Any], key: str
    ) -> None:
        facts = {"role": "inspector", "region": places.county, **fields}
        with refused(key):
            services.grant(user=make_user(home=places.county), **facts, by=security_admin, now=now)

    def test_terms_and_repeats(self, security_admin: User, make_user: Any, places: Any, now: datetime) -> None:
        user = make_user(home=places.county)
        with refused("accounts.term_backwards"):
            services.grant(user=user, role="inspector", region=places.county, ends_at=now, by=security_admin, now=now)
        services.grant(user=user, role="inspector", region=places.county, by=security_admin, now=now)
        with refused("accounts.already_granted"):
            services.grant(user=user, role="inspector", region=places.county, by=security_admin, now=now)
        services.grant(user=user, role="inspector", region=places.county, domains=["gas"], by=security_admin, now=now)

    def test_a_retired_place_is_not_granted(
        self, security_admin: User, make_user: Any, places: Any, now: datetime
    ) -> None:
        places.town.retired_on = now.date()
        places.town.save()
        with refused("accounts.region_retired"):
            services.grant(
                user=make_user(home=places.county), role="inspector", region=places.town, by=security_admin, now=now
            )


class TestRoles:
    def test_sync_is_idempotent_and_leaves_the_offices_own(self, now: datetime) -> None:
        Role.objects.create(
            key="own", zh="本县", en="Own", paragraph_zh="x", paragraph_en="x", permissions=["site.read"]
        )
        assert services.sync_roles(now=now) == len(ALL_ROLES)
        Role.objects.filter(key="expert").update(permissions=[])
        assert services.sync_roles(now=now) == 1
        assert services.sync_roles(now=now) == 0
        assert Role.objects.get(key="own").permissions == ["site.read"]
        assert Role.objects.get(key="expert").placed_by == "either"
        assert len(events(event="accounts.roles_synced")) == 2

    def test_a_role_of_ones_own(self, security_admin: User, now: datetime) -> None:
        words = {"zh": "档案员", "paragraph_zh": "只看档案。", "by": security_admin, "now": now}
        role = services.make_role(key="archivist", permissions=["site.read"], placed_by="either", **words)
        assert (role.en, role.administrator, role.placed_by) == ("档案员", False, "either")
        services.change_role(role=role, permissions=["site.read", "hazard.read"], placed_by="either", **words)
        assert AuditRow.objects.get(event="accounts.role_changed").data == {"added": ["hazard.read"], "taken": []}
        with refused("accounts.role_taken"):
            services.make_role(key="archivist", permissions=[], **words)
        with refused("accounts.role_key_bad"):
            services.make_role(key="1", permissions=[], **words)
        with refused("accounts.permission_unknown"):
            services.make_role(key="other", permissions=["moon.walk"], **words)
        with refused("accounts.role_two_offices"):
            services.make_role(key="other", permissions=["user.manage", "audit.read"], **words)
        with refused("accounts.role_mixed"):
            services.make_role(key="other", permissions=["user.manage", "hazard.read"], **words)
        services.delete_role(role=role, by=security_admin, now=now)
        assert not Role.objects.filter(key="archivist").exists()

    def test_built_in_and_used_roles_stay(
        self, security_admin: User, make_user: Any, places: Any, now: datetime
    ) -> None:
        inspector = Role.objects.get(key="inspector")
        words = {"zh": "x", "paragraph_zh": "x", "by": security_admin, "now": now}
        with refused("accounts.role_built_in"):
            services.change_role(role=inspector, permissions=[], **words)
        own = services.make_role(key="own", permissions=["site.read"], **words)
        services.grant(user=make_user(home=places.county), role=own, region=places.county, by=security_admin, now=now)
        with refused("accounts.role_in_use"):
            services.delete_role(role=own, by=security_admin, now=now)
        with refused("accounts.role_in_use"):  # it would make an administrator of whoever holds it
            services.change_role(role=own, permissions=["audit.read"], **words)
        services.change_role(role=own, permissions=["site.read", "site.edit"], **words)

    def test_a_role_cannot_be_widened_by_its_holder(self, make_user: Any, places: Any, now: datetime) -> None:
        words = {"zh": "x", "paragraph_zh": "x", "now": now}
        own = services.make_role(key="own", permissions=["role.manage", "grant.manage"], by=None, **words)
        holder = make_user()
        Grant.objects.create(user=holder, role=own, starts_at=now)
        with refused("accounts.not_to_oneself"):
            services.change_role(role=own, permissions=["role.manage", "security.manage"], by=holder, **words)


class TestKeys:
    def test_shown_once_and_kept_as_a_hash(self, make_user: Any, places: Any, rf: Any, now: datetime) -> None:
        user = make_user("inspector", places.county)
        token, secret = services.make_token(
            user=user, name="对接", permissions=["site.read"], expires_at=now + timedelta(days=30), by=user, now=now
        )
        assert secret not in str(ApiToken.objects.values().get())
        request = rf.get("/")
        known = tokens.sign_in(request, secret)
        assert known == user == request.user
        assert scope.may(known, Permission.SITE_READ)
        assert not scope.may(known, Permission.HAZARD_READ)
        with refused("accounts.token_by_token"):
            services.make_token(
                user=known, name="n", permissions=["site.read"], expires_at=now + timedelta(days=1), by=known, now=now
            )
        services.revoke_token(token=token, by=user, now=now)
        assert tokens.sign_in(rf.get("/"), secret) is None
        assert tokens.sign_in(rf.get("/"), "") is None

    def test_it_ends(self, make_user: Any, places: Any, rf: Any, now: datetime) -> None:
        user = make_user("inspector", places.county)
        token, secret = services.make_token(
            user=user, name="n", permissions=["site.read"], expires_at=now + timedelta(days=30), by=user, now=now
        )
        ApiToken.objects.filter(pk=token.pk).update(expires_at=now)
        assert tokens.sign_in(rf.get("/"), secret) is None

    def test_use_is_noted_once_a_minute(
        self, make_user: Any, places: Any, rf: Any, now: datetime, django_assert_num_queries: Any
    ) -> None:
        user = make_user("inspector", places.county)
        _, secret = services.make_token(
            user=user, name="n", permissions=["site.read"], expires_at=now + timedelta(days=30), by=user, now=now
        )
        with django_assert_num_queries(2):
            tokens.sign_in(rf.get("/"), secret)
        with django_assert_num_queries(1):
            tokens.sign_in(rf.get("/"), secret)

    def test_never_more_than_the_owner_and_for_people_by_themselves(
        self, security_admin: User, make_user: Any, places: Any, now: datetime
    ) -> None:
        user = make_user("inspector", places.county, home=places.county)
        end = now + timedelta(days=30)
        with refused("accounts.token_too_wide"):
            services.make_token(user=user, name="n", permissions=["user.manage"], expires_at=end, by=user, now=now)
        with refused("accounts.token_not_for_people"):
            services.make_token(
                user=user, name="n", permissions=["site.read"], expires_at=end, by=security_admin, now=now
            )
        system = make_user("inspector", places.county, home=places.county, kind="system")
        token, _ = services.make_token(
            user=system, name="n", permissions=["site.read"], expires_at=end, by=security_admin, now=now
        )
        with pytest.raises(ApiToken.DoesNotExist):
            services.revoke_token(token=token, by=user, now=now)
        services.revoke_token(token=token, by=security_admin, now=now)


class TestLinks:
    @pytest.fixture
    def thing(self, places: Any) -> Any:
        """Something with a place, as a hazard is."""
        return SimpleNamespace(kind="hazard", pk="01J0000000000000000000000A", **places.grid.codes())

    def test_opens_one_thing_until_it_ends(self, thing: Any, make_user: Any, places: Any, now: datetime) -> None:
        officer = make_user("town_officer", places.town)
        link = services.make_link_user(
            name="店主", thing=thing, expires_at=now + timedelta(days=7), by=officer, now=now
        )
        assert link.kind == User.Kind.LINK
        assert not link.has_usable_password()
        other = SimpleNamespace(**{**vars(thing), "pk": "01J0000000000000000000000B"})
        assert scope.can(link, Permission.HAZARD_READ, on=thing)
        assert scope.can(link, Permission.HAZARD_RECTIFY, on=thing)
        assert not scope.can(link, Permission.HAZARD_CLOSE, on=thing)
        assert not scope.can(link, Permission.HAZARD_READ, on=other)
        assert not scope.reaches(link, at=now + timedelta(days=7))
        assert not selectors.people_for(None).exists()

        with pytest.raises(User.DoesNotExist):
            services.revoke_link(user=link, thing=other, by=officer, now=now)
        services.revoke_link(user=link, thing=thing, by=officer, now=now)
        link = User.objects.get(pk=link.pk)
        assert not scope.can(link, Permission.HAZARD_READ, on=thing)
        with refused("accounts.already_revoked"):
            services.revoke_link(user=link, thing=thing, by=officer, now=now)
        assert events(on_id=thing.pk) == ["accounts.link_made", "accounts.link_revoked"]

    def test_only_by_who_may_and_not_for_ever(self, thing: Any, make_user: Any, places: Any, now: datetime) -> None:
        end = now + timedelta(days=7)
        for user in (make_user("leader", places.county), make_user("town_officer", places.town_two)):
            with refused("accounts.not_permitted"):
                services.make_link_user(name="店主", thing=thing, expires_at=end, by=user, now=now)
        with refused("accounts.link_term"):
            services.make_link_user(name="店主", thing=thing, expires_at=now, by=None, now=now)

    def test_a_link_is_no_account(
        self, thing: Any, system_admin: User, security_admin: User, now: datetime, roles: Any
    ) -> None:
        link = services.make_link_user(name="店主", thing=thing, expires_at=now + timedelta(days=7), by=None, now=now)
        for verb in (
            lambda: services.set_password(user=link, password=GOOD, by=None, now=now),
            lambda: services.grant(user=link, role="inspector", by=None, now=now),
            lambda: services.change(user=link, name="x", by=None, now=now),
            lambda: services.deactivate(user=link, by=None, now=now),
        ):
            with refused("accounts.not_a_person"):
                verb()


class TestViews:
    def test_saved_replaced_and_forgotten(self, make_user: Any, now: datetime) -> None:
        user, other = make_user(), make_user()
        view = services.save_view(page="hazards", name="逾期", query="?late=1", columns=["a"], by=user, now=now)
        again = services.save_view(page="hazards", name="逾期", query="late=2", by=user, now=now)
        assert (view.pk, again.query) == (again.pk, "late=2")
        assert list(selectors.views_of(user, "hazards")) == [view]
        assert not selectors.views_of(other, "hazards").exists()
        with pytest.raises(SavedView.DoesNotExist):
            services.delete_view(view_id=view.pk, by=other, now=now)
        services.delete_view(view_id=view.pk, by=user, now=now)
        with refused("accounts.view_words"):
            services.save_view(page="hazards", name=" ", query="", by=user, now=now)

    def test_there_is_an_end_to_them(self, make_user: Any, now: datetime) -> None:
        user = make_user()
        for n in range(20):
            services.save_view(page="p", name=str(n), query="", by=user, now=now)
        with refused("accounts.too_many_views"):
            services.save_view(page="p", name="one more", query="", by=user, now=now)


def test_every_event_has_words(system_admin: User) -> None:
    import re
    from pathlib import Path

    room = Path(services.__file__).parent
    written = set()
    for file in (*room.glob("*.py"), *room.glob("web/*.py")):
        written |= set(re.findall(r'record\(\s*"([a-z_.]+)"', file.read_text()))
    assert written - set(labels.EVENTS) == set()

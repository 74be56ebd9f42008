"""The pages of the three administrators and one's own."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from anwang.ground.accounts import lookups, tokens
from anwang.ground.accounts.models import ApiToken, Grant, Role, User
from anwang.ground.base import nav
from anwang.ground.base.models import new_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def as_(make_user: Any, places: Any, signed_in: Any) -> Any:
    """``as_("system_admin")``: a browser of somebody with that role in the county."""

    def browser(role: str | None, region: Any = places.county, **extra: Any) -> Client:
        user = make_user(role, region, home=places.county, **extra)
        client = Client()
        client.user = user  # type: ignore[attr-defined]
        return signed_in(client, user)

    return browser


def text(answer: Any) -> str:
    assert answer.status_code == 200, answer.status_code
    page = answer.content.decode()
    assert "<script>" not in page
    assert "style=" not in page
    return page


class TestMe:
    def test_what_i_am_and_may(self, as_: Any, places: Any) -> None:
        client = as_("inspector")
        page = text(client.get("/accounts/me/"))
        assert client.user.username in page
        assert Role.objects.get(key="inspector").paragraph_zh in page
        assert "河曲县" in page
        assert "/accounts/people/" not in page

    def test_contact_and_language(self, as_: Any) -> None:
        client = as_("inspector")
        text(client.get("/accounts/me/change"))
        answer = client.post("/accounts/me/change", {"phone": "13900000000", "email": "", "language": "en"})
        assert answer.cookies["anwang_language"].value == "en"
        client.user.refresh_from_db()
        assert (client.user.phone, client.user.language) == ("13900000000", "en")
        assert "Add" not in text(client.post("/accounts/me/change", {"email": "no mail"}))

    def test_a_key_is_shown_once(self, as_: Any, rf: Any) -> None:
        client = as_("inspector")
        assert "user.manage" not in text(client.get("/accounts/me/key"))
        end = (timezone.localdate() + timedelta(days=30)).isoformat()
        made = client.post("/accounts/me/key", {"name": "对接", "permissions": ["site.read"], "expires_on": end})
        secret = text(made).split('<code class="aw-num">')[1].split("<")[0]
        assert "no-store" in made["Cache-Control"]
        assert tokens.sign_in(rf.get("/"), secret) == client.user
        assert secret not in text(client.get("/accounts/me/"))
        token = ApiToken.objects.get()
        assert as_("inspector").post(f"/accounts/me/keys/{token.pk}/revoke").status_code == 404
        client.post(f"/accounts/me/keys/{token.pk}/revoke")
        assert tokens.sign_in(rf.get("/"), secret) is None
        far = (timezone.localdate() + timedelta(days=800)).isoformat()
        assert text(client.post("/accounts/me/key", {"name": "x", "permissions": ["site.read"], "expires_on": far}))
        assert ApiToken.objects.count() == 1


class TestPeople:
    def test_made_changed_closed_opened(self, as_: Any, places: Any) -> None:
        admin = as_("system_admin")
        text(admin.get("/accounts/people/new"))
        body = {"name": "李红", "username": "li.hong", "kind": "person", "home": f"河曲县 {places.county.code}"}
        made = admin.post("/accounts/people/new", body)
        word = text(made).split('<strong class="aw-num">')[1].split("<")[0]
        user = User.objects.get(username="li.hong")
        assert user.check_password(word)
        assert user.must_change_password
        assert "no-store" in made["Cache-Control"]
        assert "李红" in text(admin.get("/accounts/people/"))
        again = text(admin.post("/accounts/people/new", body))
        assert "aria-invalid" in again

        page = f"/accounts/people/{user.pk}/"
        assert "li.hong" in text(admin.get(page))
        text(admin.get(f"{page}change"))
        admin.post(f"{page}change", {"name": "李红霞", "home": "西口镇"})
        user.refresh_from_db()
        assert (user.name, user.home) == ("李红霞", places.town)
        assert text(admin.post(f"{page}change", {"name": "李红霞", "home": "襄垣县"}))  # not theirs
        text(admin.get(f"{page}close"))
        admin.post(f"{page}close", {"note": "调离"})
        user.refresh_from_db()
        assert not user.is_active
        assert "李红霞" not in text(admin.get("/accounts/people/", {"state": "open"}))
        assert "李红霞" in text(admin.get("/accounts/people/", {"state": "closed", "q": "红霞"}))
        admin.post(f"{page}reopen")
        user.refresh_from_db()
        assert user.is_active

    def test_a_reset_is_shown_once(self, as_: Any, make_user: Any, places: Any) -> None:
        admin, user = as_("system_admin"), make_user(home=places.county)
        page = f"/accounts/people/{user.pk}/password"
        text(admin.get(page))
        word = text(admin.post(page)).split('<strong class="aw-num">')[1].split("<")[0]
        user.refresh_from_db()
        assert user.check_password(word)
        mine = admin.post(f"/accounts/people/{admin.user.pk}/password")
        assert mine["Location"] == reverse("account_change_password")

    def test_another_countys_people_do_not_exist(self, as_: Any, make_user: Any, places: Any) -> None:
        far = make_user("inspector", places.far_county, home=places.far_county, name="外县人")
        nowhere = make_user(name="无籍人")
        link_paths = ("", "change", "close", "password")
        for role in ("system_admin", "security_admin"):
            admin = as_(role)
            page = text(admin.get("/accounts/people/"))
            assert "外县人" not in page
            assert "无籍人" not in page
            for user in (far, nowhere):
                for path in link_paths:
                    assert admin.get(f"/accounts/people/{user.pk}/{path}").status_code == 404, path
                for path in ("reopen", "unlock", "second-factor", "close", "password"):
                    assert admin.post(f"/accounts/people/{user.pk}/{path}").status_code == 404, path
                assert admin.get(f"/accounts/grants/to/{user.pk}").status_code == 404
            grant = far.grants.get()
            assert admin.post(f"/accounts/grants/{grant.pk}/revoke").status_code == 404
        everywhere = as_("system_admin", None)
        assert "外县人" in text(everywhere.get("/accounts/people/"))

    @pytest.mark.parametrize("role", ["inspector", "county_office", "auditor", "leader", None])
    def test_the_pages_are_only_for_those_who_keep_people(self, as_: Any, role: str | None, make_user: Any) -> None:
        client = as_(role)
        for path in ("people/", "grants/", "security/"):
            assert client.get(f"/accounts/{path}").status_code == 404
        assert client.get("/accounts/people/new").status_code == 403
        assert client.get(f"/accounts/people/{client.user.pk}/").status_code == 404

    def test_who_sees_a_row_and_may_not_is_told_so(self, as_: Any, make_user: Any, places: Any) -> None:
        user = make_user("inspector", places.county, home=places.county)
        security, system = as_("security_admin"), as_("system_admin")
        assert security.get(f"/accounts/people/{user.pk}/change").status_code == 403
        assert security.post(f"/accounts/people/{user.pk}/close", {}).status_code == 403
        assert system.post(f"/accounts/people/{user.pk}/unlock").status_code == 403
        assert system.get(f"/accounts/grants/to/{user.pk}").status_code == 403

    def test_queries_do_not_grow_with_the_list(
        self, as_: Any, make_user: Any, places: Any, django_assert_max_num_queries: Any
    ) -> None:
        admin = as_("system_admin")
        for _ in range(40):
            make_user("inspector", places.county, home=places.town)
        with django_assert_max_num_queries(16):
            text(admin.get("/accounts/people/"))
        security = as_("security_admin")
        with django_assert_max_num_queries(16):
            text(security.get("/accounts/grants/"))


class TestGrants:
    def test_given_and_taken(self, as_: Any, make_user: Any, places: Any) -> None:
        security = as_("security_admin")
        user = make_user(home=places.county, name="新人")
        page = f"/accounts/grants/to/{user.pk}"
        form = text(security.get(page))
        for role in Role.objects.exclude(placed_by="thing"):
            assert role.paragraph_zh in form  # the person who grants reads what it means
        assert text(security.post(page, {"role": "inspector"}))  # no region
        body = {"role": "inspector", "region": "河曲县", "domains": ["coal", "fire"], "ends_on": "2099-12-31"}
        assert security.post(page, body).status_code == 302
        grant = user.grants.get()
        assert (grant.region, grant.domains, grant.granted_by) == (places.county, ["coal", "fire"], security.user)
        assert timezone.localtime(grant.ends_at).isoformat() == "2100-01-01T00:00:00+08:00"
        listed = text(security.get("/accounts/grants/"))
        assert "新人" in listed
        assert "新人" not in text(security.get("/accounts/grants/", {"state": "revoked"}))
        assert text(security.post(page, {"role": "auditor", "region": "河曲县"}))
        assert user.grants.count() == 1
        security.post(f"/accounts/grants/{grant.pk}/revoke")
        grant.refresh_from_db()
        assert grant.revoked_at is not None
        assert "新人" in text(security.get("/accounts/grants/", {"state": "revoked", "q": "新人", "role": "inspector"}))

    def test_an_organisation_by_name(
        self, as_: Any, make_user: Any, places: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bodies = {new_id(): "甲煤业", new_id(): "乙煤业"}
        monkeypatch.setattr(lookups, "_names", lambda ids: {key: bodies[key] for key in ids})
        monkeypatch.setattr(lookups, "_search", lambda by, said: [(k, v) for k, v in bodies.items() if said in v])
        security, user = as_("security_admin"), make_user(home=places.county)
        page = f"/accounts/grants/to/{user.pk}"
        assert "甲煤业" in text(security.get("/accounts/grants/organisations", {"organisation": "甲"}))
        for wrong in ("丙", "煤业"):
            text(security.post(page, {"role": "enterprise_officer", "organisation": wrong}))
        key = next(iter(bodies))
        assert security.post(page, {"role": "enterprise_officer", "organisation": "甲煤业"}).status_code == 302
        assert user.grants.get().organisation_id == key
        assert "甲煤业" in text(security.get(f"/accounts/people/{user.pk}/"))

    def test_grants_in_regions_that_are_no_more(self, as_: Any, make_user: Any, places: Any, now: datetime) -> None:
        make_user("grid_member", places.grid, home=places.county, name="老网格员")
        make_user("grid_member", places.grid_two, home=places.county, name="现网格员")
        places.grid.retired_on = now.date()
        places.grid.save()
        page = text(as_("security_admin").get("/accounts/grants/", {"retired": "1"}))
        assert "老网格员" in page
        assert "现网格员" not in page

    def test_not_to_oneself(self, as_: Any, places: Any) -> None:
        security = as_("security_admin")
        page = text(security.post(f"/accounts/grants/to/{security.user.pk}", {"role": "auditor"}))
        assert security.user.grants.count() == 1
        assert page


class TestRoles:
    @pytest.mark.parametrize("role", ["auditor", "security_admin", "system_admin"])
    def test_read_by_the_three(self, as_: Any, role: str) -> None:
        client = as_(role)
        page = text(client.get("/accounts/roles/"))
        for each in Role.objects.all():
            assert each.paragraph_zh in page
        assert "hazard.close" in page
        text(client.get("/accounts/roles/inspector/"))
        assert client.get("/accounts/roles/nothing/").status_code == 404

    def test_not_by_others(self, as_: Any) -> None:
        assert as_("county_office").get("/accounts/roles/").status_code == 404
        assert as_("auditor").get("/accounts/roles/new").status_code == 403
        assert as_("auditor").post("/accounts/roles/expert/delete").status_code == 403

    def test_one_of_our_own(self, as_: Any) -> None:
        client = as_("security_admin")
        assert "checked" in text(client.get("/accounts/roles/new", {"copy": "inspector"}))
        words = {"zh": "档案员", "paragraph_zh": "只看档案。", "placed_by": "region"}
        assert text(client.post("/accounts/roles/new", words | {"key": "A!", "permissions": ["site.read"]}))
        mixed = words | {"key": "mixed", "permissions": ["site.read", "audit.read"]}
        assert text(client.post("/accounts/roles/new", mixed))
        client.post("/accounts/roles/new", words | {"key": "archivist", "permissions": ["site.read"]})
        assert Role.objects.get(key="archivist").permissions == ["site.read"]
        text(client.get("/accounts/roles/archivist/"))
        text(client.get("/accounts/roles/archivist/change"))
        client.post("/accounts/roles/archivist/change", words | {"permissions": ["site.read", "hazard.read"]})
        assert Role.objects.get(key="archivist").permissions == ["hazard.read", "site.read"]
        assert client.post("/accounts/roles/inspector/change", words | {"permissions": []}).status_code == 200
        assert client.post("/accounts/roles/inspector/delete").status_code == 409
        client.post("/accounts/roles/archivist/delete")
        assert not Role.objects.filter(key="archivist").exists()


class TestSecurity:
    def test_lockouts_and_sessions(self, as_: Any, make_user: Any, places: Any) -> None:
        make_user(username="locked.one", name="被锁人", home=places.county)
        make_user(username="far.one", name="外县人", home=places.far_county)
        for name in ("locked.one", "far.one"):
            for _ in range(5):
                Client().post(reverse("account_login"), {"login": name, "password": "wrong"})
        page = text(as_("security_admin").get("/accounts/security/"))
        assert "被锁人" in page
        assert "外县人" not in page


class TestMenu:
    def keys(self, client: Client) -> set[str]:
        request = type("Request", (), {"user": User.objects.get(pk=client.user.pk)})()  # type: ignore[attr-defined]
        return {
            item.key for item in nav.items_for(lambda word: nav.may(request, word)) if item.key.startswith("accounts")
        }

    def test_each_sees_what_they_may_use(self, as_: Any) -> None:
        me = {"accounts:me"}
        assert self.keys(as_("inspector")) == me
        assert self.keys(as_("system_admin")) == me | {"accounts:people"}
        assert self.keys(as_("security_admin")) == me | {"accounts:grants", "accounts:roles", "accounts:security"}
        assert self.keys(as_("auditor")) == me | {"accounts:roles:audit"}

    def test_every_place_has_an_address(self) -> None:
        for item in nav.registered():
            if item.key.startswith(("accounts", "mfa", "sessions", "password", "sign-out", "regions")):
                assert reverse(item.url_name)

    def test_whose_eyes(self, as_: Any, django_assert_num_queries: Any) -> None:
        client = as_("inspector")
        request = type("Request", (), {"user": User.objects.get(pk=client.user.pk)})()
        eyes = nav.eyes(request)
        assert (eyes.person, eyes.role, eyes.region) == (
            client.user.name,
            Role.objects.get(key="inspector").zh,
            "河曲县",
        )
        with translation.override("en"):
            assert nav.eyes(request).role == "County inspector"


class TestApi:
    def test_me(self, as_: Any, rf: Any) -> None:
        client = as_("inspector")
        me = client.get("/api/accounts/me").json()
        assert me["username"] == client.user.username
        assert me["grants"][0]["in_force"]
        assert client.patch("/api/accounts/me", {"phone": "1"}, content_type="application/json").status_code == 204
        wrong = {"present": "x", "new": "Hequ-2026-xin"}
        answer = client.post("/api/accounts/me/password", wrong, content_type="application/json")
        assert answer.json()["key"] == "accounts.password_wrong"
        right = {"present": "Anwang-Test-2026", "new": "Hequ-2026-xin"}
        assert client.post("/api/accounts/me/password", right, content_type="application/json").status_code == 204
        assert client.get("/api/accounts/me").status_code == 200

    def test_views(self, as_: Any) -> None:
        client = as_("inspector")
        body = {"page": "hazards", "name": "逾期", "query": "late=1"}
        made = client.post("/api/accounts/me/views", body, content_type="application/json").json()
        assert client.get("/api/accounts/me/views", {"page": "hazards"}).json() == [made]
        assert as_("inspector").delete(f"/api/accounts/me/views/{made['id']}").status_code == 404
        assert client.delete(f"/api/accounts/me/views/{made['id']}").status_code == 204

    def test_people_and_grants(self, as_: Any, make_user: Any, places: Any) -> None:
        system, security = as_("system_admin"), as_("security_admin")
        far = make_user("inspector", places.far_county, home=places.far_county)
        body = {"username": "li.hong", "name": "李红", "home": places.county.code}
        made = system.post("/api/accounts/users", body, content_type="application/json")
        assert made.status_code == 201
        assert len(made.json()["first_password"]) >= 10
        key = made.json()["id"]
        assert (
            system.post("/api/accounts/users", body, content_type="application/json").json()["key"]
            == "accounts.username_taken"
        )
        outside = body | {"username": "x.y.z", "home": places.far_county.code}
        assert system.post("/api/accounts/users", outside, content_type="application/json").status_code == 404
        assert (
            system.patch(f"/api/accounts/users/{key}", {"title": "安全员"}, content_type="application/json").json()[
                "title"
            ]
            == "安全员"
        )
        assert [u["username"] for u in system.get("/api/accounts/users", {"q": "li.h"}).json()["items"]] == ["li.hong"]
        for path in ("", "/grants"):
            assert system.get(f"/api/accounts/users/{far.pk}{path}").status_code == 404

        grant = {"user_id": key, "role": "inspector", "region": places.county.code, "domains": ["coal"]}
        assert system.post("/api/accounts/grants", grant, content_type="application/json").status_code == 403
        given = security.post("/api/accounts/grants", grant, content_type="application/json")
        assert given.status_code == 201
        far_grant = grant | {"region": places.far_county.code}
        assert security.post("/api/accounts/grants", far_grant, content_type="application/json").status_code == 404
        assert (
            security.post(
                "/api/accounts/grants", grant | {"user_id": far.pk}, content_type="application/json"
            ).status_code
            == 404
        )
        assert (
            security.post(
                "/api/accounts/grants", grant | {"role": "nothing"}, content_type="application/json"
            ).status_code
            == 404
        )
        naive = grant | {"starts_at": "2026-01-01T00:00:00"}
        assert security.post("/api/accounts/grants", naive, content_type="application/json").status_code == 422
        rows = security.get("/api/accounts/grants", {"state": "now", "q": "li.hong"}).json()["items"]
        assert [row["id"] for row in rows] == [given.json()["id"]]
        revoke = f"/api/accounts/grants/{given.json()['id']}/revoke"
        assert security.post(revoke, {}, content_type="application/json").json()["in_force"] is False
        assert (
            security.post(
                f"/api/accounts/grants/{far.grants.get().pk}/revoke", {}, content_type="application/json"
            ).status_code
            == 404
        )
        reset = system.post(f"/api/accounts/users/{key}/reset-password")
        assert User.objects.get(pk=key).check_password(reset.json()["password"])
        assert (
            system.post(f"/api/accounts/users/{key}/deactivate", {}, content_type="application/json").json()["active"]
            is False
        )
        assert system.post(f"/api/accounts/users/{key}/reactivate").json()["active"] is True
        for path in ("lift-lockout", "drop-second-factor"):
            assert security.post(f"/api/accounts/users/{key}/{path}").status_code == 204
            assert system.post(f"/api/accounts/users/{key}/{path}").status_code == 403

    def test_lists_are_only_for_those_who_keep_people(self, as_: Any) -> None:
        client = as_("county_office")
        for path in ("users", "grants", "roles", "permissions", "roles/inspector"):
            assert client.get(f"/api/accounts/{path}").status_code == 404

    def test_roles(self, as_: Any) -> None:
        assert len(as_("auditor").get("/api/accounts/roles").json()) == Role.objects.count()
        assert as_("auditor").get("/api/accounts/permissions").status_code == 200
        client = as_("security_admin")
        body = {"key": "own", "zh": "档案员", "paragraph_zh": "只看档案。", "permissions": ["site.read"]}
        assert client.post("/api/accounts/roles", body, content_type="application/json").status_code == 201
        changed = client.put("/api/accounts/roles/own", body | {"permissions": []}, content_type="application/json")
        assert changed.json()["permissions"] == []
        assert client.delete("/api/accounts/roles/own").status_code == 204
        assert client.delete("/api/accounts/roles/expert").json()["key"] == "accounts.role_built_in"

    def test_keys(self, as_: Any, make_user: Any, places: Any, now: datetime) -> None:
        client = as_("inspector")
        body = {"name": "对接", "permissions": ["site.read"], "expires_at": (now + timedelta(days=9)).isoformat()}
        made = client.post("/api/accounts/tokens", body, content_type="application/json").json()
        key = {"Authorization": f"Bearer {made['secret']}"}
        stranger = Client(enforce_csrf_checks=True)
        assert stranger.get("/api/accounts/me", headers=key).json()["permissions"] == ["site.read"]
        again = stranger.post("/api/accounts/tokens", body, content_type="application/json", headers=key)
        assert (again.status_code, again.json()["key"]) == (403, "accounts.token_by_token")
        for answer in (
            stranger.patch("/api/accounts/me", {"phone": "1"}, content_type="application/json", headers=key),
            stranger.post(
                "/api/accounts/me/password", {"present": "x", "new": "y"}, content_type="application/json", headers=key
            ),
        ):
            assert answer.status_code == 403
        # A key opens the API, not the pages.
        assert stranger.get("/accounts/me/", headers=key).status_code == 302
        assert "secret" not in client.get("/api/accounts/me/tokens").json()[0]
        assert as_("inspector").delete(f"/api/accounts/tokens/{made['id']}").status_code == 404
        assert client.delete(f"/api/accounts/tokens/{made['id']}").status_code == 204
        assert stranger.get("/api/accounts/me", headers=key).status_code == 401

        system = make_user("inspector", places.county, home=places.county, kind="system")
        security = as_("security_admin")
        foreign = body | {"user_id": system.pk}
        assert security.post("/api/accounts/tokens", foreign, content_type="application/json").status_code == 201
        assert client.post("/api/accounts/tokens", foreign, content_type="application/json").status_code == 404
        assert Grant.objects.filter(user=system).exists()

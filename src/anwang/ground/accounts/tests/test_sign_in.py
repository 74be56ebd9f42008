"""Signing in as people do it, through the pages."""

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from anwang.ground.accounts import services
from anwang.ground.accounts.models import User
from anwang.ground.audit.models import AuditRow

pytestmark = pytest.mark.django_db

PASSWORD = "Anwang-Test-2026"
NEW = "Xinzhou-2027-ok"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()  # allauth counts tries in the cache


@pytest.fixture
def user(make_user: Any, places: Any) -> User:
    return make_user("inspector", places.county, username="wang.jun", name="王军", home=places.county)


def sign_in(client: Client, username: str = "wang.jun", password: str = PASSWORD, **more: Any) -> Any:
    return client.post(reverse("account_login"), {"login": username, "password": password, **more})


def events(user: User) -> list[str]:
    return list(AuditRow.objects.filter(on_id=user.pk).order_by("seq").values_list("event", flat=True))


class TestPassword:
    def test_the_page_is_ours_and_chinese(self, client: Client) -> None:
        page = client.get(reverse("account_login"))
        text = page.content.decode()
        assert page.status_code == 200
        assert "<script>" not in text
        assert "onclick" not in text
        assert "style=" not in text
        assert "Sign Up" not in text
        assert "accounts/signup" not in text

    def test_in_and_out(self, client: Client, user: User) -> None:
        answer = sign_in(client, " Wang.Jun ", next="/regions/")
        assert (answer.status_code, answer["Location"]) == (302, "/regions/")
        assert client.get("/accounts/me/").status_code == 200
        assert UserSession.objects.filter(user=user).count() == 1
        client.post(reverse("account_logout"))
        assert client.get("/accounts/me/").status_code == 302
        assert events(user) == ["accounts.signed_in", "accounts.signed_out"]

    def test_not_to_another_site(self, client: Client, user: User) -> None:
        assert sign_in(client, next="https://elsewhere.example/")["Location"] == "/"

    def test_the_language_of_the_account_comes_along(self, client: Client, user: User) -> None:
        User.objects.filter(pk=user.pk).update(language="en")
        assert sign_in(client).cookies["anwang_language"].value == "en"

    @pytest.mark.parametrize("change", [{"is_active": False}, {"kind": "link"}, {"kind": "system"}])
    def test_who_cannot(self, client: Client, user: User, change: dict[str, Any]) -> None:
        wrong = sign_in(client, "nobody").content.decode()
        User.objects.filter(pk=user.pk).update(**change)
        answer = sign_in(client)
        assert answer.status_code == 200
        assert "_auth_user_id" not in client.session
        # Nothing on the page tells an account that exists from one that does not.
        strip = lambda text: text.split("<form method")[1].split("csrfmiddlewaretoken")[0]
        assert strip(answer.content.decode()) == strip(wrong)

    def test_five_failures_lock_and_the_security_administrator_lifts(
        self, client: Client, user: User, make_user: Any, places: Any, now: datetime
    ) -> None:
        for _ in range(4):
            assert sign_in(client, password="wrong").status_code == 200
        assert sign_in(client, password="wrong").status_code == 429
        locked = sign_in(client)
        assert locked.status_code == 429
        assert "15" in locked.content.decode()
        for _ in range(3):
            sign_in(client, password="wrong")
        assert events(user) == ["accounts.sign_in_failed"] * 4 + ["accounts.locked_out"]
        # A name that does not exist is locked in the same way: the page tells nothing.
        for _ in range(5):
            unknown = sign_in(client, "nobody", "wrong")
        assert unknown.status_code == 429
        rows = AuditRow.objects.filter(on_id="", event__startswith="accounts.")
        assert [row.event for row in rows.order_by("seq")] == ["accounts.sign_in_failed"] * 4 + ["accounts.locked_out"]
        assert "nobody" not in str(list(rows.values()))

        security = make_user("security_admin", places.county)
        services.lift_lockout(user=user, by=security, now=now)
        assert sign_in(client).status_code == 302

    def test_unused_parts_of_the_library_are_not_there(self, client: Client, user: User) -> None:
        sign_in(client)
        for path in ("signup/", "email/", "password/reset/", "confirm-email/", "2fa/webauthn/", "social/"):
            assert client.get(f"/accounts/{path}").status_code == 404


class TestForced:
    def test_a_reset_password_must_be_changed_first(self, client: Client, user: User, now: datetime) -> None:
        services.set_password(user=user, password="Hequ-2026-xin", by=None, now=now)
        sign_in(client, password="Hequ-2026-xin")
        change = reverse("account_change_password")
        assert client.get("/accounts/me/")["Location"] == change
        assert client.get("/accounts/me/", headers={"HX-Request": "true"})["HX-Redirect"] == change
        answer = client.get("/api/accounts/me")
        assert (answer.status_code, answer.json()["key"]) == (403, "accounts.password_due")
        assert client.get(change).status_code == 200

        same = {"oldpassword": "Hequ-2026-xin", "password1": "Hequ-2026-xin", "password2": "Hequ-2026-xin"}
        assert client.post(change, same).status_code == 200  # used before
        weak = {"oldpassword": "Hequ-2026-xin", "password1": "short", "password2": "short"}
        assert client.post(change, weak).status_code == 200
        good = {"oldpassword": "Hequ-2026-xin", "password1": NEW, "password2": NEW}
        answer = client.post(change, good)
        assert (answer.status_code, answer["Location"]) == (302, "/")
        assert client.get("/accounts/me/").status_code == 200  # still signed in
        user.refresh_from_db()
        assert user.check_password(NEW)
        assert not user.must_change_password
        assert events(user)[-1] == "accounts.password_set"

    def test_ninety_days(self, client: Client, user: User, now: datetime) -> None:
        User.objects.filter(pk=user.pk).update(password_changed_at=now - timedelta(days=89, hours=23))
        sign_in(client)
        assert client.get("/accounts/me/").status_code == 200
        User.objects.filter(pk=user.pk).update(password_changed_at=now - timedelta(days=90, minutes=1))
        assert client.get("/accounts/me/").status_code == 302
        page = client.get(reverse("account_change_password")).content.decode()
        assert "90" in page
        client.post(reverse("account_logout"))  # leaving is always possible
        assert "_auth_user_id" not in client.session


class TestIdle:
    def _age(self, client: Client, minutes: float) -> None:
        session = client.session
        session["seen"] = int(time.time() - minutes * 60)
        session.save()

    def test_half_an_hour_ends_it(self, client: Client, user: User) -> None:
        sign_in(client)
        self._age(client, 29)
        assert client.get("/accounts/me/").status_code == 200
        self._age(client, 31)
        answer = client.get("/accounts/me/")
        assert answer["Location"] == "/accounts/login/?next=/accounts/me/"
        assert "30" in client.get(answer["Location"]).content.decode()
        assert not UserSession.objects.exists()
        assert events(user)[-1] == "accounts.signed_out_idle"

    def test_use_is_noted_once_a_minute(self, client: Client, user: User, django_assert_num_queries: Any) -> None:
        sign_in(client)
        client.get("/accounts/me/key")
        self._age(client, 0.5)
        before = client.session["seen"]
        client.get("/accounts/me/key")
        assert client.session["seen"] == before
        self._age(client, 2)
        client.get("/accounts/me/key")
        assert time.time() - client.session["seen"] < 30
        assert timezone.now() - UserSession.objects.get().last_seen_at < timedelta(seconds=30)


def code_of(secret: str, offset: int = 0) -> str:
    """What an authenticator app shows."""
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + offset))


class TestSecondFactor:
    def _set_up(self, client: Client) -> str:
        sign_in(client)
        asked = client.get(reverse("mfa_activate_totp"))
        assert asked["Location"].startswith(reverse("account_reauthenticate"))
        client.post(asked["Location"], {"password": PASSWORD})
        page = client.get(reverse("mfa_activate_totp"))
        assert "data:image/svg+xml" in page.content.decode()
        secret = client.session["mfa.totp.secret"]
        assert client.post(reverse("mfa_activate_totp"), {"code": "000000"}).status_code == 200
        done = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
        assert done["Location"] == reverse("mfa_view_recovery_codes")
        return secret

    def test_set_up_used_and_removed(self, client: Client, user: User, django_capture_on_commit_callbacks: Any) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            secret = self._set_up(client)
        codes = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
        assert len(codes) == 10
        assert client.get(reverse("mfa_download_recovery_codes")).content.decode().split() == codes
        assert client.get(reverse("mfa_index")).status_code == 200
        client.post(reverse("account_logout"))

        answer = sign_in(client)
        assert answer["Location"] == reverse("mfa_authenticate")
        assert client.get("/accounts/me/").status_code == 302  # not in yet
        assert client.get(reverse("mfa_authenticate")).status_code == 200
        assert client.post(reverse("mfa_authenticate"), {"code": "123456"}).status_code == 200
        cache.clear()  # a code counts once; the app shows the next one half a minute later
        assert client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})["Location"] == "/"
        client.post(reverse("account_logout"))

        sign_in(client)
        assert client.post(reverse("mfa_authenticate"), {"code": codes[0]})["Location"] == "/"
        again = client.get(reverse("mfa_deactivate_totp"))
        client.post(again["Location"], {"password": PASSWORD})
        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse("mfa_deactivate_totp"))
        assert not Authenticator.objects.exists()
        kinds = [event for event in events(user) if "factor" in event or "recovery" in event]
        assert kinds == [
            "accounts.second_factor_added", "accounts.recovery_codes_made", "accounts.second_factor_removed",
        ]  # fmt: skip

    def test_codes_cannot_be_guessed(self, client: Client, user: User) -> None:
        secret = self._set_up(client)
        client.post(reverse("account_logout"))
        cache.clear()
        sign_in(client)
        for n in range(6):
            client.post(reverse("mfa_authenticate"), {"code": f"00000{n}"})
        right = client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
        assert right.status_code == 200
        assert "_auth_user_id" not in client.session

    def test_a_copy_of_the_database_opens_no_second_factor(self, client: Client, user: User, settings: Any) -> None:
        secret = self._set_up(client)
        codes = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
        kept = " ".join(str(row.data) for row in Authenticator.objects.all())
        assert secret not in kept
        assert not any(code in kept for code in codes)
        client.post(reverse("account_logout"))
        cache.clear()
        settings.SECRET_KEY = "of another installation"
        sign_in(client)
        for code in (code_of(secret), code_of(""), codes[0]):
            assert client.post(reverse("mfa_authenticate"), {"code": code}).status_code == 200
        assert "_auth_user_id" not in client.session

    def test_lost_phone(self, client: Client, user: User, make_user: Any, places: Any, now: datetime) -> None:
        self._set_up(client)
        services.drop_second_factor(user=user, by=make_user("security_admin", places.county), now=now)
        assert client.get("/accounts/me/").status_code == 302
        assert sign_in(client)["Location"] == "/"


class TestSessions:
    def test_two_browsers_and_an_end(self, client: Client, user: User) -> None:
        other = Client(headers={"user-agent": "Firefox"})
        sign_in(client)
        sign_in(other)
        page = client.get(reverse("usersessions_list")).content.decode()
        assert "Firefox" in page
        mine = UserSession.objects.exclude(user_agent="Firefox").get()
        theirs = UserSession.objects.get(user_agent="Firefox")
        client.post(reverse("accounts:me:session_end", args=[theirs.pk]))
        assert other.get("/accounts/me/").status_code == 302
        assert client.get("/accounts/me/").status_code == 200
        assert list(UserSession.objects.all()) == [mine]

    def test_all_others(self, client: Client, user: User) -> None:
        other = Client()
        sign_in(other)
        sign_in(client)
        client.post(reverse("usersessions_list"))
        assert other.get("/accounts/me/").status_code == 302
        assert client.get("/accounts/me/").status_code == 200

    def test_nobody_elses(self, client: Client, user: User, make_user: Any) -> None:
        make_user(username="other")
        other = Client()
        sign_in(other, "other")
        sign_in(client)
        theirs = UserSession.objects.exclude(user=user).get()
        assert client.post(reverse("accounts:me:session_end", args=[theirs.pk])).status_code == 404
        assert other.get("/accounts/me/").status_code == 200

    def test_a_new_password_ends_the_others(self, client: Client, user: User) -> None:
        other = Client()
        sign_in(other)
        sign_in(client)
        good = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
        client.post(reverse("account_change_password"), good)
        assert client.get("/accounts/me/").status_code == 200
        assert other.get("/accounts/me/").status_code == 302

from datetime import timedelta

import pytest
from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.base.errors import Refused
from anwang.ground.jobs.models import Job
from anwang.ground.notices import addresses, labels, selectors, services
from anwang.ground.notices.models import Channel, Delivery, Notice

pytestmark = pytest.mark.django_db
KEY = "t.assigned"


@pytest.fixture(autouse=True)
def words():
    labels.register({KEY: "请于 %(due)s 前整改：%(site)s", "t.urgent": "险情：%(site)s"}, urgent=["t.urgent"])
    yield
    labels._notices.pop(KEY)
    labels._notices.pop("t.urgent")
    labels._urgent.discard("t.urgent")


@pytest.fixture
def tell(now):
    def tell(users, key=KEY, **more):
        params = {"site": "幸福小区3号楼", "due": "2026-11-30", "url": "/hazards/1/"}
        return services.tell(users, key, params=params, now=now, **more)

    return tell


@pytest.fixture
def administrator(make_user):
    return make_user("system_admin")


def sms(administrator, now, gateway, **more):
    url = f"json://127.0.0.1:{gateway.port}/send/topsecret?:to={{phone}}&cto=2&rto=2"
    return services.save_channel(by=administrator, now=now, name="短信", means="sms", url=url, **more)


class TestInbox:
    def test_each_person_gets_one_row_once(self, tell, make_user):
        user = make_user()
        tell([user, user, make_user()])
        assert Notice.objects.count() == 2
        notice = Notice.objects.get(user=user)
        assert notice.text == "请于 2026-11-30 前整改：幸福小区3号楼"
        assert (notice.url, selectors.unread(user)) == ("/hazards/1/", 1)

    def test_links_systems_and_closed_accounts_get_none(self, tell, make_user):
        tell([make_user(kind=User.Kind.LINK), make_user(kind=User.Kind.SYSTEM), make_user(is_active=False)])
        assert not Notice.objects.exists()

    def test_a_transaction_that_fails_tells_nobody(self, tell, make_user, mail):
        user = make_user(email="a@example.cn")

        def service():
            with transaction.atomic():
                tell([user])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            service()
        assert not Notice.objects.exists()
        assert not Job.objects.exists()

    def test_reading(self, tell, make_user, now):
        user, other = make_user(), make_user()
        first, _ = tell([user, other])
        tell([user])
        services.mark_read(notice_id=first.pk, by=user, now=now)
        assert selectors.unread(user) == 1
        with pytest.raises(Notice.DoesNotExist):
            services.mark_read(notice_id=first.pk, by=other, now=now)
        assert services.mark_all_read(by=user, now=now) == 1
        assert selectors.unread(other) == 1

    def test_words_that_lack_a_value_still_get_through(self):
        assert labels.text(KEY, {}) == "请于 %(due)s 前整改：%(site)s"
        assert labels.text("t.unknown", {}) == "t.unknown"


class TestMail:
    def test_a_letter_reaches_the_mail_server(self, tell, make_user, mail, run_jobs, now):
        tell([make_user(email="li@example.cn"), make_user(email="")])
        run_jobs(now=now)
        (letter,) = mail.letters
        assert letter["Subject"] == "请于 2026-11-30 前整改：幸福小区3号楼"
        assert "li@example.cn" in letter["To"]
        assert "http://127.0.0.1:8000/hazards/1/" in letter.get_body().get_content()
        (delivery,) = Delivery.objects.all()
        assert (delivery.state, delivery.attempt, delivery.address) == ("sent", 1, "l***@example.cn")

    def test_a_drill_says_so_first(self, tell, make_user, mail, run_jobs, now):
        tell([make_user(email="li@example.cn", language="en")], exercise=True)
        run_jobs(now=now)
        assert mail.letters[0]["Subject"].startswith("[EXERCISE]")

    def test_who_turned_mail_off_gets_urgent_ones_alone(self, tell, make_user, mail, run_jobs, now):
        user = make_user(email="li@example.cn")
        services.prefer(means="mail", wanted=False, by=user)
        tell([user])
        tell([user], "t.urgent")
        run_jobs(now=now)
        assert [letter["Subject"] for letter in mail.letters] == ["险情：幸福小区3号楼"]

    def test_the_inbox_alone(self, tell, make_user, mail, run_jobs, now):
        tell([make_user(email="li@example.cn")], means=())
        assert run_jobs(now=now) == 0

    def test_a_mail_server_that_is_busy_gets_it_later_and_each_attempt_is_a_row(
        self, tell, make_user, mail, run_jobs, now
    ):
        mail.refuse = True
        tell([make_user(email="li@example.cn")])
        run_jobs(now=now)
        assert mail.letters == []
        mail.refuse = False
        run_jobs(now=now + timedelta(seconds=9))
        assert mail.letters == []
        run_jobs(now=now + timedelta(seconds=11))
        assert len(mail.letters) == 1
        rows = Delivery.objects.order_by("attempt").values_list("attempt", "state")
        assert list(rows) == [(1, "failed"), (2, "sent")]


class TestGateways:
    def test_a_text_message_goes_to_the_person_s_number(self, tell, make_user, administrator, gateway, run_jobs, now):
        sms(administrator, now, gateway)
        tell([make_user(phone="13812345678"), make_user()])
        run_jobs(now=now)
        (path,) = gateway.paths
        assert "topsecret" in path
        assert "幸福小区3号楼" in __import__("json").loads(gateway.bodies[0])["message"]
        assert "13812345678" in gateway.bodies[0]
        assert Delivery.objects.get().address == "138****5678"

    def test_a_gateway_that_is_down_is_tried_again_and_given_up_in_the_end(
        self, tell, make_user, administrator, gateway, run_jobs, now
    ):
        gateway.status = 503
        sms(administrator, now, gateway)
        tell([make_user(phone="13812345678")])
        for hours in range(12):
            run_jobs(now=now + timedelta(hours=3 * hours))
        assert Delivery.objects.count() == 8
        assert set(Delivery.objects.values_list("state", flat=True)) == {"failed"}
        job = Job.objects.get(name="notices.deliver")
        assert job.state == "failed"
        for said in (job.error, *Delivery.objects.values_list("error", flat=True)):
            assert "topsecret" not in said

    def test_a_gateway_nobody_listens_on_is_a_failed_attempt(
        self, tell, make_user, administrator, dead_port, run_jobs, now
    ):
        url = f"json://127.0.0.1:{dead_port}/?:to={{phone}}&cto=1&rto=1"
        services.save_channel(by=administrator, now=now, name="短信", means="sms", url=url)
        tell([make_user(phone="13812345678")])
        run_jobs(now=now)
        assert Delivery.objects.get().state == "failed"

    def test_a_group_robot_says_it_once_and_only_for_its_own_region(
        self, tell, make_user, administrator, gateway, run_jobs, now, places
    ):
        url = f"json://127.0.0.1:{gateway.port}/robot"
        more = {"by": administrator, "now": now, "means": "group", "url": url}
        services.save_channel(name="河曲群", region=places.county, **more)
        services.save_channel(name="保德群", region=places.other_county, **more)
        tell([make_user(), make_user(), make_user()], on=places.grid)
        run_jobs(now=now)
        assert gateway.paths == ["/robot"]

    def test_the_nearest_office_s_gateway_is_used(self, administrator, gateway, now, make_user, places):
        whole = sms(administrator, now, gateway)
        city = sms(administrator, now, gateway, region=places.city)
        county = sms(administrator, now, gateway, region=places.county)
        channels = selectors.active_channels()
        found = [
            selectors.nearest(channels, "sms", make_user(home=home))
            for home in (places.town, places.other_county, places.far_county, None)
        ]
        assert found == [county, city, whole, whole]

    def test_a_channel_carries_what_it_was_made_for(self, tell, make_user, administrator, gateway, run_jobs, now):
        sms(administrator, now, gateway, keys=["warnings.", "t.urgent"])
        user = make_user(phone="13812345678")
        tell([user])
        tell([user], "t.urgent")
        assert run_jobs(now=now) == 1

    def test_a_killed_attempt_leaves_its_row_and_is_made_again(
        self, tell, make_user, administrator, gateway, run_jobs, now
    ):
        channel = sms(administrator, now, gateway)
        (notice,) = tell([make_user(phone="13812345678")])
        Delivery.objects.create(notice=notice, channel=channel, means="sms", at=now)  # the worker died here
        run_jobs(now=now)
        assert list(Delivery.objects.order_by("attempt").values_list("attempt", "state")) == [
            (1, "sending"),
            (2, "sent"),
        ]

    def test_what_was_taken_is_not_sent_again(self, tell, make_user, administrator, gateway, run_jobs, now):
        channel = sms(administrator, now, gateway)
        (notice,) = tell([make_user(phone="13812345678")])
        run_jobs(now=now)
        services.deliver(notice_id=notice.pk, means="sms", channel_id=channel.pk, now=now)
        assert len(gateway.paths) == 1


class TestChannels:
    def test_the_address_is_kept_encrypted_and_shown_to_nobody(self, administrator, gateway, now):
        channel = sms(administrator, now, gateway)
        assert "topsecret" not in channel.secret
        assert addresses.shown(channel) == "json://****"
        assert "topsecret" in addresses.of(channel)

    def test_another_installation_s_secret_opens_nothing(self, administrator, gateway, now, settings):
        channel = sms(administrator, now, gateway)
        settings.SECRET_KEY = "another"
        assert addresses.shown(channel) == "****"
        with pytest.raises(addresses.NoAddressError):
            addresses.of(channel)

    def test_an_address_from_the_environment(self, administrator, now, monkeypatch):
        channel = services.save_channel(by=administrator, now=now, name="群", means="group", env="ANWANG_CHANNEL_TEST")
        assert addresses.shown(channel) == "$ANWANG_CHANNEL_TEST"
        monkeypatch.setenv("ANWANG_CHANNEL_TEST", "json://127.0.0.1/x")
        assert addresses.of(channel) == "json://127.0.0.1/x"

    def test_changing_the_name_keeps_the_address(self, administrator, gateway, now):
        channel = sms(administrator, now, gateway)
        services.save_channel(by=administrator, now=now, name="短信网关", means="sms", channel_id=channel.pk)
        channel.refresh_from_db()
        assert channel.name == "短信网关"
        assert "topsecret" in addresses.of(channel)

    @pytest.mark.parametrize(
        ("url", "means", "key"),
        [
            ("", "sms", "notices.address_missing"),
            ("json://127.0.0.1/x", "sms", "notices.no_placeholder"),
            ("nonsense", "group", "notices.address_unknown"),
            ("nosuch://x", "group", "notices.address_unknown"),
        ],
    )
    def test_an_address_that_cannot_work_is_refused(self, administrator, now, url, means, key):
        with pytest.raises(Refused) as refused:
            services.save_channel(by=administrator, now=now, name="x", means=means, url=url)
        assert refused.value.key == key
        assert not Channel.objects.exists()

    def test_only_the_system_administrator_keeps_channels(self, make_user, places, now):
        with pytest.raises(Refused) as refused:
            services.save_channel(
                by=make_user("county_office", places.county), now=now, name="x", means="group", url="json://127.0.0.1/"
            )
        assert refused.value.key == "accounts.not_permitted"

    def test_a_trial(self, administrator, gateway, run_jobs, now):
        administrator.phone = "13812345678"
        administrator.save()
        channel = sms(administrator, now, gateway)
        services.try_channel(channel_id=channel.pk, by=administrator, now=now)
        run_jobs(now=now)
        assert Delivery.objects.get().state == "sent"


def test_the_inbox_cannot_be_turned_off(make_user):
    with pytest.raises(Refused):
        services.prefer(means="inbox", wanted=False, by=make_user())


def test_old_read_notices_go_and_unread_ones_stay(tell, make_user, now):
    user = make_user()
    (read,) = tell([user])
    tell([user])
    services.mark_read(notice_id=read.pk, by=user, now=now)
    assert services.prune(now=now + timedelta(days=364)) == 0
    assert services.prune(now=now + timedelta(days=366)) == 1
    assert selectors.unread(user) == 1

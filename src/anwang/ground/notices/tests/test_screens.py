import pytest
from django.urls import reverse

from anwang.ground.base import nav
from anwang.ground.notices import labels, services
from anwang.ground.notices.models import Channel, Delivery, Notice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def words():
    labels.register({"t.told": "请看：%(site)s"})
    yield
    labels._notices.pop("t.told")


@pytest.fixture
def user(make_user, places):
    return make_user("grid_member", places.grid)


@pytest.fixture
def mine(user, client, signed_in):
    return signed_in(client, user)


def told(user, now, url="/hazards/1/"):
    return services.tell([user], "t.told", params={"site": "幸福小区"}, now=now, url=url)[0]


def test_the_inbox_shows_one_s_own_and_counts_the_unread(mine, user, make_user, now, rf):
    told(user, now)
    told(make_user(), now)
    page = mine.get(reverse("notices:inbox"))
    assert [row.user_id for row in page.context["ledger"].rows] == [user.pk]
    assert "请看：幸福小区" in page.content.decode()
    assert page.context["inbox_count"] == 1
    request = rf.get("/")
    request.user = user
    assert nav.inbox_count(request) == 1


def test_opening_reads_it_and_leads_on(mine, user, now):
    notice = told(user, now)
    assert mine.get(reverse("notices:open", args=[notice.pk])).url == "/hazards/1/"
    assert Notice.objects.get().read_at is not None
    assert mine.get(reverse("notices:inbox"), {"unread": "1"}).context["ledger"].rows == []


def test_a_notice_never_leads_out_of_the_house(mine, user, now):
    notice = told(user, now, url="https://evil.example/")
    assert mine.get(reverse("notices:open", args=[notice.pk])).url == reverse("notices:inbox")


def test_another_s_notice_is_none(mine, make_user, now):
    notice = told(make_user(), now)
    assert mine.get(reverse("notices:open", args=[notice.pk])).status_code == 404
    assert mine.post(f"/api/notices/{notice.pk}/read").status_code == 404
    assert Notice.objects.get().read_at is None


def test_reading_all_at_once(mine, user, now):
    told(user, now)
    told(user, now)
    mine.post(reverse("notices:read_all"))
    assert mine.get("/api/notices/unread").json() == {"count": 0}
    assert mine.get("/api/notices/", {"unread": True}).json()["items"] == []


def test_ways_offer_only_what_is_set_up(mine, user, settings):
    settings.ANWANG_MAIL_URL = ""
    assert mine.get(reverse("notices:ways")).context["available"] == []
    settings.ANWANG_MAIL_URL = "mailto://127.0.0.1"
    mine.post(reverse("notices:ways"), {})
    assert user.notice_preferences.get().wanted is False
    mine.post(reverse("notices:ways"), {"mail": "on"})
    assert user.notice_preferences.get().wanted is True


class TestTheAdministrator:
    @pytest.fixture
    def administrator(self, make_user, client, signed_in):
        return signed_in(client, make_user("system_admin", phone="13812345678"))

    def save(self, client, **more):
        form = {"name": "短信", "means": "sms", "url": "json://127.0.0.1:9/hush?:to={phone}", "active": "on", **more}
        return client.post(reverse("notices:add_channel"), form)

    def test_keeps_channels_and_never_sees_their_address_again(self, administrator, places):
        assert self.save(administrator, region="140930", keys="hazards. t.told").status_code == 302
        channel = Channel.objects.get()
        assert (channel.region_id, channel.keys) == ("140930", ["hazards.", "t.told"])
        for name, args in (("channels", []), ("channel", [channel.pk])):
            html = administrator.get(reverse(f"notices:{name}", args=args)).content.decode()
            assert "短信" in html
            assert "hush" not in html

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [({"region": "999999"}, "region"), ({"url": "nonsense"}, "url"), ({"url": "", "env": "PATH"}, "env")],
    )
    def test_is_told_what_is_wrong_beside_the_field(self, administrator, wrong, field):
        page = self.save(administrator, **wrong)
        assert page.status_code == 200
        assert field in page.context["form"].errors

    def test_sees_what_became_of_a_trial(self, administrator, run_jobs):
        from django.utils import timezone

        self.save(administrator)
        administrator.post(reverse("notices:try_channel", args=[Channel.objects.get().pk]))
        run_jobs(now=timezone.now())
        assert Delivery.objects.get().state == "failed"
        html = administrator.get(reverse("notices:outbox"), {"state": "failed"}).content.decode()
        assert "138****5678" in html
        assert "hush" not in html


class TestAnAdministratorOfOneCounty:
    """Keeps the channels of the own county, and knows of no others."""

    @pytest.fixture
    def own(self, make_user, client, signed_in, places):
        return signed_in(client, make_user("system_admin", places.county))

    def channel(self, name, region):
        return Channel.objects.create(name=name, means="group", region=region, env="ANWANG_CHANNEL_X")

    def test_sees_the_own_ones_alone(self, own, places):
        mine, other = self.channel("本县群", places.county), self.channel("外县群", places.other_county)
        house = self.channel("全系统群", None)
        assert [row.pk for row in own.get(reverse("notices:channels")).context["ledger"].rows] == [mine.pk]
        assert own.get(reverse("notices:channel", args=[mine.pk])).status_code == 200
        for foreign in (other, house):
            assert own.get(reverse("notices:channel", args=[foreign.pk])).status_code == 404
            assert own.post(reverse("notices:try_channel", args=[foreign.pk])).status_code == 404

    @pytest.mark.parametrize("which", ["", "other_county"])
    def test_makes_none_for_elsewhere(self, own, places, which):
        region = getattr(places, which).code if which else ""
        form = {"name": "群", "means": "group", "env": "ANWANG_CHANNEL_X", "active": "on", "region": region}
        page = own.post(reverse("notices:add_channel"), form)
        assert "region" in page.context["form"].errors
        assert not Channel.objects.exists()

    def test_cannot_move_one_out_of_the_county(self, own, places):
        mine = self.channel("本县群", places.county)
        form = {"name": "群", "means": "group", "env": "ANWANG_CHANNEL_X", "active": "on", "region": ""}
        own.post(reverse("notices:channel", args=[mine.pk]), form)
        mine.refresh_from_db()
        assert mine.region_id == places.county.code

    def test_sees_what_was_sent_to_people_of_the_county(self, own, make_user, places, now):
        for place in (places.grid, places.other_county):
            person = make_user(home=place)
            Delivery.objects.create(notice=told(person, now), means="sms", state="failed", at=now)
        rows = own.get(reverse("notices:outbox")).context["ledger"].rows
        assert [row.notice.user.home_id for row in rows] == [places.grid.code]

    def test_has_no_business_with_the_queue_of_the_whole_house(self, own):
        assert own.get(reverse("jobs:list")).status_code == 403
        assert own.get("/api/jobs/").status_code == 403
        assert reverse("jobs:list") not in own.get(reverse("notices:inbox")).content.decode()


@pytest.mark.parametrize("name", ["channels", "add_channel", "outbox"])
def test_others_do_not_see_channels(mine, name):
    assert mine.get(reverse(f"notices:{name}")).status_code == 403


def test_every_place_in_the_menu_leads_somewhere():
    for item in nav.registered():
        assert reverse(item.url_name)

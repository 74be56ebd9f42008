"""The screens: the board, one alarm, its acts, the level rules."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from anwang.work.alarms import services
from anwang.work.alarms.models import Alarm, LevelRule
from anwang.work.alarms.web.thing import clock_words, span_words, what

from .conftest import CUTTER, FACE, FEED

pytestmark = pytest.mark.django_db


@pytest.fixture
def fresh(watched):
    """An alarm of this moment: pages go by the real clock."""
    watched.now = timezone.now() - timedelta(seconds=20)
    watched.scan(values={FACE: 1.2})
    return watched.alarm()


def test_the_board_shows_it_to_who_may_see_it_and_offers_what_they_may_do(client, signed_in, watched, fresh):
    for name, seen, button in (
        ("duty", True, True),
        ("office", True, True),
        ("city", True, False),
        ("stranger", False, False),
    ):
        page = signed_in(client, watched.people[name]).get(reverse("alarms:board"))
        text = page.content.decode()
        assert page.status_code == 200
        assert (f"alarm-{fresh.pk}" in text) is seen, name
        assert ("data-acknowledge" in text) is button, name
    text = signed_in(client, watched.duty).get(reverse("alarms:rows")).content.decode()
    assert 'data-reds="1"' in text
    assert "1.2 %CH4" in text
    assert "红色" in text


def test_acknowledging_on_the_board_leads_back_to_it(client, signed_in, watched, fresh):
    url = reverse("alarms:act", args=[fresh.pk, "acknowledge"])
    answer = signed_in(client, watched.duty).post(url, {"next": "board"})
    assert answer.url == reverse("alarms:board")
    fresh.refresh_from_db()
    assert fresh.state == "acknowledged"
    # The stale button of a second window is refused and says why.
    assert client.post(url, {"next": "board"}).status_code == 409


def test_the_page_has_the_acts_of_the_table_and_their_forms(client, signed_in, watched, fresh):
    signed_in(client, watched.duty)
    page = reverse("alarms:alarm", args=[fresh.pk])
    text = client.get(page).content.decode()
    assert reverse("alarms:act", args=[fresh.pk, "acknowledge"]) in text
    assert reverse("alarms:act", args=[fresh.pk, "review"]) not in text
    assert client.get(reverse("alarms:live", args=[fresh.pk])).status_code == 200
    client.post(reverse("alarms:act", args=[fresh.pk, "acknowledge"]))
    cut = reverse("alarms:act", args=[fresh.pk, "confirm_cut"])
    assert client.get(cut).status_code == 200
    assert client.post(cut, {"why": "seen_on_site", "note": ""}).status_code == 422
    assert client.post(cut, {"why": "seen_on_site", "note": "现场验电"}).status_code == 302
    assert client.get(reverse("alarms:act", args=[fresh.pk, "review"])).status_code == 409
    assert client.get(reverse("alarms:act", args=[fresh.pk, "nothing"])).status_code == 404
    assert Alarm.objects.get(pk=fresh.pk).state == "cut_confirmed"


def test_the_list_and_the_rules(client, signed_in, watched, fresh):
    signed_in(client, watched.office)
    assert fresh.number in client.get(reverse("alarms:ledger") + "?level=red&state=raised").content.decode()
    assert fresh.number not in client.get(reverse("alarms:ledger") + "?level=blue").content.decode()
    assert "矿安〔2025〕100号" in client.get(reverse("alarms:levels")).content.decode()
    assert client.get(reverse("alarms:level_set")).status_code == 403
    signed_in(client, watched.admin)
    form = reverse("alarms:level_set") + "?key=methane-1.5"
    assert "methane-1.5" in client.get(form).content.decode()
    said = {"key": "annex-1", "family": "over", "level": "red", "quantities": "methane", "at_least": "2"}
    assert client.post(form, said).status_code == 422
    assert client.post(form, {**said, "instrument": "矿安〔2025〕100号", "confidence": "high"}).status_code == 302
    assert LevelRule.objects.get().at_least == 2


@pytest.mark.parametrize(
    ("span", "chinese", "english"),
    [
        ({"seconds": 59}, "0 分钟", "0 min"),
        ({"minutes": 59, "seconds": 59}, "59 分钟", "59 min"),
        ({"minutes": 60}, "1 小时 0 分钟", "1 h 0 min"),
        ({"hours": 23, "minutes": 59}, "23 小时 59 分钟", "23 h 59 min"),
        ({"hours": 24}, "1 天 0 小时", "1 d 0 h"),
        ({"days": 26, "hours": 17, "minutes": 48}, "26 天 17 小时", "26 d 17 h"),
    ],
)
def test_a_long_time_is_said_in_days_and_hours(span, chinese, english):
    assert span_words(timedelta(**span)) == span_words(-timedelta(**span)) == chinese
    now = timezone.now()
    assert clock_words(now - timedelta(**span), now) == f"已超时 {chinese}"
    with translation.override("en"):
        assert clock_words(now + timedelta(**span), now) == f"{english} left"


def test_lateness_of_weeks_is_said_the_same_on_the_board_and_on_the_page(client, signed_in, watched):
    watched.now = timezone.now() - timedelta(days=26, hours=17, minutes=30)
    watched.scan(values={FACE: 1.2})
    signed_in(client, watched.duty)
    board = client.get(reverse("alarms:board")).content.decode()
    page = client.get(reverse("alarms:alarm", args=[watched.alarm().pk])).content.decode()
    assert "已超时 26 天 17 小时" in board
    assert "已超时 26 天 17 小时" in page
    # The script says it in the words of the page.
    assert 'data-days="{d} 天 {h} 小时"' in board
    assert 'data-hours="{h} 小时 {m} 分钟"' in board


def test_the_page_names_cutter_and_feed_and_says_what_they_showed_in_the_alarms_own_time(client, signed_in, watched):
    watched.now = timezone.now() - timedelta(days=3)
    watched.scan(values={FACE: 1.2, CUTTER: 1, FEED: 1})
    alarm = watched.alarm()
    signed_in(client, watched.duty)
    page = reverse("alarms:alarm", args=[alarm.pk])
    text = client.get(page).content.decode()
    assert "断电器没有显示断电" in text
    assert "3101综采工作面 断电器" in text
    assert "3101综采工作面 馈电器" in text
    assert CUTTER in text
    watched.cut_off()
    watched.clear(60)
    # The power is back long since: what counts is the time of the alarm.
    watched.scan(600, values={CUTTER: 1, FEED: 1})
    text = client.get(page).content.decode()
    assert "报警期间断电器和馈电传感器均显示已断电" in text
    assert "断电器没有显示断电" not in text
    assert "1.2 %CH4" in text
    services.acknowledge(alarm_id=alarm.pk, by=watched.duty, now=watched.later(minutes=1))
    form = reverse("alarms:act", args=[alarm.pk, "confirm_cut"])
    assert 'name="why"' not in client.get(form).content.decode()
    assert client.post(form, {"note": ""}).status_code == 302
    alarm.refresh_from_db()
    assert (alarm.cut_shown, alarm.cut_why) == (True, "")
    assert "报警期间断电器和馈电传感器均显示已断电" in client.get(page).content.decode()


def test_an_alarm_in_whose_time_nothing_was_cut_says_so_although_it_is_cut_now(client, signed_in, watched):
    watched.now = timezone.now() - timedelta(days=3)
    watched.scan(values={FACE: 1.2, CUTTER: 1, FEED: 1})
    watched.clear(60)
    watched.cut_off()
    text = signed_in(client, watched.duty).get(reverse("alarms:alarm", args=[watched.alarm().pk])).content.decode()
    assert "报警期间断电器始终没有显示断电" in text
    assert "一直有电" in text


def test_too_little_is_said_by_its_lowest_value(watched):
    from anwang.work.alarms import labels

    alarm = watched.over(1.2)
    assert labels.value(alarm) == "1.2 %CH4"
    alarm.kinds, alarm.lowest, alarm.highest, alarm.unit = ["001L"], 0.08, 0.24, "m/s"
    assert labels.value(alarm) == "0.08 m/s"
    alarm.kinds = ["001", "001L"]
    assert labels.value(alarm) == "0.24 m/s"


@pytest.mark.parametrize(
    ("kinds", "language", "words"),
    [
        (["001L"], "zh-hans", "风速低于下限"),
        (["001"], "zh-hans", "风速超限"),
        (["001L", "001"], "zh-hans", "风速超限"),
        (["001L"], "en", "风速: Below the limit"),
    ],
)
def test_too_little_air_is_not_called_too_much(kinds, language, words):
    with translation.override(language):
        assert what(Alarm(family="over", quantity="0002", kinds=kinds)) == words


def test_who_keeps_the_rules_finds_them_and_is_not_led_to_the_board(client, signed_in, watched):
    signed_in(client, watched.admin)
    board = f'href="{reverse("alarms:board")}"'
    assert f'href="{reverse("alarms:steps")}"' in client.get("/").content.decode()
    for name in ("steps", "levels", "limit_set", "road_set"):
        page = client.get(reverse(f"alarms:{name}"))
        assert (page.status_code, board in page.content.decode()) == (200, False), name
    text = signed_in(client, watched.office).get(reverse("alarms:steps")).content.decode()
    assert board in text

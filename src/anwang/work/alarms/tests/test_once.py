"""Pressed twice: what a form or a program sends again under its id is done once, and the database sees to it."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from anwang.ground.audit.models import AuditRow
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.work.alarms import services
from anwang.work.alarms.models import Alarm, AlarmMove, LevelRule, RoadRule, StepLimit
from anwang.work.hazards.models import Hazard

from .conftest import CUTTER, FACE, FEED, RETURN

pytestmark = pytest.mark.django_db

NOTICE = {"instrument": "县安委办〔2026〕12号", "confidence": "high"}


@pytest.fixture
def fresh(watched):
    """An alarm of this moment: pages go by the real clock."""
    watched.now = timezone.now()
    watched.scan(after=-20, values={FACE: 1.2})
    return watched.alarm()


def key_in(answer):
    """The id that the page gave its form."""
    return re.search(r'name="idempotency_key" value="(\w{26})"', answer.content.decode())[1]


def act(alarm, name):
    return reverse("alarms:act", args=[alarm.pk, name])


def moves(alarm):
    return list(AlarmMove.objects.filter(alarm=alarm).order_by("seq").values_list("action", flat=True))


# --- the verbs -----------------------------------------------------------------------------------------------------------


def test_review_and_close_in_one_breath_is_one_act(watched):
    alarm = watched.over()
    watched.clear()
    on = {"alarm_id": alarm.pk, "now": watched.now}
    services.set_aside(by=watched.duty, aside="test", why="断电试验", name="王五", **on)
    said = {"by": watched.office, "note": "属实", "act_id": new_id(), **on}
    for _n in range(2):
        assert services.finish(**said).state == "closed"
    assert moves(alarm) == ["raise", "set_aside", "review", "close"]
    # Reviewing alone, under the same id and with the same words, is another act.
    for verb, more in ((services.review, {}), (services.finish, {"note": "不属实"})):
        with pytest.raises(Refused) as refused, transaction.atomic():
            verb(**{**said, **more})
        assert refused.value.key == "alarms.act_id_taken"
    assert moves(alarm) == ["raise", "set_aside", "review", "close"]


def test_where_closing_is_refused_the_review_of_the_same_breath_is_not_kept(watched):
    alarm = watched.over()
    said = {"alarm_id": alarm.pk, "by": watched.office, "now": watched.now, "note": "属实", "act_id": new_id()}
    with pytest.raises(Refused), transaction.atomic():
        services.finish(**said)
    assert not AlarmMove.objects.filter(act_id=said["act_id"]).exists()


def test_what_is_no_ulid_is_refused_in_words(watched):
    alarm = watched.over()
    with pytest.raises(Refused) as refused:
        services.acknowledge(alarm_id=alarm.pk, by=watched.duty, now=watched.now, act_id="twice")
    assert (refused.value.key, refused.value.status) == ("alarms.act_id_wrong", 422)
    assert "ULID" in str(refused.value)
    assert moves(alarm) == ["raise"]


def test_the_database_guards_it(watched):
    alarm = watched.over()
    watched.scan(values={RETURN: 0.8})
    other = Alarm.objects.exclude(pk=alarm.pk).get()
    for each in (alarm, other):
        services.acknowledge(alarm_id=each.pk, by=watched.duty, now=watched.now, act_id=new_id())
    first, second = AlarmMove.objects.exclude(act_id="").order_by("pk")
    for wrong in ({"act_id": first.act_id}, {"act_id": ""}, {"act_digest": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AlarmMove.objects.filter(pk=second.pk).update(**wrong)
    # Any number of moves have none.
    AlarmMove.objects.filter(pk__in=[first.pk, second.pk]).update(act_id="", act_digest="")


# --- the forms of an alarm -----------------------------------------------------------------------------------------------


def test_a_button_that_is_pressed_twice_leads_where_it_led(client, signed_in, watched, fresh):
    signed_in(client, watched.duty)
    board = client.get(reverse("alarms:rows"))
    pressed = {"next": "board", "idempotency_key": key_in(board)}
    for _n in range(2):
        assert client.post(act(fresh, "acknowledge"), pressed).url == reverse("alarms:board")
    assert moves(fresh) == ["raise", "acknowledge"]
    assert AuditRow.objects.filter(event="alarms.acknowledge").count() == 1
    # The button of a second window has an id of its own.
    assert client.post(act(fresh, "acknowledge"), {**pressed, "idempotency_key": new_id()}).status_code == 409


def test_a_form_that_is_sent_twice_is_done_once_whatever_cutter_and_feed_show_meanwhile(
    client, signed_in, watched, fresh
):
    services.acknowledge(alarm_id=fresh.pk, by=watched.duty, now=watched.now)
    watched.scan(1, values={CUTTER: 0, FEED: 0})
    form = act(fresh, "confirm_cut")
    said = {"note": "", "idempotency_key": key_in(signed_in(client, watched.duty).get(form))}
    there = reverse("alarms:alarm", args=[fresh.pk])
    assert client.post(form, said).url == there
    watched.scan(1, values={CUTTER: 1, FEED: 1})
    assert client.post(form, said).url == there
    assert moves(fresh) == ["raise", "acknowledge", "confirm_cut"]


def test_a_form_that_comes_back_with_other_words_says_that_nothing_was_done(client, signed_in, watched, fresh):
    services.acknowledge(alarm_id=fresh.pk, by=watched.duty, now=watched.now)
    watched.cut_off()
    services.confirm_cut(alarm_id=fresh.pk, by=watched.duty, now=watched.now)
    form = act(fresh, "evacuate")
    said = {"people": "12", "idempotency_key": key_in(signed_in(client, watched.duty).get(form))}
    assert client.post(form, said).status_code == 302
    answer = client.post(form, {**said, "people": "21"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "这个编号已用于另一次操作，本次没有办理" in text
    assert 'value="21"' in text
    assert key_in(answer) != said["idempotency_key"]
    fresh.refresh_from_db()
    assert fresh.people_out == 12


def test_a_hazard_is_made_once(client, signed_in, watched, fresh):
    form = act(fresh, "hazard")
    said = {
        "description": "回采工作面瓦斯超限",
        "idempotency_key": key_in(signed_in(client, watched.inspector).get(form)),
    }
    for _n in range(2):
        assert client.post(form, said).status_code == 302
    assert Hazard.objects.count() == 1
    assert AuditRow.objects.filter(event="alarms.hazard").count() == 1
    answer = client.post(form, {**said, "idempotency_key": new_id()})
    assert (answer.status_code, "已经" in answer.content.decode()) == (422, True)
    # The id of that hazard makes none of another alarm.
    watched.scan(1, values={RETURN: 0.8})
    other = Alarm.objects.exclude(pk=fresh.pk).get()
    assert client.post(act(other, "hazard"), said).status_code == 422
    other.refresh_from_db()
    assert (other.hazard_id, Hazard.objects.count()) == ("", 1)


# --- the forms of the rules ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "model", "event", "said", "otherwise"),
    [
        ("limit_set", StepLimit, "limit_set", {"step": "cut", "level": "red", "minutes": "5"}, {"minutes": "6"}),
        ("limit_set", StepLimit, "limit_set", {"step": "cut", "level": "red", "minutes": "5"}, {"level": "orange"}),
        (
            "road_set",
            RoadRule,
            "road_set",
            {"key": "x", "family": "sensor", "steps": ["acknowledge", "cause"]},
            {"steps": ["acknowledge", "cause", "measures"]},
        ),
        (
            "level_set",
            LevelRule,
            "rule_set",
            {"key": "annex-1", "family": "over", "level": "red", "quantities": ["methane"], "at_least": "2"},
            {"at_least": "2.5"},
        ),
    ],
)
def test_a_version_is_put_into_force_once(client, signed_in, watched, name, model, event, said, otherwise):
    form = reverse(f"alarms:{name}")
    whole = {**said, **NOTICE, "idempotency_key": key_in(signed_in(client, watched.admin).get(form))}
    for _n in range(2):
        assert client.post(form, whole).status_code == 302
    row = model.objects.get()
    assert row.pk == whole["idempotency_key"]
    assert AuditRow.objects.filter(event=f"alarms.{event}").count() == 1
    answer = client.post(form, {**whole, **otherwise})
    assert answer.status_code == 422
    assert "本次没有办理" in answer.content.decode()
    # A form of its own is a version of its own.
    assert client.post(form, {**whole, "idempotency_key": new_id()}).status_code == 302
    assert sorted(model.objects.values_list("version", flat=True)) == [row.version, row.version + 1]

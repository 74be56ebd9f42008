"""The API: the same verbs, the same refusals, both languages, and nothing for strangers."""

import json

import pytest

from anwang.ground.accounts import scope
from anwang.ground.audit.models import AuditRow
from anwang.ground.base.models import new_id
from anwang.ground.jobs.models import Job
from anwang.work.alarms import services
from anwang.work.alarms.models import Alarm, AlarmMove

from .conftest import RETURN

pytestmark = pytest.mark.django_db

BASE = "/api/alarms"
SAID = {
    "acknowledge": {"note": "已通知调度室"},
    "confirm-cut": {},
    "evacuate": {"people": 12},
    "state-cause": {"kind": "ventilation", "cause": "局部通风机停风"},
    "take-measures": {"measures": "恢复通风，加强检查"},
    "review": {"note": "原因清楚"},
    "close": {},
    "set-aside": {"aside": "calibration", "why": "标校", "name": "王五"},
    "send-back": {"note": "原因不具体"},
}
"""What each act is told. The first seven are the road of a red over-limit in its order."""
OTHERWISE = {
    "acknowledge": {"note": "已报矿领导"},
    "confirm-cut": {"note": "电工李四验电"},
    "evacuate": {"people": 13},
    "state-cause": {"kind": "ventilation", "cause": "风筒脱节"},
    "take-measures": {"measures": "更换风筒"},
    "review": {"note": "措施可行"},
    "close": {"note": "归档"},
    "set-aside": {"aside": "test", "why": "标校", "name": "王五"},
    "send-back": {"note": "措施不具体"},
}
"""The same act, said otherwise."""
ROAD = list(SAID)[:7]
COUNTYS = ("review", "close", "send-back")
BECOMES = {
    "acknowledge": "acknowledged",
    "confirm-cut": "cut_confirmed",
    "evacuate": "evacuated",
    "state-cause": "cause_stated",
    "take-measures": "measures_done",
    "review": "reviewed",
    "close": "closed",
    "set-aside": "set_aside",
    "send-back": "acknowledged",
}


@pytest.fixture
def ask(client, signed_in, watched, monkeypatch):
    """``ask(person, "get", "/…")``, ``ask(person, "post", "/…", said)`` → (status, body) at the mine's own time."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: watched.now)

    def send(person, method, path, said=None, language="zh-hans"):
        scope.forget(person)
        signed_in(client, person)
        client.cookies["anwang_language"] = language
        more = {} if method == "get" else {"data": json.dumps(said or {}), "content_type": "application/json"}
        answer = getattr(client, method)(BASE + path, **more)
        return answer.status_code, json.loads(answer.content or b"null")

    return send


def whose(watched, act):
    return watched.office if act in COUNTYS else watched.duty


def staged(watched, ask, act):
    """A red over-limit whose turn it is for this act."""
    alarm = watched.over()
    watched.cut_off()
    before = {"set-aside": [], "send-back": ROAD[:5]}.get(act, ROAD[: ROAD.index(act)] if act in ROAD else [])
    for each in before:
        if each == "take-measures":
            watched.clear()
        watched.later(seconds=30)
        status, body = ask(whose(watched, each), "post", f"/{alarm.pk}/{each}", SAID[each])
        assert status == 200, body
    if act == "take-measures":
        watched.clear()
    watched.later(seconds=30)
    return alarm


@pytest.mark.parametrize("act", SAID)
def test_each_act_by_the_right_person_by_the_wrong_one_and_again(watched, ask, act):
    alarm = staged(watched, ask, act)
    path, said = f"/{alarm.pk}/{act}", SAID[act]
    kept = (Alarm.objects.values().get(pk=alarm.pk), AlarmMove.objects.count())
    # Of another county there is nothing; of the city something to read and nothing to do.
    assert ask(watched.stranger, "post", path, said)[0] == 404
    words = []
    for language in ("zh-hans", "en"):
        status, body = ask(watched.city, "post", path, said, language)
        assert (status, body["key"]) == (403, "alarms.not_reviewer" if act in COUNTYS else "alarms.not_handler")
        words.append((body["what"], body["todo"]))
    assert words[0] != words[1]
    assert (Alarm.objects.values().get(pk=alarm.pk), AlarmMove.objects.count()) == kept
    # It is offered, done, and shown as done.
    offered = {each["action"]: each["refused"] for each in ask(whose(watched, act), "get", f"/{alarm.pk}")[1]["acts"]}
    assert offered[act.replace("-", "_")] is None
    status, body = ask(whose(watched, act), "post", path, said)
    assert (status, body["state"]) == (200, BECOMES[act]), body
    assert body["moves"][-1]["action"] == act.replace("-", "_")
    assert body["moves"][-1]["by"] == whose(watched, act).name
    # A second press is refused in words, and changes nothing.
    kept = (Alarm.objects.values().get(pk=alarm.pk), AlarmMove.objects.count())
    words = []
    for language in ("zh-hans", "en"):
        status, body = ask(whose(watched, act), "post", path, said, language)
        assert (status, body["key"]) in {(409, "alarms.move_not_offered"), (409, "alarms.not_next")}
        assert body["todo"]
        words.append(body["what"])
    assert words[0] != words[1]
    assert words[1].isascii() or "“" in words[1]
    assert (Alarm.objects.values().get(pk=alarm.pk), AlarmMove.objects.count()) == kept


def everything():
    """What an act writes: alarms, moves, the trail, and what was asked for."""
    rows = {model: list(model.objects.order_by("pk").values()) for model in (Alarm, AlarmMove, Job)}
    return {**rows, AuditRow: list(AuditRow.objects.filter(event__startswith="alarms.").order_by("pk").values())}


@pytest.mark.parametrize("act", SAID)
def test_an_act_that_is_sent_again_is_answered_and_not_done_again(watched, ask, act):
    alarm, by = staged(watched, ask, act), whose(watched, act)
    path, said = f"/{alarm.pk}/{act}", {**SAID[act], "act_id": new_id()}
    first = ask(by, "post", path, said)
    assert (first[0], first[1]["state"]) == (200, BECOMES[act])
    assert first[1]["moves"][-1]["act_id"] == said["act_id"]
    done = everything()
    assert AlarmMove.objects.filter(act_id=said["act_id"]).count() == 1
    # On a bad line it comes a second and a third time, later and with a space at the end.
    watched.later(seconds=40)
    assert ask(by, "post", path, said) == first
    spaced = {name: f"{text} " if name in ("note", "cause", "measures", "why") else text for name, text in said.items()}
    assert ask(by, "post", path, spaced) == first
    # Under its id nothing else is done: no other words, no other verb, by nobody else.
    other = watched.inspector if act in COUNTYS else watched.officer
    verb = "close" if act != "close" else "review"
    tried = [(by, path, {**OTHERWISE[act], "act_id": said["act_id"]}), (other, path, said)]
    tried.append((by, f"/{alarm.pk}/{verb}", {**SAID[verb], "act_id": said["act_id"]}))
    for person, where, what in tried:
        words = []
        for language in ("zh-hans", "en"):
            status, body = ask(person, "post", where, what, language)
            assert (status, body["key"], body["field"]) == (409, "alarms.act_id_taken", "act_id")
            words.append((body["what"], body["todo"]))
        assert all(zh != en and zh and en for zh, en in zip(*words, strict=True))
    # Without an id, or under a new one, it is a second press.
    for more in ({}, {"act_id": ""}, {"act_id": new_id()}):
        status, body = ask(by, "post", path, {**SAID[act], **more})
        assert (status, body["key"]) in {(409, "alarms.move_not_offered"), (409, "alarms.not_next")}
    # Of another county there is no such alarm, whatever the id.
    assert ask(watched.stranger, "post", path, said)[0] == 404
    assert everything() == done


def test_what_was_done_is_answered_with_the_alarm_as_it_is_now(watched, ask):
    alarm = staged(watched, ask, "acknowledge")
    said = {**SAID["acknowledge"], "act_id": new_id()}
    assert ask(watched.duty, "post", f"/{alarm.pk}/acknowledge", said)[1]["state"] == "acknowledged"
    assert ask(watched.duty, "post", f"/{alarm.pk}/confirm-cut", {"act_id": new_id()})[0] == 200
    status, body = ask(watched.duty, "post", f"/{alarm.pk}/acknowledge", said)
    assert (status, body["state"]) == (200, "cut_confirmed")
    assert [each["action"] for each in body["moves"] if each["act_id"] == said["act_id"]] == ["acknowledge"]
    # It calls again: that call wants an acknowledgement of its own.
    watched.clear()
    watched.over(1.2, after=700)
    status, body = ask(watched.duty, "post", f"/{alarm.pk}/acknowledge", said)
    assert (status, body["state"], body["round"]) == (200, "raised", 2)
    status, body = ask(watched.duty, "post", f"/{alarm.pk}/acknowledge", {**said, "act_id": new_id()})
    assert (status, body["state"]) == (200, "acknowledged")


def test_an_act_that_was_refused_may_be_sent_again_under_its_id(watched, ask):
    alarm = staged(watched, ask, "acknowledge")
    said = {**SAID["evacuate"], "act_id": new_id()}
    assert ask(watched.duty, "post", f"/{alarm.pk}/evacuate", said)[1]["key"] == "alarms.move_not_offered"
    for act in ("acknowledge", "confirm-cut"):
        assert ask(watched.duty, "post", f"/{alarm.pk}/{act}", SAID[act])[0] == 200
    for _n in range(2):
        status, body = ask(watched.duty, "post", f"/{alarm.pk}/evacuate", said)
        assert (status, body["state"]) == (200, "evacuated")


def test_one_id_does_not_stand_for_acts_on_two_alarms(watched, ask):
    red = watched.over()
    watched.scan(values={RETURN: 0.8})
    other = Alarm.objects.exclude(pk=red.pk).get()
    said = {**SAID["acknowledge"], "act_id": new_id()}
    assert ask(watched.duty, "post", f"/{red.pk}/acknowledge", said)[0] == 200
    done = everything()
    status, body = ask(watched.duty, "post", f"/{other.pk}/acknowledge", said)
    assert (status, body["key"]) == (409, "alarms.act_id_taken")
    assert everything() == done


@pytest.mark.parametrize("act_id", ["1", "8" + "0" * 25, "0" * 25 + "a", "0" * 27, None, 7])
def test_an_id_is_a_ulid(watched, ask, act_id):
    alarm = staged(watched, ask, "acknowledge")
    status, body = ask(watched.duty, "post", f"/{alarm.pk}/acknowledge", {"act_id": act_id})
    assert (status, body["key"]) == (422, "base.invalid")
    assert body["problems"][0]["field"].endswith("act_id")
    assert AlarmMove.objects.filter(alarm=alarm).count() == 1


@pytest.mark.parametrize(
    ("act", "said", "key", "field"),
    [
        ("confirm-cut", {"why": "seen_on_site", "note": " "}, "alarms.words_missing", "note"),
        ("state-cause", {"kind": "weather", "cause": "雷雨"}, "alarms.choice_unknown", "kind"),
        ("state-cause", {"kind": "other", "cause": " "}, "alarms.words_missing", "cause"),
        ("take-measures", {"measures": ""}, "alarms.words_missing", "measures"),
        ("set-aside", {"aside": "test", "why": "", "name": "王五"}, "alarms.words_missing", "why"),
        ("set-aside", {"aside": "test", "why": "断电试验", "name": " "}, "alarms.name_missing", "name"),
        ("review", {"note": ""}, "alarms.words_missing", "note"),
        ("send-back", {"note": ""}, "alarms.words_missing", "note"),
    ],
)
def test_what_is_missing_is_named_in_both_languages(watched, ask, act, said, key, field):
    alarm = staged(watched, ask, act)
    if act == "confirm-cut":  # without proof there have to be words
        watched.cut_off(1, 1)
    before, said_words = Alarm.objects.get(pk=alarm.pk).state, set()
    for language in ("zh-hans", "en"):
        status, body = ask(whose(watched, act), "post", f"/{alarm.pk}/{act}", said, language)
        assert (status, body["key"], body["field"]) == (422, key, field)
        said_words.add(body["what"])
    assert len(said_words) == 2
    assert Alarm.objects.get(pk=alarm.pk).state == before


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("acknowledge", {"note": "x" * 501}),
        ("acknowledge", {"note": "a\0b"}),
        ("confirm-cut", {"why": "because"}),
        ("evacuate", {"people": -1}),
        ("state-cause", {"kind": "other"}),
        ("set-aside", {"aside": "joke", "why": "…", "name": "王五"}),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(watched, ask, act, said):
    alarm = staged(watched, ask, act)
    moves = AlarmMove.objects.count()
    assert ask(watched.duty, "post", f"/{alarm.pk}/{act}", said)[0] == 422
    assert AlarmMove.objects.count() == moves


def test_a_cut_that_is_not_shown_needs_a_reason(watched, ask):
    alarm = staged(watched, ask, "confirm-cut")
    watched.cut_off(1, 1)
    status, body = ask(watched.duty, "post", f"/{alarm.pk}/confirm-cut", {})
    assert (status, body["key"]) == (409, "alarms.cut_not_shown")
    said = {"why": "seen_on_site", "note": "电工李四现场验电"}
    assert ask(watched.duty, "post", f"/{alarm.pk}/confirm-cut", said)[0] == 200


def test_who_dealt_with_it_does_not_review_it(watched, ask):
    alarm = watched.over()
    watched.clear()
    assert ask(watched.inspector, "post", f"/{alarm.pk}/set-aside", SAID["set-aside"])[0] == 200
    status, body = ask(watched.inspector, "post", f"/{alarm.pk}/review", SAID["review"])
    assert (status, body["key"]) == (409, "alarms.own_work")
    assert ask(watched.office, "post", f"/{alarm.pk}/review", SAID["review"])[0] == 200


def test_the_list_shows_what_each_may_see(watched, ask):
    red = watched.over()
    watched.scan(values={RETURN: 0.8})
    closed = Alarm.objects.exclude(pk=red.pk).get()
    watched.scan(values={RETURN: 0.2})
    on = {"by": watched.duty, "now": watched.now}
    services.set_aside(alarm_id=closed.pk, aside="test", why="断电试验", name="王五", **on)
    services.finish(alarm_id=closed.pk, by=watched.office, now=watched.now, note="属实")
    for name, seen in (("duty", 2), ("office", 2), ("city", 2), ("stranger", 0)):
        status, body = ask(watched.people[name], "get", "/")
        assert (status, len(body["items"])) == (200, seen), name
    assert ask(watched.stranger, "get", f"/{red.pk}")[0] == 404
    assert [each["id"] for each in ask(watched.office, "get", "/?only_open=true")[1]["items"]] == [red.pk]
    assert [each["id"] for each in ask(watched.office, "get", "/?level=red")[1]["items"]] == [red.pk]
    assert ask(watched.office, "get", "/?mine=140930999999")[1]["items"] == []
    assert ask(watched.admin, "get", "/")[0] == 403


def test_nobody_without_a_session_gets_in(client, watched):
    alarm = watched.over()
    assert client.get(f"{BASE}/").status_code == 401
    assert client.post(f"{BASE}/{alarm.pk}/acknowledge", data="{}", content_type="application/json").status_code == 401


def test_every_verb_of_the_services_has_an_address(watched, ask, client):
    ask(watched.office, "get", "/")
    paths = set(client.get("/api/openapi.json").json()["paths"])
    beside = {"climb", "note_late", "finish", "make_hazard", "set_rule", "set_limit", "set_road"}
    verbs = {each.replace("_", "-") for each in set(services.__all__) - beside}
    assert verbs == set(SAID)
    assert {f"/api/alarms/{{alarm_id}}/{verb}" for verb in verbs} <= paths

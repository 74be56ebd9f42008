"""The people of three mines and of their county through twelve days of alarms."""

from datetime import timedelta

import pytest
from django.db import transaction

from anwang.edge.demo import duty, texts, watch
from anwang.edge.demo.mines import KINDS
from anwang.edge.demo.mines import county as of_county
from anwang.ground.audit import services as audit
from anwang.ground.jobs.models import Job
from anwang.ground.notices.models import Notice
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services as sites
from anwang.registers.standards import services as standards
from anwang.work.alarms import labels
from anwang.work.alarms import services as alarms
from anwang.work.alarms.models import Alarm, AlarmMove, StepDelay
from anwang.work.alarms.rules import JUDGED, Aside, State, Why
from anwang.work.telemetry import memory, store

pytestmark = pytest.mark.django_db

LATELY = {
    0: ("cut", "face-1.T1", timedelta(hours=22), 0),
    1: ("over", "heading-1.T1", timedelta(hours=6), 0),
    2: ("disconnected", "face-1.co", timedelta(minutes=12), 7200),
}


@pytest.fixture
def mines(gas, places, make_user, now, monkeypatch):
    """Three bound mines with their people; (sites, office, inspector)."""
    from anwang.config import tasks

    tasks.load()
    loaded = now - timedelta(days=300)
    organisations.load_library(now=loaded)
    sites.load_library(now=loaded)
    standards.load_libraries(now=loaded)
    office = make_user("county_office", places.county)
    on = {"by": office, "now": now - timedelta(days=100)}
    plans = of_county.plans()[:3]
    monkeypatch.setattr(of_county, "plans", lambda: plans)
    monkeypatch.setattr(watch, "DAYS", 12)
    monkeypatch.setattr(watch, "TAMPERED", 2)
    monkeypatch.setattr(watch, "LATELY", LATELY)
    made = []
    for n, plan in enumerate(plans):
        company = organisations.make(kind_key="enterprise", name=f"示范煤业公司{n}", region=places.town, **on)
        made.append(sites.create(name=plan.name, kind_key="coal_mine", region=places.village, enterprise=company, **on))
        make_user("mine_duty", organisation_id=company.pk, name=f"值班员{n}")
        make_user("enterprise_officer", organisation_id=company.pk, name=f"安全矿长{n}")
    return made, office, make_user("inspector", places.county)


def live(mines, now):
    made, office, inspector = mines
    watch.live_through(made, by=office, inspector=inspector, now=now, step=lambda n: None)
    moves = AlarmMove.objects.order_by("alarm__number", "seq")
    return list(moves.values_list("alarm__number", "action", "at", "by__name", "note"))


def test_what_is_old_is_closed_and_what_is_new_is_in_hand(mines, now):
    live(mines, now)
    assert Alarm.objects.count() >= 8
    for alarm in Alarm.objects.filter(raised_at__lt=now - timedelta(days=2)).prefetch_related("moves"):
        assert alarm.state == State.CLOSED, alarm
        assert alarm.cause or (alarm.aside and alarm.aside_name), alarm
        if alarm.family in JUDGED:
            hands = {move.by_id for move in alarm.moves.all() if move.action not in ("review", "send_back", "close")}
            assert alarm.reviewed_by_id not in hands
            assert alarm.aside or (alarm.measures and alarm.closed_at - alarm.raised_at < timedelta(hours=60))
    still = Alarm.objects.exclude(state=State.CLOSED).order_by("raised_at")
    assert [(alarm.step, alarm.late) for alarm in still] == [
        ("review", False),
        ("measures", False),
        ("acknowledge", False),
    ]
    assert still[2].cleared_at is None
    assert audit.verify().ok
    assert not Job.objects.filter(state="failed").exists()
    assert not Job.objects.filter(state="pending", due_at__lte=now).exists()


def test_timers_ring_at_their_moment_and_people_act_between_the_readings(mines, now):
    live(mines, now)
    assert StepDelay.objects.exists()
    assert all(each.done_at and each.noted_at - each.due_at < timedelta(seconds=1) for each in StepDelay.objects.all())
    late = Alarm.objects.filter(ever_late=True).count()
    assert late < Alarm.objects.count() / 3
    for alarm in Alarm.objects.prefetch_related("moves"):
        moves = list(alarm.moves.all())
        assert [move.at for move in moves] == sorted(move.at for move in moves)
        assert all(move.at <= now for move in moves)
        done = {move.action: move for move in moves if move.round == 1}
        if "acknowledge" in done and not alarm.ever_late:
            assert done["acknowledge"].at - alarm.first_raised_at <= timedelta(minutes=15)
    # A cut that came is confirmed by what cutter and feed showed at that moment.
    cut = Alarm.objects.get(family="over", step="review")
    assert cut.cut_shown
    assert cut.cut_at - cut.raised_at < timedelta(minutes=6)
    data = cut.moves.get(action="confirm_cut").data
    assert [each["value"] for each in data["switches"]] == [0, 0]


def test_people_go_by_the_time_limits_in_force(mines, now, make_user):
    """The house gives four hours to withdraw people and no limit to the acknowledgement; what it puts into force after
    these days does not hold in them.
    """
    on = {"by": make_user("system_admin"), "instrument": "县安委办〔2026〕12号"}
    for level in labels.LEVEL:
        alarms.set_limit(step="evacuate", level=level, minutes=240, now=now - timedelta(days=20), **on)
        alarms.set_limit(step="acknowledge", level=level, minutes=None, now=now - timedelta(days=20), **on)
        alarms.set_limit(step="evacuate", level=level, minutes=5, now=now + timedelta(minutes=1), **on)
    live(mines, now)
    withdrawn = AlarmMove.objects.filter(action="evacuate", alarm__ever_late=False, round=1).select_related("alarm")
    waits = [move.at - move.alarm.moves.get(seq=move.seq - 1).at for move in withdrawn]
    assert waits
    assert timedelta(minutes=72) <= min(waits) <= max(waits) <= timedelta(minutes=192)
    acknowledged = AlarmMove.objects.filter(action="acknowledge", round=1).select_related("alarm")
    assert min(move.at - move.alarm.first_raised_at for move in acknowledged) >= timedelta(minutes=12)
    assert not StepDelay.objects.filter(step="acknowledge").exists()


def test_who_hid_an_over_limit_is_late_and_the_office_reviews_it(mines, now):
    made, office, _inspector = mines
    live(mines, now)
    hidden = Alarm.objects.get(mine__site=made[1], family="over", cause__contains="屏蔽")
    assert hidden.ever_late
    assert hidden.reviewed_by == office
    assert hidden.delays.get().step == "acknowledge"


def test_nobody_has_hundreds_of_messages(mines, now):
    live(mines, now)
    kept = Notice.objects.filter(on_kind="alarm")
    assert kept.exists()
    assert not kept.filter(created_at__lt=now - duty.KEEP_MESSAGES).exists()
    closed = set(Alarm.objects.filter(state=State.CLOSED).values_list("pk", flat=True))
    assert not kept.filter(read_at__isnull=True, on_id__in=closed).exists()


def test_the_same_month_is_told_the_same_way(mines, now, settings, tmp_path):
    told = []
    for n in (1, 2):
        settings.HOME = tmp_path / str(n)
        settings.HOME.mkdir()
        memory.forget()
        store.close()
        with transaction.atomic():
            told.append(live(mines, now))
            transaction.set_rollback(True)
    assert told[0] == told[1]


def test_there_are_words_for_all_that_goes_wrong():
    said = texts.phrases("alarms")
    for kind, rows in said["causes"].items():
        assert all(sort in dict(labels.CAUSES) and text.endswith("。") for sort, text in rows), kind
    assert set(of_county.WEIGHTS) - {"calibration"} | {"hidden"} <= set(said["causes"])
    for name in said["measures"]:
        assert name in said["causes"]
        assert len(said["measures"][name]) in (1, len(said["causes"][name])), name
    for rows in said["asides"].values():
        assert all(aside in set(Aside) for aside, _why in rows)
    assert set(said["asides"]) == set(duty.ASIDE) <= set(KINDS)
    assert set(said["cut"]) == {"shown", *Why}

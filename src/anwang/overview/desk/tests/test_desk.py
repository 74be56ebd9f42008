"""What needs whom: every role has its own desk, late first, and nobody sees what is another's."""

from datetime import timedelta

import pytest
from django.urls import reverse

from anwang.ground.accounts import scope
from anwang.ground.audit.models import Proof
from anwang.ground.audit.services import seal_all
from anwang.ground.jobs.models import Job, Worker
from anwang.kernel import clock
from anwang.overview.desk import labels, selectors
from anwang.work.alarms import services as alarms
from anwang.work.hazards import services as hazards
from anwang.work.inspections import services as visits

pytestmark = pytest.mark.django_db


def desk(user, now, **more):
    scope.forget(user)
    return selectors.waiting(user, now=now, **more)


def kinds(user, now):
    return {task.key for task in desk(user, now).tasks}


def test_the_road_of_a_hazard_passes_from_desk_to_desk(walked, people, now):
    graded = walked("found")
    assert [task.number for task in desk(people.inspector_two, now, key="grade").tasks] == [graded.number]
    assert "grade" in kinds(people.town, now)
    assert "grade" not in kinds(people.enterprise, now)
    hazards.grade(hazard_id=graded.pk, by=people.inspector, now=now)
    assert "assign" in kinds(people.town, now)
    hazards.assign(hazard_id=graded.pk, by=people.inspector, now=now, due_on=clock.add_days(clock.local_date(now), 5))
    assert kinds(people.enterprise, now) == {"start"}
    assert "assign" not in kinds(people.town, now)
    submitted = walked("submitted")
    assert "verify" in kinds(people.inspector_two, now)
    assert {task.number for task in desk(people.enterprise, now).tasks} == {graded.number}
    assert submitted.number not in {task.number for task in desk(people.enterprise, now).tasks}


def test_other_eyes_hold_on_the_desk_too(walked, people, now):
    walked("major_proposed", major=True)  # proposed by the inspector
    assert "confirm_major" not in kinds(people.inspector, now)
    assert "confirm_major" in kinds(people.office, now)
    walked("verified", major=True)  # verified by the inspector
    assert "close" not in kinds(people.inspector, now)
    assert "close" in kinds(people.office, now)


def test_late_first_with_what_happens_otherwise(walked, people, now, ago, run_jobs):
    walked("submitted", at=ago(1))
    walked("submitted", at=ago(30))
    walked("submitted", at=ago(13))
    run_jobs(now=now)
    found = desk(people.inspector_two, now)
    dues = [task.due for task in found.tasks]
    assert dues == sorted(dues)
    assert [task.late for task in found.tasks] == [True, True, False]
    assert found.late == 2
    first, second, third = found.tasks
    assert first.otherwise == "升级步骤已全部走完，逾期天数仍在累计。"
    assert second.otherwise.startswith("不办：")
    assert "后算逾期" in third.otherwise
    assert all(task.do_url and task.url and task.where and task.since for task in found.tasks)


def test_an_extension_waits_for_somebody_else(walked, people, now):
    hazard = walked("rectifying", due_in=5)
    hazards.ask_extension(
        hazard_id=hazard.pk,
        by=people.enterprise,
        now=now,
        new_due_on=clock.add_days(hazard.due_on, 10),
        reason="配件未到",
        interim="停用",
    )
    found = desk(people.office, now, key="decide_extension")
    assert [task.number for task in found.tasks] == [hazard.number]
    assert "配件未到" in found.tasks[0].title
    assert "decide_extension" not in desk(people.enterprise, now).counts


def test_visits_arranged_and_planned(site, people, now, places):
    place = site()
    today = clock.local_date(now)
    made = visits.arrange(
        site_id=place.pk, visit_kind="patrol", by=people.office, lead_id=people.grid.pk, now=now, due_on=today
    )
    found = desk(people.grid, now)
    assert [(task.key, task.number, task.due) for task in found.tasks] == [("visit", made.number, today)]
    assert "visit" not in desk(people.town, now).counts
    later = desk(people.grid, now + timedelta(days=3))
    assert later.tasks[0].late
    assert later.late == 1


def test_who_only_looks_sees_regions_and_major_hazards(walked, elsewhere, people, now, ago, run_jobs):
    walked("assigned", at=ago(20), due_in=3)
    major = walked("rectifying", at=ago(2), major=True, due_in=30)
    elsewhere(now=ago(30))
    run_jobs(now=now)
    leader = desk(people.leader, now)
    assert [task.key for task in leader.tasks] == ["region", "major"]
    assert "西口镇有 1 条隐患逾期" in str(leader.tasks[0].title)
    assert leader.tasks[1].number == major.number
    assert selectors.looks(people.leader)
    city = desk(people.city, now)
    assert {str(task.title) for task in city.tasks if task.key == "region"} == {
        "河曲县有 1 条隐患逾期", "保德县有 1 条隐患逾期",
    }  # fmt: skip
    # The county office presses others: one card for all that is late.
    office = [task for task in desk(people.office, now).tasks if task.key == "region"]
    assert len(office) == 1
    assert "region" not in desk(people.inspector, now).counts
    assert not any("保德" in f"{task.title}{task.where}" for task in [*leader.tasks, *desk(people.office, now).tasks])


def test_gaps_are_for_the_office_that_keeps_the_chains(people, places, now):
    gaps = [str(task.title) for task in desk(people.office, now).tasks if task.key == "gap"]
    assert any("网格没有网格员" in title for title in gaps)
    assert "gap" not in desk(people.inspector, now).counts
    assert "gap" not in desk(people.town, now).counts


def test_nobody_s_desk_shows_another_county(walked, elsewhere, people, now):
    walked("found")
    elsewhere()
    elsewhere(far=True)
    for user, name in (
        (people.office, "云岫煤业主井"),
        (people.other_county, "外地场所False"),
        (people.far, "外地场所True"),
    ):
        found = [task for task in desk(user, now).tasks if task.key == "grade"]
        assert [str(task.where).split(" · ")[0] for task in found] == [name]
        assert desk(user, now).counts["grade"] == 1


# --- administrators: their own queues, never business rows ------------------------------------------------------------


def test_the_system_administrator_sees_the_machinery(walked, people, now, run_jobs):
    walked("found")
    run_jobs(now=now)
    Worker.objects.create(id="w", started_at=now, seen_at=now)
    assert desk(people.system, now).total == 0
    Job.objects.create(name="x.y", state="failed", due_at=now, asked_at=now, done_at=now)
    found = desk(people.system, now)
    assert [task.key for task in found.tasks] == ["house"]
    assert "失败" in str(found.tasks[0].title)
    Worker.objects.all().delete()
    assert "后台服务没有运行" in {str(task.title) for task in desk(people.system, now).tasks}


def test_the_security_administrator_sees_the_doors(walked, people, make_user, now):
    walked("found")
    guard = make_user("security_admin")
    assert desk(guard, now).total == 0
    make_user(None, name="新来的")
    ending = make_user("inspector", people.office.grants.get().region)
    ending.grants.update(ends_at=now + timedelta(days=5))
    titles = {str(task.title) for task in desk(guard, now).tasks}
    assert titles == {"1 个账号还没有授权", "1 条授权两周内到期"}


def test_the_auditor_sees_the_record(walked, people, make_user, now):
    walked("found")
    auditor = make_user("auditor")
    found = desk(auditor, now)
    assert [str(task.title) for task in found.tasks] == ["审计链还没有封签过", "审计链还没有校验过"]
    seal_all(now=now)
    proof = Proof.objects.create(state="sound", asked_at=now, done_at=now)
    assert desk(auditor, now).total == 0
    assert {str(task.title) for task in desk(auditor, now + timedelta(days=8)).tasks} == {
        "审计链近期没有封签", "审计链已超过一周没有校验",
    }  # fmt: skip
    Proof.objects.filter(pk=proof.pk).update(state="broken")
    assert str(desk(auditor, now).tasks[0].title) == "最近一次校验发现审计链断裂"


def test_administrators_see_no_business_rows(walked, people, make_user, now, as_user):
    hazard = walked("submitted")
    for user in (people.system, make_user("security_admin"), make_user("auditor")):
        found = desk(user, now)
        assert {task.key for task in found.tasks} <= {"house"}
        scope.forget(user)
        assert selectors.mine(user, today=clock.local_date(now)) is None
        page = as_user(user).get("/").content.decode()
        assert hazard.description not in page
        assert hazard.number not in page


# --- the screen -------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_now(now, monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


def test_every_role_has_a_desk(walked, people, make_user, as_user, at_now):
    walked("submitted")
    walked("found")
    everybody = [getattr(people, name) for name in people.__dataclass_fields__]
    for user in [
        *everybody,
        make_user("auditor"),
        make_user("security_admin"),
        make_user("expert", people.office.grants.get().region),
        make_user(),
    ]:
        answer = as_user(user).get(reverse("desk:desk"))
        assert answer.status_code == 200, user.name
        assert user.name in answer.content.decode()


def test_an_empty_desk_says_so_warmly(people, as_user, at_now, now):
    Worker.objects.create(id="w", started_at=now, seen_at=now)
    page = as_user(people.system).get("/").content.decode()
    assert "都办完了" in page
    assert "喝口茶" in page


def test_one_click_to_act_and_chips_to_narrow(walked, people, as_user, at_now):
    one = walked("submitted")
    walked("found")
    web = as_user(people.inspector_two)
    page = web.get("/")
    assert reverse("hazards:act", args=[one.pk, "verify"]) in page.content.decode()
    assert [chip["n"] for chip in page.context["chips"]] == [2, 1, 1]
    narrowed = web.get("/", {"do": "verify"})
    assert [card.number for card in narrowed.context["cards"]] == [one.number]
    day = web.get("/", {"day": one.next_due_on.isoformat()})
    assert one.number in [card.number for card in day.context["cards"]]
    assert web.get("/", {"day": "1999-01-01"}).context["cards"] == []
    assert web.get("/", {"do": "nonsense", "day": "x"}).status_code == 200


def test_a_long_desk_shows_the_most_pressing_and_the_rest_when_asked(found, people, as_user, at_now):
    for n in range(selectors.CARDS + 3):
        found(description=f"第{n}条")
    page = as_user(people.inspector).get("/")
    assert len(page.context["cards"]) == selectors.CARDS
    assert page.context["waits"] == selectors.CARDS + 3
    whole = as_user(people.inspector).get(page.context["all_url"])
    assert len(whole.context["cards"]) == selectors.CARDS + 3
    assert not whole.context["more"]


def test_the_week_counts_what_ends_on_each_day(walked, people, as_user, at_now, now):
    one = walked("submitted")
    week = {each.day: each.n for each in desk(people.inspector_two, now).week}
    assert len(week) == 7
    assert sum(week.values()) == sum(1 for day in week if day == one.next_due_on)
    walked("assigned", due_in=2)
    days = {each.day: each.n for each in desk(people.enterprise, now).week}
    assert days[clock.add_days(clock.local_date(now), 2)] == 1


def test_my_figures_are_of_my_scope_and_my_own_doing(walked, elsewhere, people, as_user, at_now):
    walked("closed")
    elsewhere()
    page = as_user(people.inspector).get("/")
    numbers = {str(number.label): number.value for number in page.context["numbers"]}
    assert numbers == {"在治": 0, "已逾期": 0, "重大在治": 0, "本月发现": 1, "其中已销号": 1}
    done = {str(number.label): number.value for number in page.context["done"]}
    assert done == {"上报隐患": 1, "定级": 1, "下达整改": 1, "复查通过": 1}
    assert set(labels.DONE) >= {"report", "grade", "assign", "verify", "close"}


def test_a_desk_costs_the_same_however_much_waits(found, walked, people, as_user, django_assert_max_num_queries):
    """Recorded: questions to the database for each desk, session, grants and menu included."""
    recorded = {
        "office": 30,
        "inspector": 21,
        "town": 21,
        "enterprise": 20,  # the name of its unit
        "grid": 18,
        "leader": 25,
        "city": 27,
        "system": 14,
    }
    for n in range(8):
        found(description=f"第{n}条")
    walked("submitted")
    for who, most in recorded.items():
        web = as_user(getattr(people, who))
        with django_assert_max_num_queries(most):
            assert web.get("/").status_code == 200


def test_the_api_gives_the_same_desk(walked, people, as_user, at_now):
    one = walked("submitted")
    told = as_user(people.inspector_two).get("/api/desk/").json()
    assert (told["total"], told["late"], told["counts"]) == (1, 0, {"verify": 1})
    assert told["tasks"][0]["number"] == one.number
    assert told["tasks"][0]["act_url"] == reverse("hazards:act", args=[one.pk, "verify"])
    assert as_user(people.other_county).get("/api/desk/").json()["counts"].get("verify") is None
    assert as_user(people.inspector_two).get("/api/desk/", {"kind": "grade"}).json()["tasks"] == []


def test_nobody_without_a_session(client):
    assert client.get("/").status_code == 302
    assert client.get("/search").status_code == 302
    assert client.get("/api/desk/").status_code == 401


def test_an_alarm_stands_above_everything_on_the_mine_s_desk(watched):
    alarm = watched.over(1.6)
    (card,) = desk(watched.duty, watched.now).tasks
    assert (card.key, card.number, card.at_once, card.late) == ("alarm", alarm.number, True, False)
    assert desk(watched.duty, watched.now).counts == {"alarm": 1}
    assert desk(watched.stranger, watched.now).counts.get("alarm") is None


def test_the_office_is_asked_for_the_review_and_for_what_the_mine_is_late_with(watched, run_jobs):
    alarm = watched.over(1.6)
    assert "alarm" not in desk(watched.office, watched.now).counts  # the mine's own step, and in time
    run_jobs(now=watched.later(hours=1))
    late = next(task for task in desk(watched.office, watched.now).tasks if task.key == "alarm")
    assert (late.number, late.late) == (alarm.number, True)
    assert desk(watched.office, watched.now).late >= 1
    on = {"alarm_id": alarm.pk, "by": watched.duty}
    alarms.acknowledge(**on, now=watched.later(minutes=1))
    watched.cut_off()
    alarms.confirm_cut(**on, now=watched.later(minutes=1))
    alarms.evacuate(**on, people=12, now=watched.later(minutes=1))
    watched.clear()
    alarms.state_cause(**on, kind="ventilation", cause="风筒脱节，风量不足", now=watched.later(minutes=1))
    alarms.take_measures(**on, measures="风筒接好，风量恢复", now=watched.later(minutes=1))
    assert desk(watched.duty, watched.now).counts == {}
    review = next(task for task in desk(watched.office, watched.now).tasks if task.key == "alarm")
    assert (review.number, review.at_once) == (alarm.number, False)

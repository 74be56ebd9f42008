from datetime import timedelta

import pytest
from django.db import transaction

from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence
from anwang.ground.jobs import rules, services
from anwang.ground.jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def handlers(monkeypatch):
    """A house without any other jobs than those of this test."""
    known, recurring = {}, {}
    monkeypatch.setattr(services, "_handlers", known)
    monkeypatch.setattr(services, "_recurring", recurring)
    return known


@pytest.fixture
def count(handlers):
    @services.handler("t.count")
    def run(*, now, name="t"):
        Sequence.take(name)

    return lambda name="t": Sequence.objects.filter(name=name).values_list("value", flat=True).first() or 0


def test_a_job_is_done_once(count, now):
    services.later("t.count", now=now)
    assert services.run_due(now=now) == 1
    assert services.run_due(now=now) == 0
    assert count() == 1
    assert Job.objects.get().done_at == now


def test_a_job_asked_for_in_a_transaction_that_fails_was_never_asked_for(count, now):
    def service():
        with transaction.atomic():
            services.later("t.count", now=now)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        service()
    assert services.run_due(now=now) == 0


def test_a_simulated_calendar_reaches_what_was_asked_for_within_it(count, now):
    long_ago = now - timedelta(days=300)
    services.later("t.count", now=long_ago)
    assert services.run_due(now=long_ago) == 1


def test_the_oldest_comes_first(handlers, now):
    order = []
    services.handler("t.note")(lambda *, now, n: order.append(n))
    services.at(now - timedelta(minutes=1), "t.note", key="b", now=now, n=2)
    services.at(now - timedelta(minutes=2), "t.note", key="a", now=now, n=1)
    services.run_due(now=now)
    assert order == [1, 2]


def test_a_timer_fires_at_its_time_and_once(count, now):
    services.at(now + timedelta(days=1), "t.count", key="thing:1:due", now=now)
    assert services.run_due(now=now + timedelta(hours=23)) == 0
    assert services.run_due(now=now + timedelta(days=2)) == 1
    assert services.run_due(now=now + timedelta(days=2)) == 0


def test_setting_a_timer_again_moves_it(count, now):
    services.at(now, "t.count", key="thing:1:due", now=now)
    first = Job.objects.get(key="thing:1:due")
    services.at(now + timedelta(days=1), "t.count", key="thing:1:due", now=now)
    assert Job.objects.get(key="thing:1:due").pk == first.pk
    assert services.run_due(now=now) == 0
    assert services.run_due(now=now + timedelta(days=1)) == 1


def test_a_cancelled_timer_does_not_fire(count, now):
    services.at(now, "t.count", key="thing:1:due", now=now)
    assert services.cancel("thing:1:due", now=now)
    assert not services.cancel("thing:1:due", now=now)
    assert services.run_due(now=now) == 0


def test_cancelling_a_things_timers_leaves_those_of_others(count, now):
    for key in ("hazard:1:due", "hazard:1:remind:3", "hazard:10:due", "site:1:due"):
        services.at(now, "t.count", key=key, now=now)
    assert services.cancel_prefix("hazard:1:remind:", now=now) == 1
    assert services.cancel_prefix("hazard:1:", now=now) == 1
    assert services.run_due(now=now) == 2


def test_a_handler_may_set_its_own_timer_again(handlers, now):
    rung = []

    @services.handler("t.ring")
    def ring(*, now):
        rung.append(now)
        services.at(now + timedelta(days=1), "t.ring", key="thing:1:ring", now=now)

    services.at(now, "t.ring", key="thing:1:ring", now=now)
    assert services.run_due(now=now) == 1
    assert services.run_due(now=now + timedelta(days=1)) == 1
    assert rung == [now, now + timedelta(days=1)]


def test_a_failing_job_leaves_nothing_behind_and_is_tried_again_later(handlers, count, now):
    @services.handler("t.fails")
    def fails(*, now):
        Sequence.take("t")
        raise RuntimeError("the printer is on fire")

    services.later("t.fails", now=now)
    services.run_due(now=now)
    job = Job.objects.get(name="t.fails")
    assert (job.state, job.attempts) == ("pending", 1)
    assert "the printer is on fire" in job.error
    assert count() == 0
    assert services.run_due(now=now + timedelta(seconds=9)) == 0
    assert services.run_due(now=now + timedelta(seconds=10)) == 1


def test_a_job_that_keeps_failing_is_given_to_a_person(handlers, now, make_user, places):
    services.handler("t.fails", attempts=3)(lambda *, now: 1 / 0)
    services.later("t.fails", now=now)
    moment = now
    for _ in range(10):
        services.run_due(now=moment)
        moment += timedelta(hours=3)
    job = Job.objects.get(name="t.fails")
    assert (job.state, job.attempts) == ("failed", 3)

    with pytest.raises(Refused) as refused:
        services.retry(job_id=job.pk, by=make_user("county_office", places.county), now=moment)
    assert refused.value.key == "accounts.not_permitted"

    administrator = make_user("system_admin")
    heard = []
    services.tell(lambda event, **facts: heard.append((event, facts["by"].pk)))
    try:
        services.handler("t.fails", attempts=3)
        services.retry(job_id=job.pk, by=administrator, now=moment)
    finally:
        services._told.pop()
    assert heard == [("jobs.retried", administrator.pk)]
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("pending", 0)
    with pytest.raises(Refused) as again:
        services.retry(job_id=job.pk, by=administrator, now=moment)
    assert again.value.key == "jobs.not_failed"


def test_a_failed_timer_that_was_set_again_is_not_tried_twice(handlers, now):
    services.handler("t.fails", attempts=1)(lambda *, now: 1 / 0)
    services.at(now, "t.fails", key="thing:1:due", now=now)
    services.run_due(now=now)
    failed = Job.objects.get(state="failed")
    services.at(now + timedelta(days=1), "t.fails", key="thing:1:due", now=now)
    with pytest.raises(Refused) as refused:
        services.retry(job_id=failed.pk, by=None, now=now)
    assert refused.value.key == "jobs.already_waiting"
    assert services.dismiss(job_id=failed.pk, by=None, now=now).state == "cancelled"


def test_a_job_nobody_knows_fails_with_its_name(handlers, now):
    services.later("t.nobody", now=now)
    services.run_due(now=now)
    assert Job.objects.get().error == "no handler for t.nobody"


def test_two_handlers_of_one_name_are_a_mistake(handlers):
    services.handler("t.one")(lambda *, now: None)

    def another(*, now):
        pass

    with pytest.raises(ValueError, match="two handlers"):
        services.handler("t.one")(another)


class TestWorkThatLeavesTheHouse:
    def test_it_runs_outside_a_transaction_of_its_own(self, handlers, now):
        seen = []
        services.handler("t.mail", transactional=False)(lambda *, now: seen.append(Job.objects.get().state))
        services.later("t.mail", now=now)
        services.run_due(now=now)
        assert seen == ["leased"]
        assert Job.objects.get().state == "done"

    def test_a_dead_worker_s_lease_runs_out_and_another_takes_over(self, handlers, now):
        services.handler("t.mail", transactional=False)(lambda *, now: None)
        services.later("t.mail", now=now)
        assert services._run_transactional(now)  # claimed, and then the worker is killed
        assert services.run_due(now=now + timedelta(minutes=9)) == 0
        assert services.run_due(now=now + rules.LEASE + timedelta(seconds=1)) == 1
        assert (Job.objects.get().state, Job.objects.get().attempts) == ("done", 2)

    def test_work_that_kills_its_worker_each_time_is_given_up(self, handlers, now):
        services.handler("t.mail", transactional=False, attempts=2)(lambda *, now: None)
        services.later("t.mail", now=now)
        moment = now
        for _ in range(3):
            services._release_dead_leases(moment)
            services._run_transactional(moment)
            moment += rules.LEASE + timedelta(seconds=1)
        assert Job.objects.get().state == "failed"

    def test_a_worker_thought_dead_does_not_sign_off_the_other_one_s_work(self, handlers, now):
        def slow(*, now):
            if Job.objects.get().attempts == 1:  # the machine slept: the lease ran out, another worker took over
                services._release_dead_leases(now + rules.LEASE * 2)
                services._run_transactional(now + rules.LEASE * 2)

        services.handler("t.mail", transactional=False)(slow)
        services.later("t.mail", now=now)
        services.run_one(now=now)
        assert (Job.objects.get().state, Job.objects.get().attempts) == ("leased", 2)

    def test_a_timer_set_again_while_it_is_served_stands(self, handlers, now):
        def failing(*, now):
            services.at(now + timedelta(days=1), "t.mail", key="thing:1:mail", now=now)
            raise RuntimeError("gateway down")

        services.handler("t.mail", transactional=False)(failing)
        services.at(now, "t.mail", key="thing:1:mail", now=now)
        services.run_one(now=now)
        assert sorted(Job.objects.values_list("state", flat=True)) == ["cancelled", "pending"]


class TestRecurring:
    def test_it_comes_round_and_there_is_one_timer(self, count, now):
        services.every("t.count", hour=3)
        services.ensure_recurring(now=now)
        services.ensure_recurring(now=now)
        assert Job.objects.count() == 1
        for day in range(1, 4):
            assert services.run_due(now=now + timedelta(days=day)) == 1
        assert count() == 3
        assert Job.objects.filter(state="pending").count() == 1

    def test_nights_that_were_missed_are_made_up_for_once(self, count, now):
        services.every("t.count", hour=3)
        services.ensure_recurring(now=now)
        assert services.run_due(now=now + timedelta(days=30)) == 1

    def test_it_comes_round_although_it_failed(self, handlers, now):
        services.handler("t.fails", attempts=1)(lambda *, now: 1 / 0)
        services.every("t.fails", hour=3)
        services.ensure_recurring(now=now)
        services.run_due(now=now + timedelta(days=1))
        assert sorted(Job.objects.values_list("state", flat=True)) == ["failed", "pending"]

    def test_one_that_is_no_more_is_forgotten(self, count, now):
        services.every("t.count", hour=3)
        services.ensure_recurring(now=now)
        services._recurring.clear()
        services.ensure_recurring(now=now)
        assert Job.objects.get().state == "cancelled"


def test_old_finished_jobs_go_and_failed_ones_stay(handlers, count, now):
    services.handler("t.fails", attempts=1)(lambda *, now: 1 / 0)
    services.later("t.count", now=now)
    services.later("t.fails", now=now)
    services.run_due(now=now)
    assert services.prune(now=now + timedelta(days=29)) == 0
    assert services.prune(now=now + timedelta(days=31)) == 1
    assert Job.objects.get().state == "failed"


def test_figures_count_what_is_open_late_and_alive(handlers, now):
    services.handler("t.fails", attempts=1)(lambda *, now: 1 / 0)
    services.later("t.fails", now=now)
    services.run_due(now=now)
    services.later("t.fails", now=now)
    services.seen(worker_id="a:1", started_at=now, done=0, now=now)
    services.seen(worker_id="b:2", started_at=now, done=0, now=now - timedelta(minutes=5))
    found = services.figures(now=now + timedelta(seconds=50))
    assert found == {"pending": 1, "leased": 0, "failed": 1, "late": 0, "workers": 1}
    assert services.figures(now=now + timedelta(minutes=2))["late"] == 1

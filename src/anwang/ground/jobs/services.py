"""Asking for work by name, and doing it.

``later`` and ``at`` are called inside a service's transaction: the job exists if and only if the write does.
A handler runs in one transaction with the row that marks it done. A ``kill -9`` rolls both back, and the job runs
again: its effect in the database happens exactly once. Work that leaves the house (mail, a gateway) is declared
``transactional=False``; it holds a lease instead and may be repeated after a kill, never lost.

A handler locks its thing and looks again before it acts: a timer that was already being served when ``cancel`` came
finds out that way.
"""

import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from anwang.ground.base import rights
from anwang.ground.base.errors import Refused
from anwang.ground.jobs import rules
from anwang.ground.jobs.models import Job, Worker

log = structlog.get_logger(__name__)

LOCK_TIMEOUT = "200ms"
"""How long a handler waits for a row on PostgreSQL. Below the server's deadlock_timeout (1 s), so that where a service
and a handler wait for each other it is the handler that gives way and comes back, and never a person's click."""


@dataclass(frozen=True, slots=True)
class Handler:
    name: str
    run: Callable[..., None]
    transactional: bool
    attempts: int


_handlers: dict[str, Handler] = {}
_recurring: dict[str, rules.Every] = {}
_told: list[Callable[..., object]] = []

_T = TypeVar("_T", bound=Callable[..., None])


# --- what the house can do --------------------------------------------------------------------------------------------


def handler(name: str, *, transactional: bool = True, attempts: int = rules.ATTEMPTS) -> Callable[[_T], _T]:
    """Register ``run(*, now, **kwargs)`` under ``name``. Done in a room's ``tasks.py``, loaded by the wiring."""

    def register(run: _T) -> _T:
        if name in _handlers and _handlers[name].run.__qualname__ != run.__qualname__:
            raise ValueError(f"two handlers for the job {name}")
        _handlers[name] = Handler(name, run, transactional, attempts)
        return run

    return register


def every(name: str, *, hour: int | None = None, minute: int = 0, minutes: int | None = None) -> None:
    """Do the job ``name`` each day at ``hour``:``minute`` (local time), or every ``minutes``. Beside its handler.

    The worker keeps one timer per recurring job. A night that was missed is made up for once when it starts again.
    """
    _recurring[name] = rules.Every(name, hour, minute, minutes)


def names() -> frozenset[str]:
    """Every job the house can do; a test holds the names that services ask for against it."""
    return frozenset(_handlers)


def recurring() -> Mapping[str, rules.Every]:
    return dict(_recurring)


def tell(listener: Callable[..., object]) -> None:
    """``listener(event, *, on, by, at)`` hears what a person did to a job. The audit, one door up, gives it."""
    if listener not in _told:
        _told.append(listener)


# --- asking -----------------------------------------------------------------------------------------------------------


def later(name: str, *, now: datetime | None = None, **kwargs: Any) -> Job:
    """Do ``name`` as soon as the present transaction has committed."""
    moment = now or timezone.now()
    return Job.objects.create(name=name, kwargs=kwargs, due_at=moment, asked_at=moment)


def at(due: datetime, name: str, *, key: str, now: datetime | None = None, **kwargs: Any) -> None:
    """Set the timer ``key`` (``thing:id:what``). An open timer of the same key is moved: there is never a second one."""
    asked = now or timezone.now()
    while True:
        changed = Job.objects.filter(key=key, state=Job.State.PENDING).update(
            name=name, kwargs=kwargs, due_at=due, asked_at=asked, attempts=0, error=""
        )
        if changed:
            return
        try:
            with transaction.atomic():
                Job.objects.create(name=name, key=key, owner=_owner(key), kwargs=kwargs, due_at=due, asked_at=asked)
        except IntegrityError:  # someone set it in between: theirs is moved
            continue
        return


def cancel(key: str, *, now: datetime | None = None) -> bool:
    """What the timer waited for has happened. Inside the same transaction as that, so it cannot fire after it.

    False where none was open, or where it is being served at this moment.
    """
    return bool(_cancel(Job.objects.filter(key=key), now))


def cancel_prefix(prefix: str, *, now: datetime | None = None) -> int:
    """Cancel every timer of a thing: ``prefix`` is ``thing:id:``, or longer."""
    return _cancel(Job.objects.filter(owner=_owner(prefix), key__startswith=prefix), now)


def _cancel(rows: Any, now: datetime | None) -> int:
    rows = rows.filter(state=Job.State.PENDING)
    if connection.features.has_select_for_update_skip_locked and connection.in_atomic_block:
        # One that a worker holds is not waited for: it would wait for the thing that this transaction has locked.
        rows = Job.objects.filter(pk__in=[job.pk for job in rows.select_for_update(skip_locked=True)])
    changed: int = rows.update(state=Job.State.CANCELLED, done_at=now or timezone.now())
    return changed


def _owner(key: str) -> str:
    thing, _, rest = key.partition(":")
    which, colon, _ = rest.partition(":")
    return f"{thing}:{which}:" if colon else ""


# --- doing ------------------------------------------------------------------------------------------------------------


def ensure_recurring(*, now: datetime) -> None:
    """One timer per recurring job, none for those that are no more. The worker calls it when it starts and hourly."""
    wanted = {spec.key: spec for spec in _recurring.values()}
    open_keys = set(
        Job.objects.filter(state=Job.State.PENDING, owner="", key__startswith="every:").values_list("key", flat=True)
    )
    for key in open_keys - wanted.keys():
        cancel(key, now=now)
    for key in wanted.keys() - open_keys:
        at(wanted[key].next_after(now), wanted[key].name, key=key, now=now)


def run_due(*, now: datetime | None = None, limit: int = 1000) -> int:
    """Do what is due at ``now``, oldest first; returns how many were taken up.

    Tests and the demo give a ``now`` of their own and so walk a simulated calendar.
    """
    taken = 0
    while taken < limit and run_one(now=now or timezone.now()):
        taken += 1
    return taken


def run_one(*, now: datetime) -> bool:
    """Take up the oldest due job. False when none is due."""
    if not _anything(now):
        return False
    _release_dead_leases(now)
    job_id = _run_transactional(now)
    if job_id is None:
        return False
    if job_id:
        _run_leased(job_id, now)
    return True


def _anything(now: datetime) -> bool:
    """A look without a lock, so that an idle worker does not disturb those who write."""
    return (
        Job.objects.filter(state=Job.State.PENDING, due_at__lte=now).exists()
        or Job.objects.filter(state=Job.State.LEASED, leased_until__lt=now).exists()
    )


def _run_transactional(now: datetime) -> str | None:
    """Claim and do in one transaction. Returns None: nothing due; "": done; an id: leased, to be run outside."""
    job: Job | None = None
    try:
        with transaction.atomic():
            job = _claim(now)
            if job is None:
                return None
            known = _handlers.get(job.name)
            if known is None:
                _give_up(job, f"no handler for {job.name}", now)
                return ""
            if not known.transactional:
                if job.attempts >= known.attempts:
                    _give_up(job, job.error or "the worker died each time it tried", now)
                    return ""
                job.attempts += 1
                Job.objects.filter(pk=job.pk).update(
                    state=Job.State.LEASED, leased_until=now + rules.LEASE, attempts=job.attempts
                )
                return str(job.pk)
            # Marked first, in the same transaction: a handler that sets its own timer again sets a new one.
            _done(Job.objects.filter(pk=job.pk), now)
            _come_round(job, now)
            known.run(now=now, **job.kwargs)
            return ""
    except Exception as error:
        if job is None:
            raise
        if _is_busy(error):
            Job.objects.filter(pk=job.pk, state=Job.State.PENDING).update(due_at=now + rules.BUSY)
            log.info("job.busy", job=job.name, id=job.pk)
        else:
            _note_failure(job, now, attempts=job.attempts + 1)
        return ""


def _run_leased(job_id: str, now: datetime) -> None:
    job = Job.objects.get(pk=job_id)
    mine = Job.objects.filter(pk=job.pk, state=Job.State.LEASED, attempts=job.attempts)
    try:
        with _kept_alive(job, now):
            _handlers[job.name].run(now=now, **job.kwargs)
    except Exception:  # noqa: BLE001
        _note_failure(job, now, attempts=job.attempts)
        return
    with transaction.atomic():
        _done(mine, now)
        _come_round(job, now)


@contextmanager
def _kept_alive(job: Job, now: datetime) -> Iterator[None]:
    """Renew the lease of long work from a thread of its own; short work never starts a connection there."""
    over = threading.Event()
    pause = rules.LEASE / 3

    def renew() -> None:
        rounds = 0
        while not over.wait(pause.total_seconds()):
            rounds += 1
            try:
                Job.objects.filter(pk=job.pk, state=Job.State.LEASED, attempts=job.attempts).update(
                    leased_until=now + rounds * pause + rules.LEASE
                )
            except OperationalError:  # the next round tries again; the lease lasts three of them
                log.warning("job.lease_not_renewed", job=job.name, id=job.pk)
        if rounds:
            connection.close()

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _claim(now: datetime) -> Job | None:
    due = Job.objects.filter(state=Job.State.PENDING, due_at__lte=now).order_by("due_at", "id")
    if connection.features.has_select_for_update_skip_locked:
        with connection.cursor() as cursor:
            if len(connection.savepoint_ids) == 0:  # a caller's own transaction keeps its own patience
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        due = due.select_for_update(skip_locked=True)
    return due.first()


def _is_busy(error: Exception) -> bool:
    """PostgreSQL: lock not available, deadlock, serialization failure. SQLite has one writer and waits its turn."""
    return isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") in {
        "55P03",
        "40P01",
        "40001",
    }


def _done(rows: Any, now: datetime) -> None:
    rows.update(state=Job.State.DONE, done_at=now, leased_until=None, error="")


def _come_round(job: Job, now: datetime) -> None:
    spec = _recurring.get(job.name)
    if spec is not None and job.key == spec.key:
        at(spec.next_after(now), job.name, key=job.key, now=now)


def _note_failure(job: Job, now: datetime, *, attempts: int) -> None:
    reason = traceback.format_exc(limit=8)
    known = _handlers.get(job.name)
    log.error("job.failed", job=job.name, id=job.pk, attempt=attempts, reason=reason)
    with transaction.atomic():
        if known is None or attempts >= known.attempts:
            job.attempts = attempts
            _give_up(job, reason, now)
        else:
            _back_to_pending(job, now + rules.wait_after(attempts), reason, attempts, now)


def _give_up(job: Job, reason: str, now: datetime) -> None:
    """It stays on the administrator's page until a person has looked. A recurring one comes round all the same."""
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.FAILED, attempts=job.attempts, error=reason[-4000:], leased_until=None, done_at=now
    )
    _come_round(job, now)


def _back_to_pending(job: Job, due: datetime, reason: str, attempts: int, now: datetime) -> None:
    """Unless the same key was set again meanwhile: then that one stands for it."""
    superseded = bool(job.key) and Job.objects.filter(key=job.key, state=Job.State.PENDING).exclude(pk=job.pk).exists()
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.CANCELLED if superseded else Job.State.PENDING,
        attempts=attempts,
        error=reason[-4000:],
        leased_until=None,
        due_at=F("due_at") if superseded else due,
        done_at=now if superseded else None,
    )


def _release_dead_leases(now: datetime) -> None:
    dead = Job.objects.filter(state=Job.State.LEASED, leased_until__lt=now)
    if not dead.exists():
        return
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            dead = dead.select_for_update(skip_locked=True)
        for job in dead:
            log.warning("job.lease_ran_out", job=job.name, id=job.pk)
            _back_to_pending(job, now, job.error or "the worker died while it worked on this", job.attempts, now)


# --- looking after ----------------------------------------------------------------------------------------------------


@transaction.atomic
def retry(*, job_id: str, by: Any, now: datetime) -> Job:
    """An administrator has put right what was wrong: try the failed job again from the start.

    Raises Refused("jobs.not_failed"), and Refused("jobs.already_waiting") where its timer was set again since.
    """
    rights.require(by, "system.manage", on=rights.HOUSE)
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.state != Job.State.FAILED:
        raise Refused("jobs.not_failed")
    if job.key and Job.objects.filter(key=job.key, state=Job.State.PENDING).exists():
        raise Refused("jobs.already_waiting")
    job.state, job.due_at, job.done_at, job.attempts = Job.State.PENDING, now, None, 0
    job.save(update_fields=["state", "due_at", "done_at", "attempts"])
    _say("jobs.retried", on=job, by=by, at=now)
    return job


@transaction.atomic
def dismiss(*, job_id: str, by: Any, now: datetime) -> Job:
    """An administrator has looked at a failed job and lets it be. Raises Refused("jobs.not_failed")."""
    rights.require(by, "system.manage", on=rights.HOUSE)
    job = Job.objects.select_for_update().get(pk=job_id)
    if job.state != Job.State.FAILED:
        raise Refused("jobs.not_failed")
    job.state, job.done_at = Job.State.CANCELLED, now
    job.save(update_fields=["state", "done_at"])
    _say("jobs.dismissed", on=job, by=by, at=now)
    return job


def _say(event: str, *, on: Job, by: Any, at: datetime) -> None:
    for listener in _told:
        listener(event, on=on, by=by, at=at)


def seen(*, worker_id: str, started_at: datetime, done: int, now: datetime) -> None:
    """A sign of life of a worker process."""
    Worker.objects.update_or_create(pk=worker_id, defaults={"started_at": started_at, "seen_at": now, "done": done})


def gone(*, worker_id: str) -> None:
    Worker.objects.filter(pk=worker_id).delete()


def prune(*, now: datetime, keep: timedelta = timedelta(days=30)) -> int:
    """Drop done and cancelled jobs older than ``keep``; failed ones stay until a person has looked."""
    Worker.objects.filter(seen_at__lt=now - timedelta(days=1)).delete()
    dropped, _ = Job.objects.filter(state__in=[Job.State.DONE, Job.State.CANCELLED], done_at__lt=now - keep).delete()
    return dropped


def figures(*, now: datetime | None = None) -> Mapping[str, int]:
    """How many jobs are in each open state, how many are late, how many workers live: /metrics, checks, the page."""
    moment = now or timezone.now()
    counts = dict.fromkeys((Job.State.PENDING.value, Job.State.LEASED.value, Job.State.FAILED.value), 0)
    open_states = Q(state=Job.State.PENDING) | Q(state=Job.State.LEASED) | Q(state=Job.State.FAILED)
    rows = Job.objects.filter(open_states).order_by().values("state").annotate(n=Count("pk"))
    counts.update({row["state"]: row["n"] for row in rows})
    counts["late"] = Job.objects.filter(state=Job.State.PENDING, due_at__lt=moment - rules.LATE).count()
    counts["workers"] = Worker.objects.filter(seen_at__gte=moment - rules.ALIVE).count()
    return counts


def at_many(
    name: str, timers: Sequence[tuple[datetime, str, Mapping[str, Any]]], *, now: datetime | None = None
) -> int:
    """Set many timers that are new: (due, key, kwargs) each. For imports; a key already open is an IntegrityError."""
    asked = now or timezone.now()
    rows = [Job(name=name, key=key, kwargs=dict(kwargs), due_at=due, asked_at=asked) for due, key, kwargs in timers]
    return len(Job.objects.bulk_create(rows, batch_size=1000))


def drop(names: Iterable[str], *, now: datetime) -> int:
    """Cancel everything pending under these names: what was to be said is no longer worth saying."""
    pending = Job.objects.filter(name__in=list(names), state=Job.State.PENDING)
    return pending.update(state=Job.State.CANCELLED, done_at=now)

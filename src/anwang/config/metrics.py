"""Counters for /metrics. Labels are routes, never addresses with ids in them."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from anwang.edge.gateway.models import Run
from anwang.edge.gateway.selectors import WayState
from anwang.work.telemetry.history import Health

registry = CollectorRegistry()
_requests = Counter("anwang_requests_total", "Requests answered", ["method", "route", "status"], registry=registry)
_seconds = Histogram(
    "anwang_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=registry,
)
_history = Gauge("anwang_history", "The history of readings: bytes, journals, days left", ["what"], registry=registry)
_history_alarm = Gauge("anwang_history_alarm", "1 where the history needs a person", ["alarm"], registry=registry)
_gateway = Gauge(
    "anwang_gateway",
    "What gateways and shards that run have taken and what waits",
    ["name", "part", "what"],
    registry=registry,
)
_ways = Gauge(
    "anwang_way_behind_seconds",
    "Ways in for data: how long ago everything that had come was on record",
    ["part", "name"],
    registry=registry,
)
_held = Gauge("anwang_way_held", "1 where a way in for data is held up", ["part", "name"], registry=registry)
_jobs = Gauge("anwang_jobs", "Jobs by state", ["state"], registry=registry)


def request(method: str, route: str, status: int, seconds: float) -> None:
    _requests.labels(method, route, str(status)).inc()
    _seconds.labels(route).observe(seconds)


def history(health: Health | None) -> None:
    """``health`` lists every file of the history: ask once a minute, not at every scrape."""
    if health is None:
        return
    for what in ("free", "readings_bytes", "statistics_bytes", "journal_bytes", "journals", "per_day"):
        _history.labels(what).set(getattr(health, what))
    _history.labels("days_left").set(health.days_left if health.days_left is not None else float("inf"))
    for alarm in ("space", "unsealed", "unmerged"):
        _history_alarm.labels(alarm).set(alarm in health.alarms)


def gateways(runs: Sequence[Run]) -> None:
    _gateway.clear()
    for run in runs:
        for what in ("connected", "messages", "readings", "refused", "waiting"):
            _gateway.labels(run.name, run.part, what).set(getattr(run, what))


def ways(found: Sequence[WayState], *, now: datetime) -> None:
    _ways.clear()
    _held.clear()
    for each in found:
        _ways.labels(each.way.part, each.way.name).set((now - each.until).total_seconds())
        _held.labels(each.way.part, each.way.name).set(each.held)


def text(jobs: dict[str, int]) -> bytes:
    for state, count in jobs.items():
        _jobs.labels(state).set(count)
    return generate_latest(registry)

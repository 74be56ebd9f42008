"""Jobs of the gas watch: silent mines, late matches, old names of files, the history kept tidy."""

from datetime import datetime, timedelta

from anwang.ground.jobs import services as jobs
from anwang.work.telemetry import services, store
from anwang.work.telemetry.models import Headcount, Position, ReceivedFile, RefusedRecord, Statistic, Worker

KEEP_FILES = timedelta(days=7)
"""How long the same content is still recognised. Definitions and reports are kept: they are few."""
KEEP_RECORDS = timedelta(days=400)
KEEP_PEOPLE = timedelta(days=400)
"""How many were underground; and a card that no list of its mine and no snapshot has named for so long."""
KEEP_STATISTICS = timedelta(days=731)
_AT_ONCE = 20_000


@jobs.handler("telemetry.tick", transactional=False)
def tick(*, now: datetime) -> None:
    """Silent mines are noticed also where no gateway runs."""
    services.tick(now=now)


@jobs.handler("telemetry.reconcile")
def reconcile(*, now: datetime) -> None:
    services.reconcile(now=now)


@jobs.handler("telemetry.prune")
def prune(*, now: datetime) -> None:
    """Real-time files by the tens of thousands a day: their names go after a week, refused records after 400 days, and
    the files themselves after what the office has set.

    So do the numbers of people underground, and cards that no list names any longer; mines' own statistics after two years.
    """
    services.landing.prune(now=now)
    old = ReceivedFile.objects.filter(
        type__in=("CDSS", "scan", "RYSS", "JZSS", "FZSS"), received_at__lt=now - KEEP_FILES
    )
    kept = RefusedRecord.objects.filter(file__isnull=False).values("file_id")
    ReceivedFile.objects.filter(pk__in=old.exclude(pk__in=kept).values("pk")[:_AT_ONCE]).delete()
    RefusedRecord.objects.filter(
        pk__in=RefusedRecord.objects.filter(at__lt=now - KEEP_RECORDS).values("pk")[:_AT_ONCE]
    ).delete()

    Headcount.objects.filter(at__lt=now - KEEP_PEOPLE).delete()
    Worker.objects.filter(sent_at__lt=now - KEEP_PEOPLE).exclude(card__in=Position.objects.values("card")).delete()
    Statistic.objects.filter(start__lt=now - KEEP_STATISTICS).delete()


@jobs.handler("telemetry.tidy", transactional=False)
def tidy(*, now: datetime) -> None:
    """Shards that no process writes; a process that writes one tidies it itself."""
    store.tidy_free(now=now)


@jobs.handler("telemetry.retention", transactional=False)
def retention(*, now: datetime) -> None:
    """The same with what is too old: readings after 400 days, roll-ups after 1 100 (`history.keeping`)."""
    store.tidy_free(now=now, drop=True)


jobs.every("telemetry.tick", minutes=1)
jobs.every("telemetry.reconcile", minutes=15)
jobs.every("telemetry.tidy", minutes=15)
jobs.every("telemetry.retention", hour=3, minute=20)
jobs.every("telemetry.prune", hour=3, minute=40)

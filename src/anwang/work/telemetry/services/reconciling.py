"""Once in a while: reports that came before our episode was there are matched again."""

from datetime import datetime, timedelta

from django.db import transaction

from anwang.work.telemetry.models import Reported
from anwang.work.telemetry.services import reports

_LOOK_BACK = timedelta(days=3)


@transaction.atomic
def reconcile(*, now: datetime) -> int:
    """Match reports of the last days that were not matched yet. Returns how many now are."""
    found = 0
    for report in Reported.objects.filter(episode__isnull=True, received_at__gte=now - _LOOK_BACK):
        report.episode = reports.seen(report)
        if report.episode is not None:
            report.save(update_fields=["episode"])
            found += 1
    return found

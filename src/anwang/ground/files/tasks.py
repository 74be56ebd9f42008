"""Work of this room that waits for its time."""

from datetime import datetime

from anwang.ground.files import services
from anwang.ground.jobs import services as jobs


@jobs.handler("files.sweep")
def sweep(*, now: datetime) -> None:
    """Uploads nobody used, and contents nobody names."""
    services.sweep(now=now)


jobs.every("files.sweep", hour=3, minute=50)

"""Jobs of the figures."""

from datetime import datetime

from anwang.ground.jobs import services as jobs
from anwang.overview.figures import services


@jobs.handler("figures.compute", transactional=False)
def compute(*, now: datetime) -> None:
    """The sums made anew; each city in a transaction of its own, so that nobody waits for all of it."""
    services.compute(now=now)


jobs.every("figures.compute", minutes=30)

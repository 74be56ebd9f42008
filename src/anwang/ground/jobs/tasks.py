from datetime import datetime

from anwang.ground.jobs import services as jobs


@jobs.handler("jobs.prune")
def prune(*, now: datetime) -> None:
    jobs.prune(now=now)


jobs.every("jobs.prune", hour=3, minute=20)

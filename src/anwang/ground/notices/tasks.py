from datetime import datetime

from anwang.ground.jobs import services as jobs
from anwang.ground.notices import services as notices


@jobs.handler("notices.deliver", transactional=False)
def deliver(*, now: datetime, notice_id: str, means: str, channel_id: str) -> None:
    notices.deliver(notice_id=notice_id, means=means, channel_id=channel_id, now=now)


@jobs.handler("notices.prune")
def prune(*, now: datetime) -> None:
    notices.prune(now=now)


jobs.every("notices.prune", hour=3, minute=40)

"""The demonstration's mines go on sending as long as the house stands; a house without them is left alone."""

from datetime import datetime

from anwang.edge.demo import watch
from anwang.ground.jobs import services as jobs


@jobs.handler("demo.mines", transactional=False)
def mines(*, now: datetime) -> None:
    if watch.is_here():
        watch.go_on(now=now)


jobs.every("demo.mines", minutes=1)

"""The job of the ways in: a fault of ours is told of."""

from datetime import datetime

from anwang.edge.gateway import services
from anwang.ground.jobs import services as jobs


@jobs.handler("gateway.watch_ways")
def watch_ways(*, now: datetime) -> None:
    services.watch_ways(now=now)


jobs.every("gateway.watch_ways", minutes=1)

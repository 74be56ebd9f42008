"""Roads and time limits that hold at a moment: those of the house over the built-in ones."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from itertools import chain
from operator import attrgetter

from anwang.kernel.scale import Level
from anwang.work.alarms import library, rules
from anwang.work.alarms.models import RoadRule, StepLimit
from anwang.work.alarms.rules import Family, Limit, Limits, Road, Step


class InForce:
    """What the house has written is read once, roads and limits each when first asked for: one query for any number of
    alarms.
    """

    @cached_property
    def _roads(self) -> list[RoadRule]:
        return list(RoadRule.objects.order_by("key", "version"))

    @cached_property
    def _limits(self) -> list[StepLimit]:
        return list(StepLimit.objects.order_by("step", "level", "version"))

    def roads(self, *, at: datetime) -> tuple[Road, ...]:
        """The roads in the order in which they are asked."""
        built_in = library.conduct().roads
        return rules.arranged(self.own_roads(at=at), built_in) if self._roads else built_in

    def own_roads(self, *, at: datetime) -> list[Road]:
        """Of every key of this house the newest version; those without steps are out of use."""
        newest = {row.key: row for row in self._roads if row.in_force_from <= at}
        return [road_of(row) for row in newest.values()]

    def limits(self, *, at: datetime) -> Limits:
        """Step and level → the row; what has no limit is not in it."""
        built_in = library.conduct().limit_rows
        if not self._limits:
            return built_in
        newest = self.own_limits(at=at)
        kept = {key: row for key, row in built_in.items() if key not in newest}
        return kept | {key: row for key, each in newest.items() if (row := limit_of(each)) is not None}

    def own_limits(self, *, at: datetime) -> dict[tuple[Step, Level], StepLimit]:
        """Of every step and level of this house the newest version; those without minutes are out of use."""
        rows = (row for row in self._limits if row.in_force_from <= at)
        return {(Step(row.step), Level.of(row.level)): row for row in rows}


def road_of(row: RoadRule) -> Road:
    return Road(
        Family(row.family),
        tuple(Step(each) for each in row.steps),
        frozenset(row.quantities),
        frozenset(Level.of(each) for each in row.levels),
        key=row.key,
        version=row.version,
        instrument=row.instrument,
        article=row.article,
        source=row.source,
        confidence=row.confidence,
    )


def limit_of(row: StepLimit) -> Limit | None:
    """None where the row says that there is no limit."""
    if row.minutes is None:
        return None
    return Limit(
        Step(row.step),
        Level.of(row.level),
        row.minutes,
        version=row.version,
        instrument=row.instrument,
        article=row.article,
        source=row.source,
        confidence=row.confidence,
    )


def versions(*, most: int) -> list[StepLimit | RoadRule]:
    """What was put into force in this house, the newest first: limits and roads together."""
    found: Iterable[StepLimit | RoadRule] = chain(
        StepLimit.objects.select_related("made_by").order_by("-made_at", "-id")[:most],
        RoadRule.objects.select_related("made_by").order_by("-made_at", "-id")[:most],
    )
    return sorted(found, key=attrgetter("made_at", "id"), reverse=True)[:most]

"""What comes back: keys in force, processes that run, ways in and until when nothing is missing, what was refused."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet, Sum

from anwang.edge.gateway import labels, rules
from anwang.edge.gateway.models import Key, RefusedMessage, RefusedTally, Run, Way
from anwang.work.telemetry.ports import Held


def in_force() -> QuerySet[Key]:
    return Key.objects.filter(withdrawn_at__isnull=True).select_related("mine").order_by("username")


def running(*, now: datetime) -> list[Run]:
    return list(Run.objects.filter(seen_at__gt=now - rules.ALIVE).order_by("part", "name"))


def refused(mine_code: str = "", *, most: int = 100) -> list[RefusedMessage]:
    """The last messages that were none, of a mine or of all."""
    rows = RefusedMessage.objects.filter(mine_code=mine_code) if mine_code else RefusedMessage.objects.all()
    return list(rows.order_by("-id")[:most])


def refused_counts(mine_code: str = "") -> list[tuple[str, str, int]]:
    """(mine, reason, how many) over all days kept."""
    rows = RefusedTally.objects.filter(mine_code=mine_code) if mine_code else RefusedTally.objects.all()
    return list(rows.values_list("mine_code", "reason").annotate(n=Sum("n")).order_by("mine_code", "reason"))


# --- ways in --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WayState:
    """A way in as it stands. ``until``: all that came by it before is on record; of one of which nobody could say so
    yet, when it was first heard of.
    """

    way: Way
    until: datetime
    why: rules.Hindrance
    held: bool
    mines: int

    @property
    def words(self) -> str:
        return str(labels.HINDRANCE[self.why or rules.Hindrance.BEHIND]) if self.why or self.held else ""


def ways(*, now: datetime) -> list[WayState]:
    found = Way.objects.annotate(n=Count("mines")).order_by("part", "name")
    return [_state(way, way.n, now) for way in found]


def _state(way: Way, mines: int, now: datetime) -> WayState:
    until = way.until or way.made_at
    why = rules.hindrance(said=way.hindrance, seen_at=way.seen_at, now=now)
    return WayState(way, until, why, rules.is_held(until=until, why=why, now=now), mines)


class Ways:
    """What the gas watch asks of this room (`telemetry.ports.Ways`)."""

    def known_until(self, codes: Collection[str]) -> Mapping[str, datetime | None]:
        """Of mines that come by some way."""
        rows = Way.objects.filter(mines__code__in=codes).values_list(
            "mines__code", "part", "until", "said_at", "before", "before_said_at"
        )
        said: dict[str, list[rules.Vouched]] = {}
        for code, part, *moments in rows:
            said.setdefault(code, []).append(rules.Vouched(rules.Part(part), *moments))
        return {code: rules.known_until(ways) for code, ways in said.items()}

    def held(self, *, now: datetime) -> Sequence[Held]:
        # All of them lie in one small table; which mines, is asked only where one is held up.
        found = [_state(way, 0, now) for way in Way.objects.order_by("part", "name")]
        return [
            Held(
                str(each.way),
                each.words,
                each.way.until,
                frozenset(each.way.mines.values_list("code", flat=True)),
            )
            for each in found
            if each.held
        ]

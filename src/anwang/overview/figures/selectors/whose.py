"""Whose figures: a user's scope as subtrees that do not overlap, so that sums over them count nothing twice."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.domains import Domain
from anwang.ground.regions.models import LEVELS as REGION_LEVELS
from anwang.ground.regions.models import Region
from anwang.work.hazards.models import LEVELS

ALL_DOMAINS = frozenset(Domain.values)


@dataclass(frozen=True, slots=True)
class Part:
    """A subtree, and the domains that are read in it."""

    region: Region
    domains: frozenset[str]


def parts(user: Any, permission: Permission, *, inside: Iterable[Region] | None = None) -> list[Part] | None:
    """What ``user`` reads with ``permission``, cut down to the regions ``inside``; the regions must not overlap.

    None where some of it is not summed beforehand: rights that come from an organisation or a signed link, villages and
    grids. Then the rows themselves have to be asked.
    """
    reaches = [reach for reach in scope.reaches(user) if permission in reach.permissions]
    if any(r.organisation_id or r.thing_id or r.everywhere or r.level not in ("", *LEVELS) for r in reaches):
        return None
    placed = {(reach.code, reach.domains or ALL_DOMAINS) for reach in reaches if reach.placed}
    regions = Region.objects.filter(code__in={code for code, _ in placed}) if placed else []
    found: list[Part] = []
    for region in sorted(regions, key=lambda each: REGION_LEVELS.index(each.level)):
        opened = frozenset[str]().union(*(domains for code, domains in placed if code == region.code))
        above = (part.domains for part in found if part.region.holds(region))
        if rest := opened.difference(*above):
            found.append(Part(region, rest))
    if inside is None:
        return found
    cut = [_in(part, region) for part in found for region in inside]
    kept = [part for part in cut if part is not None]
    return None if any(part.region.level not in LEVELS for part in kept) else kept


def _in(part: Part, region: Region) -> Part | None:
    if part.region.holds(region):
        return Part(region, part.domains)
    return part if region.holds(part.region) else None


def covers(user: Any, permission: Permission, region: Region) -> bool:
    """Does one grant open the whole of ``region`` with all domains? What is issued for a region must be about all of it."""
    return any(
        permission in reach.permissions
        and not (reach.domains or reach.organisation_id or reach.thing_id)
        and reach.placed
        and getattr(region, LEVELS.get(reach.level, "grid_code"), "") == reach.code
        for reach in scope.reaches(user)
    )


def tops(user: Any, permission: Permission) -> list[Region]:
    """Where the user's figures begin: the regions of their grants that lie in none of the others."""
    codes = {reach.code for reach in scope.reaches(user) if permission in reach.permissions and reach.code}
    regions = list(Region.objects.filter(code__in=codes)) if codes else []
    return sorted(
        (one for one in regions if not any(other.pk != one.pk and other.holds(one) for other in regions)),
        key=lambda each: (REGION_LEVELS.index(each.level), each.code),
    )


def domains_of(user: Any, permission: Permission) -> list[str]:
    """The domains the user reads somewhere, in the order of the list."""
    held = [reach for reach in scope.reaches(user) if permission in reach.permissions]
    named = {domain for reach in held for domain in reach.domains}
    whole = any(not reach.domains for reach in held)
    return [code for code in Domain.values if whole or code in named]


def within(regions: Collection[Region]) -> dict[str, list[str]]:
    """Level → codes, to filter rows by."""
    found: dict[str, list[str]] = {}
    for region in regions:
        found.setdefault(region.level, []).append(region.code)
    return found

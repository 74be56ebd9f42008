"""Puts the drawn county into the registers, by their services: grids, organisations with posts and people, chains, sites."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from anwang.edge.demo.county.specs import CountySpec, OrganisationSpec
from anwang.ground.accounts.models import User
from anwang.ground.regions import services as regions
from anwang.ground.regions.models import Region
from anwang.registers.organisations import services as organisations
from anwang.registers.organisations.models import Organisation
from anwang.registers.sites import services as sites
from anwang.registers.sites.models import Site

Step = Callable[[int], None]


@dataclass(slots=True)
class Placed:
    """What was made, by the keys of the specs."""

    organisations: dict[str, Organisation] = field(default_factory=dict)
    holdings: dict[str, str] = field(default_factory=dict)
    sites: dict[str, Site] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)


def fill(spec: CountySpec, *, by: User, now: datetime, since: date, step: Step) -> Placed:
    placed = Placed()
    placed.regions = {region.code: region for region in Region.objects.filter(county_code=spec.code)}
    _grids(spec, placed, by=by, now=now, since=since, step=step)
    _organisations(spec, placed, by=by, now=now, since=since, step=step)
    _sites(spec, placed, by=by, now=now, step=step)
    _chains(spec, placed, by=by, now=now, since=since, step=step)
    return placed


def _grids(spec: CountySpec, placed: Placed, *, by: User, now: datetime, since: date, step: Step) -> None:
    for grid in spec.grids:
        placed.regions[grid.code] = regions.make_grid(
            under=placed.regions[grid.village],
            name=grid.name,
            outline=grid.outline,
            points=[[grid.lon, grid.lat, grid.name]],
            code=grid.code,
            made_on=since,
            by=by,
            now=now,
        )
        step(1)


def _organisations(spec: CountySpec, placed: Placed, *, by: User, now: datetime, since: date, step: Step) -> None:
    people = {person.key: person for person in spec.people}
    waiting = list(spec.organisations)
    while waiting:  # parents first, whatever order they were drawn in
        ready = [one for one in waiting if not one.parent or one.parent in placed.organisations]
        if not ready:
            raise ValueError(f"organisations in a circle: {[one.key for one in waiting][:5]}")
        for one in ready:
            placed.organisations[one.key] = _organisation(one, placed, by=by, now=now)
            for post_spec in one.posts:
                post = organisations.make_post(
                    organisation_id=placed.organisations[one.key].pk,
                    title=post_spec.title,
                    quota=post_spec.quota,
                    key=post_spec.kind,
                    level=post_spec.level,
                    by=by,
                    now=now,
                )
                for holder in post_spec.holders:
                    person = people[holder]
                    placed.holdings[holder] = organisations.appoint(
                        post_id=post.pk,
                        since=since,
                        person_name=person.name,
                        person_phone=person.phone,
                        by=by,
                        now=now,
                    ).pk
            step(1 + len(one.posts))
        done = {one.key for one in ready}
        waiting = [one for one in waiting if one.key not in done]


def _organisation(one: OrganisationSpec, placed: Placed, *, by: User, now: datetime) -> Organisation:
    kind = one.kind if one.kind != "town" else "town"
    return organisations.make(
        kind_key=kind,
        name=one.name,
        region=placed.regions[one.region],
        parent=placed.organisations.get(one.parent),
        address=one.address,
        phone=one.phone,
        uscc=one.uscc,
        domains=list(one.domains),
        demo=True,
        by=by,
        now=now,
    )


def _sites(spec: CountySpec, placed: Placed, *, by: User, now: datetime, step: Step) -> None:
    people = {person.key: person for person in spec.people}
    for one in spec.sites:
        owner, manager = people.get(one.owner), people.get(one.manager)
        placed.sites[one.key] = sites.create(
            name=one.name,
            kind_key=one.kind,
            region=placed.regions[one.grid or one.village or one.town],
            domain=one.domain,
            enterprise=placed.organisations.get(one.organisation),
            uscc=one.uscc,
            address=one.address,
            lon=one.lon,
            lat=one.lat,
            people_on_site=one.people,
            supervision_class=one.supervision_class,
            supervising_department=placed.organisations.get(one.department),
            owner_name=owner.name if owner else "",
            owner_phone=owner.phone if owner else "",
            manager_name=manager.name if manager else "",
            manager_phone=manager.phone if manager else "",
            fields=one.fields,
            demo=True,
            by=by,
            now=now,
        )
        step(1)


def _chains(spec: CountySpec, placed: Placed, *, by: User, now: datetime, since: date, step: Step) -> None:
    people = {person.key: person for person in spec.people}
    for link in spec.chains:
        person = people[link.person]
        holding = placed.holdings.get(link.person, "")
        organisations.assign(
            level=link.level,
            since=since,
            region=placed.regions[link.region] if link.region else None,
            site=placed.sites[link.site] if link.site else None,
            building=link.building,
            holding_id=holding,
            person_name="" if holding else person.name,
            person_phone="" if holding else person.phone,
            role=link.role,
            by=by,
            now=now,
        )
        step(1)

"""Reads: who is in which post, how many are missing, who answers for a place, and where nobody does."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import within
from anwang.ground.base.domains import Domain
from anwang.ground.regions import selectors as regions
from anwang.ground.regions.models import COLUMNS, Region
from anwang.kernel import clock
from anwang.registers.organisations import rules
from anwang.registers.organisations.models import (
    Holding,
    Organisation,
    OrganisationKind,
    Post,
    PostKey,
    Responsibility,
    ResponsibilityKind,
    in_force_on,
)

GRID, TOWN_OFFICER = "grid", "town_officer"
TOWN_BODIES = (OrganisationKind.TOWN, OrganisationKind.FIRE_STATION)


def _day(at: date | datetime) -> date:
    return clock.local_date(at) if isinstance(at, datetime) else at


# --- staffing ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post with the people in it on a day."""

    post: Post
    holdings: Sequence[Holding]

    @property
    def staffing(self) -> rules.Staffing:
        return rules.staffing(self.post.quota, len(self.holdings))


def posts_of(organisation: Organisation, at: date | datetime) -> list[PostRow]:
    """The posts of an organisation in their order, with who holds them on that day. Two queries."""
    held: dict[str, list[Holding]] = defaultdict(list)
    holdings = Holding.objects.at(_day(at)).filter(post__organisation=organisation).select_related("user", "post")
    for holding in holdings.order_by("since", "id"):
        held[holding.post_id].append(holding)
    return [
        PostRow(post, held[post.pk]) for post in organisation.posts.filter(retired_on=None).order_by("order", "title")
    ]


def posts_with_held(at: date | datetime) -> "QuerySet[Any]":
    """Posts in use, each with ``held``: how many people are in it on that day."""
    day = _day(at)
    return Post.objects.filter(retired_on=None).annotate(
        held=Count("holdings", filter=in_force_on(day, prefix="holdings__"))
    )


def staffing_of(organisation_ids: Iterable[str], at: date | datetime) -> dict[str, rules.Staffing]:
    """Organisation id → people meant, there and missing, over its posts. One query."""
    found: dict[str, rules.Staffing] = defaultdict(rules.Staffing)
    rows = posts_with_held(at).filter(organisation_id__in=list(organisation_ids))
    for organisation_id, quota, held in rows.values_list("organisation_id", "quota", "held"):
        found[organisation_id] += rules.staffing(quota, held)
    return dict(found)


def staffing_by_kind(user: Any, region: Region | None, at: date | datetime) -> dict[str, tuple[int, rules.Staffing]]:
    """Kind of organisation → how many there are and their staffing, of what ``user`` sees in ``region``. Two queries."""
    seen = Organisation.objects.visible_to(user).current()
    if region is not None:
        seen = seen.filter(**{COLUMNS[region.level]: region.code})
    counts = dict(seen.values_list("kind_key").annotate(n=Count("pk")))
    staffed: dict[str, rules.Staffing] = defaultdict(rules.Staffing)
    rows = posts_with_held(at).filter(organisation__in=seen)
    for kind, quota, held in rows.values_list("organisation__kind_key", "quota", "held"):
        staffed[kind] += rules.staffing(quota, held)
    return {kind: (counts[kind], staffed[kind]) for kind in OrganisationKind.values if kind in counts}


@dataclass(slots=True)
class Node:
    """One organisation in the tree with its staffing and what stands under it."""

    organisation: Organisation
    staffing: rules.Staffing
    children: "list[Node]" = field(default_factory=list)


def tree(user: Any, region: Region | None, at: date | datetime, *, kinds: Sequence[str] = ()) -> list[Node]:
    """Organisations that ``user`` sees in ``region``, each under the one above it; enterprises only when asked for."""
    seen = Organisation.objects.visible_to(user).current()
    if region is not None:
        seen = seen.filter(**{COLUMNS[region.level]: region.code})
    seen = seen.filter(kind_key__in=kinds) if kinds else seen.exclude(kind_key=OrganisationKind.ENTERPRISE)
    order = {kind: rank for rank, kind in enumerate(OrganisationKind.values)}
    rows = sorted(seen.select_related("region"), key=lambda row: (order[row.kind_key], row.region_id, row.name))
    staffed = staffing_of([row.pk for row in rows], at)
    nodes = {row.pk: Node(row, staffed.get(row.pk, rules.Staffing())) for row in rows}
    roots: list[Node] = []
    for node in nodes.values():
        above = nodes.get(node.organisation.parent_id or "")
        (above.children if above is not None else roots).append(node)
    return roots


def holdings_of(user: Any, at: date | datetime) -> "QuerySet[Holding]":
    """The posts that an account's person holds on a day."""
    return Holding.objects.at(_day(at)).filter(user=user).select_related("post__organisation")


def trail(organisation: Organisation) -> "QuerySet[Holding]":
    """Everybody who held a post here, newest first."""
    return (
        Holding.objects.filter(post__organisation=organisation).select_related("post", "user").order_by("-since", "-id")
    )


def find(county_code: str, name: str, *, uscc: str = "") -> Organisation | None:
    """The organisation with this code, else the only one in the county with this name; never one of several."""
    if uscc:
        by_code: Organisation | None = Organisation.objects.filter(uscc=uscc).first()
        if by_code is not None:
            return by_code
    same = list(Organisation.objects.filter(county_code=county_code, name_key=rules.name_key(name), active=True)[:2])
    return same[0] if len(same) == 1 else None


def names(ids: Collection[str]) -> dict[str, str]:
    """Id → name, for those that a grant names."""
    return dict(Organisation.objects.filter(pk__in=ids).values_list("pk", "name"))


def to_grant_on(by: Any, text: str) -> list[tuple[str, str]]:
    """(id, name) of at most 20 bodies with these words in their name on which ``by`` may give rights."""
    rows = Organisation.objects.reachable(by, Permission.GRANT_MANAGE).filter(active=True, name__icontains=text.strip())
    return list(rows.order_by("name").values_list("pk", "name")[:20])


def supervising(county_code: str, domain: str) -> list[Organisation]:
    """Departments and brigades of a county that supervise a domain."""
    bodies = Organisation.objects.current().filter(
        county_code=county_code, kind_key__in=[OrganisationKind.DEPARTMENT, OrganisationKind.FIRE_BRIGADE]
    )
    return [body for body in bodies.order_by("name") if domain in body.domains]


# --- who answers ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """Somebody who answers for a place. ``level`` is the order in the chain, the nearest to the place first.

    ``person`` is "" where nobody is in the post (``vacant``). ``phone`` is in full: screens mask it.
    """

    level: int
    kind: str
    person: str
    post: str
    phone: str
    since: date | None
    chain: str = ""
    words: str = ""
    role: str = ""
    organisation: str = ""
    organisation_id: str = ""
    where: str = ""
    user_id: str = ""
    holding_id: str = ""
    responsibility_id: str = ""
    domains: tuple[str, ...] = ()

    @property
    def vacant(self) -> bool:
        return not self.person


_RELATED = (
    "level",
    "region",
    "user",
    "post__organisation",
    "holding__user",
    "holding__post__organisation",
)


def responsible_for(place: Any, at: date | datetime, domain: str | None = None, *, building: str = "") -> list[Answer]:
    """Who answers for ``place`` on that day, from the nearest (post, grid member) up to the leaders of the city.

    ``place`` is a region, a grid, a site, or anything with the six code columns. A site is asked for its own domain
    unless another is given; a region for all. Rows of a building are left out unless ``building`` names it.
    What the place says of itself (``own_answers``: manager, supervising department) fills levels nobody was put down for.
    """
    day = _day(at)
    codes = [code for column in COLUMNS.values() if (code := getattr(place, column, ""))]
    about = Q(site_id="", region_id__in=codes)
    if getattr(place, "kind", "") == "site":
        about |= Q(site_id=str(place.pk))
        domain = domain or getattr(place, "domain", None)
    rows = [
        row
        for row in Responsibility.objects.at(day).filter(about, level__active=True).select_related(*_RELATED)
        if (not row.building or rules.name_key(row.building) == rules.name_key(building))
        and (domain is None or not row.domains or domain in row.domains)
    ]
    answers = _answers(rows, day)
    own: Callable[[date], list[Answer]] | None = getattr(place, "own_answers", None)
    if own is not None:
        said = {answer.kind for answer in answers if not answer.vacant}
        kinds = {kind.key: kind for kind in levels()}
        answers += [
            replace(answer, level=kind.order, chain=kind.chain, words=kind.word)
            for answer in own(day)
            if answer.kind not in said and (kind := kinds.get(answer.kind)) is not None
        ]
    return sorted(answers, key=lambda answer: (answer.level, answer.vacant, answer.role, answer.person))


def _answers(rows: Sequence[Responsibility], day: date) -> list[Answer]:
    post_ids = [row.post_id for row in rows if row.post_id]
    in_post: dict[str, list[Holding]] = defaultdict(list)
    if post_ids:
        for holding in Holding.objects.at(day).filter(post_id__in=post_ids).select_related("user").order_by("since"):
            in_post[holding.post_id].append(holding)
    found: list[Answer] = []
    for row in rows:
        if row.post_id:
            people: list[Holding | None] = [*in_post[row.post_id]] or [None]
            found.extend(_answer(row, post=row.post, holding=holding) for holding in people)
        elif row.holding is not None:
            holds = rules.in_force(row.holding.since, row.holding.until, day)
            found.append(_answer(row, post=row.holding.post, holding=row.holding if holds else None))
        else:
            found.append(_answer(row))
    return found


def _answer(row: Responsibility, *, post: Post | None = None, holding: Holding | None = None) -> Answer:
    named = post is None
    user = row.user if named else (holding.user if holding else None)
    return Answer(
        level=row.level.order,
        kind=row.level.key,
        chain=row.level.chain,
        words=row.level.word,
        role=row.role,
        person=(row.person_name or (user.name if user else "")) if named else (holding.name if holding else ""),
        post=post.title if post else (user.title if user else ""),
        phone=(row.person_phone or (user.phone if user else "")) if named else (holding.phone if holding else ""),
        since=max(row.since, holding.since) if holding else row.since,
        organisation=str(post.organisation) if post else "",
        organisation_id=post.organisation_id if post else "",
        where=row.building or ("" if row.site_id else row.region.name),
        user_id=user.pk if user else "",
        holding_id=holding.pk if holding else "",
        responsibility_id=row.pk,
        domains=tuple(row.domains),
    )


@dataclass(frozen=True, slots=True)
class Below:
    """A place inside another one, and who answers for exactly that: a child region, or a building of a site."""

    name: str
    region: Region | None
    answers: Sequence[Answer]


def below(place: Any, at: date | datetime) -> list[Below]:
    """The chain downward: for each child region who answers for it; for a site its buildings. Three queries."""
    day = _day(at)
    if getattr(place, "kind", "") == "site":
        rows = list(
            Responsibility.objects.at(day).filter(site_id=str(place.pk)).exclude(building="").select_related(*_RELATED)
        )
        named: dict[str, list[Responsibility]] = defaultdict(list)
        for row in rows:
            named[row.building].append(row)
        return [Below(name, None, _sorted(_answers(named[name], day))) for name in sorted(named, key=_natural)]
    children = list(Region.objects.current().filter(parent_id=place.code).order_by("code"))
    by_region: dict[str, list[Answer]] = defaultdict(list)
    rows = list(
        Responsibility.objects.at(day)
        .filter(region__parent_id=place.code, site_id="", building="", level__active=True)
        .select_related(*_RELATED)
    )
    for row in rows:
        by_region[row.region_id].extend(_answers([row], day) if row.post_id else [])
    plain = [row for row in rows if not row.post_id]
    for row, answer in zip(plain, _answers(plain, day), strict=True):
        by_region[row.region_id].append(answer)
    return [Below(child.name, child, _sorted(by_region[child.code])) for child in children]


def _sorted(answers: Iterable[Answer]) -> list[Answer]:
    return sorted(answers, key=lambda answer: (answer.level, answer.vacant, answer.role, answer.person))


def _natural(text: str) -> tuple[int, str]:
    digits = "".join(sign for sign in text if sign.isdigit())
    return (int(digits) if digits else 0, text)


def history(place: Any) -> "QuerySet[Responsibility]":
    """Every row that ever covered exactly this place, newest first."""
    rows = Responsibility.objects.select_related(*_RELATED)
    if getattr(place, "kind", "") == "site":
        rows = rows.filter(site_id=str(place.pk))
    else:
        rows = rows.filter(region_id=place.code, site_id="")
    return rows.order_by("-since", "-id")


# --- places from above ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SitesAbove:
    """What the room of sites hands up, so that this one can name them without knowing them.

    ``find(user, text)`` → [(site, words, number)], ``get(user, id)`` → a site or None,
    ``without_department(user, region)`` → (count, [(name, url), …] of the first ones).
    """

    find: Callable[[Any, str], Sequence[tuple[Any, str, str]]]
    get: Callable[[Any, str], Any]
    without_department: Callable[[Any, Region], tuple[int, Sequence[tuple[str, str]]]]


_sites: list[SitesAbove] = []


def provide_sites(above: SitesAbove) -> None:
    """Called once by the room of sites when it is ready."""
    _sites[:] = [above]


def sites_above() -> SitesAbove | None:
    return _sites[0] if _sites else None


def regions_for(user: Any) -> "QuerySet[Region]":
    """The regions in which ``user`` may read the chains."""
    return Region.objects.current().filter(within(user, Permission.ORGANISATION_READ, Region))


def find_regions(user: Any, text: str, *, limit: int = 20) -> list[Region]:
    """Regions of ``user`` by name, path or code."""
    return regions.search(user, text, within=regions_for(user), limit=limit)


# --- gaps -------------------------------------------------------------------------------------------------------------


def alive(day: date) -> Q:
    """Responsibility rows behind which there is a person on that day."""
    in_post = Exists(Holding.objects.at(day).filter(post_id=OuterRef("post_id")))
    return (
        ~Q(person_name="")
        | Q(user__is_active=True)
        | (Q(holding__isnull=False) & in_force_on(day, prefix="holding__"))
        | Q(in_post)
    )


@dataclass(frozen=True, slots=True)
class Gaps:
    """Where nobody answers. Each is a query: count it, show the first."""

    grids: "QuerySet[Region]"
    towns: "QuerySet[Region]"
    posts: "QuerySet[Any]"
    """With ``held``; fewer people than the quota."""
    silent: "QuerySet[Responsibility]"
    """Rows in force whose person has left."""
    sites: int
    first_sites: Sequence[tuple[str, str]]

    def counts(self) -> dict[str, int]:
        return {
            "grids": self.grids.count(),
            "towns": self.towns.count(),
            "posts": self.posts.count(),
            "silent": self.silent.count(),
            "sites": self.sites,
        }


def gaps(
    region: Region,
    at: date | datetime,
    *,
    user: Any = None,
    sites: Callable[[Any, Region], tuple[int, Sequence[tuple[str, str]]]] | None = None,
) -> Gaps:
    """Grids without a member, towns without an officer, posts that are not filled, rows whose person has left, and
    sites without a department (asked of ``sites(user, region)``, which the room above gives).
    """
    day = _day(at)
    column = COLUMNS[region.level]
    inside = Q(**{column: region.code})
    rows = Responsibility.objects.at(day).filter(site_id="")
    with_member = rows.filter(level_id=GRID, region_id=OuterRef("code")).filter(alive(day))
    officers = Holding.objects.at(day).filter(
        post__key=PostKey.SAFETY_OFFICER,
        post__organisation__kind_key__in=TOWN_BODIES,
        post__organisation__town_code=OuterRef("code"),
    )
    with_officer = rows.filter(level_id=TOWN_OFFICER, region_id=OuterRef("code")).filter(alive(day))
    above = sites_above()
    ask = sites or (above.without_department if above is not None else None)
    count, first = ask(user, region) if ask is not None else (0, ())
    all_inside = Region.objects.current().filter(inside)
    return Gaps(
        grids=all_inside.filter(level="grid").filter(~Exists(with_member)).select_related("parent").order_by("code"),
        towns=all_inside.filter(level="town").filter(~Exists(with_officer), ~Exists(officers)).order_by("code"),
        posts=posts_with_held(day)
        .filter(**{f"organisation__{column}": region.code}, organisation__active=True, held__lt=F("quota"))
        .select_related("organisation")
        .order_by("organisation__name", "order"),
        silent=Responsibility.objects.at(day)
        .filter(inside)
        .filter(~alive(day))
        .select_related(*_RELATED)
        .order_by("level__order", "region_id"),
        sites=count,
        first_sites=first,
    )


def organisations(
    user: Any,
    *,
    region: Region | None = None,
    kinds: Sequence[str] = (),
    domains: Sequence[str] = (),
    closed: bool = False,
    text: str = "",
) -> "QuerySet[Any]":
    """The list of organisations that ``user`` sees, enterprises included."""
    rows: QuerySet[Any] = Organisation.objects.visible_to(user).filter(active=not closed)
    if region is not None:
        rows = rows.filter(**{COLUMNS[region.level]: region.code})
    if kinds:
        rows = rows.filter(kind_key__in=list(kinds))
    if domains:
        # A list in one column: asked as text, which both databases can do. No code of a domain holds another one.
        hit = Q()
        for domain in domains:
            hit |= Q(domain_words__contains=f'"{domain}"')
        rows = rows.annotate(domain_words=Cast("domains", TextField())).filter(hit)
    if words := " ".join(text.split()):
        hit = Q(name__icontains=words) | Q(short_name__icontains=words) | Q(uscc=words.upper())
        if key := rules.name_key(words):
            hit |= Q(name_key__contains=key)
        rows = rows.filter(hit)
    return rows


def levels() -> "QuerySet[ResponsibilityKind]":
    return ResponsibilityKind.objects.filter(active=True).order_by("order")


def domain_words(codes: Iterable[str]) -> str:
    labels = dict(Domain.choices)
    return "、".join(str(labels.get(code, code)) for code in codes)

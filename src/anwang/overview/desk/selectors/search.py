"""One search for everything: only what the person may see, gathered by what it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise

from anwang.ground.accounts import scope
from anwang.ground.accounts import selectors as accounts
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.regions import selectors as regions
from anwang.kernel import clock
from anwang.overview.desk import labels
from anwang.registers.organisations import selectors as organisations
from anwang.registers.organisations.models import Holding
from anwang.registers.sites import selectors as sites
from anwang.registers.sites.models import Site
from anwang.registers.standards import selectors as standards
from anwang.work.hazards import selectors as hazards
from anwang.work.hazards.models import Hazard
from anwang.work.inspections.labels import KIND, STATE
from anwang.work.inspections.models import Inspection

Text = str | Promise

SHOWN = 6
"""As many of each group; the door to the rest stands below."""
LONGEST = 60


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. ``exact``: the number or code itself was typed."""

    title: Text
    url: str
    note: Text = ""
    number: str = ""
    level: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one sort; ``more_url`` leads to all of it where there may be more."""

    key: str
    label: Text
    hits: list[Hit]
    more_url: str = ""


def words_of(text: str) -> str:
    """What is searched for: one line, no longer than anybody types."""
    return " ".join(text.replace("\0", "").split())[:LONGEST]


def search(user: User, text: str, *, now: Any) -> list[Group]:
    """Groups with at least one hit. Each group asks for the right that its own pages ask for."""
    words = words_of(text)
    if not words:
        return []
    groups = []
    for key, (permission, find, more) in _FINDERS.items():
        if not scope.may(user, permission):
            continue
        found = list(find(user, words, now))
        if found:
            groups.append(Group(key, labels.GROUPS[key], found[:SHOWN], more(words) if len(found) > SHOWN else ""))
    return groups


def exact(groups: list[Group]) -> Hit | None:
    """The one thing whose number was typed, where there is exactly one."""
    found = [hit for group in groups for hit in group.hits if hit.exact]
    return found[0] if len(found) == 1 else None


def _sites(user: User, words: str, _now: Any) -> Iterator[Hit]:
    found = sites.search(user, words, limit=SHOWN + 1)
    kinds = sites.kind_words() if found else {}
    own = {row.pk for row in found}
    if len(found) <= SHOWN and not words.isdecimal():
        # People are written on the file of their place: whoever looks for an owner finds the shop.
        held = Site.objects.visible_to(user).current().filter(Q(manager_name=words) | Q(owner_name=words))
        found += [row for row in held.select_related("region").order_by("name", "id")[: SHOWN + 1] if row.pk not in own]
    for row in found[: SHOWN + 1]:
        yield Hit(
            title=row.name,
            url=reverse("sitefile:site", args=[row.pk]),
            note=" · ".join(filter(None, [str(kinds.get(row.kind_key, row.kind_key)), row.region_path, row.address])),
            number=row.number,
            level=row.colour,
            exact=words.upper() in (row.number, row.uscc or "-"),
        )


def _hazards(user: User, words: str, _now: Any) -> Iterator[Hit]:
    rows = hazards.ledger(user, hazards.Filters(text=words)).select_related("site")
    for row in rows.order_by("-found_on", "-id")[: SHOWN + 1]:
        yield _hazard_hit(row, words)


def _hazard_hit(row: Hazard, words: str) -> Hit:
    return Hit(
        title=row.description,
        url=reverse("hazards:hazard", args=[row.pk]),
        note=f"{row.site.name} · {row.get_state_display()} · {row.found_on.isoformat()}",
        number=row.number,
        exact=row.number == words,
    )


def _visits(user: User, words: str, _now: Any) -> Iterator[Hit]:
    rows = Inspection.objects.visible_to(user).filter(Q(number__startswith=words) | Q(lead__name=words))
    for row in rows.select_related("site", "lead").order_by("-made_at", "-id")[: SHOWN + 1]:
        yield Hit(
            title=row.site.name,
            url=reverse("inspections:thing", args=[row.pk]),
            note=f"{KIND[row.visit_kind]} · {STATE[row.state]} · {row.lead.name} · {clock.local_date(row.made_at).isoformat()}",
            number=row.number,
            exact=row.number == words,
        )


def _organisations(user: User, words: str, _now: Any) -> Iterator[Hit]:
    rows = organisations.organisations(user, text=words).select_related("region")
    for row in rows.order_by("name", "id")[: SHOWN + 1]:
        yield Hit(
            title=row.name,
            url=reverse("organisations:organisation", args=[row.pk]),
            note=" · ".join(filter(None, [row.get_kind_key_display(), row.region.name])),
            number=row.uscc,
            exact=bool(row.uscc) and row.uscc == words.upper(),
        )


def _people(user: User, words: str, now: Any) -> Iterator[Hit]:
    """People in posts, by name: who somebody is, and where to reach them."""
    rows = Holding.objects.visible_to(user).at(clock.local_date(now))
    named = Q(person_name__icontains=words) | Q(user__name__icontains=words)
    rows = rows.filter(named).select_related("post__organisation", "user")
    for row in rows.order_by("person_name", "id")[: SHOWN + 1]:
        yield Hit(
            title=row.name,
            url=reverse("organisations:organisation", args=[row.post.organisation_id]),
            note=f"{row.post.organisation.name} · {row.post.title}",
        )


def _regions(user: User, words: str, _now: Any) -> Iterator[Hit]:
    found = regions.search(user, words, limit=SHOWN + 1)
    for row, path in zip(found, regions.paths(found, start="city"), strict=True):
        url = reverse("regions:region", args=[row.code])
        yield Hit(title=row.name, url=url, note=path, number=row.code, exact=row.code == words)


def _accounts(user: User, words: str, now: Any) -> Iterator[Hit]:
    rows = accounts.people(user, now=now, text=words).order_by("name", "pk")
    for row in rows[: SHOWN + 1]:
        url = reverse("accounts:people:person", args=[row.pk])
        yield Hit(title=row.name, url=url, note=" · ".join(filter(None, [row.username, row.title])))


def _standards(user: User, words: str, _now: Any) -> Iterator[Hit]:
    for row in standards.find(user, text=words)[: SHOWN + 1]:
        yield Hit(title=row.title(), url=reverse("standards:row", args=[row.pk]), note=row.place())


Finder = Callable[[User, str, Any], Iterator[Hit]]


def _list(name: str) -> Callable[[str], str]:
    def more(words: str) -> str:
        from urllib.parse import urlencode

        extra = {"group": "all"} if name == "hazards:ledger" else {}
        return f"{reverse(name)}?{urlencode({'q': words, **extra})}"

    return more


_FINDERS: dict[str, tuple[Permission, Finder, Callable[[str], str]]] = {
    "sites": (Permission.SITE_READ, _sites, _list("sites:ledger")),
    "hazards": (Permission.HAZARD_READ, _hazards, _list("hazards:ledger")),
    "visits": (Permission.INSPECTION_READ, _visits, _list("inspections:list")),
    "organisations": (Permission.ORGANISATION_READ, _organisations, _list("organisations:ledger")),
    "people": (Permission.ORGANISATION_READ, _people, _list("organisations:ledger")),
    "regions": (Permission.REGION_READ, _regions, _list("regions:tree")),
    "accounts": (Permission.USER_MANAGE, _accounts, _list("accounts:people:list")),
    "standards": (Permission.STANDARD_READ, _standards, _list("standards:list")),
}

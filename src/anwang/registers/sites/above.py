"""What this room hands down to organisations, which may name places without knowing them."""

from typing import Any

from django.urls import reverse

from anwang.ground.regions.models import Region
from anwang.registers.organisations.selectors import SitesAbove
from anwang.registers.sites import selectors, services
from anwang.registers.sites.models import Site


def _find(user: Any, text: str) -> list[tuple[Any, str, str]]:
    return [(site, f"{site.name} · {site.region_path}", site.number) for site in selectors.search(user, text)]


def _get(user: Any, site_id: str) -> Site | None:
    seen = Site.objects.visible_to(user).select_related("region", "enterprise", "supervising_department")
    found: Site | None = seen.filter(pk=site_id).first()
    return found


def _without_department(user: Any, region: Region) -> tuple[int, list[tuple[str, str]]]:
    count, first = selectors.without_department(user, region)
    return count, [(site.name, reverse("sites:change", args=[site.pk])) for site in first]


# Imported for its registration with organisations.on_merge as well.
FOLLOW = services.on_merge
SITES = SitesAbove(find=_find, get=_get, without_department=_without_department)

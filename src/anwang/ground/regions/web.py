"""The tree, a region's page, a grid's page and its changes."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from anwang.ground.base import rights
from anwang.ground.base.errors import Refused
from anwang.ground.base.parts import Act, Entry, Fact, MapView, Number, Place
from anwang.ground.regions import forms, labels, selectors, services
from anwang.ground.regions.models import EDIT_GRIDS, LEVELS, Grid, Region

CHILDREN_SHOWN = 500
GAPS_SHOWN = 100


def _seen(request: HttpRequest, code: str) -> Region:
    """The region, if its page may be read; everything else does not exist."""
    return Region.objects.visible_to(request.user).select_related("parent").get(pk=code)


@require_GET
def tree(request: HttpRequest) -> HttpResponse:
    """Where one's own tree begins; with ``?q=`` what is called so in it."""
    text = request.GET.get("q", "").strip()
    if text:
        found = selectors.search(request.user, text, limit=50)
        rows = list(zip(found, selectors.paths(found), strict=True))
        context = {"page_title": _("Regions and grids"), "found": rows, "text": text}
        return render(request, "regions/tree.html", context)
    tops = list(selectors.tops(request.user)[:CHILDREN_SHOWN])
    if len(tops) == 1:
        return redirect("regions:region", tops[0].code)
    rows = list(zip(tops, selectors.paths(tops, start="province"), strict=True))
    return render(request, "regions/tree.html", {"page_title": _("Regions and grids"), "tops": rows})


@require_GET
def region(request: HttpRequest, code: str) -> HttpResponse:
    place = _seen(request, code)
    context = {"page_title": place.name, "region": place, "crumbs": _crumbs(request, place)}
    if place.level == "grid":
        return render(request, "regions/grid.html", context | _grid(request, place))
    return render(request, "regions/region.html", context | _region(request, place))


def _crumbs(request: HttpRequest, place: Region, *more: str) -> list[tuple[str, str]]:
    above = selectors.path(place)
    mine = set(Region.objects.visible_to(request.user).filter(pk__in=above).values_list("pk", flat=True))
    trail = [
        (each.name, reverse("regions:region", args=[each.code]) if each.code in mine else "")
        for each in above
        if not (each.pseudo and each.level == "city")
    ]
    return [(_("Regions and grids"), reverse("regions:tree")), *trail, *((word, "") for word in more)]


def _region(request: HttpRequest, place: Region) -> dict[str, Any]:
    children = list(selectors.children(place)[: CHILDREN_SHOWN + 1])
    by_level: dict[str, list[Region]] = {}
    for child in children[:CHILDREN_SHOWN]:
        by_level.setdefault(child.level, []).append(child)
    below = {code: counts for group in by_level.values() for code, counts in selectors.below(group).items()}
    gaps = selectors.gaps(place) if LEVELS.index(place.level) >= LEVELS.index("county") else None
    counts = selectors.below([place]).get(place.code, selectors.Below())
    numbers = [
        Number(label, value)
        for level, label, value in (
            ("county", _("Counties"), counts.counties),
            ("town", _("Towns and streets"), counts.towns),
            ("village", _("Villages and communities"), counts.villages),
            ("grid", _("Grids"), counts.grids),
        )
        if LEVELS.index(level) > LEVELS.index(place.level)
    ]
    if gaps is not None:
        numbers += [
            Number(_("Villages without a grid"), gaps.villages_without_grid.count(), url="#gaps"),
            Number(_("Grids without an outline"), gaps.grids_without_outline.count(), url="#gaps"),
        ]
    return {
        "level": labels.LEVELS[place.level],
        "numbers": numbers,
        "groups": [
            (labels.LEVELS[level], [(child, below.get(child.code, selectors.Below())) for child in group])
            for level, group in by_level.items()
        ],
        "more": len(children) > CHILDREN_SHOWN,
        "gaps": gaps,
        "gap_villages": _named(gaps.villages_without_grid[:GAPS_SHOWN]) if gaps else [],
        "gap_grids": _named([grid.region for grid in gaps.grids_without_outline[:GAPS_SHOWN]]) if gaps else [],
        "overlaps": selectors.overlaps(place) if place.level in {"town", "village"} else [],
        "map": _map(place, children[:CHILDREN_SHOWN]),
        "acts": _region_acts(request, place, counts),
    }


def _named(regions: Any) -> list[tuple[Region, str]]:
    listed = list(regions)
    return list(zip(listed, selectors.paths(listed, start="town"), strict=True))


def _map(place: Region, children: list[Region]) -> MapView:
    marks = [
        Place(child.lon, child.lat, child.name, reverse("regions:region", args=[child.code]))
        for child in children
        if child.lat is not None and child.lon is not None
    ]
    url = reverse("regions:outlines", args=[place.code])
    return MapView("region", _("Map of %(name)s") % {"name": place.name}, marks, borders_url=url, listed=0)


def _region_acts(request: HttpRequest, place: Region, counts: selectors.Below) -> list[Act]:
    if place.level not in {"town", "village"} or not rights.can(request.user, EDIT_GRIDS, on=place):
        return []
    acts = [Act(_("Make a grid"), reverse("regions:make", args=[place.code]), primary=True, icon="plus")]
    if counts.grids >= 2:
        acts.append(Act(_("Merge grids"), reverse("regions:merge", args=[place.code]), icon="affiliate"))
    return acts


def _grid(request: HttpRequest, place: Region) -> dict[str, Any]:
    row = Grid.objects.get(pk=place.pk)
    successors = [] if place.retired_on is None else selectors.successors(place)
    drawn = (
        _("Drawn") if row.outline else (_("%(n)d points") % {"n": len(row.points)} if row.points else _("Not drawn"))
    )
    facts = [
        Fact(_("Code"), place.code),
        Fact(_("Lies in"), selectors.path_words(place.parent) if place.parent else ""),
        Fact(_("Made on"), row.made_on),
        Fact(_("Outline"), drawn),
    ]
    if place.retired_on is not None:
        facts.append(Fact(_("Retired on"), place.retired_on))
    return {
        "facts": facts,
        "successors": successors,
        "map": _map(place, [place] if not row.outline else []),
        "entries": _history(place),
        "acts": _grid_acts(request, place),
    }


def _history(place: Region) -> list[Entry]:
    entries = []
    for change in selectors.history(place):
        what = str(labels.CHANGES[change.what])
        other = change.new if change.old_id == place.pk else change.old
        if change.what in {"merged", "split"} and other is not None:
            pattern = _("%(what)s into %(name)s") if change.old_id == place.pk else _("%(what)s from %(name)s")
            what = pattern % {"what": what, "name": f"{other.name} ({other.code})"}
        elif "name" in change.before:
            what = _("%(what)s, was %(name)s") % {"what": what, "name": change.before["name"]}
        url = reverse("regions:region", args=[other.code]) if other is not None and other.pk != place.pk else ""
        entries.append(Entry(change.at, what, who=change.by_name, note=change.note, url=url))
    return entries


def _grid_acts(request: HttpRequest, place: Region) -> list[Act]:
    if not rights.can(request.user, EDIT_GRIDS, on=place):
        return []
    over = Refused("regions.retired")
    why: dict[str, Any] = {"why": over.what, "todo": over.todo} if place.retired_on is not None else {}
    return [
        Act(_("Draw the outline"), reverse("regions:redraw", args=[place.code]), primary=True, icon="map-2", **why),
        Act(_("Rename"), reverse("regions:rename", args=[place.code]), icon="edit", **why),
        Act(
            _("Merge with others"),
            f"{reverse('regions:merge', args=[place.town_code])}?with={place.code}",
            icon="affiliate",
            **why,
        ),
        Act(_("Split the grid"), reverse("regions:split", args=[place.code]), icon="sitemap", **why),
    ]


@require_GET
def outlines(request: HttpRequest, code: str) -> HttpResponse:
    """GeoJSON (WGS-84) for the map of a region's page."""
    return JsonResponse(selectors.outlines(_seen(request, code)), json_dumps_params={"ensure_ascii": False})


@require_GET
def pick(request: HttpRequest) -> HttpResponse:
    """Suggestions for :class:`~anwang.ground.regions.forms.RegionField`: options with path and code."""
    text = request.GET.get(request.GET.get("name", ""), "") or request.GET.get("q", "")
    levels = [level for level in request.GET.get("levels", "").split(",") if level in LEVELS]
    found = selectors.search(request.user, text[:60], levels=levels)
    words = [f"{path} {each.code}" for each, path in zip(found, selectors.paths(found), strict=True)]
    return render(request, "regions/widgets/suggestions.html", {"suggestions": words})


# --- changes --------------------------------------------------------------------------------------------------------


def _editable(request: HttpRequest, code: str) -> Region:
    place = _seen(request, code)
    rights.require(request.user, EDIT_GRIDS, on=place)
    return place


def _form(request: HttpRequest, place: Region, title: str, **context: Any) -> HttpResponse:
    shell = {
        "page_title": title,
        "crumbs": _crumbs(request, place, title),
        "cancel_url": reverse("regions:region", args=[place.code]),
        "region": place,
    }
    return render(request, context.pop("template", "regions/form.html"), shell | context)


def _tell(form: Any, refused: Refused) -> None:
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


@require_http_methods(["GET", "POST"])
def make(request: HttpRequest, code: str) -> HttpResponse:
    under = _editable(request, code)
    form = forms.GridForm(request.POST or None)
    if form.is_valid():
        try:
            grid = services.make_grid(under=under, by=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("Made as %(code)s.") % {"code": grid.code})
            return redirect("regions:region", grid.code)
    title = _("Make a grid in %(name)s") % {"name": under.name}
    return _form(request, under, title, form=form, submit_label=_("Make the grid"))


@require_http_methods(["GET", "POST"])
def redraw(request: HttpRequest, code: str) -> HttpResponse:
    grid = _editable(request, code)
    row = Grid.objects.get(pk=grid.pk)
    form = forms.RedrawForm(request.POST or None, initial={"outline": row.outline, "points": row.points})
    if form.is_valid():
        try:
            services.redraw(grid=grid, by=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("The outline is changed; the old one is kept in the history."))
            return redirect("regions:region", grid.code)
    return _form(request, grid, _("Draw the outline"), form=form, submit_label=_("Change the outline"))


@require_http_methods(["GET", "POST"])
def rename(request: HttpRequest, code: str) -> HttpResponse:
    grid = _editable(request, code)
    form = forms.RenameForm(request.POST or None, initial={"name": grid.name})
    if form.is_valid():
        try:
            services.rename(grid=grid, by=request.user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("Renamed."))
            return redirect("regions:region", grid.code)
    return _form(request, grid, _("Rename %(name)s") % {"name": grid.name}, form=form, submit_label=_("Rename"))


@require_http_methods(["GET", "POST"])
def merge(request: HttpRequest, code: str) -> HttpResponse:
    """Merge grids of a town or a village."""
    place = _editable(request, code)
    grids = [grid.region for grid in selectors.grids_under(place)]
    form = forms.MergeForm(request.POST or None, grids=grids, initial={"olds": request.GET.getlist("with")})
    if form.is_valid():
        fields = {**form.cleaned_data}
        codes = set(fields.pop("olds"))
        chosen = [grid for grid in grids if grid.code in codes]
        try:
            grid = services.merge_grids(olds=chosen, by=request.user, now=timezone.now(), **fields)
        except Refused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("Merged into %(name)s (%(code)s).") % {"name": grid.name, "code": grid.code})
            return redirect("regions:region", grid.code)
    return _form(
        request,
        place,
        _("Merge grids in %(name)s") % {"name": place.name},
        form=form,
        submit_label=_("Merge the chosen grids"),
        danger_confirm=_("The chosen grids are retired and one new grid takes their place. This cannot be undone."),
        submit_note=_(
            "Hazards and sites stay in the grid in which they were recorded. Grants on the old grids must be given anew."
        ),
    )


@require_http_methods(["GET", "POST"])
def split(request: HttpRequest, code: str) -> HttpResponse:
    grid = _editable(request, code)
    form = forms.SplitForm(request.POST or None)
    initial = [{"name": f"{grid.name}{sign}"} for sign in ("东", "西")]
    parts = forms.PartFormSet(request.POST or None, prefix="part", initial=None if request.POST else initial)
    if request.method == "POST" and form.is_valid() and parts.is_valid():
        made = [
            services.Part(each["name"], each["outline"], each["points"])
            for part in parts
            if (each := part.cleaned_data).get("name")
        ]
        crs = parts.forms[0].cleaned_data.get("crs", "wgs84")
        try:
            services.split_grid(
                grid=grid, parts=made, by=request.user, now=timezone.now(), crs=crs, note=form.cleaned_data["note"]
            )
        except Refused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("Split into %(n)d grids.") % {"n": len(made)})
            return redirect("regions:region", grid.parent_id)
    return _form(
        request,
        grid,
        _("Split %(name)s") % {"name": grid.name},
        template="regions/split.html",
        form=form,
        parts=parts,
        submit_label=_("Split the grid"),
        danger_confirm=_("The grid is retired and the parts take its place. This cannot be undone."),
        submit_note=_(
            "Hazards and sites stay in the grid in which they were recorded. Grants on the old grids must be given anew."
        ),
    )

"""Screens: the list of places, one place's file, base counts, map, what is near, doubles, and the office's own data."""

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import can, require
from anwang.ground.base import keyset, sheets
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused, sentence
from anwang.ground.base.models import new_id
from anwang.ground.base.parts import Act, Column, Entry, Fact, Filter, Ledger, MapView, Number, Person, Place
from anwang.ground.regions import selectors as regions
from anwang.ground.regions.models import Region
from anwang.kernel import clock, ids, mask
from anwang.registers.organisations import selectors as chains
from anwang.registers.sites import forms, rules, selectors, services
from anwang.registers.sites.labels import ACTIONS, COLOURS, FLAGS, STATES, TONES
from anwang.registers.sites.models import Site, SiteKind, SiteMove, SmallPlaceLimit
from anwang.registers.sites.rules import Action, Facts, Flag, State
from anwang.registers.sites.selectors import Asked

DOMAINS = dict(Domain.choices)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ON_MAP = 5000
COUNTED = 10_000
"""A list says how many rows there are up to here; base counts say it exactly."""
NEAR_M = 2000


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _today() -> date:
    return clock.local_date(timezone.now())


def _may_read(request: HttpRequest) -> User:
    require(request.user, Permission.SITE_READ)
    return _user(request)


def _row(request: HttpRequest, pk: str, permission: Permission = Permission.SITE_READ) -> Site:
    """The place, seen and permitted; what is not seen does not exist."""
    seen = Site.objects.visible_to(request.user).select_related("region", "enterprise", "supervising_department")
    site: Site = get_object_or_404(seen, pk=pk)
    require(request.user, permission, on=site)
    return site


def _seen_regions(user: User) -> Any:
    return chains.regions_for(user)


def _home(user: User, code: str) -> Region | None:
    """The region an address names, or where the user's own tree begins."""
    seen = _seen_regions(user)
    found: Region | None = get_object_or_404(seen, pk=code) if code else regions.tops(user).first()
    return found


def _sent_id(request: HttpRequest) -> str:
    key = request.POST.get("idempotency_key", "")
    return key if ids.is_ulid(key) else new_id()


def _form(request: HttpRequest, form: Any, template: str = "base/form.html", **context: Any) -> HttpResponse:
    return render(request, template, {"form": form, **context}, status=422 if form.errors else 200)


def _complain(form: Any, refused: Refused) -> None:
    field = refused.field.replace("fields.", forms.OWN)
    field = {"lon": "lng"}.get(field, field)
    form.add_error(field if field in form.fields else None, str(refused))


# --- the list ---------------------------------------------------------------------------------------------------------


def _ledger(request: HttpRequest, region: Region | None) -> Ledger:
    user = _user(request)
    parts = list(regions.children(region)[:200]) if region is not None else []
    here = [(region.code, region.name)] if region is not None else []
    kinds = selectors.kind_words()
    classes = selectors.classes(region if region is not None else Region())
    return Ledger(
        request,
        key="sites",
        title=_("Supervised places"),
        row_template="sites/row.html",
        columns=[
            Column("name", _("Name"), sort="name", always=True),
            Column("number", _("Number"), sort="number", extra=True),
            Column("kind", _("Kind")),
            Column("domain", _("Domain"), extra=True),
            Column("region", _("Lies in")),
            Column("colour", _("Risk level")),
            Column("class", _("Supervision class")),
            Column("department", _("Department")),
            Column("people", _("People on site"), number=True, extra=True),
            Column("next", _("Next inspection")),
            Column("state", _("State"), extra=True),
            Column("flags", _("Doubts about the data")),
        ],
        filters=[
            Filter("region", _("Region"), kind="one", choices=[*here, *((part.code, part.name) for part in parts)]),
            Filter("kind", _("Kind"), choices=list(kinds.items())),
            Filter("domain", _("Domain"), choices=Domain.choices),
            Filter("due", _("Due within 30 days"), kind="flag"),
            Filter(
                "class", _("Supervision class"), choices=[(key, row.word) for key, row in classes.items()], quick=False
            ),
            Filter("colour", _("Risk level"), choices=[*COLOURS, ("none", _("Not assessed"))], quick=False),
            Filter("state", _("State"), choices=list(STATES.items()), quick=False),
            Filter("flag", _("Doubts about the data"), choices=[(str(k), w) for k, w in FLAGS.items()], quick=False),
            Filter("small", _("Nine small places only"), kind="flag", quick=False),
        ],
        default_sort="name",
        search_label=_("Name, number, address or credit code"),
        exports={"Excel": reverse("sites:export")},
        new=Act(_("Enter a place"), reverse("sites:new"), icon="plus", primary=True)
        if can(user, Permission.SITE_EDIT)
        else None,
        empty=_("Places of your region appear here once they are entered."),
        empty_act=Act(_("Enter a place"), reverse("sites:new"), icon="plus", primary=True)
        if can(user, Permission.SITE_EDIT)
        else None,
    )


def _asked(request: HttpRequest, asked: Ledger, region: Region | None) -> Asked:
    return Asked(
        region=region if request.GET.get("region") else None,
        kinds=asked.chosen("kind"),
        domains=asked.chosen("domain"),
        classes=asked.chosen("class"),
        colours=asked.chosen("colour"),
        states=asked.chosen("state"),
        flags=asked.chosen("flag"),
        small=asked.flag("small"),
        due_by=_today() + timedelta(days=30) if asked.flag("due") else None,
        department_id=request.GET.get("department", "")[:26],
        enterprise_id=request.GET.get("enterprise", "")[:26],
        text=asked.text,
    )


def ledger(request: HttpRequest) -> HttpResponse:
    user = _may_read(request)
    region = _home(user, request.GET.get("region", ""))
    asked = _ledger(request, region)
    rows = selectors.sites(user, _asked(request, asked, region))
    column = "number" if asked.sort.endswith("number") else "name"
    sign = "-" if asked.sort.startswith("-") else ""
    found = keyset.page(
        rows.select_related("supervising_department"), order=(f"{sign}{column}", f"{sign}id"), after=asked.after
    )
    words = selectors.kind_words()
    for row in found:
        _dress(row, words)
    n = rows.order_by()[: COUNTED + 1].count()
    filled = asked.fill(found, count=min(n, COUNTED), more=n > COUNTED)
    return render(request, "sites/list.html", {"ledger": filled, "tab": "ledger"})


def _dress(row: Any, words: dict[str, str]) -> None:
    """What a row's template asks for."""
    row.kind_word = words.get(row.kind_key, row.kind_key)
    row.domain_word = DOMAINS.get(row.domain, row.domain)
    row.state_word, row.tone = STATES[row.state], TONES[row.state]
    row.flag_words = [FLAGS[Flag(key)] for key in row.flag_keys]


def export(request: HttpRequest) -> HttpResponse:
    """Exactly the rows that the filters show; numbers masked, for a file travels."""
    user = _may_read(request)
    region = _home(user, request.GET.get("region", ""))
    asked = _ledger(request, region)
    rows = selectors.sites(user, _asked(request, asked, region)).select_related("supervising_department", "enterprise")
    words = selectors.kind_words()
    into = BytesIO()
    title = _("Supervised places")
    sheets.write(
        rows.order_by("name", "id").iterator(chunk_size=2000),
        [
            sheets.Column(_("Number"), lambda site: site.number, width=22),
            sheets.Column(_("Name"), lambda site: site.name, width=34),
            sheets.Column(_("Kind"), lambda site: words.get(site.kind_key, site.kind_key)),
            sheets.Column(_("Domain"), lambda site: str(DOMAINS.get(site.domain, site.domain))),
            sheets.Column(_("Lies in"), lambda site: site.region_path, width=30),
            sheets.Column(_("Address"), lambda site: site.address, width=30),
            sheets.Column(_("Run by"), lambda site: site.enterprise.name if site.enterprise else "", width=30),
            sheets.Column(_("Unified social credit code"), lambda site: site.uscc, width=22),
            sheets.Column(_("Owner"), lambda site: site.owner_name),
            sheets.Column(_("Owner's telephone"), lambda site: mask.mask_phone(site.owner_phone)),
            sheets.Column(_("Manager"), lambda site: site.manager_name),
            sheets.Column(_("Manager's telephone"), lambda site: mask.mask_phone(site.manager_phone)),
            sheets.Column(_("People on site"), lambda site: _blank(site.people_on_site), kind="number"),
            sheets.Column(_("Supervision class"), lambda site: site.supervision_class),
            sheets.Column(
                _("Supervising department"),
                lambda site: site.supervising_department.name if site.supervising_department else "",
            ),
            sheets.Column(_("Risk level"), lambda site: str(dict(COLOURS).get(site.colour, ""))),
            sheets.Column(_("State"), lambda site: str(STATES[site.state])),
            sheets.Column(_("Last inspection"), lambda site: _blank(site.last_inspected_on), kind="date"),
            sheets.Column(_("Next inspection"), lambda site: _blank(site.next_inspection_on), kind="date"),
            sheets.Column(
                _("Doubts about the data"), lambda site: "、".join(str(FLAGS[Flag(key)]) for key in site.flag_keys)
            ),
        ],
        to=into,
        title=title,
        note=f"{region.name if region is not None else ''} {_today().isoformat()}".strip(),
    )
    return _file(into.getvalue(), title)


def _blank(value: Any) -> Any:
    return "" if value is None else value


def _file(data: bytes, title: str) -> HttpResponse:
    answer = HttpResponse(data, content_type=XLSX)
    answer["Content-Disposition"] = content_disposition_header(True, sheets.file_name(title)) or "attachment"
    return answer


# --- base counts ------------------------------------------------------------------------------------------------------


def counts(request: HttpRequest) -> HttpResponse:
    """底数: kinds by regions, with the doubts about the data; every figure leads to its rows."""
    user = _may_read(request)
    region = _home(user, request.GET.get("region", ""))
    domain = request.GET.get("domain", "") if request.GET.get("domain") in DOMAINS else ""
    context: dict[str, Any] = {"page_title": _("Base counts"), "tab": "counts", "region": region}
    if region is None:
        return render(request, "sites/counts.html", context)
    found = selectors.base_counts(user, region, domain=domain)
    if request.GET.get("file") == "xlsx":
        return _counts_file(found)
    list_url = reverse("sites:ledger")
    base = f"{list_url}?region={region.code}" + (f"&domain={domain}" if domain else "")
    shown_flags = [flag for flag in Flag if found.flagged(flag)]
    context |= {
        "region_words": regions.path_words(region),
        "found": found,
        "heads": [(child.name, f"?region={child.code}") for child in found.children],
        "aside": found.of(code="") if found.children else 0,
        "rows": [
            (
                found.words.get(kind, kind),
                [
                    (found.of(kind, child.code), f"{list_url}?region={child.code}&kind={kind}")
                    for child in found.children
                ],
                found.of(kind, ""),
                (found.of(kind), f"{base}&kind={kind}"),
                [(found.flagged(flag, kind), f"{base}&kind={kind}&flag={flag}") for flag in shown_flags],
            )
            for kind in found.kinds
        ],
        "sums": [(found.of(code=child.code), f"{list_url}?region={child.code}") for child in found.children],
        "total": (found.of(), base),
        "flags": [(FLAGS[flag], found.flagged(flag), f"{base}&flag={flag}") for flag in shown_flags],
        "numbers": [
            Number(_("Places in all"), found.of(), base),
            *(Number(FLAGS[flag], found.flagged(flag), f"{base}&flag={flag}") for flag in shown_flags),
        ],
        "domains": [
            (DOMAINS[code], n, f"?region={region.code}&domain={code}", code == domain)
            for code, n in selectors.domain_counts(user, region).items()
        ],
        "everything_url": f"?region={region.code}",
        "domain": domain,
        "file_url": f"?region={region.code}&domain={domain}&file=xlsx",
    }
    return render(request, "sites/counts.html", context)


def _counts_file(found: selectors.Counts) -> HttpResponse:
    into = BytesIO()
    title = _("Base counts")
    heads = [sheets.Column(_("Kind")), *(sheets.Column(child.name, kind="number") for child in found.children)]
    heads += [sheets.Column(_("In all"), kind="number")]
    heads += [sheets.Column(FLAGS[flag], kind="number") for flag in Flag]
    rows = [
        [
            found.words.get(kind, kind),
            *(found.of(kind, child.code) for child in found.children),
            found.of(kind),
            *(found.flagged(flag, kind) for flag in Flag),
        ]
        for kind in found.kinds
    ]
    sums = [found.of(code=child.code) for child in found.children]
    rows.append([_("In all"), *sums, found.of(), *(found.flagged(flag) for flag in Flag)])
    sheets.write(rows, heads, to=into, title=title, note=f"{found.region.name} {_today().isoformat()}")
    return _file(into.getvalue(), title)


# --- maps -------------------------------------------------------------------------------------------------------------


def _position(user: User, site: Site, homes: set[str]) -> tuple[float, float] | None:
    """Where a place is shown: homes roughly, for those who do not look after them."""
    if site.lon is None or site.lat is None:
        return None
    if site.kind_key in homes and not can(user, Permission.SITE_EDIT, on=site):
        return rules.rounded_home(site.lon, site.lat)
    return site.lon, site.lat


def _homes() -> set[str]:
    return set(SiteKind.objects.filter(home=True).values_list("key", flat=True))


def _borders(region: Region | None) -> str:
    return reverse("regions:outlines", args=[region.code]) if region is not None else ""


def on_map(request: HttpRequest) -> HttpResponse:
    user = _may_read(request)
    region = _home(user, request.GET.get("region", ""))
    asked = _ledger(request, region)
    rows = selectors.sites(user, _asked(request, asked, region)).filter(lon__isnull=False)
    order = {"red": 0, "orange": 1, "yellow": 2, "blue": 3}
    homes = _homes()
    found = sorted(rows.order_by("name")[:ON_MAP], key=lambda site: order.get(site.colour, 4))
    places = [
        Place(spot[0], spot[1], site.name, reverse("sites:site", args=[site.pk]), site.colour)
        for site in found
        if (spot := _position(user, site, homes)) is not None
    ]
    total = rows.count()
    return render(
        request,
        "sites/map.html",
        {
            "page_title": _("Places on the map"),
            "tab": "map",
            "map": MapView("sites", _("Places on the map"), places, borders_url=_borders(region)),
            "more": total - len(places) if total > ON_MAP else 0,
            "shown": len(places),
        },
    )


def near(request: HttpRequest) -> HttpResponse:
    """附近的场所: what lies around a position, the nearest first. Made for a phone in the hand."""
    user = _may_read(request)
    form = forms.PositionForm(request.GET or None)
    found: list[selectors.Near] | None = None
    if {"lat", "lng"} <= set(request.GET):
        data = {"lng": request.GET["lng"], "lat": request.GET["lat"], "crs": request.GET.get("crs", "wgs84")}
        form = forms.PositionForm(data)
        if form.is_valid():
            found = selectors.near(form.cleaned_data["lng"], form.cleaned_data["lat"], NEAR_M, user)
            words = selectors.kind_words()
            for one in found:
                _dress(one.site, words)
    return render(
        request,
        "sites/near.html",
        {
            "page_title": _("Places nearby"),
            "tab": "near",
            "form": form,
            "found": found,
            "radius": NEAR_M,
            "borders_url": _borders(regions.tops(user).first()),
        },
    )


# --- one place --------------------------------------------------------------------------------------------------------


def site(request: HttpRequest, pk: str) -> HttpResponse:
    """The basic facts of one place; everything that happened there is its full file (overview)."""
    row = _row(request, pk)
    user = _user(request)
    kind = selectors.kind_of(row.kind_key, row.kind_version)
    _dress(row, {row.kind_key: kind.word if kind else row.kind_key})
    unmask = can(user, Permission.PERSON_UNMASK, on=row)

    def phone_url(whose: str) -> str:
        return reverse("sites:phone", args=[pk, whose]) if unmask else ""

    people = [
        Person(name, role, phone, unmask_url=phone_url(whose) if phone else "")
        for name, role, phone, whose in (
            (row.manager_name, _("Manager"), row.manager_phone, "manager"),
            (row.owner_name, _("Owner"), row.owner_phone, "owner"),
        )
        if name or phone
    ]
    answers = chains.responsible_for(row, _today())
    return render(
        request,
        "sites/site.html",
        {
            "page_title": row.name,
            "site": row,
            "facts": _facts(row, user),
            "own_facts": _own_facts(row, kind),
            "people": people,
            "answers": answers,
            "chain_url": _link(user, "site", pk),
            "doubles": selectors.duplicates_of(row, limit=5) if Flag.DUPLICATE in row.flag_keys else [],
            "trail": _trail(row),
            "acts": _acts(user, row),
            "may_merge": can(user, Permission.SITE_MERGE, on=row),
            "may_edit": can(user, Permission.SITE_EDIT, on=row),
        },
    )


def _link(user: User, name: str, pk: str | None) -> str:
    """The page of an organisation, or of a region's chain, for those who may read it."""
    if not can(user, Permission.ORGANISATION_READ):
        return ""
    return (
        f"{reverse('organisations:answers')}?{name}={pk}"
        if name != "organisation"
        else reverse("organisations:organisation", args=[pk])
    )


def _facts(row: Site, user: User) -> list[Fact]:
    spot = _position(user, row, _homes())
    found = [
        Fact(_("Lies in"), regions.path_words(row), _link(user, "region", row.region_id)),
        Fact(_("Address"), row.address) if row.address else None,
        Fact(_("Run by"), row.enterprise.name, _link(user, "organisation", row.enterprise_id))
        if row.enterprise
        else None,
        Fact(_("Unified social credit code"), row.uscc) if row.uscc else None,
        Fact(_("Industry domain"), DOMAINS[row.domain]),
        Fact(
            _("Supervising department"),
            row.supervising_department.name,
            _link(user, "organisation", row.supervising_department_id),
        )
        if row.supervising_department
        else Fact(_("Supervising department"), _("none yet")),
        Fact(_("Supervision class"), _class_words(row)),
        Fact(_("People on site"), row.people_on_site) if row.people_on_site is not None else None,
        Fact(_("Last inspection"), row.last_inspected_on) if row.last_inspected_on else None,
        Fact(_("Next inspection"), row.next_inspection_on) if row.next_inspection_on else None,
        Fact(_("Nine small places"), _("yes") if row.small else _("no")) if row.small is not None else None,
        Fact(_("Size"), dict(forms.SIZES)[str(row.size_above_threshold).lower()])
        if row.size_above_threshold is not None
        else None,
        Fact(
            _("Standardisation grade"),
            f"{dict(forms.GRADES).get(row.standardisation_grade, row.standardisation_grade)} {row.standardisation_until or ''}",
        )
        if row.standardisation_grade
        else None,
        Fact(_("Position"), f"{spot[0]:.6f}, {spot[1]:.6f}") if spot else None,
        Fact(_("Opened on"), row.opened_on) if row.opened_on else None,
    ]
    return [fact for fact in found if fact is not None]


def _class_words(row: Site) -> str:
    known = selectors.classes(row).get(row.supervision_class)
    if known is None:
        return _("none yet")
    return _("%(name)s, inspected every %(months)d months") % {"name": known.word, "months": known.inspection_months}


def _own_facts(row: Site, kind: SiteKind | None) -> list[Fact]:
    found = []
    for spec in kind.fields if kind else []:
        if spec["key"] not in row.fields:
            continue
        value = row.fields[spec["key"]]
        if spec["type"] == "choice":
            value = next((forms.word(choice) for choice in spec["choices"] if choice["key"] == value), value)
        elif spec["type"] == "bool":
            value = _("yes") if value else _("no")
        found.append(Fact(forms.word(spec), f"{value} {spec.get('unit', '')}".strip()))
    return found


def _trail(row: Site) -> list[Entry]:
    words = {"": _("Place entered"), **{str(action): word for action, word in ACTIONS.items()}}
    moves = SiteMove.objects.filter(site=row).select_related("by").order_by("-at", "-id")[:30]
    return [
        Entry(
            at=move.at,
            what=STATES[move.target] if move.action else words[""],
            who=move.by.name if move.by else "",
            note=move.note,
        )
        for move in moves
    ]


def _above(name: str, *args: str) -> str:
    """The address of a page of a room further up; empty where the house has no such room."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _acts(user: User, row: Site) -> list[Act]:
    """Only what the table of moves offers, and only to whom may do it."""
    pk = row.pk
    acts = [Act(_("Card with QR code"), reverse("sites:card", args=[pk]), icon="qrcode")]
    if whole := _above("sitefile:site", pk):
        acts.insert(0, Act(_("The whole file"), whole, icon="file-description"))
    if chain := _link(user, "site", pk):
        acts.append(Act(_("Who answers for this place"), chain, icon="users-group"))
    if row.state == State.MERGED and row.merged_into_id:
        return [Act(_("Open the row that was kept"), reverse("sites:site", args=[row.merged_into_id]), primary=True)]
    if not can(user, Permission.SITE_EDIT, on=row):
        return acts
    icons = {
        Action.SUSPEND: "player-pause",
        Action.RESUME: "refresh",
        Action.CLOSE: "archive",
        Action.REOPEN: "refresh",
    }
    offers = rules.MACHINE.offers(State(row.state), Facts(note="-"))
    return [
        Act(_("Change what is written"), reverse("sites:change", args=[pk]), icon="edit", primary=True),
        Act(_("Set the position"), reverse("sites:position", args=[pk]), icon="map-pin"),
        *(
            Act(
                ACTIONS[offer.action],
                reverse("sites:act", args=[pk, str(offer.action)]),
                icon=icons[offer.action],
                danger=offer.action == Action.CLOSE,
                why=sentence(offer.refused).what if offer.refused else "",
            )
            for offer in offers
            if offer.action in icons
        ),
        Act(_("Move to another region"), reverse("sites:move", args=[pk]), icon="map"),
        *(
            [Act(ACTIONS[Action.MERGE], reverse("sites:merge", args=[pk]), icon="affiliate")]
            if can(user, Permission.SITE_MERGE, on=row)
            else []
        ),
        *acts,
    ]


@require_POST
def phone(request: HttpRequest, pk: str, whose: str) -> HttpResponse:
    number = services.show_phone(site_id=pk, whose=whose, by=_user(request), now=timezone.now())
    messages.info(request, _("Telephone: %(number)s. That it was shown is recorded.") % {"number": number})
    return redirect("sites:site", pk)


def card(request: HttpRequest, pk: str) -> HttpResponse:
    """A card to print and hang up: the code opens the place's page."""
    row = _row(request, pk)
    _dress(row, selectors.kind_words())
    answers = [answer for answer in chains.responsible_for(row, _today()) if not answer.vacant]
    return render(request, "sites/card.html", {"page_title": _("Card with QR code"), "site": row, "answers": answers})


def qr(request: HttpRequest, pk: str) -> HttpResponse:
    row = _row(request, pk)
    into = BytesIO()
    address = settings.PUBLIC_URL + reverse("sites:site", args=[row.pk])
    segno.make(address, error="m").save(into, kind="svg", scale=8, border=2, xmldecl=False, title=row.name)
    return HttpResponse(into.getvalue(), content_type="image/svg+xml")


# --- writing ----------------------------------------------------------------------------------------------------------


def new(request: HttpRequest) -> HttpResponse:
    """First the kind, then what that kind asks for."""
    user = _user(request)
    require(user, Permission.SITE_EDIT)
    kind = selectors.kind_of(request.GET.get("kind", ""))
    if kind is None:
        groups: dict[str, list[SiteKind]] = {}
        for each in selectors.kinds():
            groups.setdefault(each.domain, []).append(each)
        context = {
            "page_title": _("What kind of place is it?"),
            "groups": [(DOMAINS[code], groups[code]) for code in Domain.values if code in groups],
        }
        return render(request, "sites/kinds.html", context)
    home = _home(user, "")
    initial: dict[str, Any] = {"domain": kind.domain, "name": request.GET.get("name", "")[:120]}
    if code := request.GET.get("region", ""):
        initial["region"] = get_object_or_404(_seen_regions(user), pk=code)
    form = forms.SiteForm(request.POST or None, user=user, kind=kind, region=home, initial=initial)
    position = _position_given(request)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.create(
                kind_key=kind.key,
                by=user,
                now=timezone.now(),
                id=_sent_id(request),
                **position,
                **form.values(),
            )
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Entered as %(number)s.") % {"number": row.number})
            if doubles := selectors.duplicates_of(row, limit=3):
                names = "、".join(double.name for double in doubles)
                messages.warning(
                    request, _("Perhaps entered twice: %(names)s. Look, and merge them if so.") % {"names": names}
                )
            return redirect("sites:site", row.pk)
    return _form(
        request,
        form,
        "sites/form.html",
        page_title=_("Enter: %(kind)s") % {"kind": kind.word},
        submit_label=_("Enter the place"),
        cancel_url=reverse("sites:ledger"),
        draft=f"sites.new.{kind.key}",
        position=forms.PositionForm(initial={"crs": "wgs84"}, data=request.POST or None, prefix=None),
        borders_url=_borders(home),
    )


def _position_given(request: HttpRequest) -> dict[str, Any]:
    """The position on the form, where both are numbers."""
    try:
        return {
            "lon": float(request.POST["lng"]),
            "lat": float(request.POST["lat"]),
            "crs": request.POST.get("crs") or "wgs84",
        }
    except (KeyError, ValueError):
        return {}


def change(request: HttpRequest, pk: str) -> HttpResponse:
    row = _row(request, pk, Permission.SITE_EDIT)
    user = _user(request)
    kind = selectors.kind_of(request.GET.get("kind", "") or row.kind_key) or get_object_or_404(
        SiteKind, key=row.kind_key, version=row.kind_version
    )
    initial = forms.SiteForm.initial_of(row)
    form = forms.SiteForm(
        request.POST or None, user=user, kind=kind, region=row.region, with_region=False, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        changes = form.values() | {"kind_key": kind.key}
        try:
            services.change(site_id=pk, changes=changes, by=user, now=timezone.now())
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Changed."))
            return redirect("sites:site", pk)
    return _form(
        request,
        form,
        "sites/form.html",
        page_title=_("Change: %(name)s") % {"name": row.name},
        submit_label=_("Save the changes"),
        cancel_url=reverse("sites:site", args=[pk]),
        kinds=[(each.key, each.word, each.key == kind.key) for each in selectors.kinds()],
    )


def position(request: HttpRequest, pk: str) -> HttpResponse:
    row = _row(request, pk, Permission.SITE_EDIT)
    form = forms.PositionForm(request.POST or None, initial={"lng": row.lon, "lat": row.lat, "crs": "wgs84"})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            row = services.set_position(
                site_id=pk, lon=data["lng"], lat=data["lat"], crs=data["crs"], by=_user(request), now=timezone.now()
            )
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("The position is set."))
            if Flag.OUTSIDE in row.flag_keys:
                messages.warning(request, _("It lies outside the border of its region: compare the two."))
            return redirect("sites:site", pk)
    return _form(
        request,
        form,
        "sites/position.html",
        page_title=_("Where is %(name)s?") % {"name": row.name},
        submit_label=_("Set the position"),
        cancel_url=reverse("sites:site", args=[pk]),
        borders_url=_borders(row.region if row.region.level != "county" else _home(_user(request), "")),
    )


_VERBS: dict[str, tuple[Callable[..., Site], type]] = {
    Action.SUSPEND: (services.suspend, forms.NoteForm),
    Action.RESUME: (services.resume, forms.QuietNoteForm),
    Action.CLOSE: (services.close, forms.NoteForm),
    Action.REOPEN: (services.reopen, forms.NoteForm),
}


def act(request: HttpRequest, pk: str, action: str) -> HttpResponse:
    """One move of the table, with its reason."""
    row = _row(request, pk, Permission.SITE_EDIT)
    if action not in _VERBS:
        raise Site.DoesNotExist
    verb, made_of = _VERBS[action]
    form = made_of(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            verb(site_id=pk, note=form.cleaned_data["note"], by=_user(request), now=timezone.now())
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Noted."))
            return redirect("sites:site", pk)
    return _form(
        request,
        form,
        page_title=f"{ACTIONS[action]}：{row.name}",
        submit_label=ACTIONS[action],
        cancel_url=reverse("sites:site", args=[pk]),
    )


def move(request: HttpRequest, pk: str) -> HttpResponse:
    row = _row(request, pk, Permission.SITE_EDIT)
    user = _user(request)
    form = forms.MoveForm(request.POST or None, user=user, initial={"region": row.region})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.move_to(site_id=pk, region=data["region"], note=data["note"], by=user, now=timezone.now())
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Moved to %(region)s.") % {"region": data["region"].name})
            return redirect("sites:site", pk)
    return _form(
        request,
        form,
        page_title=_("Move: %(name)s") % {"name": row.name},
        submit_label=_("Move it"),
        cancel_url=reverse("sites:site", args=[pk]),
    )


def merge(request: HttpRequest, pk: str) -> HttpResponse:
    """Two rows side by side: which one is kept, and what it takes over."""
    row = _row(request, pk, Permission.SITE_MERGE)
    user = _user(request)
    text = request.GET.get("q", "").strip()
    other_id = request.POST.get("other", "") or request.GET.get("other", "")
    context: dict[str, Any] = {"page_title": _("Merge: %(name)s") % {"name": row.name}, "site": row, "q": text}
    if not other_id:
        found = [one for one in selectors.search(user, text) if one.pk != pk] if text else selectors.duplicates_of(row)
        words = selectors.kind_words()
        for one in found:
            _dress(one, words)
        return render(request, "sites/merge.html", context | {"candidates": found})
    other = _row(request, other_id, Permission.SITE_MERGE)
    form = forms.NoteForm(request.POST or None)
    kept_id = request.POST.get("kept", row.pk)
    if request.method == "POST" and form.is_valid() and kept_id in {row.pk, other.pk}:
        lost_id = other.pk if kept_id == row.pk else row.pk
        try:
            services.merge(
                lost_id=lost_id, kept_id=kept_id, note=form.cleaned_data["note"], by=user, now=timezone.now()
            )
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("The two rows are one now."))
            return redirect("sites:site", kept_id)
    sides = [(_facts_of(one, user), one) for one in (row, other)]
    heads = list(dict.fromkeys(label for facts, _one in sides for label in facts))
    context |= {
        "other": other,
        "form": form,
        "rows": [
            (
                label,
                *(facts.get(label, "") for facts, _one in sides),
                len({facts.get(label, "") for facts, _o in sides}) > 1,
            )
            for label in heads
        ],
        "kept_id": kept_id,
    }
    return render(request, "sites/merge.html", context, status=422 if form.errors else 200)


def _facts_of(row: Site, user: User) -> dict[str, str]:
    kind = selectors.kind_of(row.kind_key, row.kind_version)
    plain = {
        _("Name"): row.name,
        _("Number"): row.number,
        _("Kind"): kind.word if kind else row.kind_key,
        _("Manager"): f"{row.manager_name} {mask.mask_phone(row.manager_phone)}".strip(),
        _("Owner"): f"{row.owner_name} {mask.mask_phone(row.owner_phone)}".strip(),
        _("State"): str(STATES[row.state]),
    }
    facts = [*_facts(row, user), *_own_facts(row, kind)]
    return plain | {str(fact.label): str(fact.value) for fact in facts}


# --- the office's own data --------------------------------------------------------------------------------------------


def office(request: HttpRequest) -> HttpResponse:
    """How often places of a class are inspected here, and up to where a place counts as a small one."""
    user = _may_read(request)
    region = _home(user, request.GET.get("region", ""))
    context: dict[str, Any] = {"page_title": _("Frequencies and limits"), "tab": "office", "region": region}
    if region is not None:
        words = selectors.kind_words()
        limits = SmallPlaceLimit.objects.filter(until=None).order_by("kind_key", "field", "region_code")
        context |= {
            "region_words": regions.path_words(region),
            "classes": selectors.classes(region).values(),
            "limits": [
                (words.get(row.kind_key, row.kind_key), row, _field_word(row.kind_key, row.field))
                for row in selectors.limits_here(region, limits)
            ],
            "may_edit": can(user, Permission.SITE_MERGE, on=region),
        }
    return render(request, "sites/office.html", context)


def _field_word(kind_key: str, field: str) -> str:
    kind = selectors.kind_of(kind_key)
    specs = {spec["key"]: spec for spec in kind.fields} if kind else {}
    return forms.word(specs[field]) if field in specs else field


def frequency(request: HttpRequest, code: str, key: str) -> HttpResponse:
    user = _user(request)
    region = get_object_or_404(_seen_regions(user), pk=code)
    require(user, Permission.SITE_MERGE, on=region)
    known = selectors.classes(region).get(key)
    if known is None:
        raise Site.DoesNotExist
    form = forms.FrequencyForm(request.POST or None, initial={"months": known.inspection_months, "basis": known.basis})
    there = f"{reverse('sites:office')}?region={code}"
    if request.method == "POST" and form.is_valid():
        try:
            services.set_frequency(key=key, region=region, by=user, now=timezone.now(), **form.cleaned_data)
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Changed; the due dates are reckoned anew."))
            return redirect(there)
    return _form(
        request,
        form,
        page_title=_("%(name)s in %(region)s") % {"name": known.word, "region": region.name},
        submit_label=_("Save the changes"),
        cancel_url=there,
    )


def limit(request: HttpRequest, code: str, kind_key: str, field: str) -> HttpResponse:
    user = _user(request)
    region = get_object_or_404(_seen_regions(user), pk=code)
    require(user, Permission.SITE_MERGE, on=region)
    kind = selectors.kind_of(kind_key)
    if kind is None:
        raise Site.DoesNotExist
    known = selectors.limits(region, kind_key, _today())
    form = forms.LimitForm(request.POST or None, initial={"limit": known.get(field), "since": _today()})
    there = f"{reverse('sites:office')}?region={code}"
    if request.method == "POST" and form.is_valid():
        try:
            services.set_small_limit(
                kind_key=kind_key, field=field, region=region, by=user, now=timezone.now(), **form.cleaned_data
            )
        except Refused as refused:
            _complain(form, refused)
        else:
            messages.success(request, _("Changed."))
            return redirect(there)
    return _form(
        request,
        form,
        page_title=f"{kind.word} · {_field_word(kind_key, field)}",
        submit_label=_("Save the changes"),
        cancel_url=there,
    )

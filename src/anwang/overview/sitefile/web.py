"""One place, one file: everything known about it, on one page that prints."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.domains import Domain
from anwang.ground.base.parts import Act, Cell, Fact, Figure, MapView, Number, Person, Place
from anwang.ground.files import selectors as files
from anwang.ground.regions import selectors as regions
from anwang.kernel import clock, ids
from anwang.overview.sitefile import labels, rules, selectors
from anwang.registers.organisations import selectors as chains
from anwang.registers.sites import forms as site_forms
from anwang.registers.sites import labels as site_labels
from anwang.registers.sites import selectors as sites
from anwang.registers.sites.models import Site, SiteKind
from anwang.registers.sites.rules import CURRENT
from anwang.work.hazards import labels as hazard_labels
from anwang.work.inspections import labels as visit_labels
from anwang.work.inspections import selectors as visits

OPEN_SHOWN = 12
PAPERS_SHOWN = 20


@require_GET
def site(request: HttpRequest, pk: str) -> HttpResponse:
    """Everything about one place. ``?show=hazards`` narrows the timeline, ``?before=`` goes on with older events."""
    user = scope.who(request)
    scope.require(user, Permission.SITE_READ)
    if not ids.is_ulid(pk):
        raise Http404
    row = selectors.site_for(user, pk)
    now = timezone.now()
    shown = [sort for sort in request.GET.getlist("show") if sort in labels.SORTS]
    line = selectors.timeline(user, row, sorts=shown, before=_moment(request.GET.get("before", "")))
    if getattr(request, "htmx", False):
        return render(request, "sitefile/timeline.html", _timeline(row, line, shown, now))
    kind = sites.kind_of(row.kind_key, row.kind_version)
    sums = selectors.sums(user, row, now=now)
    opened = list(selectors.open_hazards(user, row)[: OPEN_SHOWN + 1]) if sums else []
    context: dict[str, Any] = {
        "page_title": row.name,
        "site": row,
        "kind_word": kind.word if kind else row.kind_key,
        "state_word": site_labels.STATES[row.state],
        "state_tone": site_labels.TONES[row.state],
        "flag_words": [site_labels.FLAGS[key] for key in row.flag_keys if key in site_labels.FLAGS],
        "facts": _facts(row, user),
        "own_facts": _own_facts(row, kind),
        "people": _people(row, user),
        "parts": _parts(bool(sums)),
        "answers": chains.responsible_for(row, clock.local_date(now)),
        "buildings": chains.below(row, clock.local_date(now)),
        "chain_url": _chain_url(user, row),
        "map": _map(user, row, kind),
        "hazards": opened[:OPEN_SHOWN],
        "more_hazards": len(opened) > OPEN_SHOWN,
        "ledger_url": f"{reverse('hazards:ledger')}?{urlencode({'site': row.pk, 'group': 'all'})}",
        "numbers": _numbers(row, sums) if sums else [],
        "figures": [_figure(row, sums, now)] if sums and sums.found else [],
        "three": _three(user, row),
        "three_url": reverse("inspections:three", args=[row.pk]),
        "papers": list(selectors.papers_of(user, row).order_by("-issued_at", "-id")[:PAPERS_SHOWN]),
        "documents": [(file, files.url(file)) for file in selectors.documents(row)],
        "public_url": settings.PUBLIC_URL + reverse("sites:site", args=[row.pk]),
        "acts": _acts(user, row),
        "now": now,
        **_timeline(row, line, shown, now),
    }
    return render(request, "sitefile/site.html", context)


def _moment(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _parts(reads_hazards: bool) -> list[tuple[str, str]]:
    """Where on the page what stands: a file is long, and a phone is small."""
    found = [
        ("facts", _("Facts")),
        ("open", _("Open hazards")),
        ("three", _("Three in one")),
        ("who", _("Who answers")),
        ("papers", _("Papers and documents")),
        ("trail", _("What happened")),
    ]
    return [each for each in found if reads_hazards or each[0] != "open"]


# --- what the file says ---------------------------------------------------------------------------------------------


def _facts(row: Site, user: User) -> list[Fact]:
    classes = sites.classes(row)
    own = classes.get(row.supervision_class)
    domains = dict(Domain.choices)
    found = [
        Fact(_("Lies in"), regions.path_words(row)),
        Fact(_("Address"), row.address or None),
        Fact(_("Run by"), row.enterprise.name if row.enterprise else None, _organisation(user, row.enterprise_id)),
        Fact(_("Unified social credit code"), row.uscc or None),
        Fact(_("Industry domain"), domains.get(row.domain, row.domain)),
        Fact(
            _("Supervising department"),
            row.supervising_department.name if row.supervising_department else _("none yet"),
            _organisation(user, row.supervising_department_id),
        ),
        Fact(
            _("Supervision class"),
            _("%(name)s, inspected every %(months)d months") % {"name": own.word, "months": own.inspection_months}
            if own
            else _("none yet"),
        ),
        Fact(_("Last inspection"), row.last_inspected_on),
        Fact(_("Next inspection"), row.next_inspection_on),
        Fact(_("People on site"), row.people_on_site),
        Fact(_("Opened on"), row.opened_on),
    ]
    if row.standardisation_grade:
        grade = dict(site_forms.GRADES).get(row.standardisation_grade, row.standardisation_grade)
        found.append(Fact(_("Standardisation grade"), f"{grade} {row.standardisation_until or ''}".strip()))
    return [fact for fact in found if fact.value is not None]


def _organisation(user: User, pk: str | None) -> str:
    if not pk or not scope.may(user, Permission.ORGANISATION_READ):
        return ""
    return reverse("organisations:organisation", args=[pk])


def _own_facts(row: Site, kind: SiteKind | None) -> list[Fact]:
    """What places of this kind are asked for besides, as the version of the kind they were written with says it."""
    found = []
    for spec in kind.fields if kind else []:
        value = row.fields.get(spec["key"])
        if value is None:
            continue
        if spec["type"] == "choice":
            value = next((site_forms.word(each) for each in spec["choices"] if each["key"] == value), value)
        elif spec["type"] == "bool":
            value = _("yes") if value else _("no")
        found.append(Fact(site_forms.word(spec), f"{value} {spec.get('unit', '')}".strip()))
    return found


def _people(row: Site, user: User) -> list[Person]:
    unmask = scope.can(user, Permission.PERSON_UNMASK, on=row)
    written = (
        (row.manager_name, _("Manager"), row.manager_phone, "manager"),
        (row.owner_name, _("Owner"), row.owner_phone, "owner"),
    )
    return [
        Person(
            name,
            role,
            phone,
            unmask_url=reverse("sites:phone", args=[row.pk, whose]) if unmask and phone else "",
        )
        for name, role, phone, whose in written
        if name or phone
    ]


def _chain_url(user: User, row: Site) -> str:
    if not scope.may(user, Permission.ORGANISATION_READ):
        return ""
    return f"{reverse('organisations:answers')}?{urlencode({'site': row.pk})}"


def _map(user: User, row: Site, kind: SiteKind | None) -> MapView | None:
    spot = selectors.position(user, row, kind)
    if spot is None:
        return None
    place = Place(spot[0], spot[1], row.name, reverse("sites:site", args=[row.pk]), row.colour)
    borders = reverse("regions:outlines", args=[row.town_code or row.county_code]) if row.county_code else ""
    return MapView("site", _("Where it lies"), [place], borders_url=borders, listed=0)


# --- hazards, figures, eyes -------------------------------------------------------------------------------------------


def _numbers(row: Site, sums: rules.Sums) -> list[Number]:
    ledger = reverse("hazards:ledger")
    here = urlencode({"site": row.pk})
    return [
        Number(_("Open hazards"), sums.open, f"{ledger}?{here}"),
        Number(_("Found in all"), sums.found, f"{ledger}?{here}&group=all"),
        Number(_("Of these major"), sums.major, f"{ledger}?{here}&group=all&grade=major"),
        Number(_("Days until struck off"), "—" if sums.mean_days is None else sums.mean_days, note=_("on average")),
        Number(
            _("Ever late"),
            "—" if sums.late_share is None else f"{sums.late_share:.1f}%",
            f"{ledger}?{here}&group=all&ever_late=1",
            note=_("of all hazards here"),
        ),
    ]


def _figure(row: Site, sums: rules.Sums, now: datetime) -> Figure:
    ledger = reverse("hazards:ledger")

    def cell(n: int, month: str, group: str) -> Cell:
        year, number = int(month[:4]), int(month[5:])
        last = clock.add_days(clock.local_date(now).replace(year=year, month=number, day=1), 31).replace(day=1)
        query = {
            "site": row.pk,
            "found_from": f"{month}-01",
            "found_to": clock.add_days(last, -1).isoformat(),
            **({"group": group} if group else {}),
        }
        return Cell(n, f"{ledger}?{urlencode(query)}" if n else "")

    return Figure(
        key="site_months",
        title=_("Hazards of this place by month"),
        definition=_(
            "By the month they were found in; struck off means closed by now. Cancelled entries are left out."
        ),
        computed_at=now,
        heads=[_("Month"), _("Struck off"), _("Still open")],
        rows=[[month, cell(closed, month, "closed"), cell(n, month, "")] for month, closed, n in sums.months],
        chart="stacked",
        unit=_("hazards"),
    )


def _three(user: User, row: Site) -> list[dict[str, Any]]:
    """The three pairs of eyes side by side; nothing for somebody who reads no visits."""
    if not scope.may(user, Permission.INSPECTION_READ):
        return []
    return [
        {
            "word": visit_labels.THIRDS[each.third],
            "visit": each.visit,
            "kind": visit_labels.KIND[each.visit.visit_kind] if each.visit else "",
            "found": len(each.findings),
            "open": each.open,
            "findings": [
                {
                    "what": finding.description,
                    "state": hazard_labels.STATE[hazard.state],
                    "url": reverse("hazards:hazard", args=[hazard.pk]),
                }
                for finding, hazard in each.findings[:5]
            ],
        }
        for each in visits.three_in_one(row, user).eyes
    ]


# --- the line of time -----------------------------------------------------------------------------------------------


def _timeline(row: Site, line: selectors.Line, shown: list[str], now: datetime) -> dict[str, Any]:
    path = reverse("sitefile:site", args=[row.pk])
    tail = [("show", sort) for sort in shown]
    older = ""
    if line.older is not None:
        older = f"{path}?{urlencode([*tail, ('before', line.older.isoformat())])}#trail"
    return {
        "entries": line.entries,
        "older_url": older,
        "sorts": [
            {"label": _("Everything"), "url": f"{path}#trail", "current": not shown},
            *(
                {"label": word, "url": f"{path}?show={key}#trail", "current": shown == [key]}
                for key, word in labels.SORTS.items()
            ),
        ],
        "now": now,
    }


# --- what may be done -----------------------------------------------------------------------------------------------


def _acts(user: User, row: Site) -> list[Act]:
    acts = []
    if row.state in CURRENT:
        if visits.kinds_for(user, row):
            begin = reverse("inspections:begin", args=[row.pk])
            acts.append(Act(_("Begin an inspection"), begin, icon="clipboard-check", primary=True))
        if scope.can(user, Permission.HAZARD_REPORT, on=row):
            report = f"{reverse('hazards:report')}?{urlencode({'site': row.pk})}"
            acts.append(Act(_("Record a hazard"), report, icon="plus"))
        if scope.can(user, Permission.INSPECTION_PLAN, on=row):
            acts.append(Act(_("Arrange a visit"), reverse("inspections:arrange", args=[row.pk]), icon="calendar-plus"))
    acts.append(Act(_("Basic facts and changes"), reverse("sites:site", args=[row.pk]), icon="edit"))
    acts.append(Act(_("Card with QR code"), reverse("sites:card", args=[row.pk]), icon="qrcode"))
    return acts

"""Everything that happened at a place, on one line of time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from anwang.ground.accounts import scope
from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.parts import Entry, Tone
from anwang.ground.files import selectors as files
from anwang.ground.files.models import Paper, PaperThing
from anwang.kernel import clock
from anwang.overview.sitefile import labels
from anwang.registers.organisations import selectors as organisations
from anwang.registers.sites.labels import STATES as SITE_STATES
from anwang.registers.sites.models import Site, SiteMove
from anwang.work.hazards import labels as hazard_labels
from anwang.work.hazards.models import Hazard, HazardMove, Overdue
from anwang.work.hazards.rules import Action
from anwang.work.inspections import labels as visit_labels
from anwang.work.inspections import selectors as visits
from anwang.work.inspections.models import Inspection
from anwang.work.inspections.rules import State as VisitState

Text = str | Promise

PAGE = 25
"""Events shown at once."""

# The steps of a hazard that a reader of the place's file asks for; grading and ordering are on the hazard's own page.
TOLD = (
    "report",
    "import",
    Action.CONFIRM_MAJOR,
    Action.SEND_BACK,
    Action.SUSPEND,
    Action.RESUME,
    Action.TRANSFER,
    Action.CLOSE,
    Action.REOPEN,
    Action.CANCEL,
)
TONES: dict[str, Tone] = {
    "report": "open",
    "import": "open",
    Action.CONFIRM_MAJOR: "waiting",
    Action.SEND_BACK: "doing",
    Action.REOPEN: "doing",
    Action.SUSPEND: "stopped",
    Action.CANCEL: "stopped",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A page of the timeline, newest first. ``older`` is the moment before which the next page begins, or None."""

    entries: list[Entry]
    older: datetime | None


def timeline(user: Any, site: Site, *, sorts: Sequence[str] = (), before: datetime | None = None) -> Line:
    """What ``user`` may see of what happened at ``site``, newest first. The caller has decided that they see the site.

    ``sorts`` are keys of ``labels.SORTS``, none means all; each room's rows are seen as that room shows them.
    """
    wanted = [sort for sort in labels.SORTS if not sorts or sort in sorts]
    found: list[Entry] = []
    for sort in wanted:
        found += _TELL[sort](user, site, before)
    found.sort(key=lambda entry: entry.at, reverse=True)
    shown = found[:PAGE]
    # What happened at one moment stays together: the next page begins before it.
    shown += [entry for entry in found[PAGE:] if entry.at == shown[-1].at]
    return Line(shown, shown[-1].at if len(found) > len(shown) else None)


def _until(column: str, before: datetime | None) -> Q:
    return Q(**{f"{column}__lt": before}) if before is not None else Q()


def _until_day(column: str, before: datetime | None) -> Q:
    """Days stand on the line at their beginning."""
    if before is None:
        return Q()
    day = clock.local_date(before)
    whole = clock.start_of_day(day) < before
    return Q(**{f"{column}__{'lte' if whole else 'lt'}": day})


def _at(day: date) -> datetime:
    return datetime.combine(day, time.min, clock.ZONE)


def _hazards(user: Any, site: Site, before: datetime | None) -> Iterator[Entry]:
    if not scope.may(user, Permission.HAZARD_READ):
        return
    seen = Hazard.objects.visible_to(user).filter(site=site)
    moves = HazardMove.objects.filter(_until("at", before), hazard__in=seen.values("pk"), action__in=TOLD)
    for move in moves.select_related("hazard", "by").order_by("-at", "-id")[: PAGE + 1]:
        yield Entry(
            at=move.at,
            what=hazard_labels.EVENTS[hazard_labels.MOVE_EVENT.get(move.action, f"hazards.{move.action}")],
            who=move.by_name or (str(move.by) if move.by else ""),
            note=f"{move.hazard.number} {move.hazard.description}",
            tone=TONES.get(move.action, "done"),
            url=reverse("hazards:hazard", args=[move.hazard_id]),
        )
    late = Overdue.objects.filter(_until_day("began_on", before), hazard__in=seen.values("pk")).select_related("hazard")
    for period in late.order_by("-began_on", "-id")[: PAGE + 1]:
        words = {"stage": hazard_labels.STATE[period.stage], "day": period.due_on.isoformat(), "n": period.days}
        note = _("was due on %(day)s at the step “%(stage)s”") % words
        if period.days is not None:
            note += _(", late for %(n)s days") % words
        yield Entry(
            at=_at(period.began_on),
            what=hazard_labels.EVENTS["hazards.late"],
            note=f"{period.hazard.number} {note}",
            tone="late",
            url=reverse("hazards:hazard", args=[period.hazard_id]),
        )


def _visits(user: Any, site: Site, before: datetime | None) -> Iterator[Entry]:
    if not scope.may(user, Permission.INSPECTION_READ):
        return
    rows: QuerySet[Any] = Inspection.objects.visible_to(user).filter(site=site)
    listed: QuerySet[Any] = visits.for_list(rows.annotate(moment=Coalesce("began_at", "made_at")))
    for visit in listed.filter(_until("moment", before)).order_by("-moment", "-id")[: PAGE + 1]:
        note = visit.number
        if visit.state == VisitState.DONE:
            note += " · " + (_("%(n)d hazards found") % {"n": visit.found} if visit.found else _("no hazard found"))
        elif visit.note:
            note += f" · {visit.note}"
        yield Entry(
            at=visit.moment,
            what=f"{visit_labels.KIND[visit.visit_kind]}：{visit_labels.STATE[visit.state]}",
            who=visit.lead.name,
            note=note,
            tone=_tone(visit_labels.TONE[visit.state]),
            url=reverse("inspections:thing", args=[visit.pk]),
        )


def _tone(word: str) -> Tone:
    tones: dict[str, Tone] = {"open": "open", "doing": "doing", "waiting": "waiting", "stopped": "stopped"}
    return tones.get(word, "done")


def papers_of(user: Any, site: Site) -> QuerySet[Paper]:
    """Papers about the place, about its hazards and about the visits there, as far as ``user`` may see them."""
    things = Q(thing_kind=Site.kind, thing_id=site.pk)
    if scope.may(user, Permission.HAZARD_READ):
        things |= Q(thing_kind=Hazard.kind, thing_id__in=Hazard.objects.visible_to(user).filter(site=site).values("pk"))
    if scope.may(user, Permission.INSPECTION_READ):
        things |= Q(
            thing_kind=Inspection.kind, thing_id__in=Inspection.objects.visible_to(user).filter(site=site).values("pk")
        )
    rows: QuerySet[Paper] = Paper.objects.visible_to(user)
    return rows.filter(pk__in=PaperThing.objects.filter(things).values("paper_id"))


def _papers(user: Any, site: Site, before: datetime | None) -> Iterator[Entry]:
    rows = papers_of(user, site).filter(_until("issued_at", before)).select_related("issued_by")
    for paper in rows.order_by("-issued_at", "-id")[: PAGE + 1]:
        yield Entry(
            at=paper.issued_at,
            what=_("Paper issued: %(title)s") % {"title": paper.title},
            who=paper.issued_by.name,
            note=paper.number + (_(" (void)") if paper.void_at else ""),
            tone="stopped" if paper.void_at else "done",
            url=reverse("files:paper", args=[paper.pk]),
        )


def _people(user: Any, site: Site, before: datetime | None) -> Iterator[Entry]:
    """Who began and who ceased to answer for exactly this place."""
    if not scope.may(user, Permission.ORGANISATION_READ):
        return
    rows = organisations.history(site)
    for row in rows.filter(_until_day("since", before))[: PAGE + 1]:
        yield _change(row, row.since, _("Answers from here on: %(who)s"), "done")
    for row in rows.filter(_until_day("until", before), until__isnull=False).order_by("-until", "-id")[: PAGE + 1]:
        yield _change(row, row.until or row.since, _("Answers no longer: %(who)s"), "stopped")


def _change(row: Any, day: date, words: str, tone: Tone) -> Entry:
    user = row.user or (row.holding.user if row.holding else None)
    person = row.person_name or (row.holding.name if row.holding else "") or (user.name if user else "")
    who = person or (row.post.title if row.post else "")
    what = " · ".join(str(part) for part in (row.level, row.role, row.building, row.note) if part)
    return Entry(at=_at(day), what=words % {"who": who}, note=what, tone=tone)


def _place(_user: Any, site: Site, before: datetime | None) -> Iterator[Entry]:
    """Moves of the file itself, its opening, and since when it has its colour."""
    moves = SiteMove.objects.filter(_until("at", before), site=site).select_related("by")
    for move in moves.order_by("-at", "-id")[: PAGE + 1]:
        yield Entry(
            at=move.at,
            what=SITE_STATES[move.target] if move.action else _("Place entered"),
            who=move.by.name if move.by else "",
            note=move.note,
            tone="done" if not move.action else "doing",
        )
    if site.opened_on and (before is None or _at(site.opened_on) < before):
        yield Entry(at=_at(site.opened_on), what=_("The place opened"))
    if site.colour and site.colour_at and (before is None or site.colour_at < before):
        yield Entry(at=site.colour_at, what=_("Risk colour set"), note=str(site.get_colour_display()), tone="waiting")


_TELL: dict[str, Callable[[Any, Site, datetime | None], Iterator[Entry]]] = {
    "hazards": _hazards,
    "visits": _visits,
    "papers": _papers,
    "people": _people,
    "place": _place,
}


def documents(site: Site) -> list[Any]:
    """Files kept with the place itself. The caller has decided that it may be seen."""
    return list(files.for_thing(site).select_related("uploaded_by").order_by("-attached_at", "-id")[:60])

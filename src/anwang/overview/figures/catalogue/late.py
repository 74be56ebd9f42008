"""What is late now: where, for how long, whose turn it is."""

from datetime import timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from anwang.ground.base.domains import Domain
from anwang.ground.base.parts import Cell, Figure
from anwang.ground.regions.models import Region
from anwang.overview.figures import selectors
from anwang.overview.figures.catalogue.frame import Frame
from anwang.overview.figures.selectors import Question
from anwang.work.hazards import selectors as hazards
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import WITH_OFFICE, WITH_UNIT

SPANS = ((1, 3), (4, 7), (8, 15), (16, 30), (31, 0))
"""Days late, as the ladder of reminders has its rungs; 0 is no end."""
NAMES = dict(Domain.choices)


def rows_of(question: Question) -> QuerySet[Hazard]:
    """The late hazards behind these figures."""
    filters = hazards.Filters(
        domains=sorted(question.domains),
        grades=sorted(question.grades),
        sources=sorted(question.sources),
        region=question.codes[0] if question.codes else "",
        late=True,
    )
    return hazards.ledger(question.user, filters)


def late_places(frame: Frame) -> Figure | None:
    region = frame.region or _only_top(frame)
    if region is None or region.level not in ("province", "city", "county"):
        return None
    rows = []
    for each in hazards.overdue_by_town(frame.question.user, region, today=frame.today):
        url = frame.rows(region=each.region.code, found=False, late="1")
        rows.append(
            [
                Cell(each.region.name, url if each.n else ""),
                Cell(each.with_unit, url if each.with_unit else ""),
                Cell(each.with_office, url if each.with_office else ""),
                Cell(each.n, url if each.n else ""),
                Cell(each.major, f"{url}&grade=major" if each.major else ""),
                each.longest or None,
            ]
        )
    return Figure(
        key="late_places",
        title=_("Late now, by region"),
        definition=_(
            "Late means that the present step is past its day. With the unit: it has to accept or to rectify. With an "
            "office: it has to grade, to order, to re-check or to close. The filters of domain, grade and source do "
            "not cut this table."
        )
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[
            _("Region"),
            _("With the unit"),
            _("With an office"),
            pgettext("figure", "Late"),
            _("Of these major"),
            _("Longest, days"),
        ],
        rows=rows,
        chart="stacked",
        drawn=2,
        unit=_("hazards"),
        excel_url=frame.download("late_places"),
    )


def _only_top(frame: Frame) -> Region | None:
    from anwang.ground.accounts.permissions import Permission

    tops = selectors.tops(frame.question.user, Permission.HAZARD_READ)
    return tops[0] if len(tops) == 1 else None


def late_days(frame: Frame) -> Figure:
    """How long: the day a step was due says it."""
    today = frame.today

    def between(first: int, last: int) -> Q:
        since = Q(next_due_on__lte=today - timedelta(days=first))
        return since & Q(next_due_on__gte=today - timedelta(days=last)) if last else since

    sums = {f"n{at}": Count("id", filter=between(*span)) for at, span in enumerate(SPANS)}
    unit = {f"u{at}": Count("id", filter=between(*span) & Q(state__in=WITH_UNIT)) for at, span in enumerate(SPANS)}
    office = {f"o{at}": Count("id", filter=between(*span) & Q(state__in=WITH_OFFICE)) for at, span in enumerate(SPANS)}
    found = rows_of(frame.question).order_by().aggregate(**sums, **unit, **office)
    words = [
        _("%(first)d to %(last)d days") % {"first": first, "last": last}
        if last
        else _("more than %(n)d days") % {"n": first - 1}
        for first, last in SPANS
    ]
    return Figure(
        key="late_days",
        title=_("For how long"),
        definition=_("Late hazards by the days since their present step was due, and whose turn it is.")
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("Late for"), _("With the unit"), _("With an office"), pgettext("figure", "Late")],
        rows=[[word, found[f"u{at}"], found[f"o{at}"], found[f"n{at}"]] for at, word in enumerate(words)],
        chart="stacked",
        drawn=2,
        unit=_("hazards"),
        excel_url=frame.download("late_days"),
    )


def late_domains(frame: Frame) -> Figure:
    stands = selectors.stands(frame.question, ("domain",), found=False)
    shown = sorted((one for one in stands.items() if one[1].late), key=lambda pair: -pair[1].late)
    rows = [
        [
            NAMES.get(domain, domain),
            frame.cell(one.late, domain=domain, found=False, late="1"),
            frame.cell(one.open, domain=domain, found=False),
        ]
        for (domain,), one in shown
    ]
    return Figure(
        key="late_domains",
        title=_("Late now, by domain"),
        definition=_("Hazards whose present step is past its day, whenever they were found.") + " " + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("Domain"), pgettext("figure", "Late"), _("Open now")],
        rows=rows,
        chart="bar",
        drawn=1,
        unit=_("hazards"),
        excel_url=frame.download("late_domains"),
    )

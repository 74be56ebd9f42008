"""At a glance: what was found and struck off, and how what is open stands."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from anwang.ground.base.parts import Cell, Figure, Number
from anwang.overview.figures import rules, selectors
from anwang.overview.figures.catalogue.frame import Frame, per_cent, share
from anwang.overview.figures.selectors import Stand
from anwang.work.hazards import labels
from anwang.work.hazards.rules import OPEN, Grade


def numbers(frame: Frame) -> list[Number]:
    """The strip above every tab; each figure is the door to its rows."""
    found, now, flow = frame.all_found, frame.all_now, frame.flow_in_span
    return [
        Number(pgettext("figure", "Found"), found.found, frame.rows(group="all")),
        Number(
            _("Of these struck off"), found.closed, frame.rows(group="closed"), share(found.closed, found.found) or ""
        ),
        Number(_("Open now"), now.open, frame.rows(found=False)),
        Number(
            _("Late now"),
            now.late,
            frame.rows(found=False, late="1"),
            share(now.late, now.open) or "",
            tone="late" if now.late else "",
        ),
        Number(_("Major, open now"), now.major_open, frame.rows(found=False, grade=Grade.MAJOR.value)),
        Number(_("Days until struck off"), flow.mean_days if flow.closed else "—", note=_("on average")),
        Number(_("Rectified in time"), per_cent(flow.in_time_share) or "—", note=_("of deadlines that passed")),
    ]


def by_month(frame: Frame) -> Figure:
    rows = []
    for month in frame.months:
        one = frame.found.get(month, Stand())
        rows.append(
            [
                Cell(month, frame.rows(month=month, group="all") if one.found else ""),
                frame.cell(one.closed, month=month, group="closed"),
                frame.cell(one.open, month=month),
                frame.cell(one.found, month=month, group="all"),
                share(one.closed, one.found),
                frame.cell(one.late, month=month, late="1"),
                share(one.ever_late, one.found),
            ]
        )
    return Figure(
        key="by_month",
        title=_("Found by month, and what became of it"),
        definition=_(
            "Hazards by the month they were found in; struck off means closed by now, whenever that was. Entries "
            "cancelled as mistakes are left out. Ever late: late in some stage at least once."
        )
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[
            _("Month"),
            _("Struck off"),
            _("Still open"),
            pgettext("figure", "Found"),
            _("Share struck off"),
            _("Late now"),
            _("Ever late"),
        ],
        rows=rows,
        chart="stacked",
        drawn=2,
        unit=_("hazards"),
        excel_url=frame.download("by_month"),
    )


def flow(frame: Frame) -> Figure | None:
    """What came in and what was struck off, month by month, and what was left at its end."""
    if frame.question.sources:
        return None  # the monthly sums are not cut by how a hazard was found
    found = selectors.found_by_month(frame.question)
    changes = dict(found)
    for (_code, month), one in frame.flow.items():
        changes[month] = changes.get(month, 0) - one.closed
    stock = rules.running(changes, frame.months)
    rows = []
    for month in frame.months:
        one = frame.flow_of(month)
        n = found.get(month, 0)
        closed = Cell(one.closed, frame.closed_rows(month) if one.closed else "")
        rows.append([month, frame.cell(n, month=month, group="all"), closed, stock[month]])
    return Figure(
        key="flow",
        title=_("Came in, struck off, left at the month's end"),
        definition=_(
            "Struck off counts by the month of closing, whenever the hazard was found. What is left at a month's end "
            "is everything found until then less everything struck off until then, as the ledger stands today."
        ),
        computed_at=frame.computed_at,
        heads=[_("Month"), pgettext("figure", "Found"), _("Struck off"), _("Left at the end")],
        rows=rows,
        chart="line",
        unit=_("hazards"),
        excel_url=frame.download("flow"),
    )


def states(frame: Frame) -> Figure:
    now = selectors.by_state(frame.question)
    whole = sum(now.values())
    rows = []
    for state in OPEN:
        if n := now.get(state):
            cell = frame.cell(n, found=False, state=state.value)
            rows.append([Cell(labels.STATE[state], cell.url), cell, share(n, whole)])
    return Figure(
        key="states",
        title=_("Where the open ones stand"),
        definition=_("All hazards that are not closed, whenever they were found, by the step they wait at.")
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("Step"), _("Hazards"), _("Share")],
        rows=rows,
        chart="ring",
        drawn=1,
        excel_url=frame.download("states"),
    )


def grades(frame: Frame) -> Figure:
    stands = selectors.stands(frame.question, ("grade",))
    rows = []
    for grade in Grade:
        one = stands.get((grade.value,), Stand())
        if not one.found and not grade:
            continue
        word = grade.value or "none"
        rows.append(
            [
                labels.GRADE[grade],
                frame.cell(one.closed, grade=word, group="closed"),
                frame.cell(one.open, grade=word),
                frame.cell(one.found, grade=word, group="all"),
                share(one.closed, one.found),
                frame.cell(one.late, grade=word, late="1"),
            ]
        )
    return Figure(
        key="grades",
        title=_("General and major"),
        definition=_("Hazards found in the period by grade. Not graded yet: nobody has settled the grade so far.")
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[
            _("Grade"),
            _("Struck off"),
            _("Still open"),
            pgettext("figure", "Found"),
            _("Share struck off"),
            _("Late now"),
        ],
        rows=rows,
        chart="stacked",
        drawn=2,
        unit=_("hazards"),
        excel_url=frame.download("grades"),
    )

"""Major hazards: what came, what went, what is left."""

from dataclasses import replace

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from anwang.ground.base.domains import Domain
from anwang.ground.base.parts import Cell, Figure
from anwang.overview.figures import rules, selectors
from anwang.overview.figures.catalogue.frame import Frame, share
from anwang.overview.figures.rules import Flow
from anwang.overview.figures.selectors import Question, Stand
from anwang.work.hazards import selectors as hazards
from anwang.work.hazards.models import Hazard
from anwang.work.hazards.rules import Grade

NAMES = dict(Domain.choices)


def _only_major(frame: Frame) -> Question:
    return replace(frame.question, grades=(Grade.MAJOR.value,))


def rows_of(question: Question) -> QuerySet[Hazard]:
    """The major hazards that are open now, for the list under the figures."""
    filters = hazards.Filters(
        domains=sorted(question.domains),
        sources=sorted(question.sources),
        grades=[Grade.MAJOR.value],
        states=["open"],
        region=question.codes[0] if question.codes else "",
    )
    return hazards.ledger(question.user, filters)


def major_month(frame: Frame) -> Figure | None:
    if frame.question.sources:
        return None
    question = _only_major(frame)
    found = selectors.found_by_month(question)
    flows = selectors.flows(question.user, question.asked, today=frame.today, last=frame.span.last)
    changes = dict(found)
    for (_code, month), one in flows.items():
        changes[month] = changes.get(month, 0) - one.closed
    stock = rules.running(changes, frame.months)
    rows = []
    for month in frame.months:
        one = flows.get(("", month), Flow())
        closed = Cell(one.closed, frame.closed_rows(month, grade="major") if one.closed else "")
        rows.append([month, frame.cell(found.get(month, 0), month=month, grade="major", group="all"), closed,
                     stock[month], one.mean_days])  # fmt: skip
    return Figure(
        key="major_month",
        title=_("Major hazards: new, struck off, left"),
        definition=_(
            "New counts by the month the hazard was found in, whenever it was graded as major; left is everything "
            "found until the month's end less everything struck off until then, as the ledger stands today."
        ),
        computed_at=frame.computed_at,
        heads=[_("Month"), _("Newly found"), _("Struck off"), _("Left at the end"), _("Days until struck off")],
        rows=rows,
        chart="bar",
        drawn=3,
        unit=_("hazards"),
        excel_url=frame.download("major_month"),
    )


def major_domains(frame: Frame) -> Figure:
    question = _only_major(frame)
    found = selectors.stands(question, ("domain",))
    now = selectors.stands(question, ("domain",), found=False)
    order = sorted(now, key=lambda key: (-now[key].open, -found.get(key, Stand()).found))
    rows = []
    for key in order:
        one, present = found.get(key, Stand()), now[key]
        if one.found or present.open:
            rows.append(
                [
                    NAMES.get(key[0], key[0]),
                    frame.cell(one.closed, domain=key[0], grade="major", group="closed"),
                    frame.cell(one.open, domain=key[0], grade="major"),
                    frame.cell(one.found, domain=key[0], grade="major", group="all"),
                    share(one.closed, one.found),
                    frame.cell(present.open, domain=key[0], grade="major", found=False),
                ]
            )
    return Figure(
        key="major_domains",
        title=_("Major hazards by domain"),
        definition=_("Found in the period, and of these struck off and still open; open as of now, whenever found.")
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[
            _("Domain"),
            _("Struck off"),
            _("Still open"),
            pgettext("figure", "Found"),
            _("Share struck off"),
            _("Open now"),
        ],
        rows=rows,
        chart="stacked",
        drawn=2,
        unit=_("hazards"),
        excel_url=frame.download("major_domains"),
    )


def major_places(frame: Frame) -> Figure | None:
    if not frame.level:
        return None
    question = _only_major(frame)
    found = selectors.stands_by_place(question, frame.level)
    now = selectors.now_by_place(question, frame.level)
    shown = [place for place in frame.places if place.code in found or now.get(place.code, Stand()).open]
    rows = []
    for place in shown:
        one, present = found.get(place.code, Stand()), now.get(place.code, Stand())
        here = {"region": place.code, "grade": "major"}
        rows.append(
            [
                Cell(place.name, frame.deeper(place.code, "major")),
                frame.cell(one.closed, group="closed", **here),
                frame.cell(one.open, **here),
                frame.cell(one.found, group="all", **here),
                frame.cell(present.open, found=False, **here),
                frame.cell(present.late, found=False, late="1", **here),
            ]
        )
    return Figure(
        key="major_places",
        title=_("Major hazards by region"),
        definition=_("Found in the period, and of these struck off and still open; open and late as of now.")
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[
            _("Region"),
            _("Struck off"),
            _("Still open"),
            pgettext("figure", "Found"),
            _("Open now"),
            _("Late now"),
        ],
        rows=rows,
        chart="stacked",
        drawn=2,
        unit=_("hazards"),
        excel_url=frame.download("major_places"),
    )

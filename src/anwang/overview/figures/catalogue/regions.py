"""Regions compared: towns of a county, counties of a city, villages of a town."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from anwang.ground.base.parts import Cell, Figure
from anwang.overview.figures import rules, selectors
from anwang.overview.figures.catalogue.frame import Frame, per_cent, share
from anwang.overview.figures.rules import Flow
from anwang.overview.figures.selectors import Place, Stand


def _shown(frame: Frame, *sums: dict[str, Stand]) -> list[Place]:
    """The regions with anything in them, and where something lies in none of them a row for that.

    A county shows its towns even where nothing was found there: nothing found is a figure too.
    """
    everything = (
        frame.places if frame.level != "village" else [p for p in frame.places if any(p.code in s for s in sums)]
    )
    aside = any(one.found for each in sums for code, one in each.items() if code not in {p.code for p in everything})
    return [*everything, *([Place("", _("Not placed below"))] if aside else [])]


def _of(place: Place, sums: dict[str, Stand], shown: list[Place]) -> Stand:
    if place.region is not None:
        return sums.get(place.code, Stand())
    known = {each.code for each in shown if each.region is not None}
    whole = Stand()
    for code, one in sums.items():
        if code not in known:
            whole += one
    return whole


def places(frame: Frame) -> Figure | None:
    """One row per region with everything a meeting asks for."""
    if not frame.level:
        return None
    found = selectors.stands_by_place(frame.question, frame.level)
    now = selectors.now_by_place(frame.question, frame.level)
    flows = _flows(frame)
    shown = _shown(frame, found, now)
    rows = []
    for place in shown:
        one, present, flow = _of(place, found, shown), _of(place, now, shown), flows.get(place.code, Flow())
        here = {"region": place.code}

        def cell(n: int, here: dict[str, str] = here, **more: object) -> Cell:
            return frame.cell(n, **here, **more) if here["region"] else Cell(n)

        rows.append(
            [
                Cell(place.name, frame.deeper(place.code, "overview") if place.code else ""),
                cell(one.closed, group="closed"),
                cell(one.open),
                cell(one.found, group="all"),
                share(one.closed, one.found),
                cell(present.open, found=False),
                cell(present.late, found=False, late="1"),
                cell(present.major_open, found=False, grade="major"),
                flow.mean_days,
                per_cent(flow.in_time_share),
            ]
        )
    return Figure(
        key="places",
        title=_("Regions compared"),
        definition=_(
            "Found in the period, and of these struck off and still open; open, late and major as of now, whenever "
            "found. Days: from found to struck off, on average over what was struck off in the period. In time: of "
            "the deadlines that passed in the period, those the unit kept. By the place of the hazard."
        ),
        computed_at=frame.computed_at,
        heads=[
            _("Region"),
            _("Struck off"),
            _("Still open"),
            pgettext("figure", "Found"),
            _("Share struck off"),
            _("Open now"),
            _("Late now"),
            _("Major, open now"),
            _("Days until struck off"),
            _("In time"),
        ],
        rows=rows,
        chart="stacked",
        drawn=2,
        unit=_("hazards"),
        excel_url=frame.download("places"),
    )


def _flows(frame: Frame) -> dict[str, Flow]:
    if frame.question.sources:
        return {}
    rows = selectors.flows(
        frame.question.user,
        frame.question.asked,
        today=frame.today,
        by="code",
        level=frame.level,
        first=frame.span.first,
        last=frame.span.last,
    )
    found: dict[str, Flow] = {}
    for (code, _month), flow in rows.items():
        found[code] = found.get(code, Flow()) + flow
    return found


def places_late(frame: Frame) -> Figure | None:
    if not frame.level:
        return None
    now = selectors.now_by_place(frame.question, frame.level)
    shown = [place for place in frame.places if now.get(place.code, Stand()).open]
    shown.sort(key=lambda place: (-now[place.code].late, -now[place.code].open))
    rows = [
        [
            Cell(place.name, frame.rows(region=place.code, found=False)),
            frame.cell(now[place.code].late, region=place.code, found=False, late="1"),
            frame.cell(now[place.code].open, region=place.code, found=False),
            share(now[place.code].late, now[place.code].open),
        ]
        for place in shown
    ]
    return Figure(
        key="places_late",
        title=_("Late now, the most first"),
        definition=_("Hazards whose present step is past its day, of whatever step; the share is of the open ones.")
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("Region"), _("Late now"), _("Open now"), _("Share late")],
        rows=rows,
        chart="bar",
        drawn=1,
        unit=_("hazards"),
        excel_url=frame.download("places_late"),
    )


def places_rate(frame: Frame) -> Figure | None:
    if not frame.level:
        return None
    found = selectors.stands_by_place(frame.question, frame.level)
    shown = [place for place in frame.places if found.get(place.code, Stand()).found]
    shown.sort(key=lambda place: rules.share(found[place.code].closed, found[place.code].found) or 0, reverse=True)
    rows = [
        [
            Cell(place.name, frame.deeper(place.code, "overview")),
            rules.share(found[place.code].closed, found[place.code].found),
            rules.share(found[place.code].ever_late, found[place.code].found),
            frame.cell(found[place.code].found, region=place.code, group="all"),
        ]
        for place in shown
    ]
    return Figure(
        key="places_rate",
        title=_("Share struck off, and share ever late"),
        definition=_("Of the hazards found in the period: how many per cent are closed by now, and how many were late.")
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("Region"), _("Struck off, %"), _("Ever late, %"), pgettext("figure", "Found")],
        rows=rows,
        chart="bar",
        drawn=2,
        unit="%",
        excel_url=frame.download("places_rate"),
    )

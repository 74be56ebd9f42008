"""Industry domains: where hazards lie, and how fast each domain is."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from anwang.ground.base.domains import Domain
from anwang.ground.base.parts import Cell, Figure
from anwang.overview.figures import selectors
from anwang.overview.figures.catalogue.frame import Frame, per_cent, share
from anwang.overview.figures.rules import Flow
from anwang.overview.figures.selectors import Stand

NAMES = dict(Domain.choices)
DRAWN = 6
"""Domains with a colour of their own in a chart over months; the rest is gathered."""


def domains(frame: Frame) -> Figure:
    found = {domain: one for (domain,), one in selectors.stands(frame.question, ("domain",)).items()}
    now = {domain: one for (domain,), one in selectors.stands(frame.question, ("domain",), found=False).items()}
    order = sorted(now, key=lambda domain: (-found.get(domain, Stand()).found, -now[domain].found))
    rows = []
    for domain in order:
        one, present = found.get(domain, Stand()), now[domain]
        if not (one.found or present.open):
            continue
        rows.append(
            [
                Cell(NAMES.get(domain, domain), frame.rows(domain=domain, group="all")),
                frame.cell(one.closed, domain=domain, group="closed"),
                frame.cell(one.open, domain=domain),
                frame.cell(one.found, domain=domain, group="all"),
                share(one.closed, one.found),
                frame.cell(one.major, domain=domain, grade="major", group="all"),
                frame.cell(present.open, domain=domain, found=False),
                frame.cell(present.late, domain=domain, found=False, late="1"),
            ]
        )
    return Figure(
        key="domains",
        title=_("Domains, the most first"),
        definition=_("Found in the period by the domain of the hazard; open and late as of now, whenever found.")
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[
            _("Domain"),
            _("Struck off"),
            _("Still open"),
            pgettext("figure", "Found"),
            _("Share struck off"),
            _("Of these major"),
            _("Open now"),
            _("Late now"),
        ],
        rows=rows,
        chart="stacked",
        drawn=2,
        unit=_("hazards"),
        excel_url=frame.download("domains"),
    )


def domains_pace(frame: Frame) -> Figure | None:
    if frame.question.sources:
        return None
    flows: dict[str, Flow] = {}
    rows_of = selectors.flows(
        frame.question.user,
        frame.question.asked,
        today=frame.today,
        by="domain",
        first=frame.span.first,
        last=frame.span.last,
    )
    for (domain, _month), flow in rows_of.items():
        flows[domain] = flows.get(domain, Flow()) + flow
    slow = sorted((d for d in flows if flows[d].closed), key=lambda d: -(flows[d].mean_days or 0))
    rows = [
        [
            NAMES.get(domain, domain),
            flows[domain].mean_days,
            Cell(flows[domain].closed, frame.closed_rows(domain=domain)),
            share(flows[domain].on_spot, flows[domain].closed),
            per_cent(flows[domain].in_time_share),
        ]
        for domain in slow
    ]
    return Figure(
        key="domains_pace",
        title=_("Days until struck off, the slowest first"),
        definition=_(
            "Natural days from found to closed, on average over what was closed in the period. On the spot: put right "
            "in front of the inspector. In time: of the deadlines that passed in the period, those the unit kept."
        ),
        computed_at=frame.computed_at,
        heads=[_("Domain"), _("Days"), _("Struck off"), _("On the spot"), _("In time")],
        rows=rows,
        chart="bar",
        drawn=1,
        unit=_("days"),
        excel_url=frame.download("domains_pace"),
    )


def domains_month(frame: Frame) -> Figure:
    stands = selectors.stands(frame.question, ("domain", "month"))
    sums: dict[str, int] = {}
    for (domain, _month), one in stands.items():
        sums[domain] = sums.get(domain, 0) + one.found
    most = sorted(sums, key=lambda domain: -sums[domain])[:DRAWN]
    rest = set(sums) - set(most)
    rows = []
    for month in frame.months:
        cells = [
            frame.cell(stands.get((domain, month), Stand()).found, domain=domain, month=month, group="all")
            for domain in most
        ]
        other = sum(stands.get((domain, month), Stand()).found for domain in rest)
        door = {"domain": sorted(rest), "month": month, "group": "all"}
        rows.append([month, *cells, *([frame.cell(other, **door)] if rest else [])])
    return Figure(
        key="domains_month",
        title=_("Found by month and domain"),
        definition=_("The %(n)d domains with the most hazards in the period, by the month they were found in.")
        % {"n": len(most)}
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("Month"), *(NAMES.get(domain, domain) for domain in most), *([_("All others")] if rest else [])],
        rows=rows,
        chart="stacked",
        unit=_("hazards"),
        excel_url=frame.download("domains_month"),
    )

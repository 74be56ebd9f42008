"""How hazards were found: the three-in-one inspection (三位一体) and everybody else's eyes."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.parts import Cell, Figure
from anwang.overview.figures import labels, rules, selectors
from anwang.overview.figures.catalogue.frame import Frame, share, where
from anwang.overview.figures.rules import EYES_OF, SOURCES_OF, Eyes
from anwang.overview.figures.selectors import Stand, Visits
from anwang.work.hazards.labels import SOURCES
from anwang.work.inspections.rules import HAZARD_SOURCE, Kind

VISIT_EYES = (Eyes.SELF, Eyes.EXPERT, Eyes.GOVERNMENT, Eyes.GRASSROOTS)


def _by_eyes(stands: dict[tuple[str, ...], Stand]) -> dict[Eyes, Stand]:
    found: dict[Eyes, Stand] = {}
    for (source, *_rest), one in stands.items():
        eyes = EYES_OF.get(source, Eyes.OTHER)
        found[eyes] = found.get(eyes, Stand()) + one
    return found


def eyes(frame: Frame) -> Figure:
    stands = _by_eyes(selectors.stands(frame.question, ("source",)))
    whole = sum(one.found for one in stands.values())
    rows = []
    for each in Eyes:
        one = stands.get(each, Stand())
        if not one.found:
            continue
        door: dict[str, Any] = {"source": list(SOURCES_OF[each])}
        rows.append(
            [
                Cell(labels.EYES[each], frame.rows(group="all", **door)),
                frame.cell(one.found, group="all", **door),
                share(one.found, whole),
                frame.cell(one.major, group="all", grade="major", **door),
                share(one.closed, one.found),
                share(one.ever_late, one.found),
            ]
        )
    return Figure(
        key="eyes",
        title=_("Three in one, and who else found them"),
        definition=_(
            "Hazards found in the period by how they were found. Government inspection counts joint and unannounced "
            "visits as well; grid and household visits stand by themselves."
        )
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[
            _("How found"),
            pgettext("figure", "Found"),
            _("Share"),
            _("Of these major"),
            _("Share struck off"),
            _("Ever late"),
        ],
        rows=rows,
        chart="ring",
        drawn=1,
        unit=_("hazards"),
        excel_url=frame.download("eyes"),
    )


def eyes_month(frame: Frame) -> Figure:
    stands = selectors.stands(frame.question, ("source", "month"))
    present = [each for each in Eyes if any(EYES_OF.get(source, Eyes.OTHER) is each for source, _month in stands)]
    rows = []
    for month in frame.months:
        cells = []
        for each in present:
            n = sum(stands.get((source, month), Stand()).found for source in SOURCES_OF[each])
            cells.append(frame.cell(n, source=list(SOURCES_OF[each]), month=month, group="all"))
        rows.append([month, *cells])
    return Figure(
        key="eyes_month",
        title=_("How found, by month"),
        definition=_("Hazards by the month they were found in and by how they were found.") + " " + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("Month"), *(labels.EYES[each] for each in present)],
        rows=rows,
        chart="stacked",
        unit=_("hazards"),
        excel_url=frame.download("eyes_month"),
    )


def visits(frame: Frame) -> Figure | None:
    if not frame.may(Permission.INSPECTION_READ):
        return None
    question = frame.question
    found = selectors.visits(
        question.user,
        inside=question.inside,
        domains=question.domains,
        first=frame.span.first,
        last=frame.span.last,
    )
    sums: dict[tuple[str, Eyes], Visits] = {}
    for (_code, kind, month), each in found.items():
        key = (month, EYES_OF[HAZARD_SOURCE[Kind(kind)]])
        sums[key] = sums.get(key, Visits()) + each
    rows = []
    for month in frame.months:
        cells = [sums.get((month, each), Visits()) for each in VISIT_EYES]
        n, born = sum(each.visits for each in cells), sum(each.findings for each in cells)
        rows.append([month, *(_visits_cell(frame, month, eyes, c) for eyes, c in zip(VISIT_EYES, cells, strict=True)), n,
                     born, rules.mean(born, n)])  # fmt: skip
    return Figure(
        key="visits",
        title=_("Visits made"),
        definition=_(
            "Visits with a finished record, by the month they began in; visits where nobody was met or that were "
            "refused are not counted. Hazards a visit: recorded on these visits, on average."
        ),
        computed_at=frame.computed_at,
        heads=[
            _("Month"),
            *(labels.EYES[each] for each in VISIT_EYES),
            pgettext("figure", "Visits"),
            _("Hazards found"),
            _("Hazards a visit"),
        ],
        rows=rows,
        chart="stacked",
        drawn=len(VISIT_EYES),
        unit=_("visits"),
        excel_url=frame.download("visits"),
    )


def _visits_cell(frame: Frame, month: str, eyes: Eyes, one: Visits) -> Cell:
    kinds = [kind.value for kind, source in HAZARD_SOURCE.items() if EYES_OF[source] is eyes]
    url = where(
        "inspections:list",
        region=frame.region.code if frame.region else "",
        made_from=rules.first_day(month),
        made_to=rules.last_day(month),
        state="done",
    )
    tail = "".join(f"&kind={kind}" for kind in kinds)
    return Cell(one.visits, f"{url}{tail}" if url and one.visits else "")


def sources(frame: Frame) -> Figure:
    stands = selectors.stands(frame.question, ("source",))
    rows = []
    for source, label in SOURCES:
        one = stands.get((source,), Stand())
        if one.found:
            rows.append(
                [
                    Cell(label, frame.rows(source=source, group="all")),
                    frame.cell(one.closed, source=source, group="closed"),
                    frame.cell(one.open, source=source),
                    frame.cell(one.found, source=source, group="all"),
                    share(one.closed, one.found),
                ]
            )
    return Figure(
        key="sources",
        title=_("Every way of finding"),
        definition=_("Hazards found in the period by the kind of visit, report or list they come from.")
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("How found"), _("Struck off"), _("Still open"), pgettext("figure", "Found"), _("Share struck off")],
        rows=rows,
        chart="stacked",
        drawn=2,
        unit=_("hazards"),
        excel_url=frame.download("sources"),
    )

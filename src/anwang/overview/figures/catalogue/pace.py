"""How fast: days until struck off, deadlines kept, lateness that came and went."""

from django.utils.translation import gettext as _

from anwang.ground.base.parts import Cell, Figure
from anwang.overview.figures import rules
from anwang.overview.figures.catalogue.frame import Frame, per_cent, share


def days(frame: Frame) -> Figure | None:
    if frame.question.sources:
        return None
    rows = []
    for month in frame.months:
        one = frame.flow_of(month)
        rows.append(
            [
                month,
                one.mean_days,
                Cell(one.closed, frame.closed_rows(month) if one.closed else ""),
                one.on_spot,
                share(one.on_spot, one.closed),
            ]
        )
    return Figure(
        key="days",
        title=_("Days until struck off"),
        definition=_(
            "Natural days from found to closed, on average over the hazards closed in the month, time suspended with "
            "leave included. On the spot: put right in front of the inspector, which counts as no days."
        ),
        computed_at=frame.computed_at,
        heads=[_("Month"), _("Days"), _("Struck off"), _("On the spot"), _("Share on the spot")],
        rows=rows,
        chart="line",
        drawn=1,
        unit=_("days"),
        excel_url=frame.download("days"),
    )


def in_time(frame: Frame) -> Figure | None:
    if frame.question.sources:
        return None
    rows = []
    for month in frame.months:
        one = frame.flow_of(month)
        rows.append([month, one.in_time_share, one.due, one.in_time, one.due - one.in_time])
    whole = frame.flow_in_span
    return Figure(
        key="in_time",
        title=_("Deadlines kept"),
        definition=_(
            "Of the rectification deadlines that passed in the month, those before whose end the unit had handed in; "
            "what was put right on the spot is kept. A deadline that was extended counts where it was moved to. In "
            "the whole period: %(share)s."
        )
        % {"share": per_cent(whole.in_time_share) or "—"},
        computed_at=frame.computed_at,
        heads=[_("Month"), _("Kept, %"), _("Deadlines"), _("Kept"), _("Missed")],
        rows=rows,
        chart="line",
        drawn=1,
        unit="%",
        excel_url=frame.download("in_time"),
    )


def lateness(frame: Frame) -> Figure | None:
    if frame.question.sources:
        return None
    changes: dict[str, int] = {}
    for (_code, month), one in frame.flow.items():
        changes[month] = changes.get(month, 0) + one.went_late - one.came_right
    stood = rules.running(changes, frame.months)
    rows = [
        [month, frame.flow_of(month).went_late, frame.flow_of(month).came_right, stood[month]] for month in frame.months
    ]
    return Figure(
        key="lateness",
        title=_("Lateness that began and ended"),
        definition=_(
            "Periods in which a step was past its day, whoever had to act. A hazard that is late twice is counted "
            "twice. Late at the end: periods that had begun and not ended by the month's last day."
        ),
        computed_at=frame.computed_at,
        heads=[_("Month"), _("Became late"), _("Late no more"), _("Late at the end")],
        rows=rows,
        chart="bar",
        unit=_("periods"),
        excel_url=frame.download("lateness"),
    )

"""Base counts (底数): what is supervised, in which colour, and what is wrong with the data."""

from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from anwang.ground.accounts.permissions import Permission
from anwang.ground.base.parts import Cell, Figure
from anwang.ground.base.templatetags.anwang import LEVELS
from anwang.ground.regions.models import Region
from anwang.overview.figures import selectors
from anwang.overview.figures.catalogue.frame import Frame, share, where
from anwang.registers.sites import selectors as sites
from anwang.registers.sites.labels import FLAGS
from anwang.registers.sites.rules import Flag

COLOURS = ("red", "orange", "yellow", "blue")


def _region(frame: Frame) -> Region | None:
    """The region these figures are about; looked up once for the tab."""
    if frame.region is not None:
        return frame.region
    if "base_region" not in frame.__dict__:
        tops = selectors.tops(frame.question.user, Permission.SITE_READ)
        frame.__dict__["base_region"] = tops[0] if len(tops) == 1 else None
    found: Region | None = frame.__dict__["base_region"]
    return found


def _counts(frame: Frame) -> Any:
    """The base counts, made once for the tab; None for those who may not read places."""
    kept = frame.__dict__.get("base_counts", False)
    if kept is False:
        region = _region(frame) if frame.may(Permission.SITE_READ) else None
        one = next(iter(frame.question.domains), "") if len(frame.question.domains) == 1 else ""
        kept = sites.base_counts(frame.question.user, region, domain=one) if region is not None else None
        frame.__dict__["base_counts"] = kept
    return kept


def _door(frame: Frame, **more: str) -> str:
    region = _region(frame)
    one = next(iter(frame.question.domains), "") if len(frame.question.domains) == 1 else ""
    return where("sites:ledger", region=region.code if region else "", domain=one, **more)


def kinds(frame: Frame) -> Figure | None:
    found = _counts(frame)
    if found is None:
        return None
    order = sorted(found.kinds, key=lambda kind: -found.of(kind))
    whole = found.of()
    return Figure(
        key="kinds",
        title=_("Supervised places by kind"),
        definition=_(
            "Places in operation or suspended; closed ones and those merged into another are left out. Of the filters "
            "only the region, and a single domain, cut these figures."
        )
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("Kind"), _("Places"), _("Share")],
        rows=[
            [found.words.get(kind, kind), Cell(found.of(kind), _door(frame, kind=kind)), share(found.of(kind), whole)]
            for kind in order
        ],
        chart="bar",
        drawn=1,
        unit=_("places"),
        excel_url=frame.download("kinds"),
    )


def colours(frame: Frame) -> Figure | None:
    region = _region(frame)
    if region is None or not frame.may(Permission.SITE_READ):
        return None
    asked = sites.Asked(region=region, domains=sorted(frame.question.domains))
    found = dict(sites.sites(frame.question.user, asked).order_by().values_list("colour").annotate(n=Count("pk")))
    whole = sum(found.values())
    shown = [colour for colour in COLOURS if found.get(colour)]
    rows = [
        [LEVELS[colour], Cell(found[colour], _door(frame, colour=colour)), share(found[colour], whole)]
        for colour in shown
    ]
    if found.get(""):
        rows.append([_("Not rated"), Cell(found[""], _door(frame, colour="none")), share(found[""], whole)])
    return Figure(
        key="colours",
        title=_("Places by risk colour"),
        definition=_("The risk colour a place has now; not rated means that nobody has assessed it yet.")
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("Risk colour"), _("Places"), _("Share")],
        rows=rows,
        chart="ring",
        drawn=1,
        levels=shown,
        unit=_("places"),
        excel_url=frame.download("colours"),
    )


def doubts(frame: Frame) -> Figure | None:
    found = _counts(frame)
    if found is None:
        return None
    whole = found.of()
    order = sorted((flag for flag in Flag if found.flagged(flag)), key=lambda flag: -found.flagged(flag))
    return Figure(
        key="doubts",
        title=_("Doubts about the data"),
        definition=_(
            "A doubt is about what is written of a place, not about the place: it goes when somebody writes it."
        )
        + " "
        + frame.up_to_now,
        computed_at=frame.now,
        heads=[_("Doubt"), _("Places"), _("Share")],
        rows=[
            [FLAGS[flag], Cell(found.flagged(flag), _door(frame, flag=flag.value)), share(found.flagged(flag), whole)]
            for flag in order
        ],
        chart="bar",
        drawn=1,
        unit=_("places"),
        excel_url=frame.download("doubts"),
    )

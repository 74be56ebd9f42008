"""The papers of a hazard's road. Shapes of their data: docs/rooms/papers.md."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from anwang.ground.accounts.permissions import Permission
from anwang.ground.files.papers import PaperKind

_HERE = Path(__file__).parent

ORDER = PaperKind(
    key="hazards.order",
    zh="责令限期整改指令书",
    title=_("Order to rectify by a deadline"),
    word="责改",
    template=_HERE / "order.typ",
    permission=Permission.PAPER_ISSUE,
    required={
        "unit.name": _("the unit"),
        "problems": _("what must be put right"),
        "basis": _("the legal basis"),
        "appeal.government": _("where to object"),
        "appeal.court": _("where to sue"),
    },
    officers=2,
)
RECHECK = PaperKind(
    key="hazards.recheck",
    zh="整改复查意见书",
    title=_("Opinion on the re-check"),
    word="复查",
    template=_HERE / "recheck.typ",
    permission=Permission.PAPER_ISSUE,
    required={
        "unit.name": _("the unit"),
        "checked_on": _("when it was checked again"),
        "items": _("what was checked again"),
        "order.number": _("the order it answers"),
    },
    officers=2,
)
NOTICE = PaperKind(
    key="hazards.notice",
    zh="隐患告知单",
    title=_("Notice of hazards"),
    word="告知",
    template=_HERE / "notice.typ",
    permission=Permission.HAZARD_LINK,
    required={"unit.name": _("the unit"), "problems": _("what must be put right")},
)
LEDGER = PaperKind(
    key="hazards.ledger",
    zh="隐患排查治理台账",
    title=_("Hazard ledger"),
    word="台账",
    template=_HERE / "ledger.typ",
    permission=Permission.LEDGER_EXPORT,
    required={"columns": _("the columns")},
)

KINDS = (ORDER, RECHECK, NOTICE, LEDGER)

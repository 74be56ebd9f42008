"""The monthly report. Shape of its data: docs/rooms/papers.md."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from anwang.ground.accounts.permissions import Permission
from anwang.ground.files.papers import PaperKind

MONTHLY = PaperKind(
    key="figures.monthly",
    zh="安全隐患排查治理月报",
    title=_("Monthly report"),
    word="月报",
    template=Path(__file__).parent / "monthly.typ",
    permission=Permission.FIGURES_EXPORT,
    required={"title": _("a title"), "sections": _("its sections")},
)

KINDS = (MONTHLY,)

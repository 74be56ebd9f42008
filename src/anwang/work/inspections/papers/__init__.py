"""The papers of an inspection. Shapes of their data: docs/rooms/papers.md."""

from pathlib import Path

from django.utils.translation import gettext_lazy as _

from anwang.ground.accounts.permissions import Permission
from anwang.ground.files.papers import PaperKind

_HERE = Path(__file__).parent
_REQUIRED = {
    "unit.name": _("the unit"),
    "inspection.started_at": _("when the inspection began"),
    "officers": _("who inspected"),
}

RECORD = PaperKind(
    key="inspections.record",
    zh="现场检查记录",
    title=_("On-site inspection record"),
    word="检记",
    template=_HERE / "record.typ",
    permission=Permission.INSPECTION_CONDUCT,
    required=_REQUIRED,
)
SELF_RECORD = PaperKind(
    key="inspections.self_record",
    zh="安全自查记录",
    title=_("Record of a self-check"),
    word="自查",
    template=_HERE / "record.typ",
    permission=Permission.INSPECTION_SELF,
    required=_REQUIRED,
)

KINDS = (RECORD, SELF_RECORD)

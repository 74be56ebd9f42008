"""The trail as files: JSON lines that can be proved again, or a sheet to read."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import xlsxwriter
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from anwang.ground.audit import labels, selectors
from anwang.ground.audit.models import AuditRow
from anwang.ground.audit.services.rows import Doer, record
from anwang.ground.base import rights
from anwang.ground.base.errors import Refused

SHEET_ROWS = 1_048_575
COLUMNS = [field.attname for field in AuditRow._meta.concrete_fields]  # noqa: SLF001 - Django's own public-by-habit name
CHUNK = 2000

Form = Literal["jsonl", "xlsx"]


def export(
    *, rows: "QuerySet[AuditRow]", form: Form, by: Doer | None, now: datetime, to: Path | None = None
) -> Iterator[bytes]:
    """The rows, oldest first, as pieces of a file; that it was taken is recorded.

    JSON lines are made as they are sent. A sheet is built in the file ``to`` and then sent. ``by`` None is the
    operator at the command line; a person needs ``audit.export`` and gets rows they may see.
    Raises Refused("audit.too_many_for_a_sheet") over 1 048 575 rows.
    """
    rights.require(by, "audit.export")
    rows = rows.order_by("at", "id")
    count = rows.count()
    if form == "xlsx" and count > SHEET_ROWS:
        raise Refused("audit.too_many_for_a_sheet", n=count)
    taken = record("audit.exported", by=by, at=now, data={"form": form, "rows": count})
    rows = rows.exclude(pk=taken.pk)
    if form == "jsonl":
        return lines(rows)
    if to is None:
        raise ValueError("a sheet needs a file to be built in")
    return sheet(rows, to)


def export_file(question: selectors.Question, *, to: Path, now: datetime) -> int:
    """The operator's export from the command line: the whole trail, ``.xlsx`` or JSON lines. Returns the rows."""
    rows = selectors.answering(AuditRow.objects.all(), question)
    form: Form = "xlsx" if to.suffix.lower() == ".xlsx" else "jsonl"
    count = rows.count()
    if form == "xlsx":
        for _piece in export(rows=rows, form=form, by=None, now=now, to=to):
            pass
        return count
    with to.open("wb") as file:
        file.writelines(export(rows=rows, form=form, by=None, now=now))
    return count


def lines(rows: "QuerySet[AuditRow]") -> Iterator[bytes]:
    """One JSON object per row with every column, hashes included."""
    for row in rows.iterator(chunk_size=CHUNK):
        yield as_line(row)


def as_line(row: AuditRow) -> bytes:
    said: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
    said["at"] = row.at.isoformat()
    return json.dumps(said, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def sheet(rows: "QuerySet[AuditRow]", to: Path) -> Iterator[bytes]:
    """Written row by row with constant memory. Every cell is text: nothing a user typed becomes a formula."""
    heads = [_("Time"), _("Event"), _("By"), _("Thing"), _("Name"), _("Place"), _("Details"), _("Number"), _("Hash")]
    book = xlsxwriter.Workbook(
        str(to), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    page = book.add_worksheet(_("Audit trail"))
    page.freeze_panes(1, 0)
    for column, (head, width) in enumerate(zip(heads, (19, 24, 14, 12, 30, 10, 60, 10, 66), strict=True)):
        page.set_column(column, column, width)
        page.write_string(0, column, head, book.add_format({"bold": True}))
    for number, row in enumerate(rows.iterator(chunk_size=CHUNK), start=1):
        cells = (
            timezone.localtime(row.at).strftime("%Y-%m-%d %H:%M:%S"),
            str(labels.of(row.event)),
            row.by_name or _("the system"),
            str(labels.of_kind(row.on_kind)),
            row.on_name,
            row.county_code or row.city_code or row.province_code,
            json.dumps(row.data, ensure_ascii=False) if row.data else "",
            f"{row.chain} {row.seq}",
            row.hash,
        )
        for column, cell in enumerate(cells):
            page.write_string(number, column, cell[:32_767])
    book.close()
    with to.open("rb") as file:
        while piece := file.read(1 << 16):
            yield piece

"""Tables in and out: what an office sends is read as it is, what it gets opens in Excel and WPS.

``read`` takes xlsx, xlsm, xlsb, xls, ods and csv (UTF-8, UTF-16, GB18030), told apart by content. The parsing is done
by ``sheets_child.py`` in a process of its own: a hostile file costs that process and nothing else. What comes back
waits in a temporary file, so rows can be walked more than once without being held.

Refusals (``sheets.*``) say what is wrong with the file and what to do about it.
"""

import json
import re
import subprocess
import sys
import tempfile
import unicodedata
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple, Self

import structlog
import xlsxwriter
from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anwang.ground.base.errors import Refused, Sentence, register

log = structlog.get_logger(__name__)

Cell = str | int | float | bool | date | datetime | time | timedelta
"""A cell as it was meant; "" where it is blank. Whole numbers are ints, whatever the file says."""

ROWS = 200_000
COLUMNS = 200
SHEETS = 50
UNPACKED = 700 * 1024 * 1024
MEMORY = 1536 * 1024 * 1024
OUTPUT = 768 * 1024 * 1024
SECONDS = 120

_CHILD = Path(__file__).with_name("sheets_child.py")


# --- reading --------------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One row that is not blank. ``number`` counts as Excel does; ``cells`` ends with its last filled cell.

    ``filled`` are the columns (from 0) whose value was taken from a merged cell further up or to the left: text to
    read, but an amount in such a cell was written once and must not be added up again.
    """

    number: int
    cells: list[Any]
    filled: frozenset[int] = frozenset()

    def get(self, column: int) -> Any:
        return self.cells[column] if 0 <= column < len(self.cells) else ""


@dataclass(slots=True)
class Sheet:
    """One worksheet. ``name`` is empty for a csv file; ``height`` and ``width`` reach to the last filled cell."""

    name: str
    visible: bool
    height: int = 0
    width: int = 0
    _path: str = field(default="", repr=False)
    _begins: int = field(default=0, repr=False)

    def rows(self) -> Iterator[Row]:
        """The rows from the top, blank ones left out. May be walked as often as needed, also at the same time."""
        with open(self._path, "rb") as file:  # noqa: PTH123
            file.seek(self._begins)
            for line in file:
                said = json.loads(line, object_hook=_moment)
                if said[0] != "row":
                    return
                yield Row(said[1], said[2], frozenset(said[3]))

    def head(self, count: int = 40) -> list[Row]:
        """The first rows, for finding the header and for a preview."""
        found = []
        for row in self.rows():
            found.append(row)
            if len(found) == count:
                break
        return found


class Workbook:
    """What was read. Use it with ``with``: the rows wait in a temporary file that goes when it is closed."""

    def __init__(self, path: str, sheets: list[Sheet], name: str) -> None:
        self.name = name
        self.sheets = sheets
        self._gone = weakref.finalize(self, _remove, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._gone()

    @property
    def first(self) -> Sheet:
        """The sheet a person would mean: the first visible one with anything in it."""
        full = [sheet for sheet in self.sheets if sheet.height]
        if not full:
            raise Refused("sheets.empty", name=self.name)
        return next((sheet for sheet in full if sheet.visible), full[0])

    def sheet(self, name: str) -> Sheet:
        """The sheet of this name. Refused("sheets.no_such_sheet") where there is none."""
        found = next((sheet for sheet in self.sheets if sheet.name == name), None)
        if found is None:
            raise Refused("sheets.no_such_sheet", sheet=name, name=self.name)
        return found


def read(data: bytes | Path, *, name: str = "", rows: int = ROWS, columns: int = COLUMNS) -> Workbook:
    """Read a table file, at most ``rows`` × ``columns`` a sheet and ``settings.SHEET_MAX_BYTES`` in all.

    ``name`` is what the sender called the file; it is shown in refusals and decides nothing.
    Raises Refused("sheets.…") for a file that is too large, broken, locked, a bomb, or no table.
    """
    name = Path(name.replace("\\", "/")).name or (data.name if isinstance(data, Path) else "")
    folder = Path(getattr(settings, "FILE_UPLOAD_TEMP_DIR", None) or tempfile.gettempdir())
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if size > settings.SHEET_MAX_BYTES:
        raise Refused("sheets.too_large", limit=settings.SHEET_MAX_BYTES // (1024 * 1024), name=name)
    given = None
    answer = tempfile.NamedTemporaryFile(prefix="anwang-sheet-", dir=folder, delete=False)  # noqa: SIM115 - outlives us
    try:
        with answer:
            if isinstance(data, bytes):
                with tempfile.NamedTemporaryFile(prefix="anwang-sheet-", dir=folder, delete=False) as given_file:
                    given_file.write(data)
                given = given_file.name
            _run_child(given or str(data), answer, rows=rows, columns=columns, name=name)
        return Workbook(answer.name, _sheets(answer.name, name), name)
    except BaseException:
        _remove(answer.name)
        raise
    finally:
        if given:
            _remove(given)


def _run_child(path: str, answer: IO[bytes], *, rows: int, columns: int, name: str) -> None:
    ask = {
        "path": path,
        "bytes": settings.SHEET_MAX_BYTES,
        "rows": rows,
        "columns": columns,
        "sheets": SHEETS,
        "unpacked": UNPACKED,
        "memory": MEMORY,
        "output": OUTPUT,
        "seconds": SECONDS,
    }
    try:
        done = subprocess.run(  # noqa: S603 - our own file, run by our own interpreter
            [sys.executable, "-I", "-B", str(_CHILD)],
            input=json.dumps(ask).encode() + b"\n",
            stdout=answer,
            stderr=subprocess.PIPE,
            timeout=SECONDS + 30,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused("sheets.bomb", name=name) from error
    if done.returncode < 0:  # stopped by a ceiling: memory (abort), time or output
        log.warning("sheets.child_stopped", signal=-done.returncode)
        raise Refused("sheets.bomb", name=name)
    if done.returncode:
        log.error("sheets.child_failed", reason=done.stderr.decode("utf-8", "replace")[-2000:])
        raise Refused("sheets.broken", name=name)


def _sheets(path: str, name: str) -> list[Sheet]:
    sheets: list[Sheet] = []
    complete = False
    with open(path, "rb") as file:  # noqa: PTH123
        at = 0
        for line in file:
            at += len(line)
            if line.startswith(b'["row"'):
                continue
            said = json.loads(line)
            if said[0] == "sheet":
                sheets.append(Sheet(said[1], said[2], _path=path, _begins=at))
            elif said[0] == "end":
                sheets[-1].height, sheets[-1].width = said[1], said[2]
            elif said[0] == "refused":
                raise Refused(said[1], **{"name": name, **said[2]})
            else:
                complete = True
    if not complete:  # the ceiling on output cuts the file short without a word
        raise Refused("sheets.bomb", name=name)
    return sheets


def _moment(value: dict[str, Any]) -> Any:
    if "d" in value:
        return date.fromisoformat(value["d"])
    if "t" in value:
        return datetime.fromisoformat(value["t"])
    if "h" in value:
        return time.fromisoformat(value["h"])
    return timedelta(seconds=value["s"])


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)


# --- what rows mean -------------------------------------------------------------------------------------------------


def text(cell: Any) -> str:
    """A cell as one line of text: numbers without a tail, dates as 2026-03-05, blanks within folded."""
    if cell is None or cell == "":
        return ""
    if isinstance(cell, datetime):
        return cell.strftime("%Y-%m-%d %H:%M") if (cell.hour or cell.minute) else cell.date().isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, float):
        return repr(cell)
    return " ".join(str(cell).split())


def blank(row: Row | Sequence[Any]) -> bool:
    return not any(text(cell) for cell in _cells(row))


_TOTALS = re.compile(
    r"(?:本[页月年]|全[县市区乡镇]|各项)?(?:合计|小计|总计|共计|累计|总和)(?:数|\d*[家处条项个户]?)?[::]?"
)
_FOOTERS = re.compile(
    r"(?:填报|填表|制表|审核|审批|分管|主要|单位)?(?:人|单位|领导|负责人|日期|时间)(?:签字|签名|\(签字\)|\(盖章\))?:"
    r"|(?:填报|填表|制表|审核|联系|签发)[^:]{0,6}:|(?:注|备注|说明|附注|填表说明)[::\d]"
)


def is_subtotal(row: Row | Sequence[Any]) -> bool:
    """Does the row add up others (合计, 小计, 总计)? Told by its first words, spaced out or not."""
    first = [text(cell) for cell in _cells(row) if text(cell)][:3]
    return any(_TOTALS.fullmatch(_folded(words)) for words in first)


def is_footer(row: Row | Sequence[Any]) -> bool:
    """Is the row what stands under a table: who filled it in, who checked it, remarks?"""
    words = list(dict.fromkeys(text(cell) for cell in _cells(row) if text(cell)))
    return 0 < len(words) <= 4 and _FOOTERS.match(_folded(words[0])) is not None


@dataclass(frozen=True, slots=True)
class Header:
    """Where the table begins and what its columns mean."""

    row: int
    """Number of the (last) header row, as Excel counts."""
    index: int
    """Its place in the rows that were given; the data begins at ``index + 1``."""
    columns: dict[int, str]
    """Column (from 0) → field."""
    titles: dict[int, str]
    """Column → what stands in the header, for showing and for mapping by hand."""
    unknown: list[int]
    """Columns with a title that no field took."""
    score: float

    def column(self, name: str) -> int | None:
        return next((column for column, known in self.columns.items() if known == name), None)

    def missing(self, names: Iterable[str]) -> list[str]:
        taken = set(self.columns.values())
        return [name for name in names if name not in taken]


def find_header(
    rows: Sequence[Row | Sequence[Any]], known: Mapping[str, Sequence[str]], *, within: int = 30
) -> Header | None:
    """Find the header under title rows, and which column is which field.

    ``known`` maps a field to the names its column goes by; brackets, blanks and punctuation do not matter, and a
    longer title that holds a name counts for less than the name itself. Headers of two rows with merged cells are
    understood (整改情况 over 责任人, 时限). None where no row looks like a header (fewer than two known columns).
    """
    names = {field_: [_Name.of(name) for name in given] for field_, given in known.items()}
    best: Header | None = None
    for index in range(min(within, len(rows))):
        found = _as_header(rows, index, names)
        if found is not None and (best is None or found.score > best.score + 0.01):
            best = found
    if best is None:
        return None
    # Titles merged downwards repeat in the next row: that row is header too.
    while best.index + 1 < len(rows) and _repeats(best, _cells(rows[best.index + 1])):
        best = Header(
            _number(rows, best.index + 1), best.index + 1, best.columns, best.titles, best.unknown, best.score
        )
    return best


def _as_header(
    rows: Sequence[Row | Sequence[Any]], index: int, names: Mapping[str, Sequence["_Name"]]
) -> Header | None:
    cells = _cells(rows[index])
    titles = {column: text(cell) for column, cell in enumerate(cells) if isinstance(cell, str) and text(cell)}
    if len(set(titles.values())) < 2:
        return None
    above = _cells(rows[index - 1]) if index else []
    over = {column: text(cell) for column, cell in enumerate(above) if isinstance(cell, str)}
    grouped = len({words for words in over.values() if words}) > 1
    pairs: list[tuple[float, int, str]] = []
    for column, title in titles.items():
        wordings = [_Name.of(title)]
        if grouped and over.get(column) and over[column] != title:
            wordings.append(_Name.of(over[column] + title))
        for field_, known in names.items():
            worth = max((wording.like(name) for wording in wordings for name in known), default=0.0)
            if worth:
                pairs.append((worth, column, field_))
    columns: dict[int, str] = {}
    score = 0.0
    for worth, column, field_ in sorted(pairs, key=lambda pair: (-pair[0], pair[1])):
        if column not in columns and field_ not in columns.values():
            columns[column] = field_
            score += worth
    if len(columns) < min(2, len(names)):
        return None
    # A row of data has numbers, dates and long sentences; a header has short words that differ.
    strange = sum(1 for cell in cells if cell not in ("", None) and not isinstance(cell, str))
    long = sum(1 for title in titles.values() if len(title) > 24)
    score -= strange + 0.5 * long + 0.5 * (len(titles) - len(set(titles.values())))
    if score <= 0:
        return None
    unknown = [column for column in titles if column not in columns]
    return Header(_number(rows, index), index, dict(sorted(columns.items())), titles, unknown, score)


@dataclass(frozen=True, slots=True)
class _Name:
    """A title made comparable: signs and blanks gone; ``core`` also without what stands in brackets."""

    whole: str
    core: str

    @classmethod
    def of(cls, words: str) -> "_Name":
        narrow = _folded(words)
        core = re.sub(r"[(\[【<].*?[)\]】>]", "", narrow)
        return cls(*(re.sub(r"[\W_]+", "", part) for part in (narrow, core)))

    def like(self, other: "_Name") -> float:
        if self.whole == other.whole:
            return 3.0
        if self.core and self.core == other.core:
            return 2.5
        if not other.core or not self.core or len(self.core) > 24:
            return 0.0
        if len(other.core) >= 2 and other.core in self.core:
            return 1.0 + len(other.core) / len(self.core)
        if len(self.core) >= 2 and self.core in other.core:
            return 0.5 + len(self.core) / len(other.core)
        # 隐患具体情况 holds 隐患情况, a word apart.
        signs = iter(self.core)
        if (
            len(other.core) >= 4
            and len(other.core) > 0.6 * len(self.core)
            and all(sign in signs for sign in other.core)
        ):
            return 0.3 + 0.5 * len(other.core) / len(self.core)
        return 0.0


def _repeats(header: Header, cells: Sequence[Any]) -> bool:
    said = {column: text(cells[column]) for column in header.columns if column < len(cells) and text(cells[column])}
    return bool(said) and len(said) >= 2 and all(words == header.titles[column] for column, words in said.items())


def _cells(row: Row | Sequence[Any]) -> Sequence[Any]:
    return row.cells if isinstance(row, Row) else row


def _number(rows: Sequence[Row | Sequence[Any]], index: int) -> int:
    row = rows[index]
    return row.number if isinstance(row, Row) else index + 1


def _folded(words: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", words)).lower()


# --- writing --------------------------------------------------------------------------------------------------------

Kind = Literal["text", "number", "decimal", "percent", "date", "moment"]
_FORMATS: dict[str, str] = {
    "number": "0",
    "decimal": "#,##0.00",
    "percent": "0.0%",
    "date": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
_WIDTHS: dict[str, float] = {"text": 18, "number": 9, "decimal": 12, "percent": 9, "date": 12, "moment": 17}
_SHEET_ROWS = 1_000_000
_CELL_CHARS = 32_767
_FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """A column to write. ``value`` takes the row (a model, a mapping, anything) to the cell; without it the row is a
    sequence and the column's place decides.
    """

    title: str | Promise
    value: Callable[[Any], Any] | None = None
    kind: Kind = "text"
    width: float | None = None


def write(
    rows: Iterable[Any],
    columns: Sequence[Column],
    *,
    to: str | Path | IO[bytes],
    title: str | Promise = "",
    sheet: str | Promise = "",
    note: str | Promise = "",
) -> int:
    """Write ``rows`` as xlsx to ``to``, one at a time (memory does not grow with the rows). Returns how many.

    ``title`` is a row over all columns, ``note`` a smaller one under it (region, day, filters). Text stays text: a
    cell beginning with =, +, - or @ is never a formula, also after the file was saved again by Excel. Moments are
    written in local time. Past a million rows a next sheet begins.
    """
    book = _Book(to)
    count = 0
    page = 0
    into: _Page | None = None
    for row in rows:
        if into is None or count // _SHEET_ROWS > page - 1:
            page += 1
            into = _Page(book, _sheet_name(str(sheet or title or _("Sheet")), page), columns, str(title), str(note))
        into.row([column.value(row) if column.value else row[at] for at, column in enumerate(columns)])
        count += 1
    if into is None:
        into = _Page(book, _sheet_name(str(sheet or title or _("Sheet")), 1), columns, str(title), str(note))
    book.close()
    return count


def with_reasons(
    sheet: Sheet,
    reasons: Mapping[int, str],
    *,
    to: str | Path | IO[bytes],
    header_row: int,
    heading: str | Promise = "",
) -> int:
    """The rows that were not taken, as they came, with a last column that says why. Returns how many.

    ``reasons`` maps row numbers (as Excel counts) to words. Rows up to ``header_row`` are written as they stand, so
    that the file can be put right and sent again.
    """
    book = _Book(to)
    page = book.book.add_worksheet(_sheet_name(sheet.name or str(_("Sheet")), 1))
    for column in range(sheet.width):
        page.set_column(column, column, 16)
    page.set_column(sheet.width, sheet.width, 48)
    at = count = 0
    for row in sheet.rows():
        if row.number > header_row and row.number not in reasons:
            continue
        head = row.number <= header_row
        for column, cell in enumerate(row.cells):
            # A merged title is written where it stood; rows torn from their merged cell keep its value.
            if not (head and column in row.filled):
                book.cell(page, at, column, cell, "head" if row.number == header_row else "text")
        if row.number == header_row:
            book.cell(page, at, sheet.width, str(heading or _("Reason")), "head")
            page.freeze_panes(at + 1, 0)
        elif not head:
            book.cell(page, at, sheet.width, reasons[row.number], "text")
            count += 1
        at += 1
    book.close()
    return count


class _Book:
    """An xlsx under way, and how one cell goes into it."""

    def __init__(self, to: str | Path | IO[bytes]) -> None:
        self.book = xlsxwriter.Workbook(
            str(to) if isinstance(to, str | Path) else to,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": True,
                "default_date_format": "yyyy-mm-dd",
            },
        )
        self.book.set_size(2400, 1200)
        base = {"font_name": "宋体", "font_size": 10.5, "valign": "vcenter"}
        boxed = {**base, "border": 1, "border_color": "#9AA5AB"}
        self.formats: dict[str, Any] = {
            "text": self.book.add_format({**boxed, "text_wrap": True}),
            # The mark that Excel itself sets for an apostrophe before the text: it stays text when it is edited.
            "quoted": self.book.add_format({**boxed, "text_wrap": True, "quote_prefix": True}),
            "head": self.book.add_format(
                {**boxed, "bold": True, "text_wrap": True, "align": "center", "bg_color": "#E6EEF0"}
            ),
            "title": self.book.add_format({**base, "font_size": 16, "bold": True, "align": "center"}),
            "note": self.book.add_format({**base, "font_color": "#5A666C"}),
        }
        for kind, form in _FORMATS.items():
            self.formats[kind] = self.book.add_format({**boxed, "num_format": form})

    def cell(self, page: Any, row: int, column: int, value: Any, kind: str) -> None:
        formats = self.formats
        if value is None or value == "":
            page.write_blank(row, column, None, formats["head" if kind == "head" else "text"])
        elif isinstance(value, bool):
            page.write_string(row, column, _("Yes") if value else _("No"), formats["text"])
        elif isinstance(value, int | float | Decimal):
            # Past 15 digits Excel rounds; a credit code or card number is no amount.
            if isinstance(value, int) and abs(value) >= 10**15:
                page.write_string(row, column, str(value), formats["text"])
            else:
                page.write_number(row, column, value, formats[kind if kind in _FORMATS else "text"])
        elif isinstance(value, datetime):
            local = timezone.localtime(value).replace(tzinfo=None) if value.tzinfo else value
            page.write_datetime(row, column, local, formats["date" if kind == "date" else "moment"])
        elif isinstance(value, date) and value.year >= 1900:
            page.write_datetime(row, column, value, formats["date"])
        else:
            words = text(value) if isinstance(value, date | time) else str(value)
            plain = "head" if kind == "head" else "quoted" if words.startswith(_FORMULA_SIGNS) else "text"
            page.write_string(row, column, words[:_CELL_CHARS], formats[plain])

    def close(self) -> None:
        try:
            self.book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            raise Refused("sheets.no_space") from error


class _Page:
    """One sheet of a written book: title, note, header, rows."""

    def __init__(self, book: _Book, name: str, columns: Sequence[Column], title: str, note: str) -> None:
        self.book, self.columns = book, columns
        self.page = book.book.add_worksheet(name)
        for at, column in enumerate(columns):
            self.page.set_column(
                at, at, column.width or max(_WIDTHS[column.kind], min(40, 2 * len(str(column.title)) + 2))
            )
        self.at = 0
        last = len(columns) - 1
        if title:
            self.page.set_row(0, 30)
            self._across(title, last, "title")
        if note:
            self._across(note, last, "note")
        for at, column in enumerate(columns):
            book.cell(self.page, self.at, at, str(column.title), "head")
        self.page.freeze_panes(self.at + 1, 0)
        self.page.repeat_rows(self.at)
        self.page.set_landscape()
        self.page.set_paper(9)  # A4
        self.page.fit_to_pages(1, 0)
        self.at += 1

    def _across(self, words: str, last: int, kind: str) -> None:
        if last > 0:
            self.page.merge_range(self.at, 0, self.at, last, words, self.book.formats[kind])
        else:
            self.page.write_string(self.at, 0, words, self.book.formats[kind])
        self.at += 1

    def row(self, values: Sequence[Any]) -> None:
        for at, (column, value) in enumerate(zip(self.columns, values, strict=True)):
            self.book.cell(self.page, self.at, at, value, column.kind)
        self.at += 1


def _sheet_name(words: str, page: int) -> str:
    """At most 31 characters, none of those Excel forbids."""
    plain = re.sub(r"[\[\]:*?/\\]", " ", words).strip().strip("'") or "Sheet"
    tail = f" {page}" if page > 1 else ""
    return plain[: 31 - len(tail)] + tail


def file_name(words: str, *, suffix: str = ".xlsx") -> str:
    """A name for a download: no signs that Windows forbids, no longer than 80 characters."""
    plain = re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", words).strip(" .") or "anwang"
    return plain[:80].strip() + suffix


register(
    {
        "sheets.too_large": Sentence(
            gettext_lazy("The file is larger than %(limit)s MB."),
            gettext_lazy("Split it into several files, or delete pictures and unused sheets, and send it again."),
            413,
        ),
        "sheets.too_many_rows": Sentence(
            gettext_lazy("A sheet of this file reaches past row %(limit)s."),
            gettext_lazy("Delete what stands far below the table, or split the table into several files."),
            422,
        ),
        "sheets.too_many_columns": Sentence(
            gettext_lazy("A sheet of this file reaches past column %(limit)s."),
            gettext_lazy("Delete what stands far to the right of the table and save the file again."),
            422,
        ),
        "sheets.bomb": Sentence(
            gettext_lazy("Reading this file would take more memory or time than a table needs; it was not read."),
            gettext_lazy("Copy the table alone into a new workbook, save it as .xlsx and send that."),
            422,
        ),
        "sheets.broken": Sentence(
            gettext_lazy("The file is damaged and cannot be read as a table."),
            gettext_lazy("Open it in Excel or WPS, save it again as .xlsx and send that."),
            422,
        ),
        "sheets.password": Sentence(
            gettext_lazy("The file is locked with a password."),
            gettext_lazy("Open it in Excel or WPS, take the password away, save it and send it again."),
            422,
        ),
        "sheets.unknown": Sentence(
            gettext_lazy("This is not a table file."),
            gettext_lazy("Send .xlsx, .xls, .ods or .csv."),
            415,
        ),
        "sheets.web_page": Sentence(
            gettext_lazy("This is a web page or an XML text under the name of a table file."),
            gettext_lazy("Open it in Excel or WPS, choose Save as, type .xlsx, and send that file."),
            415,
        ),
        "sheets.empty": Sentence(
            gettext_lazy("The file is empty."),
            gettext_lazy("Check that this is the right file; rows on hidden sheets count too."),
            422,
        ),
        "sheets.no_such_sheet": Sentence(
            gettext_lazy("The file has no sheet named %(sheet)s."),
            gettext_lazy("Choose one of its sheets and try again."),
            422,
        ),
        "sheets.no_space": Sentence(
            gettext_lazy("There is no room left on the server's disk, so the file could not be written."),
            gettext_lazy("Tell your administrator; nothing was lost."),
            507,
        ),
    }
)

"""Reads one table file in a process of its own. Run by ``sheets.py``, imported by nobody.

A file from outside can ask the parser for more memory than the machine has (a single cell at XFD1048576 is enough),
and the parser then aborts the whole process. So the parsing is done where an abort costs one upload and nothing else:
here, with a ceiling on memory, time and output, and without Django.

Request on standard input: one JSON object (``path`` and the limits). Answer on standard output, one JSON array a line:

    ["sheet", name, visible]              a sheet begins
    ["row", number, cells, filled]        its rows; number as Excel counts; filled: columns taken from a merged cell
    ["end", rows, columns]                the sheet is complete
    ["refused", key, params]              nothing more follows
    ["done"]                              everything was read

Dates are ``{"d": iso}``, moments ``{"t": iso}``, times ``{"h": iso}``, durations ``{"s": seconds}``.
"""

import csv
import io
import json
import os
import re
import resource
import sys
import time
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from xml.parsers import expat

Row = list[Any]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = 1 << 16
# What a saved web page or an XML dump under an Excel name begins with; many older systems export such files.
_MARKUP = re.compile(
    rb"\s*(?:<\?xml|<!doctype|<html|<head|<meta|<table|<style|<script|<body|<workbook|mime-version:)", re.IGNORECASE
)


class Refusal(Exception):  # noqa: N818 - an answer, as Refused is
    def __init__(self, key: str, **params: Any) -> None:
        super().__init__(key)
        self.key = key
        self.params = params


def main() -> None:
    ask = json.loads(sys.stdin.readline())
    _ceiling(ask)
    out = io.TextIOWrapper(os.fdopen(os.dup(1), "wb"), encoding="utf-8", write_through=False)
    try:
        with open(ask["path"], "rb") as file:  # noqa: PTH123 - no more imports than needed
            data = file.read(ask["bytes"] + 1)
        if len(data) > ask["bytes"]:
            raise Refusal("sheets.too_large", limit=ask["bytes"] // (1024 * 1024))  # noqa: TRY301
        for line in _read(data, ask):
            out.write(json.dumps(line, ensure_ascii=False, default=_plain, separators=(",", ":")))
            out.write("\n")
        out.write('["done"]\n')
    except Refusal as refusal:
        out.write(json.dumps(["refused", refusal.key, refusal.params]) + "\n")
    except MemoryError:
        out.write(json.dumps(["refused", "sheets.bomb", {}]) + "\n")
    out.flush()


def _ceiling(ask: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ask["memory"], ask["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (ask["seconds"], ask["seconds"] + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (ask["output"], ask["output"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, clock_time):
        return {"h": value.isoformat()}
    if isinstance(value, timedelta):
        return {"s": value.total_seconds()}
    return str(value)


def _read(data: bytes, ask: dict[str, Any]) -> Iterator[list[Any]]:
    if not data:
        raise Refusal("sheets.empty")
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        _inspect_zip(data, ask)
        return _book(data, ask)
    if data[:8] == _OLE:
        # A workbook with a password is an OLE file that holds one encrypted stream.
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Refusal("sheets.password")
        return _book(data, ask)
    return _text(data, ask)


def _inspect_zip(data: bytes, ask: dict[str, Any]) -> None:
    """Unpack every member without keeping it: what the directory of a zip says about sizes is only a claim.

    The parser skips what it cannot make out and would give back half a table, so damage is looked for here.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = packed.infolist()
            names = {member.filename for member in members}
            if len(members) > 5000:
                raise Refusal("sheets.bomb")
            if any(member.flag_bits & 0x1 for member in members):
                raise Refusal("sheets.password")
            total = 0
            for member in members:
                check = _Check(member)
                for piece in _pieces(data, member):
                    total += len(piece)
                    if total > ask["unpacked"] or (total > 64 << 20 and total > 400 * len(data)):
                        raise Refusal("sheets.bomb")
                    check.take(piece)
                check.end()
            locks = packed.read("META-INF/manifest.xml") if "META-INF/manifest.xml" in names else b""
            if b"encryption-data" in locks:
                raise Refusal("sheets.password")
    except (
        zipfile.BadZipFile,
        zlib.error,
        expat.ExpatError,
        NotImplementedError,
        EOFError,
        OSError,
        ValueError,
        KeyError,
    ) as error:
        raise Refusal("sheets.broken") from error
    if not names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
        raise Refusal("sheets.unknown")


class _Check:
    """One member on its way past: its checksum, and whether a part with cells is well-formed and without entities."""

    def __init__(self, member: zipfile.ZipInfo) -> None:
        self.member = member
        self.crc = 0
        self.xml = None
        if re.fullmatch(r"content\.xml|xl/(?:worksheets/[^/]+|sharedStrings|workbook)\.xml", member.filename):
            self.xml = expat.ParserCreate()
            self.xml.StartDoctypeDeclHandler = _no_doctype

    def take(self, piece: bytes) -> None:
        self.crc = zlib.crc32(piece, self.crc)
        if self.xml:
            self.xml.Parse(piece, False)

    def end(self) -> None:
        if self.crc != self.member.CRC:
            raise zipfile.BadZipFile("checksum")
        if self.xml:
            self.xml.Parse(b"", True)


def _no_doctype(*_said: Any) -> None:
    raise Refusal("sheets.broken")


def _pieces(data: bytes, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """One member, unpacked piece by piece."""
    head = member.header_offset
    if data[head : head + 4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("no member where the directory says")
    start = head + 30 + int.from_bytes(data[head + 26 : head + 28], "little")
    start += int.from_bytes(data[head + 28 : head + 30], "little")
    if member.compress_type == zipfile.ZIP_STORED:
        yield data[start : start + member.compress_size]
        return
    if member.compress_type != zipfile.ZIP_DEFLATED:
        raise zipfile.BadZipFile("a way of packing that no office program uses")
    # Up to the end of the file, whatever length is claimed: the stream knows where it ends.
    unpack = zlib.decompressobj(-zlib.MAX_WBITS)
    waiting = memoryview(data)[start:]
    while not unpack.eof and (waiting or unpack.unconsumed_tail):
        piece = unpack.unconsumed_tail or bytes(waiting[:_CHUNK])
        if not unpack.unconsumed_tail:
            waiting = waiting[_CHUNK:]
        yield unpack.decompress(piece, 1 << 20)
    if not unpack.eof:
        raise EOFError("cut off")


def _book(data: bytes, ask: dict[str, Any]) -> Iterator[list[Any]]:
    import python_calamine as calamine

    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        del data
        for meta in book.sheets_metadata[: ask["sheets"]]:
            if meta.typ is not calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_name(meta.name)
            yield ["sheet", meta.name, meta.visible is calamine.SheetVisibleEnum.Visible]
            if sheet.start is None or sheet.end is None:
                yield ["end", 0, 0]
                continue
            _within(ask, meta.name, sheet.end[0] + 1, sheet.end[1] + 1)
            yield from _rows(sheet)
            yield ["end", sheet.end[0] + 1, sheet.end[1] + 1]
            del sheet
    except calamine.PasswordError as error:
        raise Refusal("sheets.password") from error
    except (calamine.CalamineError, OSError, ValueError, UnicodeError, OverflowError) as error:
        raise Refusal("sheets.broken") from error
    except BaseException as error:
        # A panic of the parser arrives as a BaseException of its own.
        if type(error).__name__ == "PanicException":
            raise Refusal("sheets.broken") from error
        raise


def _within(ask: dict[str, Any], sheet: str, rows: int, columns: int) -> None:
    if rows > ask["rows"]:
        raise Refusal("sheets.too_many_rows", limit=ask["rows"], sheet=sheet)
    if columns > ask["columns"]:
        raise Refusal("sheets.too_many_columns", limit=ask["columns"], sheet=sheet)


def _rows(sheet: Any) -> Iterator[list[Any]]:
    """Rows with merged cells filled. The parser counts rows from the first, columns from the first used one."""
    left = sheet.start[1]
    bottom, right = sheet.end
    merges = sorted(sheet.merged_cell_ranges or [], reverse=True)
    reaching: list[tuple[int, int, int, Any]] = []  # last row, first and last column, value
    pad = [""] * left
    for number, cells in enumerate(sheet.iter_rows()):
        row = pad + [_number(cell) for cell in cells]
        filled: set[int] = set()
        reaching = [merge for merge in reaching if merge[0] >= number]
        while merges and merges[-1][0][0] <= number:
            (first, c1), (last, c2) = merges.pop()
            value = row[c1] if first == number and c1 <= right else ""
            if value != "":
                reaching.append((min(last, bottom), c1, min(c2, right), value))
        for _, c1, c2, value in reaching:
            for column in range(c1, c2 + 1):
                if row[column] == "":
                    row[column] = value
                    filled.add(column)
        while row and row[-1] == "":
            row.pop()
        if row:
            yield ["row", number + 1, row, sorted(filled)]


def _number(cell: Any) -> Any:
    """Excel knows no whole numbers; 13812345678.0 is a telephone number."""
    if isinstance(cell, float):
        if cell != cell or cell in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
            return ""
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    return cell


def _text(data: bytes, ask: dict[str, Any]) -> Iterator[list[Any]]:
    if _MARKUP.match(data[3:] if data[:3] == b"\xef\xbb\xbf" else data):
        raise Refusal("sheets.web_page")
    text = _decoded(data)
    del data
    lines = [line for line in text[:20000].splitlines() if line.strip()][:20]
    separator = max(
        "\t,;", key=lambda sign: (sum(sign in line for line in lines), sum(line.count(sign) for line in lines))
    )
    csv.field_size_limit(100_000)
    yield ["sheet", "", True]
    widest, last = 0, 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator), start=1):
            row = [cell.strip() for cell in cells]
            while row and row[-1] == "":
                row.pop()
            _within(ask, "", number, len(row))
            if row:
                widest, last = max(widest, len(row)), number
                yield ["row", number, row, []]
    except csv.Error as error:
        raise Refusal("sheets.broken") from error
    yield ["end", last, widest]


def _decoded(data: bytes) -> str:
    """Text in the encodings that arrive: UTF-8, UTF-16 with its mark, otherwise GB18030, which holds GBK and GB2312."""
    tries: Iterable[str]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        tries = ("utf-16",)
    elif b"\x00" in data:
        raise Refusal("sheets.unknown")
    else:
        tries = ("utf-8-sig", "gb18030")
    for encoding in tries:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Nearly any bytes are some GB18030 text; control signs give a picture or a program away.
        if len(re.findall(r"[\x00-\x08\x0e-\x1f]", text[:100_000])) == 0:
            return text
        break
    raise Refusal("sheets.unknown")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    # Moments without a zone are what a cell means; nothing here may depend on where the server stands.
    os.environ["TZ"] = "UTC"
    time.tzset()
    main()

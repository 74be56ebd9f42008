"""Tables as they arrive, tables as they leave, and files that mean harm."""
# ruff: noqa: DTZ001 - a cell knows no zone

import io
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from anwang.ground.base import sheets
from anwang.ground.base.errors import Refused
from anwang.ground.base.sheets import Column

KNOWN = {
    "site": ["单位名称", "被检查单位", "场所名称"],
    "found_on": ["检查日期", "发现日期", "排查时间"],
    "what": ["隐患情况", "隐患描述", "存在问题", "隐患内容"],
    "grade": ["隐患等级", "隐患级别"],
    "due": ["整改期限", "整改时限"],
    "person": ["整改责任人", "责任人"],
    "note": ["备注"],
}


def book(build, **options) -> bytes:
    into = io.BytesIO()
    made = xlsxwriter.Workbook(into, options)
    build(made, made.add_worksheet("台账"))
    made.close()
    return into.getvalue()


def rows_of(data: bytes, name: str = "x.xlsx") -> list[sheets.Row]:
    with sheets.read(data, name=name) as read:
        return list(read.first.rows())


def refused(data: bytes | Path, name: str = "x.xlsx", **limits) -> str:
    with pytest.raises(Refused) as caught:
        sheets.read(data, name=name, **limits)
    assert str(caught.value), "every refusal has words"
    assert caught.value.todo
    return caught.value.key


# --- reading ---------------------------------------------------------------------------------------------------------


def test_cells_come_as_they_were_meant():
    def build(made, page):
        page.write_row("B3", ["文字", 13812345678, 1.5, True])
        page.write_datetime("F3", datetime(2026, 3, 5), made.add_format({"num_format": "yyyy-mm-dd"}))
        page.write_datetime("G3", datetime(2026, 3, 5, 14, 30), made.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
        page.write("B6", "末行")

    got = rows_of(book(build))
    assert [row.number for row in got] == [3, 6], "rows are numbered as Excel counts, blank ones left out"
    assert got[0].cells == ["", "文字", 13812345678, 1.5, True, date(2026, 3, 5), datetime(2026, 3, 5, 14, 30)]
    assert [type(cell) for cell in got[0].cells[2:4]] == [int, float]
    assert got[0].get(99) == ""


def test_merged_cells_are_filled_and_said_to_be():
    def build(made, page):
        page.merge_range("A1:C1", "标题")
        page.merge_range("A2:A4", "示例超市")
        page.merge_range("C3:C4", 500)
        page.write("B2", "一")
        page.write("B3", "二")
        page.write("B4", "三")
        page.write("B5", "四")

    got = rows_of(book(build))
    assert [row.cells[:2] for row in got[1:]] == [
        ["示例超市", "一"],
        ["示例超市", "二"],
        ["示例超市", "三"],
        ["", "四"],
    ]
    assert got[0].filled == {1, 2}
    assert got[1].filled == frozenset()
    assert got[3].cells == ["示例超市", "三", 500]
    assert got[3].filled == {0, 2}, "an amount in a merged cell was written once"


def test_rows_can_be_walked_twice_at_the_same_time_and_the_file_goes_with_the_book():
    data = book(lambda _made, page: [page.write(at, 0, f"行{at}") for at in range(50)])
    with sheets.read(data) as read:
        sheet = read.first
        assert [a.number for a, b in zip(sheet.rows(), sheet.rows(), strict=True) if a == b] == list(range(1, 51))
        assert len(sheet.head(7)) == 7
        waiting = Path(sheet._path)
        assert waiting.exists()
    assert not waiting.exists()


def test_the_first_sheet_is_the_first_visible_one_with_rows():
    into = io.BytesIO()
    made = xlsxwriter.Workbook(into)
    made.add_worksheet("空")
    hidden = made.add_worksheet("隐藏")
    hidden.write("A1", "x")
    hidden.hide()
    made.add_worksheet("数据").write("A1", "y")
    made.close()
    with sheets.read(into.getvalue()) as read:
        assert read.first.name == "数据"
        assert [sheet.name for sheet in read.sheets] == ["空", "隐藏", "数据"]
        assert not read.sheet("隐藏").visible
        with pytest.raises(Refused, match=r"no_such_sheet|Sheet9|工作表"):
            read.sheet("Sheet9")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_csv_in_the_encodings_and_separators_that_arrive(encoding, separator):
    lines = [
        ["序号", "单位名称", "隐患描述"],
        ["1", "示例超市", "通道堵塞，灭火器失效"],
        ["", "", ""],
        ["2", "河曲县䶮某店", ""],
    ]
    if encoding == "gbk":
        lines[3][1] = "河曲县某店"
    data = "\r\n".join(separator.join(line) for line in lines).encode(encoding)
    got = rows_of(data, "台账.csv")
    assert [row.number for row in got] == [1, 2, 4]
    assert got[1].cells == lines[1]
    assert got[2].cells == ["2", lines[3][1]]


def test_csv_keeps_quoted_lines_together():
    got = rows_of('名称,说明\n"甲,乙","两\n行"\n'.encode())
    assert got[1].cells == ["甲,乙", "两\n行"]


def ods(cells: str) -> bytes:
    namespaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {namespaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="表">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", "<manifest/>")
        packed.writestr("content.xml", content)
    return into.getvalue()


def test_ods_is_read_and_its_repeated_cells_have_a_ceiling():
    cell = '<table:table-cell office:value-type="string"{}><text:p>单位</text:p></table:table-cell>'
    got = rows_of(ods(f"<table:table-row>{cell.format('')}</table:table-row>"), "x.ods")
    assert got == [sheets.Row(1, ["单位"])]
    many = cell.format(' table:number-columns-repeated="16384"')
    bomb = f'<table:table-row table:number-rows-repeated="1048576">{many}</table:table-row>'
    assert refused(ods(bomb), "x.ods").startswith("sheets.")


# --- files that are wrong or mean harm -------------------------------------------------------------------------------


def test_what_is_no_table_is_refused_with_its_reason():
    good = book(lambda _made, page: page.write("A1", "x"))
    assert refused(b"") == "sheets.empty"
    assert refused(b"\x89PNG\r\n\x1a\n" + bytes(100)) == "sheets.unknown"
    assert refused(bytes(range(256)) * 4) == "sheets.unknown"
    assert refused(b"MZ\x90\x03" + b"\x01\x02\x03" * 200) == "sheets.unknown"
    assert refused("<html><table><tr><td>单位</td></tr></table></html>".encode(), "台账.xls") == "sheets.web_page"
    assert refused(b'\xef\xbb\xbf<?xml version="1.0"?><Workbook/>', "台账.xls") == "sheets.web_page"
    assert refused(good[: len(good) // 2]) == "sheets.broken"
    assert refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4000), "a.xls") == "sheets.broken"
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as packed:
        packed.writestr("readme.txt", "hello")
    assert refused(plain.getvalue(), "a.xlsx") == "sheets.unknown"


def test_broken_inside_is_refused_not_half_read():
    good = book(lambda _made, page: [page.write(at, 0, f"行{at}") for at in range(500)])
    for cut in (b"<c r=", b"</row>", b"<sheetData>", b"<si>"):
        assert refused(_rewritten(good, cut, b"\x00<")) == "sheets.broken"
    flipped = bytearray(good)
    flipped[good.index(b"xl/worksheets/sheet1.xml") + 200] ^= 0x10
    assert refused(bytes(flipped)) == "sheets.broken"


def _rewritten(data: bytes, old: bytes, new: bytes) -> bytes:
    """The same workbook with something else inside its parts."""
    into = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as packed, zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as out:
        for name in packed.namelist():
            out.writestr(name, packed.read(name).replace(old, new, 3))
    return into.getvalue()


def test_a_locked_workbook_is_told_from_a_broken_one():
    ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(2000)
    assert refused(ole, "a.xlsx") == "sheets.password"
    locked = io.BytesIO(book(lambda _made, page: page.write("A1", "x")))
    data = bytearray(locked.getvalue())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1  # the flag of an encrypted member
    assert refused(bytes(data)) == "sheets.password"


def test_one_far_cell_costs_the_child_and_not_us():
    """Two cells ask the parser for half a terabyte: without a process of its own the server would be gone."""

    def build(_made, page):
        page.write("A1", "x")
        page.write("XFD1048576", "y")

    data = book(build)
    assert len(data) < 10_000
    assert refused(data) == "sheets.bomb"


def test_too_many_rows_and_columns_are_refused_by_name():
    assert refused(book(lambda _made, page: page.write(50, 0, "x")), rows=50) == "sheets.too_many_rows"
    assert refused(book(lambda _made, page: page.write(0, 50, "x")), columns=50) == "sheets.too_many_columns"
    assert refused(b"a\n" * 51, "a.csv", rows=50) == "sheets.too_many_rows"
    assert len(rows_of(book(lambda _made, page: page.write(49, 49, "x")))) == 1


def test_a_file_over_the_limit_is_not_even_opened(settings, tmp_path):
    settings.SHEET_MAX_BYTES = 1000
    assert refused(b"x" * 1001) == "sheets.too_large"
    big = tmp_path / "big.csv"
    big.write_bytes(b"x" * 1001)
    assert refused(big) == "sheets.too_large"


def test_zip_bombs_are_measured_not_believed():
    good = book(lambda _made, page: page.write("A1", "x"))
    bomb = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(good)) as packed,
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out,
    ):
        for name in packed.namelist():
            out.writestr(name, packed.read(name))
        with out.open("xl/media/zeros.bin", "w", force_zip64=True) as member:
            for _ in range(100):
                member.write(bytes(1 << 20))
    data = bytearray(bomb.getvalue())
    assert refused(bytes(data)) == "sheets.bomb"
    # The same with a directory that claims the member is small.
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    assert refused(bytes(data)) == "sheets.bomb"


def test_a_string_repeated_into_the_sky_meets_the_ceiling():
    """One text of 32 000 signs in the shared table, used by two million cells: 60 GB when copied."""
    good = book(lambda _made, page: page.write("A1", "字" * 32_000))
    into = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as packed, zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as out:
        for name in packed.namelist():
            data = packed.read(name)
            if name == "xl/worksheets/sheet1.xml":
                cells = b'<c t="s"><v>0</v></c>' * 100
                data = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
                data += b"".join(b'<row r="%d">' % at + cells + b"</row>" for at in range(1, 20_000))
                data += b"</sheetData></worksheet>"
            out.writestr(name, data)
    assert refused(into.getvalue()) == "sheets.bomb"


def test_entities_are_not_even_looked_at(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    good = book(lambda _made, page: page.write("A1", "entity-here"))
    into = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(good)) as packed, zipfile.ZipFile(into, "w") as out:
        for name in packed.namelist():
            data = packed.read(name)
            if name == "xl/sharedStrings.xml":
                head = f'<!DOCTYPE sst [<!ENTITY x SYSTEM "file://{secret}"><!ENTITY y "lol">]>'.encode()
                data = data.replace(b"<sst", head + b"<sst", 1).replace(b"entity-here", b"a &x; &y;")
            out.writestr(name, data)
    assert refused(into.getvalue()) == "sheets.broken"


@hypothesis_settings(max_examples=40, deadline=None)  # each starts a process
@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data):
    """No crash, no hang, no other error."""
    key = "sheets."
    try:
        with sheets.read(data, name="x") as read:
            for sheet in read.sheets:
                list(sheet.rows())
    except Refused as refusal:
        key = refusal.key
    assert key.startswith("sheets.")


def test_no_file_is_left_behind_by_a_refusal(tmp_path, settings):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    refused(b"PK\x03\x04 broken")
    assert list(tmp_path.iterdir()) == []


# --- what rows mean --------------------------------------------------------------------------------------------------


def test_the_header_is_found_under_title_rows():
    rows = [
        ["附件2：消防安全隐患排查整治清单"] * 11,
        ["乡镇（盖章）：    联系人：     电话："] * 11,
        ["序号", "单位（场所）名称", "地址", "检查 日期", "隐患具体情况", "隐患等级", "整改期限", "备  注"],
        [1, "示例超市", "示例街12号", "2026.6.3", "疏散通道堆放货物", "一般", "当场整改", ""],
    ]
    header = sheets.find_header(rows, KNOWN)
    assert header is not None
    assert (header.row, header.index) == (3, 2)
    assert header.columns == {1: "site", 3: "found_on", 4: "what", 5: "grade", 6: "due", 7: "note"}
    assert header.unknown == [0, 2]
    assert header.titles[1] == "单位（场所）名称"
    assert header.column("due") == 6
    assert header.missing(["due", "person"]) == ["person"]


def test_two_header_rows_with_merged_cells():
    def build(_made, page):
        page.merge_range("A1:F1", "隐患整改台账")
        page.merge_range("A2:A3", "序号")
        page.merge_range("B2:B3", "被检查单位")
        page.merge_range("C2:C3", "存在问题")
        page.merge_range("D2:F2", "整改情况")
        page.write_row("D3", ["责任人", "时限", "备注"])
        page.write_row("A4", [1, "示例超市", "通道堵塞", "张三", "2026.6.3", ""])

    header = sheets.find_header(rows_of(book(build)), KNOWN)
    assert header is not None
    assert header.row == 3
    assert header.columns == {1: "site", 2: "what", 3: "person", 4: "due", 5: "note"}


def test_a_header_merged_downwards_ends_at_its_last_row():
    rows = [["单位名称", "隐患描述", "备注"], ["单位名称", "隐患描述", "备注"], ["甲店", "乱堆", ""]]
    header = sheets.find_header(rows, KNOWN)
    assert header is not None
    assert header.row == 2


def test_one_field_takes_one_column_and_the_best_one():
    header = sheets.find_header(
        [["整改责任人电话", "整改责任人", "单位名称", "隐患描述"], ["1", "甲", "乙", "丙"]], KNOWN
    )
    assert header is not None
    assert header.columns == {1: "person", 2: "site", 3: "what"}
    assert header.unknown == [0]


def test_no_header_where_there_is_none():
    assert sheets.find_header([["甲", "乙"], [1, 2]], KNOWN) is None
    assert sheets.find_header([], KNOWN) is None
    assert sheets.find_header([["单位名称", 3, 4, 5, date(2026, 1, 1), "隐患描述", 7, 8, 9]], KNOWN) is None, "numbers"


@pytest.mark.parametrize("words", ["合计", "小 计", "总　计：", "合计:", "本月合计", "全县总计", "小计5条", "共计"])
def test_subtotals(words):
    assert sheets.is_subtotal(["", words, 12, ""])


@pytest.mark.parametrize("words", ["合计划店", "总计算中心", "示例小计超市", "小计的店", "本年度"])
def test_no_subtotals(words):
    assert not sheets.is_subtotal([1, words, "", 3])


def test_footers_and_blanks():
    assert sheets.is_footer(["填表人：张三", "", "审核人：李四", "日期：2026.3.5"])
    assert sheets.is_footer(["备注：本表一式两份"])
    assert sheets.is_footer(["单位负责人（签字）：", ""])
    assert not sheets.is_footer([1, "示例超市", "通道堵塞", "一般", "备注：无"])
    assert not sheets.is_footer(["", ""])
    assert sheets.blank(["", None, "  ", "　"])
    assert not sheets.blank([0])


def test_cells_as_text():
    assert sheets.text(13812345678) == "13812345678"
    assert sheets.text(datetime(2026, 3, 5)) == "2026-03-05"
    assert sheets.text(datetime(2026, 3, 5, 8, 5)) == "2026-03-05 08:05"
    assert sheets.text("  两\n 行 ") == "两 行"
    assert sheets.text(1.5) == "1.5"
    assert sheets.text(None) == ""


# --- writing ---------------------------------------------------------------------------------------------------------


def test_what_is_written_reads_back(tmp_path):
    path = tmp_path / "台账.xlsx"
    columns = [
        Column("序号", kind="number"),
        Column("单位"),
        Column("发现日期", kind="date"),
        Column("提交时间", kind="moment"),
        Column("比例", kind="percent"),
    ]
    moment = datetime(2026, 3, 4, 20, 30, tzinfo=UTC)  # 04:30 the next day in China
    count = sheets.write(
        ([n, "示例超市", date(2026, 3, 5), moment, 0.5] for n in range(3)),
        columns,
        to=path,
        title="隐患台账",
        note="河曲县",
    )
    assert count == 3
    with sheets.read(path) as read:
        rows = list(read.first.rows())
        assert read.first.name == "隐患台账"
    assert rows[0].cells[0] == "隐患台账"
    assert rows[2].cells == ["序号", "单位", "发现日期", "提交时间", "比例"]
    assert rows[4].cells == [1, "示例超市", date(2026, 3, 5), datetime(2026, 3, 5, 4, 30), 0.5]


@pytest.mark.parametrize("evil", ["=1+1", "+SUM(A1)", "-2+3", "@cmd", "=cmd|' /C calc'!A0", "\t=1", '=HYPERLINK("x")'])
def test_no_text_becomes_a_formula(evil, tmp_path):
    path = tmp_path / "x.xlsx"
    sheets.write([[evil]], [Column("单位")], to=path)
    with zipfile.ZipFile(path) as packed:
        xml = packed.read("xl/worksheets/sheet1.xml").decode()
        styles = packed.read("xl/styles.xml").decode()
    assert "<f>" not in xml
    assert 'quotePrefix="1"' in styles
    with sheets.read(path) as read:
        assert list(read.first.rows())[1].cells[0].strip() == evil.strip()


def test_strange_values_do_not_break_the_file(tmp_path):
    path = tmp_path / "x.xlsx"
    values = [
        "\x00\x0b\ud800"[:2],
        "字" * 40_000,
        911409300000000001,
        date(1800, 1, 1),
        None,
        True,
        "http://例.example/",
    ]
    sheets.write([values], [Column(f"列{n}") for n in range(len(values))], to=path, sheet="a[b]:*?/\\" + "长" * 40)
    with sheets.read(path) as read:
        row = list(read.first.rows())[1].cells
        assert len(read.first.name) <= 31
    assert len(row[1]) == 32_767
    assert row[2] == "911409300000000001", "no rounding of long codes"
    assert row[3] == "1800-01-01"


def test_a_value_function_takes_the_row_to_the_cell():
    into = io.BytesIO()
    sheets.write([{"a": 1}, {"a": 2}], [Column("甲", value=lambda row: row["a"], kind="number")], to=into)
    assert [row.cells for row in rows_of(into.getvalue())] == [["甲"], [1], [2]]


def test_an_empty_list_still_has_its_header():
    into = io.BytesIO()
    assert sheets.write([], [Column("甲"), Column("乙")], to=into, title="空") == 0
    assert rows_of(into.getvalue())[1].cells == ["甲", "乙"]


def test_rejected_rows_go_back_with_their_reasons_and_can_come_again():
    def build(made, page):
        page.merge_range("A1:C1", "清单")
        page.write_row("A2", ["单位名称", "隐患描述", "整改期限"])
        page.write_row("A3", ["甲店", "一"])
        page.merge_range("A4:A5", "乙店")
        page.write("B4", "二")
        page.write_string("B5", "=三")
        page.write_datetime("C5", datetime(2026, 3, 5), made.add_format({"num_format": "yyyy-mm-dd"}))

    into = io.BytesIO()
    with sheets.read(book(build)) as read:
        count = sheets.with_reasons(read.first, {5: "没有日期"}, to=into, header_row=2, heading="原因")
    assert count == 1
    rows = rows_of(into.getvalue())
    assert rows[0].cells == ["清单"]
    assert rows[1].cells == ["单位名称", "隐患描述", "整改期限", "原因"]
    assert rows[2].cells == ["乙店", "=三", date(2026, 3, 5), "没有日期"], (
        "torn from its merged cell it keeps the value"
    )
    assert len(rows) == 3
    header = sheets.find_header(rows, KNOWN)
    assert header is not None
    assert header.columns == {0: "site", 1: "what", 2: "due"}


def test_file_names():
    assert sheets.file_name('台账/河曲:2026?"<>|\n') == "台账 河曲 2026.xlsx"
    assert len(sheets.file_name("长" * 200)) == 85


@pytest.mark.slow
def test_a_hundred_thousand_rows_stay_small(tmp_path):
    """100 000 × 20 written and read under 400 MB at the peak, in a process of its own so that it is this that is measured."""
    script = """
import io, resource, sys
from pathlib import Path
from django.conf import settings
settings.configure(SHEET_MAX_BYTES=40 << 20, USE_TZ=True, TIME_ZONE="Asia/Shanghai", USE_I18N=False)
from anwang.ground.base import sheets
path = Path(sys.argv[1])
rows = ([n, *(f"示例单位{n}的第{c}栏内容" for c in range(19))] for n in range(100_000))
assert sheets.write(rows, [sheets.Column(f"列{c}") for c in range(20)], to=path) == 100_000
with sheets.read(path) as book:
    assert sum(len(row.cells) for row in book.first.rows()) == 100_001 * 20
# Not ru_maxrss of our own: it remembers who started us.
ours = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(ours, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
    source = Path(sheets.__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "big.xlsx")],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(source)},
    )
    ours, child = (int(kib) / 1024 for kib in done.stdout.split())
    assert ours < 150
    assert child < 400

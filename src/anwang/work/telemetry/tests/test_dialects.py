"""Upload files: what is read, what is waited for, what is refused, and that nothing disappears."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from anwang.work.telemetry import dialects
from anwang.work.telemetry.dialects import CodeTable, FileRefused, Incomplete
from anwang.work.telemetry.dialects.grammar import DIALECT_B, DIALECT_C

MINE = "140431000123"
NAME = f"{MINE}_CDSS_20261121080035.txt"
HEAD = f"{MINE};示例煤矿;2026-11-21 08:00:35"
POINT = f"{MINE}01MN000100010203"
CUTTER, FEED = f"{MINE}01KG100900010217", f"{MINE}01KG101100010218"
GOOD = f"{POINT};环境瓦斯;3101综采工作面T1;1.12;%CH4;1;2026-11-21 08:00:30"
EXAMPLES = {
    "CDDY": f"{MINE};示例煤矿;KJ90X;煤矿安全监控系统;示例厂家;2027-12-31;2026-11-21 08:00:00~{POINT};01;"
    f"{MINE}01DT400100010200;0001;MN;%CH4;4.00;0.00;1.00;0.99;;;1.50;0.99;;;;;3101综采工作面T1;;;;D-{CUTTER};"
    "2026-11-21 08:00:00~||",
    "CDSS": f"{HEAD}~{GOOD}~||",
    "YCBJ": f"{MINE};示例煤矿;2026-11-21 08:20:05~{POINT};环境瓦斯;3101综采工作面T1;%CH4;001;2026-11-21 08:00:30;"
    "2026-11-21 08:06:10;1.18;2026-11-21 08:03:00;1.00;2026-11-21 08:00:30;1.09;割煤速度快;停机降速、加大配风;"
    "2026-11-21 08:20:00;张某;2026-11-21 08:20:00~||",
    "FZDY": f"{HEAD}~{MINE}01DT400100010200;井下变电所;;;;2026-11-21 08:00:00~||",
    "FZSS": f"{HEAD}~{MINE}01DT400100010200;0;1;2026-11-21 08:00:00~||",
    "TJSJ": f"{HEAD}~{POINT};环境瓦斯;工作面;%CH4;2026-11-21 07:55:00;2026-11-21 08:00:00;1.1;2026-11-21 07:56:00;"
    "0.2;2026-11-21 07:58:00;0.5;2026-11-21 08:00:00~||",
    "RYQY": f"{HEAD}~1;{MINE}0001;60;3101工作面~||",
    "RYJZ": f"{HEAD}~{MINE}0000000001;井口基站;1;2;3;~||",
    "JZSS": f"{HEAD}~{MINE}0000000001;0;1;2026-11-21 08:00:00~||",
    "RYXX": f"{MINE};示例煤矿;;;;;;2026-11-21 08:00:35~{MINE}00001;张某;采煤工;班长;综采一队;;;0;1~||",
    "RYSS": f"{HEAD}~{MINE}00001;张某;1;2026-11-21 07:10:00;;{MINE}0001;2026-11-21 07:50:00;{MINE}0000000001;"
    f"2026-11-21 07:55:00;三八制;-12.5;0;0;1;{MINE}0000000001&2026-11-21 07:55:00~||",
}


def realtime(content: bytes, name: str = NAME, table: CodeTable | None = None) -> dialects.Columns:
    return dialects.read_realtime(dialects.opened(name, content), table=CodeTable() if table is None else table)


def plainly(text: str, field: str = ";", record: str = "~", end: str = "||") -> tuple[list[tuple], int]:
    """The format in ten lines of its own: (point, time, value, status) of sound records, and how many were not."""
    sound, bad = [], 0
    for each in text.strip(" \t\r\n").removesuffix(end).split(record)[1:]:
        parts = [part.strip(" \t\r\n") for part in each.split(field)]
        if parts == [""]:
            continue
        try:
            assert len(parts) == 7
            assert "；" not in each
            assert re.fullmatch(rf"{MINE}[0-9A-Za-z]{{8,20}}", parts[0])
            assert re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", parts[3])
            assert re.fullmatch(r"[0-9]{1,5}", parts[5])
            assert int(parts[5]) < 65536
            assert re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}", parts[6])
            assert 2000 <= int(parts[6][:4]) < 2100
            assert abs(float(parts[3])) < float("inf")
            at = datetime.strptime(parts[6], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZoneInfo("Etc/GMT-8"))
            sound.append((parts[0], int(at.timestamp() * 1000), float(parts[3]), int(parts[5])))
        except (AssertionError, ValueError):
            bad += 1
    return sound, bad


def same_as_plainly(content: bytes, table: CodeTable | None = None) -> None:
    table = CodeTable() if table is None else table
    found = realtime(content, table=table)
    expected, bad = plainly(content.decode())
    codes = {index: code for code, index in table.items()}
    got = list(
        zip(
            [codes[p] for p in found.point], found.at.tolist(), found.value.tolist(), found.status.tolist(), strict=True
        )
    )
    assert got == expected
    assert len(found.rejected) == bad
    assert found.records == len(expected) + bad


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_type_is_read(kind: str) -> None:
    found = dialects.read(f"{MINE}_{kind}_20261121080035.txt", EXAMPLES[kind].encode())
    assert (len(found.rows), found.rejected) == (1, [])
    assert list(found.rows[0]) == list(dialects.FILE_TYPES[kind].fields)


def test_dialect_c_is_the_same_with_other_marks() -> None:
    content = EXAMPLES["CDSS"].replace("~||", "^]]]").replace("~", "^").encode()
    found = realtime(content, NAME.replace("CDSS", "NCDSS"))
    assert (found.records, found.value.tolist()) == (1, [1.12])
    other = EXAMPLES["YCBJ"].replace("~||", "^]]]").replace("~", "^").encode()
    assert dialects.read(f"{MINE}_NCDYCBJ_20261121080035.TXT", other).rows[0]["kind"] == "001"
    assert (DIALECT_B.end, DIALECT_C.end) == (b"||", b"]]]")


def test_what_a_reading_is() -> None:
    table = CodeTable()
    found = realtime(EXAMPLES["CDSS"].encode(), table=table)
    assert (found.point.dtype, found.at.dtype, found.value.dtype, found.status.dtype) == (
        np.int32,
        np.int64,
        np.float64,
        np.uint16,
    )
    assert table.items() == [(POINT, 0)]
    assert found.at[0] == 1795219230000  # 2026-11-21 08:00:30 in Beijing
    assert found.strangers == {POINT: {"type_name": "环境瓦斯", "location": "3101综采工作面T1", "unit": "%CH4"}}


def test_the_definition_of_a_point() -> None:
    row = dialects.read(NAME.replace("CDSS", "CDDY"), EXAMPLES["CDDY"].encode()).rows[0]
    point = dialects.PointDefinition.of(row)
    assert (point.high_alarm, point.high_alarm_clear, point.high_cut, point.high_restore) == (1.0, 0.99, 1.5, 0.99)
    assert (point.low_alarm, point.location, point.sensor_type) == (None, "3101综采工作面T1", "0001")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("readme.txt", "", "name"),
        (f"{MINE}_ABCD_20261121080035.txt", "", "type"),
        (NAME, EXAMPLES["CDSS"].replace(MINE, "140431000999"), "mine"),
        (NAME, f"{MINE};示例煤矿~{GOOD}~||", "header"),
        (NAME, f"{MINE};示例煤矿;2026-13-21 08:00:35~{GOOD}~||", "header"),
        (NAME, f"{MINE}；示例煤矿;2026-11-21 08:00:35~{GOOD}~||", "header"),
        (NAME, "||", "header"),
    ],
)
def test_a_file_is_refused(name: str, content: str, reason: str) -> None:
    with pytest.raises(FileRefused) as refused:
        dialects.opened(name, content.encode())
    assert refused.value.reason == reason


@pytest.mark.parametrize("cut", [1, 2, 10, 60])
def test_a_file_without_its_end_is_waited_for(cut: int) -> None:
    with pytest.raises(Incomplete):
        dialects.opened(NAME, EXAMPLES["CDSS"].encode()[:-cut])


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (GOOD.rsplit(";", 1)[0], "fields"),
        (GOOD + ";", "fields"),
        (GOOD.replace(";%CH4", "；%CH4"), "full_width"),
        (GOOD.replace("工作面", "工；作面"), "full_width"),
        (GOOD.replace(POINT, "140"), "point"),
        (GOOD.replace(POINT, POINT[:-2] + "中"), "point"),
        (GOOD.replace(POINT, "140431000999" + POINT[12:]), "other_mine"),
        (GOOD.replace("1.12", ""), "value"),
        (GOOD.replace("1.12", "nan"), "value"),
        (GOOD.replace("1.12", "1e999"), "value"),
        (GOOD.replace("1.12", "1.1.2"), "value"),
        (GOOD.replace(";1;2026", ";;2026"), "status"),
        (GOOD.replace(";1;2026", ";-1;2026"), "status"),
        (GOOD.replace(";1;2026", ";65536;2026"), "status"),
        (GOOD.replace("2026-11-21 08", "2026-02-30 08"), "time"),
        (GOOD.replace("2026-11-21 08", "2026/11/21 08"), "time"),
    ],
)
def test_a_bad_record_goes_alone(record: str, reason: str) -> None:
    content = f"{HEAD}~{GOOD}~{record}~{GOOD}~||".encode()
    found = realtime(content)
    assert [(each.line, each.reason) for each in found.rejected] == [(3, reason)]
    assert found.rejected[0].text == record
    assert found.value.tolist() == [1.12, 1.12]
    by_itself = dialects.read(NAME, content)
    assert [(each.line, each.reason) for each in by_itself.rejected] == [(3, reason)]


def test_marks_line_breaks_and_other_encodings() -> None:
    broken = EXAMPLES["CDSS"].replace("~", "~\r\n") + "\r\n"
    expected = realtime(EXAMPLES["CDSS"].encode())
    for content in (broken.encode(), b"\xef\xbb\xbf" + broken.encode(), broken.encode("gb18030")):
        found = realtime(content)
        assert (found.value.tolist(), found.strangers) == (expected.value.tolist(), expected.strangers)
    spoilt = EXAMPLES["CDSS"].replace("综采", "综采X").encode().replace(b"X", b"\xff\xff")
    assert realtime(spoilt).records == 1


def test_numbers_are_those_of_python() -> None:
    texts = [
        "0.1",
        "-0.0001",
        "4.",
        ".5",
        "+7",
        "1e3",
        "2.5E-2",
        "123456789012345678901234567890",
        "0.30000000000000004",
    ]
    texts += ["9007199254740993", "0." + "0" * 25 + "1", "1" * 15 + "." + "3" * 10, "00000000000000000000001.5"]
    rows = "~".join(GOOD.replace("1.12", text) for text in texts)
    assert realtime(f"{HEAD}~{rows}~||".encode()).value.tolist() == [float(text) for text in texts]


def test_a_known_order_and_another_give_the_same() -> None:
    codes = [f"{MINE}01MN0001{n:08d}" for n in range(200)]
    rows = [GOOD.replace(POINT, code) for code in codes]
    table = CodeTable()
    same_as_plainly(f"{HEAD}~{'~'.join(rows)}~||".encode(), table)
    same_as_plainly(f"{HEAD}~{'~'.join(rows[::-1])}~||".encode(), table)
    same_as_plainly(f"{HEAD}~{'~'.join(rows[::3])}~||".encode(), table)
    assert len(table) == 200


def test_numbers_of_new_points_can_come_from_outside() -> None:
    file = dialects.opened(NAME, EXAMPLES["CDSS"].encode())
    table = CodeTable()
    found = dialects.read_realtime(file, table=table, number=lambda codes: [700 for _ in codes])
    assert (found.point.tolist(), table.get(POINT)) == ([700], 700)


def test_pairs_of_cutter_and_feed() -> None:
    assert dialects.pairs_of(POINT, f"D-{CUTTER}-断电器:K-{FEED}") == [(CUTTER, FEED)]
    assert dialects.pairs_of(CUTTER, f"K-{FEED}-馈电") == [(CUTTER, FEED)]
    assert dialects.pairs_of(FEED, f"D-{CUTTER}◇B-{POINT}") == [(CUTTER, FEED)]
    assert dialects.pairs_of(POINT, f"D-{CUTTER}◇D-{FEED}") == []
    assert dialects.pairs_of(CUTTER, f"B-{FEED}") == []
    assert dialects.pairs_of(CUTTER, "K-") == []


pieces = st.sampled_from(
    [
        GOOD,
        POINT,
        ";",
        "~",
        "||",
        "；",
        "\r\n",
        " ",
        "1.12",
        "-",
        "e",
        "0",
        "2026-11-21 08:00:30",
        "2028-02-29 23:59:59",
        "2026-02-29 00:00:00",
        "中",
        "nan",
        ".",
        "99999",
        "8",
        f"{MINE}01MN000100010299",
    ]
)
records = st.lists(
    st.builds(
        ";".join,
        st.lists(st.one_of(pieces, st.text(max_size=6)), min_size=5, max_size=8)
        | st.tuples(
            st.sampled_from([POINT, f" {POINT} ", "x", f"{MINE}01KG100900010217"]),
            st.just("甲"),
            st.just("乙"),
            st.floats(allow_nan=True).map(repr) | st.decimals(allow_nan=False, allow_infinity=False).map(str) | pieces,
            st.just(""),
            st.integers(-3, 70000).map(str) | pieces,
            st.datetimes(datetime.fromisoformat("1960-01-01"), datetime.fromisoformat("2110-01-01")).map(
                lambda at: at.strftime("%Y-%m-%d %H:%M:%S")
            )
            | pieces,
        ).map(list),
    ),
    max_size=6,
)


@settings(max_examples=400, deadline=None)
@given(records=records, tail=st.sampled_from(["", "~", "~\r\n"]))
@example(records=[GOOD, "", " ;", GOOD], tail="~")
def test_records_in_are_records_stored_and_rejected(records: list[str], tail: str) -> None:
    content = f"{HEAD}~{'~'.join(records)}{tail}||"
    content.encode("utf-8", errors="replace")
    if "\r" in "".join(records).replace("\r\n", "") or "\n" in "".join(records).replace("\r\n", ""):
        content = content.replace("\r", " ").replace("\n", " ")
    raw = content.encode("utf-8", errors="replace")
    same_as_plainly(raw)
    whole = dialects.read(NAME, raw)
    columns = realtime(raw)
    assert len(whole.rows) + len(whole.rejected) == columns.records
    assert [each.line for each in whole.rejected] == [each.line for each in columns.rejected]
    assert [each.reason for each in whole.rejected] == [each.reason for each in columns.rejected]


@settings(max_examples=300, deadline=None)
@given(
    noise=st.binary(max_size=200), kind=st.sampled_from(sorted(EXAMPLES)), at=st.integers(0, 400), cut=st.integers(0, 9)
)
def test_no_bytes_crash_the_parser(noise: bytes, kind: str, at: int, cut: int) -> None:
    content = EXAMPLES[kind].encode()
    for spoilt in (content[:at] + noise + content[at + cut :], content[:at] + noise + b"||", noise):
        name = f"{MINE}_{kind}_20261121080035.txt"
        try:
            dialects.read(name, spoilt)
            if kind == "CDSS":
                realtime(spoilt)
        except FileRefused:
            pass

"""What a message says, and what is none."""

import json

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.edge.gateway import rules
from anwang.edge.gateway.messages import Message, Poison, State, read
from anwang.edge.gateway.rules import Reason
from anwang.work.telemetry.memory import codes_of
from anwang.work.telemetry.services import Scan, UploadedFile

MINE = "140930000001"
CODES = [f"{MINE}01MN{n:012d}" for n in (1, 2)]
AT = 1_795_000_000_000


def one(topic: str, payload: bytes):
    (found,) = read([Message(f"anwang/v1/{MINE}/{topic}", payload)])
    return found


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"at": AT, "point": CODES, "value": [0.5, 1], "status": [0, 4]}).encode(),
        json.dumps({"at": [AT, AT], "point": CODES, "value": [0.5, 1.0], "status": [0, 4]}).encode(),
        msgpack.packb({"at": AT, "point": CODES, "value": [0.5, 1.0], "status": [0, 4]}),
        msgpack.packb(
            {
                "at": np.array([AT, AT], "<i8").tobytes(),
                "point": ",".join(CODES).encode(),
                "value": np.array([0.5, 1.0]).tobytes(),
                "status": np.array([0, 4], "<u2").tobytes(),
            }
        ),
    ],
)
def test_the_same_scan_in_every_form(body) -> None:
    found = one("scan", body)
    assert isinstance(found, Scan)
    assert (found.mine, list(codes_of(found.points))) == (MINE, CODES)
    assert [list(each) for each in (found.at, found.value, found.status)] == [[AT, AT], [0.5, 1.0], [0, 4]]
    assert found.key
    assert not found.single


def test_a_time_as_the_mine_writes_it() -> None:
    found = one("scan", json.dumps({"at": "2026-11-18 08:00:00", "point": CODES[:1], "value": [1]}).encode())
    assert list(found.at) == [1_794_960_000_000]
    assert list(found.status) == [0]


def test_a_file_and_the_body_of_one() -> None:
    body = f"{MINE};煤矿;2026-11-20 08:00:00~||".encode()
    assert one("scan", body) == UploadedFile(f"{MINE}_CDSS_20261120080000.txt", body)
    assert one(f"file/{MINE}_CDDY_20261120080000.txt", b"x") == UploadedFile(f"{MINE}_CDDY_20261120080000.txt", b"x")


def test_readings_one_by_one_are_gathered_between_scans() -> None:
    reading = json.dumps({"at": AT, "value": 0.4}).encode()
    scan = json.dumps({"at": AT, "point": CODES, "value": [0.5, 1.0]}).encode()
    found = read(
        [
            Message(f"anwang/v1/{MINE}/{CODES[0]}", reading),
            Message(f"anwang/v1/{MINE}/{CODES[1]}", msgpack.packb([AT + 1, 0.5, 8])),
            Message(f"anwang/v1/{MINE}/scan", scan),
            Message(f"anwang/v1/{MINE}/state", b"offline"),
            Message(f"anwang/v1/{MINE}/{CODES[0]}", reading),
        ]
    )
    assert [type(each) for each in found] == [Scan, Scan, State, Scan]
    assert (found[0].points, found[0].single) == (CODES, True)
    assert (found[0].at.tolist(), found[0].status.tolist()) == ([AT, AT + 1], [0, 8])
    assert found[2] == State(MINE, online=False)


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("anwang/v1/1409/scan", b"{}", Reason.TOPIC),
        ("anwang/v1/140930000001/a/b", b"{}", Reason.TOPIC),
        ("anwang/v1/140930000001/scan", b"", Reason.BODY),
        ("anwang/v1/140930000001/scan", b"{]", Reason.BODY),
        ("anwang/v1/140930000001/scan", b"[1]", Reason.BODY),
        ("anwang/v1/140930000001/scan", b'{"at": 1, "point": [], "value": []}', Reason.LENGTHS),
        ("anwang/v1/140930000001/scan", b'{"at": 1, "point": ["a"], "value": [1, 2]}', Reason.LENGTHS),
        ("anwang/v1/140930000001/scan", b'{"at": 1, "point": ["a"], "value": ["1"]}', Reason.BODY),
        ("anwang/v1/140930000001/scan", b'{"at": 1, "point": ["a"], "value": [true]}', Reason.BODY),
        ("anwang/v1/140930000001/scan", b'{"at": "gestern", "point": ["a"], "value": [1]}', Reason.BODY),
        ("anwang/v1/140930000001/abc", b'{"at": 1, "value": null}', Reason.BODY),
        ("anwang/v1/140930000001/abc", b'{"at": 1, "value": 1, "status": 1e3}', Reason.BODY),
        ("anwang/v1/140930000001/scan", b" " * (rules.MOST + 1), Reason.SIZE),
    ],
)
def test_what_is_none_says_why(topic, body, reason) -> None:
    (found,) = read([Message(topic, body)])
    assert isinstance(found, Poison)
    assert found.reason == reason


@given(
    st.sampled_from(["scan", "state", "file/x.txt", CODES[0]]),
    st.one_of(
        st.binary(max_size=200),
        st.dictionaries(
            st.sampled_from(["at", "point", "value", "status"]),
            st.one_of(
                st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers() | st.text() | st.none())
            ),
        ).map(lambda each: json.dumps(each, default=str).encode()),
    ),
)
def test_nothing_crashes_and_nothing_is_dropped(topic, body) -> None:
    found = read([Message(f"anwang/v1/{MINE}/{topic}", body)])
    assert len(found) == 1


def test_partitions_are_for_ever() -> None:
    assert [rules.partition_of(f"1409300000{n:02d}", 16) for n in range(6)] == [
        rules.partition_of(f"1409300000{n:02d}", 16) for n in range(6)
    ]
    assert rules.partition_of(MINE, 16) == 7
    assert rules.partitions_of("0-3,7") == [0, 1, 2, 3, 7]
    with pytest.raises(ValueError):
        rules.partitions_of("x")


def test_the_brokers_form_of_a_password() -> None:
    found = rules.broker_hash("geheim", b"salt-of-12-b", 101)
    assert found.startswith("$7$101$c2FsdC1vZi0xMi1i$")
    assert found == rules.broker_hash("geheim", b"salt-of-12-b", 101)


NUMBERS = st.integers(-5, 10**19) | st.floats(allow_nan=False, allow_infinity=False) | st.booleans() | st.none()
BODIES = (
    st.lists(NUMBERS | st.sampled_from(["],[", "2026-11-20 08:00:00"]), max_size=4).map(
        lambda each: json.dumps(each).encode()
    )
    | st.tuples(st.integers(0, 2**40), st.floats(0, 5)).map(lambda each: json.dumps(each).encode())
    | st.tuples(st.integers(0, 2**40), st.floats(0, 5), st.integers(0, 300)).map(lambda each: json.dumps(each).encode())
    | st.sampled_from(
        [b"[1,2],[3,4", b"5]", b'[1,"x]', b'[2,"y]"]', b"[]", b"", b"{", b"[1,2", msgpack.packb([AT, 0.5])]
    )
)


@given(st.lists(BODIES, max_size=12))
def test_read_together_or_each_alone_is_the_same(bodies) -> None:
    """What is read in one go says what each message says, whatever stands beside it."""

    def said(messages) -> tuple[list, list]:
        readings, poison = [], []
        for each in read(messages):
            if isinstance(each, Poison):
                poison.append(each.payload)
            else:
                columns = (each.at, each.value, each.status)
                readings += zip(each.points, *(column.tolist() for column in columns), strict=True)
        return readings, poison

    messages = [Message(f"anwang/v1/{MINE}/P{n}", body) for n, body in enumerate(bodies)]
    together = said(messages)
    alone = [said([each]) for each in messages]
    assert together[0] == [reading for readings, _ in alone for reading in readings]
    assert together[1] == [payload for _, poison in alone for payload in poison]

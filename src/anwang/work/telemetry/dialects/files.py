"""A whole upload file taken apart."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from anwang.work.telemetry.dialects.columns import KEPT_TEXT
from anwang.work.telemetry.dialects.grammar import (
    BLANK,
    BOM,
    FULL_WIDTH,
    FileName,
    Header,
    Rejected,
    Unread,
    as_utf8,
    body_of,
    header_of,
    name_of,
)
from anwang.work.telemetry.dialects.records import FILE_TYPES, TYPES, FieldWrong


@dataclass(frozen=True, slots=True)
class Parsed:
    """``rows`` are mappings as ``records.FILE_TYPES`` describes them. Records in = rows + rejected."""

    name: FileName
    header: Header
    rows: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def digest(content: bytes) -> str:
    """What makes two files the same file: SHA-256 of the content as it came."""
    return hashlib.sha256(content).hexdigest()


def named(name: str) -> FileName:
    """The parts of a file's name. Raises FileRefused: name, or type."""
    return name_of(name, TYPES)


def opened(name: str, content: bytes) -> Unread:
    """The outer form of a file. Raises FileRefused, and Incomplete where the end mark has not arrived.

    A file whose header holds Chinese in UTF-8 is taken to be UTF-8 until something in it looks odd: proving a hundred
    kilobytes costs as much as reading them.
    """
    found = named(name)
    body = body_of(content.removeprefix(BOM), found.dialect)
    head = body[: max(body.find(found.dialect.record), 0)] or body
    proved = False
    try:
        proved = head.isascii() or not head.decode()
    except UnicodeDecodeError:
        proved = True
    if proved:
        body = as_utf8(body)
        head = body.partition(found.dialect.record)[0]
    header = header_of(head, found, FILE_TYPES[found.type].header)
    return Unread(found, header, body, min(len(head) + 1, len(body)), proved)


def read(name: str, content: bytes) -> Parsed:
    """Read a file of any type, record by record. Real-time files are read faster by ``read_realtime``.

    Raises FileRefused and Incomplete as ``opened`` does.
    """
    file = opened(name, content).prove()
    kind, dialect, mine = FILE_TYPES[file.name.type], file.name.dialect, file.name.mine
    rows: list[dict[str, Any]] = []
    rejected: list[Rejected] = []
    for line, record in enumerate(file.body[file.begin :].split(dialect.record), start=2):
        bare = record.strip(BLANK)
        if not bare:
            continue
        text = bare.decode(errors="replace")
        if FULL_WIDTH in bare:
            rejected.append(Rejected(line, "full_width", text[:KEPT_TEXT]))
            continue
        try:
            rows.append(kind.row(text.split(dialect.field.decode()), mine))
        except FieldWrong as wrong:
            rejected.append(Rejected(line, wrong.reason, text[:KEPT_TEXT]))
    return Parsed(file.name, file.header, rows, rejected)

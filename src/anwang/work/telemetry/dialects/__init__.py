"""Files in which mines upload their data, read strictly and without Django.

Dialect B (``;`` ``~`` ``||``) is the national upload format of coal mines (接入细则 annexed to 煤安监办〔2019〕42号),
dialect C (``;`` ``^`` ``]]]``) the same idea for other mines. Both are read by the same code.

``read(name, content)`` takes any file apart; real-time files (CDSS) come back as columns, made by a byte scanner.
"""

from anwang.work.telemetry.dialects.columns import CodeTable, Columns, read_realtime
from anwang.work.telemetry.dialects.files import Parsed, digest, opened, read
from anwang.work.telemetry.dialects.files import named as name_of
from anwang.work.telemetry.dialects.grammar import (
    DIALECT_B,
    DIALECT_C,
    Dialect,
    FileName,
    FileRefused,
    Header,
    Incomplete,
    Rejected,
    Unread,
)
from anwang.work.telemetry.dialects.records import FILE_TYPES, PointDefinition, pairs_of, sensor_type_of, value_type_of

__all__ = [
    "DIALECT_B",
    "DIALECT_C",
    "FILE_TYPES",
    "CodeTable",
    "Columns",
    "Dialect",
    "FileName",
    "FileRefused",
    "Header",
    "Incomplete",
    "Parsed",
    "PointDefinition",
    "Rejected",
    "Unread",
    "digest",
    "name_of",
    "opened",
    "pairs_of",
    "read",
    "read_realtime",
    "sensor_type_of",
    "value_type_of",
]

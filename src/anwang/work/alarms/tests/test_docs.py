"""The page of this room tells what the table of moves says."""

import re
from pathlib import Path

from django.utils import translation

from anwang.work.alarms import labels, rules

PAGE = Path(__file__).resolve().parents[5] / "docs" / "rooms" / "alarms.md"


def test_the_diagram_is_that_of_the_table():
    with translation.override("en"):
        drawn = rules.MACHINE.mermaid({**labels.STATE, **labels.ACTION})
    found = re.search(r"<!-- machine -->\n```mermaid\n(.*?)```\n<!-- /machine -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    assert found[1] == drawn, f"put this into {PAGE.name}:\n{drawn}"

"""The room's page shows the table as it is."""

import re
from pathlib import Path

from django.utils import translation

from anwang.work.inspections import labels, rules

PAGE = Path(__file__).resolve().parents[5] / "docs" / "rooms" / "inspections.md"


def test_the_diagram_is_the_table():
    with translation.override("en"):
        words = {key: str(word) for key, word in (*labels.STATES, *labels.ACTIONS)}
        drawn = rules.MACHINE.mermaid(words)
    found = re.search(r"<!-- machine -->\n```mermaid\n(.*?)```\n<!-- /machine -->", PAGE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    assert found[1] == drawn

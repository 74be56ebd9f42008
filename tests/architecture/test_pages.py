"""Pages that are held to the code: one per room, and the page of what works."""

import ast
import re

import pytest

from anwang.config.rooms import ROOMS
from tests.architecture import plan

MECHANISMS = [
    f"{letter}{n}" for letter, count in zip("ABCDEF", (5, 5, 10, 4, 6, 5), strict=True) for n in range(1, count + 1)
]
PAGES = sorted([*plan.ROOT.glob("*.md"), *(plan.ROOT / "docs").rglob("*.md")])
MATURITY = plan.ROOT / "docs" / "maturity.md"


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_its_page(room):
    """docs/rooms/ROOM.md: what the room is for, its states, its rules with their sources."""
    page = plan.ROOT / "docs" / "rooms" / f"{plan.short(room)}.md"
    assert page.is_file(), f"write {page.relative_to(plan.ROOT)}"
    words = page.read_text(encoding="utf-8")
    assert len(words) > 400
    assert words.startswith("# ")


def rows():
    found = []
    for line in MATURITY.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")] if re.match(r"\| [A-F]\d+ \|", line) else []
        if cells:
            found.append(
                dict(zip(("id", "name", "state", "rooms", "tests", "missing"), [*cells, "", ""], strict=False))
            )
    return found


def test_every_mechanism_has_one_row():
    assert [row["id"] for row in rows()] == MECHANISMS


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_a_row_tells_the_truth(row):
    assert row["state"] in {"works", "partial", "not yet"}
    rooms = row["rooms"].split()
    assert rooms
    assert set(rooms) <= set(plan.order()), "a room that is not in the plan"
    tests = row["tests"].split()
    for name in tests:
        assert exists(name), f"there is no test {name}"
    if row["state"] == "works":
        assert tests, "a mechanism that works is shown by a test"
        assert set(rooms) <= set(ROOMS), "a mechanism that works has its rooms built"
    if row["state"] == "partial":
        assert row["missing"], "say what is missing"


def exists(name: str) -> bool:
    file, _, test = name.partition("::")
    path = plan.HOUSE / file
    if not path.is_file():
        path = plan.ROOT / file
    if not path.is_file() or not test:
        return path.is_file()
    defined = {node.name for node in ast.walk(plan.tree(path)) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return test.rsplit("::", 1)[-1] in defined


def test_the_files_named_for_the_ground_exist():
    for name in re.findall(r"ground/\w+/tests/\w+\.py", MATURITY.read_text(encoding="utf-8")):
        assert exists(name), name


def test_links_between_pages_lead_somewhere():
    wrong = [
        f"{page.relative_to(plan.ROOT)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert wrong == []


def test_no_page_names_the_machine_it_was_written_on():
    machine = re.compile(r"(?<![\w.])/(work|tmp|root|home/\w+)/")
    wrong = [str(page.relative_to(plan.ROOT)) for page in PAGES if machine.search(page.read_text(encoding="utf-8"))]
    assert wrong == []

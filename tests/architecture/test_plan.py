"""What import contracts cannot see: names in strings that reach up the house, and rooms that stand outside the plan."""

import ast
import re
from importlib import import_module
from importlib.util import find_spec

import grimp
import pytest
from django.apps import apps

from anwang.config.rooms import ROOMS
from tests.architecture import plan

TEMPLATE_TAG = re.compile(r"""{%\s*(url|include|extends)\s+["']([\w.:/-]+)["']""")
CLOCKS = {"timezone.now", "timezone.localdate", "datetime.now", "datetime.utcnow", "date.today", "time.time"}
TEMPLATES = sorted(path for path in plan.HOUSE.rglob("templates/**/*.html"))


def test_every_room_on_disk_is_in_the_plan_and_wired():
    on_disk = {f"{path.parent.parent.name}.{path.parent.name}" for path in plan.HOUSE.glob("*/*/apps.py")}
    assert on_disk == set(ROOMS)
    assert set(ROOMS) <= set(plan.order())


def test_rooms_are_wired_from_the_bottom_up():
    places = [plan.order()[room][0] for room in ROOMS]
    assert places == sorted(places)


def test_rules_know_the_standard_library_the_kernel_and_themselves():
    graph = grimp.build_graph("anwang", include_external_packages=False)
    wrong = []
    for module in graph.modules:
        parts = module.split(".")
        if len(parts) < 4 or parts[3] != "rules" or "tests" in parts:
            continue
        own = ".".join(parts[:4])
        used = graph.find_modules_directly_imported_by(module)
        wrong += [f"{module} → {name}" for name in used if not name.startswith(("anwang.kernel", own))]
    assert wrong == []


def test_foreign_keys_point_down():
    wrong = []
    for model in apps.get_models():
        room = ".".join(model.__module__.split(".")[1:3])
        if room not in ROOMS:
            continue
        for field in model._meta.get_fields():
            other = getattr(field, "related_model", None)
            if not getattr(field, "concrete", False) or other is None or isinstance(other, str):
                continue
            there = ".".join(other.__module__.split(".")[1:3])
            if there in ROOMS and not plan.may_know(room, there):
                wrong.append(f"{model.__name__}.{field.name} → {there}")
    assert wrong == []


def namespaces() -> dict[str, str]:
    """URL namespace → room."""
    found = {}
    for room in ROOMS:
        if find_spec(f"anwang.{room}.urls") is not None:
            urls = import_module(f"anwang.{room}.urls")
            found[getattr(urls, "app_name", plan.short(room))] = room
    return found


def template_rooms() -> dict[str, str]:
    """First part of a template's name → room."""
    found = {}
    for room in ROOMS:
        for folder in (plan.HOUSE / room.replace(".", "/")).glob("templates/*"):
            if folder.is_dir():
                found.setdefault(folder.name, room)
    return found


def test_templates_name_only_rooms_below():
    spaces, folders, wrong = namespaces(), template_rooms(), []
    for path in TEMPLATES:
        room = plan.room_of(path)
        for tag, name in TEMPLATE_TAG.findall(path.read_text(encoding="utf-8")):
            there = spaces.get(name.split(":")[0]) if tag == "url" and ":" in name else folders.get(name.split("/")[0])
            if there and there != room and not plan.may_know(room, there):
                wrong.append(f"{path.relative_to(plan.HOUSE)}: {tag} {name} reaches up to {there}")
    assert wrong == []


def test_code_names_only_addresses_below():
    spaces, wrong = namespaces(), []
    for path in plan.sources():
        room = plan.room_of(path)
        if not room:
            continue
        for name, call in plan.calls(path):
            if name.rsplit(".", 1)[-1] not in {"reverse", "reverse_lazy", "redirect"} or not call.args:
                continue
            said = plan.text(call.args[0])
            there = spaces.get(said.split(":")[0]) if said and ":" in said else None
            if there and there != room and not plan.may_know(room, there):
                wrong.append(f"{plan.where(path, call)}: {said} reaches up to {there}")
    assert wrong == []


def test_no_signals_of_our_own():
    """What happened is told by calling, in the order of the seven steps; signals hide both."""
    wrong = []
    for path in plan.sources():
        for node in ast.walk(plan.tree(path)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            if any(name in {"django.db.models.signals", "django.dispatch"} for name in names):
                wrong.append(plan.where(path, node))
    assert wrong == []


@pytest.mark.parametrize("name", ["utils.py", "helpers.py", "signals.py", "misc.py"])
def test_no_drawers_for_odds_and_ends(name):
    assert [str(path.relative_to(plan.ROOT)) for path in plan.HOUSE.rglob(name)] == []


def test_the_clock_is_read_at_the_edge():
    """Services and rules take `now`; only ways in (and the jobs' own machinery) look at a clock."""
    wrong = []
    for path in plan.sources():
        parts = set(path.relative_to(plan.HOUSE).with_suffix("").parts)
        if plan.room_of(path) in {"", "ground.jobs", "edge.demo"} or not parts & {"services", "rules", "models"}:
            continue
        for name, call in plan.calls(path):
            if name in CLOCKS and not call.args:  # localdate(now) reckons, localdate() looks
                wrong.append(plan.where(path, call))
    assert wrong == []

"""Loads every room's job handlers; called by the worker, the tests and whoever runs jobs in its own process."""

from importlib import import_module
from importlib.util import find_spec

from anwang.config.rooms import MODULES


def load() -> None:
    for module in MODULES:
        if find_spec(f"{module}.tasks") is not None:
            import_module(f"{module}.tasks")

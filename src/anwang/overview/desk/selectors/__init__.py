"""Reads: what needs a person (tasks), how their part stands (mine), and the one search for everything."""

from anwang.overview.desk.selectors.mine import Mine, mine
from anwang.overview.desk.selectors.search import Group, Hit, exact, search, words_of
from anwang.overview.desk.selectors.tasks import CARDS, MOST, Day, Task, Waiting, looks, waiting

__all__ = [
    "CARDS",
    "MOST",
    "Day",
    "Group",
    "Hit",
    "Mine",
    "Task",
    "Waiting",
    "exact",
    "looks",
    "mine",
    "search",
    "waiting",
    "words_of",
]

"""Names in strings that have to have something behind them: a handler, a sentence, a word, in both languages."""

import ast
import re
from importlib import import_module

import pytest
from django.utils import translation
from django.utils.functional import Promise

from anwang.config import tasks
from anwang.ground.audit import labels as audit_labels
from anwang.ground.base import errors
from anwang.ground.jobs import services as jobs
from anwang.ground.notices import labels as notice_labels
from tests.architecture import plan

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(autouse=True, scope="module")
def _handlers():
    tasks.load()
    import_module("anwang.config.setup")  # the command line's own refusals


def module_calls(function: str, of: str):
    """(where, call) of ``of.function(…)`` where the file knows ``of`` by an import from the room of that name."""
    for path in plan.sources():
        for name, call in plan.calls(path):
            if name == f"{of}.{function}":
                yield path, call


def in_chinese(words) -> bool:
    """Is there a Chinese text for these words, in a catalogue or because they are Chinese themselves?"""
    with translation.override("en"):
        said = str(words)
    return not said or bool(HAN.search(said)) or any(msgid == said for _context, msgid in plan.chinese())


def in_english(words) -> bool:
    """English may quote a Chinese word as an example; it is not Chinese."""
    with translation.override("en"):
        said = str(words)
    return len(HAN.findall(said)) <= len(said) / 4


def test_every_job_that_is_asked_for_has_a_handler():
    asked = {}
    for path, call in (*module_calls("later", "jobs"), *module_calls("every", "jobs")):
        if name := plan.text(call.args[0]) if call.args else None:
            asked[name] = plan.where(path, call)
    for path, call in module_calls("at", "jobs"):
        if name := plan.text(call.args[1]) if len(call.args) > 1 else None:
            asked[name] = plan.where(path, call)
    assert {name: at for name, at in asked.items() if name not in jobs.names()} == {}


def test_every_recurring_job_has_a_handler():
    assert set(jobs.recurring()) <= jobs.names()


def refusals():
    """Key → where, of every ``Refused("room.reason", …)`` with its key written out."""
    found = {}
    for path in plan.sources():
        for name, call in plan.calls(path):
            if name.rsplit(".", 1)[-1] == "Refused" and call.args and (key := plan.text(call.args[0])):
                found[key] = plan.where(path, call)
    return found


def test_every_refusal_has_its_sentence():
    known = errors.known()
    assert {key: at for key, at in refusals().items() if key not in known} == {}


def test_every_sentence_is_in_both_languages():
    wrong = [
        f"{key}: {words}"
        for key, sentence in errors.known().items()
        for words in (sentence.what, sentence.todo)
        if not in_chinese(words) or not in_english(words)
    ]
    assert wrong == []


def test_a_refusal_says_what_to_do_next():
    assert [key for key, sentence in errors.known().items() if not str(sentence.todo)] == []


def test_every_placeholder_of_a_sentence_is_in_its_chinese():
    holes = re.compile(r"%\((\w+)\)")
    chinese = {msgid: said for (_context, msgid), said in plan.chinese().items()}
    wrong = []
    for key, sentence in errors.known().items():
        for words in (sentence.what, sentence.todo):
            with translation.override("en"):
                said = str(words)
            if said in chinese and not set(holes.findall(chinese[said])) <= set(holes.findall(said)):
                wrong.append(key)
    assert wrong == []


def test_every_event_on_the_trail_has_a_word():
    known, asked = audit_labels.known(), {}
    for path in plan.sources():
        for name, call in plan.calls(path):
            if name in {"audit.record", "audit.Entry", "record", "_say", "Entry"} and call.args:
                event = plan.text(call.args[0])
                if event and re.fullmatch(r"[a-z]+\.[a-z_]+", event):
                    asked[event] = plan.where(path, call)
    assert {event: at for event, at in asked.items() if event not in known} == {}


@pytest.mark.parametrize("table", [audit_labels.known, audit_labels.kinds, notice_labels.known])
def test_words_are_in_both_languages(table):
    wrong = [key for key, words in table().items() if not in_chinese(words) or not in_english(words)]
    assert wrong == []


def test_every_notice_has_words():
    known, asked = notice_labels.known(), {}
    for path, call in module_calls("tell", "notices"):
        if len(call.args) > 1 and (key := plan.text(call.args[1])):
            asked[key] = plan.where(path, call)
    assert {key: at for key, at in asked.items() if key not in known} == {}


def test_words_that_people_see_are_marked_for_translation():
    """A label in code that is written out in one language would never meet the other."""
    wrong = []
    for path in plan.sources():
        if not plan.room_of(path) or "data" in path.parts or plan.room_of(path) == "edge.demo":
            continue
        for name, call in plan.calls(path):
            if name.rsplit(".", 1)[-1] not in {"Column", "Filter", "Fact", "Number", "Sentence"}:
                continue
            if name == "Sentence" or name.endswith(".Sentence"):
                words = call.args[:2]
            elif name.rsplit(".", 1)[-1] in {"Column", "Filter"}:
                words = call.args[1:2]
            else:
                words = call.args[:1]
            for word in words:
                said = plan.text(word)
                if said and re.search(r"[A-Za-z]{3}|[\u4e00-\u9fff]", said) and said != "Excel":
                    wrong.append(f"{plan.where(path, call)}: {said!r}")
    assert wrong == []


def test_the_helpers_here_see_what_they_should():
    """A test of the tests: the searches above find the calls they are about."""
    assert "audit.too_young" in refusals()
    assert any(plan.text(call.args[0]) == "audit.prove" for _path, call in module_calls("later", "jobs"))
    assert isinstance(audit_labels.known()["audit.proved"], Promise)
    assert isinstance(plan.tree(plan.HOUSE / "config" / "rooms.py"), ast.Module)

"""Privacy is declared beside each field: kept, masked (shown in part, whole only to who may and on the record), scrubbed
(never shown, never in a log). A field that is none of these and not plainly impersonal fails here.

A room declares on its model, ``personal = {"phone": "masked"}``, or for the whole room in ``privacy.py``,
``PRIVACY = {"User.phone": "masked", "Grant.note": "none"}``; ``none`` says that nothing personal belongs there.
"""

import re
from importlib import import_module
from importlib.util import find_spec

import pytest
from django.apps import apps
from django.db import models

from anwang.config.rooms import ROOMS
from tests.architecture import plan

WORDS = {"kept", "masked", "scrubbed", "none"}
TEXT = (models.CharField, models.TextField, models.JSONField, models.FileField)
# What these end in is about things, not people: codes, keys, hashes, words of a library, places in a tree.
PLAIN = re.compile(
    r"(^|_)(id|code|codes|key|keys|kind|kinds|hash|digest|mac|sha256|phash|slot|urn|url|number|version|edition|domain|domains"
    r"|state|status|grade|level|class|type|media_type|unit|units|value|month|rung|means|severity|article|item|instrument"
    r"|source|confidence|basis|zh|en|icon|permissions|columns|page|language|path|flags|scoring|options|when|answer"
    r"|criterion|outline|points|geometry|word|short|template|token|event|previous|chain|owner|software|placed_by"
    r"|raw|standard_version|covers|match|also_domains|to|role|building)$"
)


def declared(model) -> dict[str, str]:
    found = dict(getattr(model, "personal", {}))
    room = ".".join(model.__module__.split(".")[1:3])
    if room in ROOMS and find_spec(f"anwang.{room}.privacy") is not None:
        for name, word in import_module(f"anwang.{room}.privacy").PRIVACY.items():
            owner, _, field = name.partition(".")
            if owner == model.__name__:
                found[field] = word
    return found


def own_models():
    return [model for model in apps.get_models() if ".".join(model.__module__.split(".")[1:3]) in ROOMS]


@pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
def test_every_field_with_words_says_what_becomes_of_them(model):
    said = declared(model)
    undeclared = [
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, TEXT)
        and not field.choices
        and not field.primary_key
        and field.name not in said
        and not PLAIN.search(field.name)
    ]
    assert undeclared == [], f"declare them in {model.__name__}.personal or in the room's privacy.py"


@pytest.mark.parametrize("model", own_models(), ids=lambda model: model._meta.label)
def test_what_is_declared_exists(model):
    names = {field.name for field in model._meta.get_fields()}
    said = declared(model)
    assert set(said) <= names
    assert set(said.values()) <= WORDS


def test_numbers_and_mail_are_never_merely_kept():
    wrong = []
    for model in own_models():
        said = declared(model)
        for field in model._meta.concrete_fields:
            reaches = isinstance(field, TEXT) and re.search(r"(^|_)(phone|mobile|email|id_card)$", field.name)
            if reaches and said.get(field.name) not in {"masked", "scrubbed"}:
                wrong.append(f"{model.__name__}.{field.name}")
    assert wrong == []


# Shown whole only in the answer to somebody who asked for it, which is on the record.
WHOLE_ON_REQUEST = {"hazards/templates/hazards/people.html"}


def test_masked_fields_are_masked_on_every_page():
    names = {name for model in own_models() for name, word in declared(model).items() if word == "masked"}
    names -= {"name", "address"}  # too common a word to look for; their own rooms' tests see to them
    wrong = []
    for path in plan.HOUSE.rglob("templates/**/*.html"):
        for shown in re.findall(r"{{\s*([\w.]+(?:\|[\w:\"' .]+)*)\s*}}", path.read_text(encoding="utf-8")):
            field, _, filters = shown.partition("|")
            whole = "." in field and field.rsplit(".", 1)[-1] in names and "masked" not in filters
            if whole and "/".join(path.parts[-4:]) not in WHOLE_ON_REQUEST:
                wrong.append(f"{path.relative_to(plan.HOUSE)}: {{{{ {shown} }}}}")
    assert wrong == []


def test_scrubbed_fields_are_on_no_page_of_their_room():
    wrong = []
    for model in own_models():
        names = {name for name, word in declared(model).items() if word == "scrubbed"}
        room = plan.HOUSE.joinpath(*model.__module__.split(".")[1:3])
        for path in room.rglob("templates/**/*.html") if names else ():
            shown = set(re.findall(r"{{\s*\w+\.(\w+)", path.read_text(encoding="utf-8")))
            wrong += [f"{path.relative_to(plan.HOUSE)}: {name}" for name in sorted(shown & names)]
    assert wrong == []

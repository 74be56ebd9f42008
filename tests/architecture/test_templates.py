"""What no page may do: run or style inline (the content security policy would silently drop it), or name an icon that
is not in the sprite."""

import json
import re
from pathlib import Path

import pytest
from django.urls import NoReverseMatch, reverse

from anwang.ground.base import nav

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "anwang"
TEMPLATES = sorted(SOURCE.glob("*/*/templates/**/*.html"))
COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", re.DOTALL)
ICONS = set(json.loads((ROOT / "frontend" / "icons.json").read_text(encoding="utf-8")))


def words_of(path: Path) -> str:
    return COMMENT.sub("", path.read_text(encoding="utf-8"))


def named(path: Path) -> str:
    return str(path.relative_to(SOURCE))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_nothing_inline(path):
    text = words_of(path)
    assert not re.search(r"<[a-z][^>]*\sstyle\s*=", text), "a style attribute: give it a class"
    assert not re.search(r"<[a-z][^>]*\son[a-z]+\s*=", text), "a handler: give it a data attribute that desk.js knows"
    assert not re.search(r"<[a-z][^>]*\shx-on[:-]", text), "hx-on runs text as a script"
    assert not re.search(r"<style[\s>]", text)
    for script in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in script or "application/json" in script, script


def test_every_icon_is_in_the_sprite():
    missing = {
        f"{named(path)}: {name}"
        for path in TEMPLATES
        for name in re.findall(r'\{% icon "([a-z0-9-]+)"', words_of(path))
        if name not in ICONS
    }
    missing |= {
        f"{named(path)}: {name}"
        for path in SOURCE.rglob("*.py")
        for name in re.findall(r'\bicon(?:_name)?="([a-z0-9-]+)"', path.read_text(encoding="utf-8"))
        if name not in ICONS
    }
    assert not missing


def test_every_place_in_the_menu_has_an_address_and_an_icon():
    wrong = []
    for item in nav.registered():
        try:
            reverse(item.url_name)
        except NoReverseMatch:
            wrong.append(f"{item.key}: no address named {item.url_name}")
        if item.icon not in ICONS:
            wrong.append(f"{item.key}: no icon named {item.icon}")
    assert not wrong


def test_at_most_five_places_on_a_phone():
    assert len([item for item in nav.registered() if item.phone]) <= 5

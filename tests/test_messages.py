"""The catalogue tool: what it finds, keeps and refuses."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def tool(monkeypatch):
    spec = importlib.util.spec_from_file_location("messages_tool", ROOT / "tools" / "messages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def room(tmp_path, tool, monkeypatch):
    """A room in a house of its own, with texts in Python and in a template."""
    room = tmp_path / "work" / "room"
    (room / "templates" / "room").mkdir(parents=True)
    (room / "apps.py").touch()
    (room / "__init__.py").touch()
    (room / "labels.py").write_text(
        'from x import gettext_lazy as _, pgettext\na = _("Hello %(name)s")\nb = pgettext("state", "Open")\n'
    )
    (room / "templates" / "room" / "t.html").write_text(
        "<ul>\n      {% translate 'Late' %}\n  {% blocktranslate trimmed count n=n %}\n {{ n }} row\n {% plural %}\n"
        "      {{ n }} rows\n {% endblocktranslate %}</ul>"
    )
    monkeypatch.setattr(tool, "PACKAGE", tmp_path)
    return room


def translate(tool, room, **words):
    path = room / tool.PO
    text = path.read_text()
    for msgid, msgstr in words.items():
        text = text.replace(f'msgid "{msgid}"\nmsgstr ""', f'msgid "{msgid}"\nmsgstr "{msgstr}"')
    path.write_text(text.replace('msgstr[0] ""', 'msgstr[0] "%(n)s 行"'))


def test_finds_texts_in_python_and_templates(tool, room):
    assert {tool.key_of(message) for message in tool.entries(tool.extract(room))} == {
        (None, "Hello %(name)s"),
        ("state", "Open"),
        (None, "Late"),
        (None, "%(n)s row"),
    }


def test_update_twice_changes_nothing_and_keeps_translations(tool, room):
    tool.update(room, tool.everywhere())
    translate(tool, room, Late="逾期")
    tool.update(room, tool.everywhere())
    first = (room / tool.PO).read_bytes()
    tool.update(room, tool.everywhere())
    assert (room / tool.PO).read_bytes() == first
    assert "逾期" in first.decode()


def test_check_names_what_is_missing_and_what_does_not_fit(tool, room):
    tool.update(room, tool.everywhere())
    assert any("not translated: 'Late'" in said for said in tool.check(room, tool.everywhere()))
    translate(tool, room, Late="逾期", **{"Hello %(name)s": "你好 %(nmae)s", "Open": "待整改"})
    assert tool.check(room, tool.everywhere()) == ["placeholders differ: 'Hello %(name)s' → '你好 %(nmae)s'"]


def test_two_rooms_may_not_speak_differently(tool, room, tmp_path):
    tool.update(room, tool.everywhere())
    translate(tool, room, Late="逾期", **{"Hello %(name)s": "你好 %(name)s", "Open": "待整改"})
    other = tmp_path / "work" / "other"
    other.mkdir()
    (other / "apps.py").write_text('_("Late")\n')
    (other / "__init__.py").touch()
    tool.update(other, tool.everywhere())
    assert tool.check(other, tool.everywhere()) == []  # filled from the room that had it
    po = other / tool.PO
    po.write_text(po.read_text().replace("逾期", "迟到"))
    assert any("agree, or use pgettext" in said for said in tool.check(other, tool.everywhere()))


def test_compiled_catalogue_is_read_by_gettext(tool, room):
    import gettext

    tool.update(room, tool.everywhere())
    translate(tool, room, Late="逾期")
    assert tool.compile_(room) == "compiled"
    assert tool.compile_(room) is None
    with (room / tool.PO).with_suffix(".mo").open("rb") as file:
        known = gettext.GNUTranslations(file)
    assert known.gettext("Late") == "逾期"
    assert known.ngettext("%(n)s row", "%(n)s rows", 1) == "%(n)s 行"

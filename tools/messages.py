"""The message catalogues of the rooms, without the system's gettext.

Every room keeps its own `locale/zh_Hans/LC_MESSAGES/django.po`; msgids are English.

    python tools/messages.py update [ROOM_PATH…]   read the sources, write the .po (translations kept, obsolete dropped)
    python tools/messages.py check [ROOM_PATH…]    exit 1 and say what is missing, stale, fuzzy or wrongly filled
    python tools/messages.py compile [ROOM_PATH…]  write the .mo that Django reads (not committed)

Without a path: every room. Django merges the catalogues of all rooms into one, so the same msgid with two different
translations would let one room speak for another without anybody noticing; `check` refuses that, and `update` fills
a new msgid from a room that has it already. Where two rooms really mean different things, use `pgettext`.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import django.conf
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "anwang"
PO = Path("locale", "zh_Hans", "LC_MESSAGES", "django.po")
SUFFIXES = {".html", ".txt", ".md", ".xml", ".typ"}

SINGULAR, PLURAL, CONTEXT, CONTEXT_PLURAL = (1,), (1, 2), ((1, "c"), 2), ((1, "c"), 2, 3)
KEYWORDS: dict[str, tuple[object, ...]] = {
    "_": SINGULAR,
    "gettext": SINGULAR,
    "gettext_lazy": SINGULAR,
    "gettext_noop": SINGULAR,
    "ngettext": PLURAL,
    "ngettext_lazy": PLURAL,
    "pgettext": CONTEXT,
    "pgettext_lazy": CONTEXT,
    "npgettext": CONTEXT_PLURAL,
    "npgettext_lazy": CONTEXT_PLURAL,
}

# No dates, no tool version, no line numbers: a catalogue changes only when a text does.
HEADER = """\
msgid ""
msgstr ""
"Language: zh_Hans\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""

Key = tuple[str | None, str]
PLACEHOLDER = re.compile(r"%\((\w+)\)[-+#0 ]*[\d.]*[a-zA-Z]|(?<!%)%([sdrf])|\{(\w*)\}")


def rooms() -> list[Path]:
    """Every package with an apps.py, and the wiring."""
    return sorted({path.parent for path in PACKAGE.glob("*/*/apps.py")} | {PACKAGE / "config"})


def key_of(message: Message) -> Key:
    """What gettext looks a message up by: its context and its (singular) id."""
    singular = message.id[0] if isinstance(message.id, tuple | list) else message.id
    return (message.context, singular)


def sources(room: Path) -> Iterator[Path]:
    for path in sorted(room.rglob("*")):
        parts = path.relative_to(room).parts
        if parts[0] in {"tests", "migrations", "locale", "static"} or "__pycache__" in parts or not path.is_file():
            continue
        if path.suffix == ".py" or (parts[0] == "templates" and path.suffix in SUFFIXES):
            yield path


def messages_in(path: Path) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    """(context, (singular,) or (singular, plural)) for every marked text of one file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # The tokenizer must not see indentation: templatize keeps the template's own.
        text = "(\n" + "\n".join(line.lstrip() for line in templatize(text, str(path)).splitlines()) + "\n)\n"
    found = extract_python(io.BytesIO(text.encode()), KEYWORDS, (), {"encoding": "utf-8"})
    for _line, function, args, _comments in found:
        given = args if isinstance(args, tuple) else (args,)
        spec = KEYWORDS[function]
        context: str | None = None
        ids: list[str] = []
        for place in spec:
            at = place[0] if isinstance(place, tuple) else place
            value = given[at - 1] if at <= len(given) else None
            if not isinstance(value, str) or not value:
                break
            if isinstance(place, tuple):
                context = value
            else:
                ids.append(value)
        else:
            yield context, tuple(ids)


def extract(room: Path) -> Catalog:
    """What the sources of a room ask to have translated."""
    catalog = Catalog(locale="zh_Hans", domain="django")
    for path in sources(room):
        where = [(path.relative_to(room).as_posix(), 0)]
        for context, ids in messages_in(path):
            known = catalog.get(ids[0], context)
            # A plural form wins over the plain use of the same text, as in gettext.
            msgid: str | tuple[str, ...] = ids if len(ids) == 2 else ids[0]
            if known is not None and isinstance(known.id, tuple | list):
                msgid = tuple(known.id)
            if known is not None and len(ids) == 2 and not isinstance(known.id, tuple | list):
                where = [*known.locations, *where]
                catalog.delete(ids[0], context)
            catalog.add(msgid, None, locations=where, context=context)
    return catalog


def load(room: Path) -> Catalog | None:
    path = room / PO
    if not path.exists():
        return None
    with path.open("rb") as file:
        return read_po(file, locale="zh_Hans", domain="django", abort_invalid=True)


def entries(catalog: Catalog | None) -> list[Message]:
    return [message for message in catalog or () if message.id]


def told(message: Message) -> str:
    """The translation, one form: Chinese has no other."""
    value = message.string
    return (value[0] if value else "") if isinstance(value, tuple | list) else (value or "")


def everywhere() -> dict[Key, dict[str, list[Path]]]:
    """Each translated msgid → its translations → the rooms that give them."""
    found: dict[Key, dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for room in rooms():
        for message in entries(load(room)):
            if told(message) and not message.fuzzy:
                found[key_of(message)][told(message)].append(room)
    return found


def update(room: Path, known: dict[Key, dict[str, list[Path]]]) -> str:
    fresh, old = extract(room), {key_of(message): message for message in entries(load(room))}
    wanted, path, filled = entries(fresh), room / PO, 0
    if not wanted:
        if path.exists():
            path.unlink()
        return "nothing to translate"
    for message in wanted:
        before = old.get(key_of(message))
        text = told(before) if before is not None else ""
        if not text and key_of(message) in known:
            text, filled = next(iter(known[key_of(message)])), filled + 1
        message.string = (text,) if isinstance(message.id, tuple | list) else text
        if before is not None and before.fuzzy:
            message.flags.add("fuzzy")
        message.user_comments = list(before.user_comments) if before is not None else []
        message.locations = sorted(set(message.locations))
    out = io.BytesIO()
    write_po(out, fresh, width=0, sort_output=True, include_lineno=False, omit_header=True)
    text = HEADER + out.getvalue().decode().strip() + "\n"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    gone = len(old.keys() - {key_of(message) for message in wanted})
    empty = sum(not told(message) for message in wanted)
    return f"{len(wanted)} messages, {empty} to translate, {filled} filled from other rooms, {gone} dropped"


def placeholders(text: str) -> list[str]:
    """The names to be filled in, sorted; positional ones count as often as they stand."""
    found = [next(filter(None, groups), "{}") for groups in PLACEHOLDER.findall(text.replace("%%", ""))]
    return sorted({name for name in found if name not in set("sdrf") | {"{}"}}) + sorted(
        name for name in found if name in set("sdrf") | {"{}"}
    )


def check(room: Path, known: dict[Key, dict[str, list[Path]]]) -> list[str]:
    """What is wrong with a room's catalogue, one sentence each."""
    said = []
    have = {key_of(message): message for message in entries(load(room))}
    want = {key_of(message): message for message in entries(extract(room))}
    said += [f"not in the catalogue (run update): {msgid!r}" for _, msgid in want.keys() - have.keys()]
    said += [f"no longer in the sources (run update): {msgid!r}" for _, msgid in have.keys() - want.keys()]
    for key in want.keys() & have.keys():
        message, msgid = have[key], key[1]
        text = told(message)
        if not text:
            said.append(f"not translated: {msgid!r}")
            continue
        if message.fuzzy:
            said.append(f"fuzzy: {msgid!r}")
        full = want[key].id[1] if isinstance(want[key].id, tuple | list) else msgid
        if placeholders(full) != placeholders(text):
            said.append(f"placeholders differ: {full!r} → {text!r}")
        if msgid.startswith("\n") != text.startswith("\n") or msgid.endswith("\n") != text.endswith("\n"):
            said.append(f"begins or ends with a line break (use `blocktranslate trimmed`): {msgid!r}")
        others = {other: where for other, where in known[key].items() if other != text}
        said += [
            f"{msgid!r} is {text!r} here and {other!r} in {', '.join(r.name for r in where)}: agree, or use pgettext"
            for other, where in others.items()
        ]
    return sorted(said)


def compile_(room: Path) -> str | None:
    path = room / PO
    if not path.exists():
        return None
    target = path.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime >= path.stat().st_mtime:
        return None
    catalog = load(room)
    # Written beside and moved, so that a running server never reads half a file.
    half = target.with_suffix(".mo.new")
    with half.open("wb") as file:
        write_mo(file, catalog)
    half.replace(target)
    return "compiled"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["update", "check", "compile"])
    parser.add_argument("room", nargs="*", type=Path, help="a room's folder, e.g. src/anwang/work/hazards")
    asked = parser.parse_args(argv)
    if not django.conf.settings.configured:
        django.conf.settings.configure()  # templatize reads the tag syntax only
    chosen = [path.resolve() for path in asked.room] or rooms()
    for room in chosen:
        if not (room / "__init__.py").exists():
            parser.error(f"not a room: {room}")
    known = everywhere()
    failed = 0
    for room in chosen:
        name = room.relative_to(PACKAGE).as_posix() if room.is_relative_to(PACKAGE) else str(room)
        if asked.what == "update":
            print(f"{name}: {update(room, known)}")
        elif asked.what == "compile":
            if said := compile_(room):
                print(f"{name}: {said}")
        else:
            for sentence in check(room, known):
                print(f"{name}: {sentence}")
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())

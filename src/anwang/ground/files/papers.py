"""Papers: the same facts make the same bytes, a number that is never given twice, and a way for anybody to check.

A room describes its papers (:class:`PaperKind`) and hands them up in ``AppConfig.ready()``; its service gathers the
facts and calls :func:`issue`. What the template read is kept with the paper, so that it can be drawn again and
compared. Templates are typst files; they see their data, the shared functions (``papers_common/office.typ``), the
pictures named in the data and nothing else of the machine.

In ``data`` a picture is ``picture(file)`` (a photo at 1280 px, a signature whole); dates are written as
``2026-11-20``. Shapes of every paper: ``docs/rooms/papers.md``.
"""

import functools
import hashlib
import io
import json
import secrets
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from importlib import metadata
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import segno
import structlog
import typst
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise

from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence as Counter
from anwang.ground.files import rules, store
from anwang.ground.files.models import FileMetadata, Paper, PaperThing, StoredFile
from anwang.ground.files.rules import FileKind
from anwang.ground.regions.models import Region
from anwang.kernel import clock

log = structlog.get_logger(__name__)

COMMON = Path(__file__).with_name("papers_common")
PICTURES = 30
"""Papers with more pages than this are previewed as a PDF only."""
PPI = 110.0
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no letter that is read as a digit


@dataclass(frozen=True, slots=True)
class PaperKind:
    """A kind of paper.

    ``key`` ``room.what``; ``zh`` its official name as it stands on the paper, whatever language anybody reads;
    ``title`` the same for screens (an English msgid); ``word`` the two or three signs in its number (责改);
    ``required`` dotted paths into the data that must not be blank, with the words a person knows them by;
    ``officers`` how many with an enforcement certificate must be named in ``data["officers"]`` (Administrative
    Penalty Law 2021 art. 42 asks for two where it applies).
    """

    key: str
    zh: str
    title: str | Promise
    word: str
    template: Path
    permission: Permission
    required: Mapping[str, str | Promise] = field(default_factory=dict)
    officers: int = 0


@dataclass(frozen=True, slots=True)
class Agency:
    """Who issues: the name at the head and under the seal, and the parts of the number it gives.

    ``short`` is the region's short name (河), ``word`` the agency's (应急); ``region`` its code, whose counter runs.
    """

    name: str
    word: str
    region: str
    short: str = ""
    phone: str = ""
    address: str = ""

    @classmethod
    def of(
        cls, region: Region, *, name: str, word: str, short: str = "", phone: str = "", address: str = ""
    ) -> "Agency":
        """With the first character of the region's name where it has no short name of its own."""
        return cls(name, word, region.code, short or region.name[:1], phone, address)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A drawn paper: the PDF, how many pages, and a PNG of each (none where there are too many)."""

    pdf: bytes
    pages: int
    pictures: tuple[bytes, ...]


_kinds: dict[str, PaperKind] = {}


def register(*kinds: PaperKind) -> None:
    """Hand a room's papers up; called from ``AppConfig.ready()``."""
    for kind in kinds:
        if not kind.template.is_file():
            raise ValueError(f"no template for the paper {kind.key}")
        _kinds[kind.key] = kind


def kinds() -> Mapping[str, PaperKind]:
    return dict(_kinds)


def kind_of(key: str) -> PaperKind:
    if key not in _kinds:
        raise Refused("files.paper_unknown")
    return _kinds[key]


def picture(file: StoredFile) -> dict[str, str]:
    """A photo or signature for the data of a paper."""
    if not file.is_image:
        raise ValueError("only pictures can be shown on a paper")
    if file.kind_key == FileKind.SIGNATURE:
        return {"file": file.pk, "path": f"{file.sha256}.png"}
    return {"file": file.pk, "path": f"{file.sha256}-1280.jpg"}


def qr(url: str) -> dict[str, str]:
    """A QR code for the data of a paper (the link for a shop owner)."""
    return {"qr": url, "path": f"qr-{hashlib.sha256(url.encode()).hexdigest()[:16]}.svg"}


# --- issuing ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def issue(
    *,
    kind: str,
    on: Any,
    data: Mapping[str, Any],
    agency: Agency,
    by: Any,
    now: datetime,
    unit: str = "",
    about: Iterable[Any] = (),
) -> Paper:
    """Draw the paper, give it the next number of its agency, kind and year, and keep both.

    ``on``: the thing whose place and readers it takes; ``about``: others it names, from whose pages it can be found.
    ``unit``: to whom it is (``data["unit"]["name"]`` where not given). The number is used up only if all succeeds.

    Raises Refused: ``accounts.not_permitted``, ``files.paper_incomplete``, ``files.paper_officers``,
    ``files.gone`` (a picture the issuer may not see), ``files.paper_failed``, ``files.no_space``.
    """
    spec = kind_of(kind)
    require(by, spec.permission, on=on)
    facts = plain(data)
    _complete(spec, facts)
    _pictures_visible(facts, by)
    year = clock.local_date(now).year
    n = Counter.take(f"paper:{agency.region}:{agency.word}{spec.word}:{year}")
    code = _code()
    whole = {
        "data": facts,
        "paper": {
            "kind": spec.key,
            "title": spec.zh,
            "number": rules.paper_number(agency.short, agency.word, spec.word, year, n),
            "code": code,
            "verify_url": verify_url(code),
            "issued_on": clock.local_date(now).isoformat(),
            "issued_at": now.astimezone(UTC).replace(microsecond=0).isoformat(),
            "agency": asdict(agency),
            "exercise": bool(getattr(on, "exercise", False)),
            "draft": False,
        },
    }
    drawn = render(whole)
    sha256 = store.put(drawn.pdf, {f"p{at}": page for at, page in enumerate(drawn.pictures, start=1)})
    paper = Paper(
        kind_key=spec.key,
        number=whole["paper"]["number"],
        title=whole["paper"]["title"],
        unit=(unit or _unit(facts))[:120],
        agency_name=agency.name,
        agency_region=agency.region,
        short=agency.short,
        agency_word=agency.word,
        word=spec.word,
        year=year,
        n=n,
        thing_kind=on.kind,
        thing_id=str(on.pk),
        data=whole,
        data_sha256=hashlib.sha256(canonical(whole)).hexdigest(),
        template_version=version(spec),
        sha256=sha256,
        pages=drawn.pages,
        pictures=len(drawn.pictures),
        code=code,
        exercise=whole["paper"]["exercise"],
        issued_by=by,
        issued_at=now,
    )
    paper.follow(on)
    paper.file = _keep(paper, drawn.pdf, sha256, by=by, now=now)
    paper.save(force_insert=True)
    things = dict.fromkeys([(on.kind, str(on.pk)), *((thing.kind, str(thing.pk)) for thing in about)])
    PaperThing.objects.bulk_create(PaperThing(paper=paper, thing_kind=of, thing_id=key) for of, key in things)
    audit.record(
        "papers.issued",
        by=by,
        at=now,
        on=paper,
        data={"number": paper.number, "kind": spec.key, "thing": on.kind, "thing_id": str(on.pk), "sha256": sha256},
    )
    return paper


@transaction.atomic
def void(*, paper_id: str, reason: str, by: Any, now: datetime) -> Paper:
    """Declare a paper void. It stays where it is, and whoever checks it learns so."""
    paper: Paper = Paper.objects.visible_to(by).select_for_update().get(pk=paper_id)
    require(by, kind_of(paper.kind_key).permission, on=paper)
    if paper.void_at is not None:
        raise Refused("files.paper_void")
    words = str(plain(reason)).strip()[:300]
    if not words:
        raise Refused("files.paper_reason", field="reason")
    paper.void_at, paper.void_by, paper.void_reason = now, by, words
    paper.save(update_fields=["void_at", "void_by", "void_reason"])
    audit.record("papers.voided", by=by, at=now, on=paper, data={"number": paper.number, "reason": paper.void_reason})
    return paper


def draft(*, kind: str, on: Any, data: Mapping[str, Any], agency: Agency, by: Any, now: datetime) -> Rendered:
    """The paper as it would be, marked as a draft, without a number; nothing is kept. Gaps are allowed."""
    spec = kind_of(kind)
    require(by, spec.permission, on=on)
    facts = plain(data)
    _pictures_visible(facts, by)
    today = clock.local_date(now)
    number = rules.paper_number(agency.short, agency.word, spec.word, today.year, 0).replace("〕0号", "〕　号")
    return render(
        {
            "data": facts,
            "paper": {
                "kind": spec.key,
                "title": spec.zh,
                "number": number,
                "code": "",
                "verify_url": "",
                "issued_on": today.isoformat(),
                "issued_at": now.astimezone(UTC).replace(microsecond=0).isoformat(),
                "agency": asdict(agency),
                "exercise": bool(getattr(on, "exercise", False)),
                "draft": True,
            },
        }
    )


def redraw(paper: Paper) -> bytes:
    """The PDF made again from what was kept. Same bytes as long as ``template_version`` is still the present one."""
    return render(paper.data, pictures=False).pdf


def verify_url(code: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse('files:verify', args=[code])}"


def _complete(spec: PaperKind, facts: Mapping[str, Any]) -> None:
    gaps = rules.missing(facts, tuple(spec.required))
    if gaps:
        raise Refused("files.paper_incomplete", missing="、".join(str(spec.required[path]) for path in gaps))
    certified = [one for one in facts.get("officers") or [] if one.get("name") and one.get("certificate")]
    # One person named twice is one person.
    found = len({one["certificate"] for one in certified})
    if found < spec.officers:
        raise Refused("files.paper_officers", needed=spec.officers, found=found)


def _pictures_visible(facts: Any, by: Any) -> None:
    named = {ref["file"]: ref["path"] for ref in _references(facts, "file")}
    files = {file.pk: file for file in StoredFile.objects.visible_to(by).filter(pk__in=named)}
    for key, path in named.items():
        if key not in files or picture(files[key])["path"] != path:
            raise Refused("files.gone")


def _keep(paper: Paper, pdf: bytes, sha256: str, *, by: Any, now: datetime) -> StoredFile:
    file = StoredFile(
        kind_key=FileKind.PAPER,
        sha256=sha256,
        source_sha256=sha256,
        size=len(pdf),
        media_type="application/pdf",
        name=rules.plain_name(f"{paper.title} {paper.number}.pdf", "paper.pdf"),
        uploaded_by=by,
        created_at=now,
        thing_kind=paper.kind,
        thing_id=paper.pk,
        slot="pdf",
        attached_at=now,
        attached_by=by,
    )
    file.follow(paper)
    file.save(force_insert=True)
    FileMetadata.objects.create(file=file)
    return file


def _unit(facts: Mapping[str, Any]) -> str:
    unit = facts.get("unit")
    return str(unit.get("name", "")) if isinstance(unit, Mapping) else ""


def _code() -> str:
    """Sixty random bits as K7QM-3XPD-9AVT: nobody guesses another one's."""
    signs = [secrets.choice(_ALPHABET) for _ in range(12)]
    return "-".join("".join(signs[at : at + 4]) for at in (0, 4, 8))


def _zh(words: str | Promise) -> str:
    """A paper is Chinese, whatever language its issuer reads."""
    with translation.override("zh-hans"):
        return str(words)


# --- drawing ----------------------------------------------------------------------------------------------------------


def render(whole: Mapping[str, Any], *, pictures: bool = True) -> Rendered:
    """Draw ``{"paper": …, "data": …}``. Pure: reads the template, the shared functions, the fonts and the pictures named.

    Raises Refused("files.paper_failed") where the template does not take the data.
    """
    spec = kind_of(whole["paper"]["kind"])
    given: dict[str, bytes] = {path.name: path.read_bytes() for path in sorted(COMMON.glob("*.typ"))}
    given["main.typ"] = spec.template.read_bytes()
    given["data.json"] = canonical(whole)
    families = ", ".join(json.dumps(name.lower(), ensure_ascii=False) for name in _fonts().families())
    given["fonts.typ"] = f"#let families = ({families},)\n".encode()
    if whole["paper"]["verify_url"]:
        given["qr.svg"] = qr_svg(whole["paper"]["verify_url"])
    try:
        for ref in _references(whole["data"], "file"):
            given[ref["path"]] = _content(ref["path"])
        for ref in _references(whole["data"], "qr"):
            given[qr(ref["qr"])["path"]] = qr_svg(ref["qr"])
        # A folder with exactly what the paper needs: the typesetter sees nothing outside of it.
        with tempfile.TemporaryDirectory(prefix="anwang-paper-") as folder:
            for name, content in given.items():
                (Path(folder) / name).write_bytes(content)
            compiler, pages = _fitted(Path(folder))
            moment = datetime.fromisoformat(whole["paper"]["issued_at"])
            pdf = _pdf(compiler, moment)
            drawn: Any = compiler.compile(format="png", ppi=PPI) if pictures and pages <= PICTURES else []
    except OSError as error:
        if error.errno in store.FULL:
            raise Refused("files.no_space") from error
        log.error("papers.failed", kind=spec.key, reason=str(error))  # noqa: TRY400 - a trace would show the data
        raise Refused("files.paper_failed") from error
    except (RuntimeError, ValueError, KeyError) as error:  # TypstError is the first of them
        # What the typesetter says points at the template; a trace would write names of people into the log.
        log.error("papers.failed", kind=spec.key, reason=getattr(error, "diagnostic", str(error))[:300])  # noqa: TRY400
        raise Refused("files.paper_failed") from error
    return Rendered(pdf, pages, tuple(drawn) if isinstance(drawn, list) else (drawn,))


def _pdf(compiler: typst.Compiler, moment: datetime) -> bytes:
    """PDF/A-2b, made for archives. A sign that no font has (a rare character in a name) is not allowed in that form;
    the paper is then an ordinary PDF with a box in its place. An office adds a font with it to ``ANWANG_HOME/fonts``.
    """
    try:
        pdf: Any = compiler.compile(format="pdf", timestamp=moment, pdf_standards=["a-2b"])
    except typst.TypstError as error:
        log.warning("papers.not_archival", reason=error.message)
        pdf = compiler.compile(format="pdf", timestamp=moment)
    return bytes(pdf)


def _fitted(folder: Path) -> tuple[typst.Compiler, int]:
    """The paper set so that it takes no page more than it needs: closer where that saves one, as it is otherwise."""
    found: list[tuple[int, int, typst.Compiler]] = []
    for tight in range(3):
        compiler = typst.Compiler(
            str(folder / "main.typ"),
            root=str(folder),
            font_paths=_fonts(),
            ignore_system_fonts=True,
            sys_inputs={"tight": str(tight)},
        )
        pages = int(compiler.query("<pages>", field="value", one=True))
        found.append((pages, tight, compiler))
        if pages == 1 or pages > PICTURES or pages < found[0][0]:
            break
    pages, _, compiler = min(found, key=lambda one: one[:2])
    return compiler, pages


def canonical(value: Any) -> bytes:
    """One way of writing a snapshot, on every machine and database."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def plain(value: Any) -> Any:
    """Facts as JSON holds them: dates as 2026-11-20, moments as local 2026-11-20 10:30, everything lazy as words."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, datetime):
        return (value.astimezone(clock.ZONE) if value.tzinfo else value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Promise):
        return _zh(value)
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [plain(each) for each in value]
    # NUL and its like are in no font and in no PostgreSQL text.
    return "".join(sign for sign in str(value) if sign in "\n\t" or sign >= " ").replace("\x7f", "")


def qr_svg(url: str) -> bytes:
    into = io.BytesIO()
    segno.make(url, error="m", micro=False).save(into, kind="svg", border=0, xmldecl=False)
    return into.getvalue()


def version(spec: PaperKind) -> str:
    """Changes with the template, the shared functions, the fonts or the typesetter."""
    whole = hashlib.sha256()
    for path in (spec.template, *sorted(COMMON.glob("*.typ"))):
        whole.update(path.read_bytes())
    for font in sorted((font.family, font.weight, Path(font.path or "").name) for font in _fonts().fonts()):
        whole.update(repr(font).encode())
    whole.update(metadata.version("typst").encode())
    return whole.hexdigest()[:16]


def _references(facts: Any, what: str) -> Iterable[dict[str, str]]:
    """Every ``{"file": …, "path": …}`` or ``{"qr": …, "path": …}`` within."""
    if isinstance(facts, Mapping):
        if set(facts) == {what, "path"}:
            yield dict(facts)
        else:
            for each in facts.values():
                yield from _references(each, what)
    elif isinstance(facts, Sequence) and not isinstance(facts, str):
        for each in facts:
            yield from _references(each, what)


def _content(path: str) -> bytes:
    stem = path.partition(".")[0]
    sha256, _, size = stem.partition("-")
    return store.read(sha256, size)


@functools.lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The Noto fonts that come along, and those an office holds a licence for (``ANWANG_HOME/fonts``: 仿宋_GB2312, 方正小标宋)."""
    folders = [str(Path(pylopdf_fonts_zh_cn.__file__).parent)]
    own = Path(settings.HOME) / "fonts"
    if own.is_dir():
        folders.append(str(own))
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)

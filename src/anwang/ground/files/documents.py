"""What is not a picture: told by content, and refused where it could act on whoever opens it.

These are kept as they came and only ever served as a download that no browser runs.
"""

import io
import re
import zipfile
import zlib

import filetype

from anwang.ground.base.errors import Refused

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
PDF = "application/pdf"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
MP4 = "video/mp4"
IMAGES = frozenset({JPEG, PNG, WEBP})
DOCUMENTS = frozenset({PDF, XLSX, DOCX, MP4})
ENDINGS = {JPEG: ".jpg", PNG: ".png", WEBP: ".webp", PDF: ".pdf", XLSX: ".xlsx", DOCX: ".docx", MP4: ".mp4"}

_UNPACKED = 300 * 1024 * 1024
# Names that make a PDF do something when it is opened. /OpenAction alone may only turn to a page.
_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|RichMedia|EmbeddedFiles|XFA)(?![A-Za-z])")
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_HEIC = {"image/heic", "image/heif", "image/avif"}
_OLD_OFFICE = {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}


def media_type(data: bytes) -> str:
    """One of IMAGES or DOCUMENTS, by content; the name of a file says nothing.

    Raises Refused: ``files.empty``, ``files.heic``, ``files.old_office``, ``files.not_allowed``.
    """
    if not data:
        raise Refused("files.empty")
    known = filetype.guess_mime(data[:8192]) or ""
    if data[4:8] == b"ftyp" and data[8:12].lower() in {
        b"heic",
        b"heix",
        b"heim",
        b"heis",
        b"hevc",
        b"mif1",
        b"msf1",
        b"avif",
    }:
        known = "image/heic"
    if known in _HEIC:
        raise Refused("files.heic")
    if known in _OLD_OFFICE or data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise Refused("files.old_office")
    if known in IMAGES or known == MP4:
        return known
    if data[:5] == b"%PDF-":
        return PDF
    if data[:4] == b"PK\x03\x04":
        return _office(data)
    raise Refused("files.not_allowed")


def check(data: bytes, media: str) -> None:
    """Raises Refused where a document is broken or would do more than be read."""
    if media == PDF:
        _pdf(data)


def _pdf(data: bytes) -> None:
    if b"%%EOF" not in data[-2048:]:
        raise Refused("files.broken_document")
    # Only outside of streams: in compressed bytes any three signs turn up by chance.
    if _ACTIVE.search(_unescaped(_STREAM.sub(b"", data))):
        raise Refused("files.active_document")
    # Objects may hide in compressed streams; unpack what is small enough to hold them.
    for match in _STREAM.finditer(data):
        try:
            inside = zlib.decompressobj().decompress(match[1][:200_000], 1_000_000)
        except zlib.error:
            continue
        if b"/Type" in inside and _ACTIVE.search(_unescaped(inside)):
            raise Refused("files.active_document")


def _unescaped(data: bytes) -> bytes:
    """``/J#61vaScript`` is /JavaScript to a reader."""
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), data)


def _office(data: bytes) -> str:
    """Tell xlsx and docx; everything else in a zip is refused, so is what carries macros or calls home."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            members = packed.infolist()
            names = {member.filename for member in members}
            if "[Content_Types].xml" not in names:
                raise Refused("files.not_allowed")
            if len(members) > 5000 or sum(member.file_size for member in members) > _UNPACKED:
                raise Refused("files.bomb")
            if any(name.lower().endswith(("vbaproject.bin", ".exe", ".dll")) for name in names):
                raise Refused("files.active_document")
            # A template fetched from elsewhere is code fetched from elsewhere.
            for name in names:
                if name.endswith("settings.xml.rels"):
                    links = packed.open(name).read(100_000)
                    if b"attachedTemplate" in links and b"External" in links:
                        raise Refused("files.active_document")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError, EOFError) as error:
        raise Refused("files.broken_document") from error
    if "xl/workbook.xml" in names:
        return XLSX
    if "word/document.xml" in names:
        return DOCX
    raise Refused("files.not_allowed")

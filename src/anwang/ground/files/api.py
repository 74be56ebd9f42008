"""Files and papers for other programs and for the phone. Same verbs, same refusals as the screens."""

from datetime import datetime
from typing import Annotated, Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from ninja import File, Form, Router, Schema
from ninja.files import UploadedFile

from anwang.ground.files import papers, rules, selectors, services, serving
from anwang.ground.files.models import Paper, StoredFile
from anwang.ground.files.rules import FileKind

router = Router(tags=["files"])


class FileOut(Schema):
    """``urls`` by size in pixels, ``whole`` for all of it. Positions are WGS-84 degrees."""

    id: str
    kind: str
    name: str
    media_type: str
    size: int
    sha256: str
    width: int | None
    height: int | None
    taken_at: datetime | None
    taken_from: str
    lon: float | None
    lat: float | None
    place_from: str
    device: str
    created_at: datetime
    attached: bool
    urls: dict[str, str]


class PaperOut(Schema):
    """``state``: valid or void."""

    id: str
    kind: str
    number: str
    title: str
    unit: str
    agency: str
    state: str
    issued_at: datetime
    void_at: datetime | None
    pages: int
    sha256: str
    verify_url: str
    pdf_url: str


class VoidIn(Schema):
    reason: str


@router.post("/", response={201: FileOut}, summary="Send one file (multipart)")
def upload(
    request: HttpRequest,
    file: Annotated[UploadedFile, File()],
    kind: Annotated[str, Form(max_length=10)] = FileKind.PHOTO.value,
    lon: Annotated[str, Form(max_length=40)] = "",
    lat: Annotated[str, Form(max_length=40)] = "",
    taken_at: Annotated[str, Form(max_length=40)] = "",
    device: Annotated[str, Form(max_length=80)] = "",
    id: Annotated[str, Form(max_length=26)] = "",  # noqa: A002 - the word of the table
) -> tuple[int, dict[str, Any]]:
    """The file is yours alone until a verb attaches it (``photos`` of a hazard and the like), and dropped after a day.

    ``id``: a ULID made by the phone; sending the same again under it answers with the same file.
    """
    stored = services.upload(
        data=services.read_limited(file),
        name=file.name or "",
        by=request.user,
        now=timezone.now(),
        lon=lon,  # type: ignore[arg-type]  # read kindly: a bad position must not cost a photo
        lat=lat,  # type: ignore[arg-type]
        taken_at=services.moment(taken_at),
        device=device,
        kind=kind,
        id=id,
    )
    return 201, _file(stored)


@router.get("/{file_id}", response=FileOut, summary="What is known of a file")
def show(request: HttpRequest, file_id: str) -> dict[str, Any]:
    return _file(_visible(request, file_id))


@router.get("/{file_id}/whole", response=None, summary="The file itself")
def whole(request: HttpRequest, file_id: str) -> HttpResponseBase:
    return serving.whole(request, _visible(request, file_id))


@router.get("/{file_id}/picture/{size}", response=None, summary="A smaller picture of it (320 or 1280 pixels)")
def picture(request: HttpRequest, file_id: str, size: int) -> HttpResponseBase:
    file = _visible(request, file_id)
    if size not in rules.SIZES or not file.is_image:
        raise Http404
    return serving.picture(request, file, size)


@router.get("/papers/{paper_id}", response=PaperOut, summary="A paper")
def paper(request: HttpRequest, paper_id: str) -> dict[str, Any]:
    return _paper(_visible_paper(request, paper_id))


@router.get("/papers/{paper_id}/pdf", response=None, summary="A paper's PDF")
def paper_pdf(request: HttpRequest, paper_id: str) -> HttpResponseBase:
    return serving.paper_pdf(request, _visible_paper(request, paper_id))


@router.post("/papers/{paper_id}/void", response=PaperOut, summary="Declare a paper void")
def paper_void(request: HttpRequest, paper_id: str, body: VoidIn) -> dict[str, Any]:
    _visible_paper(request, paper_id)
    return _paper(papers.void(paper_id=paper_id, reason=body.reason, by=request.user, now=timezone.now()))


def _visible(request: HttpRequest, file_id: str) -> StoredFile:
    file = selectors.file_for(request.user, file_id)
    if file is None:
        raise Http404
    return file


def _visible_paper(request: HttpRequest, paper_id: str) -> Paper:
    found = selectors.paper_for(request.user, paper_id)
    if found is None:
        raise Http404
    return found


def _file(file: StoredFile) -> dict[str, Any]:
    urls = {"whole": selectors.url(file)}
    if file.is_image:
        urls |= {str(size): selectors.url(file, size) for size in rules.SIZES}
    names = ("id", "name", "media_type", "size", "sha256", "width", "height", "taken_at", "taken_from", "lon", "lat")
    more = ("place_from", "device", "created_at", "attached")
    return {name: getattr(file, name) for name in (*names, *more)} | {"kind": file.kind_key, "urls": urls}


def _paper(found: Paper) -> dict[str, Any]:
    names = ("id", "number", "title", "unit", "issued_at", "void_at", "pages", "sha256")
    return {name: getattr(found, name) for name in names} | {
        "kind": found.kind_key,
        "agency": found.agency_name,
        "state": "void" if found.void_at else "valid",
        "verify_url": papers.verify_url(found.code),
        "pdf_url": selectors.paper_url(found),
    }

"""How bytes of the store leave the house: typed by us, never run by a browser, kept by nobody between."""

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import content_disposition_header, parse_etags

from anwang.ground.files import documents, store
from anwang.ground.files.models import Paper, StoredFile

# Even a picture that some browser took for a page could load and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
_INLINE = {documents.JPEG, documents.PNG}


def whole(request: HttpRequest, file: StoredFile) -> HttpResponseBase:
    """The whole file; pictures are shown, everything else is a download."""
    return _answer(request, file.sha256, "", media=file.media_type, name=file.name, inline=file.media_type in _INLINE)


def picture(request: HttpRequest, file: StoredFile, size: int) -> HttpResponseBase:
    stem = file.name.rpartition(".")[0] or file.name
    return _answer(request, file.sha256, str(size), media=documents.JPEG, name=f"{stem}-{size}.jpg", inline=True)


def paper_pdf(request: HttpRequest, paper: Paper) -> HttpResponseBase:
    """Our own PDF: read in the browser, unlike one that somebody sent."""
    return _answer(request, paper.sha256, "", media=documents.PDF, name=paper.file.name, inline=True)


def paper_page(request: HttpRequest, paper: Paper, page: int) -> HttpResponseBase:
    return _answer(
        request, paper.sha256, f"p{page}", media=documents.PNG, name=f"{paper.file.name}-{page}.png", inline=True
    )


def _answer(request: HttpRequest, sha256: str, suffix: str, *, media: str, name: str, inline: bool) -> HttpResponseBase:
    etag = f'"{sha256[:32]}{"-" + suffix if suffix else ""}"'
    response: HttpResponseBase
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    else:
        try:
            response = FileResponse(store.path(sha256, suffix).open("rb"), content_type=media)
        except FileNotFoundError:
            # The row is there and the content is not: a disk was lost or restored halfway. Said, not hidden.
            return HttpResponse(status=410)
        disposition = content_disposition_header(as_attachment=not inline, filename=name)
        response["Content-Disposition"] = disposition or "attachment"
        response["X-Content-Type-Options"] = "nosniff"
        response["Content-Security-Policy"] = _POLICY
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex"
    response["ETag"] = etag
    response["Cache-Control"] = "private, max-age=600"
    # Another person at the same machine has another session, and asks anew.
    patch_vary_headers(response, ["Cookie", "Authorization"])
    return response

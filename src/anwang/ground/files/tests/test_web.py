import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from anwang.ground.base.models import new_id
from anwang.ground.files import services, store
from anwang.ground.files.models import StoredFile
from anwang.ground.files.tests.makers import Thing, pdf, photo, signature

pytestmark = pytest.mark.django_db


@pytest.fixture
def inspector(make_user, places):
    return make_user("inspector", places.county)


@pytest.fixture
def web(client, signed_in, inspector):
    return signed_in(client, inspector)


@pytest.fixture
def keep(now, places):
    def make(by, data=None, kind="photo", name='现场 "1".jpg', thing=None):
        file = services.upload(data=photo() if data is None else data, name=name, by=by, now=now, kind=kind)
        if thing is None:
            thing = Thing(new_id(), places.village)
        return services.attach(file_ids=[file.pk], to=thing, slot="before", by=by, now=now)[0]

    return make


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_a_picture_is_served_typed_and_kept_by_nobody(web, inspector, keep):
    file = keep(inspector)
    response = web.get(f"/files/{file.pk}/")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/jpeg"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("inline; filename*=utf-8''")
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "private, max-age=600"
    assert "Cookie" in response["Vary"]
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    assert int(response["Content-Length"]) == file.size
    assert store.digest(body(response)) == file.sha256


@pytest.mark.parametrize("size", [320, 1280])
def test_smaller_pictures(size, web, inspector, keep):
    response = web.get(f"/files/{keep(inspector).pk}/{size}")
    assert response.status_code == 200
    assert body(response)[:3] == b"\xff\xd8\xff"


def test_unchanged_is_said_without_sending(web, inspector, keep):
    url = f"/files/{keep(inspector).pk}/320"
    etag = web.get(url)["ETag"]
    again = web.get(url, headers={"if-none-match": etag})
    assert (again.status_code, body(again)) == (304, b"")
    assert again["ETag"] == etag
    assert web.get(url, headers={"if-none-match": '"other"'}).status_code == 200


def test_documents_are_downloads(web, inspector, keep):
    file = keep(inspector, pdf(), kind="document", name="报告.pdf")
    response = web.get(f"/files/{file.pk}/")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"].startswith("attachment")
    assert web.get(f"/files/{file.pk}/320").status_code == 404, "a document has no picture"


def test_names_cannot_break_out_of_the_header(web, inspector, keep):
    file = keep(inspector, name='a"; filename="evil.html\r\nX-Evil: 1.jpg')
    response = web.get(f"/files/{file.pk}/")
    assert "X-Evil" not in response
    assert re.fullmatch(r'inline; filename="[^"\r\n]*"', response["Content-Disposition"])


def test_out_of_sight_is_not_there(client, signed_in, make_user, places, keep, inspector):
    file = keep(inspector)
    other = keep(inspector, photo(2))
    signed_in(client, make_user("county_office", places.other_county))
    unknown = {url: client.get(url) for url in _addresses(new_id(), new_id())}
    for url, answer in zip(_addresses(file.pk, other.pk), unknown.values(), strict=True):
        response = client.get(url)
        assert response.status_code == answer.status_code == 404, url
        assert response.content == answer.content or _same_page(response, answer), "nothing tells it exists"


def _addresses(file_id, other_id):
    return [f"/files/{file_id}/", f"/files/{file_id}/320", f"/files/{file_id}/beside/{other_id}/"]


def _same_page(one, other) -> bool:
    strip = re.compile(rb"[0-9A-HJKMNP-TV-Z]{26}|csrf[^>]*")
    return strip.sub(b"", one.content) == strip.sub(b"", other.content)


def test_nobody_signed_in_sees_nothing(client, keep, inspector):
    file = keep(inspector)
    for url in [*_addresses(file.pk, file.pk), *_addresses(new_id(), new_id()), "/files/upload"]:
        response = client.get(url)
        assert response.status_code == 302, "to the sign-in page, whether it exists or not"


@pytest.mark.parametrize(
    "url", ["/files/x/", "/files/%00/", "/files/" + "A" * 300 + "/", "/files/../secret/", "/files/x/77"]
)
def test_strange_addresses_are_nothing(web, url):
    assert web.get(url).status_code == 404


@pytest.mark.parametrize("size", [0, 1, 321, 99999])
def test_only_the_sizes_that_were_made(size, web, inspector, keep):
    assert web.get(f"/files/{keep(inspector).pk}/{size}").status_code == 404


def test_a_lost_content_is_said(web, inspector, keep, settings, tmp_path):
    settings.FILES_ROOT = tmp_path
    file = keep(inspector, photo(77))
    store.path(file.sha256).unlink()
    assert web.get(f"/files/{file.pk}/").status_code == 410


# --- sending ----------------------------------------------------------------------------------------------------------


def test_an_upload_answers_with_a_piece_of_the_form(web):
    sent = SimpleUploadedFile("现场.jpg", photo(3), "image/jpeg")
    data = {"file": sent, "lon": "111.14", "lat": "39.38", "taken_at": "2026-11-20T09:00", "field": "photos"}
    response = web.post("/files/upload", data)
    assert response.status_code == 200
    file = StoredFile.objects.get()
    assert f'<input type="hidden" name="photos" value="{file.pk}">' in response.content.decode()
    assert f"/files/{file.pk}/320" in response.content.decode()
    assert (file.lon, file.place_from) == (111.14, "given")


def test_a_signature_can_be_sent(web):
    sent = SimpleUploadedFile("s.png", signature(), "image/png")
    assert web.post("/files/upload", {"file": sent, "kind": "signature"}).status_code == 200
    assert StoredFile.objects.get().kind_key == "signature"


@pytest.mark.parametrize(("data", "status"), [(b"<svg/>", 415), (b"", 422), (photo()[:900], 422), (pdf(), 415)])
def test_a_refused_upload_says_why(web, data, status):
    sent = SimpleUploadedFile('"><script>alert(1)</script>.jpg', data, "image/jpeg")
    response = web.post("/files/upload", {"file": sent})
    assert response.status_code == status
    assert "<script>" not in response.content.decode()
    assert "alert-danger" in response.content.decode()
    assert not StoredFile.objects.exists()


def test_an_upload_without_a_file_says_so(web):
    assert web.post("/files/upload", {"kind": "photo"}).status_code == 422
    assert web.post("/files/upload", {"file": "text", "kind": "paper"}).status_code == 422
    assert web.get("/files/upload").status_code == 405


def test_uploads_need_the_token_of_the_form(signed_in, inspector):
    from django.test import Client

    strict = signed_in(Client(enforce_csrf_checks=True), inspector)
    assert strict.post("/files/upload", {"file": SimpleUploadedFile("a.jpg", photo())}).status_code == 403


def test_names_are_shown_as_text(web):
    sent = SimpleUploadedFile("<img src=x onerror=alert(1)>.jpg", photo(4), "image/jpeg")
    page = web.post("/files/upload", {"file": sent, "field": "photos"}).content.decode()
    assert "<img src=x" not in page


def test_two_pictures_side_by_side(web, inspector, keep):
    one, other = keep(inspector, photo(1)), keep(inspector, photo(2))
    response = web.get(reverse("files:beside", args=[one.pk, other.pk]))
    assert response.status_code == 200
    page = response.content.decode()
    assert f"/files/{one.pk}/1280" in page
    assert f"/files/{other.pk}/1280" in page
    document = keep(inspector, pdf(), kind="document")
    assert web.get(reverse("files:beside", args=[one.pk, document.pk])).status_code == 404


# --- the API ----------------------------------------------------------------------------------------------------------


def test_the_api_sends_and_reads(web, now):
    key = new_id()
    form = {"file": SimpleUploadedFile("a.jpg", photo(5)), "id": key, "lon": "111.1", "lat": "39.3", "taken_at": "x"}
    answer = web.post("/api/files/", form)
    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert told["id"] == key
    assert told["urls"].keys() == {"whole", "320", "1280"}
    assert (told["lon"], told["taken_at"], told["attached"]) == (111.1, None, False)
    again = web.post("/api/files/", {"file": SimpleUploadedFile("a.jpg", photo(5)), "id": key})
    assert (again.status_code, again.json()["id"]) == (201, key)
    assert web.get(f"/api/files/{key}").json() == told
    assert body(web.get(f"/api/files/{key}/whole")) == store.read(told["sha256"])
    assert web.get(f"/api/files/{key}/picture/320").status_code == 200
    assert web.get(f"/api/files/{key}/picture/7").status_code == 404


def test_the_api_refuses_with_keys(web):
    answer = web.post("/api/files/", {"file": SimpleUploadedFile("a.jpg", b"<html>")})
    assert (answer.status_code, answer.json()["key"]) == (415, "files.not_allowed")
    assert answer.json()["todo"]
    assert web.get(f"/api/files/{new_id()}").status_code == 404
    assert web.get("/api/files/%00").status_code == 404


def test_the_api_keeps_to_scope(client, signed_in, make_user, places, keep, inspector):
    file = keep(inspector)
    assert client.get(f"/api/files/{file.pk}").status_code == 401
    signed_in(client, make_user("county_office", places.other_county))
    for url in (f"/api/files/{file.pk}", f"/api/files/{file.pk}/whole", f"/api/files/{file.pk}/picture/320"):
        assert client.get(url).status_code == 404

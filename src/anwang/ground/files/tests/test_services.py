import base64
import io
import json
import os
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from anwang.ground.accounts.models import Grant, User
from anwang.ground.audit.models import AuditRow
from anwang.ground.base import errors
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.ground.files import documents, labels, rules, selectors, services, store
from anwang.ground.files.models import EvidenceLimit, StoredFile
from anwang.ground.files.tests.makers import Thing, encoded, pdf, photo, scene, signature
from anwang.ground.jobs import services as jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def inspector(make_user, places):
    return make_user("inspector", places.county)


@pytest.fixture
def send(now):
    def upload(by, data=None, **more):
        return services.upload(
            data=photo() if data is None else data, name=more.pop("name", "a.jpg"), by=by, now=now, **more
        )

    return upload


@pytest.fixture
def hazard(places):
    return Thing(new_id(), places.village)


def refused(call, *args, **named) -> str:
    with pytest.raises(Refused) as caught:
        call(*args, **named)
    assert caught.value.key in errors.known(), "every refusal has words"
    assert str(caught.value)
    return caught.value.key


# --- upload -----------------------------------------------------------------------------------------------------------


def test_a_photo_is_kept_with_what_its_camera_wrote_apart(inspector, send, now):
    data = photo(lon=111.14, lat=39.38, taken="2026:11:20 09:30:00", software="HarmonyOS")
    file = send(inspector, data, name="/sdcard/DCIM/现场.JPG", lon=100.0, lat=30.0, device="PWA")
    file.refresh_from_db()
    assert (file.kind_key, file.media_type, file.name) == ("photo", "image/jpeg", "现场.JPG")
    assert (round(file.lon, 4), file.place_from) == (111.14, "camera"), "what the camera says comes first"
    assert file.taken_at == datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
    assert file.taken_from == "camera"
    assert file.device == "HUAWEI P60"
    assert file.metadata.camera["Model"] == "HUAWEI P60"
    assert file.metadata.given["lon"] == "100.0"
    assert store.digest(data) == file.source_sha256 != file.sha256
    assert store.intact(file.sha256)
    assert file.size == len(store.read(file.sha256))
    assert store.path(file.sha256, "320").exists()
    assert (file.band1, file.band2, file.band3, file.band4) == rules.bands(file.phash)
    assert not file.attached


def test_given_place_and_time_are_noted_as_given(inspector, send, now):
    file = send(inspector, lon=111.2, lat=39.4, taken_at=now, device="Redmi")
    assert (file.lon, file.lat, file.place_from) == (111.2, 39.4, "given")
    assert (file.taken_at, file.taken_from, file.device) == (now, "given", "HUAWEI P60")
    naive = send(inspector, photo(2), taken_at=datetime(2026, 11, 20, 9, 0))  # noqa: DTZ001
    assert naive.taken_at == datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


def test_a_bad_position_costs_the_position_not_the_photo(inspector, send):
    file = send(inspector, lon="NaN", lat="x\x00y")
    file.refresh_from_db()
    assert file.lon is None
    assert file.place_from == ""


def test_a_png_photo_is_called_what_it_became(inspector, send):
    file = send(inspector, encoded(scene(), "PNG"), name="截图.png")
    assert (file.name, file.media_type) == ("截图.jpg", "image/jpeg")


def test_documents_are_kept_as_they_came(inspector, send):
    file = send(inspector, pdf(), name="检测报告.pdf", kind="document")
    assert (file.media_type, file.width, file.phash) == ("application/pdf", None, "")
    assert store.read(file.sha256) == pdf()


@pytest.mark.parametrize("role", ["leader", "auditor", "security_admin", "system_admin", None])
def test_who_writes_nothing_uploads_nothing(role, make_user, places, send):
    user = make_user(role, places.county)
    assert refused(send, user) == "accounts.not_permitted"


def test_the_same_upload_again_is_the_same_file(inspector, make_user, places, send):
    key = new_id()
    first = send(inspector, id=key)
    assert send(inspector, id=key).pk == first.pk == key
    assert StoredFile.objects.count() == 1
    assert refused(send, inspector, photo(2), id=key) == "files.id_bad"
    assert refused(send, make_user("inspector", places.county), id=key) == "files.id_bad"
    assert refused(send, inspector, id="not-a-ulid") == "files.id_bad"


def test_the_same_content_of_two_people_is_kept_once(inspector, make_user, places, send):
    one, two = send(inspector), send(make_user("inspector", places.county))
    assert one.pk != two.pk
    assert one.sha256 == two.sha256


# --- what is refused --------------------------------------------------------------------------------------------------


def test_too_large_is_refused_before_it_is_opened(inspector, send, settings):
    settings.FILE_MAX_BYTES = 1000
    assert refused(send, inspector, b"x" * 1001) == "files.too_large"


def office(*, names=("word/document.xml",), extra=None) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as packed:
        for name in ("[Content_Types].xml", *names):
            packed.writestr(name, "<x/>")
        for name, content in (extra or {}).items():
            packed.writestr(name, content)
    return into.getvalue()


HOSTILE = {
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "files.not_allowed"),
    "svg declared": (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "files.not_allowed"),
    "html": (b"<!doctype html><script>alert(1)</script>", "files.not_allowed"),
    "html after a mark": (b"\xef\xbb\xbf<html><body onload=alert(1)>", "files.not_allowed"),
    "script": (b"#!/bin/sh\nrm -rf /\n", "files.not_allowed"),
    "program": (b"MZ\x90\x00" + bytes(500), "files.not_allowed"),
    "elf": (b"\x7fELF" + bytes(500), "files.not_allowed"),
    "gif page": (b"GIF89a/*<html><script>alert(1)</script>*/", "files.not_allowed"),
    "empty": (b"", "files.empty"),
    "heic": (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200), "files.heic"),
    "avif": (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1" + bytes(200), "files.heic"),
    "old word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000), "files.old_office"),
    "zip": (office(names=("a.txt",)).replace(b"[Content_Types].xml", b"[Content_Typos].xml"), "files.not_allowed"),
    "jar": (office(names=("META-INF/MANIFEST.MF",)), "files.not_allowed"),
    "macros": (office(extra={"word/vbaProject.bin": b"x"}), "files.active_document"),
    "template from elsewhere": (
        office(
            extra={
                "word/_rels/settings.xml.rels": b'<Relationship Type="x/attachedTemplate" TargetMode="External" '
                b'Target="http://evil.example/t.dotm"/>'
            }
        ),
        "files.active_document",
    ),
    "broken zip": (office()[:60], "files.broken_document"),
    "pdf with a program": (pdf(b"3 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj"), "files.active_document"),
    "pdf with a hidden program": (pdf(b"3 0 obj<</S/J#61vaScript>>endobj"), "files.active_document"),
    "pdf that starts programs": (pdf(b"3 0 obj<</S/Launch/F(cmd.exe)>>endobj"), "files.active_document"),
    "pdf cut off": (pdf()[:60], "files.broken_document"),
    "page before a pdf": (b"<html>" + pdf(), "files.not_allowed"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_documents(case, inspector, send, settings):
    data, key = HOSTILE[case]
    before = sorted(settings.FILES_ROOT.rglob("*")) if settings.FILES_ROOT.exists() else []
    assert refused(send, inspector, data, kind="document") == key
    assert refused(send, inspector, data, name="现场.jpg") in {key, "files.not_a_picture"}
    assert StoredFile.objects.count() == 0
    assert (sorted(settings.FILES_ROOT.rglob("*")) if settings.FILES_ROOT.exists() else []) == before


def test_a_program_in_a_compressed_stream_of_a_pdf_is_found():
    import zlib

    body = zlib.compress(b"5 0 6 30 <</Type/Action/S/JavaScript/JS(x)>>")
    data = pdf(b"3 0 obj<</Type/ObjStm/Filter/FlateDecode>>stream\n" + body + b"\nendstream endobj")
    assert refused(documents.check, data, documents.PDF) == "files.active_document"


def test_chance_bytes_in_a_pdf_are_no_program():
    data = pdf(b"3 0 obj<</Length 900>>stream\n" + os.urandom(500) + b"/JS " + os.urandom(400) + b"\nendstream endobj")
    documents.check(data, documents.PDF)


def test_an_archive_that_would_fill_the_disk_is_refused(monkeypatch, inspector, send):
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<x/>")
        packed.writestr("word/document.xml", "<x/>")
        for n in range(4):
            packed.writestr(f"word/media/{n}.bin", bytes(80 << 20))
    assert refused(send, inspector, into.getvalue(), kind="document") == "files.bomb"


def test_documents_do_not_pass_as_photos(inspector, send):
    assert refused(send, inspector, pdf(), kind="photo") == "files.not_a_picture"
    assert refused(send, inspector, pdf(), kind="signature") == "files.not_a_picture"
    assert refused(send, inspector, pdf(), kind="paper") == "files.not_allowed"
    assert refused(send, inspector, pdf(), kind="anything") == "files.not_allowed"


def test_a_full_disk_leaves_no_row(inspector, send, monkeypatch):
    import errno

    def full(*_args, **_named):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store.tempfile, "mkstemp", full)
    assert refused(send, inspector, photo(991)) == "files.no_space"
    assert StoredFile.objects.count() == 0


# --- attaching --------------------------------------------------------------------------------------------------------


def test_attached_files_take_the_place_of_their_thing(inspector, send, hazard, now):
    hazard.organisation_id = new_id()
    files = [send(inspector, photo(seed)) for seed in (1, 2, 3)]
    order = [files[2].pk, files[0].pk, files[1].pk]
    services.attach(file_ids=order, to=hazard, slot="before", by=inspector, now=now)
    got = list(selectors.for_thing(hazard, "before"))
    assert [file.pk for file in got] == order, "in the order given"
    for file in got:
        assert file.county_code == hazard.county_code == "140930"
        assert (file.village_code, file.domain, file.organisation_id) == (
            hazard.village_code,
            "fire",
            hazard.organisation_id,
        )
        assert (file.attached_by_id, file.attached_at) == (inspector.pk, now)
    assert list(selectors.for_thing(hazard, "after")) == []
    assert selectors.for_things("hazard", [hazard.pk, "x"], "before") == {hazard.pk: got, "x": []}
    row = AuditRow.objects.get(event="files.attached", on_id=order[0])
    assert row.county_code == "140930"
    assert row.data["sha256"] == got[0].sha256
    assert "a.jpg" not in row.on_name, "names of files may hold names of people"


def test_attaching_again_changes_nothing(inspector, send, hazard, now):
    file = send(inspector)
    for _ in range(2):
        (same,) = services.attach(file_ids=[file.pk, file.pk], to=hazard, slot="before", by=inspector, now=now)
        assert same.pk == file.pk
    assert AuditRow.objects.filter(event="files.attached").count() == 1


def test_a_file_of_another_thing_stays_there_and_is_shown_here(inspector, send, places, hazard, now):
    visit = Thing(new_id(), places.village, kind="inspection")
    (there,) = services.attach(file_ids=[send(inspector).pk], to=visit, slot="finding", by=inspector, now=now)
    (here,) = services.attach(file_ids=[there.pk], to=hazard, slot="before", by=inspector, now=now)
    assert here.pk != there.pk
    assert (here.origin_id, here.sha256, here.taken_at) == (there.pk, there.sha256, there.taken_at)
    assert [file.pk for file in selectors.for_thing(visit)] == [there.pk]
    (again,) = services.attach(file_ids=[there.pk], to=hazard, slot="before", by=inspector, now=now)
    assert again.pk == here.pk


def test_only_own_or_visible_files_can_be_attached(inspector, make_user, send, places, hazard, now):
    elsewhere = make_user("inspector", places.far_county)
    loose, tied = send(elsewhere, photo(5)), send(elsewhere, photo(6))
    far = Thing(new_id(), places.far_village)
    services.attach(file_ids=[tied.pk], to=far, slot="before", by=elsewhere, now=now)
    own = send(inspector)
    for stolen in (loose.pk, tied.pk, new_id(), "", "\x00", "x" * 200, "../../x"):
        ids = [own.pk, stolen]
        assert refused(services.attach, file_ids=ids, to=hazard, slot="before", by=inspector, now=now) == "files.gone"
    own.refresh_from_db()
    assert not own.attached, "all or nothing"
    colleague = make_user("inspector", places.county)
    assert (
        refused(services.attach, file_ids=[own.pk], to=hazard, slot="before", by=colleague, now=now) == "files.gone"
    ), "an upload belongs to its uploader until it is attached"


@pytest.mark.parametrize("slot", ["", "Before", "a b", "x" * 31, "1st"])
def test_a_slot_is_a_word(slot, inspector, hazard, now):
    with pytest.raises(ValueError):
        services.attach(file_ids=[], to=hazard, slot=slot, by=inspector, now=now)


def test_files_follow_their_thing(inspector, send, hazard, places, now):
    services.attach(file_ids=[send(inspector).pk], to=hazard, slot="before", by=inspector, now=now)
    moved = Thing(hazard.pk, places.other_village, organisation_id=new_id())
    assert services.follow(thing=moved) == 1
    file = selectors.for_thing(hazard).get()
    assert (file.county_code, file.organisation_id) == ("140931", moved.organisation_id)
    assert not StoredFile.objects.visible_to(inspector).exclude(uploaded_by=inspector).exists()


# --- who sees what ----------------------------------------------------------------------------------------------------


def test_scope_of_files(inspector, make_user, send, places, hazard, now):
    hazard.organisation_id = new_id()
    mine, loose = send(inspector, photo(1)), send(inspector, photo(2))
    services.attach(file_ids=[mine.pk], to=hazard, slot="before", by=inspector, now=now)

    def sees(user):
        return set(StoredFile.objects.visible_to(user).values_list("pk", flat=True))

    assert sees(inspector) == {mine.pk, loose.pk}
    assert sees(make_user("inspector", places.county)) == {mine.pk}
    assert sees(make_user("inspector", places.county, domains=("fire",))) == {mine.pk}
    assert sees(make_user("inspector", places.county, domains=("coal",))) == set()
    assert sees(make_user("grid_member", places.village)) == {mine.pk}
    assert sees(make_user("grid_member", places.village_two)) == set()
    assert sees(make_user("city_office", places.city)) == {mine.pk}
    assert sees(make_user("city_office", places.far_city)) == set()
    assert sees(make_user("county_office", places.other_county)) == set()
    assert sees(make_user("enterprise_officer", organisation_id=hazard.organisation_id)) == {mine.pk}
    assert sees(make_user("enterprise_officer", organisation_id=new_id())) == set()
    assert sees(make_user("auditor", places.county)) == set()
    assert sees(make_user(None)) == set()
    assert sees(None) == set()


def test_both_organisations_of_a_thing_see_its_files(inspector, make_user, send, hazard, now):
    from anwang.ground.accounts.scope import ScopeColumns

    hazard.scope_columns = ScopeColumns(organisations=("unit_id", "enterprise_id"))
    hazard.unit_id, hazard.enterprise_id = new_id(), new_id()
    file = send(inspector)
    services.attach(file_ids=[file.pk], to=hazard, slot="before", by=inspector, now=now)
    for organisation in (hazard.unit_id, hazard.enterprise_id):
        assert StoredFile.objects.visible_to(make_user("enterprise_officer", organisation_id=organisation)).exists()


@pytest.fixture
def shop_owner(roles, now):
    """Whoever holds the signed link to one hazard."""

    def make(thing, **grant):
        user = User.objects.create_user(username=f"link-{thing.pk.lower()}", name="店主", kind=User.Kind.LINK)
        given = {"starts_at": now - timedelta(days=1), "ends_at": now + timedelta(days=3650), **grant}
        Grant.objects.create(user=user, role=roles["link_holder"], thing_kind=thing.kind, thing_id=thing.pk, **given)
        return user

    return make


def test_a_link_opens_the_files_of_its_one_thing(inspector, shop_owner, send, places, hazard, now):
    other = Thing(new_id(), places.village)
    shown, hidden = send(inspector, photo(1)), send(inspector, photo(2))
    services.attach(file_ids=[shown.pk], to=hazard, slot="before", by=inspector, now=now)
    services.attach(file_ids=[hidden.pk], to=other, slot="before", by=inspector, now=now)
    owner = shop_owner(hazard)
    evidence = send(owner, photo(3))
    assert set(StoredFile.objects.visible_to(owner)) == {shown, evidence}
    services.attach(file_ids=[evidence.pk], to=hazard, slot="after", by=owner, now=now)
    assert evidence in StoredFile.objects.visible_to(inspector)


def test_an_ended_link_opens_nothing_not_even_ones_own(shop_owner, send, hazard, now):
    owner = shop_owner(hazard)
    send(owner)
    Grant.objects.filter(user=owner).update(revoked_at=now)
    again = User.objects.get(pk=owner.pk)
    assert not StoredFile.objects.visible_to(again).exists()
    assert refused(send, again) == "accounts.not_permitted"


# --- posted by a page -------------------------------------------------------------------------------------------------


def test_photos_of_a_page_come_with_place_and_moments(inspector, now):
    files = [SimpleUploadedFile(f"{n}.jpg", photo(n), "image/jpeg") for n in (1, 2)]
    data = {
        "photos_lng": "111.14",
        "photos_lat": "39.38",
        "photos_accuracy": "12",
        "photos_taken": json.dumps([1763604000000, "2026-11-20T09:00"]),
    }
    one, two = services.photos_posted(files=files, data=data, name="photos", by=inspector, now=now)
    assert (one.lon, one.lat, one.place_from) == (111.14, 39.38, "given")
    assert one.taken_at == datetime(2025, 11, 20, 2, 0, tzinfo=UTC)
    assert two.taken_at == datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
    assert one.metadata.given["accuracy"] == "12"


def test_photos_without_anything_else(inspector, now):
    files = [SimpleUploadedFile("1.jpg", photo(), "image/jpeg")]
    for taken in ("", "[", '"x"', '{"a": 1}', "[null]", "[1e999]", "[-99999999999999999]"):
        (file,) = services.photos_posted(
            files=files, data={"photos_taken": taken}, name="photos", by=inspector, now=now
        )
        assert file.taken_at is None
        files[0].seek(0)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-20T09:00:00+08:00", datetime(2026, 11, 20, 1, 0, tzinfo=UTC)),
        ("2026-11-20T01:00:00Z", datetime(2026, 11, 20, 1, 0, tzinfo=UTC)),
        ("2026-11-20 09:00", datetime(2026, 11, 20, 1, 0, tzinfo=UTC)),
        (1763604000000, datetime(2025, 11, 20, 2, 0, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", None),
        ("2026-13-40T00:00:00Z", None),
        ("tomorrow", None),
        (True, None),
        (None, None),
        (10**30, None),
    ],
)
def test_moments_of_clients(said, meant):
    assert services.moment(said) == meant


def test_a_signature_is_a_drawing_in_the_form(inspector, now):
    drawn = "data:image/png;base64," + base64.b64encode(signature()).decode()
    file = services.signature_posted(data={"signed": drawn}, name="signed", by=inspector, now=now)
    assert (file.kind_key, file.media_type, file.phash) == ("signature", "image/png", "")
    assert services.signature_posted(data={}, name="signed", by=inspector, now=now) is None
    for bad in (
        "data:image/svg+xml;base64,PHN2Zz4=",
        "http://evil.example/x.png",
        "data:image/png;base64,####",
        drawn[:90],
    ):
        key = refused(services.signature_posted, data={"signed": bad}, name="signed", by=inspector, now=now)
        assert key in {"files.broken_image", "files.not_allowed"}


# --- the sweep --------------------------------------------------------------------------------------------------------


def age_store(hours: float = 100) -> None:
    from django.conf import settings

    moment = datetime.now(UTC).timestamp() - hours * 3600
    for each in settings.FILES_ROOT.rglob("*"):
        if each.is_file():
            os.utime(each, (moment, moment))


def test_what_nobody_used_is_dropped_after_a_day(
    inspector, send, hazard, now, run_jobs, settings, tmp_path, django_capture_on_commit_callbacks
):
    settings.FILES_ROOT = tmp_path / "files"
    used, loose, twin = send(inspector, photo(1)), send(inspector, photo(2)), send(inspector, photo(1))
    services.attach(file_ids=[used.pk], to=hazard, slot="before", by=inspector, now=now)
    age_store()
    with django_capture_on_commit_callbacks(execute=True):
        services.sweep(now=now + timedelta(hours=20))
    assert StoredFile.objects.count() == 3, "not before a day has passed"
    jobs.later("files.sweep", now=now)
    with django_capture_on_commit_callbacks(execute=True):
        assert run_jobs(now=datetime.now(UTC) + timedelta(days=3)) >= 1
    assert set(StoredFile.objects.all()) == {used}
    assert store.intact(used.sha256), "twin is gone, its content is still needed"
    assert twin.sha256 == used.sha256
    assert not store.path(loose.sha256).exists()
    assert not list(settings.FILES_ROOT.rglob(f"{loose.sha256}*"))


def test_a_content_without_a_row_is_swept_when_its_turn_comes(
    now, settings, tmp_path, django_capture_on_commit_callbacks
):
    """A crash between the disk and the database leaves one; within 32 days it is gone."""
    settings.FILES_ROOT = tmp_path / "files"
    sha256 = store.put(b"left behind")
    age_store()
    later = datetime.now(UTC)
    for day in range(33):
        with django_capture_on_commit_callbacks(execute=True):
            services.sweep(now=later + timedelta(days=day))
    assert not store.path(sha256).exists()


# --- limits -----------------------------------------------------------------------------------------------------------


def test_limits_are_rows_with_a_beginning(make_user, places, now):
    keeper = make_user("system_admin", places.county)
    assert selectors.limits(now)[rules.Key.FAR_METRES].value == 300
    row = services.set_limit(key="far_metres", value=500, source="县应急局 2026-11-20 例会", by=keeper, now=now)
    assert selectors.limits(now)[rules.Key.FAR_METRES] == rules.Limit(500, row.pk)
    assert selectors.limits(now - timedelta(days=1))[rules.Key.FAR_METRES].value == 300, (
        "earlier evidence keeps its own"
    )
    assert EvidenceLimit.objects.filter(key="far_metres").count() == 2
    assert AuditRow.objects.filter(event="files.limit_set").exists()


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("far_metres", "far", "files.limit_bad"),
        ("far_metres", -1, "files.limit_bad"),
        ("far_metres", True, "files.limit_bad"),
        ("alike_bits", 8, "files.limit_bad"),
        ("editors", "Photoshop", "files.limit_bad"),
        ("editors", [""], "files.limit_bad"),
        ("colour", 1, "files.limit_unknown"),
    ],
)
def test_senseless_limits(key, value, why, make_user, places, now):
    keeper = make_user("system_admin", places.county)
    assert refused(services.set_limit, key=key, value=value, source="x", by=keeper, now=now) == why


def test_limits_are_not_for_everybody(inspector, now):
    key = refused(services.set_limit, key="far_metres", value=9, source="x", by=inspector, now=now)
    assert key == "accounts.not_permitted"


def test_every_kind_and_doubt_has_words():
    assert set(labels.KINDS) == set(rules.FileKind)
    params = {"when": datetime.now(UTC), "taken_at": datetime.now(UTC), "metres": 1200, "software": "x"}
    for doubt in rules.Doubt:
        assert labels.doubt(doubt, params)

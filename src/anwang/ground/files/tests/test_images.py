import io
import struct
import zlib
from datetime import UTC, datetime

import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from anwang.ground.base.errors import Refused
from anwang.ground.files import images, rules
from anwang.ground.files.rules import FileKind
from anwang.ground.files.tests.makers import encoded, photo, scene, signature


def prepare(data: bytes, kind: FileKind = FileKind.PHOTO) -> images.Picture:
    return images.prepare(data, kind=kind)


def refused(data: bytes, kind: FileKind = FileKind.PHOTO) -> str:
    with pytest.raises(Refused) as caught:
        prepare(data, kind)
    return caught.value.key


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_metadata_is_read_and_does_not_travel_on():
    data = photo(lon=111.145123, lat=39.384567, taken="2026:11:20 10:02:03", software="HarmonyOS 4")
    kept = prepare(data)
    camera = kept.camera
    assert (round(camera.lon, 5), round(camera.lat, 5)) == (111.14512, 39.38457)
    assert camera.taken_at == datetime(2026, 11, 20, 2, 2, 3, tzinfo=UTC), "the clock on the wall in China"
    assert camera.device == "HUAWEI P60"
    assert camera.software == "HarmonyOS 4"
    assert camera.tags["Model"] == "HUAWEI P60"
    for bytes_ in (kept.data, *kept.made.values()):
        assert b"HUAWEI" not in bytes_
        assert b"Exif" not in bytes_
        assert not opened(bytes_).getexif()


def test_the_zone_of_the_camera_counts():
    kept = prepare(photo(taken="2026:11:20 10:00:00", offset="+09:00"))
    assert kept.camera.taken_at == datetime(2026, 11, 20, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "1980:01:01 00:00:00", "yesterday", "2026:13:40 99:00:00"])
def test_senseless_moments_are_none(taken):
    assert prepare(photo(taken=taken)).camera.taken_at is None


def test_southern_and_western_positions():
    camera = prepare(photo(lon=-70.5, lat=-33.25)).camera
    assert (round(camera.lon, 4), round(camera.lat, 4)) == (-70.5, -33.25)


def test_orientation_is_applied():
    lying = photo(size=(1200, 600), orientation=6)
    kept = prepare(lying)
    assert (kept.width, kept.height) == (600, 1200)
    assert opened(kept.made["320"]).size == (160, 320)


def test_sizes_are_made_at_once_and_large_photos_become_smaller():
    kept = prepare(photo(size=(5000, 3000)))
    assert max(kept.width, kept.height) == rules.PHOTO_SIDE
    assert {name: max(opened(data).size) for name, data in kept.made.items()} == {"320": 320, "1280": 1280}
    small = prepare(photo(size=(200, 100)))
    assert (small.width, small.height) == (200, 100), "nothing is blown up"
    assert opened(small.made["1280"]).size == (200, 100)


FORMS = {"JPEG": ["RGB", "L", "CMYK"], "PNG": ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"], "WEBP": ["RGB", "RGBA"]}


@pytest.mark.parametrize(("form", "mode"), [(form, mode) for form, modes in FORMS.items() for mode in modes])
def test_every_mode_becomes_a_plain_jpeg(form, mode):
    source = scene(3, (300, 200))
    image = Image.new("I;16", (300, 200), 30_000) if mode == "I;16" else source.convert(mode)
    kept = prepare(encoded(image, form))
    assert kept.media_type == "image/jpeg"
    assert opened(kept.data).mode == "RGB"


def test_see_through_ground_becomes_white_paper():
    image = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    assert opened(prepare(encoded(image, "PNG")).data).getpixel((10, 10)) == (255, 255, 255)


def test_what_stands_behind_a_picture_is_left_behind():
    """A picture that is also a web page or an archive is only a picture afterwards."""
    page = b"<html><script>alert(1)</script></html>"
    for data in (photo() + page, photo() + b"PK\x03\x04" + page):
        kept = prepare(data)
        assert page not in kept.data
        assert b"PK\x03\x04" not in kept.data
    comment = encoded(scene(), "JPEG", comment=page)
    assert page in comment
    assert page not in prepare(comment).data
    chunk = PngImagePlugin.PngInfo()
    chunk.add_text("Comment", page.decode())
    assert page not in prepare(encoded(scene(), "PNG", pnginfo=chunk)).data
    assert (
        page not in prepare(encoded(Image.open(io.BytesIO(signature())), "PNG", pnginfo=chunk), FileKind.SIGNATURE).data
    )


def test_two_photos_of_one_scene_are_near_and_of_two_scenes_far():
    one = prepare(photo(1)).phash
    again = prepare(encoded(scene(1).resize((640, 480)), quality=60)).phash
    assert rules.hamming(one, again) <= 6
    others = [prepare(photo(seed)).phash for seed in range(2, 8)]
    assert min(rules.hamming(one, other) for other in others) > 10


def test_a_picture_of_nothing_has_no_look():
    assert prepare(encoded(Image.new("RGB", (400, 300), "#777"))).phash == ""


# --- hostile ----------------------------------------------------------------------------------------------------------


def _png(width: int, height: int, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_a_picture_that_unpacks_to_gigabytes_is_refused_by_its_head():
    assert refused(_png(60_000, 60_000)) == "files.too_many_pixels"
    assert refused(_png(10_000, 9_200)) == "files.too_many_pixels", "above Pillow's own warning"
    assert refused(_png(8_000, 8_000)) == "files.too_many_pixels", "between our limit and Pillow's"


def test_text_that_unpacks_to_megabytes_is_refused():
    bomb = b"Comment\x00\x00" + zlib.compress(b"A" * 80_000_000)
    body = struct.pack(">I", len(bomb)) + b"zTXt" + bomb + struct.pack(">I", zlib.crc32(b"zTXt" + bomb))
    good = encoded(scene(size=(100, 100)), "PNG")
    assert refused(good[:33] + body + good[33:]) == "files.broken_image"


@pytest.mark.parametrize("keep", [20, 600, 5000])
def test_cut_off_pictures_are_refused(keep):
    assert refused(photo()[:keep]) == "files.broken_image"
    assert refused(encoded(scene(), "PNG")[:keep]) == "files.broken_image"


def test_other_forms_behind_an_allowed_name_are_not_even_tried():
    for form in ("GIF", "BMP", "TIFF", "ICO", "PPM"):
        assert refused(encoded(scene(size=(64, 64)), form)) == "files.broken_image"
    assert refused(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n") == "files.broken_image"


@pytest.mark.filterwarnings("ignore:Corrupt EXIF", "ignore:Tag data", "ignore:Possibly corrupt EXIF")
def test_broken_metadata_costs_the_metadata_and_not_the_photo():
    data = bytearray(photo(lon=111.1, lat=39.4, taken="2026:11:20 10:00:00"))
    at = data.index(b"Exif\x00\x00") + 6
    data[at + 4 : at + 8] = b"\xff\xff\xff\x7f"
    kept = prepare(bytes(data))
    assert kept.width == 1200
    assert kept.camera.lon is None


# --- signatures -------------------------------------------------------------------------------------------------------


def test_a_signature_keeps_its_see_through_ground():
    kept = prepare(signature(), FileKind.SIGNATURE)
    assert kept.media_type == "image/png"
    assert opened(kept.data).getpixel((2, 2))[3] == 0
    assert kept.phash == "", "signatures all look alike and are never compared"


def test_an_unsigned_sheet_is_refused():
    assert (
        refused(encoded(Image.new("RGBA", (400, 100), (0, 0, 0, 0)), "PNG"), FileKind.SIGNATURE)
        == "files.signature_blank"
    )
    assert refused(encoded(Image.new("RGB", (400, 100), "white"), "PNG"), FileKind.SIGNATURE) == "files.signature_blank"
    faint = Image.new("RGB", (400, 100), "white")
    ImageDraw.Draw(faint).line([(10, 10), (300, 80)], fill=(240, 240, 240))
    assert refused(encoded(faint, "PNG"), FileKind.SIGNATURE) == "files.signature_blank"

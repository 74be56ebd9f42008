"""Pictures: told by content, opened under limits, re-encoded, and looked at by machine just enough to compare them.

Nothing that was sent is kept as it came: what is stored was drawn anew from the pixels, so that no metadata, no
second file behind the picture and no trick of a decoder travels on.
"""

import io
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from django.conf import settings
from PIL import ExifTags, Image, ImageOps, ImageStat

from anwang.ground.base.errors import Refused
from anwang.ground.files import rules
from anwang.ground.files.rules import FileKind
from anwang.kernel.clock import ZONE

_FORMATS = ("JPEG", "PNG", "WEBP")
_FLAT = 4.0
"""Standard deviation of grey below which a picture shows nothing to compare (a wall, a dark room)."""
# A large photo takes some 200 MB while it is open; more than a few at once would be the server's memory.
_room = threading.BoundedSemaphore(3)


@dataclass(frozen=True, slots=True)
class Camera:
    """What the camera wrote. ``tags`` are plain strings and numbers, for keeping; the rest is read from them."""

    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    device: str = ""
    software: str = ""
    tags: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be kept: re-encoded bytes, smaller ones by their longest side, and a hash of what it shows."""

    data: bytes
    media_type: str
    width: int
    height: int
    made: Mapping[str, bytes]
    phash: str
    camera: Camera


def prepare(data: bytes, *, kind: FileKind) -> Picture:
    """Open, check and re-encode. A signature stays a PNG with its see-through ground; all else becomes a JPEG.

    Raises Refused: ``files.too_many_pixels``, ``files.broken_image``, ``files.signature_blank``.
    """
    with _room:
        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                _few_enough(opened.width * opened.height)
                camera = _camera(opened)
                # A JPEG twice too large is read at half size: a quarter of the time and memory.
                opened.draft("RGB", (rules.PHOTO_SIDE, rules.PHOTO_SIDE))
                opened.load()
                image = _upright(opened)
        except Refused:
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            limit = settings.IMAGE_MAX_PIXELS // 1_000_000
            raise Refused("files.too_many_pixels", pixels=f"> {limit}", limit=limit) from error
        except Exception as error:  # decoders of damaged files fail in every way there is
            raise Refused("files.broken_image") from error
        return _signature(image) if kind is FileKind.SIGNATURE else _photo(image, camera)


def _few_enough(pixels: int) -> None:
    """Asked of the head of the file, before anything is unpacked."""
    most = settings.IMAGE_MAX_PIXELS
    if pixels > most:
        raise Refused("files.too_many_pixels", pixels=pixels // 1_000_000, limit=most // 1_000_000)


def _upright(image: Image.Image) -> Image.Image:
    """Turned as the camera was held; as it lies where the camera's note of that is damaged."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001
        return image


def _photo(image: Image.Image, camera: Camera) -> Picture:
    image = _rgb(image)
    image.thumbnail((rules.PHOTO_SIDE, rules.PHOTO_SIDE), Image.Resampling.LANCZOS)
    made: dict[str, bytes] = {}
    smaller = image
    for side in sorted(rules.SIZES, reverse=True):  # the small one from the middle one, not from the whole
        smaller = smaller.copy()
        # A rough halving first, the fine scaling on what is left: half the time, and no eye sees it.
        smaller.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=1.5)
        made[str(side)] = _jpeg(smaller, quality=80)
    return Picture(_jpeg(image, quality=86), "image/jpeg", *image.size, made, _phash(smaller), camera)


def _signature(image: Image.Image) -> Picture:
    image = image.convert("RGBA")
    image.thumbnail((rules.SIGNATURE_SIDE, rules.SIGNATURE_SIDE), Image.Resampling.LANCZOS)
    flat = _rgb(image)
    low, high = flat.convert("L").getextrema()
    if float(high) - float(low) < 32:  # type: ignore[arg-type]
        raise Refused("files.signature_blank")
    made = {}
    for side in rules.SIZES:
        smaller = flat.copy()
        smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
        made[str(side)] = _jpeg(smaller, quality=80)
    into = io.BytesIO()
    # Only the pixels: what a PNG may carry beside them is not copied.
    Image.frombytes("RGBA", image.size, image.tobytes()).save(into, "PNG", optimize=True)
    return Picture(into.getvalue(), "image/png", *image.size, made, "", Camera())


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a pixel
        return image.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(white, clear).convert("RGB")
    return image.convert("RGB")


def _jpeg(image: Image.Image, *, quality: int) -> bytes:
    into = io.BytesIO()
    # Fresh from the pixels: Pillow would hand on comments and profiles of the picture it came from.
    Image.frombytes("RGB", image.size, image.tobytes()).save(into, "JPEG", quality=quality)
    return into.getvalue()


def _phash(image: Image.Image) -> str:
    """64 bits of what is seen: low frequencies, so that size, compression and a little light do not matter."""
    if ImageStat.Stat(image.convert("L").resize((32, 32))).stddev[0] < _FLAT:
        return ""
    import imagehash  # brings scipy: only when a photo is really looked at

    return str(imagehash.phash(image))


# --- what the camera wrote -------------------------------------------------------------------------------------------


def _camera(image: Image.Image) -> Camera:
    """EXIF, read kindly: a tag that makes no sense is no tag."""
    try:
        exif = image.getexif()
        detail = exif.get_ifd(ExifTags.IFD.Exif)
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    except Exception:  # noqa: BLE001 - the many ways in which broken EXIF breaks
        return Camera()
    place = _gps(gps)
    make, model = _text(exif.get(ExifTags.Base.Make)), _text(exif.get(ExifTags.Base.Model))
    device = model if model.casefold().startswith(make.casefold()) else f"{make} {model}"
    return Camera(
        taken_at=_taken(
            detail.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime),
            detail.get(ExifTags.Base.OffsetTimeOriginal) or detail.get(ExifTags.Base.OffsetTime),
        ),
        lon=place[0] if place else None,
        lat=place[1] if place else None,
        device=device.strip()[:80],
        software=_text(exif.get(ExifTags.Base.Software))[:80],
        tags={
            **_tags(exif, ExifTags.TAGS),
            **_tags(detail, ExifTags.TAGS),
            **{f"GPS.{name}": value for name, value in _tags(gps, ExifTags.GPSTAGS).items()},
        },
    )


def _taken(moment: Any, offset: Any) -> datetime | None:
    """``2026:03:05 14:30:00`` in the zone the camera names, otherwise in China's."""
    try:
        naive = datetime.strptime(_text(moment)[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - the zone follows
    except ValueError:
        return None
    zone: Any = ZONE
    said = _text(offset)
    if len(said) == 6 and said[0] in "+-" and said[3] == ":" and (said[1:3] + said[4:]).isdigit():
        minutes = int(said[1:3]) * 60 + int(said[4:])
        if minutes <= 14 * 60:
            zone = timezone(timedelta(minutes=-minutes if said[0] == "-" else minutes))
    moment_ = naive.replace(tzinfo=zone).astimezone(UTC)
    # A camera whose clock was never set begins at the epoch of its maker.
    return moment_ if moment_.year >= 2010 else None


def _gps(tags: Mapping[int, Any]) -> tuple[float, float] | None:
    lat = _degrees(tags.get(ExifTags.GPS.GPSLatitude), _text(tags.get(ExifTags.GPS.GPSLatitudeRef)), "S")
    lon = _degrees(tags.get(ExifTags.GPS.GPSLongitude), _text(tags.get(ExifTags.GPS.GPSLongitudeRef)), "W")
    return rules.position(lon, lat) if lon is not None and lat is not None else None


def _degrees(parts: Any, side: str, negative: str) -> float | None:
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    return -value if side.upper().startswith(negative) else value


def _tags(values: Mapping[int, Any], names: Mapping[int, str]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for tag, value in list(values.items())[:200]:
        name = names.get(tag)
        if name is None or isinstance(value, bytes) or name in {"MakerNote", "UserComment", "ExifOffset", "GPSInfo"}:
            continue
        kept[name] = [_text(part) for part in value[:8]] if isinstance(value, tuple) else _text(value)
    return kept


def _text(value: Any) -> str:
    """A tag as one short line; NUL and other control signs break databases."""
    return "".join(sign for sign in str(value) if sign.isprintable()).strip()[:200] if value is not None else ""

"""Pictures, documents and things for the tests of this room."""

import io
import random
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw

from anwang.ground.accounts.scope import ScopeColumns


def scene(seed: int = 1, size: tuple[int, int] = (1200, 900)) -> Image.Image:
    """A picture with something to see: boxes and lines that differ with the seed."""
    chance = random.Random(seed)
    image = Image.new("RGB", size, tuple(chance.randrange(60, 200) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = chance.randrange(size[0]), chance.randrange(size[1])
        box = (x, y, x + chance.randrange(20, size[0] // 2), y + chance.randrange(20, size[1] // 2))
        draw.rectangle(box, fill=tuple(chance.randrange(256) for _ in range(3)))
    return image


def encoded(image: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    into = io.BytesIO()
    image.save(into, form, **options)
    return into.getvalue()


def photo(
    seed: int = 1,
    *,
    lon: float | None = None,
    lat: float | None = None,
    taken: str = "",
    offset: str = "",
    software: str = "",
    orientation: int = 0,
    size: tuple[int, int] = (1200, 900),
    quality: int = 90,
) -> bytes:
    """A JPEG as a telephone makes it, with what its camera writes."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "HUAWEI", "HUAWEI P60"
    if software:
        exif[0x0131] = software
    if orientation:
        exif[0x0112] = orientation
    if taken:
        detail = {0x9003: taken}
        if offset:
            detail[0x9011] = offset
        exif[0x8769] = detail
    if lon is not None and lat is not None:
        exif[0x8825] = {1: "S" if lat < 0 else "N", 2: _dms(abs(lat)), 3: "W" if lon < 0 else "E", 4: _dms(abs(lon))}
    return encoded(scene(seed, size), quality=quality, exif=exif)


def _dms(value: float) -> tuple[float, float, float]:
    degrees = int(value)
    minutes = int((value - degrees) * 60)
    return float(degrees), float(minutes), round((value - degrees) * 3600 - minutes * 60, 4)


def signature() -> bytes:
    image = Image.new("RGBA", (500, 180), (0, 0, 0, 0))
    ImageDraw.Draw(image).line(
        [(20, 90), (120, 30), (220, 150), (330, 40), (470, 100)], fill=(10, 10, 60, 255), width=6
    )
    return encoded(image, "PNG")


def pdf(extra: bytes = b"") -> bytes:
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
        + extra
        + b"\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )


@dataclass
class Thing:
    """Something of another room that carries evidence."""

    pk: str
    region: Any
    kind: str = "hazard"
    domain: str = "fire"
    organisation_id: str = ""
    exercise: bool = False
    scope_columns: ScopeColumns = field(default_factory=lambda: ScopeColumns(organisations=("organisation_id",)))

    def __post_init__(self) -> None:
        self.region_id = self.region.pk
        for column, code in self.region.codes().items():
            setattr(self, column, code)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

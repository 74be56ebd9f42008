"""Pictures for the demonstration county: drawn, no two alike, marked as demonstration in the picture itself."""

from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random

import pylopdf_fonts_zh_cn
from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

SIZE = (400, 300)


def photo(rng: Random, words: str, *, fixed: bool) -> bytes:
    """A JPEG of a place, before (``fixed`` False) or after: shapes by chance, the words of the hazard below."""
    ground = tuple(rng.randint(70, 190) for _ in range(3))
    image = Image.new("RGB", SIZE, ground)
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = rng.randint(-60, SIZE[0]), rng.randint(-60, SIZE[1] - 60)
        shape = (x, y, x + rng.randint(40, 240), y + rng.randint(30, 200))
        colour = tuple(rng.randint(20, 235) for _ in range(3))
        if rng.random() < 0.6:
            draw.rectangle(shape, fill=colour)
        else:
            draw.ellipse(shape, fill=colour)
    draw.rectangle((0, SIZE[1] - 64, *SIZE), fill=(24, 32, 36))
    draw.text((12, SIZE[1] - 58), words[:26], font=_font(16), fill=(255, 255, 255))
    draw.text(
        (12, SIZE[1] - 30), "演示图片 · 整改后" if fixed else "演示图片 · 整改前", font=_font(14), fill=(190, 210, 210)
    )
    out = BytesIO()
    image.save(out, "JPEG", quality=70)
    return out.getvalue()


@cache
def _font(size: int) -> FreeTypeFont:
    path = Path(pylopdf_fonts_zh_cn.__file__).parent / "NotoSansSC-Regular.otf"
    return ImageFont.truetype(str(path), size)

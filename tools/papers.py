"""Draw every paper from its sample, to look at: python tools/papers.py FOLDER (PDF and a PNG of each page).

A template is changed with this open beside it. Samples stand next to the templates (`*.sample.json`); in them the words
"photo", "signature" and "link" stand for a picture, a signature and a QR code.
"""

import io
import json
import math
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anwang.config.settings")

ROOMS = ("anwang.work.inspections.papers", "anwang.work.hazards.papers", "anwang.overview.figures.papers")


def main(folder: Path) -> None:
    import django

    django.setup()
    from anwang.ground.files import papers

    folder.mkdir(parents=True, exist_ok=True)
    for room in ROOMS:
        for kind in import_module(room).KINDS:
            papers.register(kind)
            sample = json.loads(kind.template.with_suffix(".sample.json").read_text())
            drawn = papers.render(envelope(kind, fill(sample)))
            (folder / f"{kind.key}.pdf").write_bytes(drawn.pdf)
            for at, page in enumerate(drawn.pictures, start=1):
                (folder / f"{kind.key}-{at}.png").write_bytes(page)
            print(kind.key, drawn.pages, "pages", len(drawn.pdf) // 1024, "kB")


def envelope(kind: Any, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    agency = {"name": "河曲县应急管理局", "word": "应急", "region": "140930", "short": "河"}
    paper = {
        "kind": kind.key,
        "title": kind.zh,
        "number": f"（河）应急{kind.word}〔2026〕12号",
        "code": "K7QM-3XPD-9AVT",
        "verify_url": "http://127.0.0.1:8000/p/verify/K7QM-3XPD-9AVT/",
        "issued_on": "2026-11-20",
        "issued_at": "2026-11-20T03:05:00+00:00",
        "agency": {**agency, "phone": "0350-7220000", "address": "河曲县西口镇长城大街1号"},
        "exercise": False,
        "draft": False,
        **more,
    }
    return {"paper": paper, "data": data}


def fill(value: Any) -> Any:
    """Put pictures where the sample says so."""
    from anwang.ground.files import papers, store

    if isinstance(value, dict):
        return {key: fill(each) for key, each in value.items()}
    if isinstance(value, list):
        return [fill(each) for each in value]
    if value == "photo":
        photo = _photo()
        return {"file": "sample", "path": f"{store.put(photo, {'1280': photo})}-1280.jpg"}
    if value == "signature":
        return {"file": "sample", "path": f"{store.put(_signature())}.png"}
    if value == "link":
        return papers.qr("http://127.0.0.1:8000/p/l/8Q2XKZ4M7T/")
    return value


def _photo() -> bytes:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (960, 720), "#b9c2c4")
    draw = ImageDraw.Draw(image)
    for n in range(12):
        draw.rectangle(
            (60 + 70 * n, 400 - 20 * (n % 4), 120 + 70 * n, 660), fill=(120 + 8 * n, 100, 80), outline="black"
        )
    draw.rectangle((0, 0, 959, 90), fill="#55606a")
    into = io.BytesIO()
    image.save(into, "JPEG", quality=80)
    return into.getvalue()


def _signature() -> bytes:
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (480, 160), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    points = [(20 + n * 4.4, 80 + 50 * math.sin(n / 7) * math.cos(n / 23)) for n in range(100)]
    draw.line(points, fill=(20, 20, 60, 255), width=6, joint="curve")
    into = io.BytesIO()
    image.save(into, "PNG")
    return into.getvalue()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))

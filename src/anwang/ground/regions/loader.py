"""The kept lists of regions and borders, read as rows. No database and no network here.

Codes follow GB/T 2260 and GB/T 10114: 6 digits for province, city and county ("140000", "140900", "140930"),
9 for a town, 12 for a village or community. Where the lists come from and what is odd in them: data/README.md.
"""

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

DATA = Path(__file__).resolve().parent / "data"

Level = Literal["province", "city", "county", "town", "village"]
Kind = Literal["", "placeholder", "statistical"]
Geometry = dict[str, Any]


class UnknownProvinceError(LookupError):
    """No list of towns and villages is kept for this code."""


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One region and the codes of everything above it; its own code stands in the column of its own level.

    A column below its level is "". `parent` is "" for a province only, and always a row given earlier.
    In a city without counties (东莞, 中山, 儋州) the towns' parent and `county` are the city's code,
    so that "everything in this county" finds them.
    """

    code: str
    name: str
    level: Level
    parent: str
    province: str
    city: str
    county: str
    town: str
    village: str
    kind: Kind = ""
    """"placeholder": a city level that only gathers counties (市辖区, 省直辖县级行政区划);
    "statistical": a county code for a development zone or the like, not an administrative division."""

    @property
    def is_official(self) -> bool:
        """On the list of the Ministry of Civil Affairs (towns and villages: of the statistics office)."""
        return not self.kind


def read_national(data: Path = DATA) -> Iterator[RegionRow]:
    """All provinces, cities and counties of the country, parents first, in order of code."""
    for code, (name, kind) in _national(data).items():
        province, city = code[:2] + "0000", code[:4] + "00"
        if code == province:
            yield RegionRow(code, name, "province", "", code, "", "", "", "", kind)
        elif code == city:
            yield RegionRow(code, name, "city", province, province, code, "", "", "", kind)
        else:
            yield RegionRow(code, name, "county", city, province, city, code, "", "", kind)


def read_province(code: str, data: Path = DATA) -> Iterator[RegionRow]:
    """The towns and villages of one province, each town before its villages; what stands above is in read_national.

    `code` may be the province ("14", "140000") or any region in it. Raises UnknownProvinceError where none are kept
    (台湾省, 香港, 澳门, or not a code).
    """
    file = data / f"{code[:2]}.csv.gz"
    if not code[:2].isdecimal() or not file.is_file():
        raise UnknownProvinceError(code)
    counties = _national(data)
    for row in _rows(file):
        own, county = row["code"], row["code"][:6]
        if county not in counties:
            raise ValueError(f"{file.name}: {own} lies in {county}, which the national list does not hold")
        above = (county[:2] + "0000", county[:4] + "00", county)
        if len(own) == 9:
            yield RegionRow(own, row["name"], "town", county, *above, own, "")
        else:
            yield RegionRow(own, row["name"], "village", own[:9], *above, own[:9], own)


def read_borders(province: str, data: Path = DATA) -> dict[str, Geometry]:
    """Code → GeoJSON geometry (Polygon or MultiPolygon, longitude and latitude, WGS-84) of a province's kept borders.

    Counties, and their unions as cities and as the province. Empty where no borders are kept (all but Shanxi);
    statistical counties have none. Showing them needs a map-approval number (审图号), see data/README.md.
    """
    file = data / f"borders-{province[:2]}.json.gz"
    if not file.is_file():
        return {}
    with gzip.open(file, "rt", encoding="utf-8") as text:
        collection = json.load(text)
    return {feature["properties"]["code"]: feature["geometry"] for feature in collection["features"]}


def provinces_with_towns(data: Path = DATA) -> list[str]:
    """The provinces ("140000") that read_province can give."""
    return sorted(file.name[:2] + "0000" for file in data.glob("[1-9][0-9].csv.gz"))


@cache
def _national(data: Path) -> dict[str, tuple[str, Kind]]:
    kinds: dict[str, Kind] = {"": "", "placeholder": "placeholder", "statistical": "statistical"}
    return {row["code"]: (row["name"], kinds[row["kind"]]) for row in _rows(data / "national.csv.gz")}


def _rows(file: Path) -> Iterator[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        yield from csv.DictReader(text)

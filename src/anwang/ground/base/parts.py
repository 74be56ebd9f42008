"""What the parts of a page are made of: plain data that a room's ``web.py`` fills and the templates draw.

The parts never read the database and decide no rights: a room's selectors give them what this person may see.
How to use them is in ``docs/rooms/parts.md``; all of them stand on the gallery page (``/gallery/``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest, QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from anwang.ground.base import keyset

Text = str | Promise

# A state is a word with a shape. Tones say how the eye should take it; colour never carries it alone,
# and none of them is a risk colour. open ○  doing ◐  waiting ◇  done ●  stopped ■  late ▲
Tone = Literal["open", "doing", "waiting", "done", "stopped", "late"]


# --- a thing's page -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One stop on a thing's road. ``state``: done, now, next, or off (left out on this road)."""

    label: Text
    state: Literal["done", "now", "next", "off"] = "next"
    at: datetime | None = None
    note: Text = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has to do with a thing. ``phone`` is masked by the template; ``unmask_url`` is where a person
    with the right posts to see it (and is logged).
    """

    name: Text
    role: Text = ""
    phone: str = ""
    url: str = ""
    unmask_url: str = ""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture on evidence. ``flags`` are doubts for a person to judge (re-used, far from the site, too old);
    ``twin`` is where it stands beside the picture it resembles.
    """

    thumb: str
    full: str = ""
    caption: Text = ""
    taken_at: datetime | None = None
    place: Text = ""
    flags: Sequence[Text] = ()
    twin: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a timeline, newest first."""

    at: datetime
    what: Text
    who: Text = ""
    note: Text = ""
    tone: Tone = "done"
    url: str = ""
    photos: Sequence[Photo] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """Something that may be done now, or why not.

    ``label`` is a verb that says what will happen (Issue the order, not Submit). With ``why`` the act is shown
    disabled, with the reason and ``todo``, what would make it possible: give both from ``Refused.what``/``.todo``.
    ``method`` get opens a form page, post does it at once with an idempotency key. ``confirm`` is asked first, and
    must name what cannot be undone; ``danger`` marks such an act.
    """

    label: Text
    url: str = ""
    method: Literal["get", "post"] = "get"
    icon: str = ""
    primary: bool = False
    danger: bool = False
    confirm: Text = ""
    why: Text = ""
    todo: Text = ""
    note: Text = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value in a thing's summary; ``value`` may be safe HTML made by ``format_html``."""

    label: Text
    value: Any
    url: str = ""
    wide: bool = False


# --- the desk -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Card:
    """One thing that needs me: what, where, since when, what happens if nothing is done, one act."""

    title: Text
    url: str
    kind: Text = ""
    where: Text = ""
    since: datetime | None = None
    due: datetime | date | None = None
    otherwise: Text = ""
    act: Act | None = None
    level: str = ""
    number: str = ""
    at_once: bool = False
    """Minutes count: it says so, and stands before what is merely late."""


@dataclass(frozen=True, slots=True)
class Number:
    """A figure in a strip: the value, what it counts, and the door to its rows."""

    label: Text
    value: Any
    url: str = ""
    note: Text = ""
    tone: Literal["", "late", "level-red", "level-orange", "level-yellow", "level-blue"] = ""


# --- figures --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """A value in a figure's table; ``url`` is the drill to its rows."""

    value: Any
    url: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, the table under it, what the figure means, and when it was computed.

    ``heads`` are the column heads, the first one names the rows; ``rows`` are lists of ``Cell`` (or plain values).
    ``drawn``: how many columns after the first the chart shows, the others stand in the table alone; 0 shows all.
    ``chart``: bar, stacked, line, ring, or none. ``levels`` gives the level code of each series (or ring slice)
    that stands for a level, so that it takes the level's colour; all other series take neutral ones.
    ``excel_url`` downloads exactly this table.
    """

    key: str
    title: Text
    definition: Text
    computed_at: datetime
    heads: Sequence[Text]
    rows: Sequence[Sequence[Any]]
    chart: Literal["bar", "stacked", "line", "ring", "none"] = "bar"
    unit: Text = ""
    levels: Sequence[str] = ()
    excel_url: str = ""
    drawn: int = 0

    def cells(self) -> list[list[Cell]]:
        return [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in self.rows]

    def chart_data(self) -> dict[str, Any]:
        """What ``charts.js`` draws: names, series, and where a click leads."""
        rows = self.cells()
        return {
            "kind": self.chart,
            "unit": str(self.unit),
            "names": [str(row[0].value) for row in rows],
            "series": [
                {
                    "name": str(head),
                    "level": self.levels[at] if at < len(self.levels) else "",
                    "values": [row[at + 1].value for row in rows],
                    "urls": [row[at + 1].url for row in rows],
                }
                for at, head in enumerate(self.heads[1 : self.drawn + 1 if self.drawn else None])
            ],
            "levels": list(self.levels) if self.chart == "ring" else [],
        }


# --- a map ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """A point on a map: WGS-84 degrees, a level code (or ""), and the door to its page."""

    lng: float
    lat: float
    label: Text
    url: str
    level: str = ""


@dataclass(frozen=True, slots=True)
class MapView:
    """Places in the four colours over region borders, with the same rows in a list beside it.

    ``borders_url`` answers GeoJSON in WGS-84. ``tiles`` is an XYZ address of a base map that the office may use
    (its host must also be allowed in the content security policy); without it borders and places stand alone.
    ``listed``: how many rows stand beside the map (the most dangerous first, as given), 0 for none.
    """

    key: str
    title: Text
    places: Sequence[Place]
    borders_url: str = ""
    tiles: str = ""
    attribution: str = ""
    listed: int = 50


# --- a ledger -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may be chosen. ``always`` cannot be switched off; ``extra`` is off until switched on.
    ``sort`` is the word that goes into ``?sort=``; ``number`` sets figures flush right.
    """

    key: str
    label: Text
    sort: str = ""
    always: bool = False
    extra: bool = False
    number: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A question the ledger can be asked. Values outside ``choices`` are ignored, never an error.

    ``kind``: many (checkboxes), one (a select), flag (yes or nothing), dates (``KEY_from`` and ``KEY_to``).
    ``choices`` are (value, label) or (value, label, count). ``quick`` puts it on the bar, others sit under
    "More filters".
    """

    key: str
    label: Text
    kind: Literal["many", "one", "flag", "dates"] = "many"
    choices: Sequence[Sequence[Any]] = ()
    quick: bool = True


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the address of the ledger without it."""

    label: Text
    value: Text
    url: str


@dataclass(frozen=True, slots=True)
class View:
    """A saved question: its name and address."""

    label: Text
    url: str
    current: bool = False
    delete_url: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: Text
    count: int | None
    chosen: bool


class Ledger:
    """A list as its address asks for it: filters, search, columns, order and page, and afterwards its rows.

    Make it from the request, ask it (``chosen``, ``one``, ``flag``, ``dates``, ``text``, ``sort``, ``after``), run
    the room's selector, and ``fill`` it. The template ``base/ledger.html`` draws it; the export views make the
    same Ledger from the same address, so that a file holds exactly what is shown.
    """

    def __init__(
        self,
        request: HttpRequest,
        *,
        key: str,
        title: Text,
        columns: Sequence[Column],
        row_template: str,
        filters: Sequence[Filter] = (),
        default_sort: str = "",
        search_label: Text = "",
        exports: Mapping[str, str] | None = None,
        views: Sequence[View] = (),
        save_url: str = "",
        bulk: Sequence[Act] = (),
        new: Act | None = None,
        empty: Text = "",
        empty_act: Act | None = None,
    ) -> None:
        self.key, self.title, self.columns, self.filters = key, title, tuple(columns), tuple(filters)
        self._columns = {column.key: column for column in self.columns}
        self.row_template = row_template
        self.path, self.query = request.path, request.GET.copy()
        self.query.pop("after", None)
        self.text = request.GET.get("q", "").strip()
        self.search_label, self.exports = search_label, dict(exports or {})
        self.views, self.save_url, self.bulk, self.new = tuple(views), save_url, tuple(bulk), new
        self.empty, self.empty_act = empty, empty_act
        self.after = request.GET.get("after", "")
        sorts = {name for column in self.columns if column.sort for name in (column.sort, f"-{column.sort}")}
        asked = request.GET.get("sort", "")
        self.sort = asked if asked in sorts else default_sort
        self._asked = request.GET
        wanted = set(request.GET.getlist("col"))
        if not wanted:
            wanted = set(filter(None, request.COOKIES.get(f"columns_{key}", "").split("."))) & {
                column.key for column in self.columns
            }
        self.shown = {
            column.key
            for column in self.columns
            if column.always or (column.key in wanted if wanted else not column.extra)
        }
        self.rows: Sequence[Any] = ()
        self.count: int | None = None
        self.more = False
        self.next = ""

    # -- what is asked --

    def _filter(self, key: str) -> Filter:
        return next(each for each in self.filters if each.key == key)

    def column(self, key: str) -> Column:
        return self._columns[key]

    def chosen(self, key: str) -> list[str]:
        """The chosen values of a filter, in the order of its choices; empty means no restriction."""
        asked = set(self._asked.getlist(key))
        return [str(choice[0]) for choice in self._filter(key).choices if str(choice[0]) in asked]

    def one(self, key: str) -> str:
        """The single chosen value, or ""."""
        return next(iter(self.chosen(key)), "")

    def flag(self, key: str) -> bool:
        return self._asked.get(key, "") in {"1", "on", "true"}

    def dates(self, key: str) -> tuple[date | None, date | None]:
        """First and last day asked for, each or both None; a day that is none is ignored."""
        first, last = (_day(self._asked.get(f"{key}_{end}", "")) for end in ("from", "to"))
        return first, last

    # -- what is answered --

    def fill(self, page: keyset.Page[Any], *, count: int | None = None, more: bool = False) -> "Ledger":
        """The rows to show. ``count``: how many match in all, None if not counted; ``more``: there are more than that."""
        self.rows, self.next, self.count, self.more = page.items, page.next, count, more
        return self

    # -- what the template draws --

    @property
    def shown_columns(self) -> list[Column]:
        return [column for column in self.columns if column.key in self.shown]

    @property
    def counted(self) -> str:
        """How many, as people read it: 12,345, or 1,000+ where counting stopped."""
        return f"{self.count or 0:,}" + ("+" if self.more else "")

    def _without(self, *keys: str) -> QueryDict:
        query = self.query.copy()
        for key in keys:
            query.pop(key, None)
        return query

    def _url(self, query: QueryDict) -> str:
        return f"{self.path}?{query.urlencode()}" if query else self.path

    @property
    def next_url(self) -> str:
        query = self._without()
        query["after"] = self.next
        return self._url(query)

    @property
    def first_url(self) -> str:
        return self._url(self.query)

    @property
    def clear_url(self) -> str:
        query = QueryDict(mutable=True)
        query.setlist("col", self.query.getlist("col"))
        return self._url(query)

    @property
    def querystring(self) -> str:
        """The question without the page: what exports, saved views and the column chooser carry on."""
        return self.query.urlencode()

    def sort_url(self, column: Column) -> str:
        query = self._without("sort")
        query["sort"] = f"-{column.sort}" if self.sort == column.sort else column.sort
        return self._url(query)

    def heads(self) -> list[dict[str, Any]]:
        """The shown columns with the address that sorts by them and the present order (aria-sort)."""
        return [
            {
                "column": column,
                "url": self.sort_url(column) if column.sort else "",
                "order": {column.sort: "ascending", f"-{column.sort}": "descending"}.get(self.sort, "none")
                if column.sort
                else "",
            }
            for column in self.shown_columns
        ]

    def chips(self) -> list[Chip]:
        """Every filter in force, each with the address without it."""
        found: list[Chip] = []
        if self.text:
            found.append(Chip(_("Search"), self.text, self._url(self._without("q"))))
        for each in self.filters:
            if each.kind in {"many", "one"}:
                labels = {str(choice[0]): choice[1] for choice in each.choices}
                for value in self.chosen(each.key):
                    query = self._without(each.key)
                    query.setlist(each.key, [other for other in self.chosen(each.key) if other != value])
                    found.append(Chip(each.label, labels[value], self._url(query)))
            elif each.kind == "flag" and self.flag(each.key):
                found.append(Chip("", each.label, self._url(self._without(each.key))))
            elif each.kind == "dates" and any(self.dates(each.key)):
                first, last = (day.isoformat() if day else "…" for day in self.dates(each.key))
                url = self._url(self._without(f"{each.key}_from", f"{each.key}_to"))
                found.append(Chip(each.label, f"{first} – {last}", url))
        return found

    def questions(self) -> list[dict[str, Any]]:
        """The filters with their choices as the form draws them."""
        drawn = []
        for each in self.filters:
            chosen = set(self.chosen(each.key)) if each.kind in {"many", "one"} else set()
            first, last = self.dates(each.key) if each.kind == "dates" else (None, None)
            drawn.append(
                {
                    "filter": each,
                    "choices": [
                        Choice(
                            str(choice[0]), choice[1], choice[2] if len(choice) > 2 else None, str(choice[0]) in chosen
                        )
                        for choice in each.choices
                    ],
                    "on": self.flag(each.key) if each.kind == "flag" else bool(chosen or first or last),
                    "number": len(chosen),
                    "first": first.isoformat() if first else "",
                    "last": last.isoformat() if last else "",
                }
            )
        return drawn

    @property
    def more_filters(self) -> bool:
        return any(not each.quick for each in self.filters)

    def carried(self, *keys: str) -> list[tuple[str, str]]:
        """The question as hidden fields, without the given keys: for a small form that changes only those."""
        return [(key, value) for key, values in self._without(*keys).lists() for value in values]

    @property
    def carried_by_filters(self) -> list[tuple[str, str]]:
        """What the filter form must carry on: order and columns."""
        return [(key, value) for key in ("sort", "col") for value in self.query.getlist(key)]

    @property
    def carried_by_columns(self) -> list[tuple[str, str]]:
        return self.carried("col")

    @property
    def export_links(self) -> list[tuple[str, str]]:
        """(label, address) of each export, with the question attached."""
        tail = f"?{self.querystring}" if self.querystring else ""
        return [(label, f"{url}{tail}") for label, url in self.exports.items()]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None

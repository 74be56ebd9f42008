"""Every role at every address, with the rows of another county and of another city: they are not there.

Two questions are asked, of screens, API, files, exports, papers and links alike:

- An address that names a stranger's row answers exactly as one that names no row at all, so that not even its existence
  can be told; and a stranger's word stands in no answer.
- A page that names no row says the same, to the letter, before and after the strangers' rows come to be, so that they
  are in no list, no count, no choice of a form and no exported table.

The addresses are the resolver's and the API's own description: a new one is asked by itself, and one whose parameters
are not known here fails with the words on how to fill them.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver

from anwang.config.api import api
from anwang.ground.base.models import new_id
from anwang.ground.files.models import Paper
from anwang.overview.figures import services as figures
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services as sites
from anwang.registers.standards import services as standards
from anwang.registers.standards.models import Standard
from anwang.work.checklists import services as checklists
from anwang.work.checklists.models import ChecklistVersion
from tests.scope.world import County, county

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

OTHER, FAR = "外县秘密", "外市秘密"
ADMINISTRATORS = ("auditor", "security_admin", "system_admin")
HOUSE_WIDE = (
    "accounts:",
    "audit:",
    "jobs:",
    "notices:channel",
    "notices:outbox",
    "regions:",
    "/api/accounts",
    "/api/audit",
    "/api/jobs",
    "/api/regions",
)
"""What an administrator without a place keeps for the whole house: their work, not a leak."""
GROUPS = (
    ("grid_member", "town_officer", "enterprise_officer"),
    ("inspector", "expert", "county_office"),
    ("leader", "city_office", "nobody"),
    tuple(f"{role} of the county" for role in ADMINISTRATORS),
    ADMINISTRATORS,
)
"""Who asks. Together, so that what they ask of is made once for several; apart, so that the groups go side by side."""
SQLITE = "sqlite" in settings.DATABASES["default"]["ENGINE"]
# Who may see what is said in the ORM's words, the same for both databases: the second is asked by those who see most.
ASKING = GROUPS if SQLITE else (("enterprise_officer", "county_office", "city_office"),)
of_everybody = pytest.mark.parametrize("group", ASKING, ids=lambda group: group[0])
of_the_placed = pytest.mark.parametrize(
    "group", [group for group in ASKING if not set(group) & set(ADMINISTRATORS)], ids=lambda group: group[0]
)

# --- how parameters are filled ----------------------------------------------------------------------------------------

FILL: dict[str, str] = {
    # namespace:parameter → the row of a county (a key of ``County.ids``), or "=value" where it is not a row
    "accounts:me:token_id": "token",
    "accounts:me:session_id": "=987654",
    "accounts:people:user_id": "user",
    "accounts:people:session_id": "=987654",
    "accounts:grants:user_id": "user",
    "accounts:grants:grant_id": "grant",
    "accounts:roles:key": "=inspector",
    "audit:form": "=csv",
    "audit:row_id": "audit_row",
    "audit:proof_id": "=none",
    "jobs:job_id": "job",
    "regions:code": "region",
    "files:file_id": "file",
    "files:other_id": "file",
    "files:paper_id": "paper",
    "files:size": "=320",
    "files:page": "=1",
    "files:code": "=ABCD-EFGH",
    "notices:channel_id": "channel",
    "notices:notice_id": "notice",
    "organisations:pk": "organisation",
    "organisations:answers": "responsibility",
    "organisations:posts": "post",
    "organisations:holdings": "holding",
    "standards:row_id": "=standard",
    "sitefile:pk": "site",
    "sites:pk": "site",
    "sites:whose": "=owner",
    "sites:action": "=suspend",
    "sites:code": "region",
    "sites:key": "=A",
    "sites:kind_key": "=restaurant",
    "sites:field": "=area_m2",
    "checklists:version_id": "=version",
    "checklists:code": "=none",
    "hazards:hazard_id": "hazard",
    "hazards:view_id": "view",
    "hazards:import_id": "import",
    "hazards:key": "=site",
    "hazards:kind": "=notice",
    "hazards:action": "=grade",
    "inspections:site_id": "site",
    "inspections:planned_id": "planned",
    "inspections:plan_id": "plan",
    "inspections:inspection_id": "inspection",
    "inspections:inspector_id": "inspector",
    "telemetry:code": "mine",
    "telemetry:point_id": "sensor",
    "telemetry:episode_id": "episode",
    "telemetry:finding_id": "loose",
    "telemetry:person_id": "person",
    "figures:key": "=flow",
    "figures:tab": "=trend",
    "public:said": "=said",
    "public:action": "=plan",
    "public:file_id": "file",
    "public:size": "=320",
    "public:hazard_id": "hazard",
    "public:link_id": "link",
    # the API, by room
    "/api/accounts:view_id": "view",
    "/api/accounts:user_id": "user",
    "/api/accounts:grant_id": "grant",
    "/api/accounts:token_id": "token",
    "/api/accounts:key": "=inspector",
    "/api/audit:row_id": "audit_row",
    "/api/audit:proof_id": "=none",
    "/api/jobs:job_id": "job",
    "/api/regions:code": "region",
    "/api/files:file_id": "file",
    "/api/files:size": "=320",
    "/api/files:paper_id": "paper",
    "/api/notices:notice_id": "notice",
    "/api/organisations:organisation_id": "organisation",
    "/api/organisations:responsibility_id": "responsibility",
    "/api/organisations:post_id": "post",
    "/api/organisations:holding_id": "holding",
    "/api/standards:row_id": "=standard",
    "/api/sites:site_id": "site",
    "/api/sites:whose": "=owner",
    "/api/sites:action": "=suspend",
    "/api/checklists:version_id": "=version",
    "/api/checklists:code": "=none",
    "/api/hazards:hazard_id": "hazard",
    "/api/inspections:site_id": "site",
    "/api/inspections:inspection_id": "inspection",
    "/api/inspections:sheet_id": "sheet",
    "/api/inspections:plan_id": "plan",
    "/api/inspections:planned_id": "planned",
    "/api/inspections:inspector_id": "inspector",
    "/api/telemetry:code": "mine",
    "/api/telemetry:point": "sensor_code",
    "/api/alarms:alarm_id": "alarm",
    "alarms:alarm_id": "alarm",
    "alarms:action": "=set_aside",
    "/api/figures:key": "=flow",
    "/api/sitefile:site_id": "site",
    "/api/sitefile:pk": "site",
}

VALUES: dict[str, str] = {
    # words of a body or a question that name a row: → a key of ``County.ids``
    "site": "site",
    "site_id": "site",
    "kept_id": "site",
    "lost_id": "site",
    "hazard": "hazard",
    "hazard_id": "hazard",
    "relapse_of": "hazard",
    "extension_id": "extension",
    "region": "region",
    "region_code": "region",
    "county": "region",
    "code": "region",
    "under": "town",
    "home": "region",
    "enterprise": "organisation",
    "enterprise_id": "organisation",
    "organisation": "organisation",
    "organisation_id": "organisation",
    "parent_id": "organisation",
    "unit": "organisation",
    "unit_id": "organisation",
    "department_id": "department",
    "post_id": "post",
    "holding_id": "holding",
    "user": "user",
    "user_id": "user",
    "by_id": "user",
    "on_id": "hazard",
    "lead_id": "user",
    "photos": "file",
    "signature": "file",
    "inspection_id": "inspection",
    "plan_id": "plan",
    "planned_id": "planned",
}
MISSING: dict[str, str] = {"region": "149999", "grid": "149999999999999", "town": "149999999", "mine": "149999990001"}
ASKED = {
    # what a page may be asked by anybody who knows a stranger's id; the sought words are not the strangers' whole words
    "region": "region",
    "at": "region",
    "code": "region",
    "site": "site",
    "unit": "organisation",
    "enterprise": "organisation",
    "hazard": "hazard",
    "plan": "plan",
    "user": "user",
    "inspection": "inspection",
}


@dataclass(frozen=True)
class Address:
    """One address of the house. ``names`` are its parameters; ``methods`` those it is asked with."""

    where: str  # the namespace, or the room of the API
    route: str
    names: tuple[str, ...]
    methods: tuple[str, ...]
    operation: Any = None

    def __str__(self) -> str:
        return f"/{self.route.lstrip('/')}"

    def key(self, name: str) -> str:
        """Where in FILL this parameter is looked up."""
        first = self.route.split("/")[1] if self.where == "organisations" and name == "pk" else ""
        special = f"{self.where}:{first}"
        return special if special in FILL else f"{self.where}:{name}"

    def path(self, values: dict[str, str]) -> str:
        return re.sub(r"<(?:\w+:)?(\w+)>|\{(\w+)\}", lambda found: values[found[1] or found[2]], str(self))

    @property
    def of_rows(self) -> bool:
        """Does it name a row that belongs to somebody?"""
        return any(not FILL[self.key(name)].startswith("=") for name in self.names)


def addresses() -> list[Address]:
    found = list(_screens(get_resolver(), "", ()))
    schema = api.get_openapi_schema()
    for path, operations in schema["paths"].items():
        room = "/".join(path.split("/")[:3])
        for method, operation in operations.items():
            names = tuple(re.findall(r"\{(\w+)\}", path))
            found.append(Address(room, path, names, (method.upper(),), operation))
    return found


def _screens(resolver: Any, before: str, spaces: tuple[str, ...]) -> Iterator[Address]:
    for each in resolver.url_patterns:
        route = f"{before}{each.pattern}"
        if not isinstance(each, URLPattern):
            if each.namespace != "api":
                yield from _screens(each, route, (*spaces, each.namespace) if each.namespace else spaces)
            continue
        yield Address(":".join(spaces), route, tuple(re.findall(r"<(?:\w+:)?(\w+)>", route)), ("GET", "POST"))


ADDRESSES = addresses()


def test_every_parameter_of_every_address_can_be_filled():
    unknown = [
        f"{address}: say in FILL how to fill {address.key(name)!r}: the key of a row of tests/scope/world.py, or '=value'"
        for address in ADDRESSES
        for name in address.names
        if address.key(name) not in FILL
    ]
    assert unknown == []


# --- the world --------------------------------------------------------------------------------------------------------


@pytest.fixture
def moment() -> datetime:
    """By the real clock, by which the pages judge."""
    return datetime.now(ZoneInfo("Asia/Shanghai"))


@dataclass
class World:
    own: County
    viewers: dict[str, Any]
    shared: dict[str, str]

    def of(self, group: tuple[str, ...]) -> dict[str, Any]:
        return {name: self.viewers[name] for name in group}


@pytest.fixture
def world(gas: None, places: Any, make_user: Any, moment: datetime) -> World:
    loaded = moment - timedelta(days=300)
    organisations.load_library(now=loaded)
    sites.load_library(now=loaded)
    standards.load_libraries(now=loaded)
    checklists.load_libraries(now=loaded)
    own = county(
        "本县", region=places.county, town=places.town, village=places.village, make_user=make_user, now=moment
    )
    viewers = {
        "grid_member": make_user("grid_member", places["140930100002001"], name="网格员"),
        "town_officer": make_user("town_officer", places.town, name="镇安全员"),
        "enterprise_officer": own.people["enterprise"],
        "inspector": own.people["inspector"],
        "expert": make_user("expert", places.county, name="专家"),
        "county_office": own.people["office"],
        "leader": make_user("leader", places.county, name="领导"),
        "city_office": make_user("city_office", places.city, name="市办"),
        "nobody": make_user(None, None, name="无权的人"),
    }
    for role in ADMINISTRATORS:
        viewers[f"{role} of the county"] = make_user(role, places.county, name=f"县{role}")
        viewers[role] = make_user(role, name=role)
    assert set(viewers) == {name for group in GROUPS for name in group}
    shared = {
        "standard": Standard.objects.order_by("pk").first().pk,
        "version": ChecklistVersion.objects.order_by("pk").first().pk,
        "said": own.said,
        "none": "none",
    }
    return World(own, viewers, shared)


@pytest.fixture
def strangers(places: Any, make_user: Any, moment: datetime) -> Any:
    def make(word: str) -> County:
        part = "other" if word == OTHER else "far"
        at = {name: getattr(places, f"{part}_{name}") for name in ("county", "town", "village")}
        return county(
            word, region=at["county"], town=at["town"], village=at["village"], make_user=make_user, now=moment
        )

    return make


# --- asking -----------------------------------------------------------------------------------------------------------


def fill(address: Address, ids: dict[str, str], shared: dict[str, str]) -> dict[str, str]:
    values = {}
    for name in address.names:
        said = FILL[address.key(name)]
        values[name] = str(shared.get(said[1:], said[1:]) if said.startswith("=") else ids[said])
    return values


def missing(ids: dict[str, str]) -> dict[str, str]:
    """The same keys, naming nothing."""
    return {key: MISSING.get(key) or (new_id() if len(str(value)) == 26 else "987654321") for key, value in ids.items()}


def body(schema: dict[str, Any], whole: dict[str, Any], ids: dict[str, str], name: str = "") -> Any:
    """A value that the API's description allows, naming the rows of ``ids`` wherever one can be named."""
    if "$ref" in schema:
        return body(whole["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], whole, ids, name)
    for several in ("allOf", "anyOf", "oneOf"):
        if several in schema:
            kept = [each for each in schema[several] if each.get("type") != "null"]
            return body(kept[0], whole, ids, name)
    if name in VALUES and schema.get("type") == "string":
        return ids[VALUES[name]]
    if "default" in schema and name not in VALUES:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            needed = schema.get("required", ())
            return {
                key: body(part, whole, ids, key)
                for key, part in schema.get("properties", {}).items()
                if key in needed or key in VALUES
            }
        case "array":
            return [body(schema.get("items", {}), whole, ids, name)] if name in VALUES else []
        case "integer" | "number":
            return max(schema.get("minimum", 1), 1)
        case "boolean":
            return False
        case "string" if schema.get("format") == "date":
            return datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
        case "string" if schema.get("format") == "date-time":
            return datetime.now(ZoneInfo("Asia/Shanghai")).isoformat()
        case _:
            return "测试用词句"


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    """The body as text, without what differs between any two answers."""


PASSING = (
    (re.compile(r'(name="csrfmiddlewaretoken" value="|"X-CSRFToken": ?"|nonce="|csrf[^=]{0,20}=")[^"]+'), r"\1"),
    (re.compile(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b"), "ULID"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[\d:.]*"), "MOMENT"),
    (re.compile(r"\b\d\d:\d\d(:\d\d(\.\d+)?)?\b"), "CLOCK"),
)


def ask(client: Client, method: str, path: str, data: Any = None, query: str = "") -> Answer:
    """The answer, and the world as it was before."""
    at = f"{path}?{query}" if query else path
    with transaction.atomic():
        try:
            if method == "GET":
                response = client.get(at)
            elif data is None:
                response = client.generic(method, at, b"", content_type="application/x-www-form-urlencoded")
            else:
                response = client.generic(method, at, json.dumps(data), content_type="application/json")
            return Answer(response.status_code, _text(response))
        finally:
            transaction.set_rollback(True)


def _text(response: Any) -> str:
    whole = b"".join(response.streaming_content) if response.streaming else response.content
    kind = response.headers.get("Content-Type", "")
    head = "\n".join(f"{key}: {response[key]}" for key in ("Location", "Content-Disposition") if key in response)
    if "spreadsheet" in kind:
        with zipfile.ZipFile(io.BytesIO(whole)) as book:
            names = sorted(name for name in book.namelist() if not name.startswith("docProps/"))
            text = "\n".join(book.read(name).decode("utf-8", "replace") for name in names)
    elif kind.startswith(("image/", "application/pdf")) and "svg" not in kind:
        text = f"{len(whole)} bytes of {kind}"
    else:
        text = whole.decode("utf-8", "replace")
    for pattern, word in PASSING:
        text = pattern.sub(word, text)
    return f"{head}\n{text}"


def client_of(viewer: Any) -> Client:
    client = Client()
    client.force_login(viewer, backend="anwang.ground.accounts.backends.PeopleBackend")
    return client


def foreign_words(name: str, address: Address) -> tuple[str, ...]:
    where = ":".join(filter(None, (address.where, address.route.removeprefix("notices/").split("/")[0])))
    if name in ADMINISTRATORS and where.startswith(HOUSE_WIDE):
        return ()
    if name == "city_office":
        return (FAR,)
    return (OTHER, FAR)


# What leaves no trace of whose rows there are, and why it is not asked.
LEFT_OUT = {
    "accounts/logout/": "ends the session that asks",
    "metrics": "figures of the process for this machine's own collector, without a place or a name",
    "p/verify/<str:code>/": "whoever holds a paper may check it: its code is the key",
}
ASKABLE = [address for address in ADDRESSES if address.route not in LEFT_OUT]


def plain(address: Address) -> bool:
    return "GET" in address.methods and not address.of_rows


def pages(viewer: Any, shared: dict[str, str], own: County, foreign: dict[str, str] | None = None) -> dict[str, Answer]:
    """Every page that names nobody's row; with ``foreign`` asked about the strangers' rows."""
    client = client_of(viewer)
    query = ""
    if foreign:
        query = urlencode({name: foreign[key] for name, key in ASKED.items()} | {"q": "外", "text": "外"})
    return {
        str(address): ask(client, "GET", address.path(fill(address, own.ids, shared)), query=query)
        for address in ASKABLE
        if plain(address)
    }


@of_the_placed
def test_pages_say_the_same_whether_strangers_have_rows_or_not(world, strangers, moment, run_jobs, monkeypatch, group):
    """Not a row, not a count, not a choice in a form. The clock stands still: what goes on gets no older meanwhile."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    run_jobs(now=moment)
    figures.compute(now=moment)
    placed = world.of(group)
    before = {name: pages(viewer, world.shared, world.own) for name, viewer in placed.items() if name != "city_office"}
    strangers(OTHER)
    figures.compute(now=moment)
    if "city_office" in placed:
        before["city_office"] = pages(placed["city_office"], world.shared, world.own)
    strangers(FAR)
    run_jobs(now=moment)
    figures.compute(now=moment)
    told = []
    for name, viewer in placed.items():
        for path, answer in pages(viewer, world.shared, world.own).items():
            if answer != before[name][path]:
                told.append(f"{name} {path}: {_first_difference(before[name][path], answer)}")
    assert not told, "\n".join(told)


def _first_difference(one: Answer, two: Answer) -> str:
    if one.status != two.status:
        return f"{one.status} → {two.status}"
    for a, b in zip(one.text.splitlines(), two.text.splitlines(), strict=False):
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
            return f"{a[max(0, at - 60) : at + 60]!r} → {b[max(0, at - 60) : at + 60]!r}"
    return "one is longer"


@of_everybody
def test_no_word_of_strangers_in_any_page(world, strangers, moment, run_jobs, group):
    """Asked by the strangers' ids, names and places as well."""
    other, far = strangers(OTHER), strangers(FAR)
    run_jobs(now=moment)
    figures.compute(now=moment)
    told = []
    by_route = {str(address): address for address in ASKABLE}
    for name, viewer in world.of(group).items():
        for county_ids in (None, far.ids) if name == "city_office" else (None, other.ids, far.ids):
            for path, answer in pages(viewer, world.shared, world.own, county_ids).items():
                found = [word for word in foreign_words(name, by_route[path]) if word in answer.text]
                if found:
                    at = answer.text.index(found[0])
                    told.append(f"{name} {path} ({answer.status}): …{answer.text[max(0, at - 80) : at + 40]!r}")
                if answer.status >= 500:
                    told.append(f"{name} {path}: {answer.status}")
    assert not told, "\n".join(told)


@of_everybody
def test_an_address_of_strangers_row_answers_as_one_of_no_row(world, strangers, moment, run_jobs, group):
    other, far = strangers(OTHER), strangers(FAR)
    assert other.ids.keys() == far.ids.keys()
    nobody = missing(far.ids)
    schema = api.get_openapi_schema()
    told = []
    for name, viewer in world.of(group).items():
        client = client_of(viewer)
        of_none: dict[tuple[str, str], Answer] = {}
        for stranger in (far,) if name == "city_office" else (other, far):
            for address in ASKABLE:
                if not address.of_rows and not _has_body(address):
                    continue
                words = foreign_words(name, address)
                if not words:
                    continue
                for method in address.methods:
                    theirs = ask(client, method, *_request(address, schema, stranger.ids, world.shared))
                    if any(word in theirs.text for word in words):
                        told.append(f"{name} {method} {address}: {theirs.status} says a stranger's word")
                    if theirs.status >= 500:
                        told.append(f"{name} {method} {address}: {theirs.status}")
                    nothing = of_none.get((method, str(address)))
                    if nothing is None:
                        nothing = ask(client, method, *_request(address, schema, nobody, world.shared))
                        of_none[method, str(address)] = nothing
                    if _without(theirs.text, stranger.ids) != _without(nothing.text, nobody) or (
                        theirs.status != nothing.status
                    ):
                        told.append(
                            f"{name} {method} {address}: theirs {theirs.status}, nobody's {nothing.status} "
                            f"{_first_difference(Answer(0, _without(theirs.text, stranger.ids)), Answer(0, _without(nothing.text, nobody)))}"
                        )
                    elif address.of_rows and theirs.status not in {403, 404, 405, 422}:
                        told.append(f"{name} {method} {address}: {theirs.status}, not 404")
    assert not told, "\n".join(told)


def _has_body(address: Address) -> bool:
    return bool(address.operation and address.operation.get("requestBody"))


def _request(address: Address, schema: Any, ids: dict[str, str], shared: dict[str, str]) -> tuple[str, Any]:
    path = address.path(fill(address, ids, shared))
    if not _has_body(address):
        return path, None
    content = address.operation["requestBody"]["content"]
    said = content.get("application/json")
    return path, body(said["schema"], schema, ids) if said else None


def _without(text: str, ids: dict[str, str]) -> str:
    """The answer without the ids that were asked for, which a refusal may repeat."""
    for value in sorted({str(value) for value in ids.values()}, key=len, reverse=True):
        # A short number is an id only where it stands in an address.
        before = "(?<=[/=])" if len(value) < 6 else ""
        text = re.sub(f"{before}{re.escape(value)}(?![0-9])", "ID", text)
    return text


def test_a_stranger_s_paper_is_there_for_its_own_people(strangers, world):
    """The world is no empty one: whose rows they are sees them."""
    far = strangers(FAR)
    client = client_of(far.people["office"])
    for path in (f"/hazards/{far.ids['hazard']}/", f"/sites/{far.ids['site']}/", f"/papers/{far.ids['paper']}/"):
        assert FAR in ask(client, "GET", path).text
    assert Paper.objects.visible_to(far.people["office"]).exists()

"""What every test stands on: a home of its own, a closed network, a small tree of real places, people with roles.

SQLite in memory by default; with DATABASE_URL set, the same tests run on that server (``make test`` does both).
Tests that need PostgreSQL or Chromium say so by marker: skipped with a reason where it is absent, failed under CI=true.
"""

import atexit
import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from django.conf import settings

CI = os.environ.get("CI") == "true"
POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/postgres")
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "live_server", "admin_user"}

# pytest-django has read the settings by now: what points into ANWANG_HOME is moved, and child processes inherit it.
_home = Path(tempfile.mkdtemp(prefix="anwang-test-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["ANWANG_HOME"] = str(_home)
# Child processes (and the workers of a parallel run) find the libraries compiled, by each other or by the run before,
# also where the environment keeps Python from writing that down: else every one of them compiles two thousand files.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(__file__).parent / ".pytest_cache" / "code"))
settings.HOME = _home
settings.FILES_ROOT = _home / "files"
settings.SEALS_ROOT = _home / "seals"
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # hundreds of test people sign in
if "postgresql" in settings.DATABASES["default"]["ENGINE"]:  # several runs at once share the server, not the database
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = f"test_anwang_{os.getpid()}"

# How long one example takes says how busy the machine is, not whether the code is right.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


# --- which tests run --------------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--only-db", action="store_true", help="only the tests that use the database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--only-db"):
        chosen = [item for item in items if _uses_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if not _uses_database(item)])
        items[:] = chosen


def _uses_database(item: pytest.Item) -> bool:
    names = set(getattr(item, "fixturenames", ()))
    return item.get_closest_marker("django_db") is not None or bool(names & DATABASE_FIXTURES)


def pytest_runtest_setup(item: pytest.Item) -> None:
    needs = {
        "postgres": _no_postgres,
        "browser": _no_chromium,
        "mqtt": lambda: _no_program("mosquitto"),
        "nats": lambda: _no_program("nats-server"),
    }
    for marker, missing in needs.items():
        if item.get_closest_marker(marker) and (reason := missing()):
            if CI:
                pytest.fail(f"CI=true and {reason}", pytrace=False)
            pytest.skip(reason)


_known: dict[str, str] = {}


def _no_postgres() -> str:
    """Why tests on PostgreSQL cannot run here, or ""."""
    if "postgres" not in _known:
        import psycopg

        try:
            psycopg.connect(POSTGRES_URL, connect_timeout=3).close()
            _known["postgres"] = ""
        except psycopg.Error as error:
            _known["postgres"] = f"no PostgreSQL at TEST_POSTGRES_URL: {str(error).splitlines()[0]}"
    return _known["postgres"]


def _no_program(name: str) -> str:
    """Why tests that start this server cannot run here, or ""."""
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    return "" if shutil.which(name, path=places) else f"no {name} on this machine (apt-get install {name})"


def chromium_path() -> str:
    """The browser of this machine, or ""."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("TEST_CHROMIUM") or next((found for name in names if (found := shutil.which(name))), "")


def _no_chromium() -> str:
    return "" if chromium_path() else "no Chromium on this machine (apt-get install chromium, or set TEST_CHROMIUM)"


# --- what a database that was rolled back leaves behind ------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="module")
def _no_seals_of_others() -> None:
    """Seals are files: those of rows that an earlier module rolled back would accuse the rows of this one."""
    shutil.rmtree(settings.SEALS_ROOT, ignore_errors=True)


# --- the network is closed --------------------------------------------------------------------------------------------


class NetworkClosedError(AssertionError):
    """A test tried to leave this machine."""


@pytest.fixture(autouse=True, scope="session")
def _closed_network() -> Iterator[None]:
    """Only this machine can be reached: a test that calls out would depend on somebody else's server."""
    real_connect, real_connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guard(address: Any) -> None:
        if isinstance(address, tuple) and str(address[0]) not in {"127.0.0.1", "::1", "localhost", ""}:
            raise NetworkClosedError(f"tests stay on this machine, and this one called {address[0]}")

    def connect(self: socket.socket, address: Any) -> None:
        guard(address)
        real_connect(self, address)

    def connect_ex(self: socket.socket, address: Any) -> int:
        guard(address)
        return real_connect_ex(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    patch.setattr(socket.socket, "connect_ex", connect_ex)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    """Every test begins in the language that the office reads."""
    from django.utils import translation

    with translation.override("zh-hans"):
        yield


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_triggers() -> Iterator[None]:
    """Tests with real transactions empty all tables afterwards; the audit trail's triggers step aside for that alone."""
    from django.db import connection
    from django.db.backends.base.operations import BaseDatabaseOperations

    real = BaseDatabaseOperations.execute_sql_flush

    def flush(self: Any, statements: Any) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                names = ("audit_auditrow", "audit_seal", "audit_archive")
                for name in names:
                    cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
                real(self, statements)
                for name in names:
                    cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
            else:
                cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
                triggers = cursor.fetchall()
                for name, _ in triggers:
                    cursor.execute(f"DROP TRIGGER {name}")
                real(self, statements)
                for _, sql in triggers:
                    cursor.execute(sql)

    patch = pytest.MonkeyPatch()
    patch.setattr(BaseDatabaseOperations, "execute_sql_flush", flush)
    yield
    patch.undo()


# --- servers for tests that start processes of their own --------------------------------------------------------------


@contextlib.contextmanager
def _postgres_database(template: str = "") -> Iterator[str]:
    import psycopg

    name = f"anwang_{uuid.uuid4().hex[:12]}"
    base = POSTGRES_URL.rpartition("/")[0]
    with psycopg.connect(POSTGRES_URL, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    try:
        yield f"{base}/{name}"
    finally:
        with psycopg.connect(POSTGRES_URL, autocommit=True) as server:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty database of its own on the PostgreSQL server, dropped afterwards. Mark the test ``postgres``."""
    with _postgres_database() as url:
        yield url


@dataclass(frozen=True)
class House:
    """A whole installation in a folder of its own, for tests that start (and kill) real processes.

    ``python("-c", "…")`` starts a process in it, ``anwang("check")`` runs the command line, ``sql`` looks from outside.
    """

    home: Path
    database_url: str

    @property
    def env(self) -> dict[str, str]:
        gone = {"DATABASE_URL", "PYTEST_CURRENT_TEST", "ANWANG_DEBUG"}
        kept = {key: value for key, value in os.environ.items() if key not in gone}
        database = {"DATABASE_URL": self.database_url} if self.database_url else {}
        return kept | database | {"ANWANG_HOME": str(self.home), "DJANGO_SETTINGS_MODULE": "anwang.config.settings"}

    @property
    def vendor(self) -> str:
        return "postgresql" if self.database_url else "sqlite"

    def python(self, *args: str, **options: Any) -> "subprocess.Popen[str]":
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.STDOUT)
        env = self.env | options.pop("env", {})
        return subprocess.Popen([sys.executable, *args], env=env, text=True, **options)

    def anwang(self, *args: str, env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "anwang.config.cli", *args]
        return subprocess.run(
            command, env=self.env | (env or {}), text=True, capture_output=True, check=False, timeout=300
        )

    def sql(self, query: str) -> list[Any]:
        """Rows of a query, or [] of a statement, straight to the database as somebody with its password would."""
        if self.database_url:
            import psycopg

            with psycopg.connect(self.database_url, autocommit=True) as server:
                found = server.execute(query.encode())
                return found.fetchall() if found.description else []
        with contextlib.closing(sqlite3.connect(self.home / "anwang.sqlite3", timeout=30)) as file, file:
            return file.execute(query).fetchall()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """pytest-django's database; as it was migrated it is also what houses begin with: to migrate takes a core 20 s."""
    from django.db import connection

    with django_db_blocker.unblock():
        # Where no test uses it there is none.
        if connection.vendor == "sqlite" and "django_migrations" in connection.introspection.table_names():
            template = tmp_path_factory.mktemp("house") / "anwang.sqlite3"
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(template)])
            _templates["sqlite"] = template
        connection.close()


_templates: dict[str, Path] = {}


@pytest.fixture(scope="session")
def _migrated_sqlite(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if "sqlite" not in _templates:
        house = House(tmp_path_factory.mktemp("house"), "")
        _migrate(house)
        _templates["sqlite"] = house.home / "anwang.sqlite3"
    return _templates["sqlite"]


@pytest.fixture(scope="session")
def _migrated_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with _postgres_database() as url:
        _migrate(House(tmp_path_factory.mktemp("house"), url))
        yield url.rpartition("/")[2]


def _migrate(house: House) -> None:
    code = (
        "import django; django.setup(); from django.core.management import call_command as c; c('migrate', verbosity=0)"
    )
    process = house.python("-c", code)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said


@pytest.fixture
def sqlite_house(_migrated_sqlite: Path, tmp_path: Path) -> House:
    with contextlib.closing(sqlite3.connect(_migrated_sqlite)) as source:
        source.execute("VACUUM INTO ?", (str(tmp_path / "anwang.sqlite3"),))
    return House(tmp_path, "")


@pytest.fixture
def postgres_house(_migrated_postgres: str, tmp_path: Path) -> Iterator[House]:
    with _postgres_database(_migrated_postgres) as url:
        yield House(tmp_path, url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest) -> House:
    """A migrated installation, once on SQLite and once on PostgreSQL."""
    found: House = request.getfixturevalue(f"{request.param}_house")
    return found


# --- time, places, people ---------------------------------------------------------------------------------------------


@pytest.fixture
def now() -> datetime:
    """A Friday morning in Shanghai."""
    return datetime(2026, 11, 20, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@dataclass(frozen=True)
class Places:
    """A small part of the real tree, by the part it plays; ``places["140930"]`` by code.

    ``county`` is 河曲县, ``other_county`` 保德县 in the same city, ``far_county`` 襄垣县 in another city.
    """

    province: Any
    city: Any
    county: Any
    town: Any
    town_two: Any
    village: Any
    village_two: Any
    grid: Any
    grid_two: Any
    other_county: Any
    other_town: Any
    other_village: Any
    other_grid: Any
    far_city: Any
    far_county: Any
    far_town: Any
    far_village: Any
    far_grid: Any

    def __getitem__(self, code: str) -> Any:
        return next(getattr(self, field.name) for field in fields(self) if getattr(self, field.name).code == code)


_TREE = (
    # part, code, name, level, parent
    ("province", "140000", "山西省", "province", ""),
    ("city", "140900", "忻州市", "city", "140000"),
    ("county", "140930", "河曲县", "county", "140900"),
    ("town", "140930100", "西口镇", "town", "140930"),
    ("town_two", "140930101", "楼子营镇", "town", "140930"),
    ("village", "140930100002", "古渡社区居委会", "village", "140930100"),
    ("village_two", "140930100200", "科村村委会", "village", "140930100"),
    ("grid", "140930100002001", "古渡社区第一网格", "grid", "140930100002"),
    ("grid_two", "140930100002002", "古渡社区第二网格", "grid", "140930100002"),
    ("other_county", "140931", "保德县", "county", "140900"),
    ("other_town", "140931100", "东关镇", "town", "140931"),
    ("other_village", "140931100001", "东关社区居委会", "village", "140931100"),
    ("other_grid", "140931100001001", "东关社区第一网格", "grid", "140931100001"),
    ("far_city", "140400", "长治市", "city", "140000"),
    ("far_county", "140423", "襄垣县", "county", "140400"),
    ("far_town", "140423100", "古韩镇", "town", "140423"),
    ("far_village", "140423100007", "永安社区居委会", "village", "140423100"),
    ("far_grid", "140423100007001", "永安社区第一网格", "grid", "140423100007"),
)


@pytest.fixture
def places(db: None) -> Places:
    from anwang.ground.regions.models import COLUMNS, Grid, Region

    made: dict[str, Any] = {}
    by_code: dict[str, Any] = {}
    for part, code, name, level, parent in _TREE:
        above = by_code.get(parent)
        columns = above.codes() if above else dict.fromkeys(COLUMNS.values(), "")
        columns[COLUMNS[level]] = code
        region = Region(code=code, name=name, level=level, parent=above, **columns)
        made[part] = by_code[code] = region
    Region.objects.bulk_create(made.values())
    Grid.objects.bulk_create(
        Grid(region=region, made_on=date(2025, 1, 1)) for region in made.values() if region.level == "grid"
    )
    return Places(**made)


@pytest.fixture
def roles(db: None) -> dict[str, Any]:
    """Every built-in role, by key."""
    from anwang.ground.accounts.models import Role
    from anwang.ground.accounts.roles import ALL_ROLES

    for spec in ALL_ROLES:
        Role.objects.update_or_create(
            key=spec.key,
            defaults={
                "zh": spec.zh,
                "en": spec.en,
                "paragraph_zh": spec.paragraph_zh,
                "paragraph_en": spec.paragraph_en,
                "permissions": sorted(spec.permissions),
                "administrator": spec.administrator,
                "placed_by": spec.placed_by,
                "built_in": True,
            },
        )
    return {role.key: role for role in Role.objects.all()}


MakeUser = Callable[..., Any]


@pytest.fixture
def make_user(roles: dict[str, Any], now: datetime) -> MakeUser:
    """``make_user("inspector", places.county, domains=("coal",), organisation_id="")`` → a person with one grant.

    ``role`` may be None for somebody without rights. More grants: ``make_user.grant(user, role, region, …)``.
    """
    from anwang.ground.accounts.models import Grant, User

    counter = iter(range(1, 10_000))

    def grant(user: User, role: str, region: Any = None, domains: Iterable[str] = (), organisation_id: str = "") -> Any:
        return Grant.objects.create(
            user=user,
            role=roles[role],
            region=region,
            domains=list(domains),
            organisation_id=organisation_id,
            starts_at=now - timedelta(days=400),
        )

    def make(
        role: str | None = None,
        region: Any = None,
        domains: Iterable[str] = (),
        organisation_id: str = "",
        **extra: Any,
    ) -> Any:
        n = next(counter)
        extra.setdefault("username", f"user{n}")
        extra.setdefault("name", f"测试人员{n}")
        # By the real clock, by which the pages judge its age.
        extra.setdefault("password_changed_at", datetime.now(ZoneInfo("Asia/Shanghai")))
        user = User.objects.create_user(password="Anwang-Test-2026", **extra)
        if role is not None:
            grant(user, role, region, domains, organisation_id)
        return user

    make.grant = grant  # type: ignore[attr-defined]
    return make


@pytest.fixture
def signed_in() -> Callable[[Any, Any], Any]:
    """``signed_in(client, user)`` → the same Django test client, signed in."""

    def sign_in(client: Any, user: Any) -> Any:
        client.force_login(user, backend="anwang.ground.accounts.backends.PeopleBackend")
        return client

    return sign_in


@pytest.fixture
def run_jobs() -> Callable[..., int]:
    """``run_jobs(now=…)``: do everything that is due at that moment, as the worker would; returns how many."""
    from anwang.config import tasks
    from anwang.ground.jobs import services as jobs

    tasks.load()
    return jobs.run_due


@pytest.fixture
def gas(db: None, places: Places, settings: Any, tmp_path: Path) -> Iterator[None]:
    """The gas watch with a history in a folder of its own, and nothing remembered of the test before."""
    from anwang.work.telemetry import memory, store

    settings.HOME = tmp_path
    memory.forget()
    store.close()
    yield
    memory.forget()
    store.close()

"""What the command line does to a whole house: bring it up to date, check it, copy it."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from anwang.edge.gateway import selectors as gateway
from anwang.ground.accounts import services as accounts
from anwang.ground.accounts.models import User
from anwang.ground.audit import key as audit_key
from anwang.ground.audit.models import Seal
from anwang.ground.base.errors import Refused, Sentence, register
from anwang.ground.jobs import services as jobs
from anwang.ground.regions import services as regions
from anwang.ground.regions.models import Region
from anwang.kernel import clock
from anwang.registers.organisations import services as organisations
from anwang.registers.sites import services as sites
from anwang.registers.standards import services as standards
from anwang.work.checklists import services as checklists
from anwang.work.telemetry import history, store

Say = Callable[[str], None]
HOME_PROVINCE = "140000"
DISK_LOW = 2 * 1024**3
SEAL_OLD = timedelta(days=2)

register(
    {
        "setup.no_user": Sentence(
            gettext_lazy("There is no account called %(username)s."), gettext_lazy("Check the name."), 404
        ),
        "setup.no_region": Sentence(
            gettext_lazy("There is no region with the code %(code)s."), gettext_lazy("Check the code."), 404
        ),
        "setup.not_empty": Sentence(
            gettext_lazy("%(folder)s is not empty."),
            gettext_lazy("Restore into an empty folder: nothing is overwritten."),
        ),
        "setup.no_backup": Sentence(
            gettext_lazy("%(folder)s holds no backup of Anwang."), gettext_lazy("Check the folder."), 404
        ),
        "setup.server_backup": Sentence(
            gettext_lazy("pg_dump or pg_restore did not succeed: %(why)s"),
            gettext_lazy("Install the PostgreSQL client tools and check DATABASE_URL."),
        ),
    }
)


def migrate(*, now: datetime, say: Say) -> None:
    """Tables, roles, regions, libraries. Safe at every start; what is there already is left alone."""
    pending = bool(_pending())
    if pending:
        say(_("Database: creating or upgrading tables …"))
        call_command("migrate", verbosity=0, interactive=False)
    accounts.sync_roles(now=now)
    if not Region.objects.filter(code=HOME_PROVINCE).exists():
        say(_("Regions: the country down to counties, Shanxi down to villages …"))
        regions.load(HOME_PROVINCE, by=None, now=now)
    say(_("Libraries: kinds of sites, standards, checklists …"))
    organisations.load_library(now=now)
    sites.load_library(now=now)
    standards.load_libraries(now=now)
    checklists.load_libraries(now=now)


def _pending() -> list[Any]:
    executor = MigrationExecutor(connection)
    return executor.migration_plan(executor.loader.graph.leaf_nodes())


def not_ready() -> str:
    """Why the house cannot be started, or ""."""
    try:
        if _pending():
            return _("The database is not up to date. Run: anwang migrate")
    except DatabaseError as error:
        return _("The database does not answer: %(why)s") % {"why": str(error).splitlines()[0]}
    return ""


def check(*, now: datetime) -> list[dict[str, Any]]:
    """The state of the installation, item by item: what, whether it is well, and in words."""
    found = [_item(_("Database"), not (why := not_ready()), why or connection.vendor)]
    free = shutil.disk_usage(settings.HOME).free
    found.append(_item(_("Disk"), free > DISK_LOW, _("%(gb).1f GB free") % {"gb": free / 1024**3}))
    if found[0]["ok"]:
        figures = jobs.figures(now=now)
        found.append(
            _item(
                _("Jobs"),
                figures["failed"] == 0 and figures["late"] == 0,
                _("%(pending)s waiting, %(late)s late, %(failed)s failed, %(workers)s workers") % dict(figures),
            )
        )
        last = Seal.objects.order_by("-at").first()
        young = last is None or now - last.at < SEAL_OLD
        found.append(
            _item(_("Seals"), young, last.at.strftime("%Y-%m-%d %H:%M") if last else _("none yet, made every night"))
        )
        found += _gas(now)
    safe = settings.HTTPS or settings.ALLOWED_HOSTS[:1] == ["127.0.0.1"]
    found.append(_item(_("Cookies"), safe, _("over HTTPS only") if settings.HTTPS else _("for this machine only")))
    faults = [str(fault.msg) for fault in run_checks() if fault.is_serious()]
    found.append(_item(_("Settings"), not faults, "; ".join(faults) or _("no faults found")))
    key = audit_key.path()
    closed = not key.exists() or not key.stat().st_mode & 0o077
    found.append(_item(_("Key of the seals"), closed, str(key) if closed else _("readable by others: chmod 600")))
    found.append(_item(_("Version"), True, version("anwang")))
    found.append(_item(_("Debugging"), not settings.DEBUG, _("off") if not settings.DEBUG else _("on: never in use")))
    return found


def _gas(now: datetime) -> list[dict[str, Any]]:
    """The history of readings, and the gateways that run."""
    found = []
    if (state := store.health(now=now)) is not None:
        words = {
            "space": _("the disk will be full soon"),
            "unsealed": _("journals wait to be sealed"),
            "unmerged": _("closed days wait to be merged"),
        }
        size = (state.readings_bytes + state.statistics_bytes + state.journal_bytes) / 1024**3
        said = _("%(gb).1f GB, from %(first)s to %(last)s") % {"gb": size, "first": state.oldest, "last": state.newest}
        if state.days_left is not None:
            said += ", " + _("room for %(days).0f days") % {"days": state.days_left}
        said = "; ".join([said, *(words[alarm] for alarm in state.alarms)])
        found.append(_item(_("History of readings"), not state.alarms, said))
    for run in gateway.running(now=now):
        said = run.says or (_("connected: %(to)s") if run.connected else _("not connected: %(to)s")) % {
            "to": run.talks_to
        }
        # A house without a broker is in order: files and HTTP still come in.
        found.append(_item(_("Gateway") if run.part == "gateway" else _("Shard"), not run.says, f"{run.name}, {said}"))
    for way in gateway.ways(now=now):
        said = _("everything on record until %(until)s, %(n)s mines") % {
            "until": way.until.astimezone(clock.ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            "n": way.mines,
        }
        said = f"{way.way}, {said}" + (f", {way.words}" if way.words else "")
        found.append(_item(_("Way in for data"), not way.held, said))
    return found


def _item(what: str, ok: bool, says: str) -> dict[str, Any]:
    return {"what": what, "ok": ok, "says": says}


def create_user(*, username: str, name: str, role: str, region: str, now: datetime) -> str:
    """An account from the command line, with its first role; returns the password to be changed at first sign-in."""
    place = _region(region) if region else None
    password = accounts.suggest_password()
    user = accounts.create_user(username=username, name=name, by=None, now=now, password=password, home=place)
    if role:
        accounts.grant(user=user, role=role, by=None, now=now, region=place)
    return password


def reset_password(*, username: str, now: datetime) -> str:
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise Refused("setup.no_user", username=username)
    password = accounts.suggest_password()
    accounts.set_password(user=user, password=password, by=None, now=now, must_change=True)
    return password


def _region(code: str) -> Region:
    found = Region.objects.filter(code=code).first()
    if found is None:
        raise Refused("setup.no_region", code=code)
    return found


# --- copies ---------------------------------------------------------------------------------------------------------

DATABASE = "anwang.sqlite3"
DUMP = "anwang.dump"
HISTORY = "history"
KEPT = ("secret", "audit.key", "files", "seals", "archive")


def backup(folder: Path, *, now: datetime) -> Path:
    """A whole copy into ``folder``/anwang-YYYYmmdd-HHMMSS, taken while the house is in use.

    The database first: a file that comes after it is an orphan in the copy, never a row without its file. So with
    readings: the history may be a moment ahead of its episodes, never behind them. What an earlier backup beside it
    has of the history already is linked, not copied again.
    """
    earlier = sorted(each for each in folder.glob("anwang-*") if (each / HISTORY).is_dir()) if folder.is_dir() else []
    target = folder / f"anwang-{now:%Y%m%d-%H%M%S}"
    target.mkdir(parents=True)
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as source:
            source.execute("VACUUM INTO ?", (str(target / DATABASE),))
    else:
        _run(["pg_dump", "--format=custom", "--no-owner", f"--file={target / DUMP}", *_server()])
    for name in KEPT:
        source_path = Path(settings.HOME) / name
        if source_path.is_dir():
            shutil.copytree(source_path, target / name)
        elif source_path.exists():
            shutil.copy2(source_path, target / name)
    if store.folder().is_dir():
        history.snapshot(store.folder(), target / HISTORY, like=earlier[-1] / HISTORY if earlier else None)
        if store.doubts().is_dir():
            shutil.copytree(
                store.doubts(),
                target / HISTORY / store.doubts().name,
                ignore=shutil.ignore_patterns("shard-*", "*.new"),
            )
    return target


def restore(folder: Path) -> Path:
    """Bring a backup back into an empty ANWANG_HOME (and, with a server, into an empty database)."""
    home = Path(settings.HOME)
    if not (folder / DATABASE).exists() and not (folder / DUMP).exists():
        raise Refused("setup.no_backup", folder=str(folder))
    if any(path.name != "secret" for path in home.iterdir()):
        raise Refused("setup.not_empty", folder=str(home))
    for path in sorted(folder.iterdir()):
        if path.name == DUMP:
            continue
        if path.is_dir():
            shutil.copytree(path, home / path.name)
        else:
            shutil.copy2(path, home / path.name)
    if (folder / DUMP).exists():
        _run(["pg_restore", "--no-owner", "--exit-on-error", *_server(), str(folder / DUMP)])
    return home


def _server() -> list[str]:
    database = settings.DATABASES["default"]
    said = {"host": database.get("HOST"), "port": database.get("PORT"), "username": database.get("USER")}
    return [*(f"--{name}={value}" for name, value in said.items() if value), f"--dbname={database['NAME']}"]


def _run(command: list[str]) -> None:
    # The password goes through the environment: arguments can be read by every user of the machine.
    password = settings.DATABASES["default"].get("PASSWORD")
    env = os.environ | ({"PGPASSWORD": str(password)} if password else {})
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)  # noqa: S603
    except FileNotFoundError as error:
        raise Refused("setup.server_backup", why=f"{command[0]}: {error.strerror}") from error
    if done.returncode:
        raise Refused("setup.server_backup", why=done.stderr.strip().splitlines()[-1] if done.stderr else "")

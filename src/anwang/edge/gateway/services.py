"""Messages taken in, keys made and withdrawn, the broker's files, what a process says of itself."""

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F

from anwang.edge.gateway import rules, selectors
from anwang.edge.gateway.messages import Message, Poison, State, read
from anwang.edge.gateway.models import Key, RefusedMessage, RefusedTally, Run, Way
from anwang.edge.gateway.rules import Hindrance, Part, Reason
from anwang.ground.accounts import scope
from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.notices import services as notices
from anwang.kernel import clock
from anwang.work.telemetry import services as telemetry
from anwang.work.telemetry.models import Mine
from anwang.work.telemetry.services import Item, Receipt, UploadedFile

GIVEN_UP = timedelta(days=7)
"""After this a way in that is held up is no longer one. The broker keeps our session for as long."""
WayKey = tuple[Part, str]
KEPT_PER_MINE = 100
"""Messages that were none, word for word; all are counted."""
GATEWAY = "gateway"

log = structlog.get_logger("anwang.gateway")


@dataclass(slots=True)
class Taken:
    messages: int = 0
    readings: int = 0
    refused: int = 0
    """Messages, files and records that were not taken."""
    again: int = 0
    """Scans, files and readings that had come before."""


@dataclass(frozen=True, slots=True)
class WaySaid:
    """What a process says of a way in: ``until`` None where it can say nothing newer than before."""

    part: Part
    name: str
    until: datetime | None
    hindrance: Hindrance = Hindrance.NONE


def take(messages: Sequence[Message], *, now: datetime) -> Taken:
    """Take messages in their order. When it returns all of it is committed and on the disk.

    What cannot be read is refused and counted, and never holds up what comes after it. Raises what keeps everything
    from going on: Refused("telemetry.disk_full"), errors of the database.
    """
    done = Taken(len(messages))
    waiting: list[Item] = []
    poison: list[Poison] = []

    def flush() -> None:
        if waiting:
            _count(done, _received(waiting, poison, now=now))
            waiting.clear()

    for each in read(messages):
        if isinstance(each, Poison):
            poison.append(each)
        elif isinstance(each, State):
            flush()
            if not each.online:
                telemetry.offline(code=each.mine, now=now)
        else:
            waiting.append(each)
    flush()
    if poison:
        _refuse(poison, now=now)
        done.refused += len(poison)
    return done


def _received(items: list[Item], poison: list[Poison], *, now: datetime) -> list[Receipt]:
    try:
        return telemetry.receive(items, now=now)
    except (DatabaseError, OSError, Refused) as error:
        if not isinstance(error, Refused) or error.key == "telemetry.disk_full":
            raise
    except Exception:
        log.exception("gateway.batch", items=len(items))
    # One of them is to blame: each by itself, so that it alone is left out.
    receipts: list[Receipt] = []
    for item in items:
        try:
            receipts += telemetry.receive([item], now=now)
        except (DatabaseError, OSError):
            raise
        except Exception as error:
            if isinstance(error, Refused) and error.key == "telemetry.disk_full":
                raise
            log.exception("gateway.item")
            content = item.content if isinstance(item, UploadedFile) else repr(item)[:2000].encode()
            mine = item.name[:12] if isinstance(item, UploadedFile) else item.mine
            poison.append(Poison(f"{rules.ROOT}/{mine}/{item.name}", Reason.FAILED, content))
    return receipts


def _count(done: Taken, receipts: Sequence[Receipt]) -> None:
    for each in receipts:
        done.readings += each.readings - each.again
        done.refused += each.rejected + (each.state in {"refused", "incomplete"})
        done.again += each.again + (each.state == "duplicate")


@transaction.atomic
def _refuse(poison: Sequence[Poison], *, now: datetime) -> None:
    day = clock.local_date(now)
    tally = Counter((rules.mine_of(each.topic), each.reason) for each in poison)
    for (mine, reason), n in tally.items():
        row, _ = RefusedTally.objects.get_or_create(mine_code=mine, day=day, reason=reason)
        RefusedTally.objects.filter(pk=row.pk).update(n=F("n") + n)
    RefusedMessage.objects.bulk_create(
        [
            RefusedMessage(
                mine_code=rules.mine_of(each.topic),
                topic=each.topic.replace("\0", "")[:300],
                reason=each.reason,
                text=_shown(each.payload),
                at=now,
            )
            for each in poison[-KEPT_PER_MINE:]
        ]
    )
    for mine in {mine for mine, _ in tally}:
        newest = RefusedMessage.objects.filter(mine_code=mine).order_by("-id").values_list("id", flat=True)
        if len(over := newest[KEPT_PER_MINE : KEPT_PER_MINE + 1]):
            RefusedMessage.objects.filter(mine_code=mine, id__lte=over[0]).delete()


def _shown(payload: bytes) -> str:
    text = payload[:300].decode("utf-8", errors="backslashreplace")
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)[:300]


# --- keys -----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def make_key(*, now: datetime, mine: str = "", name: str = "") -> tuple[Key, str]:
    """A key for a mine, met if nobody has heard of it, or for a gateway; the one before it is withdrawn.

    Returns the password, which is nowhere kept. Raises Refused("telemetry.mine_unknown").
    """
    met = telemetry.meet(code=mine, name=name or mine, now=now) if mine else None
    username = mine or GATEWAY
    Key.objects.filter(username=username, withdrawn_at__isnull=True).update(withdrawn_at=now)
    password = secrets.token_urlsafe(24)
    key = Key.objects.create(
        username=username, mine=met, broker_hash=rules.broker_hash(password, secrets.token_bytes(12)), made_at=now
    )
    audit.record("gateway.key_made", on=key, by=None, at=now, data={"username": username})
    return key, password


@transaction.atomic
def withdraw_key(*, username: str, now: datetime) -> Key:
    """Raises Refused("gateway.no_key")."""
    key = selectors.in_force().select_for_update(of=("self",)).filter(username=username).first()
    if key is None:
        raise Refused("gateway.no_key", username=username)
    key.withdrawn_at = now
    key.save(update_fields=["withdrawn_at"])
    audit.record("gateway.key_withdrawn", on=key, by=None, at=now, data={"username": username})
    return key


ACL = f"""\
# Written by Anwang. A mine writes below its own code and reads nothing; the gateway reads everything.
user {GATEWAY}
topic read {rules.ROOT}/#

pattern write {rules.ROOT}/%u/#
"""


def write_broker_files(folder: Path) -> list[Path]:
    """Password file and access list for Mosquitto, of the keys in force. Readable by the owner alone."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {
        folder / "anwang.passwd": "".join(f"{key.username}:{key.broker_hash}\n" for key in selectors.in_force()),
        folder / "anwang.acl": ACL,
    }
    for path, text in made.items():
        fresh = path.with_suffix(path.suffix + ".new")
        fresh.touch(mode=0o600)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    return list(made)


# --- processes and ways in ------------------------------------------------------------------------------------------------


def say(run: Run, *, now: datetime) -> None:
    """What a process says of itself; those long gone are forgotten."""
    run.seen_at = now
    Run.objects.update_or_create(
        name=run.name,
        defaults={
            name: getattr(run, name)
            for name in (
                "part",
                "talks_to",
                "connected",
                "started_at",
                "seen_at",
                "messages",
                "readings",
                "refused",
                "waiting",
                "says",
            )
        },
    )
    Run.objects.filter(seen_at__lt=now - 100 * rules.ALIVE).delete()


def say_ways(said: Sequence[WaySaid], *, now: datetime) -> None:
    """What a process says of the ways in that it works, as it looked at ``now``; of those that no mine comes by there is
    nothing to say.
    """
    for each in said:
        way = Way.objects.filter(part=each.part, name=each.name)
        facts: dict[str, datetime] = {}
        if each.until is not None:
            facts = {"until": each.until, "said_at": now}
            way.filter(said_at__lt=now).update(before=F("until"), before_said_at=F("said_at"))
        way.update(seen_at=now, hindrance=each.hindrance, **facts)


def came_by(heard: Mapping[WayKey, Collection[str]], *, now: datetime) -> dict[WayKey, set[str]]:
    """Mines (by their codes) were heard by these ways. Returns those that are not known as mines yet, to be said again:
    a mine is made when the first thing it sends is taken in.
    """
    unknown: dict[WayKey, set[str]] = {}
    for (part, name), codes in heard.items():
        known = dict(Mine.objects.filter(code__in=codes).values_list("code", "pk"))
        if known:
            way, _ = Way.objects.get_or_create(part=part, name=name, defaults={"made_at": now})
            way.mines.add(*known.values())
        if left := set(codes) - set(known):
            unknown[part, name] = left
    return unknown


@transaction.atomic
def watch_ways(*, now: datetime) -> int:
    """Tell people of ways in that are held up, once, and once more when they flow again. Returns of how many was told.

    Who: whoever keeps the system and whoever keeps the gas watch where the mines lie. After a week a way is given up: so
    long does a broker keep what waits for us.
    """
    told = 0
    for state in selectors.ways(now=now):
        way = Way.objects.select_for_update().filter(pk=state.way.pk).first()
        if way is None:
            continue
        if (way.until or way.made_at) < now - GIVEN_UP:
            _forget(way, now)
        elif state.held != (way.told_at is not None):
            people = _keepers(way) if state.mines else []
            since = state.until.astimezone(clock.ZONE).strftime("%Y-%m-%d %H:%M")
            params = {"way": str(way), "why": state.words, "since": since, "n": state.mines, "url": "/gas/health/"}
            notices.tell(people, "gateway.held" if state.held else "gateway.flows", on=way, params=params, now=now)
            way.told_at = now if state.held else None
            way.save(update_fields=["told_at"])
            told += 1
    return told


@transaction.atomic
def forget_way(*, number: int, now: datetime) -> Way:
    """Give a way in up: nobody will come by it again, and its mines are judged by what else they send.

    Raises Refused("gateway.no_way").
    """
    way = Way.objects.select_for_update().filter(pk=number).first()
    if way is None:
        raise Refused("gateway.no_way", number=number)
    _forget(way, now)
    return way


def _forget(way: Way, now: datetime) -> None:
    audit.record("gateway.way_forgotten", on=way, by=None, at=now, data={"part": way.part, "name": way.name})
    way.delete()


def _keepers(way: Way) -> list[User]:
    """One mine of each county stands for all of it."""
    mines = {mine.county_code: mine for mine in way.mines.all()}
    wanted = (Permission.SYSTEM_MANAGE, Permission.GAS_EDIT)
    return [user for mine in mines.values() for permission in wanted for user in scope.holders(permission, mine)]

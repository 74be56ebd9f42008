"""Who is underground: the positioning system's areas, cards, base stations, and its newest snapshot of positions.

Personal data is kept as little as the screens need: of each card where it is now, of the past only how many there were.
A whole name is shown, or taken away in a list, to who may and says why; that is on record.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from django.db import models, transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import update_all
from anwang.work.telemetry import dialects, labels, rules, underground
from anwang.work.telemetry.memory import moment
from anwang.work.telemetry.models import BaseStation, Headcount, Mine, MineArea, Muster, Position, Worker

FILES = frozenset({"RYXX", "RYQY", "RYJZ", "JZSS", "RYSS"})
_NAMING = frozenset({"RYXX", "RYSS"})
Rows = Sequence[Mapping[str, Any]]
Row = TypeVar("Row", bound=models.Model)


# --- who looks at them ------------------------------------------------------------------------------------------------


@transaction.atomic
def show_name(
    *, mine_id: str, person_id: int, reason: str, note: str = "", by: User, now: datetime
) -> underground.PersonLine:
    """Somebody underground with the whole name. Who looked and why is on record before it is shown.

    ``person_id``: the card's row in the newest snapshot. Raises Refused("telemetry.person_gone") where it is in it no more.
    """
    mine: Mine = Mine.objects.visible_to(by).get(pk=mine_id)
    require(by, Permission.PERSON_UNMASK, on=mine)
    note = _said(reason, note)
    row = underground.people(mine).filter(pk=person_id).first()
    if row is None:
        raise Refused("telemetry.person_gone")
    muster = Muster.objects.get(mine=mine)
    worker = Worker.objects.filter(card=row.card).first()
    area = MineArea.objects.filter(code=row.area).first()
    # By their rows, not by name or card: neither belongs in the trail.
    data = {"position": row.pk, "worker": worker.pk if worker else "", "reason": reason, "note": note}
    audit.record("telemetry.name_shown", on=mine, by=by, at=now, data=data)
    return underground.person(row, worker, area, muster.at, named=True)


@transaction.atomic
def take_list(
    *, mine_id: str, named: bool = False, reason: str = "", note: str = "", by: User, now: datetime
) -> underground.Now:
    """Everybody underground, to take away; ``named``: with whole names, for a reason. On record before it is written.

    Raises Refused("telemetry.no_snapshot") before the mine has sent one.
    """
    mine: Mine = Mine.objects.visible_to(by).get(pk=mine_id)
    require(by, Permission.LEDGER_EXPORT, on=mine)
    if named:
        require(by, Permission.PERSON_UNMASK, on=mine)
        note = _said(reason, note)
    found = underground.now_of(mine, named=named)
    if found is None:
        raise Refused("telemetry.no_snapshot")
    data: dict[str, Any] = {"people": len(found.people), "snapshot": found.muster.at, "names": named}
    if named:
        data |= {"reason": reason, "note": note}
    audit.record("telemetry.people_taken", on=mine, by=by, at=now, data=data)
    return found


def _said(reason: str, note: str) -> str:
    """The note that goes with a reason. Raises Refused("telemetry.reason_missing") where nothing was said."""
    note = note.strip()[:200]
    if reason not in labels.UNMASK_REASON:
        raise Refused("telemetry.reason_missing", field="reason")
    if reason == "other" and not note:
        raise Refused("telemetry.reason_missing", field="note")
    return note


# --- what is kept -----------------------------------------------------------------------------------------------------


def without_names(kind: str, text: str) -> str:
    """A dropped record as it may be kept: of files that name people only the first field, which is the card."""
    return f"{text.partition(';')[0]};…" if kind in _NAMING else text


def keep(mine: Mine, file: dialects.Parsed, *, now: datetime) -> None:
    """Enter a file of the positioning system, under the lock of the mine's feed. A newer word stays, whatever comes late."""
    at = moment(file.header.at)
    match file.name.type:
        case "RYQY":
            _areas(mine, file.rows, at)
        case "RYXX":
            _workers(mine, file.rows, at)
        case "RYJZ" | "JZSS":
            _stations(mine, file.name.type, file.rows)
        case _:
            _snapshot(mine, file, at, now)


def _areas(mine: Mine, rows: Rows, at: datetime) -> None:
    entered = [
        MineArea(
            mine=mine,
            code=code,
            area_type=row["area_type"][:20],
            name=row["name"][:100],
            allowed=row["allowed"],
            sent_at=at,
        )
        for code, row in _by(rows, "area").items()
    ]
    _enter(mine, MineArea, "code", entered, newer="sent_at")


def _workers(mine: Mine, rows: Rows, at: datetime) -> None:
    entered = [
        Worker(
            mine=mine,
            card=card,
            name=row["name"][:50],
            job=row["job"][:50],
            post=row["post"][:50],
            team=row["team"][:100],
            leader=row["leader"],
            special=row["special"],
            sent_at=at,
        )
        for card, row in _by(rows, "card").items()
    ]
    _enter(mine, Worker, "card", entered, newer="sent_at")


def _stations(mine: Mine, kind: str, rows: Rows) -> None:
    last = _by(rows, "station")
    there = {each.code: each for each in BaseStation.objects.filter(mine=mine, code__in=last)}
    made = [BaseStation(mine=mine, code=code) for code in last if code not in there]
    changed = []
    for each in (*there.values(), *made):
        row = last[each.code]
        if kind == "RYJZ":
            each.name = row["name"][:200]
        elif each.at is None or moment(row["at"]) > each.at:
            each.run_state, each.power_state, each.at = row["run"][:2], row["power"][:2], moment(row["at"])
        else:
            continue
        if each.pk is not None:
            changed.append(each)
    BaseStation.objects.bulk_create(made, batch_size=500)
    update_all(changed, "name", "run_state", "power_state", "at")


def _snapshot(mine: Mine, file: dialects.Parsed, at: datetime, now: datetime) -> None:
    """The newest snapshot takes the place of the one before, whole. One of which nothing could be read says nothing."""
    if file.rejected and not file.rows:
        return
    rows = _by(file.rows, "card")
    inside = [row for row in rows.values() if row["in_out"] == rules.InOut.IN]
    leaders = sum(row["leader"] for row in inside)
    Headcount.objects.update_or_create(mine=mine, at=at, defaults={"n": len(inside), "leaders": leaders})
    before = Muster.objects.filter(mine=mine).first()
    if before is not None and before.at >= at:
        return
    Muster.objects.update_or_create(
        mine=mine,
        defaults={
            "at": at,
            "received_at": now,
            "n": len(inside),
            "leaders": leaders,
            "special": sum(row["special"] for row in inside),
            "unread": len(file.rejected),
        },
    )
    positions = [_position(mine, row) for row in rows.values()]
    Position.objects.filter(mine=mine).exclude(card__in=rows).delete()
    _enter(mine, Position, "card", positions)


def _position(mine: Mine, row: Mapping[str, Any]) -> Position:
    return Position(
        mine=mine,
        card=row["card"],
        name=row["name"][:50],
        in_out=row["in_out"],
        in_at=_maybe(row["in_at"]),
        out_at=_maybe(row["out_at"]),
        area=row["area"][:32],
        area_at=_maybe(row["area_at"]),
        station=row["station"][:32],
        work=row["work"][:20],
        leader=row["leader"],
        special=row["special"],
    )


def _enter(mine: Mine, table: type[Row], key: str, rows: Iterable[Row], *, newer: str = "") -> None:
    """Write what is new or says something else. With ``newer``, a row that is older by that field changes nothing."""
    names = [each.name for each in table._meta.concrete_fields if not each.primary_key]  # noqa: SLF001
    columns = [each.attname for each in table._meta.concrete_fields if not each.primary_key]  # noqa: SLF001
    there = {getattr(each, key): each for each in table._default_manager.filter(mine=mine)}  # noqa: SLF001
    made, changed = [], []
    for row in rows:
        before = there.get(getattr(row, key))
        if before is None:
            made.append(row)
        elif newer and getattr(before, newer) > getattr(row, newer):
            continue
        elif any(getattr(before, name) != getattr(row, name) for name in columns):
            row.pk = before.pk
            changed.append(row)
    table._default_manager.bulk_create(made, batch_size=500)  # noqa: SLF001
    update_all(changed, *names)


def _by(rows: Rows, key: str) -> dict[str, Mapping[str, Any]]:
    """By their key; of what stands twice the last counts."""
    return {row[key]: row for row in rows}


def _maybe(at: int | None) -> datetime | None:
    return None if at is None else moment(at)

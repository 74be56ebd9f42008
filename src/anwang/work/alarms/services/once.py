"""An act counts once, however often it is sent: by the id that the doer's form or program made for it."""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Self

from django.db import IntegrityError, transaction

from anwang.ground.accounts.models import User
from anwang.ground.base.errors import Refused
from anwang.kernel import ids
from anwang.work.alarms.models import Alarm, AlarmMove


@dataclass(frozen=True, slots=True)
class Act:
    """``id`` is a ULID, "" where the doer made none; ``digest`` says which verb it is and what was said with it."""

    id: str = ""
    digest: str = ""

    @classmethod
    def of(cls, act_id: str, verb: str, **said: Any) -> Self:
        """Raises Refused("alarms.act_id_wrong") for an id that is no ULID."""
        if not act_id:
            return cls()
        if not ids.is_ulid(act_id):
            raise Refused("alarms.act_id_wrong", field="act_id")
        # Texts as they are kept: a space at the end makes no other act.
        plain = {name: text.strip() if isinstance(text, str) else text for name, text in said.items()}
        content = json.dumps([verb, plain], ensure_ascii=False, sort_keys=True)
        return cls(act_id, sha256(content.encode()).hexdigest())

    def was_done(self, alarm: Alarm, by: User) -> bool:
        """Has she done this very act already? ``alarm`` is locked, so of two that arrive at once the second sees the first.

        Raises Refused("alarms.act_id_taken") where the id stands for another act.
        """
        move = AlarmMove.objects.filter(alarm=alarm, act_id=self.id).first() if self.id else None
        if move is None:
            return False
        if (move.by_id, move.act_digest) != (by.pk, self.digest):
            raise Refused("alarms.act_id_taken", field="act_id")
        return True


def write(move: AlarmMove) -> None:
    """Raises Refused("alarms.act_id_taken") where the act's id stands for an act on another alarm: no lock of ours knows
    of that one, the database does.
    """
    if not move.act_id:
        move.save(force_insert=True)
        return
    try:
        with transaction.atomic():
            move.save(force_insert=True)
    except IntegrityError as error:
        # The second condition is the index's own, or SQLite would not use it.
        if AlarmMove.objects.filter(act_id=move.act_id).exclude(act_id="").exists():
            raise Refused("alarms.act_id_taken", field="act_id") from error
        raise

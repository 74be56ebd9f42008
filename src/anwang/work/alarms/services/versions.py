"""What putting a version of a rule into force has in common, whichever rule it is."""

from typing import TypeVar

from django.db import IntegrityError, transaction

from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.kernel import ids
from anwang.work.alarms.models import Version

V = TypeVar("V", bound=Version)

_NOT_SAID = frozenset({"id", "version", "in_force_from", "made_at"})
"""Columns that do not come from who puts it into force."""


def put(row: V, *, act_id: str = "") -> tuple[V, bool]:
    """Write a version under the lock of its rule: (the row, whether it is new). ``act_id`` is a ULID made by the form: sent
    twice, it puts one version into force.

    Raises Refused("alarms.act_id_wrong"), and ("alarms.act_id_taken") where the id stands for another version.
    """
    if act_id and not ids.is_ulid(act_id):
        raise Refused("alarms.act_id_wrong", field="act_id")
    row.pk = act_id or new_id()
    if act_id and (earlier := type(row)._default_manager.filter(pk=act_id).first()) is not None:  # noqa: SLF001
        if _said(earlier) != _said(row):
            raise Refused("alarms.act_id_taken", field="act_id")
        return earlier, False
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        # Versions of other rules have other locks.
        if type(row)._default_manager.filter(pk=row.pk).exists():  # noqa: SLF001
            raise Refused("alarms.act_id_taken", field="act_id") from error
        raise
    return row, True


def _said(row: Version) -> dict[str, object]:
    return {
        each.attname: getattr(row, each.attname)
        for each in row._meta.concrete_fields  # noqa: SLF001
        if each.name not in _NOT_SAID
    }

"""Level rules of this house: a row per version, over the built-in ones."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence as Numbers
from anwang.work.alarms import labels, library, rules
from anwang.work.alarms.models import LevelRule
from anwang.work.alarms.services import versions
from anwang.work.telemetry import places as standard
from anwang.work.telemetry import sensors

_KEY = re.compile(r"[a-z0-9][a-z0-9.\-]{0,39}")


@transaction.atomic
def set_rule(
    *,
    key: str,
    family: str,
    level: str,
    instrument: str,
    by: User,
    now: datetime,
    article: str = "",
    source: str = "",
    confidence: str = "",
    quantities: Sequence[str] = (),
    kinds: Sequence[str] = (),
    places: Sequence[str] = (),
    at_least: float | None = None,
    at_most: float | None = None,
    times: float | None = None,
    minutes: int | None = None,
    act_id: str = "",
) -> LevelRule:
    """Put a version of a level rule into force from now on; ``level`` "" takes the key out of use.

    Alarms that are open keep the level they have; it is judged by the new row at their next episode or rung.
    ``act_id``: a ULID made by the form; sending it twice makes one version.
    """
    require(by, Permission.ALARM_RULES)
    # The number's lock: two who change one key at once get two versions.
    Numbers.take(f"alarms:rule:{key[:40]}")
    _check(key, family, level, instrument, quantities, kinds, places)
    last = LevelRule.objects.filter(key=key).aggregate(last=Max("version"))["last"] or 0
    built_in = next((row.version for row in library.level_rows() if row.key == key), 0)
    version = LevelRule(
        key=key,
        version=max(last, built_in) + 1,
        family=family,
        level=level,
        quantities=list(quantities),
        kinds=list(kinds),
        places=list(places),
        at_least=at_least,
        at_most=at_most,
        times=times,
        minutes=minutes,
        instrument=instrument.strip(),
        article=article.strip(),
        source=source.strip(),
        confidence=confidence,
        in_force_from=now,
        made_by=by,
        made_at=now,
    )
    row, new = versions.put(version, act_id=act_id)
    if not new:
        return row
    audit.record(
        "alarms.rule_set", on=row, by=by, at=now, data={"key": key, "version": row.version, "level": level or "off"}
    )
    return row


def _check(
    key: str,
    family: str,
    level: str,
    instrument: str,
    quantities: Sequence[str],
    kinds: Sequence[str],
    places: Sequence[str],
) -> None:
    if not _KEY.fullmatch(key) or family not in labels.FAMILY or (level and level not in dict(labels.LEVELS)):
        raise Refused("alarms.rule_empty", field="key")
    if not instrument.strip():
        raise Refused("alarms.rule_source", field="instrument")
    measured = {*library.conduct().quantities.values(), *sensors.types()}
    for name, said, known in (
        ("quantities", quantities, measured),
        ("kinds", kinds, {kind for kind, each in rules.FAMILY.items() if each == family}),
        ("places", places, {row.key for row in standard.rows()}),
    ):
        if set(said) - known:
            raise Refused("alarms.choice_unknown", field=name)

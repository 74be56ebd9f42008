"""Roads and time limits of this house: a row per version, over the built-in ones."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Max

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence as Numbers
from anwang.kernel.scale import Level
from anwang.work.alarms import labels, library, rules, selectors
from anwang.work.alarms.models import RoadRule, StepLimit
from anwang.work.alarms.rules import Family, Road, Step
from anwang.work.alarms.services import versions
from anwang.work.telemetry import sensors

_KEY = re.compile(r"[a-z0-9][a-z0-9.\-]{0,39}")
_ALWAYS = datetime.max.replace(tzinfo=UTC)


@transaction.atomic
def set_limit(
    *,
    step: str,
    level: str,
    minutes: int | None,
    instrument: str,
    by: User,
    now: datetime,
    article: str = "",
    source: str = "",
    confidence: str = "",
    act_id: str = "",
) -> StepLimit:
    """Put a time limit of a step into force from now on, for alarms of one level; ``minutes`` (1 to 10 080) None: the
    step has no limit any more.

    A step that waits keeps the time it was given; the next one is counted by the new row.
    ``act_id``: a ULID made by the form; sending it twice makes one version.
    """
    require(by, Permission.ALARM_RULES)
    if step not in labels.STEP:
        raise Refused("alarms.step_unknown", field="step")
    if level not in labels.LEVEL:
        raise Refused("alarms.level_unknown", field="level")
    if minutes is not None and not 1 <= minutes <= rules.LONGEST:
        raise Refused("alarms.limit_minutes", field="minutes", most=f"{rules.LONGEST:,}")
    _check_basis(instrument, confidence)
    key = rules.limit_key(Step(step), Level.of(level))
    # The number's lock: two who change one limit at once get two versions.
    Numbers.take(f"alarms:limit:{key}")
    last = StepLimit.objects.filter(step=step, level=level).aggregate(last=Max("version"))["last"] or 0
    built_in = library.conduct().limit_rows.get((Step(step), Level.of(level)))
    version = StepLimit(
        step=step,
        level=level,
        version=max(last, built_in.version if built_in else 0) + 1,
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
    data = {"key": key, "version": row.version, "minutes": minutes if minutes is not None else "off"}
    audit.record("alarms.limit_set", on=row, by=by, at=now, data=data)
    return row


@transaction.atomic
def set_road(
    *,
    key: str,
    family: str,
    steps: Sequence[str],
    instrument: str,
    by: User,
    now: datetime,
    quantities: Sequence[str] = (),
    levels: Sequence[str] = (),
    article: str = "",
    source: str = "",
    confidence: str = "",
    act_id: str = "",
) -> RoadRule:
    """Put a road into force from now on: which steps alarms of a family, quantities and levels take. No ``steps`` takes
    the key out of use.

    An alarm keeps the road of the moment at which it called; the new one holds from its next call on.
    ``act_id``: a ULID made by the form; sending it twice makes one version.
    """
    require(by, Permission.ALARM_RULES)
    # One lock for all roads: whether one is lacking is asked of all of them together.
    Numbers.take("alarms:roads")
    _check_road(key, family, steps, quantities, levels)
    _check_basis(instrument, confidence)
    chosen = tuple(Step(step) for step in Step if step in steps)
    road = Road(Family(family), chosen, frozenset(quantities), frozenset(Level.of(each) for each in levels), key=key)
    if chosen and (problem := rules.road_problem(road)):
        raise Refused(problem, field="steps")
    _check_gap(road)
    written = RoadRule.objects.aggregate(last=Max("in_force_from"))["last"]
    last = RoadRule.objects.filter(key=key).aggregate(last=Max("version"))["last"] or 0
    built_in = next((each.version for each in library.conduct().roads if each.key == key), 0)
    version = RoadRule(
        key=key,
        version=max(last, built_in) + 1,
        family=family,
        quantities=sorted(quantities),
        levels=[level for level in labels.LEVEL if level in levels],
        steps=[step.value for step in chosen],
        instrument=instrument.strip(),
        article=article.strip(),
        source=source.strip(),
        confidence=confidence,
        # Roads come into force in the order in which they were checked against each other.
        in_force_from=max(now, written) if written else now,
        made_by=by,
        made_at=now,
    )
    row, new = versions.put(version, act_id=act_id)
    if not new:
        return row
    data = {"key": key, "version": row.version, "steps": row.steps or "off"}
    audit.record("alarms.road_set", on=row, by=by, at=now, data=data)
    return row


def _check_road(key: str, family: str, steps: Sequence[str], quantities: Sequence[str], levels: Sequence[str]) -> None:
    if not _KEY.fullmatch(key):
        raise Refused("alarms.road_key", field="key")
    if family not in labels.FAMILY:
        raise Refused("alarms.choice_unknown", field="family")
    if set(steps) - set(labels.STEP):
        raise Refused("alarms.step_unknown", field="steps")
    if set(levels) - set(labels.LEVEL):
        raise Refused("alarms.level_unknown", field="levels")
    if set(quantities) - {*library.conduct().quantities.values(), *sensors.types()}:
        raise Refused("alarms.choice_unknown", field="quantities")


def _check_basis(instrument: str, confidence: str) -> None:
    if not instrument.strip():
        raise Refused("alarms.row_source", field="instrument")
    if confidence not in ("", *labels.CONFIDENCE):
        raise Refused("alarms.choice_unknown", field="confidence")


def _check_gap(road: Road) -> None:
    """No alarm may be without a road: of all rows that were ever put into force the newest count."""
    held = selectors.InForce().own_roads(at=_ALWAYS)
    gap = rules.road_gap(rules.arranged([*held, road], library.conduct().roads))
    if gap:
        level = labels.LEVEL[gap[1].key]
        raise Refused("alarms.road_gap", field="steps", family=labels.FAMILY[gap[0]], level=level)

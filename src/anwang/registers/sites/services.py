"""Writes: enter a place, change it, put it on the map, close it, join two rows that are one."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import require
from anwang.ground.audit import services as audit
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import Sequence, new_id
from anwang.ground.regions import selectors as region_reads
from anwang.ground.regions import services as regions
from anwang.ground.regions.models import Region
from anwang.kernel import clock, codes, geo, ids, mask
from anwang.kernel.machine import MoveRefused
from anwang.registers.organisations import services as organisations
from anwang.registers.organisations.labels import USCC_WHY
from anwang.registers.organisations.models import Organisation, Responsibility
from anwang.registers.organisations.rules import changed, name_key
from anwang.registers.sites import library, rules, selectors
from anwang.registers.sites.labels import COLOURS, CRS, STATES
from anwang.registers.sites.models import Site, SiteKind, SiteMove, SmallPlaceLimit, SupervisionClass
from anwang.registers.sites.rules import CURRENT, Action, Facts, State

CHANGEABLE = frozenset(
    {
        "name",
        "short_name",
        "kind_key",
        "domain",
        "enterprise",
        "uscc",
        "address",
        "owner_name",
        "owner_phone",
        "manager_name",
        "manager_phone",
        "people_on_site",
        "supervision_class",
        "supervising_department",
        "size_above_threshold",
        "standardisation_grade",
        "standardisation_until",
        "fields",
        "opened_on",
    }
)
_MASKS: dict[str, Callable[[str], str]] = {
    "owner_name": mask.mask_name,
    "manager_name": mask.mask_name,
    "owner_phone": mask.mask_phone,
    "manager_phone": mask.mask_phone,
}

_on_merge: list[Callable[..., None]] = []


def on_merge(repoint: Callable[..., None]) -> Callable[..., None]:
    """Register ``repoint(*, lost: Site, kept: Site, by, now)``: a higher room moves its rows from the one to the other.

    Called inside the merge's own transaction, after both rows are locked and before ``lost`` is closed.
    """
    if repoint not in _on_merge:
        _on_merge.append(repoint)
    return repoint


@transaction.atomic
def load_library(*, now: datetime) -> int:
    """Write kinds, classes and limits that are new or newer than what is stored; what an office edited stays.

    Returns how many rows were written. Safe to call at every start.
    """
    written = 0
    stored = dict(SiteKind.objects.filter(current=True).values_list("key", "version"))
    for order, row in enumerate(library.kinds(), start=1):
        if stored.get(row["key"], 0) < row["version"]:
            SiteKind.objects.filter(key=row["key"], current=True).update(current=False)
            SiteKind.objects.create(current=True, order=order * 10, **row)
            written += 1
    for row in library.classes():
        kept = SupervisionClass.objects.filter(key=row["key"], region_code=row["region_code"]).first()
        if kept is None or kept.version < row["version"]:
            SupervisionClass.objects.update_or_create(
                key=row["key"],
                region_code=row["region_code"],
                defaults={name: value for name, value in row.items() if name not in {"key", "region_code"}},
            )
            written += 1
    for row in library.small_places():
        same = SmallPlaceLimit.objects.filter(
            region_code=row["region_code"], kind_key=row["kind_key"], field=row["field"]
        )
        if not same.filter(version__gte=row["version"]).exists():
            same.filter(until=None).update(until=row["since"])
            SmallPlaceLimit.objects.create(**row)
            written += 1
    if written:
        audit.record("sites.library_loaded", by=None, at=now, data={"rows": written})
    return written


# --- a file is opened and kept ----------------------------------------------------------------------------------------


@transaction.atomic
def create(
    *,
    name: str,
    kind_key: str,
    region: Region,
    by: User,
    now: datetime,
    id: str = "",  # noqa: A002 - the row's own name
    lon: float | None = None,
    lat: float | None = None,
    crs: str = "wgs84",
    demo: bool = False,
    lenient: bool = False,
    **values: Any,
) -> Site:
    """Enter a place. ``domain`` is that of its kind unless given; ``fields`` are read by the kind's own questions.

    ``id``: a ULID made by the form or the phone; sending it twice makes one row. ``lenient`` (old ledgers): a credit
    code or fields that do not fit are kept out or flagged instead of refused. Raises Refused with the field at fault.
    """
    if region.level in {"province", "city"}:
        raise Refused("sites.region_too_high", field="region", region=region.name)
    kind = _kind(kind_key)
    site = Site(id=id or new_id(), kind_key=kind_key, region=region, demo=demo, made_at=now, made_by=by, changed_at=now)
    site.domain = values.pop("domain", "") or kind.domain
    site.place_in(region)
    require(by, Permission.SITE_EDIT, on=site)
    same: Site | None = Site.objects.visible_to(by).filter(pk=id).first() if id else None
    if same is not None:
        return same
    missing = _set(site, {"name": name} | values, lenient=lenient)
    if lon is not None and lat is not None:
        _put(site, lon, lat, crs)
    year = clock.local_date(now).year
    place = region.county_code or region.code[:6]
    site.number = ids.human_number(place, year, Sequence.take(f"site:{place}:{year}"))
    _finish(site, now, missing)
    site.save()
    SiteMove.objects.create(site=site, action="", source="", target=site.state, at=now, by=by)
    _look_again(site)
    audit.record("sites.made", on=site, by=by, at=now, data={"kind": site.kind_key, "number": site.number})
    return site


@transaction.atomic
def change(*, site_id: str, changes: Mapping[str, Any], by: User, now: datetime, lenient: bool = False) -> Site:
    """Change what is written about a place; the audit keeps before and after of every field, personal ones masked.

    ``changes["fields"]`` replaces the kind's own values as a whole.
    """
    site = _locked(site_id, by)
    before, key_before = _words(site), site.name_key
    missing = _set(site, changes, lenient=lenient)
    # A domain can be changed out of one's own reach: then it is for somebody else to do.
    require(by, Permission.SITE_EDIT, on=site)
    _finish(site, now, missing)
    site.save()
    _look_again(site, key_before)
    if differs := changed(before, _words(site)):
        audit.record("sites.changed", on=site, by=by, at=now, data=_masked(differs))
    return site


@transaction.atomic
def set_position(*, site_id: str, lon: float, lat: float, crs: str, by: User, now: datetime) -> Site:
    """Put a place on the map. Stored as WGS-84; what was given, and in which datum, is kept beside it.

    A position outside the region's border is stored and flagged: borders are simplified, and a person judges.
    """
    site = _locked(site_id, by)
    before = [site.lon, site.lat]
    _put(site, lon, lat, crs)
    _finish(site, now)
    site.save()
    data = {
        "before": before,
        "after": [site.lon, site.lat],
        "crs": crs,
        "outside": rules.Flag.OUTSIDE in site.flag_keys,
    }
    audit.record("sites.positioned", on=site, by=by, at=now, data=data)
    return site


@transaction.atomic
def move_to(*, site_id: str, region: Region, by: User, now: datetime, note: str = "") -> Site:
    """The place is looked after in another region from now on (another grid, town or county)."""
    if region.level in {"province", "city"}:
        raise Refused("sites.region_too_high", field="region", region=region.name)
    site = _locked(site_id, by)
    old = site.region_id
    county = site.county_code
    site.place_in(region)
    require(by, Permission.SITE_EDIT, on=site)
    _finish(site, now)
    site.save()
    if county != site.county_code:
        for row in Site.objects.filter(county_code=county, name_key=site.name_key, state__in=CURRENT):
            _reflag(row)
    _look_again(site)
    for row in Responsibility.objects.filter(site_id=site.pk, until=None):
        row.place_in(region)
        row.save()
    data = {"from": old, "to": region.code, "note": note.strip()}
    audit.record("sites.moved", on=site, by=by, at=now, data=data)
    return site


@transaction.atomic
def suspend(*, site_id: str, note: str, by: User, now: datetime) -> Site:
    """Work is suspended (停产停业); inspections are not due meanwhile."""
    return _move(site_id, Action.SUSPEND, "sites.suspended", note, by, now)


@transaction.atomic
def resume(*, site_id: str, by: User, now: datetime, note: str = "") -> Site:
    return _move(site_id, Action.RESUME, "sites.resumed", note, by, now)


@transaction.atomic
def close(*, site_id: str, note: str, by: User, now: datetime) -> Site:
    """The place does not exist any more (关闭、注销、拆除). Its file stays readable."""
    return _move(site_id, Action.CLOSE, "sites.closed", note, by, now)


@transaction.atomic
def reopen(*, site_id: str, note: str, by: User, now: datetime) -> Site:
    return _move(site_id, Action.REOPEN, "sites.reopened", note, by, now)


@transaction.atomic
def merge(*, lost_id: str, kept_id: str, note: str, by: User, now: datetime) -> Site:
    """Two rows are one place: what ``kept`` does not know it takes from ``lost``, and every room moves its rows over.

    ``lost`` stays readable and points to ``kept``. Raises Refused("sites.merge_same"), ("sites.merge_counties").
    """
    if lost_id == kept_id:
        raise Refused("sites.merge_same", field="kept_id")
    rows: dict[str, Site] = {
        row.pk: row
        for row in Site.objects.visible_to(by).select_for_update().filter(pk__in=[lost_id, kept_id]).order_by("pk")
    }
    if len(rows) != 2:
        raise Site.DoesNotExist
    lost, kept = rows[lost_id], rows[kept_id]
    for row in (lost, kept):
        require(by, Permission.SITE_MERGE, on=row)
    if lost.county_code != kept.county_code:
        raise Refused("sites.merge_counties")
    if kept.state == State.MERGED:
        raise Refused("sites.merged_away")
    step = _step(lost, Action.MERGE, note)
    taken = _take_over(lost, kept)
    Responsibility.objects.filter(site_id=lost.pk).update(site_id=kept.pk)
    Site.objects.filter(merged_into=lost).update(merged_into=kept)
    for repoint in _on_merge:
        repoint(lost=lost, kept=kept, by=by, now=now)
    lost.state, lost.merged_into, lost.next_inspection_on, lost.changed_at = step.target, kept, None, now
    lost.flags = ""
    lost.save()
    SiteMove.objects.create(
        site=lost, action=step.action, source=step.source, target=step.target, at=now, by=by, note=note.strip()[:300]
    )
    _finish(kept, now)
    kept.save()
    _look_again(kept, lost.name_key)
    data = {"into": kept.pk, "into_number": kept.number, "taken": "、".join(taken), "note": note.strip()}
    audit.record("sites.merged", on=lost, by=by, at=now, data=data)
    return kept


@transaction.atomic
def set_colour(*, site_id: str, colour: str, by: User | None, now: datetime, reason: str = "") -> Site:
    """The present risk level of the place (red, orange, yellow, blue, or "" for not assessed).

    The room of risks calls this in its own transaction with ``by=None`` after it has asked for its own permission;
    a person who sets it by hand needs SITE_EDIT.
    """
    if colour and colour not in dict(COLOURS):
        raise Refused("sites.colour_unknown", field="colour", colour=colour)
    site: Site = _locked(site_id, by) if by is not None else Site.objects.select_for_update().get(pk=site_id)
    before = site.colour
    site.colour, site.colour_at, site.changed_at = colour, now, now
    site.save(update_fields=["colour", "colour_at", "changed_at"])
    audit.record(
        "sites.coloured", on=site, by=by, at=now, data={"before": before, "after": colour, "reason": reason.strip()}
    )
    return site


@transaction.atomic
def inspected(*, site_id: str, on: date, by: User, now: datetime) -> Site:
    """An inspection took place: the next one is due a class's months later.

    Called by the room of inspections inside its own verb, which has asked for the right; nothing is asked here.
    """
    if on > clock.local_date(now):
        raise Refused("sites.inspected_in_future", on=on.isoformat())
    site: Site = Site.objects.select_for_update().get(pk=site_id)
    if site.last_inspected_on is None or on > site.last_inspected_on:
        site.last_inspected_on = on
        site.next_inspection_on = _next_inspection(site)
        site.save(update_fields=["last_inspected_on", "next_inspection_on"])
        audit.record("sites.inspected", on=site, by=by, at=now, data={"on": on.isoformat()})
    return site


@transaction.atomic
def show_phone(*, site_id: str, whose: str, by: User, now: datetime) -> str:
    """The owner's or the manager's number in full; that it was shown is recorded. ``whose``: owner or manager."""
    site: Site = Site.objects.visible_to(by).get(pk=site_id)
    require(by, Permission.PERSON_UNMASK, on=site)
    phone = {"owner": site.owner_phone, "manager": site.manager_phone}.get(whose, "")
    if not phone:
        raise Refused("sites.no_phone")
    audit.record("sites.phone_shown", on=site, by=by, at=now, data={"whose": whose})
    return phone


# --- data an office edits ---------------------------------------------------------------------------------------------


@transaction.atomic
def set_frequency(*, key: str, region: Region, months: int, basis: str, by: User, now: datetime) -> SupervisionClass:
    """How often places of a class are inspected in this region from now on; due dates are reckoned anew.

    Overrides the default for the region's subtree. Needs SITE_MERGE there (the office that keeps the ledger).
    """
    require(by, Permission.SITE_MERGE, on=region)
    default = selectors.classes(region).get(key)
    if default is None:
        raise Refused("sites.class_unknown", field="key", word=key)
    row, _made = SupervisionClass.objects.update_or_create(
        key=key,
        region_code=region.code,
        defaults={
            "zh": default.zh,
            "en": default.en,
            "inspection_months": months,
            "basis": basis.strip(),
            "source": "",
            "confidence": "office",
            "version": default.version,
        },
    )
    inside = Site.objects.reachable(by, Permission.SITE_MERGE).filter(supervision_class=key, state=State.ACTIVE)
    for site in inside.iterator():
        site.next_inspection_on = _next_inspection(site)
        site.save(update_fields=["next_inspection_on"])
    data = {"class": key, "before": default.inspection_months, "after": months, "basis": basis.strip()}
    audit.record("sites.class_changed", on=region, by=by, at=now, data=data)
    return row


@transaction.atomic
def set_small_limit(
    *, kind_key: str, field: str, limit: float, region: Region, basis: str, since: date, by: User, now: datetime
) -> SmallPlaceLimit:
    """Up to where a place of this kind is a small one in this region from ``since`` on; the old row ends."""
    require(by, Permission.SITE_MERGE, on=region)
    spec = next((spec for spec in _kind(kind_key).fields if spec["key"] == field and spec["type"] == "number"), None)
    if spec is None:
        raise Refused("sites.field_unknown", field="field", asked=field)
    old = SmallPlaceLimit.objects.filter(region_code=region.code, kind_key=kind_key, field=field, until=None)
    version = max([row.version for row in old], default=0) + 1
    old.update(until=since)
    row = SmallPlaceLimit.objects.create(
        region_code=region.code,
        kind_key=kind_key,
        field=field,
        limit=limit,
        unit=spec.get("unit", ""),
        basis=basis.strip(),
        confidence="office",
        version=version,
        since=since,
    )
    inside = Site.objects.reachable(by, Permission.SITE_MERGE).filter(kind_key=kind_key, state__in=CURRENT)
    for site in inside.iterator():
        site.small = _small(site, clock.local_date(now))
        site.save(update_fields=["small"])
    data = {"kind": kind_key, "field": field, "limit": limit, "since": since.isoformat(), "basis": basis.strip()}
    audit.record("sites.limit_changed", on=region, by=by, at=now, data=data)
    return row


# --- inside -----------------------------------------------------------------------------------------------------------


def _kind(key: str) -> SiteKind:
    kind = selectors.kind_of(key)
    if kind is None:
        raise Refused("sites.kind_unknown", field="kind_key", kind=key)
    return kind


def _locked(site_id: str, by: User) -> Site:
    """The row for writing: seen, permitted, locked, and not merged away."""
    site: Site = Site.objects.visible_to(by).select_for_update().get(pk=site_id)
    require(by, Permission.SITE_EDIT, on=site)
    if site.state == State.MERGED:
        raise Refused("sites.merged_away")
    return site


def _step(site: Site, action: Action, note: str) -> Any:
    try:
        return rules.MACHINE.step(State(site.state), action, Facts(note=note))
    except MoveRefused as error:
        raise Refused(error.key, field="note", name=site.name, state=STATES[site.state]) from error


def _move(site_id: str, action: Action, event: str, note: str, by: User, now: datetime) -> Site:
    site = _locked(site_id, by)
    step = _step(site, action, note)
    site.state = step.target
    _finish(site, now)
    site.save()
    SiteMove.objects.create(
        site=site, action=step.action, source=step.source, target=step.target, at=now, by=by, note=note.strip()[:300]
    )
    _look_again(site)
    audit.record(event, on=site, by=by, at=now, data={"from": step.source, "note": note.strip()})
    return site


def _set(site: Site, values: Mapping[str, Any], *, lenient: bool) -> tuple[str, ...]:
    """Write values into the row; returns which required facts of its kind are missing."""
    for name, value in values.items():
        if name not in CHANGEABLE:
            raise TypeError(f"sites have no field {name} to be set")
        if name != "fields":
            setattr(site, name, " ".join(value.split()) if isinstance(value, str) else value)
    if not site.name:
        raise Refused("sites.name_missing", field="name")
    site.name_key = name_key(site.name)
    if site.domain not in Domain.values:
        raise Refused("sites.domain_unknown", field="domain", domain=site.domain)
    people = site.people_on_site
    if people is not None and (isinstance(people, bool) or not isinstance(people, int) or not 0 <= people < 10**7):
        raise Refused("sites.people_wrong", field="people_on_site")
    if "uscc" in values and site.uscc:
        site.uscc = _checked_uscc(site.uscc, lenient=lenient)
    if "supervision_class" in values and site.supervision_class:
        site.supervision_class = site.supervision_class.upper()
        if site.supervision_class not in selectors.classes(site):
            if not lenient:
                raise Refused("sites.class_unknown", field="supervision_class", word=site.supervision_class)
            site.supervision_class = ""
    kind = _kind(site.kind_key)
    read = rules.read_fields(kind.fields, values.get("fields", site.fields) or {})
    if read.problems and "fields" in values and not lenient:
        words = {spec["key"]: spec["zh"] for spec in kind.fields}
        wrong = read.problems[0]
        raise Refused(wrong.key, field=f"fields.{wrong.field}", asked=words.get(wrong.field, wrong.field))
    # Where only the kind was changed, answers that the new one does not ask for are let go; the audit has them.
    site.fields = read.values
    site.kind_version = kind.version
    return read.missing


def _checked_uscc(text: str, *, lenient: bool) -> str:
    try:
        return codes.check_uscc(text)
    except codes.CodeWrong as error:
        if lenient:
            return text.upper()[:18]
        raise Refused("sites.uscc_wrong", field="uscc", uscc=text, why=USCC_WHY.get(error.key, error.key)) from error


def _put(site: Site, lon: float, lat: float, crs: str) -> None:
    if crs not in dict(CRS):
        raise Refused("sites.crs_unknown", field="crs", crs=crs)
    try:
        x, y = geo.to_wgs84(float(lon), float(lat), crs)  # type: ignore[arg-type]
    except ValueError as error:
        raise Refused("sites.position_wrong", field="lon") from error
    if not geo.in_china_box(x, y):
        raise Refused("sites.position_wrong", field="lon")
    site.lon, site.lat, site.crs_input, site.position_raw = round(x, 7), round(y, 7), crs, f"{lon},{lat}"[:60]


def _finish(site: Site, now: datetime, missing: tuple[str, ...] | None = None) -> None:
    """What follows from the rest of the row: its place in words, when it is due, whether it is small, its doubts."""
    site.changed_at = now
    parts = Region.objects.filter(code__in=[code for code in (site.town_code, site.village_code) if code])
    ordered = sorted(parts, key=lambda region: len(region.code))
    site.region_path = region_reads.DOT.join(region.name for region in ordered)[:120]
    if site.enterprise is not None and not site.uscc:
        site.uscc = site.enterprise.uscc
    site.small = _small(site, clock.local_date(now))
    site.next_inspection_on = _next_inspection(site)
    if missing is None:
        kind = selectors.kind_of(site.kind_key, site.kind_version)
        missing = rules.read_fields(kind.fields if kind else [], site.fields).missing
    site.flags = rules.flags_word(rules.flags(selectors.quality(site, missing))) if State(site.state) in CURRENT else ""


def _small(site: Site, at: date) -> bool | None:
    return rules.is_small(selectors.limits(site, site.kind_key, at), site.fields)


def _next_inspection(site: Site) -> date | None:
    row = selectors.classes(site).get(site.supervision_class)
    entered = clock.local_date(site.made_at)
    return rules.next_inspection(
        site.state, row.inspection_months if row is not None else None, site.last_inspected_on, entered
    )


def _look_again(site: Site, *keys: str) -> None:
    """Rows of the same name may have become doubles of this one, or have ceased to be."""
    others = Site.objects.filter(
        county_code=site.county_code, name_key__in={site.name_key, *keys}, state__in=CURRENT
    ).exclude(pk=site.pk)
    for other in others:
        _reflag(other)


def _reflag(site: Site) -> None:
    double = selectors.has_double(site)
    kept = [flag for flag in site.flag_keys if flag != rules.Flag.DUPLICATE]
    word = rules.flags_word([*kept, rules.Flag.DUPLICATE] if double else kept)
    if word != site.flags:
        Site.objects.filter(pk=site.pk).update(flags=word)


def _words(site: Site) -> dict[str, Any]:
    """The row as flat words for the audit."""
    plain = {
        name: getattr(site, name)
        for name in CHANGEABLE
        - {"enterprise", "supervising_department", "fields", "opened_on", "standardisation_until"}
    }
    for name in ("opened_on", "standardisation_until"):
        day = getattr(site, name)
        plain[name] = day.isoformat() if day else ""
    plain |= {"enterprise": site.enterprise_id or "", "supervising_department": site.supervising_department_id or ""}
    return plain | {f"fields.{key}": value for key, value in sorted(site.fields.items())}


def _masked(differs: Mapping[str, list[Any]]) -> dict[str, Any]:
    """A before-and-after as the audit keeps it: that a name or number changed, not what it is."""
    return {
        name: [_MASKS[name](str(value)) for value in pair] if name in _MASKS else pair for name, pair in differs.items()
    }


def _take_over(lost: Site, kept: Site) -> list[str]:
    """Fill what the kept row does not know from the lost one; returns which parts."""
    taken = []
    for name in CHANGEABLE - {"name", "kind_key", "domain", "fields"}:
        if getattr(kept, name) in (None, "") and getattr(lost, name) not in (None, ""):
            setattr(kept, name, getattr(lost, name))
            taken.append(name)
    if kept.kind_key == lost.kind_key and (new := {k: v for k, v in lost.fields.items() if k not in kept.fields}):
        kept.fields = kept.fields | new
        taken.extend(f"fields.{key}" for key in sorted(new))
    if kept.lon is None and lost.lon is not None:
        for name in ("lon", "lat", "crs_input", "position_raw"):
            setattr(kept, name, getattr(lost, name))
        taken.append("position")
    days = [day for day in (kept.last_inspected_on, lost.last_inspected_on) if day is not None]
    if days and max(days) != kept.last_inspected_on:
        kept.last_inspected_on = max(days)
        taken.append("last_inspected_on")
    return sorted(taken)


@organisations.on_merge
def _follow_organisation(*, lost: Organisation, kept: Organisation, by: User, now: datetime) -> None:  # noqa: ARG001
    """Two organisations turned out to be one: their places follow."""
    Site.objects.filter(enterprise=lost).update(enterprise=kept)
    Site.objects.filter(supervising_department=lost).update(supervising_department=kept)


@regions.on_successors
def follow_grid(*, old: Region, news: list[Region], by: Any, now: datetime) -> None:
    """A grid was merged or split: its places lie in what it became.

    Of several new grids the one whose outline holds the position; without one the village or town above them.
    """
    for site in Site.objects.select_for_update().filter(grid_code=old.pk).exclude(state=State.MERGED):
        there = news[0] if len(news) == 1 else _grid_of(site, news)
        site.place_in(there)
        _finish(site, now)
        site.save()
        for row in Responsibility.objects.filter(site_id=site.pk, until=None):
            row.place_in(there)
            row.save()
        audit.record("sites.moved", on=site, by=by, at=now, data={"from": old.pk, "to": there.pk, "note": ""})


def _grid_of(site: Site, news: list[Region]) -> Region:
    if site.lon is not None and site.lat is not None:
        found = region_reads.grid_at(site.lon, site.lat, site.county_code)
        if found is not None and found.pk in {region.pk for region in news}:
            return found
    return Region.objects.get(pk=news[0].parent_id)

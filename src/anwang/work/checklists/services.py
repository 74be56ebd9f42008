"""Writes: loading what ships, drafting and publishing versions, filling a checklist."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import IO, Any

import yaml
from django.db import transaction

from anwang.ground.accounts.models import User
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.scope import can, require
from anwang.ground.audit import services as audit
from anwang.ground.base import sheets
from anwang.ground.base.domains import Domain
from anwang.ground.base.errors import Refused
from anwang.ground.base.models import new_id
from anwang.kernel.machine import MoveRefused
from anwang.registers.standards import selectors as standards
from anwang.work.checklists import rules, selectors
from anwang.work.checklists.labels import SHEET_COLUMNS, SHEET_GRADES, SHEET_KINDS
from anwang.work.checklists.models import Checklist, ChecklistVersion, Filled, Item, Section
from anwang.work.checklists.rules import Action, Definition, FilledState, State

FOLDER = Path(__file__).parent / "library"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HEAD_FIELDS = frozenset(
    {"title_zh", "title_en", "domain", "also_domains", "site_kinds", "note_zh", "note_en", "complete", "scoring"}
)


# --- what ships ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Loaded:
    """What loading did: versions published at once, versions that wait beside an office's own, and those known."""

    published: int = 0
    offered: int = 0
    unchanged: int = 0


@transaction.atomic
def load_libraries(*, now: datetime, folder: Path = FOLDER) -> Loaded:
    """Write the versions of the shipped checklists that are not stored yet. Safe to call at every start.

    A newer one is published at once where the library's own stands; beside an edition of the office it waits to be
    adopted. Raises rules.DefinitionError where a file asks something else under a version loaded before.
    """
    done = Loaded()
    stored = {
        (key, number): digest
        for key, number, digest in ChecklistVersion.objects.exclude(library_version=None).values_list(
            "checklist__key", "library_version", "digest"
        )
    }
    for path in sorted(folder.glob("*.yaml")):
        said, digest = _file(path, path.stat().st_mtime_ns)
        known = stored.get((said.key, said.version))
        if known is None:
            _load(said, now=now, done=done)
        elif known != digest:
            raise rules.DefinitionError(
                said.key, "checklists.not_draft", f"was changed without a new version (still {said.version})"
            )
        else:
            done.unchanged += 1
    return done


@cache
def _file(path: Path, changed: int) -> tuple[Definition, str]:  # noqa: ARG001 - a changed file is another one
    with path.open(encoding="utf-8") as file:
        said = rules.read(yaml.load(file, Loader=_LOADER))  # noqa: S506 - a safe loader either way
    return said, said.digest()


def _load(said: Definition, *, now: datetime, done: Loaded) -> None:
    checklist, _made = Checklist.objects.get_or_create(key=said.key, defaults={"made_at": now})
    present = checklist.versions.filter(state=State.PUBLISHED).first()
    waits = present is not None and present.local
    _end(checklist.versions.filter(state=State.OFFERED).first(), now=now)
    if not waits:
        _end(present, now=now)
    version = _write(
        checklist,
        said,
        state=State.OFFERED if waits else State.PUBLISHED,
        local=False,
        library_version=said.version,
        made_at=now,
        published_at=None if waits else now,
    )
    done.offered += waits
    done.published += not waits
    data = {"key": said.key, "number": version.number, "library_version": said.version, "state": str(version.state)}
    audit.record("checklists.library_loaded", on=version, by=None, at=now, data=data)


def _end(version: ChecklistVersion | None, *, now: datetime) -> None:
    if version is not None:
        _move(version, Action.REPLACE)
        version.ended_at = now
        version.save(update_fields=["state", "ended_at"])


def _write(checklist: Checklist, said: Definition, **columns: Any) -> ChecklistVersion:
    number = (checklist.versions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    version = ChecklistVersion(
        checklist=checklist,
        number=number,
        title_zh=said.title_zh,
        title_en=said.title_en,
        domain=said.domain,
        also_domains=list(said.also_domains),
        site_kinds=list(said.site_kinds),
        note_zh=said.note_zh,
        note_en=said.note_en,
        source=said.source,
        confidence=said.confidence,
        complete=said.complete,
        scoring=_scoring_json(said.scoring),
        digest=said.digest(),
        **columns,
    )
    version.save(force_insert=True)
    _write_items(version, said.sections)
    return version


def _scoring_json(scoring: rules.Scoring | None) -> dict[str, Any] | None:
    if scoring is None:
        return None
    bands = [{"key": band.key, "min": band.min, "zh": band.zh, "en": band.en} for band in scoring.bands]
    return {
        "total": scoring.total, "bands": bands, "veto_band": scoring.veto_band, "valid_months": scoring.valid_months,
    }  # fmt: skip


def _write_items(version: ChecklistVersion, sections: Sequence[rules.Section]) -> None:
    rows: list[Section] = []
    items: list[Item] = []
    for place, section in enumerate(sections, start=1):
        row = Section(
            version=version,
            position=place,
            code=section.code,
            title_zh=section.title_zh,
            title_en=section.title_en,
            department=section.department,
        )
        rows.append(row)
        for item in section.items:
            said = {name: getattr(item, name) for name in rules.Item.__slots__}
            said["options"] = [{"value": each.value, "zh": each.zh, "en": each.en} for each in item.options]
            said["when"] = {code: list(wanted) for code, wanted in item.when.items()}
            said["basis"] = list(item.basis)
            items.append(Item(version=version, section=row, position=len(items) + 1, **said))
    Section.objects.bulk_create(rows)
    Item.objects.bulk_create(items)


# --- drafting and publishing --------------------------------------------------------------------------------------


@transaction.atomic
def make(
    *,
    key: str,
    title_zh: str,
    domain: str,
    by: User,
    now: datetime,
    title_en: str = "",
    site_kinds: Sequence[str] = (),
    id: str = "",  # noqa: A002 - the row's own name
) -> ChecklistVersion:
    """A new checklist with an empty first draft. ``id``: made by the form, so that sending twice makes one."""
    require(by, Permission.CHECKLIST_EDIT)
    if id and (same := ChecklistVersion.objects.visible_to(by).filter(pk=id).first()):
        return same
    if not key or not key.replace("-", "").isascii() or not key.replace("-", "").isalnum() or key != key.lower():
        raise Refused("checklists.key_missing", field="key")
    if (taken := ChecklistVersion.objects.filter(checklist__key=key).order_by("-number").first()) is not None:
        raise Refused("checklists.key_taken", field="key", title=taken.title())
    if not title_zh.strip():
        raise Refused("checklists.title_missing", field="title_zh")
    if domain not in Domain.values:
        raise Refused("checklists.domain_unknown", field="domain")
    checklist = Checklist.objects.create(key=key, made_at=now, made_by=by)
    version = ChecklistVersion(
        id=id or new_id(),
        checklist=checklist,
        number=1,
        local=True,
        title_zh=title_zh.strip(),
        title_en=title_en.strip(),
        domain=domain,
        site_kinds=list(site_kinds),
        source="",
        made_at=now,
        made_by=by,
    )
    version.save(force_insert=True)
    audit.record("checklists.made", on=version, by=by, at=now, data={"key": key})
    return version


@transaction.atomic
def start_draft(*, checklist_id: str, by: User, now: datetime) -> ChecklistVersion:
    """The draft of the next version: the one being worked at, or a copy of what is published (or was last)."""
    require(by, Permission.CHECKLIST_EDIT)
    checklist = Checklist.objects.visible_to(by).select_for_update().get(pk=checklist_id)
    if checklist.retired_at is not None:
        raise Refused("checklists.retired")
    if (draft := checklist.versions.filter(state=State.DRAFT).first()) is not None:
        return draft
    present = checklist.versions.filter(state=State.PUBLISHED).first()
    present = present or checklist.versions.exclude(state=State.DISCARDED).order_by("-number").first()
    if present is None:
        raise Refused("checklists.unknown", name=checklist.key)
    draft = _write(checklist, selectors.definition(present), state=State.DRAFT, local=True, made_at=now, made_by=by)
    audit.record(
        "checklists.draft_started", on=draft, by=by, at=now, data={"key": checklist.key, "from": present.number}
    )
    return draft


@transaction.atomic
def set_head(*, version_id: str, changes: Mapping[str, Any], by: User, now: datetime) -> ChecklistVersion:
    """Change title, domains, kinds of sites, note or scoring of a draft."""
    version = _draft(version_id, by)
    if strange := set(changes) - HEAD_FIELDS:
        raise TypeError(f"a checklist has no field {', '.join(sorted(strange))} to be set")
    if "domain" in changes and changes["domain"] not in Domain.values:
        raise Refused("checklists.domain_unknown", field="domain")
    if set(changes.get("also_domains", ())) - set(Domain.values):
        raise Refused("checklists.domain_unknown", field="also_domains")
    if not str(changes.get("title_zh", version.title_zh)).strip():
        raise Refused("checklists.title_missing", field="title_zh")
    for name, value in changes.items():
        setattr(version, name, value.strip() if isinstance(value, str) else value)
    version.save()
    audit.record("checklists.head_changed", on=version, by=by, at=now, data={"fields": sorted(changes)})
    return version


@transaction.atomic
def put_section(
    *, version_id: str, section: rules.Section, by: User, now: datetime, instead_of: str = ""
) -> ChecklistVersion:
    """Add a section at the end of a draft, or put one in the place of another; its items stay."""
    version = _draft(version_id, by)
    said = selectors.definition(version)
    codes = [each.code for each in said.sections]
    if not section.code.strip() or not section.title_zh.strip():
        raise Refused("checklists.code_missing" if not section.code.strip() else "checklists.text_missing", where="")
    if not rules.CODE.fullmatch(section.code):
        raise Refused("checklists.code_wrong", field="code", where=section.code)
    if instead_of and instead_of not in codes:
        raise Refused("checklists.section_unknown", where=instead_of)
    if section.code != instead_of and section.code in codes:
        raise Refused("checklists.section_twice", field="code", where=section.code)
    if instead_of:
        sections = tuple(
            replace(section, items=each.items) if each.code == instead_of else each for each in said.sections
        )
    else:
        sections = (*said.sections, section)
    return _rewrite(version, sections, "checklists.section_put", {"section": section.code}, by=by, now=now)


@transaction.atomic
def remove_section(*, version_id: str, code: str, by: User, now: datetime) -> ChecklistVersion:
    version = _draft(version_id, by)
    said = selectors.definition(version)
    section = _section(said, code)
    if section.items:
        raise Refused("checklists.section_full")
    sections = tuple(each for each in said.sections if each.code != code)
    return _rewrite(version, sections, "checklists.section_removed", {"section": code}, by=by, now=now)


@transaction.atomic
def put_item(
    *, version_id: str, section: str, item: rules.Item, by: User, now: datetime, instead_of: str = ""
) -> ChecklistVersion:
    """Add an item at the end of a section of a draft, or put one in the place of another.

    Without a code the item gets the section's next one. Raises Refused with the key of what does not fit.
    """
    version = _draft(version_id, by)
    said = selectors.definition(version)
    home = _section(said, section)
    if instead_of and said.item(instead_of) is None:
        raise Refused("checklists.item_unknown", where=instead_of)
    if not item.code:
        item = replace(item, code=rules.next_code(home.code, [each.code for each in said.items()]))
    if instead_of and item.code != instead_of and (leaning := _leaning(said, instead_of)):
        raise Refused("checklists.condition_used", codes="、".join(leaning))
    before = _standing_before(said, home, instead_of)
    others = {each.code for each in said.items()} - {instead_of}
    if item.code in others:
        raise Refused("checklists.code_twice", field="code", where=item.code)
    _check_item(item, before)
    sections = tuple(
        replace(each, items=rules.put(each.items, item, instead_of=instead_of)) if each.code == section else each
        for each in said.sections
    )
    return _rewrite(version, sections, "checklists.item_put", {"item": item.code}, by=by, now=now)


def _standing_before(said: Definition, home: rules.Section, instead_of: str) -> dict[str, rules.Item]:
    """The items in front of the place where one is put: that of ``instead_of``, or the end of the section."""
    found: dict[str, rules.Item] = {}
    for section in said.sections:
        for item in section.items:
            if item.code == instead_of:
                return found
            found[item.code] = item
        if section.code == home.code and not instead_of:
            break
    return found


def _check_item(item: rules.Item, before: Mapping[str, rules.Item]) -> None:
    if problem := rules.item_problem(item, before):
        raise Refused(problem[0], where=item.code)
    for urn in filter(None, (item.criterion, *item.basis)):
        if standards.newest(urn) is None:
            name = "criterion" if urn == item.criterion else "basis"
            raise Refused("checklists.criterion_unknown", field=name, urn=urn, where=item.code)


@transaction.atomic
def remove_item(*, version_id: str, code: str, by: User, now: datetime) -> ChecklistVersion:
    version = _draft(version_id, by)
    said = selectors.definition(version)
    if said.item(code) is None:
        raise Refused("checklists.item_unknown", where=code)
    if leaning := _leaning(said, code):
        raise Refused("checklists.condition_used", codes="、".join(leaning))
    sections = tuple(
        replace(each, items=tuple(item for item in each.items if item.code != code)) for each in said.sections
    )
    return _rewrite(version, sections, "checklists.item_removed", {"item": code}, by=by, now=now)


@transaction.atomic
def move_item(*, version_id: str, code: str, up: bool, by: User, now: datetime) -> ChecklistVersion:
    """One place up or down within its section; at the edge nothing happens."""
    version = _draft(version_id, by)
    said = selectors.definition(version)
    section = said.section_of(code)
    if section is None:
        raise Refused("checklists.item_unknown", where=code)
    items = list(section.items)
    at = next(place for place, item in enumerate(items) if item.code == code)
    to = at - 1 if up else at + 1
    if not 0 <= to < len(items):
        return version
    items[at], items[to] = items[to], items[at]
    sections = tuple(replace(each, items=tuple(items)) if each is section else each for each in said.sections)
    _check_order(sections)
    return _rewrite(version, sections, "checklists.item_moved", {"item": code, "up": up}, by=by, now=now)


def _check_order(sections: Sequence[rules.Section]) -> None:
    seen: set[str] = set()
    for section in sections:
        for item in section.items:
            if set(item.when) - seen:
                raise Refused("checklists.condition_later", where=item.code)
            seen.add(item.code)


def _leaning(said: Definition, code: str) -> list[str]:
    return [item.code for item in said.items() if code in item.when]


def _section(said: Definition, code: str) -> rules.Section:
    found = next((each for each in said.sections if each.code == code), None)
    if found is None:
        raise Refused("checklists.section_unknown", where=code)
    return found


def _rewrite(
    version: ChecklistVersion,
    sections: Sequence[rules.Section],
    event: str,
    data: Mapping[str, Any],
    *,
    by: User,
    now: datetime,
) -> ChecklistVersion:
    Item.objects.filter(version=version).delete()
    Section.objects.filter(version=version).delete()
    _write_items(version, sections)
    audit.record(event, on=version, by=by, at=now, data=data)
    return version


def _draft(version_id: str, by: User) -> ChecklistVersion:
    require(by, Permission.CHECKLIST_EDIT)
    version = (
        ChecklistVersion.objects.visible_to(by)
        .select_for_update(of=("self",))
        .select_related("checklist")
        .get(pk=version_id)
    )
    if version.state != State.DRAFT:
        raise Refused("checklists.not_draft")
    return version


def _move(version: ChecklistVersion, action: Action, *, problem: str = "", where: str = "") -> None:
    try:
        step = rules.MACHINE.step(State(version.state), action, rules.Facts(problem=problem))
    except MoveRefused as refused:
        raise Refused(refused.key, where=where, action=str(action), urn="", codes="") from refused
    version.state = step.target


@transaction.atomic
def publish(*, version_id: str, reason: str, by: User, now: datetime) -> ChecklistVersion:
    """From now on this version is filled; the one before stays with what was filled by it.

    Raises Refused with the key of what does not hold together, ("checklists.nothing_changed"), ("…reason_missing").
    """
    require(by, Permission.CHECKLIST_EDIT)
    version = ChecklistVersion.objects.visible_to(by).select_related("checklist").get(pk=version_id)
    checklist = Checklist.objects.select_for_update().get(pk=version.checklist_id)
    version.refresh_from_db(fields=["state"])
    if checklist.retired_at is not None:
        raise Refused("checklists.retired")
    said = selectors.definition(version)
    key, where = selectors.problem(said)
    present = checklist.versions.filter(state=State.PUBLISHED).first()
    drafted = version.state == State.DRAFT
    if present is not None and not reason.strip():
        raise Refused("checklists.reason_missing", field="reason")
    if drafted and not key:
        for item in said.items():
            _check_known(item)
        if present is not None and selectors.definition(present).digest() == said.digest():
            raise Refused("checklists.nothing_changed")
    if drafted:
        version.digest = said.digest()
        version.save(update_fields=["digest"])
    _move(version, Action.PUBLISH, problem=key, where=where)
    _end(present, now=now)
    version.published_at, version.published_by, version.reason = now, by, reason.strip()
    version.save(update_fields=["state", "published_at", "published_by", "reason"])
    audit.record(
        "checklists.published",
        on=version,
        by=by,
        at=now,
        data={
            "key": checklist.key,
            "number": version.number,
            "before": present.number if present else None,
            "reason": reason.strip(),
            "digest": version.digest,
        },
    )
    return version


def _check_known(item: rules.Item) -> None:
    for urn in filter(None, (item.criterion, *item.basis)):
        if standards.newest(urn) is None:
            raise Refused("checklists.criterion_unknown", urn=urn, where=item.code)


@transaction.atomic
def discard(*, version_id: str, by: User, now: datetime) -> ChecklistVersion:
    """Give a draft up. It stays on record, and is not shown."""
    version = _draft(version_id, by)
    _move(version, Action.DISCARD)
    version.ended_at = now
    version.save(update_fields=["state", "ended_at"])
    audit.record("checklists.discarded", on=version, by=by, at=now, data={"number": version.number})
    return version


@transaction.atomic
def retire(*, checklist_id: str, reason: str, by: User, now: datetime) -> Checklist:
    """Not offered any more. What was filled stays, with its version."""
    require(by, Permission.CHECKLIST_EDIT)
    checklist = Checklist.objects.visible_to(by).select_for_update().get(pk=checklist_id)
    if checklist.retired_at is not None:
        raise Refused("checklists.retired")
    if not reason.strip():
        raise Refused("checklists.reason_missing", field="reason")
    checklist.retired_at = now
    checklist.save(update_fields=["retired_at"])
    audit.record("checklists.retired", on=checklist, by=by, at=now, data={"reason": reason.strip()})
    return checklist


@transaction.atomic
def reinstate(*, checklist_id: str, by: User, now: datetime) -> Checklist:
    """Offered again, with the version that was published last."""
    require(by, Permission.CHECKLIST_EDIT)
    checklist = Checklist.objects.visible_to(by).select_for_update().get(pk=checklist_id)
    if checklist.retired_at is not None:
        checklist.retired_at = None
        checklist.save(update_fields=["retired_at"])
        audit.record("checklists.reinstated", on=checklist, by=by, at=now)
    return checklist


# --- filling ------------------------------------------------------------------------------------------------------


@transaction.atomic
def open_filled(
    *,
    key: str,
    origin_kind: str,
    origin_id: str,
    by: User,
    now: datetime,
    id: str = "",  # noqa: A002 - the row's own name
) -> Filled:
    """Begin to fill the published version for a visit or another thing. The caller has decided that ``by`` may.

    ``id``: made by the form or the phone; sending it twice opens one.
    """
    _may_fill(by)
    if id and (same := Filled.objects.filter(pk=id, origin_kind=origin_kind, origin_id=origin_id).first()):
        return same
    version = ChecklistVersion.objects.published().filter(checklist__key=key).first()
    if version is None:
        known = Checklist.objects.filter(key=key).exists()
        raise Refused("checklists.not_published" if known else "checklists.unknown", name=key)
    filled = Filled(
        id=id or new_id(),
        version=version,
        origin_kind=origin_kind,
        origin_id=origin_id,
        opened_at=now,
        opened_by=by,
        saved_at=now,
        saved_by=by,
    )
    filled.save(force_insert=True)
    return filled


@transaction.atomic
def save_draft(
    *,
    filled_id: str,
    answers: Mapping[str, Any],
    by: User,
    now: datetime,
    base: Mapping[str, Any] | None = None,
    sections: Sequence[str] = (),
) -> Filled:
    """Keep what has been answered so far. Items that were not sent keep their answers.

    ``base``: the answers this person started from; where somebody else has answered the same item otherwise since
    then, nothing is overwritten: Refused("checklists.newer_answers") names the items. ``sections``: the only ones this
    person may answer.
    """
    filled = _open(filled_id, by)
    sent = _read(answers)
    said = selectors.definition(filled.version)
    stored = selectors.answers(filled)
    _only(said, sent, sections)
    if base is not None:
        began = rules.read_answers(base)
        torn = [code for code, answer in sent.items() if stored.get(code) not in {began.get(code), answer}]
        if torn:
            raise Refused("checklists.newer_answers", items="、".join(torn))
    _fit(rules.problems(said, sent, finished=False))
    filled.answers = rules.write_answers(rules.merged(stored, sent))
    filled.revision += 1
    filled.saved_at, filled.saved_by = now, by
    filled.save(update_fields=["answers", "revision", "saved_at", "saved_by"])
    return filled


@transaction.atomic
def finish(
    *, filled_id: str, by: User, now: datetime, answers: Mapping[str, Any] | None = None, photos: bool = True
) -> Filled:
    """The answers stand. Closed items' answers are left out; the result is kept beside them.

    ``photos`` False: evidence came by another way (a photo of the hazard itself) and is not asked of each item.
    Raises Refused("checklists.not_answered"), ("…photo_missing"), ("…answers_unfit") naming the items.
    """
    filled = _open(filled_id, by)
    said = selectors.definition(filled.version)
    given = rules.merged(selectors.answers(filled), _read(answers or {}))
    _fit(rules.problems(said, given, finished=True, photos=photos))
    counted = rules.clean(said, given)
    filled.answers = rules.write_answers(counted)
    filled.result = rules.result(said, counted).as_json()
    filled.revision += 1
    filled.saved_at, filled.saved_by = now, by
    filled.state, filled.done_at, filled.done_by = FilledState.DONE, now, by
    filled.save(update_fields=["answers", "result", "revision", "saved_at", "saved_by", "state", "done_at", "done_by"])
    audit.record(
        "checklists.filled",
        on=filled,
        by=by,
        at=now,
        data={
            "checklist": said.key,
            "version": said.version,
            "origin": f"{filled.origin_kind}:{filled.origin_id}",
            "failed": filled.result["failed"],
            "band": filled.result["band"],
        },
    )
    return filled


def fill(
    *,
    key: str,
    origin_kind: str,
    origin_id: str,
    answers: Mapping[str, Any],
    by: User,
    now: datetime,
    id: str = "",  # noqa: A002 - the row's own name
    photos: bool = True,
) -> Filled:
    """Open and finish in one step: what a phone sends after a visit. Sent twice, it is one."""
    with transaction.atomic():
        filled = open_filled(key=key, origin_kind=origin_kind, origin_id=origin_id, by=by, now=now, id=id)
        if filled.state == FilledState.DONE:
            return filled
        return finish(filled_id=filled.pk, answers=answers, by=by, now=now, photos=photos)


def _may_fill(by: User) -> None:
    """Somebody who checks at all; on what, the room of the visit has decided."""
    if not can(by, Permission.INSPECTION_SELF):
        require(by, Permission.INSPECTION_CONDUCT)


def _open(filled_id: str, by: User) -> Filled:
    _may_fill(by)
    filled = Filled.objects.select_for_update(of=("self",)).select_related("version__checklist").get(pk=filled_id)
    if filled.state != FilledState.OPEN:
        raise Refused("checklists.already_done")
    return filled


def _read(answers: Mapping[str, Any]) -> dict[str, rules.Answer]:
    if not isinstance(answers, Mapping):
        raise Refused("checklists.answers_shape")
    return rules.read_answers(answers)


def _only(said: Definition, sent: Mapping[str, rules.Answer], sections: Sequence[str]) -> None:
    if sections:
        allowed = {item.code for each in said.sections if each.code in sections for item in each.items}
        if strange := [code for code in sent if code not in allowed]:
            raise Refused("checklists.item_unknown", where="、".join(strange))


def _fit(problems: Sequence[rules.Problem]) -> None:
    """Refuse with the items at fault: what does not fit first, then what is missing."""
    order = ("item_unknown", "answers_unfit", "not_answered", "photo_missing")
    by_key: dict[str, list[str]] = {}
    for problem in problems:
        key = problem.key if problem.key.removeprefix("checklists.") in order else "checklists.answers_unfit"
        by_key.setdefault(key, []).append(problem.code)
    for key in (f"checklists.{each}" for each in order):
        if codes := by_key.get(key):
            raise Refused(key, field=codes[0], items="、".join(codes), where="、".join(codes))


# --- Excel --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Imported:
    """A draft made from a sheet, and the rows that could not be read: number as Excel counts, and why."""

    version: ChecklistVersion
    items: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)


@transaction.atomic
def import_version(*, checklist_id: str, file: bytes, name: str, by: User, now: datetime) -> Imported:
    """Replace the items of the draft by those of a sheet; title, domains and scoring stay.

    Only the column of the items is needed: sections, codes and the rest are made up where the sheet is silent. A row
    that does not fit is named with its reason, and the others go in.
    """
    draft = start_draft(checklist_id=checklist_id, by=by, now=now)
    done = Imported(draft)
    sections: dict[str, rules.Section] = {}
    before: dict[str, rules.Item] = {}
    with sheets.read(file, name=name) as book:
        sheet = book.first
        header = sheets.find_header(sheet.head(), SHEET_COLUMNS)
        if header is None or header.missing(["text_zh"]):
            raise Refused("checklists.sheet_no_header", field="file")
        columns = {name: column for column, name in header.columns.items()}
        home = ""
        for line in sheet.rows():
            if line.number <= header.row or sheets.blank(line) or sheets.is_footer(line) or sheets.is_subtotal(line):
                continue
            said = {name: sheets.text(line.get(column)) for name, column in columns.items()}
            try:
                home = _take_section(said, sections, home)
                item = _from_sheet(said, home, before)
                _check_item(item, before)
            except Refused as refused:
                done.rejected.append((line.number, str(refused)))
                continue
            before[item.code] = item
            sections[home] = replace(sections[home], items=(*sections[home].items, item))
            done.items += 1
    kept = [section for section in sections.values() if section.items]
    if not kept:
        raise Refused("checklists.empty")
    _rewrite(draft, kept, "checklists.imported", {"items": done.items, "rejected": len(done.rejected)}, by=by, now=now)
    return done


def _take_section(said: Mapping[str, str], sections: dict[str, rules.Section], home: str) -> str:
    """The code of the section this row belongs to; a row that names none belongs to the one before."""
    title, code = said.get("section", ""), said.get("section_code", "")
    if not title and not code:
        if not home:
            sections["A"] = rules.Section("A", "检查内容")
            return "A"
        return home
    if not code:
        code = next((key for key, each in sections.items() if each.title_zh == title), "") or _letter(len(sections))
    if code not in sections:
        sections[code] = rules.Section(code, title or code, department=said.get("department", ""))
    return code


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else f"S{number + 1}"


def _from_sheet(said: Mapping[str, str], home: str, before: Mapping[str, rules.Item]) -> rules.Item:
    answer = _kind(said)
    bounds = _yes(said.get("bounds_fail", ""), otherwise=True)
    graded = answer in rules.GRADED and (answer != rules.Kind.NUMBER or bounds)
    code = said.get("code", "")
    if not code or code.isdigit():  # a running number is no code
        code = rules.next_code(home, list(before))
    text = said.get("text_zh", "")
    try:
        return rules.Item(
            code=code,
            text_zh=text,
            text_en=said.get("text_en", ""),
            answer=answer,
            options=tuple(rules.Option(value, words, "") for value, words in _pairs(said.get("options", ""))),
            when={key: tuple(value.split("|")) for key, value in _pairs(said.get("when", ""))},
            max=int(float(said["max"])) if answer == rules.Kind.SCORE else None,
            low=float(said["low"]) if said.get("low") else None,
            high=float(said["high"]) if said.get("high") else None,
            unit=said.get("unit", ""),
            bounds_fail=bounds,
            required=_yes(said.get("required", ""), otherwise=True),
            photo=_yes(said.get("photo", ""), otherwise=answer in rules.GRADED),
            spot=_yes(said.get("spot", ""), otherwise=False),
            veto_at=int(float(said["veto_at"])) if said.get("veto_at") else None,
            fail_zh=said.get("fail_zh", "") or (f"不符合：{text}" if graded and text else ""),
            grade=rules.Grade.MAJOR if "重大" in said.get("grade", "") else rules.Grade.GENERAL,
            level=said.get("level", ""),
            criterion=said.get("criterion", ""),
            basis=tuple(filter(None, said.get("basis", "").replace("；", ";").split(";"))) if _urns(said) else (),
        )
    except (ValueError, KeyError) as error:
        raise Refused("checklists.item_wrong", where=code) from error


def _urns(said: Mapping[str, str]) -> bool:
    """A basis in words (《消防法》第十六条) is no urn; it is left for a person to look up."""
    return all(":" in part for part in filter(None, said.get("basis", "").replace("；", ";").split(";")))


def _kind(said: Mapping[str, str]) -> str:
    words = said.get("answer", "")
    by_word = {word: kind for kind, word in SHEET_KINDS.items()} | {kind: kind for kind in SHEET_KINDS}
    if words:
        if words not in by_word:
            raise Refused("checklists.kind_unknown", where=said.get("code", ""))
        return str(by_word[words])
    return str(rules.Kind.SCORE if said.get("max") else rules.Kind.CHECK)


def _pairs(text: str) -> list[tuple[str, str]]:
    """``a=甲;b=乙`` → [("a", "甲"), ("b", "乙")]."""
    parts = [part for part in text.replace("；", ";").split(";") if part.strip()]
    return [(left.strip(), right.strip()) for left, _sign, right in (part.partition("=") for part in parts)]


def _yes(text: str, *, otherwise: bool) -> bool:
    plain = text.strip().lower()
    if not plain:
        return otherwise
    return plain in {"是", "√", "y", "yes", "1", "true", "必答", "需要"}


def export_version(version: ChecklistVersion, *, to: IO[bytes]) -> int:
    """The items of a version as a sheet that :func:`import_version` takes back."""
    said = selectors.definition(version)
    rows = [(section, item) for section in said.sections for item in section.items]

    def cell(name: str) -> Callable[[Any], Any]:
        return lambda pair: _cell(name, *pair)

    wide = {"text_zh": 48, "fail_zh": 36, "text_en": 36, "basis": 36}
    columns = [sheets.Column(titles[0], cell(name), width=wide.get(name)) for name, titles in SHEET_COLUMNS.items()]
    return sheets.write(rows, columns, to=to, title=version.title_zh, note=version.note_zh)


def _cell(name: str, section: rules.Section, item: rules.Item) -> Any:
    match name:
        case "section_code":
            return section.code
        case "section":
            return section.title_zh
        case "department":
            return section.department
        case "answer":
            return SHEET_KINDS[item.answer]
        case "options":
            return ";".join(f"{each.value}={each.zh}" for each in item.options)
        case "when":
            return ";".join(f"{code}={'|'.join(wanted)}" for code, wanted in item.when.items())
        case "required" | "photo" | "spot" | "bounds_fail":
            return "是" if getattr(item, name) else "否"
        case "grade":
            return SHEET_GRADES[item.grade]
        case "basis":
            return ";".join(item.basis)
        case _:
            value = getattr(item, name)
            return "" if value is None else value
